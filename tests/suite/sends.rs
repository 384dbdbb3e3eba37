//! Sending through the protocol: who receives what, as which bytes, how often (OpenMail docs,
//! Sending; Idempotency).

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use data_encoding::BASE64;
use openmail_mock::Config;
use serde_json::{Value, json};

use super::support::post::{Part, Post, START, form, id, send_path, text};
use super::support::{Answer, Connection, account_of, anonymous, start};

/// What a send's attachments may have together.
const MOST: usize = 26_214_400;

fn mail(to: &str) -> Value {
    json!({ "to": to, "subject": "Delivery", "body": "It comes on Thursday." })
}

fn with(mut mail: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().expect("fields") {
        mail[name] = value.clone();
    }
    mail
}

fn names(message: &Value) -> Vec<&str> {
    let attachments = message["attachments"].as_array().expect("a list");
    attachments.iter().map(|it| text(it, "filename")).collect()
}

/// The value of a header, unfolded.
fn header(raw: &str, name: &str) -> Option<String> {
    let (head, _) = raw.split_once("\r\n\r\n").expect("a head");
    let head = head.replace("\r\n ", " ");
    let start = format!("{name}: ");
    let line = head.split("\r\n").find(|line| line.starts_with(&start))?;
    Some(line[start.len()..].to_owned())
}

const TO: Part<'_> = ("name=\"to\"", "", b"ada@example.com");
const SUBJECT: Part<'_> = ("name=\"subject\"", "", b"Delivery");
const BODY: Part<'_> = ("name=\"body\"", "", b"Here.");

// Answers and forms.

#[test]
fn a_send_says_what_it_made() {
    let post = Post::new("sends-answer");
    let desk = post.inbox("desk");
    let answer = post.send(&desk, mail("ada@example.com"));
    let message = post.only(&desk);
    let bare = text(&message, "rfcMessageId").trim_matches(['<', '>']);
    let expected = json!({
        "messageId": message["id"],
        "threadId": message["threadId"],
        "providerMessageId": bare,
        "status": "sent",
    });
    assert_eq!(answer, expected);
}

#[test]
fn an_outbound_message_is_as_it_was_sent() {
    let post = Post::new("sends-outbound");
    let desk = post.inbox_with(json!({ "mailboxName": "desk", "displayName": "Front Desk" }));
    let extra = json!({ "cc": ["cy@example.com"], "bcc": ["bo@example.com"] });
    let message = post.sent(&desk, with(mail("ada@example.com"), extra));
    assert_eq!(message["direction"], "outbound");
    assert_eq!(message["fromAddr"], "Front Desk <desk@openmail.sh>");
    assert_eq!(message["toAddr"], "ada@example.com");
    assert_eq!(message["headerTo"], Value::Null);
    assert_eq!(message["deliveryRole"], Value::Null);
    assert_eq!(message["cc"], json!(["cy@example.com"]));
    assert_eq!(message["bcc"], json!(["bo@example.com"]));
    assert_eq!(message["subject"], "Delivery");
    assert_eq!(message["bodyText"], "It comes on Thursday.");
    assert_eq!(message["status"], "sent");
    assert_eq!(message["createdAt"], START);
}

#[test]
fn a_form_sends_what_json_sends() {
    let post = Post::new("sends-form");
    let desk = post.inbox("desk");
    let parts: &[Part<'_>] = &[
        TO,
        SUBJECT,
        BODY,
        ("name=\"bodyHtml\"", "", b"<p>Here.</p>"),
        ("name=\"replyTo\"", "", b"reply@example.com"),
        ("name=\"cc\"", "", b"cy@example.com"),
        ("name=\"cc\"", "", b"di@example.com"),
        ("name=\"bcc\"", "", b"bo@example.com"),
        ("name=\"bcc\"", "", b"by@example.com"),
    ];
    post.send_form(&desk, parts).expect(200);
    let left = post.outbox().remove(0);
    assert_eq!(left["to"], json!(["ada@example.com"]));
    assert_eq!(left["cc"], json!(["cy@example.com", "di@example.com"]));
    assert_eq!(left["bcc"], json!(["bo@example.com", "by@example.com"]));
    assert_eq!(left["replyTo"], "reply@example.com");
    assert_eq!(left["text"], "Here.");
    assert_eq!(left["html"], "<p>Here.</p>");
}

#[test]
fn a_single_cc_part_is_a_list_of_one() {
    let post = Post::new("sends-form-one-cc");
    let desk = post.inbox("desk");
    let cc: Part<'_> = ("name=\"cc\"", "", b"cy@example.com");
    post.send_form(&desk, &[TO, SUBJECT, BODY, cc]).expect(200);
    assert_eq!(post.only(&desk)["cc"], json!(["cy@example.com"]));
}

#[test]
fn truth_in_a_form_is_text() {
    let post = Post::new("sends-form-truth");
    let desk = post.inbox("desk");
    let mail = json!({ "from": "ada@example.com", "to": "desk@openmail.sh", "text": "Before." });
    let came = post.arrives(mail);
    let thread = text(&came, "threadId").as_bytes();
    let thread: Part<'_> = ("name=\"threadId\"", "", thread);
    for (word, is_quoted) in [("false", false), ("true", true)] {
        let quote: Part<'_> = ("name=\"includeQuote\"", "", word.as_bytes());
        let sent = post
            .send_form(&desk, &[TO, BODY, thread, quote])
            .expect(200);
        let message = post.message(&desk, text(&sent.json(), "messageId"));
        let has_quote = text(&message, "bodyText").contains("wrote:");
        assert_eq!(has_quote, is_quoted, "{word}");
    }
}

#[test]
fn a_truth_that_is_neither_is_refused() {
    let post = Post::new("sends-form-untruth");
    let desk = post.inbox("desk");
    let quote: Part<'_> = ("name=\"includeQuote\"", "", b"perhaps");
    let refused = post.send_form(&desk, &[TO, SUBJECT, BODY, quote]);
    let refused = refused.refused(400, "bad_request");
    assert!(
        refused.message().contains("includeQuote"),
        "{}",
        refused.message()
    );
}

