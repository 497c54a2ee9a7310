//! A piece of XML as a tree of elements with the names this reader uses: `wp:`, `content:`, `excerpt:` and `dc:` are told
//! by their namespace's address, whatever prefix the file gives them and whichever version of WXR it is.

use std::collections::BTreeSet;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use serde_json::{Map, Value};

use crate::platform::refusal;
use crate::platform::wxr::split::line_ends;

/// Deepest nesting of elements.
const DEEPEST: usize = 64;

const WRONG_ATTRIBUTE: &str = "ett attribut är fel skrivet";

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
    /// What was mended in it: `xml-control` (characters that XML does not allow taken out), `xml-entity` (left as it stands),
    /// `xml-namespace` (a prefix without one taken for the one it is always used for), `utf8-replaced` (by U+FFFD).
    pub(crate) mended: BTreeSet<&'static str>,
}

/// Why a piece of XML cannot be read, and in which of its lines (from 0).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: u64,
    pub(crate) reason: String,
}

impl Node {
    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Children of this name.
    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Notes what was mended to read the bytes, where the element holds more than ASCII.
    pub(crate) fn note(&mut self, mended: Option<&'static str>) {
        if let Some(code) = mended.filter(|_| !self.is_ascii()) {
            self.mended.insert(code);
        }
    }

    fn is_ascii(&self) -> bool {
        self.text.is_ascii() && self.children.iter().all(Self::is_ascii)
    }

    /// The text of the first child of this name, without white space around it; `None` where empty or missing.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.trim())
            .filter(|text| !text.is_empty())
    }

    /// Codes of what was mended in the element, apart from its children named `left_out`.
    pub(crate) fn repairs(&self, left_out: &str) -> Vec<String> {
        let mut mended = BTreeSet::new();
        let mut open = vec![self];
        while let Some(node) = open.pop() {
            mended.extend(&node.mended);
            open.extend(node.children.iter().filter(|child| child.name != left_out));
        }
        mended.into_iter().map(str::to_owned).collect()
    }

    /// The element as JSON: an object of its children by name, an array where a name stands several times, the text as a
    /// string. `left_out` names children that are kept elsewhere.
    pub(crate) fn to_json(&self, left_out: &str) -> Value {
        if self.children.is_empty() && self.attributes.is_empty() {
            return Value::String(self.text.clone());
        }
        let mut members = Map::new();
        for (name, value) in &self.attributes {
            members.insert(format!("@{name}"), Value::String(value.clone()));
        }
        if !self.text.trim().is_empty() || self.children.is_empty() {
            members.insert("#text".to_owned(), Value::String(self.text.clone()));
        }
        for child in self.children.iter().filter(|child| child.name != left_out) {
            let value = child.to_json(left_out);
            match members.get_mut(&child.name) {
                Some(Value::Array(list)) => list.push(value),
                Some(first) => {
                    let list = Value::Array(vec![first.take(), value]);
                    members.insert(child.name.clone(), list);
                }
                None => {
                    members.insert(child.name.clone(), value);
                }
            }
        }
        Value::Object(members)
    }
}

/// Characters that no XML 1.0 document may hold (clause 2.2).
fn is_forbidden(c: char) -> bool {
    (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// The head of a WXR file: the namespaces that hold for all items, and the elements of the channel so far.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// `<rss …><channel …>` or `<feed …>` with the namespaces.
    pub(crate) prefix: String,
    /// How many elements the prefix opens.
    pub(crate) depth: usize,
    pub(crate) children: Vec<Node>,
}

/// Reads the head; what is open at its end stays open. `roots` are the elements that lead to the items.
pub(crate) fn head(text: &str, roots: &[&str]) -> Result<Head, Fault> {
    let mut head = Head {
        depth: roots.len(),
        ..Head::default()
    };
    let mut tree = Tree::new(text, false);
    while let Some(step) = tree.step()? {
        let Step::Opened(depth, name, namespaces) = step else {
            continue;
        };
        let Some(expected) = roots.get(depth - 1) else {
            continue;
        };
        let local = name.rsplit([':', '}']).next().unwrap_or(&name);
        if local != *expected || head.prefix.contains(&format!("<{expected}")) {
            return Err(tree.fault(format!("här väntades <{expected}>")));
        }
        head.prefix.extend(["<", expected, &namespaces, ">"]);
    }
    let last = roots.last().copied().unwrap_or_default();
    if !head.prefix.contains(&format!("<{last}")) {
        return Err(tree.fault(format!("här väntades <{last}>")));
    }
    // The last root is open still, or was closed in a file without items.
    let channel = match tree.open.into_iter().nth(roots.len() - 1) {
        Some(channel) => Some(channel),
        None if roots.len() == 1 => tree.done,
        None => tree.done.and_then(|rss| rss.children.into_iter().next()),
    };
    head.children = channel.map(|channel| channel.children).unwrap_or_default();
    Ok(head)
}

/// Reads one element in the scope of the head's opening tags. `replaced`: its bytes were not all text.
pub(crate) fn element(head: &Head, text: &str, replaced: bool) -> Result<Node, Fault> {
    let whole = format!("{}{text}", head.prefix);
    let mut tree = Tree::new(&whole, replaced);
    while tree.step()?.is_some() {}
    let whole = tree.open.len() == head.depth;
    if let Some(parent) = tree.open.pop().filter(|_| whole) {
        let mut children = parent.children.into_iter();
        if let (Some(only), None) = (children.next(), children.next()) {
            return Ok(only);
        }
    }
    Err(Fault {
        line: text.lines().count().saturating_sub(1) as u64,
        reason: "ett XML-element är inte avslutat".to_owned(),
    })
}

enum Step {
    /// Depth from 1, name, and the namespaces declared.
    Opened(usize, String, String),
    Other,
}

struct Tree<'a> {
    text: &'a str,
    reader: NsReader<&'a [u8]>,
    open: Vec<Node>,
    done: Option<Node>,
    /// Whether U+FFFD in the text stands for bytes that were no UTF-8.
    replaced: bool,
}

