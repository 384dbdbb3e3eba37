//! Failures as answers: status, code, message, and what else the envelope carries.
//!
//! Refusals of the domain become answers in `refusals.rs`.

use std::borrow::Cow;

use hyper::StatusCode;
use hyper::header::{ALLOW, CONNECTION, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use serde_json::Value;

use super::call::Bound;
use super::reply::Reply;
use crate::app::{MAX_WAITING, TooManyWaiting, TooManyWorlds, Unwritten};
use crate::contract::{Credential, In, Violation, header_value};
use crate::domain::refusal::Rule;
use crate::record::cause::{Cause, Fact};

/// The header that repeats an answer's violations.
pub const VIOLATIONS: HeaderName = HeaderName::from_static("openmail-mock-violations");

/// An answer that is an error.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// The code that programs read.
    pub code: Cow<'static, str>,
    /// The sentence that people read.
    pub message: String,
    /// What was broken, if the contract was.
    pub violations: Vec<Violation>,
    /// Further fields of the envelope; a slice, which keeps a failure small enough to return.
    pub details: Box<[(&'static str, Value)]>,
    /// Further headers.
    pub headers: Box<[(HeaderName, HeaderValue)]>,
    /// Why, where a rule of the service or a bound refused; it is for the journal, not for the answer.
    pub cause: Option<Box<Cause>>,
    /// The rule that refused, if one of the account's did.
    pub rule: Option<Rule>,
}

#[derive(Serialize)]
struct Envelope<'f> {
    error: &'f str,
    message: &'f str,
    #[serde(flatten)]
    details: Details<'f>,
    #[serde(skip_serializing_if = "<[Violation]>::is_empty")]
    violations: &'f [Violation],
}

struct Details<'f>(&'f [(&'static str, Value)]);

impl Serialize for Details<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (*name, value)))
    }
}

