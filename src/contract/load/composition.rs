//! How schemas are composed: which of them judge the same value, and whether that ends.
//!
//! A schema reaches others through references, `allOf`, `anyOf`, `oneOf` and `not`. Everything
//! that follows composition later relies on the bounds that are held here.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::contract::json::pointer::value_at;
use crate::contract::load::walk::{Finding, join, reference, resolve};

/// The keywords whose branches describe the same value as their schema does.
pub(in crate::contract) const COMPOSITION: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Composition may nest this deep: whoever follows it does so by recursion.
pub(in crate::contract) const MAX_COMPOSITION: usize = 64;
/// One value is held against so many schemas. References that meet again and again unfold to
/// numbers that neither a compiler nor a check gets through.
const MAX_UNFOLDED: usize = 10_000;

/// What a schema comes to.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    /// Levels of composition below it.
    depth: usize,
    /// Schemas that a value is held against with it, each as often as it is reached.
    unfolded: usize,
}

enum State {
    /// On the way from the start to where the pass is now.
    Open,
    Closed(Extent),
}

/// A schema on the way, with what it is composed of.
struct Step {
    pointer: String,
    /// Whether the next ones are its branches, not what it refers to.
    is_composed: bool,
    /// Those that remain.
    next: Vec<String>,
    extent: Extent,
}

/// One pass over all schemas, without recursion.
struct Pass<'d> {
    root: &'d Value,
    states: HashMap<String, State>,
    way: Vec<Step>,
    /// Schemas in a circle that was told.
    told: HashSet<String>,
    faults: Vec<Finding>,
}

/// What is wrong with the composition of the schemas at these pointers.
pub(in crate::contract) fn composition_faults(
    root: &Value,
    mut pointers: Vec<String>,
) -> Vec<Finding> {
    pointers.sort_unstable();
    let mut pass = Pass {
        root,
        states: HashMap::new(),
        way: Vec::new(),
        told: HashSet::new(),
        faults: Vec::new(),
    };
    for pointer in pointers {
        pass.enter(pointer);
        while let Some(step) = pass.way.last_mut() {
            match step.next.pop() {
                Some(pointer) => pass.enter(pointer),
                None => pass.leave(),
            }
        }
    }
    pass.faults
}

impl Pass<'_> {
    fn enter(&mut self, pointer: String) {
        match self.states.get(&pointer) {
            Some(State::Closed(extent)) => {
                let extent = *extent;
                self.add(extent);
            }
            Some(State::Open) => self.tell_circle(&pointer),
            None => {
                let schema = value_at(self.root, &pointer).unwrap_or(&Value::Null);
                let target = reference(schema).map(|text| resolve(self.root, text));
                self.states.insert(pointer.clone(), State::Open);
                self.way.push(Step {
                    is_composed: target.is_none(),
                    next: match target {
                        // The walk has told of references that lead nowhere.
                        Some(target) => target.into_iter().collect(),
                        None => branches(&pointer, schema),
                    },
                    pointer,
                    extent: Extent::default(),
                });
            }
        }
    }

    /// Adds a schema to the one that reaches it.
    fn add(&mut self, inner: Extent) {
        if let Some(outer) = self.way.last_mut() {
            let level = usize::from(outer.is_composed);
            outer.extent.depth = outer.extent.depth.max(inner.depth + level);
            outer.extent.unfolded = outer.extent.unfolded.saturating_add(inner.unfolded);
        }
    }

    fn leave(&mut self) {
        let Some(step) = self.way.pop() else {
            return;
        };
        let mut extent = step.extent;
        if step.is_composed {
            extent.unfolded = extent.unfolded.saturating_add(1);
        }
        let message = match extent {
            Extent { depth, .. } if depth > MAX_COMPOSITION => Some(format!(
                "composition is nested more than {MAX_COMPOSITION} levels deep"
            )),
            Extent { unfolded, .. } if unfolded > MAX_UNFOLDED => Some(format!(
                "composition unfolds to more than {MAX_UNFOLDED} schemas for one value"
            )),
            Extent { .. } => None,
        };
        if let Some(message) = message {
            // Told once, at the innermost schema: those around it would be beyond as well.
            extent = Extent::default();
            self.faults.push(Finding {
                pointer: step.pointer.clone(),
                message,
            });
        }
        self.states.insert(step.pointer, State::Closed(extent));
        self.add(extent);
    }

    /// Schemas that judge a value by judging the same value with themselves: no value has a
    /// verdict then. Chains of bare references are told where they stand.
    fn tell_circle(&mut self, start: &str) {
        let mut circle = Vec::new();
        for step in self.way.iter().rev() {
            // One fault for each knot of circles is enough.
            if self.told.contains(&step.pointer) {
                return;
            }
            circle.push(step.pointer.clone());
            if step.pointer == start {
                break;
            }
        }
        let Some(first) = circle.iter().min() else {
            return;
        };
        self.faults.push(Finding {
            pointer: first.clone(),
            message: "this schema contains itself through `allOf`, `anyOf`, `oneOf` or `not`, so \
                      that no value ever satisfies or breaks it"
                .to_owned(),
        });
        self.told.extend(circle);
    }
}

/// Pointers of the schemas that judge the same value as `schema` does.
fn branches(pointer: &str, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for composition in COMPOSITION {
        let Some(list) = schema.get(composition).and_then(Value::as_array) else {
            continue;
        };
        let at = join(pointer, composition);
        found.extend((0..list.len()).map(|index| join(&at, &index.to_string())));
    }
    if schema.get("not").is_some() {
        found.push(join(pointer, "not"));
    }
    found
}

/// A schema and the branches that those keywords compose it of, at any depth, each once: the ones
/// that describe the same value, references followed, in document order.
pub(in crate::contract) fn composed_of<'d>(
    root: &'d Value,
    schema: &'d Value,
    keywords: &[&str],
) -> Vec<&'d Value> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut waiting = vec![schema];
    while let Some(schema) = waiting.pop() {
        if let Some(text) = reference(schema) {
            let target = resolve(root, text).ok();
            let target = target.filter(|target| seen.insert(target.clone()));
            waiting.extend(target.and_then(|target| value_at(root, &target)));
            continue;
        }
        found.push(schema);
        // The last one in is the next one out.
        for keyword in keywords.iter().rev() {
            let branches = schema.get(*keyword).and_then(Value::as_array);
            waiting.extend(branches.into_iter().flatten().rev());
        }
    }
    found
}
