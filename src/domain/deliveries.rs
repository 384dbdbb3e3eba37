//! Deliveries: one event on its way to one webhook, attempt by attempt (OpenMail docs, Webhooks,
//! Retries).
//!
//! What is due stands in the state, so that nothing is lost or doubled whoever makes the attempts.
//! Who makes them, and what was answered in detail, is no state (`push/`, `record/`).

use std::sync::Arc;

use super::clock::Timestamp;
use super::events::Event;
use super::ids::Id;
use super::refusal::{Refusal, Resource};
use super::state::{State, Transaction};
use super::table::{Listing, Order, Page, Row};
use super::webhooks::Webhook;

/// When attempts are made, in milliseconds from the first.
pub const OFFSETS: [i64; 5] = [0, 30_000, 60_000, 120_000, 240_000];
/// At most this many deliveries are kept. The oldest that are settled make room, and failing that
/// the oldest.
pub const MAX_DELIVERIES: usize = 1_000;

/// One event on its way to one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: Id,
    /// What is delivered.
    pub event: Arc<Event>,
    /// Where to, and what signs it: as it stood when the event happened.
    pub webhook: Webhook,
    /// How far it got.
    pub status: Status,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the first attempt was due.
    pub first_at: Timestamp,
    pub(super) order: Order,
}

/// How far a delivery got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The next attempt is due then.
    Pending {
        /// The instant, by the world's clock.
        due: Timestamp,
    },
    /// The receiver took it.
    Delivered,
    /// All attempts failed.
    Failed,
}

impl Status {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending { .. } => "pending",
            Status::Delivered => "delivered",
            Status::Failed => "failed",
        }
    }
}

impl Status {
    /// When the next attempt is due, if there is to be one.
    #[must_use]
    pub fn due(self) -> Option<Timestamp> {
        match self {
            Status::Pending { due } => Some(due),
            Status::Delivered | Status::Failed => None,
        }
    }
}

impl Row for Delivery {
    fn id(&self) -> Id {
        self.id
    }

    fn order(&self) -> Order {
        self.order
    }
}

fn is_taken(state: &State, id: Id) -> bool {
    state.deliveries.get(id).is_some()
}

/// Opens the delivery of an event, due at once.
pub(super) fn open(tx: &mut Transaction<'_>, event: Arc<Event>, webhook: Webhook) {
    let now = tx.now;
    let id = tx.draw_id(is_taken);
    let order = tx.next_order(now);
    put(
        tx.state,
        Delivery {
            id,
            event,
            webhook,
            status: Status::Pending { due: now },
            attempts: 0,
            first_at: now,
            order,
        },
    );
}

/// A delivery as it stands, in an account that is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its id; drawn when absent.
    pub id: Option<Id>,
    /// What is delivered.
    pub event: Arc<Event>,
    /// Where to, and what signs it.
    pub webhook: Webhook,
    /// How far it got.
    pub status: Status,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the first attempt was due.
    pub first_at: Timestamp,
}

/// Puts a delivery of an account that is described in its place.
///
/// # Errors
///
/// [`Refusal::IdTaken`].
pub fn describe(tx: &mut Transaction<'_>, described: Described) -> Result<(), Refusal> {
    let id = tx.take_id(Resource::Delivery, described.id, is_taken)?;
    let order = tx.next_order(described.first_at);
    let Described {
        event,
        webhook,
        status,
        attempts,
        first_at,
        ..
    } = described;
    put(
        tx.state,
        Delivery {
            id,
            event,
            webhook,
            status,
            attempts,
            first_at,
            order,
        },
    );
    Ok(())
}

fn put(state: &mut State, delivery: Delivery) {
    if let Some(known) = state.deliveries.get(delivery.id).cloned() {
        unqueue(state, &known);
    }
    if let Status::Pending { due } = delivery.status {
        state.due.insert((due, delivery.order), delivery.id);
    }
    state.deliveries.put(Arc::new(delivery));
    while state.deliveries.len() > MAX_DELIVERIES {
        let is_settled = |it: &&Arc<Delivery>| !matches!(it.status, Status::Pending { .. });
        let settled = state.deliveries.iter().find(is_settled);
        let Some(gone) = settled.or(state.deliveries.iter().next()).cloned() else {
            return;
        };
        evict(state, &gone);
    }
}

fn evict(state: &mut State, gone: &Delivery) {
    unqueue(state, gone);
    state.deliveries.remove(gone.id);
    state.evicted_delivery = state.evicted_delivery.max(Some(gone.order));
}

