//! The account: its plan and what the dashboard sets for all of it.

use super::clock::Timestamp;
use super::ids::Id;

/// Settings of the account (OpenMail docs, Account and Billing).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What `GET /v1/me` names as `customerId`.
    pub id: Id,
    /// The plan, which caps inboxes and features.
    pub plan: Plan,
    /// The domain of inboxes that are created without one.
    pub default_domain: String,
    /// Its age counts from here.
    pub created_at: Timestamp,
    /// Whether the monthly spend limit was reached with auto-pause on.
    pub spend_cap_paused: bool,
}

/// What the account pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Three inboxes.
    Free,
    /// No cap on inboxes.
    Pro,
    /// No cap on inboxes.
    Enterprise,
}

impl Plan {
    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Plan::Free => "free",
            Plan::Pro => "pro",
            Plan::Enterprise => "enterprise",
        }
    }

    /// How many inboxes the account may have.
    #[must_use]
    pub fn inbox_limit(self) -> Option<usize> {
        match self {
            Plan::Free => Some(3),
            Plan::Pro | Plan::Enterprise => None,
        }
    }
}

impl Account {
    /// A new account with the defaults of a world.
    #[must_use]
    pub fn new(id: Id, now: Timestamp) -> Self {
        Self {
            id,
            plan: Plan::Pro,
            default_domain: "openmail.sh".to_owned(),
            created_at: now,
            spend_cap_paused: false,
        }
    }
}
