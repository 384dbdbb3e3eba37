//! What a run remembers. This room knows no mail and no HTTP: an exchange is bytes and facts, a
//! fault is numbers and words.

pub mod attempts;
pub mod cause;
pub mod coverage;
pub mod effects;
pub mod faults;
pub mod journal;
pub mod pattern;
pub mod tally;
pub mod tampering;
