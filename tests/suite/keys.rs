//! Keys of pods and inboxes: made, listed, used, revoked.

use openmail_mock::app::Unwritten;
use openmail_mock::domain::keys::{self as rules, Holder, NewKey, Scope};
use openmail_mock::domain::pods::{self, NewPod};
use openmail_mock::domain::refusal::Refusal;
use openmail_mock::{Config, Running};
use serde_json::{Value, json};

use crate::support::post::{Post, START};
use crate::support::{Account, account, account_of, app, start};

fn pod_keys(pod: &str) -> String {
    format!("/v1/pods/{pod}/api-keys")
}

fn inbox_keys(inbox: &Value) -> String {
    let id = inbox["id"].as_str().expect("an id");
    format!("/v1/inboxes/{id}/api-keys")
}

#[track_caller]
fn make(caller: &Account, path: &str) -> Value {
    caller
        .post(path, json!({ "name": "a key" }))
        .expect(201)
        .json()
}

fn token(key: &Value) -> &str {
    key["token"].as_str().expect("a token")
}

#[track_caller]
fn pod(account: &Account, client_id: &str) -> Value {
    let body = json!({ "clientId": client_id });
    account.post("/v1/pods", body).expect(201).json()
}

#[test]
fn a_token_is_told_once() {
    let account = account("keys-token-once");
    let pod = pod(&account, "acme");
    let made = make(&account, &pod_keys("acme"));
    let token = token(&made);
    assert_eq!(token.len(), 51);
    assert!(token.starts_with(made["tokenPrefix"].as_str().expect("a prefix")));
    assert!(token.ends_with(made["last4"].as_str().expect("four characters")));
    assert_eq!(made["podId"], pod["id"]);
    assert_eq!(made["inboxId"], Value::Null);
    assert_eq!(made["lastUsedAt"], Value::Null);
    let mut shown = made.clone();
    shown.as_object_mut().expect("an object").remove("token");
    let listed = account.get(&pod_keys("acme")).expect(200);
    assert_eq!(listed.json(), json!({ "data": [shown] }));
    assert!(!listed.json().to_string().contains(token));
}

#[test]
fn an_inbox_key_says_its_inbox_and_the_pod_around_it() {
    let post = Post::new("keys-inbox");
    let inbox = post.inbox("support");
    let key = make(&post.account, &inbox_keys(&inbox));
    assert_eq!(key["inboxId"], inbox["id"]);
    assert_eq!(key["podId"], inbox["podId"]);
    let confined = post.account.holding(token(&key));
    let listed = confined.get("/v1/inboxes").expect(200).json();
    assert_eq!(listed["data"][0]["id"], inbox["id"]);
}

#[test]
fn the_newest_key_is_listed_first() {
    let account = account("keys-order");
    pod(&account, "acme");
    let made: Vec<Value> = (0..3).map(|_| make(&account, &pod_keys("acme"))).collect();
    let listed = account.get(&pod_keys("acme")).expect(200).json();
    let ids = listed["data"]
        .as_array()
        .expect("keys")
        .iter()
        .map(|key| &key["id"]);
    assert!(ids.eq(made.iter().rev().map(|key| &key["id"])));
}

#[test]
fn a_revoked_key_is_unauthorized_at_once() {
    let account = account("keys-revoked");
    pod(&account, "acme");
    let key = make(&account, &pod_keys("acme"));
    let confined = account.holding(token(&key));
    confined.get("/v1/pods/acme").expect(200);
    let path = format!(
        "{}/{}",
        pod_keys("acme"),
        key["id"].as_str().expect("an id")
    );
    account.delete(&path).expect(204);
    confined.get("/v1/pods/acme").refused(401, "unauthorized");
    account.delete(&path).refused(404, "not_found");
    let listed = account.get(&pod_keys("acme")).expect(200).json();
    assert_eq!(listed, json!({ "data": [] }));
}

#[test]
fn a_key_is_revoked_where_it_was_made() {
    let post = Post::new("keys-elsewhere");
    pod(&post.account, "acme");
    pod(&post.account, "other");
    let inbox = post.inbox("support");
    let key = make(&post.account, &pod_keys("acme"));
    let id = key["id"].as_str().expect("an id");
    for elsewhere in [pod_keys("other"), inbox_keys(&inbox)] {
        let path = format!("{elsewhere}/{id}");
        post.account.delete(&path).refused(404, "not_found");
    }
    post.account.holding(token(&key)).get("/v1/me").expect(200);
}

