//! Sockets: who is let in, what they may say, which events they are told, how they end.

mod bench;
mod ends;
mod handshake;
mod many;
mod replay;
mod subscriptions;
mod time;

use serde_json::{Value, json};

use crate::support::account;
use crate::support::post::Post;

/// A world at a frozen instant, with inboxes of these names.
fn world<const N: usize>(name: &str, inboxes: [&str; N]) -> (Post, [Value; N]) {
    let post = Post::new(name);
    let inboxes = inboxes.map(|name| post.inbox(name));
    (post, inboxes)
}

/// Mail for an inbox, known by its subject.
#[track_caller]
fn mail(post: &Post, inbox: &Value, subject: &str) {
    let mail = json!({ "from": "ada@example.com", "to": inbox["address"], "subject": subject });
    let arrived = post.arrives(mail);
    assert_eq!(arrived["inboxId"], inbox["id"], "{arrived}");
}

#[track_caller]
fn key_of(post: &Post, path: &str) -> String {
    let made = post.account.post(path, json!({})).expect(201).json();
    made["token"].as_str().expect("a token").to_owned()
}

#[test]
fn the_schemas_of_frames_are_sound() {
    openmail_mock::push::sockets::check_schemas().expect("no faults");
}

#[test]
fn an_event_is_what_came_in_the_words_of_a_webhook() {
    let (post, [inbox]) = world("sockets-event", ["desk"]);
    let mut socket = post.account.socket();
    socket.subscribe();
    let mail = json!({
        "from": "Ada <ada@example.com>", "to": inbox["address"], "cc": "bob@example.com",
        "subject": "Invoice", "text": "Where is it?",
        "attachments": [{ "filename": "a b.txt", "contentType": "text/plain", "data": "aGVsbG8=" }],
    });
    let arrived = post.arrives(mail);
    let event = socket.hear();
    let id = event["event_id"].as_str().expect("an id");
    assert_eq!(id.len(), 36);
    let message = arrived["messageId"].as_str().expect("an id");
    let url = format!(
        "http://{}/v1/attachments/{message}/a%20b.txt",
        post.account.address()
    );
    let now = crate::support::post::START;
    let expected = json!({
        "event": "message.received", "event_id": id, "occurred_at": now, "delivered_at": now,
        "attempt": 1, "inbox_id": inbox["id"], "thread_id": arrived["threadId"],
        "message": {
            "id": message, "rfc_message_id": event["message"]["rfc_message_id"],
            "from": "Ada <ada@example.com>", "to": inbox["address"], "cc": ["bob@example.com"],
            "subject": "Invoice", "body_text": "Where is it?",
            "category": "personal", "auto_replyable": true, "verdict": "clean", "spam_score": null,
            "attachments": [{
                "filename": "a b.txt", "contentType": "text/plain", "sizeBytes": 5, "url": url,
                "parsedText": "hello", "extractionMethod": "text",
            }],
            "received_at": now,
        },
    });
    assert_eq!(event, expected);
    // The link leads to the file for whoever has the key.
    post.account
        .get(
            url.split_once("/v1")
                .map(|(_, path)| format!("/v1{path}"))
                .expect("a path")
                .as_str(),
        )
        .expect(302);
}

#[test]
fn what_an_inbox_of_the_world_sends_is_told_at_its_recipient() {
    let (post, [from, to]) = world("sockets-send", ["from", "to-there"]);
    let mut socket = post.account.socket();
    socket.subscribe();
    post.send(
        &from,
        json!({ "to": to["address"], "subject": "Hi", "body": "there" }),
    );
    let heard = socket.hear_all();
    assert_eq!(heard.len(), 1, "{heard:#?}");
    assert_eq!(heard[0]["inbox_id"], to["id"]);
}

#[test]
fn worlds_do_not_hear_of_each_other() {
    let (one, [inbox]) = world("sockets-world-one", ["desk"]);
    let mut own = one.account.socket();
    let mut other = account("sockets-world-two").socket();
    own.subscribe();
    other.subscribe();
    mail(&one, &inbox, "mine");
    assert_eq!(own.hear_subjects(), ["mine"]);
    assert_eq!(other.hear_all(), Vec::<Value>::new());
}
