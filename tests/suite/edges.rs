//! One normal form at the edge: what the sender's copy says, what the bytes say and what comes to
//! the recipient are the same.

use serde_json::{Value, json};

use crate::support::Answer;
use crate::support::post::{Post, text};

const DESK: &str = "desk@openmail.sh";

/// What a message is, wherever it is read.
const FIELDS: [&str; 8] = [
    "fromAddr",
    "headerTo",
    "cc",
    "subject",
    "bodyText",
    "rfcMessageId",
    "inReplyTo",
    "references",
];

/// Takes in the bytes of a message in another world, and holds the two against each other.
#[track_caller]
fn same_as_its_bytes(here: &Post, message: &Value, world: &str) {
    let there = Post::new(world);
    let desk = there.inbox("desk");
    let bytes = here.raw(message);
    there.arrives_raw(DESK, &bytes);
    let read = there.only(&desk);
    let bytes = String::from_utf8_lossy(&bytes);
    for field in FIELDS {
        assert_eq!(message[field], read[field], "{field} of {bytes}");
    }
    let types = |message: &Value| {
        let files = message["attachments"].as_array().expect("a list").clone();
        let files = files
            .into_iter()
            .map(|it| (it["filename"].clone(), it["contentType"].clone()));
        files.collect::<Vec<_>>()
    };
    assert_eq!(types(message), types(&read), "{bytes}");
}

fn arriving(from: &str) -> Value {
    json!({ "from": from, "to": "list@lists.example", "cc": DESK, "subject": "S", "text": "T" })
}

/// Bytes with these headers, for the desk in Cc.
fn bytes(from: &str) -> String {
    format!("From: {from}\r\nTo: list@lists.example\r\nCc: {DESK}\r\nSubject: S\r\n\r\nT")
}

#[test]
fn a_reply_copies_all_who_wrote_and_nobody_else() {
    let post = Post::new("edges-senders");
    let desk = post.inbox("desk");
    for (from, copied) in [
        ("a@b.cc, d@e.ff", json!(["a@b.cc", "d@e.ff"])),
        (
            "Ann <a@b.cc>, \"Lee, Dan\" <d@e.ff>",
            json!(["a@b.cc", "d@e.ff"]),
        ),
        ("Team: a@b.cc, d@e.ff;", json!(["a@b.cc", "d@e.ff"])),
        ("a@b.cc, A@B.cc, list@lists.example", json!(["a@b.cc"])),
        ("Real Name real@x.yz", json!([])),
        ("<>", json!([])),
        ("", json!([])),
        ("MAILER-DAEMON", json!([])),
        ("undisclosed:;", json!([])),
        ("J\u{f6}rg <j\u{f6}rg@x.yz>", json!([])),
    ] {
        let came = post.arrives_raw(DESK, bytes(from).as_bytes());
        let reply =
            json!({ "to": "list@lists.example", "threadId": came["threadId"], "body": "R" });
        let sent = post.sent(&desk, reply);
        assert_eq!(sent["cc"], copied, "{from}");
    }
}

#[test]
fn everybody_who_wrote_a_mail_is_known() {
    let post = Post::new("edges-warm");
    let desk = post.inbox("desk");
    let limits = json!({ "account": { "limits": "on" } });
    post.account.patch("/_mock/state", limits).expect(200);
    post.arrives(arriving("Ann <ann@x.yz>, dan@x.yz"));
    let is_cold = |to: &str| {
        post.send(&desk, json!({ "to": to, "subject": "S", "body": "B" }));
        let state = post.account.get("/_mock/state").expect(200).json();
        state["usage"].to_string().contains("\"coldRecipients\":1")
    };
    assert!(!is_cold("ann@x.yz"));
    assert!(!is_cold("dan@x.yz"));
    assert!(is_cold("eve@x.yz"));
}

