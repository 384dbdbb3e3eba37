//! The tape as a representation that the validator reads without a copy.

use std::borrow::Cow;
use std::cell::Cell;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object};
use serde_json::{Number, Value};

use crate::contract::json::tape::{Elements, Entry, Item, Members};

/// Tells the validator how to read a [`crate::contract::Tape`].
pub struct TapeJson;

impl Json for TapeJson {
    type Node<'a> = Item<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = NameBuffer;
    // A look-up here is a walk over the members, so one pass over all of them is the cheaper plan.
    const KEYS_PER_LOOKUP: usize = 8;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(
        buffer: &mut NameBuffer,
        string: &str,
        f: impl FnOnce(Item<'_>) -> T,
    ) -> T {
        let entry = Entry::String(Cow::Owned(string.to_owned()));
        buffer.0 = Some(entry);
        f(Item::first(buffer.0.as_slice()))
    }
}

/// Holds one property name while the validator looks at it as a string.
#[derive(Default)]
pub struct NameBuffer(Option<Entry<'static>>);

impl<'a> Node<'a, TapeJson> for Item<'a> {
    type Object = Fields<'a>;
    type Array = Item<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Fields<'a>> {
        matches!(self.entry(), Entry::Object { .. }).then(|| Fields::of(*self))
    }

    fn as_array(&self) -> Option<Item<'a>> {
        matches!(self.entry(), Entry::Array { .. }).then_some(*self)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.as_str().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        match self.entry() {
            Entry::Number(number) => Some(number),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        self.as_bool()
    }

    fn is_null(&self) -> bool {
        Item::is_null(self)
    }

    fn is_string(&self) -> bool {
        matches!(self.entry(), Entry::String(_))
    }

    fn json_type(&self) -> JsonType {
        match self.entry() {
            Entry::Null => JsonType::Null,
            Entry::Bool(_) => JsonType::Boolean,
            Entry::Number(_) => JsonType::Number,
            Entry::String(_) => JsonType::String,
            Entry::Array { .. } => JsonType::Array,
            Entry::Object { .. } => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match (self.entry(), expected) {
            (Entry::String(text), Value::String(other)) => text == other,
            (Entry::String(_), _) | (_, Value::String(_)) => false,
            _ => jsonschema::json::cmp::equal(&self.to_json(), expected),
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(self.to_json())
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::tagged(self.document(), self.index()))
    }
}

/// An object whose members are asked for by name. Who asks for many mostly does so in the order in
/// which they stand, so each look-up begins behind the one before, and is a step or two.
pub struct Fields<'a> {
    object: Item<'a>,
    /// The members behind the one that was found last; taken while they are walked over.
    rest: Cell<Option<Members<'a>>>,
}

impl<'a> Fields<'a> {
    fn of(object: Item<'a>) -> Self {
        let rest = Cell::new(None);
        Self { object, rest }
    }
}

impl<'a> Object<'a, TapeJson> for Fields<'a> {
    type Node = Item<'a>;
    type MemberName = &'a str;
    type MembersIter = Members<'a>;

    fn len(&self) -> usize {
        match self.object.entry() {
            Entry::Object { len, .. } => *len as usize,
            _ => 0,
        }
    }

    fn get(&self, key: &Box<str>) -> Option<Item<'a>> {
        let find = |mut members: Members<'a>| {
            let (_, item) = members.find(|(name, _)| **name == **key)?;
            self.rest.set(Some(members));
            Some(item)
        };
        // Of a name that stands twice either may be found: its document is refused anyway.
        let behind = self.rest.take().and_then(find);
        behind.or_else(|| find(self.object.members()))
    }

    fn members(&self) -> Members<'a> {
        self.object.members()
    }
}

impl<'a> Array<'a, TapeJson> for Item<'a> {
    type Node = Item<'a>;
    type ElementsIter = Elements<'a>;

    fn len(&self) -> usize {
        match self.entry() {
            Entry::Array { len, .. } => *len as usize,
            _ => 0,
        }
    }

    fn elements(&self) -> Elements<'a> {
        Item::elements(self)
    }
}
