//! What passes by real time, in time that passes when a test says so: sockets without a network.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Version};
use openmail_mock::api::call::{Body, Request};
use openmail_mock::api::{Shared, key_of, spine};
use openmail_mock::app::{Connection, Way};
use openmail_mock::control;
use openmail_mock::domain::events::{self, Route};
use openmail_mock::domain::keys::Holder;
use openmail_mock::push::sockets::{Admission, converse};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::support::shared;

const WORLD: &str = "w";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(future)
}

/// An exchange with the world, without a server; its answer's body.
async fn call(shared: &Shared, method: Method, path: &str, body: Value) -> Value {
    let mut headers = HeaderMap::new();
    let key = format!("Bearer {}", key_of(WORLD));
    headers.insert("authorization", key.parse().expect("a header value"));
    headers.insert(
        "content-type",
        "application/json".parse().expect("likewise"),
    );
    let request = Request {
        method,
        uri: path.parse().expect("a path"),
        version: Version::HTTP_11,
        headers,
        body: Body::Whole(Bytes::from(body.to_string())),
    };
    let control = control::plane();
    let plane = match path.starts_with(control::PREFIX) {
        true => &control,
        false => &shared.api,
    };
    let exchanged = spine::exchange(shared, plane, &request).await;
    assert!(exchanged.reply.status.is_success(), "{exchanged:?}");
    serde_json::from_slice(&exchanged.reply.body).unwrap_or_default()
}

async fn inbox(shared: &Shared, body: Value) -> Value {
    call(shared, Method::POST, "/v1/inboxes", body).await
}

async fn mail(shared: &Shared, inbox: &Value, text: &str) {
    let mail = json!({ "from": "a@example.com", "to": inbox["address"], "text": text });
    call(shared, Method::POST, "/_mock/inbound", mail).await;
}

fn connect(shared: &Shared, number: u64) -> Connection {
    let caller = shared.app.enter(WORLD, Holder::World);
    let caller = caller.expect("there is room");
    caller.connect(number).expect("a place")
}

/// A socket that is served in a task of its own, behind a pipe that holds so many bytes.
fn open(shared: &Arc<Shared>, room: usize) -> (DuplexStream, tokio::task::JoinHandle<Duration>) {
    let (near, far) = duplex(room);
    let (shared, begun) = (shared.clone(), Instant::now());
    let admission = Admission::Connected(connect(&shared, 1));
    let served = tokio::spawn(async move {
        converse(far, &admission, &shared.app, "http://here").await;
        begun.elapsed()
    });
    (near, served)
}

async fn client(stream: DuplexStream) -> WebSocketStream<DuplexStream> {
    WebSocketStream::from_raw_socket(stream, Role::Client, None).await
}

async fn ask(socket: &mut WebSocketStream<DuplexStream>, frame: Value) -> Value {
    let sent = socket.send(Message::text(frame.to_string())).await;
    sent.expect("it is open");
    hear(socket).await
}

async fn hear(socket: &mut WebSocketStream<DuplexStream>) -> Value {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).expect("JSON"),
            Some(Ok(Message::Ping(_))) => {}
            other => panic!("no frame: {other:?}"),
        }
    }
}

/// The ways of all events so far.
fn routes(shared: &Shared) -> Vec<Route> {
    let world = shared.app.peek(WORLD).expect("it is open");
    world.read(|state| events::all(state).map(|event| event.route).collect())
}

#[test]
fn a_peer_that_answers_pings_stays() {
    block_on(async {
        let shared = Arc::new(shared());
        let (stream, _served) = open(&shared, 1_024);
        let mut socket = client(stream).await;
        let begun = Instant::now();
        for round in 1..=20 {
            let ping = socket.next().await.expect("a frame").expect("a frame");
            assert!(ping.is_ping(), "{ping:?}");
            assert_eq!(begun.elapsed().as_secs(), round * 30);
        }
    });
}

#[test]
fn a_peer_that_answers_no_ping_is_cut_off() {
    block_on(async {
        let shared = Arc::new(shared());
        let (mut stream, served) = open(&shared, 1_024);
        let took = served.await.expect("it ends");
        assert_eq!(took.as_secs(), 40);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.expect("it is over");
        // A ping and no close frame.
        assert_eq!(rest, [0x89, 0]);
        let world = shared.app.peek(WORLD).expect("it is open");
        assert_eq!(world.sockets().len(), 0);
    });
}

