//! Mutated exports and phones' pictures: whatever the bytes, an importer gives posts or an error that names the place, a
//! picture is one or refused, never a panic, in bounded time, and twice the same. A few mutations of every seed run always; `./scripts/fuzz` runs them for as long as asked.
//! Findings lie in `fixtures/fuzz/<target>/` and are read again by every run.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bevara::model::digest::Sha256Hex;
use bevara::model::id::AccountId;
use bevara::platform::{ALL, Container, Item, Limits, Source, importer_for};
use sha2::{Digest as _, Sha256};

use crate::platforms::{file_names, fixture, tarred, zipped};
use crate::support::repository;

/// Target that mutates archives instead of what is in them.
const CONTAINER: &str = "container";
/// Target of pictures from phones.
const PICTURE: &str = "heic";
/// Longest time that a few kilobytes may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A generator of pseudo-random numbers (splitmix64), so that a run can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % (most.max(1) as u64)).unwrap()
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }
}

/// Files by name: what a folder holds.
type Files = BTreeMap<String, Vec<u8>>;

fn seeds(target: &str) -> Vec<Files> {
    if target == CONTAINER {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let folder = fixture("mastodon/kommunkonto");
        zipped(&folder, &at("a.zip"));
        tarred(&folder, "", std::fs::File::create(at("a.tar")).unwrap());
        let level = flate2::Compression::default();
        let gzip = std::fs::File::create(at("a.tar.gz")).unwrap();
        tarred(&folder, "./", flate2::write::GzEncoder::new(gzip, level));
        return ["a.zip", "a.tar", "a.tar.gz"]
            .iter()
            .map(|name| Files::from([((*name).to_owned(), std::fs::read(at(name)).unwrap())]))
            .collect();
    }
    if target == PICTURE {
        let all = files_of(&repository().join("fixtures/heic")).into_iter();
        return all
            .filter(|(name, _)| ["heic", "avif"].iter().any(|one| name.ends_with(one)))
            .map(|file| Files::from([file]))
            .collect();
    }
    let cases = std::fs::read_dir(fixture(target)).unwrap();
    let mut folders: Vec<_> = cases
        .map(|case| case.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.iter().map(|folder| files_of(folder)).collect()
}

fn files_of(folder: &Path) -> Files {
    let names = file_names(folder);
    names
        .into_iter()
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect()
}

/// Pieces that parsers stumble over.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\\ud83d",
    b"\\u0000",
    b"<",
    b">",
    b"&",
    b"&#0;",
    b"&#x110000;",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"-->",
    b"<?",
    b"<item>",
    b"</item>",
    b"<entry>",
    b"</channel>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"\r\n",
    b"\xe2\x80\xa8",
    b"0000-00-00 00:00:00",
    b"9999-12-31T23:59:59.999999999Z",
    b"-0001-01-01T00:00:00Z",
    b"at://",
    b"https://",
    b"../",
    b"\xed\xa0\x80",
    b"\x9f\xff",
    b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"ustar",
];

fn mutate(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + 1 + random.below(64)).min(bytes.len());
        match random.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            2 => drop(bytes.drain(at.min(end)..end)),
            3 => {
                let piece = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => drop(bytes.splice(at..at, random.one(PIECES).to_vec())),
            5 => drop(bytes.splice(at.min(end)..end, random.one(PIECES).to_vec())),
            6 if random.below(8) == 0 => bytes.truncate(at),
            7 if !other.is_empty() => {
                let from = random.below(other.len());
                let to = (from + 1 + random.below(200)).min(other.len());
                bytes.splice(at..at, other[from..to].to_vec());
            }
            8 if random.below(20) == 0 => {
                let nests: [&[u8]; 5] = [b"[", b"{\"a\":", b"<a>", b"<div>", b"\x81"];
                let deep = random.one(&nests);
                let many = deep.repeat(random.below(5000));
                bytes.splice(at..at, many);
            }
            _ => {}
        }
    }
}

/// Replaces a value of a JSON document by one of another type, or swaps two.
fn mutate_json(random: &mut Random, bytes: &mut Vec<u8>) {
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return;
    };
    let mut places = Vec::new();
    pointers(&value, &mut String::new(), &mut places);
    for _ in 0..=random.below(3) {
        let copied = value
            .pointer(random.one(places.as_slice()).as_str())
            .cloned();
        let values = [
            serde_json::Value::Null,
            serde_json::json!([]),
            serde_json::json!({}),
            serde_json::json!(""),
            serde_json::json!(-1),
            serde_json::json!(1.5e300),
            serde_json::json!(true),
            serde_json::json!([[[{"id": {"id": []}}]]]),
            serde_json::json!("2026-13-45T99:99:99+99:99"),
            serde_json::json!("å".repeat(2000)),
        ];
        let new = random.one(&values);
        let new = match copied {
            Some(copied) if random.below(2) == 0 => copied,
            _ => new.clone(),
        };
        if let Some(target) = value.pointer_mut(random.one(places.as_slice()).as_str()) {
            *target = new;
        }
    }
    *bytes = value.to_string().into_bytes();
}

