//! What goes wrong with a capture, one line each: verdict, reason, exit code, and that nothing is left lying about. The
//! table in Swedish is `docs/fel-vid-fangst.md`. `kill -9` of the program is in `rounds.rs`, a disk that fails in any one
//! durable operation in `crash.rs`, a login wall known by its words alone in `capture_pages.rs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use bevara::model::verdict::{Reason, Verdict};
use serde_json::{Value, json};

use crate::capture::{Rig, document, verdict};
use crate::pages::Pages;
use crate::processes::{Process, family, hold_up_crash_handlers, is_crash_handler, kill, until};
use crate::support::{Archive, is_left_to_campaign, ran, repository};
use crate::tls::{Authority, Shown};

const DAY: &str = "2026-07-01T08:00:00Z";
/// What the archivist wrote of the round.
const NOTE: &str = "Prov av alla fel";

/// Registers accounts in one go.
fn register(archive: &Archive, accounts: &[(&str, String)]) {
    let text: Vec<String> = accounts
        .iter()
        .map(|(alias, url)| {
            format!("[[konto]]\nalias = \"{alias}\"\nplattform = \"annan\"\nurl = \"{url}\"\n")
        })
        .collect();
    let file = archive.beside().join("konton.toml");
    std::fs::write(&file, text.concat()).unwrap();
    let args = ["account", "import", file.to_str().unwrap()];
    archive.json("2026-06-01", &args).exits(0);
}

/// Adds lines to `[capture]` in the configuration.
pub(crate) fn configure(archive: &Archive, lines: &str) {
    let path = archive.path().join("bevara.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("[capture]", &format!("[capture]\n{lines}")),
    )
    .unwrap();
}

