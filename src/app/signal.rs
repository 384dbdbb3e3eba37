//! What wakes those who wait for a world: one signal, raised after every change of its state and
//! after every recorded exchange.
//!
//! Nothing is queued. Whoever follows a world subscribes, then looks, then sleeps; however often it
//! changes meanwhile, they look once more.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::world::World;

/// At most this many calls wait for one world.
pub const MAX_WAITING: usize = 1_000;

/// As many calls wait for a world as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyWaiting;

/// Raised with nobody waiting, it costs an uncontended lock: some 20 ns.
#[derive(Default)]
pub(super) struct Signal {
    changes: Notify,
    /// Raised when the state was replaced as a whole, or the world dropped: a thousand attempts
    /// under way sleep on it, and need not look after each other's changes.
    replacements: Notify,
    /// Calls that hold a [`Seat`].
    waiting: AtomicUsize,
}

impl Signal {
    /// Wakes everybody; called outside all locks, after what there is to see can be seen.
    pub fn raise(&self) {
        self.changes.notify_waiters();
    }

    /// Ends when it is raised after this call.
    pub fn raised(&self) -> impl Future<Output = ()> {
        self.changes.notified()
    }

    /// Wakes everybody, those too who wait for nothing but this: the world is another one.
    pub fn raise_replaced(&self) {
        self.replacements.notify_waiters();
        self.raise();
    }
}

impl World {
    /// The next change after this call, of the world's state or of its journal. Whoever makes this
    /// first and looks second misses none. That the world was reset or dropped is a change, too.
    pub fn changed(&self) -> impl Future<Output = ()> {
        self.signal.raised()
    }

    /// The next time that its state is replaced as a whole, or that it is dropped.
    pub fn replaced(&self) -> impl Future<Output = ()> {
        self.signal.replacements.notified()
    }

    /// A seat for a call that waits; given back when it is dropped.
    ///
    /// # Errors
    ///
    /// [`TooManyWaiting`].
    pub fn take_seat(&self) -> Result<Seat<'_>, TooManyWaiting> {
        let waiting = &self.signal.waiting;
        let one_more = |count| (count < MAX_WAITING).then_some(count + 1);
        let taken = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.map_err(|_| TooManyWaiting)?;
        Ok(Seat { waiting })
    }
}

/// One of the [`MAX_WAITING`] seats of a world.
#[derive(Debug)]
pub struct Seat<'w> {
    waiting: &'w AtomicUsize,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
