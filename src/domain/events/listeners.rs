//! Who listens on sockets at the moment: what decides which way an event goes.

use super::Kind;
use crate::domain::ids::Id;
use crate::domain::keys::Holder;
use crate::domain::state::State;

/// All sockets of a world that are subscribed to something. It is no state: a world that is reset
/// keeps its sockets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listeners {
    /// One for each socket.
    pub sockets: Vec<Listener>,
}

/// A socket and what it is subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The socket's number in the process.
    pub socket: u64,
    /// Who listens. A socket whose key is gone hears nothing more, even before it is closed.
    pub holder: Holder,
    /// Its subscriptions, which add up.
    pub subscriptions: Vec<Subscription>,
}

/// What one subscription asks for; none means all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Events of these inboxes.
    pub inboxes: Option<Vec<Id>>,
    /// But not of these, if it asks for all.
    pub except: Vec<Id>,
    /// Events of these kinds, in the order of [`Kind::ALL`], none of them twice.
    pub kinds: Option<Vec<Kind>>,
}

impl Subscription {
    /// Whether it asks for an event of this kind about this inbox.
    #[must_use]
    pub fn asks_for(&self, inbox: Id, kind: Kind) -> bool {
        let in_inboxes = match &self.inboxes {
            Some(known) => known.contains(&inbox),
            None => !self.except.contains(&inbox),
        };
        in_inboxes
            && self
                .kinds
                .as_ref()
                .is_none_or(|known| known.contains(&kind))
    }

    /// Asks for what another one of the same kinds asks for, too.
    fn join(&mut self, other: &Self) {
        match (&mut self.inboxes, &other.inboxes) {
            (Some(own), Some(others)) => {
                let news: Vec<Id> = others
                    .iter()
                    .copied()
                    .filter(|id| !own.contains(id))
                    .collect();
                own.extend(news);
            }
            (None, Some(others)) => self.except.retain(|id| !others.contains(id)),
            (_, None) => {
                self.inboxes = None;
                self.except.clone_from(&other.except);
            }
        }
    }

    /// Asks for these inboxes no more; false if nothing is left to ask for.
    fn leave(&mut self, inboxes: &[Id]) -> bool {
        match &mut self.inboxes {
            Some(own) => {
                own.retain(|id| !inboxes.contains(id));
                !own.is_empty()
            }
            None => {
                let news: Vec<Id> = inboxes
                    .iter()
                    .copied()
                    .filter(|id| !self.except.contains(id))
                    .collect();
                self.except.extend(news);
                true
            }
        }
    }
}

/// Adds a subscription to others. Those of the same kinds become one, so that whoever subscribes
/// again and again holds no more than once.
pub fn subscribe(subscriptions: &mut Vec<Subscription>, new: Subscription) {
    match subscriptions
        .iter_mut()
        .find(|known| known.kinds == new.kinds)
    {
        Some(known) => known.join(&new),
        None => subscriptions.push(new),
    }
}

/// Ends all subscriptions to these inboxes.
pub fn unsubscribe(subscriptions: &mut Vec<Subscription>, inboxes: &[Id]) {
    subscriptions.retain_mut(|known| known.leave(inboxes));
}

impl Listener {
    /// Whether it is subscribed to an event of this kind about this inbox.
    #[must_use]
    pub fn hears(&self, inbox: Id, kind: Kind) -> bool {
        self.subscriptions.iter().any(|it| it.asks_for(inbox, kind))
    }
}

impl Listeners {
    /// Nobody.
    pub const NOBODY: &'static Self = &Self {
        sockets: Vec::new(),
    };

    /// Whether anybody is subscribed to an event of this kind about this inbox whom this state
    /// lets in.
    #[must_use]
    pub fn hear(&self, state: &State, inbox: Id, kind: Kind) -> bool {
        let hears = |socket: &Listener| socket.hears(inbox, kind) && socket.holder.is_let_in(state);
        self.sockets.iter().any(hears)
    }
}
