//! What goes wrong because somebody asked for it: `Prefer` and `/_mock/faults`.

mod delays;
mod deliveries;
mod drops;
mod prefer;
mod standing;

use serde_json::{Value, json};

use crate::support::{Account, Answer, Connection};

/// Writes the faults of an account's world.
fn put(account: &Account, faults: Value) -> Answer {
    account.send("PUT", "/_mock/faults", Some(faults))
}

/// How many requests each fault has struck.
fn hits(account: &Account) -> Vec<u64> {
    let listed = account.get("/_mock/faults?limit=100").expect(200).json();
    let faults = listed["data"].as_array().expect("a list").iter();
    faults
        .map(|fault| fault["hits"].as_u64().expect("a count"))
        .collect()
}

/// The world as a fixture document, counter of ids included.
fn state(account: &Account) -> Value {
    account.get("/_mock/state").expect(200).json()
}

/// The newest exchange of the journal.
fn last(account: &Account) -> Value {
    let listed = account.get("/_mock/requests?limit=1").expect(200).json();
    listed["data"][0].clone()
}

/// Sends a request on a connection of one's own, which the checking client does not judge: what a
/// fault answers may be what no document has.
fn raw(connection: &mut Connection, account: &Account, method: &str, path: &str, body: &Value) {
    let mut headers = vec![("authorization", format!("Bearer {}", account.key))];
    let body = match body {
        Value::Null => String::new(),
        body => {
            headers.push(("content-type", "application/json".to_owned()));
            body.to_string()
        }
    };
    connection.request(method, path, &headers, body.as_bytes());
}

/// One such request and its answer.
fn unjudged(account: &Account, method: &str, path: &str, body: &Value) -> Answer {
    let mut connection = account.connect();
    raw(&mut connection, account, method, path, body);
    connection.answer()
}

fn pod(name: &str) -> Value {
    json!({ "clientId": name })
}
