//! How much a state holds, as the control plane shows it.

use serde::Serialize;

use crate::domain::state::Counts;

/// Rows of each kind.
#[derive(Serialize)]
pub(super) struct CountsView {
    pods: usize,
    inboxes: usize,
    domains: usize,
    keys: usize,
    threads: usize,
    messages: usize,
    events: usize,
    deliveries: usize,
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        Self {
            pods: counts.pods,
            inboxes: counts.inboxes,
            domains: counts.domains,
            keys: counts.keys,
            threads: counts.threads,
            messages: counts.messages,
            events: counts.events,
            deliveries: counts.deliveries,
        }
    }
}
