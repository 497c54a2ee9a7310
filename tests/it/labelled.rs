//! The labelled set (`docs/format/labelled.md`): made from its templates, large enough, and what the detectors, the thread
//! rule and the engine do on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{bevara, ran, repository};

/// Set to write the halves anew instead of comparing them.
const REWRITE: &str = "BEVARA_REWRITE";
/// Posts tried for each template; the same text is kept once.
const EACH: u64 = 46;

fn file(name: &str) -> String {
    let path = repository().join("fixtures/labelled").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `SplitMix64` (Steele, Lea, Flood 2014): the same numbers everywhere and always.
struct Numbers(u64);

impl Numbers {
    fn of(text: &str, round: u64) -> Self {
        let seed = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ round.wrapping_mul(0x9e37_79b9))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let limit = u64::try_from(limit).expect("a small limit");
        usize::try_from((mixed ^ (mixed >> 31)) % limit).expect("below a small limit")
    }
}

struct Template {
    class: String,
    half: String,
    name: String,
    line: String,
}

fn templates() -> Vec<Template> {
    let (mut class, mut half) = (String::new(), String::new());
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    let mut templates = Vec::new();
    for line in file("templates.txt").lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_prefix('[') {
            let head = head.trim_end_matches(']');
            let (one, other) = head.split_once(' ').expect("a class and a half");
            (class, half) = (one.to_owned(), other.to_owned());
            continue;
        }
        let number = count.entry(format!("{class}-{half}")).or_insert(0);
        *number += 1;
        templates.push(Template {
            name: format!("{class}-{half}-{number:02}"),
            class: class.clone(),
            half: half.clone(),
            line: line.to_owned(),
        });
    }
    templates
}

fn slots() -> BTreeMap<String, Vec<String>> {
    file("slots.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (name, values) = line.split_once(':').expect("a name and its values");
            let values = values.split('|').map(|value| value.trim().to_owned());
            (name.to_owned(), values.collect())
        })
        .collect()
}

fn filled(text: &str, slots: &BTreeMap<String, Vec<String>>, numbers: &mut Numbers) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').expect("a slot ends");
        let values = slots.get(name).unwrap_or_else(|| panic!("no slot {name}"));
        filled.push_str(before);
        let value = &values[numbers.below(values.len())];
        if filled.is_empty() {
            let mut letters = value.chars();
            filled.extend(letters.next().into_iter().flat_map(char::to_uppercase));
            filled.push_str(letters.as_str());
        } else {
            filled.push_str(value);
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// People write as people write: mostly as it stands, now and then in haste.
fn written(text: String, numbers: &mut Numbers) -> String {
    match numbers.below(20) {
        0 | 1 => text.to_lowercase(),
        2 => text.to_uppercase(),
        3 | 4 => text
            .chars()
            .map(|letter| match letter {
                'å' | 'ä' => 'a',
                'ö' => 'o',
                'Å' | 'Ä' => 'A',
                'Ö' => 'O',
                other => other,
            })
            .collect(),
        5 => misspelt(&text, numbers),
        6 => format!("{text} {}", ["😊", "❤️", "👏"][numbers.below(3)]),
        7 => text.trim_end_matches(['.', '!']).to_owned(),
        8 => format!("Hej! {text}"),
        _ => text,
    }
}

/// Two neighbouring letters of a longer word change places.
fn misspelt(text: &str, numbers: &mut Numbers) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let places: Vec<usize> = (2..letters.len().saturating_sub(2))
        .filter(|at| {
            letters[at - 2..at + 2]
                .iter()
                .all(|letter| letter.is_lowercase())
        })
        .collect();
    if !places.is_empty() {
        let at = places[numbers.below(places.len())];
        letters.swap(at, at - 1);
    }
    letters.into_iter().collect()
}

/// The lines of one half, in the order of the templates.
fn made(half: &str) -> String {
    let slots = slots();
    let mut lines = String::new();
    let mut seen = BTreeSet::new();
    for template in templates().iter().filter(|template| template.half == half) {
        for round in 0..EACH {
            let mut numbers = Numbers::of(&template.line, round);
            let posts = posts(template, &slots, (&mut numbers, round));
            let texts: Vec<String> = posts.iter().map(|post| post["text"].to_string()).collect();
            if seen.insert(texts) {
                for post in posts {
                    writeln!(lines, "{post}").expect("a string grows");
                }
            }
        }
    }
    lines
}

