//! The bench of webhooks: held and let go, asked and waited for, moved through time.

use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use openmail_mock::Config;
use openmail_mock::app::App;
use openmail_mock::control;
use openmail_mock::domain::account::Account as Settings;
use openmail_mock::domain::clock::{Clock, real_now};
use openmail_mock::domain::state::State;
use openmail_mock::domain::webhooks::{Reach, Webhook};
use openmail_mock::push::Courier;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::yield_now;

use crate::support::post::{Post, START, id, rows, text};
use crate::support::{
    Account, Received, Receiver, Served, Then, account_at, account_of, app, serve_over,
    shared_over, start,
};

/// Several inboxes with one receiver, in a world at a frozen instant; their ids.
fn desks(world: &str, receiver: &Receiver, count: usize) -> (Post, Vec<String>) {
    let post = Post::new(world);
    let inbox = |number| {
        let name = format!("desk-{number}");
        let inbox = post.inbox_with(json!({ "mailboxName": name, "webhookUrl": receiver.url() }));
        id(&inbox).to_owned()
    };
    let inboxes = (0..count).map(inbox).collect();
    (post, inboxes)
}

fn arrives(account: &Account, desk: usize) {
    let to = format!("desk-{desk}@openmail.sh");
    let mail = json!({ "from": "ada@example.com", "to": to, "subject": "Hello", "text": "Hi" });
    account.post("/_mock/inbound", mail).expect(200);
}

fn list(account: &Account, query: &str) -> Vec<Value> {
    let path = format!("/_mock/deliveries?limit=100&{query}");
    rows(&account.get(&path).expect(200).json())
}

fn mode(account: &Account, mode: &str) {
    let body = json!({ "mode": mode });
    let answer = account
        .send("PUT", "/_mock/deliveries/mode", Some(body))
        .expect(200);
    assert_eq!(answer.json(), json!({ "mode": mode }));
}

fn release(account: &Account, body: Value) -> Vec<Value> {
    rows(
        &account
            .post("/_mock/deliveries/release", body)
            .expect(200)
            .json(),
    )
}

fn expect(account: &Account, question: Value) -> crate::support::Answer {
    account.post("/_mock/expect", question)
}

fn inboxes_of(received: &[Received]) -> Vec<String> {
    let inbox = |it: &Received| text(&it.json(), "inbox_id").to_owned();
    received.iter().map(inbox).collect()
}

#[test]
fn held_deliveries_go_in_the_order_in_which_they_are_let_go() {
    let receiver = Receiver::taking();
    let (post, inboxes) = desks("bench-hold", &receiver, 3);
    let account = &post.account;
    mode(account, "hold");
    for desk in 0..3 {
        arrives(account, desk);
    }
    post.advance("1h");
    let listed = account.get("/_mock/deliveries").expect(200).json();
    assert_eq!(
        (&listed["mode"], &listed["total"]),
        (&json!("hold"), &json!(3))
    );
    assert!(receiver.received().is_empty());
    let held = rows(&listed);
    let ids: Vec<&str> = [1, 2].map(|newest| id(&held[newest])).to_vec();
    let released = release(account, json!({ "ids": ids }));
    assert_eq!([id(&released[0]), id(&released[1])], ids[..]);
    assert!(released.iter().all(|it| it["status"] == "delivered"));
    assert_eq!(
        inboxes_of(&receiver.received()),
        [&inboxes[1][..], &inboxes[0]]
    );
    let released = release(account, json!({}));
    assert_eq!(
        (released.len(), &released[0]["inboxId"]),
        (1, &json!(inboxes[2]))
    );
    let again = json!({ "ids": [ids[0]] });
    let again = account.post("/_mock/deliveries/release", again);
    let again = again.expect(200).json();
    assert_eq!(again["data"][0]["made"], 1);
    assert_eq!(
        (&again["attempted"], &again["settled"]),
        (&json!([]), &json!([ids[0]]))
    );
    let missing = json!({ "ids": [ids[0], "somebody"] });
    let refused = account.post("/_mock/deliveries/release", missing);
    assert!(
        refused
            .refused(404, "not_found")
            .message()
            .contains("somebody")
    );
    assert_eq!(receiver.received().len(), 3);
}

