//! The limits of ISO 19005-2, 6.1.8 and 6.1.13, on numbers, strings and names, and what a language tag may be.

use crate::model::digest::Sha256Hex;
use crate::render::syntax;

/// Longest string, bytes (6.1.13).
pub(crate) const LONGEST_STRING: usize = 32_767;
/// Longest name, bytes (6.1.13).
pub(crate) const LONGEST_NAME: usize = 127;
/// Largest integer (6.1.13).
const LARGEST_INTEGER: i64 = 2_147_483_647;
/// Smallest magnitude of a real that is not zero (6.1.13).
const SMALLEST_REAL: f64 = 1.175e-38;
/// Largest magnitude of a real (6.1.13).
const LARGEST_REAL: f64 = 3.403e38;

/// A better way to write a number, `None` where it can stay.
pub(super) fn number(written: &[u8]) -> Option<Vec<u8>> {
    if syntax::is_ordinary_number(written) {
        return None;
    }
    let text = std::str::from_utf8(written).ok()?;
    if text.contains('.') {
        let value: f64 = text.parse().ok()?;
        let magnitude = value.abs();
        if value != 0.0 && magnitude < SMALLEST_REAL {
            return Some(b"0".to_vec());
        }
        if magnitude > LARGEST_REAL {
            return Some(clamped(value));
        }
        return None;
    }
    match text.parse::<i64>() {
        Ok(value) if value.abs() <= LARGEST_INTEGER => None,
        Ok(_) | Err(_) => {
            let value: f64 = text.parse().ok()?;
            Some(clamped(value))
        }
    }
}

fn clamped(value: f64) -> Vec<u8> {
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{LARGEST_INTEGER}").into_bytes()
}

/// A name within the limits for one that is too long or not UTF-8; the same name always gives the same.
pub(super) fn name(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() <= LONGEST_NAME && std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let digest = Sha256Hex::of(bytes);
    Some(format!("n{}", &digest.as_str()[..32]).into_bytes())
}

/// A text cut to the limit, at a whole character.
pub(super) fn text(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() <= LONGEST_STRING {
        return None;
    }
    let mut end = LONGEST_STRING;
    if bytes.starts_with(&[0xfe, 0xff]) {
        end -= end % 2;
        // Never between the halves of a surrogate pair.
        if (0xd8..0xdc).contains(&bytes[end - 2]) {
            end -= 2;
        }
    }
    Some(bytes[..end].to_vec())
}

/// What a language tag was meant to say, in the form of BCP 47 that ISO 19005-2, 6.7.4, asks for; `None` where nothing of
/// it can be used.
pub(crate) fn language_of(bytes: &[u8]) -> Option<String> {
    let text: String = match bytes.strip_prefix(&[0xfe, 0xff]) {
        Some(rest) => {
            let units = rest
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units)
                .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        None => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    language(&text)
}

/// The same for a text.
pub(crate) fn language(text: &str) -> Option<String> {
    let tag = text.trim().replace('_', "-");
    let mut kept: Vec<&str> = Vec::new();
    for part in tag.split('-') {
        let fits = !part.is_empty()
            && part.len() <= 8
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !fits {
            break;
        }
        kept.push(part);
    }
    // A tag does not end in a singleton, which introduces what follows (RFC 5646, 2.2.6).
    while kept.len() > 1 && kept.last().is_some_and(|part| part.len() == 1) {
        kept.pop();
    }
    let first = kept.first()?;
    let is_language =
        first.bytes().all(|byte| byte.is_ascii_alphabetic()) && (2..=8).contains(&first.len());
    is_language.then(|| kept.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_the_limits_are_clamped() {
        assert_eq!(number(b"2147483647"), None);
        assert_eq!(number(b"-2147483648"), Some(b"-2147483647".to_vec()));
        assert_eq!(
            number(b"100000000000000000000000000000000000000"),
            Some(b"2147483647".to_vec())
        );
        assert_eq!(
            number(b".000000000000000000000000000000000000001"),
            Some(b"0".to_vec())
        );
        assert_eq!(number(b"-.24"), None);
        assert_eq!(number(b"0.0"), None);
    }

    #[test]
    fn texts_are_cut_at_a_whole_character() {
        let mut long = vec![0xfe, 0xff];
        for _ in 0..20_000 {
            long.extend([0xd8, 0x3d, 0xde, 0x00]);
        }
        let cut = text(&long).unwrap();
        assert_eq!(cut.len() % 4, 2);
        assert!(cut.len() <= LONGEST_STRING);
        assert_eq!(text(b"kort"), None);
    }

    #[test]
    fn language_tags_are_mended_or_dropped() {
        assert_eq!(language("sv_SE").as_deref(), Some("sv-SE"));
        assert_eq!(language("sv-abcdefghijkl").as_deref(), Some("sv"));
        assert_eq!(language("zh-Hant-TW").as_deref(), Some("zh-Hant-TW"));
        assert_eq!(language("i-hopp!!"), None);
        assert_eq!(language("x"), None);
        assert_eq!(language(""), None);
        assert_eq!(language_of(b"\xfe\xff\0s\0v").as_deref(), Some("sv"));
    }

    #[test]
    fn long_names_are_renamed_alike() {
        let long = "å".repeat(200);
        assert_eq!(name(long.as_bytes()), name(long.as_bytes()));
        assert_eq!(name(long.as_bytes()).unwrap().len(), 33);
        assert_eq!(name(b"\xff").unwrap().len(), 33);
        assert_eq!(name(b"Fm0"), None);
    }
}
