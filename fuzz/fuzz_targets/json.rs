#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/suite/fuzzing/json.rs"]
mod json;

fuzz_target!(|bytes: &[u8]| json::run(bytes));
