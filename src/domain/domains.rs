//! Custom domains: account-wide or scoped to one pod (OpenMail docs, Custom domains and pods).

use std::sync::Arc;

use super::account::SHARED_DOMAIN;
use super::clock::Timestamp;
use super::ids::Id;
use super::pods;
use super::refusal::{DomainFault, Refusal, Resource};
use super::state::{State, Transaction};
use super::table::{Order, Row};

/// A custom domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its id.
    pub id: Id,
    /// The name, in lower case.
    pub domain: Arc<str>,
    /// The one pod that may use it; none means every pod.
    pub pod: Option<Id>,
    /// How far its verification is.
    pub status: Status,
    /// When it was added.
    pub created_at: Timestamp,
    order: Order,
}

impl Row for Domain {
    fn id(&self) -> Id {
        self.id
    }

    fn order(&self) -> Order {
        self.order
    }
}

/// The verification of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Its records are not seen yet.
    Pending,
    /// They are being looked for.
    Verifying,
    /// Inboxes may stand on it.
    Verified,
    /// They were not found.
    Failed,
    /// A person looks at it.
    UnderReview,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Verifying,
        Self::Verified,
        Self::Failed,
        Self::UnderReview,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Verifying => "verifying",
            Status::Verified => "verified",
            Status::Failed => "failed",
            Status::UnderReview => "under_review",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// What a new domain is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDomain {
    /// Its id; drawn when absent.
    pub id: Option<Id>,
    /// The name, in lower case.
    pub domain: String,
    /// The one pod that may use it; none means every pod.
    pub pod: Option<Id>,
    /// How far its verification is.
    pub status: Status,
    /// When it was added; now when absent.
    pub created_at: Option<Timestamp>,
}

/// Changes to a domain; what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DomainChange {
    /// Its scope: one pod, or every pod.
    pub pod: Option<Option<Id>>,
    /// How far its verification is.
    pub status: Option<Status>,
}

/// Adds a domain.
///
/// # Errors
///
/// [`Refusal::InvalidDomain`], [`Refusal::DomainExists`], [`Refusal::IdTaken`] and, if inboxes outside the scope stand on it,
/// [`Refusal::DomainHasInboxes`].
pub fn create(tx: &mut Transaction<'_>, new: NewDomain) -> Result<Arc<Domain>, Refusal> {
    if new.domain == SHARED_DOMAIN {
        return Err(Refusal::InvalidDomain {
            domain: new.domain,
            fault: DomainFault::Own,
        });
    }
    if find(tx.state, &new.domain).is_some() {
        return Err(Refusal::DomainExists { domain: new.domain });
    }
    let is_taken = |state: &State, id| state.domains.get(id).is_some();
    let name: Arc<str> = Arc::from(new.domain);
    check_scope(tx.state, &name, new.pod)?;
    let created_at = new.created_at.unwrap_or(tx.now);
    let domain = Arc::new(Domain {
        id: tx.take_id(Resource::Domain, new.id, is_taken)?,
        domain: name,
        pod: new.pod,
        status: new.status,
        created_at,
        order: tx.next_order(created_at),
    });
    if let Some(pod) = domain.pod {
        tx.state.pod_domains.insert(pod, domain.order);
    }
    let name = domain.domain.clone();
    tx.state.domain_names.insert(name, domain.id);
    tx.state.domains.put(domain.clone());
    Ok(domain)
}

/// Changes a domain's scope or status.
///
/// # Errors
///
/// [`Refusal::NotFound`] and, if inboxes outside a new scope stand on it,
/// [`Refusal::DomainHasInboxes`].
pub fn update(
    tx: &mut Transaction<'_>,
    id: Id,
    change: DomainChange,
) -> Result<Arc<Domain>, Refusal> {
    let mut domain = Domain::clone(&*get(tx.state, id)?);
    if let Some(pod) = change.pod.filter(|pod| *pod != domain.pod) {
        check_scope(tx.state, &domain.domain, pod)?;
        if let Some(old) = domain.pod {
            tx.state.pod_domains.remove(old, domain.order);
        }
        if let Some(new) = pod {
            tx.state.pod_domains.insert(new, domain.order);
        }
        domain.pod = pod;
    }
    if let Some(status) = change.status {
        domain.status = status;
    }
    let domain = Arc::new(domain);
    tx.state.domains.put(domain.clone());
    Ok(domain)
}

