//! Mail from outside: taken in as JSON or as bytes.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Serialize;

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::files::{self, Given};
use crate::api::post::{self, Delivery, Outcome};
use crate::api::reply::Reply;
use crate::contract::{Item, query_pairs};
use crate::domain::ids::Id;
use crate::domain::mail::{CLEAN, Class};
use crate::domain::messages::{Attachment, Headers, JoinedBy, Mail};
use crate::domain::sends::bare;
use crate::mail::{self, Mailbox};

pub(super) const ROWS: &[Row] = &[Row::guarded("receiveMail", receive_mail).with_large_body()];

#[derive(Serialize)]
struct ReceivedView {
    results: Vec<ResultView>,
    notes: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultView {
    address: String,
    inbox_id: Option<Id>,
    message_id: Option<Id>,
    thread_id: Option<Id>,
    joined_by: Option<&'static str>,
    dropped: Option<&'static str>,
}

impl ResultView {
    /// What was only tried made no message, and no new thread.
    fn new(delivery: Delivery, is_trial: bool) -> Self {
        let nothing = Self {
            address: delivery.address,
            inbox_id: None,
            message_id: None,
            thread_id: None,
            joined_by: None,
            dropped: None,
        };
        match delivery.outcome {
            Outcome::Received(message, joined_by) => {
                let is_told = !is_trial || joined_by != JoinedBy::New;
                Self {
                    inbox_id: Some(message.inbox),
                    message_id: (!is_trial).then_some(message.id),
                    thread_id: is_told.then_some(message.thread),
                    joined_by: Some(joined_by.word()),
                    ..nothing
                }
            }
            Outcome::Dropped(inbox) => Self {
                inbox_id: Some(inbox.id),
                dropped: Some("policy"),
                ..nothing
            },
            Outcome::NoSuchInbox => Self {
                dropped: Some("no_such_inbox"),
                ..nothing
            },
        }
    }
}

fn receive_mail(call: &Call<'_>) -> Result<Reply, Failure> {
    let (mail, notes) = match &call.input.body {
        Some(body) => {
            let (headers, notes) = headers(body.root())?;
            let mail = described(call, body.root())?;
            let mail = Mail {
                class: class(body.root(), &mail.from, headers.as_deref()),
                headers,
                ..mail
            };
            (mail, notes)
        }
        None => {
            let bytes = call.request.bytes();
            let mut parsed = mail::parse(bytes);
            let notes = std::mem::take(&mut parsed.notes);
            (post::received(parsed, Some(Arc::from(bytes))), notes)
        }
    };
    let addresses = match envelope(call)? {
        envelope if !envelope.is_empty() => envelope,
        _ => mail
            .to
            .iter()
            .chain(&mail.cc)
            .map(ToString::to_string)
            .collect(),
    };
    if addresses.is_empty() {
        return Err(Failure::bad_request(
            "the mail names nobody in To or Cc; say with `?to=` whom it is for",
        ));
    }
    let is_trial = call.input.query("dryRun") == Some(&serde_json::Value::Bool(true));
    let trying = is_trial.then(|| call.caller.trying());
    let caller = trying.as_ref().unwrap_or(call.caller);
    let deliveries = caller.write(|tx| post::deliver(tx, &mail, &addresses))?;
    let view = ReceivedView {
        results: deliveries
            .into_iter()
            .map(|delivery| ResultView::new(delivery, is_trial))
            .collect(),
        notes,
    };
    Ok(Reply::json(StatusCode::OK, &view))
}

/// Whom the envelope names: every `to` of the query, each one address.
fn envelope(call: &Call<'_>) -> Result<Vec<String>, Failure> {
    let query = call.request.uri.query().unwrap_or_default();
    let pairs = query_pairs(query).unwrap_or_default().into_iter();
    let named = pairs.filter(|(name, _)| name == "to");
    let address = |value: std::borrow::Cow<'_, str>| match mail::is_bare_address(&value) {
        true => Ok(value.into_owned()),
        false => Err(Failure::bad_request(format!(
            "`to` is `{value}`; write one bare address, and repeat `to` for several"
        ))),
    };
    named.map(|(_, value)| address(value)).collect()
}

