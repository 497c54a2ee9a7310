//! Reads the operators of a PDF content stream (ISO 32000-1, 7.2 and 7.8.2) as ranges of its bytes, so that what is not
//! changed is copied as it stands. It draws nothing and knows no operator but the inline image.

use std::borrow::Cow;
use std::ops::Range;

/// Where a content stream stops being readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("content stream cannot be read at byte {offset}")]
pub struct SyntaxError {
    /// Offset in the decoded stream.
    pub offset: usize,
}

/// What a piece of a content stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An integer or a real.
    Number,
    /// A name with its slash.
    Name,
    /// A string with its parentheses or angle brackets.
    Text,
    /// `[`, `]`, `<<` or `>>`.
    Bracket,
    /// An operator, `true`, `false` or `null`.
    Word,
}

/// A piece of a content stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it stands.
    pub(crate) at: Range<usize>,
}

/// An operator with its operands. For an inline image the operator is `BI`, its operands are the image's dictionary and
/// the range reaches to the end of `EI`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    /// Operands, arrays and dictionaries flat with their brackets.
    pub(crate) operands: Vec<Token>,
    /// The operator itself.
    pub(crate) operator: Range<usize>,
    /// From the first operand to the end.
    pub(crate) at: Range<usize>,
}

/// Reads a content stream operator by operator.
#[derive(Debug)]
pub(crate) struct Operations<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Room for the operands of the next operation.
    spare: Vec<Token>,
}

/// The operators of `bytes`.
pub(crate) fn operations(bytes: &[u8]) -> Operations<'_> {
    operations_from(bytes, 0)
}

/// The operators of `bytes` from where another reader of them stopped, [`Operation::at`]'s end.
pub(crate) fn operations_from(bytes: &[u8], position: usize) -> Operations<'_> {
    Operations {
        bytes,
        position,
        spare: Vec::new(),
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

/// Which bytes are neither white space nor delimiters (7.2.2).
const REGULAR: [bool; 256] = {
    let mut regular = [false; 256];
    let mut byte = 0_u8;
    loop {
        regular[byte as usize] = !is_space(byte) && !is_delimiter(byte);
        if byte == u8::MAX {
            break regular;
        }
        byte += 1;
    }
};

impl Operations<'_> {
    /// Takes an operation back that is done with: the next is read into its memory. A page has some ten thousand.
    pub(crate) fn reuse(&mut self, operation: Operation) {
        self.spare = operation.operands;
    }

    /// The next piece, `None` at the end.
    fn token(&mut self) -> Result<Option<Token>, SyntaxError> {
        self.skip_space();
        let start = self.position;
        let Some(&first) = self.bytes.get(start) else {
            return Ok(None);
        };
        let next = self.bytes.get(start + 1).copied();
        let (kind, end) = match (first, next) {
            (b'/', _) => (Kind::Name, self.regular_end(start + 1)),
            (b'(', _) => (Kind::Text, self.literal_end(start)?),
            (b'<', Some(b'<')) | (b'>', Some(b'>')) => (Kind::Bracket, start + 2),
            (b'<', _) => (Kind::Text, self.hex_end(start)?),
            (b'[' | b']', _) => (Kind::Bracket, start + 1),
            (b')' | b'>' | b'{' | b'}', _) => return Err(SyntaxError { offset: start }),
            (b'0'..=b'9' | b'+' | b'-' | b'.', _) => (Kind::Number, self.regular_end(start)),
            _ => (Kind::Word, self.regular_end(start)),
        };
        self.position = end;
        Ok(Some(Token {
            kind,
            at: start..end,
        }))
    }

    fn skip_space(&mut self) {
        while let Some(&byte) = self.bytes.get(self.position) {
            if byte == b'%' {
                while self
                    .bytes
                    .get(self.position)
                    .is_some_and(|byte| !matches!(byte, b'\n' | b'\r'))
                {
                    self.position += 1;
                }
            } else if is_space(byte) {
                self.position += 1;
            } else {
                return;
            }
        }
    }

    fn regular_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let irregular = rest.iter().position(|byte| !REGULAR[usize::from(*byte)]);
        irregular.map_or(self.bytes.len(), |length| from + length)
    }

    fn literal_end(&self, start: usize) -> Result<usize, SyntaxError> {
        let mut depth = 0_usize;
        let mut position = start;
        while let Some(&byte) = self.bytes.get(position) {
            match byte {
                b'\\' => position += 1,
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(position + 1);
                    }
                }
                _ => {}
            }
            position += 1;
        }
        Err(SyntaxError { offset: start })
    }

    fn hex_end(&self, start: usize) -> Result<usize, SyntaxError> {
        let mut position = start + 1;
        while let Some(&byte) = self.bytes.get(position) {
            if byte == b'>' {
                return Ok(position + 1);
            }
            if !byte.is_ascii_hexdigit() && !is_space(byte) {
                break;
            }
            position += 1;
        }
        Err(SyntaxError { offset: start })
    }

    /// The end of an inline image whose `ID` has just been read.
    fn image_end(&self) -> Result<usize, SyntaxError> {
        let mut position = self.position + 1;
        while let Some(window) = self.bytes.get(position..position + 3) {
            let closed = self
                .bytes
                .get(position + 3)
                .is_none_or(|byte| is_space(*byte));
            if is_space(window[0]) && window.ends_with(b"EI") && closed {
                return Ok(position + 3);
            }
            position += 1;
        }
        Err(SyntaxError {
            offset: self.position,
        })
    }

    fn operation(&mut self) -> Result<Option<Operation>, SyntaxError> {
        let mut operands = std::mem::take(&mut self.spare);
        operands.clear();
        let mut start = None;
        loop {
            let Some(token) = self.token()? else {
                return match start {
                    None => Ok(None),
                    Some(offset) => Err(SyntaxError { offset }),
                };
            };
            let from = *start.get_or_insert(token.at.start);
            let word = &self.bytes[token.at.clone()];
            if token.kind != Kind::Word || matches!(word, b"true" | b"false" | b"null") {
                operands.push(token);
                continue;
            }
            if word != b"BI" {
                let end = token.at.end;
                return Ok(Some(Operation {
                    operands,
                    operator: token.at,
                    at: from..end,
                }));
            }
            return self.inline_image(token).map(Some);
        }
    }

    fn inline_image(&mut self, begin: Token) -> Result<Operation, SyntaxError> {
        let mut operands = Vec::new();
        while let Some(token) = self.token()? {
            if token.kind == Kind::Word && &self.bytes[token.at.clone()] == b"ID" {
                let end = self.image_end()?;
                self.position = end;
                return Ok(Operation {
                    operands,
                    at: begin.at.start..end,
                    operator: begin.at,
                });
            }
            operands.push(token);
        }
        Err(SyntaxError {
            offset: begin.at.start,
        })
    }
}

