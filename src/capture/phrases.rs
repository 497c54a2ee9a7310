//! Words on buttons, bars and walls, Swedish and English, as the page shows them in lower case. Nothing that accepts
//! is in any list that is clicked.

use serde::Serialize;

mod walls;

/// The lists, as the page script takes them.
#[derive(Debug, Serialize)]
pub(crate) struct Words {
    /// In the text of a consent bar.
    pub(crate) consent: &'static [&'static str],
    /// Beginning of the text of a button that accepts: it shows that a bar asks, and is never clicked.
    pub(crate) accept: &'static [&'static str],
    /// Whole text of a button that refuses.
    pub(crate) refuse: &'static [&'static str],
    /// Beginning of a button's text that shows more of the same page.
    pub(crate) more: &'static [&'static str],
    /// The same, but only for a button inside a post, and as its whole text.
    pub(crate) more_in_post: &'static [&'static str],
    /// The same, but only for a button beside posts.
    pub(crate) more_of_list: &'static [&'static str],
    /// Whole text of a button inside a post that shows a part of it.
    pub(crate) of_post: &'static [&'static str],
    /// The same, behind a number.
    pub(crate) counted: &'static [&'static str],
    /// What a button does that shows more: a verb.
    pub(crate) verbs: &'static [&'static str],
    /// How much more.
    pub(crate) amounts: &'static [&'static str],
    /// Of what.
    pub(crate) nouns: &'static [&'static str],
    /// Words that say nothing by themselves.
    pub(crate) fillers: &'static [&'static str],
    /// Words of a button that brings more each time it is clicked, so that it may be clicked again.
    pub(crate) additive: &'static [&'static str],
    /// Words of a button that is never clicked, whatever else stands on it.
    pub(crate) never: &'static [&'static str],
    /// In the text of a login wall.
    pub(crate) login: &'static [&'static str],
    /// Whole text of a button that leads to a login.
    pub(crate) login_buttons: &'static [&'static str],
    /// Whole text of a button behind a name that is asked for first.
    pub(crate) next_buttons: &'static [&'static str],
    /// In the text of a page that stands before the page: consent, a check for robots.
    pub(crate) gate: &'static [&'static str],
    /// In the text of a page that says that there is nothing to see.
    pub(crate) gone: &'static [&'static str],
    /// What such a page says it of; one of these and one of `absent` in one sentence.
    pub(crate) things: &'static [&'static str],
    /// What such a page says of it.
    pub(crate) absent: &'static [&'static str],
}

