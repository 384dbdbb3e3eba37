//! What was used of the limits, as a part of the state.

use std::sync::Arc;

use super::super::clock::{Day, Timestamp};
use super::super::ids::Id;
use super::super::refusal::RateLimit;
use super::super::tree::{Difference, Tree};
use super::MINUTE_MILLIS;

/// As many sends of an inbox are remembered as a minute allows: more would decide nothing.
pub const MAX_RECENT: usize = RateLimit::SendsPerMinute.allowed() as usize;

/// What was used of the limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The day that the counts are of; those of an earlier one are worth nothing.
    day: Option<Day>,
    /// What the account used on that day.
    counts: Counts,
    /// What inboxes used on that day.
    of_inboxes: Tree<Id, InboxCounts>,
    /// When inboxes sent last, the oldest first: a minute does not end at midnight.
    recent: Tree<Id, Arc<[Timestamp]>>,
    /// The minute in which requests were counted last, and how many came in it.
    requests: Option<(Minute, u32)>,
}

/// What an account used on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Inboxes that it opened.
    pub inboxes_opened: u32,
    /// Recipients who never wrote to the inbox that sent.
    pub cold: u32,
}

/// What an inbox used on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboxCounts {
    /// Mails that it sent.
    pub sends: u32,
    /// Recipients who never wrote to it.
    pub cold: u32,
}

/// A minute of the world's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute(i64);

impl Minute {
    /// The minute in which an instant lies.
    #[must_use]
    pub fn of(instant: Timestamp) -> Self {
        Self(instant.millis().div_euclid(MINUTE_MILLIS))
    }

    /// When it begins.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(self.0 * MINUTE_MILLIS).unwrap_or(Timestamp::MIN)
    }

    /// When the next one begins.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp::from_millis((self.0 + 1) * MINUTE_MILLIS).unwrap_or(Timestamp::MAX)
    }
}

impl Usage {
    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The day that the counts are of.
    #[must_use]
    pub fn day(&self) -> Option<Day> {
        self.day
    }

