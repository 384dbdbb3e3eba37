//! The server as a socket sees it: framing, bounds, CORS, and an orderly end.

use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::Duration;

use openmail_mock::{Config, Running};

use crate::support::{Answer, Connection, start};

/// A mock of these tests' own: they speak to it in bytes, by its address.
static MOCK: LazyLock<Running> = LazyLock::new(|| start(Config::default()));

const MIB: usize = 1024 * 1024;
const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn connect() -> Connection {
    Connection::open(MOCK.address())
}

/// The answer to these very bytes.
fn answer_to(bytes: impl AsRef<[u8]>) -> Answer {
    let mut connection = connect();
    connection.write(bytes.as_ref());
    connection.answer()
}

/// The head of a request that creates a pod in the world, with further header lines.
fn create_pod(world: &str, lines: &str) -> String {
    format!(
        "POST /v1/pods HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer om_test_{world}\r\n\
         content-type: application/json\r\n{lines}\r\n"
    )
}

/// An answer with the envelope that all errors have, and with its number in the journal.
#[track_caller]
fn assert_envelope(answer: Answer, status: u16, code: &str) {
    let answer = answer.refused(status, code);
    assert!(!answer.message().is_empty(), "no message");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-request-id").is_some(), "no x-request-id");
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let mut connection = connect();
    for _ in 0..3 {
        connection.write(HEALTH);
        connection.answer().expect(200);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let mut connection = connect();
    let request = |n| format!("GET /nowhere-{n} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    connection.write((0..20).map(request).collect::<String>().as_bytes());
    for n in 0..20 {
        let message = connection.answer().refused(404, "not_found").message();
        assert!(message.contains(&format!("/nowhere-{n} ")), "{message}");
    }
}

#[test]
fn bytes_past_the_content_length_begin_the_next_request() {
    let mut connection = connect();
    let head = create_pod("past-length", "content-length: 2\r\n");
    connection.write(format!("{head}{{}}GET /health HTTP/1.1\r\n\r\n").as_bytes());
    connection.answer().expect(201);
    connection.answer().expect(200);
}

#[test]
fn a_body_shorter_than_its_content_length_is_a_bad_request() {
    let mut connection = connect();
    let head = create_pod("short-body", "content-length: 100\r\n");
    connection.write(format!("{head}{{}}").as_bytes());
    connection.finish();
    let answer = connection.answer();
    let message = answer.message();
    assert!(message.contains("2 bytes") && message.contains("100"));
    assert_envelope(answer, 400, "bad_request");
}

#[test]
fn a_content_length_that_is_no_length_is_a_bad_request() {
    for lines in [
        "content-length: -1\r\n",
        "content-length: +2\r\n",
        "content-length: two\r\n",
        "content-length: \r\n",
        "content-length: 99999999999999999999999\r\n",
        "content-length: 2\r\ncontent-length: 3\r\n",
    ] {
        let answer = answer_to(create_pod("ill-length", lines) + "{}");
        assert_envelope(answer, 400, "bad_request");
    }
}

/// Whoever counted by the length would read the chunks' end as a second request.
#[test]
fn a_content_length_beside_chunks_counts_for_nothing() {
    let mut connection = connect();
    let lines = "content-length: 4\r\ntransfer-encoding: chunked\r\n";
    let head = create_pod("two-framings", lines);
    connection.write(format!("{head}2\r\n{{}}\r\n0\r\n\r\n").as_bytes());
    connection.answer().expect(201);
    assert!(
        connection.is_closed(),
        "such a connection is not used again"
    );
}

#[test]
fn a_chunked_body_is_put_together() {
    let mut connection = connect();
    let head = create_pod("chunked", "transfer-encoding: chunked\r\n");
    connection.write(head.as_bytes());
    for piece in ["{\"name\"", ": \"Mer", "idian\"}"] {
        connection.write(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes());
    }
    connection.write(b"0\r\n\r\n");
    assert_eq!(connection.answer().expect(201).json()["name"], "Meridian");
}

#[test]
fn broken_chunks_are_a_bad_request() {
    let head = create_pod("broken-chunks", "transfer-encoding: chunked\r\n");
    let answer = answer_to(head + "2\r\n{}\r\nzz\r\n");
    assert_envelope(answer, 400, "bad_request");
}

#[test]
fn another_transfer_encoding_than_chunked_is_a_bad_request() {
    let head = create_pod("gzip-framing", "transfer-encoding: gzip\r\n");
    assert_envelope(answer_to(head + "{}"), 400, "bad_request");
}

/// A pod in so many bytes.
fn pod_of(length: usize) -> Vec<u8> {
    let mut body = b"{\"name\": \"Meridian\"}".to_vec();
    body.resize(length, b' ');
    body
}

#[test]
fn a_body_of_one_mebibyte_is_taken() {
    let head = create_pod("one-mebibyte", &format!("content-length: {MIB}\r\n"));
    answer_to([head.into_bytes(), pod_of(MIB)].concat()).expect(201);
}

#[test]
fn a_larger_body_is_refused_to_a_client_that_writes_all_of_it_first() {
    let length = MIB + 1;
    let head = create_pod("too-large", &format!("content-length: {length}\r\n"));
    let answer = answer_to([head.into_bytes(), pod_of(length)].concat());
    assert_envelope(answer, 413, "payload_too_large");
}

#[test]
fn a_larger_body_is_refused_to_a_client_that_asks_before_it_writes() {
    let length = MIB + 1;
    let lines = format!("content-length: {length}\r\nexpect: 100-continue\r\n");
    let mut connection = connect();
    connection.write(create_pod("asks-first", &lines).as_bytes());
    assert!(
        !connection.is_closed(),
        "100 Continue or the refusal itself"
    );
    connection.write(&pod_of(length));
    assert_envelope(connection.answer(), 413, "payload_too_large");
}

#[test]
fn the_connection_lives_on_after_a_body_that_was_too_large() {
    let length = MIB + 1;
    let head = create_pod("lives-on", &format!("content-length: {length}\r\n"));
    let mut connection = connect();
    connection.write(&[head.into_bytes(), pod_of(length)].concat());
    connection.answer().expect(413);
    connection.write(HEALTH);
    connection.answer().expect(200);
}

/// A request whose head has so many headers, or one header of so many bytes.
fn health_with(lines: &str) -> String {
    format!("GET /health HTTP/1.1\r\n{lines}\r\n")
}

#[test]
fn a_hundred_headers_are_taken() {
    answer_to(health_with(&"x: y\r\n".repeat(100))).expect(200);
}

#[test]
fn more_than_a_hundred_headers_are_refused() {
    let answer = answer_to(health_with(&"x: y\r\n".repeat(101)));
    assert_envelope(answer, 431, "request_header_fields_too_large");
}

#[test]
fn a_header_past_the_bound_is_refused() {
    let header = format!("x: {}\r\n", "y".repeat(70 * 1024));
    let answer = answer_to(health_with(&header));
    assert_envelope(answer, 431, "request_header_fields_too_large");
}

#[test]
fn a_target_past_the_bound_is_refused() {
    let target = "y".repeat(70 * 1024);
    let answer = answer_to(format!("GET /{target} HTTP/1.1\r\n\r\n"));
    assert_envelope(answer, 431, "request_header_fields_too_large");
}

/// The socket used to be closed with bytes unread, which reset the client before it could read.
#[test]
fn a_refusal_reaches_a_client_that_goes_on_writing() {
    for _ in 0..10 {
        let header = format!("x: {}\r\n", "y".repeat(4 * MIB));
        let answer = answer_to(health_with(&header));
        assert_envelope(answer, 431, "request_header_fields_too_large");
    }
}

#[test]
fn a_line_that_is_no_request_is_a_bad_request() {
    for line in [
        "what is this\r\n\r\n",
        "GET\r\n\r\n",
        "GET /health HTTP/9.9\r\n\r\n",
        "GET /health HTTP/1.1\r\nno colon\r\n\r\n",
        "\u{16}\u{3}\u{1} a TLS greeting \r\n\r\n",
    ] {
        assert_envelope(answer_to(line), 400, "bad_request");
    }
}

#[test]
fn the_connection_ends_after_a_request_that_could_not_be_read() {
    let mut connection = connect();
    connection.write(b"what is this\r\n\r\n");
    connection.answer().expect(400);
    assert!(connection.is_closed());
}

#[test]
fn a_request_that_could_not_be_read_ends_a_pipeline_in_order() {
    let mut connection = connect();
    connection.write(&[HEALTH, HEALTH, b"what is this\r\n\r\n"].concat());
    connection.answer().expect(200);
    connection.answer().expect(200);
    assert_envelope(connection.answer(), 400, "bad_request");
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let mut connection = connect();
    connection.write(b"GET /health HTTP/1.0\r\n\r\n");
    connection.answer().expect(200);
    assert!(connection.is_closed());
}

/// hyper's own answers repeat the version that was spoken before.
#[test]
fn an_http_1_0_client_gets_the_envelope_too() {
    let mut connection = connect();
    connection.write(b"GET /health HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    connection.answer().expect(200);
    connection.write(b"what is this\r\n\r\n");
    assert_envelope(connection.answer(), 400, "bad_request");
}

#[test]
fn a_target_in_absolute_form_is_routed_by_its_path() {
    answer_to("GET http://localhost/health HTTP/1.1\r\nhost: localhost\r\n\r\n").expect(200);
}

#[test]
fn head_is_answered_without_a_body() {
    let mut connection = connect();
    connection.request("HEAD", "/health", &[], b"");
    let answer = connection.answer().expect(200);
    assert_eq!(answer.header("content-length"), Some("15"));
    connection.request("GET", "/health", &[], b"");
    assert_eq!(connection.answer().expect(200).json()["status"], "ok");
}

/// What a page on another origin asks before it posts.
fn preflight(path: &str) -> Answer {
    let mut connection = connect();
    let headers = [
        ("origin", "https://app.example.test".to_owned()),
        ("access-control-request-method", "POST".to_owned()),
        (
            "access-control-request-headers",
            "authorization, content-type".to_owned(),
        ),
    ];
    connection.request("OPTIONS", path, &headers, b"");
    connection.answer()
}

#[test]
fn a_preflight_is_allowed_what_the_path_has() {
    let answer = preflight("/v1/pods").expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let methods = answer.header("access-control-allow-methods");
    let methods: Vec<&str> = methods.unwrap_or_default().split(", ").collect();
    assert!(methods.contains(&"GET") && methods.contains(&"POST"));
    let headers = answer.header("access-control-allow-headers");
    assert_eq!(headers, Some("authorization, content-type"));
}

#[test]
fn real_answers_can_be_read_by_pages_of_any_origin() {
    let answer = answer_to("GET /v1/pods HTTP/1.1\r\norigin: https://app.test\r\n\r\n");
    let answer = answer.expect(401);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.is_some_and(|exposed| exposed.contains("x-request-id")));
}

#[test]
fn the_control_plane_is_shared_with_no_page() {
    let answer = preflight("/_mock/reset");
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.header("access-control-allow-methods"), None);
}

#[test]
fn another_method_is_told_which_ones_there_are() {
    let answer = answer_to("PUT /v1/pods HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let allow: Vec<&str> = answer
        .header("allow")
        .unwrap_or_default()
        .split(", ")
        .collect();
    assert!(allow.contains(&"GET") && allow.contains(&"POST"));
    assert_envelope(answer, 405, "method_not_allowed");
}

#[test]
fn another_method_of_the_health_check_is_told_which_ones_there_are() {
    let answer = answer_to("DELETE /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    assert_envelope(answer, 405, "method_not_allowed");
}

#[test]
fn a_path_that_is_nearly_one_gets_a_hint() {
    let answer = answer_to("GET /v1/pod HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let message = answer.message();
    assert!(message.contains("did you mean /v1/pods?"), "{message}");
    assert_envelope(answer, 404, "not_found");
}

/// The exchange of that answer, as the journal of `default` has it.
fn journalled(answer: &Answer) -> Answer {
    let id = answer.header("x-request-id").expect("every answer has one");
    answer_to(format!(
        "GET /_mock/requests/{id} HTTP/1.1\r\nhost: localhost\r\n\r\n"
    ))
}

#[test]
fn a_request_without_a_world_is_in_the_journal_of_default() {
    let answer = answer_to("GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n").expect(404);
    let exchange = journalled(&answer).expect(200).json();
    assert_eq!(exchange["request"]["path"], "/nowhere");
}

#[test]
fn a_request_that_could_not_be_read_is_in_the_journal_of_default() {
    let answer = answer_to("what is this\r\n\r\n").expect(400);
    let exchange = journalled(&answer).expect(200).json();
    assert_eq!(exchange["answer"]["status"], 400);
}

#[test]
fn a_peer_that_vanishes_disturbs_nobody() {
    let mut other = connect();
    let half_a_request = create_pod("vanishes", "content-length: 100\r\n") + "{";
    for end in [10, 60, half_a_request.len()] {
        let mut vanishing = connect();
        vanishing.write(&half_a_request.as_bytes()[..end]);
        drop(vanishing);
        other.write(HEALTH);
        other.answer().expect(200);
    }
}

/// Waits until nobody listens there any more.
fn await_refusal(mock: std::net::SocketAddr) {
    let refused = (0..2_000).any(|_| {
        let refused = TcpStream::connect_timeout(&mock, Duration::from_secs(1)).is_err();
        std::thread::sleep(Duration::from_millis(1));
        refused
    });
    assert!(refused, "the mock goes on listening");
}

#[test]
fn a_request_under_way_is_answered_although_the_server_stops() {
    let mock = start(Config::default());
    let address = mock.address();
    let mut connection = Connection::open(address);
    let lines = "content-length: 2\r\nexpect: 100-continue\r\n";
    connection.write(create_pod("under-way", lines).as_bytes());
    assert!(!connection.is_closed(), "100 Continue: the body is awaited");
    let stopping = std::thread::spawn(move || mock.stop());
    await_refusal(address);
    connection.write(b"{}");
    connection.answer().expect(201);
    stopping.join().expect("it stops");
}

#[test]
fn idle_connections_end_when_the_server_stops() {
    let mock = start(Config::default());
    let mut fresh = Connection::open(mock.address());
    let mut used = Connection::open(mock.address());
    used.write(HEALTH);
    used.answer().expect(200);
    mock.stop();
    assert!(fresh.is_closed() && used.is_closed());
}

#[test]
fn a_new_connection_is_served_beside_thousands_of_idle_ones() {
    const IDLE: u64 = 2_000;
    // Both ends of each connection are files of this process.
    let files = rlimit::increase_nofile_limit(4 * IDLE).unwrap_or_default();
    if files < 3 * IDLE {
        eprintln!("skipped: this process may open no more than {files} files");
        return;
    }
    let idle = (0..IDLE).map(|_| {
        let mut connection = connect();
        connection.write(HEALTH);
        connection.answer().expect(200);
        connection
    });
    let idle: Vec<Connection> = idle.collect();
    answer_to(HEALTH).expect(200);
    drop(idle);
}

#[test]
fn a_body_that_is_announced_far_too_long_is_refused_at_once() {
    let head = "POST /v1/pods HTTP/1.1\r\nhost: x\r\nauthorization: Bearer om_test_w\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n";
    answer_to(format!("{head}{{")).refused(413, "payload_too_large");
}
