//! What saved replies of Meta's Graph API have in common: times with an offset without a colon, lists under `data`, people
//! by id, and counts under `summary`.

use serde_json::Value;

use crate::model::post::{Author, AuthorRole, PostTime, RoleBasis};
use crate::model::text::normalised;
use crate::platform::draft;
use crate::platform::html::web_address;
use crate::platform::object::{many, number, text, word};
use crate::platform::replies::At;
use crate::platform::time;

/// `2012-03-04T18:20:37+0000`, or Unix seconds as text in replies from before 2020.
pub(crate) fn moment(item: &Value, name: &str) -> Option<PostTime> {
    let told = word(item, name)?;
    if let Ok(seconds) = told.parse() {
        return time::unix(seconds, 1);
    }
    time::any(&told).map(|(time, _)| time)
}

/// The elements of a list that is wrapped in `data`, or stands as it is.
pub(crate) fn listed<'a>(item: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let list = item.get(name);
    many(
        list.and_then(|list| list.get("data"))
            .or(list.filter(|list| list.is_array())),
    )
}

/// Where the elements of [`listed`] stand, as a JSON Pointer.
pub(crate) fn place(item: &Value, name: &str) -> String {
    let wrapped = item
        .get(name)
        .is_some_and(|list| list.get("data").is_some());
    if wrapped {
        format!("/{name}/data")
    } else {
        format!("/{name}")
    }
}

/// How many there are, by `summary.total_count`, `count` or the member itself.
pub(crate) fn count(item: &Value, name: &str) -> Option<u64> {
    let told = item.get(name)?;
    let summary = told
        .get("summary")
        .and_then(|summary| number(summary, "total_count"));
    summary
        .or_else(|| number(told, "count"))
        .or_else(|| number(item, name))
}

/// Who it is from: the account where id or handle is its own, another where its own is known. Without the scope for it the
/// interface tells of nobody.
pub(crate) fn author(at: &At<'_, '_>, from: Option<&Value>) -> Author {
    let mut author = draft::unknown_author();
    let Some(from) = from else {
        return author;
    };
    let name = text(from, "name").or_else(|| text(from, "full_name"));
    author.handle = text(from, "username");
    author.name = name
        .or_else(|| author.handle.clone())
        .map(|name| normalised(&name))
        .unwrap_or_default();
    author.platform_id = word(from, "id");
    author.url = text(from, "link").and_then(|url| web_address(&url));
    let registered: Vec<&str> = at.source.address.split(['/', '=', '?', '@']).collect();
    let is_registered = |told: &Option<String>| {
        let told = told.as_deref();
        told.is_some_and(|told| {
            registered
                .iter()
                .any(|part| part.eq_ignore_ascii_case(told))
        })
    };
    let handle = author.handle.as_deref();
    let own_handle = at.known.own_handle.as_deref();
    let own = author
        .platform_id
        .as_ref()
        .is_some_and(|id| at.known.own.contains(id))
        || (handle.is_some() && handle == own_handle);
    if own || is_registered(&author.platform_id) || is_registered(&author.handle) {
        (author.role, author.role_basis) = (AuthorRole::Authority, RoleBasis::OwnAccountId);
    } else if (author.platform_id.is_some() && !at.known.own.is_empty())
        || (handle.is_some() && own_handle.is_some())
    {
        (author.role, author.role_basis) = (AuthorRole::Public, RoleBasis::OtherId);
    }
    author
}
