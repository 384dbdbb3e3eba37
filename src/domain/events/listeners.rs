//! Who listens on sockets at the moment: what decides which way an event goes.

use super::Kind;
use crate::domain::ids::Id;

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
    /// Its subscriptions, which add up.
    pub subscriptions: Vec<Subscription>,
}

/// What one subscription asks for; none means all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Events of these inboxes.
    pub inboxes: Option<Vec<Id>>,
    /// Events of these kinds.
    pub kinds: Option<Vec<Kind>>,
}

impl Subscription {
    /// Whether it asks for an event of this kind about this inbox.
    #[must_use]
    pub fn asks_for(&self, inbox: Id, kind: Kind) -> bool {
        let in_inboxes = self
            .inboxes
            .as_ref()
            .is_none_or(|known| known.contains(&inbox));
        in_inboxes
            && self
                .kinds
                .as_ref()
                .is_none_or(|known| known.contains(&kind))
    }
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

    /// Whether anybody is subscribed to an event of this kind about this inbox.
    #[must_use]
    pub fn hear(&self, inbox: Id, kind: Kind) -> bool {
        self.sockets.iter().any(|socket| socket.hears(inbox, kind))
    }
}
