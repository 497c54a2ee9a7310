//! Policy files: those shipped, the fixture, and files with faults.

use std::collections::BTreeSet;

use bevara::model::cadence::CadenceRule;
use bevara::policy::builtin;
use bevara::policy::parse::{PolicyFaults, parse};

use crate::support::{Archive, bevara, ran, repository, shared};

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
    assert_eq!(found, ["P003", "P016", "P014", "P010", "P007", "P014"]);
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

#[test]
fn check_tells_faults_hindrances_and_none_by_its_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = dir.path().join("fel.toml");
    std::fs::write(
        &wrong,
        fixture().replace("status = \"gallande\"", "status = \"galande\""),
    )
    .unwrap();
    let shown = ran(bevara().args(["policy", "check"]).arg(&wrong)).exits(1);
    assert!(
        shown
            .stdout
            .contains("okänt värde \"galande\" för \"status\""),
        "{shown:?}"
    );
    assert!(
        shown.stdout.contains("hjälp: menade du \"gallande\"?"),
        "{shown:?}"
    );
    let found = ran(bevara().args(["policy", "check", "--json"]).arg(&wrong))
        .exits(1)
        .document();
    assert_eq!(found["findings"][0]["code"], "P006");

    let template = ran(bevara().args(["policy", "check", "torsby", "--json"]))
        .exits(0)
        .document();
    assert_eq!(template["result"]["level"], "hinder");
    assert_eq!(template["result"]["executable"], false);
    let codes: BTreeSet<&str> = template["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert!(
        codes.is_superset(&BTreeSet::from(["H301", "H303", "H304"])),
        "{codes:?}"
    );
    let decided = ran(bevara().args([
        "policy",
        "check",
        "fixtures/policies/exempelkommun.toml",
        "--json",
        "--as-of",
        "2026-07-01",
    ]))
    .exits(0)
    .result();
    assert_eq!(decided["executable"], true);
}

#[test]
fn adopting_puts_a_policy_in_force_and_moves_every_accounts_due_dates() {
    let archive = Archive::new("2026-01-05");
    archive.add_account(
        "2026-01-05",
        "kommunen",
        "mastodon",
        "http://127.0.0.1:1/@kommunen",
    );
    let listed = archive
        .json("2026-01-06", &["policy", "list"])
        .exits(0)
        .result();
    assert_eq!(listed["policies"][0]["id"], "exempelkommun");
    assert_eq!(listed["policies"][0]["in_force"], true);
    assert_eq!(listed["policies"].as_array().unwrap().len(), 6);

    let yearly = archive.beside().join("ny.toml");
    let text = fixture()
        .replace("version = \"1\"", "version = \"2\"")
        .replace(
            "[\"halvarsskifte\", \"arsskifte\"]",
            "[\"arsskifte\", \"05-15\"]",
        );
    std::fs::write(&yearly, text).unwrap();
    let yearly = yearly.to_str().unwrap();
    let compared = archive
        .json("2026-01-06", &["policy", "compare", "gallande", yearly])
        .exits(0)
        .result();
    assert_eq!(compared["rules"], serde_json::json!([]));
    assert_eq!(
        compared["terms"],
        serde_json::json!(["ögonblicksbilder: half-year, year → year, 05-15"])
    );
    let adopted = archive
        .json("2026-01-06", &["policy", "adopt", yearly])
        .exits(0)
        .result();
    assert_eq!(adopted["accounts"], 1);
    let again = archive
        .json("2026-01-06", &["policy", "adopt", yearly])
        .exits(0)
        .result();
    assert_eq!(
        (&again["changed"], &again["accounts"]),
        (&false.into(), &0.into())
    );
    let shown = archive
        .json("2026-01-06", &["policy", "show"])
        .exits(0)
        .result();
    assert_eq!(shown["version"], "2");
    assert_eq!(shown["sha256"], adopted["policy_sha256"]);
    let account = archive
        .json("2026-01-07", &["account", "show", "kommunen"])
        .exits(0)
        .result();
    assert_eq!(account["revisions"].as_array().unwrap().len(), 2);
}

#[test]
fn only_an_archivist_adopts_a_policy() {
    let archive = Archive::new("2026-01-05");
    let reader = archive.add_person("2026-01-05", "Robin Exempel", "revisor");
    let tried = ran(archive
        .command("2026-01-06", &["policy", "adopt", "torsby"])
        .args(["--as", &reader]));
    assert_eq!(tried.exit, 4, "{tried:?}");
}

#[test]
fn every_rule_has_a_case_and_every_case_comes_out_as_it_says() {
    let mut files: Vec<String> = builtin::ALL
        .iter()
        .map(|(id, _)| (*id).to_owned())
        .collect();
    files.push("fixtures/policies/exempelkommun.toml".to_owned());
    for file in files {
        let tried = ran(bevara().args(["policy", "test", &file, "--json"]))
            .exits(0)
            .result();
        assert_eq!(tried["untried"], serde_json::json!([]), "{file}");
    }
}

#[test]
fn a_case_that_does_not_hold_is_told_and_is_exit_1() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("p.toml");
    std::fs::write(&file, fixture().replace("2026-05-01", "2026-05-02")).unwrap();
    let tried = ran(bevara().args(["policy", "test"]).arg(&file)).exits(1);
    assert!(
        tried
            .stdout
            .contains("väntat tidigast 2026-05-02, blev 2026-05-01"),
        "{tried:?}"
    );
}

