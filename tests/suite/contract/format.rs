//! Component schemas without operations: what files are held against, and what editors are given.

use openmail_mock::contract::{Broken, Fault, Format, In, MAX_VIOLATIONS, Side, Tape};
use serde_json::{Value, json};

use super::{document, one_schema, sending};

/// A format of these component schemas. Its text lives as long as the test does.
#[track_caller]
fn format(schemas: Value) -> Format {
    match load(&document(json!({}), schemas)) {
        Ok(format) => format,
        Err(faults) => panic!("the format has faults: {faults:#?}"),
    }
}

fn load(document: &Value) -> Result<Format, Vec<Fault>> {
    Format::load_built_in(document.to_string().leak())
}

/// A format whose component `Thing` is this schema.
#[track_caller]
fn thing(schema: Value) -> Format {
    format(json!({ "Thing": schema }))
}

fn check(format: &Format, value: Value, most: usize) -> Broken {
    let tape = Tape::from_value(value);
    format.check("Thing", tape.root(), most)
}

fn shelf() -> Value {
    json!({
        "Thing": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": false,
            "properties": {
                "name": { "type": "string" },
                "books": { "type": "array", "items": { "$ref": "#/components/schemas/Book" } },
            },
        },
        "Book": { "type": "object", "properties": { "pages": { "type": "integer", "minimum": 1 } } },
    })
}

#[test]
fn a_value_that_keeps_to_its_component_breaks_nothing() {
    let value = json!({ "name": "n", "books": [{ "pages": 1 }] });
    assert_eq!(check(&format(shelf()), value, 10), Broken::default());
}

#[test]
fn a_value_is_held_against_the_component_of_that_name() {
    let format = format(shelf());
    let tape = Tape::from_value(json!({ "pages": 3 }));
    let verdicts = ["Book", "Thing"].map(|name| format.is_valid(name, tape.root()));
    assert_eq!(verdicts, [true, false]);
}

#[test]
fn violations_point_into_the_formats_document() {
    let value = json!({ "name": "n", "books": [{}, { "pages": 0 }] });
    let broken = check(&format(shelf()), value, 10);
    let told: Vec<_> = broken.violations.iter().collect();
    assert_eq!(
        (told[0].pointer.as_str(), told[0].spec.as_str()),
        (
            "/books/1/pages",
            "#/components/schemas/Book/properties/pages/minimum"
        )
    );
}

#[test]
fn violations_are_those_of_a_request_with_that_body() {
    let reference = json!({ "$ref": "#/components/schemas/Thing" });
    let contract = one_schema(reference, shelf());
    let value = json!({ "nmae": "n", "books": [{ "pages": "x" }, 3] });
    let broken = check(&format(shelf()), value.clone(), 10);
    assert_eq!(broken.violations, sending(&contract, &value));
}

#[test]
fn an_unknown_field_comes_with_the_nearest_spelling() {
    let broken = check(&format(shelf()), json!({ "name": "n", "boks": [] }), 10);
    let hint = broken.violations[0].hint.as_deref();
    assert_eq!(hint, Some("did you mean `books`?"));
}

#[test]
fn a_violation_of_the_whole_speaks_of_a_document() {
    let broken = check(&format(shelf()), json!([]), 10);
    let only = &broken.violations[0];
    assert_eq!(only.message, "the document must be an object, not an array");
}

#[test]
fn a_violation_stands_on_the_side_and_in_the_place_of_a_request_body() {
    let broken = check(&format(shelf()), json!([]), 10);
    let only = &broken.violations[0];
    assert_eq!((only.side, only.place), (Side::Request, In::Body));
}

#[test]
fn the_documents_own_words_are_used() {
    let own = json!({ "type": "string", "maxLength": 1, "x-openmail-mock-message": "one letter" });
    let broken = check(&thing(own), json!("xx"), 10);
    assert_eq!(broken.violations[0].message, "one letter");
}

#[test]
fn violations_beyond_the_bound_are_counted() {
    let numbers = json!({ "type": "array", "items": { "type": "string" } });
    let broken = check(&thing(numbers), json!(vec![1; 50]), 7);
    assert_eq!((broken.violations.len(), broken.rest), (7, 43));
}

#[test]
fn no_violation_described_leaves_all_counted() {
    let numbers = json!({ "type": "array", "items": { "type": "string" } });
    let broken = check(&thing(numbers), json!([1, 2, 3]), 0);
    assert_eq!((broken.violations.len(), broken.rest), (0, 3));
}

#[test]
fn more_violations_than_a_request_lists_may_be_asked_for() {
    let numbers = json!({ "type": "array", "items": { "type": "string" } });
    let broken = check(&thing(numbers), json!(vec![1; 100]), usize::MAX);
    assert!(broken.violations.len() > 2 * MAX_VIOLATIONS);
    assert_eq!((broken.violations.len(), broken.rest), (100, 0));
}

