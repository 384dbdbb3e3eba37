//! Expectations: asking whether something happened, and waiting until it did, are one question.

mod count;
mod entry;
mod idle;
mod kind;
mod matcher;
mod sequence;
mod vocabulary;

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
use crate::contract::{Contract, Item, nearest};
use crate::domain::inboxes;
use count::Count;
use entry::{Entry, Showing};
use kind::{After, Kind, Tally};
use matcher::Matcher;
use sequence::Sequence;

pub(super) const ROWS: &[Row] = &[Row::waiting("expect", expect)];

/// So many near misses are told.
const MAX_NEAR: usize = 3;
/// An address that is misspelt is looked for among so many.
const MAX_COMPARED: usize = 1_000;
/// So many matches are shown, the first ones.
const MAX_SHOWN: usize = 100;

/// What is asked, and where.
struct Question {
    kind: Kind,
    /// Only those behind this one count.
    after: Option<After>,
    /// By which requests are judged.
    contract: Arc<Contract>,
    /// Where the API is served.
    url: String,
    /// What URLs in answers begin with.
    base: String,
}

/// So many of one kind.
struct Wanted {
    question: Question,
    matcher: Matcher,
    count: Count,
}

fn expect(call: &Call<'_>) -> Result<Waiting, Failure> {
    let Some(body) = &call.input.body else {
        return Err(Failure::bad_request("the body says what is expected"));
    };
    let body = body.root();
    let within = body.get("withinMs").and_then(|within| within.as_integer());
    let within = Duration::from_millis(within.unwrap_or(0).unsigned_abs());
    let kind = match body.get("of").and_then(|of| of.as_str()) {
        Some("idle") => return idle::expect(body, within),
        Some("deliveries") => Kind::Deliveries,
        Some("requests") => Kind::Requests,
        // The document knows no other.
        _ => Kind::Messages,
    };
    let count = Count::of(body)?;
    let after = body.get("after").and_then(|id| id.as_str());
    let question = Question {
        kind,
        after: after
            .map(|id| kind.place(&call.shared.app, call.world, id))
            .transpose()?,
        contract: call.shared.api.contract.clone(),
        url: call.shared.url.clone(),
        base: call.base(),
    };
    let matcher = body.get("match");
    let is_list = matcher.is_some_and(|matcher| matcher.elements().next().is_some());
    let in_order = body.get("inOrder").and_then(|it| it.as_bool()) == Some(true);
    match (is_list, in_order, matcher) {
        (true, true, Some(list)) => sequence(question, list, count, within),
        (true, false, _) => Err(Failure::bad_request(
            "`match` is a list, which is for what happens in an order: send `inOrder: true`, or ask about one thing at a time",
        )),
        (false, true, _) => Err(Failure::bad_request(
            "`inOrder` is about a list: send `match` as one, with a matcher for each step",
        )),
        (_, _, matcher) => {
            let contract = question.contract.clone();
            let matcher = matcher.map(|matcher| Matcher::of(&contract, kind, matcher));
            let wanted = Wanted {
                question,
                matcher: matcher.transpose()?.unwrap_or_default(),
                count: count.unwrap_or(Count::AtLeast(1)),
            };
            Ok(wanted.waiting(within))
        }
    }
}

fn sequence(
    question: Question,
    list: Item<'_>,
    count: Option<Count>,
    within: Duration,
) -> Result<Waiting, Failure> {
    if count.is_some() {
        return Err(Failure::bad_request(
            "a list in order takes no `times`, `atLeast` or `atMost`: each of its steps is to happen once",
        ));
    }
    Ok(Sequence::of(question, list)?.waiting(within))
}

impl Question {
    /// Shows all that may count, the oldest first.
    fn look<T>(
        &self,
        world: &World,
        f: impl FnOnce(&mut dyn Iterator<Item = Entry<'_>>) -> T,
    ) -> T {
        self.kind.look(world, &self.contract, self.after, f)
    }

    fn view(&self, world: &World, entry: Entry<'_>) -> Value {
        let showing = Showing {
            contract: &self.contract,
            url: &self.url,
            base: &self.base,
        };
        entry.view(world, &showing)
    }

    /// What of these comes closest to a matcher, and where it differs.
    fn nearest<'e>(
        &self,
        world: &World,
        entries: &mut dyn Iterator<Item = Entry<'e>>,
        matcher: &Matcher,
    ) -> Vec<Value> {
        let mut near: Vec<_> = entries
            .map(|entry| (matcher.missed(entry), entry))
            .filter(|(missed, _)| !missed.is_empty())
            .collect();
        near.sort_by_key(|(missed, _)| missed.len());
        near.truncate(MAX_NEAR);
        let told = near.into_iter().map(|(missed, entry)| {
            let differences: Vec<Value> =
                missed.iter().map(|field| field.difference(entry)).collect();
            json!({ "entry": self.view(world, entry), "differences": differences })
        });
        told.collect()
    }

