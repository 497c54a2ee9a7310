//! What a window has held of a site so far, while a person logs in.

use std::sync::Arc;
use std::time::Duration;

use crate::capture::cdp::{CdpError, Client, Listener, Session};
use crate::capture::login::site::Site;
use crate::capture::login::storage::Heard;
use crate::capture::login::{self, Login};
use crate::model::time::Instant;

/// What a window has held of a site so far.
#[derive(Debug)]
pub(crate) struct Watch {
    login: Login,
    heard: Heard,
}

impl Watch {
    /// Nothing yet, of a login that is made now.
    pub(crate) fn new(site: Site, since: Instant) -> Self {
        let login = Login::empty(site, since);
        Self {
            login,
            heard: Heard::default(),
        }
    }

    /// Hears what pages store.
    pub(crate) fn listener(&self) -> Listener {
        let (site, heard) = (self.login.site.clone(), self.heard.clone());
        Arc::new(move |_, method, params| heard.event(&site, method, params))
    }

    /// Hears a page whose session has the listener, from now on, and asks it what is there where it has been seen.
    pub(crate) async fn page(
        &self,
        page: &Session,
        address: &str,
        limit: Duration,
    ) -> Result<(), CdpError> {
        self.heard.hear(page, limit).await?;
        match self.login.site.origin(address) {
            Some(origin) => self.heard.ask(page, &origin, limit).await,
            None => Ok(()),
        }
    }

    /// Looks at the cookies of the context.
    pub(crate) async fn cookies(&mut self, client: &Client, context: &str) -> Result<(), CdpError> {
        self.login.cookies = login::cookies(client, context, &self.login.site).await?;
        Ok(())
    }

    /// What was seen last.
    pub(crate) fn end(mut self) -> Login {
        self.login.storage = self.heard.now();
        self.login
    }
}
