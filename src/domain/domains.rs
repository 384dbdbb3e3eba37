//! Custom domains: account-wide or scoped to one pod (OpenMail docs, Custom domains and pods).

use std::sync::Arc;

use super::ids::Id;
use super::refusal::DomainFault;
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
}

/// Puts a domain into the account, replacing what it knew of that name.
pub fn put(tx: &mut Transaction<'_>, name: &str, pod: Option<Id>, status: Status) -> Arc<Domain> {
    let name = name.to_lowercase();
    let known = find(tx.state, &name).cloned();
    let (id, order) = match &known {
        Some(known) => (known.id, known.order),
        None => {
            let id = tx.draw_id(|state, id| state.domains.get(id).is_some());
            (id, tx.next_order())
        }
    };
    if let Some(old) = known.and_then(|known| known.pod) {
        tx.state.pod_domains.remove(&(old, order));
    }
    let domain = Arc::new(Domain {
        id,
        domain: Arc::from(name),
        pod,
        status,
        order,
    });
    if let Some(pod) = pod {
        tx.state.pod_domains.insert((pod, order), ());
    }
    tx.state.domain_names.insert(domain.domain.clone(), id);
    tx.state.domains.put(domain.clone());
    domain
}

/// The domain of that name, which is lower-case.
#[must_use]
pub fn find<'s>(state: &'s State, name: &str) -> Option<&'s Arc<Domain>> {
    state.domains.get(*state.domain_names.get(name)?)
}

/// Whether an inbox of `pod` may stand on a domain, which is lower-case.
///
/// # Errors
///
/// Why it may not.
pub fn check_usable(state: &State, name: &str, pod: Id) -> Result<(), DomainFault> {
    if name == state.account.default_domain {
        return Ok(());
    }
    let domain = find(state, name).ok_or(DomainFault::Unknown)?;
    match domain.status {
        Status::Verified => {}
        Status::Pending | Status::Verifying | Status::Failed | Status::UnderReview => {
            return Err(DomainFault::NotVerified(domain.status.word()));
        }
    }
    match domain.pod {
        Some(owner) if owner != pod => Err(DomainFault::OtherPod(owner)),
        Some(_) | None => Ok(()),
    }
}
