//! Text from paths, queries, headers and forms, read as the values that a schema speaks of.
//!
//! Only text that is a whole number, a number or a truth value to the last character becomes
//! one; everything else stays text, and the schema says what it thinks of that.

use std::borrow::Cow;

use openapiv3::{PathStyle, QueryStyle};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Number, Value};

use crate::contract::load::composition::{COMPOSITION, composed_of};

/// How a parameter's several values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::contract) enum Style {
    /// One `name=value` pair for each value: `form`, exploded.
    Repeated,
    /// `a,b`.
    Comma,
    /// `a b`.
    Space,
    /// `a|b`.
    Pipe,
    /// `name[field]=value`.
    DeepObject,
    /// The value is JSON text.
    Json,
}

impl Style {
    pub fn of_query(style: &QueryStyle) -> Option<Self> {
        Some(match style {
            QueryStyle::Form => Style::Repeated,
            QueryStyle::SpaceDelimited => Style::Space,
            QueryStyle::PipeDelimited => Style::Pipe,
            QueryStyle::DeepObject => Style::DeepObject,
        })
    }

    pub fn of_path(style: &PathStyle) -> Option<Self> {
        match style {
            PathStyle::Simple => Some(Style::Comma),
            PathStyle::Matrix | PathStyle::Label => None,
        }
    }
}

/// The types that a schema lets text be read as.
#[derive(Debug, Clone, Default)]
pub(in crate::contract) struct Coercion {
    integer: bool,
    number: bool,
    boolean: bool,
    /// Any text, which is no file.
    pub string: bool,
    /// A file, where the form has such; text elsewhere.
    pub binary: bool,
    pub array: bool,
    pub object: bool,
    items: Option<Box<Coercion>>,
    properties: Vec<(String, Coercion)>,
    /// What fields that are not declared are read as.
    others: Option<Box<Coercion>>,
}

/// What nothing is said about.
static ANYTHING: Coercion = Coercion {
    integer: false,
    number: false,
    boolean: false,
    string: false,
    binary: false,
    array: false,
    object: false,
    items: None,
    properties: Vec::new(),
    others: None,
};

impl Coercion {
    /// Collects the types through references and composition.
    pub fn of(root: &Value, schema: &Value) -> Self {
        let mut coercion = Self::default();
        coercion.collect(root, schema, 0);
        coercion
    }

    /// `depth` counts the values around this one.
    fn collect(&mut self, root: &Value, schema: &Value, depth: usize) {
        for part in composed_of(root, schema, &COMPOSITION) {
            self.collect_own(root, part, depth);
        }
    }

