//! Conversions in a process of its own, for PDFs and HEIC that come from outside. How much memory a file takes cannot be
//! told from its bytes (20 MB of PDF that hold one array of 10,000,000 numbers take 1.2 GB once read, and a compressed
//! stream hides more), so the kernel holds the limits: what goes over them costs that process, and not the archive's.
#![expect(
    clippy::disallowed_methods,
    reason = "the adapter that starts the converter"
)]

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use rustix::process::{Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

use crate::model::time::Instant;
use crate::render::pdfa::{self, Flavour, PdfaOptions};
use crate::render::pictures;

/// Tells the program that it is the converter, and with which limits.
const LIMITS: &str = "BEVARA_CONVERTER";

/// Bytes of address space that any conversion of a PDF gets, and bytes for each byte of the file.
const SPACE: (u64, u64) = (512 * 1024 * 1024, 8);
/// The same for HEIC: a picture of 48 million pixels takes 1.2 GB, however small its file is.
const PICTURE_SPACE: (u64, u64) = (2 * 1024 * 1024 * 1024, 4);
/// Seconds of processor time that any conversion gets, and seconds for each MiB of the file.
const TIME: (u64, u64) = (60, 2);
/// The decoder's threads. Each one takes address space that counts, and a phone's picture is unpacked in a second by one.
const THREADS: (&str, &str) = ("RAYON_NUM_THREADS", "1");

/// Said first in the answer: what was made follows.
const DONE: u8 = b'+';
/// Said first in the answer: why it is none follows.
const REFUSED: u8 = b'-';

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApartError {
    /// The file cannot honestly become what it was to become; why.
    #[error("{0}")]
    Refused(String),
    /// The file asks for more than a conversion gets, or broke the converter.
    #[error(
        "the conversion was stopped ({ended}) at {space} bytes of memory or {seconds} seconds of computing"
    )]
    Stopped {
        /// How the process ended.
        ended: String,
        /// Its limit of address space in bytes.
        space: u64,
        /// Its limit of processor time in seconds.
        seconds: u64,
    },
    /// The process could not be started or talked to.
    #[error("the converter could not be used")]
    Process(#[from] std::io::Error),
}

/// What the converter is told before the file, as one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
enum Order {
    /// A PDF is to become PDF/A.
    Pdfa(PdfaOrder),
    /// HEIC is to become PNG.
    Png,
}

/// [`PdfaOptions`] without files to carry.
#[derive(Debug, Serialize, Deserialize)]
struct PdfaOrder {
    flavour: Flavour,
    title: String,
    language: String,
    source: Option<String>,
    created: Instant,
    producer: String,
}

/// What the process may use.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Limits {
    space: u64,
    seconds: u64,
}

impl Limits {
    fn of(order: &Order, raw: &[u8]) -> Self {
        let bytes = raw.len() as u64;
        let space = match order {
            Order::Pdfa(_) => SPACE,
            Order::Png => PICTURE_SPACE,
        };
        Self {
            space: space.0 + space.1 * bytes,
            seconds: TIME.0 + TIME.1 * bytes.div_ceil(1024 * 1024),
        }
    }

    /// Sets them for this process, which goes when its parent goes; no core file is written either, it would hold the file.
    fn set(self) -> Result<(), rustix::io::Errno> {
        let hard = |value| Rlimit {
            current: Some(value),
            maximum: Some(value),
        };
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        rustix::process::setrlimit(Resource::Core, hard(0))?;
        rustix::process::setrlimit(Resource::As, hard(self.space))?;
        rustix::process::setrlimit(Resource::Cpu, hard(self.seconds))
    }
}

/// Converts `raw` in a process of its own, which is `program` (this program, see [`become_converter`]), unless something
/// that a reader sees or opens would be lost. Nothing can be carried in the output; `options.files` is not looked at.
pub fn convert(program: &Path, raw: &[u8], options: &PdfaOptions) -> Result<Vec<u8>, ApartError> {
    let order = Order::Pdfa(PdfaOrder {
        flavour: options.flavour,
        title: options.title.clone(),
        language: options.language.clone(),
        source: options.source.clone(),
        created: options.created,
        producer: options.producer.clone(),
    });
    ask(program, &order, raw)
}

