//! The package for the registry (diarie-paket): each post as PDF/A and JSON with its attachments and the reason why it
//! goes there. `sha256sum -c` checks it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::app::App;
use crate::catalogue::PostRow;
use crate::model::digest::Sha256Hex;
use crate::model::entry::Body;
use crate::model::id::{HolderId, RecordId, UnitRef};
use crate::model::json;
use crate::model::post::{Post, StateValue};
use crate::ops::document;
use crate::ops::entries;
use crate::ops::error::OpsError;
use crate::ops::export::target::{Directory, Target};
use crate::ops::registry::{Judged, MOTIVATION, UNIT, told};
use crate::ops::removal::RemovalJson;
use crate::ops::snapshot::BrowserSlot;
use crate::ops::takedown::TakedownJson;
use crate::render::document::{Block, Document, Section};
use crate::store::read;

/// A package that is whole on the disk, and is removed unless it is kept.
#[derive(Debug)]
pub(super) struct Made {
    handed: Handed,
    pub(super) manifest_sha256: Sha256Hex,
    directory: Directory,
}

impl Made {
    /// Lets the package stay.
    pub(super) fn keep(self) -> Handed {
        self.directory.keep();
        self.handed
    }
}

/// What was handed over.
#[derive(Clone, Debug, Serialize)]
pub struct Handed {
    /// The handover.
    pub handover: RecordId,
    /// The package's directory.
    pub package: PathBuf,
    /// The posts, by key.
    pub posts: Vec<String>,
    /// Number of files.
    pub files: u64,
}

/// `paket.json`.
#[derive(Debug, Serialize)]
struct PackageJson<'a> {
    schema: &'a str,
    overlamnande: &'a RecordId,
    arkivbildare: &'a str,
    org_nr: &'a str,
    provarkiv: bool,
    mottagare: &'a str,
    upprattat: String,
    /// Keeps the manifest's digest from giving a short text away.
    slumptal: String,
    handlingar: Vec<ItemJson>,
}

/// One post in `paket.json`.
#[derive(Debug, Serialize)]
struct ItemJson {
    nr: usize,
    inlagg: String,
    plattform: String,
    publicerat: String,
    forfattare: String,
    gallringsenheter: Vec<UnitRef>,
    regler: Vec<String>,
    skyldigheter: Vec<String>,
    bedomning: String,
    motivering: Option<String>,
    filer: Vec<String>,
}

/// The files of a package, by their paths in it.
type Files = Vec<(String, Vec<u8>)>;

/// Writes the package beside its place and gives it its name.
pub(super) async fn make(
    app: &App,
    (handover, receiver, reason): (&RecordId, &str, Option<&str>),
    judged: &[Judged],
    out: &Path,
) -> Result<Made, OpsError> {
    let genesis = app.genesis();
    let mut slot = BrowserSlot::new(app)?;
    let (mut files, mut items) = (Files::new(), Vec::new());
    for (index, one) in judged.iter().enumerate() {
        let motivation = motivation(app, one, reason)?;
        let page = page(one, receiver, motivation.as_deref(), genesis.test);
        let pdf = document::pdf(&mut slot, &page, app.now()).await;
        match pdf {
            Ok(pdf) => {
                let mut own = vec![("inlagg.pdf".to_owned(), pdf)];
                own.extend(units(app, &one.row, &one.units)?);
                items.push(item((index + 1, one), motivation, &own));
                let dir = format!("handlingar/{:04}", index + 1);
                files.extend(
                    own.into_iter()
                        .map(|(name, bytes)| (format!("{dir}/{name}"), bytes)),
                );
            }
            Err(error) => {
                slot.close().await;
                return Err(error);
            }
        }
    }
    slot.close().await;
    let json = PackageJson {
        schema: "bevara.diariepaket/1",
        overlamnande: handover,
        arkivbildare: &genesis.name,
        org_nr: &genesis.org_nr,
        provarkiv: genesis.test,
        mottagare: receiver,
        upprattat: app.now().to_string(),
        slumptal: uuid::Uuid::new_v4().to_string(),
        handlingar: items,
    };
    let bytes = json::to_line(&json).map_err(|source| OpsError::Document {
        path: "paket.json".to_owned(),
        source,
    })?;
    files.push(("paket.json".to_owned(), bytes.into_bytes()));
    files.push((
        "LASMIG.txt".to_owned(),
        instructions(handover, receiver).into_bytes(),
    ));
    files.sort();
    let mut manifest = String::new();
    for (name, bytes) in &files {
        manifest.push_str(Sha256Hex::of(bytes).as_str());
        manifest.push_str("  ");
        manifest.push_str(name);
        manifest.push('\n');
    }
    let mut target = Target::create(out, handover.as_str())?;
    for (name, bytes) in &files {
        target.beside(name, bytes)?;
    }
    target.beside("manifest-sha256.txt", manifest.as_bytes())?;
    Ok(Made {
        handed: Handed {
            handover: handover.clone(),
            package: out.to_owned(),
            posts: judged.iter().map(|one| one.row.post.key.clone()).collect(),
            files: target.size().0,
        },
        manifest_sha256: Sha256Hex::of(manifest.as_bytes()),
        directory: target.publish()?,
    })
}

