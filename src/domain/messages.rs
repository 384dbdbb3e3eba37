//! Messages: what inboxes received and sent, each in one thread (OpenMail docs, Messages).

mod size;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::clock::Timestamp;
use super::events;
use super::ids::Id;
use super::inboxes::{self, Inbox};
use super::mail::senders;
pub use super::mail::{Attachment, Direction, Headers, JoinedBy, Mail, Role, Status};
use super::refusal::{Refusal, Resource};
use super::state::{State, Transaction};
use super::table::{Listing, Order, Page, Row};
use super::threads;
use super::usage;
pub use size::{room, size};

/// What the messages of a world may have together, in bytes of bodies ([`room`]).
pub const MAX_STORED: usize = 1024 * 1024 * 1024;

/// A message of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: Id,
    /// The inbox that received or sent it.
    pub inbox: Id,
    /// The thread that it belongs to, of the same inbox.
    pub thread: Id,
    /// Whether it came or went.
    pub direction: Direction,
    /// How far it got.
    pub status: Status,
    /// What mail itself says.
    pub mail: Mail,
    /// The inbox's address for what came, the primary recipient for what went.
    pub to: Box<str>,
    /// How the inbox was addressed, for what came.
    pub role: Option<Role>,
    /// When it came or went.
    pub created_at: Timestamp,
    pub(super) order: Order,
}

impl Row for Message {
    fn id(&self) -> Id {
        self.id
    }

    fn order(&self) -> Order {
        self.order
    }
}

impl Message {
    /// What breaks ties between messages of one instant.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.order.sequence
    }
}

/// A message that is about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storing {
    /// Its id; drawn when absent.
    pub id: Option<Id>,
    /// Its thread; a new one when absent.
    pub thread: Option<Id>,
    /// Whether it came or went.
    pub direction: Direction,
    /// How far it got.
    pub status: Status,
    /// What mail itself says.
    pub mail: Mail,
    /// The inbox's address, or the primary recipient.
    pub to: Box<str>,
    /// How the inbox was addressed.
    pub role: Option<Role>,
    /// When it came or went; now when absent.
    pub created_at: Option<Timestamp>,
}

fn is_taken(state: &State, id: Id) -> bool {
    state.messages.get(id).is_some() || state.threads.trash.has_message(id)
}

/// Takes in a mail from outside, or from another inbox: in the thread of the message that it
/// answers or, failing that, that it refers to; otherwise in a new one. Its subject joins nothing.
pub fn receive(
    tx: &mut Transaction<'_>,
    inbox: &Inbox,
    mail: Mail,
) -> Result<(Arc<Message>, JoinedBy), Refusal> {
    let known = |id: &str| Some(by_message_id(tx.state, inbox.id, id)?.thread);
    let answered = mail.in_reply_to.as_deref().and_then(known);
    let referred = || mail.references.iter().rev().find_map(|id| known(id));
    let (thread, joined_by) = match answered {
        Some(thread) => (Some(thread), JoinedBy::InReplyTo),
        None => match referred() {
            Some(thread) => (Some(thread), JoinedBy::References),
            None => (None, JoinedBy::New),
        },
    };
    let storing = Storing {
        id: None,
        thread,
        direction: Direction::Inbound,
        status: Status::Received,
        role: Role::of(&mail, &inbox.address),
        to: Box::from(&*inbox.address),
        mail,
        created_at: None,
    };
    let message = store(tx, inbox, storing)?;
    events::message_received(tx, inbox, &message);
    Ok((message, joined_by))
}

/// The message that an answer to this Message-ID answers: of several, the first.
fn by_message_id<'s>(state: &'s State, inbox: Id, id: &str) -> Option<&'s Arc<Message>> {
    let key = hash_of(id);
    let first = state.message_ids.rank(&(inbox, key, Order::MIN));
    let entries = state.message_ids.iter_from(first).map(|(entry, ())| *entry);
    let likely = entries.take_while(|(owner, found, _)| (*owner, *found) == (inbox, key));
    let mut likely = likely.filter_map(|(_, _, order)| state.messages.at(order));
    likely.find(|message| *message.mail.message_id == *id)
}

/// What messages are looked up by in the place of their Message-ID: of two that share it, the
/// messages themselves tell which was meant. A text as a key would be followed at each comparison,
/// and counted at each copy of a node. It never leaves the process: another version may hash otherwise.
fn hash_of(message_id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    message_id.hash(&mut hasher);
    hasher.finish()
}

