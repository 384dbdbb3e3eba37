#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/suite/fuzzing/fixture.rs"]
mod fixture;
#[allow(dead_code)] // Each target uses its part.
#[path = "../../tests/suite/fuzzing/world.rs"]
mod world;

fuzz_target!(|bytes: &[u8]| fixture::run(bytes));
