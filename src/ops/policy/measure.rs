//! How a policy and the detectors do on a labelled set (`docs/format/labelled.md`): through the detectors, the thread rule
//! and the engine that a disposal plan uses, with everything but the content taken as met.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::detect;
use crate::detect::context;
use crate::model::facts::{
    Answer, FactKind, FactRole, FactVisibility, Flag, Floor, FloorFacts, Outcome, PostFacts,
    Trigger, Truth,
};
use crate::ops::error::OpsError;
use crate::policy::Policy;
use crate::policy::evaluate::evaluate;

/// One line of a labelled set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a label or a fact of its own; none excludes another"
)]
struct Line {
    text: String,
    #[serde(default = "public")]
    role: FactRole,
    secret: bool,
    simple: bool,
    #[serde(default)]
    template: String,
    #[serde(default)]
    class: String,
    id: Option<String>,
    in_reply_to: Option<String>,
    kind: Option<FactKind>,
    answered: Option<bool>,
    #[serde(default)]
    attachments: bool,
    #[serde(default)]
    links: bool,
    #[serde(default)]
    #[expect(dead_code, reason = "for people: which half, and remarks")]
    split: String,
    #[serde(default)]
    #[expect(dead_code, reason = "for people: which half, and remarks")]
    note: String,
}

fn public() -> FactRole {
    FactRole::Invanare
}

/// What a set came to. Shares are between 0 and 1, and `None` where there is nothing to take a share of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    /// Posts in the set.
    pub posts: usize,
    /// Labelled secrecy-positive.
    pub secret: usize,
    /// Labelled simple: may be disposed of.
    pub simple: usize,
    /// Came out as may-dispose.
    pub disposed: usize,
    /// Of these, secrecy-positive: must be none.
    pub disposed_secret: usize,
    /// Of these, neither secrecy-positive nor simple.
    pub disposed_other: usize,
    /// Share of the disposed that are simple.
    pub precision: Option<f64>,
    /// Share of the simple that are disposed of.
    pub recall: Option<f64>,
    /// Share of the secrecy-positive where secrecy or a personal number is yes or unknown.
    pub flag_recall: Option<f64>,
    /// Share of the secrecy-positive where secrecy or a personal number is yes.
    pub flag_yes: Option<f64>,
    /// Share of all that a person must look at.
    pub review_share: Option<f64>,
    /// Posts by outcome.
    pub outcomes: BTreeMap<&'static str, usize>,
    /// By class.
    pub classes: Vec<Group>,
    /// Templates of which something was disposed of that is not simple.
    pub wrong: Vec<Group>,
}

/// Counts for a class or a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Group {
    /// The name.
    pub name: String,
    /// Posts.
    pub posts: usize,
    /// Labelled secrecy-positive.
    pub secret: usize,
    /// Labelled simple.
    pub simple: usize,
    /// Came out as may-dispose.
    pub disposed: usize,
    /// Of these, not simple.
    pub wrong: usize,
}

impl Group {
    fn count(&mut self, line: &Line, disposed: bool) {
        self.posts += 1;
        self.secret += usize::from(line.secret);
        self.simple += usize::from(line.simple);
        self.disposed += usize::from(disposed);
        self.wrong += usize::from(disposed && !line.simple);
    }
}

/// Measures a policy on a labelled set, as of a day.
pub fn measure(set: &Path, policy: &Policy, on: NaiveDate) -> Result<Measured, OpsError> {
    let lines = read(set)?;
    let answers = in_threads(&lines);
    let mut measured = Measured::default();
    let (mut classes, mut templates) = (BTreeMap::new(), BTreeMap::new());
    let (mut flagged, mut yes) = (0, 0);
    for (line, flags) in lines.iter().zip(answers) {
        let value = |flag| flags.get(&flag).map_or(Truth::Unknown, |row| row.value);
        let secrecy = value(Flag::Sekretess).or(value(Flag::Personnummer));
        flagged += usize::from(line.secret && secrecy != Truth::No);
        yes += usize::from(line.secret && secrecy == Truth::Yes);
        let decision = evaluate(policy, &facts(line, flags, on), on);
        let outcome = match decision.outcome {
            // The floor holds back what the policy does not ask about.
            Outcome::MayDispose if decision.blocked_by.contains(&Floor::G1) => Outcome::Review,
            said @ (Outcome::MayDispose
            | Outcome::Review
            | Outcome::Preserve
            | Outcome::Registry) => said,
        };
        let disposed = outcome == Outcome::MayDispose;
        *measured.outcomes.entry(outcome.code()).or_insert(0) += 1;
        measured.posts += 1;
        measured.secret += usize::from(line.secret);
        measured.simple += usize::from(line.simple);
        measured.disposed += usize::from(disposed);
        measured.disposed_secret += usize::from(disposed && line.secret);
        measured.disposed_other += usize::from(disposed && !line.secret && !line.simple);
        group(&mut classes, &line.class).count(line, disposed);
        group(&mut templates, &line.template).count(line, disposed);
    }
    let wrong = measured.disposed_secret + measured.disposed_other;
    let right = measured.disposed - wrong;
    let reviewed = measured.outcomes.get(Outcome::Review.code()).copied();
    measured.precision = share(right, measured.disposed);
    measured.recall = share(right, measured.simple);
    measured.flag_recall = share(flagged, measured.secret);
    measured.flag_yes = share(yes, measured.secret);
    measured.review_share = share(reviewed.unwrap_or(0), measured.posts);
    measured.classes = classes.into_values().collect();
    measured.wrong = templates
        .into_values()
        .filter(|row| row.wrong > 0)
        .collect();
    Ok(measured)
}

