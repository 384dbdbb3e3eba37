//! What two trees of one history hold differently. A part that both share is passed over whole, so
//! that telling what a write changed costs what it changed, however much there is.

use std::cmp::Ordering;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{Child, Node, Tree};

/// What one of two trees has under a key, and the other.
#[derive(Debug, PartialEq, Eq)]
pub enum Difference<'t, K, V> {
    /// The key is in the older tree alone.
    Gone(&'t K, &'t V),
    /// It is in the newer one alone.
    New(&'t K, &'t V),
    /// It is in both, with an older value and a newer one.
    Both(&'t K, &'t V, &'t V),
}

/// What two trees hold differently, by ascending key.
pub struct Differences<'t, K, V, S> {
    older: Cursor<'t, K, V>,
    newer: Cursor<'t, K, V>,
    is_same: S,
}

/// What is still to come of a tree, the next part last: at most one for each level. The usual levels
/// have their room here, since most comparisons are short.
struct Cursor<'t, K, V> {
    ahead: SmallVec<[Part<'t, K, V>; 6]>,
}

/// Parts of a tree that stand side by side; none is empty. With nodes stands their height.
enum Part<'t, K, V> {
    Root(&'t Arc<Node<K, V>>, usize),
    Children(&'t [Child<K, V>], usize),
    Entries(&'t [(K, V)]),
}

impl<K, V> Clone for Part<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Part<'_, K, V> {}

impl<K, V> Tree<K, V> {
    /// Whether both are one clone, unwritten since. O(1).
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }

    /// What a newer tree holds differently; `is_same` says whether two values under one key are.
    pub fn differences<'t, S: Fn(&V, &V) -> bool>(
        &'t self,
        newer: &'t Self,
        is_same: S,
    ) -> Differences<'t, K, V, S> {
        let is_shared = Arc::ptr_eq(&self.root, &newer.root);
        let cursor = |tree: &'t Self| Cursor {
            ahead: match is_shared || tree.len == 0 {
                true => SmallVec::new(),
                false => SmallVec::from_iter([Part::Root(&tree.root, tree.root.height())]),
            },
        };
        Differences {
            older: cursor(self),
            newer: cursor(newer),
            is_same,
        }
    }
}

impl<'t, K: Ord, V, S: Fn(&V, &V) -> bool> Iterator for Differences<'t, K, V, S> {
    type Item = Difference<'t, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (older, newer) = (self.older.ahead.last(), self.newer.ahead.last());
            match (older.copied(), newer.copied()) {
                (None, None) => return None,
                (Some(Part::Entries(older)), Some(Part::Entries(newer))) => {
                    let shared = self.shared_entries(older, newer);
                    if shared > 0 {
                        self.pass(shared);
                        continue;
                    }
                    let ((key, old), (other, new)) = (&older[0], &newer[0]);
                    match key.cmp(other) {
                        Ordering::Less => {
                            self.older.pass(1);
                            return Some(Difference::Gone(key, old));
                        }
                        Ordering::Greater => {
                            self.newer.pass(1);
                            return Some(Difference::New(other, new));
                        }
                        Ordering::Equal => {
                            self.pass(1);
                            return Some(Difference::Both(key, old, new));
                        }
                    }
                }
                (Some(Part::Entries(older)), None) => {
                    self.older.pass(1);
                    return Some(Difference::Gone(&older[0].0, &older[0].1));
                }
                (None, Some(Part::Entries(newer))) => {
                    self.newer.pass(1);
                    return Some(Difference::New(&newer[0].0, &newer[0].1));
                }
                (Some(Part::Entries(_)) | None, Some(newer)) => self.newer.open(newer),
                (Some(older), Some(Part::Entries(_)) | None) => self.older.open(older),
                (Some(older), Some(newer)) => self.meet(older, newer),
            }
        }
    }
}

impl<'t, K: Ord, V, S: Fn(&V, &V) -> bool> Differences<'t, K, V, S> {
    /// How many entries of two leaves are the same, from their beginnings on.
    fn shared_entries(&self, older: &[(K, V)], newer: &[(K, V)]) -> usize {
        let pairs = older.iter().zip(newer);
        let is_shared = |((key, old), (other, new)): &(&(K, V), &(K, V))| {
            (self.is_same)(old, new) && key == other
        };
        pairs.take_while(is_shared).count()
    }

    fn pass(&mut self, count: usize) {
        self.older.pass(count);
        self.newer.pass(count);
    }

    /// Passes over nodes that both trees share, or goes into the higher of the two: a node that
    /// both share stands as far above the leaves in the one as in the other.
    fn meet(&mut self, older: Part<'t, K, V>, newer: Part<'t, K, V>) {
        let shared = older.shared_nodes(newer);
        if shared > 0 {
            return self.pass(shared);
        }
        let (old_height, new_height) = (older.height(), newer.height());
        if old_height >= new_height {
            self.older.open(older);
        }
        if new_height >= old_height {
            self.newer.open(newer);
        }
    }
}

impl<'t, K, V> Part<'t, K, V> {
    /// The first of the nodes that stand here; entries are none.
    fn first(self) -> Option<&'t Arc<Node<K, V>>> {
        match self {
            Part::Root(root, _) => Some(root),
            Part::Children(children, _) => children.first().map(|child| &child.node),
            Part::Entries(_) => None,
        }
    }

    /// How many nodes stand here and there, from the first ones on.
    fn shared_nodes(self, other: Self) -> usize {
        let (Part::Children(ones, _), Part::Children(others, _)) = (self, other) else {
            let firsts = self.first().zip(other.first());
            return usize::from(firsts.is_some_and(|(one, other)| Arc::ptr_eq(one, other)));
        };
        let pairs = ones.iter().zip(others);
        let shared = pairs.take_while(|(one, other)| Arc::ptr_eq(&one.node, &other.node));
        shared.count()
    }

    /// How many branches stand between here and the leaves, the nodes here included.
    fn height(self) -> usize {
        match self {
            Part::Root(_, height) | Part::Children(_, height) => height,
            Part::Entries(_) => 0,
        }
    }
}

impl<'t, K, V> Cursor<'t, K, V> {
    /// Passes over so many of what stands at the head.
    fn pass(&mut self, count: usize) {
        let is_done = match self.ahead.last_mut() {
            Some(Part::Children(children, _)) => {
                *children = &children[count..];
                children.is_empty()
            }
            Some(Part::Entries(entries)) => {
                *entries = &entries[count..];
                entries.is_empty()
            }
            Some(Part::Root(..)) | None => true,
        };
        if is_done {
            self.ahead.pop();
        }
    }

    /// Goes into the first node of what stands at the head.
    fn open(&mut self, head: Part<'t, K, V>) {
        let Some(node) = head.first() else {
            return;
        };
        self.pass(1);
        self.ahead.push(match &**node {
            Node::Leaf(entries) => Part::Entries(entries),
            Node::Branch(children) => Part::Children(children, head.height().saturating_sub(1)),
        });
    }
}
