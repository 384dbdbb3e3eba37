//! The control plane about itself: the list of its calls, and its document.

use hyper::StatusCode;
use serde::Serialize;

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::views::ListView;

pub(super) const ROWS: &[Row] = &[
    Row::guarded("getConsole", get_console),
    Row::guarded("getControlDocument", get_control_document),
];

#[derive(Serialize)]
struct CallView<'c> {
    method: &'c str,
    path: &'c str,
    operation: &'c str,
    summary: &'c str,
}

fn get_console(call: &Call<'_>) -> Result<Reply, Failure> {
    let operations = call.contract.operations.iter();
    let data: Vec<_> = operations
        .map(|operation| CallView {
            method: &operation.method,
            path: &operation.template,
            operation: &operation.id,
            summary: &operation.summary,
        })
        .collect();
    let total = data.len();
    Ok(Reply::json(StatusCode::OK, &ListView::new(data, total)))
}

fn get_control_document(call: &Call<'_>) -> Result<Reply, Failure> {
    let document = call.contract.text().as_bytes().to_vec();
    Ok(Reply::bytes(StatusCode::OK, "application/json", document))
}
