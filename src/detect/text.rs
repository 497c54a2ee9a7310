//! Text as the detectors read it: NFKC, lower case, without invisible letters, with and without diacritics, with digits
//! and signs that stand for letters folded back. Pure.

use unicode_normalization::UnicodeNormalization as _;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Letters, perhaps with digits in between.
    Word,
    /// Digits, perhaps as a time, a price or a span.
    Number,
    /// `@handle`.
    Mention,
    /// `#tag`.
    Tag,
    /// A web or e-mail address.
    Address,
}

/// One token of a text.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Lower case, Swedish letters kept.
    pub(crate) word: String,
    /// The same without diacritics.
    pub(crate) plain: String,
    /// Whether it began with a capital.
    pub(crate) capital: bool,
    /// Whether it opens a sentence.
    pub(crate) first: bool,
}

/// A text, read once for all detectors.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// NFKC without invisible letters, cases kept.
    pub(crate) shown: String,
    /// Its tokens.
    pub(crate) tokens: Vec<Token>,
    /// Plain words between single spaces, with a space at both ends; then the same with signs folded back to letters,
    /// and with letters that stand alone joined. Lists are looked for in each.
    pub(crate) variants: Vec<String>,
}

impl Text {
    /// Reads a text.
    pub(crate) fn read(text: &str) -> Self {
        let shown: String = text
            .nfkc()
            .filter(|letter| !is_invisible(*letter))
            .map(latin)
            .collect();
        let tokens = tokens(&shown);
        let variants = variants(&tokens);
        Self {
            shown,
            tokens,
            variants,
        }
    }

    /// Whether a letter or digit stands in it at all.
    pub(crate) fn has_words(&self) -> bool {
        self.shown.chars().any(char::is_alphanumeric)
    }
}

/// Lower case without diacritics: å and ä are a, ö is o.
pub(crate) fn plain(word: &str) -> String {
    word.nfd()
        .filter(|letter| !unicode_normalization::char::is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'ø' => 'o',
            'æ' => 'a',
            'ß' => 's',
            other => other,
        })
        .collect()
}

/// Letters that are not seen: zero-width, soft hyphen, direction marks, variation selectors.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{00AD}'
            | '\u{034F}'
            | '\u{061C}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Look-alikes of Latin letters, and digits of other scripts.
fn latin(letter: char) -> char {
    match letter {
        'а' | 'α' => 'a',
        'е' | 'ε' => 'e',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'с' => 'c',
        'х' | 'χ' => 'x',
        'у' => 'y',
        'і' | 'ι' | 'ı' => 'i',
        'ѕ' => 's',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'т' | 'τ' => 't',
        'А' | 'Α' => 'A',
        'Е' | 'Ε' => 'E',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'С' => 'C',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Т' | 'Τ' => 'T',
        'Ѕ' => 'S',
        '\u{0660}'..='\u{0669}' => digit(letter, '\u{0660}'),
        '\u{06F0}'..='\u{06F9}' => digit(letter, '\u{06F0}'),
        '\u{0966}'..='\u{096F}' => digit(letter, '\u{0966}'),
        other => other,
    }
}

fn digit(letter: char, zero: char) -> char {
    char::from_digit(u32::from(letter) - u32::from(zero), 10).unwrap_or(letter)
}

/// Whether a sign may stand inside a token.
fn joins(letter: char) -> bool {
    matches!(
        letter,
        '\'' | '’' | '´' | '`' | ':' | '.' | '@' | '$' | '€' | '|' | '!' | '*'
    )
}

fn tokens(shown: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut opens = true;
    let lines = shown.lines().flat_map(|line| {
        let mut start = true;
        line.split_whitespace()
            .map(move |chunk| (std::mem::take(&mut start), chunk))
    });
    for (starts, chunk) in lines {
        opens |= starts;
        let bare = chunk.trim_matches(|letter: char| {
            !letter.is_alphanumeric() && !matches!(letter, '@' | '#' | '$')
        });
        if is_address(chunk) {
            tokens.push(token(TokenKind::Address, bare, opens));
        } else if let Some(handle) = bare.strip_prefix('@') {
            tokens.push(token(TokenKind::Mention, handle, opens));
        } else if let Some(tag) = bare.strip_prefix('#') {
            tokens.push(token(TokenKind::Tag, tag, opens));
        } else {
            words(chunk, opens, &mut tokens);
        }
        opens = chunk
            .chars()
            .rev()
            .find(|letter| {
                letter.is_alphanumeric() || matches!(letter, '.' | '!' | '?' | ':' | '…')
            })
            .is_none_or(|letter| !letter.is_alphanumeric())
            || (opens && bare.is_empty());
    }
    tokens
}

