//! Both directions of an exchange held against an operation.

pub(in crate::contract) mod answer;
pub(in crate::contract) mod body;
pub(in crate::contract) mod check;
pub(in crate::contract) mod coerce;
pub(in crate::contract) mod form;
pub(in crate::contract) mod multipart;
pub(in crate::contract) mod request;
