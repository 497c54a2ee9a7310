//! The disposal record (gallringsprotokoll) as data: what was disposed of, on what ground, by whom, and what remains.
//! No text, author, key or picture of what is gone; posts are named by unit and salted commitment alone.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::digest::{DigestPair, Sha256Hex};
use crate::model::entry::{ApprovalProof, Tombstone};
use crate::model::id::{AccountId, Alias, CaptureId, PersonId, RecordId, UnitRef};
use crate::model::time::Instant;

/// `protocol.json`. Keys are Swedish, as in the archive world's own field lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolJson {
    /// Version of this document.
    pub v: String,
    /// Which record this is.
    pub identitet: Identity,
    /// Its legal ground.
    pub stod: Ground,
    /// What was chosen and what was left out.
    pub urval: Selection,
    /// Who decided.
    pub beslut: Approval,
    /// How it was carried out.
    pub verkstallande: Execution,
    /// What proves it.
    pub bevis: Evidence,
    /// What becomes of copies in backups.
    pub sakerhetskopior: String,
}

/// `identitet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Identity {
    pub protokoll_nr: RecordId,
    /// Given by the registry once the record is filed there; the program does not know it.
    #[serde(default)]
    pub dnr: Option<String>,
    #[serde(default)]
    pub arkivmyndighet: Option<String>,
    pub plan: RecordId,
    pub arkivbildare: String,
    pub org_nr: String,
    pub namnder: Vec<String>,
    pub upprattat: Instant,
    pub programversion: String,
    pub policy: String,
    pub policyfil_sha256: Sha256Hex,
    pub provarkiv: bool,
}

/// `stod`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Ground {
    pub gallringsbeslut: Vec<DecisionRef>,
    pub tillampningsbeslut: Vec<DecisionRef>,
    pub lagrum: Vec<String>,
}

/// A decision referred to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct DecisionRef {
    pub id: String,
    pub titel: String,
    pub instans: Option<String>,
    pub datum: Option<NaiveDate>,
    pub paragraf: Option<String>,
    pub diarienummer: Option<String>,
    /// Records from that day on.
    #[serde(default)]
    pub galler_fran: Option<NaiveDate>,
}

/// `urval`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Selection {
    pub bedomt_per: NaiveDate,
    pub konton: Vec<AccountPart>,
    pub handlingstyper: BTreeMap<String, u64>,
    pub period_fran: Option<String>,
    pub period_till: Option<String>,
    pub regler: Vec<RulePart>,
    pub antal_kandidater: u64,
    pub antal_undantagna: BTreeMap<String, u64>,
}

/// How much of an account was disposed of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct AccountPart {
    pub konto_id: AccountId,
    pub alias: Alias,
    pub plattform: String,
    pub handlingstyp: Option<String>,
    pub klassificering: Option<String>,
    pub plan_rad: Option<String>,
    pub antal_gallrade: u64,
    pub antal_fore: u64,
}

/// A rule that permitted disposal, and how its period is reckoned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct RulePart {
    pub regel: String,
    pub rubrik: String,
    pub handelser: Vec<String>,
    pub frist: Option<String>,
    pub antal: u64,
}

/// `beslut`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Approval {
    pub foreslagen_av: PersonId,
    pub foreslagen: Instant,
    pub godkand_av: PersonId,
    pub godkand: Instant,
    pub godkannande: RecordId,
    pub bevisform: ApprovalProof,
    pub beslutsreferens: Option<String>,
    pub planens_sha256: Sha256Hex,
    pub karens_dagar: u32,
    pub verkstallbar_fran: Instant,
    pub ersatter_plan: Option<RecordId>,
    pub manuellt_undantagna: u64,
    #[serde(default)]
    pub stickprov: Option<SamplePart>,
}

/// `stickprov`: what the approver read of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct SamplePart {
    pub antal: u64,
    pub utfall: String,
}

/// `verkstallande`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Execution {
    pub start: Instant,
    pub slut: Instant,
    pub utford_av: PersonId,
    pub metod: String,
    pub antal_gallrade: u64,
    pub antal_gallringsenheter: u64,
    pub bytes: u64,
    pub fullstandig: bool,
    pub mal: Vec<Target>,
    pub kvarhallna: Vec<HeldBack>,
    pub kvarstar: Vec<Remaining>,
}

/// A place that copies were removed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Target {
    pub mal: String,
    pub antal: Option<u64>,
    pub verifierad: bool,
    pub anmarkning: String,
}

/// A post of the plan that was not disposed of, and what stood in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct HeldBack {
    pub enheter: Vec<UnitRef>,
    pub orsaker: Vec<String>,
}

/// A place where what was disposed of may still be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Remaining {
    pub var: RemainingPlace,
    pub konto_id: AccountId,
    pub fangst: Option<CaptureId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paket: Option<RecordId>,
    pub anmarkning: String,
}

/// What kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemainingPlace {
    /// A preserved page capture.
    BevaradSidfangst,
    /// A package that was delivered before.
    LevereratPaket,
    /// The platform itself.
    Plattform,
}

/// `bevis`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Evidence {
    pub objektlista: Vec<Tombstone>,
    pub forsta_loggpost: u64,
    pub sista_loggpost: u64,
    pub merkle_root_fore: Sha256Hex,
    pub merkle_root_efter: Sha256Hex,
    pub ersattande_bevarade_bilder: Vec<Picture>,
    pub genomsokning: Scan,
}

/// A preserved capture that shows what the account looked like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Picture {
    pub konto_id: AccountId,
    pub fangst: CaptureId,
    pub tagen: Instant,
    pub lista: DigestPair,
}

/// What the search for residue found, made while the plaintexts were still at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are the field list of a gallringsprotokoll"
)]
pub struct Scan {
    pub filer: u64,
    pub bytes: u64,
    pub sokta_former: u64,
    pub gallrade_bytes: u64,
    pub rester: u64,
    /// Units of page captures in which a disposed text stands, archived in their own right.
    pub traffar_i_sidfangster: Vec<String>,
    /// Units of other records that hold the same text or refer to the post.
    pub traffar_i_andra_handlingar: Vec<String>,
}
