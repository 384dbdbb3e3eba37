//! The codes of refusals, which are OpenMail's own words (`rules.rs` has the table), and an example
//! of each.

use super::{ColdScope, RateLimit, Refusal, Resource};
use crate::domain::account::Plan;
use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::keys::MAX_KEYS;
use crate::domain::limits::{COLD_RECIPIENTS_OF_YOUNG, MINUTE_MILLIS};

/// One day.
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

impl Refusal {
    /// What programs read.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.rule().code()
    }

    /// A refusal with that code, as it might be: what somebody sees who asks for the error rather
    /// than for what causes it. None for codes that no rule has.
    #[must_use]
    pub fn example(code: &str, now: Timestamp) -> Option<Self> {
        let address = "ada@example.com".to_owned();
        let domain = "example.com".to_owned();
        let tomorrow = DAY_MILLIS - now.millis().rem_euclid(DAY_MILLIS);
        let retry_after = u64::try_from(tomorrow).unwrap_or(0).div_ceil(1_000);
        Some(match code {
            "not_found" => Refusal::NotFound {
                what: Resource::Inbox,
                key: Id::MIN.to_string(),
            },
            "client_id_taken" => Refusal::ClientIdTaken {
                client_id: "meridian".to_owned(),
                pod: Id::MIN,
            },
            "default_pod" => Refusal::DefaultPod,
            "pod_not_empty" => Refusal::PodNotEmpty {
                pod: Id::MIN,
                inboxes: 1,
            },
            "pod_has_domains" => Refusal::PodHasDomains { domains: 1 },
            "invalid_pod" => Refusal::InvalidPod {
                key: "meridian".to_owned(),
            },
            "invalid_domain" => Refusal::InvalidDomain {
                domain: "example.com".to_owned(),
                fault: super::DomainFault::Unknown,
            },
            "plan_limit" => Refusal::PlanLimit,
            "domain_exists" => Refusal::DomainExists { domain },
            "domain_taken" => Refusal::DomainTaken { domain },
            "identity_exists" => Refusal::IdentityExists { domain },
            "domain_blocked" => Refusal::DomainBlocked { domain },
            "provider_error" => Refusal::ProviderError { domain },
            "domain_has_inboxes" => Refusal::DomainHasInboxes {
                domain,
                inboxes: 1,
                outside: None,
            },
            "spend_cap_paused" => Refusal::SpendCapPaused,
            "inbox_limit_reached" => Refusal::InboxLimitReached {
                limit: Plan::Free.inbox_limit().unwrap_or_default(),
            },
            "invalid_webhook_url" => Refusal::InvalidWebhookUrl {
                fault: "it names no host",
            },
            "no_webhook_url" => Refusal::NoWebhookUrl,
            "webhook_failed" => Refusal::WebhookFailed {
                reason: "the receiver answered 500".to_owned(),
            },
            "idempotency_key_reused" => Refusal::IdempotencyKeyReused {
                key: "f6b1c0de".to_owned(),
            },
            "text_extraction_failed" => Refusal::TextExtractionFailed {
                filename: "invoice.pdf".to_owned(),
                method: "pdf_error".to_owned(),
            },
            "storage_limit_exceeded" => Refusal::StorageLimitExceeded { limit: None },
            "address_taken" => Refusal::AddressTaken { address },
            "forbidden" => Refusal::Forbidden {
                boundary: super::Boundary::AccountKeysOnly,
            },
            "api_key_limit_reached" => Refusal::ApiKeyLimitReached {
                owner: Resource::Pod,
                limit: MAX_KEYS,
            },
            "inbox_has_no_pod" => Refusal::InboxHasNoPod,
            "missing_idempotency_key" => Refusal::MissingIdempotencyKey,
            "account_banned" => Refusal::AccountBanned,
            "reputation_suspended" => Refusal::ReputationSuspended {
                what: Resource::Inbox,
                reason: "high_bounce_rate",
            },
            "feature_requires_paid_plan" => Refusal::FeatureRequiresPaidPlan { reply_to: address },
            "recipient_not_permitted" => Refusal::RecipientNotPermitted {
                address,
                rule: None,
            },
            "rule_exists" => Refusal::RuleExists {
                value: address,
                rule: Id::MIN,
            },
            "inherited_rule" => Refusal::InheritedRule {
                rule: Id::MIN,
                of: None,
            },
            "recipient_suppressed" => Refusal::RecipientSuppressed {
                address,
                kind: "bounce",
            },
            "no_mx_records" => Refusal::NoMxRecords {
                domain: "example.com".to_owned(),
            },
            "unsafe_content" => Refusal::UnsafeContent,
            "phishing_detected" => Refusal::PhishingDetected,
            "rate_limit_exceeded" => Refusal::RateLimitExceeded {
                limit: RateLimit::SendsPerMinute,
                retry_after: MINUTE_MILLIS.unsigned_abs() / 1_000,
            },
            "cold_outreach_limit" => Refusal::ColdOutreachLimit {
                scope: ColdScope::Inbox,
                limit: COLD_RECIPIENTS_OF_YOUNG,
                resets_at: now.after(tomorrow).unwrap_or(Timestamp::MAX),
                retry_after,
            },
            _ => return None,
        })
    }
}
