//! The one way that a request walks, from a complete request to a complete answer:
//!
//! ```text
//! route → open world → authenticate → check request → authorize → behave → wait → check answer → record
//! ```
//!
//! No socket is needed here: the server reads the request before and writes the answer after. Most
//! requests wait for nothing, and are through when their future is polled for the first time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};

use super::auth::{Entrance, entrance_of};
use super::call::{Body, Call, Request};
use super::failures::Failure;
use super::panics::{caught, panic_text};
use super::recording::record;
use super::reply::Reply;
use super::scope::authorize;
use super::waiting::Waiting;
use super::{Behaviour, Plane, Shared, outside};
use crate::app::Caller;
use crate::contract::{
    Contract, Credential, Incoming, Match, Operation, Refused, Verdict, Violation, nearest,
};
use crate::domain::keys::Holder;
use crate::record::journal::Facts;

/// The exchange's number in the journal.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Says that an answer was made from the document alone.
const SYNTHESIZED: HeaderName = HeaderName::from_static("openmail-mock-synthesized");

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
}

/// What is learned about a request on its way.
#[derive(Default)]
pub(super) struct Trail {
    pub operation: Option<usize>,
    /// Who was let into which world.
    pub caller: Option<Caller>,
    pub facts: Facts,
    /// Readiness, documents and preflights are no exchanges with the API.
    is_outside: bool,
    defect: Option<String>,
}

/// How far a request came without waiting.
enum Step {
    Answered(Reply),
    /// It waits; the caller holds the world meanwhile.
    Waits(Waiting, Caller),
}

