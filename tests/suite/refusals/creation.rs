//! What a new inbox is refused with, and in which order.

use serde_json::{Value, json};

use super::{export, lay, world};
use crate::support::post::Post;

#[track_caller]
fn refused(post: &Post, body: &Value, status: u16, code: &str) {
    let before = export(post);
    post.account
        .post("/v1/inboxes", body.clone())
        .refused(status, code);
    assert_eq!(export(post), before);
}

/// Each reason in turn is taken away, and the next one is told.
#[test]
fn of_several_reasons_the_first_is_told() {
    let post = world(
        "refusals-creation",
        json!({
            "account": { "plan": "free", "spendCapPaused": true, "limits": "on" },
            "inboxes": [{ "address": "desk@openmail.sh" }, { "address": "door@openmail.sh" },
                        { "address": "gate@openmail.sh" }],
            "usage": { "inboxesCreated": 100 },
        }),
    );
    let mut body = json!({
        "mailboxName": "desk", "podId": "nowhere", "domain": "nobody.example",
        "webhookUrl": "http://example.com/hook",
    });
    refused(&post, &body, 400, "invalid_pod");
    body.as_object_mut().expect("an object").remove("podId");
    refused(&post, &body, 400, "invalid_domain");
    body.as_object_mut().expect("an object").remove("domain");
    refused(&post, &body, 402, "spend_cap_paused");
    lay(&post, json!({ "account": { "spendCapPaused": false } }));
    refused(&post, &body, 422, "inbox_limit_reached");
    lay(&post, json!({ "account": { "plan": "pro" } }));
    refused(&post, &body, 422, "invalid_webhook_url");
    body.as_object_mut()
        .expect("an object")
        .remove("webhookUrl");
    refused(&post, &body, 429, "rate_limit_exceeded");
    lay(&post, json!({ "usage": { "inboxesCreated": 99 } }));
    refused(&post, &body, 409, "address_taken");
    body["mailboxName"] = json!("new");
    post.account.post("/v1/inboxes", body.clone()).expect(201);
    body["mailboxName"] = json!("newer");
    refused(&post, &body, 429, "rate_limit_exceeded");
}

#[test]
fn the_answer_says_when_there_is_room_again() {
    let post = world(
        "refusals-creation-retry",
        json!({ "account": { "limits": "on" }, "usage": { "inboxesCreated": 100 } }),
    );
    let answer = post.account.post("/v1/inboxes", json!({}));
    let answer = answer.refused(429, "rate_limit_exceeded");
    // From 9:30 to midnight.
    assert_eq!(answer.header("retry-after"), Some("52200"));
    post.advance("14h30m");
    post.account.post("/v1/inboxes", json!({})).expect(201);
}

#[test]
fn the_dashboard_counts_nothing_and_is_not_bound() {
    let post = world(
        "refusals-creation-dashboard",
        json!({ "account": { "limits": "on" }, "usage": { "inboxesCreated": 100 } }),
    );
    lay(
        &post,
        json!({ "inboxes": [{ "address": "door@openmail.sh" }] }),
    );
    lay(&post, json!({ "usage": { "inboxesCreated": 99 } }));
    lay(
        &post,
        json!({ "inboxes": [{ "address": "gate@openmail.sh" }] }),
    );
    post.account.post("/v1/inboxes", json!({})).expect(201);
}
