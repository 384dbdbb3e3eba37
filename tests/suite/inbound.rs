//! Mail from outside through `POST /_mock/inbound`: as JSON, as bytes, as a form.

use openmail_mock::Config;
use serde_json::{Value, json};

use crate::support::{Account, Answer, account, account_of, anonymous, start};

const PATH: &str = "/_mock/inbound";
const DESK: &str = "desk@openmail.sh";

/// A world with one inbox, and that inbox's id.
fn desk(world: &str) -> (Account, String) {
    let account = account(world);
    let id = inbox(&account, "desk");
    (account, id)
}

fn inbox(account: &Account, name: &str) -> String {
    let inbox = account.post("/v1/inboxes", json!({ "mailboxName": name }));
    text(&inbox.expect(201).json()["id"])
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn raw(account: &Account, query: &str, bytes: &[u8]) -> Answer {
    let headers = [("content-type", "message/rfc822")];
    account.send_raw("POST", &format!("{PATH}{query}"), &headers, bytes)
}

/// The answer to a mail that arrives.
#[track_caller]
fn arrived(account: &Account, mail: Value) -> Value {
    account.post(PATH, mail).expect(200).json()
}

/// The messages of an inbox, newest first.
fn messages(account: &Account, inbox: &str) -> Vec<Value> {
    let list = account.get(&format!("/v1/inboxes/{inbox}/messages?limit=100"));
    let list = list.expect(200).json();
    list["data"].as_array().expect("a list").clone()
}

#[track_caller]
fn only_message(account: &Account, inbox: &str) -> Value {
    let messages = messages(account, inbox);
    let [message] = &messages[..] else {
        panic!("not one message: {messages:#?}");
    };
    message.clone()
}

fn export(account: &Account) -> Vec<u8> {
    account.get("/_mock/state").expect(200).body
}

#[test]
fn a_mail_as_json_becomes_a_message() {
    let (account, inbox) = desk("inbound-json");
    let answer = arrived(
        &account,
        json!({ "from": "Ada <ada@example.com>", "to": DESK, "cc": "Bob <bob@example.com>",
                "subject": "Window", "text": "Does it hold?", "html": "<p>Does it hold?</p>",
                "headers": { "message-ID": " <first@example.com> ", "Reply-To": "reply@example.com" },
                "category": "personal", "verdict": "clean" }),
    );
    assert_eq!(answer["notes"], json!([]));
    let result = &answer["results"][0];
    let message = only_message(&account, &inbox);
    assert_eq!(
        (
            &result["messageId"],
            &result["threadId"],
            &result["inboxId"]
        ),
        (&message["id"], &message["threadId"], &json!(inbox))
    );
    assert_eq!(
        (&result["joinedBy"], &result["dropped"]),
        (&json!("new"), &Value::Null)
    );
    for (field, value) in [
        ("direction", json!("inbound")),
        ("status", json!("received")),
        ("fromAddr", json!("Ada <ada@example.com>")),
        ("toAddr", json!(DESK)),
        ("headerTo", json!(DESK)),
        ("deliveryRole", json!("to")),
        ("cc", json!(["bob@example.com"])),
        ("subject", json!("Window")),
        ("bodyText", json!("Does it hold?")),
        ("bodyHtml", json!("<p>Does it hold?</p>")),
        ("rfcMessageId", json!("<first@example.com>")),
        ("category", json!("personal")),
        ("autoReplyable", json!(true)),
        ("verdict", json!("clean")),
    ] {
        assert_eq!(message[field], value, "{field}");
    }
    assert_eq!(message["bcc"], Value::Null, "only the sender knows");
    // The recipient that is no inbox has its own line.
    assert_eq!(answer["results"][1]["address"], "bob@example.com");
    assert_eq!(answer["results"][1]["dropped"], "no_such_inbox");
    let thread = account.get(&format!("/v1/inboxes/{inbox}/threads?is_read=false"));
    assert_eq!(thread.expect(200).json()["total"], 1);
}

#[test]
fn a_mail_that_nobody_classified_is_taken_for_what_it_seems() {
    let (account, inbox) = desk("inbound-unclassified");
    arrived(&account, json!({ "from": "a@example.com", "to": DESK }));
    let message = only_message(&account, &inbox);
    assert_eq!(message["inReplyTo"], Value::Null);
    for (field, seeming) in [
        ("category", json!("personal")),
        ("autoReplyable", json!(true)),
        ("verdict", json!("clean")),
    ] {
        assert_eq!(message[field], seeming, "{field}");
    }
    assert_eq!(
        (&message["subject"], &message["bodyText"]),
        (&json!(""), &json!(""))
    );
    arrived(
        &account,
        json!({ "from": "a@example.com", "to": DESK, "category": "bounce" }),
    );
    assert_eq!(messages(&account, &inbox)[0]["autoReplyable"], false);
}

#[test]
fn recipients_are_a_text_or_a_list_and_each_has_the_mail_once() {
    let (account, desk) = desk("inbound-recipients");
    let other = inbox(&account, "other");
    let answer = arrived(
        &account,
        json!({ "from": "a@example.com", "to": [DESK, "Desk@OpenMail.sh", "nobody@openmail.sh"],
                "cc": ["Other <other@openmail.sh>"], "html": "<b>Only</b> HTML" }),
    );
    let results = answer["results"].as_array().expect("a list");
    let dropped: Vec<&Value> = results.iter().map(|it| &it["dropped"]).collect();
    assert_eq!(
        dropped,
        [&Value::Null, &json!("no_such_inbox"), &Value::Null]
    );
    let (desk, other) = (
        only_message(&account, &desk),
        only_message(&account, &other),
    );
    assert_ne!(desk["id"], other["id"]);
    assert_eq!(
        (&desk["deliveryRole"], &other["deliveryRole"]),
        (&json!("to"), &json!("cc"))
    );
    assert_eq!(other["toAddr"], "other@openmail.sh");
    assert_eq!(other["bodyText"], "Only HTML");
}

#[test]
fn mail_for_no_inbox_is_dropped_and_leaves_nothing() {
    let account = account("inbound-nobody");
    let before = export(&account);
    let answer = arrived(&account, json!({ "from": "a@example.com", "to": DESK }));
    assert_eq!(
        answer["results"],
        json!([{ "address": DESK, "inboxId": null, "messageId": null, "threadId": null,
                 "joinedBy": null, "dropped": "no_such_inbox" }])
    );
    assert_eq!(export(&account), before);
}

#[test]
fn a_thread_is_found_by_in_reply_to_then_by_references_never_by_subject() {
    let (account, inbox) = desk("inbound-joined");
    let mail = |more: Value| {
        let mut mail = json!({ "from": "a@example.com", "to": DESK, "subject": "Same" });
        let members = more.as_object().expect("an object").clone();
        mail.as_object_mut().expect("an object").extend(members);
        arrived(&account, mail)["results"][0].clone()
    };
    let first = mail(json!({ "headers": { "Message-ID": "<one@x>" } }));
    let second = mail(json!({ "headers": { "Message-ID": "<two@x>" } }));
    assert_ne!(
        first["threadId"], second["threadId"],
        "one subject, two threads"
    );
    for (more, thread, joined_by) in [
        (json!({ "inReplyTo": "<one@x>" }), &first, "in-reply-to"),
        (
            json!({ "inReplyTo": "two@x", "references": ["one@x"] }),
            &second,
            "in-reply-to",
        ),
        (
            json!({ "inReplyTo": "lost@x", "references": "<lost2@x> <one@x>" }),
            &first,
            "references",
        ),
        // The latest that is known.
        (
            json!({ "references": ["<one@x>", "<two@x>", "<lost@x>"] }),
            &second,
            "references",
        ),
        (
            json!({ "headers": { "In-Reply-To": "<one@x>" } }),
            &first,
            "in-reply-to",
        ),
        (
            json!({ "headers": { "References": "<two@x>" } }),
            &second,
            "references",
        ),
    ] {
        let joined = mail(more.clone());
        assert_eq!(
            (&joined["threadId"], &joined["joinedBy"]),
            (&thread["threadId"], &json!(joined_by)),
            "{more}"
        );
    }
    let lost = mail(json!({ "inReplyTo": "lost@x", "references": ["lost@x"] }));
    assert_eq!(lost["joinedBy"], "new");
    let threads = account.get(&format!("/v1/inboxes/{inbox}/threads"));
    assert_eq!(threads.expect(200).json()["total"], 3);
}

#[test]
fn message_ids_are_known_within_one_inbox_alone() {
    let (account, _) = desk("inbound-other-inbox");
    inbox(&account, "other");
    let headers = json!({ "Message-ID": "<one@x>" });
    arrived(
        &account,
        json!({ "from": "a@x.example", "to": DESK, "headers": headers }),
    );
    let answer = arrived(
        &account,
        json!({ "from": "a@x.example", "to": "other@openmail.sh", "inReplyTo": "<one@x>" }),
    );
    assert_eq!(answer["results"][0]["joinedBy"], "new");
}

#[test]
fn a_dry_run_tells_what_would_happen_and_changes_nothing() {
    let (account, inbox) = desk("inbound-dry");
    let mail = json!({ "from": "a@example.com", "to": [DESK, "no@openmail.sh"],
                       "headers": { "Message-ID": "<one@x>" } });
    let before = export(&account);
    let trial = account.post("/_mock/inbound?dryRun=true", mail.clone());
    assert_eq!(
        trial.expect(200).json()["results"],
        json!([
            { "address": DESK, "inboxId": inbox, "messageId": null, "threadId": null,
              "joinedBy": "new", "dropped": null },
            { "address": "no@openmail.sh", "inboxId": null, "messageId": null, "threadId": null,
              "joinedBy": null, "dropped": "no_such_inbox" },
        ])
    );
    assert_eq!(export(&account), before);
    let thread = arrived(&account, mail)["results"][0]["threadId"].clone();
    let before = export(&account);
    let answer = json!({ "from": "a@example.com", "to": DESK, "inReplyTo": "one@x" });
    let trial = account
        .post("/_mock/inbound?dryRun=true", answer)
        .expect(200);
    let result = &trial.json()["results"][0];
    assert_eq!(
        (&result["threadId"], &result["joinedBy"]),
        (&thread, &json!("in-reply-to"))
    );
    assert_eq!(export(&account), before);
}

#[test]
fn the_bytes_that_came_are_the_bytes_that_are_given() {
    let (account, inbox) = desk("inbound-bytes");
    for bytes in [
        &b"From: a@example.com\r\nTo: desk@openmail.sh\r\nSubject: One\r\n\r\nText\r\n"[..],
        b"From: a@example.com\nTo: desk@openmail.sh\n\nbare line feeds, no end",
        b"From: a@example.com\r\nTo: desk@openmail.sh\r\n\r\n8 bits: \xe4\xf6\xfc \xff\x00\x1a\r\n.\r\n",
        b"From: a@example.com\rTo: desk@openmail.sh\r\rcarriage returns",
    ] {
        let answer = raw(&account, "", bytes).expect(200).json();
        let id = text(&answer["results"][0]["messageId"]);
        let given = account.get(&format!("/v1/messages/{id}/raw")).expect(200);
        assert_eq!(given.header("content-type"), Some("message/rfc822"));
        assert_eq!(given.body, bytes);
    }
    assert_eq!(messages(&account, &inbox).len(), 4);
}

#[test]
fn mail_that_came_as_json_has_the_same_bytes_each_time() {
    let (account, inbox) = desk("inbound-built");
    let file = json!({ "filename": "a.txt", "data": "QQ==" });
    arrived(
        &account,
        json!({ "from": "Ada <a@example.com>", "to": DESK, "text": "T", "attachments": [file] }),
    );
    let path = format!(
        "/v1/messages/{}/raw",
        text(&only_message(&account, &inbox)["id"])
    );
    let first = account.get(&path).expect(200).body;
    assert_eq!(account.get(&path).expect(200).body, first);
    // And they make the same mail elsewhere.
    let (elsewhere, other) = desk("inbound-built-elsewhere");
    raw(&elsewhere, "", &first).expect(200);
    let (one, two) = (
        only_message(&account, &inbox),
        only_message(&elsewhere, &other),
    );
    for field in [
        "fromAddr",
        "subject",
        "bodyText",
        "rfcMessageId",
        "headerTo",
        "deliveryRole",
    ] {
        assert_eq!(one[field], two[field], "{field}");
    }
    assert_eq!(two["attachments"][0]["filename"], "a.txt");
}

#[test]
fn headers_of_json_stand_in_the_bytes_and_in_the_export() {
    let (account, inbox) = desk("inbound-headers");
    let headers = json!({ "List-Id": "<news.example>", "x-spam": "no", "Message-ID": "<one@x>" });
    let mail = json!({ "from": "a@example.com", "to": DESK, "text": "T", "headers": headers });
    assert_eq!(arrived(&account, mail)["notes"], json!([]));
    let raw_of = |account: &Account| {
        let id = text(&only_message(account, &inbox)["id"]);
        let raw = account.get(&format!("/v1/messages/{id}/raw")).expect(200);
        String::from_utf8(raw.body).expect("it is ASCII")
    };
    let raw = raw_of(&account);
    assert!(
        raw.contains("\r\nList-Id: <news.example>\r\nx-spam: no\r\n"),
        "{raw}"
    );
    assert_eq!(raw.matches("Message-ID").count(), 1, "{raw}");
    // A fragment that tells of it changes nothing, and another one is refused.
    let mut state: Value = serde_json::from_slice(&export(&account)).expect("JSON");
    assert_eq!(
        state["threads"][0]["messages"][0]["headers"],
        json!({ "List-Id": "<news.example>", "x-spam": "no" })
    );
    let thread = |state: &Value| json!({ "threads": state["threads"] });
    account.patch("/_mock/state", thread(&state)).expect(200);
    state["threads"][0]["messages"][0]["headers"] = json!({ "x-spam": "yes" });
    account
        .patch("/_mock/state", thread(&state))
        .refused(400, "bad_request");
    // The export makes the same mail elsewhere.
    let other = crate::support::account("inbound-headers-elsewhere");
    let headers = [("content-type", "application/json")];
    other
        .send_raw("PUT", "/_mock/state", &headers, &export(&account))
        .expect(200);
    assert_eq!(export(&other), export(&account));
    assert_eq!(raw_of(&other), raw);
}

#[test]
fn headers_that_the_mock_writes_itself_are_passed_over_and_named() {
    let (account, inbox) = desk("inbound-own-headers");
    let headers = json!({ "Subject": "Two", "content-type": "text/x", "X-A": "1" });
    let mail = json!({ "from": "a@example.com", "to": DESK, "subject": "One", "headers": headers });
    let answer = arrived(&account, mail);
    let notes = answer["notes"].as_array().expect("a list");
    assert_eq!(notes.len(), 1, "{answer}");
    let note = text(&notes[0]);
    assert!(note.contains("`Subject`, `content-type`;"), "{note}");
    assert_eq!(only_message(&account, &inbox)["subject"], "One");
    let headers = json!({ "X A": "1" });
    let mail = json!({ "from": "a@example.com", "to": DESK, "headers": headers });
    let refused = account.post(PATH, mail).refused(400, "bad_request");
    assert!(
        refused
            .message()
            .starts_with("`/headers` has the name `X A`"),
        "{}",
        refused.message()
    );
}

#[test]
fn the_envelope_wins_over_the_headers_and_has_no_role() {
    let (account, desk) = desk("inbound-envelope");
    let other = inbox(&account, "other");
    let bytes = b"From: a@example.com\r\nTo: list@lists.example\r\n\r\nT";
    let query = "?to=desk@openmail.sh&to=Other%40openmail.sh&to=desk@openmail.sh";
    let answer = raw(&account, query, bytes).expect(200).json();
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(2));
    for id in [&desk, &other] {
        let message = only_message(&account, id);
        assert_eq!(message["deliveryRole"], Value::Null);
        assert_eq!(message["headerTo"], "list@lists.example");
    }
    // Beside JSON likewise: how a Bcc arrives.
    let mail = json!({ "from": "a@example.com", "to": "other@openmail.sh" });
    account
        .post("/_mock/inbound?to=desk@openmail.sh", mail)
        .expect(200);
    assert_eq!(messages(&account, &desk)[0]["deliveryRole"], Value::Null);
    assert_eq!(
        messages(&account, &other).len(),
        1,
        "the header alone brings nothing"
    );
}

