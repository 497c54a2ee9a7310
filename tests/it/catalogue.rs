//! The catalogue: rebuilt from the store it answers as before, on SQLite and on PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{Archive, bevara, ran, repository};
use crate::validators::required;

const AT: &str = "2027-02-01";

/// An archive with a register that has been changed, a closed account, posts of two versions, missed snapshots and a hold.
fn filled() -> Archive {
    let archive = Archive::new("2026-01-02");
    archive.add_person("2026-01-02", "Alex", "foretradare");
    archive.add_account("2026-01-03", "blogg", "blogg", "https://blogg.exempel.se/");
    archive.add_account("2026-01-03", "gammalt", "x", "https://x.com/exempel");
    let export = repository().join("fixtures/platforms/wxr/kommunblogg/export.xml");
    let ingest = ["ingest", "blogg", export.to_str().expect("UTF-8")];
    let ingested = archive.json("2026-02-01", &ingest);
    assert!(ingested.exit <= 1, "{ingested:?}");
    archive
        .json(
            "2026-02-02",
            &[
                "account",
                "set",
                "blogg",
                "syfte=Nyheter",
                "--name",
                "Bloggen",
            ],
        )
        .exits(0);
    let close = [
        "account",
        "close",
        "gammalt",
        "--without-capture",
        "Borttaget",
    ];
    archive.json("2026-08-01", &close).exits(0);
    archive
}

/// What the program answers to the questions that rest on the catalogue.
fn answers(archive: &Archive) -> Vec<Value> {
    [
        &["account", "list", "--all"][..],
        &["account", "show", "blogg"],
        &["person", "list"],
        &["schedule", "--until", "2028-01-01"],
        &["disposal", "plan", "--dry-run"],
        &["post", "search", "kommun"],
        &["hold", "list"],
        &["policy", "list"],
    ]
    .iter()
    .map(|args| {
        let answer = archive.json(AT, args).exits(0).document();
        let mut result = answer["result"].clone();
        // A plan that is only rehearsed gets a new id each time.
        if let Some(members) = result.as_object_mut() {
            members.remove("plan");
            members.remove("digest");
        }
        result
    })
    .collect()
}

fn discard(archive: &Archive) {
    for suffix in ["", "-wal", "-shm"] {
        let file = archive.path().join(format!("catalogue.db{suffix}"));
        if file.exists() {
            std::fs::remove_file(file).expect("the catalogue can be removed");
        }
    }
}

#[test]
fn the_catalogue_is_rebuilt_to_the_same_answers() {
    let archive = filled();
    let before = answers(&archive);
    assert!(
        before[3]["obligations"]
            .as_array()
            .is_some_and(|all| all.len() > 3)
    );
    assert!(
        before[4]["items"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );
    discard(&archive);
    let done = archive.json(AT, &["reindex"]).exits(0).result();
    let log = std::fs::read_dir(archive.path().join("store/log/entries"))
        .expect("the log")
        .count();
    assert_eq!(done["entries"], log);
    assert_eq!(answers(&archive), before);
    // A damaged catalogue is an error that says what to do, and no hindrance for reindex.
    discard(&archive);
    std::fs::write(archive.path().join("catalogue.db"), "no database").expect("writable");
    let damaged = archive.json(AT, &["account", "list"]).exits(3);
    assert!(
        damaged.stderr.contains("hint: run `bevara reindex`"),
        "{}",
        damaged.stderr
    );
    archive.json(AT, &["reindex"]).exits(0);
    assert_eq!(answers(&archive), before);
    // The verb that finds none makes one without being asked.
    discard(&archive);
    assert_eq!(answers(&archive), before);
    assert!(!archive.path().join("catalogue.db.new").exists());
}

#[test]
fn many_processes_may_bring_an_old_catalogue_up_to_date_at_once() {
    let archive = filled();
    let before = answers(&archive);
    discard(&archive);
    let children: Vec<_> = (0..6)
        .map(|_| {
            archive
                .command(AT, &["account", "show", "blogg", "--json"])
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .expect("the program starts")
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(document["result"], before[1]);
    }
    assert_eq!(answers(&archive), before);
}

#[test]
fn postgresql_answers_as_sqlite_does() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let archive = filled();
    let before = answers(&archive);
    let config = archive.path().join("bevara.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let with = format!("[catalogue]\nurl = \"{}\"", server.url);
    std::fs::write(&config, text.replace("[catalogue]", &with)).expect("writable");
    discard(&archive);
    // First filled by whichever verb comes first, then rebuilt in one transaction.
    assert_eq!(answers(&archive), before);
    archive.json(AT, &["reindex"]).exits(0);
    assert_eq!(answers(&archive), before);
    assert!(!archive.path().join("catalogue.db").exists());
    archive.add_account(
        AT,
        "nytt",
        "mastodon",
        "https://mastodon.exempel.se/@kommun",
    );
    archive
        .json(AT, &["account", "set", "nytt", "namnd=KS"])
        .exits(0);
    let here = answers(&archive);
    std::fs::write(&config, text).expect("writable");
    assert_eq!(
        answers(&archive),
        here,
        "SQLite catches up with what was written under PostgreSQL"
    );
}

#[test]
fn a_database_that_does_not_answer_is_an_error_and_not_a_crash() {
    let archive = Archive::new("2026-01-02");
    let config = archive.path().join("bevara.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let with = "[catalogue]\nurl = \"postgres://nobody@127.0.0.1:1/none\"";
    std::fs::write(&config, text.replace("[catalogue]", with)).expect("writable");
    let failed = ran(bevara()
        .arg("--archive")
        .arg(archive.path())
        .args(["account", "list", "--json"]))
    .exits(3);
    assert!(
        failed.stderr.contains("failed to use the catalogue"),
        "{}",
        failed.stderr
    );
}

/// A private PostgreSQL server on a socket in a temporary directory.
struct Postgres {
    dir: tempfile::TempDir,
    bin: PathBuf,
    url: String,
}

impl Postgres {
    /// Starts it; `None` where PostgreSQL is not installed and that is no failure.
    fn start() -> Option<Self> {
        let installed = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten();
        let bin = installed
            .map(|entry| entry.path().join("bin"))
            .find(|bin| bin.join("initdb").exists());
        let Some(bin) = bin else {
            assert!(
                !required(),
                "PostgreSQL is missing: apt-get install postgresql"
            );
            println!("not checked, because PostgreSQL is missing: that it answers as SQLite does");
            return None;
        };
        let dir = tempfile::tempdir().expect("a temporary directory");
        let url = format!(
            "postgres://postgres@localhost/postgres?host={}",
            dir.path().display()
        );
        let server = Self { dir, bin, url };
        // The server refuses to run as root.
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(server.dir.path()));
        }
        let data = server.dir.path().join("data");
        server.run(
            "initdb",
            &[
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "-D",
            ],
            &data,
        );
        let options = format!(
            "-o-k {} -c listen_addresses= -c fsync=off",
            server.dir.path().display()
        );
        let log = format!("-l{}", server.dir.path().join("log").display());
        server.run("pg_ctl", &["start", "-w", &options, &log, "-D"], &data);
        Some(server)
    }

    fn run(&self, program: &str, args: &[&str], data: &Path) {
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command
                .args(["-u", "postgres", "--"])
                .arg(self.bin.join(program));
            command
        } else {
            Command::new(self.bin.join(program))
        };
        run(command.args(args).arg(data).current_dir("/"));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.dir.path().join("data");
        self.run("pg_ctl", &["stop", "-m", "immediate", "-D"], &data);
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn run(command: &mut Command) {
    let output = command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .output()
        .expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
