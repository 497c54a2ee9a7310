//! Reads `[[regel]]` and `[[prov]]`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::facts::{
    FactKind, FactRole, FactVisibility, Flag, Floor, Outcome, PreservationLevel, Trigger, Truth,
};
use crate::policy::fault::suggestion;
use crate::policy::read::{Section, Words};
use crate::policy::rule::{Case, CasePost, Condition, Obsolete, Rule, Support, Term};
use crate::policy::sections::{known_basis, period, place};
use crate::policy::{BasisKind, Policy};

pub(crate) const OUTCOMES: &Words<Outcome> = &[
    ("bevaras", Outcome::Preserve),
    ("diariefors", Outcome::Registry),
    ("far_gallras", Outcome::MayDispose),
    ("granskas", Outcome::Review),
];
const ROLES: &Words<FactRole> = &[
    ("kommun", FactRole::Kommun),
    ("invanare", FactRole::Invanare),
    ("annan", FactRole::Annan),
];
const KINDS: &Words<FactKind> = &[
    ("inlagg", FactKind::Inlagg),
    ("fraga", FactKind::Fraga),
    ("svar", FactKind::Svar),
    ("kommentar", FactKind::Kommentar),
    ("direktmeddelande", FactKind::Direktmeddelande),
];
const VISIBILITIES: &Words<FactVisibility> = &[
    ("publicerad", FactVisibility::Publicerad),
    ("avpublicerad", FactVisibility::Avpublicerad),
    ("raderad", FactVisibility::Raderad),
];
const LEVELS: &Words<PreservationLevel> = &[
    ("oversiktsbild", PreservationLevel::Oversiktsbild),
    ("unik_information", PreservationLevel::UnikInformation),
    ("fullstandig", PreservationLevel::Fullstandig),
];
const TRIGGERS: &Words<Trigger> = &[
    ("publicerad", Trigger::Publicerad),
    ("senaste_aktivitet_i_trad", Trigger::SenasteAktivitetITrad),
    ("fraga_besvarad", Trigger::FragaBesvarad),
    ("evenemang_passerat", Trigger::EvenemangPasserat),
    ("ersatt_av_nytt", Trigger::ErsattAvNytt),
    ("konto_avslutat", Trigger::KontoAvslutat),
    ("arende_avslutat", Trigger::ArendeAvslutat),
    ("diariefort", Trigger::Diariefort),
    ("ogonblicksbild_tagen", Trigger::OgonblicksbildTagen),
    ("export_kvitterad", Trigger::ExportKvitterad),
];
const OBLIGATIONS: &Words<&'static str> = &[
    ("diariefor", "diariefor"),
    ("motivering", "motivering"),
    ("polisanmal", "polisanmal"),
    ("maska", "maska"),
];
const FLOORS: &Words<Floor> = &[
    ("G0", Floor::G0),
    ("G1", Floor::G1),
    ("G2", Floor::G2),
    ("G3", Floor::G3),
    ("G4", Floor::G4),
    ("G5", Floor::G5),
    ("G6", Floor::G6),
    ("G7", Floor::G7),
];
/// How deep `inte` and `nagon_av` may stand in each other; deeper is not readable and may be an attack.
const DEEPEST: usize = 4;

type Table<'r, 't, 'd> = Section<'r, 't, 'd>;

/// `[[regel]]`.
pub(crate) fn rules(root: &Table<'_, '_, '_>, into: &mut Policy) {
    let mut seen = BTreeSet::new();
    for section in root.sections("regel", "[[regel]]") {
        let id = section.required_text("id").unwrap_or_default();
        if !id.is_empty() && !seen.insert(id.clone()) {
            section.reader().fault(
                "P009",
                section.span_of("id"),
                format!("regeln \"{id}\" finns redan"),
                Some("varje regel har ett eget id".to_owned()),
            );
        }
        if let Some(rule) = rule(section, id, into) {
            into.rules.push(rule);
        }
    }
}

fn rule(section: Table<'_, '_, '_>, id: String, policy: &Policy) -> Option<Rule> {
    let heading = section.required_text("rubrik").unwrap_or_default();
    if section.is_absent("utfall") {
        section.missing("utfall");
    }
    let outcome = section.word("utfall", OUTCOMES);
    if section.is_absent("beslut") {
        section.missing("beslut");
    }
    let named = section.spanned_texts("beslut").unwrap_or_default();
    for (basis, span) in &named {
        known_basis(&section, policy, (basis, span.clone()));
    }
    let bases: Vec<String> = named.into_iter().map(|(basis, _)| basis).collect();
    let support = section.section("stod", "stod").and_then(|stod| {
        let basis = stod.spanned_text("beslut").map(|(basis, span)| {
            known_basis(&stod, policy, (&basis, span));
            basis
        });
        let part = stod.required_text("avsnitt");
        let quote = stod.required_text("citat");
        stod.finish();
        Some(Support {
            basis,
            section: part?,
            quote: quote?,
        })
    });
    let obsolete = obsolete(&section);
    if section.is_absent("villkor") {
        section.missing("villkor");
    }
    let condition = section
        .section("villkor", "villkor")
        .map(|villkor| condition(villkor, 0))
        .unwrap_or_default();
    let rule = Rule {
        id,
        heading,
        outcome: outcome.unwrap_or(Outcome::Review),
        bases,
        support,
        condition,
        obsolete,
        wants_motivation: section.boolean("kraver_motivering").unwrap_or(false),
        wants_police_report: section.boolean("polisanmalan").unwrap_or(false),
        wants_masking: section.boolean("maska").unwrap_or(false),
        remark: section.text("anmarkning"),
        place: place(&section, "id"),
    };
    if outcome == Some(Outcome::MayDispose) {
        disposal_is_bound(&section, &rule, policy);
    } else if outcome.is_some() && rule.obsolete.is_some() {
        section.reader().fault(
            "P017",
            section.span_of("inaktuell"),
            "\"inaktuell\" hör bara till regler med utfallet \"far_gallras\"",
            None,
        );
    }
    section.finish();
    outcome.map(|_| rule)
}

