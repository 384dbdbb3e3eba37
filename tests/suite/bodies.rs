//! Large bodies: which calls take them, and what all of them may hold together.
//!
//! No call of ours takes more than another yet, so these tests put a plane of their own where the
//! control plane stands.

use openmail_mock::api::call::{Call, Request};
use openmail_mock::api::failures::Failure;
use openmail_mock::api::reply::Reply;
use openmail_mock::api::{Plane, Row, Shared};
use openmail_mock::contract::{Contract, Operation};
use openmail_mock::server::MAX_HELD;

use crate::support::{self, Answer, Connection, Served};

const MIB: usize = 1024 * 1024;
/// The bound of a body that carries state, unless the option says otherwise.
const MAX_BODY: usize = 36 * MIB;

fn taken(_: &Call<'_>) -> Result<Reply, Failure> {
    Ok(Reply::no_content())
}

fn panicking(_: &Call<'_>) -> Result<Reply, Failure> {
    panic!("on purpose");
}

const ROWS: &[Row] = &[
    Row::guarded("putState", taken).with_large_body(),
    Row::guarded("panic", panicking).with_large_body(),
    Row::guarded("putName", taken),
];

fn admit(_: &Shared, _: &Request, _: &Operation) -> Result<String, Failure> {
    Ok("w".to_owned())
}

fn plane() -> Plane {
    let operation = |id: &str| {
        format!(
            r#"{{"put":{{"operationId":"{id}","requestBody":{{"content":{{"application/json":{{}}}}}},
            "responses":{{"204":{{"description":"d"}},"default":{{"description":"d",
            "content":{{"application/json":{{}}}}}}}}}}}}"#
        )
    };
    let document = format!(
        r#"{{"openapi":"3.0.3","info":{{"title":"t","version":"1"}},
        "paths":{{"/_mock/state":{},"/_mock/panic":{},"/_mock/name":{}}}}}"#,
        operation("putState"),
        operation("panic"),
        operation("putName")
    );
    let contract = Contract::load(document).expect("no faults");
    Plane::guarded(contract, ROWS.iter(), admit)
}

fn serve(max_body: usize) -> Served {
    support::serve(plane, max_body)
}

/// A JSON text in so many bytes.
fn json_of(length: usize) -> Vec<u8> {
    let mut body = b"{}".to_vec();
    body.resize(length, b' ');
    body
}

fn head(path: &str, lines: &str) -> Vec<u8> {
    let line = format!("PUT /_mock/{path} HTTP/1.1\r\nhost: localhost\r\n");
    format!("{line}content-type: application/json\r\n{lines}\r\n").into_bytes()
}

fn chunk_of(length: usize) -> Vec<u8> {
    let size = format!("{length:x}\r\n").into_bytes();
    [size, json_of(length), b"\r\n".to_vec()].concat()
}

impl Served {
    fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// The answer to a body whose length is announced.
    fn put(&self, path: &str, length: usize) -> Answer {
        let mut connection = self.connect();
        let lines = format!("content-length: {length}\r\n");
        connection.write(&[head(path, &lines), json_of(length)].concat());
        connection.answer()
    }

    /// The answer to a body in one chunk, so that its length shows only as it comes.
    fn put_chunk(&self, path: &str, length: usize) -> Answer {
        let mut connection = self.connect();
        let lines = "transfer-encoding: chunked\r\n";
        let end = b"0\r\n\r\n".to_vec();
        connection.write(&[head(path, lines), chunk_of(length), end].concat());
        connection.answer()
    }

    /// A request whose body of so many bytes is awaited, and of which nothing has come yet.
    fn announce(&self, length: usize) -> Connection {
        let mut connection = self.connect();
        let lines = format!("content-length: {length}\r\nexpect: 100-continue\r\n");
        connection.write(&head("state", &lines));
        assert!(
            connection.starts_with("HTTP/1.1 100"),
            "the body is awaited"
        );
        connection
    }

    /// As many announced bodies as there is room for; what they leave is less than one of them.
    fn fill(&self) -> Vec<Connection> {
        let count = MAX_HELD / MAX_BODY;
        (0..count).map(|_| self.announce(MAX_BODY)).collect()
    }
}

/// What [`Served::fill`] leaves.
const LEFT: usize = MAX_HELD % MAX_BODY;

