//! What a write changed, told by comparing the state before it with the state after it.
//!
//! Rules announce nothing, so none can forget to. What both states share is passed over, which
//! makes the comparison cost what the write cost. A new part of the state does not compile before it
//! is told or named here as one that follows from another.

mod rows;

use std::sync::Arc;

use super::ids::Id;
use super::keys::Scope;
use super::policy::{Direction, Policies};
use super::state::State;
use super::table::{Row, Table};
use super::threads::Threads;
use super::tree::{Difference, Tree};
use rows::Fields;

/// One thing that a write changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Change<'s> {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Which one.
    pub name: Name<'s>,
    /// What became of it.
    pub verb: Verb,
    /// Of one that was there before, what changed about it.
    pub fields: Vec<&'static str>,
}

/// What a thing is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name<'s> {
    /// There is one of its kind.
    Only,
    /// Its id.
    Id(Id),
    /// A text, such as an address.
    Text(&'s str),
    /// What a policy holds for, and for mail of which direction.
    Scope(Scope, Direction),
}

/// What became of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It was not there before.
    Created,
    /// It changed.
    Updated,
    /// It is there no more.
    Deleted,
}

impl Verb {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verb::Created => "created",
            Verb::Updated => "updated",
            Verb::Deleted => "deleted",
        }
    }
}

/// The kinds of things that a state holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The settings of the account.
    Account,
    /// The world's clock.
    Clock,
    /// A pod.
    Pod,
    /// An inbox.
    Inbox,
    /// A custom domain.
    Domain,
    /// A key of a pod or an inbox.
    Key,
    /// A message, those in the trash aside.
    Message,
    /// A thread likewise.
    Thread,
    /// A thread in the trash, with its messages.
    TrashedThread,
    /// Something that happened.
    Event,
    /// An event on its way to a webhook.
    Delivery,
    /// A mail that left for the outside world.
    OutboxMail,
    /// An address that nothing is sent to.
    Suppression,
    /// The mode of a policy.
    PolicyMode,
    /// A rule of a policy.
    PolicyRule,
    /// What a policy did to a mail.
    AuditEntry,
    /// What was used: of the limits, of the storage, and by mail that is gone.
    Usage,
    /// The first answer to a send with an idempotency key.
    IdempotencyRecord,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 18] = [
        Self::Account,
        Self::Clock,
        Self::Pod,
        Self::Inbox,
        Self::Domain,
        Self::Key,
        Self::Message,
        Self::Thread,
        Self::TrashedThread,
        Self::Event,
        Self::Delivery,
        Self::OutboxMail,
        Self::Suppression,
        Self::PolicyMode,
        Self::PolicyRule,
        Self::AuditEntry,
        Self::Usage,
        Self::IdempotencyRecord,
    ];

    /// The word for one.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::Clock => "clock",
            Kind::Pod => "pod",
            Kind::Inbox => "inbox",
            Kind::Domain => "domain",
            Kind::Key => "key",
            Kind::Message => "message",
            Kind::Thread => "thread",
            Kind::TrashedThread => "trashedThread",
            Kind::Event => "event",
            Kind::Delivery => "delivery",
            Kind::OutboxMail => "outboxMail",
            Kind::Suppression => "suppression",
            Kind::PolicyMode => "policyMode",
            Kind::PolicyRule => "policyRule",
            Kind::AuditEntry => "auditEntry",
            Kind::Usage => "usage",
            Kind::IdempotencyRecord => "idempotencyRecord",
        }
    }
}

/// Tells everything that is otherwise in a later state than in an earlier one: kind by kind, and
/// each kind in its order.
pub fn tell<'s>(before: &'s State, after: &'s State, told: &mut impl FnMut(Change<'s>)) {
    // Named one by one, so that nothing new is left out without a word.
    let State {
        account,
        clock,
        pods,
        inboxes,
        domains,
        keys,
        messages,
        threads,
        events,
        deliveries,
        outbox,
        suppressions,
        policies,
        usage,
        stored_bytes,
        gone_mail,
        idempotency,
        // How the generator stands, and what the process was started with.
        draws: _,
        creations: _,
        reach: _,
        // What follows from the rows above.
        client_ids: _,
        addresses: _,
        pod_inboxes: _,
        domain_inboxes: _,
        domain_names: _,
        pod_domains: _,
        shared_domains: _,
        tokens: _,
        key_labels: _,
        pod_keys: _,
        inbox_keys: _,
        inbox_messages: _,
        inbound_messages: _,
        outbound_messages: _,
        thread_messages: _,
        correspondents: _,
        message_ids: _,
        inbox_bytes: _,
        event_numbers: _,
        event_bytes: _,
        outbox_bytes: _,
        last_event: _,
        due: _,
        idempotency_ages: _,
        evicted_delivery: _,
    } = before;
    let is_same = Arc::ptr_eq(account, &after.account);
    let fields = (!is_same).then(|| account.changed(&after.account));
    only(Kind::Account, fields.unwrap_or_default(), told);
    let fields = match *clock == after.clock {
        true => Vec::new(),
        false => vec!["clock"],
    };
    only(Kind::Clock, fields, told);
    table(Kind::Pod, pods, &after.pods, told);
    table(Kind::Inbox, inboxes, &after.inboxes, told);
    table(Kind::Domain, domains, &after.domains, told);
    table(Kind::Key, keys, &after.keys, told);
    of_threads(threads, &after.threads, told);
    table(Kind::Message, messages, &after.messages, told);
    let id = |_: &u64, event: &'s Arc<super::events::Event>| Name::Id(event.id);
    rows(Kind::Event, events, &after.events, id, told);
    table(Kind::Delivery, deliveries, &after.deliveries, told);
    let id = |_: &_, departed: &'s Arc<super::sends::Departed>| Name::Id(departed.id);
    rows(Kind::OutboxMail, outbox, &after.outbox, id, told);
    let (kind, text) = (Kind::Suppression, by_text::<_>);
    rows(kind, suppressions, &after.suppressions, text, told);
    of_policies(policies, &after.policies, told);
    let mut fields = match Arc::ptr_eq(usage, &after.usage) {
        true => Vec::new(),
        false => usage.changed(&after.usage),
    };
    if *stored_bytes != after.stored_bytes {
        fields.push("storedBytes");
    }
    if gone_mail
        .differences(&after.gone_mail, PartialEq::eq)
        .next()
        .is_some()
    {
        fields.push("goneMail");
    }
    only(Kind::Usage, fields, told);
    let (kind, text) = (Kind::IdempotencyRecord, by_text::<_>);
    rows(kind, idempotency, &after.idempotency, text, told);
}

