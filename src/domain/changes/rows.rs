//! What changed about a row, by the names that its fields have in the API and in fixtures.

use crate::domain::account::Account;
use crate::domain::deliveries::Delivery;
use crate::domain::domains::Domain;
use crate::domain::events::Event;
use crate::domain::inboxes::Inbox;
use crate::domain::keys::Key;
use crate::domain::messages::Message;
use crate::domain::pods::Pod;
use crate::domain::policy::{Entry, Rule};
use crate::domain::sends::{Departed, Record};
use crate::domain::suppressions::Suppression;
use crate::domain::threads::{Thread, Trashed};
use crate::domain::webhooks::Webhook;

/// A row whose versions can be compared.
pub(super) trait Fields {
    /// What is otherwise in a newer version of it.
    fn changed(&self, newer: &Self) -> Vec<&'static str>;
}

fn differing<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    let differing = fields.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(name, _)| name).collect()
}

/// Whether a webhook's URL differs, and whether its secret does.
fn webhooks(old: Option<&Webhook>, new: Option<&Webhook>) -> [(&'static str, bool); 2] {
    let url = |webhook: Option<&Webhook>| webhook.map(|webhook| webhook.url.clone());
    let secret = |webhook: Option<&Webhook>| webhook.map(|webhook| webhook.secret.clone());
    [
        ("webhookUrl", url(old) != url(new)),
        ("webhookSecret", secret(old) != secret(new)),
    ]
}

impl Fields for Account {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let Self {
            id,
            plan,
            default_domain,
            created_at,
            keys,
            spend_cap_paused,
            banned,
            storage_full,
            limits,
            require_idempotency_key,
            webhook,
            rejected_domains,
        } = self;
        let [url, secret] = webhooks(webhook.as_ref(), newer.webhook.as_ref());
        differing([
            ("id", *id != newer.id),
            ("plan", *plan != newer.plan),
            ("defaultDomain", *default_domain != newer.default_domain),
            ("createdAt", *created_at != newer.created_at),
            ("keys", *keys != newer.keys),
            (
                "spendCapPaused",
                *spend_cap_paused != newer.spend_cap_paused,
            ),
            ("banned", *banned != newer.banned),
            ("storageFull", *storage_full != newer.storage_full),
            ("limits", *limits != newer.limits),
            (
                "requireIdempotencyKey",
                *require_idempotency_key != newer.require_idempotency_key,
            ),
            url,
            secret,
            (
                "rejectedDomains",
                *rejected_domains != newer.rejected_domains,
            ),
        ])
    }
}

impl Fields for Pod {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let Self {
            id: _,
            order: _,
            client_id,
            name,
            is_default,
            created_at,
            suspended,
        } = self;
        differing([
            ("clientId", *client_id != newer.client_id),
            ("name", *name != newer.name),
            ("isDefault", *is_default != newer.is_default),
            ("createdAt", *created_at != newer.created_at),
            ("suspended", *suspended != newer.suspended),
        ])
    }
}

impl Fields for Inbox {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let Self {
            id: _,
            order: _,
            pod,
            address,
            display_name,
            webhook,
            created_at,
            suspended,
        } = self;
        let [url, secret] = webhooks(webhook.as_ref(), newer.webhook.as_ref());
        differing([
            ("podId", *pod != newer.pod),
            ("address", *address != newer.address),
            ("displayName", *display_name != newer.display_name),
            url,
            secret,
            ("createdAt", *created_at != newer.created_at),
            ("suspended", *suspended != newer.suspended),
        ])
    }
}

impl Fields for Domain {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let Self {
            id: _,
            order: _,
            domain,
            pod,
            status,
            verified_at,
            outcome,
            warnings,
            checks,
            created_at,
        } = self;
        differing([
            ("domain", *domain != newer.domain),
            ("podId", *pod != newer.pod),
            ("status", *status != newer.status),
            ("verifiedAt", *verified_at != newer.verified_at),
            ("verification", *outcome != newer.outcome),
            ("warnings", *warnings != newer.warnings),
            ("checks", *checks != newer.checks),
            ("createdAt", *created_at != newer.created_at),
        ])
    }
}

impl Fields for Key {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let Self {
            id: _,
            order: _,
            scope,
            name,
            label,
            token,
            created_at,
            last_used_at,
        } = self;
        differing([
            ("scope", *scope != newer.scope),
            ("name", *name != newer.name),
            ("label", *label != newer.label),
            ("token", *token != newer.token),
            ("createdAt", *created_at != newer.created_at),
            ("lastUsedAt", *last_used_at != newer.last_used_at),
        ])
    }
}

impl Fields for Thread {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let Self {
            id: _,
            inbox,
            subject,
            is_read,
            created_at,
            last,
            messages,
        } = self;
        differing([
            ("inboxId", *inbox != newer.inbox),
            ("subject", *subject != newer.subject),
            ("isRead", *is_read != newer.is_read),
            ("createdAt", *created_at != newer.created_at),
            ("lastMessageAt", *last != newer.last),
            ("messageCount", *messages != newer.messages),
        ])
    }
}

impl Fields for Message {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let Self {
            id: _,
            order: _,
            inbox,
            thread,
            direction,
            status,
            mail,
            to,
            role,
            created_at,
        } = self;
        differing([
            ("inboxId", *inbox != newer.inbox),
            ("threadId", *thread != newer.thread),
            ("direction", *direction != newer.direction),
            ("status", *status != newer.status),
            ("content", *mail != newer.mail),
            ("to", *to != newer.to),
            ("role", *role != newer.role),
            ("createdAt", *created_at != newer.created_at),
        ])
    }
}

impl Fields for Delivery {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let Self {
            id: _,
            order: _,
            event,
            webhook,
            status,
            attempts,
            first_at,
        } = self;
        let [url, secret] = webhooks(Some(webhook), Some(&newer.webhook));
        differing([
            ("eventId", event.id != newer.event.id),
            url,
            secret,
            ("status", *status != newer.status),
            ("attempts", *attempts != newer.attempts),
            ("firstAt", *first_at != newer.first_at),
        ])
    }
}

impl Fields for Suppression {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        let Self {
            address: _,
            kind,
            created_at,
        } = self;
        differing([
            ("type", *kind != newer.kind),
            ("createdAt", *created_at != newer.created_at),
        ])
    }
}

impl Fields for Record {
    fn changed(&self, newer: &Self) -> Vec<&'static str> {
        // A key whose day is over may be taken for another send.
        differing([("send", self != newer)])
    }
}

/// Rows that are written once: one in the place of another has other contents.
macro_rules! written_once {
    ($($row:ty),*) => {
        $(impl Fields for $row {
            fn changed(&self, newer: &Self) -> Vec<&'static str> {
                differing([("content", self != newer)])
            }
        })*
    };
}

written_once!(Event, Departed, Rule, Entry, Trashed);
