//! Both directions of an exchange held against its operation.

use std::borrow::Cow;

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, COOKIE};
use serde::Serialize;
use serde_json::{Value, json};

use super::coerce::{Pair, Style, decode, query_pairs};
use super::dialect::{Variant, properties};
use super::document::{Answer, Contract, Media, Operation, Parameter, StatusKey, is_form, is_json};
use super::route::Match;
use super::schemas::SchemaUse;
use super::spelling::nearest;
use super::tape::Tape;
use super::violation::{In, Side, Subject, Violation, bound, judge};
use super::walk::join;

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
    operation: &'r Operation,
    path: Vec<Cow<'r, str>>,
    query: Vec<(&'r str, Value)>,
    /// The body, where there was one that is read: JSON, a form or text.
    pub body: Option<Tape<'r>>,
}

impl Checked<'_> {
    /// The decoded path value of that name.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<&str> {
        let index = self
            .operation
            .path_names
            .iter()
            .position(|known| known == name)?;
        self.path.get(index).map(AsRef::as_ref)
    }

    /// The query parameter of that name, or its documented default.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&Value> {
        let given = self.query.iter().find(|(known, _)| *known == name);
        given.map(|(_, value)| value).or_else(|| {
            let parameters = self.operation.parameters.iter();
            let mut named = parameters.filter(|parameter| parameter.name == name);
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
pub struct Verdict {
    /// What the answer breaks; empty when it may be sent.
    pub violations: Vec<Violation>,
    /// A failure in the common envelope, with a status or form that the document does not name.
    pub undocumented: bool,
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
    /// What it breaks, at most [`super::MAX_VIOLATIONS`] of it.
    pub fn check_request<'r>(
        &'r self,
        operation: &'r Operation,
        incoming: Incoming<'r>,
    ) -> Result<Checked<'r>, Refused> {
        let mut request = Request {
            contract: self,
            operation,
            incoming,
            violations: Vec::new(),
        };
        let path = request.path();
        let query = request.query();
        request.headers();
        let body = request.body()?;
        if request.violations.is_empty() {
            return Ok(Checked {
                operation,
                path,
                query,
                body,
            });
        }
        bound(&mut request.violations);
        Err(Refused::Violations(request.violations))
    }

    /// Holds an answer against its operation. `synthesized` says that the behaviour is not built
    /// in, so that a failure in our own envelope is no breach of a stranger's document.
    #[must_use]
    pub fn check_answer(
        &self,
        operation: &Operation,
        synthesized: bool,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Verdict {
        let mut violations = match operation.answer(status) {
            Some(answer) => self.answer_violations(answer, headers, body),
            None => vec![undocumented_status(operation, status)],
        };
        if violations.is_empty() {
            return Verdict::default();
        }
        let tolerated = !self.built_in && status >= 400 && self.fits_error(body, synthesized);
        if tolerated {
            return Verdict {
                violations: Vec::new(),
                undocumented: true,
            };
        }
        bound(&mut violations);
        Verdict {
            violations,
            undocumented: false,
        }
    }

    /// Fields and parameters of a past request that nothing read.
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
        for (name, _) in query_pairs(query.unwrap_or_default()).unwrap_or_default() {
            if !is_known_query(operation, &name) {
                unread.push(Unread {
                    place: In::Query,
                    pointer: join("", &name),
                    nearest: nearest(&name, known.iter().copied()).map(str::to_owned),
                });
            }
        }
        let media = operation.media(content_type.unwrap_or_default());
        let schema = media.and_then(|media| media.schema.as_ref());
        if let (Some(schema), Ok(tape)) = (schema, Tape::read(body)) {
            self.unread_fields(schema, &tape, &mut unread);
        }
        unread
    }

    fn unread_fields(&self, schema: &SchemaUse, tape: &Tape<'_>, unread: &mut Vec<Unread>) {
        let mut violations = Vec::new();
        let subject = body_subject(Side::Request, Variant::StrictRequest);
        judge(
            &self.schemas,
            schema,
            &subject,
            tape.root(),
            &mut violations,
        );
        for violation in violations
            .into_iter()
            .filter(|v| v.rule == "additionalProperties")
        {
            let parent = violation.spec.trim_start_matches('#');
            let schema = self.schemas.root().pointer(parent);
            let known = properties(self.schemas.root(), schema.unwrap_or(&Value::Null));
            let name = violation.actual.as_ref().and_then(Value::as_str);
            let near = nearest(name.unwrap_or_default(), known.iter().map(String::as_str));
            unread.push(Unread {
                place: In::Body,
                nearest: near.map(str::to_owned),
                pointer: violation.pointer,
            });
        }
    }

    fn answer_violations(
        &self,
        answer: &Answer,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Vec<Violation> {
        let mut violations = Vec::new();
        for header in &answer.headers {
            self.answer_header(header, headers, &mut violations);
        }
        let subject = body_subject(Side::Response, Variant::Response);
        if answer.media.is_empty() {
            if !body.is_empty() {
                let message = "this answer is documented without a body";
                violations.push(subject.violation("content", &answer.pointer, message));
            }
            return violations;
        }
        let given = text_of(headers, CONTENT_TYPE.as_str());
        let essence = essence(given.unwrap_or_default());
        let Some(media) = choose(&answer.media, &essence) else {
            let message = format!("the media type `{essence}` is not documented for this answer");
            let spec = join(&answer.pointer, "content");
            violations.push(subject.violation("content", &spec, message));
            return violations;
        };
        if let (Some(schema), true) = (&media.schema, is_json(&essence)) {
            match Tape::read(body) {
                Ok(tape) => judge(
                    &self.schemas,
                    schema,
                    &subject,
                    tape.root(),
                    &mut violations,
                ),
                Err(error) => {
                    let message = format!("the answer is not JSON: {error}");
                    violations.push(subject.violation("json", &media.pointer, message));
                }
            }
        }
        violations
    }

    fn answer_header(
        &self,
        header: &Parameter,
        headers: &HeaderMap,
        violations: &mut Vec<Violation>,
    ) {
        let subject = Subject {
            side: Side::Response,
            place: In::Header,
            name: &header.name,
            variant: Variant::Response,
        };
        match (text_of(headers, &header.name), &header.schema) {
            (None, _) if header.required => {
                let message = format!("header `{}` is required and missing", header.name);
                violations.push(subject.violation("required", &header.pointer, message));
            }
            (None, _) | (Some(_), None) => {}
            (Some(text), Some(schema)) => {
                let tape = Tape::from_value(header.coercion.joined(text, ','));
                judge(&self.schemas, schema, &subject, tape.root(), violations);
            }
        }
    }

    /// Whether a body is the envelope that every failure has.
    fn fits_error(&self, body: &[u8], synthesized: bool) -> bool {
        let Ok(tape) = Tape::read(body) else {
            return false;
        };
        match &self.error_schema {
            Some(schema) if !synthesized => {
                self.schemas
                    .is_valid(schema, Variant::Response, tape.root())
            }
            Some(_) | None => {
                let is_text = |name| {
                    tape.root()
                        .get(name)
                        .is_some_and(|item| item.as_str().is_some())
                };
                is_text("error") && is_text("message")
            }
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

    fn media(&self, content_type: &str) -> Option<&Media> {
        choose(&self.body.as_ref()?.media, &essence(content_type))
    }
}

fn body_subject(side: Side, variant: Variant) -> Subject<'static> {
    Subject {
        side,
        place: In::Body,
        name: "",
        variant,
    }
}

fn undocumented_status(operation: &Operation, status: u16) -> Violation {
    let known = operation
        .answers
        .iter()
        .map(|answer| answer.status.to_string());
    let known: Vec<String> = known.collect();
    let subject = Subject {
        side: Side::Response,
        place: In::Status,
        name: "",
        variant: Variant::Response,
    };
    let spec = join(&operation.pointer, "responses");
    let message = format!("the status {status} is not documented for {}", operation.id);
    Violation {
        expected: Some(json!(known)),
        actual: Some(json!(status)),
        ..subject.violation("status", &spec, message)
    }
}

/// The media type without its parameters, in lower case.
fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The entry for a media type: itself, then `type/*`, then `*/*`.
fn choose<'m>(media: &'m [Media], essence: &str) -> Option<&'m Media> {
    let kind = essence.split('/').next().unwrap_or_default();
    let find = |range: &str| media.iter().find(|media| media.range == range);
    find(essence)
        .or_else(|| find(&format!("{kind}/*")))
        .or_else(|| find("*/*"))
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn query_names(operation: &Operation) -> impl Iterator<Item = &str> {
    let parameters = operation.parameters.iter();
    let in_query = parameters.filter(|parameter| parameter.place == In::Query);
    in_query.map(|parameter| parameter.name.as_str())
}

fn is_known_query(operation: &Operation, name: &str) -> bool {
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
            super::Credential::Query(known) => known == name,
            super::Credential::Bearer
            | super::Credential::Basic
            | super::Credential::Header(_)
            | super::Credential::Cookie(_) => false,
        })
}

