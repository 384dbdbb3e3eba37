//! Each trait of OpenAPI 3.0's schema dialect, in both directions.

use serde_json::{Value, json};

use super::{answering, one_schema, rules, sending};

/// Judges `value` as a request and as an answer, which agree unless read-only or write-only.
#[track_caller]
fn holds(schema: Value, value: Value) -> bool {
    let contract = one_schema(schema, json!({}));
    let sent = sending(&contract, &value);
    let answered = answering(&contract, &value);
    assert_eq!(rules(&sent), rules(&answered));
    sent.is_empty()
}

#[test]
fn nullable_admits_null_beside_a_type() {
    assert!(holds(
        json!({ "type": "string", "nullable": true }),
        Value::Null
    ));
}

#[test]
fn null_is_refused_where_nothing_admits_it() {
    assert!(!holds(json!({ "type": "string" }), Value::Null));
}

#[test]
fn nullable_false_admits_no_null() {
    assert!(!holds(
        json!({ "type": "string", "nullable": false }),
        Value::Null
    ));
}

#[test]
fn a_nullable_enum_without_null_admits_no_null() {
    let schema = json!({ "type": "string", "nullable": true, "enum": ["a"] });
    assert!(!holds(schema, Value::Null));
}

#[test]
fn exclusive_bounds_are_flags_beside_the_bounds() {
    let open = json!({ "type": "number", "minimum": 1, "exclusiveMinimum": true, "maximum": 3, "exclusiveMaximum": true });
    let closed = json!({ "type": "number", "minimum": 1, "exclusiveMinimum": false, "maximum": 3 });
    let judged = [1, 2, 3].map(|n| {
        (
            holds(open.clone(), json!(n)),
            holds(closed.clone(), json!(n)),
        )
    });
    assert_eq!(judged, [(false, true), (true, true), (false, true)]);
}

#[test]
fn an_exclusive_flag_without_its_bound_says_nothing() {
    assert!(holds(
        json!({ "type": "number", "exclusiveMinimum": true }),
        json!(-5)
    ));
}

#[test]
fn all_of_stands_beside_properties() {
    let schema = json!({
        "type": "object",
        "properties": { "a": { "type": "string" } },
        "allOf": [ { "required": ["a"] }, { "properties": { "b": { "type": "integer" } } } ],
    });
    let contract = one_schema(schema, json!({}));
    assert_eq!(
        rules(&sending(&contract, &json!({ "b": "x" }))),
        ["required /a", "type /b"]
    );
}

#[test]
fn siblings_of_a_reference_say_nothing() {
    let schemas = json!({ "Text": { "type": "string" } });
    let schema = json!({ "$ref": "#/components/schemas/Text", "maxLength": 1, "nullable": true });
    let contract = one_schema(schema, schemas);
    assert_eq!(sending(&contract, &json!("longer")), []);
    assert_eq!(rules(&sending(&contract, &Value::Null)), ["type "]);
}

#[test]
fn schemas_may_contain_themselves() {
    let schemas = json!({ "Node": {
        "type": "object",
        "properties": { "next": { "$ref": "#/components/schemas/Node" }, "n": { "type": "integer" } },
    } });
    let contract = one_schema(json!({ "$ref": "#/components/schemas/Node" }), schemas);
    let body = json!({ "next": { "next": { "n": "x" } } });
    assert_eq!(rules(&sending(&contract, &body)), ["type /next/next/n"]);
}

#[test]
fn a_reference_may_lead_into_another_schema() {
    let schemas =
        json!({ "A": { "type": "object", "properties": { "a b/c%": { "maxLength": 1 } } } });
    let schema = json!({ "$ref": "#/components/schemas/A/properties/a%20b~1c%25" });
    let contract = one_schema(schema, schemas);
    assert_eq!(rules(&sending(&contract, &json!("xx"))), ["maxLength "]);
}

