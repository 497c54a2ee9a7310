//! People who act: added, changed, listed. The name lies in a unit of a record; the log has id, role and key.

use crate::app::{App, Session, record_json};
use crate::catalogue::PersonRow;
use crate::model::entry::{Actor, Body};
use crate::model::id::{PersonId, RecordId, UnitNo};
use crate::model::person::{PersonDetails, Role};
use crate::model::record::RecordKind;
use crate::ops::error::OpsError;
use crate::store::stage::Stage;

/// A person's new state.
#[derive(Clone, Debug)]
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

/// Adds a person and returns the new id.
pub async fn add(app: &mut App, change: PersonChange) -> Result<PersonId, OpsError> {
    let by = acting(app, Role::may_administer, "lägga till personer").await?;
    let person = PersonId::random();
    let change = checked(app, &person, change).await?;
    let stage = app.store.stage("person")?;
    let mut session = app.begin().await?;
    write(&mut session, stage, &person, change, &Actor::Person(by)).await?;
    Ok(person)
}

/// Changes a person.
pub async fn set(app: &mut App, person: &PersonId, change: PersonChange) -> Result<(), OpsError> {
    let by = acting(app, Role::may_administer, "ändra personer").await?;
    let change = checked(app, person, change).await?;
    let stage = app.store.stage("person")?;
    let mut session = app.begin().await?;
    write(&mut session, stage, person, change, &Actor::Person(by)).await
}

/// Everyone who may or might act, by name.
pub async fn list(app: &App) -> Result<Vec<PersonRow>, OpsError> {
    Ok(app.catalogue.persons().await?)
}

/// Writes a person record and its entry.
pub(crate) async fn write(
    session: &mut Session<'_>,
    stage: Stage,
    person: &PersonId,
    change: PersonChange,
    actor: &Actor,
) -> Result<(), OpsError> {
    let record = RecordId::new(session.time());
    stage.write_json(
        UnitNo(0),
        "person.json",
        &PersonDetails { name: change.name },
    )?;
    let sealed = stage.seal(
        "record",
        &record_json(&record, RecordKind::Person, session.time()),
    )?;
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
    let Some(name) = &app.person else {
        return Err(OpsError::usage(
            "this needs a person",
            "name yourself with --as PERSON or BEVARA_PERSON",
        ));
    };
    let id: PersonId = name.parse().map_err(|error| {
        OpsError::usage(format!("{error}"), "`bevara person list` shows the ids")
    })?;
    let row = list(app)
        .await?
        .into_iter()
        .find(|row| row.person == id)
        .ok_or_else(|| OpsError::unknown("person", &id))?;
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

/// Checks name and key; a key that another person holds is refused, for two persons are not one with two names.
async fn checked(
    app: &App,
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
        if let Some(other) = list(app)
            .await?
            .iter()
            .find(|row| row.person != *person && row.ssh_key.as_deref() == Some(&bare))
        {
            return Err(OpsError::not_permitted(format!(
                "Nyckeln hör redan till personen {}.",
                other.person
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
            ssh_key::PublicKey::from_openssh(&bare).map_err(|_| wrong())?;
            Ok(bare)
        }
        _ => Err(wrong()),
    }
}
