//! The schema keywords of OpenAPI 3.0 and what the value of each must look like.

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value, json};

use crate::contract::load::walk::join;
use crate::contract::schema::representation::TapeJson;
use crate::contract::spelling::nearest;

/// The form of a keyword's value.
enum Form {
    Count,
    Number,
    /// A number above 0.
    Step,
    Bool,
    Text,
    Pattern,
    Names,
    List,
    Type,
    Schema,
    SchemaList,
    SchemaMap,
    SchemaOrBool,
    /// Annotations, and values that the schema itself judges.
    Any,
}

const KEYWORDS: [(&str, Form); 37] = [
    ("title", Form::Any),
    ("multipleOf", Form::Step),
    ("maximum", Form::Number),
    ("exclusiveMaximum", Form::Bool),
    ("minimum", Form::Number),
    ("exclusiveMinimum", Form::Bool),
    ("maxLength", Form::Count),
    ("minLength", Form::Count),
    ("pattern", Form::Pattern),
    ("maxItems", Form::Count),
    ("minItems", Form::Count),
    ("uniqueItems", Form::Bool),
    ("maxProperties", Form::Count),
    ("minProperties", Form::Count),
    ("required", Form::Names),
    ("enum", Form::List),
    ("type", Form::Type),
    ("allOf", Form::SchemaList),
    ("oneOf", Form::SchemaList),
    ("anyOf", Form::SchemaList),
    ("not", Form::Schema),
    ("items", Form::Schema),
    ("properties", Form::SchemaMap),
    ("additionalProperties", Form::SchemaOrBool),
    ("description", Form::Any),
    ("format", Form::Text),
    ("default", Form::Any),
    ("nullable", Form::Bool),
    ("discriminator", Form::Any),
    ("readOnly", Form::Bool),
    ("writeOnly", Form::Bool),
    ("xml", Form::Any),
    ("externalDocs", Form::Any),
    ("example", Form::Any),
    ("deprecated", Form::Bool),
    ("x-openmail-mock-error", Form::Text),
    ("x-openmail-mock-message", Form::Text),
];

const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "array", "object"];

/// Formats whose values are checked; every other format is listed and not checked.
pub(in crate::contract) const FORMATS: [&str; 12] = [
    "email",
    "date-time",
    "date",
    "time",
    "uri",
    "uri-reference",
    "uuid",
    "ipv4",
    "ipv6",
    "hostname",
    "byte",
    "binary",
];

/// Judges one keyword of a schema; answers the pointers, relative to it, of schemas inside.
pub(in crate::contract) fn keyword(name: &str, value: &Value) -> Result<Vec<String>, String> {
    let Some((_, form)) = KEYWORDS.iter().find(|(known, _)| *known == name) else {
        return match name.starts_with("x-") {
            true => Ok(Vec::new()),
            false => Err(unknown_keyword(name)),
        };
    };
    let wrong = |expected: &str| Err(format!("`{name}` must be {expected}"));
    match form {
        Form::Any => Ok(Vec::new()),
        Form::Count if value.as_u64().is_none() => wrong("a whole number, 0 or more"),
        Form::Number if !value.is_number() => wrong("a number"),
        Form::Step if value.as_f64().is_none_or(|step| step <= 0.0) => wrong("a number above 0"),
        Form::Bool if !value.is_boolean() => wrong("`true` or `false`"),
        Form::Text | Form::Pattern if !value.is_string() => wrong("a string"),
        Form::Names if !is_name_list(value) => wrong("a list of property names"),
        Form::List if value.as_array().is_none_or(Vec::is_empty) => {
            wrong("a list of one value or more")
        }
        Form::Type if !value.as_str().is_some_and(|name| TYPES.contains(&name)) => wrong(
            "one of `string`, `number`, `integer`, `boolean`, `array`, `object`; for null, add `nullable: true`",
        ),
        Form::Pattern => judge_pattern(value).map(|()| Vec::new()),
        Form::Schema => Ok(vec![String::new()]),
        Form::SchemaOrBool if value.is_boolean() => Ok(Vec::new()),
        Form::SchemaOrBool if value.is_object() => Ok(vec![String::new()]),
        Form::SchemaOrBool => wrong("`true`, `false` or a schema"),
        Form::SchemaList => match value.as_array() {
            Some(schemas) if !schemas.is_empty() => Ok((0..schemas.len())
                .map(|index| format!("/{index}"))
                .collect()),
            Some(_) | None => wrong("a list of one schema or more"),
        },
        Form::SchemaMap => match value.as_object() {
            Some(schemas) => Ok(schemas.keys().map(|name| join("", name)).collect()),
            None => wrong("an object of schemas"),
        },
        Form::Count
        | Form::Number
        | Form::Step
        | Form::Bool
        | Form::Text
        | Form::Names
        | Form::List
        | Form::Type => Ok(Vec::new()),
    }
}

fn unknown_keyword(name: &str) -> String {
    if let Some(remedy) = remedy(name) {
        return format!("`{name}` is a keyword of JSON Schema: {remedy}");
    }
    let known = KEYWORDS.iter().map(|(known, _)| *known);
    let hint = match nearest(name, known) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "remove it, or rename it to an `x-` extension".to_owned(),
    };
    format!("`{name}` is a schema keyword that this engine does not enforce; {hint}")
}

/// What to write for a keyword of JSON Schema that OpenAPI 3.0 lacks.
fn remedy(name: &str) -> Option<&'static str> {
    Some(match name {
        "const" => "OpenAPI 3.0 has no such keyword; write an `enum` of one element",
        "examples" => "OpenAPI 3.0 has no such keyword; write one `example`",
        "patternProperties" => "OpenAPI 3.0 has no such keyword; write `additionalProperties`",
        "$schema"
        | "$id"
        | "$defs"
        | "definitions"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "propertyNames"
        | "prefixItems"
        | "unevaluatedProperties"
        | "dependentRequired" => {
            "OpenAPI 3.0 has no such keyword; remove it, or rename it to an `x-` extension"
        }
        _ => return None,
    })
}

fn is_name_list(value: &Value) -> bool {
    let is_text = |item: &Value| item.is_string();
    value
        .as_array()
        .is_some_and(|items| items.iter().all(is_text))
}

/// Patterns run in linear time, which rules out look-around and back-references.
fn judge_pattern(value: &Value) -> Result<(), String> {
    let schema = json!({ "pattern": value });
    // Over the tape, though there is none here: validators over another form of JSON would be a
    // megabyte more of program.
    let options =
        jsonschema::options_for::<TapeJson>().with_pattern_options(PatternOptions::regex());
    let built: Result<Validator<TapeJson>, _> = options.build(&schema);
    let judged = built.map(|_| ());
    judged.map_err(|_| {
        format!(
            "{value} is no pattern for the linear regular expression engine, which has no look-around and no back-references"
        )
    })
}

/// What a schema says without effect.
pub(in crate::contract) fn notes(members: &Map<String, Value>) -> Vec<String> {
    let mut notes = Vec::new();
    let format = members.get("format").and_then(Value::as_str);
    if let Some(format) = format.filter(|format| !FORMATS.contains(format)) {
        notes.push(format!("format `{format}` is an annotation, not checked"));
    }
    if members.get("nullable") == Some(&Value::Bool(true)) && !members.contains_key("type") {
        notes.push(
            "`nullable` has no effect without `type` in the same schema (OpenAPI 3.0.3)".to_owned(),
        );
    }
    notes
}
