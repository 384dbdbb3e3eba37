//! Inboxes through the protocol (the seed page: Scoping inboxes to a pod, Custom domains and pods).

use serde_json::{Value, json};

use super::support::{Account, account, account_of, start};
use openmail_mock::{Config, Running};

fn pod_id(account: &Account, key: &str) -> String {
    let pod = account.get(&format!("/v1/pods/{key}")).expect(200).json();
    pod["id"].as_str().expect("an id").to_owned()
}

fn default_pod(account: &Account) -> String {
    let list = account.get("/v1/pods?limit=1").expect(200).json();
    list["data"][0]["id"].as_str().expect("an id").to_owned()
}

fn made(account: &Account, body: Value) -> Value {
    account.post("/v1/inboxes", body).expect(201).json()
}

fn path(inbox: &Value) -> String {
    format!("/v1/inboxes/{}", inbox["id"].as_str().expect("an id"))
}

/// Two pods, a domain of each state and scope.
fn with_domains() -> Running {
    start(Config::with_fixture(json!({
        "pods": [{ "clientId": "meridian" }, { "clientId": "cedar" }],
        "domains": [
            { "domain": "meridian.io", "pod": "meridian" },
            { "domain": "relaystack.com" },
            { "domain": "pending.example", "status": "pending" },
        ],
    })))
}

#[test]
fn an_inbox_lands_in_the_default_pod() {
    let account = account("inboxes-default");
    let inbox = made(&account, json!({}));
    assert_eq!(inbox["podId"], json!(default_pod(&account)));
}

#[test]
fn an_inbox_is_created_in_the_pod_that_a_client_id_names() {
    let account = account("inboxes-client-id");
    account
        .post("/v1/pods", json!({ "clientId": "meridian" }))
        .expect(201);
    let inbox = made(&account, json!({ "podId": "meridian" }));
    assert_eq!(inbox["podId"], json!(pod_id(&account, "meridian")));
}

#[test]
fn an_inbox_is_read_as_it_was_written() {
    let account = account("inboxes-read");
    let body = json!({ "mailboxName": "support", "displayName": "Support" });
    let inbox = made(&account, body);
    assert_eq!(inbox["address"], "support@openmail.sh");
    assert_eq!(inbox["displayName"], "Support");
    assert_eq!(inbox["webhookUrl"], Value::Null);
    assert!(inbox.get("webhookSecret").is_none());
    assert_eq!(account.get(&path(&inbox)).expect(200).json(), inbox);
    assert_eq!(account.get("/v1/inboxes").json()["data"][0], inbox);
}

#[test]
fn a_generated_address_has_eight_letters_and_digits() {
    let inbox = made(&account("inboxes-generated"), json!({}));
    let address = inbox["address"].as_str().expect("an address");
    let (name, domain) = address.split_once('@').expect("an address");
    assert_eq!((name.len(), domain), (8, "openmail.sh"));
    assert!(
        name.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    );
}

#[test]
fn an_unknown_pod_is_an_invalid_pod_on_creation() {
    let account = account("inboxes-invalid-pod");
    account
        .post("/v1/inboxes", json!({ "podId": "nobody" }))
        .refused(400, "invalid_pod");
    assert_eq!(account.get("/v1/inboxes").json()["total"], 0);
}

#[test]
fn a_pod_lists_its_own_inboxes_newest_first() {
    let account = account("inboxes-list");
    account
        .post("/v1/pods", json!({ "clientId": "meridian" }))
        .expect(201);
    let first = made(&account, json!({ "podId": "meridian" }));
    made(&account, json!({}));
    let second = made(&account, json!({ "podId": "meridian" }));
    let list = account.get("/v1/inboxes?podId=meridian").expect(200).json();
    assert_eq!(list, json!({ "data": [second, first], "total": 2 }));
    let by_id = format!("/v1/inboxes?podId={}", pod_id(&account, "meridian"));
    assert_eq!(account.get(&by_id).expect(200).json(), list);
}

#[test]
fn an_unknown_pod_lists_nothing() {
    let account = account("inboxes-unknown-pod");
    made(&account, json!({}));
    let list = account.get("/v1/inboxes?podId=nobody").expect(200).json();
    assert_eq!(list, json!({ "data": [], "total": 0 }));
}

#[test]
fn pages_of_one_pod_tile() {
    let account = account("inboxes-pages");
    account
        .post("/v1/pods", json!({ "clientId": "meridian" }))
        .expect(201);
    for _ in 0..5 {
        made(&account, json!({ "podId": "meridian" }));
        made(&account, json!({}));
    }
    let whole = account.get("/v1/inboxes?podId=meridian").expect(200).json();
    let mut tiled = Vec::new();
    for offset in [0, 2, 4, 6] {
        let path = format!("/v1/inboxes?podId=meridian&limit=2&offset={offset}");
        let page = account.get(&path).expect(200).json();
        assert_eq!(page["total"], 5);
        tiled.extend(page["data"].as_array().expect("a list").clone());
    }
    assert_eq!(json!(tiled), whole["data"]);
}

