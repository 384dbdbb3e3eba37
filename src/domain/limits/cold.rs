//! Cold outreach: recipients who never wrote to the inbox are few on a day, and more once the inbox
//! and the account have some age.

use std::collections::HashSet;

use super::super::account::Plan;
use super::super::clock::{Day, Timestamp};
use super::super::inboxes::Inbox;
use super::super::mail::Mail;
use super::super::messages;
use super::super::refusal::{ColdScope, Refusal};
use super::super::state::State;
use super::seconds_until;

/// Inboxes and accounts are young for 30 days.
const YOUNG_MILLIS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How many recipients who never wrote a young inbox has on a day.
pub const COLD_RECIPIENTS_OF_YOUNG: u32 = 20;

/// Whether something that began then still is young; on its 30th day, to the millisecond, it is not.
#[must_use]
pub fn is_young(created_at: Timestamp, now: Timestamp) -> bool {
    now.millis() - created_at.millis() < YOUNG_MILLIS
}

/// How many such recipients an inbox has on a day.
pub(super) fn of_inbox(inbox: &Inbox, now: Timestamp) -> u32 {
    match is_young(inbox.created_at, now) {
        true => COLD_RECIPIENTS_OF_YOUNG,
        false => 200,
    }
}

/// How many such recipients all inboxes of the account have together on a day.
pub(super) fn of_account(state: &State, now: Timestamp) -> Option<u32> {
    let account = &state.account;
    match (account.plan, is_young(account.created_at, now)) {
        (Plan::Free, true) => Some(30),
        (Plan::Free, false) => Some(100),
        (Plan::Pro, true) => Some(150),
        (Plan::Pro, false) => Some(500),
        (Plan::Enterprise, _) => None,
    }
}

/// How many recipients in To and Cc never wrote to the inbox; each address is one, however often it
/// stands there. Bcc does not count.
#[must_use]
pub fn count_cold(state: &State, inbox: &Inbox, mail: &Mail) -> u32 {
    let addresses = mail.to.iter().chain(&mail.cc);
    let addresses: HashSet<String> = addresses.map(|it| it.to_lowercase()).collect();
    let cold = addresses
        .iter()
        .filter(|address| !messages::has_come_from(state, inbox.id, address));
    u32::try_from(cold.count()).unwrap_or(u32::MAX)
}

/// Refuses a mail to so many recipients who never wrote, if the inbox or the account had as many
/// today as it may: all of them or none, so a mail that some of them would fit is refused too. To
/// others mail goes whatever was sent before.
///
/// # Errors
///
/// [`Refusal::ColdOutreachLimit`].
pub fn check_cold(state: &State, now: Timestamp, inbox: &Inbox, cold: u32) -> Result<(), Refusal> {
    if !state.account.limits || cold == 0 {
        return Ok(());
    }
    let (own, all) = (
        state.usage.counts_of(inbox.id, now).cold,
        state.usage.counts(now).cold,
    );
    let bounds = [
        (ColdScope::Inbox, Some(of_inbox(inbox, now)), own),
        (ColdScope::Account, of_account(state, now), all),
    ];
    for (scope, limit, used) in bounds {
        if let Some(limit) = limit.filter(|limit| used.saturating_add(cold) > *limit) {
            let resets_at = Day::of(now).end();
            return Err(Refusal::ColdOutreachLimit {
                scope,
                limit,
                resets_at,
                retry_after: seconds_until(now, resets_at),
            });
        }
    }
    Ok(())
}
