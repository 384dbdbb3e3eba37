//! Worlds by key. The only file that names a lock.
//!
//! A world is state and trace. Its state is one immutable value behind two verbs: [`World::read`]
//! looks at the current one without a lock, [`World::write`] makes the next one under the world's
//! turn and keeps it only if the rule succeeded. No code holds two worlds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::domain::clock::{Clock, Mode, Timestamp, real_now};
use crate::domain::ids::Source;
use crate::domain::state::{State, Transaction};
use crate::domain::table::{Listing, Page};
use crate::record::journal::{Entry, Exchange, Journal};

/// The world of requests that name none.
pub const DEFAULT_WORLD: &str = "default";
/// At most this many worlds live; past that the longest-idle one makes room.
pub const MAX_WORLDS: usize = 4_096;
/// At most this many snapshots of one world.
pub const MAX_SNAPSHOTS: usize = 64;
/// All journals together.
const ALL_JOURNALS: usize = 64 * 1024 * 1024;

/// All worlds of a process.
pub struct App {
    /// The generator's seed.
    seed: u64,
    /// What every world starts from and `reset` returns to.
    seed_state: Arc<State>,
    /// What `reset` to `empty` gives.
    empty_state: Arc<State>,
    /// Bound of one world's journal.
    journal_bytes: usize,
    worlds: RwLock<HashMap<Arc<str>, Arc<World>>>,
    /// Exchanges so far; also the number of the last one.
    exchanges: AtomicU64,
    /// Openings so far: says which world was used last, whatever the clocks show.
    uses: AtomicU64,
    /// What all journals hold in memory; each world keeps its share up to date.
    ledger: Arc<AtomicUsize>,
}

/// Every world is busy, and there are as many as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyWorlds;

impl App {
    /// Worlds that start from `seed_state`.
    #[must_use]
    pub fn new(seed: u64, seed_state: State, empty_state: State, journal_bytes: usize) -> Self {
        Self {
            seed,
            seed_state: Arc::new(seed_state),
            empty_state: Arc::new(empty_state),
            journal_bytes,
            worlds: RwLock::default(),
            exchanges: AtomicU64::new(0),
            uses: AtomicU64::new(0),
            ledger: Arc::default(),
        }
    }

