//! Fixtures: nothing in a document stops the process; what is laid is exported and laid again as
//! the same bytes, and what a living world takes leaves it one that can be exported.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use openmail_mock::contract::{Format, Tape};
use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::ids::Source;
use openmail_mock::domain::state::{State, Transaction};
use openmail_mock::fixtures::{self, Finding, Manner};

static FORMAT: LazyLock<Format> =
    LazyLock::new(|| Format::load_built_in(fixtures::SCHEMAS).expect("tests load it"));

const DESCRIBED: Manner<'static> = Manner::DESCRIBE;

fuzz_target!(|bytes: &[u8]| {
    let Ok((tape, repeated)) = Tape::read_trusted(bytes) else {
        return;
    };
    let broken = FORMAT.check("Fixture", tape.root(), 200);
    let is_sound = broken.violations.is_empty() && repeated.is_empty();
    // Loading goes on whatever the form is, so that all faults are told.
    if let (Ok(state), true) = (laid(&tape, &empty(), DESCRIBED), is_sound) {
        hold(&state);
    }
    let scenario = "fixtures/saas.json";
    let saas = include_str!("../../fixtures/saas.json");
    let (saas, _) = Tape::read_trusted(saas.as_bytes()).expect(scenario);
    let living = laid(&saas, &empty(), DESCRIBED).expect(scenario);
    if let (Ok(state), true) = (laid(&tape, &living, Manner::Change), is_sound) {
        hold(&state);
    }
});

/// What a state says of itself gives the same state.
fn hold(state: &State) {
    let document = fixtures::document(state);
    let (tape, _) = Tape::read_trusted(&document).expect("an export is JSON");
    assert!(FORMAT.is_valid("Fixture", tape.root()), "{}", text(&document));
    match laid(&tape, &empty(), DESCRIBED) {
        Ok(again) => assert_eq!(text(&fixtures::document(&again)), text(&document)),
        Err(findings) => panic!("{findings:?} in {}", text(&document)),
    }
}

fn text(document: &[u8]) -> &str {
    std::str::from_utf8(document).expect("an export is text")
}

fn empty() -> State {
    let at = Timestamp::parse("2026-01-15T09:30:00Z").expect("an instant");
    State::empty(Clock::Frozen { at }, at, 0)
}

fn laid(tape: &Tape<'_>, base: &State, manner: Manner<'_>) -> Result<State, Vec<Finding>> {
    let mut state = base.clone();
    let now = Timestamp::parse("2026-01-15T09:30:00Z").expect("an instant");
    let mut tx = Transaction {
        state: &mut state,
        now,
        source: Source { seed: 0, world: "w" },
    };
    fixtures::lay(&mut tx, tape.root(), manner)?;
    Ok(state)
}
