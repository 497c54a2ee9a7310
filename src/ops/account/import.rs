//! The import of a register that the municipality already keeps. Every row is checked before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::app::App;
use crate::catalogue::AccountRow;
use crate::model::account::{Account, AccountStatus, FieldError, Platform};
use crate::model::entry::Actor;
use crate::model::finding::Finding;
use crate::model::id::{AccountId, Alias};
use crate::model::person::Role;
use crate::ops::account::table::{self, Row, fault};
use crate::ops::account::{WHAT, findings, least_administrators, write};
use crate::ops::error::OpsError;
use crate::ops::person::acting;

/// Largest file taken: far more than the register of any municipality.
const LARGEST: u64 = 16 << 20;

/// What an import came to. With faults nothing was written.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// New accounts.
    pub added: Vec<Alias>,
    /// Accounts with a new revision.
    pub changed: Vec<Alias>,
    /// Accounts that say the same already.
    pub unchanged: Vec<Alias>,
    /// What is wrong with the file.
    pub faults: Vec<Finding>,
    /// What is missing or doubtful about the accounts.
    pub findings: Vec<Finding>,
}

/// Takes in `file`. A row of a known alias changes what its cells say and leaves the rest; a second import of the same
/// file writes nothing.
pub async fn import(app: &mut App, file: &Path) -> Result<Imported, OpsError> {
    let by = Actor::Person(acting(app, Role::may_administer, WHAT).await?);
    let failed = |source| OpsError::File {
        path: file.to_owned(),
        source,
    };
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > LARGEST {
        return Err(OpsError::Problem(format!(
            "{} is larger than 16 MiB and no register",
            file.display()
        )));
    }
    let bytes = std::fs::read(file).map_err(failed)?;
    let name = file.file_name().map_or_else(
        || file.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    let faults = |faults| Imported {
        faults,
        ..Imported::default()
    };
    let rows = match table::read(&name, &bytes) {
        Ok(rows) => rows,
        Err(found) => return Ok(faults(found)),
    };
    let known = app.catalogue.accounts().await?;
    let today = app.now().stockholm_date();
    let accounts = match accounts(&name, &rows, &known, today) {
        Ok(accounts) => accounts,
        Err(found) => return Ok(faults(found)),
    };
    let mut imported = Imported::default();
    for account in accounts {
        commit(app, account, &by, &mut imported).await?;
    }
    let known = app.catalogue.accounts().await?;
    let least = least_administrators(app).await?;
    for row in &known {
        let alias = &row.account.alias;
        if imported.added.contains(alias) || imported.changed.contains(alias) {
            let found = findings(&row.account, &known, least);
            imported.findings.extend(found);
        }
    }
    Ok(imported)
}

async fn commit(
    app: &mut App,
    mut account: Account,
    by: &Actor,
    imported: &mut Imported,
) -> Result<(), OpsError> {
    let stage = app.store.stage("account")?;
    let mut session = app.begin().await?;
    let before = session.catalogue.account(&account.alias).await?;
    let alias = account.alias.clone();
    match before {
        Some(row) if row.account == account => {
            imported.unchanged.push(alias);
            return Ok(());
        }
        Some(row) if row.account.id == account.id => imported.changed.push(alias),
        Some(_) => {
            return Err(OpsError::Problem(format!(
                "the account \"{alias}\" was added by another process in the meantime; run the import again"
            )));
        }
        None => {
            account.opened = session.time().stockholm_date();
            imported.added.push(alias);
        }
    }
    write(&mut session, stage, &account, by).await
}

/// The accounts as they are to be, or everything that is wrong with the rows.
fn accounts(
    name: &str,
    rows: &[Row],
    known: &[AccountRow],
    today: chrono::NaiveDate,
) -> Result<Vec<Account>, Vec<Finding>> {
    let mut faults = Vec::new();
    let mut accounts = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        let mut wrong = |field: &str, message: String| {
            faults.push(fault(name, row.line, field, message));
        };
        let Some(alias) = alias(row, &mut wrong) else {
            continue;
        };
        if !seen.insert(alias.clone()) {
            wrong("alias", format!("\"{alias}\" står två gånger i filen"));
            continue;
        }
        let before = known
            .iter()
            .map(|known| &known.account)
            .find(|account| account.alias == alias);
        let base = before
            .cloned()
            .or_else(|| first(alias, row, today, &mut wrong));
        if let Some(account) = base.and_then(|base| filled(base, row, before, &mut wrong)) {
            accounts.push(account);
        }
    }
    if faults.is_empty() {
        Ok(accounts)
    } else {
        Err(faults)
    }
}

