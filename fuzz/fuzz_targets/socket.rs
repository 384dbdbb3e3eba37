#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

#[path = "../../tests/suite/fuzzing/socket.rs"]
mod socket;
#[allow(dead_code)] // Each target uses its part.
#[path = "../../tests/suite/fuzzing/world.rs"]
mod world;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match socket::run(bytes) {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
