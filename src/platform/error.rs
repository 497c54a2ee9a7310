//! Why a container cannot be read. Messages name the container and the place in it, never the text of a post.

use std::io;

/// Why a container cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlatformError {
    /// The file or folder cannot be read.
    #[error("{place} går inte att läsa")]
    Io {
        /// Container, and the file in it.
        place: String,
        /// The system's error.
        source: io::Error,
    },
    /// The container breaks the rules that protect the machine and the record.
    #[error("{container} tas inte emot: {reason}")]
    Unsafe {
        /// The container.
        container: String,
        /// The rule, and the entry that breaks it.
        reason: String,
    },
    /// The container is damaged.
    #[error("{place} är skadad: {reason}")]
    Damaged {
        /// Container, file in it, line or offset.
        place: String,
        /// What was expected.
        reason: String,
    },
    /// No importer knows the content.
    #[error(
        "{container} är av inget känt format; ta in filen som plattformen gav den. Kända format är: {known}"
    )]
    NotRecognised {
        /// The container.
        container: String,
        /// The known formats.
        known: String,
    },
    /// An export made to be read by people, in web pages without data.
    #[error(
        "{container} rymmer {pages} webbsidor och inga data: det som står i dem kan inte tas in utan att gissa tider och \
         avsändare. Beställ exporten på nytt som JSON (formatet väljs intill perioden), och behåll den här till dess"
    )]
    PagesOnly {
        /// The container.
        container: String,
        /// How many.
        pages: usize,
    },
    /// Archives inside the container and nothing else to read; they are not opened.
    #[error(
        "{container} rymmer arkiv ({inner}), som inte öppnas: packa upp det och ta in det som ligger i"
    )]
    ArchivesOnly {
        /// The container.
        container: String,
        /// The first archive in it.
        inner: String,
    },
    /// `--format` names no importer.
    #[error("det finns inget format \"{name}\". Kända format är: {known}")]
    UnknownFormat {
        /// What was named.
        name: String,
        /// The known formats.
        known: String,
    },
    /// The content is not what the named format needs.
    #[error("{place}: här väntades {expected}")]
    Expected {
        /// Container, file in it, line.
        place: String,
        /// What was expected there.
        expected: String,
    },
}

impl PlatformError {
    pub(crate) fn io(place: impl Into<String>, source: io::Error) -> Self {
        Self::Io {
            place: place.into(),
            source,
        }
    }

    pub(crate) fn damaged(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Damaged {
            place: place.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn expected(place: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Expected {
            place: place.into(),
            expected: expected.into(),
        }
    }
}