impl<'a> Tree<'a> {
    fn new(text: &'a str, replaced: bool) -> Self {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().allow_dangling_amp = true;
        Self {
            text,
            reader,
            open: Vec::new(),
            done: None,
            replaced,
        }
    }

    fn fault(&self, reason: String) -> Fault {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        let read = &self.text.as_bytes()[..at.min(self.text.len())];
        Fault {
            line: line_ends(read),
            reason,
        }
    }

    fn step(&mut self) -> Result<Option<Step>, Fault> {
        let mut mended = BTreeSet::new();
        let (namespace, event) = match self.reader.read_resolved_event() {
            Ok((namespace, event)) => (prefix_of(&namespace, &mut mended), event),
            Err(error) => return Err(self.fault(without_text(&error))),
        };
        match event {
            Event::Start(start) => {
                if self.open.len() >= DEEPEST {
                    return Err(self.fault(refusal::too_deep("XML-element", DEEPEST)));
                }
                let (mut node, namespaces) =
                    opened(&namespace, &start).map_err(|reason| self.fault(reason))?;
                node.mended = mended;
                let name = node.name.clone();
                self.open.push(node);
                return Ok(Some(Step::Opened(self.open.len(), name, namespaces)));
            }
            Event::Empty(start) => {
                let (mut node, _) =
                    opened(&namespace, &start).map_err(|reason| self.fault(reason))?;
                node.mended = mended;
                self.close(node);
            }
            Event::End(_) => {
                if let Some(node) = self.open.pop() {
                    self.close(node);
                }
            }
            Event::Text(text) => self.push(&text.xml10_content()),
            Event::CData(text) => self.push(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    Ok(None) => {
                        quick_xml::escape::resolve_predefined_entity(&reference.xml10_content())
                            .map(str::to_owned)
                    }
                    Err(error) => return Err(self.fault(without_text(&error))),
                };
                let text = resolved.unwrap_or_else(|| {
                    // `&nbsp;` and the like mean something in the HTML that the text is.
                    if let Some(node) = self.open.last_mut() {
                        node.mended.insert("xml-entity");
                    }
                    format!("&{};", &*reference.xml10_content())
                });
                self.push(&text);
            }
            Event::DocType(_) => {
                return Err(self.fault("en DOCTYPE hör inte hemma i filen".to_owned()));
            }
            Event::Eof => return Ok(None),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
        Ok(Some(Step::Other))
    }

    fn push(&mut self, text: &str) {
        let Some(node) = self.open.last_mut() else {
            return;
        };
        if self.replaced && text.contains('\u{fffd}') {
            node.mended.insert("utf8-replaced");
        }
        if text.contains(is_forbidden) {
            node.mended.insert("xml-control");
            node.text.extend(text.chars().filter(|c| !is_forbidden(*c)));
        } else {
            node.text.push_str(text);
        }
    }

    fn close(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => self.done = Some(node),
        }
    }
}

/// The error's kind; its own message may quote the file.
fn without_text(error: &quick_xml::Error) -> String {
    let kind = match error {
        quick_xml::Error::IllFormed(_) => "start- och sluttaggar passar inte ihop",
        quick_xml::Error::Syntax(_) => "en tagg, kommentar eller CDATA är inte avslutad",
        quick_xml::Error::Namespace(_) => "en namnrymd är fel angiven",
        quick_xml::Error::InvalidAttr(_) => WRONG_ATTRIBUTE,
        quick_xml::Error::Escape(_) => "en teckenreferens (&…;) är fel skriven",
        quick_xml::Error::Encoding(_) | quick_xml::Error::Io(_) => "texten går inte att läsa",
    };
    kind.to_owned()
}

