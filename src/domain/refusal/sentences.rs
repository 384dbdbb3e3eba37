//! What a rule says of one refusal, where it says more than the table (`rules.rs`) does: it depends on
//! what was in the way.

use super::{Boundary, ColdScope, DomainFault, NameFault, RateLimit, Refusal};

impl Refusal {
    /// What the service's rule is.
    #[must_use]
    pub fn rule_in_words(&self) -> &'static str {
        if let Refusal::InvalidDomain { fault, .. } = self {
            return fault.rule();
        }
        if let Refusal::UnfitDomain { fault, .. } = self {
            return fault.rule();
        }
        if let Refusal::Forbidden { boundary } = self {
            return boundary.rule();
        }
        if let Refusal::RateLimitExceeded { limit, .. } = self {
            return limit.rule();
        }
        if let Refusal::ColdOutreachLimit { scope, .. } = self {
            return scope.rule();
        }
        self.rule().words()
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
