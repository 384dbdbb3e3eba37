//! What kind of mail the service takes a message for, and what it suspects it of: worked out, told,
//! kept.

use serde_json::{Value, json};

use crate::support::account;
use crate::support::post::{Post, START, text};

const DESK: &str = "desk@openmail.sh";

/// Headers, and the kind that they make of a mail from Ada.
const KINDS: [(&str, &str, &str); 14] = [
    ("X-Mailer", "Mail 1.0", "personal"),
    ("Auto-Submitted", "no", "personal"),
    ("Auto-Submitted", "No; reason=none", "personal"),
    ("Auto-Submitted", "auto-replied", "automated"),
    ("auto-submitted", "auto-generated", "automated"),
    ("Precedence", "BULK", "automated"),
    ("Precedence", "list", "automated"),
    ("Precedence", "first-class", "personal"),
    ("List-Id", "<news.example.com>", "automated"),
    ("List-Archive", "<https://example.com>", "automated"),
    (
        "List-Unsubscribe",
        "<mailto:leave@example.com>",
        "marketing",
    ),
    ("LIST-UNSUBSCRIBE", "<https://example.com>", "marketing"),
    ("X-List-Id", "news", "personal"),
    ("Listless", "yes", "personal"),
];

#[track_caller]
fn holds(message: &Value, category: &str, verdict: &str) {
    assert_eq!(message["category"], category);
    let is_harmless = category == "personal" && verdict == "clean";
    assert_eq!(message["autoReplyable"], is_harmless);
    assert_eq!(message["verdict"], verdict);
}

#[test]
fn headers_tell_the_kind_of_mail_whichever_way_it_comes() {
    let post = Post::new("classified-headers");
    let desk = post.inbox("desk");
    for (name, value, category) in KINDS {
        let mail = json!({ "from": "ada@example.com", "to": DESK, "headers": { name: value } });
        let came = post.arrives(mail);
        holds(
            &post.message(&desk, text(&came, "messageId")),
            category,
            "clean",
        );
        let bytes = format!("From: ada@example.com\r\nTo: {DESK}\r\n{name}: {value}\r\n\r\nHi");
        let came = post.arrives_raw(DESK, bytes.as_bytes());
        holds(
            &post.message(&desk, text(&came, "messageId")),
            category,
            "clean",
        );
    }
}

#[test]
fn a_report_of_delivery_is_a_bounce_whatever_else_it_says() {
    let post = Post::new("classified-bounce");
    let desk = post.inbox("desk");
    for head in [
        "From: Mail Delivery <MAILER-DAEMON@mx.example.com>\r\nAuto-Submitted: auto-replied",
        "From: postmaster@example.com\r\nList-Unsubscribe: <x>\r\nContent-Type: multipart/report; \
         report-type=delivery-status; boundary=b",
    ] {
        let bytes = format!("{head}\r\n\r\n--b\r\n\r\nIt did not arrive.\r\n--b--\r\n");
        let came = post.arrives_raw(DESK, bytes.as_bytes());
        holds(
            &post.message(&desk, text(&came, "messageId")),
            "bounce",
            "clean",
        );
    }
    let came = post.arrives(json!({ "from": "mailer-daemon@example.com", "to": DESK }));
    holds(
        &post.message(&desk, text(&came, "messageId")),
        "bounce",
        "clean",
    );
    // Another kind of report tells nothing of delivery.
    let bytes = "From: a@example.com\r\nContent-Type: multipart/report; report-type=feedback; \
                 boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n";
    let came = post.arrives_raw(DESK, bytes.as_bytes());
    holds(
        &post.message(&desk, text(&came, "messageId")),
        "personal",
        "clean",
    );
}

#[test]
fn what_is_told_is_not_worked_out() {
    let post = Post::new("classified-told");
    let desk = post.inbox("desk");
    let came = post.arrives(json!({
        "from": "mailer-daemon@example.com", "to": DESK, "category": "personal",
        "verdict": "malicious",
    }));
    holds(
        &post.message(&desk, text(&came, "messageId")),
        "personal",
        "malicious",
    );
    let came = post.arrives(json!({
        "from": "ada@example.com", "to": DESK, "verdict": "spam", "autoReplyable": true,
        "category": null, "rfcMessageId": "<own@example.com>",
    }));
    let message = post.message(&desk, text(&came, "messageId"));
    assert_eq!(message["autoReplyable"], true);
    assert_eq!(message["category"], "personal");
    assert_eq!(message["rfcMessageId"], "<own@example.com>");
}