/// What the post is motivated with: the order's own reason, else why it was taken down or what a person said of its removal.
fn motivation(app: &App, one: &Judged, reason: Option<&str>) -> Result<Option<String>, OpsError> {
    if let Some(reason) = reason {
        return Ok(Some(reason.to_owned()));
    }
    let told = removal(app, &one.units)?;
    let wanted = one
        .decision
        .obligations
        .iter()
        .any(|code| code == MOTIVATION);
    if told.is_none() && wanted {
        return Err(OpsError::not_permitted(format!(
            "Inlägget {} ska diarieföras med motivering: skriv --reason, eller anteckna borttagningen med post takedown.",
            one.row.post.key
        )));
    }
    Ok(told)
}

/// Why a post was taken down, or what a person said of its removal: the newest of the two, from the log.
fn removal(app: &App, units: &[UnitRef]) -> Result<Option<String>, OpsError> {
    let root = app.store.root();
    let mut newest = None;
    for seq in 0.. {
        let Some(entry) = entries::entry(root, seq)? else {
            break;
        };
        match entry.body {
            Some(Body::Takedown { unit, record, .. }) if units.contains(&unit) => {
                newest = Some((record, "takedown.json"));
            }
            Some(Body::RemovalObserved { unit, record, .. }) if units.contains(&unit) => {
                newest = Some((record, "removal.json"));
            }
            Some(_) | None => {}
        }
    }
    let Some((record, file)) = newest else {
        return Ok(None);
    };
    let path = format!("store/records/{record}/units/{UNIT}/{file}");
    let bytes =
        read::unit_file(root, (&HolderId::Record(record), None), UNIT, file).map_err(|source| {
            OpsError::File {
                path: root.join(&path),
                source,
            }
        })?;
    let damaged = |source| OpsError::Document { path, source };
    match bytes {
        Some(bytes) if file == "takedown.json" => {
            let details: TakedownJson = json::from_slice(&bytes).map_err(damaged)?;
            Ok(Some(format!("{} (regel {})", details.reason, details.rule)))
        }
        Some(bytes) => {
            let details: RemovalJson = json::from_slice(&bytes).map_err(damaged)?;
            Ok(Some(details.reason))
        }
        None => Ok(None),
    }
}

/// Every version's files: the normalised post, the platform's own object, attachments.
fn units(app: &App, row: &PostRow, units: &[UnitRef]) -> Result<Files, OpsError> {
    let mut files = Files::new();
    for (index, unit) in units.iter().enumerate() {
        let dir = app.store.root().join(format!(
            "store/captures/{}/{}/units/{}",
            row.account, unit.holder, unit.unit
        ));
        let failed = |path: &Path, source| OpsError::File {
            path: path.to_owned(),
            source,
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&dir).map_err(|source| failed(&dir, source))? {
            let path = entry.map_err(|source| failed(&dir, source))?.path();
            names.push(path);
        }
        names.sort();
        for path in names {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // The salt and the manifests belong to the archive's proof, not to the record that is registered.
            if matches!(name.as_ref(), "salt" | "unit.sha256" | "unit.sha512") {
                continue;
            }
            let bytes = std::fs::read(&path).map_err(|source| failed(&path, source))?;
            files.push((format!("version-{}/{name}", index + 1), bytes));
        }
    }
    Ok(files)
}

