//! `drop`: connections that break off, as clients see them on the wire.

use serde_json::{Value, json};

use super::{hits, last, pod, put, raw, state};
use crate::support::account;

#[test]
fn before_nothing_is_done_and_nothing_answered() {
    let account = account("drop-before");
    let before = state(&account);
    put(
        &account,
        json!([{ "operation": "createPod", "drop": "before", "times": 1 }]),
    )
    .expect(200);
    let mut connection = account.connect();
    raw(&mut connection, &account, "POST", "/v1/pods", &pod("acme"));
    assert_eq!(connection.rest(), b"");
    let entry = last(&account);
    assert_eq!(entry["fault"], json!({ "index": 0, "drop": "before" }));
    assert_eq!(entry["operation"], "createPod");
    assert_eq!(entry["answer"]["status"], Value::Null);
    assert_eq!(entry["answer"]["headers"], json!({}));
    assert_eq!(state(&account), before);
    account.post("/v1/pods", pod("acme")).expect(201);
}

#[test]
fn after_the_work_is_done_and_its_answer_lost() {
    let account = account("drop-after");
    put(
        &account,
        json!([{ "operation": "createPod", "drop": "after", "times": 1 }]),
    )
    .expect(200);
    let mut connection = account.connect();
    raw(&mut connection, &account, "POST", "/v1/pods", &pod("acme"));
    assert_eq!(connection.rest(), b"");
    let entry = last(&account);
    assert_eq!(entry["fault"], json!({ "index": 0, "drop": "after" }));
    assert_eq!(entry["answer"]["status"], 201);
    let pod_made = account.get("/v1/pods/acme").expect(200).json();
    assert_eq!(entry["answer"]["body"], pod_made);
    account
        .post("/v1/pods", pod("acme"))
        .refused(409, "client_id_taken");
}

/// A head and what came of the body.
fn parts(bytes: &[u8]) -> (String, usize, &[u8]) {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.expect("a whole head") + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.expect("a length").parse().expect("a number");
    (head, length, &bytes[end..])
}

#[test]
fn mid_body_half_of_it_arrives_and_nothing_is_done() {
    let account = account("drop-mid-body");
    let before = state(&account);
    put(
        &account,
        json!([{ "operation": "createPod", "drop": "mid-body", "times": 1 }]),
    )
    .expect(200);
    let mut connection = account.connect();
    raw(&mut connection, &account, "POST", "/v1/pods", &pod("acme"));
    let told = connection.rest();
    let (head, length, half) = parts(&told);
    assert!(head.starts_with("HTTP/1.1 201 "), "{head}");
    assert_eq!(half.len(), length / 2);
    assert!(half.starts_with(b"{\"id\":"));
    let entry = last(&account);
    assert_eq!(entry["fault"], json!({ "index": 0, "drop": "mid-body" }));
    assert_eq!(entry["answer"]["bodyBytes"], length);
    assert_eq!(state(&account), before);
    // The trial drew nothing: the real one makes the same pod.
    let made = account.post("/v1/pods", pod("acme")).expect(201).json();
    assert_eq!(made["id"], entry["answer"]["body"]["id"]);
}

#[test]
fn mid_body_of_a_send_nobody_gets_a_mail() {
    let account = account("drop-mid-send");
    let inbox = account.post("/v1/inboxes", json!({})).expect(201).json();
    let before = state(&account);
    put(
        &account,
        json!([{ "operation": "sendEmail", "drop": "mid-body" }]),
    )
    .expect(200);
    let mut connection = account.connect();
    let path = format!("/v1/inboxes/{}/send", inbox["id"].as_str().expect("an id"));
    let send =
        json!({ "to": inbox["address"], "cc": ["x@example.com"], "subject": "s", "body": "b" });
    raw(&mut connection, &account, "POST", &path, &send);
    let told = connection.rest();
    assert!(parts(&told).0.starts_with("HTTP/1.1 200 "));
    assert_eq!(state(&account), before);
    assert_eq!(account.get("/_mock/outbox").expect(200).json()["total"], 0);
}

