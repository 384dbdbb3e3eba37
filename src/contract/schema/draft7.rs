//! A schema of the document as a JSON Schema of draft 7 that stands alone, as editors read it.
//!
//! The dialect has said already what the schema means; the keywords that it writes are draft 7's
//! too. Only names change here: what is reached moves into `definitions`.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::contract::json::pointer::push_token;
use crate::contract::schema::dialect::fragment;
use crate::contract::schema::schemas::{SchemaUse, Schemas};

const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The schema with everything that it reaches, as a request must keep to it.
pub(in crate::contract) fn standalone(schemas: &Schemas, used: &SchemaUse) -> Value {
    let translation = schemas.annotated();
    let translate = |pointer: &str| {
        let schema = schemas.root().pointer(pointer).unwrap_or(&Value::Null);
        translation.part(schema)
    };
    let mut moving = Moving {
        whole: &used.pointer,
        outermost: schemas.outermost(),
        reached: Vec::new(),
    };
    let whole = moving.schema(translate(&used.pointer));
    let mut definitions = Map::new();
    // What is reached may reach further.
    while let Some(pointer) = moving.reached.get(definitions.len()).cloned() {
        let schema = moving.schema(translate(&pointer));
        definitions.insert(definition(&pointer), schema);
    }
    let mut standalone = Map::from_iter([("$schema".to_owned(), DIALECT.into())]);
    if let Value::Object(members) = whole {
        standalone.extend(members);
    }
    if !definitions.is_empty() {
        standalone.insert("definitions".to_owned(), Value::Object(definitions));
    }
    Value::Object(standalone)
}

/// Gives translated schemas the names that they have where they stand alone.
struct Moving<'m> {
    /// Pointer of the schema that becomes the document.
    whole: &'m str,
    /// Pointers of the schemas that stand inside no other; each moves as one.
    outermost: &'m [String],
    /// Pointers of those that are referred to, in the order of the first reference.
    reached: Vec<String>,
}

impl Moving<'_> {
    /// What a reader looks for stands first. The recursion is as deep as the document, which its
    /// reading has bounded.
    fn schema(&mut self, schema: Value) -> Value {
        let Value::Object(mut members) = schema else {
            return schema;
        };
        let mut moved = Map::new();
        for name in ["title", "description"] {
            if let Some(value) = members.shift_remove(name) {
                moved.insert(name.to_owned(), value);
            }
        }
        for (name, value) in members {
            let value = match (name.as_str(), value) {
                ("$ref", Value::String(text)) => Value::String(self.reference(&text)),
                ("properties", Value::Object(all)) => {
                    let each = all.into_iter();
                    let each = each.map(|(name, schema)| (name, self.schema(schema)));
                    Value::Object(each.collect())
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => {
                    let each = branches.into_iter();
                    Value::Array(each.map(|schema| self.schema(schema)).collect())
                }
                ("items" | "additionalProperties" | "not", schema) => self.schema(schema),
                (_, value) => value,
            };
            moved.insert(name, value);
        }
        Value::Object(moved)
    }

    /// The new name of what a translated reference leads to.
    fn reference(&mut self, text: &str) -> String {
        let target = text.trim_start_matches('#');
        let target = percent_decode_str(target).decode_utf8_lossy();
        if let Some(tail) = inside(&target, self.whole) {
            return fragment(tail);
        }
        let mut outermost = self.outermost.iter();
        let outer = outermost.find(|outer| inside(&target, outer).is_some());
        let outer = outer.map_or(&*target, String::as_str);
        if !self.reached.iter().any(|known| known == outer) {
            self.reached.push(outer.to_owned());
        }
        let mut pointer = "/definitions".to_owned();
        push_token(&mut pointer, &definition(outer));
        pointer.push_str(inside(&target, outer).unwrap_or_default());
        fragment(&pointer)
    }
}

/// The rest of a pointer that leads to `outer` or into it.
fn inside<'t>(target: &'t str, outer: &str) -> Option<&'t str> {
    let tail = target.strip_prefix(outer)?;
    (tail.is_empty() || tail.starts_with('/')).then_some(tail)
}

/// The name among the definitions: a component's own, any other schema's pointer.
fn definition(pointer: &str) -> String {
    let component = pointer.strip_prefix("/components/schemas/");
    let component = component.filter(|name| !name.contains('/'));
    match component {
        Some(name) => name.replace("~1", "/").replace("~0", "~"),
        None => pointer.to_owned(),
    }
}
