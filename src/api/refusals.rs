//! Refusals of the domain as failures: their statuses in one exhaustive match, and what else they tell.

use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER};

use super::causes::cause_of;
use super::failures::Failure;
use crate::domain::refusal::{Refusal, Rule};

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let rule = refusal.rule();
        let mut failure = Self::new(status_of(rule), rule.code(), refusal.to_string());
        failure.rule = Some(rule);
        failure.cause = Some(Box::new(cause_of(&refusal)));
        if let Refusal::FeatureRequiresPaidPlan { .. } = &refusal {
            failure = failure.telling("feature", "external_reply_to");
        }
        if let Refusal::RecipientSuppressed { kind, .. } = &refusal {
            failure = failure.telling("type", *kind);
        }
        if let Refusal::RecipientNotPermitted { address, .. }
        | Refusal::RecipientSuppressed { address, .. } = &refusal
        {
            failure = failure.telling("recipient", address.as_str());
        }
        if let Refusal::ColdOutreachLimit {
            scope,
            limit,
            resets_at,
            ..
        } = &refusal
        {
            failure = failure
                .telling("scope", scope.word())
                .telling("limit", *limit)
                .telling("resetsAt", resets_at.to_string());
        }
        if let Refusal::RateLimitExceeded { retry_after, .. }
        | Refusal::ColdOutreachLimit { retry_after, .. } = refusal
        {
            failure = failure.with(RETRY_AFTER, HeaderValue::from(retry_after));
        }
        failure
    }
}

/// The status that a rule refuses with.
pub(super) fn status_of(rule: Rule) -> StatusCode {
    match rule {
        Rule::InvalidPod
        | Rule::InvalidDomain
        | Rule::SubjectMissing
        | Rule::NoWebhookUrl
        | Rule::MissingIdempotencyKey
        | Rule::NothingToInherit
        | Rule::UnknownProvocation => StatusCode::BAD_REQUEST,
        Rule::SpendCapPaused => StatusCode::PAYMENT_REQUIRED,
        Rule::Forbidden
        | Rule::AccountBanned
        | Rule::ReputationSuspended
        | Rule::FeatureRequiresPaidPlan
        | Rule::PlanLimit
        | Rule::RecipientNotPermitted
        | Rule::InheritedRule => StatusCode::FORBIDDEN,
        Rule::NotFound => StatusCode::NOT_FOUND,
        Rule::WebhookFailed => StatusCode::BAD_GATEWAY,
        Rule::ClientIdTaken
        | Rule::DefaultPod
        | Rule::PodNotEmpty
        | Rule::PodHasDomains
        | Rule::DomainExists
        | Rule::RuleExists
        | Rule::DomainTaken
        | Rule::IdentityExists
        | Rule::IdTaken
        | Rule::AddressTaken
        | Rule::LabelTaken
        | Rule::TokenTaken
        | Rule::InboxHasNoPod => StatusCode::CONFLICT,
        Rule::AttachmentsTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Rule::InboxLimitReached
        | Rule::InvalidWebhookUrl
        | Rule::DomainHasInboxes
        | Rule::UnfitDomain
        | Rule::DomainBlocked
        | Rule::IdempotencyKeyReused
        | Rule::TextExtractionFailed
        | Rule::StorageLimitExceeded
        | Rule::ApiKeyLimitReached
        | Rule::RecipientSuppressed
        | Rule::NoMxRecords
        | Rule::UnsafeContent
        | Rule::PhishingDetected => StatusCode::UNPROCESSABLE_ENTITY,
        Rule::RateLimitExceeded | Rule::ColdOutreachLimit => StatusCode::TOO_MANY_REQUESTS,
        Rule::ProviderError => StatusCode::BAD_GATEWAY,
    }
}