#[track_caller]
fn assert_busy(answer: &Answer) {
    assert_eq!(answer.status, 503);
    assert_eq!(answer.error(), "server_busy");
    assert!(!answer.message().is_empty());
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[test]
fn a_call_with_a_large_body_takes_one() {
    let served = serve(3 * MIB);
    served.put("state", 3 * MIB).expect(204);
    served.put_chunk("state", 3 * MIB).expect(204);
}

#[test]
fn past_the_bound_of_large_bodies_the_option_is_named() {
    let served = serve(3 * MIB);
    for answer in [
        served.put("state", 3 * MIB + 1),
        served.put_chunk("state", 3 * MIB + 1),
    ] {
        let message = answer.refused(413, "payload_too_large").message();
        assert!(message.contains("3145728"), "{message}");
        assert!(message.contains("--max-body"), "{message}");
    }
}

#[test]
fn another_call_on_the_same_plane_takes_one_mebibyte() {
    let served = serve(3 * MIB);
    served.put("name", MIB).expect(204);
    served.put_chunk("name", MIB).expect(204);
    for answer in [
        served.put("name", MIB + 1),
        served.put_chunk("name", MIB + 1),
    ] {
        let message = answer.refused(413, "payload_too_large").message();
        assert!(message.contains("1048576"), "{message}");
        assert!(!message.contains("--max-body"), "{message}");
    }
}

#[test]
fn a_bound_below_a_mebibyte_holds_for_large_bodies_alone() {
    let served = serve(1_000);
    served.put("state", 1_000).expect(204);
    served.put("state", 1_001).refused(413, "payload_too_large");
    served.put("name", 1_001).expect(204);
}

#[test]
fn a_connection_lives_on_after_a_body_past_the_option() {
    let served = serve(3 * MIB);
    let mut connection = served.connect();
    let length = 6 * MIB;
    let refused = head("state", &format!("content-length: {length}\r\n"));
    connection.write(&[refused, json_of(length)].concat());
    connection.answer().expect(413);
    connection.write(&[head("state", "content-length: 2\r\n"), json_of(2)].concat());
    connection.answer().expect(204);
}

#[test]
fn a_body_in_many_pieces_is_put_together() {
    let served = serve(8 * MIB);
    let mut connection = served.connect();
    connection.write(&head("state", "transfer-encoding: chunked\r\n"));
    connection.write(b"3\r\n{\"a\r\n");
    for _ in 0..5 {
        let filler = "a".repeat(MIB);
        connection.write(format!("{MIB:x}\r\n{filler}\r\n").as_bytes());
    }
    connection.write(b"4\r\n\": 1\r\n1\r\n}\r\n0\r\n\r\n");
    connection.answer().expect(204);
}

#[test]
fn past_what_all_may_hold_a_body_is_refused_before_any_of_it_is_read() {
    let served = serve(MAX_BODY);
    let filling = served.fill();
    let mut connection = served.connect();
    let lines = format!("content-length: {}\r\n", LEFT + 1);
    connection.write(&head("state", &lines));
    assert_busy(&connection.answer());
    drop(filling);
}

#[test]
fn whoever_writes_all_of_a_refused_body_first_sees_the_answer() {
    let served = serve(MAX_BODY);
    let filling = served.fill();
    for _ in 0..5 {
        assert_busy(&served.put("state", LEFT + MIB));
    }
    drop(filling);
}

#[test]
fn a_body_of_unknown_length_is_refused_when_it_outgrows_what_is_left() {
    let served = serve(MAX_BODY);
    let filling = served.fill();
    served.put_chunk("state", LEFT).expect(204);
    assert_busy(&served.put_chunk("state", LEFT + MIB));
    drop(filling);
}

#[test]
fn bodies_up_to_a_mebibyte_need_no_share() {
    let served = serve(MAX_BODY);
    let mut filling = served.fill();
    filling.push(served.announce(LEFT));
    assert_busy(&served.put("state", MIB + 1));
    served.put("state", MIB).expect(204);
    served.put_chunk("name", MIB).expect(204);
}

/// Each of these would find no room if the one before had kept its share.
#[test]
fn a_share_is_given_back_whatever_becomes_of_the_request() {
    let served = serve(MAX_BODY);
    let filling = served.fill();
    served.put("state", LEFT).expect(204);
    served.put_chunk("state", LEFT).expect(204);
    served.put("panic", LEFT).refused(500, "internal_error");
    assert_busy(&served.put_chunk("state", LEFT + 1));
    served.put("state", LEFT).expect(204);
    drop(filling);
}

#[test]
fn a_peer_that_vanishes_gives_its_share_back() {
    let served = serve(MAX_BODY);
    let mut filling = served.fill();
    drop(filling.pop());
    // Nobody is told when the server notices; one answer is as good a moment to look as another.
    let is_taken = |_| {
        let mut connection = served.connect();
        let lines = format!("content-length: {MAX_BODY}\r\nexpect: 100-continue\r\n");
        connection.write(&head("state", &lines));
        connection.starts_with("HTTP/1.1 100")
    };
    assert!((0..20_000).any(is_taken), "the share is not given back");
}
