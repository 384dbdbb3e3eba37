//! `/_mock/faults`: what stands in a world, what is refused when it is written, and what is struck.

use openmail_mock::Config;
use serde_json::{Value, json};

use super::{hits, last, pod, put, state, unjudged};
use crate::support::{account, account_of, start};

#[test]
fn a_list_is_replaced_read_in_pages_and_emptied() {
    let account = account("faults-list");
    let faults = json!([
        { "operation": "getPod", "error": "not_found", "times": 2 },
        { "operation": "list*", "delayMs": 1, "when": { "query": { "limit": 7 } } },
        { "on": "request", "operation": "createPod", "status": 503, "headers": { "Retry-After": "30" } },
    ]);
    let put_answer = put(&account, faults).expect(200).json();
    assert_eq!(put_answer["total"], 3);
    let third = json!({
        "on": "request", "index": 2, "operation": "createPod", "status": 503,
        "headers": { "Retry-After": "30" }, "hits": 0,
    });
    assert_eq!(put_answer["data"][2], third);
    let page = account.get("/_mock/faults?limit=1&offset=1").expect(200);
    let page = page.json();
    assert_eq!(
        (&page["total"], &page["data"][0]["index"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(page["data"][0]["when"], json!({ "query": { "limit": 7 } }));
    put(&account, json!([{ "operation": "*", "delayMs": 1 }])).expect(200);
    assert_eq!(hits(&account), [0]);
    let removed = account.delete("/_mock/faults").expect(200).json();
    assert_eq!(removed, json!({ "removed": 1 }));
    assert_eq!(hits(&account), [0; 0]);
}

#[test]
fn the_first_fault_that_fits_strikes_and_one_that_is_used_up_is_passed_over() {
    let account = account("faults-order");
    let faults = json!([
        { "operation": "createPod", "error": "client_id_taken", "times": 2 },
        { "operation": "*Pod", "error": "internal_error", "times": 1 },
        { "operation": "getPod", "error": "forbidden" },
    ]);
    put(&account, faults).expect(200);
    account
        .post("/v1/pods", pod("a"))
        .refused(409, "client_id_taken");
    account.get("/v1/pods/a").refused(500, "internal_error");
    account.get("/v1/pods/a").refused(403, "forbidden");
    account
        .post("/v1/pods", pod("a"))
        .refused(409, "client_id_taken");
    account.post("/v1/pods", pod("a")).expect(201);
    account.get("/v1/inboxes").expect(200);
    assert_eq!(hits(&account), [2, 1, 1]);
}

#[test]
fn a_fault_is_met_after_the_checks() {
    let account = account("faults-checks");
    put(
        &account,
        json!([{ "operation": "createPod", "status": 500 }]),
    )
    .expect(200);
    account
        .post("/v1/pods", json!({ "name": 7 }))
        .refused(400, "bad_request");
    assert_eq!(hits(&account), [0]);
}

#[test]
fn a_failure_has_its_own_words_and_fields_and_changes_nothing() {
    let account = account("faults-words");
    let before = state(&account);
    let faults = json!([{ "operation": "sendEmail", "error": "recipient_suppressed" }]);
    put(&account, faults).expect(200);
    let send = json!({ "to": "x@example.com", "subject": "s", "body": "b" });
    let answer = account
        .post("/v1/inboxes/x/send", send)
        .refused(422, "recipient_suppressed");
    assert_eq!(answer.json()["type"], "bounce");
    assert!(
        answer.message().contains("the fault 0 of this world"),
        "{}",
        answer.message()
    );
    assert_eq!(answer.header("preference-applied"), None);
    assert_eq!(state(&account), before);
    let entry = last(&account);
    assert_eq!(entry["forced"], true);
    assert_eq!(entry["fault"], json!({ "index": 0, "drop": null }));
    assert_eq!(entry["undocumentedStatus"], false);
}

#[test]
fn what_stands_between_client_and_api_may_fail_with_any_operation() {
    let account = account("faults-proxies");
    for (status, code, is_documented) in [
        (429, "rate_limit_exceeded", true),
        (500, "internal_error", true),
        (502, "internal_error", false),
        (503, "server_busy", true),
        (504, "internal_error", false),
    ] {
        put(&account, json!([{ "operation": "*", "status": status }])).expect(200);
        let answer = unjudged(&account, "GET", "/v1/pods", &Value::Null);
        let answer = answer.refused(status, code);
        assert_eq!(
            answer.header("retry-after").is_some(),
            matches!(status, 429 | 503)
        );
        assert_eq!(last(&account)["undocumentedStatus"], !is_documented);
        assert_eq!(last(&account)["contractBreach"], false);
    }
    put(
        &account,
        json!([{ "operation": "getPod", "status": 504, "error": "internal_error" }]),
    )
    .expect(200);
}

#[test]
fn headers_are_laid_over_the_answer_whatever_the_document_says() {
    let account = account("faults-headers");
    let faults = json!([{
        "operation": "listPods", "status": 503,
        "headers": { "Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT", "content-type": "text/html", "x-cache": "MISS" },
    }, { "operation": "getMe", "headers": { "x-cache": "HIT" } }]);
    put(&account, faults).expect(200);
    let answer = unjudged(&account, "GET", "/v1/pods", &Value::Null).expect(503);
    assert_eq!(
        answer.header("retry-after"),
        Some("Fri, 31 Dec 2027 23:59:59 GMT")
    );
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(last(&account)["answer"]["headers"]["x-cache"], "MISS");
    assert_eq!(last(&account)["contractBreach"], false);
    let answer = account.get("/v1/me").expect(200);
    assert_eq!(answer.header("x-cache"), Some("HIT"));
}

/// Puts a fault of one operation with that `when`, and says whether a request meets it.
fn is_met(
    name: &str,
    operation: &str,
    when: Value,
    request: impl Fn(&crate::support::Account),
) -> bool {
    let account = account(name);
    let faults = json!([{ "operation": operation, "headers": { "x-met": "yes" }, "when": when }]);
    put(&account, faults).expect(200);
    request(&account);
    hits(&account) == [1]
}

#[test]
fn matchers_look_at_path_query_and_headers() {
    let get = |path: &'static str| move |account: &crate::support::Account| drop(account.get(path));
    for (when, path, wanted) in [
        (json!({ "path": { "id": "acme" } }), "/v1/pods/acme", true),
        (
            json!({ "path": { "id": "acme*" } }),
            "/v1/pods/acme-2",
            true,
        ),
        (
            json!({ "path": { "id": "a*e*2" } }),
            "/v1/pods/acme%2D2",
            true,
        ),
        (
            json!({ "path": { "id": "acme" } }),
            "/v1/pods/acme-2",
            false,
        ),
    ] {
        let told = format!("{when} {path}");
        assert_eq!(
            is_met("faults-when-path", "getPod", when, get(path)),
            wanted,
            "{told}"
        );
    }
    for (when, path, wanted) in [
        (json!({ "query": { "limit": 5 } }), "/v1/pods?limit=5", true),
        (
            json!({ "query": { "limit": "5*" } }),
            "/v1/pods?offset=1&limit=50",
            true,
        ),
        (json!({ "query": { "limit": "50" } }), "/v1/pods", false),
        (
            json!({ "query": { "limit": "5", "offset": "*" } }),
            "/v1/pods?limit=5",
            false,
        ),
    ] {
        let told = format!("{when} {path}");
        assert_eq!(
            is_met("faults-when-query", "listPods", when, get(path)),
            wanted,
            "{told}"
        );
    }
    for (pattern, wanted) in [("retry-*", true), ("first", false)] {
        let request = |account: &crate::support::Account| {
            let headers = [("x-try", "zero"), ("X-Try", "retry-2")];
            drop(account.send_raw("GET", "/v1/pods", &headers, b""));
        };
        let when = json!({ "headers": { "X-TRY": pattern } });
        assert_eq!(
            is_met("faults-when-headers", "listPods", when, request),
            wanted
        );
    }
}

#[test]
fn matchers_look_into_bodies_of_every_form() {
    let send = |body: Value| {
        move |account: &crate::support::Account| {
            drop(account.post("/v1/inboxes/x/send", body.clone()))
        }
    };
    let mail = json!({
        "to": "eve@example.com", "cc": ["ada@example.com", "ben@example.org"], "subject": "s", "body": "b", "includeQuote": false,
        "odd/~name": 1.5, "nothing": null,
        "attachments": [{ "filename": "a.txt", "contentType": "text/plain", "data": "" }],
    });
    for (body, wanted) in [
        (json!({ "subject": "s" }), true),
        (json!({ "cc": "*@example.org" }), true),
        (json!({ "cc": "ada" }), false),
        (json!({ "cc": "ADA@Example.*" }), true),
        (json!({ "subject": "S" }), false),
        (json!({ "/cc/0": "ada@*" }), true),
        (json!({ "/cc/1": "ada@*" }), false),
        (json!({ "/cc/x": "*" }), false),
        (json!({ "/attachments/0/filename": "*.txt" }), true),
        (json!({ "attachments": "*" }), false),
        (json!({ "includeQuote": false }), true),
        (json!({ "includeQuote": "fal*" }), true),
        (json!({ "/odd~1~0name": 1.5 }), true),
        (json!({ "odd/~name": "1*" }), true),
        (json!({ "nothing": "null" }), true),
        (json!({ "absent": "*" }), false),
        (json!({ "subject": "s", "body": "c" }), false),
    ] {
        let told = body.to_string();
        let met = is_met(
            "faults-when-body",
            "sendEmail",
            json!({ "body": body }),
            send(mail.clone()),
        );
        assert_eq!(met, wanted, "{told}");
    }
    let form = |account: &crate::support::Account| {
        let body = "--b\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\nada@example.com\r\n--b\r\n\
                    Content-Disposition: form-data; name=\"subject\"\r\n\r\nHello\r\n--b\r\n\
                    Content-Disposition: form-data; name=\"body\"\r\n\r\nb\r\n--b--\r\n";
        let headers = [("content-type", "multipart/form-data; boundary=b")];
        drop(account.send_raw("POST", "/v1/inboxes/x/send", &headers, body.as_bytes()));
    };
    let when = json!({ "body": { "subject": "Hel*", "to": "ada@*" } });
    assert!(is_met("faults-when-form", "sendEmail", when, form));
}

#[test]
fn what_could_never_happen_is_refused_when_it_is_written() {
    let account = account("faults-refused");
    put(&account, json!([{ "operation": "getPod", "status": 404 }])).expect(200);
    for (fault, told) in [
        (
            json!({ "operation": "getPodd", "status": 500 }),
            "/0/operation: the document has no operation `getPodd`; did you mean `getPod`?",
        ),
        (
            json!({ "operation": "lisst*", "status": 500 }),
            "/0/operation: `lisst*` fits no operation",
        ),
        (
            json!({ "operation": "getPod" }),
            "/0: nothing would go wrong",
        ),
        (
            json!({ "operation": "getPod", "times": 3 }),
            "/0: nothing would go wrong",
        ),
        (
            json!({ "operation": "getPod", "error": "client_id_taken" }),
            "/0/error: `client_id_taken` is no failure of `getPod`; `getPod` has 400 (bad_request)",
        ),
        (
            json!({ "operation": "*Pod", "error": "not_found" }),
            "/0/error: `not_found` is no failure of `createPod`",
        ),
        (
            json!({ "operation": "getPod", "error": "not_fuond" }),
            "did you mean `not_found`?",
        ),
        (
            json!({ "operation": "getPod", "status": 409 }),
            "/0/status: 409 is no failure of `getPod`",
        ),
        (
            json!({ "operation": "getPod", "status": 200 }),
            "/0/status: 200 is no failure",
        ),
        (
            json!({ "operation": "getPod", "status": 99_999 }),
            "at most 599",
        ),
        (
            json!({ "operation": "getPod", "status": 404, "error": "forbidden" }),
            "404 with `forbidden` is no failure of `getPod`",
        ),
        (
            json!({ "operation": "getPod", "drop": "after", "status": 500 }),
            "/0/drop: `drop: \"after\"` loses the answer",
        ),
        (
            json!({ "operation": "getPod", "drop": "before", "error": "not_found" }),
            "/0/drop: `drop: \"before\"` loses the answer",
        ),
        (
            json!({ "operation": "getPod", "delayMs": 1, "when": { "path": { "idd": "x" } } }),
            "/0/when/path/idd: `getPod` has no parameter `idd` in its path; did you mean `id`?",
        ),
        (
            json!({ "operation": "listPods", "delayMs": 1, "when": { "query": { "limt": "x" } } }),
            "did you mean `limit`?",
        ),
        (
            json!({ "operation": "getPod", "delayMs": 1, "when": { "headers": { "a b": "x" } } }),
            "`a b` is no header's name",
        ),
        (
            json!({ "operation": "getPod", "headers": { "Content-Length": "1" } }),
            "/0/headers/Content-Length: `content-length` is written by the mock",
        ),
        (
            json!({ "operation": "getPod", "headers": { "X-Request-Id": "1" } }),
            "`x-request-id` is written by the mock",
        ),
        (
            json!({ "operation": "getPod", "headers": { "a b": "1" } }),
            "`a b` is no header's name",
        ),
        (
            json!({ "operation": "getPod", "headers": { "x": "a\nb" } }),
            "no header has this value",
        ),
        (
            json!({ "operation": "getPod", "delayMs": 600_001 }),
            "600000",
        ),
        (json!({ "operation": "getPod", "delayMs": 0 }), "delayMs"),
        (
            json!({ "operation": "getPod", "times": 0, "delayMs": 1 }),
            "times",
        ),
        (json!({ "operation": "getPod", "drop": "never" }), "drop"),
        (json!({ "operation": "getPod", "statuss": 500 }), "statuss"),
        (
            json!({ "operation": "getPod", "delayMs": 1, "when": { "body": { "x": [] } } }),
            "/0/when/body/x",
        ),
        (json!({ "status": 500 }), "operation"),
    ] {
        let answer = put(&account, json!([fault])).refused(400, "bad_request");
        let message = answer.message();
        assert!(message.contains(told), "{message}");
    }
    let wrong = json!([{ "operation": "getPod" }, { "operation": "nope", "status": 500 }]);
    let answer = put(&account, wrong).refused(400, "bad_request");
    assert_eq!(
        answer.json()["violations"].as_array().map(Vec::len),
        Some(2)
    );
    // A refused list leaves the one that stands.
    account.get("/v1/pods/x").refused(404, "not_found");
    assert_eq!(hits(&account), [1]);
}

#[test]
fn a_thousand_faults_stand_in_a_world_and_no_more() {
    let account = account("faults-many");
    let many = |count: usize| json!(vec![json!({ "operation": "getPod", "status": 404 }); count]);
    put(&account, many(1_001)).refused(422, "too_many_faults");
    assert_eq!(
        put(&account, many(1_000)).expect(200).json()["total"],
        1_000
    );
    account.get("/v1/pods/x").refused(404, "not_found");
}

#[test]
fn faults_are_trace_and_not_state() {
    let account = account("faults-trace");
    let reset = |to: &str| {
        account
            .post("/_mock/reset", json!({ "to": to }))
            .expect(200)
            .json()
    };
    let fault = json!([{ "operation": "listPods", "status": 500 }]);
    let before = state(&account);
    put(&account, fault.clone()).expect(200);
    assert_eq!(state(&account), before);
    account.put("/_mock/snapshots/faulty").expect(200);
    assert_eq!(reset("faulty")["removed"]["faults"], 0);
    account.get("/v1/pods").refused(500, "internal_error");
    assert_eq!(reset("seed")["removed"]["faults"], 1);
    account.get("/v1/pods").expect(200);
    put(&account, fault.clone()).expect(200);
    assert_eq!(reset("empty")["removed"]["faults"], 1);
    assert_eq!(reset("faulty")["removed"]["faults"], 0);
    account.get("/v1/pods").expect(200);
    put(&account, fault).expect(200);
    account.delete("/_mock/worlds/faults-trace").expect(204);
    account.get("/v1/pods").expect(200);
}

#[test]
fn parallel_worlds_do_not_meet_each_others_faults() {
    let mock = start(Config::default());
    let worlds: Vec<_> = (0..4)
        .map(|world| account_of(&mock, &format!("w{world}")))
        .collect();
    std::thread::scope(|scope| {
        for (index, world) in worlds.iter().enumerate() {
            scope.spawn(move || {
                if index % 2 == 0 {
                    put(
                        world,
                        json!([{ "operation": "listPods", "status": 500, "times": 25 }]),
                    )
                    .expect(200);
                }
                for request in 0..50 {
                    let is_struck = index % 2 == 0 && request < 25;
                    world
                        .get("/v1/pods")
                        .expect(if is_struck { 500 } else { 200 });
                }
            });
        }
    });
    assert_eq!(hits(&worlds[0]), [25]);
    assert_eq!(hits(&worlds[1]), [0; 0]);
}

#[test]
fn of_many_at_once_no_more_than_so_many_are_struck() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    put(
        &account,
        json!([{ "operation": "listPods", "status": 500, "times": 7 }]),
    )
    .expect(200);
    let struck = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let is_struck = account.get("/v1/pods").status == 500;
                    struck.fetch_add(usize::from(is_struck), std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(struck.into_inner(), 7);
    assert_eq!(hits(&account), [7]);
}

#[test]
fn a_misspelt_field_of_a_body_is_refused() {
    let account = crate::support::account("faults-body-field");
    let put = |operation: &str, field: &str| {
        let fault =
            json!([{ "operation": operation, "when": { "body": { field: "x" } }, "status": 500 }]);
        account.send("PUT", "/_mock/faults", Some(fault))
    };
    let words = put("createInbox", "mailboxname")
        .refused(400, "bad_request")
        .json();
    assert!(
        words["message"].to_string().contains("`mailboxName`"),
        "{words}"
    );
    put("createInbox", "/mailboxName").expect(200);
    // One operation that knows it is enough; a pattern of several is no misspelling.
    put("*", "mailboxName").expect(200);
}
