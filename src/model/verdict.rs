//! The verdict on a capture and the reasons for it. Only `complete` meets an obligation.

use serde::{Deserialize, Serialize};

/// What a capture is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Picture, PDF/A, text and inventory exist, are not blank, are plausible and agree.
    Complete,
    /// Kept, but something stated is missing or doubtful.
    Partial,
    /// The page was not the account's page, or nothing could be taken.
    Failed,
}

/// Why a capture is not complete. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The server answered 4xx.
    #[serde(rename = "http_4xx")]
    Http4xx,
    /// The server answered 5xx.
    #[serde(rename = "http_5xx")]
    Http5xx,
    /// A login wall instead of the page.
    NotLoggedIn,
    /// The address is private, loopback or otherwise not allowed.
    Blocked,
    /// The TLS connection could not be trusted.
    Tls,
    /// The host name did not resolve.
    Dns,
    /// The connection was refused, reset or timed out.
    Refused,
    /// Too many redirects.
    RedirectLoop,
    /// The answer is no page (a download, a picture, an empty answer).
    NoPage,
    /// Another page stands before it: consent, a check for robots, a block.
    Gate,
    /// The page itself says that there is nothing to see, though the server answered 200.
    NotAvailable,
    /// The page never came to rest within its limits.
    TimeoutPage,
    /// The screenshot did not finish.
    TimeoutShot,
    /// Printing did not finish.
    TimeoutPrint,
    /// The tab or the browser died.
    Crashed,
    /// A bound on height was reached before the end of the page.
    HeightLimit,
    /// Something is seen beyond a bound on width.
    WidthLimit,
    /// A bound on the number of posts was reached before the end of the page.
    PostLimit,
    /// A picture is blank.
    Blank,
    /// The page changed its height while the pictures were taken.
    HeightChanged,
    /// There is no text, or far less than in the last complete capture.
    TextMissing,
    /// Far fewer posts than in the last complete capture.
    FewerThanLastTime,
    /// Post counts in DOM, text and inventory do not agree.
    CountsDisagree,
    /// Pictures on the page did not load.
    PartialImages,
    /// The PDF could not be made valid PDF/A.
    NotPdfa,
    /// A request needed for the page failed.
    RequestsFailed,
    /// No person vouches that files handed in show all of the account.
    NotVouched,
    /// Posts are not shown because nothing says who may see them.
    PostsLeftOut,
}

impl Reason {
    /// The stable code, as in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Http4xx => "http_4xx",
            Self::Http5xx => "http_5xx",
            Self::NotLoggedIn => "not_logged_in",
            Self::Blocked => "blocked",
            Self::Tls => "tls",
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::RedirectLoop => "redirect_loop",
            Self::NoPage => "no_page",
            Self::Gate => "gate",
            Self::NotAvailable => "not_available",
            Self::TimeoutPage => "timeout_page",
            Self::TimeoutShot => "timeout_shot",
            Self::TimeoutPrint => "timeout_print",
            Self::Crashed => "crashed",
            Self::HeightLimit => "height_limit",
            Self::WidthLimit => "width_limit",
            Self::PostLimit => "post_limit",
            Self::Blank => "blank",
            Self::HeightChanged => "height_changed",
            Self::TextMissing => "text_missing",
            Self::FewerThanLastTime => "fewer_than_last_time",
            Self::CountsDisagree => "counts_disagree",
            Self::PartialImages => "partial_images",
            Self::NotPdfa => "not_pdfa",
            Self::RequestsFailed => "requests_failed",
            Self::NotVouched => "not_vouched",
            Self::PostsLeftOut => "posts_left_out",
        }
    }

    /// The reason in Swedish, for people.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::Http4xx => "sidan finns inte eller får inte läsas (HTTP 4xx)",
            Self::Http5xx => "servern svarade med fel (HTTP 5xx)",
            Self::NotLoggedIn => "inloggning krävs",
            Self::Blocked => "adressen ligger i ett spärrat nät",
            Self::Tls => "TLS-anslutningen kunde inte betros",
            Self::Dns => "värdnamnet finns inte",
            Self::Refused => "ingen anslutning",
            Self::RedirectLoop => "omdirigeras utan slut",
            Self::NoPage => "svaret är ingen sida",
            Self::Gate => "en annan sida står före: samtycke, robotkontroll eller spärr",
            Self::NotAvailable => "sidan säger själv att innehållet inte är tillgängligt",
            Self::TimeoutPage => "sidan blev aldrig färdig",
            Self::TimeoutShot => "skärmbilden blev aldrig färdig",
            Self::TimeoutPrint => "sidan gick inte att skriva ut till PDF",
            Self::Crashed => "webbläsaren kraschade",
            Self::HeightLimit => "sidan är högre än gränsen",
            Self::WidthLimit => "sidan är bredare än gränsen",
            Self::PostLimit => "fler inlägg än gränsen",
            Self::Blank => "en bild är tom",
            Self::HeightChanged => "sidan ändrade höjd medan bilderna togs",
            Self::TextMissing => "text saknas",
            Self::FewerThanLastTime => "långt färre inlägg än förra gången",
            Self::CountsDisagree => "antalet inlägg skiljer sig mellan sida, text och förteckning",
            Self::PartialImages => "bilder på sidan laddades inte",
            Self::NotPdfa => "PDF-filen är inte giltig PDF/A",
            Self::RequestsFailed => "delar av sidan kunde inte hämtas",
            Self::NotVouched => "ingen har intygat att filerna visar hela kontot",
            Self::PostsLeftOut => "inlägg vars synlighet inte är känd visas inte",
        }
    }
}

/// How many posts were seen in each output; they must agree within 2 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Posts in the DOM at its fullest.
    pub dom: u32,
    /// Posts whose text stands in the page text.
    pub text: u32,
    /// Posts in the inventory.
    pub inventory: u32,
    /// Posts whose text stands in the text of the PDF; absent where there is none, or only pictures in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdf: Option<u32>,
}

impl Counts {
    /// How far the outputs agree, in whole per cent: the least count of the greatest, rounded down. `None` without posts,
    /// where there is nothing that could agree.
    pub fn agreement(self) -> Option<u64> {
        let all = [
            Some(self.dom),
            Some(self.text),
            Some(self.inventory),
            self.pdf,
        ];
        let greatest = all.into_iter().flatten().max().unwrap_or(0);
        let least = all.into_iter().flatten().min().unwrap_or(0);
        (u64::from(least) * 100).checked_div(u64::from(greatest))
    }
}

/// What a file of a page capture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileRole {
    /// The page as PDF/A.
    PagePdf,
    /// One segment of the full page.
    PagePng,
    /// The whole page, small.
    OverviewPng,
    /// The untouched first view.
    ViewPng,
    /// The page's text.
    PageText,
    /// The posts seen, as JSON.
    Inventory,
    /// The DOM as HTML.
    Dom,
    /// Requests, redirects and certificates.
    Requests,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_what_json_says() {
        for reason in [
            Reason::Http4xx,
            Reason::NotLoggedIn,
            Reason::FewerThanLastTime,
            Reason::NotPdfa,
            Reason::Http5xx,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
        }
    }
}
