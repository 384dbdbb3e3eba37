//! The one way that a request walks, from a complete request to a complete answer:
//!
//! ```text
//! route → open world → authenticate → check request → fault → authorize → behave → wait → begin deliveries
//! → check answer → record
//! ```
//!
//! No socket is needed here: the server reads the request before and writes the answer after. Most
//! requests wait for nothing, and are through when their future is polled for the first time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};

use super::auth::{Entrance, entrance_of};
use super::call::{Body, Call, Request};
use super::coverage::{self, Exercise};
use super::failures::Failure;
use super::faults::{self, Cut, Forced, Intervention};
use super::panics::{caught, panic_text};
use super::recording::record;
use super::refused::refuse;
use super::reply::Reply;
use super::routing::{called, route};
use super::scope::authorize;
use super::waiting::Waiting;
use super::{Behaviour, Plane, Shared, forced, outside};
use crate::app::{Caller, Notes, aside};
use crate::contract::{Credential, Incoming, Operation, Verdict};
use crate::domain::keys::Holder;
use crate::push::sockets::Admission;
use crate::record::journal::Facts;

/// The exchange's number in the journal.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Judges a request to a guarded plane; answers the name of the world that it addresses.
pub type Admit = fn(&Shared, &Request, &Operation) -> Result<String, Failure>;

/// How a request gets into a world.
#[derive(Debug, Clone, Copy)]
pub enum Entry {
    /// By its key, if the operation asks for one; exchanges are recorded and shared with pages.
    Key,
    /// By a judgement of its own.
    Guarded(Admit),
}

/// An answer, and what the log says of it.
#[derive(Debug)]
pub struct Exchanged {
    /// The answer.
    pub reply: Reply,
    /// The value of its `x-request-id`.
    pub id: String,
    /// The operation, if the request was routed to one.
    pub operation: Option<String>,
    /// The world, if one was opened.
    pub world: Option<Arc<str>>,
    /// The error code of a failure.
    pub error: Option<String>,
    /// What to tell whoever reads the log: a breach of our own, or a panic.
    pub defect: Option<String>,
    /// What was done to it by request; it may be that the answer is not to arrive.
    pub forced: Option<Forced>,
    /// Whom the connection belongs to from now on, if it is upgraded.
    pub admission: Option<Admission>,
}

/// What is learned about a request on its way.
#[derive(Default)]
pub(super) struct Trail {
    /// The exchange's number.
    pub number: u64,
    pub operation: Option<usize>,
    /// Who was let into which world.
    pub caller: Option<Caller>,
    pub facts: Facts,
    /// What it did to its world.
    pub notes: Notes,
    /// What the request met that was to go wrong.
    fault: Option<Box<Intervention>>,
    /// Whom an upgrade lets in.
    pub admission: Option<Admission>,
    /// What it covers of the API.
    pub exercise: Exercise,
    /// Readiness, documents and preflights are no exchanges with the API.
    pub is_outside: bool,
    pub defect: Option<String>,
}

/// How far a request came without waiting.
enum Step {
    Answered(Reply),
    /// It waits; the caller holds the world meanwhile.
    Waits(Waiting, Caller),
    /// It is held back, and walks once more then.
    Delayed(Duration),
    /// There is no answer.
    Dropped,
}

/// Walks a request through a plane. Whoever drops the future ends a wait by that.
pub async fn exchange(shared: &Shared, plane: &Plane, request: &Request) -> Exchanged {
    let number = shared.app.next_exchange();
    let id = format!("req_{number}");
    let mut trail = Trail {
        number,
        ..Trail::default()
    };
    let walked = {
        let walked = pin!(async {
            let (mut is_held, mut has_moved) = (false, false);
            let outcome = loop {
                let mut onward = || walk(shared, plane, request, &mut trail);
                let step = match is_held && request.is_large() {
                    true => aside(onward),
                    false => onward(),
                };
                // What waits is boxed, because most requests wait for nothing and need no room for it.
                match step {
                    Ok(Step::Answered(reply)) => break Ok(reply),
                    Ok(Step::Waits(waiting, caller)) => {
                        break Box::pin(waiting.end(&shared.app, &caller)).await;
                    }
                    Ok(Step::Delayed(delay)) => {
                        Box::pin(faults::hold(&shared.app, delay)).await;
                        is_held = true;
                        trail.caller.take().map(Caller::leave);
                    }
                    Ok(Step::Dropped) => return Reply::no_content(),
                    Err(_) if !has_moved && trail.leave_dropped_world() => has_moved = true,
                    Err(failure) => break Err(failure),
                }
            };
            // Whoever caused an event is answered when its first attempt has begun.
            if let (Ok(_), Some(caller)) = (&outcome, &trail.caller) {
                shared.courier.settled(caller.world()).await;
            }
            checked(plane, outcome, &mut trail)
        });
        caught(walked).await
    };
    let mut reply = walked.unwrap_or_else(|panic| {
        trail.defect = Some(format!("panic: {}", panic_text(panic.as_ref())));
        failed(Failure::internal(&id), &mut trail)
    });
    identify(&mut reply, &id);
    if matches!(plane.entry, Entry::Key) {
        outside::share(&mut reply.headers);
        if let Some(fault) = &trail.fault {
            fault.dress(&mut reply.headers);
        }
        // The answer is made: a defect of the journal is told, and costs nobody their answer.
        let recorded = catch_unwind(AssertUnwindSafe(|| {
            if !trail.is_outside {
                record(shared, number, Some(request), &reply, &mut trail);
                coverage::note(shared, plane, &trail, &reply);
            }
        }));
        if let Err(panic) = recorded {
            trail.defect = Some(format!(
                "panic in the journal: {}",
                panic_text(panic.as_ref())
            ));
        }
    }
    if let Some(defect) = &trail.defect {
        shared.app.count_breach(&called(request), defect);
    }
    let operation = trail
        .operation
        .map(|index| &plane.contract.operations[index]);
    Exchanged {
        id,
        operation: operation.map(|operation| operation.id.clone()),
        world: trail.caller.map(Caller::leave),
        error: trail.facts.error,
        defect: trail.defect,
        forced: trail.facts.forced,
        // Nobody is connected by an answer that a panic took the place of.
        admission: trail
            .admission
            .filter(|_| reply.status == StatusCode::SWITCHING_PROTOCOLS),
        reply,
    }
}

