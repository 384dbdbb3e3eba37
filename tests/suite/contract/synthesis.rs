//! Answers made from a document alone, each of which keeps the contract.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use openmail_mock::contract::{Contract, Synthesized};
use serde_json::{Value, json};

use super::{document, load};

/// A document whose one operation has these answers.
fn with_responses(responses: Value, schemas: Value) -> Contract {
    let paths = json!({ "/things": { "get": { "responses": responses } } });
    load(&document(paths, schemas))
}

/// Makes the answer and holds it against the document.
#[track_caller]
fn made(contract: &Contract) -> Synthesized {
    let operation = &contract.operations[0];
    let made = contract.synthesize(operation);
    let mut headers = HeaderMap::new();
    for (name, value) in &made.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
    }
    if let Some(content_type) = &made.content_type {
        let value = HeaderValue::from_str(content_type).expect("a media type");
        headers.insert("content-type", value);
    }
    let verdict = contract.check_answer(operation, true, made.status, &headers, &made.body);
    let body = String::from_utf8_lossy(&made.body);
    assert!(
        verdict.violations.is_empty(),
        "{body}: {:#?}",
        verdict.violations
    );
    made
}

fn of_media(media: Value, schemas: Value) -> Value {
    let responses =
        json!({ "200": { "description": "", "content": { "application/json": media } } });
    let made = made(&with_responses(responses, schemas));
    serde_json::from_slice(&made.body).expect("JSON")
}

/// The answer of an operation that answers with this schema.
#[track_caller]
fn of(schema: Value) -> Value {
    of_media(json!({ "schema": schema }), json!({}))
}

#[test]
fn an_example_comes_first() {
    let schema =
        json!({ "type": "string", "example": "s", "default": "d", "enum": ["e", "s", "d", "x"] });
    assert_eq!(
        of_media(json!({ "schema": schema, "example": "x" }), json!({})),
        "x"
    );
}

#[test]
fn the_first_named_example_comes_next() {
    let schema = json!({ "type": "string", "example": "s" });
    let examples = json!({ "one": { "summary": "no value" }, "two": { "value": "x" }, "three": { "value": "y" } });
    assert_eq!(
        of_media(json!({ "schema": schema, "examples": examples }), json!({})),
        "x"
    );
}

#[test]
fn then_the_schemas_own_example_default_and_enum() {
    assert_eq!(
        of(json!({ "enum": ["e", "d", "s"], "default": "d", "example": "s" })),
        "s"
    );
    assert_eq!(of(json!({ "enum": ["e", "d"], "default": "d" })), "d");
    assert_eq!(of(json!({ "enum": ["e", "d"] })), "e");
}

#[test]
fn an_example_that_breaks_its_schema_is_passed_over() {
    let schema = json!({ "type": "integer", "example": "five", "default": 5 });
    assert_eq!(
        of_media(json!({ "schema": schema, "example": [] }), json!({})),
        5
    );
}

#[test]
fn a_propertys_example_that_breaks_its_schema_is_passed_over() {
    let property = json!({ "type": "integer", "example": "five" });
    let schema = json!({ "type": "object", "required": ["n", "m"], "properties": {
        "n": property, "m": { "type": "string", "example": "kept" },
    } });
    assert_eq!(of(schema), json!({ "n": 0, "m": "kept" }));
}

#[test]
fn each_type_has_a_smallest_value() {
    assert_eq!(of(json!({ "type": "string" })), "");
    assert_eq!(of(json!({ "type": "integer" })), 0);
    assert_eq!(of(json!({ "type": "number" })), 0);
    assert_eq!(of(json!({ "type": "boolean" })), false);
    assert_eq!(
        of(json!({ "type": "array", "items": { "type": "string" } })),
        json!([])
    );
    assert_eq!(
        of(json!({ "type": "object", "properties": { "a": {} } })),
        json!({})
    );
}

