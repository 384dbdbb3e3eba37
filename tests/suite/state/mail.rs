//! Mail of a living world, changed by fragments; and what of it an export holds.

use serde_json::{Value, json};

use super::{export, laid, parsed, patch, put_bytes};
use crate::support::{Account, account};

/// A world with one inbox, in which one mail arrived; its thread.
fn desk(world: &str) -> (Account, Value) {
    let account = account(world);
    account
        .post("/v1/inboxes", json!({ "mailboxName": "desk" }))
        .expect(201);
    arrive(&account, "one");
    let thread = parsed(&export(&account))["threads"][0].clone();
    (account, thread)
}

fn arrive(account: &Account, subject: &str) {
    let mail = json!({ "from": "a@example.com", "to": "desk@openmail.sh", "subject": subject });
    account.post("/_mock/inbound", mail).expect(200);
}

fn fragment(account: &Account) -> Value {
    let mut fragment = parsed(&export(account));
    let members = fragment.as_object_mut().expect("an object");
    members.retain(|name, _| name != "clock" && name != "generator");
    fragment
}

#[test]
fn a_fragment_adds_a_thread_with_its_messages() {
    let (account, _) = desk("state-mail-add");
    let thread = json!({ "inbox": "desk@openmail.sh", "subject": "Added",
                         "messages": [{ "from": "b@example.com", "text": "one" },
                                      { "to": "b@example.com", "direction": "outbound", "text": "two" }] });
    assert_eq!(laid(&account, json!({ "threads": [thread] })), (3, 0, 0));
    let state = parsed(&export(&account));
    assert_eq!(state["threads"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_fragment_adds_a_message_which_makes_its_thread_unread() {
    let (account, thread) = desk("state-mail-add-message");
    let id = thread["id"].as_str().expect("an id");
    account
        .patch(&format!("/v1/threads/{id}"), json!({ "isRead": true }))
        .expect(200);
    let row = json!({ "id": id, "messages": [{ "from": "b@example.com", "text": "more" }] });
    assert_eq!(laid(&account, json!({ "threads": [row] })), (1, 0, 0));
    let shown = account
        .get(&format!("/v1/threads/{id}/messages"))
        .expect(200)
        .json();
    assert_eq!(shown["isRead"], false);
    assert_eq!(
        shown["data"][1]["inReplyTo"],
        shown["data"][0]["rfcMessageId"]
    );
}

#[test]
fn a_fragment_that_adds_an_older_message_leaves_its_thread_read() {
    let (account, thread) = desk("state-mail-add-older");
    let id = thread["id"].as_str().expect("an id");
    let path = format!("/v1/threads/{id}");
    account.patch(&path, json!({ "isRead": true })).expect(200);
    let older = json!({ "from": "b@example.com", "at": "-1h", "text": "less" });
    let row = json!({ "id": id, "messages": [older] });
    assert_eq!(laid(&account, json!({ "threads": [row] })), (1, 0, 0));
    let shown = account.get(&format!("{path}/messages")).expect(200).json();
    assert_eq!(shown["isRead"], true);
}

/// The id of a message in the trash is taken: an export would hold it twice.
#[test]
fn a_fragment_takes_no_id_of_a_message_in_the_trash() {
    let (account, thread) = desk("state-mail-trashed-id");
    let id = thread["id"].as_str().expect("an id");
    account.delete(&format!("/v1/threads/{id}")).expect(204);
    let message = json!({ "id": thread["messages"][0]["id"], "from": "b@example.com" });
    let row = json!({ "inbox": "desk@openmail.sh", "messages": [message] });
    let before = export(&account);
    let refused = patch(&account, json!({ "threads": [row] })).refused(409, "id_taken");
    assert!(
        refused.message().starts_with("/threads/0/messages/0/id: "),
        "{}",
        refused.message()
    );
    assert_eq!(export(&account), before);
}

#[test]
fn a_fragment_sets_whether_a_thread_is_read() {
    let (account, thread) = desk("state-mail-read");
    let id = thread["id"].as_str().expect("an id");
    for (is_read, changed) in [(true, 1), (true, 0), (false, 1)] {
        let row = json!({ "id": id, "isRead": is_read });
        assert_eq!(laid(&account, json!({ "threads": [row] })), (0, changed, 0));
        let shown = account
            .get(&format!("/v1/threads/{id}/messages"))
            .expect(200)
            .json();
        assert_eq!(shown["isRead"], is_read);
    }
}

#[test]
fn a_fragment_removes_a_thread_as_the_api_does() {
    let (account, thread) = desk("state-mail-remove");
    let row = json!({ "id": thread["id"], "remove": true });
    assert_eq!(laid(&account, json!({ "threads": [row] })), (0, 0, 1));
    let id = thread["id"].as_str().expect("an id");
    account
        .get(&format!("/v1/threads/{id}/messages"))
        .refused(404, "not_found");
    assert!(parsed(&export(&account))["threads"][0]["trashedAt"].is_string());
    patch(&account, json!({ "threads": [row] })).refused(404, "not_found");
}

#[test]
fn the_trash_changes_no_more() {
    let (account, thread) = desk("state-mail-trash");
    assert_eq!(
        laid(
            &account,
            json!({ "threads": [{ "id": thread["id"], "trashedAt": "-1h" }] })
        ),
        (0, 1, 0)
    );
    let own = fragment(&account);
    let before = export(&account);
    assert_eq!(laid(&account, own), (0, 0, 0));
    let refusal = patch(
        &account,
        json!({ "threads": [{ "id": thread["id"], "isRead": true }] }),
    );
    let refusal = refusal.refused(400, "bad_request").json().to_string();
    assert!(refusal.contains("in the trash"), "{refusal}");
    assert_eq!(export(&account), before);
}

#[test]
fn a_message_that_is_there_stays_what_and_where_it_is() {
    let (account, thread) = desk("state-mail-moved");
    arrive(&account, "two");
    let state = parsed(&export(&account));
    let other = state["threads"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|it| it["id"] != thread["id"]);
    let other = other.expect("it is there")["id"].clone();
    let message = thread["messages"][0]["id"].clone();
    let before = export(&account);
    for (row, pointer) in [
        (
            json!({ "id": other, "messages": [{ "id": message }] }),
            "/threads/0/messages/0/id",
        ),
        (
            json!({ "id": thread["id"], "subject": "x" }),
            "/threads/0/subject",
        ),
        (
            json!({ "id": thread["id"], "messages": [{ "id": message, "text": "x" }] }),
            "/threads/0/messages/0/text",
        ),
        (
            json!({ "id": thread["id"], "messages": [{ "id": message, "from": "x@x.example" }] }),
            "/threads/0/messages/0/from",
        ),
        (
            json!({ "id": thread["id"], "messages": [{ "id": message, "to": ["x@x.example"] }] }),
            "/threads/0/messages/0/to",
        ),
        (
            json!({ "id": thread["id"], "messages": [{ "id": message, "category": "marketing" }] }),
            "/threads/0/messages/0/category",
        ),
        (
            json!({ "id": thread["id"], "messages": [{ "id": message, "at": "-1h" }] }),
            "/threads/0/messages/0/at",
        ),
    ] {
        let refusal = patch(&account, json!({ "threads": [row] })).refused(400, "bad_request");
        assert_eq!(
            refusal.json()["violations"][0]["pointer"],
            pointer,
            "{}",
            refusal.message()
        );
    }
    assert_eq!(export(&account), before);
}

/// Every bound of a fixture's schema that mail does not have made worlds that could not be told.
#[test]
fn mail_of_any_length_can_be_told() {
    let (account, _) = desk("state-mail-long");
    let long = "x".repeat(5_000);
    let bytes = format!(
        "From: {long} <{long}@example.com>\r\nTo: {long}@example.com\r\nCc: {long}@example.com\r\n\
         Reply-To: {long}@example.com\r\nSubject: {long}\r\nMessage-ID: <{long}@x>\r\n\
         In-Reply-To: <{long}@y>\r\nReferences: <{long}@z>\r\n\
         Content-Type: {long}/{long}; name={long}\r\n\r\nT"
    );
    let headers = [("content-type", "message/rfc822")];
    let path = "/_mock/inbound?to=desk@openmail.sh";
    account
        .send_raw("POST", path, &headers, bytes.as_bytes())
        .expect(200);
    let files = json!([{ "filename": long, "contentType": long, "parsedText": "x".repeat(50_001), "extractionMethod": long }]);
    let mail =
        json!({ "from": format!("{long}@x.yz"), "to": "desk@openmail.sh", "attachments": files });
    account.post("/_mock/inbound", mail).expect(200);
    let exported = export(&account);
    put_bytes(&account, &exported).expect(200);
    assert!(export(&account) == exported);
}

/// The first of several with one Message-ID is the one that is answered, also when it goes, and
/// also in a copy, which lays threads in the order of their ids.
#[test]
fn messages_may_share_a_message_id() {
    let (account, _) = desk("state-mail-shared");
    let mail = json!({ "from": "a@example.com", "to": "desk@openmail.sh", "headers": { "Message-ID": "<same@x>" } });
    let arrived = |mail: &Value| {
        let answer = account
            .post("/_mock/inbound", mail.clone())
            .expect(200)
            .json();
        answer["results"][0].clone()
    };
    let originals: Vec<Value> = (0..8).map(|_| arrived(&mail)).collect();
    let answer =
        json!({ "from": "a@example.com", "to": "desk@openmail.sh", "inReplyTo": "same@x" });
    for original in &originals {
        assert_eq!(arrived(&answer)["threadId"], original["threadId"]);
        let exported = export(&account);
        put_bytes(&account, &exported).expect(200);
        assert_eq!(arrived(&answer)["threadId"], original["threadId"]);
        let id = original["messageId"].as_str().expect("an id");
        account.delete(&format!("/v1/messages/{id}")).expect(204);
    }
    assert_eq!(arrived(&answer)["joinedBy"], "new");
}
