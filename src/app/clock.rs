//! How a world's clock is moved: a rule like any other, but for the real clock that it may follow.

use crate::domain::clock::{Clock, Mode, Timestamp, real_now};
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

/// Moves the clock, sets how it goes, or both; answers what it shows then.
///
/// # Errors
///
/// [`WrongMove`].
pub fn move_clock(
    tx: &mut Transaction<'_>,
    to: Move,
    mode: Option<Mode>,
) -> Result<(Timestamp, Mode), WrongMove> {
    let now = tx.now;
    let target = match to {
        Move::Stay => now,
        Move::To(instant) if instant < now => return Err(WrongMove::Back(now)),
        Move::To(instant) => instant,
        Move::By(millis) => now.after(millis).ok_or(WrongMove::PastTheEnd)?,
    };
    let mode = mode.unwrap_or(tx.state.clock.mode());
    tx.state.clock = Clock::showing(target, mode, real_now());
    Ok((target, mode))
}
