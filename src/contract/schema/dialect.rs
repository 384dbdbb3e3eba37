//! What a schema of OpenAPI 3.0 says in JSON Schema 2020-12, for each side of an exchange.
//!
//! The translation keeps every schema at its own pointer, so a place that the validator names is
//! a place in the document.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::contract::json::pointer::{tokens, value_at};
use crate::contract::load::composition::{COMPOSITION, MAX_COMPOSITION, composed_of};
use crate::contract::load::keywords::FORMATS;
use crate::contract::load::walk::{reference, resolve};

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

/// Translates the schemas of a document for one side.
pub(in crate::contract) struct Translation<'d> {
    pub root: &'d Value,
    pub variant: Variant,
    /// Pointers of the schemas that stand inside no other schema. They are translated as parts,
    /// since anything may refer to them; whoever uses one whole closes it there.
    pub outermost: &'d [String],
    /// Whether titles, descriptions, defaults and examples come along, for readers.
    pub annotated: bool,
}

/// Where a schema is used decides whether a strict reading may close it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It describes a value alone: a body, a property, an element.
    Whole,
    /// It describes a value together with others: a branch of `allOf`, `anyOf`, `oneOf`, `not`.
    Part,
}

/// What is being written out at one place.
#[derive(Default)]
struct Written {
    /// References inside references.
    depth: usize,
    /// References that one `allOf`, with all inside it, has written out.
    targets: BTreeSet<String>,
}

