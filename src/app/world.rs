//! One world: a private copy of the seed, and what happened to it.
//!
//! A world is state and trace. Its state is one immutable value behind two verbs: [`World::read`]
//! looks at the current one without a lock, [`Caller::write`](super::Caller::write) makes the next
//! one under the world's turn and keeps it only if the rule succeeded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard, RwLock};

use super::caller::Unwritten;
use super::delivering::Bench;
use super::faults::FaultList;
use super::signal::Signal;
use super::sockets::Socket;
use super::{aside, discard, release};
use crate::domain::clock::{Clock, Timestamp, real_now};
use crate::domain::events::{self, Listeners};
use crate::domain::ids::Source;
use crate::domain::state::{State, Transaction};
use crate::domain::table::{Listing, Page};
use crate::record::coverage::Sheet;
use crate::record::journal::{Exchange, Journal};

/// How long a thread waits for a turn before it takes the wait for a long one.
const ORDINARY_TURN: Duration = Duration::from_micros(100);

fn never_shown() -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(Timestamp::MIN.millis()))
}

impl Current {
    pub(super) fn now(&self) -> Timestamp {
        match self.state.clock {
            Clock::Frozen { at } => at,
            Clock::Real { .. } => {
                let reading = self.state.clock.reading(real_now());
                let before = self.shown.fetch_max(reading.millis(), Ordering::Relaxed);
                Timestamp::from_millis(before).map_or(reading, |before| before.max(reading))
            }
        }
    }
}

/// One private copy of the seed, and what happened to it.
pub struct World {
    /// Its name, which account keys carry.
    pub name: Arc<str>,
    seed: u64,
    /// Held for a moment only: to take a reference, to look at the clock, or to swap.
    pub(super) current: RwLock<Current>,
    /// Whoever makes the next state holds this from reading the old one to swapping.
    turn: Mutex<()>,
    /// Raised by reset, restore, replacement and drop, inside `current`.
    generation: AtomicU64,
    /// Raised after every change of what is seen here.
    pub(super) signal: Signal,
    pub(super) snapshots: Mutex<BTreeMap<String, Arc<State>>>,
    /// The sockets of this world by number. Locked for a moment only, and inside no other lock.
    pub(super) sockets: Mutex<BTreeMap<u64, Arc<Socket>>>,
    /// Never locked inside `current` or `turn`.
    journal: Mutex<Journal>,
    pub(super) faults: FaultList,
    /// Never locked inside `current` or `turn`; `current` may be looked at inside it.
    pub(super) bench: Mutex<Bench>,
    /// What was covered under its name; it stays when the world goes, or is reset.
    pub sheet: Arc<Sheet>,
    /// The sum over all journals, this one included.
    ledger: Arc<AtomicUsize>,
    last_use: AtomicU64,
    last_used_at: AtomicI64,
}

#[derive(Clone)]
pub(super) struct Current {
    pub(super) state: Arc<State>,
    /// The last event of the state that was last put in its place as a whole: whoever follows the
    /// world's events begins behind it.
    pub(super) start: u64,
    /// The latest instant shown since the state was last replaced as a whole, so that a real clock
    /// that is set back does not take the world's along. It goes with the state: whoever still
    /// reads the old one cannot move the new one's clock.
    shown: Arc<AtomicI64>,
    /// The sockets of this world, which its state does not hold: a reset leaves them.
    pub(super) listeners: Arc<Listeners>,
    /// Whether the world was dropped. Nothing is written any more: nobody would see it.
    is_retired: bool,
}

impl World {
    pub(super) fn new(
        name: &str,
        seed: u64,
        state: Arc<State>,
        ledger: Arc<AtomicUsize>,
        sheet: Arc<Sheet>,
    ) -> Self {
        Self {
            name: Arc::from(name),
            seed,
            current: RwLock::new(Current {
                start: events::last_number(&state),
                state,
                shown: never_shown(),
                listeners: Arc::default(),
                is_retired: false,
            }),
            turn: Mutex::default(),
            generation: AtomicU64::new(0),
            signal: Signal::default(),
            snapshots: Mutex::default(),
            sockets: Mutex::default(),
            journal: Mutex::default(),
            faults: FaultList::default(),
            bench: Mutex::default(),
            sheet,
            ledger,
            last_use: AtomicU64::new(0),
            last_used_at: AtomicI64::new(0),
        }
    }

