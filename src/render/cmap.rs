//! `ToUnicode` maps (ISO 32000-1, 9.10.3): from character codes of a font to UTF-16.

use std::collections::BTreeMap;

use crate::render::syntax::{self, Kind, SyntaxError};

/// Character code → UTF-16 code units.
pub(crate) type UnicodeMap = BTreeMap<u32, Vec<u16>>;

/// U+FFFD, the character for what has no known character.
pub(crate) const UNKNOWN: u16 = 0xfffd;

/// Ranges longer than this are nothing a font has.
const LONGEST_RANGE: u32 = 0xffff;

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0_u32, |value, byte| value << 8 | u32::from(*byte))
}

fn units(bytes: &[u8]) -> Vec<u16> {
    if let [byte] = bytes {
        return vec![u16::from(*byte)];
    }
    bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

/// Reads the `bfchar` and `bfrange` sections of a map.
pub(crate) fn parse(bytes: &[u8]) -> Result<UnicodeMap, SyntaxError> {
    let mut map = UnicodeMap::new();
    // A map is PostScript, whose words end an operation as operators do; what stands before a word is its operands.
    for operation in syntax::operations(bytes) {
        let operation = operation?;
        let word = &bytes[operation.operator.clone()];
        if word == b"endbfchar" {
            let texts: Vec<_> = operation
                .operands
                .iter()
                .filter(|token| token.kind == Kind::Text)
                .map(|token| syntax::text_bytes(&bytes[token.at.clone()]))
                .collect();
            for pair in texts.chunks_exact(2) {
                map.insert(number(&pair[0]), units(&pair[1]));
            }
        } else if word == b"endbfrange" {
            ranges(bytes, &operation.operands, &mut map)?;
        }
    }
    Ok(map)
}

fn ranges(
    bytes: &[u8],
    operands: &[syntax::Token],
    map: &mut UnicodeMap,
) -> Result<(), SyntaxError> {
    let mut tokens = operands.iter();
    while let (Some(first), Some(last), Some(target)) =
        (tokens.next(), tokens.next(), tokens.next())
    {
        let wrong = SyntaxError {
            offset: first.at.start,
        };
        let low = number(&syntax::text_bytes(&bytes[first.at.clone()]));
        let high = number(&syntax::text_bytes(&bytes[last.at.clone()]));
        if high < low || high - low > LONGEST_RANGE {
            return Err(wrong);
        }
        if target.kind == Kind::Bracket {
            let mut code = Some(low);
            for token in tokens.by_ref() {
                if token.kind == Kind::Bracket {
                    break;
                }
                let text = units(&syntax::text_bytes(&bytes[token.at.clone()]));
                map.insert(code.ok_or(wrong)?, text);
                code = code.and_then(|code| code.checked_add(1));
            }
            continue;
        }
        let start = units(&syntax::text_bytes(&bytes[target.at.clone()]));
        let Some((last_unit, rest)) = start.split_last() else {
            return Err(wrong);
        };
        for code in low..=high {
            let step = u16::try_from(code - low).unwrap_or(u16::MAX);
            let mut text = rest.to_vec();
            text.push(last_unit.wrapping_add(step));
            map.insert(code, text);
        }
    }
    Ok(())
}

/// Writes a map for codes of `width` bytes.
pub(crate) fn write(map: &UnicodeMap, width: usize) -> Vec<u8> {
    let mut text = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo\n<< /Registry (Adobe)\n/Ordering (UCS)\n/Supplement 0\n>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n",
    );
    let digits = width * 2;
    let (lowest, highest) = ("0".repeat(digits), "F".repeat(digits));
    text.extend([format!("<{lowest}> <{highest}>\nendcodespacerange\n")]);
    let entries: Vec<_> = map.iter().collect();
    // A section holds at most 100 entries (Adobe Technical Note 5411).
    for section in entries.chunks(100) {
        text.extend([format!("{} beginbfchar\n", section.len())]);
        for (code, units) in section {
            text.extend([format!("<{code:0digits$X}> <")]);
            text.extend(units.iter().map(|unit| format!("{unit:04X}")));
            text.push_str(">\n");
        }
        text.push_str("endbfchar\n");
    }
    text.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    text.into_bytes()
}

/// Whether PDF/A allows the text for a character: not empty, no U+0000, U+FEFF, U+FFFE (ISO 19005-2, 6.2.11.7.2) and
/// well-formed UTF-16.
pub(crate) fn is_allowed(units: &[u16]) -> bool {
    !units.is_empty()
        && !units.iter().any(|unit| matches!(unit, 0 | 0xfeff | 0xfffe))
        && char::decode_utf16(units.iter().copied()).all(|result| result.is_ok())
}

/// Whether a character of the private use area is among the text (ISO 19005-2, 6.2.11.7.3).
pub(crate) fn has_private_use(units: &[u16]) -> bool {
    char::decode_utf16(units.iter().copied()).any(|decoded| decoded.is_ok_and(is_private_use))
}

fn is_private_use(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

/// The PDF text string with U+FFFD for every private-use character; `None` where it has none.
pub(crate) fn without_private_use(bytes: &[u8]) -> Option<Vec<u8>> {
    let units = text_units(bytes);
    if !has_private_use(&units) {
        return None;
    }
    let text: String = char::decode_utf16(units)
        .map(|decoded| match decoded {
            Ok(character) if !is_private_use(character) => character,
            Ok(_) | Err(_) => char::REPLACEMENT_CHARACTER,
        })
        .collect();
    Some(text_string(&text))
}

/// A PDF text string as UTF-16: with the mark as it stands, else each byte as Latin-1.
pub(crate) fn text_units(bytes: &[u8]) -> Vec<u16> {
    match bytes.strip_prefix(&[0xfe, 0xff]) {
        Some(rest) => units_of(rest),
        None => bytes.iter().map(|byte| u16::from(*byte)).collect(),
    }
}

fn units_of(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

/// A text as a PDF text string in UTF-16 with its mark.
pub(crate) fn text_string(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xfe, 0xff];
    for unit in text.encode_utf16() {
        bytes.extend(unit.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_read_as_it_was_written() {
        let map = UnicodeMap::from([(3, vec![0x20]), (0x1ff, vec![0xd83d, 0xde00])]);
        assert_eq!(parse(&write(&map, 2)).unwrap(), map);
    }

    #[test]
    fn ranges_are_read_to_their_very_ends() {
        let map =
            parse(b"2 beginbfrange <0000> <ffff> <0000> <ffffffff> <ffffffff> [<0041>] endbfrange");
        let map = map.unwrap();
        assert_eq!(map.len(), 65_537);
        assert_eq!(map[&0xffff], [0xffff]);
        assert_eq!(map[&0xffff_ffff], [0x41]);
        assert!(parse(b"1 beginbfrange <00000000> <ffffffff> <0000> endbfrange").is_err());
        assert!(parse(b"1 beginbfrange <ffffffff> <ffffffff> [<0041> <0042>] endbfrange").is_err());
    }

    #[test]
    fn what_means_nothing_is_not_allowed() {
        for wrong in [&[][..], &[0], &[0xfeff], &[0xfffe], &[0xd83d]] {
            assert!(!is_allowed(wrong), "{wrong:x?}");
        }
        assert!(is_allowed(&[0xd83d, 0xde00]));
        assert!(has_private_use(&[0x41, 0xe000]));
        assert!(has_private_use(&[0xdb80, 0xdc00]));
        assert!(!has_private_use(&[0xfffd]));
    }
}
