//! The emulated rules over the emulated state, as pure functions.
//!
//! This room names no HTTP, no status code, no JSON Schema and nothing asynchronous. A rule takes
//! a state, or a [`state::Transaction`] if it changes one, and answers facts or a
//! [`refusal::Refusal`].

pub mod account;
pub mod changes;
pub mod clock;
pub mod deliveries;
pub mod domains;
pub mod events;
pub mod ids;
pub mod inboxes;
pub mod keys;
pub mod limits;
pub mod mail;
pub mod messages;
pub mod pods;
pub mod policy;
pub mod refusal;
pub mod reputation;
pub mod sends;
pub mod state;
pub mod suppressions;
pub mod table;
pub mod threads;
pub mod tree;
pub mod usage;
pub mod webhooks;