#[test]
fn what_was_held_goes_out_when_holding_ends() {
    let receiver = Receiver::taking();
    let (post, inboxes) = desks("bench-auto", &receiver, 2);
    mode(&post.account, "hold");
    arrives(&post.account, 0);
    arrives(&post.account, 1);
    mode(&post.account, "auto");
    let mut came = inboxes_of(&receiver.await_received(2));
    came.sort();
    let mut wanted = inboxes.clone();
    wanted.sort();
    assert_eq!(came, wanted);
}

#[test]
fn anything_can_be_delivered_once_more() {
    let receiver = Receiver::new(|_, number| Then::Answer(if number == 1 { 500 } else { 200 }));
    let (post, _) = desks("bench-redeliver", &receiver, 1);
    let account = &post.account;
    arrives(account, 0);
    post.advance("1s");
    let delivery = list(account, "").remove(0);
    let path = format!("/_mock/deliveries/{}/redeliver", id(&delivery));
    let again = account.send("POST", &path, None).expect(200).json();
    // It was delivered, and stays so whatever becomes of further attempts.
    assert_eq!(
        (&again["status"], &again["made"]),
        (&json!("delivered"), &json!(2))
    );
    assert_eq!(again["attempts"][1]["status"], 500);
    account.send("POST", &path, None).expect(200);
    let received = receiver.received();
    let numbers: Vec<Value> = received
        .iter()
        .map(|it| it.json()["attempt"].clone())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    let event = received[0].header("x-event-id");
    assert!(received.iter().all(|it| it.header("x-event-id") == event));
    let gone = "/_mock/deliveries/00000000-0000-4000-8000-00000000ffff/redeliver";
    account.send("POST", gone, None).refused(404, "not_found");
}

#[test]
fn a_reset_forgets_what_was_tried_and_nothing_of_it_comes_again() {
    let receiver = Receiver::answering(500);
    let (post, _) = desks("bench-reset", &receiver, 1);
    let account = &post.account;
    account.put("/_mock/snapshots/before").expect(200);
    arrives(account, 0);
    post.advance("30s");
    let first = list(account, "").remove(0);
    assert_eq!(first["attempts"].as_array().map(Vec::len), Some(2));
    account
        .post("/_mock/reset", json!({ "to": "before" }))
        .expect(200);
    assert!(list(account, "").is_empty());
    post.advance("1h");
    assert_eq!(receiver.received().len(), 2);
    // The generator went back too: the next delivery has the id of the first, and none of its past.
    account
        .post("/_mock/reset", json!({ "to": "before" }))
        .expect(200);
    arrives(account, 0);
    post.advance("0s");
    let next = list(account, "").remove(0);
    assert_eq!(next["id"], first["id"]);
    assert_eq!(
        (&next["made"], next["attempts"].as_array().map(Vec::len)),
        (&json!(1), Some(1))
    );
    mode(account, "hold");
    account.post("/_mock/reset", json!({})).expect(200);
    let listed = account.get("/_mock/deliveries").expect(200).json();
    assert_eq!(listed, json!({ "data": [], "total": 0, "mode": "auto" }));
}

#[test]
fn a_snapshot_brings_back_what_it_had_to_deliver() {
    let receiver = Receiver::answering(500);
    let (post, _) = desks("bench-snapshot", &receiver, 1);
    let account = &post.account;
    arrives(account, 0);
    post.advance("1s");
    account.put("/_mock/snapshots/pending").expect(200);
    post.advance("1h");
    assert_eq!(list(account, "")[0]["status"], "failed");
    account
        .post("/_mock/reset", json!({ "to": "pending" }))
        .expect(200);
    let delivery = list(account, "").remove(0);
    assert_eq!(
        (&delivery["status"], &delivery["made"]),
        (&json!("pending"), &json!(1))
    );
    assert_eq!(delivery["attempts"].as_array().map(Vec::len), Some(1));
    post.advance("1h");
    assert_eq!(receiver.received().len(), 9);
}

