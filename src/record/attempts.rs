//! What was tried to deliver, attempt by attempt: the bytes that were signed, and what came back.
//! The log of one world, bounded in attempts and bytes; the oldest make room.

use std::collections::{HashMap, VecDeque};

/// Of a body, this much is kept.
pub const KEPT_BODY: usize = 256 * 1024;
/// Of a receiver's answer, likewise.
pub const KEPT_ANSWER: usize = 16 * 1024;
/// At most this many attempts are kept for one world.
pub const MAX_ATTEMPTS: usize = 10_000;
/// What they may hold together, in bytes.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// One attempt to deliver something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which one it is, from 1.
    pub number: u32,
    /// When it was made by the world's clock, in milliseconds since 1970.
    pub at: i64,
    /// When it was made by the real clock, in seconds since 1970: what the receiver is told.
    pub timestamp: i64,
    /// The body as it was signed, as far as it is kept.
    pub body: Box<str>,
    /// How many bytes the body had.
    pub body_bytes: usize,
    /// The signature.
    pub signature: Box<str>,
    /// The receiver's answer, if one came.
    pub answer: Option<Answer>,
    /// Why the attempt failed; none if the receiver took it.
    pub error: Option<Box<str>>,
    /// The fault at that index of the world's list interfered with it.
    pub fault: Option<usize>,
}

/// What a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, as far as it is kept.
    pub body: Box<str>,
    /// Whether there was more, or might have been.
    pub is_cut: bool,
}

impl Attempt {
    /// Whether the receiver took it.
    #[must_use]
    pub fn was_taken(&self) -> bool {
        self.error.is_none()
    }

    /// Forgets what is beyond the bound.
    #[must_use]
    pub fn within_bounds(mut self) -> Self {
        if self.body.len() > KEPT_BODY {
            let end = self.body.floor_char_boundary(KEPT_BODY);
            self.body = self.body[..end].into();
        }
        self
    }

    /// What it holds in memory, about.
    fn bytes(&self) -> usize {
        let answer = self.answer.as_ref().map_or(0, |answer| answer.body.len());
        let error = self.error.as_ref().map_or(0, |error| error.len());
        size_of::<Kept>() + self.body.len() + self.signature.len() + answer + error
    }
}

/// An attempt, and when it was made in the life of its world.
#[derive(Debug)]
struct Kept {
    generation: u64,
    attempt: Attempt,
}

/// The attempts of one world.
#[derive(Debug, Default)]
pub struct Log {
    /// By what was delivered, each in order.
    attempts: HashMap<u128, VecDeque<Kept>>,
    /// Whose attempts they are, the oldest first.
    order: VecDeque<u128>,
    bytes: usize,
}

impl Log {
    /// Adds an attempt to deliver what has that id, made in that generation of the world.
    pub fn push(&mut self, id: u128, generation: u64, attempt: Attempt) {
        self.bytes += attempt.bytes();
        let kept = Kept {
            generation,
            attempt,
        };
        self.attempts.entry(id).or_default().push_back(kept);
        self.order.push_back(id);
        while self.order.len() > MAX_ATTEMPTS || (self.bytes > MAX_BYTES && self.order.len() > 1) {
            self.evict_oldest();
        }
    }

    fn evict_oldest(&mut self) {
        let Some(id) = self.order.pop_front() else {
            return;
        };
        if let Some(attempts) = self.attempts.get_mut(&id) {
            if let Some(gone) = attempts.pop_front() {
                self.bytes = self.bytes.saturating_sub(gone.attempt.bytes());
            }
            if attempts.is_empty() {
                self.attempts.remove(&id);
            }
        }
    }

    /// The attempts to deliver what has that id, in order.
    #[must_use]
    pub fn of(&self, id: u128) -> Vec<Attempt> {
        let kept = self.attempts.get(&id).into_iter().flatten();
        kept.map(|kept| kept.attempt.clone()).collect()
    }

    /// Forgets what was made in earlier generations, but for what `stays` picks by the id and the
    /// number of the attempt.
    pub fn retain(&mut self, generation: u64, stays: impl Fn(u128, u32) -> bool) {
        let mut bytes = 0;
        for (id, attempts) in &mut self.attempts {
            attempts
                .retain(|kept| kept.generation >= generation || stays(*id, kept.attempt.number));
            bytes += attempts.iter().map(|it| it.attempt.bytes()).sum::<usize>();
        }
        self.bytes = bytes;
        self.attempts.retain(|_, attempts| !attempts.is_empty());
        // As many mentions stay as there are attempts, the newest.
        let mut left: HashMap<u128, usize> = HashMap::new();
        for (id, attempts) in &self.attempts {
            left.insert(*id, attempts.len());
        }
        let mut order = VecDeque::new();
        for id in self.order.drain(..).rev() {
            if let Some(count) = left.get_mut(&id).filter(|count| **count > 0) {
                *count -= 1;
                order.push_front(id);
            }
        }
        self.order = order;
    }
}
