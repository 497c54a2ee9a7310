//! `receipt add`: the archive's kvittens of a package, filed as a record. It is the condition that disposal waits for
//! (G3), so a package must be this archive's own export, byte for byte, before its receipt counts.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::app::{App, record_json};
use crate::catalogue::ExportRow;
use crate::evidence::codes::Class;
use crate::model::digest::{DigestPair, Sha256Hex, Sha512Hex};
use crate::model::entry::{Actor, Body, Entry};
use crate::model::finding::Severity;
use crate::model::id::{HolderId, RecordId, UnitNo};
use crate::model::json;
use crate::model::person::Role;
use crate::model::record::RecordKind;
use crate::ops::error::OpsError;
use crate::ops::person::acting;
use crate::ops::verify::{self, Request};
use crate::store::read;

/// Largest receipt that is taken in.
const MOST: u64 = 64 * 1024 * 1024;
/// The only unit of a receipt's record.
const UNIT: UnitNo = UnitNo(0);

/// `receipt.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptJson {
    /// Version of this document.
    pub v: String,
    /// The export that is receipted.
    pub export: RecordId,
    /// SHA-256 of its `SEAL.txt`.
    pub seal_sha256: Sha256Hex,
    /// Whether the package was there and verified when the receipt was filed.
    pub package_verified: bool,
    /// The received file's own name.
    pub name: String,
    /// Its name in this unit.
    pub stored_as: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Sha256Hex,
    /// Its SHA-512.
    pub sha512: Sha512Hex,
}

/// What was filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The receipt's record.
    pub receipt: RecordId,
    /// The export.
    pub export: RecordId,
    /// Whether the same file had been filed for the same export before; then nothing was written.
    pub known: bool,
    /// Whether the package was verified.
    pub verified: bool,
}

/// Files a receipt of a package, which is a directory or the id of an export.
pub async fn add(app: &mut App, package: &str, file: &Path) -> Result<Filed, OpsError> {
    let by = acting(app, Role::may_administer, "lägga in kvittenser").await?;
    let (export, verified) = match package.parse::<RecordId>() {
        Ok(id) => (of_id(app, &id).await?, false),
        Err(_) => (of_package(app, Path::new(package)).await?, true),
    };
    let bytes = read_file(file)?;
    let digests = DigestPair::of(&bytes);
    if let Some(receipt) = known(app, &export.id, &digests.sha256).await? {
        return Ok(Filed {
            receipt,
            export: export.id,
            known: true,
            verified,
        });
    }
    let stored_as = stored_name(file);
    let document = ReceiptJson {
        v: "1".to_owned(),
        export: export.id.clone(),
        seal_sha256: export.seal_sha256,
        package_verified: verified,
        name: file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        stored_as: stored_as.clone(),
        bytes: bytes.len() as u64,
        sha256: digests.sha256.clone(),
        sha512: digests.sha512,
    };
    let stage = app.store.stage("receipt")?;
    stage.write_json(UNIT, "receipt.json", &document)?;
    stage.write(UNIT, &stored_as, &bytes)?;
    let receipt = RecordId::new(app.now());
    let sealed = stage.seal(
        "record",
        &record_json(&receipt, RecordKind::Receipt, app.now()),
    )?;
    let (id, of) = (receipt.clone(), export.id.clone());
    let mut session = app.begin().await?;
    session
        .commit_record(&receipt, sealed, &Actor::Person(by), |sealed| {
            Body::Receipt {
                receipt: id,
                export: of,
                sealed,
            }
        })
        .await?;
    Ok(Filed {
        receipt,
        export: export.id,
        known: false,
        verified,
    })
}

async fn of_id(app: &App, id: &RecordId) -> Result<ExportRow, OpsError> {
    let exports = app.catalogue.exports().await?;
    exports
        .into_iter()
        .find(|row| row.id == *id)
        .ok_or_else(|| OpsError::unknown("export", id))
}

