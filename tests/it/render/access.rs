//! PDF/UA-1: what says that it is accessible is, by veraPDF; each rule has a file that was accessible until one thing in it
//! was changed.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a fixture that is not as it was is a failed test"
)]

use bevara::render::check;
use bevara::render::pdfa::{self, Flavour};
use lopdf::{Dictionary, Document, Object, dictionary};

use crate::render::checker::{Change, change_first, draw, is_link, packet, page_mut, root, saved};
use crate::render::{convert, options, prints};
use crate::validators;

const CLAIM: &str = "<pdfuaid:part>1</pdfuaid:part>";

fn claims(bytes: &[u8]) -> bool {
    bytes
        .windows(CLAIM.len())
        .any(|part| part == CLAIM.as_bytes())
}

#[test]
fn what_says_that_it_is_accessible_is() {
    let dir = tempfile::tempdir().unwrap();
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for (name, path) in prints() {
        for flavour in Flavour::ALL.into_iter().filter(|one| one.part() > 1) {
            let done = convert(&path, flavour);
            assert_eq!(done.is_accessible, claims(&done.bytes), "{name} {flavour}");
            assert!(
                !done.is_accessible || flavour.is_tagged(),
                "{name} {flavour}"
            );
            if !flavour.is_tagged() {
                continue;
            }
            let target = dir.path().join(format!("{name}.{flavour}.pdf"));
            std::fs::write(&target, done.bytes).unwrap();
            if done.is_accessible {
                &mut files
            } else {
                &mut others
            }
            .push(target);
        }
    }
    // Ordinary pages are; pictures without a text, levels of headings left out, frames are not.
    let has = |list: &[std::path::PathBuf], name: &str| {
        list.iter()
            .any(|path| path.ends_with(format!("{name}.2a.pdf")))
    };
    for name in ["access", "swedish", "emoji", "pages"] {
        assert!(has(&files, name), "{name}");
    }
    for name in ["images", "language", "forms", "links"] {
        assert!(has(&others, name), "{name}");
    }
    let failed = |list: &[std::path::PathBuf], compliant: bool| {
        let verdicts = validators::verapdf(list, "ua1").unwrap_or_default();
        let wrong = verdicts
            .into_iter()
            .filter(|one| one.compliant != compliant);
        wrong.collect::<Vec<_>>()
    };
    assert_eq!(failed(&files, true), []);
    assert_eq!(failed(&others, false), []);
}

#[test]
fn what_a_document_repeats_in_its_margins_is_an_artifact_and_text_of_a_page_is_not() {
    let (_, path) = prints()
        .into_iter()
        .find(|(name, _)| name == "access")
        .unwrap();
    let mut document = Document::load(path).unwrap();
    draw(
        &mut document,
        b"BT /F4 9 Tf (\x00\x01) Tj ET 0 0 10 10 re f",
    );
    let font = |document: &Document| {
        let found = document.objects.iter().find(|(_, object)| {
            matches!(object, Object::Dictionary(one) if one.has_type(b"Font") && one.has(b"DescendantFonts"))
        });
        *found.unwrap().0
    };
    let (font, page) = (font(&document), document.page_iter().next().unwrap());
    let resources = document
        .get_dictionary(page)
        .unwrap()
        .get(b"Resources")
        .unwrap()
        .clone();
    let mut resources = match resources {
        Object::Reference(id) => document.get_dictionary(id).unwrap().clone(),
        Object::Dictionary(resources) => resources,
        _ => Dictionary::new(),
    };
    let mut fonts = resources
        .get(b"Font")
        .and_then(Object::as_dict)
        .cloned()
        .unwrap_or_default();
    fonts.set("F4", font);
    resources.set("Font", fonts);
    page_mut(&mut document).set("Resources", resources);
    let raw = saved(&mut document);
    let made = |with_margins| {
        let mut options = options(Flavour::A2a);
        options.with_margins = with_margins;
        pdfa::convert(&raw, &options).unwrap().is_accessible
    };
    assert!(made(true) && !made(false));
}