/// A mail as a JSON body or a form describes it.
fn described(call: &Call<'_>, body: Item<'_>) -> Result<Mail, Failure> {
    let text = |field: &str| body.get(field).and_then(|it| it.as_str());
    let html = text("html").map(post::with_line_feeds);
    let plain = match (text("text"), &html) {
        (Some(text), _) => post::with_line_feeds(text),
        (None, Some(html)) => mail::text_of_html(html),
        (None, None) => String::new(),
    };
    let first_id = |text: &str| mail::message_ids(text).into_iter().next();
    let message_id = match text("rfcMessageId") {
        Some(given) => Some(first_id(given).ok_or_else(|| no_message_id(given))?),
        None => header(body, "message-id").and_then(first_id),
    };
    let answered = text("inReplyTo").or_else(|| header(body, "in-reply-to"));
    let reply_to = header(body, "reply-to").map(mail::mailboxes_of);
    let reply_to = reply_to.and_then(|mailboxes| mailboxes.into_iter().next());
    let to = mailboxes(body, "to")?;
    check_bytes(body)?;
    let given = files::attachments(call)?.into_iter();
    let attachments = given.map(attachment).collect();
    Ok(Mail {
        from: sender(text("from").unwrap_or_default())?.into(),
        header_to: to
            .iter()
            .any(|mailbox| mailbox.name.is_some())
            .then(|| mail::written(&to).into()),
        to: addresses(to),
        cc: addresses(mailboxes(body, "cc")?),
        reply_to: reply_to.map(|mailbox| mailbox.address.into()),
        message_id: message_id.unwrap_or_default().into(),
        in_reply_to: answered.and_then(first_id).map(Into::into),
        references: references(body),
        subject: text("subject")
            .and_then(post::subject_of)
            .unwrap_or_default()
            .into(),
        text: plain.into(),
        html: html.map(Into::into),
        attachments,
        ..Mail::default()
    })
}

/// What a mail is taken for: what the body says of it, and what its headers tell of the rest.
fn class(body: Item<'_>, from: &str, headers: Option<&Headers>) -> Class {
    let told = |field: &str| body.get(field).and_then(|it| it.as_str());
    let field = |name: &str| headers.and_then(|headers| headers.get(name));
    let by_headers = || mail::Category::of(bare(from), field).word();
    let category = told("category").unwrap_or_else(by_headers);
    let verdict = told("verdict").unwrap_or(CLEAN);
    let class = Class::of(Some(category.into()), Some(verdict.into()));
    let answers = body.get("autoReplyable").and_then(|it| it.as_bool());
    Class {
        auto_replyable: answers.or(class.auto_replyable),
        ..class
    }
}

fn no_message_id(text: &str) -> Failure {
    let text: String = text.chars().take(100).collect();
    Failure::bad_request(format!(
        "`rfcMessageId` is `{text}`, which is no Message-ID; write one such as `a1@example.com`, \
         with or without angle brackets"
    ))
}

/// Who wrote it, as a header says it. Bytes without an address are taken as they come, since there
/// is such mail; whoever describes one can name somebody.
fn sender(text: &str) -> Result<String, Failure> {
    let mailboxes = mail::mailboxes_of(text);
    match mailboxes.is_empty() {
        true => Err(no_address("from", text)),
        false => Ok(mail::written(&mailboxes)),
    }
}

/// Whom a field names: each text is a list as a header holds it, groups opened. A group of nobody
/// is how senders hide recipients.
fn mailboxes(body: Item<'_>, field: &str) -> Result<Vec<Mailbox>, Failure> {
    let mut all = Vec::new();
    for text in one_or_more(body, field) {
        let text = text.trim();
        let mailboxes = mail::mailboxes_of(text);
        if mailboxes.is_empty() && !text.is_empty() && !text.ends_with(';') {
            return Err(no_address(field, text));
        }
        all.extend(mailboxes);
    }
    Ok(all)
}

fn no_address(field: &str, text: &str) -> Failure {
    let text: String = text.chars().take(100).collect();
    Failure::bad_request(format!(
        "`{field}` is `{text}`, which holds no address; write `ada@example.com` or \
         `Ada <ada@example.com>`, with commas between several"
    ))
}

