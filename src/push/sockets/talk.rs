//! A socket's conversation: what it is sent, what its client says, and who ends it.
//!
//! There is one loop and one task: it looks, sends what there is, and sleeps until the world, the
//! client, the bench or the heartbeat has something for it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::End;
use super::follower::{Follower, Next, Outcome};
use super::frames::{self, ClientFrame, ServerFrame, Wish};
use super::peer::{Peer, Said};
use crate::app::{App, Close, Connection, Orders, Way};
use crate::domain::events::last_number;
use crate::push::payload::{Telling, payload};

/// How often the peer is pinged, and how soon it has to answer.
const PING_EVERY: Duration = Duration::from_secs(30);
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// A client may send so many messages within that time.
const MAX_MESSAGES: (usize, Duration) = (30, Duration::from_secs(10));

/// One socket's conversation.
pub(super) struct Talk<'t> {
    connection: &'t Connection,
    app: &'t App,
    /// What URLs in events begin with.
    base: &'t str,
    /// What the bench orders; changes wake the socket.
    orders: watch::Receiver<Orders>,
    follower: Follower,
    /// When the last messages came, as many as may come.
    heard: VecDeque<Instant>,
    /// When the next ping is due.
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
    pub fn new(connection: &'t Connection, app: &'t App, base: &'t str) -> Self {
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
    pub async fn run<S>(&mut self, peer: &mut Peer<S>) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (connection, app, orders) = (self.connection, self.app, self.orders.clone());
        let talked = async {
            loop {
                if let Err(end) = self.step(peer).await {
                    return end;
                }
            }
        };
        select! {
            biased;
            end = talked => end,
            // Whoever ends it from outside waits for no frame that is stuck.
            end = ended(connection, app, orders) => end,
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
        if let Some(end) = due_end(self.connection, self.app, orders) {
            return Err(end);
        }
        if orders.mode.half_open {
            select! {
                () = changed => {}
                _ = self.orders.changed() => {}
                // What the peer says is not heard, but one that is gone gives its place back.
                () = peer.gone() => return Err(End::Broken),
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
        // The peer first: a pong that has come is in time, however busy the world is.
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
                peer.flush().await?;
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
        // Whoever answers nothing reads no close frame either.
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
            Ok(ClientFrame::Subscribe(wish)) => self.subscribe(peer, &wish).await,
            Ok(ClientFrame::Unsubscribe(named)) => self.unsubscribe(peer, &named).await,
        }
    }

    async fn subscribe<S>(&mut self, peer: &mut Peer<S>, wish: &Wish) -> Result<(), End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.follower.subscribe(self.connection, wish) {
            // The next look ends the socket.
            Outcome::Revoked => Ok(()),
            Outcome::Refused(why) => peer.tell_error(&why).await,
            Outcome::Done(heard) => {
                let kinds = heard.kinds.as_deref().unwrap_or_default();
                let confirmed = ServerFrame::Subscribed {
                    inbox_ids: heard.inboxes.as_deref().unwrap_or_default(),
                    event_types: kinds.iter().map(|kind| kind.word()).collect(),
                };
                // Before what is replayed, so that clients know what the replay is of.
                peer.tell(&confirmed).await
            }
        }
    }

    async fn unsubscribe<S>(&mut self, peer: &mut Peer<S>, named: &[String]) -> Result<(), End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.follower.unsubscribe(self.connection, named) {
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

/// How somebody other than the peer ends the socket, if they do.
fn due_end(connection: &Connection, app: &App, orders: Orders) -> Option<End> {
    match orders.close {
        Some(Close::Code(code)) => return Some(End::code(code, "closed by the bench")),
        Some(Close::Abrupt) => return Some(End::Abrupt),
        None => {}
    }
    let reason = match (connection.world().is_retired(), app.is_closing()) {
        (true, _) => "the world was dropped",
        (false, true) => "the server stops",
        (false, false) => return None,
    };
    // Not 4001, which clients take for final: whoever comes again finds the next world, or server.
    Some(match orders.mode.half_open {
        true => End::Broken,
        false => End::code(1001, reason),
    })
}

/// Waits until somebody does.
async fn ended(connection: &Connection, app: &App, mut orders: watch::Receiver<Orders>) -> End {
    loop {
        // Before looking, so that no change falls between the look and the sleep.
        let changed = connection.world().changed();
        let ordered = *orders.borrow_and_update();
        if let Some(end) = due_end(connection, app, ordered) {
            return end;
        }
        select! {
            () = changed => {}
            _ = orders.changed() => {}
        }
    }
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
