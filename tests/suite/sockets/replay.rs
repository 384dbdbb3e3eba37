//! What a client missed, told when it comes back.

use std::thread;

use serde_json::{Value, json};

use super::{key_of, mail, world};
use crate::support::post::Post;
use crate::support::socket::{Socket, subject};

/// Hears of everything, and of what came behind that event.
#[track_caller]
fn resume(socket: &mut Socket, last: &Value) {
    let answer = socket.ask(json!({ "type": "subscribe", "last_event_id": last }));
    assert_eq!(answer["type"], "subscribed", "{answer}");
}

/// The id of an event from which everything can be replayed.
#[track_caller]
fn first_event(post: &Post, inbox: &Value) -> Value {
    let mut socket = post.account.socket();
    socket.subscribe();
    mail(post, inbox, "first");
    let event = socket.hear();
    assert_eq!(subject(&event), "first");
    event["event_id"].clone()
}

fn numbered(range: std::ops::RangeInclusive<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[test]
fn what_was_missed_comes_first_and_in_order() {
    let (post, [inbox]) = world("sockets-missed", ["desk"]);
    let first = first_event(&post, &inbox);
    // Nobody was connected: these went nowhere, and are kept.
    for number in 1..=3 {
        mail(&post, &inbox, &number.to_string());
    }
    let mut socket = post.account.socket();
    resume(&mut socket, &first);
    mail(&post, &inbox, "4");
    assert_eq!(socket.hear_subjects(), numbered(1..=4));
}

#[test]
fn replay_ends_after_a_hundred() {
    let (post, [inbox]) = world("sockets-hundred", ["desk"]);
    let first = first_event(&post, &inbox);
    for number in 1..=105 {
        mail(&post, &inbox, &number.to_string());
    }
    let mut socket = post.account.socket();
    resume(&mut socket, &first);
    mail(&post, &inbox, "live");
    let heard = socket.hear_all();
    let subjects: Vec<String> = heard.iter().map(subject).collect();
    assert_eq!(subjects[..100], numbered(1..=100));
    assert_eq!(subjects[100..], ["live"]);
    // Whoever goes on from the hundredth misses nothing.
    resume(&mut socket, &heard[99]["event_id"]);
    let rest = socket.hear_subjects();
    assert_eq!(
        rest,
        [numbered(101..=105), vec!["live".to_owned()]].concat()
    );
}

#[test]
fn replay_keeps_to_the_subscription() {
    let (post, [a, b]) = world("sockets-replay-filter", ["desk", "lab"]);
    let first = first_event(&post, &a);
    for number in 1..=3 {
        mail(&post, &a, &format!("desk {number}"));
        mail(&post, &b, &format!("lab {number}"));
    }
    let mut socket = post.account.socket();
    let wish = json!({ "type": "subscribe", "inbox_ids": [b["id"]], "last_event_id": first });
    assert_eq!(socket.ask(wish)["type"], "subscribed");
    assert_eq!(socket.hear_subjects(), ["lab 1", "lab 2", "lab 3"]);
    let kinds = ["inbox.suspended"];
    let wish = json!({ "type": "subscribe", "event_types": kinds, "last_event_id": first });
    assert_eq!(socket.ask(wish)["type"], "subscribed");
    assert_eq!(socket.hear_subjects(), Vec::<String>::new());
}

#[test]
fn replay_keeps_to_the_reach_of_the_key() {
    let (post, [outside]) = world("sockets-replay-scope", ["outside"]);
    post.account
        .post("/v1/pods", json!({ "clientId": "acme" }))
        .expect(201);
    let inside = post.inbox_with(json!({ "podId": "acme", "mailboxName": "inside" }));
    let foreign = first_event(&post, &outside);
    let own = first_event(&post, &inside);
    mail(&post, &outside, "outside");
    mail(&post, &inside, "inside");
    let key = key_of(&post, "/v1/pods/acme/api-keys");
    let mut socket = post.account.holding(&key).socket();
    let why = socket.ask_in_vain(json!({ "type": "subscribe", "last_event_id": foreign }));
    assert!(why.contains(foreign.as_str().expect("an id")), "{why}");
    mail(&post, &inside, "unheard");
    assert_eq!(socket.hear_subjects(), Vec::<String>::new());
    resume(&mut socket, &own);
    assert_eq!(socket.hear_subjects(), ["inside", "unheard"]);
}

#[test]
fn events_of_inboxes_that_are_gone_are_not_replayed() {
    let (post, [kept, gone]) = world("sockets-replay-gone", ["kept", "gone"]);
    let first = first_event(&post, &gone);
    mail(&post, &gone, "of what is gone");
    mail(&post, &kept, "of what is there");
    let path = format!("/v1/inboxes/{}", gone["id"].as_str().expect("an id"));
    post.account.delete(&path).expect(204);
    let mut socket = post.account.socket();
    // The event itself is kept, so whoever heard it last may go on from it.
    resume(&mut socket, &first);
    assert_eq!(socket.hear_subjects(), ["of what is there"]);
}

#[test]
fn what_went_to_a_webhook_is_replayed_too() {
    let (post, [first_inbox]) = world("sockets-replay-webhook", ["desk"]);
    let first = first_event(&post, &first_inbox);
    let hooked = post.inbox_with(json!({ "webhookUrl": "http://127.0.0.1:9/nobody" }));
    mail(&post, &hooked, "by webhook");
    let mut socket = post.account.socket();
    resume(&mut socket, &first);
    let heard = socket.hear_all();
    assert_eq!(
        heard.iter().map(subject).collect::<Vec<_>>(),
        ["by webhook"]
    );
    assert_eq!(heard[0]["attempt"], 1);
}

#[test]
fn replaying_again_repeats_what_was_heard() {
    let (post, [inbox]) = world("sockets-replay-again", ["desk"]);
    let first = first_event(&post, &inbox);
    let mut socket = post.account.socket();
    socket.subscribe();
    mail(&post, &inbox, "once");
    let once = socket.hear();
    resume(&mut socket, &first);
    // By its id a client tells that it had it already.
    assert_eq!(socket.hear_all(), [once]);
}

#[test]
fn nothing_is_lost_or_doubled_between_replay_and_live() {
    const MAILS: usize = 120;
    let (post, [inbox]) = world("sockets-seam", ["desk"]);
    let mut last = first_event(&post, &inbox);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=MAILS {
                mail(&post, &inbox, &number.to_string());
            }
        });
        let mut heard = 0;
        for round in 0.. {
            let mut socket = post.account.socket();
            resume(&mut socket, &last);
            // A few live ones, too, before the connection is given up.
            for _ in 0..(round % 7) + 1 {
                if heard == MAILS {
                    return;
                }
                let event = socket.hear();
                heard += 1;
                assert_eq!(subject(&event), heard.to_string());
                last = event["event_id"].clone();
            }
        }
    });
}

#[test]
fn a_change_of_subscriptions_amid_writes_loses_and_doubles_nothing() {
    const MAILS: usize = 60;
    let (post, [inbox, other]) = world("sockets-change", ["desk", "lab"]);
    let mut socket = post.account.socket();
    socket.ask(json!({ "type": "subscribe", "inbox_ids": [inbox["id"]] }));
    let heard = thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=MAILS {
                mail(&post, &inbox, &number.to_string());
            }
        });
        let mut heard = Vec::new();
        while heard.len() < MAILS {
            let frame = socket.hear();
            if frame["event"] != "message.received" {
                continue;
            }
            heard.push(subject(&frame));
            // Not more than 30 messages within 10 s.
            match heard.len() % 8 {
                3 => socket.tell(json!({ "type": "subscribe", "inbox_ids": [other["id"]] })),
                7 => socket.tell(json!({ "type": "unsubscribe", "inbox_ids": [other["id"]] })),
                _ => {}
            }
        }
        heard
    });
    assert_eq!(heard, numbered(1..=MAILS));
}
