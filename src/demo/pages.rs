//! The pages of the fictional accounts as HTML (`templates/demo/`). Each kind of page loads its posts in batches as the
//! reader scrolls, like the platforms it is modelled on.

use askama::Template;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};

use crate::demo::content::{Approval, Audience, Item, ItemKind, Site};
use crate::model::account::Platform;

const MONTHS: [&str; 12] = [
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
];

/// The day on which the municipality changes its coat of arms, and so its profile pictures.
pub(crate) fn has_new_arms(today: NaiveDate) -> bool {
    NaiveDate::from_ymd_opt(2027, 3, 2).is_some_and(|change| today >= change)
}

/// A page, or the next batch of its posts.
struct View<'a> {
    site: &'a Site,
    posts: Vec<PostView>,
    total: usize,
    /// Where the next batch begins; `-1` at the end.
    next: i64,
    arms: u32,
}

struct PostView {
    number: u32,
    when: String,
    title: String,
    paragraphs: Vec<String>,
    picture: Option<String>,
    alt: String,
    length: String,
    likes: u32,
    shares: u32,
    views: u32,
    edited: bool,
    boosted: bool,
    reply: bool,
    comments: Vec<CommentView>,
}

struct CommentView {
    number: u32,
    when: String,
    by: String,
    initial: String,
    own: bool,
    text: String,
}

macro_rules! views {
    ($($whole:ident $whole_file:tt, $batch:ident $batch_file:tt;)*) => {
        $(
            #[derive(Template)]
            #[template(path = $whole_file)]
            struct $whole<'a> {
                view: View<'a>,
            }

            #[derive(Template)]
            #[template(path = $batch_file)]
            struct $batch<'a> {
                view: View<'a>,
            }
        )*
    };
}

views! {
    FacebookPage "demo/facebook.html", FacebookBatch "demo/facebook_posts.html";
    InstagramPage "demo/instagram.html", InstagramBatch "demo/instagram_posts.html";
    XPage "demo/x.html", XBatch "demo/x_posts.html";
    MastodonPage "demo/mastodon.html", MastodonBatch "demo/mastodon_posts.html";
    YoutubePage "demo/youtube.html", YoutubeBatch "demo/youtube_posts.html";
    BlogPage "demo/blog.html", BlogBatch "demo/blog_posts.html";
}

#[derive(Template)]
#[template(path = "demo/login.html")]
struct LoginPage<'a> {
    site: &'a Site,
}

#[derive(Template)]
#[template(path = "demo/missing.html")]
struct MissingPage {}

#[derive(Template)]
#[template(path = "demo/down.html")]
struct DownPage {}

/// What a page comes to.
pub(crate) struct Rendered {
    pub(crate) html: String,
    /// Where the next batch begins; `-1` at the end.
    pub(crate) next: i64,
}

/// The account's page on a day, with its first posts.
pub(crate) fn page(site: &Site, today: NaiveDate) -> Result<Rendered, askama::Error> {
    let view = view(site, today, 0);
    let next = view.next;
    let html = match site.platform {
        Platform::Facebook => FacebookPage { view }.render(),
        Platform::Instagram => InstagramPage { view }.render(),
        Platform::X => XPage { view }.render(),
        Platform::Mastodon => MastodonPage { view }.render(),
        Platform::Youtube => YoutubePage { view }.render(),
        Platform::Blogg => BlogPage { view }.render(),
        Platform::Linkedin => LoginPage { site }.render(),
        Platform::Tiktok | Platform::Annan => MissingPage {}.render(),
    }?;
    Ok(Rendered { html, next })
}

/// The posts from number `from` on, as many as come at a time.
pub(crate) fn batch(site: &Site, today: NaiveDate, from: usize) -> Result<Rendered, askama::Error> {
    let view = view(site, today, from);
    let next = view.next;
    let html = match site.platform {
        Platform::Facebook => FacebookBatch { view }.render(),
        Platform::Instagram => InstagramBatch { view }.render(),
        Platform::X => XBatch { view }.render(),
        Platform::Mastodon => MastodonBatch { view }.render(),
        Platform::Youtube => YoutubeBatch { view }.render(),
        Platform::Blogg => BlogBatch { view }.render(),
        Platform::Linkedin | Platform::Tiktok | Platform::Annan => Ok(String::new()),
    }?;
    Ok(Rendered { html, next })
}

