//! The schema dialect of OpenAPI 3.0: which keywords it has, what each must look like, and what
//! a schema says in JSON Schema 2020-12.
//!
//! The translation keeps every schema at its own pointer, so a place that the validator names is
//! a place in the document.

use std::collections::BTreeSet;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value, json};

use super::spelling::nearest;
use super::walk::{join, reference, resolve};

/// Which side of an exchange a schema is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    /// What a client sends: `readOnly` properties are refused, and never required.
    Request,
    /// The same, with every unknown field refused.
    StrictRequest,
    /// What the server answers: `writeOnly` properties are refused, and never required.
    Response,
}

/// The form of a keyword's value.
enum Form {
    Count,
    Number,
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
    ("multipleOf", Form::Number),
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
const FORMATS: [&str; 12] = [
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
pub(super) fn keyword(name: &str, value: &Value) -> Result<Vec<String>, String> {
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
        Form::Bool if !value.is_boolean() => wrong("`true` or `false`"),
        Form::Text | Form::Pattern if !value.is_string() => wrong("a string"),
        Form::Names if !is_name_list(value) => wrong("a list of property names"),
        Form::List if !value.is_array() => wrong("a list"),
        Form::Type if !value.as_str().is_some_and(|name| TYPES.contains(&name)) => wrong(
            "one of `string`, `number`, `integer`, `boolean`, `array`, `object`; for null, add `nullable: true`",
        ),
        Form::Pattern => judge_pattern(value).map(|()| Vec::new()),
        Form::Schema => Ok(vec![String::new()]),
        Form::SchemaOrBool if value.is_boolean() => Ok(Vec::new()),
        Form::SchemaOrBool if value.is_object() => Ok(vec![String::new()]),
        Form::SchemaOrBool => wrong("`true`, `false` or a schema"),
        Form::SchemaList => match value.as_array() {
            Some(schemas) => Ok((0..schemas.len())
                .map(|index| format!("/{index}"))
                .collect()),
            None => wrong("a list of schemas"),
        },
        Form::SchemaMap => match value.as_object() {
            Some(schemas) => Ok(schemas.keys().map(|name| join("", name)).collect()),
            None => wrong("an object of schemas"),
        },
        Form::Count
        | Form::Number
        | Form::Bool
        | Form::Text
        | Form::Names
        | Form::List
        | Form::Type => Ok(Vec::new()),
    }
}

fn unknown_keyword(name: &str) -> String {
    let known = KEYWORDS.iter().map(|(known, _)| *known);
    let hint = match nearest(name, known) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "remove it, or rename it to an `x-` extension".to_owned(),
    };
    format!("`{name}` is a schema keyword that this engine does not enforce; {hint}")
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
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    let built: Result<Validator, _> = options.build(&schema);
    let judged = built.map(|_| ());
    judged.map_err(|_| {
        format!(
            "{value} is no pattern for the linear regular expression engine, which has no look-around and no back-references"
        )
    })
}

/// What a schema says without effect.
pub(super) fn notes(members: &Map<String, Value>) -> Vec<String> {
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

/// Translates the schemas of a document for one side.
pub(super) struct Translation<'d> {
    pub root: &'d Value,
    pub variant: Variant,
}

/// Where a schema is used decides whether a strict reading may close it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It describes a value alone: a body, a property, an element.
    Whole,
    /// It describes a value together with others: a branch of `allOf`, `anyOf`, `oneOf`, `not`.
    Part,
}