fn by_text<'s, R>(text: &'s Arc<str>, _: &'s Arc<R>) -> Name<'s> {
    Name::Text(text)
}

/// Tells of something of which there is one.
fn only<'s>(kind: Kind, fields: Vec<&'static str>, told: &mut impl FnMut(Change<'s>)) {
    if !fields.is_empty() {
        told(Change {
            kind,
            name: Name::Only,
            verb: Verb::Updated,
            fields,
        });
    }
}

fn table<'s, R: Row + Fields>(
    kind: Kind,
    before: &'s Table<R>,
    after: &'s Table<R>,
    told: &mut impl FnMut(Change<'s>),
) {
    for difference in before.differences(after) {
        differ(kind, difference, |_, row| Name::Id(row.id()), told);
    }
}

fn rows<'s, K: Ord + 's, R: Fields + 's>(
    kind: Kind,
    before: &'s Tree<K, Arc<R>>,
    after: &'s Tree<K, Arc<R>>,
    name: impl Fn(&'s K, &'s Arc<R>) -> Name<'s>,
    told: &mut impl FnMut(Change<'s>),
) {
    for difference in before.differences(after, Arc::ptr_eq) {
        differ(kind, difference, &name, told);
    }
}

fn of_threads<'s>(before: &'s Threads, after: &'s Threads, told: &mut impl FnMut(Change<'s>)) {
    let Threads {
        rows: threads,
        trash,
        // What follows from these.
        all: _,
        read: _,
        unread: _,
    } = before;
    let id = |id: &'s Id, _: &'s Arc<_>| Name::Id(*id);
    rows(Kind::Thread, threads, &after.rows, id, told);
    let id = |id: &'s Id, _: &'s Arc<_>| Name::Id(*id);
    rows(
        Kind::TrashedThread,
        &trash.rows,
        &after.trash.rows,
        id,
        told,
    );
}

fn of_policies<'s>(
    before: &'s Arc<Policies>,
    after: &'s Arc<Policies>,
    told: &mut impl FnMut(Change<'s>),
) {
    if Arc::ptr_eq(before, after) {
        return;
    }
    let Policies {
        modes,
        rules,
        audit,
        // What follows from these.
        scope_rules: _,
        values: _,
        selections: _,
    } = &**before;
    for difference in modes.differences(&after.modes, PartialEq::eq) {
        let (key, verb) = match difference {
            Difference::Gone(key, _) => (key, Verb::Deleted),
            Difference::New(key, _) => (key, Verb::Created),
            Difference::Both(key, ..) => (key, Verb::Updated),
        };
        told(Change {
            kind: Kind::PolicyMode,
            name: Name::Scope(key.0, key.1),
            verb,
            fields: match verb {
                Verb::Updated => vec!["mode"],
                Verb::Created | Verb::Deleted => Vec::new(),
            },
        });
    }
    table(Kind::PolicyRule, rules, &after.rules, told);
    table(Kind::AuditEntry, audit, &after.audit, told);
}

/// Tells of a row that came, went or changed; one that was written as it was did not change.
fn differ<'s, K, R: Fields>(
    kind: Kind,
    difference: Difference<'s, K, Arc<R>>,
    name: impl Fn(&'s K, &'s Arc<R>) -> Name<'s>,
    told: &mut impl FnMut(Change<'s>),
) {
    let (name, verb, fields) = match difference {
        Difference::Both(key, old, new) => match old.changed(new) {
            fields if fields.is_empty() => return,
            fields => (name(key, new), Verb::Updated, fields),
        },
        Difference::Gone(key, row) => (name(key, row), Verb::Deleted, Vec::new()),
        Difference::New(key, row) => (name(key, row), Verb::Created, Vec::new()),
    };
    told(Change {
        kind,
        name,
        verb,
        fields,
    });
}
