//! Loading the built-in document with a few of its places changed: nearly right documents reach
//! further into the engine than text at random does.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{self, Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use openmail_mock::api::DOCUMENT;
use serde_json::{Value, json};

mod loading;

/// The built-in document without its prose, with the operations on pods only: the rest repeats
/// the same forms, and loading it takes most of a run.
static REDUCED: LazyLock<Value> = LazyLock::new(|| {
    let mut document: Value = serde_json::from_str(DOCUMENT).expect("it is JSON");
    let paths = document["paths"].as_object_mut().expect("it has paths");
    paths.retain(|path, _| path.starts_with("/v1/pods"));
    without_prose(&mut document);
    document
});

fn without_prose(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, member| name != "description" || !member.is_string());
            // An answer must have one.
            if members.contains_key("content") || members.contains_key("headers") {
                members.insert("description".to_owned(), json!(""));
            }
            members.values_mut().for_each(without_prose);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_prose),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One change; places are counted through the document as it then is.
#[derive(Debug, Arbitrary)]
enum Change {
    Remove { at: u16 },
    Put { at: u16, what: Piece },
    PutText { at: u16, text: String },
    Copy { from: u16, to: u16 },
    Name { at: u16, name: Name, what: Piece },
    Refer { at: u16, to: u16 },
}

#[derive(Debug, Arbitrary)]
enum Piece {
    Null,
    True,
    Empty,
    EmptyList,
    EmptyObject,
    Integer(i64),
    Float(f64),
    Pattern(String),
}

/// Words that mean something to the engine.
#[derive(Debug, Arbitrary)]
enum Name {
    Ref,
    Type,
    Format,
    Pattern,
    Default,
    Example,
    Enum,
    Minimum,
    MaxLength,
    MinItems,
    UniqueItems,
    MultipleOf,
    Properties,
    AdditionalProperties,
    Items,
    AllOf,
    OneOf,
    AnyOf,
    Not,
    Discriminator,
    Nullable,
    ReadOnly,
    Style,
    Explode,
    Content,
    Other(String),
}

impl Name {
    fn text(self) -> String {
        let text = match self {
            Name::Ref => "$ref",
            Name::Type => "type",
            Name::Format => "format",
            Name::Pattern => "pattern",
            Name::Default => "default",
            Name::Example => "example",
            Name::Enum => "enum",
            Name::Minimum => "minimum",
            Name::MaxLength => "maxLength",
            Name::MinItems => "minItems",
            Name::UniqueItems => "uniqueItems",
            Name::MultipleOf => "multipleOf",
            Name::Properties => "properties",
            Name::AdditionalProperties => "additionalProperties",
            Name::Items => "items",
            Name::AllOf => "allOf",
            Name::OneOf => "oneOf",
            Name::AnyOf => "anyOf",
            Name::Not => "not",
            Name::Discriminator => "discriminator",
            Name::Nullable => "nullable",
            Name::ReadOnly => "readOnly",
            Name::Style => "style",
            Name::Explode => "explode",
            Name::Content => "content",
            Name::Other(text) => return text,
        };
        text.to_owned()
    }
}

impl Piece {
    fn value(self) -> Value {
        match self {
            Piece::Null => Value::Null,
            Piece::True => json!(true),
            Piece::Empty => json!(""),
            Piece::EmptyList => json!([]),
            Piece::EmptyObject => json!({}),
            Piece::Integer(integer) => json!(integer),
            Piece::Float(float) => json!(float),
            Piece::Pattern(pattern) => json!({ "type": "string", "pattern": pattern }),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Unstructured::new(bytes);
    let mut document = REDUCED.clone();
    for _ in 0..8 {
        if input.is_empty() {
            break;
        }
        let Ok(change) = Change::arbitrary(&mut input) else {
            break;
        };
        apply(&mut document, change);
    }
    let text = document.to_string();
    // Copies of copies grow beyond what a run is worth.
    if text.len() < 200_000 {
        loading::load(text);
    }
});

fn apply(document: &mut Value, change: Change) {
    let pointers = pointers(document);
    let pointer = |at: u16| &pointers[usize::from(at) % pointers.len()];
    let mut put = |at: u16, what: Value| {
        let place = document.pointer_mut(pointer(at));
        *place.expect("its pointer was just collected") = what;
    };
    match change {
        Change::Put { at, what } => put(at, what.value()),
        Change::PutText { at, text } => put(at, json!(text)),
        Change::Refer { at, to } => put(at, json!({ "$ref": format!("#{}", pointer(to)) })),
        Change::Copy { from, to } => {
            let copy = document.pointer(pointer(from)).cloned();
            let place = document.pointer_mut(pointer(to));
            *place.expect("as above") = copy.expect("as above");
        }
        Change::Remove { at } => {
            let Some((parent, token)) = pointer(at).rsplit_once('/') else {
                return;
            };
            let name = token.replace("~1", "/").replace("~0", "~");
            match document.pointer_mut(parent) {
                Some(Value::Object(members)) => drop(members.shift_remove(&name)),
                Some(Value::Array(elements)) => {
                    let index: usize = token.parse().expect("an element's token is its index");
                    elements.remove(index);
                }
                _ => {}
            }
        }
        Change::Name { at, name, what } => {
            if let Some(Value::Object(members)) = document.pointer_mut(pointer(at)) {
                members.insert(name.text(), what.value());
            }
        }
    }
}

/// The pointers of all values, in document order.
fn pointers(document: &Value) -> Vec<String> {
    let mut pointers = Vec::new();
    collect(document, String::new(), &mut pointers);
    pointers
}

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    let at = pointers.len();
    pointers.push(pointer);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let token = name.replace('~', "~0").replace('/', "~1");
                collect(member, format!("{}/{token}", pointers[at]), pointers);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                collect(element, format!("{}/{index}", pointers[at]), pointers);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
