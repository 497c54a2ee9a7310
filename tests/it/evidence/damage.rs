//! Damage of every kind to a store, each found under its code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::evidence::{codes, flip, set, tool, with_capture};
use crate::support::Archive;

type Damage<'a> = (&'a str, Box<dyn Fn(&Path) + 'a>, i32, &'a [&'a str]);

/// Damages a copy of the archive and gives what `verify` says of it.
fn damaged(archive: &Archive, damage: impl FnOnce(&Path)) -> (i32, BTreeSet<String>) {
    let copy = tempfile::tempdir().expect("a temporary directory");
    let status = Command::new("cp")
        .args(["-a", "--"])
        .arg(archive.path().join("store"))
        .arg(copy.path())
        .status()
        .expect("cp runs");
    assert!(status.success());
    damage(&copy.path().join("store"));
    codes(copy.path(), &[])
}

#[test]
fn every_damage_to_a_unit_is_found() {
    let (archive, capture) = with_capture();
    let inner = capture
        .strip_prefix(archive.path().join("store"))
        .unwrap()
        .to_owned();
    let at = |store: &Path, name: &str| store.join(&inner).join(name);
    let cases: Vec<Damage<'_>> = vec![
        (
            "bit flip in a picture",
            Box::new(|s| flip(&at(s, "units/000000/page.pdf"), 4)),
            1,
            &["E101"],
        ),
        (
            "bit flip in the salt",
            Box::new(|s| {
                fs::write(at(s, "units/000001/salt"), format!("{}\n", "0".repeat(64))).unwrap();
            }),
            1,
            &["E101"],
        ),
        (
            "truncation",
            Box::new(|s| fs::write(at(s, "units/000001/page.txt"), b"V").unwrap()),
            1,
            &["E101"],
        ),
        (
            "emptied",
            Box::new(|s| fs::write(at(s, "units/000001/page.txt"), b"").unwrap()),
            1,
            &["E101"],
        ),
        (
            "file deleted",
            Box::new(|s| fs::remove_file(at(s, "units/000001/page.txt")).unwrap()),
            1,
            &["E102"],
        ),
        (
            "file added",
            Box::new(|s| fs::write(at(s, "units/000001/extra.txt"), b"x").unwrap()),
            1,
            &["E103"],
        ),
        (
            "hidden file added",
            Box::new(|s| fs::write(at(s, "units/000001/.x"), b"x").unwrap()),
            1,
            &["E004", "E103"],
        ),
        (
            "directory added",
            Box::new(|s| fs::create_dir(at(s, "units/000001/sub")).unwrap()),
            1,
            &["E002"],
        ),
        (
            "file swapped",
            Box::new(|s| {
                let (one, other) = (
                    at(s, "units/000001/page.txt"),
                    at(s, "units/000001/dom.html"),
                );
                let bytes = fs::read(&one).unwrap();
                fs::copy(&other, &one).unwrap();
                fs::write(&other, bytes).unwrap();
            }),
            1,
            &["E101"],
        ),
        (
            "symbolic link",
            Box::new(|s| {
                let path = at(s, "units/000001/page.txt");
                fs::rename(&path, s.join("../page.txt")).unwrap();
                std::os::unix::fs::symlink(s.join("../page.txt"), &path).unwrap();
            }),
            1,
            &["E003", "E102"],
        ),
        (
            "pipe",
            Box::new(|s| {
                let path = at(s, "units/000001/page.txt");
                fs::remove_file(&path).unwrap();
                assert!(tool("mkfifo", &[path.to_str().unwrap()], s).0);
            }),
            1,
            &["E003", "E102"],
        ),
        (
            "unit deleted",
            Box::new(|s| fs::remove_dir_all(at(s, "units/000001")).unwrap()),
            1,
            &["E201"],
        ),
        (
            "unit emptied",
            Box::new(|s| {
                fs::remove_dir_all(at(s, "units/000001")).unwrap();
                fs::create_dir(at(s, "units/000001")).unwrap();
            }),
            1,
            &["E008"],
        ),
        (
            "unit copied",
            Box::new(|s| {
                assert!(
                    tool(
                        "cp",
                        &[
                            "-a",
                            at(s, "units/000001").to_str().unwrap(),
                            at(s, "units/000009").to_str().unwrap()
                        ],
                        s
                    )
                    .0
                );
            }),
            1,
            &["E203"],
        ),
        (
            "units swapped",
            Box::new(|s| {
                fs::rename(at(s, "units/000000"), s.join("x")).unwrap();
                fs::rename(at(s, "units/000001"), at(s, "units/000000")).unwrap();
                fs::rename(s.join("x"), at(s, "units/000001")).unwrap();
            }),
            1,
            &["E104"],
        ),
        (
            "manifest with CRLF",
            Box::new(|s| {
                let path = at(s, "units/000001/unit.sha256");
                let text = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
                fs::write(path, text).unwrap();
            }),
            1,
            &["E005", "E104"],
        ),
        (
            "manifest line twice",
            Box::new(|s| {
                let path = at(s, "units/000001/unit.sha256");
                let text = fs::read_to_string(&path).unwrap();
                let line = text.lines().next().unwrap();
                fs::write(&path, format!("{line}\n{text}")).unwrap();
            }),
            1,
            &["E005", "E104"],
        ),
        (
            "file edited, unit manifests recomputed",
            Box::new(|s| {
                let unit = at(s, "units/000001");
                fs::write(unit.join("page.txt"), b"nytt").unwrap();
                rehash_unit(&unit);
            }),
            1,
            &["E104"],
        ),
        (
            "file edited, all manifests recomputed",
            Box::new(|s| {
                let unit = at(s, "units/000001");
                fs::write(unit.join("page.txt"), b"nytt").unwrap();
                rehash_unit(&unit);
                rehash_holder(&s.join(&inner));
            }),
            1,
            &["E305", "E306"],
        ),
        (
            "capture.json edited",
            Box::new(|s| edit(&at(s, "capture.json"), "complete", "partial")),
            1,
            &["E305"],
        ),
        (
            "capture.json deleted",
            Box::new(|s| fs::remove_file(at(s, "capture.json")).unwrap()),
            1,
            &["E008"],
        ),
        (
            "capture.sha256 deleted",
            Box::new(|s| fs::remove_file(at(s, "capture.sha256")).unwrap()),
            1,
            &["E008"],
        ),
        (
            "line removed from capture.sha256",
            Box::new(|s| {
                let path = at(s, "capture.sha256");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(
                    &path,
                    text.split_inclusive('\n').skip(1).collect::<String>(),
                )
                .unwrap();
            }),
            1,
            &["E009", "E203", "E205", "E305", "E306"],
        ),
        (
            "capture deleted",
            Box::new(|s| fs::remove_dir_all(s.join(&inner)).unwrap()),
            1,
            &["E204"],
        ),
        (
            "capture copied under another id",
            Box::new(|s| {
                let other = s.join(&inner).with_file_name("20260602T000000Z-00000000");
                assert!(
                    tool(
                        "cp",
                        &[
                            "-a",
                            s.join(&inner).to_str().unwrap(),
                            other.to_str().unwrap()
                        ],
                        s
                    )
                    .0
                );
            }),
            0,
            &["W-UNCOMMITTED"],
        ),
        (
            "capture under another account",
            Box::new(|s| {
                let other = s.join("captures/00000000-0000-4000-8000-000000000000");
                fs::create_dir(&other).unwrap();
                assert!(
                    tool(
                        "cp",
                        &[
                            "-a",
                            s.join(&inner).to_str().unwrap(),
                            other.to_str().unwrap()
                        ],
                        s
                    )
                    .0
                );
            }),
            1,
            &["E002"],
        ),
    ];
    for (name, damage, exit, expected) in cases {
        assert_eq!(damaged(&archive, damage), (exit, set(expected)), "{name}");
    }
}

