//! Containers made by hand to be read wrongly: sizes of 64 bits, archives in archives, nesting without end, and many items.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::Command;

use bevara::model::digest::Sha256Hex;
use bevara::model::id::AccountId;
use bevara::platform::{ALL, Container, Importer, Item, Limits, Source, importer_for};
use serde_json::json;

use crate::containers::refusal;
use crate::platforms::fixture;
use crate::support::{Archive, is_campaign, ran};

const GIB: u64 = 1024 * 1024 * 1024;
/// What stands in a field of 32 bits whose value stands in the extra field of 64 (APPNOTE 4.5.3).
const ELSEWHERE: u32 = u32::MAX;

/// A stored entry as zip64 tells it. What the extra field says may be another than what is there.
struct Entry<'a> {
    name: &'a str,
    bytes: &'a [u8],
    /// Zeros after the bytes, which take no room on the disk.
    hole: u64,
    told: (u64, u64, u64),
}

fn extra(values: &[u64]) -> Vec<u8> {
    let length = u16::try_from(values.len() * 8).unwrap();
    let mut extra = [1_u16.to_le_bytes(), length.to_le_bytes()].concat();
    extra.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    extra
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Version 4.5, no flags, stored, no time, and what is told in 64 bits.
fn head(entry: &Entry<'_>) -> Vec<u8> {
    let mut head = [45_u16, 0, 0, 0, 0x21].map(u16::to_le_bytes).concat();
    head.extend(crc(entry.bytes).to_le_bytes());
    head.extend([ELSEWHERE.to_le_bytes(), ELSEWHERE.to_le_bytes()].concat());
    head.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
    head
}

/// Writes an archive in which every size, offset and count stands in 64 bits. `end` changes the record of the end.
fn zip64(path: &Path, entries: &[Entry<'_>], end: impl FnOnce(&mut [u64; 5])) {
    let mut file = File::create(path).unwrap();
    let mut directory = Vec::new();
    for entry in entries {
        let at = file.stream_position().unwrap();
        let real = entry.bytes.len() as u64 + entry.hole;
        let (size, packed, offset) = entry.told;
        let local = extra(&[size, packed]);
        file.write_all(b"PK\x03\x04").unwrap();
        file.write_all(&head(entry)).unwrap();
        file.write_all(&u16::try_from(local.len()).unwrap().to_le_bytes())
            .unwrap();
        file.write_all(entry.name.as_bytes()).unwrap();
        file.write_all(&local).unwrap();
        file.write_all(entry.bytes).unwrap();
        file.seek(SeekFrom::Current(i64::try_from(entry.hole).unwrap()))
            .unwrap();
        let central = extra(&[size, packed, at.wrapping_add(offset)]);
        directory.extend(b"PK\x01\x02");
        directory.extend(45_u16.to_le_bytes());
        directory.extend(head(entry));
        directory.extend(u16::try_from(central.len()).unwrap().to_le_bytes());
        // No comment, first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(ELSEWHERE.to_le_bytes());
        directory.extend(entry.name.as_bytes());
        directory.extend(central);
        assert_eq!(
            file.stream_position().unwrap(),
            at + 50 + entry.name.len() as u64 + real
        );
    }
    let start = file.stream_position().unwrap();
    file.write_all(&directory).unwrap();
    let count = entries.len() as u64;
    let record = file.stream_position().unwrap();
    // Entries on this disk and in all, length and place of the directory, place of this record.
    let mut told = [count, count, directory.len() as u64, start, record];
    end(&mut told);
    let mut last = [
        &b"PK\x06\x06"[..],
        &44_u64.to_le_bytes(),
        &[45, 0, 45, 0],
        &[0; 8],
    ]
    .concat();
    last.extend(told[..4].iter().flat_map(|value| value.to_le_bytes()));
    last.extend(
        [
            &b"PK\x06\x07"[..],
            &[0; 4],
            &told[4].to_le_bytes(),
            &1_u32.to_le_bytes(),
        ]
        .concat(),
    );
    last.extend([&b"PK\x05\x06"[..], &[0; 4], &[0xff; 12], &[0; 2]].concat());
    file.write_all(&last).unwrap();
}

fn told(name: &'static str, bytes: &'static [u8], hole: u64) -> Entry<'static> {
    let real = bytes.len() as u64 + hole;
    Entry {
        name,
        bytes,
        hole,
        told: (real, real, 0),
    }
}

#[test]
fn sizes_and_places_beyond_four_gibibytes_are_read_from_a_zip() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a.zip");
    zip64(&path, &[told("outbox.json", b"{}", 0)], |_| ());
    assert_eq!(refusal(&path), "whole");
    // At the boundary of 32 bits, and beyond it; the second entry begins there.
    for great in [
        u64::from(u32::MAX) - 1,
        u64::from(u32::MAX),
        4 * GIB,
        4 * GIB + 1,
    ] {
        zip64(
            &path,
            &[
                told("film.mp4", b"film", great - 4),
                told("outbox.json", b"{\"a\":1}", 0),
            ],
            |_| (),
        );
        let container = Container::open(&path, scratch.path(), Limits::default()).unwrap();
        let members = container.members().iter();
        let sizes: Vec<_> = members.map(|one| (one.name.as_str(), one.bytes)).collect();
        assert_eq!(sizes, [("film.mp4", great), ("outbox.json", 7)]);
        assert_eq!(container.whole(1, 100).unwrap(), b"{\"a\":1}");
        assert_eq!(container.head(0, 6).unwrap(), b"film\0\0");
        assert!(container.whole(0, 100).is_err());
        // The limits of the test, before anything is read.
        assert!(refusal(&path).contains("mer än 8388608 byte"));
    }
}

