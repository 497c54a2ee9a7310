//! Messages that belong to one conversation without answering each other: one thread, in whatever order exports come.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::disposal::{approved, delivered, interruptions::open};
use crate::support::{Archive, repository};

const DAY: &str = "2026-09-01";
const OWN: &str = "1400000000000000001";
const PERSON: &str = "222";
const CONVERSATION: &str = "222-1400000000000000001";

/// A rule that lets messages go which nobody has answered, three months after the last in the thread.
const RULE: &str = r#"
[[regel]]
id = "E-9"
rubrik = "Obesvarade meddelanden"
utfall = "far_gallras"
beslut = ["gallring"]
stod = { avsnitt = "§ 187", citat = "Obesvarade meddelanden gallras tre månader efter senaste aktivitet i tråden" }
inaktuell = { handelse = "senaste_aktivitet_i_trad", frist = "3 månader", frist_beslutad = true }
villkor = { typ = ["direktmeddelande"], besvarad = false }

[[prov]]
regel = "E-9"
namn = "Obesvarat"
dag = 2026-12-01
inlagg = { roll = "invanare", typ = ["direktmeddelande"], besvarad = false, text = "När öppnar badhuset?" }
handelser = { senaste_aktivitet_i_trad = 2026-02-01 }
vantat = { utfall = "far_gallras", tidigast = 2026-05-01, sparrar = [] }
"#;

/// Id, sender, time and text of a message.
type Message = (&'static str, &'static str, &'static str, &'static str);

const QUESTION: Message = (
    "1001",
    PERSON,
    "2026-02-01T10:00:00.000Z",
    "När öppnar badhuset?",
);
const ANSWER: Message = ("1002", OWN, "2026-02-02T10:00:00.000Z", "Klockan 8.");
const THANKS: Message = (
    "1003",
    PERSON,
    "2026-07-20T10:00:00.000Z",
    "Tack för informationen!",
);

/// The example policy with the rule, whose condition beside the kind may be another.
fn policy(dir: &Path, condition: &str) -> String {
    let example = repository().join("fixtures/policies/exempelkommun.toml");
    let path = dir.join("exempelkommun.toml");
    let rule = RULE.replace(", besvarad = false }", condition);
    let all = std::fs::read_to_string(example).unwrap() + &rule;
    std::fs::write(
        &path,
        all.replace("hogst_andel_procent = 25", "hogst_andel_procent = 60"),
    )
    .unwrap();
    path.to_str().unwrap().to_owned()
}

fn archive() -> Archive {
    let dir = tempfile::tempdir().unwrap();
    let policy = policy(dir.path(), ", besvarad = false }");
    let archive = Archive::with_policy("2026-01-02", &policy);
    archive.add_account("2026-01-02", "x", "x", "https://x.com/exempelkoping");
    archive
}

/// An archive of X that holds these messages, named by the conversation they stand in.
fn export(archive: &Archive, name: &str, conversations: &[(&str, &[Message])]) -> PathBuf {
    let dir = archive.beside().join(name);
    let data = dir.join("data");
    std::fs::create_dir_all(&data).unwrap();
    let source = repository().join("fixtures/platforms/x/arkiv/data/account.js");
    std::fs::copy(source, data.join("account.js")).unwrap();
    let told: Vec<Value> = conversations
        .iter()
        .map(|(id, messages)| {
            let messages: Vec<Value> = messages
                .iter()
                .map(|(id, sender, time, text)| {
                    let to = if *sender == OWN { PERSON } else { OWN };
                    json!({"messageCreate": {"id": id, "senderId": sender, "recipientId": to, "createdAt": time,
                        "text": text, "mediaUrls": [], "urls": [], "reactions": []}})
                })
                .collect();
            json!({"dmConversation": {"conversationId": id, "messages": messages}})
        })
        .collect();
    std::fs::write(
        data.join("direct-messages.js"),
        format!("window.YTD.direct_messages.part0 = {}", Value::from(told)),
    )
    .unwrap();
    let file = |name: &str, global: &str, count: usize| json!({"files": [{"fileName": name, "globalName": global, "count": count.to_string()}]});
    let manifest = json!({
        "userInfo": {"accountId": OWN, "userName": "exempelkoping", "displayName": "Exempelköpings kommun"},
        "archiveInfo": {"generationDate": "2026-08-01T05:46:38.082Z", "isPartialArchive": false},
        "dataTypes": {
            "account": file("data/account.js", "YTD.account.part0", 1),
            "directMessages": file("data/direct-messages.js", "YTD.direct_messages.part0", conversations.len()),
        },
    });
    std::fs::write(
        data.join("manifest.js"),
        format!("window.__THAR_CONFIG = {manifest}"),
    )
    .unwrap();
    dir
}

fn ingest(archive: &Archive, account: &str, day: &str, path: &Path) {
    let args = ["ingest", account, path.to_str().unwrap()];
    archive.json(day, &args).exits(0);
}

/// The key of a message: the account's id stands between platform and number.
fn key(archive: &Archive, id: &str) -> String {
    let accounts = archive.json(DAY, &["account", "list"]).exits(0).result();
    format!("x:{}:{id}", accounts["accounts"][0]["id"].as_str().unwrap())
}

