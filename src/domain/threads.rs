//! Threads: conversations of one inbox (OpenMail docs, Threads).

mod trash;

use std::sync::Arc;

use super::clock::Timestamp;
use super::ids::Id;
use super::inboxes;
use super::messages::{Direction, Message};
use super::refusal::{Refusal, Resource};
use super::state::{State, Transaction};
use super::table::{Listing, Order, Page};
use super::tree::Tree;
pub use trash::{TRASH_MILLIS, Trash, Trashed, delete, purge, trash};

/// A thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its id.
    pub id: Id,
    /// The inbox that it belongs to.
    pub inbox: Id,
    /// The subject of its first message.
    pub subject: Box<str>,
    /// Whether somebody has dealt with it.
    pub is_read: bool,
    /// When its first message came or went.
    pub created_at: Timestamp,
    /// Where its last message stands: threads are listed by it.
    pub(super) last: Order,
    /// How many messages it has.
    pub messages: usize,
}

impl Thread {
    /// When its last message came or went.
    #[must_use]
    pub fn last_message_at(&self) -> Timestamp {
        self.last.at
    }
}

/// The threads of a state, and their orders.
#[derive(Debug, Clone, Default)]
pub struct Threads {
    pub(super) rows: Tree<Id, Arc<Thread>>,
    /// By inbox and last message. The threads themselves: by id, neighbours in a list lie far apart,
    /// and each row of a page would be a search.
    pub(super) all: Tree<(Id, Order), Arc<Thread>>,
    /// Those that are read.
    pub(super) read: Tree<(Id, Order), Arc<Thread>>,
    /// Those that are not.
    pub(super) unread: Tree<(Id, Order), Arc<Thread>>,
    /// Deleted ones.
    pub trash: Trash,
}

impl Threads {
    /// How many there are, those in the trash aside.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The thread with that id.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&Arc<Thread>> {
        self.rows.get(&id)
    }

    /// How many threads of this state the other lacks.
    #[must_use]
    pub fn missing_in(&self, other: &Self) -> usize {
        self.rows.missing_in(&other.rows)
    }

    /// All threads, in an order that does not change.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Thread>> {
        self.rows.iter().map(|(_, thread)| thread)
    }

    fn put(&mut self, thread: Arc<Thread>) {
        let key = (thread.inbox, thread.last);
        if let Some(before) = self.rows.insert(thread.id, thread.clone()) {
            let old_key = (before.inbox, before.last);
            if old_key != key {
                self.all.remove(&old_key);
            }
            if old_key != key || before.is_read != thread.is_read {
                self.by_state(before.is_read).remove(&old_key);
            }
        }
        self.all.insert(key, thread.clone());
        self.by_state(thread.is_read).insert(key, thread);
    }

    fn remove(&mut self, id: Id) -> Option<Arc<Thread>> {
        let thread = self.rows.remove(&id)?;
        let key = (thread.inbox, thread.last);
        self.all.remove(&key);
        self.by_state(thread.is_read).remove(&key);
        Some(thread)
    }

    fn by_state(&mut self, is_read: bool) -> &mut Tree<(Id, Order), Arc<Thread>> {
        match is_read {
            true => &mut self.read,
            false => &mut self.unread,
        }
    }

    fn of_inbox(&self, inbox: Id) -> Vec<Id> {
        let start = self.all.rank(&(inbox, Order::MIN));
        let entries = self.all.iter_from(start);
        let own = entries.take_while(|((owner, _), _)| *owner == inbox);
        own.map(|(_, thread)| thread.id).collect()
    }
}

fn is_taken(state: &State, id: Id) -> bool {
    state.threads.get(id).is_some() || state.threads.trash.get(id).is_some()
}

/// The id of a thread that a message is about to begin.
pub(super) fn draw(tx: &mut Transaction<'_>) -> Id {
    tx.draw_id(is_taken)
}