#[test]
fn a_mail_that_names_nobody_says_what_to_do() {
    let (account, _) = desk("inbound-names-nobody");
    let refusal = raw(&account, "", b"From: a@example.com\r\n\r\nT").refused(400, "bad_request");
    assert!(
        refusal.message().contains("`?to=`"),
        "{}",
        refusal.message()
    );
    raw(
        &account,
        "?to=desk@openmail.sh",
        b"From: a@example.com\r\n\r\nT",
    )
    .expect(200);
}

#[test]
fn the_world_is_named_by_the_key_or_by_the_query() {
    let (account, inbox) = desk("inbound-world");
    let path = "/_mock/inbound?world=inbound-world";
    let mail = json!({ "from": "a@example.com", "to": DESK }).to_string();
    let headers = [("content-type", "application/json")];
    anonymous()
        .send("POST", path, &headers, mail.as_bytes())
        .expect(200);
    only_message(&account, &inbox);
}

/// A part of a form: its name, for a file also the file's name and type, and its content.
type Part<'p> = (&'p str, Option<(&'p str, &'p str)>, &'p [u8]);

/// A form as browsers and libraries write it.
fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        body.extend(format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"").bytes());
        if let Some((filename, content_type)) = file {
            body.extend(
                format!("; filename=\"{filename}\"\r\nContent-Type: {content_type}").bytes(),
            );
        }
        body.extend(b"\r\n\r\n");
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(b"--cut--\r\n");
    body
}