#[test]
fn deliveries_are_found_by_what_they_are() {
    let receiver = Receiver::new(|_, number| Then::Answer(if number == 0 { 200 } else { 500 }));
    let (post, inboxes) = desks("bench-list", &receiver, 2);
    let account = &post.account;
    arrives(account, 0);
    post.advance("1s");
    arrives(account, 1);
    post.advance("1s");
    let first = json!(inboxes[0]);
    for (query, expected) in [
        ("", 2),
        ("status=pending", 1),
        ("status=delivered", 1),
        ("status=failed", 0),
        ("event=message.*", 2),
        ("event=pod.*", 0),
        ("inbox=DESK-0@openmail.sh", 1),
        (&format!("inbox={}&status=delivered", inboxes[0]), 1),
        ("offset=1", 1),
    ] {
        assert_eq!(list(account, query).len(), expected, "{query}");
    }
    assert_eq!(list(account, "status=delivered")[0]["inboxId"], first);
    let page = account
        .get("/_mock/deliveries?limit=1&event=*")
        .expect(200)
        .json();
    assert_eq!(
        (&page["total"], &page["data"][0]["inboxId"]),
        (&json!(2), &json!(inboxes[1]))
    );
}

#[test]
fn deliveries_can_be_expected() {
    let receiver = Receiver::new(|_, number| Then::Answer(if number == 0 { 500 } else { 200 }));
    let (post, _) = desks("bench-expect", &receiver, 1);
    let account = &post.account;
    let delivered = json!({
        "of": "deliveries", "match": { "status": "delivered", "inbox": "desk-0@openmail.sh" },
    });
    arrives(account, 0);
    expect(account, json!({ "of": "idle", "withinMs": 20_000 })).expect(200);
    let missed = expect(account, delivered.clone()).expect(417).json();
    assert_eq!(
        missed["message"],
        "0 deliveries match, at least 1 expected; the nearest differs in `status`"
    );
    assert_eq!(
        missed["nearMisses"][0]["differences"][0]["actual"],
        "pending"
    );
    assert_eq!(
        missed["nearMisses"][0]["entry"]["attempts"][0]["status"],
        500
    );
    post.advance("30s");
    let met = expect(account, delivered).expect(200).json();
    assert_eq!(
        (&met["count"], &met["matched"][0]["made"]),
        (&json!(1), &json!(2))
    );
    let later = json!({ "of": "deliveries", "after": met["matched"][0]["id"], "times": 0 });
    expect(account, later).expect(200);
    let wrong = json!({ "of": "deliveries", "match": { "subject": "x" } });
    expect(account, wrong).refused(400, "bad_request");
    let wrong = json!({ "of": "idle", "times": 1 });
    expect(account, wrong).refused(400, "bad_request");
}

#[test]
fn a_world_with_something_held_does_not_rest() {
    let receiver = Receiver::taking();
    let (post, _) = desks("bench-idle", &receiver, 1);
    let account = &post.account;
    expect(account, json!({ "of": "idle" })).expect(200);
    mode(account, "hold");
    arrives(account, 0);
    let missed = expect(account, json!({ "of": "idle" })).expect(417).json();
    assert_eq!(
        missed["message"],
        "the world does not rest: attempts under way: 0, due: 1, and deliveries are held"
    );
    assert_eq!(
        (&missed["count"], &missed["nearMisses"][0]["entry"]["made"]),
        (&json!(1), &json!(0))
    );
    release(account, json!({}));
    expect(account, json!({ "of": "idle" })).expect(200);
}

