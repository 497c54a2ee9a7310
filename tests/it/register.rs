//! The register: founding an archive, people, accounts, imports, closing.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Archive, bevara, ran, repository};

const POLICY: &str = "fixtures/policies/exempelkommun.toml";

fn init(dir: &Path, extra: &[&str]) -> std::process::Command {
    let mut command = bevara();
    command
        .arg("init")
        .arg(dir)
        .args(["--name", "Exempelkommun", "--person", "Kim Exempel"])
        .args(["--org-nr", "212099-9996", "--policy", POLICY, "--json"])
        .args(extra);
    command
}

/// The log entries of an archive, in order.
fn entries(dir: &Path) -> Vec<Value> {
    let mut all = Vec::new();
    for seq in 0.. {
        let path = dir.join(format!("store/log/entries/{seq:09}.json"));
        match std::fs::read(path) {
            Ok(bytes) => all.push(serde_json::from_slice(&bytes).expect("an entry is JSON")),
            Err(_) => return all,
        }
    }
    unreachable!()
}

fn types(dir: &Path) -> Vec<String> {
    let entries = entries(dir);
    let types = entries
        .iter()
        .map(|entry| entry["type"].as_str().expect("a type"));
    types.map(str::to_owned).collect()
}

#[test]
fn init_lays_down_genesis_person_and_policy() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("arkiv å%20#?");
    let args = ["--test-archive", "--as-of", "2026-01-02"];
    let made = ran(&mut init(&dir, &args)).exits(0).document();
    assert_eq!(made["as_of"], "2026-01-01T23:00:00Z");
    let log = entries(&dir);
    assert_eq!(types(&dir), ["genesis", "person-changed", "policy-change"]);
    assert_eq!(log[0]["prev_sha256"], "0".repeat(64));
    assert_eq!(log[0]["prev_sha512"], "0".repeat(128));
    assert_eq!(log[0]["test"], true);
    assert_eq!(log[0]["origin"], made["result"]["origin"]);
    assert_eq!(log[1]["role"], "arkivarie");
    assert_eq!(log[1]["person"], made["result"]["person"]);
    assert_eq!(log[2]["actor"], made["result"]["person"]);
    assert_eq!(log[2]["cadence"], json!(["half-year", "year"]));
    let digest = log[2]["policy_sha256"].as_str().unwrap();
    assert_eq!(
        std::fs::read(dir.join(format!("store/policies/{digest}.toml"))).unwrap(),
        std::fs::read(repository().join(POLICY)).unwrap()
    );
    let mode = |path: &str| {
        std::fs::metadata(dir.join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("secrets/log.key.pem"), 0o600);
    assert_eq!(mode("secrets"), 0o700);
    // No name of a person stands in the log.
    let log = std::fs::read_to_string(dir.join("store/log/entries/000000001.json")).unwrap();
    assert!(!log.contains("Kim"), "{log}");
    let again = ran(&mut init(&dir, &args)).exits(2);
    assert!(again.stderr.contains("is not empty"), "{}", again.stderr);
}

#[test]
fn init_refuses_what_does_not_hold_and_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("arkiv");
    let policy = root.path().join("fel.toml");
    std::fs::write(&policy, "schema = \"bevara.policy/1\"\n[policy]\nid = 7\n").unwrap();
    let policy = policy.to_str().unwrap();
    for (args, exit, what) in [
        (
            vec!["--as-of", "2026-01-02"],
            2,
            "--as-of cannot be used to make a real archive",
        ),
        (
            vec!["--org-nr", "212000-0986"],
            2,
            "is not an organisation number",
        ),
        (vec!["--origin", "a b"], 2, "cannot be the log's name"),
        (vec!["--name", " "], 2, "--name is empty"),
        (
            vec!["--policy", "saknas"],
            2,
            "neither a shipped policy nor a file",
        ),
        (vec!["--policy", policy], 1, ""),
    ] {
        let mut command = bevara();
        let mut words = vec![
            "init",
            "--name",
            "Exempelkommun",
            "--person",
            "Kim",
            "--org-nr",
            "212099-9996",
            "--policy",
            POLICY,
        ];
        if let Some(place) = words.iter().position(|word| *word == args[0]) {
            words[place + 1] = args[1];
        } else {
            words.extend(&args);
        }
        let done = ran(command.args(&words).arg(&dir)).exits(exit);
        assert!(done.stderr.contains(what), "{args:?}: {}", done.stderr);
        if exit == 1 {
            // Line, caret and suggestion, as `policy check` shows them.
            assert!(done.stdout.contains("fel.toml:3:"), "{}", done.stdout);
            assert!(done.stdout.contains('^'), "{}", done.stdout);
        }
        assert!(!dir.exists(), "{args:?} left something");
    }
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("anteckning.txt"), "min").unwrap();
    ran(&mut init(&dir, &[])).exits(2);
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
}

