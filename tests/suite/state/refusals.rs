//! What a fragment is refused for: the API's own statuses and codes, at the member that is at
//! fault, and nothing is changed.

use serde_json::{Value, json};

use super::{export, parsed, patch, put, row, tenants, with_tenants};
use crate::support::account;

/// Holds the refusal of a fragment, over the tenants, against its status, code and place.
#[track_caller]
fn refused(world: &str, fragment: Value, status: u16, code: &str, pointer: &str) -> String {
    refused_over(world, tenants(), |_| fragment, status, code, pointer)
}

/// The same over another world, which the fragment may name ids of.
#[track_caller]
fn refused_over(
    world: &str,
    base: Value,
    fragment: impl FnOnce(&Value) -> Value,
    status: u16,
    code: &str,
    pointer: &str,
) -> String {
    let account = account(world);
    put(&account, base).expect(200);
    let before = export(&account);
    let refusal = patch(&account, fragment(&parsed(&before))).refused(status, code);
    let violations = &refusal.json()["violations"];
    assert_eq!(violations.as_array().map(Vec::len), Some(1), "{violations}");
    assert_eq!(violations[0]["pointer"], pointer);
    assert_eq!(export(&account), before);
    refusal.message()
}

#[test]
fn a_client_id_that_another_pod_has_is_taken() {
    let fragment = |state: &Value| {
        let id = row(state, "pods", "clientId", "bare")["id"].clone();
        json!({ "pods": [{ "id": id, "clientId": "cedar" }] })
    };
    let at = "/pods/0/clientId";
    refused_over(
        "no-client-id",
        tenants(),
        fragment,
        409,
        "client_id_taken",
        at,
    );
}

#[test]
fn the_default_pod_cannot_take_a_client_id_either() {
    let fragment = json!({ "pods": [{ "isDefault": true, "clientId": "cedar" }] });
    refused(
        "no-default-id",
        fragment,
        409,
        "client_id_taken",
        "/pods/0/clientId",
    );
}

#[test]
fn a_new_inbox_needs_a_domain_of_the_account() {
    let fragment = json!({ "inboxes": [{ "address": "one@shered.example" }] });
    let message = refused(
        "no-domain",
        fragment,
        400,
        "invalid_domain",
        "/inboxes/0/address",
    );
    assert!(message.contains("`shared.example`"), "{message}");
}

#[test]
fn a_new_inbox_needs_a_verified_domain() {
    let mut base = tenants();
    base["domains"][2]["status"] = json!("failed");
    let fragment = json!({ "inboxes": [{ "address": "three@shared.example" }] });
    let at = "/inboxes/0/address";
    refused_over("no-verified", base, |_| fragment, 400, "invalid_domain", at);
}

#[test]
fn a_new_inbox_stays_off_another_pods_domain() {
    let fragment = json!({ "pods": [{ "clientId": "cedar",
                                      "inboxes": [{ "address": "three@meridian.io" }] }] });
    let at = "/pods/0/inboxes/0/address";
    refused("no-scope", fragment, 400, "invalid_domain", at);
}

#[test]
fn a_domain_is_not_narrowed_past_inboxes_of_other_pods() {
    let fragment = json!({ "domains": [{ "domain": "shared.example", "pod": "cedar" }] });
    let at = "/domains/0/pod";
    let message = refused("no-narrowing", fragment, 422, "domain_has_inboxes", at);
    assert!(message.contains("1 inbox "), "{message}");
}

#[test]
fn a_domain_does_not_move_away_from_its_inboxes() {
    let fragment = json!({ "domains": [{ "domain": "meridian.io", "pod": "bare" }] });
    refused(
        "no-moving",
        fragment,
        422,
        "domain_has_inboxes",
        "/domains/0/pod",
    );
}

#[test]
fn a_domain_with_inboxes_is_not_removed() {
    let fragment = json!({ "domains": [{ "domain": "meridian.io", "remove": true }] });
    refused(
        "no-domain-removal",
        fragment,
        422,
        "domain_has_inboxes",
        "/domains/0",
    );
}

#[test]
fn a_default_domain_with_inboxes_is_not_left_behind() {
    let base = json!({ "account": { "defaultDomain": "own.example" },
                       "inboxes": [{ "address": "one@own.example" }] });
    let fragment = json!({ "account": { "defaultDomain": "openmail.sh" } });
    let (code, at) = ("domain_has_inboxes", "/account/defaultDomain");
    refused_over("no-leaving", base, |_| fragment, 422, code, at);
}

