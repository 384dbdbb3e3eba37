//! A counted, persistent B-tree map: an ordered map whose clone is a snapshot.
//!
//! Nodes are shared between clones, and a write copies those on its path. Branches know how
//! many entries each subtree holds, so an offset is found as fast as a key.
//!
//! It refuses to know what keys and values mean, who keeps a snapshot and for how long, and
//! how writers take turns: a lock, where one is needed, is the caller's.

mod diff;
mod iter;

use std::sync::Arc;
use std::{borrow::Borrow, fmt, mem};

pub use diff::Difference;
pub use iter::Iter;

/// Most entries of a leaf and most children of a branch. Larger nodes read faster but make a
/// write after a clone dearer, because whole nodes are copied.
const CAPACITY: usize = 32;

/// Fewest of the same, except in the root.
const MINIMUM: usize = CAPACITY / 2;

/// Slots by which a full leaf grows. Doubling would leave up to half of it unused.
const SPARE: usize = 4;

/// An ordered map that clones in O(1). A clone shares everything with its original until one
/// of them is written to, and neither ever sees the other's writes.
pub struct Tree<K, V> {
    root: Arc<Node<K, V>>,
    len: usize,
}

/// All leaves stand at one height, and only the leaf of an empty tree is empty.
enum Node<K, V> {
    Leaf(Vec<(K, V)>),
    Branch(Vec<Child<K, V>>),
}

/// A subtree as its parent sees it.
#[derive(Clone)]
struct Child<K, V> {
    /// The separator: at most every key in this subtree, and above every key to its left.
    low: K,
    count: usize,
    node: Arc<Node<K, V>>,
}

impl<K, V> Tree<K, V> {
    /// An empty tree. O(1).
    pub fn new() -> Self {
        let root = Arc::new(Node::Leaf(Vec::new()));
        Self { root, len: 0 }
    }

    /// The number of entries. O(1).
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries. O(1).
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entry with exactly `rank` entries before it, if there is one. O(log n).
    pub fn nth(&self, rank: usize) -> Option<(&K, &V)> {
        self.iter().nth(rank)
    }

    /// The entry with the least key. O(log n).
    pub fn first(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    /// The entry with the greatest key. O(log n).
    pub fn last(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    /// All entries by ascending key. [`Iter`] states the cost.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.iter_from(0)
    }

    /// The entries with at least `rank` entries before them, by ascending key; none when
    /// `rank` is past the end. [`Iter`] states the cost.
    pub fn iter_from(&self, rank: usize) -> Iter<'_, K, V> {
        Iter::new(&self.root, rank..self.len)
    }
}

impl<K: Ord + Clone, V: Clone> Tree<K, V> {
    /// Builds a tree of nearly full nodes from entries in ascending order. O(n).
    ///
    /// # Panics
    ///
    /// In debug builds, when the keys do not strictly ascend; lookups in such a tree fail.
    pub fn from_sorted(entries: Vec<(K, V)>) -> Self {
        let ascends = |left: &(K, V), right: &(K, V)| left.0 < right.0;
        debug_assert!(entries.is_sorted_by(ascends), "keys must strictly ascend");
        let len = entries.len();
        let mut root = Node::Leaf(entries);
        root.raise();
        let root = Arc::new(root);
        Self { root, len }
    }

    /// The value under `key`. O(log n).
    pub fn get<Q: ?Sized + Ord>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (_, entry) = self.root.search(key);
        entry.map(|(_, value)| value)
    }

    /// Whether there is an entry under `key`. O(log n).
    pub fn contains_key<Q: ?Sized + Ord>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// The number of keys less than `key`, which itself need not be present. O(log n).
    pub fn rank<Q: ?Sized + Ord>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        self.root.search(key).0
    }

    /// Puts `value` under `key` and returns the value it replaces; a key that is present is
    /// kept. O(log n), plus a copy of each shared node that is written to.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let root = Arc::make_mut(&mut self.root);
        let replaced = root.insert(key, value);
        root.raise();
        self.len += usize::from(replaced.is_none());
        replaced
    }

    /// Takes out the entry under `key` and returns its value. O(log n), plus a copy of each
    /// shared node that is written to; an absent key copies nothing.
    pub fn remove<Q: ?Sized + Ord>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        // The way down to a rank copies what is shared, so it waits for an entry to be there.
        let (rank, held) = self.root.search(key);
        held?;
        let value = Arc::make_mut(&mut self.root).remove(rank);
        self.len -= 1;
        // Height is lost only here: a root with one child leads nowhere else.
        if let [only] = self.root.children() {
            self.root = Arc::clone(&only.node);
        }
        Some(value)
    }

    /// How many keys of this tree are absent in `other`. The cost grows with what differs:
    /// a subtree that both share is skipped whole.
    pub fn missing_in(&self, other: &Self) -> usize {
        other.root.lacks(&self.root)
    }
}

