//! The validator's errors in the terms of OpenAPI 3.0 and in words.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::{Value, json};

use crate::contract::schema::dialect::Variant;
use crate::contract::spelling::nearest;
use crate::contract::violation::Subject;

/// An `actual` value is cut after this many characters.
const MAX_ACTUAL: usize = 100;

/// One error, told.
pub(in crate::contract) struct Told {
    pub rule: &'static str,
    pub expected: Option<Value>,
    pub actual: Option<Value>,
    pub hint: Option<String>,
    pub message: String,
}

impl Told {
    fn new(rule: &'static str, expected: Value, actual: Value, message: String) -> Self {
        Self {
            rule,
            expected: Some(expected),
            actual: Some(actual),
            hint: None,
            message,
        }
    }
}

/// What is known of the branches of an `anyOf` or `oneOf`.
pub(in crate::contract) struct Branches<'b> {
    /// The one that the value itself says it means.
    pub named: Option<usize>,
    /// The sentence of an error in one of them.
    pub words: &'b dyn Fn(&ValidationError<'static>) -> String,
}

/// What a validation error says; `pointer` is the place of its value in the message, `branches`
/// what is known of the branches that it has.
pub(in crate::contract) fn tell(
    subject: &Subject<'_>,
    pointer: &str,
    error: &ValidationError<'_>,
    branches: &Branches<'_>,
) -> Told {
    let who = subject.words(pointer);
    let instance = error.instance().as_ref();
    if let Some(size) = size(error.kind(), instance) {
        return tell_size(&who, &size);
    }
    if let Some((rule, words, limit)) = bound(error.kind()) {
        let message = format!("{who} must be {words} {limit}, not {}", shown(instance));
        return Told::new(rule, limit, cut(instance), message);
    }
    match error.kind() {
        Kind::AnyOf { context } => no_branch(subject, pointer, error, "anyOf", context, branches),
        Kind::OneOfNotValid { context } => {
            no_branch(subject, pointer, error, "oneOf", context, branches)
        }
        _ => tell_other(subject, who, error),
    }
}

/// A rule that counts something.
struct Size {
    rule: &'static str,
    limit: u64,
    found: usize,
    is_most: bool,
}

