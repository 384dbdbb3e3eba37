//! A request, and what a handler sees of it.

use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{HeaderMap, Method, Uri, Version};
use serde_json::Value;

use super::Shared;
use super::failures::Failure;
use crate::app::{Caller, World};
use crate::contract::{Checked, Contract};
use crate::domain::clock::Timestamp;
use crate::domain::table::Page;

/// Bodies beyond this are checked beside the event loop.
const LARGE_BODY: usize = 256 * 1024;

/// A request, complete.
#[derive(Debug)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Its target.
    pub uri: Uri,
    /// The version of HTTP that it speaks.
    pub version: Version,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Body,
}

/// A body as far as it came.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// More than the call takes.
    TooLarge(Bound),
    /// More than the large bodies under way leave room for.
    Unaffordable,
    /// It ended early, or the peer was too slow; why.
    Broken(String),
}

/// How many bytes the body of a call may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The same for all calls whose bodies carry neither mail nor state.
    Common(usize),
    /// What the option `--max-body` says.
    MaxBody(usize),
}

impl Bound {
    /// The number.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Bound::Common(bytes) | Bound::MaxBody(bytes) => bytes,
        }
    }
}

impl Request {
    /// The header's text, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What there is of the body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Whole(bytes) => bytes,
            Body::TooLarge(_) | Body::Unaffordable | Body::Broken(_) => &[],
        }
    }

    /// Whether checking it takes long enough to stall others.
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.bytes().len() > LARGE_BODY
    }
}

/// A checked request in its world.
pub struct Call<'c> {
    /// What all calls share.
    pub shared: &'c Shared,
    /// The document that the request was checked against.
    pub contract: &'c Contract,
    /// Who was let into the world: what writes goes through them.
    pub caller: &'c Caller,
    /// The world that the request addresses.
    pub world: &'c World,
    /// The request, as it came.
    pub request: &'c Request,
    /// The request, read.
    pub input: &'c Checked<'c>,
}

impl Call<'_> {
    /// The decoded path value of that name.
    ///
    /// # Errors
    ///
    /// A failure if the document in force gave the parameter another name.
    pub fn path(&self, name: &str) -> Result<&str, Failure> {
        self.input.path(name).ok_or_else(|| {
            misfit(&format!(
                "a path parameter `{name}`, which the document lacks"
            ))
        })
    }

    /// The query value of that name as text.
    ///
    /// # Errors
    ///
    /// A failure if the document in force makes it something else.
    pub fn query_text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.input.query(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(misfit(&format!("query parameter `{name}` to be a string"))),
        }
    }

    /// The query value that has two names as text.
    ///
    /// # Errors
    ///
    /// A failure if both are given and differ.
    pub fn query_texts(&self, names: (&str, &str)) -> Result<Option<&str>, Failure> {
        agreed(names, self.query_text(names.0)?, self.query_text(names.1)?)
    }

    /// The query value of that name as an instant, or as the midnight in UTC with which a date
    /// begins. What the calendar does not have passes the document, and is told here.
    ///
    /// # Errors
    ///
    /// A failure that says how an instant is written.
    pub fn query_instant(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        let Some(text) = self.query_text(name)? else {
            return Ok(None);
        };
        let midnight = || Timestamp::parse(&format!("{text}T00:00:00Z"));
        match Timestamp::parse(text).or_else(midnight) {
            Some(instant) => Ok(Some(instant)),
            None => Err(Failure::bad_request(format!(
                "`{name}` is no instant that the calendar has: write one such as \
                 2026-01-31T09:30:00Z, or a date such as 2026-01-31"
            ))),
        }
    }

    /// The query value of that name as a whole number.
    #[must_use]
    pub fn query_integer(&self, name: &str) -> Option<i64> {
        self.input.query(name).and_then(Value::as_i64)
    }

    /// The page that `limit` and `offset` ask for.
    #[must_use]
    pub fn page(&self) -> Page {
        let limit = self.query_integer("limit").unwrap_or(50);
        Page::new(limit, self.query_integer("offset").unwrap_or(0))
    }

    /// A text field of the body; none if it is absent or null.
    ///
    /// # Errors
    ///
    /// A failure if the document in force lets it be something else.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.change(name)?.flatten())
    }

    /// A truth value of the body; none if it is absent or something else.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.input.body.as_ref()?.root().get(name)?.as_bool()
    }

    /// What URLs in answers begin with, without a slash at the end.
    #[must_use]
    pub fn base(&self) -> String {
        base(self.shared, self.request)
    }

    /// A text field of the body that may be set, cleared by null, or left alone.
    ///
    /// # Errors
    ///
    /// A failure if the document in force lets it be something else.
    pub fn change(&self, name: &str) -> Result<Option<Option<String>>, Failure> {
        let body = self.input.body.as_ref();
        let Some(field) = body.and_then(|body| body.root().get(name)) else {
            return Ok(None);
        };
        if field.is_null() {
            return Ok(Some(None));
        }
        match field.as_str() {
            Some(text) => Ok(Some(Some(text.to_owned()))),
            None => Err(misfit(&format!("the field `{name}` to be a string"))),
        }
    }
}

/// One value under two names: the documented one and its successor.
///
/// # Errors
///
/// A failure if both are given and differ.
pub fn agreed<T: PartialEq>(
    (old_name, new_name): (&str, &str),
    old: Option<T>,
    new: Option<T>,
) -> Result<Option<T>, Failure> {
    match (old, new) {
        (Some(old), Some(new)) if old != new => Err(Failure::bad_request(format!(
            "`{old_name}` and `{new_name}` are given together and differ; send one of them"
        ))),
        (old, new) => Ok(old.or(new)),
    }
}

/// What URLs in the answer to a request begin with.
#[must_use]
pub(super) fn base(shared: &Shared, request: &Request) -> String {
    match (&shared.public_url, request.header(HOST.as_str())) {
        (Some(url), _) => url.clone(),
        (None, Some(host)) => format!("http://{host}"),
        (None, None) => shared.url.clone(),
    }
}

/// The document in force lets something through that the built-in behaviour cannot read.
fn misfit(needs: &str) -> Failure {
    Failure::bad_request(format!(
        "the built-in behaviour of this operation needs {needs}"
    ))
}