#[test]
fn a_form_has_the_fields_of_json_and_files() {
    let (account, inbox) = desk("inbound-form");
    let body = form(&[
        ("from", None, b"Ada <ada@example.com>"),
        ("to", None, DESK.as_bytes()),
        ("to", None, b"nobody@openmail.sh"),
        ("subject", None, "Grüße".as_bytes()),
        ("text", None, b"1"),
        ("references", None, b"<one@x> <two@x>"),
        ("category", None, b"personal"),
        ("attachments", Some(("a.txt", "text/plain")), b"first"),
        ("attachments", Some(("a.txt", "text/plain")), b""),
        (
            "attachments",
            Some(("b.bin", "application/octet-stream")),
            b"\x00\xff",
        ),
    ]);
    let headers = [("content-type", "multipart/form-data; boundary=cut")];
    let answer = account
        .send_raw("POST", PATH, &headers, &body)
        .expect(200)
        .json();
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(2));
    let message = only_message(&account, &inbox);
    assert_eq!(message["subject"], "Grüße");
    assert_eq!(message["bodyText"], "1");
    assert_eq!(message["references"], json!(["<one@x>", "<two@x>"]));
    assert_eq!(message["autoReplyable"], true);
    let files = message["attachments"].as_array().expect("a list");
    let files: Vec<_> = files
        .iter()
        .map(|it| (&it["filename"], &it["sizeBytes"]))
        .collect();
    assert_eq!(
        files,
        [
            (&json!("a.txt"), &json!(5)),
            (&json!("a (2).txt"), &json!(0)),
            (&json!("b.bin"), &json!(2)),
        ]
    );
    let body = form(&[("to", None, DESK.as_bytes())]);
    let refusal = account.send_raw("POST", PATH, &headers, &body);
    let refusal = refusal.refused(400, "bad_request");
    assert!(
        refusal.message().contains("`from`"),
        "{}",
        refusal.message()
    );
}

