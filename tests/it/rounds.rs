//! The verb `capture` over several accounts, and what a kill leaves.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::failures::{configure, entries};
use crate::pages::Pages;
use crate::processes::{family, hold_up_crash_handlers, is_crash_handler, profiles, until};
use crate::support::{Archive, Ran};

#[test]
fn one_bad_account_never_stops_the_others() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    for (alias, path) in [
        ("fel", "/404"),
        ("vanlig", "/"),
        ("vagg", "/wall.html"),
        ("trasig", "/broken"),
    ] {
        archive.add_account("2026-06-01", alias, "annan", &pages.url(path));
    }
    let result = archive
        .json(
            "2026-07-01T08:00:00Z",
            &["capture", "--all", "--flavour", "1b"],
        )
        .exits(1)
        .result();
    let row = |alias: &str| {
        let captures = result["captures"].as_array().unwrap();
        captures
            .iter()
            .find(|row| row["account"] == alias)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (row("fel")["verdict"].as_str(), &row("fel")["reasons"]),
        (Some("failed"), &json!(["http_4xx"]))
    );
    assert_eq!(
        (row("vagg")["verdict"].as_str(), &row("vagg")["reasons"]),
        (Some("failed"), &json!(["not_logged_in"]))
    );
    assert_eq!(
        (row("trasig")["verdict"].as_str(), &row("trasig")["reasons"]),
        (Some("partial"), &json!(["partial_images"]))
    );
    assert_eq!(row("vanlig")["verdict"], "complete", "{result:#}");
    let roles: Vec<_> = row("vanlig")["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["role"].clone())
        .collect();
    for role in [
        "page-pdf",
        "page-png",
        "overview-png",
        "view-png",
        "page-text",
        "inventory",
        "dom",
        "requests",
    ] {
        assert!(roles.contains(&json!(role)), "{role}: {roles:?}");
    }
    // The literal reading of RA-FS 2009:2: pictures with their text under them.
    let archived: Vec<_> = row("vanlig")["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["role"] == "page-pdf")
        .map(|file| archive.path().join(file["path"].as_str().unwrap()))
        .collect();
    assert_eq!(archived.len(), 1);
    if let Some(verdicts) = crate::validators::verapdf(&archived, "1b") {
        assert!(verdicts[0].compliant, "{verdicts:#?}");
    }
    for file in row("vanlig")["files"].as_array().unwrap() {
        let sum = Command::new("sha256sum")
            .arg(archive.path().join(file["path"].as_str().unwrap()))
            .output()
            .unwrap();
        assert!(
            String::from_utf8(sum.stdout)
                .unwrap()
                .starts_with(file["sha256"].as_str().unwrap())
        );
    }
    archive.json("2026-07-01T08:10:00Z", &["capture"]).exits(2);
    archive
        .json(
            "2026-07-01T08:10:00Z",
            &["capture", "vanlig", "--allow-address", "10.0.0/8"],
        )
        .exits(2);
    archive.json("2026-07-01T08:10:00Z", &["verify"]).exits(0);
}

/// Runs the program and watches its browsers: how it ended, the names of their profiles, and how many ran at once.
fn watched(archive: &Archive, at: &str, args: &[&str]) -> (Ran, BTreeSet<String>, usize) {
    let staging = archive.path().join("staging");
    let (mut names, mut most) = (BTreeSet::new(), 0);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| archive.json(at, args));
        while !running.is_finished() {
            let now = profiles(&staging);
            most = most.max(now.len());
            names.extend(now.iter().filter_map(|path| {
                let name = path.file_name()?.to_str()?;
                Some(name.to_owned())
            }));
            std::thread::park_timeout(Duration::from_millis(20));
        }
        (running.join().unwrap(), names, most)
    })
}

