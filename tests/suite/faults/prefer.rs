//! `Prefer`: a request that asks for its answer.

use std::collections::BTreeSet;

use openmail_mock::Config;
use openmail_mock::api::DOCUMENT;
use serde_json::{Value, json};

use super::{hits, last, pod, put, state};
use crate::spec::Mock;
use crate::support::{Account, Answer, account, account_of, anonymous, start};

/// One documented answer of an operation.
struct Documented {
    operation: String,
    method: String,
    path: String,
    body: Option<Value>,
    status: u16,
    codes: Vec<String>,
}

/// All documented answers of all operations, each with a request that keeps the contract.
fn documented() -> Vec<Documented> {
    let document: Value = serde_json::from_str(DOCUMENT).expect("JSON");
    let resolved = |value: &Value| match value["$ref"].as_str() {
        Some(target) => document.pointer(&target[1..]).expect("a component").clone(),
        None => value.clone(),
    };
    let mut all = Vec::new();
    for (template, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let media = &operation["requestBody"]["content"]["application/json"];
            let body = media.is_object().then(|| match &media["example"] {
                Value::Null => json!({}),
                example => example.clone(),
            });
            for (status, answer) in operation["responses"].as_object().expect("answers") {
                let codes = resolved(answer)["x-openmail-mock-errors"].clone();
                let codes = codes.as_array().into_iter().flatten();
                all.push(Documented {
                    operation: id.to_owned(),
                    method: method.to_uppercase(),
                    path: template.replace(['{', '}'], ""),
                    body: body.clone(),
                    status: status.parse().expect("a plain status"),
                    codes: codes
                        .map(|code| code.as_str().expect("a text").to_owned())
                        .collect(),
                });
            }
        }
    }
    all
}

fn ask(account: &Account, method: &str, path: &str, body: Option<&Value>, prefer: &str) -> Answer {
    let body = body.map_or_else(String::new, Value::to_string);
    let mut headers = vec![("prefer", prefer)];
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    account.send_raw(method, path, &headers, body.as_bytes())
}

#[test]
fn every_error_response_lists_its_codes() {
    for answer in documented() {
        let is_error = answer.status >= 400;
        let place = format!("{} {}", answer.operation, answer.status);
        assert_eq!(is_error, !answer.codes.is_empty(), "{place}");
    }
}

#[test]
fn every_documented_error_of_every_operation_can_be_asked_for() {
    let account = account("prefer-every-error");
    let before = state(&account);
    let mut codes = BTreeSet::new();
    for it in documented() {
        for code in &it.codes {
            let prefer = format!("error={code}");
            let answer = ask(&account, &it.method, &it.path, it.body.as_ref(), &prefer);
            let answer = answer.refused(it.status, code);
            assert_eq!(answer.header("preference-applied"), Some(&*prefer));
            let message = answer.message();
            assert!(message.contains(&prefer), "{message}");
            assert_eq!(
                answer.header("retry-after").is_some(),
                it.status == 429 || it.status == 503,
                "{} {code}",
                it.operation
            );
            codes.insert(code.clone());
        }
    }
    assert!(codes.len() > 30, "{codes:?}");
    assert_eq!(state(&account), before);
}

#[test]
fn every_documented_status_of_every_operation_can_be_asked_for() {
    let account = account("prefer-every-status");
    let before = state(&account);
    for it in documented() {
        let prefer = format!("code={}", it.status);
        let answer = ask(&account, &it.method, &it.path, it.body.as_ref(), &prefer);
        let answer = answer.expect(it.status);
        assert_eq!(answer.header("preference-applied"), Some(&*prefer));
        let synthesized = answer.header("openmail-mock-synthesized");
        match it.codes.first() {
            Some(code) => assert_eq!((&answer.error(), synthesized), (code, None)),
            None => assert_eq!(synthesized, Some("true"), "{}", it.operation),
        }
    }
    assert_eq!(state(&account), before);
}

