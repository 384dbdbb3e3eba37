//! What a world may store. Attachments share their bytes, so that these tests reach a bound of a
//! GiB without having one.

use std::sync::Arc;

use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::events::Listeners;
use openmail_mock::domain::ids::Source;
use openmail_mock::domain::inboxes::{self, Inbox, NewInbox};
use openmail_mock::domain::keys::Scope;
use openmail_mock::domain::messages::{self, Attachment, MAX_STORED, Mail, Message};
use openmail_mock::domain::refusal::Refusal;
use openmail_mock::domain::sends::{self, MAX_OUTBOX_BYTES, NewSend};
use openmail_mock::domain::state::{State, Transaction};
use openmail_mock::domain::table::Page;
use openmail_mock::domain::threads;

/// What a file here has; so many of them are as much as a world may store.
const FILE: usize = 1024 * 1024;
const MOST: usize = MAX_STORED / FILE;

struct Desk {
    state: State,
    inbox: Arc<Inbox>,
    file: Arc<[u8]>,
}

impl Desk {
    fn new() -> Self {
        let at = noon();
        let mut state = State::empty(Clock::Frozen { at }, at, 0);
        let inbox = write(&mut state, |tx| {
            inboxes::create(tx, Scope::Account, NewInbox::default())
        });
        Self {
            state,
            inbox: inbox.expect("an inbox").inbox,
            file: vec![0; FILE].into(),
        }
    }

    fn mail(&self, files: usize, text: &str) -> Mail {
        let file = Attachment {
            filename: "a".into(),
            content_type: "application/octet-stream".into(),
            bytes: self.file.clone(),
            extraction_method: "unsupported".into(),
            text: None,
        };
        Mail {
            attachments: vec![file; files].into(),
            text: text.into(),
            ..Mail::default()
        }
    }

    fn receive(&mut self, files: usize, text: &str) -> Result<Arc<Message>, Refusal> {
        let (inbox, mail) = (self.inbox.clone(), self.mail(files, text));
        let received = write(&mut self.state, |tx| messages::receive(tx, &inbox, mail));
        received.map(|(message, _)| message)
    }
}

fn noon() -> Timestamp {
    Timestamp::parse("2026-01-15T12:00:00Z").expect("an instant")
}

/// Runs a rule as a world does: on a copy that is kept only if the rule succeeded.
fn write<T>(
    state: &mut State,
    rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut next = state.clone();
    let source = Source {
        seed: 0,
        world: "w",
    };
    let done = rule(&mut Transaction {
        state: &mut next,
        now: noon(),
        source,
        listeners: Listeners::NOBODY,
    })?;
    *state = next;
    Ok(done)
}

#[track_caller]
fn assert_full<T: std::fmt::Debug>(result: Result<T, Refusal>) {
    let refusal = result.expect_err("nothing more fits");
    assert_eq!(
        refusal,
        Refusal::StorageLimitExceeded {
            limit: Some(MAX_STORED)
        }
    );
}

#[test]
fn a_world_stores_a_gibibyte_and_not_a_byte_more() {
    let mut desk = Desk::new();
    desk.receive(MOST / 2, "").expect("it fits");
    let last = messages::room(&desk.mail(MOST / 2 - 1, ""));
    let rest = "x".repeat(MAX_STORED - desk.state.stored_bytes - last);
    assert_full(desk.receive(MOST / 2 - 1, &format!("{rest}x")));
    desk.receive(MOST / 2 - 1, &rest)
        .expect("it fits to the byte");
    assert_eq!(desk.state.stored_bytes, MAX_STORED);
    assert_full(desk.receive(0, ""));
    let (inbox, mail) = (desk.inbox.clone(), desk.mail(0, "x"));
    let new = NewSend {
        inbox: inbox.id.to_string(),
        to: "a@example.com".into(),
        subject: Some("x".into()),
        ..NewSend::default()
    };
    assert_full(write(&mut desk.state, |tx| {
        let context = sends::context(tx.state, inbox, &new)?;
        sends::sent(tx, &context, mail)
    }));
    assert_eq!(desk.state.stored_bytes, MAX_STORED);
}

