//! What people write policies from: the Swedish guide, whose examples are run, and the JSON Schema for editors.

use std::path::{Path, PathBuf};
use std::process::Command;

use bevara::policy::parse::parse;
use serde_json::Value;

use crate::support::{bevara, ran, repository};
use crate::validators::required;

/// The fenced blocks of the guide: what stands after the fence, and the lines.
fn blocks() -> Vec<(String, String)> {
    let text =
        std::fs::read_to_string(repository().join("docs/skriv-en-gallringspolicy.md")).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, body)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The guide's policy: its pieces one after the other.
fn policy() -> String {
    let pieces = blocks();
    let pieces = pieces.iter().filter(|(info, _)| info == "toml");
    pieces.map(|(_, body)| body.as_str()).collect()
}

#[test]
fn the_guides_policy_is_without_fault_hindrance_or_warning_and_its_commands_work() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("min-kommun.toml"), policy()).unwrap();
    let mut run = 0;
    for (info, body) in blocks() {
        for line in body.lines().filter(|_| info == "console") {
            let words: Vec<&str> = line.split_whitespace().collect();
            let mut command = bevara();
            command.args(&words[1..]).current_dir(dir.path());
            ran(command.args(["--as-of", "2027-06-01", "--json"])).exits(0);
            run += 1;
        }
    }
    assert_eq!(run, 3);
    let mut check = bevara();
    check.current_dir(dir.path());
    check.args([
        "policy",
        "check",
        "min-kommun.toml",
        "--as-of",
        "2027-06-01",
        "--json",
    ]);
    let found = ran(&mut check).exits(0).result();
    assert_eq!(
        (&found["level"], &found["executable"]),
        (&"felfri".into(), &true.into())
    );
    let mut tried = bevara();
    tried.current_dir(dir.path());
    tried.args(["policy", "test", "min-kommun.toml", "--json"]);
    let tried = ran(&mut tried).exits(0).result();
    assert_eq!(tried["untried"], serde_json::json!([]));
}

#[test]
fn each_faulty_line_of_the_guide_has_the_fault_that_it_shows() {
    let whole = policy();
    let mut shown = 0;
    for (info, body) in blocks() {
        let Some(code) = info.strip_prefix("toml fel=") else {
            continue;
        };
        let line = body.trim_end();
        let key = line.split_once('=').unwrap().0;
        // The line stands in the place of the nearest one with its key: in a rule that may dispose, where there is one.
        let replaced: Vec<String> = whole
            .split("[[regel]]")
            .enumerate()
            .map(|(index, part)| {
                let wanted = match code {
                    "P007" | "P012" => part.contains("id = \"M-4\""),
                    "P014" => part.contains("id = \"M-1\""),
                    _ => index == 0,
                };
                let swap = |old: &str| {
                    let same = wanted && old.starts_with(key);
                    (if same { line } else { old }).to_owned()
                };
                part.lines().map(|old| swap(old) + "\n").collect::<String>()
            })
            .collect();
        let text = replaced.join("[[regel]]");
        assert_ne!(text, whole, "{line}");
        let faults = parse("min-kommun.toml", &text).expect_err(line);
        assert_eq!(
            faults.findings[0].code, code,
            "{line}: {:?}",
            faults.rendered
        );
        shown += 1;
    }
    assert_eq!(shown, 4);
}

/// A policy file as JSON: dates become texts, as editors see them.
fn as_json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    json_of(toml::Value::Table(table))
}

fn json_of(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => Value::from(date.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json_of).collect(),
        toml::Value::Table(table) => table
            .into_iter()
            .map(|(key, inner)| (key, json_of(inner)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
    }
}

fn files(dir: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository().join(dir)).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

/// Faults that no schema can tell; only `policy check` does.
const OF_MEANING: [&str; 3] = ["bara-nekande", "okant-beslut", "utan-beslut"];

#[test]
fn the_schema_takes_what_the_program_takes_and_refuses_what_it_refuses() {
    let text =
        std::fs::read_to_string(repository().join("docs/format/policy.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut good = files("retention-policies");
    good.extend(files("fixtures/policies"));
    assert_eq!(good.len(), 6);
    for path in &good {
        let errors: Vec<String> = validator
            .iter_errors(&as_json(path))
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
    let faulty = files("fixtures/policies/faulty");
    assert!(faulty.len() > 10);
    for path in &faulty {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(parse(name, &text).is_err(), "{name} has a fault");
        let refused = !validator.is_valid(&as_json(path));
        assert_eq!(refused, !OF_MEANING.contains(&name), "{name}");
    }
}

/// Another implementation, in the language whose library reads TOML 1.0: Python's `tomllib` and `jsonschema`.
#[test]
fn python_reads_the_files_and_says_the_same() {
    const SCRIPT: &str = "
import datetime, json, sys, tomllib, jsonschema
def plain(value):
    if isinstance(value, dict): return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list): return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime.date) else value
validator = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
for path in sys.argv[2:]:
    print(path, validator.is_valid(plain(tomllib.load(open(path, 'rb')))))
";
    let own = repository().join(".tools/venv/bin/python");
    let python = if own.is_file() {
        own
    } else {
        PathBuf::from("python3")
    };
    let known = Command::new(&python)
        .args(["-c", "import tomllib, jsonschema"])
        .output();
    if !known.is_ok_and(|known| known.status.success()) {
        assert!(
            !required(),
            "Python's jsonschema is missing; run ./scripts/tools"
        );
        println!("not checked: Python's jsonschema is not installed");
        return;
    }
    let mut paths = files("retention-policies");
    paths.extend(files("fixtures/policies"));
    paths.extend(files("fixtures/policies/faulty"));
    let output = Command::new(&python)
        .args(["-c", SCRIPT])
        .arg(repository().join("docs/format/policy.schema.json"))
        .args(&paths)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), paths.len());
    for line in text.lines() {
        let name = Path::new(line.split(' ').next().unwrap())
            .file_stem()
            .unwrap()
            .to_owned();
        let good = !line.contains("/faulty/") || OF_MEANING.contains(&name.to_str().unwrap());
        assert!(
            line.ends_with(if good { " True" } else { " False" }),
            "{line}"
        );
    }
}
