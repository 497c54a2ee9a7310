//! The verdict on a page: complete only when every required output exists, is not blank, is plausible and agrees. Every
//! number that decides stands here (`Limits`), and in each capture's `requests.json`.
//!
//! *Failed* is a page that is not the account's page (an error answer, a login wall, no page at all) or one of which
//! neither picture nor text could be taken. *Partial* is everything else that has a reason: it is kept.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::capture::PageFacts;
use crate::model::verdict::{Counts, Reason, Verdict};

/// The numbers that decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// A picture is blank when at most this share of its pixels, in a thousand, differs from the most frequent colour.
    pub blank_per_mille: u64,
    /// Counts agree when they differ by at most this many per cent of the greatest.
    pub counts_percent: u64,
    /// Text is plausible from this many per cent of the last complete capture's.
    pub text_percent: u64,
    /// Posts are plausible from this many per cent of the last complete capture's.
    pub posts_percent: u64,
    /// Of all the page's text, what is hidden included, this many per cent have to stand in the PDF.
    pub print_percent: u64,
    /// … of a page of more than so many characters.
    pub print_chars: u64,
    /// A page without posts and with a wall's signs is a wall up to this many characters.
    pub wall_chars: u64,
    /// Height of a band of the page in CSS pixels, each looked at by itself.
    pub band: u32,
    /// A band of one colour is blank when this many pieces of text or pictures ought to be seen in it.
    pub band_pieces: u32,
}

/// The numbers in force.
pub const LIMITS: Limits = Limits {
    blank_per_mille: 1,
    counts_percent: 2,
    text_percent: 50,
    posts_percent: 50,
    print_percent: 50,
    print_chars: 500,
    wall_chars: 1_500,
    band: 1_000,
    band_pieces: 5,
};

/// What the last complete capture of the account had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// Posts seen then.
    pub counts: Option<Counts>,
    /// Characters of page text then.
    pub text_chars: Option<u64>,
}

/// The verdict and its reasons, sorted. `pdf_is_valid` is `None` where there is no PDF at all.
pub fn judge(
    facts: &PageFacts,
    baseline: Option<&Baseline>,
    pdf_is_valid: Option<bool>,
) -> (Verdict, Vec<Reason>) {
    let not_the_page = not_the_page(facts, baseline);
    if !not_the_page.is_empty() {
        return (Verdict::Failed, not_the_page.into_iter().collect());
    }
    let mut reasons = shortcomings(facts);
    match pdf_is_valid {
        Some(true) => {}
        Some(false) => {
            reasons.insert(Reason::NotPdfa);
        }
        None => {
            reasons.insert(Reason::TimeoutPrint);
        }
    }
    compare(facts, baseline, &mut reasons);
    if facts.crashed {
        explain(facts, &mut reasons);
    }
    let nothing = facts.segments == 0 && facts.text_chars == 0;
    let verdict = if reasons.is_empty() {
        Verdict::Complete
    } else if nothing {
        Verdict::Failed
    } else {
        Verdict::Partial
    };
    (verdict, reasons.into_iter().collect())
}

/// Whether the capture has failed whatever its PDF is: then none need be made.
pub fn has_failed(facts: &PageFacts, baseline: Option<&Baseline>) -> bool {
    judge(facts, baseline, Some(true)).0 == Verdict::Failed
}

/// Why what was loaded is not the account's page.
fn not_the_page(facts: &PageFacts, baseline: Option<&Baseline>) -> BTreeSet<Reason> {
    let mut reasons = BTreeSet::new();
    reasons.extend(facts.obstacle);
    match facts.status {
        Some(400..=499) => {
            reasons.insert(Reason::Http4xx);
        }
        Some(500..=599) => {
            reasons.insert(Reason::Http5xx);
        }
        _ => {}
    }
    let is_refused = facts.login_missing && matches!(facts.status, Some(401 | 403));
    if is_refused || (reasons.is_empty() && is_wall(facts, baseline)) {
        reasons.insert(Reason::NotLoggedIn);
    }
    // Words decide nothing about a page that has posts, or much to read.
    if reasons.is_empty() && is_little(facts) && !facts.in_site {
        if facts.gate {
            reasons.insert(Reason::Gate);
        } else if facts.says_gone {
            reasons.insert(Reason::NotAvailable);
        }
    }
    reasons
}