fn addresses(mailboxes: Vec<Mailbox>) -> Box<[Box<str>]> {
    let address = |mailbox: Mailbox| mailbox.address.into();
    mailboxes.into_iter().map(address).collect()
}

/// Refuses a file without bytes, unless the body tells what is to be read in it: to take it for
/// empty would hide a field that was meant to hold them.
fn check_bytes(body: Item<'_>) -> Result<(), Failure> {
    let rows = body.get("attachments").into_iter();
    for (index, row) in rows.flat_map(|list| list.elements()).enumerate() {
        let fields = ["data", "parsedText", "extractionMethod"];
        let is_described = fields.iter().any(|field| row.get(field).is_some());
        if row.get("filename").is_some() && !is_described {
            return Err(Failure::bad_request(format!(
                "`/attachments/{index}/data` is missing: give the bytes in Base64 (`\"\"` for \
                 an empty file), or `parsedText` or `extractionMethod` in their place"
            )));
        }
    }
    Ok(())
}

fn references(body: Item<'_>) -> Box<[Box<str>]> {
    let given = match body.get("references") {
        Some(_) => one_or_more(body, "references"),
        None => header(body, "references")
            .map(Box::from)
            .into_iter()
            .collect(),
    };
    let ids = given.iter().flat_map(|ids| mail::message_ids(ids));
    ids.take(mail::MAX_REFERENCES).map(Into::into).collect()
}

/// A header that the body gives, whatever its case.
fn header<'b>(body: Item<'b>, name: &str) -> Option<&'b str> {
    let headers = body.get("headers")?;
    let mut named = headers
        .members()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name));
    named.next()?.1.as_str()
}

/// Headers that are read into fields of a message, and not carried as they are.
const READ: [&str; 4] = ["message-id", "reply-to", "in-reply-to", "references"];

/// The headers that the body gives beside those that are read, and what is said of those that the
/// mock writes itself.
fn headers(body: Item<'_>) -> Result<(Option<Arc<Headers>>, Vec<String>), Failure> {
    let given = body.get("headers").into_iter();
    let (mut carried, mut own) = (Vec::new(), Vec::new());
    for (name, value) in given.flat_map(|headers| headers.members()) {
        if !mail::is_header_name(name) {
            let name: String = name.chars().take(100).collect();
            return Err(Failure::bad_request(format!(
                "`/headers` has the name `{name}`; a header's name is 1 to 76 visible ASCII \
                 characters without a colon"
            )));
        }
        match value.as_str() {
            _ if READ.iter().any(|read| name.eq_ignore_ascii_case(read)) => {}
            _ if mail::is_own_header(name) => own.push(format!("`{name}`")),
            Some(value) => carried.push((Box::from(name), Box::from(value))),
            None => {}
        }
    }
    let note = || {
        format!(
            "headers that the mock writes itself were passed over: {}; the fields of the \
             body tell them, and a mail that needs its own comes as bytes",
            own.join(", ")
        )
    };
    let notes = match own.is_empty() {
        true => Vec::new(),
        false => vec![note()],
    };
    Ok((Headers::of(carried), notes))
}

fn one_or_more(body: Item<'_>, field: &str) -> Box<[Box<str>]> {
    let texts = body.get(field).into_iter().flat_map(|value| value.texts());
    texts.map(Into::into).collect()
}

/// A file with the text that the body tells of it.
fn attachment(file: Given<'_>) -> Attachment {
    let text = |field: &str| file.row.and_then(|row| row.get(field)?.as_str());
    let (told, method) = (text("parsedText"), text("extractionMethod"));
    let (filename, content_type) = (&file.filename, &file.content_type);
    let made = post::attachment(filename, content_type, file.bytes.into());
    let method = match (method, told) {
        (Some(method), _) => method.into(),
        (None, Some(_)) => mail::method_of_given(filename, content_type)
            .as_str()
            .into(),
        (None, None) => made.extraction_method,
    };
    Attachment {
        text: told.map(Into::into).or(made.text),
        extraction_method: method,
        ..made
    }
}
