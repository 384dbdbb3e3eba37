//! How many have to match.

/// How many have to match.
#[derive(Debug, Clone, Copy)]
pub(super) enum Count {
    Times(usize),
    AtLeast(usize),
    AtMost(usize),
}

impl Count {
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

    pub(super) fn words(self) -> String {
        match self {
            Count::Times(times) => format!("exactly {times} expected"),
            Count::AtLeast(least) => format!("at least {least} expected"),
            Count::AtMost(most) => format!("at most {most} expected"),
        }
    }
}
