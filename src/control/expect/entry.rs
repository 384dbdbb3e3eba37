//! One thing that may match, and what it has in each field of a matcher.

use std::sync::Arc;

use serde_json::Value;

use crate::api::faults::find;
use crate::api::mail_views::MessageView;
use crate::app::World;
use crate::contract::{Contract, Item, Tape};
use crate::control::deliveries::{DeliveryView, delivery_has};
use crate::control::exchange::{ExchangeView, header, headers};
use crate::control::redaction::{REDACTED, is_secret, shown_text};
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
    pub(super) fn has(self, field: &str, fits: &mut dyn FnMut(&str) -> bool) -> bool {
        match self {
            Entry::Request(contract, exchange) => request_has(contract, exchange, field, fits),
            Entry::Message(state, message) => {
                message_has(state, message, field).iter().any(|it| fits(it))
            }
            Entry::Delivery(state, delivery) => {
                let texts = delivery_has(state, delivery, field);
                texts.iter().any(|text| fits(text))
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
        let mut texts = Vec::new();
        self.has(field, &mut |text| {
            texts.push(text.to_owned());
            false
        });
        if texts.is_empty() {
            return None;
        }
        let is_hidden = field.starts_with("body/") && field.split('/').any(is_secret);
        let last = field.rsplit('/').next().unwrap_or_default();
        let shown = texts.iter().map(|text| shown_text(last, text));
        Some(match is_hidden {
            true => REDACTED.into(),
            false => shown.collect::<Vec<_>>().join(", ").into(),
        })
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
    fits: &mut dyn FnMut(&str) -> bool,
) -> bool {
    let operation = exchange.operation;
    let operation = operation.and_then(|index| contract.operations.get(index));
    let (method, target) = exchange.first_line();
    match field {
        "operation" => operation.is_some_and(|operation| fits(&operation.id)),
        "method" => fits(method),
        "path" => fits(target.split('?').next().unwrap_or_default()) || fits(target),
        "status" => exchange
            .facts
            .status
            .is_some_and(|it| fits(&it.to_string())),
        "error" => exchange.facts.error.as_deref().is_some_and(fits),
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
            found.is_some_and(|item| any_text(item, fits))
        }
    }
}

/// Numbers, truth values and null are the text that JSON has for them; of an array, one element
/// must fit.
fn any_text(item: Item<'_>, fits: &mut dyn FnMut(&str) -> bool) -> bool {
    if let Some(text) = item.as_str() {
        return fits(text);
    }
    if item.members().next().is_some() {
        return false;
    }
    if item.elements().next().is_some() {
        return item.elements().any(|element| any_text(element, fits));
    }
    match item.to_json() {
        Value::Array(_) | Value::Object(_) => false,
        scalar => fits(&scalar.to_string()),
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
