//! Custom domains: account-wide or scoped to one pod (OpenMail docs, Custom domains and pods).

mod records;
mod standing;
mod verification;

use std::sync::Arc;

use super::account::{Rejection, SHARED_DOMAIN};
use super::clock::Timestamp;
use super::ids::Id;
use super::keys::Scope;
use super::pods;
use super::refusal::{DomainFault, NameFault, Refusal, Resource};
use super::state::{State, Transaction};
use super::table::{Listing, Order, Page, Row};
pub use records::{Record, records};
pub(super) use standing::{check_abandonable, count_inbox};
use standing::{check_scope, has_inboxes, users};
pub use standing::{check_standing, check_usable};
pub use verification::{Checks, Outcome, Status};

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
    /// When it was verified, if it is.
    pub verified_at: Option<Timestamp>,
    /// What checks of its records come to.
    pub outcome: Outcome,
    /// What the service has to say about it.
    pub warnings: Arc<[String]>,
    /// How often it was checked lately.
    pub checks: Option<Checks>,
    /// When it was added.
    pub created_at: Timestamp,
    pub(super) order: Order,
}

impl Domain {
    /// The same domain with that status from now on; one that is verified stays so since before.
    fn with_status(self, status: Status, now: Timestamp) -> Self {
        let verified_at = match status {
            Status::Verified => Some(self.verified_at.unwrap_or(now)),
            Status::Pending | Status::Verifying | Status::Failed | Status::UnderReview => None,
        };
        Self {
            status,
            verified_at,
            ..self
        }
    }
}

impl Row for Domain {
    fn id(&self) -> Id {
        self.id
    }