#[test]
fn a_frame_that_is_not_taken_ends_the_socket() {
    block_on(async {
        let shared = Arc::new(shared());
        let (stream, served) = open(&shared, 512);
        let mut socket = client(stream).await;
        ask(&mut socket, json!({ "type": "subscribe" })).await;
        let inbox = inbox(&shared, json!({ "mailboxName": "desk" })).await;
        mail(&shared, &inbox, &"long ".repeat(1_000)).await;
        mail(&shared, &inbox, "never begun").await;
        let took = served.await.expect("it ends");
        assert_eq!(took.as_secs(), 10);
        let mut rest = Vec::new();
        let mut stream = socket.into_inner();
        stream.read_to_end(&mut rest).await.expect("it is over");
        // Of the first frame, what the pipe held.
        assert_eq!(rest.len(), 512);
    });
}

#[test]
fn a_slow_reader_hears_all_that_it_takes_in_time() {
    block_on(async {
        let shared = Arc::new(shared());
        let (stream, _served) = open(&shared, 64);
        let mut socket = client(stream).await;
        ask(&mut socket, json!({ "type": "subscribe" })).await;
        let inbox = inbox(&shared, json!({ "mailboxName": "desk" })).await;
        for number in 0..5 {
            mail(&shared, &inbox, &number.to_string()).await;
        }
        for number in 0..5 {
            sleep(Duration::from_secs(9)).await;
            let event = hear(&mut socket).await;
            assert_eq!(
                event["message"]["body_text"].as_str().map(str::trim),
                Some(number.to_string().as_str())
            );
            assert!(
                event["message"]["attachments"]
                    .as_array()
                    .is_some_and(Vec::is_empty)
            );
        }
    });
}

#[test]
fn thirty_messages_may_come_every_ten_seconds() {
    block_on(async {
        let shared = Arc::new(shared());
        let (stream, _served) = open(&shared, 64 * 1_024);
        let mut socket = client(stream).await;
        let ping = || json!({ "type": "ping" });
        for _ in 0..3 {
            for _ in 0..30 {
                assert_eq!(ask(&mut socket, ping()).await["type"], "pong");
            }
            sleep(Duration::from_secs(10)).await;
        }
        for _ in 0..30 {
            assert_eq!(ask(&mut socket, ping()).await["type"], "pong");
        }
        sleep(Duration::from_millis(9_999)).await;
        assert_eq!(ask(&mut socket, ping()).await["type"], "error");
    });
}

#[test]
fn a_half_open_socket_is_not_late() {
    block_on(async {
        let shared = Arc::new(shared());
        let (stream, served) = open(&shared, 1_024);
        let mut socket = client(stream).await;
        ask(&mut socket, json!({ "type": "subscribe" })).await;
        let half_open = |is_so: bool| json!({ "halfOpen": is_so });
        let path = "/_mock/sockets/sock_1/mode";
        call(&shared, Method::PUT, path, half_open(true)).await;
        sleep(Duration::from_secs(3_600)).await;
        assert!(!served.is_finished());
        call(&shared, Method::PUT, path, half_open(false)).await;
        assert_eq!(
            ask(&mut socket, json!({ "type": "ping" })).await["type"],
            "pong"
        );
    });
}

#[test]
fn a_socket_that_is_subscribed_goes_before_a_webhook() {
    block_on(async {
        let shared = Arc::new(shared());
        let plain = inbox(&shared, json!({ "mailboxName": "plain" })).await;
        let url = "http://127.0.0.1:9/nobody";
        let hooked = json!({ "mailboxName": "hooked", "webhookUrl": url });
        let hooked = inbox(&shared, hooked).await;
        let (stream, served) = open(&shared, 64 * 1_024);
        let mut socket = client(stream).await;
        // Connected is not subscribed.
        for inbox in [&plain, &hooked] {
            mail(&shared, inbox, "").await;
        }
        assert_eq!(routes(&shared), [Route::Nowhere, Route::Webhook]);
        let wish = json!({ "type": "subscribe", "inbox_ids": [hooked["id"]] });
        ask(&mut socket, wish).await;
        for inbox in [&plain, &hooked] {
            mail(&shared, inbox, "").await;
        }
        assert_eq!(routes(&shared)[2..], [Route::Nowhere, Route::Socket]);
        assert_eq!(hear(&mut socket).await["inbox_id"], hooked["id"]);
        // What the client asked for, but not of this type.
        ask(&mut socket, json!({ "type": "unsubscribe" })).await;
        let wish = json!({ "type": "subscribe", "event_types": ["inbox.suspended"] });
        ask(&mut socket, wish).await;
        mail(&shared, &hooked, "").await;
        assert_eq!(routes(&shared)[4..], [Route::Webhook]);
        ask(&mut socket, json!({ "type": "subscribe" })).await;
        socket.close(None).await.expect("it is open");
        served.await.expect("it ends");
        mail(&shared, &hooked, "").await;
        assert_eq!(routes(&shared)[5..], [Route::Webhook]);
    });
}

