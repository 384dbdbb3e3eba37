//! Worlds: list, drop, reset.

use hyper::StatusCode;
use serde::Serialize;

use super::clock::ClockView;
use super::counts::CountsView;
use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::views::ListView;
use crate::app::{NoSuchSnapshot, Unwritten, World};
use crate::domain::clock::Timestamp;
use crate::domain::state::State;

pub(super) const ROWS: &[Row] = &[
    Row::guarded("listWorlds", list_worlds),
    Row::guarded("dropWorld", drop_world),
    Row::guarded("resetWorld", reset_world),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorldView {
    name: String,
    #[serde(flatten)]
    counts: CountsView,
    requests: usize,
    snapshots: usize,
    generation: u64,
    clock: ClockView,
    last_used_at: Timestamp,
}

impl WorldView {
    fn of(world: &World) -> Self {
        Self {
            name: world.name.to_string(),
            counts: world.read(State::counts).into(),
            requests: world.exchanges(),
            snapshots: world.snapshots().len(),
            generation: world.generation(),
            clock: ClockView::of(world),
            last_used_at: world.last_used_at(),
        }
    }
}

fn list_worlds(call: &Call<'_>) -> Result<Reply, Failure> {
    let names = call.shared.app.names();
    let page = call.page();
    let shown = names.iter().skip(page.offset).take(page.limit);
    // One world at a time: whoever holds a world keeps it from making room.
    let view = |name| Some(WorldView::of(&*call.shared.app.peek(name)?));
    let data = shown.filter_map(|name| view(name)).collect();
    let view = ListView::new(data, names.len());
    Ok(Reply::json(StatusCode::OK, &view))
}

fn drop_world(call: &Call<'_>) -> Result<Reply, Failure> {
    let name = call.path("name")?;
    match call.shared.app.drop_world(name) {
        true => Ok(Reply::no_content()),
        false => {
            let message =
                format!("no world `{name}` is open; the first request with its key opens it");
            Err(Failure::new(StatusCode::NOT_FOUND, "not_found", message))
        }
    }
}

#[derive(Serialize)]
struct ResetView<'r> {
    to: &'r str,
    generation: u64,
    removed: RemovedView,
}

#[derive(Serialize)]
struct RemovedView {
    #[serde(flatten)]
    counts: CountsView,
    requests: usize,
    faults: usize,
}

fn reset_world(call: &Call<'_>) -> Result<Reply, Failure> {
    let to = call.text("to")?.unwrap_or_else(|| "seed".to_owned());
    let reset = call.shared.app.reset(call.caller, &to);
    let reset = reset.map_err(|unwritten| match unwritten {
        Unwritten::Refused(NoSuchSnapshot) => {
            let message = format!(
                "this world has no snapshot `{to}`; make one with PUT /_mock/snapshots/{{name}}, or reset to `seed` or `empty`"
            );
            Failure::new(StatusCode::NOT_FOUND, "not_found", message)
        }
        Unwritten::Revoked | Unwritten::Dropped => Failure::world_changed(),
    })?;
    let view = ResetView {
        to: &to,
        generation: reset.generation,
        removed: RemovedView {
            counts: reset.removed.into(),
            requests: reset.requests,
            faults: reset.faults,
        },
    };
    Ok(Reply::json(StatusCode::OK, &view))
}
