//! What can be asked about: requests, messages, and deliveries to webhooks.

use std::sync::Arc;

use super::entry::Entry;
use super::matcher::Matcher;
use crate::api::failures::Failure;
use crate::app::{App, World};
use crate::contract::Contract;
use crate::control::deliveries::known_delivery;
use crate::control::requests::number_of;
use crate::domain::deliveries::{self, Delivery};
use crate::domain::messages::{self, Message};
use crate::domain::table::{Order, Row, Table};
use crate::record::journal::{Exchange, Reached};

/// What kind of thing is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Requests,
    Messages,
    Deliveries,
}

/// What only later ones count behind.
#[derive(Debug, Clone, Copy)]
pub(super) enum After {
    Exchange(u64),
    Row(Order),
}

impl Kind {
    /// The fields that a matcher may have.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Kind::Requests => &["operation", "method", "path", "status", "error", "body"],
            Kind::Messages => &["inbox", "from", "to", "subject", "direction"],
            Kind::Deliveries => &["event", "inbox", "status"],
        }
    }

    /// The words for so many of them.
    pub(super) fn words(self, count: usize) -> &'static str {
        match (self, count) {
            (Kind::Requests, 1) => "request",
            (Kind::Requests, _) => "requests",
            (Kind::Messages, 1) => "message",
            (Kind::Messages, _) => "messages",
            (Kind::Deliveries, 1) => "delivery",
            (Kind::Deliveries, _) => "deliveries",
        }
    }

    /// What the id in `after` stands for. That of an exchange need not be in the journal: any answer
    /// of the server marks an instant, one of the control plane, too.
    /// Behind one that is yet to come, everybody would wait in vain.
    pub(super) fn place(self, app: &App, world: &World, id: &str) -> Result<After, Failure> {
        Ok(match self {
            Kind::Requests => {
                let number = number_of(id).ok_or_else(|| {
                    Failure::bad_request(format!(
                        "`after` is `{id}`, which is no exchange's id; ids look like `req_12`"
                    ))
                })?;
                let last = app.last_exchange();
                if number > last {
                    return Err(Failure::bad_request(format!(
                        "`after` is `{id}`, which no answer has had: this server has come as far as `req_{last}`; take the `x-request-id` of an answer of this run"
                    )));
                }
                After::Exchange(number)
            }
            Kind::Messages => {
                After::Row(world.read(|state| messages::get(state, id).map(|it| it.order()))?)
            }
            Kind::Deliveries => {
                let id = known_delivery(world, id)?;
                After::Row(world.read(|state| deliveries::get(state, id).map(|it| it.order()))?)
            }
        })
    }

    /// Shows all that there are behind that place, the oldest first.
    pub(super) fn look<T>(
        self,
        world: &World,
        contract: &Contract,
        after: Option<After>,
        f: impl FnOnce(&mut dyn Iterator<Item = Entry<'_>>) -> T,
    ) -> T {
        let is_later = |order: Order| !matches!(after, Some(After::Row(row)) if order <= row);
        match self {
            Kind::Requests => {
                let is_later = |exchange: &&Arc<Exchange>| !matches!(after, Some(After::Exchange(number)) if exchange.number <= number);
                // Only taken under the journal's lock, so that no answer waits for what `f` does.
                let rows: Vec<Arc<Exchange>> = world
                    .read_journal(|journal| journal.shared().filter(is_later).cloned().collect());
                f(&mut rows
                    .iter()
                    .map(|exchange| Entry::Request(contract, exchange)))
            }
            Kind::Messages => world.read(|state| {
                let rows = state.messages.iter().filter(|row| is_later(row.order()));
                f(&mut rows.map(|row| Entry::Message(state, row)))
            }),
            Kind::Deliveries => world.read(|state| {
                let rows = state.deliveries.iter().filter(|row| is_later(row.order()));
                f(&mut rows.map(|row| Entry::Delivery(state, row)))
            }),
        }
    }

    /// The oldest that is still there.
    pub(super) fn oldest(self, world: &World) -> Option<String> {
        match self {
            Kind::Requests => world.read_journal(|journal| {
                let oldest = journal.iter().map(|exchange| exchange.number).min();
                oldest.map(|number| format!("req_{number}"))
            }),
            Kind::Messages => None,
            Kind::Deliveries => world.read(|state| {
                let oldest = state.deliveries.iter().next();
                oldest.map(|delivery| delivery.id.to_string())
            }),
        }
    }

    /// Whether all that there ever were behind that place are still there. Messages go only when
    /// somebody deletes them.
    pub(super) fn is_complete(self, world: &World, after: Option<After>) -> bool {
        let number = match after {
            Some(After::Exchange(number)) => Some(number),
            Some(After::Row(_)) | None => None,
        };
        let order = match after {
            Some(After::Row(order)) => Some(order),
            Some(After::Exchange(_)) | None => None,
        };
        match self {
            Kind::Requests => world.read_journal(|journal| journal.is_complete(number)),
            Kind::Messages => true,
            Kind::Deliveries => world.read(|state| deliveries::is_complete(state, order)),
        }
    }
}

