//! Calls that wait for their world. The one call of ours that does, `expect`, has tests of its own;
//! what these ask of waiting itself is worked on a plane of theirs, whose calls wait for pods and
//! for recorded exchanges.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, advance};

use openmail_mock::api::call::{Body, Call, Request};
use openmail_mock::api::failures::Failure;
use openmail_mock::api::reply::Reply;
use openmail_mock::api::spine::{self, Exchanged};
use openmail_mock::api::waiting::Waiting;
use openmail_mock::api::{Plane, Row, Shared};
use openmail_mock::app::{Caller, MAX_WAITING, MAX_WORLDS, NoSuchSnapshot, Unwritten, World};
use openmail_mock::contract::{Contract, Operation};
use openmail_mock::domain::keys::Holder;
use openmail_mock::domain::pods::{self, NewPod};
use openmail_mock::domain::refusal::Refusal;

use crate::support::{self, Answer, Connection, Served};

/// A test that waits this long has found a hang.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than any test.
const HOUR: u64 = 3_600_000;

/// What the waiting calls of one world did so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    /// How often they looked.
    looks: usize,
    /// How many are over, whatever became of them.
    ended: usize,
}

#[derive(Default)]
struct Probe {
    counts: Mutex<Counts>,
    counted: Condvar,
}

/// Handlers are functions, so what they are watched by stands here. Each test has worlds of its own.
static PROBES: LazyLock<Mutex<HashMap<String, Arc<Probe>>>> = LazyLock::new(Mutex::default);

impl Probe {
    fn of(world: &str) -> Arc<Self> {
        let mut probes = PROBES.lock().expect("nobody panics here");
        probes.entry(world.to_owned()).or_default().clone()
    }

    fn counts(&self) -> Counts {
        *self.counts.lock().expect("nobody panics here")
    }

    fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.counts.lock().expect("nobody panics here"));
        self.counted.notify_all();
    }

    #[track_caller]
    fn await_counts(&self, enough: impl Fn(&Counts) -> bool) {
        let counts = self.counts.lock().expect("nobody panics here");
        let awaited = self
            .counted
            .wait_timeout_while(counts, PATIENCE, |counts| !enough(counts));
        let (counts, awaited) = awaited.expect("nobody panics here");
        assert!(!awaited.timed_out(), "it stays at {counts:?}");
    }
}

/// Goes with what a call waits for.
struct Wait(Arc<Probe>);

impl Drop for Wait {
    fn drop(&mut self) {
        self.0.count(|counts| counts.ended += 1);
    }
}

fn within(call: &Call<'_>) -> Duration {
    let millis = call.query_integer("within").unwrap_or_default();
    Duration::from_millis(millis.unsigned_abs())
}

fn wanted(call: &Call<'_>, name: &str) -> usize {
    usize::try_from(call.query_integer(name).unwrap_or_default()).expect("a count")
}

fn await_world(call: &Call<'_>) -> Result<Waiting, Failure> {
    let (pods, exchanges) = (wanted(call, "pods"), wanted(call, "exchanges"));
    let wait = Wait(Probe::of(&call.world.name));
    let ask = move |world: &World| {
        wait.0.count(|counts| counts.looks += 1);
        let seen = world.read(|state| state.pods.len());
        let is_enough = seen >= pods && world.exchanges() >= exchanges;
        is_enough.then(|| Ok(Reply::json(StatusCode::OK, &json!({ "pods": seen }))))
    };
    let otherwise = |_: &World| {
        let status = StatusCode::EXPECTATION_FAILED;
        Err(Failure::new(status, "in_vain", "it did not come"))
    };
    Ok(Waiting::new(within(call), ask, otherwise))
}

/// Panics at the look of that number; without one, when the time is over.
fn panic_late(call: &Call<'_>) -> Result<Waiting, Failure> {
    let (look, mut looks) = (wanted(call, "look"), 0);
    let wait = Wait(Probe::of(&call.world.name));
    let ask = move |_: &World| {
        looks += 1;
        wait.0.count(|counts| counts.looks += 1);
        assert!(looks != look, "on purpose");
        None
    };
    let otherwise = |_: &World| panic!("on purpose");
    Ok(Waiting::new(within(call), ask, otherwise))
}

/// Writes into a world that was dropped a moment ago, so many times.
fn write_dropped(call: &Call<'_>) -> Result<Reply, Failure> {
    let probe = Probe::of(&call.world.name);
    if probe.counts().looks < wanted(call, "drops") {
        assert!(call.shared.app.drop_world(&call.world.name));
    }
    probe.count(|counts| counts.looks += 1);
    create_pod(call.caller)?;
    Ok(Reply::no_content())
}