/// Whether there are no posts and little to read: then words decide. Among the menus of a site they are doubted.
fn is_little(facts: &PageFacts) -> bool {
    facts.counts.inventory == 0 && is_short(facts)
}

/// Whether there is little to read beside menus.
fn is_short(facts: &PageFacts) -> bool {
    facts.text_chars.saturating_sub(facts.menu_chars) <= LIMITS.wall_chars
}

/// A login wall, known without its language where possible: redirected to a login address; a password field and no
/// posts; a password field and far fewer posts than last time. Phrases only help on a short page without posts.
fn is_wall(facts: &PageFacts, baseline: Option<&Baseline>) -> bool {
    if facts.login_address {
        return true;
    }
    let counts = baseline.and_then(|last| last.counts);
    let before = counts.map_or(0, |counts| counts.inventory);
    let short = is_short(facts);
    let posts = facts.counts.inventory;
    if posts == 0 {
        return (facts.password_field && (short || facts.login_phrase || before > 0))
            || (facts.login_overlay && (short || before > 0))
            || (facts.login_phrase && short && !facts.in_site);
    }
    facts.password_field && is_below(posts.into(), before.into(), LIMITS.posts_percent)
}

/// What the capture lacks by itself.
fn shortcomings(facts: &PageFacts) -> BTreeSet<Reason> {
    let doubted = facts.in_site && is_little(facts);
    let mut reasons = BTreeSet::new();
    let rows = [
        (facts.crashed, Reason::Crashed),
        (!facts.at_rest, Reason::TimeoutPage),
        (
            facts.segments == 0 || !facts.pictures_whole,
            Reason::TimeoutShot,
        ),
        (!facts.printed, Reason::TimeoutPrint),
        (doubted && facts.gate, Reason::Gate),
        (doubted && facts.says_gone, Reason::NotAvailable),
        (facts.blank, Reason::Blank),
        (facts.height_limit, Reason::HeightLimit),
        (facts.width_limit, Reason::WidthLimit),
        (facts.post_limit, Reason::PostLimit),
        (facts.height_changed, Reason::HeightChanged),
        (
            facts.text_chars == 0 || facts.lost || is_cut_off(facts),
            Reason::TextMissing,
        ),
        (facts.images_loaded < facts.images, Reason::PartialImages),
        (facts.requests_failed > 0, Reason::RequestsFailed),
        (
            facts.tls_failed > 0
                && (facts.images_loaded < facts.images || facts.requests_failed > 0),
            Reason::Tls,
        ),
        (
            facts.login_overlay || facts.login_missing || (doubted && facts.login_phrase),
            Reason::NotLoggedIn,
        ),
        (
            facts.print_unread || !agree(facts.counts),
            Reason::CountsDisagree,
        ),
    ];
    reasons.extend(
        rows.into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, reason)| reason),
    );
    reasons
}

/// Whether the PDF lacks a great part of the page's text, where there is so much that a few words are no such part.
fn is_cut_off(facts: &PageFacts) -> bool {
    facts.text_chars > LIMITS.print_chars
        && facts
            .print_percent
            .is_some_and(|percent| percent < LIMITS.print_percent)
}

/// A dead tab explains every output that is missing.
fn explain(facts: &PageFacts, reasons: &mut BTreeSet<Reason>) {
    let explained = [
        Reason::TimeoutPage,
        Reason::TimeoutShot,
        Reason::TimeoutPrint,
    ];
    reasons.retain(|reason| !explained.contains(reason));
    if facts.text_chars == 0 {
        reasons.retain(|reason| {
            ![
                Reason::TextMissing,
                Reason::FewerThanLastTime,
                Reason::CountsDisagree,
            ]
            .contains(reason)
        });
    }
}

