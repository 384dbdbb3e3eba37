//! Conversations through the protocol: what joins them, how they are answered, listed, read and
//! deleted (OpenMail docs, Threads).

use std::collections::HashSet;

use serde_json::{Value, json};

use super::support::post::{Part, Post, START, id, rows, text};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn mail(to: &str) -> Value {
    json!({ "to": to, "subject": "Delivery", "body": "It comes on Thursday." })
}

fn incoming(subject: &str) -> Value {
    json!({
        "from": "Ada <ada@example.com>",
        "to": "desk@openmail.sh",
        "subject": subject,
        "text": "One.\n\nTwo.",
    })
}

fn with(mut mail: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().expect("fields") {
        mail[name] = value.clone();
    }
    mail
}

/// An incoming mail with a Message-ID of its own choice.
fn identified(message_id: &str) -> Value {
    let headers = json!({ "headers": { "Message-ID": format!("<{message_id}>") } });
    with(incoming("Delivery"), headers)
}

/// An answer in a thread.
fn answer(thread: &Value) -> Value {
    json!({ "to": "ada@example.com", "body": "Answer.", "threadId": thread })
}

/// A world with one inbox and one thread, started from outside.
fn with_thread(world: &str) -> (Post, Value, Value) {
    let post = Post::new(world);
    let desk = post.inbox("desk");
    let came = post.arrives(identified("first@example.com"));
    let thread = came["threadId"].clone();
    (post, desk, thread)
}

fn thread_path(thread: &Value) -> String {
    format!("/v1/threads/{}", thread.as_str().expect("an id"))
}

fn conversation(post: &Post, thread: &Value) -> Value {
    let path = format!("{}/messages", thread_path(thread));
    post.account.get(&path).expect(200).json()
}

fn is_read(post: &Post, inbox: &Value, thread: &Value) -> Value {
    post.thread(inbox, thread)["isRead"].clone()
}

fn set_read(post: &Post, thread: &Value, value: bool) {
    let path = thread_path(thread);
    let set = post.account.patch(&path, json!({ "isRead": value }));
    assert_eq!(set.expect(200).json(), json!({ "ok": true }));
}

// What joins a thread.

#[test]
fn a_mail_joins_the_thread_of_what_it_answers() {
    let (post, _, thread) = with_thread("threads-in-reply-to");
    let reply = json!({ "inReplyTo": "<first@example.com>", "subject": "Other" });
    let came = post.arrives(with(incoming("x"), reply));
    assert_eq!(came["threadId"], thread);
    assert_eq!(came["joinedBy"], "in-reply-to");
}

#[test]
fn a_mail_joins_the_thread_of_what_it_refers_to() {
    let (post, _, thread) = with_thread("threads-references");
    let reply = json!({
        "inReplyTo": "<lost@example.com>",
        "references": ["<first@example.com>", "<unknown@example.com>"],
    });
    let came = post.arrives(with(incoming("Other"), reply));
    assert_eq!(came["threadId"], thread);
    assert_eq!(came["joinedBy"], "references");
}

#[test]
fn what_a_mail_answers_counts_more_than_what_it_refers_to() {
    let (post, _, thread) = with_thread("threads-precedence");
    let other = post.arrives(identified("other@example.com"));
    let reply = json!({ "inReplyTo": "first@example.com", "references": "<other@example.com>" });
    let came = post.arrives(with(incoming("x"), reply));
    assert_ne!(other["threadId"], thread);
    assert_eq!(came["threadId"], thread);
}

#[test]
fn a_subject_joins_nothing() {
    let (post, _, thread) = with_thread("threads-subject");
    let came = post.arrives(incoming("Re: Delivery"));
    assert_ne!(came["threadId"], thread);
    assert_eq!(came["joinedBy"], "new");
}

#[test]
fn a_message_of_another_inbox_joins_nothing() {
    let (post, _, thread) = with_thread("threads-other-inbox");
    let other = post.inbox("other");
    let reply = json!({ "to": "other@openmail.sh", "inReplyTo": "first@example.com" });
    let came = post.arrives(with(incoming("x"), reply));
    assert_eq!(came["joinedBy"], "new");
    assert_ne!(came["threadId"], thread);
    assert_eq!(came["inboxId"], other["id"]);
}

