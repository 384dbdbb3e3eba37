//! The socket under hyper, with one addition: an answer that hyper writes by itself, to a request
//! that it could not read, leaves in the envelope that all errors have.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::api::reply::Reply;

/// A socket whose bare error answers are put into words by `W`.
pub(super) struct Wire<W> {
    stream: TcpStream,
    words: W,
    /// An answer that is on its way in the place of hyper's.
    replaced: Option<Replaced>,
}

struct Replaced {
    bytes: Vec<u8>,
    written: usize,
    /// How many bytes of hyper's own answer this stands for.
    stands_for: usize,
}

impl<W: Fn(StatusCode) -> Reply> Wire<W> {
    pub fn new(stream: TcpStream, words: W) -> Self {
        Self {
            stream,
            words,
            replaced: None,
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
    let rest = bytes.strip_prefix(b"HTTP/1.1 4").filter(|_| is_short)?;
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
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<W: Unpin> AsyncRead for Wire<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}