pub(crate) const WORDS: Words = Words {
    consent: &[
        "cookie",
        "kakor",
        "samtycke",
        "personuppgifter och annonser",
        "we value your privacy",
        "vi värnar om din integritet",
        "vi värdesätter din integritet",
        "gdpr",
        "innan du fortsätter till",
        "before you continue to",
    ],
    accept: &[
        "acceptera",
        "godkänn",
        "tillåt",
        "jag godkänner",
        "jag accepterar",
        "jag förstår",
        "jag samtycker",
        "ok",
        "okej",
        "accept",
        "allow",
        "agree",
        "i accept",
        "i agree",
        "i understand",
        "got it",
    ],
    refuse: &[
        "avvisa alla",
        "avvisa",
        "avböj",
        "avböj alla",
        "neka",
        "neka alla",
        "neka alla kakor",
        "neka alla cookies",
        "avvisa alla kakor",
        "avvisa alla cookies",
        "avböj alla cookies",
        "avböj valfria cookies",
        "neka valfria cookies",
        "endast nödvändiga",
        "bara nödvändiga",
        "endast nödvändiga kakor",
        "endast nödvändiga cookies",
        "bara nödvändiga kakor",
        "bara nödvändiga cookies",
        "använd endast nödvändiga cookies",
        "tillåt endast nödvändiga",
        "tillåt endast nödvändiga kakor",
        "tillåt endast nödvändiga cookies",
        "godkänn endast nödvändiga",
        "godkänn endast nödvändiga kakor",
        "godkänn endast nödvändiga cookies",
        "nej tack",
        "nej, tack",
        "fortsätt utan att godkänna",
        "fortsätt utan att acceptera",
        "reject all",
        "reject",
        "reject all cookies",
        "decline",
        "decline all",
        "decline optional cookies",
        "refuse",
        "refuse all",
        "deny",
        "deny all",
        "only necessary",
        "necessary only",
        "necessary cookies only",
        "only essential",
        "essential only",
        "only allow essential cookies",
        "allow essential cookies only",
        "use necessary cookies only",
        "no thanks",
        "no, thanks",
        "continue without accepting",
    ],
    more: &[
        "visa fler",
        "visa mer",
        "visa alla kommentarer",
        "visa kommentarer",
        "visa tidigare kommentarer",
        "visa svar",
        "visa alla svar",
        "se mer",
        "se fler",
        "läs mer",
        "läs in fler",
        "ladda fler",
        "ladda mer",
        "hämta fler",
        "fler kommentarer",
        "fler inlägg",
        "fler svar",
        "äldre inlägg",
        "visa äldre",
        "show more",
        "see more",
        "read more",
        "load more",
        "view more",
        "more comments",
        "more replies",
        "view all comments",
        "view replies",
        "show replies",
        "view previous comments",
        "older posts",
        "view more comments",
        "view more replies",
        "visa resten",
        "visa hela inlägget",
        "visa hela texten",
        "läs hela inlägget",
        "fortsätt läsa",
        "continue reading",
        "see all comments",
        "show all comments",
        "previous comments",
        "tidigare kommentarer",
        "tidigare inlägg",
        "load previous",
    ],
    more_in_post: &["mer", "more", "utöka", "expand"],
    more_of_list: &["fler", "äldre", "older"],
    of_post: &[
        "visa",
        "show",
        "view",
        "visa ändå",
        "show anyway",
        "view anyway",
        "visa innehåll",
        "visa innehållet",
        "show content",
        "visa bild",
        "visa bilden",
        "visa foto",
        "see photo",
        "klicka för att visa",
        "visa text",
        "visa texten",
        "visa hela",
        "läs hela texten",
        "läs vidare",
        "visa tråd",
        "visa tråden",
        "show this thread",
        "show thread",
        "expandera",
    ],
    counted: &[
        "svar",
        "kommentar",
        "kommentarer",
        "reply",
        "replies",
        "comment",
        "comments",
    ],
    verbs: &[
        "visa", "läs", "ladda", "hämta", "se", "show", "view", "see", "load", "read",
    ],
    amounts: &[
        "fler",
        "mer",
        "alla",
        "äldre",
        "tidigare",
        "nästa",
        "ytterligare",
        "till",
        "resterande",
        "hela",
        "more",
        "all",
        "older",
        "additional",
        "earlier",
        "previous",
    ],
    nouns: &[
        "inlägg",
        "inlägget",
        "inläggen",
        "kommentarer",
        "kommentarerna",
        "svar",
        "svaren",
        "nyheter",
        "händelser",
        "tråden",
        "texten",
        "bilder",
        "poster",
        "posts",
        "comments",
        "replies",
        "thread",
        "text",
        "news",
        "events",
        "photos",
        "items",
    ],
    fillers: &["in", "de", "den", "det", "the", "this"],
    additive: &[
        "fler",
        "äldre",
        "tidigare",
        "ladda",
        "hämta",
        "nästa",
        "till",
        "ytterligare",
        "more",
        "additional",
        "older",
        "previous",
        "load",
    ],
    never: &[
        "gilla",
        "ogilla",
        "följ",
        "följer",
        "avfölj",
        "dela",
        "ta",
        "radera",
        "anmäl",
        "rapportera",
        "blockera",
        "spara",
        "skicka",
        "kommentera",
        "svara",
        "prenumerera",
        "köp",
        "dölj",
        "färre",
        "mindre",
        "redigera",
        "publicera",
        "rösta",
        "logga",
        "registrera",
        "like",
        "unlike",
        "dislike",
        "follow",
        "following",
        "unfollow",
        "share",
        "delete",
        "remove",
        "report",
        "block",
        "save",
        "send",
        "comment",
        "reply",
        "subscribe",
        "unsubscribe",
        "buy",
        "hide",
        "less",
        "fewer",
        "edit",
        "post",
        "publish",
        "vote",
        "repost",
        "retweet",
        "log",
        "sign",
        "register",
        "join",
        "download",
    ],
    login: walls::LOGIN,
    login_buttons: walls::LOGIN_BUTTONS,
    next_buttons: walls::NEXT_BUTTONS,
    gate: walls::GATE,
    gone: walls::GONE,
    things: walls::THINGS,
    absent: walls::ABSENT,
};

