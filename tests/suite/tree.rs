//! The tree against `BTreeMap`, and what it promises beyond one: snapshots that never change,
//! and costs that follow what differs.
//!
//! It refuses to know how the tree is built. Promises about cost are tested through a key that
//! counts how often it is compared and cloned.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::thread::LocalKey;

use openmail_mock::domain::tree::Tree;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// Keys are few enough to be hit again, and enough for a tree of three levels.
const KEYS: u16 = 6_000;

/// One step in the life of a tree.
#[derive(Debug, Clone)]
enum Step {
    Insert(u16, u32),
    Remove(u16),
    Churn(Churn),
    Snapshot,
    /// Goes back to the last snapshot and writes on from there.
    Restore,
    Look(u16),
    /// Reads on from a rank. Each turn says from which end, and how many entries to skip.
    Walk(usize, Vec<(bool, usize)>),
}

/// Many writes at random, of which so many in ten are insertions.
#[derive(Debug, Clone)]
struct Churn {
    seed: u64,
    writes: u32,
    inserts: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let churn = (any::<u64>(), 0..3_000_u32, 0..=10_u64);
    let churn = churn.prop_map(|(seed, writes, inserts)| Churn {
        seed,
        writes,
        inserts,
    });
    let turns = vec((any::<bool>(), 0..90_usize), 0..12);
    prop_oneof![
        4 => (0..KEYS, any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
        4 => (0..KEYS).prop_map(Step::Remove),
        4 => churn.prop_map(Step::Churn),
        2 => Just(Step::Snapshot),
        1 => Just(Step::Restore),
        4 => (0..KEYS).prop_map(Step::Look),
        2 => (0..usize::from(KEYS), turns).prop_map(|(rank, turns)| Step::Walk(rank, turns)),
    ]
}

/// A tree and its model, written to alike.
#[derive(Clone, Default)]
struct Pair {
    tree: Tree<u16, u32>,
    model: BTreeMap<u16, u32>,
}

impl Pair {
    fn insert(&mut self, key: u16, value: u32) {
        let replaced = self.tree.insert(key, value);
        assert_eq!(replaced, self.model.insert(key, value), "insert {key}");
    }

    fn remove(&mut self, key: u16) {
        let removed = self.tree.remove(&key);
        assert_eq!(removed, self.model.remove(&key), "remove {key}");
    }

    fn churn(&mut self, churn: &Churn) {
        let mut state = churn.seed;
        for turn in 0..churn.writes {
            // Knuth's generator, whose upper bits are the random ones.
            state = state.wrapping_mul(6_364_136_223_846_793_005);
            state = state.wrapping_add(1_442_695_040_888_963_407);
            let key = (state >> 48) as u16 % KEYS;
            if (state >> 32) % 10 < churn.inserts {
                self.insert(key, turn);
            } else {
                // The next key that is there, or most removals would find none.
                let present = self.model.range(key..).next();
                self.remove(present.map_or(key, |(present, _)| *present));
            }
        }
    }

    fn look(&self, key: u16) {
        let rank = self.model.range(..key).count();
        assert_eq!(self.tree.rank(&key), rank, "rank of {key}");
        assert_eq!(self.tree.get(&key), self.model.get(&key), "get {key}");
        let present = self.model.contains_key(&key);
        assert_eq!(self.tree.contains_key(&key), present, "contains {key}");
        let next = self.model.range(key..).next();
        assert_eq!(self.tree.nth(rank), next, "nth {rank}");
    }

    fn walk(&self, rank: usize, turns: &[(bool, usize)]) {
        let expected: Vec<_> = self.model.iter().skip(rank).collect();
        let mut expected = expected.into_iter();
        let mut walked = self.tree.iter_from(rank);
        for &(back, skipped) in turns {
            assert_eq!(walked.len(), expected.len(), "entries to come");
            if back {
                assert_eq!(walked.nth_back(skipped), expected.nth_back(skipped));
            } else {
                assert_eq!(walked.nth(skipped), expected.nth(skipped));
            }
        }
        assert!(walked.eq(expected), "the rest of a walk from rank {rank}");
    }

    fn missing_in(&self, other: &Self) -> usize {
        let keys = self.model.keys();
        keys.filter(|key| !other.model.contains_key(key)).count()
    }