impl Trail {
    /// Whether the world was dropped under the request, which then leaves it: what that world
    /// refused is for the next one of its name to answer, as if the request had come a moment later.
    fn leave_dropped_world(&mut self) -> bool {
        let outlived = self.caller.take_if(|caller| caller.world().is_retired());
        if outlived.is_some() {
            (self.fault, self.facts.forced) = (None, None);
            let _ = self.notes.take(); // Nobody sees it any more.
        }
        outlived.map(Caller::leave).is_some()
    }

    /// Whether there is an answer, which may yet be lost on its way.
    pub(super) fn is_answered(&self) -> bool {
        self.fault.as_ref().and_then(|fault| fault.cut()) != Some(Cut::Before)
    }
}

fn walk(
    shared: &Shared,
    plane: &Plane,
    request: &Request,
    trail: &mut Trail,
) -> Result<Step, Failure> {
    if matches!(plane.entry, Entry::Key)
        && let Some(answer) = outside::answer(shared, plane, request, trail)
    {
        return answer.map(Step::Answered);
    }
    let contract = &plane.contract;
    let (index, values) = route(shared, plane, request, trail)?;
    let operation = &contract.operations[index];
    trail.operation = Some(index);
    let caller = enter(shared, plane, request, operation, &trail.notes)?;
    let caller = &*trail.caller.insert(caller);
    caller.note_use()?;
    // Who was held back by a fault is counted already.
    if trail.fault.is_none() && matches!(plane.entry, Entry::Key) {
        caller.count_request()?;
    }
    match &request.body {
        Body::Whole(_) => {}
        Body::TooLarge(bound) => return Err(Failure::payload_too_large(*bound)),
        Body::Unaffordable => return Err(Failure::server_busy()),
        Body::Broken(why) => return Err(Failure::bad_request(why.clone())),
    }
    let incoming = Incoming {
        path: &values,
        query: request.uri.query(),
        headers: &request.headers,
        body: request.bytes(),
        strict: plane.strict,
    };
    let input = contract
        .check_request(operation, incoming)
        .map_err(|refused| refuse(plane, operation, incoming, refused, &mut trail.facts))?;
    let sheet = &caller.world().sheet;
    let seen = &mut trail.exercise;
    seen.see_request(plane, index, sheet, &input, &request.headers);
    let call = Call {
        shared,
        contract,
        caller,
        world: caller.world(),
        request,
        input: &input,
    };
    if let Some(check) = plane.rows[index].and_then(|row| row.form) {
        check(&call)?;
    }
    if trail.fault.is_none() && matches!(plane.entry, Entry::Key) {
        trail.fault = faults::meet(&call, operation)?;
    }
    match &mut trail.fault {
        Some(fault) => go_wrong(plane, index, &call, fault, &mut trail.facts),
        None => behave(plane, index, &call, &mut trail.facts),
    }
}

