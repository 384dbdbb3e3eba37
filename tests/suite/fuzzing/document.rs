//! Loading arbitrary text as an OpenAPI document: it is refused with places that exist in the
//! text, or it serves.

use super::loading;

pub fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        loading::load(text.to_owned());
    }
}
