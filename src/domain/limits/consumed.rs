//! What a write took of the account's limits, told by comparing what was used before and after it.

use std::sync::Arc;

use super::super::clock::{Day, Timestamp};
use super::super::ids::Id;
use super::super::keys::{MAX_KEYS, Scope};
use super::super::messages::MAX_STORED;
use super::super::refusal::RateLimit;
use super::super::state::State;
use super::super::tree::Difference;
use super::{MINUTE_MILLIS, Minute, cold};

/// The limits that the service documents, and those of plans and of storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Requests of the account within a minute.
    RequestsPerMinute,
    /// Sends of an inbox within a minute.
    SendsPerMinute,
    /// Sends of an inbox within a UTC day.
    SendsPerDay,
    /// Recipients of an inbox within a UTC day who never wrote to it.
    ColdRecipientsOfInbox,
    /// The same of all inboxes of the account.
    ColdRecipientsOfAccount,
    /// Inboxes that the account opens within a UTC day.
    InboxesPerDay,
    /// Inboxes that the plan allows.
    Inboxes,
    /// Keys of a pod.
    KeysOfPod,
    /// Keys of an inbox.
    KeysOfInbox,
    /// Checks of a domain within a minute.
    DomainChecksPerMinute,
    /// Bytes of mail.
    StorageBytes,
}

impl Limit {
    /// All limits.
    pub const ALL: [Self; 11] = [
        Self::RequestsPerMinute,
        Self::SendsPerMinute,
        Self::SendsPerDay,
        Self::ColdRecipientsOfInbox,
        Self::ColdRecipientsOfAccount,
        Self::InboxesPerDay,
        Self::Inboxes,
        Self::KeysOfPod,
        Self::KeysOfInbox,
        Self::DomainChecksPerMinute,
        Self::StorageBytes,
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Limit::RequestsPerMinute => "requestsPerMinute",
            Limit::SendsPerMinute => "sendsPerMinute",
            Limit::SendsPerDay => "sendsPerDay",
            Limit::ColdRecipientsOfInbox => "coldRecipientsOfInbox",
            Limit::ColdRecipientsOfAccount => "coldRecipientsOfAccount",
            Limit::InboxesPerDay => "inboxesPerDay",
            Limit::Inboxes => "inboxes",
            Limit::KeysOfPod => "keysOfPod",
            Limit::KeysOfInbox => "keysOfInbox",
            Limit::DomainChecksPerMinute => "domainChecksPerMinute",
            Limit::StorageBytes => "storageBytes",
        }
    }

    /// Whether it holds only while the account's limits are on; the others always do.
    fn is_a_rate(self) -> bool {
        match self {
            Limit::RequestsPerMinute
            | Limit::SendsPerMinute
            | Limit::SendsPerDay
            | Limit::ColdRecipientsOfInbox
            | Limit::ColdRecipientsOfAccount
            | Limit::InboxesPerDay
            | Limit::DomainChecksPerMinute => true,
            Limit::Inboxes | Limit::KeysOfPod | Limit::KeysOfInbox | Limit::StorageBytes => false,
        }
    }
}

/// What was taken of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consumed {
    /// The limit.
    pub limit: Limit,
    /// What it is a limit of, if that is not the account.
    pub owner: Option<Id>,
    /// How much of it was taken.
    pub taken: u64,
    /// How much of it is used, that included.
    pub used: u64,
    /// How much there is in all; none where there is no end.
    pub of: Option<u64>,
    /// When it begins again, if it ever does.
    pub resets_at: Option<Timestamp>,
    /// Whether it holds, or is counted only.
    pub is_enforced: bool,
}

/// Tells what was taken between an earlier state and a later one.
pub fn tell(before: &State, after: &State, now: Timestamp, told: &mut impl FnMut(Consumed)) {
    let told = &mut |consumed: Consumed| {
        if consumed.taken > 0 {
            let holds = after.account.limits || !consumed.limit.is_a_rate();
            let is_enforced = holds && consumed.of.is_some();
            told(Consumed {
                is_enforced,
                ..consumed
            });
        }
    };
    if !Arc::ptr_eq(&before.usage, &after.usage) {
        of_account(before, after, now, told);
        for inbox in before.usage.inboxes_beside(&after.usage) {
            of_inbox(before, after, inbox, now, told);
        }
    }
    let inboxes = [before, after].map(|state| state.inboxes.len());
    let of = after.account.plan.inbox_limit();
    told(stock(Limit::Inboxes, None, inboxes, of));
    let stored = [before, after].map(|state| state.stored_bytes);
    told(stock(Limit::StorageBytes, None, stored, Some(MAX_STORED)));
    of_keys(before, after, told);
    of_domains(before, after, told);
}

