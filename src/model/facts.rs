//! What the retention engine knows about a post: three-valued, with the flags as a closed vocabulary.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Kleene's third value beside yes and no. Unknown never permits disposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Truth {
    /// Nej.
    #[serde(rename = "nej")]
    No,
    /// Okänt.
    #[serde(rename = "okant")]
    Unknown,
    /// Ja.
    #[serde(rename = "ja")]
    Yes,
}

impl Truth {
    /// Kleene conjunction.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Kleene disjunction.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Kleene negation.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }

    /// The word people read.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::No => "nej",
            Self::Unknown => "okänt",
            Self::Yes => "ja",
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

macro_rules! flags {
    ($($variant:ident $code:literal $label:literal;)*) => {
        /// A claim about a post that a detector or a person answers (`flagga` in a policy file).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Flag {
            $(#[doc = $label] #[serde(rename = $code)] $variant,)*
        }

        impl Flag {
            /// Every flag, in alphabetical order of its code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code in policy files and on the command line.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The name people read.
            pub fn swedish(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

flags! {
    Adress "adress" "adress";
    Arende "arende" "ärende";
    Barnpornografi "barnpornografi" "barnpornografi";
    EPost "e_post" "e-postadress";
    ForKannedom "for_kannedom" "för kännedom";
    Fortal "fortal" "förtal";
    HetsMotFolkgrupp "hets_mot_folkgrupp" "hets mot folkgrupp";
    Krankning "krankning" "kränkning";
    OffentligUppmaning "offentlig_uppmaning" "offentlig uppmaning";
    OlagaHot "olaga_hot" "olaga hot";
    OlagaIntegritetsintrang "olaga_integritetsintrang" "olaga integritetsintrång";
    OlagaValdsskildring "olaga_valdsskildring" "olaga våldsskildring";
    Personnummer "personnummer" "personnummer";
    Politik "politik" "politik";
    Pornografi "pornografi" "pornografi";
    Reklam "reklam" "reklam";
    Sekretess "sekretess" "sekretess";
    Svordom "svordom" "svordom";
    Telefon "telefon" "telefonnummer";
    UppmaningTillBrott "uppmaning_till_brott" "uppmaning till brott";
    Upphovsratt "upphovsratt" "upphovsrätt";
    Uppvigling "uppvigling" "uppvigling";
}

impl std::str::FromStr for Flag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|flag| flag.code() == text)
            .ok_or_else(|| {
                let codes: Vec<&str> = Self::ALL.iter().map(|flag| flag.code()).collect();
                format!("\"{text}\" is no flag; the flags are {}", codes.join(", "))
            })
    }
}

/// An answer to a flag, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer.
    pub value: Truth,
    /// `detector/version`, or `person`.
    pub by: String,
    /// Why, as a code; never text of the post.
    pub because: String,
}

/// `roll` in a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactRole {
    /// The municipality.
    Kommun,
    /// A member of the public.
    Invanare,
    /// Another authority, or the platform.
    Annan,
}

/// `typ` in a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// Inlägg.
    Inlagg,
    /// Another's question.
    Fraga,
    /// The municipality's answer.
    Svar,
    /// Another's comment that is no question.
    Kommentar,
    /// Direktmeddelande.
    Direktmeddelande,
}

/// `synlighet` in a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactVisibility {
    /// Live and public or unlisted.
    Publicerad,
    /// Hidden.
    Avpublicerad,
    /// Deleted or removed.
    Raderad,
}

/// `bevarandeniva` in a policy file: the account's level, set by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreservationLevel {
    /// Översiktsbild.
    Oversiktsbild,
    /// Unik information.
    UnikInformation,
    /// Fullständig.
    Fullstandig,
}

/// An event that a period runs from (`inaktuell.handelse`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The post was published.
    Publicerad,
    /// The newest item of the thread.
    SenasteAktivitetITrad,
    /// The question was answered.
    FragaBesvarad,
    /// The event that the post tells of is over.
    EvenemangPasserat,
    /// Replaced by something newer.
    ErsattAvNytt,
    /// The account was closed.
    KontoAvslutat,
    /// The case was closed.
    ArendeAvslutat,
    /// The diarienummer came back.
    Diariefort,
    /// A complete snapshot was taken after the post's last change.
    OgonblicksbildTagen,
    /// A package with that snapshot was receipted.
    ExportKvitterad,
}

impl Trigger {
    /// The event as people read it.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::Publicerad => "publicerad",
            Self::SenasteAktivitetITrad => "senaste aktivitet i tråden",
            Self::FragaBesvarad => "frågan besvarad",
            Self::EvenemangPasserat => "evenemanget passerat",
            Self::ErsattAvNytt => "ersatt av nytt",
            Self::KontoAvslutat => "kontot avslutat",
            Self::ArendeAvslutat => "ärendet avslutat",
            Self::Diariefort => "diariefört",
            Self::OgonblicksbildTagen => "ögonblicksbild tagen",
            Self::ExportKvitterad => "export kvitterad",
        }
    }
}