fn words(chunk: &str, opens: bool, tokens: &mut Vec<Token>) {
    let mut first = opens;
    for part in chunk.split(|letter: char| !letter.is_alphanumeric() && !joins(letter)) {
        // "$0c": a sign that stands for a letter may open a word.
        let part = part.trim_matches(|sign| joins(sign) && !matches!(sign, '$' | '€' | '|'));
        if part.is_empty() {
            continue;
        }
        let kind = if part.chars().any(char::is_alphabetic) {
            TokenKind::Word
        } else {
            TokenKind::Number
        };
        // "klart.Tack" and "hej!vad" are two words; "4nm4l4" and "s.o.c" are one.
        let long = part.split(joins).all(|piece| piece.chars().count() > 1);
        if kind == TokenKind::Word && long && part.contains(joins) {
            for piece in part.split(joins).filter(|piece| !piece.is_empty()) {
                let kind = if piece.chars().any(char::is_alphabetic) {
                    TokenKind::Word
                } else {
                    TokenKind::Number
                };
                tokens.push(token(kind, piece, first));
                first = false;
            }
        } else {
            tokens.push(token(kind, part, first));
            first = false;
        }
    }
}

fn token(kind: TokenKind, text: &str, first: bool) -> Token {
    let word = text.to_lowercase();
    Token {
        kind,
        plain: plain(&word),
        capital: text.chars().next().is_some_and(char::is_uppercase),
        word,
        first,
    }
}

fn is_address(chunk: &str) -> bool {
    let lower = chunk.to_lowercase();
    let mailbox = lower
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let host = [".se", ".com", ".nu", ".org", ".net", ".eu", ".io"]
        .iter()
        .any(|ending| {
            lower.find(ending).is_some_and(|at| {
                let after = lower.get(at + ending.len()..).unwrap_or_default();
                at > 1 && !after.starts_with(char::is_alphanumeric)
            })
        });
    lower.contains("://") || lower.starts_with("www.") || mailbox || host
}

fn variants(tokens: &[Token]) -> Vec<String> {
    let joined = |words: &mut dyn Iterator<Item = String>| {
        let mut text = String::from(" ");
        for word in words {
            text.push_str(&word);
            text.push(' ');
        }
        text
    };
    let bare = joined(&mut tokens.iter().map(|token| token.plain.clone()));
    let folded = joined(&mut tokens.iter().map(|token| unleet(&token.plain)));
    let squeezed = joined(&mut tokens.iter().map(|token| squeeze(&unleet(&token.plain))));
    let spelled = joined(&mut spelled(tokens).into_iter());
    let mut variants = vec![bare];
    for variant in [folded, squeezed, spelled] {
        if !variants.contains(&variant) {
            variants.push(variant);
        }
    }
    variants
}

/// Digits and signs that stand for letters, in a token that has letters too.
fn unleet(word: &str) -> String {
    if !word.chars().any(char::is_alphabetic) {
        return word.to_owned();
    }
    word.chars()
        .filter_map(|letter| match letter {
            '0' => Some('o'),
            '1' | '!' | '|' => Some('i'),
            '3' | '€' => Some('e'),
            '4' | '@' => Some('a'),
            '5' | '$' => Some('s'),
            '7' => Some('t'),
            '8' => Some('b'),
            '.' | '\'' | '’' | '´' | '`' | '*' | ':' => None,
            other => Some(other),
        })
        .collect()
}

/// Runs of one letter as one: "haaata" is "hata".
pub(crate) fn squeeze(word: &str) -> String {
    let mut squeezed = String::new();
    let mut run = 0;
    for letter in word.chars() {
        run = if squeezed.ends_with(letter) {
            run + 1
        } else {
            1
        };
        if run < 3 {
            squeezed.push(letter);
        } else if run == 3 {
            squeezed.pop();
        }
    }
    squeezed
}

/// Letters that stand alone joined to words: "s o c" is "soc".
fn spelled(tokens: &[Token]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut letters = String::new();
    for token in tokens {
        if token.plain.chars().count() == 1 && token.plain.chars().all(char::is_alphabetic) {
            letters.push_str(&token.plain);
            continue;
        }
        if !letters.is_empty() {
            words.push(std::mem::take(&mut letters));
        }
        words.push(token.plain.clone());
    }
    if !letters.is_empty() {
        words.push(letters);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_are_seen_through() {
        for text in ["s o c", "s\u{200b}oc", "ＳＯＣ", "ѕос", "s.o.c", "$0c"] {
            let read = Text::read(text);
            assert!(
                read.variants.iter().any(|variant| variant == " soc "),
                "{text}: {:?}",
                read.variants
            );
        }
    }

    #[test]
    fn sentences_split_without_a_space() {
        let read = Text::read("Så bra.Tack!");
        let words: Vec<&str> = read
            .tokens
            .iter()
            .map(|token| token.word.as_str())
            .collect();
        assert_eq!(words, ["så", "bra", "tack"]);
    }

    #[test]
    fn long_runs_are_squeezed_and_double_letters_kept() {
        assert_eq!(squeeze("taaaack"), "tack");
        assert_eq!(squeeze("hall"), "hall");
    }
}
