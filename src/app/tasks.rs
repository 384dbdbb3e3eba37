//! What runs beside requests: each task belongs to the process that started it, ends with it at the
//! latest, and is joined, so that a panic in it is counted as the defect that it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};

use crate::record::tally::Tally;

/// All tasks of a process.
#[derive(Default)]
pub struct Tasks {
    /// Held only to add a task or to look at those that ended.
    running: Mutex<JoinSet<()>>,
    /// Whether none is started any more.
    is_closing: AtomicBool,
    /// Where defects are counted.
    pub(super) tally: Arc<Mutex<Tally>>,
}

impl Tasks {
    /// Starts a task; false if none is started any more, or if nothing is here to run it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        if !self.is_able() {
            return false;
        }
        let mut running = self.running.lock();
        running.spawn(task);
        while let Some(ended) = running.try_join_next() {
            self.count(ended);
        }
        true
    }

    /// Counts the panics of those that ended.
    pub(super) fn reap(&self) {
        let mut running = self.running.lock();
        while let Some(ended) = running.try_join_next() {
            self.count(ended);
        }
    }

    /// Ends all tasks, wherever they are, and waits until they are gone. What they had to do is
    /// still to be done: others may be started.
    pub async fn end(&self) {
        let mut running = std::mem::take(&mut *self.running.lock());
        running.abort_all();
        while let Some(ended) = running.join_next().await {
            self.count(ended);
        }
    }

    /// Whether a task that is started here and now would run.
    #[must_use]
    pub fn is_able(&self) -> bool {
        !self.is_closing() && Handle::try_current().is_ok()
    }

    /// Starts none any more.
    pub(super) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
    }

    /// Whether none is started any more.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    fn count(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended
            && error.is_panic()
        {
            let defect = format!("panic in a task: {error}");
            self.tally
                .lock()
                .breaches
                .count("a webhook's delivery", &defect);
        }
    }
}