#[test]
fn files_of_a_form_keep_names_types_and_bytes() {
    let post = Post::new("sends-form-files");
    let desk = post.inbox("desk");
    let csv = "Content-Type: text/csv\r\n";
    let png = "Content-Type: image/png\r\n";
    let parts: &[Part<'_>] = &[
        TO,
        SUBJECT,
        BODY,
        (
            "name=\"attachments\"; filename=\"a.csv\"",
            csv,
            b"a,b\r\n1,2",
        ),
        (
            "name=\"attachments\"; filename=\"b.png\"",
            png,
            b"\x89PNG\r\n--X",
        ),
        ("name=\"attachments\"; filename=\"c\"", "", b""),
    ];
    post.send_form(&desk, parts).expect(200);
    let message = post.only(&desk);
    let files = message["attachments"].as_array().expect("a list").iter();
    let files: Vec<_> = files
        .map(|file| (&file["filename"], &file["contentType"], &file["sizeBytes"]))
        .collect();
    let expected = [
        (&json!("a.csv"), &json!("text/csv"), &json!(8)),
        (&json!("b.png"), &json!("image/png"), &json!(9)),
        (&json!("c"), &json!("application/octet-stream"), &json!(0)),
    ];
    assert_eq!(files, expected);
}

#[test]
fn filenames_of_a_form_may_be_quoted_or_extended() {
    let post = Post::new("sends-form-filenames");
    let desk = post.inbox("desk");
    let rfc5987 = "name=\"attachments\"; filename=\"naive.txt\"; filename*=UTF-8''na%C3%AFve.txt";
    let parts: &[Part<'_>] = &[
        TO,
        SUBJECT,
        BODY,
        (
            "name=\"attachments\"; filename=\"a \\\"b\\\"; c.txt\"",
            "",
            b"1",
        ),
        (rfc5987, "", b"2"),
        ("name=\"attachments\"; filename=\"größe.txt\"", "", b"3"),
        ("name=\"attachments\"; filename=\"q%22q.txt\"", "", b"4"),
    ];
    post.send_form(&desk, parts).expect(200);
    let message = post.only(&desk);
    let names = names(&message);
    assert_eq!(&names[..3], ["a \"b\"; c.txt", "naïve.txt", "größe.txt"]);
    // Browsers write a quote like this.
    assert_eq!(names[3], "q\"q.txt");
}

/// The unread fields of the last send, each with what it is near to.
#[track_caller]
fn unread_of_last_send(post: &Post) -> Vec<(String, Value)> {
    let list = post
        .account
        .get("/_mock/requests?operation=sendEmail&limit=1");
    let unread = list.expect(200).json()["data"][0]["unread"].clone();
    let unread = unread.as_array().expect("a list").iter();
    unread
        .map(|one| (text(one, "pointer").to_owned(), one["nearest"].clone()))
        .collect()
}

/// What a form misspells is told like what JSON does, files included, long ones too.
#[test]
fn misspelt_parts_are_unread() {
    let post = Post::new("sends-misspelt");
    let desk = post.inbox("desk");
    let long = vec![b'x'; 100_000];
    for (disposition, pointer) in [
        ("name=\"attachment\"; filename=\"a.txt\"", "/attachment"),
        (
            "name=\"attachments[]\"; filename=\"a.txt\"",
            "/attachments[]",
        ),
        (
            "name=\"attachments[0]\"; filename=\"a.txt\"",
            "/attachments[0]",
        ),
        ("name=\"Attachments\"", "/Attachments"),
    ] {
        for bytes in [b"short".as_slice(), &long] {
            let file = (disposition, "", bytes);
            post.send_form(&desk, &[TO, SUBJECT, BODY, file])
                .expect(200);
            let expected = [(pointer.to_owned(), json!("attachments"))];
            assert_eq!(
                unread_of_last_send(&post),
                expected,
                "{disposition}, {}",
                bytes.len()
            );
        }
    }
    let good = (
        "name=\"attachments\"; filename=\"a.txt\"",
        "",
        long.as_slice(),
    );
    post.send_form(&desk, &[TO, SUBJECT, BODY, good])
        .expect(200);
    assert_eq!(unread_of_last_send(&post), []);
}

#[test]
fn a_strict_mock_refuses_misspelt_parts() {
    let running = start(Config {
        strict: true,
        ..Config::default()
    });
    let account = account_of(&running, "w");
    let inbox = account.post("/v1/inboxes", json!({})).expect(201).json();
    for (disposition, pointer) in [
        ("name=\"attachment\"; filename=\"a.txt\"", "/attachment"),
        (
            "name=\"attachments[]\"; filename=\"a.txt\"",
            "/attachments[]",
        ),
    ] {
        let body = form("XX", &[TO, SUBJECT, BODY, (disposition, "", b"short")]);
        let headers = [("content-type", "multipart/form-data; boundary=XX")];
        let refused = account.send_raw("POST", &send_path(&inbox), &headers, &body);
        let refused = refused.refused(400, "bad_request");
        assert!(
            refused.message().contains("`attachments`"),
            "{}",
            refused.message()
        );
        assert_eq!(refused.json()["violations"][0]["pointer"], pointer);
    }
}

#[test]
fn an_empty_file_part_without_a_name_is_none() {
    let post = Post::new("sends-form-empty-file");
    let desk = post.inbox("desk");
    let octets = "Content-Type: application/octet-stream\r\n";
    let empty: Part<'_> = ("name=\"attachments\"; filename=\"\"", octets, b"");
    post.send_form(&desk, &[TO, SUBJECT, BODY, empty])
        .expect(200);
    assert_eq!(post.only(&desk)["attachments"], json!([]));
}

#[test]
fn json_carries_attachments_in_base64() {
    let post = Post::new("sends-json-files");
    let desk = post.inbox("desk");
    let files = json!([
        { "filename": "a.txt", "contentType": "text/plain", "data": BASE64.encode(b"one") },
        { "filename": "b.bin", "data": "AAEC\r\nAwQ=" },
    ]);
    let attached = json!({ "attachments": files });
    let message = post.sent(&desk, with(mail("ada@example.com"), attached));
    let files = message["attachments"].as_array().expect("a list");
    assert_eq!(names(&message), ["a.txt", "b.bin"]);
    assert_eq!(files[0]["parsedText"], "one");
    assert_eq!(files[1]["sizeBytes"], 5);
    assert_eq!(files[1]["contentType"], "application/octet-stream");
}