    /// 409: what would have to be looked at is gone.
    fn evicted(&self, world: &World) -> Failure {
        let oldest = self.kind.oldest(world).map_or_else(String::new, |id| {
            format!("; the oldest that is kept is `{id}`")
        });
        let remedy = match self.kind {
            Kind::Requests => {
                "the journal keeps 1,000 exchanges, and the bytes that `--journal-bytes` allows"
            }
            Kind::Messages | Kind::Deliveries => {
                "1,000 deliveries of the last 10,000 events are kept"
            }
        };
        let message = format!(
            "{} that may count made room for newer ones, so that nobody can say: {remedy}{oldest}; ask sooner, begin with a reset, or say in `after` behind which one to look",
            self.kind.words(0)
        );
        Failure::new(StatusCode::CONFLICT, "evidence_evicted", message)
    }

    /// What there is to say about an inbox that is asked for and not there. It may come yet, so it
    /// is no reason to refuse the question.
    fn unknown_inbox(&self, world: &World, matcher: &Matcher) -> String {
        let Some(wanted) = matcher.inbox() else {
            return String::new();
        };
        world.read(|state| {
            let is_there = inboxes::find(state, wanted).is_some();
            if is_there || inboxes::get(state, wanted).is_ok() {
                return String::new();
            }
            let compared = state.inboxes.iter().take(MAX_COMPARED);
            let hint = match nearest(wanted, compared.map(|it| &*it.address)) {
                Some(near) => format!(", did you mean `{near}`?"),
                None => String::new(),
            };
            let shown: String = wanted.chars().take(100).collect();
            format!("; no inbox has the address or the id `{shown}` now{hint}")
        })
    }

    fn is_complete(&self, world: &World) -> bool {
        self.kind.is_complete(world, self.after)
    }
}

/// 417, with what there is to say about it.
fn unmet(message: String, count: usize, matched: Vec<Value>, near: Vec<Value>) -> Reply {
    let fields = near.first().and_then(|miss| miss["differences"].as_array());
    let fields = fields.into_iter().flatten();
    let fields: Vec<&str> = fields.filter_map(|it| it["field"].as_str()).collect();
    let tail = match fields.is_empty() {
        true => String::new(),
        false => format!("; the nearest differs in `{}`", fields.join("`, `")),
    };
    let view = json!({
        "error": "expectation_failed",
        "message": format!("{message}{tail}"),
        "count": count,
        "matched": matched,
        "nearMisses": near,
    });
    Reply::json(StatusCode::EXPECTATION_FAILED, &view)
}

impl Wanted {
    fn waiting(self, within: Duration) -> Waiting {
        let wanted = Arc::new(self);
        let looking = wanted.clone();
        let mut tally = Tally::default();
        let ask = move |world: &World| {
            let question = &looking.question;
            let asked = (question.kind, &looking.matcher, question.after);
            let found = tally.look(world, &question.contract, asked);
            if looking.count.is_settled(found) {
                let answer = looking.answer(world, false);
                // What was counted may have been deleted since.
                if answer.is_none() {
                    tally.start_again();
                }
                return answer;
            }
            let is_in_vain = looking.count.needs_all() && !question.is_complete(world);
            is_in_vain.then(|| Err(question.evicted(world)))
        };
        let otherwise = move |world: &World| {
            let answer = wanted.answer(world, true);
            answer.unwrap_or_else(|| Err(wanted.question.evicted(world)))
        };
        Waiting::new(within, ask, otherwise)
    }

    /// The answer at this moment; none as long as it may still change and there is time.
    fn answer(&self, world: &World, is_over: bool) -> Option<Result<Reply, Failure>> {
        let is_complete = self.question.is_complete(world);
        self.question.look(world, |entries| {
            let mut found = 0;
            let mut shown = Vec::new();
            for entry in entries.filter(|entry| self.matcher.is_met(*entry)) {
                found += 1;
                if shown.len() < MAX_SHOWN {
                    shown.push(self.question.view(world, entry));
                }
            }
            let is_settled = self.count.is_settled(found);
            if !is_settled && !is_over {
                return None;
            }
            // Those that are gone may have been the ones.
            if !is_settled && !is_complete {
                return Some(Err(self.question.evicted(world)));
            }
            let view = json!({ "matched": shown, "count": found });
            Some(Ok(match self.count.holds(found) {
                true => Reply::json(StatusCode::OK, &view),
                false => self.missed(world, found, shown),
            }))
        })
    }

    /// Says what came closest, or, of too many, which they are.
    fn missed(&self, world: &World, found: usize, matched: Vec<Value>) -> Reply {
        let near = match self.count.is_short(found) {
            true => self.question.look(world, |entries| {
                self.question.nearest(world, entries, &self.matcher)
            }),
            false => Vec::new(),
        };
        let verb = if found == 1 { "matches" } else { "match" };
        let kind = self.question.kind.words(found);
        let unknown = self.question.unknown_inbox(world, &self.matcher);
        let message = format!("{found} {kind} {verb}, {}{unknown}", self.count.words());
        unmet(message, found, matched, near)
    }
}
