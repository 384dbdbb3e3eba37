//! Mail as senders write it.

use openmail_mock::mail::parse;

use super::{names, read};

#[test]
fn headers_are_read_as_people_mean_them() {
    let parsed = read(&[
        "From: \"Ada Lovelace\" <ada@Example.com>",
        "To: Support <support@meridian.io>, billing@meridian.io,",
        "\t\"Last, First\" <l@x.io>",
        "Cc: Team: a@x.io, B <b@x.io>;, c@x.io",
        "Reply-To: <r@x.io>",
        "subject: =?utf-8?Q?Gr=C3=B6=C3=9F?=",
        " =?UTF-8?B?ZQ==?= und mehr",
        "Message-ID: <m1@x.io>",
        "In-Reply-To: Your message of Monday <m0@x.io>",
        "References: <r0@x.io>",
        "\t<m0@x.io>",
        "Date: Mon, 2 Nov 2026 10:05:07 +0100 (CET)",
        "",
        "Hello",
    ]);
    assert_eq!(parsed.from, "Ada Lovelace <ada@Example.com>");
    assert_eq!(parsed.from_address.as_deref(), Some("ada@Example.com"));
    assert_eq!(
        parsed.to,
        ["support@meridian.io", "billing@meridian.io", "l@x.io"]
    );
    assert_eq!(
        parsed.header_to.as_deref(),
        Some("Support <support@meridian.io>, billing@meridian.io, \"Last, First\" <l@x.io>")
    );
    assert_eq!(parsed.cc, ["a@x.io", "b@x.io", "c@x.io"]);
    assert_eq!(parsed.reply_to, ["r@x.io"]);
    assert_eq!(parsed.subject, "Größe und mehr");
    assert_eq!(parsed.message_id.as_deref(), Some("m1@x.io"));
    assert_eq!(parsed.in_reply_to, ["m0@x.io"]);
    assert_eq!(parsed.references, ["r0@x.io", "m0@x.io"]);
    assert_eq!(parsed.date, Some(1_793_610_307_000));
    assert_eq!(parsed.text, "Hello");
    assert_eq!(parsed.html, None);
    assert_eq!(parsed.notes, [""; 0]);
}

#[test]
fn from_keeps_quotes_that_it_needs_and_what_is_no_mailbox() {
    let from = |value: &str| read(&[&format!("From: {value}"), "", ""]).from;
    assert_eq!(from("ada@x.io"), "ada@x.io");
    assert_eq!(from("<ada@x.io>"), "ada@x.io");
    assert_eq!(from("\"Doe, John\" <j@x.io>"), "\"Doe, John\" <j@x.io>");
    assert_eq!(
        from("=?utf-8?Q?Doe=2C_Zo=C3=AB?= <z@x.io>"),
        "\"Doe, Zoë\" <z@x.io>"
    );
    assert_eq!(from("ada@x.io (Ada)"), "Ada <ada@x.io>");
    assert_eq!(from("Mail Delivery System"), "Mail Delivery System");
    assert_eq!(from("a@x.io, b@x.io"), "a@x.io, b@x.io");
    assert_eq!(from("Ann <a@x.io>,b@x.io"), "Ann <a@x.io>, b@x.io");
    assert_eq!(from("Real Name real@x.io"), "Real Name real@x.io");
    assert_eq!(read(&["To: a@x.io", "", ""]).from, "");
}

#[test]
fn text_and_html_are_found_wherever_they_stand() {
    let parsed = read(&[
        "From: a@x.io",
        "Content-Type: multipart/mixed; boundary=\"m\"",
        "",
        "This is a multi-part message.",
        "--m",
        "Content-Type: multipart/related; boundary=r",
        "",
        "--r",
        "Content-Type: multipart/alternative; boundary=\"a b\"",
        "",
        "--a b",
        "",
        "plain",
        "--a b",
        "Content-Type: text/html; charset=iso-8859-1",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "<p>h=E9l=",
        "lo</p>",
        "--a b--",
        "--r",
        "Content-Type: image/png; name=logo.png",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: inline",
        "Content-ID: <logo>",
        "",
        "iVBO",
        "--r--",
        "",
        "--m",
        "Content-Type: text/plain; name*=utf-8''r%C3%A9sum%C3%A9.txt",
        "",
        "a file",
        "--m",
        "Content-Type: message/rfc822",
        "",
        "Subject: inner",
        "Content-Type: multipart/mixed; boundary=i",
        "",
        "--i",
        "",
        "inner text",
        "--i--",
        "--m--",
        "epilogue",
    ]);
    assert_eq!(parsed.text, "plain");
    assert_eq!(parsed.html.as_deref(), Some("<p>héllo</p>"));
    assert_eq!(names(&parsed), ["logo.png", "résumé.txt", ""]);
    assert_eq!(&*parsed.attachments[0].bytes, b"\x89PN");
    assert_eq!(&*parsed.attachments[1].bytes, b"a file");
    assert_eq!(parsed.attachments[2].content_type, "message/rfc822");
    assert!(
        parsed.attachments[2]
            .bytes
            .starts_with(b"Subject: inner\r\n")
    );
    assert!(parsed.attachments[2].bytes.ends_with(b"--i--"));
    assert_eq!(parsed.notes, [""; 0]);
}

