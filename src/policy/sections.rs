//! The sections of a policy file that are not rules: who, which decisions, which snapshots, which limits.

use std::collections::BTreeSet;

use crate::model::cadence::CadenceRule;
use crate::model::facts::Outcome;
use crate::model::time::Period;
use crate::policy::fault::suggestion;
use crate::policy::read::{Reader, Section, Words};
use crate::policy::{Basis, BasisKind, Policy, Review, Status};

const OUTCOMES_WITHOUT_RULE: &Words<Outcome> = &[
    ("granskas", Outcome::Review),
    ("bevaras", Outcome::Preserve),
];
const REMOVED: &Words<()> = &[
    ("diariefors_med_motivering", ()),
    ("spara_kopia", ()),
    ("ej_reglerat", ()),
];
const SECRECY: &Words<()> = &[("diariefors", ())];
const HANDED_OVER: &Words<()> = &[
    ("diariefors", ()),
    ("diariefors_av_mottagande_forvaltning", ()),
    ("tillfor_arendet_lasbart", ()),
];
const MESSAGES: &Words<()> = &[("allman_handling", ()), ("ej_reglerat", ())];
const CORRECTION: &Words<()> = &[("behall", ()), ("ratta", ())];
const FORMATS: &Words<()> = &[("png", ()), ("pdf", ()), ("pdfa", ())];
const NOTICES: &Words<()> = &[("start", ()), ("avslut", ())];
const MEASURES: &Words<()> = &[
    ("besvarade_fragor", ()),
    ("foljare", ()),
    ("inlagg", ()),
    ("kommentarer", ()),
];
const PREREQUISITES: &Words<()> = &[("verifierad_ogonblicksbild", ()), ("kvitterad_export", ())];

/// Most posts in one plan where the policy says nothing: a belt against a runaway rule, not a limit of law.
const MOST_ITEMS: u64 = 10_000;
/// Most of an account's posts in one plan where the policy says nothing.
const MOST_PERCENT: u32 = 25;
/// Waiting period in days where the policy says nothing.
const WAITING_DAYS: u32 = 30;

/// A policy with nothing in it, for `file`.
pub(crate) fn blank(file: &str) -> Policy {
    Policy {
        id: String::new(),
        version: String::new(),
        municipality: String::new(),
        status: Status::Template,
        valid_from: None,
        valid_to: None,
        replaces: None,
        review: None,
        bases: Vec::new(),
        cadence: Vec::new(),
        at_major_change: false,
        at_closing: false,
        least_administrators: None,
        default_outcome: Outcome::Review,
        waiting_days: WAITING_DAYS,
        most_percent: MOST_PERCENT,
        most_items: MOST_ITEMS,
        rules: Vec::new(),
        cases: Vec::new(),
        file: file.to_owned(),
        status_place: String::new(),
    }
}

/// `[policy]`.
pub(crate) fn policy(root: &Section<'_, '_, '_>, into: &mut Policy) {
    let Some(section) = required(root, "policy", "[policy]") else {
        return;
    };
    into.id = section.required_text("id").unwrap_or_default();
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if !into.id.chars().all(plain) {
        section.reader().fault(
            "P015",
            section.span_of("id"),
            "\"id\" skrivs med a–z, 0–9 och bindestreck",
            None,
        );
    }
    into.version = section.required_text("version").unwrap_or_default();
    into.municipality = section.required_text("kommun").unwrap_or_default();
    if section.is_absent("status") {
        section.missing("status");
    }
    into.status = section
        .word("status", Status::ALL)
        .unwrap_or(Status::Template);
    into.status_place = place(&section, "status");
    into.valid_from = section.date("galler_fran");
    into.valid_to = section.date("galler_till");
    if let (Some(from), Some(to)) = (into.valid_from, into.valid_to)
        && to < from
    {
        section.reader().fault(
            "P015",
            section.span_of("galler_till"),
            "\"galler_till\" ligger före \"galler_fran\"",
            None,
        );
    }
    into.replaces = section.text("ersatter");
    section.text("anmarkning");
    if let Some(review) = section.section("oversyn", "oversyn") {
        into.review = Some(Review {
            interval: period(&review, "intervall"),
            responsible: review.text("ansvarig"),
            settled_by: review.text("faststalls_av"),
            last: review.date("senast"),
        });
        review.finish();
    }
    section.finish();
}

