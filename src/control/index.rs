//! The control plane about itself: the list of its calls, as JSON or as a page, and its document.

use hyper::StatusCode;
use hyper::header::{ACCEPT, HeaderValue, VARY};
use serde::Serialize;

use super::console::console;
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
    let vary = |reply: Reply| reply.with(VARY, HeaderValue::from_static("Accept"));
    if prefers_page(call.request.header(ACCEPT.as_str()).unwrap_or_default()) {
        return Ok(vary(console(call)));
    }
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
    Ok(vary(Reply::json(
        StatusCode::OK,
        &ListView::new(data, total),
    )))
}

/// Whether who asks would rather read a page, as browsers say: who takes anything gets the list.
fn prefers_page(accept: &str) -> bool {
    let weight_of = |wanted: &str| {
        let weights = accept.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_it = parts.next()?.eq_ignore_ascii_case(wanted);
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            is_it.then(|| weight.unwrap_or(1.0))
        });
        weights.fold(0.0, f32::max)
    };
    weight_of("text/html") > weight_of("application/json")
}

fn get_control_document(call: &Call<'_>) -> Result<Reply, Failure> {
    let document = call.contract.text().as_bytes().to_vec();
    Ok(Reply::bytes(StatusCode::OK, "application/json", document))
}