/// Unpacks HEIC to PNG ([`pictures::unpacked`]) in a process of its own, which is `program` as in [`convert`].
pub fn unpack(program: &Path, heic: &[u8]) -> Result<Vec<u8>, ApartError> {
    ask(program, &Order::Png, heic)
}

fn ask(program: &Path, order: &Order, raw: &[u8]) -> Result<Vec<u8>, ApartError> {
    let limits = Limits::of(order, raw);
    let mut order = serde_json::to_vec(order).map_err(std::io::Error::from)?;
    order.push(b'\n');
    let mut child = Command::new(program)
        .env_clear()
        .env(THREADS.0, THREADS.1)
        .env(
            LIMITS,
            serde_json::to_string(&limits).map_err(std::io::Error::from)?,
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let told = tell(&mut child, &order, raw);
    let heard = hear(&mut child);
    let status = child.wait()?;
    told?;
    match (status.success(), heard?) {
        (true, (Some(DONE), bytes)) => Ok(bytes),
        (true, (Some(REFUSED), why)) => Err(ApartError::Refused(
            String::from_utf8_lossy(&why).into_owned(),
        )),
        _ => Err(ApartError::Stopped {
            ended: ended(status),
            space: limits.space,
            seconds: limits.seconds,
        }),
    }
}

/// Hands the order and the file over. A converter that has ended hears nothing; its status says why.
fn tell(child: &mut Child, order: &[u8], raw: &[u8]) -> std::io::Result<()> {
    let Some(mut stdin) = child.stdin.take() else {
        return Ok(());
    };
    match stdin.write_all(order).and_then(|()| stdin.write_all(raw)) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        told => told,
    }
}

/// What it answers: the first byte, and what follows.
fn hear(child: &mut Child) -> std::io::Result<(Option<u8>, Vec<u8>)> {
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    if let Some(mut stdout) = child.stdout.take() {
        stdout.by_ref().take(1).read_to_end(&mut first)?;
        stdout.read_to_end(&mut rest)?;
    }
    Ok((first.first().copied(), rest))
}

fn ended(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("signal {signal}"),
        None => status.to_string(),
    }
}

/// Becomes the converter where this process was started as one, and returns its exit code. `None` where this is an
/// ordinary run.
pub fn become_converter() -> Option<ExitCode> {
    let limits = std::env::var_os(LIMITS)?;
    let done = serde_json::from_slice::<Limits>(limits.as_bytes())
        .map_err(std::io::Error::from)
        .and_then(|limits| Ok(limits.set()?))
        .and_then(|()| serve());
    match done {
        Ok(()) => Some(ExitCode::SUCCESS),
        // The one who started it sees by the exit code that there is no whole answer.
        Err(error) => {
            tracing::error!(%error, "the conversion could not be made");
            Some(ExitCode::FAILURE)
        }
    }
}

/// Reads an order and a file from standard input, and answers on standard output.
fn serve() -> std::io::Result<()> {
    let mut given = Vec::new();
    std::io::stdin().lock().read_to_end(&mut given)?;
    let end = given
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(given.len());
    let (order, raw) = given.split_at(end);
    let raw = raw.get(1..).unwrap_or_default();
    let made = match serde_json::from_slice(order)? {
        Order::Pdfa(order) => converted(raw, order),
        Order::Png => pictures::unpacked(raw).map_err(|error| error.to_string()),
    };
    let mut stdout = std::io::stdout().lock();
    match made {
        Ok(bytes) => {
            stdout.write_all(&[DONE])?;
            stdout.write_all(&bytes)?;
        }
        Err(why) => {
            stdout.write_all(&[REFUSED])?;
            stdout.write_all(why.as_bytes())?;
        }
    }
    stdout.flush()
}

/// The PDF as PDF/A, or why it cannot honestly be one.
fn converted(raw: &[u8], order: PdfaOrder) -> Result<Vec<u8>, String> {
    let options = PdfaOptions {
        flavour: order.flavour,
        title: order.title,
        language: order.language,
        source: order.source,
        created: order.created,
        producer: order.producer,
        files: Vec::new(),
        with_margins: false,
    };
    let lost = pdfa::losses(raw).map_err(|error| error.to_string())?;
    if !lost.is_empty() {
        return Err(format!("PDF/A would leave out: {}", lost.join(", ")));
    }
    match pdfa::convert(raw, &options) {
        Ok(converted) => Ok(converted.bytes),
        Err(error) => Err(error.to_string()),
    }
}
