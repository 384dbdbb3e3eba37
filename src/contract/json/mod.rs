//! JSON as it is on the wire: read once into a flat list, and located for people.

pub(in crate::contract) mod assemble;
pub(in crate::contract) mod fill;
pub(in crate::contract) mod locate;
pub(in crate::contract) mod pointer;
pub(in crate::contract) mod repeated;
pub(in crate::contract) mod tape;