impl Iterator for Operations<'_> {
    type Item = Result<Operation, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.operation().transpose();
        if matches!(result, Some(Err(_))) {
            // Nothing is read after an error.
            self.position = self.bytes.len();
        }
        result
    }
}

/// Whether a number is written in at most nine digits, and twenty more after the point: it is finite, less than 10⁹ and
/// zero or at least 10⁻²⁰, so no limit on numbers needs its value. Nearly all numbers are such.
pub(crate) fn is_ordinary_number(written: &[u8]) -> bool {
    let digits = written
        .strip_prefix(b"+")
        .or_else(|| written.strip_prefix(b"-"))
        .unwrap_or(written);
    let whole = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let after = match &digits[whole..] {
        [] => &[],
        [b'.', after @ ..] => after,
        _ => return false,
    };
    whole <= 9
        && after.len() <= 20
        && whole + after.len() > 0
        && after.iter().all(u8::is_ascii_digit)
}

/// The bytes that a string stands for (ISO 32000-1, 7.3.4).
pub(crate) fn text_bytes(written: &[u8]) -> Cow<'_, [u8]> {
    if written.starts_with(b"<") {
        return Cow::Owned(hex_bytes(written));
    }
    let inner = written
        .strip_prefix(b"(")
        .and_then(|rest| rest.strip_suffix(b")"))
        .unwrap_or(written);
    if !inner.iter().any(|byte| matches!(byte, b'\r' | b'\\')) {
        return Cow::Borrowed(inner);
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut position = 0;
    while let Some(&byte) = inner.get(position) {
        position += 1;
        if byte == b'\r' {
            bytes.push(b'\n');
            position += usize::from(inner.get(position) == Some(&b'\n'));
        } else if byte == b'\\' {
            position = escape(inner, position, &mut bytes);
        } else {
            bytes.push(byte);
        }
    }
    Cow::Owned(bytes)
}

/// Reads what follows a backslash at `position` and returns the position after it.
fn escape(inner: &[u8], position: usize, bytes: &mut Vec<u8>) -> usize {
    let Some(&escaped) = inner.get(position) else {
        return position;
    };
    match escaped {
        b'n' => bytes.push(b'\n'),
        b'r' => bytes.push(b'\r'),
        b't' => bytes.push(b'\t'),
        b'b' => bytes.push(8),
        b'f' => bytes.push(12),
        b'\n' => {}
        b'\r' => return position + 1 + usize::from(inner.get(position + 1) == Some(&b'\n')),
        b'0'..=b'7' => {
            let mut value = 0_u32;
            let mut end = position;
            while end < position + 3 && inner.get(end).is_some_and(|d| matches!(d, b'0'..=b'7')) {
                value = value * 8 + u32::from(inner[end] - b'0');
                end += 1;
            }
            // High-order overflow is ignored (7.3.4.2).
            bytes.push(value.to_le_bytes()[0]);
            return end;
        }
        other => bytes.push(other),
    }
    position + 1
}

