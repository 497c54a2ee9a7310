//! The harness: the real program on an archive in a temporary directory. Every JSON document it prints is checked
//! against its schema in `docs/format/`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A test archive and the program that works on it.
pub(crate) struct Archive {
    root: tempfile::TempDir,
    /// The first person (role arkivarie).
    pub(crate) person: String,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The `result` of the JSON document on standard output, after the schema check.
    pub(crate) fn result(&self) -> Value {
        self.document()["result"].clone()
    }

    /// The JSON document on standard output (the last line; `verify` and `run` print others before it).
    pub(crate) fn document(&self) -> Value {
        let line = self
            .stdout
            .lines()
            .last()
            .unwrap_or_else(|| panic!("no document: {self:?}"));
        let document: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        check_schema(&document);
        document
    }

    /// The same, after asserting the exit code.
    #[track_caller]
    pub(crate) fn exits(self, expected: i32) -> Self {
        assert_eq!(
            self.exit, expected,
            "stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        self
    }
}

/// Checks a document against `docs/format/<verb>.schema.json`.
#[track_caller]
pub(crate) fn check_schema(document: &Value) {
    let name = document["schema"]
        .as_str()
        .expect("every document names its schema");
    let verb = name
        .strip_prefix("bevara.")
        .and_then(|rest| rest.strip_suffix("/1"))
        .expect(name);
    if document["result"].is_null() {
        return;
    }
    let path = repository().join(format!("docs/format/{verb}.schema.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema is valid");
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{document:#}");
}

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder `below` of `shared/`, which is not ours to ship and lies beside the repository, or further up, where the
/// program is made. Elsewhere says what was not checked, past what the test harness swallows; with
/// `BEVARA_REQUIRE_SHARED=1`, as `.ci/run` sets it where there is one, that is a failure, and a part of it that is missing
/// always is.
pub(crate) fn shared(below: &str) -> Option<PathBuf> {
    let required = std::env::var_os("BEVARA_REQUIRE_SHARED").is_some_and(|value| value == "1");
    shared_of(&repository(), below, required)
}

fn shared_of(repository: &Path, below: &str, required: bool) -> Option<PathBuf> {
    let roots = repository
        .ancestors()
        .skip(1)
        .map(|above| above.join("shared"));
    let mut ours =
        roots.filter(|root| root.join("samples").is_dir() || root.join("seeds").is_dir());
    let Some(root) = ours.next() else {
        assert!(
            !required,
            "shared/{below} does not lie beside the repository"
        );
        let said = format!("NOT CHECKED: shared/{below} does not lie beside the repository\n");
        std::io::stderr()
            .write_all(said.as_bytes())
            .expect("standard error is open");
        return None;
    };
    let folder = root.join(below);
    let is_filled = std::fs::read_dir(&folder).is_ok_and(|mut files| files.next().is_some());
    assert!(is_filled, "{} is missing or empty", folder.display());
    Some(folder)
}

#[test]
fn a_part_of_what_is_shared_that_is_missing_fails_and_the_whole_only_where_it_is_required() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let clone = dir.path().join("work/clone");
    let fails = |below: &str, required| {
        std::panic::catch_unwind(|| shared_of(&clone, below, required)).is_err()
    };
    assert!(!fails("samples/x", false));
    assert!(fails("samples/x", true));
    let folder = dir.path().join("shared/samples/x");
    std::fs::create_dir_all(&folder).expect("a folder");
    assert!(fails("samples/x", false), "empty");
    std::fs::write(folder.join("a.json"), "{}").expect("a file");
    assert_eq!(shared_of(&clone, "samples/x", false), Some(folder));
    assert!(fails("samples/y", false) && fails("seeds", true));
}

/// Whether the long campaign runs (`./scripts/long`).
pub(crate) fn is_campaign() -> bool {
    std::env::var_os("BEVARA_CAMPAIGN").is_some_and(|value| value == "all")
}

/// Whether `what` is left to the long campaign, because it takes longer than an ordinary run may; then says so.
pub(crate) fn is_left_to_campaign(what: &str) -> bool {
    let left = !is_campaign();
    if left {
        println!("not checked: {what}; BEVARA_CAMPAIGN=all does");
    }
    left
}

/// The program, in an environment of its own: no archive and no person are taken from outside.
pub(crate) fn bevara() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bevara"));
    command
        .env_remove("BEVARA_ARCHIVE")
        .env_remove("BEVARA_PERSON")
        .current_dir(repository());
    command
}

/// Runs a prepared command to its end.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
    Ran {
        exit: status.code().unwrap_or(-1),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

impl Archive {
    /// A test archive of the fictional Exempelkommun, made at `as_of`, under `fixtures/policies/exempelkommun.toml`;
    /// the browser may reach loopback.
    pub(crate) fn new(as_of: &str) -> Self {
        Self::with_policy(as_of, "fixtures/policies/exempelkommun.toml")
    }

    /// The same under another policy (id or file).
    pub(crate) fn with_policy(as_of: &str, policy: &str) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        let mut command = bevara();
        command.arg("init").arg(root.path().join("arkiv"));
        command.args([
            "--name",
            "Exempelkommun",
            "--org-nr",
            "212099-9996",
            "--policy",
            policy,
        ]);
        command.args([
            "--person",
            "Kim Exempel",
            "--test-archive",
            "--as-of",
            as_of,
            "--json",
        ]);
        let made = ran(&mut command).exits(0).result();
        let person = made["person"]
            .as_str()
            .expect("init names the person")
            .to_owned();
        let archive = Self { root, person };
        let config = archive.path().join("bevara.toml");
        let text = std::fs::read_to_string(&config).expect("a configuration");
        std::fs::write(
            &config,
            text.replace(
                "[capture]",
                "[capture]\nallow_addresses = [\"127.0.0.0/8\"]",
            ),
        )
        .expect("the configuration is writable");
        archive
    }

    /// A copy of the archive as it stands, in a directory of its own.
    pub(crate) fn copied(&self) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        copy_dir(self.root.path(), root.path());
        Self {
            root,
            person: self.person.clone(),
        }
    }

