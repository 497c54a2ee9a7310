//! LinkedIn's export of a member in CSV: own posts, own comments and messages. A page's posts and what the public wrote are
//! not in it, times have no zone but in messages, and a member chooses which tables to ask for.

use std::collections::BTreeSet;

use crate::model::post::{
    Author, AuthorRole, Completeness, InReplyTo, PostKind, Recipient, RoleBasis, Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::{self, push_unique, same_address, web_address};
use crate::platform::meta;
use crate::platform::refusal;
use crate::platform::rows::{self, Row, Tables};
use crate::platform::{Importer, Items, Parsed, Source};

/// Reads LinkedIn's export.
#[derive(Debug)]
pub(crate) struct Linkedin;

impl Importer for Linkedin {
    fn name(&self) -> &'static str {
        "linkedin"
    }

    fn title(&self) -> &'static str {
        "LinkedIns export av en medlem (CSV)"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        rows::recognises(self, container)
    }

    fn parts(&self) -> bool {
        true
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        rows::read(&Self, source)
    }
}

const SHARES: &str = "shares";
const COMMENTS: &str = "comments";
const MESSAGES: &str = "messages";

impl Tables for Linkedin {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "linkedin"
    }

    fn table(&self, header: &[String], _first: &[String]) -> Option<&'static str> {
        let names: Vec<String> = header
            .iter()
            .map(|column| column.trim().to_lowercase())
            .collect();
        let has = |wanted: &[&str]| {
            wanted
                .iter()
                .all(|wanted| names.iter().any(|name| name == wanted))
        };
        if has(&["date", "sharelink", "sharecommentary"]) {
            Some(SHARES)
        } else if has(&["conversation id", "from", "date", "content"]) {
            Some(MESSAGES)
        } else if names == ["date", "link", "message"] {
            Some(COMMENTS)
        } else {
            None
        }
    }

    fn post(&self, row: &Row<'_, '_>) -> Result<Parsed, String> {
        match row.table {
            SHARES => share(row),
            COMMENTS => comment(row),
            _ => message(row),
        }
    }

    fn address(&self, row: &Row<'_, '_>) -> Option<String> {
        Some(meta::site(row.source.address, "linkedin.com"))
    }

    fn backslashes(&self, table: &str) -> bool {
        table != SHARES
    }

    fn completeness(&self, source: &Source<'_>, tables: &BTreeSet<&'static str>) -> Completeness {
        let whole = [SHARES, COMMENTS]
            .iter()
            .all(|table| tables.contains(table));
        if whole && !is_page(source.address) {
            Completeness::OwnOnly
        } else {
            Completeness::Partial
        }
    }

    fn notes(&self, source: &Source<'_>, tables: &BTreeSet<&'static str>) -> Vec<String> {
        let mut notes = vec![
            "LinkedIn anger inte hur många inlägg kontot har; om alla är med kan inte kontrolleras."
                .to_owned(),
        ];
        if is_page(source.address) {
            notes.push(
                "Exporten är en medlems egen, och kontot i registret är en sida. Sidans inlägg är inte med: de hämtas med LinkedIns DMA-gränssnitt för sidor."
                    .to_owned(),
            );
        }
        let files = [
            (SHARES, "inlägg (Shares.csv)"),
            (COMMENTS, "kommentarer (Comments.csv)"),
            (MESSAGES, "meddelanden (messages.csv)"),
        ];
        let absent: Vec<_> = files
            .iter()
            .filter(|(table, _)| !tables.contains(table))
            .map(|(_, file)| *file)
            .collect();
        if !absent.is_empty() {
            notes.push(format!("Exporten saknar {}.", absent.join(" och ")));
        }
        notes
    }
}

/// Whether the address is a page's: of an organisation, not of a person.
pub(crate) fn is_page(address: &str) -> bool {
    let url = url::Url::parse(address).ok();
    let first = url.as_ref().and_then(|url| url.path_segments()?.next());
    matches!(first, Some("company" | "showcase" | "school"))
}

/// The URN in an address: `urn:li:share:7341000000000000001` of `…/feed/update/urn%3Ali%3Ashare%3A7341000000000000001`.
pub(crate) fn urn_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let mut decoded = url.path_segments()?.filter_map(html::without_percent);
    decoded.find(|segment| segment.starts_with("urn:li:"))
}

