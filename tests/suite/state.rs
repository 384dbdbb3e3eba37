//! A world's state through `/_mock/state`: read, replaced, changed.

mod change;
mod export;
mod mail;
mod refusals;
mod replace;
mod round_trip;

use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::{Config, Running};
use serde_json::{Value, json};

use super::support::{Account, Answer, account, start};

const PATH: &str = "/_mock/state";

/// The state's document, byte for byte.
fn export(account: &Account) -> Vec<u8> {
    account.get(PATH).expect(200).body
}

fn put(account: &Account, document: Value) -> Answer {
    account.send("PUT", PATH, Some(document))
}

/// Replaces the state by these very bytes.
fn put_bytes(account: &Account, document: &[u8]) -> Answer {
    account.send_raw(
        "PUT",
        PATH,
        &[("content-type", "application/json")],
        document,
    )
}

fn patch(account: &Account, fragment: Value) -> Answer {
    account.patch(PATH, fragment)
}

/// Lays a fragment over a world that takes it; what it did.
#[track_caller]
fn laid(account: &Account, fragment: Value) -> (u64, u64, u64) {
    let changes = patch(account, fragment).expect(200).json();
    let count = |name: &str| changes[name].as_u64().expect("a number");
    (count("added"), count("changed"), count("removed"))
}

fn parsed(document: &[u8]) -> Value {
    serde_json::from_slice(document).expect("JSON")
}

/// Two tenants with a scoped domain each, a domain for all, and an inbox of the default pod.
fn tenants() -> Value {
    json!({
        "domains": [
            { "domain": "meridian.io", "pod": "meridian" },
            { "domain": "cedarworks.com", "pod": "cedar" },
            { "domain": "shared.example" },
        ],
        "pods": [
            { "clientId": "meridian", "name": "Meridian Analytics",
              "inboxes": [{ "address": "support@meridian.io", "displayName": "Support" },
                          { "address": "one@shared.example" }] },
            { "clientId": "cedar", "inboxes": [{ "address": "hello@cedarworks.com" },
                                               { "address": "two@shared.example" }] },
            { "clientId": "bare" },
        ],
        "inboxes": [{ "address": "main@openmail.sh",
                      "webhookUrl": "https://example.com/hook", "webhookSecret": "whsec_own" }],
    })
}

/// A world of the shared mock that holds the tenants.
fn with_tenants(world: &str) -> Account {
    let account = account(world);
    put(&account, tenants()).expect(200);
    account
}

fn frozen(seed: u64, at: &str) -> Running {
    let at = Timestamp::parse(at).expect("an instant");
    start(Config {
        seed,
        clock: Some(Clock::Frozen { at }),
        ..Config::default()
    })
}

/// The row of a list in which that member has that value.
#[track_caller]
fn row(document: &Value, list: &str, member: &str, value: &str) -> Value {
    let rows = document[list].as_array().expect("a list");
    let row = rows.iter().find(|row| row[member] == value);
    row.unwrap_or_else(|| panic!("no {member} {value} in {rows:#?}"))
        .clone()
}
