//! What left for the outside world, through `GET /_mock/outbox`; and its bound, in the domain.

use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::events::Listeners;
use openmail_mock::domain::ids::Source;
use openmail_mock::domain::inboxes::{self, NewInbox};
use openmail_mock::domain::keys::Scope;
use openmail_mock::domain::messages::Mail;
use openmail_mock::domain::sends::{self, Context, MAX_OUTBOX};
use openmail_mock::domain::state::{State, Transaction};
use openmail_mock::domain::table::Page;
use serde_json::{Value, json};

use crate::support::{Account, account};

fn inbox(account: &Account, name: &str) -> String {
    let inbox = account.post("/v1/inboxes", json!({ "mailboxName": name }));
    inbox.expect(201).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

fn send(account: &Account, inbox: &str, mail: Value) -> Value {
    account
        .post(&format!("/v1/inboxes/{inbox}/send"), mail)
        .expect(200)
        .json()
}

fn simple(account: &Account, inbox: &str, to: &str, subject: &str) -> Value {
    send(
        account,
        inbox,
        json!({ "to": to, "subject": subject, "body": "T" }),
    )
}

fn outbox(account: &Account, query: &str) -> (Vec<Value>, u64) {
    let list = account
        .get(&format!("/_mock/outbox{query}"))
        .expect(200)
        .json();
    let total = list["total"].as_u64().expect("a number");
    (list["data"].as_array().expect("a list").clone(), total)
}

fn subjects(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["subject"].as_str().expect("a text"))
        .collect()
}

#[test]
fn the_newest_stands_first_and_pages_tile() {
    let account = account("outbox-pages");
    let desk = inbox(&account, "desk");
    assert_eq!(outbox(&account, ""), (Vec::new(), 0));
    for subject in ["one", "two", "three"] {
        simple(&account, &desk, "a@example.com", subject);
    }
    let (rows, total) = outbox(&account, "");
    assert_eq!((subjects(&rows), total), (vec!["three", "two", "one"], 3));
    let (rows, total) = outbox(&account, "?limit=1&offset=1");
    assert_eq!((subjects(&rows), total), (vec!["two"], 3));
    assert_eq!(outbox(&account, "?offset=9"), (Vec::new(), 3));
    account
        .get("/_mock/outbox?limit=0")
        .refused(400, "bad_request");
}

#[test]
fn an_entry_says_all_of_the_mail() {
    let account = account("outbox-contents");
    let created = account.post(
        "/v1/inboxes",
        json!({ "mailboxName": "desk", "displayName": "Front Desk" }),
    );
    let desk = created.expect(201).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let sent = send(
        &account,
        &desk,
        json!({ "to": "a@example.com", "cc": ["c@example.com"], "bcc": ["b@example.com"],
                "replyTo": "r@example.com", "subject": "S", "body": "T", "bodyHtml": "<p>T</p>",
                "attachments": [{ "filename": "a.txt", "contentType": "text/plain", "data": "QUJD" }] }),
    );
    let (rows, _) = outbox(&account, "");
    let mut row = rows[0].clone();
    let members = row.as_object_mut().expect("an object");
    assert!(
        members
            .remove("id")
            .is_some_and(|id| id != sent["messageId"])
    );
    assert!(members.remove("createdAt").is_some());
    assert_eq!(
        row,
        json!({ "messageId": sent["messageId"], "inboxId": desk,
                "from": "Front Desk <desk@openmail.sh>",
                "to": ["a@example.com"], "cc": ["c@example.com"], "bcc": ["b@example.com"],
                "replyTo": "r@example.com", "subject": "S", "text": "T", "html": "<p>T</p>",
                "attachments": [{ "filename": "a.txt", "contentType": "text/plain", "sizeBytes": 3 }],
                "noSuchInbox": false })
    );
    let id = sent["messageId"].as_str().expect("an id");
    let bytes = account
        .get(&format!("/v1/messages/{id}/raw"))
        .expect(200)
        .body;
    assert!(!String::from_utf8_lossy(&bytes).contains("b@example.com"));
}