/// A copy is made to be written to: one of a leaf has room, so that it is not copied twice.
impl<K: Clone, V: Clone> Clone for Node<K, V> {
    fn clone(&self) -> Self {
        match self {
            Node::Leaf(entries) => {
                let mut copy = Vec::with_capacity(entries.len() + SPARE);
                copy.extend_from_slice(entries);
                Node::Leaf(copy)
            }
            Node::Branch(children) => Node::Branch(children.clone()),
        }
    }
}

impl<K, V> Node<K, V> {
    /// The entries of a leaf; a branch has none of its own.
    fn entries(&self) -> &[(K, V)] {
        match self {
            Node::Leaf(entries) => entries,
            Node::Branch(_) => &[],
        }
    }

    /// The subtrees of a branch; a leaf has none.
    fn children(&self) -> &[Child<K, V>] {
        match self {
            Node::Leaf(_) => &[],
            Node::Branch(children) => children,
        }
    }

    /// How many entries or children the node itself holds.
    fn width(&self) -> usize {
        self.entries().len() + self.children().len()
    }

    /// Branches from here down to a leaf.
    fn height(&self) -> usize {
        let first = self.children().first();
        first.map_or(0, |child| 1 + child.node.height())
    }

    /// The leaf that holds the entry at `rank`, and its place there.
    fn locate(&self, rank: usize) -> (&[(K, V)], usize) {
        match self {
            Node::Leaf(entries) => (entries, rank),
            Node::Branch(children) => {
                let (at, rank) = holder(children, rank);
                children[at].node.locate(rank)
            }
        }
    }
}

impl<K: Ord + Clone, V: Clone> Node<K, V> {
    /// The number of keys less than `key`, and the entry under it.
    fn search<Q: ?Sized + Ord>(&self, key: &Q) -> (usize, Option<&(K, V)>)
    where
        K: Borrow<Q>,
    {
        let (mut node, mut before) = (self, 0);
        while let Node::Branch(children) = node {
            let at = slot(children, key);
            before += total(&children[..at]);
            node = &children[at].node;
        }
        let entries = node.entries();
        match entries.binary_search_by(|(held, _)| held.borrow().cmp(key)) {
            Ok(at) => (before + at, Some(&entries[at])),
            Err(at) => (before + at, None),
        }
    }

    fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self {
            Node::Leaf(entries) => match entries.binary_search_by(|(held, _)| held.cmp(&key)) {
                Ok(at) => Some(mem::replace(&mut entries[at].1, value)),
                Err(at) => {
                    if entries.len() == entries.capacity() {
                        entries.reserve_exact(SPARE);
                    }
                    entries.insert(at, (key, value));
                    None
                }
            },
            Node::Branch(children) => {
                let at = slot(children, &key);
                let child = &mut children[at];
                // Keys below all others go down the first child. Its separator must follow,
                // because it is asked once the child has come to stand behind another.
                if at == 0 && key < child.low {
                    child.low = key.clone();
                }
                let replaced = Arc::make_mut(&mut child.node).insert(key, value);
                child.count += usize::from(replaced.is_none());
                settle(children, at);
                replaced
            }
        }
    }

    fn remove(&mut self, rank: usize) -> V {
        match self {
            Node::Leaf(entries) => entries.remove(rank).1,
            Node::Branch(children) => {
                let (at, rank) = holder(children, rank);
                let child = &mut children[at];
                let value = Arc::make_mut(&mut child.node).remove(rank);
                child.count -= 1;
                settle(children, at);
                value
            }
        }
    }

    /// Puts branches over an overfull root. Height is gained only here, so leaves stay level.
    fn raise(&mut self) {
        while self.width() > CAPACITY {
            let overfull = mem::replace(self, Node::Leaf(Vec::new()));
            *self = Node::Branch(overfull.cut());
        }
    }

    /// As few nodes as can hold what this one holds, evenly filled.
    fn cut(self) -> Vec<Child<K, V>> {
        match self {
            Node::Leaf(entries) => cut(entries, Node::Leaf),
            Node::Branch(children) => cut(children, Node::Branch),
        }
    }

    /// How many keys under `theirs`, a node of another tree, are absent under this root.
    fn lacks(self: &Arc<Self>, theirs: &Arc<Self>) -> usize {
        let Some((least, _)) = theirs.locate(0).0.first() else {
            return 0;
        };
        // A node that both trees share can only stand where its least key leads, and as far
        // above the leaves in the one as in the other.
        let (mut ours, height) = (self, theirs.height());
        while ours.height() > height {
            let at = slot(ours.children(), least);
            ours = &ours.children()[at].node;
        }
        if Arc::ptr_eq(ours, theirs) {
            return 0;
        }
        let entries = theirs.entries().iter();
        let absent = entries.filter(|(key, _)| self.search(key).1.is_none());
        // After a write all children but one are here too, and to follow each one's least key
        // would lead through as many leaves that nobody has looked at for long.
        let here = ours.children();
        let is_here = |node| here.iter().any(|child| Arc::ptr_eq(&child.node, node));
        let children = theirs.children().iter().map(|child| &child.node);
        let elsewhere = children.filter(|node| !is_here(node));
        let deeper: usize = elsewhere.map(|node| self.lacks(node)).sum();
        absent.count() + deeper
    }
}

