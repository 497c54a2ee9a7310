//! What stands in the plain text of a post: web addresses and hashtags.

use std::sync::LazyLock;

use regex::Regex;

use crate::platform::html::push_unique;

static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)\bhttps?://[^\s<>"]+"#).ok());
static HASHTAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[\s(])#([\p{L}\p{N}_]*\p{L}[\p{L}\p{N}_]*)").ok());

/// Adds the web addresses in `text` to `links`, without the punctuation that ends a sentence.
pub(crate) fn add_links(text: &str, links: &mut Vec<String>) {
    for found in ADDRESS.iter().flat_map(|regex| regex.find_iter(text)) {
        let address = found
            .as_str()
            .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '’', '”']);
        push_unique(links, address.to_owned());
    }
}

/// Adds the hashtags in `text` to `tags`, without the sign; a tag that is there in another case is not added.
pub(crate) fn add_hashtags(text: &str, tags: &mut Vec<String>) {
    for found in HASHTAG.iter().flat_map(|regex| regex.captures_iter(text)) {
        let Some(tag) = found.get(1).map(|tag| tag.as_str()) else {
            continue;
        };
        if !tags
            .iter()
            .any(|known| known.to_lowercase() == tag.to_lowercase())
        {
            tags.push(tag.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_swedish_hashtags_are_found() {
        let text = "Se https://exempelkommun.se/återvinning. #Återvinning (#2026budget) nr #12 a#b";
        let (mut links, mut tags) = (Vec::new(), vec!["återvinning".to_owned()]);
        add_links(text, &mut links);
        add_hashtags(text, &mut tags);
        assert_eq!(links, ["https://exempelkommun.se/återvinning"]);
        assert_eq!(tags, ["återvinning", "2026budget"]);
    }
}
