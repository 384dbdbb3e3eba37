#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/suite/fuzzing/office.rs"]
mod office;

fuzz_target!(|bytes: &[u8]| office::run(bytes));
