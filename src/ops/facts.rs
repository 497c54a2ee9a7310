//! From a post in the catalogue to what the retention engine may ask of it. Anything not known stays unknown; the bytes
//! that disposal rests on are read again from the store, because the catalogue is only an index.

mod account;
mod flags;
mod gone;
pub mod holds;
mod removed;
mod thread;
pub mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::app::App;
use crate::catalogue::{
    AccountRow, CaptureRow, Catalogue, ExportRow, FlagRow, PostRow, TakedownRow,
};
use crate::detect::context;
use crate::model::entry::{PoliceReport, Tombstone};
use crate::model::facts::{
    Answer, FactRole, FactVisibility, Flag, FloorFacts, Outcome, PostFacts, PreservationLevel,
    Trigger,
};
use crate::model::id::{AccountId, CaptureId, HolderId, UnitRef};
use crate::model::json;
use crate::model::post::{AuthorRole, Post, StateValue, Visibility};
use crate::model::record::CaptureKind;
use crate::model::time::Instant;
use crate::model::verdict::Verdict;
use crate::ops::error::OpsError;
use crate::ops::facts::account::AccountFacts;
use crate::ops::facts::flags::detected;
use crate::ops::facts::holds::Covers;
use crate::ops::facts::removed::Removed;
use crate::ops::facts::whole::Whole;
use crate::ops::kontobok;
use crate::ops::schedule;
use crate::store::read;

pub use gone::Gone;
pub use removed::TWICE;

/// Posts of threads kept in memory while posts are walked through; a thread that is longer is kept alone.
const POSTS_KEPT: usize = 20_000;

/// Gathers facts as of one moment and one state of the log.
#[derive(Debug)]
pub struct FactSource<'a> {
    catalogue: &'a Catalogue,
    root: PathBuf,
    now: Instant,
    window_days: u32,
    whole: &'a mut Whole,
    kept: Kept,
    gone: Option<&'a Gone>,
    threads: BTreeMap<String, Arc<Thread>>,
    posts_kept: usize,
    units: BTreeMap<i64, Vec<UnitRef>>,
    /// Whether what is written below a post may be read by itself, by the post's key.
    passes: BTreeMap<String, bool>,
}

/// What holds for every post as long as nobody else writes in the log: holds, packages, accounts.
#[derive(Debug)]
pub struct Kept {
    covers: Covers,
    /// When a package with a capture was first receipted.
    receipted: BTreeMap<CaptureId, Instant>,
    /// What people answered and decided, by the catalogue's number of the post.
    answers: BTreeMap<i64, BTreeMap<Flag, FlagRow>>,
    decisions: BTreeMap<i64, Outcome>,
    takedowns: BTreeMap<i64, TakedownRow>,
    removed: Removed,
    registered: BTreeMap<i64, Instant>,
    awaiting_number: BTreeSet<i64>,
    police_reports: BTreeMap<i64, PoliceReport>,
    accounts: BTreeMap<AccountId, Arc<AccountFacts>>,
}

/// A thread: the posts that are there, and those that were taken out under the plan now being carried out.
#[derive(Debug)]
struct Thread {
    rows: Vec<PostRow>,
    present: usize,
}

impl<'a> FactSource<'a> {
    /// Opens the source for an archive as it is at this moment.
    pub async fn of_now(app: &'a App, whole: &'a mut Whole) -> Result<Self, OpsError> {
        Self::open(
            (&app.catalogue, app.store.root()),
            (app.now(), app.config.schedule.window_days),
            whole,
        )
        .await
    }

