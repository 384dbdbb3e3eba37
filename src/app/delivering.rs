//! A world's bench of deliveries: who makes which attempt, whether attempts are held, what was
//! tried. It is trace: rows and what is due stand in the state.
//!
//! Whoever makes an attempt claims it first. Nobody else makes it meanwhile, and what becomes of it
//! is written only if the world is still the one in which it was claimed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::claims::Claim;
use super::release;
use super::world::{Current, World};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::deliveries::{self, Delivery};
use crate::domain::ids::Id;
use crate::domain::refusal::Refusal;
use crate::domain::state::State;
use crate::domain::table::Row;
use crate::record::attempts::{Attempt, Log};

/// Whether attempts are made when they are due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeliveryMode {
    /// They are.
    #[default]
    Auto,
    /// Only when somebody asks for them.
    Hold,
}

impl DeliveryMode {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            DeliveryMode::Auto => "auto",
            DeliveryMode::Hold => "hold",
        }
    }
}

/// An attempt that a move of the clock made due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired {
    /// When it was due.
    pub at: Timestamp,
    /// The delivery.
    pub id: Id,
}

/// What a world remembers of its deliveries beside their rows.
#[derive(Default)]
pub(super) struct Bench {
    /// Attempts under way, by the generation in which they were claimed: ids come again in the
    /// next one.
    pub(super) claims: HashSet<(u64, Id)>,
    mode: DeliveryMode,
    pub(super) log: Log,
    /// Whether somebody looks for due rows by themselves.
    pub(super) is_pumped: bool,
    /// What fired since the clock's move began, if one is under way, and the generation in which
    /// it began: one that a reset is about to end is in nobody's way.
    pub(super) fired: Option<(u64, Vec<Fired>)>,
}

/// How much of a world's deliveries is not at rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unrest {
    /// Attempts under way.
    pub under_way: usize,
    /// Deliveries that are due, those under way among them.
    pub due: Vec<Arc<Delivery>>,
}

impl Bench {
    fn is_claimed(&self, generation: u64, id: Id) -> bool {
        self.claims.contains(&(generation, id))
    }

    /// Due rows that nobody has claimed, in order.
    fn unclaimed(
        &self,
        generation: u64,
        state: &State,
        now: Timestamp,
    ) -> impl Iterator<Item = Id> {
        let due = deliveries::due_ids(state, now);
        due.filter(move |id| !self.is_claimed(generation, *id))
    }

    /// Whether any attempt is to begin that nobody has begun.
    fn is_behind(&self, generation: u64, state: &State, now: Timestamp) -> bool {
        self.mode == DeliveryMode::Auto && self.unclaimed(generation, state, now).next().is_some()
    }
}

impl World {
    /// The current state, what its clock shows, and its generation, all of one moment.
    fn moment(&self) -> (Current, u64) {
        let current = self.current.read();
        (current.clone(), self.generation())
    }

    /// Looks at the bench and the state of one moment. What was noted of an attempt is in the state
    /// before its claim is given back, so no row that is seen here unclaimed was just made.
    fn look<T>(&self, look: impl FnOnce(&mut Bench, &State, Timestamp, u64) -> T) -> T {
        let mut bench = self.bench.lock();
        let (current, generation) = self.moment();
        let seen = look(&mut bench, &current.state, current.now(), generation);
        drop(bench);
        release(current.state);
        seen
    }

    /// Claims all attempts that are due and that nobody makes, in order; none while they are held.
    pub fn claim_due(self: &Arc<Self>) -> Vec<(Claim, Arc<Delivery>)> {
        let claimed = self.look(|bench, state, now, generation| {
            if bench.mode == DeliveryMode::Hold || self.is_retired() {
                return (generation, Vec::new());
            }
            let unclaimed = bench.unclaimed(generation, state, now);
            let due: Vec<_> = unclaimed
                .filter_map(|id| state.deliveries.get(id).cloned())
                .collect();
            for delivery in &due {
                bench.claims.insert((generation, delivery.id));
                if let (Some((_, fired)), Some(at)) = (&mut bench.fired, delivery.status.due()) {
                    fired.push(Fired {
                        at,
                        id: delivery.id,
                    });
                }
            }
            (generation, due)
        });
        let (generation, due) = claimed;
        let claim = |delivery: Arc<Delivery>| (Claim::new(self, generation, delivery.id), delivery);
        due.into_iter().map(claim).collect()
    }

    /// Claims one delivery for an attempt, whatever its status; none if one is under way.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`].
    pub fn claim(self: &Arc<Self>, id: Id) -> Result<Option<(Claim, Arc<Delivery>)>, Refusal> {
        let (generation, claimed) = self.look(|bench, state, _, generation| {
            let delivery = deliveries::get(state, id);
            let is_free = delivery.is_ok() && bench.claims.insert((generation, id));
            (
                generation,
                delivery.map(|delivery| is_free.then_some(delivery)),
            )
        });
        let claimed = claimed?;
        Ok(claimed.map(|delivery| (Claim::new(self, generation, id), delivery)))
    }

