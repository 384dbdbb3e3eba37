//! Pods: one for each tenant, one default pod for everything else (OpenMail docs, Pods).

use std::sync::Arc;

use super::clock::Timestamp;
use super::ids::Id;
use super::keys::{self, Scope};
use super::policy;
use super::refusal::{Refusal, Resource};
use super::reputation::Reason;
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
    /// Why its inboxes may not send, if so.
    pub suspended: Option<Reason>,
    pub(super) order: Order,
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
    /// Its id; drawn when absent.
    pub id: Option<Id>,
    /// The caller's own identifier.
    pub client_id: Option<String>,
    /// A label for people.
    pub name: Option<String>,
    /// When it was created; now when absent.
    pub created_at: Option<Timestamp>,
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
        suspended: None,
        order: Order::MAX,
    };
    tx.state.pods.put(Arc::new(pod));
}

/// Gives the default pod of a new account the id and the age that it had elsewhere.
///
/// # Errors
///
/// [`Refusal::IdTaken`], and [`Refusal::PodNotEmpty`], [`Refusal::PodHasDomains`] or
/// [`Refusal::DefaultPod`] if something knows it by its present id.
pub fn restore_default(
    tx: &mut Transaction<'_>,
    id: Option<Id>,
    created_at: Option<Timestamp>,
) -> Result<(), Refusal> {
    let known = default_pod(tx.state).clone();
    let id = id.unwrap_or(known.id);
    if id != known.id {
        check_empty(tx.state, known.id)?;
        let has_policy = policy::is_told(tx.state, Scope::Pod(known.id));
        if has_policy || tx.state.pod_keys.count(known.id) > 0 {
            return Err(Refusal::DefaultPod);
        }
        if is_taken(tx.state, id) {
            let what = Resource::Pod;
            return Err(Refusal::IdTaken { what, id });
        }
        tx.state.pods.remove(known.id);
        if let Some(client_id) = &known.client_id {
            tx.state.client_ids.insert(client_id.clone(), id);
        }
    }
    tx.state.pods.put(Arc::new(Pod {
        id,
        created_at: created_at.unwrap_or(known.created_at),
        ..Pod::clone(&known)
    }));
    Ok(())
}

/// Creates a pod.
///
/// # Errors
///
/// [`Refusal::ClientIdTaken`], [`Refusal::IdTaken`].
pub fn create(tx: &mut Transaction<'_>, new: NewPod) -> Result<Arc<Pod>, Refusal> {
    if let Some(client_id) = &new.client_id {
        check_client_id(tx.state, client_id, None)?;
    }
    let created_at = new.created_at.unwrap_or(tx.now);
    let pod = Arc::new(Pod {
        id: tx.take_id(Resource::Pod, new.id, is_taken)?,
        client_id: new.client_id.map(Arc::from),
        name: new.name,
        is_default: false,
        created_at,
        suspended: None,
        order: tx.next_order(created_at),
    });
    if let Some(client_id) = &pod.client_id {
        tx.state.client_ids.insert(client_id.clone(), pod.id);
    }
    tx.state.pods.put(pod.clone());
    Ok(pod)
}

/// One page of the pods within a scope: the default pod, then the newest first.
#[must_use]
pub fn list(state: &State, scope: Scope, page: Page) -> Listing<Arc<Pod>> {
    match scope.pod() {
        None => state.pods.page(page),
        Some(own) => Listing::of_one(state.pods.get(own), page),
    }
}

/// The pod with that id or, failing that, that `clientId`.
#[must_use]
pub fn find<'s>(state: &'s State, key: &str) -> Option<&'s Arc<Pod>> {
    let by_id = Id::parse(key).and_then(|id| state.pods.get(id));
    by_id.or_else(|| find_by_client_id(state, key))
}

/// The pod with that `clientId`.
#[must_use]
pub fn find_by_client_id<'s>(state: &'s State, client_id: &str) -> Option<&'s Arc<Pod>> {
    state.pods.get(*state.client_ids.get(client_id)?)
}

/// The pod with that id or `clientId`, or why not.
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

/// Deletes an empty pod and its policy, and revokes its keys.
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
    check_empty(tx.state, pod.id)?;
    if let Some(client_id) = &pod.client_id {
        tx.state.client_ids.remove(client_id);
    }
    keys::forget(tx.state, Scope::Pod(pod.id));
    policy::forget(tx.state, Scope::Pod(pod.id));
    tx.state.pods.remove(pod.id);
    Ok(())
}

/// How people know a pod: by its `clientId`, if that leads to it, or by its id.
#[must_use]
pub fn label(state: &State, pod: Id) -> String {
    let known = state.pods.get(pod);
    let client_id = known.and_then(|pod| pod.client_id.as_deref());
    let leads_there = |client_id: &&str| find(state, client_id).is_some_and(|it| it.id == pod);
    client_id
        .filter(leads_there)
        .map_or_else(|| pod.to_string(), str::to_owned)
}

fn check_empty(state: &State, pod: Id) -> Result<(), Refusal> {
    let inboxes = state.pod_inboxes.count(pod);
    if inboxes > 0 {
        return Err(Refusal::PodNotEmpty { pod, inboxes });
    }
    let domains = state.pod_domains.count(pod);
    if domains > 0 {
        return Err(Refusal::PodHasDomains { domains });
    }
    Ok(())
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
