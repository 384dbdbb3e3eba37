//! Sockets: events of a world to whoever is connected and subscribed (OpenMail docs, WebSockets).
//!
//! One task for each socket, which holds a cursor and sleeps on the world's signal. What real peers
//! are bounded by (heartbeat, message rate, slow readers) is real time.

mod follower;
mod frames;
mod peer;

use std::collections::VecDeque;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::payload::{Telling, payload};
use crate::app::{App, Close, Connection, MAX_SOCKETS, Orders, Way};
use crate::domain::events::last_number;
use follower::{Follower, Next, Outcome};
use frames::{ClientFrame, ServerFrame};
use peer::{Peer, Said};

pub use frames::check_schemas;

/// How often the peer is pinged, and how soon it has to answer.
const PING_EVERY: Duration = Duration::from_secs(30);
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// A client may send so many messages within that time.
const MAX_MESSAGES: (usize, Duration) = (30, Duration::from_secs(10));

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

/// Tells whose key is gone that it is; how their socket ends.
async fn revoked<S>(peer: &mut Peer<S>) -> Result<End, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let words = "the key of this socket was revoked, or is no key of what the world was reset to";
    peer.tell_error(words).await?;
    Ok(End::code(4001, "unauthorized"))
}

/// One socket's conversation.
struct Talk<'t> {
    connection: &'t Connection,
    app: &'t App,
    base: &'t str,
    orders: watch::Receiver<Orders>,
    follower: Follower,
    /// When the last messages came, as many as may come.
    heard: VecDeque<Instant>,
    next_ping: Instant,
    /// Until when the peer has to answer a ping.
    pong_by: Option<Instant>,
}

/// What there is to do for a socket.
enum Look {
    Send(Next),
    Nothing,
    Revoked,
}

impl<'t> Talk<'t> {
    fn new(connection: &'t Connection, app: &'t App, base: &'t str) -> Self {
        Self {
            connection,
            app,
            base,
            orders: connection.orders(),
            follower: Follower::new(connection),
            heard: VecDeque::new(),
            next_ping: Instant::now() + PING_EVERY,
            pong_by: None,
        }
    }

