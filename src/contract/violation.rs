//! What an exchange broke in the contract, said so that a newcomer can mend it.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Variant, properties};
use super::schemas::{SchemaUse, Schemas};
use super::spelling::nearest;
use super::tape::{Item, push_token};

/// At most this many violations are listed for one message.
pub const MAX_VIOLATIONS: usize = 20;
/// Errors beyond this many are not even counted: hostile input buys no further work.
const MAX_JUDGED: usize = 200;
/// An `actual` value is cut after this many characters.
const MAX_ACTUAL: usize = 100;

/// Who sent what broke the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The client.
    Request,
    /// The server: its own bug, or a document that it cannot honour.
    Response,
}

/// The part of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum In {
    /// A path parameter.
    Path,
    /// A query parameter.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// The body.
    Body,
    /// The status code of an answer.
    Status,
}

/// One breach of the contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Violation {
    /// Who broke it.
    pub side: Side,
    /// Where it is.
    #[serde(rename = "in")]
    pub place: In,
    /// JSON pointer into that part; a parameter's pointer begins with its name.
    pub pointer: String,
    /// The schema keyword that does not hold, or the HTTP rule.
    pub rule: String,
    /// What the rule asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What came: the measured quantity for lengths and counts, the value otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Value>,
    /// Pointer to the rule in the document, after `#`.
    pub spec: String,
    /// What helps: the nearest spelling, the closest branch, the option that relaxes the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The same in one plain sentence.
    #[serde(skip)]
    pub message: String,
    /// The error code that the document sets for this rule.
    #[serde(skip)]
    pub code: Option<String>,
}

/// The part of a message that a validator was asked about.
pub(super) struct Subject<'s> {
    pub side: Side,
    pub place: In,
    /// The parameter's name; empty for a body.
    pub name: &'s str,
    pub variant: Variant,
}

impl Subject<'_> {
    fn pointer(&self, instance_path: &str) -> String {
        let mut pointer = String::new();
        if !self.name.is_empty() {
            push_token(&mut pointer, self.name);
        }
        pointer.push_str(instance_path);
        pointer
    }

    /// How a sentence names the place.
    fn words(&self, pointer: &str) -> String {
        let part = match self.place {
            In::Body if self.side == Side::Response => "the answer's body",
            In::Body => "the body",
            In::Path => "path parameter",
            In::Query => "query parameter",
            In::Header => "header",
            In::Cookie => "cookie",
            In::Status => "the status",
        };
        let name = match pointer[1.min(pointer.len())..].contains(['/', '~']) {
            true => pointer,
            false => pointer.trim_start_matches('/'),
        };
        match (self.place, name) {
            (In::Body | In::Status, "") => part.to_owned(),
            (In::Body, name) => format!("`{name}`"),
            (_, name) => format!("{part} `{name}`"),
        }
    }

    /// A violation that no schema told of.
    pub fn violation(&self, rule: &str, spec: &str, message: impl Into<String>) -> Violation {
        Violation {
            side: self.side,
            place: self.place,
            pointer: self.pointer(""),
            rule: rule.to_owned(),
            expected: None,
            actual: None,
            spec: format!("#{spec}"),
            hint: None,
            message: message.into(),
            code: None,
        }
    }
}

/// Holds `item` against a schema and appends what it breaks. Valid input costs no allocation.
pub(super) fn judge(
    schemas: &Schemas,
    used: &SchemaUse,
    subject: &Subject<'_>,
    item: Item<'_>,
    violations: &mut Vec<Violation>,
) {
    let validator = schemas.validator(used, subject.variant);
    if validator.is_valid(item) {
        return;
    }
    for error in validator.iter_errors(item).take(MAX_JUDGED) {
        for violation in describe(schemas, used, subject, &error) {
            let known = violations.iter().any(|other| {
                other.pointer == violation.pointer
                    && other.rule == violation.rule
                    && other.expected == violation.expected
            });
            if !known {
                violations.push(violation);
            }
        }
    }
}

/// Cuts a list to its bound; the last entry then says how many are not listed.
pub(super) fn bound(violations: &mut Vec<Violation>) {
    if violations.len() <= MAX_VIOLATIONS {
        return;
    }
    let rest = violations.len() - MAX_VIOLATIONS;
    violations.truncate(MAX_VIOLATIONS);
    violations.push(more(&violations[0].clone(), rest));
}

