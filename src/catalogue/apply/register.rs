//! People, accounts and policies.

use std::collections::BTreeMap;

use crate::catalogue::apply::{Applying, stored};
use crate::catalogue::{CatalogueError, document, text, word};
use crate::model::account::Account;
use crate::model::cadence::{CadencePeriod, CadenceRule};
use crate::model::entry::Body;
use crate::model::id::{HolderId, UnitNo};
use crate::model::person::PersonDetails;

impl Applying<'_, '_> {
    pub(super) async fn person(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::PersonChanged {
            person,
            role,
            active,
            ssh_key,
            record,
            ..
        } = body
        else {
            return Ok(());
        };
        let holder = HolderId::Record(record.clone());
        let details: Option<PersonDetails> =
            self.document(&holder, None, UnitNo(0), "person.json")?;
        let sql = "INSERT INTO person (id, role, active, ssh_key, name) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (id) DO UPDATE SET role = excluded.role, active = excluded.active,
                   ssh_key = excluded.ssh_key, name = excluded.name";
        let values = vec![
            person.as_str().into(),
            word(role).into(),
            i64::from(*active).into(),
            ssh_key.clone().into(),
            details.map(|details| details.name).into(),
        ];
        self.execute(sql, values).await
    }

    pub(super) async fn account(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::AccountChanged {
            account,
            alias,
            platform,
            status,
            opened,
            closed,
            policy_sha256,
            cadence,
            record,
            ..
        } = body
        else {
            return Ok(());
        };
        let holder = HolderId::Record(record.clone());
        let found: Option<Account> = self.document(&holder, None, UnitNo(0), "account.json")?;
        // A revision whose unit is gone still says what the log says.
        let revision = found.unwrap_or_else(|| Account {
            id: account.clone(),
            alias: alias.clone(),
            platform: *platform,
            url: String::new(),
            name: String::new(),
            status: *status,
            opened: *opened,
            closed: *closed,
            fields: BTreeMap::new(),
        });
        let known = self
            .one(
                "SELECT cadence FROM account WHERE id = $1",
                vec![account.as_str().into()],
            )
            .await?;
        let mut periods: Vec<CadencePeriod> = match known {
            Some(row) => document(&row, "cadence", "account")?,
            None => Vec::new(),
        };
        CadencePeriod::note(&mut periods, self.entry.time, cadence);
        let sql = "INSERT INTO account (id, alias, document, policy_sha256, cadence) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (id) DO UPDATE SET alias = excluded.alias, document = excluded.document,
                   policy_sha256 = excluded.policy_sha256, cadence = excluded.cadence";
        let values = vec![
            account.as_str().into(),
            alias.as_str().into(),
            stored(&revision)?.into(),
            policy_sha256.as_str().into(),
            stored(&periods)?.into(),
        ];
        self.execute(sql, values).await?;
        let sql =
            "INSERT INTO revision (seq, account, record, time, actor) VALUES ($1, $2, $3, $4, $5)";
        let values = vec![
            self.seq()?.into(),
            account.as_str().into(),
            record.as_str().into(),
            self.entry.time.to_string().into(),
            self.entry.actor.to_string().into(),
        ];
        self.execute(sql, values).await
    }

    pub(super) async fn policy(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::PolicyChange {
            policy_sha256,
            policy,
            version,
            executable,
            cadence,
            ..
        } = body
        else {
            return Ok(());
        };
        let sql = "INSERT INTO policy (sha256, seq, policy, version, executable, cadence) VALUES ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            policy_sha256.as_str().into(),
            self.seq()?.into(),
            policy.clone().into(),
            version.clone().into(),
            i64::from(*executable).into(),
            stored(cadence)?.into(),
        ];
        self.execute(sql, values).await?;
        self.adopt(policy_sha256.as_str(), cadence).await
    }

    /// A policy that is put in force counts for every account from its day on.
    async fn adopt(&self, sha256: &str, rules: &[CadenceRule]) -> Result<(), CatalogueError> {
        let accounts = self.all("SELECT id, cadence FROM account", vec![]).await?;
        for row in accounts {
            let mut periods: Vec<CadencePeriod> = document(&row, "cadence", "account")?;
            CadencePeriod::note(&mut periods, self.entry.time, rules);
            let sql = "UPDATE account SET policy_sha256 = $1, cadence = $2 WHERE id = $3";
            let values = vec![
                sha256.into(),
                stored(&periods)?.into(),
                text(&row, "id")?.into(),
            ];
            self.execute(sql, values).await?;
        }
        Ok(())
    }
}
