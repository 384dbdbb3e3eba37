//! Rows of one kind, found by id and kept in order of creation.

use std::hint::black_box;
use std::sync::Arc;

use super::clock::Timestamp;
use super::ids::Id;
use super::tree::{Difference, Tree};

/// Where a row stands among its kind: by creation instant, ties by creation order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// The instant that lists are sorted by.
    pub at: Timestamp,
    /// The number of the creation, unique in its world.
    pub sequence: u64,
}

impl Order {
    /// Before everything.
    pub const MIN: Self = Self {
        at: Timestamp::MIN,
        sequence: 0,
    };
    /// After everything: the place of a row that is always listed first.
    pub const MAX: Self = Self {
        at: Timestamp::MAX,
        sequence: u64::MAX,
    };
}

/// A row that a table can hold.
pub trait Row {
    /// What it is addressed by.
    fn id(&self) -> Id;
    /// Where it stands in lists.
    fn order(&self) -> Order;
}

/// Rows by id and in order; a clone is two references.
#[derive(Debug)]
pub struct Table<R> {
    rows: Tree<Order, Arc<R>>,
    orders: Tree<Id, Order>,
}

impl<R> Clone for Table<R> {
    fn clone(&self) -> Self {
        Self {
            rows: self.rows.clone(),
            orders: self.orders.clone(),
        }
    }
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            rows: Tree::new(),
            orders: Tree::new(),
        }
    }
}

impl<R: Row> Table<R> {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row with that id.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&Arc<R>> {
        self.rows.get(self.orders.get(&id)?)
    }

    /// The row at that place.
    #[must_use]
    pub fn at(&self, order: Order) -> Option<&Arc<R>> {
        self.rows.get(&order)
    }

    /// Adds a row, or replaces the one with its id; neither id nor order of a row ever change.
    pub fn put(&mut self, row: Arc<R>) {
        self.orders.insert(row.id(), row.order());
        self.rows.insert(row.order(), row);
    }

    /// Takes a row out.
    pub fn remove(&mut self, id: Id) -> Option<Arc<R>> {
        let order = self.orders.remove(&id)?;
        self.rows.remove(&order)
    }

    /// All rows in order, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<R>> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// The rows from an instant on and before another one, in order.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Arc<R>> {
        let start = self.rows.rank(&Order {
            at: from,
            ..Order::MIN
        });
        let rows = self.rows.iter_from(start);
        rows.take_while(move |(order, _)| order.at < to)
            .map(|(_, row)| row)
    }

    /// The rows behind that place, in order.
    pub fn behind(&self, order: Order) -> impl Iterator<Item = &Arc<R>> {
        let rows = self.rows.iter_from(self.rows.rank(&order));
        rows.skip_while(move |(known, _)| **known == order)
            .map(|(_, row)| row)
    }

    /// Whether both hold the very same rows, as far as that is told without looking at any.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.rows.is_same(&other.rows)
    }

    /// The last row in order.
    #[must_use]
    pub fn last(&self) -> Option<&Arc<R>> {
        self.rows.last().map(|(_, row)| row)
    }

    /// One page, the last in order first.
    #[must_use]
    pub fn page(&self, page: Page) -> Listing<Arc<R>> {
        let total = self.rows.len();
        let rows = page.cut(0, total).map(|(start, count)| {
            let rows = self.rows.iter_from(start).take(count);
            rows.map(|(_, row)| row.clone()).collect()
        });
        Listing::newest_first(rows, total)
    }

    /// How many rows of this table the other lacks; costs what differs.
    #[must_use]
    pub fn missing_in(&self, other: &Self) -> usize {
        self.orders.missing_in(&other.orders)
    }

    /// What a newer table holds differently; costs what differs.
    pub(super) fn differences<'t>(
        &'t self,
        newer: &'t Self,
    ) -> impl Iterator<Item = Difference<'t, Order, Arc<R>>> {
        self.rows.differences(&newer.rows, Arc::ptr_eq)
    }
}

/// Rows of one table by what they belong to, each owner's in their order.
#[derive(Debug, Clone, Default)]
pub struct Index(Tree<(Id, Order), ()>);

