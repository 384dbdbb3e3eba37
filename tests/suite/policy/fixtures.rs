//! Policy in fixtures: what can be written, what is told of it, and that an export says it all.

use serde_json::{Value, json};

use super::{STATE, added, audit, dropped, get, in_desk, send, set, with_policy, world};
use crate::support::{Account, account};

const RULE: &str = "00000000-0000-4000-8000-0000000000a1";

fn policy() -> Value {
    json!({
        "modes": [
            { "direction": "inbound", "mode": "allowlist" },
            { "pod": "own", "direction": "outbound", "mode": "allowlist" },
        ],
        "rules": [
            { "id": RULE, "direction": "inbound", "type": "allow", "value": "Example.com" },
            { "inbox": "desk@openmail.sh", "direction": "inbound", "type": "block",
              "value": "*.example.com", "createdAt": "-3d" },
        ],
        "audit": [{ "inbox": "desk@openmail.sh", "action": "blocked", "direction": "inbound",
                    "address": "a@x.example.com", "ruleId": RULE, "at": "-1h" }],
    })
}

#[test]
fn a_fixture_writes_modes_rules_and_the_audit() {
    let post = with_policy("policy-fixture", policy());
    let account = &post.account;
    assert_eq!(get(account, "")["inbound"]["mode"], "allowlist");
    assert_eq!(get(account, "")["rules"][0]["value"], "example.com");
    assert_eq!(get(account, "podId=own")["outbound"]["mode"], "allowlist");
    assert_eq!(
        get(account, &in_desk())["rules"][0]["createdAt"],
        "2040-01-13T09:30:00.000Z"
    );
    assert_eq!(
        audit(account, &in_desk())[0]["at"],
        "2040-01-16T08:30:00.000Z"
    );
    assert_eq!(dropped(&post, "a@example.com"), Value::Null);
    assert_eq!(dropped(&post, "a@x.example.com"), "policy");
    assert_eq!(audit(account, "").len(), 2);
}

#[test]
fn an_export_put_elsewhere_is_the_same() {
    let post = with_policy("policy-round", policy());
    dropped(&post, "a@x.example.com");
    send(&post, "a@example.com").refused(403, "recipient_not_permitted");
    added(&post.account, "podId=own", "outbound", "allow", "b.example");
    set(&post.account, &in_desk(), "outbound", "none").expect(200);
    let export = |account: &Account| String::from_utf8(account.get(STATE).expect(200).body);
    let told = export(&post.account).expect("text");
    let there = account("policy-round-there");
    let document = serde_json::from_str(&told).expect("JSON");
    there.send("PUT", STATE, Some(document)).expect(200);
    assert_eq!(export(&there).expect("text"), told);
    for scope in ["", "podId=own", &in_desk()] {
        assert_eq!(get(&there, scope), get(&post.account, scope));
        assert_eq!(audit(&there, scope), audit(&post.account, scope));
    }
    // What was told is told again without a change.
    let document = serde_json::from_str(&told).expect("JSON");
    let mut document: Value = document;
    document
        .as_object_mut()
        .expect("an object")
        .retain(|name, _| name == "policy");
    let changes = there.patch(STATE, document).expect(200).json();
    assert_eq!(changes, json!({ "added": 0, "changed": 0, "removed": 0 }));
}

