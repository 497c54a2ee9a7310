//! `capture --from-file`: pictures and PDFs that a person made, where no browser reaches (a phone's app, a closed group).
//! They become PDF/A with who took them in, when, and from which files. What cannot honestly become PDF/A is kept as it
//! is and called that.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::app::App;
use crate::catalogue::AccountRow;
use crate::model::cadence::Occasion;
use crate::model::digest::Sha256Hex;
use crate::model::entry::Actor;
use crate::model::finding::Finding;
use crate::model::id::{Alias, CaptureId, PersonId, UnitNo};
use crate::model::person::Role;
use crate::model::record::{AccessClass, CaptureJson, CaptureKind, STORE_VERSION};
use crate::model::time::Instant;
use crate::model::verdict::{Counts, FileRole, Reason, Verdict};
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::person;
use crate::ops::program;
use crate::ops::snapshot::{self, Captured, PICTURES, REQUESTS, Work};
use crate::render::apart::{self, ApartError};
use crate::render::pdfa::{Flavour, PdfaOptions};
use crate::render::pictures::{self, Picture};
use crate::store::stage::Stage;

/// A file may have this many bytes.
const LARGEST: u64 = 256 * 1024 * 1024;
/// So many files are taken in at once.
const MOST_FILES: usize = 500;

/// What to take in.
#[derive(Clone, Debug)]
pub struct FileOrder {
    /// The account by alias.
    pub account: Alias,
    /// Pictures and PDFs, in the order of their pages.
    pub files: Vec<PathBuf>,
    /// Why.
    pub occasion: Occasion,
    /// A note for the record; kept in a unit.
    pub note: Option<String>,
    /// Who made the files, where it was not the person who takes them in; kept in a unit.
    pub taken_by: Option<String>,
    /// The person vouches that the files show all that the account shows.
    pub whole: bool,
    /// They show what not everybody may see.
    pub protected: bool,
    /// Part and level of PDF/A; without it the configuration's.
    pub flavour: Option<Flavour>,
}

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Media {
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/heic")]
    Heic,
    #[serde(rename = "application/pdf")]
    Pdf,
}

/// A file that was handed in.
#[derive(Debug)]
struct Given {
    path: PathBuf,
    bytes: Vec<u8>,
    source: Source,
}

/// A file in `manual.json`.
#[derive(Clone, Debug, Serialize)]
struct Source {
    /// Its name, without the directory.
    name: String,
    sha256: Sha256Hex,
    bytes: u64,
    media_type: Media,
    /// When the picture was taken, as the camera's clock wrote it into the file (Exif `DateTimeOriginal`); not proven.
    taken: Option<String>,
    /// The file of the capture that shows it.
    kept_as: String,
    /// Whether that is PDF/A.
    is_pdfa: bool,
    /// Why not, where it is not.
    reason: Option<String>,
}

/// `manual.json`: who took in what, and when.
#[derive(Debug, Serialize)]
struct Manual<'a> {
    v: &'static str,
    /// The person who took them in.
    taken_in_by: &'a PersonId,
    taken_in_at: Instant,
    /// Who made them, as told.
    taken_by: Option<&'a str>,
    /// That person vouches that the files show all that the account shows.
    whole: bool,
    note: Option<&'a str>,
    files: Vec<&'a Source>,
}

/// What to do with HEIC that is not read.
const READABLE: &str = "convert it to PNG first (`heif-convert bild.heic bild.png`, or open it on the phone and take a picture of the \
     screen), or let the phone save as JPEG (iPhone: Inställningar > Kamera > Format > Mest kompatibelt)";

/// A file that was kept as it is.
const KEPT_AS_IT_IS: &str = "F101";

/// Takes the files in. They meet an obligation only where a person vouches for them (`whole`) and all became PDF/A; of
/// each that did not there is a finding.
pub async fn take_in(
    app: &mut App,
    order: &FileOrder,
) -> Result<(Captured, Vec<Finding>), OpsError> {
    let person = person::acting(app, Role::may_write, "ta in bilder").await?;
    let account = snapshot::chosen(app, std::slice::from_ref(&order.account))
        .await?
        .remove(0);
    let mut given = read_all(&order.files)?;
    let started = app.now();
    let stage = app
        .store
        .stage(&format!("capture-{}", account.account.alias))?;
    let mut reasons = Vec::new();
    let mut roles = Vec::new();
    // Nothing is carried in these: level F would claim that something is.
    let wanted = order.flavour.unwrap_or(app.config.capture.pdfa);
    let flavour = if wanted == Flavour::A4f {
        Flavour::A4
    } else {
        wanted
    };
    let mut page = Pages {
        stage: &stage,
        program: program::path()?,
        account: &account,
        order,
        person: &person,
        created: started,
        flavour,
        roles: &mut roles,
        reasons: &mut reasons,
    };
    page.pictures(&mut given)?;
    page.pdfs(&mut given)?;
    if !order.whole {
        reasons.push(Reason::NotVouched);
    }
    reasons.sort_unstable();
    reasons.dedup();
    stage.write_json(
        REQUESTS,
        "manual.json",
        &Manual {
            v: "1",
            taken_in_by: &person,
            taken_in_at: started,
            taken_by: order.taken_by.as_deref(),
            whole: order.whole,
            note: order.note.as_deref(),
            files: given.iter().map(|file| &file.source).collect(),
        },
    )?;
    let work = Work {
        id: CaptureId::new(started),
        started,
        kind: CaptureKind::Manual,
        verdict: if reasons.is_empty() {
            Verdict::Complete
        } else {
            Verdict::Partial
        },
        reasons,
        counts: Counts::default(),
        version: String::new(),
        flavour,
        basis: None,
    };
    let sealed = stage.seal("capture", &describe(&account, &work, order, app.now()))?;
    let findings = given.iter().filter_map(|file| finding(&file.source));
    let findings = findings.collect();
    let captured = snapshot::commit_kept(
        app,
        &account,
        order.occasion,
        (work, roles, sealed),
        &Actor::Person(person),
    )
    .await?;
    Ok((captured, findings))
}

