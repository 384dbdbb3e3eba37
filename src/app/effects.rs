//! What a caller's writes do to their world, as the journal keeps it.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::changes::{self, Change, Name};
use crate::domain::clock::Timestamp;
use crate::domain::events;
use crate::domain::keys::Scope;
use crate::domain::limits::consumed::{self, Consumed};
use crate::domain::state::State;
use crate::record::effects::{self, Caused, Effects, Taken};

/// Where a caller's writes are noted, by all who write for them. A request that walks twice notes
/// in one place.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<Effects>>);

impl Notes {
    /// Notes what a write did. Whoever calls this is in nobody's turn.
    // A function of its own in the binary too, by which its cost is counted (`scripts/journal-cost`).
    #[inline(never)]
    pub(super) fn note(&self, before: &State, after: &State, now: Timestamp) {
        // Locked for as long as that takes: nobody else writes for this caller meanwhile.
        let mut effects = self.0.lock();
        let effects = &mut *effects;
        changes::tell(before, after, &mut |change| match effects.is_full() {
            true => effects.other_changes += 1,
            false => effects.change(recorded(change)),
        });
        consumed::tell(before, after, now, &mut |consumed| {
            effects.take(taken(consumed));
        });
        for event in events::after(after, events::last_number(before)) {
            effects.cause(Caused {
                id: event.id.number(),
                kind: event.subject.kind().word(),
                route: event.route.word(),
            });
        }
    }

    /// What was noted; nothing is left.
    #[must_use]
    pub fn take(&self) -> Effects {
        std::mem::take(&mut *self.0.lock())
    }
}

fn recorded(change: Change<'_>) -> effects::Change {
    effects::Change {
        kind: change.kind.word(),
        name: match change.name {
            Name::Only => effects::Name::Only,
            Name::Id(id) => effects::Name::Number(id.number()),
            Name::Text(text) => effects::Name::Text(text.into()),
            Name::Scope(scope, direction) => {
                let scope = match scope {
                    Scope::Account => "account".to_owned(),
                    Scope::Pod(pod) => format!("pod {pod}"),
                    Scope::Inbox { inbox, .. } => format!("inbox {inbox}"),
                };
                effects::Name::Text(format!("{scope}, {}", direction.word()).into())
            }
        },
        verb: change.verb.word(),
        fields: change.fields,
    }
}

fn taken(consumed: Consumed) -> Taken {
    Taken {
        limit: consumed.limit.word(),
        owner: consumed.owner.map(|owner| owner.number()),
        taken: consumed.taken,
        used: consumed.used,
        of: consumed.of,
        resets_at: consumed.resets_at.map(Timestamp::millis),
        is_enforced: consumed.is_enforced,
    }
}
