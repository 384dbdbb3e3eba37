//! What mail costs: pages of it, sending it, keeping a great deal of it.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Arc, LazyLock};

use openmail_mock::domain::inboxes::{self, NewInbox};
use openmail_mock::domain::keys::Scope;
use openmail_mock::domain::messages::{self, Direction, Mail, Role, Status, Storing};
use openmail_mock::domain::state::State;
use openmail_mock::domain::table::Page;

use crate::load::{Load, request};
use crate::server::Server;
use crate::{CONNECTIONS, Case, Extent, ROUNDS, grouped, row, states};

/// Messages of an ordinary account, of a large fixture, of the largest document that a call may
/// bring, and of the largest account.
const ORDINARY: usize = 1_000;
const LARGE: usize = 100_000;
const LARGEST_BODY: usize = 300_000;
const LARGEST: usize = 1_000_000;
/// Sends that a world takes in which 1,000 messages are present, so that it stays about as many.
const SENDS: usize = 250;
/// Messages of 1 kB, of which a world's storage is nearly full.
const KEPT: usize = 1_000_000;
/// What a message says, in bytes.
const LENGTH: usize = 1_024;
/// Inboxes of the account that is kept in process.
const INBOXES: usize = 100;

/// Two inboxes, which the fixtures give these ids.
const ALICE: &str = "00000000-0000-4000-8000-00000000000a";
const BOB: &str = "00000000-0000-4000-8000-00000000000b";

/// What this program is called with to keep mail in a process of its own: memory that this one
/// has freed would be taken for memory that mail does not need.
pub const KEEP: &str = "keep-mail";