#[test]
fn deleting_makes_room_and_the_trash_does_not() {
    let mut desk = Desk::new();
    let kept = desk.receive(MOST - 1, "").expect("it fits");
    let last = desk.receive(1, "").expect("it fits");
    let key = last.thread.to_string();
    write(&mut desk.state, |tx| threads::delete(tx, &key)).expect("it is there");
    assert_full(desk.receive(1, ""));
    let key = kept.id.to_string();
    write(&mut desk.state, |tx| messages::delete(tx, &key)).expect("it is there");
    assert_eq!(desk.state.stored_bytes, messages::room(&last.mail));
    desk.receive(MOST - 1, "").expect("there is room again");
    let key = desk.inbox.id.to_string();
    write(&mut desk.state, |tx| inboxes::delete(tx, &key)).expect("it is there");
    assert_eq!(desk.state.stored_bytes, 0, "its trash goes with an inbox");
}

#[test]
fn whatever_a_mail_brings_takes_room() {
    const LONG: usize = 100_000;
    let texts: Box<[Box<str>]> = vec!["x".repeat(LONG).into()].into();
    let text: Option<Box<str>> = Some("x".repeat(LONG).into());
    let mails = [
        Mail {
            from: "x".repeat(LONG).into(),
            ..Mail::default()
        },
        Mail {
            message_id: "x".repeat(LONG).into(),
            ..Mail::default()
        },
        Mail {
            to: texts.clone(),
            ..Mail::default()
        },
        Mail {
            cc: texts.clone(),
            ..Mail::default()
        },
        Mail {
            bcc: texts.clone(),
            ..Mail::default()
        },
        Mail {
            references: texts,
            ..Mail::default()
        },
        Mail {
            header_to: text.clone(),
            ..Mail::default()
        },
        Mail {
            reply_to: text.clone(),
            ..Mail::default()
        },
        Mail {
            in_reply_to: text.clone(),
            ..Mail::default()
        },
        Mail {
            html: text,
            ..Mail::default()
        },
        Mail {
            raw: Some(vec![0; LONG].into()),
            ..Mail::default()
        },
    ];
    for mail in mails {
        assert!(messages::room(&mail) >= LONG, "{mail:?}");
    }
    let bare = messages::room(&Mail::default());
    assert!(bare > 0, "and a million of nothing is something");
}

#[test]
fn the_outbox_lets_go_of_what_was_deleted_long_ago() {
    let mut desk = Desk::new();
    let half = MAX_OUTBOX_BYTES / FILE / 2 - 1;
    let mut send = |files: usize| {
        let (inbox, mut mail) = (desk.inbox.clone(), desk.mail(files, "x"));
        mail.to = ["a@example.com".into()].into();
        let new = NewSend {
            inbox: inbox.id.to_string(),
            to: "a@example.com".into(),
            subject: Some("x".into()),
            ..NewSend::default()
        };
        let sent = write(&mut desk.state, |tx| {
            let context = sends::context(tx.state, inbox, &new)?;
            sends::sent(tx, &context, mail)
        });
        let id = sent.expect("it fits").id;
        write(&mut desk.state, |tx| messages::delete(tx, &id.to_string())).expect("it is there");
        let rows = sends::outbox(&desk.state, Page::new(100, 0)).rows;
        rows.iter().map(|row| row.message.id).collect::<Vec<_>>()
    };
    assert_eq!(send(half).len(), 1);
    assert_eq!(send(half).len(), 2, "both are within the bound");
    let kept = send(half);
    assert_eq!(kept.len(), 2, "the oldest made room");
    assert_eq!(
        send(2 * half + 3).len(),
        1,
        "the newest stays, however large"
    );
    assert_eq!(send(half).len(), 1);
}

#[test]
fn a_million_messages_of_a_kilobyte_fit() {
    let mail = Mail {
        from: "\"Ada Lovelace\" <ada.lovelace@correspondence.example.com>".into(),
        to: ["support@meridian.io".into()].into(),
        message_id: "5e5bd1c2-9c3f-4c55-8f3e-0b0a4a1f2c3d@correspondence.example.com".into(),
        subject: "The analytical engine".into(),
        text: "x".repeat(1_000 - 21).into(),
        ..Mail::default()
    };
    assert!(messages::room(&mail) * 1_000_000 <= MAX_STORED);
}