    /// The number of the exchange that begins now.
    pub fn next_exchange(&self) -> u64 {
        self.exchanges.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The world of that name, opened if it is not open: a reference to the seed.
    ///
    /// # Errors
    ///
    /// [`TooManyWorlds`].
    pub fn open(&self, name: &str) -> Result<Arc<World>, TooManyWorlds> {
        let known = self.worlds.read().get(name).cloned();
        let world = match known {
            Some(world) => world,
            None => self.open_new(name)?,
        };
        let tick = self.uses.fetch_add(1, Ordering::Relaxed);
        world.last_use.store(tick, Ordering::Relaxed);
        world
            .last_used_at
            .store(real_now().millis(), Ordering::Relaxed);
        Ok(world)
    }

    fn open_new(&self, name: &str) -> Result<Arc<World>, TooManyWorlds> {
        let mut dropped = None;
        let mut worlds = self.worlds.write();
        // Another request may have opened it meanwhile.
        if let Some(world) = worlds.get(name) {
            return Ok(world.clone());
        }
        if worlds.len() >= MAX_WORLDS && name != DEFAULT_WORLD {
            let idle = longest_idle(&worlds).ok_or(TooManyWorlds)?;
            dropped = worlds.remove(&idle);
        }
        let world = Arc::new(self.new_world(name));
        worlds.insert(world.name.clone(), world.clone());
        drop(worlds);
        if let Some(dropped) = dropped {
            dropped.retire();
        }
        Ok(world)
    }

    fn new_world(&self, name: &str) -> World {
        World {
            name: Arc::from(name),
            seed: self.seed,
            current: RwLock::new(Current {
                state: self.seed_state.clone(),
                generation: 0,
            }),
            turn: Mutex::default(),
            snapshots: Mutex::default(),
            journal: Mutex::default(),
            ledger: self.ledger.clone(),
            shown: AtomicI64::new(Timestamp::MIN.millis()),
            last_use: AtomicU64::new(0),
            last_used_at: AtomicI64::new(0),
        }
    }

    /// All open worlds, by name.
    #[must_use]
    pub fn worlds(&self) -> Vec<Arc<World>> {
        let mut worlds: Vec<_> = self.worlds.read().values().cloned().collect();
        worlds.sort_by(|left, right| left.name.cmp(&right.name));
        worlds
    }

    /// Drops a world; false if none of that name is open.
    pub fn drop_world(&self, name: &str) -> bool {
        let dropped = self.worlds.write().remove(name);
        let was_open = dropped.is_some();
        if let Some(world) = dropped {
            world.retire();
        }
        was_open
    }

    /// Replaces a world's state by the seed, by an empty account or by one of its snapshots.
    ///
    /// # Errors
    ///
    /// [`NoSuchSnapshot`].
    pub fn reset(&self, world: &World, to: &str) -> Result<Reset, NoSuchSnapshot> {
        let (next, clears_journal) = match to {
            "seed" => (self.seed_state.clone(), true),
            "empty" => (self.empty_state.clone(), true),
            name => {
                let snapshot = world.snapshots.lock().get(name).cloned();
                (snapshot.ok_or(NoSuchSnapshot)?, false)
            }
        };
        let (old, generation) = world.swap(next.clone());
        let requests = match clears_journal {
            true => world.clear_journal(),
            false => 0,
        };
        let reset = Reset {
            generation,
            pods: old.pods.missing_in(&next.pods),
            inboxes: old.inboxes.missing_in(&next.inboxes),
            domains: old.domains.missing_in(&next.domains),
            requests,
        };
        discard(old);
        Ok(reset)
    }

    /// Records an exchange in a world's journal.
    pub fn record(&self, world: &World, entry: Entry<'_>) {
        let mut journal = world.journal.lock();
        let before = journal.bytes();
        journal.push(entry, self.journal_bytes);
        world.enter_in_ledger(before, journal.bytes());
        drop(journal);
        if self.ledger.load(Ordering::Relaxed) > ALL_JOURNALS {
            self.shrink_journals();
        }
    }

    /// Makes room in the journals of the longest-idle worlds first.
    fn shrink_journals(&self) {
        let mut worlds = self.worlds();
        worlds.sort_by_key(|world| world.last_use.load(Ordering::Relaxed));
        // A little more than needed, so that not every exchange comes here.
        let target = ALL_JOURNALS - ALL_JOURNALS / 16;
        for world in worlds {
            let mut journal = world.journal.lock();
            while journal.len() > 1 && self.ledger.load(Ordering::Relaxed) > target {
                let before = journal.bytes();
                journal.evict_oldest();
                world.enter_in_ledger(before, journal.bytes());
            }
        }
    }
}

/// The world other than the default one that was used least recently and that nobody holds.
fn longest_idle(worlds: &HashMap<Arc<str>, Arc<World>>) -> Option<Arc<str>> {
    let idle = worlds.values().filter(|world| {
        // The map's reference is the only one: no request, call or delivery is at work in it.
        Arc::strong_count(world) == 1 && &*world.name != DEFAULT_WORLD
    });
    let oldest = idle.min_by_key(|world| world.last_use.load(Ordering::Relaxed));
    oldest.map(|world| world.name.clone())
}

/// Drops something large where it stalls nobody.
fn discard<T: Send + 'static>(large: T) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(move || drop(large))),
        Err(_) => drop(large),
    }
}

/// What a reset removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// The world's generation after it.
    pub generation: u64,
    /// Pods that were there and are there no more.
    pub pods: usize,
    /// Inboxes likewise.
    pub inboxes: usize,
    /// Domains likewise.
    pub domains: usize,
    /// Exchanges that the journal forgot.
    pub requests: usize,
}

/// A world has no snapshot of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchSnapshot;

/// A world has as many snapshots as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySnapshots;

/// A clock was to go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WouldGoBack {
    /// What it shows.
    pub now: Timestamp,
}

/// Where a clock is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Nowhere; only its mode may change.
    Stay,
    /// To an instant.
    To(Timestamp),
    /// That many milliseconds ahead, at most to the end of the calendar.
    By(i64),
}

/// One private copy of the seed, and what happened to it.
pub struct World {
    /// Its name, which account keys carry.
    pub name: Arc<str>,
    seed: u64,
    /// Held for a moment only: to take a reference, or to swap one.
    current: RwLock<Current>,
    /// Whoever makes the next state holds this from reading the old one to swapping.
    turn: Mutex<()>,
    snapshots: Mutex<BTreeMap<String, Arc<State>>>,
    /// Never locked inside `current` or `turn`.
    journal: Mutex<Journal>,
    /// The sum over all journals, this one included.
    ledger: Arc<AtomicUsize>,
    /// The latest instant shown, so that a real clock that is set back does not take the world's
    /// along.
    shown: AtomicI64,
    last_use: AtomicU64,
    last_used_at: AtomicI64,
}

struct Current {
    state: Arc<State>,
    /// Raised by reset, restore and drop.
    generation: u64,
}

