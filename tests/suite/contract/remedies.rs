//! What a refused document is told to do about it.

use serde_json::{Value, json};

use super::{document, faults};

/// The one fault of a text.
#[track_caller]
fn only(text: &str) -> String {
    let mut found = faults(text);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn with_schema(schema: Value) -> String {
    document(json!({}), json!({ "Thing": schema })).to_string()
}

fn with_parameter(parameter: Value) -> Value {
    let operation = json!({
        "parameters": [parameter],
        "responses": { "200": { "description": "" } },
    });
    document(json!({ "/things": { "get": operation } }), json!({}))
}

#[test]
fn yaml_is_to_be_converted() {
    for text in [
        "openapi: 3.0.3\ninfo: {}\n",
        "---\nopenapi: 3.0.3\n",
        "# ours\nopenapi: 3.0.3\n",
        "\n\"openapi\": 3.0.3\n",
    ] {
        let fault = only(text);
        let told = "documents are read as JSON; convert YAML to JSON first";
        assert!(fault.ends_with(told), "{text:?}: {fault}");
    }
}

#[test]
fn broken_json_is_not_taken_for_yaml() {
    assert!(only("{\n  \"a\": nope }").starts_with("2:9: not read as JSON"));
}

#[test]
fn swagger_is_to_be_converted() {
    assert_eq!(
        only(r#"{ "swagger": "2.0" }"#),
        "1:14: /swagger: this is Swagger 2.0; convert it to OpenAPI 3.0"
    );
}

#[test]
fn an_empty_file_is_refused_at_its_first_column() {
    assert!(
        only("").starts_with("1:1: not read as JSON"),
        "{}",
        only("")
    );
}

#[test]
fn a_parameter_without_schema_is_told_in_our_words() {
    let whole = with_parameter(json!({ "name": "q", "in": "query" }));
    let fault = only(&whole.to_string());
    assert!(
        fault
            .ends_with("/parameters/0: neither `schema` nor `content` stands here; add a `schema`"),
        "{fault}"
    );
}

#[test]
fn a_fault_of_form_is_not_told_beside_another_fault() {
    let mut whole = with_parameter(json!({ "name": "q", "in": "nowhere", "schema": {} }));
    whole["components"]["schemas"]["Thing"] = json!({ "maxLenght": 1 });
    assert!(only(&whole.to_string()).contains("maxLenght"));
}

#[test]
fn a_fault_of_form_alone_is_told() {
    let whole = with_parameter(json!({ "name": "q", "in": "nowhere", "schema": {} }));
    assert!(only(&whole.to_string()).contains("not an OpenAPI 3.0 parameter"));
}

#[test]
fn keywords_of_json_schema_have_a_remedy() {
    for (keyword, remedy) in [
        ("const", "write an `enum` of one element"),
        ("examples", "write one `example`"),
        ("patternProperties", "write `additionalProperties`"),
        ("$defs", "remove it, or rename it to an `x-` extension"),
        ("contains", "remove it, or rename it to an `x-` extension"),
    ] {
        let fault = only(&with_schema(json!({ keyword: {} })));
        let told = format!("OpenAPI 3.0 has no such keyword; {remedy}");
        assert!(fault.ends_with(&told), "{fault}");
    }
}
