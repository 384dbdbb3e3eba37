//! How far a domain is on its way to being verified, and what a check of its records finds. Nobody
//! looks anything up: what is found is what the dashboard says.

use super::super::clock::Timestamp;
use super::super::limits::Minute;
use super::super::refusal::{RateLimit, Refusal};
use super::Domain;

/// The verification of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Its records are not seen yet.
    Pending,
    /// They are being looked for.
    Verifying,
    /// Inboxes may stand on it.
    Verified,
    /// They were not found.
    Failed,
    /// A person looks at it.
    UnderReview,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Verifying,
        Self::Verified,
        Self::Failed,
        Self::UnderReview,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Verifying => "verifying",
            Status::Verified => "verified",
            Status::Failed => "failed",
            Status::UnderReview => "under_review",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// What the next checks of a domain's records come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outcome {
    /// They leave it with this status.
    Status(Status),
    /// The mail provider does not answer, and everything stays as it is.
    ProviderError,
    /// What nobody decided otherwise: the records are found.
    #[default]
    Found,
}

impl Outcome {
    /// The name in fixtures, where it is said at all.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Outcome::Found => None,
            Outcome::Status(status) => Some(status.word()),
            Outcome::ProviderError => Some("provider_error"),
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match Status::parse(word) {
            // That is what happens anyway, and it has one spelling.
            Some(Status::Verified) => Some(Outcome::Found),
            Some(status) => Some(Outcome::Status(status)),
            None => (word == "provider_error").then_some(Outcome::ProviderError),
        }
    }
}

/// How often a domain was checked in the minute of its last check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// The minute.
    pub minute: Minute,
    /// How often.
    pub count: u32,
}

/// The domain after a check of its records at that instant.
///
/// # Errors
///
/// [`Refusal::RateLimitExceeded`], if limits hold, and [`Refusal::ProviderError`].
pub(super) fn checked(
    domain: &Domain,
    now: Timestamp,
    limits_hold: bool,
) -> Result<Domain, Refusal> {
    let minute = Minute::of(now);
    let known = domain.checks.filter(|checks| checks.minute == minute);
    let count = known.map_or(0, |checks| checks.count);
    if limits_hold && count >= RateLimit::DomainChecksPerMinute.allowed() {
        let left = minute.end().millis() - now.millis();
        return Err(Refusal::RateLimitExceeded {
            limit: RateLimit::DomainChecksPerMinute,
            retry_after: u64::try_from(left).unwrap_or(0).div_ceil(1_000).max(1),
        });
    }
    let status = match domain.outcome {
        Outcome::Found => Status::Verified,
        Outcome::Status(status) => status,
        Outcome::ProviderError => {
            let domain = domain.domain.to_string();
            return Err(Refusal::ProviderError { domain });
        }
    };
    let checks = Some(Checks {
        minute,
        count: count.saturating_add(1),
    });
    let checked = Domain {
        checks,
        ..domain.clone()
    };
    Ok(checked.with_status(status, now))
}
