//! Which events a socket is to be sent: a cursor over the events of its world.
//!
//! Nothing is queued. The follower asks the state for the next event behind its cursor whenever the
//! one before has left, so a slow reader costs nothing, and nothing is lost or doubled.

use std::sync::Arc;

use super::frames::{Wish, shown};
use crate::app::{Connection, Era};
use crate::domain::events::{self, Event, Kind, Route, Subject, Subscription};
use crate::domain::ids::Id;
use crate::domain::inboxes::{self, Inbox};
use crate::domain::keys::Scope;
use crate::domain::state::State;
use crate::domain::table::Page;

/// At most this many events are replayed (OpenMail docs, WebSockets, Replay).
pub(super) const MAX_REPLAYED: usize = 100;

/// A socket's place among the events of its world.
pub(super) struct Follower {
    /// What the era's number is, as far as the follower knows.
    generation: u64,
    /// How far the socket's key reaches, which never changes.
    scope: Scope,
    /// The last event that was looked at.
    cursor: u64,
    /// What the world's listeners say of this socket, so that matching takes no lock.
    subscriptions: Vec<Subscription>,
    /// Where the cursor is on its way to a change of the subscriptions.
    passage: Option<Passage>,
}

/// The stretch of events up to a change of the subscriptions. What happened there is judged by those
/// from before, and what is replayed comes in between, in the order of events.
struct Passage {
    /// The last event when the subscriptions changed.
    until: u64,
    /// What happened up to here has been looked at before.
    seen: u64,
    /// The subscriptions from before.
    earlier: Vec<Subscription>,
    /// What the change asked to have replayed.
    replay: Option<Replay>,
}

struct Replay {
    /// The event that the client heard last.
    after: u64,
    /// What it asks for: the new subscription alone, whatever others there are.
    wish: Subscription,
    /// How many more may be replayed.
    left: usize,
}

/// An event that is to be sent.
pub(super) struct Next {
    pub event: Arc<Event>,
    /// The generation of the state that it is of.
    pub generation: u64,
    /// Whether it counts against the bound of a replay.
    is_replayed: bool,
}

/// What a subscription came to.
pub(super) enum Outcome<T> {
    Done(T),
    /// It was refused, and nothing was changed.
    Refused(String),
    /// The key lets nobody in any more.
    Revoked,
}

impl Follower {
    /// Follows from the end of the present state: whoever is not subscribed hears nothing.
    pub fn new(connection: &Connection) -> Self {
        connection.world().view(|state, era| Self {
            generation: era.generation,
            scope: connection.caller().scope(),
            cursor: events::last_number(state),
            subscriptions: Vec::new(),
            passage: None,
        })
    }

    /// Whether it is on its way to a change of its subscriptions.
    pub fn is_passing(&self) -> bool {
        self.passage.is_some()
    }

    /// Takes notice of a state that replaced the one before: it is followed from its beginning.
    fn notice(&mut self, era: Era) {
        if era.generation != self.generation {
            self.generation = era.generation;
            self.cursor = era.start;
            self.passage = None;
        }
    }

    /// The next event to send.
    pub fn next(&mut self, state: &State, era: Era) -> Option<Next> {
        self.notice(era);
        let until = self.passage.as_ref().map_or(u64::MAX, |it| it.until);
        let following = events::after(state, self.cursor).take_while(|it| it.number <= until);
        // What is of no interest is passed over once, and never looked at again.
        let mut passed = self.cursor;
        for event in following {
            if let Some(is_replayed) = self.wants(state, event) {
                self.cursor = passed;
                return Some(Next {
                    event: event.clone(),
                    generation: self.generation,
                    is_replayed,
                });
            }
            passed = event.number;
        }
        self.cursor = passed;
        if self.passage.take().is_some() {
            self.cursor = until;
        }
        None
    }

    /// Goes on behind an event that was sent, or skipped.
    pub fn pass(&mut self, next: &Next) {
        // The state was replaced while it was being sent: its number means nothing any more.
        if next.generation != self.generation {
            return;
        }
        self.cursor = next.event.number;
        let replay = self.passage.as_mut().and_then(|it| it.replay.as_mut());
        if let Some(replay) = replay.filter(|_| next.is_replayed) {
            replay.left -= 1;
        }
    }

    /// Whether an event is to be sent; true if it is only because it is replayed.
    fn wants(&self, state: &State, event: &Event) -> Option<bool> {
        let kind = event.subject.kind();
        let inbox = event.subject.inbox()?;
        // Only what came flows over sockets, whatever else was asked for.
        if kind != Kind::MessageReceived {
            return None;
        }
        let standing = state.inboxes.get(inbox);
        // Judged anew for each event: a fixture may have put the inbox into another pod.
        let is_reached = standing.is_none_or(|inbox| reaches(self.scope, state, inbox));
        let (heard_by, seen) = match &self.passage {
            Some(passage) => (&passage.earlier, passage.seen),
            None => (&self.subscriptions, 0),
        };
        let is_live = event.route == Route::Socket && event.number > seen;
        let is_heard = heard_by.iter().any(|it| it.asks_for(inbox, kind));
        if is_live && is_heard && is_reached {
            return Some(false);
        }
        let replay = self.passage.as_ref()?.replay.as_ref()?;
        let is_replayed = event.number > replay.after
            && replay.left > 0
            && replay.wish.asks_for(inbox, kind)
            // Of an inbox that is gone, nothing can be asked for.
            && standing.is_some()
            && is_reached;
        is_replayed.then_some(true)
    }

