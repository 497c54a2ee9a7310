//! `completions`, `man` and the command line's document: generated from the command line itself.

use std::fmt::Write as _;

use clap::{Arg, Args, Command, Parser as _};
use clap_complete::Shell;
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Print shell completions
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara completions bash")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara man")]
pub(crate) struct ManArgs {}

/// Print docs/cli.md
#[derive(Debug, Args)]
#[command(hide = true, after_help = "Example:\n  bevara cli-document")]
pub(crate) struct DocumentArgs {}

pub(crate) fn completions(args: &CompletionsArgs) -> Outcome {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut crate::cli::command(), "bevara", &mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Outcome::done(json!({ "script": text }), text)
}

pub(crate) fn man(_args: ManArgs) -> Result<Outcome, OpsError> {
    let mut bytes = Vec::new();
    let page = clap_mangen::Man::new(crate::cli::command());
    page.render(&mut bytes).map_err(|source| OpsError::File {
        path: "bevara.1".into(),
        source,
    })?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Outcome::done(json!({ "page": text }), text))
}

/// The document, and for tests every verb with its examples and how each parses.
pub(crate) fn document(_args: DocumentArgs) -> Outcome {
    let mut root = crate::cli::command();
    root.build();
    let mut text = String::from(OPENING);
    section(&mut text, "Global options", root.get_arguments());
    let mut verbs = Vec::new();
    for verb in shown(&root) {
        describe(&mut text, &mut verbs, "", verb);
    }
    Outcome::done(json!({ "verbs": verbs }), text)
}

/// Why a `write!` below cannot fail.
const WRITES: &str = "writing to a String never fails";

const OPENING: &str = "\
# Command line

Generated from the program; `BEVARA_REWRITE=1 cargo test --test it docs::` writes it anew.

Every verb takes the global options. With `--json` standard output is one document whose schema lies in `docs/format/`;
`verify` and `run` print one JSON line for each finding or account before it.

| Exit code | Meaning |
|---|---|
| 0 | done, verified |
| 1 | checked and found problems: a file missing, extra or different, a broken chain, a partial or failed capture, an invalid policy, `run` with something late, missed or failed |
| 2 | wrong command line or configuration |
| 3 | could not finish: disk, network, browser missing, permission, lock held |
| 4 | not permitted yet, or evidence missing, expired, untrusted |
| 5 | `verify` only: every byte whole, but a due snapshot neither taken nor recorded as missed, or a disposal pending or without approval |

When several apply, the order is 1, 3, 5, 4, 2.
";

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
}

fn describe(text: &mut String, verbs: &mut Vec<Value>, above: &str, verb: &Command) {
    let name = format!("{above}{}", verb.get_name());
    let mut inner = shown(verb).peekable();
    if inner.peek().is_some() {
        for verb in inner {
            describe(text, verbs, &format!("{name} "), verb);
        }
        return;
    }
    let about = verb.get_long_about().or_else(|| verb.get_about());
    let about = about.map_or_else(String::new, ToString::to_string);
    write!(text, "\n## `bevara {name}`\n\n{about}\n").expect(WRITES);
    let own = verb
        .get_arguments()
        .filter(|argument| !argument.is_global_set());
    section(text, "", own);
    let after = verb
        .get_after_help()
        .map_or_else(String::new, ToString::to_string);
    let after = after.trim_start_matches("Example:\n");
    let examples: Vec<&str> = after
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| line.starts_with("bevara"))
        .collect();
    write!(text, "\n```console\n$ {}\n```\n", examples.join("\n$ ")).expect(WRITES);
    let rest: Vec<&str> = after
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("  "))
        .collect();
    if !rest.is_empty() {
        write!(text, "\n{}\n", rest.join("\n")).expect(WRITES);
    }
    let examples = examples.iter().map(|line| {
        let parsed = Cli::try_parse_from(words(line));
        let error = parsed.err().map(|error| error.to_string());
        json!({"line": line, "error": error})
    });
    verbs.push(json!({"name": name, "examples": examples.collect::<Vec<_>>()}));
}

fn section<'a>(text: &mut String, title: &str, arguments: impl Iterator<Item = &'a Arg>) {
    let mut rows = Vec::new();
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        if matches!(argument.get_id().as_str(), "help" | "version") {
            continue;
        }
        let form = argument.to_string().replace('|', "\\|");
        let help = argument
            .get_help()
            .map_or_else(String::new, ToString::to_string);
        let choices: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set() && argument.get_action().takes_values())
            .map(|value| value.get_name().to_owned())
            .collect();
        let choices = if choices.is_empty() {
            String::new()
        } else {
            format!(" ({})", choices.join(", "))
        };
        rows.push(format!(
            "| `{form}` | {}{choices} |\n",
            help.replace('|', "\\|")
        ));
    }
    if rows.is_empty() {
        return;
    }
    if !title.is_empty() {
        write!(text, "\n## {title}\n").expect(WRITES);
    }
    text.push_str("\n| Argument | Meaning |\n|---|---|\n");
    text.extend(rows);
}

/// The words of a command line as a shell would pass them; quotes are the only thing an example needs.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        assert_eq!(
            words("bevara x \"a b\" --set=\"c d\" ''"),
            ["bevara", "x", "a b", "--set=c d", ""]
        );
    }
}
