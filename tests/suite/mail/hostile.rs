//! Mail that means harm: bounds hold, nothing nests without end, and no size is squared. The
//! inputs are so large that squaring them would not end.

use openmail_mock::mail::{
    MAX_DEPTH, MAX_HEADERS, MAX_PARTS, MAX_REFERENCES, html_of_text, is_html, parse, text_of_html,
    unique_names,
};

const MIB: usize = 1024 * 1024;

fn has_note(notes: &[String], words: &str) -> bool {
    notes.iter().any(|note| note.contains(words))
}

/// Multiparts in multiparts, each with a text, not one of them closed.
fn nested(depth: usize) -> String {
    let level = |level: usize| {
        format!(
            "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n\r\n{level}\r\n--b{level}\r\n"
        )
    };
    (0..depth).map(level).collect()
}

#[test]
fn deep_multiparts_are_kept_as_one_attachment() {
    let parsed = parse(nested(MAX_DEPTH).as_bytes());
    assert_eq!(parsed.text.lines().count(), MAX_DEPTH);
    assert!(!has_note(&parsed.notes, "nest deeper"));
    let parsed = parse(nested(20_000).as_bytes());
    assert_eq!(parsed.text.lines().count(), MAX_DEPTH);
    assert_eq!(parsed.attachments.len(), 1);
    assert!(has_note(&parsed.notes, "nest deeper than 32"));
}

#[test]
fn nested_messages_are_not_opened() {
    let message = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    let parsed = parse(message.as_bytes());
    assert_eq!(parsed.attachments.len(), 1);
}

#[test]
fn bounds_cut_and_say_so() {
    let head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let parsed = parse(
        (head.to_owned() + &"--b\r\nContent-Type: a/b\r\n\r\nx\r\n".repeat(50_000)).as_bytes(),
    );
    // The multipart itself is a part.
    assert_eq!(parsed.attachments.len(), MAX_PARTS - 1);
    assert!(has_note(&parsed.notes, "more than 1,000 parts"));

    let headers = "X: y\r\n".repeat(MAX_HEADERS) + "Subject: late\r\n\r\nbody";
    let parsed = parse(headers.as_bytes());
    assert_eq!(
        (parsed.subject.as_str(), parsed.text.as_str()),
        ("", "body")
    );
    assert!(has_note(&parsed.notes, "more than 10,000 header fields"));

    let ids: String = (0..200_000).map(|n| format!(" <{n}@x>\r\n")).collect();
    let parsed = parse(format!("References:{ids}\r\nbody").as_bytes());
    assert_eq!(parsed.references.len(), MAX_REFERENCES);
    assert!(has_note(&parsed.notes, "more than 1,000 messages"));
    assert_eq!(parsed.text, "body");
}

#[test]
fn five_thousand_recipients_are_read() {
    let to: Vec<String> = (0..5_000)
        .map(|n| format!("Name {n} <recipient{n}@example.com>"))
        .collect();
    let parsed = parse(format!("To: {}\r\n\r\n", to.join(",\r\n ")).as_bytes());
    assert_eq!(parsed.to.len(), 5_000);
    assert_eq!(parsed.to[4_999], "recipient4999@example.com");
    assert_eq!(parsed.notes, [""; 0]);
}

#[test]
fn long_lines_are_lines() {
    let long = "x".repeat(10 * MIB);
    let parsed = parse(format!("Subject: s\r\n\r\n{long}").as_bytes());
    assert_eq!(parsed.text.len(), long.len());
    let parsed = parse(format!("Subject: {long}\r\n\r\nbody").as_bytes());
    assert_eq!(
        (parsed.subject.len(), parsed.text.as_str()),
        (long.len(), "body")
    );
}