fn posts(
    template: &Template,
    slots: &BTreeMap<String, Vec<String>>,
    (numbers, round): (&mut Numbers, u64),
) -> Vec<Value> {
    let items: Vec<&str> = template.line.split(" || ").collect();
    let id = |at: usize| format!("{}-{round}-{at}", template.name);
    let mut posts = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let (head, text) = item.split_at(2);
        let by_authority = head.starts_with('k');
        let text = filled(text, slots, numbers);
        let text = if by_authority {
            text
        } else {
            written(text, numbers)
        };
        let mut post = json!({
            "template": template.name,
            "class": template.class,
            "role": if by_authority { "kommun" } else { "invanare" },
            "secret": head.ends_with('!'),
            "simple": head.ends_with('+'),
            "text": text,
        });
        if items.len() > 1 {
            post["id"] = json!(id(at));
            if at > 0 {
                post["in_reply_to"] = json!(id(at - 1));
            }
        }
        posts.push(post);
    }
    posts
}

#[test]
fn the_halves_are_what_the_templates_say() {
    for half in ["train", "test", "fresh"] {
        let name = format!("{half}.jsonl");
        let made = made(half);
        if std::env::var_os(REWRITE).is_some() {
            let path = repository().join("fixtures/labelled").join(name);
            std::fs::write(path, made).expect("the half is writable");
        } else {
            assert!(
                file(&name) == made,
                "{name} is not what the templates say; write it anew with {REWRITE}=1 cargo test --test it labelled::"
            );
        }
    }
}

fn measured(name: &str) -> Value {
    let set = repository().join("fixtures/labelled").join(name);
    let set = set.to_str().expect("UTF-8");
    let ran = ran(bevara().args(["policy", "measure", set, "--json"]));
    ran.result()
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

#[test]
fn a_secret_text_that_may_be_disposed_of_is_a_finding_without_its_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let set = folder.path().join("set.jsonl");
    let lines = [
        json!({"text": "Tack för informationen!", "secret": true, "simple": false, "template": "m1"}),
        json!({"text": "Tack för svaret!", "secret": false, "simple": true, "template": "m2"}),
        json!({"text": "Mamma ligger på Solgården", "secret": true, "simple": false, "id": "a"}),
        json!({"text": "Tack!", "secret": true, "simple": false, "in_reply_to": "a"}),
    ];
    std::fs::write(&set, lines.map(|line| line.to_string()).join("\n")).expect("written");
    let set = set.to_str().expect("UTF-8");
    let ran = ran(bevara().args(["policy", "measure", set, "--policy", "haninge", "--json"]));
    let document = ran.exits(1).document();
    let figures = &document["result"];
    assert_eq!(number(&figures["disposed"]), 2, "{figures:#}");
    assert_eq!(number(&figures["disposed_secret"]), 1, "{figures:#}");
    assert_eq!(figures["precision"], 0.5);
    assert_eq!(document["findings"][0]["path"], "m1");
    assert!(
        !document.to_string().contains("informationen"),
        "{document}"
    );
}

#[test]
fn a_line_that_is_no_label_is_refused_with_its_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let set = folder.path().join("set.jsonl");
    for (line, what) in [
        (
            json!({"text": "a", "secret": true, "simple": true}),
            "both secret and simple",
        ),
        (json!({"text": "a", "secret": true}), "simple"),
        (
            json!({"text": "a", "secret": true, "simple": false, "in_reply_to": "x"}),
            "no earlier line",
        ),
        (
            json!({"text": "a", "secret": true, "simple": false, "sercet": true}),
            "sercet",
        ),
    ] {
        std::fs::write(&set, format!("\n{line}\n")).expect("written");
        let ran = ran(bevara().args(["policy", "measure", set.to_str().expect("UTF-8")]));
        let told = ran.exits(1).stderr;
        assert!(told.contains("line 2") && told.contains(what), "{told}");
    }
}

#[test]
fn the_set_is_large_enough() {
    let templates = templates();
    let classes: BTreeSet<&str> = templates.iter().map(|row| row.class.as_str()).collect();
    assert!(classes.len() >= 16 && templates.len() >= 120, "{classes:?}");
    let halves = ["train.jsonl", "test.jsonl"].map(file);
    let posts: Vec<Value> = halves
        .iter()
        .flat_map(|half| half.lines())
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let secret = posts.iter().filter(|post| post["secret"] == true).count();
    assert!(
        posts.len() >= 8_000 && secret >= 3_000,
        "{} {secret}",
        posts.len()
    );
}

#[test]
fn nothing_secret_may_be_disposed_of_and_most_that_is_simple_may() {
    for (name, recall) in [
        ("train.jsonl", 0.6),
        ("test.jsonl", 0.6),
        ("fresh.jsonl", 0.2),
        ("fresh-2.jsonl", 0.4),
    ] {
        let figures = measured(name);
        println!("{name}: {figures:#}");
        assert_eq!(
            number(&figures["disposed_secret"]),
            0,
            "{name}: {}",
            figures["wrong"]
        );
        assert!(figures["precision"].as_f64() >= Some(0.995), "{name}");
        assert!(figures["recall"].as_f64() >= Some(recall), "{name}");
        assert!(figures["flag_recall"].as_f64() >= Some(0.99), "{name}");
    }
}