fn account() -> Value {
    json!({
        "type": "object",
        "required": ["id", "name", "password"],
        "properties": {
            "id": { "type": "string", "readOnly": true },
            "name": { "type": "string" },
            "password": { "type": "string", "writeOnly": true },
        },
    })
}

#[test]
fn a_request_needs_no_read_only_property_though_it_is_required() {
    let contract = one_schema(account(), json!({}));
    assert_eq!(
        sending(&contract, &json!({ "name": "n", "password": "p" })),
        []
    );
}

#[test]
fn a_request_with_a_read_only_property_is_refused() {
    let contract = one_schema(account(), json!({}));
    let body = json!({ "id": "i", "name": "n", "password": "p" });
    assert_eq!(rules(&sending(&contract, &body)), ["readOnly /id"]);
}

#[test]
fn an_answer_needs_no_write_only_property_though_it_is_required() {
    let contract = one_schema(account(), json!({}));
    assert_eq!(answering(&contract, &json!({ "id": "i", "name": "n" })), []);
}

#[test]
fn an_answer_with_a_write_only_property_is_a_breach() {
    let contract = one_schema(account(), json!({}));
    let body = json!({ "id": "i", "name": "n", "password": "p" });
    assert_eq!(rules(&answering(&contract, &body)), ["writeOnly /password"]);
}

#[test]
fn an_answer_still_needs_the_read_only_property() {
    let contract = one_schema(account(), json!({}));
    assert_eq!(
        rules(&answering(&contract, &json!({ "name": "n" }))),
        ["required /id"]
    );
}

#[test]
fn what_is_required_in_one_branch_may_be_read_only_in_another() {
    let schemas = json!({
        "Base": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } },
    });
    let schema = json!({
        "allOf": [ { "$ref": "#/components/schemas/Base" } ],
        "properties": { "id": { "type": "string", "readOnly": true } },
    });
    let contract = one_schema(schema, schemas);
    assert_eq!(sending(&contract, &json!({})), []);
    assert_eq!(rules(&answering(&contract, &json!({}))), ["required /id"]);
}

#[test]
fn a_property_is_read_only_when_its_reference_says_so() {
    let schemas = json!({ "Id": { "type": "string", "readOnly": true } });
    let schema =
        json!({ "type": "object", "properties": { "id": { "$ref": "#/components/schemas/Id" } } });
    let contract = one_schema(schema, schemas);
    assert_eq!(
        rules(&sending(&contract, &json!({ "id": "x" }))),
        ["readOnly /id"]
    );
}

/// For each format a text that has it and one that has not.
const FORMATS: [(&str, &str, &str); 10] = [
    ("email", "a.b+c@example.com", "Ada <ada@example.com>"),
    ("email", "o'neil@example.com", "ada@"),
    (
        "date-time",
        "2026-01-15T09:30:00.5+02:00",
        "2026-01-15 09:30:00",
    ),
    ("date-time", "2026-01-15T09:30:00Z", "2026-02-30T09:30:00Z"),
    ("date", "2026-02-28", "2026-02-29"),
    ("uri", "https://example.com/a?b#c", "/a/b"),
    ("uri", "mailto:a@b.co", "https://exa mple.com"),
    (
        "uuid",
        "6d2e9a70-1c4b-4f83-b5d6-e09a37c8214f",
        "6d2e9a701c4b4f83b5d6e09a37c8214f",
    ),
    ("ipv4", "192.0.2.1", "192.0.2.256"),
    ("byte", "aGk=", "aGk"),
];

#[test]
fn formats_are_held_to() {
    for (format, good, bad) in FORMATS {
        let schema = json!({ "type": "string", "format": format });
        assert!(holds(schema.clone(), json!(good)), "{format}: {good}");
        assert!(!holds(schema, json!(bad)), "{format}: {bad}");
    }
}

#[test]
fn any_text_is_binary() {
    assert!(holds(
        json!({ "type": "string", "format": "binary" }),
        json!("\u{0}é")
    ));
}

#[test]
fn a_format_says_nothing_of_values_that_are_no_text() {
    assert!(holds(json!({ "format": "email" }), json!(5)));
}

