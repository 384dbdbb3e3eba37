//! Requests held against their operation, and read by it.

use std::borrow::Cow;

use hyper::HeaderMap;
use hyper::header::COOKIE;
use serde_json::{Value, json};

use crate::contract::document::{Contract, Operation, Parameter};
use crate::contract::exchange::body::Contents;
use crate::contract::exchange::check::{
    Checked, Incoming, Refused, header_text, is_known_query, query_names,
};
use crate::contract::exchange::coerce::{Pair, Style, decode, query_pairs};
use crate::contract::json::tape::Tape;
use crate::contract::load::walk::join;
use crate::contract::schema::dialect::Variant;
use crate::contract::schema::judge::Findings;
use crate::contract::spelling::nearest;
use crate::contract::violation::{In, Side, Subject, Violation};

/// What a query says of one parameter.
enum Given {
    Value(Value),
    Nothing,
    /// Something that was told already.
    Unreadable,
}

/// A request on its way through the check.
pub(in crate::contract) struct Request<'r> {
    pub(in crate::contract) contract: &'r Contract,
    pub(in crate::contract) operation: &'r Operation,
    pub(in crate::contract) incoming: Incoming<'r>,
    pub(in crate::contract) findings: Findings,
}

impl<'r> Request<'r> {
    pub fn new(contract: &'r Contract, operation: &'r Operation, incoming: Incoming<'r>) -> Self {
        Self {
            contract,
            operation,
            incoming,
            findings: Findings::default(),
        }
    }