/// The prefix this reader uses for a namespace.
fn prefix_of(namespace: &ResolveResult<'_>, mended: &mut BTreeSet<&'static str>) -> String {
    match namespace {
        ResolveResult::Unbound => String::new(),
        ResolveResult::Bound(Namespace(uri)) => {
            let bare = uri
                .trim_start_matches("http://")
                .trim_start_matches("https://");
            if let Some(rest) = bare.strip_prefix("wordpress.org/export/") {
                return if rest.contains("/excerpt") {
                    "excerpt:"
                } else {
                    "wp:"
                }
                .to_owned();
            }
            match bare.trim_end_matches('/') {
                "purl.org/rss/1.0/modules/content" => "content:".to_owned(),
                "purl.org/dc/elements/1.1" => "dc:".to_owned(),
                "wellformedweb.org/CommentAPI" => "wfw:".to_owned(),
                "www.w3.org/2005/Atom" => "atom:".to_owned(),
                "search.yahoo.com/mrss" => "media:".to_owned(),
                "www.youtube.com/xml/schemas/2015" => "yt:".to_owned(),
                "purl.org/syndication/thread/1.0" => "thr:".to_owned(),
                "purl.org/rss/1.0/modules/slash" => "slash:".to_owned(),
                "purl.org/dc/terms" => "dcterms:".to_owned(),
                "" => String::new(),
                _ => format!("{{{uri}}}"),
            }
        }
        ResolveResult::Unknown(prefix) => {
            mended.insert("xml-namespace");
            match prefix.as_str() {
                "wp" | "content" | "excerpt" | "dc" | "wfw" => format!("{prefix}:"),
                other => format!("{{?{other}}}"),
            }
        }
    }
}

fn opened(namespace: &str, start: &BytesStart<'_>) -> Result<(Node, String), String> {
    let mut node = Node {
        name: format!("{namespace}{}", start.local_name().as_ref()),
        ..Node::default()
    };
    let mut namespaces = String::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_quoted| WRONG_ATTRIBUTE.to_owned())?;
        let key: &str = attribute.key.as_ref();
        if key == "xmlns" || key.starts_with("xmlns:") {
            let quote = if attribute.value.contains('"') {
                "'"
            } else {
                "\""
            };
            namespaces.extend([" ", key, "=", quote, &*attribute.value, quote]);
            continue;
        }
        let value = match quick_xml::escape::unescape(&attribute.value) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.into_owned(),
        };
        node.attributes.push((key.to_owned(), value));
    }
    Ok((node, namespaces))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = r#"<rss xmlns:wp="http://wordpress.org/export/1.1/" xmlns:x="http://wordpress.org/export/1.1/excerpt/"><channel>"#;

    fn read(text: &str) -> Result<Node, Fault> {
        element(&head(PREFIX, &["rss", "channel"]).unwrap(), text, false)
    }

    #[test]
    fn names_follow_the_namespace_and_cdata_is_joined() {
        let node = read("<item xmlns:q='http://wordpress.org/export/1.2/'><q:post_id>7</q:post_id><x:encoded>e</x:encoded><wp:a><![CDATA[å]]]]><![CDATA[>]]> &amp; &#246;</wp:a></item>").unwrap();
        assert_eq!(node.value("wp:post_id"), Some("7"));
        assert_eq!(node.value("excerpt:encoded"), Some("e"));
        assert_eq!(node.value("wp:a"), Some("å]]> & ö"));
        assert_eq!(
            read("<item xmlns:wp='http://example.com/'><wp:post_id>1</wp:post_id></item>")
                .unwrap()
                .value("wp:post_id"),
            None
        );
    }

    #[test]
    fn faults_tell_the_line_and_never_the_text() {
        let fault = read("<item>\n<a>hemligt</b></item>").unwrap_err();
        assert_eq!(
            fault,
            Fault {
                line: 1,
                reason: "start- och sluttaggar passar inte ihop".to_owned()
            }
        );
        assert_eq!(
            read("<item><a>").unwrap_err().reason,
            "ett XML-element är inte avslutat"
        );
        assert!(read(&format!("<item>{}", "<a>".repeat(100))).is_err());
    }

    #[test]
    fn repeated_names_become_arrays() {
        let node = read("<item><c d='1'>a</c><c>b</c><e/></item>").unwrap();
        assert_eq!(
            node.to_json("e"),
            serde_json::json!({"c": [{"@d": "1", "#text": "a"}, "b"]})
        );
    }
}