    fn order(&self) -> Order {
        self.order
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainChange {
    /// Its scope: one pod, or every pod.
    pub pod: Option<Option<Id>>,
    /// How far its verification is.
    pub status: Option<Status>,
    /// When it was verified; nothing for a domain that is not.
    pub verified_at: Option<Timestamp>,
    /// What checks of its records come to.
    pub outcome: Option<Outcome>,
    /// What the service has to say about it.
    pub warnings: Option<Vec<String>>,
    /// How often it was checked lately.
    pub checks: Option<Checks>,
}

/// Adds a domain for somebody who reaches so far. Its records are not looked for before somebody
/// asks for that.
///
/// # Errors
///
/// [`Refusal::InvalidPod`], [`Refusal::Forbidden`], [`Refusal::PlanLimit`], [`Refusal::SpendCapPaused`],
/// [`Refusal::UnfitDomain`], [`Refusal::DomainExists`], what the dashboard says of the name, and
/// [`Refusal::DomainHasInboxes`], in this order.
pub fn add(
    tx: &mut Transaction<'_>,
    scope: Scope,
    domain: &str,
    pod: Option<&str>,
) -> Result<Arc<Domain>, Refusal> {
    let pod = match pod {
        Some(key) => Some(scope_named(tx.state, key)?),
        None => None,
    };
    match pod {
        Some(pod) => scope.check_pod(tx.state, pod)?,
        None => scope.check_account()?,
    }
    let account = &tx.state.account;
    if !account.plan.has_custom_domains() {
        return Err(Refusal::PlanLimit);
    }
    if account.spend_cap_paused {
        return Err(Refusal::SpendCapPaused);
    }
    let name = domain.to_lowercase();
    let fault = match is_domain_name(&name) {
        false => Some(NameFault::Malformed),
        true => is_services(&name).then_some(NameFault::Own),
    };
    if let Some(fault) = fault {
        let domain = domain.to_owned();
        return Err(Refusal::UnfitDomain { domain, fault });
    }
    if find(tx.state, &name).is_some() {
        return Err(Refusal::DomainExists { domain: name });
    }
    if let Some(rejection) = account.rejection_of(&name) {
        return Err(rejected(rejection, name));
    }
    let new = NewDomain {
        id: None,
        domain: name,
        pod,
        status: Status::Pending,
        created_at: None,
    };
    create(tx, new)
}

fn rejected(rejection: Rejection, domain: String) -> Refusal {
    match rejection {
        Rejection::Taken => Refusal::DomainTaken { domain },
        Rejection::IdentityExists => Refusal::IdentityExists { domain },
        Rejection::Blocked => Refusal::DomainBlocked { domain },
        Rejection::ProviderError => Refusal::ProviderError { domain },
    }
}

/// The one pod that a scope names.
fn scope_named(state: &State, key: &str) -> Result<Id, Refusal> {
    let pod = pods::find(state, key).map(|pod| pod.id);
    pod.ok_or_else(|| Refusal::InvalidPod {
        key: key.to_owned(),
    })
}

/// Whether a text in lower case is a name under which mail can be received (RFC 1035, 2.3.1).
fn is_domain_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| is_plain(byte) || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // The last label begins with a letter (RFC 1123, 2.1): what ends in a number is an address.
    let last = name.rsplit_once('.').map(|(_, last)| last);
    let is_named = last.is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
    name.len() <= 253 && is_named && name.split('.').all(is_label)
}

/// Whether a domain is the service's own, or lies beneath that.
fn is_services(name: &str) -> bool {
    let above = name.strip_suffix(SHARED_DOMAIN);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Scopes a domain to one pod (id or `clientId`), or to none, which means every pod.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::InvalidPod`], [`Refusal::DomainHasInboxes`].
pub fn rescope(
    tx: &mut Transaction<'_>,
    key: &str,
    pod: Option<&str>,
) -> Result<Arc<Domain>, Refusal> {
    let id = named(tx.state, key)?.id;
    let pod = match pod {
        Some(pod) => Some(scope_named(tx.state, pod)?),
        None => None,
    };
    let change = DomainChange {
        pod: Some(pod),
        ..DomainChange::default()
    };
    update(tx, id, change)
}

/// Looks for a domain's records.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::RateLimitExceeded`], [`Refusal::ProviderError`].
pub fn verify(tx: &mut Transaction<'_>, key: &str) -> Result<Arc<Domain>, Refusal> {
    let known = named(tx.state, key)?;
    let limits_hold = tx.state.account.limits;
    let domain = Arc::new(verification::checked(&known, tx.now, limits_hold)?);
    tx.state.domains.put(domain.clone());
    Ok(domain)
}

/// One page of the domains within a scope, the newest first: those of every pod, and its own.
#[must_use]
pub fn list(state: &State, scope: Scope, page: Page) -> Listing<Arc<Domain>> {
    let Some(pod) = scope.pod() else {
        return state.domains.page(page);
    };
    let shared = state.shared_domains.iter();
    let shared = shared.filter_map(|(order, ())| state.domains.at(*order));
    let mut reached = state.pod_domains.all(pod, &state.domains);
    reached.extend(shared.cloned());
    // Both came in order, which a sort makes use of.
    reached.sort_by_key(|domain| domain.order);
    let rows = page
        .cut(0, reached.len())
        .map(|(start, count)| reached[start..start + count].to_vec());
    Listing::newest_first(rows, reached.len())
}

/// Whether a scope reaches a domain: keys of a pod reach its own ones and those of every pod.
///
/// # Errors
///
/// [`Refusal::Forbidden`].
pub fn check_reach(state: &State, scope: Scope, domain: &Domain) -> Result<(), Refusal> {
    match domain.pod {
        Some(pod) => scope.check_pod(state, pod),
        None => Ok(()),
    }
}

/// Adds a domain.
///
/// # Errors
///
/// [`Refusal::InvalidDomain`], [`Refusal::DomainExists`], [`Refusal::IdTaken`] and, if inboxes outside the scope stand on it,
/// [`Refusal::DomainHasInboxes`].
pub fn create(tx: &mut Transaction<'_>, new: NewDomain) -> Result<Arc<Domain>, Refusal> {
    if is_services(&new.domain) {
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
    let domain = Domain {
        id: tx.take_id(Resource::Domain, new.id, is_taken)?,
        domain: name,
        pod: new.pod,
        status: new.status,
        verified_at: None,
        outcome: Outcome::default(),
        warnings: Arc::default(),
        checks: None,
        created_at,
        order: tx.next_order(created_at),
    };
    let domain = Arc::new(domain.with_status(new.status, created_at));
    enter_scope(tx.state, &domain);
    let name = domain.domain.clone();
    tx.state.domain_names.insert(name, domain.id);
    tx.state.domains.put(domain.clone());
    Ok(domain)
}

fn enter_scope(state: &mut State, domain: &Domain) {
    match domain.pod {
        Some(pod) => state.pod_domains.insert(pod, domain.order),
        None => drop(state.shared_domains.insert(domain.order, ())),
    }
}

fn leave_scope(state: &mut State, domain: &Domain) {
    match domain.pod {
        Some(pod) => state.pod_domains.remove(pod, domain.order),
        None => drop(state.shared_domains.remove(&domain.order)),
    }
}

/// Changes what the dashboard shows of a domain.
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
        leave_scope(tx.state, &domain);
        domain.pod = pod;
        enter_scope(tx.state, &domain);
    }
    if let Some(status) = change.status {
        domain = domain.with_status(status, tx.now);
    }
    if domain.status == Status::Verified {
        domain.verified_at = change.verified_at.or(domain.verified_at);
    }
    domain.outcome = change.outcome.unwrap_or(domain.outcome);
    domain.checks = change.checks.or(domain.checks);
    if let Some(warnings) = change.warnings {
        domain.warnings = warnings.into();
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
    leave_scope(tx.state, &domain);
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

/// The domain with that id, as somebody spelled it.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn named(state: &State, key: &str) -> Result<Arc<Domain>, Refusal> {
    let domain = Id::parse(key).and_then(|id| state.domains.get(id));
    domain.cloned().ok_or_else(|| Refusal::NotFound {
        what: Resource::Domain,
        key: key.to_owned(),
    })
}

/// The domain of that name, which is lower-case.
#[must_use]
pub fn find<'s>(state: &'s State, name: &str) -> Option<&'s Arc<Domain>> {
    state.domains.get(*state.domain_names.get(name)?)
}

/// Whether mail to a domain is the account's own.
#[must_use]
pub fn is_own(state: &State, name: &str) -> bool {
    name == SHARED_DOMAIN || name == &*state.account.default_domain || find(state, name).is_some()
}
