//! Our document beside the one that the service published in July 2026, and beside the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use openmail_mock::api::{self, Plane, built_in_contract};
use openmail_mock::control;

/// Everything in which our document differs on purpose, and why:
/// - createPod as the seed has it: the body is optional and open;
/// - what may be stored of a pod is what may be answered of it (`x-openmail-mock-also`);
/// - links lead from what was created to what can be done with it;
/// - answers are held tighter (`required`), requests bounded where July is silent (`minimum`,
///   `pattern`), a field that is refused is declared so (`podId` of updateInbox);
/// - what came later is there beside what July has: `isRead` beside `is_read` (so that neither is
///   required alone), `bcc`, attachments in JSON, further fields of messages and threads;
/// - every status that is really answered is documented.
const INTENDED: &str = include_str!("reference_differences.txt");

/// Components that both documents have: each is compared once, not at each of its uses.
const SHARED: [&str; 8] = [
    "Pod",
    "ApiKey",
    "ApiKeyWithToken",
    "Inbox",
    "Error",
    "Message",
    "MessageDirection",
    "Thread",
];

const REFERENCE: &str = "../shared/reference/openmail-openapi-2026-07.json";

/// Follows references, unwraps an `allOf` of one beside a description, drops what is prose.
fn plain(root: &Value, value: &Value, depth: usize) -> Value {
    assert!(depth < 40, "a circle of references");
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                if let Some(name) = reference.strip_prefix("#/components/schemas/")
                    && SHARED.contains(&name)
                {
                    return Value::String(format!("the schema {name}"));
                }
                let target = root.pointer(reference.trim_start_matches('#'));
                return plain(root, target.expect("a resolvable reference"), depth + 1);
            }
            // The codes of failures stand in July's prose.
            let prose = [
                "description",
                "summary",
                "tags",
                "example",
                "examples",
                "x-openmail-mock-errors",
            ];
            let kept: Map<String, Value> = members
                .iter()
                .filter(|(name, value)| {
                    let is_example = *name == "example" && members.contains_key("schema");
                    !is_example && (value.is_object() || !prose.contains(&name.as_str()))
                })
                .map(|(name, value)| (name.clone(), plain(root, value, depth + 1)))
                .collect();
            match (kept.len(), kept.get("allOf").and_then(Value::as_array)) {
                (1, Some(branches)) if branches.len() == 1 => branches[0].clone(),
                _ => Value::Object(kept),
            }
        }
        Value::Array(items) => items
            .iter()
            .map(|item| plain(root, item, depth + 1))
            .collect(),
        scalar => scalar.clone(),
    }
}

fn differences(at: &str, reference: &Value, ours: &Value, found: &mut BTreeSet<String>) {
    match (reference, ours) {
        (Value::Object(reference), Value::Object(ours)) => {
            let names: BTreeSet<&String> = reference.keys().chain(ours.keys()).collect();
            for name in names {
                let at = format!("{at} {name}");
                match (reference.get(name), ours.get(name)) {
                    (Some(reference), Some(ours)) => differences(&at, reference, ours, found),
                    (Some(_), None) => drop(found.insert(format!("-{at}"))),
                    (None, _) => drop(found.insert(format!("+{at}"))),
                }
            }
        }
        (Value::Array(reference), Value::Array(ours)) => {
            for index in 0..reference.len().max(ours.len()) {
                let at = format!("{at} {index}");
                match (reference.get(index), ours.get(index)) {
                    (Some(reference), Some(ours)) => differences(&at, reference, ours, found),
                    (Some(_), None) => drop(found.insert(format!("-{at}"))),
                    (None, _) => drop(found.insert(format!("+{at}"))),
                }
            }
        }
        (reference, ours) if reference == ours => {}
        (reference, ours) => drop(found.insert(format!("!{at} {reference} -> {ours}"))),
    }
}

#[test]
fn our_document_differs_from_the_reference_exactly_as_intended() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(REFERENCE);
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: the reference document is not beside the project");
        return;
    };
    let reference: Value = serde_json::from_str(&text).expect("the reference is JSON");
    let ours: Value = serde_json::from_str(api::DOCUMENT).expect("ours is JSON");
    let mut found = BTreeSet::new();
    for name in SHARED {
        let schema =
            |document: &Value| plain(document, &document["components"]["schemas"][name], 0);
        differences(
            &format!(" {name}"),
            &schema(&reference),
            &schema(&ours),
            &mut found,
        );
    }
    for (path, item) in ours["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("a path item") {
            let id = operation["operationId"].as_str().expect("an operationId");
            match reference["paths"]
                .get(path)
                .and_then(|item| item.get(method))
            {
                None => drop(found.insert(format!("+ {id}"))),
                Some(july) => differences(
                    &format!(" {id}"),
                    &plain(&reference, july, 0),
                    &plain(&ours, operation, 0),
                    &mut found,
                ),
            }
        }
    }
    let found = found.into_iter().collect::<Vec<_>>().join("\n");
    assert_eq!(found.trim(), INTENDED.trim(), "\n--- found:\n{found}\n");
}

#[test]
fn every_documented_operation_has_a_row_and_every_row_an_operation() {
    let plane = Plane::api(built_in_contract().expect("no faults"), false);
    assert_eq!(plane.mismatches(api::rows()), Vec::<String>::new());
    let plane = control::plane();
    assert_eq!(plane.mismatches(control::rows()), Vec::<String>::new());
}

#[test]
fn our_document_takes_no_sentence_from_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(REFERENCE);
    let Ok(reference) = fs::read_to_string(&path) else {
        println!("skipped: the reference document is not beside the project");
        return;
    };
    let ours: Value = serde_json::from_str(api::DOCUMENT).expect("ours is JSON");
    let mut sentences = Vec::new();
    collect_sentences(&ours, &mut sentences);
    for sentence in sentences {
        assert!(
            !reference.contains(&sentence),
            "taken from the reference: {sentence}"
        );
    }
}

fn collect_sentences(value: &Value, sentences: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "description" => {
                        let long = text.split(". ").filter(|part| part.split(' ').count() > 6);
                        sentences.extend(long.map(str::to_owned));
                    }
                    other => collect_sentences(other, sentences),
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_sentences(item, sentences)),
        _ => {}
    }
}
