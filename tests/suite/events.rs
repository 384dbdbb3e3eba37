//! Events and their deliveries as rules: which way an event goes, what is kept, when attempts are
//! due; and as rows of a fixture.

use std::sync::Arc;

use serde_json::{Value, json};

use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::deliveries::{self, Delivery, MAX_DELIVERIES, Status};
use openmail_mock::domain::events::{self, Event, Kind, Listener, Listeners, Route, Subscription};
use openmail_mock::domain::ids::{Id, Source};
use openmail_mock::domain::inboxes::{self, InboxChange, NewInbox};
use openmail_mock::domain::keys::{Holder, Scope};
use openmail_mock::domain::mail::Class;
use openmail_mock::domain::messages::{self, Mail};
use openmail_mock::domain::refusal::Refusal;
use openmail_mock::domain::state::{State, Transaction};
use openmail_mock::domain::table::Page;

use crate::support::account;

const NOON: &str = "2026-01-15T12:00:00Z";
const HOOK: &str = "http://127.0.0.1:9/hook";

fn noon() -> Timestamp {
    Timestamp::parse(NOON).expect("an instant")
}

fn write<T>(
    state: &mut State,
    listeners: &Listeners,
    rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, Refusal>,
) -> T {
    let now = state.clock.reading(noon());
    let source = Source {
        seed: 0,
        world: "w",
    };
    let done = rule(&mut Transaction {
        state,
        now,
        source,
        listeners,
    });
    done.expect("the rule does not refuse")
}

/// A state with one inbox, with a webhook or without.
fn with_inbox(webhook: Option<&str>) -> (State, Id) {
    let at = noon();
    let mut state = State::empty(Clock::Frozen { at }, at, 0);
    let new = NewInbox {
        webhook_url: webhook.map(str::to_owned),
        ..NewInbox::default()
    };
    let written = write(&mut state, Listeners::NOBODY, |tx| {
        inboxes::create(tx, Scope::Account, new)
    });
    (state, written.inbox.id)
}

fn receive(state: &mut State, inbox: Id, listeners: &Listeners) -> Arc<Event> {
    let inbox = inboxes::get(state, &inbox.to_string()).expect("it is there");
    let mail = Mail {
        from: "ada@example.com".into(),
        text: "Hello".into(),
        ..Mail::default()
    };
    write(state, listeners, |tx| messages::receive(tx, &inbox, mail));
    let last = events::last_number(state);
    events::at(state, last).expect("an event").clone()
}

fn listening_to(inboxes: Option<Vec<Id>>, kinds: Option<Vec<Kind>>) -> Listeners {
    Listeners {
        sockets: vec![Listener {
            socket: 1,
            holder: Holder::World,
            subscriptions: vec![Subscription {
                inboxes,
                except: Vec::new(),
                kinds,
            }],
        }],
    }
}

fn only_delivery(state: &State) -> Arc<Delivery> {
    let listing = deliveries::list(state, Page::new(2, 0));
    assert_eq!(listing.total, 1);
    listing.rows[0].clone()
}

/// When the next attempt of any delivery is due.
fn next_due(state: &State) -> Option<Timestamp> {
    let next = deliveries::due(state, Timestamp::MAX).next()?;
    match next.status {
        Status::Pending { due } => Some(due),
        Status::Delivered | Status::Failed => None,
    }
}

fn note(state: &mut State, delivery: Id, was_taken: bool) -> Arc<Delivery> {
    write(state, Listeners::NOBODY, |tx| {
        deliveries::note_attempt(tx, delivery, was_taken)
    })
}

#[test]
fn without_socket_and_webhook_an_event_goes_nowhere_and_is_kept() {
    let (mut state, inbox) = with_inbox(None);
    let event = receive(&mut state, inbox, Listeners::NOBODY);
    assert_eq!(event.route, Route::Nowhere);
    assert_eq!(state.deliveries.len(), 0);
    assert_eq!(events::find(&state, event.id), Some(&event));
}

#[test]
fn a_webhook_gets_an_event_that_no_socket_hears() {
    let (mut state, inbox) = with_inbox(Some(HOOK));
    let elsewhere = listening_to(Some(vec![Id::MIN]), None);
    let event = receive(&mut state, inbox, &elsewhere);
    assert_eq!(event.route, Route::Webhook);
    let delivery = only_delivery(&state);
    assert_eq!(delivery.event, event);
    assert_eq!(delivery.webhook.url, HOOK);
    assert_eq!(delivery.status, Status::Pending { due: noon() });
}