#[test]
fn a_zip_that_lies_in_64_bits_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a.zip");
    let far = u64::MAX - 10;
    let lies: [(u64, u64, u64); 7] = [
        (far, far, 0),
        (1 << 63, 2, 0),
        (2, far, 0),
        (3, 3, 0),
        (2, 2, far),
        (2, 2, 4 * GIB),
        (0, 0, u64::MAX),
    ];
    for told in lies {
        zip64(
            &path,
            &[Entry {
                name: "outbox.json",
                bytes: b"{}",
                hole: 0,
                told,
            }],
            |_| (),
        );
        assert_ne!(refusal(&path), "whole", "{told:?}");
    }
    let ends: [fn(&mut [u64; 5]); 7] = [
        |end| end[0] = 2,
        |end| end[1] = 1 << 40,
        |end| (end[0], end[1]) = (u64::MAX, u64::MAX),
        |end| (end[0], end[1]) = (0, 0),
        |end| end[3] = 4 * GIB,
        |end| end[3] = u64::MAX,
        |end| end[4] = u64::MAX - 3,
    ];
    for (number, lie) in ends.into_iter().enumerate() {
        zip64(&path, &[told("outbox.json", b"{}", 0)], lie);
        let said = refusal(&path);
        assert_ne!(said, "whole", "{number}");
    }
    // Sizes that stand elsewhere, and nothing there.
    zip64(&path, &[told("outbox.json", b"{}", 0)], |_| ());
    let mut bytes = std::fs::read(&path).unwrap();
    for at in (0..bytes.len() - 4)
        .filter(|at| bytes[*at..*at + 4] == [1, 0, 24, 0])
        .collect::<Vec<_>>()
    {
        bytes[at] = 9;
    }
    std::fs::write(&path, bytes).unwrap();
    assert_ne!(refusal(&path), "whole");
}

