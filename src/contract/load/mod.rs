//! From the text of a document to operations, and everything that is wrong with it.

pub(in crate::contract) mod composition;
pub(in crate::contract) mod forms;
pub(in crate::contract) mod keywords;
pub(in crate::contract) mod kinds;
pub(in crate::contract) mod parameters;
pub(in crate::contract) mod parse;
pub(in crate::contract) mod reader;
pub(in crate::contract) mod report;
pub(in crate::contract) mod walk;
