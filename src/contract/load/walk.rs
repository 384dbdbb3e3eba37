//! One walk over a document: every place that OpenAPI 3.0 gives a meaning, every `$ref`, every
//! schema keyword. What it finds wrong stops the start; what it finds ignored is listed.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::contract::json::pointer::{push_token, value_at};
use crate::contract::load::composition::composition_faults;
use crate::contract::load::keywords;
use crate::contract::load::kinds::{Children, Kind};
use crate::contract::spelling::nearest;

/// Something in a document that the engine cannot or will not serve.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Finding {
    /// JSON pointer into the document.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// What a walk brought home.
#[derive(Debug, Default)]
pub(in crate::contract) struct Walked {
    pub faults: Vec<Finding>,
    pub notes: Vec<Finding>,
    /// Pointers of schemas that no other schema contains.
    pub schema_roots: Vec<String>,
}

/// Walks the whole document, whatever its faults: all of them are reported at once.
pub(in crate::contract) fn walk(root: &Value) -> Walked {
    let mut walk = Walk::new(root);
    while let Some((kind, pointer, value)) = walk.waiting.pop() {
        if walk.seen.insert((kind, pointer.clone())) {
            walk.visit(kind, &pointer, value);
        }
    }
    walk.walked.schema_roots = walk.outermost_schemas();
    walk.judge_composition();
    walk.walked.faults.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    walk.walked.notes.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    walk.walked
}

/// Finds the outermost schemas of a document that tests have proved sound, and judges nothing.
pub(in crate::contract) fn outline(root: &Value) -> Walked {
    let mut walk = Walk::new(root);
    while let Some((kind, pointer, value)) = walk.waiting.pop() {
        if kind == Kind::Schema {
            // What it holds is no outermost one.
            walk.seen.insert((kind, pointer));
        } else if reference(value).is_none() {
            // What is referred to stands among the components.
            walk.push_fields(kind, &pointer, value);
        }
    }
    walk.walked.schema_roots = walk.outermost_schemas();
    debug_assert_eq!(walk.walked.schema_roots, self::walk(root).schema_roots);
    walk.walked
}

struct Walk<'d> {
    root: &'d Value,
    seen: HashSet<(Kind, String)>,
    waiting: Vec<(Kind, String, &'d Value)>,
    walked: Walked,
}

impl<'d> Walk<'d> {
    fn new(root: &'d Value) -> Self {
        Self {
            root,
            seen: HashSet::new(),
            waiting: vec![(Kind::Document, String::new(), root)],
            walked: Walked::default(),
        }
    }

    fn fault(&mut self, pointer: &str, message: impl Into<String>) {
        self.walked.faults.push(Finding {
            pointer: pointer.to_owned(),
            message: message.into(),
        });
    }

    fn note(&mut self, pointer: &str, message: impl Into<String>) {
        self.walked.notes.push(Finding {
            pointer: pointer.to_owned(),
            message: message.into(),
        });
    }

    fn visit(&mut self, kind: Kind, pointer: &str, value: &'d Value) {
        if let Some(reference) = reference(value) {
            self.follow(kind, pointer, value, reference);
            return;
        }
        if kind == Kind::Schema {
            self.visit_schema(pointer, value);
            return;
        }
        let Some(members) = value.as_object() else {
            if kind != Kind::Other {
                self.fault(pointer, "an object is expected here");
            }
            return;
        };
        self.push_fields(kind, pointer, value);
        let is_typed = members.contains_key("schema") || members.contains_key("content");
        if matches!(kind, Kind::Parameter | Kind::Header) && !is_typed {
            self.fault(
                pointer,
                "neither `schema` nor `content` stands here; add a `schema`",
            );
        }
        self.note_unknown_fields(kind, pointer, value);
    }

    fn push_fields(&mut self, kind: Kind, pointer: &str, value: &'d Value) {
        for (field, children) in kind.children() {
            if let Some(child) = value.get(*field) {
                self.push_children(*children, &join(pointer, field), child);
            }
        }
        if kind == Kind::Callback {
            self.push_children(Children::Map(Kind::PathItem), pointer, value);
        }
    }

    fn push_children(&mut self, children: Children, pointer: &str, value: &'d Value) {
        match (children, value) {
            (Children::One(kind), _) => self.waiting.push((kind, pointer.to_owned(), value)),
            (Children::List(kind), Value::Array(items)) => {
                let items = items.iter().enumerate();
                let item = |(index, item)| (kind, join(pointer, &format!("{index}")), item);
                self.waiting.extend(items.map(item));
            }
            (Children::Map(kind), Value::Object(members)) => {
                let members = members.iter().filter(|(name, _)| !name.starts_with("x-"));
                let member = |(name, member): (&String, _)| (kind, join(pointer, name), member);
                self.waiting.extend(members.map(member));
            }
            (Children::List(_), _) => self.fault(pointer, "an array is expected here"),
            (Children::Map(_), _) => self.fault(pointer, "an object is expected here"),
        }
    }

    fn note_unknown_fields(&mut self, kind: Kind, pointer: &str, value: &Value) {
        let (Some(plain), Some(members)) = (kind.plain_fields(), value.as_object()) else {
            return;
        };
        let walked = kind.children().iter().map(|(field, _)| *field);
        let known: Vec<&str> = walked.chain(plain.iter().copied()).collect();
        for name in members.keys() {
            if name.starts_with("x-") || known.contains(&name.as_str()) {
                continue;
            }
            let hint = nearest(name, known.iter().copied())
                .map(|known| format!("; did you mean `{known}`?"))
                .unwrap_or_default();
            let message = format!("`{name}` means nothing here and is ignored{hint}");
            self.note(&join(pointer, name), message);
        }
    }

