//! The control plane under `/_mock`: its document, its rows, and who may reach it.

mod clock;
mod exchange;
mod guard;
mod index;
mod requests;
mod snapshots;
mod worlds;

use crate::api::{Plane, Row};
use crate::contract::Contract;

/// The control plane's own document.
pub const DOCUMENT: &str = include_str!("openapi.json");
/// What its paths begin with.
pub const PREFIX: &str = "/_mock";

/// All operations of the control plane.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let tables: [&[Row]; 5] = [
        index::ROWS,
        worlds::ROWS,
        snapshots::ROWS,
        clock::ROWS,
        requests::ROWS,
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
    let contract = Contract::load_built_in(DOCUMENT);
    let contract = contract.expect("a test loads the document of the control plane");
    Plane::guarded(contract, rows(), guard::admit)
}