#[test]
fn attachments_have_their_text_found_or_given() {
    let (account, inbox) = desk("inbound-attachments");
    let files = json!([
        { "filename": "a.txt", "contentType": "text/plain", "data": "QUJD" },
        { "filename": "a.pdf", "contentType": "application/pdf", "data": "" },
        { "filename": "b.pdf", "contentType": "application/pdf", "parsedText": "Read", "extractionMethod": "ocr" },
        { "filename": "c.pdf", "contentType": "application/pdf", "parsedText": "Read" },
        { "filename": "c.png", "contentType": "image/png", "extractionMethod": "skipped_too_large" },
        { "filename": "c.png", "data": "QUJD\n QUJD" },
    ]);
    arrived(
        &account,
        json!({ "from": "a@example.com", "to": DESK, "attachments": files }),
    );
    let message = only_message(&account, &inbox);
    let shown = message["attachments"].as_array().expect("a list");
    let shown: Vec<Value> = shown
        .iter()
        .map(|it| {
            json!([
                it["filename"],
                it["sizeBytes"],
                it["parsedText"],
                it["extractionMethod"]
            ])
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!(["a.txt", 3, "ABC", "text"]),
            json!(["a.pdf", 0, null, "pdf_error"]),
            json!(["b.pdf", 0, "Read", "ocr"]),
            json!(["c.pdf", 0, "Read", "pdf"]),
            json!(["c.png", 0, null, "skipped_too_large"]),
            json!(["c (2).png", 6, null, "unsupported"]),
        ]
    );
    let id = text(&message["id"]);
    let read = account
        .get(&format!("/v1/attachments/{id}/b.pdf/text"))
        .expect(200);
    assert_eq!(read.json()["text"], "Read");
}

