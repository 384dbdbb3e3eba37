//! How a world's clock is moved: step by step, so that what falls due on the way happens at its
//! instant. Each step is a rule like any other, but for the real clock that it may follow.

use super::delivering::DeliveryMode;
use crate::domain::clock::{Clock, Mode, Timestamp, real_now};
use crate::domain::deliveries;
use crate::domain::state::Transaction;

/// Where a clock does not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongMove {
    /// Back; what it shows.
    Back(Timestamp),
    /// Past the end of the calendar.
    PastTheEnd,
}

/// Where a clock is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Nowhere; only its mode may change.
    Stay,
    /// To an instant.
    To(Timestamp),
    /// That many milliseconds ahead.
    By(i64),
}

/// A move under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journey {
    /// Milliseconds that the clock is still to be put forward. A clock that runs meanwhile runs
    /// beside that: what a move shifts does not depend on how long it takes.
    rest: i64,
    /// How the clock is to go in the end.
    mode: Mode,
}

/// Begins a move. A clock that is to stand stands from now on; one that is to run does so in the end.
///
/// # Errors
///
/// [`WrongMove`].
pub fn begin_move(
    tx: &mut Transaction<'_>,
    to: Move,
    mode: Option<Mode>,
) -> Result<Journey, WrongMove> {
    let now = tx.now;
    let rest = match to {
        Move::Stay => 0,
        Move::To(instant) if instant < now => return Err(WrongMove::Back(now)),
        Move::To(instant) => instant.millis() - now.millis(),
        Move::By(millis) => {
            now.after(millis).ok_or(WrongMove::PastTheEnd)?;
            millis
        }
    };
    let known = tx.state.clock.mode();
    if (known, mode) == (Mode::Real, Some(Mode::Frozen)) {
        tx.state.clock = Clock::Frozen { at: now };
    }
    Ok(Journey {
        rest,
        mode: mode.unwrap_or(known),
    })
}

/// Goes on to the next instant at which something falls due, or to the end if nothing does before;
/// answers what the clock shows then, and whether that is the end.
pub fn step(
    tx: &mut Transaction<'_>,
    journey: &mut Journey,
    deliveries: DeliveryMode,
) -> (Timestamp, bool) {
    let now = tx.now;
    // The calendar reached so far when the move began; a clock that ran since may be at its end.
    let end = now.after(journey.rest).unwrap_or(Timestamp::MAX);
    let next = match deliveries {
        DeliveryMode::Auto => deliveries::next_due_after(tx.state, now),
        // What is held does not happen.
        DeliveryMode::Hold => None,
    };
    if let Some(next) = next.filter(|next| *next <= end) {
        journey.rest -= next.millis() - now.millis();
        tx.state.clock = Clock::showing(next, tx.state.clock.mode(), real_now());
        return (next, false);
    }
    journey.rest = 0;
    tx.state.clock = Clock::showing(end, journey.mode, real_now());
    (end, true)
}
