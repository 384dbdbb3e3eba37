//! Answers that somebody asked for: which ones an operation can be made to give, and their making.
//!
//! They look at no state but the clock, draw nothing and change nothing.

use std::borrow::Cow;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};

use super::Plane;
use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use crate::contract::{Answer, Operation, StatusKey, Synthesized, nearest};
use crate::domain::clock::Timestamp;
use crate::domain::refusal::{NameFault, RateLimit, Refusal};

/// Says that an answer was made from the document alone.
const SYNTHESIZED: HeaderName = HeaderName::from_static("openmail-mock-synthesized");
/// Where the examples of our document say that the mock listens.
const DOCUMENTED_BASE: &str = "http://127.0.0.1:6245";
/// What stands between a client and its API answers with these, whatever the API documents.
const OF_PROXIES: [u16; 5] = [429, 500, 502, 503, 504];
/// The code of a failure for which no document has one.
const NO_CODE: &str = "internal_error";

/// Who asks, which decides what they may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A request, by its header `Prefer`: for anything that its operation documents.
    Request,
    /// A fault: for failures, those of proxies and balancers among them.
    Fault,
}

/// An answer that an operation can be made to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice<'o> {
    /// Its status.
    pub status: u16,
    /// Its error code; without one the document alone says what the answer is.
    pub code: Option<&'o str>,
}

/// The first answer of an operation with that status, that error code, or both.
#[must_use]
pub fn choose<'o>(
    operation: &'o Operation,
    status: Option<u16>,
    error: Option<&str>,
    asker: Asker,
) -> Option<Choice<'o>> {
    let least = match asker {
        Asker::Request => 200,
        Asker::Fault => 400,
    };
    if status.is_some_and(|status| !(least..=599).contains(&status)) {
        return None;
    }
    let choice = match (status, error) {
        (Some(status), None) => operation.answer(status).map(|answer| Choice {
            status,
            code: answer.errors.first().map(String::as_str),
        }),
        (status, Some(error)) => operation
            .answers
            .iter()
            .find_map(|answer| carrying(answer, status, error)),
        (None, None) => return None,
    };
    choice.or_else(|| {
        let is_any = error.is_none_or(|error| error == NO_CODE);
        let status = status.unwrap_or(500);
        let may_be = match asker {
            Asker::Request => status == 500 && error.is_some(),
            Asker::Fault => OF_PROXIES.contains(&status),
        };
        (is_any && may_be).then_some(Choice {
            status,
            code: Some(NO_CODE),
        })
    })
}

/// The answer as a choice, if it is documented to carry that code, under that status if one is
/// asked for.
fn carrying<'o>(answer: &'o Answer, status: Option<u16>, error: &str) -> Option<Choice<'o>> {
    let code = answer.errors.iter().find(|known| *known == error)?;
    let own = match answer.status {
        StatusKey::Code(code) => code,
        StatusKey::Range(hundred) => status
            .filter(|status| status / 100 == hundred)
            .unwrap_or(hundred * 100),
        StatusKey::Default => status.unwrap_or(500),
    };
    let is_wanted = own >= 400 && status.is_none_or(|status| status == own);
    is_wanted.then_some(Choice {
        status: own,
        code: Some(code),
    })
}

/// What an operation can be made to answer, in words for whoever asked for something else.
#[must_use]
pub fn possible(operation: &Operation, error: Option<&str>, asker: Asker) -> String {
    let codes = operation
        .answers
        .iter()
        .flat_map(|answer| answer.errors.iter());
    let near = error.and_then(|error| nearest(error, codes.map(String::as_str)));
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    let is_possible = |answer: &&Answer| match (asker, answer.status) {
        (Asker::Request, _) | (Asker::Fault, StatusKey::Default) => true,
        (Asker::Fault, StatusKey::Code(code)) => code >= 400,
        (Asker::Fault, StatusKey::Range(hundred)) => hundred >= 4,
    };
    let told = |answer: &Answer| match &*answer.errors {
        [] => answer.status.to_string(),
        codes => format!("{} ({})", answer.status, codes.join(", ")),
    };
    let answers = operation.answers.iter().filter(is_possible).map(told);
    let answers = answers.collect::<Vec<_>>().join(", ");
    let others = match asker {
        Asker::Request => String::new(),
        Asker::Fault => format!(
            ", and always {}",
            OF_PROXIES.map(|s| s.to_string()).join(", ")
        ),
    };
    format!("{near}`{}` has {answers}{others}", operation.id)
}

