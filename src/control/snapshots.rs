//! Snapshots: a world's state under a name.

use hyper::StatusCode;
use serde::Serialize;

use super::counts::CountsView;
use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::views::ListView;
use crate::app::{MAX_SNAPSHOTS, World};
use crate::domain::clock::Timestamp;
use crate::domain::state::State;

pub(super) const ROWS: &[Row] = &[
    Row::guarded("listSnapshots", list_snapshots),
    Row::guarded("putSnapshot", put_snapshot),
    Row::guarded("deleteSnapshot", delete_snapshot),
];

#[derive(Serialize)]
struct SnapshotView<'s> {
    name: &'s str,
    #[serde(flatten)]
    counts: CountsView,
    now: Timestamp,
}

impl<'s> SnapshotView<'s> {
    fn new(name: &'s str, state: &State) -> Self {
        Self {
            name,
            counts: state.counts().into(),
            now: World::clock_of(state),
        }
    }
}

fn list_snapshots(call: &Call<'_>) -> Result<Reply, Failure> {
    let snapshots = call.world.snapshots();
    let page = call.page();
    let shown = snapshots.iter().skip(page.offset).take(page.limit);
    let data = shown
        .map(|(name, state)| SnapshotView::new(name, state))
        .collect();
    let view = ListView::new(data, snapshots.len());
    Ok(Reply::json(StatusCode::OK, &view))
}

fn put_snapshot(call: &Call<'_>) -> Result<Reply, Failure> {
    let name = call.path("name")?;
    if matches!(name, "seed" | "empty") {
        return Err(Failure::bad_request(format!(
            "`{name}` is what a reset knows already; give the snapshot another name"
        )));
    }
    let state = call.world.put_snapshot(name).map_err(|_| {
        let message = format!(
            "this world has {MAX_SNAPSHOTS} snapshots, as many as it may; delete one with DELETE /_mock/snapshots/{{name}}"
        );
        Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_snapshots", message)
    })?;
    Ok(Reply::json(
        StatusCode::OK,
        &SnapshotView::new(name, &state),
    ))
}

fn delete_snapshot(call: &Call<'_>) -> Result<Reply, Failure> {
    let name = call.path("name")?;
    match call.world.remove_snapshot(name) {
        true => Ok(Reply::no_content()),
        false => {
            let message = format!("this world has no snapshot `{name}`");
            Err(Failure::new(StatusCode::NOT_FOUND, "not_found", message))
        }
    }
}
