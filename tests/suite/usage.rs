//! Usage and feedback through the protocol.

use serde_json::{Value, json};

use crate::support::post::{Post, id, text};

fn usage(post: &Post, query: &str) -> Value {
    post.account
        .get(&format!("/v1/usage{query}"))
        .expect(200)
        .json()
}

fn mail(to: &str) -> Value {
    json!({ "to": to, "subject": "Hello", "body": "Hi",
            "attachments": [{ "filename": "a.txt", "contentType": "text/plain", "data": "QUJD" }] })
}

fn counts(row: &Value) -> (u64, u64, u64) {
    let number = |field: &str| row[field].as_u64().expect("a count");
    (
        number("inbound"),
        number("outbound"),
        number("attachmentBytes"),
    )
}

#[test]
fn mail_is_counted_where_it_moved() {
    let post = Post::new("usage-moved");
    let (ada, bo) = (post.inbox("ada"), post.inbox("bob"));
    let idle = post.inbox("idle");
    post.send(&ada, mail("bob@openmail.sh"));
    let seen = usage(&post, "");
    assert_eq!(seen["groupBy"], "inbox");
    assert_eq!(seen["to"], "2040-01-16T09:30:00.001Z");
    assert_eq!(seen["from"], "2039-12-17T09:30:00.000Z");
    let rows = seen["inboxes"].as_array().expect("rows");
    let shown: Vec<_> = rows.iter().map(|it| (&it["inboxId"], counts(it))).collect();
    let expected = [
        (&idle["id"], (0, 0, 0)),
        (&bo["id"], (1, 0, 3)),
        (&ada["id"], (0, 1, 3)),
    ];
    assert_eq!(shown, expected);
    assert_eq!(counts(&seen["totals"]), (1, 1, 6));
    assert_eq!(rows[0]["storedBytes"], 0);
    assert!(rows[1]["storedBytes"].as_u64().expect("bytes") > 3);
    let account = usage(&post, "?group_by=account");
    assert_eq!(account["inboxes"], json!([]));
    assert_eq!(account["totals"], seen["totals"]);
}

#[test]
fn a_window_begins_with_its_first_instant_and_ends_before_its_last() {
    let post = Post::new("usage-window");
    let ada = post.inbox("ada");
    post.send(&ada, mail("x@example.com"));
    let sent = |from: &str, to: &str| {
        let seen = usage(&post, &format!("?from={from}&to={to}"));
        seen["totals"]["outbound"].as_u64().expect("a count")
    };
    let (before, at, after) = (
        "2040-01-16T09:29:59.999Z",
        "2040-01-16T09:30:00.000Z",
        "2040-01-16T09:30:00.001Z",
    );
    assert_eq!(sent(before, at), 0);
    assert_eq!(sent(at, after), 1);
    assert_eq!(sent(after, "2040-01-17"), 0);
    assert_eq!(sent("2040-01-16", "2040-01-17"), 1);
    for query in [
        "?from=2040-01-17",
        "?from=soon",
        "?group_by=pod",
        "?from=2040-01-01&to=2040-01-01",
        "?from=2040-01-01&to=2040-04-02T00:00:00.001Z",
    ] {
        let refused = post.account.get(&format!("/v1/usage{query}"));
        refused.refused(400, "bad_request");
    }
    usage(&post, "?from=2040-01-01&to=2040-04-02");
    usage(&post, "?from=2039-10-16T09:30:00Z");
}