#[test]
fn broken_base64_is_refused_at_its_place() {
    let (account, _) = desk("inbound-base64");
    let before = export(&account);
    let files = json!([{ "filename": "a", "data": "QUJD" }, { "filename": "b", "data": "QU!D" }]);
    let mail = json!({ "from": "a@example.com", "to": DESK, "attachments": files });
    let refusal = account.post(PATH, mail).refused(400, "bad_request");
    assert!(
        refusal.message().contains("/attachments/1/data"),
        "{}",
        refusal.message()
    );
    assert_eq!(export(&account), before);
}

#[test]
fn what_has_the_wrong_form_is_refused_in_words() {
    let (account, _) = desk("inbound-wrong");
    for (body, words) in [
        (json!({ "to": DESK }), "`from`"),
        (json!({ "from": "a@example.com" }), "`to`"),
        (
            json!({ "from": "a@example.com", "to": [] }),
            "`to` must be an address or a list",
        ),
        (
            json!({ "from": "a@example.com", "to": DESK, "subjet": "x" }),
            "subject",
        ),
    ] {
        let refusal = account.post(PATH, body).refused(400, "bad_request");
        let body = String::from_utf8_lossy(&refusal.body).into_owned();
        assert!(body.contains(words), "{words} in {body}");
    }
    account
        .send_raw(
            "POST",
            PATH,
            &[("content-type", "text/plain")],
            b"From: a@x",
        )
        .refused(415, "unsupported_media_type");
    account
        .send_raw("POST", PATH, &[("content-type", "message/rfc822")], b"")
        .refused(400, "bad_request");
}