fn pointers(value: &serde_json::Value, path: &mut String, out: &mut Vec<String>) {
    out.push(path.clone());
    let length = path.len();
    match value {
        serde_json::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.extend(["/", &index.to_string()]);
                pointers(item, path, out);
                path.truncate(length);
            }
        }
        serde_json::Value::Object(members) => {
            for (name, item) in members {
                path.push('/');
                path.push_str(&name.replace('~', "~0").replace('/', "~1"));
                pointers(item, path, out);
                path.truncate(length);
            }
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

/// Makes every block of a CAR what its CID says again, and the links to it, so that the mutation is reached.
fn rehash(bytes: &mut [u8]) {
    for _ in 0..8 {
        let mut changed = false;
        for (start, end) in sections(bytes) {
            if end - start < 36 {
                continue;
            }
            let digest = Sha256::digest(&bytes[start + 36..end]);
            let told = bytes[start + 4..start + 36].to_vec();
            if told != digest.as_slice() {
                changed = true;
                let mut at = 0;
                while at + 32 <= bytes.len() {
                    if bytes[at..at + 32] == told {
                        bytes[at..at + 32].copy_from_slice(&digest);
                        at += 31;
                    }
                    at += 1;
                }
            }
        }
        if !changed {
            return;
        }
    }
}

/// Where the sections of a CAR after its header begin and end.
fn sections(bytes: &[u8]) -> Vec<(usize, usize)> {
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        let (mut length, mut shift) = (0_usize, 0);
        while at < bytes.len() && shift < 28 {
            let byte = bytes[at];
            at += 1;
            length |= usize::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                break;
            }
        }
        let end = at.saturating_add(length);
        if end > bytes.len() {
            break;
        }
        found.push((at, end));
        at = end;
    }
    found.into_iter().skip(1).collect()
}

/// Reads the files with the importer; what it gave as text, for comparison.
fn outcome(target: &str, files: &Files, folder: &Path) -> String {
    if target == PICTURE {
        let bytes = files.values().next().unwrap();
        return match bevara::render::pictures::unpacked(bytes) {
            Ok(png) => Sha256Hex::of(&png).to_string(),
            Err(error) => error.to_string(),
        };
    }
    let path = match files.iter().next() {
        Some((name, bytes)) if files.len() == 1 => {
            let path = folder.join(name.rsplit('/').next().unwrap());
            std::fs::write(&path, bytes).unwrap();
            path
        }
        _ => {
            let root = folder.join("export");
            for (name, bytes) in files {
                let path = root.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            root
        }
    };
    let scratch = folder.join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let format = Some(target).filter(|target| *target != CONTAINER);
    let said = read(format, &path, &scratch);
    std::fs::remove_dir_all(&scratch).unwrap();
    if path.is_dir() {
        std::fs::remove_dir_all(&path).unwrap();
    } else {
        std::fs::remove_file(&path).unwrap();
    }
    said
}

fn read(format: Option<&str>, path: &Path, scratch: &Path) -> String {
    let limits = Limits {
        entries: 1000,
        bytes: 64 * 1024 * 1024,
    };
    let run = || -> Result<String, bevara::platform::PlatformError> {
        let container = Container::open(path, scratch, limits)?;
        let importer = importer_for(&container, format)?;
        let account: AccountId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
        let source = Source {
            container: &container,
            digests: &[Sha256Hex::zero()],
            account: &account,
            address: "https://social.exempelkommun.se/@exempelkommun",
        };
        let mut said = String::new();
        let mut items = importer.read(&source)?;
        for item in &mut items {
            match item? {
                Item::Post(parsed) => {
                    said.push_str(&bevara::model::json::to_line(&parsed.post).unwrap());
                    said.push_str(&String::from_utf8_lossy(&parsed.original));
                }
                Item::Refused(refused) => said.extend([format!("{refused:?}\n")]),
            }
        }
        said.extend([format!("{:?}", items.summary())]);
        Ok(said)
    };
    run().unwrap_or_else(|error| format!("{error:?}"))
}

/// Tries one input. `Err` says what is wrong with the importer.
fn tried(target: &str, files: &Files, folder: &Path, twice: bool) -> Result<(), String> {
    let started = Instant::now();
    let run = || catch_unwind(AssertUnwindSafe(|| outcome(target, files, folder)));
    let first = run().map_err(|_panic| "it panicked".to_owned())?;
    if started.elapsed() > PATIENCE {
        return Err(format!("it took {} s", started.elapsed().as_secs()));
    }
    if twice && run().map_err(|_panic| "it panicked".to_owned())? != first {
        return Err("two readings differ".to_owned());
    }
    Ok(())
}

fn mutated(random: &mut Random, seeds: &[Files]) -> Files {
    let mut files = random.one(seeds).clone();
    let names: Vec<_> = files.keys().cloned().collect();
    let name = random.one(&names).clone();
    let others = random.one(seeds);
    let other = others.values().next().cloned().unwrap_or_default();
    let bytes = files.get_mut(&name).unwrap();
    let is = |ending: &str| name.ends_with(ending);
    if is(".json") && random.below(2) == 0 {
        mutate_json(random, bytes);
    } else if is(".car") && random.below(4) != 0 {
        let blocks = sections(bytes);
        if let Some((start, end)) = (!blocks.is_empty()).then(|| *random.one(&blocks)) {
            let at = (start + 36 + random.below(end.saturating_sub(start + 36).max(1)))
                .min(bytes.len() - 1);
            bytes[at] = u8::try_from(random.below(256)).unwrap();
            rehash(bytes);
            // The key signs another commit now.
            files.retain(|name, _| !name.ends_with("did.json"));
        }
    } else {
        mutate(random, bytes, &other);
    }
    files
}

fn targets() -> Vec<&'static str> {
    ALL.iter()
        .map(|one| one.name())
        .chain([CONTAINER, PICTURE])
        .collect()
}