#[test]
fn an_inbox_never_moves() {
    let account = account("inboxes-never-move");
    account
        .post("/v1/pods", json!({ "clientId": "meridian" }))
        .expect(201);
    let inbox = made(&account, json!({}));
    let answer = account.patch(&path(&inbox), json!({ "podId": "meridian" }));
    let message = answer.refused(400, "bad_request").message();
    assert!(
        message.contains("an inbox cannot be moved between pods"),
        "{message}"
    );
    assert_eq!(account.get(&path(&inbox)).json(), inbox);
}

#[test]
fn every_ill_formed_mailbox_name_has_the_code_of_its_own() {
    let account = account("inboxes-names");
    for name in [
        "ab", "Support", "a..b", ".abc", "abc.", "-abc", "abc-", "a b", "a_b", "", "ünï",
    ] {
        account
            .post("/v1/inboxes", json!({ "mailboxName": name }))
            .refused(400, "invalid_mailbox_name");
    }
    let long = "a".repeat(31);
    account
        .post("/v1/inboxes", json!({ "mailboxName": long }))
        .refused(400, "invalid_mailbox_name");
}

#[test]
fn a_mailbox_name_of_another_type_is_a_bad_request() {
    account("inboxes-name-type")
        .post("/v1/inboxes", json!({ "mailboxName": 7 }))
        .refused(400, "bad_request");
}

#[test]
fn every_well_formed_mailbox_name_is_taken() {
    let account = account("inboxes-good-names");
    for name in ["abc", "a.b", "a-b", "a--b", "a.-b", "0a9", &"a".repeat(30)] {
        made(&account, json!({ "mailboxName": name }));
    }
}

#[test]
fn an_address_is_taken_once_and_free_after_deletion() {
    let account = account("inboxes-taken");
    let inbox = made(&account, json!({ "mailboxName": "support" }));
    account
        .post("/v1/inboxes", json!({ "mailboxName": "support" }))
        .refused(409, "address_taken");
    account.delete(&path(&inbox)).expect(204);
    made(&account, json!({ "mailboxName": "support" }));
}

#[test]
fn creation_needs_a_body_and_takes_no_nulls_and_no_unknown_fields() {
    let account = account("inboxes-body");
    account
        .send("POST", "/v1/inboxes", None)
        .refused(400, "bad_request");
    account
        .post("/v1/inboxes", json!({ "displayName": null }))
        .refused(400, "bad_request");
    let misspelt = account.post("/v1/inboxes", json!({ "displayname": "x" }));
    let message = misspelt.refused(400, "bad_request").message();
    assert!(message.contains("did you mean `displayName`?"), "{message}");
}

#[test]
fn a_domain_must_agree_with_the_pod() {
    let mock = with_domains();
    let account = account_of(&mock, "w");
    let at = |domain: &str, pod: Option<&str>| {
        let mut body = json!({ "domain": domain });
        if let Some(pod) = pod {
            body["podId"] = json!(pod);
        }
        account.post("/v1/inboxes", body)
    };
    at("meridian.io", Some("meridian")).expect(201);
    at("MERIDIAN.io", Some("meridian")).expect(201);
    at("meridian.io", Some("cedar")).refused(400, "invalid_domain");
    at("meridian.io", None).refused(400, "invalid_domain");
    at("relaystack.com", Some("cedar")).expect(201);
    at("relaystack.com", None).expect(201);
    at("openmail.sh", Some("cedar")).expect(201);
}

#[test]
fn a_domain_must_be_known_and_verified() {
    let mock = with_domains();
    let account = account_of(&mock, "w");
    for domain in ["pending.example", "unknown.example", "", "not a domain"] {
        account
            .post("/v1/inboxes", json!({ "domain": domain }))
            .refused(400, "invalid_domain");
    }
}

#[test]
fn the_pod_is_judged_before_the_domain() {
    let mock = with_domains();
    account_of(&mock, "w")
        .post(
            "/v1/inboxes",
            json!({ "podId": "nobody", "domain": "unknown.example" }),
        )
        .refused(400, "invalid_pod");
}

#[test]
fn a_free_plan_ends_at_three_inboxes() {
    let mock = start(Config::with_fixture(
        json!({ "account": { "plan": "free" } }),
    ));
    let account = account_of(&mock, "w");
    for _ in 0..3 {
        made(&account, json!({}));
    }
    account
        .post("/v1/inboxes", json!({}))
        .refused(422, "inbox_limit_reached");
}

#[test]
fn a_reached_spend_limit_pauses_creation() {
    let mock = start(Config::with_fixture(
        json!({ "account": { "spendCapPaused": true } }),
    ));
    account_of(&mock, "w")
        .post("/v1/inboxes", json!({}))
        .refused(402, "spend_cap_paused");
}

