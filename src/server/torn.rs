//! Answers that do not arrive whole, because a fault of their world says so.
//!
//! Breaking off is left to the socket (`wire`), which knows when all that was to leave has left:
//! earlier answers on the same connection, or the first half of this one.

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::wire::Peer;

/// The body of an answer.
pub(super) enum Sent {
    Whole(Full<Bytes>),
    Torn(Box<Torn>),
}

/// The first half of a body that says that it is whole.
pub(super) struct Torn {
    /// Handed on once.
    half: Option<Bytes>,
    /// Of the whole body.
    length: u64,
    peer: Arc<Peer>,
}

impl Sent {
    pub fn whole(body: Bytes) -> Self {
        Sent::Whole(Full::new(body))
    }

    pub fn torn(body: &Bytes, peer: Arc<Peer>) -> Self {
        Sent::Torn(Box::new(Torn {
            half: Some(body.slice(..body.len() / 2)),
            length: body.len() as u64,
            peer,
        }))
    }
}

/// Breaks the connection off in the place of an answer.
pub(super) async fn unanswered(peer: &Peer) -> Infallible {
    peer.is_cut.store(true, Ordering::Relaxed);
    pending().await
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Sent::Whole(whole) => Pin::new(whole).poll_frame(context),
            Sent::Torn(torn) => match torn.half.take() {
                Some(half) => Poll::Ready(Some(Ok(Frame::data(half)))),
                None => {
                    torn.peer.is_cut.store(true, Ordering::Relaxed);
                    Poll::Pending
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Sent::Whole(whole) => whole.is_end_stream(),
            Sent::Torn(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Sent::Whole(whole) => whole.size_hint(),
            Sent::Torn(torn) => SizeHint::with_exact(torn.length),
        }
    }
}
