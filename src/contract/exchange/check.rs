//! Both directions of an exchange held against its operation.

use std::borrow::Cow;
use std::collections::HashSet;

use hyper::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use crate::contract::document::{
    Answer, Contract, Credential, Media, Operation, StatusKey, is_form, is_json,
};
use crate::contract::exchange::body::recorded_body;
use crate::contract::exchange::coerce::{Style, query_pairs};
use crate::contract::exchange::form::File;
use crate::contract::exchange::request::Request;
use crate::contract::json::tape::{ReadError, Tape};
use crate::contract::load::walk::join;
use crate::contract::route::Match;
use crate::contract::schema::dialect::Variant;
use crate::contract::schema::judge::Findings;
use crate::contract::schema::rules::known_fields;
use crate::contract::schema::schemas::SchemaUse;
use crate::contract::spelling::nearest;
use crate::contract::violation::{In, MAX_VIOLATIONS, Side, Subject, Violation};

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'r> {
    /// Raw path values in template order.
    pub path: &'r [&'r str],
    /// The raw query, without `?`.
    pub query: Option<&'r str>,
    /// All headers.
    pub headers: &'r HeaderMap,
    /// The complete body.
    pub body: &'r [u8],
    /// Refuse unknown body fields and query parameters.
    pub strict: bool,
}

/// A request that keeps the contract, read.
#[derive(Debug)]
pub struct Checked<'r> {
    pub(in crate::contract) operation: &'r Operation,
    pub(in crate::contract) path: Vec<Cow<'r, str>>,
    pub(in crate::contract) query: Vec<(&'r str, Value)>,
    /// The body, where there was one that is read: JSON, a form or text. In a form an empty text
    /// stands for each file.
    pub body: Option<Tape<'r>>,
    /// The files of a form, in the order of the body.
    pub files: Vec<File<'r>>,
}

impl Checked<'_> {
    /// The decoded path value of that name. A document may rename a parameter: where there is
    /// only one, it is the one that is meant.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<&str> {
        let names = &self.operation.path_names;
        let index = match names.iter().position(|known| known == name) {
            None if names.len() == 1 => 0,
            found => found?,
        };
        self.path.get(index).map(AsRef::as_ref)
    }

    /// Whether the query gives that parameter.
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        self.query.iter().any(|(known, _)| *known == name)
    }

    /// The query parameter of that name, or its documented default.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&Value> {
        let given = self.query.iter().find(|(known, _)| *known == name);
        given.map(|(_, value)| value).or_else(|| {
            let parameters = self.operation.parameters.iter();
            let mut named = parameters
                .filter(|parameter| parameter.place == In::Query && parameter.name == name);
            named.find_map(|parameter| parameter.default.as_ref())
        })
    }
}

/// Why a request does not keep the contract.
#[derive(Debug)]
pub enum Refused {
    /// The body has a media type that the operation does not take, or none; what to send.
    UnsupportedMediaType(String),
    /// Everything else; never empty.
    Violations(Vec<Violation>),
}

/// What became of an answer.
#[derive(Debug, Default)]
pub struct Verdict<'b> {
    /// What the answer breaks; empty when it may be sent.
    pub violations: Vec<Violation>,
    /// A failure in the common envelope, with a status or form that the document does not name.
    pub undocumented: bool,
    /// The body of an answer that may be sent, where its document says what is in it.
    pub body: Option<Tape<'b>>,
}

/// Something a client sent that nothing reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// `body` or `query`.
    #[serde(rename = "in")]
    pub place: In,
    /// JSON pointer; a parameter's is its name.
    pub pointer: String,
    /// The known name most like it.
    pub nearest: Option<String>,
}

