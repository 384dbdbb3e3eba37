//! What clients may say, and which events they hear for it.

use serde_json::{Value, json};

use super::{key_of, mail, world};
use crate::support::account;

/// A pod with an inbox in it.
fn pod_with_inbox(post: &crate::support::post::Post, pod: &str) -> Value {
    let body = json!({ "clientId": pod });
    post.account.post("/v1/pods", body).expect(201);
    post.inbox_with(json!({ "podId": pod, "mailboxName": format!("desk-{pod}") }))
}

#[test]
fn confirmations_say_what_is_heard() {
    let (post, [a, b]) = world("sockets-confirm", ["desk", "lab"]);
    let mut socket = post.account.socket();
    let all = json!({ "type": "subscribed", "inbox_ids": [], "event_types": [] });
    assert_eq!(socket.ask(json!({ "type": "subscribe" })), all);
    let empty = json!({ "type": "subscribe", "inbox_ids": [], "event_types": [] });
    assert_eq!(socket.ask(empty), all);
    let null = json!({
        "type": "subscribe", "inbox_ids": null, "event_types": null, "last_event_id": null,
    });
    assert_eq!(socket.ask(null), all);
    let some = json!({
        "type": "subscribe", "inbox_ids": [b["id"], a["id"], b["id"]],
        "event_types": ["message.received"],
    });
    let confirmed = json!({
        "type": "subscribed", "inbox_ids": [b["id"], a["id"]], "event_types": ["message.received"],
    });
    assert_eq!(socket.ask(some), confirmed);
    let ended = json!({ "type": "unsubscribed", "inbox_ids": [a["id"]] });
    let unsubscribe = json!({ "type": "unsubscribe", "inbox_ids": [a["id"]] });
    assert_eq!(socket.ask(unsubscribe), ended);
    let ended = json!({ "type": "unsubscribed", "inbox_ids": [] });
    assert_eq!(socket.ask(json!({ "type": "unsubscribe" })), ended);
    let pong = json!({ "type": "pong" });
    assert_eq!(socket.ask(json!({ "type": "ping", "at": 17 })), pong);
}

#[test]
fn nobody_hears_before_they_subscribe() {
    let (post, [inbox]) = world("sockets-unsubscribed", ["desk"]);
    let mut socket = post.account.socket();
    mail(&post, &inbox, "before");
    assert_eq!(socket.hear_subjects(), Vec::<String>::new());
    socket.subscribe();
    mail(&post, &inbox, "after");
    assert_eq!(socket.hear_subjects(), ["after"]);
}

#[test]
fn subscriptions_add_up() {
    let (post, [a, b, c]) = world("sockets-add-up", ["desk", "lab", "shop"]);
    let mut socket = post.account.socket();
    socket.ask(json!({ "type": "subscribe", "inbox_ids": [a["id"]] }));
    socket.ask(json!({ "type": "subscribe", "inbox_ids": [b["id"]] }));
    for inbox in [&a, &b, &c] {
        mail(&post, inbox, inbox["address"].as_str().expect("an address"));
    }
    assert_eq!(
        socket.hear_subjects(),
        ["desk@openmail.sh", "lab@openmail.sh"]
    );
    socket.ask(json!({ "type": "unsubscribe", "inbox_ids": [a["id"]] }));
    mail(&post, &a, "unheard");
    mail(&post, &b, "heard");
    assert_eq!(socket.hear_subjects(), ["heard"]);
}

#[test]
fn whoever_hears_all_may_leave_some_out() {
    let (post, [a, b]) = world("sockets-except", ["desk", "lab"]);
    let mut socket = post.account.socket();
    socket.subscribe();
    socket.ask(json!({ "type": "unsubscribe", "inbox_ids": [a["id"]] }));
    mail(&post, &a, "unheard");
    mail(&post, &b, "heard");
    assert_eq!(socket.hear_subjects(), ["heard"]);
    socket.ask(json!({ "type": "subscribe", "inbox_ids": [a["id"]] }));
    mail(&post, &a, "heard again");
    assert_eq!(socket.hear_subjects(), ["heard again"]);
    socket.ask(json!({ "type": "unsubscribe" }));
    mail(&post, &b, "unheard");
    assert_eq!(socket.hear_subjects(), Vec::<String>::new());
}

#[test]
fn lifecycle_events_may_be_asked_for_and_never_flow() {
    let (post, [inbox]) = world("sockets-kinds", ["desk"]);
    let mut socket = post.account.socket();
    let wish = json!({ "type": "subscribe", "event_types": ["pod.suspended", "inbox.suspended"] });
    let confirmed = socket.ask(wish);
    assert_eq!(
        confirmed["event_types"],
        json!(["inbox.suspended", "pod.suspended"])
    );
    mail(&post, &inbox, "of another type");
    assert_eq!(socket.hear_subjects(), Vec::<String>::new());
}