/// Numbers of the messages in the thread of one, as `post show` lists them.
fn thread(archive: &Archive, id: &str) -> Vec<String> {
    let key = key(archive, id);
    let args = ["post", "show", &key, "--include-closed"];
    let shown = archive.json(DAY, &args).exits(0).result();
    let items = shown["thread"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            item["post"]
                .as_str()
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn explained(archive: &Archive, id: &str) -> Value {
    let key = key(archive, id);
    archive
        .json(DAY, &["disposal", "explain", &key])
        .exits(0)
        .result()
}

/// What disposal knows of every message and does with it.
fn judged(archive: &Archive) -> Vec<Value> {
    ["1001", "1002", "1003"]
        .iter()
        .map(|id| {
            let all = explained(archive, id);
            json!([
                all["outcome"],
                all["earliest"],
                all["facts"]["answered"],
                all["facts"]["triggers"],
                all["facts"]["flags"]["sekretess"]
            ])
        })
        .collect()
}

#[test]
fn a_conversation_is_one_thread_whichever_export_comes_first() {
    let mut ends = Vec::new();
    for later_first in [false, true] {
        let archive = archive();
        let early = export(&archive, "tidig", &[(CONVERSATION, &[QUESTION])]);
        let late = export(
            &archive,
            "sen",
            &[
                (CONVERSATION, &[THANKS, ANSWER]),
                (
                    "333-1400000000000000001",
                    &[(
                        "2001",
                        PERSON,
                        "2026-08-20T10:00:00.000Z",
                        "När öppnar biblioteket?",
                    )],
                ),
            ],
        );
        let order = if later_first {
            [&late, &early]
        } else {
            [&early, &late]
        };
        for (path, day) in order.into_iter().zip(["2026-08-02", "2026-08-03"]) {
            ingest(&archive, "x", day, path);
        }
        for id in ["1001", "1002", "1003"] {
            assert_eq!(
                thread(&archive, id),
                ["1001", "1002", "1003"],
                "{id}, {later_first}"
            );
        }
        assert_eq!(thread(&archive, "2001"), ["2001"], "another conversation");

        // Whether the municipality's message answers the question nobody can know from its place alone.
        let question = explained(&archive, "1001");
        assert_eq!(question["facts"]["answered"], "okant");
        assert_eq!(
            question["facts"]["triggers"]["senaste_aktivitet_i_trad"],
            "2026-07-20"
        );
        assert_eq!(question["outcome"], "review");
        // Nothing came after the thanks, and nobody but the person wrote in the other conversation.
        assert_eq!(explained(&archive, "1003")["facts"]["answered"], "nej");
        assert_eq!(explained(&archive, "2001")["facts"]["answered"], "nej");

        let before = judged(&archive);
        archive.json(DAY, &["reindex"]).exits(0);
        assert_eq!(judged(&archive), before);
        assert_eq!(thread(&archive, "1003"), ["1001", "1002", "1003"]);
        ends.push(before);
    }
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn a_hold_on_a_thread_stops_every_message_of_the_conversation() {
    let archive = archive();
    let early = export(&archive, "tidig", &[(CONVERSATION, &[QUESTION])]);
    ingest(&archive, "x", "2026-08-02", &early);
    let key = key(&archive, QUESTION.0);
    let args = [
        "hold", "place", "--ground", "tvist", "--reason", "Krav", "--scope", "thread", "--post",
        &key,
    ];
    archive.json("2026-08-02", &args).exits(0);
    // What comes later into the conversation is held as well.
    let other: Message = (
        "2001",
        PERSON,
        "2026-02-20T10:00:00.000Z",
        "När öppnar biblioteket?",
    );
    let late = export(
        &archive,
        "sen",
        &[(CONVERSATION, &[THANKS]), ("333-1", &[other])],
    );
    ingest(&archive, "x", "2026-08-03", &late);
    let plan = archive
        .json(DAY, &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let held = plan["items"].as_array().unwrap().iter().map(|item| {
        let blocked = item["blocked_by"].as_array().unwrap();
        (
            item["source_id"].as_str().unwrap(),
            blocked.contains(&json!("G0")),
        )
    });
    let mut held: Vec<_> = held.collect();
    held.sort_unstable();
    assert_eq!(held, [("1001", true), ("1003", true), ("2001", false)]);
}

#[tokio::test]
async fn an_interrupted_disposal_reads_a_message_below_those_it_has_taken_out() {
    let archive = delivered();
    let policy = policy(archive.beside(), " }");
    archive
        .json("2026-07-11", &["policy", "adopt", &policy])
        .exits(0);
    // The question is taken out first: an emoji says what it answers.
    let emoji: Message = ("1004", PERSON, "2026-02-03T10:00:00.000Z", "👍");
    let messages = export(&archive, "samtal", &[(CONVERSATION, &[emoji, QUESTION])]);
    ingest(&archive, "blogg", "2026-07-12", &messages);
    let (plan, _) = approved(&archive);
    let mut app = open(&archive, "2026-10-02").await;
    let id = plan.parse().unwrap();
    let mut execution = bevara::ops::disposal::execute::Execution::start(&mut app, &id)
        .await
        .unwrap();
    execution.step(&mut app).await.unwrap();
    drop(execution);
    drop(app);
    let done = archive
        .json("2026-10-02", &["disposal", "execute", &plan])
        .exits(0)
        .result();
    assert_eq!(done["held_back"], json!([]));
    assert_eq!(done["disposed"], 4, "{done}");
}
