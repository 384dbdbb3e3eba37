//! The trash: deleted threads, which count as stored for 30 days more (OpenMail docs, Deleting).
//!
//! Nothing happens when those are over: whoever looks compares, and the next write that stores or
//! deletes drops what has lapsed by then.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::clock::Timestamp;
use super::super::ids::Id;
use super::super::messages::{self, Message};
use super::super::refusal::Refusal;
use super::super::state::{State, Transaction};
use super::super::tree::Tree;
use super::{Thread, get};

/// How long a thread stays in the trash.
pub const TRASH_MILLIS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// A thread in the trash, with its messages; the API shows it no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trashed {
    /// The thread.
    pub thread: Arc<Thread>,
    /// Its messages, the oldest first.
    pub messages: Vec<Arc<Message>>,
    /// When it was deleted.
    pub at: Timestamp,
}

impl Trashed {
    fn bytes(&self) -> usize {
        let sizes = self.messages.iter().map(|it| messages::size(&it.mail));
        sizes.sum()
    }
}

/// Deleted threads.
#[derive(Debug, Clone, Default)]
pub struct Trash {
    pub(in crate::domain) rows: Tree<Id, Arc<Trashed>>,
    /// By when they were deleted, so that those which have lapsed come first.
    times: Tree<(Timestamp, Id), ()>,
    /// Their messages, whose ids stay taken: an export tells of them all.
    messages: Tree<Id, ()>,
}

impl Trash {
    /// The thread with that id.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&Arc<Trashed>> {
        self.rows.get(&id)
    }

    /// Threads that have not lapsed at that instant, in an order that does not change.
    pub fn at(&self, now: Timestamp) -> impl Iterator<Item = &Arc<Trashed>> {
        let rows = self.rows.iter().map(|(_, trashed)| trashed);
        rows.filter(move |trashed| !has_lapsed(trashed.at, now))
    }

    /// Threads that have lapsed.
    fn lapsed(&self, now: Timestamp) -> impl Iterator<Item = &Arc<Trashed>> {
        let times = self.times.iter().map(|(key, ())| *key);
        let lapsed = times.take_while(move |(at, _)| has_lapsed(*at, now));
        lapsed.filter_map(|(_, id)| self.rows.get(&id))
    }

    /// What of the room for mail is free again, since it has lapsed; mostly nothing.
    pub(in crate::domain) fn lapsed_room(&self, now: Timestamp) -> usize {
        let mails = self.lapsed(now).flat_map(|trashed| &trashed.messages);
        mails.map(|message| messages::room(&message.mail)).sum()
    }

    /// Bytes that are counted as stored and have lapsed, by inbox; mostly none.
    pub(in crate::domain) fn lapsed_bytes(&self, now: Timestamp) -> HashMap<Id, usize> {
        let mut bytes = HashMap::new();
        for trashed in self.lapsed(now) {
            *bytes.entry(trashed.thread.inbox).or_default() += trashed.bytes();
        }
        bytes
    }

    /// Whether a message of that id is in it.
    pub(in crate::domain) fn has_message(&self, id: Id) -> bool {
        self.messages.contains_key(&id)
    }

    fn put(&mut self, trashed: Trashed) {
        for message in &trashed.messages {
            self.messages.insert(message.id, ());
        }
        self.times.insert((trashed.at, trashed.thread.id), ());
        self.rows.insert(trashed.thread.id, Arc::new(trashed));
    }

    fn remove(&mut self, id: Id) -> Option<Arc<Trashed>> {
        let trashed = self.rows.remove(&id)?;
        self.times.remove(&(trashed.at, id));
        for message in &trashed.messages {
            self.messages.remove(&message.id);
        }
        Some(trashed)
    }
}

fn has_lapsed(at: Timestamp, now: Timestamp) -> bool {
    now.millis().saturating_sub(at.millis()) >= TRASH_MILLIS
}

/// Puts a thread into the trash: the API shows neither it nor its messages any more, and nothing
/// joins it.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn delete(tx: &mut Transaction<'_>, key: &str) -> Result<(), Refusal> {
    let thread = get(tx.state, key)?;
    purge(tx);
    let at = tx.now;
    trash(tx.state, thread, at);
    Ok(())
}

/// Puts a thread into the trash as of that instant.
pub fn trash(state: &mut State, thread: Arc<Thread>, at: Timestamp) {
    let messages = messages::of_thread(state, thread.id);
    for message in &messages {
        messages::leave(state, message);
        // It takes up storage until it lapses.
        messages::store_bytes(state, message.inbox, &message.mail);
    }
    state.threads.remove(thread.id);
    state.threads.trash.put(Trashed {
        thread,
        messages,
        at,
    });
}

/// Drops what has lapsed.
pub fn purge(tx: &mut Transaction<'_>) {
    let lapsed = tx.state.threads.trash.lapsed(tx.now);
    let lapsed: Vec<Id> = lapsed.map(|trashed| trashed.thread.id).collect();
    for id in lapsed {
        drop_one(tx.state, id);
    }
}

/// Drops the trash of an inbox, which goes.
pub(super) fn forget_inbox(state: &mut State, inbox: Id) {
    let rows = state.threads.trash.rows.iter();
    let own = rows.filter(|(_, trashed)| trashed.thread.inbox == inbox);
    let own: Vec<Id> = own.map(|(id, _)| *id).collect();
    for id in own {
        drop_one(state, id);
    }
}

fn drop_one(state: &mut State, id: Id) {
    if let Some(trashed) = state.threads.trash.remove(id) {
        for message in &trashed.messages {
            messages::free_bytes(state, trashed.thread.inbox, &message.mail);
        }
    }
}
