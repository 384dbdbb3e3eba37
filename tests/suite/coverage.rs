//! Coverage: what counts as seen, where it is kept, how it is told.

mod page;
mod rules;

use openmail_mock::{Config, Running};
use serde_json::{Value, json};

use super::spec::Mock;
use super::support::{Account, Connection, account_of, start};

const COVERAGE: &str = "/_mock/coverage";

fn report(account: &Account, query: &str) -> Value {
    account
        .get(&format!("{COVERAGE}{query}"))
        .expect(200)
        .json()
}

/// What was covered of one operation, over all worlds.
fn of(mock: &Running, operation: &str) -> Value {
    visited(&report(&account_of(mock, "asker"), ""), operation)
}

fn visited(report: &Value, operation: &str) -> Value {
    let operations = report["operations"].as_array().expect("operations");
    let found = operations.iter().find(|it| it["operation"] == operation);
    found.expect("the operation is told").clone()
}

fn list<'v>(visited: &'v Value, kind: &str, which: &str) -> &'v [Value] {
    visited[kind][which].as_array().expect("a list")
}

fn answers(visited: &Value) -> Vec<String> {
    let seen = list(visited, "answers", "seen").iter();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    seen.map(|it| format!("{} {}", word(&it["status"]), word(&it["error"])))
        .map(|it| it.trim().to_owned())
        .collect()
}

fn inputs(visited: &Value) -> Vec<&str> {
    let seen = list(visited, "request", "seen").iter();
    seen.filter_map(|it| it["name"].as_str()).collect()
}

fn rules(visited: &Value) -> Vec<&str> {
    let seen = list(visited, "rules", "seen").iter();
    seen.filter_map(|it| it["error"].as_str()).collect()
}

fn properties(visited: &Value) -> Vec<&str> {
    let seen = list(visited, "response", "seen").iter();
    seen.filter_map(Value::as_str).collect()
}

#[test]
fn a_run_that_called_nothing_covers_nothing() {
    let mock = start(Config::default());
    let report = report(&account_of(&mock, "w"), "");
    assert_eq!(
        (&report["percent"], &report["seen"]),
        (&json!(0.0), &json!(0))
    );
    assert!(
        report["all"].as_u64().is_some_and(|all| all > 500),
        "{}",
        report["all"]
    );
}

#[test]
fn an_answer_counts_by_status_and_code() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account
        .post("/v1/pods", json!({ "clientId": "acme" }))
        .expect(201);
    account
        .post("/v1/pods", json!({ "clientId": "acme" }))
        .expect(409);
    assert_eq!(
        answers(&of(&mock, "createPod")),
        ["201", "409 client_id_taken"]
    );
}

#[test]
fn a_request_counts_by_what_it_holds() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account
        .post("/v1/pods", json!({ "clientId": "acme", "other": 1 }))
        .expect(201);
    account.get("/v1/pods?limit=1").expect(200);
    assert_eq!(inputs(&of(&mock, "createPod")), ["clientId"]);
    assert_eq!(inputs(&of(&mock, "listPods")), ["limit"]);
}

#[test]
fn a_request_that_breaks_the_document_counts_by_its_answer_alone() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account
        .post("/v1/pods", json!({ "clientId": "acme", "name": 7 }))
        .expect(400);
    let visited = of(&mock, "createPod");
    assert_eq!(answers(&visited), ["400 bad_request"]);
    assert!(inputs(&visited).is_empty());
}

#[test]
fn a_property_of_an_answer_counts_with_a_value() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account
        .post("/v1/pods", json!({ "name": "Acme" }))
        .expect(201);
    let visited = of(&mock, "createPod");
    assert!(!properties(&visited).contains(&"clientId"), "it is null");
}

#[test]
fn properties_of_elements_are_those_of_their_list() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account.get("/v1/inboxes").expect(200);
    assert_eq!(properties(&of(&mock, "listInboxes")), ["data", "total"]);
    account.post("/v1/inboxes", json!({})).expect(201);
    account.get("/v1/inboxes").expect(200);
    assert!(properties(&of(&mock, "listInboxes")).contains(&"data[].address"));
}

#[test]
fn a_rule_counts_where_it_refused() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    let pod = account
        .post("/v1/pods", json!({ "clientId": "acme" }))
        .expect(201);
    account
        .post("/v1/inboxes", json!({ "podId": pod.json()["id"] }))
        .expect(201);
    account.delete("/v1/pods/acme").expect(409);
    assert_eq!(rules(&of(&mock, "deletePod")), ["pod_not_empty"]);
    assert!(rules(&of(&mock, "updatePod")).is_empty());
}