fn findings(target: &str) -> PathBuf {
    repository().join("fixtures/fuzz").join(target)
}

/// Runs until `until`, or for `rounds`.
fn campaign(target: &str, seed: u64, rounds: u64, until: Option<Instant>) -> (u64, Vec<String>) {
    let (seeds, mut random) = (seeds(target), Random(seed));
    let scratch = tempfile::tempdir().unwrap();
    let (mut done, mut wrong) = (0, Vec::new());
    while done < rounds && until.is_none_or(|until| Instant::now() < until) {
        let files = mutated(&mut random, &seeds);
        if let Err(what) = tried(target, &files, scratch.path(), done % 32 == 0) {
            let digest = Sha256Hex::of(format!("{files:?}").as_bytes());
            let folder = findings(target).join(&digest.as_str()[..12]);
            for (name, bytes) in &files {
                let path = folder.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            wrong.push(format!("{target}: {what}, saved in {}", folder.display()));
            if wrong.len() >= 5 {
                break;
            }
        }
        done += 1;
    }
    (done, wrong)
}

#[test]
fn saved_findings_and_a_few_mutations_of_every_seed_hold() {
    let scratch = tempfile::tempdir().unwrap();
    for target in targets() {
        for files in seeds(target) {
            assert_eq!(
                tried(target, &files, scratch.path(), true),
                Ok(()),
                "{target}"
            );
        }
        if let Ok(cases) = std::fs::read_dir(findings(target)) {
            for case in cases {
                let files = files_of(&case.unwrap().path());
                assert_eq!(
                    tried(target, &files, scratch.path(), true),
                    Ok(()),
                    "{target}"
                );
            }
        }
        let (_, wrong) = campaign(target, 1, 60, None);
        assert_eq!(wrong, [] as [&str; 0]);
    }
}

/// `./scripts/fuzz` runs this for as long as `BEVARA_FUZZ_SECONDS` says, with `BEVARA_FUZZ_TARGET` or every target.
#[test]
#[ignore = "runs for as long as it is asked to"]
fn campaign_for_a_time() {
    let told = |name: &str| std::env::var(name).ok();
    let seconds = told("BEVARA_FUZZ_SECONDS").map_or(120, |text| text.parse().unwrap());
    let seed = told("BEVARA_FUZZ_SEED").map_or(2, |text| text.parse().unwrap());
    let wanted = told("BEVARA_FUZZ_TARGET");
    let mut all = Vec::new();
    for target in targets() {
        if wanted.as_deref().is_some_and(|wanted| wanted != target) {
            continue;
        }
        let until = Instant::now() + Duration::from_secs(seconds);
        let (done, wrong) = campaign(target, seed, u64::MAX, Some(until));
        println!(
            "{target}: {done} inputs in {seconds} s, {} findings",
            wrong.len()
        );
        all.extend(wrong);
    }
    assert_eq!(all, [] as [&str; 0]);
}
