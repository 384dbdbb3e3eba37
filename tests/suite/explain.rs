//! Every failure can be opened by its id and says why.

use std::collections::BTreeSet;

use openmail_mock::api::{DOCUMENT, built_in_contract};
use openmail_mock::contract::StatusKey;
use openmail_mock::domain::clock::Timestamp;
use openmail_mock::domain::refusal::Refusal;
use openmail_mock::domain::sends::CODES;
use serde_json::{Value, json};

use super::journal::entry;
use super::support::post::{Post, text};
use super::support::{Account, Answer, account, anonymous};

/// The explanation of a failure; it has all parts, and its pointer stands in the document at its line.
#[track_caller]
fn explained(account: &Account, answer: &Answer) -> Value {
    let entry = entry(account, answer);
    let explanation = entry["explanation"].clone();
    for part in ["summary", "why", "rule"] {
        let text = text(&explanation, part);
        assert!(text.len() > 10, "{part}: {explanation:#}");
    }
    let remedies = explanation["remedy"].as_array().expect("a list");
    assert!(!remedies.is_empty(), "{explanation:#}");
    let document: Value = serde_json::from_str(DOCUMENT).expect("JSON");
    let broken = explanation["broken"].as_array().expect("a list").iter();
    for place in broken.map(|it| &it["spec"]).chain([&explanation["spec"]]) {
        let pointer = text(place, "pointer").trim_start_matches('#');
        assert!(
            document.pointer(pointer).is_some(),
            "{pointer} leads nowhere"
        );
        let line = place["line"].as_u64().expect("a number") as usize;
        let column = place["column"].as_u64().expect("a number") as usize;
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let last = last.replace("~1", "/").replace("~0", "~");
        let there = DOCUMENT.lines().nth(line - 1).expect("a line");
        let is_position = last.parse::<usize>().is_ok() && !there.contains(&last);
        assert!(is_position || there.contains(&last), "{pointer}: {there}");
        // A value begins there.
        let begin = there.chars().nth(column - 1);
        assert!(
            begin.is_some_and(|it| !it.is_whitespace()),
            "{column}: {there}"
        );
    }
    explanation
}

/// A call of each operation that has errors of its own, those of sendEmail aside.
fn calls() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let id = "1f0c3a52-8d7e-4b7a-9d43-0a5b1c2d3e4f";
    let rule = json!({ "direction": "outbound", "type": "block", "value": "ada@example.com" });
    let of = |path: &str| path.replace("ID", id).leak() as &'static str;
    vec![
        ("createPod", "POST", "/v1/pods", json!({})),
        ("deletePod", "DELETE", "/v1/pods/cedar", Value::Null),
        (
            "createPodApiKey",
            "POST",
            "/v1/pods/cedar/api-keys",
            json!({}),
        ),
        ("createInbox", "POST", "/v1/inboxes", json!({})),
        (
            "createInboxApiKey",
            "POST",
            of("/v1/inboxes/ID/api-keys"),
            json!({}),
        ),
        (
            "testInboxWebhook",
            "POST",
            of("/v1/inboxes/ID/webhook/test"),
            Value::Null,
        ),
        (
            "getAttachmentText",
            "GET",
            of("/v1/attachments/ID/a.pdf/text"),
            Value::Null,
        ),
        (
            "createDomain",
            "POST",
            "/v1/domains",
            json!({ "domain": "cedar.example" }),
        ),
        ("deleteDomain", "DELETE", of("/v1/domains/ID"), Value::Null),
        (
            "updateDomain",
            "PATCH",
            of("/v1/domains/ID"),
            json!({ "podId": null }),
        ),
        ("createPolicyRule", "POST", "/v1/policy/rules", rule),
        (
            "deletePolicyRule",
            "DELETE",
            of("/v1/policy/rules/ID"),
            Value::Null,
        ),
    ]
}

