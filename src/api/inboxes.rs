//! Inboxes: handlers and rows.

use hyper::StatusCode;
use serde_json::json;
use tokio::sync::oneshot::error::TryRecvError;

use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::views::{InboxView, ListView};
use super::waiting::Waiting;
use super::{Row, Who};
use crate::app::World;
use crate::domain::events;
use crate::domain::inboxes::{self, InboxChange, NewInbox, Written};
use crate::domain::refusal::{Refusal, Resource};
use crate::push::payload::test_payload;
use crate::push::webhooks::PATIENCE;
use crate::record::attempts::Attempt;

pub(super) const ROWS: &[Row] = &[
    Row::new("createInbox", Who::Pods, create_inbox),
    Row::new("listInboxes", Who::Everyone, list_inboxes),
    Row::new("getInbox", Who::Everyone, get_inbox).about(Resource::Inbox),
    Row::new("updateInbox", Who::Pods, update_inbox).about(Resource::Inbox),
    Row::new("rotateInboxWebhookSecret", Who::Account, rotate_secret).about(Resource::Inbox),
    Row::waiting("testInboxWebhook", test_webhook).about(Resource::Inbox),
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

fn rotate_secret(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let secret = call.caller.write(|tx| inboxes::rotate_secret(tx, key))?;
    let view = json!({ "webhookSecret": &*secret });
    Ok(Reply::json(StatusCode::OK, &view))
}

/// Sends a test event, once, and answers when the receiver did.
fn test_webhook(call: &Call<'_>) -> Result<Waiting, Failure> {
    let key = call.path("id")?;
    let (inbox, webhook, event, at) = call.caller.write(|tx| {
        let inbox = inboxes::get(tx.state, key)?;
        let webhook = inbox.webhook.clone().ok_or(Refusal::NoWebhookUrl)?;
        let event = tx.draw_id(|state, id| events::find(state, id).is_some());
        Ok::<_, Refusal>((inbox, webhook, event, tx.now))
    })?;
    let body = test_payload(event, &inbox, at);
    let claim = call.caller.world().claim_rowless(event);
    let mut told = call.shared.courier.send(claim, event, webhook, body);
    let ask = move |_: &World| match told.try_recv() {
        Ok(attempt) => Some(tested(attempt)),
        Err(TryRecvError::Empty) => None,
        Err(TryRecvError::Closed) => Some(Err(Failure::world_changed())),
    };
    let otherwise = |_: &World| {
        let reason = "its receiver takes too long".to_owned();
        Err(Refusal::WebhookFailed { reason }.into())
    };
    Ok(Waiting::new(2 * PATIENCE, ask, otherwise))
}

fn tested(attempt: Attempt) -> Result<Reply, Failure> {
    if let Some(error) = attempt.error {
        let reason = error.into();
        return Err(Refusal::WebhookFailed { reason }.into());
    }
    let status = attempt.answer.map_or(200, |answer| answer.status);
    let message = format!("the webhook took the test event and answered {status}");
    let view = json!({ "ok": true, "message": message });
    Ok(Reply::json(StatusCode::OK, &view))
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
