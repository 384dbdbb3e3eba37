//! The journal: the exchanges of one world, newest last, bounded in entries and bytes.
//!
//! Recording copies once and works nothing out; whoever reads pays for what reading shows.

use std::collections::VecDeque;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::cause::Cause;
use super::effects::Effects;
use super::faults::Forced;

/// Of a body, this much is shown; of a longer one also its length and hash.
pub const KEPT_BODY: usize = 64 * 1024;
/// Up to here a body is kept whole, and hashed if somebody asks: nobody reads most exchanges, and
/// hashing a page of mail costs more than copying the little that it has beyond what is shown.
const HASHED_LATER: usize = 2 * KEPT_BODY;
/// At most this many exchanges are kept for one world.
pub const MAX_ENTRIES: usize = 1_000;

/// One exchange as it is handed in.
#[derive(Debug, Clone)]
pub struct Entry<'e> {
    /// The number that the answer's `x-request-id` shows.
    pub number: u64,
    /// The world's clock, in milliseconds since 1970.
    pub at: i64,
    /// Index of the operation in the contract, if the request was routed to one.
    pub operation: Option<usize>,
    /// Method and target, separated by a space; then one line for each header.
    pub head: &'e [u8],
    /// The request's body.
    pub body: &'e [u8],
    /// The answer's headers, one line for each.
    pub answer_head: &'e [u8],
    /// The answer's body.
    pub answer: &'e [u8],
    /// What is known without looking at the bytes.
    pub facts: &'e Facts,
    /// What it did to the world.
    pub effects: Effects,
}

/// Facts about an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The answer's status; none if nothing was to be answered.
    pub status: Option<u16>,
    /// The answer's error code.
    pub error: Option<String>,
    /// The violations of both sides as a JSON list; none means that there are none.
    pub violations: Option<String>,
    /// Whether the request broke the contract.
    pub invalid: bool,
    /// Whether the request's body was too large, or did not come whole, and is not here for that.
    pub body_is_missing: bool,
    /// Whether our own answer would have broken it.
    pub breach: bool,
    /// Whether the answer is a failure that the document does not name.
    pub undocumented: bool,
    /// Whether the answer was made from the document alone.
    pub synthesized: bool,
    /// What was done to it by request: an exchange that proves nothing about the API.
    pub forced: Option<Forced>,
    /// Whether the answer itself was asked for: nothing in the request or the world brought it about.
    pub asked_for: bool,
    /// Why it was refused, where a rule of the service or a bound of the server did that.
    pub cause: Option<Box<Cause>>,
}

/// A recorded exchange.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The number that the answer's `x-request-id` shows.
    pub number: u64,
    /// The world's clock, in milliseconds since 1970.
    pub at: i64,
    /// Index of the operation in the contract.
    pub operation: Option<usize>,
    /// What is known without looking at the bytes.
    pub facts: Facts,
    /// What it did to the world; none if nothing.
    effects: Option<Box<Effects>>,
    /// Head, body, answer's head and answer, one after the other: one allocation for all.
    block: Box<[u8]>,
    ends: [usize; 3],
    body: Measure,
    answer: Measure,
}

/// The length of a body, and its hash where not all of it is here.
#[derive(Debug, Clone)]
struct Measure {
    length: usize,
    hash: Option<Box<[u8; 32]>>,
}

/// A body as far as it was kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'k> {
    /// The bytes, at most [`KEPT_BODY`] of them.
    pub bytes: &'k [u8],
    /// The whole body's length.
    pub length: usize,
    hash: Hash<'k>,
}

#[derive(Debug, Clone, Copy)]
enum Hash<'k> {
    Of(&'k [u8]),
    Known(&'k [u8; 32]),
}

impl Kept<'_> {
    /// Whether not all of the body is shown.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.bytes.len() < self.length
    }

    /// SHA-256 of the whole body, if not all of it is shown.
    #[must_use]
    pub fn hash(&self) -> Option<[u8; 32]> {
        match self.hash {
            Hash::Known(hash) => Some(*hash),
            Hash::Of(whole) if self.is_cut() => Some(Sha256::digest(whole).into()),
            Hash::Of(_) => None,
        }
    }
}

impl Exchange {
    /// Copies an entry.
    #[must_use]
    pub fn new(entry: Entry<'_>) -> Self {
        let (body, body_measure) = keep(entry.body);
        let (answer, answer_measure) = keep(entry.answer);
        let parts = [entry.head, body, entry.answer_head, answer];
        let block = parts.concat().into_boxed_slice();
        let first = entry.head.len();
        let second = first + body.len();
        let third = second + entry.answer_head.len();
        Self {
            number: entry.number,
            at: entry.at,
            operation: entry.operation,
            facts: entry.facts.clone(),
            effects: (!entry.effects.is_empty()).then(|| Box::new(entry.effects)),
            block,
            ends: [first, second, third],
            body: body_measure,
            answer: answer_measure,
        }
    }

