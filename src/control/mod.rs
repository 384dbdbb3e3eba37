//! The control plane under `/_mock`: its document, its rows, and who may reach it.

mod clock;
mod exchange;
mod guard;
mod index;
mod requests;
mod snapshots;
mod worlds;

use crate::api::{Plane, Row};
use crate::contract::{Contract, Fault};

/// The control plane's own document.
pub const DOCUMENT: &str = include_str!("openapi.json");
/// What its paths begin with.
pub const PREFIX: &str = "/_mock";

/// All operations of the control plane.
pub fn rows() -> impl Iterator<Item = &'static Row> + Clone {
    let tables: [&[Row]; 5] = [
        index::ROWS,
        worlds::ROWS,
        snapshots::ROWS,
        clock::ROWS,
        requests::ROWS,
    ];
    tables.into_iter().flatten()
}

/// The control plane, ready to be walked.
///
/// # Errors
///
/// Faults of the built-in document; a test sees that it has none.
pub fn plane() -> Result<Plane, Vec<Fault>> {
    let contract = Contract::load_built_in(DOCUMENT)?;
    Ok(Plane::guarded(contract, rows(), guard::admit))
}
