//! The registry (diarium) and takedowns: what goes there, in what form, what comes back, and what becomes of the copy.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::disposal::{EXAMPLE, comments, deliver, export, with_posts};
use crate::pages::Pages;
use crate::support::{Archive, bevara, ran, repository};
use crate::validators::verapdf;

const RULES: &str = r#"
[[regel]]
id = "E-5"
rubrik = "Arbetskopior av det som är diariefört"
utfall = "far_gallras"
beslut = ["gallring"]
stod = { avsnitt = "§ 187", citat = "Arbetskopior gallras en månad efter diarieföringen" }
inaktuell = { handelse = "diariefort", frist = "1 månad", frist_beslutad = true }
villkor = { diarieford = true }

[[regel]]
id = "E-6"
rubrik = "Borttaget diarieförs med motivering"
utfall = "diariefors"
kraver_motivering = true
beslut = ["riktlinje"]
stod = { avsnitt = "6", citat = "Borttaget diarieförs med motivering" }
villkor = { synlighet = ["avpublicerad", "raderad"] }

[[prov]]
regel = "E-5"
namn = "Diariefört ärende"
dag = 2026-12-01
inlagg = { roll = "invanare", typ = ["kommentar"], tecken = 40, flagga = ["arende"], diarieford = true }
handelser = { diariefort = 2026-09-01 }
vantat = { utfall = "far_gallras", tidigast = 2026-10-01, skyldigheter = [], sparrar = [] }

[[prov]]
regel = "E-6"
namn = "Dold kommentar"
dag = 2026-12-01
inlagg = { roll = "invanare", typ = ["kommentar"], tecken = 20, synlighet = "avpublicerad" }
vantat = { utfall = "diariefors", skyldigheter = ["diariefor", "motivering"] }
"#;

/// The same posts are to be reported to the police too, or a person decides that they are not.
const REPORTED: &str = r#"
[[regel]]
id = "E-7"
rubrik = "Det som kommit in och ska bedömas för polisanmälan"
utfall = "diariefors"
polisanmalan = true
beslut = ["riktlinje"]
stod = { avsnitt = "6", citat = "Vid behov polisanmäls inlägg" }
villkor = { roll = ["invanare"], flagga = ["sekretess"] }

[[prov]]
regel = "E-7"
namn = "Diariefört men inte avgjort"
dag = 2026-12-01
inlagg = { roll = "invanare", typ = ["kommentar"], tecken = 40, flagga = ["sekretess"], diarieford = true }
handelser = { diariefort = 2026-09-01 }
vantat = { utfall = "granskas", skyldigheter = ["polisanmal"], sparrar = ["G2"] }

[[prov]]
regel = "E-7"
namn = "Diariefört och avgjort"
dag = 2026-12-01
inlagg = { roll = "invanare", typ = ["kommentar"], tecken = 40, flagga = ["sekretess"], diarieford = true, polisanmalan_avgjord = true }
handelser = { diariefort = 2026-09-01 }
vantat = { utfall = "far_gallras", tidigast = 2026-10-01, skyldigheter = [], sparrar = [] }
"#;

/// The example policy with rules on removed and registered posts; those on registered ones may be left out.
fn policy(dir: &Path, with_copies: bool) -> String {
    let text = std::fs::read_to_string(repository().join(EXAMPLE)).unwrap();
    let rules = if with_copies {
        RULES.to_owned()
    } else {
        RULES.replace(
            "villkor = { diarieford = true }",
            "villkor = { typ = [\"direktmeddelande\"] }",
        )
    };
    let path = dir.join("exempelkommun.toml");
    std::fs::write(&path, text + &rules).unwrap();
    path.to_str().unwrap().to_owned()
}

fn archive() -> Archive {
    let dir = tempfile::tempdir().unwrap();
    let pages = Pages::start();
    let archive = with_posts(&policy(dir.path(), true), &pages.url("/short.html"));
    deliver(&archive);
    archive
}

fn listed(archive: &Archive, at: &str, status: &str) -> Vec<Value> {
    let list = archive
        .json(at, &["registry", "list", "--status", status])
        .exits(0)
        .result();
    list["posts"].as_array().unwrap().clone()
}

