//! Expectations: asking whether something happened, and waiting until it did, are one question.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::mail_views::MessageView;
use crate::api::reply::Reply;
use crate::api::waiting::Waiting;
use crate::app::World;
use crate::contract::Item;
use crate::domain::inboxes;
use crate::domain::messages::{self, Message};
use crate::domain::sends::{bare, recipients};
use crate::domain::state::State;
use crate::record::pattern::fits;

pub(super) const ROWS: &[Row] = &[Row::waiting("expect", expect)];

/// So many near misses are told.
const MAX_NEAR: usize = 3;
/// So many matches are shown, the first ones.
const MAX_SHOWN: usize = 100;

/// How many have to match.
#[derive(Debug, Clone, Copy)]
enum Count {
    Times(usize),
    AtLeast(usize),
    AtMost(usize),
}

impl Count {
    fn holds(self, found: usize) -> bool {
        match self {
            Count::Times(times) => found == times,
            Count::AtLeast(least) => found >= least,
            Count::AtMost(most) => found <= most,
        }
    }

    /// Whether nothing that may still come can change it.
    fn is_settled(self, found: usize) -> bool {
        match self {
            Count::Times(limit) | Count::AtMost(limit) => found > limit,
            Count::AtLeast(least) => found >= least,
        }
    }

    /// Whether more would have to match.
    fn is_short(self, found: usize) -> bool {
        match self {
            Count::Times(least) | Count::AtLeast(least) => found < least,
            Count::AtMost(_) => false,
        }
    }

    fn words(self) -> String {
        match self {
            Count::Times(times) => format!("exactly {times} expected"),
            Count::AtLeast(least) => format!("at least {least} expected"),
            Count::AtMost(most) => format!("at most {most} expected"),
        }
    }
}

/// What is expected of messages.
struct Wanted {
    /// What a message has to be: fields of the matcher and their patterns.
    fields: Vec<(String, String)>,
    count: Count,
    /// Only messages behind this one count.
    after: Option<Arc<Message>>,
    /// What URLs in answers begin with.
    base: String,
}

fn expect(call: &Call<'_>) -> Result<Waiting, Failure> {
    let Some(body) = &call.input.body else {
        return Err(Failure::bad_request("the body says what is expected"));
    };
    let body = body.root();
    let within = number(body, "withinMs").unwrap_or(0);
    let wanted = Arc::new(Wanted::of(call, body)?);
    let looking = wanted.clone();
    let ask = move |world: &World| {
        let found = world.read(|state| looking.matches(state));
        let count = looking.count;
        let is_met = count.is_settled(found.len()) && count.holds(found.len());
        let is_missed = count.is_settled(found.len()) && !count.holds(found.len());
        match (is_met, is_missed) {
            (true, _) => Some(Ok(looking.met(&found))),
            (_, true) => Some(Ok(looking.missed(world, found.len()))),
            (false, false) => None,
        }
    };
    let otherwise = move |world: &World| {
        let found = world.read(|state| wanted.matches(state));
        Ok(match wanted.count.holds(found.len()) {
            true => wanted.met(&found),
            false => wanted.missed(world, found.len()),
        })
    };
    Ok(Waiting::new(
        Duration::from_millis(within as u64),
        ask,
        otherwise,
    ))
}

fn number(body: Item<'_>, field: &str) -> Option<usize> {
    usize::try_from(body.get(field)?.as_integer()?).ok()
}

impl Wanted {
    fn of(call: &Call<'_>, body: Item<'_>) -> Result<Self, Failure> {
        let counts = [
            number(body, "times").map(Count::Times),
            number(body, "atLeast").map(Count::AtLeast),
            number(body, "atMost").map(Count::AtMost),
        ];
        let mut counts = counts.into_iter().flatten();
        let count = counts.next().unwrap_or(Count::AtLeast(1));
        if counts.next().is_some() {
            return Err(Failure::bad_request(
                "`times`, `atLeast` and `atMost` exclude each other; send one of them",
            ));
        }
        let after = match body.get("after").and_then(|id| id.as_str()) {
            Some(id) => Some(call.world.read(|state| messages::get(state, id))?),
            None => None,
        };
        let matcher = body.get("match").into_iter();
        let fields = matcher.flat_map(|matcher| matcher.members());
        let fields = fields.filter_map(|(name, value)| Some((name, value.as_str()?)));
        Ok(Self {
            fields: fields
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .collect(),
            count,
            after,
            base: call.base(),
        })
    }