    fn compare(&self) {
        assert_eq!(self.tree.len(), self.model.len());
        assert_eq!(self.tree.is_empty(), self.model.is_empty());
        assert_eq!(self.tree.first(), self.model.first_key_value());
        assert_eq!(self.tree.last(), self.model.last_key_value());
        assert!(self.tree.iter().eq(&self.model), "ascending");
        let descending = self.model.iter().rev();
        assert!(self.tree.iter().rev().eq(descending), "descending");
        for (rank, key) in self.model.keys().enumerate() {
            assert_eq!(self.tree.rank(key), rank, "rank of {key}");
        }
    }
}

/// Lives through `steps`, and returns what was kept on the way and the last state.
fn live(steps: Vec<Step>) -> Vec<Pair> {
    let mut now = Pair::default();
    let mut kept = Vec::new();
    for step in steps {
        match step {
            Step::Insert(key, value) => now.insert(key, value),
            Step::Remove(key) => now.remove(key),
            Step::Churn(churn) => now.churn(&churn),
            Step::Snapshot => kept.push(now.clone()),
            Step::Restore => now = kept.last().cloned().unwrap_or_default(),
            Step::Look(key) => now.look(key),
            Step::Walk(rank, turns) => now.walk(rank, &turns),
        }
    }
    kept.push(now);
    kept
}

/// Failures are reported with the input that causes them, so no file needs to keep them.
fn cases(cases: u32) -> ProptestConfig {
    let failure_persistence = None;
    ProptestConfig {
        cases,
        failure_persistence,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(20))]

    #[test]
    fn every_operation_agrees_with_the_model_and_no_write_reaches_a_snapshot(
        steps in vec(step(), 1..80),
    ) {
        live(steps).iter().for_each(Pair::compare);
    }

    #[test]
    fn missing_in_counts_as_the_model_does_over_diverged_clones(steps in vec(step(), 1..40)) {
        for [older, newer] in live(steps).array_windows() {
            prop_assert_eq!(older.tree.missing_in(&newer.tree), older.missing_in(newer));
            prop_assert_eq!(newer.tree.missing_in(&older.tree), newer.missing_in(older));
        }
    }

    #[test]
    fn from_sorted_equals_inserting(model in btree_map(any::<u16>(), any::<u32>(), 0..2_500)) {
        let loaded = Tree::from_sorted(model.clone().into_iter().collect());
        let inserted: Tree<_, _> = model.into_iter().collect();
        prop_assert_eq!(loaded, inserted);
    }

    #[test]
    fn a_loaded_tree_takes_writes_like_any_other(
        model in btree_map(0..KEYS, any::<u32>(), 0..2_500),
        seed in any::<u64>(),
    ) {
        let tree = Tree::from_sorted(model.clone().into_iter().collect());
        let mut loaded = Pair { tree, model };
        loaded.churn(&Churn { seed, writes: 2_000, inserts: 4 });
        loaded.compare();
    }
}

/// A separator is only a bound, and the keys around it come and go. These seeds have lost a
/// key when the bounds of a branch were made tighter than those of its first child.
#[test]
fn no_key_is_lost_between_branches_that_are_cut_and_joined() {
    for seed in [800, 1_200, 1_700, 2_000] {
        let mut pair = Pair::default();
        for (wave, inserts) in [7, 4, 7, 4, 7, 4].into_iter().enumerate() {
            let seed = seed + wave as u64;
            pair.churn(&Churn {
                seed,
                writes: 6_000,
                inserts,
            });
        }
        pair.compare();
    }
}

#[test]
fn the_last_of_equal_keys_wins_when_collected() {
    let tree: Tree<_, _> = [(2, 'a'), (1, 'b'), (2, 'c')].into_iter().collect();
    assert_eq!(tree, Tree::from_sorted(vec![(1, 'b'), (2, 'c')]));
}

#[test]
fn trees_with_equal_keys_and_other_values_differ() {
    let tree = Tree::from_sorted(vec![(1, 'a'), (2, 'b')]);
    assert_ne!(tree, Tree::from_sorted(vec![(1, 'a'), (2, 'c')]));
}

#[test]
fn a_tree_is_shown_as_a_map() {
    let tree = Tree::from_sorted(vec![(1, 'a'), (2, 'b')]);
    assert_eq!(format!("{tree:?}"), "{1: 'a', 2: 'b'}");
}

