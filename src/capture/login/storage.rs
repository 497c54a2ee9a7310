//! What a site stores in the browser beside cookies (`localStorage`, HTML § 12.2): some hold a login there and nowhere
//! else. It is read and written on an empty page at the site's origin, which asks the site for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::capture::cdp::{CdpError, Client, Listener, Session};
use crate::capture::login::site::Site;
use crate::capture::login::token;

/// How long the browser may take for a call.
const CALL_LIMIT: Duration = Duration::from_secs(20);
/// How deep values lie in one another, at most, when tokens are looked for: text in JSON may be JSON again.
const DEEPEST: u32 = 16;
/// Longer values are data, and are not looked for in a page. In bytes.
const LONGEST: usize = 1 << 16;

/// What one origin stores.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Storage {
    /// Scheme, host and port, as the URL standard writes an origin.
    pub(super) origin: String,
    pub(super) items: BTreeMap<String, String>,
}

/// Names of what tells whose login it is. In lower case, without signs between words.
const PERSONS: &[&str] = &[
    "sub",
    "did",
    "handle",
    "user",
    "username",
    "userid",
    "uid",
    "email",
    "account",
    "accountid",
    "id",
    "name",
    "login",
];

/// A value found in what is stored, and what it is called there.
struct Leaf {
    name: String,
    value: String,
    /// Whether it is written as a header has it (RFC 6750 § 2.1), and so is a token whatever it is called.
    is_bearer: bool,
}

impl Leaf {
    /// Whether it lets somebody in, as far as can be told.
    fn holds(&self) -> bool {
        let is_named = token::is_named(&self.name) && !token::protects_a_form(&self.name);
        token::is_web_token(&self.value) || ((is_named || self.is_bearer) && self.is_called_token())
    }

    /// Whether it must stand in nothing that is kept.
    fn is_secret(&self) -> bool {
        self.value.len() <= LONGEST
            && (token::is_web_token(&self.value)
                || token::is_random(&self.value)
                || ((token::is_named(&self.name) || self.is_bearer)
                    && (self.is_called_token() || token::is_number(&self.value))))
    }

    /// What it tells of whose login it is.
    fn person(&self) -> Option<(String, String)> {
        if let Some(subject) = token::subject(&self.value) {
            return Some(("sub".to_owned(), subject));
        }
        let letters = self.name.chars().filter(char::is_ascii_alphabetic);
        let name: String = letters.map(|one| one.to_ascii_lowercase()).collect();
        let tells = PERSONS.contains(&name.as_str()) && !self.value.is_empty() && !self.is_secret();
        tells.then(|| (name, self.value.clone()))
    }

    /// Whether it looks like a token, where its name says so: no address, and no identity that anybody may see.
    fn is_called_token(&self) -> bool {
        let is_plain = self.value.contains("://") || self.value.starts_with("did:");
        token::is_token(&self.value) && !is_plain
    }
}

impl Storage {
    /// The names of items that hold a login.
    pub(super) fn holding(&self) -> impl Iterator<Item = &str> {
        let holds = |text: &str, name: &str| leaves(name, text).iter().any(Leaf::holds);
        let items = self.items.iter();
        items
            .filter(move |(name, text)| holds(text, name))
            .map(|(name, _)| name.as_str())
    }

    /// Whether `after` holds the same login, or a later one that is known to be the same person's. A site may put a guest's
    /// token where the person's was.
    pub(super) fn is_renewed_by(&self, after: &Self) -> bool {
        let held = |storage: &Self| -> Vec<String> {
            let all = storage.leaves().filter(Leaf::holds);
            all.map(|leaf| leaf.value).collect()
        };
        let persons = |storage: &Self| -> BTreeSet<(String, String)> {
            let items = storage
                .holding()
                .filter_map(|name| storage.items.get_key_value(name));
            items
                .flat_map(|(name, text)| leaves(name, text))
                .filter_map(|leaf| leaf.person())
                .collect()
        };
        let (before, now) = (persons(self), persons(after));
        held(self) == held(after) || (!before.is_empty() && before.is_subset(&now))
    }

    fn leaves(&self) -> impl Iterator<Item = Leaf> {
        self.items
            .iter()
            .flat_map(|(name, text)| leaves(name, text))
    }

