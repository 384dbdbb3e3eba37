//! Faults of deliveries: attempts that fail, arrive corrupt or arrive twice because a test says so.

use serde_json::{Value, json};

use super::{hits, put};
use crate::support::Receiver;
use crate::support::post::{Post, rows};

const SECRET: &str = "whsec_known";

/// A world with an inbox whose webhook leads to that receiver, and these faults.
fn world(name: &str, receiver: &Receiver, faults: Value) -> Post {
    let post = Post::new(name);
    let inbox = json!({
        "address": "desk@openmail.sh", "webhookUrl": receiver.url(), "webhookSecret": SECRET,
    });
    let state = json!({ "inboxes": [inbox] });
    post.account.patch("/_mock/state", state).expect(200);
    put(&post.account, faults).expect(200);
    post
}

fn arrives(post: &Post) {
    let mail = json!({ "from": "ada@example.com", "to": "desk@openmail.sh", "text": "Hi" });
    post.account.post("/_mock/inbound", mail).expect(200);
}

/// The only delivery after so much time.
fn after(post: &Post, by: &str) -> Value {
    post.advance(by);
    let all = rows(&post.account.get("/_mock/deliveries").expect(200).json());
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0].clone()
}

#[test]
fn an_attempt_fails_without_anybody_being_contacted() {
    let receiver = Receiver::taking();
    let fault = json!([{ "on": "delivery", "when": { "attempt": 2 }, "status": 503 },
                       { "on": "delivery", "status": 500, "times": 1 }]);
    let post = world("fault-attempt", &receiver, fault);
    arrives(&post);
    let delivery = after(&post, "2m");
    let statuses: Vec<&Value> = delivery["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .map(|attempt| &attempt["status"])
        .collect();
    assert_eq!(statuses, [500, 503, 200]);
    assert_eq!(delivery["attempts"][1]["fault"], 0);
    assert_eq!(delivery["attempts"][2]["fault"], Value::Null);
    assert_eq!(delivery["status"], "delivered");
    let received = receiver.await_received(1);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].json()["attempt"], 3);
    assert_eq!(hits(&post.account), [1, 1]);
}

#[test]
fn a_receiver_that_verifies_finds_what_is_corrupt() {
    for (what, is_signed) in [("signature", false), ("timestamp", true), ("body", false)] {
        let receiver = Receiver::taking();
        let fault = json!([{ "on": "delivery", "corrupt": what, "times": 1 }]);
        let post = world(&format!("fault-corrupt-{what}"), &receiver, fault);
        arrives(&post);
        let delivery = after(&post, "0s");
        let received = receiver.await_received(1).remove(0);
        assert_eq!(received.is_signed_by(SECRET), is_signed, "{what}");
        let sent: i64 = received.header("x-timestamp").parse().expect("seconds");
        let attempt = &delivery["attempts"][0];
        assert_eq!(attempt["timestamp"], sent);
        let later = json!([{ "on": "delivery", "corrupt": what, "times": 1 }]);
        assert_eq!(attempt["fault"], 0, "{later}");
        // The next one is whole, and told by a clock that goes right.
        arrives(&post);
        let next = receiver.await_received(2).remove(1);
        assert!(next.is_signed_by(SECRET));
        let sound: i64 = next.header("x-timestamp").parse().expect("seconds");
        let is_stale = sound - sent >= 600;
        assert_eq!(is_stale, what == "timestamp", "{what}");
    }
}

#[test]
fn a_duplicate_is_the_same_twice_and_one_attempt() {
    let receiver = Receiver::taking();
    let fault = json!([{ "on": "delivery", "duplicate": true, "when": { "inbox": "DESK@*" } }]);
    let post = world("fault-duplicate", &receiver, fault);
    arrives(&post);
    let received = receiver.await_received(2);
    assert_eq!(received[0].json(), received[1].json());
    let delivery = after(&post, "0s");
    assert_eq!(delivery["made"], 1);
    assert_eq!(delivery["status"], "delivered");
}

#[test]
fn what_is_about_another_event_or_inbox_strikes_nothing() {
    let receiver = Receiver::taking();
    let fault = json!([
        { "on": "delivery", "when": { "event": "pod.*" }, "status": 500 },
        { "on": "delivery", "when": { "inbox": "other@openmail.sh" }, "status": 500 },
        { "operation": "*", "status": 500, "times": 1, "when": { "query": { "limit": "77" } } },
    ]);
    let post = world("fault-elsewhere", &receiver, fault);
    arrives(&post);
    assert_eq!(after(&post, "0s")["status"], "delivered");
    assert_eq!(hits(&post.account), [0, 0, 0]);
}

#[test]
fn a_fault_of_deliveries_that_cannot_be_is_refused_with_its_place() {
    let post = Post::new("fault-delivery-refused");
    for (entry, place) in [
        (json!({ "on": "delivery" }), "/0"),
        (
            json!({ "on": "delivery", "status": 500, "corrupt": "body" }),
            "/0/status",
        ),
        (
            json!({ "on": "delivery", "status": 500, "operation": "getPod" }),
            "/0/operation",
        ),
        (
            json!({ "on": "delivery", "duplicate": true, "drop": "after" }),
            "/0/drop",
        ),
        (
            json!({ "on": "delivery", "status": 500, "when": { "path": { "id": "x" } } }),
            "/0/when/path",
        ),
        (
            json!({ "operation": "getPod", "corrupt": "body", "status": 500 }),
            "/0/corrupt",
        ),
        (
            json!({ "operation": "getPod", "status": 500, "when": { "event": "x" } }),
            "/0/when/event",
        ),
        (json!({ "on": "delivery", "status": 204 }), "/0/status"),
        (json!({ "on": "delivery", "status": 101 }), "/0/status"),
        (
            json!({ "on": "delivery", "status": 500, "when": { "attempt": 6 } }),
            "/0/when/attempt",
        ),
        (json!({ "status": 500 }), "/0"),
    ] {
        let refused = put(&post.account, json!([entry])).refused(400, "bad_request");
        let violations = refused.json()["violations"].clone();
        let places: Vec<&str> = violations
            .as_array()
            .expect("violations")
            .iter()
            .filter_map(|it| it["pointer"].as_str())
            .collect();
        assert!(places.contains(&place), "{places:?}, not {place}");
    }
}
