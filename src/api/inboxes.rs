//! Inboxes: handlers and rows.

use hyper::StatusCode;

use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::views::{InboxView, ListView};
use super::{Row, Who};
use crate::domain::inboxes::{self, InboxChange, NewInbox, Written};
use crate::domain::refusal::Resource;

pub(super) const ROWS: &[Row] = &[
    Row::new("createInbox", Who::Pods, create_inbox),
    Row::new("listInboxes", Who::Everyone, list_inboxes),
    Row::new("getInbox", Who::Everyone, get_inbox).about(Resource::Inbox),
    Row::new("updateInbox", Who::Pods, update_inbox).about(Resource::Inbox),
    Row::new("deleteInbox", Who::Account, delete_inbox).about(Resource::Inbox),
];

fn create_inbox(call: &Call<'_>) -> Result<Reply, Failure> {
    let new = NewInbox {
        mailbox_name: call.text("mailboxName")?,
        display_name: call.text("displayName")?,
        domain: call.text("domain")?,
        webhook_url: call.text("webhookUrl")?,
        pod: call.text("podId")?,
    };
    let written = call
        .caller
        .write(|tx| inboxes::create(tx, call.caller.scope(), new))?;
    Ok(written_reply(StatusCode::CREATED, &written))
}

fn list_inboxes(call: &Call<'_>) -> Result<Reply, Failure> {
    let pod = call.query_text("podId")?;
    let page = call.page();
    let scope = call.caller.scope();
    let listing = call
        .world
        .read(|state| inboxes::list(state, scope, pod, page));
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
    if change.webhook_url.is_some() {
        call.caller.scope().check_webhooks()?;
    }
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
