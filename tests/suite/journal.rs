//! What the journal tells an exchange did: changes, limits, events.

use serde_json::{Value, json};

use super::support::post::{Post, id, text};
use super::support::{Account, Answer, account};

/// The entry of an answer.
#[track_caller]
pub fn entry(account: &Account, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").expect("every answer has one");
    account
        .get(&format!("/_mock/requests/{id}"))
        .expect(200)
        .json()
}

/// Kinds and what became of them.
fn changes(entry: &Value) -> Vec<String> {
    let changes = entry["changes"].as_array().expect("a list").iter();
    changes
        .map(|change| format!("{} {}", text(change, "change"), text(change, "kind")))
        .collect()
}

#[track_caller]
fn limit<'e>(entry: &'e Value, name: &str) -> &'e Value {
    let limits = entry["limits"].as_array().expect("a list");
    let found = limits.iter().find(|limit| limit["limit"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {limits:#?}"))
}

#[test]
fn a_created_pod_is_one_change_by_its_id() {
    let account = account("journal-created");
    let answer = account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .expect(201);
    let entry = entry(&account, &answer);
    let pod = answer.json()["id"].clone();
    let change = json!({ "kind": "pod", "id": pod, "change": "created" });
    assert_eq!(entry["changes"], json!([change]));
    assert_eq!(entry["explanation"], Value::Null);
}

#[test]
fn an_update_names_the_fields_that_changed() {
    let account = account("journal-updated");
    let pod = account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .json();
    let path = format!("/v1/pods/{}", id(&pod));
    let answer = account.patch(&path, json!({ "name": "Cedar", "clientId": "cedar" }));
    let entry = entry(&account, &answer.expect(200));
    assert_eq!(entry["changes"][0]["fields"], json!(["name"]));
}

#[test]
fn what_only_looks_and_what_is_refused_change_nothing() {
    let account = account("journal-nothing");
    let looked = account.get("/v1/pods").expect(200);
    let refused = account.delete("/v1/pods/nowhere").expect(404);
    for answer in [looked, refused] {
        let entry = entry(&account, &answer);
        assert_eq!(entry["changes"], json!([]));
        assert_eq!(entry["limits"], json!([]));
        assert_eq!(entry["events"], json!([]));
    }
}

#[test]
fn a_send_tells_its_mail_its_limits_and_its_event() {
    let post = Post::new("journal-send");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let body = json!({ "to": ada["address"], "subject": "Delivery", "body": "Thursday." });
    let answer = post.try_send(&desk, body).expect(200);
    let entry = entry(&post.account, &answer);
    assert_eq!(
        changes(&entry),
        [
            "created thread",
            "created thread",
            "created message",
            "created message",
            "created event",
            "updated usage"
        ]
    );
    let minute = limit(&entry, "sendsPerMinute");
    assert_eq!(minute["id"], desk["id"]);
    assert_eq!(
        (&minute["used"], &minute["of"], &minute["left"]),
        (&json!(1), &json!(10), &json!(9))
    );
    assert_eq!(minute["enforced"], json!(false));
    assert_eq!(
        limit(&entry, "sendsPerDay")["resetsAt"],
        "2040-01-17T00:00:00.000Z"
    );
    assert_eq!(limit(&entry, "coldRecipientsOfInbox")["of"], 20);
    let stored = limit(&entry, "storageBytes");
    assert!(stored["taken"].as_u64() > Some(0), "{stored}");
    let event = &entry["events"][0];
    assert_eq!(
        (text(event, "type"), text(event, "route")),
        ("message.received", "none")
    );
}

#[test]
fn an_event_on_its_way_to_a_webhook_tells_its_delivery() {
    let post = Post::new("journal-delivery");
    let held = json!({ "mode": "hold" });
    post.account
        .send("PUT", "/_mock/deliveries/mode", Some(held))
        .expect(200);
    let desk = post.inbox("desk");
    let ada =
        post.inbox_with(json!({ "mailboxName": "ada", "webhookUrl": "http://127.0.0.1:9/hook" }));
    let body = json!({ "to": ada["address"], "subject": "Delivery", "body": "Thursday." });
    let entry = entry(&post.account, &post.try_send(&desk, body).expect(200));
    let delivery = &entry["events"][0]["deliveries"][0];
    assert_eq!(text(delivery, "status"), "pending");
    let listed = post.account.get("/_mock/deliveries").json();
    assert_eq!(listed["data"][0]["id"], delivery["id"]);
}

#[test]
fn a_dry_run_leaves_no_changes() {
    let account = account("journal-fault");
    let fault = json!([{ "operation": "createPod", "drop": "mid-body" }]);
    account
        .send("PUT", "/_mock/faults", Some(fault))
        .expect(200);
    let mut connection = account.connect();
    let key = format!("Bearer {}", account.key);
    let headers = [
        ("authorization", key),
        ("content-type", "application/json".to_owned()),
    ];
    connection.request("POST", "/v1/pods", &headers, br#"{"clientId":"cedar"}"#);
    // The exchange stands in the journal before any of its answer leaves.
    let _ = connection.rest();
    let listed = account.get("/_mock/requests?operation=createPod").json();
    assert_eq!(listed["data"][0]["changes"], json!([]));
}

#[test]
fn a_use_of_a_key_is_a_change_of_the_key() {
    let account = account("journal-key");
    let pod = account
        .post("/v1/pods", json!({ "clientId": "cedar" }))
        .json();
    let path = format!("/v1/pods/{}/api-keys", id(&pod));
    let created = account.post(&path, json!({})).expect(201);
    let of_creation = entry(&account, &created);
    let keys = limit(&of_creation, "keysOfPod");
    assert_eq!(
        (&keys["used"], &keys["of"], &keys["enforced"]),
        (&json!(1), &json!(20), &json!(true))
    );
    let key = created.json();
    let token = key["token"]
        .as_str()
        .or(key["key"].as_str())
        .expect("a token");
    let answer = account.holding(token).get("/v1/inboxes").expect(200);
    let entry = entry(&account, &answer);
    assert_eq!(changes(&entry), ["updated key"]);
    assert_eq!(entry["changes"][0]["fields"], json!(["lastUsedAt"]));
}

#[test]
fn many_changes_are_bounded_and_the_rest_is_counted() {
    let post = Post::new("journal-many");
    let desk = post.inbox("desk");
    let messages: Vec<Value> = (0..150)
        .map(
            |number| json!({ "from": "ada@example.com", "at": "-1h", "text": format!("{number}") }),
        )
        .collect();
    let threads = json!({ "threads": [{ "inbox": desk["address"], "subject": "Many", "messages": messages }] });
    post.account.patch("/_mock/state", threads).expect(200);
    let answer = post
        .account
        .delete(&format!("/v1/inboxes/{}", id(&desk)))
        .expect(204);
    let entry = entry(&post.account, &answer);
    assert_eq!(entry["changes"].as_array().map(Vec::len), Some(100));
    assert!(
        entry["otherChanges"].as_u64() > Some(40),
        "{}",
        entry["otherChanges"]
    );
}

#[test]
fn requests_count_only_while_limits_hold() {
    let account = account("journal-limits");
    account
        .patch("/_mock/state", json!({ "account": { "limits": "on" } }))
        .expect(200);
    let entry = entry(&account, &account.get("/v1/pods").expect(200));
    let requests = limit(&entry, "requestsPerMinute");
    assert_eq!(
        (&requests["used"], &requests["enforced"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(changes(&entry), ["updated usage"]);
}

#[test]
fn mail_and_events_tell_their_inbox_and_their_direction() {
    let post = Post::new("journal-inboxes");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let body = json!({ "to": ada["address"], "subject": "Delivery", "body": "Thursday." });
    let answer = post.try_send(&desk, body).expect(200);
    let entry = entry(&post.account, &answer);
    let changes = entry["changes"].as_array().expect("a list").iter();
    let messages: Vec<(&Value, &Value)> = changes
        .filter(|change| change["kind"] == "message")
        .map(|change| (&change["inboxId"], &change["direction"]))
        .collect();
    assert!(messages.contains(&(&desk["id"], &json!("outbound"))));
    assert!(messages.contains(&(&ada["id"], &json!("inbound"))));
    assert_eq!(entry["events"][0]["inboxId"], ada["id"]);
    let id = answer.header("x-request-id").expect("every answer has one");
    let path = format!("/_mock/requests/{id}");
    let page = post
        .account
        .send_raw("GET", &path, &[("accept", "text/plain")], b"");
    let page = String::from_utf8(page.expect(200).body).expect("text");
    // Lines are wrapped.
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let (desk, ada) = (id_of(&desk), id_of(&ada));
    for part in [
        "created outbound message ",
        &format!(" in inbox {ada}"),
        &format!("sendsPerMinute of {desk}: 1 of 10 used, 1 by this"),
        "message.received ",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

fn id_of(row: &Value) -> String {
    text(row, "id").to_owned()
}

#[test]
fn an_event_tells_its_attempts_as_text_too() {
    let post = Post::new("journal-attempts");
    let held = json!({ "mode": "hold" });
    post.account
        .send("PUT", "/_mock/deliveries/mode", Some(held))
        .expect(200);
    let desk = post.inbox("desk");
    let ada =
        post.inbox_with(json!({ "mailboxName": "ada", "webhookUrl": "http://127.0.0.1:9/hook" }));
    let body = json!({ "to": ada["address"], "subject": "Delivery", "body": "Thursday." });
    let answer = post.try_send(&desk, body).expect(200);
    let id = answer.header("x-request-id").expect("every answer has one");
    let path = format!("/_mock/requests/{id}");
    let page = post
        .account
        .send_raw("GET", &path, &[("accept", "text/plain")], b"");
    let page = String::from_utf8(page.expect(200).body).expect("text");
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(" pending, 0 attempts"), "{page}");
}