#[test]
fn the_rest_of_an_interrupted_init_opens_as_nothing_and_is_made_anew() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("arkiv");
    std::fs::create_dir_all(dir.join("store/log/entries")).unwrap();
    std::fs::create_dir_all(dir.join("secrets")).unwrap();
    std::fs::write(dir.join("secrets/log.key.pem"), "old").unwrap();
    std::fs::write(dir.join("bevara.toml.init"), "").unwrap();
    std::fs::write(dir.join("store/0=bevara_store_1"), "bevara_store_1\n").unwrap();
    let opened = ran(bevara().arg("--archive").arg(&dir).args(["person", "list"])).exits(2);
    assert!(
        opened.stderr.contains("is not an archive"),
        "{}",
        opened.stderr
    );
    ran(&mut init(&dir, &[])).exits(0);
    assert!(!dir.join("bevara.toml.init").exists());
    ran(bevara().arg("--archive").arg(&dir).args(["person", "list"])).exits(0);
}

#[test]
fn people_are_added_changed_and_the_last_arkivarie_stays() {
    let archive = Archive::new("2026-01-02");
    let (at, kim) = ("2026-01-03", archive.person.clone());
    let last = archive
        .json(at, &["person", "set", &kim, "--inactive"])
        .exits(4);
    assert!(
        last.stderr.contains("Den sista aktiva arkivarien"),
        "{}",
        last.stderr
    );
    archive
        .json(at, &["person", "set", &kim, "--role", "revisor"])
        .exits(4);
    let key = archive.beside().join("id");
    let made = std::process::Command::new("ssh-keygen")
        .args([
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "alex@exempel.se",
            "-f",
        ])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let public = key.with_extension("pub");
    let public = public.to_str().unwrap();
    let add = [
        "person",
        "add",
        "--name",
        "Alex",
        "--role",
        "arkivarie",
        "--ssh-key",
        public,
    ];
    let alex = archive.json(at, &add).exits(0).result()["person"].clone();
    let alex = alex.as_str().unwrap();
    let line = std::fs::read_to_string(public).unwrap();
    let twice = [
        "person",
        "add",
        "--name",
        "Sam",
        "--role",
        "foretradare",
        "--ssh-key",
        line.trim(),
    ];
    let twice = archive.json(at, &twice).exits(4);
    assert!(
        twice
            .stderr
            .contains(&format!("Nyckeln hör eller har hört till personen {alex}."))
    );
    let other = [
        "person",
        "add",
        "--name",
        "Sam",
        "--role",
        "foretradare",
        "--ssh-key",
        "ssh-rsa AAAA",
    ];
    archive.json(at, &other).exits(2);
    archive
        .json(at, &["person", "set", &kim, "--inactive"])
        .exits(0);
    // Kim may not act any more, and Alex is now the last one.
    let refused = archive
        .json(at, &["person", "set", alex, "--name", "A"])
        .exits(4);
    assert!(
        refused.stderr.contains("inte längre aktiv"),
        "{}",
        refused.stderr
    );
    let persons = archive.json(at, &["person", "list"]).exits(0).result();
    let bare: Vec<&str> = line.split_whitespace().take(2).collect();
    assert_eq!(
        persons["persons"],
        json!([
            {"person": alex, "name": "Alex", "role": "arkivarie", "active": true, "ssh_key": bare.join(" ")},
            {"person": kim, "name": "Kim Exempel", "role": "arkivarie", "active": false, "ssh_key": null},
        ])
    );
    let last = &entries(&archive.path())[4];
    assert_eq!(
        (&last["type"], &last["active"]),
        (&json!("person-changed"), &json!(false))
    );
}

