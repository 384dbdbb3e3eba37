//! Worlds, resets, snapshots, clocks and the journal through the control plane.

use serde_json::{Value, json};

use super::support::{Account, account, account_of, start};
use openmail_mock::Config;
use openmail_mock::domain::clock::{Clock, Timestamp};

fn pods(account: &Account) -> Value {
    account.get("/v1/pods").expect(200).json()["total"].clone()
}

fn made(account: &Account, client_id: &str) -> Value {
    account
        .post("/v1/pods", json!({ "clientId": client_id }))
        .expect(201)
        .json()
}

fn frozen() -> Config {
    Config {
        clock: Timestamp::parse("2026-01-15T09:30:00Z").map(|at| Clock::Frozen { at }),
        ..Config::default()
    }
}

#[test]
fn two_keys_never_see_each_other() {
    let (one, other) = (account("worlds-one"), account("worlds-other"));
    made(&one, "cedar");
    other.get("/v1/pods/cedar").refused(404, "not_found");
    made(&other, "cedar");
}

#[test]
fn what_the_seed_creates_has_the_same_ids_in_every_world() {
    let default =
        |world| account(world).get("/v1/pods").expect(200).json()["data"][0]["id"].clone();
    assert_eq!(default("worlds-ids-1"), default("worlds-ids-2"));
}

#[test]
fn the_same_seed_key_and_calls_give_the_same_ids() {
    let run = || {
        let mock = start(frozen());
        let account = account_of(&mock, "w");
        (
            made(&account, "a"),
            account.post("/v1/inboxes", json!({})).expect(201).json(),
        )
    };
    assert_eq!(run(), run());
}

#[test]
fn another_seed_gives_other_ids() {
    let id = |seed| {
        let mock = start(Config { seed, ..frozen() });
        made(&account_of(&mock, "w"), "a")["id"].clone()
    };
    assert_ne!(id(1), id(2));
}

#[test]
fn two_worlds_draw_different_ids() {
    let (one, other) = (account("worlds-draw-1"), account("worlds-draw-2"));
    assert_ne!(made(&one, "a")["id"], made(&other, "a")["id"]);
}

#[test]
fn a_refused_write_draws_no_id() {
    let mock = start(frozen());
    let run = |world: &str, is_refused_first: bool| {
        let account = account_of(&mock, world);
        made(&account, "a");
        if is_refused_first {
            account
                .post("/v1/pods", json!({ "clientId": "a" }))
                .refused(409, "client_id_taken");
        }
        made(&account, "b")["id"].clone()
    };
    let straight = run("w", false);
    account_of(&mock, "w")
        .post("/_mock/reset", json!({}))
        .expect(200);
    assert_eq!(run("w", true), straight);
}

#[test]
fn a_reset_returns_to_the_seed_and_says_what_it_removed() {
    let account = account("worlds-reset");
    made(&account, "cedar");
    account
        .post("/v1/inboxes", json!({ "podId": "cedar" }))
        .expect(201);
    let reset = account.post("/_mock/reset", json!({})).expect(200).json();
    assert_eq!(reset["to"], "seed");
    assert_eq!(
        reset["removed"],
        json!({ "pods": 1, "inboxes": 1, "domains": 0, "keys": 0, "threads": 0, "messages": 0,
                "events": 0, "deliveries": 0, "requests": 2, "faults": 0 })
    );
    assert_eq!(pods(&account), 1);
}

#[test]
fn a_reset_needs_no_body() {
    account("worlds-reset-bare")
        .send("POST", "/_mock/reset", None)
        .expect(200);
}

#[test]
fn a_reset_to_empty_drops_the_seed_as_well() {
    let mock = start(Config::with_fixture(
        json!({ "pods": [{ "clientId": "seeded" }] }),
    ));
    let account = account_of(&mock, "w");
    assert_eq!(pods(&account), 2);
    account
        .post("/_mock/reset", json!({ "to": "empty" }))
        .expect(200);
    assert_eq!(pods(&account), 1);
    account
        .post("/_mock/reset", json!({ "to": "seed" }))
        .expect(200);
    assert_eq!(pods(&account), 2);
}

#[test]
fn a_reset_in_one_world_leaves_the_others() {
    let (one, other) = (account("worlds-reset-1"), account("worlds-reset-2"));
    made(&other, "cedar");
    one.post("/_mock/reset", json!({})).expect(200);
    assert_eq!(pods(&other), 2);
}