#[test]
fn numbers_keep_their_bounds() {
    let cases = [
        json!({ "type": "integer", "minimum": 3 }),
        json!({ "type": "integer", "minimum": 3, "exclusiveMinimum": true }),
        json!({ "type": "integer", "maximum": -3 }),
        json!({ "type": "integer", "minimum": 2.5 }),
        json!({ "type": "integer", "maximum": -2.5 }),
        json!({ "type": "integer", "minimum": 7, "multipleOf": 5 }),
        json!({ "type": "integer", "maximum": -7, "multipleOf": 5 }),
        json!({ "type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1, "exclusiveMaximum": true }),
        json!({ "type": "number", "minimum": 0.2, "multipleOf": 0.1 }),
        json!({ "type": "number", "maximum": 0, "exclusiveMaximum": true }),
        json!({ "type": "integer", "minimum": 9007199254740993_i64 }),
        json!({ "type": "integer", "minimum": 18446744073709551615_u64 }),
    ];
    for schema in cases {
        of(schema);
    }
}

#[test]
fn text_keeps_its_length_and_format() {
    assert_eq!(of(json!({ "type": "string", "minLength": 3 })), "aaa");
    for format in [
        "email",
        "date-time",
        "date",
        "time",
        "uri",
        "uri-reference",
        "uuid",
        "ipv4",
        "ipv6",
        "hostname",
        "byte",
        "binary",
        "phone",
    ] {
        of(json!({ "type": "string", "format": format }));
    }
    of(json!({ "type": "string", "format": "email", "minLength": 40 }));
    of(json!({ "type": "string", "format": "uri", "minLength": 40 }));
}

#[test]
fn text_fits_its_pattern() {
    let patterns = [
        "^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$",
        r"^\d{3}-\d{4}$",
        "^(foo|bar)+$",
        "^om_[0-9a-f]{48}$",
        r"^\S+@\S+$",
        "x",
        r"^\p{Lu}\w*$",
        "^[^a-z]{2}$",
        "(?i)^hello$",
        r"^a\/b$",
    ];
    for pattern in patterns {
        of(json!({ "type": "string", "pattern": pattern }));
    }
}

#[test]
fn text_fits_its_pattern_and_its_length() {
    of(json!({ "type": "string", "pattern": "^[0-9]+$", "minLength": 5 }));
    of(
        json!({ "type": "string", "pattern": "^v[0-9]*-[a-z]+$", "minLength": 12, "maxLength": 12 }),
    );
    of(json!({ "type": "string", "pattern": "^(?:ab)*$", "minLength": 3 }));
    of(json!({ "type": "string", "pattern": "^b", "minLength": 3 }));
}

#[test]
fn arrays_have_their_least_number_of_items() {
    assert_eq!(
        of(json!({ "type": "array", "items": { "type": "integer" }, "minItems": 2 })),
        json!([0, 0])
    );
}

#[test]
fn items_that_must_be_unique_differ() {
    for items in [
        json!({ "type": "integer" }),
        json!({ "type": "integer", "maximum": 3, "minimum": 1 }),
        json!({ "type": "string" }),
        json!({ "type": "string", "enum": ["a", "b", "c"] }),
        json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "string", "format": "uuid" } } }),
    ] {
        of(json!({ "type": "array", "items": items, "minItems": 3, "uniqueItems": true }));
    }
}

#[test]
fn objects_have_their_required_fields_and_their_least_number() {
    let schema = json!({ "type": "object", "required": ["a", "z"], "minProperties": 3, "properties": {
        "a": { "type": "integer" }, "b": { "type": "string" }, "c": { "type": "string" },
    }, "additionalProperties": { "type": "boolean" } });
    assert_eq!(of(schema), json!({ "a": 0, "z": false, "b": "" }));
}

#[test]
fn maps_have_their_least_number_of_entries() {
    let schema = json!({ "type": "object", "minProperties": 2, "additionalProperties": { "type": "integer" } });
    assert_eq!(of(schema).as_object().map(serde_json::Map::len), Some(2));
}

#[test]
fn write_only_fields_are_left_out() {
    let schemas = json!({ "Secret": { "type": "string", "writeOnly": true } });
    let schema = json!({ "type": "object", "required": ["secret", "other", "id"], "properties": {
        "secret": { "$ref": "#/components/schemas/Secret" }, "other": { "type": "string", "writeOnly": true },
        "id": { "type": "integer", "readOnly": true },
    } });
    assert_eq!(
        of_media(json!({ "schema": schema }), schemas),
        json!({ "id": 0 })
    );
}

#[test]
fn compositions_are_laid_together() {
    let schemas = json!({ "Base": { "type": "object", "required": ["a"], "properties": { "a": { "type": "string", "minLength": 2 } } } });
    let schema = json!({ "allOf": [
        { "$ref": "#/components/schemas/Base" },
        { "required": ["b"], "properties": { "a": { "maxLength": 5 }, "b": { "type": "boolean" } } },
    ] });
    assert_eq!(
        of_media(json!({ "schema": schema }), schemas),
        json!({ "a": "aa", "b": false })
    );
}

#[test]
fn all_of_with_an_enum_on_both_sides_takes_what_is_in_both() {
    assert_eq!(
        of(json!({ "allOf": [{ "enum": ["a", "b"] }, { "enum": ["b", "c"] }] })),
        "b"
    );
}

#[test]
fn a_branch_of_one_of_is_taken_that_fits_alone() {
    let schema = json!({ "oneOf": [
        { "type": "object", "properties": { "a": {} } },
        { "type": "object", "required": ["b"], "properties": { "b": { "type": "string" } } },
        { "type": "array", "items": {} },
    ] });
    assert_eq!(of(schema), json!({}));
    let only_last =
        json!({ "oneOf": [{ "type": "integer" }, { "type": "number" }, { "type": "string" }] });
    assert_eq!(of(only_last), "");
}

