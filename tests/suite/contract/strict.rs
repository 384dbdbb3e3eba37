//! Strict mode: what no schema declares is refused, and nothing else.

use openmail_mock::contract::In;
use serde_json::{Value, json};

use super::{Sent, breaks, one_schema, rules, sending, sending_strictly, with_parameters};

#[track_caller]
fn strictly(schema: Value, schemas: Value, body: Value) -> Vec<String> {
    rules(&sending_strictly(&one_schema(schema, schemas), &body))
}

fn two_parts() -> Value {
    json!({
        "A": { "type": "object", "properties": { "a": { "type": "string", "maxLength": 1 } } },
        "B": { "type": "object", "properties": { "b": { "type": "integer" } } },
    })
}

fn a() -> Value {
    json!({ "$ref": "#/components/schemas/A" })
}

fn b() -> Value {
    json!({ "$ref": "#/components/schemas/B" })
}

#[test]
fn an_unknown_field_passes_without_strict_and_is_refused_with_it() {
    let contract = one_schema(a(), two_parts());
    let body = json!({ "a": "x", "c": 1 });
    assert_eq!(sending(&contract, &body), []);
    assert_eq!(
        rules(&sending_strictly(&contract, &body)),
        ["additionalProperties /c"]
    );
}

#[test]
fn fields_of_all_branches_of_all_of_are_known() {
    let schema = json!({ "allOf": [a(), b(), { "properties": { "c": {} } }] });
    assert_eq!(
        strictly(
            schema.clone(),
            two_parts(),
            json!({ "a": "x", "b": 1, "c": 1 })
        ),
        [""; 0]
    );
    assert_eq!(
        strictly(schema, two_parts(), json!({ "a": "x", "d": 1 })),
        ["additionalProperties /d"]
    );
}

#[test]
fn fields_beside_all_of_are_known() {
    let schema = json!({ "properties": { "c": {} }, "allOf": [a()] });
    assert_eq!(
        strictly(schema, two_parts(), json!({ "a": "x", "c": 1 })),
        [""; 0]
    );
}

#[test]
fn a_broken_branch_does_not_make_its_fields_unknown() {
    let schema = json!({ "allOf": [a(), b()] });
    assert_eq!(
        strictly(schema, two_parts(), json!({ "a": "too long", "b": 1 })),
        ["maxLength /a"]
    );
}

#[test]
fn fields_of_the_branch_that_fits_are_known() {
    let schema = json!({ "anyOf": [a(), b()] });
    assert_eq!(
        strictly(schema.clone(), two_parts(), json!({ "a": "x" })),
        [""; 0]
    );
    assert_eq!(
        strictly(schema, two_parts(), json!({ "a": "x", "d": 1 })),
        ["additionalProperties /d"]
    );
}

#[test]
fn one_of_branches_of_closed_alternatives_stay_apart() {
    let schemas = json!({
        "A": { "type": "object", "required": ["a"], "properties": { "a": { "type": "string" } } },
        "B": { "type": "object", "required": ["b"], "properties": { "b": { "type": "integer" } } },
    });
    let schema = json!({ "oneOf": [a(), b()] });
    assert_eq!(
        strictly(schema.clone(), schemas.clone(), json!({ "b": 1 })),
        [""; 0]
    );
    assert_eq!(
        strictly(schema, schemas, json!({ "b": 1, "c": 1 })),
        ["additionalProperties /c"]
    );
}

#[test]
fn nested_objects_are_closed_too() {
    let schema = json!({ "type": "object", "properties": {
        "one": a(),
        "many": { "type": "array", "items": b() },
        "map": { "type": "object", "additionalProperties": a() },
    } });
    let body =
        json!({ "one": { "x": 1 }, "many": [{ "b": 1 }, { "y": 1 }], "map": { "k": { "z": 1 } } });
    assert_eq!(
        strictly(schema, two_parts(), body),
        [
            "additionalProperties /one/x",
            "additionalProperties /many/1/y",
            "additionalProperties /map/k/z",
        ]
    );
}

#[test]
fn maps_stay_maps() {
    let map = json!({ "type": "object", "properties": { "a": {} }, "additionalProperties": { "type": "integer" } });
    assert_eq!(strictly(map, json!({}), json!({ "any": 1 })), [""; 0]);
}

#[test]
fn an_object_without_declared_fields_is_free_of_form() {
    assert_eq!(
        strictly(json!({ "type": "object" }), json!({}), json!({ "any": 1 })),
        [""; 0]
    );
}

#[test]
fn additional_properties_true_is_open_only_without_strict() {
    let schema =
        json!({ "type": "object", "properties": { "a": {} }, "additionalProperties": true });
    assert_eq!(
        strictly(schema, json!({}), json!({ "x": 1 })),
        ["additionalProperties /x"]
    );
}

#[test]
fn a_schema_used_whole_and_as_a_part_is_closed_only_where_it_is_whole() {
    let schema = json!({ "type": "object", "properties": {
        "whole": a(), "part": { "allOf": [a(), b()] },
    } });
    let body = json!({ "whole": { "a": "x", "b": 1 }, "part": { "a": "x", "b": 1 } });
    assert_eq!(
        strictly(schema, two_parts(), body),
        ["additionalProperties /whole/b"]
    );
}

#[test]
fn an_unknown_query_parameter_is_refused_with_the_nearest_spelling() {
    let contract = with_parameters(
        json!([{ "name": "limit", "in": "query", "schema": { "type": "integer" } }]),
    );
    let sent = Sent {
        target: "/things?limt=3",
        strict: true,
        ..Sent::default()
    };
    let violations = breaks(&contract, &sent);
    assert_eq!(rules(&violations), ["unknown /limt"]);
    assert_eq!(violations[0].place, In::Query);
    assert_eq!(violations[0].hint.as_deref(), Some("did you mean `limit`?"));
}

#[test]
fn answers_are_never_read_strictly() {
    let contract = one_schema(a(), two_parts());
    assert_eq!(super::answering(&contract, &json!({ "new": 1 })), []);
}

#[test]
fn unread_fields_are_named_with_the_nearest_spelling() {
    let schema = json!({ "type": "object", "properties": { "clientId": {}, "inner": a() } });
    let contract = one_schema(schema, two_parts());
    let body = br#"{ "client_id": 1, "inner": { "b": 2 } }"#;
    let unread = contract.unread(
        &contract.operations[0],
        Some("limit=1"),
        Some("application/json"),
        body,
    );
    let unread: Vec<_> = unread
        .iter()
        .map(|one| (one.place, one.pointer.as_str(), one.nearest.as_deref()))
        .collect();
    assert_eq!(
        unread,
        [
            (In::Query, "/limit", None),
            (In::Body, "/client_id", Some("clientId")),
            (In::Body, "/inner/b", None),
        ]
    );
}