impl Contract {
    /// Finds the operation for a method and a raw path.
    #[must_use]
    pub fn route<'p>(&self, method: &str, path: &'p str) -> Match<'p> {
        self.router.find(method, path)
    }

    /// Holds a request against its operation.
    ///
    /// # Errors
    ///
    /// What it breaks, at most [`crate::contract::MAX_VIOLATIONS`] of it.
    pub fn check_request<'r>(
        &'r self,
        operation: &'r Operation,
        incoming: Incoming<'r>,
    ) -> Result<Checked<'r>, Refused> {
        Request::new(self, operation, incoming).check()
    }

    /// Fields and parameters of a past request that nothing read, each name in the query once,
    /// at most [`MAX_VIOLATIONS`] in all.
    #[must_use]
    pub fn unread(
        &self,
        operation: &Operation,
        query: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Vec<Unread> {
        let mut unread = Vec::new();
        let known: Vec<&str> = query_names(operation).collect();
        let mut seen = HashSet::new();
        for (name, _) in query_pairs(query.unwrap_or_default()).unwrap_or_default() {
            if unread.len() == MAX_VIOLATIONS {
                return unread;
            }
            if seen.insert(name.clone()) && !is_known_query(operation, &name) {
                unread.push(Unread {
                    place: In::Query,
                    pointer: join("", &name),
                    nearest: nearest(&name, known.iter().copied()).map(str::to_owned),
                });
            }
        }
        let content_type = content_type.unwrap_or_default();
        if let Some(media) = operation.media(content_type)
            && let Some(schema) = &media.schema
            && let Some(tape) = recorded_body(body, content_type, media)
        {
            self.unread_fields(schema, &tape, &mut unread);
        }
        unread.truncate(MAX_VIOLATIONS);
        unread
    }

    /// The body of a request that was recorded, perhaps not to its end, as far as its fields can be
    /// told.
    #[must_use]
    pub fn recorded_body<'b>(
        &self,
        operation: &Operation,
        content_type: &str,
        body: &'b [u8],
    ) -> Option<Tape<'b>> {
        recorded_body(body, content_type, operation.media(content_type)?)
    }

    /// Why no JSON body of the operation could have a field of that name, with the nearest that it
    /// may have; none where it may, or where nothing tells.
    #[must_use]
    pub fn unknown_field(&self, operation: &Operation, name: &str) -> Option<Unread> {
        let body = operation.body.as_ref()?;
        let media = body
            .media
            .iter()
            .find(|media| media.range == "application/json")?;
        let sent = serde_json::json!({ name: null }).to_string();
        let unread = self.unread(operation, None, Some(&media.range), sent.as_bytes());
        let pointer = join("", name);
        unread.into_iter().find(|it| it.pointer == pointer)
    }

    fn unread_fields(&self, schema: &SchemaUse, tape: &Tape<'_>, unread: &mut Vec<Unread>) {
        let mut findings = Findings::default();
        let subject = Subject::body(Side::Request, Variant::StrictRequest);
        findings.judge(&self.schemas, schema, &subject, tape.root());
        let unknown = |violation: &Violation| violation.rule == "additionalProperties";
        for violation in findings.into_violations().into_iter().filter(unknown) {
            let known = known_fields(&self.schemas, violation.spec.trim_start_matches('#'));
            let name = violation.actual.as_ref().and_then(Value::as_str);
            let near = nearest(name.unwrap_or_default(), known.iter().map(String::as_str));
            unread.push(Unread {
                place: In::Body,
                nearest: near.map(str::to_owned),
                pointer: violation.pointer,
            });
        }
    }
}

impl Operation {
    /// The documented answer for a status: the code itself, its hundred, or the default.
    #[must_use]
    pub fn answer(&self, status: u16) -> Option<&Answer> {
        let keys = [
            StatusKey::Code(status),
            StatusKey::Range(status / 100),
            StatusKey::Default,
        ];
        keys.iter()
            .find_map(|key| self.answers.iter().find(|answer| answer.status == *key))
    }

    pub(in crate::contract) fn media(&self, content_type: &str) -> Option<&Media> {
        choose(&self.body.as_ref()?.media, &essence(content_type))
    }
}

