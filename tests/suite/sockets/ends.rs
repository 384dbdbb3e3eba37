//! How sockets end: keys that go, worlds that change, clients that break the rules.

use std::io::Write;
use std::net::TcpStream as Peer;

use openmail_mock::Config;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio_tungstenite::tungstenite::Message;

use super::{key_of, mail, world};
use crate::support::socket::Socket;
use crate::support::{Account, account, account_of, start};

/// The address of an inbox of the scenario `saas`.
const SEEDED: &str = "support@meridian.io";

#[track_caller]
fn arrive(account: &Account, subject: &str) {
    let mail = json!({ "from": "ada@example.com", "to": SEEDED, "subject": subject });
    account.post("/_mock/inbound", mail).expect(200);
}

/// Waits until the mock has noticed that no socket is left.
#[track_caller]
fn await_nobody(account: &Account) {
    for _ in 0..100_000 {
        if account.get("/_mock/sockets").expect(200).json()["total"] == 0 {
            return;
        }
    }
    panic!("a socket that is gone is still listed");
}

/// Whoever left between the handshake and its answer used to keep their place for ever.
#[test]
fn a_client_that_breaks_off_before_it_is_let_in_has_no_place() {
    let account = account("sockets-breaks-off");
    let health = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let handshake = format!(
        "GET /v1/ws?token={} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n\
         connection: upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        account.key
    );
    for _ in 0..50 {
        let mut stream = Peer::connect(account.address()).expect("the mock listens");
        stream.write_all(health).expect("the mock reads");
        let answered = stream.peek(&mut [0]);
        assert!(answered.is_ok_and(|count| count == 1));
        // An end with something unread is a reset, which the answer to this meets.
        stream.write_all(handshake.as_bytes()).expect("as above");
        drop(stream);
    }
    await_nobody(&account);
}

#[test]
fn a_revoked_key_closes_its_sockets_and_no_others() {
    let (post, [inbox]) = world("sockets-revoked", ["desk"]);
    let keys = format!(
        "/v1/inboxes/{}/api-keys",
        inbox["id"].as_str().expect("an id")
    );
    let key = post.account.post(&keys, json!({})).expect(201).json();
    let token = key["token"].as_str().expect("a token");
    let mut revoked = post.account.holding(token).socket();
    let mut idle = post.account.holding(token).socket();
    let mut kept = post.account.socket();
    revoked.subscribe();
    kept.subscribe();
    let path = format!("{keys}/{}", key["id"].as_str().expect("an id"));
    post.account.delete(&path).expect(204);
    mail(&post, &inbox, "after that");
    for socket in [&mut revoked, &mut idle] {
        assert!(socket.hear_error().contains("revoked"));
        assert_eq!(socket.hear_end(), Some(4001));
    }
    assert_eq!(kept.hear_subjects(), ["after that"]);
    // A new socket with it is no better.
    let mut late = Socket::open(post.account.address(), Some(token));
    late.hear_error();
    assert_eq!(late.hear_end(), Some(4001));
}

#[test]
fn a_socket_survives_a_reset_and_hears_nothing_of_before() {
    let mock = start(Config::with_fixture("saas"));
    let account = account_of(&mock, "sockets-reset");
    let mut socket = account.socket();
    socket.subscribe();
    arrive(&account, "a");
    assert_eq!(socket.hear_subject(), "a");
    account
        .send("PUT", "/_mock/snapshots/kept", None)
        .expect(200);
    let id = socket.upgraded.headers()["x-request-id"]
        .to_str()
        .expect("text");
    let mode = format!("/_mock/sockets/{}/mode", id.replace("req_", "sock_"));
    let half_open = |is_so: bool| {
        let mode_body = json!({ "halfOpen": is_so });
        account.send("PUT", &mode, Some(mode_body)).expect(200);
    };
    for to in ["seed", "kept", "empty", "seed"] {
        half_open(true);
        if to != "empty" {
            account
                .post("/_mock/reset", json!({ "to": "seed" }))
                .expect(200);
            arrive(&account, "of before");
            arrive(&account, "of before");
        }
        account
            .post("/_mock/reset", json!({ "to": to }))
            .expect(200);
        if to != "empty" {
            arrive(&account, to);
        }
        half_open(false);
        let expected: &[&str] = if to == "empty" { &[] } else { &[to] };
        assert_eq!(socket.hear_subjects(), expected);
    }
}

#[test]
fn an_event_of_before_a_reset_is_unknown_after_it() {
    let mock = start(Config::with_fixture("saas"));
    let account = account_of(&mock, "sockets-reset-last");
    let mut socket = account.socket();
    socket.subscribe();
    arrive(&account, "a");
    let last = socket.hear()["event_id"].clone();
    account.post("/_mock/reset", json!({})).expect(200);
    let why = socket.ask_in_vain(json!({ "type": "subscribe", "last_event_id": last }));
    assert!(why.contains("leave it out"), "{why}");
    arrive(&account, "b");
    assert_eq!(socket.hear_subjects(), ["b"]);
}

