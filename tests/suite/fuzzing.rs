//! What the fuzz targets promise (`docs/fuzzing.md`), held on every run for their seeds, among them
//! each input that ever broke a promise, and for as many variations of them as a second or two allow.
//! The variations are the same each time.

mod document;
mod exchange;
mod fixture;
mod json;
mod loading;
mod mail;
mod multipart;
mod mutation;
mod office;
mod request;
mod socket;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

/// The seeds of a target, in the order of their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/fuzzing/seeds");
    let files = std::fs::read_dir(folder.join(target)).expect("the target has seeds");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let seeds = paths.into_iter().map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        (name.into_owned(), std::fs::read(&path).expect("a seed"))
    });
    seeds.collect()
}

/// Runs a target over its seeds, and over that many variations of them all.
#[track_caller]
fn replay<T>(target: &str, variations: usize, run: impl Fn(&[u8]) -> T) {
    let seeds = seeds(target);
    let run = |name: &str, input: &[u8]| {
        let ran = catch_unwind(AssertUnwindSafe(|| run(input)));
        if let Err(panic) = ran {
            eprintln!("{target}, {name}: b\"{}\"", input.escape_ascii());
            resume_unwind(panic);
        }
    };
    for (name, seed) in &seeds {
        run(name, seed);
    }
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for number in 0..variations {
        let (name, seed) = &seeds[number % seeds.len()];
        let (_, other) = &seeds[dice.below(seeds.len())];
        let varied = vary(seed, other, &mut dice);
        run(&format!("variation {number} of {name}"), &varied);
    }
}

/// Marsaglia's xorshift: chance that is the same each time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.throw() % bound.max(1) as u64) as usize
    }
}

/// What means something to one reader or another.
const PIECES: [&[u8]; 24] = [
    b"",
    b"\0",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\"",
    b"\\u0000",
    b"\xFF",
    b"\xED\xA0\x80",
    b"null",
    b"{}",
    b"[]",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"%00",
    b"%zz",
    b"&",
    b"<a",
    b"]]>",
    b"--XX",
    b";",
    b"=?utf-8?q?=",
    b"\xE2\x80\xAE",
];

/// A few small changes, as a careless or a malicious client makes them.
fn vary(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(16)).min(bytes.len());
        match dice.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                let piece = PIECES[dice.below(PIECES.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            4 => {
                let from = dice.below(other.len() + 1);
                bytes.splice(at..end, other[from..].iter().copied().take(64));
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
        }
    }
    bytes
}

#[test]
fn json_is_read_as_others_read_it() {
    replay("json", 3_000, json::run);
}

#[test]
fn any_request_is_judged() {
    replay("request", 500, request::run);
}

#[test]
fn any_document_is_served_or_refused_with_places() {
    replay("document", 400, document::run);
}

#[test]
fn any_change_of_our_document_is_served_or_refused_with_places() {
    replay("mutation", 40, mutation::run);
}

#[test]
fn any_fixture_is_laid_or_refused() {
    replay("fixture", 150, fixture::run);
}

#[test]
fn any_form_is_judged() {
    replay("multipart", 1_000, multipart::run);
}

#[test]
fn any_mail_is_read_and_built_again() {
    replay("mail", 1_000, mail::run);
}

#[test]
fn any_office_document_is_read_within_bounds() {
    replay("office", 500, office::run);
}

#[test]
fn any_exchange_keeps_its_contract() {
    replay("exchange", 150, exchange::run);
}

#[test]
fn any_wire_of_a_socket_is_answered() {
    replay("socket", 300, socket::run);
}

#[test]
fn every_target_is_replayed_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(files) = std::fs::read_dir(root.join("fuzz/fuzz_targets")) else {
        eprintln!("skipped: the fuzzer is not part of the package");
        return;
    };
    let here = include_str!("fuzzing.rs");
    for file in files {
        let path = file.expect("a file").path();
        let target = path.file_stem().unwrap_or_default().to_string_lossy();
        assert!(here.contains(&format!("replay(\"{target}\"")), "{target}");
    }
}
