//! One thing that may match, and what it has in each field of a matcher.

use std::sync::Arc;

use serde_json::Value;

use crate::api::faults::find;
use crate::api::mail_views::MessageView;
use crate::app::World;
use crate::contract::{Contract, Item, Tape};
use crate::control::deliveries::{DeliveryView, delivery_has};
use crate::control::exchange::{ExchangeView, header, headers};
use crate::control::redaction::{REDACTED, is_secret, shown_text, without_keys};
use crate::domain::deliveries::Delivery;
use crate::domain::inboxes;
use crate::domain::messages::Message;
use crate::domain::sends::{bare, recipients, senders};
use crate::domain::state::State;
use crate::record::journal::Exchange;

/// One thing that may match, in the state or the contract by which it is judged.
#[derive(Clone, Copy)]
pub(super) enum Entry<'e> {
    Request(&'e Contract, &'e Exchange),
    Message(&'e State, &'e Arc<Message>),
    Delivery(&'e State, &'e Arc<Delivery>),
}

/// Something that an entry has in a field.
#[derive(Clone, Copy)]
pub(super) enum Found<'f> {
    /// A text, whatever it was written as.
    Text(&'f str),
    /// A value of a body, which has a type.
    Json(&'f Value),
}

/// What an answer shows entries by.
pub(super) struct Showing<'s> {
    pub contract: &'s Contract,
    /// Where the API is served.
    pub url: &'s str,
    /// What URLs in answers begin with.
    pub base: &'s str,
}

impl Entry<'_> {
    /// Whether any of what it has in a field fits.
    pub(super) fn has(self, field: &str, fits: &mut dyn FnMut(Found<'_>) -> bool) -> bool {
        match self {
            Entry::Request(contract, exchange) => request_has(contract, exchange, field, fits),
            Entry::Message(state, message) => {
                let texts = message_has(state, message, field);
                texts.iter().any(|text| fits(Found::Text(text)))
            }
            Entry::Delivery(state, delivery) => {
                let texts = delivery_has(state, delivery, field);
                texts.iter().any(|text| fits(Found::Text(text)))
            }
        }
    }

    /// What it has in a field, as a near miss shows it; none if there is nothing.
    pub(super) fn actual(self, field: &str) -> Option<Value> {
        if let ("status", Entry::Request(_, exchange)) = (field, self) {
            return exchange.facts.status.map(Value::from);
        }
        if let ("path", Entry::Request(_, exchange)) = (field, self) {
            let (_, target) = exchange.first_line();
            return Some(target.split('?').next().unwrap_or_default().into());
        }
        let mut found = Vec::new();
        self.has(field, &mut |it| {
            found.push(match it {
                Found::Text(text) => Value::from(text),
                Found::Json(value) => value.clone(),
            });
            false
        });
        if found.is_empty() {
            return None;
        }
        if field.starts_with("body/") && field.split('/').any(is_secret) {
            return Some(REDACTED.into());
        }
        let last = field.rsplit('/').next().unwrap_or_default();
        let shown = |value: Value| match value {
            Value::String(text) => Value::from(without_keys(&shown_text(last, &text))),
            other => other,
        };
        let mut found: Vec<Value> = found.into_iter().map(shown).collect();
        if found.len() == 1 {
            return found.pop();
        }
        let texts = found.iter().map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        Some(texts.collect::<Vec<_>>().join(", ").into())
    }

    /// It as the lists show it.
    pub(super) fn view(self, world: &World, showing: &Showing<'_>) -> Value {
        let view = match self {
            Entry::Request(_, exchange) => {
                let served = (showing.contract, showing.url);
                serde_json::to_value(ExchangeView::of(served, world, exchange))
            }
            Entry::Message(_, message) => {
                serde_json::to_value(MessageView::new(message, showing.base))
            }
            Entry::Delivery(_, delivery) => serde_json::to_value(DeliveryView::of(world, delivery)),
        };
        view.unwrap_or_default()
    }
}

fn request_has(
    contract: &Contract,
    exchange: &Exchange,
    field: &str,
    fits: &mut dyn FnMut(Found<'_>) -> bool,
) -> bool {
    let mut is_text = |text: &str| fits(Found::Text(text));
    let operation = exchange.operation;
    let operation = operation.and_then(|index| contract.operations.get(index));
    let (method, target) = exchange.first_line();
    match field {
        "operation" => operation.is_some_and(|operation| is_text(&operation.id)),
        "method" => is_text(method),
        "path" => is_text(target.split('?').next().unwrap_or_default()) || is_text(target),
        "status" => exchange
            .facts
            .status
            .is_some_and(|it| is_text(&it.to_string())),
        "error" => exchange.facts.error.as_deref().is_some_and(is_text),
        field => {
            let body = exchange.body().bytes;
            let headers = headers(exchange.head());
            let content_type = header(&headers, "content-type").unwrap_or_default();
            let tape = match operation {
                Some(operation) => contract.recorded_body(operation, content_type, body),
                None => Tape::read(body).ok(),
            };
            let Some(tape) = tape else {
                return false;
            };
            let place = field.strip_prefix("body").unwrap_or_default();
            let found = match place {
                "" => Some(tape.root()),
                pointer => find(tape.root(), pointer),
            };
            found.is_some_and(|item| any_value(item, fits))
        }
    }
}

/// Of an array, one element must fit; an object is looked into by who names its members.
fn any_value(item: Item<'_>, fits: &mut dyn FnMut(Found<'_>) -> bool) -> bool {
    if item.members().next().is_some() {
        return false;
    }
    if item.elements().next().is_some() {
        return item.elements().any(|element| any_value(element, fits));
    }
    match item.to_json() {
        Value::Array(_) | Value::Object(_) => false,
        scalar => fits(Found::Json(&scalar)),
    }
}

fn message_has(state: &State, message: &Message, field: &str) -> Vec<String> {
    let mail = &message.mail;
    match field {
        "inbox" => {
            let id = message.inbox.to_string();
            let inbox = inboxes::get(state, &id).ok();
            let address = inbox.map(|inbox| inbox.address.to_string());
            address.into_iter().chain([id]).collect()
        }
        "from" => match &*senders(&mail.from) {
            // No address, or none that mail could be sent to: what stands there is all there is.
            [] => vec![bare(&mail.from).to_owned()],
            senders => senders.iter().map(|it| (*it).to_owned()).collect(),
        },
        "to" => recipients(mail).map(str::to_owned).collect(),
        "subject" => vec![mail.subject.to_string()],
        "direction" => vec![message.direction.word().to_owned()],
        _ => Vec::new(),
    }
}