struct Request<'r> {
    contract: &'r Contract,
    operation: &'r Operation,
    incoming: Incoming<'r>,
    violations: Vec<Violation>,
}

impl<'r> Request<'r> {
    fn variant(&self) -> Variant {
        match self.incoming.strict {
            true => Variant::StrictRequest,
            false => Variant::Request,
        }
    }

    fn subject<'s>(&self, place: In, name: &'s str) -> Subject<'s> {
        Subject {
            side: Side::Request,
            place,
            name,
            variant: self.variant(),
        }
    }

    fn judge(&mut self, parameter: &'r Parameter, tape: &Tape<'_>) {
        if let Some(schema) = &parameter.schema {
            let subject = self.subject(parameter.place, &parameter.name);
            let schemas = &self.contract.schemas;
            judge(schemas, schema, &subject, tape.root(), &mut self.violations);
        }
    }

    fn missing(&mut self, parameter: &Parameter) {
        let subject = self.subject(parameter.place, &parameter.name);
        let place = match parameter.place {
            In::Query => "query parameter",
            In::Header => "header",
            In::Cookie => "cookie",
            In::Path | In::Body | In::Status => "parameter",
        };
        let message = format!("{place} `{}` is required and missing", parameter.name);
        self.violations
            .push(subject.violation("required", &parameter.pointer, message));
    }

    fn not_utf8(&mut self, place: In, name: &str, raw: &str) {
        let subject = self.subject(place, name);
        let message = format!("`{raw}` does not decode to UTF-8 text");
        let violation = subject.violation("encoding", &self.operation.pointer, message);
        self.violations.push(Violation {
            expected: Some(json!("percent-encoded UTF-8")),
            actual: Some(json!(raw)),
            ..violation
        });
    }

    fn path(&mut self) -> Vec<Cow<'r, str>> {
        let mut values = Vec::with_capacity(self.incoming.path.len());
        for (raw, name) in self.incoming.path.iter().zip(&self.operation.path_names) {
            let text = match decode(raw) {
                Ok(text) => text,
                Err(raw) => {
                    self.not_utf8(In::Path, name, &raw);
                    continue;
                }
            };
            let mut parameters = self.operation.parameters.iter();
            let declared =
                parameters.find(|parameter| parameter.place == In::Path && parameter.name == *name);
            if let Some(parameter) = declared {
                let tape = Tape::from_value(parameter.coercion.joined(&text, ','));
                self.judge(parameter, &tape);
            }
            values.push(text);
        }
        values
    }

    fn query(&mut self) -> Vec<(&'r str, Value)> {
        let raw = self.incoming.query.unwrap_or_default();
        let pairs = match query_pairs(raw) {
            Ok(pairs) => pairs,
            Err(raw) => {
                self.not_utf8(In::Query, "", &raw);
                return Vec::new();
            }
        };
        let mut values = Vec::new();
        for parameter in &self.operation.parameters {
            if parameter.place != In::Query {
                continue;
            }
            match self.query_value(parameter, &pairs) {
                Some(value) => {
                    self.judge(parameter, &Tape::from_value(value.clone()));
                    values.push((parameter.name.as_str(), value));
                }
                None if parameter.required => self.missing(parameter),
                None => {}
            }
        }
        if self.incoming.strict {
            self.unknown_query(&pairs);
        }
        values
    }

    fn query_value(&mut self, parameter: &Parameter, pairs: &[Pair<'_>]) -> Option<Value> {
        let coercion = &parameter.coercion;
        let named = pairs.iter().filter(|(name, _)| *name == parameter.name);
        let texts: Vec<&str> = named.map(|(_, text)| text.as_ref()).collect();
        match parameter.style {
            Style::DeepObject => {
                let fields = pairs.iter().filter_map(|(name, text)| {
                    let tail = name.strip_prefix(parameter.name.as_str())?;
                    let field = tail.strip_prefix('[')?.strip_suffix(']')?;
                    Some((field, text.as_ref()))
                });
                let fields: Vec<_> = fields.collect();
                (!fields.is_empty()).then(|| coercion.object(fields.into_iter()))
            }
            Style::Repeated if coercion.object && texts.is_empty() => {
                let fields = pairs.iter().filter(|(name, _)| coercion.has_property(name));
                let fields: Vec<_> = fields
                    .map(|(name, text)| (name.as_ref(), text.as_ref()))
                    .collect();
                (!fields.is_empty()).then(|| coercion.object(fields.into_iter()))
            }
            _ if texts.is_empty() => None,
            Style::Repeated if coercion.array => Some(coercion.list(texts.into_iter())),
            _ if texts.len() > 1 => {
                let subject = self.subject(In::Query, &parameter.name);
                let message = format!(
                    "query parameter `{}` is given {} times; once is meant",
                    parameter.name,
                    texts.len()
                );
                let violation = subject.violation("repeated", &parameter.pointer, message);
                self.violations.push(violation);
                None
            }
            Style::Comma => Some(coercion.joined(texts[0], ',')),
            Style::Space => Some(coercion.joined(texts[0], ' ')),
            Style::Pipe => Some(coercion.joined(texts[0], '|')),
            Style::Repeated => Some(coercion.scalar(texts[0])),
            Style::Json => match Tape::read(texts[0].as_bytes()) {
                Ok(tape) => Some(tape.root().to_json()),
                Err(error) => {
                    let subject = self.subject(In::Query, &parameter.name);
                    let message =
                        format!("query parameter `{}` is not JSON: {error}", parameter.name);
                    let violation = subject.violation("json", &parameter.pointer, message);
                    self.violations.push(violation);
                    None
                }
            },
        }
    }

    fn unknown_query(&mut self, pairs: &[Pair<'_>]) {
        let known: Vec<&str> = query_names(self.operation).collect();
        for (name, _) in pairs {
            if is_known_query(self.operation, name) {
                continue;
            }
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "this operation has none".to_owned(),
                None => format!("known here: {}", known.join(", ")),
            };
            let subject = self.subject(In::Query, name);
            let spec = join(&self.operation.pointer, "parameters");
            let shown: String = name.chars().take(100).collect();
            let message = format!("query parameter `{shown}` is not known; {hint}");
            let violation = subject.violation("unknown", &spec, message);
            self.violations.push(Violation {
                hint: Some(hint),
                ..violation
            });
        }
    }

    fn headers(&mut self) {
        for parameter in &self.operation.parameters {
            let text = match parameter.place {
                In::Header => text_of(self.incoming.headers, &parameter.name).map(str::to_owned),
                In::Cookie => cookie(self.incoming.headers, &parameter.name),
                In::Path | In::Query | In::Body | In::Status => continue,
            };
            match text {
                Some(text) => {
                    let value = parameter.coercion.joined(&text, ',');
                    self.judge(parameter, &Tape::from_value(value));
                }
                None if parameter.required => self.missing(parameter),
                None => {}
            }
        }
    }

    /// An empty body counts as none, whatever its headers say; a body that the operation does
    /// not take is ignored.
    fn body(&mut self) -> Result<Option<Tape<'r>>, Refused> {
        let Some(body) = &self.operation.body else {
            return Ok(None);
        };
        let subject = self.subject(In::Body, "");
        if self.incoming.body.is_empty() {
            if body.required {
                let message = "a body is required; `{}` is one";
                self.violations
                    .push(subject.violation("required", &body.pointer, message));
            }
            return Ok(None);
        }
        let given = text_of(self.incoming.headers, CONTENT_TYPE.as_str());
        let essence = essence(given.unwrap_or_default());
        let Some(media) = choose(&body.media, &essence) else {
            return Err(Refused::UnsupportedMediaType(wrong_media_type(
                &essence,
                &body.media,
            )));
        };
        let tape = match self.read_body(&essence, media) {
            Ok(tape) => tape,
            Err(message) => {
                let violation = subject.violation("json", &media.pointer, message);
                self.violations.push(Violation {
                    expected: Some(json!(essence)),
                    ..violation
                });
                return Ok(None);
            }
        };
        if let (Some(tape), Some(schema)) = (&tape, &media.schema) {
            let schemas = &self.contract.schemas;
            judge(schemas, schema, &subject, tape.root(), &mut self.violations);
        }
        Ok(tape)
    }

    fn read_body(&self, essence: &str, media: &Media) -> Result<Option<Tape<'r>>, String> {
        let bytes = self.incoming.body;
        if is_json(essence) {
            let read = Tape::read(bytes);
            return read
                .map(Some)
                .map_err(|error| format!("the body was not read as JSON: {error}"));
        }
        let text = || {
            std::str::from_utf8(bytes).map_err(|error| format!("the body is not UTF-8: {error}"))
        };
        if is_form(essence) {
            let pairs = query_pairs(text()?)
                .map_err(|raw| format!("`{raw}` does not decode to UTF-8 text"))?;
            let pairs = pairs
                .iter()
                .map(|(name, text)| (name.as_ref(), text.as_ref()));
            return Ok(Some(Tape::from_value(media.coercion.object(pairs))));
        }
        if essence.starts_with("text/") {
            return Ok(Some(Tape::string(text()?)));
        }
        Ok(None)
    }
}

fn wrong_media_type(given: &str, media: &[Media]) -> String {
    let ranges: Vec<String> = media
        .iter()
        .map(|media| format!("`Content-Type: {}`", media.range))
        .collect();
    let came = match given.is_empty() {
        true => "the body came without a Content-Type".to_owned(),
        false => format!("a body of the media type `{given}` is not taken here"),
    };
    format!("{came}; send {}", ranges.join(" or "))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';'));
    pairs.find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then(|| value.to_owned())
    })
}
