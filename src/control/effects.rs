//! What an exchange did to its world, as the journal shows it.

use serde::Serialize;

use crate::app::World;
use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::state::State;
use crate::domain::{events, messages, threads};
use crate::record::effects::{Caused, Change, Effects, Name, Taken};

/// What an exchange did.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EffectsView {
    pub changes: Vec<ChangeView>,
    /// Changes that are not listed.
    pub other_changes: u64,
    pub limits: Vec<LimitView>,
    pub events: Vec<EventView>,
    /// Events that are not listed.
    pub other_events: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeView {
    pub kind: &'static str,
    pub id: Option<String>,
    pub change: &'static str,
    /// The inbox that a message or a thread stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbox_id: Option<Id>,
    /// Of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LimitView {
    pub limit: &'static str,
    /// The inbox, pod or domain that it is a limit of; none for the account.
    pub id: Option<Id>,
    pub taken: u64,
    pub used: u64,
    pub of: Option<u64>,
    pub left: Option<u64>,
    pub resets_at: Option<Timestamp>,
    pub enforced: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventView {
    pub id: Id,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub route: &'static str,
    /// The inbox that it is about; none if that is a pod, or the event is gone.
    pub inbox_id: Option<Id>,
    pub deliveries: Vec<DeliveryView>,
}

#[derive(Debug, Serialize)]
pub(super) struct DeliveryView {
    pub id: Id,
    pub status: &'static str,
    pub attempts: u32,
}

impl EffectsView {
    /// What an exchange did in that world; deliveries are told as they stand now, and so is where
    /// messages, threads and events belong.
    pub fn of(world: &World, effects: Option<&Effects>) -> Self {
        let Some(effects) = effects else {
            return Self::default();
        };
        Self {
            changes: world.read(|state| {
                let changes = effects.changes.iter();
                changes.map(|it| change(state, it)).collect()
            }),
            other_changes: effects.other_changes,
            limits: effects.limits.iter().map(limit).collect(),
            events: caused(world, &effects.events),
            other_events: effects.other_events,
        }
    }
}

fn change(state: &State, change: &Change) -> ChangeView {
    let id = match &change.name {
        Name::Only => None,
        Name::Number(number) => Some(Id::from_number(*number).to_string()),
        Name::Text(text) => Some(text.to_string()),
    };
    let of_kind = |kind: &str| id.as_deref().filter(|_| change.kind == kind);
    let message = of_kind("message").and_then(|id| messages::get(state, id).ok());
    let thread = of_kind("thread").and_then(|id| threads::get(state, id).ok());
    ChangeView {
        kind: change.kind,
        inbox_id: match (&message, thread) {
            (Some(message), _) => Some(message.inbox),
            (None, thread) => thread.map(|thread| thread.inbox),
        },
        direction: message.map(|message| message.direction.word()),
        id,
        change: change.verb,
        fields: change.fields.clone(),
    }
}

fn limit(taken: &Taken) -> LimitView {
    LimitView {
        limit: taken.limit,
        id: taken.owner.map(Id::from_number),
        taken: taken.taken,
        used: taken.used,
        of: taken.of,
        left: taken.of.map(|of| of.saturating_sub(taken.used)),
        resets_at: taken.resets_at.and_then(Timestamp::from_millis),
        enforced: taken.is_enforced,
    }
}

fn caused(world: &World, events: &[Caused]) -> Vec<EventView> {
    if events.is_empty() {
        return Vec::new();
    }
    world.read(|state| {
        let view = |caused: &Caused| {
            let id = Id::from_number(caused.id);
            let deliveries = state.deliveries.iter().filter(|it| it.event.id == id);
            let deliveries = deliveries.map(|delivery| DeliveryView {
                id: delivery.id,
                status: delivery.status.word(),
                attempts: delivery.attempts,
            });
            EventView {
                id,
                kind: caused.kind,
                route: caused.route,
                inbox_id: events::find(state, id).and_then(|event| event.subject.inbox()),
                deliveries: deliveries.collect(),
            }
        };
        events.iter().map(view).collect()
    })
}
