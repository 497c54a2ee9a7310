//! The only writer of the archive. Everything durable goes through [`durable`]; captures and records are built in
//! [`stage`], and exist from the moment [`log`] has their entry. Nothing here decides what may be written.
//!
//! Order of a commit, under the lock: sign what a crash left unsigned, rename the sealed directory into place without
//! replacing, write the log entry, sign the checkpoint. A directory without an entry is swept by the next writer.

pub mod disposal;
mod durable;
pub mod error;
pub mod fault;
pub mod founding;
pub mod lock;
pub mod log;
pub mod logins;
pub mod read;
pub mod stage;

use std::fs;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;

use crate::evidence::keys;
use crate::model::digest::{DigestPair, Sha256Hex};
use crate::model::id::{AccountId, HolderId, UnitRef};
use crate::store::error::StoreError;
use crate::store::log::Head;
use crate::store::stage::Stage;

pub(crate) use crate::store::durable::write_secret;

/// Content of the store's declaration file.
pub const DECLARATION: &str = "bevara_store_1\n";
/// Name of the store's declaration file.
pub const DECLARATION_NAME: &str = "0=bevara_store_1";

/// An archive directory that may be written.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    origin: String,
    head: Head,
}

impl Store {
    /// Opens the archive in `root` for writing.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let declaration = root.join("store").join(DECLARATION_NAME);
        if !root.join("bevara.toml").is_file() || !declaration.is_file() {
            return Err(StoreError::NoArchive {
                path: root.to_owned(),
            });
        }
        let vkey_path = root.join("store/keys/log.vkey");
        let vkey =
            fs::read_to_string(&vkey_path).map_err(|source| StoreError::io(&vkey_path, source))?;
        let origin = keys::vkey_name(vkey.trim_end()).map_err(StoreError::Key)?;
        Ok(Self {
            root: root.to_owned(),
            origin,
            head: Head::default(),
        })
    }

    /// The archive's directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The log's origin name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Signs `bytes` with the log's key (the seal of a package).
    pub fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], StoreError> {
        use ed25519_dalek::Signer as _;
        Ok(self.key()?.sign(bytes).to_bytes())
    }

    /// A new staging folder, locked as long as it lives.
    pub fn stage(&self, purpose: &str) -> Result<Stage, StoreError> {
        Stage::create(&self.root.join("staging"), purpose)
    }

    /// The accounts that are being captured now, by any process.
    pub fn capturing(&self) -> Result<Vec<String>, StoreError> {
        stage::jobs(&self.root.join("staging"), "capture-")
    }

    /// Removes a catalogue file with what SQLite keeps beside it.
    pub fn discard_catalogue(&self, file: &Path) -> Result<(), StoreError> {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut name = file.as_os_str().to_owned();
            name.push(suffix);
            let path = PathBuf::from(name);
            if path.exists() {
                durable::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// Puts a closed catalogue file in the place of another that nobody uses.
    pub fn swap_catalogue(&self, new: &Path, file: &Path) -> Result<(), StoreError> {
        self.discard_catalogue(file)?;
        durable::rename_new(new, file)
    }

    /// Stores a policy file under its digest; storing the same file again changes nothing.
    pub fn keep_policy(&self, text: &str) -> Result<Sha256Hex, StoreError> {
        let digest = Sha256Hex::of(text.as_bytes());
        let path = self.root.join(format!("store/policies/{digest}.toml"));
        if !path.exists() {
            durable::write_new(&path, text.as_bytes())?;
        }
        Ok(digest)
    }

    /// Where a capture or record lies. Captures need their account.
    pub fn holder_dir(
        &self,
        holder: &HolderId,
        account: Option<&AccountId>,
    ) -> Result<PathBuf, StoreError> {
        match (holder, account) {
            (HolderId::Capture(id), Some(account)) => {
                Ok(self.root.join(format!("store/captures/{account}/{id}")))
            }
            (HolderId::Capture(id), None) => Err(StoreError::AccountMissing {
                capture: id.to_string(),
            }),
            (HolderId::Record(id), _) => Ok(self.root.join(format!("store/records/{id}"))),
        }
    }

    /// The commitment to a unit that is still there: digests of its two manifests.
    pub fn commitment(
        &self,
        unit: &UnitRef,
        account: Option<&AccountId>,
    ) -> Result<DigestPair, StoreError> {
        let dir = self
            .holder_dir(&unit.holder, account)?
            .join(format!("units/{}", unit.unit));
        let read = |name: &str| {
            let path = dir.join(name);
            fs::read(&path).map_err(|source| StoreError::io(&path, source))
        };
        Ok(DigestPair {
            sha256: DigestPair::of(&read("unit.sha256")?).sha256,
            sha512: DigestPair::of(&read("unit.sha512")?).sha512,
        })
    }

    fn key(&self) -> Result<SigningKey, StoreError> {
        let path = self.root.join("secrets/log.key.pem");
        let pem = fs::read_to_string(&path).map_err(|source| StoreError::io(&path, source))?;
        keys::from_pem(&pem).map_err(StoreError::Key)
    }
}
