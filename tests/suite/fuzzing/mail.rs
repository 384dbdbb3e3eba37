//! Mail: reading any bytes ends and keeps its bounds, what was read can be built and is then read
//! as the same, and any text can be taken for HTML.

use openmail_mock::mail::{
    Draft, MAX_PARTS, MAX_REFERENCES, Mailbox, build, carried, extract, html_of_text,
    is_bare_address, is_html, parse, text_of_html, unique_names,
};

pub fn run(bytes: &[u8]) {
    let parsed = parse(bytes);
    assert!(parsed.attachments.len() <= MAX_PARTS);
    assert!(parsed.references.len() <= MAX_REFERENCES);
    for line in [&parsed.from, &parsed.subject] {
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    let names = unique_names(parsed.attachments.iter().map(|file| file.filename.as_str()));
    assert_eq!(names.len(), parsed.attachments.len());
    for file in &parsed.attachments {
        let _ = extract(&file.filename, &file.content_type, &file.bytes);
    }

    let bare = |list: &[String]| -> Vec<Mailbox> {
        let bare = list.iter().filter(|address| is_bare_address(address));
        bare.map(Mailbox::bare).collect()
    };
    let draft = Draft {
        message_id: "fuzz@openmail.sh".to_owned(),
        date: parsed.date.unwrap_or_default(),
        from: vec![Mailbox {
            name: Some(parsed.subject.clone()),
            address: "a@example.com".to_owned(),
        }],
        to: bare(&parsed.to),
        cc: bare(&parsed.cc),
        subject: parsed.subject.clone(),
        text: Some(parsed.text.clone()),
        html: parsed.html.clone(),
        attachments: parsed.attachments.clone(),
        ..Draft::default()
    };
    let built = build(&draft);
    for line in built.split(|byte| *byte == b'\n') {
        assert!(line.len() <= 999, "{}", String::from_utf8_lossy(line));
    }
    let again = parse(&built);
    assert_eq!(again.subject, draft.subject);
    assert_eq!(again.from_address.as_deref(), Some("a@example.com"));
    assert_eq!(
        (again.to.len(), again.cc.len()),
        (draft.to.len(), draft.cc.len())
    );
    assert_eq!(again.attachments.len(), draft.attachments.len());
    for (again, file) in again.attachments.iter().zip(&draft.attachments) {
        // A nested message has the line ends of mail.
        assert_eq!(*again.bytes, *carried(&file.content_type, &file.bytes));
    }
    assert_eq!(again.text, plain(&parsed.text));
    assert_eq!(again.html, parsed.html.as_deref().map(plain));

    if let Ok(text) = std::str::from_utf8(bytes) {
        let read = text_of_html(text);
        assert!(read.len() <= 4 * text.len() + 16);
        let _ = is_html(text);
        let _ = text_of_html(&html_of_text(text));
    }
}

/// Text as it comes back: line feeds at the ends of lines, no byte order mark.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()
}