/// Stores a message in its thread, which it makes unread if it came.
///
/// # Errors
///
/// [`Refusal::StorageLimitExceeded`], [`Refusal::IdTaken`].
pub fn store(
    tx: &mut Transaction<'_>,
    inbox: &Inbox,
    storing: Storing,
) -> Result<Arc<Message>, Refusal> {
    threads::purge(tx);
    check_room(tx.state, tx.now, &storing.mail, 1)?;
    let created_at = storing.created_at.unwrap_or(tx.now);
    let order = tx.next_order(created_at);
    let id = tx.take_id(Resource::Message, storing.id, is_taken)?;
    let known = storing.thread;
    let thread = known.unwrap_or_else(|| threads::draw(tx));
    let message = Arc::new(Message {
        id,
        inbox: inbox.id,
        thread,
        direction: storing.direction,
        status: storing.status,
        to: storing.to,
        role: storing.role,
        mail: storing.mail,
        created_at,
        order,
    });
    enter(tx.state, &message);
    match known {
        Some(_) => threads::extend(tx.state, &message),
        None => threads::begin(tx.state, &message),
    }
    Ok(message)
}

/// Refuses a mail for which the world has no room.
///
/// # Errors
///
/// [`Refusal::StorageLimitExceeded`].
pub fn check_room(
    state: &State,
    now: Timestamp,
    mail: &Mail,
    copies: usize,
) -> Result<(), Refusal> {
    let lapsed = state.threads.trash.lapsed_room(now);
    match state.stored_bytes.saturating_sub(lapsed) + room(mail) * copies > MAX_STORED {
        true => Err(Refusal::StorageLimitExceeded {
            limit: Some(MAX_STORED),
        }),
        false => Ok(()),
    }
}

/// Stores a message of an account that is described, at its place among those of its instant.
///
/// # Errors
///
/// [`Refusal::IdTaken`].
pub fn describe(
    tx: &mut Transaction<'_>,
    inbox: &Inbox,
    storing: Storing,
    sequence: Option<u64>,
) -> Result<Arc<Message>, Refusal> {
    let Some(sequence) = sequence else {
        return store(tx, inbox, storing);
    };
    let after = tx.state.creations.max(sequence);
    let at = storing.created_at.unwrap_or(tx.now);
    // One that is taken already breaks no tie: then the position does.
    if tx.state.messages.at(Order { at, sequence }).is_none() {
        tx.state.creations = sequence.saturating_sub(1);
    }
    let stored = store(tx, inbox, storing);
    tx.state.creations = tx.state.creations.max(after);
    stored
}

/// Puts a message into its tables.
fn enter(state: &mut State, message: &Arc<Message>) {
    let Message { inbox, order, .. } = **message;
    state.inbox_messages.insert(inbox, order);
    by_direction(state, message.direction).insert(inbox, order);
    state.thread_messages.insert(message.thread, order);
    let key = (inbox, hash_of(&message.mail.message_id), order);
    state.message_ids.insert(key, ());
    count_correspondent(state, message, |count| count.saturating_add(1));
    store_bytes(state, inbox, &message.mail);
    state.messages.put(message.clone());
}

/// Takes a message out of its tables, its thread aside.
pub(super) fn leave(state: &mut State, message: &Message) {
    let Message { inbox, order, .. } = *message;
    state.inbox_messages.remove(inbox, order);
    by_direction(state, message.direction).remove(inbox, order);
    state.thread_messages.remove(message.thread, order);
    let key = (inbox, hash_of(&message.mail.message_id), order);
    state.message_ids.remove(&key);
    count_correspondent(state, message, |count| count.saturating_sub(1));
    free_bytes(state, inbox, &message.mail);
    usage::note_gone(state, message);
    state.messages.remove(message.id);
}

/// Counts a mail that an inbox has stored from now on.
pub(super) fn store_bytes(state: &mut State, inbox: Id, mail: &Mail) {
    state.stored_bytes += room(mail);
    let known = state.inbox_bytes.get(&inbox).copied().unwrap_or(0);
    state.inbox_bytes.insert(inbox, known + size(mail));
}

/// Counts one that it has stored no longer.
pub(super) fn free_bytes(state: &mut State, inbox: Id, mail: &Mail) {
    state.stored_bytes = state.stored_bytes.saturating_sub(room(mail));
    let known = state.inbox_bytes.get(&inbox).copied().unwrap_or(0);
    match known.saturating_sub(size(mail)) {
        0 => state.inbox_bytes.remove(&inbox),
        left => state.inbox_bytes.insert(inbox, left),
    };
}

