//! Everything that a world holds, as one immutable value, and the transaction that makes the next.
//!
//! Cloning a state clones a handful of references. Nothing in here has interior mutability:
//! worlds and snapshots share nodes.

use std::sync::Arc;

use super::account::Account;
use super::clock::{Clock, Timestamp};
use super::deliveries::Delivery;
use super::domains::Domain;
use super::events::{Event, Listeners};
use super::ids::{Id, Source};
use super::inboxes::Inbox;
use super::keys::Key;
use super::limits::Usage;
use super::messages::Message;
use super::pods::{self, Pod};
use super::policy::Policies;
use super::refusal::{Refusal, Resource};
use super::sends::{Departed, Record};
use super::suppressions::Suppression;
use super::table::{Index, Order, Table};
use super::threads::Threads;
use super::tree::Tree;
use super::usage::GoneMail;
use super::webhooks::Reach;

/// The largest number of draws that every JSON reader can read; the next one begins again, and
/// passes over the ids that are taken.
pub const MAX_DRAWS: u64 = (1 << 53) - 1;

/// One world's state.
#[derive(Debug, Clone)]
pub struct State {
    /// Settings of the account.
    pub account: Arc<Account>,
    /// The world's clock.
    pub clock: Clock,
    /// Draws made so far: the generator's whole state.
    pub draws: u64,
    /// Rows created so far, deleted ones included; breaks ties between equal instants.
    pub(super) creations: u64,
    /// All pods; the default pod stands at [`Order::MAX`].
    pub pods: Table<Pod>,
    /// Pods by `clientId`.
    pub(super) client_ids: Tree<Arc<str>, Id>,
    /// All inboxes.
    pub inboxes: Table<Inbox>,
    /// Inboxes by address, which is lower-case.
    pub(super) addresses: Tree<Arc<str>, Id>,
    /// Inboxes by pod, in order.
    pub(super) pod_inboxes: Index,
    /// How many inboxes stand on a domain, by domain and pod.
    pub(super) domain_inboxes: Tree<(Arc<str>, Id), usize>,
    /// All custom domains.
    pub domains: Table<Domain>,
    /// Custom domains by name, which is lower-case.
    pub(super) domain_names: Tree<Arc<str>, Id>,
    /// Pod-scoped domains by pod.
    pub(super) pod_domains: Index,
    /// Account-wide domains.
    pub(super) shared_domains: Tree<Order, ()>,
    /// All keys of pods and inboxes.
    pub keys: Table<Key>,
    /// Keys by token.
    pub(super) tokens: Tree<Arc<str>, Id>,
    /// Keys by the label that a fixture gave them.
    pub(super) key_labels: Tree<Arc<str>, Id>,
    /// Keys by pod.
    pub(super) pod_keys: Index,
    /// Keys by inbox.
    pub(super) inbox_keys: Index,
    /// All messages, those in the trash aside.
    pub messages: Table<Message>,
    /// Messages by inbox.
    pub(super) inbox_messages: Index,
    /// What came, by inbox.
    pub(super) inbound_messages: Index,
    /// What went, by inbox.
    pub(super) outbound_messages: Index,
    /// Messages by thread.
    pub(super) thread_messages: Index,
    /// Who sent how much of what came, by inbox and address, which is lower-case.
    pub(super) correspondents: Tree<(Id, Arc<str>), u32>,
    /// Messages by inbox and a hash of the Message-ID, which several may have.
    pub(super) message_ids: Tree<(Id, u64, Order), ()>,
    /// All threads.
    pub threads: Threads,
    /// Texts, further headers and attachments of all messages, the trash included.
    pub stored_bytes: usize,
    /// The same by inbox.
    pub(super) inbox_bytes: Tree<Id, usize>,
    /// Mail that was deleted, as far as usage counts it.
    pub gone_mail: GoneMail,
    /// Events by number, the last of them at least.
    pub(super) events: Tree<u64, Arc<Event>>,
    /// Their numbers by id.
    pub(super) event_numbers: Tree<Id, u64>,
    /// What they hold together, about.
    pub(super) event_bytes: usize,
    /// The number of the last event.
    pub(super) last_event: u64,
    /// Events on their way to webhooks.
    pub deliveries: Table<Delivery>,
    /// The last delivery that made room for others; no part of an export.
    pub(super) evicted_delivery: Option<Order>,
    /// How far webhooks go; the process's setting, and no part of an export.
    pub reach: Reach,
    /// Deliveries by when their next attempt is due; ties by their own order.
    pub(super) due: Tree<(Timestamp, Order), Id>,
    /// What left for the outside world; no part of an export.
    pub(super) outbox: Tree<Order, Arc<Departed>>,
    /// What the mails in it hold.
    pub(super) outbox_bytes: usize,
    /// Addresses that nothing is sent to, by address, which is lower-case.
    pub suppressions: Tree<Arc<str>, Arc<Suppression>>,
    /// Who may write to whom; one reference, since most worlds never touch it.
    pub(super) policies: Arc<Policies>,
    /// What was used of the limits.
    pub usage: Arc<Usage>,
    /// First answers by idempotency key.
    pub(super) idempotency: Tree<Arc<str>, Arc<Record>>,
    /// Idempotency keys by age.
    pub(super) idempotency_ages: Tree<Order, Arc<str>>,
}

/// How many rows of each kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Pods, the default pod included.
    pub pods: usize,
    /// Inboxes.
    pub inboxes: usize,
    /// Custom domains.
    pub domains: usize,
    /// Keys of pods and inboxes.
    pub keys: usize,
    /// Threads, those in the trash aside.
    pub threads: usize,
    /// Messages likewise.
    pub messages: usize,
    /// Events that are kept.
    pub events: usize,
    /// Deliveries likewise.
    pub deliveries: usize,
}

