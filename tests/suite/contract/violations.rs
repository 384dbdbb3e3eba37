//! What a violation says: every field, its bounds, and its form as a header.

use openmail_mock::contract::{In, MAX_VIOLATIONS, Side, Violation, header_value};
use serde_json::{Value, json};

use super::{answering, one_schema, rules, sending, sending_bytes};

const SPEC: &str = "#/paths/~1things/put/requestBody/content/application~1json/schema";

/// The only violation of a body, as JSON.
#[track_caller]
fn told(schema: Value, body: Value) -> Value {
    let violations = sending(&one_schema(schema, json!({})), &body);
    assert_eq!(violations.len(), 1, "{violations:#?}");
    json!(violations[0])
}

/// Each rule: a schema for the property `p`, a value that breaks it, what is expected and found.
fn cases() -> Vec<(&'static str, Value, Value, Value, Value)> {
    let row = |rule, mut schema: Value, expected: Value, value: Value, actual: Value| {
        schema[rule] = expected.clone();
        (rule, schema, value, expected, actual)
    };
    vec![
        row(
            "type",
            json!({}),
            json!("string"),
            json!(5),
            json!("integer"),
        ),
        row("maxLength", json!({}), json!(3), json!("äöüß"), json!(4)),
        row("minLength", json!({}), json!(3), json!("ä"), json!(1)),
        row("pattern", json!({}), json!("^a"), json!("b"), json!("b")),
        row("format", json!({}), json!("email"), json!("b"), json!("b")),
        row("enum", json!({}), json!(["a", "b"]), json!("c"), json!("c")),
        row("maximum", json!({}), json!(3), json!(4), json!(4)),
        row("minimum", json!({}), json!(3), json!(2.5), json!(2.5)),
        row("multipleOf", json!({}), json!(3), json!(4), json!(4)),
        row("maxItems", json!({}), json!(1), json!([1, 2]), json!(2)),
        row("minItems", json!({}), json!(1), json!([]), json!(0)),
        row(
            "maxProperties",
            json!({}),
            json!(1),
            json!({ "a": 1, "b": 2 }),
            json!(2),
        ),
        row("minProperties", json!({}), json!(1), json!({}), json!(0)),
        row(
            "uniqueItems",
            json!({}),
            json!(true),
            json!([1, 1]),
            json!(false),
        ),
    ]
}

#[test]
fn every_field_is_told_for_each_rule() {
    for (rule, schema, value, expected, actual) in cases() {
        let schema = json!({ "type": "object", "properties": { "p": schema } });
        let expected = json!({
            "side": "request", "in": "body", "pointer": "/p", "rule": rule,
            "expected": expected, "actual": actual, "spec": format!("{SPEC}/properties/p/{rule}"),
        });
        assert_eq!(told(schema, json!({ "p": value })), expected, "{rule}");
    }
}

#[test]
fn exclusive_bounds_are_told_with_their_bound() {
    let schema = json!({ "type": "number", "minimum": 3, "exclusiveMinimum": true });
    let expected = json!({
        "side": "request", "in": "body", "pointer": "", "rule": "exclusiveMinimum",
        "expected": 3, "actual": 3, "spec": format!("{SPEC}/exclusiveMinimum"),
    });
    assert_eq!(told(schema, json!(3)), expected);
}

#[test]
fn a_missing_field_is_told_at_its_own_pointer() {
    let schema = json!({ "type": "object", "required": ["clientId"] });
    let expected = json!({
        "side": "request", "in": "body", "pointer": "/clientId", "rule": "required",
        "expected": "clientId", "actual": null, "spec": format!("{SPEC}/required"),
        "hint": "`client_id` is there; did you mean `clientId`?",
    });
    assert_eq!(told(schema, json!({ "client_id": 1 })), expected);
}

#[test]
fn an_unknown_field_is_told_with_the_nearest_spelling() {
    let schema = json!({ "type": "object", "properties": { "clientId": {} }, "additionalProperties": false });
    let expected = json!({
        "side": "request", "in": "body", "pointer": "/clientID", "rule": "additionalProperties",
        "expected": false, "actual": "clientID", "spec": format!("{SPEC}/additionalProperties"),
        "hint": "did you mean `clientId`?",
    });
    assert_eq!(told(schema, json!({ "clientID": 1 })), expected);
}

#[test]
fn an_answers_violation_names_its_side_and_its_schema() {
    let contract = one_schema(json!({ "type": "string" }), json!({}));
    let violations = answering(&contract, &json!(1));
    let expected = json!([{
        "side": "response", "in": "body", "pointer": "", "rule": "type", "expected": "string",
        "actual": "integer",
        "spec": "#/paths/~1things/put/responses/200/content/application~1json/schema/type",
    }]);
    assert_eq!(json!(violations), expected);
}

