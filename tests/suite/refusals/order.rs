//! Of several reasons for which a send is refused, a client sees the first.

use serde_json::json;

use super::{ID, desk, lay, mail, send, with, world};

/// Everything is wrong at once; each reason in turn is taken away, and the next one is told.
#[test]
fn reasons_are_told_in_their_order() {
    let post = world(
        "refusals-order",
        json!({
            "account": { "plan": "free", "requireIdempotencyKey": true, "banned": true,
                         "spendCapPaused": true, "storageFull": true, "limits": "on" },
            "inboxes": [{ "address": "desk@openmail.sh", "id": ID, "suspended": "abuse" }],
            "suppressions": [{ "address": "ada@example.com", "type": "bounce" }],
            "usage": { "coldRecipients": 30, "inboxes": [{ "inbox": ID, "sends": 200 }] },
        }),
    );
    let known = json!({ "idempotency": [{ "key": "used", "inbox": ID, "fingerprint": "0".repeat(64), "answer": "{}" }] });
    lay(&post, known);
    let mut body = json!({ "to": "ada@example.com", "body": "Hello", "replyTo": "x@example.com" });
    let told = |inbox: &str, key: &str, body: &serde_json::Value| {
        let before = super::export(&post);
        let inbox = json!({ "id": inbox });
        let answer = post.send_with_key(&inbox, key, &body.to_string());
        if answer.status == 200 {
            return (200, String::new());
        }
        assert_eq!(super::export(&post), before);
        (answer.status, answer.error())
    };
    let expect = |answer: (u16, String), status: u16, code: &str| {
        assert_eq!(answer, (status, code.to_owned()));
    };
    expect(told("nowhere", "", &body), 400, "bad_request");
    body["subject"] = json!("Hello");
    expect(told("nowhere", "", &body), 404, "not_found");
    body["threadId"] = json!("nowhere");
    expect(told(ID, "", &body), 400, "missing_idempotency_key");
    expect(told(ID, "used", &body), 422, "idempotency_key_reused");
    expect(told(ID, "new", &body), 403, "account_banned");
    lay(&post, json!({ "account": { "banned": false } }));
    expect(told(ID, "new", &body), 402, "spend_cap_paused");
    lay(&post, json!({ "account": { "spendCapPaused": false } }));
    expect(told(ID, "new", &body), 403, "reputation_suspended");
    lay(
        &post,
        json!({ "inboxes": [{ "id": ID, "suspended": null }] }),
    );
    expect(told(ID, "new", &body), 404, "not_found");
    body.as_object_mut().expect("an object").remove("threadId");
    expect(told(ID, "new", &body), 403, "feature_requires_paid_plan");
    body.as_object_mut().expect("an object").remove("replyTo");
    expect(told(ID, "new", &body), 422, "storage_limit_exceeded");
    lay(&post, json!({ "account": { "storageFull": false } }));
    expect(told(ID, "new", &body), 422, "recipient_suppressed");
    let gone = json!({ "suppressions": [{ "address": "ada@example.com", "remove": true }] });
    lay(&post, gone);
    expect(told(ID, "new", &body), 429, "rate_limit_exceeded");
    lay(
        &post,
        json!({ "usage": { "inboxes": [{ "inbox": ID, "sends": 199 }] } }),
    );
    expect(told(ID, "new", &body), 429, "cold_outreach_limit");
    lay(&post, json!({ "usage": { "coldRecipients": 29 } }));
    expect(told(ID, "new", &body), 200, "");
    expect(told(ID, "newer", &body), 429, "rate_limit_exceeded");
}

#[test]
fn what_a_recipient_asks_for_has_its_place_among_real_reasons() {
    let post = world(
        "refusals-order-asked",
        json!({
            "account": { "storageFull": true },
            "suppressions": [{ "address": "ada@example.com", "type": "bounce" }],
        }),
    );
    let asks = |code: &str| {
        with(
            mail("ada@example.com"),
            json!({ "cc": [format!("{code}@fail.test")] }),
        )
    };
    let told = |body| send(&post, body).error();
    assert_eq!(told(asks("account_banned")), "account_banned");
    assert_eq!(told(asks("no_mx_records")), "storage_limit_exceeded");
    lay(&post, json!({ "account": { "storageFull": false } }));
    assert_eq!(
        told(asks("recipient_not_permitted")),
        "recipient_not_permitted"
    );
    assert_eq!(told(asks("no_mx_records")), "recipient_suppressed");
}

#[test]
fn of_two_errors_that_are_asked_for_the_first_in_order_comes() {
    let post = world("refusals-order-two", json!({}));
    let body = with(
        mail("unsafe_content@fail.test"),
        json!({ "bcc": ["rate_limit_exceeded@fail.test", "no_mx_records@fail.test"] }),
    );
    let answer = post.try_send(&desk(), body);
    answer.refused(422, "no_mx_records");
}

/// Also for a key of another inbox: what is wrong with the request itself comes before whom it is
/// about and who may.
#[test]
fn a_key_is_judged_after_the_form_and_before_the_rules() {
    let post = world(
        "refusals-order-key",
        json!({ "account": { "banned": true },
                "inboxes": [{ "address": "desk@openmail.sh", "id": ID },
                            { "address": "door@openmail.sh" }] }),
    );
    let inboxes = post.account.get("/v1/inboxes").expect(200).json();
    let rows = inboxes["data"].as_array().expect("a list");
    let door = rows
        .iter()
        .find(|row| row["id"] != ID)
        .expect("another one");
    let path = format!(
        "/v1/inboxes/{}/api-keys",
        door["id"].as_str().expect("an id")
    );
    let key = post.account.post(&path, json!({})).expect(201).json();
    let token = key["token"].as_str().expect("a token").to_owned();
    let stranger = post.account.holding(&token);
    let told = |inbox: &str, body| {
        let path = format!("/v1/inboxes/{inbox}/send");
        stranger.post(&path, body).error()
    };
    let without_subject = json!({ "to": "ada@example.com", "body": "Hello" });
    assert_eq!(told("nowhere", without_subject.clone()), "bad_request");
    assert_eq!(told(ID, without_subject), "bad_request");
    assert_eq!(told(ID, mail("ada@fail.test")), "bad_request");
    assert_eq!(told("nowhere", mail("ada@example.com")), "not_found");
    assert_eq!(told(ID, mail("ada@example.com")), "forbidden");
    let own = door["id"].as_str().expect("an id");
    assert_eq!(told(own, mail("ada@example.com")), "account_banned");
}
