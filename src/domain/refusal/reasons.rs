//! What was so at the moment of a refusal, and decided: facts, and what shows them.

use super::{Boundary, DomainFault, Refusal, Resource};
use crate::domain::ids::Id;

/// Something that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is.
    pub what: &'static str,
    /// How it was.
    pub value: String,
    /// Where it can be seen, if anything of it is left.
    pub seen: Seen,
}

/// Where something can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// In a row of this kind, with that id.
    Row(Resource, String),
    /// In the list of rows of this kind.
    List(Resource),
    /// In the list of the inboxes of that pod.
    InboxesOf(Id),
    /// In that part of the whole state.
    Part(&'static str),
    /// In the request.
    Request,
}

fn reason(what: &'static str, value: impl ToString, seen: Seen) -> Reason {
    Reason {
        what,
        value: value.to_string(),
        seen,
    }
}

impl Refusal {
    /// What decided, the most telling first.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        match self {
            Refusal::NotFound { what, key } => {
                let addressed = reason("what was addressed", key, Seen::Request);
                let kind = reason("of the kind", what.word(), Seen::List(*what));
                vec![addressed, kind]
            }
            Refusal::ClientIdTaken { client_id, pod } => {
                let pod_id = pod.to_string();
                let row = Seen::Row(Resource::Pod, pod_id.clone());
                vec![
                    reason("pod that has the clientId", pod_id, row),
                    reason("clientId", client_id, Seen::Request),
                ]
            }
            Refusal::DefaultPod => {
                let pods = Seen::List(Resource::Pod);
                vec![reason("isDefault of the pod", true, pods)]
            }
            Refusal::PodNotEmpty { pod, inboxes } => {
                let listed = Seen::InboxesOf(*pod);
                vec![reason("inboxes in the pod", inboxes, listed)]
            }
            Refusal::PodHasDomains { domains } => {
                let listed = Seen::List(Resource::Domain);
                vec![reason("domains that the pod owns", domains, listed)]
            }
            Refusal::InvalidPod { key } => {
                let listed = Seen::List(Resource::Pod);
                vec![reason("podId, which no pod has", key, listed)]
            }
            Refusal::InvalidDomain { domain, fault } => {
                let mut reasons = vec![reason("domain", domain, Seen::List(Resource::Domain))];
                reasons.extend(fault.reason());
                reasons
            }
            Refusal::UnfitDomain { domain, .. } => {
                vec![reason("domain", domain, Seen::Request)]
            }
            Refusal::SpendCapPaused => {
                let account = Seen::Part("account");
                vec![reason("account.spendCapPaused", true, account)]
            }
            Refusal::InboxLimitReached { limit } => vec![
                reason("inboxes that the plan allows", limit, Seen::Part("account")),
                reason("inboxes of the account", limit, Seen::List(Resource::Inbox)),
            ],
            Refusal::InvalidWebhookUrl { fault } => {
                vec![reason("what is wrong with the URL", fault, Seen::Request)]
            }
            Refusal::NoWebhookUrl => {
                let inboxes = Seen::List(Resource::Inbox);
                vec![reason("webhookUrl of the inbox", "none", inboxes)]
            }
            Refusal::WebhookFailed { reason: why } => {
                let inboxes = Seen::List(Resource::Inbox);
                vec![reason("what came of the attempt", why, inboxes)]
            }
            Refusal::DomainExists { domain } => {
                let listed = Seen::List(Resource::Domain);
                vec![reason("domain of the account", domain, listed)]
            }
            Refusal::PlanLimit => vec![reason("account.plan", "free", Seen::Part("account"))],
            Refusal::DomainTaken { domain }
            | Refusal::IdentityExists { domain }
            | Refusal::DomainBlocked { domain } => {
                let account = Seen::Part("account");
                vec![reason("account.rejectedDomains has", domain, account)]
            }
            Refusal::ProviderError { domain } => {
                let account = Seen::Part("account");
                vec![reason("domain at which it fails", domain, account)]
            }
            Refusal::DomainHasInboxes {
                domain,
                inboxes,
                outside,
            } => {
                let listed = Seen::List(Resource::Inbox);
                let mut reasons = vec![
                    reason("inboxes in the way", inboxes, listed),
                    reason("domain", domain, Seen::List(Resource::Domain)),
                ];
                let pod = |pod| reason("outside the pod", pod, Seen::List(Resource::Pod));
                reasons.extend(outside.as_ref().map(pod));
                reasons
            }
            Refusal::IdTaken { what, id } => {
                let id = id.to_string();
                vec![reason("what has the id", what.word(), Seen::Row(*what, id))]
            }
            Refusal::SubjectMissing => {
                vec![reason(
                    "subject and threadId",
                    "neither came",
                    Seen::Request,
                )]
            }
            Refusal::IdempotencyKeyReused { key } => {
                let records = Seen::Part("idempotency");
                vec![reason("Idempotency-Key, used before", key, records)]
            }
            Refusal::TextExtractionFailed { filename, method } => vec![
                reason("extractionMethod", method, Seen::Request),
                reason("file", filename, Seen::Request),
            ],
            Refusal::AttachmentsTooLarge { bytes, limit } => vec![
                reason("bytes of the attachments", bytes, Seen::Request),
                reason("bytes that are allowed", limit, Seen::Request),
            ],
            Refusal::StorageLimitExceeded { limit } => match limit {
                Some(limit) => vec![reason(
                    "bytes that the account has room for",
                    limit,
                    Seen::List(Resource::Message),
                )],
                None => vec![reason("account.storageFull", true, Seen::Part("account"))],
            },
            Refusal::AddressTaken { address } => {
                let listed = Seen::List(Resource::Inbox);
                vec![reason("address of another inbox", address, listed)]
            }
            Refusal::Forbidden { boundary } => vec![boundary.reason()],
            Refusal::ApiKeyLimitReached { owner, limit } => {
                let keys = Seen::List(Resource::Key);
                vec![
                    reason("keys that there are", limit, keys.clone()),
                    reason("whose they are", owner.word(), keys),
                ]
            }
            Refusal::LabelTaken { label } => {
                vec![reason("label of another key", label, Seen::Part("keys"))]
            }
            Refusal::TokenTaken => {
                let keys = Seen::Part("keys");
                vec![reason("token", "another key has it", keys)]
            }
            Refusal::InboxHasNoPod => {
                let listed = Seen::List(Resource::Inbox);
                vec![reason("podId of the inbox", "none", listed)]
            }
            Refusal::MissingIdempotencyKey => {
                let account = Seen::Part("account");
                vec![reason("account.requireIdempotencyKey", true, account)]
            }
            Refusal::AccountBanned => {
                vec![reason("account.banned", true, Seen::Part("account"))]
            }
            Refusal::ReputationSuspended {
                what,
                reason: suspended,
            } => {
                let part = match *what == Resource::Pod {
                    true => Seen::Part("pods"),
                    false => Seen::Part("inboxes"),
                };
                vec![
                    reason("what is suspended", what.word(), part.clone()),
                    reason("suspended for", suspended, part),
                ]
            }
            Refusal::FeatureRequiresPaidPlan { reply_to } => vec![
                reason("account.plan", "free", Seen::Part("account")),
                reason("replyTo", reply_to, Seen::Request),
            ],
            Refusal::RecipientNotPermitted { address, rule } => {
                let audit = Seen::List(Resource::AuditEntry);
                let rules = Seen::List(Resource::Rule);
                let decided = match rule {
                    Some(rule) => reason("rule that blocks it", rule, rules),
                    None => reason("rule of the allowlist that lets it pass", "none", rules),
                };
                vec![
                    reason("recipient that a policy refuses", address, audit),
                    decided,
                ]
            }
            Refusal::RuleExists { value, rule } => {
                let rule = rule.to_string();
                vec![
                    reason("rule that says the same", rule, Seen::List(Resource::Rule)),
                    reason("value", value, Seen::Request),
                ]
            }
            Refusal::InheritedRule { rule, of } => {
                let of = of.as_deref().unwrap_or("the account");
                vec![
                    reason("scope of the rule", of, Seen::List(Resource::Rule)),
                    reason("rule", rule, Seen::Request),
                ]
            }
            Refusal::NothingToInherit => {
                vec![reason("scope", "the account", Seen::Request)]
            }
            Refusal::RecipientSuppressed { address, kind } => {
                let listed = Seen::Part("suppressions");
                vec![
                    reason("suppressed recipient", address, listed.clone()),
                    reason("what put it on the list", kind, listed),
                ]
            }
            Refusal::NoMxRecords { domain } => {
                vec![reason("domain without MX records", domain, Seen::Request)]
            }
            Refusal::UnsafeContent | Refusal::PhishingDetected => {
                vec![reason("what was judged", "the content", Seen::Request)]
            }
            Refusal::RateLimitExceeded { limit, retry_after } => {
                let usage = Seen::Part("usage");
                vec![
                    reason("allowed, and used up", limit.allowed(), usage),
                    reason("account.limits", "on", Seen::Part("account")),
                    reason("seconds until there is room", retry_after, Seen::Request),
                ]
            }
            Refusal::ColdOutreachLimit {
                limit, resets_at, ..
            } => {
                let usage = Seen::Part("usage");
                vec![
                    reason("recipients that a day allows", limit, usage),
                    reason("account.limits", "on", Seen::Part("account")),
                    reason("the count begins again at", resets_at, Seen::Request),
                ]
            }
            Refusal::UnknownProvocation { address, .. } => {
                vec![reason("recipient", address, Seen::Request)]
            }
        }
    }
}

impl DomainFault {
    fn reason(&self) -> Option<Reason> {
        let listed = Seen::List(Resource::Domain);
        match self {
            DomainFault::Unknown | DomainFault::Own => None,
            DomainFault::NotVerified(status) => {
                Some(reason("status of the domain", status, listed))
            }
            DomainFault::OtherPod(pod) => Some(reason("pod that it is scoped to", pod, listed)),
        }
    }
}

impl Boundary {
    fn reason(&self) -> Reason {
        let (what, value): (_, &str) = match self {
            Boundary::AccountKeysOnly
            | Boundary::Webhooks
            | Boundary::PolicyMode
            | Boundary::PolicyAllowlist => ("reach of the key", "a pod or an inbox"),
            Boundary::NoInboxKeys => ("reach of the key", "an inbox"),
            Boundary::AccountWide => ("reach of the key", "a pod"),
            Boundary::Pod(pod) => ("reach of the key: the pod", pod),
            Boundary::Inbox(address) => ("reach of the key: the inbox", address),
        };
        reason(what, value, Seen::List(Resource::Key))
    }
}
