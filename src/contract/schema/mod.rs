//! Schemas: their dialect, their validators, and what a validator says in words.

pub(in crate::contract) mod bounds;
pub(in crate::contract) mod dialect;
pub(in crate::contract) mod draft7;
pub(in crate::contract) mod judge;
pub(in crate::contract) mod representation;
pub(in crate::contract) mod rules;
pub(in crate::contract) mod schemas;
pub(in crate::contract) mod tell;
