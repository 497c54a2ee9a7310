//! The checker: each rule has a file that was valid until one thing in it was changed. veraPDF judges the same files, so
//! that the rule is the standard's and not ours.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a fixture that is not as it was is a failed test"
)]

use bevara::render::check;
use bevara::render::pdfa::{self, Flavour};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};

use crate::render::{carrying, convert, prints};
use crate::validators;

pub(super) type Change = fn(&mut Document);
type Changing<'a> = Box<dyn Fn(&mut Document) + 'a>;

/// Rule, what is changed, and whether veraPDF is to find a rule of the same clause broken too. It is not asked where our
/// rule is stricter than the standard.
struct Mutation {
    rule: &'static str,
    agrees: bool,
    change: Change,
}

fn valid(name: &str) -> Vec<u8> {
    let (_, path) = prints()
        .into_iter()
        .find(|(print, _)| print == name)
        .unwrap();
    convert(&path, Flavour::A2a).bytes
}

pub(super) fn root(document: &mut Document) -> &mut Dictionary {
    document.catalog_mut().unwrap()
}

fn page(document: &Document) -> ObjectId {
    document.page_iter().next().unwrap()
}

pub(super) fn page_mut(document: &mut Document) -> &mut Dictionary {
    let id = page(document);
    document.get_dictionary_mut(id).unwrap()
}

fn resources(document: &Document) -> Dictionary {
    let page = document.get_dictionary(page(document)).unwrap();
    let resources = page.get_deref(b"Resources", document).unwrap();
    resources.as_dict().unwrap().clone()
}

/// Puts operators before those of the first page.
pub(super) fn draw(document: &mut Document, operators: &[u8]) {
    let id = page(document);
    let contents = document.get_page_contents(id)[0];
    let old = document.objects[&contents].as_stream().unwrap();
    let mut content = operators.to_vec();
    content.push(b'\n');
    content.extend(old.get_plain_content().unwrap());
    let stream = Stream::new(Dictionary::new(), content);
    document.objects.insert(contents, Object::Stream(stream));
}

/// The first object of a kind.
fn first(document: &Document, holds: impl Fn(&Dictionary) -> bool) -> ObjectId {
    let found = document.objects.iter().find(|(_, object)| match object {
        Object::Dictionary(dictionary) => holds(dictionary),
        Object::Stream(stream) => holds(&stream.dict),
        _ => false,
    });
    *found.expect("an object of the kind").0
}

pub(super) fn change_first(
    document: &mut Document,
    holds: impl Fn(&Dictionary) -> bool,
    change: impl Fn(&mut Dictionary),
) {
    let id = first(document, holds);
    match document.objects.get_mut(&id).unwrap() {
        Object::Dictionary(dictionary) => change(dictionary),
        Object::Stream(stream) => change(&mut stream.dict),
        _ => unreachable!(),
    }
}

/// A coloured picture, not a mask.
fn is_image(dictionary: &Dictionary) -> bool {
    let grey =
        matches!(dictionary.get(b"ColorSpace"), Ok(Object::Name(name)) if name == b"DeviceGray");
    matches!(dictionary.get(b"Subtype"), Ok(Object::Name(name)) if name == b"Image") && !grey
}

fn is_descendant(dictionary: &Dictionary) -> bool {
    matches!(dictionary.get(b"Subtype"), Ok(Object::Name(name)) if name == b"CIDFontType2")
}

fn is_composite(dictionary: &Dictionary) -> bool {
    matches!(dictionary.get(b"Subtype"), Ok(Object::Name(name)) if name == b"Type0")
}

pub(super) fn is_link(dictionary: &Dictionary) -> bool {
    matches!(dictionary.get(b"Subtype"), Ok(Object::Name(name)) if name == b"Link")
}

/// Rewrites the XMP packet.
pub(super) fn packet(document: &mut Document, from: &str, to: &str) {
    let id = root(document)
        .get(b"Metadata")
        .unwrap()
        .as_reference()
        .unwrap();
    let stream = document
        .get_object_mut(id)
        .unwrap()
        .as_stream_mut()
        .unwrap();
    let text = String::from_utf8(stream.content.clone()).unwrap();
    assert!(text.contains(from), "{from}");
    stream.set_content(text.replacen(from, to, 1).into_bytes());
}