#[test]
fn media_types_have_one_form_for_sender_bytes_and_recipient() {
    let post = Post::new("edges-media");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let unknown = "application/octet-stream";
    let types = [
        (
            "text/calendar; method=REQUEST",
            "text/calendar; method=REQUEST",
        ),
        (
            "Text/Plain; Format=flowed; charset=\"UTF-8\"",
            "text/plain; format=flowed",
        ),
        (
            "text/csv; charset=ISO-8859-1; header=present",
            "text/csv; charset=iso-8859-1; header=present",
        ),
        (
            "application/x; title=\"a b \\\" c\"",
            "application/x; title=\"a b \\\" c\"",
        ),
        ("image/png; name=other.png", "image/png"),
        ("text/html\r\nX-Evil: 1", unknown),
        ("", unknown),
        ("garbage", unknown),
        ("multipart/mixed; boundary=q", unknown),
    ];
    let files: Vec<Value> = types
        .iter()
        .enumerate()
        .map(|(at, (given, _))| json!({ "filename": format!("{at}"), "contentType": given, "data": "QUJD" }))
        .collect();
    let sent = post.sent(
        &desk,
        json!({ "to": "ada@openmail.sh", "subject": "S", "body": "B", "attachments": files }),
    );
    let came = post.only(&ada);
    for (at, (given, kept)) in types.iter().enumerate() {
        assert_eq!(sent["attachments"][at]["contentType"], *kept, "{given}");
        assert_eq!(came["attachments"][at]["contentType"], *kept, "{given}");
    }
    assert!(
        post.raw_text(&sent).contains("method=\"REQUEST\""),
        "{}",
        post.raw_text(&sent)
    );
    assert!(!post.raw_text(&sent).contains("X-Evil"));
}

#[test]
fn subjects_have_no_controls_on_either_side() {
    let post = Post::new("edges-subjects");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let mail = |subject: &str| json!({ "to": "ada@openmail.sh", "subject": subject, "body": "B" });
    let sent = post.sent(
        &desk,
        mail("\u{feff}\u{0}Two\u{7} \t\r\n wor\u{1b}ds\u{85}"),
    );
    assert_eq!(sent["subject"], "Two words");
    assert_eq!(post.only(&ada)["subject"], "Two words");
    for nothing in ["\u{0}", "\u{feff} \u{7}"] {
        let refusal = post.try_send(&desk, mail(nothing));
        refusal.refused(400, "bad_request");
    }
}

