//! What a run remembers. This room knows no mail and no HTTP: an exchange is bytes and facts.

pub mod journal;
pub mod tally;
