//! The commands that the README shows are run as they stand there, in order, in an empty directory.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot be read has failed the test"
)]

use std::collections::BTreeMap;

use crate::support::{bevara, ran, repository};

/// The person's id as the README writes it; the test puts the id that `init` printed in its place.
const PERSON: &str = "p0123456789ab";

#[test]
fn every_command_of_the_readme_works() {
    let text = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut person = None;
    let mut environment = BTreeMap::new();
    let mut run = 0;
    for line in console_lines(&text) {
        let words = words(line);
        if words[0] == "export" {
            for word in &words[1..] {
                let (name, value) = word.split_once('=').unwrap();
                let value = value.replace(PERSON, person.as_deref().unwrap());
                environment.insert(name.to_owned(), value);
            }
            continue;
        }
        assert_eq!(words[0], "bevara", "{line}");
        let mut command = bevara();
        command
            .args(&words[1..])
            .envs(&environment)
            .current_dir(dir.path());
        let done = ran(&mut command);
        assert_eq!(done.exit, 0, "{line}\n{}\n{}", done.stdout, done.stderr);
        if words[1] == "init" {
            person = done
                .stdout
                .split_whitespace()
                .find(|word| word.len() == PERSON.len() && word.starts_with('p'))
                .map(str::to_owned);
        }
        run += 1;
    }
    assert_eq!(run, 6, "the README shows six commands");
}

#[test]
fn the_readme_and_operate_name_every_exit_code() {
    for file in ["README.md", "docs/operate.md"] {
        let text = std::fs::read_to_string(repository().join(file)).unwrap();
        for code in 0..=5 {
            assert!(text.contains(&format!("\n| {code} | ")), "{file}: {code}");
        }
    }
}

/// Lines after `$ ` in blocks marked `console`.
fn console_lines(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if inside => lines.push(line.strip_prefix("$ ").unwrap()),
            _ => {}
        }
    }
    lines
}

/// Splits a line as a shell does, as far as the README goes: spaces, and double quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words
}