/// The key of a comment by its id in the export.
fn key(archive: &Archive, id: &str) -> String {
    let plan = archive
        .json("2026-08-01", &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let items = plan["items"].as_array().unwrap().clone();
    let item = items.into_iter().find(|item| item["source_id"] == id);
    item.unwrap()["post"].as_str().unwrap().to_owned()
}

fn item(archive: &Archive, at: &str, key: &str) -> Value {
    let plan = archive
        .json(at, &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let items = plan["items"].as_array().unwrap().clone();
    items.into_iter().find(|item| item["post"] == key).unwrap()
}

fn hand_over(archive: &Archive, at: &str, post: &str, more: &[&str]) -> (String, PathBuf) {
    let out = archive.beside().join(format!(
        "diarium-{at}-{}-{}",
        more.len(),
        post.replace(':', "-")
    ));
    let mut args = vec![
        "registry",
        "handover",
        post,
        "--to",
        "Socialförvaltningen",
        "--out",
        out.to_str().unwrap(),
    ];
    args.extend(more);
    let handed = archive.json(at, &args).exits(0).result();
    assert_eq!(handed["posts"], json!([post]));
    (handed["handover"].as_str().unwrap().to_owned(), out)
}

#[test]
fn a_post_goes_to_the_registry_and_its_copy_goes_only_by_a_rule_after_the_number_came_back() {
    let archive = archive();
    let post = key(&archive, "31");
    let waiting = listed(&archive, "2026-08-01", "to-register");
    let duty = waiting.iter().find(|duty| duty["post"] == post.as_str());
    let duty = duty.unwrap_or_else(|| panic!("{waiting:#?}"));
    assert_eq!(duty["rules"], json!(["E-1"]));
    assert_eq!(duty["obligations"], json!(["diariefor"]));
    let (handover, out) = hand_over(&archive, "2026-08-01", &post, &[]);
    let sums = Command::new("sha256sum")
        .args(["--strict", "--quiet", "-c", "manifest-sha256.txt"])
        .current_dir(&out)
        .status()
        .unwrap();
    assert!(sums.success());
    let package: Value =
        serde_json::from_slice(&std::fs::read(out.join("paket.json")).unwrap()).unwrap();
    assert_eq!(package["mottagare"], "Socialförvaltningen");
    assert_eq!(package["provarkiv"], true);
    assert_eq!(
        package["handlingar"][0]["filer"],
        json!([
            "inlagg.pdf",
            "version-1/item.json",
            "version-1/original.json"
        ])
    );
    let pdf = out.join("handlingar/0001/inlagg.pdf");
    let text = Command::new("pdftotext")
        .arg(&pdf)
        .arg("-")
        .output()
        .unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("Anmälan till socialtjänsten om grannen") && text.contains("E-1"),
        "{text}"
    );
    // Level A, and read aloud as well as it can be judged.
    for flavour in ["2a", "ua1"] {
        let results = verapdf(std::slice::from_ref(&pdf), flavour).unwrap_or_default();
        assert!(results.iter().all(|one| one.compliant), "{results:?}");
    }
    handed_over_posts_stay_until_their_number_is_back(&archive);
    let again = archive.text(
        "2026-08-01",
        &[
            "registry",
            "handover",
            &post,
            "--to",
            "X",
            "--out",
            out.to_str().unwrap(),
        ],
    );
    assert_eq!(again.exit, 2, "nothing is overwritten: {}", again.stderr);
    assert_eq!(listed(&archive, "2026-08-01", "handed-over").len(), 1);
    let before = item(&archive, "2026-09-15", &post);
    assert_eq!(before["outcome"], "registry", "the copy stays meanwhile");
    let number = |at: &str| {
        let args = [
            "registry",
            "receipt",
            &handover,
            "--registry-no",
            "SN 2026/9",
        ];
        archive.json(at, &args)
    };
    let filed = number("2026-08-15").exits(0).result();
    assert_eq!((&filed["units"], &filed["waiting"]), (&json!(1), &json!(0)));
    let twice = number("2026-08-16").exits(4);
    assert!(twice.stderr.contains("väntar"), "{}", twice.stderr);
    let registered = listed(&archive, "2026-08-16", "registered");
    assert_eq!(registered[0]["registry_no"], "SN 2026/9");
    let early = item(&archive, "2026-09-01", &post);
    assert_eq!(
        (&early["outcome"], &early["earliest"], &early["rules"]),
        (&json!("may-dispose"), &json!("2026-09-15"), &json!(["E-5"]))
    );
    archive.json("2026-09-02", &["reindex"]).exits(0);
    assert_eq!(
        item(&archive, "2026-09-02", &post),
        item(&archive, "2026-09-02", &post)
    );
    assert_eq!(listed(&archive, "2026-09-02", "registered"), registered);
    // Without a rule on registered posts the copy stays.
    let dir = tempfile::tempdir().unwrap();
    let without = archive.copied();
    without
        .json(
            "2026-09-15",
            &["policy", "adopt", &policy(dir.path(), false)],
        )
        .exits(0);
    let kept = item(&without, "2026-12-01", &post);
    assert_eq!(kept["outcome"], "review", "{kept:#}");
    // A new version is not what was registered.
    let mut more = comments();
    for (id, text) in &mut more {
        if *id == 31 {
            *text = "Anmälan till socialtjänsten om grannen, mer";
        }
    }
    let changed = archive.copied();
    let file = changed.beside().join("senare.xml");
    std::fs::write(&file, export(&more)).unwrap();
    changed
        .json("2026-09-15", &["ingest", "blogg", file.to_str().unwrap()])
        .exits(0);
    let status = listed(&changed, "2026-09-16", "to-register");
    assert!(status.iter().any(|duty| duty["post"] == post.as_str()));
    police_report_is_decided_by_a_person(&archive, &post);
    // And then the whole way.
    let planned = archive
        .json("2026-09-16", &["disposal", "plan"])
        .exits(0)
        .result();
    let plan = planned["plan"].as_str().unwrap();
    let second = archive.add_person("2026-09-16", "Lo Annan", "foretradare");
    let mut approve = bevara();
    approve.arg("--archive").arg(archive.path());
    approve.args(["--as", &second, "--as-of", "2026-09-17", "--json"]);
    ran(approve.args(["disposal", "approve", plan, "--decision", "KS 1"])).exits(0);
    let executed = archive
        .json("2026-10-18", &["disposal", "execute", plan])
        .exits(0)
        .result();
    assert_eq!(executed["disposed"], 3);
    archive.json("2026-10-18", &["verify"]).exits(0);
}

/// What is handed over waits for its number, though a rule would let it go.
fn handed_over_posts_stay_until_their_number_is_back(archive: &Archive) {
    let archive = archive.copied();
    let thanks = key(&archive, "20");
    let before = item(&archive, "2026-12-01", &thanks);
    assert_eq!(before["outcome"], "may-dispose", "{before:#}");
    assert!(
        !before["blocked_by"]
            .as_array()
            .unwrap()
            .contains(&json!("G2"))
    );
    let (handover, _) = hand_over(&archive, "2026-08-01", &thanks, &[]);
    let waits = item(&archive, "2026-12-01", &thanks);
    assert!(
        waits["blocked_by"]
            .as_array()
            .unwrap()
            .contains(&json!("G2"))
    );
    let args = [
        "registry",
        "receipt",
        &handover,
        "--registry-no",
        "KS 2026/1",
    ];
    archive.json("2026-08-02", &args).exits(0);
    let back = item(&archive, "2026-12-01", &thanks);
    assert_eq!(back["rules"], json!(["E-5"]));
    assert!(
        !back["blocked_by"]
            .as_array()
            .unwrap()
            .contains(&json!("G2"))
    );
}

/// The post is registered; a rule wants it reported to the police, which registration does not fulfil.
fn police_report_is_decided_by_a_person(archive: &Archive, post: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = policy(dir.path(), true);
    let text = std::fs::read_to_string(&path).unwrap().replace(
        "skyldigheter = [\"diariefor\"]",
        "skyldigheter = [\"diariefor\", \"polisanmal\"]",
    ) + REPORTED;
    std::fs::write(&path, text).unwrap();
    let archive = archive.copied();
    archive
        .json("2026-09-16", &["policy", "test", &path])
        .exits(0);
    archive
        .json("2026-09-16", &["policy", "adopt", &path])
        .exits(0);
    let open = item(&archive, "2026-12-01", post);
    assert_eq!(open["outcome"], "review", "{open:#}");
    assert!(
        open["blocked_by"]
            .as_array()
            .unwrap()
            .contains(&json!("G2"))
    );
    assert!(
        open["reason"].as_str().unwrap().contains("polisanmälas"),
        "{open:#}"
    );
    let decide = ["post", "decide", post, "--reason", "Delegaten anmäler inte"];
    archive.json("2026-09-17", &decide).exits(2);
    let decide = [&decide[..], &["--police-report", "not_made"]].concat();
    let decided = archive.json("2026-09-17", &decide).exits(0).result();
    assert_eq!(decided["outcome"], Value::Null);
    assert_eq!(decided["police_report"], "not_made");
    for at in ["2026-09-17", "2026-09-18"] {
        let closed = item(&archive, "2026-12-01", post);
        assert_eq!(closed["outcome"], "may-dispose", "{closed:#}");
        assert_eq!(closed["rules"], json!(["E-5"]));
        assert!(
            !closed["blocked_by"]
                .as_array()
                .unwrap()
                .contains(&json!("G2"))
        );
        archive.json(at, &["reindex"]).exits(0);
    }
    archive.json("2026-09-18", &["verify"]).exits(0);
}

#[test]
fn a_takedown_keeps_the_copy_and_sends_it_where_the_policy_says() {
    let archive = archive();
    let post = key(&archive, "20");
    let picture = archive.beside().join("efter.png");
    std::fs::write(&picture, b"no picture").unwrap();
    let take = |more: &[&str]| {
        let mut args = vec![
            "post", "takedown", &post, "--rule", "E-3", "--state", "deleted",
        ];
        args.extend(more);
        archive.json("2026-08-02", &args)
    };
    take(&["--reason", " "]).exits(2);
    take(&[
        "--reason",
        "Personangrepp",
        "--after",
        picture.to_str().unwrap(),
    ])
    .exits(2);
    std::fs::write(&picture, b"\x89PNG\r\n\x1a\nrest").unwrap();
    let taken = take(&[
        "--reason",
        "Personangrepp",
        "--after",
        picture.to_str().unwrap(),
    ])
    .exits(0)
    .result();
    assert_eq!(taken["outcome"], "registry");
    assert_eq!(taken["obligations"], json!(["diariefor", "motivering"]));
    let record = taken["record"].as_str().unwrap();
    let unit = archive
        .path()
        .join(format!("store/records/{record}/units/000000"));
    let details: Value =
        serde_json::from_slice(&std::fs::read(unit.join("takedown.json")).unwrap()).unwrap();
    assert_eq!(
        (
            &details["rule"],
            &details["policy_rule"],
            &details["reason"]
        ),
        (&json!("E-3"), &json!(true), &json!("Personangrepp"))
    );
    assert_eq!(
        (&details["before"], &details["after"]),
        (&json!("live"), &json!("deleted"))
    );
    assert!(details["captured"].is_string() && unit.join("after.png").is_file());
    let shown = archive
        .json("2026-08-02", &["post", "show", &post])
        .exits(0)
        .result();
    assert_eq!(
        shown["versions"][0]["item"]["text"],
        "Tack för informationen!"
    );
    let now = item(&archive, "2026-08-03", &post);
    assert_eq!(now["outcome"], "registry");
    let blocked = now["blocked_by"].as_array().unwrap();
    assert!(
        blocked.contains(&json!("G2")) && blocked.contains(&json!("G3")),
        "no capture after the removal was delivered: {now:#}"
    );
    // Later exports lack it: that is explained.
    for (at, text) in [("2026-08-10", "Fin park!"), ("2026-08-11", "Fina träd!")] {
        let mut rest = comments();
        rest.retain(|(id, _)| *id != 20);
        rest.push((90, text));
        let file = archive.beside().join(format!("{at}.xml"));
        std::fs::write(&file, export(&rest)).unwrap();
        let copy = archive.copied();
        copy.json(at, &["ingest", "blogg", file.to_str().unwrap()])
            .exits(0);
        let open = copy.json(at, &["removal", "list"]).exits(0).result();
        let listed = open["removals"].as_array().unwrap();
        assert!(
            !listed.iter().any(|one| one["post"] == post.as_str()),
            "{listed:#?}"
        );
        let all = copy.json(at, &["removal", "list", "--all"]).exits(0);
        let all = all.result()["removals"].as_array().unwrap().clone();
        assert!(
            all.iter()
                .any(|one| one["post"] == post.as_str() && one["status"] == "explained"),
            "{all:#?}"
        );
    }
    // The takedown's reason is the motivation.
    let (_, out) = hand_over(&archive, "2026-08-03", &post, &[]);
    let package = std::fs::read_to_string(out.join("paket.json")).unwrap();
    assert!(package.contains("Personangrepp (regel E-3)"), "{package}");
    archive.json("2026-08-03", &["reindex"]).exits(0);
    assert_eq!(item(&archive, "2026-08-03", &post)["outcome"], "registry");
    archive.json("2026-08-03", &["verify"]).exits(0);
}

#[test]
fn a_damaged_post_is_neither_taken_down_nor_handed_over() {
    let archive = archive();
    let post = key(&archive, "31");
    let found = walkdir::WalkDir::new(archive.path().join("store/captures"))
        .into_iter()
        .flatten()
        .find(|entry| {
            entry.file_name() == "item.json"
                && std::fs::read_to_string(entry.path())
                    .unwrap()
                    .contains("Anmälan till")
        });
    std::fs::write(found.unwrap().path(), "{}").unwrap();
    let args = ["post", "takedown", &post, "--rule", "E-3", "--reason", "X"];
    archive.json("2026-08-02", &args).exits(4);
    let out = archive.beside().join("ut");
    let args = [
        "registry",
        "handover",
        &post,
        "--to",
        "X",
        "--out",
        out.to_str().unwrap(),
    ];
    archive.json("2026-08-02", &args).exits(1);
    assert!(!out.exists());
}
