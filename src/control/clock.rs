//! The world's clock: read it, move it, freeze it, let it run.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::waiting::Waiting;
use crate::app::{self, Caller, ClockSeat, Fired, Journey, Move, World, WrongMove};
use crate::domain::clock::{Mode, Timestamp, parse_duration};
use crate::domain::deliveries::Delivery;
use crate::domain::ids::Id;
use crate::domain::state::Transaction;
use crate::push::Courier;

pub(super) const ROWS: &[Row] = &[
    Row::guarded("getClock", get_clock),
    Row::waiting("moveClock", move_clock),
];

/// How long a move may take, unless the call says so.
const PATIENCE: u64 = 10_000;

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

/// A world's clock, and what goes on there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GoingView {
    #[serde(flatten)]
    clock: ClockView,
    /// Whether a move is under way.
    moving: bool,
    waiting_for: Vec<AwaitedView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MovedView {
    #[serde(flatten)]
    clock: ClockView,
    done: bool,
    /// What the move made happen.
    fired: Vec<FiredView>,
    /// What it did not wait out.
    waiting_for: Vec<AwaitedView>,
}

/// An attempt that is not answered yet.
#[derive(Serialize)]
struct AwaitedView {
    kind: &'static str,
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

fn awaited(world: &World) -> Vec<AwaitedView> {
    let view = |(id, delivery): (Id, Option<Arc<Delivery>>)| AwaitedView {
        kind: match delivery {
            Some(_) => "webhook_attempt",
            None => "webhook_test",
        },
        id,
        url: delivery.map(|delivery| delivery.webhook.url.clone()),
    };
    world.awaited().into_iter().map(view).collect()
}

#[derive(Serialize)]
struct FiredView {
    at: Timestamp,
    kind: &'static str,
    id: Id,
}

impl From<Fired> for FiredView {
    fn from(fired: Fired) -> Self {
        Self {
            at: fired.at,
            kind: "webhook_attempt",
            id: fired.id,
        }
    }
}

fn get_clock(call: &Call<'_>) -> Result<Reply, Failure> {
    let view = GoingView {
        clock: ClockView::of(call.world),
        moving: call.world.is_moved(),
        waiting_for: awaited(call.world),
    };
    Ok(Reply::json(StatusCode::OK, &view))
}

fn move_clock(call: &Call<'_>) -> Result<Waiting, Failure> {
    let mode = call.text("mode")?.map(|mode| match mode.as_str() {
        "frozen" => Mode::Frozen,
        _ => Mode::Real,
    });
    let to = wanted(call)?;
    let body = call.input.body.as_ref().map(|body| body.root());
    let within = body.and_then(|body| body.get("timeoutMs")?.as_integer());
    let within = within.and_then(|within| u64::try_from(within).ok());
    let seat = call.caller.world().take_clock_seat();
    let seat = Arc::new(seat.ok_or_else(|| clock_busy(call.world))?);
    let begun = |tx: &mut Transaction<'_>| app::begin_move(tx, to, mode).map_err(wrong_move);
    let mut moving = Moving {
        journey: call.caller.write(begun)?,
        waits: to != Move::Stay,
        caller: call.caller.clone(),
        courier: call.shared.courier.clone(),
        seat: seat.clone(),
    };
    Ok(Waiting::new(
        Duration::from_millis(within.unwrap_or(PATIENCE)),
        move |world| moving.go_on(world),
        move |world| Ok(moved(world, &seat, false)),
    ))
}

/// Where the call wants the clock to be.
fn wanted(call: &Call<'_>) -> Result<Move, Failure> {
    match (call.text("to")?, call.text("by")?) {
        (None, None) => Ok(Move::Stay),
        (Some(to), None) => Timestamp::parse(&to).map(Move::To).ok_or_else(|| {
            Failure::bad_request(format!(
                "`to` is `{to}`; write it like 2026-01-31T09:30:00Z"
            ))
        }),
        (None, Some(by)) => parse_duration(&by).map(Move::By).ok_or_else(|| {
            Failure::bad_request(format!(
                "`by` is `{by}`; write it like `90s` or `24h1s`, with ms, s, m, h and d"
            ))
        }),
        (Some(_), Some(_)) => Err(Failure::bad_request(
            "`to` and `by` are given together; send one of them",
        )),
    }
}

/// A move of the clock on its way.
struct Moving {
    journey: Journey,
    /// Whether it waits for deliveries: only setting how the clock goes does not.
    waits: bool,
    caller: Caller,
    courier: Courier,
    /// Nobody else moves this clock meanwhile.
    seat: Arc<ClockSeat>,
}

impl Moving {
    /// Goes on as far as nothing is under way; the answer, if that is to the end. What falls due is
    /// for the pump to do, so that nobody does it twice.
    fn go_on(&mut self, world: &World) -> Option<Result<Reply, Failure>> {
        loop {
            if self.waits && world.is_delivering() {
                self.courier.kick(self.caller.world());
                return None;
            }
            // Not inside the rule: the bench is never locked within a world's turn.
            let deliveries = world.delivery_mode();
            let journey = self.journey;
            let stepped = self.caller.write(|tx| {
                let mut journey = journey;
                let (_, is_end) = app::step(tx, &mut journey, deliveries);
                Ok::<_, Failure>((journey, is_end))
            });
            match stepped {
                Ok((journey, false)) => self.journey = journey,
                Ok((_, true)) => return Some(Ok(moved(world, &self.seat, true))),
                Err(unwritten) => return Some(Err(unwritten.into())),
            }
        }
    }
}

fn moved(world: &World, seat: &ClockSeat, done: bool) -> Reply {
    let view = MovedView {
        clock: ClockView::of(world),
        done,
        fired: seat.fired().into_iter().map(FiredView::from).collect(),
        waiting_for: match done {
            true => Vec::new(),
            false => awaited(world),
        },
    };
    Reply::json(StatusCode::OK, &view)
}

fn clock_busy(world: &World) -> Failure {
    let awaited = awaited(world);
    let cause = awaited.first().map(|first| {
        let more = match awaited.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let to = first.url.as_ref().map(|url| format!(" to {url}"));
        let to = to.unwrap_or_default();
        format!(
            ": it waits for the attempt {}{to}{more}; a receiver that moves the clock has to answer first",
            first.id
        )
    });
    let message = format!(
        "another move of this world's clock is under way; wait for its answer{}",
        cause.unwrap_or_default()
    );
    Failure::new(StatusCode::CONFLICT, "clock_busy", message)
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