#[test]
fn a_schema_that_contains_itself_ends_where_it_may() {
    let schemas = json!({ "Node": { "type": "object", "required": ["left", "right", "list"], "properties": {
        "left": { "type": "object", "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Node" }] },
        "right": { "type": "object", "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Node" }] },
        "list": { "type": "array", "items": { "$ref": "#/components/schemas/Node" } },
    } } });
    // `allOf` forbids the null that `nullable` admits, as OpenAPI 3.0.3 rules, so no value fits.
    let loose = json!({ "Tree": { "type": "object", "nullable": true, "required": ["left", "right"], "properties": {
        "left": { "$ref": "#/components/schemas/Tree" }, "right": { "$ref": "#/components/schemas/Tree" },
    } } });
    let tree = of_media(
        json!({ "schema": { "$ref": "#/components/schemas/Tree" } }),
        loose,
    );
    assert_eq!(tree, json!({ "left": null, "right": null }));
    let responses = json!({ "200": { "description": "", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Node" } } } } });
    let contract = with_responses(responses, schemas);
    assert_eq!(contract.synthesize(&contract.operations[0]).status, 200);
}

#[test]
fn a_recursive_branch_gives_way_to_one_that_ends() {
    let schemas = json!({ "Expr": { "oneOf": [
        { "type": "object", "required": ["not"], "properties": { "not": { "$ref": "#/components/schemas/Expr" } } },
        { "type": "string" },
    ] } });
    assert_eq!(
        of_media(
            json!({ "schema": { "$ref": "#/components/schemas/Expr" } }),
            schemas
        ),
        ""
    );
}

#[test]
fn a_schema_that_takes_anything_is_answered_with_an_object() {
    assert_eq!(of(json!({})), json!({}));
}

#[test]
fn the_lowest_success_is_answered() {
    let one = || json!({ "description": "" });
    let status = |responses: Value| made(&with_responses(responses, json!({}))).status;
    assert_eq!(
        status(json!({ "404": one(), "204": one(), "202": one() })),
        202
    );
    assert_eq!(status(json!({ "404": one(), "2XX": one() })), 200);
    assert_eq!(status(json!({ "404": one(), "default": one() })), 200);
    assert_eq!(status(json!({ "503": one(), "404": one() })), 404);
}

#[test]
fn an_answer_without_content_has_no_body() {
    let made = made(&with_responses(
        json!({ "204": { "description": "" } }),
        json!({}),
    ));
    assert_eq!((made.content_type, made.body.len()), (None, 0));
}

#[test]
fn text_is_answered_as_text() {
    let content = json!({ "text/plain": { "schema": { "type": "string", "minLength": 2 } } });
    let made = made(&with_responses(
        json!({ "200": { "description": "", "content": content } }),
        json!({}),
    ));
    assert_eq!(made.content_type.as_deref(), Some("text/plain"));
    assert_eq!(made.body, b"aa");
}

#[test]
fn json_is_preferred_among_media_types() {
    let content =
        json!({ "text/html": { "example": "<p>" }, "application/problem+json": { "example": {} } });
    let made = made(&with_responses(
        json!({ "200": { "description": "", "content": content } }),
        json!({}),
    ));
    assert_eq!(
        made.content_type.as_deref(),
        Some("application/problem+json")
    );
}

#[test]
fn required_headers_have_values_by_their_examples() {
    let headers = json!({
        "X-Total": { "required": true, "schema": { "type": "integer", "minimum": 3 } },
        "X-Link": { "required": true, "example": "next", "schema": { "type": "string" } },
        "X-Ids": { "required": true, "schema": { "type": "array", "items": { "type": "integer" }, "minItems": 2 } },
        "X-Idle": { "schema": { "type": "integer" } },
    });
    let made = made(&with_responses(
        json!({ "200": { "description": "", "headers": headers } }),
        json!({}),
    ));
    let headers: Vec<(&str, &str)> = made
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        headers,
        [("X-Total", "3"), ("X-Link", "next"), ("X-Ids", "0,0")]
    );
}

#[test]
fn every_operation_of_the_built_in_documents_can_be_made_up() {
    for text in [
        openmail_mock::api::DOCUMENT,
        &openmail_mock::control::DOCUMENT,
    ] {
        let contract = Contract::load(text.to_owned()).expect("no faults");
        for operation in &contract.operations {
            let made = contract.synthesize(operation);
            let mut headers = HeaderMap::new();
            if let Some(content_type) = &made.content_type {
                headers.insert(
                    "content-type",
                    HeaderValue::from_str(content_type).expect("a media type"),
                );
            }
            for (name, value) in &made.headers {
                let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
                headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
            }
            let verdict = contract.check_answer(operation, true, made.status, &headers, &made.body);
            assert!(
                verdict.violations.is_empty(),
                "{}: {:#?}",
                operation.id,
                verdict.violations
            );
        }
    }
}
