//! What lets somebody in, by its name or its form: in queries, in forms, and in what a site stores in the browser.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Parts of names that a token goes by. In lower case.
pub(crate) const NAMES: &[&str] = &[
    "token", "csrf", "xsrf", "dtsg", "nonce", "session", "secret", "passw", "jwt", "oauth",
    "auth_", "auth-", "authkey", "api_key", "apikey", "api-key",
];
/// Words in names that a token goes by, which are parts of others: "author". In lower case.
const WORDS: &[&str] = &["auth", "authorization", "bearer", "sid"];
/// Parts of names of tokens that protect a form, and let nobody in. In lower case.
const FORMS: &[&str] = &["csrf", "xsrf", "dtsg", "nonce"];

/// Whether a value of this name is a token, if it looks like one.
pub(crate) fn is_named(name: &str) -> bool {
    has_part(name, NAMES)
        || words(name)
            .iter()
            .any(|word| WORDS.contains(&word.as_str()))
}

/// The words of a name, in lower case: `userAuth` and `user_auth` are two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for one in name.chars() {
        let begins = one.is_ascii_uppercase() && was_lower;
        was_lower = one.is_ascii_lowercase();
        if begins || !one.is_ascii_alphabetic() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| one.is_ascii_alphabetic()) {
            word.push(one.to_ascii_lowercase());
        }
    }
    words
}

/// Whether a name is that of a token which protects a form.
pub(super) fn protects_a_form(name: &str) -> bool {
    has_part(name, FORMS)
}

fn has_part(name: &str, parts: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    parts.iter().any(|part| name.contains(part))
}

/// Whether a value that goes by a token's name is one, and no word that may stand elsewhere.
pub(crate) fn is_token(value: &str) -> bool {
    const MIXED: usize = 8;
    const LONG: usize = 20;
    let is_mixed = has(value, u8::is_ascii_digit) && has(value, u8::is_ascii_alphabetic);
    !value.chars().any(char::is_whitespace)
        && (value.len() >= LONG || (value.len() >= MIXED && is_mixed))
}

/// Whether a value is random by its looks, whatever it is called: Base64 of 15 bytes, or 16 bytes in hexadecimal, as in
/// a UUID. Names, addresses, times and identities such as `did:plc:…` hold signs that these do not.
pub(super) fn is_random(value: &str) -> bool {
    const BASE64: usize = 20;
    const HEX: usize = 32;
    let all = |kind: fn(u8) -> bool| value.bytes().all(kind);
    let has_digit = has(value, u8::is_ascii_digit);
    let is_base64 = value.len() >= BASE64
        && all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte))
        && has(value, u8::is_ascii_uppercase)
        && has(value, u8::is_ascii_lowercase);
    let is_hex = value.len() >= HEX
        && all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        && has(value, u8::is_ascii_alphabetic);
    has_digit && (is_base64 || is_hex)
}

fn has(value: &str, kind: fn(&u8) -> bool) -> bool {
    value.bytes().any(|byte| kind(&byte))
}

/// Whether a value of a token's name is one of digits alone, and no count.
pub(super) fn is_number(value: &str) -> bool {
    const DIGITS: usize = 12;
    value.len() >= DIGITS && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a JSON Web Token claims (RFC 7519 § 3); `None` where a value is none.
fn claims(value: &str) -> Option<Value> {
    let mut parts = value.split('.');
    let (head, body, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.is_empty() || !head.starts_with("eyJ") {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// Whether a value is a JSON Web Token.
pub(super) fn is_web_token(value: &str) -> bool {
    claims(value).is_some()
}

/// Whom a JSON Web Token is about (RFC 7519 § 4.1.2).
pub(super) fn subject(value: &str) -> Option<String> {
    claims(value)?["sub"].as_str().map(str::to_owned)
}

/// When a JSON Web Token runs out, in seconds since 1970 (RFC 7519 § 4.1.4); `None` where it does not say.
pub(super) fn expires(value: &str) -> Option<i64> {
    claims(value)?["exp"].as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RFC 7519 § 3.1, whose claims are issuer, `exp` 1300819380 and one of its own.
    const EXAMPLE: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn a_web_token_is_known_and_tells_its_end() {
        assert!(is_web_token(EXAMPLE));
        assert_eq!(expires(EXAMPLE), Some(1_300_819_380));
        for other in ["", "a.b.c", "eyJ.eyJ.", "blogg.exempel.se", &EXAMPLE[1..]] {
            assert!(!is_web_token(other), "{other}");
            assert_eq!(expires(other), None);
        }
    }

    #[test]
    fn names_are_known_by_parts_and_by_whole_words() {
        for name in [
            "accessToken",
            "refreshJwt",
            "auth",
            "userAuth",
            "user_auth",
            "Authorization",
            "sid",
            "x-sid",
            "Bearer",
        ] {
            assert!(is_named(name), "{name}");
        }
        for name in [
            "author",
            "authored_by",
            "sidebar",
            "side",
            "theme",
            "bearing",
            "handle",
            "",
        ] {
            assert!(!is_named(name), "{name}");
        }
    }

    #[test]
    fn what_is_random_is_known_by_its_looks() {
        // Made with `openssl rand -base64 15`, `-hex 16` and `uuidgen`.
        for random in [
            "kq0vRZ3hB1yXo9dTnGmP",
            "9f86d081884c7d659a2feaa0c55ad015",
            "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        ] {
            assert!(is_random(random), "{random}");
        }
        for plain in [
            "exempelkommun2.bsky.social",
            "did:plc:z72i7hdynmk6r22z27h6tvur",
            "https://exempel.se/Sida/2026/Bygglov12345",
            "2026-11-26T20:00:00.000Z",
            "Sammanträdesprotokoll2026",
            "kommunfullmaktiges-protokoll-2026",
            "12345678901234567890123456789012",
        ] {
            assert!(!is_random(plain), "{plain}");
        }
    }
}
