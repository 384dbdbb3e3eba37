//! The way of a mail: written, stored for its sender, brought to the inboxes of this world as what
//! the parser makes of its very bytes, and out of the world for everybody else.
//!
//! The control plane's inbound call walks its second half.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::clock::Timestamp;
use crate::domain::inboxes::{self, Inbox};
use crate::domain::mail::{CLEAN, Class, made_message_id};
use crate::domain::messages::{self, Attachment, JoinedBy, Mail, Message};
use crate::domain::policy;
use crate::domain::refusal::Refusal;
use crate::domain::sends::{self, Context, NewSend, Provoked};
use crate::domain::state::Transaction;
use crate::mail::{self, Draft, Mailbox, Parsed};

/// What a send says, beside whom it goes to.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// Whether a reply repeats what it answers.
    pub quotes: bool,
    /// The attachments.
    pub attachments: Vec<Attachment>,
}

impl Content {
    /// What a body means, with the version that it lacks.
    #[must_use]
    pub fn of(body: &str, html: Option<&str>) -> Self {
        let body = with_line_feeds(body);
        let html = html.map(with_line_feeds);
        let (text, html) = match html.filter(|html| !html.is_empty()) {
            Some(html) => (body, html),
            None if mail::is_html(&body) => (mail::text_of_html(&body), body),
            None => {
                let html = mail::html_of_text(&body);
                (body, html)
            }
        };
        Self {
            text,
            html,
            ..Self::default()
        }
    }
}

/// A text as its recipients read it: mail has line ends of its own, and a byte order mark is none
/// of the text.
#[must_use]
pub fn with_line_feeds(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    mail::with_line_feeds(text).into_owned()
}