#[test]
fn a_snapshot_is_returned_to_as_often_as_one_likes() {
    let account = account("worlds-snapshot");
    made(&account, "before");
    let kept = account.put("/_mock/snapshots/ready").expect(200).json();
    assert_eq!((&kept["name"], &kept["pods"]), (&json!("ready"), &json!(2)));
    for _ in 0..2 {
        made(&account, "after");
        account
            .post("/_mock/reset", json!({ "to": "ready" }))
            .expect(200);
        assert_eq!(pods(&account), 2);
        account.get("/v1/pods/after").refused(404, "not_found");
    }
}

#[test]
fn a_restore_keeps_the_journal_and_the_snapshots() {
    let account = account("worlds-restore");
    account.put("/_mock/snapshots/ready").expect(200);
    made(&account, "after");
    let reset = account
        .post("/_mock/reset", json!({ "to": "ready" }))
        .expect(200)
        .json();
    assert_eq!(reset["removed"]["requests"], 0);
    assert_eq!(account.get("/_mock/requests").json()["total"], 1);
    assert_eq!(account.get("/_mock/snapshots").json()["total"], 1);
}

#[test]
fn a_snapshot_that_is_not_there_is_not_found() {
    let account = account("worlds-no-snapshot");
    account
        .post("/_mock/reset", json!({ "to": "nothing" }))
        .refused(404, "not_found");
    account
        .delete("/_mock/snapshots/nothing")
        .refused(404, "not_found");
}

#[test]
fn a_deleted_snapshot_is_gone() {
    let account = account("worlds-snapshot-deleted");
    account.put("/_mock/snapshots/a").expect(200);
    account.delete("/_mock/snapshots/a").expect(204);
    assert_eq!(account.get("/_mock/snapshots").json()["total"], 0);
}

#[test]
fn a_snapshot_may_not_be_called_what_a_reset_knows() {
    let account = account("worlds-snapshot-names");
    for name in ["seed", "empty", "a%20b", "%2F"] {
        account
            .put(&format!("/_mock/snapshots/{name}"))
            .refused(400, "bad_request");
    }
}

#[test]
fn a_world_keeps_64_snapshots() {
    let account = account("worlds-snapshot-bound");
    for number in 0..64 {
        account
            .put(&format!("/_mock/snapshots/s{number}"))
            .expect(200);
    }
    account
        .put("/_mock/snapshots/one-more")
        .refused(422, "too_many_snapshots");
    account.put("/_mock/snapshots/s7").expect(200);
}

#[test]
fn a_frozen_clock_stands() {
    let mock = start(frozen());
    let pod = made(&account_of(&mock, "w"), "a");
    assert_eq!(pod["createdAt"], "2026-01-15T09:30:00.000Z");
}

#[test]
fn a_clock_is_moved_by_a_duration_and_to_an_instant() {
    let mock = start(frozen());
    let account = account_of(&mock, "w");
    let moved = account
        .post("/_mock/clock", json!({ "by": "24h1s" }))
        .expect(200)
        .json();
    assert_eq!(
        moved,
        json!({ "now": "2026-01-16T09:30:01.000Z", "mode": "frozen", "done": true, "fired": [],
                "waitingFor": [] })
    );
    let to = json!({ "to": "2026-02-01T00:00:00+01:00" });
    let moved = account.post("/_mock/clock", to).expect(200).json();
    assert_eq!(moved["now"], "2026-01-31T23:00:00.000Z");
    assert_eq!(made(&account, "a")["createdAt"], "2026-01-31T23:00:00.000Z");
}

#[test]
fn a_clock_never_goes_back() {
    let mock = start(frozen());
    let account = account_of(&mock, "w");
    let past = json!({ "to": "2026-01-15T09:29:59.999Z" });
    let message = account
        .post("/_mock/clock", past)
        .refused(400, "bad_request")
        .message();
    assert!(message.contains("2026-01-15T09:30:00.000Z"), "{message}");
}

