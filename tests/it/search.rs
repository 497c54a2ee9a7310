//! The search index on its own: what was disposed of is not found and leaves nothing behind.
#![expect(
    clippy::unwrap_used,
    reason = "functions shared by tests fail the test that calls them"
)]

use bevara::model::digest::Sha256Hex;
use bevara::model::id::AccountId;

use crate::platforms::{fixture, read, walk};

/// A log entry with the number `seq`; the catalogue does not look at the chain, which is the verifier's.
fn entry(seq: u64, body: bevara::model::entry::Body) -> bevara::model::entry::Entry {
    bevara::model::entry::Entry {
        seq,
        time: "2026-09-02T08:00:00Z".parse().unwrap(),
        actor: bevara::model::entry::Actor::System,
        prev: bevara::model::digest::DigestPair::zero(),
        kind: body.kind().to_owned(),
        body: Some(body),
    }
}

/// An ingest of one post, and the disposal of it.
fn ingest_and_disposal() -> (bevara::model::entry::Body, bevara::model::entry::Body) {
    use bevara::model::digest::DigestPair;
    use bevara::model::entry::{Body, Sealed, Tombstone};
    use bevara::model::id::{CaptureId, UnitNo, UnitRef};

    let account: AccountId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let capture: CaptureId = "20260902T080000Z-0123abcd".parse().unwrap();
    let ingest = Body::Ingest {
        account: account.clone(),
        capture: capture.clone(),
        claimed: 1,
        parsed: 1,
        added: 1,
        changed: 0,
        unchanged: 0,
        refused: 0,
        sealed: Sealed {
            units: 2,
            root_sha256: Sha256Hex::zero(),
            json: DigestPair::zero(),
            list_sha256: DigestPair::zero(),
            list_sha512: DigestPair::zero(),
        },
    };
    let disposal = Body::Disposal {
        plan: "r20260902T080000Z-0123abcd".parse().unwrap(),
        approval: None,
        account: Some(account),
        kind: None,
        role: None,
        month: None,
        rules: Vec::new(),
        decisions: Vec::new(),
        policy_sha256: Sha256Hex::zero(),
        units: vec![Tombstone {
            unit: UnitRef {
                holder: bevara::model::id::HolderId::Capture(capture),
                unit: UnitNo(1),
            },
            commitment: DigestPair::zero(),
        }],
    };
    (ingest, disposal)
}

#[test]
fn a_disposed_post_leaves_no_hit_and_no_trace_in_the_index() {
    use bevara::catalogue::{Catalogue, SearchFilter};
    use bevara::model::id::UnitNo;

    let posts = read(&fixture("wxr/kommunblogg/export.xml")).unwrap();
    let item = bevara::model::json::to_line(&posts.post("p12").post).unwrap();
    let (ingest, disposal) = ingest_and_disposal();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalogue.db");
    let traces = || {
        let files = walk(folder.path());
        let holding = files.iter().filter(|path| {
            let bytes = std::fs::read(path).unwrap();
            // From the text alone, and the title: "Återvinningscentralen öppnar".
            ["måndag 🎉", "scentralen öppnar"].iter().any(|text| {
                bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes())
            })
        });
        holding.count()
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let catalogue = Catalogue::open(&format!("sqlite://{}", database.display()))
            .await
            .unwrap();
        let mut units = |_: &_, _: Option<&_>, unit: Option<UnitNo>, file: &str| {
            let is_item = unit == Some(UnitNo(1)) && file == "item.json";
            Ok(is_item.then(|| item.clone().into_bytes()))
        };
        let filter = SearchFilter {
            limit: 10,
            ..SearchFilter::default()
        };
        catalogue
            .apply(&entry(0, ingest), &mut units)
            .await
            .unwrap();
        assert_eq!(
            catalogue
                .search("återvinningscentral", &filter)
                .await
                .unwrap()
                .len(),
            1
        );
        assert_ne!(traces(), 0);
        catalogue
            .apply(&entry(1, disposal), &mut units)
            .await
            .unwrap();
        for closed in [false, true] {
            let filter = SearchFilter {
                include_closed: closed,
                ..filter.clone()
            };
            assert_eq!(
                catalogue
                    .search("återvinningscentral", &filter)
                    .await
                    .unwrap(),
                []
            );
        }
        catalogue.scrub().await.unwrap();
        catalogue.close().await.unwrap();
    });
    assert_eq!(traces(), 0);
}
