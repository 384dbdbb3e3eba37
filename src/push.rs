//! What leaves the process by itself: events, to webhooks and to sockets.
//!
//! Followers pull: they look at the state's events and deliveries, and sleep on the world's signal.

pub mod payload;
mod pump;
pub mod sockets;
pub mod webhooks;

pub use pump::{Courier, Turn};
