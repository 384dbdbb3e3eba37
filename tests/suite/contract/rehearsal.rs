//! Answers made from a document, tried before anybody asks for them.

use openmail_mock::contract::{Contract, Fault};
use serde_json::{Value, json};

use super::{document, load, one_schema};

/// A document whose one operation has these answers.
fn with_answers(answers: Value) -> Contract {
    let operation = json!({ "operationId": "get", "responses": answers });
    load(&document(
        json!({ "/things": { "get": operation } }),
        json!({}),
    ))
}

/// A document whose one answer has this media type object.
fn with_media(media: Value) -> Contract {
    let content = json!({ "application/json": media });
    with_answers(json!({ "200": { "description": "", "content": content } }))
}

fn rehearse(contract: &Contract) -> Result<Vec<Fault>, Fault> {
    contract.rehearse(&contract.operations[0])
}

/// Pointers of the examples that are not used, below the media type.
#[track_caller]
fn idle(contract: &Contract) -> Vec<String> {
    let media = "/paths/~1things/get/responses/200/content/application~1json";
    let notes = rehearse(contract).expect("an answer that keeps the contract");
    let below = |note: Fault| note.pointer.trim_start_matches(media).to_owned();
    notes.into_iter().map(below).collect()
}

/// Between 1 and 1, both excluded: nothing satisfies it, which no compiler sees.
fn contradiction() -> Value {
    json!({ "type": "string", "pattern": "^a$", "minLength": 3 })
}

#[test]
fn an_answer_that_keeps_the_contract_has_nothing_to_note() {
    let contract = one_schema(json!({ "type": "string" }), json!({}));
    assert_eq!(rehearse(&contract), Ok(Vec::new()));
}

#[test]
fn a_schema_that_no_value_of_ours_satisfies_is_a_fault() {
    let contract = with_media(json!({ "schema": contradiction() }));
    let fault = rehearse(&contract).expect_err("no value satisfies it");
    assert_eq!(
        fault.message,
        "no value of ours satisfies this answer's schema; add an `example` that does"
    );
}

#[test]
fn the_fault_stands_at_the_answer() {
    let contract = with_media(json!({ "schema": contradiction() }));
    let fault = rehearse(&contract).expect_err("no value satisfies it");
    assert_eq!(fault.pointer, "/paths/~1things/get/responses/200");
}

#[test]
fn an_operation_without_answers_is_a_fault() {
    let fault = rehearse(&with_answers(json!({}))).expect_err("no answer is there");
    assert_eq!(fault.message, "no answer is documented");
}

#[test]
fn an_example_that_breaks_its_schema_is_noted() {
    let contract = with_media(json!({ "schema": { "type": "integer" }, "example": "one" }));
    assert_eq!(idle(&contract), ["/example"]);
}

#[test]
fn of_several_examples_those_that_break_the_schema_are_noted() {
    let examples = json!({ "good": { "value": 1 }, "bad": { "value": "one" } });
    let contract = with_media(json!({ "schema": { "type": "integer" }, "examples": examples }));
    assert_eq!(idle(&contract), ["/examples/bad/value"]);
}

#[test]
fn an_example_and_a_default_in_the_schema_are_noted() {
    let schema = json!({ "type": "integer", "example": "one", "default": "two" });
    let contract = with_media(json!({ "schema": schema }));
    assert_eq!(idle(&contract), ["/schema/example", "/schema/default"]);
}
