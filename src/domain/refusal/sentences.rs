//! The rule behind each refusal, as a sentence for somebody who reads it for the first time.

use super::{Boundary, ColdScope, DomainFault, NameFault, RateLimit, Refusal};

impl Refusal {
    /// What the service's rule is.
    #[must_use]
    pub fn rule_in_words(&self) -> &'static str {
        match self {
            Refusal::NotFound { .. } => {
                "A call addresses what its account has now, by id (a pod by its `clientId` too). What was deleted, or belongs to another account, is not found."
            }
            Refusal::ClientIdTaken { .. } => "A `clientId` names one pod of its account.",
            Refusal::DefaultPod => {
                "Every account has one default pod, which lives as long as the account."
            }
            Refusal::PodNotEmpty { .. } => "A pod is deleted when no inbox stands in it any more.",
            Refusal::PodHasDomains { .. } => {
                "A pod is deleted when it owns no custom domain any more."
            }
            Refusal::InvalidPod { .. } => {
                "`podId` is the id or the `clientId` of a pod of this account."
            }
            Refusal::InvalidDomain { fault, .. } => fault.rule(),
            Refusal::UnfitDomain { fault, .. } => fault.rule(),
            Refusal::SpendCapPaused => {
                "An account whose monthly spend limit is reached, with auto-pause on, sends nothing and adds neither inboxes nor domains."
            }
            Refusal::InboxLimitReached { .. } => "Each plan has a highest number of inboxes.",
            Refusal::InvalidWebhookUrl { .. } => {
                "A webhook is an absolute URL to which requests can be sent from here: https, or http on this machine."
            }
            Refusal::NoWebhookUrl => {
                "The call is about the inbox's own webhook; the account's webhook does not count."
            }
            Refusal::WebhookFailed { .. } => {
                "A test event has arrived when the receiver answers 2xx within 15 seconds."
            }
            Refusal::DomainExists { .. } => "An account adds a domain once.",
            Refusal::PlanLimit => "Custom domains are for paid plans.",
            Refusal::DomainTaken { .. } => "A domain belongs to one account.",
            Refusal::IdentityExists { .. } => {
                "A domain that the mail provider knows from before is connected again by a person."
            }
            Refusal::DomainBlocked { .. } => "Domains that count as unsafe are not taken.",
            Refusal::ProviderError { .. } => {
                "The mail provider is asked about a domain, and may fail; then nothing changes."
            }
            Refusal::DomainHasInboxes { .. } => {
                "A domain is not taken away from the inboxes that stand on it."
            }
            Refusal::IdTaken { .. } => "An id names one thing.",
            Refusal::SubjectMissing => {
                "The first mail of a thread has a subject; a reply has its thread's."
            }
            Refusal::IdempotencyKeyReused { .. } => {
                "For 24 hours an idempotency key belongs to the request that came with it first: the same request is answered again, another one is refused."
            }
            Refusal::TextExtractionFailed { .. } => {
                "The text of an attachment is told where its kind of file can be read, and the file is whole."
            }
            Refusal::AttachmentsTooLarge { .. } => {
                "The attachments of one mail have a highest size together."
            }
            Refusal::StorageLimitExceeded { .. } => {
                "An account has room for so much mail, its trash included."
            }
            Refusal::AddressTaken { .. } => "An address belongs to one inbox.",
            Refusal::Forbidden { boundary } => boundary.rule(),
            Refusal::ApiKeyLimitReached { .. } => {
                "A pod and an inbox have a highest number of keys each."
            }
            Refusal::LabelTaken { .. } => "A label names one key of a world.",
            Refusal::TokenTaken => "A token belongs to one key.",
            Refusal::InboxHasNoPod => "A key of an inbox is confined to the inbox's pod too.",
            Refusal::MissingIdempotencyKey => {
                "An account can insist that every send carries the header `Idempotency-Key`."
            }
            Refusal::AccountBanned => "Nothing is sent for an account that is banned.",
            Refusal::ReputationSuspended { .. } => {
                "An inbox that is suspended, or whose pod is, does not send until it is reactivated."
            }
            Refusal::FeatureRequiresPaidPlan { .. } => {
                "On the free plan replies go to inboxes of the account only."
            }
            Refusal::RecipientNotPermitted { .. } => {
                "A mail goes to all its recipients or to none: the outbound policies of the inbox, its pod and the account must let each of them pass, `replyTo` included."
            }
            Refusal::RuleExists { .. } => {
                "Of rules with the same direction, type and value a scope has one."
            }
            Refusal::InheritedRule { .. } => "A rule is deleted in the scope that it belongs to.",
            Refusal::NothingToInherit => {
                "The mode `inherit` takes over what the scope around says; the account is the outermost."
            }
            Refusal::RecipientSuppressed { .. } => {
                "Nothing is sent to an address on the suppression list, nor to anybody else with the same mail."
            }
            Refusal::NoMxRecords { .. } => {
                "A recipient's domain must name servers that take its mail."
            }
            Refusal::UnsafeContent => "Mail with harmful content is not sent.",
            Refusal::PhishingDetected => "Mail that is taken for phishing is not sent.",
            Refusal::RateLimitExceeded { limit, .. } => limit.rule(),
            Refusal::ColdOutreachLimit { scope, .. } => scope.rule(),
            Refusal::UnknownProvocation { .. } => {
                "In this mock a recipient `<code>@fail.test` makes sendEmail answer that error, if it is one of its documented ones."
            }
        }
    }
}