/// What a rule that permits disposal must have to be loaded at all.
fn disposal_is_bound(section: &Table<'_, '_, '_>, rule: &Rule, policy: &Policy) {
    let id = &rule.id;
    let decided = rule
        .bases
        .iter()
        .filter_map(|basis| policy.basis(basis))
        .any(|basis| basis.kind == BasisKind::DisposalDecision);
    let reader = section.reader();
    if !decided {
        reader.fault(
            "P010",
            section.span_of("utfall"),
            format!(
                "regeln \"{id}\" får inte gallra utan ett beslut med typ = \"gallringsbeslut\""
            ),
            Some("ange gallringsbeslutet i \"beslut\"".to_owned()),
        );
    }
    if rule.obsolete.is_none() && section.is_absent("inaktuell") {
        reader.fault(
            "P011",
            section.span_of("utfall"),
            format!("regeln \"{id}\" säger inte när något är inaktuellt"),
            Some("skriv t.ex. inaktuell = { handelse = \"publicerad\", frist = \"6 månader\", frist_beslutad = false }".to_owned()),
        );
    }
    if section.is_absent("villkor") {
        return;
    }
    if rule.condition.terms.is_empty() {
        reader.fault(
            "P012",
            section.span_of("villkor"),
            format!("regeln \"{id}\" skulle gallra allt: villkoret är tomt"),
            None,
        );
    } else if !rule.condition.is_positive() {
        reader.fault(
            "P013",
            section.span_of("villkor"),
            format!("regeln \"{id}\" säger bara vad ett inlägg inte är"),
            Some("lägg till vad det är, t.ex. typ = [\"kommentar\"]".to_owned()),
        );
    }
}

fn obsolete(section: &Table<'_, '_, '_>) -> Option<Obsolete> {
    let table = section.section("inaktuell", "inaktuell")?;
    let one = table.word("handelse", TRIGGERS);
    let latest = table.words("senast_av", TRIGGERS);
    match (table.is_absent("handelse"), table.is_absent("senast_av")) {
        (true, true) => table.missing("handelse"),
        (false, false) => table.reader().fault(
            "P017",
            table.span_of("senast_av"),
            "skriv antingen \"handelse\" eller \"senast_av\", inte båda",
            None,
        ),
        (true, false) | (false, true) => {}
    }
    if table.is_absent("frist") {
        table.missing("frist");
    }
    let period = period(&table, "frist");
    let decided = table.boolean("frist_beslutad").unwrap_or(false);
    let place = place(&table, "frist");
    table.finish();
    let triggers = one.map_or_else(|| latest.unwrap_or_default(), |trigger| vec![trigger]);
    if triggers.is_empty() {
        return None;
    }
    Some(Obsolete {
        triggers,
        period: period?,
        decided,
        place,
    })
}

fn condition(section: Table<'_, '_, '_>, depth: usize) -> Condition {
    let mut terms = Vec::new();
    if depth > DEEPEST {
        section.reader().fault(
            "P015",
            section.span(),
            "villkoret har för många nivåer av \"inte\" och \"nagon_av\"",
            None,
        );
        return Condition { terms };
    }
    terms.extend(section.words("roll", ROLES).map(Term::Role));
    terms.extend(section.words("typ", KINDS).map(Term::Kind));
    terms.extend(section.boolean("besvarad").map(Term::Answered));
    terms.extend(section.boolean("bilagor").map(Term::Attachments));
    terms.extend(section.boolean("lankar").map(Term::Links));
    terms.extend(length(&section, "hogst_tecken").map(Term::AtMost));
    terms.extend(length(&section, "minst_tecken").map(Term::AtLeast));
    terms.extend(
        section
            .words("synlighet", VISIBILITIES)
            .map(Term::Visibility),
    );
    terms.extend(section.words("bevarandeniva", LEVELS).map(Term::Level));
    terms.extend(section.boolean("diarieford").map(Term::Registered));
    terms.extend(flags(&section, "flagga").map(Term::Flags));
    if let Some(inner) = section.section("inte", "inte") {
        if inner.is_empty() {
            section
                .reader()
                .fault("P012", inner.span(), "\"inte\" är tomt", None);
        }
        terms.push(Term::Not(condition(inner, depth + 1)));
    }
    if section.is_absent("nagon_av") {
        section.value("nagon_av");
    } else {
        let mut alternatives = Vec::new();
        for inner in section.sections("nagon_av", "nagon_av") {
            if inner.is_empty() {
                let message = "ett av villkoren i \"nagon_av\" är tomt";
                section.reader().fault("P012", inner.span(), message, None);
            }
            alternatives.push(condition(inner, depth + 1));
        }
        if alternatives.is_empty() {
            let span = section.span_of("nagon_av");
            section
                .reader()
                .fault("P012", span, "\"nagon_av\" är tom", None);
        }
        terms.push(Term::AnyOf(alternatives));
    }
    section.finish();
    Condition { terms }
}

