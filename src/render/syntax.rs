//! Reads the operators of a PDF content stream (ISO 32000-1, 7.2 and 7.8.2) as ranges of its bytes, so that what is not
//! changed is copied as it stands. It draws nothing and knows no operator but the inline image.

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
}

/// The operators of `bytes`.
pub(crate) fn operations(bytes: &[u8]) -> Operations<'_> {
    operations_from(bytes, 0)
}

/// The operators of `bytes` from where another reader of them stopped, [`Operation::at`]'s end.
pub(crate) fn operations_from(bytes: &[u8], position: usize) -> Operations<'_> {
    Operations { bytes, position }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

impl Operations<'_> {
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
        let mut end = from;
        while self
            .bytes
            .get(end)
            .is_some_and(|byte| !is_space(*byte) && !is_delimiter(*byte))
        {
            end += 1;
        }
        end
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
        let mut operands = Vec::new();
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

/// The bytes that a string stands for (ISO 32000-1, 7.3.4).
pub(crate) fn text_bytes(written: &[u8]) -> Vec<u8> {
    if written.starts_with(b"<") {
        return hex_bytes(written);
    }
    let inner = written
        .strip_prefix(b"(")
        .and_then(|rest| rest.strip_suffix(b")"))
        .unwrap_or(written);
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
    bytes
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
    let mut digits: Vec<u8> = written
        .iter()
        .filter_map(|byte| char::from(*byte).to_digit(16))
        .map(|digit| digit.to_le_bytes()[0])
        .collect();
    if digits.len() % 2 == 1 {
        digits.push(0);
    }
    digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// The bytes that a name with its slash stands for (7.3.5).
pub(crate) fn name_bytes(written: &[u8]) -> Vec<u8> {
    let inner = written.strip_prefix(b"/").unwrap_or(written);
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
    bytes
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
        assert_eq!(text_bytes(b"(a\\)\\053\\\nb\\0533)"), b"a)+b+3");
        assert_eq!(text_bytes(b"<4 14>"), [0x41, 0x40]);
        assert_eq!(name_bytes(b"/A#20B#C3#A5"), "A Bå".as_bytes());
    }

    #[test]
    fn broken_streams_end_in_an_error_that_says_where() {
        let all: Result<Vec<_>, _> = operations(b"q (abc").collect();
        assert_eq!(all, Err(SyntaxError { offset: 2 }));
        let all: Result<Vec<_>, _> = operations(b"q 1 2").collect();
        assert_eq!(all, Err(SyntaxError { offset: 2 }));
    }
}
