//! The posts of an account from the catalogue into the volumes of a kontobok: thread by thread, one volume in memory at a
//! time. Pictures are taken out of the posts' units and made small; nothing else of their files is carried on.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::App;
use crate::catalogue::{AccountRow, CaptureRow, FlagRow, PostRow, RemovalRow, TakedownRow};
use crate::model::facts::{Flag, Truth};
use crate::model::id::{AccountId, HolderId, UnitNo, UnitRef};
use crate::model::ingest::IngestJson;
use crate::model::json;
use crate::model::kontobok::{
    Earlier, Entry, Kontobok, LeftOut, Picture, Removed, SCHEMA, Shown, Source, Thread, Volume,
};
use crate::model::post::{Attachment, AttachmentState, AuthorRole, Post, StateValue, Visibility};
use crate::model::record::CaptureKind;
use crate::model::time::Instant;
use crate::ops::error::OpsError;
use crate::ops::kontobok::thread::{self, Placed};
use crate::ops::kontobok::{BOOK, Gathered, RenderOrder, name, pictures_dir};
use crate::ops::program;
use crate::ops::snapshot::{REQUESTS, TEXT};
use crate::render::apart::{self, ApartError};
use crate::render::pictures;
use crate::store::read;
use crate::store::stage::Stage;

/// A volume that holds so many posts is full.
const POSTS: usize = 300;
/// A volume that holds so much text, in bytes, is full.
const BYTES: usize = 400_000;
/// A volume whose pictures take so many bytes is full: they stand in its HTML, which the browser is given at once.
const PICTURE_BYTES: usize = 12 * 1024 * 1024;
/// No side of a picture is longer, pixels: 17 cm at 200 dots an inch.
const LONGEST_SIDE: u32 = 1_340;

/// Gathers what the order asks for into the stage.
pub(super) async fn gather(
    app: &App,
    order: &RenderOrder,
    (account, captures): (&AccountRow, &[CaptureRow]),
    stage: &Stage,
) -> Result<Gathered, OpsError> {
    let mut gathering = Gathering {
        app,
        order,
        account: &account.account.id,
        stage,
        times: captures
            .iter()
            .map(|one| (HolderId::Capture(one.id.clone()), one.time))
            .collect(),
        secrets: app
            .catalogue
            .every_flag_answer()
            .await?
            .into_iter()
            .filter(|(_, answers)| is_secret(answers))
            .map(|(post, _)| post)
            .collect(),
        takedowns: app.catalogue.takedowns().await?,
        removals: app.catalogue.removals().await?,
        book: book(app, order, (account, captures))?,
        volume: Volume::default(),
        size: Size::default(),
        broken: 0,
    };
    let period = (
        order.from.map(Instant::start_of),
        order
            .to
            .and_then(|day| day.succ_opt())
            .map(Instant::start_of),
    );
    for key in app
        .catalogue
        .threads_of(&account.account.id, period)
        .await?
    {
        gathering.thread(&key).await?;
    }
    // An account without posts has a kontobok that says so.
    if gathering.size.posts > 0 || gathering.book.volumes == 0 {
        gathering.close()?;
    }
    stage.write_json(REQUESTS, BOOK, &gathering.book)?;
    Ok(Gathered {
        book: gathering.book,
        broken: gathering.broken,
    })
}

fn is_secret(answers: &BTreeMap<Flag, FlagRow>) -> bool {
    answers
        .get(&Flag::Sekretess)
        .is_some_and(|answer| answer.answer == Truth::Yes)
}

