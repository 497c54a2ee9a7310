//! The step to PDF/A against Ghostscript's, both as processes of their own on the same prints: pages and megabytes a
//! second, and the most memory held. Run by `./scripts/bench`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::panic,
    reason = "a bench starts programs, writes files of its own and prints what it measured"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bevara::render::pdfa::{self, Flavour, PdfaOptions};

/// How often each small print is converted; the middle one counts.
const TIMES: usize = 3;
/// Posts of the long print.
const POSTS: usize = 300;

/// What one conversion took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    memory_kib: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, verb, from, to] = arguments.as_slice()
        && verb == "convert"
    {
        convert(Path::new(from), Path::new(to));
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut inputs = prints();
    inputs.push(long_print(dir.path()));
    println!(
        "{:<14} {:>6} {:>7} | {:>9} {:>8} {:>8} | {:>9} {:>8} | {:>6}",
        "print", "pages", "MB", "ours ms", "ms/page", "MiB", "gs ms", "MiB", "ratio"
    );
    let (mut ours, mut theirs, mut pages, mut bytes) = (Duration::ZERO, Duration::ZERO, 0, 0);
    for input in &inputs {
        let count = page_count(input);
        let size = std::fs::metadata(input).expect("a print").len();
        let own = middle(|| run(own_command(input, dir.path())));
        let other = middle(|| run(ghostscript(input, dir.path())));
        println!(
            "{:<14} {:>6} {:>7.2} | {:>9.1} {:>8.2} {:>8} | {:>9.1} {:>8} | {:>5.1}x",
            input.file_stem().unwrap_or_default().to_string_lossy(),
            count,
            megabytes(size),
            milliseconds(own.time),
            milliseconds(own.time) / f64::from(count),
            own.memory_kib / 1024,
            milliseconds(other.time),
            other.memory_kib / 1024,
            other.time.as_secs_f64() / own.time.as_secs_f64(),
        );
        ours += own.time;
        theirs += other.time;
        pages += count;
        bytes += size;
    }
    let rate = |time: Duration| {
        (
            f64::from(pages) / time.as_secs_f64(),
            megabytes(bytes) / time.as_secs_f64(),
        )
    };
    let (own, other) = (rate(ours), rate(theirs));
    println!(
        "ours        {:>8.1} pages/s {:>6.2} MB/s, {:.2} ms/page",
        own.0,
        own.1,
        milliseconds(ours) / f64::from(pages)
    );
    println!("Ghostscript {:>8.1} pages/s {:>6.2} MB/s", other.0, other.1);
    println!(
        "ratio       {:>8.1}x (target 30x), target 10 ms/page",
        theirs.as_secs_f64() / ours.as_secs_f64()
    );
}

fn convert(from: &Path, to: &Path) {
    let raw = std::fs::read(from).expect("a print");
    let options = PdfaOptions {
        flavour: Flavour::A2u,
        title: "Mätning".to_owned(),
        language: "sv-SE".to_owned(),
        source: None,
        created: "2027-01-01T00:00:00Z".parse().expect("a time"),
        producer: "bevara bench".to_owned(),
        files: Vec::new(),
        with_margins: false,
    };
    let converted =
        pdfa::convert(&raw, &options).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    std::fs::write(to, converted.bytes).expect("the temporary directory can be written");
}

fn own_command(input: &Path, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("convert").arg(input).arg(dir.join("own.pdf"));
    command
}

fn ghostscript(input: &Path, dir: &Path) -> Command {
    let mut command = Command::new("gs");
    command
        .args([
            "-dPDFA=2",
            "-dBATCH",
            "-dNOPAUSE",
            "-dQUIET",
            "-sDEVICE=pdfwrite",
        ])
        .args([
            "-sColorConversionStrategy=RGB",
            "-dPDFACompatibilityPolicy=1",
        ])
        .arg(format!("-sOutputFile={}", dir.join("gs.pdf").display()))
        .arg(input);
    command
}

/// Runs a command to its end and watches how much memory it holds.
fn run(mut command: Command) -> Cost {
    let begun = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut memory_kib = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().expect("a child of ours") {
            break ended;
        }
        memory_kib = peak(&status).max(memory_kib);
        std::thread::park_timeout(Duration::from_micros(200));
    };
    let time = begun.elapsed();
    assert!(ended.success(), "{command:?} failed");
    Cost { time, memory_kib }
}

/// The most memory a process has held, in KiB, as the kernel tells.
fn peak(status: &Path) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn middle(mut measure: impl FnMut() -> Cost) -> Cost {
    let mut all: Vec<Cost> = (0..TIMES).map(|_| measure()).collect();
    all.sort_by_key(|cost| cost.time);
    all[TIMES / 2]
}

fn prints() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pdf");
    let mut all: Vec<PathBuf> = std::fs::read_dir(dir)
        .expect("the prints")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pdf"))
        .collect();
    all.sort();
    all
}

/// A page of posts with shadows, emoji and pictures, as the browser prints it.
fn long_print(dir: &Path) -> PathBuf {
    let mut html = "<!DOCTYPE html><html lang=sv><meta charset=utf-8><title>Lång</title><style>body{font:16px sans-serif}article{border:1px solid #ccc;border-radius:8px;padding:16px;margin:16px;min-height:320px;background:linear-gradient(#fff,#eef)}</style>".to_owned();
    for post in 1..=POSTS {
        html.extend([format!("<article><h2>Inlägg {post}</h2><p>Snöröjningen fortsätter på Åsgatan. ❄️🚜👨‍👩‍👧‍👦 <a href='https://example.se/{post}'>Läs mer</a></p><svg width=200 height=80><circle cx=40 cy=40 r=30 fill='rgba(200,30,{},.5)'/></svg></article>", post % 256)]);
    }
    let page = dir.join("long.html");
    std::fs::write(&page, html).expect("the temporary directory can be written");
    let target = dir.join("long.pdf");
    let mut command = Command::new("chromium");
    command.args([
        "--headless",
        "--disable-gpu",
        "--no-pdf-header-footer",
        "--generate-pdf-document-outline",
    ]);
    if rustix::process::geteuid().is_root() {
        command.arg("--no-sandbox");
    }
    command
        .arg(format!("--user-data-dir={}", dir.join("profile").display()))
        .arg(format!("--print-to-pdf={}", target.display()))
        .arg(&page);
    let output = command.output().expect("chromium is installed");
    assert!(target.is_file(), "no print: {output:?}");
    target
}

fn page_count(file: &Path) -> u32 {
    let output = Command::new("pdfinfo")
        .arg(file)
        .output()
        .expect("pdfinfo (poppler-utils) is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("Pages:"));
    line.and_then(|count| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("{}: {text}", file.display()))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
