//! Pods through the protocol (the seed page: The default pod, clientId, Lifecycle).

use serde_json::{Value, json};

use super::support::{account, account_of, anonymous, start};
use openmail_mock::Config;
use openmail_mock::domain::clock::{Clock, Timestamp};

fn ids(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().expect("a list");
    rows.iter()
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn a_new_account_has_exactly_its_default_pod() {
    let list = account("pods-default").get("/v1/pods").expect(200).json();
    assert_eq!(list["total"], 1);
    let pod = &list["data"][0];
    assert_eq!(pod["isDefault"], true);
    assert_eq!(
        (&pod["clientId"], &pod["name"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn a_pod_is_read_as_it_was_written() {
    let account = account("pods-read");
    let made = account
        .post(
            "/v1/pods",
            json!({ "clientId": "meridian", "name": "Meridian Analytics" }),
        )
        .expect(201)
        .json();
    assert_eq!(made["clientId"], "meridian");
    assert_eq!(made["name"], "Meridian Analytics");
    assert_eq!(made["isDefault"], false);
    let id = made["id"].as_str().expect("an id");
    assert_eq!(
        account.get(&format!("/v1/pods/{id}")).expect(200).json(),
        made
    );
    assert_eq!(account.get("/v1/pods/meridian").expect(200).json(), made);
    assert_eq!(account.get("/v1/pods").json()["data"][1], made);
}

#[test]
fn a_pod_needs_no_body_at_all() {
    let account = account("pods-no-body");
    let made = account.send("POST", "/v1/pods", None).expect(201).json();
    assert_eq!(
        (&made["clientId"], &made["name"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn null_fields_count_as_absent_on_creation() {
    let body = json!({ "clientId": null, "name": null });
    let made = account("pods-null")
        .post("/v1/pods", body)
        .expect(201)
        .json();
    assert_eq!(
        (&made["clientId"], &made["name"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn pods_are_listed_default_first_then_newest_first() {
    let account = account("pods-order");
    let made: Vec<String> = ["a", "b", "c"]
        .iter()
        .map(|name| {
            let pod = account
                .post("/v1/pods", json!({ "clientId": name }))
                .expect(201);
            pod.json()["id"].as_str().expect("an id").to_owned()
        })
        .collect();
    let listed = ids(&account.get("/v1/pods").json());
    assert_eq!(
        listed[1..],
        [made[2].clone(), made[1].clone(), made[0].clone()]
    );
}

#[test]
fn pages_tile_whatever_the_clock_says() {
    let mock = start(Config {
        clock: Timestamp::parse("2026-01-15T09:30:00Z").map(|at| Clock::Frozen { at }),
        ..Config::default()
    });
    let account = account_of(&mock, "w");
    for number in 0..7 {
        account
            .post("/v1/pods", json!({ "clientId": format!("p{number}") }))
            .expect(201);
    }
    let whole = ids(&account.get("/v1/pods").json());
    let mut tiled = Vec::new();
    for offset in (0..9).step_by(3) {
        let page = account
            .get(&format!("/v1/pods?limit=3&offset={offset}"))
            .expect(200)
            .json();
        assert_eq!(page["total"], 8);
        tiled.extend(ids(&page));
    }
    assert_eq!(tiled, whole);
}

#[test]
fn a_limit_over_100_is_clamped() {
    let mock = start(Config::with_fixture(
        json!({ "pods": vec![json!({}); 120] }),
    ));
    let list = account_of(&mock, "w")
        .get("/v1/pods?limit=5000")
        .expect(200)
        .json();
    assert_eq!((ids(&list).len(), &list["total"]), (100, &json!(121)));
}

#[test]
fn fifty_rows_are_a_page_when_nobody_says_otherwise() {
    let mock = start(Config::with_fixture(json!({ "pods": vec![json!({}); 60] })));
    let list = account_of(&mock, "w").get("/v1/pods").expect(200).json();
    assert_eq!(ids(&list).len(), 50);
}

#[test]
fn limits_and_offsets_that_make_no_sense_are_refused_by_name() {
    let account = account("pods-limits");
    for (query, rule) in [
        ("limit=0", "minimum"),
        ("limit=-1", "minimum"),
        ("offset=-1", "minimum"),
        ("limit=ten", "type"),
        ("limit=1.5", "type"),
        ("limit=", "type"),
        ("limit=%2B5", "type"),
        ("limit=1&limit=2", "repeated"),
    ] {
        let answer = account
            .get(&format!("/v1/pods?{query}"))
            .refused(400, "bad_request")
            .json();
        let violation = &answer["violations"][0];
        assert_eq!(
            (&violation["rule"], &violation["in"]),
            (&json!(rule), &json!("query")),
            "{query}"
        );
    }
}

#[test]
fn an_offset_past_every_integer_is_an_empty_page() {
    let digits = "9".repeat(400);
    let list = account("pods-offset")
        .get(&format!("/v1/pods?offset={digits}"))
        .expect(200)
        .json();
    assert_eq!((ids(&list).len(), &list["total"]), (0, &json!(1)));
}

#[test]
fn a_client_id_is_unique_in_its_account() {
    let account = account("pods-unique");
    account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .expect(201);
    account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .refused(409, "client_id_taken");
    let other = account.post("/v1/pods", json!({})).expect(201).json();
    let path = format!("/v1/pods/{}", other["id"].as_str().expect("an id"));
    account
        .patch(&path, json!({ "clientId": "cedar" }))
        .refused(409, "client_id_taken");
}

#[test]
fn a_client_id_differs_by_case_and_by_white_space() {
    let account = account("pods-case");
    for client_id in ["cedar", "Cedar", " cedar", "cedar "] {
        account
            .post("/v1/pods", json!({ "clientId": client_id }))
            .expect(201);
    }
    let pod = account.get("/v1/pods/%20cedar").expect(200).json();
    assert_eq!(pod["clientId"], " cedar");
}

#[test]
fn the_empty_client_id_is_one_like_any_other() {
    let account = account("pods-empty-client-id");
    account
        .post("/v1/pods", json!({ "clientId": "" }))
        .expect(201);
    account
        .post("/v1/pods", json!({ "clientId": "" }))
        .refused(409, "client_id_taken");
}

#[test]
fn setting_the_own_client_id_again_is_no_conflict() {
    let account = account("pods-own-client-id");
    account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .expect(201);
    account
        .patch("/v1/pods/cedar", json!({ "clientId": "cedar" }))
        .expect(200);
}

#[test]
fn a_patch_changes_only_what_it_names_and_null_clears() {
    let account = account("pods-patch");
    account
        .post(
            "/v1/pods",
            json!({ "clientId": "cedar", "name": "Cedar Works" }),
        )
        .expect(201);
    let named = account
        .patch("/v1/pods/cedar", json!({ "name": "Cedar" }))
        .expect(200)
        .json();
    assert_eq!(
        (&named["clientId"], &named["name"]),
        (&json!("cedar"), &json!("Cedar"))
    );
    let cleared = account
        .patch("/v1/pods/cedar", json!({ "clientId": null }))
        .expect(200)
        .json();
    assert_eq!(
        (&cleared["clientId"], &cleared["name"]),
        (&Value::Null, &json!("Cedar"))
    );
    account.get("/v1/pods/cedar").refused(404, "not_found");
}

#[test]
fn a_cleared_client_id_is_free_again() {
    let account = account("pods-freed");
    account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .expect(201);
    account
        .patch("/v1/pods/cedar", json!({ "clientId": "oak" }))
        .expect(200);
    account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .expect(201);
}

#[test]
fn an_id_matches_before_a_client_id() {
    let account = account("pods-id-first");
    let first = account.post("/v1/pods", json!({})).expect(201).json();
    let id = first["id"].as_str().expect("an id");
    account
        .post("/v1/pods", json!({ "clientId": id }))
        .expect(201);
    assert_eq!(
        account.get(&format!("/v1/pods/{id}")).expect(200).json(),
        first
    );
}

#[test]
fn any_client_id_can_stand_in_a_path_when_it_is_encoded() {
    let account = account("pods-encoded");
    for (client_id, segment) in [
        (".", "."),
        ("..", ".."),
        ("..", "%2E%2E"),
        ("a/b", "a%2Fb"),
        ("50%", "50%25"),
        ("a+b", "a+b"),
        ("a b", "a%20b"),
        ("münchen-東京", "m%C3%BCnchen-%E6%9D%B1%E4%BA%AC"),
        ("a?b#c", "a%3Fb%23c"),
    ] {
        // The second spelling of a segment finds the pod of the first.
        account.post("/v1/pods", json!({ "clientId": client_id }));
        let pod = account
            .get(&format!("/v1/pods/{segment}"))
            .expect(200)
            .json();
        assert_eq!(pod["clientId"], client_id);
    }
}

#[test]
fn a_path_that_is_no_utf_8_is_refused_by_name() {
    let answer = account("pods-utf8")
        .get("/v1/pods/%FF")
        .refused(400, "bad_request")
        .json();
    assert_eq!(answer["violations"][0]["rule"], "encoding");
}

#[test]
fn the_longest_client_id_counts_characters_not_bytes() {
    let account = account("pods-long");
    account
        .post("/v1/pods", json!({ "clientId": "ü".repeat(255) }))
        .expect(201);
    let answer = account.post("/v1/pods", json!({ "clientId": "ü".repeat(256) }));
    let violation = answer.refused(400, "bad_request").json()["violations"][0].clone();
    assert_eq!(violation["pointer"], "/clientId");
    assert_eq!(
        (&violation["expected"], &violation["actual"]),
        (&json!(255), &json!(256))
    );
}

#[test]
fn a_body_that_is_no_object_or_no_json_is_refused() {
    let account = account("pods-bodies");
    let json = [("content-type", "application/json; charset=utf-8")];
    for body in [
        "[]",
        "\"x\"",
        "1",
        "null",
        "{",
        "{\"name\":}",
        "{}{}",
        "\u{feff}{}",
    ] {
        account
            .send_raw("POST", "/v1/pods", &json, body.as_bytes())
            .refused(400, "bad_request");
    }
    account
        .send_raw("POST", "/v1/pods", &json, b"{\"name\":\"\xff\"}")
        .refused(400, "bad_request");
    assert_eq!(account.get("/v1/pods").json()["total"], 1);
}

#[test]
fn a_name_that_stands_twice_in_a_body_is_refused_by_name() {
    let account = account("pods-twice");
    let json = [("content-type", "application/json")];
    let answer = account.send_raw("POST", "/v1/pods", &json, br#"{"name":"a","name":"b"}"#);
    assert!(
        answer
            .refused(400, "bad_request")
            .message()
            .contains("/name")
    );
}

#[test]
fn a_body_of_another_media_type_is_told_which_to_send() {
    let account = account("pods-media");
    for headers in [&[("content-type", "text/plain")][..], &[]] {
        let answer = account.send_raw("POST", "/v1/pods", headers, b"{}");
        let message = answer.refused(415, "unsupported_media_type").message();
        assert!(
            message.contains("Content-Type: application/json"),
            "{message}"
        );
    }
}

#[test]
fn an_unknown_field_is_ignored_and_named_in_the_journal() {
    let account = account("pods-unread");
    account
        .post("/v1/pods", json!({ "client_id": "cedar" }))
        .expect(201);
    let journal = account
        .get("/_mock/requests?operation=createPod")
        .expect(200)
        .json();
    assert_eq!(
        journal["data"][0]["unread"],
        json!([{ "in": "body", "pointer": "/client_id", "nearest": "clientId" }])
    );
}

#[test]
fn a_strict_mock_refuses_unknown_fields_and_parameters() {
    let mock = start(Config {
        strict: true,
        ..Config::default()
    });
    let account = account_of(&mock, "w");
    let field = account.post("/v1/pods", json!({ "client_id": "cedar" }));
    assert!(
        field
            .refused(400, "bad_request")
            .message()
            .contains("did you mean `clientId`?")
    );
    let field = account
        .post("/v1/pods", json!({ "client_id": "cedar" }))
        .json();
    let hint = field["violations"][0]["hint"].as_str();
    assert!(hint.is_some_and(|hint| hint.ends_with("without `--strict` it would be ignored")));
    let parameter = account.get("/v1/pods?limt=3");
    assert!(
        parameter
            .refused(400, "bad_request")
            .message()
            .contains("did you mean `limit`?")
    );
}

#[test]
fn a_deleted_pod_is_gone_and_its_client_id_free() {
    let account = account("pods-delete");
    account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .expect(201);
    let gone = account.delete("/v1/pods/cedar").expect(204);
    assert!(gone.body.is_empty());
    account.get("/v1/pods/cedar").refused(404, "not_found");
    account.delete("/v1/pods/cedar").refused(404, "not_found");
    account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .expect(201);
}

#[test]
fn the_default_pod_takes_names_but_is_never_deleted() {
    let account = account("pods-default-kept");
    let id = ids(&account.get("/v1/pods").json())[0].clone();
    let body = json!({ "clientId": "home", "name": "Home" });
    account.patch(&format!("/v1/pods/{id}"), body).expect(200);
    account.delete("/v1/pods/home").refused(409, "default_pod");
    let pod = account.get("/v1/pods/home").expect(200).json();
    assert_eq!(pod["isDefault"], true);
}

#[test]
fn a_pod_with_inboxes_is_kept_until_they_are_gone() {
    let account = account("pods-not-empty");
    account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .expect(201);
    let inbox = account
        .post("/v1/inboxes", json!({ "podId": "cedar" }))
        .expect(201)
        .json();
    account
        .delete("/v1/pods/cedar")
        .refused(409, "pod_not_empty");
    account
        .delete(&format!(
            "/v1/inboxes/{}",
            inbox["id"].as_str().expect("an id")
        ))
        .expect(204);
    account.delete("/v1/pods/cedar").expect(204);
}

#[test]
fn a_pod_with_domains_is_kept() {
    let mock = start(Config::with_fixture(json!({
        "pods": [{ "clientId": "cedar" }],
        "domains": [{ "domain": "cedarworks.com", "pod": "cedar", "status": "pending" }],
    })));
    account_of(&mock, "w")
        .delete("/v1/pods/cedar")
        .refused(409, "pod_has_domains");
}

#[test]
fn the_guards_of_a_deletion_come_in_order() {
    let mock = start(Config::with_fixture(json!({
        "pods": [{ "clientId": "cedar" }, { "isDefault": true, "clientId": "home" }],
        "domains": [
            { "domain": "cedarworks.com", "pod": "cedar" },
            { "domain": "home.com", "pod": "home" },
        ],
    })));
    let account = account_of(&mock, "w");
    let body = json!({ "podId": "cedar", "domain": "cedarworks.com" });
    account.post("/v1/inboxes", body).expect(201);
    account
        .delete("/v1/pods/cedar")
        .refused(409, "pod_not_empty");
    let default = ids(&account.get("/v1/pods").json())[0].clone();
    account
        .delete(&format!("/v1/pods/{default}"))
        .refused(409, "default_pod");
}

#[test]
fn of_racing_creations_of_one_client_id_exactly_one_succeeds() {
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..24)
            .map(|_| {
                scope.spawn(|| {
                    account("pods-race")
                        .post("/v1/pods", json!({ "clientId": "cedar" }))
                        .status
                })
            })
            .collect();
        racers
            .into_iter()
            .map(|racer| racer.join().expect("no panic"))
            .collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 23);
}

#[test]
fn an_unknown_pod_is_not_found() {
    account("pods-unknown")
        .get("/v1/pods/nobody")
        .refused(404, "not_found");
}

#[test]
fn a_missing_key_is_told_what_keys_look_like() {
    let answer = anonymous().send("GET", "/v1/pods", &[], b"");
    let message = answer.refused(401, "unauthorized").message();
    assert!(
        message.starts_with("Missing or invalid Authorization header"),
        "{message}"
    );
    assert!(message.contains("om_test_<name>"), "{message}");
}

#[test]
fn a_key_of_no_known_form_is_refused() {
    for key in [
        "om_live_1",
        "om_test_",
        "om_test_a.b",
        "om_test_é",
        "Bearer",
        "sk_1",
    ] {
        let headers = [("authorization", format!("Bearer {key}"))];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        // A header may hold any byte; a client that sends text beyond ASCII sends UTF-8.
        if key.is_ascii() {
            anonymous()
                .send("GET", "/v1/pods", &headers, b"")
                .refused(401, "unauthorized");
        }
    }
}

#[test]
fn the_key_is_judged_before_the_body() {
    let headers = [("content-type", "application/json")];
    anonymous()
        .send("POST", "/v1/pods", &headers, b"{")
        .refused(401, "unauthorized");
}

#[test]
fn the_body_is_judged_before_the_pod_is_looked_for() {
    account("pods-order-of-checks")
        .patch("/v1/pods/nobody", json!({ "name": 1 }))
        .refused(400, "bad_request");
}