fn item((nr, one): (usize, &Judged), motivation: Option<String>, files: &Files) -> ItemJson {
    let post = &one.row.post;
    ItemJson {
        nr,
        inlagg: post.key.clone(),
        plattform: post.platform.clone(),
        publicerat: told(post.posted_at.utc),
        forfattare: post.author.name.clone(),
        gallringsenheter: one.units.clone(),
        regler: one
            .decision
            .rules
            .iter()
            .map(|rule| rule.rule.clone())
            .collect(),
        skyldigheter: one.decision.obligations.clone(),
        bedomning: one.decision.reason.clone(),
        motivering: motivation,
        filer: files.iter().map(|(name, _)| name.clone()).collect(),
    }
}

/// The post as a page for people.
fn page(one: &Judged, receiver: &str, motivation: Option<&str>, test: bool) -> Document {
    let post = &one.row.post;
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let mut facts = vec![
        fact("Plattform", post.platform.clone()),
        fact("Publicerat", told(post.posted_at.utc)),
        fact("Författare", post.author.name.clone()),
        fact("Tillstånd på plattformen", state(post).to_owned()),
    ];
    facts.extend(
        post.permalink
            .iter()
            .map(|address| fact("Adress", address.clone())),
    );
    let mut why = vec![Block::Text(one.decision.reason.clone())];
    if let Some(motivation) = motivation {
        why.push(Block::Facts(vec![fact(
            "Motivering",
            motivation.to_owned(),
        )]));
    }
    let files: Vec<String> = post
        .attachments
        .iter()
        .map(|attachment| attachment.source_uri.clone())
        .collect();
    let mut sections = vec![
        section("Uppgifter", vec![Block::Facts(facts)]),
        section("Innehåll", vec![Block::Text(post.search_text())]),
        section("Varför det diarieförs", why),
    ];
    if !files.is_empty() {
        sections.push(section("Bilagor", vec![Block::List(files)]));
    }
    Document {
        title: "Inlägg för diarieföring".to_owned(),
        subtitle: format!("Överlämnas till {receiver}"),
        test,
        sections,
    }
}

fn section(heading: &str, blocks: Vec<Block>) -> Section {
    Section {
        heading: heading.to_owned(),
        blocks,
    }
}

fn state(post: &Post) -> &'static str {
    match post.state.value {
        StateValue::Live => "synligt när det lästes in",
        StateValue::Hidden => "dolt",
        StateValue::HeldForModeration => "väntade på granskning",
        StateValue::DeletedByAuthority => "borttaget av kommunen",
        StateValue::DeletedByAuthor => "borttaget av författaren",
        StateValue::RemovedByPlatform => "borttaget av plattformen",
        StateValue::NotObserved => "inte sett",
    }
}

fn instructions(handover: &RecordId, receiver: &str) -> String {
    format!(
        "Diariepaket {handover}\n\
         Mottagare: {receiver}\n\n\
         handlingar/NNNN/inlagg.pdf  inlägget som PDF/A, med motivering\n\
         handlingar/NNNN/version-N/  inlägget som data, varje version, med bilagor\n\
         paket.json                  vad som överlämnas och varför\n\n\
         Kontrollera filerna:  sha256sum -c manifest-sha256.txt\n\
         Lämna tillbaka diarienumret:  bevara registry receipt {handover} --registry-no \"KS 2027/123\"\n\
         Arkivets kopia finns kvar tills diarienumret är antecknat, och gallras därefter bara enligt en regel.\n"
    )
}