/// Gives the first composite font that shows text on the first page another `ToUnicode`.
fn meaning(document: &mut Document, target: &str) {
    let fonts = resources(document);
    let fonts = fonts
        .get_deref(b"Font", document)
        .unwrap()
        .as_dict()
        .unwrap();
    let composite: Vec<ObjectId> = fonts
        .iter()
        .filter_map(|(_, font)| font.as_reference().ok())
        .filter(|id| is_composite(document.get_dictionary(*id).unwrap()))
        .collect();
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n1 begincodespacerange <0000> <FFFF> endcodespacerange\n100 beginbfchar\n",
    );
    map.extend((0..600).map(|code| format!("<{code:04X}> <{target}>\n")));
    map.push_str("endbfchar\nendcmap end end");
    for font in composite {
        let map = document.add_object(Stream::new(Dictionary::new(), map.clone().into_bytes()));
        document
            .get_dictionary_mut(font)
            .unwrap()
            .set("ToUnicode", map);
    }
}

fn long(bytes: usize) -> Object {
    Object::string_literal("x".repeat(bytes))
}

fn mutations() -> Vec<Mutation> {
    let mut all = Vec::new();
    let mut rule = |rule, agrees, change: Change| {
        all.push(Mutation {
            rule,
            agrees,
            change,
        });
    };
    rule("6.1.3-1", true, |d| {
        d.trailer.remove(b"ID");
    });
    // The standard asks it of font names, colorants and structure types.
    rule("6.1.8-1", false, |d| {
        let name = Object::Name(b"\xff\xfe".to_vec());
        root(d).set("PageLayout", name);
    });
    rule("6.1.13-1", true, |d| {
        page_mut(d).set("StructParents", 2_147_483_648_i64);
    });
    rule("6.1.13-1", true, |d| draw(d, b"q 99999999999 0 m n Q"));
    rule("6.1.13-3", true, |d| root(d).set("Lang2", long(32_768)));
    rule("6.1.13-4", true, |d| {
        root(d).set("PageLayout", Object::Name(vec![b'x'; 128]));
    });
    rule("6.1.13-5", true, |d| {
        draw(d, format!("q 0.{}1 0 m n Q", "0".repeat(40)).as_bytes());
    });
    rule("6.1.13-8", true, |d| {
        draw(
            d,
            format!("{} {}", "q ".repeat(29), "Q ".repeat(29)).as_bytes(),
        );
    });
    rule("6.1.13-11", true, |d| {
        let edges = [0, 0, 600, 14_401].map(Object::from).to_vec();
        page_mut(d).set("MediaBox", edges);
    });
    rule("6.1.7.1-3", true, |d| {
        change_first(d, is_image, |image| image.set("F", long(3)));
    });
    rule("6.1.7.2-1", true, |d| {
        change_first(d, is_image, |image| image.set("Filter", "LZWDecode"));
    });
    rule("6.2.2-1", true, |d| draw(d, b"q unknownoperator Q"));
    // veraPDF asks only that nothing is inherited.
    rule("6.2.2-2", false, |d| draw(d, b"/Nowhere gs"));
    rule("6.2.3-1", true, |d| {
        let intent = root(d).get(b"OutputIntents").unwrap().as_array().unwrap()[0].clone();
        let intent = d.get_dictionary(intent.as_reference().unwrap()).unwrap();
        let profile = intent
            .get(b"DestOutputProfile")
            .unwrap()
            .as_reference()
            .unwrap();
        let stream = d.get_object_mut(profile).unwrap().as_stream_mut().unwrap();
        stream.set_plain_content(b"none".repeat(40));
    });
    rule("6.2.4.3-2", true, |d| {
        root(d).remove(b"OutputIntents");
    });
    rule("6.2.4.3-3", true, |d| {
        draw(d, b"q 0 0 0 1 k 0 0 m 9 9 l n Q");
    });
    rule("6.2.4.2-1", true, |d| {
        let profile = dictionary! { "N" => 3 };
        let profile = d.add_object(Stream::new(profile, b"none".repeat(40)));
        let space = vec![Object::Name(b"ICCBased".to_vec()), profile.into()];
        change_first(d, is_image, |image| image.set("ColorSpace", space.clone()));
    });
    rule("6.2.5-1", true, |d| graphics(d, "TR", "Identity".into()));
    rule("6.2.5-2", true, |d| graphics(d, "TR2", "Identity".into()));
    rule("6.2.10-1", true, |d| graphics(d, "BM", "Shining".into()));
    rule("6.2.6-1", true, |d| draw(d, b"/Loud ri"));
    rule("6.2.8-1", true, |d| {
        change_first(d, is_image, |image| {
            image.set("Alternates", Vec::<Object>::new());
        });
    });
    rule("6.2.8-2", true, |d| {
        change_first(d, is_image, |image| image.set("OPI", Dictionary::new()));
    });
    rule("6.2.8-3", true, |d| {
        change_first(d, is_image, |image| image.set("Interpolate", true));
    });
    // The forms of this print are masks, which veraPDF does not enter.
    rule("6.2.9-1", false, |d| {
        change_first(d, is_form, |form| form.set("PS", Dictionary::new()));
    });
    rule("6.2.9-2", false, |d| {
        change_first(d, is_form, |form| form.set("Ref", Dictionary::new()));
    });
    rule("6.2.10-2", false, |d| {
        page_mut(d).remove(b"Group");
    });
    rule("6.2.11.3.2-1", true, |d| {
        change_first(d, is_descendant, |font| {
            font.remove(b"CIDToGIDMap");
        });
    });
    rule("6.2.11.3.3-1", true, |d| {
        change_first(d, is_composite, |font| font.set("Encoding", "Invented-H"));
    });
    rule("6.2.11.4.1-1", true, |d| {
        let descriptor = |dictionary: &Dictionary| dictionary.has(b"FontFile2");
        change_first(d, descriptor, |descriptor| {
            descriptor.remove(b"FontFile2");
        });
    });
    rule("6.2.11.5-1", true, |d| {
        change_first(d, is_descendant, |font| {
            font.remove(b"W");
            font.set("DW", 5);
        });
    });
    rule("6.2.11.7.2-1", true, |d| {
        change_first(d, is_composite, |font| {
            font.remove(b"ToUnicode");
        });
    });
    rule("6.2.11.7.2-2", true, |d| meaning(d, "FEFF"));
    rule("6.2.11.7.3-1", true, |d| meaning(d, "E000"));
    rule("6.2.11.8-1", true, |d| {
        let fonts = resources(d);
        let fonts = fonts.get_deref(b"Font", d).unwrap().as_dict().unwrap();
        let (name, _) = fonts
            .iter()
            .find(|(_, font)| {
                let id = font.as_reference().unwrap();
                is_composite(d.get_dictionary(id).unwrap())
            })
            .unwrap();
        let name = String::from_utf8(name.clone()).unwrap();
        draw(d, format!("BT /{name} 9 Tf <0000> Tj ET").as_bytes());
    });
    rule("6.3.1-1", true, |d| {
        change_first(d, is_link, |link| link.set("Subtype", "Movie"));
    });
    rule("6.3.2-2", true, |d| {
        change_first(d, is_link, |link| link.set("F", 6));
    });
    rule("6.4.1-1", false, |d| {
        root(d).set("AcroForm", dictionary! { "Fields" => Vec::<Object>::new() });
    });
    rule("6.5.1-1", true, |d| {
        let action = dictionary! { "Type" => "Action", "S" => "Launch" };
        change_first(d, is_link, |link| link.set("A", action.clone()));
    });
    rule("6.5.2-1", true, |d| {
        page_mut(d).set("AA", Dictionary::new());
    });
    rule("6.6.2.1-1", true, |d| {
        root(d).remove(b"Metadata");
    });
    rule("6.6.2.1-2", true, |d| {
        packet(d, "id=\"W5M", "encoding=\"UTF-8\" id=\"W5M");
    });
    rule("6.6.2.1-4", true, |d| packet(d, "</rdf:RDF>", ""));
    rule("6.6.2.3.1-1", true, |d| {
        packet(d, "urn:bevara:pdf:1#", "urn:other");
    });
    rule("6.6.4-1", true, |d| {
        packet(d, "<pdfaid:part>2", "<pdfaid:part>3");
    });
    rule("6.6.4-2", true, |d| {
        packet(d, "conformance>A", "conformance>B");
    });
    rule("6.7.2.2-1", true, |d| {
        root(d).remove(b"MarkInfo");
    });
    rule("6.7.3.3-1", true, |d| {
        root(d).remove(b"StructTreeRoot");
    });
    rule("6.7.3.4-1", true, |d| {
        let tree = root(d)
            .get(b"StructTreeRoot")
            .unwrap()
            .as_reference()
            .unwrap();
        d.get_dictionary_mut(tree).unwrap().remove(b"RoleMap");
    });
    rule("6.7.4-1", true, |d| {
        root(d).set("Lang", Object::string_literal("sv_SE"));
    });
    rule("6.7.4-1", true, |d| {
        draw(d, b"/Span <</Lang (sv_SE)>> BDC EMC");
    });
    rule("6.8-5", false, |d| {
        let file = dictionary! { "Type" => "Filespec", "EF" => Dictionary::new() };
        d.add_object(file);
    });
    rule("6.9-1", false, |d| {
        root(d).set("OCProperties", Dictionary::new());
    });
    rule("6.10-2", true, |d| {
        page_mut(d).set("PresSteps", Dictionary::new());
    });
    rule("6.11-1", true, |d| {
        root(d).set("Requirements", Vec::<Object>::new());
    });
    all
}

