//! How much a message takes: of its inbox's storage, as the service counts it, and of memory.

use super::{Attachment, Mail, Message};

/// What a message with this mail counts as of its world's room: its bodies, or all else that it holds
/// in memory (names, addresses, its bytes as they came) where that is more. So a world takes as many
/// bytes of bodies as it says, and twice that bounds its memory. Attachments that inboxes share are
/// counted for each of them.
#[must_use]
pub fn room(mail: &Mail) -> usize {
    let texts = |list: &[Box<str>]| -> usize {
        let texts = list.iter().map(|text| size_of::<Box<str>>() + text.len());
        texts.sum()
    };
    let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
    let file = |file: &Attachment| {
        let names = file.filename.len() + file.content_type.len() + file.extraction_method.len();
        size_of::<Attachment>() + names + length(&file.text)
    };
    let files: usize = mail.attachments.iter().map(file).sum();
    let lists = [&mail.to, &mail.cc, &mail.bcc, &mail.references].map(|list| texts(list));
    let fields = [
        &mail.header_to,
        &mail.reply_to,
        &mail.in_reply_to,
        &mail.class.category,
        &mail.class.verdict,
    ];
    let fields: usize = fields.into_iter().map(length).sum();
    let raw = mail.raw.as_ref().map_or(0, |raw| raw.len());
    let names = mail.from.len() + mail.message_id.len() + fields + lists.iter().sum::<usize>();
    let beside = size_of::<Message>() + names + files + raw;
    size(mail).max(beside)
}

/// What a mail counts as storage of its inbox: its texts, its further headers and its attachments.
#[must_use]
pub fn size(mail: &Mail) -> usize {
    let html = mail.html.as_ref().map_or(0, |html| html.len());
    let attachments: usize = mail.attachments.iter().map(|it| it.bytes.len()).sum();
    let headers = mail.headers.iter().flat_map(|headers| headers.iter());
    let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
    mail.subject.len() + mail.text.len() + html + headers + attachments
}
