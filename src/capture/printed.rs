//! How many posts stand in the text of a print. It sets some words elsewhere than the page has them (columns, scripts that
//! run from right to left, transforms), so a post is what its words are made of: every three letters that follow each other
//! in a word, whatever their order. What posts and the rest of the page need of each, and the print has not, is lacking; a
//! post that lacks too great a part is lost, and one that lacks a whole line of its own: both take their part along.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The largest part of a post, in per cent, that may be lacking of one that stands.
const LACKING_PERCENT: usize = 10;
/// The largest part of a line, in per cent, that may be lacking of one that stands: a comment is a small part of a long
/// post, and lost all the same.
const LINE_LACKING_PERCENT: usize = 50;
/// Letters of a line that is looked for by itself; in a shorter one, what a print sets apart is too great a part.
const LINE_LETTERS: usize = 12;

/// Three letters of a word in the order of their codes: those of a script that runs from right to left are drawn in the
/// opposite one. A shorter word is a piece by itself, filled with [`NONE`].
type Piece = [char; 3];
const NONE: char = '\0';

/// What the text of a print has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// What is seen of each post.
    pub(crate) posts: Vec<String>,
    /// What is seen of the page, the posts included. What stands outside them takes its part of the print first.
    pub(crate) around: String,
    /// All the text of the page, seen or not.
    pub(crate) page: String,
    /// Characters that no font has.
    pub(crate) unprintable: Vec<char>,
}

impl Expected {
    /// How many of the posts stand in the text of a print.
    pub(crate) fn standing(&self, print: &str) -> u32 {
        let count = standing(&self.posts, &self.around, print, &self.unprintable);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How many per cent of the page's text stand in the text of a print; `None` for a page without letters.
    pub(crate) fn percent_in(&self, print: &str) -> Option<u64> {
        let wanted = pieces(&self.page, &self.unprintable);
        let all: usize = wanted.values().sum();
        let mut lacking = wanted.clone();
        take(&mut lacking, &printed(print, &wanted, &self.unprintable));
        let there = all - lacking.values().sum::<usize>();
        (there * 100)
            .checked_div(all)
            .map(|percent| u64::try_from(percent).unwrap_or(u64::MAX))
    }
}

/// How often a text has each of its pieces.
type Pieces = BTreeMap<Piece, usize>;

fn standing(posts: &[String], around: &str, print: &str, unprintable: &[char]) -> usize {
    let pieces = |text: &str| pieces(text, unprintable);
    let wanted: Vec<Pieces> = posts.iter().map(|post| pieces(post)).collect();
    let mut lacking = Pieces::new();
    for own in &wanted {
        add(&mut lacking, own);
    }
    let mut outside = pieces(around);
    take(&mut outside, &lacking);
    add(&mut lacking, &outside);
    let found = printed(print, &lacking, unprintable);
    take(&mut lacking, &found);

    let shares = wanted.iter().map(|own| lacks(own, &lacking));
    let lines: Vec<Part> = posts
        .iter()
        .zip(shares)
        .enumerate()
        .flat_map(|(post, (text, share))| text.lines().map(move |line| (post, share, line)))
        .filter(|(.., line)| letters(line, unprintable).nth(LINE_LETTERS - 1).is_some())
        .map(|(post, share, line)| Part {
            post,
            share,
            pieces: pieces(line),
        })
        .collect();
    let wholes: Vec<Part> = wanted
        .into_iter()
        .enumerate()
        .map(|(post, pieces)| Part {
            post,
            share: 0,
            pieces,
        })
        .collect();
    // Lines first: what they lack says more of where it stood than what a whole post lacks.
    let mut gone = lost(&lines, LINE_LACKING_PERCENT, &mut lacking);
    gone.extend(lost(&wholes, LACKING_PERCENT, &mut lacking));
    posts.len() - gone.len()
}

/// What the words of a text are made of.
fn pieces(text: &str, unprintable: &[char]) -> Pieces {
    let mut counts = Pieces::new();
    for piece in words(text, unprintable).flat_map(|word| pieces_of(&word)) {
        *counts.entry(piece).or_default() += 1;
    }
    counts
}

/// A line of a post, or the whole of it.
struct Part {
    /// The number of the post.
    post: usize,
    /// How much of the post is lacking: of equal lines that one is lost first whose post lacks most.
    share: usize,
    pieces: Pieces,
}

/// The posts of the parts that lack more than so many per cent, those first that lack the greatest; what such a part needs
/// is taken from what is lacking.
fn lost(parts: &[Part], percent: usize, lacking: &mut Pieces) -> BTreeSet<usize> {
    let mut order: BinaryHeap<_> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| (lacks(&part.pieces, lacking), part.share, Reverse(index)))
        .collect();
    let mut gone = BTreeSet::new();
    while let Some((before, share, Reverse(index))) = order.pop() {
        if before <= percent * 10 {
            break;
        }
        let Some(part) = parts.get(index) else {
            break;
        };
        // What is lacking only grows less: a part that lacks less than it did waits for its turn.
        let now = lacks(&part.pieces, lacking);
        if now < before {
            order.push((now, share, Reverse(index)));
        } else {
            take(lacking, &part.pieces);
            gone.insert(part.post);
        }
    }
    gone
}