/// An entry that stands for `rest` others.
pub(super) fn more(like: &Violation, rest: usize) -> Violation {
    Violation {
        pointer: String::new(),
        rule: "more".to_owned(),
        expected: None,
        actual: Some(rest.into()),
        hint: Some(format!("{rest} more violations are not listed")),
        message: format!("and {rest} more"),
        code: None,
        ..like.clone()
    }
}

/// The violations as a header value: valid JSON in ASCII, under 4 kB, whole entries only.
#[must_use]
pub fn header_value(violations: &[Violation]) -> String {
    const ROOM: usize = 4_000;
    // The entry that counts the rest is small, but its `spec` is the document's.
    let text = |listed: &[Violation]| ascii(&json!(listed).to_string());
    let whole = text(violations);
    if whole.len() <= ROOM {
        return whole;
    }
    for kept in (0..violations.len()).rev() {
        let mut listed = violations[..kept].to_vec();
        let mut rest = more(&violations[0], violations.len() - kept);
        if rest.spec.len() > 1_000 {
            rest.spec = "#".to_owned();
        }
        listed.push(rest);
        let cut = text(&listed);
        if cut.len() <= ROOM {
            return cut;
        }
    }
    "[]".to_owned()
}

/// JSON text has non-ASCII characters only inside strings, where an escape means the same.
fn ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    let mut units = [0; 2];
    for character in json.chars() {
        if matches!(character, ' '..='~') {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut units) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    }
    escaped
}

fn describe(
    schemas: &Schemas,
    used: &SchemaUse,
    subject: &Subject<'_>,
    error: &ValidationError<'_>,
) -> Vec<Violation> {
    let spec = locate(schemas, used, error);
    let at = subject.pointer(error.instance_path().as_str());
    let told = tell(subject, &at, error);
    let base = Violation {
        side: subject.side,
        place: subject.place,
        pointer: at.clone(),
        rule: told.rule.to_owned(),
        expected: told.expected,
        actual: told.actual.map(cut),
        spec: format!("#{spec}"),
        hint: told.hint,
        message: told.message,
        code: None,
    };
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let schema = schemas.root().pointer(&schema_pointer(&spec));
            let known = properties(schemas.root(), schema.unwrap_or(&Value::Null));
            let unknown = |name: &String| unknown_property(&base, subject, name, &known);
            unexpected.iter().map(unknown).collect()
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![missing_property(base, subject, name, error.instance())]
        }
        _ => vec![with_own_words(schemas, base, &spec, error)],
    }
}

/// The document may set the code and the words for a schema's violations.
fn with_own_words(
    schemas: &Schemas,
    mut violation: Violation,
    spec: &str,
    error: &ValidationError<'_>,
) -> Violation {
    let parent = schema_pointer(spec);
    let holders = [spec, parent.as_str()];
    let extension = |name: &str| {
        let found = |pointer: &&str| schemas.root().pointer(pointer)?.get(name)?.as_str();
        holders.iter().find_map(found)
    };
    if !matches!(error.kind(), Kind::Type { .. }) {
        violation.code = extension("x-openmail-mock-error").map(str::to_owned);
    }
    if let Some(words) = extension("x-openmail-mock-message") {
        violation.message = words.to_owned();
    }
    violation
}

/// The pointer of the schema that holds the keyword at `spec`.
fn schema_pointer(spec: &str) -> String {
    match spec.rsplit_once('/') {
        Some((
            parent,
            "additionalProperties"
            | "required"
            | "type"
            | "maxLength"
            | "minLength"
            | "pattern"
            | "format"
            | "enum"
            | "maximum"
            | "minimum"
            | "multipleOf"
            | "maxItems"
            | "minItems"
            | "uniqueItems"
            | "maxProperties"
            | "minProperties"
            | "oneOf"
            | "anyOf"
            | "not",
        )) => parent.to_owned(),
        _ => spec.to_owned(),
    }
}

fn unknown_property(
    base: &Violation,
    subject: &Subject<'_>,
    name: &str,
    known: &std::collections::BTreeSet<String>,
) -> Violation {
    let mut pointer = base.pointer.clone();
    push_token(&mut pointer, name);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "no field is known here".to_owned(),
        None => format!("the fields known here: {}", known.join(", ")),
    };
    Violation {
        message: format!(
            "{} is no field that is known here; {hint}",
            subject.words(&pointer)
        ),
        pointer,
        rule: "additionalProperties".to_owned(),
        expected: Some(Value::Bool(false)),
        actual: Some(cut(Value::String(name.to_owned()))),
        hint: Some(hint),
        ..base.clone()
    }
}

