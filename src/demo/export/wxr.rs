//! The blog as WordPress exports it (WXR 1.2): posts, pages, drafts, and every comment with what its moderator made of it.

use askama::Template;
use chrono::{NaiveDate, NaiveDateTime};

use crate::demo::content::{Approval, Comment, Item, ItemKind, Site};
use crate::demo::export::utc;

/// Where the blog would stand if it existed.
const BASE: &str = "https://blogg.exempelkommun.example";

#[derive(Template)]
#[template(path = "demo/export.xml", escape = "none")]
struct Export<'a> {
    base: &'static str,
    site: &'a Site,
    created: String,
    items: Vec<WxrItem>,
}

struct WxrItem {
    id: u32,
    title: String,
    content: String,
    local: String,
    gmt: String,
    rfc_2822: String,
    status: &'static str,
    kind: &'static str,
    comments: Vec<WxrComment>,
}

struct WxrComment {
    id: u32,
    author: String,
    email: &'static str,
    address: &'static str,
    local: String,
    gmt: String,
    content: String,
    approved: &'static str,
    parent: u32,
    user: u32,
}

/// The export of the blog, made at the end of `day`.
pub(crate) fn export(blog: &Site, day: NaiveDate) -> Result<String, askama::Error> {
    Export {
        base: BASE,
        site: blog,
        created: format!("{day} 21:00"),
        items: blog.until(day).map(item).collect(),
    }
    .render()
}

fn item(item: Item) -> WxrItem {
    let mut content = String::new();
    for paragraph in item.text.split("\n\n") {
        content.push_str("<!-- wp:paragraph -->\n<p>");
        content.push_str(paragraph);
        content.push_str("</p>\n<!-- /wp:paragraph -->\n");
    }
    if let Some(picture) = &item.picture {
        content.push_str("<!-- wp:image -->\n<figure class=\"wp-block-image\"><img src=\"");
        content.push_str(BASE);
        content.push_str("/wp-content/uploads/");
        content.push_str(picture);
        content.push_str(".png\" alt=\"\"/></figure>\n<!-- /wp:image -->\n");
    }
    let (status, kind) = match item.kind {
        ItemKind::Post => ("publish", "post"),
        ItemKind::Page => ("publish", "page"),
        ItemKind::Draft => ("draft", "post"),
    };
    WxrItem {
        id: 100 + item.number,
        title: cdata(&item.title.unwrap_or_default()),
        content: cdata(content.trim_end()),
        local: stamp(item.at),
        gmt: stamp(utc(item.at).naive_utc()),
        rfc_2822: utc(item.at).to_rfc2822(),
        status,
        kind,
        comments: comments(&item.comments),
    }
}

/// An answer by the municipality stands under the comment before it.
fn comments(comments: &[Comment]) -> Vec<WxrComment> {
    let mut before = 0;
    comments
        .iter()
        .map(|comment| {
            let id = 1000 + comment.number;
            let own = comment.by.is_none();
            let parent = if own { before } else { 0 };
            before = id;
            WxrComment {
                id,
                author: cdata(comment.by.as_deref().unwrap_or("Kommunikationsenheten")),
                email: if own {
                    "kommunikation@exempelkommun.example"
                } else {
                    "besokare@invanare.example"
                },
                // Addresses set aside for documentation (RFC 5737).
                address: if own { "192.0.2.10" } else { "198.51.100.7" },
                local: stamp(comment.at),
                gmt: stamp(utc(comment.at).naive_utc()),
                content: cdata(&comment.text),
                approved: match comment.approval {
                    Approval::Approved => "1",
                    Approval::Held => "0",
                    Approval::Spam => "spam",
                    Approval::Trash => "trash",
                },
                parent,
                user: u32::from(own),
            }
        })
        .collect()
}

fn stamp(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::content;

    #[test]
    fn the_export_holds_every_item_and_comment_of_the_day() {
        let municipality = content::load().unwrap();
        let blog = municipality.site("blogg").unwrap();
        let day = NaiveDate::from_ymd_opt(2027, 1, 12).unwrap();
        let xml = export(blog, day).unwrap();
        // Counted in fixtures/demo/blogg.toml: 15 posts, a page and a draft; 58 comments up to that day.
        assert_eq!(xml.matches("<item>").count(), 17);
        assert_eq!(xml.matches("<wp:comment>").count(), 58);
        assert!(!xml.contains("Isvägen till Lillön"));
    }

    #[test]
    fn local_time_becomes_utc_by_the_season() {
        let municipality = content::load().unwrap();
        let blog = municipality.site("blogg").unwrap();
        let day = NaiveDate::from_ymd_opt(2027, 1, 12).unwrap();
        let xml = export(blog, day).unwrap();
        assert!(
            xml.contains("<wp:post_date_gmt><![CDATA[2026-05-18 07:00:00]]>"),
            "summer"
        );
        assert!(
            xml.contains("<wp:post_date_gmt><![CDATA[2026-12-01 06:00:00]]>"),
            "winter"
        );
    }

    #[test]
    fn an_answer_stands_under_its_question() {
        let municipality = content::load().unwrap();
        let blog = municipality.site("blogg").unwrap();
        let first = blog
            .until(NaiveDate::from_ymd_opt(2027, 1, 12).unwrap())
            .next()
            .unwrap();
        let all = comments(&first.comments);
        assert_eq!((all[1].id, all[2].parent, all[2].user), (1002, 1002, 1));
        assert_eq!(all[3].parent, 0);
    }
}