#[test]
fn a_fragment_merges_and_removes() {
    let post = with_policy("policy-merge", policy());
    let patch = |fragment: Value| {
        let answer = post.account.patch(STATE, json!({ "policy": fragment }));
        answer.expect(200).json()
    };
    let changes = patch(json!({
        "modes": [{ "direction": "inbound", "mode": "none" },
                  { "pod": "own", "direction": "outbound", "mode": "allowlist" }],
        "rules": [{ "direction": "inbound", "type": "allow", "value": "EXAMPLE.com" },
                  { "pod": "own", "direction": "inbound", "type": "block", "value": "b.example" }],
    }));
    assert_eq!(changes, json!({ "added": 1, "changed": 1, "removed": 0 }));
    let changes = patch(json!({ "rules": [
        { "id": RULE, "remove": true },
        { "inbox": "desk@openmail.sh", "direction": "inbound", "type": "block",
          "value": "*.Example.com", "remove": true },
    ] }));
    assert_eq!(changes, json!({ "added": 0, "changed": 0, "removed": 2 }));
    assert_eq!(get(&post.account, "")["rules"], json!([]));
    assert_eq!(get(&post.account, &in_desk())["rules"], json!([]));
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let post = with_policy("policy-wrong", policy());
    let rule = |fields: Value| {
        let mut rule = json!({ "direction": "inbound", "type": "allow", "value": "a.example" });
        for (name, field) in fields.as_object().expect("fields") {
            rule[name] = field.clone();
        }
        json!({ "rules": [rule] })
    };
    let mode = |fields: Value| json!({ "modes": [fields] });
    for (fragment, pointer) in [
        (rule(json!({ "pod": "nowhere" })), "/policy/rules/0/pod"),
        (
            rule(json!({ "inbox": "no@openmail.sh" })),
            "/policy/rules/0/inbox",
        ),
        (
            rule(json!({ "pod": "own", "inbox": "desk@openmail.sh" })),
            "/policy/rules/0/inbox",
        ),
        (rule(json!({ "value": "*" })), "/policy/rules/0/value"),
        (rule(json!({ "kind": "allow" })), "/policy/rules/0/kind"),
        (rule(json!({ "id": RULE })), "/policy/rules/0/value"),
        (rule(json!({ "remove": true })), "/policy/rules/0/value"),
        (
            rule(json!({ "createdAt": "2026-02-30T00:00:00Z" })),
            "/policy/rules/0/createdAt",
        ),
        (
            json!({ "rules": [{ "direction": "inbound", "value": "a.example" }] }),
            "/policy/rules/0",
        ),
        (
            json!({ "rules": [{ "id": RULE }, { "id": RULE }] }),
            "/policy/rules/1/id",
        ),
        (
            json!({ "rules": [{ "id": super::DESK, "remove": true }] }),
            "/policy/rules/0/id",
        ),
        (
            mode(json!({ "direction": "inbound", "mode": "inherit" })),
            "/policy/modes/0/mode",
        ),
        (
            mode(json!({ "direction": "inbound", "mode": "open" })),
            "/policy/modes/0/mode",
        ),
        (
            mode(json!({ "direction": "inbound" })),
            "/policy/modes/0/mode",
        ),
        (
            json!({ "modes": [{ "direction": "inbound", "mode": "none" },
                           { "direction": "inbound", "mode": "none" }] }),
            "/policy/modes/1",
        ),
        (
            json!({ "audit": [{ "inbox": "no@openmail.sh", "action": "blocked",
                             "direction": "inbound", "address": "a" }] }),
            "/policy/audit/0/inbox",
        ),
    ] {
        let answer = post.account.patch(STATE, json!({ "policy": fragment }));
        assert!(
            (400..500).contains(&answer.status),
            "{fragment}: {}",
            answer.status
        );
        let body = answer.json();
        assert_eq!(
            body["violations"][0]["pointer"], pointer,
            "{fragment} {body:#}"
        );
    }
}

#[test]
fn a_fixture_of_another_inbox_brings_its_policy() {
    let post = world("policy-brings");
    let fragment = json!({
        "inboxes": [{ "address": "new@openmail.sh" }],
        "policy": { "modes": [{ "inbox": "new@openmail.sh", "direction": "inbound", "mode": "allowlist" }] },
    });
    post.account.patch(STATE, fragment).expect(200);
    let mail = json!({ "from": "a@example.com", "to": "new@openmail.sh" });
    assert_eq!(post.arrives(mail)["dropped"], "policy");
}
