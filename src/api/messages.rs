//! Messages: handlers and rows.

use hyper::StatusCode;

use super::call::Call;
use super::failures::Failure;
use super::mail_views::{self, MessageView};
use super::post;
use super::reply::Reply;
use super::views::ListView;
use super::{Row, Who};
use crate::domain::messages::{self, Direction};
use crate::domain::refusal::Resource;

pub(super) const ROWS: &[Row] = &[
    Row::new("listMessages", Who::Everyone, list_messages).about(Resource::Inbox),
    Row::new("deleteMessage", Who::Pods, delete_message).about(Resource::Message),
    Row::new("getRawMessage", Who::Everyone, get_raw_message).about(Resource::Message),
];

fn list_messages(call: &Call<'_>) -> Result<Reply, Failure> {
    let inbox = call.path("id")?;
    let direction = call.query_text("direction")?.and_then(Direction::parse);
    let page = call.page();
    let listing = call
        .world
        .read(|state| messages::list(state, inbox, direction, page))?;
    mail_views::fetch(&listing.rows);
    let base = call.base();
    let rows = listing.rows.iter();
    let data = rows
        .map(|message| MessageView::new(message, &base))
        .collect();
    Ok(Reply::json_of_about(
        mail_views::length(listing.rows.iter().map(AsRef::as_ref)),
        StatusCode::OK,
        &ListView::new(data, listing.total),
    ))
}

fn delete_message(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    call.caller.write(|tx| messages::delete(tx, key))?;
    Ok(Reply::no_content())
}

fn get_raw_message(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let message = call.world.read(|state| messages::get(state, key))?;
    let bytes = post::bytes_of(&message.mail, message.created_at);
    Ok(Reply::bytes(StatusCode::OK, "message/rfc822", bytes))
}
