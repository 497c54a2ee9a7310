//! The Mastodon account's archive (a zip): actor, outbox and the pictures it names. As in reality it holds the account's
//! own posts only, direct ones included, and nothing that others wrote.

use std::io::{Cursor, Write as _};

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::demo::content::{Audience, Item, Site};
use crate::demo::export::utc;
use crate::demo::picture::{self, Scene};

/// The account's id.
const ACTOR: &str = "https://social.exempelkommun.example/users/exempelkommun";
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Why the archive could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// A picture.
    #[error("a picture could not be painted")]
    Picture(#[from] image::ImageError),
    /// A document.
    #[error("a document could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The zip.
    #[error("the zip could not be written")]
    Zip(#[from] zip::result::ZipError),
    /// The zip's bytes.
    #[error("the zip could not be written")]
    Io(#[from] std::io::Error),
}

/// The archive as it would be downloaded at the end of `day`.
pub(crate) fn archive(site: &Site, day: NaiveDate) -> Result<Vec<u8>, ArchiveError> {
    let items: Vec<Item> = site.until(day).collect();
    let activities: Vec<Value> = items.iter().map(activity).collect();
    let outbox = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "outbox.json",
        "type": "OrderedCollection",
        "totalItems": activities.len(),
        "orderedItems": activities,
    });
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| -> Result<(), ArchiveError> {
        zip.start_file(name, SimpleFileOptions::default())?;
        Ok(zip.write_all(bytes)?)
    };
    add("actor.json", &serde_json::to_vec(&actor(site))?)?;
    add("outbox.json", &serde_json::to_vec(&outbox)?)?;
    add("likes.json", &serde_json::to_vec(&empty("likes.json"))?)?;
    add(
        "bookmarks.json",
        &serde_json::to_vec(&empty("bookmarks.json"))?,
    )?;
    add("avatar.png", &picture::png(Scene::Arms, 1, (168, 168))?)?;
    for item in &items {
        if let Some(scene) = item.picture.as_deref().and_then(Scene::named) {
            let bytes = picture::png(scene, item.number, (580, 326))?;
            add(&media(item), &bytes)?;
        }
    }
    Ok(zip.finish()?.into_inner())
}

fn actor(site: &Site) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": ACTOR,
        "type": "Person",
        "preferredUsername": site.handle,
        "name": site.name,
        "summary": format!("<p>{}</p>", site.bio),
        "url": "https://social.exempelkommun.example/@exempelkommun",
        "followers": format!("{ACTOR}/followers"),
        "outbox": "outbox.json",
        "likes": "likes.json",
        "bookmarks": "bookmarks.json",
        "published": "2026-05-01T00:00:00Z",
        "icon": {"type": "Image", "mediaType": "image/png", "url": "avatar.png"},
    })
}

fn empty(name: &str) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": name,
        "type": "OrderedCollection",
        "orderedItems": [],
    })
}

fn activity(item: &Item) -> Value {
    let id = status(item);
    let published = stamp(item.at);
    let (to, cc) = addressed(item);
    if let Some(other) = &item.boost {
        return json!({
            "id": format!("{id}/activity"), "type": "Announce", "actor": ACTOR,
            "published": published, "to": to, "cc": cc, "object": other,
        });
    }
    let mut note = json!({
        "id": id,
        "type": "Note",
        "summary": null,
        "inReplyTo": item.reply_to,
        "published": published,
        "url": format!("https://social.exempelkommun.example/@exempelkommun/{}", number(item)),
        "attributedTo": ACTOR,
        "to": to,
        "cc": cc,
        "sensitive": false,
        "content": format!("<p>{}</p>", item.text),
        "contentMap": {"sv": format!("<p>{}</p>", item.text)},
        "attachment": attachments(item),
        "tag": [],
    });
    if let Some(edited) = item.edited {
        note["updated"] = json!(stamp(edited));
    }
    json!({
        "id": format!("{id}/activity"), "type": "Create", "actor": ACTOR,
        "published": published, "to": to, "cc": cc, "object": note,
    })
}

/// `to` and `cc` as Mastodon fills them for each audience.
fn addressed(item: &Item) -> (Vec<String>, Vec<String>) {
    let followers = format!("{ACTOR}/followers");
    match item.audience {
        Audience::Public => (vec![PUBLIC.to_owned()], vec![followers]),
        Audience::Followers => (vec![followers], Vec::new()),
        Audience::Direct => (
            vec!["https://social.invanare.example/users/ove_pahittad".to_owned()],
            Vec::new(),
        ),
    }
}

fn attachments(item: &Item) -> Vec<Value> {
    item.picture
        .iter()
        .map(|_| {
            json!({
                "type": "Document",
                "mediaType": "image/png",
                "url": media(item),
                "name": item.alt,
                "width": 580,
                "height": 326,
            })
        })
        .collect()
}

fn media(item: &Item) -> String {
    format!(
        "media_attachments/files/000/000/{:03}/original/bild.png",
        item.number
    )
}

fn number(item: &Item) -> u64 {
    115_000_000_000_000_000 + u64::from(item.number) * 1_000_003
}

fn status(item: &Item) -> String {
    format!("{ACTOR}/statuses/{}", number(item))
}

fn stamp(at: NaiveDateTime) -> String {
    utc(at).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::demo::content;

    #[test]
    fn the_archive_holds_own_posts_direct_ones_included_and_the_pictures_they_name() {
        let municipality = content::load().unwrap();
        let site = municipality.site("mastodon").unwrap();
        let day = NaiveDate::from_ymd_opt(2027, 1, 12).unwrap();
        let bytes = archive(site, day).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut text = String::new();
        zip.by_name("outbox.json")
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        let outbox: Value = serde_json::from_str(&text).unwrap();
        let items = outbox["orderedItems"].as_array().unwrap();
        assert_eq!(items.len(), 21);
        assert_eq!(outbox["totalItems"], 21);
        let mut pictures = 0;
        for item in items {
            for attachment in item["object"]["attachment"]
                .as_array()
                .into_iter()
                .flatten()
            {
                zip.by_name(attachment["url"].as_str().unwrap()).unwrap();
                pictures += 1;
            }
        }
        assert_eq!(pictures, 3);
        let direct = items
            .iter()
            .filter(|item| item["to"][0] != PUBLIC && item["cc"] == json!([]));
        assert_eq!(direct.count(), 2);
    }

    #[test]
    fn the_same_day_gives_the_same_bytes() {
        let municipality = content::load().unwrap();
        let site = municipality.site("mastodon").unwrap();
        let day = NaiveDate::from_ymd_opt(2027, 1, 12).unwrap();
        assert_eq!(archive(site, day).unwrap(), archive(site, day).unwrap());
    }
}
