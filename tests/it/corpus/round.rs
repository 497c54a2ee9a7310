//! One round over many pages: accounts in archives side by side, the pages of each taken by one `capture --all`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::corpus::list::{self, Page};
use crate::pages::Pages;
use crate::support::{Archive, repository};

/// Archives side by side: pages mostly wait.
const LANES: usize = 3;
/// One round at a time: two cores are shared by three browsers already.
static ROUND: Mutex<()> = Mutex::new(());
const ADDED: &str = "2026-06-01";
const NOW: &str = "2026-07-01T08:00:00Z";

/// What the program made of a page.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) verdict: String,
    pub(crate) reasons: Vec<String>,
    /// Posts in document, text and inventory.
    pub(crate) counts: [u64; 3],
    /// Posts in the text of the PDF, where there is one of the browser's.
    pub(crate) printed: Option<u64>,
    /// Files by role.
    files: BTreeMap<String, Vec<PathBuf>>,
}

/// What was taken, and the archives that hold it.
pub(crate) struct Round {
    /// In the order of the pages.
    pub(crate) taken: Vec<Taken>,
    _archives: Vec<Archive>,
}

/// Takes pages of a server, each as an account, with PDF/A of a flavour.
pub(crate) fn take(server: &Pages, pages: &[Page], flavour: &str) -> Round {
    let _turn = ROUND.lock().unwrap_or_else(PoisonError::into_inner);
    let lanes: Vec<Vec<&Page>> = (0..LANES.min(pages.len()))
        .map(|lane| pages.iter().skip(lane).step_by(LANES).collect())
        .collect();
    let mut rows = BTreeMap::new();
    let mut archives = Vec::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = lanes
            .iter()
            .map(|lane| scope.spawn(|| lane_of(server, lane, flavour)))
            .collect();
        for lane in running {
            let (archive, captured) = lane.join().unwrap();
            rows.extend(captured);
            archives.push(archive);
        }
    });
    let taken = pages
        .iter()
        .map(|page| {
            rows.remove(&page.id)
                .unwrap_or_else(|| panic!("{} was not captured", page.id))
        })
        .collect();
    Round {
        taken,
        _archives: archives,
    }
}

fn lane_of(server: &Pages, pages: &[&Page], flavour: &str) -> (Archive, BTreeMap<String, Taken>) {
    let archive = Archive::new(ADDED);
    let register = archive.beside().join("konton.csv");
    let mut rows = "Alias;Plattform;Adress\n".to_owned();
    for page in pages {
        rows.extend([format!("{};annan;{}\n", page.id, server.url(&page.address))]);
    }
    std::fs::write(&register, rows).unwrap();
    archive
        .json(ADDED, &["account", "import", register.to_str().unwrap()])
        .exits(0);
    let document = archive
        .json(NOW, &["capture", "--all", "--flavour", flavour])
        .document();
    let rows = document["result"]["captures"]
        .as_array()
        .unwrap_or_else(|| panic!("the round was not ended: {document:#}"));
    let taken = rows
        .iter()
        .map(|row| {
            let id = row["account"].as_str().unwrap().to_owned();
            let taken = Taken::of(row, &archive, &id);
            (id, taken)
        })
        .collect();
    (archive, taken)
}

impl Taken {
    fn of(row: &Value, archive: &Archive, id: &str) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut files = BTreeMap::<String, Vec<PathBuf>>::new();
        for file in row["files"].as_array().unwrap() {
            let path = archive.path().join(text(&file["path"]));
            if list::asked().is_some() || std::env::var_os("BEVARA_SEED").is_some() {
                let kept = repository().join("target/corpus").join(id);
                std::fs::create_dir_all(&kept).unwrap();
                std::fs::copy(&path, kept.join(path.file_name().unwrap())).unwrap();
            }
            files.entry(text(&file["role"])).or_default().push(path);
        }
        Self {
            verdict: text(&row["verdict"]),
            reasons: row["reasons"]
                .as_array()
                .unwrap()
                .iter()
                .map(text)
                .collect(),
            counts: ["dom", "text", "inventory"].map(|name| row["counts"][name].as_u64().unwrap()),
            printed: row["counts"]["pdf"].as_u64(),
            files,
        }
    }

    /// The file of a role; a failed capture has none.
    fn file(&self, role: &str) -> Option<&PathBuf> {
        self.files.get(role).and_then(|files| files.first())
    }

    /// `page.pdf`.
    pub(crate) fn pdf(&self) -> Option<&PathBuf> {
        self.file("page-pdf")
    }

    /// `page.txt`.
    pub(crate) fn text(&self) -> String {
        self.file("page-text")
            .map_or_else(String::new, |path| std::fs::read_to_string(path).unwrap())
    }

    /// `requests.json`.
    pub(crate) fn requests(&self) -> Value {
        self.file("requests").map_or(Value::Null, |path| {
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
        })
    }

    /// What was done to the page, each with its label.
    pub(crate) fn acts(&self) -> Vec<String> {
        let acts = self.requests()["acts"].clone();
        let text = |act: &Value, name: &str| act[name].as_str().unwrap().to_owned();
        let acts = acts.as_array().into_iter().flatten();
        acts.map(|act| format!("{} {}", text(act, "action"), text(act, "label")))
            .collect()
    }

    /// Pictures on the page, and those that loaded.
    pub(crate) fn images(&self) -> [u64; 2] {
        let facts = self.requests()["facts"].clone();
        ["images", "images_loaded"].map(|name| facts[name].as_u64().unwrap())
    }

    /// Every colour that covers at least some 160 pixels of the segments; one pixel in sixteen is looked at.
    pub(crate) fn colours(&self) -> BTreeSet<[u8; 3]> {
        let mut counts = BTreeMap::<[u8; 3], u32>::new();
        for path in self.files.get("page-png").into_iter().flatten() {
            let picture = image::open(path).unwrap().into_rgb8();
            for y in (0..picture.height()).step_by(4) {
                for x in (0..picture.width()).step_by(4) {
                    *counts.entry(picture.get_pixel(x, y).0).or_default() += 1;
                }
            }
        }
        let often = counts.into_iter().filter(|(_, count)| *count >= 10);
        often.map(|(colour, _)| colour).collect()
    }
}