fn length(section: &Table<'_, '_, '_>, key: &'static str) -> Option<usize> {
    section
        .integer(key, 1, 1_000_000)
        .and_then(|count| usize::try_from(count).ok())
}

fn flags(section: &Table<'_, '_, '_>, key: &'static str) -> Option<Vec<Flag>> {
    let texts = section.spanned_texts(key)?;
    let known: Vec<&str> = Flag::ALL.iter().map(|flag| flag.code()).collect();
    let mut flags = Vec::new();
    for (text, span) in texts {
        match Flag::ALL.iter().find(|flag| flag.code() == text) {
            Some(flag) => flags.push(*flag),
            None => section.reader().fault(
                "P014",
                span,
                format!("flaggan \"{text}\" har ingen svarare: varken detektor eller person besvarar den"),
                Some(suggestion(&text, &known)),
            ),
        }
    }
    Some(flags)
}

/// `[[prov]]`.
pub(crate) fn cases(root: &Table<'_, '_, '_>, into: &mut Policy) {
    for section in root.sections("prov", "[[prov]]") {
        if let Some(case) = case(section, into) {
            into.cases.push(case);
        }
    }
}

fn case(section: Table<'_, '_, '_>, policy: &Policy) -> Option<Case> {
    let name = section.required_text("namn");
    let rule = section.spanned_text("regel");
    if section.is_absent("regel") {
        section.missing("regel");
    }
    if let Some((id, span)) = &rule
        && policy.rule(id).is_none()
    {
        let known: Vec<&str> = policy.rules.iter().map(|rule| rule.id.as_str()).collect();
        section.reader().fault(
            "P008",
            span.clone(),
            format!("det finns ingen regel \"{id}\""),
            Some(suggestion(id, &known)),
        );
    }
    if section.is_absent("dag") {
        section.missing("dag");
    }
    let day = section.date("dag");
    let post = section.section("inlagg", "inlagg").map(case_post);
    let mut triggers = BTreeMap::new();
    if let Some(events) = section.section("handelser", "handelser") {
        for (key, trigger) in TRIGGERS {
            if let Some(date) = events.date(key) {
                triggers.insert(*trigger, date);
            }
        }
        events.finish();
    }
    let place = place(&section, "namn");
    let expected = section.section("vantat", "vantat");
    if section.is_absent("vantat") {
        section.missing("vantat");
    }
    section.finish();
    let expected = expected?;
    if expected.is_absent("utfall") {
        expected.missing("utfall");
    }
    let outcome = expected.word("utfall", OUTCOMES);
    let earliest = expected.date("tidigast");
    let obligations = expected
        .words_or_none("skyldigheter", OBLIGATIONS)
        .map(|codes| codes.into_iter().map(str::to_owned).collect());
    let blocked_by = expected.words_or_none("sparrar", FLOORS);
    expected.finish();
    Some(Case {
        name: name?,
        rule: rule?.0,
        day: day?,
        post: post.unwrap_or_default(),
        triggers,
        outcome: outcome?,
        earliest,
        obligations,
        blocked_by,
        place,
    })
}

fn case_post(section: Table<'_, '_, '_>) -> CasePost {
    let mut answered = BTreeMap::new();
    for (key, truth) in [
        ("flagga", Truth::Yes),
        ("okand_flagga", Truth::Unknown),
        ("ej_flagga", Truth::No),
    ] {
        for flag in flags(&section, key).unwrap_or_default() {
            answered.insert(flag, truth);
        }
    }
    let post = CasePost {
        role: section.word("roll", ROLES),
        kinds: section.words("typ", KINDS).unwrap_or_default(),
        answered: section.boolean("besvarad"),
        attachments: section.boolean("bilagor").unwrap_or(false),
        links: section.boolean("lankar").unwrap_or(false),
        characters: length(&section, "tecken"),
        visibility: section.word("synlighet", VISIBILITIES),
        level: section.word("bevarandeniva", LEVELS),
        registered: section.boolean("diarieford").unwrap_or(false),
        police_report_decided: section.boolean("polisanmalan_avgjord").unwrap_or(false),
        text: section.text("text"),
        flags: answered,
    };
    section.finish();
    post
}