#[test]
fn every_error_that_the_document_has_is_explained_when_it_is_asked_for() {
    let account = account("explain-forced");
    let contract = built_in_contract().expect("it has no faults");
    let mut seen: BTreeSet<&str> = CODES.into_iter().collect();
    for (id, method, path, body) in calls() {
        let operation = contract.operation(id).expect("an operation of ours");
        for answer in &operation.answers {
            for code in answer.errors.iter() {
                let fault =
                    json!([{ "operation": id, "status": status_of(answer), "error": code }]);
                account
                    .send("PUT", "/_mock/faults", Some(fault))
                    .expect(200);
                let body = Some(body.clone()).filter(|body| !body.is_null());
                let answer = account.send(method, path, body);
                assert_eq!(answer.error(), *code, "{id}");
                let explanation = explained(&account, &answer);
                assert_eq!(text(&explanation, "decided"), "fault");
                let see = "GET /_mock/faults?world=explain-forced";
                assert_eq!(explanation["state"][0]["see"], see);
                seen.insert(code);
            }
        }
    }
    let answers = contract.operations.iter().flat_map(|it| &it.answers);
    let documented = answers.flat_map(|answer| answer.errors.iter());
    let missed: BTreeSet<&str> = documented
        .map(String::as_str)
        .filter(|it| !seen.contains(it))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

fn status_of(answer: &openmail_mock::contract::Answer) -> u16 {
    match answer.status {
        StatusKey::Code(status) => status,
        StatusKey::Range(hundred) => hundred * 100,
        StatusKey::Default => 500,
    }
}

#[test]
fn every_code_that_a_recipient_can_ask_for_is_explained() {
    let post = Post::new("explain-provoked");
    let desk = post.inbox("desk");
    for code in CODES {
        let to = format!("{code}@fail.test");
        let body = json!({ "to": to, "subject": "Delivery", "body": "Thursday." });
        let answer = post.try_send(&desk, body);
        let explanation = explained(&post.account, &answer);
        assert_eq!(text(&explanation, "decided"), "recipient", "{code}");
    }
}

#[test]
fn every_refusal_has_a_rule_reasons_and_remedies() {
    let now = Timestamp::parse("2026-01-15T09:30:00Z").expect("an instant");
    let contract = built_in_contract().expect("it has no faults");
    let answers = contract.operations.iter().flat_map(|it| &it.answers);
    let codes: BTreeSet<&String> = answers.flat_map(|answer| answer.errors.iter()).collect();
    let refusals = codes.iter().filter_map(|code| Refusal::example(code, now));
    let mut count = 0;
    for refusal in refusals {
        assert!(refusal.rule_in_words().ends_with('.'), "{refusal:?}");
        assert!(!refusal.reasons().is_empty(), "{refusal:?}");
        assert!(!refusal.remedies().is_empty(), "{refusal:?}");
        count += 1;
    }
    assert!(count > 30, "{count}");
}

#[test]
fn a_rule_of_the_service_tells_what_decided_and_where_to_look() {
    let account = account("explain-rule");
    let body = json!({ "clientId": "cedar" });
    let pod = account.post("/v1/pods", body.clone()).expect(201).json();
    let answer = account.post("/v1/pods", body).expect(409);
    let explanation = explained(&account, &answer);
    assert_eq!(text(&explanation, "decided"), "rule");
    let deciding = &explanation["state"][0];
    assert_eq!(deciding["value"], pod["id"]);
    let call = text(deciding, "see").strip_prefix("GET ").expect("a call");
    account.get(call).expect(200);
}

#[test]
fn the_inboxes_that_keep_a_pod_are_listed_by_the_call_that_is_named() {
    let account = account("explain-pod");
    let pod = account.post("/v1/pods", json!({ "clientId": "cedar" }));
    let pod = pod.expect(201).json();
    for pod_id in [json!("cedar"), Value::Null] {
        let inbox = match pod_id {
            Value::Null => json!({}),
            pod_id => json!({ "podId": pod_id }),
        };
        account.post("/v1/inboxes", inbox).expect(201);
    }
    let explanation = explained(&account, &account.delete("/v1/pods/cedar").expect(409));
    let call = text(&explanation["state"][0], "see");
    let listed = call.strip_prefix("GET ").expect("a call");
    let listed = account.get(listed).expect(200).json();
    assert_eq!(listed["total"], 1, "{call}");
    assert_eq!(listed["data"][0]["podId"], pod["id"]);
}

#[test]
fn the_rule_of_a_policy_that_refused_is_named() {
    let post = Post::new("explain-policy");
    let desk = post.inbox("desk");
    let rule = json!({ "direction": "outbound", "type": "block", "value": "ada@example.com" });
    let rule = post.account.post("/v1/policy/rules", rule).expect(201);
    let body = json!({ "to": "ada@example.com", "subject": "Delivery", "body": "Thursday." });
    let refused = post.try_send(&desk, body.clone());
    let explanation = explained(&post.account, &refused);
    let id = rule.json()["id"].as_str().expect("an id").to_owned();
    assert!(deciding(&explanation).contains(&("rule that blocks it", &id)));
    post.account
        .delete(&format!("/v1/policy/rules/{id}"))
        .expect(204);
    let mode = json!({ "direction": "outbound", "mode": "allowlist" });
    post.account
        .send("PUT", "/v1/policy/mode", Some(mode))
        .expect(200);
    let explanation = explained(&post.account, &post.try_send(&desk, body));
    let none = ("rule of the allowlist that lets it pass", "none");
    assert!(deciding(&explanation).contains(&none), "{explanation:#}");
}

#[test]
fn a_request_that_breaks_the_document_is_led_to_the_line_of_the_rule() {
    let account = account("explain-document");
    let answer = account.get("/v1/pods?limit=nought&offset=-1").expect(400);
    let explanation = explained(&account, &answer);
    assert_eq!(text(&explanation, "decided"), "document");
    assert_eq!(explanation["broken"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_is_not_there_and_what_has_other_methods_is_explained() {
    let account = account("explain-routes");
    let misspelt = explained(&account, &account.get("/v1/podz").expect(404));
    let first = misspelt["remedy"][0].as_str().expect("a text");
    assert!(first.contains("/v1/pods"), "{first}");
    let method = explained(&account, &account.patch("/v1/pods", json!({})).expect(405));
    assert_eq!(method["spec"]["pointer"], "#/paths/~1v1~1pods");
    explained(&account, &account.get("/nothing/like/it").expect(404));
}

#[test]
fn what_is_wrong_with_a_key_is_told_without_the_key() {
    let account = account("explain-keys");
    let unknown = format!("Bearer om_{}", "0a".repeat(24));
    let cases = [
        (Some("om_test_default"), "Bearer"),
        (Some("Basic abc"), "scheme"),
        (Some("Bearer"), "nothing stands"),
        (Some("Bearer sk_secret"), "om_"),
        (Some("Bearer om_test_no spaces"), "no name of a world"),
        (Some("Bearer om_test_default.nobody"), "label"),
        (Some("Bearer om_live_secret"), "no key of this mock"),
        (Some(unknown.as_str()), "form of a created key"),
    ];
    for (value, told) in cases {
        let headers: Vec<(&str, &str)> =
            value.map(|it| ("authorization", it)).into_iter().collect();
        let answer = anonymous()
            .send("GET", "/v1/pods", &headers, b"")
            .expect(401);
        let explanation = explained(&account, &answer);
        assert_eq!(text(&explanation, "decided"), "key");
        assert!(
            text(&explanation["state"][0], "value").contains(told),
            "{explanation:#}"
        );
        assert!(
            !explanation.to_string().contains("secret"),
            "{explanation:#}"
        );
    }
}

#[test]
fn a_key_that_is_missing_is_no_wrong_key() {
    let answer = anonymous().send("GET", "/v1/pods", &[], b"").expect(401);
    let explanation = explained(&account("explain-no-key"), &answer);
    let summary = text(&explanation, "summary");
    assert!(summary.ends_with("no key came with it."), "{summary}");
    let missing = &explanation["state"][0];
    assert_eq!(
        (text(missing, "what"), text(missing, "value")),
        ("what is missing", "the header `Authorization`")
    );
    let remedies = explanation["remedy"].as_array().map(Vec::len);
    assert_eq!(remedies, Some(1));
}

/// What is told of an answer, as (what, value).
fn deciding(explanation: &Value) -> Vec<(&str, &str)> {
    let state = explanation["state"].as_array().expect("a list").iter();
    state
        .map(|it| (text(it, "what"), text(it, "value")))
        .collect()
}

#[test]
fn broken_json_is_told_with_its_place_and_what_was_expected() {
    let account = account("explain-json");
    let json = [("content-type", "application/json")];
    let body = b"{\n  \"clientId\": \"cedar\" \"name\": 1}";
    let answer = account
        .send_raw("POST", "/v1/pods", &json, body)
        .expect(400);
    let explanation = explained(&account, &answer);
    let says = text(&explanation["broken"][0], "says");
    let place = "mend line 2, column 23: expected `,` or `}`";
    assert!(says.contains(place), "{says}");
    assert_eq!(explanation["remedy"][0], place);
    let page = page(&account, &answer);
    assert!(page.contains("- body breaks `json`"), "{page}");
    let twice = br#"{"name": "a", "name": "b"}"#;
    let answer = account
        .send_raw("POST", "/v1/pods", &json, twice)
        .expect(400);
    let why = explained(&account, &answer)["why"].to_string();
    assert!(why.contains("`/name` stands twice"), "{why}");
}

#[test]
fn a_foreign_media_type_is_told_beside_those_that_are_taken() {
    let account = account("explain-media");
    let headers = [("content-type", "text/csv"), ("content-encoding", "gzip")];
    let answer = account.send_raw("POST", "/v1/pods", &headers, b"a,b");
    let explanation = explained(&account, &answer.expect(415));
    assert_eq!(
        deciding(&explanation),
        [
            ("Content-Type that came", "text/csv"),
            ("Content-Encoding that came", "gzip"),
            ("media types that the call takes", "application/json"),
        ]
    );
}

#[test]
fn a_body_that_is_too_large_is_told_beside_its_bound() {
    let account = account("explain-large");
    let json = [("content-type", "application/json")];
    let answer = account.send_raw("POST", "/v1/pods", &json, &vec![b' '; 1_100_000]);
    let explanation = explained(&account, &answer.expect(413));
    assert_eq!(text(&explanation, "decided"), "document");
    assert_eq!(
        deciding(&explanation),
        [
            ("bytes that the body of this call may have", "1048576"),
            ("Content-Length that came", "1100000"),
        ]
    );
}

#[test]
fn a_limit_that_is_met_before_a_body_that_is_too_large_is_what_decides() {
    let account = account("explain-large-limited");
    let full = json!({
        "clock": { "mode": "frozen", "at": "2040-01-16T09:31:00Z" },
        "account": { "limits": "on" },
        "usage": { "requests": { "count": 1_000 } },
    });
    account.send("PUT", "/_mock/state", Some(full)).expect(200);
    let json = [("content-type", "application/json")];
    let answer = account.send_raw("POST", "/v1/pods", &json, &vec![b' '; 1_100_000]);
    let answer = answer.refused(429, "rate_limit_exceeded");
    let explanation = explained(&account, &answer);
    assert_eq!(text(&explanation, "decided"), "rule");
}

#[test]
fn a_wrong_method_is_told_beside_those_that_the_path_has() {
    let account = account("explain-method");
    let answer = account.patch("/v1/pods", json!({})).expect(405);
    let explanation = explained(&account, &answer);
    let told = deciding(&explanation);
    let allow = answer.header("allow").expect("a 405 has it");
    assert_eq!(told[1], ("methods that the path has (`Allow`)", allow));
}

#[test]
fn an_answer_that_the_request_chose_names_its_header() {
    let account = account("explain-prefer");
    let headers = [("prefer", "error=rate_limit_exceeded")];
    let answer = account
        .send_raw("GET", "/v1/pods", &headers, b"")
        .expect(429);
    let explanation = explained(&account, &answer);
    assert_eq!(text(&explanation, "decided"), "prefer");
    assert_eq!(
        explanation["state"][0]["value"],
        "error=rate_limit_exceeded"
    );
}

#[test]
fn other_failures_are_explained_by_their_codes() {
    let account = account("explain-codes");
    let json_type = [("content-type", "application/json")];
    let text_type = [("content-type", "text/csv")];
    let large = vec![b' '; 1_100_000];
    let answers = [
        account
            .send_raw("POST", "/v1/pods", &text_type, b"a,b")
            .expect(415),
        account
            .send_raw("POST", "/v1/pods", &json_type, &large)
            .expect(413),
        account
            .send_raw("POST", "/v1/pods", &json_type, b"{")
            .expect(400),
        account
            .get("/v1/usage?from=2040-01-01&to=2039-01-01")
            .expect(400),
        account.get("/v1/ws").expect(426),
    ];
    for answer in &answers {
        explained(&account, answer);
    }
}

#[track_caller]
fn page(account: &Account, answer: &Answer) -> String {
    let id = answer.header("x-request-id").expect("every answer has one");
    let path = format!("/_mock/requests/{id}");
    let page = account.send_raw("GET", &path, &[("accept", "text/plain")], b"");
    let page = page.expect(200);
    assert_eq!(
        page.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    String::from_utf8(page.body).expect("text")
}

#[test]
fn a_terminal_reads_an_exchange_as_text() {
    let account = account("explain-text");
    let page = page(&account, &account.get("/v1/pods/nowhere").expect(404));
    let (head, command) = page.rsplit_once("REPEAT IT\n").expect("a command");
    assert!(command.starts_with("curl "), "{command}");
    for part in [
        "404 not_found",
        "WHY",
        "RULE",
        "openapi.json:",
        "WHAT DECIDED",
        "WHAT TO DO",
    ] {
        assert!(head.contains(part), "{part} in {head}");
    }
    let (head, _) = head.split_once("\nANSWER\n").expect("an answer");
    let widest = head.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}");
}

#[test]
fn a_terminal_shows_bodies_as_they_were_sent() {
    let account = account("explain-verbatim");
    let body = format!(r#"{{"name":"two   spaces {}","x":7}}"#, "long".repeat(40));
    let json = [("content-type", "application/json")];
    let answer = account.send_raw("POST", "/v1/pods?limit=x", &json, body.as_bytes());
    assert!(page(&account, &answer).contains(&body));
}

#[test]
fn remedies_name_the_world_that_they_are_for() {
    let account = account("explain-world");
    let fault = json!([{ "operation": "listPods", "status": 503 }]);
    account
        .send("PUT", "/_mock/faults", Some(fault))
        .expect(200);
    let page = page(&account, &account.get("/v1/pods").expect(503));
    let world = account
        .key
        .strip_prefix("om_test_")
        .expect("an account's key");
    let call = format!("DELETE /_mock/faults?world={world}");
    assert!(page.contains(&call), "{page}");
}

#[test]
fn nothing_that_a_client_wrote_moves_a_terminals_cursor() {
    let account = account("explain-hostile");
    let name = "\u{1b}[2J\u{9b}31m\u{202e}txt\r\nWHY\n  all is well\u{7}";
    let body = json!({ "clientId": name, "name": name });
    let answer = account.send_raw(
        "POST",
        "/v1/pods?a=%1b[2J",
        &[
            ("content-type", "application/json"),
            ("x-odd", "a\u{9b}31m"),
        ],
        body.to_string().as_bytes(),
    );
    let page = page(&account, &answer);
    let is_harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!page.contains(is_harmful), "{page:?}");
    let (head, _) = page.split_once("REPEAT IT").expect("a command");
    assert!(head.matches("\nWHY\n").count() <= 1, "{head}");
}

#[test]
fn what_accepts_everything_is_answered_in_json() {
    let account = account("explain-accept");
    let answer = account.get("/v1/pods").expect(200);
    let id = answer.header("x-request-id").expect("every answer has one");
    let path = format!("/_mock/requests/{id}");
    for accept in [
        "*/*",
        "application/json",
        "text/html",
        "text/plain;q=0.1, application/json",
    ] {
        let answer = account
            .send_raw("GET", &path, &[("accept", accept)], b"")
            .expect(200);
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{accept}"
        );
    }
}
