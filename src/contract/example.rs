//! An answer for an operation without behaviour: what its document gives as example, else the
//! smallest value that its schema takes.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Number, Value, json};

use super::dialect::Variant;
use super::document::{Answer, Contract, Media, Operation, StatusKey, is_json};
use super::tape::Tape;
use super::walk::{dereference, join};

/// An answer made from the document.
#[derive(Debug, PartialEq, Eq)]
pub struct Synthesized {
    /// The documented status, the lowest success first.
    pub status: u16,
    /// The media type; none for an answer without a body.
    pub content_type: Option<String>,
    /// Documented headers that are required, with a value each.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Contract {
    /// Makes an answer. Whether it keeps the contract is for the check that follows: a document
    /// may ask for what no value satisfies.
    #[must_use]
    pub fn synthesize(&self, operation: &Operation) -> Synthesized {
        let answer = best_answer(&operation.answers);
        let status = answer.map_or(200, |answer| match answer.status {
            StatusKey::Code(code) => code,
            StatusKey::Range(hundred) => hundred * 100,
            StatusKey::Default => 200,
        });
        let media = answer.and_then(|answer| {
            let json = answer.media.iter().find(|media| is_json(&media.range));
            json.or(answer.media.first())
        });
        let body = media.map(|media| self.example(media));
        let content_type = media.map(|media| match media.range.as_str() {
            "*/*" | "application/*" => "application/json".to_owned(),
            "text/*" => "text/plain".to_owned(),
            range => range.to_owned(),
        });
        let is_json = content_type.as_deref().is_some_and(is_json);
        Synthesized {
            status,
            headers: answer.map_or_else(Vec::new, |answer| self.example_headers(answer)),
            body: match body {
                None => Vec::new(),
                Some(Value::String(text)) if !is_json => text.into_bytes(),
                Some(value) => value.to_string().into_bytes(),
            },
            content_type,
        }
    }

    fn example_headers(&self, answer: &Answer) -> Vec<(String, String)> {
        let required = answer.headers.iter().filter(|header| header.required);
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        required
            .map(|header| {
                let schema = header.schema.as_ref().map(|used| self.schemas.schema(used));
                let value = schema.and_then(|schema| self.minimal(schema, 0, 0));
                (header.name.clone(), value.map_or_else(String::new, text))
            })
            .collect()
    }

    /// The first candidate that satisfies the schema; the last one made if none does.
    fn example(&self, media: &Media) -> Value {
        let Some(used) = &media.schema else {
            return self
                .given_examples(media)
                .into_iter()
                .next()
                .unwrap_or_default();
        };
        let fits = |value: &Value| {
            let tape = Tape::from_value(value.clone());
            self.schemas.is_valid(used, Variant::Response, tape.root())
        };
        if let Some(given) = self.given_examples(media).into_iter().find(fits) {
            return given;
        }
        // Each attempt takes other branches of `oneOf` and `anyOf`.
        let mut last = Value::Null;
        for attempt in 0..8 {
            if let Some(made) = self.minimal(self.schemas.schema(used), 0, attempt) {
                if fits(&made) {
                    return made;
                }
                last = made;
            }
        }
        last
    }

    fn given_examples(&self, media: &Media) -> Vec<Value> {
        let root = self.schemas.root();
        let holder = root.pointer(&media.pointer).unwrap_or(&Value::Null);
        let mut given: Vec<Value> = holder.get("example").cloned().into_iter().collect();
        let named = holder.get("examples").and_then(Value::as_object);
        for (name, example) in named.into_iter().flatten() {
            let pointer = join(&join(&media.pointer, "examples"), name);
            let (_, example) = dereference(root, &pointer, example);
            given.extend(example.get("value").cloned());
        }
        if let Some(used) = &media.schema {
            given.extend(stated(self.schemas.schema(used)));
        }
        given
    }