#[test]
fn a_pod_key_hears_its_pod_as_it_stood_when_it_subscribed() {
    let (post, [outside]) = world("sockets-pod-key", ["outside"]);
    let inside = pod_with_inbox(&post, "acme");
    let key = key_of(&post, "/v1/pods/acme/api-keys");
    let mut socket = post.account.holding(&key).socket();
    let confirmed = socket.ask(json!({ "type": "subscribe" }));
    assert_eq!(confirmed["inbox_ids"], json!([inside["id"]]));
    let later = post.inbox_with(json!({ "podId": "acme", "mailboxName": "later" }));
    for (inbox, subject) in [
        (&outside, "outside"),
        (&inside, "inside"),
        (&later, "too late"),
    ] {
        mail(&post, inbox, subject);
    }
    assert_eq!(socket.hear_subjects(), ["inside"]);
    let confirmed = socket.ask(json!({ "type": "subscribe" }));
    assert_eq!(confirmed["inbox_ids"], json!([later["id"], inside["id"]]));
    mail(&post, &later, "in time");
    assert_eq!(socket.hear_subjects(), ["in time"]);
    let why = socket.ask_in_vain(json!({ "type": "subscribe", "inbox_ids": [outside["id"]] }));
    assert!(
        why.contains(outside["id"].as_str().expect("an id")),
        "{why}"
    );
}

#[test]
fn an_inbox_key_hears_its_inbox() {
    let (post, [own, other]) = world("sockets-inbox-key", ["desk", "lab"]);
    let path = format!(
        "/v1/inboxes/{}/api-keys",
        own["id"].as_str().expect("an id")
    );
    let key = key_of(&post, &path);
    let mut socket = post.account.holding(&key).socket();
    let confirmed = socket.ask(json!({ "type": "subscribe" }));
    assert_eq!(confirmed["inbox_ids"], json!([own["id"]]));
    mail(&post, &other, "not mine");
    mail(&post, &own, "mine");
    assert_eq!(socket.hear_subjects(), ["mine"]);
    socket.ask_in_vain(json!({ "type": "subscribe", "inbox_ids": [own["id"], other["id"]] }));
    mail(&post, &other, "not mine");
    assert_eq!(socket.hear_subjects(), Vec::<String>::new());
}

#[test]
fn what_is_wrong_is_told_and_changes_nothing() {
    let (post, [inbox]) = world("sockets-wrong", ["desk"]);
    let mut socket = post.account.socket();
    let unknown = "c81f05d9-7b36-4ea2-8f4d-21b6e3a9705c";
    let wrong = [
        (
            json!({ "type": "subscribe", "inbox_ids": [inbox["id"], unknown] }),
            unknown,
        ),
        (
            json!({ "type": "subscribe", "inbox_ids": ["desk@openmail.sh"] }),
            "desk@openmail.sh",
        ),
        (
            json!({ "type": "unsubscribe", "inbox_ids": [unknown] }),
            unknown,
        ),
        (
            json!({ "type": "subscribe", "event_types": ["message.recieved"] }),
            "did you mean `message.received`?",
        ),
        (
            json!({ "type": "subscribe", "last_event_id": unknown }),
            unknown,
        ),
        (
            json!({ "type": "subscribe", "inbox_id": [inbox["id"]] }),
            "inbox_ids",
        ),
        (
            json!({ "type": "subscribe", "inbox_ids": inbox["id"] }),
            "`inbox_ids` must be an array",
        ),
        (
            json!({ "type": "subscribe", "inbox_ids": [17] }),
            "/inbox_ids/0",
        ),
        (
            json!({ "type": "subscribe", "last_event_id": 17 }),
            "`last_event_id` must be a string",
        ),
        (
            json!({ "type": "unsubscribe", "event_types": [] }),
            "event_types",
        ),
        (json!({ "type": "subscrbe" }), "did you mean `subscribe`?"),
        (json!({ "type": 17 }), "`type`"),
        (json!({ "inbox_ids": [] }), "`type`"),
        (json!(["subscribe"]), "`type`"),
        (json!("ping"), "`type`"),
    ];
    for (frame, told) in wrong {
        let why = socket.ask_in_vain(frame.clone());
        assert!(why.contains(told), "{frame}: {why}");
    }
    for text in [
        "",
        "{",
        "subscribe",
        "{\"type\":\"ping\",\"type\":\"ping\"}",
        "[[[[",
    ] {
        socket.tell_text(text);
        assert!(socket.hear_error().contains("JSON"), "{text}");
    }
    mail(&post, &inbox, "unheard");
    assert_eq!(socket.hear_subjects(), Vec::<String>::new());
}

#[test]
fn a_long_word_is_not_repeated_in_full() {
    let mut socket = account("sockets-long-word").socket();
    let long = "ä".repeat(20_000);
    let frames = [
        json!({ "type": long }),
        json!({ "type": "subscribe", "inbox_ids": [long] }),
        json!({ "type": "subscribe", "event_types": [long] }),
        json!({ "type": "subscribe", "last_event_id": long }),
    ];
    for frame in frames {
        let why = socket.ask_in_vain(frame);
        assert!(why.chars().count() < 600, "{why}");
    }
}

#[test]
fn every_socket_hears_it() {
    let (post, [inbox]) = world("sockets-every", ["desk"]);
    let mut sockets = [
        post.account.socket(),
        post.account.socket(),
        post.account.socket(),
    ];
    for socket in &mut sockets {
        socket.subscribe();
    }
    mail(&post, &inbox, "for all");
    let heard = sockets.map(|mut socket| socket.hear());
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[1], heard[2]);
}