#[test]
fn a_move_that_takes_too_long_is_gone_on_with() {
    let (go, may_go) = std::sync::mpsc::channel::<()>();
    let may_go = std::sync::Mutex::new(may_go);
    let receiver = Receiver::new(move |_, _| {
        may_go
            .lock()
            .expect("nobody panics")
            .recv()
            .expect("the test says so");
        Then::Answer(500)
    });
    let (post, _) = desks("bench-go-on", &receiver, 1);
    let account = &post.account;
    arrives(account, 0);
    go.send(()).expect("it listens");
    post.advance("0s");
    let target = json!({ "to": "2040-01-16T09:31:00Z", "timeoutMs": 50 });
    let moved = account
        .post("/_mock/clock", target.clone())
        .expect(200)
        .json();
    assert_eq!(
        (&moved["done"], &moved["now"]),
        (&json!(false), &json!("2040-01-16T09:30:30.000Z"))
    );
    assert_eq!(moved["fired"][0]["at"], "2040-01-16T09:30:30.000Z");
    let awaited = json!([{
        "kind": "webhook_attempt", "id": moved["fired"][0]["id"], "url": receiver.url(),
    }]);
    assert_eq!(moved["waitingFor"], awaited);
    let clock = account.get("/_mock/clock").expect(200).json();
    assert_eq!(
        (&clock["moving"], &clock["waitingFor"]),
        (&json!(false), &awaited)
    );
    go.send(()).expect("it listens");
    go.send(()).expect("it listens");
    let target = json!({ "to": "2040-01-16T09:31:00Z" });
    let moved = account.post("/_mock/clock", target).expect(200).json();
    assert_eq!(
        (&moved["done"], moved["fired"].as_array().map(Vec::len)),
        (&json!(true), Some(1))
    );
    assert_eq!(moved["waitingFor"], json!([]));
    assert_eq!(receiver.received().len(), 3);
}

#[test]
fn one_move_at_a_time_and_a_reset_ends_it() {
    let receiver = Receiver::hanging();
    let (post, _) = desks("bench-busy", &receiver, 1);
    let account = &post.account;
    arrives(account, 0);
    receiver.await_received(1);
    // Of two moves, whichever comes second is told so, and the first one waits for the receiver.
    let (told, answers) = mpsc::channel();
    std::thread::scope(|scope| {
        for told in [told.clone(), told] {
            let moves = || account.post("/_mock/clock", json!({ "by": "1m" }));
            scope.spawn(move || told.send(moves()).is_ok());
        }
        let answer = || answers.recv().expect("an answer");
        let busy = answer().refused(409, "clock_busy").message();
        assert!(busy.contains(&receiver.url()), "{busy}");
        let clock = account.get("/_mock/clock").expect(200).json();
        assert_eq!(clock["moving"], true);
        account.post("/_mock/reset", json!({})).expect(200);
        answer().refused(409, "world_changed");
    });
    account
        .post("/_mock/clock", json!({ "by": "1m" }))
        .expect(200);
}

/// A server whose worlds run with the real clock, and whose account has a webhook.
fn served(url: &str, patience: Duration) -> Served {
    let mut state = State::empty(Clock::Real { ahead: 0 }, real_now(), 0);
    state.account = Arc::new(Settings {
        webhook: Some(Webhook {
            url: url.to_owned(),
            secret: "whsec_account".into(),
        }),
        ..Settings::clone(&state.account)
    });
    let mut shared = shared_over(App::new(0, state.clone(), state, 1_000_000));
    let courier = Courier::new(
        shared.app.tasks().clone(),
        "http://mock",
        Reach::ThisMachine,
    );
    shared.courier = courier.waiting(patience);
    serve_over(shared, control::plane, 1_000_000)
}

#[test]
fn an_inbox_has_its_own_webhook_before_that_of_the_account() {
    let (general, own) = (Receiver::taking(), Receiver::taking());
    let served = served(&general.url(), Duration::from_secs(15));
    let account = account_at(served.address, "w");
    let desk = json!({ "mailboxName": "desk-0", "webhookUrl": own.url() });
    account.post("/v1/inboxes", desk).expect(201);
    account
        .post("/v1/inboxes", json!({ "mailboxName": "desk-1" }))
        .expect(201);
    arrives(&account, 0);
    arrives(&account, 1);
    own.await_received(1);
    let general = general.await_received(1);
    assert!(general[0].is_signed_by("whsec_account"));
    expect(&account, json!({ "of": "idle", "withinMs": 20_000 })).expect(200);
    assert_eq!((own.received().len(), general.len()), (1, 1));
}

#[test]
fn a_receiver_may_take_its_time_but_not_forever() {
    let receiver = Receiver::hanging();
    let served = served(&receiver.url(), Duration::from_millis(50));
    let account = account_at(served.address, "w");
    account
        .post("/v1/inboxes", json!({ "mailboxName": "desk-0" }))
        .expect(201);
    arrives(&account, 0);
    receiver.await_left(1);
    expect(&account, json!({ "of": "idle", "withinMs": 20_000 })).expect(200);
    let delivery = list(&account, "").remove(0);
    assert_eq!(delivery["attempts"][0]["error"], "no answer within 50 ms");
}

