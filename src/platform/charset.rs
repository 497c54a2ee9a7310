//! Encodings of XML and HTML. What a file declares is often not what it is: UTF-8 is told by its form, anything else is
//! taken as declared, and what was decoded otherwise than declared is told as a repair.

use std::io::{self, BufReader, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The encoding that a file declares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charset {
    declared: &'static Encoding,
    /// Whether the file was UTF-16 and its reader made it UTF-8.
    converted: bool,
}

/// Text, and what was mended to get it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// `charset-declared` (another encoding than UTF-8), `charset-false` (another than declared).
    pub(crate) mended: Option<&'static str>,
    /// Whether bytes that mean nothing were replaced by U+FFFD.
    pub(crate) replaced: bool,
}

impl Charset {
    /// The encoding declared in the first bytes: `<?xml … encoding="…"?>` or `<meta charset="…">`. `Err` names one that
    /// nobody knows.
    pub(crate) fn declared(head: &[u8], converted: bool) -> Result<Self, String> {
        let head = String::from_utf8_lossy(&head[..head.len().min(4096)]).into_owned();
        let label = label_of(&head);
        let declared = match &label {
            None => UTF_8,
            Some(label) => Encoding::for_label(label.as_bytes()).ok_or_else(|| {
                label
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .take(40)
                    .collect::<String>()
            })?,
        };
        Ok(Self {
            declared,
            converted,
        })
    }

    /// The text of a piece of the file that ends between characters.
    pub(crate) fn decode(self, bytes: &[u8]) -> Decoded {
        let utf16 = self.declared == UTF_16LE || self.declared == UTF_16BE;
        let as_utf8 = self.declared == UTF_8 || utf16;
        if let Ok(text) = std::str::from_utf8(bytes) {
            let mended = if text.is_ascii() {
                None
            } else if self.converted {
                Some("charset-declared")
            } else {
                (!as_utf8).then_some("charset-false")
            };
            return Decoded {
                text: text.to_owned(),
                mended,
                replaced: false,
            };
        }
        if as_utf8 {
            return not_utf8(bytes);
        }
        let (text, replaced) = self.declared.decode_without_bom_handling(bytes);
        Decoded {
            text: text.into_owned(),
            mended: Some("charset-declared"),
            replaced,
        }
    }
}

/// Letters and signs of Windows-1252 that texts of the Nordic countries hold. The bytes of a cut emoji are none of them.
const NORDIC: &str = "åäöÅÄÖæøÆØéÉèÈêëüÜïîíñóòôúùàáâçÇßþðÞ€…‘’“”–—•§«»°´·½¼²³£µ×®©™\u{a0}";

/// Bytes that are said to be UTF-8 and are not. Where no character beyond ASCII is UTF-8 and all are letters or signs of
/// Windows-1252 that are to be expected, they are that; otherwise they are damage.
fn not_utf8(bytes: &[u8]) -> Decoded {
    let mixed = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let sensible = text.chars().all(|c| c.is_ascii() || NORDIC.contains(c));
    if !mixed && sensible {
        return Decoded {
            text: text.into_owned(),
            mended: Some("charset-false"),
            replaced: false,
        };
    }
    Decoded {
        text: String::from_utf8_lossy(bytes).into_owned(),
        mended: None,
        replaced: true,
    }
}

fn label_of(head: &str) -> Option<String> {
    let start = head.trim_start_matches('\u{feff}').trim_start();
    let after = if let Some(declaration) = start.strip_prefix("<?xml") {
        declaration.split("?>").next()?.split_once("encoding")?.1
    } else {
        let lower = start.to_ascii_lowercase();
        let place = lower.find("charset")? + "charset".len();
        start.get(place..)?
    };
    let after = after.trim_start_matches(['=', ' ', '"', '\'', '\t', '\n', '\r']);
    let label = after
        .split(['"', '\'', ' ', ';', '>', '/'])
        .next()
        .unwrap_or_default();
    (!label.is_empty()).then(|| label.to_owned())
}

/// The first bytes of a file as text, to recognise it by; what cannot be read is replaced.
pub(crate) fn lossy(head: &[u8]) -> String {
    let encoding = match head {
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        _ => UTF_8,
    };
    encoding.decode(head).0.into_owned()
}

