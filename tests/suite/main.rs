//! The whole mock through its public protocol, and the domain's pure rules.

mod support;

mod tree;