#[test]
fn json_mail_is_what_its_bytes_say() {
    let post = Post::new("edges-json");
    let desk = post.inbox("desk");
    for (number, (more, field, kept)) in [
        (json!({ "subject": "A\u{7}\nB" }), "subject", json!("A B")),
        (json!({ "text": "\u{feff}a\r\nb\rc" }), "bodyText", json!("a\nb\nc")),
        (json!({ "html": "\u{feff}<p>a</p>\r\n" }), "bodyHtml", json!("<p>a</p>\n")),
        (json!({ "from": "Ann <a@b.cc>\r\nBcc: x@y.zz" }), "subject", json!("S")),
        (json!({ "from": "a@b.cc,\"Lee, D\" <d@e.ff>" }), "fromAddr", json!("a@b.cc, \"Lee, D\" <d@e.ff>")),
        (json!({ "from": "Team: a@b.cc;" }), "fromAddr", json!("a@b.cc")),
        (json!({ "to": "Desk <desk@openmail.sh>, c@d.ee" }), "headerTo", json!("Desk <desk@openmail.sh>, c@d.ee")),
        (json!({ "to": ["undisclosed-recipients:;"], "cc": DESK }), "headerTo", json!("")),
        (json!({ "inReplyTo": " <a@b c> ", "references": ["<x@y><z@y>", "w@y"] }), "references", json!(["<x@y>", "<z@y>", "<w@y>"])),
        (json!({ "attachments": [{ "filename": "i.ics", "contentType": "text/calendar; method=REPLY", "data": "QQ==" }] }), "subject", json!("S")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut mail = json!({ "from": "a@b.cc", "to": DESK, "subject": "S",
                               "headers": { "Message-ID": format!("<{number}@b.cc>") } });
        let members = more.as_object().expect("an object").clone();
        mail.as_object_mut().expect("an object").extend(members);
        let result = post.arrives(mail);
        let message = post.message(&desk, text(&result, "messageId"));
        assert_eq!(message[field], kept, "{more}");
        assert!(!text(&message, "fromAddr").contains(['\r', '\n']), "{more}");
        same_as_its_bytes(&post, &message, &format!("edges-json-{number}"));
    }
}

#[test]
fn each_address_of_a_text_is_a_recipient() {
    let post = Post::new("edges-recipients");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    post.arrives(json!({ "from": "a@b.cc", "to": "Desk <desk@openmail.sh>, ada@openmail.sh" }));
    assert_eq!(post.only(&desk)["deliveryRole"], "to");
    assert_eq!(
        post.only(&ada)["headerTo"],
        "Desk <desk@openmail.sh>, ada@openmail.sh"
    );
}

#[test]
fn json_mail_of_nobody_is_refused() {
    let post = Post::new("edges-nobody");
    post.inbox("desk");
    let refused = |mail: Value, words: &str| {
        let refusal: Answer = post.account.post("/_mock/inbound", mail);
        let refusal = refusal.refused(400, "bad_request");
        assert!(refusal.message().contains(words), "{}", refusal.message());
    };
    for from in ["a", "<>", "undisclosed:;", "Real Name real@x.yz"] {
        refused(json!({ "from": from, "to": DESK }), "`from`");
    }
    refused(
        json!({ "from": "a@b.cc", "to": [DESK, "somebody"] }),
        "`to`",
    );
    let files = json!([{ "filename": "a.txt" }]);
    let mail = json!({ "from": "a@b.cc", "to": DESK, "attachments": files });
    refused(mail, "/attachments/0/data");
}

#[test]
fn the_to_header_keeps_its_names_through_export_and_import() {
    let post = Post::new("edges-header-to");
    let desk = post.inbox("desk");
    let written = "Desk <desk@openmail.sh>, \"Lee, Dan\" <d@e.ff>";
    post.arrives_raw(
        DESK,
        format!("From: a@b.cc\r\nTo: {written}\r\n\r\nT").as_bytes(),
    );
    post.arrives(json!({ "from": "a@b.cc", "to": written, "text": "T" }));
    let row = json!({ "inbox": DESK, "subject": "F",
                      "messages": [{ "from": "a@b.cc", "to": ["Desk <desk@openmail.sh>", "\"Lee, Dan\" <d@e.ff>"] }] });
    let added = json!({ "threads": [row] });
    post.account.patch("/_mock/state", added).expect(200);
    let shown = |post: &Post| {
        post.messages(&desk)
            .into_iter()
            .map(|it| it["headerTo"].clone())
    };
    let shown: Vec<Value> = shown(&post).collect();
    assert_eq!(shown, [written, written, written]);
    for message in post.messages(&desk) {
        assert_eq!(message["deliveryRole"], "to");
        let raw = post.raw_text(&message);
        assert!(raw.contains("Desk <desk@openmail.sh>"), "{raw}");
    }
    let exported = post.account.get("/_mock/state").expect(200).body;
    let headers = [("content-type", "application/json")];
    let put = post
        .account
        .send_raw("PUT", "/_mock/state", &headers, &exported);
    put.expect(200);
    assert!(post.account.get("/_mock/state").expect(200).body == exported);
}

#[test]
fn files_of_forms_have_the_same_media_types() {
    let post = Post::new("edges-forms");
    let desk = post.inbox("desk");
    let file = (
        "name=\"attachments\"; filename=\"i.ics\"",
        "Content-Type: text/calendar;method=REQUEST\r\n",
        &b"A"[..],
    );
    let parts = [
        ("name=\"to\"", "", &b"ada@example.com"[..]),
        ("name=\"subject\"", "", b"S"),
        ("name=\"body\"", "", b"B"),
        file,
    ];
    post.send_form(&desk, &parts).expect(200);
    let sent = post.only(&desk);
    assert_eq!(
        sent["attachments"][0]["contentType"],
        "text/calendar; method=REQUEST"
    );
}