#[test]
fn a_pod_with_inboxes_is_not_removed() {
    let fragment = json!({ "pods": [{ "clientId": "cedar", "remove": true }] });
    refused("no-full-pod", fragment, 409, "pod_not_empty", "/pods/0");
}

#[test]
fn a_pod_with_domains_is_not_removed() {
    let base = json!({ "pods": [{ "clientId": "a" }],
                       "domains": [{ "domain": "a.example", "pod": "a" }] });
    let fragment = json!({ "pods": [{ "clientId": "a", "remove": true }] });
    let (code, at) = ("pod_has_domains", "/pods/0");
    refused_over("no-owner", base, |_| fragment, 409, code, at);
}

#[test]
fn the_default_pod_is_not_removed() {
    let fragment = json!({ "pods": [{ "isDefault": true, "remove": true }] });
    refused(
        "no-default-removal",
        fragment,
        409,
        "default_pod",
        "/pods/0",
    );
}

#[test]
fn the_plans_inboxes_have_a_limit() {
    let mut base = tenants();
    base["account"] = json!({ "plan": "free" });
    let fragment = json!({ "inboxes": [{ "address": "six@openmail.sh" }] });
    let (code, at) = ("inbox_limit_reached", "/inboxes/0/address");
    refused_over("no-room", base, |_| fragment, 422, code, at);
}

#[test]
fn a_reached_spend_cap_pauses_new_inboxes() {
    let fragment = json!({ "account": { "spendCapPaused": true },
                           "inboxes": [{ "address": "six@openmail.sh" }] });
    refused(
        "no-money",
        fragment,
        402,
        "spend_cap_paused",
        "/inboxes/0/address",
    );
}

#[test]
fn a_new_inbox_needs_a_usable_webhook() {
    let fragment = json!({ "inboxes": [{ "address": "six@openmail.sh",
                                         "webhookUrl": "http://example.com/" }] });
    let at = "/inboxes/0/webhookUrl";
    refused("no-webhook", fragment, 422, "invalid_webhook_url", at);
}

#[test]
fn a_webhook_needs_a_port_that_exists_and_no_name_before_its_host() {
    for (world, url) in [
        ("no-port", "http://127.0.0.1:99999/"),
        ("no-userinfo", "http://ada:secret@127.0.0.1/"),
    ] {
        let fragment = json!({ "inboxes": [{ "address": "main@openmail.sh", "webhookUrl": url }] });
        let at = "/inboxes/0/webhookUrl";
        let told = refused(world, fragment, 422, "invalid_webhook_url", at);
        assert!(!told.contains("secret"), "{told}");
        let fragment = json!({ "account": { "webhookUrl": url } });
        let at = "/account/webhookUrl";
        refused(world, fragment, 422, "invalid_webhook_url", at);
    }
}

#[test]
fn a_known_inbox_needs_a_usable_webhook() {
    let fragment = json!({ "inboxes": [{ "address": "main@openmail.sh",
                                         "webhookUrl": "http://example.com/" }] });
    let at = "/inboxes/0/webhookUrl";
    refused("no-new-webhook", fragment, 422, "invalid_webhook_url", at);
}

#[test]
fn a_secret_needs_a_webhook() {
    let fragment = json!({ "inboxes": [{ "address": "support@meridian.io",
                                         "webhookSecret": "whsec_1" }] });
    let at = "/inboxes/0/webhookSecret";
    refused("no-secret", fragment, 400, "bad_request", at);
}

#[test]
fn what_is_not_there_is_not_removed() {
    let id = "1f0c3a52-8d7e-4b7a-9d43-0a5b1c2d3e4f";
    for (index, (list, member, value)) in [
        ("pods", "clientId", "gone"),
        ("pods", "id", id),
        ("domains", "domain", "gone.example"),
        ("inboxes", "address", "gone@openmail.sh"),
        ("inboxes", "id", id),
    ]
    .into_iter()
    .enumerate()
    {
        let world = format!("no-removal-{index}");
        let fragment = json!({ list: [{ member: value, "remove": true }] });
        let at = format!("/{list}/0/{member}");
        refused(&world, fragment, 404, "not_found", &at);
    }
}

#[test]
fn a_row_that_goes_says_only_how_it_is_found() {
    let fragment = json!({ "pods": [{ "clientId": "bare", "name": "x", "remove": true }] });
    refused("no-farewell", fragment, 400, "bad_request", "/pods/0/name");
}

