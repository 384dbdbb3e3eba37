//! The suppression list: who is on it, and what becomes of mail to them.

use serde_json::{Value, json};

use super::{desk, export, lay, mail, refused, with, world};

fn listed(address: &str, kind: &str) -> Value {
    json!({ "suppressions": [{ "address": address, "type": kind }] })
}

#[test]
fn a_send_to_a_suppressed_recipient_is_refused_whole() {
    for kind in ["bounce", "complaint", "unsub"] {
        let post = world(
            &format!("refusals-suppressed-{kind}"),
            listed("ada@example.com", kind),
        );
        for field in ["to", "cc", "bcc"] {
            let body = match field {
                "to" => mail("ada@example.com"),
                field => with(
                    mail("bo@example.com"),
                    json!({ field: ["cy@example.com", "ada@example.com"] }),
                ),
            };
            let answer = refused(&post, body, 422, "recipient_suppressed").json();
            assert_eq!(answer["type"], kind, "{field}");
            assert_eq!(answer["recipient"], "ada@example.com", "{field}");
        }
        post.send(&desk(), mail("bo@example.com"));
    }
}

#[test]
fn addresses_on_the_list_compare_without_case() {
    let post = world(
        "refusals-suppressed-case",
        listed("Ada@Example.COM", "bounce"),
    );
    let answer = refused(&post, mail("aDA@example.com"), 422, "recipient_suppressed");
    assert_eq!(answer.json()["recipient"], "aDA@example.com");
    lay(&post, listed("ADA@example.com", "unsub"));
    let answer = refused(&post, mail("ada@example.com"), 422, "recipient_suppressed");
    assert_eq!(answer.json()["type"], "unsub");
}

#[test]
fn whoever_is_taken_off_the_list_gets_mail_again() {
    let post = world("refusals-unlisted", listed("ada@example.com", "complaint"));
    let gone = json!({ "suppressions": [{ "address": "Ada@example.com", "remove": true }] });
    let changes = post.account.patch(super::STATE, gone.clone()).expect(200);
    let expected = json!({ "added": 0, "changed": 0, "removed": 1 });
    assert_eq!(changes.json(), expected);
    post.send(&desk(), mail("ada@example.com"));
    let again = post.account.patch(super::STATE, gone);
    let again = again.refused(404, "not_found");
    let pointer = &again.json()["violations"][0]["pointer"];
    assert_eq!(pointer, "/suppressions/0/address");
}

/// A reply copies whoever wrote to somebody else with the inbox in Cc, unasked; the list holds for
/// them too.
#[test]
fn a_copy_that_nobody_asked_for_is_held_against_the_list() {
    let post = world("refusals-suppressed-copy", json!({}));
    let came = post.arrives(json!({
        "from": "ada@example.com", "to": ["bo@example.com", "desk@openmail.sh"],
        "cc": "desk@openmail.sh", "text": "Hi",
    }));
    let came_in_copy = post.arrives_raw(
        "desk@openmail.sh",
        b"From: ada@example.com\r\nTo: bo@example.com\r\nCc: desk@openmail.sh\r\n\r\nHi",
    );
    assert_ne!(came["threadId"], came_in_copy["threadId"]);
    lay(&post, listed("ada@example.com", "bounce"));
    let reply =
        json!({ "to": "bo@example.com", "body": "Yes", "threadId": came_in_copy["threadId"] });
    let answer = refused(&post, reply, 422, "recipient_suppressed");
    assert_eq!(answer.json()["recipient"], "ada@example.com");
}

#[test]
fn the_list_is_exported_by_address() {
    let post = world(
        "refusals-suppressed-export",
        json!({ "suppressions": [
            { "address": "Zoe@example.com", "type": "unsub", "createdAt": "-1d" },
            { "address": "ada@example.com", "type": "bounce" },
        ]}),
    );
    let exported = export(&post);
    let expected = json!([
        { "address": "ada@example.com", "type": "bounce", "createdAt": "2040-01-16T09:30:00.000Z" },
        { "address": "zoe@example.com", "type": "unsub", "createdAt": "2040-01-15T09:30:00.000Z" },
    ]);
    assert_eq!(exported["suppressions"], expected);
}

#[test]
fn what_is_wrong_with_the_list_is_told_at_its_place() {
    let post = world(
        "refusals-suppressed-wrong",
        listed("ada@example.com", "bounce"),
    );
    for (row, pointer, words) in [
        (
            json!({ "type": "bounce" }),
            "/suppressions/0",
            "`address` is missing",
        ),
        (
            json!({ "address": "bo@example.com" }),
            "/suppressions/0",
            "`type` is missing",
        ),
        (
            json!({ "address": "bo" , "type": "bounce" }),
            "/suppressions/0/address",
            "one bare address",
        ),
        (
            json!({ "address": "bo@example.com", "type": "bounced" }),
            "/suppressions/0/type",
            "bounce",
        ),
        (
            json!({ "address": "ada@example.com", "createdAt": "2020-01-01T00:00:00Z" }),
            "/suppressions/0/createdAt",
            "is settled",
        ),
        (
            json!({ "address": "ada@example.com", "type": "bounce", "remove": true }),
            "/suppressions/0/type",
            "only how it is found",
        ),
        (
            json!({ "remove": true }),
            "/suppressions/0",
            "say which suppression goes",
        ),
    ] {
        let before = export(&post);
        let fragment = json!({ "suppressions": [row] });
        let answer = post.account.patch(super::STATE, fragment);
        let answer = answer.refused(400, "bad_request").json();
        assert_eq!(answer["violations"][0]["pointer"], pointer, "{answer}");
        let message = answer["message"].as_str().expect("a text");
        assert!(message.contains(words), "{message}");
        assert_eq!(export(&post), before);
    }
}

#[test]
fn an_address_stands_on_the_list_once() {
    let post = world("refusals-suppressed-twice", json!({}));
    let fragment = json!({ "suppressions": [
        { "address": "ada@example.com", "type": "bounce" },
        { "address": "ADA@example.com", "type": "unsub" },
    ]});
    let answer = post.account.patch(super::STATE, fragment);
    let answer = answer.refused(400, "bad_request").json();
    let pointer = &answer["violations"][0]["pointer"];
    assert_eq!(pointer, "/suppressions/1/address");
}