impl DomainFault {
    fn rule(&self) -> &'static str {
        match self {
            DomainFault::Unknown => {
                "An inbox stands on the service's domain or on a verified domain of its account."
            }
            DomainFault::Own => NameFault::Own.rule(),
            DomainFault::NotVerified(_) => "Inboxes stand on a custom domain once it is verified.",
            DomainFault::OtherPod(_) => {
                "A domain that is scoped to a pod is for inboxes of that pod."
            }
        }
    }
}

impl NameFault {
    fn rule(self) -> &'static str {
        match self {
            NameFault::Malformed => "A custom domain is a name of the DNS with a dot in it.",
            NameFault::Own => "The service's own domain is everybody's, and nobody adds it.",
        }
    }
}

impl Boundary {
    fn rule(&self) -> &'static str {
        match self {
            Boundary::AccountKeysOnly => "Some calls take keys of the whole account only.",
            Boundary::NoInboxKeys => {
                "A key of an inbox reads, sends and sets read states there, and nothing more."
            }
            Boundary::AccountWide => {
                "What holds for every pod is decided with a key of the whole account."
            }
            Boundary::Webhooks => "Webhooks are set with a key of the whole account.",
            Boundary::PolicyMode => {
                "A policy beneath the account's tightens what holds around it; only a key of the whole account lifts that."
            }
            Boundary::PolicyAllowlist => {
                "Where an allowlist holds, only a key of the whole account adds to it from beneath."
            }
            Boundary::Pod(_) => "A key of a pod reaches that pod and what stands in it.",
            Boundary::Inbox(_) => "A key of an inbox reaches that inbox and its mail.",
        }
    }
}

impl RateLimit {
    fn rule(self) -> &'static str {
        match self {
            RateLimit::SendsPerMinute => "An inbox sends so many mails within any 60 seconds.",
            RateLimit::SendsPerDay => "An inbox sends so many mails on a UTC day.",
            RateLimit::InboxesPerDay => "An account opens so many inboxes on a UTC day.",
            RateLimit::RequestsPerMinute => {
                "An account makes so many requests in a minute of the world's clock, with all its keys together."
            }
            RateLimit::DomainChecksPerMinute => {
                "A domain is checked so many times in a minute of the world's clock."
            }
        }
    }
}

impl ColdScope {
    fn rule(self) -> &'static str {
        match self {
            ColdScope::Inbox => {
                "On a UTC day an inbox writes to so many recipients who never wrote to it: 20 while it is younger than 30 days, 200 later."
            }
            ColdScope::Account => {
                "On a UTC day all inboxes of an account together write to so many recipients who never wrote to them; how many, plan and age of the account say."
            }
        }
    }
}
