//! Who was let into a world, and may therefore write into it.

use std::sync::Arc;

use super::world::World;
use crate::domain::state::Transaction;

/// The proof that somebody was let into a world, which authentication makes (`api/spine.rs`). A
/// world is written to through it alone, so nobody writes into another world than their own. It
/// speaks for the whole account: there are no narrower keys.
#[derive(Clone)]
pub struct Caller {
    world: Arc<World>,
    /// The world's when they came in.
    generation: u64,
}

/// Why a write left no trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwritten<E> {
    /// The rule refused.
    Refused(E),
    /// The world was dropped: what is written into it now, nobody would ever see.
    Dropped,
}

impl Caller {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self {
            generation: world.generation(),
            world,
        }
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Runs a rule on a copy of the state and keeps the copy if the rule succeeds. A refusal or a
    /// panic leaves no trace.
    ///
    /// # Errors
    ///
    /// [`Unwritten`].
    pub fn write<T, E>(
        &self,
        rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, Unwritten<E>> {
        self.world.write(rule)
    }

    /// Whether the world's state was replaced as a whole, or the world dropped, since they came.
    #[must_use]
    pub fn is_outlived(&self) -> bool {
        self.world.generation() != self.generation
    }

    /// Lets go of the world; answers its name. Of a world that was dropped meanwhile, whoever is
    /// the last to hold it would free all of it.
    #[must_use]
    pub fn leave(self) -> Arc<str> {
        self.world.leave()
    }
}
