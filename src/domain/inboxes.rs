//! Inboxes: addresses, each in one pod for good (OpenMail docs, Inboxes; Pods, Scoping inboxes).

use std::sync::Arc;

use super::clock::Timestamp;
use super::deliveries;
use super::domains;
use super::ids::Id;
use super::keys::{self, Scope};
use super::limits;
use super::messages;
use super::pods;
use super::policy;
use super::refusal::{DomainFault, Refusal, Resource};
use super::reputation::Reason;
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
    /// Why it may not send, if so.
    pub suspended: Option<Reason>,
    pub(super) order: Order,
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
    /// Id or `clientId` of its pod; when absent, the pod that the key is confined to, or the
    /// default pod.
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
    /// What signs its events, if something other than what is drawn; needs a URL.
    pub webhook_secret: Option<String>,
}

/// An inbox as a write left it, with the signing secret if that write made one: it is told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The inbox.
    pub inbox: Arc<Inbox>,
    /// The new signing secret.
    pub new_secret: Option<Arc<str>>,
}

/// An inbox as it stands, in an account that is described rather than asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its id; drawn when absent.
    pub id: Option<Id>,
    /// The pod it stands in.
    pub pod: Id,
    /// Its address, in lower case.
    pub address: Arc<str>,
    /// The name in the From header.
    pub display_name: Option<String>,
    /// Where its events go.
    pub webhook: Option<Webhook>,
    /// When it was created; now when absent.
    pub created_at: Option<Timestamp>,
}

/// Creates an inbox for somebody who reaches so far; it counts among those of the day.
///
/// # Errors
///
/// [`Refusal::InvalidPod`], [`Refusal::Forbidden`], [`Refusal::InvalidDomain`], [`Refusal::SpendCapPaused`],
/// [`Refusal::InboxLimitReached`], [`Refusal::InvalidWebhookUrl`], [`Refusal::RateLimitExceeded`]
/// and [`Refusal::AddressTaken`], in this order.
pub fn create(tx: &mut Transaction<'_>, scope: Scope, new: NewInbox) -> Result<Written, Refusal> {
    let pod = match &new.pod {
        None => scope.pod().unwrap_or(pods::default_pod(tx.state).id),
        Some(key) => match pods::find(tx.state, key) {
            Some(pod) => pod.id,
            None => return Err(Refusal::InvalidPod { key: key.clone() }),
        },
    };
    scope.check_pod(tx.state, pod)?;
    let webhook_url = new.webhook_url.filter(|url| !url.is_empty());
    if webhook_url.is_some() {
        scope.check_webhooks()?;
    }
    let domain = match &new.domain {
        None => tx.state.account.default_domain.to_string(),
        Some(domain) => domain.to_lowercase(),
    };
    check_creation(tx.state, &domain, pod)?;
    if let Some(url) = &webhook_url {
        check_url(url, tx.state.reach)?;
    }
    limits::check_creation(tx.state, tx.now)?;
    let address = free_address(tx, new.mailbox_name, &domain)?;
    let webhook = webhook_url.map(|url| Webhook::new(tx, url));
    let new_secret = webhook.as_ref().map(|webhook| webhook.secret.clone());
    let inbox = Standing {
        id: None,
        pod,
        address,
        display_name: new.display_name,
        webhook,
        created_at: None,
    };
    let inbox = put(tx, inbox)?;
    limits::count_creation(tx);
    Ok(Written { inbox, new_secret })
}

/// Whether the account may have one more inbox, on this domain and in this pod.
///
/// # Errors
///
/// [`Refusal::InvalidDomain`], [`Refusal::SpendCapPaused`] and [`Refusal::InboxLimitReached`], in
/// this order.
pub fn check_creation(state: &State, domain: &str, pod: Id) -> Result<(), Refusal> {
    domains::check_usable(state, domain, pod).map_err(|fault| invalid_domain(domain, fault))?;
    if state.account.spend_cap_paused {
        return Err(Refusal::SpendCapPaused);
    }
    let limit = state.account.plan.inbox_limit();
    match limit.filter(|limit| state.inboxes.len() >= *limit) {
        Some(limit) => Err(Refusal::InboxLimitReached { limit }),
        None => Ok(()),
    }
}

/// Puts an inbox where it stands; what only creation forbids does not count.
///
/// # Errors
///
/// [`Refusal::InvalidDomain`], [`Refusal::AddressTaken`], [`Refusal::IdTaken`].
pub fn place(tx: &mut Transaction<'_>, standing: Standing) -> Result<Arc<Inbox>, Refusal> {
    let (_, domain) = standing.address.rsplit_once('@').unwrap_or_default();
    domains::check_standing(tx.state, domain, standing.pod)
        .map_err(|fault| invalid_domain(domain, fault))?;
    put(tx, standing)
}

