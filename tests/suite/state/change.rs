//! PATCH: a fragment laid over the living world, which is what the dashboard does.

use serde_json::{Value, json};

use super::{export, frozen, laid, parsed, patch, put, row, tenants, with_tenants};
use crate::support::{Account, account, account_of};

fn state(account: &Account) -> Value {
    parsed(&export(account))
}

#[test]
fn an_empty_fragment_changes_nothing() {
    let account = with_tenants("state-nothing");
    let before = export(&account);
    assert_eq!(laid(&account, json!({})), (0, 0, 0));
    assert_eq!(export(&account), before);
}

#[test]
fn a_worlds_own_export_changes_nothing() {
    let account = with_tenants("state-own-export");
    let before = export(&account);
    let mut fragment = parsed(&before);
    let members = fragment.as_object_mut().expect("an object");
    members.retain(|name, _| name != "clock" && name != "generator");
    assert_eq!(laid(&account, fragment), (0, 0, 0));
    assert_eq!(export(&account), before);
}

#[test]
fn pods_are_found_by_client_id() {
    let account = with_tenants("state-by-client-id");
    let pod = account.get("/v1/pods/meridian").expect(200).json();
    let fragment = json!({ "pods": [{ "clientId": "meridian", "name": "New" }] });
    assert_eq!(laid(&account, fragment), (0, 1, 0));
    let now = account.get("/v1/pods/meridian").expect(200).json();
    assert_eq!((&now["id"], &now["name"]), (&pod["id"], &json!("New")));
}

#[test]
fn pods_are_found_by_id() {
    let account = with_tenants("state-pod-by-id");
    let id = account.get("/v1/pods/meridian").expect(200).json()["id"].clone();
    let fragment = json!({ "pods": [{ "id": id, "clientId": "renamed" }] });
    assert_eq!(laid(&account, fragment), (0, 1, 0));
    let now = account.get("/v1/pods/renamed").expect(200).json();
    assert_eq!(now["id"], id);
    account.get("/v1/pods/meridian").refused(404, "not_found");
}

#[test]
fn the_default_pod_is_found_by_being_it() {
    let account = with_tenants("state-default-pod");
    let fragment = json!({ "pods": [{ "isDefault": true, "clientId": "home", "name": "Home" }] });
    assert_eq!(laid(&account, fragment), (0, 1, 0));
    let pod = account.get("/v1/pods/home").expect(200).json();
    assert_eq!(
        (&pod["isDefault"], &pod["name"]),
        (&json!(true), &json!("Home"))
    );
}

#[test]
fn inboxes_are_found_by_address_and_by_id() {
    let account = with_tenants("state-inboxes");
    let known = row(&state(&account), "inboxes", "address", "one@shared.example");
    let fragment = json!({ "inboxes": [
        { "address": "main@openmail.sh", "displayName": "Main" },
        { "id": known["id"], "displayName": "One" },
    ]});
    assert_eq!(laid(&account, fragment), (0, 2, 0));
    let now = state(&account);
    for (address, name) in [("main@openmail.sh", "Main"), ("one@shared.example", "One")] {
        let inbox = row(&now, "inboxes", "address", address);
        assert_eq!(inbox["displayName"], name);
    }
}

#[test]
fn domains_are_found_by_name_and_by_id() {
    let account = with_tenants("state-domains");
    let known = row(&state(&account), "domains", "domain", "meridian.io");
    let fragment = json!({ "domains": [
        { "domain": "shared.example", "status": "failed" },
        { "id": known["id"], "status": "pending" },
    ]});
    assert_eq!(laid(&account, fragment), (0, 2, 0));
    let now = state(&account);
    for (domain, status) in [("shared.example", "failed"), ("meridian.io", "pending")] {
        assert_eq!(row(&now, "domains", "domain", domain)["status"], status);
    }
}

