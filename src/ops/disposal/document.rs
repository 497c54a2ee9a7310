//! The gallringsprotokoll for people, from its data. Nothing stands here that `protocol.json` does not say.

use crate::model::entry::ApprovalProof;
use crate::model::facts::Floor;
use crate::model::protocol::{DecisionRef, ProtocolJson, RemainingPlace};
use crate::render::document::{Block, Document, Section};

/// The document of a record.
pub fn document(protocol: &ProtocolJson) -> Document {
    Document {
        title: "Gallringsprotokoll".to_owned(),
        subtitle: format!(
            "{} ({}), protokoll {}",
            protocol.identitet.arkivbildare,
            protocol.identitet.org_nr,
            protocol.identitet.protokoll_nr
        ),
        test: protocol.identitet.provarkiv,
        sections: vec![
            ground(protocol),
            selection(protocol),
            approval(protocol),
            execution(protocol),
            remaining(protocol),
            evidence(protocol),
        ],
    }
}

fn section(heading: &str, blocks: Vec<Block>) -> Section {
    Section {
        heading: heading.to_owned(),
        blocks,
    }
}

fn fact(name: &str, value: impl std::fmt::Display) -> (String, String) {
    (name.to_owned(), format!("{value}"))
}

fn table(header: &[&str], rows: Vec<Vec<String>>) -> Block {
    if rows.is_empty() {
        return Block::Text(format!("{}: inga.", header.first().unwrap_or(&"Rader")));
    }
    Block::Table {
        header: header.iter().map(ToString::to_string).collect(),
        rows,
    }
}

fn ground(protocol: &ProtocolJson) -> Section {
    let row = |kind: &str, decision: &DecisionRef| {
        vec![
            kind.to_owned(),
            decision.titel.clone(),
            decision.instans.clone().unwrap_or_default(),
            decision
                .datum
                .map_or_else(String::new, |date| date.to_string()),
            decision.paragraf.clone().unwrap_or_default(),
            decision.diarienummer.clone().unwrap_or_default(),
        ]
    };
    let stod = &protocol.stod;
    let rows = stod
        .gallringsbeslut
        .iter()
        .map(|decision| row("Gallringsbeslut", decision))
        .chain(
            stod.tillampningsbeslut
                .iter()
                .map(|decision| row("Tillämpningsbeslut", decision)),
        )
        .collect();
    let mut facts = vec![
        fact("Policy", &protocol.identitet.policy),
        fact("Policyfilens SHA-256", &protocol.identitet.policyfil_sha256),
    ];
    if !stod.lagrum.is_empty() {
        facts.insert(0, fact("Lagrum", stod.lagrum.join("; ")));
    }
    section(
        "Stöd för gallringen",
        vec![
            table(
                &[
                    "Typ",
                    "Titel",
                    "Instans",
                    "Datum",
                    "Paragraf",
                    "Diarienummer",
                ],
                rows,
            ),
            Block::Facts(facts),
        ],
    )
}

fn selection(protocol: &ProtocolJson) -> Section {
    let urval = &protocol.urval;
    let accounts = urval
        .konton
        .iter()
        .map(|part| {
            vec![
                part.alias.to_string(),
                part.plattform.clone(),
                part.handlingstyp.clone().unwrap_or_default(),
                part.antal_gallrade.to_string(),
                part.antal_fore.to_string(),
            ]
        })
        .collect();
    let rules = urval
        .regler
        .iter()
        .map(|part| {
            vec![
                part.regel.clone(),
                part.rubrik.clone(),
                part.handelser.join(", "),
                part.frist.clone().unwrap_or_default(),
                part.antal.to_string(),
            ]
        })
        .collect();
    let left_out = urval
        .antal_undantagna
        .iter()
        .map(|(reason, count)| vec![left_out(reason).to_owned(), count.to_string()])
        .collect();
    let period = match (&urval.period_fran, &urval.period_till) {
        (Some(from), Some(to)) => format!("{from} – {to}"),
        (Some(_) | None, _) => "okänd".to_owned(),
    };
    section(
        "Urval",
        vec![
            Block::Facts(vec![
                fact("Bedömt per", urval.bedomt_per),
                fact("Publicerat under", period),
                fact("Kandidater", urval.antal_kandidater),
            ]),
            table(
                &[
                    "Konto",
                    "Plattform",
                    "Handlingstyp",
                    "Gallrade",
                    "Inlägg före",
                ],
                accounts,
            ),
            table(&["Regel", "Rubrik", "Händelse", "Frist", "Antal"], rules),
            table(&["Lämnade utanför planen", "Antal"], left_out),
        ],
    )
}

fn left_out(reason: &str) -> &str {
    match reason {
        "preserve" => "bevaras",
        "registry" => "diarieförs",
        "review" => "granskas",
        "not_due" => "fristen har inte löpt ut",
        "no_event" => "saknar händelse att räkna fristen från",
        "unreadable" => "gallringsenheten kunde inte läsas",
        "removed" => "undantagna vid granskningen",
        other => other,
    }
}