#[test]
fn a_json_attachment_has_data_even_when_it_is_empty() {
    let post = Post::new("sends-json-no-data");
    let desk = post.inbox("desk");
    let attached = json!({ "attachments": [{ "filename": "a.txt", "data": "" }] });
    let message = post.sent(&desk, with(mail("ada@example.com"), attached));
    assert_eq!(message["attachments"][0]["sizeBytes"], 0);
    for (field, words) in [
        ("content", "/attachments/0/data"),
        ("Data", "`Data` is there"),
    ] {
        let attached = json!({ "attachments": [{ "filename": "a.txt", field: "QUJD" }] });
        let refusal = post.try_send(&desk, with(mail("ada@example.com"), attached));
        let refusal = refusal.refused(400, "bad_request");
        let told = String::from_utf8_lossy(&refusal.body).into_owned();
        assert!(told.contains("/attachments/0/data"), "{told}");
        assert!(told.contains(words), "{words} in {told}");
    }
}

#[test]
fn what_is_no_base64_is_refused_by_its_place() {
    let post = Post::new("sends-json-no-base64");
    let desk = post.inbox("desk");
    let attached = json!({ "attachments": [{ "filename": "a", "data": "AA==" }, { "filename": "b", "data": "?" }] });
    let refused = post.try_send(&desk, with(mail("ada@example.com"), attached));
    let refused = refused.refused(400, "bad_request");
    assert!(
        refused.message().contains("/attachments/1/data"),
        "{}",
        refused.message()
    );
}

#[test]
fn a_form_carries_25_megabytes_and_not_a_byte_more() {
    let post = Post::new("sends-form-large");
    let desk = post.inbox("desk");
    let half = vec![b'x'; MOST / 2];
    let more = vec![b'x'; MOST / 2 + 1];
    let file = |bytes| -> Part<'_> { ("name=\"attachments\"; filename=\"a.bin\"", "", bytes) };
    let parts = [TO, SUBJECT, BODY, file(&half), file(&more)];
    let refused = post.send_form(&desk, &parts);
    refused.refused(413, "payload_too_large");
    let parts = [TO, SUBJECT, BODY, file(&half), file(&half)];
    post.send_form(&desk, &parts).expect(200);
    assert_eq!(post.messages(&desk).len(), 1);
}

#[test]
fn json_carries_25_megabytes_and_not_a_byte_more() {
    let post = Post::new("sends-json-large");
    let desk = post.inbox("desk");
    // Past the client, which would take its time over bodies of this size.
    let send = |length| {
        let data = BASE64.encode(&vec![b'x'; length]);
        let attached = json!({ "attachments": [{ "filename": "a.bin", "data": data }] });
        let body = with(mail("ada@example.com"), attached).to_string();
        unchecked(&post, &desk, &[], body.as_bytes())
    };
    send(MOST + 1).refused(413, "payload_too_large");
    send(MOST).expect(200);
    assert_eq!(post.only(&desk)["attachments"][0]["sizeBytes"], MOST);
}

/// A send in JSON that nobody holds against the contract.
fn unchecked(post: &Post, inbox: &Value, headers: &[(&str, String)], body: &[u8]) -> Answer {
    let mut connection = Connection::open(anonymous().address());
    let mut all = vec![
        ("authorization", format!("Bearer {}", post.account.key)),
        ("content-type", "application/json".to_owned()),
    ];
    all.extend_from_slice(headers);
    connection.request("POST", &send_path(inbox), &all, body);
    connection.answer()
}

// Who receives.

#[test]
fn an_inbox_of_the_world_receives_what_another_sends() {
    let post = Post::new("sends-to-inbox");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let sent = post.sent(&desk, mail("ada@openmail.sh"));
    let came = post.only(&ada);
    assert_eq!(came["direction"], "inbound");
    assert_eq!(came["status"], "received");
    assert_eq!(came["inboxId"], ada["id"]);
    assert_eq!(came["fromAddr"], "desk@openmail.sh");
    assert_eq!(came["toAddr"], "ada@openmail.sh");
    assert_eq!(came["headerTo"], "ada@openmail.sh");
    assert_eq!(came["deliveryRole"], "to");
    assert_eq!(came["bodyText"], "It comes on Thursday.");
    assert_eq!(came["rfcMessageId"], sent["rfcMessageId"]);
    assert_ne!(came["id"], sent["id"]);
    assert_ne!(came["threadId"], sent["threadId"]);
    assert_eq!(post.outbox(), [] as [Value; 0]);
}

#[test]
fn recipients_stand_in_other_pods_too() {
    let post = Post::new("sends-across-pods");
    let desk = post.inbox("desk");
    let pod = json!({ "clientId": "cedar" });
    post.account.post("/v1/pods", pod).expect(201);
    let ada = post.inbox_with(json!({ "mailboxName": "ada", "podId": "cedar" }));
    post.send(&desk, mail("ada@openmail.sh"));
    assert_eq!(post.only(&ada)["deliveryRole"], "to");
}

#[test]
fn a_copied_inbox_knows_whom_the_mail_was_for() {
    let post = Post::new("sends-cc");
    let (desk, cy) = (post.inbox("desk"), post.inbox("cyd"));
    let cc = json!({ "cc": ["cyd@openmail.sh"] });
    post.send(&desk, with(mail("ada@example.com"), cc));
    let came = post.only(&cy);
    assert_eq!(came["deliveryRole"], "cc");
    assert_eq!(came["headerTo"], "ada@example.com");
    assert_eq!(came["toAddr"], "cyd@openmail.sh");
    assert_eq!(came["cc"], json!(["cyd@openmail.sh"]));
}

#[test]
fn a_blind_copy_comes_without_a_role() {
    let post = Post::new("sends-bcc");
    let (desk, bo) = (post.inbox("desk"), post.inbox("bob"));
    let bcc = json!({ "bcc": ["bob@openmail.sh"] });
    post.send(&desk, with(mail("ada@example.com"), bcc));
    let came = post.only(&bo);
    assert_eq!(came["deliveryRole"], Value::Null);
    assert_eq!(came["toAddr"], "bob@openmail.sh");
    assert_eq!(came["headerTo"], "ada@example.com");
}

