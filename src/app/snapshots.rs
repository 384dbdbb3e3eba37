//! Snapshots: states of a world, kept under names. Each is a reference.

use std::sync::Arc;

use super::discard;
use super::world::World;
use crate::domain::state::State;

/// At most this many snapshots of one world.
pub const MAX_SNAPSHOTS: usize = 64;

/// A world has no snapshot of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchSnapshot;

/// A world has as many snapshots as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySnapshots;

impl World {
    /// The snapshot of that name.
    pub(super) fn snapshot(&self, name: &str) -> Result<Arc<State>, NoSuchSnapshot> {
        let snapshot = self.snapshots.lock().get(name).cloned();
        snapshot.ok_or(NoSuchSnapshot)
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
}