fn missing_property(
    base: Violation,
    subject: &Subject<'_>,
    name: &str,
    instance: &Value,
) -> Violation {
    let mut pointer = base.pointer.clone();
    push_token(&mut pointer, name);
    let members = instance.as_object().into_iter().flat_map(|map| map.keys());
    let hint = nearest(name, members.map(String::as_str))
        .filter(|near| *near != name)
        .map(|near| format!("`{near}` is there; did you mean `{name}`?"));
    let tail = hint.as_ref().map(|hint| format!("; {hint}"));
    Violation {
        message: format!(
            "{} is required and missing{}",
            subject.words(&pointer),
            tail.unwrap_or_default()
        ),
        pointer,
        hint,
        ..base
    }
}

/// The pointer of the rule in the document as it was given.
fn locate(schemas: &Schemas, used: &SchemaUse, error: &ValidationError<'_>) -> String {
    let location = error
        .absolute_keyword_location()
        .map(|uri| uri.as_str().to_owned())
        .unwrap_or_default();
    let (_, fragment) = location.split_once('#').unwrap_or_default();
    let pointer = percent_decode_str(fragment)
        .decode_utf8_lossy()
        .into_owned();
    // Equal schemas share a validator: the place is the one of this use.
    let compiled_at = schemas.compiled_at(used);
    let mut pointer = match pointer.strip_prefix(compiled_at) {
        Some(tail) if tail.is_empty() || tail.starts_with('/') => {
            format!("{}{tail}", used.pointer)
        }
        Some(_) | None if pointer.is_empty() => used.pointer.clone(),
        Some(_) | None => pointer,
    };
    // The translation has keywords that the document lacks: their schema is the place.
    while schemas.root().pointer(&pointer).is_none() {
        match pointer.rfind('/') {
            Some(end) => pointer.truncate(end),
            None => break,
        }
    }
    pointer
}

struct Told {
    rule: &'static str,
    expected: Option<Value>,
    actual: Option<Value>,
    hint: Option<String>,
    message: String,
}