/// Does what a fault says, and what the operation does as far as the fault leaves it.
fn go_wrong(
    plane: &Plane,
    index: usize,
    call: &Call<'_>,
    fault: &mut Intervention,
    facts: &mut Facts,
) -> Result<Step, Failure> {
    facts.forced = Some(fault.fact());
    if let Some(delay) = fault.take_delay() {
        return Ok(Step::Delayed(delay));
    }
    let operation = &plane.contract.operations[index];
    match (fault.cut(), fault.choice(operation)) {
        (Some(Cut::Before), _) => Ok(Step::Dropped),
        (_, Some(choice)) => {
            facts.asked_for = true;
            facts.synthesized = choice.code.is_none();
            let answer = forced::answer(plane, operation, choice, &fault.words(), call);
            answer.map(Step::Answered)
        }
        (Some(Cut::MidBody), None) => {
            let caller = &call.caller.trying();
            behave(plane, index, &Call { caller, ..*call }, facts)
        }
        (Some(Cut::After) | None, None) => behave(plane, index, call, facts),
    }
}

fn behave(
    plane: &Plane,
    index: usize,
    call: &Call<'_>,
    facts: &mut Facts,
) -> Result<Step, Failure> {
    let row = plane.rows[index];
    if let (Entry::Key, Some(row)) = (plane.entry, row) {
        authorize(row, call.caller, call.input)?;
    }
    match row.map(|row| row.behaviour) {
        Some(Behaviour::Answers(handler)) => Ok(Step::Answered(handler(call)?)),
        Some(Behaviour::Waits(handler)) => Ok(Step::Waits(handler(call)?, call.caller.clone())),
        None => {
            facts.synthesized = true;
            let made = plane.contract.synthesize(&plane.contract.operations[index]);
            Ok(Step::Answered(forced::reply(made)))
        }
    }
}

/// Lets the request into the world that it addresses, if it may. What it does there is noted, that of
/// the control plane aside, which nobody records.
fn enter(
    shared: &Shared,
    plane: &Plane,
    request: &Request,
    operation: &Operation,
    notes: &Notes,
) -> Result<Caller, Failure> {
    let app = &shared.app;
    let entrance = match plane.entry {
        Entry::Guarded(admit) => {
            // Nobody records what the control plane does.
            let world = admit(shared, request, operation)?;
            return Ok(app.enter(&world, Holder::World)?);
        }
        Entry::Key if operation.credentials.is_empty() => {
            let key = entrance_of(app, request, &[Credential::Bearer]);
            key.unwrap_or(Entrance::DEFAULT)
        }
        Entry::Key => {
            let key = entrance_of(app, request, &operation.credentials);
            key.ok_or_else(|| Failure::unauthorized(&operation.credentials))?
        }
    };
    Ok(app.enter(&entrance.world, entrance.holder)?.noting(notes))
}

/// Turns the outcome into bytes and holds those against the contract, whatever they are.
fn checked(plane: &Plane, outcome: Result<Reply, Failure>, trail: &mut Trail) -> Reply {
    let reply = outcome.unwrap_or_else(|failure| failed(failure, trail));
    let Some(index) = trail.operation else {
        return reply;
    };
    let operation = &plane.contract.operations[index];
    let status = reply.status.as_u16();
    let synthesized = plane.rows[index].is_none();
    let (contract, headers, body) = (&plane.contract, &reply.headers, &reply.body);
    let is_forced = trail.fault.as_ref().is_some_and(|fault| fault.is_answer());
    let Verdict {
        violations,
        undocumented,
        body: read,
    } = match is_forced {
        true => contract.check_forced_answer(operation, status, headers, body),
        false => contract.check_answer(operation, synthesized, status, headers, body),
    };
    trail.facts.undocumented = undocumented;
    trail.see_answer(plane, index, status, read);
    if violations.is_empty() {
        return reply;
    }
    trail.facts.breach = true;
    let failure = Failure::contract_breach(&operation.id, status, violations);
    trail.defect = Some(failure.message.clone());
    failed(failure, trail)
}

fn failed(failure: Failure, trail: &mut Trail) -> Reply {
    trail.facts.error = Some(failure.code.clone().into_owned());
    trail.exercise.rule = failure.rule;
    trail.facts.cause = failure.cause.clone();
    if !failure.violations.is_empty() {
        trail.facts.violations = serde_json::to_string(&failure.violations).ok();
    }
    failure.reply()
}

/// Ends all waits, those that begin from now on too: their callers are answered, not cut off.
pub fn close(shared: &Shared) {
    shared.app.close();
}

/// A failure that stands outside every plane: the request could not be read at all.
#[must_use]
pub fn unreadable(shared: &Shared, failure: Failure) -> Exchanged {
    let number = shared.app.next_exchange();
    let id = format!("req_{number}");
    let mut trail = Trail::default();
    let mut reply = failed(failure, &mut trail);
    identify(&mut reply, &id);
    record(shared, number, None, &reply, &mut trail);
    Exchanged {
        reply,
        id,
        operation: None,
        world: None,
        error: trail.facts.error,
        defect: None,
        forced: None,
        admission: None,
    }
}

fn identify(reply: &mut Reply, id: &str) {
    let value = HeaderValue::from_str(id);
    let value = value.expect("letters, digits and `_` are a header value");
    reply.headers.insert(REQUEST_ID, value);
}
