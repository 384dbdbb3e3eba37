//! The smallest value that a schema takes, by its examples where it has some.

use serde_json::{Map, Value, json};

use crate::contract::json::tape::MAX_DEPTH;
use crate::contract::load::walk::{dereference, reference, resolve};
use crate::contract::synthesis::sample::{number, text};

/// So many values are made for one answer; a document that needs more has no sensible answer.
const MAX_MADE: usize = 20_000;
/// Values nest this deep; deeper ones no reader here takes.
const MAX_NESTED: usize = MAX_DEPTH;
/// So many branches of `oneOf` and `anyOf` are tried.
const BRANCHES: usize = 8;

/// One way to make a value.
pub(in crate::contract) struct Minimal<'d> {
    root: &'d Value,
    /// The branch of each `oneOf` and `anyOf` that is taken.
    branch: usize,
    /// Whether examples and defaults inside the schema are used.
    by_examples: bool,
    /// Which of several different values is made, where items must differ.
    nth: usize,
    /// References that lead to what is being made: one that comes again has no end.
    within: Vec<String>,
    made: usize,
    /// Values around the one that is being made.
    depth: usize,
}

/// A schema with its references, `allOf` and one branch each of `oneOf` and `anyOf` laid into one.
#[derive(Default)]
struct Flat {
    members: Map<String, Value>,
    /// Pointers of the references that were followed.
    followed: Vec<String>,
}

impl<'d> Minimal<'d> {
    /// All ways, the one that promises most first.
    pub fn attempts(root: &'d Value) -> impl Iterator<Item = Self> {
        let ways = [true, false]
            .into_iter()
            .flat_map(|by_examples| (0..BRANCHES).map(move |branch| (by_examples, branch)));
        ways.map(move |(by_examples, branch)| Self {
            root,
            branch,
            by_examples,
            nth: 0,
            within: Vec::new(),
            made: 0,
            depth: 0,
        })
    }

    /// A value of the schema at `pointer`; none if this way leads to none.
    pub fn of(mut self, pointer: &str) -> Option<Value> {
        self.within.push(pointer.to_owned());
        self.value(self.root.pointer(pointer)?)
    }

    fn value(&mut self, schema: &Value) -> Option<Value> {
        self.made += 1;
        if self.made > MAX_MADE || self.depth >= MAX_NESTED {
            return None;
        }
        let mut flat = Flat::default();
        self.flatten(schema, &mut flat);
        let Flat { members, followed } = flat;
        self.depth += 1;
        let mark = self.within.len();
        let is_endless = followed.iter().any(|target| self.within.contains(target));
        self.within.extend(followed);
        let made = match is_endless {
            true => None,
            false => self.flat_value(&members),
        };
        self.depth -= 1;
        self.within.truncate(mark);
        let is_nullable = members.get("nullable") == Some(&Value::Bool(true));
        made.or_else(|| is_nullable.then_some(Value::Null))
    }

    fn flat_value(&mut self, schema: &Map<String, Value>) -> Option<Value> {
        if let Some(value) = self.stated_value(schema) {
            return Some(value);
        }
        match kind(schema) {
            "string" => text(schema, self.nth).map(Value::String),
            "integer" => Some(number(schema, true, self.nth)),
            "number" => Some(number(schema, false, self.nth)),
            "boolean" => Some(Value::Bool(self.nth % 2 == 1)),
            "array" => self.array(schema),
            _ => self.object(schema),
        }
    }

    /// An example, a default or a listed value of the right type.
    fn stated_value(&self, schema: &Map<String, Value>) -> Option<Value> {
        let listed = schema.get("enum").and_then(Value::as_array);
        let is_listed = |value: &Value| listed.is_none_or(|listed| listed.contains(value));
        if self.by_examples && self.nth == 0 {
            let own = ["example", "default"].into_iter();
            let mut own = own.filter_map(|name| schema.get(name));
            if let Some(value) = own.find(|value| is_of_type(value, schema) && is_listed(value)) {
                return Some(value.clone());
            }
        }
        let listed = listed?.iter().filter(|value| is_of_type(value, schema));
        let listed: Vec<&Value> = listed.collect();
        let chosen = listed.get(self.nth).or(listed.first())?;
        Some((*chosen).clone())
    }

    fn array(&mut self, schema: &Map<String, Value>) -> Option<Value> {
        let count = count(schema, "minItems").min(1_000) as usize;
        let any = json!({});
        let items = schema.get("items").unwrap_or(&any);
        if count == 0 {
            return Some(json!([]));
        }
        if schema.get("uniqueItems") != Some(&Value::Bool(true)) {
            return Some(vec![self.value(items)?; count].into());
        }
        let outer = self.nth;
        let mut made = Vec::with_capacity(count);
        for nth in 0..count {
            self.nth = nth;
            made.push(self.value(items));
        }
        self.nth = outer;
        made.into_iter().collect()
    }

