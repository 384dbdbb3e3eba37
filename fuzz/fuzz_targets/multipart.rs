#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

#[path = "../../tests/suite/fuzzing/multipart.rs"]
mod multipart;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match multipart::run(bytes) {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
