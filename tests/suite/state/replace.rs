//! PUT: the whole state becomes what a document describes, or nothing changes.

use openmail_mock::{Config, Running};
use serde_json::{Value, json};

use super::{export, frozen, parsed, put, put_bytes, tenants, with_tenants};
use crate::support::{Account, account, account_of, start};

#[test]
fn it_answers_what_the_world_holds_then() {
    let answer = put(&account("state-put-counts"), tenants()).expect(200);
    assert_eq!(
        answer.json(),
        json!({ "pods": 4, "inboxes": 5, "domains": 3, "keys": 0, "threads": 0, "messages": 0,
                "events": 0, "deliveries": 0 })
    );
}

#[test]
fn what_is_left_out_is_as_in_an_empty_account() {
    let mock = frozen(0, "2026-01-15T12:00:00Z");
    let account = account_of(&mock, "w");
    let empty = export(&account);
    let account_row = json!({ "plan": "free", "defaultDomain": "shared.example",
                              "keys": ["om_one"], "spendCapPaused": true });
    let mut document = tenants();
    document["account"] = account_row;
    document["clock"] = json!({ "mode": "real", "ahead": "+2h" });
    document["generator"] = json!({ "draws": 77 });
    put(&account, document).expect(200);
    assert_ne!(export(&account), empty);
    put(&account, json!({})).expect(200);
    assert_eq!(export(&account), empty);
}

#[test]
fn what_is_left_out_is_not_as_in_the_seed() {
    let mock = start(Config::with_fixture("saas"));
    let account = account_of(&mock, "w");
    put(&account, json!({})).expect(200);
    assert_eq!(account.get("/v1/pods").json()["total"], 1);
    account.post("/_mock/reset", json!({})).expect(200);
    assert_eq!(account.get("/v1/pods").json()["total"], 3);
}

/// The pointers of a refusal's violations.
fn pointers(refusal: &Value) -> Vec<String> {
    let violations = refusal["violations"].as_array().expect("a list");
    let pointers = violations.iter().map(|it| it["pointer"].as_str());
    pointers
        .map(|it| it.expect("a pointer").to_owned())
        .collect()
}

#[test]
fn everything_that_is_wrong_is_listed_and_nothing_changes() {
    let account = with_tenants("state-put-wrong");
    let before = export(&account);
    let refusal = put(
        &account,
        json!({
            "pods": [{ "clientId": "a" }, { "clientId": "a" }],
            "domains": [{ "domain": "a.example", "pod": "aa" }],
            "inboxes": [{ "address": "one@nowhere.example" },
                        { "address": "two@openmail.sh", "webhookUrl": "http://example.com" }],
        }),
    );
    let mut told = pointers(&refusal.refused(400, "bad_request").json());
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "/domains/0/pod",
            "/inboxes/0/address",
            "/inboxes/1/webhookUrl",
            "/pods/1/clientId"
        ]
    );
    assert_eq!(export(&account), before);
}

#[test]
fn everything_of_the_wrong_form_is_listed_and_nothing_changes() {
    let account = with_tenants("state-put-form");
    let before = export(&account);
    // The client would hold the request against the contract only if it were answered well.
    let refusal = put(
        &account,
        json!({ "acount": {}, "account": { "plan": "premium" }, "pods": [{ "nmae": "x" }] }),
    );
    let mut told = pointers(&refusal.refused(400, "bad_request").json());
    told.sort_unstable();
    assert_eq!(told, ["/account/plan", "/acount", "/pods/0/nmae"]);
    assert_eq!(export(&account), before);
}

#[test]
fn a_dangling_reference_comes_with_the_nearest_client_id() {
    let refusal = put(
        &account("state-put-near"),
        json!({ "pods": [{ "clientId": "meridian" }],
                "inboxes": [{ "address": "one@openmail.sh", "pod": "meridain" }] }),
    );
    let refusal = refusal.refused(400, "bad_request").json();
    let hint = refusal["violations"][0]["hint"].as_str().expect("words");
    assert!(hint.ends_with("did you mean `meridian`?"), "{hint}");
}

#[test]
fn an_inbox_on_a_domain_of_another_pod_is_refused() {
    let mut document = tenants();
    document["inboxes"][0] = json!({ "address": "main@meridian.io" });
    let refusal = put(&account("state-put-scope"), document);
    let refusal = refusal.refused(400, "bad_request").json();
    assert_eq!(pointers(&refusal), ["/inboxes/0/address"]);
}

#[test]
fn an_account_as_it_stands_may_hold_what_could_not_be_created() {
    let account = account("state-put-standing");
    let mut document = tenants();
    document["account"] = json!({ "plan": "free", "spendCapPaused": true });
    document["domains"][0]["status"] = json!("failed");
    put(&account, document).expect(200);
    assert_eq!(account.get("/v1/inboxes").json()["total"], 5);
}