#[test]
fn no_recipient_learns_of_a_blind_copy() {
    let post = Post::new("sends-bcc-hidden");
    let (desk, ada, bo) = (post.inbox("desk"), post.inbox("ada"), post.inbox("bob"));
    let bcc = json!({ "bcc": ["bob@openmail.sh", "by@example.com"] });
    let sent = post.sent(&desk, with(mail("ada@openmail.sh"), bcc.clone()));
    assert_eq!(sent["bcc"], bcc["bcc"]);
    assert!(!post.raw_text(&sent).contains("by@example.com"));
    let seen = post.only(&ada).to_string();
    assert!(!seen.contains("bob@openmail.sh") && !seen.contains("by@example.com"));
    let came = post.only(&bo);
    assert!(!came.to_string().contains("by@example.com"), "{came}");
    assert!(came.get("bcc").is_none(), "{came}");
}

#[test]
fn whoever_is_outside_is_captured_and_whoever_is_inside_receives() {
    let post = Post::new("sends-mixed");
    let (desk, cy) = (post.inbox("desk"), post.inbox("cyd"));
    let more = json!({ "cc": ["cyd@openmail.sh"], "bcc": ["bo@example.com"] });
    let sent = post.sent(&desk, with(mail("ada@example.com"), more));
    let outbox = post.outbox();
    assert_eq!(outbox.len(), 1);
    assert_eq!(outbox[0]["messageId"], sent["id"]);
    assert_eq!(outbox[0]["noSuchInbox"], false);
    assert_eq!(post.received(&cy).len(), 1);
}

#[test]
fn an_address_of_ours_without_an_inbox_is_captured_with_a_mark() {
    let post = Post::new("sends-no-such-inbox");
    let desk = post.inbox("desk");
    post.send(&desk, mail("nobody@openmail.sh"));
    assert_eq!(post.outbox()[0]["noSuchInbox"], true);
}

#[test]
fn an_inbox_that_writes_to_itself_has_both_sides() {
    let post = Post::new("sends-self");
    let desk = post.inbox("desk");
    let answer = post.send(&desk, mail("desk@openmail.sh"));
    let messages = post.messages(&desk);
    let directions: Vec<_> = messages.iter().map(|it| text(it, "direction")).collect();
    assert_eq!(directions, ["inbound", "outbound"]);
    assert_eq!(messages[1]["id"], answer["messageId"]);
    assert_ne!(messages[0]["threadId"], messages[1]["threadId"]);
}

#[test]
fn an_inbox_named_several_times_receives_once() {
    let post = Post::new("sends-once");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let more = json!({
        "cc": ["ADA@openmail.sh", "ada@OpenMail.sh"],
        "bcc": ["Ada@openmail.sh"],
    });
    post.send(&desk, with(mail("ada@openmail.sh"), more));
    assert_eq!(post.only(&ada)["deliveryRole"], "to");
}

#[test]
fn each_of_several_inboxes_receives_one() {
    let post = Post::new("sends-several");
    let desk = post.inbox("desk");
    let others: Vec<_> = ["ada", "bob", "cyd", "dan"]
        .map(|name| post.inbox(name))
        .into();
    let more = json!({ "cc": ["bob@openmail.sh", "cyd@openmail.sh"], "bcc": ["dan@openmail.sh"] });
    post.send(&desk, with(mail("ada@openmail.sh"), more));
    let ids: Vec<_> = others
        .iter()
        .map(|inbox| post.only(inbox)["id"].clone())
        .collect();
    let all: std::collections::HashSet<_> = ids.iter().map(Value::to_string).collect();
    assert_eq!(all.len(), 4);
}

#[test]
fn another_world_sees_nothing_of_a_send() {
    let (here, there) = (Post::new("sends-here"), Post::new("sends-there"));
    let desk = here.inbox("desk");
    let ada = there.inbox("ada");
    let sent = here.sent(&desk, mail("ada@openmail.sh"));
    assert_eq!(there.messages(&ada), [] as [Value; 0]);
    assert_eq!(there.outbox(), [] as [Value; 0]);
    let path = format!("/v1/messages/{}/raw", id(&sent));
    there.account.get(&path).refused(404, "not_found");
}

/// A message without what each inbox gives it of its own.
fn portable(mut message: Value) -> Value {
    let fields = message.as_object_mut().expect("a message");
    for own in ["id", "inboxId", "threadId", "rawUrl", "createdAt"] {
        assert!(fields.remove(own).is_some(), "{own}");
    }
    for file in message["attachments"].as_array_mut().expect("a list") {
        file.as_object_mut().expect("a file").remove("url");
    }
    message
}

/// A mail with everything in it that could be lost on the way.
fn rich(to: &str) -> Value {
    json!({
        "to": to,
        "cc": ["cy@example.com", "di@example.com"],
        "bcc": ["bob@openmail.sh"],
        "replyTo": "answers@example.com",
        "subject": "Lieferung: 3 × „Größe L“, 100 % =?utf-8?Q?x?= 🎁",
        "body": "Grüße,\n\n> zitiert\r\n.\nFrom here\n--\n  eingerückt  \n=3D\n",
        "bodyHtml": "<p>Grüße &amp; <b>mehr</b></p>\n<pre>  a\n\tb</pre>",
        "attachments": [
            { "filename": "naïve (1).txt", "contentType": "text/plain", "data": BASE64.encode("Größe".as_bytes()) },
            { "filename": "same.csv", "contentType": "text/csv", "data": BASE64.encode(b"a,b\n1,2\n") },
            { "filename": "same.csv", "contentType": "text/csv", "data": BASE64.encode(b"c,d\r\n") },
            { "filename": "x.bin", "data": BASE64.encode(&(0..=255).collect::<Vec<u8>>()) },
            { "filename": "a.eml", "contentType": "message/rfc822", "data": BASE64.encode(b"Subject: in\r\n\r\nInner\r\n") },
            { "filename": "empty.txt", "contentType": "text/plain", "data": "" },
        ],
    })
}

