//! Loading the built-in document with a few of its places changed: nearly right documents reach
//! further into the engine than text at random does.

use std::sync::LazyLock;

use openmail_mock::api::DOCUMENT;
use serde_json::{Value, json};

use super::loading;

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
enum Change {
    Remove { at: u16 },
    Put { at: u16, what: Value },
    Copy { from: u16, to: u16 },
    Name { at: u16, name: String, what: Value },
    Refer { at: u16, to: u16 },
}

/// Words that mean something to the engine.
const NAMES: [&str; 25] = [
    "$ref",
    "type",
    "format",
    "pattern",
    "default",
    "example",
    "enum",
    "minimum",
    "maxLength",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "properties",
    "additionalProperties",
    "items",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "discriminator",
    "nullable",
    "readOnly",
    "style",
    "explode",
    "content",
];

/// What the bytes choose, from the first to the last; behind them everything is zero.
struct Choices<'b>(&'b [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn place(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// Its length, then its bytes.
    fn text(&mut self) -> String {
        let length = usize::from(self.byte()).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn number(&mut self) -> [u8; 8] {
        [0; 8].map(|_| self.byte())
    }

    fn piece(&mut self) -> Value {
        match self.byte() % 8 {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(""),
            3 => json!([]),
            4 => json!({}),
            5 => json!(i64::from_le_bytes(self.number())),
            6 => json!(f64::from_le_bytes(self.number())),
            _ => json!({ "type": "string", "pattern": self.text() }),
        }
    }

    fn name(&mut self) -> String {
        match NAMES.get(usize::from(self.byte()) % (NAMES.len() + 1)) {
            Some(name) => (*name).to_owned(),
            None => self.text(),
        }
    }

    fn change(&mut self) -> Change {
        let (kind, at) = (self.byte() % 6, self.place());
        match kind {
            0 => Change::Remove { at },
            1 => Change::Put {
                at,
                what: self.piece(),
            },
            2 => Change::Put {
                at,
                what: self.text().into(),
            },
            3 => Change::Copy {
                from: at,
                to: self.place(),
            },
            4 => Change::Name {
                at,
                name: self.name(),
                what: self.piece(),
            },
            _ => Change::Refer {
                at,
                to: self.place(),
            },
        }
    }
}

pub fn run(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let mut document = REDUCED.clone();
    for _ in 0..8 {
        if choices.0.is_empty() {
            break;
        }
        apply(&mut document, choices.change());
    }
    let text = document.to_string();
    // Copies of copies grow beyond what a run is worth.
    if text.len() < 200_000 {
        loading::load(text);
    }
}

fn apply(document: &mut Value, change: Change) {
    let pointers = pointers(document);
    let pointer = |at: u16| &pointers[usize::from(at) % pointers.len()];
    let mut put = |at: u16, what: Value| {
        let place = document.pointer_mut(pointer(at));
        *place.expect("its pointer was just collected") = what;
    };
    match change {
        Change::Put { at, what } => put(at, what),
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
                members.insert(name, what);
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
