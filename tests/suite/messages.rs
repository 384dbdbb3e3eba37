//! Messages through the protocol: listed, deleted one by one, and with their inbox (OpenMail docs,
//! Messages).

use serde_json::{Value, json};

use super::support::post::{Post, START, id, rows, text};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn incoming(message_id: &str) -> Value {
    json!({
        "from": "Ada <ada@example.com>",
        "to": "desk@openmail.sh",
        "subject": "Delivery",
        "text": "When?",
        "headers": { "Message-ID": format!("<{message_id}>") },
    })
}

fn mail() -> Value {
    json!({ "to": "ada@example.com", "subject": "Delivery", "body": "Thursday." })
}

fn ids(messages: &[Value]) -> Vec<Value> {
    messages.iter().map(|it| it["id"].clone()).collect()
}

fn list(post: &Post, inbox: &Value, query: &str) -> Value {
    let path = format!("/v1/inboxes/{}/messages?{query}", id(inbox));
    post.account.get(&path).expect(200).json()
}

fn message_path(answer: &Value) -> String {
    format!("/v1/messages/{}", text(answer, "messageId"))
}

#[test]
fn an_incoming_message_is_shown_as_it_came() {
    let post = Post::new("messages-shown");
    let desk = post.inbox("desk");
    let came = post.arrives(incoming("first@example.com"));
    let expected = json!({
        "id": came["messageId"],
        "inboxId": desk["id"],
        "threadId": came["threadId"],
        "direction": "inbound",
        "fromAddr": "Ada <ada@example.com>",
        "toAddr": "desk@openmail.sh",
        "headerTo": "desk@openmail.sh",
        "deliveryRole": "to",
        "cc": [],
        "subject": "Delivery",
        "bodyText": "When?",
        "attachments": [],
        "status": "received",
        "rfcMessageId": "<first@example.com>",
        "inReplyTo": null,
        "references": [],
        "rawUrl": format!("/v1/messages/{}/raw", text(&came, "messageId")),
        "category": "personal",
        "autoReplyable": true,
        "verdict": "clean",
        "createdAt": START,
    });
    assert_eq!(post.only(&desk), expected);
}

#[test]
fn the_newest_message_stands_first() {
    let post = Post::new("messages-order");
    let desk = post.inbox("desk");
    let first = post.arrives(incoming("1@example.com"));
    post.advance("1m");
    let second = post.send(&desk, mail());
    post.advance("1m");
    let third = post.arrives(incoming("3@example.com"));
    let expected = [&third, &second, &first].map(|it| it["messageId"].clone());
    assert_eq!(ids(&post.messages(&desk)), expected);
}

#[test]
fn pages_of_messages_tile_at_one_instant() {
    let post = Post::new("messages-tile");
    let desk = post.inbox("desk");
    let mut expected: Vec<_> = (0..7)
        .map(|_| post.send(&desk, mail())["messageId"].clone())
        .collect();
    expected.reverse();
    let mut tiled = Vec::new();
    for offset in [0, 3, 6, 9] {
        let page = list(&post, &desk, &format!("limit=3&offset={offset}"));
        assert_eq!(page["total"], 7);
        tiled.extend(ids(&rows(&page)));
    }
    assert_eq!(tiled, expected);
}

#[test]
fn messages_are_filtered_by_direction() {
    let post = Post::new("messages-direction");
    let desk = post.inbox("desk");
    let came = post.arrives(incoming("1@example.com"));
    let sent: Vec<_> = (0..2).map(|_| post.send(&desk, mail())).collect();
    let inbound = list(&post, &desk, "direction=inbound");
    assert_eq!(inbound["total"], 1);
    assert_eq!(inbound["data"][0]["id"], came["messageId"]);
    let outbound = list(&post, &desk, "direction=outbound&limit=1&offset=1");
    assert_eq!(outbound["total"], 2);
    assert_eq!(ids(&rows(&outbound)), [sent[0]["messageId"].clone()]);
}

#[test]
fn a_direction_that_is_none_is_refused() {
    let post = Post::new("messages-odd-direction");
    let desk = post.inbox("desk");
    let path = format!("/v1/inboxes/{}/messages?direction=sideways", id(&desk));
    post.account.get(&path).refused(400, "bad_request");
}

#[test]
fn unknown_messages_and_inboxes_are_not_found() {
    let post = Post::new("messages-not-found");
    for path in [
        format!("/v1/inboxes/{NOBODY}/messages"),
        format!("/v1/messages/{NOBODY}/raw"),
        "/v1/messages/x/raw".to_owned(),
    ] {
        post.account.get(&path).refused(404, "not_found");
    }
    let path = format!("/v1/messages/{NOBODY}");
    post.account.delete(&path).refused(404, "not_found");
}

#[test]
fn raw_bytes_that_came_in_go_out_unchanged() {
    let post = Post::new("messages-raw");
    let desk = post.inbox("desk");
    let raw =
        b"from: ada@example.com\nTO: desk@openmail.sh\nX-\xff: \xfe\nSubject: a\n b\n\nBody\r\n\0";
    post.arrives_raw("desk@openmail.sh", raw);
    assert_eq!(post.raw(&post.only(&desk)), raw);
}