#[test]
fn an_answer_between_inboxes_joins_on_both_sides() {
    let post = Post::new("threads-both-sides");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let started = post.send(&desk, mail("ada@openmail.sh"));
    let theirs = post.only(&ada)["threadId"].clone();
    let reply = json!({ "to": "desk@openmail.sh", "body": "Good.", "threadId": theirs });
    post.send(&ada, reply);
    assert_eq!(post.threads(&desk).len(), 1);
    assert_eq!(post.threads(&ada).len(), 1);
    let directions: Vec<_> = rows(&conversation(&post, &started["threadId"]))
        .iter()
        .map(|it| it["direction"].clone())
        .collect();
    assert_eq!(directions, ["outbound", "inbound"]);
}

#[test]
fn the_second_of_two_messages_with_one_id_is_answered_when_the_first_is_gone() {
    let post = Post::new("threads-same-id");
    let desk = post.inbox("desk");
    let sent = post.send(&desk, mail("desk@openmail.sh"));
    let came = post.received(&desk).remove(0);
    let path = format!("/v1/messages/{}", text(&sent, "messageId"));
    post.account.delete(&path).expect(204);
    let reply = json!({ "inReplyTo": came["rfcMessageId"] });
    let reply = post.arrives(with(incoming("x"), reply));
    assert_eq!(reply["threadId"], came["threadId"]);
}

// Answers.

#[test]
fn an_answer_has_the_subject_of_its_thread() {
    let (post, desk, thread) = with_thread("threads-re");
    let ignored = json!({ "subject": "Something else" });
    let sent = post.sent(&desk, with(answer(&thread), ignored));
    assert_eq!(sent["subject"], "Re: Delivery");
    assert_eq!(sent["threadId"], thread);
}

#[test]
fn re_is_not_doubled() {
    let post = Post::new("threads-re-re");
    let desk = post.inbox("desk");
    for subject in ["Re: Delivery", "RE: Delivery", "re:Delivery"] {
        let came = post.arrives(incoming(subject));
        let sent = post.sent(&desk, answer(&came["threadId"]));
        assert_eq!(sent["subject"], subject);
    }
}

#[test]
fn an_answer_to_a_thread_without_a_subject_is_taken() {
    let post = Post::new("threads-re-nothing");
    let desk = post.inbox("desk");
    let came = post.arrives(incoming(""));
    let sent = post.sent(&desk, answer(&came["threadId"]));
    assert_eq!(sent["subject"], "Re:");
}

#[test]
fn an_answer_refers_to_all_of_its_thread() {
    let (post, desk, thread) = with_thread("threads-refers");
    let first = post.sent(&desk, answer(&thread));
    let second = post.sent(&desk, answer(&thread));
    assert_eq!(first["inReplyTo"], "<first@example.com>");
    assert_eq!(first["references"], json!(["<first@example.com>"]));
    assert_eq!(second["inReplyTo"], first["rfcMessageId"]);
    let all = json!(["<first@example.com>", first["rfcMessageId"]]);
    assert_eq!(second["references"], all);
    let raw = post.raw_text(&second).replace("\r\n ", " ");
    let line = format!(
        "\r\nReferences: <first@example.com> {}\r\n",
        text(&first, "rfcMessageId")
    );
    assert!(raw.contains(&line), "{raw}");
    let line = format!("\r\nIn-Reply-To: {}\r\n", text(&first, "rfcMessageId"));
    assert!(raw.contains(&line), "{raw}");
}

#[test]
fn an_answer_quotes_what_it_answers() {
    let (post, desk, thread) = with_thread("threads-quote");
    let sent = post.sent(&desk, answer(&thread));
    let expected =
        "Answer.\n\nOn Mon, 16 Jan 2040 at 09:30, Ada <ada@example.com> wrote:\n> One.\n> \n> Two.";
    assert_eq!(sent["bodyText"], expected);
    assert!(text(&sent, "bodyHtml").contains("wrote:"));
}

