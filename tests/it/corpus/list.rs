//! The list of the corpus, and which of its pages are taken.

use serde::Deserialize;

use crate::support::{is_campaign, repository};

/// A page and what its capture must come to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    pub(crate) id: String,
    /// What it is there for.
    #[serde(rename = "about")]
    pub(crate) _about: String,
    #[serde(default)]
    pub(crate) address: String,
    pub(crate) verdict: String,
    #[serde(default)]
    pub(crate) reasons: Vec<String>,
    pub(crate) posts: Option<u64>,
    pub(crate) printed: Option<u64>,
    pub(crate) images: Option<u64>,
    #[serde(default)]
    pub(crate) text: Vec<String>,
    #[serde(default)]
    pub(crate) absent: Vec<String>,
    #[serde(default)]
    pub(crate) acts: Vec<String>,
    #[serde(default)]
    pub(crate) colours: Vec<[u8; 3]>,
    #[serde(default)]
    pub(crate) unread: usize,
    /// Why it is known to be otherwise for now.
    pub(crate) open: Option<String>,
    #[serde(default)]
    pub(crate) campaign: bool,
}

#[derive(Deserialize)]
struct List {
    page: Vec<Page>,
}

/// Every page.
pub(crate) fn all() -> Vec<Page> {
    let path = repository().join("fixtures/pages/corpus/corpus.toml");
    let list: List = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut pages = list.page;
    for page in &mut pages {
        if page.address.is_empty() {
            page.address = format!("/corpus/{}.html", page.id);
        }
    }
    pages
}

/// The pages asked for by name, if any; else all that are not left to the campaign.
pub(crate) fn chosen() -> Vec<Page> {
    let asked = asked();
    let is_chosen = |page: &Page| match &asked {
        Some(ids) => ids.contains(&page.id),
        None => !page.campaign || is_campaign(),
    };
    all().into_iter().filter(is_chosen).collect()
}

/// The ids in `BEVARA_CORPUS`.
pub(crate) fn asked() -> Option<Vec<String>> {
    let ids = std::env::var("BEVARA_CORPUS").ok()?;
    Some(ids.split(',').map(str::to_owned).collect())
}
