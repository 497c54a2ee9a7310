//! What is in flight and what was lost, event by event.

use crate::capture::traffic::*;

const PAGE: &str = "https://kommun.example/konto";

fn send(traffic: &mut Traffic, target: &str, (id, frame): (&str, &str), (kind, url): (&str, &str)) {
    let params = serde_json::json!({"requestId": id, "frameId": frame, "type": kind, "request": {"url": url, "method": "GET"}});
    traffic.event(target, "Network.requestWillBeSent", &params);
}

fn page() -> Traffic {
    let mut traffic = Traffic::new("main");
    send(&mut traffic, "page", ("m", "main"), ("Document", PAGE));
    end(&mut traffic, "page", "m");
    traffic
}

fn end(traffic: &mut Traffic, target: &str, id: &str) {
    traffic.event(
        target,
        "Network.loadingFinished",
        &serde_json::json!({"requestId": id}),
    );
}

/// As Chromium 156 tells it.
#[test]
fn a_move_elsewhere_is_announced_and_nothing_else_is() {
    let announced = |frame: &str, reason: &str, url: &str| {
        let mut traffic = page();
        let params =
            serde_json::json!({"frameId": frame, "delay": 3, "reason": reason, "url": url});
        traffic.event("page", "Page.frameScheduledNavigation", &params);
        let after = traffic.refresh.map(|refresh| refresh.after.as_secs());
        let come = serde_json::json!({"frame": {"id": "main", "url": url}});
        traffic.event("page", "Page.frameNavigated", &come);
        assert_eq!(traffic.refresh, None, "it has come");
        after
    };
    let elsewhere = "https://kommun.example/annat";
    let anew = format!("{PAGE}#nytt");
    assert_eq!(announced("main", "httpHeaderRefresh", elsewhere), Some(3));
    assert_eq!(announced("main", "metaTagRefresh", elsewhere), Some(3));
    assert_eq!(announced("main", "metaTagRefresh", &anew), None);
    assert_eq!(announced("main", "scriptInitiated", elsewhere), None);
    assert_eq!(announced("frame", "metaTagRefresh", elsewhere), None);
}

#[test]
fn an_embed_is_waited_for_until_it_is_silent_and_the_page_until_it_is_given_up() {
    let mut traffic = page();
    assert_eq!(traffic.in_flight(), 0);
    send(
        &mut traffic,
        "page",
        ("e", "frame"),
        ("Document", "https://film.example/e"),
    );
    send(
        &mut traffic,
        FRAME,
        ("i", "frame"),
        ("Image", "https://film.example/i.png"),
    );
    let begun = Instant::now();
    assert_eq!(traffic.in_flight_at(begun), 2);
    assert_eq!(traffic.in_flight_at(begun + Duration::from_secs(3)), 0);
    // A picture of the page itself, from wherever, and a frame of its own site.
    send(
        &mut traffic,
        "page",
        ("o", "main"),
        ("Image", "https://bild.example/o.png"),
    );
    send(
        &mut traffic,
        "page",
        ("f", "own"),
        ("Document", "https://www.kommun.example/f"),
    );
    assert_eq!(traffic.in_flight_at(begun + Duration::from_secs(3)), 2);
    let progress = traffic.progress;
    traffic.event(
        FRAME,
        "Network.dataReceived",
        &serde_json::json!({"requestId": "i"}),
    );
    assert_eq!(traffic.in_flight_at(begun + Duration::from_secs(27)), 2);
    assert_eq!(
        traffic.progress, progress,
        "an embed is no progress of the page"
    );
    traffic.give_up();
    let given_up: Vec<&String> = traffic.given_up().iter().collect();
    assert_eq!(
        given_up,
        ["https://bild.example/o.png", "https://www.kommun.example/f"]
    );
    let embeds: Vec<String> = traffic.embeds_unanswered().into_iter().collect();
    assert_eq!(
        embeds,
        ["https://film.example/e", "https://film.example/i.png"]
    );
    assert_eq!(traffic.frames_unanswered(), ["https://film.example/e"]);
    end(&mut traffic, FRAME, "e");
    end(&mut traffic, FRAME, "i");
    assert_eq!(traffic.embeds_unanswered(), BTreeSet::new());
}

#[test]
fn embeds_that_never_rest_are_waited_for_half_a_minute_all_in_all() {
    let mut traffic = page();
    send(
        &mut traffic,
        "page",
        ("e", "frame"),
        ("Document", "https://film.example/e"),
    );
    let begun = Instant::now();
    let mut rested = None;
    for tenth in 0..1_000_u32 {
        // One picture after the other, so that there is always one under way.
        let now = begun + Duration::from_millis(100) * tenth;
        let id = tenth.to_string();
        send(
            &mut traffic,
            FRAME,
            (&id, "frame"),
            ("Image", "https://film.example/i.png"),
        );
        traffic.needed.get_mut(&id).unwrap().made = now;
        if traffic.in_flight_at(now) == 0 {
            rested = Some(tenth);
            break;
        }
        end(&mut traffic, FRAME, &id);
    }
    assert_eq!(rested, Some(300));
    assert!(traffic.is_held_by_embed());
}

fn fail(traffic: &mut Traffic, id: &str, error: &str) {
    let params = serde_json::json!({"requestId": id, "errorText": error});
    traffic.event("page", "Network.loadingFailed", &params);
}

#[test]
fn a_host_that_cannot_be_trusted_costs_pictures_and_what_is_the_pages_own() {
    const DATE: &str = "net::ERR_CERT_DATE_INVALID";
    let mut traffic = page();
    for (id, kind, url, error) in [
        ("i", "Image", "https://bild.example/i.png", DATE),
        (
            "j",
            "Image",
            "https://bild.example/j.png",
            "net::ERR_CERT_COMMON_NAME_INVALID",
        ),
        ("s", "Script", "https://film.example/s.js", DATE),
        ("o", "Script", "https://www.kommun.example/o.js", DATE),
        (
            "r",
            "Image",
            "https://bild.example/r.png",
            "net::ERR_CONNECTION_RESET",
        ),
    ] {
        send(&mut traffic, "page", (id, "main"), (kind, url));
        fail(&mut traffic, id, error);
    }
    // Two pictures and a script of its own; what another host's script would have done nobody knows.
    assert_eq!(traffic.tls_failures(), 3);
    let error = |requests| TlsError {
        error: DATE.to_owned(),
        requests,
    };
    let expected = [
        ("https://bild.example", error(2)),
        ("https://film.example", error(1)),
        ("https://www.kommun.example", error(1)),
    ];
    let expected: BTreeMap<String, TlsError> = expected
        .into_iter()
        .map(|(host, error)| (host.to_owned(), error))
        .collect();
    assert_eq!(traffic.tls_errors(), expected);
}
