//! What `disposal` tells people, in Swedish.

use crate::cli::output::table;
use crate::model::facts::{Floor, Outcome as Fate};
use crate::model::time::Instant;
use crate::ops::disposal::audit::Audit;
use crate::ops::disposal::document::reason;
use crate::ops::disposal::execute::Executed;
use crate::ops::disposal::explain::{Explained, Full, Shown};
use crate::ops::disposal::plan::{Planned, PlannedItem};
use crate::ops::disposal::record::Written;

pub(super) fn planned(planned: &Planned, dry_run: bool) -> String {
    let mut lines = Vec::new();
    lines.push(match (&planned.plan, dry_run) {
        (Some(plan), _) => format!(
            "Planen {plan} omfattar {} inlägg; {} lämnas utanför.",
            planned.frozen, planned.excluded
        ),
        (None, _) if planned.stopped.is_some() => "Ingen plan gjordes.".to_owned(),
        (None, _) if planned.frozen == 0 => {
            "Inget inlägg får gallras nu; ingen plan gjordes.".to_owned()
        }
        (None, _) => format!(
            "Repetition: {} inlägg skulle ingå, {} lämnas utanför. Inget är skrivet.",
            planned.frozen, planned.excluded
        ),
    });
    if let Some(digest) = &planned.digest {
        lines.push(format!("Kontrollsumma {digest}"));
    }
    let rows: Vec<Vec<String>> = planned
        .items
        .iter()
        .filter(|item| item.outcome == Fate::MayDispose)
        .map(item_row)
        .collect();
    if !rows.is_empty() {
        lines.push(String::new());
        lines.push(table(&["Inlägg", "Tidigast", "Spärrar", "Skäl"], rows));
    }
    lines.join("\n")
}

fn item_row(item: &PlannedItem) -> Vec<String> {
    vec![
        item.post.clone(),
        item.earliest
            .map_or_else(|| "händelse saknas".to_owned(), |date| date.to_string()),
        codes(&item.blocked_by),
        item.reason.to_string(),
    ]
}

/// Codes of the floor in a row, or a dash.
fn codes(floors: &[Floor]) -> String {
    if floors.is_empty() {
        return "–".to_owned();
    }
    let codes: Vec<&str> = floors.iter().map(|floor| floor.code()).collect();
    codes.join(" ")
}

pub(super) fn plans(plans: &[Shown]) -> String {
    if plans.is_empty() {
        return "Inga planer.".to_owned();
    }
    let rows = plans
        .iter()
        .map(|plan| {
            vec![
                plan.row.id.to_string(),
                plan.row.time.stockholm_text(),
                plan.row.items.to_string(),
                plan.row.planner.to_string(),
                plan.state.swedish().to_owned(),
            ]
        })
        .collect();
    table(&["Plan", "Gjord", "Inlägg", "Planerad av", "Läge"], rows)
}

pub(super) fn full(full: &Full) -> String {
    let row = &full.shown.row;
    let mut lines = vec![
        format!("Plan {}: {}", row.id, full.shown.state.swedish()),
        format!("Kontrollsumma {}", row.digest),
        format!(
            "Planerad av {} {}, {} inlägg",
            row.planner,
            row.time.stockholm_text(),
            row.items
        ),
    ];
    if let Some(approval) = &full.approval {
        lines.push(format!(
            "Godkänd av {} {}; verkställbar från {} till och med {}",
            approval.approver,
            approval.time.stockholm_text(),
            approval.executable_from.stockholm_text(),
            approval.expires.stockholm_text()
        ));
    }
    if let Some(refusal) = &full.refusal {
        lines.push(refusal.clone());
    }
    match &full.list {
        Some(list) => {
            let rows = list
                .iter()
                .map(|row| {
                    vec![
                        row.post.clone(),
                        row.account.to_string(),
                        row.posted_at
                            .map_or_else(|| "okänd tid".to_owned(), Instant::stockholm_text),
                        row.text.replace('\n', " "),
                        row.reason.clone(),
                    ]
                })
                .collect();
            lines.push(String::new());
            lines.push(table(&["Inlägg", "Konto", "Tid", "Text", "Skäl"], rows));
        }
        None => lines.push("Planens läsbara lista är gallrad.".to_owned()),
    }
    lines.join("\n")
}

