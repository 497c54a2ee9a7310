//! `policy`: retention policies, their faults, and which one is in force.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::{Outcome, table};
use crate::model::finding::Finding;
use crate::ops::error::OpsError;
use crate::ops::policy::{
    Comparison, Group, Loaded, Measured, PostChange, adopt, compare, compare_posts, find, in_force,
    list, measure, try_cases,
};
use crate::policy::Policy;

/// Retention policies: the rules of disposal, as files
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// List the policies in force, adopted and shipped
    #[command(after_help = "Example:\n  bevara policy list")]
    List,
    /// Check a policy file: faults with line and caret, hindrances, warnings
    #[command(after_help = "Example:\n  bevara policy check retention-policies/torsby.toml")]
    Check(FileArgs),
    /// Show a policy: its decisions, limits and rules
    #[command(after_help = "Example:\n  bevara policy show torsby")]
    Show(ShowArgs),
    /// Put a policy in force
    #[command(after_help = "Example:\n  bevara policy adopt exempelkommun.toml")]
    Adopt(FileArgs),
    /// Compare two policies: rules that differ, and posts whose outcome changes
    #[command(after_help = "Example:\n  bevara policy compare torsby haninge")]
    Compare(CompareArgs),
    /// Try a policy against its own example cases
    #[command(after_help = "Example:\n  bevara policy test retention-policies/torsby.toml")]
    Test(FileArgs),
    /// Measure the detectors and a policy on a labelled set (docs/format/labelled.md)
    #[command(after_help = "Example:\n  bevara policy measure fixtures/labelled/test.jsonl")]
    Measure(MeasureArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// A policy file, or the id of a shipped policy
    #[arg(value_name = "ID|FILE")]
    file: String,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A policy file, or the id of a shipped policy [default: the policy in force]
    #[arg(value_name = "ID|FILE")]
    policy: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// A policy file, the id of a shipped policy, or `gallande` for the one in force
    #[arg(value_name = "ID|FILE")]
    before: String,
    /// What it is compared with
    #[arg(value_name = "ID|FILE")]
    after: String,
}

#[derive(Debug, Args)]
pub(crate) struct MeasureArgs {
    /// The labelled set, JSON Lines
    #[arg(value_name = "SET")]
    set: PathBuf,
    /// A policy file, the id of a shipped policy, or `gallande` for the one in force
    #[arg(long, value_name = "ID|FILE", default_value = "torsby")]
    policy: String,
}

impl PolicyVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List => "policy-list",
            Self::Check(_) => "policy-check",
            Self::Show(_) => "policy-show",
            Self::Adopt(_) => "policy-adopt",
            Self::Compare(_) => "policy-compare",
            Self::Test(_) => "policy-test",
            Self::Measure(_) => "policy-measure",
        }
    }
}

/// The word that names the policy in force where a file or id is wanted.
const IN_FORCE: &str = "gallande";

pub(crate) async fn run(context: &Context, verb: PolicyVerb) -> Result<Outcome, OpsError> {
    let outcome = match verb {
        PolicyVerb::List => run_list(context).await,
        PolicyVerb::Check(args) => find(&args.file).map(|loaded| checked(context, &loaded)),
        PolicyVerb::Show(args) => run_show(context, args).await,
        PolicyVerb::Adopt(args) => run_adopt(context, args).await,
        PolicyVerb::Compare(args) => run_compare(context, args).await,
        PolicyVerb::Test(args) => find(&args.file).map(|loaded| tested(&args.file, &loaded)),
        PolicyVerb::Measure(args) => run_measure(context, args).await,
    };
    match outcome {
        Err(OpsError::Policy(faults)) => {
            Ok(context.faults(&faults.to_string(), &faults.rendered, faults.findings))
        }
        other => other,
    }
}