    /// When each value that holds a login runs out, in seconds since 1970; `None` for one that does not say.
    pub(super) fn ends(&self) -> Vec<Option<i64>> {
        self.leaves()
            .filter(Leaf::holds)
            .map(|leaf| token::expires(&leaf.value))
            .collect()
    }

    /// The values that must stand in nothing that is kept.
    pub(super) fn secrets(&self) -> impl Iterator<Item = String> {
        self.leaves().filter(Leaf::is_secret).map(|leaf| leaf.value)
    }
}

/// Every text in an item, with the name of the member that it stands in, or of the list.
fn leaves(name: &str, text: &str) -> Vec<Leaf> {
    let mut found = Vec::new();
    gather_text(name, text, DEEPEST, &mut found);
    found
}

fn gather_text(name: &str, text: &str, depth: u32, found: &mut Vec<Leaf>) {
    if depth > 0
        && text.starts_with(['{', '[', '"'])
        && let Ok(value) = serde_json::from_str(text)
    {
        return gather(name, &value, depth - 1, found);
    }
    let bearer = text.strip_prefix("Bearer ");
    found.push(Leaf {
        name: name.to_owned(),
        value: bearer.unwrap_or(text).to_owned(),
        is_bearer: bearer.is_some(),
    });
}

fn gather(name: &str, value: &Value, depth: u32, found: &mut Vec<Leaf>) {
    match value {
        Value::String(text) => gather_text(name, text, depth, found),
        Value::Array(items) if depth > 0 => {
            for item in items {
                gather(name, item, depth - 1, found);
            }
        }
        Value::Object(members) if depth > 0 => {
            for (name, value) in members {
                gather(name, value, depth - 1, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
    }
}

/// Writes what was stored into a context, before any page of the site is in it. An item that the browser does not take
/// is left out.
pub(super) async fn give(
    client: &Client,
    context: &str,
    stored: &[Storage],
) -> Result<(), CdpError> {
    let mut refused = 0;
    for storage in stored {
        let page = Empty::open(client, context, &storage.origin).await?;
        for (key, value) in &storage.items {
            match page.set(key, value).await {
                Ok(()) => {}
                Err(CdpError::Refused { .. }) => refused += 1,
                Err(error) => return Err(error),
            }
        }
        page.close().await?;
    }
    if refused > 0 {
        tracing::warn!(
            refused,
            "the browser did not take all that a site stored of a login"
        );
    }
    Ok(())
}

/// What a context holds for the origins.
pub(super) async fn back(
    client: &Client,
    context: &str,
    origins: impl Iterator<Item = &str>,
) -> Result<Vec<Storage>, CdpError> {
    let mut found = Vec::new();
    for origin in origins {
        let page = Empty::open(client, context, origin).await?;
        let items = read(&page.session, origin, CALL_LIMIT).await?;
        page.close().await?;
        found.push(Storage {
            origin: origin.to_owned(),
            items,
        });
    }
    found.retain(|one| !one.items.is_empty());
    Ok(found)
}

/// What an origin stores, asked of a page that is there.
async fn read(
    session: &Session,
    origin: &str,
    limit: Duration,
) -> Result<BTreeMap<String, String>, CdpError> {
    const METHOD: &str = "DOMStorage.getDOMStorageItems";
    let params = json!({"storageId": place(origin)});
    let mut answer = session.call(METHOD, params, limit).await?;
    let told: Result<Vec<(String, String)>, _> = serde_json::from_value(answer["entries"].take());
    let told = told.map_err(|error| CdpError::Refused {
        method: METHOD,
        message: error.to_string(),
    })?;
    Ok(told.into_iter().collect())
}

/// What pages of a site store while a person sees them. They tell it themselves as it happens: who asks now and then
/// misses what was stored just before a window was closed.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<BTreeMap<String, BTreeMap<String, String>>>>);

impl Heard {
    /// Hears a page from now on.
    pub(super) async fn hear(&self, page: &Session, limit: Duration) -> Result<(), CdpError> {
        page.call("DOMStorage.enable", json!({}), limit)
            .await
            .map(drop)
    }

    /// Asks a page that was there before it was heard. What was heard meanwhile is newer.
    pub(super) async fn ask(
        &self,
        page: &Session,
        origin: &str,
        limit: Duration,
    ) -> Result<(), CdpError> {
        let found = read(page, origin, limit).await?;
        let mut all = self.lock();
        let items = all.entry(origin.to_owned()).or_default();
        for (key, value) in found {
            items.entry(key).or_insert(value);
        }
        Ok(())
    }

    /// Takes in what a page tells of an origin that is the site's.
    pub(super) fn event(&self, site: &Site, method: &str, params: &Value) {
        let place = &params["storageId"];
        if place["isLocalStorage"] != true {
            return;
        }
        // The key of an origin's own storage is the origin; that of a frame in another site's page says more.
        let address = place["storageKey"]
            .as_str()
            .or_else(|| place["securityOrigin"].as_str());
        let Some(origin) = address
            .filter(|address| !address.contains('^'))
            .and_then(|address| site.origin(address))
        else {
            return;
        };
        let mut all = self.lock();
        let items = all.entry(origin).or_default();
        match (method, params["key"].as_str(), params["newValue"].as_str()) {
            (
                "DOMStorage.domStorageItemAdded" | "DOMStorage.domStorageItemUpdated",
                Some(key),
                Some(value),
            ) => {
                items.insert(key.to_owned(), value.to_owned());
            }
            ("DOMStorage.domStorageItemRemoved", Some(key), _) => {
                items.remove(key);
            }
            ("DOMStorage.domStorageItemsCleared", ..) => items.clear(),
            _ => {}
        }
    }

    /// What is stored now.
    pub(super) fn now(&self) -> Vec<Storage> {
        let all = self.lock().clone().into_iter();
        all.map(|(origin, items)| Storage { origin, items })
            .filter(|one| !one.items.is_empty())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<String, String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The protocol's name for an origin's storage that outlives its pages.
fn place(origin: &str) -> Value {
    json!({"securityOrigin": origin, "isLocalStorage": true})
}

/// An empty page at an origin, in no window. The site hears nothing of it: the browser is given an empty answer.
struct Empty<'a> {
    client: &'a Client,
    target: String,
    session: Session,
    origin: &'a str,
}

impl<'a> Empty<'a> {
    async fn open(client: &'a Client, context: &str, origin: &'a str) -> Result<Self, CdpError> {
        // A browser that knows nothing of hidden pages opens it behind the others.
        let params = json!({"url": "about:blank", "browserContextId": context, "hidden": true, "background": true});
        let made = client
            .call("Target.createTarget", params, CALL_LIMIT)
            .await?;
        let target = made["targetId"].as_str().unwrap_or_default().to_owned();
        let answers: Listener = Arc::new(|session: &Session, method: &str, params: &Value| {
            if method == "Fetch.requestPaused" {
                let kind = json!([{"name": "Content-Type", "value": "text/html"}]);
                let answer = json!({"requestId": params["requestId"], "responseCode": 200, "responseHeaders": kind});
                session.post("Fetch.fulfillRequest", &answer);
            }
        });
        let session = client.attach(&target, answers, CALL_LIMIT).await?;
        let page = Self {
            client,
            target,
            session,
            origin,
        };
        // A worker that the site left behind would answer before the browser does.
        for (method, params) in [
            ("Network.enable", json!({})),
            ("Network.setBypassServiceWorker", json!({"bypass": true})),
            ("Fetch.enable", json!({})),
        ] {
            page.session.call(method, params, CALL_LIMIT).await?;
        }
        let params = json!({"url": format!("{origin}/")});
        let went = page
            .session
            .call("Page.navigate", params, CALL_LIMIT)
            .await?;
        if let Some(message) = went["errorText"].as_str() {
            return Err(CdpError::Refused {
                method: "Page.navigate",
                message: message.to_owned(),
            });
        }
        Ok(page)
    }

    async fn set(&self, key: &str, value: &str) -> Result<(), CdpError> {
        let params = json!({"storageId": place(self.origin), "key": key, "value": value});
        self.session
            .call("DOMStorage.setDOMStorageItem", params, CALL_LIMIT)
            .await
            .map(drop)
    }

    async fn close(self) -> Result<(), CdpError> {
        let params = json!({"targetId": self.target});
        let closed = self
            .client
            .call("Target.closeTarget", params, CALL_LIMIT)
            .await;
        self.session.forget();
        closed.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"alg":"none"}` and `{"exp":1800000000}`, by `base64`.
    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE4MDAwMDAwMDB9.c2lnbmF0dXJl";

    fn storage(items: &[(&str, &str)]) -> Storage {
        let items = items
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Storage {
            origin: "https://bsky.example".to_owned(),
            items: items.collect(),
        }
    }

    #[test]
    fn tokens_are_found_wherever_they_stand() {
        let account = json!({"did": "did:plc:z72i7hdynmk6r22z27h6tvur", "handle": "exempelkommun2.bsky.example",
            "service": "https://bsky.example/", "refreshJwt": TOKEN, "accessToken": "abc12345"});
        let inner =
            json!({"session": {"accounts": [account.clone()], "hasSession": true}}).to_string();
        let stored = storage(&[
            ("BSKY_STORAGE", &inner),
            ("persist:root", &json!({"auth": inner}).to_string()),
            ("quoted", &json!("Bearer kq0vRZ3hB1yXo9dTnGmP").to_string()),
            ("header", "Bearer kq0vRZ3hB1yXo9dTnGmQ"),
            ("theme", "dark"),
            ("csrf-token", "9f86d081884c7d659a2feaa0c55ad015"),
        ]);
        let mut secrets: Vec<String> = stored.secrets().collect();
        secrets.sort();
        secrets.dedup();
        assert_eq!(
            secrets,
            [
                "9f86d081884c7d659a2feaa0c55ad015",
                "abc12345",
                TOKEN,
                "kq0vRZ3hB1yXo9dTnGmP",
                "kq0vRZ3hB1yXo9dTnGmQ",
            ]
        );
        let holding: Vec<&str> = stored.holding().collect();
        assert_eq!(
            holding,
            ["BSKY_STORAGE", "header", "persist:root", "quoted"]
        );
        let ends = stored.ends();
        assert_eq!(ends.len(), 6);
        assert!(ends.contains(&Some(1_800_000_000)) && ends.contains(&None));
    }

    #[test]
    fn a_guests_token_renews_nothing() {
        let of = |person: &str, token: &str| {
            let text = json!({"user": {"id": person}, "accessToken": token, "seen": 7}).to_string();
            storage(&[("app", &text)])
        };
        let before = of("kommun", "abcdefgh12345678");
        assert!(before.is_renewed_by(&before));
        assert!(before.is_renewed_by(&of("kommun", "ijklmnop12345678")));
        assert!(!before.is_renewed_by(&of("guest", "ijklmnop12345678")));
        // Nothing tells whose it is: what a person made is not given up for it.
        let bare = |token: &str| storage(&[("accessToken", token)]);
        assert!(bare("abcdefgh12345678").is_renewed_by(&bare("abcdefgh12345678")));
        assert!(!bare("abcdefgh12345678").is_renewed_by(&bare("gast-0000-ijk")));
        // `{"sub":"kim","n":1}`, `{"sub":"kim","n":2}` and `{"sub":"gast","n":2}`, by `base64`.
        let claims = |body: &str| bare(&format!("eyJhbGciOiJub25lIn0.{body}.c2ln"));
        let (one, two) = ("eyJzdWIiOiJraW0iLCJuIjoxfQ", "eyJzdWIiOiJraW0iLCJuIjoyfQ");
        let guest = "eyJzdWIiOiJnYXN0IiwibiI6Mn0";
        assert!(claims(one).is_renewed_by(&claims(two)));
        assert!(!claims(one).is_renewed_by(&claims(guest)));
    }

    #[test]
    fn nesting_without_end_is_followed_to_a_depth() {
        let mut text = "\"kq0vRZ3hB1yXo9dTnGmP\"".to_owned();
        for _ in 0..12 {
            text = json!([text]).to_string();
        }
        let deep = "[".repeat(100_000);
        let stored = storage(&[("a", &text), ("b", &deep)]);
        assert!(stored.secrets().count() <= 1);
        assert_eq!(stored.holding().count(), 0);
    }
}