    /// Text has little structure: no style writes more than lists in one object.
    fn collect_own(&mut self, root: &Value, schema: &Value, depth: usize) {
        match schema.get("type").and_then(Value::as_str) {
            Some("integer") => self.integer = true,
            Some("number") => self.number = true,
            Some("boolean") => self.boolean = true,
            Some("string") if schema.get("format") != Some(&Value::from("binary")) => {
                self.string = true;
            }
            Some("array") => self.array = true,
            Some("object") => self.object = true,
            Some(_) | None => {}
        }
        self.binary |= schema.get("format") == Some(&Value::from("binary"));
        if let Some(items) = schema.get("items").filter(|_| depth < 2) {
            let inner = self.items.get_or_insert_default();
            inner.collect(root, items, depth + 1);
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.filter(|_| depth == 0);
        for (name, property) in properties.into_iter().flatten() {
            let mut inner = Coercion::default();
            inner.collect(root, property, depth + 1);
            self.properties.push((name.clone(), inner));
        }
        let others = schema.get("additionalProperties").filter(|_| depth == 0);
        if let Some(others) = others.filter(|others| others.is_object()) {
            let inner = self.others.get_or_insert_default();
            inner.collect(root, others, depth + 1);
        }
    }

    /// What the field of that name is read as.
    pub fn field(&self, name: &str) -> &Coercion {
        let declared = self.properties.iter().find(|(known, _)| known == name);
        let others = self.others.as_deref().unwrap_or(&ANYTHING);
        declared.map_or(others, |(_, property)| property)
    }

    /// What each item of a list is read as.
    pub fn item(&self) -> &Coercion {
        self.items.as_deref().unwrap_or(&ANYTHING)
    }

    /// Whether no type is named.
    pub fn is_untyped(&self) -> bool {
        let has_scalar = self.integer || self.number || self.boolean || self.string || self.binary;
        !has_scalar && !self.array && !self.object
    }

    /// One piece of text as a value.
    pub fn scalar(&self, text: &str) -> Value {
        let value = self.literal(text);
        value.unwrap_or_else(|| Value::String(text.to_owned()))
    }

    /// Text that is not meant as text.
    pub fn literal(&self, text: &str) -> Option<Value> {
        if (self.integer || self.number)
            && let Some(integer) = integer(text)
        {
            return Some(Value::Number(integer));
        }
        if self.number
            && let Some(number) = number(text)
        {
            return Some(Value::Number(number));
        }
        match text {
            "true" if self.boolean => Some(Value::Bool(true)),
            "false" if self.boolean => Some(Value::Bool(false)),
            _ => None,
        }
    }

    fn element(&self, text: &str) -> Value {
        self.item().scalar(text)
    }

    fn property(&self, name: &str, text: &str) -> Value {
        let field = self.field(name);
        match field.array {
            true => Value::Array(vec![field.element(text)]),
            false => field.scalar(text),
        }
    }

    /// A list or an object written into one text.
    pub fn joined(&self, text: &str, separator: char) -> Value {
        if self.array {
            return text
                .split(separator)
                .map(|part| self.element(part))
                .collect();
        }
        if self.object {
            let parts: Vec<&str> = text.split(separator).collect();
            let pairs = parts.chunks(2);
            let read = |pair: &[&str]| match pair {
                [name, value] => ((*name).to_owned(), self.property(name, value)),
                _ => (pair.concat(), Value::Null),
            };
            return Value::Object(pairs.map(read).collect());
        }
        self.scalar(text)
    }

    /// What a header says; lists are written with spaces there.
    pub fn header(&self, text: &str) -> Value {
        if !self.array && !self.object {
            return self.scalar(text);
        }
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        self.joined(&parts.join(","), ',')
    }

    /// Several texts of one name.
    pub fn list<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Value {
        texts.map(|text| self.element(text)).collect()
    }

    /// The named texts as an object. A name that repeats becomes a list, whatever is declared:
    /// where one value is meant, the schema refuses the list.
    pub fn object<'t>(&self, pairs: impl Iterator<Item = (&'t str, &'t str)>) -> Value {
        let mut members = Map::new();
        for (name, text) in pairs {
            let value = self.property(name, text);
            match (members.get_mut(name), value) {
                (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
                (Some(Value::Array(list)), value) => list.push(value),
                (Some(known), value) => *known = Value::Array(vec![known.take(), value]),
                (None, value) => {
                    members.insert(name.to_owned(), value);
                }
            }
        }
        Value::Object(members)
    }

    /// Whether this is a list of numbers.
    pub fn has_number_items(&self) -> bool {
        let is_number = |items: &Coercion| items.integer || items.number;
        self.array && self.items.as_deref().is_some_and(is_number)
    }

    /// Whether an object of this form has a field of that name.
    pub fn has_property(&self, name: &str) -> bool {
        self.properties.iter().any(|(known, _)| known == name)
    }
}

/// Any number of digits; what no 64 bits hold is read as the nearest that they do.
fn integer(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let saturated = match text.starts_with('-') {
        true => i64::MIN,
        false => i64::MAX,
    };
    Some(text.parse::<i64>().unwrap_or(saturated).into())
}

fn number(text: &str) -> Option<Number> {
    // JSON's grammar: neither `inf` nor `+1` nor ` 1`.
    serde_json::from_str::<Number>(text).ok()
}

/// A decoded name and its decoded value.
pub type Pair<'q> = (Cow<'q, str>, Cow<'q, str>);

/// Splits a raw query into decoded pairs.
///
/// # Errors
///
/// The first text that decodes to no UTF-8, cut short.
pub fn query_pairs(raw: &str) -> Result<Vec<Pair<'_>>, String> {
    let pairs = raw.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((form_text(name)?, form_text(value)?))
        })
        .collect()
}

/// `+` is a space in queries and forms.
fn form_text(raw: &str) -> Result<Cow<'_, str>, String> {
    let spaced = match raw.contains('+') {
        true => Cow::Owned(raw.replace('+', " ")),
        false => Cow::Borrowed(raw),
    };
    match spaced {
        Cow::Borrowed(text) => decode(text),
        Cow::Owned(text) => decode(&text).map(|decoded| Cow::Owned(decoded.into_owned())),
    }
}

/// Percent-decodes text that must be UTF-8.
pub(in crate::contract) fn decode(raw: &str) -> Result<Cow<'_, str>, String> {
    percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| raw.chars().take(100).collect())
}