fn put(tx: &mut Transaction<'_>, standing: Standing) -> Result<Arc<Inbox>, Refusal> {
    check_address(tx.state, &standing.address)?;
    let is_taken = |state: &State, id| state.inboxes.get(id).is_some();
    let created_at = standing.created_at.unwrap_or(tx.now);
    let inbox = Arc::new(Inbox {
        id: tx.take_id(Resource::Inbox, standing.id, is_taken)?,
        pod: standing.pod,
        address: standing.address,
        display_name: standing.display_name,
        webhook: standing.webhook,
        created_at,
        suspended: None,
        order: tx.next_order(created_at),
    });
    let state = &mut *tx.state;
    state.addresses.insert(inbox.address.clone(), inbox.id);
    state.pod_inboxes.insert(inbox.pod, inbox.order);
    domains::count_inbox(state, &inbox.address, inbox.pod, true);
    state.inboxes.put(inbox.clone());
    Ok(inbox)
}

fn invalid_domain(domain: &str, fault: DomainFault) -> Refusal {
    Refusal::InvalidDomain {
        domain: domain.to_owned(),
        fault,
    }
}

fn check_address(state: &State, address: &str) -> Result<(), Refusal> {
    match state.addresses.contains_key(address) {
        true => Err(Refusal::AddressTaken {
            address: address.to_owned(),
        }),
        false => Ok(()),
    }
}

fn free_address(
    tx: &mut Transaction<'_>,
    mailbox_name: Option<String>,
    domain: &str,
) -> Result<Arc<str>, Refusal> {
    if let Some(name) = mailbox_name {
        let address = format!("{name}@{domain}");
        check_address(tx.state, &address)?;
        return Ok(Arc::from(address));
    }
    loop {
        let address = format!("{}@{domain}", tx.draw_name(8));
        if !tx.state.addresses.contains_key(address.as_str()) {
            return Ok(Arc::from(address));
        }
    }
}

/// One page of the inboxes within a scope, the newest first; those of one pod if `pod` (id or
/// `clientId`) is given. An unknown pod has none, and one outside the scope shows none.
#[must_use]
pub fn list(state: &State, scope: Scope, pod: Option<&str>, page: Page) -> Listing<Arc<Inbox>> {
    let asked = pod.map(|key| pods::find(state, key).map(|pod| pod.id));
    let pod = match (asked, scope.pod()) {
        (None, own) => own,
        (Some(Some(pod)), own) if own.is_none_or(|own| own == pod) => Some(pod),
        (Some(_), _) => return Listing::newest_first(None, 0),
    };
    match (scope, pod) {
        (Scope::Inbox { inbox, .. }, _) => Listing::of_one(state.inboxes.get(inbox), page),
        (Scope::Account | Scope::Pod(_), Some(pod)) => {
            state.pod_inboxes.page(pod, &state.inboxes, page)
        }
        (Scope::Account | Scope::Pod(_), None) => state.inboxes.page(page),
    }
}

/// The inbox with that address, which is lower-case.
#[must_use]
pub fn find<'s>(state: &'s State, address: &str) -> Option<&'s Arc<Inbox>> {
    state.inboxes.get(*state.addresses.get(address)?)
}

/// The inbox with that id.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn get(state: &State, key: &str) -> Result<Arc<Inbox>, Refusal> {
    let inbox = Id::parse(key).and_then(|id| state.inboxes.get(id));
    inbox.cloned().ok_or_else(|| not_found(key))
}

/// There is no such inbox, for who asks.
pub(super) fn not_found(key: &str) -> Refusal {
    Refusal::NotFound {
        what: Resource::Inbox,
        key: key.to_owned(),
    }
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
    if let Some(display_name) = change.display_name {
        inbox.display_name = display_name;
    }
    let known = inbox.webhook.take();
    let (webhook, new_secret) =
        Webhook::changed(tx, known, change.webhook_url, change.webhook_secret)?;
    inbox.webhook = webhook;
    let inbox = Arc::new(inbox);
    tx.state.inboxes.put(inbox.clone());
    Ok(Written { inbox, new_secret })
}

/// Makes a new secret for an inbox's webhook; the one before signs nothing any more.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::NoWebhookUrl`].
pub fn rotate_secret(tx: &mut Transaction<'_>, key: &str) -> Result<Arc<str>, Refusal> {
    let inbox = get(tx.state, key)?;
    let webhook = inbox.webhook.as_ref().ok_or(Refusal::NoWebhookUrl)?;
    let webhook = webhook.resigned(tx);
    let secret = webhook.secret.clone();
    deliveries::resign(tx.state, inbox.id, &webhook);
    tx.state.inboxes.put(Arc::new(Inbox {
        webhook: Some(webhook),
        ..Inbox::clone(&inbox)
    }));
    Ok(secret)
}

/// Deletes an inbox with all its mail, its keys and its policy; its address is free again.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn delete(tx: &mut Transaction<'_>, key: &str) -> Result<(), Refusal> {
    let inbox = get(tx.state, key)?;
    tx.state.addresses.remove(&inbox.address);
    tx.state.pod_inboxes.remove(inbox.pod, inbox.order);
    domains::count_inbox(tx.state, &inbox.address, inbox.pod, false);
    messages::forget_inbox(tx.state, inbox.id);
    keys::forget(tx.state, Scope::of_inbox(&inbox));
    limits::forget_inbox(tx.state, inbox.id);
    deliveries::forget_inbox(tx.state, inbox.id);
    policy::forget(tx.state, Scope::of_inbox(&inbox));
    tx.state.inboxes.remove(inbox.id);
    Ok(())
}