    /// The smallest value of a schema, by its examples where it has some.
    fn minimal(&self, schema: &Value, depth: usize, attempt: usize) -> Option<Value> {
        // Deeper than any sensible answer: a schema that contains itself without an end.
        if depth > 24 {
            return None;
        }
        let flat = self.flatten(schema, 0, attempt);
        if let Some(value) = stated(&Value::Object(flat.clone())).into_iter().next() {
            return Some(value);
        }
        let kind = flat.get("type").and_then(Value::as_str);
        let kind = kind.unwrap_or(match () {
            () if flat.contains_key("items") => "array",
            () if flat.contains_key("pattern") || flat.contains_key("format") => "string",
            () => "object",
        });
        let made = match kind {
            "string" => text(&flat).map(Value::String),
            "integer" | "number" => Some(number(&flat, kind == "integer")),
            "boolean" => Some(Value::Bool(false)),
            "array" => self.array(&flat, depth, attempt),
            _ => self.object(&flat, depth, attempt),
        };
        let nullable = flat.get("nullable") == Some(&Value::Bool(true));
        made.or_else(|| nullable.then_some(Value::Null))
    }

    fn array(&self, schema: &Map<String, Value>, depth: usize, attempt: usize) -> Option<Value> {
        let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let Some(items) = schema.get("items").filter(|_| count > 0) else {
            return Some(json!([]));
        };
        let item = self.minimal(items, depth + 1, attempt)?;
        Some(vec![item; count.min(1_000) as usize].into())
    }

    fn object(&self, schema: &Map<String, Value>, depth: usize, attempt: usize) -> Option<Value> {
        let required = schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        let properties = schema.get("properties").and_then(Value::as_object);
        let property = |name: &str| properties.and_then(|properties| properties.get(name));
        let mut members = Map::new();
        for name in required {
            let value = match property(name) {
                Some(schema) if schema.get("writeOnly") == Some(&Value::Bool(true)) => continue,
                Some(schema) => self.minimal(schema, depth + 1, attempt)?,
                None => json!({}),
            };
            members.insert(name.to_owned(), value);
        }
        let least = schema
            .get("minProperties")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        for (name, schema) in properties.into_iter().flatten() {
            if members.len() as u64 >= least {
                break;
            }
            if let Some(value) = self.minimal(schema, depth + 1, attempt) {
                members.entry(name.clone()).or_insert(value);
            }
        }
        Some(Value::Object(members))
    }

    /// The schema with its references, `allOf` and one branch each of `oneOf` and `anyOf` laid
    /// into one.
    fn flatten(&self, schema: &Value, depth: usize, attempt: usize) -> Map<String, Value> {
        let (_, schema) = dereference(self.schemas.root(), "", schema);
        let mut flat = schema.as_object().cloned().unwrap_or_default();
        if depth > 8 {
            return flat;
        }
        for composition in ["allOf", "oneOf", "anyOf"] {
            let Some(Value::Array(branches)) = flat.remove(composition) else {
                continue;
            };
            let chosen: Vec<&Value> = match composition {
                "allOf" => branches.iter().collect(),
                _ => branches
                    .get(attempt % branches.len().max(1))
                    .into_iter()
                    .collect(),
            };
            for branch in chosen {
                let branch = self.flatten(branch, depth + 1, attempt);
                merge(&mut flat, branch);
            }
        }
        flat
    }
}

/// Lowest success, then the success range, the default, and whatever else is documented.
fn best_answer(answers: &[Answer]) -> Option<&Answer> {
    answers.iter().min_by_key(|answer| match answer.status {
        StatusKey::Code(code) if (200..300).contains(&code) => code,
        StatusKey::Range(2) => 1_000,
        StatusKey::Default => 1_001,
        StatusKey::Code(code) => 2_000 + code,
        StatusKey::Range(hundred) => 3_000 + hundred,
    })
}

