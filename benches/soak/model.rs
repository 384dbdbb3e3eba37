//! What a world must hold: small enough to be seen to be right.

use std::collections::BTreeMap;

/// A tenant, by its `clientId`.
#[derive(Clone)]
pub struct Pod {
    pub id: String,
    pub name: String,
}

/// An inbox.
#[derive(Clone)]
pub struct Inbox {
    pub id: String,
    pub address: String,
    /// The `clientId` of its pod.
    pub pod: String,
    pub display_name: String,
    /// In the order in which they came.
    pub messages: Vec<Message>,
    pub threads: Vec<Thread>,
}

/// A message.
#[derive(Clone)]
pub struct Message {
    pub id: String,
    pub thread: String,
    pub subject: String,
    pub is_inbound: bool,
}

/// A thread.
#[derive(Clone)]
pub struct Thread {
    pub id: String,
    pub subject: String,
    pub is_read: bool,
}

/// Everything that a world holds, but its default pod.
#[derive(Clone, Default)]
pub struct Model {
    pub pods: BTreeMap<String, Pod>,
    pub inboxes: Vec<Inbox>,
    /// How many mails left for the outside.
    pub departed: usize,
}

impl Model {
    pub fn messages(&self) -> usize {
        self.inboxes.iter().map(|inbox| inbox.messages.len()).sum()
    }
}

impl Inbox {
    pub fn count(&self, thread: &str) -> usize {
        let of_thread = self.messages.iter().filter(|it| it.thread == thread);
        of_thread.count()
    }
}
