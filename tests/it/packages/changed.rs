//! One change at a time to a package: found by `verify` under its code and by a line of `VERIFIERA.txt` that names it.

use std::fs;
use std::path::Path;

use crate::evidence::{codes, flip, set, tool};
use crate::packages::{commands, delivered, follow};

struct Change<'a> {
    name: &'a str,
    make: Box<dyn Fn(&Path) + 'a>,
    exit: i32,
    codes: &'a [&'a str],
    /// What the shell's output must name.
    named: &'a str,
}

fn change<'a>(
    name: &'a str,
    make: impl Fn(&Path) + 'a,
    (exit, codes): (i32, &'a [&'a str]),
    named: &'a str,
) -> Change<'a> {
    Change {
        name,
        make: Box::new(make),
        exit,
        codes,
        named,
    }
}

/// The first path below `bag/data` that `find` gives for these arguments.
fn first(package: &Path, args: &[&str]) -> String {
    let mut all = vec!["bag/data"];
    all.extend(args);
    let found = tool("find", &all, package).1;
    let mut lines: Vec<&str> = found.lines().collect();
    lines.sort_unstable();
    (*lines.first().expect("a file")).to_owned()
}

/// What somebody without the key can do: all of the bag's manifests anew, by stock tools.
fn rehash(package: &Path) {
    for program in ["sha256", "sha512"] {
        let command = format!(
            "LC_ALL=C; export LC_ALL; find data -type f | sort | xargs {program}sum > manifest-{program}.txt"
        );
        assert!(tool("sh", &["-c", &command], &package.join("bag")).0);
    }
    for program in ["sha256", "sha512"] {
        let command = format!(
            "{program}sum bag-info.txt bagit.txt manifest-sha256.txt manifest-sha512.txt > tagmanifest-{program}.txt"
        );
        assert!(tool("sh", &["-c", &command], &package.join("bag")).0);
    }
}

