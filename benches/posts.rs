//! How fast an export becomes posts, and in how much memory, beside a plain pass of quick-xml over the same bytes. Each is
//! measured in a process of its own, so that the greatest memory is its own. Run by `./scripts/bench`.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement makes files of its own, prints what it measures, and stops where it cannot"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use bevara::model::digest::Sha256Hex;
use bevara::platform::{Container, Item, Limits, Source, importer_for};

/// Posts, and comments on each.
const POSTS: u32 = 1000;
const COMMENTS: u32 = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let told = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(PathBuf::from)
    };
    if let Some(path) = told("--floor") {
        return report("quick-xml", floor(&path), &path);
    }
    if let Some(path) = told("--wxr") {
        return report("wxr", wxr(&path), &path);
    }
    let folder = std::env::temp_dir().join(format!("bevara-bench-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("export.xml");
    write_wxr(&path);
    for mode in ["--floor", "--wxr"] {
        let status = Command::new(std::env::current_exe().unwrap())
            .arg(mode)
            .arg(&path)
            .status()
            .unwrap();
        assert!(status.success());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// An export of 1000 posts with 100 comments each.
fn write_wxr(path: &Path) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    write!(
        out,
        r#"<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Blogg</title><link>https://blogg.exempelkommun.se</link><wp:wxr_version>1.2</wp:wxr_version><wp:author><wp:author_id>2</wp:author_id><wp:author_login>webb</wp:author_login></wp:author>"#
    )
    .unwrap();
    for post in 1..=POSTS {
        write!(out, "<item><title>Inlägg {post}</title><link>https://blogg.exempelkommun.se/{post}</link><dc:creator>webb</dc:creator><content:encoded><![CDATA[<p>Återvinningscentralen har öppet som vanligt i vecka {post}. <a href=\"https://exempelkommun.se/avfall\">Läs mer</a></p>]]></content:encoded><wp:post_id>{post}</wp:post_id><wp:post_date_gmt>2026-04-20 08:00:00</wp:post_date_gmt><wp:status>publish</wp:status><wp:post_type>post</wp:post_type>").unwrap();
        for comment in 1..=COMMENTS {
            let id = post * 1000 + comment;
            write!(out, "<wp:comment><wp:comment_id>{id}</wp:comment_id><wp:comment_author><![CDATA[Kim Exempelsson]]></wp:comment_author><wp:comment_author_email>kim{id}@example.se</wp:comment_author_email><wp:comment_author_IP>192.0.2.1</wp:comment_author_IP><wp:comment_date_gmt>2026-04-20 09:00:00</wp:comment_date_gmt><wp:comment_content><![CDATA[När öppnar återvinningscentralen i påsk? Jag har ett släp med grenar, nummer {id}.]]></wp:comment_content><wp:comment_approved>1</wp:comment_approved><wp:comment_type>comment</wp:comment_type><wp:comment_parent>0</wp:comment_parent><wp:comment_user_id>0</wp:comment_user_id></wp:comment>").unwrap();
        }
        writeln!(out, "</item>").unwrap();
    }
    writeln!(out, "</channel></rss>").unwrap();
}

/// Comments that quick-xml sees begin.
fn floor(path: &Path) -> u64 {
    let mut reader = quick_xml::Reader::from_file(path).unwrap();
    let (mut buffer, mut count) = (Vec::new(), 0);
    loop {
        let event = reader.read_event_into(&mut buffer).unwrap();
        if let quick_xml::events::Event::Start(start) = &event {
            count += u64::from(matches!(start.name().as_ref(), "item" | "wp:comment"));
        } else if matches!(event, quick_xml::events::Event::Eof) {
            return count;
        }
        buffer.clear();
    }
}

/// Posts and comments that the importer gives.
fn wxr(path: &Path) -> u64 {
    let folder = path.parent().unwrap();
    let container = Container::open(path, folder, Limits::default()).unwrap();
    let account = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let source = Source {
        container: &container,
        digests: &[Sha256Hex::zero()],
        account: &account,
        address: "https://blogg.exempelkommun.se/",
    };
    let importer = importer_for(&container, None).unwrap();
    let items = importer.read(&source).unwrap();
    items
        .filter(|item| matches!(item, Ok(Item::Post(_))))
        .count() as u64
}

/// Reads, and prints items a second and the process's greatest memory.
fn report(name: &str, count: u64, path: &Path) {
    // The first reading warmed the file's cache; this one is measured.
    let started = Instant::now();
    let again = if name == "wxr" {
        wxr(path)
    } else {
        floor(path)
    };
    let milliseconds = started.elapsed().as_millis().max(1);
    assert_eq!(count, again);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .map_or("unknown", str::trim);
    let bytes = std::fs::metadata(path).unwrap().len();
    println!(
        "{name:<10} {count} items, {bytes} bytes, {milliseconds} ms, {} items/s, peak {peak}",
        u128::from(count) * 1000 / milliseconds
    );
}