const CASES: [Case; 2] = [
    Case {
        what: "full page of 50 messages of 1 kB",
        status: |_| 200,
        targets: ["8×", "–"],
        adds_to: |_| Vec::new(),
        write: |_, text| {
            let path = format!("/v1/inboxes/{ALICE}/messages?limit=50");
            request(text, "GET", &path, "page", "");
        },
    },
    Case {
        what: "send of 1 kB from one inbox to another, 1,000 messages present",
        status: |_| 200,
        targets: ["12×", "–"],
        adds_to: |requests| (0..requests).step_by(SENDS).map(sending).collect(),
        write: |number, text| {
            let said = &*SAID;
            let body =
                format!(r#"{{"to":"bob@openmail.sh","subject":"Order {number}","body":{said}}}"#);
            let path = format!("/v1/inboxes/{ALICE}/send");
            request(text, "POST", &path, &sending(number), &body);
        },
    },
];

/// The world that a send adds to.
fn sending(number: usize) -> String {
    format!("send-{}", number / SENDS)
}

/// What every send says, as JSON.
static SAID: LazyLock<String> = LazyLock::new(|| json(&said(0)));

pub fn rows(folder: &Path, extent: &Extent) {
    let file = folder.join("mail.json");
    let mut document = String::from(r#"{"inboxes":["#);
    two_inboxes(&mut document);
    document.push_str(r#"],"threads":["#);
    threads(&mut document, "alice", ORDINARY, 2, &said);
    document.push_str("]}");
    std::fs::write(&file, document).expect("the folder takes files");
    let name = file.to_str().expect("the folder's name is text");
    let ours = Server::mock_with(folder, &["--fixtures", name]);
    crate::requests(&ours, &CASES, folder, extent);
    drop(ours);
    pages(folder, extent);
    let this = std::env::current_exe().expect("this process runs from a file");
    let kept = Command::new(this).arg(KEEP).status();
    assert!(kept.is_ok_and(|status| status.success()));
    load(folder);
    let messages = if extent.is_full { LARGEST_BODY } else { LARGE };
    let mut document = String::from(r#"{"inboxes":["#);
    two_inboxes(&mut document);
    document.push_str(r#"],"threads":["#);
    threads(&mut document, "alice", messages, 10, &short);
    document.push_str("]}");
    let what = format!("{} messages", grouped(messages));
    states::meanwhile(folder, &what, &document);
}

fn two_inboxes(document: &mut String) {
    let _ = write!(
        document,
        r#"{{"id":"{ALICE}","address":"alice@openmail.sh"}},{{"id":"{BOB}","address":"bob@openmail.sh"}}"#
    );
}

/// Threads of so many messages each: what came, then what went, in turn; every other one is read.
fn threads(
    document: &mut String,
    inbox: &str,
    messages: usize,
    each: usize,
    text: &dyn Fn(usize) -> String,
) {
    for first in (0..messages).step_by(each) {
        let separator = if first == 0 { "" } else { ",\n" };
        let read = match first / each % 2 {
            0 => r#""isRead":true,"#,
            _ => r#""isRead":false,"#,
        };
        // Values are counted where a document is a body, and there are as many as there may be.
        let read = if each > 2 { "" } else { read };
        let _ = write!(
            document,
            r#"{separator}{{"inbox":"{inbox}@openmail.sh",{read}"messages":["#
        );
        for number in first..first + each {
            let separator = if number == first { "" } else { "," };
            let text = json(&text(number));
            let who = match (number - first) % 2 == 0 || each > 2 {
                true => r#""from":"ada@example.com""#.to_owned(),
                false => format!(r#""from":"{inbox}@openmail.sh","to":"ada@example.com""#),
            };
            let _ = write!(document, r#"{separator}{{{who},"text":{text}}}"#);
        }
        document.push_str("]}");
    }
}

/// Lines of a plain mail, as long as every other.
fn said(number: usize) -> String {
    let mut text = format!("Message {number:07}\n\n");
    while text.len() < LENGTH {
        text.push_str("The parcel left on Monday and should have arrived by now, shouldn't it?\n");
    }
    text.truncate(LENGTH);
    text
}

fn short(number: usize) -> String {
    format!("Message {number:07}")
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Writes the request of that number.
type Request = fn(usize, &mut Vec<u8>);

/// Pages somewhere in a large inbox beside the first page of an ordinary one.
fn pages(folder: &Path, extent: &Extent) {
    let file = folder.join("pages.json");
    let mut document = String::from(r#"{"inboxes":["#);
    two_inboxes(&mut document);
    document.push_str(r#"],"threads":["#);
    threads(&mut document, "alice", LARGEST, 2, &short);
    document.push_str(",\n");
    threads(&mut document, "bob", ORDINARY, 2, &short);
    document.push_str("]}");
    std::fs::write(&file, document).expect("the folder takes files");
    let name = file.to_str().expect("the folder's name is text");
    let server = Server::mock_with(folder, &["--fixtures", name]);
    let cases: [(&str, [Request; 2]); 4] = [
        (
            "messages",
            [
                |number, text| page(text, number, LARGEST, "messages?"),
                |_, text| first_page(text, "messages?"),
            ],
        ),
        (
            "messages that came",
            [
                |number, text| page(text, number, LARGEST / 2, "messages?direction=inbound&"),
                |_, text| first_page(text, "messages?direction=inbound&"),
            ],
        ),
        (
            "threads",
            [
                |number, text| page(text, number, LARGEST / 2, "threads?"),
                |_, text| first_page(text, "threads?"),
            ],
        ),
        (
            "unread threads",
            [
                |number, text| page(text, number, LARGEST / 4, "threads?isRead=false&"),
                |_, text| first_page(text, "threads?isRead=false&"),
            ],
        ),
    ];
    for (what, requests) in cases {
        let mut lowest = [Some(f64::INFINITY); 2];
        for _ in 0..ROUNDS {
            for (write, lowest) in requests.into_iter().zip(&mut lowest) {
                let load = Load {
                    connections: CONNECTIONS,
                    requests: extent.requests,
                    status: |_| 200,
                    write,
                };
                let cpu = server.cpu_of(|| load.run(server.address));
                let micros = cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / extent.requests as f64);
                *lowest = lowest.zip(micros).map(|(one, other)| one.min(other));
            }
        }
        let what = format!(
            "page of 50 {what} at random offsets, {} messages in the inbox · first page where {} are, CPU per request",
            grouped(LARGEST),
            grouped(ORDINARY)
        );
        match lowest {
            [Some(large), Some(ordinary)] => {
                let shown = format!("{large:.1} µs · {ordinary:.1} µs");
                let ratio = format!("{:.2}×", large / ordinary);
                row(&what, &shown, "–", &ratio, "1.3×");
            }
            _ => row(&what, "not counted by this system", "–", "–", "1.3×"),
        }
    }
    if let Some(memory) = server.memory() {
        let what = format!("memory of that server, {} short messages", grouped(LARGEST));
        row(&what, &format!("{:.0} MiB", memory / 1024.0), "–", "–", "–");
    }
}

fn page(text: &mut Vec<u8>, number: usize, rows: usize, query: &str) {
    // Steps of a prime, as good as chance for whoever does not expect them.
    let offset = number.wrapping_mul(2_654_435_761) % (rows - 50);
    let path = format!("/v1/inboxes/{ALICE}/{query}limit=50&offset={offset}");
    request(text, "GET", &path, "default", "");
}

fn first_page(text: &mut Vec<u8>, query: &str) {
    let path = format!("/v1/inboxes/{BOB}/{query}limit=50&offset=0");
    request(text, "GET", &path, "default", "");
}

/// In a process of its own: the largest account, and what a world, a snapshot and a way back cost.
pub fn keep() -> ExitCode {
    let before = states::resident();
    let state = account();
    let memory = before.zip(states::resident()).map(|(before, after)| {
        let kilobytes = (after - before) * 1.024 / KEPT as f64;
        format!("{kilobytes:.2} kB each")
    });
    let what = format!(
        "memory of {} messages of 1 kB, about as many as a world takes, two per thread, indexes included, in process",
        grouped(KEPT)
    );
    let shown = memory.unwrap_or_else(|| "not told by this system".to_owned());
    row(&what, &shown, "–", "–", "2.2 kB each");
    let what = format!("{} messages", grouped(KEPT));
    states::keeping(state, &what, "a message stored", |tx| {
        let rows = inboxes::list(tx.state, Scope::Account, None, Page::new(1, 0)).rows;
        let inbox = rows.first().expect("there are inboxes").clone();
        messages::store(tx, &inbox, came(0, &inbox.address))?;
        Ok(())
    });
    ExitCode::SUCCESS
}

/// The largest account, stored message by message.
fn account() -> State {
    let mut state = states::empty();
    let mut tx = states::transaction(&mut state);
    let inboxes: Vec<_> = (0..INBOXES)
        .map(|_| inboxes::create(&mut tx, Scope::Account, NewInbox::default()))
        .map(|created| created.expect("the plan has no limit").inbox)
        .collect();
    for number in (0..KEPT).step_by(2) {
        let inbox = &inboxes[number % INBOXES];
        let first = came(number, &inbox.address);
        let id = first.mail.message_id.clone();
        let stored = messages::store(&mut tx, inbox, first).expect("its id is drawn");
        let mut answer = came(number + 1, "ada@example.com");
        answer.thread = Some(stored.thread);
        answer.direction = Direction::Outbound;
        answer.status = Status::Sent;
        answer.role = None;
        answer.mail.in_reply_to = Some((&*id).into());
        answer.mail.references = [(&*id).into()].into();
        messages::store(&mut tx, inbox, answer).expect("its id is drawn");
    }
    state
}

fn came(number: usize, to: &str) -> Storing {
    let mail = Mail {
        from: "Ada Okafor <ada.okafor@northwind.example>".into(),
        to: [to.into()].into(),
        message_id: Arc::from(format!("00000000-0000-4000-8000-{number:012}@openmail.sh")),
        subject: "Where the parcel is".into(),
        text: said(number).into(),
        ..Mail::default()
    };
    Storing {
        id: None,
        thread: None,
        direction: Direction::Inbound,
        status: Status::Received,
        mail,
        to: to.into(),
        role: Some(Role::To),
        created_at: None,
    }
}

/// A fixture file of messages, in process.
fn load(folder: &Path) {
    let file = folder.join("messages.json");
    let mut document = String::from(r#"{"inboxes":["#);
    two_inboxes(&mut document);
    document.push_str(r#"],"threads":["#);
    threads(&mut document, "alice", LARGE, 2, &said);
    document.push_str("]}");
    std::fs::write(&file, &document).expect("the folder takes files");
    let what = format!(
        "reading, checking and laying a file of {} messages of 1 kB, in process",
        grouped(LARGE)
    );
    row(&what, &states::loading(&file), "–", "–", "2 s");
}
