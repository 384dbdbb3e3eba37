//! What large states cost: loading one, telling it, keeping it, and who waits meanwhile.

use std::fmt::Write;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openmail_mock::Fixture;
use openmail_mock::app::App;
use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::events::Listeners;
use openmail_mock::domain::ids::Source;
use openmail_mock::domain::inboxes::{self, NewInbox};
use openmail_mock::domain::keys::{Holder, Scope};
use openmail_mock::domain::refusal::Refusal;
use openmail_mock::domain::state::{State, Transaction};
use openmail_mock::fixtures;

use crate::load::{Connection, request};
use crate::server::Server;
use crate::{ROUNDS, ask, grouped, now, row};

/// A large state, and the largest whose document has fewer values than JSON may have here.
const LARGE: usize = 100_000;
const LARGEST: usize = 300_000;
/// Tenants that share them.
const PODS: usize = 100;
/// Worlds that are opened, each with as many snapshots as it may have.
const WORLDS: usize = 4_000;
const SNAPSHOTS: usize = 64;
/// Connections of the world that might have to wait.
const CONNECTIONS: usize = 4;
/// Between one's answer and its next request: many requests, and a machine that is not full of them.
const PAUSE: Duration = Duration::from_micros(500);
/// What was let go is freed after the answer.
const AFTERWARDS: Duration = Duration::from_millis(200);

pub fn rows(folder: &Path, is_quick: bool) {
    let text = document(LARGE);
    let file = folder.join("large.json");
    std::fs::write(&file, &text).expect("the folder takes files");
    // First, while what this process has freed is little: what it takes comes from the system.
    let inboxes = format!("{} inboxes", grouped(LARGE));
    keeping(loaded(&file), &inboxes, "an inbox created", |tx| {
        inboxes::create(tx, Scope::Account, NewInbox::default())?;
        Ok(())
    });
    starts(folder, &file);
    calls(folder, &text);
    meanwhile(folder, &inboxes, &text);
    if !is_quick {
        let inboxes = format!("{} inboxes", grouped(LARGEST));
        meanwhile(folder, &inboxes, &document(LARGEST));
    }
}

