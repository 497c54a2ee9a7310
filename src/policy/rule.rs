//! Rules, conditions and example cases of a policy. Conditions are a closed vocabulary without an expression language, so
//! that an archivist can read them and the program can tell what they ask for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::model::facts::{
    FactKind, FactRole, FactVisibility, Flag, Floor, Outcome, PreservationLevel, Trigger, Truth,
};
use crate::model::time::Period;

/// One `[[regel]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `id`, unique in the file.
    pub id: String,
    /// `rubrik`.
    pub heading: String,
    /// `utfall`.
    pub outcome: Outcome,
    /// `beslut`: ids of what it rests on.
    pub bases: Vec<String>,
    /// `stod`: where the source says so.
    pub support: Option<Support>,
    /// `villkor`.
    pub condition: Condition,
    /// `inaktuell`: when disposal may happen; always there where the outcome is [`Outcome::MayDispose`].
    pub obsolete: Option<Obsolete>,
    /// `kraver_motivering`.
    pub wants_motivation: bool,
    /// `polisanmalan`.
    pub wants_police_report: bool,
    /// `maska`.
    pub wants_masking: bool,
    /// `anmarkning`.
    pub remark: Option<String>,
    /// Where it stands: `file:line:column`.
    pub place: String,
}

impl Rule {
    /// Codes of the obligations that follow where the rule holds, sorted.
    pub fn obligations(&self) -> BTreeSet<&'static str> {
        let mut codes = BTreeSet::new();
        if self.outcome == Outcome::Registry {
            codes.insert("diariefor");
        }
        if self.wants_motivation {
            codes.insert("motivering");
        }
        if self.wants_police_report {
            codes.insert("polisanmal");
        }
        if self.wants_masking {
            codes.insert("maska");
        }
        codes
    }
}

/// `stod`: the passage that a rule rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// `beslut`: whose text; `None`: that of the rule's first basis.
    pub basis: Option<String>,
    /// `avsnitt`.
    pub section: String,
    /// `citat`, verbatim.
    pub quote: String,
}

/// `inaktuell`: obsolescence made executable, as event and period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obsolete {
    /// `handelse` or `senast_av`: the latest of these; all must be known.
    pub triggers: Vec<Trigger>,
    /// `frist`.
    pub period: Period,
    /// `frist_beslutad`: the period is the municipality's own decision.
    pub decided: bool,
    /// Where it stands: `file:line:column`.
    pub place: String,
}

/// What a rule asks: all terms together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The terms; all must hold.
    pub terms: Vec<Term>,
}

/// One key of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// `roll`: one of these.
    Role(Vec<FactRole>),
    /// `typ`: one of these.
    Kind(Vec<FactKind>),
    /// `besvarad`.
    Answered(bool),
    /// `bilagor`.
    Attachments(bool),
    /// `lankar`.
    Links(bool),
    /// `hogst_tecken`.
    AtMost(usize),
    /// `minst_tecken`.
    AtLeast(usize),
    /// `synlighet`: one of these.
    Visibility(Vec<FactVisibility>),
    /// `bevarandeniva`: one of these.
    Level(Vec<PreservationLevel>),
    /// `diarieford`: whether the diarienummer of the post has come back.
    Registered(bool),
    /// `flagga`: at least one of these.
    Flags(Vec<Flag>),
    /// `inte`.
    Not(Condition),
    /// `nagon_av`: at least one of these.
    AnyOf(Vec<Condition>),
}

impl Condition {
    /// Whether it says what a post *is*, not only what it is not. A bound on length or an absence is no such thing.
    pub fn is_positive(&self) -> bool {
        self.terms.iter().any(|term| match term {
            Term::Role(_)
            | Term::Kind(_)
            | Term::Visibility(_)
            | Term::Level(_)
            | Term::Flags(_)
            | Term::Registered(true)
            | Term::Answered(true)
            | Term::Attachments(true)
            | Term::Links(true) => true,
            Term::AnyOf(alternatives) => alternatives.iter().all(Self::is_positive),
            Term::Answered(false)
            | Term::Attachments(false)
            | Term::Links(false)
            | Term::Registered(false)
            | Term::AtMost(_)
            | Term::AtLeast(_)
            | Term::Not(_) => false,
        })
    }

    /// Whether it holds of registered posts alone (`diarieford = true`).
    pub fn asks_for_registered(&self) -> bool {
        self.terms.iter().any(|term| match term {
            Term::Registered(wanted) => *wanted,
            Term::AnyOf(alternatives) => alternatives.iter().all(Self::asks_for_registered),
            Term::Role(_)
            | Term::Kind(_)
            | Term::Answered(_)
            | Term::Attachments(_)
            | Term::Links(_)
            | Term::AtMost(_)
            | Term::AtLeast(_)
            | Term::Visibility(_)
            | Term::Level(_)
            | Term::Flags(_)
            | Term::Not(_) => false,
        })
    }

    /// Every flag that it asks for.
    pub fn flags(&self) -> BTreeSet<Flag> {
        let mut flags = BTreeSet::new();
        for term in &self.terms {
            match term {
                Term::Flags(named) => flags.extend(named.iter().copied()),
                Term::Not(inner) => flags.append(&mut inner.flags()),
                Term::AnyOf(alternatives) => {
                    for inner in alternatives {
                        flags.append(&mut inner.flags());
                    }
                }
                Term::Role(_)
                | Term::Kind(_)
                | Term::Answered(_)
                | Term::Attachments(_)
                | Term::Links(_)
                | Term::Registered(_)
                | Term::AtMost(_)
                | Term::AtLeast(_)
                | Term::Visibility(_)
                | Term::Level(_) => {}
            }
        }
        flags
    }
}

/// One `[[prov]]`: a post and what is expected to become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// `namn`.
    pub name: String,
    /// `regel`: the rule that it shows.
    pub rule: String,
    /// `dag`: as of which day.
    pub day: NaiveDate,
    /// `inlagg`.
    pub post: CasePost,
    /// `handelser`.
    pub triggers: BTreeMap<Trigger, NaiveDate>,
    /// `vantat.utfall`.
    pub outcome: Outcome,
    /// `vantat.tidigast`; `None`: not looked at.
    pub earliest: Option<NaiveDate>,
    /// `vantat.skyldigheter`; `None`: not looked at.
    pub obligations: Option<Vec<String>>,
    /// `vantat.sparrar`; `None`: not looked at.
    pub blocked_by: Option<Vec<Floor>>,
    /// Where it stands: `file:line:column`.
    pub place: String,
}

/// The post of an example case. Nothing is said of what is left out: it is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of its own in the file"
)]
pub struct CasePost {
    /// `roll`.
    pub role: Option<FactRole>,
    /// `typ`; several: undecided among them.
    pub kinds: Vec<FactKind>,
    /// `besvarad`.
    pub answered: Option<bool>,
    /// `bilagor`; left out: none.
    pub attachments: bool,
    /// `lankar`; left out: none.
    pub links: bool,
    /// `tecken`; left out: the text's.
    pub characters: Option<usize>,
    /// `synlighet`; left out: published.
    pub visibility: Option<FactVisibility>,
    /// `bevarandeniva`.
    pub level: Option<PreservationLevel>,
    /// `diarieford`; left out: not registered.
    pub registered: bool,
    /// `polisanmalan_avgjord`; left out: not decided.
    pub police_report_decided: bool,
    /// `text`: the detectors answer the flags.
    pub text: Option<String>,
    /// `flagga`, `okand_flagga`, `ej_flagga`: a person's answers, over the detectors'.
    pub flags: BTreeMap<Flag, Truth>,
}
