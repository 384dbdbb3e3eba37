//! The faults that stand in a world: part of its trace, so no snapshot and no export has them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::world::World;
use crate::record::faults::Fault;

/// A world's list. Whoever reads it takes a reference and looks without the lock.
#[derive(Default)]
pub(super) struct FaultList {
    /// Whether there are any: all that a world without faults pays for them.
    is_filled: AtomicBool,
    faults: RwLock<Arc<[Fault]>>,
}

impl World {
    /// The faults that stand now, in the order in which they are tried; none if there are none.
    #[must_use]
    pub fn faults(&self) -> Option<Arc<[Fault]>> {
        let is_filled = self.faults.is_filled.load(Ordering::Acquire);
        is_filled.then(|| self.faults.faults.read().clone())
    }

    /// Replaces the list; how many stood before.
    pub fn put_faults(&self, faults: Vec<Fault>) -> usize {
        let is_filled = !faults.is_empty();
        let next: Arc<[Fault]> = faults.into();
        let mut list = self.faults.faults.write();
        let old = std::mem::replace(&mut *list, next);
        // Under the lock, so that of two who replace it the same one has both.
        self.faults.is_filled.store(is_filled, Ordering::Release);
        drop(list);
        old.len()
    }
}