/// A fixture with that many inboxes, whose ids are to be drawn.
fn document(inboxes: usize) -> String {
    let mut text = String::from(r#"{"pods":["#);
    for pod in 0..PODS {
        let separator = if pod == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{separator}{{"clientId":"tenant-{pod}","name":"Tenant {pod}","inboxes":["#
        );
        for inbox in (pod..inboxes).step_by(PODS) {
            let separator = if inbox == pod { "\n" } else { ",\n" };
            let _ = write!(
                text,
                r#"{separator}{{"address":"inbox-{inbox}@openmail.sh","displayName":"Inbox {inbox}"}}"#
            );
        }
        text.push_str("]}");
    }
    text.push_str("]}");
    text
}

/// A server that starts with such a file, and the file alone.
fn starts(folder: &Path, file: &Path) {
    let name = file.to_str().expect("the folder's name is text");
    let mut memory = None;
    let start = lowest(|| {
        let begun = now();
        let server = Server::mock_with(folder, &["--fixtures", name]);
        ask(&server, "GET", "/v1/pods", "default", "", 200);
        let took = begun.elapsed();
        memory = server.memory().zip(server.peak_memory());
        took
    });
    let inboxes = grouped(LARGE);
    let what = format!("cold start with a fixture file of {inboxes} inboxes, to the first answer");
    row(&what, &millis(start), "–", "–", "2 s");
    let what = format!("memory after that start, highest during it, for {inboxes} inboxes");
    let shown = memory.map_or_else(
        || "not told by this system".to_owned(),
        |(after, highest)| format!("{:.0} MiB, {:.0} MiB", after / 1024.0, highest / 1024.0),
    );
    row(&what, &shown, "–", "–", "–");
    let what = format!("reading, checking and laying that file of {inboxes} inboxes, in process");
    row(&what, &loading(file), "–", "–", "2 s");
}

/// How long a file takes to load, in process.
pub fn loading(file: &Path) -> String {
    millis(lowest(|| {
        let begun = now();
        drop(loaded(file));
        begun.elapsed()
    }))
}

fn instant() -> Timestamp {
    Timestamp::parse("2026-01-15T09:30:00Z").expect("an instant")
}

pub fn empty() -> State {
    State::empty(Clock::Frozen { at: instant() }, instant(), 0)
}

/// What may change a state that is being made.
pub fn transaction(state: &mut State) -> Transaction<'_> {
    Transaction {
        state,
        now: instant(),
        source: Source { seed: 0, world: "" },
        listeners: Listeners::NOBODY,
    }
}

fn loaded(file: &Path) -> State {
    let mut state = empty();
    let laid = fixtures::load(&Fixture::from(file), None, &mut transaction(&mut state));
    laid.expect("the bench wrote it without a mistake");
    state
}

/// The calls that carry a state, each alone.
fn calls(folder: &Path, text: &str) {
    let server = Server::mock(folder);
    let call = |method, path: &str, body: &str| {
        lowest(|| {
            let begun = now();
            ask(&server, method, path, "large", body, 200);
            begun.elapsed()
        })
    };
    // This loads the control plane.
    call("GET", "/_mock/clock", "");
    let inboxes = grouped(LARGE);
    let put = call("PUT", "/_mock/state", text);
    let what = format!("`PUT /_mock/state` of {inboxes} inboxes");
    row(&what, &millis(put), "–", "–", "2 s");
    let get = call("GET", "/_mock/state", "");
    let what = format!("`GET /_mock/state` of {inboxes} inboxes, checked against its schema");
    row(&what, &millis(get), "–", "–", "–");
    let fragment = r#"{"inboxes":[{"address":"inbox-7@openmail.sh","displayName":"Seven"}]}"#;
    let patch = call("PATCH", "/_mock/state", fragment);
    let what = format!("`PATCH /_mock/state` of one inbox among {inboxes}");
    row(&what, &millis(patch), "–", "–", "–");
    if let Some(peak) = server.peak_memory() {
        let what = format!("highest memory during {ROUNDS} of each of these calls");
        row(&what, &format!("{:.0} MiB", peak / 1024.0), "–", "–", "–");
    }
}

/// What one more world, one more snapshot and a way back cost, in process: a call that asks for
/// one costs more than they do.
pub fn keeping(
    state: State,
    rows: &str,
    written: &str,
    write: fn(&mut Transaction<'_>) -> Result<(), Refusal>,
) {
    let app = App::new(0, state, empty(), 4 * 1024 * 1024);
    let names: Vec<String> = (0..WORLDS)
        .map(|number| format!("world-{number}"))
        .collect();
    let target = "50 µs, 4 kB";
    let open = || {
        names
            .iter()
            .map(|name| app.enter(name, Holder::World).expect("few are open"))
    };
    let (worlds, each) = cost(WORLDS, || open().collect::<Vec<_>>());
    row(
        &format!("opening a world of {rows}"),
        &each,
        "–",
        "–",
        target,
    );
    let keep = || {
        for world in &worlds {
            for name in &names[..SNAPSHOTS] {
                world.world().put_snapshot(name).expect("few are kept");
            }
        }
    };
    let ((), each) = cost(WORLDS * SNAPSHOTS, keep);
    row(
        &format!("a snapshot of it, mean of {}", grouped(WORLDS * SNAPSHOTS)),
        &each,
        "–",
        "–",
        target,
    );
    let create = || {
        for world in &worlds {
            world.write(write).expect("nothing forbids it");
        }
    };
    let ((), each) = cost(WORLDS, create);
    row(
        &format!("the first write after a snapshot, {written}"),
        &each,
        "–",
        "–",
        "200 µs",
    );
    let restore = || {
        for world in &worlds {
            app.reset(world, &names[0]).expect("it was kept");
        }
    };
    let ((), each) = cost(WORLDS, restore);
    row("a restore after that write", &each, "–", "–", target);
}

/// What `work` answers, and what it costs in time and memory for each of so many.
fn cost<T>(times: usize, work: impl FnOnce() -> T) -> (T, String) {
    let before = resident();
    let begun = now();
    let done = work();
    let micros = begun.elapsed().as_secs_f64() * 1e6 / times as f64;
    let memory = before.zip(resident()).map(|(before, after)| {
        let kilobytes = (after - before).max(0.0) * 1.024 / times as f64;
        format!(", {kilobytes:.1} kB")
    });
    (
        done,
        format!("{micros:.1} µs{}", memory.unwrap_or_default()),
    )
}

pub fn resident() -> Option<f64> {
    crate::server::status_of(std::process::id(), "VmRSS:")
}

/// One world's slowest request while something happens to another, large one.
pub fn meanwhile(folder: &Path, rows: &str, text: &str) {
    let server = Server::mock(folder);
    let mut put = Vec::new();
    request(&mut put, "PUT", "/_mock/state", "large", text);
    let call = |method, path: &str, body: &str, status| {
        ask(&server, method, path, "large", body, status);
    };
    let load = || {
        Connection::open(server.address).exchange(&put, 200);
    };
    let to = |to: &str| call("POST", "/_mock/reset", &format!(r#"{{"to":"{to}"}}"#), 200);
    let mut nothing = Slowest::default();
    let [mut loaded, mut told, mut restored, mut reset, mut dropped] =
        std::array::from_fn(|_| Slowest::default());
    for _ in 0..ROUNDS {
        nothing.of(&server, || std::thread::sleep(2 * AFTERWARDS));
        loaded.of(&server, load);
        told.of(&server, || call("GET", "/_mock/state", "", 200));
        call("PUT", "/_mock/snapshots/kept", "", 200);
        // Another state of the same rows, none of which the two share.
        load();
        restored.of(&server, || to("kept"));
        call("DELETE", "/_mock/snapshots/kept", "", 204);
        reset.of(&server, || to("seed"));
        load();
        dropped.of(&server, || call("DELETE", "/_mock/worlds/large", "", 204));
    }
    let show = |what: &str, slowest: Slowest, target| {
        let what = format!(
            "slowest request of another world while {what}: best · median · worst of {ROUNDS} rounds"
        );
        row(&what, &slowest.shown(), "–", "–", target);
    };
    show("nothing else happens", nothing, "–");
    for (what, slowest) in [
        ("loaded by PUT", loaded),
        ("exported", told),
        ("restored from a snapshot", restored),
        ("reset", reset),
        ("dropped", dropped),
    ] {
        show(&format!("one of {rows} is {what}"), slowest, "25 ms");
    }
}

/// How long the slowest request of each round took.
#[derive(Default)]
struct Slowest(Vec<Duration>);

impl Slowest {
    /// One round: another world asks and creates while `action` happens, and until its remains
    /// are freed.
    fn of(&mut self, server: &Server, action: impl FnOnce()) {
        ask(server, "POST", "/_mock/reset", "other", "{}", 200);
        let (is_over, ready) = (AtomicBool::new(false), Barrier::new(CONNECTIONS + 1));
        let slowest = std::thread::scope(|scope| {
            let ask = || slowest_until(server, &is_over, &ready);
            let asking: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
            ready.wait();
            action();
            std::thread::sleep(AFTERWARDS);
            is_over.store(true, Ordering::Relaxed);
            let ended = asking.into_iter().map(|asking| asking.join());
            ended.map(|slowest| slowest.expect("it was answered")).max()
        });
        self.0.extend(slowest);
    }

    /// Of the rounds: the best, which is what the server needs, the middle and the worst.
    fn shown(mut self) -> String {
        self.0.sort();
        let shown = [0, ROUNDS / 2, ROUNDS - 1].map(|round| millis(self.0[round]));
        shown.join(" · ")
    }
}

/// Reads and writes in turn on one connection; answers how long the slowest took.
fn slowest_until(server: &Server, is_over: &AtomicBool, ready: &Barrier) -> Duration {
    let mut connection = Connection::open(server.address);
    let (mut get, mut post) = (Vec::new(), Vec::new());
    request(&mut get, "GET", "/v1/inboxes", "other", "");
    request(&mut post, "POST", "/v1/inboxes", "other", "{}");
    // The first request on a connection pays for accepting it.
    connection.exchange(&get, 200);
    ready.wait();
    let mut slowest = Duration::ZERO;
    while !is_over.load(Ordering::Relaxed) {
        for (text, status) in [(&get, 200), (&post, 201)] {
            let begun = now();
            connection.exchange(text, status);
            slowest = slowest.max(begun.elapsed());
            std::thread::sleep(PAUSE);
        }
    }
    slowest
}

/// The lowest of a few rounds: whatever else runs on the machine only ever adds.
pub fn lowest(mut round: impl FnMut() -> Duration) -> Duration {
    let rounds = (0..ROUNDS).map(|_| round());
    rounds.min().unwrap_or_default()
}

pub fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
