//! Why a rule said no: facts and how to say them, without a word about statuses.

use std::fmt;

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
    /// The account has this domain already.
    DomainExists {
        /// The domain.
        domain: String,
    },
    /// Inboxes stand on a domain, in the way of what was asked.
    DomainHasInboxes {
        /// The domain.
        domain: String,
        /// How many.
        inboxes: usize,
        /// The pod outside which they stand, if those inside are in nobody's way.
        outside: Option<String>,
    },
    /// Something of that kind has this id.
    IdTaken {
        /// Of which kind.
        what: Resource,
        /// The id.
        id: Id,
    },
    /// A new thread needs a subject.
    SubjectMissing,
    /// Another request came with this idempotency key before.
    IdempotencyKeyReused {
        /// The key.
        key: String,
    },
    /// The text of an attachment cannot be told.
    TextExtractionFailed {
        /// Its name.
        filename: String,
        /// Why not, in the service's word.
        method: String,
    },
    /// The attachments of a send are too large together.
    AttachmentsTooLarge {
        /// How many bytes they have.
        bytes: usize,
        /// How many they may have.
        limit: usize,
    },
    /// The account has no room for another message.
    StorageLimitExceeded {
        /// How many bytes it has room for.
        limit: usize,
    },
    /// An inbox has this address.
    AddressTaken {
        /// The address.
        address: String,
    },
}

/// What can be addressed by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// A pod.
    Pod,
    /// An inbox.
    Inbox,
    /// A custom domain.
    Domain,
    /// A message.
    Message,
    /// A thread.
    Thread,
    /// An attachment of a message.
    Attachment,
}

impl Resource {
    /// The word for one.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Resource::Pod => "pod",
            Resource::Inbox => "inbox",
            Resource::Domain => "domain",
            Resource::Message => "message",
            Resource::Thread => "thread",
            Resource::Attachment => "attachment",
        }
    }
}

/// Why a domain does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainFault {
    /// The account has no such domain.
    Unknown,
    /// It is the service's, and no account can add it.
    Own,
    /// It is there but not verified; its status.
    NotVerified(&'static str),
    /// It is scoped to another pod; how that one is known.
    OtherPod(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotFound { what, key } => {
                let (what, key) = (what.word(), shown(key));
                write!(out, "this account has no {what} `{key}`")
            }
            Refusal::ClientIdTaken { client_id, pod } => {
                let client_id = shown(client_id);
                write!(out, "pod {pod} has the clientId `{client_id}` already")
            }
            Refusal::DefaultPod => out.write_str("the default pod cannot be deleted"),
            Refusal::PodNotEmpty { inboxes } => {
                let (count, them) = (counted(*inboxes, "inbox", "inboxes"), them(*inboxes));
                write!(out, "the pod still has {count}; delete {them} first")
            }
            Refusal::PodHasDomains { domains } => {
                let (count, them) = (counted(*domains, "domain", "domains"), them(*domains));
                write!(
                    out,
                    "the pod still owns {count}: make {them} account-wide, give {them} to another pod or delete {them} first"
                )
            }
            Refusal::InvalidPod { key } => write!(
                out,
                "`podId` is neither the id nor the clientId of a pod of this account: `{}`",
                shown(key)
            ),
            Refusal::InvalidDomain { domain, fault } => fault.write(out, &shown(domain)),
            Refusal::SpendCapPaused => {
                out.write_str("the monthly spend limit is reached, so inbox creation is paused")
            }
            Refusal::InboxLimitReached { limit } => {
                write!(out, "the plan's maximum of {limit} inboxes is reached")
            }
            Refusal::InvalidWebhookUrl { fault } => {
                write!(out, "`webhookUrl` cannot be used: {fault}")
            }
            Refusal::DomainExists { domain } => {
                write!(
                    out,
                    "this account has the domain `{}` already",
                    shown(domain)
                )
            }
            Refusal::DomainHasInboxes {
                domain,
                inboxes,
                outside,
            } => {
                let count = counted(*inboxes, "inbox", "inboxes");
                let stand = if *inboxes == 1 { "stands" } else { "stand" };
                let them = them(*inboxes);
                write!(out, "{count} {stand} on `{}`", shown(domain))?;
                if let Some(pod) = outside {
                    write!(out, " outside the pod `{}`", shown(pod))?;
                }
                write!(out, "; delete {them} first")
            }
            Refusal::IdTaken { what, id } => {
                write!(out, "another {} has the id {id} already", what.word())
            }
            Refusal::SubjectMissing => out.write_str(
                "`subject` is required for a new thread; a reply with `threadId` has its thread's",
            ),
            Refusal::IdempotencyKeyReused { key } => write!(
                out,
                "the idempotency key `{}` came with another request within the last 24 hours; take a new key for a new send",
                shown(key)
            ),
            Refusal::TextExtractionFailed { filename, method } => write!(
                out,
                "no text can be told of `{}`: {method}",
                shown(filename)
            ),
            Refusal::AttachmentsTooLarge { bytes, limit } => write!(
                out,
                "the attachments have {bytes} bytes together; {limit} are allowed"
            ),
            Refusal::StorageLimitExceeded { limit } => write!(
                out,
                "the account's storage of {limit} bytes is full; delete messages or inboxes first"
            ),
            Refusal::AddressTaken { address } => {
                write!(out, "an inbox has the address {address} already")
            }
        }
    }
}

impl DomainFault {
    fn write(&self, out: &mut fmt::Formatter<'_>, domain: &str) -> fmt::Result {
        match self {
            DomainFault::Unknown => write!(
                out,
                "`{domain}` is no domain of this account; add and verify it first"
            ),
            DomainFault::Own => write!(
                out,
                "`{domain}` is the service's own domain; every account may have inboxes on it, and none adds it"
            ),
            DomainFault::NotVerified(status) => {
                write!(out, "the domain `{domain}` is {status}, not verified")
            }
            DomainFault::OtherPod(pod) => write!(
                out,
                "the domain `{domain}` is scoped to the pod `{}`; only inboxes in that pod may use it",
                shown(pod)
            ),
        }
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

fn them(count: usize) -> &'static str {
    if count == 1 { "it" } else { "them" }
}

/// What a client sent, short enough to repeat.
fn shown(text: &str) -> String {
    match text.char_indices().nth(100) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