/// A reader of text: UTF-16, told by its byte order mark, becomes UTF-8; anything else stays as it is. Tells whether it was
/// UTF-16.
pub(crate) fn reader(
    mut reader: BufReader<Box<dyn Read>>,
) -> io::Result<(BufReader<Box<dyn Read>>, bool)> {
    let mut mark = [0; 2];
    let mut held = 0;
    while held < 2 {
        match reader.read(&mut mark[held..])? {
            0 => break,
            read => held += read,
        }
    }
    let encoding = match &mark[..held] {
        [0xff, 0xfe] => Some(UTF_16LE),
        [0xfe, 0xff] => Some(UTF_16BE),
        _ => None,
    };
    let inner: Box<dyn Read> = match encoding {
        Some(encoding) => Box::new(Utf8 {
            reader,
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: Vec::new(),
            out: Vec::new(),
            given: 0,
            ended: false,
        }),
        None => Box::new(io::Cursor::new(mark[..held].to_vec()).chain(reader)),
    };
    Ok((
        BufReader::with_capacity(64 * 1024, inner),
        encoding.is_some(),
    ))
}

/// Reads another encoding as UTF-8, a piece at a time.
struct Utf8<R> {
    reader: R,
    decoder: Decoder,
    raw: Vec<u8>,
    out: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.len() {
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let count = buffer.len().min(self.out.len() - self.given);
        buffer[..count].copy_from_slice(&self.out[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

impl<R: Read> Utf8<R> {
    fn fill(&mut self) -> io::Result<()> {
        self.raw.resize(16 * 1024, 0);
        let read = self.reader.read(&mut self.raw)?;
        self.ended = read == 0;
        self.given = 0;
        // Three bytes of UTF-8 for each unit, and one more for what was held back.
        self.out.resize(64 * 1024, 0);
        let (result, _, written, _) =
            self.decoder
                .decode_to_utf8(&self.raw[..read], &mut self.out, self.ended);
        self.out.truncate(written);
        match result {
            CoderResult::InputEmpty => Ok(()),
            CoderResult::OutputFull => Err(io::Error::other(
                "en bit text växte för mycket när den avkodades",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(declaration: &str, bytes: &[u8]) -> (String, Option<&'static str>, bool) {
        let charset = Charset::declared(declaration.as_bytes(), false).unwrap();
        let decoded = charset.decode(bytes);
        (decoded.text, decoded.mended, decoded.replaced)
    }

    #[test]
    fn text_is_what_its_bytes_are_and_then_what_is_declared() {
        let utf8 = "<?xml version='1.0' encoding=\"UTF-8\"?>";
        let latin1 = "<?xml version=\"1.0\" encoding='ISO-8859-1' ?>";
        assert_eq!(
            decoded(utf8, "åäö".as_bytes()),
            ("åäö".to_owned(), None, false)
        );
        assert_eq!(
            decoded(latin1, b"\xe5\xe4\xf6"),
            ("åäö".to_owned(), Some("charset-declared"), false)
        );
        assert_eq!(
            decoded(latin1, "åäö".as_bytes()),
            ("åäö".to_owned(), Some("charset-false"), false)
        );
        assert_eq!(
            decoded(utf8, b"\xe5\xe4\xf6 \x80 5"),
            ("åäö € 5".to_owned(), Some("charset-false"), false)
        );
        // A cut emoji is damage.
        assert!(decoded(utf8, b"hej \xf0\x9f\x98").2);
        // One letter is UTF-8, another byte is damage.
        assert_eq!(
            decoded(utf8, b"\xc3\xa5 \xe4"),
            ("å \u{fffd}".to_owned(), None, true)
        );
        assert_eq!(
            decoded("<html><meta charset=windows-1251>", b"\xcf"),
            ("П".to_owned(), Some("charset-declared"), false)
        );
        assert_eq!(
            Charset::declared(b"<?xml encoding='klingon'?>", false).unwrap_err(),
            "klingon"
        );
    }

    #[test]
    fn utf_16_is_read_as_utf_8() {
        for big in [false, true] {
            let text = "\u{feff}<?xml?>å😀".repeat(3000);
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| {
                    if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect();
            let inner: Box<dyn Read> = Box::new(io::Cursor::new(bytes));
            let (mut reader, converted) = reader(BufReader::new(inner)).unwrap();
            let mut read = String::new();
            reader.read_to_string(&mut read).unwrap();
            assert!(converted);
            assert_eq!(read, text.strip_prefix('\u{feff}').unwrap());
        }
    }
}
