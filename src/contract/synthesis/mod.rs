//! Answers made from the document alone.

pub(in crate::contract) mod example;
pub(in crate::contract) mod minimal;
pub(in crate::contract) mod rehearse;
pub(in crate::contract) mod sample;