    /// A reference object: OpenAPI 3.0 ignores everything that stands beside `$ref`.
    fn follow(&mut self, kind: Kind, pointer: &str, value: &Value, reference: &str) {
        let place = join(pointer, "$ref");
        match resolve(self.root, reference) {
            Ok(target) => {
                let value = value_at(self.root, &target).unwrap_or(&Value::Null);
                self.waiting.push((kind, target, value));
            }
            Err(why) => self.fault(&place, why),
        }
        let siblings = value.as_object().into_iter().flat_map(|map| map.keys());
        let idle = |name: &&String| {
            !matches!(name.as_str(), "$ref" | "description" | "summary") && !name.starts_with("x-")
        };
        let idle: Vec<String> = siblings
            .filter(idle)
            .map(|name| format!("`{name}`"))
            .collect();
        if !idle.is_empty() {
            let message = format!(
                "{} beside `$ref` is ignored, as OpenAPI 3.0 rules; put both into an `allOf`",
                idle.join(", ")
            );
            self.note(pointer, message);
        }
    }

    fn visit_schema(&mut self, pointer: &str, value: &'d Value) {
        let Some(members) = value.as_object() else {
            self.fault(
                pointer,
                "a schema is an object; OpenAPI 3.0 has no boolean schemas",
            );
            return;
        };
        for (name, value) in members {
            let place = join(pointer, name);
            match keywords::keyword(name, value) {
                Ok(children) => {
                    for tail in children {
                        let schema = value_at(value, &tail).unwrap_or(&Value::Null);
                        self.waiting
                            .push((Kind::Schema, format!("{place}{tail}"), schema));
                    }
                }
                Err(why) => self.fault(&place, why),
            }
        }
        for message in keywords::notes(members) {
            self.note(pointer, message);
        }
    }

    fn judge_composition(&mut self) {
        let schemas = self.seen.iter().filter(|(kind, _)| *kind == Kind::Schema);
        let pointers = schemas.map(|(_, pointer)| pointer.clone()).collect();
        let faults = composition_faults(self.root, pointers);
        self.walked.faults.extend(faults);
    }

    /// Schemas in document order that stand inside no other schema, each once.
    fn outermost_schemas(&self) -> Vec<String> {
        let schemas = self.seen.iter().filter(|(kind, _)| *kind == Kind::Schema);
        let mut pointers: Vec<&str> = schemas.map(|(_, pointer)| pointer.as_str()).collect();
        pointers.sort_unstable();
        let mut outermost: Vec<String> = Vec::new();
        for pointer in pointers {
            let inside = outermost.last().is_some_and(|outer: &String| {
                pointer
                    .strip_prefix(outer.as_str())
                    .is_some_and(|tail| tail.starts_with('/'))
            });
            if !inside {
                outermost.push(pointer.to_owned());
            }
        }
        outermost
    }
}

/// The text of a reference object's `$ref`.
pub(in crate::contract) fn reference(value: &Value) -> Option<&str> {
    value.as_object()?.get("$ref")?.as_str()
}

/// Follows a chain of references to the pointer of something that is none.
///
/// # Errors
///
/// A reference to elsewhere, to nothing, or in a circle.
pub(in crate::contract) fn resolve(root: &Value, reference_text: &str) -> Result<String, String> {
    referred(root, reference_text).map(|(pointer, _)| pointer)
}

/// The same, with what stands there.
fn referred<'d>(root: &'d Value, reference_text: &str) -> Result<(String, &'d Value), String> {
    let mut text = reference_text;
    // A chain longer than this is a circle for every purpose.
    for _ in 0..64 {
        let Some(fragment) = text.strip_prefix('#') else {
            return Err(format!(
                "`{text}` cannot be resolved: only references within this document are; bundle it first"
            ));
        };
        let pointer = percent_decode_str(fragment)
            .decode_utf8_lossy()
            .into_owned();
        let Some(target) = value_at(root, &pointer).filter(|_| pointer.starts_with('/')) else {
            return Err(unresolved(root, text, &pointer));
        };
        match reference(target) {
            Some(next) => text = next,
            None => return Ok((pointer, target)),
        }
    }
    Err(format!("`{reference_text}` refers to itself in a circle"))
}

fn unresolved(root: &Value, text: &str, pointer: &str) -> String {
    let hint = pointer
        .rsplit_once('/')
        .and_then(|(parent, name)| {
            let siblings = root.pointer(parent)?.as_object()?.keys();
            nearest(name, siblings.map(String::as_str))
        })
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default();
    format!("`{text}` points to nothing in this document{hint}")
}

/// `value` itself, or what its `$ref` leads to, with the pointer of what was found.
pub(in crate::contract) fn dereference<'d>(
    root: &'d Value,
    pointer: &str,
    value: &'d Value,
) -> (String, &'d Value) {
    let target = reference(value).and_then(|text| referred(root, text).ok());
    target.unwrap_or_else(|| (pointer.to_owned(), value))
}

/// The pointer one token further down.
pub(in crate::contract) fn join(pointer: &str, token: &str) -> String {
    let mut longer = pointer.to_owned();
    push_token(&mut longer, token);
    longer
}