impl Translation<'_> {
    /// A document that holds the translated schemas at their own pointers and nothing else.
    pub fn document(&self) -> Value {
        let mut document = Value::Object(Map::new());
        for pointer in self.outermost {
            let Some(schema) = value_at(self.root, pointer) else {
                continue;
            };
            place(&mut document, pointer, self.part(schema));
        }
        document
    }

    /// One schema as it stands at its pointer in [`Translation::document`].
    pub fn part(&self, schema: &Value) -> Value {
        self.schema(schema, Use::Part, &BTreeSet::new(), &mut Written::default())
    }

    /// The schema that stands for `schema`, found under the URI `name`, where it is used whole.
    pub fn entry(&self, name: String, schema: &Value) -> Value {
        let mut entry = json!({ "$ref": name });
        if self.closes(schema) {
            entry["unevaluatedProperties"] = Value::Bool(false);
        }
        entry
    }

    /// `hidden` are property names that this side never carries, declared further out.
    fn schema(
        &self,
        schema: &Value,
        used: Use,
        hidden: &BTreeSet<String>,
        written: &mut Written,
    ) -> Value {
        let Some(members) = schema.as_object() else {
            return Value::Bool(true);
        };
        if let Some(text) = reference(schema) {
            let mut referred = self.reference(text, used, hidden, written);
            if let Value::Object(referred) = &mut referred {
                let said = members.iter();
                referred.extend(said.filter_map(|(name, value)| self.annotation(name, value)));
            }
            return referred;
        }
        let mut hidden = hidden.clone();
        self.collect_hidden(schema, &mut hidden);
        let mut translated = Map::new();
        for (name, value) in members {
            if let Some((name, value)) = self.keyword(name, value, members, &hidden, written) {
                translated.insert(name, value);
            }
        }
        if self.closes(schema) {
            // Left in place it would make every field a known one.
            if translated.get("additionalProperties") == Some(&Value::Bool(true)) {
                translated.remove("additionalProperties");
            }
            if used == Use::Whole {
                translated.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Object(translated)
    }

    fn reference(
        &self,
        text: &str,
        used: Use,
        hidden: &BTreeSet<String>,
        written: &mut Written,
    ) -> Value {
        let target = resolve(self.root, text).ok();
        let schema = target
            .as_ref()
            .and_then(|target| value_at(self.root, target));
        let (Some(target), Some(schema)) = (target, schema) else {
            // The walk has refused such a document already.
            return Value::Bool(false);
        };
        // A branch that requires what an outer schema hides is written out, so that the
        // requirement can be dropped there and nowhere else.
        let requires_hidden = !hidden.is_empty() && self.requires_any(schema, hidden);
        // So is one that is closed where it stands, inside another schema.
        let is_closed_there = self.closes(schema) && !self.outermost.contains(&target);
        let is_written = requires_hidden || is_closed_there;
        if used == Use::Part && written.depth < MAX_COMPOSITION && is_written {
            // What must hold already need not be said again.
            if !written.targets.insert(target) {
                return Value::Bool(true);
            }
            written.depth += 1;
            let whole = self.schema(schema, used, hidden, written);
            written.depth -= 1;
            return whole;
        }
        let name = fragment(&target);
        match used {
            Use::Whole => self.entry(name, schema),
            Use::Part => json!({ "$ref": name }),
        }
    }

    fn keyword(
        &self,
        name: &str,
        value: &Value,
        members: &Map<String, Value>,
        hidden: &BTreeSet<String>,
        written: &mut Written,
    ) -> Option<(String, Value)> {
        let none = BTreeSet::new();
        let depth = written.depth;
        let apart = || Written {
            depth,
            targets: BTreeSet::new(),
        };
        let whole = |value: &Value| self.schema(value, Use::Whole, &none, &mut apart());
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
            "not" => kept(self.schema(value, Use::Part, &none, &mut apart())),
            "allOf" => {
                let branches = value.as_array()?.iter();
                let branch = |schema| self.schema(schema, Use::Part, hidden, written);
                kept(branches.map(branch).collect())
            }
            "anyOf" | "oneOf" => {
                let branches = value.as_array()?.iter();
                let branch = |schema| self.schema(schema, Use::Part, hidden, &mut apart());
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
            _ => self.annotation(name, value),
        }
    }

    fn annotation(&self, name: &str, value: &Value) -> Option<(String, Value)> {
        match name {
            "title" | "description" | "default" if self.annotated => {
                Some((name.to_owned(), value.clone()))
            }
            "example" if self.annotated => Some(("examples".to_owned(), json!([value]))),
            _ => None,
        }
    }

    /// Whether this side never carries a property of this schema.
    fn hides(&self, schema: &Value) -> bool {
        let target = reference(schema)
            .and_then(|text| resolve(self.root, text).ok())
            .and_then(|pointer| value_at(self.root, &pointer));
        let flag = match self.variant {
            Variant::Request | Variant::StrictRequest => "readOnly",
            Variant::Response => "writeOnly",
        };
        target.unwrap_or(schema).get(flag) == Some(&Value::Bool(true))
    }

    /// Names hidden by this schema's own properties and those of its `allOf` branches.
    fn collect_hidden(&self, schema: &Value, hidden: &mut BTreeSet<String>) {
        for part in composed_of(self.root, schema, &["allOf"]) {
            let properties = part.get("properties").and_then(Value::as_object);
            let properties = properties.into_iter().flatten();
            let unseen = properties.filter(|(_, property)| self.hides(property));
            hidden.extend(unseen.map(|(name, _)| name.clone()));
        }
    }

    fn requires_any(&self, schema: &Value, names: &BTreeSet<String>) -> bool {
        let named = |item: &Value| item.as_str().is_some_and(|name| names.contains(name));
        composed_of(self.root, schema, &["allOf"])
            .into_iter()
            .any(|part| {
                let required = part.get("required").and_then(Value::as_array);
                required.is_some_and(|items| items.iter().any(named))
            })
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
pub(in crate::contract) fn properties(root: &Value, schema: &Value) -> BTreeSet<String> {
    let parts = composed_of(root, schema, &COMPOSITION).into_iter();
    let own = parts.filter_map(|part| part.get("properties")?.as_object());
    own.flat_map(|own| own.keys().cloned()).collect()
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
pub(in crate::contract) fn fragment(pointer: &str) -> String {
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
    for token in tokens(pointer) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[&*token];
    }
    *at = value;
}
