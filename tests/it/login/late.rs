//! Pages that write a login's values while they are taken, and a site that takes a login back without saying so.

use serde_json::{Value, json};

use crate::login::members::{LATE_TOKEN, Members};
use crate::login::{START, first, forms, holding};
use crate::support::{Archive, Ran};

/// The `requests.json` of the only capture.
fn requests(archive: &Archive, ran: &Ran) -> Value {
    let captured = first(ran);
    let mut files = captured["files"].as_array().unwrap().iter();
    let file = files.find(|file| file["role"] == "requests").unwrap();
    let path = archive.path().join(file["path"].as_str().unwrap());
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn what_a_page_writes_of_a_login_while_it_is_taken_is_not_kept() {
    let members = Members::start();
    let archive = Archive::new(START);
    let rows = ["sen", "utskrift", "oppen"]
        .map(|name| format!("{name};blogg;{}{name};ja\n", members.url()));
    let register = archive.beside().join("konton.csv");
    let csv = format!("Alias;Plattform;Adress;Fångas inloggad\n{}", rows.concat());
    std::fs::write(&register, csv).unwrap();
    let args = ["account", "import", register.to_str().unwrap()];
    archive.json(START, &args).exits(0);
    let file = archive.path().join("secrets/sessions/blogg-127.0.0.1.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, members.login()).unwrap();

    // Before the view, the text, the pictures and the print: each time it has written the value anew.
    let late = archive.json(START, &["capture", "sen"]).exits(0);
    let seen = requests(&archive, &late);
    let acts = seen["acts"].as_array().unwrap().iter();
    let cleared = acts.filter(|act| act["action"] == "redacted").count();
    assert_eq!(cleared, 4, "{}", seen["acts"]);
    assert_eq!(seen["logged_in"], true);
    let asked = seen["traffic"]["requests"].to_string();
    assert!(asked.contains("/call?access_token=[borttaget]"), "{asked}");
    let address = seen["final_address"].as_str().unwrap();
    assert!(address.ends_with("/sen?sid=[borttaget]"), "{address}");
    let mut kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains(members.given().last().unwrap()));

    // What is written for the print alone is in no picture: they stand in for it. A login is renewed by it all the
    // same: where a site takes each cookie once, the one before is of no use any more.
    let printed = archive.json(START, &["capture", "utskrift"]).exits(1);
    assert_eq!(first(&printed)["verdict"], "partial");
    assert_eq!(first(&printed)["reasons"], json!(["timeout_print"]));
    let role = |role: &str| {
        let captured = first(&printed);
        let files = captured["files"].as_array().unwrap();
        files.iter().any(|file| file["role"] == role)
    };
    assert!(role("page-pdf") && role("page-png"));
    let before = std::mem::replace(&mut kept, std::fs::read_to_string(&file).unwrap());
    assert!(kept != before && kept.contains(members.given().last().unwrap()));

    let mut values = forms(&members.given());
    values.push(LATE_TOKEN.chars().rev().collect());
    assert_eq!(
        holding(&archive.path().join("store"), &values),
        Vec::<std::path::PathBuf>::new()
    );

    // Without a wall, and without the login.
    members.end_sessions();
    let open = archive.json(START, &["capture", "oppen"]).exits(1);
    assert_eq!(first(&open)["verdict"], "partial");
    assert_eq!(first(&open)["reasons"], json!(["not_logged_in"]));
    assert_eq!(requests(&archive, &open)["logged_in"], false);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept);

    // One that is over by the archive's clock is not given to the site, which would still know it.
    std::fs::write(&file, members.login()).unwrap();
    let later = archive.json("2099-01-02", &["capture", "sen"]).exits(1);
    assert_eq!(first(&later)["reasons"], json!(["http_4xx"]));
    assert_eq!(requests(&archive, &later)["logged_in"], false);
}
