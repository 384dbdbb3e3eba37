//! The audit: which mail did not pass, and why. It is all that is left of mail that was dropped.

use std::sync::Arc;

use super::judgement::Refused;
use super::{Direction, Policies, policies};
use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::inboxes::Inbox;
use crate::domain::keys::Scope;
use crate::domain::refusal::{Refusal, Resource};
use crate::domain::state::{State, Transaction};
use crate::domain::table::{Listing, Order, Page, Row};

/// At most this many entries are kept; the oldest make room.
pub const MAX_AUDIT: usize = 10_000;
/// So much of an address is kept: senders write what they like.
const MAX_ADDRESS: usize = 320;

/// One mail that did not pass at one inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: Id,
    /// The inbox that would have received or sent it.
    pub inbox: Id,
    /// The pod in which that stands.
    pub pod: Id,
    /// Why it did not pass.
    pub action: Action,
    /// Whether it came or was to go.
    pub direction: Direction,
    /// The sender, or the recipient who may not be written to.
    pub address: Box<str>,
    /// The rule that blocked it, which may be gone by now.
    pub rule: Option<Id>,
    /// When that was.
    pub at: Timestamp,
    order: Order,
}

impl Row for Entry {
    fn id(&self) -> Id {
        self.id
    }

    fn order(&self) -> Order {
        self.order
    }
}

/// Why a mail did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// A rule blocked it.
    Blocked,
    /// An allowlist held that has no rule for it.
    NotAllowed,
}

impl Action {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Blocked, Self::NotAllowed];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Action::Blocked => "blocked",
            Action::NotAllowed => "not_allowed",
        }
    }

    /// The action of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

/// What a page can be asked for beside its span of time; none means all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::domain) struct Selection {
    scope: Scope,
    action: Option<Action>,
    direction: Option<Direction>,
}

/// What is asked of the audit of a scope.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Why mail did not pass.
    pub action: Option<Action>,
    /// Whether it came or was to go.
    pub direction: Option<Direction>,
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// Until this instant, which is no part of it.
    pub until: Option<Timestamp>,
}

/// An entry of an account that is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its id; drawn when absent.
    pub id: Option<Id>,
    /// Why the mail did not pass.
    pub action: Action,
    /// Whether it came or was to go.
    pub direction: Direction,
    /// The sender or the recipient.
    pub address: Box<str>,
    /// The rule that blocked it.
    pub rule: Option<Id>,
    /// When that was; now when absent.
    pub at: Option<Timestamp>,
}

/// One page of the audit of a scope and of all beneath it, the newest first.
#[must_use]
pub fn audit(state: &State, scope: Scope, asked: Asked, page: Page) -> Listing<Arc<Entry>> {
    let policies = &state.policies;
    let selection = Selection {
        scope,
        action: asked.action,
        direction: asked.direction,
    };
    let rank = |at: Option<Timestamp>, otherwise: Order| {
        let order = at.map(|at| Order { at, sequence: 0 });
        let key = (selection, order.unwrap_or(otherwise));
        policies.selections.rank(&key)
    };
    let (first, end) = (rank(asked.since, Order::MIN), rank(asked.until, Order::MAX));
    let total = end.saturating_sub(first);
    let rows = page.cut(first, total).map(|(start, count)| {
        let keys = policies.selections.iter_from(start).take(count);
        let rows = keys.filter_map(|((_, order), ())| policies.audit.at(*order));
        rows.cloned().collect()
    });
    Listing::newest_first(rows, total)
}

/// All entries, the oldest first.
pub fn entries(state: &State) -> impl Iterator<Item = &Arc<Entry>> {
    state.policies.audit.iter()
}

/// The entry with that id.
#[must_use]
pub fn entry(state: &State, id: Id) -> Option<&Arc<Entry>> {
    state.policies.audit.get(id)
}

/// Notes what became of a mail.
pub(super) fn note(
    tx: &mut Transaction<'_>,
    inbox: &Inbox,
    direction: Direction,
    address: &str,
    refused: Refused,
) {
    let described = Described {
        id: None,
        action: refused.action,
        direction,
        address: address.into(),
        rule: refused.rule,
        at: None,
    };
    let noted = describe_entry(tx, inbox, described);
    debug_assert!(noted.is_ok(), "an id that is drawn is not taken");
}

/// Puts an entry in its place.
///
/// # Errors
///
/// [`Refusal::IdTaken`].
pub fn describe_entry(
    tx: &mut Transaction<'_>,
    inbox: &Inbox,
    new: Described,
) -> Result<Id, Refusal> {
    let is_taken = |state: &State, id| entry(state, id).is_some();
    let at = new.at.unwrap_or(tx.now);
    let entry = Arc::new(Entry {
        id: tx.take_id(Resource::AuditEntry, new.id, is_taken)?,
        inbox: inbox.id,
        pod: inbox.pod,
        action: new.action,
        direction: new.direction,
        address: new
            .address
            .chars()
            .take(MAX_ADDRESS)
            .collect::<String>()
            .into(),
        rule: new.rule,
        at,
        order: tx.next_order(at),
    });
    let id = entry.id;
    let policies = policies(tx);
    for selection in selections(&entry) {
        policies.selections.insert((selection, entry.order), ());
    }
    policies.audit.put(entry);
    while policies.audit.len() > MAX_AUDIT {
        let Some(oldest) = policies.audit.iter().next().cloned() else {
            break;
        };
        take_out(policies, &oldest);
    }
    Ok(id)
}

/// Every selection that an entry is a part of.
fn selections(entry: &Entry) -> impl Iterator<Item = Selection> {
    let (inbox, pod) = (entry.inbox, entry.pod);
    let scopes = [Scope::Account, Scope::Pod(pod), Scope::Inbox { inbox, pod }];
    let actions = [None, Some(entry.action)];
    let directions = [None, Some(entry.direction)];
    scopes.into_iter().flat_map(move |scope| {
        actions.into_iter().flat_map(move |action| {
            directions.into_iter().map(move |direction| Selection {
                scope,
                action,
                direction,
            })
        })
    })
}

fn take_out(policies: &mut Policies, entry: &Entry) {
    for selection in selections(entry) {
        policies.selections.remove(&(selection, entry.order));
    }
    policies.audit.remove(entry.id);
}

/// Forgets what became of the mail of an inbox, or of a pod, which goes.
pub(super) fn forget(policies: &mut Policies, scope: Scope) {
    let all = Selection {
        scope,
        action: None,
        direction: None,
    };
    let first = policies.selections.rank(&(all, Order::MIN));
    let own = policies.selections.iter_from(first);
    let own = own.take_while(|((selection, _), ())| *selection == all);
    let entries: Vec<Arc<Entry>> = own
        .filter_map(|((_, order), ())| policies.audit.at(*order).cloned())
        .collect();
    for entry in entries {
        take_out(policies, &entry);
    }
}
