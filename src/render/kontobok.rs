//! The kontobok as a page: the posts of an account in Swedish, thread by thread, in HTML that loads nothing. It is made from
//! the JSON that was written before, and says nothing that does not stand there.

mod words;

use std::collections::BTreeMap;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::kontobok::{Entry, Kontobok, LeftOut, Shown, Source, Thread, Volume};
use crate::model::post::{AttachmentState, AuthorRole};
use crate::model::time::Instant;

/// Answers are indented so many times at most; deeper ones name whom they answer, as all do.
const DEEPEST: usize = 4;

/// Why a volume could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KontobokError {
    /// The template could not be filled.
    #[error("the kontobok could not be written from its template")]
    Template(#[from] askama::Error),
    /// A picture that the volume shows is missing.
    #[error("the picture {0} of the kontobok is missing")]
    Picture(String),
}

/// A volume as HTML, and what is to be found in whatever is made of it.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// The page.
    pub html: String,
    /// What is seen of each post.
    pub posts: Vec<String>,
    /// What is seen of the page before its posts.
    pub head: String,
}

/// What stands in a page of HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// Posts in it.
    pub posts: u32,
    /// Its text.
    pub text: String,
}

/// Pictures by name: JPEGs.
pub type Pictures = BTreeMap<String, Vec<u8>>;

#[derive(Template)]
#[template(path = "kontobok.html")]
struct Html<'a> {
    page: &'a View<'a>,
}

struct View<'a> {
    title: String,
    subtitle: String,
    test: bool,
    facts: Vec<(&'static str, String)>,
    remarks: Vec<String>,
    sources: Vec<SourceView>,
    threads: Vec<ThreadView<'a>>,
}

struct SourceView {
    time: String,
    format: String,
    extent: &'static str,
    digests: String,
}

struct ThreadView<'a> {
    heading: String,
    posts: Vec<PostView<'a>>,
    closes: usize,
}

struct PostView<'a> {
    /// Lists that begin before it.
    opens: usize,
    /// Lists that end before it.
    closes: usize,
    /// Whether the item before it ends.
    follows: bool,
    is_authority: bool,
    kind: &'static str,
    author: &'a str,
    handle: Option<&'a str>,
    role: &'static str,
    time: String,
    datetime: String,
    states: Vec<String>,
    title: Option<&'a str>,
    warning: Option<&'a str>,
    text: &'a str,
    lang: Option<&'a str>,
    pictures: Vec<PictureView>,
    files: Vec<String>,
    remarks: Vec<String>,
    earlier: Vec<EarlierView<'a>>,
}

struct PictureView {
    data: String,
    width: u32,
    height: u32,
    alt: String,
    caption: String,
}

struct EarlierView<'a> {
    heading: String,
    title: Option<&'a str>,
    text: &'a str,
}

/// A volume as a page.
pub fn page(book: &Kontobok, volume: &Volume, pictures: &Pictures) -> Result<Page, KontobokError> {
    let mut threads = Vec::new();
    for thread in &volume.threads {
        threads.push(thread_view(thread, pictures)?);
    }
    let first = volume.number <= 1;
    let view = View {
        title: title(book, volume.number),
        subtitle: format!("{} · {}", book.creator, book.name),
        test: book.test,
        facts: facts(book, volume, first),
        remarks: if first { remarks(book) } else { Vec::new() },
        sources: if first { sources(book) } else { Vec::new() },
        threads,
    };
    let html = Html { page: &view }.render()?;
    let posts = view
        .threads
        .iter()
        .flat_map(|thread| thread.posts.iter().map(PostView::seen))
        .collect();
    Ok(Page {
        posts,
        head: view.head(),
        title: view.title,
        html,
    })
}

/// Reads a page again: how many posts stand in it, and its text.
pub fn read_back(html: &str) -> ReadBack {
    let parsed = scraper::Html::parse_document(html);
    let elements = parsed
        .root_element()
        .descendants()
        .filter_map(scraper::ElementRef::wrap);
    let mut posts = 0;
    let mut text = String::new();
    for element in elements {
        match element.value().name() {
            "article" => posts += 1,
            "body" => text = element.text().collect::<Vec<_>>().join("\n"),
            _ => {}
        }
    }
    ReadBack { posts, text }
}

fn title(book: &Kontobok, number: u32) -> String {
    if book.volumes > 1 {
        format!("Kontobok {}, del {number} av {}", book.alias, book.volumes)
    } else {
        format!("Kontobok {}", book.alias)
    }
}

