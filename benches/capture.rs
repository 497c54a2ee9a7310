//! Seconds a capture takes on a short page and on a feed of 200 posts, against single-file-cli on the same pages with the
//! same browser, in the same run. Run by `./scripts/bench`, which installs single-file-cli.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench starts programs, writes files of its own and prints what it measured"
)]

#[path = "../tests/it/pages.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod pages;

/// What the server of pages asks of the tests' harness.
mod support {
    pub(crate) fn repository() -> std::path::PathBuf {
        env!("CARGO_MANIFEST_DIR").into()
    }
}

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::pages::Pages;

/// Captures of the short page in one round, where the browser is used again.
const SHORT: usize = 10;
/// Captures of the feed.
const FEED: usize = 2;
/// How often the peer may try.
const TRIES: u32 = 3;

fn main() {
    let server = Pages::start();
    for (name, path, count, target) in [
        ("short page", "/", SHORT, " (target 3x)"),
        ("200-post feed", "/feed.html", FEED, ""),
    ] {
        let urls: Vec<String> = (0..count)
            .map(|n| server.url(&format!("{path}?n={n}")))
            .collect();
        println!("{name}: seconds a capture");
        let alone = compare("alone", &urls[..1], 1);
        let round = compare(&format!("{count} in one round"), &urls, 1);
        compare(&format!("{count}, two at a time"), &urls, 2);
        if let (Some((_, theirs)), Some((ours, _))) = (alone, round) {
            println!(
                "  single-file-cli alone against bevara in one round: {:.1}x{target}",
                theirs / ours
            );
        }
    }
}

/// Ours and theirs on the same pages, so many at a time; `None` where theirs saved nothing.
fn compare(how: &str, urls: &[String], at_once: usize) -> Option<(f64, f64)> {
    let ours = each(ours(urls, at_once), urls.len());
    // It fails on a page now and then, and ends.
    let theirs = (0..TRIES).find_map(|_| theirs(urls, at_once));
    match theirs {
        Some(theirs) => println!(
            "  {how:<22} bevara {ours:>6.2}   single-file-cli {theirs:>6.2}   {:>5.1}x",
            theirs / ours
        ),
        None => println!(
            "  {how:<22} bevara {ours:>6.2}   single-file-cli saved nothing in {TRIES} tries"
        ),
    }
    theirs.map(|theirs| (ours, theirs))
}

fn each(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() / f64::from(u32::try_from(count).unwrap())
}

/// The whole program: browser, pictures, PDF/A, text, inventory, manifests and log entry.
fn ours(urls: &[String], slots: usize) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("arkiv");
    let program = env!("CARGO_BIN_EXE_bevara");
    let check = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    };
    check(
        Command::new(program)
            .arg("init")
            .arg(&archive)
            .args(["--name", "Exempelkommun", "--org-nr", "212099-9996"])
            .args([
                "--policy",
                "fixtures/policies/exempelkommun.toml",
                "--person",
                "Kim Exempel",
                "--test-archive",
                "--as-of",
                "2026-06-01",
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    );
    let config = archive.join("bevara.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let with_slots = text.replace("[capture]", &format!("[capture]\nslots = {slots}"));
    std::fs::write(&config, with_slots).unwrap();
    let list = dir.path().join("konton.csv");
    let mut rows = "Alias;Plattform;Adress\n".to_owned();
    for (number, url) in urls.iter().enumerate() {
        rows.extend([format!("konto-{number};annan;{url}\n")]);
    }
    std::fs::write(&list, rows).unwrap();
    let run = |arguments: &[&str]| {
        check(
            Command::new(program)
                .arg("--archive")
                .arg(&archive)
                .args(["--as-of", "2026-07-01"])
                .args(arguments)
                .env("BEVARA_PERSON", person(&archive)),
        );
    };
    run(&["account", "import", list.to_str().unwrap()]);
    let begun = Instant::now();
    run(&["capture", "--all", "--allow-address", "127.0.0.0/8"]);
    begun.elapsed()
}

/// The id of the archive's only person.
fn person(archive: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_bevara"))
        .arg("--archive")
        .arg(archive)
        .args(["person", "list", "--json"])
        .output()
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    document["result"]["persons"][0]["person"]
        .as_str()
        .unwrap_or_else(|| panic!("{document:#}"))
        .to_owned()
}

/// Seconds for each page that it saved; it loses some now and then, and says so. `None` where it saved none.
fn theirs(urls: &[String], workers: usize) -> Option<f64> {
    let dir = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(".tools/single-file/node_modules/.bin/single-file");
    let mut command = Command::new(program);
    command
        .arg("--browser-executable-path=/usr/bin/chromium")
        .arg("--browser-arg=--no-sandbox");
    let begun = Instant::now();
    if urls.len() > 1 {
        let file = dir.path().join("urls.txt");
        std::fs::write(&file, urls.join("\n")).unwrap();
        command
            .arg(format!("--urls-file={}", file.display()))
            .arg(format!("--max-parallel-workers={workers}"))
            .arg(format!("--output-directory={}", dir.path().display()));
    } else {
        command.arg(&urls[0]).arg(dir.path().join("page.html"));
    }
    let output = command.current_dir(dir.path()).output().unwrap();
    let time = begun.elapsed();
    let saved = std::fs::read_dir(dir.path())
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|ending| ending == "html")
        })
        .count();
    let said = String::from_utf8_lossy(&output.stderr);
    if saved < urls.len() {
        println!(
            "single-file-cli saved {saved} of {} pages: {}",
            urls.len(),
            said.lines().next().unwrap_or_default()
        );
    }
    (saved > 0).then(|| each(time, saved))
}
