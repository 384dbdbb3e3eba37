//! The bench under `/_mock/sockets`.

use serde_json::{Value, json};

use super::{key_of, mail, world};
use crate::support::Account;
use crate::support::account;
use crate::support::socket::Socket;

#[track_caller]
fn sockets(account: &Account) -> Vec<Value> {
    let listed = account.get("/_mock/sockets").expect(200).json();
    let data = listed["data"].as_array().expect("a list").clone();
    assert_eq!(listed["total"], json!(data.len()));
    data
}

/// The path of a socket on the bench.
fn bench_path(socket: &Socket) -> String {
    let id = socket.upgraded.headers()["x-request-id"]
        .to_str()
        .expect("text");
    format!("/_mock/sockets/{}", id.replace("req_", "sock_"))
}

#[track_caller]
fn set_mode(account: &Account, socket: &Socket, mode: Value) -> Value {
    let path = format!("{}/mode", bench_path(socket));
    account.send("PUT", &path, Some(mode)).expect(200).json()
}

#[test]
fn sockets_are_listed_with_whose_they_are_and_what_they_hear() {
    let (post, [inbox]) = world("sockets-list", ["desk"]);
    assert_eq!(sockets(&post.account), Vec::<Value>::new());
    let mut first = post.account.socket();
    first.subscribe();
    let path = format!(
        "/v1/inboxes/{}/api-keys",
        inbox["id"].as_str().expect("an id")
    );
    let key = key_of(&post, &path);
    let mut second = post.account.holding(&key).socket();
    second.ask(json!({ "type": "subscribe", "event_types": ["message.received"] }));
    mail(&post, &inbox, "heard");
    assert_eq!(first.hear_subjects(), ["heard"]);
    let listed = sockets(&post.account);
    assert_eq!(listed.len(), 2);
    let id = bench_path(&first);
    assert_eq!(id.rsplit('/').next(), listed[0]["id"].as_str());
    assert_eq!(listed[0]["world"], "sockets-list");
    assert_eq!(listed[0]["openedAt"], crate::support::post::START);
    assert_eq!(listed[0]["delivered"], 1);
    let mode = json!({ "halfOpen": false, "gap": 0, "duplicate": 0 });
    assert_eq!(listed[0]["mode"], mode);
    let holder = json!({
        "scope": "account", "tokenPrefix": "om_test_so", "keyId": null, "podId": null, "inboxId": null,
    });
    assert_eq!(listed[0]["holder"], holder);
    let all = json!([{ "inboxIds": [], "exceptInboxIds": [], "eventTypes": [] }]);
    assert_eq!(listed[0]["subscriptions"], all);
    assert_eq!(listed[1]["holder"]["scope"], "inbox");
    assert_eq!(listed[1]["holder"]["inboxId"], inbox["id"]);
    assert_eq!(listed[1]["holder"]["podId"], inbox["podId"]);
    assert_eq!(listed[1]["holder"]["tokenPrefix"], key[..11]);
    let own = json!([{
        "inboxIds": [inbox["id"]], "exceptInboxIds": [], "eventTypes": ["message.received"],
    }]);
    assert_eq!(listed[1]["subscriptions"], own);
}

#[test]
fn a_socket_is_closed_with_any_code_that_a_frame_may_carry() {
    let account = account("sockets-close");
    for code in [1000, 1003, 1007, 1011, 1013, 3000, 4001, 4003, 4999] {
        let mut socket = account.socket();
        let path = format!("{}?code={code}", bench_path(&socket));
        account.delete(&path).expect(204);
        assert_eq!(socket.hear_end(), Some(code));
        account.delete(&path).refused(404, "not_found");
    }
    let mut socket = account.socket();
    for code in [1004, 1005, 1006, 1015, 1016, 2999] {
        let path = format!("{}?code={code}", bench_path(&socket));
        account.delete(&path).refused(400, "bad_request");
    }
    for code in ["999", "5000", "normal"] {
        let path = format!("{}?code={code}", bench_path(&socket));
        account.delete(&path).refused(400, "bad_request");
    }
    account.delete(&bench_path(&socket)).expect(204);
    assert_eq!(socket.hear_end(), None);
    assert_eq!(sockets(&account), Vec::<Value>::new());
}

