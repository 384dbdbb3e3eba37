//! What an account used: mail that came and went within a window of time, and what is stored now
//! (OpenMail docs, Usage).
//!
//! Usage is what is paid for, so deleting mail takes nothing back. Mail that is there is counted
//! where it stands, which costs a send nothing; of mail that is gone a line remains.

use std::collections::HashMap;
use std::ops::AddAssign;
use std::sync::Arc;

use super::clock::Timestamp;
use super::ids::Id;
use super::keys::Scope;
use super::mail::{Direction, Mail};
use super::messages::Message;
use super::state::State;
use super::tree::Tree;

/// So many lines of mail that is gone are kept; then the oldest go.
pub const MAX_GONE: usize = 100_000;

/// What mail came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages that came.
    pub inbound: u64,
    /// Messages that went.
    pub outbound: u64,
    /// Bytes of the files in them.
    pub attachment_bytes: u64,
}

impl Traffic {
    fn of(message: &Message) -> Self {
        let (inbound, outbound) = match message.direction {
            Direction::Inbound => (1, 0),
            Direction::Outbound => (0, 1),
        };
        Self {
            inbound,
            outbound,
            attachment_bytes: attachment_bytes(&message.mail),
        }
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.inbound = self.inbound.saturating_add(other.inbound);
        self.outbound = self.outbound.saturating_add(other.outbound);
        self.attachment_bytes = self.attachment_bytes.saturating_add(other.attachment_bytes);
    }
}

fn attachment_bytes(mail: &Mail) -> u64 {
    let bytes: usize = mail.attachments.iter().map(|it| it.bytes.len()).sum();
    bytes as u64
}

/// Mail of one inbox and one instant that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The address of the inbox, which may be gone too.
    pub address: Arc<str>,
    /// The pod in which it stood.
    pub pod: Id,
    /// What it came to.
    pub traffic: Traffic,
}

/// All mail that is gone, by when it moved and the inbox that it was of.
pub type GoneMail = Tree<(Timestamp, Id), Gone>;

/// Keeps a line of a message that is about to go, while its inbox is still there.
pub(super) fn note_gone(state: &mut State, message: &Message) {
    let Some(inbox) = state.inboxes.get(message.inbox).cloned() else {
        return;
    };
    let gone = Gone {
        address: inbox.address.clone(),
        pod: inbox.pod,
        traffic: Traffic::of(message),
    };
    add_gone(&mut state.gone_mail, message.created_at, inbox.id, gone);
}

/// Adds a line to what is known of that instant.
pub fn add_gone(lines: &mut GoneMail, at: Timestamp, inbox: Id, mut gone: Gone) {
    if let Some(known) = lines.get(&(at, inbox)) {
        gone.traffic += known.traffic;
    }
    lines.insert((at, inbox), gone);
    while lines.len() > MAX_GONE {
        let Some(oldest) = lines.first().map(|(key, _)| *key) else {
            break;
        };
        lines.remove(&oldest);
    }
}

/// Says all that is known of mail that is gone; whether that was another before.
pub fn set_gone(state: &mut State, lines: GoneMail) -> bool {
    let differs = !state.gone_mail.iter().eq(lines.iter());
    state.gone_mail = lines;
    differs
}

/// From an instant until just before another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant in it.
    pub from: Timestamp,
    /// The first one behind it.
    pub to: Timestamp,
}

/// What an inbox, or all of them, used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// What moved within the window.
    pub traffic: Traffic,
    /// What is stored now, whatever the window.
    pub stored_bytes: u64,
}

impl AddAssign for Used {
    fn add_assign(&mut self, other: Self) {
        self.traffic += other.traffic;
        self.stored_bytes = self.stored_bytes.saturating_add(other.stored_bytes);
    }
}

/// What an inbox used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxUse {
    /// The inbox.
    pub inbox: Id,
    /// Its address.
    pub address: Arc<str>,
    /// What it used.
    pub used: Used,
}

/// What each inbox within a scope used: the newest first, idle ones included; then those that are
/// gone, if something moved within the window.
#[must_use]
pub fn report(state: &State, now: Timestamp, scope: Scope, window: Window) -> Vec<InboxUse> {
    let lapsed = state.threads.trash.lapsed_bytes(now);
    let mut rows: Vec<InboxUse> = reached(state, scope)
        .map(|(inbox, address)| InboxUse {
            inbox,
            address,
            used: Used {
                traffic: Traffic::default(),
                stored_bytes: stored_bytes(state, &lapsed, inbox),
            },
        })
        .collect();
    rows.reverse();
    let places = rows.iter().enumerate();
    let mut places: HashMap<Id, usize> = places.map(|(place, row)| (row.inbox, place)).collect();
    for message in state.messages.between(window.from, window.to) {
        if let Some(place) = places.get(&message.inbox) {
            rows[*place].used.traffic += Traffic::of(message);
        }
    }
    let start = state.gone_mail.rank(&(window.from, Id::MIN));
    let gone = state.gone_mail.iter_from(start);
    for ((_, inbox), gone) in gone.take_while(|((at, _), _)| *at < window.to) {
        let place = match places.get(inbox) {
            Some(place) => *place,
            None if is_of(scope, *inbox, gone) && state.inboxes.get(*inbox).is_none() => {
                places.insert(*inbox, rows.len());
                rows.push(InboxUse {
                    inbox: *inbox,
                    address: gone.address.clone(),
                    used: Used::default(),
                });
                rows.len() - 1
            }
            None => continue,
        };
        rows[place].used.traffic += gone.traffic;
    }
    rows
}

/// The inboxes that a scope reaches, the oldest first.
fn reached(state: &State, scope: Scope) -> impl Iterator<Item = (Id, Arc<str>)> {
    let inboxes: Vec<_> = match scope {
        Scope::Account => state.inboxes.iter().cloned().collect(),
        Scope::Pod(pod) => state.pod_inboxes.all(pod, &state.inboxes),
        Scope::Inbox { inbox, .. } => state.inboxes.get(inbox).into_iter().cloned().collect(),
    };
    inboxes
        .into_iter()
        .map(|inbox| (inbox.id, inbox.address.clone()))
}

fn is_of(scope: Scope, inbox: Id, gone: &Gone) -> bool {
    match scope {
        Scope::Account => true,
        Scope::Pod(pod) => pod == gone.pod,
        Scope::Inbox { inbox: own, .. } => own == inbox,
    }
}

/// What an inbox has stored, its trash included until that lapses.
fn stored_bytes(state: &State, lapsed: &HashMap<Id, usize>, inbox: Id) -> u64 {
    let counted = state.inbox_bytes.get(&inbox).copied().unwrap_or(0);
    let lapsed = lapsed.get(&inbox).copied().unwrap_or(0);
    counted.saturating_sub(lapsed) as u64
}
