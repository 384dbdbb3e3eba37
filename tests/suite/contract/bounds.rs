//! What hostile documents and requests may cost: little, however large they are.

use std::time::{Duration, Instant};

use openmail_mock::contract::{Contract, MAX_VIOLATIONS};
use serde_json::{Map, Value, json};

use super::{Sent, breaks, document, faults, load, one_schema, with_parameters};

/// Far more than any of these takes, far less than each took before it was bounded.
const SOON: Duration = Duration::from_secs(5);

#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured here is real time"
)]
fn soon<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    let took = start.elapsed();
    assert!(took < SOON, "it took {took:?}");
    done
}

/// Schemas `S0` to `S{levels}`, each made from the next one's pointer; the last one is plain.
fn chain(levels: usize, composed: impl Fn(Value) -> Value) -> Value {
    let mut schemas = Map::new();
    for level in 0..levels {
        let next = json!({ "$ref": format!("#/components/schemas/S{}", level + 1) });
        schemas.insert(format!("S{level}"), composed(next));
    }
    schemas.insert(format!("S{levels}"), json!({ "type": "object" }));
    Value::Object(schemas)
}

fn chain_document(levels: usize, composed: impl Fn(Value) -> Value) -> String {
    document(json!({}), chain(levels, composed)).to_string()
}

fn once(next: Value) -> Value {
    json!({ "allOf": [next] })
}

fn four_times(next: Value) -> Value {
    json!({ "allOf": [next, next, next, next] })
}

#[test]
fn unread_names_each_query_name_once() {
    let contract = with_parameters(json!([]));
    let query = "a&".repeat(30_000);
    let unread = contract.unread(&contract.operations[0], Some(&query), None, b"");
    assert_eq!(unread.len(), 1);
}

#[test]
fn unread_names_no_more_than_violations_are_listed() {
    let contract = with_parameters(json!([]));
    let names: Vec<String> = (0..1_000).map(|number| format!("n{number}")).collect();
    let query = names.join("&");
    let unread = contract.unread(&contract.operations[0], Some(&query), None, b"");
    assert_eq!(unread.len(), MAX_VIOLATIONS);
}

#[test]
fn unread_counts_the_query_and_the_body_together() {
    let contract = one_schema(json!({ "properties": { "known": {} } }), json!({}));
    let names: Vec<String> = (0..15).map(|number| format!("n{number}")).collect();
    let members: Map<String, Value> = names.iter().map(|n| (n.clone(), json!(1))).collect();
    let body = Value::Object(members).to_string();
    let unread = contract.unread(
        &contract.operations[0],
        Some(&names.join("&")),
        Some("application/json"),
        body.as_bytes(),
    );
    assert_eq!(unread.len(), MAX_VIOLATIONS);
}

#[test]
fn unknown_query_parameters_beyond_the_list_are_counted() {
    let contract = with_parameters(json!([]));
    let sent = Sent {
        target: &format!("/things?{}", "a&".repeat(30_000)),
        strict: true,
        ..Sent::default()
    };
    let violations = soon(|| breaks(&contract, &sent));
    let last = violations.last().expect("violations");
    assert_eq!(last.actual, Some(json!(30_000 - MAX_VIOLATIONS)));
}

/// A document whose schemas have these `format`s.
fn formats(names: impl Iterator<Item = String>) -> Value {
    let schema = |(index, name)| (format!("S{index}"), json!({ "format": name }));
    let schemas: Map<String, Value> = names.enumerate().map(schema).collect();
    document(json!({}), Value::Object(schemas))
}

#[test]
fn equal_notes_are_one_with_the_number_of_their_places() {
    let contract = load(&formats(std::iter::repeat_n("int64".to_owned(), 1_203)));
    let notes: Vec<&str> = contract.notes.iter().map(|n| n.message.as_str()).collect();
    assert_eq!(
        notes,
        ["format `int64` is an annotation, not checked (1,203 places)"]
    );
}

#[test]
fn eight_thousand_different_notes_do_not_delay_the_start() {
    let text = formats((0..8_000).map(|number| format!("f{number}"))).to_string();
    assert!(soon(|| Contract::load(text)).is_ok());
}

#[test]
fn faults_beyond_two_hundred_are_counted() {
    let schemas: Map<String, Value> = (0..1_500)
        .map(|number| (format!("S{number}"), json!({ "maxLenght": 1 })))
        .collect();
    let found = faults(&document(json!({}), Value::Object(schemas)).to_string());
    assert_eq!(
        (found.len(), found.last().map(String::as_str)),
        (201, Some("1:1: 1,300 more of this kind are not listed"))
    );
}

#[test]
fn sixty_four_levels_of_composition_are_served() {
    load(&document(json!({}), chain(64, once)));
}

#[test]
fn more_than_sixty_four_levels_of_composition_are_a_fault() {
    let found = faults(&chain_document(65, once));
    assert!(
        found[0]
            .ends_with("/components/schemas/S0: composition is nested more than 64 levels deep"),
        "{found:?}"
    );
}

#[test]
fn thousands_of_chained_references_are_refused_soon() {
    let text = chain_document(3_000, once);
    assert!(!soon(|| faults(&text)).is_empty());
}

#[test]
fn references_that_unfold_without_end_are_refused_soon() {
    let text = chain_document(12, four_times);
    let found = soon(|| faults(&text));
    assert!(
        found[0].ends_with("composition unfolds to more than 10000 schemas for one value"),
        "{found:?}"
    );
}

#[test]
fn a_diamond_of_hidden_properties_is_translated_soon() {
    let mut schemas = chain(6, four_times);
    schemas["S6"] = json!({
        "required": ["id"],
        "properties": { "id": { "type": "string", "readOnly": true } },
    });
    let whole = json!({ "$ref": "#/components/schemas/S0" });
    soon(|| one_schema(whole, schemas));
}

#[test]
fn a_deep_chain_of_required_fields_is_answered() {
    let field = |next: Value| json!({ "required": ["a"], "properties": { "a": next } });
    let schemas = chain(3_000, field);
    let contract = one_schema(json!({ "$ref": "#/components/schemas/S0" }), schemas);
    assert_eq!(contract.synthesize(&contract.operations[0]).status, 200);
}

#[test]
fn a_form_of_many_equal_schemas_is_read_soon() {
    let reference = |number: usize| {
        let next = json!({ "$ref": "#/components/schemas/Wide" });
        (format!("p{number}"), next)
    };
    let properties: Map<String, Value> = (0..300).map(reference).collect();
    let schemas = json!({ "Wide": { "properties": properties } });
    let parameter = json!({
        "name": "q", "in": "query",
        "schema": { "$ref": "#/components/schemas/Wide" },
    });
    let operation = json!({
        "parameters": [parameter],
        "responses": { "200": { "description": "" } },
    });
    let whole = document(json!({ "/things": { "get": operation } }), schemas);
    soon(|| load(&whole));
}