#[test]
fn what_no_mail_is_taken_for_is_refused() {
    let post = Post::new("classified-words");
    post.inbox("desk");
    for (field, value) in [
        ("category", json!("invoice")),
        ("verdict", json!("harmless")),
        ("autoReplyable", json!("yes")),
        ("rfcMessageId", json!("<>")),
        ("rawUrl", json!("/v1/messages/x/raw")),
    ] {
        let mut mail = json!({ "from": "ada@example.com", "to": DESK });
        mail[field] = value;
        let refused = post.account.post("/_mock/inbound", mail);
        let words = refused.refused(400, "bad_request").json();
        assert!(text(&words, "message").contains(field), "{words}");
    }
}

#[test]
fn a_message_id_that_is_made_is_of_the_senders_domain() {
    let post = Post::new("classified-message-id");
    let (desk, sales) = (post.inbox("desk"), post.inbox("sales"));
    let to = json!([DESK, "sales@openmail.sh"]);
    post.arrives(json!({ "from": "Ada <ada@example.com>", "to": to }));
    let made = post.only(&desk)["rfcMessageId"].clone();
    assert!(made.as_str().expect("an id").ends_with("@example.com>"));
    assert_eq!(post.only(&sales)["rfcMessageId"], made);
}

#[test]
fn what_an_inbox_sends_is_classified_for_its_recipient_alone() {
    let post = Post::new("classified-sent");
    let (desk, sales) = (post.inbox("desk"), post.inbox("sales"));
    let body = json!({ "to": "sales@openmail.sh", "subject": "Hello", "body": "Hello" });
    let sent = post.sent(&desk, body);
    for field in ["category", "autoReplyable", "verdict"] {
        assert_eq!(sent[field], Value::Null, "{field}");
    }
    holds(&post.only(&sales), "personal", "clean");
}

#[test]
fn fixtures_tell_it_leave_it_out_or_say_that_nobody_knew() {
    let document = json!({
        "clock": { "mode": "frozen", "at": START },
        "inboxes": [{ "address": DESK }],
        "threads": [{ "inbox": DESK, "subject": "s", "messages": [
            { "from": "a@example.com", "at": "-4h", "headers": { "List-Id": "<x>" } },
            { "from": "a@example.com", "at": "-3h", "category": "bounce", "verdict": "spam" },
            { "from": "a@example.com", "at": "-2h", "category": null, "verdict": null },
            { "from": DESK, "to": "a@example.com", "at": "-1h" },
            { "from": "x@example.com", "raw": "UHJlY2VkZW5jZTogYnVsawoKSGk=" },
        ] }],
    });
    let here = account("classified-fixture");
    here.send("PUT", "/_mock/state", Some(document)).expect(200);
    let inbox = here.get("/v1/inboxes").expect(200).json()["data"][0]["id"].clone();
    let path = format!("/v1/inboxes/{}/messages", inbox.as_str().expect("an id"));
    let told = |field: &str| -> Vec<Value> {
        let list = here.get(&path).expect(200).json();
        let rows = list["data"].as_array().expect("rows").iter().rev();
        rows.map(|row| row[field].clone()).collect()
    };
    assert_eq!(
        Value::from(told("category")),
        json!(["automated", "bounce", null, null, "automated"])
    );
    assert_eq!(
        Value::from(told("autoReplyable")),
        json!([false, false, null, null, false])
    );
    assert_eq!(
        Value::from(told("verdict")),
        json!(["clean", "spam", null, null, "clean"])
    );
    let export = here.get("/_mock/state").expect(200).body;
    let there = account("classified-fixture-there");
    let document = serde_json::from_slice(&export).expect("JSON");
    there
        .send("PUT", "/_mock/state", Some(document))
        .expect(200);
    assert_eq!(there.get("/_mock/state").expect(200).body, export);
}

/// The event of a mail that came keeps what the mail was taken for then.
#[test]
fn the_event_of_a_mail_keeps_it() {
    let post = Post::new("classified-event");
    post.inbox("desk");
    post.arrives(json!({ "from": "mailer-daemon@example.com", "to": DESK, "verdict": "spam" }));
    let state = post.account.get("/_mock/state").expect(200).json();
    let received = &state["events"][0]["received"];
    assert_eq!(received["category"], "bounce");
    assert_eq!(received["verdict"], "spam");
}