fn approval(protocol: &ProtocolJson) -> Section {
    let beslut = &protocol.beslut;
    let proof = match (beslut.bevisform, &beslut.beslutsreferens) {
        (ApprovalProof::Decision, Some(reference)) => format!("beslut {reference}"),
        (ApprovalProof::Decision, None) => "beslut".to_owned(),
        (ApprovalProof::Signature, _) => "SSH-signatur över planens kontrollsumma".to_owned(),
    };
    let sample = beslut.stickprov.as_ref().map_or_else(
        || "inget antecknat".to_owned(),
        |sample| format!("{} inlägg: {}", sample.antal, sample.utfall),
    );
    section(
        "Beslut",
        vec![Block::Facts(vec![
            fact("Föreslagen av", &beslut.foreslagen_av),
            fact("Föreslagen", beslut.foreslagen.stockholm_text()),
            fact("Godkänd av", &beslut.godkand_av),
            fact("Godkänd", beslut.godkand.stockholm_text()),
            fact("Godkännandets bevis", proof),
            fact("Planens SHA-256", &beslut.planens_sha256),
            fact("Karens", format!("{} dagar", beslut.karens_dagar)),
            fact(
                "Verkställbar från",
                beslut.verkstallbar_fran.stockholm_text(),
            ),
            fact("Manuellt undantagna", beslut.manuellt_undantagna),
            fact("Stickprov", sample),
        ])],
    )
}

fn execution(protocol: &ProtocolJson) -> Section {
    let done = &protocol.verkstallande;
    let targets = done
        .mal
        .iter()
        .map(|target| {
            vec![
                target.mal.clone(),
                target
                    .antal
                    .map_or_else(String::new, |count| count.to_string()),
                if target.verifierad { "ja" } else { "nej" }.to_owned(),
                target.anmarkning.clone(),
            ]
        })
        .collect();
    let held = done
        .kvarhallna
        .iter()
        .map(|held| {
            let units: Vec<String> = held.enheter.iter().map(ToString::to_string).collect();
            let reasons: Vec<String> = held.orsaker.iter().map(|code| reason(code)).collect();
            vec![units.join(" "), reasons.join("; ")]
        })
        .collect();
    section(
        "Verkställande",
        vec![
            Block::Facts(vec![
                fact("Påbörjat", done.start.stockholm_text()),
                fact("Avslutat", done.slut.stockholm_text()),
                fact("Utfört av", &done.utford_av),
                fact("Metod", "radering ur arkivet med salt och index"),
                fact("Gallrade inlägg", done.antal_gallrade),
                fact("Gallringsenheter", done.antal_gallringsenheter),
                fact("Byte", done.bytes),
                fact("Hela planen", if done.fullstandig { "ja" } else { "nej" }),
            ]),
            table(&["Mål", "Antal", "Kontrollerat", "Anmärkning"], targets),
            table(&["Kvarhållna enheter", "Skäl"], held),
            Block::Text(protocol.sakerhetskopior.clone()),
        ],
    )
}

/// What stood in the way, from the code in the record.
pub fn reason(code: &str) -> String {
    const FLOORS: [Floor; 9] = [
        Floor::G0,
        Floor::G1,
        Floor::G2,
        Floor::G3,
        Floor::G4,
        Floor::G5,
        Floor::G6,
        Floor::G7,
        Floor::G8,
    ];
    if let Some(floor) = FLOORS.iter().find(|floor| floor.code() == code) {
        return format!("{code} {}", floor.swedish());
    }
    match code {
        "changed" => "inlägget har ändrats sedan planen gjordes",
        "gone" => "inlägget finns inte längre",
        "not-due" => "fristen har inte löpt ut",
        "review" => "ska granskas",
        "preserve" => "ska bevaras",
        "registry" => "ska diarieföras",
        "plan" => "planen fick inte längre verkställas",
        other => other,
    }
    .to_owned()
}

fn remaining(protocol: &ProtocolJson) -> Section {
    let rows = protocol
        .verkstallande
        .kvarstar
        .iter()
        .map(|one| {
            let place = match one.var {
                RemainingPlace::BevaradSidfangst => "bevarad sidfångst",
                RemainingPlace::LevereratPaket => "levererat paket",
                RemainingPlace::Plattform => "plattformen",
            };
            let account = protocol
                .urval
                .konton
                .iter()
                .find(|part| part.konto_id == one.konto_id)
                .map_or_else(|| one.konto_id.to_string(), |part| part.alias.to_string());
            vec![
                place.to_owned(),
                account,
                match (&one.fangst, &one.paket) {
                    (Some(capture), _) => capture.to_string(),
                    (None, Some(package)) => package.to_string(),
                    (None, None) => String::new(),
                },
                one.anmarkning.clone(),
            ]
        })
        .collect();
    section(
        "Kvarstår",
        vec![table(
            &["Var", "Konto", "Fångst eller paket", "Anmärkning"],
            rows,
        )],
    )
}

fn evidence(protocol: &ProtocolJson) -> Section {
    let bevis = &protocol.bevis;
    let scan = &bevis.genomsokning;
    let pictures = bevis
        .ersattande_bevarade_bilder
        .iter()
        .map(|picture| {
            vec![
                picture.fangst.to_string(),
                picture.tagen.stockholm_text(),
                picture.lista.sha256.to_string(),
            ]
        })
        .collect();
    let objects = bevis
        .objektlista
        .iter()
        .map(|one| vec![one.unit.to_string(), one.commitment.sha256.to_string()])
        .collect();
    section(
        "Bevis",
        vec![
            Block::Facts(vec![
                fact(
                    "Loggposter",
                    format!("{} – {}", bevis.forsta_loggpost, bevis.sista_loggpost),
                ),
                fact("Merkle-rot före", &bevis.merkle_root_fore),
                fact("Merkle-rot efter", &bevis.merkle_root_efter),
                fact(
                    "Genomsökning efter rester",
                    format!(
                        "{} filer, {} sökta former, {} rester",
                        scan.filer, scan.sokta_former, scan.rester
                    ),
                ),
            ]),
            table(&["Bevarad bild", "Tagen", "Listans SHA-256"], pictures),
            table(
                &["Gallrad enhet", "Saltad kontrollsumma (SHA-256)"],
                objects,
            ),
        ],
    )
}