    /// Reads the holds and packages as they are now. `whole` remembers which captures were found whole.
    pub async fn open(
        (catalogue, root): (&'a Catalogue, &Path),
        (now, window_days): (Instant, u32),
        whole: &'a mut Whole,
    ) -> Result<Self, OpsError> {
        let kept = Kept {
            covers: Covers::read(catalogue).await?,
            receipted: receipted(&catalogue.exports().await?),
            answers: catalogue.every_flag_answer().await?,
            decisions: catalogue.every_decision().await?,
            takedowns: catalogue.takedowns().await?,
            removed: Removed::read(catalogue).await?,
            registered: catalogue.registered().await?,
            awaiting_number: catalogue.awaiting_number().await?,
            police_reports: catalogue.police_reports().await?,
            accounts: BTreeMap::new(),
        };
        Ok(Self::reopen(
            (catalogue, root),
            (now, window_days),
            whole,
            kept,
        ))
    }

    /// The same from what was read before, which the caller knows to hold still.
    pub fn reopen(
        (catalogue, root): (&'a Catalogue, &Path),
        (now, window_days): (Instant, u32),
        whole: &'a mut Whole,
        kept: Kept,
    ) -> Self {
        Self {
            catalogue,
            root: root.to_owned(),
            now,
            window_days,
            whole,
            kept,
            gone: None,
            threads: BTreeMap::new(),
            posts_kept: 0,
            units: BTreeMap::new(),
            passes: BTreeMap::new(),
        }
    }

    /// Counts posts taken out under the same plan as if they were still in their threads: whether a question is answered,
    /// and when its thread was last active, does not depend on the order in which a plan is carried out.
    #[must_use]
    pub fn counting(mut self, gone: &'a Gone) -> Self {
        self.gone = Some(gone);
        self
    }

    /// What may be used again as long as nobody else writes in the log.
    pub fn into_kept(self) -> Kept {
        self.kept
    }

    /// The facts of a post. G5 is taken as met here: [`Self::is_intact`] reads the bytes, and is asked only for posts that
    /// may be disposed of.
    pub async fn of(&mut self, row: &PostRow) -> Result<PostFacts, OpsError> {
        let account = self.account(&row.account).await?;
        let thread = self.thread(&row.thread_key).await?;
        let older = self.older_versions(row).await?;
        let takedown = self.kept.takedowns.get(&row.id).copied();
        let removed = takedown.filter(|one| !is_back(row, one));
        let said_at = self.kept.removed.said_at(row.id);
        // A post is as it is since it was last changed, or taken off the platform.
        let last_change = [removed.map(|one| one.time), said_at]
            .into_iter()
            .flatten()
            .fold(last_change(row), Instant::max);
        let registered = self.kept.registered.get(&row.id).copied();
        let picture = self.preserving(&account, (last_change, &row.unit))?;
        let post = &row.post;
        let mut triggers = thread::triggers(row, &thread.rows);
        if let Some(time) = registered {
            triggers.insert(Trigger::Diariefort, time.stockholm_date());
        }
        self.snapshot_triggers(&account, (last_change, &row.unit), &mut triggers);
        let published = published(row);
        let texts: Vec<String> = older.iter().chain([post]).map(Post::search_text).collect();
        if let Some(day) = thread::event_over(row, &texts) {
            triggers.insert(Trigger::EvenemangPasserat, day);
        }
        let role = role(post.author.role);
        let visibility = match &removed {
            Some(one) => Some(one.visibility()),
            None => self.kept.removed.visibility(row.id, visibility(post)),
        };
        let is_root = row.thread_key == post.key;
        Ok(PostFacts {
            role,
            kinds: thread::kinds(row, &thread.rows),
            answered: thread::answered(row, &thread.rows).0,
            attachments: (!post.attachments.is_empty()).into(),
            links: (!post.links.is_empty()).into(),
            characters: post.text.chars().count(),
            visibility,
            level: level(&account.row),
            flags: self.flags_in_thread(row, &older, &thread.rows).await?,
            triggers,
            floor: FloorFacts {
                holds: self.kept.covers.of(row, published, &texts),
                open_obligation: self.kept.awaiting_number.contains(&row.id),
                police_report_decided: self.kept.police_reports.contains_key(&row.id),
                motivated: removed.is_some() || said_at.is_some(),
                preserved: picture,
                has_undisposed_children: role != Some(FactRole::Invanare)
                    && role != Some(FactRole::Annan)
                    && visibility != Some(FactVisibility::Raderad)
                    && is_root
                    && thread.present > 1,
                intact: true,
                capture_gap: schedule::has_gap(
                    &account.obligations,
                    (published, last_change.stockholm_date()),
                ),
                registered: registered.is_some(),
            },
            decided: self.kept.decisions.get(&row.id).copied(),
        })
    }

    /// G5: whether every version of the post is as it was captured, down to the log, and says what the catalogue says.
    pub async fn is_intact(&mut self, row: &PostRow) -> Result<bool, OpsError> {
        let account = self.account(&row.account).await?;
        for unit in self.units(row.id).await? {
            let capture = match &unit.holder {
                HolderId::Capture(id) => account.captures.get(id),
                HolderId::Record(_) => None,
            };
            let Some(capture) = capture else {
                return Ok(false);
            };
            if !self.whole.unit(&self.root, capture, unit.unit)? {
                return Ok(false);
            }
        }
        Ok(self.item(&row.account, &row.unit)?.as_ref() == Some(&row.post))
    }

    /// Reads the units of these posts at once; what is asked of them afterwards asks the catalogue no more.
    pub async fn expect(&mut self, posts: &[PostRow]) -> Result<(), OpsError> {
        let numbers: Vec<i64> = posts.iter().map(|row| row.id).collect();
        self.units = self.catalogue.units_of_each(&numbers).await?;
        Ok(())
    }

    /// The units of a post, oldest version first.
    pub async fn units(&self, post: i64) -> Result<Vec<UnitRef>, OpsError> {
        match self.units.get(&post) {
            Some(known) => Ok(known.clone()),
            None => Ok(self.catalogue.units_of(post).await?),
        }
    }

    /// Whether the post consists of exactly these units, with these commitments: as when it was planned.
    pub async fn is_as_planned(
        &mut self,
        row: &PostRow,
        planned: &[Tombstone],
    ) -> Result<bool, OpsError> {
        let account = self.account(&row.account).await?;
        let units = self.catalogue.units_of(row.id).await?;
        if units.len() != planned.len() {
            return Ok(false);
        }
        for (unit, tombstone) in units.iter().zip(planned) {
            let HolderId::Capture(id) = &unit.holder else {
                return Ok(false);
            };
            let Some(capture) = account.captures.get(id) else {
                return Ok(false);
            };
            let found = self.whole.commitment(&self.root, capture, unit.unit)?;
            let same = found.is_some_and(|(sha256, sha512)| {
                sha256 == tombstone.commitment.sha256.as_str()
                    && sha512 == tombstone.commitment.sha512.as_str()
            });
            if *unit != tombstone.unit || !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads every capture again that could preserve posts, so that it need not be done under the lock.
    pub async fn check_pictures(&mut self, accounts: &[AccountId]) -> Result<(), OpsError> {
        for id in accounts {
            let account = self.account(id).await?;
            for capture in &account.pictures {
                if self.receipted(&capture.id).is_some() {
                    self.whole.capture(&self.root, capture)?;
                }
            }
        }
        Ok(())
    }

    async fn account(&mut self, id: &AccountId) -> Result<Arc<AccountFacts>, OpsError> {
        if let Some(known) = self.kept.accounts.get(id) {
            return Ok(Arc::clone(known));
        }
        let row = self
            .catalogue
            .accounts()
            .await?
            .into_iter()
            .find(|row| row.account.id == *id)
            .ok_or_else(|| OpsError::unknown("account", id))?;
        let today = self.now.stockholm_date();
        let obligations =
            schedule::of_account(self.catalogue, &row, (self.now, today), self.window_days).await?;
        let all = self.catalogue.captures(Some(id)).await?;
        let pictures: Vec<CaptureRow> = all
            .iter()
            .filter(|capture| {
                matches!(capture.kind, CaptureKind::Page | CaptureKind::Rendered)
                    && capture.verdict == Verdict::Complete
            })
            .cloned()
            .collect();
        let mut shown = BTreeMap::new();
        for capture in &pictures {
            if capture.kind == CaptureKind::Rendered {
                shown.insert(capture.id.clone(), kontobok::shown(&self.root, capture)?);
            }
        }
        let captures = all
            .into_iter()
            .map(|capture| (capture.id.clone(), capture))
            .collect();
        let facts = Arc::new(AccountFacts {
            row,
            obligations,
            pictures,
            captures,
            shown,
        });
        self.kept.accounts.insert(id.clone(), Arc::clone(&facts));
        Ok(facts)
    }

    async fn thread(&mut self, key: &str) -> Result<Arc<Thread>, OpsError> {
        if let Some(known) = self.threads.get(key) {
            return Ok(Arc::clone(known));
        }
        let mut rows = self.catalogue.thread(key).await?;
        let present = rows.len();
        rows.extend(self.gone.iter().flat_map(|gone| gone.of(key)).cloned());
        if self.posts_kept + rows.len() > POSTS_KEPT {
            self.threads.clear();
            self.passes.clear();
            self.posts_kept = 0;
        }
        self.posts_kept += rows.len();
        let thread = Arc::new(Thread { rows, present });
        self.threads.insert(key.to_owned(), Arc::clone(&thread));
        Ok(thread)
    }

    /// The post in each of its older versions, from the store. A version that cannot be read is left to G5.
    async fn older_versions(&self, row: &PostRow) -> Result<Vec<Post>, OpsError> {
        let mut older = Vec::new();
        if row.versions > 1 {
            for unit in self.catalogue.units_of(row.id).await? {
                if unit != row.unit {
                    older.extend(self.item(&row.account, &unit)?);
                }
            }
        }
        Ok(older)
    }

    fn item(&self, account: &AccountId, unit: &UnitRef) -> Result<Option<Post>, OpsError> {
        let path = format!("{unit}/item.json");
        let bytes = read::unit_file(
            &self.root,
            (&unit.holder, Some(account)),
            unit.unit,
            "item.json",
        )
        .map_err(|source| OpsError::File {
            path: path.clone().into(),
            source,
        })?;
        match bytes {
            Some(bytes) => match json::from_slice(&bytes) {
                Ok(post) => Ok(Some(post)),
                Err(error) => {
                    tracing::warn!(unit = %unit, %error, "item.json cannot be read");
                    Ok(None)
                }
            },
            None => Ok(None),
        }
    }

    /// What the program answers for a post, all its versions and its place in its thread counted, without people's answers
    /// to it.
    pub async fn detected(&mut self, row: &PostRow) -> Result<BTreeMap<Flag, Answer>, OpsError> {
        let thread = self.thread(&row.thread_key).await?;
        let older = self.older_versions(row).await?;
        let flags = detected(row, &older);
        self.held_in_thread(row, flags, &thread.rows).await
    }

    /// The detectors' answers over every version, under people's answers, which always win.
    fn flags(&self, row: &PostRow, older: &[Post]) -> BTreeMap<Flag, Answer> {
        let mut flags = detected(row, older);
        for (flag, answer) in self.kept.answers.get(&row.id).into_iter().flatten() {
            let answer = Answer {
                value: answer.answer,
                by: "person".to_owned(),
                because: answer.actor.clone(),
            };
            flags.insert(*flag, answer);
        }
        flags
    }

    /// The answers for a post, where it stands: under what is not cleared, nothing is.
    async fn flags_in_thread(
        &mut self,
        row: &PostRow,
        older: &[Post],
        thread: &[PostRow],
    ) -> Result<BTreeMap<Flag, Answer>, OpsError> {
        let flags = self.flags(row, older);
        self.held_in_thread(row, flags, thread).await
    }

    async fn held_in_thread(
        &mut self,
        row: &PostRow,
        mut flags: BTreeMap<Flag, Answer>,
        thread: &[PostRow],
    ) -> Result<BTreeMap<Flag, Answer>, OpsError> {
        let above = thread::above(&row.post, thread);
        for ancestor in &above.posts {
            if !self.passes(ancestor).await? {
                context::hold(&mut flags, "post-above-not-cleared");
            }
        }
        if !above.whole && context::leans(&flags) {
            context::hold(&mut flags, "post-above-missing");
        }
        Ok(flags)
    }

    async fn passes(&mut self, row: &PostRow) -> Result<bool, OpsError> {
        if let Some(known) = self.passes.get(&row.post.key) {
            return Ok(*known);
        }
        let remembered = self.gone.and_then(|gone| gone.answers(&row.post.key));
        let flags = if let Some(answers) = remembered {
            answers.clone()
        } else {
            let older = self.older_versions(row).await?;
            self.flags(row, &older)
        };
        let passes = context::lets_pass(&flags, row.post.author.role == AuthorRole::Authority);
        self.passes.insert(row.post.key.clone(), passes);
        Ok(passes)
    }

    /// When a package with this capture was first receipted.
    fn receipted(&self, capture: &CaptureId) -> Option<Instant> {
        self.kept.receipted.get(capture).copied()
    }

    /// G3: whether a complete capture after `last_change` lies in a receipted package and is whole here.
    fn preserving(
        &mut self,
        account: &AccountFacts,
        (last_change, unit): (Instant, &UnitRef),
    ) -> Result<bool, OpsError> {
        for capture in account.after(last_change, unit) {
            if self.receipted(&capture.id).is_some() && self.whole.capture(&self.root, capture)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn snapshot_triggers(
        &self,
        account: &AccountFacts,
        (last_change, unit): (Instant, &UnitRef),
        triggers: &mut BTreeMap<Trigger, NaiveDate>,
    ) {
        if let Some(closed) = account.row.account.closed {
            triggers.insert(Trigger::KontoAvslutat, closed);
        }
        if let Some(first) = account.after(last_change, unit).next() {
            triggers.insert(Trigger::OgonblicksbildTagen, first.time.stockholm_date());
        }
        let receipts = account
            .after(last_change, unit)
            .filter_map(|capture| self.receipted(&capture.id));
        if let Some(first) = receipts.min() {
            triggers.insert(Trigger::ExportKvitterad, first.stockholm_date());
        }
    }
}

/// The latest moment at which the post is known to have changed: what the platform tells, and for a post of which more
/// than one version was kept, when the newest was taken in. A post whose time is not known changed when it was taken in.
fn last_change(row: &PostRow) -> Instant {
    let edited = row.post.edited_at.as_ref().map(|time| time.utc);
    let told = [row.post.posted_at.utc, edited.flatten(), row.post.state.at];
    let unknown = row.post.posted_at.utc.is_none() || edited == Some(None) || row.versions > 1;
    told.into_iter()
        .flatten()
        .chain(unknown.then_some(row.observed_at))
        .max()
        .unwrap_or(row.observed_at)
}

/// When a package with each capture was first receipted.
fn receipted(exports: &[ExportRow]) -> BTreeMap<CaptureId, Instant> {
    let mut first = BTreeMap::new();
    for export in exports {
        let Some(time) = export.receipted else {
            continue;
        };
        for capture in &export.captures {
            first
                .entry(capture.clone())
                .and_modify(|known: &mut Instant| *known = (*known).min(time))
                .or_insert(time);
        }
    }
    first
}

/// Whether a post that was taken down was seen live again later.
fn is_back(row: &PostRow, takedown: &TakedownRow) -> bool {
    row.observed_at > takedown.time && row.post.state.value == StateValue::Live
}

/// The civil date of publication, where it is known.
pub fn published(row: &PostRow) -> Option<NaiveDate> {
    row.post.posted_at.utc.map(Instant::stockholm_date)
}

pub(crate) fn role(author: AuthorRole) -> Option<FactRole> {
    match author {
        AuthorRole::Authority => Some(FactRole::Kommun),
        AuthorRole::Public => Some(FactRole::Invanare),
        AuthorRole::OtherAuthority | AuthorRole::Platform => Some(FactRole::Annan),
        AuthorRole::Unknown => None,
    }
}

fn visibility(post: &Post) -> Option<FactVisibility> {
    match post.state.value {
        StateValue::Live if post.visibility.is_open() => Some(FactVisibility::Publicerad),
        StateValue::Hidden => Some(FactVisibility::Avpublicerad),
        StateValue::DeletedByAuthority
        | StateValue::DeletedByAuthor
        | StateValue::RemovedByPlatform => Some(FactVisibility::Raderad),
        StateValue::Live | StateValue::HeldForModeration | StateValue::NotObserved => None,
    }
}

fn level(row: &AccountRow) -> Option<PreservationLevel> {
    match row.account.fields.get("bevarandeniva").map(String::as_str) {
        Some("oversiktsbild") => Some(PreservationLevel::Oversiktsbild),
        Some("unik_information") => Some(PreservationLevel::UnikInformation),
        Some("fullstandig") => Some(PreservationLevel::Fullstandig),
        Some(_) | None => None,
    }
}

/// Whether a direct message, whatever its kind.
pub(crate) fn is_direct(post: &Post) -> bool {
    post.kind == crate::model::post::PostKind::Message || post.visibility == Visibility::Direct
}

#[cfg(test)]
mod tests;
