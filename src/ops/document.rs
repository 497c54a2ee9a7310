//! Documents that this program makes: printed by the same browser, through the same way to PDF/A as a capture.

use crate::model::time::Instant;
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::snapshot::BrowserSlot;
use crate::render::document::{self, Document};
use crate::render::pdfa::{self, Flavour, PdfaOptions};

/// The document as PDF/A-2a. There is no lesser form to fall back on: what cannot be made valid is an error, and the
/// JSON that the document is made from has been written before.
pub async fn pdf(
    slot: &mut BrowserSlot,
    document: &Document,
    created: Instant,
) -> Result<Vec<u8>, OpsError> {
    let context = || format!("failed to make the document \"{}\"", document.title);
    let html = document::html(document)
        .map_err(|error| OpsError::part(context(), ErrorKind::Problem, error))?;
    printed(slot, &document.title, &html, created).await
}

/// A page of this program's making as PDF/A-2a.
pub(crate) async fn printed(
    slot: &mut BrowserSlot,
    title: &str,
    html: &str,
    created: Instant,
) -> Result<Vec<u8>, OpsError> {
    let context = || format!("failed to make the document \"{title}\"");
    let printed = slot.get().await?.print_html(html).await?;
    let options = PdfaOptions {
        flavour: Flavour::A2a,
        title: title.to_owned(),
        language: "sv".to_owned(),
        source: None,
        created,
        producer: concat!("bevara ", env!("CARGO_PKG_VERSION")).to_owned(),
        files: Vec::new(),
        with_margins: true,
    };
    pdfa::convert(&printed, &options)
        .map(|converted| converted.bytes)
        .map_err(|error| OpsError::part(context(), ErrorKind::Problem, error))
}