impl Translation<'_> {
    /// A document that holds the translated schemas at their own pointers and nothing else.
    pub fn document(&self, schema_roots: &[String]) -> Value {
        let mut document = Value::Object(Map::new());
        for pointer in schema_roots {
            let Some(schema) = self.root.pointer(pointer) else {
                continue;
            };
            let translated = self.schema(schema, Use::Whole, &BTreeSet::new(), 0);
            place(&mut document, pointer, translated);
        }
        document
    }

    /// `hidden` are property names that this side never carries, declared further out.
    fn schema(&self, schema: &Value, used: Use, hidden: &BTreeSet<String>, depth: usize) -> Value {
        let Some(members) = schema.as_object() else {
            return Value::Bool(true);
        };
        if let Some(text) = reference(schema) {
            return self.reference(text, used, hidden, depth);
        }
        let mut hidden = hidden.clone();
        self.collect_hidden(schema, &mut hidden, 0);
        let mut translated = Map::new();
        for (name, value) in members {
            if let Some((name, value)) = self.keyword(name, value, members, &hidden, depth) {
                translated.insert(name, value);
            }
        }
        if used == Use::Whole && self.closes(schema) {
            if translated.get("additionalProperties") == Some(&Value::Bool(true)) {
                translated.remove("additionalProperties");
            }
            translated.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
        }
        Value::Object(translated)
    }

    fn reference(&self, text: &str, used: Use, hidden: &BTreeSet<String>, depth: usize) -> Value {
        let target = resolve(self.root, text).ok();
        let schema = target.as_ref().and_then(|target| self.root.pointer(target));
        let (Some(target), Some(schema)) = (target, schema) else {
            // The walk has refused such a document already.
            return Value::Bool(false);
        };
        // A branch that requires what an outer schema hides is written out, so that the
        // requirement can be dropped there and nowhere else.
        let requires_hidden = used == Use::Part && !hidden.is_empty() && depth < 16;
        if requires_hidden && self.requires_any(schema, hidden, 0) {
            return self.schema(schema, used, hidden, depth + 1);
        }
        let mut translated = json!({ "$ref": fragment(&target) });
        if used == Use::Whole && self.closes(schema) {
            translated["unevaluatedProperties"] = Value::Bool(false);
        }
        translated
    }

    fn keyword(
        &self,
        name: &str,
        value: &Value,
        members: &Map<String, Value>,
        hidden: &BTreeSet<String>,
        depth: usize,
    ) -> Option<(String, Value)> {
        let none = BTreeSet::new();
        let whole = |value: &Value| self.schema(value, Use::Whole, &none, depth);
        let kept = |value: Value| Some((name.to_owned(), value));
        match name {
            "type" => match members.get("nullable") {
                Some(Value::Bool(true)) => kept(json!([value, "null"])),
                _ => kept(value.clone()),
            },
            "maximum" => Some(bound("maximum", "exclusiveMaximum", value, members)),
            "minimum" => Some(bound("minimum", "exclusiveMinimum", value, members)),
            "format" => {
                let checked = value.as_str().is_some_and(|name| FORMATS.contains(&name));
                // Any string is binary.
                (checked && value != "binary").then(|| (name.to_owned(), value.clone()))
            }
            "required" => {
                let names = value.as_array()?.iter();
                let shown = |item: &&Value| !item.as_str().is_some_and(|n| hidden.contains(n));
                kept(names.filter(shown).cloned().collect())
            }
            "properties" => {
                let translate = |(name, schema): (&String, &Value)| {
                    let value = match self.hides(schema) {
                        true => Value::Bool(false),
                        false => whole(schema),
                    };
                    (name.clone(), value)
                };
                kept(Value::Object(
                    value.as_object()?.iter().map(translate).collect(),
                ))
            }
            "items" => kept(whole(value)),
            "additionalProperties" if value.is_object() => kept(whole(value)),
            "not" => kept(self.schema(value, Use::Part, &none, depth)),
            "allOf" | "anyOf" | "oneOf" => {
                let branches = value.as_array()?.iter();
                let branch = |schema| self.schema(schema, Use::Part, hidden, depth);
                kept(branches.map(branch).collect())
            }
            "multipleOf"
            | "maxLength"
            | "minLength"
            | "pattern"
            | "maxItems"
            | "minItems"
            | "uniqueItems"
            | "maxProperties"
            | "minProperties"
            | "enum"
            | "additionalProperties" => kept(value.clone()),
            _ => None,
        }
    }

    /// Whether this side never carries a property of this schema.
    fn hides(&self, schema: &Value) -> bool {
        let target = reference(schema)
            .and_then(|text| resolve(self.root, text).ok())
            .and_then(|pointer| self.root.pointer(&pointer));
        let flag = match self.variant {
            Variant::Request | Variant::StrictRequest => "readOnly",
            Variant::Response => "writeOnly",
        };
        target.unwrap_or(schema).get(flag) == Some(&Value::Bool(true))
    }

    /// Names hidden by this schema's own properties and those of its `allOf` branches.
    fn collect_hidden(&self, schema: &Value, hidden: &mut BTreeSet<String>, depth: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if self.hides(property) {
                hidden.insert(name.clone());
            }
        }
        self.each_branch(schema, depth, &mut |branch, depth| {
            self.collect_hidden(branch, hidden, depth);
        });
    }

    fn requires_any(&self, schema: &Value, names: &BTreeSet<String>, depth: usize) -> bool {
        let required = schema.get("required").and_then(Value::as_array);
        let named = |item: &Value| item.as_str().is_some_and(|name| names.contains(name));
        let mut found = required.is_some_and(|items| items.iter().any(named));
        self.each_branch(schema, depth, &mut |branch, depth| {
            found |= self.requires_any(branch, names, depth);
        });
        found
    }

    fn each_branch(&self, schema: &Value, depth: usize, visit: &mut dyn FnMut(&Value, usize)) {
        // Deeper composition than this is a circle of references.
        if depth >= 16 {
            return;
        }
        let branches = schema.get("allOf").and_then(Value::as_array);
        for branch in branches.into_iter().flatten() {
            let target = reference(branch)
                .and_then(|text| resolve(self.root, text).ok())
                .and_then(|pointer| self.root.pointer(&pointer));
            visit(target.unwrap_or(branch), depth + 1);
        }
    }

    /// Whether a strict reading refuses fields that this schema does not declare. A schema that
    /// declares none describes a free-form object.
    fn closes(&self, schema: &Value) -> bool {
        self.variant == Variant::StrictRequest
            && !schema
                .get("additionalProperties")
                .is_some_and(Value::is_object)
            && !properties(self.root, schema).is_empty()
    }
}

