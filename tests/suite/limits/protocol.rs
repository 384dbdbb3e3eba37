//! Limits through the protocol: who has them, what a refusal says, and a clock that is moved.

use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::{Config, Running};
use serde_json::{Value, json};

use crate::support::post::{Post, START, send_path};
use crate::support::{Account, Answer, account, account_of, start};

const STATE: &str = "/_mock/state";
const ID: &str = "1f0c3a52-8d7e-4b7a-9d43-0a5b1c2d3e4f";

/// A world with this account and one inbox, both opened now, its clock frozen.
fn world(name: &str, settings: Value) -> Post {
    let account = account(name);
    let document = json!({
        "clock": { "mode": "frozen", "at": START },
        "account": settings,
        "inboxes": [{ "address": "desk@openmail.sh", "id": ID }],
    });
    account.send("PUT", STATE, Some(document)).expect(200);
    Post { account }
}

fn desk() -> Value {
    json!({ "id": ID })
}

fn mail(to: &str) -> Value {
    json!({ "to": to, "subject": "Delivery", "body": "It comes on Thursday." })
}

/// What the state says of the limits that were used, the number of requests aside: a request that
/// is refused was made.
fn usage(account: &Account) -> Value {
    let mut state = account.get(STATE).expect(200).json();
    let mut usage = state["usage"].take();
    if let Some(members) = usage.as_object_mut() {
        members.remove("requests");
    }
    match usage == json!({}) {
        true => Value::Null,
        false => usage,
    }
}

#[track_caller]
fn lay(post: &Post, fragment: Value) {
    post.account.patch(STATE, fragment).expect(200);
}

/// Refused, with this `Retry-After`, and nothing counted.
#[track_caller]
fn refused(post: &Post, body: Value, code: &str, seconds: &str) -> Answer {
    let before = usage(&post.account);
    let answer = post.try_send(&desk(), body).refused(429, code);
    assert_eq!(answer.header("retry-after"), Some(seconds));
    assert_eq!(usage(&post.account), before);
    answer
}

#[test]
fn without_limits_nothing_is_refused() {
    let post = world("limits-off", json!({}));
    for _ in 0..25 {
        post.send(&desk(), mail("ada@example.com"));
    }
    let used = &usage(&post.account)["inboxes"][0];
    assert_eq!(
        (&used["sends"], &used["coldRecipients"]),
        (&json!(25), &json!(25))
    );
    assert_eq!(used["recentSends"], json!(vec![START; 10]));
}

#[test]
fn ten_mails_of_an_inbox_fit_into_a_minute() {
    let post = world("limits-burst", json!({ "limits": "on" }));
    for _ in 0..10 {
        post.send(&desk(), mail("ada@example.com"));
    }
    let answer = refused(&post, mail("ada@example.com"), "rate_limit_exceeded", "60");
    let message = answer.message();
    assert!(
        message.starts_with("Max 10 sends per minute per inbox"),
        "{message}"
    );
    post.advance("59s");
    refused(&post, mail("ada@example.com"), "rate_limit_exceeded", "1");
    post.advance("1s");
    post.send(&desk(), mail("ada@example.com"));
}

#[test]
fn a_test_begins_at_199_of_200() {
    let post = world("limits-day", json!({ "limits": "on" }));
    lay(
        &post,
        json!({ "usage": { "inboxes": [{ "inbox": "desk@openmail.sh", "sends": 199 }] } }),
    );
    post.send(&desk(), mail("ada@example.com"));
    refused(
        &post,
        mail("ada@example.com"),
        "rate_limit_exceeded",
        "52200",
    );
    post.advance("14h29m59s999ms");
    refused(&post, mail("ada@example.com"), "rate_limit_exceeded", "1");
    post.advance("1ms");
    post.send(&desk(), mail("ada@example.com"));
    let used = usage(&post.account);
    assert_eq!(used["day"], "2040-01-17");
    assert_eq!(used["inboxes"][0]["sends"], 1);
}

#[test]
fn a_cold_limit_says_whose_it_is_how_large_and_when_it_ends() {
    let post = world("limits-cold", json!({ "limits": "on", "plan": "free" }));
    let inbox = json!({ "inbox": ID, "coldRecipients": 20 });
    lay(
        &post,
        json!({ "usage": { "coldRecipients": 20, "inboxes": [inbox] } }),
    );
    let resets_at = json!("2040-01-17T00:00:00.000Z");
    let answer = refused(
        &post,
        mail("ada@example.com"),
        "cold_outreach_limit",
        "52200",
    )
    .json();
    let told = (&answer["scope"], &answer["limit"], &answer["resetsAt"]);
    assert_eq!(told, (&json!("inbox"), &json!(20), &resets_at));
    let inbox = json!({ "inbox": ID, "coldRecipients": 19 });
    lay(
        &post,
        json!({ "usage": { "coldRecipients": 30, "inboxes": [inbox] } }),
    );
    let answer = refused(
        &post,
        mail("ada@example.com"),
        "cold_outreach_limit",
        "52200",
    )
    .json();
    let told = (&answer["scope"], &answer["limit"], &answer["resetsAt"]);
    assert_eq!(told, (&json!("customer"), &json!(30), &resets_at));
    post.arrives(
        json!({ "from": "Ada <ada@example.com>", "to": "desk@openmail.sh", "text": "Hi" }),
    );
    post.send(&desk(), mail("ADA@example.com"));
    post.advance("14h30m");
    post.send(&desk(), mail("bo@example.com"));
}

