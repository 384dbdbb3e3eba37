//! Loading arbitrary text as an OpenAPI document: it is refused with places that exist in the
//! text, or it serves.

#![no_main]

use libfuzzer_sys::fuzz_target;

mod loading;

fuzz_target!(|text: &str| loading::load(text.to_owned()));
