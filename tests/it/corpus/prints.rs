//! Pages of the corpus as the browser itself prints them, without the capture engine, made PDF/A of every flavour: judged
//! by veraPDF, and compared with the untouched print by poppler, text and pixels.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use bevara::render::pdfa::{self, Flavour};

use crate::corpus::{is_elsewhere, list, random};
use crate::render::{fidelity, options};
use crate::support::{is_campaign, repository};
use crate::validators;

const FLAVOURS: [(Flavour, &str); 5] = [
    (Flavour::A2u, "2u"),
    (Flavour::A2b, "2b"),
    (Flavour::A2a, "2a"),
    (Flavour::A3u, "3u"),
    (Flavour::A4, "4"),
];

/// Pages printed in an ordinary run: those whose prints break the most rules.
const DRAWN: [&str; 7] = [
    "emoji",
    "missing-glyphs",
    "controls",
    "fonts-broken",
    "fonts-icons",
    "paint",
    "huge-strings",
];

/// Seeds printed beside them: so many, or so many in the campaign.
const SEEDS: [u64; 2] = [2, 100];

/// Pages that never end, or die.
const UNPRINTABLE: [&str; 3] = ["crash", "moves-on", "tall-250000"];

#[test]
fn prints_become_every_flavour_and_lose_nothing() {
    if is_elsewhere(&["BEVARA_CORPUS", "BEVARA_SEED"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut files = vec![Vec::new(); FLAVOURS.len()];
    let mut accessible = Vec::new();
    for (name, page) in pages(dir.path()) {
        let raw = dir.path().join(format!("{name}.raw.pdf"));
        if !print(&page, &raw, &dir.path().join("profile")) {
            println!("{name}: not printed within a minute");
            continue;
        }
        let bytes = std::fs::read(&raw).unwrap();
        for (index, (flavour, level)) in FLAVOURS.iter().enumerate() {
            let done = dir.path().join(format!("{name}.{level}.pdf"));
            match pdfa::convert(&bytes, &options(*flavour)) {
                Ok(converted) => {
                    std::fs::write(&done, converted.bytes).unwrap();
                    if converted.is_accessible {
                        accessible.push(done.clone());
                    }
                    if index == 0 {
                        let what = changed(&raw, &done, converted.missing_glyphs);
                        if what.is_some() {
                            keep(&[&raw, &done]);
                        }
                        wrong.extend(what.map(|what| format!("{name}: {what}")));
                    } else if fidelity::text(&raw) != fidelity::text(&done) {
                        wrong.push(format!("{name} {level}: another text"));
                    }
                    files[index].push(done);
                }
                Err(error) => wrong.push(format!("{name} {level}: {error}")),
            }
        }
    }
    println!(
        "{} of {} say that they are accessible",
        accessible.len(),
        files[0].len()
    );
    let judged = FLAVOURS.iter().map(|(_, level)| *level).zip(&files);
    for (level, files) in judged.chain([("ua1", &accessible)]) {
        for verdict in validators::verapdf(files, level).unwrap_or_default() {
            if !verdict.compliant {
                wrong.push(format!("{}: {:?}", verdict.file.display(), verdict.failed));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Leaves files in `target/corpus` to be looked at.
fn keep(files: &[&Path]) {
    let dir = repository().join("target/corpus");
    std::fs::create_dir_all(&dir).unwrap();
    for file in files {
        std::fs::copy(file, dir.join(file.file_name().unwrap())).unwrap();
    }
}

/// What conversion changed that is read or seen.
fn changed(raw: &Path, done: &Path, missing_glyphs: usize) -> Option<String> {
    let (before, after) = (fidelity::text(raw), fidelity::text(done));
    if before != after {
        let at = before
            .chars()
            .zip(after.chars())
            .take_while(|(one, other)| one == other)
            .count();
        let near = |text: &str| {
            text.chars()
                .skip(at.saturating_sub(10))
                .take(40)
                .collect::<String>()
        };
        return Some(format!("{:?} became {:?}", near(&before), near(&after)));
    }
    // Coordinates of 39 digits are no pixels to anybody: poppler draws such a shape only once they are clamped.
    if has_endless_numbers(raw) {
        return None;
    }
    let seen = seen(raw, done);
    if seen.is_within(missing_glyphs) {
        return None;
    }
    // Numbers are written to single precision, which is more than any reader is asked for (ISO 32000-1, annex C); poppler
    // draws a tile of a pattern anew from another pixel at a millionth of a point.
    let rounded = done.with_extension("rounded.pdf");
    lopdf::Document::load(raw).unwrap().save(&rounded).unwrap();
    let seen = self::seen(&rounded, done);
    (!seen.is_within(missing_glyphs)).then(|| format!("{seen:?}; {missing_glyphs} missing glyphs"))
}

/// What the eye sees otherwise.
#[derive(Debug)]
struct Seen {
    /// Pages before and after.
    pages: [usize; 2],
    /// Pixels that differ.
    differing: usize,
    /// Most pixels of a page that differ by much.
    strange: usize,
}

impl Seen {
    fn is_within(&self, missing_glyphs: usize) -> bool {
        let [before, after] = self.pages;
        before == after && self.strange <= 30 && self.differing <= missing_glyphs * 200 + 200
    }
}

fn seen(before: &Path, after: &Path) -> Seen {
    let pictures = |file: &Path| {
        let dir = tempfile::tempdir().unwrap();
        fidelity::pixels(file, dir.path())
    };
    let (before, after) = (pictures(before), pictures(after));
    let mut seen = Seen {
        pages: [before.len(), after.len()],
        differing: 0,
        strange: 0,
    };
    for (one, other) in before.iter().zip(&after) {
        let (differing, unlike) = fidelity::differences(one, other);
        seen.differing += differing;
        seen.strange = unlike.max(seen.strange);
    }
    seen
}

/// Whether a print has numbers of forty digits, as qpdf shows its content.
fn has_endless_numbers(raw: &Path) -> bool {
    let output = Command::new("qpdf")
        .args(["--qdf", "--object-streams=disable"])
        .arg(raw)
        .arg("-")
        .output()
        .expect("qpdf is installed");
    output
        .stdout
        .split(u8::is_ascii_whitespace)
        .any(|word| word.len() >= 30 && word.iter().all(|byte| b"-0123456789".contains(byte)))
}

/// Names and files of the pages to print; those from seeds are written into `dir`.
fn pages(dir: &Path) -> Vec<(String, PathBuf)> {
    let corpus = repository().join("fixtures/pages/corpus");
    let mut all: Vec<(String, PathBuf)> = list::all()
        .into_iter()
        .filter(|page| DRAWN.contains(&page.id.as_str()) || is_campaign())
        .filter(|page| !UNPRINTABLE.contains(&page.id.as_str()))
        .filter_map(|page| {
            let file = corpus.join(page.address.strip_prefix("/corpus/")?);
            Some((page.id, file))
        })
        .collect();
    let base = format!("{}/", corpus.display());
    for seed in 1..=SEEDS[usize::from(is_campaign())] {
        let (page, html) = random::page(seed);
        let file = dir.join(format!("{}.html", page.id));
        std::fs::write(&file, html.replace("/corpus/", &base)).unwrap();
        all.push((page.id, file));
    }
    all
}

/// Prints a file by the browser alone; `false` where it has not come to an end in a minute.
fn print(page: &Path, target: &Path, profile: &Path) -> bool {
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
    let mut browser = command
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--print-to-pdf={}", target.display()))
        .arg(page)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromium is installed");
    let begun = Instant::now();
    while browser.try_wait().unwrap().is_none() {
        if begun.elapsed().as_secs() >= 60 {
            for process in crate::processes::family(profile) {
                crate::processes::kill(process.pid);
            }
            browser.wait().unwrap();
            return false;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    target.is_file()
}
