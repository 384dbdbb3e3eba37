//! The contract engine: an OpenAPI 3.0 document as data.
//!
//! It loads a document, routes by its templates, checks requests and answers against its schemas
//! and makes answers from its examples. It knows nothing of pods or mail: everything it says, the
//! document said first.

mod document;
mod exchange;
mod format;
mod json;
mod load;
mod outline;
mod route;
mod schema;
mod spelling;
mod synthesis;
mod violation;

pub use document::{Answer, Body, Contract, Credential, Media, Operation, Parameter, StatusKey};
pub use exchange::check::{Checked, Incoming, Refused, Unread, Verdict};
pub use exchange::coerce::{Pair, query_pairs};
pub use exchange::form::{File, form_fields};
pub use exchange::request::cookie;
pub use format::{Broken, Format};
pub use json::locate::{Place, Spot, place, places};
pub use json::pointer::push_token;
pub use json::tape::{Item, MAX_DEPTH, MAX_VALUES, ReadError, Tape};
pub use load::parse::not_json;
pub use load::report::Fault;
pub use outline::Outline;
pub use route::Match;
pub use schema::representation::TapeJson;
pub use spelling::nearest;
pub use synthesis::example::Synthesized;
pub use violation::{In, MAX_VIOLATIONS, Side, Violation, bounded, header_value};