fn hex_bytes(written: &[u8]) -> Vec<u8> {
    let mut digits = written.iter().filter_map(|byte| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    });
    let mut bytes = Vec::with_capacity(written.len() / 2);
    while let Some(high) = digits.next() {
        // A last digit that is missing is 0 (7.3.4.3).
        bytes.push(high << 4 | digits.next().unwrap_or(0));
    }
    bytes
}

/// The bytes that a name with its slash stands for (7.3.5).
pub(crate) fn name_bytes(written: &[u8]) -> Cow<'_, [u8]> {
    let inner = written.strip_prefix(b"/").unwrap_or(written);
    if !inner.contains(&b'#') {
        return Cow::Borrowed(inner);
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut position = 0;
    while let Some(&byte) = inner.get(position) {
        let digits = inner
            .get(position + 1..position + 3)
            .filter(|pair| byte == b'#' && pair.iter().all(u8::is_ascii_hexdigit));
        if let Some(digits) = digits {
            bytes.extend(hex_bytes(digits));
            position += 3;
        } else {
            bytes.push(byte);
            position += 1;
        }
    }
    Cow::Owned(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bytes: &[u8]) -> Vec<(String, usize)> {
        operations(bytes)
            .map(|operation| {
                let operation = operation.unwrap();
                let word = String::from_utf8_lossy(&bytes[operation.operator]).into_owned();
                (word, operation.operands.len())
            })
            .collect()
    }

    #[test]
    fn operators_are_found_with_their_operands() {
        let bytes = b"q\n.24 0 0 -.24 0 841.9 cm /P <</MCID 0 /Lang (sv)>>BDC BT /F4 32 Tf<0003>Tj[(a\\)b) -3 <41>]TJ ET EMC Q";
        assert_eq!(
            words(bytes),
            [
                ("q", 0),
                ("cm", 6),
                ("BDC", 7),
                ("BT", 0),
                ("Tf", 2),
                ("Tj", 1),
                ("TJ", 5),
                ("ET", 0),
                ("EMC", 0),
                ("Q", 0)
            ]
            .map(|(word, count)| (word.to_owned(), count))
        );
    }

    #[test]
    fn an_inline_image_is_one_operation() {
        let bytes = b"BI /W 1 /H 1 ID \x00EI\xff Q\nEI Q";
        assert_eq!(words(bytes), [("BI".to_owned(), 4), ("Q".to_owned(), 0)]);
    }

    #[test]
    fn strings_and_names_are_decoded_as_the_standard_says() {
        assert_eq!(*text_bytes(b"(a\\)\\053\\\nb\\0533)"), *b"a)+b+3");
        assert_eq!(*text_bytes(b"<4 14>"), [0x41, 0x40]);
        assert_eq!(*text_bytes(b"<a B9\nf>"), [0xab, 0x9f]);
        assert_eq!(*text_bytes(b"(a\rb)"), *b"a\nb");
        assert_eq!(*text_bytes(b"(a(b))"), *b"a(b)");
        assert_eq!(*name_bytes(b"/A#20B#C3#A5"), *"A Bå".as_bytes());
        assert_eq!(*name_bytes(b"/F1"), *b"F1");
    }

    #[test]
    fn ordinary_numbers_are_numbers_of_few_digits() {
        for ordinary in ["0", "-.24", "+7.", "999999999", "-1.00000000000000000001"] {
            assert!(is_ordinary_number(ordinary.as_bytes()), "{ordinary}");
        }
        for other in [
            "",
            "-",
            ".",
            "+.",
            "--1",
            "1.2.3",
            "1e9",
            "0x1",
            "1-2",
            "+inf",
            "2147483648",
            ".000000000000000000001",
        ] {
            assert!(!is_ordinary_number(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn an_operation_given_back_leaves_nothing_in_the_next() {
        let mut operations = operations(b"1 2 m h");
        let first = operations.next().unwrap().unwrap();
        operations.reuse(first);
        assert_eq!(operations.next().unwrap().unwrap().operands, []);
    }

    #[test]
    fn broken_streams_end_in_an_error_that_says_where() {
        let all: Result<Vec<_>, _> = operations(b"q (abc").collect();
        assert_eq!(all, Err(SyntaxError { offset: 2 }));
        let all: Result<Vec<_>, _> = operations(b"q 1 2").collect();
        assert_eq!(all, Err(SyntaxError { offset: 2 }));
    }
}
