//! A login: the cookies that a site gave a browser after a person had logged in, and what it stored there. A capture's own
//! context gets those that the account's page needs, before it goes anywhere. Neither `Debug` nor any message shows what
//! is in them.

mod cookie;
mod site;
mod storage;
pub(crate) mod token;
mod watch;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::capture::cdp::{CdpError, Client};
use crate::capture::login::cookie::Cookie;
use crate::capture::login::storage::Storage;
use crate::model::json::{self, JsonError};
use crate::model::time::Instant;

pub use site::Site;
pub(crate) use watch::Watch;

/// How long the browser may take to hand cookies over.
const COOKIE_LIMIT: Duration = Duration::from_secs(20);
/// The form that is written.
const VERSION: u32 = 1;

/// How an account's page is visited.
#[derive(Clone, Debug, Default)]
pub enum Visit {
    /// As anybody sees it.
    #[default]
    Anybody,
    /// It is to be seen logged in, and there is no login that holds: it is taken as anybody sees it, and is not complete.
    WithoutLogin,
    /// Logged in.
    LoggedIn(Login),
}

impl Visit {
    /// The login, where there is one.
    pub(crate) fn login(&self) -> Option<&Login> {
        match self {
            Self::LoggedIn(login) => Some(login),
            Self::WithoutLogin | Self::Anybody => None,
        }
    }
}

/// What is kept of a login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    v: u32,
    site: Site,
    /// When a person logged in.
    since: Instant,
    cookies: Vec<Cookie>,
    /// What the site's origins store, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    storage: Vec<Storage>,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Login({}, {} cookies, {} stored)",
            self.site.key(),
            self.cookies(),
            self.stored()
        )
    }
}

/// Until when a login can last, as its cookies and tokens tell. The site may end it earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// What holds it is not there.
    Gone,
    /// Until this moment.
    Until(Instant),
    /// They do not tell.
    Unknown,
}

impl Lasting {
    /// Whether it is over at `now`, as far as can be told.
    pub fn is_over(self, now: Instant) -> bool {
        match self {
            Self::Gone => true,
            Self::Until(end) => end <= now,
            Self::Unknown => false,
        }
    }
}

impl Login {
    /// One of a site, with nothing in it.
    fn empty(site: Site, since: Instant) -> Self {
        Self {
            v: VERSION,
            site,
            since,
            cookies: Vec::new(),
            storage: Vec::new(),
        }
    }

    /// Reads a login that was kept for `site`; `None` where the bytes are none. What is wrong with them is not told: a
    /// message would quote them.
    pub fn from_json(bytes: &[u8], site: &Site) -> Option<Self> {
        let mut login = json::from_slice::<Self>(bytes).ok()?;
        // A file may have been edited or renamed: no site ever gets what is another's.
        login.cookies.retain(|cookie| site.takes(cookie));
        login
            .storage
            .retain(|one| site.origin(&one.origin).as_ref() == Some(&one.origin));
        (login.v == VERSION && login.site == *site).then_some(login)
    }

    /// The login as it is kept.
    pub fn to_json(&self) -> Result<String, JsonError> {
        json::to_line(self)
    }

    /// Number of cookies.
    pub fn cookies(&self) -> usize {
        self.cookies.len()
    }

    /// Number of items that the site stored beside cookies.
    pub fn stored(&self) -> usize {
        self.storage.iter().map(|one| one.items.len()).sum()
    }