#[test]
fn mail_that_was_described_has_raw_bytes_that_read_the_same() {
    let (here, there) = (
        Post::new("messages-described"),
        Post::new("messages-described-2"),
    );
    let (desk, other) = (here.inbox("desk"), there.inbox("desk"));
    here.arrives(incoming("1@example.com"));
    let described = here.only(&desk);
    there.arrives_raw("desk@openmail.sh", &here.raw(&described));
    let read = there.only(&other);
    for field in [
        "fromAddr",
        "headerTo",
        "subject",
        "bodyText",
        "rfcMessageId",
        "deliveryRole",
    ] {
        assert_eq!(read[field], described[field], "{field}");
    }
    assert_eq!(here.raw(&described), here.raw(&described));
}

// Deleting.

#[test]
fn a_deleted_message_is_gone() {
    let post = Post::new("messages-delete");
    let desk = post.inbox("desk");
    let kept = post.send(&desk, mail());
    let sent = post.send(&desk, mail());
    let deleted = post.account.delete(&message_path(&sent)).expect(204);
    assert_eq!(deleted.body, b"");
    assert_eq!(post.only(&desk)["id"], kept["messageId"]);
    let outbound = list(&post, &desk, "direction=outbound");
    assert_eq!(outbound["total"], 1);
    let path = message_path(&sent);
    post.account.delete(&path).refused(404, "not_found");
    post.account
        .get(&format!("{path}/raw"))
        .refused(404, "not_found");
}

#[test]
fn a_thread_shrinks_with_its_messages() {
    let post = Post::new("messages-shrink");
    let desk = post.inbox("desk");
    let first = post.arrives(incoming("1@example.com"));
    let other = post.arrives(incoming("2@example.com"));
    post.advance("1m");
    let reply = json!({ "to": "ada@example.com", "body": "x", "threadId": first["threadId"] });
    let reply = post.send(&desk, reply);
    post.account.delete(&message_path(&reply)).expect(204);
    let threads = post.threads(&desk);
    assert_eq!(
        threads[0]["id"], other["threadId"],
        "it stands by its last message"
    );
    assert_eq!(threads[1]["messageCount"], 1);
    assert_eq!(threads[1]["lastMessageAt"], START);
}

#[test]
fn a_thread_goes_with_its_last_message() {
    let post = Post::new("messages-last");
    let desk = post.inbox("desk");
    let sent = post.send(&desk, mail());
    post.account.delete(&message_path(&sent)).expect(204);
    assert_eq!(post.threads(&desk), [] as [Value; 0]);
    let path = format!("/v1/threads/{}/messages", text(&sent, "threadId"));
    post.account.get(&path).refused(404, "not_found");
}

#[test]
fn an_answer_to_a_deleted_message_joins_what_is_left_of_its_thread() {
    let post = Post::new("messages-delete-join");
    post.inbox("desk");
    let first = post.arrives(incoming("1@example.com"));
    let mut second = incoming("2@example.com");
    second["inReplyTo"] = json!("1@example.com");
    post.arrives(second);
    post.account.delete(&message_path(&first)).expect(204);
    let mut third = incoming("3@example.com");
    third["inReplyTo"] = json!("1@example.com");
    third["references"] = json!(["1@example.com", "2@example.com"]);
    let third = post.arrives(third);
    assert_eq!(third["threadId"], first["threadId"]);
    assert_eq!(third["joinedBy"], "references");
}

#[test]
fn a_deleted_inbox_takes_its_mail_along() {
    let post = Post::new("messages-inbox");
    let desk = post.inbox("desk");
    let mut first = incoming("1@example.com");
    first["attachments"] = json!([{ "filename": "a.txt", "data": "QQ==" }]);
    let first = post.arrives(first);
    let path = format!("/v1/inboxes/{}", id(&desk));
    post.account.delete(&path).expect(204);
    let (message, thread) = (text(&first, "messageId"), text(&first, "threadId"));
    for path in [
        format!("{path}/messages"),
        format!("{path}/threads"),
        format!("/v1/threads/{thread}/messages"),
        format!("/v1/messages/{message}/raw"),
        format!("/v1/attachments/{message}/a.txt"),
    ] {
        post.account.get(&path).refused(404, "not_found");
    }
}

#[test]
fn an_address_that_is_free_again_begins_without_mail() {
    let post = Post::new("messages-address");
    let desk = post.inbox("desk");
    let first = post.arrives(incoming("1@example.com"));
    let path = format!("/v1/inboxes/{}", id(&desk));
    post.account.delete(&path).expect(204);
    let again = post.inbox("desk");
    assert_ne!(again["id"], desk["id"]);
    assert_eq!(post.messages(&again), [] as [Value; 0]);
    let mut reply = incoming("2@example.com");
    reply["inReplyTo"] = json!("1@example.com");
    let reply = post.arrives(reply);
    assert_eq!(reply["joinedBy"], "new");
    assert_ne!(reply["threadId"], first["threadId"]);
}

#[test]
fn the_outbox_keeps_what_a_deleted_inbox_sent() {
    let post = Post::new("messages-outbox");
    let desk = post.inbox("desk");
    post.send(&desk, mail());
    post.account
        .delete(&format!("/v1/inboxes/{}", id(&desk)))
        .expect(204);
    assert_eq!(post.outbox().len(), 1);
}

#[test]
fn mail_to_a_deleted_inbox_goes_nowhere() {
    let post = Post::new("messages-to-deleted");
    let desk = post.inbox("desk");
    post.account
        .delete(&format!("/v1/inboxes/{}", id(&desk)))
        .expect(204);
    let came = post.arrives(incoming("1@example.com"));
    assert_eq!(came["dropped"], "no_such_inbox");
}