#[test]
fn a_misspelt_inbox_of_ours_is_told_and_mail_between_inboxes_is_not_there() {
    let account = account("outbox-ours");
    let domain = json!({ "domains": [{ "domain": "meridian.example" }] });
    account.patch("/_mock/state", domain).expect(200);
    let desk = inbox(&account, "desk");
    inbox(&account, "other");
    simple(&account, &desk, "Other@OpenMail.sh", "within");
    assert_eq!(outbox(&account, "").1, 0);
    simple(&account, &desk, "otter@openmail.sh", "misspelt");
    simple(&account, &desk, "x@meridian.example", "misspelt too");
    simple(&account, &desk, "x@example.com", "outside");
    send(
        &account,
        &desk,
        json!({ "to": "other@openmail.sh", "bcc": ["x@example.com"], "subject": "mixed", "body": "T" }),
    );
    send(
        &account,
        &desk,
        json!({ "to": "x@example.com", "cc": ["otter@openmail.sh"], "subject": "both", "body": "T" }),
    );
    let (rows, _) = outbox(&account, "");
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["subject"].as_str().expect("a text"),
                row["noSuchInbox"] == true,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("both", true),
            ("mixed", false),
            ("outside", false),
            ("misspelt too", true),
            ("misspelt", true)
        ]
    );
}

#[test]
fn it_survives_its_message_and_its_inbox_but_no_reset() {
    let account = account("outbox-survives");
    for to in ["seed", "empty"] {
        let desk = inbox(&account, "desk");
        let sent = simple(&account, &desk, "a@example.com", "S");
        let before = outbox(&account, "");
        let id = sent["messageId"].as_str().expect("an id");
        account.delete(&format!("/v1/messages/{id}")).expect(204);
        assert_eq!(outbox(&account, ""), before);
        account.delete(&format!("/v1/inboxes/{desk}")).expect(204);
        assert_eq!(outbox(&account, ""), before);
        account
            .post("/_mock/reset", json!({ "to": to }))
            .expect(200);
        assert_eq!(outbox(&account, "").1, 0, "{to}");
    }
}

#[test]
fn it_is_no_part_of_state() {
    let account = account("outbox-no-state");
    let desk = inbox(&account, "desk");
    simple(&account, &desk, "a@example.com", "S");
    let state = account.get("/_mock/state").expect(200).json();
    assert_eq!(state["outbox"], Value::Null);
    account.send("PUT", "/_mock/state", Some(state)).expect(200);
    assert_eq!(outbox(&account, "").1, 0);
}

#[test]
fn it_keeps_the_latest_ten_thousand() {
    let at = Timestamp::parse("2026-01-15T09:30:00Z").expect("an instant");
    let mut state = State::empty(Clock::Frozen { at }, at, 0);
    let source = Source {
        seed: 0,
        world: "w",
    };
    let mut tx = Transaction {
        state: &mut state,
        now: at,
        source,
        listeners: Listeners::NOBODY,
    };
    let new = NewInbox {
        mailbox_name: Some("desk".to_owned()),
        ..NewInbox::default()
    };
    let inbox = inboxes::create(&mut tx, Scope::Account, new).expect("an inbox");
    let context = Context {
        inbox: inbox.inbox,
        thread: None,
        previous: None,
        references: Vec::new(),
        subject: None,
        cc: Vec::new(),
    };
    for number in 0..MAX_OUTBOX + 2 {
        let mail = Mail {
            to: [Box::from("a@example.com")].into(),
            subject: number.to_string().into(),
            ..Mail::default()
        };
        sends::sent(&mut tx, &context, mail).expect("it is sent");
    }
    let newest = sends::outbox(&state, Page::new(1, 0));
    assert_eq!(newest.total, MAX_OUTBOX);
    assert_eq!(&*newest.rows[0].message.mail.subject, "10001");
    let last = i64::try_from(MAX_OUTBOX).expect("a small number") - 1;
    let oldest = sends::outbox(&state, Page::new(1, last));
    assert_eq!(&*oldest.rows[0].message.mail.subject, "2");
}
