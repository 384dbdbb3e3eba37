//! The API's resources as the wire shows them.

use serde::Serialize;

use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::inboxes::Inbox;
use crate::domain::pods::Pod;
use crate::domain::table::Listing;

/// A pod.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodView<'p> {
    id: Id,
    client_id: Option<&'p str>,
    name: Option<&'p str>,
    is_default: bool,
    created_at: Timestamp,
}

impl<'p> From<&'p Pod> for PodView<'p> {
    fn from(pod: &'p Pod) -> Self {
        Self {
            id: pod.id,
            client_id: pod.client_id.as_deref(),
            name: pod.name.as_deref(),
            is_default: pod.is_default,
            created_at: pod.created_at,
        }
    }
}

/// An inbox; the secret is there only where it was just made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InboxView<'i> {
    id: Id,
    pod_id: Id,
    address: &'i str,
    display_name: Option<&'i str>,
    webhook_url: Option<&'i str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_secret: Option<&'i str>,
    created_at: Timestamp,
}

impl<'i> InboxView<'i> {
    /// The view of an inbox after a write that may have made a secret.
    pub fn new(inbox: &'i Inbox, new_secret: Option<&'i str>) -> Self {
        Self {
            id: inbox.id,
            pod_id: inbox.pod,
            address: &inbox.address,
            display_name: inbox.display_name.as_deref(),
            webhook_url: inbox.webhook.as_ref().map(|webhook| webhook.url.as_str()),
            webhook_secret: new_secret,
            created_at: inbox.created_at,
        }
    }
}

impl<'i> From<&'i Inbox> for InboxView<'i> {
    fn from(inbox: &'i Inbox) -> Self {
        Self::new(inbox, None)
    }
}

/// A page of anything, and how much there is in all.
#[derive(Serialize)]
pub struct ListView<V> {
    data: Vec<V>,
    total: usize,
}

impl<V> ListView<V> {
    /// The view of a page of views.
    #[must_use]
    pub fn new(data: Vec<V>, total: usize) -> Self {
        Self { data, total }
    }

    /// The view of a page whose rows have a view.
    pub fn of<'l, R, T>(listing: &'l Listing<T>) -> Self
    where
        T: std::ops::Deref<Target = R>,
        R: 'l,
        V: From<&'l R>,
    {
        let data = listing.rows.iter().map(|row| V::from(&**row)).collect();
        Self::new(data, listing.total)
    }
}
