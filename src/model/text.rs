//! The one normal form of post text: Unicode NFC and LF line ends.

use unicode_normalization::UnicodeNormalization as _;

/// `text` in NFC with LF line ends, without white space at the end.
pub fn normalised(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .nfc()
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decomposed_letters_and_windows_line_ends_are_folded() {
        assert_eq!(normalised("a\u{30a}\r\nb\r "), "å\nb");
    }
}
