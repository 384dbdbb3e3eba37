//! A small world that stands still, and what must be true of every state.

use std::sync::LazyLock;

use openmail_mock::app::App;
use openmail_mock::contract::{Format, Tape};
use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::events::Listeners;
use openmail_mock::domain::ids::Source;
use openmail_mock::domain::state::{State, Transaction};
use openmail_mock::fixtures::{self, Findings, Manner};

/// The schemas of fixtures.
pub static FORMAT: LazyLock<Format> =
    LazyLock::new(|| Format::load_built_in(fixtures::SCHEMAS).expect("tests load it"));

/// With what the world begins; its ids are written out, so that inputs can name them.
static SMALL: LazyLock<State> = LazyLock::new(|| {
    let text = include_str!("world.json");
    let (tape, _) = Tape::read_trusted(text.as_bytes()).expect("it is JSON");
    laid(&tape, &empty(), Manner::DESCRIBE).unwrap_or_else(|faults| panic!("{:#?}", faults.told))
});

/// Worlds that begin small.
pub fn app() -> App {
    App::new(0, SMALL.clone(), empty(), 100_000)
}

/// A fresh account at a frozen instant.
pub fn empty() -> State {
    let at = instant();
    State::empty(Clock::Frozen { at }, at, 0)
}

/// A document laid over a state.
pub fn laid(tape: &Tape<'_>, base: &State, manner: Manner<'_>) -> Result<State, Findings> {
    let mut state = base.clone();
    let mut tx = Transaction {
        state: &mut state,
        now: instant(),
        source: Source {
            seed: 0,
            world: "w",
        },
        listeners: Listeners::NOBODY,
    };
    fixtures::lay(&mut tx, tape.root(), manner)?;
    Ok(state)
}

/// What a state says of itself gives the same state.
pub fn hold(state: &State) {
    let document = fixtures::document(state, state.clock.reading(instant()));
    let (tape, _) = Tape::read_trusted(&document).expect("an export is JSON");
    assert!(
        FORMAT.is_valid("Fixture", tape.root()),
        "{}",
        text(&document)
    );
    match laid(&tape, &empty(), Manner::DESCRIBE) {
        Ok(again) => assert_eq!(
            text(&fixtures::document(&again, again.clock.reading(instant()))),
            text(&document)
        ),
        Err(findings) => panic!("{:?} in {}", findings.told, text(&document)),
    }
}

fn text(document: &[u8]) -> &str {
    std::str::from_utf8(document).expect("an export is text")
}

fn instant() -> Timestamp {
    Timestamp::parse("2026-01-15T09:30:00Z").expect("an instant")
}