    /// Notes that a request reached it; ticks grow with every request of the process.
    pub(super) fn touch(&self, tick: u64) {
        self.last_use.store(tick, Ordering::Relaxed);
        self.last_used_at
            .store(real_now().millis(), Ordering::Relaxed);
    }

    /// The tick of the last request.
    pub(super) fn last_use(&self) -> u64 {
        self.last_use.load(Ordering::Relaxed)
    }

    /// The current state, as a value of its own; whoever only looks at it does so by
    /// [`World::read`], which frees nothing large on the way.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.current.read().state.clone()
    }

    /// Runs `f` on the current state; a write that happens meanwhile does not change it.
    pub fn read<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        let state = self.state();
        let answer = f(&state);
        release(state);
        answer
    }

    /// What [`Caller::write`](super::Caller::write) does.
    pub(super) fn write<T, E>(
        &self,
        rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, Unwritten<E>> {
        self.write_and_tell(rule, |_, _, _| {})
    }

    /// The same; `tell` sees the state before and the state after, and when that was.
    pub(super) fn write_and_tell<T, E>(
        &self,
        rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
        tell: impl FnOnce(&State, &State, Timestamp),
    ) -> Result<T, Unwritten<E>> {
        let turn = self.take_turn();
        let current = self.current.read().clone();
        let mut next = State::clone(&current.state);
        let now = current.now();
        let done = rule(&mut Transaction {
            state: &mut next,
            now,
            source: self.source(),
            listeners: &current.listeners,
        });
        let done = match done {
            Ok(done) => done,
            Err(refusal) => {
                drop(turn);
                // What the rule made until then may be much, and nobody else holds it. Whoever
                // writes much is beside the event loop anyway; the rest it shares with the current
                // state, unless that one was replaced meanwhile.
                drop(next);
                release(current.state);
                return Err(Unwritten::Refused(refusal));
            }
        };
        let next = Arc::new(next);
        let old = self.put(next.clone()).ok_or(Unwritten::Dropped)?;
        drop(turn);
        self.signal.raise();
        tell(&old, &next, now);
        // What only the old state held is freed outside the turn. The new one is held until then,
        // since without it, if it is reset meanwhile, that would be more than this rule replaced.
        drop((old, current));
        release(next);
        Ok(done)
    }

    /// Makes that state the current one; answers the old one, or none if the world was dropped.
    fn put(&self, next: Arc<State>) -> Option<Arc<State>> {
        let mut current = self.current.write();
        // Judged where it is decided: the world may have been dropped while the rule ran.
        let is_kept = !current.is_retired;
        is_kept.then(|| std::mem::replace(&mut current.state, next))
    }

    /// Runs a rule on a copy of another state; what it makes of it may take this state's place.
    pub(super) fn build<T, E>(
        &self,
        base: &State,
        rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<(State, T), E> {
        let mut next = base.clone();
        let now = next.clock.reading(real_now());
        let done = rule(&mut Transaction {
            state: &mut next,
            now,
            source: self.source(),
            listeners: Listeners::NOBODY,
        })?;
        Ok((next, done))
    }

    fn source(&self) -> Source<'_> {
        Source {
            seed: self.seed,
            world: &self.name,
        }
    }

    /// Waits for the turn. Ordinary rules have theirs for microseconds, which a thread may well
    /// wait; a load of state has it for longer, and no other world is to wait for that.
    pub(super) fn take_turn(&self) -> MutexGuard<'_, ()> {
        let turn = self.turn.try_lock();
        let turn = turn.or_else(|| self.turn.try_lock_for(ORDINARY_TURN));
        turn.unwrap_or_else(|| aside(|| self.turn.lock()))
    }

    /// Replaces the whole state; answers the old one and the new generation, or none if the world
    /// was dropped.
    pub(super) fn swap(&self, next: Arc<State>) -> Option<(Arc<State>, u64)> {
        let turn = self.take_turn();
        let mut current = self.current.write();
        if current.is_retired {
            return None;
        }
        let generation = self.generation.fetch_add(1, Ordering::Release) + 1;
        // The only way for a world's clock to go back.
        current.shown = never_shown();
        current.start = events::last_number(&next);
        let old = std::mem::replace(&mut current.state, next);
        drop(current);
        drop(turn);
        self.fence_sockets();
        self.signal.raise_replaced();
        Some((old, generation))
    }

    /// What the world's clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.current.read().now()
    }

    /// How often the state was replaced as a whole; a drop counts, too.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether it was dropped: no new request finds it.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.current.read().is_retired
    }

    /// When the last request reached it, by the real clock.
    #[must_use]
    pub fn last_used_at(&self) -> Timestamp {
        let millis = self.last_used_at.load(Ordering::Relaxed);
        Timestamp::from_millis(millis).unwrap_or(Timestamp::MIN)
    }

    /// What the clock of a snapshot shows now.
    #[must_use]
    pub fn clock_of(state: &State) -> Timestamp {
        state.clock.reading(real_now())
    }

    /// How many exchanges the journal holds.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.journal.lock().len()
    }

    /// Looks at the journal; whoever looks long keeps every answer of this world waiting.
    pub fn read_journal<T>(&self, f: impl FnOnce(&Journal) -> T) -> T {
        f(&self.journal.lock())
    }

    /// Copies a page of the exchanges that `wanted` picks, newest first.
    #[must_use]
    pub fn journal(&self, page: Page, wanted: impl Fn(&Exchange) -> bool) -> Extract {
        let journal = self.journal.lock();
        let picked: Vec<&Exchange> = journal.iter().rev().filter(|e| wanted(e)).collect();
        let rows = picked.iter().skip(page.offset).take(page.limit);
        Extract {
            listing: Listing {
                rows: rows.map(|exchange| Exchange::clone(exchange)).collect(),
                total: picked.len(),
            },
            evicted: journal.evicted(),
        }
    }

    /// The exchange of that number.
    #[must_use]
    pub fn exchange(&self, number: u64) -> Option<Exchange> {
        self.journal.lock().get(number).cloned()
    }

    /// Records an exchange; older ones make room.
    pub(super) fn record(&self, exchange: Exchange, max_bytes: usize) {
        let mut journal = self.journal.lock();
        let before = journal.bytes();
        journal.push(exchange, max_bytes);
        self.enter_in_ledger(before, journal.bytes());
        drop(journal);
        self.signal.raise();
    }

    /// Drops the oldest exchanges, all but the `kept` newest, while there is need.
    pub(super) fn shrink_journal(&self, kept: usize, is_needed: impl Fn() -> bool) {
        let mut journal = self.journal.lock();
        while journal.len() > kept && is_needed() {
            let before = journal.bytes();
            journal.evict_oldest();
            self.enter_in_ledger(before, journal.bytes());
        }
    }

    /// Empties the journal; how many exchanges it held.
    pub fn clear_journal(&self) -> usize {
        let mut journal = self.journal.lock();
        let before = journal.bytes();
        let cleared = journal.clear();
        self.enter_in_ledger(before, journal.bytes());
        drop(journal);
        self.signal.raise();
        cleared
    }

    /// Adjusts the sum over all journals by this journal's change.
    fn enter_in_ledger(&self, before: usize, after: usize) {
        if after >= before {
            self.ledger.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.ledger.fetch_sub(before - after, Ordering::Relaxed);
        }
    }

    /// Lets go of it. Of a world that was dropped meanwhile, whoever is the last to hold it would
    /// free all of it.
    pub fn leave(self: Arc<Self>) -> Arc<str> {
        let name = self.name.clone();
        if let Some(last) = Arc::into_inner(self) {
            discard(last);
        }
        name
    }

    /// Ends a world that no new request finds any more; whoever is at work in it sees a new
    /// generation and writes nothing, whoever waits for it wakes.
    pub(super) fn retire(self: Arc<Self>) {
        let mut current = self.current.write();
        current.is_retired = true;
        self.generation.fetch_add(1, Ordering::Release);
        drop(current);
        self.fence_sockets();
        self.signal.raise_replaced();
        discard(self);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.clear_journal();
    }
}

/// A page of a journal.
#[derive(Debug, Clone)]
pub struct Extract {
    /// The exchanges, newest first.
    pub listing: Listing<Exchange>,
    /// How many were dropped to stay within the bounds since the last clear.
    pub evicted: u64,
}