fn group<'g>(groups: &'g mut BTreeMap<String, Group>, name: &str) -> &'g mut Group {
    groups.entry(name.to_owned()).or_insert_with(|| Group {
        name: name.to_owned(),
        ..Group::default()
    })
}

fn share(part: usize, whole: usize) -> Option<f64> {
    let count = |number: usize| u32::try_from(number).map(f64::from).ok();
    match (count(part), count(whole)) {
        (Some(part), Some(whole)) if whole > 0.0 => Some(part / whole),
        _ => None,
    }
}

fn read(set: &Path) -> Result<Vec<Line>, OpsError> {
    let text = std::fs::read_to_string(set).map_err(|source| OpsError::File {
        path: set.to_owned(),
        source,
    })?;
    let fault = |number: usize, what: String| {
        OpsError::Problem(format!("{} line {}: {what}", set.display(), number + 1))
    };
    let mut lines: Vec<Line> = Vec::new();
    let mut ids = BTreeMap::new();
    for (number, row) in text.lines().enumerate() {
        if row.trim().is_empty() {
            continue;
        }
        let line: Line =
            serde_json::from_str(row).map_err(|error| fault(number, error.to_string()))?;
        if line.secret && line.simple {
            let what = "labelled both secret and simple; a post is at most one of them";
            return Err(fault(number, what.to_owned()));
        }
        if let Some(parent) = &line.in_reply_to
            && !ids.contains_key(parent)
        {
            let what = format!("answers \"{parent}\", which no earlier line has as its id");
            return Err(fault(number, what));
        }
        if let Some(id) = &line.id
            && ids.insert(id.clone(), lines.len()).is_some()
        {
            return Err(fault(number, format!("the id \"{id}\" stands twice")));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// The answers for every line, each under what stands above it. What a line answers stands before it.
fn in_threads(lines: &[Line]) -> Vec<BTreeMap<Flag, Answer>> {
    let mut all = Vec::with_capacity(lines.len());
    // By id: whether everything from there upwards lets what is below pass.
    let mut passes: BTreeMap<&str, bool> = BTreeMap::new();
    for line in lines {
        let by_authority = line.role == FactRole::Kommun;
        let bare = !line.attachments && (by_authority || !line.links);
        let mut answers = detect::answers_for_text(&line.text, by_authority, bare);
        let own = context::lets_pass(&answers, by_authority);
        let above = line
            .in_reply_to
            .as_deref()
            .is_none_or(|parent| passes.get(parent).copied().unwrap_or(false));
        if !above {
            context::hold(&mut answers, "post-above-not-cleared");
        }
        if let Some(id) = line.id.as_deref() {
            passes.insert(id, own && above);
        }
        all.push(answers);
    }
    all
}

/// The facts of a line: published long ago, answered, preserved; so that its content alone decides.
fn facts(line: &Line, flags: BTreeMap<Flag, Answer>, on: NaiveDate) -> PostFacts {
    let long_ago = on
        .checked_sub_months(chrono::Months::new(12 * 20))
        .unwrap_or(on);
    let triggers = [
        Trigger::Publicerad,
        Trigger::SenasteAktivitetITrad,
        Trigger::FragaBesvarad,
        Trigger::EvenemangPasserat,
        Trigger::ErsattAvNytt,
        Trigger::OgonblicksbildTagen,
        Trigger::ExportKvitterad,
    ];
    PostFacts {
        role: Some(line.role),
        kinds: kinds(line),
        answered: line.answered.unwrap_or(true).into(),
        attachments: line.attachments.into(),
        links: line.links.into(),
        characters: line.text.chars().count(),
        visibility: Some(FactVisibility::Publicerad),
        level: None,
        flags,
        triggers: triggers.map(|trigger| (trigger, long_ago)).into(),
        floor: FloorFacts {
            holds: Vec::new(),
            open_obligation: false,
            police_report_decided: false,
            motivated: false,
            preserved: true,
            has_undisposed_children: false,
            intact: true,
            capture_gap: false,
            registered: false,
        },
        decided: None,
    }
}

fn kinds(line: &Line) -> Vec<FactKind> {
    match (line.kind, line.role) {
        (Some(kind), _) => vec![kind],
        (None, FactRole::Kommun) => vec![FactKind::Svar],
        (None, FactRole::Invanare | FactRole::Annan) => match detect::is_question(&line.text) {
            Truth::Yes => vec![FactKind::Fraga],
            Truth::No => vec![FactKind::Kommentar],
            Truth::Unknown => vec![FactKind::Fraga, FactKind::Kommentar],
        },
    }
}
