//! A world's state as a fixture document: read it, replace it, change parts of it.

use hyper::StatusCode;
use serde::Serialize;

use super::counts::CountsView;
use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::contract::{In, MAX_VIOLATIONS, Side, Violation, bounded};
use crate::domain::refusal::Refusal;
use crate::domain::state::Transaction;
use crate::fixtures::{self, Changes, Finding, Findings, Manner, Problem};

pub(super) const ROWS: &[Row] = &[
    Row::guarded("getState", get_state),
    Row::guarded("replaceState", replace_state).with_large_body(),
    Row::guarded("changeState", change_state).with_large_body(),
];

/// Where a document's schema stands in the control plane's own document.
const SCHEMA: &str = "#/components/schemas/Fixture";

#[derive(Serialize)]
struct ChangesView {
    added: usize,
    changed: usize,
    removed: usize,
}

fn get_state(call: &Call<'_>) -> Result<Reply, Failure> {
    let now = call.world.now();
    let document = call.world.read(|state| fixtures::document(state, now));
    Ok(Reply::bytes(StatusCode::OK, "application/json", document))
}

fn replace_state(call: &Call<'_>) -> Result<Reply, Failure> {
    let app = &call.shared.app;
    let view = app.replace(call.caller, |tx| -> Result<_, Failure> {
        lay(call, tx, Manner::DESCRIBE).map_err(wrong)?;
        Ok(CountsView::from(tx.state.counts()))
    })?;
    Ok(Reply::json(StatusCode::OK, &view))
}

fn change_state(call: &Call<'_>) -> Result<Reply, Failure> {
    let laid = |tx: &mut Transaction<'_>| lay(call, tx, Manner::Change).map_err(refused);
    let Changes {
        added,
        changed,
        removed,
    } = call.caller.write(laid)?;
    let view = ChangesView {
        added,
        changed,
        removed,
    };
    Ok(Reply::json(StatusCode::OK, &view))
}

fn lay(call: &Call<'_>, tx: &mut Transaction<'_>, manner: Manner) -> Result<Changes, Findings> {
    match &call.input.body {
        Some(body) => fixtures::lay(tx, body.root(), manner),
        // The document makes the body obligatory.
        None => Ok(Changes::default()),
    }
}

/// What cannot be there is a bad request.
fn wrong(findings: Findings) -> Failure {
    let first = findings.told.first().map(Finding::to_string);
    Failure::bad_request(first.unwrap_or_default()).listing(violations(findings))
}

/// What the account's rules refuse is refused as the API would.
fn refused(findings: Findings) -> Failure {
    let Some(first) = findings.told.first() else {
        return Failure::bad_request("the fragment cannot be laid over this world");
    };
    let refusal = match &first.problem {
        Problem::Refused { refusal, .. } => Some(refusal.clone()),
        Problem::NoSuchPod { key, .. } => Some(Refusal::InvalidPod { key: key.clone() }),
        Problem::NoSuchInbox { .. }
        | Problem::Repeated { .. }
        | Problem::Fixed { .. }
        | Problem::Missing(_)
        | Problem::Wrong(_) => None,
    };
    let message = first.to_string();
    let failure = match refusal {
        Some(refusal) => Failure {
            message,
            ..Failure::from(refusal)
        },
        None => Failure::bad_request(message),
    };
    failure.listing(violations(findings))
}

fn violations(findings: Findings) -> Vec<Violation> {
    let Findings { told, rest } = findings;
    let unlisted = rest + told.len().saturating_sub(MAX_VIOLATIONS);
    let violation = |finding: Finding| Violation {
        side: Side::Request,
        place: In::Body,
        rule: finding.problem.rule().to_owned(),
        expected: None,
        actual: None,
        spec: SCHEMA.to_owned(),
        // No schema says it: the sentence is all there is to go by.
        hint: Some(finding.problem.to_string()),
        message: finding.to_string(),
        code: None,
        pointer: finding.pointer,
    };
    let listed = told.into_iter().take(MAX_VIOLATIONS);
    bounded(listed.map(violation).collect(), unlisted)
}