#[test]
fn a_socket_whose_key_is_gone_takes_no_event_from_a_webhook() {
    block_on(async {
        let shared = Arc::new(shared());
        let url = "http://127.0.0.1:9/nobody";
        let inbox = inbox(&shared, json!({ "mailboxName": "desk", "webhookUrl": url })).await;
        let keys = format!(
            "/v1/inboxes/{}/api-keys",
            inbox["id"].as_str().expect("an id")
        );
        let key = call(&shared, Method::POST, &keys, json!({})).await;
        let world = shared.app.peek(WORLD).expect("it is open");
        let token = key["token"].as_str().expect("a token");
        let holder = world.read(|state| openmail_mock::domain::keys::holder(state, token));
        let caller = shared.app.enter(WORLD, holder.expect("a key"));
        // Nobody serves it, so nobody notices.
        let connection = caller.expect("there is room").connect(1).expect("a place");
        connection.subscribe(|subscriptions, _, _| {
            subscriptions.push(events::Subscription {
                inboxes: None,
                except: Vec::new(),
                kinds: None,
            });
        });
        mail(&shared, &inbox, "").await;
        let path = format!("{keys}/{}", key["id"].as_str().expect("an id"));
        call(&shared, Method::DELETE, &path, json!({})).await;
        mail(&shared, &inbox, "").await;
        assert_eq!(routes(&shared), [Route::Socket, Route::Webhook]);
    });
}

#[test]
fn nothing_of_a_state_that_was_replaced_leaves_a_socket() {
    block_on(async {
        let shared = shared();
        let connection = connect(&shared, 1);
        let before = connection.world().generation();
        let sent = |copies: usize| copies;
        assert_eq!(connection.pass(before, sent), Way::Left(1));
        call(&shared, Method::POST, "/_mock/reset", json!({})).await;
        assert_eq!(connection.pass(before, sent), Way::Barred);
        let after = connection.world().generation();
        assert_eq!(connection.pass(after, sent), Way::Left(1));
        let mode = json!({ "gap": 1, "duplicate": 1 });
        call(&shared, Method::PUT, "/_mock/sockets/sock_1/mode", mode).await;
        assert_eq!(connection.pass(after, sent), Way::Skipped);
        assert_eq!(connection.pass(after, sent), Way::Left(2));
        call(&shared, Method::DELETE, "/_mock/sockets/sock_1", json!({})).await;
        assert_eq!(connection.pass(after, sent), Way::Barred);
    });
}

#[test]
fn a_half_open_socket_whose_peer_is_gone_gives_its_place_back() {
    block_on(async {
        let shared = Arc::new(shared());
        let (stream, served) = open(&shared, 1_024);
        let mut socket = client(stream).await;
        ask(&mut socket, json!({ "type": "subscribe" })).await;
        let path = "/_mock/sockets/sock_1/mode";
        call(&shared, Method::PUT, path, json!({ "halfOpen": true })).await;
        // What it says first is not heard, and hides nothing.
        let ping = Message::text(json!({ "type": "ping" }).to_string());
        socket.send(ping).await.expect("it is open");
        drop(socket);
        served.await.expect("it ends");
        let world = shared.app.peek(WORLD).expect("it is open");
        assert_eq!(world.sockets().len(), 0);
    });
}

#[test]
fn what_a_client_said_to_a_half_open_socket_is_heard_when_that_ends() {
    block_on(async {
        let shared = Arc::new(shared());
        let (stream, _served) = open(&shared, 1_024);
        let mut socket = client(stream).await;
        let path = "/_mock/sockets/sock_1/mode";
        call(&shared, Method::PUT, path, json!({ "halfOpen": true })).await;
        let wish = Message::text(json!({ "type": "subscribe" }).to_string());
        socket.send(wish).await.expect("it is open");
        sleep(Duration::from_secs(60)).await;
        call(&shared, Method::PUT, path, json!({})).await;
        assert_eq!(hear(&mut socket).await["type"], "subscribed");
    });
}

#[test]
fn the_bench_waits_for_no_frame_that_is_stuck() {
    block_on(async {
        let shared = Arc::new(shared());
        let (stream, served) = open(&shared, 64);
        let mut socket = client(stream).await;
        let begun = Instant::now();
        // The answer names what was wrong, at more length than the pipe holds.
        let wrong = json!({ "type": "subscribe", "inbox_ids": ["nobody"] });
        let sent = socket.send(Message::text(wrong.to_string())).await;
        sent.expect("it is open");
        sleep(Duration::from_secs(1)).await;
        let path = "/_mock/sockets/sock_1?code=1012";
        call(&shared, Method::DELETE, path, json!({})).await;
        served.await.expect("it ends");
        // It was given a second to take the rest and the close frame.
        assert_eq!(begun.elapsed().as_secs(), 2);
    });
}