#[test]
fn a_reset_returns_the_clock() {
    let mock = start(frozen());
    let account = account_of(&mock, "w");
    account
        .post("/_mock/clock", json!({ "by": "30d" }))
        .expect(200);
    account.post("/_mock/reset", json!({})).expect(200);
    let clock = account.get("/_mock/clock").expect(200).json();
    assert_eq!(
        clock,
        json!({ "now": "2026-01-15T09:30:00.000Z", "mode": "frozen", "moving": false, "waitingFor": [] })
    );
}

#[test]
fn a_real_clock_can_be_frozen_where_it_is_and_runs_on() {
    let account = account("worlds-clock-real");
    let frozen = account
        .post("/_mock/clock", json!({ "mode": "frozen" }))
        .expect(200)
        .json();
    assert_eq!(made(&account, "a")["createdAt"], frozen["now"]);
    account
        .post("/_mock/clock", json!({ "mode": "real", "by": "1d" }))
        .expect(200);
    let clock = account.get("/_mock/clock").expect(200).json();
    assert_eq!(clock["mode"], "real");
    assert!(clock["now"].as_str() > frozen["now"].as_str());
}

#[test]
fn a_clock_move_that_makes_no_sense_is_refused() {
    let mock = start(frozen());
    let account = account_of(&mock, "w");
    for body in [
        json!({ "to": "2026-02-01T00:00:00Z", "by": "1s" }),
        json!({ "by": "soon" }),
        json!({ "by": "-1s" }),
        json!({ "by": "1w" }),
        json!({ "to": "tomorrow" }),
        json!({ "mode": "slow" }),
        json!({ "bye": "1s" }),
        json!({ "by": "3000000d" }),
        json!({ "by": "9".repeat(90) + "d" }),
    ] {
        account
            .post("/_mock/clock", body)
            .refused(400, "bad_request");
    }
}

#[test]
fn worlds_are_listed_with_their_counts_and_dropped() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w1");
    made(&account, "a");
    let list = account.get("/_mock/worlds").expect(200).json();
    let world = &list["data"][1];
    assert_eq!(
        (&world["name"], &world["pods"], &world["requests"]),
        (&json!("w1"), &json!(2), &json!(1))
    );
    account.delete("/_mock/worlds/w1").expect(204);
    assert_eq!(pods(&account), 1);
    account
        .delete("/_mock/worlds/never-opened")
        .refused(404, "not_found");
}

#[test]
fn at_most_4096_worlds_live_and_the_longest_idle_makes_room() {
    let mock = start(Config::default());
    let mut connection = super::support::Connection::open(mock.address());
    let mut open = |world: &str| {
        let key = format!("Bearer om_test_{world}");
        connection.request("GET", "/v1/me", &[("authorization", key)], b"");
        connection.answer().expect(200);
    };
    (0..4_098).for_each(|number| open(&format!("w{number}")));
    let control = account_of(&mock, "default");
    let list = control.get("/_mock/worlds?limit=1").expect(200).json();
    assert_eq!(
        (&list["total"], &list["data"][0]["name"]),
        (&json!(4_096), &json!("default"))
    );
    // The default world, opened by looking, took the third place.
    control.delete("/_mock/worlds/w2").refused(404, "not_found");
    control.delete("/_mock/worlds/w3").expect(204);
}

#[test]
fn the_journal_holds_the_exchange_before_it_is_answered() {
    let account = account("worlds-journal");
    let answer = account
        .post("/v1/pods", json!({ "name": "Cedar" }))
        .expect(201);
    let id = answer.header("x-request-id").expect("an id").to_owned();
    let exchange = account
        .get(&format!("/_mock/requests/{id}"))
        .expect(200)
        .json();
    assert_eq!(exchange["operation"], "createPod");
    assert_eq!(exchange["request"]["body"], json!({ "name": "Cedar" }));
    assert_eq!(exchange["answer"]["status"], 201);
    assert_eq!(exchange["answer"]["body"], answer.json());
}

#[test]
fn the_journal_redacts_secrets() {
    let account = account("worlds-redacted");
    let body = json!({ "webhookUrl": "https://example.com/hook" });
    let secret = account.post("/v1/inboxes", body).expect(201).json()["webhookSecret"].clone();
    let journal = account.get("/_mock/requests").expect(200);
    let text = String::from_utf8(journal.body).expect("text");
    assert!(!text.contains(secret.as_str().expect("a secret")));
    let journal: Value = serde_json::from_str(&text).expect("JSON");
    let shown = &journal["data"][0]["request"]["headers"]["authorization"];
    assert_eq!(*shown, "[redacted]");
}

