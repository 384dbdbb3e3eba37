//! Sending: handler and row.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::call::Call;
use super::failures::Failure;
use super::files;
use super::post::{self, Content};
use super::provocations;
use super::reply::Reply;
use super::{Row, Who};
use crate::app::aside;
use crate::contract::Item;
use crate::domain::ids::Id;
use crate::domain::messages::{Attachment, Message};
use crate::domain::policy;
use crate::domain::refusal::{Refusal, Resource};
use crate::domain::sends::{self, Key, NewSend, Provoked};

pub(super) const ROWS: &[Row] = &[Row::new("sendEmail", Who::Everyone, send_email)
    .about(Resource::Inbox)
    .with_form(check_form)
    .with_large_body()];

/// Files of so many bytes together are read on the event loop: that takes less time than giving it
/// away.
const SMALL_FILES: usize = 2 * 1024;

/// Says that the answer is that to an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SentView<'m> {
    message_id: Id,
    thread_id: Id,
    provider_message_id: &'m str,
    status: &'static str,
}

impl<'m> From<&'m Message> for SentView<'m> {
    fn from(message: &'m Message) -> Self {
        Self {
            message_id: message.id,
            thread_id: message.thread,
            provider_message_id: &message.mail.message_id,
            status: message.status.word(),
        }
    }
}

/// What is wrong with a send whoever makes it and wherever it goes.
fn check_form(call: &Call<'_>) -> Result<(), Failure> {
    let new = new_send(call)?;
    provocations::asked(call, &new)?;
    Ok(sends::check_form(&new)?)
}

/// What somebody wants to send, its idempotency key aside.
fn new_send(call: &Call<'_>) -> Result<NewSend, Failure> {
    Ok(NewSend {
        inbox: call.path("id")?.to_owned(),
        thread: call.text("threadId")?,
        to: call.text("to")?.unwrap_or_default().into(),
        cc: addresses(call, "cc"),
        bcc: addresses(call, "bcc"),
        reply_to: call.text("replyTo")?.map(Into::into),
        subject: call
            .text("subject")?
            .and_then(|subject| post::subject_of(&subject))
            .map(Into::into),
        key: None,
    })
}

fn send_email(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = idempotency_key(call).map(|text| Key {
        text,
        fingerprint: fingerprint(call),
    });
    let new = NewSend {
        key,
        ..new_send(call)?
    };
    let provoked = provocations::asked(call, &new)?;
    let sent = send(call, &new, &provoked);
    sent.map_err(|failure| provocations::told(failure, &provoked))
}

fn send(call: &Call<'_>, new: &NewSend, provoked: &Provoked<'_>) -> Result<Reply, Failure> {
    let body = call.text("body")?.unwrap_or_default();
    let mut content = Content::of(&body, call.text("bodyHtml")?.as_deref());
    content.quotes = call.flag("includeQuote").unwrap_or(true);
    content.attachments = attachments(call)?;
    let mut not_permitted = None;
    let written = call.caller.write(|tx| -> Result<_, Failure> {
        let inbox = sends::sender(tx.state, tx.now, new, provoked)?;
        if let Some(answer) = sends::first_answer(tx.state, tx.now, &inbox, new, provoked)? {
            return Ok((answer, true));
        }
        let inbox_id = inbox.id;
        let sent = post::send(tx, inbox.clone(), new, &content, provoked);
        if let Err(Refusal::RecipientNotPermitted { address, .. }) = &sent {
            not_permitted = Some((inbox, address.clone()));
        }
        let message = sent?;
        provocations::defect(provoked)?;
        let view = serde_json::to_vec(&SentView::from(&*message));
        let answer: Arc<[u8]> = view.unwrap_or_default().into();
        if let Some(key) = &new.key {
            let (answer, fingerprint) = (answer.clone(), key.fingerprint);
            sends::remember(tx, &key.text, inbox_id, fingerprint, answer, None);
        }
        Ok((answer, false))
    });
    if let Some((inbox, address)) = not_permitted {
        // What was refused has left no trace; the audit tells of it nevertheless.
        call.caller.write(|tx| -> Result<(), Failure> {
            policy::note_refused_send(tx, &inbox, &address);
            Ok(())
        })?;
    }
    let (answer, replayed) = written?;
    let reply = Reply::bytes(StatusCode::OK, "application/json", answer.to_vec());
    Ok(match replayed {
        true => reply.with(REPLAYED, HeaderValue::from_static("true")),
        false => reply,
    })
}

/// Any bytes are a key: one that were ignored would send twice.
fn idempotency_key(call: &Call<'_>) -> Option<String> {
    let value = call.request.headers.get("idempotency-key")?.as_bytes();
    let key = match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().copied().map(char::from).collect(),
    };
    Some(key).filter(|key| !key.is_empty())
}

fn body<'c>(call: &'c Call<'_>) -> Option<Item<'c>> {
    call.input.body.as_ref().map(|body| body.root())
}

fn addresses(call: &Call<'_>, field: &str) -> Vec<Box<str>> {
    let list = body(call).and_then(|body| body.get(field));
    let elements = list.into_iter().flat_map(|list| list.elements());
    elements
        .filter_map(|it| it.as_str())
        .map(Into::into)
        .collect()
}

fn attachments(call: &Call<'_>) -> Result<Vec<Attachment>, Failure> {
    let given = files::attachments(call)?;
    let bytes: usize = given.iter().map(|file| file.bytes.len()).sum();
    let given = given.into_iter();
    let read =
        given.map(|file| post::attachment(&file.filename, &file.content_type, file.bytes.into()));
    // A small archive may inflate to a hundred times its length, and nobody waits for that.
    Ok(match bytes > SMALL_FILES {
        true => aside(|| read.collect()),
        false => read.collect(),
    })
}

/// What tells one request from another: its JSON by value, its form by parts.
fn fingerprint(call: &Call<'_>) -> [u8; 32] {
    let mut digest = Sha256::new();
    if let Some(body) = body(call) {
        add_value(&mut digest, &body.to_json());
    }
    for file in &call.input.files {
        let filename = file.filename.as_deref().unwrap_or_default();
        let content_type = file.content_type.unwrap_or_default();
        for part in [
            file.name.as_bytes(),
            filename.as_bytes(),
            content_type.as_bytes(),
            file.bytes,
        ] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    digest.finalize().into()
}

/// Members in the order of their names, since JSON gives them none.
fn add_value(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            digest.update(b"{");
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str());
            for (name, value) in members {
                digest.update(Value::String(name.clone()).to_string());
                add_value(digest, value);
            }
            digest.update(b"}");
        }
        Value::Array(elements) => {
            digest.update(b"[");
            elements
                .iter()
                .for_each(|element| add_value(digest, element));
            digest.update(b"]");
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            digest.update(value.to_string());
            digest.update(b",");
        }
    }
}