impl Index {
    /// Notes that the row at `order` belongs to `owner`.
    pub fn insert(&mut self, owner: Id, order: Order) {
        self.0.insert((owner, order), ());
    }

    /// Forgets it.
    pub fn remove(&mut self, owner: Id, order: Order) {
        self.0.remove(&(owner, order));
    }

    /// How many rows belong to `owner`.
    #[must_use]
    pub fn count(&self, owner: Id) -> usize {
        self.ranks(owner).1
    }

    /// One page of the rows that belong to `owner`, the last in order first.
    #[must_use]
    pub fn page<R: Row>(&self, owner: Id, table: &Table<R>, page: Page) -> Listing<Arc<R>> {
        let (first, total) = self.ranks(owner);
        let rows = page.cut(first, total).map(|(start, count)| {
            let entries = self.0.iter_from(start).take(count);
            let rows = entries.filter_map(|((_, order), ())| table.at(*order));
            let rows: Vec<&Arc<R>> = rows.collect();
            // Counting a reference makes the processor wait for its row before it goes on. Looked
            // at first, rows that lie far apart in memory are waited for together.
            black_box(rows.iter().map(|row| row.order().sequence).max());
            rows.into_iter().cloned().collect()
        });
        Listing::newest_first(rows, total)
    }

    /// All rows that belong to `owner`, in order.
    #[must_use]
    pub fn all<R: Row>(&self, owner: Id, table: &Table<R>) -> Vec<Arc<R>> {
        let (first, total) = self.ranks(owner);
        let entries = self.0.iter_from(first).take(total);
        let rows = entries.filter_map(|((_, order), ())| table.at(*order));
        rows.cloned().collect()
    }

    /// Where the last row that belongs to `owner` stands.
    #[must_use]
    pub fn last(&self, owner: Id) -> Option<Order> {
        let (first, total) = self.ranks(owner);
        let ((_, order), ()) = self.0.nth(first + total.checked_sub(1)?)?;
        Some(*order)
    }

    /// Ranks of an owner's entries: the first, and how many there are.
    fn ranks(&self, owner: Id) -> (usize, usize) {
        let start = self.0.rank(&(owner, Order::MIN));
        // What belongs to something never stands at the maximum: that is the default pod's place.
        let end = self.0.rank(&(owner, Order::MAX));
        (start, end - start)
    }
}

/// A part of a list: `limit` is clamped to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most this many rows.
    pub limit: usize,
    /// That many rows are passed over.
    pub offset: usize,
}

impl Page {
    /// The most rows that a page holds, whatever was asked for.
    pub const MAX_LIMIT: usize = 100;

    /// Values below zero count as zero.
    #[must_use]
    pub fn new(limit: i64, offset: i64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        Self {
            limit: limit.min(Self::MAX_LIMIT),
            offset: usize::try_from(offset).unwrap_or(0),
        }
    }

    /// The ranks of this page among `total` entries that begin at rank `base` and are listed from
    /// the last to the first: where it starts and how many it has.
    #[must_use]
    pub fn cut(self, base: usize, total: usize) -> Option<(usize, usize)> {
        let end = total.checked_sub(self.offset).filter(|end| *end > 0)?;
        let count = self.limit.min(end);
        Some((base + end - count, count))
    }
}

/// One page and how many rows there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The page's rows.
    pub rows: Vec<T>,
    /// All rows that match.
    pub total: usize,
}

impl<T> Listing<T> {
    /// A page whose rows were read in ascending order.
    #[must_use]
    pub fn newest_first(rows: Option<Vec<T>>, total: usize) -> Self {
        let mut rows = rows.unwrap_or_default();
        rows.reverse();
        Self { rows, total }
    }

    /// A page of a list that has one row at most.
    #[must_use]
    pub fn of_one(row: Option<&T>, page: Page) -> Self
    where
        T: Clone,
    {
        let shown = row.filter(|_| page.cut(0, 1).is_some_and(|(_, count)| count > 0));
        Self {
            rows: shown.into_iter().cloned().collect(),
            total: usize::from(row.is_some()),
        }
    }
}
