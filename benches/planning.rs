//! How long a whole plan takes through the program: catalogue read, facts gathered, detectors, engine, explanations, bytes
//! read again, the plan written. In a process of its own, so that the greatest memory is the plan's. `./scripts/bench
//! planning`; `BEVARA_BENCH_POSTS` sets how many comments there are.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement makes files of its own, prints what it measures, and stops where it cannot"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bevara::app::App;
use bevara::clock::Clock;
use bevara::ops::disposal::plan::{PlanOrder, plan};

/// What people write; two of eight are thanks, three are questions, the rest is about somebody.
const TEXTS: [&str; 8] = [
    "Tack för informationen!",
    "När öppnar badhuset på lördag?",
    "Vad kostar inträdet till museet?",
    "Min pappa har hemtjänst och ingen kommer",
    "Jag vill överklaga beslutet om mitt bygglov",
    "Vilken fin park ni har byggt vid ån",
    "Stort tack för sommarkonserten, så bra ordnat!",
    "Är det sant att Elsa i 3B ska till bup?",
];
/// Comments below each post, and below the last one, which everybody speaks of.
const COMMENTS: usize = 100;
const PLANNED_ON: &str = "2027-06-01";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--plan") {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(planned(Path::new(&arguments[at + 1]), &arguments[at + 2]));
    }
    let comments = std::env::var("BEVARA_BENCH_POSTS").map_or(20_000, |text| text.parse().unwrap());
    let folder = std::env::temp_dir().join(format!("bevara-bench-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let (archive, person) = filled(&folder, comments);
    let status = Command::new(std::env::current_exe().unwrap())
        .arg("--plan")
        .arg(&archive)
        .arg(&person)
        .status()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(status.success());
}

/// A test archive that holds the comments, and its person.
fn filled(folder: &Path, comments: usize) -> (String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy =
        std::fs::read_to_string(root.join("fixtures/policies/exempelkommun.toml")).unwrap();
    let belts = policy.replace(
        "hogst_andel_procent = 25",
        "hogst_andel_procent = 100\nhogst_antal = 10000000",
    );
    assert_ne!(policy, belts, "the share is limited in the fixture");
    let file = folder.join("exempelkommun.toml");
    std::fs::write(&file, belts).unwrap();
    let archive = folder.join("arkiv").to_str().unwrap().to_owned();
    let init = [
        "init",
        &archive,
        "--name",
        "Exempelkommun",
        "--org-nr",
        "212000-0019",
        "--policy",
        file.to_str().unwrap(),
        "--person",
        "Kim Arkivarie",
        "--test-archive",
        "--as-of",
        "2026-05-01",
        "--json",
    ];
    let made = run(&init);
    let person = made["result"]["person"].as_str().unwrap().to_owned();
    let add = [
        "--archive",
        &archive,
        "--as",
        &person,
        "--as-of",
        "2026-05-01",
        "account",
        "add",
        "blogg",
        "--platform",
        "blogg",
        "--url",
        "https://blogg.example.se",
        "--json",
    ];
    run(&add);
    let export = folder.join("blogg.xml");
    std::fs::write(&export, wxr(comments)).unwrap();
    let begun = Instant::now();
    let ingest = [
        "--archive",
        &archive,
        "--as",
        &person,
        "--as-of",
        "2026-06-15",
        "ingest",
        "blogg",
        export.to_str().unwrap(),
        "--json",
    ];
    run(&ingest);
    println!(
        "{comments} comments taken in in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    (archive, person)
}

fn run(arguments: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_bevara"))
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Posts by the municipality with comments below; the last holds a tenth of all.
fn wxr(comments: usize) -> String {
    let mut out = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Blogg</title><wp:wxr_version>1.2</wp:wxr_version><wp:base_blog_url>https://blogg.example.se</wp:base_blog_url><wp:author><wp:author_id>2</wp:author_id><wp:author_login>webb</wp:author_login></wp:author>"#,
    );
    let spoken_of = comments / 10;
    let (mut number, mut post) = (0, 0);
    while number < comments {
        post += 1;
        let below = if comments - number <= spoken_of {
            comments - number
        } else {
            COMMENTS.min(comments - spoken_of - number)
        };
        write!(out, "<item><title>Nyhet {post}</title><dc:creator>webb</dc:creator><content:encoded><![CDATA[<p>Kommunen berättar nyhet {post}.</p>]]></content:encoded><wp:post_id>{post}</wp:post_id><wp:post_date_gmt>2026-04-20 08:00:00</wp:post_date_gmt><wp:status>publish</wp:status><wp:post_type>post</wp:post_type>").unwrap();
        for _ in 0..below {
            number += 1;
            let id = 10_000_000 + number;
            let text = TEXTS[number % TEXTS.len()];
            write!(out, "<wp:comment><wp:comment_id>{id}</wp:comment_id><wp:comment_author><![CDATA[Besökare]]></wp:comment_author><wp:comment_date_gmt>2026-04-20 09:00:00</wp:comment_date_gmt><wp:comment_content><![CDATA[{text}]]></wp:comment_content><wp:comment_approved>1</wp:comment_approved><wp:comment_type>comment</wp:comment_type><wp:comment_parent>0</wp:comment_parent><wp:comment_user_id>0</wp:comment_user_id></wp:comment>").unwrap();
        }
        out.push_str("</item>\n");
    }
    out.push_str("</channel></rss>");
    out
}

async fn planned(archive: &Path, person: &str) {
    let clock = Clock::Fixed(bevara::model::time::Instant::parse_as_of(PLANNED_ON).unwrap());
    let mut app = App::open(archive, clock, Some(person)).await.unwrap();
    let begun = Instant::now();
    let planned = plan(&mut app, &PlanOrder::default()).await.unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    assert!(planned.stopped.is_none() && planned.plan.is_some());
    let posts = planned.items.len();
    println!(
        "{posts} posts planned in {seconds:.2} s ({:.0} a second), {} of them frozen",
        f64::from(u32::try_from(posts).unwrap()) / seconds,
        planned.frozen
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
    println!("{}", peak.unwrap());
}
