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
