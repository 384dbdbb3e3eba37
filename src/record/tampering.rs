//! Faults of deliveries: what goes wrong with attempts because somebody asked for it.

use super::pattern::fits;

/// What a receiver is to find wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corruption {
    /// The signature is another secret's.
    Signature,
    /// The timestamp lies ten minutes back, and is signed.
    Timestamp,
    /// The body is not the one that was signed.
    Body,
}

impl Corruption {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Signature, Self::Timestamp, Self::Body];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Corruption::Signature => "signature",
            Corruption::Timestamp => "timestamp",
            Corruption::Body => "body",
        }
    }
}

/// Which attempts a fault is about, and what a receiver gets of them. The status that stands in for
/// its answer is the fault's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tampering {
    /// The kind of event, or a pattern of several.
    pub event: Option<String>,
    /// Id or address of the inbox, or a pattern.
    pub inbox: Option<String>,
    /// The number of the attempt.
    pub attempt: Option<u64>,
    /// What the receiver finds wrong.
    pub corruption: Option<Corruption>,
    /// Whether it gets the same twice.
    pub duplicate: bool,
}

impl Tampering {
    /// Whether it is about that attempt of an event of this kind; `inbox` is known by these names.
    #[must_use]
    pub fn is_about(&self, event: &str, inbox: &[String], attempt: u32) -> bool {
        let is_inbox = |pattern: &String| {
            let pattern = pattern.to_lowercase();
            inbox
                .iter()
                .any(|name| fits(&pattern, &name.to_lowercase()))
        };
        self.event
            .as_ref()
            .is_none_or(|pattern| fits(pattern, event))
            && self.inbox.as_ref().is_none_or(is_inbox)
            && self
                .attempt
                .is_none_or(|number| number == u64::from(attempt))
    }
}
