//! Cuts a JSON array, or arrays that are members of a JSON object at any depth, into elements without holding more than one
//! of them, so that a broken element costs itself and a file of any size can be read.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

/// Greatest element or member, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

/// How many members beside the arrays are kept, and their greatest length with their names: types, ids and totals are few
/// and short.
const MEMBERS: usize = 1_000;
const MEMBER: usize = 64 * 1024;

/// Why a file cannot be cut.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CutError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("vid byte {at} väntades {expected}")]
    Form { expected: &'static str, at: u64 },
}

/// An element of the array.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// Its bytes.
    Whole(Vec<u8>),
    /// It is longer than 16 MiB.
    TooLong,
    /// The file ends inside it.
    Cut,
}

/// The elements of the array that `reader` gives, or of the arrays named in the object that it gives.
#[derive(Debug)]
pub(crate) struct Elements<R> {
    reader: R,
    at: u64,
    names: &'static [&'static str],
    state: State,
    /// The members that lead to the object that is read, from the document's own.
    path: Vec<String>,
    /// The array that is read, and the number of its next element; `None` for an object that is one element.
    array: (&'static str, Option<u64>),
    /// The members beside the arrays that hold no array or object: type, id, totals.
    pub(crate) members: BTreeMap<String, Vec<u8>>,
    /// Whether there was an array to cut.
    pub(crate) found: bool,
    /// Whether the array or object was closed.
    pub(crate) closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Members,
    Inside { first: bool },
    Object,
    End,
}

