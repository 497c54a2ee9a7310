//! The codes of `verify`: stable, unique, and explained in `docs/format/verify-codes.md`.

use crate::model::finding::Severity;

/// What a code means for how the program ends (`product.md`, exit codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Worth knowing; 0.
    Nothing,
    /// Something is missing, extra or different; 1.
    Problem,
    /// Something could not be read; 3.
    CouldNotFinish,
    /// Evidence is missing or cannot be trusted; 4.
    Evidence,
    /// Every byte is whole, but an act lacks its record; 5.
    Incomplete,
}

/// A code.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `E101`.
    pub code: &'static str,
    /// `unit.digest_mismatch`.
    pub name: &'static str,
    /// The lowest level of `verify` that reports it.
    pub level: u8,
    /// What it means for the exit code.
    pub class: Class,
}

impl Code {
    /// How grave a finding of this code is.
    pub fn severity(&self) -> Severity {
        match self.class {
            Class::Nothing => Severity::Note,
            Class::Evidence | Class::Incomplete => Severity::Warning,
            Class::Problem | Class::CouldNotFinish => Severity::Error,
        }
    }
}

macro_rules! codes {
    ($($constant:ident $code:literal $name:literal $level:literal $class:ident;)*) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            pub const $constant: &Code =
                &Code { code: $code, name: $name, level: $level, class: Class::$class };
        )*

        /// Every code.
        pub const ALL: &[&Code] = &[$($constant,)*];
    };
}