/// A request of this size is told its first violation only.
#[test]
fn a_large_document_is_told_all_its_violations() {
    let numbers = json!({ "type": "array", "items": { "type": "string" } });
    let mut items = vec![json!("x"); 60_000];
    items[10] = json!(1);
    items[59_999] = json!(2);
    let broken = check(&thing(numbers), Value::Array(items), 10);
    let pointers: Vec<&str> = broken
        .violations
        .iter()
        .map(|one| one.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/10", "/59999"]);
    assert!(broken.violations.iter().all(|one| one.hint.is_none()));
}

#[test]
fn long_pointers_do_not_shorten_the_list() {
    let numbers = json!({ "type": "object", "additionalProperties": { "type": "array", "items": { "type": "string" } } });
    let broken = check(
        &thing(numbers),
        json!({ "n".repeat(9_000): vec![1; 60] }),
        60,
    );
    assert_eq!((broken.violations.len(), broken.rest), (60, 0));
}

#[test]
fn a_keyword_that_is_not_enforced_is_a_fault_with_its_place() {
    let text = "{\n\"openapi\": \"3.0.3\", \"info\": {}, \"paths\": {},\n\"components\": { \"schemas\": { \"Thing\": { \"maxLenght\": 1 } } } }";
    let faults = Format::load_built_in(text).err().expect("a fault");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(
        told[0].starts_with("3:54: /components/schemas/Thing/maxLenght: "),
        "{told:?}"
    );
}

#[test]
fn a_document_of_another_version_is_a_fault() {
    let faults = Format::load_built_in(r#"{ "openapi": "3.1.0" }"#).err();
    assert_eq!(faults.expect("a fault")[0].pointer, "/openapi");
}

#[test]
fn a_sound_format_compiles_whole() {
    let sound = format(shelf());
    assert_eq!(sound.compile_all(), Ok(()));
}

/// The component `Thing` as editors get it, which must be a JSON Schema of draft 7.
#[track_caller]
fn exported(format: &Format) -> Value {
    let schema = format.json_schema("Thing");
    assert!(jsonschema::draft7::meta::is_valid(&schema), "{schema}");
    schema
}

/// What editors say of these values must be what the format says.
#[track_caller]
fn agrees(schemas: Value, values: impl IntoIterator<Item = Value>) {
    let format = format(schemas);
    let schema = exported(&format);
    let editor = jsonschema::draft7::new(&schema).expect("a schema of draft 7");
    let mut verdicts = Vec::new();
    for value in values {
        let tape = Tape::from_value(value.clone());
        let verdict = format.is_valid("Thing", tape.root());
        assert_eq!(editor.is_valid(&value), verdict, "{value} and {schema}");
        verdicts.push(verdict);
    }
    assert!(
        verdicts.contains(&true) && verdicts.contains(&false),
        "the values do not tell the two apart: {verdicts:?}"
    );
}

#[test]
fn an_exported_schema_says_what_it_is_first() {
    let schema = json!({ "type": "string", "description": "d", "x-note": 1, "title": "t" });
    let text = exported(&thing(schema)).to_string();
    assert_eq!(
        text,
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","title":"t","description":"d","type":"string"}"#
    );
}

#[test]
fn annotations_are_exported_at_every_depth() {
    let inner = json!({ "type": "integer", "default": 3, "example": 4, "title": "n" });
    let schema = exported(&thing(json!({ "properties": { "a": inner } })));
    assert_eq!(
        schema["properties"]["a"].to_string(),
        r#"{"title":"n","type":"integer","default":3,"examples":[4]}"#
    );
}

#[test]
fn extensions_are_not_exported() {
    let own = json!({ "maxLength": 1, "x-openmail-mock-message": "m", "x-openmail-mock-error": "e", "x-y": {} });
    let schema = exported(&thing(own));
    assert_eq!(
        schema,
        json!({ "$schema": "http://json-schema.org/draft-07/schema#", "maxLength": 1 })
    );
}

#[test]
fn components_that_are_reached_are_exported_as_definitions() {
    let schemas = json!({
        "Thing": { "properties": { "a": { "$ref": "#/components/schemas/A" } } },
        "A": { "items": { "$ref": "#/components/schemas/B" } },
        "B": { "type": "string" },
        "Unreached": { "type": "integer" },
    });
    let schema = exported(&format(schemas));
    assert_eq!(
        json!([schema["properties"], schema["definitions"]]),
        json!([
            { "a": { "$ref": "#/definitions/A" } },
            { "A": { "items": { "$ref": "#/definitions/B" } }, "B": { "type": "string" } },
        ])
    );
}

#[test]
fn what_is_said_beside_a_reference_is_exported_beside_it() {
    let schemas = json!({
        "Thing": { "properties": { "a": { "$ref": "#/components/schemas/A", "description": "d" } } },
        "A": { "type": "string" },
    });
    let schema = exported(&format(schemas));
    assert_eq!(
        schema["properties"]["a"],
        json!({ "description": "d", "$ref": "#/definitions/A" })
    );
}

#[test]
fn a_schema_that_contains_itself_is_exported_with_a_reference_to_the_whole() {
    let schemas = json!({ "Thing": {
        "type": "object",
        "additionalProperties": false,
        "properties": { "next": { "$ref": "#/components/schemas/Thing" } },
    } });
    let reference = exported(&format(schemas.clone()))["properties"]["next"].clone();
    assert_eq!(reference, json!({ "$ref": "#" }));
    agrees(
        schemas,
        [
            json!({ "next": { "next": {} } }),
            json!({ "next": { "next": { "x": 1 } } }),
        ],
    );
}

#[test]
fn references_into_schemas_and_odd_names_are_exported() {
    let schemas = json!({
        "Thing": {
            "type": "object",
            "properties": {
                "a": { "$ref": "#/components/schemas/A.b-c/properties/x%20y~1z" },
                "b": { "$ref": "#/components/schemas/Thing/properties/c" },
                "c": { "type": "integer" },
                "$ref": { "enum": [{ "$ref": "#/components/schemas/Thing" }] },
            },
        },
        "A.b-c": { "properties": { "x y/z": { "type": "string" } } },
    });
    agrees(
        schemas,
        [
            json!({ "a": "x", "b": 1 }),
            json!({ "a": 1 }),
            json!({ "b": "x" }),
            json!({ "$ref": { "$ref": "#/components/schemas/Thing" } }),
            json!({ "$ref": { "$ref": "#" } }),
        ],
    );
}

#[test]
fn a_component_that_is_only_a_reference_is_exported_as_what_it_refers_to() {
    let schemas = json!({
        "Thing": { "$ref": "#/components/schemas/A" },
        "A": { "type": "array", "items": { "$ref": "#/components/schemas/A" } },
    });
    agrees(schemas, [json!([[], [[]]]), json!([[1]])]);
}

#[test]
fn nullable_is_exported_as_a_type_beside_null() {
    let schema = json!({ "type": "string", "nullable": true });
    assert_eq!(
        exported(&thing(schema.clone()))["type"],
        json!(["string", "null"])
    );
    agrees(
        json!({ "Thing": schema }),
        [json!("x"), Value::Null, json!(1)],
    );
}

/// The engine reads OpenAPI 3.0.3 as its clarification does: an `enum` names null itself.
#[test]
fn an_exported_enum_admits_null_where_the_engine_does() {
    let values = || [json!("a"), Value::Null, json!("b")];
    let without = json!({ "type": "string", "nullable": true, "enum": ["a"] });
    agrees(json!({ "Thing": without }), values());
    let with = json!({ "type": "string", "nullable": true, "enum": ["a", null] });
    agrees(json!({ "Thing": with }), values());
}

#[test]
fn exclusive_bounds_are_exported_as_numbers() {
    let schema = json!({
        "type": "number",
        "minimum": 1, "exclusiveMinimum": true,
        "maximum": 3, "exclusiveMaximum": false,
    });
    agrees(
        json!({ "Thing": schema }),
        [json!(1), json!(2), json!(3), json!(4)],
    );
}

#[test]
fn composition_is_exported() {
    let schemas = json!({
        "Thing": {
            "allOf": [
                { "required": ["kind"], "properties": { "kind": { "type": "string" } } },
                { "oneOf": [{ "$ref": "#/components/schemas/A" }, { "$ref": "#/components/schemas/B" }] },
                { "anyOf": [{ "minProperties": 2 }, { "not": { "required": ["x"] } }] },
            ],
        },
        "A": { "properties": { "kind": { "enum": ["a"] } } },
        "B": { "required": ["x"], "properties": { "kind": { "enum": ["b"] } } },
    });
    agrees(
        schemas,
        [
            json!({ "kind": "a" }),
            json!({ "kind": "b" }),
            json!({ "kind": "b", "x": 1 }),
            json!({ "kind": 1 }),
            json!({}),
        ],
    );
}

#[test]
fn a_read_only_property_is_exported_as_one_that_must_not_be_there() {
    let schema = json!({
        "type": "object",
        "required": ["id", "name"],
        "properties": { "id": { "type": "string", "readOnly": true }, "name": { "type": "string" } },
    });
    agrees(
        json!({ "Thing": schema }),
        [json!({ "name": "n" }), json!({ "id": "i", "name": "n" })],
    );
}

#[test]
fn all_other_keywords_are_exported() {
    let schema = json!({
        "type": "object",
        "maxProperties": 2,
        "properties": {
            "n": { "type": "number", "multipleOf": 0.5 },
            "s": { "type": "string", "minLength": 2, "maxLength": 3, "pattern": "^x" },
            "l": { "type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true, "items": {} },
        },
        "additionalProperties": { "type": "boolean" },
    });
    agrees(
        json!({ "Thing": schema }),
        [
            json!({ "n": 1.5, "s": "xy" }),
            json!({ "n": 1.2 }),
            json!({ "s": "x" }),
            json!({ "s": "xyzz" }),
            json!({ "s": "yy" }),
            json!({ "l": [] }),
            json!({ "l": [1, 1] }),
            json!({ "l": [1, 2, 3] }),
            json!({ "other": true }),
            json!({ "other": 1 }),
            json!({ "a": true, "b": true, "c": true }),
        ],
    );
}

#[test]
fn an_exported_schema_is_the_same_each_time() {
    let text = |schemas| format(schemas).json_schema("Thing").to_string();
    assert_eq!(text(shelf()), text(shelf()));
}
