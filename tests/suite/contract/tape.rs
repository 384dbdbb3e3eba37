//! JSON read once: its limits, and what the validator relies on.

use jsonschema::json::conformance;
use openmail_mock::contract::{MAX_DEPTH, MAX_VALUES, Tape, TapeJson};
use serde_json::{Value, json};

use super::{answering, one_schema, rules};

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[track_caller]
fn refusal(text: &str) -> String {
    match Tape::read(text.as_bytes()) {
        Ok(_) => panic!("this was read"),
        Err(error) => error.message,
    }
}

#[test]
fn the_deepest_nesting_is_read() {
    assert!(Tape::read(nested(MAX_DEPTH).as_bytes()).is_ok());
}

#[test]
fn deeper_nesting_is_refused() {
    let message = refusal(&nested(MAX_DEPTH + 1));
    assert!(
        message.starts_with("nested more than 64 levels deep"),
        "{message}"
    );
}

#[test]
fn objects_nest_as_arrays_do() {
    let object = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(Tape::read(object(MAX_DEPTH).as_bytes()).is_ok());
    assert!(Tape::read(object(MAX_DEPTH + 1).as_bytes()).is_err());
}

#[test]
fn nesting_without_end_is_refused_and_not_followed() {
    let message = refusal(&"[".repeat(1_000_000));
    assert!(
        message.starts_with("nested more than 64 levels deep"),
        "{message}"
    );
}

fn ones(count: usize) -> String {
    format!("[{}1]", "1,".repeat(count - 1))
}

#[test]
fn a_million_values_are_read() {
    // The array is a value too.
    assert!(Tape::read(ones(MAX_VALUES - 1).as_bytes()).is_ok());
}

#[test]
fn more_than_a_million_values_are_refused() {
    let message = refusal(&ones(MAX_VALUES));
    assert!(message.starts_with("more than 1000000 values"), "{message}");
}

