//! The fictional municipality that `bevara demo` archives: its accounts served on loopback, its exports, and the story
//! of half a year. Everything in it is invented; the archive is made by the same operations that every verb uses.

mod content;
mod export;
mod pages;
mod picture;
mod server;
pub mod story;
pub mod tale;

use chrono::NaiveDate;

use crate::demo::content::Municipality;
use crate::demo::server::Server;
use crate::ops::error::{ErrorKind, OpsError};

/// The fictional accounts, served on loopback until this is dropped.
#[derive(Debug)]
pub struct Accounts {
    municipality: Municipality,
    server: Server,
}

impl Accounts {
    /// Serves the accounts as they stood at the end of `day`.
    pub async fn serve(day: NaiveDate) -> Result<Self, OpsError> {
        let municipality = content::load().map_err(|error| {
            OpsError::part(
                "the demo's content cannot be read",
                ErrorKind::Problem,
                error,
            )
        })?;
        let server = Server::start(municipality.clone(), day)
            .await
            .map_err(|error| {
                OpsError::part(
                    "the demo's server cannot listen on 127.0.0.1",
                    ErrorKind::Environment,
                    error,
                )
            })?;
        Ok(Self {
            municipality,
            server,
        })
    }

    /// Alias and address of every account.
    pub fn addresses(&self) -> Vec<(String, String)> {
        self.municipality
            .sites
            .iter()
            .map(|site| (site.alias.clone(), self.server.url(site)))
            .collect()
    }
}