#[test]
fn bodies_have_the_bound_of_the_command_line() {
    let mock = start(Config {
        max_body: 2_000_000,
        ..Config::default()
    });
    let account = account_of(&mock, "w");
    inbox(&account, "desk");
    let mut mail = b"To: desk@openmail.sh\r\n\r\n".to_vec();
    mail.resize(2_000_000, b'x');
    raw(&account, "", &mail).expect(200);
    mail.push(b'x');
    raw(&account, "", &mail).refused(413, "payload_too_large");
}

#[test]
fn attachments_have_a_bound_together() {
    let (account, _) = desk("inbound-too-large");
    let half = vec![0; 13_107_201];
    let file = Some(("a.bin", "application/octet-stream"));
    let body = form(&[
        ("from", None, b"a@example.com"),
        ("to", None, DESK.as_bytes()),
        ("attachments", file, &half),
        ("attachments", file, &half),
    ]);
    let headers = [("content-type", "multipart/form-data; boundary=cut")];
    let refusal = account.send_raw("POST", PATH, &headers, &body);
    refusal.refused(413, "payload_too_large");
}

/// What becomes of a mail that is odd: the message, and what was noted.
#[track_caller]
fn survived(account: &Account, bytes: &[u8]) -> (Value, Vec<String>) {
    let answer = raw(account, "?to=desk@openmail.sh", bytes)
        .expect(200)
        .json();
    let id = &answer["results"][0]["messageId"];
    let inbox = text(&answer["results"][0]["inboxId"]);
    let all = messages(account, &inbox);
    let message = all
        .iter()
        .find(|it| it["id"] == *id)
        .expect("it is there")
        .clone();
    let given = account
        .get(&format!("/v1/messages/{}/raw", text(id)))
        .expect(200);
    assert!(given.body == bytes, "raw in, the same raw out");
    let notes = answer["notes"].as_array().expect("a list");
    (message, notes.iter().map(text).collect())
}