#[test]
fn a_webhook_secret_is_told_once() {
    let account = account("inboxes-webhook");
    let inbox = made(
        &account,
        json!({ "webhookUrl": "https://example.com/hook" }),
    );
    let secret = inbox["webhookSecret"].as_str().expect("a secret");
    let digits = secret.strip_prefix("whsec_").expect("its prefix");
    assert_eq!(digits.len(), 32);
    assert!(
        account
            .get(&path(&inbox))
            .json()
            .get("webhookSecret")
            .is_none()
    );
    let moved = account.patch(
        &path(&inbox),
        json!({ "webhookUrl": "http://localhost:9/x" }),
    );
    let moved = moved.expect(200).json();
    assert_eq!(moved["webhookUrl"], "http://localhost:9/x");
    assert!(moved.get("webhookSecret").is_none());
}

#[test]
fn a_cleared_webhook_forgets_its_secret() {
    let account = account("inboxes-webhook-cleared");
    let url = json!({ "webhookUrl": "https://example.com/hook" });
    let inbox = made(&account, url.clone());
    for clearing in [json!(null), json!("")] {
        let cleared = account
            .patch(&path(&inbox), json!({ "webhookUrl": clearing }))
            .expect(200);
        assert_eq!(cleared.json()["webhookUrl"], Value::Null);
        let again = account.patch(&path(&inbox), url.clone()).expect(200).json();
        assert_ne!(again["webhookSecret"], inbox["webhookSecret"]);
        assert!(again["webhookSecret"].is_string());
    }
}

#[test]
fn an_empty_webhook_url_means_none() {
    let inbox = made(
        &account("inboxes-webhook-empty"),
        json!({ "webhookUrl": "" }),
    );
    assert_eq!(inbox["webhookUrl"], Value::Null);
    assert!(inbox.get("webhookSecret").is_none());
}

#[test]
fn a_webhook_url_is_https_or_this_machine() {
    let account = account("inboxes-webhook-urls");
    for url in [
        "http://127.0.0.1:8080/x",
        "http://[::1]/x",
        "HTTPS://Example.com",
        "http://127.0.0.1:65535/",
        "http://127.0.0.1:/",
    ] {
        made(&account, json!({ "webhookUrl": url }));
    }
    for url in [
        "http://example.com/x",
        "ftp://example.com",
        "example.com",
        "https://",
        "nonsense",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:0/",
        "https://example.com:99999999999999999999/",
        "http://ada@127.0.0.1/",
        "https://ada:secret@example.com/",
        "http://127.0.0.1@example.com/",
    ] {
        account
            .post("/v1/inboxes", json!({ "webhookUrl": url }))
            .refused(422, "invalid_webhook_url");
    }
}

#[test]
fn a_display_name_is_set_and_cleared() {
    let account = account("inboxes-display-name");
    let inbox = made(&account, json!({ "displayName": "Support" }));
    let changed = account
        .patch(&path(&inbox), json!({ "displayName": "Help" }))
        .expect(200);
    assert_eq!(changed.json()["displayName"], "Help");
    let cleared = account
        .patch(&path(&inbox), json!({ "displayName": null }))
        .expect(200);
    assert_eq!(cleared.json()["displayName"], Value::Null);
}

#[test]
fn a_deleted_inbox_is_gone_everywhere() {
    let account = account("inboxes-deleted");
    let inbox = made(&account, json!({}));
    account.delete(&path(&inbox)).expect(204);
    account.get(&path(&inbox)).refused(404, "not_found");
    account
        .patch(&path(&inbox), json!({}))
        .refused(404, "not_found");
    account.delete(&path(&inbox)).refused(404, "not_found");
    let list = account.get("/v1/inboxes").json();
    assert_eq!(list["total"], 0);
}

#[test]
fn a_delete_takes_every_kind_of_no_body() {
    let account = account("inboxes-delete-bodies");
    for (headers, body) in [
        (&[("content-type", "application/json")][..], &b""[..]),
        (&[("content-type", "application/json")], b"{}"),
        (&[], b""),
        (&[], b"not read at all"),
    ] {
        let inbox = made(&account, json!({}));
        account
            .send_raw("DELETE", &path(&inbox), headers, body)
            .expect(204);
    }
}

#[test]
fn an_inbox_is_not_addressed_by_its_address() {
    let account = account("inboxes-by-address");
    made(&account, json!({ "mailboxName": "support" }));
    account
        .get("/v1/inboxes/support@openmail.sh")
        .refused(404, "not_found");
}

#[test]
fn me_tells_the_account_its_plan_and_scope() {
    let account = account("me");
    let me = account.get("/v1/me").expect(200).json();
    assert_eq!(me["plan"], "pro");
    assert_eq!(me["apiKeyScope"], "account");
    assert_eq!(me["mcpScopes"], Value::Null);
    assert!(me["customerId"].is_string());
}
