//! The parts and levels of ISO 19005 that this program writes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// Which part and level of ISO 19005.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Flavour {
    /// PDF/A-1b: pictures with their text under them; a print has transparency, which part 1 forbids.
    A1b,
    /// PDF/A-2b.
    A2b,
    /// PDF/A-2u: every character has its Unicode, so that what is searched is found.
    #[default]
    A2u,
    /// PDF/A-2a: tagged, with language and alternative texts.
    A2a,
    /// PDF/A-3u: may carry other files.
    A3u,
    /// PDF/A-3a.
    A3a,
    /// PDF/A-4.
    A4,
    /// PDF/A-4f: carries other files.
    A4f,
}

impl Flavour {
    /// All, in the order of the standard.
    pub const ALL: [Self; 8] = [
        Self::A1b,
        Self::A2b,
        Self::A2u,
        Self::A2a,
        Self::A3u,
        Self::A3a,
        Self::A4,
        Self::A4f,
    ];

    /// The name as veraPDF and the command line have it: `2u`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A1b => "1b",
            Self::A2b => "2b",
            Self::A2u => "2u",
            Self::A2a => "2a",
            Self::A3u => "3u",
            Self::A3a => "3a",
            Self::A4 => "4",
            Self::A4f => "4f",
        }
    }

    /// The part of ISO 19005, as `pdfaid:part` tells it.
    pub fn part(self) -> u8 {
        match self {
            Self::A1b => 1,
            Self::A2b | Self::A2u | Self::A2a => 2,
            Self::A3u | Self::A3a => 3,
            Self::A4 | Self::A4f => 4,
        }
    }

    /// The level, as `pdfaid:conformance` tells it; part 4 has none but `F` (ISO 19005-4, 6.7.3).
    pub fn level(self) -> Option<&'static str> {
        match self {
            Self::A1b | Self::A2b => Some("B"),
            Self::A2u | Self::A3u => Some("U"),
            Self::A2a | Self::A3a => Some("A"),
            Self::A4 => None,
            Self::A4f => Some("F"),
        }
    }

    /// Whether every character must have its Unicode (level U and above; part 4 always).
    pub fn is_unicode(self) -> bool {
        !matches!(self, Self::A1b | Self::A2b)
    }

    /// Whether the structure is claimed (level A).
    pub fn is_tagged(self) -> bool {
        matches!(self, Self::A2a | Self::A3a)
    }

    /// Whether other files may be carried (part 3, level F of part 4).
    pub fn carries_files(self) -> bool {
        matches!(self, Self::A3u | Self::A3a | Self::A4f)
    }

    /// Whether characters of the private use areas need a text beside them: level A (6.2.11.7.3), and part 4, which
    /// forbids them in replacement texts too (ISO 19005-4, 6.2.10.8).
    pub fn explains_private_use(self) -> bool {
        self.is_tagged() || self.part() == 4
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Flavour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The word is no flavour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no flavour of PDF/A that is written here; expected 1b, 2b, 2u, 2a, 3u, 3a, 4 or 4f"
)]
pub struct UnknownFlavour(String);

impl FromStr for Flavour {
    type Err = UnknownFlavour;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|flavour| flavour.as_str() == text)
            .ok_or_else(|| UnknownFlavour(text.to_owned()))
    }
}

impl TryFrom<String> for Flavour {
    type Error = UnknownFlavour;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
