//! A document put together from others, such as a form from its fields.

use std::borrow::Cow;

use crate::contract::json::tape::{Entry, Tape};

/// A member of an object to be: documents of their own, in their order.
pub(in crate::contract) struct Field<'a> {
    pub name: String,
    /// Whether a single document is a list of one; several always are a list.
    pub is_list: bool,
    pub values: Vec<Tape<'a>>,
}

/// An object of these members, whose names must differ. All together hold no more values than a
/// single document may.
pub(in crate::contract) fn object<'a>(fields: Vec<Field<'a>>) -> Tape<'a> {
    let len = fields.len() as u32;
    let mut entries = vec![Entry::Null];
    for field in fields {
        entries.push(Entry::String(Cow::Owned(field.name)));
        let start = entries.len();
        let count = field.values.len();
        let is_list = field.is_list || count > 1;
        if is_list {
            entries.push(Entry::Null);
        }
        for value in field.values {
            append(&mut entries, value);
        }
        if is_list {
            let end = entries.len() as u32;
            let len = count as u32;
            entries[start] = Entry::Array { len, end };
        }
    }
    let end = entries.len() as u32;
    entries[0] = Entry::Object { len, end };
    Tape::of(entries)
}

/// Containers say where they end, counted from the start of their document.
fn append<'a>(entries: &mut Vec<Entry<'a>>, value: Tape<'a>) {
    let before = entries.len() as u32;
    let moved = value.into_entries().into_iter().map(|entry| match entry {
        Entry::Array { len, end } => Entry::Array {
            len,
            end: end + before,
        },
        Entry::Object { len, end } => Entry::Object {
            len,
            end: end + before,
        },
        scalar @ (Entry::Null | Entry::Bool(_) | Entry::Number(_) | Entry::String(_)) => scalar,
    });
    entries.extend(moved);
}
