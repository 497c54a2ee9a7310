//! The browser: finds and starts Chromium, drives it over its DevTools connection, takes a page to its end and says what
//! is missing. Only this module starts a browser; only it and `remote` connect out.

mod cdp;
mod consent;
mod frames;
pub mod guard;
mod inert;
pub mod launcher;
mod listeners;
mod load;
pub mod login;
mod memory;
mod page;
mod phrases;
mod print;
pub(crate) mod printed;
mod proxy;
mod redact;
mod scroll;
mod shadows;
mod shots;
mod tab;
mod targets;
mod text;
mod tls;
mod traffic;
pub mod verdict;
pub mod window;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::capture::cdp::{CdpError, Client};
use crate::capture::guard::{Cidr, CidrError};
use crate::capture::launcher::{Look, Process};
use crate::capture::login::{Login, Visit};
use crate::capture::proxy::Proxy;
use crate::capture::tab::Tab;
use crate::model::origin::Origin;
use crate::model::verdict::{Counts, FileRole, Reason};

/// Height of the view in CSS pixels.
pub(crate) const VIEW_HEIGHT: u32 = 900;
/// How long the browser may take to say what it is.
const HELLO_LIMIT: Duration = Duration::from_secs(30);
/// How long the browser may take to close by itself.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);
/// Our own documents are made for A4.
const DOCUMENT_PAPER: print::Paper = print::Paper {
    percent: 100,
    margin: 0.6,
};
/// How long a document of our own may take to be set.
const DOCUMENT_LIMIT: Duration = Duration::from_mins(1);

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
    /// How many times slower than it is the processor is made to seem to the page; 1 leaves it as it is.
    pub slowdown: u32,
    /// How long pages are waited for.
    pub patience: Patience,
}

/// How long pages are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long the main document may take to begin.
    pub navigate: Duration,
    /// How long nothing may move forward before a page is given up on.
    pub stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            navigate: Duration::from_secs(30),
            stall: Duration::from_secs(8),
        }
    }
}

/// What the browser says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrowserVersion {
    /// `HeadlessChrome/156.0.8078.73`.
    pub product: String,
    /// User agent.
    pub user_agent: String,
    /// DevTools protocol version.
    pub protocol: String,
    /// Source revision it was built from.
    pub revision: String,
    /// JavaScript engine version.
    pub javascript: String,
    /// The arguments it runs with, the profile's place apart.
    pub arguments: Vec<String>,
}

/// What page to take, and within which bounds.
#[derive(Clone, Debug, Default)]
pub struct CaptureRequest {
    /// The account's address.
    pub url: String,
    /// Private networks that may be reached, as CIDR.
    pub allow_addresses: Vec<String>,
    /// Who the page is to see.
    pub visit: Visit,
    /// The program and the clock, for the record.
    pub origin: Option<Origin>,
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
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an observation of its own"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PageFacts {
    /// Why there was no page at all.
    pub obstacle: Option<Reason>,
    /// HTTP status of the main document.
    pub status: Option<u16>,
    /// The tab or the browser died.
    pub crashed: bool,
    /// The page came to rest, and its end was reached.
    pub at_rest: bool,
    /// Redirected to a login page.
    pub login_address: bool,
    /// A visible password field.
    pub password_field: bool,
    /// A request to log in lies over the page.
    pub login_overlay: bool,
    /// Words that ask for a login.
    pub login_phrase: bool,
    /// The page was to be seen logged in and was not: there was no login, or the site took it back.
    pub login_missing: bool,
    /// Signs of a page that stands before the page: consent, a check for robots.
    pub gate: bool,
    /// Words that say that there is nothing to see.
    pub says_gone: bool,
    /// Characters of text in menus and feet of the page, which any page of a site has.
    pub menu_chars: u64,
    /// The page stands among the menus of a site, and says more than a few words.
    pub in_site: bool,
    /// Cut at a bound on height.
    pub height_limit: bool,
    /// Text is seen beyond a bound on width.
    pub width_limit: bool,
    /// Cut at a bound on posts.
    pub post_limit: bool,
    /// Much of what was seen while the page was scrolled is not in it any more.
    pub lost: bool,
    /// Posts seen.
    pub counts: Counts,
    /// Posts that the page had dropped from its DOM and that were put back from copies.
    pub reassembled: u32,
    /// Characters of `page.txt`.
    pub text_chars: u64,
    /// Pictures on the page.
    pub images: u32,
    /// Those that loaded.
    pub images_loaded: u32,
    /// Needed requests that failed, pictures apart.
    pub requests_failed: u32,
    /// Pictures, and needed requests, that failed because a TLS connection could not be trusted.
    pub tls_failed: u32,
    /// Segments taken.
    pub segments: u32,
    /// Every line of the page is in a segment.
    pub pictures_whole: bool,
    /// A picture is blank that should not be.
    pub blank: bool,
    /// The page changed its height while the pictures were taken.
    pub height_changed: bool,
    /// There is a print.
    pub printed: bool,
    /// The text of the PDF could not be read back, so that nobody knows whether the posts stand in it.
    pub print_unread: bool,
    /// Per cent of the page's text, seen or not, that stand in the text of the PDF.
    pub print_percent: Option<u64>,
}

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
    /// The login as the browser held it afterwards, where the site let it stand.
    pub renewed: Option<Login>,
    expected: printed::Expected,
    /// What must not be kept of the login that the page was seen with; `None` where it was seen without.
    secrets: Option<redact::Secrets>,
}

