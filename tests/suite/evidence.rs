//! `POST /_mock/expect` of requests, of what happens in an order, and of what may be gone.

use openmail_mock::{Config, Running};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::support::{Account, Answer, Connection, Receiver, account, account_of, start};

static MOCK: LazyLock<Running> = LazyLock::new(|| start(Config::default()));

fn of(kind: &str, account: &Account, more: Value) -> Answer {
    let mut question = json!({ "of": kind });
    let members = more.as_object().expect("an object").clone();
    question.as_object_mut().expect("an object").extend(members);
    account.post("/_mock/expect", question)
}

fn expect(account: &Account, more: Value) -> Answer {
    of("requests", account, more)
}

fn pod(account: &Account, client_id: &str) -> Answer {
    account.post("/v1/pods", json!({ "clientId": client_id, "name": "Acme" }))
}

/// The number in an answer's `x-request-id`.
fn number(answer: &Answer) -> String {
    answer.header("x-request-id").expect("an id").to_owned()
}

/// Codes that the sources of the API make, beside those of the document and of the rules.
fn codes_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            codes_in(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        for made in ["Failure::new(", "Self::new(", "facts.error = "] {
            for (at, _) in text.match_indices(made) {
                let call = text[at..].split(';').next().unwrap_or_default();
                let texts = call.split('"').skip(1).step_by(2);
                let is_code = |text: &&str| {
                    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
                    text.contains('_') && text.bytes().all(is_letter)
                };
                found.extend(texts.filter(is_code).map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_code_that_an_answer_can_have_can_be_expected() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut codes = BTreeSet::new();
    codes_in(&sources.join("api"), &mut codes);
    codes_in(&sources.join("server"), &mut codes);
    assert!(codes.contains("range_not_satisfiable"), "{codes:?}");
    assert!(codes.contains("connection_limit_reached"), "{codes:?}");
    let account = account("evidence-codes");
    for code in codes {
        let question = json!({ "of": "requests", "match": { "error": code } });
        account.post("/_mock/expect", question).expect(417);
    }
}

#[test]
fn a_request_is_found_by_what_it_was_and_what_it_was_answered() {
    let account = account_of(&MOCK, "evidence-fields");
    pod(&account, "acme").expect(201);
    pod(&account, "acme").expect(409);
    account.get("/v1/pods?limit=7").expect(200);
    for (matcher, count) in [
        (json!({}), 3),
        (json!({ "operation": "createPod" }), 2),
        (json!({ "operation": "*Pod*" }), 3),
        (json!({ "method": "post" }), 2),
        (json!({ "path": "/v1/pods" }), 3),
        (json!({ "path": "/v1/pods?limit=7" }), 1),
        (json!({ "status": 409 }), 1),
        (json!({ "status": "2*" }), 2),
        (json!({ "error": "client_id_taken" }), 1),
        (json!({ "body": { "clientId": "acme" }, "status": 201 }), 1),
        (json!({ "body": { "/clientId": "a*", "name": "Acme" } }), 2),
    ] {
        let met = expect(&account, json!({ "match": matcher, "times": count }));
        assert_eq!(met.status, 200, "{matcher}: {}", met.json());
    }
    let met = expect(&account, json!({ "match": { "status": 409 } })).expect(200);
    assert_eq!(met.json()["matched"][0]["error"], "client_id_taken");
}

#[test]
fn fields_of_forms_and_of_what_nests_are_fields_of_the_body() {
    let account = account_of(&MOCK, "evidence-bodies");
    let inbox = account.post("/v1/inboxes", json!({ "mailboxName": "desk" }));
    let id = inbox.expect(201).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let parts = "--b\r\ncontent-disposition: form-data; name=\"to\"\r\n\r\nada@example.com\r\n\
                 --b\r\ncontent-disposition: form-data; name=\"subject\"\r\n\r\nForm\r\n\
                 --b\r\ncontent-disposition: form-data; name=\"body\"\r\n\r\nHi\r\n--b--\r\n";
    let media = [("content-type", "multipart/form-data; boundary=b")];
    let path = format!("/v1/inboxes/{id}/send");
    account
        .send_raw("POST", &path, &media, parts.as_bytes())
        .expect(200);
    let policy = json!({ "mode": "blocklist" });
    account.send("PUT", "/v1/policy/mode", Some(policy));
    let matcher = json!({ "operation": "sendEmail", "body": { "to": "ada@*", "subject": "Form" } });
    expect(&account, json!({ "match": matcher })).expect(200);
    let matcher = json!({ "body": { "to": { "address": "ada@example.com" } } });
    expect(&account, json!({ "match": matcher })).expect(417);
}

#[test]
fn values_of_a_body_have_the_type_that_is_asked_for() {
    let account = account_of(&MOCK, "evidence-types");
    let body = json!({ "number": 1, "truth": true, "nothing": null, "text": "1" });
    account.post("/v1/pods", body);
    for (field, value, found) in [
        ("number", json!(1), true),
        ("number", json!(1.0), true),
        ("number", json!("1"), false),
        ("number", json!("*"), true),
        ("text", json!("1"), true),
        ("text", json!(1), false),
        ("truth", json!(true), true),
        ("truth", json!("true"), false),
        ("nothing", json!(null), true),
        ("nothing", json!("null"), false),
    ] {
        let status = if found { 200 } else { 417 };
        let question = json!({ "match": { "body": { field: value } } });
        expect(&account, question).expect(status);
    }
    let question = json!({ "match": { "body": { "number": "1" } } });
    let missed = expect(&account, question).expect(417).json();
    let difference = &missed["nearMisses"][0]["differences"][0];
    assert_eq!(difference["actual"], 1, "{difference}");
}

/// What an answer says of a sender can be asked for as it stands.
#[test]
fn addresses_are_found_with_the_names_beside_them() {
    let account = account_of(&MOCK, "evidence-names");
    let inbox = account.post("/v1/inboxes", json!({ "mailboxName": "named" }));
    let address = inbox.expect(201).json()["address"].clone();
    let from = "Zoë <zoe@example.com>";
    let mail = json!({ "from": from, "to": address, "text": "Hi" });
    account.post("/_mock/inbound", mail).expect(200);
    let question = json!({ "of": "messages", "match": { "from": from, "to": address } });
    account.post("/_mock/expect", question).expect(200);
}

#[test]
fn a_near_miss_of_a_request_names_each_field_that_differs() {
    let account = account_of(&MOCK, "evidence-near");
    pod(&account, "acme").expect(201);
    account.get("/v1/inboxes").expect(200);
    let matcher = json!({
        "operation": "createPod",
        "status": 409,
        "body": { "clientId": "cedar", "name": "Acme", "labels": ["a"] },
    });
    let missed = expect(&account, json!({ "match": matcher })).refused(417, "expectation_failed");
    let missed = missed.json();
    assert_eq!(
        missed["nearMisses"][0]["differences"],
        json!([
            { "field": "status", "expected": 409, "actual": 201 },
            { "field": "body/clientId", "expected": "cedar", "actual": "acme" },
            { "field": "body/labels/0", "expected": "a" },
        ])
    );
    assert_eq!(missed["nearMisses"][0]["entry"]["operation"], "createPod");
    assert_eq!(missed["nearMisses"][1]["entry"]["operation"], "listInboxes");
}

#[test]
fn a_secret_in_a_near_miss_is_redacted() {
    let account = account_of(&MOCK, "evidence-secret");
    let inbox = json!({ "mailboxName": "desk", "token": "hush" });
    account.post("/v1/inboxes", inbox);
    let matcher = json!({ "body": { "token": "other" } });
    let missed = expect(&account, json!({ "match": matcher })).expect(417);
    assert!(!missed.json().to_string().contains("hush"));
}

#[test]
fn of_too_many_it_is_told_which_they_are() {
    let account = account_of(&MOCK, "evidence-many");
    pod(&account, "acme").expect(201);
    pod(&account, "cedar").expect(201);
    let missed = expect(&account, json!({ "times": 1, "withinMs": 600_000 })).expect(417);
    let missed = missed.json();
    assert_eq!(
        (&missed["count"], missed["matched"].as_array().map(Vec::len)),
        (&json!(2), Some(2))
    );
}

#[test]
fn what_is_asked_wrongly_is_refused_with_what_would_be_right() {
    let account = account_of(&MOCK, "evidence-wrong");
    let step = json!({ "operation": "createPod" });
    for (kind, question, words) in [
        (
            "requests",
            json!({ "match": { "subject": "x" } }),
            "requests have `operation`",
        ),
        (
            "messages",
            json!({ "match": { "operation": "createPod" } }),
            "messages have `inbox`",
        ),
        (
            "requests",
            json!({ "match": { "operation": "createPot" } }),
            "did you mean `createPod`?",
        ),
        (
            "requests",
            json!({ "match": { "operatoin": "createPod" } }),
            "did you mean `operation`?",
        ),
        (
            "requests",
            json!({ "match": { "status": "delivered" } }),
            "of requests it is the number",
        ),
        (
            "deliveries",
            json!({ "match": { "status": 200 } }),
            "of deliveries it is `pending`",
        ),
        (
            "requests",
            json!({ "match": { "operation": "crate*" } }),
            "no operation that fits `crate*`",
        ),
        (
            "requests",
            json!({ "match": { "error": "client_id_takn" } }),
            "did you mean `client_id_taken`?",
        ),
        (
            "requests",
            json!({ "match": [{ "error": "client_id_*" }, { "error": "teapot*" }], "inOrder": true }),
            "`match.error` is `teapot*`, which nothing can ever match",
        ),
        (
            "requests",
            json!({ "match": { "status": 99 } }),
            "`/match/status` must be at least 100",
        ),
        (
            "requests",
            json!({ "match": { "status": "6*" } }),
            "100 to 599",
        ),
        (
            "messages",
            json!({ "match": { "direction": "inbuond" } }),
            "did you mean `inbound`?",
        ),
        (
            "deliveries",
            json!({ "match": { "event": "message.recieved" } }),
            "did you mean `message.received`?",
        ),
        (
            "deliveries",
            json!({ "match": { "event": "sms.*" } }),
            "events are `message.received`",
        ),
        (
            "deliveries",
            json!({ "match": { "status": "deliverd" } }),
            "did you mean `delivered`?",
        ),
        (
            "deliveries",
            json!({ "match": { "status": "sent" } }),
            "of deliveries it is `pending`",
        ),
        ("requests", json!({ "match": { "body": "acme" } }), "body"),
        (
            "requests",
            json!({ "after": "acme" }),
            "ids look like `req_12`",
        ),
        ("requests", json!({ "inOrder": true }), "is about a list"),
        (
            "requests",
            json!({ "inOrder": true, "match": step }),
            "is about a list",
        ),
        (
            "requests",
            json!({ "match": [step] }),
            "send `inOrder: true`",
        ),
        (
            "requests",
            json!({ "match": [step], "inOrder": true, "times": 1 }),
            "takes no `times`",
        ),
        (
            "idle",
            json!({ "inOrder": true }),
            "`idle` takes no `inOrder`",
        ),
        ("requests", json!({ "times": "1" }), "times"),
        ("requests", json!({ "withinMs": "soon" }), "withinMs"),
    ] {
        let refusal = of(kind, &account, question.clone()).refused(400, "bad_request");
        let said = refusal.json().to_string();
        assert!(said.contains(words), "{question}: {said}");
    }
}

/// Programs show the message, and not everybody reads further.
#[test]
fn the_message_names_the_misspelt_field_of_a_matcher_and_the_nearest() {
    let account = account_of(&MOCK, "evidence-misspelt");
    let misspelt = json!({ "operatoin": "createPod" });
    for (matcher, place) in [
        (misspelt.clone(), "/match/operatoin"),
        (json!([{}, misspelt]), "/match/1/operatoin"),
    ] {
        let question = json!({ "match": matcher, "inOrder": matcher.is_array() });
        let message = expect(&account, question)
            .refused(400, "bad_request")
            .message();
        let told = format!("`{place}` is no field that is known here; did you mean `operation`?");
        assert!(message.starts_with(&told), "{message}");
    }
}

/// The codes of docs/errors.md are all that there are.
#[test]
fn every_code_that_there_is_can_be_asked_for() {
    let account = account_of(&MOCK, "evidence-codes");
    let documented = include_str!("../../docs/errors.md").lines();
    let rows = documented.filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").nth(1));
    let codes = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let own = [
        "request_header_fields_too_large",
        "server_stopping",
        "too_many_waiting",
        "upgrade_required",
    ];
    let mut count = 0;
    for code in codes.chain(own) {
        expect(&account, json!({ "match": { "error": code } })).expect(417);
        count += 1;
    }
    assert!(count > 60, "{count}");
}

#[test]
fn nothing_is_awaited_behind_an_exchange_that_is_yet_to_come() {
    let account = account_of(&MOCK, "evidence-future");
    let question = json!({ "after": "req_99999999", "withinMs": 600_000 });
    let message = expect(&account, question)
        .refused(400, "bad_request")
        .message();
    assert!(message.contains("has come as far as `req_"), "{message}");
}

#[test]
fn an_inbox_that_is_not_there_is_told_with_the_nearest() {
    let account = account_of(&MOCK, "evidence-inbox");
    account
        .post("/v1/inboxes", json!({ "mailboxName": "billing" }))
        .expect(201);
    let unknown = "no inbox has the address or the id `biling@openmail.sh` now, \
                   did you mean `billing@openmail.sh`?";
    for (kind, question) in [
        (
            "messages",
            json!({ "match": { "inbox": "Biling@openmail.sh" } }),
        ),
        (
            "deliveries",
            json!({ "match": { "inbox": "biling@openmail.sh" } }),
        ),
        (
            "messages",
            json!({ "match": [{ "inbox": "biling@openmail.sh" }], "inOrder": true }),
        ),
    ] {
        let message = of(kind, &account, question).expect(417).message();
        assert!(message.contains(unknown), "{message}");
    }
    for inbox in ["billing@openmail.sh", "biling*"] {
        let question = json!({ "match": { "inbox": inbox } });
        let message = of("messages", &account, question).expect(417).message();
        assert!(!message.contains("no inbox"), "{message}");
    }
}

#[test]
fn steps_are_met_in_their_order_whatever_comes_between() {
    let account = account_of(&MOCK, "evidence-order");
    let begin = number(&account.get("/_mock/clock").expect(200));
    pod(&account, "acme").expect(201);
    account.get("/v1/pods/acme").expect(200);
    pod(&account, "acme").expect(409);
    account.delete("/v1/pods/acme").expect(204);
    let created = json!({ "operation": "createPod", "status": 201 });
    let deleted = json!({ "operation": "deletePod" });
    let in_order = |steps: Value, after: &str| {
        expect(
            &account,
            json!({ "match": steps, "inOrder": true, "after": after }),
        )
    };
    let met = in_order(json!([created, deleted]), &begin)
        .expect(200)
        .json();
    assert_eq!(
        (&met["count"], &met["matched"][1]["operation"]),
        (&json!(2), &json!("deletePod"))
    );
    let missed = in_order(json!([deleted, created]), &begin)
        .expect(417)
        .json();
    assert_eq!(missed["count"], 1);
    let message = missed["message"].as_str().expect("a text");
    assert!(
        message.contains("no request meets step 2, only before"),
        "{message}"
    );
    // One request is one step.
    in_order(json!([deleted, deleted]), &begin).expect(417);
    let first = met["matched"][0]["id"].as_str().expect("an id");
    let missed = in_order(json!([created, deleted]), first)
        .expect(417)
        .json();
    assert_eq!(missed["nearMisses"][0]["differences"][0]["field"], "status");
}

#[test]
fn messages_are_met_in_their_order_too() {
    let account = account_of(&MOCK, "evidence-order-mail");
    account
        .post("/v1/inboxes", json!({ "mailboxName": "desk" }))
        .expect(201);
    for subject in ["One", "Two"] {
        let mail = json!({ "from": "a@example.com", "to": "desk@openmail.sh", "subject": subject });
        account.post("/_mock/inbound", mail).expect(200);
    }
    let steps = json!([{ "subject": "One" }, { "subject": "Two" }]);
    of(
        "messages",
        &account,
        json!({ "match": steps, "inOrder": true }),
    )
    .expect(200);
    let steps = json!([{ "subject": "Two" }, { "subject": "One" }]);
    of(
        "messages",
        &account,
        json!({ "match": steps, "inOrder": true }),
    )
    .expect(417);
}

#[test]
fn a_wait_is_woken_by_the_request_that_ends_it() {
    let account = account_of(&MOCK, "evidence-woken");
    let steps = json!([{ "operation": "createPod" }, { "operation": "deletePod" }]);
    let questions = [
        json!({ "of": "requests", "match": { "operation": "deletePod" }, "withinMs": 600_000 }),
        json!({ "of": "requests", "match": steps, "inOrder": true, "withinMs": 600_000 }),
        // A journal that is cleared begins again.
        json!({ "of": "requests", "atLeast": 3, "withinMs": 600_000 }),
    ];
    let ask = |question: &Value| {
        let mut connection = Connection::open(MOCK.address());
        let headers = [
            ("authorization", format!("Bearer {}", account.key)),
            ("content-type", "application/json".to_owned()),
        ];
        let body = question.to_string();
        connection.request("POST", "/_mock/expect", &headers, body.as_bytes());
        connection
    };
    let mut asked: Vec<Connection> = questions.iter().map(ask).collect();
    account.get("/v1/me").expect(200);
    account.get("/v1/me").expect(200);
    account.delete("/_mock/requests").expect(204);
    pod(&account, "acme").expect(201);
    account.get("/v1/me").expect(200);
    account.delete("/v1/pods/acme").expect(204);
    for connection in &mut asked {
        let met = connection.answer().expect(200).json();
        let last = met["matched"].as_array().and_then(|it| it.last().cloned());
        assert_eq!(last.expect("an entry")["operation"], "deletePod");
    }
}

#[test]
fn requests_that_made_room_are_no_proof_of_anything() {
    let account = account_of(&MOCK, "evidence-evicted");
    pod(&account, "acme").expect(201);
    let mut connection = Connection::open(MOCK.address());
    for _ in 0..1_000 {
        let headers = [("authorization", format!("Bearer {}", account.key))];
        connection.request("GET", "/v1/me", &headers, b"");
        connection.answer().expect(200);
    }
    let created = json!({ "operation": "createPod" });
    for question in [
        json!({ "match": created }),
        json!({ "match": created, "times": 0 }),
        json!({ "match": created, "times": 1, "withinMs": 600_000 }),
        json!({ "match": created, "atMost": 3 }),
        json!({ "match": [created], "inOrder": true }),
    ] {
        let message = expect(&account, question)
            .refused(409, "evidence_evicted")
            .message();
        let oldest = account.get("/_mock/requests?limit=1&offset=999").json()["data"][0].clone();
        let oldest = oldest["id"].as_str().expect("an id");
        let told = format!("the oldest that is kept is `{oldest}`");
        assert!(message.contains(&told), "{message}");
    }
    // What is there is there, and what is too much is too much.
    let read = json!({ "operation": "getMe" });
    expect(&account, json!({ "match": read, "atLeast": 1_000 })).expect(200);
    expect(&account, json!({ "match": read, "atMost": 3 })).expect(417);
    // Behind the last that is gone, all is there.
    let last = number(&pod(&account, "cedar").expect(201));
    expect(
        &account,
        json!({ "match": created, "times": 0, "after": last }),
    )
    .expect(200);
    account.delete("/_mock/requests").expect(204);
    expect(&account, json!({ "match": created, "times": 0 })).expect(200);
}

#[test]
fn deliveries_that_made_room_are_no_proof_of_anything() {
    let receiver = Receiver::taking();
    let account = account("evidence-deliveries");
    let inbox = json!({ "mailboxName": "desk", "webhookUrl": receiver.url() });
    account.post("/v1/inboxes", inbox).expect(201);
    account
        .post("/_mock/clock", json!({ "mode": "frozen" }))
        .expect(200);
    let hold = json!({ "mode": "hold" });
    account
        .send("PUT", "/_mock/deliveries/mode", Some(hold))
        .expect(200);
    let arrive = |copies: usize| {
        let to = vec!["desk@openmail.sh"; 1];
        for _ in 0..copies {
            let mail = json!({ "from": "a@example.com", "to": to, "subject": "Hi" });
            account.post("/_mock/inbound", mail).expect(200);
        }
    };
    arrive(1_000);
    let delivered = json!({ "status": "delivered" });
    of(
        "deliveries",
        &account,
        json!({ "match": delivered, "times": 0 }),
    )
    .expect(200);
    arrive(1);
    for question in [
        json!({ "match": delivered, "times": 0 }),
        json!({ "match": delivered }),
    ] {
        let refused = of("deliveries", &account, question).refused(409, "evidence_evicted");
        let message = refused.message();
        assert!(
            message.contains("the oldest that is kept is `"),
            "{message}"
        );
    }
    of("deliveries", &account, json!({ "atLeast": 1_000 })).expect(200);
    // Mail stays.
    of("messages", &account, json!({ "times": 1_001 })).expect(200);
    of("idle", &account, json!({})).expect(417);
}
