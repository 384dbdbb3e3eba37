//! Webhooks through the protocol: what is delivered, how it is signed, when it is tried again.

use std::net::TcpListener;
use std::sync::{Arc, OnceLock, mpsc};

use openmail_mock::Config;
use serde_json::{Value, json};

use crate::support::post::{Post, START, id, rows, text};
use crate::support::{Account, Receiver, Then, account, account_of, start};

/// An inbox with a webhook, in a world at a frozen instant.
fn hooked(world: &str, receiver: &Receiver) -> (Post, Value) {
    hooked_at(world, &receiver.url())
}

fn hooked_at(world: &str, url: &str) -> (Post, Value) {
    let post = Post::new(world);
    let inbox = post.inbox_with(json!({ "mailboxName": "desk", "webhookUrl": url }));
    (post, inbox)
}

fn arrives(account: &Account, subject: &str) {
    let mail = json!({ "from": "Ada <ada@example.com>", "to": "desk@openmail.sh", "subject": subject, "text": "Hi" });
    account.post("/_mock/inbound", mail).expect(200);
}

/// The deliveries of a world, the newest first.
fn deliveries(account: &Account) -> Vec<Value> {
    rows(
        &account
            .get("/_mock/deliveries?limit=100")
            .expect(200)
            .json(),
    )
}

