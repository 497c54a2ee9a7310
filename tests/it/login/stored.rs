//! A site that keeps its login in `localStorage` and in no cookie: what is stored in the window is kept, given to captures
//! before the page, renewed with them, and stands nowhere else.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::login::members::{Members, POST};
use crate::login::{START, Screen, capture, close_window, codes, first, holding_or_empty, log_in};
use crate::support::Archive;

#[test]
fn what_a_site_stores_is_a_login_too() {
    let members = Members::start();
    let archive = Archive::new(START);
    archive.add_account(
        START,
        "medlemmar",
        "annan",
        &format!("{}app", members.url()),
    );
    archive
        .json(START, &["account", "set", "medlemmar", "inloggad=ja_oppen"])
        .exits(0);
    let Some(screen) = Screen::open() else {
        return;
    };
    let windows = || members.windows();
    let kept = log_in(&archive, &screen, ("medlemmar", &windows), close_window)
        .exits(0)
        .result();
    assert_eq!((&kept["cookies"], &kept["stored"]), (&json!(0), &json!(1)));
    assert_eq!(kept["until"], "2098-12-21T11:33:20Z");
    let file = archive.path().join(kept["file"].as_str().unwrap());
    let newest = || members.given().last().unwrap().clone();
    let stored = || -> Value { serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap() };
    let item = |stored: &Value| {
        stored["storage"][0]["items"]["APP"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(item(&stored()).contains(&newest()));

    // Each token is good for one time: the second capture lives on what the first was given.
    for _ in 0..2 {
        let before = newest();
        let taken = capture(&archive).exits(0);
        assert_eq!(first(&taken)["verdict"], "complete");
        assert_eq!(codes(&taken), Vec::<String>::new());
        let files = first(&taken)["files"].as_array().unwrap().clone();
        let text = files
            .iter()
            .find(|file| file["role"] == "page-text")
            .unwrap();
        let text = archive.path().join(text["path"].as_str().unwrap());
        let text = std::fs::read_to_string(text).unwrap();
        assert!(text.contains(POST), "{text}");
        // A handle is no secret, whatever stands beside it.
        assert!(
            text.contains("exempelkommun2.example [borttaget] [borttaget]"),
            "{text}"
        );
        assert_ne!(newest(), before);
        assert!(item(&stored()).contains(&newest()) && !item(&stored()).contains(&before));
    }
    // A token's signature stands whole in every spelling of it.
    let signatures: Vec<String> = members
        .given()
        .iter()
        .map(|token| token.rsplit('.').next().unwrap().to_owned())
        .collect();
    for dir in ["store", "staging"] {
        assert_eq!(
            holding_or_empty(&archive.path().join(dir), &signatures),
            Vec::<PathBuf>::new()
        );
    }

    // The origin of another site is given nothing, not even by an edited file.
    let mut moved = stored();
    moved["storage"][0]["origin"] = json!("https://annan.example");
    let before = std::fs::read(&file).unwrap();
    std::fs::write(&file, moved.to_string()).unwrap();
    assert_eq!(codes(&capture(&archive).exits(1)), ["L102"]);
    std::fs::write(&file, before).unwrap();

    // A guest's token where the person's was: the person's is kept.
    archive.add_account(START, "gast", "annan", &format!("{}gast", members.url()));
    let args = ["account", "set", "gast", "inloggad=ja_oppen"];
    archive.json(START, &args).exits(0);
    let before = stored();
    archive.json(START, &["capture", "gast"]).exits(0);
    assert_eq!(stored(), before);

    members.end_sessions();
    let ended = capture(&archive).exits(1);
    assert_eq!(first(&ended)["reasons"], json!(["not_logged_in"]));
    assert_eq!(codes(&ended), ["L105"]);
}