/// Path segments of login pages.
const LOGIN_PATHS: [&str; 16] = [
    "login",
    "login.php",
    "log-in",
    "log_in",
    "logga-in",
    "loggain",
    "inloggning",
    "signin",
    "sign-in",
    "sign_in",
    "authwall",
    "checkpoint",
    "uas",
    "sso",
    "auth",
    "servicelogin",
];

/// Whether an address looks like a login page's.
pub(crate) fn is_login_address(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| {
        url.path_segments().is_some_and(|mut segments| {
            segments.any(|segment| {
                let segment = segment.to_ascii_lowercase();
                LOGIN_PATHS.contains(&segment.as_str())
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_as_the_page_script_compares_it() {
        for list in [
            WORDS.consent,
            WORDS.accept,
            WORDS.refuse,
            WORDS.more,
            WORDS.more_in_post,
            WORDS.additive,
            WORDS.never,
            WORDS.login,
            WORDS.login_buttons,
            WORDS.gate,
            WORDS.gone,
            WORDS.more_of_list,
            WORDS.of_post,
            WORDS.counted,
            WORDS.verbs,
            WORDS.amounts,
            WORDS.nouns,
            WORDS.fillers,
            WORDS.things,
            WORDS.absent,
        ] {
            for word in list {
                assert_eq!(*word, word.trim().to_lowercase(), "{word}");
                assert_eq!(list.iter().filter(|one| *one == word).count(), 1, "{word}");
            }
        }
    }

    #[test]
    fn nothing_that_accepts_is_clicked() {
        for word in WORDS.refuse.iter().chain(WORDS.more) {
            let accepts = [
                "acceptera",
                "godkänn",
                "tillåt",
                "accept",
                "allow",
                "agree",
                "ok",
            ]
            .iter()
            .any(|accept| word.split([' ', ',']).any(|one| one == *accept));
            let limited = ["endast", "bara", "only", "utan"]
                .iter()
                .any(|limit| word.contains(limit));
            assert!(!accepts || limited, "{word}");
        }
    }

    #[test]
    fn no_button_that_shows_more_is_forbidden() {
        for label in WORDS.more.iter().chain(WORDS.more_in_post) {
            assert!(
                !label.split(' ').any(|word| WORDS.never.contains(&word)),
                "{label}"
            );
        }
    }

    #[test]
    fn login_addresses_are_known_by_a_whole_segment() {
        for address in [
            "https://www.facebook.com/login/?next=x",
            "https://www.instagram.com/accounts/login/",
            "https://www.linkedin.com/authwall?trk=x",
            "https://exempel.se/logga-in",
            "https://exempel.se/Login.php",
        ] {
            assert!(is_login_address(address), "{address}");
        }
        for address in [
            "https://exempel.se/blogin",
            "https://exempel.se/nyheter/ny-inloggningstjanst",
            "https://exempel.se/?next=/login",
        ] {
            assert!(!is_login_address(address), "{address}");
        }
    }
}
