#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/suite/fuzzing/mail.rs"]
mod mail;

fuzz_target!(|bytes: &[u8]| mail::run(bytes));
