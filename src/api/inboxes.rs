//! Inboxes: handlers and rows.

use hyper::StatusCode;

use super::Row;
use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::views::{InboxView, ListView};
use crate::domain::inboxes::{self, InboxChange, NewInbox, Written};

pub(super) const ROWS: &[Row] = &[
    Row::new("createInbox", create_inbox),
    Row::new("listInboxes", list_inboxes),
    Row::new("getInbox", get_inbox),
    Row::new("updateInbox", update_inbox),
    Row::new("deleteInbox", delete_inbox),
];

fn create_inbox(call: &Call<'_>) -> Result<Reply, Failure> {
    let new = NewInbox {
        mailbox_name: call.text("mailboxName")?,
        display_name: call.text("displayName")?,
        domain: call.text("domain")?,
        webhook_url: call.text("webhookUrl")?,
        pod: call.text("podId")?,
    };
    let written = call.caller.write(|tx| inboxes::create(tx, new))?;
    Ok(written_reply(StatusCode::CREATED, &written))
}

fn list_inboxes(call: &Call<'_>) -> Result<Reply, Failure> {
    let pod = call.query_text("podId")?;
    let page = call.page();
    let listing = call.world.read(|state| inboxes::list(state, pod, page));
    let view = ListView::<InboxView<'_>>::of(&listing);
    Ok(Reply::json(StatusCode::OK, &view))
}

fn get_inbox(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let inbox = call.world.read(|state| inboxes::get(state, key))?;
    Ok(Reply::json(StatusCode::OK, &InboxView::from(&*inbox)))
}

fn update_inbox(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let change = InboxChange {
        display_name: call.change("displayName")?,
        webhook_url: call.change("webhookUrl")?,
        webhook_secret: None,
    };
    let written = call.caller.write(|tx| inboxes::update(tx, key, change))?;
    Ok(written_reply(StatusCode::OK, &written))
}

fn delete_inbox(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    call.caller.write(|tx| inboxes::delete(tx, key))?;
    Ok(Reply::no_content())
}

fn written_reply(status: StatusCode, written: &Written) -> Reply {
    let view = InboxView::new(&written.inbox, written.new_secret.as_deref());
    Reply::json(status, &view)
}
