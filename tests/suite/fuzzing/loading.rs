//! Loads a document and uses everything that came of it.

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use openmail_mock::contract::{Contract, Incoming, Match};

pub fn load(text: String) {
    let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    match Contract::load(text) {
        Ok(contract) => serve(&contract),
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            for fault in faults {
                let line = fault.place.line.checked_sub(1).and_then(|at| lines.get(at));
                let line = line.unwrap_or_else(|| panic!("no such line: {fault}"));
                let columns = line.chars().count() + 1;
                assert!((1..=columns).contains(&fault.place.column), "{fault}");
            }
        }
    }
}

/// A path as clients send it: what a path cannot hold is escaped.
fn on_the_wire(path: &str) -> String {
    let escaped = |byte: u8| match byte.is_ascii_graphic() && !b"\"<>`".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    path.bytes().map(escaped).collect()
}

fn serve(contract: &Contract) {
    for operation in &contract.operations {
        // A template is a path that fits itself.
        let path = on_the_wire(&operation.template);
        let Match::Operation(_, values) = contract.route(&operation.method, &path) else {
            panic!("{} does not reach itself", operation.template);
        };
        let made = contract.synthesize(operation);
        let mut headers = HeaderMap::new();
        let content_type = made.content_type.as_deref();
        if let Some(Ok(value)) = content_type.map(HeaderValue::from_str) {
            headers.insert(CONTENT_TYPE, value);
        }
        let _ = contract.check_answer(operation, true, made.status, &headers, &made.body);
        let incoming = Incoming {
            path: &values,
            query: Some("limit=1&limit=x&a%5Bb%5D=c"),
            headers: &headers,
            body: &made.body,
            strict: true,
        };
        let _ = contract.check_request(operation, incoming);
    }
}