#[test]
fn an_empty_thread_is_refused_by_its_name() {
    let (post, desk, thread) = with_thread("threads-empty-name");
    let part: Part<'_> = ("name=\"threadId\"", "", b"");
    let (to, body): (Part<'_>, Part<'_>) = (
        ("name=\"to\"", "", b"ada@example.com"),
        ("name=\"body\"", "", b"Answer."),
    );
    for refused in [
        post.send_form(&desk, &[to, body, part]),
        post.try_send(&desk, with(answer(&thread), json!({ "threadId": "" }))),
    ] {
        let refused = refused.refused(400, "bad_request");
        let message = refused.message();
        assert!(message.starts_with("`threadId` is empty"), "{message}");
    }
}

#[test]
fn an_answer_may_leave_the_quote_out() {
    let (post, desk, thread) = with_thread("threads-no-quote");
    let sent = post.sent(
        &desk,
        with(answer(&thread), json!({ "includeQuote": false })),
    );
    assert_eq!(sent["bodyText"], "Answer.");
    assert!(!text(&sent, "bodyHtml").contains("wrote:"));
}

#[test]
fn an_html_answer_quotes_on_both_sides() {
    let (post, desk, thread) = with_thread("threads-quote-html");
    let body = json!({ "body": "<p>Answer.</p>" });
    let sent = post.sent(&desk, with(answer(&thread), body));
    assert!(text(&sent, "bodyText").contains("\n> One."));
    let expected = "<p>Answer.</p><br><br>\
        <p>On Mon, 16 Jan 2040 at 09:30, Ada &lt;ada@example.com&gt; wrote:</p>\n\
        <blockquote>\n<p>One.</p>\n<p>Two.</p>\n</blockquote>\n";
    assert_eq!(sent["bodyHtml"], expected);
}

#[test]
fn a_quote_stands_inside_of_an_html_document() {
    let (post, desk, thread) = with_thread("threads-quote-document");
    let body = json!({ "body": "<html><body><p>Answer.</p></BODY></html>" });
    let sent = post.sent(&desk, with(answer(&thread), body));
    let html = text(&sent, "bodyHtml");
    assert!(
        html.ends_with("<p>Two.</p>\n</blockquote>\n</BODY></html>"),
        "{html}"
    );
}

#[test]
fn a_new_conversation_quotes_nothing() {
    let post = Post::new("threads-quote-nothing");
    let desk = post.inbox("desk");
    let sent = post.sent(
        &desk,
        with(mail("ada@example.com"), json!({ "includeQuote": true })),
    );
    assert_eq!(sent["bodyText"], "It comes on Thursday.");
}

/// A thread in which the inbox was only copied.
fn copied(world: &str) -> (Post, Value, Value) {
    let post = Post::new(world);
    let desk = post.inbox("desk");
    let to = json!({ "to": "bob@example.com", "cc": ["desk@openmail.sh"] });
    post.arrives(with(incoming("Delivery"), to));
    let thread = post.only(&desk)["threadId"].clone();
    (post, desk, thread)
}

#[test]
fn an_answer_of_a_copied_inbox_copies_the_sender() {
    let (post, desk, thread) = copied("threads-auto-cc");
    let reply = with(answer(&thread), json!({ "to": "bob@example.com" }));
    let sent = post.sent(&desk, reply);
    assert_eq!(sent["cc"], json!(["ada@example.com"]));
}

#[test]
fn a_copied_sender_stands_after_those_who_were_asked_for() {
    let (post, desk, thread) = copied("threads-auto-cc-merged");
    let more = json!({ "to": "bob@example.com", "cc": ["cyd@example.com"] });
    let sent = post.sent(&desk, with(answer(&thread), more));
    assert_eq!(sent["cc"], json!(["cyd@example.com", "ada@example.com"]));
}

#[test]
fn a_sender_who_is_named_is_not_copied_twice() {
    let (post, desk, thread) = copied("threads-auto-cc-once");
    let named = json!({ "to": "bob@example.com", "cc": ["ADA@example.com"] });
    let sent = post.sent(&desk, with(answer(&thread), named));
    assert_eq!(sent["cc"], json!(["ADA@example.com"]));
    let direct = post.sent(
        &desk,
        with(answer(&thread), json!({ "to": "Ada@example.com" })),
    );
    assert_eq!(direct["cc"], json!([]));
}

