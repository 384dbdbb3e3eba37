//! The wire of a socket: frames in and out within their bounds, and the ways to end.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::End;
use super::ahead::Ahead;
use super::frames::ServerFrame;

/// A message may have so many bytes.
const MAX_MESSAGE: usize = 64 * 1024;
/// A frame that is not taken within this time ends the socket.
const TAKEN_WITHIN: Duration = Duration::from_secs(10);
/// How long the peer's last words are read and thrown away after ours. A connection that is closed
/// with bytes unread resets its peer, who may lose the close frame by that.
const LINGER: Duration = Duration::from_secs(1);
/// Both buffers grow as needed; most sockets say little.
const BUFFER: usize = 4 * 1024;

/// What a peer said.
pub(super) enum Said {
    Text(String),
    Binary,
    Pong,
    /// Something that the protocol itself has answered.
    Nothing,
}

/// The other end of a connection.
pub(super) struct Peer<S> {
    frames: WebSocketStream<Ahead<S>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub async fn new(stream: S) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            // Whatever is written leaves at once, or is known to be stuck.
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let frames =
            WebSocketStream::from_raw_socket(Ahead::new(stream), Role::Server, Some(config));
        Self {
            frames: frames.await,
        }
    }

    /// The next thing that the peer says. Whoever drops the future loses nothing.
    pub async fn hear(&mut self) -> Result<Said, End> {
        match self.frames.next().await {
            Some(Ok(Message::Text(text))) => Ok(Said::Text(text.as_str().to_owned())),
            Some(Ok(Message::Binary(_))) => Ok(Said::Binary),
            Some(Ok(Message::Pong(_))) => Ok(Said::Pong),
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => Ok(Said::Nothing),
            Some(Ok(Message::Close(_))) => Err(End::ByPeer),
            Some(Err(error)) => Err(end_after(&error)),
            None => Err(End::Broken),
        }
    }

    /// Waits until the connection is gone, without hearing what the peer says: that is kept.
    pub async fn gone(&mut self) {
        self.frames.get_mut().ended().await;
    }

    /// Writes a frame as often as is said without waiting for the peer; [`Peer::flush`] does that.
    pub fn write_now(&mut self, text: &str, copies: usize) -> Result<(), End> {
        for _ in 0..copies {
            // Not `feed`, which waits for what is stuck: nothing is, but the first of two copies.
            let written = self.frames.start_send_unpin(Message::text(text));
            written.map_err(|error| end_after(&error))?;
        }
        // Polled once more by whoever waits, so nothing is lost by giving up here.
        match self.frames.flush().now_or_never() {
            Some(Err(error)) => Err(end_after(&error)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// Waits until the peer has taken everything.
    pub async fn flush(&mut self) -> Result<(), End> {
        within(self.frames.flush()).await
    }

    pub async fn tell(&mut self, frame: &ServerFrame<'_>) -> Result<(), End> {
        within(self.frames.send(Message::text(frame.text()))).await
    }

    pub async fn tell_error(&mut self, message: &str) -> Result<(), End> {
        self.tell(&ServerFrame::Error { message }).await
    }

    pub async fn ping(&mut self) -> Result<(), End> {
        within(self.frames.send(Message::Ping(Bytes::new()))).await
    }

    /// Ends the connection the way that is due.
    pub async fn end(mut self, end: End) {
        let ended = timeout(LINGER, async {
            match end {
                End::Broken => return,
                End::Abrupt => {}
                End::ByPeer => {
                    // Sends the answer to the peer's close frame.
                    let _ = self.frames.flush().await;
                }
                End::Code { code, reason } => {
                    let close = CloseFrame {
                        code: code.into(),
                        reason: reason.into(),
                    };
                    let _ = self.frames.close(Some(close)).await;
                }
            }
            // Half-closed, so that a client that waits for the end of the connection has it.
            let stream = self.frames.get_mut();
            let _ = stream.shutdown().await;
            let mut scratch = [0; 1024];
            while stream.read(&mut scratch).await.is_ok_and(|count| count > 0) {}
        });
        // Whoever does not take the end loses it.
        let _ = ended.await;
    }
}

async fn within(sent: impl Future<Output = Result<(), Error>>) -> Result<(), End> {
    match timeout(TAKEN_WITHIN, sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(end_after(&error)),
        Err(_) => Err(End::Broken),
    }
}

/// How a socket ends on which that went wrong (RFC 6455, 7.4.1).
fn end_after(error: &Error) -> End {
    match error {
        Error::Capacity(_) => End::code(1009, "a message may have 65536 bytes"),
        Error::Utf8(_) => End::code(1007, "text frames are UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Broken,
        Error::Protocol(broken) => End::code(1002, &broken.to_string()),
        // The connection itself is gone, or none of these can happen on it.
        _ => End::Broken,
    }
}