#[test]
fn what_a_recipient_has_is_what_the_parser_makes_of_the_bytes() {
    let (here, there) = (
        Post::new("sends-parsed-here"),
        Post::new("sends-parsed-there"),
    );
    let name = "Größe, \"L\"; <x>";
    let desk = here.inbox_with(json!({ "mailboxName": "desk", "displayName": name }));
    let inboxes = ["ada", "bob"];
    let here_inboxes = inboxes.map(|name| here.inbox(name));
    let there_inboxes = inboxes.map(|name| there.inbox(name));
    here.send(&desk, rich("ada@openmail.sh"));
    for (here_inbox, there_inbox) in here_inboxes.iter().zip(&there_inboxes) {
        let came = here.only(here_inbox);
        there.arrives_raw(text(there_inbox, "address"), &here.raw(&came));
        assert_eq!(portable(there.only(there_inbox)), portable(came));
    }
}

#[test]
fn a_recipient_reads_what_the_sender_wrote() {
    let post = Post::new("sends-lossless");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let sent = post.sent(&desk, rich("ada@openmail.sh"));
    let came = post.only(&ada);
    for field in [
        "subject",
        "bodyHtml",
        "cc",
        "fromAddr",
        "rfcMessageId",
        "references",
    ] {
        assert_eq!(came[field], sent[field], "{field}");
    }
    let lines = |message: &Value| {
        let text = text(message, "bodyText").replace("\r\n", "\n");
        text.trim_end().to_owned()
    };
    assert_eq!(lines(&came), lines(&sent));
    let file = |it: &Value| {
        (
            it["filename"].clone(),
            it["contentType"].clone(),
            it["sizeBytes"].clone(),
            it["parsedText"].clone(),
        )
    };
    let files = |message: &Value| -> Vec<_> {
        message["attachments"]
            .as_array()
            .expect("a list")
            .iter()
            .map(file)
            .collect()
    };
    assert_eq!(files(&came), files(&sent));
}

// Raw bytes.

/// Such a message may not be encoded, and mail has no bare line feeds.
#[test]
fn a_forwarded_message_is_the_same_for_both_sides_whatever_its_line_ends() {
    let post = Post::new("sends-forwarded");
    let (desk, other) = (post.inbox("desk"), post.inbox("other"));
    let nested = "Subject: x\n\ncafé\n";
    let data = BASE64.encode(nested.as_bytes());
    let file = json!({ "filename": "x.eml", "contentType": "message/rfc822", "data": data });
    let mail = with(mail("other@openmail.sh"), json!({ "attachments": [file] }));
    let sent = post.sent(&desk, mail);
    let came = post.only(&other);
    for message in [&sent, &came] {
        assert_eq!(message["attachments"][0]["sizeBytes"], nested.len() + 3);
        let raw = post.raw_text(message);
        assert!(raw.contains("Subject: x\r\n\r\ncafé\r\n"), "{raw}");
    }
}

#[test]
fn raw_bytes_are_the_same_each_time_and_for_each_side() {
    let post = Post::new("sends-raw-same");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let sent = post.sent(&desk, rich("ada@openmail.sh"));
    let first = post.raw(&sent);
    post.advance("1d");
    assert_eq!(post.raw(&sent), first);
    assert_eq!(post.raw(&post.only(&ada)), first);
}

#[test]
fn raw_bytes_are_declared_as_a_mail() {
    let post = Post::new("sends-raw-type");
    let desk = post.inbox("desk");
    let sent = post.sent(&desk, mail("ada@example.com"));
    let raw = post.account.get(text(&sent, "rawUrl")).expect(200);
    assert_eq!(raw.header("content-type"), Some("message/rfc822"));
}

#[test]
fn the_date_is_that_of_the_worlds_clock() {
    let post = Post::new("sends-raw-date");
    let desk = post.inbox("desk");
    let sent = post.sent(&desk, mail("ada@example.com"));
    let date = header(&post.raw_text(&sent), "Date").expect("a Date");
    assert_eq!(date, "Mon, 16 Jan 2040 09:30:00 +0000");
}

#[test]
fn headers_say_who_wrote_and_where_answers_go() {
    let post = Post::new("sends-raw-headers");
    let desk =
        post.inbox_with(json!({ "mailboxName": "desk", "displayName": "Okafor, Ada \"A\"" }));
    let extra = json!({ "replyTo": "answers@example.com", "cc": ["cy@example.com"] });
    let sent = post.sent(&desk, with(mail("ada@example.com"), extra));
    let raw = post.raw_text(&sent);
    let value = |name| header(&raw, name).unwrap_or_default();
    assert_eq!(
        value("From"),
        "\"Okafor, Ada \\\"A\\\"\" <desk@openmail.sh>"
    );
    assert_eq!(value("To"), "ada@example.com");
    assert_eq!(value("Cc"), "cy@example.com");
    assert_eq!(value("Reply-To"), "answers@example.com");
    assert_eq!(value("Message-ID"), text(&sent, "rfcMessageId"));
    assert_eq!(value("Subject"), "Delivery");
}

#[test]
fn a_new_conversation_refers_to_nothing() {
    let post = Post::new("sends-raw-new");
    let desk = post.inbox("desk");
    let sent = post.sent(&desk, mail("ada@example.com"));
    let raw = post.raw_text(&sent);
    assert_eq!(header(&raw, "In-Reply-To"), None);
    assert_eq!(header(&raw, "References"), None);
}

#[test]
fn both_versions_of_a_body_are_alternatives() {
    let post = Post::new("sends-raw-alternative");
    let desk = post.inbox("desk");
    let sent = post.sent(&desk, mail("ada@example.com"));
    let raw = post.raw_text(&sent);
    let kind = header(&raw, "Content-Type").expect("a Content-Type");
    assert!(kind.starts_with("multipart/alternative"), "{kind}");
    let plain = raw.find("text/plain").expect("a text");
    let html = raw.find("text/html").expect("HTML");
    assert!(plain < html, "the best comes last");
}

#[test]
fn no_field_begins_a_header_of_its_own() {
    let post = Post::new("sends-injection");
    let evil = "x\r\nX-Evil: 1\r\n\r\nX-Evil: 2";
    let desk = post.inbox_with(json!({ "mailboxName": "desk", "displayName": evil }));
    let file = json!({ "filename": evil, "contentType": evil, "data": "AA==" });
    let extra = json!({ "subject": evil, "attachments": [file] });
    let sent = post.sent(&desk, with(mail("ada@example.com"), extra));
    let raw = post.raw_text(&sent).to_ascii_lowercase();
    assert!(!raw.contains("\nx-evil"), "{raw}");
    assert!(!raw.contains("\rx-evil"), "{raw}");
}

