//! Walking a tree by rank, from either end.

use std::{ops::Range, slice};

use super::{Node, Tree};

/// The entries of a [`Tree`] by ascending key, from either end.
///
/// A step is O(1) within a leaf and O(log n) into the next one, some dozen entries on.
/// Skipping any number of entries (`nth`, `nth_back`) is O(log n).
pub struct Iter<'a, K, V> {
    root: &'a Node<K, V>,
    /// The ranks still to come.
    ranks: Range<usize>,
    /// The rest of the leaf at the front, from the first rank on; empty until it is located.
    head: slice::Iter<'a, (K, V)>,
    /// The same at the back.
    tail: slice::Iter<'a, (K, V)>,
}

impl<'a, K, V> Iter<'a, K, V> {
    pub(super) fn new(root: &'a Node<K, V>, ranks: Range<usize>) -> Self {
        Self {
            root,
            ranks,
            head: [].iter(),
            tail: [].iter(),
        }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.nth(0)
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        let rank = self.ranks.nth(n)?;
        let entry = self.head.nth(n).or_else(|| {
            let (leaf, at) = self.root.locate(rank);
            self.head = leaf[at..].iter();
            self.head.next()
        });
        entry.map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ranks.size_hint()
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.nth_back(0)
    }

    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        let rank = self.ranks.nth_back(n)?;
        let entry = self.tail.nth_back(n).or_else(|| {
            let (leaf, at) = self.root.locate(rank);
            self.tail = leaf[..=at].iter();
            self.tail.next_back()
        });
        entry.map(|(key, value)| (key, value))
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for Tree<K, V> {
    /// Inserts one after the other, so the last of several entries under one key stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut tree = Self::new();
        for (key, value) in entries {
            tree.insert(key, value);
        }
        tree
    }
}