fn answer(_: &Call<'_>) -> Result<Reply, Failure> {
    Ok(Reply::no_content())
}

const ROWS: &[Row] = &[
    Row::waiting("awaitWorld", await_world),
    Row::waiting("panicLate", panic_late),
    Row::guarded("writeDropped", write_dropped),
    Row::guarded("answer", answer),
];

fn create_pod(caller: &Caller) -> Result<(), Unwritten<Refusal>> {
    caller.write(|tx| pods::create(tx, NewPod::default()).map(drop))
}

fn admit(_: &Shared, request: &Request, _: &Operation) -> Result<String, Failure> {
    let world = request.header("x-world").expect("tests name their world");
    Ok(world.to_owned())
}

fn plane() -> Plane {
    let counts = ["pods", "exchanges", "within", "look", "drops"]
        .map(|name| format!(r#"{{"name":"{name}","in":"query","schema":{{"type":"integer"}}}}"#));
    let counts = counts.join(",");
    let paths = ROWS.iter().map(|row| {
        format!(
            r#""/_mock/{0}":{{"get":{{"operationId":"{0}","parameters":[{counts}],
            "responses":{{"204":{{"description":"d"}},
            "default":{{"description":"d","content":{{"application/json":{{}}}}}}}}}}}}"#,
            row.operation
        )
    });
    let paths = paths.collect::<Vec<_>>().join(",");
    let document = format!(
        r#"{{"openapi":"3.0.3","info":{{"title":"t","version":"1"}},"paths":{{{paths}}}}}"#
    );
    let contract = Contract::load(document).expect("no faults");
    Plane::guarded(contract, ROWS.iter(), admit)
}

fn request(world: &str, call: &str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("x-world", world.parse().expect("a header value"));
    Request {
        method: Method::GET,
        uri: format!("/_mock/{call}").parse().expect("a path"),
        version: hyper::Version::HTTP_11,
        headers,
        body: Body::Whole(Bytes::new()),
    }
}

/// A test's world, with the spine before it and no socket.
struct House {
    shared: Shared,
    plane: Plane,
    world: &'static str,
    probe: Arc<Probe>,
}

impl House {
    /// The name is that of the probe, too: give each test another.
    fn new(world: &'static str) -> Arc<Self> {
        Arc::new(Self {
            shared: support::shared(),
            plane: plane(),
            world,
            probe: Probe::of(world),
        })
    }

    fn caller(&self) -> Caller {
        self.shared
            .app
            .enter(self.world, Holder::World)
            .expect("there is room")
    }

    fn create_pod(&self) {
        create_pod(&self.caller()).expect("the world is there");
    }

    async fn exchange(&self, call: &str) -> Exchanged {
        let request = request(self.world, call);
        spine::exchange(&self.shared, &self.plane, &request).await
    }

    /// A call that waits; it has looked once.
    async fn begin(self: &Arc<Self>, call: &str) -> JoinHandle<Exchanged> {
        let looks = self.probe.counts().looks;
        let (house, call) = (self.clone(), call.to_owned());
        let waiting = tokio::spawn(async move { house.exchange(&call).await });
        self.until_looks(looks + 1).await;
        waiting
    }

    async fn until_looks(&self, looks: usize) {
        while self.probe.counts().looks < looks {
            yield_now().await;
        }
    }
}

/// Runs a test on one thread. Time passes when all wait for it, and then at once.
fn run(test: impl Future<Output = ()>) {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(test);
}

#[track_caller]
fn assert_failed(exchanged: &Exchanged, status: u16, code: &str) {
    let reply = &exchanged.reply;
    let body = String::from_utf8_lossy(&reply.body);
    assert_eq!(reply.status.as_u16(), status, "{body}");
    assert_eq!(exchanged.error.as_deref(), Some(code), "{body}");
}

#[test]
fn what_is_so_already_is_not_waited_for() {
    let house = House::new("already");
    run(async {
        let exchanged = house.exchange("awaitWorld?pods=1").await;
        assert_eq!(exchanged.reply.status, StatusCode::OK);
        assert_eq!(house.probe.counts(), Counts { looks: 1, ended: 1 });
    });
}

