//! Page text, inventory and DOM; and how many posts of the inventory stand in the page text.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::capture::cdp::CdpError;
use crate::capture::printed::Expected;
use crate::capture::tab::{CALL_LIMIT, Tab};
use crate::capture::{CapturedFile, Problem, frames, write};
use crate::model::json;
use crate::model::verdict::{Counts, FileRole};

/// How long reading a long page may take.
const READ_LIMIT: Duration = Duration::from_mins(1);
/// UTF-16 units of text or HTML that are kept.
const LENGTH_LIMIT: u32 = 100_000_000;
/// Posts fetched at a time.
const BATCH: u32 = 200;

/// A post as it was seen on the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    /// Place in the order in which the posts were seen, from 1.
    #[serde(default)]
    pub(crate) index: u32,
    /// Id of its element.
    pub(crate) id: Option<String>,
    /// Its text.
    pub(crate) text: String,
    /// Author, where marked up.
    pub(crate) author: Option<String>,
    /// Time, where marked up, as written there.
    pub(crate) time: Option<String>,
    /// Address of its own, where marked up.
    pub(crate) permalink: Option<String>,
    /// Pictures in it.
    pub(crate) images: u32,
    /// Those that had loaded.
    pub(crate) images_loaded: u32,
    /// Posts inside it (comments).
    pub(crate) comments: u32,
    /// What is seen of its text, piece by piece: no words for screen readers, nothing that lies outside the page.
    #[serde(default, skip_serializing)]
    seen: String,
}

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// Files written.
    pub(crate) files: Vec<CapturedFile>,
    /// Characters of page text, as the catalogue counts them too.
    pub(crate) chars: u64,
    /// Posts seen.
    pub(crate) counts: Counts,
    /// What a print of the page has to hold.
    pub(crate) expected: Expected,
    /// Addresses of frames whose text could not be read.
    pub(crate) frames_unread: Vec<String>,
    /// Characters that no font has, `U+…`.
    pub(crate) unprintable: Vec<String>,
}

/// Writes `page.txt`, `inventory.json` and `dom.html`. `shown` is the number of posts in the DOM at its fullest.
pub(crate) async fn read(
    tab: &mut Tab,
    raw: &Path,
    shown: u32,
    texts: &mut Texts,
) -> Result<(), Problem> {
    let items = inventory(tab).await?;
    let mut text = whole(tab, "text").await?;
    frames(tab, &mut text, texts).await?;
    texts.unprintable = tab.ask("bevara.unprintable()", READ_LIMIT).await?;
    texts.chars = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    texts.counts = Counts {
        dom: shown,
        text: standing(&items, &text),
        inventory: u32::try_from(items.len()).unwrap_or(u32::MAX),
        pdf: None,
    };
    let unprintable = texts.unprintable.iter().map(|code| character(code));
    texts.expected.unprintable = unprintable.collect::<Result<_, _>>()?;
    let document = json!({"v": 1, "posts": items});
    let line = json::to_line(&document).map_err(|error| Problem::Document(error.to_string()))?;
    for (role, name, bytes) in [
        (FileRole::PageText, "page.txt", text.as_bytes()),
        (FileRole::Inventory, "inventory.json", line.as_bytes()),
    ] {
        write(&raw.join(name), bytes)?;
        texts.files.push(CapturedFile {
            role,
            name: name.to_owned(),
        });
    }
    texts.expected.page = text;
    texts.expected.posts = items.into_iter().map(|item| item.seen).collect();
    let html = whole(tab, "html").await?;
    write(&raw.join("dom.html"), html.as_bytes())?;
    texts.files.push(CapturedFile {
        role: FileRole::Dom,
        name: "dom.html".to_owned(),
    });
    Ok(())
}

/// Adds what frames of other origins say, after the page's own text.
async fn frames(tab: &Tab, text: &mut String, texts: &mut Texts) -> Result<(), Problem> {
    let foreign = frames::read(tab).await?;
    for one in &foreign.texts {
        text.push_str("\n\n");
        text.push_str(one.trim());
    }
    texts.frames_unread = foreign.unread;
    Ok(())
}

async fn inventory(tab: &mut Tab) -> Result<Vec<Item>, Problem> {
    let mut items: Vec<Item> = Vec::new();
    loop {
        let from = items.len();
        let batch: Vec<Item> = tab
            .ask(&format!("bevara.inventory({from}, {BATCH})"), READ_LIMIT)
            .await?;
        if batch.is_empty() {
            break;
        }
        items.extend(batch);
    }
    for (index, item) in (1..).zip(&mut items) {
        item.index = index;
    }
    Ok(items)
}

/// What is seen of the page as it stands now, ready to be printed.
pub(crate) async fn seen(tab: &mut Tab) -> Result<String, Problem> {
    whole(tab, "seen").await
}

/// The character that `U+…` names. One that were left out would be looked for in the print, where nothing can draw it.
fn character(code: &str) -> Result<char, CdpError> {
    let digits = code.strip_prefix("U+");
    let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    number
        .and_then(char::from_u32)
        .ok_or_else(|| CdpError::Refused {
            method: "Runtime.evaluate",
            message: format!("\"{code}\" is no character"),
        })
}

async fn whole(tab: &mut Tab, which: &str) -> Result<String, Problem> {
    let _: u32 = tab
        .ask(&format!("bevara.keep('{which}')"), CALL_LIMIT)
        .await?;
    Ok(tab
        .ask(&format!("bevara.piece(0, {LENGTH_LIMIT})"), READ_LIMIT)
        .await?)
}

/// Posts whose text stands in the page text, each at a place of its own. A post without text is a picture, and is
/// counted where the inventory has it.
fn standing(items: &[Item], text: &str) -> u32 {
    let text = squash(text);
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = 0;
    for item in items {
        let wanted = squash(&item.text);
        if wanted.is_empty() {
            count += 1;
            continue;
        }
        let from = taken.get(&wanted).copied().unwrap_or(0);
        let found = text.get(from..).and_then(|rest| rest.find(&wanted));
        if let Some(at) = found {
            let end = from + at + wanted.len();
            taken.insert(wanted, end);
            count += 1;
        }
    }
    count
}

fn squash(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str) -> Item {
        Item {
            text: text.to_owned(),
            ..Item::default()
        }
    }

    #[test]
    fn what_names_no_character_is_told() {
        assert_eq!(character("U+18B00").unwrap(), '\u{18b00}');
        for code in ["18B00", "U+", "U+G", "U+D800", "U+110000"] {
            assert!(character(code).is_err(), "{code}");
        }
    }

    #[test]
    fn each_post_needs_a_place_of_its_own_in_the_text() {
        let text = "Hej\nGlad påsk!\n\nVägen är  avstängd.\nGlad påsk!";
        let twice = [
            item("Glad påsk!"),
            item("Vägen är avstängd."),
            item("Glad\npåsk!"),
        ];
        assert_eq!(standing(&twice, text), 3);
        let thrice = [item("Glad påsk!"), item("Glad påsk!"), item("Glad påsk!")];
        assert_eq!(standing(&thrice, text), 2);
        assert_eq!(standing(&[item("Något annat"), item("")], text), 1);
    }
}
