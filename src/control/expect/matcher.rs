//! What an entry has to be, field by field.

use serde_json::{Value, json};

use super::entry::Entry;
use super::kind::Kind;
use crate::api::failures::Failure;
use crate::contract::{Contract, Item, push_token};
use crate::control::requests::unknown_operation;
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
            if let ("operation", Some(id)) = (name, value.as_str())
                && !id.contains('*')
                && contract.operation(id).is_none()
            {
                return Err(unknown_operation(contract, id));
            }
            if name == "status" {
                check_status(kind, value)?;
            }
        }
        Ok(Self { fields })
    }

    pub(super) fn is_met(&self, entry: Entry<'_>) -> bool {
        self.fields.iter().all(|field| field.is_met(entry))
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
        let pattern = match is_folded(name) {
            true => text.to_lowercase(),
            false => text,
        };
        Self {
            name: name.to_owned(),
            pattern,
            expected,
        }
    }

    fn is_met(&self, entry: Entry<'_>) -> bool {
        let is_folded = is_folded(&self.name);
        entry.has(&self.name, &mut |text| match is_folded {
            true => fits(&self.pattern, &text.to_lowercase()),
            false => fits(&self.pattern, text),
        })
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

/// A status is a number of requests, and a word of deliveries.
fn check_status(kind: Kind, value: Item<'_>) -> Result<(), Failure> {
    let text = value.as_str();
    let is_right = match kind {
        Kind::Requests => text.is_none_or(|text| {
            let is_part = |byte: u8| byte.is_ascii_digit() || byte == b'*';
            !text.is_empty() && text.bytes().all(is_part)
        }),
        Kind::Deliveries => matches!(text, Some("pending" | "delivered" | "failed")),
        Kind::Messages => true,
    };
    let form = match kind {
        Kind::Requests => "the number of an HTTP status, such as 201, or a pattern of it: \"4*\"",
        Kind::Deliveries | Kind::Messages => "`pending`, `delivered` or `failed`",
    };
    match is_right {
        true => Ok(()),
        false => Err(Failure::bad_request(format!(
            "`match.status` is {}, but of {} it is {form}",
            value.to_json(),
            kind.words(0)
        ))),
    }
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
    let is_container = value.to_json().is_object() || value.to_json().is_array();
    if is_leaf && !is_container {
        fields.push(Field::of(place, value));
    }
}
