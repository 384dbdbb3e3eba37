//! The account behind a key: handler and row.

use hyper::StatusCode;
use serde::Serialize;

use super::Row;
use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use crate::domain::ids::Id;

pub(super) const ROWS: &[Row] = &[Row::new("getMe", get_me)];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MeView {
    customer_id: Id,
    plan: &'static str,
    api_key_scope: &'static str,
    mcp_scopes: Option<Vec<String>>,
}

fn get_me(call: &Call<'_>) -> Result<Reply, Failure> {
    let account = call.world.read(|state| state.account.clone());
    let view = MeView {
        customer_id: account.id,
        plan: account.plan.word(),
        api_key_scope: "account",
        mcp_scopes: None,
    };
    Ok(Reply::json(StatusCode::OK, &view))
}