codes! {
    UNCOMMITTED "W-UNCOMMITTED" "store.uncommitted" 0 Nothing;
    UNSIGNED "W-UNSIGNED" "log.unsigned" 0 Nothing;
    OTHER_TEXT "N001" "document.other_version" 0 Nothing;
    HARD_LINK "N002" "file.hard_link" 0 Nothing;
    UNKNOWN_TYPE "N003" "entry.unknown_type" 0 Nothing;
    HOLD_NOT_JUDGED "N004" "disposal.hold_not_judged" 3 Nothing;
    DECLARATION "E001" "store.declaration" 0 Problem;
    UNEXPECTED "E002" "file.unexpected" 0 Problem;
    NOT_A_FILE "E003" "file.link_or_special" 0 Problem;
    NAME "E004" "file.name" 0 Problem;
    MANIFEST_FORM "E005" "manifest.form" 0 Problem;
    ENTRY_FORM "E006" "entry.form" 0 Problem;
    DOCUMENT_FORM "E007" "document.form" 0 Problem;
    FILE_MISSING "E008" "file.missing" 0 Problem;
    LISTS_DISAGREE "E009" "manifest.lists_disagree" 0 Problem;
    UNREADABLE "E010" "file.unreadable" 0 CouldNotFinish;
    CHANGED "E011" "file.changed_while_read" 0 CouldNotFinish;
    DIGEST "E101" "unit.digest_mismatch" 1 Problem;
    UNIT_FILE_MISSING "E102" "unit.file_missing" 0 Problem;
    UNIT_FILE_EXTRA "E103" "unit.file_extra" 0 Problem;
    COMMITMENT "E104" "unit.commitment_mismatch" 1 Problem;
    SALT "E105" "unit.salt" 1 Problem;
    TRANSIENT "E106" "file.transient_read" 1 CouldNotFinish;
    POLICY_DIGEST "E107" "policy.digest_mismatch" 1 Problem;
    UNIT_MISSING "E201" "unit.missing" 1 Problem;
    NOT_DISPOSED "E202" "unit.present_although_disposed" 2 Problem;
    UNIT_ORPHAN "E203" "unit.orphan" 0 Problem;
    HOLDER_MISSING "E204" "holder.missing" 1 Problem;
    UNIT_COUNT "E205" "holder.unit_count" 2 Problem;
    LOG_GAP "E206" "log.gap" 0 Problem;
    SLOT "E207" "slot.unaccounted" 2 Incomplete;
    DISPOSAL_PENDING "E208" "disposal.pending" 2 Incomplete;
    DISPOSAL_UNAPPROVED "E209" "disposal.unapproved" 2 Incomplete;
    POLICY_MISSING "E210" "policy.missing" 2 Problem;
    HOLDER_TWICE "E211" "holder.twice" 2 Problem;
    TOMBSTONE_UNKNOWN "E212" "disposal.unknown_unit" 2 Problem;
    TOMBSTONE_TWICE "E213" "disposal.twice" 2 Problem;
    SLOT_NOT_COMPLETE "E214" "slot.filled_by_incomplete" 2 Problem;
    WITHHELD "E215" "unit.withheld_conflict" 2 Problem;
    CHAIN "E301" "log.chain" 3 Problem;
    LOG_ROOT "E302" "log.root" 3 Problem;
    CHECKPOINT_SIGNATURE "E303" "checkpoint.signature" 3 Problem;
    LOG_SHORT "E304" "log.shorter_than_checkpoint" 2 Problem;
    HOLDER_DIGEST "E305" "holder.digest_mismatch" 3 Problem;
    HOLDER_ROOT "E306" "holder.root" 3 Problem;
    TIME "E307" "entry.time" 3 Problem;
    ACTOR "E308" "entry.actor" 3 Problem;
    GENESIS "E309" "log.genesis" 3 Problem;
    UNSIGNED_TAIL "E310" "log.unsigned_tail" 3 Problem;
    KEY "E311" "key.mismatch" 3 Problem;
    SAME_PERSON "E312" "approval.same_person" 3 Problem;
    WAITING "E313" "disposal.waiting_period" 3 Problem;
    APPROVED_OTHER "E314" "approval.other_plan" 3 Problem;
    EXPIRED "E315" "disposal.approval_expired" 3 Problem;
    TOMBSTONE_COMMITMENT "E316" "disposal.commitment" 3 Problem;
    APPROVER "E317" "approval.role" 3 Problem;
    NOT_PLANNED "E318" "disposal.not_in_plan" 3 Problem;
    PLAN_DIGEST "E319" "plan.digest" 3 Problem;
    PLAN_UNKNOWN "E320" "plan.unknown" 3 Problem;
    HELD "E321" "disposal.under_hold" 3 Problem;
    KEY_SHARED "E322" "person.key_shared" 3 Problem;
    APPROVAL_DIFFERS "E323" "approval.differs" 3 Problem;
    APPROVAL_PROOF "E324" "approval.proof" 3 Problem;
    LIFTED_ALONE "E325" "hold.lifted_alone" 3 Problem;
    RECEIPT_UNITS "E326" "registry.receipt_units" 3 Problem;
    BAG_DECLARATION "E401" "bag.declaration" 0 Problem;
    BAG_MANIFEST "E402" "bag.manifest" 0 Problem;
    BAG_DIGEST "E403" "bag.digest_mismatch" 1 Problem;
    BAG_EXTRA "E404" "bag.file_extra" 0 Problem;
    BAG_MISSING "E405" "bag.file_missing" 0 Problem;
    BAG_OXUM "E406" "bag.oxum" 0 Problem;
    SEAL_FORM "E407" "seal.form" 0 Problem;
    SEAL_SIGNATURE "E408" "seal.signature" 1 Problem;
    SEAL_DISAGREES "E409" "seal.disagrees" 1 Problem;
    SCOPE "E410" "scope.form" 0 Problem;
    SEAL_MISSING "E411" "seal.missing" 1 Evidence;
    EXPECTED_OTHER "E501" "checkpoint.other_history" 4 Problem;
    EXPECTED_SIGNATURE "E502" "checkpoint.untrusted" 4 Evidence;
    NO_ANCHOR "E503" "anchor.none" 4 Evidence;
    POLICY_UNREADABLE "E504" "policy.not_checked" 3 Evidence;
    PROOF "E505" "proof.impossible" 0 Evidence;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn codes_are_unique_and_documented() {
        let mut expected = BTreeMap::new();
        for code in ALL {
            assert!(
                expected.insert(code.code, code.name).is_none(),
                "{}",
                code.code
            );
        }
        let names: std::collections::BTreeSet<_> = expected.values().collect();
        assert_eq!(names.len(), ALL.len(), "a name stands for two codes");
        let mut documented = BTreeMap::new();
        for line in include_str!("../../docs/format/verify-codes.md").lines() {
            let cells: Vec<&str> = line
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect();
            let is_row =
                cells.len() == 7 && cells[1].starts_with(['E', 'W', 'N']) && cells[2].contains('.');
            if is_row {
                assert!(
                    documented
                        .insert(cells[1], (cells[2], cells[3], cells[4]))
                        .is_none(),
                    "{line}"
                );
            }
        }
        for code in ALL {
            let exit = match code.class {
                Class::Nothing => "0",
                Class::Problem => "1",
                Class::CouldNotFinish => "3",
                Class::Evidence => "4",
                Class::Incomplete => "5",
            };
            assert_eq!(
                documented.remove(code.code),
                Some((code.name, code.level.to_string().as_str(), exit)),
                "{}",
                code.code
            );
        }
        assert!(
            documented.is_empty(),
            "documented and not used: {documented:?}"
        );
    }
}
