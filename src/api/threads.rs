//! Threads: handlers and rows.

use hyper::StatusCode;
use serde::Serialize;

use super::call::Call;
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

/// One value under two names: the documented one and its successor.
fn agreed<T: PartialEq>(old: Option<T>, new: Option<T>) -> Result<Option<T>, Failure> {
    match (old, new) {
        (Some(old), Some(new)) if old != new => Err(Failure::bad_request(
            "`is_read` and `isRead` are given together and differ; send one of them",
        )),
        (old, new) => Ok(old.or(new)),
    }
}

fn list_threads(call: &Call<'_>) -> Result<Reply, Failure> {
    let inbox = call.path("id")?;
    let is_read = agreed(call.query_text("is_read")?, call.query_text("isRead")?)?;
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
    let is_read = agreed(call.flag("is_read"), call.flag("isRead"))?;
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
