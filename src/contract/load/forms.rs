//! What a document says of forms beyond what their fields look like: how fields are encoded, which
//! is listed, and rules about files that nothing enforces, which stop the start.

use serde_json::{Map, Value};

use crate::contract::document::{is_form, is_multipart};
use crate::contract::load::composition::{COMPOSITION, composed_of};
use crate::contract::load::reader::Reading;
use crate::contract::load::walk::{Finding, join};
use crate::contract::schema::dialect::properties;
use crate::contract::schema::schemas::SchemaUse;
use crate::contract::spelling::nearest;
use crate::contract::violation::Side;

/// Keywords about a text. The validator sees no text of a file.
const OF_TEXT: [&str; 4] = ["minLength", "maxLength", "pattern", "enum"];

impl Reading {
    /// Judges a media type's `encoding`, and its schema where that describes files.
    pub(in crate::contract) fn judge_form_media(
        &mut self,
        pointer: &str,
        object: &Value,
        range: &str,
        side: Side,
        schema: Option<&SchemaUse>,
    ) {
        let is_multipart = is_multipart(range);
        let is_read = side == Side::Request && (is_multipart || is_form(range));
        if let Some(Value::Object(encodings)) = object.get("encoding") {
            self.note_encodings(
                &join(pointer, "encoding"),
                encodings,
                range,
                is_read,
                schema,
            );
        }
        if let (true, true, Some(used)) = (is_read, is_multipart, schema) {
            let schema = self.schemas.schema(used);
            let faults = file_faults(self.schemas.root(), schema, &used.pointer);
            for Finding { pointer, message } in faults {
                self.fault(&pointer, message);
            }
        }
    }

    fn note_encodings(
        &mut self,
        pointer: &str,
        encodings: &Map<String, Value>,
        range: &str,
        is_read: bool,
        schema: Option<&SchemaUse>,
    ) {
        if !is_read {
            let message =
                "`encoding` means something in requests that are forms, and is ignored here";
            return self.note(pointer, message);
        }
        let declared =
            schema.map(|used| properties(self.schemas.root(), self.schemas.schema(used)));
        let declared = declared.unwrap_or_default();
        for (name, encoding) in encodings {
            let at = join(pointer, name);
            if !declared.contains(name) {
                let near = nearest(name, declared.iter().map(String::as_str));
                let hint = near.map(|near| format!("; did you mean `{near}`?"));
                let hint = hint.unwrap_or_default();
                self.note(
                    &at,
                    format!("`{name}` is no property of the form and is ignored{hint}"),
                );
                continue;
            }
            for (field, value) in encoding.as_object().into_iter().flatten() {
                if let Some(message) = idle(field, value, range) {
                    self.note(&join(&at, field), message);
                }
            }
        }
    }
}

/// Why a field of an `encoding` has no effect; none if it asks for what is done anyway.
fn idle(field: &str, value: &Value, range: &str) -> Option<String> {
    let said = format!("`{field}` of an `encoding`");
    match field {
        "contentType" => Some(format!("{said} is an annotation, not checked")),
        "headers" => Some(format!("{said} are not checked")),
        "style" | "explode" | "allowReserved" if is_multipart(range) => Some(format!(
            "{said} means nothing for `{range}` and is ignored, as OpenAPI 3.0 rules"
        )),
        "style" if value == "form" => None,
        "explode" if value == &Value::Bool(true) => None,
        "style" | "explode" => Some(format!(
            "{said} is not honoured: each value is read from a pair of its own"
        )),
        "allowReserved" => Some(format!("{said} is an annotation, not checked")),
        // The walk lists what has no meaning.
        _ => None,
    }
}

/// Rules about files that would pass or fail whatever is sent.
fn file_faults(root: &Value, schema: &Value, pointer: &str) -> Vec<Finding> {
    let mut faults = Vec::new();
    let mut fault = |keyword: &str, name: &str| {
        faults.push(Finding {
            pointer: pointer.to_owned(),
            message: format!("`{keyword}` of `{name}`, a file, is not enforced; remove it"),
        });
    };
    for part in composed_of(root, schema, &COMPOSITION) {
        let declared = part.get("properties").and_then(Value::as_object);
        let declared = declared.into_iter().flatten();
        let declared = declared.map(|(name, property)| (name.as_str(), property));
        let others = part.get("additionalProperties");
        for (name, property) in
            declared.chain(others.map(|others| ("additionalProperties", others)))
        {
            let lists = composed_of(root, property, &COMPOSITION);
            for keyword in rules_of_files(root, property) {
                fault(keyword, name);
            }
            for (list, items) in lists
                .iter()
                .filter_map(|list| Some((list, list.get("items")?)))
            {
                for keyword in rules_of_files(root, items) {
                    fault(keyword, name);
                }
                let is_unique = list.get("uniqueItems") == Some(&Value::Bool(true));
                if is_unique && is_file(root, items) {
                    fault("uniqueItems", name);
                }
            }
        }
    }
    faults
}

fn is_binary(schema: &Value) -> bool {
    schema.get("format") == Some(&Value::from("binary"))
}

fn is_file(root: &Value, schema: &Value) -> bool {
    let parts = composed_of(root, schema, &COMPOSITION);
    parts.into_iter().any(is_binary)
}

/// The keywords about text that stand in the schema of a file, but in no branch that means text.
fn rules_of_files(root: &Value, schema: &Value) -> Vec<&'static str> {
    if !is_file(root, schema) {
        return Vec::new();
    }
    let is_text =
        |part: &&Value| part.get("type") == Some(&Value::from("string")) && !is_binary(part);
    let parts = composed_of(root, schema, &COMPOSITION);
    let parts: Vec<&Value> = parts.into_iter().filter(|part| !is_text(part)).collect();
    let stands = |keyword: &&str| parts.iter().any(|part| part.get(*keyword).is_some());
    OF_TEXT
        .into_iter()
        .filter(|keyword| stands(keyword))
        .collect()
}