#[test]
fn rows_are_added_changed_and_removed_in_one_step() {
    let account = with_tenants("state-three-ways");
    let fragment = json!({
        "pods": [{ "clientId": "new", "inboxes": [{ "address": "new@openmail.sh" }] },
                 { "clientId": "cedar", "name": "Cedar" },
                 { "clientId": "bare", "remove": true }],
        "domains": [{ "domain": "new.example", "pod": "new" }],
        "inboxes": [{ "address": "two@shared.example", "remove": true }],
    });
    assert_eq!(laid(&account, fragment), (3, 1, 2));
    account.get("/v1/pods/bare").refused(404, "not_found");
    let listed = account.get("/v1/inboxes?podId=new").expect(200).json();
    assert_eq!(listed["data"][0]["address"], "new@openmail.sh");
}

#[test]
fn a_pod_goes_together_with_what_stood_in_it() {
    let account = with_tenants("state-offboard");
    let fragment = json!({
        "pods": [{ "clientId": "cedar", "remove": true }],
        "domains": [{ "domain": "cedarworks.com", "remove": true }],
        "inboxes": [{ "address": "hello@cedarworks.com", "remove": true },
                    { "address": "two@shared.example", "remove": true }],
    });
    assert_eq!(laid(&account, fragment), (0, 0, 4));
}

#[test]
fn null_clears_what_can_be_absent() {
    let account = with_tenants("state-null");
    let fragment = json!({
        "pods": [{ "clientId": "meridian", "name": null }],
        "inboxes": [{ "address": "main@openmail.sh", "webhookUrl": null },
                    { "address": "support@meridian.io", "displayName": null }],
    });
    assert_eq!(laid(&account, fragment), (0, 3, 0));
    let now = state(&account);
    let cleared = [
        row(&now, "pods", "clientId", "meridian"),
        row(&now, "inboxes", "address", "main@openmail.sh"),
        row(&now, "inboxes", "address", "support@meridian.io"),
    ];
    for (row, gone) in cleared.iter().zip(["name", "webhookSecret", "displayName"]) {
        assert_eq!(row.get(gone), None, "{row}");
    }
}

#[test]
fn a_client_id_can_be_cleared() {
    let account = with_tenants("state-null-client-id");
    let id = account.get("/v1/pods/bare").expect(200).json()["id"].clone();
    let fragment = json!({ "pods": [{ "id": id, "clientId": null }] });
    assert_eq!(laid(&account, fragment), (0, 1, 0));
    account.get("/v1/pods/bare").refused(404, "not_found");
}

#[test]
fn a_widened_domain_serves_other_pods() {
    let account = with_tenants("state-widen");
    let inbox = json!({ "mailboxName": "fresh", "domain": "meridian.io", "podId": "cedar" });
    account
        .post("/v1/inboxes", inbox.clone())
        .refused(400, "invalid_domain");
    let fragment = json!({ "domains": [{ "domain": "meridian.io", "pod": null }] });
    assert_eq!(laid(&account, fragment), (0, 1, 0));
    account.post("/v1/inboxes", inbox).expect(201);
}

#[test]
fn a_domain_without_inboxes_elsewhere_can_be_narrowed() {
    let account = with_tenants("state-narrow");
    laid(
        &account,
        json!({ "inboxes": [{ "address": "two@shared.example", "remove": true }] }),
    );
    let fragment = json!({ "domains": [{ "domain": "shared.example", "pod": "meridian" }] });
    assert_eq!(laid(&account, fragment), (0, 1, 0));
    let inbox = json!({ "mailboxName": "two", "domain": "shared.example", "podId": "cedar" });
    account
        .post("/v1/inboxes", inbox)
        .refused(400, "invalid_domain");
}

#[test]
fn a_domain_that_loses_its_verification_takes_no_new_inbox() {
    let account = with_tenants("state-unverified");
    let fragment = json!({ "domains": [{ "domain": "shared.example", "status": "under_review" }] });
    laid(&account, fragment);
    let inbox = json!({ "mailboxName": "fresh", "domain": "shared.example" });
    account
        .post("/v1/inboxes", inbox)
        .refused(400, "invalid_domain");
}