/// `[[beslut]]`.
pub(crate) fn bases(root: &Section<'_, '_, '_>, into: &mut Policy) {
    let mut seen = BTreeSet::new();
    for section in root.sections("beslut", "[[beslut]]") {
        let id = section.required_text("id").unwrap_or_default();
        if !seen.insert(id.clone()) {
            section.reader().fault(
                "P009",
                section.span_of("id"),
                format!("beslutet \"{id}\" finns redan"),
                None,
            );
        }
        if section.is_absent("typ") {
            section.missing("typ");
        }
        let kind = section.word("typ", BasisKind::ALL);
        let mut basis = Basis {
            id,
            kind: kind.unwrap_or(BasisKind::Guideline),
            title: section.required_text("titel").unwrap_or_default(),
            body: section.text("organ"),
            date: section.date("datum"),
            registry_no: section.text("diarienummer"),
            section: section.text("paragraf"),
            provisions: if section.is_absent("lagrum") {
                section.value("lagrum");
                Vec::new()
            } else {
                section.texts("lagrum")
            },
            covers_from: section.date("omfattar_fran"),
            covers_to: section.date("omfattar_till"),
            source: None,
            remark: section.text("anmarkning"),
            place: place(&section, "id"),
        };
        section.text("adress");
        if let Some(source) = section.section("kalla", "kalla") {
            basis.source = source.required_text("fil");
            source.text("avsnitt");
            source.finish();
        }
        section.finish();
        into.bases.push(basis);
    }
}

/// `[ogonblicksbild]`.
pub(crate) fn snapshots(root: &Section<'_, '_, '_>, into: &mut Policy) {
    let Some(section) = required(root, "ogonblicksbild", "[ogonblicksbild]") else {
        return;
    };
    if section.is_absent("tidpunkter") {
        section.missing("tidpunkter");
    }
    for (text, span) in section.spanned_texts("tidpunkter").unwrap_or_default() {
        match cadence(&text) {
            Some(rule) => into.cadence.push(rule),
            None => section.reader().fault(
                "P006",
                span,
                format!("okänt värde \"{text}\" för \"tidpunkter\""),
                Some(format!(
                    "{}; eller en dag som \"05-15\"",
                    suggestion(&text, &["arsskifte", "halvarsskifte"])
                )),
            ),
        }
    }
    into.at_major_change = section.boolean("vid_storre_forandring").unwrap_or(false);
    into.at_closing = section.boolean("vid_avslut").unwrap_or(false);
    section.words("format", FORMATS);
    section.text("mottagare");
    section.text("anmarkning");
    if let Some((id, span)) = section.spanned_text("beslut") {
        known_basis(&section, into, (&id, span));
    }
    section.finish();
}

/// `[forteckning]`, `[konto]`, `[bevakning]`, `[uppfoljning]`, `[diarium]`: kept in the file, checked for form.
pub(crate) fn duties(root: &Section<'_, '_, '_>, into: &mut Policy) {
    if let Some(section) = root.section("forteckning", "[forteckning]") {
        section.boolean("publiceras");
        section.text("adress");
        section.text("anmals_till");
        section.words("anmals_vid", NOTICES);
        section.finish();
    }
    if let Some(section) = root.section("konto", "[konto]") {
        into.least_administrators = section
            .integer("administratorer_minst", 1, 100)
            .and_then(|count| u32::try_from(count).ok());
        for key in [
            "egen_inloggning",
            "ansvarig_person",
            "befintliga_godkanns",
            "oanvanda_avslutas",
            "inloggning_deponeras",
            "privat_konto_undviks",
        ] {
            section.boolean(key);
        }
        section.spanned_texts("godkanns_av");
        section.text("samrad_med");
        section.text("planform");
        section.word("rattelse", CORRECTION);
        period(&section, "inaktiv_efter");
        section.finish();
    }
    if let Some(section) = root.section("bevakning", "[bevakning]") {
        section.integer("minst_per_vecka", 1, 100);
        section.integer("hogst_dagar_emellan", 1, 366);
        section.finish();
    }
    if let Some(section) = root.section("uppfoljning", "[uppfoljning]") {
        section.integer("kvartal", 1, 4);
        section.words("matt", MEASURES);
        section.text("lamnas_till");
        section.finish();
    }
    if let Some(section) = root.section("diarium", "[diarium]") {
        section.word("avpublicerat", REMOVED);
        section.word("sekretess", SECRECY);
        section.word("vidare_handlaggning", HANDED_OVER);
        section.word("meddelanden", MESSAGES);
        section.boolean("samlingsarende");
        section.finish();
    }
}

