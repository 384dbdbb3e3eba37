//! Reading JSON: the tape agrees with `serde_json` on what is JSON and on what it says, but for
//! the bounds that it adds itself.

use openmail_mock::contract::{MAX_DEPTH, MAX_VALUES, Tape};
use serde_json::Value;

pub fn run(bytes: &[u8]) {
    let read = Tape::read(bytes);
    let told = serde_json::from_slice::<Value>(bytes);
    match (read, told) {
        (Ok(tape), Ok(told)) => {
            // As text, so that the order of members counts too.
            assert_eq!(tape.root().to_json().to_string(), told.to_string());
            let again = Tape::from_value(told.clone());
            assert_eq!(again.root().to_json().to_string(), told.to_string());
        }
        (Ok(_), Err(error)) => panic!("read, but it is no JSON: {error}"),
        (Err(error), Ok(told)) => match error.repeated {
            Some(pointer) => assert!(told.pointer(&pointer).is_some(), "no value at {pointer}"),
            None => assert!(
                depth(&told) > MAX_DEPTH || count(&told) > MAX_VALUES,
                "refused within the bounds: {error}"
            ),
        },
        (Err(_), Err(_)) => {}
    }
}

/// How deep containers nest; the bound counts them, not the values in them.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}