#[test]
fn a_pod_or_an_inbox_has_twenty_keys() {
    let post = Post::new("keys-twenty");
    pod(&post.account, "acme");
    let inbox = post.inbox("support");
    for path in [pod_keys("acme"), inbox_keys(&inbox)] {
        let made: Vec<Value> = (0..20).map(|_| make(&post.account, &path)).collect();
        let one_more = post.account.post(&path, json!({}));
        one_more.refused(422, "api_key_limit_reached");
        let id = made[0]["id"].as_str().expect("an id");
        post.account.delete(&format!("{path}/{id}")).expect(204);
        make(&post.account, &path);
    }
}

#[test]
fn keys_go_with_their_pod() {
    let account = account("keys-pod-goes");
    pod(&account, "acme");
    let key = make(&account, &pod_keys("acme"));
    account.delete("/v1/pods/acme").expect(204);
    let confined = account.holding(token(&key));
    confined.get("/v1/me").refused(401, "unauthorized");
}

#[test]
fn keys_go_with_their_inbox() {
    let post = Post::new("keys-inbox-goes");
    let inbox = post.inbox("support");
    let key = make(&post.account, &inbox_keys(&inbox));
    let path = format!("/v1/inboxes/{}", inbox["id"].as_str().expect("an id"));
    post.account.delete(&path).expect(204);
    let confined = post.account.holding(token(&key));
    confined.get("/v1/me").refused(401, "unauthorized");
}

#[test]
fn a_key_says_when_it_was_last_used() {
    let post = Post::new("keys-last-use");
    pod(&post.account, "acme");
    let key = make(&post.account, &pod_keys("acme"));
    let last_use = || {
        let listed = post.account.get(&pod_keys("acme")).expect(200).json();
        listed["data"][0]["lastUsedAt"].clone()
    };
    assert_eq!(last_use(), Value::Null);
    let confined = post.account.holding(token(&key));
    confined.get("/v1/me").expect(200);
    assert_eq!(last_use(), START);
    post.advance("90s");
    // What is refused was a use, too.
    confined
        .post("/v1/pods", json!({}))
        .refused(403, "forbidden");
    assert_eq!(last_use(), "2040-01-16T09:31:30.000Z");
}

#[test]
fn a_token_leads_to_the_world_it_was_drawn_in() {
    let (one, two) = (account("keys-world-one"), account("keys-world-two"));
    pod(&one, "first");
    pod(&two, "second");
    let keys = [
        (make(&one, &pod_keys("first")), "first"),
        (make(&two, &pod_keys("second")), "second"),
    ];
    for (key, client_id) in &keys {
        let pods = one.holding(token(key)).get("/v1/pods").expect(200).json();
        assert_eq!(pods["data"][0]["clientId"], *client_id);
    }
    one.send("DELETE", "/_mock/worlds/keys-world-one", None)
        .expect(204);
    let gone = one.holding(token(&keys[0].0));
    gone.get("/v1/pods").refused(401, "unauthorized");
    one.holding(token(&keys[1].0)).get("/v1/pods").expect(200);
}

fn seeded() -> Running {
    start(Config::with_fixture(json!({
        "pods": [{ "clientId": "acme", "inboxes": [{ "address": "agent@openmail.sh" }] }],
        "keys": [
            { "label": "backend", "token": "om_backend", "pod": "acme", "name": "Backend" },
            { "label": "agent", "inbox": "agent@openmail.sh", "lastUsedAt": "-1h" },
        ],
    })))
}

#[test]
fn a_key_of_a_fixture_is_known_to_every_world_by_its_label() {
    let mock = seeded();
    for world in ["default", "w1", "w2"] {
        let account = account_of(&mock, world);
        let key = |label: &str| account.holding(&format!("om_test_{world}.{label}"));
        let body = json!({ "mailboxName": format!("in-{world}") });
        key("backend").post("/v1/inboxes", body).expect(201);
        assert_eq!(account.get("/v1/inboxes").expect(200).json()["total"], 2);
        assert_eq!(
            key("agent").get("/v1/inboxes").expect(200).json()["total"],
            1
        );
        key("nobody").get("/v1/me").refused(401, "unauthorized");
    }
}

#[test]
fn a_label_that_is_no_key_opens_no_world() {
    let mock = seeded();
    let account = account_of(&mock, "default");
    let stranger = account.holding("om_test_never-opened.nobody");
    stranger.get("/v1/me").refused(401, "unauthorized");
    let worlds = account.get("/_mock/worlds").expect(200).json();
    assert!(!worlds.to_string().contains("never-opened"), "{worlds}");
}

