//! Pods: one for each tenant, one default pod for everything else (OpenMail docs, Pods).

use std::sync::Arc;

use super::clock::Timestamp;
use super::ids::Id;
use super::refusal::{Refusal, Resource};
use super::state::{State, Transaction};
use super::table::{Listing, Order, Page, Row};

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its id.
    pub id: Id,
    /// The caller's own identifier, unique in the account.
    pub client_id: Option<Arc<str>>,
    /// A label for people.
    pub name: Option<String>,
    /// Whether it is the one that inboxes land in by default.
    pub is_default: bool,
    /// When it was created.
    pub created_at: Timestamp,
    order: Order,
}

impl Row for Pod {
    fn id(&self) -> Id {
        self.id
    }

    fn order(&self) -> Order {
        self.order
    }
}

/// What a new pod is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPod {
    /// The caller's own identifier.
    pub client_id: Option<String>,
    /// A label for people.
    pub name: Option<String>,
}

/// Changes to a pod: the outer option says whether a field changes, the inner one whether it is
/// set or cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodChange {
    /// The caller's own identifier.
    pub client_id: Option<Option<String>>,
    /// A label for people.
    pub name: Option<Option<String>>,
}

fn is_taken(state: &State, id: Id) -> bool {
    state.pods.get(id).is_some()
}

/// Creates the default pod of a new account.
pub(super) fn create_default(tx: &mut Transaction<'_>) {
    let pod = Pod {
        id: tx.draw_id(is_taken),
        client_id: None,
        name: None,
        is_default: true,
        created_at: tx.now,
        order: Order::MAX,
    };
    tx.state.pods.put(Arc::new(pod));
}

/// Creates a pod.
///
/// # Errors
///
/// [`Refusal::ClientIdTaken`].
pub fn create(tx: &mut Transaction<'_>, new: NewPod) -> Result<Arc<Pod>, Refusal> {
    if let Some(client_id) = &new.client_id {
        check_client_id(tx.state, client_id, None)?;
    }
    let pod = Arc::new(Pod {
        id: tx.draw_id(is_taken),
        client_id: new.client_id.map(Arc::from),
        name: new.name,
        is_default: false,
        created_at: tx.now,
        order: tx.next_order(),
    });
    if let Some(client_id) = &pod.client_id {
        tx.state.client_ids.insert(client_id.clone(), pod.id);
    }
    tx.state.pods.put(pod.clone());
    Ok(pod)
}

/// One page of pods: the default pod, then the newest first.
#[must_use]
pub fn list(state: &State, page: Page) -> Listing<Arc<Pod>> {
    state.pods.page(page)
}

/// The pod with that id or, failing that, that `clientId`.
#[must_use]
pub fn find<'s>(state: &'s State, key: &str) -> Option<&'s Arc<Pod>> {
    let by_id = Id::parse(key).and_then(|id| state.pods.get(id));
    by_id.or_else(|| state.pods.get(*state.client_ids.get(key)?))
}

/// The same, or why not.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn get(state: &State, key: &str) -> Result<Arc<Pod>, Refusal> {
    find(state, key).cloned().ok_or_else(|| Refusal::NotFound {
        what: Resource::Pod,
        key: key.to_owned(),
    })
}

/// The pod that inboxes land in by default.
#[must_use]
pub fn default_pod(state: &State) -> &Arc<Pod> {
    let pod = state.pods.at(Order::MAX);
    pod.expect("a state is made with its default pod, which is never deleted")
}

/// Changes a pod.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::ClientIdTaken`].
pub fn update(tx: &mut Transaction<'_>, key: &str, change: PodChange) -> Result<Arc<Pod>, Refusal> {
    let mut pod = Pod::clone(&*get(tx.state, key)?);
    if let Some(client_id) = change.client_id {
        if let Some(client_id) = &client_id {
            check_client_id(tx.state, client_id, Some(pod.id))?;
        }
        if let Some(old) = pod.client_id.take() {
            tx.state.client_ids.remove(&old);
        }
        pod.client_id = client_id.map(Arc::from);
        if let Some(new) = &pod.client_id {
            tx.state.client_ids.insert(new.clone(), pod.id);
        }
    }
    if let Some(name) = change.name {
        pod.name = name;
    }
    let pod = Arc::new(pod);
    tx.state.pods.put(pod.clone());
    Ok(pod)
}

/// Deletes an empty pod.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::DefaultPod`], [`Refusal::PodNotEmpty`] and
/// [`Refusal::PodHasDomains`], in this order.
pub fn delete(tx: &mut Transaction<'_>, key: &str) -> Result<(), Refusal> {
    let pod = get(tx.state, key)?;
    if pod.is_default {
        return Err(Refusal::DefaultPod);
    }
    let inboxes = count_in(&tx.state.pod_inboxes, pod.id);
    if inboxes > 0 {
        return Err(Refusal::PodNotEmpty { inboxes });
    }
    let domains = count_in(&tx.state.pod_domains, pod.id);
    if domains > 0 {
        return Err(Refusal::PodHasDomains { domains });
    }
    if let Some(client_id) = &pod.client_id {
        tx.state.client_ids.remove(client_id);
    }
    tx.state.pods.remove(pod.id);
    Ok(())
}

/// Ranks of the entries of one pod in an index by pod: the first, and how many there are.
pub(super) fn ranks_in(index: &super::tree::Tree<(Id, Order), ()>, pod: Id) -> (usize, usize) {
    let start = index.rank(&(pod, Order::MIN));
    // Rows of a pod never stand at the maximum: that is the default pod's own place.
    let end = index.rank(&(pod, Order::MAX));
    (start, end - start)
}

fn count_in(index: &super::tree::Tree<(Id, Order), ()>, pod: Id) -> usize {
    ranks_in(index, pod).1
}

fn check_client_id(state: &State, client_id: &str, own: Option<Id>) -> Result<(), Refusal> {
    match state.client_ids.get(client_id) {
        Some(pod) if Some(*pod) != own => Err(Refusal::ClientIdTaken {
            client_id: client_id.to_owned(),
            pod: *pod,
        }),
        Some(_) | None => Ok(()),
    }
}
