//! Who waits for whom: a world's turn may be held for long, and only that world waits for it.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use openmail_mock::app::{App, Caller};
use openmail_mock::domain::keys::Holder;
use openmail_mock::domain::pods::{self, NewPod};
use openmail_mock::domain::refusal::Refusal;
use tokio::runtime::{Builder, Runtime};

use crate::support::app;

const WORKERS: usize = 2;
/// More than there are workers, by far.
const WAITING: usize = 16;
/// A test that waits this long has found a hang.
const PATIENCE: Duration = Duration::from_secs(20);

fn enter(app: &App, name: &str) -> Caller {
    app.enter(name, Holder::World)
        .expect("there is room for it")
}

fn create_pod(caller: &Caller) {
    let created = caller.write(|tx| -> Result<(), Refusal> {
        pods::create(tx, NewPod::default())?;
        Ok(())
    });
    created.expect("a pod without a clientId is never refused");
}

fn pods(caller: &Caller) -> usize {
    caller.world().read(|state| state.pods.len())
}

/// A rule that has the world's turn until `end` is sent something or dropped.
struct SlowRule {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl SlowRule {
    /// Holds the turn already when this returns.
    fn begin(caller: &Caller) -> Self {
        let caller = caller.clone();
        let (begun, has_begun) = channel();
        let (end, ended) = channel();
        let thread = std::thread::spawn(move || {
            let done = caller.write(|_| -> Result<(), ()> {
                begun.send(()).expect("the test waits for it");
                let _ = ended.recv();
                Ok(())
            });
            done.expect("it refuses nothing");
        });
        has_begun.recv().expect("it begins");
        Self { end, thread }
    }

    fn end(self) {
        drop(self.end);
        self.thread.join().expect("it ends");
    }
}

fn event_loop() -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(WORKERS).build();
    runtime.expect("a runtime")
}

/// Both workers used to wait for the one world's turn, and all other worlds with them.
#[test]
fn a_turn_that_is_held_for_long_stops_no_other_world() {
    let (app, runtime) = (app(), event_loop());
    let (slow, other) = (enter(&app, "slow"), enter(&app, "other"));
    let rule = SlowRule::begin(&slow);
    let (arrived, arrivals) = channel();
    let waiting: Vec<_> = (0..WAITING)
        .map(|_| {
            let (slow, arrived) = (slow.clone(), arrived.clone());
            runtime.spawn(async move {
                arrived.send(()).expect("the test counts them");
                create_pod(&slow);
            })
        })
        .collect();
    for arrival in 0..WAITING {
        let came = arrivals.recv_timeout(PATIENCE);
        assert!(came.is_ok(), "the event loop stands still at {arrival}");
    }
    let (done, is_done) = channel();
    runtime.spawn(async move {
        create_pod(&other);
        done.send(pods(&other)).expect("the test waits for it");
    });
    assert_eq!(is_done.recv_timeout(PATIENCE), Ok(2));
    assert_eq!(pods(&slow), 1, "whoever waits has done nothing yet");
    rule.end();
    runtime.block_on(async {
        for waiting in waiting {
            waiting.await.expect("it had its turn");
        }
    });
    assert_eq!(pods(&slow), 1 + WAITING);
}

/// A state is built beside the one whose place it takes: until then even its own world goes on.
#[test]
fn a_state_that_is_long_in_the_making_stops_nobody() {
    let app = app();
    let (slow, other) = (enter(&app, "slow"), enter(&app, "other"));
    let (begun, has_begun) = channel();
    let (end, ended) = channel::<()>();
    std::thread::scope(|scope| {
        let (app, replaced) = (&app, &slow);
        scope.spawn(move || {
            let done = app.replace(replaced, |_| -> Result<(), ()> {
                begun.send(()).expect("the test waits for it");
                let _ = ended.recv();
                Ok(())
            });
            done.expect("it refuses nothing");
        });
        has_begun.recv().expect("it begins");
        create_pod(&slow);
        create_pod(&other);
        assert_eq!((pods(&slow), pods(&other)), (2, 2));
        drop(end);
    });
    assert_eq!((pods(&slow), pods(&other)), (1, 2));
}

/// Writes while the turn is held. When the writer really waits, nobody is told: the rule goes on
/// for a moment. Is that too short, this proves less and passes.
fn write_late(write: impl FnOnce(Caller)) {
    let app = app();
    let caller = enter(&app, "w");
    let rule = SlowRule::begin(&caller);
    let (writing, is_writing) = channel();
    let ending = std::thread::spawn(move || {
        is_writing.recv().expect("it is about to write");
        let (_nobody, nothing) = channel::<()>();
        let _ = nothing.recv_timeout(Duration::from_millis(20));
        rule.end();
    });
    writing.send(()).expect("the rule waits for it");
    write(caller.clone());
    ending.join().expect("the rule ends");
    assert_eq!(pods(&caller), 2);
}

#[test]
fn a_turn_is_waited_for_outside_any_runtime() {
    write_late(|caller| create_pod(&caller));
}

/// There, nobody could take the other tasks, and asking for it is a panic.
#[test]
fn a_turn_is_waited_for_on_a_runtime_of_one_thread() {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    write_late(|caller| runtime.block_on(async { create_pod(&caller) }));
}

#[test]
fn a_turn_is_waited_for_on_the_blocking_pool() {
    let runtime = event_loop();
    write_late(|caller| {
        let written = runtime.spawn_blocking(move || create_pod(&caller));
        runtime.block_on(written).expect("it had its turn");
    });
}

#[test]
fn a_reader_keeps_its_state_through_a_reset_and_lets_go_of_it_after() {
    let (app, runtime) = (app(), event_loop());
    let caller = enter(&app, "w");
    create_pod(&caller);
    let state = Arc::downgrade(&caller.world().state());
    let inside = runtime.enter();
    let seen = caller.world().read(|state| {
        app.reset(&caller, "seed").expect("there is a seed");
        assert_eq!(pods(&caller), 1);
        state.pods.len()
    });
    assert_eq!(seen, 2);
    // The reset frees its reference on the pool, which ends with the runtime.
    drop(inside);
    drop(runtime);
    assert!(state.upgrade().is_none());
}
