//! How much may happen in a time, on the world's clock (OpenMail docs, Limits, July 2026): sends of
//! an inbox within a minute and a UTC day, new inboxes and requests of the account, and recipients
//! who never wrote.
//!
//! Sends, inboxes and recipients are counted whether or not limits hold, so that they hold from the
//! moment at which somebody switches them on. Requests are counted only while they hold, since
//! otherwise every look at a world would be a write. What is refused counts nothing: its
//! transaction leaves no trace.

mod cold;
pub mod consumed;
mod usage;

use super::clock::{Day, Timestamp};
use super::ids::Id;
use super::refusal::{RateLimit, Refusal};
use super::state::{State, Transaction};
pub use cold::{COLD_RECIPIENTS_OF_YOUNG, check_cold, count_cold, is_young};
pub use usage::{Counts, InboxCounts, MAX_RECENT, Minute, Usage};

/// Within this time an inbox sends so many mails, and an account makes so many requests.
pub const MINUTE_MILLIS: i64 = 60_000;

/// Refuses a send of an inbox that sent as much as it may. Where both bounds are reached, it is the
/// day's that is told, which holds longer.
///
/// # Errors
///
/// [`Refusal::RateLimitExceeded`].
pub fn check_send(state: &State, now: Timestamp, inbox: Id) -> Result<(), Refusal> {
    if !state.account.limits {
        return Ok(());
    }
    let usage = &state.usage;
    if usage.counts_of(inbox, now).sends >= RateLimit::SendsPerDay.allowed() {
        return Err(exceeded(RateLimit::SendsPerDay, now, Day::of(now).end()));
    }
    // The oldest of as many as a minute allows: the next one has room when it is a minute past.
    let first = match usage.recent(inbox) {
        recent @ [first, ..] if recent.len() >= MAX_RECENT => *first,
        _ => return Ok(()),
    };
    let room_at = first.after(MINUTE_MILLIS).unwrap_or(Timestamp::MAX);
    match now < room_at {
        true => Err(exceeded(RateLimit::SendsPerMinute, now, room_at)),
        false => Ok(()),
    }
}

/// Counts a send of an inbox, and so many of its recipients who never wrote to it.
pub fn count_send(tx: &mut Transaction<'_>, inbox: Id, cold: u32) {
    let now = tx.now;
    usage_of(tx).count_send(inbox, cold, now);
}

/// Refuses a new inbox of an account that opened as many today as it may.
///
/// # Errors
///
/// [`Refusal::RateLimitExceeded`].
pub fn check_creation(state: &State, now: Timestamp) -> Result<(), Refusal> {
    let opened = state.usage.counts(now).inboxes_opened;
    match state.account.limits && opened >= RateLimit::InboxesPerDay.allowed() {
        true => Err(exceeded(RateLimit::InboxesPerDay, now, Day::of(now).end())),
        false => Ok(()),
    }
}

/// Counts a new inbox.
pub fn count_creation(tx: &mut Transaction<'_>) {
    let now = tx.now;
    usage_of(tx).count_creation(now);
}

/// Counts a request with a key of the account, if its limits hold. Minutes are those of the world's
/// clock, one after the other.
///
/// # Errors
///
/// [`Refusal::RateLimitExceeded`].
pub fn count_request(tx: &mut Transaction<'_>) -> Result<(), Refusal> {
    if !tx.state.account.limits {
        return Ok(());
    }
    let (now, minute) = (tx.now, Minute::of(tx.now));
    let made = tx.state.usage.requests_within(minute);
    if made >= RateLimit::RequestsPerMinute.allowed() {
        return Err(exceeded(RateLimit::RequestsPerMinute, now, minute.end()));
    }
    usage_of(tx).count_request(minute);
    Ok(())
}

/// Forgets what an inbox used, when it goes. What it used of the account's bounds stays used.
pub(super) fn forget_inbox(state: &mut State, inbox: Id) {
    if state.usage.knows(inbox) {
        std::sync::Arc::make_mut(&mut state.usage).forget_inbox(inbox);
    }
}

fn usage_of<'t>(tx: &'t mut Transaction<'_>) -> &'t mut Usage {
    std::sync::Arc::make_mut(&mut tx.state.usage)
}

fn exceeded(limit: RateLimit, now: Timestamp, room_at: Timestamp) -> Refusal {
    Refusal::RateLimitExceeded {
        limit,
        retry_after: seconds_until(now, room_at),
    }
}

/// Whole seconds until an instant: after so many there is room, and at least one.
fn seconds_until(now: Timestamp, then: Timestamp) -> u64 {
    let millis = u64::try_from(then.millis() - now.millis()).unwrap_or(0);
    millis.div_ceil(1_000).max(1)
}
