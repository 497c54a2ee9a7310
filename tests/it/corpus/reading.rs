//! Text as poppler reads it from a PDF, against text as the page had it: what is compared are the characters that stand
//! for something, whatever their order and form.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use unicode_normalization::UnicodeNormalization as _;

/// The text of a PDF in the order of its content.
pub(crate) fn pdf(file: &Path) -> String {
    by_poppler(file, &["-raw"])
}

/// The text of a PDF in the order of its lines: words that run from right to left stand in their own order only here.
pub(crate) fn pdf_in_lines(file: &Path) -> String {
    by_poppler(file, &[])
}

fn by_poppler(file: &Path, how: &[&str]) -> String {
    let output = Command::new("pdftotext")
        .args(how)
        .args(["-enc", "UTF-8"])
        .arg(file)
        .arg("-")
        .output()
        .expect("pdftotext (poppler-utils) is installed");
    assert!(output.status.success(), "{}", file.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Characters of a text, in compatibility form, without spaces and what is never seen.
fn characters(text: &str) -> impl Iterator<Item = char> {
    text.nfkc().filter(|one| {
        !one.is_whitespace() && !one.is_control() && !is_unseen(*one) && !stands_for_nothing(*one)
    })
}

/// Joiners, directions, selectors, tags, soft hyphens: they shape what stands beside them.
fn is_unseen(one: char) -> bool {
    matches!(one, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Private characters, those that are none, and the one for what could not be read: an icon is no text.
fn stands_for_nothing(one: char) -> bool {
    let code = u32::from(one);
    one == '\u{fffd}'
        || (0xe000..=0xf8ff).contains(&code)
        || code >= 0xf_0000
        || (0xfdd0..=0xfdef).contains(&code)
        || code & 0xfffe == 0xfffe
}

/// Whether words stand in a text, whatever the spaces between.
pub(crate) fn has(whole: &str, words: &str) -> bool {
    let squashed: String = characters(whole).collect();
    let wanted: String = characters(words).collect();
    !wanted.is_empty() && squashed.contains(&wanted)
}

/// Whether letters and digits stand in a text, whatever stands between them and their case: a style sheet may change it, and
/// a full stop stands at the other end where a page runs from right to left.
pub(crate) fn says(whole: &str, words: &str) -> bool {
    let letters = |text: &str| -> String {
        let letters = characters(text).filter(|one| one.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = letters(words);
    !wanted.is_empty() && letters(whole).contains(&wanted)
}

/// Characters that the page has more often than the PDF.
pub(crate) fn lost(page: &str, pdf: &str) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    for one in characters(page) {
        *counts.entry(one).or_default() += 1;
    }
    for one in characters(pdf) {
        if let Some(count) = counts.get_mut(&one) {
            *count = usize::saturating_sub(*count, 1);
        }
    }
    counts.retain(|_, count| *count > 0);
    counts
}

#[test]
fn a_lost_character_is_seen_whatever_the_order() {
    assert!(lost("räv  och\nﬁsk", "fisk räv och").is_empty());
    assert_eq!(lost("åå b", "b å"), BTreeMap::from([('å', 1)]));
    assert!(has("en\nrad till", "rad till"));
    assert!(!has("en rad", ""));
    assert!(says(".Märke 7 SLUT", "märke 7 slut."));
    assert!(!says("Märke 7 slu", "märke 7 slut.") && !says("en rad", "."));
}