    /// Looks at every part, so that one answer tells all that is wrong.
    pub fn check(mut self) -> Result<Checked<'r>, Refused> {
        let path = self.path();
        let query = self.query();
        self.headers();
        let Contents { body, files } = self.body()?;
        if self.findings.is_empty() {
            return Ok(Checked {
                operation: self.operation,
                path,
                query,
                body,
                files,
            });
        }
        Err(Refused::Violations(self.findings.into_violations()))
    }

    pub(in crate::contract) fn variant(&self) -> Variant {
        match self.incoming.strict {
            true => Variant::StrictRequest,
            false => Variant::Request,
        }
    }

    pub(in crate::contract) fn subject<'s>(&self, place: In, name: &'s str) -> Subject<'s> {
        Subject {
            side: Side::Request,
            place,
            name,
            variant: self.variant(),
            is_apart: false,
            is_form: false,
        }
    }

    fn judge(&mut self, parameter: &Parameter, value: Value) {
        let Some(schema) = &parameter.schema else {
            return;
        };
        let subject = Subject {
            side: Side::Request,
            place: parameter.place,
            name: &parameter.name,
            variant: self.variant(),
            is_apart: false,
            is_form: false,
        };
        let hint = comma_hint(parameter, &value);
        let tape = Tape::from_value(value);
        let schemas = &self.contract.schemas;
        let before = self.findings.len();
        self.findings.judge(schemas, schema, &subject, tape.root());
        if let Some(hint) = hint {
            self.findings.hint_at_types(before, &hint);
        }
    }

    /// The parameter's value, if its text can be read.
    fn read(&mut self, parameter: &Parameter, text: &str) -> Option<Value> {
        match parameter.read(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let subject = self.subject(parameter.place, &parameter.name);
                let place = words(parameter.place);
                let message = format!("{place} `{}` is not JSON: {error}", parameter.name);
                let violation = subject.violation("json", &parameter.pointer, message);
                self.findings.push(violation);
                None
            }
        }
    }

    fn missing(&mut self, parameter: &Parameter) {
        let subject = self.subject(parameter.place, &parameter.name);
        let place = words(parameter.place);
        let message = format!("{place} `{}` is required and missing", parameter.name);
        let violation = subject.violation("required", &parameter.pointer, message);
        self.findings.push(violation);
    }

    fn not_utf8(&mut self, place: In, name: &str, raw: &str) {
        let subject = self.subject(place, name);
        let message = format!("`{raw}` does not decode to UTF-8 text");
        let violation = subject.violation("encoding", &self.operation.pointer, message);
        self.findings.push(Violation {
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
            if let Some(parameter) = declared
                && let Some(value) = self.read(parameter, &text)
            {
                self.judge(parameter, value);
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
                Given::Value(value) => {
                    let is_left_out = parameter.allows_empty && value == "";
                    if !is_left_out {
                        self.judge(parameter, value.clone());
                    }
                    values.push((parameter.name.as_str(), value));
                }
                Given::Nothing if parameter.required => self.missing(parameter),
                Given::Nothing | Given::Unreadable => {}
            }
        }
        if self.incoming.strict {
            self.unknown_query(&pairs);
        }
        values
    }

    fn query_value(&mut self, parameter: &Parameter, pairs: &[Pair<'_>]) -> Given {
        let coercion = &parameter.coercion;
        let named = pairs.iter().filter(|(name, _)| *name == parameter.name);
        let texts: Vec<&str> = named.map(|(_, text)| text.as_ref()).collect();
        let object = |fields: Vec<(&str, &str)>| match fields.is_empty() {
            true => Given::Nothing,
            false => Given::Value(coercion.object(fields.into_iter())),
        };
        match (parameter.style, texts.as_slice()) {
            (Style::DeepObject, _) => {
                let fields = pairs.iter().filter_map(|(name, text)| {
                    let tail = name.strip_prefix(parameter.name.as_str())?;
                    let field = tail.strip_prefix('[')?.strip_suffix(']')?;
                    Some((field, text.as_ref()))
                });
                object(fields.collect())
            }
            // An exploded object's fields are parameters themselves.
            (Style::Repeated, []) if coercion.object => {
                let fields = pairs.iter().filter(|(name, _)| coercion.has_property(name));
                object(
                    fields
                        .map(|(name, text)| (name.as_ref(), text.as_ref()))
                        .collect(),
                )
            }
            (_, []) => Given::Nothing,
            (Style::Repeated, texts) if coercion.array => {
                Given::Value(coercion.list(texts.iter().copied()))
            }
            (Style::Repeated, [text]) => Given::Value(coercion.scalar(text)),
            (_, [text]) => self
                .read(parameter, text)
                .map_or(Given::Unreadable, Given::Value),
            (_, texts) => self.repeated(parameter, texts.len()),
        }
    }

    fn repeated(&mut self, parameter: &Parameter, times: usize) -> Given {
        let subject = self.subject(In::Query, &parameter.name);
        let message = format!(
            "query parameter `{}` is given {times} times; once is meant",
            parameter.name
        );
        let violation = subject.violation("repeated", &parameter.pointer, message);
        self.findings.push(violation);
        Given::Unreadable
    }

    fn unknown_query(&mut self, pairs: &[Pair<'_>]) {
        let known: Vec<&str> = query_names(self.operation).collect();
        for (name, _) in pairs {
            if is_known_query(self.operation, name) {
                continue;
            }
            if self.findings.is_full() {
                self.findings.count(1);
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
            self.findings.push(Violation {
                hint: Some(hint),
                ..violation
            });
        }
    }

    fn headers(&mut self) {
        for parameter in &self.operation.parameters {
            let text = match parameter.place {
                In::Header => header_text(self.incoming.headers, &parameter.name),
                In::Cookie => cookie(self.incoming.headers, &parameter.name).map(Cow::Owned),
                In::Path | In::Query | In::Body | In::Status => continue,
            };
            match text {
                Some(text) => {
                    if let Some(value) = self.read(parameter, &text) {
                        self.judge(parameter, value);
                    }
                }
                None if parameter.required => self.missing(parameter),
                None => {}
            }
        }
    }
}

/// How a sentence names a kind of parameter.
fn words(place: In) -> &'static str {
    match place {
        In::Query => "query parameter",
        In::Header => "header",
        In::Cookie => "cookie",
        In::Path => "path parameter",
        In::Body | In::Status => "parameter",
    }
}

/// A list written with commas where each value is a pair of its own: what to do instead. Texts
/// may hold commas of their own, numbers cannot.
fn comma_hint(parameter: &Parameter, value: &Value) -> Option<String> {
    let is_split = parameter.style == Style::Repeated && parameter.coercion.has_number_items();
    let [Value::String(text)] = value.as_array()?.as_slice() else {
        return None;
    };
    let name = &parameter.name;
    let (first, rest) = text.split_once(',').filter(|_| is_split)?;
    let second = rest.split(',').next().unwrap_or_default();
    let is_short = name.len() + first.len() + second.len() < 100;
    Some(match is_short {
        true => format!("repeat the parameter for each value: `{name}={first}&{name}={second}`"),
        false => "repeat the parameter for each value".to_owned(),
    })
}

/// The value of a cookie, on whichever line it came.
#[must_use]
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';'));
    pairs.find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then(|| value.to_owned())
    })
}