fn facts(book: &Kontobok, volume: &Volume, first: bool) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Konto", format!("{} ({})", book.name, book.alias)),
        ("Plattform", words::platform(&book.platform).to_owned()),
        ("Adress", book.url.clone()),
        ("Period", period(book)),
        ("Framställd", book.made_at.stockholm_text()),
    ];
    if book.volumes > 1 {
        let posts: usize = volume.threads.iter().map(|one| one.posts.len()).sum();
        facts.push((
            "Del",
            format!("{} av {} ({posts} inlägg)", volume.number, book.volumes),
        ));
    }
    if first {
        facts.push((
            "Omfattning",
            format!(
                "{} inlägg i {}, varav {} av kommunen; {}",
                book.posts,
                words::number(book.threads, "tråd", "trådar"),
                book.by_authority,
                words::number(book.pictures, "bild", "bilder")
            ),
        ));
        if let Some((oldest, newest)) = book.published {
            let dates = (oldest.stockholm_text(), newest.stockholm_text());
            facts.push(("Publicerat", format!("{} till {}", dates.0, dates.1)));
        }
        facts.push(("Utelämnat", left_out(book.left_out)));
        if let Some(note) = &book.note {
            facts.push(("Anteckning", note.clone()));
        }
    }
    facts
}

fn period(book: &Kontobok) -> String {
    match (book.from, book.to) {
        (None, None) => "hela kontot".to_owned(),
        (Some(from), None) => format!("från och med {from}"),
        (None, Some(to)) => format!("till och med {to}"),
        (Some(from), Some(to)) => format!("{from} till och med {to}"),
    }
}

fn left_out(counts: LeftOut) -> String {
    let parts: Vec<String> = [
        (counts.not_public, "som inte var offentliga"),
        (counts.unknown, "vars synlighet inte är känd"),
        (counts.secrecy, "med sekretess"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, why)| format!("{count} {why}"))
    .collect();
    if parts.is_empty() {
        "inget".to_owned()
    } else {
        format!("inlägg: {}", parts.join(", "))
    }
}

fn remarks(book: &Kontobok) -> Vec<String> {
    let mut remarks = vec![
        "Kontoboken är gjord av de inlägg som är inlästa i arkivet, så som de lyder i den senast inlästa versionen. \
         Gallrade inlägg ingår inte. Tider är svensk tid; hur tiden är känd står där det är osäkert."
            .to_owned(),
    ];
    if book.from.is_some() || book.to.is_some() {
        remarks.push("En tråd visas hel om något i den är publicerat under perioden.".to_owned());
    }
    if book.protected {
        remarks.push(
            "Kontoboken innehåller inlägg som inte alla har fått se. Den är skyddad och lämnas inte ut utan prövning."
                .to_owned(),
        );
    }
    remarks
}

fn sources(book: &Kontobok) -> Vec<SourceView> {
    let view = |source: &Source| SourceView {
        time: source.time.stockholm_text(),
        format: source.format.clone().unwrap_or_else(|| "okänt".to_owned()),
        extent: words::completeness(source.completeness),
        digests: source
            .containers
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    };
    book.sources.iter().map(view).collect()
}

fn thread_view<'a>(
    thread: &'a Thread,
    pictures: &Pictures,
) -> Result<ThreadView<'a>, KontobokError> {
    let mut posts: Vec<PostView<'a>> = Vec::new();
    let mut before: Option<usize> = None;
    for entry in &thread.posts {
        let wanted = usize::try_from(entry.depth).unwrap_or(DEEPEST).min(DEEPEST);
        // A volume may begin in the midst of a thread, and no list can begin but in an item.
        let depth = before.map_or(0, |before| wanted.min(before + 1));
        posts.push(post_view(entry, (before, depth), pictures)?);
        before = Some(depth);
    }
    Ok(ThreadView {
        heading: heading(thread),
        posts,
        closes: before.map_or(1, |depth| depth + 1),
    })
}

/// The day and the beginning of the thread's first post.
fn heading(thread: &Thread) -> String {
    let day = thread.began.map_or_else(
        || "Okänd dag".to_owned(),
        |time| time.stockholm_date().to_string(),
    );
    let what = thread
        .opening
        .clone()
        .unwrap_or_else(|| format!("{} utan text", words::kind(thread.kind)));
    let again = if thread.continued {
        " (fortsättning från föregående del)"
    } else {
        ""
    };
    format!("{day} – {what}{again}")
}

fn post_view<'a>(
    entry: &'a Entry,
    (before, depth): (Option<usize>, usize),
    pictures: &Pictures,
) -> Result<PostView<'a>, KontobokError> {
    let of = entry
        .attachments
        .iter()
        .filter(|one| one.picture.is_some())
        .count();
    let mut shown = Vec::new();
    let mut files = Vec::new();
    for attachment in &entry.attachments {
        match &attachment.picture {
            Some(picture) => {
                let bytes = pictures
                    .get(&picture.name)
                    .ok_or_else(|| KontobokError::Picture(picture.name.clone()))?;
                let (alt, caption) = told(attachment, shown.len() + 1, of);
                shown.push(PictureView {
                    data: STANDARD.encode(bytes),
                    width: picture.width,
                    height: picture.height,
                    alt,
                    caption,
                });
            }
            None => files.push(file(attachment)),
        }
    }
    Ok(PostView {
        opens: before.map_or(0, |before| depth.saturating_sub(before)),
        closes: before.map_or(0, |before| before.saturating_sub(depth)),
        follows: before.is_some_and(|before| depth <= before),
        is_authority: entry.role == AuthorRole::Authority,
        kind: words::kind(entry.kind),
        author: &entry.author,
        handle: entry
            .handle
            .as_deref()
            .filter(|handle| *handle != entry.author),
        role: words::role(entry.role),
        time: words::time(&entry.posted_at),
        datetime: entry
            .posted_at
            .utc
            .map_or_else(String::new, |time| time.to_string()),
        states: words::states(entry),
        title: entry.title.as_deref(),
        warning: entry.content_warning.as_deref(),
        text: &entry.text,
        lang: entry.lang.as_deref().filter(|tag| is_tag(tag)),
        pictures: shown,
        files,
        remarks: words::remarks(entry),
        earlier: entry.earlier.iter().map(earlier).collect(),
    })
}