#[test]
fn an_account_keeps_every_revision_and_a_wrong_value_names_its_field() {
    let archive = Archive::new("2026-01-02");
    let url = "https://www.exempel.se/ett";
    let id = archive.add_account("2026-01-03", "ett", "facebook", url);
    let added = archive
        .json(
            "2026-01-03",
            &["account", "add", "ett", "--platform", "x", "--url", url],
        )
        .exits(2);
    assert!(
        added.stderr.contains("already an account \"ett\""),
        "{}",
        added.stderr
    );
    let twin = [
        "account",
        "add",
        "tva",
        "--platform",
        "x",
        "--url",
        "http://exempel.se/ett/",
    ];
    let twin = archive.json("2026-01-03", &twin).exits(0).document();
    assert_eq!(twin["findings"][0]["code"], "R101");
    assert_eq!(
        twin["findings"][0]["message"],
        "kontot ett har samma adress"
    );
    for (words, what) in [
        (
            vec!["namd=x"],
            "field \"namd\" is not in the register; did you mean \"namnd\"?",
        ),
        (
            vec!["oppnande_datum=igår"],
            "field \"oppnande_datum\": \"igår\" is not a date",
        ),
        (vec!["--url", "ftp://exempel.se"], "field \"url\""),
        (
            vec!["--status", "avslutad"],
            "the status cannot be set to avslutad",
        ),
    ] {
        let mut args = vec!["account", "set", "ett"];
        args.extend(words);
        let refused = archive.json("2026-01-04", &args).exits(2);
        assert!(refused.stderr.contains(what), "{}", refused.stderr);
    }
    let set = [
        "account",
        "set",
        "ett",
        "administratorer=Kim; Alex",
        "syfte=Svar på frågor",
        "--status",
        "vilande",
    ];
    archive.json("2026-01-05", &set).exits(0);
    let before = entries(&archive.path()).len();
    archive.json("2026-01-06", &set).exits(0);
    assert_eq!(
        entries(&archive.path()).len(),
        before,
        "nothing changed, nothing is written"
    );
    let shown = archive
        .json("2026-01-06", &["account", "show", "ett"])
        .exits(0)
        .document();
    let revisions = shown["result"]["revisions"].as_array().unwrap();
    assert_eq!(revisions.len(), 2);
    assert_eq!(revisions[0]["account"]["fields"], json!({}));
    assert_eq!(revisions[1]["time"], "2026-01-04T23:00:00Z");
    assert_eq!(
        revisions[1]["account"],
        json!({"id": id, "alias": "ett", "platform": "facebook", "url": url, "name": "ett", "status": "vilande",
            "opened": "2026-01-03", "closed": null,
            "fields": {"administratorer": "Kim; Alex", "syfte": "Svar på frågor"}})
    );
    let codes: Vec<&str> = shown["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert!(
        codes.contains(&"R104") && !codes.contains(&"R102"),
        "{codes:?}"
    );
    // Names, purposes and addresses stand in units, never in the log or the record's description.
    for entry in entries(&archive.path()) {
        let text = entry.to_string();
        assert!(
            !text.contains("Alex") && !text.contains("exempel.se/"),
            "{text}"
        );
    }
}

#[test]
fn an_import_is_all_or_nothing_and_the_second_adds_nothing() {
    let archive = Archive::new("2026-01-02");
    let file = archive.beside().join("konton.csv");
    let wrong = "Alias;Plattform;Adress;Status;Målgrupp;Administratörer\n\
                 a;facebook;https://a.se;aktiv;;Kim\n\
                 b;fejsbok;https://b.se;avslutad;;\n\
                 A;x;https://c.se;;;\n\
                 a;x;;;;\n";
    std::fs::write(&file, wrong).unwrap();
    let path = file.to_str().unwrap();
    let before = entries(&archive.path()).len();
    let refused = archive
        .json("2026-01-03", &["account", "import", path])
        .exits(1)
        .document();
    let places: Vec<&str> = refused["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "konton.csv:3:plattform",
            "konton.csv:3:status",
            "konton.csv:4:alias",
            "konton.csv:5:alias"
        ]
    );
    assert_eq!(entries(&archive.path()).len(), before);
    let right = "\u{feff}Alias;Plattform;Adress;Kontonamn;Målgrupp;Administratörer\r\n\
                 a;facebook;https://a.se;Ett;Invånare;\"Kim; Alex\"\r\n\
                 b;x;https://b.se;;;\r\n";
    std::fs::write(&file, right).unwrap();
    let done = archive
        .json("2026-01-03", &["account", "import", path])
        .exits(0)
        .result();
    assert_eq!(
        done,
        json!({"added": ["a", "b"], "changed": [], "unchanged": []})
    );
    let again = archive
        .json("2026-01-04", &["account", "import", path])
        .exits(0)
        .result();
    assert_eq!(
        again,
        json!({"added": [], "changed": [], "unchanged": ["a", "b"]})
    );
    assert_eq!(entries(&archive.path()).len(), before + 2);
    let toml = archive.beside().join("konton.toml");
    std::fs::write(&toml, "[[konto]]\nalias = \"b\"\nnamnd = \"KS\"\n[[konto]]\nalias = \"c\"\nplattform = \"mastodon\"\nurl = \"https://c.se\"\n").unwrap();
    let done = archive
        .json("2026-01-05", &["account", "import", toml.to_str().unwrap()])
        .exits(0)
        .result();
    assert_eq!(
        done,
        json!({"added": ["c"], "changed": ["b"], "unchanged": []})
    );
    let listed = archive
        .json("2026-01-05", &["account", "list"])
        .exits(0)
        .result();
    let names: Vec<&str> = listed["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Ett", "b", "c"]);
}