#[test]
fn a_reference_leads_to_a_pod() {
    let fragment = json!({ "inboxes": [{ "address": "six@openmail.sh", "pod": "ceder" }] });
    let message = refused("no-pod", fragment, 400, "invalid_pod", "/inboxes/0/pod");
    assert!(message.contains("did you mean `cedar`?"), "{message}");
}

#[test]
fn a_row_is_described_once() {
    let fragment = json!({ "inboxes": [{ "address": "main@openmail.sh" },
                                       { "address": "main@openmail.sh" }] });
    refused(
        "no-twins",
        fragment,
        400,
        "bad_request",
        "/inboxes/1/address",
    );
}

#[test]
fn the_clock_is_moved_elsewhere() {
    let fragment = json!({ "clock": { "mode": "frozen", "at": "2026-01-15T12:00:00Z" } });
    let message = refused("no-clock", fragment, 400, "bad_request", "/clock");
    assert!(message.contains("/_mock/clock"), "{message}");
}

#[test]
fn the_generator_is_left_alone() {
    let fragment = json!({ "generator": { "draws": 1 } });
    refused("no-generator", fragment, 400, "bad_request", "/generator");
}

#[test]
fn an_inbox_does_not_move_to_another_pod() {
    let fragment = json!({ "inboxes": [{ "address": "one@shared.example", "pod": "cedar" }] });
    refused("no-move", fragment, 400, "bad_request", "/inboxes/0/pod");
}

#[test]
fn an_inbox_written_under_another_pod_does_not_move_there() {
    let fragment = json!({ "pods": [{ "clientId": "cedar",
                                      "inboxes": [{ "address": "one@shared.example" }] }] });
    let at = "/pods/0/inboxes/0";
    refused("no-move-under", fragment, 400, "bad_request", at);
}

/// A row of the tenants that a fragment gives another value of something settled.
#[track_caller]
fn settled(world: &str, list: &str, found: (&str, &str), by: &str, member: &str, value: &str) {
    let fragment = |state: &Value| {
        let known = row(state, list, found.0, found.1);
        json!({ list: [{ by: known[by], member: value }] })
    };
    let at = format!("/{list}/0/{member}");
    refused_over(world, tenants(), fragment, 400, "bad_request", &at);
}

#[test]
fn an_address_is_settled() {
    let found = ("address", "main@openmail.sh");
    settled(
        "no-address",
        "inboxes",
        found,
        "id",
        "address",
        "other@openmail.sh",
    );
}

#[test]
fn a_domains_name_is_settled() {
    let found = ("domain", "meridian.io");
    settled(
        "no-rename",
        "domains",
        found,
        "id",
        "domain",
        "other.example",
    );
}

#[test]
fn ids_are_settled() {
    let id = "1f0c3a52-8d7e-4b7a-9d43-0a5b1c2d3e4f";
    for (index, (list, by, value)) in [
        ("pods", "clientId", "cedar"),
        ("domains", "domain", "meridian.io"),
        ("inboxes", "address", "main@openmail.sh"),
    ]
    .into_iter()
    .enumerate()
    {
        let world = format!("no-id-{index}");
        settled(&world, list, (by, value), by, "id", id);
    }
}

#[test]
fn ages_are_settled() {
    for (index, (list, by, value)) in [
        ("pods", "clientId", "cedar"),
        ("domains", "domain", "meridian.io"),
        ("inboxes", "address", "main@openmail.sh"),
    ]
    .into_iter()
    .enumerate()
    {
        let world = format!("no-age-{index}");
        settled(
            &world,
            list,
            (by, value),
            by,
            "createdAt",
            "2001-01-01T00:00:00Z",
        );
    }
}

#[test]
fn the_accounts_id_and_age_are_settled() {
    let id = "1f0c3a52-8d7e-4b7a-9d43-0a5b1c2d3e4f";
    for (member, value) in [("id", id), ("createdAt", "2001-01-01T00:00:00Z")] {
        let fragment = json!({ "account": { member: value } });
        let at = format!("/account/{member}");
        refused(
            &format!("no-account-{member}"),
            fragment,
            400,
            "bad_request",
            &at,
        );
    }
}