/// Whether an element is of this structure type.
fn is_a(kind: &'static [u8]) -> impl Fn(&Dictionary) -> bool {
    move |element| {
        matches!(element.get(b"S"), Ok(Object::Name(name)) if name == kind) && element.has(b"P")
    }
}

/// Calls the first element of a type another one.
macro_rules! renamed {
    ($from:literal, $to:literal) => {
        |d| change_first(d, is_a($from), |element| element.set("S", $to))
    };
}

/// Changes an attribute of the first cell.
fn cell(document: &mut Document, key: &str, value: &Object) {
    change_first(document, is_a(b"TD"), |element| {
        let mut attributes = dictionary! { "O" => "Table" };
        attributes.set(key, value.clone());
        element.set("A", attributes);
    });
}

/// Rule, whether veraPDF is to find one of the same clause broken too, and what is changed. It is not asked where our rule
/// is stricter than the standard.
fn mutations() -> Vec<(&'static str, bool, Change)> {
    vec![
        ("UA 5-2", true, |d| {
            packet(d, CLAIM, "<pdfuaid:part>2</pdfuaid:part>");
        }),
        ("UA 7.1-1", true, |d| {
            draw(d, b"/P <</MCID 0>> BDC /Artifact BMC 0 0 1 1 re f EMC EMC");
        }),
        ("UA 7.1-2", true, |d| {
            draw(d, b"/Artifact BMC /P <</MCID 0>> BDC 0 0 1 1 re f EMC EMC");
        }),
        ("UA 7.1-3", true, |d| draw(d, b"0 0 10 10 re f")),
        ("UA 7.1-3", true, |d| draw(d, b"0 0 m 10 10 l S")),
        ("UA 7.1-3", false, |d| {
            draw(d, b"/P <</MCID 999>> BDC 0 0 1 1 re f EMC");
        }),
        ("UA 7.1-4", true, |d| {
            root(d).set(
                "MarkInfo",
                dictionary! { "Marked" => true, "Suspects" => true },
            );
        }),
        ("UA 7.1-9", true, |d| {
            packet(d, "<dc:title>", "<dc:rights>");
            packet(d, "</dc:title>", "</dc:rights>");
        }),
        ("UA 7.1-10", true, |d| {
            root(d).remove(b"ViewerPreferences");
        }),
        ("UA 7.1-11", true, |d| {
            root(d).remove(b"StructTreeRoot");
        }),
        ("UA 7.1-12", true, |d| {
            change_first(d, is_a(b"Figure"), |element| {
                element.remove(b"P");
            });
        }),
        ("UA 7.2-3", true, renamed!(b"TR", "P")),
        ("UA 7.2-4", true, renamed!(b"Table", "Div")),
        ("UA 7.2-5", true, renamed!(b"P", "TBody")),
        ("UA 7.2-8", true, renamed!(b"TR", "P")),
        ("UA 7.2-10", true, renamed!(b"TD", "P")),
        ("UA 7.2-14", true, renamed!(b"TR", "THead")),
        ("UA 7.2-36", true, renamed!(b"TR", "TBody")),
        ("UA 7.2-17", true, renamed!(b"L", "Div")),
        ("UA 7.2-18", true, renamed!(b"LI", "Div")),
        ("UA 7.2-19", true, renamed!(b"LI", "P")),
        ("UA 7.2-20", true, renamed!(b"LBody", "P")),
        ("UA 7.2-26", true, renamed!(b"P", "TOCI")),
        ("UA 7.2-27", true, renamed!(b"L", "TOC")),
        ("UA 7.2-15", true, |d| {
            // The heading of the row below reaches into the cell.
            cell(d, "RowSpan", &2.into());
            let holds = is_a(b"TH");
            let mut headings = d.objects.values_mut().rev();
            let last = headings.find_map(|object| match object {
                Object::Dictionary(element) if holds(element) => Some(element),
                _ => None,
            });
            last.unwrap()
                .set("A", dictionary! { "O" => "Table", "ColSpan" => 2 });
        }),
        ("UA 7.2-41", true, |d| cell(d, "RowSpan", &99.into())),
        ("UA 7.2-42", true, |d| cell(d, "ColSpan", &0.into())),
        ("UA 7.2-43", true, |d| cell(d, "ColSpan", &2.into())),
        ("UA 7.2-29", true, |d| {
            change_first(d, is_a(b"P"), |element| {
                element.set("Lang", Object::string_literal(""));
            });
        }),
        ("UA 7.2-34", true, |d| {
            root(d).remove(b"Lang");
        }),
        ("UA 7.3-1", true, |d| {
            change_first(d, is_a(b"Figure"), |element| {
                element.remove(b"Alt");
            });
        }),
        ("UA 7.3-1", false, renamed!(b"P", "Formula")),
        ("UA 7.4.2-1", true, renamed!(b"H2", "H4")),
        ("UA 7.4.2-1", true, renamed!(b"H1", "H3")),
        ("UA 7.4.4-2", true, renamed!(b"H2", "H")),
        ("UA 7.5-1", false, |d| {
            cell(
                d,
                "Headers",
                &Object::Array(vec![Object::string_literal("ingen")]),
            );
        }),
        ("UA 7.9-1", true, renamed!(b"P", "Note")),
        ("UA 7.18.1-1", true, |d| {
            change_first(d, is_link, |link| link.set("Subtype", "Square"));
        }),
        ("UA 7.18.3-1", true, |d| {
            page_mut(d).remove(b"Tabs");
        }),
        ("UA 7.18.4-2", false, renamed!(b"P", "Form")),
        ("UA 7.18.5-1", true, |d| {
            change_first(d, is_link, |link| {
                link.remove(b"StructParent");
            });
        }),
        ("UA 7.18.5-2", true, |d| {
            change_first(d, is_link, |link| {
                link.remove(b"Contents");
            });
        }),
        ("UA 7.11-1", false, |d| {
            let file = d.add_object(dictionary! { "EF" => Dictionary::new() });
            root(d).set("Bilaga", file);
        }),
    ]
}

