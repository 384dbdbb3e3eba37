//! The spine without a socket: what holds between a complete request and its complete answer.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, StatusCode};

use openmail_mock::api::call::{Body, Call, Request};
use openmail_mock::api::failures::Failure;
use openmail_mock::api::reply::Reply;
use openmail_mock::api::spine::{self, Exchanged};
use openmail_mock::api::{Plane, Row, Shared};
use openmail_mock::contract::{Contract, Operation};
use openmail_mock::domain::pods::{self, NewPod};
use openmail_mock::domain::refusal::Refusal;

use crate::support::shared;

fn request(method: Method, path: &str) -> Request {
    let mut headers = HeaderMap::new();
    let key = "Bearer om_test_w".parse().expect("a header value");
    headers.insert("authorization", key);
    Request {
        method,
        uri: path.parse().expect("a path"),
        version: hyper::Version::HTTP_11,
        headers,
        body: Body::Whole(Bytes::new()),
    }
}

/// Walks a request that waits for nothing: one poll is the whole way.
fn exchange(shared: &Shared, plane: &Plane, request: &Request) -> Exchanged {
    let walk = pin!(spine::exchange(shared, plane, request));
    match walk.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(exchanged) => exchanged,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn the_exchange_is_recorded_before_the_answer_is_handed_on() {
    let shared = shared();
    let request = request(Method::GET, "/v1/me");
    let exchanged = exchange(&shared, &shared.api, &request);
    let world = shared.app.peek("w").expect("the key opened it");
    let number = exchanged.id.strip_prefix("req_").expect("an id").parse();
    let recorded = world.exchange(number.expect("a number")).expect("an entry");
    assert_eq!(recorded.answer().bytes, &exchanged.reply.body[..]);
}

/// Starts to write, then fails as no code of ours should.
fn panicking(call: &Call<'_>) -> Result<Reply, Failure> {
    call.caller.write(|tx| -> Result<(), Refusal> {
        pods::create(tx, NewPod::default())?;
        panic!("on purpose");
    })?;
    Ok(Reply::no_content())
}

const PANICKING: &[Row] = &[Row::guarded("panic", panicking)];

fn admit(_: &Shared, _: &Request, _: &Operation) -> Result<String, Failure> {
    Ok("w".to_owned())
}

fn panicking_plane() -> Plane {
    let document = r#"{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/panic":{"get":
        {"operationId":"panic","responses":{"default":{"description":"d","content":{"application/json":{}}}}}}}}"#;
    let contract = Contract::load(document.to_owned()).expect("no faults");
    Plane::guarded(contract, PANICKING.iter(), admit)
}

#[test]
fn a_panic_is_a_500_with_the_id_of_its_exchange() {
    let (shared, plane) = (shared(), panicking_plane());
    let exchanged = exchange(&shared, &plane, &request(Method::GET, "/panic"));
    assert_eq!(exchanged.reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(exchanged.error.as_deref(), Some("internal_error"));
    let body = String::from_utf8_lossy(&exchanged.reply.body).into_owned();
    assert!(body.contains(&exchanged.id), "{body}");
    let defect = exchanged.defect.unwrap_or_default();
    assert!(defect.contains("on purpose"), "{defect}");
    let tally = shared.app.tally();
    let counted = &tally.breaches.told_apart()[0];
    assert_eq!(
        (&*counted.name, &counted.remark),
        ("GET /panic", &defect),
        "what a panic answers proves nothing"
    );
}

#[test]
fn a_panic_leaves_no_trace_and_its_world_goes_on() {
    let (shared, plane) = (shared(), panicking_plane());
    let _ = exchange(&shared, &plane, &request(Method::GET, "/panic"));
    let made = exchange(&shared, &shared.api, &request(Method::POST, "/v1/pods"));
    assert_eq!(made.reply.status, StatusCode::CREATED);
    let world = shared.app.peek("w").expect("it is open");
    assert_eq!(world.read(|state| state.pods.len()), 2);
}