#[test]
fn every_change_to_a_package_is_found_and_named() {
    let delivered = delivered();
    let package = &delivered.package;
    let picture = first(package, &["-name", "page.pdf"]);
    let item = first(package, &["-name", "item.json"]);
    let unit = item.rsplit_once('/').expect("a directory").0.to_owned();
    let list = first(package, &["-name", "capture.sha256"]);
    let entry = "bag/data/log/entries/000000003.json";
    let replace = |path: &str, from: &str, to: &str| {
        let (path, from, to) = (path.to_owned(), from.to_owned(), to.to_owned());
        move |p: &Path| {
            let text = fs::read_to_string(p.join(&path)).unwrap();
            assert!(text.contains(&from), "{path}");
            fs::write(p.join(&path), text.replacen(&from, &to, 1)).unwrap();
        }
    };
    let changes = [
        change(
            "a byte of a picture",
            |p| flip(&p.join(&picture), 2),
            (1, &["E101", "E403"]),
            "page.pdf",
        ),
        change(
            "a byte of a post",
            |p| flip(&p.join(&item), 9),
            (1, &["E101", "E403"]),
            "item.json",
        ),
        change(
            "a post truncated",
            |p| fs::write(p.join(&item), "{").unwrap(),
            (1, &["E101", "E403", "E406"]),
            "item.json",
        ),
        change(
            "a post removed",
            |p| fs::remove_file(p.join(&item)).unwrap(),
            (1, &["E102", "E405", "E406"]),
            "item.json",
        ),
        change(
            "a unit removed",
            |p| fs::remove_dir_all(p.join(&unit)).unwrap(),
            (1, &["E201", "E405", "E406"]),
            "item.json",
        ),
        change(
            "a file added to a unit",
            |p| fs::write(p.join(&unit).join("x"), "x").unwrap(),
            (1, &["E103", "E404", "E406"]),
            "/x",
        ),
        change(
            "a file added to the payload",
            |p| fs::write(p.join("bag/data/x"), "x").unwrap(),
            (1, &["E002", "E404", "E406"]),
            "data/x",
        ),
        change(
            "a tag file added",
            |p| fs::write(p.join("bag/fetch.txt"), "x").unwrap(),
            (1, &["E404"]),
            "fetch.txt",
        ),
        change(
            "a file added beside the bag",
            |p| fs::write(p.join("x"), "x").unwrap(),
            (1, &["E002"]),
            "x",
        ),
        change(
            "a link in the payload",
            |p| {
                let moved = p.join("../moved.pdf");
                fs::rename(p.join(&picture), &moved).unwrap();
                std::os::unix::fs::symlink(moved, p.join(&picture)).unwrap();
            },
            (1, &["E003", "E102", "E405", "E406"]),
            "page.pdf",
        ),
        change(
            "a tag file changed",
            replace("bag/bag-info.txt", "Exempelkommun", "Exempelkommuñ"),
            (1, &["E403"]),
            "bag-info.txt",
        ),
        change(
            "a tag file removed",
            |p| fs::remove_file(p.join("bag/bag-info.txt")).unwrap(),
            (1, &["E405"]),
            "bag-info.txt",
        ),
        change(
            "a manifest removed",
            |p| fs::remove_file(p.join("bag/manifest-sha512.txt")).unwrap(),
            (1, &["E402", "E405"]),
            "manifest-sha512.txt",
        ),
        change(
            "a tag manifest emptied",
            |p| fs::write(p.join("bag/tagmanifest-sha256.txt"), "").unwrap(),
            (1, &["E402", "E409"]),
            "tagmanifest-sha256.txt",
        ),
        change(
            "both tag manifests removed",
            |p| {
                fs::remove_file(p.join("bag/tagmanifest-sha256.txt")).unwrap();
                fs::remove_file(p.join("bag/tagmanifest-sha512.txt")).unwrap();
            },
            (1, &["E402", "E404", "E409"]),
            "tagmanifest-sha256.txt",
        ),
        change(
            "a manifest with CRLF",
            replace("bag/manifest-sha256.txt", "\n", "\r\n"),
            (1, &["E402", "E403"]),
            "manifest-sha256.txt",
        ),
        change(
            "the seal changed",
            replace("SEAL.txt", "size: ", "size: 1"),
            (1, &["E408", "E409"]),
            "SEAL.txt",
        ),
        change(
            "the signature changed",
            |p| flip(&p.join("SEAL.sig"), 40),
            (1, &["E408"]),
            "SEAL.sig",
        ),
        change(
            "the seal removed",
            |p| fs::remove_file(p.join("SEAL.txt")).unwrap(),
            (4, &["E411"]),
            "SEAL.txt",
        ),
        change(
            "the key changed",
            replace("log.pub.pem", "MCow", "MCoX"),
            (1, &["E311"]),
            "log.pub.pem",
        ),
        change(
            "a post removed, the bag made anew",
            |p| {
                fs::remove_dir_all(p.join(&unit)).unwrap();
                rehash(p);
            },
            (1, &["E201", "E406", "E409"]),
            "tagmanifest-sha256.txt",
        ),
        change(
            "a post edited, the bag made anew",
            |p| {
                fs::write(p.join(&item), "{}").unwrap();
                rehash(p);
            },
            (1, &["E101", "E406", "E409"]),
            "item.json",
        ),
        change(
            "a list edited, the bag made anew",
            |p| {
                let text = fs::read_to_string(p.join(&list)).unwrap();
                let first = if text.starts_with('0') { "1" } else { "0" };
                fs::write(p.join(&list), format!("{first}{}", &text[1..])).unwrap();
                rehash(p);
            },
            (1, &["E305", "E306", "E409"]),
            "capture.sha256",
        ),
        change(
            "an entry edited, the bag made anew",
            |p| {
                replace(entry, "kommunbloggen", "kommunbloggem")(p);
                rehash(p);
            },
            (1, &["E301", "E302", "E409"]),
            "000000004.json",
        ),
        change(
            "the last entry removed, the bag made anew",
            |p| {
                let last = tool(
                    "sh",
                    &["-c", "ls bag/data/log/entries/*.json | tail -n 1"],
                    p,
                )
                .1;
                fs::remove_file(p.join(last.trim_end())).unwrap();
                rehash(p);
            },
            (1, &["E002", "E304", "E406", "E409", "E410"]),
            "SEAL.txt",
        ),
        change(
            "a withheld unit told otherwise, the bag made anew",
            |p| {
                fs::write(p.join("bag/data/metadata/absent.txt"), "").unwrap();
                rehash(p);
            },
            (1, &["E406", "E409", "E410"]),
            "unit.sha256",
        ),
    ];
    let lines = commands(package);
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("leverans");
    for change in changes {
        assert!(
            tool(
                "cp",
                &["-a", package.to_str().unwrap(), copy.to_str().unwrap()],
                place.path()
            )
            .0
        );
        (change.make)(&copy);
        let (exit, found) = codes(&copy, &[]);
        for code in change.codes {
            assert!(
                found.contains(*code),
                "{}: {code} is not in {found:?}",
                change.name
            );
        }
        assert_eq!(exit, change.exit, "{}: {found:?}", change.name);
        let failures = follow(&copy, &lines);
        assert!(
            failures
                .iter()
                .any(|failure| failure.contains(change.named)),
            "{}: {failures:#?}",
            change.name
        );
        fs::remove_dir_all(&copy).unwrap();
    }
    assert_eq!(
        codes(package, &[]),
        (0, set(&[])),
        "the package itself is untouched"
    );
}
