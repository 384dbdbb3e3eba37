//! Validators of a document's schemas, each compiled once, when it is first needed.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use jsonschema::{Draft, EmailOptions, PatternOptions, Registry, Validator};
use serde_json::Value;

use crate::contract::json::pointer::value_at;
use crate::contract::json::tape::Item;
use crate::contract::load::walk::{Finding, dereference};
use crate::contract::schema::dialect::{Translation, Variant, fragment};
use crate::contract::schema::representation::TapeJson;

/// The name under which translated documents know themselves; it is never fetched.
pub(in crate::contract) const BASE: &str = "contract:///document";

/// Under this pointer schemas have names.
const NAMED: &str = "/components/schemas/";

/// A schema where an operation uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaUse {
    /// The pointer at which violations are reported.
    pub pointer: String,
    slot: usize,
}

/// One schema; uses whose schemas are equal share it.
struct Slot {
    pointer: String,
    validators: [OnceLock<Validator<TapeJson>>; 3],
}

/// All schemas of one document that something is checked against.
pub(in crate::contract) struct Schemas {
    root: Arc<Value>,
    outermost: Vec<String>,
    registries: [OnceLock<Registry<'static>>; 3],
    slots: Vec<Slot>,
    /// Slots of schemas without a name by their text.
    known: HashMap<String, usize>,
    /// Uses by the pointer that they were declared with.
    declared: HashMap<String, SchemaUse>,
}

impl Schemas {
    pub fn new(root: Value, outermost: Vec<String>) -> Self {
        Self {
            root: Arc::new(root),
            outermost,
            registries: Default::default(),
            slots: Vec::new(),
            known: HashMap::new(),
            declared: HashMap::new(),
        }
    }

    pub fn root(&self) -> &Value {
        &self.root
    }

    /// The document for whoever looks at it and declares schemas at once.
    pub fn shared_root(&self) -> Arc<Value> {
        self.root.clone()
    }

    /// Pointers of the schemas that stand inside no other schema.
    pub fn outermost(&self) -> &[String] {
        &self.outermost
    }

    /// Declares that the schema at a pointer will be used, if there is one.
    pub fn declare(&mut self, given: &str) -> Option<SchemaUse> {
        // An answer that all operations share is declared by each of them.
        if let Some(used) = self.declared.get(given) {
            return Some(used.clone());
        }
        let value = value_at(&self.root, given)?;
        let (pointer, schema) = dereference(&self.root, given, value);
        if let Some(used) = self.declared.get(&pointer).cloned() {
            self.declared.insert(given.to_owned(), used.clone());
            return Some(used);
        }
        let next = self.slots.len();
        // What has a name is found by that; to write it out would cost more than to compile it.
        let slot = match pointer.starts_with(NAMED) {
            true => next,
            false => *self.known.entry(schema.to_string()).or_insert(next),
        };
        if slot == next {
            self.slots.push(Slot {
                pointer: pointer.clone(),
                validators: Default::default(),
            });
        }
        let used = SchemaUse {
            pointer: pointer.clone(),
            slot,
        };
        if given != pointer {
            self.declared.insert(given.to_owned(), used.clone());
        }
        self.declared.insert(pointer, used.clone());
        Some(used)
    }

    /// The raw schema, references followed.
    pub fn schema(&self, used: &SchemaUse) -> &Value {
        value_at(&self.root, &used.pointer).unwrap_or(&Value::Null)
    }

    pub fn is_valid(&self, used: &SchemaUse, variant: Variant, item: Item<'_>) -> bool {
        self.validator(used, variant).is_valid(item)
    }

    /// The validator, with the pointer that it was compiled at.
    pub fn validator(&self, used: &SchemaUse, variant: Variant) -> &Validator<TapeJson> {
        let slot = &self.slots[used.slot];
        slot.validators[variant as usize].get_or_init(|| {
            self.compile(slot, variant)
                .expect("a test compiles the built-in documents, the start compiles all others")
        })
    }

    pub fn compiled_at(&self, used: &SchemaUse) -> &str {
        &self.slots[used.slot].pointer
    }

    /// Compiles everything that a request or an answer may need, for documents nobody tested.
    pub fn compile_all(&self) -> Vec<Finding> {
        let mut faults = Vec::new();
        for slot in &self.slots {
            for variant in [Variant::Request, Variant::StrictRequest, Variant::Response] {
                match self.compile(slot, variant) {
                    Ok(validator) => {
                        // A second initialisation would only drop an equal validator.
                        let _ = slot.validators[variant as usize].set(validator);
                    }
                    Err(message) => {
                        faults.push(Finding {
                            pointer: slot.pointer.clone(),
                            message,
                        });
                        break;
                    }
                }
            }
        }
        faults
    }

    fn compile(&self, slot: &Slot, variant: Variant) -> Result<Validator<TapeJson>, String> {
        let schema = value_at(&self.root, &slot.pointer).unwrap_or(&Value::Null);
        let name = format!("{BASE}{}", fragment(&slot.pointer));
        let entry = self.translation(variant).entry(name, schema);
        // The crate checks the entry against the metaschema of its draft, which it compiles for that.
        // Draft 4's is the smallest by far, and enough for what does nothing but refer: what it
        // refers to keeps the draft of its registry.
        let draft = match entry.get("unevaluatedProperties") {
            None => Draft::Draft4,
            Some(_) => Draft::Draft202012,
        };
        let emails = EmailOptions::default()
            .without_display_text()
            .without_domain_literal();
        jsonschema::options_for::<TapeJson>()
            .with_draft(draft)
            .with_registry(self.registry(variant))
            .with_pattern_options(PatternOptions::regex())
            .with_email_options(emails)
            .with_format("byte", is_base64)
            .should_validate_formats(true)
            .offline()
            .build(&entry)
            .map_err(|error| format!("this schema does not compile: {error}"))
    }

    fn translation(&self, variant: Variant) -> Translation<'_> {
        Translation {
            root: &self.root,
            variant,
            outermost: &self.outermost,
            annotated: false,
        }
    }

    /// What a request must keep to, with the words that explain it.
    pub fn annotated(&self) -> Translation<'_> {
        Translation {
            annotated: true,
            ..self.translation(Variant::Request)
        }
    }

    fn registry(&self, variant: Variant) -> &Registry<'static> {
        self.registries[variant as usize].get_or_init(|| {
            let document = self.translation(variant).document();
            Registry::new()
                .add(BASE, Draft::Draft202012.create_resource(document))
                .and_then(|builder| builder.prepare())
                .expect("a translated document has one name and no references to elsewhere")
        })
    }
}

/// `byte`: base64 of RFC 4648 with padding; line breaks are tolerated.
fn is_base64(text: &str) -> bool {
    let (mut digits, mut padding) = (0_usize, 0_usize);
    for byte in text.as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' if padding == 0 => {
                digits += 1;
            }
            b'=' => padding += 1,
            byte if byte.is_ascii_whitespace() => {}
            _ => return false,
        }
    }
    (digits + padding).is_multiple_of(4) && padding <= 2
}
