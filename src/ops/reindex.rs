//! The catalogue thrown away and rebuilt from the log: beside the old one and swapped (SQLite), or in one transaction.

use std::path::{Path, PathBuf};

use crate::app::{
    AppError, Genesis, catalogue_file, catalogue_url, read_genesis, rebuild, sqlite_url,
};
use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::ops::error::OpsError;
use crate::store::{Store, lock};

/// What was rebuilt.
#[derive(Clone, Debug)]
pub struct Reindexed {
    /// The archive.
    pub genesis: Genesis,
    /// Log entries applied.
    pub entries: u64,
}

/// Rebuilds the catalogue of the archive at `dir`. A damaged catalogue is no hindrance: the old one is never opened.
pub async fn reindex(dir: &Path) -> Result<Reindexed, OpsError> {
    let mut store = Store::open(dir)?;
    let config = Config::load(dir)?;
    let genesis = read_genesis(&store)?;
    let entries = match catalogue_file(&config, dir) {
        Some(file) => beside(&mut store, &file).await?,
        None => in_place(&mut store, &catalogue_url(&config, dir)).await?,
    };
    Ok(Reindexed { genesis, entries })
}

/// Fills a new file, waits until nobody uses the old one, takes in what was appended in the meantime, and swaps.
async fn beside(store: &mut Store, file: &Path) -> Result<u64, OpsError> {
    let new = with_suffix(file, ".new");
    store.discard_catalogue(&new)?;
    let catalogue = Catalogue::open(&sqlite_url(&new)).await?;
    let root = store.root().to_owned();
    rebuild(&root, &catalogue).await.map_err(damaged)?;
    let _owned = store.own_catalogue()?;
    let writer = store.lock(lock::WAIT)?;
    let size = writer.size();
    drop(writer);
    crate::app::catch_up_at(&root, &catalogue).await?;
    let entries = catalogue.log_size().await?;
    if entries < size {
        return Err(OpsError::Problem(format!(
            "the log has {size} entries and the catalogue {entries}"
        )));
    }
    catalogue.scrub().await?;
    catalogue.close().await?;
    store.swap_catalogue(&new, file)?;
    Ok(entries)
}

async fn in_place(store: &mut Store, url: &str) -> Result<u64, OpsError> {
    let catalogue = Catalogue::connect(url).await?;
    let writer = store.lock(lock::WAIT)?;
    if !catalogue.is_current().await? {
        catalogue.migrate().await?;
    }
    drop(writer);
    let root = store.root().to_owned();
    rebuild(&root, &catalogue).await.map_err(damaged)?;
    crate::app::catch_up_at(&root, &catalogue).await?;
    Ok(catalogue.log_size().await?)
}

/// What hinders the rebuilding lies in the store, and running `reindex` again would not help.
fn damaged(error: AppError) -> OpsError {
    OpsError::part(
        "failed to read the store; run `bevara verify`",
        crate::ops::error::ErrorKind::Environment,
        error,
    )
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
