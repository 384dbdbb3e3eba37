//! Bodies, from the socket into memory: how large one may be, how long it may take, and how much
//! all large ones may hold together.
//!
//! Which calls take a large body is the planes' knowledge; here it is a number.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Frame, Incoming};
use tokio::time::timeout;

use crate::api::call::{Body, Bound};

/// What all bodies of more than the common bound may hold together; no `--max-body` is larger.
pub const MAX_HELD: usize = 256 * 1024 * 1024;
/// Bodies of calls that carry neither mail nor state.
const COMMON_BOUND: usize = 1024 * 1024;
/// A body over its bound is read and thrown away up to here, or to twice `--max-body`, so that its
/// sender, who writes before reading, sees the answer.
const MAX_DRAINED: usize = 64 * 1024 * 1024;
/// Until the body has come, however large it is.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The bounds of all bodies, and how much of them is used.
pub struct Bodies {
    /// Bound of one body that carries mail or state.
    max_body: usize,
    /// What large bodies hold now. Each gives its share back when its last byte is let go.
    held: Arc<AtomicUsize>,
}

impl Bodies {
    /// No bodies yet; those that carry mail or state may have `max_body` bytes.
    #[must_use]
    pub fn new(max_body: usize) -> Self {
        Self {
            max_body,
            held: Arc::default(),
        }
    }

    /// Whether a body is within the bound of any call.
    pub(super) fn suits_every_call(&self, body: &Incoming) -> bool {
        let least = COMMON_BOUND.min(self.max_body) as u64;
        body.size_hint().upper().is_some_and(|most| most <= least)
    }

    /// The bound of a call.
    pub(super) fn bound(&self, takes_large_body: bool) -> Bound {
        match takes_large_body {
            true => Bound::MaxBody(self.max_body),
            false => Bound::Common(COMMON_BOUND),
        }
    }

    /// Reads a body within its bounds; `unread` stays true if that is not all of it.
    pub(super) async fn read(&self, body: Incoming, bound: Bound, unread: &AtomicBool) -> Body {
        unread.store(true, Ordering::Relaxed);
        match timeout(BODY_TIMEOUT, self.collect(body, bound, unread)).await {
            Ok(body) => body,
            Err(_) => Body::Broken(format!(
                "the body did not arrive within {} s",
                BODY_TIMEOUT.as_secs()
            )),
        }
    }

    async fn collect(&self, mut body: Incoming, bound: Bound, unread: &AtomicBool) -> Body {
        let length = body.size_hint().exact();
        // What cannot be counted here is past every bound.
        let announced = length.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        let max_drained = self.max_body.saturating_mul(2).max(MAX_DRAINED);
        // Nobody waits for a body that is refused whatever comes.
        if announced > max_drained {
            return Body::TooLarge(bound);
        }
        let mut received = 0;
        // Most bodies come in one piece, which is kept as it is.
        let mut only = Bytes::new();
        let mut held = Held::nothing(&self.held);
        if announced <= bound.bytes() && !held.claim(announced) {
            return Body::Unaffordable;
        }
        while let Some(frame) = body.frame().await {
            let data = match frame.map(Frame::into_data) {
                Ok(Ok(data)) => data,
                // Trailers say nothing to this API.
                Ok(Err(_)) => continue,
                Err(_) => return Body::Broken(broken(received, length)),
            };
            received += data.len();
            if received > max_drained {
                return Body::TooLarge(bound);
            }
            let expected = received.max(announced);
            if expected > bound.bytes() {
                (only, held) = (Bytes::new(), Held::nothing(&self.held));
            } else if !held.claim(expected) {
                return Body::Unaffordable;
            } else if received == data.len() && expected <= COMMON_BOUND {
                only = data;
            } else {
                if held.bytes.is_empty() {
                    held.bytes.reserve_exact(expected);
                    held.bytes.extend_from_slice(&std::mem::take(&mut only));
                }
                held.bytes.extend_from_slice(&data);
            }
        }
        unread.store(false, Ordering::Relaxed);
        match (received.max(announced) > bound.bytes(), held.bytes.len()) {
            (true, _) => Body::TooLarge(bound),
            (false, 0) => Body::Whole(only),
            (false, _) => Body::Whole(Bytes::from_owner(held)),
        }
    }
}

/// The bytes of a body, and its share of what all large ones may hold: both go at once, whoever
/// drops them last and why ever.
struct Held {
    bytes: Vec<u8>,
    share: usize,
    all: Arc<AtomicUsize>,
}

impl Held {
    fn nothing(all: &Arc<AtomicUsize>) -> Self {
        Self {
            bytes: Vec::new(),
            share: 0,
            all: all.clone(),
        }
    }

    /// Makes the share that of a body of so many bytes; false if there is not so much left.
    fn claim(&mut self, bytes: usize) -> bool {
        if bytes <= COMMON_BOUND.max(self.share) {
            return true;
        }
        let more = bytes - self.share;
        let sum = |all: usize| all.checked_add(more).filter(|sum| *sum <= MAX_HELD);
        let claimed = self
            .all
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
        if claimed.is_ok() {
            self.share = bytes;
        }
        claimed.is_ok()
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.share, Ordering::Relaxed);
    }
}

fn broken(received: usize, length: Option<u64>) -> String {
    match length {
        Some(length) => {
            format!("the body ended after {received} bytes; Content-Length announced {length}")
        }
        None => format!("the body ended after {received} bytes, in the middle of a chunk"),
    }
}