async fn run_list(context: &Context) -> Result<Outcome, OpsError> {
    let app = context.open_if_there().await?;
    let on = context.clock().now().stockholm_date();
    let all = list(app.as_ref(), on).await?;
    let rows = all.iter().map(|row| {
        let origin = match (row.in_force, row.origin) {
            (true, _) => "gällande",
            (false, "adopted") => "antagen tidigare",
            (false, _) => "medföljer",
        };
        let executable = if row.executable { "ja" } else { "nej" };
        vec![
            row.id.clone(),
            row.version.clone(),
            row.municipality.clone(),
            row.status.to_owned(),
            origin.to_owned(),
            executable.to_owned(),
        ]
    });
    let text = table(
        &["Id", "Version", "Kommun", "Status", "Här", "Verkställbar"],
        rows.collect(),
    );
    Ok(Outcome::done(json!({ "policies": all }), text))
}

/// The policy could be loaded: what hinders it, and what is worth mending.
fn checked(context: &Context, loaded: &Loaded) -> Outcome {
    let on = context.clock().now().stockholm_date();
    let policy = &loaded.policy;
    let hindrances = policy.hindrances(on);
    let warnings = policy.warnings(on);
    let level = match (hindrances.is_empty(), warnings.is_empty()) {
        (false, _) => "hinder",
        (true, false) => "varning",
        (true, true) => "felfri",
    };
    let mut text = format!(
        "{} version {} ({}) går att läsa: {} regler, {} prov.\n",
        policy.id,
        policy.version,
        policy.municipality,
        policy.rules.len(),
        policy.cases.len()
    );
    text.push_str(if !policy.permits_disposal() {
        "Inget att verkställa: ingen regel låter något gallras."
    } else if hindrances.is_empty() {
        "Den kan planera och verkställa."
    } else {
        "Den kan planera men inte verkställa:"
    });
    text.push_str(&told("hinder", &hindrances));
    text.push_str(&told("varning", &warnings));
    let result = json!({
        "policy": policy.id,
        "version": policy.version,
        "sha256": loaded.sha256,
        "level": level,
        "executable": policy.is_executable(on),
        "hindrances": hindrances.len(),
        "warnings": warnings.len(),
    });
    let outcome = Outcome::done(result, text);
    if context.output.json {
        outcome.with_findings(hindrances.into_iter().chain(warnings).collect())
    } else {
        outcome
    }
}

async fn run_show(context: &Context, args: ShowArgs) -> Result<Outcome, OpsError> {
    let loaded = match args.policy {
        Some(policy) if policy != IN_FORCE => find(&policy)?,
        Some(_) | None => in_force(&context.open().await?).await?,
    };
    let policy = &loaded.policy;
    let rules: Vec<_> = policy
        .rules
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "heading": rule.heading,
                "outcome": rule.outcome,
                "decisions": rule.bases,
                "quote": rule.support.as_ref().map(|support| &support.quote),
                "period": rule.obsolete.as_ref().map(|obsolete| obsolete.period.to_string()),
                "period_decided": rule.obsolete.as_ref().map(|obsolete| obsolete.decided),
            })
        })
        .collect();
    let decisions: Vec<_> = policy
        .bases
        .iter()
        .map(|basis| json!({ "id": basis.id, "title": basis.title, "citation": basis.citation() }))
        .collect();
    let result = json!({
        "policy": policy.id,
        "version": policy.version,
        "municipality": policy.municipality,
        "status": policy.status.code(),
        "sha256": loaded.sha256,
        "cadence": policy.cadence,
        "waiting_days": policy.waiting_days,
        "most_percent": policy.most_percent,
        "most_items": policy.most_items,
        "decisions": decisions,
        "rules": rules,
    });
    Ok(Outcome::done(result, shown(policy)))
}

fn shown(policy: &Policy) -> String {
    let mut lines = vec![
        format!(
            "{} version {}, {} ({})",
            policy.id,
            policy.version,
            policy.municipality,
            policy.status.code()
        ),
        format!(
            "Karens {} dagar, högst {} procent och {} inlägg i en plan",
            policy.waiting_days, policy.most_percent, policy.most_items
        ),
        String::new(),
        "Beslut".to_owned(),
    ];
    lines.extend(
        policy
            .bases
            .iter()
            .map(|basis| format!("  {}: {} ({})", basis.id, basis.title, basis.citation())),
    );
    lines.push(String::new());
    let rows = policy.rules.iter().map(|rule| {
        let period = rule.obsolete.as_ref().map_or_else(String::new, |obsolete| {
            let events: Vec<&str> = obsolete
                .triggers
                .iter()
                .map(|event| event.swedish())
                .collect();
            format!("{} + {}", events.join(" och "), obsolete.period)
        });
        vec![
            rule.id.clone(),
            rule.outcome.swedish().to_owned(),
            rule.heading.clone(),
            period,
        ]
    });
    lines.push(table(
        &["Regel", "Utfall", "Rubrik", "Inaktuell"],
        rows.collect(),
    ));
    lines.join("\n")
}

