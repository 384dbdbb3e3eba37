//! The worlds that are open, by name and by what their names leave in tokens.

use std::collections::HashMap;
use std::sync::Arc;

use super::DEFAULT_WORLD;
use super::world::World;
use crate::domain::ids::{MARK, mark};

/// All open worlds.
#[derive(Default)]
pub(super) struct Open {
    worlds: HashMap<Arc<str>, Arc<World>>,
    /// Their names by mark, so that a token leads to its world without an index of tokens.
    marks: HashMap<[u8; MARK], Arc<str>>,
}

impl Open {
    pub(super) fn len(&self) -> usize {
        self.worlds.len()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<World>> {
        self.worlds.get(name)
    }

    /// The world whose tokens carry that mark.
    pub(super) fn marked(&self, mark: &[u8; MARK]) -> Option<Arc<str>> {
        self.marks.get(mark).cloned()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.worlds.keys()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<World>> {
        self.worlds.values()
    }

    pub(super) fn insert(&mut self, world: Arc<World>) {
        self.marks.insert(mark(&world.name), world.name.clone());
        self.worlds.insert(world.name.clone(), world);
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Arc<World>> {
        self.marks.remove(&mark(name));
        self.worlds.remove(name)
    }

    /// The world other than the default one that was used least recently and that nobody holds.
    pub(super) fn longest_idle(&self) -> Option<Arc<str>> {
        let idle = self.worlds.values().filter(|world| {
            // The map's reference is the only one: no request, call or delivery is at work in it.
            Arc::strong_count(world) == 1 && &*world.name != DEFAULT_WORLD
        });
        let oldest = idle.min_by_key(|world| world.last_use());
        oldest.map(|world| world.name.clone())
    }
}
