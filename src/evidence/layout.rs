//! The layout of a store as a table: what each path is, and that nothing else may lie there (`docs/format/store.md`).

use crate::model::id::{AccountId, HolderId, UnitNo};

/// What a path below `store/` (in a package: `bag/data/`) is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A directory of the layout.
    Folder,
    /// `0=bevara_store_1`.
    Declaration,
    /// `SPEC.md` or `AUDIT.md`.
    Text,
    /// A file of `keys/`.
    Key,
    /// `log/entries/000000000.json`.
    Entry(u64),
    /// `log/checkpoint`.
    Checkpoint,
    /// `policies/<sha256>.toml`.
    Policy(String),
    /// The directory of a capture or record.
    Holder(Holder),
    /// `capture.json`, `record.sha256` … of a capture or record.
    HolderFile(Holder, String),
    /// The directory of a unit.
    Unit(Holder, UnitNo),
    /// A file of a unit.
    UnitFile(Holder, UnitNo, String),
    /// `metadata/scope.json` or `metadata/absent.txt` of a package.
    Metadata,
    /// Left by a write that never ended.
    Temporary,
    /// Nothing of ours.
    Unknown,
}

/// A capture or record where it lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Its id.
    pub id: HolderId,
    /// The account of a capture.
    pub account: Option<AccountId>,
}

impl Holder {
    /// Its directory below the store.
    pub fn dir(&self) -> String {
        match (&self.account, &self.id) {
            (Some(account), id) => format!("captures/{account}/{id}"),
            (None, id) => format!("records/{id}"),
        }
    }

    /// `capture` or `record`: what its permanent files are called.
    pub fn stem(&self) -> &'static str {
        match self.id {
            HolderId::Capture(_) => "capture",
            HolderId::Record(_) => "record",
        }
    }

    /// The names of its permanent files.
    pub fn permanent(&self) -> [&'static str; 3] {
        match self.id {
            HolderId::Capture(_) => ["capture.json", "capture.sha256", "capture.sha512"],
            HolderId::Record(_) => ["record.json", "record.sha256", "record.sha512"],
        }
    }
}

/// What `path` is. `package` tells the layout of a package from that of a store.
pub fn place(path: &str, is_directory: bool, package: bool) -> Place {
    let segments: Vec<&str> = path.split('/').collect();
    let place = match segments.as_slice() {
        ["captures" | "records" | "policies" | "keys" | "log"] | ["log", "entries"] => {
            return folder(is_directory);
        }
        ["metadata"] if package => return folder(is_directory),
        ["metadata", "scope.json" | "absent.txt"] if package => Place::Metadata,
        ["0=bevara_store_1"] if !package => Place::Declaration,
        ["SPEC.md" | "AUDIT.md"] if !package => Place::Text,
        ["keys", "log.pub.pem" | "log.vkey"] => Place::Key,
        ["log", "checkpoint"] => Place::Checkpoint,
        ["log", "entries", name] => {
            entry(name).map_or_else(|| temporary(name, package), Place::Entry)
        }
        ["log" | "keys", name] => temporary(name, package),
        ["policies", name] => policy(name).map_or_else(|| temporary(name, package), Place::Policy),
        ["captures", account] => {
            return if account.parse::<AccountId>().is_ok() {
                folder(is_directory)
            } else {
                Place::Unknown
            };
        }
        ["captures", account, id, rest @ ..] => match (account.parse(), id.parse()) {
            (Ok(account), Ok(id @ HolderId::Capture(_))) => {
                return within(
                    Holder {
                        id,
                        account: Some(account),
                    },
                    rest,
                    is_directory,
                );
            }
            (Ok(_) | Err(_), _) => Place::Unknown,
        },
        ["records", id, rest @ ..] => match id.parse() {
            Ok(id @ HolderId::Record(_)) => {
                return within(Holder { id, account: None }, rest, is_directory);
            }
            Ok(HolderId::Capture(_)) | Err(_) => Place::Unknown,
        },
        _ => Place::Unknown,
    };
    if is_directory { Place::Unknown } else { place }
}

fn folder(is_directory: bool) -> Place {
    if is_directory {
        Place::Folder
    } else {
        Place::Unknown
    }
}

/// What a path below a capture or record is.
fn within(holder: Holder, rest: &[&str], is_directory: bool) -> Place {
    match (rest, is_directory) {
        ([], true) => Place::Holder(holder),
        (["units"], true) => Place::Folder,
        ([name], false) if holder.permanent().contains(name) => {
            Place::HolderFile(holder, (*name).to_owned())
        }
        (["units", unit], true) => match unit.parse() {
            Ok(unit) => Place::Unit(holder, unit),
            Err(_) => Place::Unknown,
        },
        (["units", unit, name], false) => match unit.parse() {
            Ok(unit) => Place::UnitFile(holder, unit, (*name).to_owned()),
            Err(_) => Place::Unknown,
        },
        _ => Place::Unknown,
    }
}

fn temporary(name: &str, package: bool) -> Place {
    if name.strip_suffix(".tmp").is_some() && !package {
        Place::Temporary
    } else {
        Place::Unknown
    }
}

/// The number in `000000007.json`: nine digits, or more from a thousand million on.
fn entry(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let plain = digits.len() >= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| plain)?;
    (format!("{number:09}") == digits).then_some(number)
}

fn policy(name: &str) -> Option<String> {
    let digest = name.strip_suffix(".toml")?;
    let plain = digest.len() == 64
        && digest
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    plain.then(|| digest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_layout_is_known() {
        let account = "0d6d1b6e-3c1b-4a9e-8d39-2f5f5f0c1a11";
        let capture = "20270101T000512Z-0123abcd";
        let known = |path: &str, is_directory| place(path, is_directory, false) != Place::Unknown;
        assert!(known("log/entries/000000007.json", false));
        assert!(known(
            &format!("captures/{account}/{capture}/units/000001/page.txt"),
            false
        ));
        assert!(known(&format!("records/r{capture}/record.sha512"), false));
        for (path, is_directory) in [
            ("log/entries/7.json".to_owned(), false),
            ("log/entries/0000000007.json".to_owned(), false),
            ("log/entries/000000007.json".to_owned(), true),
            ("notes.txt".to_owned(), false),
            ("captures/x".to_owned(), true),
            (format!("captures/{account}/r{capture}"), true),
            (format!("records/{capture}"), true),
            (format!("records/r{capture}/capture.json"), false),
            (format!("captures/{account}/{capture}/units/1"), true),
            (format!("captures/{account}/{capture}/units/000001/a"), true),
            ("metadata/scope.json".to_owned(), false),
        ] {
            assert_eq!(place(&path, is_directory, false), Place::Unknown, "{path}");
        }
        assert_eq!(place("metadata/scope.json", false, true), Place::Metadata);
        assert_eq!(place("log/checkpoint.tmp", false, false), Place::Temporary);
        assert_eq!(place("log/checkpoint.tmp", false, true), Place::Unknown);
    }
}