#[test]
fn an_address_with_a_line_break_is_refused() {
    let post = Post::new("sends-injection-address");
    let desk = post.inbox("desk");
    let evil = "a@example.com\r\nX-Evil: 1";
    for field in ["to", "replyTo"] {
        let refused = post.try_send(&desk, with(mail("ada@example.com"), json!({ field: evil })));
        refused.refused(400, "bad_request");
    }
    for field in ["cc", "bcc"] {
        let refused = post.try_send(
            &desk,
            with(mail("ada@example.com"), json!({ field: [evil] })),
        );
        refused.refused(400, "bad_request");
    }
    assert_eq!(post.messages(&desk), [] as [Value; 0]);
}

/// What Python's `email` reads in a mail; none where there is no Python.
fn read_by_python(raw: &[u8]) -> Option<Value> {
    const PROGRAM: &str = r#"
import email, email.policy, json, sys
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
print(json.dumps({
    "defects": [repr(d) for p in m.walk() for d in p.defects],
    "from": [[a.display_name, a.addr_spec] for a in m["From"].addresses],
    "to": [a.addr_spec for a in m["To"].addresses],
    "cc": [a.addr_spec for a in m["Cc"].addresses],
    "replyTo": m["Reply-To"],
    "subject": m["Subject"],
    "date": m["Date"].datetime.isoformat(),
    "text": m.get_body(("plain",)).get_content(),
    "html": m.get_body(("html",)).get_content(),
    "files": [[p.get_filename(), p.get_content_type()] for p in m.iter_attachments()],
    "sizes": [len(p.get_payload(decode=True) or b"") for p in m.iter_attachments()],
}))
"#;
    let child = Command::new("python3")
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: python3 is not on this machine");
        return None;
    };
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(raw).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(raw));
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[test]
fn python_reads_what_was_sent() {
    let post = Post::new("sends-python");
    let name = "Größe, \"L\"";
    let desk = post.inbox_with(json!({ "mailboxName": "desk", "displayName": name }));
    let mail = rich("ada@example.com");
    let sent = post.sent(&desk, mail.clone());
    let Some(read) = read_by_python(&post.raw(&sent)) else {
        return;
    };
    assert_eq!(read["defects"], json!([]));
    assert_eq!(read["from"], json!([[name, "desk@openmail.sh"]]));
    assert_eq!(read["to"], json!(["ada@example.com"]));
    assert_eq!(read["cc"], json!(["cy@example.com", "di@example.com"]));
    assert_eq!(read["replyTo"], "answers@example.com");
    assert_eq!(read["subject"], mail["subject"]);
    assert_eq!(read["date"], "2040-01-16T09:30:00+00:00");
    let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    assert_eq!(lines(text(&read, "text")), lines(text(&mail, "body")));
    assert_eq!(lines(text(&read, "html")), lines(text(&mail, "bodyHtml")));
    let names = [
        "naïve (1).txt",
        "same.csv",
        "same (2).csv",
        "x.bin",
        "a.eml",
        "empty.txt",
    ];
    let read_names: Vec<_> = read["files"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it[0].clone())
        .collect();
    assert_eq!(read_names, names.map(Value::from));
    assert_eq!(read["sizes"][3], 256);
}

// Bodies.

#[test]
fn plain_text_stays_and_gets_html_beside_it() {
    let post = Post::new("sends-body-text");
    let desk = post.inbox("desk");
    let body = "1 < 2 & 3\n\nSecond.";
    let sent = post.sent(
        &desk,
        with(mail("ada@example.com"), json!({ "body": body })),
    );
    assert_eq!(sent["bodyText"], body);
    assert_eq!(
        sent["bodyHtml"],
        "<p>1 &lt; 2 &amp; 3</p>\n<p>Second.</p>\n"
    );
}

#[test]
fn html_is_recognised_and_gets_text_beside_it() {
    let post = Post::new("sends-body-html");
    let desk = post.inbox("desk");
    let body = "<p>One &amp; <b>two</b></p><p>Three</p>";
    let sent = post.sent(
        &desk,
        with(mail("ada@example.com"), json!({ "body": body })),
    );
    assert_eq!(sent["bodyHtml"], body);
    assert_eq!(sent["bodyText"], "One & two\n\nThree");
}

#[test]
fn given_html_stands_beside_the_body_as_it_is() {
    let post = Post::new("sends-body-both");
    let desk = post.inbox("desk");
    let both = json!({ "body": "<b>as text</b>", "bodyHtml": "<i>as HTML</i>" });
    let sent = post.sent(&desk, with(mail("ada@example.com"), both));
    assert_eq!(sent["bodyText"], "<b>as text</b>");
    assert_eq!(sent["bodyHtml"], "<i>as HTML</i>");
}

#[test]
fn empty_html_counts_as_none_given() {
    let post = Post::new("sends-body-empty-html");
    let desk = post.inbox("desk");
    let sent = post.sent(
        &desk,
        with(mail("ada@example.com"), json!({ "bodyHtml": "" })),
    );
    assert_eq!(sent["bodyHtml"], "<p>It comes on Thursday.</p>\n");
}

#[test]
fn a_conversation_needs_a_subject() {
    let post = Post::new("sends-no-subject");
    let desk = post.inbox("desk");
    let body = json!({ "to": "ada@example.com", "body": "Hello" });
    let refused = post
        .try_send(&desk, body.clone())
        .refused(400, "bad_request");
    assert!(
        refused.message().contains("subject"),
        "{}",
        refused.message()
    );
    let refused = post.try_send(&desk, with(body, json!({ "subject": "" })));
    refused.refused(400, "bad_request");
}

#[test]
fn bare_addresses_alone_are_recipients() {
    let post = Post::new("sends-addresses");
    let desk = post.inbox("desk");
    for to in [
        "Ada <ada@example.com>",
        "ada",
        "",
        "a@b@",
        "ada@example.com, bo@example.com",
    ] {
        post.try_send(&desk, mail(to)).refused(400, "bad_request");
    }
    let list = with(mail(""), json!({ "to": ["ada@example.com"] }));
    post.try_send(&desk, list).refused(400, "bad_request");
}