/// How much of what a text needs is lacking, in thousandths; a text without letters is a picture.
fn lacks(own: &Pieces, lacking: &Pieces) -> usize {
    let all: usize = own.values().sum();
    let gone: usize = own
        .iter()
        .map(|(piece, count)| lacking.get(piece).map_or(0, |lack| *lack.min(count)))
        .sum();
    (gone * 1_000).checked_div(all).unwrap_or(0)
}

fn add(to: &mut Pieces, counts: &Pieces) {
    for (piece, count) in counts {
        *to.entry(*piece).or_default() += count;
    }
}

fn take(from: &mut Pieces, counts: &Pieces) {
    for (piece, count) in counts {
        if let Some(left) = from.get_mut(piece) {
            *left = left.saturating_sub(*count);
            if *left == 0 {
                from.remove(piece);
            }
        }
    }
}

/// How often the print has each piece that is needed. Where its words end is not known: lines are broken in the middle of
/// words, and a space is often no character but a distance.
fn printed(print: &str, needed: &Pieces, unprintable: &[char]) -> Pieces {
    let letters: Vec<char> = letters(print, unprintable).collect();
    let mut counts = BTreeMap::new();
    for length in 1..=3 {
        for window in letters.windows(length) {
            let piece = piece(window);
            if needed.contains_key(&piece) {
                *counts.entry(piece).or_default() += 1;
            }
        }
    }
    counts
}

fn words<'a>(text: &'a str, unprintable: &'a [char]) -> impl Iterator<Item = Vec<char>> + 'a {
    text.split_whitespace()
        .map(|word| letters(word, unprintable).collect::<Vec<char>>())
        .filter(|word| !word.is_empty())
}

/// Letters and digits in their simplest form, whatever their case: a style sheet may change it. Marks on them are drawn in any order, and so is alef after lam: the two are
/// one glyph, which keeps its order where all others stand in the opposite one.
fn letters<'a>(text: &'a str, unprintable: &'a [char]) -> impl Iterator<Item = char> + 'a {
    text.chars()
        .filter(|one| !unprintable.contains(one))
        .nfkc()
        // By way of the upper case, where ß is SS and both sigmas are one.
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .filter(|one| one.is_alphanumeric() && !is_combining_mark(*one) && !is_alef(*one))
}

fn is_alef(one: char) -> bool {
    matches!(one, '\u{622}' | '\u{623}' | '\u{625}' | '\u{627}')
}

fn pieces_of(word: &[char]) -> Vec<Piece> {
    if word.len() < 3 {
        return vec![piece(word)];
    }
    word.windows(3).map(piece).collect()
}