fn finding(source: &Source) -> Option<Finding> {
    let reason = source.reason.as_ref()?;
    let message = format!(
        "Filen är bevarad som {}, oförändrad, för den kunde inte göras om till PDF/A: {reason}",
        source.kept_as
    );
    Some(Finding::warning(
        KEPT_AS_IT_IS,
        source.name.as_str(),
        message,
    ))
}

fn describe(
    account: &AccountRow,
    work: &Work,
    order: &FileOrder,
    finished: Instant,
) -> CaptureJson {
    let access = if order.protected {
        AccessClass::Protected
    } else {
        AccessClass::Open
    };
    CaptureJson {
        v: STORE_VERSION.to_owned(),
        id: work.id.clone(),
        account: account.account.id.clone(),
        kind: CaptureKind::Manual,
        snapshot_id: work.id.to_string(),
        started: work.started,
        finished,
        verdict: work.verdict,
        reasons: work.reasons.clone(),
        counts: None,
        tools: BTreeMap::from([("bevara".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        access: BTreeMap::from([(PICTURES, access), (REQUESTS, access)]),
    }
}

fn read_all(files: &[PathBuf]) -> Result<Vec<Given>, OpsError> {
    if files.is_empty() || files.len() > MOST_FILES {
        return Err(OpsError::usage(
            format!(
                "{} files are named, 1 to {MOST_FILES} are taken in at once",
                files.len()
            ),
            "name the files first and the account last: capture --from-file bild.png KONTO",
        ));
    }
    (1..)
        .zip(files)
        .map(|(number, path)| read_one(number, path))
        .collect()
}

fn read_one(number: usize, path: &Path) -> Result<Given, OpsError> {
    let failed = |source| OpsError::File {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(OpsError::Problem(format!("{} is no file", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(OpsError::Problem(format!(
            "{} is larger than {LARGEST} bytes",
            path.display()
        )));
    }
    let media_type = media(path, &bytes)?;
    let (kept_as, taken) = match media_type {
        Media::Pdf => (format!("page-{number:04}.pdf"), None),
        Media::Png | Media::Jpeg | Media::Heic => ("page.pdf".to_owned(), taken(&bytes)),
    };
    let name = path.file_name().unwrap_or_default();
    let source = Source {
        name: name.to_string_lossy().into_owned(),
        sha256: Sha256Hex::of(&bytes),
        bytes: bytes.len() as u64,
        media_type,
        taken,
        kept_as,
        is_pdfa: true,
        reason: None,
    };
    Ok(Given {
        path: path.to_owned(),
        bytes,
        source,
    })
}

/// What the file is, by its first bytes; its name proves nothing.
fn media(path: &Path, bytes: &[u8]) -> Result<Media, OpsError> {
    let head = bytes.get(..1024.min(bytes.len())).unwrap_or_default();
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Media::Png);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(Media::Jpeg);
    }
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Ok(Media::Pdf);
    }
    if pictures::is_heif(bytes) {
        return Ok(Media::Heic);
    }
    Err(OpsError::Problem(format!(
        "{} is neither PNG, JPEG, HEIC nor PDF",
        path.display()
    )))
}

/// When the camera's clock says the picture was taken. A file without readable Exif does not say.
fn taken(bytes: &[u8]) -> Option<String> {
    let Ok(exif) = exif::Reader::new().read_from_container(&mut Cursor::new(bytes)) else {
        return None;
    };
    let field = exif.get_field(exif::Tag::DateTimeOriginal, exif::In::PRIMARY)?;
    let exif::Value::Ascii(parts) = &field.value else {
        return None;
    };
    let Ok(time) = exif::DateTime::from_ascii(parts.first()?) else {
        return None;
    };
    Some(time.to_string())
}

/// Where the pages of the capture are made.
#[derive(Debug)]
struct Pages<'a> {
    stage: &'a Stage,
    program: PathBuf,
    account: &'a AccountRow,
    order: &'a FileOrder,
    person: &'a PersonId,
    created: Instant,
    flavour: Flavour,
    roles: &'a mut Vec<(UnitNo, String, FileRole)>,
    reasons: &'a mut Vec<Reason>,
}

impl Pages<'_> {
    /// All pictures as one PDF/A, one a page.
    fn pictures(&mut self, given: &mut [Given]) -> Result<(), OpsError> {
        let mut pages = Vec::new();
        let of = given
            .iter()
            .filter(|file| file.source.media_type != Media::Pdf)
            .count();
        for file in given
            .iter_mut()
            .filter(|file| file.source.media_type != Media::Pdf)
        {
            let mut bytes = std::mem::take(&mut file.bytes);
            if file.source.media_type == Media::Heic {
                bytes = self.unpacked(&file.path, &bytes)?;
            }
            let seen = pictures::look(&bytes).map_err(|error| OpsError::Part {
                context: format!("{} cannot be read as a picture", file.path.display()),
                kind: ErrorKind::Problem,
                source: Box::new(error),
            })?;
            if seen.is_blank {
                self.reasons.push(Reason::Blank);
            }
            pages.push(Picture {
                bytes,
                caption: self.caption(&file.source, pages.len() + 1, of),
                text: Vec::new(),
            });
        }
        if pages.is_empty() {
            return Ok(());
        }
        let options = self.options(None);
        let bytes = pictures::picture_pdf(&pages, &options).map_err(|error| OpsError::Part {
            context: "the pictures could not be made PDF/A".to_owned(),
            kind: ErrorKind::Problem,
            source: Box::new(error),
        })?;
        self.keep("page.pdf", &bytes)
    }

    /// HEIC as PNG: PDF holds nothing that is coded with HEVC.
    fn unpacked(&self, path: &Path, heic: &[u8]) -> Result<Vec<u8>, OpsError> {
        apart::unpack(&self.program, heic).map_err(|error| match error {
            ApartError::Process(source) => OpsError::File {
                path: self.program.clone(),
                source,
            },
            ApartError::Refused(_) | ApartError::Stopped { .. } => OpsError::usage(
                format!("{} is HEIC that cannot be read: {error}", path.display()),
                READABLE,
            ),
        })
    }

    /// Each PDF as PDF/A of its own, or as it is.
    fn pdfs(&mut self, given: &mut [Given]) -> Result<(), OpsError> {
        for file in given
            .iter_mut()
            .filter(|file| file.source.media_type == Media::Pdf)
        {
            let raw = std::mem::take(&mut file.bytes);
            let options = self.options(Some(&file.source.name));
            let bytes = match apart::convert(&self.program, &raw, &options) {
                Ok(bytes) => bytes,
                Err(ApartError::Process(source)) => {
                    return Err(OpsError::File {
                        path: self.program.clone(),
                        source,
                    });
                }
                Err(reason) => {
                    self.reasons.push(Reason::NotPdfa);
                    let stem = file.source.kept_as.trim_end_matches(".pdf");
                    file.source.kept_as = format!("{stem}-not-pdfa.pdf");
                    file.source.is_pdfa = false;
                    file.source.reason = Some(reason.to_string());
                    raw
                }
            };
            self.keep(&file.source.kept_as, &bytes)?;
        }
        Ok(())
    }

    fn keep(&mut self, name: &str, bytes: &[u8]) -> Result<(), OpsError> {
        self.stage.write(PICTURES, name, bytes)?;
        self.roles
            .push((PICTURES, name.to_owned(), FileRole::PagePdf));
        Ok(())
    }

    fn options(&self, source: Option<&str>) -> PdfaOptions {
        PdfaOptions {
            flavour: self.flavour,
            title: format!("{}: bilder tagna av en person", self.account.account.alias),
            language: "sv-SE".to_owned(),
            source: Some(source.map_or_else(|| self.account.account.url.clone(), str::to_owned)),
            created: self.created,
            producer: concat!("bevara ", env!("CARGO_PKG_VERSION")).to_owned(),
            files: Vec::new(),
            with_margins: false,
        }
    }

    /// The line under a picture: what, who and when.
    fn caption(&self, source: &Source, number: usize, of: usize) -> String {
        let made = self
            .order
            .taken_by
            .as_ref()
            .map(|name| format!(", tagen av {name}"))
            .unwrap_or_default();
        let taken = source
            .taken
            .as_ref()
            .map(|time| format!(", tagen {time} enligt filen"))
            .unwrap_or_default();
        format!(
            "Bild {number} av {of}: {}{made}{taken}. Intagen {} av person {}. SHA-256 {}",
            source.name,
            self.created.stockholm_text(),
            self.person,
            source.sha256
        )
    }
}
