//! HTML of posts as the plain text that people would read, and the addresses in it. The HTML is hostile: it is parsed as
//! browsers parse it and never shown.

use std::collections::BTreeMap;

use scraper::{Html, Node};

/// What line ends in the source mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnds {
    /// White space, as in HTML.
    Space,
    /// Line ends, as in WordPress, which makes paragraphs of them when a page is shown.
    Kept,
}

/// Text and addresses of a piece of HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plain {
    /// The text.
    pub(crate) text: String,
    /// Addresses of links that are no mentions and no hashtags.
    pub(crate) links: Vec<String>,
    /// Pictures and other files shown in the text: address and alternative text.
    pub(crate) media: Vec<(String, Option<String>)>,
}

/// Deepest nesting that is parsed as HTML; browsers stop at 512, and the time the parser takes grows with the square.
const DEEPEST: usize = 512;

/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "aside",
    "header",
    "footer",
    "figure",
    "figcaption",
    "blockquote",
    "pre",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "dl",
    "dt",
    "dd",
    "details",
    "summary",
];
/// Elements after which a line is left empty.
const PARAGRAPHS: &[&str] = &[
    "p",
    "blockquote",
    "pre",
    "ul",
    "ol",
    "table",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
];
/// Elements whose content nobody reads.
const UNREAD: &[&str] = &["script", "style", "template", "noscript", "head", "title"];

/// Reads `html`.
pub(crate) fn plain(html: &str, line_ends: LineEnds) -> Plain {
    if !html.contains(['<', '&']) {
        let mut out = Lines::default();
        out.words(html, line_ends);
        return Plain {
            text: out.finish(),
            ..Plain::default()
        };
    }
    if depth_at_most(html) > DEEPEST {
        let mut out = Lines::default();
        out.words(&without_tags(html), line_ends);
        return Plain {
            text: out.finish(),
            ..Plain::default()
        };
    }
    let tree = Html::parse_fragment(html);
    let mut out = Lines::default();
    let mut plain = Plain::default();
    let (mut unread, mut preformatted) = (0_usize, 0_usize);
    for edge in tree.tree.root().traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) => match node.value() {
                Node::Text(text) if unread == 0 => {
                    out.words(
                        text,
                        if preformatted > 0 {
                            LineEnds::Kept
                        } else {
                            line_ends
                        },
                    );
                }
                Node::Element(element) => {
                    let name = element.name();
                    if UNREAD.contains(&name) {
                        unread += 1;
                    }
                    preformatted += usize::from(name == "pre");
                    open(element, &mut out, &mut plain);
                }
                Node::Text(_)
                | Node::Document
                | Node::Fragment
                | Node::Doctype(_)
                | Node::Comment(_)
                | Node::ProcessingInstruction(_) => {}
            },
            ego_tree::iter::Edge::Close(node) => {
                if let Some(element) = node.value().as_element() {
                    let name = element.name();
                    preformatted -= usize::from(name == "pre");
                    if UNREAD.contains(&name) {
                        unread -= 1;
                    } else if PARAGRAPHS.contains(&name) {
                        out.end_paragraph();
                    } else if BLOCKS.contains(&name) {
                        out.end_line();
                    } else if matches!(name, "td" | "th") {
                        out.words(" ", LineEnds::Space);
                    }
                }
            }
        }
    }
    plain.text = out.finish();
    plain
}

fn open(element: &scraper::node::Element, out: &mut Lines, plain: &mut Plain) {
    let name = element.name();
    if BLOCKS.contains(&name) {
        out.end_line();
    }
    match name {
        "br" => out.break_line(),
        "li" => out.words("- ", LineEnds::Space),
        "a" => {
            let classes = element.attr("class").unwrap_or_default();
            let marks = classes
                .split_whitespace()
                .any(|class| matches!(class, "mention" | "hashtag"));
            if let Some(address) = element
                .attr("href")
                .filter(|_| !marks)
                .and_then(web_address)
            {
                push_unique(&mut plain.links, address);
            }
        }
        "img" | "video" | "audio" | "source" => {
            if let Some(address) = element.attr("src").and_then(web_address) {
                let alt = element
                    .attr("alt")
                    .map(crate::model::text::normalised)
                    .filter(|alt| !alt.is_empty());
                if !plain.media.iter().any(|(known, _)| *known == address) {
                    plain.media.push((address, alt));
                }
            }
        }
        _ => {}
    }
}

/// Elements that never hold others, or that the next of their kind closes.
const SHALLOW: &[&str] = &[
    "br", "img", "hr", "input", "wbr", "source", "meta", "link", "p", "li", "option",
];

/// An upper bound of how deep elements lie in each other: tags that open, less the tags of the same name that close.
pub(crate) fn depth_at_most(html: &str) -> usize {
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    let (mut depth, mut deepest) = (0_usize, 0);
    for piece in html.split('<').skip(1) {
        let (closes, rest) = match piece.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, piece),
        };
        let name: String = rest
            .chars()
            .take(16)
            .take_while(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if name.is_empty() || SHALLOW.contains(&name.as_str()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !closes {
            *count += 1;
            depth += 1;
            deepest = deepest.max(depth);
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
        }
    }
    deepest
}

