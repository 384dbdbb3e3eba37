//! The account behind a key: handler and row.

use hyper::StatusCode;
use serde::Serialize;

use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::{Row, Who};
use crate::domain::ids::Id;
use crate::domain::keys::Scope;

pub(super) const ROWS: &[Row] = &[Row::new("getMe", Who::Everyone, get_me)];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MeView {
    customer_id: Id,
    plan: &'static str,
    api_key_scope: ScopeView,
    mcp_scopes: Option<Vec<String>>,
}

/// The word for everything, or the ids of what the key is confined to.
#[derive(Serialize)]
#[serde(untagged)]
enum ScopeView {
    Account(&'static str),
    #[serde(rename_all = "camelCase")]
    Confined {
        pod_id: Id,
        inbox_id: Option<Id>,
    },
}

impl From<Scope> for ScopeView {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Account => ScopeView::Account("account"),
            Scope::Pod(pod_id) => ScopeView::Confined {
                pod_id,
                inbox_id: None,
            },
            Scope::Inbox { inbox, pod } => ScopeView::Confined {
                pod_id: pod,
                inbox_id: Some(inbox),
            },
        }
    }
}

fn get_me(call: &Call<'_>) -> Result<Reply, Failure> {
    let account = call.world.read(|state| state.account.clone());
    let view = MeView {
        customer_id: account.id,
        plan: account.plan.word(),
        api_key_scope: call.caller.scope().into(),
        mcp_scopes: None,
    };
    Ok(Reply::json(StatusCode::OK, &view))
}
