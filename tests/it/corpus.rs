//! The corpus: every page of `fixtures/pages/corpus/corpus.toml` captured through the real program, in browsers that are
//! used again and again, and judged by what the list says, by veraPDF, and by poppler against the page's own text.
//!
//! `BEVARA_CORPUS=id,id` takes some pages alone and leaves what was captured in `target/corpus/<id>/` to be looked at;
//! `BEVARA_SEED=7,25,186-195` takes the pages of those seeds and leaves them there.

mod list;
mod prints;
pub(crate) mod random;
mod reading;
mod round;

use std::path::PathBuf;

use crate::corpus::list::Page;
use crate::corpus::round::Taken;
use crate::pages::Pages;
use crate::support::is_campaign;
use crate::validators;

/// Whether somebody looks at something else alone: then so does this run.
fn is_elsewhere(variables: &[&str]) -> bool {
    let named = variables
        .iter()
        .find(|name| std::env::var_os(name).is_some());
    if let Some(name) = named {
        println!("not checked: {name} asks for something else");
    }
    named.is_some()
}

#[test]
fn every_page_is_captured_as_the_list_says() {
    if is_elsewhere(&["BEVARA_SEED"]) {
        return;
    }
    let server = Pages::start();
    server.listen_too("127.0.0.2");
    let pages = list::chosen();
    let round = round::take(&server, &pages, "2u");
    let mut wrong = Vec::new();
    for (page, taken) in pages.iter().zip(&round.taken) {
        println!(
            "{}: {} {:?} {}",
            page.id,
            taken.verdict,
            taken.reasons,
            taken.requests()["milliseconds"]
        );
        for what in differences(page, taken) {
            match &page.open {
                Some(why) => println!("{}: {what} (open: {why})", page.id),
                None => wrong.push(format!("{}: {what}", page.id)),
            }
        }
    }
    wrong.extend(invalid(&round.taken, "2u"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Pages also taken as pictures over their text in an ordinary run: scripts, lost glyphs, endless lines, pictures of every
/// kind, many pages.
const PICTURED: [&str; 6] = [
    "emoji",
    "huge-strings",
    "scripts",
    "missing-glyphs",
    "images-odd",
    "lazy-visible",
];

/// For archives that ask for PDF/A-1b: a capture of the same page says the same, and its PDF holds the text of `page.txt`.
#[test]
fn pages_become_pictures_over_their_text() {
    if is_elsewhere(&["BEVARA_SEED", "BEVARA_CORPUS"]) {
        return;
    }
    let server = Pages::start();
    server.listen_too("127.0.0.2");
    let is_pictured = |page: &Page| is_campaign() || PICTURED.contains(&page.id.as_str());
    let pages: Vec<Page> = list::chosen().into_iter().filter(is_pictured).collect();
    let round = round::take(&server, &pages, "1b");
    let mut wrong = Vec::new();
    for (page, taken) in pages.iter().zip(&round.taken) {
        if taken.verdict != page.verdict && page.open.is_none() && page.printed.is_none() {
            wrong.push(format!(
                "{}: {} {:?}",
                page.id, taken.verdict, taken.reasons
            ));
        }
        let pdf = taken.pdf().map(|path| reading::pdf(path));
        let lost = pdf.map(|pdf| reading::lost(&taken.text(), &pdf));
        if let Some(lost) = lost.filter(|lost| !lost.is_empty()) {
            wrong.push(format!("{}: not under the pictures: {lost:?}", page.id));
        }
    }
    wrong.extend(invalid(&round.taken, "1b"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What may be the matter with a page that nobody wrote: it is said, so the capture is honest.
const HONEST: [&str; 11] = [
    "blank",
    "timeout_page",
    "timeout_shot",
    "timeout_print",
    "crashed",
    "height_limit",
    "width_limit",
    "height_changed",
    "partial_images",
    "counts_disagree",
    "text_missing",
];

/// Pages from seeds in an ordinary run: so many of the first small ones, and those that once were not whole.
const SMALL_SEEDS: usize = 30;
const ONCE_WRONG: [u64; 1] = [188];

/// A page from any seed becomes a valid PDF/A that has all its posts, or a capture that says what is missing.
#[test]
fn pages_from_seeds_are_whole_or_say_what_is_missing() {
    if is_elsewhere(&["BEVARA_CORPUS"]) {
        return;
    }
    let asked = asked_seeds();
    let server = Pages::start();
    let mut pages = Vec::new();
    for seed in asked.clone().unwrap_or_else(|| (1..=300).collect()) {
        let (page, html) = random::page(seed);
        if asked.is_some() {
            let dir = crate::support::repository().join("target/corpus");
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join(format!("{}.html", page.id)), &html).unwrap();
        } else if !is_campaign()
            && !ONCE_WRONG.contains(&seed)
            && (html.len() > random::SMALL || pages.len() >= SMALL_SEEDS)
        {
            continue;
        }
        server.show(&page.address, html);
        pages.push(page);
    }
    if asked.is_none() {
        let ordinary = SMALL_SEEDS + ONCE_WRONG.len();
        assert_eq!(pages.len(), if is_campaign() { 300 } else { ordinary });
    }
    let round = round::take(&server, &pages, "2u");
    let mut wrong = Vec::new();
    for (page, taken) in pages.iter().zip(&round.taken) {
        if taken.verdict != "complete" {
            println!(
                "{}: {} {:?} {}",
                page.id,
                taken.verdict,
                taken.reasons,
                taken.requests()["problem"]
            );
        }
        wrong.extend(dishonest(page, taken).map(|what| format!("{}: {what}", page.id)));
    }
    wrong.extend(invalid(&round.taken, "2u"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The seeds in `BEVARA_SEED`.
fn asked_seeds() -> Option<Vec<u64>> {
    let asked = std::env::var("BEVARA_SEED").ok()?;
    let seeds = asked.split(',').flat_map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        first.parse().unwrap()..=last.parse::<u64>().unwrap()
    });
    Some(seeds.collect())
}

/// What a capture keeps quiet about.
fn dishonest(page: &Page, taken: &Taken) -> Option<String> {
    let unsaid: Vec<_> = taken
        .reasons
        .iter()
        .filter(|reason| !HONEST.contains(&reason.as_str()))
        .collect();
    if !unsaid.is_empty() {
        return Some(format!("{} {:?}", taken.verdict, taken.reasons));
    }
    if page.verdict == "complete" && taken.verdict != "complete" {
        return Some(format!(
            "{} {:?} though nothing hides what it says; posts {:?} and {:?} printed",
            taken.verdict, taken.reasons, taken.counts, taken.printed
        ));
    }
    if taken.verdict != "complete" {
        return None;
    }
    if taken.counts != [page.posts.unwrap(); 3] {
        return Some(format!(
            "posts {:?} instead of {:?}",
            taken.counts, page.posts
        ));
    }
    let pdf = reading::pdf(taken.pdf().unwrap());
    let text = taken.text();
    let missing = page
        .text
        .iter()
        .find(|words| !reading::says(&text, words) || !reading::says(&pdf, words))?;
    Some(format!("{missing:?} is not in page.txt and page.pdf"))
}

/// What is not as the list says.
fn differences(page: &Page, taken: &Taken) -> Vec<String> {
    let mut wrong = Vec::new();
    if taken.verdict != page.verdict || taken.reasons != page.reasons {
        wrong.push(format!(
            "{} {:?} instead of {} {:?}; {}",
            taken.verdict,
            taken.reasons,
            page.verdict,
            page.reasons,
            taken.requests()["problem"]
        ));
    }
    if taken.verdict == "failed" {
        return wrong;
    }
    if let Some(posts) = page.posts
        && taken.counts != [posts; 3]
    {
        wrong.push(format!("posts {:?} instead of {posts}", taken.counts));
    }
    // Pictures have no text of their own to count in.
    let is_printed = !taken.reasons.contains(&"timeout_print".to_owned());
    let printed = page.printed.or(page.posts).filter(|_| is_printed);
    if printed.is_some() && taken.printed != printed {
        wrong.push(format!(
            "printed {:?} instead of {printed:?}",
            taken.printed
        ));
    }
    if let Some(images) = page.images
        && taken.images() != [images; 2]
    {
        wrong.push(format!("pictures {:?} instead of {images}", taken.images()));
    }
    let text = taken.text();
    let pdf = taken
        .pdf()
        .map_or_else(String::new, |path| reading::pdf(path));
    let in_lines = taken
        .pdf()
        .map_or_else(String::new, |path| reading::pdf_in_lines(path));
    for words in &page.text {
        if !reading::has(&text, words) {
            wrong.push(format!("{words:?} is not in page.txt"));
        }
        if ![&pdf, &in_lines]
            .iter()
            .any(|text| reading::has(text, words))
        {
            wrong.push(format!("{words:?} is not in page.pdf"));
        }
    }
    for words in &page.absent {
        if reading::has(&text, words) {
            wrong.push(format!("{words:?} is in page.txt"));
        }
    }
    let acts = taken.acts();
    for wanted in &page.acts {
        if !acts.iter().any(|act| act.trim() == wanted) {
            wrong.push(format!("{wanted:?} is not among {acts:?}"));
        }
    }
    let lost = reading::lost(&text, &pdf);
    let count: usize = lost.values().sum();
    if count > page.unread {
        wrong.push(format!("{count} characters are not in page.pdf: {lost:?}"));
    }
    if !page.colours.is_empty() {
        let seen = taken.colours();
        let missing = page.colours.iter().filter(|colour| !seen.contains(*colour));
        wrong.extend(missing.map(|colour| format!("{colour:?} is not in the pictures")));
    }
    wrong
}

/// What veraPDF says against the PDFs, asked once for all.
fn invalid(taken: &[Taken], flavour: &str) -> Vec<String> {
    let files: Vec<PathBuf> = taken
        .iter()
        .filter(|one| !one.reasons.contains(&"not_pdfa".to_owned()))
        .filter_map(|one| one.pdf().cloned())
        .collect();
    let verdicts = validators::verapdf(&files, flavour).unwrap_or_default();
    verdicts
        .into_iter()
        .filter(|verdict| !verdict.compliant)
        .map(|verdict| {
            format!(
                "{}: no PDF/A-{flavour}: {:?}",
                verdict.file.display(),
                verdict.failed
            )
        })
        .collect()
}

/// A page that nobody lists is a page that nobody takes.
#[test]
fn every_file_of_the_corpus_is_used() {
    let listed = list::all();
    let dir = crate::support::repository().join("fixtures/pages/corpus");
    let mut texts = String::new();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with("html") {
            texts.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
            names.push(name);
        }
    }
    for entry in std::fs::read_dir(dir.join("files")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "OFL.txt" {
            names.push(name);
        }
    }
    let unused: Vec<_> = names
        .iter()
        .filter(|name| {
            !texts.contains(name.as_str())
                && !listed
                    .iter()
                    .any(|page| page.address == format!("/corpus/{name}"))
        })
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
    assert!(listed.len() >= 40, "{}", listed.len());
}