/// What was taken of what there is so much of, for good.
fn stock(limit: Limit, owner: Option<Id>, [was, is]: [usize; 2], of: Option<usize>) -> Consumed {
    Consumed {
        of: of.map(|of| of as u64),
        ..Consumed::of(limit, owner, [was as u64, is as u64])
    }
}

/// What was taken of what a time has so much of.
fn rate(
    limit: Limit,
    owner: Option<Id>,
    [was, is]: [u32; 2],
    of: Option<u32>,
    resets_at: Timestamp,
) -> Consumed {
    Consumed {
        of: of.map(u64::from),
        resets_at: Some(resets_at),
        ..Consumed::of(limit, owner, [was.into(), is.into()])
    }
}

impl Consumed {
    fn of(limit: Limit, owner: Option<Id>, [was, is]: [u64; 2]) -> Self {
        Self {
            limit,
            owner,
            taken: is.saturating_sub(was),
            used: is,
            of: None,
            resets_at: None,
            is_enforced: false,
        }
    }
}

fn of_account(before: &State, after: &State, now: Timestamp, told: &mut impl FnMut(Consumed)) {
    let both = [before, after];
    let minute = Minute::of(now);
    let requests = both.map(|state| state.usage.requests_within(minute));
    let of = Some(RateLimit::RequestsPerMinute.allowed());
    let limit = Limit::RequestsPerMinute;
    told(rate(limit, None, requests, of, minute.end()));
    let tomorrow = Day::of(now).end();
    let counts = both.map(|state| state.usage.counts(now));
    let opened = counts.map(|counts| counts.inboxes_opened);
    let of = Some(RateLimit::InboxesPerDay.allowed());
    told(rate(Limit::InboxesPerDay, None, opened, of, tomorrow));
    let cold = counts.map(|counts| counts.cold);
    let of = cold::of_account(after, now);
    let limit = Limit::ColdRecipientsOfAccount;
    told(rate(limit, None, cold, of, tomorrow));
}

fn of_inbox(
    before: &State,
    after: &State,
    inbox: Id,
    now: Timestamp,
    told: &mut impl FnMut(Consumed),
) {
    let tomorrow = Day::of(now).end();
    let counts = [before, after].map(|state| state.usage.counts_of(inbox, now));
    let sends = counts.map(|counts| counts.sends);
    let sent = sends[1].saturating_sub(sends[0]);
    let minute_ago = now.after(-MINUTE_MILLIS).unwrap_or(Timestamp::MIN);
    let recent = after.usage.recent(inbox);
    let recent = &recent[recent.partition_point(|at| *at <= minute_ago)..];
    if let Some(first) = recent.first() {
        // More than a minute allows are not remembered.
        let used = u32::try_from(recent.len()).unwrap_or(u32::MAX);
        let used = [used.saturating_sub(sent), used];
        let of = Some(RateLimit::SendsPerMinute.allowed());
        let room_at = first.after(MINUTE_MILLIS).unwrap_or(Timestamp::MAX);
        let limit = Limit::SendsPerMinute;
        told(rate(limit, Some(inbox), used, of, room_at));
    }
    let of = Some(RateLimit::SendsPerDay.allowed());
    told(rate(Limit::SendsPerDay, Some(inbox), sends, of, tomorrow));
    let cold = counts.map(|counts| counts.cold);
    let row = after.inboxes.get(inbox);
    let of = row.map(|row| cold::of_inbox(row, now));
    let limit = Limit::ColdRecipientsOfInbox;
    told(rate(limit, Some(inbox), cold, of, tomorrow));
}

fn of_keys(before: &State, after: &State, told: &mut impl FnMut(Consumed)) {
    for difference in before.keys.differences(&after.keys) {
        let Difference::New(_, key) = difference else {
            continue;
        };
        let both = [before, after];
        let (limit, owner, keys) = match key.scope {
            Scope::Account => continue,
            Scope::Pod(pod) => {
                let keys = both.map(|state| state.pod_keys.count(pod));
                (Limit::KeysOfPod, pod, keys)
            }
            Scope::Inbox { inbox, .. } => {
                let keys = both.map(|state| state.inbox_keys.count(inbox));
                (Limit::KeysOfInbox, inbox, keys)
            }
        };
        told(stock(limit, Some(owner), keys, Some(MAX_KEYS)));
    }
}

fn of_domains(before: &State, after: &State, told: &mut impl FnMut(Consumed)) {
    for difference in before.domains.differences(&after.domains) {
        let Difference::Both(_, old, new) = difference else {
            continue;
        };
        let Some(checks) = new.checks.filter(|_| old.checks != new.checks) else {
            continue;
        };
        let known = old.checks.filter(|known| known.minute == checks.minute);
        let counts = [known.map_or(0, |known| known.count), checks.count];
        let of = Some(RateLimit::DomainChecksPerMinute.allowed());
        let (limit, owner) = (Limit::DomainChecksPerMinute, Some(new.id));
        told(rate(limit, owner, counts, of, checks.minute.end()));
    }
}
