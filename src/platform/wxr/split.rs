//! Cuts a WXR file into its head and its items without holding more than one item, so that a broken item costs itself
//! and not the file. Knows comments, CDATA and processing instructions, and nothing else of XML.

use std::io::{self, BufRead};

/// Greatest head or item, in bytes.
pub(crate) const LONGEST: usize = 64 * 1024 * 1024;

/// How an item ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With `</item>`.
    Closed,
    /// Another item begins before it was closed.
    Interrupted,
    /// The file ends.
    FileEnds,
    /// It is longer than [`LONGEST`].
    TooLong,
}

/// The bytes of an item from `<item` to `</item>`.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The line of the file in which it begins, from 1.
    pub(crate) line: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

/// A piece of markup that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    ItemOpens,
    ItemCloses,
    ItemEmpty,
    Other,
    FileEnds,
    TooLong,
}

/// Cuts what `reader` gives.
#[derive(Debug)]
pub(crate) struct Splitter<R> {
    reader: R,
    line: u64,
    /// The opening tag of an item that was read already, and its line.
    pending: Option<(Vec<u8>, u64)>,
    longest: usize,
    /// `item` or `entry`.
    tag: &'static str,
    /// Whether the channel was closed.
    pub(crate) closed: bool,
}

impl<R: BufRead> Splitter<R> {
    pub(crate) fn new(reader: R, longest: usize) -> Self {
        Self {
            reader,
            line: 1,
            pending: None,
            longest,
            tag: "item",
            closed: false,
        }
    }

    /// Cuts at elements of this name instead of `item`.
    pub(crate) fn at(mut self, tag: &'static str) -> Self {
        self.tag = tag;
        self
    }

    /// Everything before the first item; `None` where it is too long.
    pub(crate) fn head(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        loop {
            let before = bytes.len();
            match self.mark(&mut bytes)? {
                Mark::ItemOpens | Mark::ItemEmpty => {
                    let tag = tag_start(&bytes, before);
                    self.pending = Some((bytes.split_off(tag), self.line));
                    return Ok(Some(bytes));
                }
                Mark::FileEnds => return Ok(Some(bytes)),
                Mark::TooLong => return Ok(None),
                Mark::ItemCloses | Mark::Other => {}
            }
        }
    }

    /// The next item.
    pub(crate) fn item(&mut self) -> io::Result<Option<Chunk>> {
        let (mut bytes, line) = match self.pending.take() {
            Some(pending) => pending,
            None => match self.seek_item()? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let chunk = |bytes, end| Ok(Some(Chunk { line, bytes, end }));
        if bytes.ends_with(b"/>") {
            return chunk(bytes, End::Closed);
        }
        loop {
            let before = bytes.len();
            match self.mark(&mut bytes)? {
                Mark::ItemCloses => return chunk(bytes, End::Closed),
                Mark::ItemOpens | Mark::ItemEmpty => {
                    let tag = tag_start(&bytes, before);
                    self.pending = Some((bytes.split_off(tag), self.line));
                    return chunk(bytes, End::Interrupted);
                }
                Mark::FileEnds => return chunk(bytes, End::FileEnds),
                Mark::TooLong => {
                    self.skip_item()?;
                    return chunk(Vec::new(), End::TooLong);
                }
                Mark::Other => {}
            }
        }
    }

    fn seek_item(&mut self) -> io::Result<Option<(Vec<u8>, u64)>> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match self.mark(&mut bytes)? {
                Mark::ItemOpens | Mark::ItemEmpty => {
                    let tag = tag_start(&bytes, 0);
                    return Ok(Some((bytes.split_off(tag), self.line)));
                }
                Mark::FileEnds => return Ok(None),
                Mark::ItemCloses | Mark::Other | Mark::TooLong => {}
            }
        }
    }

    fn skip_item(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match self.mark(&mut bytes)? {
                Mark::ItemCloses | Mark::FileEnds => return Ok(()),
                Mark::ItemOpens | Mark::ItemEmpty => {
                    let tag = tag_start(&bytes, 0);
                    self.pending = Some((bytes.split_off(tag), self.line));
                    return Ok(());
                }
                Mark::Other | Mark::TooLong => {}
            }
        }
    }

    /// Reads text up to the next markup and that markup to its end.
    fn mark(&mut self, out: &mut Vec<u8>) -> io::Result<Mark> {
        if !self.until(b'<', out)? {
            return Ok(if out.len() > self.longest {
                Mark::TooLong
            } else {
                Mark::FileEnds
            });
        }
        let start = out.len() - 1;
        loop {
            if !self.until(b'>', out)? {
                return Ok(if out.len() > self.longest {
                    Mark::TooLong
                } else {
                    Mark::FileEnds
                });
            }
            let tag = &out[start..];
            let whole = if tag.starts_with(b"<!--") {
                tag.len() >= 7 && tag.ends_with(b"-->")
            } else if tag.starts_with(b"<![CDATA[") {
                tag.ends_with(b"]]>")
            } else if tag.starts_with(b"<?") {
                tag.ends_with(b"?>")
            } else {
                true
            };
            if whole {
                break;
            }
        }
        let tag = &out[start..];
        if tag.starts_with(b"</channel") || tag.starts_with(b"</feed") {
            self.closed = true;
        }
        Ok(if is_item(tag, "<", self.tag) {
            if tag.ends_with(b"/>") {
                Mark::ItemEmpty
            } else {
                Mark::ItemOpens
            }
        } else if is_item(tag, "</", self.tag) {
            Mark::ItemCloses
        } else {
            Mark::Other
        })
    }

    /// Appends up to and with `wanted`; `false` at the end of the file or beyond the greatest length.
    fn until(&mut self, wanted: u8, out: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() || out.len() > self.longest {
                return Ok(false);
            }
            let (taken, found) = match buffer.iter().position(|byte| *byte == wanted) {
                Some(place) => (place + 1, true),
                None => (buffer.len(), false),
            };
            let piece = &buffer[..taken];
            self.line += line_ends(piece);
            out.extend_from_slice(piece);
            self.reader.consume(taken);
            if found {
                return Ok(true);
            }
        }
    }
}

