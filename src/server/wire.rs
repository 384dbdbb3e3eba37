//! The socket under hyper, with five additions: an answer that hyper writes by itself, to a request
//! that it could not read, leaves in the envelope that all errors have; whoever was answered before
//! all was read has time to see the answer; whoever leaves while their request waits is noticed; a
//! connection breaks off where a fault says so; and nothing is read before a connection is settled.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::api::reply::Reply;

/// How long the rest of a request is read and thrown away after its answer. A socket that is closed
/// with bytes unread resets its peer, who may lose the answer by that.
const LINGER: Duration = Duration::from_secs(1);

/// What a connection's exchange and its socket tell each other.
#[derive(Default)]
pub(super) struct Peer {
    /// Whether the peer may be in the middle of a request that nobody will read to its end.
    pub unread: AtomicBool,
    /// Whether the peer's request waits for something, which it does only as long as the peer.
    pub waits: AtomicBool,
    /// Whether nothing is to be read yet.
    pub is_settling: AtomicBool,
    /// Whether the connection breaks off as soon as what was written has left.
    pub is_cut: AtomicBool,
}

/// A socket whose bare error answers are put into words by `W`.
pub(super) struct Wire<W> {
    stream: TcpStream,
    words: W,
    /// An answer that is on its way in the place of hyper's.
    replaced: Option<Replaced>,
    peer: Arc<Peer>,
    /// Runs once the last answer has been written, if something is unread.
    lingering: Option<Pin<Box<Sleep>>>,
}

struct Replaced {
    bytes: Vec<u8>,
    written: usize,
    /// How many bytes of hyper's own answer this stands for.
    stands_for: usize,
}

impl<W: Fn(StatusCode) -> Reply> Wire<W> {
    pub fn new(stream: TcpStream, peer: Arc<Peer>, words: W) -> Self {
        Self {
            stream,
            words,
            replaced: None,
            peer,
            lingering: None,
        }
    }

    /// Whether the peer sends nothing more. Others may say so and read on; who waits may not, since
    /// nobody could tell them from those who left.
    fn has_left(&mut self, context: &mut Context<'_>) -> bool {
        let mut byte = [0];
        let mut next = ReadBuf::new(&mut byte);
        match self.stream.poll_peek(context, &mut next) {
            Poll::Ready(peeked) => peeked.map_or(true, |count| count == 0),
            Poll::Pending => false,
        }
    }

    fn poll_replaced(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(replaced) = &mut self.replaced else {
            return Poll::Ready(Ok(0));
        };
        while replaced.written < replaced.bytes.len() {
            let rest = &replaced.bytes[replaced.written..];
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            replaced.written += written;
        }
        let stands_for = replaced.stands_for;
        self.replaced = None;
        Poll::Ready(Ok(stands_for))
    }
}

/// The status of an answer that hyper made by itself: nothing of ours lacks an exchange id, and
/// no other write begins and ends like this one.
fn bare_answer(bytes: &[u8]) -> Option<StatusCode> {
    let is_short = bytes.len() < 256 && bytes.ends_with(b"\r\n\r\n");
    // Of version 1.0 when the request before was.
    let rest = [b"HTTP/1.1 4", b"HTTP/1.0 4"].map(|start| bytes.strip_prefix(start));
    let rest = rest.into_iter().flatten().next().filter(|_| is_short)?;
    let text = std::str::from_utf8(rest).ok()?;
    let code: u16 = text.get(..2)?.parse().ok()?;
    let is_bare = text.contains("content-length: 0\r\n") && !text.contains("x-request-id");
    StatusCode::from_u16(400 + code).ok().filter(|_| is_bare)
}

/// An answer after which the connection is closed, as bytes.
fn serialize(reply: &Reply) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {}\r\n", reply.status).into_bytes();
    for (name, value) in &reply.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let end = format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        reply.body.len()
    );
    bytes.extend_from_slice(end.as_bytes());
    bytes.extend_from_slice(&reply.body);
    bytes
}

impl<W: Fn(StatusCode) -> Reply + Unpin> AsyncWrite for Wire<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.replaced.is_none() {
            let Some(status) = bare_answer(bytes) else {
                return Pin::new(&mut self.stream).poll_write(context, bytes);
            };
            let reply = (self.words)(status);
            self.peer.unread.store(true, Ordering::Relaxed);
            self.replaced = Some(Replaced {
                bytes: serialize(&reply),
                written: 0,
                stands_for: bytes.len(),
            });
        }
        self.poll_replaced(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut filled = buffers.iter().filter(|buffer| !buffer.is_empty());
        match (filled.next(), filled.next()) {
            // An answer without a body comes in one piece.
            (Some(only), None) => self.poll_write(context, only),
            _ => Pin::new(&mut self.stream).poll_write_vectored(context, buffers),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes what it holds first: nothing that was written is lost.
        if self.peer.is_cut.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        // hyper flushes whenever it was woken, and does not read while a request is answered.
        if self.peer.waits.load(Ordering::Relaxed) && self.has_left(context) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let lingering = match &mut this.lingering {
            Some(lingering) => lingering,
            None => {
                ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
                if !this.peer.unread.load(Ordering::Relaxed) {
                    return Poll::Ready(Ok(()));
                }
                this.lingering.insert(Box::pin(sleep(LINGER)))
            }
        };
        let mut scratch = [0; 4096];
        while lingering.as_mut().poll(context).is_pending() {
            let mut rest = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut this.stream).poll_read(context, &mut rest));
            if read.is_err() || rest.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<W: Unpin> AsyncRead for Wire<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.peer.is_settling.load(Ordering::Relaxed) {
            // Nobody is woken: whoever settles the connection sees to it that it is polled again.
            true => Poll::Pending,
            false => Pin::new(&mut self.stream).poll_read(context, buffer),
        }
    }
}