fn size(kind: &Kind, instance: &Value) -> Option<Size> {
    let (rule, limit, is_most) = match kind {
        Kind::MaxLength { limit } => ("maxLength", limit, true),
        Kind::MinLength { limit } => ("minLength", limit, false),
        Kind::MaxItems { limit } => ("maxItems", limit, true),
        Kind::MinItems { limit } => ("minItems", limit, false),
        Kind::MaxProperties { limit } => ("maxProperties", limit, true),
        Kind::MinProperties { limit } => ("minProperties", limit, false),
        _ => return None,
    };
    let found = match instance {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    Some(Size {
        rule,
        limit: *limit,
        found,
        is_most,
    })
}

fn tell_size(who: &str, size: &Size) -> Told {
    let Size { limit, found, .. } = size;
    let measured = match size.rule {
        "maxLength" | "minLength" => format!("is {} long", counted(*found, "character")),
        "maxItems" | "minItems" => format!("has {}", counted(*found, "item")),
        _ => format!("has {}", counted(*found, "field")),
    };
    let asked = match size.is_most {
        true => format!("at most {limit} {} allowed", is_or_are(*limit)),
        false => format!("at least {limit} {} needed", is_or_are(*limit)),
    };
    let message = format!("{who} {measured}; {asked}");
    Told::new(size.rule, json!(limit), json!(found), message)
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

fn is_or_are(count: u64) -> &'static str {
    match count {
        1 => "is",
        _ => "are",
    }
}

/// A rule about a number: its name, how to say it, and its limit.
fn bound(kind: &Kind) -> Option<(&'static str, &'static str, Value)> {
    Some(match kind {
        Kind::Maximum { limit } => ("maximum", "at most", limit.clone()),
        Kind::Minimum { limit } => ("minimum", "at least", limit.clone()),
        Kind::ExclusiveMaximum { limit } => ("exclusiveMaximum", "less than", limit.clone()),
        Kind::ExclusiveMinimum { limit } => ("exclusiveMinimum", "more than", limit.clone()),
        Kind::MultipleOf { multiple_of } => {
            // The validator keeps a whole step as a fraction of zero.
            let is_whole = multiple_of.fract() == 0.0 && multiple_of.abs() < 1e15;
            let step = match is_whole {
                true => json!(*multiple_of as i64),
                false => json!(multiple_of),
            };
            ("multipleOf", "a multiple of", step)
        }
        _ => return None,
    })
}

fn tell_other(subject: &Subject<'_>, who: String, error: &ValidationError<'_>) -> Told {
    let instance = error.instance().as_ref();
    let shown = || shown(instance);
    match error.kind() {
        Kind::Type { kind } => {
            let (expected, actual) = (type_names(kind), type_name(instance));
            let said = expected.split(" or ").map(with_article);
            let said = said.collect::<Vec<_>>().join(" or ");
            let message = format!("{who} must be {said}, not {}", with_article(actual));
            Told::new("type", json!(expected), json!(actual), message)
        }
        Kind::Pattern { pattern } => {
            let message = format!(
                "{who} must match the pattern `{pattern}`, which {} does not",
                shown()
            );
            Told::new("pattern", json!(pattern), cut(instance), message)
        }
        Kind::Format { format } => {
            let message = format!(
                "{who} must be of the format `{format}`, which {} is not",
                shown()
            );
            Told::new("format", json!(format), cut(instance), message)
        }
        Kind::Enum { options } => {
            let words = options.as_array().into_iter().flatten();
            let words = words.filter_map(Value::as_str);
            let near = nearest(instance.as_str().unwrap_or_default(), words);
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let tail = hint.as_ref().map(|hint| format!("; {hint}"));
            let message = format!(
                "{who} must be one of {options}, not {}{}",
                shown(),
                tail.unwrap_or_default()
            );
            let expected = options.as_ref().clone();
            Told {
                hint,
                ..Told::new("enum", expected, cut(instance), message)
            }
        }
        Kind::UniqueItems => {
            let message = format!("{who} must not hold the same item twice");
            Told::new("uniqueItems", json!(true), json!(false), message)
        }
        Kind::Required { property } => {
            let message = format!("{who} lacks {property}");
            Told::new("required", property.clone(), Value::Null, message)
        }
        Kind::FalseSchema => tell_hidden(subject, &who, instance),
        Kind::Not { .. } => {
            let message = format!(
                "{who} must not be what its `not` describes, as {} is",
                shown()
            );
            Told::new("not", json!("no match"), cut(instance), message)
        }
        Kind::OneOfMultipleValid { context } => many_branches(&who, instance, context),
        _ => {
            let message = format!("{who}: {error}");
            Told::new("schema", json!("a valid value"), cut(instance), message)
        }
    }
}

/// A property that this side never carries.
fn tell_hidden(subject: &Subject<'_>, who: &str, instance: &Value) -> Told {
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
    Told::new(rule, json!("absent"), cut(instance), message)
}

fn many_branches(who: &str, instance: &Value, context: &[Vec<ValidationError<'static>>]) -> Told {
    let fitting = context.iter().enumerate();
    let fitting = fitting.filter(|(_, errors)| errors.is_empty());
    let numbers: Vec<String> = fitting.map(|(index, _)| (index + 1).to_string()).collect();
    let message = format!("{who} fits more than one of the `oneOf` branches");
    let expected = json!(exactly_one(context.len()));
    Told {
        hint: Some(format!("branches number {} fit", numbers.join(" and "))),
        ..Told::new("oneOf", expected, cut(instance), message)
    }
}

fn exactly_one(count: usize) -> String {
    format!("exactly one of {count} branches")
}

/// No branch fits: the hint tells what the closest one misses, and so does the sentence alone if no
/// other one can have been meant.
fn no_branch(
    subject: &Subject<'_>,
    pointer: &str,
    error: &ValidationError<'_>,
    rule: &'static str,
    context: &[Vec<ValidationError<'static>>],
    known: &Branches<'_>,
) -> Told {
    let here = error.instance_path().as_str();
    let depth = |errors: &[ValidationError<'static>]| {
        let paths = errors.iter().map(|error| error.instance_path().as_str());
        paths
            .map(|path| path.matches('/').count())
            .max()
            .unwrap_or(0)
    };
    // A wrong type at the value itself says that the branch was not meant.
    let is_meant = |errors: &[ValidationError<'static>]| {
        !errors.iter().any(|error| {
            matches!(error.kind(), Kind::Type { .. }) && error.instance_path().as_str() == here
        })
    };
    let branches = context.iter().enumerate();
    let closest = branches.min_by_key(|(index, errors)| {
        let likeness = (!is_meant(errors), errors.len(), usize::MAX - depth(errors));
        (known.named.is_some_and(|named| named != *index), likeness)
    });
    let missing = closest.and_then(|(_, errors)| Some((known.words)(errors.first()?)));
    let hint = closest.zip(missing.as_ref()).map(|((index, _), missing)| {
        format!("the closest branch is number {}: {missing}", index + 1)
    });
    let is_sure = closest.is_some_and(|(_, errors)| is_meant(errors))
        && context.iter().filter(|errors| is_meant(errors)).count() == 1;
    let tail = hint.as_ref().map(|hint| format!("; {hint}"));
    let expected = match rule {
        "oneOf" => exactly_one(context.len()),
        _ => format!("one of {} branches", context.len()),
    };
    let who = subject.words(pointer);
    let message = match missing.filter(|_| is_sure) {
        Some(missing) => missing,
        None => format!(
            "{who} fits none of the `{rule}` branches{}",
            tail.unwrap_or_default()
        ),
    };
    Told {
        rule,
        expected: Some(json!(expected)),
        actual: None,
        message,
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

/// A type's name as a sentence says it.
fn with_article(name: &str) -> String {
    match name {
        "null" => name.to_owned(),
        "array" | "integer" | "object" => format!("an {name}"),
        name => format!("a {name}"),
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
pub(in crate::contract) fn cut(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(shorten(text)),
        Value::Array(_) | Value::Object(_) => Value::String(shown(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn shown(value: &Value) -> String {
    shorten(&value.to_string())
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_ACTUAL) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