    /// Method and target, and the headers.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.block[..self.ends[0]]
    }

    /// Method and target.
    #[must_use]
    pub fn first_line(&self) -> (&str, &str) {
        let line = self.head().split(|byte| *byte == b'\n').next();
        let line = std::str::from_utf8(line.unwrap_or_default());
        line.unwrap_or_default().split_once(' ').unwrap_or_default()
    }

    /// The request's body.
    #[must_use]
    pub fn body(&self) -> Kept<'_> {
        self.body.of(&self.block[self.ends[0]..self.ends[1]])
    }

    /// The answer's headers.
    #[must_use]
    pub fn answer_head(&self) -> &[u8] {
        &self.block[self.ends[1]..self.ends[2]]
    }

    /// The answer's body.
    #[must_use]
    pub fn answer(&self) -> Kept<'_> {
        self.answer.of(&self.block[self.ends[2]..])
    }

    /// What it did to the world.
    #[must_use]
    pub fn effects(&self) -> Option<&Effects> {
        self.effects.as_deref()
    }

    /// What it holds in memory.
    fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Self>()
            + self.block.len()
            + text(&self.facts.error)
            + text(&self.facts.violations)
            + self.facts.cause.as_ref().map_or(0, |cause| cause.size())
            + self.effects.as_ref().map_or(0, |effects| effects.size())
    }
}

impl Measure {
    fn of<'k>(&'k self, bytes: &'k [u8]) -> Kept<'k> {
        Kept {
            bytes: &bytes[..bytes.len().min(KEPT_BODY)],
            length: self.length,
            hash: self.hash.as_deref().map_or(Hash::Of(bytes), Hash::Known),
        }
    }
}

fn keep(body: &[u8]) -> (&[u8], Measure) {
    let length = body.len();
    if length <= HASHED_LATER {
        return (body, Measure { length, hash: None });
    }
    let hash = Some(Box::new(Sha256::digest(body).into()));
    (&body[..KEPT_BODY], Measure { length, hash })
}

/// The exchanges of one world.
#[derive(Debug, Default)]
pub struct Journal {
    /// Shared with those who look at them for longer than others may be kept waiting.
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
    evicted: u64,
    /// The highest number among those that were evicted.
    last_evicted: Option<u64>,
    reached: Reached,
}

/// How far a journal has been looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// How often it was cleared before.
    clears: u64,
    /// How many exchanges it took since then.
    pushed: u64,
}

impl Journal {
    /// Records an exchange; older ones make room until both bounds hold.
    pub fn push(&mut self, exchange: Exchange, max_bytes: usize) {
        self.bytes += exchange.size();
        self.reached.pushed += 1;
        self.exchanges.push_back(Arc::new(exchange));
        // The newest stays, even if it is larger than the bound by itself.
        while self.exchanges.len() > 1
            && (self.exchanges.len() > MAX_ENTRIES || self.bytes > max_bytes)
        {
            self.evict_oldest();
        }
    }

    /// Drops the oldest exchange.
    pub fn evict_oldest(&mut self) {
        if let Some(oldest) = self.exchanges.pop_front() {
            self.bytes -= oldest.size();
            self.evicted += 1;
            self.last_evicted = self.last_evicted.max(Some(oldest.number));
        }
    }

    /// Forgets everything, evictions included; how many exchanges there were.
    pub fn clear(&mut self) -> usize {
        let clears = self.reached.clears + 1;
        let forgotten = std::mem::take(self);
        self.reached.clears = clears;
        forgotten.exchanges.len()
    }

    /// The exchanges, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Exchange> + ExactSizeIterator {
        self.shared().map(|exchange| &**exchange)
    }

    /// The same, to be held on to.
    pub fn shared(&self) -> impl DoubleEndedIterator<Item = &Arc<Exchange>> + ExactSizeIterator {
        self.exchanges.iter()
    }

    /// Where it ends now.
    #[must_use]
    pub fn reached(&self) -> Reached {
        self.reached
    }

    /// Those that came since then, oldest first; none if it was cleared meanwhile, so that what was
    /// seen is gone.
    pub fn since(&self, seen: Reached) -> Option<impl Iterator<Item = &Exchange>> {
        let fresh = self.reached.pushed.checked_sub(seen.pushed);
        let fresh = fresh.filter(|_| self.reached.clears == seen.clears)?;
        let fresh = usize::try_from(fresh).unwrap_or(usize::MAX);
        let known = self.exchanges.len().saturating_sub(fresh);
        Some(self.iter().skip(known))
    }

    /// Whether nothing later than that number made room, or nothing at all.
    #[must_use]
    pub fn is_complete(&self, after: Option<u64>) -> bool {
        self.last_evicted.is_none_or(|last| after >= Some(last))
    }

    /// The exchange of that number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Exchange> {
        let index = self.exchanges.binary_search_by_key(&number, |e| e.number);
        // Numbers are given before the work and recorded after it: neighbours may have swapped.
        match index {
            Ok(index) => self.exchanges.get(index).map(|exchange| &**exchange),
            Err(_) => self.iter().find(|e| e.number == number),
        }
    }

    /// How many exchanges there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// What they hold in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many were dropped to stay within the bounds since the last clear.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }
}