/// What a server says while it is being mended.
pub(crate) fn down() -> Result<String, askama::Error> {
    DownPage {}.render()
}

fn batch_size(platform: Platform) -> usize {
    match platform {
        Platform::Instagram | Platform::Youtube => 9,
        Platform::Blogg => 5,
        Platform::X => 8,
        Platform::Facebook
        | Platform::Mastodon
        | Platform::Linkedin
        | Platform::Tiktok
        | Platform::Annan => 10,
    }
}

fn view(site: &Site, today: NaiveDate, from: usize) -> View<'_> {
    let mut shown: Vec<Item> = site
        .until(today)
        .filter(|item| item.kind == ItemKind::Post && item.audience == Audience::Public)
        .collect();
    shown.reverse();
    let total = shown.len();
    let size = batch_size(site.platform);
    let posts = shown.into_iter().skip(from).take(size).map(post).collect();
    let end = from.saturating_add(size);
    View {
        site,
        posts,
        total,
        next: if end < total {
            i64::try_from(end).unwrap_or(-1)
        } else {
            -1
        },
        arms: if has_new_arms(today) { 2 } else { 1 },
    }
}

fn post(item: Item) -> PostView {
    let comments = item
        .comments
        .into_iter()
        .filter(|comment| comment.approval == Approval::Approved)
        .map(|comment| {
            let own = comment.by.is_none();
            let by = comment.by.unwrap_or_else(|| "Exempelkommun".to_owned());
            CommentView {
                number: comment.number,
                when: moment(comment.at),
                initial: by.chars().take(1).collect(),
                by,
                own,
                text: comment.text,
            }
        })
        .collect();
    PostView {
        number: item.number,
        when: moment(item.at),
        title: item.title.unwrap_or_default(),
        paragraphs: item.text.split("\n\n").map(str::to_owned).collect(),
        alt: item.alt.unwrap_or_else(|| "Bild till inlägget".to_owned()),
        picture: item.picture,
        length: item.length.unwrap_or_default(),
        likes: item.likes,
        shares: item.shares,
        views: item.views,
        edited: item.edited.is_some(),
        boosted: item.boost.is_some(),
        reply: item.reply_to.is_some(),
        comments,
    }
}

/// A time as people write it: `28 november 2026 kl. 09:12`.
fn moment(at: NaiveDateTime) -> String {
    let month = MONTHS
        .get(at.month0() as usize)
        .copied()
        .unwrap_or_default();
    format!(
        "{} {month} {} kl. {:02}:{:02}",
        at.day(),
        at.year(),
        at.hour(),
        at.minute()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::content;

    #[test]
    fn batches_follow_each_other_to_the_last_post() {
        let municipality = content::load().unwrap();
        let day = NaiveDate::from_ymd_opt(2027, 7, 1).unwrap();
        for (alias, expected) in [
            ("facebook", 60),
            ("instagram", 24),
            ("x", 24),
            ("youtube", 15),
            ("blogg", 18),
            ("mastodon", 22),
        ] {
            let site = municipality.site(alias).unwrap();
            let first = page(site, day).unwrap();
            let (mut html, mut next) = (first.html, first.next);
            while let Ok(from) = usize::try_from(next) {
                let more = batch(site, day, from).unwrap();
                html.push_str(&more.html);
                next = more.next;
            }
            assert_eq!(html.matches("data-post=").count(), expected, "{alias}");
        }
    }

    #[test]
    fn what_is_not_approved_or_not_public_is_not_on_the_page() {
        let municipality = content::load().unwrap();
        let day = NaiveDate::from_ymd_opt(2027, 7, 1).unwrap();
        for (alias, hidden) in [
            ("blogg", "solglasögon"),
            ("blogg", "tjäna pengar hemifrån"),
            ("blogg", "Stolpar till en årskrönika"),
            ("mastodon", "Skicka inga uppgifter om ditt barn"),
            ("mastodon", "Bara för er som följer oss"),
        ] {
            let site = municipality.site(alias).unwrap();
            for from in (0..60).step_by(5) {
                let html = batch(site, day, from).unwrap().html;
                assert!(!html.contains(hidden), "{hidden}");
            }
        }
    }

    #[test]
    fn times_are_written_as_in_sweden() {
        let at = NaiveDate::from_ymd_opt(2026, 11, 8)
            .unwrap()
            .and_hms_opt(9, 5, 0)
            .unwrap();
        assert_eq!(moment(at), "8 november 2026 kl. 09:05");
    }
}
