//! TOML itself: faults of syntax in Swedish, and what only TOML 1.1 allows. Policy files stay TOML 1.0, so that any
//! reader of the next decades can read them.

use std::ops::Range;

use crate::policy::fault::suggestion;
use crate::policy::read::Reader;

/// Notes what only TOML 1.1 allows: line breaks and trailing commas in inline tables, `\e` and `\xHH` in strings.
pub(crate) fn lint(reader: &Reader<'_>) {
    let text = reader.source.text;
    let mut open: Vec<char> = Vec::new();
    let mut last = ' ';
    let mut rest = text.char_indices().peekable();
    while let Some((at, letter)) = rest.next() {
        match letter {
            '#' => {
                while rest.peek().is_some_and(|(_, next)| *next != '\n') {
                    rest.next();
                }
                continue;
            }
            '"' | '\'' => {
                let end = string_end(text, at);
                if letter == '"' {
                    lint_escapes(reader, at..end);
                }
                while rest.peek().is_some_and(|(next, _)| *next < end) {
                    rest.next();
                }
            }
            '{' | '[' => open.push(letter),
            '}' => {
                if last == ',' {
                    beyond(reader, at..at + 1, "kommatecken sist i en tabell inom { }");
                }
                open.pop();
            }
            ']' => {
                open.pop();
            }
            '\n' if open.last() == Some(&'{') => {
                beyond(reader, at..at, "radbrytning i en tabell inom { }");
            }
            _ => {}
        }
        if !letter.is_whitespace() {
            last = letter;
        }
    }
}

/// Notes an error of the TOML parser.
pub(crate) fn report(reader: &Reader<'_>, error: &toml::de::Error) {
    let span = error.span().unwrap_or(0..0);
    let (message, help) = swedish(error.message(), reader.source.text, &span);
    reader.fault("P001", span, message, help);
}

fn beyond(reader: &Reader<'_>, span: Range<usize>, what: &str) {
    reader.fault(
        "P002",
        span,
        format!("{what} finns bara i TOML 1.1; policyfiler är TOML 1.0"),
        Some("skriv tabellen på en rad, eller med en egen rubrik inom [ ]".to_owned()),
    );
}

/// The offset after the string that starts at `at`.
fn string_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let quote = if rest.starts_with('"') { "\"" } else { "'" };
    let triple = quote.repeat(3);
    let (mark, many) = if rest.starts_with(&triple) {
        (triple.as_str(), true)
    } else {
        (quote, false)
    };
    let mut position = at + mark.len();
    while let Some(rest) = text.get(position..) {
        if rest.is_empty() || (!many && rest.starts_with('\n')) {
            return position;
        }
        if rest.starts_with(mark) {
            return position + mark.len();
        }
        let mut letters = rest.chars();
        let first = letters.next().map_or(1, char::len_utf8);
        let second = letters.next().map_or(0, char::len_utf8);
        let escaped = quote == "\"" && rest.starts_with('\\');
        position += if escaped { first + second } else { first };
    }
    text.len()
}

fn lint_escapes(reader: &Reader<'_>, span: Range<usize>) {
    let body = reader.source.text.get(span.clone()).unwrap_or_default();
    let mut letters = body.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter != '\\' {
            continue;
        }
        if let Some((_, 'e' | 'x')) = letters.next() {
            let start = span.start + at;
            beyond(reader, start..start + 2, "tecknen \\e och \\x i en text");
        }
    }
}

/// The parser's English message as a Swedish one; what is not known here is quoted as it stands.
fn swedish(message: &str, text: &str, span: &Range<usize>) -> (String, Option<String>) {
    let marked = text.get(span.clone()).unwrap_or_default();
    let next = text
        .get(span.start..)
        .and_then(|rest| rest.chars().next())
        .unwrap_or(' ');
    if message.contains("duplicate key") {
        return (format!("nyckeln \"{marked}\" står två gånger"), None);
    }
    if !next.is_ascii() || (message.contains("key") && !marked.is_ascii()) {
        return (
            "nycklar skrivs utan å, ä och ö".to_owned(),
            Some(
                suggestion("galler_fran", &["galler_fran"])
                    .replace("menade du", "skriv t.ex.")
                    .replace('?', ""),
            ),
        );
    }
    let known = [
        (
            "invalid basic string",
            "texten är inte avslutad eller har ett otillåtet tecken",
        ),
        (
            "invalid literal string",
            "texten är inte avslutad eller har ett otillåtet tecken",
        ),
        (
            "string values must be quoted",
            "texter skrivs inom citattecken",
        ),
        ("unquoted", "texter skrivs inom citattecken"),
        ("unclosed table", "tabellens rubrik saknar avslutande ]"),
        ("unclosed array", "listan saknar avslutande ]"),
        ("unclosed inline table", "tabellen saknar avslutande }"),
        ("key with no value", "nyckeln saknar = och värde"),
        ("missing assignment", "nyckeln saknar ="),
        ("invalid datetime", "datumet finns inte eller är felskrivet"),
        ("extra", "här står något för mycket"),
        ("newline", "här väntades radens slut"),
    ];
    let found = known.iter().find(|(part, _)| message.contains(part));
    let told = match found {
        Some((_, told)) => format!("filen är inte giltig TOML: {told}"),
        None => "filen är inte giltig TOML här".to_owned(),
    };
    (told, None)
}
