//! Messages as they are written.

use std::io::Write;
use std::process::{Command, Stdio};

use openmail_mock::mail::{Draft, Mailbox, build, bytes_of_base64, parse};
use serde_json::{Value, json};

use super::{draft, file, mailbox};

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("built mail is ASCII here")
}

/// A message with everything that a message can have.
fn rich() -> Draft {
    Draft {
        from: vec![mailbox(
            "Grace \"Amazing\" Hopper, USN",
            "grace@example.com",
        )],
        to: vec![
            mailbox("Zoë Müller", "zoe@example.com"),
            Mailbox::bare("b@example.com"),
        ],
        cc: vec![mailbox("株式会社メリディアン分析", "kk@example.jp")],
        reply_to: vec![Mailbox::bare("replies@example.com")],
        in_reply_to: vec!["m0@openmail.sh".to_owned()],
        references: vec!["r0@openmail.sh".to_owned(), "m0@openmail.sh".to_owned()],
        subject: "Größe, Übermaß und ein sehr langer Betreff, der auf einer Zeile nicht Platz hat"
            .to_owned(),
        text: Some("Grüße\nvon einer langen Zeile: ".to_owned() + &"wort ".repeat(300) + "\n"),
        html: Some("<p>Grüße</p>\n".to_owned()),
        attachments: vec![
            file(
                "Rechnung März 2026.pdf",
                "application/pdf",
                b"%PDF-1.4\n\0\xFF\r\n",
            ),
            file("notes.txt", "text/plain", b"one\ntwo\r\nthree\rfour\0"),
            file(
                "naïve \"quoted\" \\ name.csv",
                "text/csv; charset=windows-1252",
                b"a;\xE9\n",
            ),
            file(
                "original.eml",
                "message/rfc822",
                b"Subject: inner\r\n\r\nHello\r\n",
            ),
        ],
        ..draft()
    }
}

#[test]
fn a_plain_message_reads_as_people_write_it() {
    let expected = "From: Ada Lovelace <ada@example.com>\r\n\
        To: support@meridian.io\r\n\
        Subject: Invoice question\r\n\
        Date: Mon, 2 Nov 2026 09:05:07 +0000\r\n\
        Message-ID: <m1@openmail.sh>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: text/plain; charset=\"utf-8\"\r\n\
        Content-Transfer-Encoding: 7bit\r\n\
        \r\n\
        Where is my invoice?\r\n";
    assert_eq!(text_of(&build(&draft())), expected);
}

#[test]
fn the_same_message_has_the_same_bytes() {
    assert_eq!(build(&rich()), build(&rich()));
    let other = Draft {
        message_id: "m2@openmail.sh".to_owned(),
        ..rich()
    };
    assert_ne!(build(&rich()), build(&other));
}