async fn run_adopt(context: &Context, args: FileArgs) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    let adopted = adopt(&mut app, &args.file).await?;
    let policy = &adopted.loaded.policy;
    let mut text = if adopted.changed {
        format!(
            "{} version {} gäller. {} konton följer dess tidpunkter.",
            policy.id, policy.version, adopted.accounts
        )
    } else {
        format!("{} version {} gällde redan.", policy.id, policy.version)
    };
    text.push_str(&told("hinder", &adopted.hindrances));
    text.push_str(&told("varning", &adopted.remarks));
    let result = json!({
        "policy_sha256": adopted.loaded.sha256,
        "policy": policy.id,
        "version": policy.version,
        "executable": policy.permits_disposal() && adopted.hindrances.is_empty(),
        "replaces_sha256": adopted.replaces,
        "accounts": adopted.accounts,
        "changed": adopted.changed,
    });
    let outcome = Outcome::done(result, text);
    Ok(if context.output.json {
        outcome.with_findings([adopted.hindrances, adopted.remarks].concat())
    } else {
        outcome
    })
}

async fn run_compare(context: &Context, args: CompareArgs) -> Result<Outcome, OpsError> {
    let app = context.open_if_there().await?;
    let mut sides = Vec::new();
    for named in [&args.before, &args.after] {
        sides.push(match &app {
            Some(app) if named == IN_FORCE => in_force(app).await?,
            Some(_) | None => find(named)?,
        });
    }
    let [before, after] = sides.as_slice() else {
        return Err(OpsError::usage("two policies are needed", "name both"));
    };
    let comparison = compare(&before.policy, &after.policy);
    let posts = match &app {
        Some(app) => Some(compare_posts(app, &before.policy, &after.policy).await?),
        None => None,
    };
    let text = compared(&comparison, posts.as_ref());
    let result = json!({
        "before": {"policy": before.policy.id, "version": before.policy.version, "sha256": before.sha256},
        "after": {"policy": after.policy.id, "version": after.policy.version, "sha256": after.sha256},
        "rules": comparison.rules,
        "terms": comparison.terms,
        "posts_evaluated": posts.as_ref().map(|(looked_at, _)| *looked_at),
        "posts": posts.map_or_else(Vec::new, |(_, changes)| changes),
    });
    Ok(Outcome::done(result, text))
}

fn compared(comparison: &Comparison, posts: Option<&(u64, Vec<PostChange>)>) -> String {
    let mut lines = comparison.terms.clone();
    for rule in &comparison.rules {
        let change = match rule.change {
            "added" => "ny",
            "removed" => "borttagen",
            _ => "ändrad",
        };
        lines.push(format!("{} {change}: {}", rule.rule, rule.what.join("; ")));
    }
    if lines.is_empty() {
        lines.push("Reglerna är lika.".to_owned());
    }
    if let Some((looked_at, changes)) = posts {
        lines.push(String::new());
        lines.push(format!(
            "{} av {looked_at} inlägg i arkivet får annat utfall eller datum.",
            changes.len()
        ));
        for change in changes {
            lines.push(format!(
                "{}: {} → {}\n  {}",
                change.post,
                change.before.swedish(),
                change.after.swedish(),
                change.reason
            ));
        }
    }
    lines.join("\n")
}