impl PageCapture {
    /// Whether the page was visited with a login.
    pub fn is_seen_logged_in(&self) -> bool {
        self.secrets.is_some()
    }

    /// Whether values of the login stand in a text of the page, wherever its lines are broken.
    pub fn shows_login(&self, text: &str) -> bool {
        let bare: String = text.split_whitespace().collect();
        self.secrets.as_ref().is_some_and(|secrets| {
            secrets.stand_in(text.as_bytes()) || secrets.stand_in(bare.as_bytes())
        })
    }

    /// The document's language where what it says of itself has the form of a language tag (RFC 5646), else Swedish.
    pub fn language_tag(&self) -> String {
        let is_tag = |text: &&String| {
            text.split('-').enumerate().all(|(index, part)| {
                let length = if index == 0 { 2..=3 } else { 1..=8 };
                length.contains(&part.len())
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && (index > 0 || part.bytes().all(|byte| byte.is_ascii_alphabetic()))
            })
        };
        self.language
            .as_ref()
            .filter(is_tag)
            .cloned()
            .unwrap_or_else(|| "sv-SE".to_owned())
    }

    /// Counts the posts that stand in the text of the PDF that is kept, as read back from the file.
    pub fn compare_with_print(&mut self, print: &str) {
        let count = self.expected.standing(print);
        self.counts.pdf = Some(count);
        self.facts.counts.pdf = Some(count);
        self.facts.print_percent = self.expected.percent_in(print);
    }
}

/// Why the browser cannot be used at all. A page that fails is no error: its facts say so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// No Chromium.
    #[error("no Chromium was found")]
    Missing,
    /// The configured one does not exist.
    #[error("there is no browser at {}", path.display())]
    NoProgram {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The profile directory cannot be made.
    #[error("failed to make the browser's profile {}", path.display())]
    Profile {
        /// The directory.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// It did not start.
    #[error("the browser did not start: {message}")]
    Start {
        /// What it said.
        message: String,
    },
    /// It stopped answering.
    #[error("the browser does not answer: {message}")]
    Lost {
        /// What happened.
        message: String,
    },
    /// An allowed network cannot be read.
    #[error("an address that is to be allowed cannot be read")]
    Address(#[from] CidrError),
    /// The raw directory cannot be written.
    #[error("failed on {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

/// What ends a step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The browser or the page.
    #[error(transparent)]
    Cdp(#[from] CdpError),
    /// The disk.
    #[error("failed on {}", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A picture that cannot be read or written.
    #[error("a picture: {0}")]
    Picture(String),
    /// A document that cannot be written.
    #[error("a document: {0}")]
    Document(String),
    /// The page led to where there is none; the browser shows one of its own about that.
    #[error("the page led to where there is none ({0:?})")]
    NoPage(Reason),
}

impl From<Problem> for BrowserError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Io { path, source } => Self::File { path, source },
            problem @ (Problem::Cdp(_)
            | Problem::Picture(_)
            | Problem::Document(_)
            | Problem::NoPage(_)) => Self::Lost {
                message: problem.to_string(),
            },
        }
    }
}

/// A running browser.
#[derive(Debug)]
pub struct Browser {
    process: Process,
    client: Client,
    version: BrowserVersion,
    options: BrowserOptions,
    healthy: bool,
}

impl Browser {
    /// Starts Chromium.
    pub async fn launch(options: &BrowserOptions) -> Result<Self, BrowserError> {
        let process = Process::start(options, Look::Headless).await?;
        let client = Client::connect(&process.url).await.map_err(lost)?;
        let version = client
            .call("Browser.getVersion", json!({}), HELLO_LIMIT)
            .await
            .map_err(lost)?;
        // Crashes of tabs are told to those who watch targets.
        client
            .call(
                "Target.setDiscoverTargets",
                json!({"discover": true}),
                HELLO_LIMIT,
            )
            .await
            .map_err(lost)?;
        let arguments = arguments(&client).await?;
        let text = |name: &str| version[name].as_str().unwrap_or_default().to_owned();
        let version = BrowserVersion {
            product: text("product"),
            user_agent: text("userAgent"),
            protocol: text("protocolVersion"),
            revision: text("revision"),
            javascript: text("jsVersion"),
            arguments,
        };
        Ok(Self {
            process,
            client,
            version,
            options: options.clone(),
            healthy: true,
        })
    }