/// Each was chosen against one way of reading: encoded words that never end, comments, quotes,
/// parameters in pieces, boundaries, escapes.
#[test]
fn no_field_costs_its_square() {
    let pieces = [
        "=?",
        "=?ab?q? ",
        "=?utf-8?B?",
        "=?utf-8?Q?a?= ",
        "=?utf-8?q?=?",
        "(",
        ")",
        "<",
        ">",
        "\"",
        "\\",
        ",",
        ";",
        ":",
        "a@b,",
        "<a@b>,",
        "a*1=b;",
        "a*1*=%41;",
        "x=\"",
        "'",
        "@",
        "=",
        "\r\n ",
        "\"\\",
        "(\"",
        ":;",
        "\u{e9}",
        "<@",
        "a=\"=?ab?q? ",
    ];
    let fields = [
        "From",
        "To",
        "Subject",
        "References",
        "Message-ID",
        "Date",
        "Content-Type",
        "Content-Disposition",
        "Content-Transfer-Encoding",
    ];
    for piece in pieces {
        let value = piece.repeat(MIB / 10 / piece.len());
        for field in fields {
            let parsed = parse(format!("{field}: {value}\r\nCc: c@x.io\r\n\r\nbody").as_bytes());
            assert_eq!(parsed.cc, ["c@x.io"], "{field}: {piece}");
        }
    }
    let headers = "Content-Type: a/b;".to_owned() + &" a*1=b;".repeat(600) + "\r\n\r\n";
    let parts = format!("--b\r\n{headers}\r\n").repeat(1_000);
    let parsed =
        parse(format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}").as_bytes());
    assert_eq!(parsed.attachments.len(), MAX_PARTS - 1);
    assert!(has_note(&parsed.notes, "longer than 4 KiB"));
}

#[test]
fn no_body_costs_its_square() {
    for (encoding, piece) in [
        ("base64", "="),
        ("base64", "A"),
        ("base64", "-"),
        ("quoted-printable", "="),
        ("quoted-printable", " "),
        ("quoted-printable", "=\r\n"),
        ("8bit", "--b"),
        ("8bit", "--\n"),
        ("8bit", "\r"),
        ("8bit", "\0"),
    ] {
        let body = piece.repeat(MIB / piece.len());
        let head = format!("Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}");
        let _ = parse(format!("{head}\r\n\r\n{body}").as_bytes());
        let _ = parse(
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{head}\r\n\r\n{body}")
                .as_bytes(),
        );
    }
    // Every part claims a boundary that never comes.
    let part = "--b\r\nContent-Type: multipart/mixed; boundary=nowhere\r\n\r\n";
    let parsed = parse(
        format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
            part.repeat(30_000)
        )
        .as_bytes(),
    );
    assert!(has_note(&parsed.notes, "more than 1,000 parts"));
}

#[test]
fn html_costs_no_square() {
    let nested = "<div>".repeat(200_000) + "deep" + &"</div>".repeat(200_000);
    assert_eq!(text_of_html(&nested), "deep");
    let lists = "<ul><li>".repeat(200_000) + "deep";
    assert!(text_of_html(&lists).ends_with("- deep"));
    let open = "<".repeat(MIB);
    assert_eq!(text_of_html(&open).len(), open.len());
    assert!(!is_html(&open));
    for piece in [
        "<a",
        "<a ",
        "<a href=\"",
        "<a \">\"",
        "<a x=\">\"",
        "<!--",
        "<!",
        "<?",
        "</",
        "<script>",
        "</script",
        "<title>",
        "<style><",
        "&",
        "&#",
        "&amp",
        "&#x41;",
        "<td>",
        "</td>",
        "<br>",
        "<pre>\n",
        "<ol><li>x",
        "<a href=http://x>x",
        "</a>",
        "<p>",
        "<b@",
        "<img alt=",
        "<a @",
        "\u{a0}",
        " ",
        "<head>",
        "<b>",
    ] {
        let html = piece.repeat(MIB / 4 / piece.len());
        let text = text_of_html(&html);
        assert!(text.len() <= 3 * html.len(), "{piece}: {}", text.len());
        let _ = is_html(&html);
        let _ = html_of_text(&html);
    }
}

#[test]
fn many_equal_names_get_their_numbers() {
    let names = unique_names(std::iter::repeat_n("a.txt", 100_000));
    assert_eq!(names.last().map(String::as_str), Some("a (100000).txt"));
}