/// How many matched so far: each look takes the few that are new, for a thousand may wait and each
/// of them looks after each change.
#[derive(Default)]
pub(super) struct Tally {
    found: usize,
    seen: Option<Seen>,
}

enum Seen {
    Requests(Reached),
    /// How many messages there were, and the last of them.
    Messages(usize, Option<Order>),
    /// The very rows: deliveries change where they stand.
    Deliveries(Table<Delivery>),
}

impl Tally {
    /// Forgets what it counted, so that the next look is at all there is.
    pub(super) fn start_again(&mut self) {
        *self = Self::default();
    }

    /// How many match by now.
    pub(super) fn look(
        &mut self,
        world: &World,
        contract: &Contract,
        (kind, matcher, after): (Kind, &Matcher, Option<After>),
    ) -> usize {
        let fits = |entry: Entry<'_>| matcher.is_met(entry);
        match kind {
            Kind::Requests => world.read_journal(|journal| {
                let is_later = |number: u64| match after {
                    Some(After::Exchange(after)) => number > after,
                    Some(After::Row(_)) | None => true,
                };
                let seen = match self.seen {
                    Some(Seen::Requests(seen)) => seen,
                    Some(Seen::Messages(..) | Seen::Deliveries(_)) | None => Reached::default(),
                };
                let count = |exchanges: &mut dyn Iterator<Item = &Exchange>| {
                    let later = exchanges.filter(|it| is_later(it.number));
                    later
                        .filter(|it| fits(Entry::Request(contract, it)))
                        .count()
                };
                self.found = match journal.since(seen) {
                    Some(mut fresh) => self.found + count(&mut fresh),
                    None => count(&mut journal.iter()),
                };
                self.seen = Some(Seen::Requests(journal.reached()));
            }),
            Kind::Messages => world.read(|state| {
                let last = state.messages.last().map(|row| row.order());
                let count = |rows: &mut dyn Iterator<Item = &Arc<Message>>| {
                    let later = rows.filter(|row| match after {
                        Some(After::Row(after)) => row.order() > after,
                        Some(After::Exchange(_)) | None => true,
                    });
                    later.filter(|row| fits(Entry::Message(state, row))).count()
                };
                let all = state.messages.len();
                let known = match self.seen {
                    Some(Seen::Messages(known, Some(order))) => {
                        let fresh = state.messages.behind(order).count();
                        (known + fresh == all).then_some(order)
                    }
                    Some(Seen::Messages(_, None) | Seen::Requests(_) | Seen::Deliveries(_))
                    | None => None,
                };
                self.found = match known {
                    Some(order) => self.found + count(&mut state.messages.behind(order)),
                    None => count(&mut state.messages.iter()),
                };
                self.seen = Some(Seen::Messages(state.messages.len(), last));
            }),
            Kind::Deliveries => {
                let rows = world.read(|state| state.deliveries.clone());
                let is_same =
                    matches!(&self.seen, Some(Seen::Deliveries(seen)) if seen.is_same(&rows));
                if !is_same {
                    self.found = kind.look(world, contract, after, |all| {
                        all.filter(|entry| fits(*entry)).count()
                    });
                    self.seen = Some(Seen::Deliveries(rows));
                }
            }
        }
        self.found
    }
}