#[test]
fn a_subscribed_socket_beats_the_webhook() {
    let (mut state, inbox) = with_inbox(Some(HOOK));
    for listeners in [
        listening_to(None, None),
        listening_to(Some(vec![inbox]), Some(vec![Kind::MessageReceived])),
    ] {
        let event = receive(&mut state, inbox, &listeners);
        assert_eq!(event.route, Route::Socket);
    }
    let other_kinds = listening_to(None, Some(vec![Kind::PodSuspended]));
    let event = receive(&mut state, inbox, &other_kinds);
    assert_eq!(event.route, Route::Webhook);
    assert_eq!(state.deliveries.len(), 1);
}

#[test]
fn events_are_numbered_in_the_order_in_which_they_happen() {
    let (mut state, inbox) = with_inbox(None);
    let first = receive(&mut state, inbox, Listeners::NOBODY);
    let second = receive(&mut state, inbox, Listeners::NOBODY);
    assert_eq!(second.number, first.number + 1);
    let behind: Vec<_> = events::after(&state, first.number).collect();
    assert_eq!(behind, [&second]);
}

/// 0 s, 30 s, 1, 2 and 4 min from the first; then it has failed.
#[test]
fn five_attempts_are_made_at_their_instants() {
    let (mut state, inbox) = with_inbox(Some(HOOK));
    receive(&mut state, inbox, Listeners::NOBODY);
    let id = only_delivery(&state).id;
    for seconds in [30, 60, 120, 240] {
        let due = noon().after(seconds * 1_000).expect("an instant");
        assert_eq!(note(&mut state, id, false).status, Status::Pending { due });
        assert_eq!(next_due(&state), Some(due));
    }
    let failed = note(&mut state, id, false);
    assert_eq!((failed.status, failed.attempts), (Status::Failed, 5));
    assert_eq!(next_due(&state), None);
}

#[test]
fn an_attempt_that_is_taken_is_the_last() {
    let (mut state, inbox) = with_inbox(Some(HOOK));
    receive(&mut state, inbox, Listeners::NOBODY);
    let id = only_delivery(&state).id;
    note(&mut state, id, false);
    let taken = note(&mut state, id, true);
    assert_eq!((taken.status, taken.attempts), (Status::Delivered, 2));
    assert_eq!(next_due(&state), None);
}

#[test]
fn one_more_attempt_settles_a_delivery_that_failed() {
    let (mut state, inbox) = with_inbox(Some(HOOK));
    receive(&mut state, inbox, Listeners::NOBODY);
    let id = only_delivery(&state).id;
    for _ in 0..5 {
        note(&mut state, id, false);
    }
    assert_eq!(note(&mut state, id, false).status, Status::Failed);
    assert_eq!(note(&mut state, id, true).status, Status::Delivered);
}

#[test]
fn what_is_on_its_way_of_an_inbox_ends_with_it() {
    let (mut state, inbox) = with_inbox(Some(HOOK));
    receive(&mut state, inbox, Listeners::NOBODY);
    write(&mut state, Listeners::NOBODY, |tx| {
        inboxes::delete(tx, &inbox.to_string())
    });
    assert_eq!(only_delivery(&state).status, Status::Failed);
    assert_eq!(next_due(&state), None);
}

#[test]
fn a_delivery_keeps_the_webhook_of_its_instant() {
    let (mut state, inbox) = with_inbox(Some(HOOK));
    receive(&mut state, inbox, Listeners::NOBODY);
    let change = InboxChange {
        webhook_url: Some(Some("http://127.0.0.1:9/other".to_owned())),
        ..InboxChange::default()
    };
    write(&mut state, Listeners::NOBODY, |tx| {
        inboxes::update(tx, &inbox.to_string(), change)
    });
    assert_eq!(only_delivery(&state).webhook.url, HOOK);
}

/// Settled ones first: what is still on its way is not lost for what has arrived.
#[test]
fn deliveries_that_are_settled_make_room() {
    let (mut state, inbox) = with_inbox(Some(HOOK));
    let first = receive(&mut state, inbox, Listeners::NOBODY);
    let pending = only_delivery(&state).id;
    for _ in 0..MAX_DELIVERIES {
        let event = receive(&mut state, inbox, Listeners::NOBODY);
        let newest = deliveries::list(&state, Page::new(1, 0)).rows[0].clone();
        assert_eq!(newest.event, event);
        note(&mut state, newest.id, true);
    }
    assert_eq!(state.deliveries.len(), MAX_DELIVERIES);
    let kept = deliveries::get(&state, pending).expect("it is pending");
    assert_eq!(kept.event, first);
}

