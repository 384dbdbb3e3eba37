//! The sockets of a world: who is connected, and what the bench has ordered of them.
//!
//! Sockets are trace, not state: a reset leaves them. What is written to them is decided in `push/`;
//! this room only keeps what must not happen from happening, by locks that nobody else names.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::caller::Caller;
use super::listening::Era;
use super::world::World;
use crate::domain::clock::Timestamp;
use crate::domain::events::{Listener, Subscription};
use crate::domain::keys::Holder;
use crate::domain::state::State;

/// An account has at most this many sockets at once (OpenMail docs, WebSockets, Limits).
pub const MAX_SOCKETS: usize = 10;

/// An account has as many sockets as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySockets;

/// How a socket misbehaves because the bench says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mode {
    /// It neither reads nor writes, while the connection stays.
    pub half_open: bool,
    /// So many of the next events are skipped.
    pub gap: u64,
    /// So many of the next events are sent twice.
    pub duplicate: u64,
}

/// How a socket ends because the bench says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// With a close frame of this code.
    Code(u16),
    /// Without a close frame: the connection just ends.
    Abrupt,
}

/// What the bench has ordered of a socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orders {
    /// How it misbehaves.
    pub mode: Mode,
    /// How it ends, if it is to.
    pub close: Option<Close>,
}

/// One socket, as the bench sees it.
#[derive(Debug)]
pub struct Socket {
    /// Its number in the process: that of the exchange which opened it.
    pub number: u64,
    /// Who opened it.
    pub holder: Holder,
    /// When, by the world's clock.
    pub opened_at: Timestamp,
    orders: watch::Sender<Orders>,
    /// Event frames that left.
    delivered: AtomicU64,
    /// Held while an event leaves, so that whoever says that none leaves any more can wait for one
    /// that is leaving. Nobody waits for the peer meanwhile.
    gate: Mutex<()>,
}

/// What became of an event that was to leave a socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Way<T> {
    /// It may not leave: the state that it is of was replaced, or the bench forbids it.
    Barred,
    /// The bench had it skipped.
    Skipped,
    /// It left.
    Left(T),
}

impl Socket {
    /// How it misbehaves.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.orders.borrow().mode
    }

    /// Event frames that left so far.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Gives an order; when this returns, nothing leaves against it.
    fn order(&self, order: impl FnOnce(&mut Orders)) {
        self.orders.send_modify(order);
        self.fence();
    }

    /// Waits for an event that is leaving.
    fn fence(&self) {
        drop(self.gate.lock());
    }

    /// Uses up the mode for one event: how often it is sent.
    fn copies(&self) -> usize {
        let mut copies = 1;
        self.orders.send_if_modified(|orders| {
            let Mode { gap, duplicate, .. } = &mut orders.mode;
            if *gap > 0 {
                *gap -= 1;
                copies = 0;
            } else if *duplicate > 0 {
                *duplicate -= 1;
                copies = 2;
            }
            // Nobody waits for a mode to be used up.
            false
        });
        copies
    }
}

impl World {
    /// All sockets, the oldest first, each with what it is subscribed to.
    #[must_use]
    pub fn sockets(&self) -> Vec<(Arc<Socket>, Vec<Subscription>)> {
        let sockets: Vec<_> = self.sockets.lock().values().cloned().collect();
        let listeners = self.current.read().listeners.clone();
        let subscriptions = |socket: &Socket| {
            let mut known = listeners.sockets.iter();
            let known = known.find(|listener| listener.socket == socket.number);
            known.map_or_else(Vec::new, |listener| listener.subscriptions.clone())
        };
        let told = sockets.into_iter().map(|socket| {
            let subscriptions = subscriptions(&socket);
            (socket, subscriptions)
        });
        told.collect()
    }

    /// Changes how a socket misbehaves; false if there is none of that number.
    pub fn set_socket_mode(&self, number: u64, mode: Mode) -> bool {
        let socket = self.sockets.lock().get(&number).cloned();
        let is_there = socket.is_some();
        if let Some(socket) = socket {
            socket.order(|orders| orders.mode = mode);
        }
        is_there
    }

