//! Fixtures: files and scenarios on their way into worlds, and what is told of those that are wrong.

mod faults;
mod init;
mod keys;
mod layers;
mod mail;
mod scenarios;
mod times;

use std::fs;
use std::path::PathBuf;

use openmail_mock::contract::Fault;
use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::events::Listeners;
use openmail_mock::domain::ids::Source;
use openmail_mock::domain::state::{State, Transaction};
use openmail_mock::fixtures::{Broken, Fixture, load};

use super::process::text_of;

const NOON: &str = "2026-01-15T12:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

/// A folder that no other test uses, with nothing in it.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("fixtures")
        .join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder of ours");
    path
}

/// Writes these files into a folder of the test's own; their paths.
fn files<const N: usize>(test: &str, files: [(&str, &[u8]); N]) -> [String; N] {
    let folder = folder(test);
    files.map(|(name, bytes)| {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("writable");
        text_of(&path).to_owned()
    })
}

/// What a fixture alone makes of an account whose clock stands at noon.
fn loaded(fixture: impl Into<Fixture>) -> Result<State, Broken> {
    let at = at(NOON);
    let mut state = State::empty(Clock::Frozen { at }, at, 0);
    let source = Source { seed: 0, world: "" };
    let mut tx = Transaction {
        now: at,
        state: &mut state,
        source,
        listeners: Listeners::NOBODY,
    };
    load(&fixture.into(), None, &mut tx)?;
    Ok(state)
}

/// What is wrong with a fixture that can be read.
fn faults(fixture: impl Into<Fixture>) -> Vec<Fault> {
    match loaded(fixture) {
        Err(Broken::Faulty { faults, rest, .. }) => {
            assert_eq!(rest, 0, "all of them are listed");
            faults
        }
        other => panic!("it is not faulty: {other:?}"),
    }
}
