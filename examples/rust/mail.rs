//! What our product relies on when mail moves.

use std::thread;

use serde_json::{Value, json};

use crate::openmail::{Account, Receiver, mock};

const DESK: &str = "desk@openmail.sh";

/// The seed: an inbox with one unread mail of yesterday, beside what the fixture `saas` holds;
/// answers the inbox's path.
fn desk(api: &Account) -> String {
    let mail =
        json!({ "from": "Ada <ada@example.com>", "at": "-1d", "text": "Where is my invoice?" });
    let seed = json!({
        "pods": [{ "clientId": "acme", "inboxes": [{ "address": DESK }] }],
        "threads": [{ "inbox": DESK, "subject": "Invoice", "messages": [mail] }],
    });
    api.done(api.patch("/_mock/state", seed));
    let listed = api.done(api.get("/v1/inboxes?podId=acme"));
    format!("/v1/inboxes/{}", text(&listed["data"][0]["id"]))
}

#[test]
fn what_is_unread_is_found() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let desk = desk(&api);
    let threads = api.done(api.get(&format!("{desk}/threads?isRead=false")));
    assert_eq!(
        (&threads["total"], &threads["data"][0]["subject"]),
        (&json!(1), &json!("Invoice"))
    );
}

#[test]
fn a_mail_whose_answer_is_lost_leaves_once() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let desk = desk(&api);
    let fault = json!({ "operation": "sendEmail", "drop": "after", "times": 1 });
    api.done(api.put("/_mock/faults", json!([fault])));

    send(&api, &desk, "invoice-1");
    let sent = json!({ "inbox": DESK, "direction": "outbound" });
    expect(&api, json!({ "of": "messages", "match": sent, "times": 1 }));
    assert_eq!(api.done(api.get("/_mock/faults"))["data"][0]["hits"], 1);
}

#[test]
fn what_leaves_in_the_background_is_waited_for() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let desk = desk(&api);
    thread::scope(|scope| {
        scope.spawn(|| send(&api, &desk, "invoice-1")); // Our product, in its own time.

        let sent = json!({ "to": "ada@example.com", "subject": "Your *" });
        let found = expect(
            &api,
            json!({ "of": "messages", "match": sent, "withinMs": 5_000 }),
        );
        assert_eq!(found["matched"][0]["bodyText"], "Here it is.");
    });
}

#[test]
fn a_webhook_that_failed_comes_again_signed() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let desk = desk(&api);
    let receiver = Receiver::answering(&[500, 200]);
    api.done(api.post("/_mock/clock", json!({ "mode": "frozen" })));
    api.done(api.patch(&desk, json!({ "webhookUrl": receiver.url() })));
    let rotated = api.done(api.post(&format!("{desk}/webhook/rotate-secret"), Value::Null));
    let secret = text(&rotated["webhookSecret"]);

    let mail = json!({ "from": "ada@example.com", "to": DESK, "subject": "And now?" });
    api.done(api.post("/_mock/inbound", mail));
    // Half a minute passes at once, with all that falls due in it.
    api.done(api.post("/_mock/clock", json!({ "by": "30s" })));

    for attempt in 1..=2 {
        let hook = receiver.next();
        assert_eq!(hook.json()["attempt"], attempt);
        assert!(hook.is_signed_by(secret));
    }
    let delivered = json!({ "inbox": DESK, "status": "delivered" });
    expect(&api, json!({ "of": "deliveries", "match": delivered }));
}

/// Sends a mail until there is an answer; the key lets the service tell a repetition.
fn send(api: &Account, desk: &str, key: &str) {
    let mail = json!({ "to": "ada@example.com", "subject": "Your invoice", "body": "Here it is." });
    let path = format!("{desk}/send");
    let mut answers = (0..3).filter_map(|_| api.try_post(&path, key, &mail).ok());
    let (status, body) = answers.next().expect("the service answers");
    assert_eq!(status, 200, "{body}");
}

/// What matched. If nothing does, the failure says what came closest.
fn expect(api: &Account, question: Value) -> Value {
    api.done(api.post("/_mock/expect", question))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
