//! The story that `bevara demo` tells: half a year of a municipality's accounts, told through the operations that every
//! verb uses, in a test archive whose clock it moves. Each expectation is checked where it arises.
#![expect(
    clippy::disallowed_methods,
    reason = "it makes the files that a municipality would download, outside the archive"
)]

mod disposal;
mod year;

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::app::App;
use crate::clock::Clock;
use crate::demo::Accounts;
use crate::demo::content::Site;
use crate::demo::tale::{CaptureLine, IngestLine, RefusedLine, Tale, VerifiedLine};
use crate::model::cadence::Slot;
use crate::model::id::{Alias, PersonId};
use crate::model::time::Instant;
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::snapshot::{Captured, Progress};
use crate::ops::verify::{self, Report};
use crate::ops::{ingest, init};

/// The fictional municipality's retention policy.
const POLICY: &str = include_str!("../../fixtures/policies/exempelkommun.toml");

/// Told how the story goes on.
pub trait Teller {
    /// A new day.
    fn day(&mut self, date: NaiveDate, title: &str);
    /// Something worth knowing about it.
    fn line(&mut self, text: &str);
    /// An account is being captured.
    fn capturing(&mut self, account: &str, number: usize, of: usize);
}

/// Everything that the story works with.
struct Stage<'a> {
    app: App,
    accounts: Accounts,
    teller: &'a mut dyn Teller,
    tale: Tale,
    /// Where exports, policy and receipts lie.
    sources: PathBuf,
    /// Where packages are put.
    packages: PathBuf,
    archivist: PersonId,
    second: PersonId,
    date: String,
}

/// Tells the story in `dir`, which must be empty or not there.
pub async fn tell(dir: &Path, teller: &mut dyn Teller) -> Result<Tale, OpsError> {
    let mut stage = found(dir, teller).await?;
    year::register(&mut stage).await?;
    year::new_year(&mut stage).await?;
    year::first_posts(&mut stage).await?;
    year::first_delivery(&mut stage).await?;
    year::major_change(&mut stage).await?;
    year::midsummer(&mut stage).await?;
    disposal::plan_to_record(&mut stage).await?;
    disposal::prove(&mut stage).await?;
    Ok(stage.tale)
}

/// Makes the directories, serves the accounts and makes the archive.
async fn found<'a>(dir: &Path, teller: &'a mut dyn Teller) -> Result<Stage<'a>, OpsError> {
    let (archive, sources, packages) = (dir.join("arkiv"), dir.join("underlag"), dir.join("paket"));
    for path in [&sources, &packages] {
        std::fs::create_dir_all(path).map_err(|source| OpsError::File {
            path: path.clone(),
            source,
        })?;
    }
    let policy = sources.join("exempelkommun.toml");
    write(&policy, POLICY.as_bytes())?;
    let (date, time) = moment("2026-12-10T09:00:00+01:00")?;
    teller.day(date, "Arkivet läggs upp");
    let accounts = Accounts::serve(date).await?;
    let new = init::NewMunicipality {
        name: accounts.municipality.name.clone(),
        org_nr: accounts.municipality.org_nr.clone(),
        policy: policy.display().to_string(),
        person: "Kim Exempel".to_owned(),
        origin: None,
        test: true,
    };
    let made = init::init(&archive, new, Clock::Fixed(time)).await?;
    let mut app = App::open(&archive, Clock::Fixed(time), Some(made.person.as_str())).await?;
    // The fictional accounts are on loopback, which no capture may reach unless told so.
    app.config.capture.allow_addresses = vec!["127.0.0.0/8".to_owned()];
    let mut tale = Tale::default();
    tale.places.archive = archive;
    tale.places.sources.clone_from(&sources);
    Ok(Stage {
        app,
        accounts,
        teller,
        tale,
        sources,
        packages,
        second: made.person.clone(),
        archivist: made.person,
        date: date.to_string(),
    })
}

