//! What is to happen in an order; other things may come between.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::kind::Kind;
use super::matcher::Matcher;
use super::{Question, unmet};
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::waiting::Waiting;
use crate::app::World;
use crate::contract::Item;

/// Steps, each behind the one before.
pub(super) struct Sequence {
    question: Question,
    steps: Vec<Matcher>,
}

impl Sequence {
    pub(super) fn of(question: Question, list: Item<'_>) -> Result<Self, Failure> {
        let kind: Kind = question.kind;
        let steps = list.elements();
        let steps = steps.map(|given| Matcher::of(&question.contract, kind, given));
        let steps = steps.collect::<Result<_, _>>()?;
        Ok(Self { question, steps })
    }

    pub(super) fn waiting(self, within: Duration) -> Waiting {
        let wanted = Arc::new(self);
        let looking = wanted.clone();
        let ask = move |world: &World| {
            if looking.reached(world) < looking.steps.len() {
                return None;
            }
            let shown = looking.met(world);
            let view = json!({ "matched": shown, "count": shown.len() });
            Some(Ok(Reply::json(StatusCode::OK, &view)))
        };
        let otherwise = move |world: &World| match wanted.question.is_complete(world) {
            true => Ok(wanted.missed(world)),
            false => Err(wanted.question.evicted(world)),
        };
        Waiting::new(within, ask, otherwise)
    }

    /// How many of the first steps are met.
    fn reached(&self, world: &World) -> usize {
        self.question.look(world, |mut entries| {
            let is_met = |step: &&Matcher| {
                Iterator::find(&mut entries, |entry| step.is_met(*entry)).is_some()
            };
            self.steps.iter().take_while(is_met).count()
        })
    }

    /// What met the first steps, as far as there is something. The earliest will always do.
    fn met(&self, world: &World) -> Vec<Value> {
        self.question.look(world, |mut entries| {
            let met = self.steps.iter().map_while(|step| {
                let entry = Iterator::find(&mut entries, |entry| step.is_met(*entry))?;
                Some(self.question.view(world, entry))
            });
            met.collect()
        })
    }

    /// Says which step is missing, and what came closest to it behind the one before.
    fn missed(&self, world: &World) -> Reply {
        let shown = self.met(world);
        let count = shown.len();
        let Some(missing) = self.steps.get(count) else {
            // It came at the last moment.
            let view = json!({ "matched": shown, "count": count });
            return Reply::json(StatusCode::OK, &view);
        };
        let (near, is_earlier) = self.question.look(world, |mut entries| {
            let mut is_earlier = false;
            for step in &self.steps[..count] {
                let _ = Iterator::find(&mut entries, |entry| {
                    is_earlier |= missing.is_met(*entry);
                    step.is_met(*entry)
                });
            }
            let near = self.question.nearest(world, entries, missing);
            (near, is_earlier)
        });
        let where_it_was = match is_earlier {
            true => ", only before the step that it is to follow",
            false => "",
        };
        let message = format!(
            "{count} of {} steps happened in order; no {} meets step {}{where_it_was}{}",
            self.steps.len(),
            self.question.kind.words(1),
            count + 1,
            self.question.unknown_inbox(world, missing),
        );
        unmet(message, count, shown, near)
    }
}
