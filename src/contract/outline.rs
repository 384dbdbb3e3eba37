//! The properties that bodies of an operation may have, and which of them a body has.
//!
//! Elements of arrays are looked through: what is said of one is said of all. Branches of a
//! composition are laid over each other, since any of them may be the one.

use serde_json::Value;

use crate::contract::document::{Contract, Media, Operation, StatusKey, is_json};
use crate::contract::json::tape::Item;
use crate::contract::load::composition::{COMPOSITION, composed_of};

/// Properties lie at most this deep.
const MAX_LEVEL: usize = 8;
/// Of a body, so many properties are told apart; strangers' documents unfold without end.
const MAX_PROPERTIES: usize = 512;
/// So many schemas are looked into around one property, for the same reason.
const MAX_AROUND: usize = 1_000;

/// Properties of bodies, each behind the one that holds it.
#[derive(Debug, Default)]
pub struct Outline {
    properties: Vec<Property>,
    /// Whether the body itself may be an array.
    is_list: bool,
}

#[derive(Debug)]
struct Property {
    name: String,
    is_list: bool,
    /// The index behind the last property that it holds.
    end: usize,
}

/// Which of a set are left: bit n of word n / 64.
type Left = [u64];

impl Outline {
    /// How many properties there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.properties.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.properties.is_empty()
    }

    /// Their places in words, such as `data[].id`, in the order of their numbers.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = Vec::with_capacity(self.len());
        // What the present one stands in, from the outside.
        let mut around: Vec<usize> = Vec::new();
        for (index, property) in self.properties.iter().enumerate() {
            while around
                .last()
                .is_some_and(|outer| self.properties[*outer].end <= index)
            {
                around.pop();
            }
            let name = &property.name;
            let (holder, is_list) = match around.last() {
                Some(outer) => (paths[*outer].as_str(), self.properties[*outer].is_list),
                None => ("", self.is_list),
            };
            paths.push(match (holder, is_list) {
                ("", false) => name.clone(),
                (holder, false) => format!("{holder}.{name}"),
                (holder, true) => format!("{holder}[].{name}"),
            });
            around.push(index);
        }
        paths
    }

    /// Takes the properties that a body has from those that are `left`. One whose values `counts`
    /// does not take is not there. What is not left any more is not looked for.
    pub fn mark(&self, body: Item<'_>, counts: fn(Item<'_>) -> bool, left: &mut Left) {
        self.mark_within(body, (0, self.len()), counts, left);
    }

    fn mark_within(
        &self,
        value: Item<'_>,
        (begin, end): (usize, usize),
        counts: fn(Item<'_>) -> bool,
        left: &mut Left,
    ) {
        for element in value.elements() {
            if !is_any_left(left, begin, end) {
                return;
            }
            self.mark_within(element, (begin, end), counts, left);
        }
        // Most bodies have their members in the order of the document.
        let mut next = begin;
        for (name, member) in value.members() {
            if !is_any_left(left, begin, end) {
                return;
            }
            let ahead = self.named(name, (next, end));
            let Some(index) = ahead.or_else(|| self.named(name, (begin, next))) else {
                continue;
            };
            let behind = self.properties[index].end;
            next = behind;
            if is_any_left(left, index, behind) && counts(member) {
                left[index / 64] &= !(1 << (index % 64));
                if index + 1 < behind {
                    self.mark_within(member, (index + 1, behind), counts, left);
                }
            }
        }
    }

    /// The property of that name among those that stand beside each other in a range.
    fn named(&self, name: &str, (mut index, end): (usize, usize)) -> Option<usize> {
        while index < end {
            let property = &self.properties[index];
            if property.name == name {
                return Some(index);
            }
            index = property.end;
        }
        None
    }
}

fn is_any_left(left: &Left, from: usize, to: usize) -> bool {
    if from >= to {
        return false;
    }
    let (first, last) = (from / 64, (to - 1) / 64);
    let begin = u64::MAX << (from % 64);
    let end = u64::MAX >> (63 - (to - 1) % 64);
    if first == last {
        return left[first] & begin & end != 0;
    }
    left[first] & begin != 0
        || left[last] & end != 0
        || left[first + 1..last].iter().any(|word| *word != 0)
}

