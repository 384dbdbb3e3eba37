//! Threads: handlers and rows.

use hyper::StatusCode;
use serde::Serialize;

use super::call::{Call, agreed};
use super::failures::Failure;
use super::mail_views::{MessageView, ThreadView};
use super::reply::Reply;
use super::views::ListView;
use super::{Row, Who};
use crate::domain::ids::Id;
use crate::domain::refusal::Resource;
use crate::domain::{messages, threads};

pub(super) const ROWS: &[Row] = &[
    Row::new("listThreads", Who::Everyone, list_threads).about(Resource::Inbox),
    Row::new("getThreadMessages", Who::Everyone, get_thread_messages).about(Resource::Thread),
    Row::new("updateThread", Who::Everyone, update_thread).about(Resource::Thread),
    Row::new("deleteThread", Who::Pods, delete_thread).about(Resource::Thread),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConversationView<'t> {
    thread_id: Id,
    inbox_id: Id,
    subject: &'t str,
    is_read: bool,
    data: Vec<MessageView<'t>>,
}

#[derive(Serialize)]
struct DoneView {
    ok: bool,
}

/// Both names of the read state.
const READ: (&str, &str) = ("is_read", "isRead");

fn list_threads(call: &Call<'_>) -> Result<Reply, Failure> {
    let inbox = call.path("id")?;
    let is_read = call.query_texts(READ)?;
    let is_read = is_read.map(|word| word == "true");
    let page = call.page();
    let listing = call
        .world
        .read(|state| threads::list(state, inbox, is_read, page))?;
    let view = ListView::<ThreadView<'_>>::of(&listing);
    Ok(Reply::json(StatusCode::OK, &view))
}

fn get_thread_messages(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let (thread, messages) = call.world.read(|state| {
        let thread = threads::get(state, key)?;
        let messages = messages::of_thread(state, thread.id);
        Ok::<_, Failure>((thread, messages))
    })?;
    let base = call.base();
    let messages = messages.iter();
    let view = ConversationView {
        thread_id: thread.id,
        inbox_id: thread.inbox,
        subject: &thread.subject,
        is_read: thread.is_read,
        data: messages
            .map(|message| MessageView::new(message, &base))
            .collect(),
    };
    Ok(Reply::json(StatusCode::OK, &view))
}

fn update_thread(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let is_read = agreed(READ, call.flag(READ.0), call.flag(READ.1))?;
    let is_read = is_read.ok_or_else(|| {
        Failure::bad_request("`isRead` is required and missing: send `{\"isRead\": true}`")
    })?;
    call.caller
        .write(|tx| threads::set_read(tx, key, is_read))?;
    Ok(Reply::json(StatusCode::OK, &DoneView { ok: true }))
}

fn delete_thread(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    call.caller.write(|tx| threads::delete(tx, key))?;
    Ok(Reply::no_content())
}
