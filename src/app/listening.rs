//! Who listens to a world on sockets, which decides the way of its events; and how they follow it
//! from one state to the next.

use std::sync::Arc;

use super::release;
use super::world::World;
use crate::domain::events::Listeners;
use crate::domain::state::State;

/// A stretch of a world's life without a reset, a restore or a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Era {
    /// The world's generation all the while.
    pub generation: u64,
    /// The last event that its first state had: whoever follows from the beginning begins behind it.
    pub start: u64,
}

impl World {
    /// Changes who listens, in turn with all writes: what is written after this goes the way that it
    /// decides, and what was written before, `change` sees.
    pub fn listen<T>(&self, change: impl FnOnce(&mut Listeners, &State) -> T) -> T {
        let turn = self.take_turn();
        let current = self.current.read().clone();
        let mut listeners = Listeners::clone(&current.listeners);
        let changed = change(&mut listeners, &current.state);
        self.current.write().listeners = Arc::new(listeners);
        drop(turn);
        release(current.state);
        changed
    }

    /// The present era.
    #[must_use]
    pub fn era(&self) -> Era {
        let current = self.current.read();
        Era {
            // Raised inside `current` only.
            generation: self.generation(),
            start: current.start,
        }
    }

    /// Runs `f` on the current state, telling the era that it is of.
    pub fn view<T>(&self, f: impl FnOnce(&State, Era) -> T) -> T {
        let (state, era) = {
            let current = self.current.read();
            let era = Era {
                generation: self.generation(),
                start: current.start,
            };
            (current.state.clone(), era)
        };
        let seen = f(&state, era);
        release(state);
        seen
    }
}
