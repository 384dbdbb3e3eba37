//! The page of errors knows every code that there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use openmail_mock::domain::clock::Timestamp;
use openmail_mock::domain::refusal::Refusal;
use openmail_mock::domain::sends::CODES;
use serde_json::Value;

fn collect_codes(value: &Value, codes: &mut BTreeSet<String>) {
    let listed = value["x-openmail-mock-errors"].as_array();
    let listed = listed.into_iter().flatten();
    codes.extend(listed.map(|code| code.as_str().expect("a text").to_owned()));
    match value {
        Value::Object(members) => members.values().for_each(|it| collect_codes(it, codes)),
        Value::Array(elements) => elements.iter().for_each(|it| collect_codes(it, codes)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    fs::read_to_string(path).expect("docs/errors.md is there")
}

#[test]
fn every_code_of_the_document_stands_on_the_page_of_errors() {
    let document = serde_json::from_str(openmail_mock::api::DOCUMENT).expect("JSON");
    let mut codes = BTreeSet::new();
    collect_codes(&document, &mut codes);
    assert!(codes.len() > 30, "{codes:?}");
    let page = page();
    for code in codes {
        assert!(
            page.contains(&format!("`{code}`")),
            "{code} is not explained"
        );
    }
}

/// The page says that its table of sends is in order.
#[test]
fn the_page_has_the_codes_of_a_send_in_the_order_of_the_checks() {
    let page = page();
    let (_, sending) = page.split_once("## Sending").expect("a heading");
    let (sending, _) = sending.split_once("\n## ").expect("another one");
    let rows = sending.lines().filter_map(|line| line.split(" | ").nth(1));
    let codes = rows.filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
    let codes: Vec<&str> = codes.filter(|code| *code != "method_not_allowed").collect();
    assert_eq!(codes, CODES);
}

#[test]
fn every_rule_of_a_send_has_an_example_with_its_code() {
    let now = Timestamp::parse("2026-01-15T09:30:00Z").expect("an instant");
    // Those before the account's rules and those behind them are no refusals of it.
    for code in &CODES[6..22] {
        let example = Refusal::example(code, now).expect("an example");
        assert_eq!(example.code(), *code);
    }
}
