#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/suite/fuzzing/document.rs"]
mod document;
#[path = "../../tests/suite/fuzzing/loading.rs"]
mod loading;

fuzz_target!(|bytes: &[u8]| document::run(bytes));