    /// The archive's directory.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("arkiv")
    }

    /// A directory beside the archive for files of the test.
    pub(crate) fn beside(&self) -> &Path {
        self.root.path()
    }

    /// The program on this archive, at `as_of`, as the first person.
    pub(crate) fn command(&self, as_of: &str, args: &[&str]) -> Command {
        let mut command = bevara();
        command
            .arg("--archive")
            .arg(self.path())
            .args(["--as", &self.person, "--as-of", as_of])
            .args(args);
        command
    }

    /// Runs the program on this archive and gives what it printed for people.
    pub(crate) fn text(&self, as_of: &str, args: &[&str]) -> Ran {
        ran(&mut self.command(as_of, args))
    }

    /// Runs the program on this archive with `--json`.
    pub(crate) fn json(&self, as_of: &str, args: &[&str]) -> Ran {
        ran(self.command(as_of, args).arg("--json"))
    }

    /// Adds a person and returns the id.
    pub(crate) fn add_person(&self, as_of: &str, name: &str, role: &str) -> String {
        let added = self
            .json(as_of, &["person", "add", "--name", name, "--role", role])
            .exits(0)
            .result();
        added["person"]
            .as_str()
            .expect("person add names the person")
            .to_owned()
    }

    /// Adds an account and returns its id.
    pub(crate) fn add_account(
        &self,
        as_of: &str,
        alias: &str,
        platform: &str,
        url: &str,
    ) -> String {
        let args = [
            "account",
            "add",
            alias,
            "--platform",
            platform,
            "--url",
            url,
            "--name",
            alias,
        ];
        let added = self.json(as_of, &args).exits(0).result();
        added["id"]
            .as_str()
            .expect("account add gives the id")
            .to_owned()
    }
}

/// Copies a directory with everything in it.
pub(crate) fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}