#[test]
fn the_journal_is_filtered_by_every_field() {
    let account = account("worlds-filters");
    let first = account
        .post("/v1/pods", json!({ "clientId": "a" }))
        .expect(201);
    account
        .post("/v1/pods", json!({ "clientId": "a" }))
        .expect(409);
    account.get("/v1/pods/a?x=1").expect(200);
    account.post("/v1/pods", json!({ "name": 1 })).expect(400);
    account.get("/v1/nothing").expect(404);
    let since = first.header("x-request-id").expect("an id");
    for (query, total) in [
        ("operation=createPod".to_owned(), 3),
        ("operation=create*".to_owned(), 3),
        ("operation=*Pod".to_owned(), 4),
        ("method=p*".to_owned(), 3),
        ("error=*taken".to_owned(), 1),
        ("method=get".to_owned(), 2),
        ("path=/v1/pods/a".to_owned(), 1),
        ("path=/v1/pods*".to_owned(), 4),
        ("path=*/a".to_owned(), 1),
        ("status=409".to_owned(), 1),
        ("error=client_id_taken".to_owned(), 1),
        ("valid=false".to_owned(), 1),
        ("valid=true&operation=createPod".to_owned(), 2),
        (format!("since={since}"), 4),
        ("limit=2&offset=4".to_owned(), 5),
    ] {
        let list = account
            .get(&format!("/_mock/requests?{query}"))
            .expect(200)
            .json();
        assert_eq!(list["total"], total, "{query}");
    }
}

#[test]
fn a_filter_that_cannot_match_is_refused() {
    let account = account("worlds-bad-filters");
    for query in [
        "operation=createPodd",
        "since=12",
        "statsu=404",
        "status=abc",
        "valid=maybe",
    ] {
        account
            .get(&format!("/_mock/requests?{query}"))
            .refused(400, "bad_request");
    }
}

#[test]
fn the_journal_keeps_a_thousand_exchanges_and_counts_the_rest() {
    let mock = start(Config::default());
    let mut connection = super::support::Connection::open(mock.address());
    for _ in 0..1_010 {
        let key = "Bearer om_test_w".to_owned();
        connection.request("GET", "/v1/me", &[("authorization", key)], b"");
        connection.answer().expect(200);
    }
    let journal = account_of(&mock, "w")
        .get("/_mock/requests?limit=1")
        .expect(200)
        .json();
    assert_eq!(
        (&journal["total"], &journal["evicted"]),
        (&json!(1_000), &json!(10))
    );
}

#[test]
fn the_journal_is_bounded_in_bytes() {
    let mock = start(Config {
        journal_bytes: 100_000,
        ..Config::default()
    });
    let account = account_of(&mock, "w");
    for _ in 0..10 {
        let long = "x".repeat(20_000);
        account
            .post("/v1/pods", json!({ "name": long }))
            .expect(400);
    }
    let journal = account.get("/_mock/requests").expect(200).json();
    let kept = journal["total"].as_u64().expect("a number");
    assert!((1..10).contains(&kept), "{kept}");
    assert_eq!(journal["evicted"], 10 - kept);
}

#[test]
fn a_long_body_is_kept_as_its_beginning_its_length_and_its_hash() {
    let account = account("worlds-long-body");
    account
        .post("/v1/pods", json!({ "name": "x".repeat(100_000) }))
        .expect(400);
    let journal = account.get("/_mock/requests").expect(200).json();
    let request = &journal["data"][0]["request"];
    assert_eq!(
        (&request["bodyBytes"], &request["bodyTruncated"]),
        (&json!(100_011), &json!(true))
    );
    assert_eq!(request["bodySha256"].as_str().map(str::len), Some(64));
}