#[test]
fn parts_of_a_body_follow_each_other() {
    let parsed = read(&[
        "Content-Type: multipart/mixed; boundary=m",
        "",
        "--m",
        "Content-Type: text/html",
        "",
        "<p>Hello</p>",
        "--m",
        "Content-Type: text/plain",
        "",
        "The <list>'s footer",
        "--m--",
    ]);
    assert_eq!(parsed.text, "Hello\nThe <list>'s footer");
    let html = "<p>Hello</p>\n<p>The &lt;list&gt;'s footer</p>\n";
    assert_eq!(parsed.html.as_deref(), Some(html));
    assert!(parsed.attachments.is_empty());
}

#[test]
fn html_alone_gives_the_text_too() {
    let parsed = read(&["Content-Type: text/html", "", "<p>One</p><p>Two</p>"]);
    assert_eq!(parsed.text, "One\n\nTwo");
    assert_eq!(parsed.html.as_deref(), Some("<p>One</p><p>Two</p>"));
}

#[test]
fn old_charsets_are_read() {
    let text = |charset: &str, bytes: &[u8]| {
        let head = format!("Content-Type: text/plain; charset={charset}\r\n\r\n");
        parse(&[head.as_bytes(), bytes].concat()).text
    };
    assert_eq!(text("iso-8859-15", b"\xA4"), "€");
    assert_eq!(text("windows-1252", b"\x93x\x94"), "“x”");
    assert_eq!(text("koi8-r", b"\xF0\xF2\xE9"), "ПРИ");
    assert_eq!(text("shift_jis", b"\x93\xFA\x96\x7B"), "日本");
    assert_eq!(text("ISO-2022-JP", b"\x1B$BF|K\\\x1B(B"), "日本");
    assert_eq!(text("gb2312", b"\xD6\xD0"), "中");
    assert_eq!(text("big5", b"\xA4\xA4"), "中");
    assert_eq!(text("us-ascii", "é".as_bytes()), "é");
    assert_eq!(text("utf-8", b"a\xFFb"), "a\u{fffd}b");
    assert_eq!(text("nonsense", b"caf\xE9"), "café");
    let parsed = parse(b"Subject: caf\xE9\r\nFrom: \"\xC3\xA9\" <a@x.io>\r\n\r\ncaf\xE9");
    assert_eq!(
        (parsed.subject.as_str(), parsed.text.as_str()),
        ("café", "café")
    );
    assert_eq!(parsed.from, "é <a@x.io>");
}

#[test]
fn encoded_words_are_joined_before_they_are_decoded() {
    let subject = |value: &str| read(&[&format!("Subject: {value}"), "", ""]).subject;
    // One character, cut in two.
    assert_eq!(
        subject("=?utf-8?B?w4M=?= =?utf-8?Q?=C2?= =?UTF-8?Q?=A9?="),
        "Ã©"
    );
    assert_eq!(subject("=?iso-8859-1?Q?a?= b =?utf-8?Q?c?="), "a b c");
    assert_eq!(subject("=?utf-8*en?Q?a_b?="), "a b");
    assert_eq!(subject("=?utf-8?Q?a b?="), "a b");
    for broken in [
        "=?utf-8?Q?abc",
        "=?nonsense?Q?a?=",
        "=?utf-8?X?a?=",
        "=?=?=?",
        "a =? b",
    ] {
        assert_eq!(subject(broken), broken);
    }
    // What was hidden in a word ends no line.
    assert_eq!(subject("=?utf-8?Q?a=0D=0ABcc:_b?="), "a  Bcc: b");
}

#[test]
fn mail_without_a_header_is_a_body() {
    let parsed = parse(b"Just some text.\nAnd more: of it.\n");
    assert_eq!(parsed.text, "Just some text.\nAnd more: of it.\n");
    assert_eq!(parsed.message_id, None);
    assert_eq!(
        parsed.notes,
        ["there is no header: all of it was read as the body"]
    );
    let parsed = parse(b"");
    assert_eq!((parsed.text.as_str(), parsed.subject.as_str()), ("", ""));
    let parsed = parse(b"\r\nbody");
    assert_eq!(parsed.text, "body");
}