/// What a validation error says, in the terms of OpenAPI 3.0 and in words.
fn tell(subject: &Subject<'_>, pointer: &str, error: &ValidationError<'_>) -> Told {
    let who = subject.words(pointer);
    let instance = error.instance().as_ref();
    let told = |rule, expected: Value, actual: Value, message: String| Told {
        rule,
        expected: Some(expected),
        actual: Some(actual),
        hint: None,
        message,
    };
    let plain = || instance.clone();
    let shown = shorten(&instance.to_string());
    let characters = || instance.as_str().map_or(0, |text| text.chars().count());
    let size = || match instance {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    match error.kind() {
        Kind::Type { kind } => {
            let expected = type_names(kind);
            let actual = type_name(instance);
            let message = format!("{who} must be {expected}, not {actual}");
            told("type", json!(expected), json!(actual), message)
        }
        Kind::MaxLength { limit } => {
            let length = characters();
            let message = format!("{who} is {length} characters long; at most {limit} are allowed");
            told("maxLength", json!(limit), json!(length), message)
        }
        Kind::MinLength { limit } => {
            let length = characters();
            let message = format!("{who} is {length} characters long; at least {limit} are needed");
            told("minLength", json!(limit), json!(length), message)
        }
        Kind::Pattern { pattern } => {
            let message =
                format!("{who} must match the pattern `{pattern}`, which {shown} does not");
            told("pattern", json!(pattern), plain(), message)
        }
        Kind::Format { format } => {
            let message = format!("{who} must be of the format `{format}`, which {shown} is not");
            told("format", json!(format), plain(), message)
        }
        Kind::Enum { options } => {
            let message = format!("{who} must be one of {options}, not {shown}");
            told("enum", options.as_ref().clone(), plain(), message)
        }
        Kind::Maximum { limit } => {
            let message = format!("{who} must be at most {limit}, not {shown}");
            told("maximum", limit.clone(), plain(), message)
        }
        Kind::Minimum { limit } => {
            let message = format!("{who} must be at least {limit}, not {shown}");
            told("minimum", limit.clone(), plain(), message)
        }
        Kind::ExclusiveMaximum { limit } => {
            let message = format!("{who} must be less than {limit}, not {shown}");
            told("exclusiveMaximum", limit.clone(), plain(), message)
        }
        Kind::ExclusiveMinimum { limit } => {
            let message = format!("{who} must be more than {limit}, not {shown}");
            told("exclusiveMinimum", limit.clone(), plain(), message)
        }
        Kind::MultipleOf { multiple_of } => {
            let message = format!("{who} must be a multiple of {multiple_of}, not {shown}");
            told("multipleOf", json!(multiple_of), plain(), message)
        }
        Kind::MaxItems { limit } => {
            let message = format!("{who} has {} items; at most {limit} are allowed", size());
            told("maxItems", json!(limit), json!(size()), message)
        }
        Kind::MinItems { limit } => {
            let message = format!("{who} has {} items; at least {limit} are needed", size());
            told("minItems", json!(limit), json!(size()), message)
        }
        Kind::MaxProperties { limit } => {
            let message = format!("{who} has {} fields; at most {limit} are allowed", size());
            told("maxProperties", json!(limit), json!(size()), message)
        }
        Kind::MinProperties { limit } => {
            let message = format!("{who} has {} fields; at least {limit} are needed", size());
            told("minProperties", json!(limit), json!(size()), message)
        }
        Kind::UniqueItems => {
            let message = format!("{who} must not hold the same item twice");
            told("uniqueItems", json!(true), json!(false), message)
        }
        Kind::Required { property } => {
            let message = format!("{who} lacks {property}");
            told("required", property.clone(), Value::Null, message)
        }
        Kind::FalseSchema => {
            let (rule, message) = match subject.variant {
                Variant::Response => (
                    "writeOnly",
                    format!("{who} is write-only and must not be answered"),
                ),
                Variant::Request | Variant::StrictRequest => (
                    "readOnly",
                    format!("{who} is read-only; leave it out of requests"),
                ),
            };
            told(rule, json!("absent"), plain(), message)
        }
        Kind::Not { .. } => {
            let message = format!("{who} must not be what its `not` describes, as {shown} is");
            told("not", json!("no match"), plain(), message)
        }
        Kind::AnyOf { context } => branches(subject, pointer, "anyOf", context, who),
        Kind::OneOfNotValid { context } => branches(subject, pointer, "oneOf", context, who),
        Kind::OneOfMultipleValid { .. } => {
            let message = format!("{who} fits more than one of the `oneOf` branches");
            told("oneOf", json!("exactly one branch"), plain(), message)
        }
        _ => {
            let message = format!("{who}: {error}");
            told("schema", json!("a valid value"), plain(), message)
        }
    }
}

/// No branch fits: the hint tells what the closest one misses.
fn branches(
    subject: &Subject<'_>,
    pointer: &str,
    rule: &'static str,
    context: &[Vec<ValidationError<'static>>],
    who: String,
) -> Told {
    let depth = |errors: &[ValidationError<'static>]| {
        let paths = errors.iter().map(|error| error.instance_path().as_str());
        paths
            .map(|path| path.matches('/').count())
            .max()
            .unwrap_or(0)
    };
    // A wrong type at the top says that the branch was not meant.
    let meant = |errors: &[ValidationError<'static>]| {
        let top_type = |error: &ValidationError<'static>| {
            matches!(error.kind(), Kind::Type { .. })
                && error.instance_path().as_str().matches('/').count()
                    <= pointer.matches('/').count()
        };
        !errors.iter().any(top_type)
    };
    let closest = context
        .iter()
        .enumerate()
        .min_by_key(|(_, errors)| (!meant(errors), errors.len(), usize::MAX - depth(errors)));
    let hint = closest.and_then(|(index, errors)| {
        let error = errors.first()?;
        let at = subject.pointer(error.instance_path().as_str());
        let missing = tell(subject, &at, error).message;
        Some(format!(
            "the closest branch is number {}: {missing}",
            index + 1
        ))
    });
    let tail = hint.as_ref().map(|hint| format!("; {hint}"));
    Told {
        rule,
        expected: Some(json!(format!("one of {} branches", context.len()))),
        actual: None,
        message: format!(
            "{who} fits none of the `{rule}` branches{}",
            tail.unwrap_or_default()
        ),
        hint,
    }
}

fn type_names(kind: &TypeKind) -> String {
    let name = |kind: JsonType| match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "boolean",
        JsonType::Integer => "integer",
        JsonType::Number => "number",
        JsonType::String => "string",
        JsonType::Array => "array",
        JsonType::Object => "object",
    };
    match kind {
        TypeKind::Single(kind) => name(*kind).to_owned(),
        TypeKind::Multiple(kinds) => {
            let mut names: Vec<&str> = kinds.iter().map(name).collect();
            // `null` reads better last: "string or null".
            names.sort_by_key(|name| *name == "null");
            names.join(" or ")
        }
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// An actual value, short enough to show.
fn cut(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(shorten(&text)),
        Value::Array(_) | Value::Object(_) => Value::String(shorten(&value.to_string())),
        scalar => scalar,
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_ACTUAL) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
