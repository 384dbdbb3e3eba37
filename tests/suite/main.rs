//! The whole mock through its public protocol, and the domain's pure rules.

mod support;

mod architecture;
mod bodies;
mod contract;
mod domain;
#[cfg(unix)]
mod exec;
mod fixtures;
mod forms;
mod guard;
mod inboxes;
mod mail;
mod parallel;
mod pods;
mod process;
mod readme;
mod reference;
mod server;
mod spec;
mod spine;
mod state;
mod tally;
mod tree;
mod turns;
mod waiting;
mod worlds;
