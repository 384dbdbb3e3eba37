//! First answers to idempotency keys, which are repeated rather than earned twice (OpenMail docs,
//! Idempotency).

use std::sync::Arc;

use super::super::clock::Timestamp;
use super::super::ids::Id;
use super::super::refusal::Refusal;
use super::super::state::{State, Transaction};
use super::super::table::Order;

/// How long the first answer to an idempotency key is repeated.
pub const REPLAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// At most this many idempotency records; the oldest make room.
pub const MAX_RECORDS: usize = 100_000;

/// An idempotency key that came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub text: String,
    /// What the request was, so that another one is told from a repetition.
    pub fingerprint: [u8; 32],
}

/// The first answer to an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The key.
    pub key: Arc<str>,
    /// The inbox that it was used with.
    pub inbox: Id,
    /// What the request was, so that another one is told from a repetition.
    pub fingerprint: [u8; 32],
    /// The answer, byte for byte.
    pub answer: Arc<[u8]>,
    /// When it was given.
    pub at: Timestamp,
    order: Order,
}

/// The answer to repeat, if the same request came with the same key within a day.
///
/// # Errors
///
/// [`Refusal::IdempotencyKeyReused`] for another request.
pub fn replay(
    state: &State,
    now: Timestamp,
    key: &str,
    inbox: Id,
    fingerprint: &[u8; 32],
) -> Result<Option<Arc<[u8]>>, Refusal> {
    let Some(record) = state.idempotency.get(key) else {
        return Ok(None);
    };
    if now.millis() - record.at.millis() >= REPLAY_MILLIS {
        return Ok(None);
    }
    match record.inbox == inbox && record.fingerprint == *fingerprint {
        true => Ok(Some(record.answer.clone())),
        false => Err(Refusal::IdempotencyKeyReused {
            key: key.to_owned(),
        }),
    }
}

/// Remembers the first answer to an idempotency key.
pub fn remember(
    tx: &mut Transaction<'_>,
    key: &str,
    inbox: Id,
    fingerprint: [u8; 32],
    answer: Arc<[u8]>,
    at: Option<Timestamp>,
) {
    let at = at.unwrap_or(tx.now);
    let record = Record {
        key: Arc::from(key),
        inbox,
        fingerprint,
        answer,
        at,
        order: tx.next_order(at),
    };
    let state = &mut *tx.state;
    let ages = &mut state.idempotency_ages;
    ages.insert(record.order, record.key.clone());
    if let Some(old) = state
        .idempotency
        .insert(record.key.clone(), Arc::new(record))
    {
        ages.remove(&old.order);
    }
    while ages.len() > MAX_RECORDS {
        let Some((order, key)) = ages.first().map(|(order, key)| (*order, key.clone())) else {
            return;
        };
        ages.remove(&order);
        state.idempotency.remove(&*key);
    }
}

/// All idempotency records, the oldest first.
pub fn records(state: &State) -> impl Iterator<Item = &Arc<Record>> {
    let keys = state.idempotency_ages.iter();
    keys.filter_map(|(_, key)| state.idempotency.get(&**key))
}