type Wrong<'a> = dyn FnMut(&str, String) + 'a;

fn alias(row: &Row, wrong: &mut Wrong<'_>) -> Option<Alias> {
    match row.cells.get("alias").map(|text| text.parse::<Alias>()) {
        Some(Ok(alias)) => Some(alias),
        Some(Err(error)) => {
            wrong("alias", error.to_string());
            None
        }
        None => {
            wrong("alias", "uppgiften saknas".to_owned());
            None
        }
    }
}

fn platform(text: &str) -> Option<Platform> {
    Platform::ALL
        .into_iter()
        .find(|platform| platform.as_str() == text.to_lowercase())
}

/// A new account from a row.
fn first(
    alias: Alias,
    row: &Row,
    today: chrono::NaiveDate,
    wrong: &mut Wrong<'_>,
) -> Option<Account> {
    for field in ["plattform", "url"] {
        if !row.cells.contains_key(field) {
            wrong(field, "uppgiften saknas".to_owned());
        }
    }
    let platform = row.cells.get("plattform").map(|text| platform(text));
    let url = row.cells.get("url")?;
    Some(Account {
        id: AccountId::random(),
        name: alias.to_string(),
        alias,
        // A wrong word is reported by `filled`; what stands here then goes nowhere.
        platform: platform?.unwrap_or(Platform::Annan),
        url: url.clone(),
        status: AccountStatus::Aktiv,
        opened: today,
        closed: None,
        fields: BTreeMap::new(),
    })
}

/// The account with what the row says.
fn filled(
    mut account: Account,
    row: &Row,
    before: Option<&Account>,
    wrong: &mut Wrong<'_>,
) -> Option<Account> {
    let mut right = true;
    let mut fault = |field: &str, message: String| {
        right = false;
        wrong(field, message);
    };
    for (field, value) in &row.cells {
        match field.as_str() {
            "alias" => {}
            "plattform" => match platform(value) {
                Some(platform) if platform == account.platform => {}
                Some(_) => fault(
                    field,
                    format!("kontot finns redan på {}", account.platform.as_str()),
                ),
                None => fault(field, format!("\"{value}\" är ingen av {}", words())),
            },
            "url" => account.url.clone_from(value),
            "kontonamn" => account.name.clone_from(value),
            "status" => match status(value, before) {
                Ok(status) => account.status = status,
                Err(message) => fault(field, message),
            },
            name => {
                if let Err(error) = account.set_field(name, value) {
                    fault(name, error.to_string());
                }
            }
        }
    }
    for error in account.faults() {
        let field = match &error {
            FieldError::Unknown { name, .. }
            | FieldError::Form { name, .. }
            | FieldError::Empty { name } => name.clone(),
        };
        fault(&field, error.to_string());
    }
    right.then_some(account)
}

fn words() -> String {
    Platform::ALL.map(Platform::as_str).join(", ")
}

/// An import opens and closes nothing: an account is closed by `close`, and never opened again.
fn status(text: &str, before: Option<&Account>) -> Result<AccountStatus, String> {
    let all = [
        AccountStatus::Planerad,
        AccountStatus::Aktiv,
        AccountStatus::Vilande,
        AccountStatus::Avslutad,
        AccountStatus::Raderad,
    ];
    let word = text.to_lowercase();
    let Some(status) = all.into_iter().find(|status| status.as_str() == word) else {
        let words = all.map(AccountStatus::as_str).join(", ");
        return Err(format!("\"{text}\" är ingen av {words}"));
    };
    let was_open = before.is_none_or(|before| before.status.is_open());
    if status.is_open() == was_open {
        return Ok(status);
    }
    Err(if was_open {
        "ett öppet konto avslutas med bevara account close".to_owned()
    } else {
        "ett avslutat konto öppnas inte igen".to_owned()
    })
}
