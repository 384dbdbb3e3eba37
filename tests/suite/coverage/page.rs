//! The page of coverage: complete in itself, and safe whatever stands in a document.

use openmail_mock::{Config, Running};
use serde_json::json;

use crate::spec::Mock;
use crate::support::{Answer, account_of, start};

fn page(mock: &Running, query: &str) -> (Answer, String) {
    let mut connection = account_of(mock, "w").connect();
    connection.request(
        "GET",
        &format!("/_mock/coverage?format=html{query}"),
        &[],
        b"",
    );
    let answer = connection.answer();
    let text = String::from_utf8(answer.body.clone()).expect("text");
    (answer, text)
}

#[test]
fn the_page_shows_the_figure_and_every_operation() {
    let mock = start(Config::default());
    account_of(&mock, "w").get("/v1/me").expect(200);
    let (answer, text) = page(&mock, "");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let coverage = mock.coverage();
    assert!(text.contains(&format!(
        "<span class=\"percent\">{}</span>",
        coverage.total.percent
    )));
    for operation in &coverage.operations {
        assert!(text.contains(&format!("<strong>{}</strong>", operation.operation)));
    }
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let mock = start(Config::default());
    let (answer, text) = page(&mock, "");
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"),
        "{policy}"
    );
    for word in [
        "<script", "<link", "<img", "src=", "@import", "url(", "http://", "https://", "om_test_",
    ] {
        assert!(!text.contains(word), "the page has `{word}`");
    }
}

#[test]
fn too_little_is_417_and_a_page_all_the_same() {
    let mock = start(Config::default());
    let (answer, text) = page(&mock, "&failUnder=50");
    assert_eq!(answer.status, 417);
    assert!(text.contains("below 50 %") && text.contains("<strong>sendEmail</strong>"));
}

#[test]
fn a_strangers_words_stay_words() {
    let evil = "<script>alert(1)</script>\"'&";
    let document = json!({
        "openapi": "3.0.3", "info": { "title": evil, "version": "1" },
        "paths": { "/cranes": { "get": {
            "operationId": evil, "summary": evil,
            "parameters": [{ "name": evil, "in": "query", "schema": { "type": "string" } }],
            "responses": { "200": { "description": "All." } },
        } } },
    });
    let mock = Mock::of(&document);
    let (answer, text) = page(&mock.running, "");
    assert_eq!(answer.status, 200);
    assert!(!text.contains("<script") && text.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn the_name_of_a_world_is_one() {
    let mock = start(Config::default());
    let (answer, _) = page(&mock, "&world=%3Cscript%3E");
    assert_eq!(answer.status, 400);
    let (answer, text) = page(&mock, "&world=w-1");
    assert_eq!(answer.status, 200);
    assert!(text.contains("<code>w-1</code>"));
}