#[test]
fn every_rule_finds_what_breaks_it_and_verapdf_agrees() {
    let (_, path) = prints()
        .into_iter()
        .find(|(name, _)| name == "access")
        .unwrap();
    let valid = convert(&path, Flavour::A2a);
    assert!(valid.is_accessible);
    let dir = tempfile::tempdir().unwrap();
    let (mut silent, mut files) = (Vec::new(), Vec::new());
    let mutations = mutations();
    for (number, (rule, _, change)) in mutations.iter().enumerate() {
        let mut document = Document::load_mem(&valid.bytes).unwrap();
        change(&mut document);
        let bytes = saved(&mut document);
        let violations = check::check(&bytes, Flavour::A2a);
        if !violations.iter().any(|violation| violation.rule == *rule) {
            silent.push((*rule, violations));
        }
        let file = dir.path().join(format!("{number:03}.pdf"));
        std::fs::write(&file, bytes).unwrap();
        files.push(file);
    }
    assert!(silent.is_empty(), "rules that do not find it: {silent:#?}");
    let unlevelled = check::check(&valid.bytes, Flavour::A2u);
    assert!(
        unlevelled.iter().any(|one| one.rule == "UA 6.2-1"),
        "{unlevelled:?}"
    );

    let Some(verdicts) = validators::verapdf(&files, "ua1") else {
        return;
    };
    let disagree: Vec<_> = mutations
        .iter()
        .zip(&verdicts)
        .filter(|((rule, agrees, _), verdict)| {
            let (clause, _) = rule.trim_start_matches("UA ").split_once('-').unwrap();
            let found = verdict
                .failed
                .iter()
                .any(|failed| failed.split_once('-').unwrap().0 == clause);
            *agrees && !found
        })
        .map(|((rule, ..), verdict)| (*rule, &verdict.failed))
        .collect();
    assert!(disagree.is_empty(), "{disagree:#?}");
}