/// What a schema itself offers as a value.
fn stated(schema: &Value) -> Vec<Value> {
    let first = |name: &str| schema.get(name).and_then(Value::as_array)?.first().cloned();
    let own = |name: &str| schema.get(name).cloned();
    [own("example"), own("default"), first("enum")]
        .into_iter()
        .flatten()
        .collect()
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        let Some(known) = into.get_mut(&name) else {
            into.insert(name, value);
            continue;
        };
        match (name.as_str(), known, value) {
            ("properties", Value::Object(known), Value::Object(more)) => {
                for (name, schema) in more {
                    let both = known.remove(&name);
                    let schema = match both {
                        Some(first) => json!({ "allOf": [first, schema] }),
                        None => schema,
                    };
                    known.insert(name, schema);
                }
            }
            ("required", Value::Array(known), Value::Array(more)) => known.extend(more),
            ("minimum" | "minLength" | "minItems" | "minProperties", known, value)
                if value.as_f64() > known.as_f64() =>
            {
                *known = value;
            }
            ("maximum" | "maxLength" | "maxItems" | "maxProperties", known, value)
                if value.as_f64() < known.as_f64() =>
            {
                *known = value;
            }
            _ => {}
        }
    }
}

fn number(schema: &Map<String, Value>, whole: bool) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let is_exclusive = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    let least = bound("minimum").map(|least| match is_exclusive("exclusiveMinimum") {
        true => least + step.unwrap_or(1.0),
        false => least,
    });
    let most = bound("maximum").map(|most| match is_exclusive("exclusiveMaximum") {
        true => most - step.unwrap_or(1.0),
        false => most,
    });
    let mut value = match (least, most) {
        (Some(least), _) => least.max(0.0_f64.min(most.unwrap_or(f64::MAX))),
        (None, Some(most)) => most.min(0.0),
        (None, None) => 0.0,
    };
    if let Some(step) = step {
        value = (value / step).ceil() * step;
    }
    if whole || value.fract() == 0.0 {
        return Value::from(value.ceil() as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn text(schema: &Map<String, Value>) -> Option<String> {
    let length = |name: &str| schema.get(name).and_then(Value::as_u64);
    let mut text = match schema.get("pattern").and_then(Value::as_str) {
        Some(pattern) => {
            let hir = regex_syntax::parse(pattern).ok()?;
            let mut text = String::new();
            write_match(&hir, &mut text);
            text
        }
        None => sample(schema.get("format").and_then(Value::as_str)).to_owned(),
    };
    let missing = length("minLength")
        .unwrap_or(0)
        .saturating_sub(text.chars().count() as u64);
    text.extend(std::iter::repeat_n('a', missing.min(100_000) as usize));
    if let Some(most) = length("maxLength")
        && text.chars().count() as u64 > most
    {
        text = text.chars().take(most as usize).collect();
    }
    Some(text)
}

fn sample(format: Option<&str>) -> &'static str {
    match format.unwrap_or_default() {
        "date-time" => "2026-01-01T00:00:00.000Z",
        "date" => "2026-01-01",
        "time" => "00:00:00Z",
        "email" => "user@example.com",
        "uri" => "https://example.com/",
        "uri-reference" => "/example",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        _ => "",
    }
}

/// Writes a shortest match, bounded so that a repetition in a repetition does not explode.
fn write_match(hir: &Hir, text: &mut String) {
    if text.len() > 100_000 {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            text.extend(pick(class.ranges().iter().map(|r| (r.start(), r.end()))))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.ranges().iter();
            text.extend(pick(
                ranges.map(|r| (char::from(r.start()), char::from(r.end()))),
            ));
        }
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min.min(10_000) {
                write_match(&repetition.sub, text);
            }
        }
        HirKind::Capture(capture) => write_match(&capture.sub, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write_match(part, text)),
        HirKind::Alternation(branches) => {
            if let Some(first) = branches.first() {
                write_match(first, text);
            }
        }
    }
}

/// A character that reads well, if the class has one.
fn pick(ranges: impl Iterator<Item = (char, char)> + Clone) -> Option<char> {
    let holds = |wanted: char| {
        ranges
            .clone()
            .any(|(low, high)| (low..=high).contains(&wanted))
    };
    let readable = ['a', 'A', '0', '-', ' ']
        .into_iter()
        .find(|wanted| holds(*wanted));
    readable.or_else(|| ranges.clone().next().map(|(low, _)| low))
}
