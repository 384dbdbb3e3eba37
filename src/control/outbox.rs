//! The outbox: what left a world for the outside, newest first.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Serialize;

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::views::ListView;
use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::messages::Attachment;
use crate::domain::sends::{self, Departed};

pub(super) const ROWS: &[Row] = &[Row::guarded("listOutbox", list_outbox)];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DepartedView<'d> {
    id: Id,
    message_id: Id,
    inbox_id: Id,
    from: &'d str,
    to: &'d [Box<str>],
    cc: &'d [Box<str>],
    bcc: &'d [Box<str>],
    reply_to: Option<&'d str>,
    subject: &'d str,
    text: &'d str,
    html: Option<&'d str>,
    attachments: Vec<FileView<'d>>,
    no_such_inbox: bool,
    created_at: Timestamp,
}

/// A file that went along. It has no URL: its message may be gone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileView<'d> {
    filename: &'d str,
    content_type: &'d str,
    size_bytes: usize,
}

impl<'d> From<&'d Attachment> for FileView<'d> {
    fn from(attachment: &'d Attachment) -> Self {
        Self {
            filename: &attachment.filename,
            content_type: &attachment.content_type,
            size_bytes: attachment.bytes.len(),
        }
    }
}

impl<'d> From<&'d Arc<Departed>> for DepartedView<'d> {
    fn from(departed: &'d Arc<Departed>) -> Self {
        let message = &departed.message;
        let mail = &message.mail;
        Self {
            id: departed.id,
            message_id: message.id,
            inbox_id: message.inbox,
            from: &mail.from,
            to: &mail.to,
            cc: &mail.cc,
            bcc: &mail.bcc,
            reply_to: mail.reply_to.as_deref(),
            subject: &mail.subject,
            text: &mail.text,
            html: mail.html.as_deref(),
            attachments: mail.attachments.iter().map(FileView::from).collect(),
            no_such_inbox: departed.no_such_inbox,
            created_at: message.created_at,
        }
    }
}

fn list_outbox(call: &Call<'_>) -> Result<Reply, Failure> {
    let page = call.page();
    let listing = call.world.read(|state| sends::outbox(state, page));
    let data = listing.rows.iter().map(DepartedView::from).collect();
    Ok(Reply::json(
        StatusCode::OK,
        &ListView::new(data, listing.total),
    ))
}