#[test]
fn an_inbox_in_to_copies_nobody() {
    let (post, desk, thread) = with_thread("threads-no-auto-cc");
    let reply = with(answer(&thread), json!({ "to": "bob@example.com" }));
    assert_eq!(post.sent(&desk, reply)["cc"], json!([]));
}

#[test]
fn an_unknown_thread_is_not_answered() {
    let (post, desk, _) = with_thread("threads-unknown");
    for thread in [NOBODY, "x"] {
        let refused = post.try_send(&desk, answer(&json!(thread)));
        refused.refused(404, "not_found");
    }
    assert_eq!(post.messages(&desk).len(), 1);
}

#[test]
fn the_thread_of_another_inbox_is_not_answered() {
    let (post, _, thread) = with_thread("threads-foreign");
    let other = post.inbox("other");
    let refused = post.try_send(&other, answer(&thread));
    refused.refused(404, "not_found");
}

// Read and unread.

#[test]
fn a_mail_that_came_makes_an_unread_thread() {
    let (post, desk, thread) = with_thread("threads-unread");
    assert_eq!(is_read(&post, &desk, &thread), false);
}

#[test]
fn a_thread_that_was_started_here_is_read() {
    let post = Post::new("threads-started");
    let desk = post.inbox("desk");
    let sent = post.send(&desk, mail("ada@example.com"));
    assert_eq!(is_read(&post, &desk, &sent["threadId"]), true);
}

#[test]
fn an_answer_makes_its_thread_read() {
    let (post, desk, thread) = with_thread("threads-answered");
    post.send(&desk, answer(&thread));
    assert_eq!(is_read(&post, &desk, &thread), true);
}

#[test]
fn a_new_mail_makes_a_read_thread_unread() {
    let (post, desk, thread) = with_thread("threads-unread-again");
    set_read(&post, &thread, true);
    let reply = json!({ "inReplyTo": "first@example.com" });
    post.arrives(with(incoming("x"), reply));
    assert_eq!(is_read(&post, &desk, &thread), false);
}

#[test]
fn reading_a_conversation_marks_nothing() {
    let (post, desk, thread) = with_thread("threads-pure-read");
    assert_eq!(conversation(&post, &thread)["isRead"], false);
    assert_eq!(is_read(&post, &desk, &thread), false);
}

#[test]
fn a_thread_is_marked_in_either_spelling() {
    let (post, desk, thread) = with_thread("threads-mark");
    let path = thread_path(&thread);
    let bodies = [
        (json!({ "isRead": true }), true),
        (json!({ "is_read": false }), false),
        (json!({ "is_read": true, "isRead": true }), true),
    ];
    for (body, expected) in bodies {
        let set = post.account.patch(&path, body).expect(200);
        assert_eq!(set.json(), json!({ "ok": true }));
        assert_eq!(is_read(&post, &desk, &thread), expected);
    }
}

#[test]
fn two_spellings_that_differ_are_refused() {
    let (post, desk, thread) = with_thread("threads-mark-differ");
    let both = json!({ "is_read": true, "isRead": false });
    let refused = post.account.patch(&thread_path(&thread), both);
    refused.refused(400, "bad_request");
    let path = format!(
        "/v1/inboxes/{}/threads?is_read=true&isRead=false",
        id(&desk)
    );
    post.account.get(&path).refused(400, "bad_request");
}

#[test]
fn a_mark_without_a_value_is_refused_by_its_name() {
    let (post, _, thread) = with_thread("threads-mark-nothing");
    let refused = post.account.patch(&thread_path(&thread), json!({}));
    let refused = refused.refused(400, "bad_request");
    assert!(
        refused.message().contains("isRead"),
        "{}",
        refused.message()
    );
}

#[test]
fn an_unknown_thread_is_not_marked() {
    let (post, _, _) = with_thread("threads-mark-unknown");
    let path = format!("/v1/threads/{NOBODY}");
    let refused = post.account.patch(&path, json!({ "isRead": true }));
    refused.refused(404, "not_found");
}