impl Contract {
    /// What the bodies of an operation's requests may have.
    #[must_use]
    pub fn request_outline(&self, operation: &Operation) -> Outline {
        let media = operation.body.iter().flat_map(|body| &body.media);
        self.outline(media, "readOnly")
    }

    /// What the JSON of an operation's answers may have that are no failures.
    #[must_use]
    pub fn answer_outline(&self, operation: &Operation) -> Outline {
        let fine = operation
            .answers
            .iter()
            .filter(|answer| match answer.status {
                StatusKey::Code(code) => code < 400,
                StatusKey::Range(hundred) => hundred < 4,
                // Whatever else it stands for, it stands for failures.
                StatusKey::Default => false,
            });
        let media = fine.flat_map(|answer| answer.media.iter());
        self.outline(media.filter(|media| is_json(&media.range)), "writeOnly")
    }

    /// `foreign` marks what only the other side of an exchange has.
    fn outline<'c>(&'c self, media: impl Iterator<Item = &'c Media>, foreign: &str) -> Outline {
        let used = media.filter_map(|media| media.schema.as_ref());
        let schemas: Vec<&Value> = used.map(|used| self.schemas.schema(used)).collect();
        let mut drawing = Drawing {
            root: self.schemas.root(),
            foreign,
            properties: Vec::new(),
            around: Vec::new(),
            level: 0,
        };
        let is_list = drawing.draw(schemas);
        Outline {
            properties: drawing.properties,
            is_list,
        }
    }
}

/// An outline on its way.
struct Drawing<'d> {
    root: &'d Value,
    foreign: &'d str,
    properties: Vec<Property>,
    /// Schemas of the values around the present one: what holds itself is drawn once.
    around: Vec<*const Value>,
    level: usize,
}

impl<'d> Drawing<'d> {
    /// Draws what values of any of these schemas have; whether they may be arrays.
    fn draw(&mut self, schemas: Vec<&'d Value>) -> bool {
        let (outer, mut is_list) = (self.around.len(), false);
        let mut members: Vec<(&str, Vec<&'d Value>)> = Vec::new();
        let mut waiting = schemas;
        waiting.reverse();
        while let Some(schema) = waiting.pop() {
            for part in composed_of(self.root, schema, &COMPOSITION) {
                // Also ends arrays of themselves, and what two media types have in common.
                let is_known = self.around.contains(&std::ptr::from_ref(part));
                if is_known || self.around.len() >= MAX_AROUND {
                    continue;
                }
                self.around.push(std::ptr::from_ref(part));
                if let Some(items) = part.get("items") {
                    is_list = true;
                    waiting.push(items);
                }
                let declared = part.get("properties").and_then(Value::as_object);
                for (name, property) in declared.into_iter().flatten() {
                    match members.iter_mut().find(|(known, _)| known == name) {
                        Some((_, schemas)) => schemas.push(property),
                        None => members.push((name, vec![property])),
                    }
                }
            }
        }
        for (name, schemas) in members {
            let is_foreign = |schema: &&Value| self.is_marked(schema);
            if self.properties.len() >= MAX_PROPERTIES || schemas.iter().all(is_foreign) {
                continue;
            }
            let index = self.properties.len();
            self.properties.push(Property {
                name: name.to_owned(),
                is_list: false,
                end: 0,
            });
            self.level += 1;
            let is_list = self.level < MAX_LEVEL && self.draw(schemas);
            self.level -= 1;
            let end = self.properties.len();
            let property = &mut self.properties[index];
            (property.is_list, property.end) = (is_list, end);
        }
        self.around.truncate(outer);
        is_list
    }

    fn is_marked(&self, schema: &Value) -> bool {
        let mut parts = composed_of(self.root, schema, &["allOf"]).into_iter();
        parts.any(|part| part.get(self.foreign) == Some(&Value::Bool(true)))
    }
}
