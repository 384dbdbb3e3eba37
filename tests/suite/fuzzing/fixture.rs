//! Fixtures: nothing in a document stops the process; what is laid is exported and laid again as
//! the same bytes, and what a living world takes leaves it one that can be exported.

use openmail_mock::contract::Tape;
use openmail_mock::fixtures::Manner;

use super::world::{FORMAT, empty, hold, laid};

pub fn run(bytes: &[u8]) {
    let Ok((tape, repeated)) = Tape::read_trusted(bytes) else {
        return;
    };
    let broken = FORMAT.check("Fixture", tape.root(), 200);
    let is_sound = broken.violations.is_empty() && repeated.is_empty();
    // Loading goes on whatever the form is, so that all faults are told.
    if let (Ok(state), true) = (laid(&tape, &empty(), Manner::DESCRIBE), is_sound) {
        hold(&state);
    }
    let scenario = "fixtures/saas.json";
    let saas = include_str!("../../../fixtures/saas.json");
    let (saas, _) = Tape::read_trusted(saas.as_bytes()).expect(scenario);
    let Ok(living) = laid(&saas, &empty(), Manner::DESCRIBE) else {
        panic!("{scenario} is sound");
    };
    if let (Ok(state), true) = (laid(&tape, &living, Manner::Change), is_sound) {
        hold(&state);
    }
}
