//! Policy: who may write to the inboxes of an account and to whom they may write (OpenMail docs,
//! Policy). The account has one, and each pod and each inbox may have one beneath it.
//!
//! A scope is written as [`Scope`], which says how far a key reaches: a policy holds for just that.

mod audit;
mod judgement;
mod rules;

use std::sync::Arc;

use super::ids::Id;
use super::keys::Scope;
pub use super::mail::Direction;
use super::refusal::{Boundary, Refusal};
use super::state::{State, Transaction};
use super::table::{Order, Table};
use super::tree::Tree;
pub use audit::{
    Action, Asked, Described, Entry, MAX_AUDIT, audit, describe_entry, entries, entry,
};
pub use judgement::{Refused, admit, check_send, judge, note_refused_send};
pub use rules::{
    Kind, NewRule, Rule, Wanted, add_rule, all_rules, delete_rule, find_rule, inherited,
    remove_rule, replace, rule, rules,
};

/// Whether a scope lets everybody pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everybody who is not blocked.
    None,
    /// Those alone who are allowed, and none of them if nobody is.
    Allowlist,
    /// What the scope around it says.
    Inherit,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::None, Self::Allowlist, Self::Inherit];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Mode::None => "none",
            Mode::Allowlist => "allowlist",
            Mode::Inherit => "inherit",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }

    /// The mode of a scope for which nobody set one.
    #[must_use]
    pub fn initial(scope: Scope) -> Self {
        match scope {
            Scope::Account => Mode::None,
            Scope::Pod(_) | Scope::Inbox { .. } => Mode::Inherit,
        }
    }
}

/// The policies of a state, and what became of mail because of them.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    /// Modes other than those that scopes begin with.
    pub(super) modes: Tree<(Scope, Direction), Mode>,
    /// All rules.
    pub(super) rules: Table<Rule>,
    /// Rules by scope, in order.
    pub(super) scope_rules: Tree<(Scope, Order), ()>,
    /// Rules by what they say: one lookup for each value that an address could match.
    pub(super) values: Tree<(Scope, Direction, Kind, Arc<str>), Id>,
    /// What became of mail.
    pub(super) audit: Table<Entry>,
    /// The same by what can be asked for.
    pub(super) selections: Tree<(audit::Selection, Order), ()>,
}

impl Policies {
    /// Whether no scope says anything, and nothing came of what one said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lets_all_pass() && self.audit.is_empty()
    }

    /// Whether no scope says anything, as in most accounts.
    fn lets_all_pass(&self) -> bool {
        self.modes.is_empty() && self.rules.is_empty()
    }
}

/// A scope and those around it, the nearest first.
fn chain(scope: Scope) -> impl Iterator<Item = Scope> {
    let around = match scope {
        Scope::Account => [None, None],
        Scope::Pod(_) => [Some(Scope::Account), None],
        Scope::Inbox { pod, .. } => [Some(Scope::Pod(pod)), Some(Scope::Account)],
    };
    std::iter::once(scope).chain(around.into_iter().flatten())
}

fn policies<'t>(tx: &'t mut Transaction<'_>) -> &'t mut Policies {
    Arc::make_mut(&mut tx.state.policies)
}

/// What a scope itself says.
#[must_use]
pub fn mode(state: &State, scope: Scope, direction: Direction) -> Mode {
    let set = state.policies.modes.get(&(scope, direction)).copied();
    set.unwrap_or(Mode::initial(scope))
}

/// Every mode that is not the one with which its scope begins.
pub fn modes(state: &State) -> impl Iterator<Item = (Scope, Direction, Mode)> {
    let modes = state.policies.modes.iter();
    modes.map(|((scope, direction), mode)| (*scope, *direction, *mode))
}

/// Whether an allowlist holds around a scope, whatever the scope itself says.
fn stands_under_allowlist(state: &State, scope: Scope, direction: Direction) -> bool {
    let around = chain(scope).skip(1);
    let mut set = around.map(|scope| mode(state, scope, direction));
    set.find(|mode| *mode != Mode::Inherit) == Some(Mode::Allowlist)
}

/// Sets the mode of a scope, for somebody who reaches so far.
///
/// # Errors
///
/// [`Refusal::NothingToInherit`] for the account, and [`Refusal::Forbidden`] for the key of a pod
/// that would lift what holds around it.
pub fn set_mode(
    tx: &mut Transaction<'_>,
    by: Scope,
    scope: Scope,
    direction: Direction,
    mode: Mode,
) -> Result<(), Refusal> {
    match (mode, by) {
        (Mode::Inherit, _) if scope == Scope::Account => return Err(Refusal::NothingToInherit),
        (Mode::None, Scope::Pod(_) | Scope::Inbox { .. }) => {
            let boundary = Boundary::PolicyMode;
            return Err(Refusal::Forbidden { boundary });
        }
        (Mode::None | Mode::Allowlist | Mode::Inherit, _) => {}
    }
    let modes = &mut policies(tx).modes;
    match mode == Mode::initial(scope) {
        true => modes.remove(&(scope, direction)),
        false => modes.insert((scope, direction), mode),
    };
    Ok(())
}

/// Whether a scope says anything of its own.
pub(super) fn is_told(state: &State, scope: Scope) -> bool {
    let set = Direction::ALL.map(|direction| mode(state, scope, direction));
    set != [Mode::initial(scope); 2] || rules::has_rules(state, scope)
}

/// Forgets what a pod or an inbox said, and what became of its mail, when it goes.
pub(super) fn forget(state: &mut State, scope: Scope) {
    if state.policies.is_empty() {
        return;
    }
    let policies = Arc::make_mut(&mut state.policies);
    for direction in Direction::ALL {
        policies.modes.remove(&(scope, direction));
    }
    rules::forget(policies, scope);
    audit::forget(policies, scope);
}