impl State {
    /// How much it holds.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            pods: self.pods.len(),
            inboxes: self.inboxes.len(),
            domains: self.domains.len(),
            keys: self.keys.len(),
            threads: self.threads.len(),
            messages: self.messages.len(),
            events: self.events.len(),
            deliveries: self.deliveries.len(),
        }
    }

    /// How much of it another state lacks; costs what differs.
    #[must_use]
    pub fn missing_in(&self, other: &Self) -> Counts {
        Counts {
            pods: self.pods.missing_in(&other.pods),
            inboxes: self.inboxes.missing_in(&other.inboxes),
            domains: self.domains.missing_in(&other.domains),
            keys: self.keys.missing_in(&other.keys),
            threads: self.threads.missing_in(&other.threads),
            messages: self.messages.missing_in(&other.messages),
            events: self.event_numbers.missing_in(&other.event_numbers),
            deliveries: self.deliveries.missing_in(&other.deliveries),
        }
    }

    /// The same, with webhooks that go so far.
    #[must_use]
    pub fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// A fresh account with its default pod and nothing else.
    #[must_use]
    pub fn empty(clock: Clock, real: Timestamp, seed: u64) -> Self {
        let now = clock.reading(real);
        let source = Source { seed, world: "" };
        // The account's own id is draw number 0.
        let [account, _] = halves(source.bytes(0));
        let mut state = Self {
            account: Arc::new(Account::new(Id::from_random(account), now)),
            clock,
            draws: 1,
            creations: 0,
            pods: Table::default(),
            client_ids: Tree::new(),
            inboxes: Table::default(),
            addresses: Tree::new(),
            pod_inboxes: Index::default(),
            domain_inboxes: Tree::new(),
            domains: Table::default(),
            domain_names: Tree::new(),
            pod_domains: Index::default(),
            shared_domains: Tree::new(),
            keys: Table::default(),
            tokens: Tree::new(),
            key_labels: Tree::new(),
            pod_keys: Index::default(),
            inbox_keys: Index::default(),
            messages: Table::default(),
            inbox_messages: Index::default(),
            inbound_messages: Index::default(),
            outbound_messages: Index::default(),
            thread_messages: Index::default(),
            correspondents: Tree::new(),
            message_ids: Tree::new(),
            threads: Threads::default(),
            stored_bytes: 0,
            inbox_bytes: Tree::new(),
            gone_mail: Tree::new(),
            events: Tree::new(),
            event_numbers: Tree::new(),
            event_bytes: 0,
            last_event: 0,
            deliveries: Table::default(),
            evicted_delivery: None,
            reach: Reach::ThisMachine,
            due: Tree::new(),
            outbox: Tree::new(),
            outbox_bytes: 0,
            suppressions: Tree::new(),
            policies: Arc::default(),
            usage: Arc::default(),
            idempotency: Tree::new(),
            idempotency_ages: Tree::new(),
        };
        pods::create_default(&mut Transaction {
            state: &mut state,
            now,
            source,
            listeners: Listeners::NOBODY,
        });
        state
    }
}

fn halves(bytes: [u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    halves[0].copy_from_slice(&bytes[..16]);
    halves[1].copy_from_slice(&bytes[16..]);
    halves
}

/// A state in the making: what a rule may change, at one instant, with one source of chance.
///
/// Whoever runs the transaction keeps the result only if the rule succeeded.
#[derive(Debug)]
pub struct Transaction<'t> {
    /// The state that will be current if the rule succeeds.
    pub state: &'t mut State,
    /// The instant of everything that happens in it.
    pub now: Timestamp,
    /// Where ids and secrets come from.
    pub source: Source<'t>,
    /// Who listens on sockets, which decides the way of what happens.
    pub listeners: &'t Listeners,
}

impl Transaction<'_> {
    /// 32 bytes that no other draw of this world gives.
    pub(super) fn draw(&mut self) -> [u8; 32] {
        let bytes = self.source.bytes(self.state.draws);
        self.state.draws = match self.state.draws < MAX_DRAWS {
            true => self.state.draws + 1,
            false => 0,
        };
        bytes
    }

    /// A new id; draws that `is_taken` knows are passed over.
    pub fn draw_id(&mut self, is_taken: impl Fn(&State, Id) -> bool) -> Id {
        loop {
            let [bytes, _] = halves(self.draw());
            let id = Id::from_random(bytes);
            if !is_taken(self.state, id) {
                return id;
            }
        }
    }

    /// The id that was given, unless it is taken, or a new one.
    ///
    /// # Errors
    ///
    /// [`Refusal::IdTaken`].
    pub(super) fn take_id(
        &mut self,
        what: Resource,
        given: Option<Id>,
        is_taken: impl Fn(&State, Id) -> bool,
    ) -> Result<Id, Refusal> {
        match given {
            Some(id) if is_taken(self.state, id) => Err(Refusal::IdTaken { what, id }),
            Some(id) => Ok(id),
            None => Ok(self.draw_id(is_taken)),
        }
    }

    /// `length` (at most 32) lower-case letters and digits.
    pub fn draw_name(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let bytes = self.draw();
        let letters = bytes.iter().take(length);
        letters
            .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
            .collect()
    }

    /// 32 lower-case hexadecimal digits.
    pub fn draw_hex(&mut self) -> String {
        let [bytes, _] = halves(self.draw());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The place of a row that is created at that instant.
    pub fn next_order(&mut self, at: Timestamp) -> Order {
        self.state.creations += 1;
        Order {
            at,
            sequence: self.state.creations,
        }
    }
}
