//! Policy through the protocol: who may write to an inbox and to whom it may write, in three scopes,
//! and what the audit tells of the rest.

mod audit;
mod calls;
mod fixtures;
mod keys;
mod mail;

use serde_json::{Value, json};

use super::support::post::{Post, START, rows};
use super::support::{Account, Answer, account};

const STATE: &str = "/_mock/state";
const DESK: &str = "00000000-0000-4000-8000-0000000000d1";
const SALES: &str = "00000000-0000-4000-8000-0000000000d2";
const OTHER: &str = "00000000-0000-4000-8000-0000000000d3";

/// Two pods: the first with two inboxes, the second with one; a key of the first.
fn world(name: &str) -> Post {
    with_policy(name, json!({}))
}

fn with_policy(name: &str, policy: Value) -> Post {
    let account = account(name);
    let document = json!({
        "clock": { "mode": "frozen", "at": START },
        "pods": [
            { "clientId": "own", "inboxes": [
                { "id": DESK, "address": "desk@openmail.sh" },
                { "id": SALES, "address": "sales@openmail.sh" },
            ] },
            { "clientId": "other", "inboxes": [{ "id": OTHER, "address": "other@openmail.sh" }] },
        ],
        "keys": [
            { "label": "pod", "pod": "own" },
            { "label": "inbox", "inbox": "desk@openmail.sh" },
        ],
        "policy": policy,
    });
    account.send("PUT", STATE, Some(document)).expect(200);
    Post { account }
}

/// Whoever holds the key of that label in a world.
fn holder(post: &Post, world: &str, label: &str) -> Account {
    post.account.holding(&format!("om_test_{world}.{label}"))
}

fn desk() -> Value {
    json!({ "id": DESK })
}

/// The query of a scope: nothing, `podId=…` or `inboxId=…`.
fn path(scope: &str) -> String {
    match scope {
        "" => "/v1/policy".to_owned(),
        scope => format!("/v1/policy?{scope}"),
    }
}

fn under(rest: &str, scope: &str) -> String {
    match scope {
        "" => format!("/v1/policy/{rest}"),
        scope => format!("/v1/policy/{rest}?{scope}"),
    }
}

fn in_desk() -> String {
    format!("inboxId={DESK}")
}

#[track_caller]
fn get(account: &Account, scope: &str) -> Value {
    account.get(&path(scope)).expect(200).json()
}

fn add(account: &Account, scope: &str, direction: &str, kind: &str, value: &str) -> Answer {
    let rule = json!({ "direction": direction, "type": kind, "value": value });
    account.post(&under("rules", scope), rule)
}

#[track_caller]
fn added(account: &Account, scope: &str, direction: &str, kind: &str, value: &str) -> Value {
    add(account, scope, direction, kind, value)
        .expect(201)
        .json()
}

fn set(account: &Account, scope: &str, direction: &str, mode: &str) -> Answer {
    let body = json!({ "direction": direction, "mode": mode });
    account.send("PUT", &under("mode", scope), Some(body))
}

/// What becomes of a mail to the desk: none if it came.
#[track_caller]
fn dropped(post: &Post, from: &str) -> Value {
    let mail = json!({ "from": from, "to": "desk@openmail.sh", "text": "Hello" });
    post.arrives(mail)["dropped"].clone()
}

fn send(post: &Post, to: &str) -> Answer {
    let mail = json!({ "to": to, "subject": "Hello", "body": "Hello" });
    post.try_send(&desk(), mail)
}

#[track_caller]
fn audit(account: &Account, query: &str) -> Vec<Value> {
    let list = account.get(&under("audit", query)).expect(200).json();
    let rows = rows(&list);
    assert_eq!(list["total"], rows.len());
    rows
}
