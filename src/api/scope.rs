//! Who may call an operation: which kinds of keys, and whether theirs reaches what the call is about.
//!
//! Each row of an operation says so, and this is the one place that judges by it. What is addressed
//! is looked for first: what nobody has is not found, whatever the key (OpenMail docs, API keys,
//! Scopes).

use super::Row;
use super::failures::Failure;
use crate::app::Caller;
use crate::contract::{Checked, Credential};
use crate::domain::keys::Scope;
use crate::domain::refusal::{Boundary, Refusal, Resource};
use crate::domain::state::State;
use crate::domain::{domains, inboxes, messages, pods, threads};

/// The kinds of keys that may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Keys of the whole account.
    Account,
    /// Those, and keys of a pod.
    Pods,
    /// Those, and keys of an inbox.
    Everyone,
}

/// What an operation addresses. A key has to reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Something that its path names.
    Path {
        /// What kind of thing it is.
        what: Resource,
        /// The parameter that names it.
        parameter: &'static str,
    },
    /// The pod that the query names as `podId`, the inbox that it names as `inboxId`, or the account.
    Scope,
}

/// Judges whether a caller may do what a row does.
///
/// # Errors
///
/// 404 for what is not there, 403 beyond the key's boundary, 401 for a key that was revoked since
/// it let the caller in.
pub(super) fn authorize(row: &Row, caller: &Caller, input: &Checked<'_>) -> Result<(), Failure> {
    let scope = caller.scope();
    if scope == Scope::Account {
        return Ok(());
    }
    caller.world().read(|state| {
        if !caller.holder().is_let_in(state) {
            return Err(Failure::unauthorized(&[Credential::Bearer]));
        }
        let addressed = row.about.and_then(|about| match about {
            About::Path { what, parameter } => {
                Some(reach(state, scope, what, input.path(parameter)?))
            }
            About::Scope => {
                let addressed = addressed_scope(state, input);
                Some(addressed.and_then(|addressed| scope.check_scope(state, addressed)))
            }
        });
        // Not found comes first, then the kind of key, then its boundary.
        if let Some(Err(refusal @ Refusal::NotFound { .. })) = addressed {
            return Err(refusal.into());
        }
        admits(row.who, scope)?;
        addressed.unwrap_or(Ok(())).map_err(Failure::from)
    })
}

/// What the query of a call addresses.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub(super) fn addressed_scope(state: &State, input: &Checked<'_>) -> Result<Scope, Refusal> {
    let named = |name: &str| input.query(name).and_then(|value| value.as_str());
    Scope::named(state, named("podId"), named("inboxId"))
}

fn admits(who: Who, scope: Scope) -> Result<(), Refusal> {
    let boundary = match (who, scope) {
        (_, Scope::Account) | (Who::Everyone, _) | (Who::Pods, Scope::Pod(_)) => return Ok(()),
        (Who::Account, Scope::Pod(_) | Scope::Inbox { .. }) => Boundary::AccountKeysOnly,
        (Who::Pods, Scope::Inbox { .. }) => Boundary::NoInboxKeys,
    };
    Err(Refusal::Forbidden { boundary })
}

/// Whether a scope reaches what a path addresses.
fn reach(state: &State, scope: Scope, what: Resource, key: &str) -> Result<(), Refusal> {
    let inbox = match what {
        Resource::Pod => return scope.check_pod(state, pods::get(state, key)?.id),
        Resource::Domain => {
            return domains::check_reach(state, scope, &*domains::named(state, key)?);
        }
        Resource::Inbox => inboxes::get(state, key)?,
        Resource::Thread => inboxes::get(state, &threads::get(state, key)?.inbox.to_string())?,
        Resource::Message => inboxes::get(state, &messages::get(state, key)?.inbox.to_string())?,
        // Nothing in a path is addressed by these alone.
        Resource::Attachment
        | Resource::Key
        | Resource::Suppression
        | Resource::Event
        | Resource::Delivery
        | Resource::Rule
        | Resource::AuditEntry => return Ok(()),
    };
    scope.check_inbox(state, &inbox)
}