    /// Until when it can last: until the first of the cookies that hold it runs out, where their names are known. Else
    /// until the last of what may hold it: cookies that only the server may read, and tokens that the site stored (of
    /// all cookies, where there are neither).
    pub fn lasting(&self) -> Lasting {
        let names = self.site.holding();
        if !names.is_empty() {
            let held: Option<Vec<&Cookie>> = names
                .iter()
                .map(|name| self.cookies.iter().find(|cookie| cookie.name == *name))
                .collect();
            let Some(held) = held else {
                return Lasting::Gone;
            };
            let first = held.iter().filter_map(|cookie| cookie.expires).min();
            return first.map_or(Lasting::Unknown, until);
        }
        let servers = self.cookies.iter().filter(|one| one.http_only);
        let mut ends: Vec<Option<i64>> = servers.map(|cookie| cookie.expires).collect();
        ends.extend(self.storage.iter().flat_map(Storage::ends));
        if ends.is_empty() {
            ends = self.cookies.iter().map(|cookie| cookie.expires).collect();
        }
        if ends.is_empty() {
            return Lasting::Gone;
        }
        let all: Option<Vec<i64>> = ends.into_iter().collect();
        let last = all.and_then(|all| all.into_iter().max());
        last.map_or(Lasting::Unknown, until)
    }

    /// Whether the site let it stand in `after`, what a browser holds that was given it: a site that no longer knows a
    /// login takes its cookies back, or what it stored.
    pub(crate) fn stands(&self, after: &Self) -> bool {
        if !self.site.holding().is_empty() {
            return after.lasting() != Lasting::Gone;
        }
        let has = |wanted: &Cookie| after.cookies.iter().any(|one| one.name == wanted.name);
        let mut held = self.cookies.iter().filter(|one| one.http_only).peekable();
        let (before, now) = (self.held_in_storage(), after.held_in_storage());
        (held.peek().is_none() || held.any(has)) && before.is_subset(&now)
    }

    /// What is to be kept after a visit that ended with `after`: what the site renewed, and of what it stored only what is
    /// known to be the same person's.
    pub(crate) fn renewed(&self, mut after: Self) -> Self {
        for one in &self.storage {
            let now = after
                .storage
                .iter_mut()
                .find(|now| now.origin == one.origin);
            match now {
                Some(now) if one.is_renewed_by(now) => {}
                Some(now) => *now = one.clone(),
                None => after.storage.push(one.clone()),
            }
        }
        after
            .storage
            .sort_by(|one, other| one.origin.cmp(&other.origin));
        after
    }

    /// Origins and names of stored items that hold the login.
    fn held_in_storage(&self) -> BTreeSet<(&str, &str)> {
        let all = self.storage.iter();
        all.flat_map(|one| one.holding().map(|name| (one.origin.as_str(), name)))
            .collect()
    }

    /// The values that must stand in nothing that is kept.
    pub(crate) fn values(&self) -> Vec<Cow<'_, str>> {
        let cookies = self.cookies.iter().filter(|cookie| cookie.is_secret());
        let cookies = cookies.map(|cookie| Cow::from(cookie.value.as_str()));
        let stored = self.storage.iter().flat_map(Storage::secrets);
        cookies.chain(stored.map(Cow::from)).collect()
    }

    /// Hands it to a context that no page of the site is in. What the browser does not take is left out.
    pub(crate) async fn give(&self, client: &Client, context: &str) -> Result<(), CdpError> {
        self.give_cookies(client, context).await?;
        storage::give(client, context, &self.storage).await
    }

    async fn give_cookies(&self, client: &Client, context: &str) -> Result<(), CdpError> {
        let all: Vec<Value> = self.cookies.iter().map(Cookie::param).collect();
        match set(client, context, &json!(all)).await {
            Err(CdpError::Refused { .. }) => {}
            answer => return answer,
        }
        // One that is refused makes the browser refuse all.
        let mut refused = 0;
        for one in all {
            match set(client, context, &json!([one])).await {
                Ok(()) => {}
                Err(CdpError::Refused { .. }) => refused += 1,
                Err(error) => return Err(error),
            }
        }
        if refused > 0 {
            tracing::warn!(refused, "the browser did not take all cookies of a login");
        }
        Ok(())
    }

    /// What a context holds of it now.
    pub(crate) async fn back(&self, client: &Client, context: &str) -> Result<Self, CdpError> {
        let origins = self.storage.iter().map(|one| one.origin.as_str());
        Ok(Self {
            cookies: cookies(client, context, &self.site).await?,
            storage: storage::back(client, context, origins).await?,
            ..Self::empty(self.site.clone(), self.since)
        })
    }
}

