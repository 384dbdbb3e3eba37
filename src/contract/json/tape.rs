//! JSON bytes read once into a flat list of entries that borrow their text.
//!
//! One reading serves the limits, the validator and the handlers, so what is checked is what is
//! used. Reading costs one allocation for most bodies. This file knows JSON and its bounds,
//! nothing of schemas.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Number, Value};

use crate::contract::json::fill::{read_entries, read_error};
use crate::contract::json::repeated::{has_repeated_name, repeated_names};

/// Containers may nest this deep; deeper input is refused, because a stack overflow cannot be caught.
pub const MAX_DEPTH: usize = 64;
/// A document from outside may hold this many values.
pub const MAX_VALUES: usize = 1_000_000;
/// No document holds more values: with as many names their indices are the last that fit.
pub(in crate::contract) const MAX_INDEXED: usize = (u32::MAX / 2) as usize;

/// One value, in document order. An object's members are a name entry followed by the value's.
#[derive(Debug, Clone)]
pub(in crate::contract) enum Entry<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    /// `end` is the index just past the last descendant, so that a sibling is one step away.
    Array {
        len: u32,
        end: u32,
    },
    Object {
        len: u32,
        end: u32,
    },
}

/// A JSON document read into a flat list.
#[derive(Debug, Clone)]
pub struct Tape<'a> {
    entries: Vec<Entry<'a>>,
}

/// Why bytes were not read as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// What is wrong, in words, with line and column where the parser knows them.
    pub message: String,
    /// Line and column where the parser stopped; both are 0 when nothing stopped it.
    pub stopped_at: (usize, usize),
    /// JSON pointer of a member name that stands twice, when that is the reason.
    pub repeated: Option<String>,
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl<'a> Tape<'a> {
    /// Reads one JSON document.
    ///
    /// # Errors
    ///
    /// Text that is no JSON, a member name that stands twice in one object, nesting beyond
    /// [`MAX_DEPTH`] and more than [`MAX_VALUES`] values.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ReadError> {
        Self::read_within(bytes, MAX_VALUES)
    }

    /// Reads one JSON document that its reader has reason to trust, such as a local file, however
    /// many values it holds. Names that stand twice in their object are no refusal: their pointers
    /// come along, in document order and each once, so that all else can be told with them. A
    /// pointer means the first member of its name.
    ///
    /// # Errors
    ///
    /// Text that is no JSON, nesting beyond [`MAX_DEPTH`], and more values than the list has
    /// indices for, some two thousand million.
    pub fn read_trusted(bytes: &'a [u8]) -> Result<(Self, Vec<String>), ReadError> {
        let tape = Self::fill(bytes, MAX_INDEXED)?;
        let repeated = match has_repeated_name(&tape.entries) {
            true => repeated_names(tape.root(), usize::MAX),
            false => Vec::new(),
        };
        Ok((tape, repeated))
    }

    /// As [`Tape::read`], with a bound on the number of values that the caller sets.
    pub(in crate::contract) fn read_within(
        bytes: &'a [u8],
        most_values: usize,
    ) -> Result<Self, ReadError> {
        let tape = Self::fill(bytes, most_values)?;
        if !has_repeated_name(&tape.entries) {
            return Ok(tape);
        }
        let first = repeated_names(tape.root(), 1).pop();
        let pointer = first.unwrap_or_default();
        Err(ReadError {
            message: format!("`{pointer}` stands twice in the same object"),
            stopped_at: (0, 0),
            repeated: Some(pointer),
        })
    }

    fn fill(bytes: &'a [u8], most_values: usize) -> Result<Self, ReadError> {
        let entries = read_entries(bytes, most_values);
        let entries = entries.map_err(|error| read_error(bytes, &error))?;
        Ok(Self { entries })
    }

    /// A document of these entries, whose containers say where they end.
    pub(in crate::contract) fn of(entries: Vec<Entry<'a>>) -> Self {
        Self { entries }
    }

    pub(in crate::contract) fn into_entries(self) -> Vec<Entry<'a>> {
        self.entries
    }

    /// A document that is one string.
    #[must_use]
    pub fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            entries: vec![Entry::String(text.into())],
        }
    }

    /// The same document as a `serde_json` value holds.
    #[must_use]
    pub fn from_value(value: Value) -> Tape<'static> {
        let mut entries = Vec::new();
        append(&mut entries, value);
        Tape { entries }
    }

    /// The document's top-level value.
    #[must_use]
    pub fn root(&self) -> Item<'_> {
        Item {
            entries: &self.entries,
            index: 0,
        }
    }
}

fn append(entries: &mut Vec<Entry<'static>>, value: Value) {
    let start = entries.len();
    match value {
        Value::Null => entries.push(Entry::Null),
        Value::Bool(boolean) => entries.push(Entry::Bool(boolean)),
        Value::Number(number) => entries.push(Entry::Number(number)),
        Value::String(text) => entries.push(Entry::String(Cow::Owned(text))),
        Value::Array(elements) => {
            entries.push(Entry::Null);
            let len = elements.len() as u32;
            elements.into_iter().for_each(|item| append(entries, item));
            let end = entries.len() as u32;
            entries[start] = Entry::Array { len, end };
        }
        Value::Object(members) => {
            entries.push(Entry::Null);
            let len = members.len() as u32;
            for (name, item) in members {
                entries.push(Entry::String(Cow::Owned(name)));
                append(entries, item);
            }
            let end = entries.len() as u32;
            entries[start] = Entry::Object { len, end };
        }
    }
}