#[test]
fn a_reset_that_takes_the_key_takes_the_socket() {
    let (post, [inbox]) = world("sockets-reset-key", ["desk"]);
    let path = format!(
        "/v1/inboxes/{}/api-keys",
        inbox["id"].as_str().expect("an id")
    );
    let key = key_of(&post, &path);
    post.account
        .send("PUT", "/_mock/snapshots/with", None)
        .expect(200);
    let mut socket = post.account.holding(&key).socket();
    socket.subscribe();
    post.account
        .post("/_mock/reset", json!({ "to": "with" }))
        .expect(200);
    assert_eq!(socket.hear_all(), Vec::<Value>::new());
    post.account.post("/_mock/reset", json!({})).expect(200);
    socket.hear_error();
    assert_eq!(socket.hear_end(), Some(4001));
}

#[test]
fn a_world_that_is_dropped_drops_its_sockets() {
    let account = account("sockets-dropped");
    let mut socket = account.socket();
    socket.subscribe();
    account.delete("/_mock/worlds/sockets-dropped").expect(204);
    // Not 4001, which clients take for final: whoever comes again is in the next world of the name.
    assert_eq!(socket.hear_end(), Some(1001));
    let mut again = account.socket();
    again.subscribe();
}

#[test]
fn a_server_that_stops_says_so() {
    let mock = start(Config::default());
    let account = account_of(&mock, "sockets-stop");
    let mut sockets = [account.socket(), account.socket()];
    sockets[0].subscribe();
    let stopping = std::thread::spawn(move || mock.stop());
    for socket in &mut sockets {
        assert_eq!(socket.hear_end(), Some(1001));
    }
    drop(sockets);
    stopping.join().expect("it stops");
}

#[test]
fn the_eleventh_socket_of_an_account_is_closed() {
    let account = account("sockets-eleven");
    let mut open: Vec<Socket> = (0..10).map(|_| account.socket()).collect();
    let mut eleventh = account.socket();
    assert!(eleventh.hear_error().contains("10"));
    assert_eq!(eleventh.hear_end(), Some(4008));
    let id = eleventh.upgraded.headers()["x-request-id"]
        .to_str()
        .expect("text");
    let exchange = account
        .get(&format!("/_mock/requests/{id}"))
        .expect(200)
        .json();
    assert_eq!(exchange["error"], "connection_limit_reached");
    // Whoever saw one end has room.
    let mut last = open.pop().expect("a socket");
    last.frames.close(None).expect("it is open");
    last.hear_end();
    let mut again = account.socket();
    again.subscribe();
    drop(open);
    drop(again);
    await_nobody(&account);
}

#[test]
fn the_thirty_first_message_is_one_too_many() {
    let (post, [inbox]) = world("sockets-thirty-one", ["desk"]);
    let mut socket = post.account.socket();
    socket.subscribe();
    for _ in 0..31 {
        socket.tell(json!({ "type": "ping" }));
    }
    for _ in 0..29 {
        assert_eq!(socket.hear(), json!({ "type": "pong" }));
    }
    assert!(socket.hear_error().contains("30"));
    assert_eq!(socket.hear_end(), Some(4029));
    mail(&post, &inbox, "nobody hears it");
}

#[test]
fn a_close_frame_is_answered_with_its_code() {
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;
    let account = account("sockets-own-close");
    let mut socket = account.socket();
    let close = CloseFrame {
        code: 4321.into(),
        reason: "done".into(),
    };
    socket.frames.close(Some(close)).expect("it is open");
    assert_eq!(socket.hear_end(), Some(4321));
    await_nobody(&account);
}

/// How a socket ends to which these very bytes were written.
#[track_caller]
fn end_after(world: &str, bytes: &[u8]) -> Option<u16> {
    let account = account(world);
    let mut socket = account.socket();
    let stream = socket.frames.get_mut();
    stream.write_all(bytes).expect("it is open");
    let end = socket.hear_end();
    await_nobody(&account);
    end
}

