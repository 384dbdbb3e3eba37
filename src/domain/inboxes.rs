//! Inboxes: addresses, each in one pod for good (OpenMail docs, Inboxes; Pods, Scoping inboxes).

use std::sync::Arc;

use super::clock::Timestamp;
use super::domains;
use super::ids::Id;
use super::pods;
use super::refusal::{Refusal, Resource};
use super::state::{State, Transaction};
use super::table::{Listing, Order, Page, Row};
use super::webhooks::{Webhook, check_url};

/// An inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox {
    /// Its id.
    pub id: Id,
    /// The pod it stands in, for good.
    pub pod: Id,
    /// Its address, in lower case.
    pub address: Arc<str>,
    /// The name in the From header of what it sends.
    pub display_name: Option<String>,
    /// Where its events go; none means the account's webhook.
    pub webhook: Option<Webhook>,
    /// When it was created.
    pub created_at: Timestamp,
    order: Order,
}

impl Row for Inbox {
    fn id(&self) -> Id {
        self.id
    }

    fn order(&self) -> Order {
        self.order
    }
}

/// What a new inbox is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewInbox {
    /// The address before the `@`; drawn when absent.
    pub mailbox_name: Option<String>,
    /// The name in the From header.
    pub display_name: Option<String>,
    /// The address behind the `@`; the account's default domain when absent.
    pub domain: Option<String>,
    /// Where its events go; empty means none.
    pub webhook_url: Option<String>,
    /// Id or `clientId` of its pod; the default pod when absent.
    pub pod: Option<String>,
}

/// Changes to an inbox: the outer option says whether a field changes, the inner one whether it
/// is set or cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboxChange {
    /// The name in the From header.
    pub display_name: Option<Option<String>>,
    /// Where its events go; empty means none.
    pub webhook_url: Option<Option<String>>,
}

/// An inbox as a write left it, with the signing secret if that write made one: it is told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The inbox.
    pub inbox: Arc<Inbox>,
    /// The new signing secret.
    pub new_secret: Option<Arc<str>>,
}

/// Creates an inbox.
///
/// # Errors
///
/// [`Refusal::InvalidPod`], [`Refusal::InvalidDomain`], [`Refusal::SpendCapPaused`],
/// [`Refusal::InboxLimitReached`], [`Refusal::InvalidWebhookUrl`] and [`Refusal::AddressTaken`],
/// in this order.
pub fn create(tx: &mut Transaction<'_>, new: NewInbox) -> Result<Written, Refusal> {
    let pod = match &new.pod {
        None => pods::default_pod(tx.state).id,
        Some(key) => match pods::find(tx.state, key) {
            Some(pod) => pod.id,
            None => return Err(Refusal::InvalidPod { key: key.clone() }),
        },
    };
    let account = tx.state.account.clone();
    let domain = match &new.domain {
        None => account.default_domain.clone(),
        Some(domain) => domain.to_lowercase(),
    };
    if let Err(fault) = domains::check_usable(tx.state, &domain, pod) {
        return Err(Refusal::InvalidDomain { domain, fault });
    }
    if account.spend_cap_paused {
        return Err(Refusal::SpendCapPaused);
    }
    let limit = account.plan.inbox_limit();
    if let Some(limit) = limit.filter(|limit| tx.state.inboxes.len() >= *limit) {
        return Err(Refusal::InboxLimitReached { limit });
    }
    let webhook_url = new.webhook_url.filter(|url| !url.is_empty());
    if let Some(url) = &webhook_url {
        check_url(url)?;
    }
    let address = free_address(tx, new.mailbox_name, &domain)?;
    let webhook = webhook_url.map(|url| Webhook::new(tx, url));
    let inbox = Arc::new(Inbox {
        id: tx.draw_id(|state, id| state.inboxes.get(id).is_some()),
        pod,
        address,
        display_name: new.display_name,
        webhook,
        created_at: tx.now,
        order: tx.next_order(),
    });
    tx.state.addresses.insert(inbox.address.clone(), inbox.id);
    tx.state.pod_inboxes.insert((pod, inbox.order), ());
    tx.state.inboxes.put(inbox.clone());
    Ok(Written {
        new_secret: inbox.webhook.as_ref().map(|webhook| webhook.secret.clone()),
        inbox,
    })
}

fn free_address(
    tx: &mut Transaction<'_>,
    mailbox_name: Option<String>,
    domain: &str,
) -> Result<Arc<str>, Refusal> {
    if let Some(name) = mailbox_name {
        let address = format!("{name}@{domain}");
        return match tx.state.addresses.contains_key(address.as_str()) {
            true => Err(Refusal::AddressTaken { address }),
            false => Ok(Arc::from(address)),
        };
    }
    loop {
        let address = format!("{}@{domain}", tx.draw_name(8));
        if !tx.state.addresses.contains_key(address.as_str()) {
            return Ok(Arc::from(address));
        }
    }
}

/// One page of inboxes, the newest first; those of one pod if `pod` (id or `clientId`) is given.
/// An unknown pod has none.
#[must_use]
pub fn list(state: &State, pod: Option<&str>, page: Page) -> Listing<Arc<Inbox>> {
    let Some(key) = pod else {
        return state.inboxes.page(page);
    };
    let Some(pod) = pods::find(state, key) else {
        return Listing::newest_first(None, 0);
    };
    let (first, total) = pods::ranks_in(&state.pod_inboxes, pod.id);
    let rows = page.cut(first, total).map(|(start, count)| {
        let entries = state.pod_inboxes.iter_from(start).take(count);
        let rows = entries.filter_map(|((_, order), ())| state.inboxes.at(*order));
        rows.cloned().collect()
    });
    Listing::newest_first(rows, total)
}

/// The inbox with that id.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn get(state: &State, key: &str) -> Result<Arc<Inbox>, Refusal> {
    let inbox = Id::parse(key).and_then(|id| state.inboxes.get(id));
    inbox.cloned().ok_or_else(|| Refusal::NotFound {
        what: Resource::Inbox,
        key: key.to_owned(),
    })
}

/// Changes an inbox. The first webhook URL makes a secret; clearing the URL forgets it.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::InvalidWebhookUrl`].
pub fn update(
    tx: &mut Transaction<'_>,
    key: &str,
    change: InboxChange,
) -> Result<Written, Refusal> {
    let mut inbox = Inbox::clone(&*get(tx.state, key)?);
    let mut new_secret = None;
    if let Some(display_name) = change.display_name {
        inbox.display_name = display_name;
    }
    if let Some(url) = change.webhook_url {
        inbox.webhook = match (url.filter(|url| !url.is_empty()), inbox.webhook.take()) {
            (None, _) => None,
            (Some(url), known) => {
                check_url(&url)?;
                Some(match known {
                    Some(webhook) => webhook.moved_to(url),
                    None => {
                        let webhook = Webhook::new(tx, url);
                        new_secret = Some(webhook.secret.clone());
                        webhook
                    }
                })
            }
        };
    }
    let inbox = Arc::new(inbox);
    tx.state.inboxes.put(inbox.clone());
    Ok(Written { inbox, new_secret })
}

/// Deletes an inbox; its address is free again.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn delete(tx: &mut Transaction<'_>, key: &str) -> Result<(), Refusal> {
    let inbox = get(tx.state, key)?;
    tx.state.addresses.remove(&inbox.address);
    tx.state.pod_inboxes.remove(&(inbox.pod, inbox.order));
    tx.state.inboxes.remove(inbox.id);
    Ok(())
}
