//! The sentences of violations, as people read them; and what a document may say in their place.

use openmail_mock::contract::{Contract, Refused};
use serde_json::{Value, json};

use super::{JSON, Sent, breaks, checked, one_schema, sending, sending_strictly, with_parameters};

/// The sentence about a body that breaks one rule.
#[track_caller]
fn told(schema: Value, body: &Value) -> String {
    let contract = one_schema(schema, json!({}));
    let mut violations = sending(&contract, body);
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations.remove(0).message
}

/// The sentence about a query that breaks one rule.
#[track_caller]
fn told_of_query(contract: &Contract, query: &str) -> String {
    let target = &format!("/things?{query}");
    let sent = Sent {
        target,
        ..Sent::default()
    };
    let mut violations = breaks(contract, &sent);
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations.remove(0).message
}

#[test]
fn types_have_articles_in_the_sentence() {
    assert_eq!(
        told(json!({ "type": "string", "nullable": true }), &json!(1)),
        "the body must be a string or null, not an integer"
    );
}

#[test]
fn types_have_no_articles_in_the_members() {
    let contract = one_schema(json!({ "type": "string", "nullable": true }), json!({}));
    let violation = &sending(&contract, &json!(1))[0];
    assert_eq!(
        (&violation.expected, &violation.actual),
        (&Some(json!("string or null")), &Some(json!("integer")))
    );
}

#[test]
fn one_of_something_is_singular() {
    for (schema, body, sentence) in [
        (
            json!({ "minLength": 2 }),
            json!("a"),
            "the body is 1 character long; at least 2 are needed",
        ),
        (
            json!({ "minItems": 2 }),
            json!([1]),
            "the body has 1 item; at least 2 are needed",
        ),
        (
            json!({ "minProperties": 2 }),
            json!({ "a": 1 }),
            "the body has 1 field; at least 2 are needed",
        ),
        (
            json!({ "maxItems": 1 }),
            json!([1, 2]),
            "the body has 2 items; at most 1 is allowed",
        ),
    ] {
        assert_eq!(told(schema, &body), sentence);
    }
}

#[test]
fn a_field_without_a_name_is_not_the_body() {
    let contract = one_schema(json!({ "properties": { "known": {} } }), json!({}));
    let violations = sending_strictly(&contract, &json!({ "": 1 }));
    let sentence = &violations[0].message;
    assert!(
        sentence.starts_with("the field `` is no field"),
        "{sentence}"
    );
}

fn numbers() -> Contract {
    let schema = json!({ "type": "array", "items": { "type": "integer" } });
    with_parameters(json!([{ "name": "ids", "in": "query", "schema": schema }]))
}

#[test]
fn an_item_of_a_list_parameter_is_named_by_its_number() {
    assert_eq!(
        told_of_query(&numbers(), "ids=1&ids=x"),
        "query parameter `ids`, item 2 must be an integer, not a string"
    );
}

#[test]
fn a_list_with_commas_gets_the_hint_to_repeat_the_parameter() {
    assert_eq!(
        told_of_query(&numbers(), "ids=1,2"),
        "query parameter `ids`, item 1 must be an integer, not a string; repeat the parameter for each value: `ids=1&ids=2`"
    );
}

#[test]
fn the_documents_own_words_do_not_replace_those_for_a_wrong_type() {
    let schema = json!({ "type": "string", "maxLength": 1, "x-openmail-mock-message": "too long" });
    assert_eq!(
        told(schema, &json!(1)),
        "the body must be a string, not an integer"
    );
}

#[test]
fn a_compressed_body_is_refused_with_the_remedy() {
    let contract = one_schema(json!({}), json!({}));
    let sent = Sent {
        method: "PUT",
        headers: &[("content-encoding", "gzip"), JSON[0]],
        body: b"\x1f\x8b",
        ..Sent::default()
    };
    let Err(Refused::UnsupportedMediaType(message)) = checked(&contract, &sent, |_| ()) else {
        panic!("a compressed body is taken");
    };
    assert_eq!(
        message,
        "a body with `Content-Encoding: gzip` is not read here; send the body uncompressed"
    );
}

#[test]
fn the_identity_coding_changes_nothing() {
    let contract = one_schema(json!({}), json!({}));
    let sent = Sent {
        method: "PUT",
        headers: &[("content-encoding", "Identity"), JSON[0]],
        body: b"1",
        ..Sent::default()
    };
    assert!(breaks(&contract, &sent).is_empty());
}

#[test]
fn the_default_of_another_place_is_not_the_querys() {
    let schema = json!({ "type": "integer", "default": 3 });
    let contract = with_parameters(json!([{ "name": "limit", "in": "header", "schema": schema }]));
    let found = checked(&contract, &Sent::default(), |checked| {
        checked.query("limit").cloned()
    });
    assert_eq!(found.expect("a request without fault"), None);
}

#[test]
fn the_only_path_parameter_answers_to_any_name() {
    let parameter = json!({ "name": "id", "in": "path", "required": true, "schema": {} });
    let contract = with_parameters(json!([parameter]));
    let sent = Sent {
        target: "/things/a",
        ..Sent::default()
    };
    let found = checked(&contract, &sent, |checked| {
        checked.path("thing_id").map(str::to_owned)
    });
    assert_eq!(
        found.expect("a request without fault"),
        Some("a".to_owned())
    );
}

/// Two animals; a dog without a name is nearer to a cat by the number of what is wrong.
fn animals(discriminator: &Value) -> Contract {
    let kind = json!({ "type": "string" });
    let dog = json!({
        "required": ["kind", "name", "age"], "properties": { "kind": kind },
    });
    let cat = json!({ "required": ["kind", "lives"], "properties": { "kind": kind } });
    let branches = json!([
        { "$ref": "#/components/schemas/Cat" }, { "$ref": "#/components/schemas/Dog" },
    ]);
    one_schema(
        json!({ "oneOf": branches, "discriminator": discriminator }),
        json!({ "Cat": cat, "Dog": dog }),
    )
}

#[track_caller]
fn closest_branch(contract: &Contract, body: &Value) -> String {
    let hint = sending(contract, body).remove(0).hint.expect("a hint");
    hint.split(':').next().unwrap_or_default().to_owned()
}

#[test]
fn the_closest_branch_is_the_one_that_the_discriminator_names() {
    let contract = animals(&json!({ "propertyName": "kind" }));
    assert_eq!(
        closest_branch(&contract, &json!({ "kind": "Dog" })),
        "the closest branch is number 2"
    );
}

#[test]
fn a_mapped_discriminator_names_its_branch() {
    let mapping = json!({ "woof": "#/components/schemas/Dog" });
    let contract = animals(&json!({ "propertyName": "kind", "mapping": mapping }));
    assert_eq!(
        closest_branch(&contract, &json!({ "kind": "woof" })),
        "the closest branch is number 2"
    );
}

#[test]
fn a_discriminator_that_names_no_branch_leaves_the_closest_one() {
    let contract = animals(&json!({ "propertyName": "kind" }));
    assert_eq!(
        closest_branch(&contract, &json!({ "kind": "Bird" })),
        "the closest branch is number 1"
    );
}
