//! The converter of PDFs from outside: the limits that it puts on itself, that it dies with who started it, and that half
//! an answer is none.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bevara::render::apart::{self, ApartError};
use bevara::render::pdfa::{Flavour, PdfaOptions};

use crate::processes::{kill, until};

/// Says to the program that it is the converter, with other limits than any real one has.
const ORDER: (&str, &str) = ("BEVARA_CONVERTER", r#"{"space":987654144,"seconds":4321}"#);

/// What the kernel holds a process to, by the names of proc(5).
fn limit(pid: i32, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next().map(str::to_owned)
}

#[test]
fn the_converter_is_held_to_its_limits_and_dies_with_who_started_it() {
    // It waits for a PDF that never comes: the pipe stays open here. (A shell takes a background job's own input away.)
    let mut shell = Command::new("sh")
        .args([
            "-c",
            r#"ulimit -c 8 2>/dev/null; exec 3<&0; "$BEVARA" <&3 & echo $!; wait"#,
        ])
        .env("BEVARA", env!("CARGO_BIN_EXE_bevara"))
        .env(ORDER.0, ORDER.1)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = shell.stdin.take();
    let mut told = std::io::BufReader::new(shell.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut told, &mut line).unwrap();
    let pid: i32 = line.trim().parse().unwrap();
    until("the last limit is set", || {
        limit(pid, "Max cpu time").as_deref() == Some("4321")
    });
    assert_eq!(
        limit(pid, "Max address space").as_deref(),
        Some("987654144")
    );
    assert_eq!(limit(pid, "Max core file size").as_deref(), Some("0"));
    kill(i32::try_from(shell.id()).unwrap());
    shell.wait().unwrap();
    let ended = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.is_ok_and(|stat| stat.contains(") Z ")) || !Path::new(&format!("/proc/{pid}")).exists()
    };
    until("the converter is gone too", ended);
    drop(input);
}

/// A program in the converter's place.
fn program(dir: &Path, script: &str) -> PathBuf {
    let path = dir.join("omvandlare");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(format!("#!/bin/sh\n{script}\n").as_bytes())
        .unwrap();
    drop(file);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

#[test]
fn half_an_answer_of_the_converter_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let options = PdfaOptions {
        flavour: Flavour::default(),
        title: "Prov".to_owned(),
        language: "sv-SE".to_owned(),
        source: None,
        created: "2026-07-01T08:00:00Z".parse().unwrap(),
        producer: "prov".to_owned(),
        files: Vec::new(),
        with_margins: false,
    };
    let convert =
        |script: &str, raw: &[u8]| apart::convert(&program(dir.path(), script), raw, &options);
    let read = "cat >/dev/null; ";
    // Killed while it wrote: the bytes look like a PDF/A, and nobody knows what is missing.
    let broken = convert(
        &format!("{read}printf '+%%PDF-1.7'; kill -KILL $$"),
        b"%PDF-",
    );
    let Err(ApartError::Stopped { ended, .. }) = broken else {
        panic!("{broken:?}");
    };
    assert_eq!(ended, "signal 9");
    for script in ["printf '+%%PDF-1.7'; exit 1", "exit 0", "printf '?'"] {
        let broken = convert(&format!("{read}{script}"), b"%PDF-");
        assert!(
            matches!(broken, Err(ApartError::Stopped { .. })),
            "{script}"
        );
    }
    // One that answers without having read all, as a converter that has seen enough does, is heard all the same.
    let refused = convert("printf -- '-trasig'", &vec![b' '; 4 << 20]);
    let Err(ApartError::Refused(why)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(why, "trasig");
    assert_eq!(
        convert(&format!("{read}printf '+hel'"), b"%PDF-").unwrap(),
        b"hel"
    );
}
