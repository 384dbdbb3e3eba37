//! Returning to a snapshot in the middle of a run: with sockets open and deliveries on their way.

use serde_json::{Value, json};

use crate::support::post::{Post, rows};
use crate::support::{Account, Receiver};

fn arrive(account: &Account, subject: &str) {
    let mail = json!({ "from": "ada@example.com", "to": "desk@openmail.sh", "subject": subject });
    account.post("/_mock/inbound", mail).expect(200);
}

fn restore(account: &Account, to: &str) {
    account
        .post("/_mock/reset", json!({ "to": to }))
        .expect(200);
}

fn export(account: &Account) -> String {
    let body = account.get("/_mock/state").expect(200).body;
    String::from_utf8(body.to_vec()).expect("UTF-8")
}

/// The lines that one text has and the other has not.
fn fresh<'t>(text: &'t str, other: &str) -> Vec<&'t str> {
    let known: Vec<&str> = other.lines().collect();
    text.lines().filter(|line| !known.contains(line)).collect()
}

#[test]
fn what_a_socket_heard_and_what_is_to_be_delivered_come_apart_at_a_snapshot() {
    let receiver = Receiver::answering(500);
    let post = Post::new("midrun-both");
    let account = &post.account;
    let inbox = json!({ "mailboxName": "desk", "webhookUrl": receiver.url() });
    account.post("/v1/inboxes", inbox).expect(201);
    arrive(account, "by webhook");
    post.advance("1s");
    let mut socket = account.socket();
    socket.subscribe();
    arrive(account, "kept");
    assert_eq!(socket.hear_subjects(), ["kept"]);
    account.put("/_mock/snapshots/here").expect(200);
    let before = export(account);

    for _ in 0..2 {
        arrive(account, "discarded");
        assert_eq!(socket.hear_subjects(), ["discarded"]);
        post.advance("1h");
        assert_eq!(
            rows(&account.get("/_mock/deliveries").json())[0]["status"],
            "failed"
        );
        restore(account, "here");
        assert_eq!(export(account), before);
        let delivery = rows(&account.get("/_mock/deliveries").json()).remove(0);
        assert_eq!(
            (&delivery["status"], &delivery["made"]),
            (&json!("pending"), &json!(1))
        );
        arrive(account, "after");
        // Neither the discarded one again nor the kept one twice.
        assert_eq!(socket.hear_subjects(), ["after"]);
        restore(account, "here");
    }
    // One attempt before the snapshot, and four of each future.
    assert_eq!(receiver.received().len(), 9);
}

#[test]
fn a_socket_that_comes_back_after_a_restore_hears_the_rest_of_the_snapshots_events_once() {
    let post = Post::new("midrun-replay");
    let account = &post.account;
    post.inbox("desk");
    let mut socket = account.socket();
    socket.subscribe();
    for subject in ["one", "two", "three"] {
        arrive(account, subject);
    }
    let first = socket.hear();
    assert_eq!(socket.hear_subjects(), ["two", "three"]);
    account.put("/_mock/snapshots/here").expect(200);
    arrive(account, "discarded");
    restore(account, "here");
    arrive(account, "four");
    drop(socket);
    let mut again = account.socket();
    let wish = json!({ "type": "subscribe", "last_event_id": first["event_id"] });
    again.ask(wish);
    assert_eq!(again.hear_subjects(), ["two", "three", "four"]);
}

#[test]
fn a_state_is_exported_alike_until_something_changes() {
    let post = Post::new("midrun-diff");
    let account = &post.account;
    let desk = post.inbox("desk");
    for number in 0..20 {
        let pod = json!({ "clientId": format!("client-{number}"), "name": "Acme" });
        account.post("/v1/pods", pod).expect(201);
        arrive(account, &format!("Mail {number}"));
    }
    let before = export(account);
    assert_eq!(export(account), before);
    // A changed field is a changed line.
    let renamed = json!({ "name": "Other" });
    account.patch("/v1/pods/client-7", renamed).expect(200);
    let after = export(account);
    let line = fresh(&after, &before);
    assert_eq!(
        (line.len(), fresh(&before, &after).len()),
        (1, 1),
        "{line:?}"
    );
    assert!(line[0].contains("client-7"), "{line:?}");
    // A new row is a line of its own: itself, what the generator drew, and the comma before it.
    let path = format!("/v1/inboxes/{}", desk["id"].as_str().expect("an id"));
    account
        .patch(&path, json!({ "displayName": "Desk" }))
        .expect(200);
    let before = export(account);
    let pod = json!({ "clientId": "client-new" });
    account.post("/v1/pods", pod).expect(201);
    let after = export(account);
    assert!(
        fresh(&after, &before).len() <= 3,
        "{:?}",
        fresh(&after, &before)
    );
    let parsed: Value = serde_json::from_str(&after).expect("JSON");
    assert_eq!(parsed["pods"].as_array().map(Vec::len), Some(22));
}