    /// What matches, the oldest first.
    fn matches(&self, state: &State) -> Vec<Arc<Message>> {
        let candidates = self.candidates(state);
        let fits = |message: &&Arc<Message>| {
            self.fields
                .iter()
                .all(|field| is_met(state, message, field))
        };
        candidates.filter(fits).cloned().collect()
    }

    fn candidates<'s>(&'s self, state: &'s State) -> impl Iterator<Item = &'s Arc<Message>> {
        let is_later = |message: &&Arc<Message>| {
            let place = |it: &Message| (it.created_at, it.sequence());
            self.after
                .as_ref()
                .is_none_or(|after| place(message) > place(after))
        };
        state.messages.iter().filter(is_later)
    }

    fn met(&self, found: &[Arc<Message>]) -> Reply {
        let shown = found.iter().take(MAX_SHOWN);
        let shown: Vec<_> = shown
            .map(|message| MessageView::new(message, &self.base))
            .collect();
        let view = json!({ "matched": shown, "count": found.len() });
        Reply::json(StatusCode::OK, &view)
    }

    /// Says what came closest.
    fn missed(&self, world: &World, found: usize) -> Reply {
        let near = match self.count.is_short(found) {
            true => world.read(|state| self.nearest(state)),
            false => Vec::new(),
        };
        let fields: Vec<&str> = near
            .first()
            .and_then(|miss| miss["differences"].as_array())
            .into_iter()
            .flatten()
            .filter_map(|difference| difference["field"].as_str())
            .collect();
        let tail = match fields.is_empty() {
            true => String::new(),
            false => format!("; the nearest differs in `{}`", fields.join("`, `")),
        };
        let matching = if found == 1 {
            "message matches"
        } else {
            "messages match"
        };
        let message = format!("{found} {matching}, {}{tail}", self.count.words());
        let view = json!({
            "error": "expectation_failed",
            "message": message,
            "count": found,
            "nearMisses": near,
        });
        Reply::json(StatusCode::EXPECTATION_FAILED, &view)
    }

    fn nearest(&self, state: &State) -> Vec<Value> {
        let missed = |message: &'_ Arc<Message>| {
            let fields = self.fields.iter();
            let missed = fields.filter(|field| !is_met(state, message, field));
            missed.cloned().collect::<Vec<_>>()
        };
        let mut near: Vec<_> = self
            .candidates(state)
            .map(|message| (missed(message), message))
            .filter(|(missed, _)| !missed.is_empty())
            .collect();
        near.sort_by_key(|(missed, _)| missed.len());
        near.truncate(MAX_NEAR);
        let told = near.into_iter().map(|(missed, message)| {
            let differences: Vec<Value> = missed
                .iter()
                .map(|(field, expected)| {
                    let actual = actual(state, message, field).join(", ");
                    json!({ "field": field, "expected": expected, "actual": actual })
                })
                .collect();
            let entry = MessageView::new(message, &self.base);
            json!({ "entry": entry, "differences": differences })
        });
        told.collect()
    }
}

fn is_met(state: &State, message: &Message, (field, pattern): &(String, String)) -> bool {
    let is_address = matches!(field.as_str(), "inbox" | "from" | "to");
    actual(state, message, field)
        .iter()
        .any(|text| match is_address {
            true => fits(&pattern.to_lowercase(), &text.to_lowercase()),
            false => fits(pattern, text),
        })
}

/// What a message has in a field of the matcher; any of them may fit.
fn actual(state: &State, message: &Message, field: &str) -> Vec<String> {
    let mail = &message.mail;
    match field {
        "inbox" => {
            let id = message.inbox.to_string();
            let inbox = inboxes::get(state, &id).ok();
            let address = inbox.map(|inbox| inbox.address.to_string());
            address.into_iter().chain([id]).collect()
        }
        "from" => vec![bare(&mail.from).to_owned()],
        "to" => recipients(mail).map(str::to_owned).collect(),
        "subject" => vec![mail.subject.to_string()],
        "direction" => vec![message.direction.word().to_owned()],
        _ => Vec::new(),
    }
}