/// Removes a domain on which no inbox stands.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::DomainHasInboxes`].
pub fn delete(tx: &mut Transaction<'_>, id: Id) -> Result<(), Refusal> {
    let domain = get(tx.state, id)?;
    let inboxes = users(tx.state, &domain.domain, |_| true);
    if inboxes > 0 {
        return Err(has_inboxes(tx.state, &domain.domain, inboxes, None));
    }
    if let Some(pod) = domain.pod {
        tx.state.pod_domains.remove(pod, domain.order);
    }
    tx.state.domain_names.remove(&domain.domain);
    tx.state.domains.remove(id);
    Ok(())
}

/// The domain with that id.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn get(state: &State, id: Id) -> Result<Arc<Domain>, Refusal> {
    let domain = state.domains.get(id).cloned();
    domain.ok_or_else(|| Refusal::NotFound {
        what: Resource::Domain,
        key: id.to_string(),
    })
}

/// The domain of that name, which is lower-case.
#[must_use]
pub fn find<'s>(state: &'s State, name: &str) -> Option<&'s Arc<Domain>> {
    state.domains.get(*state.domain_names.get(name)?)
}

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

/// Whether mail to a domain is the account's own.
#[must_use]
pub fn is_own(state: &State, name: &str) -> bool {
    name == SHARED_DOMAIN || name == &*state.account.default_domain || find(state, name).is_some()
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
pub(super) fn check_abandonable(state: &State, instead: &str) -> Result<(), Refusal> {
    let name = &state.account.default_domain;
    let stays = **name == *SHARED_DOMAIN || **name == *instead || find(state, name).is_some();
    match users(state, name, |_| true) {
        0 => Ok(()),
        _ if stays => Ok(()),
        inboxes => Err(has_inboxes(state, name, inboxes, None)),
    }
}

/// Whether all inboxes on a domain stand within a scope.
fn check_scope(state: &State, name: &Arc<str>, pod: Option<Id>) -> Result<(), Refusal> {
    let Some(pod) = pod else {
        return Ok(());
    };
    match users(state, name, |other| other != pod) {
        0 => Ok(()),
        inboxes => Err(has_inboxes(state, name, inboxes, Some(pod))),
    }
}

fn has_inboxes(state: &State, name: &Arc<str>, inboxes: usize, scope: Option<Id>) -> Refusal {
    Refusal::DomainHasInboxes {
        domain: name.to_string(),
        inboxes,
        outside: scope.map(|pod| pods::label(state, pod)),
    }
}

/// How many inboxes stand on a domain, in the pods that `counts` picks.
fn users(state: &State, name: &Arc<str>, counts: impl Fn(Id) -> bool) -> usize {
    let start = state.domain_inboxes.rank(&(name.clone(), Id::MIN));
    let entries = state.domain_inboxes.iter_from(start);
    let own = entries.take_while(|((domain, _), _)| domain == name);
    let counted = own.filter(|((_, pod), _)| counts(*pod));
    counted.map(|(_, inboxes)| inboxes).sum()
}

/// Counts an inbox that came to a domain, or left it.
pub(super) fn count_inbox(state: &mut State, address: &str, pod: Id, came: bool) {
    let (_, name) = address.rsplit_once('@').unwrap_or(("", address));
    let key = (Arc::from(name), pod);
    let known = state.domain_inboxes.get(&key).copied().unwrap_or(0);
    match if came { known + 1 } else { known - 1 } {
        0 => state.domain_inboxes.remove(&key),
        inboxes => state.domain_inboxes.insert(key, inboxes),
    };
}
