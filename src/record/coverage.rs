//! What a run covered: a bit for each thing that there is to be seen, and how often each operation
//! was called. What the bits stand for is known to whoever numbered them.
//!
//! Bits are only ever set, so nobody waits for anybody: whoever looks sees what was set before.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much there is to be seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Words of bits.
    pub words: usize,
    /// Operations.
    pub operations: usize,
}

/// What was seen under one name. It takes no room before something is.
#[derive(Debug, Default)]
pub struct Sheet {
    page: OnceLock<Page>,
}

#[derive(Debug)]
struct Page {
    bits: Box<[AtomicU64]>,
    calls: Box<[AtomicU64]>,
}

impl Sheet {
    /// The bits of these words that are not set; words that nothing is known of have none set.
    #[must_use]
    pub fn unseen(&self, words: Range<usize>) -> Vec<u64> {
        match self.page.get() {
            Some(page) => {
                let words = &page.bits[words];
                words.iter().map(|word| !load(word)).collect()
            }
            None => vec![u64::MAX; words.len()],
        }
    }

    /// Whether all the bits of these words are set that `full` has.
    #[must_use]
    pub fn is_seen(&self, first: usize, full: &[u64]) -> bool {
        let Some(page) = self.page.get() else {
            return full.iter().all(|word| *word == 0);
        };
        let words = page.bits[first..].iter().zip(full);
        words
            .into_iter()
            .all(|(word, full)| full & !load(word) == 0)
    }

    /// Sets the bits that these words have, from that word on.
    pub fn set(&self, extent: Extent, first: usize, words: &[u64]) {
        let page = self.page(extent);
        for (word, more) in page.bits[first..].iter().zip(words) {
            // Most of the time it is all there: a look costs less than a write.
            if more & !load(word) != 0 {
                word.fetch_or(*more, Ordering::Relaxed);
            }
        }
    }

    /// Counts a call of an operation.
    pub fn count(&self, extent: Extent, operation: usize) {
        self.page(extent).calls[operation].fetch_add(1, Ordering::Relaxed);
    }

    fn page(&self, extent: Extent) -> &Page {
        let zeros = |count| (0..count).map(|_| AtomicU64::new(0)).collect();
        self.page.get_or_init(|| Page {
            bits: zeros(extent.words),
            calls: zeros(extent.operations),
        })
    }
}

fn load(word: &AtomicU64) -> u64 {
    word.load(Ordering::Relaxed)
}

/// What was seen under any number of names, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    bits: Vec<u64>,
    calls: Vec<u64>,
}

impl Seen {
    /// Adds what a sheet has now.
    pub fn add(&mut self, sheet: &Sheet) {
        let Some(page) = sheet.page.get() else {
            return;
        };
        self.bits.resize(page.bits.len(), 0);
        self.calls.resize(page.calls.len(), 0);
        for (sum, word) in self.bits.iter_mut().zip(&page.bits) {
            *sum |= load(word);
        }
        for (sum, calls) in self.calls.iter_mut().zip(&page.calls) {
            *sum += load(calls);
        }
    }

    /// Whether a bit is set.
    #[must_use]
    pub fn has(&self, bit: usize) -> bool {
        let word = self.bits.get(bit / 64);
        word.is_some_and(|word| word & (1 << (bit % 64)) != 0)
    }

    /// How often an operation was called.
    #[must_use]
    pub fn calls(&self, operation: usize) -> u64 {
        self.calls.get(operation).copied().unwrap_or(0)
    }
}
