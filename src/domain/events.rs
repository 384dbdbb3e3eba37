//! Events: what happened to an inbox or a pod, told to sockets or to a webhook (OpenMail docs,
//! Webhooks; WebSockets).
//!
//! An event is written in the transaction of its cause, and so is the way that it goes.

mod listeners;
mod received;

use std::sync::Arc;

use super::clock::Timestamp;
use super::deliveries;
use super::ids::Id;
use super::inboxes::Inbox;
use super::messages::Message;
use super::pods::Pod;
use super::reputation::Reason;
use super::state::{State, Transaction};
use super::webhooks::Webhook;
pub use listeners::{Listener, Listeners, Subscription, subscribe, unsubscribe};
pub use received::{Received, ReceivedFile};

/// At most this many events are kept; the oldest make room.
pub const MAX_EVENTS: usize = 10_000;
/// What they may hold together, in bytes; likewise.
pub const MAX_EVENT_BYTES: usize = 64 * 1024 * 1024;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place among all events of the world, from 1.
    pub number: u64,
    /// What clients know it by; the same in every attempt and on every way.
    pub id: Id,
    /// What it is about.
    pub subject: Subject,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The way that it went.
    pub route: Route,
}

/// What an event is about, as it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A message came.
    MessageReceived(Received),
    /// An inbox may not send any more, or may again.
    Inbox {
        /// Which of the two.
        standing: Standing,
        /// The inbox.
        inbox: Id,
        /// Its address.
        address: Arc<str>,
        /// The pod that it stands in.
        pod: Id,
    },
    /// A pod likewise.
    Pod {
        /// Which of the two.
        standing: Standing,
        /// The pod.
        pod: Id,
    },
}

/// Whether something is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is, for this reason.
    Suspended {
        /// Why.
        reason: Reason,
    },
    /// It is not any more.
    Reactivated,
}

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message came.
    MessageReceived,
    /// An inbox was suspended.
    InboxSuspended,
    /// An inbox was reactivated.
    InboxReactivated,
    /// A pod was suspended.
    PodSuspended,
    /// A pod was reactivated.
    PodReactivated,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::MessageReceived,
        Self::InboxSuspended,
        Self::InboxReactivated,
        Self::PodSuspended,
        Self::PodReactivated,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::MessageReceived => "message.received",
            Kind::InboxSuspended => "inbox.suspended",
            Kind::InboxReactivated => "inbox.reactivated",
            Kind::PodSuspended => "pod.suspended",
            Kind::PodReactivated => "pod.reactivated",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The way that an event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// To the sockets that are subscribed to it.
    Socket,
    /// To a webhook, by a delivery of its own.
    Webhook,
    /// Nowhere: nobody wants it. It is kept as failed, and can be replayed.
    Nowhere,
}

impl Route {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Socket, Self::Webhook, Self::Nowhere];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Route::Socket => "socket",
            Route::Webhook => "webhook",
            Route::Nowhere => "none",
        }
    }

    /// The way of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.word() == word)
    }
}

impl Subject {
    /// What kind of event it makes.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Subject::MessageReceived(_) => Kind::MessageReceived,
            Subject::Inbox { standing, .. } => match standing {
                Standing::Suspended { .. } => Kind::InboxSuspended,
                Standing::Reactivated => Kind::InboxReactivated,
            },
            Subject::Pod { standing, .. } => match standing {
                Standing::Suspended { .. } => Kind::PodSuspended,
                Standing::Reactivated => Kind::PodReactivated,
            },
        }
    }

    /// The inbox that it is about, unless that is a pod.
    #[must_use]
    pub fn inbox(&self) -> Option<Id> {
        match self {
            Subject::MessageReceived(received) => Some(received.inbox),
            Subject::Inbox { inbox, .. } => Some(*inbox),
            Subject::Pod { .. } => None,
        }
    }

    /// What it holds in memory, about.
    fn bytes(&self) -> usize {
        match self {
            Subject::MessageReceived(received) => received.bytes(),
            Subject::Inbox { address, .. } => size_of::<Self>() + address.len(),
            Subject::Pod { .. } => size_of::<Self>(),
        }
    }
}