/// The media type without its parameters, in lower case.
pub(in crate::contract) fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The entry for a media type: itself, then `type/*`, then `*/*`.
pub(in crate::contract) fn choose<'m>(media: &'m [Media], essence: &str) -> Option<&'m Media> {
    let kind = essence.split('/').next().unwrap_or_default();
    let find = |range: &str| media.iter().find(|media| media.range == range);
    find(essence)
        .or_else(|| find(&format!("{kind}/*")))
        .or_else(|| find("*/*"))
}

/// A header's text; several lines of one name are one list. Bytes beyond UTF-8 are replaced, so
/// that a schema judges what is there and not its absence.
pub(in crate::contract) fn header_text<'h>(
    headers: &'h HeaderMap,
    name: &str,
) -> Option<Cow<'h, str>> {
    let mut lines = headers.get_all(name).iter();
    let first = String::from_utf8_lossy(lines.next()?.as_bytes());
    Some(lines.fold(first, |text, line| {
        let more = String::from_utf8_lossy(line.as_bytes());
        Cow::Owned(format!("{text},{more}"))
    }))
}

/// Why a body could not be read, as a rule and in words.
pub(in crate::contract) struct Unreadable {
    pub rule: &'static str,
    pub why: String,
    /// What was expected and where, if the parser knows.
    pub hint: Option<String>,
}

/// Where JSON is broken, and what the parser says of it there.
fn mend(error: &ReadError) -> Option<String> {
    let (line, column) = error.stopped_at;
    let place = format!(" at line {line} column {column}");
    let what = error.message.strip_suffix(&place)?;
    (line > 0).then(|| format!("mend line {line}, column {column}: {what}"))
}

/// Reads a body of at most so many JSON values by its media type; none where it is taken as bytes.
pub(in crate::contract) fn read_body<'b>(
    bytes: &'b [u8],
    essence: &str,
    media: &Media,
    most_values: usize,
) -> Result<Option<Tape<'b>>, Unreadable> {
    let unreadable = |rule, why| Unreadable {
        rule,
        why,
        hint: None,
    };
    if is_json(essence) {
        let read = Tape::read_within(bytes, most_values);
        return read.map(Some).map_err(|error| Unreadable {
            hint: mend(&error),
            ..unreadable("json", format!("was not read as JSON: {error}"))
        });
    }
    if !is_form(essence) && !essence.starts_with("text/") {
        return Ok(None);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| unreadable("encoding", format!("is not UTF-8: {error}")))?;
    if !is_form(essence) {
        return Ok(Some(Tape::string(text)));
    }
    let pairs = query_pairs(text).map_err(|raw| {
        let why = format!("has `{raw}`, which does not decode to UTF-8 text");
        unreadable("encoding", why)
    })?;
    let pairs = pairs
        .iter()
        .map(|(name, text)| (name.as_ref(), text.as_ref()));
    Ok(Some(Tape::from_value(media.coercion.object(pairs))))
}

pub(in crate::contract) fn query_names(operation: &Operation) -> impl Iterator<Item = &str> {
    let parameters = operation.parameters.iter();
    let in_query = parameters.filter(|parameter| parameter.place == In::Query);
    in_query.map(|parameter| parameter.name.as_str())
}

pub(in crate::contract) fn is_known_query(operation: &Operation, name: &str) -> bool {
    operation.parameters.iter().any(|parameter| {
        parameter.place == In::Query
            && match parameter.style {
                Style::DeepObject => {
                    let tail = name.strip_prefix(parameter.name.as_str());
                    tail.is_some_and(|tail| tail.starts_with('[') && tail.ends_with(']'))
                }
                // An exploded object's fields are parameters themselves.
                Style::Repeated if parameter.coercion.object => {
                    parameter.coercion.has_property(name) || parameter.name == name
                }
                Style::Repeated | Style::Comma | Style::Space | Style::Pipe | Style::Json => {
                    parameter.name == name
                }
            }
    }) || operation
        .credentials
        .iter()
        .any(|credential| match credential {
            Credential::Query(known) => known == name,
            Credential::Bearer
            | Credential::Basic
            | Credential::Header(_)
            | Credential::Cookie(_) => false,
        })
}
