//! Faults (*fel*) of a policy file: where they stand, and how people read them: line, caret, suggestion.

use std::ops::Range;

use crate::model::finding::Finding;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Stable code, `P001` and up.
    pub(crate) code: &'static str,
    /// Byte range in the file.
    pub(crate) span: Range<usize>,
    /// What is wrong, Swedish.
    pub(crate) message: String,
    /// What to write instead, Swedish.
    pub(crate) help: Option<String>,
}

/// A file's text with its lines, to turn byte offsets into places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'t> {
    /// The name shown in places.
    pub(crate) name: &'t str,
    /// The text.
    pub(crate) text: &'t str,
}

impl<'t> Source<'t> {
    /// Line and column from 1; the column counts characters.
    pub(crate) fn position(self, offset: usize) -> (usize, usize) {
        let before = self.before(offset);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).map_or(0, |part| {
            part.trim_start_matches('\u{feff}').chars().count()
        }) + 1;
        (line, column)
    }

    /// `file:line:column`.
    pub(crate) fn place(self, offset: usize) -> String {
        let (line, column) = self.position(offset);
        format!("{}:{line}:{column}", self.name)
    }

    /// The fault as people read it.
    pub(crate) fn rendered(self, fault: &Fault) -> String {
        let (line, column) = self.position(fault.span.start);
        let shown = self.text.lines().nth(line - 1).unwrap_or_default();
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let indent: String = shown
            .chars()
            .take(column - 1)
            .map(|letter| if letter == '\t' { '\t' } else { ' ' })
            .collect();
        let left = shown.chars().count().saturating_sub(column - 1).max(1);
        let width = self
            .text
            .get(fault.span.clone())
            .map_or(1, |marked| {
                marked
                    .lines()
                    .next()
                    .map_or(1, |first| first.chars().count())
            })
            .clamp(1, left);
        let mut text = format!(
            "fel {}: {}\n{gutter} ╭─[{}]\n{number} │ {shown}\n{gutter} │ {indent}{}\n{gutter} ╰─",
            fault.code,
            fault.message,
            self.place(fault.span.start),
            "^".repeat(width)
        );
        if let Some(help) = &fault.help {
            text.push_str(" hjälp: ");
            text.push_str(help);
        }
        text
    }

    /// The fault as a finding; the help stands in the message.
    pub(crate) fn finding(self, fault: &Fault) -> Finding {
        let message = match &fault.help {
            Some(help) => format!("{} ({help})", fault.message),
            None => fault.message.clone(),
        };
        Finding::error(fault.code, self.place(fault.span.start), message)
    }

    /// The text before an offset, cut at a character boundary.
    fn before(self, offset: usize) -> &'t str {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.get(..end).unwrap_or_default()
    }
}

/// `menade du "…"?` where a known word is near enough, else the list of known words.
pub(crate) fn suggestion(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3));
    if let Some((_, candidate)) = near {
        return format!("menade du \"{candidate}\"?");
    }
    let mut sorted = known.to_vec();
    sorted.sort_unstable();
    format!("här går det att skriva {}", sorted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_the_caret_stands_under_them() {
        let source = Source {
            name: "a.toml",
            text: "åäö = 1\nx = \"ö\" # ö\n",
        };
        assert_eq!(source.position(4), (1, 3));
        let at = source.text.find("\"ö\"").unwrap();
        let fault = Fault {
            code: "P006",
            span: at..at + 4,
            message: "okänt värde".to_owned(),
            help: Some("menade du \"o\"?".to_owned()),
        };
        assert_eq!(
            source.rendered(&fault),
            "fel P006: okänt värde\n  ╭─[a.toml:2:5]\n2 │ x = \"ö\" # ö\n  │     ^^^\n  ╰─ hjälp: menade du \"o\"?"
        );
    }

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        assert_eq!(
            suggestion("galer_fran", &["galler_fran", "id"]),
            "menade du \"galler_fran\"?"
        );
        assert_eq!(
            suggestion("xyz", &["galler_fran", "id"]),
            "här går det att skriva galler_fran, id"
        );
    }
}