/// A message came into an inbox.
pub(super) fn message_received(tx: &mut Transaction<'_>, inbox: &Inbox, message: &Message) {
    let subject = Subject::MessageReceived(Received::of(message));
    let webhook = webhook_of(tx.state, Some(inbox)).cloned();
    let is_heard = tx.listeners.hear(tx.state, inbox.id, Kind::MessageReceived);
    occur(tx, subject, webhook, is_heard);
}

/// An inbox was suspended or reactivated. Sockets are never told.
pub(super) fn inbox_changed(tx: &mut Transaction<'_>, inbox: &Inbox, standing: Standing) {
    let webhook = webhook_of(tx.state, Some(inbox)).cloned();
    let subject = Subject::Inbox {
        standing,
        inbox: inbox.id,
        address: inbox.address.clone(),
        pod: inbox.pod,
    };
    occur(tx, subject, webhook, false);
}

/// A pod was suspended or reactivated: told to the account's webhook.
pub(super) fn pod_changed(tx: &mut Transaction<'_>, pod: &Pod, standing: Standing) {
    let webhook = webhook_of(tx.state, None).cloned();
    let subject = Subject::Pod {
        standing,
        pod: pod.id,
    };
    occur(tx, subject, webhook, false);
}

/// Where events about an inbox go: to its own webhook, or to the account's, which gets all others.
#[must_use]
pub fn webhook_of<'s>(state: &'s State, inbox: Option<&'s Inbox>) -> Option<&'s Webhook> {
    let own = inbox.and_then(|inbox| inbox.webhook.as_ref());
    own.or(state.account.webhook.as_ref())
}

fn occur(tx: &mut Transaction<'_>, subject: Subject, webhook: Option<Webhook>, is_heard: bool) {
    let route = match (is_heard, &webhook) {
        (true, _) => Route::Socket,
        (false, Some(_)) => Route::Webhook,
        (false, None) => Route::Nowhere,
    };
    let event = Arc::new(Event {
        number: tx.state.last_event + 1,
        id: tx.draw_id(|state, id| state.event_numbers.contains_key(&id)),
        subject,
        occurred_at: tx.now,
        route,
    });
    put(tx.state, event.clone());
    if let (Route::Webhook, Some(webhook)) = (route, webhook) {
        deliveries::open(tx, event, webhook);
    }
}

/// Puts an event in its place; the oldest make room, and take their deliveries along.
pub fn put(state: &mut State, event: Arc<Event>) {
    state.last_event = state.last_event.max(event.number);
    state.event_bytes += event.subject.bytes();
    state.event_numbers.insert(event.id, event.number);
    state.events.insert(event.number, event);
    // The newest stays, whatever it holds.
    while state.events.len() > MAX_EVENTS
        || (state.event_bytes > MAX_EVENT_BYTES && state.events.len() > 1)
    {
        let Some(oldest) = state.events.first().map(|(number, _)| *number) else {
            return;
        };
        if let Some(oldest) = state.events.remove(&oldest) {
            state.event_bytes = state.event_bytes.saturating_sub(oldest.subject.bytes());
            state.event_numbers.remove(&oldest.id);
            deliveries::forget_event(state, oldest.number);
        }
    }
}

/// All kept events, the oldest first.
pub fn all(state: &State) -> impl Iterator<Item = &Arc<Event>> {
    state.events.iter().map(|(_, event)| event)
}

/// The number of the last event, whether it is kept or not.
#[must_use]
pub fn last_number(state: &State) -> u64 {
    state.last_event
}

/// The event of that number, if it is kept.
#[must_use]
pub fn at(state: &State, number: u64) -> Option<&Arc<Event>> {
    state.events.get(&number)
}

/// The event of that id, if it is kept.
#[must_use]
pub fn find(state: &State, id: Id) -> Option<&Arc<Event>> {
    state.events.get(state.event_numbers.get(&id)?)
}

/// Kept events behind that number, the oldest first.
pub fn after(state: &State, number: u64) -> impl Iterator<Item = &Arc<Event>> {
    let first = state.events.rank(&(number + 1));
    state.events.iter_from(first).map(|(_, event)| event)
}