impl<R: BufRead> Elements<R> {
    /// `names` are the arrays to cut where the document is an object; others are passed over. A name may be a path with
    /// slashes between its parts, whose last part may be `*` for any name; where it ends with a slash, the object that lies
    /// there is one element.
    pub(crate) fn new(reader: R, names: &'static [&'static str]) -> Self {
        Self {
            reader,
            at: 0,
            names,
            state: State::Start,
            path: Vec::new(),
            array: ("", Some(0)),
            members: BTreeMap::new(),
            found: false,
            closed: false,
        }
    }

    /// JSON Pointer (RFC 6901) of the element that [`Self::element`] gave last.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for part in &self.path {
            pointer.extend(["/", &part.replace('~', "~0").replace('/', "~1")]);
        }
        if let (_, Some(next)) = self.array {
            pointer.extend(["/", &next.saturating_sub(1).to_string()]);
        }
        pointer
    }

    /// The name of the array that [`Self::element`] gave an element of last; empty for the document itself.
    pub(crate) fn array(&self) -> &'static str {
        self.array.0
    }

    /// The next element; the members before it were read.
    pub(crate) fn element(&mut self) -> Result<Option<Element>, CutError> {
        loop {
            match self.state {
                State::Start => self.start()?,
                State::Members => self.member()?,
                State::Inside { first } => match (self.peek()?, first) {
                    (Some(b']'), _) => {
                        self.skip();
                        self.state = State::Members;
                        self.path.pop();
                        if self.array.0.is_empty() {
                            self.closed = true;
                            self.state = State::End;
                        }
                    }
                    (Some(b','), false) => {
                        self.skip();
                        return self.inside();
                    }
                    (Some(_), true) => return self.inside(),
                    (Some(_), false) => return Err(self.form(", eller ]")),
                    (None, _) => self.state = State::End,
                },
                State::Object => return self.inside(),
                State::End => return Ok(None),
            }
        }
    }

    fn start(&mut self) -> Result<(), CutError> {
        self.byte_order_mark()?;
        self.state = match self.peek()? {
            Some(b'[') => {
                self.found = true;
                State::Inside { first: true }
            }
            Some(b'{') => State::Members,
            _ => return Err(self.form("{ eller [")),
        };
        self.skip();
        Ok(())
    }

    fn inside(&mut self) -> Result<Option<Element>, CutError> {
        self.array.1 = self.array.1.map(|next| next + 1);
        self.state = if self.array.1.is_some() {
            State::Inside { first: false }
        } else {
            State::Members
        };
        self.peek()?;
        let mut bytes = Vec::new();
        let element = match self.value(&mut bytes)? {
            Taken::Whole => Element::Whole(bytes),
            Taken::TooLong => Element::TooLong,
            Taken::Cut => {
                self.state = State::End;
                if bytes.is_empty() {
                    return Ok(None);
                }
                Element::Cut
            }
        };
        Ok(Some(element))
    }

    /// Reads one member of the object, or its end.
    fn member(&mut self) -> Result<(), CutError> {
        // The object that was an element was left as the last part of the path.
        if self.array.1.is_none() {
            self.path.pop();
            self.array = ("", Some(0));
        }
        match self.peek()? {
            Some(b'}') => {
                self.skip();
                if self.path.pop().is_none() {
                    self.closed = true;
                    self.state = State::End;
                }
                return Ok(());
            }
            Some(b',') => {
                self.skip();
                self.peek()?;
            }
            Some(_) => {}
            None => {
                self.state = State::End;
                return Ok(());
            }
        }
        let mut key = Vec::new();
        if self.peek()? != Some(b'"') {
            return Err(self.form("ett fältnamn"));
        }
        self.value(&mut key)?;
        let key: String =
            serde_json::from_slice(&key).map_err(|_form| self.form("ett fältnamn"))?;
        self.expect(b':', ":")?;
        match self.peek()? {
            Some(b'[') if let Some(name) = self.named(&key, Wanted::Array) => {
                self.skip();
                self.path.push(key);
                self.array = (name, Some(0));
                self.found = true;
                self.state = State::Inside { first: true };
            }
            Some(b'{') if let Some(name) = self.named(&key, Wanted::Object) => {
                self.path.push(key);
                self.array = (name, None);
                self.found = true;
                self.state = State::Object;
            }
            Some(b'{') if self.named(&key, Wanted::Way).is_some() => {
                self.skip();
                self.path.push(key);
            }
            Some(_) => {
                let mut bytes = Vec::new();
                if self.value(&mut bytes)? == Taken::Whole
                    && self.path.is_empty()
                    && !matches!(bytes.first(), Some(b'[' | b'{'))
                    && self.members.len() < MEMBERS
                    && key.len() + bytes.len() <= MEMBER
                {
                    self.members.insert(key, bytes);
                }
            }
            None => self.state = State::End,
        }
        Ok(())
    }

    /// The name among those asked for that the member `key` of the object that is read has, or lies on the way to.
    fn named(&self, key: &str, wanted: Wanted) -> Option<&'static str> {
        let here = || self.path.iter().map(String::as_str).chain([key]);
        let depth = self.path.len() + 1;
        self.names.iter().copied().find(|name| {
            let parts = name.strip_suffix('/').unwrap_or(name).split('/');
            let count = parts.clone().count();
            let kind = match wanted {
                Wanted::Array => count == depth && !name.ends_with('/'),
                Wanted::Object => count == depth && name.ends_with('/'),
                Wanted::Way => count > depth,
            };
            kind && parts
                .zip(here())
                .all(|(part, here)| part == here || part == "*")
        })
    }

    /// Reads a value of any kind. Brackets are counted outside strings; whether it is JSON, its reader will see.
    fn value(&mut self, out: &mut Vec<u8>) -> Result<Taken, CutError> {
        let (mut depth, mut string, mut escaped, mut long) = (0_u64, false, false, false);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(Taken::Cut);
            }
            let mut taken = 0;
            let mut done = false;
            for byte in buffer {
                // A number or word ends before what follows it.
                if depth == 0
                    && !string
                    && matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t')
                {
                    done = true;
                    break;
                }
                taken += 1;
                if escaped {
                    escaped = false;
                } else if string && *byte == b'\\' {
                    escaped = true;
                } else if *byte == b'"' {
                    string = !string;
                    done = depth == 0 && !string;
                } else if !string {
                    match byte {
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => {
                            depth -= 1;
                            done = depth == 0;
                        }
                        _ => {}
                    }
                }
                if done {
                    break;
                }
            }
            if !long {
                out.extend_from_slice(&buffer[..taken]);
            }
            self.reader.consume(taken);
            self.at += taken as u64;
            if out.len() > LONGEST {
                out.clear();
                long = true;
            }
            if done {
                return Ok(if long { Taken::TooLong } else { Taken::Whole });
            }
        }
    }

    /// The next byte that is no white space, left where it is.
    fn peek(&mut self) -> Result<Option<u8>, CutError> {
        loop {
            let Some(byte) = self.reader.fill_buf()?.first().copied() else {
                return Ok(None);
            };
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(Some(byte));
            }
            self.skip();
        }
    }

    fn skip(&mut self) {
        self.reader.consume(1);
        self.at += 1;
    }

    fn expect(&mut self, wanted: u8, expected: &'static str) -> Result<(), CutError> {
        if self.peek()? != Some(wanted) {
            return Err(self.form(expected));
        }
        self.skip();
        Ok(())
    }

    fn byte_order_mark(&mut self) -> Result<(), CutError> {
        if self.reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            self.reader.consume(3);
            self.at += 3;
        }
        Ok(())
    }

    fn form(&self, expected: &'static str) -> CutError {
        CutError::Form {
            expected,
            at: self.at,
        }
    }
}

