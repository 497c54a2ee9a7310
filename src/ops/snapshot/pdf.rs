//! `page.pdf` of a capture: the print as PDF/A, or the pictures as PDF/A where printing failed or part 1 is
//! asked for, or the print as it is.

use std::path::Path;

use crate::capture::PageCapture;
use crate::catalogue::AccountRow;
use crate::model::causes::with_causes;
use crate::model::flavour::Flavour;
use crate::model::time::Instant;
use crate::model::verdict::FileRole;
use crate::ops::error::OpsError;
use crate::render::pdf_text;
use crate::render::pdfa::{self, Attachment, PdfaOptions, Relationship};
use crate::render::pictures;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PdfKind {
    /// The browser's print as PDF/A.
    Valid,
    /// The browser's print, which could not be made PDF/A.
    Invalid,
    /// The pictures as PDF/A, because printing failed or because part 1 forbids what prints have.
    Pictures,
}

/// Makes `page.pdf` in `raw` and says what it is; `None` where there is nothing to make it from.
pub(super) fn make_pdf(
    page: &mut PageCapture,
    raw: &Path,
    account: &AccountRow,
    (flavour, created): (Flavour, Instant),
) -> Result<Option<PdfKind>, OpsError> {
    let options = PdfaOptions {
        flavour,
        title: title(page, account),
        language: page.language_tag(),
        source: Some(page.final_url.clone()),
        created,
        producer: concat!("bevara ", env!("CARGO_PKG_VERSION")).to_owned(),
        files: carried(page, raw, flavour)?,
        with_margins: false,
    };
    let printed = page.raw_pdf.take();
    let pictured = if flavour.part() == 1 || printed.is_none() {
        from_pictures(page, raw, account, &options)?
    } else {
        None
    };
    let (mut bytes, mut kind) = match (pictured, printed) {
        (Some(bytes), _) => (bytes, PdfKind::Pictures),
        (None, None) => return Ok(None),
        (None, Some(printed)) if flavour.part() == 1 => (printed, PdfKind::Invalid),
        (None, Some(printed)) => match pdfa::convert(&printed, &options) {
            Ok(converted) => (converted.bytes, PdfKind::Valid),
            Err(error) => {
                tracing::warn!(account.id = %account.account.id, error = with_causes(&error), "the print could not be made PDF/A");
                (printed, PdfKind::Invalid)
            }
        },
    };
    let text = (kind != PdfKind::Pictures).then(|| pdf_text::read(&bytes));
    if text.as_ref().is_some_and(|text| may_show_login(page, text)) {
        tracing::warn!(account.id = %account.account.id, "the print shows values of the login, or nobody can tell, and is not kept");
        page.facts.printed = false;
        let Some(pictured) = from_pictures(page, raw, account, &options)? else {
            return Ok(None);
        };
        (bytes, kind) = (pictured, PdfKind::Pictures);
    } else {
        match text {
            None => {}
            Some(Ok(text)) => page.compare_with_print(&text),
            Some(Err(error)) => {
                tracing::warn!(account.id = %account.account.id, error = with_causes(&error), "the text of the PDF could not be read");
                page.facts.print_unread = true;
            }
        }
    }
    let name = if kind == PdfKind::Invalid {
        "page-not-pdfa.pdf"
    } else {
        "page.pdf"
    };
    write_raw(&raw.join(name), &bytes)?;
    page.files.push(crate::capture::CapturedFile {
        role: FileRole::PagePdf,
        name: name.to_owned(),
    });
    Ok(Some(kind))
}

/// Whether values of a login may stand in a print: a style sheet may write anything on paper.
fn may_show_login<E>(page: &PageCapture, text: &Result<String, E>) -> bool {
    match text {
        Ok(text) => page.shows_login(text),
        Err(_unread) => page.is_seen_logged_in(),
    }
}

/// The pictures of the page with its text under them; `None` where there are none or they could not be made PDF/A.
fn from_pictures(
    page: &PageCapture,
    raw: &Path,
    account: &AccountRow,
    options: &PdfaOptions,
) -> Result<Option<Vec<u8>>, OpsError> {
    let segments: Vec<_> = page
        .files
        .iter()
        .filter(|file| file.role == FileRole::PagePng)
        .collect();
    if segments.is_empty() {
        return Ok(None);
    }
    let text = page_text(page, raw)?;
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    // Where on the page a line stands is not known; its order is.
    let share = lines.len().div_ceil(segments.len()).max(1);
    let mut parts = lines.chunks(share);
    let mut slices = Vec::new();
    for segment in segments {
        let path = raw.join(&segment.name);
        let bytes = std::fs::read(&path).map_err(|source| OpsError::File { path, source })?;
        let part = parts.next().unwrap_or_default();
        slices.push(pictures::Picture {
            bytes,
            caption: segment.name.clone(),
            text: part.iter().map(|line| (*line).to_owned()).collect(),
        });
    }
    match pictures::picture_pdf(&slices, options) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => {
            tracing::warn!(account.id = %account.account.id, error = with_causes(&error), "the pictures could not be made a PDF");
            Ok(None)
        }
    }
}

/// The text of the page as it was read; empty where none was.
fn page_text(page: &PageCapture, raw: &Path) -> Result<String, OpsError> {
    let Some(file) = page
        .files
        .iter()
        .find(|file| file.role == FileRole::PageText)
    else {
        return Ok(String::new());
    };
    let path = raw.join(&file.name);
    std::fs::read_to_string(&path).map_err(|source| OpsError::File { path, source })
}

/// The document's title; an account's name where it has none.
fn title(page: &PageCapture, account: &AccountRow) -> String {
    let title: String = page.title.chars().filter(|one| !one.is_control()).collect();
    if title.trim().is_empty() {
        account.account.alias.to_string()
    } else {
        title.trim().to_owned()
    }
}

/// What a flavour that carries files carries: the page as text and as data, in the same file as its look.
fn carried(page: &PageCapture, raw: &Path, flavour: Flavour) -> Result<Vec<Attachment>, OpsError> {
    let mut files = Vec::new();
    if !flavour.carries_files() {
        return Ok(files);
    }
    for (role, media_type, description, relationship) in [
        (
            FileRole::PageText,
            "text/plain",
            "Sidans text",
            Relationship::Alternative,
        ),
        (
            FileRole::Inventory,
            "application/json",
            "Inläggen på sidan",
            Relationship::Data,
        ),
    ] {
        for file in page.files.iter().filter(|file| file.role == role) {
            let path = raw.join(&file.name);
            let bytes = std::fs::read(&path).map_err(|source| OpsError::File { path, source })?;
            files.push(Attachment {
                name: file.name.clone(),
                media_type,
                description: description.to_owned(),
                relationship,
                bytes,
            });
        }
    }
    Ok(files)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a staging file that is sealed later"
)]
fn write_raw(path: &Path, bytes: &[u8]) -> Result<(), OpsError> {
    std::fs::write(path, bytes).map_err(|source| OpsError::File {
        path: path.to_owned(),
        source,
    })
}