/// The only delivery, when nothing is under way.
#[track_caller]
fn settled(account: &Account) -> Value {
    account
        .post("/_mock/clock", json!({ "by": "0s" }))
        .expect(200);
    let mut all = deliveries(account);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// A port at which nothing listens.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[test]
fn a_message_that_comes_is_delivered_signed() {
    let receiver = Receiver::taking();
    let (post, inbox) = hooked("webhook-signed", &receiver);
    post.arrives(json!({
        "from": "Ada <ada@example.com>", "to": "desk@openmail.sh", "cc": "bob@example.com",
        "subject": "Invoice", "text": "Here it is.",
        "attachments": [{ "filename": "my note.txt", "contentType": "text/plain", "data": "SGVsbG8=" }],
    }));
    let received = receiver.await_received(1).remove(0);
    assert_eq!(received.line, "POST /hooks?from=mock HTTP/1.1");
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(received.header("connection"), "close");
    assert!(received.is_signed_by(text(&inbox, "webhookSecret")));
    assert!(!received.is_signed_by("whsec_other"));
    let body = received.json();
    assert_eq!(received.header("x-event-id"), text(&body, "event_id"));
    let message = post.only(&inbox);
    let url = text(&body["message"]["attachments"][0], "url");
    assert!(
        url.ends_with(&format!("/v1/attachments/{}/my%20note.txt", id(&message))),
        "{url}"
    );
    assert_eq!(
        body,
        json!({
            "event": "message.received", "event_id": body["event_id"],
            "occurred_at": START, "delivered_at": START, "attempt": 1,
            "inbox_id": id(&inbox), "thread_id": message["threadId"],
            "message": {
                "id": id(&message), "rfc_message_id": body["message"]["rfc_message_id"],
                "from": "Ada <ada@example.com>", "to": "desk@openmail.sh", "cc": ["bob@example.com"],
                "subject": "Invoice", "body_text": "Here it is.",
                "category": "personal", "auto_replyable": true, "verdict": "clean", "spam_score": null,
                "attachments": [{
                    "filename": "my note.txt", "contentType": "text/plain", "sizeBytes": 5,
                    "url": url, "parsedText": "Hello", "extractionMethod": "text",
                }],
                "received_at": START,
            },
        })
    );
    // Receivers hold it against their own clock, wherever the world's stands.
    let timestamp: u64 = received.header("x-timestamp").parse().expect("seconds");
    assert!((1_700_000_000..2_200_000_000).contains(&timestamp));
}

#[test]
fn what_was_signed_is_shown_with_what_came_back() {
    let receiver = Receiver::taking();
    let (post, inbox) = hooked("webhook-shown", &receiver);
    arrives(&post.account, "Hello");
    let delivery = settled(&post.account);
    let received = receiver.await_received(1).remove(0);
    let attempt = &delivery["attempts"][0];
    assert_eq!(delivery["eventId"], received.header("x-event-id"));
    assert_eq!(delivery["status"], "delivered");
    assert_eq!(
        (&delivery["inboxId"], &delivery["url"]),
        (&inbox["id"], &json!(receiver.url()))
    );
    let body = String::from_utf8(received.body.clone()).expect("text");
    let signed = format!("{}.{body}", received.header("x-timestamp"));
    assert_eq!(attempt["signedString"], signed);
    assert_eq!(attempt["signature"], received.header("x-signature"));
    assert_eq!(
        (&attempt["status"], &attempt["error"]),
        (&json!(200), &Value::Null)
    );
    assert_eq!(
        (&attempt["body"], &attempt["at"]),
        (&json!(body), &json!(START))
    );
    assert_eq!(
        attempt["answer"],
        json!({ "body": "noted", "truncated": false })
    );
}

#[test]
fn five_attempts_are_made_each_at_its_instant() {
    let receiver = Receiver::answering(500);
    let (post, _) = hooked("webhook-five", &receiver);
    arrives(&post.account, "Hello");
    let moved = post
        .account
        .post("/_mock/clock", json!({ "by": "1h" }))
        .expect(200)
        .json();
    let instants = ["09:30:00", "09:30:30", "09:31:00", "09:32:00", "09:34:00"];
    let instants = instants.map(|time| format!("2040-01-16T{time}.000Z"));
    assert_eq!(
        (&moved["now"], &moved["done"]),
        (&json!("2040-01-16T10:30:00.000Z"), &json!(true))
    );
    let delivery = settled(&post.account);
    assert_eq!(delivery["status"], "failed");
    assert!(delivery["dueAt"].is_null());
    let fired: Vec<Value> = instants[1..]
        .iter()
        .map(|at| json!({ "at": at, "kind": "webhook_attempt", "id": delivery["id"] }))
        .collect();
    assert_eq!(moved["fired"], json!(fired));
    let received = receiver.received();
    assert_eq!(received.len(), 5);
    let event = received[0].header("x-event-id");
    for (number, (received, at)) in received.iter().zip(&instants).enumerate() {
        let body = received.json();
        assert_eq!(received.header("x-event-id"), event);
        assert_eq!(
            (&body["attempt"], &body["delivered_at"]),
            (&json!(number + 1), &json!(at))
        );
        assert_eq!(body["occurred_at"], START);
        let attempt = &delivery["attempts"][number];
        assert_eq!(
            (&attempt["number"], &attempt["at"]),
            (&json!(number + 1), &json!(at))
        );
        assert_eq!(attempt["error"], "the receiver answered 500");
    }
}

#[test]
fn a_receiver_that_recovers_is_tried_no_more() {
    let receiver = Receiver::new(|_, number| Then::Answer(if number < 2 { 503 } else { 204 }));
    let (post, _) = hooked("webhook-recovers", &receiver);
    arrives(&post.account, "Hello");
    post.advance("29s999ms");
    assert_eq!(receiver.received().len(), 1);
    post.advance("1ms");
    assert_eq!(receiver.received().len(), 2);
    post.advance("1d");
    let delivery = settled(&post.account);
    assert_eq!(
        (receiver.received().len(), &delivery["made"]),
        (3, &json!(3))
    );
    assert_eq!(delivery["status"], "delivered");
}

#[test]
fn whatever_is_no_success_is_a_failure_with_its_reason() {
    let elsewhere = Receiver::taking();
    let moved = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        elsewhere.url()
    );
    let cases: [(&str, Vec<u8>, Value, &str); 4] = [
        (
            "redirect",
            moved.into(),
            json!(302),
            "the receiver answered 302; redirects are not followed",
        ),
        (
            "closed",
            Vec::new(),
            Value::Null,
            "the receiver closed the connection without an answer",
        ),
        (
            "garbage",
            b"Good morning\r\n\r\n".to_vec(),
            Value::Null,
            "what came back is no HTTP answer",
        ),
        (
            "gone",
            b"HTTP/1.1 410 Gone\r\n\r\nfor good".to_vec(),
            json!(410),
            "the receiver answered 410",
        ),
    ];
    for (name, answer, status, error) in cases {
        let receiver = Receiver::new(move |_, _| Then::Write(answer.clone()));
        let (post, _) = hooked(&format!("webhook-fails-{name}"), &receiver);
        arrives(&post.account, "Hello");
        let delivery = settled(&post.account);
        let attempt = &delivery["attempts"][0];
        assert_eq!(
            (&delivery["status"], &attempt["status"]),
            (&json!("pending"), &status),
            "{name}"
        );
        assert!(text(attempt, "error").starts_with(error), "{attempt:#}");
        assert_eq!(delivery["dueAt"], "2040-01-16T09:30:30.000Z");
    }
    assert!(elsewhere.received().is_empty());
    let (post, _) = hooked_at("webhook-fails-refused", &refusing());
    arrives(&post.account, "Hello");
    let delivery = settled(&post.account);
    assert!(text(&delivery["attempts"][0], "error").starts_with("nothing listens on 127.0.0.1:"));
}