#[test]
fn odd_mail_is_read_as_far_as_it_can_be() {
    let (account, _) = desk("inbound-odd");
    let (message, notes) = survived(&account, b"no header at all");
    assert_eq!(
        (&message["bodyText"], &message["fromAddr"]),
        (&json!("no header at all"), &json!(""))
    );
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        text(&message["rfcMessageId"]).ends_with("@openmail.sh>"),
        "one was made"
    );

    let (message, notes) = survived(
        &account,
        b"From: a@example.com\r\nSubject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\n\
          Content-Type: text/plain; charset=windows-1251\r\n\r\n\xcf\xf0\xe8\xe2\xe5\xf2\r\n",
    );
    assert_eq!(
        (&message["subject"], &message["bodyText"]),
        (&json!("Grüße"), &json!("Привет\n"))
    );
    assert!(notes.is_empty(), "{notes:?}");

    let (message, notes) = survived(
        &account,
        b"Subject: folded\r\n over\r\n\tlines\r\nSubject: second\r\nFrom: a@example.com\r\n\r\nT",
    );
    assert_eq!(message["subject"], "folded over lines");
    assert!(notes[0].contains("the first counts"), "{notes:?}");

    let nested = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n\
        --a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nplain\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b--\r\n\
        --a\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=empty.csv\r\n\r\n\r\n--a--\r\n";
    let (message, notes) = survived(&account, nested);
    assert_eq!(message["bodyText"], "plain");
    assert_eq!(text(&message["bodyHtml"]).trim(), "<p>html</p>");
    let file = &message["attachments"][0];
    assert_eq!(
        (&file["filename"], &file["sizeBytes"]),
        (&json!("empty.csv"), &json!(0))
    );
    assert!(notes.is_empty(), "{notes:?}");

    for (broken, word) in [
        (
            &b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nnever ends"[..],
            "does not end",
        ),
        (
            b"Content-Type: multipart/mixed\r\n\r\n--a\r\n\r\nT\r\n--a--",
            "names no boundary",
        ),
        (
            b"Content-Type: multipart/mixed; boundary=a\r\n\r\nT",
            "never appears",
        ),
        (
            b"Content-Transfer-Encoding: base64\r\n\r\nQUJD!!!!\r\n",
            "transfer encoding",
        ),
        (b"From: <<<>>>\r\nTo: ,,;:\r\n\r\nT", "no address"),
    ] {
        let (_, notes) = survived(&account, broken);
        assert!(
            notes.iter().any(|note| note.contains(word)),
            "{word} in {notes:?}"
        );
    }
    // A world that holds all of it can still be told, and be made again.
    let exported = export(&account);
    let headers = [("content-type", "application/json")];
    account
        .send_raw("PUT", "/_mock/state", &headers, &exported)
        .expect(200);
    assert!(export(&account) == exported);
}

#[test]
fn thousands_of_recipients_and_a_line_of_10_megabytes_are_read() {
    let (account, inbox) = desk("inbound-huge");
    let names = (0..4_999).map(|number| format!("r{number}@example.com"));
    let names: Vec<String> = names.chain([DESK.to_owned()]).collect();
    let mail = format!(
        "From: a@example.com\r\nTo: {}\r\n\r\nT",
        names.join(",\r\n ")
    );
    let answer = raw(&account, "", mail.as_bytes()).expect(200).json();
    let results = answer["results"].as_array().expect("a list");
    assert_eq!(results.len(), 5_000);
    assert_eq!(results[4_999]["inboxId"], json!(inbox));
    assert_eq!(only_message(&account, &inbox)["deliveryRole"], "to");

    let mut mail = b"From: a@example.com\r\nTo: desk@openmail.sh\r\n\r\n".to_vec();
    mail.resize(10_000_000, b'x');
    let answer = raw(&account, "", &mail).expect(200).json();
    let id = text(&answer["results"][0]["messageId"]);
    let given = account.get(&format!("/v1/messages/{id}/raw")).expect(200);
    assert!(given.body == mail);
}

#[test]
fn the_envelope_names_one_bare_address_at_a_time() {
    let (account, _) = desk("inbound-envelope-odd");
    for to in [
        "Desk%20%3Cdesk@openmail.sh%3E",
        "desk@openmail.sh,b@openmail.sh",
        "%0d%0a",
    ] {
        let answer = raw(
            &account,
            &format!("?to={to}"),
            b"From: a@example.com\r\n\r\nT",
        );
        answer.refused(400, "bad_request");
    }
}
