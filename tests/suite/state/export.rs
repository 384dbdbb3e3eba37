//! What an export says, and what it does not.

use serde_json::json;

use super::{PATH, export, frozen, parsed, put, tenants, with_tenants};
use crate::support::{account, account_of, anonymous};

#[test]
fn two_exports_of_an_unchanged_world_are_the_same_bytes() {
    let account = with_tenants("state-same-bytes");
    let before = export(&account);
    account.get("/v1/inboxes").expect(200);
    account.send("PUT", "/_mock/snapshots/s", None).expect(200);
    account
        .post("/v1/pods", json!({ "clientId": "meridian" }))
        .refused(409, "client_id_taken");
    assert_eq!(export(&account), before);
}

#[test]
fn an_export_says_nothing_of_the_worlds_name() {
    let mock = frozen(0, "2026-01-15T12:00:00Z");
    let [one, other] = ["one", "other"].map(|world| {
        let account = account_of(&mock, world);
        // Ids would be drawn, and drawing knows the name.
        let id = "1f0c3a52-8d7e-4b7a-9d43-0a5b1c2d3e4f";
        put(&account, json!({ "pods": [{ "id": id, "clientId": "a" }] })).expect(200);
        export(&account)
    });
    assert_eq!(one, other);
}

#[test]
fn an_export_has_a_line_for_each_row() {
    let text = export(&with_tenants("state-lines"));
    let text = String::from_utf8(text).expect("UTF-8");
    for what in [
        "\"clientId\":\"cedar\"",
        "\"address\":\"support@meridian.io\"",
        "\"domain\":\"shared.example\"",
    ] {
        let lines = text.lines().filter(|line| line.contains(what));
        assert_eq!(lines.count(), 1, "{what} in {text}");
    }
}

#[test]
fn an_export_is_a_fixture_that_the_command_line_takes() {
    let mock = frozen(0, "2026-01-15T12:00:00Z");
    let account = account_of(&mock, "w");
    put(&account, tenants()).expect(200);
    let exported = export(&account);
    let fixture = parsed(&exported);
    let other = crate::support::start(openmail_mock::Config::with_fixture(fixture));
    assert_eq!(export(&account_of(&other, "elsewhere")), exported);
}

#[test]
fn the_world_is_named_by_the_query_or_by_the_key() {
    let account = with_tenants("state-named");
    let exported = export(&account);
    let by_query = anonymous().send("GET", "/_mock/state?world=state-named", &[], b"");
    assert_eq!(by_query.expect(200).body, exported);
    account
        .get("/_mock/state?world=state-other")
        .refused(400, "bad_request");
}

#[test]
fn a_fragment_reaches_the_world_that_the_query_names() {
    let fragment = br#"{ "pods": [{ "clientId": "a" }] }"#;
    let json = [("content-type", "application/json")];
    let path = "/_mock/state?world=state-by-query";
    anonymous().send("PATCH", path, &json, fragment).expect(200);
    account("state-by-query").get("/v1/pods/a").expect(200);
}

#[test]
fn an_unknown_key_is_unauthorized() {
    for (method, body) in [("GET", ""), ("PUT", "{}"), ("PATCH", "{}")] {
        let headers = [
            ("authorization", "Bearer om_nobody"),
            ("content-type", "application/json"),
        ];
        anonymous()
            .send(method, PATH, &headers, body.as_bytes())
            .refused(401, "unauthorized");
    }
}
