//! Feedback: handler and row. What is said goes nowhere from here; the journal shows it.

use hyper::StatusCode;
use serde::Serialize;

use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::{Row, Who};

pub(super) const ROWS: &[Row] = &[Row::new("submitFeedback", Who::Everyone, submit_feedback)];

#[derive(Serialize)]
struct DoneView {
    ok: bool,
}

fn submit_feedback(_: &Call<'_>) -> Result<Reply, Failure> {
    Ok(Reply::json(StatusCode::CREATED, &DoneView { ok: true }))
}
