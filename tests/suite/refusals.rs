//! Every reason for which a send or a new inbox is refused, through the protocol: the state of the
//! account that brings it about, what the answer says, and that nothing of the call stays.

mod account;
mod creation;
mod explained;
mod order;
mod provoked;
mod suppressions;

use serde_json::{Value, json};

use super::support::post::{Post, START, send_path};
use super::support::{Answer, account};

const STATE: &str = "/_mock/state";
const ID: &str = "1f0c3a52-8d7e-4b7a-9d43-0a5b1c2d3e4f";

/// A world that is this document, its clock frozen, with the inbox `desk@openmail.sh`.
fn world(name: &str, mut document: Value) -> Post {
    let account = account(name);
    document["clock"] = json!({ "mode": "frozen", "at": START });
    if document.get("inboxes").is_none() {
        document["inboxes"] = json!([{ "address": "desk@openmail.sh", "id": ID }]);
    }
    account.send("PUT", STATE, Some(document)).expect(200);
    Post { account }
}

fn desk() -> Value {
    json!({ "id": ID })
}

fn mail(to: &str) -> Value {
    json!({ "to": to, "subject": "Delivery", "body": "It comes on Thursday." })
}

fn with(mut value: Value, fields: Value) -> Value {
    for (name, field) in fields.as_object().expect("fields") {
        value[name] = field.clone();
    }
    value
}

/// The whole state, but for the number of requests: one that is refused was made.
fn export(post: &Post) -> Value {
    let mut state = post.account.get(STATE).expect(200).json();
    if let Some(usage) = state.get_mut("usage").and_then(Value::as_object_mut) {
        usage.remove("requests");
        if usage.is_empty() {
            state.as_object_mut().expect("an object").remove("usage");
        }
    }
    state
}

#[track_caller]
fn lay(post: &Post, fragment: Value) {
    post.account.patch(STATE, fragment).expect(200);
}

/// What a send is refused with; it leaves nothing behind, its idempotency key included.
#[track_caller]
fn refused(post: &Post, body: Value, status: u16, code: &str) -> Answer {
    let before = export(post);
    let answer = post.send_with_key(&desk(), "key-1", &body.to_string());
    let answer = answer.refused(status, code);
    assert!(answer.header("idempotent-replayed").is_none());
    assert_eq!(export(post), before);
    assert_eq!(post.outbox(), Vec::<Value>::new());
    answer
}

/// A send without an idempotency key.
fn send(post: &Post, body: Value) -> Answer {
    post.account.post(&send_path(&desk()), body)
}
