//! The world's clock: read it, move it, freeze it, let it run.

use hyper::StatusCode;
use serde::Serialize;

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::app::{self, Move, World, WrongMove};
use crate::domain::clock::{Mode, Timestamp, parse_duration};
use crate::domain::state::Transaction;

pub(super) const ROWS: &[Row] = &[
    Row::guarded("getClock", get_clock),
    Row::guarded("moveClock", move_clock),
];

/// What a clock shows and how it goes.
#[derive(Serialize)]
pub(super) struct ClockView {
    now: Timestamp,
    mode: &'static str,
}

impl ClockView {
    pub(super) fn of(world: &World) -> Self {
        let mode = world.read(|state| state.clock.mode());
        Self {
            now: world.now(),
            mode: mode.word(),
        }
    }
}

#[derive(Serialize)]
struct MovedView {
    now: Timestamp,
    mode: &'static str,
    done: bool,
    /// What the move made happen; nothing in a world waits for an instant so far.
    fired: [(); 0],
}

fn get_clock(call: &Call<'_>) -> Result<Reply, Failure> {
    Ok(Reply::json(StatusCode::OK, &ClockView::of(call.world)))
}

fn move_clock(call: &Call<'_>) -> Result<Reply, Failure> {
    let mode = call.text("mode")?.map(|mode| match mode.as_str() {
        "frozen" => Mode::Frozen,
        _ => Mode::Real,
    });
    let to = match (call.text("to")?, call.text("by")?) {
        (None, None) => Move::Stay,
        (Some(to), None) => Move::To(Timestamp::parse(&to).ok_or_else(|| {
            Failure::bad_request(format!(
                "`to` is `{to}`; write it like 2026-01-31T09:30:00Z"
            ))
        })?),
        (None, Some(by)) => Move::By(parse_duration(&by).ok_or_else(|| {
            Failure::bad_request(format!(
                "`by` is `{by}`; write it like `90s` or `24h1s`, with ms, s, m, h and d"
            ))
        })?),
        (Some(_), Some(_)) => {
            return Err(Failure::bad_request(
                "`to` and `by` are given together; send one of them",
            ));
        }
    };
    let moved = |tx: &mut Transaction<'_>| app::move_clock(tx, to, mode).map_err(wrong_move);
    let (now, mode) = call.caller.write(moved)?;
    let view = MovedView {
        now,
        mode: mode.word(),
        done: true,
        fired: [],
    };
    Ok(Reply::json(StatusCode::OK, &view))
}

fn wrong_move(wrong: WrongMove) -> Failure {
    match wrong {
        WrongMove::Back(now) => Failure::bad_request(format!(
            "the world's clock shows {now} and never goes back; `POST /_mock/reset` returns it to the seed's"
        )),
        WrongMove::PastTheEnd => Failure::bad_request(format!(
            "that is past the end of the calendar, which is {}",
            Timestamp::MAX
        )),
    }
}
