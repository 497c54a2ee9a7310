//! A cookie as the browser tells and takes it, and whether its value lets somebody in.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::capture::login::token;

/// A cookie, in the words of the DevTools protocol (`Network.Cookie`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cookie {
    pub(super) name: String,
    pub(super) value: String,
    /// With a leading dot it goes to hosts below as well (RFC 6265 § 5.3).
    pub(super) domain: String,
    pub(super) path: String,
    /// Seconds since 1970; without it the cookie lives as long as the browser, or as the server pleases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<i64>,
    pub(super) http_only: bool,
    pub(super) secure: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) same_site: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) priority: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source_scheme: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source_port: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) partition_key: Option<Value>,
}

impl Cookie {
    /// A cookie as the browser tells it.
    pub(super) fn read(mut told: Value) -> Option<Self> {
        // The browser counts in fractions of a second, and says -1 where there is no end.
        let expires = told["expires"].as_f64().filter(|_| told["session"] != true);
        told["expires"] = expires.map_or(Value::Null, |seconds| json!(whole(seconds)));
        serde_json::from_value(told).ok()
    }

    pub(super) fn key(&self) -> (&str, &str, &str) {
        (&self.domain, &self.path, &self.name)
    }

    /// As the browser takes it. A cookie of one host alone is given by address: a domain would hand it to every host
    /// below, and the prefix `__Host-` forbids one (RFC 6265bis § 4.1.3.2).
    pub(super) fn param(&self) -> Value {
        let mut param = json!(self);
        if !self.domain.starts_with('.') {
            let is_secure = self
                .source_scheme
                .as_ref()
                .map_or(self.secure, |scheme| scheme == "Secure");
            let scheme = if is_secure { "https" } else { "http" };
            param["url"] = json!(format!("{scheme}://{}{}", self.domain, self.path));
            if let Some(members) = param.as_object_mut() {
                members.remove("domain");
            }
        }
        param
    }

    /// Whether a request to `host` carries it (RFC 6265 § 5.1.3).
    pub(super) fn goes_to(&self, host: &str) -> bool {
        match self.domain.strip_prefix('.') {
            Some(site) => belongs(host, site),
            None => host == self.domain,
        }
    }

    /// Whether the value is one that lets somebody in, and no setting such as a language or a size: what only the
    /// server may read, what is called a token, and what is long and mixed like one.
    pub(super) fn is_secret(&self) -> bool {
        const TOKEN: usize = 16;
        const SHORT: usize = 8;
        let has = |kind: fn(&char) -> bool| self.value.chars().any(|one| kind(&one));
        let (digit, letter) = (has(char::is_ascii_digit), has(char::is_ascii_alphabetic));
        let length = self.value.len();
        if self.http_only {
            length >= TOKEN || (length >= SHORT && digit)
        } else {
            let is_called = token::is_named(&self.name)
                && (token::is_token(&self.value) || token::is_number(&self.value));
            is_called || (length >= TOKEN && digit && letter)
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and no cookie lives longer than 400 days"
)]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

/// Whether `host` is `domain` or lies below it.
pub(super) fn belongs(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(value: &str, http_only: bool) -> Cookie {
        Cookie::read(json!({
            "name": "a", "value": value, "domain": "e.example", "path": "/", "expires": -1, "session": true,
            "httpOnly": http_only, "secure": true
        }))
        .unwrap()
    }

    #[test]
    fn a_value_is_secret_by_its_form() {
        let secret = |value, http_only| cookie(value, http_only).is_secret();
        // Only the server may read it: a short one with a digit, a long one of whatever.
        assert!(secret("abcdefg1", true));
        assert!(secret("abcdefghijklmnop", true));
        assert!(!secret("abcdefgh", true));
        assert!(!secret("abcdef1", true));
        // A script may read it, so it may be a setting: long, of letters and digits.
        assert!(secret("abcdefghijklmno1", false));
        assert!(!secret("abcdefghijklmnop", false));
        assert!(!secret("1234567890123456", false));
        assert!(!secret("abcdefghijklmn1", false));
        assert!(!secret("sv-SE", false));
        let named = |name: &str, value| {
            let mut one = cookie(value, false);
            one.name = name.to_owned();
            one.is_secret()
        };
        assert!(
            named("user_token", "1234567890123456") && named("auth", "abcdefghijklmnopqrstuvwxyz")
        );
        assert!(!named("user_token", "yes") && !named("author", "abcdefghijklmnopqrstuvwxyz"));
    }

    #[test]
    fn a_cookie_without_an_end_has_none() {
        assert_eq!(cookie("abcdefg1", true).expires, None);
        let told = json!({
            "name": "a", "value": "b", "domain": "e.example", "path": "/", "expires": 1_800_000_000.5, "session": false,
            "httpOnly": true, "secure": true
        });
        assert_eq!(Cookie::read(told).unwrap().expires, Some(1_800_000_000));
        assert!(Cookie::read(json!({"name": "a"})).is_none());
    }
}
