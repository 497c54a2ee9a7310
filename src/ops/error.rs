//! What ends an operation. Each error knows of what kind it is; the command line turns the kind into an exit code.

use std::path::PathBuf;

use crate::app::AppError;
use crate::capture::BrowserError;
use crate::catalogue::CatalogueError;
use crate::config::ConfigError;
use crate::model::account::FieldError;
use crate::model::json::JsonError;
use crate::policy::parse::PolicyFaults;
use crate::store::error::StoreError;

/// Of what kind an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line or the configuration is wrong.
    Usage,
    /// The machine, the network or the browser stands in the way.
    Environment,
    /// Not permitted, or not yet.
    NotPermitted,
    /// What was given or found does not hold.
    Problem,
}

/// Why an operation did not go through. Nothing half-done stays behind it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// The archive could not be opened or written.
    #[error(transparent)]
    App(#[from] AppError),
    /// The archive could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The catalogue failed.
    #[error("failed to use the catalogue")]
    Catalogue(#[from] CatalogueError),
    /// The browser cannot be used.
    #[error("failed to use the browser")]
    Browser(#[from] BrowserError),
    /// A register value is wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A document of the archive cannot be read or written.
    #[error("failed on {path}")]
    Document {
        /// The document, below the archive.
        path: String,
        /// What is wrong.
        source: JsonError,
    },
    /// A policy file has faults.
    #[error(transparent)]
    Policy(PolicyFaults),
    /// A file given on the command line cannot be read, or one cannot be written.
    #[error("failed on {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Wrong use; says what to do instead.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Something that was named does not exist.
    #[error("there is no {what} \"{name}\"")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Not permitted, or not yet; a Swedish sentence.
    #[error("{sentence}")]
    NotPermitted {
        /// The sentence.
        sentence: String,
    },
    /// What was given does not hold; says where and what was expected.
    #[error("{0}")]
    Problem(String),
    /// A part of the program failed with an error of its own.
    #[error("{context}")]
    Part {
        /// What was being done.
        context: String,
        /// Of what kind.
        kind: ErrorKind,
        /// The part's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpsError {
    /// Wrong use, and what to do instead.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// Not permitted, with the Swedish sentence that says why.
    pub fn not_permitted(sentence: impl Into<String>) -> Self {
        Self::NotPermitted {
            sentence: sentence.into(),
        }
    }

    /// Something named does not exist.
    pub fn unknown(what: &'static str, name: &(impl ToString + ?Sized)) -> Self {
        Self::Unknown {
            what,
            name: name.to_string(),
        }
    }

    /// The error of a part, with what was being done.
    pub fn part(
        context: impl Into<String>,
        kind: ErrorKind,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Part {
            context: context.into(),
            kind,
            source: Box::new(source),
        }
    }

    /// Of what kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(StoreError::NotEmpty { .. } | StoreError::NoArchive { .. })
            | Self::App(
                AppError::Store(StoreError::NotEmpty { .. } | StoreError::NoArchive { .. })
                | AppError::Config(_)
                | AppError::ClockMoved
                | AppError::BehindLog { given: true, .. },
            )
            | Self::Config(_)
            | Self::Field(_)
            | Self::Usage { .. }
            | Self::Unknown { .. } => ErrorKind::Usage,
            Self::App(_)
            | Self::Store(_)
            | Self::Catalogue(_)
            | Self::Browser(_)
            | Self::File { .. }
            | Self::Document { .. } => ErrorKind::Environment,
            Self::NotPermitted { .. } => ErrorKind::NotPermitted,
            Self::Policy(_) | Self::Problem(_) => ErrorKind::Problem,
            Self::Part { kind, .. } => *kind,
        }
    }

    /// What to do next, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } if !hint.is_empty() => Some(hint.clone()),
            Self::Store(StoreError::NoArchive { .. }) | Self::App(AppError::Store(StoreError::NoArchive { .. })) => {
                Some("name the archive with --archive DIR or BEVARA_ARCHIVE, or make one with `bevara init DIR`".to_owned())
            }
            Self::Store(StoreError::NotEmpty { .. }) => Some("name a directory that is empty or does not exist".to_owned()),
            Self::App(AppError::ClockMoved) => {
                Some("leave --as-of out; only an archive made with `init --test-archive` lets it write".to_owned())
            }
            Self::App(AppError::BehindLog { given: false, .. }) => {
                Some("check the machine's clock; the log cannot be written backwards".to_owned())
            }
            Self::Store(StoreError::Locked { .. }) | Self::App(AppError::Store(StoreError::Locked { .. })) => Some("wait until the other process is done, and run again".to_owned()),
            Self::Browser(_) => Some("install Chromium, or name it under [browser] path in bevara.toml".to_owned()),
            Self::Catalogue(_) | Self::App(AppError::Catalogue(_)) => Some("run `bevara reindex`: the catalogue can always be rebuilt from the store".to_owned()),
            Self::App(_)
            | Self::Store(_)
            | Self::Config(_)
            | Self::Field(_)
            | Self::Document { .. }
            | Self::Policy(_)
            | Self::File { .. }
            | Self::Usage { .. }
            | Self::Unknown { .. }
            | Self::NotPermitted { .. }
            | Self::Problem(_)
            | Self::Part { .. } => None,
        }
    }
}
