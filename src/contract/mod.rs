//! The contract engine: an OpenAPI 3.0 document as data.
//!
//! It loads a document, routes by its templates, checks requests and answers against its schemas
//! and makes answers from its examples. It knows nothing of pods or mail: everything it says, the
//! document said first.

mod answer;
mod check;
mod coerce;
mod composition;
mod dialect;
mod document;
mod example;
mod fill;
mod judge;
mod keywords;
mod kinds;
mod locate;
mod minimal;
mod parameters;
mod reader;
mod rehearse;
mod report;
mod representation;
mod request;
mod route;
mod rules;
mod sample;
mod schemas;
mod spelling;
mod tape;
mod tell;
mod violation;
mod walk;

pub use check::{Checked, Incoming, Refused, Unread, Verdict};
pub use document::{Answer, Body, Contract, Credential, Media, Operation, Parameter, StatusKey};
pub use example::Synthesized;
pub use locate::{Place, place};
pub use report::Fault;
pub use representation::TapeJson;
pub use route::Match;
pub use spelling::nearest;
pub use tape::{Item, MAX_DEPTH, MAX_VALUES, ReadError, Tape, push_token};
pub use violation::{In, MAX_VIOLATIONS, Side, Violation, header_value};