/// Whether none later than that one made room for others, or none at all.
#[must_use]
pub fn is_complete(state: &State, after: Option<Order>) -> bool {
    state
        .evicted_delivery
        .is_none_or(|last| after >= Some(last))
}

/// Removes the deliveries of an event that made room.
pub(super) fn forget_event(state: &mut State, number: u64) {
    let is_of_it = |it: &&Arc<Delivery>| it.event.number == number;
    let own: Vec<_> = state.deliveries.iter().filter(is_of_it).cloned().collect();
    for delivery in own {
        evict(state, &delivery);
    }
}

/// Ends what is on its way of an inbox that goes.
pub(super) fn forget_inbox(state: &mut State, inbox: Id) {
    let pending = state
        .due
        .iter()
        .filter_map(|(_, id)| state.deliveries.get(*id));
    let own = pending.filter(|it| it.event.subject.inbox() == Some(inbox));
    let own: Vec<Arc<Delivery>> = own.cloned().collect();
    for delivery in own {
        put(
            state,
            Delivery {
                status: Status::Failed,
                ..Delivery::clone(&delivery)
            },
        );
    }
}

/// Lets a new secret sign what is still to come of an inbox; the one before counts no more.
pub(super) fn resign(state: &mut State, inbox: Id, webhook: &Webhook) {
    let rows = state.deliveries.iter();
    let own = rows.filter(|it| it.event.subject.inbox() == Some(inbox));
    let at_it = own.filter(|it| it.webhook.url == webhook.url);
    let at_it: Vec<Arc<Delivery>> = at_it.cloned().collect();
    for delivery in at_it {
        put(
            state,
            Delivery {
                webhook: webhook.clone(),
                ..Delivery::clone(&delivery)
            },
        );
    }
}

fn unqueue(state: &mut State, delivery: &Delivery) {
    if let Status::Pending { due } = delivery.status {
        state.due.remove(&(due, delivery.order));
    }
}

/// Deliveries whose next attempt is due at `until` or before, in the order in which they are.
pub fn due(state: &State, until: Timestamp) -> impl Iterator<Item = &Arc<Delivery>> {
    due_ids(state, until).filter_map(|id| state.deliveries.get(id))
}

/// Their ids alone, which costs little where few of many rows are looked at.
pub fn due_ids(state: &State, until: Timestamp) -> impl Iterator<Item = Id> {
    let due = state
        .due
        .iter()
        .take_while(move |((at, _), _)| *at <= until);
    due.map(|(_, id)| *id)
}

/// Whether any attempt is still to come.
#[must_use]
pub fn are_pending(state: &State) -> bool {
    state.due.first().is_some()
}

/// When the next attempt is due of those that are not due yet.
#[must_use]
pub fn next_due_after(state: &State, now: Timestamp) -> Option<Timestamp> {
    let next = state.due.rank(&(now, Order::MAX));
    state.due.nth(next).map(|((at, _), _)| *at)
}

/// Notes what became of an attempt. After a failed one the next is due, five in all; one that
/// somebody asked for beside those settles a delivery that failed, and delays nothing.
///
/// # Errors
///
/// [`Refusal::NotFound`] if the delivery made room meanwhile.
pub fn note_attempt(
    tx: &mut Transaction<'_>,
    id: Id,
    was_taken: bool,
) -> Result<Arc<Delivery>, Refusal> {
    let known = get(tx.state, id)?;
    let attempts = known.attempts + 1;
    let next = usize::try_from(attempts)
        .ok()
        .and_then(|made| OFFSETS.get(made));
    let next = next.and_then(|offset| known.first_at.after(*offset));
    let status = match (was_taken, known.status, next) {
        (true, _, _) => Status::Delivered,
        (false, Status::Pending { .. }, Some(due)) => Status::Pending { due },
        (false, Status::Pending { .. }, None) => Status::Failed,
        (false, settled @ (Status::Delivered | Status::Failed), _) => settled,
    };
    put(
        tx.state,
        Delivery {
            status,
            attempts,
            ..Delivery::clone(&known)
        },
    );
    get(tx.state, id)
}

/// The delivery with that id.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn get(state: &State, id: Id) -> Result<Arc<Delivery>, Refusal> {
    let delivery = state.deliveries.get(id).cloned();
    delivery.ok_or_else(|| Refusal::NotFound {
        what: Resource::Delivery,
        key: id.to_string(),
    })
}

/// One page of deliveries, the newest first.
#[must_use]
pub fn list(state: &State, page: Page) -> Listing<Arc<Delivery>> {
    state.deliveries.page(page)
}
