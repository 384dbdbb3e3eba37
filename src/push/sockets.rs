//! Sockets: events of a world to whoever is connected and subscribed (OpenMail docs, WebSockets).
//!
//! One task for each socket, which holds a cursor and sleeps on the world's signal. What real peers
//! are bounded by (heartbeat, message rate, slow readers) is real time.

mod ahead;
mod follower;
mod frames;
mod peer;
mod talk;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::app::{App, Connection, MAX_SOCKETS};
use peer::Peer;
use talk::Talk;

pub use frames::check_schemas;

/// Whom an upgrade lets in.
#[derive(Debug)]
pub enum Admission {
    /// Somebody with a key, who has a place.
    Connected(Connection),
    /// Nobody: they are told why, and the socket is closed.
    Refused(Refused),
}

/// Why nobody is let in. Clients read it from the close code; to a failed upgrade they would only
/// connect again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Without a key that this mock takes.
    Unauthorized,
    /// The account has as many sockets as it may have.
    TooMany,
}

/// How a socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// With a close frame of ours.
    Code { code: u16, reason: String },
    /// With the peer's close frame, which is answered.
    ByPeer,
    /// Without any, because the bench says so.
    Abrupt,
    /// The connection is of no use any more.
    Broken,
}

impl End {
    /// With that code; of the reason, a close frame holds 123 bytes.
    fn code(code: u16, reason: &str) -> Self {
        let room = (0..=123.min(reason.len())).rev();
        let end = room.into_iter().find(|end| reason.is_char_boundary(*end));
        let reason = reason[..end.unwrap_or_default()].to_owned();
        End::Code { code, reason }
    }
}

/// Talks over a connection that was upgraded, until one of the two ends it. `base` is what URLs in
/// events begin with.
pub async fn converse<S>(stream: S, admission: &Admission, app: &App, base: &str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut peer = Peer::new(stream).await;
    let (words, end) = match admission {
        Admission::Connected(connection) => {
            let mut talk = Talk::new(connection, app, base);
            let end = talk.run(&mut peer).await;
            // Before the peer learns of it: whoever saw a socket end finds its place free, and what
            // happens from now on goes another way.
            connection.leave();
            return peer.end(end).await;
        }
        Admission::Refused(Refused::Unauthorized) => (
            "this socket has no key that the mock takes; connect with `Authorization: Bearer om_test_<name>` or `?token=om_test_<name>`".to_owned(),
            End::code(4001, "unauthorized"),
        ),
        Admission::Refused(Refused::TooMany) => (
            format!("this account has {MAX_SOCKETS} sockets, as many as it may have at once; close one first"),
            End::code(4008, "connection limit reached"),
        ),
    };
    let end = peer
        .tell_error(&words)
        .await
        .map_or_else(|end| end, |()| end);
    peer.end(end).await;
}
