//! Approvals against their proof: what the record says is what the log says, and a signature was made by the key that the
//! approver was registered with at that time, which is nobody else's.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::{ReadError, View};
use crate::disposal::signature;
use crate::evidence::codes;
use crate::evidence::history::{History, entry_path};
use crate::evidence::report::Hit;
use crate::model::entry::{ApprovalProof, Body, Entry};
use crate::model::id::{HolderId, PersonId, RecordId, UnitNo};
use crate::model::json;
use crate::model::plan::ApprovalJson;
use crate::ops::verify::{MOST, fault_of};

/// The unit of an approval.
const PROOF: UnitNo = UnitNo(0);

/// Keys that the log has registered so far.
#[derive(Debug, Default)]
struct Keys<'a> {
    now: BTreeMap<&'a PersonId, &'a str>,
    ever: BTreeMap<&'a str, BTreeSet<&'a PersonId>>,
}

/// Checks every key and every approval that is here.
pub(super) fn check(view: &View, history: &History) -> Vec<Hit> {
    let mut keys = Keys::default();
    let mut planners: BTreeMap<&RecordId, &PersonId> = BTreeMap::new();
    let mut hits = Vec::new();
    for entry in &history.entries {
        match &entry.body {
            Some(Body::PersonChanged {
                person, ssh_key, ..
            }) => {
                let path = format!("{}{}", view.data(), entry_path(entry.seq));
                hits.extend(keys.take_in(person, ssh_key.as_deref(), path));
            }
            Some(Body::Plan { plan, planner, .. }) => {
                planners.insert(plan, planner);
            }
            Some(body @ Body::Approval { plan, .. }) => {
                let planner = planners.get(plan).copied();
                hits.extend(approval(view, (entry, body), planner, &keys));
            }
            Some(_) | None => {}
        }
    }
    hits
}

impl<'a> Keys<'a> {
    fn take_in(&mut self, person: &'a PersonId, key: Option<&'a str>, path: String) -> Option<Hit> {
        let Some(key) = key else {
            self.now.remove(person);
            return None;
        };
        self.now.insert(person, key);
        let holders = self.ever.entry(key).or_default();
        holders.insert(person);
        (holders.len() > 1).then(|| {
            let message =
                format!("Personen {person} är upplagd med en nyckel som hör eller har hört till någon annan.");
            Hit::at(codes::KEY_SHARED, path, message)
        })
    }

    fn is_held(&self, key: &str, person: &PersonId) -> bool {
        self.ever
            .get(key)
            .is_some_and(|holders| holders.contains(person))
    }
}

/// One approval. In a package its record may be left out; whether it may is for the scope to tell.
fn approval(
    view: &View,
    (entry, body): (&Entry, &Body),
    planner: Option<&PersonId>,
    keys: &Keys<'_>,
) -> Vec<Hit> {
    let Body::Approval {
        plan,
        digest_sha256,
        approver,
        proof,
        executable_from,
        expires,
        record,
        ..
    } = body
    else {
        return Vec::new();
    };
    let dir = format!("{}records/{record}/units/{PROOF}", view.data());
    let holder = HolderId::Record(record.clone());
    let fault = |code, name: &str, message: String| {
        Hit::at(code, format!("{dir}/{name}"), message).in_unit(&holder, Some(PROOF))
    };
    let bytes = match view.read(&format!("{dir}/approval.json"), MOST) {
        Ok(bytes) => bytes,
        // That a unit is missing is told where units are checked.
        Err(ReadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Vec::new();
        }
        Err(error) => return vec![fault_of(&error, format!("{dir}/approval.json"))],
    };
    let json: ApprovalJson = match json::from_slice(&bytes) {
        Ok(json) => json,
        Err(error) => {
            let message = format!("Godkännandet kan inte läsas: {error}.");
            return vec![fault(codes::DOCUMENT_FORM, "approval.json", message)];
        }
    };
    let mut hits = Vec::new();
    let same = json.plan == *plan
        && json.digest_sha256 == *digest_sha256
        && json.approver == *approver
        && json.proof == *proof
        && json.executable_from == *executable_from
        && json.expires == *expires;
    if !same {
        let message = format!(
            "Godkännandet säger något annat än dess loggpost ({}).",
            entry.seq
        );
        hits.push(fault(codes::APPROVAL_DIFFERS, "approval.json", message));
    }
    match proof {
        ApprovalProof::Decision => {
            if json
                .decision
                .as_ref()
                .is_none_or(|text| text.trim().is_empty())
            {
                let message = "Godkännandet hänvisar inte till något beslut.".to_owned();
                hits.push(fault(codes::APPROVAL_PROOF, "approval.json", message));
            }
        }
        ApprovalProof::Signature => {
            let told = match view.read(&format!("{dir}/approval.sig"), MOST) {
                Ok(armour) => keys.signed((approver, planner), digest_sha256, &armour),
                Err(error) => Err(format!("Signaturen kan inte läsas: {error}.")),
            };
            if let Err(message) = told {
                hits.push(fault(codes::APPROVAL_PROOF, "approval.sig", message));
            }
        }
    }
    hits
}

impl Keys<'_> {
    /// Whether a signature proves the approver's approval; else the Swedish sentence that says why not.
    fn signed(
        &self,
        (approver, planner): (&PersonId, Option<&PersonId>),
        digest: &crate::model::digest::Sha256Hex,
        armour: &[u8],
    ) -> Result<(), String> {
        let key = self.now.get(approver).ok_or_else(|| {
            format!("Personen {approver} hade ingen registrerad nyckel när planen godkändes.")
        })?;
        if planner.is_some_and(|planner| self.is_held(key, planner)) {
            return Err("Nyckeln hör eller har hört till den som gjorde planen.".to_owned());
        }
        let armour = std::str::from_utf8(armour)
            .map_err(|_utf8| signature::SignatureError::Form.to_string())?;
        signature::check(key, digest, armour).map_err(|error| error.to_string())
    }
}