/// Makes the answer; `asked` says by what it was asked for.
///
/// # Errors
///
/// The failure, where the choice is one with a code.
pub(super) fn answer(
    plane: &Plane,
    operation: &Operation,
    choice: Choice<'_>,
    asked: &str,
    call: &Call<'_>,
) -> Result<Reply, Failure> {
    let now = call.world.now();
    match choice.code {
        Some(code) => Err(failure(operation, choice.status, code, asked, now)),
        None => {
            let made = plane.contract.synthesize_status(operation, choice.status);
            made.map(|made| reply_at(made, &call.base()))
                .ok_or_else(|| failure(operation, choice.status, NO_CODE, asked, now))
        }
    }
}

/// The failure as its cause would make it, where there is one; the words say that there was none.
fn failure(operation: &Operation, status: u16, code: &str, asked: &str, now: Timestamp) -> Failure {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let own = of_operation(&operation.id, code);
    let known = match (own.or_else(|| Refusal::example(code, now)), code) {
        (Some(refusal), _) => Failure::from(refusal),
        (None, "unauthorized") => Failure::unauthorized(&operation.credentials),
        // Why the mock itself would say so is no news for whoever tries out an outage.
        (None, "server_busy" | "too_many_worlds") => Failure {
            message: "there is no room for this request now; try again later".to_owned(),
            ..Failure::server_busy()
        },
        (None, _) => Failure::new(status, NO_CODE, String::new()),
    };
    let message = match known.message.is_empty() {
        true => format!("nothing is wrong: {asked} asked for this answer"),
        false => format!(
            "{} (in fact nothing is wrong: {asked} asked for this answer)",
            known.message
        ),
    };
    let failure = Failure {
        status,
        code: Cow::Owned(code.to_owned()),
        message,
        // Nothing of what it tells was so.
        cause: None,
        ..known
    };
    let has_delay = failure.headers.iter().any(|(name, _)| *name == RETRY_AFTER);
    match status == StatusCode::TOO_MANY_REQUESTS && !has_delay {
        true => failure.with(RETRY_AFTER, HeaderValue::from_static("1")),
        false => failure,
    }
}

/// A refusal that has another reason here than where its code is met most.
fn of_operation(operation: &str, code: &str) -> Option<Refusal> {
    let limit = match (operation, code) {
        ("createDomain", "invalid_domain") => {
            return Some(Refusal::UnfitDomain {
                domain: "meridian".to_owned(),
                fault: NameFault::Malformed,
            });
        }
        ("sendEmail", _) => return None,
        ("createInbox", "rate_limit_exceeded") => RateLimit::InboxesPerDay,
        ("verifyDomain", "rate_limit_exceeded") => RateLimit::DomainChecksPerMinute,
        (_, "rate_limit_exceeded") => RateLimit::RequestsPerMinute,
        _ => return None,
    };
    Some(Refusal::RateLimitExceeded {
        limit,
        retry_after: 60,
    })
}

/// The same, at the address that was called.
fn reply_at(made: Synthesized, base: &str) -> Reply {
    let mut reply = reply(made);
    let location = reply.headers.get(LOCATION).and_then(|it| it.to_str().ok());
    let path = location.and_then(|location| location.strip_prefix(DOCUMENTED_BASE));
    let moved = path.and_then(|path| HeaderValue::from_str(&format!("{base}{path}")).ok());
    if let Some(moved) = moved {
        reply.headers.insert(LOCATION, moved);
    }
    reply
}

/// An answer made from the document, marked as such.
pub(super) fn reply(made: Synthesized) -> Reply {
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