/// A directory's own entries.
pub(crate) fn entries(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The paths of everything that lies below a directory.
fn below(dir: &Path) -> BTreeSet<PathBuf> {
    let all = walkdir::WalkDir::new(dir).into_iter();
    all.map(|entry| entry.unwrap().into_path()).collect()
}

/// A page with a picture that never comes, under a name of its own.
fn hanging(pages: &Pages, name: &str) -> String {
    let path = format!("/{name}");
    let html = format!(
        "<!DOCTYPE html><html lang=sv><title>{name}</title><h1>En bild fattas</h1><p>Texten går att läsa fast bilden aldrig kommer, och sidan är inte tom för det.<img src=/hang.png?{name}>"
    );
    pages.show(&path, html);
    pages.url(&path)
}

/// Kills what `chosen` picks of the browser's processes as soon as the page `name` hangs, and holds up its crash handlers.
fn strike(
    pages: &Pages,
    staging: &Path,
    name: &'static str,
    chosen: fn(&Process) -> bool,
) -> std::thread::JoinHandle<()> {
    let (pages, staging) = (pages.clone(), staging.to_owned());
    std::thread::spawn(move || {
        let picture = format!("/hang.png?{name}");
        until("the page hangs", || pages.asked().contains(&picture));
        let struck: Vec<_> = family(&staging).into_iter().filter(chosen).collect();
        hold_up_crash_handlers(&staging);
        for process in struck {
            kill(process.pid);
        }
    })
}

/// What each line of the table comes to, in one round: one browser, and a second one after the first was killed.
#[test]
fn each_failure_has_its_verdict_and_leaves_nothing() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    configure(&archive, "navigate_seconds = 5\nstall_seconds = 3");
    let [home, scratch] = ["home", "tmp"].map(|name| archive.beside().join(name));
    std::fs::create_dir(&home).unwrap();
    std::fs::create_dir(&scratch).unwrap();
    let authority = Authority::new(archive.beside());
    authority.trust_in(&home);
    let at_home = below(&home);
    let [good, expired, other, own] = [
        Shown::Good,
        Shown::Expired,
        Shown::OtherHost,
        Shown::SelfSigned,
    ]
    .map(|shown| authority.serve(shown));
    let dead = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let dead_url = format!("http://{}/", dead.local_addr().unwrap());
    drop(dead);
    let failed = |reason: &str| ("failed", json!([reason]));
    // A page that is there and leads to where none is: at once by an element, by a script, and when it has been seen.
    let onward = |name: &str, to: &str, how: &str| {
        let path = format!("/vidare-{name}");
        let act = match how {
            "element" => format!("<meta http-equiv=refresh content='0;url={to}'>"),
            after => {
                format!("<script>setTimeout(() => {{ location.href = '{to}' }}, {after})</script>")
            }
        };
        pages.show(
            &path,
            format!("<!DOCTYPE html>{act}<p>Strax vidare till den nya sidan.</p>"),
        );
        pages.url(&path)
    };
    let table = [
        // First, because those who strike wait for them.
        ("flik-dor", hanging(&pages, "flik"), failed("crashed")),
        ("efter-fliken", pages.url("/"), ("complete", json!([]))),
        ("lasare-dor", hanging(&pages, "lasare"), failed("crashed")),
        ("efter-lasaren", pages.url("/"), ("complete", json!([]))),
        ("finns-inte", pages.url("/404"), failed("http_4xx")),
        (
            "finns-inte-tomt",
            pages.url("/404-empty"),
            failed("http_4xx"),
        ),
        ("serverfel", pages.url("/500"), failed("http_5xx")),
        (
            "serverfel-tomt",
            pages.url("/500-empty"),
            failed("http_5xx"),
        ),
        (
            "inloggning",
            pages.url("/wall.html"),
            failed("not_logged_in"),
        ),
        (
            "omdirigerad-till-inloggning",
            pages.url("/konto"),
            failed("not_logged_in"),
        ),
        ("svarar-aldrig", pages.url("/hang"), failed("timeout_page")),
        (
            "bild-kommer-aldrig",
            hanging(&pages, "bild"),
            ("partial", json!(["timeout_page", "partial_images"])),
        ),
        ("ingen-lyssnar", dead_url.clone(), failed("refused")),
        (
            "okand-vard",
            "https://finns-inte.invalid/".to_owned(),
            failed("dns"),
        ),
        ("omdirigeras", pages.url("/loop"), failed("redirect_loop")),
        (
            "sparrat-nat",
            format!("http://10.0.0.1:{}/", pages.port()),
            failed("blocked"),
        ),
        (
            "sparrat-som-ipv6",
            format!("http://[::ffff:10.0.0.1]:{}/", pages.port()),
            failed("blocked"),
        ),
        (
            "metadata",
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            failed("blocked"),
        ),
        (
            "omdirigeras-till-sparrat",
            pages.url("/to?http://10.0.0.1/"),
            failed("blocked"),
        ),
        (
            "vidare-till-ingen",
            onward("ingen", &dead_url, "0"),
            failed("refused"),
        ),
        (
            "vidare-sent",
            onward("sent", &dead_url, "1000"),
            failed("refused"),
        ),
        (
            "vidare-till-sparrat",
            onward("sparrat", "http://10.0.0.1/", "element"),
            failed("blocked"),
        ),
        ("vidare-tls", onward("tls", &own.url(), "0"), failed("tls")),
        (
            "vidare-till-okand",
            onward("okand", "https://finns-inte.invalid/", "element"),
            failed("dns"),
        ),
        (
            "vidare-till-finns-inte",
            onward("404", &pages.url("/404"), "0"),
            failed("http_4xx"),
        ),
        ("fil", pages.url("/file"), failed("no_page")),
        ("bild", pages.url("/colour.png?n=1"), failed("no_page")),
        ("tomt-svar", pages.url("/mute"), failed("no_page")),
        ("inte-http", pages.url("/no-http"), failed("no_page")),
        ("tls-egen", own.url(), failed("tls")),
        ("tls-utgangen", expired.url(), failed("tls")),
        ("tls-annan-vard", other.url(), failed("tls")),
        // Of the same authority, and trusted: it is the dates and the host that the two before were refused for.
        ("tls-bra", good.url(), ("complete", json!([]))),
    ];
    let accounts: Vec<_> = table
        .iter()
        .map(|(alias, url, _)| (*alias, url.clone()))
        .collect();
    register(&archive, &accounts);
    let staging = archive.path().join("staging");
    let strikes = [
        strike(&pages, &staging, "flik", |one| {
            one.line.contains("--type=renderer")
        }),
        strike(&pages, &staging, "lasare", |one| !is_crash_handler(one)),
        // The one that is closed at the end.
        strike(&pages, &staging, "bild", |_| false),
    ];
    let mut args = vec!["capture"];
    args.extend(table.iter().map(|(alias, ..)| *alias));
    args.extend(["--note", NOTE]);
    let mut command = archive.command(DAY, &args);
    command
        .env("HOME", &home)
        .env("TMPDIR", &scratch)
        .arg("--json");
    let result = ran(&mut command).exits(1).result();
    for strike in strikes {
        strike.join().unwrap();
    }
    let rows = result["captures"].as_array().unwrap();
    assert_eq!(rows.len(), table.len());
    for ((alias, _, (verdict, reasons)), row) in table.iter().zip(rows) {
        let came_to = (&row["account"], &row["verdict"], &row["reasons"]);
        assert_eq!(
            came_to,
            (&json!(alias), &json!(verdict), reasons),
            "{row:#}"
        );
        stands_in_the_document(verdict, reasons);
    }
    assert_eq!(entries(&staging), Vec::<String>::new());
    assert_eq!(entries(&scratch), Vec::<String>::new());
    assert_eq!(below(&home), at_home);
    assert!(family(&staging).is_empty(), "a browser is left");
    // A capture that is not complete costs the whole run its 0; one that is alone gives it.
    archive.json(DAY, &["capture", "ingen-lyssnar"]).exits(1);
    archive.json(DAY, &["capture", "efter-fliken"]).exits(0);
    archive.json(DAY, &["verify"]).exits(0);
    kept(&archive, rows);
    let package = archive.beside().join("paket");
    let args = ["export", "--format", "bagit", package.to_str().unwrap()];
    archive.json(DAY, &args).exits(0);
    archive
        .json(DAY, &["verify", package.to_str().unwrap()])
        .exits(0);
    let carried = walkdir::WalkDir::new(package.join("bag/data/records")).into_iter();
    let names = carried.map(|entry| entry.unwrap().file_name().to_owned());
    assert!(!names.into_iter().any(|name| name == "requests.json"));
}