/// Property names that a schema declares, itself or through composition.
pub(super) fn properties(root: &Value, schema: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![schema];
    while let Some(schema) = waiting.pop() {
        if let Some(text) = reference(schema) {
            let target = resolve(root, text)
                .ok()
                .filter(|target| seen.insert(target.clone()));
            waiting.extend(target.and_then(|target| root.pointer(&target)));
            continue;
        }
        let own = schema.get("properties").and_then(Value::as_object);
        names.extend(own.into_iter().flat_map(|own| own.keys().cloned()));
        for composition in ["allOf", "anyOf", "oneOf"] {
            let branches = schema.get(composition).and_then(Value::as_array);
            waiting.extend(branches.into_iter().flatten());
        }
    }
    names
}

/// OpenAPI 3.0 says with a flag what JSON Schema says with a keyword of its own.
fn bound(
    inclusive: &str,
    exclusive: &str,
    value: &Value,
    members: &Map<String, Value>,
) -> (String, Value) {
    let name = match members.get(exclusive) {
        Some(Value::Bool(true)) => exclusive,
        _ => inclusive,
    };
    (name.to_owned(), value.clone())
}

/// A pointer as a URI fragment.
pub(super) fn fragment(pointer: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const UNSAFE: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    format!("#{}", utf8_percent_encode(pointer, UNSAFE))
}

/// Puts a value at a pointer, making objects on the way; list positions become member names,
/// which pointers read the same.
fn place(document: &mut Value, pointer: &str, value: Value) {
    let mut at = document;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[token.as_str()];
    }
    *at = value;
}
