//! `account login`: a person logs in in a window (under Xvfb), captures use the login, nothing of it is kept anywhere else,
//! and what is missing or runs out is told in time.

mod late;
mod members;
mod stored;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bevara::store::Store;
use serde_json::Value;

use crate::login::members::{FORM_TOKEN, Members, PICTURE_TOKEN, POST};
use crate::pages::Pages;
use crate::processes::until;
use crate::support::{Archive, Ran, bevara, ran};
use crate::validators::required;

const START: &str = "2026-06-01";

/// A screen that nobody sees.
struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    /// `None` where there is no Xvfb and that is no failure.
    fn open() -> Option<Self> {
        let started = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1400x1000x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut server) = started else {
            assert!(!required(), "Xvfb is missing: run scripts/setup --tests");
            println!("not checked, because Xvfb is missing: logging in in a window");
            return None;
        };
        let mut number = String::new();
        let out = server.stdout.take().expect("a pipe");
        BufReader::new(out)
            .read_line(&mut number)
            .expect("a display's number");
        let display = format!(":{}", number.trim());
        Some(Self { server, display })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.server.kill().expect("Xvfb runs");
        self.server.wait().expect("Xvfb ends");
    }
}

/// `account login` on a screen; `act` is the person, who goes on when `seen` counts one more.
fn log_in(
    archive: &Archive,
    screen: &Screen,
    (alias, seen): (&str, &dyn Fn() -> usize),
    act: impl FnOnce(&mut Child),
) -> Ran {
    let mut command = archive.command(START, &["account", "login", alias, "--json"]);
    command
        .env("DISPLAY", &screen.display)
        .env_remove("WAYLAND_DISPLAY");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let before = seen();
    let mut child = command.spawn().unwrap();
    until("the page is seen", || {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        seen() > before
    });
    act(&mut child);
    let output = child.wait_with_output().unwrap();
    Ran {
        exit: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Closes the window as its person would: every page that the browser of `child` shows.
fn close_window(child: &mut Child) {
    let parent = child.id().to_string();
    let line = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .find_map(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let after = stat.rsplit(") ").next()?.split(' ').nth(1)?.to_owned();
            let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
            (after == parent && line.contains("--user-data-dir=")).then_some(line)
        });
    let line = line.expect("a browser of the program");
    let profile = line
        .split('\0')
        .find_map(|word| word.strip_prefix("--user-data-dir="));
    // Where Chromium tells which port it took.
    let told = Path::new(profile.unwrap()).join("DevToolsActivePort");
    let told = std::fs::read_to_string(told).unwrap();
    let port: u16 = told.lines().next().unwrap().parse().unwrap();
    // A person closes what is on the screen: a page that is on its way takes a closing of the one before for its own.
    let mut pages = Vec::new();
    until("the page is on the screen", || {
        let listed: Value = serde_json::from_str(&get(port, "/json/list")).unwrap();
        let listed = listed.as_array().unwrap().clone();
        pages = listed
            .into_iter()
            .filter(|one| one["type"] == "page")
            .collect();
        let is_there = |page: &Value| page["url"].as_str().unwrap().starts_with("http");
        !pages.is_empty() && pages.iter().all(is_there)
    });
    for page in pages {
        get(
            port,
            &format!("/json/close/{}", page["id"].as_str().unwrap()),
        );
    }
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let lower = line.to_ascii_lowercase();
        if let Some(given) = lower.strip_prefix("content-length:") {
            length = given.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

fn codes(ran: &Ran) -> Vec<String> {
    let document = ran.document();
    let findings = document["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|one| one["code"].as_str().unwrap().to_owned())
        .collect()
}

fn capture(archive: &Archive) -> Ran {
    archive.json(START, &["capture", "medlemmar", "-vv"])
}

fn first(ran: &Ran) -> Value {
    ran.result()["captures"][0].clone()
}

/// The files below `dir` in which one of the values stands, as it is or in a PDF's streams.
fn holding(dir: &Path, values: &[String]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut looked_at = 0;
    for entry in walkdir::WalkDir::new(dir).into_iter().map(Result::unwrap) {
        if !entry.file_type().is_file() {
            continue;
        }
        looked_at += 1;
        let mut bytes = std::fs::read(entry.path()).unwrap();
        if bytes.starts_with(b"%PDF-") {
            let mut document = lopdf::Document::load_mem(&bytes).unwrap();
            document.decompress();
            document.save_to(&mut bytes).unwrap();
            let text = Command::new("pdftotext")
                .arg(entry.path())
                .arg("-")
                .output()
                .unwrap();
            bytes.extend(text.stdout);
        }
        let has = |value: &String| {
            bytes
                .windows(value.len())
                .any(|part| part == value.as_bytes())
        };
        if values.iter().any(has) {
            found.push(entry.into_path());
        }
    }
    assert!(looked_at > 10, "{}", dir.display());
    found
}

/// Every form in which a page may have written a value.
fn forms(values: &[String]) -> Vec<String> {
    let mut forms = Vec::new();
    for value in values {
        forms.push(value.clone());
        // The random part in the middle needs no escape anywhere, so it is whole in every spelling.
        forms.push(value[4..36].to_owned());
        let coded = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            format!("kim:{value}"),
        );
        forms.push(coded[8..40].to_owned());
    }
    forms.extend([PICTURE_TOKEN.to_owned(), FORM_TOKEN.to_owned()]);
    forms
}

#[test]
fn a_login_is_made_in_a_window_used_kept_to_itself_and_renewed() {
    let members = Members::start();
    let archive = Archive::new(START);
    let register = archive.beside().join("konton.csv");
    let csv = format!(
        "Alias;Plattform;Adress;Fångas inloggad\nmedlemmar;blogg;{};ja\n",
        members.url()
    );
    std::fs::write(&register, csv).unwrap();
    archive
        .json(START, &["account", "import", register.to_str().unwrap()])
        .exits(0);
    let file = archive.path().join("secrets/sessions/blogg-127.0.0.1.json");

    // Without a login it is a wall, and the archivist is told what to run.
    let scheduled = archive.json(START, &["schedule"]).exits(0);
    assert_eq!(codes(&scheduled), ["L101"]);
    let walled = capture(&archive).exits(1);
    assert_eq!(
        first(&walled)["reasons"],
        serde_json::json!(["not_logged_in"])
    );
    assert_eq!(first(&walled)["verdict"], "failed");
    let told = walled.document()["findings"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(told.contains("bevara account login medlemmar"), "{told}");

    // Without a screen nothing is opened.
    let mut command = archive.command(START, &["account", "login", "medlemmar"]);
    let blind = ran(command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY")).exits(3);
    assert!(
        blind
            .stderr
            .contains("secrets/sessions/blogg-127.0.0.1.json"),
        "{}",
        blind.stderr
    );
    assert!(blind.stderr.contains("ssh -X") && !file.exists());
    let Some(screen) = Screen::open() else {
        return;
    };

    let windows = || members.windows();
    let member: (&str, &dyn Fn() -> usize) = ("medlemmar", &windows);
    let kept = log_in(&archive, &screen, member, close_window)
        .exits(0)
        .result();
    assert_eq!(kept["file"], "secrets/sessions/blogg-127.0.0.1.json");
    assert_eq!(
        (&kept["site"], &kept["replaced"]),
        (&Value::from("blogg-127.0.0.1"), &Value::Bool(false))
    );
    assert_eq!(kept["cookies"], 1);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let newest = |members: &Members| members.given().last().unwrap().clone();
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .contains(&newest(&members))
    );

    // Where nobody logs in nothing is kept, and the earlier login stays: this page, on the same host, gives no cookie.
    let pages = Pages::start();
    archive.add_account(START, "oppen", "blogg", &pages.url("/short.html"));
    let before = std::fs::read(&file).unwrap();
    let nobody = log_in(
        &archive,
        &screen,
        ("oppen", &|| pages.asked().len()),
        close_window,
    )
    .exits(1);
    assert!(
        nobody.stderr.contains("nothing was kept"),
        "{}",
        nobody.stderr
    );
    assert_eq!(std::fs::read(&file).unwrap(), before);

    // With it the page is whole, protected, and nothing of the login stands in it.
    let before = newest(&members);
    let taken = capture(&archive).exits(0);
    assert_eq!(first(&taken)["verdict"], "complete");
    assert_eq!(codes(&taken), Vec::<String>::new());
    let path = |role: &str| {
        let files = first(&taken)["files"].as_array().unwrap().clone();
        let one = files.iter().find(|file| file["role"] == role).unwrap();
        archive.path().join(one["path"].as_str().unwrap())
    };
    let text = std::fs::read_to_string(path("page-text")).unwrap();
    assert!(
        text.contains(POST) && text.contains("Din session är [borttaget]."),
        "{text}"
    );
    let requests: Value =
        serde_json::from_slice(&std::fs::read(path("requests")).unwrap()).unwrap();
    assert_eq!(requests["logged_in"], true);
    let asked = requests["traffic"]["requests"].to_string();
    assert!(
        asked.contains("/pixel.png?access_token=[borttaget]"),
        "{asked}"
    );
    let described = path("page-pdf")
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("capture.json");
    let described: Value = serde_json::from_slice(&std::fs::read(described).unwrap()).unwrap();
    let access: Vec<&str> = described["access"]
        .as_object()
        .unwrap()
        .values()
        .map(|one| one.as_str().unwrap())
        .collect();
    assert_eq!(access, ["protected"; 3]);
    let values = forms(&members.given());
    for dir in ["store", "staging"] {
        assert_eq!(
            holding_or_empty(&archive.path().join(dir), &values),
            Vec::<PathBuf>::new()
        );
    }
    assert!(
        values
            .iter()
            .all(|value| !taken.stderr.contains(value) && !taken.stdout.contains(value))
    );
    // The site gave another cookie on the way, and that one was kept.
    let renewed = std::fs::read_to_string(&file).unwrap();
    assert!(renewed.contains(&newest(&members)) && !renewed.contains(&before));
    assert_eq!(mode(&file), 0o600);

    // No package has anything of it, not even one that carries what is protected.
    let out = archive.beside().join("paket");
    let args = [
        "export",
        "--format",
        "bagit",
        "--protected",
        "Hela arkivet övertas",
        out.to_str().unwrap(),
    ];
    archive.json(START, &args).exits(0);
    assert_eq!(
        holding(&out, &forms(&members.given())),
        Vec::<PathBuf>::new()
    );
    let strange = walkdir::WalkDir::new(&out)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.contains("session") || name.contains("127.0.0.1")
        });
    assert_eq!(strange.count(), 0);

    // The site ends it: a wall again, and another sentence.
    members.end_sessions();
    let ended = capture(&archive).exits(1);
    assert_eq!(
        first(&ended)["reasons"],
        serde_json::json!(["not_logged_in"])
    );
    assert_eq!(codes(&ended), ["L105"]);

    // Logged in once more, this time ended from the keyboard; and what is seen is said to be open.
    let again = log_in(&archive, &screen, member, |child| {
        child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    });
    assert_eq!(again.exits(0).result()["replaced"], true);
    archive
        .json(START, &["account", "set", "medlemmar", "inloggad=ja_oppen"])
        .exits(0);
    let open = capture(&archive).exits(0);
    let pdf = first(&open)["capture"].as_str().unwrap().to_owned();
    let out = archive.beside().join("öppet");
    archive
        .json(
            START,
            &["export", "--format", "bagit", out.to_str().unwrap()],
        )
        .exits(0);
    let carried: Vec<PathBuf> = walkdir::WalkDir::new(&out)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.ends_with("page.pdf"))
        .collect();
    assert!(
        carried.len() == 1 && carried[0].to_string_lossy().contains(&pdf),
        "{carried:?}"
    );

    expiry_is_told_before_it_comes(&archive, &file);
    let forgotten = archive
        .json("2026-06-25", &["account", "login", "medlemmar", "--forget"])
        .exits(0)
        .result();
    assert!(forgotten["removed"] == true && !file.exists());
    let log =
        std::fs::read_to_string(archive.path().join("store/log/entries/000000000.json")).unwrap();
    assert!(!log.contains("session"));
}

/// The next snapshot is due on 1 July: a login must last through that day.
fn expiry_is_told_before_it_comes(archive: &Archive, file: &Path) {
    let stored: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let expires = |time: &str| {
        let mut stored = stored.clone();
        let seconds = chrono::DateTime::parse_from_rfc3339(time)
            .unwrap()
            .timestamp();
        stored["cookies"][0]["expires"] = seconds.into();
        std::fs::write(file, stored.to_string()).unwrap();
    };
    let told = |as_of: &str| codes(&archive.json(as_of, &["schedule"]).exits(0));
    expires("2026-07-02T00:00:00+02:00");
    assert_eq!(told("2026-06-10"), Vec::<String>::new());
    assert_eq!(told("2026-07-02"), ["L102"]);
    expires("2026-07-01T23:59:59+02:00");
    assert_eq!(told("2026-06-10"), ["L103"]);
    expires("2026-06-20T00:00:00+02:00");
    assert_eq!(told("2026-06-10"), ["L103"]);
    let rehearsed = archive.text("2026-06-10", &["schedule"]).exits(0).stdout;
    assert!(
        rehearsed.contains("går ut 2026-06-20 00:00")
            && rehearsed.contains("bevara account login medlemmar"),
        "{rehearsed}"
    );
    assert_eq!(told("2026-06-21"), ["L102"]);
    // It is not even given to the site any more.
    let late = archive
        .json("2026-06-21", &["capture", "medlemmar"])
        .exits(1);
    assert_eq!(
        first(&late)["reasons"],
        serde_json::json!(["not_logged_in"])
    );
    assert_eq!(
        codes(&archive.json("2026-06-21", &["run"]).exits(0)),
        ["L102"]
    );
    std::fs::write(file, "{}").unwrap();
    assert_eq!(told("2026-06-21"), ["L104"]);
}

fn holding_or_empty(dir: &Path, values: &[String]) -> Vec<PathBuf> {
    if walkdir::WalkDir::new(dir).into_iter().count() < 11 {
        return Vec::new();
    }
    holding(dir, values)
}

#[test]
fn a_login_is_its_owners_alone_and_renewed_only_in_its_own_place() {
    let archive = Archive::new(START);
    let mut store = Store::open(&archive.path()).unwrap();
    let path = archive.path().join("secrets/sessions/x.json");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(store.login("x").unwrap(), None);
    assert!(!store.keep_login("x", b"one").unwrap());
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert!(store.keep_login("x", b"two").unwrap());
    // Somebody logged in meanwhile: what an older capture brings back is let go.
    assert!(!store.renew_login("x", b"one", b"three").unwrap());
    assert_eq!(store.login("x").unwrap(), Some(b"two".to_vec()));
    assert!(store.renew_login("x", b"two", b"three").unwrap());
    assert_eq!(mode(&path), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(store.login("x").unwrap(), Some(b"three".to_vec()));
    assert_eq!(mode(&path), 0o600);
    assert!(store.forget_login("x").unwrap() && !store.forget_login("x").unwrap());
    assert!(!store.renew_login("x", b"three", b"four").unwrap());
    assert!(!path.exists());
    // Who only reads, or approves, logs in nowhere.
    archive.add_account(START, "blogg", "blogg", "https://blogg.example/");
    let revisor = archive.add_person(START, "Alex Exempel", "revisor");
    let mut command = bevara();
    command.arg("--archive").arg(archive.path());
    command.args(["--as", &revisor, "--as-of", START]);
    ran(command.args(["account", "login", "blogg", "--forget"])).exits(4);
}