/// Aliases and verdicts of the captures, in the order in which they are told.
fn told(ran: &Ran) -> Vec<(String, String)> {
    let result = ran.result();
    let captures = result["captures"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    captures
        .map(|row| (text(&row["account"]), text(&row["verdict"])))
        .collect()
}

#[test]
fn a_private_network_is_reached_only_where_it_is_named() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    archive.add_account("2026-06-01", "konto", "annan", &pages.url("/"));
    let path = archive.path().join("bevara.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let without = text.replace("allow_addresses = [\"127.0.0.0/8\"]", "");
    assert_ne!(text, without);
    std::fs::write(&path, without).unwrap();
    let blocked = archive.json("2026-07-01", &["capture", "konto"]).exits(1);
    assert_eq!(
        blocked.result()["captures"][0]["reasons"],
        json!(["blocked"])
    );
    assert_eq!(pages.asked(), Vec::<String>::new());
    let args = ["capture", "konto", "--allow-address", "127.0.0.1/32"];
    archive.json("2026-07-01", &args).exits(0);
    assert!(pages.asked().contains(&"/".to_owned()));

    // WebRTC asks by UDP, which no proxy sees.
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let page = format!(
        "<!DOCTYPE html><html lang=sv><title>Samtal</title><h1>Samtal</h1><article>Simhallen har stängt.</article><script>\
         const call = new RTCPeerConnection({{ iceServers: [{{ urls: 'stun:127.0.0.1:{}' }}] }}); call.createDataChannel('x');\
         call.createOffer().then((offer) => call.setLocalDescription(offer)).then(() => fetch('/asked'));</script>",
        socket.local_addr().unwrap().port()
    );
    pages.show("/samtal", page);
    archive.add_account("2026-07-01", "samtal", "annan", &pages.url("/samtal"));
    archive
        .json(
            "2026-07-01",
            &["capture", "samtal", "--allow-address", "127.0.0.1/32"],
        )
        .result();
    assert!(pages.asked().contains(&"/asked".to_owned()));
    let wait = Duration::from_millis(200);
    socket.set_read_timeout(Some(wait)).unwrap();
    let heard = socket.recv_from(&mut [0; 100]);
    assert!(heard.is_err(), "{heard:?}");
}

/// Which program made a capture, and by whose clock, is told as others can check it.
#[test]
fn the_record_tells_the_build_and_the_clock() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    archive.add_account("2026-06-01", "konto", "annan", &pages.url("/"));
    let result = archive
        .json("2026-07-01", &["capture", "konto"])
        .exits(0)
        .result();
    let files = result["captures"][0]["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["role"] == "requests");
    let path = archive.path().join(file.unwrap()["path"].as_str().unwrap());
    let requests: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let sum = Command::new("sha256sum")
        .arg(env!("CARGO_BIN_EXE_bevara"))
        .output()
        .unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    let origin = &requests["bevara"];
    assert_eq!(origin["sha256"].as_str(), sum.split(' ').next());
    assert_eq!(origin["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(origin["clock"]["given"], true);
}

#[test]
fn accounts_are_captured_side_by_side_and_a_grown_browser_is_changed_for_another() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    configure(&archive, "slots = 2\nstall_seconds = 4");
    // The first is the last to be done.
    for (alias, path) in [("a", "/slow"), ("b", "/"), ("c", "/"), ("d", "/404")] {
        archive.add_account("2026-06-01", alias, "annan", &pages.url(path));
    }
    let wanted = [
        ("a", "partial"),
        ("b", "complete"),
        ("c", "complete"),
        ("d", "failed"),
    ]
    .map(|(alias, verdict)| (alias.to_owned(), verdict.to_owned()));
    let (ran, names, most) = watched(&archive, "2026-07-01T08:00:00Z", &["run"]);
    assert_eq!(told(&ran.exits(1)), wanted);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!((names, most), (vec!["profile-1"], 2));
    // Here too the first is the last to be done.
    let capture = ["capture", "a", "b"];
    let ran = archive.json("2026-07-01T08:30:00Z", &capture).exits(1);
    assert_eq!(told(&ran), wanted[..2]);
    // Less than any browser takes.
    let path = archive.path().join("bevara.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("slots = 2\n", "slots = 1\nbrowser_memory_mb = 64\n");
    std::fs::write(&path, text).unwrap();
    let capture = ["capture", "b", "c"];
    let (ran, names, most) = watched(&archive, "2026-07-01T09:00:00Z", &capture);
    assert_eq!(told(&ran.exits(0)), wanted[1..3]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!((names, most), (vec!["profile-1", "profile-2"], 1));
    archive.json("2026-07-01T09:10:00Z", &["verify"]).exits(0);
    let staging = archive.path().join("staging");
    // The lock of `run` stays; it is held by whoever has it open.
    assert_eq!(entries(&staging), ["pass.lock"]);
}

/// The browser keeps its sandbox whenever it is not root: a copy of the program, run by a user who may do nothing.
#[test]
fn an_ordinary_user_keeps_the_browsers_sandbox() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    archive.add_account("2026-06-01", "hanger", "annan", &pages.url("/slow"));
    let program = archive.beside().join("bevara");
    std::fs::copy(env!("CARGO_BIN_EXE_bevara"), &program).unwrap();
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        let owner = Command::new("chown")
            .args(["-R", "65534:65534"])
            .arg(archive.beside())
            .status();
        assert!(owner.unwrap().success());
        let mut unshare = Command::new("setpriv");
        unshare
            .args(nobody)
            .args(["unshare", "--user", "--map-root-user", "true"]);
        if !unshare.output().unwrap().status.success() {
            println!("not checked: this system gives no namespaces to ordinary users");
            return;
        }
    }
    let mut command = Command::new(if is_root { "setpriv" } else { "env" });
    command.args(if is_root { &nobody[..] } else { &[] });
    command
        .arg(&program)
        .args(
            archive
                .command("2026-07-01", &["capture", "hanger"])
                .get_args(),
        )
        .env("HOME", archive.beside())
        .stdout(std::process::Stdio::null());
    let mut capture = command.spawn().unwrap();
    until("the page hangs", || {
        pages.asked().iter().any(|path| path == "/hang.png")
    });
    let lines: Vec<String> = family(&archive.path().join("staging"))
        .into_iter()
        .map(|one| one.line)
        .collect();
    assert!(lines.iter().any(|line| line.contains("--type=renderer")));
    assert!(
        lines.iter().all(|line| !line.contains("no-sandbox")),
        "{lines:#?}"
    );
    // It ends what is its own, and may look at that.
    hold_up_crash_handlers(&archive.path().join("staging"));
    assert_eq!(capture.wait().unwrap().code(), Some(1));
    assert!(family(archive.beside()).is_empty(), "a browser is left");
}

#[test]
fn a_killed_capture_leaves_no_browser_and_its_profile_is_swept() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    archive.add_account("2026-06-01", "slow", "annan", &pages.url("/slow"));
    let scratch = archive.beside().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    let mut capture = archive
        .command("2026-07-01", &["capture", "slow"])
        .env("TMPDIR", &scratch)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("the page hangs", || {
        pages.asked().iter().any(|path| path == "/hang.png")
    });
    let staging = archive.path().join("staging");
    assert!(family(&staging).len() > 4, "no browser was found");
    hold_up_crash_handlers(&staging);
    capture.kill().unwrap();
    capture.wait().unwrap();
    // Those who are held up are left to the next run.
    until("the browser is gone", || {
        family(&staging).iter().all(is_crash_handler)
    });
    assert!(!family(&staging).is_empty(), "nothing outlived the kill");
    assert!(std::fs::read_dir(&staging).unwrap().next().is_some());
    assert!(
        std::fs::read_dir(&scratch).unwrap().next().is_none(),
        "the browser left something outside the archive"
    );
    archive.add_account("2026-07-02", "annat", "annan", &pages.url("/"));
    assert!(
        std::fs::read_dir(&staging).unwrap().next().is_none(),
        "the profile was not swept"
    );
    assert!(family(&staging).is_empty(), "a crash handler is left");
    archive.json("2026-07-02", &["verify"]).exits(0);
}
