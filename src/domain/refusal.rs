//! Why a rule said no: facts, the code that programs read and words for people, without a word
//! about statuses.

mod code;
pub mod reasons;
pub mod remedies;
mod rules;
mod sentences;
mod words;

use super::clock::Timestamp;
use super::ids::Id;
pub use rules::Rule;

/// A recipient `<code>@fail.test` makes a send answer that error.
pub const PROVOKING_DOMAIN: &str = "fail.test";

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
        /// The pod.
        pod: Id,
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
    /// The inbox has no webhook of its own.
    NoWebhookUrl,
    /// A webhook did not take what was sent to it.
    WebhookFailed {
        /// Why not.
        reason: String,
    },
    /// The account has this domain already.
    DomainExists {
        /// The domain.
        domain: String,
    },
    /// The plan has no custom domains.
    PlanLimit,
    /// No account can add this name as a domain.
    UnfitDomain {
        /// The name, as it was written.
        domain: String,
        /// Why not.
        fault: NameFault,
    },
    /// Another account has this domain.
    DomainTaken {
        /// The domain.
        domain: String,
    },
    /// The mail provider knows this domain already, and only a person can connect it again.
    IdentityExists {
        /// The domain.
        domain: String,
    },
    /// The domain counts as unsafe.
    DomainBlocked {
        /// The domain.
        domain: String,
    },
    /// The mail provider failed.
    ProviderError {
        /// The domain that it was about.
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
        /// How many bytes it has room for, if that is what decided.
        limit: Option<usize>,
    },
    /// An inbox has this address.
    AddressTaken {
        /// The address.
        address: String,
    },
    /// The key does not reach so far.
    Forbidden {
        /// What it would have to cross.
        boundary: Boundary,
    },
    /// A pod or an inbox has as many keys as it may have.
    ApiKeyLimitReached {
        /// Whose keys they are.
        owner: Resource,
        /// How many it may have.
        limit: usize,
    },
    /// A key has this label.
    LabelTaken {
        /// The label.
        label: String,
    },
    /// A key has this token, which is not repeated: it is a secret.
    TokenTaken,
    /// The inbox stands in no pod. No state of this emulator comes to that.
    InboxHasNoPod,
    /// The account insists on an idempotency key.
    MissingIdempotencyKey,
    /// The account is shut.
    AccountBanned,
    /// The inbox, or its pod, may not send for now.
    ReputationSuspended {
        /// Which of them.
        what: Resource,
        /// Why, in the service's word.
        reason: &'static str,
    },
    /// The plan does not allow replies to go to an address outside the account.
    FeatureRequiresPaidPlan {
        /// The address.
        reply_to: String,
    },
    /// The outbound policy refuses a recipient.
    RecipientNotPermitted {
        /// The recipient.
        address: String,
        /// The rule that blocks it; none if an allowlist lacks one that lets it pass.
        rule: Option<Id>,
    },
    /// The scope has a rule that says the same.
    RuleExists {
        /// Whom it names.
        value: String,
        /// The rule.
        rule: Id,
    },
    /// The rule belongs to a scope around the one in which it was addressed.
    InheritedRule {
        /// The rule.
        rule: Id,
        /// The pod that it belongs to, if it is not the account.
        of: Option<String>,
    },
    /// There is nothing around the account whose mode it could have.
    NothingToInherit,
    /// A recipient stands on the suppression list.
    RecipientSuppressed {
        /// The recipient.
        address: String,
        /// What put it there, in the service's word.
        kind: &'static str,
    },
    /// A recipient's domain takes no mail.
    NoMxRecords {
        /// The domain.
        domain: String,
    },
    /// The content is taken for harmful.
    UnsafeContent,
    /// The content is taken for phishing.
    PhishingDetected,
    /// So many in so short a time are not allowed.
    RateLimitExceeded {
        /// Which bound was reached.
        limit: RateLimit,
        /// After how many seconds there is room again.
        retry_after: u64,
    },
    /// So many recipients who never wrote are not allowed in a day.
    ColdOutreachLimit {
        /// Whose bound was reached.
        scope: ColdScope,
        /// How many it allows in a day.
        limit: u32,
        /// When the next day begins.
        resets_at: Timestamp,
        /// How many seconds that takes.
        retry_after: u64,
    },
    /// A recipient at `fail.test` asks for an error that a send does not know.
    UnknownProvocation {
        /// The recipient.
        address: String,
        /// The nearest code.
        near: Option<String>,
    },
}

/// What a key would have to cross.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boundary {
    /// Only keys of the whole account do this.
    AccountKeysOnly,
    /// Keys of an inbox do not do this.
    NoInboxKeys,
    /// Only keys of the whole account do this for every pod.
    AccountWide,
    /// Only keys of the whole account touch webhooks.
    Webhooks,
    /// Only keys of the whole account set the mode `none`.
    PolicyMode,
    /// Only keys of the whole account widen an allowlist from beneath it.
    PolicyAllowlist,
    /// The key's pod, known by this name.
    Pod(String),
    /// The key's inbox, with this address.
    Inbox(String),
}

/// A bound on how much may happen in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    /// Sends of an inbox within a minute.
    SendsPerMinute,
    /// Sends of an inbox within a UTC day.
    SendsPerDay,
    /// Inboxes that the account opens within a UTC day.
    InboxesPerDay,
    /// Requests of the account within a minute.
    RequestsPerMinute,
    /// Checks of a domain's records within a minute.
    DomainChecksPerMinute,
}

impl RateLimit {
    /// How many it allows.
    #[must_use]
    pub const fn allowed(self) -> u32 {
        match self {
            RateLimit::SendsPerMinute | RateLimit::DomainChecksPerMinute => 10,
            RateLimit::SendsPerDay => 200,
            RateLimit::InboxesPerDay => 100,
            RateLimit::RequestsPerMinute => 1_000,
        }
    }
}

/// Whose recipients are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColdScope {
    /// Those of one inbox.
    Inbox,
    /// Those of the whole account.
    Account,
}

impl ColdScope {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ColdScope::Inbox => "inbox",
            ColdScope::Account => "customer",
        }
    }
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
    /// A key of a pod or an inbox.
    Key,
    /// An address on the suppression list.
    Suppression,
    /// Something that happened.
    Event,
    /// An event on its way to a webhook.
    Delivery,
    /// A rule of a policy.
    Rule,
    /// What a policy did to a mail.
    AuditEntry,
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
            Resource::Key => "key",
            Resource::Suppression => "suppression",
            Resource::Event => "event",
            Resource::Delivery => "delivery",
            Resource::Rule => "rule",
            Resource::AuditEntry => "audit entry",
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

/// Why a name is no domain that an account can add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFault {
    /// It is no name of a domain.
    Malformed,
    /// It is the service's.
    Own,
}
