//! People who act: added, changed, listed. The name lies in a unit of a record; the log has id, role and key.

use std::path::Path;

use crate::app::{App, Session, record_json};
use crate::catalogue::{Catalogue, PersonRow};
use crate::model::entry::{Actor, Body};
use crate::model::id::{PersonId, RecordId, UnitNo};
use crate::model::person::{PersonDetails, Role};
use crate::model::record::RecordKind;
use crate::model::time::Instant;
use crate::ops::entries;
use crate::ops::error::OpsError;
use crate::store::stage::{SealedStage, Stage};

/// A person's whole state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonChange {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Whether the person may act.
    pub active: bool,
    /// SSH public key as in `id_ed25519.pub`.
    pub ssh_key: Option<String>,
}

/// What is to change about a person; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PersonPatch {
    /// Name.
    pub name: Option<String>,
    /// Role.
    pub role: Option<Role>,
    /// Whether the person may act.
    pub active: Option<bool>,
    /// SSH public key as in `id_ed25519.pub`.
    pub ssh_key: Option<String>,
}

/// Adds a person and returns the new id.
pub async fn add(app: &mut App, change: PersonChange) -> Result<PersonId, OpsError> {
    let by = acting(app, Role::may_administer, "lägga till personer").await?;
    let person = PersonId::random();
    let stage = app.store.stage("person")?;
    let root = app.store.root().to_owned();
    let mut session = app.begin().await?;
    let change = checked(&keys_held(&root)?, &person, change)?;
    write(&mut session, stage, &person, change, &Actor::Person(by)).await?;
    Ok(person)
}

/// Changes a person. Returns whether anything was another way before.
pub async fn set(app: &mut App, person: &PersonId, patch: PersonPatch) -> Result<bool, OpsError> {
    let by = acting(app, Role::may_administer, "ändra personer").await?;
    let stage = app.store.stage("person")?;
    let root = app.store.root().to_owned();
    let mut session = app.begin().await?;
    let everyone = session.catalogue.persons().await?;
    let row = find(&everyone, person)?;
    let change = PersonChange {
        name: match patch.name.or_else(|| row.name.clone()) {
            Some(name) => name,
            None => {
                return Err(OpsError::usage(
                    format!("the name of {person} was disposed of"),
                    "give a name with --name",
                ));
            }
        },
        role: patch.role.unwrap_or(row.role),
        active: patch.active.unwrap_or(row.active),
        ssh_key: patch.ssh_key.or_else(|| row.ssh_key.clone()),
    };
    let change = checked(&keys_held(&root)?, person, change)?;
    let before = PersonChange {
        name: row.name.clone().unwrap_or_default(),
        role: row.role,
        active: row.active,
        ssh_key: row.ssh_key.clone(),
    };
    if change == before {
        return Ok(false);
    }
    let administers = |row: &PersonRow| row.active && row.role.may_administer();
    let keeps = change.active && change.role.may_administer();
    if administers(row) && !keeps && everyone.iter().filter(|row| administers(row)).count() == 1 {
        return Err(OpsError::not_permitted(
            "Den sista aktiva arkivarien kan inte tas bort: ingen skulle kunna förvalta arkivet.",
        ));
    }
    write(&mut session, stage, person, change, &Actor::Person(by)).await?;
    Ok(true)
}

/// Everyone who may or might act, by name.
pub async fn list(app: &App) -> Result<Vec<PersonRow>, OpsError> {
    Ok(app.catalogue.persons().await?)
}

/// A person record with the name in it.
pub(crate) fn sealed(
    stage: Stage,
    name: String,
    time: Instant,
) -> Result<(RecordId, SealedStage), OpsError> {
    let record = RecordId::new(time);
    stage.write_json(UnitNo(0), "person.json", &PersonDetails { name })?;
    let description = record_json(&record, RecordKind::Person, time);
    let sealed = stage.seal("record", &description)?;
    Ok((record, sealed))
}

/// Writes a person record and its entry.
async fn write(
    session: &mut Session<'_>,
    stage: Stage,
    person: &PersonId,
    change: PersonChange,
    actor: &Actor,
) -> Result<(), OpsError> {
    let (record, sealed) = sealed(stage, change.name, session.time())?;
    let (role, active, ssh_key) = (change.role, change.active, change.ssh_key);
    let (id, person) = (record.clone(), person.clone());
    session
        .commit_record(&record, sealed, actor, |sealed| Body::PersonChanged {
            person,
            role,
            active,
            ssh_key,
            record: id,
            sealed,
        })
        .await?;
    Ok(())
}