    fn object(&mut self, schema: &Map<String, Value>) -> Option<Value> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties");
        let any = json!({});
        let other = additional.filter(|additional| additional.is_object());
        let other = other.unwrap_or(&any);
        let required = schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        let mut members = Map::new();
        for name in required {
            let property = properties.and_then(|properties| properties.get(name));
            let property = property.unwrap_or(other);
            if !self.is_write_only(property) {
                members.insert(name.to_owned(), self.value(property)?);
            }
        }
        let least = count(schema, "minProperties").min(1_000) as usize;
        for (name, property) in properties.into_iter().flatten() {
            let is_needed = members.len() < least && !members.contains_key(name);
            if is_needed && !self.is_write_only(property) {
                let value = self.value(property);
                members.extend(value.map(|value| (name.clone(), value)));
            }
        }
        for number in 1..=least {
            if members.len() < least && additional != Some(&Value::Bool(false)) {
                members.insert(format!("field{number}"), self.value(other)?);
            }
        }
        Some(Value::Object(members))
    }

    fn is_write_only(&self, schema: &Value) -> bool {
        let (_, schema) = dereference(self.root, "", schema);
        schema.get("writeOnly") == Some(&Value::Bool(true))
    }

    /// Lays a schema into `flat`. What was laid into it already says nothing new.
    fn flatten(&self, schema: &Value, flat: &mut Flat) {
        let target = reference(schema).and_then(|text| resolve(self.root, text).ok());
        let found = target.and_then(|target| Some((self.root.pointer(&target)?, target)));
        let schema = match found {
            None => schema,
            Some((_, target)) if flat.followed.contains(&target) => return,
            Some((schema, target)) => {
                flat.followed.push(target);
                schema
            }
        };
        let Some(members) = schema.as_object() else {
            return;
        };
        let compositions = ["allOf", "oneOf", "anyOf"];
        let own = members.iter();
        let own = own.filter(|(name, _)| !compositions.contains(&name.as_str()));
        let own = own.map(|(name, value)| (name.clone(), value.clone()));
        merge(&mut flat.members, own.collect());
        // The walk has bounded how deep composition nests, and with it this recursion.
        for composition in compositions {
            let branches = members.get(composition).and_then(Value::as_array);
            let branches = branches.map_or(&[][..], Vec::as_slice);
            let chosen = match composition {
                "allOf" => branches,
                _ => {
                    let index = self.branch % branches.len().max(1);
                    &branches[index..(index + 1).min(branches.len())]
                }
            };
            for branch in chosen {
                self.flatten(branch, flat);
            }
        }
    }
}

/// The type that a schema names, or what its keywords speak of.
fn kind(schema: &Map<String, Value>) -> &str {
    let speaks_of = |names: &[&str]| names.iter().any(|name| schema.contains_key(*name));
    let named = schema.get("type").and_then(Value::as_str);
    named.unwrap_or(match () {
        () if speaks_of(&["items", "minItems"]) => "array",
        () if speaks_of(&["pattern", "format", "minLength", "maxLength"]) => "string",
        () if speaks_of(&["minimum", "maximum", "multipleOf"]) => "number",
        () => "object",
    })
}

fn is_of_type(value: &Value, schema: &Map<String, Value>) -> bool {
    let named = schema.get("type").and_then(Value::as_str);
    match (named, value) {
        (None, _) => true,
        (Some(_), Value::Null) => schema.get("nullable") == Some(&Value::Bool(true)),
        (Some("string"), Value::String(_))
        | (Some("number"), Value::Number(_))
        | (Some("boolean"), Value::Bool(_))
        | (Some("array"), Value::Array(_))
        | (Some("object"), Value::Object(_)) => true,
        (Some("integer"), Value::Number(number)) => {
            number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        (Some(_), _) => false,
    }
}

fn count(schema: &Map<String, Value>, name: &str) -> u64 {
    schema.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// Lays a branch into the schema that it is a branch of.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    // Null passes only if every branch with a type admits it.
    let forbids_null = from.contains_key("type") && from.get("nullable") != Some(&json!(true));
    if forbids_null && into.contains_key("nullable") {
        into.insert("nullable".to_owned(), json!(false));
    }
    for (name, value) in from {
        match into.get_mut(&name) {
            Some(known) => merge_keyword(&name, known, value),
            None => {
                into.insert(name, value);
            }
        }
    }
}

fn merge_keyword(name: &str, known: &mut Value, value: Value) {
    match (name, known, value) {
        ("properties", Value::Object(known), Value::Object(more)) => {
            for (name, schema) in more {
                let schema = match known.remove(&name) {
                    Some(first) => both(first, schema),
                    None => schema,
                };
                known.insert(name, schema);
            }
        }
        ("items", known, value) => *known = both(known.take(), value),
        ("required", Value::Array(known), Value::Array(more)) => known.extend(more),
        ("enum", Value::Array(known), Value::Array(more)) => {
            known.retain(|value| more.contains(value));
        }
        ("type", known, value) if value == "integer" => *known = value,
        ("minimum" | "minLength" | "minItems" | "minProperties", known, value)
            if value.as_f64() > known.as_f64() =>
        {
            *known = value;
        }
        ("maximum" | "maxLength" | "maxItems" | "maxProperties", known, value)
            if value.as_f64() < known.as_f64() =>
        {
            *known = value;
        }
        ("exclusiveMinimum" | "exclusiveMaximum" | "uniqueItems", known, value)
            if value == true =>
        {
            *known = value;
        }
        _ => {}
    }
}

/// A schema that asks for what both ask for. Further ones lengthen the list, so that it does not
/// nest deeper with each.
fn both(mut first: Value, second: Value) -> Value {
    let is_list = first.as_object().is_some_and(|members| members.len() == 1);
    if let Some(Value::Array(list)) = first.get_mut("allOf").filter(|_| is_list) {
        list.push(second);
        return first;
    }
    json!({ "allOf": [first, second] })
}
