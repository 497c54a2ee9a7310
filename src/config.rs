//! `bevara.toml` and the environment, read once. Unknown keys are refused with file and line.
#![expect(
    clippy::disallowed_methods,
    reason = "the rule sends every other module here"
)]

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::flavour::Flavour;

/// The archive's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `[catalogue]`
    pub catalogue: CatalogueConfig,
    /// `[browser]`
    pub browser: BrowserConfig,
    /// `[capture]`
    pub capture: CaptureConfig,
    /// `[schedule]`
    pub schedule: ScheduleConfig,
}

/// `[catalogue]`: where the catalogue lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CatalogueConfig {
    /// `sqlite://…` or `postgres://…`; without it `catalogue.db` in the archive.
    pub url: Option<String>,
}

/// `[browser]`: which Chromium.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrowserConfig {
    /// The executable; without it the installed one is found.
    pub path: Option<PathBuf>,
}

/// `[capture]`: how pages are captured.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaptureConfig {
    /// Private networks that may be reached all the same, as CIDR.
    pub allow_addresses: Vec<String>,
    /// Width of the page in CSS pixels.
    pub width: u32,
    /// Device pixels per CSS pixel, 1 or 2.
    pub scale: u32,
    /// How many accounts are captured side by side.
    pub slots: usize,
    /// Megabytes of memory beyond which a browser is not used for another account.
    pub browser_memory_mb: u64,
    /// Part and level of PDF/A.
    pub pdfa: Flavour,
    /// Seconds that a page may take to begin to answer.
    pub navigate_seconds: u64,
    /// Seconds without any progress after which a page is given up on.
    pub stall_seconds: u64,
}

impl Default for CaptureConfig {
    fn default() -> Self {
        Self {
            allow_addresses: Vec::new(),
            width: 1280,
            scale: 1,
            slots: 1,
            browser_memory_mb: 1500,
            pdfa: Flavour::A2u,
            navigate_seconds: 30,
            stall_seconds: 8,
        }
    }
}

/// `[schedule]`: when a capture counts as on time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleConfig {
    /// Days after the due date within which a capture is on time.
    pub window_days: u32,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { window_days: 1 }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is not a configuration.
    #[error("{} is not a valid configuration", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, column and what was expected.
        source: Box<toml::de::Error>,
    },
    /// A value lies outside its range.
    #[error("{}: {key} must be {expected}", path.display())]
    Range {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl Config {
    /// Reads `bevara.toml` in the archive at `root`.
    pub fn load(root: &Path) -> Result<Self, ConfigError> {
        let path = root.join("bevara.toml");
        let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Read {
            path: path.clone(),
            source,
        })?;
        let config: Self = toml::from_str(&text).map_err(|source| ConfigError::Parse {
            path: path.clone(),
            source: Box::new(source),
        })?;
        let range = |key, expected| ConfigError::Range {
            path: path.clone(),
            key,
            expected,
        };
        if !(320..=4096).contains(&config.capture.width) {
            return Err(range("capture.width", "between 320 and 4096"));
        }
        if !(1..=2).contains(&config.capture.scale) {
            return Err(range("capture.scale", "1 or 2"));
        }
        if !(1..=64).contains(&config.capture.slots) {
            return Err(range("capture.slots", "between 1 and 64"));
        }
        if !(64..=1_000_000).contains(&config.capture.browser_memory_mb) {
            return Err(range("capture.browser_memory_mb", "between 64 and 1000000"));
        }
        if !(1..=600).contains(&config.capture.navigate_seconds) {
            return Err(range("capture.navigate_seconds", "between 1 and 600"));
        }
        if !(1..=600).contains(&config.capture.stall_seconds) {
            return Err(range("capture.stall_seconds", "between 1 and 600"));
        }
        if config.schedule.window_days > 90 {
            return Err(range("schedule.window_days", "at most 90"));
        }
        Ok(config)
    }
}

/// Whether there is a screen on which a window can be opened.
pub fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// A fault that a test orders with `BEVARA_FAULT=kill:N`, `enospc:N`, `eio:N` or `count:0`; release builds know none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies (SIGKILL) in the N-th durable operation.
    Kill(u64),
    /// The N-th durable operation fails as on a full disk.
    Full(u64),
    /// The N-th durable operation fails as on a broken disk.
    Broken(u64),
    /// Durable operations are counted.
    Count,
}

/// The fault ordered in the environment.
pub fn fault() -> Option<Fault> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let text = std::env::var("BEVARA_FAULT").ok()?;
    let (kind, number) = text.split_once(':')?;
    let number = number.parse().ok()?;
    match kind {
        "kill" => Some(Fault::Kill(number)),
        "enospc" => Some(Fault::Full(number)),
        "eio" => Some(Fault::Broken(number)),
        "count" => Some(Fault::Count),
        _ => None,
    }
}

/// The text of a new archive's `bevara.toml`.
pub const NEW_CONFIG: &str = "\
# Inställningar för detta arkiv. Okända nycklar vägras.

[catalogue]
# url = \"postgres://bevara@localhost/bevara\"   # annars catalogue.db i arkivet

[browser]
# path = \"/usr/bin/chromium\"                   # annars den som finns installerad

[capture]
# allow_addresses = [\"127.0.0.0/8\"]            # privata nät som ändå får nås
# width = 1280
# scale = 1
# slots = 1                                    # så många konton fångas samtidigt, i var sin webbläsare
# browser_memory_mb = 1500                     # en större webbläsare byts mot en ny före nästa konto
# pdfa = \"2u\"                                  # eller 2b, 2a, 3u, 3a, 4, 4f
# navigate_seconds = 30                        # så länge väntas på att en sida börjar svara
# stall_seconds = 8                            # så länge får en sida stå stilla innan den ges upp

[schedule]
# window_days = 1                              # så många dagar efter dagen räknas en bild som i tid
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("bevara.toml"), "[capture]\nwidht = 800\n").unwrap();
        let error = Config::load(dir.path()).unwrap_err();
        let ConfigError::Parse { source, .. } = error else {
            panic!("another error")
        };
        let text = source.to_string();
        assert!(
            text.contains("line 2") && text.contains("unknown field `widht`"),
            "{text}"
        );
    }

    #[test]
    fn a_new_archives_file_is_valid_and_gives_the_defaults() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("bevara.toml"), NEW_CONFIG).unwrap();
        assert_eq!(Config::load(dir.path()).unwrap(), Config::default());
    }
}
