#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/suite/fuzzing/loading.rs"]
mod loading;
#[path = "../../tests/suite/fuzzing/mutation.rs"]
mod mutation;

fuzz_target!(|bytes: &[u8]| mutation::run(bytes));