#[test]
fn lines_stay_within_the_limits_of_mail() {
    let draft = Draft {
        to: (0..500)
            .map(|n| mailbox(&"name ".repeat(40), &format!("r{n}@example.com")))
            .collect(),
        references: (0..1_000)
            .map(|n| format!("message-number-{n}@openmail.sh"))
            .collect(),
        subject: "x".repeat(998),
        ..rich()
    };
    let bytes = build(&draft);
    assert!(!bytes.is_empty());
    for line in text_of(&bytes).split("\r\n") {
        assert!(line.len() <= 998, "{} bytes: {line}", line.len());
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
    let parsed = parse(&bytes);
    assert_eq!(parsed.to.len(), 500);
    assert_eq!(parsed.references, draft.references);
    assert_eq!(parsed.subject, draft.subject);
}

#[test]
fn no_field_can_add_a_header() {
    for ending in [
        "\r\n", "\n", "\r", "\r\n\r\n", "\0", "\u{2028}", "\u{2029}", "\u{85}", "\u{b}", "\u{c}",
    ] {
        let evil =
            format!("x{ending}Bcc: victim@example.com{ending}{ending}<p>body</p>, \"<a@b.c>");
        let mailboxes = vec![mailbox(&evil, &evil), Mailbox::bare(evil.clone())];
        let draft = Draft {
            message_id: evil.clone(),
            from: vec![mailbox(&evil, "ada@example.com")],
            to: mailboxes.clone(),
            cc: mailboxes.clone(),
            reply_to: mailboxes,
            in_reply_to: vec![evil.clone()],
            references: vec![evil.clone()],
            subject: evil.clone(),
            attachments: vec![
                file(&evil, &evil, b"x"),
                file("a", &format!("text/{evil}"), b"x"),
            ],
            ..draft()
        };
        let built = build(&draft);
        let built = String::from_utf8(built).expect("addresses keep their characters");
        for line in built.split("\r\n") {
            assert!(
                !line.contains(['\r', '\n', '\0', '\u{b}', '\u{c}']),
                "{line:?}"
            );
            assert!(!line.to_lowercase().starts_with("bcc"), "{built}");
            assert!(!line.starts_with("<p>"), "{built}");
        }
        assert_eq!(built.matches("\r\nTo: ").count(), 1, "{built}");
        let parsed = parse(built.as_bytes());
        assert_eq!(parsed.from_address.as_deref(), Some("ada@example.com"));
        assert_eq!((parsed.to.len(), parsed.cc.len()), (2, 2), "{built}");
        assert_eq!(parsed.text, "Where is my invoice?\n");
        assert_eq!(parsed.attachments.len(), 2);
    }
}

#[test]
fn a_body_cannot_end_its_part() {
    let plain = text_of(&build(&rich()));
    let boundary = plain
        .split("boundary=\"")
        .nth(1)
        .and_then(|it| it.split('"').next());
    let boundary = boundary.expect("it has a boundary");
    let text = format!(
        "before\n--{boundary}\nContent-Type: text/html\n\n<b>evil</b>\n--{boundary}--\nafter\n"
    );
    let draft = Draft {
        text: Some(text.clone()),
        attachments: vec![file(
            "a",
            "message/rfc822",
            text.replace('\n', "\r\n").as_bytes(),
        )],
        ..rich()
    };
    let parsed = parse(&build(&draft));
    assert_eq!(parsed.text, text);
    assert_eq!(parsed.attachments, draft.attachments);
}

#[test]
fn what_is_empty_has_no_header() {
    let draft = Draft {
        message_id: "m@x".to_owned(),
        ..Draft::default()
    };
    let built = text_of(&build(&draft));
    let expected =
        "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <m@x>\r\nMIME-Version: 1.0\r\n";
    assert!(built.starts_with(expected), "{built}");
    assert_eq!(parse(built.as_bytes()).text, "");
}

/// What Python's parser, which is nobody's here, reads in a message.
const READER: &str = r#"
import email, email.policy, json, sys
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
def names(header): return [[a.display_name, a.addr_spec] for a in m[header].addresses] if m[header] else []
def body(kind):
    part = m.get_body((kind,))
    return part.get_content().replace("\r\n", "\n") if part else None
def content(part):
    if part.get_content_type() == "message/rfc822": return part.get_payload(0)["Subject"]
    return part.get_payload(decode=True).hex()
print(json.dumps({
    "from": names("from"), "to": names("to"), "cc": names("cc"), "replyTo": names("reply-to"),
    "subject": m["subject"], "id": m["message-id"], "date": m["date"].datetime.isoformat(),
    "references": (m["references"] or "").split(), "inReplyTo": m["in-reply-to"],
    "text": body("plain"), "html": body("html"),
    "files": [[p.get_filename(), p.get_content_type(), content(p)] for p in m.iter_attachments()],
    "defects": [str(d) for p in m.walk() for d in p.defects],
}))
"#;

fn python(message: &[u8]) -> Value {
    let mut reader = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let mut input = reader.stdin.take().expect("its input is piped");
    input.write_all(message).expect("it reads");
    drop(input);
    let output = reader.wait_with_output().expect("it ends");
    assert!(output.status.success(), "python could not read the message");
    serde_json::from_slice(&output.stdout).expect("it writes JSON")
}

#[test]
fn python_reads_the_same() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: python3 is not on this machine");
        return;
    }
    let draft = rich();
    let read = python(&build(&draft));
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let expected = json!({
        "from": [["Grace \"Amazing\" Hopper, USN", "grace@example.com"]],
        "to": [["Zoë Müller", "zoe@example.com"], ["", "b@example.com"]],
        "cc": [[draft.cc[0].name, "kk@example.jp"]],
        "replyTo": [["", "replies@example.com"]],
        "subject": draft.subject,
        "id": "<m1@openmail.sh>",
        "date": "2026-11-02T09:05:07+00:00",
        "references": ["<r0@openmail.sh>", "<m0@openmail.sh>"],
        "inReplyTo": "<m0@openmail.sh>",
        "text": draft.text,
        "html": draft.html,
        "files": [
            ["Rechnung März 2026.pdf", "application/pdf", hex(&draft.attachments[0].bytes)],
            ["notes.txt", "text/plain", hex(&draft.attachments[1].bytes)],
            ["naïve \"quoted\" \\ name.csv", "text/csv", hex(&draft.attachments[2].bytes)],
            ["original.eml", "message/rfc822", "inner"],
        ],
        "defects": [],
    });
    assert_eq!(read, expected);
    for message in [
        super::draft(),
        Draft {
            html: Some("<p>x</p>".to_owned()),
            text: None,
            ..super::draft()
        },
    ] {
        let read = python(&build(&message));
        assert_eq!(read["subject"], json!(message.subject));
        assert_eq!(
            (&read["text"], &read["html"]),
            (&json!(message.text), &json!(message.html))
        );
        assert_eq!(read["defects"], json!([]));
    }
}

/// A message with one file.
fn with_file(content_type: &str, bytes: &[u8]) -> String {
    let draft = Draft {
        message_id: "m@x.y".to_owned(),
        attachments: vec![file("fwd.eml", content_type, bytes)],
        ..Draft::default()
    };
    String::from_utf8(build(&draft)).expect("UTF-8")
}

