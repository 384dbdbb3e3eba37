//! The audit: what it tells, and how it is asked.

use serde_json::{Value, json};

use super::{DESK, OTHER, added, audit, dropped, in_desk, send, set, under, world};
use crate::support::post::Post;

/// Three mails that did not pass, an hour apart.
fn stopped(name: &str) -> (Post, Value) {
    let post = world(name);
    let rule = added(&post.account, "", "inbound", "block", "spam.example");
    set(&post.account, "podId=own", "outbound", "allowlist").expect(200);
    dropped(&post, "Ada <Ada@Spam.example>");
    post.advance("1h");
    send(&post, "bo@example.com").refused(403, "recipient_not_permitted");
    post.advance("1h");
    let mail = json!({ "from": "cy@spam.example", "to": ["other@openmail.sh", "no@openmail.sh"] });
    post.arrives(mail);
    (post, rule["id"].clone())
}

#[test]
fn an_entry_tells_what_did_not_pass_and_why() {
    let (post, rule) = stopped("policy-audit");
    let mut entries = audit(&post.account, "");
    for entry in &mut entries {
        let id = entry.as_object_mut().expect("an entry").remove("id");
        assert!(id.is_some_and(|id| id.is_string()));
    }
    assert_eq!(
        Value::from(entries),
        json!([
            { "action": "blocked", "direction": "inbound", "address": "cy@spam.example",
              "ruleId": rule, "at": "2040-01-16T11:30:00.000Z" },
            { "action": "not_allowed", "direction": "outbound", "address": "bo@example.com",
              "ruleId": null, "at": "2040-01-16T10:30:00.000Z" },
            { "action": "blocked", "direction": "inbound", "address": "Ada@Spam.example",
              "ruleId": rule, "at": "2040-01-16T09:30:00.000Z" },
        ])
    );
}

#[test]
fn the_audit_is_asked_by_scope_action_direction_and_time() {
    let (post, _) = stopped("policy-audit-asked");
    let count = |query: &str| audit(&post.account, query).len();
    for (query, expected) in [
        ("podId=own", 2),
        ("podId=other", 1),
        (&*in_desk(), 2),
        (&*format!("inboxId={OTHER}"), 1),
        ("action=blocked", 2),
        ("action=not_allowed", 1),
        ("direction=inbound", 2),
        ("direction=outbound", 1),
        ("action=blocked&direction=outbound", 0),
        ("podId=own&action=blocked&direction=inbound", 1),
        ("since=2040-01-16T10:30:00Z", 2),
        ("since=2040-01-16T10:30:00.001Z", 1),
        ("until=2040-01-16T10:30:00Z", 1),
        ("since=2040-01-16T09:30:00Z&until=2040-01-16T11:30:00Z", 2),
        ("since=2040-01-16", 3),
        ("until=2040-01-16", 0),
        (
            &*format!("inboxId={DESK}&direction=outbound&since=2040-01-16T10:00:00Z"),
            1,
        ),
    ] {
        assert_eq!(count(query), expected, "{query}");
    }
    for query in [
        "action=dropped",
        "direction=both",
        "since=yesterday",
        "since=2040-02-30",
        "since=2040-01-16T11:30:00Z&until=2040-01-16T09:30:00Z",
        "since=2040-01-16&until=2040-01-16",
        "limit=0",
        "offset=-1",
    ] {
        post.account
            .get(&under("audit", query))
            .refused(400, "bad_request");
    }
}

#[test]
fn pages_of_the_audit_tile() {
    let post = world("policy-audit-pages");
    added(&post.account, "", "inbound", "block", "spam.example");
    for number in 0..7 {
        dropped(&post, &format!("a{number}@spam.example"));
    }
    let mut seen = Vec::new();
    for offset in [0, 3, 6, 9] {
        let query = format!("limit=3&offset={offset}");
        let page = post.account.get(&under("audit", &query)).expect(200).json();
        assert_eq!(page["total"], 7);
        let rows = page["data"].as_array().expect("rows").iter();
        seen.extend(rows.map(|row| row["address"].as_str().expect("a text").to_owned()));
    }
    let expected: Vec<String> = (0..7)
        .rev()
        .map(|number| format!("a{number}@spam.example"))
        .collect();
    assert_eq!(seen, expected);
}

/// An error that somebody asks for is no refusal of a policy.
#[test]
fn what_is_provoked_is_not_noted() {
    let post = world("policy-audit-provoked");
    set(&post.account, "", "inbound", "allowlist").expect(200);
    let answer = send(&post, "recipient_not_permitted@fail.test");
    answer.refused(403, "recipient_not_permitted");
    assert_eq!(audit(&post.account, ""), Vec::<Value>::new());
}

#[test]
fn an_inbox_takes_its_entries_along_and_a_rule_does_not() {
    let (post, rule) = stopped("policy-audit-goes");
    let rule = rule.as_str().expect("an id");
    post.account
        .delete(&under(&format!("rules/{rule}"), ""))
        .expect(204);
    assert_eq!(audit(&post.account, "action=blocked").len(), 2);
    post.account
        .delete(&format!("/v1/inboxes/{DESK}"))
        .expect(204);
    assert_eq!(audit(&post.account, "").len(), 1);
    assert_eq!(audit(&post.account, "podId=own").len(), 0);
}
