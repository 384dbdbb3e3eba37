//! What our product relies on when it keeps each tenant in a pod.

use serde_json::json;

use crate::openmail::{Account, mock, refusal};

#[test]
fn a_tenant_is_found_by_its_client_id() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let pod = api.create("/v1/pods", json!({ "clientId": "acme", "name": "Acme" }));
    assert_eq!(
        (&pod["name"], &pod["isDefault"]),
        (&json!("Acme"), &json!(false))
    );
    assert_eq!(api.get("/v1/pods/acme"), (200, pod));
}

#[test]
fn a_client_id_is_taken_once() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    api.create("/v1/pods", json!({ "clientId": "acme" }));
    let again = api.post("/v1/pods", json!({ "clientId": "acme" }));
    assert_eq!(refusal(&again), (409, "client_id_taken"));
}

#[test]
fn an_inbox_lives_in_its_pod() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let pod = api.create("/v1/pods", json!({ "clientId": "acme" }));
    let inbox = api.create("/v1/inboxes", json!({ "podId": "acme" }));
    api.create("/v1/inboxes", json!({})); // This one lands in the default pod.
    assert_eq!(inbox["podId"], pod["id"]);

    let listed = api.get("/v1/inboxes?podId=acme");
    assert_eq!(listed, (200, json!({ "data": [inbox], "total": 1 })));
}

/// The fixture `saas` scopes meridian.io to the pod `meridian`, and has a pod `cedar` too.
#[test]
fn a_scoped_domain_is_refused_to_other_pods() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let sales = |pod| json!({ "podId": pod, "mailboxName": "sales", "domain": "meridian.io" });
    let foreign = api.post("/v1/inboxes", sales("cedar"));
    assert_eq!(refusal(&foreign), (400, "invalid_domain"));

    let own = api.create("/v1/inboxes", sales("meridian"));
    assert_eq!(own["address"], "sales@meridian.io");
}

#[test]
fn a_pod_is_deleted_once_it_is_empty() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    api.create("/v1/pods", json!({ "clientId": "acme" }));
    let inbox = api.create("/v1/inboxes", json!({ "podId": "acme" }));
    assert_eq!(
        refusal(&api.delete("/v1/pods/acme")),
        (409, "pod_not_empty")
    );

    let inbox = format!("/v1/inboxes/{}", inbox["id"].as_str().expect("an id"));
    assert_eq!(api.delete(&inbox).0, 204);
    assert_eq!(api.delete("/v1/pods/acme").0, 204);
    assert_eq!(refusal(&api.get("/v1/pods/acme")), (404, "not_found"));
}

#[test]
fn a_breach_of_the_contract_names_its_place() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let answer = api.post("/v1/pods", json!({ "clientId": "x".repeat(300) }));
    assert_eq!(refusal(&answer), (400, "bad_request"));
    assert_eq!(answer.1["violations"][0]["pointer"], "/clientId");
    assert_eq!(answer.1["violations"][0]["rule"], "maxLength");
}

#[test]
fn a_state_is_laid_out_in_one_call() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let inboxes = json!([{ "address": "ops@openmail.sh" }]);
    let pod = json!({ "clientId": "acme", "name": "Acme", "inboxes": inboxes });
    let (status, body) = api.patch("/_mock/state", json!({ "pods": [pod] }));
    assert_eq!(status, 200, "{body}");

    assert_eq!(api.get("/v1/pods/acme").1["name"], "Acme");
    let (_, listed) = api.get("/v1/inboxes?podId=acme");
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["data"][0]["address"], "ops@openmail.sh");
}

#[test]
fn two_keys_are_two_accounts() {
    let mock = mock();
    let api = Account::new(&mock, mock.key());
    let other = Account::new(&mock, mock.key_of("other"));
    api.create("/v1/pods", json!({ "clientId": "acme" }));
    assert_eq!(refusal(&other.get("/v1/pods/acme")), (404, "not_found"));
    other.create("/v1/pods", json!({ "clientId": "acme" }));
}