fn world(account: &Account, name: &str) -> Value {
    let worlds = account.get("/_mock/worlds?limit=1000").expect(200).json();
    let worlds = worlds["data"].as_array().expect("a list").clone();
    let world = worlds.into_iter().find(|world| world["name"] == name);
    world.expect("it is open")
}

#[test]
fn journal_and_snapshots_survive_and_the_generation_rises() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account.get("/v1/pods").expect(200);
    account
        .send("PUT", "/_mock/snapshots/kept", None)
        .expect(200);
    let before = world(&account, "w");
    put(&account, tenants()).expect(200);
    let after = world(&account, "w");
    let generation = |world: &Value| world["generation"].as_u64().expect("a number");
    assert!(generation(&after) > generation(&before), "{after}");
    assert_eq!(after["snapshots"], 1);
    let called = account
        .get("/_mock/requests?operation=listPods")
        .expect(200);
    assert_eq!(called.json()["total"], 1);
    account
        .post("/_mock/reset", json!({ "to": "kept" }))
        .expect(200);
    assert_eq!(account.get("/v1/pods").json()["total"], 1);
}

#[test]
fn a_refused_document_leaves_the_generation() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    put(&account, tenants()).expect(200);
    let before = world(&account, "w")["generation"].clone();
    let wrong = json!({ "inboxes": [{ "address": "one@nowhere.example" }] });
    put(&account, wrong).refused(400, "bad_request");
    assert_eq!(world(&account, "w")["generation"], before);
}

#[test]
fn only_the_world_of_the_call_is_replaced() {
    let mock = start(Config::default());
    let (one, other) = (account_of(&mock, "one"), account_of(&mock, "other"));
    let before = export(&other);
    put(&one, tenants()).expect(200);
    assert_eq!(export(&other), before);
}

/// A mock whose state bodies end at this many bytes.
fn bounded(max_body: usize) -> Running {
    start(Config {
        max_body,
        ..Config::default()
    })
}

/// A document of that many bytes; what fills it says nothing.
fn padded(bytes: usize) -> Vec<u8> {
    let mut document = br#"{ "pods": [{ "clientId": "a" }] }"#.to_vec();
    document.resize(bytes, b' ');
    document
}

#[test]
fn a_document_between_the_common_bound_and_its_own_is_taken() {
    const MIB: usize = 1024 * 1024;
    let mock = bounded(2 * MIB);
    let account = account_of(&mock, "w");
    put_bytes(&account, &padded(2 * MIB)).expect(200);
    account.get("/v1/pods/a").expect(200);
}

#[test]
fn a_document_past_its_bound_is_refused_with_the_option() {
    let mock = bounded(10_000);
    let account = account_of(&mock, "w");
    put_bytes(&account, &padded(10_000)).expect(200);
    let refusal = put_bytes(&account, &padded(10_001));
    let message = refusal.refused(413, "payload_too_large").message();
    assert!(message.contains("--max-body"), "{message}");
}

#[test]
fn relative_times_count_from_the_clock_of_the_document() {
    let account = account("state-put-times");
    let document = json!({
        "clock": { "mode": "frozen", "at": "2001-01-05T00:00:00Z" },
        "inboxes": [{ "address": "one@openmail.sh", "createdAt": "-3d" }],
    });
    put(&account, document).expect(200);
    let state = parsed(&export(&account));
    assert_eq!(state["inboxes"][0]["createdAt"], "2001-01-02T00:00:00.000Z");
}

/// They were as old as the mock's start by the real clock, so that no two exports were equal.
#[test]
fn an_account_is_made_at_the_clock_of_its_document_a_later_one_too() {
    let document = json!({ "clock": { "mode": "frozen", "at": "2031-05-01T00:00:00Z" } });
    let mocks = [(); 2].map(|()| {
        let mock = start(Config::default());
        put(&account_of(&mock, "w"), document.clone()).expect(200);
        mock
    });
    let [one, other] = mocks.map(|mock| export(&account_of(&mock, "w")));
    assert_eq!(parsed(&one), parsed(&other));
    let state = parsed(&one);
    for row in [&state["account"], &state["pods"][0]] {
        assert_eq!(row["createdAt"], "2031-05-01T00:00:00.000Z");
    }
}

/// No schema says what is wrong beside the form: each entry says it itself.
#[test]
fn every_fault_is_told_in_words() {
    let refusal = put(
        &account("state-put-words"),
        json!({ "pods": [{ "clientId": "a" }, { "clientId": "a" }],
                "inboxes": [{ "address": "one@nowhere.example" }] }),
    );
    let refusal = refusal.refused(400, "bad_request").json();
    let violations = refusal["violations"].as_array().expect("a list").iter();
    let hints: Vec<_> = violations
        .map(|it| it["hint"].as_str().expect("words"))
        .collect();
    assert_eq!(
        hints,
        [
            "this is described twice, first at /pods/0",
            "`nowhere.example` is no domain of this account; add and verify it first"
        ]
    );
}
