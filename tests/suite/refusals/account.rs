//! States of an account that stand in the way of a send, and that end.

use serde_json::json;

use super::{desk, lay, mail, refused, send, with, world};
use crate::support::post::text;

#[test]
fn a_banned_account_sends_nothing() {
    let post = world("refusals-banned", json!({ "account": { "banned": true } }));
    refused(&post, mail("ada@example.com"), 403, "account_banned");
    lay(&post, json!({ "account": { "banned": false } }));
    post.send(&desk(), mail("ada@example.com"));
}

#[test]
fn a_reached_spend_cap_pauses_sending() {
    let post = world(
        "refusals-cap",
        json!({ "account": { "spendCapPaused": true } }),
    );
    refused(&post, mail("ada@example.com"), 402, "spend_cap_paused");
    lay(&post, json!({ "account": { "spendCapPaused": false } }));
    post.send(&desk(), mail("ada@example.com"));
}

#[test]
fn a_full_storage_takes_no_more() {
    let post = world(
        "refusals-storage",
        json!({ "account": { "storageFull": true } }),
    );
    refused(
        &post,
        mail("ada@example.com"),
        422,
        "storage_limit_exceeded",
    );
    // What comes from outside is not refused: nobody there would be told.
    post.arrives(json!({ "from": "ada@example.com", "to": "desk@openmail.sh", "text": "Hi" }));
    lay(&post, json!({ "account": { "storageFull": false } }));
    post.send(&desk(), mail("ada@example.com"));
}

#[test]
fn a_suspended_inbox_does_not_send_and_still_receives() {
    for (reason, name) in [
        ("high_bounce_rate", "refusals-inbox-1"),
        ("high_complaint_rate", "refusals-inbox-2"),
        ("abuse", "refusals-inbox-3"),
        ("pod_degraded", "refusals-inbox-4"),
        ("manual_review", "refusals-inbox-5"),
        ("other", "refusals-inbox-6"),
    ] {
        let post = world(name, json!({}));
        let inbox = |suspended| json!({ "inboxes": [{ "address": "desk@openmail.sh", "suspended": suspended }] });
        lay(&post, inbox(json!(reason)));
        let answer = refused(&post, mail("ada@example.com"), 403, "reputation_suspended");
        let message = answer.message();
        assert!(
            message.contains(reason) && message.contains("inbox"),
            "{message}"
        );
        post.arrives(json!({ "from": "ada@example.com", "to": "desk@openmail.sh", "text": "Hi" }));
        lay(&post, inbox(json!(null)));
        post.send(&desk(), mail("ada@example.com"));
    }
}

#[test]
fn all_inboxes_of_a_suspended_pod_do_not_send() {
    let id = super::ID;
    let post = world(
        "refusals-pod",
        json!({
            "pods": [{ "clientId": "a", "suspended": "abuse",
                       "inboxes": [{ "address": "desk@openmail.sh", "id": id }] }],
            "inboxes": [{ "address": "door@openmail.sh" }],
        }),
    );
    let answer = refused(&post, mail("ada@example.com"), 403, "reputation_suspended");
    assert!(answer.message().contains("pod"), "{}", answer.message());
    let inboxes = post.account.get("/v1/inboxes").expect(200).json();
    let inboxes = inboxes["data"].as_array().expect("a list");
    let door = inboxes
        .iter()
        .find(|inbox| inbox["address"] == "door@openmail.sh");
    post.send(door.expect("it is there"), mail("ada@example.com"));
    lay(
        &post,
        json!({ "pods": [{ "clientId": "a", "suspended": null }] }),
    );
    post.send(&desk(), mail("ada@example.com"));
}

#[test]
fn the_default_pod_can_be_suspended() {
    let pod = json!({ "isDefault": true, "suspended": "manual_review" });
    let post = world("refusals-default-pod", json!({ "pods": [pod] }));
    refused(&post, mail("ada@example.com"), 403, "reputation_suspended");
}

#[test]
fn an_account_may_insist_on_idempotency_keys() {
    let post = world(
        "refusals-key",
        json!({ "account": { "requireIdempotencyKey": true } }),
    );
    let before = super::export(&post);
    send(&post, mail("ada@example.com")).refused(400, "missing_idempotency_key");
    let empty = post.send_with_key(&desk(), "", &mail("ada@example.com").to_string());
    empty.refused(400, "missing_idempotency_key");
    assert_eq!(super::export(&post), before);
    post.send_with_key(&desk(), "k", &mail("ada@example.com").to_string())
        .expect(200);
}

#[test]
fn on_the_free_plan_replies_come_to_an_inbox_of_the_account() {
    let post = world("refusals-free", json!({ "account": { "plan": "free" } }));
    let reply_to = |address: &str| with(mail("ada@example.com"), json!({ "replyTo": address }));
    let answer = refused(
        &post,
        reply_to("elsewhere@example.com"),
        403,
        "feature_requires_paid_plan",
    );
    assert_eq!(answer.json()["feature"], "external_reply_to");
    post.send(&desk(), reply_to("Desk@OpenMail.sh"));
    lay(&post, json!({ "account": { "plan": "pro" } }));
    post.send(&desk(), reply_to("elsewhere@example.com"));
}

/// A key whose first answer is known gets it again, whatever became of the account since.
#[test]
fn a_replay_comes_before_the_state_of_the_account() {
    let post = world("refusals-replay", json!({}));
    let body = mail("ada@example.com").to_string();
    let first = post.send_with_key(&desk(), "k", &body).expect(200);
    let state = json!({
        "account": { "banned": true, "storageFull": true, "spendCapPaused": true },
        "suppressions": [{ "address": "ada@example.com", "type": "bounce" }],
    });
    lay(&post, state);
    let again = post.send_with_key(&desk(), "k", &body).expect(200);
    assert_eq!(again.body, first.body);
    let other = mail("bo@example.com").to_string();
    post.send_with_key(&desk(), "k", &other)
        .refused(422, "idempotency_key_reused");
    assert_eq!(text(&first.json(), "status"), "sent");
}