/// Whoever asked for the export; of a page nothing says that it was one of its administrators' writing in its name.
fn author(row: &Row<'_, '_>) -> Author {
    let mut author = draft::unknown_author();
    if !is_page(row.source.address) {
        (author.role, author.role_basis) = (AuthorRole::Authority, RoleBasis::OwnExport);
    }
    author
}

fn share(row: &Row<'_, '_>) -> Result<Parsed, String> {
    let link = row
        .cell("ShareLink")
        .ok_or_else(|| refusal::row_lacks("länk", "ShareLink"))?;
    let urn = urn_of(link);
    let mut post = draft::blank(&row.origin, urn);
    post.author = author(row);
    post.permalink = web_address(link);
    draft::set_time(&mut post, row.cell("Date").unwrap_or_default());
    let written = row.cell("ShareCommentary").unwrap_or_default();
    match unquoted(written) {
        Some(mended) => {
            draft::set_text(&mut post, &mended);
            post.repairs.push("linkedin-quotes".to_owned());
        }
        None => draft::set_text(&mut post, written),
    }
    post.visibility = visibility(row.cell("Visibility").unwrap_or_default());
    match row.cell("SharedUrl").map(|url| (url, web_address(url))) {
        Some((_, Some(url))) => push_unique(&mut post.links, url),
        Some((_, None)) => post.warnings.push("link-unreadable".to_owned()),
        None => {}
    }
    if let Some(media) = row.cell("MediaUrl") {
        let kind = html::kind_of_address(media);
        draft::add_remote(&mut post, media, kind, None);
    }
    Ok(finish(post, row.original(), Vec::new()))
}

/// `PUBLIC` is everyone; members of the network and connections are a limited circle.
pub(crate) fn visibility(told: &str) -> Visibility {
    match told.trim() {
        "PUBLIC" => Visibility::Public,
        "MEMBER_NETWORK" | "CONNECTIONS" | "LOGGED_IN" | "CONTAINER" => Visibility::Limited,
        _ => Visibility::Unknown,
    }
}

/// The text that was meant, where every line but the first begins with a quotation mark and every line but the last ends
/// with one, as some exports write line ends. A line that is left with a mark without its other half says that the marks
/// are the author's, and nothing is changed.
fn unquoted(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let last = lines.len().checked_sub(1).filter(|last| *last > 0)?;
    let bare = lines.iter().enumerate().map(|(at, line)| {
        // An empty line has one mark for both.
        if *line == "\"" && at > 0 && at < last {
            return Some("");
        }
        let line = if at > 0 {
            line.strip_prefix('"')?
        } else {
            line
        };
        let line = if at < last {
            line.strip_suffix('"')?
        } else {
            line
        };
        line.matches('"').count().is_multiple_of(2).then_some(line)
    });
    let bare: Option<Vec<&str>> = bare.collect();
    // Marks inside a line were doubled twice.
    Some(bare?.join("\n").replace("\"\"", "\""))
}

fn comment(row: &Row<'_, '_>) -> Result<Parsed, String> {
    let link = row
        .cell("Link")
        .ok_or_else(|| refusal::row_lacks("länk", "Link"))?;
    let mut post = draft::blank(&row.origin, None);
    post.kind = PostKind::Comment;
    post.author = author(row);
    draft::set_time(&mut post, row.cell("Date").unwrap_or_default());
    draft::set_text(&mut post, row.cell("Message").unwrap_or_default());
    let urn = urn_of(link);
    post.thread_root = urn.as_deref().map(|urn| row.origin.key(urn));
    post.in_reply_to = Some(InReplyTo {
        key: post.thread_root.clone(),
        platform_id: urn,
        url: web_address(link),
        author_hint: None,
    });
    Ok(finish(post, row.original(), Vec::new()))
}