#[test]
fn a_rule_that_refuses_with_a_common_code_is_told_from_broken_requests() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    let inbox = account.post("/v1/inboxes", json!({})).expect(201).json();
    let path = format!("/v1/inboxes/{}/send", inbox["id"].as_str().expect("an id"));
    account.post(&path, json!({})).expect(400);
    assert!(rules(&of(&mock, "sendEmail")).is_empty());
    account
        .post(&path, json!({ "to": "ada@example.com", "body": "Hi" }))
        .expect(400);
    assert_eq!(rules(&of(&mock, "sendEmail")), ["bad_request"]);
}

#[test]
fn a_call_without_a_key_counts() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w").holding("om_live_nobody");
    account.get("/v1/me").expect(401);
    let report = report(&account_of(&mock, "asker"), "");
    assert_eq!(answers(&visited(&report, "getMe")), ["401 unauthorized"]);
}

#[test]
fn what_every_operation_has_counts_once() {
    let mock = start(Config::default());
    let nobody = account_of(&mock, "w").holding("om_live_nobody");
    let seen = || report(&account_of(&mock, "asker"), "")["seen"].clone();
    nobody.get("/v1/me").expect(401);
    assert_eq!(seen(), 1);
    nobody.get("/v1/pods").expect(401);
    assert_eq!(seen(), 1);
}

#[test]
fn a_preference_covers_nothing() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    let headers = [("prefer", "code=404"), ("content-type", "application/json")];
    account
        .send_raw("GET", "/v1/pods/acme", &headers, b"")
        .expect(404);
    assert_eq!(report(&account, "")["seen"], 0);
}

#[test]
fn a_fault_covers_nothing_even_if_it_only_delays() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    for fault in [
        json!({ "operation": "getMe", "status": 503 }),
        json!({ "operation": "getMe", "delayMs": 1 }),
    ] {
        account
            .send("PUT", "/_mock/faults", Some(json!([fault])))
            .expect(200);
        account.get("/v1/me");
    }
    assert_eq!(report(&account, "")["seen"], 0);
}

#[test]
fn a_recipient_who_asks_for_an_error_covers_nothing() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    let inbox = account.post("/v1/inboxes", json!({})).expect(201).json();
    let path = format!("/v1/inboxes/{}/send", inbox["id"].as_str().expect("an id"));
    for name in ["account_banned", "unauthorized", "no_such_code"] {
        let mail = json!({ "to": format!("{name}@fail.test"), "subject": "Hi", "body": "Hi" });
        account.post(&path, mail);
    }
    assert_eq!(of(&mock, "sendEmail")["seen"], 0);
}

#[test]
fn worlds_are_told_together_and_apart() {
    let mock = start(Config::default());
    account_of(&mock, "one").get("/v1/me").expect(200);
    account_of(&mock, "two").get("/v1/pods").expect(200);
    let asker = account_of(&mock, "one");
    let one = report(&asker, "?world=one");
    assert_eq!(one["world"], "one");
    assert_eq!(visited(&one, "getMe")["calls"], 1);
    assert_eq!(visited(&one, "listPods")["calls"], 0);
    let all = report(&asker, "");
    assert_eq!(all["world"], Value::Null);
    assert_eq!(
        (
            visited(&all, "getMe")["calls"].clone(),
            visited(&all, "listPods")["calls"].clone()
        ),
        (json!(1), json!(1))
    );
}

#[test]
fn a_world_that_is_reset_or_dropped_takes_nothing_along() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account.get("/v1/me").expect(200);
    account.post("/_mock/reset", json!({})).expect(200);
    account.delete("/_mock/worlds/w").expect(204);
    assert_eq!(of(&mock, "getMe")["calls"], 1);
    assert_eq!(visited(&report(&account, "?world=w"), "getMe")["calls"], 1);
}

#[test]
fn calls_of_the_control_plane_cover_nothing() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account.get("/_mock/state").expect(200);
    account.get(COVERAGE).expect(200);
    assert_eq!(report(&account, "")["seen"], 0);
}

#[test]
fn too_little_is_417_with_the_report_and_what_helps_most() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account.get("/v1/me").expect(200);
    let short = account
        .get("/_mock/coverage?failUnder=50")
        .refused(417, "coverage_too_low");
    let short = short.json();
    assert_eq!(visited(&short, "getMe")["calls"], 1);
    let first = short["missing"][0].as_str().expect("a line");
    assert!(first.contains("were never called"), "{first}");
    account.get("/_mock/coverage?failUnder=0").expect(200);
    account.get("/_mock/coverage?failUnder=101").expect(400);
}

