//! Events as receivers read them: the same object in a webhook's body and in a socket's frame
//! (OpenMail docs, Webhooks, Payload).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::domain::clock::Timestamp;
use crate::domain::events::{Event, Received, ReceivedFile, Standing, Subject};
use crate::domain::ids::Id;
use crate::domain::inboxes::Inbox;

/// What a segment of a path may hold as it is.
pub const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The name of the event by which a webhook is tried out.
pub const TEST_EVENT: &str = "webhook.test";

/// A message that came. Names are in snake case outside and in camel case within attachments.
#[derive(Serialize)]
struct ReceivedPayload<'e> {
    event: &'static str,
    event_id: Id,
    occurred_at: Timestamp,
    delivered_at: Timestamp,
    attempt: u32,
    inbox_id: Id,
    thread_id: Id,
    message: MessagePayload<'e>,
}

#[derive(Serialize)]
struct MessagePayload<'e> {
    id: Id,
    rfc_message_id: String,
    from: &'e str,
    to: &'e str,
    cc: &'e [Box<str>],
    subject: &'e str,
    body_text: &'e str,
    attachments: Vec<FilePayload<'e>>,
    category: Option<&'e str>,
    auto_replyable: Option<bool>,
    verdict: Option<&'e str>,
    /// Null: nobody here scores mail.
    spam_score: Option<f64>,
    received_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FilePayload<'e> {
    filename: &'e str,
    content_type: &'e str,
    size_bytes: usize,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parsed_text: Option<&'e str>,
    extraction_method: &'e str,
}

/// A suspension that began or ended.
#[derive(Serialize)]
struct StandingPayload<'e> {
    event: &'static str,
    event_id: Id,
    occurred_at: Timestamp,
    inbox_id: Option<Id>,
    inbox_address: Option<&'e str>,
    pod_id: Option<Id>,
    reason: Option<&'static str>,
}

/// One telling of an event.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'t> {
    /// What URLs begin with, without a slash at the end.
    pub base: &'t str,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// When it is made, by the world's clock.
    pub at: Timestamp,
}

/// An event as its receivers read it.
///
/// # Panics
///
/// Never: payloads hold nothing that JSON cannot say.
#[must_use]
pub fn payload(event: &Event, telling: Telling<'_>) -> Vec<u8> {
    let told = match &event.subject {
        Subject::MessageReceived(received) => {
            serde_json::to_vec(&received_payload(event, received, telling))
        }
        Subject::Inbox {
            standing,
            inbox,
            address,
            pod,
        } => {
            let about = (Some(*inbox), Some(&**address), Some(*pod));
            serde_json::to_vec(&standing_payload(event, standing, about))
        }
        Subject::Pod { standing, pod } => {
            let about = (None, None, Some(*pod));
            serde_json::to_vec(&standing_payload(event, standing, about))
        }
    };
    told.expect("payloads have string keys and finite numbers")
}

/// The event by which a webhook is tried out: a message that never came.
///
/// # Panics
///
/// Never, as above.
#[must_use]
pub fn test_payload(event: Id, inbox: &Inbox, at: Timestamp) -> Vec<u8> {
    let told = ReceivedPayload {
        event: TEST_EVENT,
        event_id: event,
        occurred_at: at,
        delivered_at: at,
        attempt: 1,
        inbox_id: inbox.id,
        thread_id: Id::MIN,
        message: MessagePayload {
            id: Id::MIN,
            rfc_message_id: format!("<{event}@example.com>"),
            from: "Sample Sender <sender@example.com>",
            to: &inbox.address,
            cc: &[],
            subject: "Test event",
            body_text: "This is what a message looks like. It stands in no inbox.",
            category: Some("personal"),
            auto_replyable: Some(true),
            verdict: Some("clean"),
            spam_score: None,
            attachments: Vec::new(),
            received_at: at,
        },
    };
    serde_json::to_vec(&told).expect("payloads have string keys and finite numbers")
}

fn received_payload<'e>(
    event: &'e Event,
    received: &'e Received,
    telling: Telling<'_>,
) -> ReceivedPayload<'e> {
    let files = received.attachments.iter();
    ReceivedPayload {
        event: event.subject.kind().word(),
        event_id: event.id,
        occurred_at: event.occurred_at,
        delivered_at: telling.at,
        attempt: telling.attempt,
        inbox_id: received.inbox,
        thread_id: received.thread,
        message: MessagePayload {
            id: received.message,
            rfc_message_id: format!("<{}>", received.message_id),
            from: &received.from,
            to: &received.to,
            cc: &received.cc,
            subject: &received.subject,
            body_text: &received.text,
            attachments: files
                .map(|file| file_payload(file, received.message, telling.base))
                .collect(),
            category: received.class.category.as_deref(),
            auto_replyable: received.class.auto_replyable,
            verdict: received.class.verdict.as_deref(),
            spam_score: None,
            received_at: received.at,
        },
    }
}

fn file_payload<'e>(file: &'e ReceivedFile, message: Id, base: &str) -> FilePayload<'e> {
    let name = utf8_percent_encode(&file.filename, SEGMENT);
    FilePayload {
        filename: &file.filename,
        content_type: &file.content_type,
        size_bytes: file.size,
        url: format!("{base}/v1/attachments/{message}/{name}"),
        parsed_text: file.text.as_deref(),
        extraction_method: &file.extraction_method,
    }
}

fn standing_payload<'e>(
    event: &'e Event,
    standing: &Standing,
    (inbox_id, inbox_address, pod_id): (Option<Id>, Option<&'e str>, Option<Id>),
) -> StandingPayload<'e> {
    StandingPayload {
        event: event.subject.kind().word(),
        event_id: event.id,
        occurred_at: event.occurred_at,
        inbox_id,
        inbox_address,
        pod_id,
        reason: match standing {
            Standing::Suspended { reason } => Some(reason.word()),
            Standing::Reactivated => None,
        },
    }
}