fn book(
    app: &App,
    order: &RenderOrder,
    (account, captures): (&AccountRow, &[CaptureRow]),
) -> Result<Kontobok, OpsError> {
    let mut sources = Vec::new();
    for capture in captures {
        if capture.kind == CaptureKind::Ingest {
            sources.push(source(app, capture)?);
        }
    }
    let genesis = app.genesis();
    Ok(Kontobok {
        schema: SCHEMA.to_owned(),
        account: account.account.id.clone(),
        alias: account.account.alias.clone(),
        name: account.account.name.clone(),
        url: account.account.url.clone(),
        platform: account.account.platform.as_str().to_owned(),
        creator: genesis.name.clone(),
        test: genesis.test,
        from: order.from,
        to: order.to,
        protected: order.protected,
        made_at: app.now(),
        threads: 0,
        posts: 0,
        by_authority: 0,
        published: None,
        pictures: 0,
        left_out: LeftOut::default(),
        sources,
        volumes: 0,
        note: order.note.clone(),
        shown: Vec::new(),
    })
}

/// An ingest by its report. The names of its files may be a person's and are left out.
fn source(app: &App, capture: &CaptureRow) -> Result<Source, OpsError> {
    let unit = UnitRef {
        holder: HolderId::Capture(capture.id.clone()),
        unit: UnitNo(0),
    };
    let report: Option<IngestJson> = document(app, &capture.account, &unit, "ingest.json")?;
    let containers = report.iter().flat_map(|report| &report.containers);
    Ok(Source {
        capture: capture.id.clone(),
        time: capture.time,
        containers: containers.map(|one| one.sha256.clone()).collect(),
        completeness: report.as_ref().map(|report| report.completeness),
        format: report.map(|report| report.format),
    })
}

fn unit_file(
    app: &App,
    account: &AccountId,
    unit: &UnitRef,
    file: &str,
) -> Result<Option<Vec<u8>>, OpsError> {
    read::unit_file(
        app.store.root(),
        (&unit.holder, Some(account)),
        unit.unit,
        file,
    )
    .map_err(|source| OpsError::File {
        path: format!("{unit}/{file}").into(),
        source,
    })
}

fn document<T: serde::de::DeserializeOwned>(
    app: &App,
    account: &AccountId,
    unit: &UnitRef,
    file: &str,
) -> Result<Option<T>, OpsError> {
    let Some(bytes) = unit_file(app, account, unit, file)? else {
        return Ok(None);
    };
    json::from_slice(&bytes)
        .map(Some)
        .map_err(|source| OpsError::Document {
            path: format!("{unit}/{file}"),
            source,
        })
}

/// How much a volume holds.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    posts: usize,
    bytes: usize,
    pictures: usize,
}

impl Size {
    fn is_full(self) -> bool {
        self.posts >= POSTS || self.bytes >= BYTES || self.pictures >= PICTURE_BYTES
    }
}

struct Gathering<'a> {
    app: &'a App,
    order: &'a RenderOrder,
    account: &'a AccountId,
    stage: &'a Stage,
    /// When each capture was committed.
    times: BTreeMap<HolderId, Instant>,
    /// Posts that a person found secrecy in.
    secrets: BTreeSet<i64>,
    takedowns: BTreeMap<i64, TakedownRow>,
    removals: BTreeMap<i64, RemovalRow>,
    book: Kontobok,
    volume: Volume,
    size: Size,
    broken: u32,
}

