//! Limits: how much may happen in a time on the world's clock (OpenMail docs, Limits).

mod correspondents;
mod days;
mod protocol;
mod rates;
mod requests;
mod usage;

use openmail_mock::api::post::{self, Content};
use openmail_mock::domain::account::Plan;
use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::events::Listeners;
use openmail_mock::domain::ids::Source;
use openmail_mock::domain::inboxes::{self, Inbox, Standing};
use openmail_mock::domain::messages::Mail;
use openmail_mock::domain::pods;
use openmail_mock::domain::refusal::{ColdScope, RateLimit, Refusal};
use openmail_mock::domain::sends::{NewSend, Provoked};
use openmail_mock::domain::state::{State, Transaction};

/// Where the clock of an account begins.
const OPENED: &str = "2026-01-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

/// An account and the instant at which things happen to it.
struct Life {
    state: State,
    now: Timestamp,
}

impl Life {
    /// An account that was opened just now, whose limits hold.
    fn new() -> Self {
        let now = at(OPENED);
        let mut state = State::empty(Clock::Frozen { at: now }, now, 0);
        openmail_mock::domain::account::set_default_limits(&mut state, true);
        Self { state, now }
    }

    fn on(plan: Plan) -> Self {
        let mut life = Self::new();
        let change = openmail_mock::domain::account::AccountChange {
            plan: Some(plan),
            ..Default::default()
        };
        life.write(|tx| openmail_mock::domain::account::update(tx, change))
            .expect("a plan");
        life
    }

    /// Lets time pass until that instant.
    fn until(&mut self, instant: &str) {
        self.now = at(instant);
    }

    fn pass(&mut self, millis: i64) {
        self.now = self.now.after(millis).expect("within the calendar");
    }

    /// Runs a rule as a world does: what it refuses leaves no trace.
    fn write<T>(
        &mut self,
        rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut next = self.state.clone();
        let source = Source {
            seed: 0,
            world: "w",
        };
        let done = rule(&mut Transaction {
            state: &mut next,
            now: self.now,
            source,
            listeners: Listeners::NOBODY,
        })?;
        self.state = next;
        Ok(done)
    }

    /// An inbox that was there before anybody counted.
    fn inbox(&mut self, name: &str) -> Inbox {
        let standing = Standing {
            id: None,
            pod: pods::default_pod(&self.state).id,
            address: format!("{name}@openmail.sh").into(),
            display_name: None,
            webhook: None,
            created_at: None,
        };
        let inbox = self.write(|tx| inboxes::place(tx, standing));
        Inbox::clone(&*inbox.expect("an inbox"))
    }

    fn send(&mut self, inbox: &Inbox, to: &str) -> Result<(), Refusal> {
        self.send_to(inbox, &[to], &[], &[])
    }

    fn send_to(
        &mut self,
        inbox: &Inbox,
        to: &[&str],
        cc: &[&str],
        bcc: &[&str],
    ) -> Result<(), Refusal> {
        let boxed = |list: &[&str]| list.iter().map(|it| Box::from(*it)).collect();
        let new = NewSend {
            inbox: inbox.id.to_string(),
            to: Box::from(to[0]),
            cc: boxed(cc),
            bcc: boxed(bcc),
            subject: Some("Hello".into()),
            ..NewSend::default()
        };
        let provoked = Provoked::of(&new, |_| None)?;
        self.write(|tx| {
            let inbox = inboxes::get(tx.state, &new.inbox)?;
            post::send(tx, inbox, &new, &Content::of("Hello", None), &provoked)
        })?;
        Ok(())
    }

    /// Lets somebody write to an inbox.
    fn receive(&mut self, inbox: &Inbox, from: &str) {
        let mail = Mail {
            from: from.into(),
            to: [Box::from(&*inbox.address)].into(),
            message_id: format!("{from}/{}", self.now.millis()).into(),
            ..Mail::default()
        };
        let to = [inbox.address.to_string()];
        self.write(|tx| post::deliver(tx, &mail, &to))
            .expect("it comes");
    }
}

/// A refusal for rate, as its bound and seconds.
#[track_caller]
fn rate(refused: Result<(), Refusal>) -> (RateLimit, u64) {
    match refused {
        Err(Refusal::RateLimitExceeded { limit, retry_after }) => (limit, retry_after),
        other => panic!("no rate was exceeded: {other:?}"),
    }
}

/// A refusal for cold outreach: whose bound, how large, when it ends, in how many seconds.
#[track_caller]
fn cold(refused: Result<(), Refusal>) -> (ColdScope, u32, String, u64) {
    match refused {
        Err(Refusal::ColdOutreachLimit {
            scope,
            limit,
            resets_at,
            retry_after,
        }) => (scope, limit, resets_at.to_string(), retry_after),
        other => panic!("it was not too cold: {other:?}"),
    }
}
