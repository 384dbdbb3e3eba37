#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

#[path = "../../tests/suite/fuzzing/request.rs"]
mod request;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match request::run(bytes) {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