#[test]
fn threads_are_filtered_by_their_read_state() {
    let (post, desk, unread) = with_thread("threads-filter");
    let read = post.send(&desk, mail("ada@example.com"))["threadId"].clone();
    let listed = |query: &str| {
        let path = format!("/v1/inboxes/{}/threads?{query}", id(&desk));
        let list = post.account.get(&path).expect(200).json();
        assert_eq!(list["total"], 1, "{query}");
        list["data"][0]["id"].clone()
    };
    for query in ["isRead=true", "is_read=true", "isRead=true&is_read=true"] {
        assert_eq!(listed(query), read, "{query}");
    }
    for query in ["isRead=false", "is_read=false"] {
        assert_eq!(listed(query), unread, "{query}");
    }
}

#[test]
fn a_filter_follows_a_mark() {
    let (post, desk, thread) = with_thread("threads-filter-follows");
    set_read(&post, &thread, true);
    let path = format!("/v1/inboxes/{}/threads?isRead=false", id(&desk));
    let list = post.account.get(&path).expect(200).json();
    assert_eq!(list, json!({ "data": [], "total": 0 }));
}

#[test]
fn a_filter_that_is_no_truth_is_refused() {
    let (post, desk, _) = with_thread("threads-filter-odd");
    let path = format!("/v1/inboxes/{}/threads?isRead=yes", id(&desk));
    post.account.get(&path).refused(400, "bad_request");
}

// Lists.

#[test]
fn a_thread_says_how_long_and_how_recent_it_is() {
    let (post, desk, thread) = with_thread("threads-counts");
    post.advance("1h");
    post.send(&desk, answer(&thread));
    let expected = json!({
        "id": thread,
        "inboxId": desk["id"],
        "subject": "Delivery",
        "isRead": true,
        "createdAt": START,
        "lastMessageAt": "2040-01-16T10:30:00.000Z",
        "messageCount": 2,
    });
    assert_eq!(post.thread(&desk, &thread), expected);
}

#[test]
fn the_thread_with_the_newest_message_stands_first() {
    let (post, desk, first) = with_thread("threads-order");
    post.advance("1m");
    let second = post.arrives(identified("second@example.com"))["threadId"].clone();
    let order = || -> Vec<_> {
        let threads = post.threads(&desk);
        threads.iter().map(|it| it["id"].clone()).collect()
    };
    assert_eq!(order(), [second.clone(), first.clone()]);
    post.advance("1m");
    post.send(&desk, answer(&first));
    assert_eq!(order(), [first, second]);
}

#[test]
fn a_mark_moves_no_thread() {
    let (post, desk, first) = with_thread("threads-mark-order");
    let second = post.arrives(identified("second@example.com"))["threadId"].clone();
    post.advance("1m");
    set_read(&post, &first, true);
    let threads = post.threads(&desk);
    assert_eq!(threads[0]["id"], second);
    assert_eq!(threads[1]["lastMessageAt"], START);
}

#[test]
fn pages_of_threads_tile_at_one_instant() {
    let post = Post::new("threads-tile");
    let desk = post.inbox("desk");
    let all: Vec<_> = (0..7)
        .map(|number| {
            let mail = identified(&format!("{number}@example.com"));
            post.arrives(mail)["threadId"].clone()
        })
        .collect();
    let mut tiled = Vec::new();
    for offset in [0, 3, 6, 9] {
        let path = format!("/v1/inboxes/{}/threads?limit=3&offset={offset}", id(&desk));
        let page = post.account.get(&path).expect(200).json();
        assert_eq!(page["total"], 7);
        tiled.extend(rows(&page).iter().map(|it| it["id"].clone()));
    }
    let newest_first: Vec<_> = all.into_iter().rev().collect();
    assert_eq!(tiled, newest_first);
}

#[test]
fn a_conversation_shows_its_oldest_message_first() {
    let (post, desk, thread) = with_thread("threads-conversation");
    let sent: Vec<_> = (0..3).map(|_| post.send(&desk, answer(&thread))).collect();
    let shown = conversation(&post, &thread);
    assert_eq!(shown["threadId"], thread);
    assert_eq!(shown["inboxId"], desk["id"]);
    assert_eq!(shown["subject"], "Delivery");
    assert_eq!(shown["isRead"], true);
    let messages = rows(&shown);
    assert_eq!(messages[0]["direction"], "inbound");
    let later: Vec<_> = messages[1..].iter().map(|it| it["id"].clone()).collect();
    let expected: Vec<_> = sent.iter().map(|it| it["messageId"].clone()).collect();
    assert_eq!(later, expected);
}

