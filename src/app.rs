//! Worlds by key. This room is the only one that names a lock.

mod caller;
mod claims;
mod clock;
mod coverage;
mod delivering;
mod effects;
mod faults;
mod listening;
mod open;
mod signal;
mod snapshots;
mod sockets;
mod tasks;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::domain::clock::Clock;
use crate::domain::ids::MARK;
use crate::domain::keys::Holder;
use crate::domain::state::{Counts, State, Transaction};
use crate::record::coverage::Seen;
use crate::record::journal::{Entry, Exchange};
use crate::record::tally::Tally;
pub use caller::{Caller, Unwritten};
pub use claims::{Claim, ClockSeat, PumpSeat};
pub use clock::{Journey, Move, WrongMove, begin_move, step};
use coverage::Sheets;
pub use delivering::{DeliveryMode, Fired, Unrest};
pub use effects::Notes;
pub use listening::Era;
use open::Open;
use signal::Signal;
pub use signal::{MAX_WAITING, Seat, TooManyWaiting};
pub use snapshots::{MAX_SNAPSHOTS, NoSuchSnapshot, TooManySnapshots};
pub use sockets::{Close, Connection, MAX_SOCKETS, Mode, Orders, Socket, TooManySockets, Way};
pub use tasks::Tasks;
pub use world::{Extract, World};

/// The world of requests that name none.
pub const DEFAULT_WORLD: &str = "default";
/// At most this many worlds live; past that the longest-idle one makes room.
pub const MAX_WORLDS: usize = 4_096;
/// All journals together, in bytes.
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
    worlds: RwLock<Open>,
    /// Exchanges so far; also the number of the last one.
    exchanges: AtomicU64,
    /// Openings so far: says which world was used last, whatever the clocks show.
    uses: AtomicU64,
    /// What all journals hold in memory; each world keeps its share up to date.
    ledger: Arc<AtomicUsize>,
    /// What spoils the run; touched only when something does.
    tally: Arc<Mutex<Tally>>,
    /// What was covered, in worlds that are there and in those that were.
    sheets: Sheets,
    /// What runs beside requests.
    tasks: Arc<Tasks>,
    /// Whether nobody is to wait any more.
    is_closing: AtomicBool,
    /// Raised when that is so.
    closing: Signal,
}

/// Every world is busy, and there are as many as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyWorlds;

/// What a reset removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// The world's generation after it.
    pub generation: u64,
    /// Rows that were there and are there no more.
    pub removed: Counts,
    /// Exchanges that the journal forgot.
    pub requests: usize,
    /// Faults that stand no more.
    pub faults: usize,
}

impl App {
    /// Worlds that start from `seed_state`.
    #[must_use]
    pub fn new(seed: u64, seed_state: State, empty_state: State, journal_bytes: usize) -> Self {
        let tasks = Arc::<Tasks>::default();
        Self {
            seed,
            seed_state: Arc::new(seed_state),
            empty_state: Arc::new(empty_state),
            journal_bytes,
            worlds: RwLock::default(),
            exchanges: AtomicU64::new(0),
            uses: AtomicU64::new(0),
            ledger: Arc::default(),
            tally: tasks.tally.clone(),
            sheets: Sheets::default(),
            tasks,
            is_closing: AtomicBool::new(false),
            closing: Signal::default(),
        }
    }

    /// The generator's seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What runs beside requests.
    #[must_use]
    pub fn tasks(&self) -> &Arc<Tasks> {
        &self.tasks
    }

    /// The clock with which worlds start.
    #[must_use]
    pub fn seed_clock(&self) -> Clock {
        self.seed_state.clock
    }

    /// The number of the exchange that begins now.
    pub fn next_exchange(&self) -> u64 {
        self.exchanges.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of the exchange that began last.
    pub fn last_exchange(&self) -> u64 {
        self.exchanges.load(Ordering::Relaxed)
    }

    /// The world of that name, opened if it is not open: a reference to the seed.
    ///
    /// # Errors
    ///
    /// [`TooManyWorlds`]; never for the default world.
    pub fn open(&self, name: &str) -> Result<Arc<World>, TooManyWorlds> {
        let known = self.worlds.read().get(name).cloned();
        let world = match known {
            Some(world) => world,
            None => self.open_new(name)?,
        };
        world.touch(self.uses.fetch_add(1, Ordering::Relaxed));
        Ok(world)
    }

    /// Lets the holder of a key into the world of that name. Whoever calls this has judged that the
    /// key opens it.
    ///
    /// # Errors
    ///
    /// [`TooManyWorlds`]; never for the default world.
    pub fn enter(&self, name: &str, holder: Holder) -> Result<Caller, TooManyWorlds> {
        Ok(Caller::new(self.open(name)?, holder))
    }

    fn open_new(&self, name: &str) -> Result<Arc<World>, TooManyWorlds> {
        let mut worlds = self.worlds.write();
        // Another request may have opened it meanwhile.
        if let Some(world) = worlds.get(name) {
            return Ok(world.clone());
        }
        let mut dropped = None;
        if worlds.len() >= MAX_WORLDS {
            let idle = worlds.longest_idle();
            dropped = idle.and_then(|idle| worlds.remove(&idle));
            if dropped.is_none() && name != DEFAULT_WORLD {
                return Err(TooManyWorlds);
            }
        }
        let seed_state = self.seed_state.clone();
        let (ledger, sheet) = (self.ledger.clone(), self.sheets.of(name));
        let world = Arc::new(World::new(name, self.seed, seed_state, ledger, sheet));
        worlds.insert(world.clone());
        drop(worlds);
        if let Some(dropped) = dropped {
            dropped.retire();
        }
        Ok(world)
    }

    /// The names of all open worlds, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.worlds.read().names().cloned().collect();
        names.sort();
        names
    }

