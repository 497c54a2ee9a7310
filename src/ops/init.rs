//! A new archive: store, genesis, key, first policy, first person.

use std::path::Path;

use crate::app::App;
use crate::clock::Clock;
use crate::config::NEW_CONFIG;
use crate::model::account::is_org_nr;
use crate::model::entry::{Actor, Body};
use crate::model::finding::Finding;
use crate::model::id::{ArchiveId, HolderId, PersonId};
use crate::model::person::Role;
use crate::model::record::STORE_VERSION;
use crate::model::time::Instant;
use crate::ops::error::OpsError;
use crate::ops::person;
use crate::ops::policy::{self, Loaded};
use crate::store::founding::{Founding, NewArchive};
use crate::store::lock;

/// Whose archive.
#[derive(Clone, Debug)]
pub struct NewMunicipality {
    /// Name.
    pub name: String,
    /// Organisation number.
    pub org_nr: String,
    /// Id of a shipped policy, or a file.
    pub policy: String,
    /// Name of the first person.
    pub person: String,
    /// Name of the log; `None`: `bevara/<archive id>`.
    pub origin: Option<String>,
    /// Whether it is a test archive.
    pub test: bool,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The archive.
    pub archive: ArchiveId,
    /// When.
    pub time: Instant,
    /// The log's name.
    pub origin: String,
    /// The first person.
    pub person: PersonId,
    /// What hinders the policy.
    pub findings: Vec<Finding>,
}

/// Makes an archive in `dir`: genesis, the first person (role arkivarie), and the policy in force. An attempt that is
/// interrupted leaves nothing that opens as an archive, and can be made again.
pub async fn init(dir: &Path, new: NewMunicipality, clock: Clock) -> Result<Made, OpsError> {
    let policy = checked(&new, clock)?;
    let time = clock.now();
    let archive = ArchiveId::random();
    let origin = match new.origin {
        Some(origin) => origin,
        None => format!("bevara/{archive}"),
    };
    let genesis = Body::Genesis {
        archive: archive.clone(),
        name: new.name.trim().to_owned(),
        org_nr: new.org_nr,
        origin: origin.clone(),
        test: new.test,
        store_version: STORE_VERSION.to_owned(),
        vkey: String::new(),
    };
    let mut founding = Founding::begin(
        dir,
        NewArchive {
            config: NEW_CONFIG,
            genesis,
            origin: &origin,
            actor: Actor::System,
            time,
        },
    )?;
    let person = PersonId::random();
    let store = founding.store();
    let policy_sha256 = store.keep_policy(&policy.text)?;
    let stage = store.stage("person")?;
    let (record, sealed) = person::sealed(stage, new.person.trim().to_owned(), time)?;
    let mut writer = store.lock(lock::WAIT)?;
    let holder = HolderId::Record(record.clone());
    let first = person.clone();
    // Who made the archive was nobody in it before this entry.
    writer.commit((&holder, None), sealed, (&Actor::System, time), |sealed| {
        Body::PersonChanged {
            person: first,
            role: Role::Arkivarie,
            active: true,
            ssh_key: None,
            record,
            sealed,
        }
    })?;
    let findings = policy.policy.hindrances(time.stockholm_date());
    let body = Body::PolicyChange {
        policy_sha256,
        policy: policy.policy.id.clone(),
        version: policy.policy.version.clone(),
        executable: policy.policy.is_executable(time.stockholm_date()),
        cadence: policy.policy.cadence.clone(),
        replaces_sha256: None,
    };
    writer.append(body, &Actor::Person(person.clone()), time)?;
    drop(writer);
    founding.finish()?;
    // The catalogue is made here, so that no two verbs make it at once.
    App::open(dir, clock, None).await?;
    Ok(Made {
        archive,
        time,
        origin,
        person,
        findings,
    })
}

fn checked(new: &NewMunicipality, clock: Clock) -> Result<Loaded, OpsError> {
    if clock.is_given() && !new.test {
        return Err(OpsError::usage(
            "--as-of cannot be used to make a real archive",
            "leave --as-of out, or make a test archive with --test-archive",
        ));
    }
    for (option, text) in [("--name", &new.name), ("--person", &new.person)] {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(OpsError::usage(
                format!("{option} is empty or holds control characters"),
                format!("write {option} \"Exempel\""),
            ));
        }
    }
    if !is_org_nr(&new.org_nr) {
        return Err(OpsError::usage(
            format!("\"{}\" is not an organisation number", new.org_nr),
            "write NNNNNN-NNNN; the last digit is a check digit",
        ));
    }
    if let Some(origin) = new.origin.as_ref().filter(|origin| !is_origin(origin)) {
        return Err(OpsError::usage(
            format!("\"{origin}\" cannot be the log's name"),
            "use 1 to 100 printable ASCII characters without space and +, such as exempelkommun.se/bevara",
        ));
    }
    policy::find(&new.policy)
}

/// Key names of signed notes are not empty and hold neither white space nor `+` (C2SP signed-note).
fn is_origin(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'+')
}
