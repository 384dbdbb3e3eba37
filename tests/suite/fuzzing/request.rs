//! Requests held against the built-in documents: whatever path, query, headers and body say, the
//! judgement comes without a panic and within its bounds.
//!
//! The input is a request as text, so that seeds are readable: `METHOD target`, header lines, an
//! empty line, the body.

use std::sync::LazyLock;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use openmail_mock::contract::{
    Contract, Incoming, MAX_VIOLATIONS, Match, Operation, Refused, Violation, header_value,
};
use openmail_mock::{api, control};

static API: LazyLock<Contract> = LazyLock::new(|| load(api::DOCUMENT));
static CONTROL: LazyLock<Contract> = LazyLock::new(|| load(&control::DOCUMENT));

fn load(text: &'static str) -> Contract {
    Contract::load_built_in(text).expect("tests prove the built-in documents sound")
}

/// Whether the input meant anything.
pub fn run(bytes: &[u8]) -> bool {
    let Some((head, body)) = halves(bytes) else {
        return false;
    };
    let mut lines = head.lines();
    let Some((method, target)) = lines.next().and_then(|line| line.split_once(' ')) else {
        return false;
    };
    let headers: HeaderMap = lines.filter_map(header).collect();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    for contract in [&*API, &*CONTROL] {
        let Match::Operation(index, values) = contract.route(method, path) else {
            continue;
        };
        let operation = &contract.operations[index];
        let incoming = Incoming {
            path: &values,
            query,
            headers: &headers,
            body,
            strict: false,
        };
        let keeps = judge(contract, operation, incoming);
        let strict = Incoming {
            strict: true,
            ..incoming
        };
        let keeps_strictly = judge(contract, operation, strict);
        assert!(keeps || !keeps_strictly, "strictness allowed something");
        let content_type = headers.get("content-type");
        let content_type = content_type.and_then(|text| text.to_str().ok());
        let _ = contract.unread(operation, query, content_type, body);
        let _ = contract.check_answer(operation, false, 200, &headers, body);
    }
    true
}

fn halves(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((head, &bytes[end + 2..]))
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(": ")?;
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    Some((name, HeaderValue::from_str(value).ok()?))
}

/// Whether the request keeps the contract.
fn judge(contract: &Contract, operation: &Operation, incoming: Incoming<'_>) -> bool {
    match contract.check_request(operation, incoming) {
        Ok(checked) => {
            let names = operation.template.split('{').skip(1);
            for name in names.filter_map(|rest| rest.split('}').next()) {
                assert!(checked.path(name).is_some(), "no value of `{name}`");
            }
            for parameter in &operation.parameters {
                let _ = checked.query(&parameter.name);
            }
            true
        }
        Err(Refused::UnsupportedMediaType(_)) => false,
        Err(Refused::Violations(violations)) => {
            hold_to_bounds(&violations);
            false
        }
    }
}

fn hold_to_bounds(violations: &[Violation]) {
    assert!(!violations.is_empty());
    // One more may say how many were left out.
    assert!(violations.len() <= MAX_VIOLATIONS + 1);
    let value = header_value(violations);
    assert!(value.len() < 4096, "{} bytes", value.len());
    assert!(HeaderValue::from_str(&value).is_ok(), "{value}");
    assert!(serde_json::from_str::<serde_json::Value>(&value).is_ok());
}
