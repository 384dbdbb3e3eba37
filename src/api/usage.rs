//! Usage: handler and row.

use hyper::StatusCode;
use serde::Serialize;

use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::{Row, Who};
use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::usage::{self, InboxUse, Used, Window};

pub(super) const ROWS: &[Row] = &[Row::new("getUsage", Who::Everyone, get_usage)];

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// How far the window reaches back unless somebody says otherwise, in days.
const USUAL_DAYS: i64 = 30;
/// How long it may be, in days.
const MAX_DAYS: i64 = 92;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageView<'u> {
    from: Timestamp,
    to: Timestamp,
    group_by: &'u str,
    inboxes: Vec<InboxView<'u>>,
    totals: UsedView,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InboxView<'u> {
    inbox_id: Id,
    address: &'u str,
    #[serde(flatten)]
    used: UsedView,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsedView {
    inbound: u64,
    outbound: u64,
    attachment_bytes: u64,
    stored_bytes: u64,
}

impl From<Used> for UsedView {
    fn from(used: Used) -> Self {
        Self {
            inbound: used.traffic.inbound,
            outbound: used.traffic.outbound,
            attachment_bytes: used.traffic.attachment_bytes,
            stored_bytes: used.stored_bytes,
        }
    }
}

impl<'u> From<&'u InboxUse> for InboxView<'u> {
    fn from(row: &'u InboxUse) -> Self {
        Self {
            inbox_id: row.inbox,
            address: &row.address,
            used: row.used.into(),
        }
    }
}

fn get_usage(call: &Call<'_>) -> Result<Reply, Failure> {
    let group_by = call
        .query_texts(("group_by", "groupBy"))?
        .unwrap_or("inbox");
    let now = call.world.now();
    let window = window(call, now)?;
    let scope = call.caller.scope();
    let rows = call
        .world
        .read(|state| usage::report(state, now, scope, window));
    let mut totals = Used::default();
    for row in &rows {
        totals += row.used;
    }
    let listed = rows.iter().filter(|_| group_by == "inbox");
    let view = UsageView {
        from: window.from,
        to: window.to,
        group_by,
        inboxes: listed.map(InboxView::from).collect(),
        totals: totals.into(),
    };
    Ok(Reply::json(StatusCode::OK, &view))
}

/// The window that is asked for. Without an end it ends now, and what happens at this very
/// millisecond is in it: on a clock that stands everything else would be missed.
fn window(call: &Call<'_>, now: Timestamp) -> Result<Window, Failure> {
    let usual = now
        .after(-USUAL_DAYS * DAY_MILLIS)
        .unwrap_or(Timestamp::MIN);
    let begun = call.query_instant("from")?;
    let asked = call.query_instant("to")?;
    let from = begun.unwrap_or(usual);
    let to = asked.unwrap_or_else(|| now.after(1).unwrap_or(Timestamp::MAX));
    if from >= to {
        let remedy = match (begun, asked) {
            (None, _) => "without `from` a window begins 30 days ago; send `from` too",
            (Some(_), None) => "without `to` it ends now; `from` lies before that",
            (Some(_), Some(_)) => "`from` lies before `to`",
        };
        return Err(Failure::bad_request(format!(
            "the window ends at {to}, before anything after {from} could be in it: {remedy}"
        )));
    }
    // That millisecond makes nobody's window too long.
    let end = asked.unwrap_or(now);
    if end.millis() - from.millis() > MAX_DAYS * DAY_MILLIS {
        return Err(Failure::bad_request(format!(
            "a window has at most {MAX_DAYS} days; ask for {from} to {to} in parts"
        )));
    }
    Ok(Window { from, to })
}
