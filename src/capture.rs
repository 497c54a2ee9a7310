//! The browser: finds and starts Chromium, drives it over its DevTools connection, takes a page to its end and says what
//! is missing. Only this module starts a browser; only it and `remote` connect out.

pub mod verdict;

use std::path::{Path, PathBuf};

use crate::model::verdict::{Counts, FileRole};

/// How the browser is started.
#[derive(Clone, Debug)]
pub struct BrowserOptions {
    /// The executable; `None` finds the installed one.
    pub path: Option<PathBuf>,
    /// Our own executable, which sets the parent-death signal and then becomes Chromium (`main`).
    pub launcher: PathBuf,
    /// The profile directory, made anew.
    pub profile: PathBuf,
    /// Width of the page in CSS pixels.
    pub width: u32,
    /// Device pixels per CSS pixel.
    pub scale: u32,
}

/// What the browser says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrowserVersion {
    /// `HeadlessChrome/156.0.8078.73`.
    pub product: String,
    /// User agent.
    pub user_agent: String,
}

/// What page to take, and within which bounds.
#[derive(Clone, Debug, Default)]
pub struct CaptureRequest {
    /// The account's address.
    pub url: String,
    /// Private networks that may be reached, as CIDR.
    pub allow_addresses: Vec<String>,
}

/// A file written into the raw directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedFile {
    /// What it is.
    pub role: FileRole,
    /// Its name there, as it is to stand in the unit.
    pub name: String,
}

/// What was observed while the page was taken: what the verdict rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageFacts {}

/// A page that was taken, whole or not.
#[derive(Debug)]
pub struct PageCapture {
    /// Address after redirects.
    pub final_url: String,
    /// The document's title.
    pub title: String,
    /// The document's language.
    pub language: Option<String>,
    /// Posts seen.
    pub counts: Counts,
    /// What the verdict rests on.
    pub facts: PageFacts,
    /// The browser's print, untouched; `None` where printing failed.
    pub raw_pdf: Option<Vec<u8>>,
    /// Files in the raw directory.
    pub files: Vec<CapturedFile>,
}

/// Why the browser cannot be used at all. A page that fails is no error: its facts say so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// No Chromium.
    #[error("no Chromium was found")]
    Missing,
}

/// A running browser.
#[derive(Debug)]
pub struct Browser {}

impl Browser {
    /// Starts Chromium.
    pub async fn launch(_options: &BrowserOptions) -> Result<Self, BrowserError> {
        Err(BrowserError::Missing)
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        false
    }

    /// What it says of itself.
    pub fn version(&self) -> &BrowserVersion {
        todo!()
    }

    /// Takes a page: writes its files into `raw`.
    pub async fn capture(
        &mut self,
        _request: &CaptureRequest,
        _raw: &Path,
    ) -> Result<PageCapture, BrowserError> {
        Err(BrowserError::Missing)
    }

    /// Prints a document that this program made, tagged, A4; nothing outside it is loaded.
    pub async fn print_html(&mut self, _html: &str) -> Result<Vec<u8>, BrowserError> {
        Err(BrowserError::Missing)
    }

    /// Ends the browser and everything it started.
    pub async fn close(self) {}
}