fn zip_of(path: &Path, entries: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// What an archive in an archive holds is not looked at; where there is nothing else, what to do is said.
#[test]
fn archives_inside_are_not_opened_and_the_reason_says_what_to_do() {
    let scratch = tempfile::tempdir().unwrap();
    let outbox = std::fs::read(fixture("mastodon/kommunkonto").join("outbox.json")).unwrap();
    let at = |name: &str| scratch.path().join(name);
    zip_of(&at("inre.zip"), &[("outbox.json", &outbox)]);
    let mut inner = std::fs::read(at("inre.zip")).unwrap();
    // Ten in one another; none but the outermost is opened.
    for number in 0..10 {
        let path = at(&format!("{number}.zip"));
        zip_of(&path, &[("inre.zip", &inner)]);
        inner = std::fs::read(&path).unwrap();
    }
    for outer in ["0.zip", "9.zip"] {
        let open = tempfile::tempdir().unwrap();
        let container = Container::open(&at(outer), open.path(), Limits::default()).unwrap();
        let said = importer_for(&container, None).unwrap_err().to_string();
        assert_eq!(
            said,
            format!(
                "{outer} rymmer arkiv (inre.zip), som inte öppnas: packa upp det och ta in det som ligger i"
            )
        );
        assert_eq!(std::fs::read_dir(open.path()).unwrap().count(), 0);
    }
    // Beside an export it is one more file.
    zip_of(
        &at("bada.zip"),
        &[("outbox.json", &outbox), ("inre.zip", &inner)],
    );
    let open = tempfile::tempdir().unwrap();
    let container = Container::open(&at("bada.zip"), open.path(), Limits::default()).unwrap();
    assert_eq!(importer_for(&container, None).unwrap().name(), "mastodon");
}

/// Reads a file as a format, to its end; `None` where all of it was refused.
fn read_as(importer: &dyn Importer, path: &Path) -> Option<Vec<String>> {
    let scratch = tempfile::tempdir().unwrap();
    let container = Container::open(path, scratch.path(), Limits::default()).ok()?;
    let account: AccountId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let source = Source {
        container: &container,
        digests: &[Sha256Hex::zero()],
        account: &account,
        address: "https://exempelkoping.example/",
    };
    let mut reasons = Vec::new();
    for item in importer.read(&source).ok()? {
        match item.ok()? {
            Item::Refused(refused) => reasons.push(refused.reason),
            Item::Post(_) => {}
        }
    }
    Some(reasons)
}

#[test]
fn nesting_without_end_is_refused_by_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let deep =
        |open: &str, close: &str, count: usize| open.repeat(count) + "1" + &close.repeat(count);
    let (lists, objects) = (deep("[", "]", 20_000), deep("{\"a\":", "}", 20_000));
    let answers = deep("{\"replies\":[{\"post\":", "}]}", 10_000);
    let elements = deep("<b>", "</b>", 20_000);
    let cbor = {
        // A header of a CAR: 200 lists in one another, and their length before them.
        let mut bytes = vec![0xc9, 0x01];
        bytes.extend(vec![0x81; 200]);
        bytes.push(0xf6);
        bytes
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, value) in [("listor", &lists), ("objekt", &objects), ("svar", &answers)] {
        for (form, text) in [
            ("ensam", value.clone()),
            ("lista", format!("[{value}]")),
            (
                "fält",
                format!(
                    "{{\"statuses\":{value},\"items\":{value},\"orderedItems\":[{value}],\"data\":[{value}]}}"
                ),
            ),
            (
                "js",
                format!("window.YTD.tweets.part0 = [{{\"tweet\":{value}}}]"),
            ),
        ] {
            files.push((format!("{name}-{form}.json"), text.into_bytes()));
        }
    }
    let rss =
        "<rss version='2.0' xmlns:wp='http://wordpress.org/export/1.2/'><channel><title>T</title>";
    files.push((
        "rss.xml".to_owned(),
        format!("{rss}<item><wp:post_type>post</wp:post_type>{elements}</item></channel></rss>")
            .into_bytes(),
    ));
    files.push((
        "huvud.xml".to_owned(),
        format!("{rss}{elements}<item></item></channel></rss>").into_bytes(),
    ));
    files.push((
        "atom.xml".to_owned(),
        format!("<feed xmlns='http://www.w3.org/2005/Atom'><entry>{elements}</entry></feed>")
            .into_bytes(),
    ));
    files.push(("sida.html".to_owned(), format!("<html><body><script type=\"application/ld+json\">{objects}</script>{elements}</body></html>").into_bytes()));
    // As deep as a page may be.
    let entries = deep(
        "<div class='h-entry' itemscope itemprop='comment'>",
        "</div>",
        4_000,
    );
    files.push((
        "djup.html".to_owned(),
        format!("<html><body>{entries}</body></html>").into_bytes(),
    ));
    files.push(("a.car".to_owned(), cbor));
    let mut reasons = std::collections::BTreeSet::new();
    for (name, bytes) in &files {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        for importer in ALL {
            // Nothing panics, runs out of stack or takes long; no format finds a post in it.
            let began = std::time::Instant::now();
            reasons.extend(read_as(*importer, &path).into_iter().flatten());
            assert!(
                began.elapsed().as_secs() < 20,
                "{name} as {}",
                importer.name()
            );
        }
    }
    let said = |what: &str| reasons.iter().any(|reason| reason.contains(what));
    assert!(
        said("värden ligger mer än 128 nivåer djupt"),
        "{reasons:#?}"
    );
    assert!(
        said("XML-element ligger mer än 64 nivåer djupt"),
        "{reasons:#?}"
    );
    let car = dir.path().join("a.car");
    let open = tempfile::tempdir().unwrap();
    let container = Container::open(&car, open.path(), Limits::default()).unwrap();
    let account: AccountId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let source = Source {
        container: &container,
        digests: &[Sha256Hex::zero()],
        account: &account,
        address: "",
    };
    let bluesky = ALL.iter().find(|one| one.name() == "bluesky").unwrap();
    let error = bluesky.read(&source).err().unwrap().to_string();
    assert!(
        error.contains("värden ligger mer än 64 nivåer djupt"),
        "{error}"
    );
}