#[test]
fn a_pump_that_is_stopped_loses_nothing_and_doubles_nothing() {
    let receiver = Receiver::answering(500);
    let served = served(&receiver.url(), Duration::from_secs(15));
    let account = account_at(served.address, "w");
    account
        .post("/v1/inboxes", json!({ "mailboxName": "desk-0" }))
        .expect(201);
    arrives(&account, 0);
    expect(&account, json!({ "of": "idle", "withinMs": 20_000 })).expect(200);
    // The clock runs: it is put to just before the next attempt, which then comes by itself.
    let shift = |by: &str| {
        account
            .post("/_mock/clock", json!({ "by": by }))
            .expect(200)
    };
    shift("29s");
    served.end_tasks();
    // Whoever asks next starts another one.
    account.get("/v1/inboxes").expect(200);
    receiver.await_received(2);
    expect(&account, json!({ "of": "idle", "withinMs": 20_000 })).expect(200);
    served.end_tasks();
    shift("1h");
    expect(&account, json!({ "of": "idle", "withinMs": 20_000 })).expect(200);
    let delivery = list(&account, "").remove(0);
    let numbers: Vec<Value> = receiver
        .received()
        .iter()
        .map(|it| it.json()["attempt"].clone())
        .collect();
    assert_eq!(
        (&delivery["status"], &delivery["made"]),
        (&json!("failed"), &json!(5))
    );
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert_eq!(served.service.shared.app.tally().breaches.total(), 0);
}

#[test]
fn a_real_clock_is_shifted_and_runs_on() {
    let receiver = Receiver::answering(500);
    let served = served(&receiver.url(), Duration::from_secs(15));
    let account = account_at(served.address, "w");
    account
        .post("/v1/inboxes", json!({ "mailboxName": "desk-0" }))
        .expect(201);
    arrives(&account, 0);
    let moved = account
        .post("/_mock/clock", json!({ "by": "1h" }))
        .expect(200)
        .json();
    assert_eq!(
        (&moved["mode"], &moved["done"]),
        (&json!("real"), &json!(true))
    );
    assert_eq!(moved["fired"].as_array().map(Vec::len), Some(4));
    assert_eq!(receiver.received().len(), 5);
    let frozen = account
        .post("/_mock/clock", json!({ "mode": "frozen" }))
        .expect(200)
        .json();
    assert_eq!(
        (&frozen["mode"], &frozen["fired"]),
        (&json!("frozen"), &json!([]))
    );
}

#[test]
fn nobody_is_contacted_elsewhere_whatever_the_state_says() {
    for url in ["http://192.0.2.1:9/in", "http://hooks.example.com/in"] {
        let served = served(url, Duration::from_secs(15));
        let account = account_at(served.address, "w");
        account
            .post("/v1/inboxes", json!({ "mailboxName": "desk-0" }))
            .expect(201);
        arrives(&account, 0);
        expect(&account, json!({ "of": "idle", "withinMs": 20_000 })).expect(200);
        let delivery = list(&account, "").remove(0);
        let error = text(&delivery["attempts"][0], "error");
        assert!(error.contains("is not this machine"), "{error}");
    }
}

#[test]
fn no_attempt_outlives_the_server() {
    let receiver = Receiver::hanging();
    let mock = start(Config::default());
    let account = account_of(&mock, "w");
    let inbox = json!({ "mailboxName": "desk-0", "webhookUrl": receiver.url() });
    account.post("/v1/inboxes", inbox).expect(201);
    arrives(&account, 0);
    receiver.await_received(1);
    let tally = mock.stop();
    receiver.await_left(1);
    assert_eq!(tally.breaches.total(), 0);
}

#[test]
fn a_panic_beside_requests_is_counted() {
    let app = app();
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        assert!(app.tasks().spawn(async { panic!("a test's own") }));
        yield_now().await;
        app.tasks().end().await;
    });
    assert_eq!(app.tally().breaches.total(), 1);
    app.close();
    assert!(!app.tasks().spawn(async {}));
}

