//! Sockets: whatever comes over the wire is answered by whole frames, events as JSON among them,
//! and every frame of text that is no more than the allowed number has one answer.
//!
//! The input is what a client says: lines, each a frame of text, or, where it begins with `+`, the
//! subject of a mail that arrives meanwhile. An input that begins with `!` is the wire's bytes.

use std::cell::RefCell;

use openmail_mock::api::post;
use openmail_mock::app::Caller;
use openmail_mock::domain::keys::Holder;
use openmail_mock::mail;
use openmail_mock::push::sockets::{Admission, converse};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use super::world;

const ADDRESS: &str = "bob@openmail.sh";
/// A client may send so many messages, and each may have so many bytes.
const MAX_MESSAGES: usize = 30;
const MAX_MESSAGE: usize = 65_536;

thread_local! {
    /// Its time passes by itself: nobody waits for a heartbeat.
    static RUNTIME: RefCell<Runtime> = RefCell::new({
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build();
        runtime.expect("a runtime")
    });
}

/// Whether the input meant anything.
pub fn run(bytes: &[u8]) -> bool {
    if let Some(wire) = bytes.strip_prefix(b"!") {
        hear(vec![Step::Write(wire.to_vec())]);
        return true;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let steps: Vec<Step> = text.split('\n').map(step).collect();
    let spoken = text.split('\n').filter(|line| !line.starts_with('+'));
    let (count, longest) = spoken.fold((0, 0), |(count, longest), line| {
        (count + 1, line.len().max(longest))
    });
    let heard = hear(steps);
    if longest <= MAX_MESSAGE {
        let answers = heard.texts.iter().filter(|text| text["type"].is_string());
        // The one that is too many is answered too, and is the last.
        assert_eq!(answers.count(), count.min(MAX_MESSAGES + 1), "{text}");
        let expected = (count > MAX_MESSAGES).then_some(4029);
        assert_eq!(heard.closed, expected, "{text}");
    }
    true
}

enum Step {
    Write(Vec<u8>),
    Arrives(String),
}

fn step(line: &str) -> Step {
    match line.strip_prefix('+') {
        Some(subject) => Step::Arrives(subject.to_owned()),
        None => Step::Write(masked(line.as_bytes())),
    }
}

/// A whole frame of text, as clients write it.
fn masked(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..=0xFFFF => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    let mask = [0x5A, 0x00, 0xFF, 0x11];
    frame.extend(mask);
    frame.extend(
        text.iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// What a client was told.
#[derive(Default)]
struct Heard {
    texts: Vec<Value>,
    /// The code of the close frame.
    closed: Option<u16>,
}

/// Talks, leaves, and reads all that was said.
fn hear(steps: Vec<Step>) -> Heard {
    let app = world::app();
    let caller = app.enter("w", Holder::World).expect("there is room");
    let connection = caller.connect(1).expect("there is room");
    let admission = Admission::Connected(connection);
    let (ours, theirs) = duplex(16 * 1024);
    let (mut answers, mut wire) = split(ours);
    let speak = async {
        for step in steps {
            match step {
                // A server that ended the conversation hears no more.
                Step::Write(bytes) => drop(wire.write_all(&bytes).await),
                Step::Arrives(subject) => {
                    arrive(&caller, &subject);
                    yield_now().await;
                }
            }
        }
        let _ = wire.shutdown().await;
    };
    let listen = async {
        let mut heard = Vec::new();
        answers.read_to_end(&mut heard).await.map(|_| heard)
    };
    let base = "http://127.0.0.1:1";
    let ((), (), heard) = RUNTIME.with_borrow(|runtime| {
        runtime.block_on(async {
            let talk = async {
                converse(theirs, &admission, &app, base).await;
            };
            tokio::join!(talk, speak, listen)
        })
    });
    read(&heard.expect("what was written can be read"))
}

fn arrive(caller: &Caller, subject: &str) {
    let subject: String = subject.chars().filter(|c| !c.is_control()).collect();
    let mail = format!("From: eve@example.com\r\nSubject: {subject}\r\n\r\nGood morning\r\n");
    let mail = post::received(mail::parse(mail.as_bytes()), None);
    let delivered = caller.write(|tx| post::deliver(tx, &mail, &[ADDRESS.to_owned()]));
    assert!(delivered.is_ok_and(|delivered| delivered.len() == 1));
}

/// Takes a server's frames apart (RFC 6455, 5.2).
fn read(mut bytes: &[u8]) -> Heard {
    let mut heard = Heard::default();
    while let [first, second, rest @ ..] = bytes {
        assert!(heard.closed.is_none(), "nothing follows a close frame");
        assert_eq!(first & 0xF0, 0x80, "whole, and without an extension");
        let (length, rest) = match second {
            short @ 0..126 => (usize::from(*short), rest),
            126 => {
                let (length, rest) = rest.split_first_chunk::<2>().expect("a length");
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk::<8>().expect("a length");
                let length = usize::try_from(u64::from_be_bytes(*length));
                (length.expect("a length"), rest)
            }
            masked => panic!("a server masks nothing: {masked}"),
        };
        let (payload, rest) = rest.split_at(length);
        match first & 0x0F {
            1 => {
                let text: Value = serde_json::from_slice(payload).expect("text is JSON");
                let is_one = text["type"].is_string() != text["event"].is_string();
                assert!(is_one, "{text}");
                heard.texts.push(text);
            }
            8 => {
                let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                // Without one, it repeats a close frame that had none.
                heard.closed = Some(code.unwrap_or(1005));
                let words = std::str::from_utf8(payload.get(2..).unwrap_or_default());
                assert!(words.is_ok() && payload.len() <= 125);
            }
            9 | 10 => assert!(payload.len() <= 125),
            other => panic!("no frame of a server is a {other}"),
        }
        bytes = rest;
    }
    assert!(bytes.is_empty(), "half a frame");
    heard
}