/// The site's cookies that a context holds, in a fixed order.
async fn cookies(client: &Client, context: &str, site: &Site) -> Result<Vec<Cookie>, CdpError> {
    const METHOD: &str = "Storage.getCookies";
    let params = json!({"browserContextId": context});
    let mut answer = client.call(METHOD, params, COOKIE_LIMIT).await?;
    let told = answer["cookies"].as_array_mut().map(std::mem::take);
    let cookies: Option<Vec<Cookie>> = told
        .unwrap_or_default()
        .into_iter()
        .map(Cookie::read)
        .collect();
    let mut cookies = cookies.ok_or_else(|| CdpError::Refused {
        method: METHOD,
        message: "a cookie of a form that is not known".to_owned(),
    })?;
    cookies.retain(|cookie| site.takes(cookie));
    cookies.sort_by(|one, other| one.key().cmp(&other.key()));
    Ok(cookies)
}

async fn set(client: &Client, context: &str, cookies: &Value) -> Result<(), CdpError> {
    let params = json!({"browserContextId": context, "cookies": cookies});
    client
        .call("Storage.setCookies", params, COOKIE_LIMIT)
        .await
        .map(drop)
}

fn until(seconds: i64) -> Lasting {
    let time = DateTime::from_timestamp(seconds, 0);
    time.map_or(Lasting::Unknown, |time| Lasting::Until(Instant::new(time)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::account::{Account, AccountStatus, Platform};
    use crate::model::id::AccountId;

    fn account(platform: Platform, url: &str) -> Account {
        Account {
            id: AccountId::random(),
            alias: "exempel".parse().unwrap(),
            platform,
            url: url.to_owned(),
            name: "Exempel".to_owned(),
            status: AccountStatus::Aktiv,
            opened: "2026-01-02".parse().unwrap(),
            closed: None,
            fields: std::collections::BTreeMap::new(),
        }
    }

    fn cookie(name: &str, domain: &str, expires: Option<i64>) -> Cookie {
        Cookie {
            name: name.to_owned(),
            value: "abcdefgh12345678".to_owned(),
            domain: domain.to_owned(),
            path: "/".to_owned(),
            expires,
            http_only: true,
            secure: true,
            same_site: None,
            priority: None,
            source_scheme: None,
            source_port: None,
            partition_key: None,
        }
    }

    fn login(platform: Platform, url: &str, cookies: Vec<Cookie>) -> Login {
        Login {
            v: VERSION,
            site: Site::of(&account(platform, url)).unwrap(),
            since: "2026-06-01T00:00:00Z".parse().unwrap(),
            cookies,
            storage: Vec::new(),
        }
    }

    /// A login with one cookie of this value.
    pub(crate) fn with_value(value: &str) -> Login {
        let mut one = cookie("sid", "blogg.example", None);
        one.value = value.to_owned();
        login(Platform::Blogg, "https://blogg.example/", vec![one])
    }

    fn at(text: &str) -> Lasting {
        Lasting::Until(text.parse().unwrap())
    }

    const PAGE: &str = "https://www.facebook.com/exempelkommun";
    const BLOG: &str = "https://blogg.exempelkommun.example/";

    #[test]
    fn a_login_lasts_as_long_as_the_cookies_that_hold_it() {
        // 1 800 000 000 s is 2027-01-15T08:00:00Z.
        let facebook = |cookies| login(Platform::Facebook, PAGE, cookies).lasting();
        let both = vec![
            cookie("c_user", ".facebook.com", Some(1_800_000_000)),
            cookie("xs", ".facebook.com", Some(1_900_000_000)),
            cookie("presence", ".facebook.com", Some(1_700_000_000)),
        ];
        assert_eq!(facebook(both.clone()), at("2027-01-15T08:00:00Z"));
        assert_eq!(facebook(both[1..].to_vec()), Lasting::Gone);
        let blog = |cookies| login(Platform::Blogg, BLOG, cookies).lasting();
        assert_eq!(blog(vec![]), Lasting::Gone);
        let own = "blogg.exempelkommun.example";
        let two = vec![
            cookie("a", own, Some(1_700_000_000)),
            cookie("b", ".exempelkommun.example", Some(1_800_000_000)),
        ];
        assert_eq!(blog(two), at("2027-01-15T08:00:00Z"));
        let open = vec![
            cookie("a", own, Some(1_700_000_000)),
            cookie("b", own, None),
        ];
        assert_eq!(blog(open), Lasting::Unknown);
        let (end, before) = (
            "2027-01-15T08:00:00Z".parse().unwrap(),
            "2027-01-15T07:59:59Z".parse().unwrap(),
        );
        let until = at("2027-01-15T08:00:00Z");
        assert!(until.is_over(end) && !until.is_over(before));
    }

    #[test]
    fn a_site_takes_its_own_cookies_alone() {
        let taken = |platform, url: &str| {
            let site = Site::of(&account(platform, url)).unwrap();
            let all = [
                ".facebook.com",
                "www.facebook.com",
                ".notfacebook.com",
                ".google.com",
                ".exempelkommun.example",
                "blogg.exempelkommun.example",
                "annan.exempelkommun.example",
            ];
            let own: Vec<&str> = all
                .into_iter()
                .filter(|domain| site.takes(&cookie("a", domain, None)))
                .collect();
            (site.key(), own)
        };
        assert_eq!(
            taken(Platform::Facebook, PAGE),
            (
                "facebook".to_owned(),
                vec![".facebook.com", "www.facebook.com"]
            )
        );
        assert_eq!(
            taken(Platform::Blogg, BLOG),
            (
                "blogg-blogg.exempelkommun.example".to_owned(),
                vec![".exempelkommun.example", "blogg.exempelkommun.example"]
            )
        );
        // An account that is said to be on a platform but lies elsewhere never gets the platform's cookies.
        let stray = taken(Platform::Facebook, "https://facebook.com.example/x");
        assert_eq!(stray, ("facebook-facebook.com.example".to_owned(), vec![]));
        assert_eq!(
            taken(Platform::Annan, "http://[::1]:8080/").0,
            "annan-___1_"
        );
    }

    #[test]
    fn a_login_that_the_site_takes_back_does_not_stand() {
        let own = "blogg.exempelkommun.example";
        let mut setting = cookie("lang", own, None);
        setting.http_only = false;
        let given = login(
            Platform::Blogg,
            BLOG,
            vec![cookie("sid", own, None), setting.clone()],
        );
        let after = |cookies| login(Platform::Blogg, BLOG, cookies);
        assert!(given.stands(&given));
        assert!(!given.stands(&after(vec![setting])));
        let facebook = login(
            Platform::Facebook,
            PAGE,
            vec![
                cookie("c_user", ".facebook.com", None),
                cookie("xs", ".facebook.com", None),
            ],
        );
        let half = login(
            Platform::Facebook,
            PAGE,
            vec![
                cookie("c_user", ".facebook.com", None),
                cookie("datr", ".facebook.com", None),
            ],
        );
        assert!(facebook.stands(&facebook) && !facebook.stands(&half));
    }

    #[test]
    fn what_a_site_stores_holds_a_login_too() {
        // `{"alg":"none"}` and `{"exp":1800000000}`, by `base64`: until 2027-01-15T08:00:00Z.
        let token = "eyJhbGciOiJub25lIn0.eyJleHAiOjE4MDAwMDAwMDB9.c2lnbmF0dXJl";
        let stored = |cookies, items: &[(&str, &str)]| {
            let items = items
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            let mut login = login(Platform::Blogg, BLOG, cookies);
            login.storage = vec![Storage {
                origin: "https://blogg.exempelkommun.example".to_owned(),
                items: items.collect(),
            }];
            login
        };
        let held = stored(vec![], &[("jwt", token), ("tema", "mörkt")]);
        assert_eq!(held.lasting(), at("2027-01-15T08:00:00Z"));
        let open = stored(
            vec![],
            &[("jwt", token), ("refresh_token", "abcdefgh12345678")],
        );
        assert_eq!(open.lasting(), Lasting::Unknown);
        let none = stored(vec![], &[("tema", "mörkt"), ("csrf", "abcdefgh12345678")]);
        assert_eq!(none.lasting(), Lasting::Gone);
        // A short-lived cookie beside it ends nothing.
        let own = "blogg.exempelkommun.example";
        let short = stored(
            vec![cookie("__cf_bm", own, Some(1_700_000_000))],
            &[("jwt", token)],
        );
        assert_eq!(short.lasting(), at("2027-01-15T08:00:00Z"));
        assert!(held.stands(&open) && !held.stands(&none) && !short.stands(&held));

        let bytes = held.to_json().unwrap();
        let site = Site::of(&account(Platform::Blogg, BLOG)).unwrap();
        assert_eq!(Login::from_json(bytes.as_bytes(), &site), Some(held));
        let edited = bytes.replace(
            "https://blogg.exempelkommun.example",
            "https://annan.example",
        );
        assert_ne!(edited, bytes);
        assert_eq!(
            Login::from_json(edited.as_bytes(), &site).unwrap().stored(),
            0
        );
        for (address, origin) in [
            (
                "https://blogg.exempelkommun.example:8443/x?y",
                Some("https://blogg.exempelkommun.example:8443"),
            ),
            ("https://under.blogg.exempelkommun.example/", None),
            ("https://exempelkommun.example/", None),
            ("file:///etc/passwd", None),
            ("about:blank", None),
        ] {
            assert_eq!(site.origin(address).as_deref(), origin, "{address}");
        }
        let shared = Site::of(&account(Platform::Facebook, PAGE)).unwrap();
        assert_eq!(
            shared.origin("https://m.facebook.com/x").as_deref(),
            Some("https://m.facebook.com")
        );
        assert_eq!(shared.origin("https://facebook.com.example/"), None);
    }

    #[test]
    fn a_cookie_of_one_host_stays_with_it() {
        let own = cookie("__Host-a", "example.com", None).param();
        assert_eq!(own["url"], "https://example.com/");
        assert!(own.get("domain").is_none());
        let wide = cookie("a", ".example.com", Some(7)).param();
        assert_eq!(
            (&wide["domain"], &wide["expires"]),
            (&json!(".example.com"), &json!(7))
        );
        assert!(wide.get("url").is_none());
    }

    #[test]
    fn nothing_shows_what_is_in_it_and_no_other_site_gets_it() {
        let kept = with_value("abcdefgh12345678");
        assert_eq!(
            format!("{:?}", Visit::LoggedIn(kept.clone())),
            "LoggedIn(Login(blogg-blogg.example, 1 cookies, 0 stored))"
        );
        let stored = kept.to_json().unwrap();
        let site = Site::of(&account(Platform::Blogg, "https://blogg.example/")).unwrap();
        let other = Site::of(&account(Platform::Blogg, "https://annan.example/")).unwrap();
        assert_eq!(Login::from_json(stored.as_bytes(), &site), Some(kept));
        assert_eq!(Login::from_json(stored.as_bytes(), &other), None);
        assert_eq!(Login::from_json(&stored.as_bytes()[1..], &site), None);
        let newer = stored.replace("\"v\":1", "\"v\":2");
        assert_ne!(newer, stored);
        assert_eq!(Login::from_json(newer.as_bytes(), &site), None);
        let edited = stored.replace("\"domain\":\"blogg.example\"", "\"domain\":\".google.com\"");
        assert!(
            Login::from_json(edited.as_bytes(), &site)
                .unwrap()
                .cookies
                .is_empty()
        );
    }
}
