//! What was used of the limits, in documents: laid, exported, and what is wrong with it.

use serde_json::{Value, json};

use crate::support::post::START;
use crate::support::{Account, account};

const STATE: &str = "/_mock/state";

fn world(name: &str) -> Account {
    let account = account(name);
    let document = json!({
        "clock": { "mode": "frozen", "at": START },
        "inboxes": [{ "address": "desk@openmail.sh" }, { "address": "door@openmail.sh" }],
    });
    account.send("PUT", STATE, Some(document)).expect(200);
    account
}

fn usage(account: &Account) -> Value {
    account.get(STATE).expect(200).json()["usage"].clone()
}

#[track_caller]
fn laid(account: &Account, usage: Value) -> u64 {
    let changes = account.patch(STATE, json!({ "usage": usage })).expect(200);
    changes.json()["changed"].as_u64().expect("a number")
}

#[test]
fn an_account_that_used_nothing_says_nothing_of_it() {
    let account = world("usage-nothing");
    let state = account.get(STATE).expect(200).json();
    assert_eq!(state.get("usage"), None);
}

#[test]
fn what_is_laid_is_exported() {
    let account = world("usage-laid");
    let all = json!({
        "day": "2040-01-16", "inboxesCreated": 99, "coldRecipients": 7,
        "inboxes": [{ "inbox": "desk@openmail.sh", "sends": 199, "coldRecipients": 5,
                      "recentSends": ["2040-01-16T09:29:00.000Z", START] }],
        "requests": { "minute": START, "count": 998 },
    });
    assert_eq!(laid(&account, all.clone()), 1);
    assert_eq!(usage(&account), all);
    assert_eq!(laid(&account, all), 0);
}

#[test]
fn what_is_left_out_stays() {
    let account = world("usage-stays");
    laid(
        &account,
        json!({ "inboxesCreated": 3, "inboxes": [{ "inbox": "desk@openmail.sh", "sends": 4 }] }),
    );
    laid(&account, json!({ "coldRecipients": 5 }));
    laid(
        &account,
        json!({ "inboxes": [{ "inbox": "desk@openmail.sh", "coldRecipients": 6 }] }),
    );
    let expected = json!({
        "day": "2040-01-16", "inboxesCreated": 3, "coldRecipients": 5,
        "inboxes": [{ "inbox": "desk@openmail.sh", "sends": 4, "coldRecipients": 6 }],
    });
    assert_eq!(usage(&account), expected);
}

#[test]
fn counts_without_a_day_are_of_the_present_one() {
    let account = world("usage-today");
    laid(
        &account,
        json!({ "day": "2040-01-15", "inboxesCreated": 50, "coldRecipients": 5 }),
    );
    assert_eq!(usage(&account)["day"], "2040-01-15");
    laid(&account, json!({ "coldRecipients": 1 }));
    let expected = json!({ "day": "2040-01-16", "coldRecipients": 1 });
    assert_eq!(usage(&account), expected);
}

/// A limit of yesterday's is none, and a mail of today's begins anew.
#[test]
fn counts_of_yesterday_are_worth_nothing() {
    let account = world("usage-yesterday");
    account
        .patch(STATE, json!({ "account": { "limits": "on" } }))
        .expect(200);
    laid(
        &account,
        json!({ "day": "2040-01-15", "inboxesCreated": 100 }),
    );
    account.post("/v1/inboxes", json!({})).expect(201);
    let used = usage(&account);
    assert_eq!(
        (&used["day"], &used["inboxesCreated"]),
        (&json!("2040-01-16"), &json!(1))
    );
}

#[test]
fn sends_may_be_told_by_their_distance_and_in_any_order() {
    let account = world("usage-distance");
    let row = json!({ "inbox": "door@openmail.sh", "recentSends": ["-1s", "-1m"] });
    laid(&account, json!({ "inboxes": [row] }));
    let told = &usage(&account)["inboxes"][0]["recentSends"];
    assert_eq!(
        *told,
        json!(["2040-01-16T09:29:00.000Z", "2040-01-16T09:29:59.000Z"])
    );
    let row = json!({ "inbox": "door@openmail.sh", "recentSends": [] });
    laid(&account, json!({ "inboxes": [row] }));
    assert_eq!(usage(&account).get("inboxes"), None);
}

#[test]
fn requests_are_told_by_any_instant_of_their_minute() {
    let account = world("usage-requests");
    laid(
        &account,
        json!({ "requests": { "minute": "2040-01-16T09:31:59Z", "count": 2 } }),
    );
    let expected = json!({ "requests": { "minute": "2040-01-16T09:31:00.000Z", "count": 2 } });
    assert_eq!(usage(&account), expected);
    laid(&account, json!({ "requests": { "count": 3 } }));
    assert_eq!(usage(&account)["requests"]["minute"], START);
    laid(&account, json!({ "requests": { "count": 0 } }));
    assert_eq!(usage(&account), Value::Null);
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    let account = world("usage-wrong");
    let inbox = |row: Value| json!({ "inboxes": [row] });
    for (usage, pointer, words) in [
        (json!({ "day": "2040-02-30" }), "/usage/day", "no day"),
        (json!({ "day": "today" }), "/usage/day", "a date such as"),
        (
            json!({ "inboxesCreated": -1 }),
            "/usage/inboxesCreated",
            "0",
        ),
        (
            json!({ "coldRecipients": 1.5 }),
            "/usage/coldRecipients",
            "integer",
        ),
        (json!({ "sends": 1 }), "/usage/sends", "no field"),
        (
            inbox(json!({ "sends": 1 })),
            "/usage/inboxes/0/inbox",
            "required",
        ),
        (
            inbox(json!({ "inbox": "dsk@openmail.sh" })),
            "/usage/inboxes/0/inbox",
            "did you mean `desk@openmail.sh`?",
        ),
        (
            inbox(json!({ "inbox": "desk@openmail.sh", "recentSends": ["2040-02-30T00:00:00Z"] })),
            "/usage/inboxes/0/recentSends/0",
            "no time",
        ),
        (
            inbox(json!({ "inbox": "desk@openmail.sh", "recentSends": vec!["-1s"; 11] })),
            "/usage/inboxes/0/recentSends",
            "10",
        ),
        (
            json!({ "requests": { "minute": "2040-02-30T00:00:00Z", "count": 1 } }),
            "/usage/requests/minute",
            "no time",
        ),
        (
            json!({ "requests": {} }),
            "/usage/requests/count",
            "required",
        ),
    ] {
        let before = account.get(STATE).expect(200).body;
        let answer = account.patch(STATE, json!({ "usage": usage }));
        let answer = answer.refused(400, "bad_request").json();
        assert_eq!(answer["violations"][0]["pointer"], pointer, "{answer}");
        assert!(answer["message"].to_string().contains(words), "{answer}");
        assert_eq!(account.get(STATE).expect(200).body, before);
    }
}

#[test]
fn an_inbox_is_described_once() {
    let account = world("usage-twice");
    let id = account.get("/v1/inboxes").expect(200).json()["data"][0].clone();
    let rows = json!([{ "inbox": id["address"], "sends": 1 }, { "inbox": id["id"], "sends": 2 }]);
    let answer = account.patch(STATE, json!({ "usage": { "inboxes": rows } }));
    let answer = answer.refused(400, "bad_request").json();
    assert_eq!(answer["violations"][0]["pointer"], "/usage/inboxes/1/inbox");
}
