//! Documents that cannot be served exactly: each fault with its pointer and line.

use openmail_mock::contract::Contract;
use serde_json::{Value, json};

use super::{document, faults, load, load_text};

/// One fault is found, and this is how it reads.
#[track_caller]
fn refused(text: &str, expected: &str) {
    assert_eq!(faults(text), [expected]);
}

/// A document whose one component schema stands alone on line 5, from column 28 on.
fn with_schema(schema: &str) -> String {
    format!(
        r##"{{
  "openapi": "3.0.3",
  "info": {{ "title": "T", "version": "1" }},
  "paths": {{}},
  "components": {{ "schemas": {{ "Thing": {schema} }} }}
}}"##
    )
}

/// A document whose one operation, `GET /a/{id}` with its `id`, has these further members.
fn with_operation(members: &str) -> String {
    format!(
        r##"{{
  "openapi": "3.0.3",
  "info": {{ "title": "T", "version": "1" }},
  "paths": {{ "/a/{{id}}": {{ "get": {{
    {members}
    "responses": {{ "200": {{ "description": "" }} }}
  }} }} }}
}}"##
    )
}

const ID: &str = r#"{ "name": "id", "in": "path", "required": true, "schema": {} }"#;

#[test]
fn text_that_is_no_json_is_refused_at_its_line() {
    let text = "{\n  \"openapi\": \"3.0.3\",\n  \"info\": nope\n}";
    refused(text, "3:12: not read as JSON: expected ident");
}

#[test]
fn a_member_that_stands_twice_is_refused_where_it_stands_again() {
    let text = "{\n  \"openapi\": \"3.0.3\",\n  \"paths\": {},\n  \"paths\": {}\n}";
    refused(
        text,
        "4:3: /paths: not read as JSON: `/paths` stands twice in the same object",
    );
}

#[test]
fn another_version_of_openapi_is_refused() {
    let text = "{\n  \"openapi\": \"3.1.0\"\n}";
    refused(
        text,
        "2:14: /openapi: this is OpenAPI 3.1.0; documents of OpenAPI 3.0 are served: convert it to OpenAPI 3.0",
    );
}

#[test]
fn json_that_is_no_openapi_document_is_refused() {
    refused(
        "{ \"swagger-ui\": \"2.0\" }",
        "1:1: /openapi: not an OpenAPI document: `openapi` with a version such as `3.0.3` is missing",
    );
}

