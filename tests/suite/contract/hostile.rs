//! Large bodies made to cost: time and memory stay sane, and the verdict stays right.
//!
//! The bounds are far above what is needed and far below what an explosion takes, so that a slow
//! machine does not fail them.

use std::time::{Duration, Instant};

use openmail_mock::contract::{Contract, MAX_VIOLATIONS};
use serde_json::{Value, json};

use super::{one_schema, sending_bytes};

const MEBIBYTE: usize = 1024 * 1024;

/// Judges a body; a judgement that takes this long has exploded.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured here is real time"
)]
fn judged(contract: &Contract, body: &str, strict: bool) -> Vec<String> {
    let start = Instant::now();
    let violations = sending_bytes(contract, body.as_bytes(), strict);
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    let bytes: usize = violations
        .iter()
        .map(|one| json!(one).to_string().len() + one.message.len())
        .sum();
    assert!(bytes < 8 * MEBIBYTE, "{bytes} bytes of violations");
    violations
        .into_iter()
        .map(|violation| violation.rule)
        .collect()
}

/// `[item,item,…]` of so many bytes.
fn list(item: &str, bytes: usize) -> String {
    let count = bytes / (item.len() + 1);
    format!("[{}{item}]", format!("{item},").repeat(count - 1))
}

fn array_of(items: Value) -> Contract {
    one_schema(json!({ "type": "array", "items": items }), json!({}))
}

#[test]
fn a_mebibyte_of_wrong_items_is_told_by_its_first() {
    let found = judged(
        &array_of(json!({ "type": "string" })),
        &list("1", MEBIBYTE),
        false,
    );
    assert_eq!(found.len(), 1);
}

#[test]
fn a_mebibyte_of_wrong_items_against_a_composition() {
    let items = json!({ "oneOf": [{ "type": "string" }, { "type": "object", "required": ["a"] }, { "type": "boolean" }] });
    let found = judged(&array_of(items), &list("1", MEBIBYTE), false);
    assert_eq!(found.len(), 1);
}

#[test]
fn a_mebibyte_of_unknown_fields() {
    let fields: Vec<String> = (0..80_000).map(|n| format!("\"field{n}\":1")).collect();
    let body = format!("{{{}}}", fields.join(","));
    let schema = json!({ "type": "object", "properties": { "a": {} } });
    let found = judged(&one_schema(schema, json!({})), &body, true);
    assert_eq!(found.len(), MAX_VIOLATIONS + 1);
}

#[test]
fn a_mebibyte_of_distinct_items_that_must_be_unique() {
    let items: Vec<String> = (0..150_000).map(|n| n.to_string()).collect();
    let schema = json!({ "type": "array", "items": {}, "uniqueItems": true });
    assert_eq!(
        judged(
            &one_schema(schema, json!({})),
            &format!("[{}]", items.join(",")),
            false
        ),
        [""; 0]
    );
}

#[test]
fn a_mebibyte_of_distinct_objects_that_must_be_unique() {
    let items: Vec<String> = (0..60_000).map(|n| format!("{{\"a\":{n}}}")).collect();
    let schema = json!({ "type": "array", "items": {}, "uniqueItems": true });
    assert_eq!(
        judged(
            &one_schema(schema, json!({})),
            &format!("[{}]", items.join(",")),
            false
        ),
        [""; 0]
    );
}

#[test]
fn one_name_of_half_a_mebibyte_over_many_wrong_items() {
    let schema = json!({ "type": "object", "additionalProperties": { "type": "array", "items": { "type": "string" } } });
    let body = format!("{{\"{}\":{}}}", "n".repeat(MEBIBYTE / 2), list("1", 1_000));
    let found = judged(&one_schema(schema, json!({})), &body, false);
    assert!(!found.is_empty());
}

#[test]
fn a_pattern_that_would_backtrack_without_end() {
    let contract = one_schema(json!({ "type": "string", "pattern": "^(a+)+$" }), json!({}));
    let body = format!("\"{}b\"", "a".repeat(MEBIBYTE));
    assert_eq!(judged(&contract, &body, false), ["pattern"]);
}

#[test]
fn nesting_to_the_bound_through_a_schema_that_contains_itself() {
    let schemas = json!({ "Tree": { "type": "object", "properties": {
        "a": { "$ref": "#/components/schemas/Tree" }, "b": { "$ref": "#/components/schemas/Tree" },
    } } });
    let contract = one_schema(
        json!({ "oneOf": [{ "$ref": "#/components/schemas/Tree" }, { "type": "string" }] }),
        schemas,
    );
    let body = format!("{}1{}", "{\"a\":".repeat(63), "}".repeat(63));
    assert_eq!(judged(&contract, &body, false), ["oneOf"]);
    assert_eq!(judged(&contract, &body, true), ["oneOf"]);
}

#[test]
fn one_wrong_value_that_fills_the_body() {
    let body = format!("\"{}\"", "x".repeat(MEBIBYTE));
    assert_eq!(
        judged(
            &one_schema(json!({ "enum": ["a"] }), json!({})),
            &body,
            false
        ),
        ["enum"]
    );
}