pub(super) fn explained(explained: &Explained) -> String {
    let decision = &explained.decision;
    let facts = &explained.facts;
    let mut lines = vec![
        format!(
            "{} ({}): {}",
            explained.post,
            explained.account,
            decision.outcome.swedish()
        ),
        decision.reason.clone(),
    ];
    let rules = decision
        .rules
        .iter()
        .map(|rule| {
            let heading = explained
                .policy
                .rule(&rule.rule)
                .map_or_else(String::new, |rule| rule.heading.clone());
            vec![
                rule.rule.clone(),
                heading,
                rule.truth.swedish().to_owned(),
                rule.outcome.swedish().to_owned(),
            ]
        })
        .collect();
    lines.push(format!(
        "\nRegler som gäller eller kan gälla:\n{}",
        table(&["Regel", "Rubrik", "Gäller", "Utfall"], rules)
    ));
    let flags = facts
        .flags
        .iter()
        .map(|(flag, answer)| {
            vec![
                flag.swedish().to_owned(),
                answer.value.swedish().to_owned(),
                answer.by.clone(),
                answer.because.clone(),
            ]
        })
        .collect();
    lines.push(format!(
        "\nFlaggor:\n{}",
        table(&["Flagga", "Svar", "Källa", "Därför"], flags)
    ));
    let word = |value: serde_json::Value| value.as_str().unwrap_or("okänd").to_owned();
    let triggers = facts
        .triggers
        .iter()
        .map(|(trigger, date)| vec![word(serde_json::json!(trigger)), date.to_string()])
        .collect();
    lines.push(format!(
        "\nHändelser:\n{}",
        table(&["Händelse", "Datum"], triggers)
    ));
    lines.push("\nSpärrar:".to_owned());
    if decision.blocked_by.is_empty() {
        lines.push("inga".to_owned());
    }
    for floor in &decision.blocked_by {
        lines.push(format!("{} {}", floor.code(), floor.swedish()));
    }
    for hold in &facts.floor.holds {
        lines.push(format!("gallringsstopp {hold}"));
    }
    lines.join("\n")
}

pub(super) fn executed(executed: &Executed) -> String {
    let mut lines = Vec::new();
    if executed.was_done {
        lines.push(format!("Planen {} är redan verkställd.", executed.plan));
    }
    lines.push(match (&executed.protocol, executed.disposed) {
        (Some(protocol), count) => format!(
            "{count} inlägg är gallrade; {} hölls kvar. Gallringsprotokoll {protocol}.",
            executed.held_back.len()
        ),
        (None, 0) => {
            "Inget i planen kunde gallras; planen står kvar som den var.".to_owned()
        }
        (None, count) => format!(
            "{count} inlägg är borttagna men gallringen är inte bekräftad: rester hittades. Ta bort dem och kör igen."
        ),
    });
    let rows: Vec<Vec<String>> = executed
        .held_back
        .iter()
        .map(|held| {
            let reasons: Vec<String> = held.blocked_by.iter().map(|code| reason(code)).collect();
            vec![
                held.post.clone().unwrap_or_else(|| "–".to_owned()),
                reasons.join("; "),
            ]
        })
        .collect();
    if !rows.is_empty() {
        lines.push(table(&["Kvarhållet", "Skäl"], rows));
    }
    lines.join("\n")
}

pub(super) fn written(written: &Written) -> String {
    let mut lines = vec![
        format!("Gallringsprotokoll {}", written.protocol),
        written.json.clone(),
    ];
    lines.push(written.pdf.clone().unwrap_or_else(|| {
        "PDF-filen kunde inte göras nu; kör disposal record igen när webbläsaren fungerar."
            .to_owned()
    }));
    lines.join("\n")
}

pub(super) fn audited(audit: &Audit) -> String {
    let mut lines: Vec<String> = audit
        .plans
        .iter()
        .map(|plan| {
            format!(
                "Plan {}: {} av {} gallringsenheter är borta{}",
                plan.plan,
                plan.absent,
                plan.units,
                if plan.confirmed {
                    ""
                } else {
                    "; inte bekräftad"
                }
            )
        })
        .collect();
    if audit.plans.is_empty() {
        lines.push("Inget är gallrat.".to_owned());
    }
    lines.push(format!("{} filer är genomsökta.", audit.files_scanned));
    if audit.forms > 0 {
        lines.push(format!("{} former av texten är sökta.", audit.forms));
    }
    for unit in &audit.page_captures {
        lines.push(format!("kvarstår i bevarad sidfångst: {unit}"));
    }
    for unit in &audit.other_records {
        lines.push(format!("samma text i en annan handling: {unit}"));
    }
    lines.join("\n")
}
