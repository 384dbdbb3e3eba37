//! A stream that can be read ahead: only whoever reads learns that the peer is gone.

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// At most this much is read ahead; a peer that says more is not looked at any further.
const MOST: usize = 64 * 1024;
/// So much is read at once.
const CHUNK: usize = 4 * 1024;

/// A stream, and what was read of it that nobody has taken yet.
pub(super) struct Ahead<S> {
    stream: S,
    /// Taken before anything else is read.
    waiting: Vec<u8>,
}

impl<S> Ahead<S> {
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            waiting: Vec::new(),
        }
    }
}

impl<S: AsyncRead + Unpin> Ahead<S> {
    /// Waits until nothing more can come. Whoever drops the future loses nothing of what did.
    pub async fn ended(&mut self) {
        let mut chunk = [0; CHUNK];
        while self.waiting.len() < MOST {
            match self.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(count) => self.waiting.extend_from_slice(&chunk[..count]),
            }
        }
        pending().await
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Ahead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.waiting.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let count = self.waiting.len().min(into.remaining());
        into.put_slice(&self.waiting[..count]);
        self.waiting.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Ahead<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
