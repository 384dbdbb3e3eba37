//! The contract engine through its public functions: documents in, verdicts out, no server.
//!
//! It refuses to know how the engine translates or compiles; it speaks of documents, bytes and
//! what a user reads when something is wrong.

mod bounds;
mod coercion;
mod dialect;
mod format;
mod hostile;
mod loading;
mod multipart;
mod places;
mod rehearsal;
mod remedies;
mod routing;
mod strict;
mod synthesis;
mod tape;
mod violations;
mod words;

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use openmail_mock::contract::{Contract, Incoming, Match, Refused, Violation};
use serde_json::{Value, json};

/// A document with these paths and these component schemas.
fn document(paths: Value, schemas: Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Things", "version": "1" },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn load(document: &Value) -> Contract {
    load_text(&document.to_string())
}

#[track_caller]
fn load_text(text: &str) -> Contract {
    match Contract::load(text.to_owned()) {
        Ok(contract) => contract,
        Err(faults) => panic!("the document has faults: {faults:#?}"),
    }
}

/// What loading says, as a user reads it.
#[track_caller]
fn faults(text: &str) -> Vec<String> {
    match Contract::load(text.to_owned()) {
        Ok(_) => panic!("the document has faults that nobody found"),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// A document whose one operation takes and answers this schema.
fn one_schema(schema: Value, schemas: Value) -> Contract {
    let content = json!({ "application/json": { "schema": schema } });
    let operation = json!({
        "operationId": "put",
        "requestBody": { "required": true, "content": content },
        "responses": { "200": { "description": "", "content": content } },
    });
    load(&document(
        json!({ "/things": { "put": operation } }),
        schemas,
    ))
}

/// A document whose one operation takes these parameters at `/things/{id}`, or at `/things`.
fn with_parameters(parameters: Value) -> Contract {
    let in_path = |parameter: &Value| parameter["in"] == "path";
    let has_path = parameters
        .as_array()
        .is_some_and(|all| all.iter().any(in_path));
    let template = if has_path { "/things/{id}" } else { "/things" };
    let operation = json!({
        "operationId": "get",
        "parameters": parameters,
        "responses": { "200": { "description": "" } },
    });
    load(&document(
        json!({ template: { "get": operation } }),
        json!({}),
    ))
}

/// A request in all its parts.
struct Sent<'s> {
    method: &'s str,
    target: &'s str,
    headers: &'s [(&'s str, &'s str)],
    body: &'s [u8],
    strict: bool,
}

impl Default for Sent<'_> {
    fn default() -> Self {
        Self {
            method: "GET",
            target: "/things",
            headers: &[],
            body: b"",
            strict: false,
        }
    }
}

fn header_map(pairs: &[(&str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a test's header name");
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a test's header value");
        (name, value)
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, value);
    }
    headers
}

/// Routes and checks a request, and asks for something of it if it keeps the contract.
#[track_caller]
fn checked<T>(
    contract: &Contract,
    sent: &Sent<'_>,
    ask: impl FnOnce(&openmail_mock::contract::Checked<'_>) -> T,
) -> Result<T, Refused> {
    let (path, query) = match sent.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (sent.target, None),
    };
    let Match::Operation(index, values) = contract.route(sent.method, path) else {
        panic!("{} {path} is no operation", sent.method);
    };
    let headers = header_map(sent.headers);
    let incoming = Incoming {
        path: &values,
        query,
        headers: &headers,
        body: sent.body,
        strict: sent.strict,
    };
    let operation = &contract.operations[index];
    contract
        .check_request(operation, incoming)
        .map(|checked| ask(&checked))
}

/// What a request breaks; nothing if it keeps the contract.
#[track_caller]
fn breaks(contract: &Contract, sent: &Sent<'_>) -> Vec<Violation> {
    match checked(contract, sent, |_| ()) {
        Ok(()) => Vec::new(),
        Err(Refused::Violations(violations)) => violations,
        Err(Refused::UnsupportedMediaType(message)) => panic!("{message}"),
    }
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// What a JSON body breaks as a request to the document of [`one_schema`].
#[track_caller]
fn sending(contract: &Contract, body: &Value) -> Vec<Violation> {
    sending_bytes(contract, body.to_string().as_bytes(), false)
}

/// The same in strict mode.
#[track_caller]
fn sending_strictly(contract: &Contract, body: &Value) -> Vec<Violation> {
    sending_bytes(contract, body.to_string().as_bytes(), true)
}

#[track_caller]
fn sending_bytes(contract: &Contract, body: &[u8], strict: bool) -> Vec<Violation> {
    let sent = Sent {
        method: "PUT",
        headers: JSON,
        body,
        strict,
        ..Sent::default()
    };
    breaks(contract, &sent)
}

/// What a JSON body breaks as an answer of the document of [`one_schema`].
fn answering(contract: &Contract, body: &Value) -> Vec<Violation> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let operation = &contract.operations[0];
    let body = body.to_string();
    let verdict = contract.check_answer(operation, false, 200, &headers, body.as_bytes());
    verdict.violations
}

/// The violations as `rule pointer`.
fn rules(violations: &[Violation]) -> Vec<String> {
    let short = |violation: &Violation| format!("{} {}", violation.rule, violation.pointer);
    violations.iter().map(short).collect()
}