/// The child under which `key` belongs. The first separator is not asked, because a key
/// below all others belongs under the first child too.
fn slot<Q: ?Sized + Ord, K: Borrow<Q>, V>(children: &[Child<K, V>], key: &Q) -> usize {
    children[1..].partition_point(|child| child.low.borrow() <= key)
}

/// The child that holds the entry at `rank`, and the rank of the entry there.
fn holder<K, V>(children: &[Child<K, V>], mut rank: usize) -> (usize, usize) {
    let mut at = 0;
    while rank >= children[at].count {
        rank -= children[at].count;
        at += 1;
    }
    (at, rank)
}

/// The number of entries under all of `children`.
fn total<K, V>(children: &[Child<K, V>]) -> usize {
    children.iter().map(|child| child.count).sum()
}

/// Brings the child at `at` back within bounds after a write: an overfull one is cut in two,
/// and a sparse one is joined with a neighbour, which may need the cut in turn.
fn settle<K: Ord + Clone, V: Clone>(children: &mut Vec<Child<K, V>>, at: usize) {
    let (at, joins) = match children[at].node.width() {
        ..MINIMUM => (at.saturating_sub(1), true),
        MINIMUM..=CAPACITY => return,
        _ => (at, false),
    };
    let mut take = || Arc::unwrap_or_clone(children.remove(at).node);
    let mut node = take();
    if joins {
        match (&mut node, take()) {
            (Node::Leaf(left), Node::Leaf(right)) => left.extend(right),
            (Node::Branch(left), Node::Branch(right)) => left.extend(right),
            _ => unreachable!("neighbours stand at one height"),
        }
    }
    children.splice(at..at, node.cut());
}

/// Cuts `items` into the fewest nodes of even size.
fn cut<T, K: Clone, V>(items: Vec<T>, node_of: fn(Vec<T>) -> Node<K, V>) -> Vec<Child<K, V>> {
    let (len, nodes) = (items.len(), items.len().div_ceil(CAPACITY));
    let mut items = items.into_iter();
    let child = |at: usize| {
        let size = len / nodes + usize::from(at < len % nodes);
        let node = node_of(items.by_ref().take(size).collect());
        // The bound of a branch must not be tighter than that of its first child, or a key
        // between the two would go left of both and be missed when the branch is joined.
        let (low, count) = match &node {
            Node::Leaf(entries) => (entries[0].0.clone(), entries.len()),
            Node::Branch(children) => (children[0].low.clone(), total(children)),
        };
        let node = Arc::new(node);
        Child { low, count, node }
    };
    (0..nodes).map(child).collect()
}

impl<K, V> Clone for Tree<K, V> {
    fn clone(&self) -> Self {
        let root = Arc::clone(&self.root);
        Self { root, ..*self }
    }
}

impl<K, V> Default for Tree<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// Two clones not written to since are equal in O(1). This is why [`Eq`] is asked for.
impl<K: Eq, V: Eq> PartialEq for Tree<K, V> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
            || self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq> Eq for Tree<K, V> {}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Tree<K, V> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self.iter()).finish()
    }
}