/// Text for who does not see the picture, and the line under it.
fn told(attachment: &Shown, number: usize, of: usize) -> (String, String) {
    let which = if of > 1 {
        format!("Bild {number} av {of}")
    } else {
        "Bild".to_owned()
    };
    let name = attachment
        .name
        .as_ref()
        .map_or_else(String::new, |name| format!(" {name}"));
    let alt = attachment
        .alt
        .as_deref()
        .map(str::trim)
        .filter(|alt| !alt.is_empty());
    match alt {
        Some(alt) => (alt.to_owned(), format!("{which}{name}: {alt}")),
        None => (
            format!("{which}{name}, utan beskrivning"),
            format!("{which}{name}, utan beskrivning av författaren"),
        ),
    }
}

/// An attachment that is no picture, or none that can be shown.
fn file(attachment: &Shown) -> String {
    let mut parts = vec![words::attachment(&attachment.kind).to_owned()];
    parts.extend(attachment.name.clone());
    parts.extend(
        attachment
            .alt
            .as_ref()
            .map(|alt| format!("beskrivning: {alt}")),
    );
    match (attachment.state, &attachment.sha256) {
        (AttachmentState::Present, Some(sha256)) => {
            parts.extend(attachment.bytes.map(|bytes| format!("{bytes} byte")));
            parts.push(format!("finns i arkivet, SHA-256 {sha256}"));
        }
        (AttachmentState::Present, None) => parts.push("finns i arkivet".to_owned()),
        (AttachmentState::MissingInExport, _) => parts.push("saknas i exporten".to_owned()),
        (AttachmentState::RemoteOnly, _) => parts.push("finns bara på plattformen".to_owned()),
        (AttachmentState::FetchFailed, _) => parts.push("gick inte att hämta".to_owned()),
    }
    parts.join(", ")
}

fn earlier(version: &crate::model::kontobok::Earlier) -> EarlierView<'_> {
    let told = |time: Option<Instant>, what: &str| {
        time.map_or_else(String::new, |time| {
            format!(", {what} {}", time.stockholm_text())
        })
    };
    EarlierView {
        heading: format!(
            "Tidigare lydelse{}{}",
            told(version.at, "publicerad"),
            told(version.observed, "inläst")
        ),
        title: version.title.as_deref(),
        text: match version.text.as_deref() {
            None => "Lydelsen är inte bevarad; källan säger bara att den har funnits.",
            Some("") => "Utan text.",
            Some(text) => text,
        },
    }
}

/// Whether a language tag is one that HTML and PDF take: letters, digits and hyphens.
fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    parts.next().is_some_and(|first| {
        (2..=3).contains(&first.len()) && first.bytes().all(|one| one.is_ascii_alphabetic())
    }) && parts.all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|one| one.is_ascii_alphanumeric())
    })
}

impl PostView<'_> {
    /// What is seen of the post, line by line.
    fn seen(&self) -> String {
        let mut lines = vec![
            format!("{} av {} ({})", self.kind, self.author, self.role),
            self.time.clone(),
        ];
        lines.extend(self.handle.map(|handle| format!("användarnamn {handle}")));
        lines.extend(self.states.iter().cloned());
        lines.extend(self.title.map(str::to_owned));
        lines.extend(
            self.warning
                .map(|warning| format!("Innehållsvarning: {warning}")),
        );
        lines.push(self.text.to_owned());
        lines.extend(self.pictures.iter().map(|picture| picture.caption.clone()));
        lines.extend(self.files.iter().cloned());
        lines.extend(self.remarks.iter().cloned());
        for version in &self.earlier {
            lines.push(version.heading.clone());
            lines.extend(version.title.map(str::to_owned));
            lines.push(version.text.to_owned());
        }
        lines.join("\n")
    }
}

impl View<'_> {
    /// What is seen of the page beside its posts.
    fn head(&self) -> String {
        let mut lines = vec![self.title.clone(), self.subtitle.clone()];
        for (name, value) in &self.facts {
            lines.push(format!("{name} {value}"));
        }
        lines.extend(self.remarks.iter().cloned());
        for source in &self.sources {
            lines.push(format!(
                "{} {} {} {}",
                source.time, source.format, source.extent, source.digests
            ));
        }
        lines.extend(self.threads.iter().map(|thread| thread.heading.clone()));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests;
