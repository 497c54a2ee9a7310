//! What may not be kept of a platform's object: the values are replaced and named by JSON Pointer (RFC 6901), so that
//! whoever reads `original.json` sees that something stood there and what.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::platform::object::without_lone_surrogates;

/// In place of an e-mail address.
pub(crate) const EMAIL: &str = "[redacted:email]";
/// In place of an IP address.
pub(crate) const IP: &str = "[redacted:ip]";
/// In place of the position that a camera wrote into a picture.
pub(crate) const EXIF_GEO: &str = "[redacted:exif_geo]";
/// In place of a telephone number.
pub(crate) const PHONE: &str = "[redacted:phone]";
/// What an avatar's address ends with in place of a hash.
pub(crate) const AVATAR_HASH: &str = "avatar/redacted";
/// In place of a password.
pub(crate) const PASSWORD: &str = "[redacted:password]";
/// In place of a plugin's data that holds an e-mail or IP address.
pub(crate) const META: &str = "[redacted:meta]";

/// Address of an avatar by the hash of an e-mail address, which anyone can test guesses against.
static AVATAR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(gravatar\.com/avatar(?:\.php)?[/?](?:gravatar_id=)?)[0-9a-f]{32,64}").ok()
});

/// `text` without hashes of e-mail addresses; `None` where there is none.
pub(crate) fn without_avatar_hash(text: &str) -> Option<String> {
    let regex = AVATAR.as_ref()?;
    regex
        .is_match(text)
        .then(|| regex.replace_all(text, "${1}redacted").into_owned())
}

/// Walks through `value` and replaces the strings and numbers for which `rule` gives something else; `rule` is told the
/// names that lead there. Returns the pointers, sorted.
pub(crate) fn redact(
    value: &mut Value,
    rule: &dyn Fn(&[String], &str) -> Option<String>,
) -> Vec<String> {
    let mut pointers = Vec::new();
    walk(value, &mut Vec::new(), rule, &mut pointers);
    pointers.sort();
    pointers
}

