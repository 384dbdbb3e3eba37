//! The whole mock through its public protocol, and the domain's pure rules.

mod support;

mod architecture;
mod attachments;
mod bodies;
mod contract;
mod deliveries;
mod domain;
mod events;
#[cfg(unix)]
mod exec;
mod expect;
mod faults;
mod fixtures;
mod forms;
mod guard;
mod inbound;
mod inboxes;
mod keys;
mod limits;
mod mail;
mod messages;
mod outbox;
mod parallel;
mod pods;
mod policy;
mod process;
mod readme;
mod reference;
mod refusals;
mod replies;
mod scopes;
mod sends;
mod server;
mod sockets;
mod spec;
mod spine;
mod state;
mod storage;
mod tally;
mod threads;
mod tree;
mod turns;
mod waiting;
mod webhooks;
mod worlds;