#[test]
fn a_conversation_shows_messages_as_their_inbox_does() {
    let (post, desk, thread) = with_thread("threads-same-view");
    assert_eq!(rows(&conversation(&post, &thread)), post.messages(&desk));
}

#[test]
fn unknown_threads_and_inboxes_are_not_found() {
    let (post, _, _) = with_thread("threads-not-found");
    for path in [
        format!("/v1/threads/{NOBODY}/messages"),
        "/v1/threads/x/messages".to_owned(),
        format!("/v1/inboxes/{NOBODY}/threads"),
    ] {
        post.account.get(&path).refused(404, "not_found");
    }
}

// Deleting.

#[test]
fn a_deleted_thread_is_gone_with_all_it_held() {
    let post = Post::new("threads-delete");
    let desk = post.inbox("desk");
    let file = json!({ "filename": "a.txt", "contentType": "text/plain", "data": "QQ==" });
    let came = post.arrives(with(
        identified("first@example.com"),
        json!({ "attachments": [file] }),
    ));
    let path = thread_path(&came["threadId"]);
    assert_eq!(post.account.delete(&path).expect(204).body, b"");
    assert_eq!(post.threads(&desk), [] as [Value; 0]);
    assert_eq!(post.messages(&desk), [] as [Value; 0]);
    let message = text(&came, "messageId");
    for path in [
        format!("{path}/messages"),
        format!("/v1/messages/{message}/raw"),
        format!("/v1/attachments/{message}/a.txt"),
        format!("/v1/attachments/{message}/a.txt/text"),
    ] {
        post.account.get(&path).refused(404, "not_found");
    }
    post.account.delete(&path).refused(404, "not_found");
    let mark = post.account.patch(&path, json!({ "isRead": true }));
    mark.refused(404, "not_found");
    let message = format!("/v1/messages/{message}");
    post.account.delete(&message).refused(404, "not_found");
}

#[test]
fn a_link_into_a_deleted_thread_leads_nowhere() {
    let post = Post::new("threads-delete-link");
    post.inbox("desk");
    let file = json!({ "filename": "a.txt", "contentType": "text/plain", "data": "QQ==" });
    let came = post.arrives(with(incoming("x"), json!({ "attachments": [file] })));
    let path = format!("/v1/attachments/{}/a.txt", text(&came, "messageId"));
    let link = post.account.get(&path).expect(302);
    let link = link.header("location").expect("a link").to_owned();
    post.account
        .delete(&thread_path(&came["threadId"]))
        .expect(204);
    let path = link.splitn(4, '/').nth(3).expect("a path");
    let followed = super::support::anonymous().send("GET", &format!("/{path}"), &[], b"");
    followed.refused(404, "not_found");
}

#[test]
fn an_answer_to_a_deleted_thread_starts_another() {
    let (post, desk, thread) = with_thread("threads-delete-answer");
    post.account.delete(&thread_path(&thread)).expect(204);
    let reply = json!({ "inReplyTo": "first@example.com", "references": "<first@example.com>" });
    let came = post.arrives(with(incoming("x"), reply));
    assert_ne!(came["threadId"], thread);
    assert_eq!(came["joinedBy"], "new");
    assert_eq!(post.threads(&desk).len(), 1);
}

#[test]
fn a_deleted_thread_is_not_answered() {
    let (post, desk, thread) = with_thread("threads-delete-send");
    post.account.delete(&thread_path(&thread)).expect(204);
    let refused = post.try_send(&desk, answer(&thread));
    refused.refused(404, "not_found");
}

#[test]
fn deleting_a_thread_leaves_the_others() {
    let (post, desk, thread) = with_thread("threads-delete-one");
    let other = post.arrives(identified("other@example.com"));
    post.account.delete(&thread_path(&thread)).expect(204);
    assert_eq!(post.only(&desk)["id"], other["messageId"]);
    let left: HashSet<_> = post
        .threads(&desk)
        .iter()
        .map(|it| it["id"].to_string())
        .collect();
    assert_eq!(left, HashSet::from([other["threadId"].to_string()]));
}
