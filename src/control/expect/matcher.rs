//! What an entry has to be, field by field.

use serde_json::{Value, json};

use super::entry::{Entry, Found};
use super::kind::Kind;
use super::vocabulary;
use crate::api::failures::Failure;
use crate::contract::{Contract, Item, push_token};
use crate::domain::sends::bare;
use crate::record::pattern::fits;

/// What an entry has to be; all of it must hold.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    fields: Vec<Field>,
}

/// One field of a matcher, or one of the body that it describes.
#[derive(Debug)]
pub(super) struct Field {
    /// `subject`, or `body/subject`.
    pub name: String,
    /// In lower case where case says nothing.
    pattern: String,
    /// As it was asked for.
    expected: Value,
}

impl Matcher {
    pub(super) fn of(contract: &Contract, kind: Kind, given: Item<'_>) -> Result<Self, Failure> {
        let mut fields = Vec::new();
        for (name, value) in given.members() {
            let known = kind.fields();
            if !known.contains(&name) {
                return Err(Failure::bad_request(format!(
                    "`match` has `{name}`, which is asked of something else; {} have `{}`",
                    kind.words(0),
                    known.join("`, `")
                )));
            }
            match name {
                "body" => describe(&mut fields, "body", value),
                name => fields.push(Field::of(name, value)),
            }
            vocabulary::check(contract, kind, name, value)?;
        }
        Ok(Self { fields })
    }

    pub(super) fn is_met(&self, entry: Entry<'_>) -> bool {
        self.fields.iter().all(|field| field.is_met(entry))
    }

    /// The inbox that is asked for, if it is one and no pattern.
    pub(super) fn inbox(&self) -> Option<&str> {
        let field = self.fields.iter().find(|field| field.name == "inbox")?;
        Some(field.pattern.as_str()).filter(|pattern| !pattern.contains('*'))
    }

    /// The fields that an entry does not meet.
    pub(super) fn missed(&self, entry: Entry<'_>) -> Vec<&Field> {
        let fields = self.fields.iter();
        fields.filter(|field| !field.is_met(entry)).collect()
    }
}

impl Field {
    fn of(name: &str, value: Item<'_>) -> Self {
        let expected = value.to_json();
        let text = match &expected {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let pattern = match name {
            // Addresses compare without the names beside them, as answers have those.
            "from" | "to" => bare(&text).to_lowercase(),
            name if is_folded(name) => text.to_lowercase(),
            _ => text,
        };
        Self {
            name: name.to_owned(),
            pattern,
            expected,
        }
    }

    fn is_met(&self, entry: Entry<'_>) -> bool {
        let is_folded = is_folded(&self.name);
        entry.has(&self.name, &mut |found| match (found, is_folded) {
            (Found::Text(text), true) => fits(&self.pattern, &text.to_lowercase()),
            (Found::Text(text), false) => fits(&self.pattern, text),
            (Found::Json(value), _) => self.is(value),
        })
    }

    /// Whether a value of a body is what was asked for: of the same type, or of any that has a text
    /// if a pattern was given.
    fn is(&self, value: &Value) -> bool {
        match (&self.expected, value) {
            (Value::String(_), Value::String(text)) => fits(&self.pattern, text),
            (Value::String(pattern), other) => {
                pattern.contains('*') && fits(&self.pattern, &other.to_string())
            }
            (Value::Number(one), Value::Number(other)) => {
                one == other || one.as_f64().is_some_and(|one| Some(one) == other.as_f64())
            }
            (expected, value) => expected == value,
        }
    }

    /// What differs in an entry that does not meet it.
    pub(super) fn difference(&self, entry: Entry<'_>) -> Value {
        let mut difference = json!({ "field": self.name, "expected": self.expected });
        if let Some(actual) = entry.actual(&self.name) {
            difference["actual"] = actual;
        }
        difference
    }
}

/// Addresses and methods compare without case.
fn is_folded(name: &str) -> bool {
    matches!(name, "inbox" | "from" | "to" | "method")
}

/// The fields of a body that are given, down to those that contain no others.
fn describe(fields: &mut Vec<Field>, place: &str, value: Item<'_>) {
    let mut is_leaf = true;
    let elements = value.elements().enumerate();
    let elements = elements.map(|(index, item)| (index.to_string(), item));
    let members = value.members().map(|(name, item)| (name.to_owned(), item));
    for (name, item) in members.chain(elements) {
        is_leaf = false;
        let mut place = place.to_owned();
        match name.strip_prefix('/') {
            // A pointer says the whole way by itself.
            Some(rest) if place == "body" => place.push_str(&format!("/{rest}")),
            Some(_) | None => push_token(&mut place, &name),
        }
        describe(fields, &place, item);
    }
    // What is left that may hold others is empty.
    if is_leaf && !matches!(value.to_json(), Value::Object(_) | Value::Array(_)) {
        fields.push(Field::of(place, value));
    }
}
