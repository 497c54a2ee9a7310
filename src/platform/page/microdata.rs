//! Microdata in a page (HTML, "Microdata"): items become the objects that JSON-LD would be, and are read as those.

use scraper::{ElementRef, Html, Selector};
use serde_json::{Map, Value};

use crate::platform::page::jsonld::{Place, is_post};
use crate::platform::page::{Found, Reading};

/// Deepest nesting of items.
const DEEPEST: usize = 64;

/// Reads the outermost items of a page, and posts inside items that are none.
pub(super) fn read(reading: &Reading<'_, '_>, tree: &Html) -> Found {
    let mut found = Found::default();
    let Ok(selector) = Selector::parse("[itemscope]") else {
        return found;
    };
    for (element, number) in tree.select(&selector).zip(1..) {
        let item = item(element, 0);
        // An item inside a post is that post's.
        if !is_post(&item) || ancestors(element).any(|above| is_post(&bare(above))) {
            continue;
        }
        let script = format!("(//*[@itemscope])[{number}]");
        let place = Place {
            reading,
            repairs: &[],
            script: &script,
        };
        place.walk(&item, (String::new(), 0), None, &mut found);
    }
    found
}

fn ancestors(element: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    element.ancestors().filter_map(ElementRef::wrap)
}

/// The item's types alone.
fn bare(element: ElementRef<'_>) -> Value {
    let types = element.value().attr("itemtype").unwrap_or_default();
    let types: Vec<_> = types.split_whitespace().map(Value::from).collect();
    serde_json::json!({ "@type": types })
}

fn item(element: ElementRef<'_>, depth: usize) -> Value {
    let mut members = Map::new();
    let types = bare(element);
    members.insert("@type".to_owned(), types["@type"].clone());
    if let Some(id) = element.value().attr("itemid") {
        members.insert("@id".to_owned(), Value::from(id));
    }
    if depth < DEEPEST {
        properties(element, depth, &mut members);
    }
    Value::Object(members)
}

/// The properties below an element, not those of items inside it.
fn properties(element: ElementRef<'_>, depth: usize, members: &mut Map<String, Value>) {
    let mut open: Vec<_> = element.child_elements().collect();
    open.reverse();
    while let Some(next) = open.pop() {
        let nested = next.value().attr("itemscope").is_some();
        if let Some(names) = next.value().attr("itemprop") {
            let value = if nested {
                item(next, depth + 1)
            } else {
                Value::from(value_of(next))
            };
            for name in names.split_whitespace() {
                add(members, name, value.clone());
            }
        }
        if !nested {
            let mut children: Vec<_> = next.child_elements().collect();
            children.reverse();
            open.extend(children);
        }
    }
}

fn add(members: &mut Map<String, Value>, name: &str, value: Value) {
    match members.get_mut(name) {
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => {
            members.insert(name.to_owned(), value);
        }
    }
}

/// The value of a property (HTML, "Values": by the element's name).
fn value_of(element: ElementRef<'_>) -> String {
    let value = element.value();
    let attribute = match value.name() {
        "a" | "area" | "link" => "href",
        "img" | "video" | "audio" | "source" | "embed" | "iframe" | "track" => "src",
        "time" => "datetime",
        "data" | "meter" => "value",
        // `content` on any element, as search engines read it.
        _ => "content",
    };
    let told = value.attr(attribute).map(str::to_owned);
    told.unwrap_or_else(|| element.text().collect::<String>().trim().to_owned())
}