#[test]
fn a_thousand_deliveries_fail_five_times_each() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let post = Post::new("bench-thousand");
    let account = &post.account;
    let inboxes: Vec<Value> = (0..1_000)
        .map(|number| json!({ "address": format!("desk-{number}@openmail.sh"), "webhookUrl": url }))
        .collect();
    account
        .patch("/_mock/state", json!({ "inboxes": inboxes }))
        .expect(200);
    let to: Vec<String> = (0..1_000)
        .map(|number| format!("desk-{number}@openmail.sh"))
        .collect();
    let mail = json!({ "from": "ada@example.com", "to": to, "subject": "Hello" });
    account.post("/_mock/inbound", mail).expect(200);
    let moved = account.post("/_mock/clock", json!({ "by": "1h", "timeoutMs": 60_000 }));
    let moved = moved.expect(200).json();
    assert_eq!(
        (&moved["done"], moved["fired"].as_array().map(Vec::len)),
        (&json!(true), Some(4_000))
    );
    let failed = account
        .get("/_mock/deliveries?status=failed&limit=1")
        .expect(200)
        .json();
    assert_eq!(failed["total"], 1_000);
    assert_eq!(
        failed["data"][0]["attempts"][4]["at"],
        "2040-01-16T09:34:00.000Z"
    );
    assert_eq!(failed["data"][0]["attempts"][0]["at"], START);
}

#[test]
fn a_receiver_that_moves_the_clock_inside_its_attempt_is_told_that_it_is_waited_for() {
    let callback = Arc::new(std::sync::OnceLock::new());
    let (told, answers) = mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let known: Arc<std::sync::OnceLock<Account>> = callback.clone();
    let receiver = Receiver::new(move |_, number| {
        if number == 0 {
            let account = known.get().expect("set before anything comes");
            let body = json!({ "by": "1m", "timeoutMs": 1 });
            let moved = account.post("/_mock/clock", body).expect(200).json();
            let told = told.lock().expect("nobody panics");
            told.send(moved).expect("the test waits");
        }
        Then::Answer(200)
    });
    let (post, _) = desks("bench-inside", &receiver, 1);
    let _ = callback.set(crate::support::account("bench-inside"));
    arrives(&post.account, 0);
    let moved = answers.recv_timeout(Duration::from_secs(20));
    let moved = moved.expect("an answer");
    assert_eq!(
        (&moved["done"], &moved["now"]),
        (&json!(false), &json!(START))
    );
    post.advance("0s");
    let delivery = list(&post.account, "").remove(0);
    assert_eq!(moved["waitingFor"][0]["id"], delivery["id"]);
}

#[test]
fn a_reset_tells_how_many_events_and_deliveries_went() {
    let receiver = Receiver::taking();
    let (post, _) = desks("bench-counts", &receiver, 1);
    let account = &post.account;
    arrives(account, 0);
    account.put("/_mock/snapshots/one").expect(200);
    arrives(account, 0);
    post.advance("0s");
    let reset = |to: &str| {
        let reset = account.post("/_mock/reset", json!({ "to": to }));
        let removed = reset.expect(200).json()["removed"].clone();
        (removed["events"].clone(), removed["deliveries"].clone())
    };
    assert_eq!(reset("one"), (json!(1), json!(1)));
    assert_eq!(reset("seed"), (json!(1), json!(1)));
    assert_eq!(reset("seed"), (json!(0), json!(0)));
}

#[test]
fn a_state_laid_into_a_held_world_sends_nothing() {
    let receiver = Receiver::taking();
    let (post, _) = desks("bench-held-source", &receiver, 1);
    mode(&post.account, "hold");
    arrives(&post.account, 0);
    let state = post.account.get("/_mock/state").expect(200).json();
    let held = crate::support::account("bench-held-target");
    mode(&held, "hold");
    held.send("PUT", "/_mock/state", Some(state.clone()))
        .expect(200);
    assert_eq!(list(&held, "")[0]["made"], 0);
    assert!(receiver.received().is_empty());
    let sending = crate::support::account("bench-sending-target");
    sending.send("PUT", "/_mock/state", Some(state)).expect(200);
    receiver.await_received(1);
}