/// How many line ends there are.
pub(crate) fn line_ends(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
}

/// Where the last tag of `bytes` begins.
fn tag_start(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .rposition(|byte| *byte == b'<')
        .map_or(from, |place| from + place)
}

fn is_item(tag: &[u8], open: &str, name: &str) -> bool {
    tag.strip_prefix(open.as_bytes())
        .and_then(|rest| rest.strip_prefix(name.as_bytes()))
        .and_then(|rest| rest.first())
        .is_some_and(|byte| matches!(byte, b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str, longest: usize) -> (String, Vec<(u64, End, String)>) {
        let mut splitter = Splitter::new(text.as_bytes(), longest);
        let head = String::from_utf8(splitter.head().unwrap().unwrap()).unwrap();
        let mut all = Vec::new();
        while let Some(chunk) = splitter.item().unwrap() {
            all.push((
                chunk.line,
                chunk.end,
                String::from_utf8(chunk.bytes).unwrap(),
            ));
        }
        (head, all)
    }

    #[test]
    fn items_are_cut_outside_cdata_and_comments() {
        let text = "<rss><channel><!-- <item> -->\n<item>\n<a><![CDATA[</item><item>]]></a></item>\n<items/><item/></channel>";
        let (head, all) = items(text, LONGEST);
        assert_eq!(head, "<rss><channel><!-- <item> -->\n");
        assert_eq!(
            all,
            [
                (
                    2,
                    End::Closed,
                    "<item>\n<a><![CDATA[</item><item>]]></a></item>".to_owned()
                ),
                (4, End::Closed, "<item/>".to_owned()),
            ]
        );
    }

    #[test]
    fn an_item_that_is_not_closed_costs_itself_only() {
        let (_, all) = items("<c>\n<item><a>\n<item>b</item><item>cut", LONGEST);
        let ends: Vec<_> = all.iter().map(|(line, end, _)| (*line, *end)).collect();
        assert_eq!(
            ends,
            [(2, End::Interrupted), (3, End::Closed), (3, End::FileEnds)]
        );
        let (_, all) = items(
            &format!("<c><item>{}</item><item>b</item>", "x".repeat(100)),
            50,
        );
        let ends: Vec<_> = all.iter().map(|(_, end, _)| *end).collect();
        assert_eq!(ends, [End::TooLong, End::Closed]);
    }
}
