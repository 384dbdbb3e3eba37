//! From a text to JSON that claims to be a document of OpenAPI 3.0.

use serde_json::{Value, json};

use crate::contract::json::locate::{Place, Spot, place_of};
use crate::contract::json::tape::{ReadError, Tape};
use crate::contract::load::report::{Fault, located};
use crate::contract::load::walk::Finding;

/// Reads a document's text.
///
/// # Errors
///
/// Text that is no JSON, and documents of another version.
pub(in crate::contract) fn parse(text: &str) -> Result<Value, Vec<Fault>> {
    let mut root = match Tape::read(text.as_bytes()) {
        Ok(tape) => tape.root().to_json(),
        Err(error) => return Err(vec![not_json(text, error)]),
    };
    match check_version(&root) {
        Ok(()) => {
            write_out_also(&mut root);
            Ok(root)
        }
        Err(finding) => Err(located(text, vec![finding])),
    }
}

/// A schema whose values must keep to another one too, which stands at this reference.
const ALSO: &str = "x-openmail-mock-also";

/// Writes `x-openmail-mock-also` out as a branch of `allOf`, which is what it means. Generators of
/// clients know references to components only, and leave out an operation that has any other.
fn write_out_also(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get(ALSO) {
                let branch = json!({ "$ref": reference });
                let branches = members.entry("allOf").or_insert_with(|| json!([]));
                if let Value::Array(branches) = branches {
                    branches.push(branch);
                }
                members.remove(ALSO);
            }
            members.values_mut().for_each(write_out_also);
        }
        Value::Array(items) => items.iter_mut().for_each(write_out_also),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The fault of a text that is no JSON, at the place where its reader stopped.
#[must_use]
pub fn not_json(text: &str, error: ReadError) -> Fault {
    let message = match looks_like_yaml(text) {
        true => "documents are read as JSON; convert YAML to JSON first".to_owned(),
        // The place is told before the message already.
        false => match error.message.rsplit_once(" at line ") {
            Some((what, _)) => format!("not read as JSON: {what}"),
            None => format!("not read as JSON: {error}"),
        },
    };
    let pointer = error.repeated.unwrap_or_default();
    let place = match error.stopped_at {
        (0, _) => place_of(text, Spot::Repeated(&pointer)),
        // The parser is at column 0 before the first character.
        (line, column) => Place {
            line,
            column: column.max(1),
        },
    };
    Fault {
        pointer,
        place,
        message,
    }
}

/// YAML begins with a marker, a comment or `name:`, and with no bracket of JSON's.
fn looks_like_yaml(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let first = lines.map(|line| line.trim_start_matches('\u{feff}'));
    let first = first.into_iter().find(|line| !line.is_empty());
    let first = first.unwrap_or_default();
    let is_word = |name: &str| {
        let name = name.trim_matches(['"', '\'']);
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || "-_".contains(c))
    };
    let is_member = first.split_once(':').is_some_and(|(name, _)| is_word(name));
    first.starts_with(['#', '%']) || first.starts_with("---") || is_member
}

fn check_version(root: &Value) -> Result<(), Finding> {
    if let Some(version) = root.get("swagger") {
        let version = version.as_str().unwrap_or("2.0");
        return Err(Finding {
            pointer: "/swagger".to_owned(),
            message: format!("this is Swagger {version}; convert it to OpenAPI 3.0"),
        });
    }
    let message = match root.get("openapi").and_then(Value::as_str) {
        Some(version) if version == "3.0" || version.starts_with("3.0.") => return Ok(()),
        Some(version) => format!(
            "this is OpenAPI {version}; documents of OpenAPI 3.0 are served: convert it to OpenAPI 3.0"
        ),
        None => "not an OpenAPI document: `openapi` with a version such as `3.0.3` is missing"
            .to_owned(),
    };
    let pointer = "/openapi".to_owned();
    Err(Finding { pointer, message })
}