/// One in a hundred can be read; the rest are refused, so that few units are written. The campaign reads them all.
#[test]
fn twenty_thousand_items_are_taken_in_with_less_memory_than_the_file_takes() {
    let archive = Archive::with_policy("2026-06-01", "torsby");
    archive.add_account(
        "2026-06-01",
        "m",
        "mastodon",
        "https://social.exempelkommun.se/@exempelkommun",
    );
    let path = archive.beside().join("statuses.json");
    let mut file = std::io::BufWriter::new(File::create(&path).unwrap());
    let good = |number: usize| is_campaign() || number.is_multiple_of(100);
    let account = json!({"id": "1", "acct": "exempelkommun", "username": "exempelkommun", "note": "x".repeat(1500),
        "url": "https://social.exempelkommun.se/@exempelkommun"});
    let text = "Hej på er alla i kommunen! ".repeat(150);
    let rest = format!(
        r#""content":"<p>{text}</p>","created_at":"2026-05-01T10:00:00.000Z","account":{account}}}"#
    );
    for number in 0..20_000 {
        let sign = if number == 0 { '[' } else { ',' };
        write!(file, r#"{sign}{{"id":"{number}","visibility":"public","#).unwrap();
        if good(number) {
            write!(
                file,
                r#""uri":"https://social.exempelkommun.se/users/exempelkommun/statuses/{number}","#
            )
            .unwrap();
        }
        file.write_all(rest.as_bytes()).unwrap();
    }
    write!(file, "]").unwrap();
    file.into_inner().unwrap();
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert!(bytes > 110_000_000, "{bytes}");
    // 80 MB for everything that the program holds (RLIMIT_DATA, in KiB).
    let plain = archive.command(
        "2026-06-02",
        &["ingest", "m", path.to_str().unwrap(), "--json"],
    );
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "ulimit -d 80000 && exec \"$0\" \"$@\""])
        .arg(plain.get_program())
        .args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let done = ran(&mut limited).result();
    let read = (0..20_000).filter(|number| good(*number)).count();
    assert_eq!(
        (&done["claimed"], &done["added"]),
        (&json!(20_000), &json!(read))
    );
}