    /// Ends a socket; false if there is none of that number. From then on nothing leaves it but its
    /// end, and what happens goes another way.
    pub fn close_socket(&self, number: u64, close: Close) -> bool {
        let socket = self.sockets.lock().remove(&number);
        let is_there = socket.is_some();
        if let Some(socket) = socket {
            socket.order(|orders| orders.close = Some(close));
            self.listen(|listeners, _| listeners.sockets.retain(|it| it.socket != number));
        }
        is_there
    }

    /// Waits until no socket is in the middle of an event. Whoever replaced the state before this
    /// knows after it that nothing of the old one leaves any more.
    pub(super) fn fence_sockets(&self) {
        let sockets: Vec<_> = self.sockets.lock().values().cloned().collect();
        for socket in sockets {
            socket.fence();
        }
    }
}

impl Caller {
    /// Connects a socket that the exchange of that number opened.
    ///
    /// # Errors
    ///
    /// [`TooManySockets`].
    pub fn connect(&self, number: u64) -> Result<Connection, TooManySockets> {
        let world = self.world();
        let socket = Arc::new(Socket {
            number,
            holder: self.holder().clone(),
            opened_at: world.now(),
            orders: watch::Sender::new(Orders::default()),
            delivered: AtomicU64::new(0),
            gate: Mutex::default(),
        });
        let mut sockets = world.sockets.lock();
        if sockets.len() >= MAX_SOCKETS {
            return Err(TooManySockets);
        }
        sockets.insert(number, socket.clone());
        drop(sockets);
        Ok(Connection {
            caller: Some(self.clone()),
            socket,
        })
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(out)
    }
}

/// A socket's place in its world, which keeps the world from being idle. It is given back at the
/// latest when this is dropped.
pub struct Connection {
    /// None while it is dropped.
    caller: Option<Caller>,
    socket: Arc<Socket>,
}

impl Connection {
    /// Who is connected.
    ///
    /// # Panics
    ///
    /// Never.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        let caller = self.caller.as_ref();
        caller.expect("a connection has its caller until it is dropped")
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &World {
        self.caller().world()
    }

    /// What the bench orders, now and later.
    #[must_use]
    pub fn orders(&self) -> watch::Receiver<Orders> {
        self.socket.orders.subscribe()
    }

    /// Changes what it is subscribed to, in turn with all writes ([`World::listen`]).
    pub fn subscribe<T>(&self, change: impl FnOnce(&mut Vec<Subscription>, &State, Era) -> T) -> T {
        let world = self.world();
        world.listen(|listeners, state| {
            let number = self.socket.number;
            let known = listeners.sockets.iter().position(|it| it.socket == number);
            let known = known.map(|index| listeners.sockets.swap_remove(index));
            let mut listener = known.unwrap_or_else(|| Listener {
                socket: number,
                holder: self.socket.holder.clone(),
                subscriptions: Vec::new(),
            });
            let changed = change(&mut listener.subscriptions, state, world.era());
            // A socket that the bench ends listens no more, whatever it was just asking for.
            let is_ending = self.socket.orders.borrow().close.is_some();
            if !listener.subscriptions.is_empty() && !is_ending {
                listeners.sockets.push(listener);
            }
            changed
        })
    }

    /// Lets an event of that generation's state leave: `write` is told how often, and waits for
    /// nobody.
    pub fn pass<T>(&self, generation: u64, write: impl FnOnce(usize) -> T) -> Way<T> {
        let gate = self.socket.gate.lock();
        let orders = *self.socket.orders.borrow();
        let is_barred = orders.close.is_some() || orders.mode.half_open;
        if is_barred || self.world().generation() != generation {
            return Way::Barred;
        }
        let copies = self.socket.copies();
        if copies == 0 {
            return Way::Skipped;
        }
        let left = write(copies);
        self.socket
            .delivered
            .fetch_add(copies as u64, Ordering::Relaxed);
        drop(gate);
        Way::Left(left)
    }

    /// Gives the place back: nobody counts on this socket from now on.
    pub fn leave(&self) {
        let number = self.socket.number;
        let world = self.world();
        world.sockets.lock().remove(&number);
        let is_listed = {
            let current = world.current.read();
            let mut listed = current.listeners.sockets.iter();
            listed.any(|listener| listener.socket == number)
        };
        if is_listed {
            world.listen(|listeners, _| listeners.sockets.retain(|it| it.socket != number));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.leave();
        let _ = self.caller.take().map(Caller::leave);
    }
}
