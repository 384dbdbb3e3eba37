//! What can be asked about: messages, and deliveries to webhooks.

use std::sync::Arc;

use serde_json::Value;

use crate::api::failures::Failure;
use crate::api::mail_views::MessageView;
use crate::app::World;
use crate::control::deliveries::{DeliveryView, delivery_has, known_delivery};
use crate::domain::deliveries::{self, Delivery};
use crate::domain::inboxes;
use crate::domain::messages::{self, Message};
use crate::domain::sends::{bare, recipients, senders};
use crate::domain::state::State;
use crate::domain::table::Row;
use crate::record::pattern::fits;

/// What kind of thing is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Messages,
    Deliveries,
}

impl Kind {
    /// The fields that a matcher may have.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Kind::Messages => &["inbox", "from", "to", "subject", "direction"],
            Kind::Deliveries => &["inbox", "event", "status"],
        }
    }

    /// The words for so many that match.
    pub(super) fn matching(self, count: usize) -> &'static str {
        match (self, count) {
            (Kind::Messages, 1) => "message matches",
            (Kind::Messages, _) => "messages match",
            (Kind::Deliveries, 1) => "delivery matches",
            (Kind::Deliveries, _) => "deliveries match",
        }
    }

    /// The one with that id.
    pub(super) fn find(self, world: &World, id: &str) -> Result<Entry, Failure> {
        Ok(match self {
            Kind::Messages => Entry::Message(world.read(|state| messages::get(state, id))?),
            Kind::Deliveries => {
                let id = known_delivery(world, id)?;
                Entry::Delivery(world.read(|state| deliveries::get(state, id))?)
            }
        })
    }

    /// All that there are, the oldest first.
    pub(super) fn all(self, state: &State) -> Box<dyn Iterator<Item = Entry> + '_> {
        match self {
            Kind::Messages => Box::new(state.messages.iter().cloned().map(Entry::Message)),
            Kind::Deliveries => Box::new(state.deliveries.iter().cloned().map(Entry::Delivery)),
        }
    }
}

/// One thing that may match.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Message(Arc<Message>),
    Delivery(Arc<Delivery>),
}

impl Entry {
    pub(super) fn is_behind(&self, other: &Self) -> bool {
        self.order() > other.order()
    }

    fn order(&self) -> crate::domain::table::Order {
        match self {
            Entry::Message(message) => message.order(),
            Entry::Delivery(delivery) => delivery.order(),
        }
    }

    /// What it has in a field of the matcher; any of them may fit.
    pub(super) fn actual(&self, state: &State, field: &str) -> Vec<String> {
        match self {
            Entry::Message(message) => message_has(state, message, field),
            Entry::Delivery(delivery) => delivery_has(state, delivery, field),
        }
    }

    pub(super) fn is_met(&self, state: &State, (field, pattern): &(String, String)) -> bool {
        let is_address = matches!(field.as_str(), "inbox" | "from" | "to");
        let actual = self.actual(state, field);
        actual.iter().any(|text| match is_address {
            true => fits(&pattern.to_lowercase(), &text.to_lowercase()),
            false => fits(pattern, text),
        })
    }

    /// It as the lists show it.
    pub(super) fn view(&self, world: &World, base: &str) -> Value {
        let view = match self {
            Entry::Message(message) => serde_json::to_value(MessageView::new(message, base)),
            Entry::Delivery(delivery) => serde_json::to_value(DeliveryView::of(world, delivery)),
        };
        view.unwrap_or_default()
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
