//! Forms of parts against a document with every kind of field: whatever the bytes are, the
//! judgement comes without a panic, and what is read of them stands in them.
//!
//! The input is a Content-Type on a line of its own, then the body, so that seeds are readable. A
//! line that is empty stands for the boundary `XX`, so that the fuzzer need not find it.

use std::sync::LazyLock;

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use openmail_mock::contract::{Contract, Incoming, MAX_VIOLATIONS, Refused};

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let text = include_str!("multipart.json");
    Contract::load(text.to_owned()).unwrap_or_else(|faults| panic!("{faults:#?}"))
});

/// Whether the input meant anything.
pub fn run(bytes: &[u8]) -> bool {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return false;
    };
    let (line, body) = (&bytes[..end], &bytes[end + 1..]);
    let content_type = match line {
        b"" => b"multipart/form-data; boundary=XX",
        line => line,
    };
    let Ok(value) = HeaderValue::from_bytes(content_type) else {
        return false;
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, value);
    let operation = &CONTRACT.operations[0];
    let incoming = Incoming {
        path: &[],
        query: None,
        headers: &headers,
        body,
        strict: false,
    };
    let content_type = String::from_utf8_lossy(content_type);
    let _ = CONTRACT.unread(operation, None, Some(&content_type), body);
    match CONTRACT.check_request(operation, incoming) {
        Ok(checked) => {
            let within = body.as_ptr_range();
            for file in &checked.files {
                let slice = file.bytes.as_ptr_range();
                assert!(within.start <= slice.start && slice.end <= within.end);
                let is_line = |text: &str| !text.contains(|c: char| c.is_control() && c != '\t');
                assert!(file.content_type.is_none_or(is_line));
                assert!(file.filename.as_deref() != Some(""));
            }
            // The walk ends where the document does.
            let _ = checked.body.as_ref().map(|tape| tape.root().to_json());
        }
        Err(Refused::UnsupportedMediaType(_)) => return false,
        Err(Refused::Violations(violations)) => {
            assert!(!violations.is_empty() && violations.len() <= MAX_VIOLATIONS + 1);
        }
    }
    true
}
