//! Who listens to a world on sockets, which decides the way of its events.

use std::sync::Arc;

use super::release;
use super::world::World;
use crate::domain::events::Listeners;
use crate::domain::state::State;

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
}
