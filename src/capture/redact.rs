//! Takes the values of a login, and tokens in addresses and forms, out of what is kept: a page may write them into its
//! text, its addresses or its scripts, as they are or encoded. Pictures and print cannot be mended afterwards, so the
//! page itself is cleared before them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use url::Url;

use crate::capture::login::Login;
use crate::capture::login::token;
use crate::capture::tab::Tab;
use crate::capture::{CapturedFile, Problem, write};
use crate::model::json;
use crate::model::verdict::FileRole;

/// What stands where a value stood.
pub(crate) const MARK: &str = "[borttaget]";
/// How long clearing a long page may take.
const CLEAR_LIMIT: Duration = Duration::from_mins(1);
/// Shorter forms would be found by chance.
const LEAST: usize = 8;
/// The values that must not be kept, in every form they are looked for.
#[derive(Default)]
pub(crate) struct Secrets {
    forms: BTreeSet<String>,
    search: Option<AhoCorasick>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secrets({} forms)", self.forms.len())
    }
}

impl Secrets {
    /// Takes in the values of a login; those of earlier ones stay, for a site may give new ones on the way.
    pub(crate) fn learn(&mut self, login: &Login) -> Result<(), Problem> {
        let values = login.values();
        self.add(values.iter().map(AsRef::as_ref))
    }

    /// Takes in the tokens in the queries of all addresses of a document.
    pub(crate) fn learn_addresses(&mut self, document: &Value) -> Result<(), Problem> {
        let mut found = BTreeSet::new();
        gather(document, &mut found);
        self.add(found.iter().map(String::as_str))
    }

    fn add<'a>(&mut self, values: impl Iterator<Item = &'a str>) -> Result<(), Problem> {
        let before = self.forms.len();
        for value in values {
            add_forms(value, &mut self.forms);
        }
        if self.forms.len() > before {
            let built = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(&self.forms);
            let search = built.map_err(|error| Problem::Document(error.to_string()))?;
            self.search = Some(search);
        }
        Ok(())
    }

    /// Clears the page of them, and of the tokens in its forms and addresses, as far as it shows them. Returns in how
    /// many places they stood.
    pub(crate) async fn clear_page(&mut self, tab: &mut Tab) -> Result<u32, Problem> {
        let found: Vec<String> = tab
            .ask(
                &format!("bevara.tokens({})", json!(token::NAMES)),
                CLEAR_LIMIT,
            )
            .await?;
        self.add(
            found
                .iter()
                .map(String::as_str)
                .filter(|value| token::is_token(value)),
        )?;
        if self.forms.is_empty() {
            return Ok(0);
        }
        let expression = format!("bevara.redact({}, {})", json!(self.forms), json!(MARK));
        Ok(tab.ask(&expression, CLEAR_LIMIT).await?)
    }

    /// Clears files of text in the raw directory.
    pub(crate) fn clear_files(&self, raw: &Path, files: &[CapturedFile]) -> Result<(), Problem> {
        for file in files {
            let is_json = match file.role {
                FileRole::PageText | FileRole::Dom => false,
                FileRole::Inventory => true,
                FileRole::PagePdf
                | FileRole::PagePng
                | FileRole::OverviewPng
                | FileRole::ViewPng
                | FileRole::Requests => continue,
            };
            let path = raw.join(&file.name);
            let bytes = std::fs::read(&path).map_err(|source| Problem::Io {
                path: path.clone(),
                source,
            })?;
            let text = String::from_utf8_lossy(&bytes);
            let Cow::Owned(cleared) = self.clear(&text) else {
                continue;
            };
            // Inside a document an escape may stand before the value: its strings are cleared one by one.
            let cleared = if is_json {
                self.document(&bytes)?
            } else {
                cleared
            };
            write(&path, cleared.as_bytes())?;
        }
        Ok(())
    }

    fn document(&self, bytes: &[u8]) -> Result<String, Problem> {
        let wrong = |error: json::JsonError| Problem::Document(error.to_string());
        let value = json::value_from_slice(bytes).map_err(wrong)?;
        json::to_line(&self.clear_value(value)).map_err(wrong)
    }

    /// Whether one of them stands in a file as it is.
    pub(crate) fn stand_in(&self, bytes: &[u8]) -> bool {
        self.search
            .as_ref()
            .is_some_and(|search| search.is_match(bytes))
    }

    /// A text without them.
    pub(crate) fn clear<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(search) = self.search.as_ref().filter(|search| search.is_match(text)) else {
            return Cow::Borrowed(text);
        };
        let mut cleared = String::with_capacity(text.len());
        search.replace_all_with(text, &mut cleared, |_, _, out| {
            out.push_str(MARK);
            true
        });
        Cow::Owned(cleared)
    }

    /// A document whose strings and names are without them.
    pub(crate) fn clear_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clear(&text).into_owned()),
            Value::Array(items) => {
                let items = items.into_iter().map(|item| self.clear_value(item));
                Value::Array(items.collect())
            }
            Value::Object(members) => {
                let members = members
                    .into_iter()
                    .map(|(name, value)| (self.clear(&name).into_owned(), self.clear_value(value)));
                Value::Object(members.collect::<Map<_, _>>())
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
        }
    }
}

