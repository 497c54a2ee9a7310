//! Logins in `secrets/sessions/`: what lets somebody in. Only the owner may read them; they are no part of the
//! store, of an export or of the log.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::store::error::StoreError;
use crate::store::{Store, durable, lock};

impl Store {
    /// Where the login with this key lies, below the archive.
    pub fn login_place(key: &str) -> String {
        format!("secrets/sessions/{key}.json")
    }

    fn login_path(&self, key: &str) -> PathBuf {
        self.root.join(Self::login_place(key))
    }

    /// The login with this key. A file that others may read, as one that was carried here often is, is closed to them.
    pub fn login(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.login_path(key);
        let failed = |source| StoreError::io(&path, source);
        let mode = match fs::metadata(&path) {
            Ok(metadata) => metadata.permissions().mode(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        if mode & 0o077 != 0 {
            tracing::warn!(file = %path.display(), "others could read a login; now only its owner can");
            durable::restrict_file(&path)?;
        }
        fs::read(&path).map(Some).map_err(failed)
    }

    /// Keeps a login in place of an earlier one; tells whether there was one.
    pub fn keep_login(&mut self, key: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        let path = self.login_path(key);
        let secrets = self.root.join("secrets");
        let _writer = self.lock(lock::WAIT)?;
        for dir in [secrets.clone(), secrets.join("sessions")] {
            durable::create_dirs(&dir)?;
            durable::restrict_dir(&dir)?;
        }
        let replaced = path.exists();
        durable::replace_secret(&path, bytes)?;
        Ok(replaced)
    }

    /// Keeps a renewed login, but only in place of the very one that it was renewed from: meanwhile a person may have
    /// logged in anew, or had it forgotten. Tells whether it was kept.
    pub fn renew_login(
        &mut self,
        key: &str,
        from: &[u8],
        renewed: &[u8],
    ) -> Result<bool, StoreError> {
        let path = self.login_path(key);
        let _writer = self.lock(lock::WAIT)?;
        let now = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(StoreError::io(&path, source)),
        };
        if now != from {
            return Ok(false);
        }
        durable::replace_secret(&path, renewed)?;
        Ok(true)
    }

    /// Removes a login; tells whether there was one.
    pub fn forget_login(&mut self, key: &str) -> Result<bool, StoreError> {
        let path = self.login_path(key);
        let _writer = self.lock(lock::WAIT)?;
        if !path.exists() {
            return Ok(false);
        }
        durable::remove_file(&path)?;
        Ok(true)
    }
}