#[test]
fn deletion_takes_nothing_back_and_survives_an_export() {
    let post = Post::new("usage-deleted");
    let (ada, bo) = (post.inbox("ada"), post.inbox("bob"));
    let sent = post.send(&ada, mail("bob@openmail.sh"));
    post.send(&ada, mail("bob@openmail.sh"));
    let before = usage(&post, "");
    let message = format!("/v1/messages/{}", text(&sent, "messageId"));
    post.account.delete(&message).expect(204);
    let thread = post.threads(&bo)[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    post.account
        .delete(&format!("/v1/threads/{thread}"))
        .expect(204);
    let after = usage(&post, "");
    assert_eq!(counts(&after["totals"]), counts(&before["totals"]));
    // What is in the trash is stored; what is deleted for good is not.
    assert_eq!(after["inboxes"][0], before["inboxes"][0]);
    assert!(
        after["inboxes"][1]["storedBytes"].as_u64() < before["inboxes"][1]["storedBytes"].as_u64()
    );
    post.account
        .delete(&format!("/v1/inboxes/{}", id(&bo)))
        .expect(204);
    let gone = usage(&post, "");
    assert_eq!(counts(&gone["totals"]), counts(&before["totals"]));
    assert_eq!(gone["inboxes"][1]["address"], "bob@openmail.sh");
    assert_eq!(gone["inboxes"][1]["storedBytes"], 0);
    let export = post.account.get("/_mock/state").expect(200);
    let put = post
        .account
        .send("PUT", "/_mock/state", Some(export.json()));
    put.expect(200);
    assert_eq!(
        post.account.get("/_mock/state").expect(200).body,
        export.body
    );
    assert_eq!(usage(&post, ""), gone);
}

#[test]
fn a_key_sees_what_it_reaches() {
    let post = Post::new("usage-keys");
    let fixture = json!({
        "pods": [{ "clientId": "own", "inboxes": [{ "address": "ada@openmail.sh" }, { "address": "bob@openmail.sh" }] }],
        "inboxes": [{ "address": "cyd@openmail.sh" }],
        "threads": [{ "inbox": "cyd@openmail.sh", "subject": "s", "messages": [{ "from": "x@example.com", "text": "t" }] },
                    { "inbox": "ada@openmail.sh", "subject": "s", "messages": [{ "from": "x@example.com", "text": "t" }] }],
        "keys": [{ "label": "pod", "pod": "own" }, { "label": "inbox", "inbox": "bob@openmail.sh" }],
    });
    post.account.patch("/_mock/state", fixture).expect(200);
    let seen = |label: &str| {
        let holder = post.account.holding(&format!("om_test_usage-keys{label}"));
        let seen = holder.get("/v1/usage").expect(200).json();
        let rows = seen["inboxes"].as_array().expect("rows").len();
        (rows, counts(&seen["totals"]).0)
    };
    assert_eq!(seen(""), (3, 2));
    assert_eq!(seen(".pod"), (2, 1));
    assert_eq!(seen(".inbox"), (1, 0));
}

#[test]
fn feedback_is_taken_and_stands_in_the_journal() {
    let post = Post::new("feedback");
    let said = json!({ "type": "friction", "message": "It hums.", "context": { "endpoint": "GET /v1/me" } });
    let taken = post.account.post("/v1/feedback", said).expect(201);
    assert_eq!(taken.json(), json!({ "ok": true }));
    let journal = post.account.get("/_mock/requests?operation=submitFeedback");
    assert!(journal.expect(200).json().to_string().contains("It hums."));
    for wrong in [
        json!({}),
        json!({ "type": "praise", "message": "x" }),
        json!({ "type": "bug", "message": "" }),
    ] {
        post.account
            .post("/v1/feedback", wrong)
            .refused(400, "bad_request");
    }
}

#[test]
fn the_grouping_has_two_names() {
    let post = Post::new("usage-names");
    post.inbox("ada");
    assert_eq!(usage(&post, "?groupBy=account")["inboxes"], json!([]));
    assert_eq!(
        usage(&post, "?groupBy=account&group_by=account")["groupBy"],
        "account"
    );
    let differ = post.account.get("/v1/usage?groupBy=account&group_by=inbox");
    differ.refused(400, "bad_request");
}

#[test]
fn a_window_is_told_by_what_was_sent() {
    let post = Post::new("usage-window-words");
    let refused = post.account.get("/v1/usage?to=2020-01-01");
    let words = refused.refused(400, "bad_request").json()["message"].to_string();
    assert!(words.contains("send `from` too"), "{words}");
}

#[test]
fn feedback_takes_null_for_what_it_has_not() {
    let post = Post::new("usage-feedback-null");
    for context in [json!(null), json!({ "endpoint": null })] {
        let body = json!({ "type": "bug", "message": "Hm", "context": context });
        post.account.post("/v1/feedback", body).expect(201);
    }
}

#[test]
fn the_trash_is_purged_after_30_days() {
    let post = Post::new("usage-trash");
    let ada = post.inbox("ada");
    let came =
        post.arrives(json!({ "from": "x@example.com", "to": "ada@openmail.sh", "text": "Hi" }));
    let thread = format!("/v1/threads/{}", text(&came, "threadId"));
    post.account.delete(&thread).expect(204);
    let stored = || usage(&post, "")["totals"]["storedBytes"].as_u64();
    let told = || {
        let state = post.account.get("/_mock/state").expect(200).json();
        state["threads"].as_array().map_or(0, Vec::len)
    };
    post.advance("719h59m59s999ms");
    assert_eq!((stored(), told()), (Some(2), 1));
    post.advance("1ms");
    assert_eq!((stored(), told()), (Some(0), 0));
    // What is stored next drops it for good.
    post.send(
        &ada,
        json!({ "to": "x@example.com", "subject": "S", "body": "Hi" }),
    );
    assert_eq!(told(), 1);
}