#[test]
fn a_replay_uses_nothing() {
    let post = world("limits-replay", json!({ "limits": "on" }));
    let body = mail("ada@example.com").to_string();
    for _ in 0..12 {
        post.send_with_key(&desk(), "k", &body).expect(200);
    }
    assert_eq!(usage(&post.account)["inboxes"][0]["sends"], 1);
}

#[test]
fn mail_that_comes_uses_nothing() {
    let post = world("limits-inbound", json!({ "limits": "on" }));
    let before = usage(&post.account);
    for _ in 0..12 {
        post.arrives(json!({ "from": "ada@example.com", "to": "desk@openmail.sh", "text": "Hi" }));
    }
    assert_eq!(usage(&post.account), before);
}

/// Every day as much as it may, then one more: the clock is moved, and nobody waits.
#[test]
fn a_warm_up_goes_day_by_day() {
    let post = world("limits-warm-up", json!({ "limits": "on" }));
    for day in 0..31 {
        let limit = if day < 30 { 20 } else { 200 };
        let copies: Vec<String> = (1..limit).map(|n| format!("n{n}@example.com")).collect();
        let body = json!({ "to": "n0@example.com", "cc": copies, "subject": "S", "body": "B" });
        post.send(&desk(), body);
        let answer = post.try_send(&desk(), mail("one.more@example.com"));
        let answer = answer.refused(429, "cold_outreach_limit").json();
        assert_eq!(answer["limit"], limit, "on day {day}");
        post.advance("24h");
    }
}

/// Calls of the control plane are no requests of the account.
#[test]
fn the_thousand_and_first_request_of_a_minute_is_refused() {
    let post = world("limits-requests", json!({ "limits": "on" }));
    lay(&post, json!({ "usage": { "requests": { "count": 998 } } }));
    for _ in 0..5 {
        post.account.get(STATE).expect(200);
    }
    post.account.get("/v1/me").expect(200);
    // A request that fails for something else was made.
    post.account
        .get("/v1/pods/nowhere")
        .refused(404, "not_found");
    for _ in 0..2 {
        let answer = post
            .account
            .get("/v1/pods")
            .refused(429, "rate_limit_exceeded");
        assert_eq!(answer.header("retry-after"), Some("60"));
        let message = answer.message();
        assert!(
            message.starts_with("Max 1000 requests per minute"),
            "{message}"
        );
    }
    let state = post.account.get(STATE).expect(200).json();
    assert_eq!(state["usage"]["requests"]["count"], 1_000);
    post.advance("59s999ms");
    post.account
        .get("/v1/pods")
        .refused(429, "rate_limit_exceeded");
    post.advance("1ms");
    post.account.get("/v1/pods").expect(200);
}

#[test]
fn a_look_at_a_world_without_limits_changes_nothing() {
    let post = world("limits-looks", json!({}));
    let before = post.account.get(STATE).expect(200).body;
    post.account.get("/v1/pods").expect(200);
    assert_eq!(post.account.get(STATE).expect(200).body, before);
}

fn limited(limits: bool) -> Running {
    let at = Timestamp::parse(START).expect("an instant");
    start(Config {
        limits,
        clock: Some(Clock::Frozen { at }),
        ..Config::default()
    })
}

#[track_caller]
fn limits_of(account: &Account) -> Value {
    account.get(STATE).expect(200).json()["account"]["limits"].clone()
}

#[test]
fn the_option_holds_for_accounts_that_do_not_say() {
    let mock = limited(true);
    let account = account_of(&mock, "w");
    assert_eq!(limits_of(&account), "on");
    account
        .send("PUT", STATE, Some(json!({ "account": { "plan": "free" } })))
        .expect(200);
    assert_eq!(limits_of(&account), "on");
    let says = json!({ "account": { "limits": "off" } });
    account.send("PUT", STATE, Some(says.clone())).expect(200);
    assert_eq!(limits_of(&account), "off");
    account
        .post("/_mock/reset", json!({ "to": "empty" }))
        .expect(200);
    assert_eq!(limits_of(&account), "on");
    account.patch(STATE, says).expect(200);
    assert_eq!(limits_of(&account), "off");
    account.post("/_mock/reset", json!({})).expect(200);
    assert_eq!(limits_of(&account), "on");
}

#[test]
fn a_fixture_says_so_whatever_the_option() {
    let fixture = json!({ "account": { "limits": "off" } });
    let mock = start(Config {
        limits: true,
        ..Config::with_fixture(fixture)
    });
    assert_eq!(limits_of(&account_of(&mock, "w")), "off");
}

/// The clock of a fixture makes the account as old as its clock says, with the option or without.
#[test]
fn an_untouched_account_is_as_old_as_its_clock_whatever_the_option() {
    let clock = json!({ "clock": { "mode": "frozen", "at": "2020-01-01T00:00:00.000Z" } });
    let created = |limits| {
        let mock = start(Config {
            limits,
            ..Config::with_fixture(clock.clone())
        });
        let state = account_of(&mock, "w").get(STATE).expect(200).json();
        state["account"]["createdAt"].clone()
    };
    assert_eq!(created(true), "2020-01-01T00:00:00.000Z");
    assert_eq!(created(true), created(false));
}

#[test]
fn an_export_means_the_same_beside_another_option() {
    let (on, off) = (limited(true), limited(false));
    for (here, there) in [(&on, &off), (&off, &on)] {
        let (here, there) = (account_of(here, "w"), account_of(there, "w"));
        let inbox = here.post("/v1/inboxes", json!({})).expect(201).json();
        here.post(&send_path(&inbox), mail("ada@example.com"))
            .expect(200);
        let exported = here.get(STATE).expect(200);
        there.send("PUT", STATE, Some(exported.json())).expect(200);
        assert_eq!(there.get(STATE).expect(200).body, exported.body);
    }
}