    /// Whether it still runs and can be relied on.
    pub fn is_alive(&self) -> bool {
        self.healthy && self.client.is_open()
    }

    /// Bytes of memory that it takes, all its processes together.
    pub fn memory(&self) -> std::io::Result<u64> {
        self.process.memory()
    }

    /// What it says of itself.
    pub fn version(&self) -> &BrowserVersion {
        &self.version
    }

    /// Takes a page: writes its files into `raw`. A page that crashes, hangs or is refused is a capture whose facts say
    /// so; afterwards `is_alive` says whether the browser can go on.
    pub async fn capture(
        &mut self,
        request: &CaptureRequest,
        raw: &Path,
    ) -> Result<PageCapture, BrowserError> {
        let allowed = request
            .allow_addresses
            .iter()
            .map(|network| network.parse())
            .collect::<Result<Vec<Cidr>, CidrError>>()?;
        let (capture, healthy) = page::take(
            &self.client,
            (&self.options, &self.version),
            request,
            allowed,
            raw,
        )
        .await?;
        self.healthy &= healthy;
        Ok(capture)
    }

    /// Checks networks that are to be allowed.
    pub fn check_addresses(networks: &[String]) -> Result<(), CidrError> {
        networks
            .iter()
            .try_for_each(|network| network.parse::<Cidr>().map(drop))
    }

    /// Prints a document that this program made, tagged, A4; nothing outside it is loaded.
    pub async fn print_html(&mut self, html: &str) -> Result<Vec<u8>, BrowserError> {
        let proxy = Proxy::start(None)
            .await
            .map_err(|source| BrowserError::Start {
                message: source.to_string(),
            })?;
        let mut tab = Tab::open(
            &self.client,
            &proxy.url(),
            &self.options,
            &self.version.user_agent,
        )
        .await
        .map_err(lost)?;
        let printed = print_document(&mut tab, html).await;
        self.healthy &= tab.close().await.is_ok() && !print::goes_on(&printed);
        printed.map_err(lost)
    }

    /// Ends the browser and everything it started.
    pub async fn close(self) {
        let closed = self
            .client
            .call("Browser.close", json!({}), CLOSE_LIMIT)
            .await;
        if let Err(error) = closed {
            tracing::debug!(%error, "the browser did not close by itself");
        }
        self.process.end().await;
    }
}

/// The arguments that the browser runs with, whoever gave them. A browser that ignores certificates proves nothing.
async fn arguments(client: &Client) -> Result<Vec<String>, BrowserError> {
    let answer = client
        .call("Browser.getBrowserCommandLine", json!({}), HELLO_LIMIT)
        .await
        .map_err(lost)?;
    let all = answer["arguments"].as_array().into_iter().flatten();
    let arguments: Vec<String> = all
        .filter_map(Value::as_str)
        .filter(|argument| !argument.starts_with("--user-data-dir"))
        .map(str::to_owned)
        .collect();
    match arguments
        .iter()
        .find(|argument| argument.starts_with("--ignore-certificate-errors"))
    {
        Some(argument) => Err(BrowserError::Start {
            message: format!("it was made to run with {argument}"),
        }),
        None => Ok(arguments),
    }
}

async fn print_document(tab: &mut Tab, html: &str) -> Result<Vec<u8>, CdpError> {
    let frame = tab.traffic().frame.clone();
    let params = json!({"media": "print"});
    tab.session
        .call("Emulation.setEmulatedMedia", params, DOCUMENT_LIMIT)
        .await?;
    let params = json!({"value": true});
    tab.session
        .call(
            "Emulation.setScriptExecutionDisabled",
            params,
            DOCUMENT_LIMIT,
        )
        .await?;
    let params: Value = json!({"frameId": frame, "html": html});
    tab.session
        .call("Page.setDocumentContent", params, DOCUMENT_LIMIT)
        .await?;
    load::settle(tab, load::WITHOUT_SCRIPTS).await?;
    let page: load::Measure = tab.ask("bevara.measure()", DOCUMENT_LIMIT).await?;
    print::print(tab, DOCUMENT_PAPER, page.height).await
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn lost(error: CdpError) -> BrowserError {
    BrowserError::Lost {
        message: error.to_string(),
    }
}

/// Writes a file of a capture.
#[expect(
    clippy::disallowed_methods,
    reason = "a staging file that is sealed and flushed later"
)]
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    std::fs::write(path, bytes).map_err(|source| Problem::Io {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_could_not_be_written_ends_the_capture() {
        // Always full (full(4)).
        let written = write(Path::new("/dev/full"), b"x");
        let Err(Problem::Io { source, .. }) = written else {
            panic!("{written:?}");
        };
        assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    }
}