#[test]
fn lengths_count_characters_and_not_bytes() {
    let schema = json!({ "type": "string", "minLength": 3, "maxLength": 3 });
    assert!(holds(schema.clone(), json!("äöü")));
    assert!(holds(schema.clone(), json!("😀😀😀")));
    assert!(!holds(schema, json!("😀😀")));
}

#[test]
fn a_pattern_is_looked_for_anywhere() {
    assert!(holds(
        json!({ "type": "string", "pattern": "b+" }),
        json!("abba")
    ));
    assert!(!holds(
        json!({ "type": "string", "pattern": "^b+$" }),
        json!("abba")
    ));
}

#[test]
fn a_whole_number_may_be_written_with_a_fraction_of_zero() {
    assert!(holds(json!({ "type": "integer" }), json!(5.0)));
    assert!(!holds(json!({ "type": "integer" }), json!(5.5)));
}

#[test]
fn equal_numbers_are_the_same_item_however_written() {
    let schema = json!({ "type": "array", "items": {}, "uniqueItems": true });
    assert!(!holds(schema.clone(), json!([1, 1.0])));
    assert!(!holds(
        schema.clone(),
        json!([{ "a": 1, "b": 2 }, { "b": 2, "a": 1 }])
    ));
    assert!(holds(schema, json!([1, true, "1", null, [1]])));
}

#[test]
fn enums_may_hold_any_value() {
    let schema = json!({ "enum": [1, "a", null, { "b": [1, 2] }] });
    assert!(holds(schema.clone(), json!(1.0)));
    assert!(holds(schema.clone(), json!({ "b": [1, 2] })));
    assert!(!holds(schema, json!({ "b": [2, 1] })));
}

#[test]
fn one_of_takes_exactly_one_branch_and_any_of_at_least_one() {
    let branches = json!([{ "type": "integer" }, { "type": "number", "minimum": 10 }]);
    assert!(holds(json!({ "oneOf": branches }), json!(5)));
    assert!(!holds(json!({ "oneOf": branches }), json!(15)));
    assert!(holds(json!({ "anyOf": branches }), json!(15)));
    assert!(!holds(json!({ "anyOf": branches }), json!("x")));
}

#[test]
fn not_refuses_what_it_describes() {
    assert!(!holds(json!({ "not": { "type": "string" } }), json!("x")));
    assert!(holds(json!({ "not": { "type": "string" } }), json!(1)));
}

#[test]
fn additional_properties_may_be_closed_open_or_of_a_schema() {
    let of = |additional: Value| json!({ "type": "object", "properties": { "a": {} }, "additionalProperties": additional });
    let body = json!({ "a": 1, "b": "x" });
    assert!(holds(of(json!(true)), body.clone()));
    assert!(!holds(of(json!(false)), body.clone()));
    assert!(holds(of(json!({ "type": "string" })), body.clone()));
    assert!(!holds(of(json!({ "type": "integer" })), body));
}

#[test]
fn an_example_that_looks_like_a_reference_is_left_alone() {
    let schema = json!({
        "type": "object",
        "example": { "$ref": "#/nowhere" },
        "default": { "$ref": "#/nowhere" },
        "enum": [{ "$ref": "#/nowhere" }],
    });
    assert!(holds(schema, json!({ "$ref": "#/nowhere" })));
}

#[test]
fn a_branch_that_two_branches_share_still_asks_for_the_rest() {
    let base = json!({
        "required": ["id", "name"],
        "properties": { "id": { "type": "string", "readOnly": true }, "name": {} },
    });
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let over_base = json!({ "allOf": [reference("Base")] });
    let schemas = json!({ "Base": base, "Left": over_base, "Right": over_base });
    let both = json!({ "allOf": [reference("Left"), reference("Right")] });
    let contract = one_schema(both, schemas);
    assert_eq!(rules(&sending(&contract, &json!({}))), ["required /name"]);
}
