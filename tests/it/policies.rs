//! Policy files: those shipped, the fixture, and files with faults.

use std::collections::BTreeSet;

use bevara::model::cadence::CadenceRule;
use bevara::policy::builtin;
use bevara::policy::parse::{PolicyFaults, parse};

use crate::support::repository;

fn fixture() -> String {
    std::fs::read_to_string(repository().join("fixtures/policies/exempelkommun.toml"))
        .expect("the fixture is there")
}

#[track_caller]
fn faults(text: &str) -> PolicyFaults {
    parse("p.toml", text).expect_err("the policy has faults")
}

#[test]
fn every_shipped_file_is_listed_loads_and_is_named_after_its_id() {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(repository().join("retention-policies")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    let listed: BTreeSet<String> = builtin::ALL
        .iter()
        .map(|(id, _)| (*id).to_owned())
        .collect();
    assert_eq!(files, listed);
    for (id, text) in builtin::ALL {
        let policy = parse(&format!("{id}.toml"), text)
            .unwrap_or_else(|faults| panic!("{}", faults.rendered.join("\n")));
        assert_eq!(policy.id, *id);
        let day = "2026-11-25".parse().unwrap();
        assert!(
            !policy.hindrances(day).is_empty(),
            "{id} is a template and must never be executable"
        );
    }
}

#[test]
fn the_fixture_can_be_executed_and_has_both_cadences() {
    let policy = parse("exempelkommun.toml", &fixture())
        .unwrap_or_else(|faults| panic!("{}", faults.rendered.join("\n")));
    assert_eq!(policy.hindrances("2026-07-01".parse().unwrap()), []);
    assert!(policy.is_executable("2026-07-01".parse().unwrap()));
    assert_eq!(policy.cadence, [CadenceRule::HalfYear, CadenceRule::Year]);
    assert_eq!((policy.waiting_days, policy.most_percent), (30, 25));
}

#[test]
fn every_fault_is_found_in_one_pass_at_its_place() {
    let text = fixture()
        .replace("galler_fran =", "galer_fran =")
        .replace("\"3 månader\"", "\"P3M\"")
        .replace("\"svordom\"", "\"svordomm\"")
        .replace("beslut = [\"gallring\"]", "beslut = [\"riktlinje\"]")
        .replace("tva_personer = true", "tva_personer = false");
    let faults = faults(&text);
    let found: Vec<&str> = faults
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(found, ["P003", "P016", "P014", "P010", "P007"]);
    let line = 1 + text[..text.find("galer_fran").unwrap()]
        .matches('\n')
        .count();
    assert_eq!(faults.findings[0].path, format!("p.toml:{line}:1"));
    assert_eq!(
        faults.rendered[0],
        format!(
            "fel P003: okänd nyckel \"galer_fran\" i [policy]\n  ╭─[p.toml:{line}:1]\n{line} │ galer_fran = 2026-01-01\n  │ ^^^^^^^^^^\n  ╰─ hjälp: menade du \"galler_fran\"?"
        )
    );
}
