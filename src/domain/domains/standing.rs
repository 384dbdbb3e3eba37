//! Inboxes and the domains that they stand on: which ones they may, and who is in the way of what.

use std::sync::Arc;

use super::super::account::SHARED_DOMAIN;
use super::super::ids::Id;
use super::super::pods;
use super::super::refusal::{DomainFault, Refusal};
use super::super::state::State;
use super::{Domain, Status, find};

/// Whether a new inbox of `pod` may stand on a domain, which is lower-case.
///
/// # Errors
///
/// Why it may not.
pub fn check_usable(state: &State, name: &str, pod: Id) -> Result<(), DomainFault> {
    match find(state, name) {
        Some(domain) => {
            check_verified(domain)?;
            check_shared_with(state, domain, pod)
        }
        None => check_given(state, name),
    }
}

/// Whether an inbox of `pod` can stand on a domain, which may have been verified once.
///
/// # Errors
///
/// Why it cannot.
pub fn check_standing(state: &State, name: &str, pod: Id) -> Result<(), DomainFault> {
    match find(state, name) {
        Some(domain) => check_shared_with(state, domain, pod),
        None => check_given(state, name),
    }
}

/// Domains that an account has without adding them.
fn check_given(state: &State, name: &str) -> Result<(), DomainFault> {
    match name == SHARED_DOMAIN || name == &*state.account.default_domain {
        true => Ok(()),
        false => Err(DomainFault::Unknown),
    }
}

fn check_verified(domain: &Domain) -> Result<(), DomainFault> {
    match domain.status {
        Status::Verified => Ok(()),
        Status::Pending | Status::Verifying | Status::Failed | Status::UnderReview => {
            Err(DomainFault::NotVerified(domain.status.word()))
        }
    }
}

fn check_shared_with(state: &State, domain: &Domain, pod: Id) -> Result<(), DomainFault> {
    match domain.pod {
        Some(owner) if owner != pod => Err(DomainFault::OtherPod(pods::label(state, owner))),
        Some(_) | None => Ok(()),
    }
}

/// Whether another domain may take the place of the default one.
pub(in crate::domain) fn check_abandonable(state: &State, instead: &str) -> Result<(), Refusal> {
    let name = &state.account.default_domain;
    let stays = **name == *SHARED_DOMAIN || **name == *instead || find(state, name).is_some();
    match users(state, name, |_| true) {
        0 => Ok(()),
        _ if stays => Ok(()),
        inboxes => Err(has_inboxes(state, name, inboxes, None)),
    }
}

/// Whether all inboxes on a domain stand within a scope.
pub(super) fn check_scope(state: &State, name: &Arc<str>, pod: Option<Id>) -> Result<(), Refusal> {
    let Some(pod) = pod else {
        return Ok(());
    };
    match users(state, name, |other| other != pod) {
        0 => Ok(()),
        inboxes => Err(has_inboxes(state, name, inboxes, Some(pod))),
    }
}

pub(super) fn has_inboxes(
    state: &State,
    name: &Arc<str>,
    inboxes: usize,
    scope: Option<Id>,
) -> Refusal {
    Refusal::DomainHasInboxes {
        domain: name.to_string(),
        inboxes,
        outside: scope.map(|pod| pods::label(state, pod)),
    }
}

/// How many inboxes stand on a domain, in the pods that `counts` picks.
pub(super) fn users(state: &State, name: &Arc<str>, counts: impl Fn(Id) -> bool) -> usize {
    let start = state.domain_inboxes.rank(&(name.clone(), Id::MIN));
    let entries = state.domain_inboxes.iter_from(start);
    let own = entries.take_while(|((domain, _), _)| domain == name);
    let counted = own.filter(|((_, pod), _)| counts(*pod));
    counted.map(|(_, inboxes)| inboxes).sum()
}

/// Counts an inbox that came to a domain, or left it.
pub(in crate::domain) fn count_inbox(state: &mut State, address: &str, pod: Id, came: bool) {
    let (_, name) = address.rsplit_once('@').unwrap_or(("", address));
    let key = (Arc::from(name), pod);
    let known = state.domain_inboxes.get(&key).copied().unwrap_or(0);
    match if came { known + 1 } else { known - 1 } {
        0 => state.domain_inboxes.remove(&key),
        inboxes => state.domain_inboxes.insert(key, inboxes),
    };
}
