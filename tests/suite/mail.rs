//! The room `mail` through its public functions: values in, bytes out, and back.
//!
//! It refuses to know how messages are taken apart; it speaks of mail as senders write it and of
//! what a reader is told.

mod build;
mod extract;
mod hostile;
mod html;
mod office;
mod parse;
mod reply;
mod round_trip;

use openmail_mock::mail::{Attachment, Draft, Mailbox, Parsed, parse};

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox {
        name: Some(name.to_owned()),
        address: address.to_owned(),
    }
}

fn file(filename: &str, content_type: &str, bytes: &[u8]) -> Attachment {
    Attachment {
        filename: filename.to_owned(),
        content_type: content_type.to_owned(),
        bytes: bytes.into(),
    }
}

/// A short message with a text.
fn draft() -> Draft {
    Draft {
        message_id: "m1@openmail.sh".to_owned(),
        // 2 November 2026, 09:05:07 UTC.
        date: 1_793_610_307_000,
        from: vec![mailbox("Ada Lovelace", "ada@example.com")],
        to: vec![Mailbox::bare("support@meridian.io")],
        subject: "Invoice question".to_owned(),
        text: Some("Where is my invoice?\n".to_owned()),
        ..Draft::default()
    }
}

/// Lines with the ends that mail has.
fn lines(lines: &[&str]) -> Vec<u8> {
    lines.join("\r\n").into_bytes()
}

/// Reads the lines of a message.
fn read(message: &[&str]) -> Parsed {
    parse(&lines(message))
}

fn names(parsed: &Parsed) -> Vec<&str> {
    let attachments = parsed.attachments.iter();
    attachments.map(|file| file.filename.as_str()).collect()
}
