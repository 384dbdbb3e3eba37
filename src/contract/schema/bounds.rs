//! How much is told of what is wrong with a message.

use crate::contract::json::tape::Item;
use crate::contract::violation::MAX_VIOLATIONS;

/// How much is told of what was found.
pub(in crate::contract) struct Bounds {
    /// So many are listed.
    pub listed: usize,
    /// So many are described, so that equal ones can be left out; those beyond are only counted.
    pub described: usize,
    /// Descriptions beyond this many bytes are only counted.
    pub text: usize,
    /// The validator makes all its errors before it gives the first one. Of a document with more
    /// entries than this only the first is asked for.
    pub entries: usize,
    /// So is it where so many entries could each carry so long a pointer, in bytes.
    pub pointers: usize,
}

impl Bounds {
    /// Names and pointers are the sender's, and a million errors would take a gigabyte.
    pub const MESSAGE: Self = Self {
        listed: MAX_VIOLATIONS,
        described: 2 * MAX_VIOLATIONS,
        text: 256 * 1024,
        entries: 50_000,
        pointers: 8 * 1024 * 1024,
    };

    /// Whether a document is too large for a list of what is wrong with it.
    pub fn are_passed_by(&self, item: Item<'_>) -> bool {
        let size = item.document_size();
        size > self.entries || size.saturating_mul(item.longest_name()) > self.pointers
    }

    /// Nobody sent it: only the reader's patience is bounded.
    pub fn trusted(listed: usize) -> Self {
        Self {
            listed,
            described: listed.saturating_mul(2),
            text: usize::MAX,
            entries: usize::MAX,
            pointers: usize::MAX,
        }
    }
}