    /// Talks until there is an end.
    async fn run<S>(&mut self, peer: &mut Peer<S>) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            match self.step(peer).await {
                Ok(()) => {}
                Err(end) => return end,
            }
        }
    }

    /// Looks once, sends what there is, and sleeps only if that is nothing.
    async fn step<S>(&mut self, peer: &mut Peer<S>) -> Result<(), End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let world = self.connection.world();
        // Before looking, so that no change falls between the look and the sleep.
        let changed = world.changed();
        let orders = *self.orders.borrow_and_update();
        self.check_end(orders)?;
        if orders.mode.half_open {
            select! {
                () = changed => {}
                _ = self.orders.changed() => {}
            }
            // A peer that could not be heard is not late.
            self.next_ping = Instant::now() + PING_EVERY;
            self.pong_by = None;
            return Ok(());
        }
        let is_passing = self.follower.is_passing();
        let has_more = match self.look() {
            Look::Revoked => return Err(revoked(peer).await?),
            Look::Send(next) => {
                let _ = self.send(peer, &next).await?;
                true
            }
            Look::Nothing => is_passing,
        };
        // What happened before a change of the subscriptions comes before what the client says next.
        if has_more && is_passing {
            return Ok(());
        }
        let pulse = self.pong_by.unwrap_or(self.next_ping);
        let wake = async {
            match has_more {
                true => {}
                false => changed.await,
            }
        };
        select! {
            biased;
            said = peer.hear() => self.answer(peer, said?).await,
            () = sleep_until(pulse) => self.beat(peer).await,
            _ = self.orders.changed() => Ok(()),
            () = wake => Ok(()),
        }
    }

    /// Whether somebody other than the peer ends the socket.
    fn check_end(&self, orders: Orders) -> Result<(), End> {
        match orders.close {
            Some(Close::Code(code)) => return Err(End::code(code, "closed by the bench")),
            Some(Close::Abrupt) => return Err(End::Abrupt),
            None => {}
        }
        let reason = match (self.connection.world().is_retired(), self.app.is_closing()) {
            (true, _) => "the world was dropped",
            (false, true) => "the server stops",
            (false, false) => return Ok(()),
        };
        Err(match orders.mode.half_open {
            true => End::Broken,
            false => End::code(1001, reason),
        })
    }

    fn look(&mut self) -> Look {
        let holder = self.connection.caller().holder();
        let world = self.connection.world();
        world.view(|state, era| match holder.is_let_in(state) {
            true => match self.follower.next(state, era) {
                Some(next) => Look::Send(next),
                None => Look::Nothing,
            },
            false => Look::Revoked,
        })
    }

    /// Sends an event; false if that is barred, which shows at the next look.
    async fn send<S>(&mut self, peer: &mut Peer<S>, next: &Next) -> Result<bool, End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let telling = Telling {
            base: self.base,
            attempt: 1,
            at: self.connection.world().now(),
        };
        let frame = payload(&next.event, telling);
        let frame = String::from_utf8_lossy(&frame);
        let way = self
            .connection
            .pass(next.generation, |copies| peer.write_now(&frame, copies));
        match way {
            Way::Barred => return Ok(false),
            Way::Skipped => {}
            Way::Left(written) => {
                written?;
                select! {
                    flushed = peer.flush() => flushed?,
                    // The bench waits for no slow reader.
                    _ = self.orders.wait_for(|orders| orders.close.is_some()) => {}
                }
            }
        }
        self.follower.pass(next);
        Ok(true)
    }

    /// Sends all events up to that number, and what belongs to the subscriptions from before their
    /// last change.
    async fn catch_up<S>(&mut self, peer: &mut Peer<S>, until: u64) -> Result<(), End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let is_passing = self.follower.is_passing();
            match self.look() {
                Look::Revoked => return Err(revoked(peer).await?),
                Look::Send(next) if is_passing || next.event.number <= until => {
                    if !self.send(peer, &next).await? {
                        return Ok(());
                    }
                }
                Look::Send(_) => return Ok(()),
                Look::Nothing if is_passing => {}
                Look::Nothing => return Ok(()),
            }
        }
    }

    /// Pings, or ends what answers no ping.
    async fn beat<S>(&mut self, peer: &mut Peer<S>) -> Result<(), End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.pong_by.is_some() {
            return Err(End::Broken);
        }
        peer.ping().await?;
        let now = Instant::now();
        self.pong_by = Some(now + PONG_WITHIN);
        self.next_ping = now + PING_EVERY;
        Ok(())
    }

    async fn answer<S>(&mut self, peer: &mut Peer<S>, said: Said) -> Result<(), End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let text = match said {
            Said::Nothing => return Ok(()),
            Said::Pong => {
                self.pong_by = None;
                return Ok(());
            }
            Said::Text(text) => Some(text),
            Said::Binary => None,
        };
        if !self.may_say_more() {
            let (most, within) = MAX_MESSAGES;
            let within = within.as_secs();
            let words = format!("more than {most} messages came within {within} s");
            peer.tell_error(&words).await?;
            return Err(End::code(4029, "rate limit exceeded"));
        }
        // What happened before a client spoke comes before the answer: whoever got a pong has heard
        // all that there was to hear.
        let present = self.connection.world().view(|state, _| last_number(state));
        self.catch_up(peer, present).await?;
        let Some(text) = text else {
            return peer
                .tell_error("binary frames say nothing here; send JSON in text frames")
                .await;
        };
        match frames::read(&text) {
            Err(why) => peer.tell_error(&why).await,
            Ok(ClientFrame::Ping) => peer.tell(&ServerFrame::Pong).await,
            Ok(ClientFrame::Subscribe(wish)) => {
                match self.follower.subscribe(self.connection, &wish) {
                    Outcome::Revoked => Ok(()),
                    Outcome::Refused(why) => peer.tell_error(&why).await,
                    Outcome::Done(heard) => {
                        let inbox_ids = heard.inboxes.as_deref().unwrap_or_default();
                        let kinds = heard.kinds.as_deref().unwrap_or_default();
                        let event_types = kinds.iter().map(|kind| kind.word()).collect();
                        peer.tell(&ServerFrame::Subscribed {
                            inbox_ids,
                            event_types,
                        })
                        .await
                    }
                }
            }
            Ok(ClientFrame::Unsubscribe(named)) => {
                match self.follower.unsubscribe(self.connection, &named) {
                    Outcome::Revoked => Ok(()),
                    Outcome::Refused(why) => peer.tell_error(&why).await,
                    Outcome::Done(inbox_ids) => {
                        // Nothing comes after the word.
                        self.catch_up(peer, 0).await?;
                        let inbox_ids = &inbox_ids;
                        peer.tell(&ServerFrame::Unsubscribed { inbox_ids }).await
                    }
                }
            }
        }
    }

    /// Notes a message; false if that is one too many.
    fn may_say_more(&mut self) -> bool {
        let (most, within) = MAX_MESSAGES;
        let now = Instant::now();
        let oldest = self.heard.front().filter(|_| self.heard.len() >= most);
        if oldest.is_some_and(|oldest| now.duration_since(*oldest) < within) {
            return false;
        }
        if self.heard.len() >= most {
            self.heard.pop_front();
        }
        self.heard.push_back(now);
        true
    }
}
