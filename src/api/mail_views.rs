//! Messages and threads as the wire shows them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::messages::{Attachment, Direction, Message};
use crate::domain::threads::Thread;

/// What a path segment may show as it is.
pub(super) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView<'m> {
    id: Id,
    inbox_id: Id,
    thread_id: Id,
    direction: &'static str,
    from_addr: &'m str,
    to_addr: &'m str,
    header_to: Option<String>,
    delivery_role: Option<&'static str>,
    cc: &'m [Box<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    bcc: Option<&'m [Box<str>]>,
    subject: &'m str,
    body_text: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_html: Option<&'m str>,
    attachments: Vec<AttachmentView<'m>>,
    status: &'static str,
    rfc_message_id: String,
    in_reply_to: Option<String>,
    references: Vec<String>,
    raw_url: String,
    category: Option<&'m str>,
    auto_replyable: Option<bool>,
    verdict: Option<&'m str>,
    created_at: Timestamp,
}

/// A file of a message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentView<'m> {
    filename: &'m str,
    content_type: &'m str,
    size_bytes: usize,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parsed_text: Option<&'m str>,
    extraction_method: &'m str,
}

impl<'m> AttachmentView<'m> {
    /// The view of an attachment whose URL begins with `base`.
    pub fn new(attachment: &'m Attachment, message: Id, base: &str) -> Self {
        let name = utf8_percent_encode(&attachment.filename, SEGMENT);
        Self {
            filename: &attachment.filename,
            content_type: &attachment.content_type,
            size_bytes: attachment.bytes.len(),
            url: format!("{base}/v1/attachments/{message}/{name}"),
            parsed_text: attachment.text.as_deref(),
            extraction_method: &attachment.extraction_method,
        }
    }
}

impl<'m> MessageView<'m> {
    /// The view of a message whose URLs begin with `base`.
    pub fn new(message: &'m Message, base: &str) -> Self {
        let mail = &message.mail;
        let (header_to, bcc) = match message.direction {
            Direction::Inbound => (Some(mail.to.join(", ")), None),
            Direction::Outbound => (None, Some(&*mail.bcc)),
        };
        let attachments = mail.attachments.iter();
        Self {
            id: message.id,
            inbox_id: message.inbox,
            thread_id: message.thread,
            direction: message.direction.word(),
            from_addr: &mail.from,
            to_addr: &message.to,
            header_to,
            delivery_role: message.role.map(|role| role.word()),
            cc: &mail.cc,
            bcc,
            subject: &mail.subject,
            body_text: &mail.text,
            body_html: mail.html.as_deref(),
            attachments: attachments
                .map(|it| AttachmentView::new(it, message.id, base))
                .collect(),
            status: message.status.word(),
            rfc_message_id: bracketed(&mail.message_id),
            in_reply_to: mail.in_reply_to.as_deref().map(bracketed),
            references: mail.references.iter().map(|id| bracketed(id)).collect(),
            raw_url: format!("/v1/messages/{}/raw", message.id),
            category: mail.category.as_deref(),
            auto_replyable: mail.category.as_deref().map(|it| it == "personal"),
            verdict: mail.verdict.as_deref(),
            created_at: message.created_at,
        }
    }
}

/// A Message-ID as headers write it.
fn bracketed(id: &str) -> String {
    format!("<{id}>")
}

/// A thread.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadView<'t> {
    id: Id,
    inbox_id: Id,
    subject: &'t str,
    is_read: bool,
    last_message_at: Timestamp,
    created_at: Timestamp,
    message_count: usize,
}

impl<'t> From<&'t Thread> for ThreadView<'t> {
    fn from(thread: &'t Thread) -> Self {
        Self {
            id: thread.id,
            inbox_id: thread.inbox,
            subject: &thread.subject,
            is_read: thread.is_read,
            last_message_at: thread.last_message_at(),
            created_at: thread.created_at,
            message_count: thread.messages,
        }
    }
}
