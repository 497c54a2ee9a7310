//! What may not be kept of a platform's object: the values are replaced and named by JSON Pointer (RFC 6901), so that
//! whoever reads `original.json` sees that something stood there and what.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// In place of an e-mail address.
pub(crate) const EMAIL: &str = "[redacted:email]";
/// In place of an IP address.
pub(crate) const IP: &str = "[redacted:ip]";
/// In place of a password.
pub(crate) const PASSWORD: &str = "[redacted:password]";
/// In place of a plugin's data that holds an e-mail or IP address.
pub(crate) const META: &str = "[redacted:meta]";

/// Address of an avatar by the hash of an e-mail address, which anyone can test guesses against.
static AVATAR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(gravatar\.com/avatar(?:\.php)?[/?](?:gravatar_id=)?)[0-9a-f]{32,64}").ok()
});

/// `text` without hashes of e-mail addresses; `None` where there is none.
pub(crate) fn without_avatar_hash(text: &str) -> Option<String> {
    let regex = AVATAR.as_ref()?;
    regex
        .is_match(text)
        .then(|| regex.replace_all(text, "${1}redacted").into_owned())
}

/// Walks through `value` and replaces the strings for which `rule` gives something else; `rule` is told the names that
/// lead to the string. Returns the pointers, sorted.
pub(crate) fn redact(
    value: &mut Value,
    rule: &dyn Fn(&[String], &str) -> Option<String>,
) -> Vec<String> {
    let mut pointers = Vec::new();
    walk(value, &mut Vec::new(), rule, &mut pointers);
    pointers.sort();
    pointers
}

fn walk(
    value: &mut Value,
    path: &mut Vec<String>,
    rule: &dyn Fn(&[String], &str) -> Option<String>,
    pointers: &mut Vec<String>,
) {
    match value {
        Value::String(text) => {
            let replaced = rule(path, text).or_else(|| without_avatar_hash(text));
            if let Some(replaced) = replaced {
                *text = replaced;
                pointers.push(pointer(path));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                path.push(index.to_string());
                walk(item, path, rule, pointers);
                path.pop();
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                path.push(name.clone());
                walk(member, path, rule, pointers);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn pointer(path: &[String]) -> String {
    let mut pointer = String::new();
    for part in path {
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_members_are_named_by_pointer() {
        let mut value = serde_json::json!({
            "a/b": [{"mail": "kim@example.se"}],
            "html": "<img src='https://secure.gravatar.com/avatar/0123456789abcdef0123456789abcdef?s=96'>",
        });
        let pointers = redact(&mut value, &|path, _| {
            (path.last().map(String::as_str) == Some("mail")).then(|| EMAIL.to_owned())
        });
        assert_eq!(pointers, ["/a~1b/0/mail", "/html"]);
        assert_eq!(value.pointer("/a~1b/0/mail").unwrap(), EMAIL);
        assert_eq!(
            value["html"],
            "<img src='https://secure.gravatar.com/avatar/redacted?s=96'>"
        );
    }
}
