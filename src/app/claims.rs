//! Seats at a world's bench: whoever holds one does what nobody else does meanwhile, and gives it back
//! however their work ends.

use std::sync::Arc;

use super::delivering::Fired;
use super::world::World;
use crate::domain::deliveries;
use crate::domain::ids::Id;
use crate::record::attempts::Attempt;

impl World {
    /// The seat of whoever looks for due rows, unless it is taken.
    pub fn take_pump_seat(self: &Arc<Self>) -> Option<PumpSeat> {
        let was_pumped = std::mem::replace(&mut self.bench.lock().is_pumped, true);
        (!was_pumped).then(|| PumpSeat(Seated::new(self)))
    }

    /// The seat of whoever moves the clock, unless it is taken.
    pub fn take_clock_seat(self: &Arc<Self>) -> Option<ClockSeat> {
        let mut bench = self.bench.lock();
        let generation = self.generation();
        let taken = bench.fired.as_ref();
        if taken.is_some_and(|(taken, _)| *taken == generation) {
            return None;
        }
        bench.fired = Some((generation, Vec::new()));
        Some(ClockSeat {
            seat: Seated::new(self),
            generation,
        })
    }

    /// Whether somebody moves the clock.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        let bench = self.bench.lock();
        let generation = self.generation();
        let taken = bench.fired.as_ref();
        taken.is_some_and(|(taken, _)| *taken == generation)
    }
}

/// Somebody at work in a world. Of a world that was dropped meanwhile, whoever is the last to hold
/// it frees all of it, beside the event loop.
struct Seated(Option<Arc<World>>);

impl Seated {
    fn new(world: &Arc<World>) -> Self {
        Self(Some(world.clone()))
    }

    fn world(&self) -> &Arc<World> {
        let world = self.0.as_ref();
        world.expect("it is taken out only when this is dropped")
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        if let Some(world) = self.0.take() {
            world.leave();
        }
    }
}

/// The right to make one attempt; given back when it is dropped, however that comes about.
pub struct Claim {
    seat: Seated,
    generation: u64,
    id: Id,
}

impl Claim {
    pub(super) fn new(world: &Arc<World>, generation: u64, id: Id) -> Self {
        Self {
            seat: Seated::new(world),
            generation,
            id,
        }
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        self.seat.world()
    }

    /// Whether the world's state was replaced as a whole, or the world dropped, since.
    #[must_use]
    pub fn is_outlived(&self) -> bool {
        self.world().generation() != self.generation
    }

    /// Waits until that is so.
    pub async fn outlived(&self) {
        loop {
            let replaced = self.world().replaced();
            if self.is_outlived() {
                return;
            }
            replaced.await;
        }
    }

    /// Writes what became of the attempt, if the world is still the same: the log first, so that
    /// whoever sees the row finds the attempt.
    pub fn note(&self, attempt: Attempt) {
        let world = self.world();
        let was_taken = attempt.was_taken();
        let mut bench = world.bench.lock();
        if self.is_outlived() {
            return;
        }
        let attempt = attempt.within_bounds();
        bench.log.push(self.id.number(), self.generation, attempt);
        drop(bench);
        self.note_outcome(was_taken);
    }

    fn note_outcome(&self, was_taken: bool) {
        // What made room meanwhile, or is of another generation, has nothing to be written to.
        let _ = self.world().write(|tx| match self.is_outlived() {
            true => Err(()),
            false => deliveries::note_attempt(tx, self.id, was_taken)
                .map(drop)
                .map_err(drop),
        });
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let world = self.seat.world();
        if std::thread::panicking() {
            // It counts as made, or it would be made again at once, and without an end.
            self.note_outcome(false);
        }
        world
            .bench
            .lock()
            .claims
            .remove(&(self.generation, self.id));
        world.signal.raise();
    }
}

/// The seat of whoever looks for due rows; given back when it is dropped.
pub struct PumpSeat(Seated);

impl PumpSeat {
    /// The world.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        self.0.world()
    }
}

impl Drop for PumpSeat {
    fn drop(&mut self) {
        self.world().bench.lock().is_pumped = false;
        self.world().signal.raise();
    }
}

/// The seat of whoever moves the clock; given back when it is dropped.
pub struct ClockSeat {
    seat: Seated,
    generation: u64,
}

impl ClockSeat {
    /// What fired since the move began.
    #[must_use]
    pub fn fired(&self) -> Vec<Fired> {
        let bench = self.seat.world().bench.lock();
        let fired = bench.fired.as_ref();
        fired.map_or_else(Vec::new, |(_, fired)| fired.clone())
    }
}

impl Drop for ClockSeat {
    fn drop(&mut self) {
        let mut bench = self.seat.world().bench.lock();
        bench.fired.take_if(|(taken, _)| *taken == self.generation);
    }
}
