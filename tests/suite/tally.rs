//! What spoils a run is counted, in bounds, whatever becomes of the worlds.

use openmail_mock::record::tally::{MAX_CALLS, MAX_NAME};
use openmail_mock::{Calls, Config, Tally};
use serde_json::json;

use crate::support::{account_of, start};

fn counted(calls: &Calls) -> Vec<(&str, u64, &str)> {
    let calls = calls.told_apart().iter();
    calls
        .map(|call| (&*call.name, call.times, &*call.remark))
        .collect()
}

#[test]
fn an_ordinary_run_counts_nothing() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account.post("/v1/pods", json!({})).expect(201);
    account.post("/v1/pods", json!({ "name": 7 })).expect(400);
    account.get("/v1/pods/nobody").expect(404);
    account.get("/health").expect(200);
    assert_eq!(mock.stop(), Tally::default());
}

#[test]
fn unknown_calls_are_counted_in_the_order_in_which_they_came_first() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    for path in ["/v1/podz", "/nowhere?secret=1", "/v1/podz"] {
        account.get(path).expect(404);
    }
    account.delete("/v1/pods").expect(405);
    account.delete("/health").expect(405);
    account.get("/_mock/clok").expect(404);
    let tally = mock.tally();
    assert_eq!(
        counted(&tally.unknown_calls),
        [
            ("GET /v1/podz", 2, "did you mean /v1/pods?"),
            ("GET /nowhere", 1, ""),
            ("DELETE /v1/pods", 1, "it has GET, POST"),
            ("DELETE /health", 1, ""),
            ("GET /_mock/clok", 1, "did you mean /_mock/clock?"),
        ]
    );
    assert!(tally.breaches.is_empty());
}

#[test]
fn a_world_that_is_reset_or_dropped_takes_nothing_back() {
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    account.get("/v1/podz").expect(404);
    account.post("/_mock/reset", json!({})).expect(200);
    account.delete("/_mock/worlds/w").expect(204);
    assert_eq!(mock.tally().unknown_calls.total(), 1);
}

#[test]
fn calls_past_the_bound_are_only_numbered() {
    let mut calls = Calls::default();
    for number in 0..MAX_CALLS + 5 {
        calls.count(&format!("GET /{number}"), "");
    }
    calls.count("GET /0", "");
    assert_eq!(calls.told_apart().len(), MAX_CALLS);
    assert_eq!(calls.told_apart()[0].times, 2);
    assert_eq!(calls.total(), MAX_CALLS as u64 + 6);
}

#[test]
fn names_are_cut_between_characters_and_cannot_steer_a_terminal() {
    let mut calls = Calls::default();
    calls.count(&format!("\u{9b}{}", "ä".repeat(10_000)), "");
    let name = &calls.told_apart()[0].name;
    assert_eq!(name.chars().count(), MAX_NAME + 1);
    assert!(name.starts_with('\u{fffd}') && name.ends_with('…'));
}