/// One value of a [`Tape`]; a copy is a pair of words.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    entries: &'a [Entry<'a>],
    index: u32,
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(formatter)
    }
}

impl<'a> Item<'a> {
    /// The first of these entries.
    pub(in crate::contract) fn first(entries: &'a [Entry<'a>]) -> Self {
        Self { entries, index: 0 }
    }

    /// All values of a document in its order; a name counts as one.
    pub(in crate::contract) fn all(entries: &'a [Entry<'a>]) -> impl Iterator<Item = Self> {
        (0..entries.len() as u32).map(move |index| Self { entries, index })
    }

    /// What tells one document in memory from another.
    pub(in crate::contract) fn document(&self) -> usize {
        self.entries.as_ptr() as usize
    }

    /// The place in the document's list, which no other of its values has.
    pub(in crate::contract) fn index(&self) -> u32 {
        self.index
    }

    /// How many entries the whole document has, of which this is a part.
    pub(in crate::contract) fn document_size(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of the longest member name in the whole document.
    pub(in crate::contract) fn longest_name(&self) -> usize {
        let values = Item::all(self.entries);
        let names = values.flat_map(|value| value.members().map(|(name, _)| name.len()));
        names.max().unwrap_or(0)
    }

    pub(in crate::contract) fn entry(&self) -> &'a Entry<'a> {
        &self.entries[self.index as usize]
    }

    #[inline]
    fn end(&self) -> u32 {
        match self.entry() {
            Entry::Array { end, .. } | Entry::Object { end, .. } => *end,
            Entry::Null | Entry::Bool(_) | Entry::Number(_) | Entry::String(_) => self.index + 1,
        }
    }

    /// The member of that name, if this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Item<'a>> {
        self.members()
            .find(|(member, _)| *member == name)
            .map(|(_, item)| item)
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        match self.entry() {
            Entry::String(text) => Some(text),
            Entry::Null
            | Entry::Bool(_)
            | Entry::Number(_)
            | Entry::Array { .. }
            | Entry::Object { .. } => None,
        }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.entry(), Entry::Null)
    }

    /// Whether this is a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.entry(), Entry::Number(_))
    }

    /// The whole number, if this is one; numbers outside `i64` are read as its nearest bound.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        let Entry::Number(number) = self.entry() else {
            return None;
        };
        if let Some(integer) = number.as_i64() {
            return Some(integer);
        }
        if number.as_u64().is_some() {
            return Some(i64::MAX);
        }
        let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
        // `as` saturates, which is the promise above.
        Some(float as i64)
    }

    /// The truth value, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.entry() {
            Entry::Bool(boolean) => Some(*boolean),
            Entry::Null
            | Entry::Number(_)
            | Entry::String(_)
            | Entry::Array { .. }
            | Entry::Object { .. } => None,
        }
    }

    /// The members in document order; none unless this is an object.
    #[must_use]
    pub fn members(&self) -> Members<'a> {
        let remaining = match self.entry() {
            Entry::Object { len, .. } => *len,
            _ => 0,
        };
        Members {
            entries: self.entries,
            next: self.index + 1,
            remaining,
        }
    }

    /// The elements in order; none unless this is an array.
    #[must_use]
    pub fn elements(&self) -> Elements<'a> {
        let remaining = match self.entry() {
            Entry::Array { len, .. } => *len,
            _ => 0,
        };
        Elements {
            entries: self.entries,
            next: self.index + 1,
            remaining,
        }
    }

    /// The text, or those of a list: of a value that may be one or several.
    #[must_use]
    pub fn texts(&self) -> Vec<&'a str> {
        let listed = || self.elements().filter_map(|item| item.as_str()).collect();
        self.as_str().map_or_else(listed, |one| vec![one])
    }

    /// A `serde_json` copy.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self.entry() {
            Entry::Null => Value::Null,
            Entry::Bool(boolean) => Value::Bool(*boolean),
            Entry::Number(number) => Value::Number(number.clone()),
            Entry::String(text) => Value::String(text.clone().into_owned()),
            Entry::Array { .. } => self.elements().map(|item| item.to_json()).collect(),
            Entry::Object { .. } => {
                let members = self.members();
                Value::Object(
                    members
                        .map(|(name, it)| (name.to_owned(), it.to_json()))
                        .collect(),
                )
            }
        }
    }
}

/// The members of an object.
#[derive(Clone)]
pub struct Members<'a> {
    entries: &'a [Entry<'a>],
    next: u32,
    remaining: u32,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Item<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        let Entry::String(name) = &self.entries[self.next as usize] else {
            return None;
        };
        let item = Item {
            entries: self.entries,
            index: self.next + 1,
        };
        self.next = item.end();
        Some((name, item))
    }

    /// So that whoever collects them allocates once.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = self.remaining as usize;
        (remaining, Some(remaining))
    }
}

/// The elements of an array.
pub struct Elements<'a> {
    entries: &'a [Entry<'a>],
    next: u32,
    remaining: u32,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        let item = Item {
            entries: self.entries,
            index: self.next,
        };
        self.next = item.end();
        Some(item)
    }

    /// So that whoever collects them allocates once.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = self.remaining as usize;
        (remaining, Some(remaining))
    }
}