    /// The world of that name, if it is open; looking is no use of it.
    #[must_use]
    pub fn peek(&self, name: &str) -> Option<Arc<World>> {
        self.worlds.read().get(name).cloned()
    }

    /// The name of the open world whose tokens carry that mark.
    #[must_use]
    pub fn marked(&self, mark: &[u8; MARK]) -> Option<Arc<str>> {
        self.worlds.read().marked(mark)
    }

    /// Runs `f` on the state that a request for that world would meet, without opening it; looking
    /// is no use of it.
    pub fn glance<T>(&self, name: &str, f: impl FnOnce(&State) -> T) -> T {
        let Some(world) = self.peek(name) else {
            return f(&self.seed_state);
        };
        let answer = world.read(f);
        world.leave();
        answer
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

    /// Replaces the state of the caller's world by the seed, by an empty account or by one of its
    /// snapshots.
    ///
    /// # Errors
    ///
    /// [`Unwritten`]; refused is only a snapshot that the world does not have.
    pub fn reset(&self, caller: &Caller, to: &str) -> Result<Reset, Unwritten<NoSuchSnapshot>> {
        let world = caller.world();
        let (next, clears_trace) = match to {
            "seed" => (self.seed_state.clone(), true),
            "empty" => (self.empty_state.clone(), true),
            name => (world.snapshot(name).map_err(Unwritten::Refused)?, false),
        };
        let (old, generation) = world.swap(next.clone()).ok_or(Unwritten::Dropped)?;
        let (requests, faults) = match clears_trace {
            true => (world.clear_journal(), world.put_faults(Vec::new())),
            false => (0, 0),
        };
        world.forget_attempts(generation, (!clears_trace).then_some(&*next));
        let reset = Reset {
            generation,
            removed: old.missing_in(&next),
            requests,
            faults,
        };
        discard(old);
        Ok(reset)
    }

    /// Replaces the state of the caller's world by what `rule` makes of an empty account; nobody
    /// waits for it, and a refusal changes nothing. The journal stays.
    ///
    /// # Errors
    ///
    /// [`Unwritten`].
    pub fn replace<T, E>(
        &self,
        caller: &Caller,
        rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, Unwritten<E>> {
        let world = caller.world();
        let built = world.build(&self.empty_state, rule);
        let (next, done) = built.map_err(Unwritten::Refused)?;
        let next = Arc::new(next);
        let (old, generation) = world.swap(next.clone()).ok_or(Unwritten::Dropped)?;
        world.forget_attempts(generation, Some(&next));
        discard((old, next));
        Ok(done)
    }

    /// Ends all waits, those that begin from now on too.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        self.closing.raise();
        self.tasks.close();
        for name in self.names() {
            if let Some(world) = self.peek(&name) {
                world.signal.raise();
            }
        }
    }

    /// Whether waits end now.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// Ends as soon as nobody is to wait any more.
    pub async fn closed(&self) {
        // Before looking, so that closing does not fall between the look and the sleep.
        let closed = self.closing.raised();
        if !self.is_closing() {
            closed.await;
        }
    }

    /// Records an exchange in a world's journal.
    pub fn record(&self, world: &World, entry: Entry<'_>) {
        // Copied and hashed before anybody's lock.
        world.record(Exchange::new(entry), self.journal_bytes);
        if self.ledger.load(Ordering::Relaxed) > ALL_JOURNALS {
            self.shrink_journals(&world.name);
        }
    }

    /// Counts a call that met a defect of ours.
    pub fn count_breach(&self, call: &str, defect: &str) {
        self.tally.lock().breaches.count(call, defect);
    }

    /// Counts a call of what does not exist.
    pub fn count_unknown(&self, call: &str, hint: &str) {
        self.tally.lock().unknown_calls.count(call, hint);
    }

    /// What was counted so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tasks.reap();
        self.tally.lock().clone()
    }

    /// What was covered under a world's name, or in all worlds, whether they are still there or not.
    #[must_use]
    pub fn seen(&self, world: Option<&str>) -> Seen {
        self.sheets.seen(world)
    }

    /// Makes room in the journals of the longest-idle worlds first; what was recorded just now
    /// stays.
    fn shrink_journals(&self, recording: &str) {
        let by_use = |world: &Arc<World>| (world.last_use(), world.name.clone());
        let mut names: Vec<_> = self.worlds.read().iter().map(by_use).collect();
        names.sort_unstable();
        // A little more than needed, so that not every exchange comes here.
        let target = ALL_JOURNALS - ALL_JOURNALS / 16;
        let is_needed = || self.ledger.load(Ordering::Relaxed) > target;
        for (_, name) in names {
            if !is_needed() {
                return;
            }
            let kept = usize::from(&*name == recording);
            if let Some(world) = self.peek(&name) {
                world.shrink_journal(kept, is_needed);
            }
        }
    }
}

/// Waits or works where it stalls nobody: a worker of the event loop first gives its other tasks
/// away.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        // One thread has nobody to give them to, and outside a runtime there are none.
        Ok(_) | Err(_) => work(),
    }
}

/// Lets go of a state. Whoever turns out to be the last to hold it would free all that no other
/// state shares, which after a reset is all of a large world.
fn release(state: Arc<State>) {
    if let Some(last) = Arc::into_inner(state) {
        discard(last);
    }
}

/// Drops something large where it stalls nobody.
fn discard<T: Send + 'static>(large: T) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(move || drop(large))),
        Err(_) => drop(large),
    }
}
