//! The bench of webhooks: what is delivered and how, hold it and let it go.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::waiting::Waiting;
use crate::app::{DeliveryMode, World};
use crate::domain::clock::Timestamp;
use crate::domain::deliveries::{self, Delivery};
use crate::domain::ids::Id;
use crate::domain::inboxes;
use crate::domain::refusal::{Refusal, Resource};
use crate::domain::state::State;
use crate::domain::table::Page;
use crate::push::Turn;
use crate::push::webhooks::PATIENCE;
use crate::record::attempts::Attempt;
use crate::record::pattern::fits;

pub(super) const ROWS: &[Row] = &[
    Row::guarded("listDeliveries", list_deliveries),
    Row::guarded("setDeliveryMode", set_mode),
    Row::waiting("releaseDeliveries", release),
    Row::waiting("redeliver", redeliver),
];

/// A delivery with everything that is known of its attempts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryView {
    id: Id,
    event_id: Id,
    event: &'static str,
    inbox_id: Option<Id>,
    url: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    /// An attempt is being made at this moment.
    under_way: bool,
    /// How many attempts were made, those included that the log forgot.
    made: u32,
    attempts: Vec<AttemptView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttemptView {
    number: u32,
    at: Timestamp,
    timestamp: i64,
    signed_string: String,
    signature: Box<str>,
    body: Box<str>,
    body_bytes: usize,
    /// Whether the body is longer than what is shown.
    truncated: bool,
    status: Option<u16>,
    error: Option<Box<str>>,
    /// The index of the fault that interfered.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerView>,
}

#[derive(Serialize)]
struct AnswerView {
    body: Box<str>,
    truncated: bool,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            at: Timestamp::from_millis(attempt.at).unwrap_or(Timestamp::MIN),
            timestamp: attempt.timestamp,
            signed_string: format!("{}.{}", attempt.timestamp, attempt.body),
            signature: attempt.signature,
            truncated: attempt.body.len() < attempt.body_bytes,
            body: attempt.body,
            body_bytes: attempt.body_bytes,
            status: attempt.answer.as_ref().map(|answer| answer.status),
            error: attempt.error,
            fault: attempt.fault,
            answer: attempt.answer.map(|answer| AnswerView {
                body: answer.body,
                truncated: answer.is_cut,
            }),
        }
    }
}

impl DeliveryView {
    pub(super) fn of(world: &World, delivery: &Delivery) -> Self {
        let attempts = world.attempts(delivery.id).into_iter();
        Self {
            id: delivery.id,
            event_id: delivery.event.id,
            event: delivery.event.subject.kind().word(),
            inbox_id: delivery.event.subject.inbox(),
            url: delivery.webhook.url.clone(),
            status: delivery.status.word(),
            due_at: delivery.status.due(),
            under_way: world.is_under_way(delivery.id),
            made: delivery.attempts,
            attempts: attempts.map(AttemptView::from).collect(),
        }
    }
}

/// What a delivery has in a field that it is looked for by; any of them may fit.
pub(super) fn delivery_has(state: &State, delivery: &Delivery, field: &str) -> Vec<String> {
    let subject = &delivery.event.subject;
    match field {
        "event" => vec![subject.kind().word().to_owned()],
        "inbox" => {
            let id = subject.inbox().map(|id| id.to_string());
            let inbox = id.as_deref().and_then(|id| inboxes::get(state, id).ok());
            let address = inbox.map(|inbox| inbox.address.to_string());
            address.into_iter().chain(id).collect()
        }
        "status" => vec![delivery.status.word().to_owned()],
        _ => Vec::new(),
    }
}

fn list_deliveries(call: &Call<'_>) -> Result<Reply, Failure> {
    let mut wanted = Vec::new();
    for field in ["event", "inbox", "status"] {
        if let Some(pattern) = call.query_text(field)? {
            // Addresses compare without case, and the rest is lower-case.
            wanted.push((field, pattern.to_lowercase()));
        }
    }
    let page = call.page();
    let (rows, total) = call.world.read(|state| {
        if wanted.is_empty() {
            let listing = deliveries::list(state, page);
            return (listing.rows, listing.total);
        }
        let is_wanted = |delivery: &&Arc<Delivery>| {
            let is_met = |(field, pattern): &(&str, String)| {
                let has = delivery_has(state, delivery, field);
                has.iter().any(|text| fits(pattern, text))
            };
            wanted.iter().all(is_met)
        };
        let rows: Vec<_> = state.deliveries.iter().filter(is_wanted).cloned().collect();
        let Page { limit, offset } = page;
        let shown = rows.iter().rev().skip(offset).take(limit);
        (shown.cloned().collect(), rows.len())
    });
    let data: Vec<_> = rows
        .iter()
        .map(|delivery| DeliveryView::of(call.world, delivery))
        .collect();
    let mode = call.world.delivery_mode().word();
    let view = json!({ "data": data, "total": total, "mode": mode });
    Ok(Reply::json(StatusCode::OK, &view))
}

