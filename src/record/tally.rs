//! What spoils a run: calls that met a defect of ours, and calls of what does not exist.
//!
//! Worlds come and go, the tally stays. It is bounded whatever clients do: the first calls are told
//! apart, cut to a length that one reads, and of those that come later only the number is known.

/// At most this many calls of one kind are told apart.
pub const MAX_CALLS: usize = 100;
/// Of a call's name, this many characters are kept.
pub const MAX_NAME: usize = 200;
/// Of a remark, likewise.
const MAX_REMARK: usize = 500;

/// What was counted since the start, over all worlds, dropped ones included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that met a defect of the mock: an answer that broke its contract, or a panic.
    pub breaches: Calls,
    /// Calls of what does not exist.
    pub unknown_calls: Calls,
}

/// Calls of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    told_apart: Vec<Counted>,
    others: u64,
}

/// A call, and how often it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What was called.
    pub name: String,
    /// What there was to say when it was made first; often empty.
    pub remark: String,
    /// How often it was made.
    pub times: u64,
}

impl Calls {
    /// Counts a call; only the first of a name is remarked upon.
    pub fn count(&mut self, name: &str, remark: &str) {
        let name = cut(name, MAX_NAME);
        if let Some(known) = self.told_apart.iter_mut().find(|call| call.name == name) {
            known.times += 1;
        } else if self.told_apart.len() < MAX_CALLS {
            let remark = cut(remark, MAX_REMARK);
            self.told_apart.push(Counted {
                name,
                remark,
                times: 1,
            });
        } else {
            self.others += 1;
        }
    }

    /// The calls that are told apart, in the order in which they came first.
    #[must_use]
    pub fn told_apart(&self) -> &[Counted] {
        &self.told_apart
    }

    /// How many calls were made, those included that are not told apart.
    #[must_use]
    pub fn total(&self) -> u64 {
        let told = self.told_apart.iter().map(|call| call.times);
        told.sum::<u64>() + self.others
    }

    /// Whether there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told_apart.is_empty()
    }
}

/// Clients write these words, and terminals show them: short, and without control characters.
fn cut(text: &str, most: usize) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut kept: String = text.chars().take(most).map(shown).collect();
    if text.chars().nth(most).is_some() {
        kept.push('…');
    }
    kept
}
