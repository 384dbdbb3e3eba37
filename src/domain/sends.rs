//! Sending: what becomes of a send before it is mail, and what is remembered of it (OpenMail docs,
//! Sending; Idempotency).

mod checks;
mod idempotency;
mod provocation;

use std::collections::HashSet;
use std::sync::Arc;

use super::domains;
use super::ids::Id;
use super::inboxes::{self, Inbox};
use super::limits;
pub use super::mail::{bare, senders};
use super::messages::{self, Direction, Mail, Message, Status, Storing, room};
use super::refusal::Refusal;
use super::state::{State, Transaction};
use super::table::{Listing, Order, Page};
use super::threads::{self, Thread};
pub use checks::{check_form, check_mail, check_sender, first_answer, sender};
pub use idempotency::{Key, MAX_RECORDS, REPLAY_MILLIS, Record, records, remember, replay};
pub use provocation::{CODES, Provoked};

/// At most this many mails in the outbox; the oldest make room.
pub const MAX_OUTBOX: usize = 10_000;
/// What they may hold together, in bytes; likewise. They stay when messages are deleted, so that the
/// bound of those is none of theirs.
pub const MAX_OUTBOX_BYTES: usize = 256 * 1024 * 1024;
/// What a send's attachments may have together, decoded, in bytes.
pub const MAX_ATTACHMENTS: usize = 26_214_400;

/// What somebody wants to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewSend {
    /// The inbox that sends.
    pub inbox: String,
    /// The thread that it answers.
    pub thread: Option<String>,
    /// The primary recipient.
    pub to: Box<str>,
    /// Further recipients.
    pub cc: Vec<Box<str>>,
    /// Recipients that nobody else sees.
    pub bcc: Vec<Box<str>>,
    /// Where replies go.
    pub reply_to: Option<Box<str>>,
    /// The subject; a reply has its thread's.
    pub subject: Option<Box<str>>,
    /// What makes a repetition harmless.
    pub key: Option<Key>,
}

/// What a send knows of its inbox and its thread before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The inbox that sends.
    pub inbox: Arc<Inbox>,
    /// The thread that it answers.
    pub thread: Option<Arc<Thread>>,
    /// The last message of that thread.
    pub previous: Option<Arc<Message>>,
    /// The Message-IDs of that thread, the oldest first.
    pub references: Vec<Box<str>>,
    /// The subject, if it is not the thread's.
    pub subject: Option<Box<str>>,
    /// Everybody in Cc: who was asked for, and who wrote to somebody else with us in Cc.
    pub cc: Vec<Box<str>>,
}

/// Looks up what a send needs.
///
/// # Errors
///
/// [`Refusal::NotFound`] for the thread, [`Refusal::SubjectMissing`].
pub fn context(state: &State, inbox: Arc<Inbox>, new: &NewSend) -> Result<Context, Refusal> {
    let Some(key) = &new.thread else {
        let subject = new.subject.clone().ok_or(Refusal::SubjectMissing)?;
        return Ok(Context {
            inbox,
            thread: None,
            previous: None,
            references: Vec::new(),
            subject: Some(subject),
            cc: new.cc.clone(),
        });
    };
    let thread = threads::get(state, key)?;
    if thread.inbox != inbox.id {
        // To this inbox it does not exist.
        return Err(threads::not_found(key));
    }
    let references = messages::references(state, thread.id);
    let mut cc = new.cc.clone();
    let mut latest = messages::latest_of_thread(state, thread.id).peekable();
    let previous = latest.peek().cloned();
    let came = latest.find(|it| it.direction == Direction::Inbound);
    let named = cc.iter().map(|it| &**it).chain([&*new.to, &*inbox.address]);
    let mut named: HashSet<String> = named.map(str::to_lowercase).collect();
    for sender in came.iter().flat_map(|came| copied_senders(came)) {
        if named.insert(sender.to_lowercase()) {
            cc.push(sender.into());
        }
    }
    Ok(Context {
        inbox,
        thread: Some(thread),
        previous,
        references,
        subject: None,
        cc,
    })
}

/// Who sent a message that only copied the inbox: a reply goes to whom it was addressed, and all
/// who wrote it get a copy.
fn copied_senders(came: &Message) -> Vec<&str> {
    match came.role {
        Some(messages::Role::Cc) => senders(&came.mail.from),
        Some(messages::Role::To) | None => Vec::new(),
    }
}

/// Stores what an inbox sent, and what of it left for the outside world; it counts as a send.
///
/// # Errors
///
/// None that a drawn id could cause.
pub fn sent(
    tx: &mut Transaction<'_>,
    context: &Context,
    mail: Mail,
) -> Result<Arc<Message>, Refusal> {
    let cold = limits::count_cold(tx.state, &context.inbox, &mail);
    limits::count_send(tx, context.inbox.id, cold);
    let storing = Storing {
        id: None,
        thread: context.thread.as_ref().map(|thread| thread.id),
        direction: Direction::Outbound,
        status: Status::Sent,
        to: mail.to.first().cloned().unwrap_or_default(),
        role: None,
        mail,
        created_at: None,
    };
    let message = messages::store(tx, &context.inbox, storing)?;
    let addresses = recipients(&message.mail).map(str::to_lowercase);
    let outside: Vec<String> = addresses
        .filter(|address| inboxes::find(tx.state, address).is_none())
        .collect();
    if !outside.is_empty() {
        let seems_ours = |address: &String| {
            let (_, domain) = address.rsplit_once('@').unwrap_or_default();
            domains::is_own(tx.state, domain)
        };
        let departed = Departed {
            no_such_inbox: outside.iter().any(seems_ours),
            id: tx.draw_id(|_, _| false),
            message: message.clone(),
        };
        let outbox = &mut tx.state.outbox;
        outbox.insert(message.order, Arc::new(departed));
        tx.state.outbox_bytes += room(&message.mail);
        make_room(tx.state);
    }
    Ok(message)
}

/// Takes the oldest mails out of the outbox until both bounds hold. The newest stays.
fn make_room(state: &mut State) {
    while state.outbox.len() > MAX_OUTBOX
        || (state.outbox_bytes > MAX_OUTBOX_BYTES && state.outbox.len() > 1)
    {
        let Some((order, bytes)) = oldest(state) else {
            return;
        };
        state.outbox.remove(&order);
        state.outbox_bytes = state.outbox_bytes.saturating_sub(bytes);
    }
}

fn oldest(state: &State) -> Option<(Order, usize)> {
    let (order, departed) = state.outbox.first()?;
    Some((*order, room(&departed.message.mail)))
}

/// Everybody that a mail goes to.
pub fn recipients(mail: &Mail) -> impl Iterator<Item = &str> {
    let all = mail.to.iter().chain(&mail.cc).chain(&mail.bcc);
    all.map(AsRef::as_ref)
}

/// A mail that left for the outside world; it stays when its inbox goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departed {
    /// Its id in the outbox.
    pub id: Id,
    /// The message as it was sent.
    pub message: Arc<Message>,
    /// Whether a recipient's address looks like one of ours but is no inbox.
    pub no_such_inbox: bool,
}

/// One page of what left for the outside world, the newest first.
#[must_use]
pub fn outbox(state: &State, page: Page) -> Listing<Arc<Departed>> {
    let total = state.outbox.len();
    let rows = page.cut(0, total).map(|(start, count)| {
        let rows = state.outbox.iter_from(start).take(count);
        rows.map(|(_, row)| row.clone()).collect()
    });
    Listing::newest_first(rows, total)
}