#[test]
fn closing_without_a_capture_records_what_is_missed_and_is_final() {
    let archive = Archive::new("2025-12-01");
    archive.add_account(
        "2025-12-01",
        "ett",
        "facebook",
        "https://www.exempel.se/ett",
    );
    let close = [
        "account",
        "close",
        "ett",
        "--without-capture",
        "Borttaget av plattformen",
    ];
    let closed = archive.json("2026-01-02", &close).exits(0).result();
    assert_eq!(
        closed["missed"],
        json!([
            {"rule": "closing", "due": "2026-01-02"},
            {"rule": "half-year", "due": "2026-01-01"},
            {"rule": "year", "due": "2026-01-01"},
        ])
    );
    let log = entries(&archive.path());
    let record = log[4]["record"].as_str().unwrap();
    let reason = archive
        .path()
        .join(format!("store/records/{record}/units/000000/reason.json"));
    assert_eq!(
        std::fs::read_to_string(reason).unwrap(),
        "{\"reason\":\"Borttaget av plattformen\"}\n"
    );
    assert_eq!(
        types(&archive.path())[4..],
        [
            "snapshot-missed",
            "snapshot-missed",
            "snapshot-missed",
            "account-changed"
        ]
    );
    assert_eq!(log[7]["status"], "avslutad");
    archive.json("2026-01-03", &close).exits(2);
    let reopened = archive
        .json(
            "2026-01-03",
            &["account", "set", "ett", "--status", "aktiv"],
        )
        .exits(2);
    assert!(
        reopened.stderr.contains("cannot be opened again"),
        "{}",
        reopened.stderr
    );
    archive
        .json(
            "2026-01-03",
            &[
                "account",
                "set",
                "ett",
                "avslut_dnr=KS 2026/1",
                "--status",
                "raderad",
            ],
        )
        .exits(0);
    let listed = archive
        .json("2026-01-03", &["account", "list"])
        .exits(0)
        .result();
    assert_eq!(listed["accounts"], json!([]));
    let all = archive
        .json("2026-01-03", &["account", "list", "--all"])
        .exits(0)
        .result();
    assert_eq!(all["accounts"][0]["status"], "raderad");
    let later = archive
        .json("2026-01-03", &["schedule", "--until", "2026-12-31"])
        .exits(0)
        .result();
    let states: Vec<String> = later["obligations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{} {} {}",
                one["due"].as_str().unwrap(),
                one["rule"].as_str().unwrap(),
                one["state"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            "2026-01-01 half-year missed",
            "2026-01-01 year missed",
            "2026-01-02 closing missed",
            "2026-07-01 half-year cancelled",
        ]
    );
}

#[test]
fn only_an_arkivarie_changes_the_register() {
    let archive = Archive::new("2026-01-02");
    let sam = archive.add_person("2026-01-02", "Sam", "handlaggare");
    let mut command = bevara();
    command
        .arg("--archive")
        .arg(archive.path())
        .args(["--as-of", "2026-01-03", "--as", &sam]);
    let refused = ran(command.args([
        "account",
        "add",
        "ett",
        "--platform",
        "x",
        "--url",
        "https://x.com/a",
    ]))
    .exits(4);
    assert!(
        refused
            .stderr
            .contains("Rollen handlaggare får inte ändra kontoförteckningen."),
        "{}",
        refused.stderr
    );
    let mut nobody = bevara();
    nobody
        .arg("--archive")
        .arg(archive.path())
        .args(["--as-of", "2026-01-03"]);
    ran(nobody.args(["account", "set", "ett", "syfte=x"])).exits(2);
}