fn message(row: &Row<'_, '_>) -> Result<Parsed, String> {
    let conversation = row.cell("CONVERSATION ID");
    let conversation =
        conversation.ok_or_else(|| refusal::row_lacks("samtalets id", "CONVERSATION ID"))?;
    let mut post = draft::blank(&row.origin, None);
    post.kind = PostKind::Message;
    post.visibility = Visibility::Direct;
    if row.cell("IS MESSAGE DRAFT").is_some_and(is_yes) {
        post.visibility = Visibility::Draft;
    }
    draft::set_time(&mut post, row.cell("DATE").unwrap_or_default());
    post.thread_key = Some(row.origin.key(&format!("dm-{conversation}")));
    post.title = row.cell("SUBJECT").map(normalised);
    draft::set_text(&mut post, row.cell("CONTENT").unwrap_or_default());
    post.author = sender(row);
    post.recipients = recipients(row);
    for address in row
        .cell("ATTACHMENTS")
        .into_iter()
        .flat_map(str::split_whitespace)
    {
        if let Some(address) = web_address(address) {
            let kind = html::kind_of_address(&address);
            draft::add_remote(&mut post, &address, kind, None);
        }
    }
    Ok(finish(post, row.original(), Vec::new()))
}

fn is_yes(told: &str) -> bool {
    told.eq_ignore_ascii_case("yes") || told.eq_ignore_ascii_case("true")
}

/// Who sent a message: the account where the address of the profile is its own, another where it is not.
fn sender(row: &Row<'_, '_>) -> Author {
    let mut author = draft::unknown_author();
    author.name = row.cell("FROM").map(normalised).unwrap_or_default();
    author.url = row.cell("SENDER PROFILE URL").and_then(web_address);
    let registered = row.source.address;
    if let Some(url) = &author.url
        && !registered.is_empty()
        && !is_page(registered)
    {
        (author.role, author.role_basis) = if same_address(url, registered) {
            (AuthorRole::Authority, RoleBasis::OwnAccountId)
        } else {
            (AuthorRole::Public, RoleBasis::OtherId)
        };
    }
    author
}

/// Whom a message went to. Names may have commas in them, so they are told apart only where each has its address.
fn recipients(row: &Row<'_, '_>) -> Vec<Recipient> {
    let names = row.cell("TO").unwrap_or_default();
    let urls: Vec<&str> = row
        .cell("RECIPIENT PROFILE URLS")
        .into_iter()
        .flat_map(|urls| urls.split(','))
        .map(str::trim)
        .filter(|url| !url.is_empty())
        .collect();
    let apart: Vec<&str> = names.split(',').map(str::trim).collect();
    let one = |name: &str, url: Option<&str>| Recipient {
        name: (!name.is_empty()).then(|| normalised(name)),
        platform_id: url.map(str::to_owned),
    };
    match urls.as_slice() {
        [only] => vec![one(names, Some(only))],
        urls if urls.len() == apart.len() && !urls.is_empty() => apart
            .iter()
            .zip(urls)
            .map(|(name, url)| one(name, Some(url)))
            .collect(),
        urls => {
            let named = (!names.is_empty()).then(|| one(names, None));
            named
                .into_iter()
                .chain(urls.iter().map(|url| one("", Some(url))))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marks_around_every_line_end_are_taken_away() {
        for (written, meant) in [
            ("Rad ett\"\n\"Rad två", Some("Rad ett\nRad två")),
            (
                "Rad ett\"\n\"\"\n\"Rad \"tre\"",
                Some("Rad ett\n\nRad \"tre\""),
            ),
            (
                "Rad ett\"\n\"\n\"Rad \"\"tre\"\"",
                Some("Rad ett\n\nRad \"tre\""),
            ),
            ("Hon sa \"ja\"\n\"Nej\" sa han", None),
            ("\"Rad ett\"\n\"Rad två\"", None),
            ("Rad ett\n\"Rad två", None),
            ("\"en rad\"", None),
            ("", None),
        ] {
            assert_eq!(unquoted(written).as_deref(), meant, "{written}");
        }
    }

    #[test]
    fn urns_are_read_from_addresses_of_both_forms() {
        for address in [
            "https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A7341000000000000001",
            "https://www.linkedin.com/feed/update/urn:li:share:7341000000000000001/?a=b",
        ] {
            assert_eq!(
                urn_of(address).as_deref(),
                Some("urn:li:share:7341000000000000001")
            );
        }
        for address in [
            "",
            "https://www.linkedin.com/in/kim",
            "urn:li:share:1",
            "https://a/%ff",
        ] {
            assert_eq!(urn_of(address), None);
        }
        assert!(is_page("https://www.linkedin.com/company/exempelkoping/"));
        assert!(!is_page("https://www.linkedin.com/in/kommundirektoren"));
    }
}