/// The quotes stand in the municipalities' own texts, white space apart. Those are not ours to ship, so the test looks
/// for them beside the repository.
#[test]
fn quotes_stand_in_the_sources() {
    let Some(sources) = shared("seeds") else {
        return;
    };
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (id, text) in builtin::ALL {
        let policy = parse(id, text).unwrap();
        for rule in &policy.rules {
            let support = rule
                .support
                .as_ref()
                .unwrap_or_else(|| panic!("{} has no stod", rule.id));
            // A quote is from the basis that the support names, from one of the rule's own, or from the policy's one source.
            let mut named = support.basis.iter().chain(&rule.bases);
            let source = named
                .find_map(|id| policy.basis(id)?.source.clone())
                .unwrap_or_else(|| panic!("{} rests on no source", rule.id));
            let source = words(&std::fs::read_to_string(sources.join(&source)).unwrap());
            assert!(
                source.contains(&words(&support.quote)),
                "{}: {}",
                rule.id,
                support.quote
            );
        }
    }
}

#[test]
fn what_only_toml_1_1_allows_is_refused() {
    let broken = fixture().replace(
        "stod = { avsnitt = \"3\", citat",
        "stod = { avsnitt = \"3\",\n  citat",
    );
    let found = faults(&broken);
    assert_eq!(found.findings[0].code, "P002");
    let trailing = fixture().replace("sparrar = [] }", "sparrar = [], }");
    assert_eq!(faults(&trailing).findings[0].code, "P002");
    let escape = fixture().replace("\"Exempelkommun\"", "\"\\x45xempelkommun\"");
    assert_eq!(faults(&escape).findings[0].code, "P002");
}

#[test]
fn nothing_that_would_dispose_of_everything_can_be_loaded() {
    let condition = "villkor = { typ = [\"fraga\", \"svar\", \"kommentar\"], bilagor = false, hogst_tecken = 600, synlighet = [\"publicerad\"] }";
    for (written, code) in [
        ("villkor = {}", "P012"),
        ("villkor = { inte = { typ = [\"inlagg\"] } }", "P013"),
        ("villkor = { hogst_tecken = 600, bilagor = false }", "P013"),
        (
            "villkor = { nagon_av = [{ typ = [\"fraga\"] }, { bilagor = false }] }",
            "P013",
        ),
        ("villkor = { flagga = [\"ofarlig\"] }", "P014"),
        (
            "villkor = { inte = { flagga = [\"ofarlig\"] }, typ = [\"fraga\"] }",
            "P014",
        ),
    ] {
        let text = fixture().replace(condition, written);
        assert_ne!(text, fixture());
        let found = faults(&text);
        assert_eq!(found.findings[0].code, code, "{written}");
    }
    let without_basis = fixture().replace("typ = \"gallringsbeslut\"", "typ = \"vagledning\"");
    assert_eq!(faults(&without_basis).findings[0].code, "P010");
    let whenever = fixture().replace("inaktuell = {", "# inaktuell = {");
    assert_eq!(faults(&whenever).findings[0].code, "P011");
    let alone = fixture().replace("tva_personer = true", "tva_personer = false");
    assert_eq!(faults(&alone).findings[0].code, "P016");
}

#[test]
fn a_letter_with_dots_in_a_key_is_told_in_swedish() {
    let found = faults(&fixture().replace("galler_fran = 2026", "gäller_från = 2026"));
    assert_eq!(found.findings[0].code, "P001");
    assert!(
        found.findings[0]
            .message
            .contains("nycklar skrivs utan å, ä och ö"),
        "{found:?}"
    );
}

#[test]
fn a_decision_that_lacks_anything_hinders_and_says_what() {
    let day = "2026-07-01".parse().unwrap();
    for (line, code, told) in [
        (
            "diarienummer = \"KF 2025/214\"\n",
            "H303",
            "saknar diarienummer",
        ),
        ("datum = 2025-12-15\n", "H303", "saknar datum"),
        ("organ = \"Kommunfullmäktige\"\n", "H303", "saknar organ"),
    ] {
        let policy = parse("p.toml", &fixture().replace(line, "")).unwrap();
        let hindrances = policy.hindrances(day);
        assert_eq!(hindrances.len(), 1);
        assert_eq!(hindrances[0].code, code);
        assert!(hindrances[0].message.ends_with(told), "{hindrances:?}");
    }
    let undecided = fixture().replace("frist_beslutad = true", "frist_beslutad = false");
    let policy = parse("p.toml", &undecided).unwrap();
    assert_eq!(policy.hindrances(day)[0].code, "H304");
    let policy = parse("p.toml", &fixture()).unwrap();
    assert_eq!(
        policy.hindrances("2025-12-31".parse().unwrap())[0].code,
        "H302"
    );
}

#[test]
fn rules_that_can_let_nothing_go_are_warned_of() {
    let wanting = fixture().replace("id = \"E-4\"", "id = \"E-4\"\nmaska = true");
    let on = "2026-06-01".parse().unwrap();
    let codes = |text: &str| -> Vec<String> {
        let policy = parse("p.toml", text).expect("it loads");
        let findings = policy.warnings(on);
        findings.into_iter().map(|finding| finding.code).collect()
    };
    assert!(!codes(&fixture()).contains(&"V409".to_owned()));
    assert!(codes(&wanting).contains(&"V409".to_owned()));
    let waiting = fixture().replace("senaste_aktivitet_i_trad", "arende_avslutat");
    assert!(!codes(&fixture()).contains(&"V410".to_owned()));
    assert!(codes(&waiting).contains(&"V410".to_owned()));
}