#[test]
fn the_dashboards_settings_hold_at_once() {
    let account = with_tenants("state-settings");
    let settings = json!({ "defaultDomain": "shared.example" });
    laid(&account, json!({ "account": settings }));
    let made = account
        .post("/v1/inboxes", json!({ "mailboxName": "fresh" }))
        .expect(201)
        .json();
    assert_eq!(made["address"], "fresh@shared.example");
    laid(&account, json!({ "account": { "spendCapPaused": true } }));
    account
        .post("/v1/inboxes", json!({}))
        .refused(402, "spend_cap_paused");
    let settings = json!({ "spendCapPaused": false, "plan": "free" });
    assert_eq!(laid(&account, json!({ "account": settings })), (0, 1, 0));
    account
        .post("/v1/inboxes", json!({}))
        .refused(422, "inbox_limit_reached");
}

#[test]
fn a_domain_that_moves_holds_its_new_pod_and_lets_the_old_one_go() {
    let account = with_tenants("state-handed-over");
    let lone = |pod| json!({ "domains": [{ "domain": "lone.example", "pod": pod }] });
    laid(&account, json!({ "pods": [{ "clientId": "next" }] }));
    assert_eq!(laid(&account, lone("bare")), (1, 0, 0));
    assert_eq!(laid(&account, lone("next")), (0, 1, 0));
    account
        .delete("/v1/pods/next")
        .refused(409, "pod_has_domains");
    account.delete("/v1/pods/bare").expect(204);
}

#[test]
fn a_webhook_moves_with_its_secret() {
    let account = with_tenants("state-webhook-moves");
    let url = "https://example.com/elsewhere";
    let fragment = json!({ "inboxes": [{ "address": "main@openmail.sh", "webhookUrl": url }] });
    assert_eq!(laid(&account, fragment), (0, 1, 0));
    let inbox = row(&state(&account), "inboxes", "address", "main@openmail.sh");
    assert_eq!(
        (&inbox["webhookUrl"], &inbox["webhookSecret"]),
        (&json!(url), &json!("whsec_own"))
    );
}

#[test]
fn a_secret_can_be_chosen() {
    let account = with_tenants("state-secret");
    let secret = "whsec_chosen";
    let fragment =
        json!({ "inboxes": [{ "address": "main@openmail.sh", "webhookSecret": secret }] });
    assert_eq!(laid(&account, fragment), (0, 1, 0));
    let inbox = row(&state(&account), "inboxes", "address", "main@openmail.sh");
    assert_eq!(inbox["webhookSecret"], secret);
}

#[test]
fn what_goes_makes_room_within_the_plan() {
    let account = account("state-room");
    let three = json!([{ "address": "one@openmail.sh" }, { "address": "two@openmail.sh" },
                       { "address": "three@openmail.sh" }]);
    put(
        &account,
        json!({ "account": { "plan": "free" }, "inboxes": three }),
    )
    .expect(200);
    let fragment = json!({ "inboxes": [{ "address": "four@openmail.sh" },
                                       { "address": "one@openmail.sh", "remove": true }] });
    assert_eq!(laid(&account, fragment), (1, 0, 1));
}

#[test]
fn an_address_that_goes_can_come_again_in_the_same_fragment() {
    let account = with_tenants("state-again");
    let address = "main@openmail.sh";
    let before = row(&state(&account), "inboxes", "address", address);
    let fragment = json!({ "inboxes": [{ "address": address, "remove": true },
                                       { "address": address }] });
    assert_eq!(laid(&account, fragment), (1, 0, 1));
    let after = row(&state(&account), "inboxes", "address", address);
    assert_ne!(after["id"], before["id"]);
}

#[test]
fn only_the_world_of_the_call_changes() {
    let mock = frozen(0, "2026-01-15T12:00:00Z");
    let (one, other) = (account_of(&mock, "one"), account_of(&mock, "other"));
    let before = export(&other);
    laid(&one, tenants());
    assert_eq!(export(&other), before);
}

