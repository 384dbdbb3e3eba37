//! The rules of a policy: made, replaced, removed, and listed with those of the scopes around.

use std::sync::Arc;

use super::{Direction, Mode, Policies, chain, policies, set_mode, stands_under_allowlist};
use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::keys::Scope;
use crate::domain::refusal::{Boundary, Refusal, Resource};
use crate::domain::state::{State, Transaction};
use crate::domain::table::{Order, Row};

/// A rule of one scope. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: Id,
    /// Whose it is.
    pub scope: Scope,
    /// Which mail it is about.
    pub direction: Direction,
    /// What it does.
    pub kind: Kind,
    /// An address, a domain, or `*.` and a domain, in lower case.
    pub value: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether the key of a pod made it: then it lets nobody pass the account's allowlist, whichever
    /// of the two was there first.
    pub is_confined: bool,
    order: Order,
}

impl Row for Rule {
    fn id(&self) -> Id {
        self.id
    }

    fn order(&self) -> Order {
        self.order
    }
}

/// What a rule does with those whom it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Lets them pass an allowlist.
    Allow,
    /// Lets them pass nowhere.
    Block,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Allow, Self::Block];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Allow => "allow",
            Kind::Block => "block",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What a new rule says, in its scope and direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it does.
    pub kind: Kind,
    /// Whom it names; upper and lower case are the same.
    pub value: String,
}

/// What a new rule is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    /// Its id; drawn when absent.
    pub id: Option<Id>,
    /// Whose it is.
    pub scope: Scope,
    /// Which mail it is about.
    pub direction: Direction,
    /// What it says.
    pub wanted: Wanted,
    /// When it was made; now when absent.
    pub created_at: Option<Timestamp>,
    /// Whether the key of a pod makes it.
    pub is_confined: bool,
}

/// Adds a rule, for somebody who reaches so far.
///
/// # Errors
///
/// [`Refusal::Forbidden`] for the key of a pod that would widen an allowlist around the scope,
/// [`Refusal::RuleExists`], [`Refusal::IdTaken`].
pub fn add_rule(tx: &mut Transaction<'_>, by: Scope, new: NewRule) -> Result<Arc<Rule>, Refusal> {
    let (scope, direction, kind) = (new.scope, new.direction, new.wanted.kind);
    check_widening(tx.state, by, scope, direction, kind)?;
    if let Some(known) = find_rule(tx.state, scope, direction, &new.wanted) {
        return Err(Refusal::RuleExists {
            value: known.value.to_string(),
            rule: known.id,
        });
    }
    let is_taken = |state: &State, id| state.policies.rules.get(id).is_some();
    let created_at = new.created_at.unwrap_or(tx.now);
    let rule = Arc::new(Rule {
        id: tx.take_id(Resource::Rule, new.id, is_taken)?,
        scope,
        direction,
        kind,
        value: new.wanted.value.to_lowercase().into(),
        created_at,
        is_confined: new.is_confined,
        order: tx.next_order(created_at),
    });
    let policies = policies(tx);
    policies.scope_rules.insert((scope, rule.order), ());
    let key = (scope, direction, kind, rule.value.clone());
    policies.values.insert(key, rule.id);
    policies.rules.put(rule.clone());
    Ok(rule)
}

/// The key of a pod narrows what holds around it and never widens it.
fn check_widening(
    state: &State,
    by: Scope,
    scope: Scope,
    direction: Direction,
    kind: Kind,
) -> Result<(), Refusal> {
    match (by, kind) {
        (Scope::Pod(_) | Scope::Inbox { .. }, Kind::Allow)
            if stands_under_allowlist(state, scope, direction) =>
        {
            let boundary = Boundary::PolicyAllowlist;
            Err(Refusal::Forbidden { boundary })
        }
        (Scope::Account | Scope::Pod(_) | Scope::Inbox { .. }, Kind::Allow | Kind::Block) => Ok(()),
    }
}

/// Replaces what a scope says of one direction. A rule that is wanted again stays the one it was,
/// and one that is wanted twice is there once.
///
/// # Errors
///
/// Whatever [`set_mode`] and [`add_rule`] refuse.
pub fn replace(
    tx: &mut Transaction<'_>,
    by: Scope,
    (scope, direction): (Scope, Direction),
    mode: Mode,
    wanted: Vec<Wanted>,
) -> Result<(), Refusal> {
    // A key that never widens anything may leave a mode as it found it.
    if super::mode(tx.state, scope, direction) != mode {
        set_mode(tx, by, scope, direction, mode)?;
    }
    let mut kept: Vec<Id> = Vec::new();
    let mut added = Vec::new();
    for wanted in wanted {
        match find_rule(tx.state, scope, direction, &wanted) {
            Some(known) => {
                kept.push(known.id);
                vouch(tx, by, &known);
            }
            None => added.push(wanted),
        }
    }
    kept.sort_unstable();
    for rule in rules(tx.state, scope) {
        if rule.direction == direction && kept.binary_search(&rule.id).is_err() {
            take_out(policies(tx), &rule);
        }
    }
    for wanted in added {
        if find_rule(tx.state, scope, direction, &wanted).is_some() {
            continue;
        }
        let new = NewRule {
            id: None,
            scope,
            direction,
            wanted,
            created_at: None,
            is_confined: by != Scope::Account,
        };
        add_rule(tx, by, new)?;
    }
    Ok(())
}

