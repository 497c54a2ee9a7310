//! Word lists as data. A line is a word with endings (`park -en -er -erna`), or in a list of stems a pattern: `anmäl*`
//! begins a word, `*sekretess*` stands anywhere in one, `papper till` is a phrase. `#` opens a comment.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::detect::text::{Text, plain};

/// A set of words.
#[derive(Debug)]
pub(crate) struct Words {
    exact: BTreeSet<String>,
    plain: BTreeSet<String>,
}

impl Words {
    /// Reads a list with endings.
    pub(crate) fn read(list: &str) -> Self {
        let exact: BTreeSet<String> = entries(list).into_iter().collect();
        let plain = exact.iter().map(|word| plain(word)).collect();
        Self { exact, plain }
    }

    /// Whether the word stands in the list as written.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.exact.contains(word)
    }

    /// Whether the word stands in the list when diacritics are left out in both.
    pub(crate) fn has_plain(&self, word: &str) -> bool {
        self.plain.contains(word)
    }

    /// Whether a word ends with one of the list's and has more before it.
    pub(crate) fn ends(&self, word: &str) -> Option<usize> {
        word.char_indices()
            .skip(2)
            .find(|(at, _)| {
                word.get(*at..)
                    .is_some_and(|rest| self.exact.contains(rest))
            })
            .map(|(at, _)| at)
    }
}

/// The words of a list with endings, in its order.
pub(crate) fn entries(list: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in lines(list) {
        let mut stem = "";
        for part in line.split_whitespace() {
            if let Some(ending) = part.strip_prefix('-') {
                words.push(format!("{stem}{ending}"));
            } else {
                stem = part;
                words.push(part.to_owned());
            }
        }
    }
    words
}

/// A list of stems and phrases.
#[derive(Debug)]
pub(crate) struct Stems {
    finder: Option<AhoCorasick>,
}

impl Stems {
    /// Reads a list of patterns.
    pub(crate) fn read(list: &str) -> Self {
        let patterns: Vec<String> = lines(list).map(pattern).collect();
        // Patterns come from the program's own lists; a test holds that each list can be built.
        let built = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(patterns);
        Self { finder: built.ok() }
    }

    /// Whether one of them stands in the text, however disguised. A list that could not be built hits everything.
    pub(crate) fn hit(&self, text: &Text) -> bool {
        match &self.finder {
            Some(finder) => text
                .variants
                .iter()
                .any(|variant| finder.find_overlapping_iter(variant).next().is_some()),
            None => true,
        }
    }

    /// Whether the list could be built.
    #[cfg(test)]
    pub(crate) fn is_built(&self) -> bool {
        self.finder.is_some()
    }
}

/// A pattern as it is looked for in words between single spaces.
fn pattern(line: &str) -> String {
    let open_start = line.starts_with('*');
    let open_end = line.ends_with('*');
    let bare = plain(line.trim_matches('*'));
    let mut text = String::new();
    if !open_start {
        text.push(' ');
    }
    text.push_str(&bare);
    if !open_end {
        text.push(' ');
    }
    text
}

fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
}