/// Everything the engine may ask of a post. A missing value is unknown, never no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostFacts {
    /// Who wrote it; `None` unknown.
    pub role: Option<FactRole>,
    /// The types it may be. One: known. Several: undecided among them. None: unknown.
    pub kinds: Vec<FactKind>,
    /// Whether the question (or the question that this answers) is answered.
    pub answered: Truth,
    /// Whether it has attachments.
    pub attachments: Truth,
    /// Whether it holds links.
    pub links: Truth,
    /// Characters in its text.
    pub characters: usize,
    /// Where it can be seen; `None` unknown.
    pub visibility: Option<FactVisibility>,
    /// The account's level; `None` not set.
    pub level: Option<PreservationLevel>,
    /// Answers to flags; a missing flag is unknown.
    pub flags: BTreeMap<Flag, Answer>,
    /// When each event happened; a missing one has not happened or is not known.
    pub triggers: BTreeMap<Trigger, NaiveDate>,
    /// What stands in the way of disposal whatever the policy says.
    pub floor: FloorFacts,
    /// A person's decision for this post (`post decide`).
    pub decided: Option<Outcome>,
}

/// The facts that the safety floor G0–G8 rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a condition of its own; none excludes another"
)]
pub struct FloorFacts {
    /// G0: ids of holds that cover the post.
    pub holds: Vec<String>,
    /// G2: handed over to the registry, and the diarienummer has not come back.
    pub open_obligation: bool,
    /// G2: a person has told whether the post, as it is now, is reported to the police, and why.
    pub police_report_decided: bool,
    /// G2: why the post was taken off the platform is on file.
    pub motivated: bool,
    /// G3: a complete, verified capture of the account after the last change, delivered in a receipted package.
    pub preserved: bool,
    /// G4: root of a thread with undisposed children.
    pub has_undisposed_children: bool,
    /// G5: the content's hash is as captured.
    pub intact: bool,
    /// G7: a due snapshot in the post's period is missing.
    pub capture_gap: bool,
    /// G1, G2: every version lies in the diarium, and its diarienummer has come back.
    pub registered: bool,
}

/// What is to become of a post; the greater wins.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Får gallras.
    MayDispose,
    /// Granskas.
    Review,
    /// Bevaras.
    Preserve,
    /// Diarieförs.
    Registry,
}

impl Outcome {
    /// The code, as in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::MayDispose => "may-dispose",
            Self::Review => "review",
            Self::Preserve => "preserve",
            Self::Registry => "registry",
        }
    }

    /// The word people read.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::MayDispose => "får gallras",
            Self::Review => "granskas",
            Self::Preserve => "bevaras",
            Self::Registry => "diarieförs",
        }
    }
}

/// A condition of the safety floor; no setting turns it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Floor {
    /// Gallringsstopp.
    G0,
    /// Secrecy, personal number or a crime flag, yes or unknown.
    G1,
    /// Open obligation.
    G2,
    /// No complete capture after the last change, delivered and receipted.
    G3,
    /// Thread root with undisposed children.
    G4,
    /// Content differs from what was captured.
    G5,
    /// The decision is incomplete.
    G6,
    /// A snapshot in the period is missing.
    G7,
    /// Approver and planner are the same person.
    G8,
}

impl Floor {
    /// The code, as in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::G0 => "G0",
            Self::G1 => "G1",
            Self::G2 => "G2",
            Self::G3 => "G3",
            Self::G4 => "G4",
            Self::G5 => "G5",
            Self::G6 => "G6",
            Self::G7 => "G7",
            Self::G8 => "G8",
        }
    }

    /// What stands in the way, as people read it.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::G0 => "gallringsstopp",
            Self::G1 => "sekretess, personnummer eller misstänkt brott är inte uteslutet",
            Self::G2 => "en skyldighet är öppen",
            Self::G3 => {
                "ingen fullständig ögonblicksbild efter senaste ändring har levererats och kvitterats"
            }
            Self::G4 => "inledande inlägg i en tråd med kvarvarande svar",
            Self::G5 => "innehållet skiljer sig från det som fångades",
            Self::G6 => "gallringsbeslutet är inte fullständigt",
            Self::G7 => "en ögonblicksbild i perioden saknas",
            Self::G8 => "planen är inte godkänd av en annan person",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logic_is_kleenes() {
        assert_eq!(Truth::Unknown.and(Truth::No), Truth::No);
        assert_eq!(Truth::Unknown.and(Truth::Yes), Truth::Unknown);
        assert_eq!(Truth::Unknown.or(Truth::Yes), Truth::Yes);
        assert_eq!(Truth::Unknown.negated(), Truth::Unknown);
    }
}