fn conversation() -> Value {
    json!({
        "inboxes": [{
            "address": "support@openmail.sh",
            "webhookUrl": HOOK, "webhookSecret": "whsec_known",
        }],
        "threads": [{ "inbox": "support@openmail.sh", "messages": [
            { "id": "00000000-0000-4000-8000-000000000001", "from": "ada@example.com", "text": "Hello" },
        ]}],
        "events": [
            {
                "id": "00000000-0000-4000-8000-000000000002", "route": "webhook",
                "message": "00000000-0000-4000-8000-000000000001",
            },
            { "event": "pod.suspended", "podId": "00000000-0000-4000-8000-000000000003", "reason": "abuse" },
        ],
        "deliveries": [
            { "event": "00000000-0000-4000-8000-000000000002", "dueAt": "+30s", "attempts": 1, "firstAt": "+0s" },
        ],
    })
}

#[test]
fn stored_events_and_pending_deliveries_come_from_a_fixture() {
    let account = account("events-fixture");
    let frozen = json!({ "mode": "frozen", "to": "2040-01-16T09:30:00.000Z" });
    account.post("/_mock/clock", frozen).expect(200);
    account.patch("/_mock/state", conversation()).expect(200);
    let exported = account.get("/_mock/state").expect(200).json();
    assert_eq!(exported["events"][0]["received"]["text"], "Hello");
    assert_eq!(exported["events"][1]["reason"], "abuse");
    let delivery = &exported["deliveries"][0];
    assert_eq!(delivery["url"], HOOK);
    assert_eq!(delivery["secret"], "whsec_known");
    assert_eq!(delivery["dueAt"], "2040-01-16T09:30:30.000Z");
    account
        .send("PUT", "/_mock/state", Some(exported.clone()))
        .expect(200);
    let again = account.get("/_mock/state").expect(200).json();
    assert_eq!(again, exported);
}

#[test]
fn rows_of_events_that_cannot_be_are_told_with_their_places() {
    let account = account("events-findings");
    let rows = json!({
        "events": [
            { "message": "00000000-0000-4000-8000-00000000ffff" },
            { "event": "inbox.suspended", "reason": "abuse" },
            { "event": "pod.suspended", "pod": "nowhere", "reason": "abuse" },
        ],
        "deliveries": [{ "event": "00000000-0000-4000-8000-00000000ffff" }],
    });
    let refused = account.patch("/_mock/state", rows);
    let told = refused.json()["violations"].clone();
    let told = told.as_array().expect("violations").iter();
    let places: Vec<&str> = told.filter_map(|it| it["pointer"].as_str()).collect();
    assert_eq!(
        places,
        [
            "/events/0/message",
            "/events/1",
            "/events/2/pod",
            "/deliveries/0/event"
        ]
    );
}

/// An event of that number about an inbox that is nowhere.
fn told(number: u64, text: &str) -> Arc<Event> {
    let id = |tail: u64| {
        let text = format!("00000000-0000-4000-8000-{:012x}", tail);
        Id::parse(&text).expect("an id")
    };
    let received = events::Received {
        message: id(1),
        inbox: id(2),
        thread: id(3),
        message_id: "m@example.com".into(),
        from: "a@example.com".into(),
        to: "desk@openmail.sh".into(),
        cc: [].into(),
        subject: "Hello".into(),
        text: text.into(),
        class: Class::default(),
        attachments: [].into(),
        at: noon(),
    };
    Arc::new(Event {
        number,
        id: id(1_000 + number),
        subject: events::Subject::MessageReceived(received),
        occurred_at: noon(),
        route: Route::Nowhere,
    })
}

#[test]
fn ten_thousand_events_are_kept_and_the_oldest_make_room_with_their_deliveries() {
    let (mut state, _) = with_inbox(None);
    let most = u64::try_from(events::MAX_EVENTS).expect("few");
    let first = told(1, "");
    events::put(&mut state, first.clone());
    let described = deliveries::Described {
        id: None,
        event: first.clone(),
        webhook: openmail_mock::domain::webhooks::Webhook {
            url: HOOK.to_owned(),
            secret: "whsec_known".into(),
        },
        status: Status::Pending { due: noon() },
        attempts: 0,
        first_at: noon(),
    };
    write(&mut state, Listeners::NOBODY, |tx| {
        deliveries::describe(tx, described)
    });
    for number in 2..=most {
        events::put(&mut state, told(number, ""));
    }
    assert_eq!(events::all(&state).count(), events::MAX_EVENTS);
    assert!(events::find(&state, first.id).is_some() && deliveries::are_pending(&state));
    events::put(&mut state, told(most + 1, ""));
    assert_eq!(events::all(&state).count(), events::MAX_EVENTS);
    assert!(events::find(&state, first.id).is_none() && events::at(&state, 1).is_none());
    assert!(!deliveries::are_pending(&state));
    assert_eq!(events::all(&state).next().map(|it| it.number), Some(2));
    assert_eq!(events::last_number(&state), most + 1);
    assert_eq!(events::after(&state, most).count(), 1);
}

