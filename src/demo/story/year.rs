//! The half-year itself: the register, the snapshots at the turns of the year, the posts, and the first package.

use std::collections::BTreeMap;

use crate::demo::export::{mastodon, wxr};
use crate::demo::story::disposal::deliver;
use crate::demo::story::{Stage, Turns, name, word, write};
use crate::model::cadence::Occasion;
use crate::model::person::Role;
use crate::ops::account::close::close_without_capture;
use crate::ops::account::{self, NewAccount};
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::person::{self, PersonChange};
use crate::ops::snapshot::{self, Order, capturing_actor};
use crate::ops::{receipt, run, schedule};

/// People and accounts are registered; what is due is worked out.
pub(super) async fn register(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    let change = |name: &str, role| PersonChange {
        name: name.to_owned(),
        role,
        active: true,
        ssh_key: None,
    };
    let second = change("Alex Exempel", Role::Foretradare);
    stage.second = person::add(&mut stage.app, second).await?;
    person::add(&mut stage.app, change("Robin Exempel", Role::Registrator)).await?;
    for site in stage.accounts.municipality.sites.clone() {
        let new = NewAccount {
            alias: name(&site.alias)?,
            platform: site.platform,
            url: stage.accounts.server.url(&site),
            name: Some(site.name.clone()),
            fields: vec![
                ("namnd".to_owned(), "Kommunstyrelsen".to_owned()),
                ("enhet".to_owned(), "Kommunikationsenheten".to_owned()),
                (
                    "administratorer".to_owned(),
                    "Kim Exempel; Alex Exempel".to_owned(),
                ),
            ],
        };
        account::add(&mut stage.app, new).await?;
    }
    stage.tale.story.accounts = account::list(&stage.app, true).await?.len();
    let due = schedule::schedule(&stage.app, None).await?;
    let next = due
        .first()
        .map(|row| row.obligation.slot.due.to_string())
        .unwrap_or_default();
    stage.teller.line(&format!(
        "3 personer, {} konton; {} skyldigheter det närmaste året, den första {next}",
        stage.tale.story.accounts,
        due.len()
    ));
    stage
        .tale
        .expect("första skyldigheten", &next.as_str(), &"2027-01-01");
    Ok(())
}

/// The snapshots of the turn of the year: seven accounts, one server that is down, one wall, one account that is gone.
pub(super) async fn new_year(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    stage.on("2027-01-01T06:00:00+01:00", "Årsskiftets ögonblicksbilder")?;
    pass(stage).await?;
    stage.on("2027-01-04T06:00:00+01:00", "Schemat försöker igen")?;
    pass(stage).await?;
    stage.on("2027-01-15T10:00:00+01:00", "Det försvunna kontot stängs")?;
    let archivist = stage.archivist.clone();
    stage.acting(Some(&archivist));
    let closed = close_without_capture(
        &mut stage.app,
        &name("tiktok")?,
        "Kontot är borttaget av plattformen och kan inte fångas",
    )
    .await?;
    stage.missed("tiktok", &closed.missed);
    Ok(())
}

/// One pass of the scheduler, in nobody's name.
async fn pass(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    stage.acting(None);
    let done = run::run(&mut stage.app, &mut Turns(stage.teller)).await?;
    stage.captured(&done.captures, &done.late);
    for row in &done.missed {
        stage.missed(row.account.as_str(), std::slice::from_ref(&row.slot));
    }
    for row in &done.errors {
        stage
            .tale
            .unexpected
            .push(format!("{}: {}", row.account, row.message));
    }
    Ok(())
}

/// What the municipality downloads from its platforms is taken in; the same file again adds nothing.
pub(super) async fn first_posts(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    stage.on("2027-01-18T10:00:00+01:00", "Inläggen tas in")?;
    take_in_exports(stage).await?;
    stage.teller.line("Samma fil en gång till:");
    let again = stage
        .sources
        .join(format!("kommunbloggen-{}.xml", stage.date));
    stage.take_in("blogg", &again).await?;
    let added = stage.tale.story.ingests.last().map(|line| line.added);
    stage
        .tale
        .expect("nya inlägg ur samma fil", &added, &Some(0));
    Ok(())
}

async fn take_in_exports(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    let archivist = stage.archivist.clone();
    stage.acting(Some(&archivist));
    let day = stage.app.now().stockholm_date();
    let xml = wxr::export(&stage.site("blogg")?, day)
        .map_err(|error| OpsError::part("the blog's export", ErrorKind::Problem, error))?;
    let file = stage.sources.join(format!("kommunbloggen-{day}.xml"));
    write(&file, xml.as_bytes())?;
    stage.take_in("blogg", &file).await?;
    let zip = mastodon::archive(&stage.site("mastodon")?, day)
        .map_err(|error| OpsError::part("the Mastodon archive", ErrorKind::Problem, error))?;
    let file = stage.sources.join(format!("mastodon-{day}.zip"));
    write(&file, &zip)?;
    stage.take_in("mastodon", &file).await
}

/// The first package goes to the kommunarkiv, which acknowledges it. What was published later waits for the next one.
pub(super) async fn first_delivery(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    stage.on(
        "2027-01-25T10:00:00+01:00",
        "Första paketet lämnas till kommunarkivet",
    )?;
    deliver(stage, "leverans-1").await?;
    stage.on("2027-02-01T09:00:00+01:00", "Kommunarkivet kvitterar")?;
    let receipt = stage.sources.join("kvittens-leverans-1.txt");
    let text = "Kommunarkivet i Exempelkommun har tagit emot och kontrollerat leverans-1. Dnr KA 2027/3.\n";
    write(&receipt, text.as_bytes())?;
    let package = stage.packages.join("leverans-1");
    receipt::add(&mut stage.app, &package.display().to_string(), &receipt).await?;
    Ok(())
}

/// The municipality changes its coat of arms: a major change, captured at once.
pub(super) async fn major_change(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    stage.on(
        "2027-03-02T13:00:00+01:00",
        "Ny profilbild: större förändring",
    )?;
    let order = Order {
        accounts: vec![name("facebook")?],
        occasion: Occasion::MajorChange,
        note: Some("Nytt kommunvapen som profilbild".to_owned()),
        allow_addresses: Vec::new(),
        flavour: None,
    };
    let by = capturing_actor(&stage.app).await?;
    let done = snapshot::capture(&mut stage.app, &order, &by, &mut Turns(stage.teller)).await?;
    stage.captured(&done, &[]);
    Ok(())
}

/// The snapshots of midsummer, the spring's posts, and the end of the account that cannot be captured.
pub(super) async fn midsummer(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    stage.on(
        "2027-07-01T06:00:00+02:00",
        "Halvårsskiftets ögonblicksbilder",
    )?;
    pass(stage).await?;
    stage.on("2027-07-05T10:00:00+02:00", "Vårens inlägg tas in")?;
    take_in_exports(stage).await?;
    let closed = close_without_capture(
        &mut stage.app,
        &name("linkedin")?,
        "Plattformen visar sidan bara för inloggade; kontot läggs ned",
    )
    .await?;
    stage.missed("linkedin", &closed.missed);
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    let until = Some(stage.app.now().stockholm_date());
    for row in schedule::schedule(&stage.app, until).await? {
        *states.entry(word(&row.obligation.state)).or_default() += 1;
    }
    stage.tale.story.obligations = states;
    Ok(())
}