#[test]
fn a_violation_behind_a_reference_names_the_rule_where_it_stands() {
    let schemas = json!({ "Name": { "type": "string", "maxLength": 1 } });
    let contract = one_schema(json!({ "$ref": "#/components/schemas/Name" }), schemas);
    let violations = sending(&contract, &json!("xx"));
    assert_eq!(violations[0].spec, "#/components/schemas/Name/maxLength");
}

#[test]
fn types_are_told_as_openapi_writes_them() {
    let words = |schema: Value, body: Value| told(schema, body)["expected"].clone();
    assert_eq!(
        words(json!({ "type": "string", "nullable": true }), json!(1)),
        "string or null"
    );
    assert_eq!(words(json!({ "type": "integer" }), json!("1")), "integer");
}

#[test]
fn the_sentence_names_place_and_rule() {
    let schema =
        json!({ "type": "object", "properties": { "name": { "type": "string", "maxLength": 3 } } });
    let violations = sending(&one_schema(schema, json!({})), &json!({ "name": "long" }));
    assert_eq!(
        violations[0].message,
        "`name` is 4 characters long; at most 3 are allowed"
    );
}

#[test]
fn a_long_value_is_cut_at_a_hundred_characters() {
    let violations = sending(
        &one_schema(json!({ "pattern": "^$" }), json!({})),
        &json!("ä".repeat(150)),
    );
    assert_eq!(
        violations[0].actual,
        Some(json!(format!("{}…", "ä".repeat(100))))
    );
}

#[test]
fn structures_are_shown_as_their_text_cut() {
    let violations = sending(
        &one_schema(json!({ "enum": [1] }), json!({})),
        &json!(["x".repeat(150)]),
    );
    let shown = violations[0]
        .actual
        .as_ref()
        .and_then(Value::as_str)
        .expect("text");
    assert_eq!(shown.chars().count(), 101);
}

#[test]
fn at_most_twenty_violations_are_listed_and_the_rest_is_counted() {
    let contract = one_schema(
        json!({ "type": "array", "items": { "type": "string" } }),
        json!({}),
    );
    let violations = sending(&contract, &json!(vec![1; 25]));
    assert_eq!(violations.len(), MAX_VIOLATIONS + 1);
    let last = &violations[MAX_VIOLATIONS];
    assert_eq!(
        (last.rule.as_str(), &last.actual),
        ("more", &Some(json!(5)))
    );
}

#[test]
fn twenty_violations_are_listed_whole() {
    let contract = one_schema(
        json!({ "type": "array", "items": { "type": "string" } }),
        json!({}),
    );
    let violations = sending(&contract, &json!(vec![1; MAX_VIOLATIONS]));
    assert_eq!(violations[MAX_VIOLATIONS - 1].rule, "type");
    assert_eq!(violations.len(), MAX_VIOLATIONS);
}

/// A list of so many violations, each of about two hundred bytes.
fn many(count: usize) -> Vec<Violation> {
    let contract = one_schema(
        json!({ "type": "array", "items": { "type": "string", "pattern": "^é$" } }),
        json!({}),
    );
    sending(&contract, &json!(vec!["ü😀".repeat(30); count]))
}

#[test]
fn the_header_is_ascii_json_under_four_kilobytes() {
    for count in [1, 10, 25] {
        let value = header_value(&many(count));
        assert!(value.len() < 4_000 && value.is_ascii());
        let listed: Vec<Value> = serde_json::from_str(&value).expect("JSON");
        assert!(!listed.is_empty());
    }
}

#[test]
fn the_header_says_how_many_entries_it_dropped() {
    let listed: Vec<Value> = serde_json::from_str(&header_value(&many(25))).expect("JSON");
    let (rest, listed) = listed.split_last().expect("an entry");
    assert_eq!(rest["rule"], "more");
    assert_eq!(rest["actual"], 25 - listed.len());
}

#[test]
fn an_entry_too_large_for_the_header_is_counted_only() {
    let schema = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let mut body = json!({});
    body["x".repeat(5_000)] = json!(1);
    let violations = sending(&one_schema(schema, json!({})), &body);
    let listed: Value = serde_json::from_str(&header_value(&violations)).expect("JSON");
    assert_eq!(
        (listed[0]["rule"].as_str(), &listed[0]["actual"]),
        (Some("more"), &json!(1))
    );
}