#[test]
fn the_figure_as_it_is_shown_is_enough() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account.get("/v1/me").expect(200);
    let percent = report(&account, "")["percent"].clone();
    account
        .get(&format!("{COVERAGE}?failUnder={percent}"))
        .expect(200);
}

#[test]
fn an_embedding_test_has_the_same_figure() {
    let mock = start(Config::default());
    account_of(&mock, "w").get("/v1/me").expect(200);
    let told = report(&account_of(&mock, "w"), "");
    assert_eq!(told["percent"], mock.coverage().total.percent);
}

#[test]
fn a_strangers_document_is_covered_by_what_it_answers_itself() {
    let document = json!({
        "openapi": "3.0.3", "info": { "title": "Cranes", "version": "1" },
        "paths": { "/cranes": { "get": {
            "operationId": "listCranes",
            "parameters": [{ "name": "site", "in": "query", "schema": { "type": "string" } }],
            "responses": {
                "200": { "description": "All.", "content": { "application/json": { "schema": {
                    "type": "object", "properties": { "name": { "type": "string" } } } } } },
                "503": { "description": "None." },
            },
        } } },
    });
    let mock = &Mock::of(&document).running;
    let account = account_of(mock, "w");
    let whole = |percent: f64| assert_eq!(report(&account, "")["percent"], percent);
    whole(0.0);
    let mut connection = account.connect();
    let key = [("authorization", format!("Bearer {}", account.key))];
    connection.request("GET", "/cranes?site=north", &key, b"");
    connection.answer().expect(200);
    whole(100.0);
    let visited = of(mock, "listCranes");
    assert_eq!(
        (answers(&visited), inputs(&visited)),
        (vec!["200".to_owned()], vec!["site"])
    );
    assert!(list(&visited, "response", "unseen").is_empty());
}

/// A tree of trees, once by itself and once by way of another schema: unfolded, it has no end.
fn trees() -> Value {
    let node = json!({ "$ref": "#/components/schemas/Node" });
    let media = |schema: &Value| json!({ "application/json": { "schema": schema } });
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Trees", "version": "1" },
        "paths": { "/trees": { "post": {
            "operationId": "plant",
            "requestBody": { "required": true, "content": media(&node) },
            "responses": { "200": { "description": "d", "content": media(&node) } },
        } } },
        "components": { "schemas": { "Node": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": { "type": "string", "example": "oak" },
                "left": node,
                "branches": { "type": "array", "items": { "$ref": "#/components/schemas/Branch" } },
            },
        }, "Branch": { "type": "object", "properties": {
            "length": { "type": "integer" },
            "tree": node,
        } } } },
    })
}

#[test]
fn a_strangers_schema_that_holds_itself_is_unfolded_once() {
    let mock = Mock::of(&trees());
    let body = json!({
        "name": "a",
        "left": { "name": "b", "left": { "name": "c" } },
        "branches": [{ "tree": { "name": "d", "branches": [{ "length": 7 }] } }],
    });
    mock.call("POST", "/trees", Some(body)).expect(200);
    let report = mock.call("GET", COVERAGE, None).expect(200).json();
    let visited = visited(&report, "plant");
    assert_eq!(
        inputs(&visited),
        ["name", "left", "branches", "branches[].tree"]
    );
    let unseen = list(&visited, "request", "unseen").iter();
    let unseen: Vec<&str> = unseen.filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(unseen, ["branches[].length"]);
}

/// Names come and go by the thousand in a long run; what they covered stays.
#[test]
fn a_world_that_is_forgotten_past_4096_names_still_counts_for_all() {
    let mock = start(Config::default());
    account_of(&mock, "first").get("/v1/pods").expect(200);
    let mut connection = Connection::open(mock.address());
    for number in 0..4_100 {
        let key = format!("Bearer {}", mock.key_of(&format!("later-{number}")));
        connection.request("GET", "/v1/me", &[("authorization", key)], b"");
        connection.answer().expect(200);
    }
    let all = report(&account_of(&mock, "later-4099"), "?world=later-4099");
    assert_eq!(visited(&all, "getMe")["calls"], 1);
    let anonymous = |query: &str| {
        let mut connection = Connection::open(mock.address());
        connection.request("GET", &format!("{COVERAGE}{query}"), &[], b"");
        connection.answer().expect(200).json()
    };
    let first = visited(&anonymous("?world=first"), "listPods");
    assert_eq!(answers(&first), [""; 0]);
    let all = anonymous("");
    assert_eq!(answers(&visited(&all, "listPods")), ["200"]);
    assert_eq!(visited(&all, "listPods")["calls"], 1);
    assert_eq!(visited(&all, "getMe")["calls"], 4_100);
}