/// The person named with `--as`, who must be active and whose role must allow what is about to be done.
pub async fn acting(
    app: &App,
    allowed: fn(Role) -> bool,
    what: &str,
) -> Result<PersonId, OpsError> {
    acting_in(&app.catalogue, app.person.as_deref(), allowed, what).await
}

/// The same on a catalogue alone: under the lock, where the answer must still hold.
pub(crate) async fn acting_in(
    catalogue: &Catalogue,
    person: Option<&str>,
    allowed: fn(Role) -> bool,
    what: &str,
) -> Result<PersonId, OpsError> {
    let Some(name) = person else {
        return Err(OpsError::usage(
            "this needs a person",
            "name yourself with --as PERSON or BEVARA_PERSON",
        ));
    };
    let id: PersonId = name.parse().map_err(|error| {
        OpsError::usage(format!("{error}"), "`bevara person list` shows the ids")
    })?;
    let everyone = catalogue.persons().await?;
    let row = find(&everyone, &id)?;
    if !row.active {
        return Err(OpsError::not_permitted(format!(
            "Personen {id} är inte längre aktiv."
        )));
    }
    if !allowed(row.role) {
        return Err(OpsError::not_permitted(format!(
            "Rollen {} får inte {what}.",
            row.role.as_str()
        )));
    }
    Ok(id)
}

/// The person named with `--as`, or the system where nobody is named (captures from cron).
pub async fn acting_or_system(app: &App) -> Result<Actor, OpsError> {
    if app.person.is_none() {
        return Ok(Actor::System);
    }
    Ok(Actor::Person(
        acting(app, Role::may_write, "skriva i arkivet").await?,
    ))
}

fn find<'a>(everyone: &'a [PersonRow], person: &PersonId) -> Result<&'a PersonRow, OpsError> {
    everyone
        .iter()
        .find(|row| row.person == *person)
        .ok_or_else(|| OpsError::unknown("person", person))
}

/// Every SSH key that a person is or was registered with, with the person, in the log's order.
pub(crate) fn keys_held(root: &Path) -> Result<Vec<(PersonId, String)>, OpsError> {
    let mut keys = Vec::new();
    for seq in 0.. {
        let Some(entry) = entries::entry(root, seq)? else {
            break;
        };
        if let Some(Body::PersonChanged {
            person,
            ssh_key: Some(key),
            ..
        }) = entry.body
        {
            keys.push((person, key));
        }
    }
    Ok(keys)
}

/// Checks name and key; a key that another person holds or has held is refused, for two persons are not one with two
/// names.
fn checked(
    held: &[(PersonId, String)],
    person: &PersonId,
    mut change: PersonChange,
) -> Result<PersonChange, OpsError> {
    change.name = change.name.trim().to_owned();
    if change.name.is_empty() || change.name.chars().any(char::is_control) {
        return Err(OpsError::usage(
            "the person's name is empty or holds control characters",
            "write --name \"Kim Exempel\"",
        ));
    }
    if let Some(key) = &change.ssh_key {
        let bare = bare_key(key)?;
        if let Some((other, _)) = held
            .iter()
            .find(|(other, key)| other != person && *key == bare)
        {
            return Err(OpsError::not_permitted(format!(
                "Nyckeln hör eller har hört till personen {other}."
            )));
        }
        change.ssh_key = Some(bare);
    }
    Ok(change)
}

/// Algorithm and key without the comment, which may be a name.
fn bare_key(text: &str) -> Result<String, OpsError> {
    let wrong = || {
        OpsError::usage(
            "the SSH key is not an Ed25519 public key",
            "give the line of a file such as ~/.ssh/id_ed25519.pub",
        )
    };
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (Some("ssh-ed25519"), Some(data)) => {
            let bare = format!("ssh-ed25519 {data}");
            match ssh_key::PublicKey::from_openssh(&bare) {
                // Written anew, so that one key has one spelling.
                Ok(key) => match ssh_key::PublicKey::from(key.key_data().clone()).to_openssh() {
                    Ok(text) => Ok(text.trim().to_owned()),
                    Err(_form) => Err(wrong()),
                },
                Err(_form) => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}