impl Failure {
    /// A failure with a status, a code and words.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            message: message.into(),
            violations: Vec::new(),
            details: Box::default(),
            headers: Box::default(),
            cause: None,
            rule: None,
        }
    }

    pub(super) fn telling(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let mut details = std::mem::take(&mut self.details).into_vec();
        details.push((name, value.into()));
        self.details = details.into();
        self
    }

    /// The same failure with one more header.
    #[must_use]
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        let mut headers = std::mem::take(&mut self.headers).into_vec();
        headers.push((name, value));
        self.headers = headers.into();
        self
    }

    /// 404 for a path that no template fits.
    #[must_use]
    pub fn no_route(method: &str, path: &str, hint: &str) -> Self {
        let path = shown(path);
        let hint = match hint {
            "" => String::new(),
            hint => format!("; {hint}"),
        };
        let document = match path.starts_with("/_mock") {
            true => "/_mock/openapi.json",
            false => "/openapi.json",
        };
        let message = format!(
            "{method} {path} is not an operation that this mock serves{hint}; GET {document} lists those that are"
        );
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 405, naming the methods that the path has.
    #[must_use]
    pub fn method_not_allowed(method: &str, path: &str, allowed: &[String]) -> Self {
        let allowed = allowed.join(", ");
        let path = shown(path);
        let message = format!("{method} is not a method of {path}; it has {allowed}");
        let allow = HeaderValue::from_str(&allowed).unwrap_or(HeaderValue::from_static(""));
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
        .with(ALLOW, allow)
    }

    /// 401, saying which keys are taken, and where they travel.
    #[must_use]
    pub fn unauthorized(credentials: &[Credential]) -> Self {
        let key = "om_test_<name>";
        let way = |credential: &Credential| match credential {
            Credential::Bearer => format!("`Authorization: Bearer {key}`"),
            Credential::Basic => format!("`Authorization: Basic …` with `{key}` as the user name"),
            Credential::Header(name) => format!("the header `{name}: {key}`"),
            Credential::Query(name) => format!("the query parameter `{name}={key}`"),
            Credential::Cookie(name) => format!("the cookie `{name}={key}`"),
        };
        let ways: Vec<String> = credentials.iter().map(way).collect();
        let begin = match credentials.contains(&Credential::Bearer) {
            true => "Missing or invalid Authorization header",
            false => "Missing or invalid key",
        };
        let message = format!(
            "{begin}: this mock takes {}, where <name> is 1 to 64 letters, digits, `_` or `-`, and each name has a world of its own",
            ways.join(" or ")
        );
        let failure = Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message);
        let scheme = credentials.iter().find_map(|credential| match credential {
            Credential::Bearer => Some(HeaderValue::from_static("Bearer")),
            Credential::Basic => Some(HeaderValue::from_static("Basic")),
            Credential::Header(_) | Credential::Query(_) | Credential::Cookie(_) => None,
        });
        match scheme {
            Some(scheme) => failure.with(WWW_AUTHENTICATE, scheme),
            None => failure,
        }
    }

    /// 400 without a schema behind it.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 400 for a request that breaks the contract; the document may name another code.
    #[must_use]
    pub fn violated(violations: Vec<Violation>) -> Self {
        let first = violations.first();
        let message = first.map_or_else(String::new, told);
        let code = first.and_then(|first| first.code.clone());
        Self {
            code: code.map_or(Cow::Borrowed("bad_request"), Cow::Owned),
            ..Self::bad_request(message).listing(violations)
        }
    }

    /// The same failure with the list of everything that is wrong.
    #[must_use]
    pub fn listing(mut self, violations: Vec<Violation>) -> Self {
        let listed = violations.iter().skip(1).filter(|it| it.rule != "more");
        let (others, listed) = (others(&violations), listed.count());
        if others > 0 {
            let more = match others == listed as u64 {
                true => format!(" (and {others} more, see `violations`)"),
                false => format!(" (and {others} more, {listed} of them in `violations`)"),
            };
            self.message.push_str(&more);
        }
        self.violations = violations;
        self
    }

    /// 413, naming the bound and the option that sets it.
    #[must_use]
    pub fn payload_too_large(bound: Bound) -> Self {
        let (option, further) = match bound {
            Bound::Common(_) => ("", None),
            Bound::MaxBody(_) => (
                ", which the option `--max-body` sets",
                Some("start the mock with a larger `--max-body`"),
            ),
        };
        let message = format!(
            "the body is larger than {} bytes, the bound for this call{option}",
            bound.bytes()
        );
        let cause = Cause {
            rule: Cow::Borrowed(
                "A body is bounded before it is read: 1 MiB, or what `--max-body` says for calls that carry mail.",
            ),
            facts: vec![Fact {
                what: "bytes that the body of this call may have",
                value: bound.bytes().to_string().into(),
                call: None,
            }],
            remedies: std::iter::once("send less")
                .chain(further)
                .map(Cow::Borrowed)
                .collect(),
            asked_by: None,
        };
        let failure = Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message);
        Self {
            cause: Some(Box::new(cause)),
            ..failure
        }
    }

    /// 503: the large bodies under way leave no room for this one.
    #[must_use]
    pub fn server_busy() -> Self {
        let message = "the large bodies that are under way leave no room for this one; try again \
                       when they are done";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_busy", message)
            .with(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 415, naming the header to send.
    #[must_use]
    pub fn unsupported_media_type(message: String) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    /// 409: what the call was about went with the state that the world had.
    #[must_use]
    pub fn world_changed() -> Self {
        let message = "the world was reset, restored, replaced or dropped while this call was at \
                       work in it; call again to ask about what is there now";
        Self::new(StatusCode::CONFLICT, "world_changed", message)
    }

    /// 503: nobody waits for a world that ends. No more is answered on this connection.
    #[must_use]
    pub fn server_stopping() -> Self {
        let message = "the server stops, and what this call waits for has not come";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_stopping", message)
            .with(CONNECTION, HeaderValue::from_static("close"))
    }

    /// 500: the mock's own answer would have broken the contract.
    #[must_use]
    pub fn contract_breach(operation: &str, status: u16, violations: Vec<Violation>) -> Self {
        let first = violations.first().map(|first| first.message.as_str());
        let message = format!(
            "the mock's answer {status} to `{operation}` breaks the document, so it was not sent: {}",
            first.unwrap_or_default()
        );
        Self {
            violations,
            ..Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "contract_breach",
                message,
            )
        }
    }

    /// 500: a defect of the mock.
    #[must_use]
    pub fn internal(exchange: &str) -> Self {
        let message =
            format!("a defect of the mock ended the exchange {exchange}; its log says more");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// The answer.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let envelope = Envelope {
            error: &self.code,
            message: &self.message,
            details: Details(&self.details),
            violations: &self.violations,
        };
        let mut reply = Reply::json(self.status, &envelope);
        reply.headers.extend(self.headers.iter().cloned());
        if !self.violations.is_empty()
            && let Ok(value) = HeaderValue::from_str(&header_value(&self.violations))
        {
            reply.headers.insert(VIOLATIONS, value);
        }
        reply
    }
}

impl From<TooManyWorlds> for Failure {
    fn from(_: TooManyWorlds) -> Self {
        let message = "as many worlds are open as there may be, and all are busy; try again, or \
                       drop one with DELETE /_mock/worlds/{name}";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_worlds", message)
            .with(RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

impl From<TooManyWaiting> for Failure {
    fn from(_: TooManyWaiting) -> Self {
        let message = format!(
            "{MAX_WAITING} calls wait for this world, as many as may; try again when some are done"
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_waiting", message)
            .with(RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

impl<E> From<Unwritten<E>> for Failure
where
    Failure: From<E>,
{
    fn from(unwritten: Unwritten<E>) -> Self {
        match unwritten {
            Unwritten::Refused(refusal) => refusal.into(),
            Unwritten::Revoked => Self::unauthorized(&[Credential::Bearer]),
            Unwritten::Dropped => Self::world_changed(),
        }
    }
}

/// A violation's sentence, with its place if that is deep in a body and the sentence lacks it.
fn told(violation: &Violation) -> String {
    let Violation {
        pointer, message, ..
    } = violation;
    let is_deep = violation.place == In::Body && pointer.matches('/').count() > 1;
    match is_deep && !message.contains(pointer.as_str()) {
        true => format!("{pointer}: {message}"),
        false => message.clone(),
    }
}

/// How many violations there are beside the first; the last entry may stand for several.
fn others(violations: &[Violation]) -> u64 {
    let count = |violation: &Violation| match violation.rule.as_str() {
        "more" => violation
            .actual
            .as_ref()
            .and_then(Value::as_u64)
            .unwrap_or(1),
        _ => 1,
    };
    violations.iter().skip(1).map(count).sum()
}

/// What a client sent, short enough to repeat.
fn shown(text: &str) -> String {
    match text.char_indices().nth(100) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