#[test]
fn a_long_answer_is_cut() {
    let answer = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &vec![b'x'; 1_000_000]].concat();
    let receiver = Receiver::new(move |_, _| Then::Write(answer.clone()));
    let (post, _) = hooked("webhook-long-answer", &receiver);
    arrives(&post.account, "Hello");
    let delivery = settled(&post.account);
    let answer = &delivery["attempts"][0]["answer"];
    assert_eq!(
        (text(answer, "body").len(), &answer["truncated"]),
        (16_384, &json!(true))
    );
    assert_eq!(delivery["status"], "delivered");
}

#[test]
fn a_receiver_that_hangs_delays_nobody_and_is_left_at_a_reset() {
    let receiver = Receiver::hanging();
    let (post, _) = hooked("webhook-hangs", &receiver);
    let account = &post.account;
    arrives(account, "Hello");
    receiver.await_received(1);
    arrives(account, "Again");
    receiver.await_received(2);
    let all = deliveries(account);
    assert_eq!(
        (all.len(), &all[0]["underWay"], &all[0]["made"]),
        (2, &json!(true), &json!(0))
    );
    let stopped = account.post("/_mock/clock", json!({ "by": "1m", "timeoutMs": 20 }));
    let stopped = stopped.expect(200).json();
    assert_eq!(
        (&stopped["done"], &stopped["now"]),
        (&json!(false), &json!(START))
    );
    account.post("/_mock/reset", json!({})).expect(200);
    receiver.await_left(2);
    assert_eq!(deliveries(account), Vec::<Value>::new());
}

#[test]
fn a_world_that_is_dropped_leaves_its_receivers() {
    let receiver = Receiver::hanging();
    let (post, _) = hooked("webhook-dropped", &receiver);
    arrives(&post.account, "Hello");
    receiver.await_received(1);
    post.account
        .delete("/_mock/worlds/webhook-dropped")
        .expect(204);
    receiver.await_left(1);
    assert_eq!(deliveries(&post.account), Vec::<Value>::new());
}

#[test]
fn a_receiver_may_call_back() {
    let callback = Arc::new(OnceLock::<Account>::new());
    let called = callback.clone();
    let (done, is_done) = mpsc::channel();
    let receiver = Receiver::new(move |received, number| {
        if number == 0 {
            let account = called.get().expect("it is set before anything comes");
            account.get("/v1/inboxes").expect(200);
            arrives(account, "From the receiver");
            // This attempt is under way as long as its receiver waits: the move cannot pass it.
            let moved = account.post("/_mock/clock", json!({ "by": "1s", "timeoutMs": 20 }));
            assert_eq!(moved.expect(200).json()["done"], false);
            account
                .post("/_mock/clock", json!({ "mode": "frozen" }))
                .expect(200);
            done.send(()).expect("the test waits for it");
        }
        assert!(received.header("x-signature").len() == 64);
        Then::Answer(200)
    });
    let (post, _) = hooked("webhook-calls-back", &receiver);
    let _ = callback.set(account("webhook-calls-back"));
    arrives(&post.account, "Hello");
    is_done.recv().expect("the receiver says so");
    post.advance("1s");
    let statuses: Vec<Value> = deliveries(&post.account)
        .iter()
        .map(|it| it["status"].clone())
        .collect();
    assert_eq!(statuses, ["delivered", "delivered"]);
}

#[test]
fn a_move_meets_a_receiver_that_moves_the_clock() {
    let callback = Arc::new(OnceLock::<Account>::new());
    let called = callback.clone();
    let receiver = Receiver::new(move |_, number| {
        if number > 0 {
            let account = called.get().expect("it is set before anything comes");
            account
                .post("/_mock/clock", json!({ "by": "1s" }))
                .refused(409, "clock_busy");
        }
        Then::Answer(500)
    });
    let (post, _) = hooked("webhook-moves", &receiver);
    let _ = callback.set(account("webhook-moves"));
    arrives(&post.account, "Hello");
    receiver.await_received(1);
    post.advance("5m");
    assert_eq!(receiver.received().len(), 5);
    assert_eq!(
        settled(&post.account)["attempts"][4]["error"],
        "the receiver answered 500"
    );
}

#[test]
fn what_a_deleted_inbox_had_to_deliver_ends() {
    let receiver = Receiver::answering(500);
    let (post, inbox) = hooked("webhook-deleted", &receiver);
    arrives(&post.account, "Hello");
    receiver.await_received(1);
    settled(&post.account);
    post.account
        .delete(&format!("/v1/inboxes/{}", id(&inbox)))
        .expect(204);
    post.advance("1h");
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(settled(&post.account)["status"], "failed");
}

