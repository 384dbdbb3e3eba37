//! What there is to be covered at all: what nobody can bring about spoils no figure.

use hyper::StatusCode;

use crate::api::Row;
use crate::api::refusals::status_of;
use crate::contract::{Operation, StatusKey};
use crate::domain::refusal::Rule;

/// Errors of the mock, which say nothing about the API.
const OF_THE_MOCK: [&str; 4] = [
    "contract_breach",
    "internal_error",
    "server_busy",
    "too_many_worlds",
];

/// Where a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// With every operation that documents its error.
    Documented,
    /// With these operations, though others document the same error for other reasons.
    Only(&'static [&'static str]),
    /// With none; why.
    Exempt(&'static str),
}

/// Where a rule counts.
pub(super) fn standing(rule: Rule) -> Standing {
    match rule {
        Rule::SubjectMissing | Rule::AttachmentsTooLarge => Standing::Only(&["sendEmail"]),
        Rule::NothingToInherit => Standing::Only(&["replacePolicy", "setPolicyMode"]),
        Rule::IdTaken | Rule::LabelTaken | Rule::TokenTaken => {
            Standing::Exempt("only who writes state chooses such values; the API draws them")
        }
        Rule::InboxHasNoPod => Standing::Exempt("no inbox stands outside all pods here"),
        Rule::NoMxRecords | Rule::UnsafeContent | Rule::PhishingDetected => {
            Standing::Exempt("nothing but a recipient at fail.test brings it about")
        }
        Rule::UnknownProvocation => Standing::Exempt("the mock's own word about fail.test"),
        Rule::NotFound
        | Rule::ClientIdTaken
        | Rule::DefaultPod
        | Rule::PodNotEmpty
        | Rule::PodHasDomains
        | Rule::InvalidPod
        | Rule::InvalidDomain
        | Rule::SpendCapPaused
        | Rule::InboxLimitReached
        | Rule::InvalidWebhookUrl
        | Rule::NoWebhookUrl
        | Rule::WebhookFailed
        | Rule::DomainExists
        | Rule::PlanLimit
        | Rule::UnfitDomain
        | Rule::DomainTaken
        | Rule::IdentityExists
        | Rule::DomainBlocked
        | Rule::ProviderError
        | Rule::DomainHasInboxes
        | Rule::IdempotencyKeyReused
        | Rule::TextExtractionFailed
        | Rule::StorageLimitExceeded
        | Rule::AddressTaken
        | Rule::Forbidden
        | Rule::ApiKeyLimitReached
        | Rule::MissingIdempotencyKey
        | Rule::AccountBanned
        | Rule::ReputationSuspended
        | Rule::FeatureRequiresPaidPlan
        | Rule::RecipientNotPermitted
        | Rule::RuleExists
        | Rule::InheritedRule
        | Rule::RecipientSuppressed
        | Rule::RateLimitExceeded
        | Rule::ColdOutreachLimit => Standing::Documented,
    }
}

/// Where a rule counts, for whoever holds the table against the document.
#[must_use]
pub fn standing_of(rule: Rule) -> Standing {
    standing(rule)
}

/// The rules that count with an operation.
pub(super) fn rules_of(operation: &Operation) -> Vec<Rule> {
    let is_documented = |rule: Rule| {
        let answer = operation.answer(status_of(rule).as_u16());
        answer.is_some_and(|answer| answer.errors.iter().any(|code| code == rule.code()))
    };
    let counts = |rule: &Rule| match standing(*rule) {
        Standing::Documented => is_documented(*rule),
        Standing::Only(operations) => {
            operations.contains(&operation.id.as_str()) && is_documented(*rule)
        }
        Standing::Exempt(_) => false,
    };
    Rule::ALL.iter().copied().filter(counts).collect()
}

/// Whether an operation can be brought to give a documented answer, by nothing but calls.
pub(super) fn can_answer(
    operation: &Operation,
    row: Option<&'static Row>,
    status: StatusKey,
    error: Option<&str>,
) -> bool {
    if row.is_none() {
        return can_synthesize(operation, status);
    }
    if let Some(error) = error {
        let is_exempt = |rule: &Rule| matches!(standing(*rule), Standing::Exempt(_));
        let rules = Rule::ALL.iter().filter(|rule| rule.code() == error);
        let rules: Vec<&Rule> = rules.collect();
        // A code that rules share may be answered because of any of them.
        let is_out_of_reach = !rules.is_empty() && rules.into_iter().all(is_exempt);
        return !OF_THE_MOCK.contains(&error) && !is_out_of_reach;
    }
    match status {
        StatusKey::Code(code) => code < 500,
        StatusKey::Range(hundred) => hundred < 5,
        StatusKey::Default => true,
    }
}

/// An operation without behaviour has one answer of its own; beside that the mock refuses what
/// breaks the document.
fn can_synthesize(operation: &Operation, status: StatusKey) -> bool {
    let own = operation.synthesized_status();
    match status {
        StatusKey::Code(code) => code == own || is_refusal_of_form(operation, code),
        StatusKey::Range(hundred) => hundred == 4 || hundred == own / 100,
        StatusKey::Default => true,
    }
}

fn is_refusal_of_form(operation: &Operation, status: u16) -> bool {
    let has_body = operation.body.is_some();
    match StatusCode::from_u16(status) {
        Ok(StatusCode::BAD_REQUEST) => has_body || !operation.parameters.is_empty(),
        Ok(StatusCode::UNAUTHORIZED) => !operation.credentials.is_empty(),
        Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE) => has_body,
        Ok(StatusCode::PAYLOAD_TOO_LARGE) => true,
        Ok(_) | Err(_) => false,
    }
}