/// The text between tags, for HTML that nests too deep to be parsed. Entities stay as they stand.
fn without_tags(html: &str) -> String {
    let mut out = String::new();
    for (piece, index) in html.split('<').zip(0..) {
        let text = if index == 0 {
            piece
        } else {
            piece.split_once('>').map_or("", |(_, text)| text)
        };
        out.push_str(text);
        out.push(' ');
    }
    out
}

/// An absolute address on the web, as it stands.
pub(crate) fn web_address(text: &str) -> Option<String> {
    let text = text.trim();
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let web = lower.starts_with("https://") || lower.starts_with("http://");
    (web && !text.chars().any(|c| c.is_control() || c.is_whitespace())).then(|| text.to_owned())
}

/// Part of an address with percent-encoding taken away; `None` where the bytes are no UTF-8.
pub(crate) fn without_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

/// Whether two addresses lead to one place: the scheme, the host's case, `www.` and a slash at the end do not count.
pub(crate) fn same_address(one: &str, other: &str) -> bool {
    match (bare_address(one), bare_address(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// The host of an address, without `www.`.
pub(crate) fn host_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address.trim()).ok()?;
    Some(url.host_str()?.trim_start_matches("www.").to_owned())
}

/// Whether a page lies below an address: on the same host, and in its folder.
pub(crate) fn is_below(page: &str, address: &str) -> bool {
    match (bare_address(page), bare_address(address)) {
        (Some(page), Some(address)) => page
            .strip_prefix(&address)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?'])),
        _ => false,
    }
}

fn bare_address(address: &str) -> Option<String> {
    let url = url::Url::parse(address.trim()).ok()?;
    let host = url.host_str()?.trim_start_matches("www.").to_owned();
    let query = url
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    Some(format!("{host}{}{query}", url.path().trim_end_matches('/')))
}

/// `image`, `video`, `audio` or `file`, by the end of an address.
pub(crate) fn kind_of_address(address: &str) -> &'static str {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let extension = path.rsplit('.').next().unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "svg" | "heic" => "image",
        "mp4" | "mov" | "webm" | "m4v" | "avi" | "mpg" | "mpeg" | "ogv" => "video",
        "mp3" | "ogg" | "oga" | "wav" | "m4a" | "flac" => "audio",
        _ => "file",
    }
}

/// Adds what is not there yet.
pub(crate) fn push_unique(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

/// Text as it grows: white space is folded, at most one line is left empty.
#[derive(Debug, Default)]
struct Lines {
    text: String,
    space: bool,
    breaks: usize,
}

impl Lines {
    fn words(&mut self, text: &str, line_ends: LineEnds) {
        for character in text.chars() {
            if character == '\n' && line_ends == LineEnds::Kept {
                self.break_line();
            } else if matches!(character, ' ' | '\n' | '\t' | '\r' | '\u{c}') {
                self.space = true;
            } else {
                self.separate();
                self.text.push(character);
            }
        }
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            if self.breaks > 0 {
                self.text
                    .push_str(if self.breaks > 1 { "\n\n" } else { "\n" });
            } else if self.space {
                self.text.push(' ');
            }
        }
        self.space = false;
        self.breaks = 0;
    }

    fn break_line(&mut self) {
        self.breaks += 1;
    }

    fn end_line(&mut self) {
        self.breaks = self.breaks.max(1);
    }

    fn end_paragraph(&mut self) {
        self.breaks = self.breaks.max(2);
    }

    fn finish(self) -> String {
        crate::model::text::normalised(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        plain(html, LineEnds::Space).text
    }

    #[test]
    fn mastodon_links_are_whole_although_their_parts_are_hidden() {
        let html = r#"<p>Läs mer: <a href="https://exempelkommun.se/nyheter/badhuset"><span class="invisible">https://</span><span class="ellipsis">exempelkommun.se/nyheter/bad</span><span class="invisible">huset</span></a></p><p>Hej <span class="h-card"><a href="https://m.example/@kim" class="u-url mention">@<span>kim</span></a></span><br>Rad två</p>"#;
        let read = plain(html, LineEnds::Space);
        assert_eq!(
            read.text,
            "Läs mer: https://exempelkommun.se/nyheter/badhuset\n\nHej @kim\nRad två"
        );
        assert_eq!(read.links, ["https://exempelkommun.se/nyheter/badhuset"]);
    }

    #[test]
    fn scripts_and_comments_are_not_read_and_entities_are() {
        assert_eq!(
            text(
                "<!-- wp:paragraph --><p>Å&auml;&ouml; &#128512; &amp;amp;</p><script>alert(1)</script>"
            ),
            "Åäö 😀 &amp;"
        );
        assert_eq!(text("a\n\n b"), "a b");
        assert_eq!(plain("a\n\n\n\nb\nc", LineEnds::Kept).text, "a\n\nb\nc");
        assert_eq!(
            text("<ul><li>ett</li><li>två</li></ul>slut"),
            "- ett\n- två\n\nslut"
        );
    }

    #[test]
    fn deep_nesting_ends() {
        let html = "<div>".repeat(20_000) + "djupt";
        assert_eq!(text(&html), "djupt");
    }
}
