//! What two trees of one history hold differently. A part that both share is passed over whole, so
//! that telling what a write changed costs what it changed, however much there is.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Child, Node, Tree};

/// What one of two trees has under a key, and the other.
#[derive(Debug, PartialEq, Eq)]
pub enum Difference<'t, K, V> {
    /// The key is in the older tree alone.
    Gone(&'t K, &'t V),
    /// It is in the newer one alone.
    New(&'t K, &'t V),
    /// It is in both, in parts that they do not share: the older value and the newer one, which may
    /// well be equal.
    Both(&'t K, &'t V, &'t V),
}

/// The entries, by ascending key, of those parts of two trees that they do not share.
pub struct Differences<'t, K, V> {
    older: Cursor<'t, K, V>,
    newer: Cursor<'t, K, V>,
}

/// What is still to come of a tree, the next part last.
struct Cursor<'t, K, V> {
    ahead: Vec<Part<'t, K, V>>,
}

/// Parts of a tree that stand side by side; none is empty.
enum Part<'t, K, V> {
    Root(&'t Arc<Node<K, V>>),
    Children(&'t [Child<K, V>]),
    Entries(&'t [(K, V)]),
}

/// The next part.
enum Head<'t, K, V> {
    Node(&'t Arc<Node<K, V>>),
    Entry(&'t K, &'t V),
}

impl<K, V> Tree<K, V> {
    /// What a newer tree holds differently.
    pub fn differences<'t>(&'t self, newer: &'t Self) -> Differences<'t, K, V> {
        let is_same = Arc::ptr_eq(&self.root, &newer.root);
        let cursor = |tree: &'t Self| Cursor {
            ahead: match is_same || tree.len == 0 {
                true => Vec::new(),
                false => vec![Part::Root(&tree.root)],
            },
        };
        Differences {
            older: cursor(self),
            newer: cursor(newer),
        }
    }
}

impl<'t, K: Ord, V> Iterator for Differences<'t, K, V> {
    type Item = Difference<'t, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (older, newer) = (self.older.head(), self.newer.head());
            let difference = match (older, newer) {
                (None, None) => return None,
                (Some(Head::Node(one)), Some(Head::Node(other))) => {
                    self.meet(one, other);
                    continue;
                }
                (Some(Head::Node(_)), Some(Head::Entry(..)) | None) => {
                    self.older.open();
                    continue;
                }
                (Some(Head::Entry(..)) | None, Some(Head::Node(_))) => {
                    self.newer.open();
                    continue;
                }
                (Some(Head::Entry(key, value)), None) => Difference::Gone(key, value),
                (None, Some(Head::Entry(key, value))) => Difference::New(key, value),
                (Some(Head::Entry(key, value)), Some(Head::Entry(other, new))) => {
                    match key.cmp(other) {
                        Ordering::Less => Difference::Gone(key, value),
                        Ordering::Equal => Difference::Both(key, value, new),
                        Ordering::Greater => Difference::New(other, new),
                    }
                }
            };
            match difference {
                Difference::Gone(..) => self.older.step(),
                Difference::New(..) => self.newer.step(),
                Difference::Both(..) => {
                    self.older.step();
                    self.newer.step();
                }
            }
            return Some(difference);
        }
    }
}

impl<K, V> Differences<'_, K, V> {
    /// Passes over a node that both trees share, or goes into the higher of the two: a node that
    /// both share stands as far above the leaves in the one as in the other.
    fn meet(&mut self, older: &Arc<Node<K, V>>, newer: &Arc<Node<K, V>>) {
        if Arc::ptr_eq(older, newer) {
            self.older.step();
            self.newer.step();
            return;
        }
        let (old_height, new_height) = (older.height(), newer.height());
        if old_height >= new_height {
            self.older.open();
        }
        if new_height >= old_height {
            self.newer.open();
        }
    }
}

impl<'t, K, V> Cursor<'t, K, V> {
    fn head(&self) -> Option<Head<'t, K, V>> {
        Some(match self.ahead.last()? {
            Part::Root(root) => Head::Node(root),
            Part::Children(children) => Head::Node(&children[0].node),
            Part::Entries(entries) => Head::Entry(&entries[0].0, &entries[0].1),
        })
    }

    /// Passes over what stands at the head.
    fn step(&mut self) {
        let rest = match self.ahead.pop() {
            Some(Part::Children([_, rest @ ..])) if !rest.is_empty() => Part::Children(rest),
            Some(Part::Entries([_, rest @ ..])) if !rest.is_empty() => Part::Entries(rest),
            Some(Part::Root(_) | Part::Children(_) | Part::Entries(_)) | None => return,
        };
        self.ahead.push(rest);
    }

    /// Goes into the node at the head.
    fn open(&mut self) {
        let Some(Head::Node(node)) = self.head() else {
            return;
        };
        self.step();
        self.ahead.push(match &**node {
            Node::Leaf(entries) => Part::Entries(entries),
            Node::Branch(children) => Part::Children(children),
        });
    }
}
