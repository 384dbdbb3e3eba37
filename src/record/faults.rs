//! Faults: what goes wrong in a world because somebody asked for it.
//!
//! A list is written as a whole and read by everybody at once; only its counts change, and each of
//! them by itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::pattern::fits;
use super::tampering::Tampering;

/// At most this many faults stand in one world.
pub const MAX_FAULTS: usize = 1_000;

/// How a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before any work is done.
    Before,
    /// After the work is done and before anything is answered.
    After,
    /// In the middle of an answer's body; no work is done.
    MidBody,
}

impl Cut {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Cut::Before => "before",
            Cut::After => "after",
            Cut::MidBody => "mid-body",
        }
    }
}

/// One fault.
#[derive(Debug, Default)]
pub struct Fault {
    /// The attempts to deliver that it is about; none if it is about requests.
    pub delivery: Option<Tampering>,
    /// The operationId that it is about, or a pattern of several.
    pub operation: String,
    /// The requests that it is about.
    pub when: When,
    /// The error code that is answered.
    pub error: Option<String>,
    /// The status that is answered.
    pub status: Option<u16>,
    /// Headers that the answer gets, names in lower case.
    pub headers: Vec<(String, String)>,
    /// For how long the request is held back first.
    pub delay: Duration,
    /// How the connection breaks.
    pub cut: Option<Cut>,
    /// How many requests it strikes; none means all.
    pub times: Option<u64>,
    /// The entry as it was written, a JSON object.
    pub written: String,
    /// How many requests it has struck.
    pub hits: AtomicU64,
}

impl Fault {
    /// Whether it is about an operation.
    #[must_use]
    pub fn is_about(&self, operation: &str) -> bool {
        self.delivery.is_none() && fits(&self.operation, operation)
    }

    /// How many requests it has struck.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Strikes one more request; false if it is used up. However many ask at once, no more than
    /// `times` of them are struck.
    #[must_use]
    pub fn strike(&self) -> bool {
        let most = self.times.unwrap_or(u64::MAX);
        let one_more = |hits| (hits < most).then_some(hits + 1);
        let counted = self
            .hits
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        counted.is_ok()
    }
}

/// What a request has to be: names and the patterns of their values. All of them must fit.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct When {
    /// Parameters of the path.
    pub path: Vec<(String, String)>,
    /// Parameters of the query.
    pub query: Vec<(String, String)>,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Fields of the body, or JSON pointers into it.
    pub body: Vec<(String, String)>,
}

/// Whether each pattern fits; `has` says whether a request has under that name a text that does.
pub fn all_fit(
    patterns: &[(String, String)],
    has: impl Fn(&str, &dyn Fn(&str) -> bool) -> bool,
) -> bool {
    let mut patterns = patterns.iter();
    patterns.all(|(name, pattern)| {
        // What looks like an address is compared like one.
        let is_address = pattern.contains('@');
        let folded = pattern.to_lowercase();
        let has_address = |text: &str| is_address && fits(&folded, &text.to_lowercase());
        has(name, &|text| fits(pattern, text) || has_address(text))
    })
}

/// What was done to an exchange by request, so that it says nothing about the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forced {
    /// Its own header `Prefer` chose the answer.
    Preference,
    /// The fault at that index of its world's list struck it.
    Fault {
        /// The index, as the list stood then.
        index: usize,
        /// How the connection broke.
        cut: Option<Cut>,
    },
}

impl Forced {
    /// The fault as journal and log tell it; null where none of the world's list struck.
    #[must_use]
    pub fn json(self) -> Value {
        match self {
            Forced::Preference => Value::Null,
            Forced::Fault { index, cut } => json!({ "index": index, "drop": cut.map(Cut::word) }),
        }
    }

    /// How the connection broke.
    #[must_use]
    pub fn cut(self) -> Option<Cut> {
        match self {
            Forced::Preference => None,
            Forced::Fault { cut, .. } => cut,
        }
    }
}
