//! Expectations: asking whether something happened, and waiting until it did, are one question.

mod count;
mod entry;
mod idle;

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::waiting::Waiting;
use crate::app::World;
use crate::contract::Item;
use crate::domain::state::State;
use count::Count;
use entry::{Entry, Kind};

pub(super) const ROWS: &[Row] = &[Row::waiting("expect", expect)];

/// So many near misses are told.
const MAX_NEAR: usize = 3;
/// So many matches are shown, the first ones.
const MAX_SHOWN: usize = 100;

/// What is expected of messages, or of deliveries.
struct Wanted {
    kind: Kind,
    /// What one has to be: fields of the matcher and their patterns.
    fields: Vec<(String, String)>,
    count: Count,
    /// Only those behind this one count.
    after: Option<Entry>,
    /// What URLs in answers begin with.
    base: String,
}

fn expect(call: &Call<'_>) -> Result<Waiting, Failure> {
    let Some(body) = &call.input.body else {
        return Err(Failure::bad_request("the body says what is expected"));
    };
    let body = body.root();
    let within = number(body, "withinMs").unwrap_or(0);
    let within = Duration::from_millis(within as u64);
    let kind = match body.get("of").and_then(|of| of.as_str()) {
        Some("idle") => return idle::expect(body, within),
        Some("deliveries") => Kind::Deliveries,
        // The document knows no other.
        _ => Kind::Messages,
    };
    let wanted = Arc::new(Wanted::of(call, body, kind)?);
    let looking = wanted.clone();
    let ask = move |world: &World| {
        let found = world.read(|state| looking.matches(state));
        let count = looking.count;
        let is_met = count.is_settled(found.len()) && count.holds(found.len());
        let is_missed = count.is_settled(found.len()) && !count.holds(found.len());
        match (is_met, is_missed) {
            (true, _) => Some(Ok(looking.met(world, &found))),
            (_, true) => Some(Ok(looking.missed(world, found.len()))),
            (false, false) => None,
        }
    };
    let otherwise = move |world: &World| {
        let found = world.read(|state| wanted.matches(state));
        Ok(match wanted.count.holds(found.len()) {
            true => wanted.met(world, &found),
            false => wanted.missed(world, found.len()),
        })
    };
    Ok(Waiting::new(within, ask, otherwise))
}

fn number(body: Item<'_>, field: &str) -> Option<usize> {
    usize::try_from(body.get(field)?.as_integer()?).ok()
}

impl Wanted {
    fn of(call: &Call<'_>, body: Item<'_>, kind: Kind) -> Result<Self, Failure> {
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
            Some(id) => Some(kind.find(call.world, id)?),
            None => None,
        };
        let matcher = body.get("match").into_iter();
        let fields = matcher.flat_map(|matcher| matcher.members());
        let fields = fields.filter_map(|(name, value)| Some((name, value.as_str()?)));
        let fields: Vec<(String, String)> = fields
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        let known = kind.fields();
        let foreign = fields
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()));
        if let Some((name, _)) = foreign {
            return Err(Failure::bad_request(format!(
                "`match` has `{name}`, which is asked of something else; here it knows `{}`",
                known.join("`, `")
            )));
        }
        Ok(Self {
            kind,
            fields,
            count,
            after,
            base: call.base(),
        })
    }

    /// What matches, the oldest first.
    fn matches(&self, state: &State) -> Vec<Entry> {
        let fits = |entry: &Entry| self.fields.iter().all(|field| entry.is_met(state, field));
        self.candidates(state).filter(fits).collect()
    }

    fn candidates<'s>(&'s self, state: &'s State) -> impl Iterator<Item = Entry> + 's {
        let is_later = |entry: &Entry| {
            let after = self.after.as_ref();
            after.is_none_or(|after| entry.is_behind(after))
        };
        self.kind.all(state).filter(is_later)
    }

    fn met(&self, world: &World, found: &[Entry]) -> Reply {
        let shown = found.iter().take(MAX_SHOWN);
        let shown: Vec<_> = shown.map(|entry| entry.view(world, &self.base)).collect();
        let view = json!({ "matched": shown, "count": found.len() });
        Reply::json(StatusCode::OK, &view)
    }

    /// Says what came closest.
    fn missed(&self, world: &World, found: usize) -> Reply {
        let near = match self.count.is_short(found) {
            true => world.read(|state| self.nearest(world, state)),
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
        let matching = self.kind.matching(found);
        let message = format!("{found} {matching}, {}{tail}", self.count.words());
        let view = json!({
            "error": "expectation_failed",
            "message": message,
            "count": found,
            "nearMisses": near,
        });
        Reply::json(StatusCode::EXPECTATION_FAILED, &view)
    }

    fn nearest(&self, world: &World, state: &State) -> Vec<Value> {
        let missed = |entry: &Entry| {
            let fields = self.fields.iter();
            let missed = fields.filter(|field| !entry.is_met(state, field));
            missed.cloned().collect::<Vec<_>>()
        };
        let mut near: Vec<_> = self
            .candidates(state)
            .map(|entry| (missed(&entry), entry))
            .filter(|(missed, _)| !missed.is_empty())
            .collect();
        near.sort_by_key(|(missed, _)| missed.len());
        near.truncate(MAX_NEAR);
        let told = near.into_iter().map(|(missed, entry)| {
            let differences: Vec<Value> = missed
                .iter()
                .map(|(field, expected)| {
                    let actual = entry.actual(state, field).join(", ");
                    json!({ "field": field, "expected": expected, "actual": actual })
                })
                .collect();
            json!({ "entry": entry.view(world, &self.base), "differences": differences })
        });
        told.collect()
    }
}
