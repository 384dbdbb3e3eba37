//! Messages and threads as the wire shows them.

use std::fmt::{self, Display};
use std::hint::black_box;

use percent_encoding::utf8_percent_encode;
use serde::{Serialize, Serializer};

use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::messages::{Attachment, Direction, Mail, Message};
use crate::domain::threads::Thread;
use crate::push::payload::SEGMENT;

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
    header_to: Option<HeaderTo<'m>>,
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
    rfc_message_id: Bracketed<'m>,
    in_reply_to: Option<Bracketed<'m>>,
    references: References<'m>,
    raw_url: RawUrl,
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
            Direction::Inbound => (Some(HeaderTo(mail)), None),
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
            rfc_message_id: Bracketed(&mail.message_id),
            in_reply_to: mail.in_reply_to.as_deref().map(Bracketed),
            references: References(&mail.references),
            raw_url: RawUrl(message.id),
            category: mail.class.category.as_deref(),
            auto_replyable: mail.class.auto_replyable,
            verdict: mail.class.verdict.as_deref(),
            created_at: message.created_at,
        }
    }
}

/// About how many bytes the views of these messages have as JSON.
pub fn length<'m>(messages: impl IntoIterator<Item = &'m Message>) -> usize {
    // Names of fields, ids and addresses; and now and then a character that is escaped.
    const FIELDS: usize = 900;
    let texts = messages.into_iter().map(|message| {
        let mail = &message.mail;
        let html = mail.html.as_ref().map_or(0, |html| html.len());
        let attached = mail.attachments.iter();
        let attached = attached.map(|it| FIELDS / 2 + it.text.as_ref().map_or(0, |it| it.len()));
        let text = mail.text.len() + html;
        FIELDS + text + text / 16 + attached.sum::<usize>()
    });
    texts.sum()
}

/// Looks at everything that a page's views will show. The messages of a large account lie far
/// apart in memory: here the processor waits for many of them at once, because no look needs
/// another's outcome, and the views find them near.
pub fn fetch(messages: &[impl AsRef<Message>]) {
    let first = |text: &str| usize::from(text.as_bytes().first().copied().unwrap_or(0));
    let of_list = |list: &[Box<str>]| list.first().map_or(0, |text| first(text));
    let looks = messages.iter().map(|message| {
        let message = message.as_ref();
        let mail = &message.mail;
        let texts = [
            &*message.to,
            &mail.from,
            &mail.message_id,
            &mail.subject,
            &mail.text,
        ];
        let answered = mail.in_reply_to.as_deref().map_or(0, first);
        let lists = of_list(&mail.to) + of_list(&mail.cc) + of_list(&mail.references);
        texts.into_iter().map(first).sum::<usize>() + answered + lists
    });
    // What was seen means nothing, but must have been looked at.
    black_box(looks.sum::<usize>());
}

/// A Message-ID as headers write it.
struct Bracketed<'m>(&'m str);

impl Display for Bracketed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = ["<", self.0, ">"];
        parts
            .into_iter()
            .try_for_each(|part| formatter.write_str(part))
    }
}

/// The To header: with its names, or its addresses where it has none.
struct HeaderTo<'m>(&'m Mail);

impl Display for HeaderTo<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(written) = &self.0.header_to {
            return formatter.write_str(written);
        }
        let Some((first, rest)) = self.0.to.split_first() else {
            return Ok(());
        };
        formatter.write_str(first)?;
        let mut rest = rest.iter().flat_map(|address| [", ", address]);
        rest.try_for_each(|part| formatter.write_str(part))
    }
}

/// Where the bytes of the message are.
struct RawUrl(Id);

impl Display for RawUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/v1/messages/{}/raw", self.0)
    }
}

impl Serialize for Bracketed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for HeaderTo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for RawUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The Message-IDs of the conversation before a message.
struct References<'m>(&'m [Box<str>]);

impl Serialize for References<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|id| Bracketed(id)))
    }
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
