//! The account: its plan and what the dashboard sets for all of it.

use std::sync::Arc;

use super::clock::Timestamp;
use super::domains;
use super::ids::Id;
use super::refusal::Refusal;
use super::state::{State, Transaction};
use super::webhooks::Webhook;

/// The service's own domain, on which every account may have inboxes.
pub const SHARED_DOMAIN: &str = "openmail.sh";

/// Settings of the account (OpenMail docs, Account and Billing).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What `GET /v1/me` names as `customerId`.
    pub id: Id,
    /// The plan, which caps inboxes and features.
    pub plan: Plan,
    /// The domain of inboxes that are created without one.
    pub default_domain: Arc<str>,
    /// Its age counts from here.
    pub created_at: Timestamp,
    /// Account keys beside those that name their world; they open the default world.
    pub keys: Vec<String>,
    /// Whether the monthly spend limit was reached with auto-pause on.
    pub spend_cap_paused: bool,
    /// Whether it is shut: it sends nothing.
    pub banned: bool,
    /// Whether its storage counts as full, however much is in it.
    pub storage_full: bool,
    /// Whether rate, creation and cold-outreach limits hold; the plan's own caps always do.
    pub limits: bool,
    /// Whether it sends nothing without an idempotency key, as the service did until July 2026.
    pub require_idempotency_key: bool,
    /// Where events go that no inbox's own webhook takes.
    pub webhook: Option<Webhook>,
    /// Names that cannot be added as domains, and why.
    pub rejected_domains: Vec<(Arc<str>, Rejection)>,
}

/// Why the rest of the world keeps an account from adding a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Another account has it.
    Taken,
    /// The mail provider knows it from before.
    IdentityExists,
    /// It counts as unsafe.
    Blocked,
    /// The mail provider fails.
    ProviderError,
}

impl Rejection {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Taken,
        Self::IdentityExists,
        Self::Blocked,
        Self::ProviderError,
    ];

    /// The code of the refusal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Rejection::Taken => "domain_taken",
            Rejection::IdentityExists => "identity_exists",
            Rejection::Blocked => "domain_blocked",
            Rejection::ProviderError => "provider_error",
        }
    }

    /// The one with that code.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
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
    /// All plans.
    pub const ALL: [Self; 3] = [Self::Free, Self::Pro, Self::Enterprise];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Plan::Free => "free",
            Plan::Pro => "pro",
            Plan::Enterprise => "enterprise",
        }
    }

    /// The plan of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.word() == word)
    }

    /// Whether the account may add domains of its own.
    #[must_use]
    pub fn has_custom_domains(self) -> bool {
        match self {
            Plan::Free => false,
            Plan::Pro | Plan::Enterprise => true,
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

/// Changes that the dashboard makes; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// Where events go that no inbox's own webhook takes; empty means none.
    pub webhook_url: Option<Option<String>>,
    /// What signs them, if something other than what is drawn; needs a URL.
    pub webhook_secret: Option<String>,
    /// The plan; more inboxes than it allows stay where they are.
    pub plan: Option<Plan>,
    /// The domain of inboxes that are created without one, in lower case.
    pub default_domain: Option<String>,
    /// All further account keys.
    pub keys: Option<Vec<String>>,
    /// Whether the monthly spend limit was reached.
    pub spend_cap_paused: Option<bool>,
    /// Whether it is shut.
    pub banned: Option<bool>,
    /// Whether its storage counts as full.
    pub storage_full: Option<bool>,
    /// Whether its limits hold.
    pub limits: Option<bool>,
    /// Whether it insists on idempotency keys.
    pub require_idempotency_key: Option<bool>,
    /// All names that cannot be added as domains, in lower case.
    pub rejected_domains: Option<Vec<(Arc<str>, Rejection)>>,
}

impl Account {
    /// A new account with the defaults of a world.
    #[must_use]
    pub fn new(id: Id, now: Timestamp) -> Self {
        Self {
            id,
            plan: Plan::Pro,
            default_domain: Arc::from(SHARED_DOMAIN),
            created_at: now,
            keys: Vec::new(),
            spend_cap_paused: false,
            banned: false,
            storage_full: false,
            limits: false,
            require_idempotency_key: false,
            webhook: None,
            rejected_domains: Vec::new(),
        }
    }

    /// Why that name, which is lower-case, cannot be added as a domain, if so.
    #[must_use]
    pub fn rejection_of(&self, name: &str) -> Option<Rejection> {
        let mut rejected = self.rejected_domains.iter();
        let (_, why) = rejected.find(|(known, _)| **known == *name)?;
        Some(*why)
    }
}

/// Changes the account.
///
/// # Errors
///
/// [`Refusal::InvalidWebhookUrl`], and [`Refusal::DomainHasInboxes`] if inboxes stand on a default domain that would be no domain of
/// the account any more.
pub fn update(tx: &mut Transaction<'_>, change: AccountChange) -> Result<(), Refusal> {
    let mut account = Account::clone(&tx.state.account);
    let known = account.webhook.take();
    let (url, secret) = (change.webhook_url, change.webhook_secret);
    (account.webhook, _) = Webhook::changed(tx, known, url, secret)?;
    if let Some(plan) = change.plan {
        account.plan = plan;
    }
    if let Some(default_domain) = change.default_domain {
        domains::check_abandonable(tx.state, &default_domain)?;
        account.default_domain = Arc::from(default_domain);
    }
    if let Some(keys) = change.keys {
        account.keys = keys;
    }
    if let Some(rejected) = change.rejected_domains {
        account.rejected_domains = rejected;
    }
    for (flag, change) in [
        (&mut account.spend_cap_paused, change.spend_cap_paused),
        (&mut account.banned, change.banned),
        (&mut account.storage_full, change.storage_full),
        (&mut account.limits, change.limits),
        (
            &mut account.require_idempotency_key,
            change.require_idempotency_key,
        ),
    ] {
        *flag = change.unwrap_or(*flag);
    }
    tx.state.account = Arc::new(account);
    Ok(())
}

/// Says whether the limits of a new account hold, where nobody says otherwise.
pub fn set_default_limits(state: &mut State, limits: bool) {
    let known = Account::clone(&state.account);
    state.account = Arc::new(Account { limits, ..known });
}

/// Gives a new account the id and the age that it had elsewhere.
pub fn restore(tx: &mut Transaction<'_>, id: Option<Id>, created_at: Option<Timestamp>) {
    let known = Account::clone(&tx.state.account);
    tx.state.account = Arc::new(Account {
        id: id.unwrap_or(known.id),
        created_at: created_at.unwrap_or(known.created_at),
        ..known
    });
}