fn compare(facts: &PageFacts, baseline: Option<&Baseline>, reasons: &mut BTreeSet<Reason>) {
    let Some(last) = baseline else {
        return;
    };
    if let Some(chars) = last.text_chars
        && is_below(facts.text_chars, chars, LIMITS.text_percent)
    {
        reasons.insert(Reason::TextMissing);
    }
    if let Some(counts) = last.counts
        && is_below(
            facts.counts.inventory.into(),
            counts.inventory.into(),
            LIMITS.posts_percent,
        )
    {
        reasons.insert(Reason::FewerThanLastTime);
    }
}

fn is_below(now: u64, before: u64, percent: u64) -> bool {
    now.saturating_mul(100) < before.saturating_mul(percent)
}

/// Whether the counts differ by at most 2 % of the greatest.
fn agree(counts: Counts) -> bool {
    counts
        .agreement()
        .is_none_or(|percent| percent + LIMITS.counts_percent >= 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> PageFacts {
        PageFacts {
            status: Some(200),
            at_rest: true,
            segments: 3,
            pictures_whole: true,
            printed: true,
            text_chars: 5_000,
            counts: counts(100, 100, 100),
            images: 100,
            images_loaded: 100,
            ..PageFacts::default()
        }
    }

    fn counts(dom: u32, text: u32, inventory: u32) -> Counts {
        Counts {
            dom,
            text,
            inventory,
            pdf: Some(inventory),
        }
    }

    fn last(posts: u32, text_chars: u64) -> Baseline {
        Baseline {
            counts: Some(counts(posts, posts, posts)),
            text_chars: Some(text_chars),
        }
    }

    #[test]
    fn a_page_with_everything_is_complete() {
        assert_eq!(
            judge(&whole(), None, Some(true)),
            (Verdict::Complete, Vec::new())
        );
        assert_eq!(
            judge(&whole(), Some(&last(120, 6_000)), Some(true)).0,
            Verdict::Complete
        );
    }

    #[test]
    fn each_shortcoming_alone_makes_it_partial() {
        type Spoil = fn(&mut PageFacts);
        let cases: [(Spoil, Reason); 18] = [
            (|facts| facts.login_missing = true, Reason::NotLoggedIn),
            (|facts| facts.at_rest = false, Reason::TimeoutPage),
            (|facts| facts.segments = 0, Reason::TimeoutShot),
            (|facts| facts.pictures_whole = false, Reason::TimeoutShot),
            (|facts| facts.printed = false, Reason::TimeoutPrint),
            (|facts| facts.blank = true, Reason::Blank),
            (|facts| facts.height_limit = true, Reason::HeightLimit),
            (|facts| facts.width_limit = true, Reason::WidthLimit),
            (|facts| facts.post_limit = true, Reason::PostLimit),
            (|facts| facts.height_changed = true, Reason::HeightChanged),
            (|facts| facts.text_chars = 0, Reason::TextMissing),
            (|facts| facts.lost = true, Reason::TextMissing),
            (|facts| facts.print_percent = Some(49), Reason::TextMissing),
            (|facts| facts.images_loaded = 99, Reason::PartialImages),
            (|facts| facts.requests_failed = 1, Reason::RequestsFailed),
            (
                |facts| facts.counts = counts(100, 97, 100),
                Reason::CountsDisagree,
            ),
            (|facts| facts.print_unread = true, Reason::CountsDisagree),
            (|facts| facts.crashed = true, Reason::Crashed),
        ];
        for (spoil, reason) in cases {
            let mut facts = whole();
            spoil(&mut facts);
            assert_eq!(
                judge(&facts, None, Some(true)),
                (Verdict::Partial, vec![reason])
            );
        }
        assert_eq!(
            judge(&whole(), None, Some(false)),
            (Verdict::Partial, vec![Reason::NotPdfa])
        );
        assert_eq!(
            judge(&whole(), None, None),
            (Verdict::Partial, vec![Reason::TimeoutPrint])
        );
    }

    #[test]
    fn a_connection_that_could_not_be_trusted_counts_where_something_is_missing() {
        let facts = PageFacts {
            tls_failed: 1,
            ..whole()
        };
        assert_eq!(judge(&facts, None, Some(true)).0, Verdict::Complete);
        let facts = PageFacts {
            images_loaded: 99,
            ..facts
        };
        assert_eq!(
            judge(&facts, None, Some(true)),
            (Verdict::Partial, vec![Reason::Tls, Reason::PartialImages])
        );
    }

    #[test]
    fn counts_agree_within_two_per_cent() {
        assert!(agree(counts(0, 0, 0)));
        assert!(agree(counts(100, 98, 99)));
        assert!(!agree(counts(100, 97, 100)));
        assert!(!agree(counts(1, 0, 1)));
    }

    #[test]
    fn a_page_that_is_not_the_accounts_has_failed() {
        for (status, reason) in [
            (400, Reason::Http4xx),
            (401, Reason::Http4xx),
            (404, Reason::Http4xx),
            (499, Reason::Http4xx),
            (500, Reason::Http5xx),
            (503, Reason::Http5xx),
            (599, Reason::Http5xx),
        ] {
            let facts = PageFacts {
                status: Some(status),
                ..whole()
            };
            assert_eq!(
                judge(&facts, None, Some(true)),
                (Verdict::Failed, vec![reason])
            );
        }
        let facts = PageFacts {
            obstacle: Some(Reason::Tls),
            ..PageFacts::default()
        };
        assert_eq!(
            judge(&facts, None, None),
            (Verdict::Failed, vec![Reason::Tls])
        );
    }

    #[test]
    fn a_crash_before_anything_was_taken_has_failed() {
        let facts = PageFacts {
            crashed: true,
            ..PageFacts::default()
        };
        let crashed = (Verdict::Failed, vec![Reason::Crashed]);
        assert_eq!(judge(&facts, None, None), crashed);
        assert_eq!(judge(&facts, Some(&last(200, 6_000)), None), crashed);
    }

    #[test]
    fn walls_are_known_without_their_language() {
        let wall = PageFacts {
            password_field: true,
            counts: counts(0, 0, 0),
            text_chars: 200,
            ..whole()
        };
        assert_eq!(
            judge(&wall, None, Some(true)),
            (Verdict::Failed, vec![Reason::NotLoggedIn])
        );
        let redirected = PageFacts {
            login_address: true,
            ..whole()
        };
        assert_eq!(judge(&redirected, None, Some(true)).0, Verdict::Failed);
        let thinned = PageFacts {
            password_field: true,
            counts: counts(8, 8, 8),
            ..whole()
        };
        assert_eq!(judge(&thinned, None, Some(true)).0, Verdict::Complete);
        assert_eq!(
            judge(&thinned, Some(&last(200, 6_000)), Some(true)),
            (Verdict::Failed, vec![Reason::NotLoggedIn])
        );
    }

    /// A page without posts and with this much to read.
    fn without_posts(text_chars: u64) -> PageFacts {
        PageFacts {
            counts: counts(0, 0, 0),
            text_chars,
            ..whole()
        }
    }

    #[test]
    fn what_is_a_wall_depends_on_what_else_is_there() {
        type Sign = fn(&mut PageFacts);
        let password: Sign = |facts| facts.password_field = true;
        let overlay: Sign = |facts| facts.login_overlay = true;
        let phrase: Sign = |facts| facts.login_phrase = true;
        let both: Sign = |facts| (facts.password_field, facts.login_phrase) = (true, true);
        let wall = (Verdict::Failed, vec![Reason::NotLoggedIn]);
        let complete = (Verdict::Complete, vec![]);
        // What lies over a page is missing, even where the page is the account's.
        let covered = (Verdict::Partial, vec![Reason::NotLoggedIn]);
        let (short, long) = (1_500, 1_501);
        for (number, (sign, text, posts_before, expected)) in [
            (password, short, 0, &wall),
            (password, long, 0, &complete),
            (password, long, 1, &wall),
            (both, long, 0, &wall),
            (overlay, short, 0, &wall),
            (overlay, long, 0, &covered),
            (overlay, long, 1, &wall),
            (phrase, short, 0, &wall),
            (phrase, long, 0, &complete),
        ]
        .into_iter()
        .enumerate()
        {
            let mut facts = without_posts(text);
            sign(&mut facts);
            let before = (posts_before > 0).then(|| last(posts_before, text));
            let judged = judge(&facts, before.as_ref(), Some(true));
            assert_eq!(&judged, expected, "row {number}");
        }
        let posts = PageFacts {
            login_overlay: true,
            ..whole()
        };
        assert_eq!(judge(&posts, None, Some(true)), covered);
    }

    #[test]
    fn a_gate_and_a_page_that_is_gone_are_short_and_have_no_posts() {
        type Sign = fn(&mut PageFacts);
        let signs: [(Sign, Reason); 2] = [
            (|facts| facts.gate = true, Reason::Gate),
            (|facts| facts.says_gone = true, Reason::NotAvailable),
        ];
        for (sign, reason) in signs {
            let judged = |mut facts: PageFacts| {
                sign(&mut facts);
                judge(&facts, None, Some(true))
            };
            assert_eq!(
                judged(without_posts(1_500)),
                (Verdict::Failed, vec![reason])
            );
            assert_eq!(judged(without_posts(1_501)).0, Verdict::Complete);
            let posts = PageFacts {
                text_chars: 1_500,
                ..whole()
            };
            assert_eq!(judged(posts).0, Verdict::Complete);
        }
    }

    #[test]
    fn an_error_answer_needs_no_other_reason() {
        let facts = PageFacts {
            status: Some(404),
            password_field: true,
            gate: true,
            says_gone: true,
            ..without_posts(200)
        };
        assert_eq!(
            judge(&facts, None, Some(true)),
            (Verdict::Failed, vec![Reason::Http4xx])
        );
    }

    #[test]
    fn a_crash_explains_nothing_that_was_read_before_it() {
        let facts = PageFacts {
            crashed: true,
            counts: counts(100, 97, 100),
            ..whole()
        };
        assert_eq!(
            judge(&facts, Some(&last(201, 10_001)), Some(true)),
            (
                Verdict::Partial,
                vec![
                    Reason::Crashed,
                    Reason::TextMissing,
                    Reason::FewerThanLastTime,
                    Reason::CountsDisagree
                ]
            )
        );
    }

    #[test]
    fn a_refusal_to_show_what_needs_a_login_says_so() {
        for (status, login_missing, reasons) in [
            (403, false, vec![Reason::Http4xx]),
            (401, true, vec![Reason::Http4xx, Reason::NotLoggedIn]),
            (403, true, vec![Reason::Http4xx, Reason::NotLoggedIn]),
            (404, true, vec![Reason::Http4xx]),
        ] {
            let facts = PageFacts {
                status: Some(status),
                login_missing,
                ..whole()
            };
            assert_eq!(judge(&facts, None, None), (Verdict::Failed, reasons));
        }
    }

    #[test]
    fn a_password_field_on_a_page_of_posts_is_no_wall() {
        let facts = PageFacts {
            password_field: true,
            ..whole()
        };
        assert_eq!(judge(&facts, None, Some(true)).0, Verdict::Complete);
        let phrase = PageFacts {
            login_phrase: true,
            ..whole()
        };
        assert_eq!(judge(&phrase, None, Some(true)).0, Verdict::Complete);
    }

    #[test]
    fn far_less_than_last_time_is_partial() {
        let (verdict, reasons) = judge(&whole(), Some(&last(201, 10_001)), Some(true));
        assert_eq!(verdict, Verdict::Partial);
        assert_eq!(
            reasons,
            vec![Reason::TextMissing, Reason::FewerThanLastTime]
        );
        assert_eq!(
            judge(&whole(), Some(&last(200, 10_000)), Some(true)).0,
            Verdict::Complete
        );
    }
}