    /// Subscribes to what a client wishes to hear; what is heard from now on.
    pub fn subscribe(&mut self, connection: &Connection, wish: &Wish) -> Outcome<Subscription> {
        connection.subscribe(|subscriptions, state, era| {
            if !connection.caller().holder().is_let_in(state) {
                return Outcome::Revoked;
            }
            self.notice(era);
            let understood = understand(state, self.scope, wish);
            let (subscription, replay_after) = match understood {
                Ok(understood) => understood,
                Err(why) => return Outcome::Refused(why),
            };
            self.begin_passage(state, replay_after.map(|after| (after, &subscription)));
            events::subscribe(subscriptions, subscription.clone());
            self.subscriptions.clone_from(subscriptions);
            Outcome::Done(subscription)
        })
    }

    /// Ends subscriptions to these inboxes, or to all if none is named; those that were ended.
    pub fn unsubscribe(&mut self, connection: &Connection, named: &[String]) -> Outcome<Vec<Id>> {
        connection.subscribe(|subscriptions, state, era| {
            if !connection.caller().holder().is_let_in(state) {
                return Outcome::Revoked;
            }
            self.notice(era);
            // Whoever heard of an inbox that is gone may still end that.
            let is_known = |id: Id| {
                let mut named = subscriptions.iter().filter_map(|it| it.inboxes.as_ref());
                named.any(|inboxes| inboxes.contains(&id))
            };
            let ids: Result<Vec<Id>, String> = distinct(named)
                .map(|name| match Id::parse(name).filter(|id| is_known(*id)) {
                    Some(id) => Ok(id),
                    None => inbox_in_reach(state, self.scope, name),
                })
                .collect();
            let ids = match ids {
                Ok(ids) => ids,
                Err(why) => return Outcome::Refused(why),
            };
            self.begin_passage(state, None);
            match ids.is_empty() {
                true => subscriptions.clear(),
                false => events::unsubscribe(subscriptions, &ids),
            }
            self.subscriptions.clone_from(subscriptions);
            Outcome::Done(ids)
        })
    }

    /// What happened up to here belongs to the subscriptions so far.
    fn begin_passage(&mut self, state: &State, replay: Option<(u64, &Subscription)>) {
        let seen = self.cursor;
        self.cursor = replay.map_or(seen, |(after, _)| after.min(seen));
        self.passage = Some(Passage {
            until: events::last_number(state),
            seen,
            earlier: self.subscriptions.clone(),
            replay: replay.map(|(after, wish)| Replay {
                after,
                wish: wish.clone(),
                left: MAX_REPLAYED,
            }),
        });
    }
}

fn reaches(scope: Scope, state: &State, inbox: &Inbox) -> bool {
    scope.check_inbox(state, inbox).is_ok()
}

/// What a wish means in this state: a subscription, and the event behind which replay begins.
fn understand(
    state: &State,
    scope: Scope,
    wish: &Wish,
) -> Result<(Subscription, Option<u64>), String> {
    let inboxes = match (wish.inboxes.is_empty(), scope) {
        (true, Scope::Account) => None,
        // Expanded now: whoever makes an inbox later subscribes again.
        (true, Scope::Pod(_)) => Some(all_inboxes(state, scope)),
        (true, Scope::Inbox { inbox, .. }) => Some(vec![inbox]),
        (false, _) => {
            let named = distinct(&wish.inboxes);
            let ids = named.map(|name| inbox_in_reach(state, scope, name));
            Some(ids.collect::<Result<_, _>>()?)
        }
    };
    let last_event = wish.last_event.as_deref();
    let replay_after = last_event.map(|name| event_in_reach(state, scope, name));
    let subscription = Subscription {
        inboxes,
        except: Vec::new(),
        kinds: (!wish.kinds.is_empty()).then(|| wish.kinds.clone()),
    };
    Ok((subscription, replay_after.transpose()?))
}

fn all_inboxes(state: &State, scope: Scope) -> Vec<Id> {
    let all = Page {
        limit: usize::MAX,
        offset: 0,
    };
    let listing = inboxes::list(state, scope, None, all);
    listing.rows.iter().map(|inbox| inbox.id).collect()
}

/// The names in their order, each once.
fn distinct(names: &[String]) -> impl Iterator<Item = &str> {
    let mut known = std::collections::HashSet::new();
    let names = names.iter().map(String::as_str);
    names.filter(move |name| known.insert(*name))
}

fn inbox_in_reach(state: &State, scope: Scope, name: &str) -> Result<Id, String> {
    let inbox = inboxes::get(state, name).ok();
    let known = inbox.filter(|inbox| reaches(scope, state, inbox));
    let inbox = known.ok_or_else(|| {
        let owner = match scope {
            Scope::Account => "of this account",
            Scope::Pod(_) | Scope::Inbox { .. } => "that this key reaches",
        };
        format!(
            "`inbox_ids` names `{}`, which is no inbox {owner}; GET /v1/inboxes lists their ids",
            shown(name)
        )
    })?;
    Ok(inbox.id)
}

fn event_in_reach(state: &State, scope: Scope, name: &str) -> Result<u64, String> {
    let event = Id::parse(name).and_then(|id| events::find(state, id));
    let is_reached = |event: &&Arc<Event>| match &event.subject {
        Subject::MessageReceived(_) | Subject::Inbox { .. } => {
            let inbox = event.subject.inbox().and_then(|id| state.inboxes.get(id));
            // Nobody can tell any more whose an inbox was that is gone; its events are not replayed.
            inbox.is_none_or(|inbox| reaches(scope, state, inbox))
        }
        Subject::Pod { pod, .. } => scope.check_pod(state, *pod).is_ok(),
    };
    let event = event.filter(is_reached).ok_or_else(|| {
        format!(
            "`last_event_id` is `{}`, which is no event that is kept here; leave it out to hear of \
             what happens from now on",
            shown(name)
        )
    })?;
    Ok(event.number)
}