#[test]
fn a_body_is_hashed_as_a_whole_however_much_of_it_is_kept() {
    let account = account("worlds-hashed-body");
    // Their sums were worked out by `sha256sum`.
    for (letters, sum) in [
        (65_525, None),
        (
            65_526,
            Some("ab3d1993fdb08ef0db13fcf0b156a2368327df25a46db113210e786b8ee4feeb"),
        ),
        (
            131_061,
            Some("2fb15a8dc6a1c49e4dfe46e9e1316b361f48d5099310178a1ca6f93900e8c655"),
        ),
        (
            131_062,
            Some("cc3befbfdc08b8a2d1ab84394eb437577a2f367f635857590f3435dfdbfc505c"),
        ),
    ] {
        let body = json!({ "name": "x".repeat(letters) });
        account.post("/v1/pods", body).expect(400);
        let journal = account.get("/_mock/requests").expect(200).json();
        let request = &journal["data"][0]["request"];
        assert_eq!(request["bodyBytes"], letters + 11, "{letters}");
        assert_eq!(request["bodyTruncated"], sum.is_some(), "{letters}");
        assert_eq!(request["bodySha256"].as_str(), sum, "{letters}");
    }
}

#[test]
fn a_cleared_journal_is_empty() {
    let account = account("worlds-cleared");
    account.get("/v1/me").expect(200);
    account.delete("/_mock/requests").expect(204);
    assert_eq!(account.get("/_mock/requests").json()["total"], 0);
}

#[test]
fn a_call_that_exists_nowhere_is_in_the_journal_of_its_key() {
    let account = account("worlds-unknown-call");
    account.get("/v1/pod").refused(404, "not_found");
    let journal = account.get("/_mock/requests").expect(200).json();
    assert_eq!(journal["data"][0]["operation"], Value::Null);
}

#[test]
fn the_control_plane_lists_its_calls_and_serves_its_document() {
    let account = account("worlds-index");
    let calls = account.get("/_mock/").expect(200).json();
    let document = account.get("/_mock/openapi.json").expect(200).json();
    let paths = document["paths"].as_object().expect("paths");
    let documented: usize = paths
        .values()
        .map(|item| item.as_object().map_or(0, |i| i.len()))
        .sum();
    assert_eq!(calls["total"], documented);
}

#[test]
fn a_clock_stops_before_the_end_of_the_calendar() {
    let mock = start(frozen());
    let account = account_of(&mock, "w");
    let far = account.post("/_mock/clock", json!({ "by": "3000000d" }));
    let message = far.refused(400, "bad_request").message();
    assert!(message.contains("9999-12-30T22:00:00.000Z"), "{message}");
    account
        .post("/_mock/clock", json!({ "to": "9999-12-30T22:00:00Z" }))
        .expect(200);
    assert_eq!(made(&account, "a")["createdAt"], "9999-12-30T22:00:00.000Z");
}

#[test]
fn a_deeply_nested_body_does_not_spoil_the_journal() {
    let account = account("worlds-deep-body");
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(60), "]".repeat(60));
    let json = [("content-type", "application/json")];
    account
        .send_raw("POST", "/v1/pods", &json, deep.as_bytes())
        .expect(201);
    let journal = account.get("/_mock/requests").expect(200).json();
    assert_eq!(journal["data"][0]["request"]["body"], json!(deep));
}

#[test]
fn bodies_of_many_values_do_not_spoil_the_journal() {
    let account = account("worlds-wide-bodies");
    for _ in 0..60 {
        let wide = json!({ "x": vec![0; 30_000] });
        account.post("/v1/pods", wide).expect(201);
    }
    account.get("/_mock/requests?limit=100").expect(200);
}

#[test]
fn an_exchange_is_found_by_its_id_from_any_world() {
    let answer = account("worlds-found-from").get("/v1/me").expect(200);
    let id = answer.header("x-request-id").expect("an id");
    let exchange = account("worlds-found-by").get(&format!("/_mock/requests/{id}"));
    assert_eq!(exchange.expect(200).json()["world"], "worlds-found-from");
}

#[test]
fn the_curl_of_an_exchange_reads_no_file_and_globs_nothing() {
    let account = account("worlds-curl");
    let text = [("content-type", "text/plain")];
    account
        .send_raw("POST", "/v1/pods?x=[a]{b}", &text, b"@/etc/hostname")
        .expect(415);
    let journal = account.get("/_mock/requests").expect(200).json();
    let curl = journal["data"][0]["curl"].as_str().expect("a command");
    assert!(
        curl.starts_with("curl --globoff --path-as-is -X 'POST' "),
        "{curl}"
    );
    assert!(curl.ends_with(" --data-raw '@/etc/hostname'"), "{curl}");
}