#[test]
fn every_fault_of_a_fragment_is_listed() {
    let account = with_tenants("no-everything");
    let fragment = json!({
        "account": { "keys": ["om_test_x"] },
        "pods": [{ "clientId": "cedar", "remove": true }],
        "domains": [{ "domain": "meridian.io", "pod": "nowhere" }],
        "inboxes": [{ "address": "six@nowhere.example" }],
    });
    let refusal = patch(&account, fragment).expect(400).json();
    let violations = refusal["violations"].as_array().expect("a list");
    let mut told: Vec<&str> = violations
        .iter()
        .filter_map(|it| it["pointer"].as_str())
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "/account/keys/0",
            "/domains/0/pod",
            "/inboxes/0/address",
            "/pods/0"
        ]
    );
}

const UNKNOWN: &str = "1f0c3a52-8d7e-4b7a-9d43-0a5b1c2d3e4f";

/// The second of two finders was not looked at, and the row that the first one found was removed.
#[test]
fn a_row_that_goes_agrees_with_all_it_is_found_by() {
    for (index, (list, member, value)) in [
        ("pods", "clientId", "bare"),
        ("domains", "domain", "lone.example"),
        ("inboxes", "address", "one@shared.example"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut base = tenants();
        let domains = base["domains"].as_array_mut().expect("a list");
        domains.push(json!({ "domain": "lone.example" }));
        let fragment = json!({ list: [{ "id": UNKNOWN, member: value, "remove": true }] });
        let (world, at) = (format!("no-lie-{index}"), format!("/{list}/0/id"));
        refused_over(&world, base, |_| fragment, 400, "bad_request", &at);
    }
}

#[test]
fn a_pod_that_goes_by_its_id_has_the_client_id_that_its_row_says() {
    let fragment = |state: &Value| {
        let id = row(state, "pods", "clientId", "bare")["id"].clone();
        json!({ "pods": [{ "id": id, "clientId": "cedar", "remove": true }] })
    };
    let (code, at) = ("bad_request", "/pods/0/clientId");
    let message = refused_over("no-lie-pod", tenants(), fragment, 400, code, at);
    assert!(message.contains("`bare`"), "{message}");
}

/// It was removed wherever it stood.
#[test]
fn an_inbox_does_not_go_from_a_pod_in_which_it_does_not_stand() {
    let inboxes = json!([{ "address": "two@shared.example", "remove": true }]);
    for (index, pod) in ["meridian", "new"].into_iter().enumerate() {
        let fragment = json!({ "pods": [{ "clientId": pod, "inboxes": inboxes }] });
        let (world, at) = (format!("no-lie-under-{index}"), "/pods/0/inboxes/0");
        let message = refused(&world, fragment, 400, "bad_request", at);
        assert!(message.contains("`cedar`"), "{message}");
    }
}

#[test]
fn the_services_own_domain_is_nobodys_custom_domain() {
    let fragment = json!({ "domains": [{ "domain": "openmail.sh", "status": "failed" }] });
    let at = "/domains/0/domain";
    let message = refused("no-shadow", fragment, 400, "invalid_domain", at);
    assert!(message.contains("the service's own domain"), "{message}");
}

/// All of them were kept: some 600 bytes for each row of three.
#[test]
fn what_is_wrong_with_very_many_rows_is_counted() {
    let account = account("no-end");
    let rows = vec![json!({}); 900_000];
    let refusal = patch(&account, json!({ "inboxes": rows })).refused(400, "bad_request");
    let message = refusal.message();
    let told = "(and 899999 more, 19 of them in `violations`)";
    assert!(message.ends_with(told), "{message}");
    let violations = refusal.json()["violations"].as_array().cloned();
    let violations = violations.expect("a list");
    assert_eq!(violations.len(), 21);
    assert_eq!(violations[20]["actual"], 899_980);
}

#[test]
fn how_many_are_listed_is_not_said_when_all_are() {
    let fragment = json!({ "inboxes": [{}, {}, {}] });
    let refusal = patch(&account("no-end-yet"), fragment).refused(400, "bad_request");
    let message = refusal.message();
    assert!(
        message.ends_with("(and 2 more, see `violations`)"),
        "{message}"
    );
}

/// It counted from the instant at which the row was made.
#[test]
fn a_distance_from_the_clock_says_nothing_of_a_row_that_is_there() {
    let account = account("state-again-and-again");
    let fragment = json!({ "pods": [{ "clientId": "late", "createdAt": "-3d",
                                      "inboxes": [{ "address": "late@openmail.sh", "createdAt": "-1h" }] }] });
    for added in [2, 0] {
        let changes = account.patch("/_mock/state", fragment.clone()).expect(200);
        assert_eq!(changes.json()["added"], added);
    }
}