#[test]
fn error_codes_of_an_answer_are_a_list_of_texts() {
    let document = |codes: &str| {
        format!(
            r#"{{
  "openapi": "3.0.3", "info": {{ "title": "T", "version": "1" }},
  "paths": {{ "/t": {{ "get": {{ "responses": {{ "404": {{ "description": "d",
    "x-openmail-mock-errors": {codes} }} }} }} }} }}
}}"#
        )
    };
    for codes in [r#""not_found""#, r#"["not_found", 7]"#, "null", "{}"] {
        refused(
            &document(codes),
            "4:31: /paths/~1t/get/responses/404/x-openmail-mock-errors: a list of error codes, which are strings, is expected",
        );
    }
    let contract = load_text(&document(r#"["not_found", "gone"]"#));
    let answer = &contract.operations[0].answers[0];
    assert_eq!(*answer.errors, ["not_found", "gone"]);
}

#[test]
fn a_document_that_lacks_what_openapi_requires_is_refused() {
    refused(
        "{ \"openapi\": \"3.0.3\", \"paths\": {} }",
        "1:1: not OpenAPI 3.0: missing field `info`",
    );
}

#[test]
fn an_unknown_keyword_is_refused_with_the_nearest_spelling() {
    refused(
        &with_schema(r#"{ "maxLenght": 3 }"#),
        "5:56: /components/schemas/Thing/maxLenght: `maxLenght` is a schema keyword that this engine does not enforce; did you mean `maxLength`?",
    );
}

#[test]
fn a_keyword_of_later_versions_is_refused() {
    let found = faults(&with_schema(r#"{ "patternProperties": {} }"#));
    assert!(
        found[0].starts_with("5:64: /components/schemas/Thing/patternProperties:"),
        "{found:?}"
    );
}

#[test]
fn a_pattern_with_look_around_is_refused() {
    refused(
        &with_schema(r#"{ "pattern": "^(?!a)" }"#),
        "5:54: /components/schemas/Thing/pattern: \"^(?!a)\" is no pattern for the linear regular expression engine, which has no look-around and no back-references",
    );
}

#[test]
fn keywords_with_a_value_of_the_wrong_form_are_refused() {
    let cases = [
        (
            r#"{ "maxLength": -1 }"#,
            "`maxLength` must be a whole number, 0 or more",
        ),
        (r#"{ "maximum": "9" }"#, "`maximum` must be a number"),
        (
            r#"{ "exclusiveMinimum": 3 }"#,
            "`exclusiveMinimum` must be `true` or `false`",
        ),
        (
            r#"{ "required": true }"#,
            "`required` must be a list of property names",
        ),
        (
            r#"{ "enum": {} }"#,
            "`enum` must be a list of one value or more",
        ),
        (
            r#"{ "enum": [] }"#,
            "`enum` must be a list of one value or more",
        ),
        (
            r#"{ "multipleOf": 0 }"#,
            "`multipleOf` must be a number above 0",
        ),
        (
            r#"{ "type": ["string", "null"] }"#,
            "`type` must be one of `string`, `number`, `integer`, `boolean`, `array`, `object`; for null, add `nullable: true`",
        ),
        (
            r#"{ "items": [] }"#,
            "a schema is an object; OpenAPI 3.0 has no boolean schemas",
        ),
        (
            r#"{ "not": true }"#,
            "a schema is an object; OpenAPI 3.0 has no boolean schemas",
        ),
        (
            r#"{ "allOf": {} }"#,
            "`allOf` must be a list of one schema or more",
        ),
        (
            r#"{ "oneOf": [] }"#,
            "`oneOf` must be a list of one schema or more",
        ),
        (
            r#"{ "additionalProperties": 1 }"#,
            "`additionalProperties` must be `true`, `false` or a schema",
        ),
    ];
    for (schema, message) in cases {
        let found = faults(&with_schema(schema));
        assert!(
            found.len() == 1 && found[0].ends_with(message),
            "{schema}: {found:?}"
        );
    }
}

#[test]
fn a_reference_to_nothing_is_refused_with_the_nearest_name() {
    refused(
        &with_schema(r##"{ "$ref": "#/components/schemas/Thin" }"##),
        "5:51: /components/schemas/Thing/$ref: `#/components/schemas/Thin` points to nothing in this document; did you mean `Thing`?",
    );
}

#[test]
fn a_circle_of_references_is_refused() {
    refused(
        &with_schema(r##"{ "$ref": "#/components/schemas/Thing" }"##),
        "5:51: /components/schemas/Thing/$ref: `#/components/schemas/Thing` refers to itself in a circle",
    );
}

#[test]
fn a_schema_that_is_part_of_itself_is_refused() {
    refused(
        &with_schema(
            r##"{ "type": "object", "allOf": [ { "$ref": "#/components/schemas/Thing" } ] }"##,
        ),
        "5:41: /components/schemas/Thing: this schema contains itself through `allOf`, `anyOf`, `oneOf` or `not`, so that no value ever satisfies or breaks it",
    );
}

#[test]
fn a_reference_to_another_file_is_refused() {
    refused(
        &with_schema(r#"{ "$ref": "other.json" }"#),
        "5:51: /components/schemas/Thing/$ref: `other.json` cannot be resolved: only references within this document are; bundle it first",
    );
}

#[test]
fn references_resolve_wherever_openapi_allows_one() {
    let thing = json!({ "$ref": "#/components/schemas/Thing" });
    let content = json!({ "application/json": {
        "schema": thing, "examples": { "one": { "$ref": "#/components/examples/One" } },
    } });
    let mut whole = document(
        json!({
            "/a/{id}": { "$ref": "#/paths/~1b~1{id}" },
            "/b/{id}": {
                "parameters": [ { "$ref": "#/components/parameters/Id" } ],
                "put": {
                    "requestBody": { "$ref": "#/components/requestBodies/Thing" },
                    "responses": { "200": { "$ref": "#/components/responses/Thing" } },
                    "callbacks": { "done": { "$ref": "#/components/callbacks/Done" } },
                },
            },
        }),
        json!({ "Thing": { "type": "object", "properties": { "self": thing } } }),
    );
    let more = json!({
        "parameters": { "Id": { "name": "id", "in": "path", "required": true, "schema": thing } },
        "examples": { "One": { "value": {} } },
        "requestBodies": { "Thing": { "content": content } },
        "headers": { "Count": { "schema": thing } },
        "links": { "Self": { "operationId": "x" } },
        "callbacks": { "Done": { "{$url}": { "post": { "responses": { "200": { "description": "" } } } } } },
        "responses": { "Thing": {
            "description": "",
            "content": content,
            "headers": { "X-Count": { "$ref": "#/components/headers/Count" } },
            "links": { "self": { "$ref": "#/components/links/Self" } },
        } },
    });
    for (name, value) in more.as_object().expect("an object") {
        whole["components"][name] = value.clone();
    }
    // The two paths share one item, so only the operation without an id can stand in both.
    assert_eq!(load(&whole).operations.len(), 2);
}

#[test]
fn siblings_of_a_reference_are_ignored_and_noted() {
    let text = with_schema(
        r##"{ "properties": { "a": { "$ref": "#/components/schemas/Thing", "maxLength": 1, "description": "fine" } } }"##,
    );
    let contract = Contract::load(text).expect("siblings are no fault");
    let notes: Vec<String> = contract.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "5:64: /components/schemas/Thing/properties/a: `maxLength` beside `$ref` is ignored, as OpenAPI 3.0 rules; put both into an `allOf`"
        ]
    );
}

#[test]
fn unknown_formats_and_idle_nullables_are_noted() {
    let text = with_schema(r#"{ "nullable": true, "format": "phone" }"#);
    let contract = Contract::load(text).expect("annotations are no fault");
    let notes: Vec<&str> = contract
        .notes
        .iter()
        .map(|note| note.message.as_str())
        .collect();
    assert_eq!(
        notes,
        [
            "format `phone` is an annotation, not checked",
            "`nullable` has no effect without `type` in the same schema (OpenAPI 3.0.3)",
        ]
    );
}

#[test]
fn an_operation_id_used_twice_is_refused() {
    let text = r#"{
  "openapi": "3.0.3",
  "info": { "title": "T", "version": "1" },
  "paths": {
    "/a": { "get": { "operationId": "x", "responses": { "200": { "description": "" } } } },
    "/b": { "get": { "operationId": "x", "responses": { "200": { "description": "" } } } }
  }
}"#;
    refused(
        text,
        "6:37: /paths/~1b/get/operationId: operationId `x` is used twice, first at /paths/~1a/get",
    );
}

#[test]
fn two_operations_on_one_route_are_refused_whatever_their_parameters_are_called() {
    let text = r#"{
  "openapi": "3.0.3",
  "info": { "title": "T", "version": "1" },
  "paths": {
    "/a/{x}": { "get": { "responses": { "200": { "description": "" } },
      "parameters": [ { "name": "x", "in": "path", "required": true, "schema": {} } ] } },
    "/a/{y}": { "get": { "responses": { "200": { "description": "" } },
      "parameters": [ { "name": "y", "in": "path", "required": true, "schema": {} } ] } }
  }
}"#;
    refused(
        text,
        "7:24: /paths/~1a~1{y}/get: GET /a/{y} is the same route as GET /a/{x} at /paths/~1a~1{x}/get",
    );
}

#[test]
fn templates_that_are_none_are_refused() {
    let cases = [
        ("/a/{x", "`{` without `}`"),
        ("/a/{}", "a parameter without a name"),
        ("/a/{x}/{x}", "a parameter stands twice"),
        ("/a/{x}{y}", "two parameters with nothing between them"),
        ("a", "a path starts with `/`"),
    ];
    for (template, message) in cases {
        let operation = json!({ "responses": { "200": { "description": "" } } });
        let text = document(json!({ template: { "get": operation } }), json!({})).to_string();
        let found = faults(&text);
        assert!(
            found.len() == 1 && found[0].ends_with(message),
            "{template}: {found:?}"
        );
    }
}

#[test]
fn parameters_that_cannot_be_served_are_refused() {
    let cases = [
        (
            String::new(),
            "`{id}` in /a/{id} has no path parameter that declares it",
        ),
        (format!("{ID}, {ID}"), "parameter `id` is declared twice"),
        (
            format!(r#"{ID}, {{ "name": "no", "in": "path", "required": true, "schema": {{}} }}"#),
            "path parameter `no` does not stand in /a/{id}",
        ),
        (
            r#"{ "name": "id", "in": "path", "required": true, "style": "matrix", "schema": {} }"#
                .to_owned(),
            "parameters of the styles `matrix` and `label` are not read by this engine",
        ),
        (
            r#"{ "name": "id", "in": "path", "schema": {} }"#.to_owned(),
            "a path parameter must have `required: true`",
        ),
    ];
    for (parameters, message) in cases {
        let text = with_operation(&format!(r#""parameters": [ {parameters} ],"#));
        let found = faults(&text);
        assert!(
            found.len() == 1 && found[0].ends_with(message),
            "{parameters}: {found:?}"
        );
    }
}

#[test]
fn a_parameter_that_is_none_is_refused_where_it_stands() {
    let text = with_operation(&format!(
        r#""parameters": [ {ID}, {{ "name": "x", "in": "body" }} ],"#
    ));
    let found = faults(&text);
    assert!(
        found.len() == 1 && found[0].starts_with("5:85: /paths/~1a~1{id}/get/parameters/1: "),
        "{found:?}"
    );
}

#[test]
fn a_status_that_is_none_is_refused() {
    let text = with_operation(&format!(r#""parameters": [ {ID} ],"#)).replace("\"200\"", "\"2xx\"");
    let found = faults(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("6:27: /paths/~1a~1{id}/get/responses/2xx: "),
        "{found:?}"
    );
}

#[test]
fn a_security_scheme_that_nobody_declares_is_refused_once() {
    let text = r#"{
  "openapi": "3.0.3",
  "info": { "title": "T", "version": "1" },
  "security": [ { "key": [] } ],
  "paths": {
    "/a": { "get": { "responses": { "200": { "description": "" } } } },
    "/b": { "get": { "responses": { "200": { "description": "" } } } }
  }
}"#;
    refused(
        text,
        "4:26: /security/0/key: security scheme `key` is not declared",
    );
}

#[test]
fn all_faults_are_reported_at_once_in_the_order_of_their_lines() {
    let text = r##"{
  "openapi": "3.0.3",
  "info": { "title": "T", "version": "1" },
  "components": { "schemas": {
    "A": { "maxLen": 3 },
    "B": { "$ref": "#/components/schemas/C" }
  } },
  "paths": {
    "/a": { "get": { "operationId": "x", "responses": { "200": { "description": "" } } } },
    "/b/{id}": { "get": { "operationId": "x", "responses": { "200": { "description": "" } } } }
  }
}"##;
    let found = faults(text);
    let places: Vec<&str> = found
        .iter()
        .filter_map(|fault| fault.split(": ").nth(1))
        .collect();
    assert_eq!(
        places,
        [
            "/components/schemas/A/maxLen",
            "/components/schemas/B/$ref",
            "/paths/~1b~1{id}/get",
            "/paths/~1b~1{id}/get/operationId",
        ]
    );
}

#[test]
fn names_with_slashes_and_tildes_are_found_by_their_pointers() {
    let text = with_schema(r#"{ "properties": { "a/b~c": { "type": "text" } } }"#);
    let found = faults(&text);
    assert!(
        found[0].starts_with("5:78: /components/schemas/Thing/properties/a~1b~0c/type: "),
        "{found:?}"
    );
}

#[test]
fn a_property_may_be_called_like_a_keyword() {
    let schema = json!({ "type": "object", "properties": {
        "$ref": { "type": "string" }, "type": { "type": "string" }, "required": { "type": "string" },
    } });
    let contract = super::one_schema(schema, json!({}));
    let body: Value = json!({ "$ref": 1, "type": 1, "required": 1 });
    assert_eq!(
        super::rules(&super::sending(&contract, &body)),
        ["type /$ref", "type /type", "type /required"]
    );
}

#[test]
fn the_built_in_documents_are_taken_as_strangers_documents_are() {
    for document in [
        openmail_mock::api::DOCUMENT,
        &openmail_mock::control::DOCUMENT,
    ] {
        let loaded = Contract::load(document.to_owned());
        assert!(loaded.is_ok(), "{:?}", loaded.err());
    }
}

#[test]
fn both_built_in_documents_compile_whole() {
    let api = openmail_mock::api::built_in_contract().expect("no faults");
    let control = Contract::load_built_in(&openmail_mock::control::DOCUMENT).expect("no faults");
    assert_eq!((api.compile_all(), control.compile_all()), (Ok(()), Ok(())));
}

#[test]
fn the_built_in_documents_load_as_a_strangers_would() {
    for text in [
        openmail_mock::api::DOCUMENT,
        &openmail_mock::control::DOCUMENT,
    ] {
        assert!(Contract::load(text.to_owned()).is_ok());
    }
}

#[test]
fn a_schema_that_values_must_keep_to_as_well_has_to_exist() {
    let also = r##"{ "type": "string", "x-openmail-mock-also": "#/components/schemas/Thong" }"##;
    let found = faults(&with_schema(also));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("Thong"), "{found:?}");
}