/// What the account wants too holds for the account's allowlist as well.
fn vouch(tx: &mut Transaction<'_>, by: Scope, rule: &Rule) {
    if rule.is_confined && by == Scope::Account {
        let vouched = Rule {
            is_confined: false,
            ..rule.clone()
        };
        policies(tx).rules.put(Arc::new(vouched));
    }
}

/// The rule that says this already.
#[must_use]
pub fn find_rule(
    state: &State,
    scope: Scope,
    direction: Direction,
    wanted: &Wanted,
) -> Option<Arc<Rule>> {
    let value: Arc<str> = wanted.value.to_lowercase().into();
    let key = (scope, direction, wanted.kind, value);
    let id = state.policies.values.get(&key)?;
    state.policies.rules.get(*id).cloned()
}

/// The rule with that id, whosever it is.
#[must_use]
pub fn rule(state: &State, id: Id) -> Option<&Arc<Rule>> {
    state.policies.rules.get(id)
}

/// All rules of all scopes, the oldest first.
pub fn all_rules(state: &State) -> impl Iterator<Item = &Arc<Rule>> {
    state.policies.rules.iter()
}

/// The rules of a scope itself, the oldest first.
#[must_use]
pub fn rules(state: &State, scope: Scope) -> Vec<Arc<Rule>> {
    orders(&state.policies, scope)
        .filter_map(|order| state.policies.rules.at(order).cloned())
        .collect()
}

/// The rules of the scopes around, those of the nearest first.
#[must_use]
pub fn inherited(state: &State, scope: Scope) -> Vec<Arc<Rule>> {
    let around = chain(scope).skip(1);
    around.flat_map(|scope| rules(state, scope)).collect()
}

/// Whether a scope has a rule.
pub(super) fn has_rules(state: &State, scope: Scope) -> bool {
    orders(&state.policies, scope).next().is_some()
}

fn orders(policies: &Policies, scope: Scope) -> impl Iterator<Item = Order> {
    let first = policies.scope_rules.rank(&(scope, Order::MIN));
    let own = policies.scope_rules.iter_from(first);
    let own = own.take_while(move |((owner, _), ())| *owner == scope);
    own.map(|((_, order), ())| *order)
}

/// Deletes a rule of a scope, as it is addressed there.
///
/// # Errors
///
/// [`Refusal::InheritedRule`] for a rule of a scope around, [`Refusal::NotFound`] for every other.
pub fn delete_rule(tx: &mut Transaction<'_>, scope: Scope, key: &str) -> Result<(), Refusal> {
    let known = Id::parse(key).and_then(|id| rule(tx.state, id)).cloned();
    match known {
        Some(rule) if rule.scope == scope => {
            remove_rule(tx, &rule);
            Ok(())
        }
        Some(rule) if chain(scope).any(|around| around == rule.scope) => {
            Err(Refusal::InheritedRule {
                rule: rule.id,
                of: match rule.scope {
                    Scope::Pod(pod) => Some(super::super::pods::label(tx.state, pod)),
                    Scope::Account | Scope::Inbox { .. } => None,
                },
            })
        }
        Some(_) | None => Err(Refusal::NotFound {
            what: Resource::Rule,
            key: key.to_owned(),
        }),
    }
}

/// Deletes a rule, whosever it is.
pub fn remove_rule(tx: &mut Transaction<'_>, rule: &Rule) {
    take_out(policies(tx), rule);
}

fn take_out(policies: &mut Policies, rule: &Rule) {
    policies.scope_rules.remove(&(rule.scope, rule.order));
    let key = (rule.scope, rule.direction, rule.kind, rule.value.clone());
    policies.values.remove(&key);
    policies.rules.remove(rule.id);
}

/// Forgets the rules of a pod or an inbox, which goes.
pub(super) fn forget(policies: &mut Policies, scope: Scope) {
    let orders: Vec<Order> = orders(policies, scope).collect();
    for order in orders {
        if let Some(rule) = policies.rules.at(order).cloned() {
            take_out(policies, &rule);
        }
    }
}