#[test]
fn odd_line_ends_are_line_ends() {
    for ending in ["\r\n", "\n", "\r"] {
        let message = ["From: a@x.io", "Subject: s", "", "one", "two"].join(ending);
        let parsed = parse(message.as_bytes());
        assert_eq!(
            (parsed.from.as_str(), parsed.subject.as_str()),
            ("a@x.io", "s")
        );
        assert_eq!(parsed.text, "one\ntwo");
    }
    let parsed = parse(b"Subject: a\rb\0c\r\n\r\nx\0y");
    assert_eq!(
        (parsed.subject.as_str(), parsed.text.as_str()),
        ("a b c", "x\0y")
    );
}

#[test]
fn broken_structure_loses_nothing() {
    let head = "Content-Type: multipart/mixed; boundary=b";
    // No end.
    let parsed = read(&[
        head,
        "",
        "--b",
        "",
        "text",
        "--b",
        "Content-Type: a/b",
        "",
        "file",
    ]);
    assert_eq!(parsed.text, "text");
    assert_eq!(&*parsed.attachments[0].bytes, b"file");
    assert_eq!(parsed.notes.len(), 1, "{:?}", parsed.notes);
    // No beginning.
    let parsed = read(&[head, "", "only text"]);
    assert_eq!(parsed.text, "only text");
    assert_eq!(
        parsed.notes,
        ["the boundary of a multipart never appears: it was read as text"]
    );
    // No name.
    let parsed = read(&["Content-Type: multipart/mixed", "", "--b", "", "x", "--b--"]);
    assert_eq!(parsed.text, "--b\n\nx\n--b--");
    assert_eq!(
        parsed.notes,
        ["a multipart names no boundary: it was read as text"]
    );
    // An inner end is missing: the outer boundary ends it.
    let inner = "Content-Type: multipart/alternative; boundary=c";
    let parsed = read(&[
        head, "", "--b", inner, "", "--c", "", "in", "--b", "", "out", "--b--",
    ]);
    assert_eq!(parsed.text, "in\nout");
    assert_eq!(parsed.notes.len(), 1, "{:?}", parsed.notes);
    // A part without a header, one without anything, and one whose header is none.
    let parsed = read(&[head, "", "--b", "--b", "", "--b", "no header here", "--b--"]);
    assert_eq!(parsed.text, "no header here");
    assert_eq!(parsed.attachments.len(), 0);
}

#[test]
fn broken_encodings_give_what_they_hold() {
    let part = |encoding: &str, body: &str| {
        let encoding = format!("Content-Transfer-Encoding: {encoding}");
        read(&["Content-Type: application/x", &encoding, "", body])
    };
    let bytes = |encoding, body| part(encoding, body).attachments[0].bytes.to_vec();
    assert_eq!(bytes("base64", "aGVsbG8gd29ybGQ="), b"hello world");
    assert_eq!(bytes("BASE64", "aGVsbG8gd29ybG"), b"hello worl");
    assert_eq!(bytes("base64", "aGVs\r\nbG8-!gd29ybGQ="), b"hello world");
    assert_eq!(bytes("base64", "aA==\r\naQ=="), b"hi");
    assert_eq!(bytes("base64", "a"), b"");
    assert_eq!(
        bytes("quoted-printable", "a=3Db=ZZ=\r\nc = \r\n"),
        b"a=b=ZZc "
    );
    assert_eq!(part("quoted-printable", "=ZZ").notes.len(), 1);
    let uu = "begin 644 f\r\n#0V%T\r\n`\r\nend";
    assert_eq!(bytes("x-uuencode", uu), uu.as_bytes());
    assert_eq!(part("x-uuencode", uu).notes.len(), 1);
    let tnef = read(&[
        "Content-Type: application/ms-tnef; name=winmail.dat",
        "",
        "x\u{9f}>\"",
    ]);
    assert_eq!(names(&tnef), ["winmail.dat"]);
}

#[test]
fn the_first_of_repeated_fields_counts() {
    let parsed = read(&[
        "Subject: one",
        "Subject: two",
        "To: a@x.io",
        "To: b@x.io",
        "Message-ID: <1@x>",
        "Message-ID: <2@x>",
        "",
        "",
    ]);
    assert_eq!((parsed.subject.as_str(), parsed.to.len()), ("one", 2));
    assert_eq!(parsed.message_id.as_deref(), Some("1@x"));
    assert_eq!(parsed.notes.len(), 1);
}

#[test]
fn media_types_of_files_keep_their_parameters_and_charsets_that_are_needed() {
    let kind = |value: &str| {
        let parsed = read(&[
            &format!("Content-Type: {value}"),
            "Content-Disposition: attachment; filename=a",
            "",
            "x",
        ]);
        parsed.attachments[0].content_type.clone()
    };
    assert_eq!(
        kind("text/csv; charset=Windows-1252"),
        "text/csv; charset=windows-1252"
    );
    assert_eq!(kind("TEXT/Plain; charset=\"UTF-8\""), "text/plain");
    assert_eq!(kind("application/pdf;X=y; name=z"), "application/pdf; x=y");
    assert_eq!(kind("nonsense"), "application/octet-stream");
}