// Idempotency.

#[test]
fn the_same_request_with_the_same_key_has_the_same_answer() {
    let post = Post::new("sends-replay");
    let desk = post.inbox("desk");
    let body = mail("ada@example.com").to_string();
    let first = post.send_with_key(&desk, "k", &body).expect(200);
    post.advance("23h");
    let second = post.send_with_key(&desk, "k", &body).expect(200);
    assert_eq!(second.body, first.body);
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(post.messages(&desk).len(), 1);
    assert_eq!(post.outbox().len(), 1);
}

#[test]
fn another_body_with_the_same_key_is_refused() {
    let post = Post::new("sends-reused");
    let desk = post.inbox("desk");
    let body = mail("ada@example.com").to_string();
    post.send_with_key(&desk, "k", &body).expect(200);
    let other = mail("bo@example.com").to_string();
    let refused = post.send_with_key(&desk, "k", &other);
    refused.refused(422, "idempotency_key_reused");
    assert_eq!(post.messages(&desk).len(), 1);
}

#[test]
fn another_inbox_with_the_same_key_is_refused() {
    let post = Post::new("sends-reused-inbox");
    let (desk, other) = (post.inbox("desk"), post.inbox("other"));
    let body = mail("ada@example.com").to_string();
    post.send_with_key(&desk, "k", &body).expect(200);
    let refused = post.send_with_key(&other, "k", &body);
    refused.refused(422, "idempotency_key_reused");
}

#[test]
fn the_window_closes_after_exactly_24_hours() {
    let post = Post::new("sends-window");
    let desk = post.inbox("desk");
    let body = mail("ada@example.com").to_string();
    let first = post.send_with_key(&desk, "k", &body).expect(200);
    post.advance("23h59m59s999ms");
    let replay = post.send_with_key(&desk, "k", &body).expect(200);
    assert_eq!(replay.body, first.body);
    post.advance("1ms");
    let again = post.send_with_key(&desk, "k", &body).expect(200);
    assert_eq!(again.header("idempotent-replayed"), None);
    assert_ne!(again.body, first.body);
    assert_eq!(post.messages(&desk).len(), 2);
}

#[test]
fn a_replay_does_not_hold_the_window_open() {
    let post = Post::new("sends-window-replayed");
    let desk = post.inbox("desk");
    let body = mail("ada@example.com").to_string();
    post.send_with_key(&desk, "k", &body).expect(200);
    post.advance("12h");
    post.send_with_key(&desk, "k", &body).expect(200);
    post.advance("12h");
    let again = post.send_with_key(&desk, "k", &body).expect(200);
    assert_eq!(again.header("idempotent-replayed"), None);
}

#[test]
fn a_key_that_is_free_again_takes_another_body() {
    let post = Post::new("sends-window-other");
    let desk = post.inbox("desk");
    let (one, two) = (mail("ada@example.com"), mail("bo@example.com"));
    post.send_with_key(&desk, "k", &one.to_string()).expect(200);
    post.advance("24h");
    post.send_with_key(&desk, "k", &two.to_string()).expect(200);
    let replay = post.send_with_key(&desk, "k", &two.to_string()).expect(200);
    assert_eq!(replay.header("idempotent-replayed"), Some("true"));
}

#[test]
fn an_empty_key_is_none() {
    let post = Post::new("sends-empty-key");
    let desk = post.inbox("desk");
    let body = mail("ada@example.com").to_string();
    for _ in 0..2 {
        let sent = post.send_with_key(&desk, "", &body).expect(200);
        assert_eq!(sent.header("idempotent-replayed"), None);
    }
    assert_eq!(post.messages(&desk).len(), 2);
}

#[test]
fn a_key_beyond_ascii_is_one() {
    let post = Post::new("sends-odd-key");
    let desk = post.inbox("desk");
    let body = mail("ada@example.com").to_string();
    let key = [("idempotency-key", "Schlüssel".to_owned())];
    let send = || unchecked(&post, &desk, &key, body.as_bytes()).expect(200);
    assert_eq!(send().body, send().body);
    assert_eq!(post.messages(&desk).len(), 1);
}

#[test]
fn a_refused_send_leaves_its_key_free() {
    let post = Post::new("sends-refused-key");
    let desk = post.inbox("desk");
    let unknown = with(mail("ada@example.com"), json!({ "threadId": "nowhere" }));
    let refused = post.send_with_key(&desk, "k", &unknown.to_string());
    refused.refused(404, "not_found");
    let sent = post.send_with_key(&desk, "k", &mail("ada@example.com").to_string());
    assert_eq!(sent.expect(200).header("idempotent-replayed"), None);
}

#[test]
fn json_is_compared_by_value() {
    let post = Post::new("sends-by-value");
    let desk = post.inbox("desk");
    let first = r#"{"to":"ada@example.com","subject":"Gr\u00f6\u00dfe","body":"a\/b","cc":["c@example.com"]}"#;
    let second = " {\n \"cc\" : [ \"c@example.com\" ], \"body\": \"a/b\",\t\"subject\":\"Größe\", \"to\":\"\\u0061da@example.com\"}\r\n";
    let first = post.send_with_key(&desk, "k", first).expect(200);
    let second = post.send_with_key(&desk, "k", second).expect(200);
    assert_eq!(second.body, first.body);
    assert_eq!(post.messages(&desk).len(), 1);
}

#[test]
fn lists_are_compared_in_order() {
    let post = Post::new("sends-by-order");
    let desk = post.inbox("desk");
    let body = |cc: Value| with(mail("ada@example.com"), json!({ "cc": cc })).to_string();
    let one = body(json!(["c@example.com", "d@example.com"]));
    let two = body(json!(["d@example.com", "c@example.com"]));
    post.send_with_key(&desk, "k", &one).expect(200);
    let refused = post.send_with_key(&desk, "k", &two);
    refused.refused(422, "idempotency_key_reused");
}