/// Walks a request through a plane. Whoever drops the future ends a wait by that.
pub async fn exchange(shared: &Shared, plane: &Plane, request: &Request) -> Exchanged {
    let number = shared.app.next_exchange();
    let id = format!("req_{number}");
    let mut trail = Trail::default();
    let walked = {
        let walked = pin!(async {
            let mut step = walk(shared, plane, request, &mut trail);
            if step.is_err() && trail.leave_dropped_world() {
                step = walk(shared, plane, request, &mut trail);
            }
            let outcome = match step {
                // Boxed, because most requests wait for nothing and need no room for it.
                Ok(Step::Waits(waiting, caller)) => {
                    Box::pin(waiting.end(&shared.app, &caller)).await
                }
                Ok(Step::Answered(reply)) => Ok(reply),
                Err(failure) => Err(failure),
            };
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
        // The answer is made: a defect of the journal is told, and costs nobody their answer.
        let recorded = catch_unwind(AssertUnwindSafe(|| {
            if !trail.is_outside {
                record(shared, number, Some(request), &reply, &mut trail);
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
        reply,
    }
}

impl Trail {
    /// Whether the world was dropped under the request, which then leaves it: what that world
    /// refused is for the next one of its name to answer, as if the request had come a moment later.
    fn leave_dropped_world(&mut self) -> bool {
        let outlived = self.caller.take_if(|caller| caller.world().is_retired());
        outlived.map(Caller::leave).is_some()
    }
}

fn walk(
    shared: &Shared,
    plane: &Plane,
    request: &Request,
    trail: &mut Trail,
) -> Result<Step, Failure> {
    if matches!(plane.entry, Entry::Key)
        && let Some(answer) = outside::answer(shared, plane, request)
    {
        trail.is_outside = true;
        if answer.is_err() {
            shared.app.count_unknown(&called(request), "");
        }
        return answer.map(Step::Answered);
    }
    let contract = &plane.contract;
    let (index, values) = route(shared, plane, request, trail)?;
    let operation = &contract.operations[index];
    trail.operation = Some(index);
    let caller = enter(shared, plane, request, operation)?;
    let caller = &*trail.caller.insert(caller);
    caller.note_use()?;
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
        .map_err(|refused| match plane.entry {
            Entry::Key if plane.strict => name_strictness(contract, operation, incoming, refused),
            Entry::Key | Entry::Guarded(_) => refused,
        })
        .map_err(|refused| refuse(refused, &mut trail.facts))?;
    let call = Call {
        shared,
        contract,
        caller,
        world: caller.world(),
        request,
        input: &input,
    };
    let row = plane.rows[index];
    if let (Entry::Key, Some(row)) = (plane.entry, row) {
        authorize(row, caller, &input)?;
    }
    match row.map(|row| row.behaviour) {
        Some(Behaviour::Answers(handler)) => Ok(Step::Answered(handler(&call)?)),
        Some(Behaviour::Waits(handler)) => Ok(Step::Waits(handler(&call)?, caller.clone())),
        None => {
            trail.facts.synthesized = true;
            Ok(Step::Answered(synthesize(plane, operation)))
        }
    }
}

fn route<'r>(
    shared: &Shared,
    plane: &Plane,
    request: &'r Request,
    trail: &mut Trail,
) -> Result<(usize, Vec<&'r str>), Failure> {
    let (method, path) = (request.method.as_str(), request.uri.path());
    let (failure, hint) = match plane.contract.route(method, path) {
        Match::Operation(index, values) => return Ok((index, values)),
        Match::MethodNotAllowed(_) if plane.is_withdrawn(method, path) => {
            (Failure::no_route(method, path, ""), String::new())
        }
        Match::MethodNotAllowed(allowed) => {
            let hint = format!("it has {}", allowed.join(", "));
            (Failure::method_not_allowed(method, path, &allowed), hint)
        }
        Match::NotFound => {
            let operations = plane.contract.operations.iter();
            let templates = operations.map(|operation| operation.template.as_str());
            let near = nearest_path(path, templates);
            let hint = near.map_or_else(String::new, |near| format!("did you mean {near}?"));
            (Failure::no_route(method, path, &hint), hint)
        }
    };
    shared.app.count_unknown(&called(request), &hint);
    // A worker finds its misspelt calls in its own journal, if the key says whose they are.
    if matches!(plane.entry, Entry::Key)
        && let Some(entrance) = entrance_of(&shared.app, request, &[Credential::Bearer])
    {
        trail.caller = Some(shared.app.enter(&entrance.world, entrance.holder)?);
    }
    Err(failure)
}

/// A call as it is counted; its query may hold secrets.
fn called(request: &Request) -> String {
    format!("{} {}", request.method, request.uri.path())
}

/// The template that a misspelt path was meant for: one whose last literal is nearly the path's.
fn nearest_path<'t>(path: &str, templates: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let last = |path: &'t str| path.rsplit('/').find(|segment| !segment.starts_with('{'));
    let templates: Vec<&str> = templates.collect();
    let names = templates.iter().filter_map(|template| last(template));
    let wanted = path
        .split('/')
        .rev()
        .find_map(|segment| nearest(segment, names.clone()))?;
    templates
        .into_iter()
        .find(|template| last(template) == Some(wanted))
}

/// Lets the request into the world that it addresses, if it may.
fn enter(
    shared: &Shared,
    plane: &Plane,
    request: &Request,
    operation: &Operation,
) -> Result<Caller, Failure> {
    let app = &shared.app;
    let entrance = match plane.entry {
        Entry::Guarded(admit) => {
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
    Ok(app.enter(&entrance.world, entrance.holder)?)
}

/// Adds to each violation that only a strict reading finds, which option asked for that.
fn name_strictness(
    contract: &Contract,
    operation: &Operation,
    incoming: Incoming<'_>,
    refused: Refused,
) -> Refused {
    let Refused::Violations(mut violations) = refused else {
        return refused;
    };
    let lenient = Incoming {
        strict: false,
        ..incoming
    };
    let anyway = match contract.check_request(operation, lenient) {
        Err(Refused::Violations(anyway)) => anyway,
        Err(Refused::UnsupportedMediaType(_)) | Ok(_) => Vec::new(),
    };
    for violation in &mut violations {
        let is_same =
            |other: &Violation| other.pointer == violation.pointer && other.rule == violation.rule;
        if violation.rule != "more" && !anyway.iter().any(is_same) {
            let hint = violation.hint.take().map(|hint| format!("{hint}; "));
            let hint = hint.unwrap_or_default();
            violation.hint = Some(format!("{hint}without `--strict` it would be ignored"));
        }
    }
    Refused::Violations(violations)
}

fn refuse(refused: Refused, facts: &mut Facts) -> Failure {
    facts.invalid = true;
    match refused {
        Refused::UnsupportedMediaType(message) => Failure::unsupported_media_type(message),
        Refused::Violations(violations) => Failure::violated(violations),
    }
}

fn synthesize(plane: &Plane, operation: &Operation) -> Reply {
    let made = plane.contract.synthesize(operation);
    let status = StatusCode::from_u16(made.status).unwrap_or(StatusCode::OK);
    let mut reply = match made.content_type {
        Some(content_type) => Reply::bytes(status, &content_type, made.body),
        None => Reply {
            status,
            ..Reply::no_content()
        },
    };
    for (name, value) in made.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            reply.headers.insert(name, value);
        }
    }
    reply.with(SYNTHESIZED, HeaderValue::from_static("true"))
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
    let Verdict {
        violations,
        undocumented,
    } = plane
        .contract
        .check_answer(operation, synthesized, status, &reply.headers, &reply.body);
    trail.facts.undocumented = undocumented;
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
    }
}

fn identify(reply: &mut Reply, id: &str) {
    let value = HeaderValue::from_str(id);
    let value = value.expect("letters, digits and `_` are a header value");
    reply.headers.insert(REQUEST_ID, value);
}