/// `[gallring]`.
pub(crate) fn limits(root: &Section<'_, '_, '_>, into: &mut Policy) {
    let Some(section) = required(root, "gallring", "[gallring]") else {
        return;
    };
    into.default_outcome = section
        .word("utan_regel", OUTCOMES_WITHOUT_RULE)
        .unwrap_or(Outcome::Review);
    if section.boolean("tva_personer") == Some(false) {
        section.reader().fault(
            "P016",
            section.span_of("tva_personer"),
            "grundskyddet går inte att stänga av: två personer krävs alltid",
            None,
        );
    }
    let waiting = match period(&section, "karens") {
        None => Some(WAITING_DAYS),
        Some(Period::Days(count)) => Some(count),
        Some(Period::Weeks(count)) => count.checked_mul(7),
        Some(Period::Months(_) | Period::Years(_)) => None,
    };
    if waiting.is_none() {
        section.reader().fault(
            "P007",
            section.span_of("karens"),
            "karensen skrivs i dagar eller veckor",
            Some("skriv t.ex. \"30 dagar\"".to_owned()),
        );
    }
    into.waiting_days = waiting.unwrap_or(WAITING_DAYS);
    if let Some(percent) = section.integer("hogst_andel_procent", 1, 100) {
        into.most_percent = u32::try_from(percent).unwrap_or(MOST_PERCENT);
    }
    into.most_items = section
        .integer("hogst_antal", 1, 10_000_000)
        .unwrap_or(MOST_ITEMS);
    if let Some(named) = section.words("forutsatter", PREREQUISITES)
        && named.len() < PREREQUISITES.len()
    {
        section.reader().fault(
            "P016",
            section.span_of("forutsatter"),
            "grundskyddet går inte att stänga av: både \"verifierad_ogonblicksbild\" och \"kvitterad_export\" krävs alltid",
            None,
        );
    }
    section.finish();
}

/// Notes an id that no `[[beslut]]` has.
pub(crate) fn known_basis(
    section: &Section<'_, '_, '_>,
    policy: &Policy,
    (id, span): (&str, std::ops::Range<usize>),
) {
    if policy.basis(id).is_none() {
        let known: Vec<&str> = policy.bases.iter().map(|basis| basis.id.as_str()).collect();
        section.reader().fault(
            "P008",
            span,
            format!("det finns inget beslut \"{id}\""),
            Some(suggestion(id, &known)),
        );
    }
}

/// A period with its fault.
pub(crate) fn period(section: &Section<'_, '_, '_>, key: &'static str) -> Option<Period> {
    let (text, span) = section.spanned_text(key)?;
    if let Ok(period) = text.parse() {
        return Some(period);
    }
    section.reader().fault(
        "P007",
        span,
        format!("\"{text}\" går inte att tolka som tid"),
        Some("skriv t.ex. \"30 dagar\", \"4 veckor\", \"6 månader\" eller \"2 år\"".to_owned()),
    );
    None
}

/// `file:line:column` of a key's value.
pub(crate) fn place(section: &Section<'_, '_, '_>, key: &str) -> String {
    section.reader().source.place(section.span_of(key).start)
}

fn required<'r, 't, 'd>(
    root: &Section<'r, 't, 'd>,
    key: &'static str,
    name: &'static str,
) -> Option<Section<'r, 't, 'd>> {
    let section = root.section(key, name);
    if section.is_none() && root.is_absent(key) {
        root.missing(key);
    }
    section
}

fn cadence(text: &str) -> Option<CadenceRule> {
    match text {
        "arsskifte" => Some(CadenceRule::Year),
        "halvarsskifte" => Some(CadenceRule::HalfYear),
        _ => match text.parse() {
            Ok(rule @ CadenceRule::Day { .. }) => Some(rule),
            Ok(CadenceRule::HalfYear | CadenceRule::Year | CadenceRule::Closing) | Err(_) => None,
        },
    }
}

/// The reader's type, for callers that open the root section.
pub(crate) fn root<'r, 't, 'd>(
    reader: &'r Reader<'t>,
    table: &'d toml::de::DeTable<'t>,
) -> Section<'r, 't, 'd> {
    Section::open(reader, "filen", table, 0..reader.source.text.len())
}
