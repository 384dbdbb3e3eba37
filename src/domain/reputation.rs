//! Reputation: pods and inboxes that may not send for a while (OpenMail docs, Reputation). Receiving
//! goes on.
//!
//! Every suspension begins and ends in [`set`], so that whatever else that brings about has one place.

use std::sync::Arc;

use super::events::{self, Standing};
use super::ids::Id;
use super::inboxes::Inbox;
use super::pods::Pod;
use super::refusal::{Refusal, Resource};
use super::state::{State, Transaction};

/// Why something is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Too much of what was sent came back.
    HighBounceRate,
    /// Too many recipients complained.
    HighComplaintRate,
    /// Something else that the service does not put up with.
    Abuse,
    /// The pod's inboxes together do badly.
    PodDegraded,
    /// Somebody has to look at it first.
    ManualReview,
    /// None of these.
    Other,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 6] = [
        Self::HighBounceRate,
        Self::HighComplaintRate,
        Self::Abuse,
        Self::PodDegraded,
        Self::ManualReview,
        Self::Other,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Reason::HighBounceRate => "high_bounce_rate",
            Reason::HighComplaintRate => "high_complaint_rate",
            Reason::Abuse => "abuse",
            Reason::PodDegraded => "pod_degraded",
            Reason::ManualReview => "manual_review",
            Reason::Other => "other",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// What can be suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// All inboxes of a pod.
    Pod(Id),
    /// One inbox.
    Inbox(Id),
}

/// Suspends a sender, or ends that, and tells of it; whether that changed anything.
pub fn set(tx: &mut Transaction<'_>, sender: Sender, suspended: Option<Reason>) -> bool {
    if !describe(tx.state, sender, suspended) {
        return false;
    }
    let standing = match suspended {
        Some(reason) => Standing::Suspended { reason },
        None => Standing::Reactivated,
    };
    match sender {
        Sender::Pod(id) => {
            if let Some(pod) = tx.state.pods.get(id).cloned() {
                events::pod_changed(tx, &pod, standing);
            }
        }
        Sender::Inbox(id) => {
            if let Some(inbox) = tx.state.inboxes.get(id).cloned() {
                events::inbox_changed(tx, &inbox, standing);
            }
        }
    }
    true
}

/// The same in an account that is described: nothing happens, it is so.
pub fn describe(state: &mut State, sender: Sender, suspended: Option<Reason>) -> bool {
    match sender {
        Sender::Pod(id) => {
            let known = state.pods.get(id).filter(|it| it.suspended != suspended);
            let Some(mut pod) = known.map(|pod| Pod::clone(pod)) else {
                return false;
            };
            pod.suspended = suspended;
            state.pods.put(Arc::new(pod));
        }
        Sender::Inbox(id) => {
            let known = state.inboxes.get(id).filter(|it| it.suspended != suspended);
            let Some(mut inbox) = known.map(|inbox| Inbox::clone(inbox)) else {
                return false;
            };
            inbox.suspended = suspended;
            state.inboxes.put(Arc::new(inbox));
        }
    }
    true
}

/// Refuses an inbox that may not send, or stands in a pod that may not.
///
/// # Errors
///
/// [`Refusal::ReputationSuspended`].
pub fn check(state: &State, inbox: &Inbox) -> Result<(), Refusal> {
    let pod = state.pods.get(inbox.pod).and_then(|pod| pod.suspended);
    let (what, reason) = match (inbox.suspended, pod) {
        (Some(reason), _) => (Resource::Inbox, reason),
        (None, Some(reason)) => (Resource::Pod, reason),
        (None, None) => return Ok(()),
    };
    Err(Refusal::ReputationSuspended {
        what,
        reason: reason.word(),
    })
}
