//! Fixtures: a world's state as a document, into a state and back.

mod account;
mod attachments;
mod clock;
mod domains;
mod events;
mod export;
mod faults;
mod finding;
mod headers;
mod keys;
mod lay;
mod load;
mod policy;
mod removal;
mod resources;
mod rows;
mod seed;
mod suppressions;
mod threads;
mod usage;

pub use export::document;
pub use finding::{Finding, Findings, Problem};
pub use lay::{Changes, Manner, lay};
pub use load::{Broken, Fixture, SCENARIOS, is_schema, json_schema, load};
pub use seed::seed;

/// The closed schema of fixture documents: schemas of an OpenAPI document without operations.
pub const SCHEMAS: &str = include_str!("fixtures/openapi.json");