#[test]
fn worlds_deliver_beside_each_other() {
    std::thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || {
                let receiver = Receiver::answering(500);
                let (post, inbox) = hooked(&format!("webhook-parallel-{number}"), &receiver);
                for _ in 0..5 {
                    arrives(&post.account, "Hello");
                }
                post.advance("1h");
                let received = receiver.received();
                assert_eq!(received.len(), 25);
                let is_own = |it: &crate::support::Received| {
                    it.json()["inbox_id"] == inbox["id"]
                        && it.is_signed_by(text(&inbox, "webhookSecret"))
                };
                assert!(received.iter().all(is_own));
            });
        }
    });
}

#[test]
fn receivers_elsewhere_are_not_contacted() {
    let (post, _) = hooked_at("webhook-elsewhere", "https://hooks.example.com/in");
    arrives(&post.account, "Hello");
    let attempt = &settled(&post.account)["attempts"][0];
    let error =
        "receivers behind https are never contacted; what they would have got is recorded here";
    assert_eq!(attempt["error"], error);
    assert_eq!(text(attempt, "signature").len(), 64);
    let outside = json!({ "webhookUrl": "http://hooks.example.com/in" });
    let refused = post.account.post("/v1/inboxes", outside.clone());
    refused.refused(422, "invalid_webhook_url");

    let mock = start(Config {
        allow_external_webhooks: true,
        ..Config::default()
    });
    let account = account_of(&mock, "w");
    account.post("/v1/inboxes", outside).expect(201);
    let receiver = Receiver::taking();
    let inbox = json!({ "mailboxName": "desk", "webhookUrl": receiver.url() });
    account.post("/v1/inboxes", inbox).expect(201);
    arrives(&account, "Hello");
    receiver.await_received(1);
}

#[test]
fn a_secret_is_replaced_at_once() {
    let receiver = Receiver::new(|_, number| Then::Answer(if number == 0 { 500 } else { 200 }));
    let (post, inbox) = hooked("webhook-rotated", &receiver);
    let path = format!("/v1/inboxes/{}/webhook/rotate-secret", id(&inbox));
    arrives(&post.account, "Hello");
    settled(&post.account);
    let rotated = post.account.send("POST", &path, None).expect(200).json();
    post.advance("30s");
    let received = receiver.await_received(2);
    let (old, new) = (
        text(&inbox, "webhookSecret"),
        text(&rotated, "webhookSecret"),
    );
    assert!(old != new && new.starts_with("whsec_"));
    assert!(received[0].is_signed_by(old) && received[1].is_signed_by(new));
    let bare = post.inbox("bare");
    let path = format!("/v1/inboxes/{}/webhook/rotate-secret", id(&bare));
    post.account
        .send("POST", &path, None)
        .refused(400, "no_webhook_url");
}

#[test]
fn a_webhook_is_tried_out() {
    let receiver = Receiver::new(|_, number| Then::Answer(if number == 0 { 202 } else { 500 }));
    let (post, inbox) = hooked("webhook-test", &receiver);
    let path = format!("/v1/inboxes/{}/webhook/test", id(&inbox));
    let tested = post.account.send("POST", &path, None).expect(200).json();
    assert_eq!(tested["ok"], true);
    let received = receiver.received().remove(0);
    assert!(received.is_signed_by(text(&inbox, "webhookSecret")));
    let body = received.json();
    assert_eq!(
        (&body["event"], &body["inbox_id"]),
        (&json!("webhook.test"), &inbox["id"])
    );
    assert_eq!(body["message"]["to"], "desk@openmail.sh");
    assert_eq!(received.header("x-event-id"), text(&body, "event_id"));
    let failed = post
        .account
        .send("POST", &path, None)
        .refused(502, "webhook_failed");
    assert!(failed.message().ends_with("the receiver answered 500"));
    assert_eq!(receiver.received().len(), 2);
    assert!(deliveries(&post.account).is_empty() && post.messages(&inbox).is_empty());
    let change = json!({ "webhookUrl": null });
    post.account
        .patch(&format!("/v1/inboxes/{}", id(&inbox)), change)
        .expect(200);
    post.account
        .send("POST", &path, None)
        .refused(400, "no_webhook_url");
    let gone = "/v1/inboxes/00000000-0000-4000-8000-00000000ffff/webhook/test";
    post.account
        .send("POST", gone, None)
        .refused(404, "not_found");
}
