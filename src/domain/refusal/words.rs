//! How refusals are said.

use std::fmt;

use super::{Boundary, ColdScope, DomainFault, NameFault, PROVOKING_DOMAIN, RateLimit, Refusal};

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
            Refusal::PodNotEmpty { inboxes, .. } => {
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
            Refusal::SpendCapPaused => out.write_str(
                "the monthly spend limit is reached, so sending and the creation of inboxes and domains are paused; raise it, or wait for the next month",
            ),
            Refusal::InboxLimitReached { limit } => {
                write!(out, "the plan's maximum of {limit} inboxes is reached")
            }
            Refusal::InvalidWebhookUrl { fault } => {
                write!(out, "`webhookUrl` cannot be used: {fault}")
            }
            Refusal::NoWebhookUrl => out.write_str(
                "the inbox has no webhook of its own; set `webhookUrl` with updateInbox first",
            ),
            Refusal::WebhookFailed { reason } => {
                write!(out, "the webhook did not take the test event: {reason}")
            }
            Refusal::DomainExists { domain } => {
                write!(
                    out,
                    "this account has the domain `{}` already",
                    shown(domain)
                )
            }
            Refusal::PlanLimit => {
                out.write_str("the free plan has no custom domains; change the plan first")
            }
            Refusal::UnfitDomain { domain, fault } => fault.write(out, &shown(domain)),
            Refusal::DomainTaken { domain } => {
                write!(out, "another account has the domain `{}`", shown(domain))
            }
            Refusal::IdentityExists { domain } => write!(
                out,
                "the mail provider knows `{}` from before; the support has to connect it again",
                shown(domain)
            ),
            Refusal::DomainBlocked { domain } => {
                let domain = shown(domain);
                write!(out, "the domain `{domain}` counts as unsafe and is not taken")
            }
            Refusal::ProviderError { domain } => write!(
                out,
                "the mail provider failed while it worked on `{}`; nothing has changed, try again",
                shown(domain)
            ),
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
            Refusal::StorageLimitExceeded { limit } => {
                let room = limit.map_or_else(String::new, |limit| format!(" of {limit} bytes"));
                write!(
                    out,
                    "the account's storage{room} is full; delete messages or inboxes first"
                )
            }
            Refusal::AddressTaken { address } => {
                write!(out, "an inbox has the address {address} already")
            }
            Refusal::Forbidden { boundary } => boundary.write(out),
            Refusal::ApiKeyLimitReached { owner, limit } => {
                let owner = owner.word();
                write!(out, "the {owner} has {limit} keys, as many as it may have; revoke one first")
            }
            Refusal::LabelTaken { label } => {
                write!(out, "another key has the label `{}` already", shown(label))
            }
            Refusal::TokenTaken => out.write_str("another key has this token already"),
            Refusal::InboxHasNoPod => {
                out.write_str("the inbox stands in no pod, so no key can be confined to it")
            }
            Refusal::MissingIdempotencyKey => out.write_str(
                "this account sends nothing without the header `Idempotency-Key`; give each new send a new value, and repeat it when you try again",
            ),
            Refusal::AccountBanned => {
                out.write_str("the account is banned, and nothing is sent for it")
            }
            Refusal::ReputationSuspended { what, reason } => {
                let what = what.word();
                write!(out, "the {what} is suspended from sending: {reason}")
            }
            Refusal::FeatureRequiresPaidPlan { reply_to } => write!(
                out,
                "`replyTo` is `{}`, which is no inbox of this account; the free plan takes no other",
                shown(reply_to)
            ),
            Refusal::RecipientNotPermitted { address, .. } => write!(
                out,
                "the outbound policy does not permit mail to `{}`; nothing was sent to anybody",
                shown(address)
            ),
            Refusal::RuleExists { value, rule } => write!(
                out,
                "the rule {rule} says the same of `{}` already",
                shown(value)
            ),
            Refusal::InheritedRule { rule, of } => {
                let of = of.as_ref().map_or_else(
                    || "the account".to_owned(),
                    |pod| format!("the pod `{}`", shown(pod)),
                );
                write!(out, "the rule {rule} belongs to {of}, and is deleted there alone")
            }
            Refusal::NothingToInherit => out.write_str(
                "`inherit` is a mode of pods and inboxes; there is nothing around the account",
            ),
            Refusal::RecipientSuppressed { address, kind } => write!(
                out,
                "`{}` is on the suppression list ({kind}); nothing was sent to anybody",
                shown(address)
            ),
            Refusal::NoMxRecords { domain } => write!(
                out,
                "the domain `{}` has no MX records, so it takes no mail",
                shown(domain)
            ),
            Refusal::UnsafeContent => {
                out.write_str("the content is taken for harmful, so it was not sent")
            }
            Refusal::PhishingDetected => {
                out.write_str("the content is taken for phishing, so it was not sent")
            }
            Refusal::RateLimitExceeded { limit, retry_after } => {
                let allowed = limit.allowed();
                let what = match limit {
                    RateLimit::SendsPerMinute => "sends per minute per inbox",
                    RateLimit::SendsPerDay => "sends per UTC day per inbox",
                    RateLimit::InboxesPerDay => "new inboxes per UTC day",
                    RateLimit::RequestsPerMinute => "requests per minute",
                    RateLimit::DomainChecksPerMinute => "checks of a domain per minute",
                };
                write!(
                    out,
                    "Max {allowed} {what}; there is room again in {retry_after} s of the world's clock"
                )
            }
            Refusal::ColdOutreachLimit {
                scope,
                limit,
                resets_at,
                ..
            } => {
                let whose = match scope {
                    ColdScope::Inbox => "inbox",
                    ColdScope::Account => "account",
                };
                write!(
                    out,
                    "Max {limit} recipients per UTC day who never wrote to the inbox, for this {whose}; the count begins again at {resets_at}"
                )
            }
            Refusal::UnknownProvocation { address, near } => {
                let hint = near.as_ref().map_or_else(String::new, |near| {
                    format!("; did you mean `{near}@{PROVOKING_DOMAIN}`?")
                });
                write!(
                    out,
                    "`{}` asks for an error that sendEmail does not answer: write one of its codes before the `@`{hint}",
                    shown(address)
                )
            }
        }
    }
}

