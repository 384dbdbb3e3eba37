//! How a socket is opened, and what is said to whoever asks wrongly.

use serde_json::{Value, json};

use super::world;
use crate::support::socket::Socket;
use crate::support::{Answer, Connection, account, anonymous};

const HANDSHAKE: [(&str, &str); 4] = [
    ("upgrade", "websocket"),
    ("connection", "keep-alive, Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// The answer to a handshake in which a header is another, or missing.
fn ask_with(name: &str, value: Option<&str>) -> Answer {
    let headers: Vec<(&str, &str)> = HANDSHAKE
        .into_iter()
        .filter(|(known, _)| *known != name)
        .chain(value.map(|value| (name, value)))
        .collect();
    anonymous().send("GET", "/v1/ws", &headers, b"")
}

#[test]
fn a_handshake_is_answered_as_the_standard_says() {
    let headers: Vec<_> = HANDSHAKE
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    let mut connection = Connection::open(anonymous().address());
    connection.request(
        "GET",
        "/v1/ws?token=om_test_sockets-handshake",
        &headers,
        b"",
    );
    let answer = connection.answer();
    assert_eq!(answer.status, 101);
    // The example of RFC 6455.
    let accept = answer.header("sec-websocket-accept");
    assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(answer.header("content-length"), None);
}

#[test]
fn a_key_travels_in_the_header_or_in_the_query() {
    let (post, [inbox]) = world("sockets-key-ways", ["desk"]);
    let url = format!(
        "ws://{}/v1/ws?token={}",
        post.account.address(),
        post.account.key
    );
    let mut by_query = Socket::open_with(post.account.address(), url);
    let mut by_header = post.account.socket();
    by_query.subscribe();
    by_header.subscribe();
    super::mail(&post, &inbox, "both");
    assert_eq!(by_query.hear_subject(), "both");
    assert_eq!(by_header.hear_subject(), "both");
}

#[test]
fn the_journal_has_the_upgrade_and_hides_its_key() {
    let account = account("sockets-journal");
    let url = format!("ws://{}/v1/ws?token={}", account.address(), account.key);
    let socket = Socket::open_with(account.address(), url);
    let id = socket.upgraded.headers()["x-request-id"]
        .to_str()
        .expect("text");
    let exchange = account
        .get(&format!("/_mock/requests/{id}"))
        .expect(200)
        .json();
    assert_eq!(exchange["world"], "sockets-journal");
    assert_eq!(exchange["answer"]["status"], 101);
    assert_eq!(exchange["request"]["path"], "/v1/ws?token=[redacted]");
    assert_eq!(exchange["operation"], Value::Null);
    assert_eq!(exchange["error"], Value::Null);
    assert!(!exchange.to_string().contains(&account.key));
}

#[test]
fn without_a_key_the_socket_opens_only_to_be_closed() {
    for key in [
        None,
        Some("om_live_production"),
        Some("om_test_bad/name"),
        Some("om_test_w.nobody"),
    ] {
        let mut socket = Socket::open(anonymous().address(), key);
        assert!(socket.hear_error().contains("om_test_<name>"), "{key:?}");
        assert_eq!(socket.hear_end(), Some(4001), "{key:?}");
        let id = socket.upgraded.headers()["x-request-id"]
            .to_str()
            .expect("text");
        let exchange = account("default").get(&format!("/_mock/requests/{id}"));
        assert_eq!(exchange.expect(200).json()["error"], "unauthorized");
    }
}

#[test]
fn what_asks_for_no_socket_is_told_to() {
    for answer in [
        anonymous().send("GET", "/v1/ws", &[], b""),
        ask_with("upgrade", Some("h2c")),
        ask_with("upgrade", None),
    ] {
        let answer = answer.refused(426, "upgrade_required");
        assert_eq!(answer.header("upgrade"), Some("websocket"));
        assert_eq!(answer.header("connection"), Some("upgrade"));
    }
}

#[test]
fn a_wrong_handshake_is_told_what_is_wrong() {
    let answer = ask_with("sec-websocket-version", Some("8")).refused(400, "bad_request");
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    assert!(answer.message().contains("Sec-WebSocket-Version"));
    ask_with("sec-websocket-version", None).refused(400, "bad_request");
    let answer = ask_with("connection", Some("keep-alive")).refused(400, "bad_request");
    assert!(answer.message().contains("Connection: Upgrade"));
    for key in [
        None,
        Some(""),
        Some("short"),
        Some("dGhlIHNhbXBsZSBub25jZQ==x"),
        Some("AAAA"),
    ] {
        let answer = ask_with("sec-websocket-key", key).refused(400, "bad_request");
        assert!(answer.message().contains("Sec-WebSocket-Key"), "{key:?}");
    }
}

#[test]
fn sockets_have_one_method() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = anonymous().send(method, "/v1/ws", &[], b"");
        let answer = answer.refused(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("GET"));
    }
    assert_eq!(anonymous().send("HEAD", "/v1/ws", &[], b"").status, 405);
}

#[test]
fn http_1_0_upgrades_nothing() {
    let mut connection = Connection::open(anonymous().address());
    let mut text = "GET /v1/ws HTTP/1.0\r\n".to_owned();
    for (name, value) in HANDSHAKE {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    connection.write(format!("{text}\r\n").as_bytes());
    connection.answer().refused(426, "upgrade_required");
}

#[test]
fn a_refused_handshake_leaves_the_connection_for_requests() {
    let mut connection = Connection::open(anonymous().address());
    connection.request("GET", "/v1/ws", &[("upgrade", "websocket".to_owned())], b"");
    connection.answer().refused(400, "bad_request");
    connection.request("GET", "/health", &[], b"");
    connection.answer().expect(200);
}

#[test]
fn frames_may_come_with_the_handshake() {
    let mut connection = Connection::open(anonymous().address());
    let mut text = "GET /v1/ws?token=om_test_sockets-early HTTP/1.1\r\nhost: here\r\n".to_owned();
    for (name, value) in HANDSHAKE {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let ping = br#"{"type":"ping"}"#;
    let mut bytes = text.into_bytes();
    // Masked with zeros.
    bytes.extend_from_slice(&[0x81, 0x80 | 15, 0, 0, 0, 0]);
    bytes.extend_from_slice(ping);
    connection.write(&bytes);
    assert_eq!(connection.answer().status, 101);
    assert!(connection.begins_with(b"\x81\x0f{\"type\":\"pong\"}"));
}

#[test]
fn a_socket_is_no_operation_of_the_document() {
    let document = anonymous()
        .send("GET", "/openapi.json", &[], b"")
        .expect(200)
        .json();
    assert_eq!(document["paths"].get("/v1/ws"), None);
    // A worker's request for it is recorded where its owner looks, whatever becomes of it.
    let account = account("sockets-plain");
    account.get("/v1/ws").refused(426, "upgrade_required");
    let listed = account
        .get("/_mock/requests?path=/v1/ws")
        .expect(200)
        .json();
    assert_eq!(listed["total"], json!(1));
}
