//! Refusals of the domain as failures: their statuses in one exhaustive match, and what else they tell.

use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER};

use super::failures::Failure;
use crate::domain::refusal::Refusal;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let mut failure = Self::new(status_of(&refusal), refusal.code(), refusal.to_string());
        if let Refusal::FeatureRequiresPaidPlan { .. } = &refusal {
            failure = failure.telling("feature", "external_reply_to");
        }
        if let Refusal::RecipientSuppressed { kind, .. } = &refusal {
            failure = failure.telling("type", *kind);
        }
        if let Refusal::RecipientNotPermitted { address }
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

fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::InvalidPod { .. }
        | Refusal::InvalidDomain { .. }
        | Refusal::SubjectMissing
        | Refusal::NoWebhookUrl
        | Refusal::MissingIdempotencyKey
        | Refusal::NothingToInherit
        | Refusal::UnknownProvocation { .. } => StatusCode::BAD_REQUEST,
        Refusal::SpendCapPaused => StatusCode::PAYMENT_REQUIRED,
        Refusal::Forbidden { .. }
        | Refusal::AccountBanned
        | Refusal::ReputationSuspended { .. }
        | Refusal::FeatureRequiresPaidPlan { .. }
        | Refusal::PlanLimit
        | Refusal::RecipientNotPermitted { .. }
        | Refusal::InheritedRule { .. } => StatusCode::FORBIDDEN,
        Refusal::NotFound { .. } => StatusCode::NOT_FOUND,
        Refusal::WebhookFailed { .. } => StatusCode::BAD_GATEWAY,
        Refusal::ClientIdTaken { .. }
        | Refusal::DefaultPod
        | Refusal::PodNotEmpty { .. }
        | Refusal::PodHasDomains { .. }
        | Refusal::DomainExists { .. }
        | Refusal::RuleExists { .. }
        | Refusal::DomainTaken { .. }
        | Refusal::IdentityExists { .. }
        | Refusal::IdTaken { .. }
        | Refusal::AddressTaken { .. }
        | Refusal::LabelTaken { .. }
        | Refusal::TokenTaken
        | Refusal::InboxHasNoPod => StatusCode::CONFLICT,
        Refusal::AttachmentsTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::InboxLimitReached { .. }
        | Refusal::InvalidWebhookUrl { .. }
        | Refusal::DomainHasInboxes { .. }
        | Refusal::UnfitDomain { .. }
        | Refusal::DomainBlocked { .. }
        | Refusal::IdempotencyKeyReused { .. }
        | Refusal::TextExtractionFailed { .. }
        | Refusal::StorageLimitExceeded { .. }
        | Refusal::ApiKeyLimitReached { .. }
        | Refusal::RecipientSuppressed { .. }
        | Refusal::NoMxRecords { .. }
        | Refusal::UnsafeContent
        | Refusal::PhishingDetected => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::RateLimitExceeded { .. } | Refusal::ColdOutreachLimit { .. } => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Refusal::ProviderError { .. } => StatusCode::BAD_GATEWAY,
    }
}