/// A frame as clients write it, masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a short one");
    [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

#[test]
fn frames_that_break_the_protocol_end_the_socket() {
    let end = |bytes: &[u8]| end_after("sockets-hostile", bytes);
    let ping = br#"{"type":"ping"}"#;
    assert_eq!(
        end(&[&[0x81, 15], ping.as_slice()].concat()),
        Some(1002),
        "unmasked"
    );
    assert_eq!(end(&frame(0xC1, ping)), Some(1002), "a reserved bit");
    assert_eq!(end(&frame(0x83, ping)), Some(1002), "an unknown type");
    assert_eq!(
        end(&frame(0x8B, b"")),
        Some(1002),
        "an unknown control frame"
    );
    assert_eq!(
        end(&frame(0x80, ping)),
        Some(1002),
        "a continuation of nothing"
    );
    assert_eq!(end(&frame(0x09, b"")), Some(1002), "a ping in pieces");
    assert_eq!(end(&frame(0x88, &[1])), Some(1002), "half a close code");
    assert_eq!(end(&frame(0x81, &[0xFF, 0xFE])), Some(1007), "no UTF-8");
    let two = [frame(0x01, b"{"), frame(0x81, ping)].concat();
    assert_eq!(end(&two), Some(1002), "a message within a message");
    let huge = [
        0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0,
    ];
    assert_eq!(end(&huge), Some(1009), "more than there is memory");
    assert_eq!(
        end(b"GET / HTTP/1.1\r\n\r\n"),
        Some(1002),
        "no frame at all"
    );
}

#[test]
fn a_message_has_at_most_64_kib() {
    let account = account("sockets-size");
    let mut socket = account.socket();
    socket.tell_text(&" ".repeat(65_536));
    assert!(socket.hear_error().contains("JSON"));
    // In pieces, the whole counts.
    let piece = [
        &[0x81 & 0x7F, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0][..],
        &[b' '; 65_535],
    ]
    .concat();
    socket
        .frames
        .get_mut()
        .write_all(&piece)
        .expect("it is open");
    let piece = [0x80, 0x82, 0, 0, 0, 0, b' ', b' '];
    socket
        .frames
        .get_mut()
        .write_all(&piece)
        .expect("it is open");
    assert_eq!(socket.hear_end(), Some(1009));
    let mut socket = account.socket();
    socket.tell_text(&" ".repeat(65_537));
    assert_eq!(socket.hear_end(), Some(1009));
}

#[test]
fn messages_may_come_in_pieces() {
    let mut socket = account("sockets-pieces").socket();
    let (head, tail) = (br#"{"type":"#.as_slice(), br#""ping"}"#.as_slice());
    let pieces = [frame(0x01, head), frame(0x89, b"amid"), frame(0x80, tail)].concat();
    for byte in pieces {
        socket
            .frames
            .get_mut()
            .write_all(&[byte])
            .expect("it is open");
    }
    assert_eq!(socket.hear(), json!({ "type": "pong" }));
}

#[test]
fn binary_frames_are_told_that_they_say_nothing() {
    let mut socket = account("sockets-binary").socket();
    let ping = br#"{"type":"ping"}"#.to_vec();
    socket
        .frames
        .send(Message::binary(ping))
        .expect("it is open");
    assert!(socket.hear_error().contains("binary"));
    assert_eq!(socket.hear_all(), Vec::<Value>::new());
}

#[test]
fn whoever_leaves_without_a_word_is_forgotten() {
    let account = account("sockets-gone");
    let mut socket = account.socket();
    socket.subscribe();
    drop(socket);
    await_nobody(&account);
    account.send("GET", "/_mock/requests", None).expect(200);
}

#[test]
fn whoever_leaves_with_something_unread_is_forgotten() {
    let (post, [inbox]) = world("sockets-reset", ["desk"]);
    let mut socket = post.account.socket();
    socket.subscribe();
    mail(&post, &inbox, "unread");
    // Closed with bytes unread, a connection is reset.
    let mut byte = [0];
    let stream = socket.frames.get_mut();
    assert_eq!(stream.peek(&mut byte).expect("it is open"), 1);
    drop(socket);
    await_nobody(&post.account);
}

#[test]
fn places_of_those_who_left_are_free() {
    let account = account("sockets-places");
    for _ in 0..3 {
        let mut sockets: Vec<_> = (0..10).map(|_| account.socket()).collect();
        for socket in &mut sockets {
            socket.subscribe();
        }
        drop(sockets);
        await_nobody(&account);
    }
}

/// Their answer is never written, so nobody ever speaks with them.
#[test]
fn whoever_leaves_right_behind_the_handshake_keeps_no_place() {
    let account = account("sockets-vanished");
    let handshake = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        account.key
    );
    let runtime = Builder::new_current_thread().enable_io().build();
    let leaves = async {
        for _ in 0..20 {
            let stream = TcpStream::connect(account.address()).await;
            let mut stream = stream.expect("it listens");
            let sent = stream.write_all(handshake.as_bytes()).await;
            sent.expect("it reads");
            // Reset rather than closed.
            stream.set_zero_linger().expect("it can be set");
        }
    };
    runtime.expect("a runtime").block_on(leaves);
    await_nobody(&account);
}