#[test]
fn the_closest_branch_of_one_of_is_told() {
    let schema = json!({ "oneOf": [
        { "type": "string" },
        { "type": "object", "required": ["kind", "size"], "properties": { "kind": { "enum": ["a"] } } },
        { "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } } },
    ] });
    let violation = told(schema, json!({ "name": 5 }));
    assert_eq!(violation["rule"], "oneOf");
    assert_eq!(violation["expected"], "exactly one of 3 branches");
    assert_eq!(
        violation["hint"],
        "the closest branch is number 3: `name` must be a string, not an integer"
    );
    assert_eq!(violation["spec"], format!("{SPEC}/oneOf"));
}

#[test]
fn the_closest_branch_of_a_nested_any_of_is_told_by_its_full_pointer() {
    let branch = |name: &str| json!({ "type": "object", "required": [name], "properties": { name: { "maxLength": 1 } } });
    let schema = json!({ "type": "object", "properties": { "list": { "type": "array", "items": { "anyOf": [branch("a"), branch("b")] } } } });
    let violation = told(schema, json!({ "list": [{ "b": "xx" }] }));
    assert_eq!(
        violation["hint"],
        "the closest branch is number 2: `/list/0/b` is 2 characters long; at most 1 is allowed"
    );
}

#[test]
fn a_value_that_fits_several_branches_is_told_which() {
    let schema =
        json!({ "oneOf": [{ "type": "integer" }, { "type": "string" }, { "minimum": 1 }] });
    let violation = told(schema, json!(5));
    assert_eq!(violation["actual"], 5);
    assert_eq!(violation["hint"], "branches number 1 and 3 fit");
}

#[test]
fn malformed_json_is_one_violation() {
    let contract = one_schema(json!({}), json!({}));
    let violations = sending_bytes(&contract, b"{", false);
    assert_eq!(rules(&violations), ["json "]);
    assert_eq!(
        violations[0].message,
        "the body was not read as JSON: EOF while parsing an object at line 1 column 1"
    );
}

#[test]
fn a_body_that_is_missing_is_told() {
    let contract = one_schema(json!({}), json!({}));
    let violations = sending_bytes(&contract, b"", false);
    assert_eq!(rules(&violations), ["required "]);
    assert_eq!(
        (violations[0].side, violations[0].place),
        (Side::Request, In::Body)
    );
}

/// The codes of what a `name` with this schema and this value breaks.
fn codes(schema: Value, body: Value) -> Vec<Option<String>> {
    let violations = sending(&one_schema(schema, json!({})), &body);
    violations
        .into_iter()
        .map(|violation| violation.code)
        .collect()
}

#[test]
fn a_schema_may_set_the_code_of_its_violations() {
    let name = json!({ "type": "string", "minLength": 3, "maxLength": 5, "pattern": "^a", "x-openmail-mock-error": "bad_name" });
    let schema = json!({ "type": "object", "properties": { "name": name } });
    for value in ["aa", "aaaaaa", "bbb"] {
        assert_eq!(
            codes(schema.clone(), json!({ "name": value })),
            [Some("bad_name".to_owned())],
            "{value}"
        );
    }
}

#[test]
fn the_code_of_a_schema_does_not_speak_of_wrong_types() {
    let name = json!({ "type": "string", "x-openmail-mock-error": "bad_name" });
    let schema = json!({ "type": "object", "properties": { "name": name } });
    assert_eq!(codes(schema, json!({ "name": 5 })), [None]);
}

#[test]
fn the_code_of_a_schema_speaks_of_bounds_fields_and_composition_too() {
    let code = "x-openmail-mock-error";
    let cases = [
        (
            json!({ "minimum": 1, "exclusiveMinimum": true, code: "c" }),
            json!(1),
        ),
        (json!({ "required": ["a"], code: "c" }), json!({})),
        (
            json!({ "additionalProperties": false, code: "c" }),
            json!({ "a": 1 }),
        ),
        (
            json!({ "oneOf": [{ "type": "string" }], code: "c" }),
            json!(1),
        ),
        (
            json!({ "not": { "type": "string" }, code: "c" }),
            json!("x"),
        ),
    ];
    for (schema, body) in cases {
        assert_eq!(
            codes(schema.clone(), body),
            [Some("c".to_owned())],
            "{schema}"
        );
    }
}

#[test]
fn a_schema_may_set_the_words_of_its_violations() {
    let schema = json!({ "not": {}, "x-openmail-mock-message": "leave it out" });
    let violations = sending(&one_schema(schema, json!({})), &json!(1));
    assert_eq!(violations[0].message, "leave it out");
}

#[test]
fn equal_schemas_report_each_at_its_own_place() {
    let contract = one_schema(json!({ "type": "string" }), json!({}));
    assert!(sending(&contract, &json!(1))[0].spec.starts_with(SPEC));
    assert!(
        answering(&contract, &json!(1))[0]
            .spec
            .contains("/responses/200/")
    );
}

#[test]
fn a_body_too_large_for_a_list_says_that_more_may_be_wrong() {
    let contract = one_schema(
        json!({ "type": "array", "items": { "type": "string" } }),
        json!({}),
    );
    let violations = sending(&contract, &json!(vec![1; 60_000]));
    assert_eq!(rules(&violations), ["type /0"]);
    let hint = violations[0].hint.as_deref();
    assert_eq!(
        hint,
        Some("more may be wrong: of a body this large only the first violation is told")
    );
}
