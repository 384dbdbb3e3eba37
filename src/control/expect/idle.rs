//! Waiting until a world rests: until no attempt is under way, and none is due.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::MAX_NEAR;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::waiting::Waiting;
use crate::app::{DeliveryMode, World};
use crate::contract::Item;
use crate::control::deliveries::DeliveryView;

/// What says how many of which things; a world rests or it does not.
const FOREIGN: [&str; 6] = ["times", "atLeast", "atMost", "match", "inOrder", "after"];

pub(super) fn expect(body: Item<'_>, within: Duration) -> Result<Waiting, Failure> {
    if let Some(field) = FOREIGN.into_iter().find(|field| body.get(field).is_some()) {
        return Err(Failure::bad_request(format!(
            "`idle` takes no `{field}`: a world rests or it does not"
        )));
    }
    Ok(Waiting::new(
        within,
        |world| is_at_rest(world).then(|| Ok(met())),
        |world| Ok(missed(world)),
    ))
}

fn is_at_rest(world: &World) -> bool {
    let unrest = world.unrest();
    unrest.under_way == 0 && unrest.due.is_empty()
}

fn met() -> Reply {
    Reply::json(StatusCode::OK, &json!({ "matched": [], "count": 0 }))
}

fn missed(world: &World) -> Reply {
    let unrest = world.unrest();
    let (under_way, due) = (unrest.under_way, unrest.due.len());
    let held = match world.delivery_mode() {
        DeliveryMode::Auto => "",
        DeliveryMode::Hold => ", and deliveries are held",
    };
    let near: Vec<Value> = unrest
        .due
        .iter()
        .take(MAX_NEAR)
        .map(|delivery| {
            let difference =
                json!({ "field": "status", "expected": "delivered, or failed", "actual": "pending" });
            json!({ "entry": DeliveryView::of(world, delivery), "differences": [difference] })
        })
        .collect();
    let view = json!({
        "error": "expectation_failed",
        "message": format!(
            "the world does not rest: attempts under way: {under_way}, due: {due}{held}"
        ),
        // What is under way is due too, unless somebody asked for it.
        "count": due.max(under_way),
        "matched": [],
        "nearMisses": near,
    });
    Reply::json(StatusCode::EXPECTATION_FAILED, &view)
}
