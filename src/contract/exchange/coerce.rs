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
    pub array: bool,
    pub object: bool,
    items: Option<Box<Coercion>>,
    properties: Vec<(String, Coercion)>,
}

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
            Some("array") => self.array = true,
            Some("object") => self.object = true,
            Some(_) | None => {}
        }
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
    }

    /// One piece of text as a value.
    pub fn scalar(&self, text: &str) -> Value {
        if (self.integer || self.number)
            && let Some(integer) = integer(text)
        {
            return Value::Number(integer);
        }
        if self.number
            && let Some(number) = number(text)
        {
            return Value::Number(number);
        }
        match text {
            "true" if self.boolean => Value::Bool(true),
            "false" if self.boolean => Value::Bool(false),
            _ => Value::String(text.to_owned()),
        }
    }

    fn element(&self, text: &str) -> Value {
        match &self.items {
            Some(items) => items.scalar(text),
            None => Value::String(text.to_owned()),
        }
    }

    fn property(&self, name: &str, text: &str) -> Value {
        match self.properties.iter().find(|(known, _)| known == name) {
            Some((_, property)) if property.array => Value::Array(vec![property.element(text)]),
            Some((_, property)) => property.scalar(text),
            None => Value::String(text.to_owned()),
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
