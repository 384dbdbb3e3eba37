//! The control plane under `/_mock`: its document, its rows, and who may reach it.

mod clock;
mod console;
mod counts;
mod coverage;
mod deliveries;
mod effects;
mod exchange;
mod expect;
mod explained;
mod faults;
mod guard;
mod inbound;
mod index;
mod outbox;
mod page;
mod redaction;
mod requests;
mod snapshots;
mod sockets;
mod state;
mod terminal;
mod worlds;

use std::sync::LazyLock;

use serde_json::Value;

use crate::api::{Plane, Row};
use crate::contract::Contract;
use crate::fixtures;

/// The control plane's own document, with the schemas of fixtures in their place.
pub static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    with_schemas(include_str!("openapi.json"), fixtures::SCHEMAS)
        .expect("a test loads the document of the control plane")
});
/// What its paths begin with.
pub const PREFIX: &str = "/_mock";

/// All operations of the control plane.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let tables: [&[Row]; 13] = [
        index::ROWS,
        worlds::ROWS,
        snapshots::ROWS,
        state::ROWS,
        inbound::ROWS,
        outbox::ROWS,
        deliveries::ROWS,
        expect::ROWS,
        faults::ROWS,
        clock::ROWS,
        sockets::ROWS,
        requests::ROWS,
        coverage::ROWS,
    ];
    tables.into_iter().flatten()
}

/// The control plane, ready to be walked. Loading its document takes milliseconds, so servers do
/// it at the first call, not at their start.
///
/// # Panics
///
/// If the built-in document had faults, which a test sees that it has not.
#[must_use]
pub fn plane() -> Plane {
    let contract = Contract::load_built_in(&DOCUMENT);
    let contract = contract.expect("a test loads the document of the control plane");
    Plane::guarded(contract, rows(), guard::admit)
}

/// A document with the component schemas of another beside its own.
fn with_schemas(document: &str, other: &str) -> Option<String> {
    let mut document: Value = serde_json::from_str(document).ok()?;
    let mut other: Value = serde_json::from_str(other).ok()?;
    let added = other.pointer_mut("/components/schemas")?.take();
    let schemas = document.pointer_mut("/components/schemas")?;
    let Value::Object(added) = added else {
        return None;
    };
    schemas.as_object_mut()?.extend(added);
    serde_json::to_string_pretty(&document).ok()
}