#[test]
fn mid_body_of_a_forced_failure_half_of_that_arrives() {
    let account = account("drop-mid-error");
    let faults = json!([{ "operation": "createPod", "drop": "mid-body", "status": 502, "headers": { "via": "1.1 proxy" } }]);
    put(&account, faults).expect(200);
    let mut connection = account.connect();
    raw(&mut connection, &account, "POST", "/v1/pods", &pod("acme"));
    let told = connection.rest();
    let (head, length, half) = parts(&told);
    assert!(
        head.starts_with("HTTP/1.1 502 ") && head.contains("via: 1.1 proxy\r\n"),
        "{head}"
    );
    assert_eq!(half.len(), length / 2);
    assert_eq!(last(&account)["undocumentedStatus"], true);
}

#[test]
fn mid_body_a_refusal_of_the_trial_is_cut_in_half_too() {
    let account = account("drop-mid-refusal");
    put(
        &account,
        json!([{ "operation": "getPod", "drop": "mid-body" }]),
    )
    .expect(200);
    let mut connection = account.connect();
    raw(
        &mut connection,
        &account,
        "GET",
        "/v1/pods/nobody",
        &Value::Null,
    );
    let told = connection.rest();
    let (head, length, half) = parts(&told);
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    assert_eq!(half.len(), length / 2);
}

#[test]
fn mid_body_an_answer_without_a_body_does_not_arrive() {
    let account = account("drop-mid-nothing");
    account.post("/v1/pods", pod("acme")).expect(201);
    put(
        &account,
        json!([{ "operation": "deletePod", "drop": "mid-body" }]),
    )
    .expect(200);
    let mut connection = account.connect();
    raw(
        &mut connection,
        &account,
        "DELETE",
        "/v1/pods/acme",
        &Value::Null,
    );
    assert_eq!(connection.rest(), b"");
    assert_eq!(last(&account)["answer"]["status"], 204);
    account.get("/v1/pods/acme").expect(200);
}

#[test]
fn what_was_answered_before_on_the_connection_arrives_whole() {
    let account = account("drop-pipelined");
    for (drop, is_made) in [("before", false), ("after", true), ("mid-body", false)] {
        let name = format!("pod-{drop}");
        put(
            &account,
            json!([{ "operation": "createPod", "drop": drop, "times": 1 }]),
        )
        .expect(200);
        let mut connection = account.connect();
        // Keep-alive: an answer first, then two requests at once of which the first breaks off.
        raw(&mut connection, &account, "GET", "/v1/me", &Value::Null);
        connection.answer().expect(200);
        raw(&mut connection, &account, "GET", "/v1/pods", &Value::Null);
        raw(&mut connection, &account, "POST", "/v1/pods", &pod(&name));
        raw(&mut connection, &account, "POST", "/v1/pods", &pod("never"));
        connection.answer().expect(200);
        let rest = connection.rest();
        assert_eq!(rest.is_empty(), drop != "mid-body", "{drop}");
        let status = account.get(&format!("/v1/pods/{name}")).status;
        assert_eq!(status == 200, is_made, "{drop}");
        account.get("/v1/pods/never").refused(404, "not_found");
        assert_eq!(hits(&account), [1]);
    }
}

#[test]
fn a_large_answer_before_a_drop_arrives_whole() {
    let account = account("drop-large");
    put(
        &account,
        json!([{ "operation": "getMe", "drop": "before" }]),
    )
    .expect(200);
    let mut connection = account.connect();
    // More than the system keeps for a peer that does not read yet.
    for _ in 0..200 {
        let headers = [];
        connection.request("GET", "/openapi.json", &headers, b"");
    }
    raw(&mut connection, &account, "GET", "/v1/me", &Value::Null);
    for _ in 0..200 {
        connection.answer().expect(200);
    }
    assert_eq!(connection.rest(), b"");
}

#[test]
fn a_delay_comes_before_a_drop() {
    let account = account("drop-delayed");
    put(
        &account,
        json!([{ "operation": "createPod", "delayMs": 5, "drop": "after" }]),
    )
    .expect(200);
    let mut connection = account.connect();
    raw(&mut connection, &account, "POST", "/v1/pods", &pod("acme"));
    assert_eq!(connection.rest(), b"");
    account.get("/v1/pods/acme").expect(200);
    assert_eq!(hits(&account), [1]);
}
