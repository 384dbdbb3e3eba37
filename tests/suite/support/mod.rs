//! What tests speak with: a running mock, identities, and a client that holds every exchange
//! against the contract.

pub mod post;
mod receiver;
mod served;
pub mod socket;
mod wire;
pub mod zip;

use std::sync::LazyLock;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use openmail_mock::contract::{Contract, Incoming, Match};
use openmail_mock::{Config, Running};
use serde_json::Value;

pub use receiver::{Received, Receiver, Then};
pub use served::{Served, app, serve, serve_over, shared, shared_over};
pub use wire::{Answer, Connection};

/// One mock for all tests that need no configuration of their own: each test takes a world.
static SHARED: LazyLock<Running> = LazyLock::new(|| start(Config::default()));
/// The built-in document, by which the client judges.
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    openmail_mock::api::built_in_contract().expect("the built-in document has no faults")
});
/// The control plane's document.
static CONTROL: LazyLock<Contract> = LazyLock::new(|| {
    Contract::load_built_in(&openmail_mock::control::DOCUMENT).expect("it has no faults")
});

/// Starts a mock of one's own.
pub fn start(config: Config) -> Running {
    openmail_mock::start(config).expect("the mock starts")
}

/// The account of a world of the shared mock; give each test another name.
pub fn account(world: &str) -> Account {
    account_of(&SHARED, world)
}

/// Nobody, at the shared mock.
pub fn anonymous() -> Anonymous {
    Anonymous(Client::new(&SHARED))
}

/// The account of a world of a given mock.
pub fn account_of(mock: &Running, world: &str) -> Account {
    Account {
        client: Client::new(mock),
        key: mock.key_of(world),
    }
}

/// The account of a world of a server of one's own.
pub fn account_at(address: std::net::SocketAddr, world: &str) -> Account {
    Account {
        client: Client { address },
        key: openmail_mock::api::key_of(world),
    }
}

/// Whoever holds an account key.
pub struct Account {
    client: Client,
    pub key: String,
}

/// Whoever holds no key.
pub struct Anonymous(Client);

impl Account {
    /// Whoever holds that other key, at the same mock.
    pub fn holding(&self, key: &str) -> Self {
        Self {
            client: Client {
                address: self.client.address,
            },
            key: key.to_owned(),
        }
    }

    /// A connection on which nothing is held against the contract.
    pub fn connect(&self) -> Connection {
        Connection::open(self.client.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body))
    }

    pub fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(body))
    }

    pub fn put(&self, path: &str) -> Answer {
        self.send("PUT", path, None)
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }

    /// A request with the account's key and, if there is a body, its media type.
    pub fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string());
        let mut headers = vec![("authorization", format!("Bearer {}", self.key))];
        if body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        self.client
            .send(method, path, &headers, body.unwrap_or_default().as_bytes())
    }

    /// A request with these headers beside the account's key, and this very body.
    pub fn send_raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut all = vec![("authorization", format!("Bearer {}", self.key))];
        all.extend(
            headers
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        self.client.send(method, path, &all, body)
    }
}

impl Anonymous {
    /// Where the mock listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.0.address
    }

    /// A request with these headers and no others.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        self.0
            .send(method, path, &headers.collect::<Vec<_>>(), body)
    }
}

/// A client of one mock, by which every request and every answer is held against the contract.
pub struct Client {
    address: std::net::SocketAddr,
}

impl Client {
    pub fn new(mock: &Running) -> Self {
        Self {
            address: mock.address(),
        }
    }

    /// Sends a request on a connection of its own.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Answer {
        let mut connection = Connection::open(self.address);
        connection.request(method, path, headers, body);
        let answer = connection.answer();
        hold_against_contract(method, path, headers, body, &answer);
        answer
    }
}

/// Every answer must keep the contract; every request that succeeded must have kept it too.
fn hold_against_contract(
    method: &str,
    target: &str,
    headers: &[(&str, String)],
    body: &[u8],
    answer: &Answer,
) {
    let contract = if target.starts_with("/_mock") {
        &*CONTROL
    } else {
        &*CONTRACT
    };
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    assert!(
        answer.header("x-request-id").is_some(),
        "no x-request-id on {method} {target}"
    );
    if answer.status >= 400 && method != "HEAD" {
        let body = answer.json();
        assert!(
            body["error"].is_string() && body["message"].is_string(),
            "no envelope: {body}"
        );
    }
    let Match::Operation(index, values) = contract.route(method, path) else {
        return;
    };
    let operation = &contract.operations[index];
    let verdict = contract.check_answer(
        operation,
        false,
        answer.status,
        &answer.headers,
        &answer.body,
    );
    assert!(
        verdict.violations.is_empty(),
        "the answer {} to {method} {target} breaks the contract: {:#?}",
        answer.status,
        verdict.violations
    );
    // The control plane's document names its codes in its descriptions.
    if answer.status >= 400 && method != "HEAD" && !target.starts_with("/_mock") {
        let documented = operation.answer(answer.status).expect("it was checked");
        assert!(
            documented.errors.contains(&answer.error()),
            "{} does not document `{}` under {}",
            operation.id,
            answer.error(),
            answer.status
        );
    }
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a test's header name");
            (
                name,
                HeaderValue::from_str(value).expect("a test's header value"),
            )
        })
        .collect();
    let incoming = Incoming {
        path: &values,
        query,
        headers: &headers,
        body,
        strict: false,
    };
    let checked = contract.check_request(operation, incoming);
    assert!(
        checked.is_ok() || answer.status >= 400,
        "{method} {target} was answered {} but breaks the contract: {checked:?}",
        answer.status
    );
}