#[test]
fn a_commit_answers_who_waits_for_it() {
    let house = House::new("commit");
    run(async {
        let begun = Instant::now();
        let waiting = house.begin("awaitWorld?pods=2&within=60000").await;
        house.create_pod();
        let exchanged = waiting.await.expect("no panic");
        assert_eq!(exchanged.reply.body, r#"{"pods":2}"#);
        assert_eq!(exchanged.world.as_deref(), Some("commit"));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn a_recorded_exchange_answers_who_waits_for_it() {
    let house = House::new("exchange");
    run(async {
        let waiting = house.begin("awaitWorld?exchanges=1&within=60000").await;
        let mut me = request("", "");
        me.uri = "/v1/me".parse().expect("a path");
        let key = "Bearer om_test_exchange".parse().expect("a header value");
        me.headers.insert("authorization", key);
        spine::exchange(&house.shared, &house.shared.api, &me).await;
        let exchanged = waiting.await.expect("no panic");
        assert_eq!(exchanged.reply.status, StatusCode::OK);
    });
}

#[test]
fn when_the_time_is_over_it_looks_once_more() {
    let house = House::new("time-out");
    run(async {
        let begun = Instant::now();
        let exchanged = house.exchange("awaitWorld?pods=2&within=1500").await;
        assert_failed(&exchanged, 417, "in_vain");
        assert_eq!(begun.elapsed(), Duration::from_millis(1500));
        assert_eq!(house.probe.counts(), Counts { looks: 2, ended: 1 });
    });
}

#[test]
fn no_time_at_all_is_one_look() {
    let house = House::new("at-once");
    run(async {
        let begun = Instant::now();
        let exchanged = house.exchange("awaitWorld?pods=2").await;
        assert_failed(&exchanged, 417, "in_vain");
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert_eq!(house.probe.counts().looks, 1);
    });
}

/// Does something to a world whose state is waited for.
fn change(world: &'static str, change: impl FnOnce(&House)) {
    let house = House::new(world);
    run(async {
        let waiting = house.begin("awaitWorld?pods=2&within=60000").await;
        change(&house);
        let exchanged = waiting.await.expect("no panic");
        assert_failed(&exchanged, 409, "world_changed");
        assert_eq!(house.probe.counts(), Counts { looks: 1, ended: 1 });
    });
}

#[test]
fn a_reset_ends_a_wait() {
    change("reset", |house| {
        let reset = house.shared.app.reset(&house.caller(), "seed");
        reset.expect("there is a seed");
    });
}

#[test]
fn a_restored_snapshot_ends_a_wait_although_it_holds_what_was_waited_for() {
    let house = House::new("restore");
    let reset = |to| house.shared.app.reset(&house.caller(), to);
    run(async {
        house.create_pod();
        let kept = house.caller().world().put_snapshot("two");
        assert!(kept.is_ok());
        reset("seed").expect("there is a seed");
        let waiting = house.begin("awaitWorld?pods=2&within=60000").await;
        reset("two").expect("there is a snapshot");
        let exchanged = waiting.await.expect("no panic");
        assert_failed(&exchanged, 409, "world_changed");
    });
}

#[test]
fn a_replaced_state_ends_a_wait() {
    change("replace", |house| {
        let caller = house.caller();
        let replaced = house
            .shared
            .app
            .replace(&caller, |tx| pods::create(tx, NewPod::default()).map(drop));
        replaced.expect("nothing refuses it");
    });
}

#[test]
fn a_drop_ends_a_wait() {
    change("drop", |house| {
        assert!(house.shared.app.drop_world("drop"));
    });
}

#[test]
fn closing_ends_waits_and_lets_none_begin() {
    let house = House::new("closing");
    run(async {
        let waiting = house.begin("awaitWorld?pods=2&within=60000").await;
        spine::close(&house.shared);
        let exchanged = waiting.await.expect("no panic");
        assert_failed(&exchanged, 503, "server_stopping");
        let exchanged = house.exchange("awaitWorld?pods=2&within=60000").await;
        assert_failed(&exchanged, 503, "server_stopping");
        let exchanged = house.exchange("awaitWorld?pods=1&within=60000").await;
        assert_eq!(exchanged.reply.status, StatusCode::OK);
    });
}

#[test]
fn a_thousand_wait_for_nothing_and_wake_by_one_commit() {
    let house = House::new("thousand");
    run(async {
        let mut waiting = Vec::new();
        for _ in 0..MAX_WAITING {
            waiting.push(house.begin("awaitWorld?pods=3&within=60000").await);
        }
        advance(Duration::from_secs(1)).await;
        assert_eq!(house.probe.counts().looks, MAX_WAITING);
        house.create_pod();
        house.until_looks(2 * MAX_WAITING).await;
        advance(Duration::from_secs(1)).await;
        assert_eq!(
            house.probe.counts().looks,
            2 * MAX_WAITING,
            "one look for each change"
        );
        house.create_pod();
        for waiting in waiting {
            let exchanged = waiting.await.expect("no panic");
            assert_eq!(exchanged.reply.status, StatusCode::OK);
        }
        assert_eq!(house.probe.counts().looks, 3 * MAX_WAITING);
    });
}

#[test]
fn past_a_thousand_nobody_waits_but_all_may_look() {
    let house = House::new("full");
    run(async {
        let mut waiting = Vec::new();
        for _ in 0..MAX_WAITING {
            waiting.push(house.begin("awaitWorld?pods=2&within=60000").await);
        }
        let exchanged = house.exchange("awaitWorld?pods=2&within=60000").await;
        assert_failed(&exchanged, 503, "too_many_waiting");
        assert_eq!(exchanged.reply.headers["retry-after"], "1");
        let exchanged = house.exchange("awaitWorld?pods=2").await;
        assert_failed(&exchanged, 417, "in_vain");
        let exchanged = house.exchange("awaitWorld?pods=1&within=60000").await;
        assert_eq!(exchanged.reply.status, StatusCode::OK);
        // One leaves, and there is a seat.
        let left = waiting.pop().expect("a thousand");
        left.abort();
        assert!(left.await.is_err());
        waiting.push(house.begin("awaitWorld?pods=2&within=60000").await);
        house.create_pod();
        for waiting in waiting {
            let exchanged = waiting.await.expect("no panic");
            assert_eq!(exchanged.reply.status, StatusCode::OK);
        }
    });
}

#[track_caller]
fn assert_panicked(house: &House, exchanged: &Exchanged) {
    assert_failed(exchanged, 500, "internal_error");
    let body = String::from_utf8_lossy(&exchanged.reply.body);
    assert!(body.contains(&exchanged.id), "{body}");
    assert_eq!(exchanged.reply.headers["x-request-id"], *exchanged.id);
    let defect = exchanged.defect.as_deref().unwrap_or_default();
    assert!(defect.contains("on purpose"), "{defect}");
    assert_eq!(house.shared.app.tally().breaches.told_apart().len(), 1);
    assert_eq!(house.probe.counts().ended, 1);
}

#[test]
fn a_panic_at_the_first_look_is_a_500() {
    let house = House::new("panic-1");
    run(async {
        let exchanged = house.exchange("panicLate?look=1&within=60000").await;
        assert_panicked(&house, &exchanged);
    });
}

#[test]
fn a_panic_at_a_later_look_is_a_500_and_its_world_goes_on() {
    let house = House::new("panic-2");
    run(async {
        let waiting = house.begin("panicLate?look=2&within=60000").await;
        house.create_pod();
        assert_panicked(&house, &waiting.await.expect("it is caught"));
        let world = house.caller().world().clone();
        let seats: Vec<_> = (0..MAX_WAITING).map(|_| world.take_seat()).collect();
        assert!(seats.iter().all(Result::is_ok), "it gave its seat back");
        assert!(world.take_seat().is_err());
        house.create_pod();
    });
}

#[test]
fn a_panic_when_the_time_is_over_is_a_500() {
    let house = House::new("panic-3");
    run(async {
        let exchanged = house.exchange("panicLate?within=1500").await;
        assert_panicked(&house, &exchanged);
    });
}

#[test]
fn a_world_that_is_waited_for_makes_no_room() {
    let house = House::new("waited-for");
    let request = request("waited-for", "awaitWorld?pods=2&within=60000");
    run(async {
        let mut waiting = pin!(spine::exchange(&house.shared, &house.plane, &request));
        let mut nobody = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut nobody).is_pending());
        for number in 0..MAX_WORLDS {
            let opened = house.shared.app.open(&format!("other-{number}"));
            assert!(opened.is_ok());
        }
        assert!(house.shared.app.peek("other-0").is_none(), "it made room");
        house.create_pod();
        assert_eq!(waiting.await.reply.status, StatusCode::OK);
    });
}

#[test]
fn nothing_is_written_into_a_dropped_world() {
    let app = support::app();
    let caller = app.enter("w", Holder::World).expect("there is room");
    let dropped = caller.write(|tx| {
        app.drop_world("w");
        pods::create(tx, NewPod::default()).map(drop)
    });
    assert_eq!(dropped, Err(Unwritten::Dropped), "dropped under the rule");
    assert_eq!(create_pod(&caller), Err(Unwritten::Dropped));
    let reset = app.reset(&caller, "seed");
    assert_eq!(reset, Err(Unwritten::Dropped));
    let reset = app.reset(&caller, "nothing");
    assert_eq!(reset, Err(Unwritten::Refused(NoSuchSnapshot)));
    let replaced = app.replace(&caller, |_| Ok::<(), Refusal>(()));
    assert_eq!(replaced, Err(Unwritten::Dropped));
    assert_eq!(caller.world().read(|state| state.pods.len()), 1);
}

#[test]
fn a_write_whose_world_is_dropped_goes_to_the_next_one() {
    let house = House::new("dropped-once");
    run(async {
        let exchanged = house.exchange("writeDropped?drops=1").await;
        assert_eq!(exchanged.reply.status, StatusCode::NO_CONTENT);
        let caller = house.caller();
        assert_eq!(caller.world().read(|state| state.pods.len()), 2);
    });
}

#[test]
fn a_write_whose_world_is_dropped_again_says_so() {
    let house = House::new("dropped-twice");
    run(async {
        let exchanged = house.exchange("writeDropped?drops=2").await;
        assert_failed(&exchanged, 409, "world_changed");
    });
}

impl Served {
    fn get(&self, world: &str, call: &str) -> Connection {
        let mut connection = Connection::open(self.address);
        let headers = [("x-world", world.to_owned())];
        connection.request("GET", &format!("/_mock/{call}"), &headers, b"");
        connection
    }

    /// A call that waits for an hour, or for two pods; it has looked once.
    fn wait(&self, world: &str) -> Connection {
        let probe = Probe::of(world);
        let looks = probe.counts().looks;
        let connection = self.get(world, &format!("awaitWorld?pods=2&within={HOUR}"));
        probe.await_counts(|counts| counts.looks > looks);
        connection
    }

    fn create_pod(&self, world: &str) -> Answer {
        let mut connection = Connection::open(self.address);
        let headers = [("authorization", format!("Bearer om_test_{world}"))];
        connection.request("POST", "/v1/pods", &headers, b"");
        connection.answer().expect(201)
    }
}

fn serve() -> Served {
    support::serve(plane, 1_000)
}

#[test]
fn a_write_from_another_connection_answers_who_waits() {
    let served = serve();
    let mut waiting = served.wait("served");
    served.create_pod("served");
    assert_eq!(waiting.answer().expect(200).json()["pods"], 2);
    let health = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    waiting.write(health);
    waiting.answer().expect(200);
}

/// The server of these tests has one such thread.
#[test]
fn waiting_calls_hold_no_thread_of_the_blocking_pool() {
    let served = serve();
    let mut waiting: Vec<_> = (0..20).map(|_| served.wait("pool")).collect();
    served.get("pool", "answer").answer().expect(204);
    served.create_pod("pool");
    for waiting in &mut waiting {
        waiting.answer().expect(200);
    }
}

#[test]
fn a_client_that_leaves_ends_its_wait() {
    let served = serve();
    let probe = Probe::of("leaves");
    let waiting = served.wait("leaves");
    assert_eq!(probe.counts().ended, 0);
    drop(waiting);
    probe.await_counts(|counts| counts.ended == 1);
    assert_eq!(probe.counts().looks, 1);
}

#[test]
fn a_client_that_says_it_sends_no_more_ends_its_wait() {
    let served = serve();
    let mut waiting = served.wait("half-closes");
    waiting.finish();
    Probe::of("half-closes").await_counts(|counts| counts.ended == 1);
    assert!(waiting.is_closed());
}

#[test]
fn what_is_sent_behind_a_waiting_call_is_answered_behind_it() {
    let served = serve();
    let mut waiting = served.wait("pipeline");
    waiting.write(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    served.create_pod("pipeline");
    assert_eq!(waiting.answer().expect(200).json()["pods"], 2);
    waiting.answer().expect(200);
}

#[test]
fn when_the_server_stops_who_waits_is_answered() {
    let served = serve();
    let mut waiting: Vec<_> = (0..20).map(|_| served.wait("stop")).collect();
    served.stop.send(true).expect("it serves");
    for waiting in &mut waiting {
        let answer = waiting.answer().refused(503, "server_stopping");
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(waiting.is_closed());
    }
}