impl Stage<'_> {
    /// Moves the clock, and the fictional accounts with it.
    fn on(&mut self, time: &str, title: &str) -> Result<NaiveDate, OpsError> {
        let (date, time) = moment(time)?;
        self.app.clock = Clock::Fixed(time);
        self.accounts.server.set_today(date);
        self.date = date.to_string();
        self.teller.day(date, title);
        Ok(date)
    }

    /// Whoever acts from here on; nobody where it is the scheduler.
    fn acting(&mut self, person: Option<&PersonId>) {
        self.app.person = person.map(PersonId::to_string);
    }

    fn site(&self, alias: &str) -> Result<Site, OpsError> {
        self.accounts
            .municipality
            .site(alias)
            .cloned()
            .ok_or_else(|| OpsError::unknown("account", alias))
    }

    /// Notes captures, and tells those that are not complete.
    fn captured(&mut self, captures: &[Captured], late: &[Alias]) {
        for capture in captures {
            let line = CaptureLine {
                date: self.date.clone(),
                account: capture.account.to_string(),
                verdict: word(&capture.verdict),
                reasons: capture
                    .reasons
                    .iter()
                    .map(|reason| reason.code().to_owned())
                    .collect(),
                posts: capture.counts.dom,
                met: capture.fills.len(),
                late: late.contains(&capture.account),
            };
            let reasons: Vec<&str> = capture
                .reasons
                .iter()
                .map(|reason| reason.swedish())
                .collect();
            if reasons.is_empty() {
                self.teller.line(&format!(
                    "{}: fullständig, {} inlägg{}",
                    line.account,
                    line.posts,
                    if line.late { ", försenad" } else { "" }
                ));
            } else {
                self.teller
                    .line(&format!("{}: {}", line.account, reasons.join("; ")));
            }
            self.tale.story.captures.push(line);
        }
    }

    /// Takes in a file for an account and notes what came of it.
    async fn take_in(&mut self, alias: &str, file: &Path) -> Result<(), OpsError> {
        let done = ingest::ingest(&mut self.app, &name(alias)?, &[file.to_owned()], None).await?;
        self.teller.line(&format!(
            "{alias}: {} poster i filen, {} nya inlägg, {} ändrade, {} som förut",
            done.claimed, done.added, done.changed, done.unchanged
        ));
        self.tale.story.ingests.push(IngestLine {
            date: self.date.clone(),
            account: alias.to_owned(),
            format: done.format,
            claimed: done.claimed,
            added: done.added,
            changed: done.changed,
            unchanged: done.unchanged,
            refused: done.refused.len(),
        });
        Ok(())
    }

    /// Notes slots that were recorded as missed.
    fn missed(&mut self, account: &str, slots: &[Slot]) {
        for slot in slots {
            self.teller.line(&format!(
                "{account}: ögonblicksbilden {} antecknas som utebliven",
                slot.due
            ));
            let line = format!("{account} {} {}", slot.rule, slot.due);
            self.tale.story.missed.push(line);
        }
    }

    /// Expects that something is not permitted, and notes the reason given.
    fn refused<T>(&mut self, tried: &str, result: Result<T, OpsError>) -> Result<(), OpsError> {
        match result {
            Err(error) if error.kind() == ErrorKind::NotPermitted => {
                self.teller.line(&format!("{tried}: vägras. {error}"));
                self.tale.story.refused.push(RefusedLine {
                    tried: tried.to_owned(),
                    reason: error.to_string(),
                });
                Ok(())
            }
            Err(error) => Err(error),
            Ok(_) => {
                self.tale.unexpected.push(format!("{tried}: gick igenom"));
                Ok(())
            }
        }
    }

    /// Verifies an archive or package as an auditor would, and notes what came of it.
    fn verify(&mut self, what: &str, path: &Path, level: u8) -> Result<Report, OpsError> {
        let request = verify::Request {
            path: path.to_owned(),
            level,
            subset: None,
            expected: None,
            prove: None,
            as_of: None,
            now: self.app.now(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        };
        let report = verify::verify(&request)?;
        let counts = report.counts;
        let codes = unexpected(report.hits.iter().map(|hit| hit.code));
        let bad = counts.bad + counts.missing + counts.unreadable;
        self.teller.line(&format!(
            "{what}: {} enheter hela, {} gallrade, {} undantagna, {bad} felaktiga",
            counts.ok, counts.disposed, counts.withheld
        ));
        self.tale
            .expect(&format!("{what}: felaktiga enheter"), &bad, &0);
        self.tale.expect(
            &format!("{what}: anmärkningar"),
            &codes,
            &Vec::<String>::new(),
        );
        self.tale.story.verified.push(VerifiedLine {
            what: what.to_owned(),
            level: report.level,
            ok: counts.ok,
            disposed: counts.disposed,
            bad,
            findings: codes,
        });
        Ok(report)
    }
}

/// Passes an account's turn on to the teller.
struct Turns<'a>(&'a mut dyn Teller);

impl Progress for Turns<'_> {
    fn started(&mut self, account: &Alias, number: usize, of: usize) {
        self.0.capturing(account.as_str(), number, of);
    }

    fn finished(&mut self, _captured: &Captured) {}
}

fn moment(time: &str) -> Result<(NaiveDate, Instant), OpsError> {
    let instant = Instant::parse_as_of(time)
        .map_err(|error| OpsError::part("the story's clock", ErrorKind::Problem, error))?;
    Ok((instant.stockholm_date(), instant))
}

fn name(alias: &str) -> Result<Alias, OpsError> {
    alias
        .parse()
        .map_err(|error| OpsError::part("the story's accounts", ErrorKind::Problem, error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), OpsError> {
    std::fs::write(path, bytes).map_err(|source| OpsError::File {
        path: path.to_owned(),
        source,
    })
}

/// An enum's word as the archive writes it.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

/// The codes without the note that a thread was on hold while other posts were disposed of (N004): the story places such
/// a hold, and the log alone cannot tell whether it covered them.
fn unexpected(codes: impl Iterator<Item = &'static str>) -> Vec<String> {
    codes
        .filter(|code| *code != "N004")
        .map(str::to_owned)
        .collect()
}