fn gather(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(tokens(text)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(members) => members.values().for_each(|member| gather(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The values in an address's query whose names say that they are tokens.
fn tokens(address: &str) -> Vec<String> {
    if !address.contains('?') {
        return Vec::new();
    }
    let Ok(url) = Url::parse(address) else {
        return Vec::new();
    };
    url.query_pairs()
        .filter(|(name, value)| token::is_named(name) && token::is_token(value))
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// A value as it is and decoded; each as in addresses, in JSON, in HTML, in hexadecimal, and as what is left of it in the
/// middle of any base64.
fn add_forms(value: &str, forms: &mut BTreeSet<String>) {
    let decoded: String = percent_decoded(value);
    let mut add = |form: String| {
        if form.len() >= LEAST {
            forms.insert(form);
        }
    };
    for text in [value, decoded.as_str()] {
        add(text.to_owned());
        add(json!(text).to_string().trim_matches('"').to_owned());
        let html = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        add(html.replace('"', "&quot;"));
        add(html);
        for escape in [percent_upper, percent_lower] {
            let encoded = percent_encoded(text, escape);
            // A form writes a space as a plus.
            add(encoded.replace("%20", "+"));
            // An address inside an address.
            add(percent_encoded(&encoded, escape));
            add(encoded);
        }
        add(hex::encode(text));
        add(hex::encode_upper(text));
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            for offset in 0..3 {
                let inner = middle(text.as_bytes(), offset, |bytes| engine.encode(bytes));
                add(percent_encoded(&inner, percent_upper));
                add(inner);
            }
        }
    }
}

/// The characters of a base64 text that rest on `bytes` alone, when those begin `offset` bytes into a group of three.
fn middle(bytes: &[u8], offset: usize, encode: impl Fn(&[u8]) -> String) -> String {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(bytes);
    let text = encode(&padded);
    // The first character that has no bit of what stands before, and the last that has none of what follows.
    let from = (offset * 8).div_ceil(6);
    let to = padded.len() * 8 / 6;
    text.get(from..to).unwrap_or_default().to_owned()
}

fn percent_upper(byte: u8) -> String {
    format!("%{byte:02X}")
}

fn percent_lower(byte: u8) -> String {
    format!("%{byte:02x}")
}

fn percent_encoded(text: &str, escape: fn(u8) -> String) -> String {
    let bytes = text.bytes().map(|byte| {
        // Unreserved characters (RFC 3986 § 2.3).
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            escape(byte)
        }
    });
    bytes.collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let escaped = after.split_at_checked(2).filter(|_| *first == b'%');
        match escaped.and_then(|(digits, tail)| Some((hex::decode(digits).ok()?, tail))) {
            Some((byte, tail)) => {
                bytes.extend(byte);
                rest = tail;
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::login::tests::with_value;

    fn secrets(value: &str) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.learn(&with_value(value)).unwrap();
        secrets
    }

    #[test]
    fn a_value_is_found_in_every_form() {
        // Forms made by Python: urllib.parse.quote, quote_plus, html.escape, json.dumps, hex.
        let value = "s%3AabC1/\"=&9+xyz";
        let secrets = secrets(value);
        for text in [
            "s%3AabC1/\"=&9+xyz",
            "s:abC1/\"=&9+xyz",
            "s%253AabC1%2F%22%3D%269%2Bxyz",
            "s%3AabC1%2F%22%3D%269%2Bxyz",
            "s%3aabC1%2f%22%3d%269%2bxyz",
            "s%3AabC1/&quot;=&amp;9+xyz",
            "s%3AabC1/\\\"=&9+xyz",
            "73253341616243312f223d26392b78797a",
        ] {
            let cleared = secrets.clear(&format!("före {text} efter")).into_owned();
            assert_eq!(cleared, format!("före {MARK} efter"), "{text}");
        }
        // base64 of "user:" + value, of "u" + value + "tail", of value alone: nothing of the middle is left.
        for (text, left) in [
            ("dXNlcjpzJTNBYWJDMS8iPSY5K3h5eg==", "dXNlcjp"),
            ("dXMlM0FhYkMxLyI9JjkreHl6dGFpbA==", "dX"),
            ("cyUzQWFiQzEvIj0mOSt4eXo=", ""),
        ] {
            let cleared = secrets.clear(text).into_owned();
            let at = cleared
                .find(MARK)
                .unwrap_or_else(|| panic!("{text}: {cleared}"));
            assert!(cleared[..at].len() <= left.len() + 1, "{cleared}");
        }
        assert!(secrets.stand_in(b"<< /URI (http://x/?s=s%3AabC1/\"=&9+xyz) >>"));
    }

    #[test]
    fn a_value_is_found_however_its_rare_characters_are_written() {
        // By Python too: a space that forms write as a plus, an address in an address, hexadecimal in capitals, text of HTML.
        let secrets = secrets("a%20b?>~key9<&\"c>?");
        for text in [
            "a%20b%3F%3E~key9%3C%26%22c%3E%3F",
            "a+b%3F%3E~key9%3C%26%22c%3E%3F",
            "a%2520b%253F%253E~key9%253C%2526%2522c%253E%253F",
            "a%252520b%253F%253E~key9%253C%2526%2522c%253E%253F",
            "a%20b?&gt;~key9&lt;&amp;\"c&gt;?",
            "61253230623F3E7E6B6579393C2622633E3F",
        ] {
            assert_eq!(secrets.clear(text), MARK, "{text}");
        }
        // base64.b64encode and urlsafe_b64encode of "" + value + "T", "u" + …, "us" + …, and the first percent-encoded:
        // only characters that hold bits of something else may be left.
        for (text, left) in [
            ("YSUyMGI/Pn5rZXk5PCYiYz4/VA==", 5),
            ("YSUyMGI_Pn5rZXk5PCYiYz4_VA==", 5),
            ("YSUyMGI%2FPn5rZXk5PCYiYz4%2FVA%3D%3D", 9),
            ("dWElMjBiPz5+a2V5OTwmImM+P1Q=", 6),
            ("dWElMjBiPz5-a2V5OTwmImM-P1Q=", 6),
            ("dWElMjBiPz5%2Ba2V5OTwmImM%2BP1Q%3D", 8),
            ("dXNhJTIwYj8+fmtleTk8JiJjPj9U", 6),
            ("dXNhJTIwYj8-fmtleTk8JiJjPj9U", 6),
            ("dXNhJTIwYj8%2BfmtleTk8JiJjPj9U", 6),
        ] {
            let cleared = secrets.clear(text).into_owned();
            assert!(cleared.contains(MARK), "{text}: {cleared}");
            assert!(
                cleared.len() <= MARK.len() + left,
                "{text} leaves {cleared}"
            );
        }
    }

    #[test]
    fn of_two_values_that_begin_alike_nothing_is_left() {
        let mut secrets = secrets("abcdefgh12345678");
        secrets
            .learn(&with_value("abcdefgh12345678-the-new-one"))
            .unwrap();
        assert_eq!(
            secrets.clear("<abcdefgh12345678-the-new-one>"),
            format!("<{MARK}>")
        );
    }

    #[test]
    fn every_file_of_text_is_cleared_and_documents_stay_documents() {
        let value = "nq\"cdefgh12345678";
        let secrets = secrets(value);
        let dir = tempfile::tempdir().unwrap();
        let inventory =
            json!({"posts": [{"text": format!("Rad\n{value}\nq\"cdefgh12345678"), value: 1}]});
        let all = [
            (
                FileRole::PageText,
                "page.txt",
                format!("Sessionen {value}."),
            ),
            (FileRole::Dom, "dom.html", format!("<p>{value}</p>")),
            (FileRole::Inventory, "inventory.json", inventory.to_string()),
            (FileRole::PagePng, "page-0001.png", value.to_owned()),
        ];
        let mut files = Vec::new();
        for (role, name, text) in all {
            write(&dir.path().join(name), text.as_bytes()).unwrap();
            let name = name.to_owned();
            files.push(CapturedFile { role, name });
        }
        secrets.clear_files(dir.path(), &files).unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("page.txt"), format!("Sessionen {MARK}."));
        assert_eq!(read("dom.html"), format!("<p>{MARK}</p>"));
        // What stands behind the escape of a line feed is not the value.
        let text = format!("Rad\n{MARK}\nq\"cdefgh12345678");
        assert_eq!(
            serde_json::from_str::<Value>(&read("inventory.json")).unwrap(),
            json!({"posts": [{"text": text, MARK: 1}]})
        );
        assert_eq!(read("page-0001.png"), value);
    }

    #[test]
    fn other_text_stays_as_it_is() {
        let secrets = secrets("abcdefgh12345678");
        assert!(matches!(
            secrets.clear("abcdefgh 12345678 abcdefgh1234567"),
            Cow::Borrowed(_)
        ));
        let value = json!({"a": ["x", 1, null, "https://e.example/?s=abcdefgh12345678&t=1"]});
        let cleared = secrets.clear_value(value);
        assert_eq!(cleared["a"][3], format!("https://e.example/?s={MARK}&t=1"));
        assert_eq!(cleared["a"][1], 1);
    }

    #[test]
    fn tokens_in_queries_are_known_by_their_names() {
        let mut secrets = Secrets::default();
        let addresses = [
            "https://e.example/a?access_token=Qw3rTy-98%2Bx&page=kommunen-2026",
            "https://e.example/b?author=kommunen-2026&token=vallokal&session=2026-01-01",
            "https://e.example/c?X-Session=abcdefghijklmnopqrstuvwxyz",
            "https://e.example/d?token=Styrgruppen+har+12+m%C3%B6ten",
        ];
        let document = json!({"requests": [{"url": addresses[0]}], "redirects": addresses});
        secrets.learn_addresses(&document).unwrap();
        let cleared = |text: &str| secrets.clear(text).into_owned();
        assert_eq!(
            cleared(addresses[0]),
            format!("https://e.example/a?access_token={MARK}&page=kommunen-2026")
        );
        assert_eq!(cleared("Qw3rTy-98+x"), MARK);
        assert_eq!(cleared(addresses[1]), addresses[1], "words are no tokens");
        assert_eq!(cleared(addresses[3]), addresses[3], "nor are sentences");
        assert_eq!(
            cleared(addresses[2]),
            format!("https://e.example/c?X-Session={MARK}")
        );
    }
}