fn set_mode(call: &Call<'_>) -> Result<Reply, Failure> {
    let mode = match call.text("mode")?.as_deref() {
        Some("hold") => DeliveryMode::Hold,
        // The document knows no third one.
        _ => DeliveryMode::Auto,
    };
    call.world.set_delivery_mode(mode);
    Ok(Reply::json(StatusCode::OK, &json!({ "mode": mode.word() })))
}

fn release(call: &Call<'_>) -> Result<Waiting, Failure> {
    let body = call.input.body.as_ref().map(|body| body.root());
    let given = body.and_then(|body| body.get("ids"));
    let ids = match given {
        Some(given) => {
            let ids = given
                .texts()
                .into_iter()
                .map(|text| known_delivery(call.world, text));
            ids.collect::<Result<Vec<Id>, Failure>>()?
        }
        None => call.world.unrest().due.iter().map(|it| it.id).collect(),
    };
    let shown = ids.clone();
    Ok(made(call, ids, false, move |world, turns| {
        let data = views(world, &shown);
        let attempted = turns.iter().filter_map(|turn| match turn {
            Turn::Attempted(id) => Some(*id),
            Turn::Settled(_) | Turn::Gone => None,
        });
        let settled = turns.iter().filter_map(|turn| match turn {
            Turn::Settled(id) => Some(*id),
            Turn::Attempted(_) | Turn::Gone => None,
        });
        let view = json!({
            "total": data.len(),
            "data": data,
            "attempted": attempted.collect::<Vec<_>>(),
            "settled": settled.collect::<Vec<_>>(),
        });
        Reply::json(StatusCode::OK, &view)
    }))
}

fn redeliver(call: &Call<'_>) -> Result<Waiting, Failure> {
    let id = known_delivery(call.world, call.path("id")?)?;
    Ok(made(call, vec![id], true, move |world, _| {
        match views(world, &[id]).pop() {
            Some(view) => Reply::json(StatusCode::OK, &view),
            None => Failure::from(not_found(&id.to_string())).reply(),
        }
    }))
}

/// Waits until the courier has made one attempt of each.
fn made(
    call: &Call<'_>,
    ids: Vec<Id>,
    all: bool,
    view: impl Fn(&World, &[Turn]) -> Reply + Send + Sync + 'static,
) -> Waiting {
    // Each may take as long as a receiver may.
    let attempts = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let within = 2 * PATIENCE.saturating_mul(attempts.saturating_add(1));
    // The attempts are made elsewhere: this only looks at what came of them, and whoever leaves
    // ends the rest by that.
    let wanted = ids.len();
    let world = call.caller.world();
    let turns = call.shared.courier.release(world, ids, all);
    let view = Arc::new(view);
    let (shown, taken) = (view.clone(), turns.clone());
    let ask = move |world: &World| {
        // Whoever made them may be gone: they stand as they do.
        let is_over = turns.has_changed().is_err();
        let turns = turns.borrow();
        (is_over || turns.len() == wanted).then(|| Ok(view(world, &turns)))
    };
    let within = within.min(Duration::from_secs(24 * 3_600));
    Waiting::new(within, ask, move |world| Ok(shown(world, &taken.borrow())))
}

/// The deliveries of these ids as they stand, in this order.
fn views(world: &World, ids: &[Id]) -> Vec<DeliveryView> {
    let rows: HashMap<Id, Arc<Delivery>> = world.read(|state| {
        let row = |id: &Id| Some((*id, deliveries::get(state, *id).ok()?));
        ids.iter().filter_map(row).collect()
    });
    let rows = ids.iter().filter_map(|id| rows.get(id));
    rows.map(|row| DeliveryView::of(world, row)).collect()
}

/// The id of a delivery that is there.
pub(super) fn known_delivery(world: &World, text: &str) -> Result<Id, Failure> {
    let id = Id::parse(text).filter(|id| world.read(|state| deliveries::get(state, *id).is_ok()));
    Ok(id.ok_or_else(|| not_found(text))?)
}

fn not_found(key: &str) -> Refusal {
    Refusal::NotFound {
        what: Resource::Delivery,
        key: key.to_owned(),
    }
}
