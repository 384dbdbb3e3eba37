//! How many have to match.

use crate::api::failures::Failure;
use crate::contract::Item;

/// How many have to match.
#[derive(Debug, Clone, Copy)]
pub(super) enum Count {
    Times(usize),
    AtLeast(usize),
    AtMost(usize),
}

impl Count {
    /// What a question says of it.
    pub(super) fn of(question: Item<'_>) -> Result<Option<Self>, Failure> {
        let number = |field| usize::try_from(question.get(field)?.as_integer()?).ok();
        let counts = [
            number("times").map(Count::Times),
            number("atLeast").map(Count::AtLeast),
            number("atMost").map(Count::AtMost),
        ];
        let mut counts = counts.into_iter().flatten();
        let count = counts.next();
        match counts.next() {
            None => Ok(count),
            Some(_) => Err(Failure::bad_request(
                "`times`, `atLeast` and `atMost` exclude each other; send one of them",
            )),
        }
    }

    pub(super) fn holds(self, found: usize) -> bool {
        match self {
            Count::Times(times) => found == times,
            Count::AtLeast(least) => found >= least,
            Count::AtMost(most) => found <= most,
        }
    }

    /// Whether nothing that may still come can change it.
    pub(super) fn is_settled(self, found: usize) -> bool {
        match self {
            Count::Times(limit) | Count::AtMost(limit) => found > limit,
            Count::AtLeast(least) => found >= least,
        }
    }

    /// Whether more would have to match.
    pub(super) fn is_short(self, found: usize) -> bool {
        match self {
            Count::Times(least) | Count::AtLeast(least) => found < least,
            Count::AtMost(_) => false,
        }
    }

    /// Whether it cannot hold as long as some that would count may be gone.
    pub(super) fn needs_all(self) -> bool {
        match self {
            Count::Times(_) | Count::AtMost(_) => true,
            Count::AtLeast(_) => false,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Count::Times(times) => format!("exactly {times} expected"),
            Count::AtLeast(least) => format!("at least {least} expected"),
            Count::AtMost(most) => format!("at most {most} expected"),
        }
    }
}