impl Boundary {
    fn write(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Boundary::AccountKeysOnly => out.write_str(
                "this call takes a key of the whole account; the key that came is confined to a pod or an inbox",
            ),
            Boundary::NoInboxKeys => out.write_str(
                "a key of an inbox reads, sends and sets read states there; this call takes a key of its pod or of the account",
            ),
            Boundary::AccountWide => out.write_str(
                "the key is confined to a pod, and this is for every pod; name the key's own pod as `podId`",
            ),
            Boundary::Webhooks => out.write_str(
                "webhooks need a key of the whole account; the key that came is confined to a pod or an inbox",
            ),
            Boundary::PolicyMode => out.write_str(
                "the mode `none` would lift what holds around; it takes a key of the whole account",
            ),
            Boundary::PolicyAllowlist => out.write_str(
                "an allowlist holds around this scope, and a further allow rule would widen it; that takes a key of the whole account",
            ),
            Boundary::Pod(pod) => write!(
                out,
                "the key is confined to the pod `{}`, and this lies outside it",
                shown(pod)
            ),
            Boundary::Inbox(address) => write!(
                out,
                "the key is confined to the inbox {}, and this lies outside it",
                shown(address)
            ),
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

impl NameFault {
    fn write(self, out: &mut fmt::Formatter<'_>, domain: &str) -> fmt::Result {
        match self {
            NameFault::Malformed => write!(
                out,
                "`{domain}` is no name of a domain: write letters, digits and hyphens with a dot between, such as meridian.io"
            ),
            NameFault::Own => DomainFault::Own.write(out, domain),
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
