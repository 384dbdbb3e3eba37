//! `delayMs`: a request that is held back, and by nothing but time.

use std::pin::pin;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, StatusCode};
use openmail_mock::Config;
use openmail_mock::api::call::{Body, Request};
use openmail_mock::api::spine;
use openmail_mock::record::faults::Fault;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::time::{Instant, advance};

use super::{hits, last, pod, put, raw};
use crate::support::{Account, account, account_of, shared, start};

/// A test that waits this long has found a hang.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until the world's only fault has struck so many requests.
#[track_caller]
fn await_hits(account: &Account, count: u64) {
    let begun = Instant::now();
    while hits(account) != [count] {
        assert!(begun.elapsed() < PATIENCE, "it struck {:?}", hits(account));
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_request_is_held_back_and_then_answered() {
    let account = account("delay-answered");
    let faults = json!([
        { "operation": "createPod", "delayMs": 20, "times": 1 },
        { "operation": "getPod", "delayMs": 20, "error": "forbidden" },
    ]);
    put(&account, faults).expect(200);
    let begun = Instant::now();
    account.post("/v1/pods", pod("acme")).expect(201);
    account.get("/v1/pods/acme").refused(403, "forbidden");
    assert!(begun.elapsed() >= Duration::from_millis(40));
    // It met its fault once, although it walked twice.
    assert_eq!(hits(&account), [1, 1]);
    assert_eq!(last(&account)["fault"], json!({ "index": 1, "drop": null }));
}

#[test]
fn a_large_body_is_held_back_like_any_other() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    put(
        &account,
        json!([{ "operation": "sendEmail", "delayMs": 5, "error": "no_mx_records" }]),
    )
    .expect(200);
    let send = json!({ "to": "x@example.com", "subject": "s", "body": "b", "attachments": [
        { "filename": "a.bin", "contentType": "application/octet-stream", "data": "AAAA".repeat(100_000) },
    ] });
    account
        .post("/v1/inboxes/x/send", send)
        .refused(422, "no_mx_records");
}

#[test]
fn nothing_but_time_holds_it_back() {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(async {
        let shared = shared();
        let world = shared.app.open("w").expect("room for a world");
        world.put_faults(vec![Fault {
            operation: "listPods".to_owned(),
            delay: Duration::from_secs(600),
            ..Fault::default()
        }]);
        let mut headers = HeaderMap::new();
        headers.insert(
            "authorization",
            "Bearer om_test_w".parse().expect("a value"),
        );
        let request = Request {
            method: Method::GET,
            uri: "/v1/pods".parse().expect("a path"),
            version: hyper::Version::HTTP_11,
            headers,
            body: Body::Whole(Bytes::new()),
        };
        let mut walk = pin!(spine::exchange(&shared, &shared.api, &request));
        assert!(
            tokio::time::timeout(Duration::from_secs(599), &mut walk)
                .await
                .is_err()
        );
        assert_eq!(world.exchanges(), 0);
        advance(Duration::from_secs(1)).await;
        let exchanged = walk.await;
        assert_eq!(exchanged.reply.status, StatusCode::OK);
        assert_eq!(world.exchanges(), 1);
    });
}

#[test]
fn who_leaves_is_held_back_no_longer() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    put(
        &account,
        json!([{ "operation": "createPod", "delayMs": 600_000 }]),
    )
    .expect(200);
    let mut connection = account.connect();
    raw(&mut connection, &account, "POST", "/v1/pods", &pod("acme"));
    await_hits(&account, 1);
    connection.finish();
    assert!(connection.is_closed());
    account.get("/v1/pods/acme").refused(404, "not_found");
    assert_eq!(last(&account)["operation"], "getPod");
}

#[test]
fn a_server_that_stops_waits_for_nobody_and_answers() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    put(
        &account,
        json!([{ "operation": "createPod", "delayMs": 600_000 }]),
    )
    .expect(200);
    let mut connection = account.connect();
    raw(&mut connection, &account, "POST", "/v1/pods", &pod("acme"));
    await_hits(&account, 1);
    let begun = Instant::now();
    mock.stop();
    assert!(begun.elapsed() < PATIENCE);
    connection.answer().expect(201);
}

#[test]
fn others_are_not_held_back_meanwhile() {
    let account = account("delay-others");
    put(
        &account,
        json!([{ "operation": "listPods", "delayMs": 600_000, "times": 40 }]),
    )
    .expect(200);
    let held: Vec<_> = (0..40)
        .map(|_| {
            let mut connection = account.connect();
            raw(&mut connection, &account, "GET", "/v1/pods", &Value::Null);
            connection
        })
        .collect();
    await_hits(&account, 40);
    account.get("/v1/pods").expect(200);
    drop(held);
}