#[test]
fn a_token_of_a_fixture_opens_the_default_world() {
    let mock = seeded();
    let account = account_of(&mock, "default");
    let pods = account
        .holding("om_backend")
        .get("/v1/pods")
        .expect(200)
        .json();
    assert_eq!(pods["data"][0]["clientId"], "acme");
    account_of(&mock, "w1").get("/v1/pods").expect(200);
    let gone = json!({ "keys": [{ "label": "backend", "remove": true }] });
    account.patch("/_mock/state", gone).expect(200);
    let revoked = account.holding("om_backend");
    revoked.get("/v1/pods").refused(401, "unauthorized");
    // Another world has its own copy.
    account
        .holding("om_test_w1.backend")
        .get("/v1/pods")
        .expect(200);
}

#[test]
fn a_short_token_is_not_shown_by_its_ends() {
    let mock = seeded();
    let listed = account_of(&mock, "w")
        .get(&pod_keys("acme"))
        .expect(200)
        .json();
    assert_eq!(listed["data"][0]["tokenPrefix"], "om_ba");
    assert_eq!(listed["data"][0]["last4"], "kend");
}

#[test]
fn an_export_keeps_keys_as_they_are() {
    let mock = seeded();
    let (one, two) = (account_of(&mock, "one"), account_of(&mock, "two"));
    make(&one, &pod_keys("acme"));
    one.holding("om_test_one.agent").get("/v1/me").expect(200);
    let exported = one.get("/_mock/state").expect(200);
    two.send("PUT", "/_mock/state", Some(exported.json()))
        .expect(200);
    assert_eq!(
        two.get("/_mock/state").expect(200).json().to_string(),
        exported.json().to_string()
    );
    two.holding("om_test_two.agent").get("/v1/me").expect(200);
}

#[test]
fn a_control_call_with_a_scoped_key_is_about_its_world() {
    let mock = seeded();
    let account = account_of(&mock, "w7");
    let confined = account.holding("om_test_w7.agent");
    let body = json!({ "pods": [{ "clientId": "seen" }] });
    confined.patch("/_mock/state", body).expect(200);
    account.get("/v1/pods/seen").expect(200);
}

#[test]
fn the_journal_shows_no_token() {
    let account = account("keys-journal");
    pod(&account, "acme");
    let key = make(&account, &pod_keys("acme"));
    account.holding(token(&key)).get("/v1/me").expect(200);
    let journal = account.get("/_mock/requests").expect(200);
    assert!(!journal.json().to_string().contains(token(&key)));
}

#[test]
fn a_second_use_of_a_label_or_a_token_is_refused() {
    let account = account("keys-taken");
    pod(&account, "acme");
    let row = |label: &str, token: &str| json!({ "label": label, "token": token, "pod": "acme" });
    let keys = json!({ "keys": [row("one", "om_one")] });
    account.patch("/_mock/state", keys).expect(200);
    let again = json!({ "keys": [row("two", "om_one")] });
    account
        .patch("/_mock/state", again)
        .refused(409, "token_taken");
    let as_account = json!({ "account": { "keys": ["om_one"] } });
    account
        .patch("/_mock/state", as_account)
        .refused(409, "token_taken");
}

/// Whoever was let in before the key was revoked writes nothing after.
#[test]
fn a_key_that_is_revoked_between_authentication_and_write_writes_nothing() {
    let app = app();
    let account = app.enter("w", Holder::World).expect("there is room");
    let key = account.write(|tx| {
        let pod = pods::default_pod(tx.state).id;
        rules::create(tx, NewKey::named(Scope::Pod(pod), None))
    });
    let key = key.expect("a pod without keys takes one");
    let confined = app.enter("w", Holder::Key(key.clone()));
    let confined = confined.expect("there is room");
    let create = || {
        confined.write(|tx| -> Result<(), Refusal> {
            pods::create(tx, NewPod::default())?;
            Ok(())
        })
    };
    assert_eq!(create(), Ok(()));
    let revoked = account.write(|tx| rules::delete(tx, key.scope, &key.id.to_string()));
    revoked.expect("it is there");
    assert_eq!(create(), Err(Unwritten::Revoked));
    assert_eq!(account.world().read(|state| state.pods.len()), 2);
}