/// A page of noise, whose pictures no file format makes small.
const NOISE: &str = "<!DOCTYPE html><html lang=sv><title>Brus</title><p>Text.<canvas width=1200 height=6000></canvas><script>
    const surface = document.querySelector('canvas').getContext('2d'), noise = surface.createImageData(1200, 6000);
    for (let i = 0; i < noise.data.length; i += 65536) crypto.getRandomValues(noise.data.subarray(i, i + 65536));
    for (let i = 3; i < noise.data.length; i += 4) noise.data[i] = 255;
    surface.putImageData(noise, 0, 0);</script>";

/// A disk that is full while the page's pictures are written: a file system of its own, in a namespace of its own.
#[test]
fn a_full_disk_ends_the_run_and_leaves_nothing() {
    let pages = Pages::start();
    pages.show("/noise", NOISE.to_owned());
    let archive = Archive::new("2026-06-01");
    archive.add_account("2026-06-01", "brus", "annan", &pages.url("/noise"));
    let disk = archive.beside().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let script = r#"set -e
        mount -t tmpfs -o size=30m none "$DISK"
        cp -a "$ARCHIVE/." "$DISK"
        full() { "$BEVARA" --archive "$DISK" --as-of "$DAY" --json "$@"; echo "exit $?"; ls -A "$DISK/staging"; }
        set +e
        full capture brus
        full verify
        mount -o remount,size=300m "$DISK"
        full capture brus
        full verify"#;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script]);
    command
        .env("DISK", &disk)
        .env("ARCHIVE", archive.path())
        .env("DAY", DAY);
    command
        .env("BEVARA", env!("CARGO_BIN_EXE_bevara"))
        .env_remove("BEVARA_PERSON");
    let ran = ran(&mut command);
    if ran.stderr.contains("Operation not permitted") {
        println!("not checked: a full disk; this system gives no namespaces to ordinary users");
        return;
    }
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let others: Vec<&&str> = lines.iter().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(
        others,
        [&"exit 3", &"exit 0", &"exit 0", &"exit 0"],
        "{ran:?}"
    );
    let full: Value = serde_json::from_str(lines[0]).unwrap();
    let message = full["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("No space left on device"), "{message}");
    assert!(family(&disk).is_empty(), "a browser is left");
}

/// A browser that ends as soon as it is started, but for a process of its own. What it says is Chromium's; if it says
/// nothing it is waited for.
#[test]
fn a_browser_that_does_not_start_ends_the_run_and_leaves_nothing() {
    let archive = Archive::new("2026-06-01");
    archive.add_account("2026-06-01", "konto", "annan", "https://kommun.example/");
    let program = archive.beside().join("chromium");
    let config = archive.path().join("bevara.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let named = format!("[browser]\npath = \"{}\"", program.display());
    std::fs::write(&config, text.replace("[browser]", &named)).unwrap();
    let begun = std::time::Instant::now();
    for says in ["Running as root without --no-sandbox is not supported", ""] {
        if says.is_empty() && is_left_to_campaign("a browser that ends in silence") {
            continue;
        }
        let script = format!("#!/bin/sh\nsleep 600 2>/dev/null &\necho '{says}' >&2\nexit 1\n");
        std::fs::write(&program, script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).unwrap();
        let ran = archive.json(DAY, &["capture", "konto"]).exits(3);
        let document = ran.document();
        let message = document["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("the browser did not start"), "{message}");
        assert_eq!(
            entries(&archive.path().join("staging")),
            Vec::<String>::new()
        );
        assert!(family(archive.beside()).is_empty(), "a process is left");
    }
    assert!(begun.elapsed().as_secs() < 60, "it was tried over and over");
    archive.json(DAY, &["verify"]).exits(0);
}

/// The Swedish table says the same, line by line.
#[track_caller]
fn stands_in_the_document(verdict: &str, reasons: &Value) {
    let text = std::fs::read_to_string(repository().join("docs/fel-vid-fangst.md")).unwrap();
    let swedish = match verdict {
        "partial" => "ofullständig",
        "failed" => "misslyckad",
        _ => return,
    };
    let codes: Vec<String> = reasons
        .as_array()
        .unwrap()
        .iter()
        .map(|code| format!("`{}`", code.as_str().unwrap()))
        .collect();
    let cells = format!("| {swedish} | {} | 1 |", codes.join(", "));
    assert!(text.contains(&cells), "{cells} stands nowhere");
}

/// So does every reason that there is.
#[test]
fn every_reason_is_explained_in_swedish() {
    let read = |path: &str| std::fs::read_to_string(repository().join(path)).unwrap();
    let (source, text) = (read("src/model/verdict.rs"), read("docs/fel-vid-fangst.md"));
    let codes = source.split("pub fn code(self)").nth(1).unwrap();
    let codes = codes.split("pub fn ").next().unwrap();
    let codes: Vec<&str> = codes.split('"').skip(1).step_by(2).collect();
    assert!(codes.len() > 25, "{codes:?}");
    for code in codes {
        assert!(text.contains(&format!("`{code}`")), "{code}");
    }
}

/// A failed capture has no directory, but what was observed of it is kept, and is told where.
fn kept(archive: &Archive, rows: &[Value]) {
    let captures: BTreeSet<String> = walkdir::WalkDir::new(archive.path().join("store/captures"))
        .into_iter()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .collect();
    let entries = walkdir::WalkDir::new(archive.path().join("store/log/entries")).into_iter();
    let entries: Vec<Value> = entries
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap())
        .collect();
    for row in rows.iter().filter(|row| row["verdict"] == "failed") {
        let is_its = |entry: &&Value| entry["capture"] == row["capture"];
        let entry = entries.iter().find(is_its).unwrap();
        assert_eq!(entry["type"], "capture-failed");
        // What it was to meet, and has not met.
        assert_eq!(
            entry["wanted"],
            json!([{"rule": "half-year", "due": "2026-07-01"}])
        );
    }
    for row in rows {
        let id = row["capture"].as_str().unwrap();
        assert_eq!(captures.contains(id), row["verdict"] != "failed", "{row:#}");
        if row["verdict"] == "failed" {
            let observed = observed(archive, row);
            let address = observed["address"].as_str().unwrap();
            assert!(address.starts_with("http"), "{observed:#}");
        }
    }
    let of = |alias: &str| {
        let row = rows.iter().find(|row| row["account"] == alias).unwrap();
        observed(archive, row)
    };
    assert_eq!(of("serverfel-tomt")["traffic"]["status"], 500);
    assert_eq!(of("omdirigeras")["traffic"]["redirects"][0]["status"], 302);
    assert_eq!(
        of("metadata")["hosts"]["169.254.169.254:80"]["obstacle"],
        "blocked"
    );
    let error = |alias: &str| of(alias)["traffic"]["tls"]["error"].clone();
    assert_eq!(error("tls-egen"), "net::ERR_CERT_AUTHORITY_INVALID");
    assert_eq!(error("tls-utgangen"), "net::ERR_CERT_DATE_INVALID");
    assert_eq!(error("tls-annan-vard"), "net::ERR_CERT_COMMON_NAME_INVALID");
}

/// The `requests.json` of a failed capture, found and checked as its row tells.
fn observed(archive: &Archive, row: &Value) -> Value {
    assert_eq!(row["files"].as_array().unwrap().len(), 1, "{row:#}");
    let file = &row["files"][0];
    assert_eq!(file["role"], "requests");
    let path = archive.path().join(file["path"].as_str().unwrap());
    let note = std::fs::read(path.with_file_name("note.json")).unwrap();
    let note: Value = serde_json::from_slice(&note).unwrap();
    assert_eq!(note, json!({"note": NOTE}));
    let sum = Command::new("sha256sum").arg(&path).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    assert!(sum.starts_with(file["sha256"].as_str().unwrap()), "{sum}");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What `openssl` says of a certificate.
fn openssl(certificate: &Path, args: &[&str]) -> String {
    let mut command = Command::new("openssl");
    let output = command.args(args).arg(certificate).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_were_refused_are_evidence() {
    let mut rig = Rig::start().await;
    let dir = rig.dir.path().to_owned();
    let authority = Authority::new(&dir);
    let narrow = ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"];
    let server = authority.serve_with(Shown::Good, &narrow);
    let (page, raw) = rig.take(&server.url()).await;
    assert_eq!(verdict(&page), (Verdict::Failed, vec![Reason::Tls]));
    let tls = document(&raw, "requests.json")["traffic"]["tls"].clone();
    let connection = ["protocol", "key_exchange", "cipher", "error"].map(|name| tls[name].as_str());
    let expected = [
        "TLS 1.2",
        "ECDHE_ECDSA",
        "AES_128_GCM",
        "net::ERR_CERT_AUTHORITY_INVALID",
    ];
    assert_eq!(connection, expected.map(Some), "{tls:#}");
    let shown = [server.certificate().to_owned(), authority.certificate()];
    let recorded = tls["certificates"].as_array().unwrap();
    assert_eq!(recorded.len(), shown.len(), "{tls:#}");
    for (recorded, shown) in recorded.iter().zip(&shown) {
        let kept = dir.join("kept.pem");
        std::fs::write(&kept, recorded["pem"].as_str().unwrap()).unwrap();
        // The same bytes, though `openssl` wrote both anew.
        let text = |path: &Path| openssl(path, &["x509", "-text", "-in"]);
        assert_eq!(text(&kept), text(shown));
        let print = openssl(shown, &["x509", "-noout", "-fingerprint", "-sha256", "-in"]);
        let print = print
            .trim()
            .rsplit('=')
            .next()
            .unwrap()
            .replace(':', "")
            .to_lowercase();
        assert_eq!(recorded["sha256"], print);
    }
    let leaf = dir.join("leaf.pem");
    std::fs::write(&leaf, recorded[0]["pem"].as_str().unwrap()).unwrap();
    let authority = authority.certificate();
    openssl(&leaf, &["verify", "-CAfile", authority.to_str().unwrap()]);
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_that_cannot_be_trusted_are_told_of() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let server = Authority::new(rig.dir.path()).serve(Shown::SelfSigned);
    // To the page another host, whose address may be reached.
    let other = format!("https://localhost:{}", server.port());
    let text = "<h1>Från en annan värd</h1><p>Texten går att läsa, och sidan är inte tom för det.";
    for (path, embeds) in [
        (
            "/picture",
            format!("<img src={other}/a.png width=99 height=99><script src={other}/b.js></script>"),
        ),
        ("/script", format!("<script src={other}/b.js></script>")),
    ] {
        pages.show(
            path,
            format!("<!DOCTYPE html><html lang=sv><title>x</title>{text}{embeds}"),
        );
    }
    let errors = |raw: &Path| document(raw, "requests.json")["traffic"]["tls_errors"].clone();
    let (page, raw) = rig.take(&pages.url("/picture")).await;
    let reasons = vec![Reason::Tls, Reason::PartialImages];
    assert_eq!(verdict(&page), (Verdict::Partial, reasons));
    stands_in_the_document("partial", &json!(["tls", "partial_images"]));
    let counted = |requests: u32| json!({&other: {"error": "net::ERR_CERT_AUTHORITY_INVALID", "requests": requests}});
    assert_eq!(errors(&raw), counted(2));
    // What another host's script would have done nobody knows; the page lacks nothing that can be seen.
    let (page, raw) = rig.take(&pages.url("/script")).await;
    assert_eq!(verdict(&page), (Verdict::Complete, Vec::new()));
    assert_eq!(errors(&raw), counted(1));
    rig.browser.close().await;
}