#[test]
fn a_fragment_leaves_the_generation_and_the_snapshots() {
    let mock = frozen(0, "2026-01-15T12:00:00Z");
    let account = account_of(&mock, "w");
    account
        .send("PUT", "/_mock/snapshots/kept", None)
        .expect(200);
    let generation =
        || account.get("/_mock/worlds").expect(200).json()["data"][0]["generation"].clone();
    let before = generation();
    laid(&account, tenants());
    assert_eq!(generation(), before);
    account
        .post("/_mock/reset", json!({ "to": "kept" }))
        .expect(200);
    assert_eq!(account.get("/v1/pods").json()["total"], 1);
}

#[test]
fn one_bad_row_of_many_changes_nothing() {
    let account = with_tenants("state-atomic");
    let before = export(&account);
    let mut rows: Vec<Value> = (0..50)
        .map(|row| json!({ "address": format!("box-{row}@openmail.sh") }))
        .collect();
    rows.push(json!({ "address": "last@nowhere.example" }));
    let fragment = json!({
        "account": { "plan": "enterprise" },
        "pods": [{ "clientId": "meridian", "name": "New" }, { "clientId": "bare", "remove": true }],
        "inboxes": rows,
    });
    let refusal = patch(&account, fragment).refused(400, "invalid_domain");
    let violations = &refusal.json()["violations"];
    assert_eq!(violations[0]["pointer"], "/inboxes/50/address");
    assert_eq!(export(&account), before);
}

#[test]
fn a_refused_fragment_draws_no_id() {
    let mock = frozen(0, "2026-01-15T12:00:00Z");
    let account = account_of(&mock, "w");
    let made = || account.post("/v1/pods", json!({})).expect(201).json()["id"].clone();
    account
        .send("PUT", "/_mock/snapshots/start", None)
        .expect(200);
    let straight = made();
    account
        .post("/_mock/reset", json!({ "to": "start" }))
        .expect(200);
    let fragment = json!({ "pods": [{ "clientId": "a" }, { "clientId": "a" }] });
    patch(&account, fragment).refused(400, "bad_request");
    assert_eq!(made(), straight);
}

#[test]
fn a_default_domain_can_be_left_by_what_stands_on_it_in_the_same_fragment() {
    let account = account("state-leave-default");
    let base = json!({ "account": { "defaultDomain": "own.example" },
                       "inboxes": [{ "address": "one@own.example" }] });
    put(&account, base).expect(200);
    let fragment = json!({ "account": { "defaultDomain": "openmail.sh" },
                           "inboxes": [{ "address": "one@own.example", "remove": true }] });
    assert_eq!(laid(&account, fragment), (0, 1, 1));
}

#[test]
fn a_default_domain_can_become_a_custom_one_in_the_same_fragment() {
    let account = account("state-keep-default");
    let base = json!({ "account": { "defaultDomain": "own.example" },
                       "inboxes": [{ "address": "one@own.example" }] });
    put(&account, base).expect(200);
    let fragment = json!({ "account": { "defaultDomain": "openmail.sh" },
                           "domains": [{ "domain": "own.example" }] });
    assert_eq!(laid(&account, fragment), (1, 1, 0));
}

/// The id counted as described, by the row that went.
#[test]
fn an_inbox_that_goes_can_come_again_with_its_id() {
    let account = with_tenants("state-again-by-id");
    let address = "main@openmail.sh";
    let before = row(&state(&account), "inboxes", "address", address);
    let fragment = json!({ "inboxes": [{ "id": before["id"], "remove": true },
                                       { "id": before["id"], "address": address }] });
    assert_eq!(laid(&account, fragment), (1, 0, 1));
    let after = row(&state(&account), "inboxes", "address", address);
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after.get("webhookUrl"), None);
}

#[test]
fn an_inbox_goes_from_the_pod_that_it_is_written_under() {
    let account = with_tenants("state-go-under");
    let fragment = json!({ "pods": [{ "clientId": "cedar", "inboxes": [
        { "address": "two@shared.example", "remove": true },
    ]}]});
    assert_eq!(laid(&account, fragment), (0, 0, 1));
}