fn is_form(dictionary: &Dictionary) -> bool {
    matches!(dictionary.get(b"Subtype"), Ok(Object::Name(name)) if name == b"Form")
}

fn graphics(document: &mut Document, key: &str, value: Object) {
    let states = resources(document);
    let states = states.get_deref(b"ExtGState", document).unwrap();
    let (_, first) = states.as_dict().unwrap().iter().next().unwrap();
    let id = first.as_reference().unwrap();
    document.get_dictionary_mut(id).unwrap().set(key, value);
}

pub(super) fn saved(document: &mut Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .expect("the bytes are there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// Changes that no library writes: rule, file.
fn broken_files(valid: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("6.1.2-1", replaced(valid, b"%PDF-1.7", b"%PDF-1.9")),
        ("6.1.2-2", replaced(valid, b"\xe2\xe3\xcf\xd3", b"abcd")),
        ("6.1.3-3", [valid, b"more"].concat()),
        ("6.1.4-1", replaced(valid, b"xref\n0 ", b"xref 0 ")),
        ("6.1.9-1", replaced(valid, b" 0 obj\n", b" 0 obj ")),
    ]
}

#[test]
fn every_rule_finds_what_breaks_it_and_verapdf_agrees() {
    let (pictures, valid) = (valid("images"), valid("swedish"));
    let mut document = Document::load_mem(&valid).unwrap();
    assert_eq!(check::check(&saved(&mut document), Flavour::A2a), []);
    let mut files: Vec<(&str, bool, Vec<u8>)> = mutations()
        .into_iter()
        .map(|mutation| {
            let of_pictures = ["6.2.4.2", "6.2.8", "6.2.9", "6.1.7"];
            let base = if of_pictures
                .iter()
                .any(|clause| mutation.rule.starts_with(clause))
            {
                &pictures
            } else {
                &valid
            };
            let mut document = Document::load_mem(base).unwrap();
            (mutation.change)(&mut document);
            (mutation.rule, mutation.agrees, saved(&mut document))
        })
        .collect();
    let broken = broken_files(&valid);
    files.extend(broken.into_iter().map(|(rule, bytes)| (rule, true, bytes)));
    assert!(files.len() >= 50, "{} rules", files.len());
    let mut silent = Vec::new();
    for (rule, _, bytes) in &files {
        let violations = check::check(bytes, Flavour::A2a);
        if !violations.iter().any(|violation| violation.rule == *rule) {
            silent.push((*rule, violations));
        }
    }
    assert!(silent.is_empty(), "rules that do not find it: {silent:#?}");

    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(number, (_, _, bytes))| {
            let path = dir.path().join(format!("{number:03}.pdf"));
            std::fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    let Some(verdicts) = validators::verapdf(&paths, "2a") else {
        return;
    };
    let disagree: Vec<_> = files
        .iter()
        .zip(&verdicts)
        .filter(|((rule, agrees, _), verdict)| {
            let (clause, _) = rule.split_once('-').unwrap();
            let found = verdict
                .failed
                .iter()
                .any(|failed| failed.split_once('-').unwrap().0 == clause);
            *agrees && !found
        })
        .map(|((rule, _, _), verdict)| (*rule, &verdict.failed))
        .collect();
    assert!(disagree.is_empty(), "{disagree:#?}");
}

#[test]
fn the_checker_passes_no_raw_print() {
    for (name, path) in prints() {
        let raw = std::fs::read(path).unwrap();
        for flavour in [Flavour::A2b, Flavour::A2u, Flavour::A2a] {
            assert!(!check::check(&raw, flavour).is_empty(), "{name}");
        }
    }
}

/// The rules of parts 3 and 4 that part 2 does not have.
#[test]
fn what_is_carried_and_what_part_4_forbids_is_judged() {
    let base = |flavour: Flavour| {
        let (_, path) = prints().remove(0);
        let raw = std::fs::read(path).unwrap();
        pdfa::convert(&raw, &carrying(flavour)).unwrap().bytes
    };
    let is_carried = |dictionary: &Dictionary| dictionary.has(b"EF");
    let without = |key: &'static [u8]| {
        move |document: &mut Document| {
            let id = first(document, is_carried);
            let _removed: Option<Object> = document.get_dictionary_mut(id).unwrap().remove(key);
        }
    };
    let untyped = |document: &mut Document| {
        let id = first(document, |one| one.has_type(b"EmbeddedFile"));
        let stream = document
            .objects
            .get_mut(&id)
            .unwrap()
            .as_stream_mut()
            .unwrap();
        stream.dict.remove(b"Subtype");
    };
    let informed = |document: &mut Document| {
        let info = document.add_object(dictionary! { "Title" => Object::string_literal("x") });
        document.trailer.set("Info", info);
    };
    let private = |document: &mut Document| {
        draw(document, b"/Span <</ActualText <FEFFE000>>> BDC EMC");
    };
    let cases: Vec<(Flavour, &str, Changing<'_>)> = vec![
        (Flavour::A3u, "6.8-2", Box::new(without(b"UF"))),
        (Flavour::A3u, "6.8-3", Box::new(without(b"AFRelationship"))),
        (Flavour::A3u, "6.8-1", Box::new(untyped)),
        (Flavour::A4, "6.1.3-4", Box::new(informed)),
        (Flavour::A4, "6.2.10.8-1", Box::new(private)),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (flavour, rule, change) in cases {
        let mut document = Document::load_mem(&base(flavour)).unwrap();
        assert_eq!(check::check(&saved(&mut document), flavour), []);
        change(&mut document);
        let bytes = saved(&mut document);
        let found = check::check(&bytes, flavour);
        assert!(
            found.iter().any(|one| one.rule == rule),
            "{rule}: {found:?}"
        );
        let path = dir.path().join(format!("{rule}.pdf"));
        std::fs::write(&path, bytes).unwrap();
        if let Some(verdicts) = validators::verapdf(&[path], flavour.as_str()) {
            assert!(!verdicts[0].compliant, "veraPDF passes what breaks {rule}");
        }
    }
    // Part 2 carries nothing, and part 3 is not part 2.
    assert!(!check::check(&base(Flavour::A3u), Flavour::A2u).is_empty());
}