/// Opens the thread of a message that was stored as its first.
pub(super) fn begin(state: &mut State, message: &Message) {
    state.threads.put(Arc::new(Thread {
        id: message.thread,
        inbox: message.inbox,
        subject: message.mail.subject.clone(),
        is_read: is_read_after(message),
        created_at: message.created_at,
        last: message.order,
        messages: 1,
    }));
}

/// What came makes its thread unread, what went read.
fn is_read_after(message: &Message) -> bool {
    match message.direction {
        Direction::Inbound => false,
        Direction::Outbound => true,
    }
}

/// Describes a thread of an account as it stands; its messages follow.
///
/// # Errors
///
/// [`Refusal::IdTaken`].
pub fn describe(
    tx: &mut Transaction<'_>,
    id: Option<Id>,
    inbox: Id,
    subject: &str,
    created_at: Timestamp,
) -> Result<Id, Refusal> {
    let last = tx.next_order(created_at);
    let id = tx.take_id(Resource::Thread, id, is_taken)?;
    tx.state.threads.put(Arc::new(Thread {
        id,
        inbox,
        subject: subject.into(),
        is_read: true,
        created_at,
        last,
        messages: 0,
    }));
    Ok(id)
}

/// Notes that a further message was stored in its thread.
pub(super) fn extend(state: &mut State, message: &Message) {
    let Some(known) = state.threads.get(message.thread) else {
        return;
    };
    let thread = Thread {
        is_read: is_read_after(message),
        last: match known.messages {
            0 => message.order,
            _ => known.last.max(message.order),
        },
        messages: known.messages + 1,
        ..Thread::clone(known)
    };
    state.threads.put(Arc::new(thread));
}

/// Notes that a message left its thread, which goes with the last of them.
pub(super) fn shrink(state: &mut State, thread: Id) {
    let Some(known) = state.threads.get(thread).cloned() else {
        return;
    };
    match state.thread_messages.last(thread) {
        None => {
            state.threads.remove(thread);
        }
        Some(last) => state.threads.put(Arc::new(Thread {
            last,
            messages: known.messages - 1,
            ..Thread::clone(&known)
        })),
    }
}

/// One page of an inbox's threads, the one with the newest message first; of one read state, if
/// that is given.
///
/// # Errors
///
/// [`Refusal::NotFound`] for the inbox.
pub fn list(
    state: &State,
    inbox: &str,
    is_read: Option<bool>,
    page: Page,
) -> Result<Listing<Arc<Thread>>, Refusal> {
    let inbox = inboxes::get(state, inbox)?.id;
    let index = match is_read {
        None => &state.threads.all,
        Some(true) => &state.threads.read,
        Some(false) => &state.threads.unread,
    };
    let first = index.rank(&(inbox, Order::MIN));
    let total = index.rank(&(inbox, Order::MAX)) - first;
    let rows = page.cut(first, total).map(|(start, count)| {
        let rows = index.iter_from(start).take(count);
        rows.map(|(_, thread)| thread.clone()).collect()
    });
    Ok(Listing::newest_first(rows, total))
}

/// The thread with that id.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn get(state: &State, key: &str) -> Result<Arc<Thread>, Refusal> {
    let thread = Id::parse(key).and_then(|id| state.threads.get(id));
    thread.cloned().ok_or_else(|| not_found(key))
}

/// There is no such thread, for who asks.
pub(super) fn not_found(key: &str) -> Refusal {
    Refusal::NotFound {
        what: Resource::Thread,
        key: key.to_owned(),
    }
}

/// Marks a thread as read or unread.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn set_read(tx: &mut Transaction<'_>, key: &str, is_read: bool) -> Result<(), Refusal> {
    let thread = Thread::clone(&*get(tx.state, key)?);
    tx.state.threads.put(Arc::new(Thread { is_read, ..thread }));
    Ok(())
}

/// Removes all threads of an inbox, whose messages are gone; its trash goes with it.
pub(super) fn forget_inbox(state: &mut State, inbox: Id) {
    for thread in state.threads.of_inbox(inbox) {
        state.threads.remove(thread);
    }
    trash::forget_inbox(state, inbox);
}