#[test]
fn an_error_carries_what_it_always_carries() {
    let account = account("prefer-details");
    let send = json!({ "to": "x@example.com", "subject": "s", "body": "b" });
    let ask = |prefer: &str| ask(&account, "POST", "/v1/inboxes/x/send", Some(&send), prefer);
    let suppressed = ask("error=recipient_suppressed").json();
    assert_eq!(suppressed["type"], "bounce");
    assert!(suppressed["recipient"].is_string());
    let paid = ask("error=feature_requires_paid_plan").json();
    assert_eq!(paid["feature"], "external_reply_to");
    let cold = ask("error=cold_outreach_limit");
    assert!(cold.header("retry-after").is_some());
    let cold = cold.json();
    assert!(cold["scope"].is_string() && cold["limit"].is_u64() && cold["resetsAt"].is_string());
    let challenge = ask("error=unauthorized");
    assert_eq!(challenge.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn preferences_are_read_as_their_rfc_writes_them() {
    let account = account("prefer-rfc");
    for prefer in [
        "code=403",
        "CODE = 403",
        "code=\"403\"",
        "respond-async, wait=10, code=403",
        "respond-async; foo=\"a,code=404\", code=403; for=\"you, me\"",
        "handling=lenient, code=403, code=404",
        "x=\"\\\", code=404\", code=403",
        "error=\"forbidden\"",
        "code=403, error=forbidden",
    ] {
        ask(&account, "DELETE", "/v1/pods/x", None, prefer).refused(403, "forbidden");
    }
    let lines = [("prefer", "respond-async"), ("prefer", "code=403")];
    let answer = account.send_raw("DELETE", "/v1/pods/x", &lines, b"");
    assert_eq!(answer.header("preference-applied"), Some("code=403"));
    let ignored = ask(
        &account,
        "GET",
        "/v1/pods",
        None,
        "return=minimal, , depth-noroot, safe, wait=5, handling=strict, example=one, dynamic=true",
    );
    assert_eq!(ignored.expect(200).header("preference-applied"), None);
}

/// Whoever misspells it would take the ordinary answer for the one that they asked for.
#[test]
fn a_preference_that_is_all_but_ours_is_refused_with_ours() {
    let account = account("prefer-misspelt");
    for (prefer, meant) in [
        ("status=429", "code=429"),
        ("status=not_found", "error=not_found"),
        ("Status-Code=429", "code=429"),
        ("cod=422", "code=422"),
        ("codes=500", "code=500"),
        (
            "return=minimal, eror=spend_cap_paused",
            "error=spend_cap_paused",
        ),
        ("ERRORS=\"not_found\"", "error=not_found"),
        ("error_code=not_found", "error=not_found"),
        ("error", "error="),
        ("erorr", "error=not_found"),
        ("code=401, cdoe=403", "code=403"),
    ] {
        let answer = ask(&account, "GET", "/v1/pods", None, prefer).refused(400, "bad_request");
        let message = answer.message();
        assert!(message.contains(meant), "{prefer}: {message}");
        assert_eq!(answer.header("preference-applied"), None);
    }
}

#[test]
fn a_status_has_three_digits_and_nothing_else() {
    let account = account("prefer-digits");
    for prefer in ["code=+403", "code=0403", "code=403x", "code="] {
        let refused = ask(&account, "GET", "/v1/pods/x", None, prefer);
        refused.refused(400, "bad_request");
    }
}

/// A client that follows it stays with this mock.
#[test]
fn a_forced_redirect_leads_to_the_address_that_was_called() {
    let account = account("prefer-redirect");
    let path = "/v1/attachments/00000000-0000-4000-8000-000000000001/a.txt";
    let answer = ask(&account, "GET", path, None, "code=302").expect(302);
    let location = answer.header("location").expect("it leads somewhere");
    assert!(!location.contains(":6245/"), "{location}");
    assert!(location.contains("/attachments/"), "{location}");
}

#[test]
fn what_an_operation_does_not_answer_is_refused_with_what_it_does() {
    let account = account("prefer-impossible");
    for (prefer, told) in [
        (
            "error=recipient_supressed",
            "`listPods` has 200, 400 (bad_request), 401 (unauthorized)",
        ),
        (
            "code=418",
            "`Prefer: code=418` asks for what this operation does not answer",
        ),
        ("code=abc", "code=abc"),
        ("code", "code="),
        ("code=100", "code=100"),
        ("code=99999", "code=99999"),
        ("code=502", "code=502"),
        (
            "code=400, error=unauthorized",
            "code=400, error=unauthorized",
        ),
        (
            "code=200, error=internal_error",
            "500 (internal_error, contract_breach)",
        ),
        ("error=unauthorised", "did you mean `unauthorized`?"),
    ] {
        let answer = ask(&account, "GET", "/v1/pods", None, prefer).refused(400, "bad_request");
        let message = answer.message();
        assert!(message.contains(told), "{message}");
        assert_eq!(answer.header("preference-applied"), None);
    }
    assert_eq!(last(&account)["forced"], false);
}

#[test]
fn only_a_request_that_passed_its_checks_is_answered_by_preference() {
    let account = account("prefer-order");
    let wrong = json!({ "name": 7 });
    ask(&account, "POST", "/v1/pods", Some(&wrong), "code=201").refused(400, "bad_request");
    let headers = [("prefer", "code=200")];
    anonymous()
        .send("GET", "/v1/pods", &headers, b"")
        .refused(401, "unauthorized");
    ask(&account, "GET", "/v1/podz", None, "code=200").refused(404, "not_found");
    // The control plane takes no preferences.
    ask(&account, "GET", "/_mock/worlds", None, "code=500").expect(200);
}

#[test]
fn a_preference_comes_before_all_faults_and_counts_none() {
    let account = account("prefer-first");
    put(&account, json!([{ "operation": "*", "status": 503 }])).expect(200);
    ask(&account, "GET", "/v1/pods", None, "code=401").refused(401, "unauthorized");
    assert_eq!(hits(&account), [0]);
}

#[test]
fn a_forced_answer_changes_nothing_and_the_journal_says_that_it_was_forced() {
    let forced = account("prefer-nothing");
    let before = state(&forced);
    let made = ask(&forced, "POST", "/v1/pods", Some(&pod("acme")), "code=201").expect(201);
    assert!(made.json()["id"].is_string());
    assert_eq!(state(&forced), before);
    let entry = last(&forced);
    assert_eq!(
        (&entry["forced"], &entry["fault"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(entry["synthesized"], true);
    forced.post("/v1/pods", pod("acme")).expect(201);
    assert_eq!(last(&forced)["forced"], false);
}

#[test]
fn a_strangers_failure_without_codes_is_made_from_its_schema() {
    let document = json!({
        "openapi": "3.0.3",
        "info": { "title": "Things", "version": "1" },
        "paths": { "/things": { "get": { "operationId": "things", "responses": {
            "200": { "description": "d" },
            "4XX": { "description": "d", "content": { "application/json": { "schema": {
                "type": "object", "required": ["fault"], "additionalProperties": false,
                "properties": { "fault": { "type": "string", "enum": ["teapot"] } },
            } } } },
        } } } },
    });
    let mock = Mock::of(&document);
    let send = |prefer: &str| mock.send_bytes("GET", "/things", &[("prefer", prefer)], b"");
    let answer = send("code=418").expect(418);
    assert_eq!(answer.json(), json!({ "fault": "teapot" }));
    assert_eq!(answer.header("openmail-mock-synthesized"), Some("true"));
    assert_eq!(send("code=200").expect(200).body, b"");
    let message = send("code=500").refused(400, "bad_request").message();
    assert!(message.ends_with("`things` has 200, 4XX"), "{message}");
    // A defect may be asked for wherever it may happen.
    send("error=internal_error").refused(500, "internal_error");
}

#[test]
fn pages_may_read_what_was_applied_and_strict_mocks_know_the_header() {
    let config = Config {
        strict: true,
        ..Config::default()
    };
    let mock = start(config);
    let account = account_of(&mock, "w");
    let answer = ask(&account, "GET", "/v1/pods", None, "code=401").expect(401);
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.is_some_and(|names| names.contains("preference-applied")));
}