impl World {
    /// The current state, as a value of its own.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.current.read().state.clone()
    }

    /// Runs `f` on the current state; a write that happens meanwhile does not change it.
    pub fn read<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        f(&self.state())
    }

    /// Runs a rule on a copy of the state and keeps the copy if the rule succeeds. A refusal or a
    /// panic leaves no trace.
    ///
    /// # Errors
    ///
    /// Whatever the rule answers.
    pub fn write<T, E>(
        &self,
        rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let turn = self.turn.lock();
        let mut next = State::clone(&self.state());
        let now = self.shown_by(next.clock);
        let done = rule(&mut Transaction {
            state: &mut next,
            now,
            source: Source {
                seed: self.seed,
                world: &self.name,
            },
        })?;
        let next = Arc::new(next);
        let old = std::mem::replace(&mut self.current.write().state, next);
        drop(turn);
        drop(old);
        Ok(done)
    }

    /// Replaces the whole state; answers the old one and the new generation.
    fn swap(&self, next: Arc<State>) -> (Arc<State>, u64) {
        let _turn = self.turn.lock();
        let mut current = self.current.write();
        current.generation += 1;
        // The only way for a world's clock to go back.
        self.shown.store(Timestamp::MIN.millis(), Ordering::Relaxed);
        let old = std::mem::replace(&mut current.state, next);
        (old, current.generation)
    }

    /// What the world's clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shown_by(self.state().clock)
    }

    fn shown_by(&self, clock: Clock) -> Timestamp {
        match clock {
            Clock::Frozen { at } => at,
            Clock::Real { .. } => {
                let reading = clock.reading(real_now());
                let before = self.shown.fetch_max(reading.millis(), Ordering::Relaxed);
                Timestamp::from_millis(before).map_or(reading, |before| before.max(reading))
            }
        }
    }

    /// Moves the clock, sets how it goes, or both; answers what it shows then.
    ///
    /// # Errors
    ///
    /// [`WouldGoBack`].
    pub fn move_clock(
        &self,
        to: Move,
        mode: Option<Mode>,
    ) -> Result<(Timestamp, Mode), WouldGoBack> {
        self.write(|tx| {
            let now = tx.now;
            let target = match to {
                Move::Stay => now,
                Move::To(instant) if instant < now => return Err(WouldGoBack { now }),
                Move::To(instant) => instant,
                Move::By(millis) => now.after(millis).unwrap_or(Timestamp::MAX),
            };
            let mode = mode.unwrap_or(tx.state.clock.mode());
            tx.state.clock = Clock::showing(target, mode, real_now());
            Ok((target, mode))
        })
    }

    /// How often the state was replaced as a whole.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.current.read().generation
    }

    /// When the last request reached it, by the real clock.
    #[must_use]
    pub fn last_used_at(&self) -> Timestamp {
        let millis = self.last_used_at.load(Ordering::Relaxed);
        Timestamp::from_millis(millis).unwrap_or(Timestamp::MIN)
    }

    /// Keeps the current state under a name, replacing an earlier snapshot of that name.
    ///
    /// # Errors
    ///
    /// [`TooManySnapshots`].
    pub fn put_snapshot(&self, name: &str) -> Result<Arc<State>, TooManySnapshots> {
        let state = self.state();
        let mut snapshots = self.snapshots.lock();
        if snapshots.len() >= MAX_SNAPSHOTS && !snapshots.contains_key(name) {
            return Err(TooManySnapshots);
        }
        let old = snapshots.insert(name.to_owned(), state.clone());
        drop(snapshots);
        if let Some(old) = old {
            discard(old);
        }
        Ok(state)
    }

    /// Forgets a snapshot; false if there is none of that name.
    pub fn remove_snapshot(&self, name: &str) -> bool {
        let removed = self.snapshots.lock().remove(name);
        let was_there = removed.is_some();
        if let Some(state) = removed {
            discard(state);
        }
        was_there
    }

    /// All snapshots, by name.
    #[must_use]
    pub fn snapshots(&self) -> Vec<(String, Arc<State>)> {
        let snapshots = self.snapshots.lock();
        let copy = |(name, state): (&String, &Arc<State>)| (name.clone(), state.clone());
        snapshots.iter().map(copy).collect()
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

    /// Empties the journal; how many exchanges it held.
    pub fn clear_journal(&self) -> usize {
        let mut journal = self.journal.lock();
        let before = journal.bytes();
        let cleared = journal.clear();
        self.enter_in_ledger(before, journal.bytes());
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

    /// Ends a world that no new request finds any more; whoever is at work in it sees a new
    /// generation.
    fn retire(self: Arc<Self>) {
        self.current.write().generation += 1;
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