fn walk(
    value: &mut Value,
    path: &mut Vec<String>,
    rule: &dyn Fn(&[String], &str) -> Option<String>,
    pointers: &mut Vec<String>,
) {
    match value {
        Value::String(text) => {
            let replaced = rule(path, text).or_else(|| without_avatar_hash(text));
            if let Some(replaced) = replaced {
                *text = replaced;
                pointers.push(pointer(path));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                path.push(index.to_string());
                walk(item, path, rule, pointers);
                path.pop();
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                path.push(name.clone());
                walk(member, path, rule, pointers);
                path.pop();
            }
        }
        Value::Number(number) => {
            if let Some(replaced) = rule(path, &number.to_string()) {
                *value = Value::String(replaced);
                pointers.push(pointer(path));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Like [`redact`], in the bytes of a JSON document, of which nothing else changes: neither the order of members nor the
/// digits of a number. Returns the bytes as they are where they are no JSON.
pub(crate) fn redact_bytes(
    bytes: &[u8],
    rule: &dyn Fn(&[String], &str) -> Option<String>,
) -> (Vec<u8>, Vec<String>) {
    let mut walker = Walker {
        bytes,
        at: 0,
        copied: 0,
        out: Vec::with_capacity(bytes.len()),
        path: Vec::new(),
        pointers: Vec::new(),
        rule,
    };
    walker.value(0);
    walker.out.extend_from_slice(&bytes[walker.copied..]);
    walker.pointers.sort();
    (walker.out, walker.pointers)
}

/// Deepest nesting that is walked; the reader of items refuses what lies deeper.
const DEEPEST: usize = 256;

/// Walks through JSON that was parsed before, copying all but the strings that are replaced.
struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
    copied: usize,
    out: Vec<u8>,
    path: Vec<String>,
    pointers: Vec<String>,
    rule: &'a dyn Fn(&[String], &str) -> Option<String>,
}

impl Walker<'_> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !byte.is_ascii_whitespace() {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn value(&mut self, depth: usize) {
        if depth > DEEPEST {
            self.at = self.bytes.len();
            return;
        }
        match self.peek() {
            Some(b'{') => self.members(depth),
            Some(b'[') => self.items(depth),
            Some(b'"') => {
                let start = self.at;
                let Some(text) = self.string() else { return };
                let replaced =
                    (self.rule)(&self.path, &text).or_else(|| without_avatar_hash(&text));
                if let Some(replaced) = replaced {
                    self.replace(start, replaced);
                }
            }
            Some(first) => {
                let start = self.at;
                while let Some(byte) = self.bytes.get(self.at) {
                    if matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace() {
                        break;
                    }
                    self.at += 1;
                }
                let is_number = first == b'-' || first.is_ascii_digit();
                let word = std::str::from_utf8(&self.bytes[start..self.at]);
                if let Some(number) = word.ok().filter(|_| is_number)
                    && let Some(replaced) = (self.rule)(&self.path, number)
                {
                    self.replace(start, replaced);
                }
            }
            None => {}
        }
    }

    /// Puts `replaced` in place of the value that began at `start` and ends here.
    fn replace(&mut self, start: usize, replaced: String) {
        self.out.extend_from_slice(&self.bytes[self.copied..start]);
        self.out
            .extend_from_slice(Value::String(replaced).to_string().as_bytes());
        self.copied = self.at;
        self.pointers.push(pointer(&self.path));
    }

    fn members(&mut self, depth: usize) {
        self.at += 1;
        while self.peek() == Some(b'"') {
            let Some(name) = self.string() else { return };
            if self.peek() != Some(b':') {
                return;
            }
            self.at += 1;
            self.path.push(name);
            self.value(depth + 1);
            self.path.pop();
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        if self.peek() == Some(b'}') {
            self.at += 1;
        }
    }

    fn items(&mut self, depth: usize) {
        self.at += 1;
        let mut index = 0_usize;
        while !matches!(self.peek(), Some(b']') | None) {
            self.path.push(index.to_string());
            self.value(depth + 1);
            self.path.pop();
            index += 1;
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        if self.peek() == Some(b']') {
            self.at += 1;
        }
    }

    /// The string that begins here; behind it afterwards. `None` at the end of what can be read.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        let mut end = start + 1;
        loop {
            match self.bytes.get(end) {
                Some(b'\\') => end += 2,
                Some(b'"') => break,
                Some(_) => end += 1,
                None => {
                    self.at = self.bytes.len();
                    return None;
                }
            }
        }
        self.at = end + 1;
        let raw = self.bytes.get(start..=end)?;
        if let Ok(text) = serde_json::from_slice(raw) {
            return Some(text);
        }
        let mended = without_lone_surrogates(raw)?;
        serde_json::from_slice(&mended).ok()
    }
}

fn pointer(path: &[String]) -> String {
    let mut pointer = String::new();
    for part in path {
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_all_but_what_is_replaced() {
        let text = r#" {"n": 12345678901234567890123, "b":[ 1.50, {"mail":"kim@example.se"} ], "a\u002fb":"https://gravatar.com/avatar/0123456789abcdef0123456789abcdef", "c":"\ud83d"} "#;
        let (bytes, pointers) = redact_bytes(text.as_bytes(), &|path, _| {
            (path.last().map(String::as_str) == Some("mail")).then(|| EMAIL.to_owned())
        });
        assert_eq!(pointers, ["/a~1b", "/b/1/mail"]);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            text.replace("kim@example.se", "[redacted:email]")
                .replace("0123456789abcdef0123456789abcdef", "redacted")
        );
        for cut in 0..text.len() {
            redact_bytes(&text.as_bytes()[..cut], &|_, _| Some(String::new()));
        }
    }

    #[test]
    fn replaced_members_are_named_by_pointer() {
        let mut value = serde_json::json!({
            "a/b": [{"mail": "kim@example.se"}],
            "html": "<img src='https://secure.gravatar.com/avatar/0123456789abcdef0123456789abcdef?s=96'>",
        });
        let pointers = redact(&mut value, &|path, _| {
            (path.last().map(String::as_str) == Some("mail")).then(|| EMAIL.to_owned())
        });
        assert_eq!(pointers, ["/a~1b/0/mail", "/html"]);
        assert_eq!(value.pointer("/a~1b/0/mail").unwrap(), EMAIL);
        assert_eq!(
            value["html"],
            "<img src='https://secure.gravatar.com/avatar/redacted?s=96'>"
        );
    }
}