fn tested(file: &str, loaded: &Loaded) -> Outcome {
    let results = try_cases(&loaded.policy);
    let failed = results.iter().filter(|result| !result.ok).count();
    let untried: Vec<&str> = loaded
        .policy
        .rules
        .iter()
        .filter(|rule| !results.iter().any(|result| result.rule == rule.id))
        .map(|rule| rule.id.as_str())
        .collect();
    let mut lines: Vec<String> = results
        .iter()
        .filter(|result| !result.ok)
        .map(|result| {
            format!(
                "prov \"{}\" ({}) stämmer inte: {}\n  motorn: {}",
                result.name,
                result.place,
                result.differences.join("; "),
                result.reason
            )
        })
        .collect();
    if !untried.is_empty() {
        lines.push(format!("regler utan prov: {}", untried.join(", ")));
    }
    lines.push(format!(
        "{} prov i {file}: {} stämmer, {failed} stämmer inte.",
        results.len(),
        results.len() - failed
    ));
    let exit = if failed == 0 && untried.is_empty() {
        Exit::Done
    } else {
        Exit::Problems
    };
    let result = json!({
        "policy": loaded.policy.id,
        "passed": results.len() - failed,
        "failed": failed,
        "untried": untried,
        "cases": results,
    });
    Outcome::done(result, lines.join("\n")).with_exit(exit)
}

async fn run_measure(context: &Context, args: MeasureArgs) -> Result<Outcome, OpsError> {
    let loaded = if args.policy == IN_FORCE {
        in_force(&context.open().await?).await?
    } else {
        find(&args.policy)?
    };
    let on = context.clock().now().stockholm_date();
    let measured = measure(&args.set, &loaded.policy, on)?;
    let findings: Vec<Finding> = measured
        .wrong
        .iter()
        .map(|row| {
            let message = format!(
                "{} av {} inlägg efter mallen får gallras fast de inte är enkla ({} med sekretess)",
                row.wrong, row.posts, row.secret
            );
            Finding::error("wrongly-disposed", row.name.clone(), message)
        })
        .collect();
    let text = measured_text(&loaded, &measured);
    let mut result = json!({
        "set": args.set,
        "policy": {
            "policy": loaded.policy.id,
            "version": loaded.policy.version,
            "sha256": loaded.sha256,
        },
    });
    if let (Some(all), serde_json::Value::Object(figures)) =
        (result.as_object_mut(), json!(measured))
    {
        all.extend(figures);
    }
    let exit = if measured.disposed_secret == 0 {
        Exit::Done
    } else {
        Exit::Problems
    };
    Ok(Outcome::done(result, text)
        .with_findings(findings)
        .with_exit(exit))
}

fn measured_text(loaded: &Loaded, measured: &Measured) -> String {
    let share = |share: Option<f64>| {
        share.map_or_else(
            || "–".to_owned(),
            |share| format!("{share:.4}").replace('.', ","),
        )
    };
    let rows = [
        ("Inlägg", measured.posts.to_string()),
        ("varav med sekretess", measured.secret.to_string()),
        ("varav enkla", measured.simple.to_string()),
        ("Får gallras", measured.disposed.to_string()),
        (
            "varav med sekretess (ska vara 0)",
            measured.disposed_secret.to_string(),
        ),
        ("Precision för får gallras", share(measured.precision)),
        ("Andel av de enkla som får gallras", share(measured.recall)),
        (
            "Sekretess inte utesluten (ja eller okänt)",
            share(measured.flag_recall),
        ),
        ("Sekretess ja", share(measured.flag_yes)),
        ("Andel till granskning", share(measured.review_share)),
    ];
    let figures = rows.map(|(what, figure)| vec![what.to_owned(), figure]);
    let groups = |rows: &[Group]| {
        let cells = rows.iter().map(|row| {
            let counts = [row.posts, row.secret, row.simple, row.disposed, row.wrong];
            let mut cells = vec![row.name.clone()];
            cells.extend(counts.map(|count| count.to_string()));
            cells
        });
        cells.collect()
    };
    let heads = [
        "Klass",
        "Inlägg",
        "Sekretess",
        "Enkla",
        "Får gallras",
        "Fel",
    ];
    format!(
        "Policy {} version {}\n\n{}\n\n{}",
        loaded.policy.id,
        loaded.policy.version,
        table(&["Mått", "Värde"], figures.into()),
        table(&heads, groups(&measured.classes)),
    )
}

/// Findings as lines under a text, with the policy's own words for how grave they are.
fn told(word: &str, findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        format!(
            "\n{word} {} {}: {}",
            finding.code, finding.path, finding.message
        )
    });
    lines.collect::<Vec<_>>().concat()
}