/// What an insider without the key would do: both manifests of a unit anew, by stock tools.
fn rehash_unit(unit: &Path) {
    for program in ["sha256", "sha512"] {
        let command =
            format!("{program}sum -- $(ls | grep -v '^unit\\.' | LC_ALL=C sort) > unit.{program}");
        assert!(tool("sh", &["-c", &command], unit).0);
    }
}

fn rehash_holder(holder: &Path) {
    for program in ["sha256", "sha512"] {
        let command =
            format!("LC_ALL=C; {program}sum -- units/*/unit.{program} > capture.{program}");
        assert!(tool("sh", &["-c", &command], holder).0);
    }
}

#[test]
fn every_damage_to_the_log_and_the_store_is_found() {
    let (archive, _) = with_capture();
    let entry = |store: &Path, seq: u64| store.join(format!("log/entries/{seq:09}.json"));
    let cases: Vec<Damage<'_>> = vec![
        (
            "entry edited",
            Box::new(|s| edit(&entry(s, 3), "kommun-blogg", "kommun-blogX")),
            1,
            &["E006", "E301", "E302", "W-UNCOMMITTED"],
        ),
        (
            "entry edited to another valid one",
            Box::new(|s| edit(&entry(s, 3), "kommun-blogg", "kommun-blogx")),
            1,
            &["E301", "E302"],
        ),
        (
            "last entry edited",
            Box::new(|s| edit(&entry(s, 4), "manual", "closing")),
            1,
            &["E302"],
        ),
        (
            "entry with CRLF",
            Box::new(|s| edit(&entry(s, 4), "\n", "\r\n")),
            1,
            &["E302"],
        ),
        (
            "entry with a duplicate key",
            Box::new(|s| edit(&entry(s, 4), "{", "{\"v\":1,")),
            1,
            &["E006", "E302", "W-UNCOMMITTED"],
        ),
        (
            "tail removed",
            Box::new(|s| fs::remove_file(entry(s, 4)).unwrap()),
            1,
            &["E304", "W-UNCOMMITTED"],
        ),
        (
            "entry removed in the middle",
            Box::new(|s| fs::remove_file(entry(s, 2)).unwrap()),
            1,
            &["E206", "E304", "W-UNCOMMITTED"],
        ),
        (
            "entries swapped",
            Box::new(|s| {
                fs::rename(entry(s, 3), s.join("x")).unwrap();
                fs::rename(entry(s, 4), entry(s, 3)).unwrap();
                fs::rename(s.join("x"), entry(s, 4)).unwrap();
            }),
            1,
            &["E206", "E301", "E302", "E307"],
        ),
        (
            "entry twice",
            Box::new(|s| {
                fs::copy(entry(s, 4), entry(s, 5)).unwrap();
            }),
            1,
            &["E206", "E211", "E301", "W-UNSIGNED"],
        ),
        (
            "checkpoint removed",
            Box::new(|s| fs::remove_file(s.join("log/checkpoint")).unwrap()),
            1,
            &["E008"],
        ),
        (
            "checkpoint of another size",
            Box::new(|s| edit(&s.join("log/checkpoint"), "\n5\n", "\n4\n")),
            1,
            &["E303"],
        ),
        (
            "public key changed",
            Box::new(|s| edit(&s.join("keys/log.pub.pem"), "MCow", "MCoX")),
            1,
            &["E311"],
        ),
        (
            "verifier key changed",
            Box::new(|s| edit(&s.join("keys/log.vkey"), "+", "-")),
            1,
            &["E311"],
        ),
        (
            "policy edited",
            Box::new(|s| {
                let policy = fs::read_dir(s.join("policies"))
                    .unwrap()
                    .next()
                    .unwrap()
                    .unwrap()
                    .path();
                flip(&policy, 10);
            }),
            1,
            &["E107"],
        ),
        (
            "policy removed",
            Box::new(|s| {
                let policy = fs::read_dir(s.join("policies"))
                    .unwrap()
                    .next()
                    .unwrap()
                    .unwrap()
                    .path();
                fs::remove_file(policy).unwrap();
            }),
            1,
            &["E210"],
        ),
        (
            "declaration changed",
            Box::new(|s| fs::write(s.join("0=bevara_store_1"), "bevara_store_2\n").unwrap()),
            1,
            &["E001"],
        ),
        (
            "file added in the store",
            Box::new(|s| fs::write(s.join("notes.txt"), "x").unwrap()),
            1,
            &["E002"],
        ),
        (
            "file added among the captures",
            Box::new(|s| fs::write(s.join("captures/notes.txt"), "x").unwrap()),
            1,
            &["E002"],
        ),
        (
            "link among the captures",
            Box::new(|s| {
                std::os::unix::fs::symlink(
                    "/etc",
                    s.join("captures/00000000-0000-4000-8000-000000000000"),
                )
                .unwrap();
            }),
            1,
            &["E003"],
        ),
        (
            "half-written file",
            Box::new(|s| fs::write(s.join("log/checkpoint.tmp"), "x").unwrap()),
            0,
            &["W-UNCOMMITTED"],
        ),
        (
            "hard link",
            Box::new(|s| fs::hard_link(s.join("keys/log.vkey"), s.join("../other")).unwrap()),
            0,
            &["N002"],
        ),
    ];
    for (name, damage, exit, expected) in cases {
        assert_eq!(damaged(&archive, damage), (exit, set(expected)), "{name}");
    }
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("the file");
    assert!(text.contains(from), "{}: {text}", path.display());
    fs::write(path, text.replacen(from, to, 1)).expect("the file is writable");
}