fn piece(letters: &[char]) -> Piece {
    let mut piece = [NONE; 3];
    for (place, letter) in piece.iter_mut().zip(letters) {
        *place = *letter;
    }
    piece.sort_unstable();
    piece
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    fn count(all: &[&str], print: &str) -> usize {
        standing(&posts(all), "", print, &[])
    }

    const FEED: [&str; 3] = [
        "Exempelkommun 1 juni\nSnöröjningen på Åsgatan fortsätter. ❄️ Räksmörgås!",
        "Exempelkommun 2 juni\nSnöröjningen på Ängsgatan börjar i morgon klockan sju.",
        "Exempelkommun 3 juni\nSimhallen håller stängt i veckan.",
    ];

    #[test]
    fn a_post_stands_in_a_print_that_breaks_its_lines() {
        let print = "Exempelkommun1 juni\nSnö\nröj-\nningen på Ås\ngatan fortsätter. Räk\u{ad}smörgås!\n12\n\
             Simhallen håller stängt i veckan. Exempelkommun 3 juni\n\
             Exempelkommun 2 juni\nbörjar i morgon klockan sju.\nSnöröjningen på Ängsgatan";
        assert_eq!(count(&FEED, print), 3);
    }

    #[test]
    fn a_post_that_is_lost_among_others_of_its_kind_is_missed() {
        let feed: Vec<String> = (1..=200)
            .map(|number| format!("Virtuellt inlägg {number} av 200."))
            .collect();
        let all: Vec<&str> = feed.iter().map(String::as_str).collect();
        assert_eq!(count(&all, &feed.join("\n")), 200);
        for lost in [0, 36, 136, 199] {
            let mut kept = feed.clone();
            kept.remove(lost);
            assert_eq!(count(&all, &kept.join("\n")), 199, "{lost}");
        }
        assert_eq!(count(&all, &feed[..150].join("\n")), 150);
        assert_eq!(count(&all, "Sidhuvud"), 0);
    }

    #[test]
    fn a_comment_that_is_lost_below_a_long_post_is_missed() {
        let comments: Vec<String> = (1..=30)
            .map(|number| format!("Kommentar {number}: när plogas {number}:e tvärgatan i Åby?"))
            .collect();
        let post = |without: Option<usize>| {
            let kept = comments.iter().enumerate();
            let kept: Vec<&str> = kept
                .filter(|(index, _)| Some(*index) != without)
                .map(|(_, text)| text.as_str())
                .collect();
            format!("{}\n{}", FEED[0], kept.join("\n"))
        };
        let whole = post(None);
        let feed = [whole.as_str(), FEED[1]];
        assert_eq!(count(&feed, &format!("{whole}\n{}", FEED[1])), 2);
        for lost in [0, 17, 29] {
            let print = format!("{}\n{}", post(Some(lost)), FEED[1]);
            assert_eq!(count(&feed, &print), 1, "{lost}");
        }
        // Where two posts have the same line, and the print has it once, one of them has lost it.
        let twice = [whole.as_str(), whole.as_str()];
        assert_eq!(count(&twice, &format!("{whole}\n{}", post(Some(3)))), 1);
    }

    #[test]
    fn posts_of_the_same_words_need_them_as_often() {
        assert_eq!(count(&["Glad påsk!"; 3], "Glad påsk!\nGlad\npåsk!"), 2);
        assert_eq!(count(&["Glad påsk!"; 2], "Glad påsk!\nGlad\npåsk!"), 2);
    }

    #[test]
    fn a_post_that_is_cut_is_missed() {
        let print = "Exempelkommun 1 juni Snöröjningen på Åsgatan fortsätter. Räksmörgås!\n\
             Exempelkommun 2 juni Snöröjningen på Ängsgatan börjar\nExempelkommun 3 juni Simhallen håller stängt i veckan.";
        assert_eq!(count(&FEED, print), 2);
    }

    #[test]
    fn what_the_page_says_elsewhere_does_not_stand_for_a_post() {
        let post = ["Återvinningen har nya öppettider."];
        let print = "Senaste nytt\nÅtervinningen har nya öppettider.";
        assert_eq!(standing(&posts(&post), print, print, &[]), 1);
        // Once in the margin and once as a post, of which one is printed.
        let around = format!("{print}\n{}", post[0]);
        assert_eq!(standing(&posts(&post), &around, print, &[]), 0);
    }

    #[test]
    fn the_order_in_which_letters_are_drawn_does_not_matter() {
        assert_eq!(
            count(
                &["שלום עליכם 42", "縦書きの文章です"],
                "縦書\nきの\n文章です 42 םכילע םולש"
            ),
            2
        );
        assert_eq!(count(&["שלום עליכם"], "תודה רבה"), 0);
        // A ligature is one glyph of two letters, which stay in their order among the others in the opposite one.
        assert_eq!(count(&["السلام عليكم"], "مكيلع ملاسلا"), 1);
        assert_eq!(count(&["Vänd ladnuorg"], "Vänd groundal"), 1);
    }

    #[test]
    fn a_letter_set_by_itself_is_no_loss() {
        let post = ["Anfang i början av stycket, som är långt."];
        let print = "A\nnfang i början av stycket, som är långt.";
        assert_eq!(count(&post, &print.replacen('\n', "\n12\n", 1)), 1);
        assert_eq!(count(&post, "nfang stycket, som är långt."), 0);
    }

    #[test]
    fn the_form_in_which_a_letter_is_written_does_not_matter() {
        assert_eq!(count(&["fisk i två kar"], "\u{fb01}sk i tva\u{30a} kar"), 1);
        // A vowel that is drawn before the letter after which it is written.
        let drawn = "\u{93f}दन श\u{93f}नवार";
        assert_eq!(count(&["द\u{93f}न शन\u{93f}वार"], drawn), 1);
        assert_eq!(count(&["द\u{93f}न मंगलवार"], drawn), 0);
    }

    #[test]
    fn what_no_font_has_is_not_asked_for() {
        let rare = posts(&["Kitan \u{18b00}\u{18b01}\u{18b02}"]);
        assert_eq!(standing(&rare, "", "Kitan", &[]), 0);
        let none = ['\u{18b00}', '\u{18b01}', '\u{18b02}'];
        assert_eq!(standing(&rare, "", "Kitan", &none), 1);
        assert_eq!(count(&["❄️", ""], ""), 2);
    }

    #[test]
    fn the_case_that_a_style_sheet_gives_does_not_matter() {
        let print = "STRASSE I VERSALER\nτελος";
        assert_eq!(count(&["straße i versaler", "ΤΕΛΟΣ"], print), 2);
        assert_eq!(count(&["gata i gemener"], print), 0);
    }
}