#[test]
fn keys_are_found_by_their_borrowed_form() {
    let tree = Tree::from_sorted(vec![("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!(tree.get("b"), Some(&2));
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "keys must strictly ascend")]
fn from_sorted_refuses_a_repeated_key() {
    Tree::from_sorted(vec![(1, 'a'), (1, 'b')]);
}

type Counter = LocalKey<Cell<usize>>;

thread_local! {
    static COMPARISONS: Cell<usize> = const { Cell::new(0) };
    static CLONES: Cell<usize> = const { Cell::new(0) };
}

fn count(counter: &'static Counter) {
    counter.set(counter.get() + 1);
}

/// How many more of `counter` an action causes. Each test counts on its own thread.
fn cost<R>(counter: &'static Counter, action: impl FnOnce() -> R) -> (usize, R) {
    let before = counter.get();
    let result = action();
    (counter.get() - before, result)
}

/// A key that counts what is done to it.
#[derive(PartialEq, Eq)]
struct Counted(u32);

impl Clone for Counted {
    fn clone(&self) -> Self {
        count(&CLONES);
        Self(self.0)
    }
}

impl Ord for Counted {
    fn cmp(&self, other: &Self) -> Ordering {
        count(&COMPARISONS);
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// 100,000 even keys: a cost that follows the size stands out from one that follows a path.
fn large() -> Tree<Counted, ()> {
    let entries = (0..100_000).map(|half| (Counted(2 * half), ()));
    Tree::from_sorted(entries.collect())
}

#[test]
fn a_write_after_a_clone_copies_one_path() {
    // Grown by insertion, which must cut what it fills.
    let mut tree: Tree<_, _> = large().iter().map(|(key, ())| (key.clone(), ())).collect();
    let _snapshot = tree.clone();
    let (clones, _) = cost(&CLONES, || tree.insert(Counted(77_777), ()));
    assert!(clones < 200, "{clones} keys cloned");
}

#[test]
fn writes_to_what_no_clone_shares_copy_no_entry() {
    let mut tree = Tree::new();
    let (clones, _) = cost(&CLONES, || {
        for key in 0..5_000 {
            tree.insert(key, Counted(key));
        }
        for key in 0..5_000 {
            tree.remove(&key);
        }
    });
    assert_eq!(clones, 0);
}

#[test]
fn removing_an_absent_key_copies_nothing() {
    let mut tree = large();
    let _snapshot = tree.clone();
    let (clones, _) = cost(&CLONES, || tree.remove(&Counted(77_777)));
    assert_eq!(clones, 0);
}

#[test]
fn missing_in_skips_what_a_clone_shares() {
    let snapshot = large();
    let mut tree = snapshot.clone();
    tree.insert(Counted(77_777), ());
    let (comparisons, missing) = cost(&COMPARISONS, || tree.missing_in(&snapshot));
    assert_eq!(missing, 1);
    assert!(comparisons < 3_000, "{comparisons} comparisons");
}

#[test]
fn missing_in_skips_what_a_clone_shares_under_other_branches() {
    let snapshot = large();
    let mut tree = snapshot.clone();
    // Enough at one place to cut the branches above it.
    for odd in 0..1_000 {
        tree.insert(Counted(77_777 + 2 * odd), ());
    }
    let (comparisons, missing) = cost(&COMPARISONS, || snapshot.missing_in(&tree));
    assert_eq!(missing, 0);
    assert!(comparisons < 100_000, "{comparisons} comparisons");
}

#[test]
fn removal_keeps_searches_short() {
    let mut tree = large();
    for half in (0..100_000).filter(|half| half % 1_000 != 0) {
        tree.remove(&Counted(2 * half));
    }
    let (comparisons, _) = cost(&COMPARISONS, || tree.get(&Counted(50_000)));
    assert!(comparisons < 15, "{comparisons} comparisons");
}

/// What two trees hold differently, found by looking at everything.
fn differences_of(
    older: &BTreeMap<u16, u32>,
    newer: &BTreeMap<u16, u32>,
) -> Vec<(u16, Option<u32>, Option<u32>)> {
    let keys: std::collections::BTreeSet<u16> = older.keys().chain(newer.keys()).copied().collect();
    let values = keys
        .into_iter()
        .map(|key| (key, older.get(&key).copied(), newer.get(&key).copied()));
    values.filter(|(_, old, new)| old != new).collect()
}

fn told(older: &Tree<u16, u32>, newer: &Tree<u16, u32>) -> Vec<(u16, Option<u32>, Option<u32>)> {
    use openmail_mock::domain::tree::Difference;
    let differences = older
        .differences(newer, PartialEq::eq)
        .map(|difference| match difference {
            Difference::Gone(key, value) => (*key, Some(*value), None),
            Difference::New(key, value) => (*key, None, Some(*value)),
            Difference::Both(key, old, new) => (*key, Some(*old), Some(*new)),
        });
    differences.collect()
}

proptest! {
    #[test]
    fn differences_are_those_of_the_models(
        base in btree_map(0..KEYS, any::<u32>(), 0..2_000),
        writes in vec((0..KEYS, proptest::option::of(any::<u32>())), 0..400),
    ) {
        let older: Tree<u16, u32> = base.clone().into_iter().collect();
        let (mut newer, mut model) = (older.clone(), base.clone());
        for (key, value) in writes {
            match value {
                Some(value) => {
                    newer.insert(key, value);
                    model.insert(key, value);
                }
                None => {
                    newer.remove(&key);
                    model.remove(&key);
                }
            }
        }
        prop_assert_eq!(told(&older, &newer), differences_of(&base, &model));
        prop_assert_eq!(told(&newer, &older), differences_of(&model, &base));
    }
}

#[test]
fn the_difference_of_one_write_is_looked_for_near_it_alone() {
    let entries = (0..100_000_u32).map(|key| (key, key));
    let older: Tree<u32, u32> = entries.collect();
    for write in [0, 50_000, 99_999] {
        let mut newer = older.clone();
        newer.remove(&write);
        // Two leaves that were joined, and their entries; not what lies beside them.
        let looked_at = Cell::new(0);
        let is_same = |old: &u32, new: &u32| {
            looked_at.set(looked_at.get() + 1);
            old == new
        };
        assert_eq!(older.differences(&newer, is_same).count(), 1);
        assert!(looked_at.get() < 200, "{}", looked_at.get());
    }
}