/// Notes who sent what came, all of them where several wrote it. There is one entry for each sender,
/// so that an inbox with a million messages of few people has few.
fn count_correspondent(state: &mut State, message: &Message, counted: fn(u32) -> u32) {
    if message.direction != Direction::Inbound {
        return;
    }
    for sender in senders(&message.mail.from) {
        let key = (message.inbox, Arc::from(sender.to_lowercase()));
        let known = state.correspondents.get(&key).copied();
        match counted(known.unwrap_or(0)) {
            0 => state.correspondents.remove(&key),
            count => state.correspondents.insert(key, count),
        };
    }
}

/// Whether an inbox has something that came from that address, which is lower-case. What is in the
/// trash is not there any more.
#[must_use]
pub fn has_come_from(state: &State, inbox: Id, address: &str) -> bool {
    let key = (inbox, Arc::from(address));
    state.correspondents.contains_key(&key)
}

fn by_direction(state: &mut State, direction: Direction) -> &mut super::table::Index {
    match direction {
        Direction::Inbound => &mut state.inbound_messages,
        Direction::Outbound => &mut state.outbound_messages,
    }
}

/// One page of an inbox's messages, the newest first; of one direction, if that is given.
///
/// # Errors
///
/// [`Refusal::NotFound`] for the inbox.
pub fn list(
    state: &State,
    inbox: &str,
    direction: Option<Direction>,
    page: Page,
) -> Result<Listing<Arc<Message>>, Refusal> {
    let inbox = inboxes::get(state, inbox)?.id;
    let index = match direction {
        None => &state.inbox_messages,
        Some(Direction::Inbound) => &state.inbound_messages,
        Some(Direction::Outbound) => &state.outbound_messages,
    };
    Ok(index.page(inbox, &state.messages, page))
}

/// All messages of a thread, the oldest first.
#[must_use]
pub fn of_thread(state: &State, thread: Id) -> Vec<Arc<Message>> {
    state.thread_messages.all(thread, &state.messages)
}

/// The messages of a thread, the newest first, as far as somebody asks.
pub fn latest_of_thread(state: &State, thread: Id) -> impl Iterator<Item = Arc<Message>> {
    (0..).map_while(move |offset| {
        let page = Page { limit: 1, offset };
        let listing = state.thread_messages.page(thread, &state.messages, page);
        listing.rows.into_iter().next()
    })
}

/// At most so many of a thread's Message-IDs are referred to, the first and the latest.
const MAX_REFERENCES: usize = 100;

/// The Message-IDs that a further message of a thread refers to, the oldest first. Costs what they
/// are, however many messages the thread has.
#[must_use]
pub fn references(state: &State, thread: Id) -> Vec<Box<str>> {
    let page = |limit, offset| {
        let page = Page { limit, offset };
        state.thread_messages.page(thread, &state.messages, page)
    };
    let mut latest = page(MAX_REFERENCES, 0);
    if latest.total > MAX_REFERENCES {
        latest.rows.pop();
        latest.rows.extend(page(1, latest.total - 1).rows);
    }
    let oldest_first = latest.rows.iter().rev();
    oldest_first
        .map(|message| Box::from(&*message.mail.message_id))
        .collect()
}

/// The message with that id.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn get(state: &State, key: &str) -> Result<Arc<Message>, Refusal> {
    let message = Id::parse(key).and_then(|id| state.messages.get(id));
    message.cloned().ok_or_else(|| Refusal::NotFound {
        what: Resource::Message,
        key: key.to_owned(),
    })
}

/// The attachment of that name.
///
/// # Errors
///
/// [`Refusal::NotFound`] for the message or the attachment.
pub fn attachment<'m>(message: &'m Message, filename: &str) -> Result<&'m Attachment, Refusal> {
    let mut attachments = message.mail.attachments.iter();
    let found = attachments.find(|attachment| &*attachment.filename == filename);
    found.ok_or_else(|| Refusal::NotFound {
        what: Resource::Attachment,
        key: filename.to_owned(),
    })
}

/// Deletes a message; with its last message a thread goes too.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn delete(tx: &mut Transaction<'_>, key: &str) -> Result<(), Refusal> {
    let message = get(tx.state, key)?;
    leave(tx.state, &message);
    threads::shrink(tx.state, message.thread);
    Ok(())
}

/// Removes all mail of an inbox.
pub(super) fn forget_inbox(state: &mut State, inbox: Id) {
    for message in state.inbox_messages.all(inbox, &state.messages) {
        leave(state, &message);
    }
    threads::forget_inbox(state, inbox);
}