    /// What the account used on the day of the clock.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> Counts {
        match self.day == Some(Day::of(now)) {
            true => self.counts,
            false => Counts::default(),
        }
    }

    /// What an inbox used on the day of the clock.
    #[must_use]
    pub fn counts_of(&self, inbox: Id, now: Timestamp) -> InboxCounts {
        let counts = self.of_inboxes.get(&inbox).copied();
        let counts = counts.filter(|_| self.day == Some(Day::of(now)));
        counts.unwrap_or_default()
    }

    /// When an inbox sent last, the oldest first; at most [`MAX_RECENT`] instants.
    #[must_use]
    pub fn recent(&self, inbox: Id) -> &[Timestamp] {
        self.recent.get(&inbox).map_or(&[], |recent| recent)
    }

    /// How many requests came within a minute.
    #[must_use]
    pub fn requests_within(&self, minute: Minute) -> u32 {
        let counted = self.requests.filter(|(counted, _)| *counted == minute);
        counted.map_or(0, |(_, count)| count)
    }

    /// The minute in which requests were counted last, and how many came in it.
    #[must_use]
    pub fn requests(&self) -> Option<(Minute, u32)> {
        self.requests
    }

    /// What was counted on the day that the counts are of.
    #[must_use]
    pub fn on_its_day(&self) -> Counts {
        self.counts
    }

    /// What an inbox used on that day.
    #[must_use]
    pub fn of_its_day(&self, inbox: Id) -> InboxCounts {
        self.of_inboxes.get(&inbox).copied().unwrap_or_default()
    }

    /// What each inbox used on that day, and when it sent last; sorted by id.
    #[must_use]
    pub fn inboxes(&self) -> Vec<(Id, InboxCounts, &[Timestamp])> {
        let mut ids: Vec<Id> = self.of_inboxes.iter().map(|(id, _)| *id).collect();
        ids.extend(self.recent.iter().map(|(id, _)| *id));
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter()
            .map(|id| (id, self.of_its_day(id), self.recent(id)))
            .collect()
    }

    /// What is otherwise in a later account of what was used, by the names in fixtures.
    #[must_use]
    pub fn changed(&self, later: &Self) -> Vec<&'static str> {
        let Self {
            day,
            counts,
            of_inboxes,
            recent,
            requests,
        } = self;
        let is_otherwise = |(_, differs): &(&'static str, bool)| *differs;
        let parts = [
            ("day", *day != later.day),
            (
                "inboxesCreated",
                counts.inboxes_opened != later.counts.inboxes_opened,
            ),
            ("coldRecipients", counts.cold != later.counts.cold),
            ("inboxes", !is_shared(of_inboxes, &later.of_inboxes)),
            ("recentSends", !is_shared(recent, &later.recent)),
            ("requests", *requests != later.requests),
        ];
        let otherwise = parts.into_iter().filter(is_otherwise);
        otherwise.map(|(name, _)| name).collect()
    }

    /// The inboxes that used something else on that day than a later account of it says.
    pub(super) fn inboxes_beside(&self, later: &Self) -> Vec<Id> {
        let differences = self
            .of_inboxes
            .differences(&later.of_inboxes, PartialEq::eq);
        let inboxes = differences.filter_map(|difference| match difference {
            Difference::New(inbox, _) | Difference::Both(inbox, ..) => Some(*inbox),
            Difference::Gone(..) => None,
        });
        inboxes.collect()
    }

    pub(super) fn count_send(&mut self, inbox: Id, cold: u32, now: Timestamp) {
        self.begin(Day::of(now));
        let counts = self.counts_of(inbox, now);
        let counts = InboxCounts {
            sends: counts.sends.saturating_add(1),
            cold: counts.cold.saturating_add(cold),
        };
        self.of_inboxes.insert(inbox, counts);
        self.counts.cold = self.counts.cold.saturating_add(cold);
        let mut recent = self.recent(inbox).to_vec();
        recent.push(now);
        self.set_recent(inbox, recent);
    }

    pub(super) fn count_creation(&mut self, now: Timestamp) {
        self.begin(Day::of(now));
        self.counts.inboxes_opened = self.counts.inboxes_opened.saturating_add(1);
    }

    pub(super) fn count_request(&mut self, minute: Minute) {
        let made = self.requests_within(minute);
        self.requests = Some((minute, made.saturating_add(1)));
    }

    pub(super) fn knows(&self, inbox: Id) -> bool {
        self.of_inboxes.contains_key(&inbox) || self.recent.contains_key(&inbox)
    }

    pub(super) fn forget_inbox(&mut self, inbox: Id) {
        self.of_inboxes.remove(&inbox);
        self.recent.remove(&inbox);
    }

    /// Makes a day the one that is counted; on another one than before nothing is used yet.
    pub fn begin(&mut self, day: Day) {
        if self.day != Some(day) {
            self.day = Some(day);
            self.counts = Counts::default();
            self.of_inboxes = Tree::new();
        }
    }

    /// Says what the account used on the day that is counted.
    pub fn set_counts(&mut self, counts: Counts) {
        self.counts = counts;
    }

    /// Says what an inbox used on the day that is counted.
    pub fn set_counts_of(&mut self, inbox: Id, counts: InboxCounts) {
        match counts == InboxCounts::default() {
            true => self.of_inboxes.remove(&inbox),
            false => self.of_inboxes.insert(inbox, counts),
        };
    }

    /// Says when an inbox sent last, the oldest first; the latest of them are kept.
    pub fn set_recent(&mut self, inbox: Id, mut recent: Vec<Timestamp>) {
        recent.drain(..recent.len().saturating_sub(MAX_RECENT));
        match recent.is_empty() {
            true => self.recent.remove(&inbox),
            false => self.recent.insert(inbox, recent.into()),
        };
    }

    /// Says how many requests came within a minute.
    pub fn set_requests(&mut self, minute: Minute, count: u32) {
        self.requests = Some((minute, count)).filter(|_| count > 0);
    }
}

/// Whether two trees say the same; costs what differs.
fn is_shared<V: PartialEq>(one: &Tree<Id, V>, other: &Tree<Id, V>) -> bool {
    one.differences(other, PartialEq::eq).next().is_none()
}