/// Nested messages may not be encoded (RFC 2046, 5.2.1).
#[test]
fn a_nested_message_with_accents_is_carried_as_it_is() {
    let nested = "From: a@example.com\r\nSubject: x\r\n\r\ncaf\u{e9}\r\n";
    let built = with_file("message/rfc822", nested.as_bytes());
    assert!(built.contains("Content-Transfer-Encoding: 8bit"), "{built}");
    assert!(built.contains(nested), "{built}");
}

/// Editors and `git format-patch` write line feeds alone.
#[test]
fn a_nested_message_with_bare_line_feeds_gets_the_line_ends_of_mail() {
    let nested = "From: a@example.com\nSubject: x\r\n\ntext\n";
    for content_type in ["message/rfc822", "Message/RFC822; charset=utf-8"] {
        let built = with_file(content_type, nested.as_bytes());
        assert!(built.contains("Content-Transfer-Encoding: 7bit"), "{built}");
        let carried = "From: a@example.com\r\nSubject: x\r\n\r\ntext\r\n";
        assert!(built.contains(carried), "{built}");
    }
    // Everything else is bytes, which nobody mends.
    let built = with_file("text/plain", b"one\ntwo\n");
    assert!(built.contains("b25lCnR3bwo="), "{built}");
}

#[test]
fn a_nested_message_that_no_line_ends_mend_keeps_its_bytes() {
    let long = format!("Subject: {}\n\nx\n", "x".repeat(1_000));
    for nested in [long.as_str(), "a: b\n\n\0", "a: b\n\nx\ry\n", "a: b\n\nx\r"] {
        let built = with_file("message/rfc822", nested.as_bytes());
        assert!(
            built.contains("Content-Transfer-Encoding: base64"),
            "{built}"
        );
        assert_eq!(
            &*parse(built.as_bytes()).attachments[0].bytes,
            nested.as_bytes()
        );
    }
}

#[test]
fn further_headers_stand_in_the_header_and_nowhere_else() {
    let headers = [
        (
            "List-Unsubscribe",
            "<mailto:leave@lists.example?subject=unsubscribe>, <https://lists.example/leave>",
        ),
        ("X-Two", "one\r\nBcc: evil@example.com\r\n\r\nbody"),
        ("X-Umlaut", "Grüße"),
        ("X-Long", &"x".repeat(5_000)),
        (
            "X-Blanks",
            &format!("a{}{}", " ".repeat(500), "b".repeat(500)),
        ),
        ("X-Empty", ""),
        // None of these can begin a field.
        ("Bad Name", "x"),
        ("Bad:", "x"),
        ("", "x"),
        ("X\r\nY", "x"),
        // And these are written already.
        ("subject", "x"),
        ("CONTENT-Type", "text/x-evil"),
        ("bcc", "x"),
        ("Date", "x"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let draft = Draft {
        headers: headers.to_vec(),
        ..draft()
    };
    let built = text_of(&build(&draft));
    let plain = text_of(&build(&super::draft()));
    let (head, rest) = built
        .split_once("MIME-Version")
        .expect("it ends our fields");
    assert!(plain.ends_with(rest), "the rest is as it was");
    let (before, further) = head.split_once("List-Unsubscribe:").expect("it is there");
    assert!(plain.starts_with(before), "what was there is as it was");
    assert!(head.lines().all(|line| !line.trim().is_empty()), "{head}");
    let unfolded = format!("List-Unsubscribe:{further}").replace("\r\n ", " ");
    let lines: Vec<&str> = unfolded.lines().collect();
    let names: Vec<_> = lines
        .iter()
        .map(|line| line.split(':').next().expect("a name"))
        .collect();
    assert_eq!(
        names,
        [
            "List-Unsubscribe",
            "X-Two",
            "X-Umlaut",
            "X-Long",
            "X-Blanks",
            "X-Empty"
        ]
    );
    assert_eq!(
        lines[0],
        "List-Unsubscribe: <mailto:leave@lists.example?subject=unsubscribe>, <https://lists.example/leave>"
    );
    assert_eq!(
        lines[1].split_whitespace().collect::<Vec<_>>(),
        ["X-Two:", "one", "Bcc:", "evil@example.com", "body"]
    );
    assert_eq!(lines[2], "X-Umlaut: =?utf-8?B?R3LDvMOfZQ==?=");
    assert!(built.lines().all(|line| line.len() <= 998));
}

/// Text has the line ends of mail before it is encoded (RFC 2045, 6.8).
#[test]
fn encoded_text_has_the_line_ends_of_mail() {
    for text in ["漢字\n仮名\n", "one\n\u{1}two\r\nthree\r"] {
        let draft = Draft {
            text: Some(text.to_owned()),
            ..draft()
        };
        let built = text_of(&build(&draft)).to_owned();
        let (head, body) = built.split_once("\r\n\r\n").expect("a header and a body");
        assert!(head.contains("Content-Transfer-Encoding: base64"), "{head}");
        let bytes = bytes_of_base64(body).expect("base64");
        let decoded = String::from_utf8(bytes).expect("UTF-8");
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(decoded, lines.replace('\n', "\r\n"));
        assert_eq!(parse(built.as_bytes()).text, lines);
    }
}