impl Gathering<'_> {
    async fn thread(&mut self, key: &str) -> Result<(), OpsError> {
        let mut rows = self.app.catalogue.thread(key).await?;
        rows.retain(|row| row.account == *self.account);
        let is_shown: Vec<bool> = rows.iter().map(|row| self.shows(row)).collect();
        let placed = thread::placed(rows, &is_shown);
        let Some(first) = placed.first().map(|first| &first.row.post) else {
            return Ok(());
        };
        self.book.threads += 1;
        let mut thread = Thread {
            continued: false,
            kind: first.kind,
            began: first.posted_at.utc,
            opening: thread::opening(first),
            posts: Vec::new(),
        };
        for post in placed {
            if self.size.is_full() {
                if !thread.posts.is_empty() {
                    let posts = std::mem::take(&mut thread.posts);
                    let ended = Thread {
                        posts,
                        ..thread.clone()
                    };
                    self.volume.threads.push(ended);
                    thread.continued = true;
                }
                self.close()?;
            }
            let entry = self.entry(post).await?;
            thread.posts.push(entry);
            self.size.posts += 1;
        }
        self.volume.threads.push(thread);
        Ok(())
    }

    /// Whether a post is shown; counts it where it is not.
    fn shows(&mut self, row: &PostRow) -> bool {
        let left_out = &mut self.book.left_out;
        if self.secrets.contains(&row.id) {
            left_out.secrecy += 1;
            return false;
        }
        if self.order.protected || is_public(&row.post) {
            return true;
        }
        if row.post.visibility == Visibility::Unknown {
            left_out.unknown += 1;
        } else {
            left_out.not_public += 1;
        }
        false
    }

    async fn entry(&mut self, placed: Placed) -> Result<Entry, OpsError> {
        let earlier = self.earlier(&placed.row).await?;
        let PostRow { id, post, unit, .. } = placed.row;
        self.count(&post, &unit, &earlier);
        let mut attachments = Vec::new();
        for attachment in &post.attachments {
            attachments.push(self.attachment(&unit, attachment)?);
        }
        Ok(Entry {
            depth: placed.depth,
            unit,
            kind: post.kind,
            author: post.author.name,
            handle: post.author.handle,
            role: post.author.role,
            posted_at: post.posted_at,
            edited_at: post.edited_at,
            state: post.state,
            removed: self.removed(id),
            visibility: post.visibility,
            recipients: post
                .recipients
                .into_iter()
                .filter_map(|one| one.name.or(one.platform_id))
                .collect(),
            answers_unseen: placed.answers_unseen,
            answers: placed.answers,
            title: post.title,
            content_warning: post.content_warning,
            text: post.text,
            lang: post.lang,
            permalink: post.permalink,
            links: post.links,
            place: post.place,
            counts: post.counts,
            attachments,
            earlier,
        })
    }

    fn count(&mut self, post: &Post, unit: &UnitRef, earlier: &[Earlier]) {
        let book = &mut self.book;
        book.posts += 1;
        book.by_authority += u32::from(post.author.role == AuthorRole::Authority);
        if let Some(time) = post.posted_at.utc {
            book.published = Some(match book.published {
                Some((oldest, newest)) => (oldest.min(time), newest.max(time)),
                None => (time, time),
            });
        }
        book.shown.push(unit.clone());
        book.shown
            .extend(earlier.iter().filter_map(|version| version.unit.clone()));
        let versions = earlier.iter().filter_map(|version| version.text.as_ref());
        self.size.bytes += post.text.len() + versions.map(String::len).sum::<usize>();
    }

    fn removed(&self, post: i64) -> Option<Removed> {
        if let Some(row) = self.takedowns.get(&post) {
            return Some(Removed::Takedown {
                state: row.state,
                at: row.time,
            });
        }
        self.removals.get(&post).map(|row| Removed::Statement {
            state: row.state,
            at: row.time,
        })
    }

    /// The versions that read otherwise than the newest: those taken in here, and those that the source tells of.
    async fn earlier(&self, row: &PostRow) -> Result<Vec<Earlier>, OpsError> {
        let mut earlier: Vec<Earlier> = row
            .post
            .edits
            .iter()
            .filter(|edit| edit.text.as_ref() != Some(&row.post.text))
            .map(|edit| Earlier {
                unit: None,
                observed: None,
                at: edit.at,
                title: None,
                text: edit.text.clone(),
            })
            .collect();
        if row.versions < 2 {
            return Ok(earlier);
        }
        for unit in self.app.catalogue.units_of(row.id).await? {
            let version: Option<Post> = document(self.app, self.account, &unit, "item.json")?;
            let Some(version) = version.filter(|one| self.order.protected || is_public(one)) else {
                continue;
            };
            let same = version.text == row.post.text && version.title == row.post.title;
            let text = Some(version.text);
            if same || earlier.iter().any(|known| known.text == text) {
                continue;
            }
            earlier.push(Earlier {
                observed: self.times.get(&unit.holder).copied(),
                unit: Some(unit),
                at: version.edited_at.unwrap_or(version.posted_at).utc,
                title: version.title,
                text,
            });
        }
        Ok(earlier)
    }

    fn attachment(&mut self, unit: &UnitRef, attachment: &Attachment) -> Result<Shown, OpsError> {
        let picture = match &attachment.archive_path {
            Some(file) if attachment.kind == "image" => self.picture(unit, file)?,
            Some(_) | None => None,
        };
        let present = attachment.state == AttachmentState::Present;
        Ok(Shown {
            kind: attachment.kind.clone(),
            name: attachment.name.clone(),
            alt: attachment.alt.clone(),
            state: attachment.state,
            bytes: attachment.bytes.filter(|_| present),
            sha256: attachment.sha256.clone().filter(|_| present),
            picture,
        })
    }

    /// A picture of a post's unit, made small into the stage. What cannot be a picture on a page (a moving one, GIF) is
    /// not shown; what can and cannot be read is counted.
    fn picture(&mut self, unit: &UnitRef, file: &str) -> Result<Option<Picture>, OpsError> {
        let Some(mut bytes) = unit_file(self.app, self.account, unit, file)? else {
            self.broken += 1;
            return Ok(None);
        };
        if pictures::is_heif(&bytes) {
            match unpacked(&bytes)? {
                Some(png) => bytes = png,
                None => return Ok(None),
            }
        }
        if !pictures::is_reducible(&bytes) {
            return Ok(None);
        }
        let small = match pictures::reduced(&bytes, LONGEST_SIDE) {
            Ok(small) => small,
            Err(error) => {
                tracing::warn!(%unit, %error, "a picture cannot be shown in the kontobok");
                self.broken += 1;
                return Ok(None);
            }
        };
        self.book.pictures += 1;
        let name = format!("bild-{:06}.jpg", self.book.pictures);
        let dir = pictures_dir(self.stage, self.book.volumes + 1);
        write(&dir, &name, &small.jpeg)?;
        self.size.pictures += small.jpeg.len();
        Ok(Some(Picture {
            name,
            width: small.width,
            height: small.height,
        }))
    }

    /// Writes the volume and begins the next.
    fn close(&mut self) -> Result<(), OpsError> {
        self.book.volumes += 1;
        let mut volume = std::mem::take(&mut self.volume);
        SCHEMA.clone_into(&mut volume.schema);
        volume.number = self.book.volumes;
        self.stage
            .write_json(TEXT, &name(volume.number, "json"), &volume)?;
        self.size = Size::default();
        Ok(())
    }
}

/// HEIC as PNG, in a process of its own; `None` where it holds what one picture cannot show.
fn unpacked(heic: &[u8]) -> Result<Option<Vec<u8>>, OpsError> {
    let program = program::path()?;
    match apart::unpack(&program, heic) {
        Ok(png) => Ok(Some(png)),
        Err(ApartError::Process(source)) => Err(OpsError::File {
            path: program,
            source,
        }),
        Err(error) => {
            tracing::warn!(%error, "a HEIC picture is not shown in the kontobok");
            Ok(None)
        }
    }
}

/// Whether everybody could see the post: what waits for a moderator never was published.
fn is_public(post: &Post) -> bool {
    post.visibility.is_open() && post.state.value != StateValue::HeldForModeration
}

#[expect(
    clippy::disallowed_methods,
    reason = "a staging file that goes when the kontobok is made"
)]
fn write(dir: &std::path::Path, name: &str, bytes: &[u8]) -> Result<(), OpsError> {
    let path = dir.join(name);
    std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::write(&path, bytes))
        .map_err(|source| OpsError::File { path, source })
}