#[test]
fn events_are_kept_as_long_as_their_texts_find_room() {
    let (mut state, _) = with_inbox(None);
    let text = "x".repeat(events::MAX_EVENT_BYTES / 4);
    for number in 1..=4 {
        events::put(&mut state, told(number, &text));
    }
    // What is told beside the text counts too.
    let kept = |state: &State| -> Vec<u64> { events::all(state).map(|it| it.number).collect() };
    assert_eq!(kept(&state), [2, 3, 4]);
    events::put(&mut state, told(5, &text.repeat(5)));
    assert_eq!(kept(&state), [5], "the newest stays, whatever it holds");
    events::put(&mut state, told(6, ""));
    assert_eq!(kept(&state), [6]);
}

/// A world with two events and a delivery; its export, without what belongs to the world alone.
fn with_history(world: &str) -> (crate::support::Account, Value) {
    let account = account(world);
    let frozen = json!({ "mode": "frozen", "to": "2040-01-16T09:30:00.000Z" });
    account.post("/_mock/clock", frozen).expect(200);
    account.patch("/_mock/state", conversation()).expect(200);
    let mut exported = account.get("/_mock/state").expect(200).json();
    let members = exported.as_object_mut().expect("an object");
    members.retain(|name, _| name == "events" || name == "deliveries");
    (account, exported)
}

#[test]
fn what_happened_may_be_said_again() {
    let (account, exported) = with_history("events-again");
    let changes = account.patch("/_mock/state", exported).expect(200).json();
    let nothing = json!({ "added": 0, "changed": 0, "removed": 0 });
    assert_eq!(changes, nothing);
    let told = json!({ "events": [{
        "id": "00000000-0000-4000-8000-000000000002", "occurredAt": "+0s",
        "message": "00000000-0000-4000-8000-000000000001", "inbox": "support@openmail.sh",
    }]});
    let changes = account.patch("/_mock/state", told).expect(200).json();
    assert_eq!(changes, nothing);
}

#[test]
fn what_happened_stays_as_it_was() {
    let (account, exported) = with_history("events-fixed");
    let other = "00000000-0000-4000-8000-00000000ffff";
    let later = "2040-01-16T10:00:00.000Z";
    for (place, value) in [
        ("/events/0/number", json!(7)),
        ("/events/0/event", json!("pod.suspended")),
        ("/events/0/occurredAt", json!(later)),
        ("/events/0/route", json!("none")),
        ("/events/0/message", json!(other)),
        ("/events/0/inbox", json!("else@openmail.sh")),
        ("/events/0/inboxId", json!(other)),
        ("/events/0/podId", json!(other)),
        ("/events/0/reason", json!("abuse")),
        ("/events/0/received/id", json!(other)),
        ("/events/0/received/from", json!("eve@example.com")),
        ("/events/0/received/subject", json!("Changed")),
        ("/events/0/received/text", json!("Changed")),
        ("/events/0/received/cc", json!(["eve@example.com"])),
        ("/events/0/received/category", json!("bounce")),
        ("/events/0/received/at", json!(later)),
        ("/events/1/podId", json!(other)),
        ("/events/1/pod", json!(other)),
        ("/events/1/reason", json!("other")),
        ("/events/1/inboxAddress", json!("else@openmail.sh")),
        (
            "/events/1/received",
            exported["events"][0]["received"].clone(),
        ),
        ("/deliveries/0/event", exported["events"][1]["id"].clone()),
        ("/deliveries/0/url", json!("http://127.0.0.1:9/other")),
        ("/deliveries/0/secret", json!("whsec_other")),
        ("/deliveries/0/status", json!("failed")),
        ("/deliveries/0/attempts", json!(4)),
        ("/deliveries/0/dueAt", json!(later)),
        ("/deliveries/0/firstAt", json!(later)),
    ] {
        let mut changed = exported.clone();
        let (holder, name) = place.rsplit_once('/').expect("a member");
        changed.pointer_mut(holder).expect("a row")[name] = value;
        let refused = account.patch("/_mock/state", changed);
        let refused = refused.refused(400, "bad_request").json();
        assert_eq!(refused["violations"][0]["pointer"], place, "{refused}");
        assert_eq!(refused["violations"].as_array().map(Vec::len), Some(1));
        assert!(!refused.to_string().contains("whsec_known"), "{refused}");
    }
    let files = json!([{ "filename": "a", "contentType": "b", "sizeBytes": 1, "extractionMethod": "text" }]);
    let mut changed = exported;
    changed["events"][0]["received"]["attachments"] = files;
    account
        .patch("/_mock/state", changed)
        .refused(400, "bad_request");
}
