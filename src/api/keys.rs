//! Keys of pods and inboxes: handlers and rows.

use hyper::StatusCode;
use serde::Serialize;

use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::{Row, Who};
use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::keys::{self, Key, NewKey, Scope};
use crate::domain::refusal::{Refusal, Resource};
use crate::domain::state::State;
use crate::domain::{inboxes, pods};

pub(super) const ROWS: &[Row] = &[
    Row::new("createPodApiKey", Who::Account, create_pod_api_key).about(Resource::Pod),
    Row::new("listPodApiKeys", Who::Account, list_pod_api_keys).about(Resource::Pod),
    Row::new("deletePodApiKey", Who::Account, delete_pod_api_key).about(Resource::Pod),
    Row::new("createInboxApiKey", Who::Pods, create_inbox_api_key).about(Resource::Inbox),
    Row::new("listInboxApiKeys", Who::Pods, list_inbox_api_keys).about(Resource::Inbox),
    Row::new("deleteInboxApiKey", Who::Pods, delete_inbox_api_key).about(Resource::Inbox),
];

/// A key; its token is there only where it was just made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyView<'k> {
    id: Id,
    name: Option<&'k str>,
    pod_id: Option<Id>,
    inbox_id: Option<Id>,
    token_prefix: String,
    last4: &'k str,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'k str>,
}

impl<'k> KeyView<'k> {
    fn with_token(key: &'k Key) -> Self {
        Self {
            token: Some(&key.token),
            ..Self::from(key)
        }
    }
}

impl<'k> From<&'k Key> for KeyView<'k> {
    fn from(key: &'k Key) -> Self {
        Self {
            id: key.id,
            name: key.name.as_deref(),
            pod_id: key.scope.pod(),
            inbox_id: match key.scope {
                Scope::Account | Scope::Pod(_) => None,
                Scope::Inbox { inbox, .. } => Some(inbox),
            },
            token_prefix: key.token_prefix(),
            last4: key.last4(),
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            token: None,
        }
    }
}

/// All of them: a pod or an inbox has few.
#[derive(Serialize)]
struct KeysView<'k> {
    data: Vec<KeyView<'k>>,
}

/// Looks up whose keys a call is about.
type Owner = fn(&State, &str) -> Result<Scope, Refusal>;

fn of_pod(state: &State, key: &str) -> Result<Scope, Refusal> {
    Ok(Scope::Pod(pods::get(state, key)?.id))
}

fn of_inbox(state: &State, key: &str) -> Result<Scope, Refusal> {
    Ok(Scope::of_inbox(&*inboxes::get(state, key)?))
}

fn create_pod_api_key(call: &Call<'_>) -> Result<Reply, Failure> {
    create(call, of_pod)
}

fn list_pod_api_keys(call: &Call<'_>) -> Result<Reply, Failure> {
    list(call, of_pod)
}

fn delete_pod_api_key(call: &Call<'_>) -> Result<Reply, Failure> {
    delete(call, of_pod)
}

fn create_inbox_api_key(call: &Call<'_>) -> Result<Reply, Failure> {
    create(call, of_inbox)
}

fn list_inbox_api_keys(call: &Call<'_>) -> Result<Reply, Failure> {
    list(call, of_inbox)
}

fn delete_inbox_api_key(call: &Call<'_>) -> Result<Reply, Failure> {
    delete(call, of_inbox)
}

fn create(call: &Call<'_>, owner: Owner) -> Result<Reply, Failure> {
    let (id, name) = (call.path("id")?, call.text("name")?);
    let key = call.caller.write(|tx| {
        let scope = owner(tx.state, id)?;
        keys::create(tx, NewKey::named(scope, name))
    })?;
    Ok(Reply::json(StatusCode::CREATED, &KeyView::with_token(&key)))
}

fn list(call: &Call<'_>, owner: Owner) -> Result<Reply, Failure> {
    let id = call.path("id")?;
    let keys = call
        .world
        .read(|state| Ok::<_, Refusal>(keys::list(state, owner(state, id)?)))?;
    let data = keys.iter().map(|key| KeyView::from(&**key)).collect();
    Ok(Reply::json(StatusCode::OK, &KeysView { data }))
}

fn delete(call: &Call<'_>, owner: Owner) -> Result<Reply, Failure> {
    let (id, key) = (call.path("id")?, call.path("keyId")?);
    call.caller.write(|tx| {
        let scope = owner(tx.state, id)?;
        keys::delete(tx, scope, key)
    })?;
    Ok(Reply::no_content())
}
