//! Why a rule said no: facts, without a word about statuses.

use super::ids::Id;

/// A refusal of the emulated service's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing of that kind has that id.
    NotFound {
        /// What was looked for.
        what: Resource,
        /// What it was addressed by.
        key: String,
    },
    /// Another pod has this `clientId`.
    ClientIdTaken {
        /// The `clientId`.
        client_id: String,
        /// The pod that has it.
        pod: Id,
    },
    /// The default pod is never deleted.
    DefaultPod,
    /// A pod with inboxes is not deleted.
    PodNotEmpty {
        /// How many it has.
        inboxes: usize,
    },
    /// A pod that owns domains is not deleted.
    PodHasDomains {
        /// How many it owns.
        domains: usize,
    },
    /// `podId` names no pod.
    InvalidPod {
        /// What it was.
        key: String,
    },
    /// An inbox may not stand on this domain.
    InvalidDomain {
        /// The domain.
        domain: String,
        /// Why not.
        fault: DomainFault,
    },
    /// The monthly spend limit was reached.
    SpendCapPaused,
    /// The plan allows no further inbox.
    InboxLimitReached {
        /// What it allows.
        limit: usize,
    },
    /// The URL cannot receive webhooks.
    InvalidWebhookUrl {
        /// Why not.
        fault: &'static str,
    },
    /// An inbox has this address.
    AddressTaken {
        /// The address.
        address: String,
    },
}

/// What can be addressed by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A pod.
    Pod,
    /// An inbox.
    Inbox,
}

/// Why a domain does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainFault {
    /// The account has no such domain.
    Unknown,
    /// It is there but not verified; its status.
    NotVerified(&'static str),
    /// It is scoped to another pod.
    OtherPod(Id),
}
