//! The Swedish words of a kontobok for the codes of its JSON.

use crate::model::entry::{RemovalState, TakedownState};
use crate::model::kontobok::{Entry, Removed};
use crate::model::post::{
    AuthorRole, Completeness, PostKind, PostTime, Precision, StateValue, Visibility, ZoneBasis,
};

/// A platform of the register.
pub(super) fn platform(word: &str) -> &str {
    match word {
        "facebook" => "Facebook",
        "instagram" => "Instagram",
        "x" => "X",
        "youtube" => "YouTube",
        "linkedin" => "LinkedIn",
        "tiktok" => "TikTok",
        "mastodon" => "Mastodon",
        "blogg" => "blogg",
        other => other,
    }
}

/// How much of the account a source can hold.
pub(super) fn completeness(value: Option<Completeness>) -> &'static str {
    match value {
        Some(Completeness::Full) => "hela kontot",
        Some(Completeness::Window) => "de senaste inläggen",
        Some(Completeness::OwnOnly) => "kontots egna inlägg",
        Some(Completeness::Partial) => "en del av kontot",
        None => "okänd",
    }
}

/// How many of something.
pub(super) fn number(count: u32, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// What kind of item.
pub(super) fn kind(kind: PostKind) -> &'static str {
    match kind {
        PostKind::Post => "Inlägg",
        PostKind::Comment => "Kommentar",
        PostKind::Reply => "Svar",
        PostKind::Repost => "Delning",
        PostKind::Quote => "Citat",
        PostKind::Message => "Meddelande",
        PostKind::Story => "Händelse",
        PostKind::Video => "Video",
        PostKind::Photo => "Foto",
        PostKind::Event => "Evenemang",
        PostKind::Poll => "Omröstning",
        PostKind::Page => "Sida",
    }
}

/// Who an author is, seen from the municipality.
pub(super) fn role(role: AuthorRole) -> &'static str {
    match role {
        AuthorRole::Authority => "kommunen",
        AuthorRole::Public => "allmänheten",
        AuthorRole::OtherAuthority => "annan myndighet",
        AuthorRole::Platform => "plattformen",
        AuthorRole::Unknown => "okänd roll",
    }
}

/// What an attachment is.
pub(super) fn attachment(kind: &str) -> &str {
    match kind {
        "image" => "Bild",
        "video" => "Video",
        "audio" => "Ljud",
        "file" => "Fil",
        other => other,
    }
}

/// A time in Stockholm, and how it is known where that is not certain.
pub(super) fn time(time: &PostTime) -> String {
    let Some(utc) = time.utc else {
        return if time.original.is_empty() {
            "Okänd tid".to_owned()
        } else {
            format!("Okänd tid; källan anger \"{}\"", time.original)
        };
    };
    let shown = match time.precision {
        Precision::Second | Precision::Minute => utc.stockholm_text(),
        Precision::Day => utc.stockholm_date().to_string(),
    };
    let basis = match time.zone_basis {
        ZoneBasis::ExplicitOffset | ZoneBasis::UtcByFormat => return shown,
        ZoneBasis::AssumedUtc => "tidszonen är antagen: UTC",
        ZoneBasis::SiteLocal => "efter webbplatsens lokala tid",
        ZoneBasis::ClientDeclared => "enligt författarens program",
        ZoneBasis::DerivedFromId => "ur plattformens id",
        ZoneBasis::CaptureTime => "då inlägget lästes; när det publicerades är okänt",
    };
    format!("{shown} ({basis})")
}

/// What is to be said of where a post stands on its platform; nothing of one that is there for everybody to see.
pub(super) fn states(entry: &Entry) -> Vec<String> {
    let mut states = Vec::new();
    let told = match entry.state.value {
        StateValue::Live => None,
        StateValue::Hidden => Some("Dolt på plattformen"),
        StateValue::HeldForModeration => Some("Väntade på granskning, inte publicerat"),
        StateValue::DeletedByAuthority => Some("Raderat av kommunen"),
        StateValue::DeletedByAuthor => Some("Raderat av författaren"),
        StateValue::RemovedByPlatform => Some("Borttaget av plattformen"),
        StateValue::NotObserved => Some("Inte längre sett; att det är raderat är inte känt"),
    };
    if let Some(told) = told {
        let at = entry
            .state
            .at
            .map_or_else(String::new, |at| format!(" {}", at.stockholm_text()));
        states.push(format!("{told}{at}"));
    }
    states.extend(entry.removed.and_then(removed));
    states.extend(visibility(entry.visibility).map(str::to_owned));
    states
}

fn removed(removed: Removed) -> Option<String> {
    let (what, at) = match removed {
        Removed::Takedown { state, at } => (
            match state {
                TakedownState::Hidden => "Avpublicerat av kommunen (dolt)",
                TakedownState::Deleted => "Avpublicerat av kommunen (raderat på plattformen)",
            },
            at,
        ),
        Removed::Statement { state, at } => (
            match state {
                RemovalState::Hidden => "Dolt av kommunen, enligt uppgift",
                RemovalState::DeletedByAuthority => "Raderat av kommunen, enligt uppgift",
                RemovalState::DeletedByAuthor => "Raderat av författaren, enligt uppgift",
                RemovalState::RemovedByPlatform => "Borttaget av plattformen, enligt uppgift",
                RemovalState::StillThere => return None,
            },
            at,
        ),
    };
    Some(format!("{what}, antecknat {}", at.stockholm_text()))
}

fn visibility(visibility: Visibility) -> Option<&'static str> {
    match visibility {
        Visibility::Public | Visibility::Unlisted => None,
        Visibility::Followers => Some("Synligt bara för följare"),
        Visibility::Limited => Some("Synligt för en begränsad krets"),
        Visibility::Direct => Some("Direktmeddelande"),
        Visibility::Draft => Some("Utkast, inte publicerat"),
        Visibility::Unknown => Some("Vem som har fått se inlägget är inte känt"),
    }
}

/// What else is told of a post.
pub(super) fn remarks(entry: &Entry) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(edited) = &entry.edited_at {
        remarks.push(format!("Ändrat {}", time(edited)));
    }
    match (&entry.answers, entry.answers_unseen) {
        (Some(name), _) => remarks.push(format!("Svar till {name}")),
        (None, true) => remarks.push("Svar på något som inte visas här".to_owned()),
        (None, false) => {}
    }
    if !entry.recipients.is_empty() {
        remarks.push(format!("Till {}", entry.recipients.join(", ")));
    }
    if let Some(place) = &entry.place {
        remarks.push(format!("Plats: {place}"));
    }
    for link in &entry.links {
        remarks.push(format!("Länk: {link}"));
    }
    if let Some(counts) = &entry.counts {
        let parts: Vec<String> = [
            (counts.likes, "reaktioner"),
            (counts.replies, "svar"),
            (counts.shares, "delningar"),
            (counts.views, "visningar"),
        ]
        .into_iter()
        .filter_map(|(count, what)| count.map(|count| format!("{count} {what}")))
        .collect();
        if !parts.is_empty() {
            remarks.push(format!("När källan gjordes: {}", parts.join(", ")));
        }
    }
    if let Some(permalink) = &entry.permalink {
        remarks.push(format!("Adress: {permalink}"));
    }
    remarks
}