#[test]
fn a_closed_socket_hears_nothing_more_and_holds_nothing_back() {
    let (post, [inbox]) = world("sockets-close-way", ["desk"]);
    let mut socket = post.account.socket();
    socket.subscribe();
    post.account.delete(&bench_path(&socket)).expect(204);
    mail(&post, &inbox, "after the end");
    assert_eq!(socket.hear_end(), None);
}

#[test]
fn a_gap_and_a_duplicate_are_used_up() {
    let (post, [inbox]) = world("sockets-modes", ["desk"]);
    let mut socket = post.account.socket();
    socket.subscribe();
    let set = set_mode(&post.account, &socket, json!({ "gap": 1, "duplicate": 2 }));
    assert_eq!(set, json!({ "halfOpen": false, "gap": 1, "duplicate": 2 }));
    for subject in ["a", "b", "c", "d"] {
        mail(&post, &inbox, subject);
    }
    assert_eq!(socket.hear_subjects(), ["b", "b", "c", "c", "d"]);
    let listed = sockets(&post.account);
    assert_eq!(
        listed[0]["mode"],
        json!({ "halfOpen": false, "gap": 0, "duplicate": 0 })
    );
    assert_eq!(listed[0]["delivered"], 5);
    set_mode(&post.account, &socket, json!({ "gap": 9 }));
    set_mode(&post.account, &socket, json!({}));
    mail(&post, &inbox, "e");
    assert_eq!(socket.hear_subjects(), ["e"]);
}

#[test]
fn what_a_gap_skipped_can_be_replayed() {
    let (post, [inbox]) = world("sockets-gap-replay", ["desk"]);
    let mut socket = post.account.socket();
    socket.subscribe();
    mail(&post, &inbox, "a");
    let last = socket.hear()["event_id"].clone();
    set_mode(&post.account, &socket, json!({ "gap": 1 }));
    mail(&post, &inbox, "b");
    assert_eq!(socket.hear_subjects(), Vec::<String>::new());
    let wish = json!({ "type": "subscribe", "last_event_id": last });
    assert_eq!(socket.ask(wish)["type"], "subscribed");
    assert_eq!(socket.hear_subjects(), ["b"]);
}

#[test]
fn a_half_open_socket_says_nothing_until_it_is_whole_again() {
    let (post, [inbox]) = world("sockets-half-open", ["desk"]);
    let mut socket = post.account.socket();
    socket.subscribe();
    set_mode(&post.account, &socket, json!({ "halfOpen": true }));
    mail(&post, &inbox, "meanwhile");
    socket.tell(json!({ "type": "ping" }));
    let stream = socket.frames.get_ref();
    stream.set_nonblocking(true).expect("it can be set");
    assert!(socket.frames.read().is_err());
    let stream = socket.frames.get_ref();
    stream.set_nonblocking(false).expect("it can be set");
    assert_eq!(sockets(&post.account)[0]["mode"]["halfOpen"], true);
    assert_eq!(sockets(&post.account)[0]["delivered"], 0);
    set_mode(&post.account, &socket, json!({ "halfOpen": false }));
    assert_eq!(socket.hear_subject(), "meanwhile");
    assert_eq!(socket.hear(), json!({ "type": "pong" }));
    // It can be ended while it is half open, and then ends without a word.
    set_mode(&post.account, &socket, json!({ "halfOpen": true }));
    post.account.delete(&bench_path(&socket)).expect(204);
    assert_eq!(socket.hear_end(), None);
}

#[test]
fn sockets_of_other_worlds_are_unknown() {
    let (one, two) = (account("sockets-bench-one"), account("sockets-bench-two"));
    let mut socket = one.socket();
    let path = bench_path(&socket);
    two.delete(&path).refused(404, "not_found");
    let mode = format!("{path}/mode");
    let put = |account: &Account, body: Value| account.send("PUT", &mode, Some(body));
    put(&two, json!({ "gap": 1 })).refused(404, "not_found");
    assert_eq!(sockets(&two), Vec::<Value>::new());
    for id in [
        "sock_",
        "sock_0",
        "sock_x",
        "1",
        "req_1",
        "sock_99999999999999999999",
    ] {
        one.delete(&format!("/_mock/sockets/{id}"))
            .refused(404, "not_found");
    }
    put(&one, json!({ "gap": -1 })).refused(400, "bad_request");
    put(&one, json!({ "halfOpened": true })).refused(400, "bad_request");
    put(&one, json!({ "halfOpen": "yes" })).refused(400, "bad_request");
    assert_eq!(socket.hear_all(), Vec::<Value>::new());
}