#[test]
fn a_member_name_that_stands_twice_is_refused_with_its_pointer() {
    let error = Tape::read(br#"[0, { "a": { "x/y": 1, "b": 2, "x\u002fy": 3 } }]"#);
    let error = error.expect_err("a name stands twice");
    assert_eq!(error.repeated.as_deref(), Some("/1/a/x~1y"));
}

#[test]
fn the_same_name_in_two_objects_is_no_repetition() {
    assert!(Tape::read(br#"{ "a": { "a": 1 }, "b": [{ "a": 1 }, { "a": 1 }] }"#).is_ok());
}

#[test]
fn text_that_is_no_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "01",
        "+1",
        "1 2",
        "nul",
        "\"\\ud800\"",
        "\"\t\"",
        "1e999",
        "NaN",
        "\u{feff}1",
        "'a'",
    ] {
        assert!(Tape::read(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn bytes_that_are_no_utf8_are_refused() {
    assert!(Tape::read(b"\"\xff\"").is_err());
}

#[test]
fn a_document_survives_the_reading() {
    let value = json!({ "a": [1, -2, 3.5, 18446744073709551615_u64], "ä": { "": null, "~/": true }, "e": [], "o": {} });
    let text = value.to_string();
    let tape = Tape::read(text.as_bytes()).expect("JSON");
    assert_eq!(tape.root().to_json(), value);
    assert_eq!(Tape::from_value(value.clone()).root().to_json(), value);
}

#[test]
fn whole_numbers_saturate() {
    let integer = |text: &str| {
        Tape::read(text.as_bytes())
            .expect("JSON")
            .root()
            .as_integer()
    };
    assert_eq!(integer("18446744073709551615"), Some(i64::MAX));
    assert_eq!(integer("1e300"), Some(i64::MAX));
    assert_eq!(integer("-1e300"), Some(i64::MIN));
    assert_eq!(integer("2.0"), Some(2));
    assert_eq!(integer("2.5"), None);
    assert_eq!(integer("\"2\""), None);
}

#[test]
fn the_tape_is_a_conforming_representation() {
    let text = conformance::document().to_string();
    let tape = Tape::read(text.as_bytes()).expect("JSON");
    conformance::assert_conformance::<TapeJson>(&tape.root());
}

#[test]
fn the_validator_judges_a_tape_as_it_judges_a_value() {
    let schema = json!({
        "type": "object",
        "required": ["a"],
        "properties": { "a": { "type": "array", "uniqueItems": true, "items": { "enum": [1, "x", { "k": [null] }] } } },
        "additionalProperties": { "type": "integer", "multipleOf": 0.5 },
        "minProperties": 2,
    });
    let of_tape = jsonschema::options_for::<TapeJson>()
        .build(&schema)
        .expect("a schema");
    let of_value = jsonschema::validator_for(&schema).expect("a schema");
    let judge = |value: Value| {
        let tape = Tape::from_value(value.clone());
        assert_eq!(
            of_tape.is_valid(tape.root()),
            of_value.is_valid(&value),
            "{value}"
        );
    };
    judge(json!({ "a": [1, "x", { "k": [null] }], "b": 2 }));
    judge(json!({ "a": [1.0, 1], "b": 2 }));
    judge(json!({ "a": [{ "k": [] }], "b": 2 }));
    judge(json!({ "a": [], "b": 2.5 }));
    judge(json!({ "a": [] }));
    judge(json!([]));
}

#[test]
fn a_trusted_document_may_hold_more_than_a_million_values() {
    assert!(Tape::read_trusted(ones(MAX_VALUES).as_bytes()).is_ok());
}

#[test]
fn a_trusted_document_nests_no_deeper_than_others() {
    assert!(Tape::read_trusted(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert!(Tape::read_trusted(nested(MAX_DEPTH + 1).as_bytes()).is_err());
}

#[test]
fn a_trusted_text_that_is_no_json_is_refused_where_the_parser_stopped() {
    let error = Tape::read_trusted(b"{\n  \"a\": nope }").expect_err("no JSON");
    assert_eq!(error.stopped_at, (2, 9));
}

/// Pointers of the names that stand twice in a trusted document.
#[track_caller]
fn repeated(text: &str) -> Vec<String> {
    match Tape::read_trusted(text.as_bytes()) {
        Ok((_, repeated)) => repeated,
        Err(error) => panic!("this was not read: {error}"),
    }
}

#[test]
fn all_names_that_stand_twice_come_with_a_trusted_document() {
    let text = r#"{ "b": 1, "a": [0, { "x/y": 1, "x/y": 2, "z": 1, "z": 2 }], "b": 2 }"#;
    assert_eq!(repeated(text), ["/b", "/a/1/x~1y", "/a/1/z"]);
}

#[test]
fn a_name_that_stands_three_times_is_told_once() {
    assert_eq!(repeated(r#"{ "a": 1, "a": 2, "a": 3 }"#), ["/a"]);
}

#[test]
fn names_repeated_inside_repeated_members_are_told_once() {
    let text = r#"{ "a": { "x": 1, "x": 2 }, "a": { "x": 1, "x": 2 } }"#;
    assert_eq!(repeated(text), ["/a", "/a/x"]);
}

#[test]
fn a_name_repeated_among_many_is_found() {
    let members: Vec<String> = (0..100)
        .map(|number| format!("\"n{}\":0", number % 99))
        .collect();
    assert_eq!(repeated(&format!("{{{}}}", members.join(","))), ["/n0"]);
}

#[test]
fn the_first_member_of_a_repeated_name_is_the_one_that_is_read() {
    let read = Tape::read_trusted(br#"{ "a": 1, "a": 2 }"#);
    let (tape, _) = read.expect("JSON");
    let first = tape.root().get("a").and_then(|item| item.as_integer());
    assert_eq!(first, Some(1));
}

#[test]
fn an_answer_of_more_than_a_million_values_is_held_against_its_schema() {
    let items = json!({ "type": "array", "items": { "type": "integer" } });
    let contract = one_schema(items, json!({}));
    let mut answer = vec![json!(1); MAX_VALUES];
    answer[0] = Value::Null;
    let violations = answering(&contract, &Value::Array(answer));
    assert_eq!(rules(&violations), ["type /0"]);
}

#[test]
fn columns_count_characters() {
    for (text, place) in [
        ("{\"name\": \"Zoë\" 1}", (1, 16)),
        ("{\n\"š\": 1,\n\"ğ\": \"ü\" 1}", (3, 10)),
        ("\n\n[1,]", (3, 4)),
        ("x", (1, 1)),
        ("", (1, 0)),
    ] {
        let error = Tape::read(text.as_bytes()).expect_err("it is no JSON");
        assert_eq!(error.stopped_at, place, "{text}");
        let (line, column) = place;
        let told = format!(" at line {line} column {column}");
        assert!(error.message.ends_with(&told), "{}", error.message);
    }
}