/// A subject as its recipients read it: one line, without more blanks than words need, and without
/// controls and byte order marks, which headers do not carry. None if there are no words.
#[must_use]
pub fn subject_of(text: &str) -> Option<String> {
    let is_seen = |c: &char| c.is_whitespace() || !(c.is_control() || *c == '\u{feff}');
    let seen: String = text.chars().filter(is_seen).collect();
    let words: Vec<&str> = seen.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Sends a mail from an inbox.
///
/// # Errors
///
/// Whatever [`sends::check_sender`] and [`sends::check_mail`] refuse.
pub fn send(
    tx: &mut Transaction<'_>,
    inbox: Arc<Inbox>,
    new: &NewSend,
    content: &Content,
    provoked: &Provoked<'_>,
) -> Result<Arc<Message>, Refusal> {
    let context = sends::check_sender(tx.state, tx.now, inbox, new, provoked)?;
    let mail = written(tx, &context, new, content);
    sends::check_mail(tx.state, tx.now, &context.inbox, &mail, provoked)?;
    let to: Vec<String> = sends::recipients(&mail).map(str::to_owned).collect();
    let message = sends::sent(tx, &context, mail)?;
    let is_inbox = |address: &String| inboxes::find(tx.state, &address.to_lowercase()).is_some();
    if to.iter().any(is_inbox) {
        let bytes: Arc<[u8]> = Arc::from(bytes_of(&message.mail, message.created_at));
        let parsed = received(mail::parse(&bytes), Some(bytes));
        deliver(tx, &parsed, &to)?;
    }
    Ok(message)
}

fn written(tx: &mut Transaction<'_>, context: &Context, new: &NewSend, content: &Content) -> Mail {
    let inbox = &context.inbox;
    let (mut text, mut html) = (content.text.clone(), content.html.clone());
    if let (Some(previous), true) = (&context.previous, content.quotes) {
        let (from, at) = (&previous.mail.from, previous.created_at.millis());
        let quote = mail::quote(from, at, &previous.mail.text);
        text = format!("{text}\n\n{quote}");
        html = with_quote(&html, &mail::html_quote(from, at, &previous.mail.text));
    }
    let subject = match (&context.thread, &context.subject) {
        (Some(thread), _) => {
            let subject = subject_of(&mail::reply_subject(&thread.subject));
            subject.unwrap_or_default().into()
        }
        (None, Some(subject)) => subject.clone(),
        (None, None) => Box::default(),
    };
    let from = Mailbox {
        name: inbox.display_name.clone(),
        address: inbox.address.to_string(),
    };
    Mail {
        from: from.to_string().into(),
        to: [new.to.clone()].into(),
        header_to: None,
        cc: context.cc.clone().into(),
        bcc: new.bcc.clone().into(),
        reply_to: new.reply_to.clone(),
        message_id: new_message_id(tx, &inbox.address, &inbox.address),
        in_reply_to: context.references.last().cloned(),
        references: context.references.clone().into(),
        headers: None,
        subject,
        text: text.into(),
        html: Some(html.into()),
        attachments: content.attachments.clone().into(),
        class: Class::default(),
        raw: None,
    }
}

/// HTML with a quote at its end, which in a whole document is where its body ends.
fn with_quote(html: &str, quote: &str) -> String {
    let tags = html.to_ascii_lowercase();
    let end = tags.rfind("</body").or_else(|| tags.rfind("</html"));
    let (content, rest) = html.split_at(end.unwrap_or(html.len()));
    format!("{content}<br><br>{quote}{rest}")
}

/// A Message-ID in the domain of who wrote a mail.
fn new_message_id(tx: &mut Transaction<'_>, from: &str, otherwise: &str) -> Arc<str> {
    let drawn = tx.draw_id(|_, _| false);
    made_message_id(drawn, from, otherwise)
}

/// The bytes of a mail that did not come as bytes: the same each time.
#[must_use]
pub fn bytes_of(mail: &Mail, date: Timestamp) -> Vec<u8> {
    if let Some(raw) = &mail.raw {
        return raw.to_vec();
    }
    let mailboxes = |list: &[Box<str>]| list.iter().map(|it| Mailbox::parse(it)).collect();
    let from = match mail::mailboxes_of(&mail.from) {
        // What a fixture says though nobody could be reached there.
        unread if unread.is_empty() => vec![Mailbox::parse(&mail.from)],
        read => read,
    };
    let files = mail.attachments.iter().map(|attachment| mail::Attachment {
        filename: attachment.filename.to_string(),
        content_type: attachment.content_type.to_string(),
        bytes: attachment.bytes.clone(),
    });
    let headers = mail.headers.iter().flat_map(|headers| headers.iter());
    mail::build(&Draft {
        message_id: mail.message_id.to_string(),
        date: date.millis(),
        from,
        to: match &mail.header_to {
            Some(written) => mail::mailboxes_of(written),
            None => mailboxes(&mail.to),
        },
        cc: mailboxes(&mail.cc),
        reply_to: mail.reply_to.iter().map(|it| Mailbox::parse(it)).collect(),
        in_reply_to: mail.in_reply_to.iter().map(ToString::to_string).collect(),
        references: mail.references.iter().map(ToString::to_string).collect(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        subject: mail.subject.to_string(),
        text: Some(mail.text.to_string()),
        html: mail.html.as_ref().map(ToString::to_string),
        attachments: files.collect(),
    })
}

/// A parsed mail as inboxes receive it.
#[must_use]
pub fn received(parsed: Parsed, raw: Option<Arc<[u8]>>) -> Mail {
    let boxed = |list: Vec<String>| list.into_iter().map(Into::into).collect();
    let is_named = |written: &String| *written != parsed.to.join(", ");
    let header_to = parsed.header_to.filter(is_named).map(Into::into);
    let names = parsed.attachments.iter().map(|file| file.filename.as_str());
    let names = mail::unique_names(names);
    let attachments = parsed.attachments.into_iter().zip(names);
    Mail {
        from: parsed.from.into(),
        to: boxed(parsed.to),
        header_to,
        cc: boxed(parsed.cc),
        bcc: Box::default(),
        reply_to: parsed.reply_to.into_iter().next().map(Into::into),
        message_id: parsed.message_id.unwrap_or_default().into(),
        in_reply_to: parsed.in_reply_to.into_iter().next().map(Into::into),
        references: boxed(parsed.references),
        // They are among the bytes, which are kept.
        headers: None,
        subject: parsed.subject.into(),
        text: parsed.text.into(),
        html: parsed.html.map(Into::into),
        attachments: attachments
            .map(|(file, name)| attachment(&name, &file.content_type, file.bytes))
            .collect(),
        class: Class::of(Some(parsed.category.word().into()), Some(CLEAN.into())),
        raw,
    }
}

/// An attachment with the text that it holds.
#[must_use]
pub fn attachment(filename: &str, content_type: &str, bytes: Arc<[u8]>) -> Attachment {
    let extraction = mail::extract(filename, content_type, &bytes);
    Attachment {
        filename: filename.into(),
        content_type: content_type.into(),
        bytes,
        extraction_method: extraction.method.as_str().into(),
        text: extraction.text.map(Into::into),
    }
}

/// What became of a mail at one address.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The address, as it was given.
    pub address: String,
    /// How that ended.
    pub outcome: Outcome,
}

/// How the way of a mail to one address ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// With a message, and what its thread was found by.
    Received(Arc<Message>, JoinedBy),
    /// With nothing: this inbox's policy dropped it.
    Dropped(Arc<Inbox>),
    /// With nothing: no inbox has that address.
    NoSuchInbox,
}

/// Brings a mail to each of these addresses, once, unless the policy there drops it.
///
/// # Errors
///
/// None that a drawn id could cause.
pub fn deliver(
    tx: &mut Transaction<'_>,
    mail: &Mail,
    addresses: &[String],
) -> Result<Vec<Delivery>, Refusal> {
    let mut seen = HashSet::new();
    // One that brings no Message-ID gets one, whomever it is for.
    let mut made = None;
    let mut deliveries = Vec::new();
    for address in addresses {
        let key = address.to_lowercase();
        if !seen.insert(key.clone()) {
            continue;
        }
        let outcome = match inboxes::find(tx.state, &key).cloned() {
            None => Outcome::NoSuchInbox,
            Some(inbox) if !policy::admit(tx, &inbox, mail) => Outcome::Dropped(inbox),
            Some(inbox) => {
                let mut own = mail.clone();
                if own.message_id.is_empty() {
                    let make = || new_message_id(tx, &mail.from, &inbox.address);
                    own.message_id = made.get_or_insert_with(make).clone();
                }
                let (message, joined_by) = messages::receive(tx, &inbox, own)?;
                Outcome::Received(message, joined_by)
            }
        };
        deliveries.push(Delivery {
            address: address.clone(),
            outcome,
        });
    }
    Ok(deliveries)
}