fn keyed_form(post: &Post, inbox: &Value, boundary: &str, parts: &[Part<'_>]) -> Answer {
    let kind = format!("multipart/form-data; boundary={boundary}");
    let headers = [("content-type", &*kind), ("idempotency-key", "k")];
    let body = form(boundary, parts);
    post.account
        .send_raw("POST", &send_path(inbox), &headers, &body)
}

#[test]
fn forms_are_compared_by_their_parts() {
    let post = Post::new("sends-by-parts");
    let desk = post.inbox("desk");
    let file: Part<'_> = ("name=\"attachments\"; filename=\"a.txt\"", "", b"one");
    let parts = [TO, SUBJECT, BODY, file];
    let first = keyed_form(&post, &desk, "XX", &parts).expect(200);
    let second = keyed_form(&post, &desk, "another", &parts).expect(200);
    assert_eq!(second.body, first.body);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
}

#[test]
fn a_form_with_another_file_is_another_request() {
    let post = Post::new("sends-other-file");
    let desk = post.inbox("desk");
    let file = |disposition, bytes| -> Part<'_> { (disposition, "", bytes) };
    let name = "name=\"attachments\"; filename=\"a.txt\"";
    let parts = [TO, SUBJECT, BODY, file(name, b"one")];
    keyed_form(&post, &desk, "XX", &parts).expect(200);
    let renamed = "name=\"attachments\"; filename=\"b.txt\"";
    for other in [file(name, b"two"), file(renamed, b"one")] {
        let refused = keyed_form(&post, &desk, "XX", &[TO, SUBJECT, BODY, other]);
        refused.refused(422, "idempotency_key_reused");
    }
}

#[test]
fn many_retries_at_once_send_once() {
    let post = Post::new("sends-concurrent");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let body = mail("ada@openmail.sh").to_string();
    let answers: Vec<_> = thread::scope(|scope| {
        let retry = || post.send_with_key(&desk, "k", &body).expect(200);
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(retry)).collect();
        let answers = threads.into_iter().map(|it| it.join().expect("an answer"));
        answers.collect()
    });
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    let first = |answer: &&Answer| answer.header("idempotent-replayed").is_none();
    assert_eq!(answers.iter().filter(first).count(), 1);
    assert_eq!(post.messages(&desk).len(), 1);
    assert_eq!(post.messages(&ada).len(), 1);
}

#[test]
fn a_reset_forgets_keys() {
    let post = Post::new("sends-reset");
    let body = mail("ada@example.com").to_string();
    post.send_with_key(&post.inbox("desk"), "k", &body)
        .expect(200);
    post.account.send("POST", "/_mock/reset", None).expect(200);
    let other = mail("bo@example.com").to_string();
    let sent = post
        .send_with_key(&post.inbox("desk"), "k", &other)
        .expect(200);
    assert_eq!(sent.header("idempotent-replayed"), None);
}

// The order of checks.

#[test]
fn a_route_is_looked_for_before_a_key() {
    let path = "/v1/inboxes/x/sends";
    anonymous()
        .send("POST", path, &[], b"")
        .refused(404, "not_found");
}

#[test]
fn a_key_is_asked_for_before_the_body_is_judged() {
    let path = "/v1/inboxes/x/send";
    let headers = [("content-type", "application/json")];
    let refused = anonymous().send("POST", path, &headers, b"{}");
    refused.refused(401, "unauthorized");
}

#[test]
fn a_body_is_judged_before_its_inbox_is_looked_for() {
    let post = Post::new("sends-order-body");
    let refused = post.account.post("/v1/inboxes/x/send", json!({}));
    refused.refused(400, "bad_request");
}

#[test]
fn attachments_are_weighed_before_the_inbox_is_looked_for() {
    let post = Post::new("sends-order-weight");
    let bytes = vec![b'x'; MOST + 1];
    let file: Part<'_> = ("name=\"attachments\"; filename=\"a.bin\"", "", &bytes);
    let nowhere = json!({ "id": "nowhere" });
    let refused = post.send_form(&nowhere, &[TO, SUBJECT, BODY, file]);
    refused.refused(413, "payload_too_large");
}

#[test]
fn a_subject_is_missed_before_the_inbox_is_looked_for() {
    let post = Post::new("sends-order-subject");
    let body = json!({ "to": "ada@example.com", "body": "Hello" });
    let refused = post.account.post("/v1/inboxes/x/send", body);
    refused.refused(400, "bad_request");
}

#[test]
fn an_inbox_is_looked_for_before_a_key_is_compared() {
    let post = Post::new("sends-order-inbox");
    let desk = post.inbox("desk");
    post.send_with_key(&desk, "k", &mail("ada@example.com").to_string())
        .expect(200);
    let nowhere = json!({ "id": "nowhere" });
    let refused = post.send_with_key(&nowhere, "k", &mail("bo@example.com").to_string());
    refused.refused(404, "not_found");
}

#[test]
fn a_key_is_compared_before_the_thread_is_looked_for() {
    let post = Post::new("sends-order-thread");
    let desk = post.inbox("desk");
    post.send_with_key(&desk, "k", &mail("ada@example.com").to_string())
        .expect(200);
    let unknown = with(mail("ada@example.com"), json!({ "threadId": "nowhere" }));
    let refused = post.send_with_key(&desk, "k", &unknown.to_string());
    refused.refused(422, "idempotency_key_reused");
}

/// What the sender keeps is what its recipients read.
#[test]
fn texts_are_stored_as_they_are_received() {
    let post = Post::new("sends-normal");
    let (desk, other) = (post.inbox("desk"), post.inbox("other"));
    let odd =
        json!({ "to": "other@openmail.sh", "subject": "  two\r\n words\t ", "body": "a\rb\r\nc" });
    post.send(&desk, odd);
    let (kept, came) = (post.only(&desk), post.only(&other));
    assert_eq!(
        (&kept["subject"], &kept["bodyText"]),
        (&json!("two words"), &json!("a\nb\nc"))
    );
    for field in ["subject", "bodyText", "bodyHtml"] {
        assert_eq!(kept[field], came[field], "{field}");
    }
}

#[test]
fn a_subject_of_blanks_is_none() {
    let post = Post::new("sends-blank");
    let desk = post.inbox("desk");
    post.try_send(
        &desk,
        with(mail("ada@example.com"), json!({ "subject": " \t " })),
    )
    .refused(400, "bad_request");
}