/// The export that a package directory is, after the package was verified.
async fn of_package(app: &App, dir: &Path) -> Result<ExportRow, OpsError> {
    if !dir.is_dir() {
        return Err(OpsError::usage(
            format!(
                "{} is neither a package nor the id of an export",
                dir.display()
            ),
            "name the package's directory, or the id that `export` printed",
        ));
    }
    let path = dir.join("SEAL.txt");
    let seal = std::fs::read(&path).map_err(|source| OpsError::File { path, source })?;
    let digest = Sha256Hex::of(&seal);
    let exports = app.catalogue.exports().await?;
    let export = exports
        .into_iter()
        .find(|row| row.seal_sha256 == digest)
        .ok_or_else(|| {
            OpsError::Problem(format!(
                "{} is no export of this archive: its seal stands in no log entry",
                dir.display()
            ))
        })?;
    let report = verify::verify(&Request {
        path: dir.to_owned(),
        level: 3,
        subset: None,
        expected: None,
        prove: None,
        as_of: None,
        now: app.now(),
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    })?;
    let fails = report.classes().iter().any(|class| {
        matches!(
            class,
            Class::Problem | Class::CouldNotFinish | Class::Evidence
        )
    });
    if fails {
        let first = report
            .hits
            .iter()
            .find(|hit| hit.severity != Severity::Note)
            .map_or_else(String::new, |hit| {
                format!("{} {}: {}", hit.code, hit.path, hit.message)
            });
        return Err(OpsError::Problem(format!(
            "{} does not verify, so its receipt was not filed ({first})",
            dir.display()
        )));
    }
    Ok(export)
}

fn read_file(path: &Path) -> Result<Vec<u8>, OpsError> {
    let failed = |source| OpsError::File {
        path: PathBuf::from(path),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() || metadata.len() > MOST {
        return Err(OpsError::usage(
            format!("{} is not a file of at most {MOST} bytes", path.display()),
            "give the receipt itself: a PDF, an e-mail, a text",
        ));
    }
    std::fs::read(path).map_err(failed)
}

/// The receipt of the same export with the same file.
async fn known(
    app: &App,
    export: &RecordId,
    sha256: &Sha256Hex,
) -> Result<Option<RecordId>, OpsError> {
    let root = app.store.root();
    for seq in 0..app.catalogue.log_size().await? {
        let Some(bytes) = read::entry(root, seq)? else {
            break;
        };
        let entry = Entry::from_bytes(&bytes)
            .map_err(|source| crate::app::AppError::Entry { seq, source })?;
        let Some(Body::Receipt {
            receipt,
            export: of,
            ..
        }) = entry.body
        else {
            continue;
        };
        if of == *export && filed_digest(root, &receipt)?.as_ref() == Some(sha256) {
            return Ok(Some(receipt));
        }
    }
    Ok(None)
}

fn filed_digest(root: &Path, receipt: &RecordId) -> Result<Option<Sha256Hex>, OpsError> {
    let path = format!("store/records/{receipt}/units/{UNIT}/receipt.json");
    let holder = HolderId::Record(receipt.clone());
    let bytes = read::unit_file(root, (&holder, None), UNIT, "receipt.json").map_err(|source| {
        OpsError::File {
            path: root.join(&path),
            source,
        }
    })?;
    match bytes {
        Some(bytes) => {
            let document: ReceiptJson =
                json::from_slice(&bytes).map_err(|source| OpsError::Document { path, source })?;
            Ok(Some(document.sha256))
        }
        None => Ok(None),
    }
}

/// `receipt-file` with the file's own extension, where that is plain.
fn stored_name(file: &Path) -> String {
    let extension = file
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase())
        .filter(|extension| {
            (1..=8).contains(&extension.len())
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    match extension {
        Some(extension) => format!("receipt-file.{extension}"),
        None => "receipt-file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_extension_is_kept_of_a_name() {
        for (name, stored) in [
            ("Kvittens från arkivet.PDF", "receipt-file.pdf"),
            ("kvittens", "receipt-file"),
            ("../x.tar.gz", "receipt-file.gz"),
            ("x.påse", "receipt-file"),
            ("x.", "receipt-file"),
        ] {
            assert_eq!(stored_name(Path::new(name)), stored);
        }
    }
}