/// What a member may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// An array to cut.
    Array,
    /// An object that is one element.
    Object,
    /// An object on the way to either.
    Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Whole,
    TooLong,
    Cut,
}

#[cfg(test)]
mod tests {
    use super::*;

    type Cut = (Vec<String>, BTreeMap<String, Vec<u8>>, bool);

    fn cut(text: &str) -> Result<Cut, CutError> {
        // A buffer of three bytes shows that nothing depends on where a read ends.
        let mut elements = Elements::new(
            io::BufReader::with_capacity(3, text.as_bytes()),
            &["items", "more"],
        );
        let mut all = Vec::new();
        while let Some(element) = elements.element()? {
            all.push(match element {
                Element::Whole(bytes) => String::from_utf8(bytes).unwrap(),
                Element::TooLong => "too long".to_owned(),
                Element::Cut => "cut".to_owned(),
            });
        }
        Ok((all, elements.members, elements.closed))
    }

    #[test]
    fn elements_are_cut_outside_strings_and_members_are_kept() {
        let text = r#"{"id": "o.json", "n" : {"items": [9]}, "items": [ {"a":"]}\"\\"} ,"b", 12,[1] ], "totalItems":4}"#;
        let (all, members, closed) = cut(text).unwrap();
        assert_eq!(all, [r#"{"a":"]}\"\\"}"#, r#""b""#, "12", "[1]"]);
        assert_eq!(members["totalItems"], b"4");
        assert_eq!(members.len(), 2);
        assert!(closed);
    }

    #[test]
    fn pointers_name_the_array_and_the_number() {
        let pointers = |text: &str| {
            let mut elements = Elements::new(text.as_bytes(), &["items", "more"]);
            let mut all = Vec::new();
            while elements.element().unwrap().is_some() {
                all.push(elements.pointer());
            }
            assert!(elements.closed);
            all
        };
        assert_eq!(pointers("\u{feff}[1, 2]"), ["/0", "/1"]);
        assert_eq!(
            pointers(r#"{"more":[1],"x":[0],"items":[2,3]}"#),
            ["/more/0", "/items/0", "/items/1"]
        );
    }

    #[test]
    fn arrays_and_objects_are_found_by_their_path() {
        let text = r#"{"a":{"n":1,"list":[1],"b":{"list":[2,{"list":[3]}]}},"list":[4],"who":{"name":"x"},
            "chats":{"with a/b~":[5],"empty":[],"more":{"deep":[6]}},"a":{"b":{"list":7}},"n":8}"#;
        let mut elements = Elements::new(
            io::BufReader::with_capacity(3, text.as_bytes()),
            &["a/b/list", "who/", "chats/*"],
        );
        let mut all = Vec::new();
        while let Some(Element::Whole(bytes)) = elements.element().unwrap() {
            let bytes = String::from_utf8(bytes).unwrap();
            all.push(format!(
                "{} {} {bytes}",
                elements.array(),
                elements.pointer()
            ));
        }
        assert_eq!(
            all,
            [
                "a/b/list /a/b/list/0 2",
                r#"a/b/list /a/b/list/1 {"list":[3]}"#,
                r#"who/ /who {"name":"x"}"#,
                "chats/* /chats/with a~1b~0/0 5",
            ]
        );
        let members: Vec<_> = elements.members.keys().map(String::as_str).collect();
        assert_eq!((elements.closed, members), (true, vec!["n"]));
    }

    #[test]
    fn files_that_end_too_early_say_so() {
        let (all, _, closed) = cut(r#"{"items":[{"a":1},{"b"#).unwrap();
        assert_eq!(all, [r#"{"a":1}"#, "cut"]);
        assert!(!closed);
        assert!(cut("1").is_err());
        assert!(cut(r#"{"items":[1 2]}"#).is_err());
        assert_eq!(cut(r#"{"items":[]}"#).unwrap().0, [] as [&str; 0]);
    }
}
