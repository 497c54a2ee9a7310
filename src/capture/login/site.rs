//! Where a login holds, and which cookies and origins are whose: no site ever gets another's.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::capture::login::cookie::{Cookie, belongs};
use crate::model::account::{Account, Platform};

/// Where a login holds: a platform, or one host where every host has logins of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    platform: Platform,
    /// In lower case and ASCII, as the URL standard writes it.
    host: Option<String>,
}

impl Site {
    /// The site of an account; `None` where its address has no host.
    pub fn of(account: &Account) -> Option<Self> {
        let url = Url::parse(&account.url).ok()?;
        let host = url.host_str()?;
        let shared = domains(account.platform)
            .iter()
            .any(|domain| belongs(host, domain));
        Some(Self {
            platform: account.platform,
            host: (!shared).then(|| host.to_owned()),
        })
    }

    /// A name for its file: `facebook`, `mastodon-social.example`.
    pub fn key(&self) -> String {
        let platform = self.platform.as_str();
        match &self.host {
            None => platform.to_owned(),
            Some(host) => {
                // Only an IPv6 address holds anything else.
                let plain = |one: char| one.is_ascii_alphanumeric() || ".-_".contains(one);
                let host = host.replace(|one| !plain(one), "_");
                format!("{platform}-{host}")
            }
        }
    }

    /// The names of the cookies that hold the login, where they are known: without all of them nobody is logged in.
    pub(super) fn holding(&self) -> &'static [&'static str] {
        if self.host.is_some() {
            return &[];
        }
        holding(self.platform)
    }

    /// Whether a cookie is one of the site's: it goes to the account's host, or belongs to the platform. A login through
    /// another service leaves that service's own cookies in the browser too; they are nobody's business here.
    pub(super) fn takes(&self, cookie: &Cookie) -> bool {
        if let Some(host) = &self.host {
            return cookie.goes_to(host);
        }
        self.has(cookie.domain.trim_start_matches('.'))
    }

    /// The origin of an address, where what it stores is the site's: of the account's host, or of the platform's.
    pub(super) fn origin(&self, address: &str) -> Option<String> {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?;
        let is_own = match &self.host {
            Some(own) => own == host,
            None => self.has(host),
        };
        let is_web = ["http", "https"].contains(&url.scheme());
        (is_own && is_web).then(|| url.origin().ascii_serialization())
    }

    /// Whether a host is one of the platform's own.
    fn has(&self, host: &str) -> bool {
        domains(self.platform).iter().any(|own| belongs(host, own))
    }
}

/// The domains on which one login serves every account of a platform.
fn domains(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::Facebook => &["facebook.com"],
        Platform::Instagram => &["instagram.com"],
        Platform::X => &["x.com", "twitter.com"],
        Platform::Youtube => &["youtube.com"],
        Platform::Linkedin => &["linkedin.com"],
        Platform::Tiktok => &["tiktok.com"],
        Platform::Mastodon | Platform::Blogg | Platform::Annan => &[],
    }
}

/// The names of the cookies that hold a login to the platform's own domains.
fn holding(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::Facebook => &["c_user", "xs"],
        Platform::Instagram | Platform::Tiktok => &["sessionid"],
        Platform::X => &["auth_token"],
        Platform::Youtube => &["SAPISID"],
        Platform::Linkedin => &["li_at"],
        Platform::Mastodon | Platform::Blogg | Platform::Annan => &[],
    }
}