    /// Counts something without a row as under way, as long as the claim is held.
    pub fn claim_rowless(self: &Arc<Self>, id: Id) -> Claim {
        let generation = self.look(|bench, _, _, generation| {
            bench.claims.insert((generation, id));
            generation
        });
        Claim::new(self, generation, id)
    }

    /// Whether any attempt is under way or still to come.
    #[must_use]
    pub fn has_deliveries(&self) -> bool {
        self.look(|bench, state, _, _| deliveries::are_pending(state) || !bench.claims.is_empty())
    }

    /// Whether attempts are to begin that nobody has begun, or one of an earlier generation is
    /// still to be broken off.
    #[must_use]
    pub fn is_settling(&self) -> bool {
        self.look(|bench, state, now, generation| {
            let is_old = |(claimed, _): &(u64, Id)| *claimed != generation;
            bench.claims.iter().any(is_old) || bench.is_behind(generation, state, now)
        })
    }

    /// Whether attempts are under way, or about to be.
    #[must_use]
    pub fn is_delivering(&self) -> bool {
        self.look(|bench, state, now, generation| {
            let is_ours = |(claimed, _): &(u64, Id)| *claimed == generation;
            bench.claims.iter().any(is_ours) || bench.is_behind(generation, state, now)
        })
    }

    /// What is under way or due, held or not.
    #[must_use]
    pub fn unrest(&self) -> Unrest {
        self.look(|bench, state, now, generation| {
            let ours = bench
                .claims
                .iter()
                .filter(|(claimed, _)| *claimed == generation);
            Unrest {
                under_way: ours.count(),
                due: deliveries::due(state, now).cloned().collect(),
            }
        })
    }

    /// What a move of the clock waits for: attempts under way, or about to be, in their order. One
    /// without a row is that of a webhook which is tried out.
    #[must_use]
    pub fn awaited(&self) -> Vec<(Id, Option<Arc<Delivery>>)> {
        self.look(|bench, state, now, generation| {
            let claims = bench.claims.iter();
            let ours = claims.filter(|(claimed, _)| *claimed == generation);
            let mut ids: Vec<Id> = ours.map(|(_, id)| *id).collect();
            if bench.mode == DeliveryMode::Auto {
                ids.extend(bench.unclaimed(generation, state, now));
            }
            let row = |id: Id| (id, state.deliveries.get(id).cloned());
            let mut awaited: Vec<_> = ids.into_iter().map(row).collect();
            awaited.sort_by_key(|(id, row)| (row.as_ref().map(|row| row.order()), *id));
            awaited
        })
    }

    /// Whether an attempt of this delivery is under way.
    #[must_use]
    pub fn is_under_way(&self, id: Id) -> bool {
        self.bench.lock().is_claimed(self.generation(), id)
    }

    /// For how long there is nothing to do: until a row falls due by itself. None if none will.
    #[must_use]
    pub fn until_due(&self) -> Option<Duration> {
        self.look(|bench, state, now, generation| {
            let is_running = matches!(state.clock, Clock::Real { .. });
            if bench.mode == DeliveryMode::Hold || self.is_retired() {
                return None;
            }
            if bench.unclaimed(generation, state, now).next().is_some() {
                return Some(Duration::ZERO);
            }
            let next = deliveries::next_due_after(state, now).filter(|_| is_running)?;
            let millis = u64::try_from(next.millis() - now.millis()).unwrap_or(0);
            Some(Duration::from_millis(millis))
        })
    }

    /// Whether attempts are made when they are due.
    #[must_use]
    pub fn delivery_mode(&self) -> DeliveryMode {
        self.bench.lock().mode
    }

    /// Says whether attempts are made when they are due.
    pub fn set_delivery_mode(&self, mode: DeliveryMode) {
        self.bench.lock().mode = mode;
        self.signal.raise();
    }

    /// Wakes whoever waits for this world: something came about that is no part of it.
    pub fn wake(&self) {
        self.signal.raise();
    }

    /// What is remembered of the attempts of a delivery.
    #[must_use]
    pub fn attempts(&self, id: Id) -> Vec<Attempt> {
        self.bench.lock().log.of(id.number())
    }

    /// Forgets attempts of the state before: all of them, or those that the state which took its
    /// place does not know.
    pub(super) fn forget_attempts(&self, generation: u64, kept: Option<&State>) {
        let mut bench = self.bench.lock();
        match kept {
            None => {
                bench.log.retain(generation, |_, _| false);
                bench.mode = DeliveryMode::default();
            }
            Some(state) => {
                let rows = state.deliveries.iter();
                let made: std::collections::HashMap<u128, u32> =
                    rows.map(|row| (row.id.number(), row.attempts)).collect();
                bench.log.retain(generation, |id, number| {
                    made.get(&id).is_some_and(|made| number <= *made)
                });
            }
        }
    }
}
