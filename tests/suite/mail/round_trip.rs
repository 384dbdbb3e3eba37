//! What is built is read back as it was.

use openmail_mock::mail::{
    Attachment, Category, Draft, Mailbox, Parsed, build, carried, parse, text_of_html, written,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{draft, file, mailbox};

/// One line as it may stand in a header: it neither begins nor ends with a blank.
fn line() -> impl Strategy<Value = String> {
    let any = "[^\\p{C}\\p{Z}]([^\\p{C}\\p{Zl}\\p{Zp}]{0,120}[^\\p{C}\\p{Z}])?";
    prop_oneof![
        4 => any,
        2 => "[A-Za-z0-9]([ -~]{0,90}[A-Za-z0-9])?",
        1 => "=\\?utf-8\\?[QqBb]\\?[A-Za-z_=0-9]{0,12}\\?=( =\\?)?",
        1 => "x[äöüß€ 漢字]{0,60}x",
    ]
}

fn address() -> impl Strategy<Value = String> {
    "[a-z0-9!#$%&'*+/=^_`{|}~-]{1,20}(\\.[a-z0-9+]{1,9})?@[a-z0-9]{1,12}(-[a-z0-9]{1,5})?\\.[a-z]{2,6}"
}

fn mailboxes() -> impl Strategy<Value = Vec<Mailbox>> {
    let one = (option::of(line()), address());
    vec(
        one.prop_map(|(name, address)| Mailbox { name, address }),
        0..4,
    )
}

fn ids() -> impl Strategy<Value = Vec<String>> {
    vec("[A-Za-z0-9.$+-]{1,40}@[a-z0-9.-]{1,40}", 0..5)
}

/// Text whose lines end with a line feed.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "([ -~\t]{0,100}\n){0,6}[ -~]{0,30}",
        2 => "(\\PC{0,90}\n){0,4}\\PC{0,30}",
        1 => "[^\r\u{feff}]{0,200}",
        1 => "(--=_[0-9a-f]{4}|From |\\.|=20| ){1,9}\n",
    ]
}

fn attachment() -> impl Strategy<Value = Attachment> {
    let types = prop_oneof![
        Just("application/pdf"),
        Just("text/plain"),
        Just("text/html"),
        Just("text/csv; charset=iso-8859-1"),
        Just("image/png"),
        Just("message/rfc822"),
        Just("application/vnd.ms-excel"),
    ];
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..300),
        "([ -~]{0,90}\r\n){0,5}".prop_map(String::into_bytes),
        "([ -~]{0,90}\r?\n){0,5}".prop_map(String::into_bytes),
    ];
    // A longer name is cut.
    let name = line().prop_filter("it is kept whole", |name| name.len() <= 255);
    (name, types, bytes).prop_map(|(name, kind, bytes)| file(&name, kind, &bytes))
}

fn drafts() -> impl Strategy<Value = Draft> {
    let who = (
        mailboxes(),
        mailboxes(),
        mailboxes(),
        (option::of(line()), address()),
    );
    let what = (option::of(line()), option::of(text()), option::of(text()));
    let rest = (
        ids(),
        ids(),
        ids(),
        0..4_000_000_000_i64,
        vec(attachment(), 0..4),
    );
    (who, what, rest).prop_map(|(who, what, rest)| Draft {
        message_id: rest.0.first().cloned().unwrap_or("m@x.y".to_owned()),
        date: rest.3 * 1_000,
        from: vec![Mailbox {
            name: who.3.0,
            address: who.3.1,
        }],
        to: who.0,
        cc: who.1,
        reply_to: who.2,
        in_reply_to: rest.1,
        references: rest.2,
        subject: what.0.unwrap_or_default(),
        headers: Vec::new(),
        text: what.1,
        html: what.2,
        attachments: rest.4,
    })
}

fn as_carried(file: &Attachment) -> Attachment {
    Attachment {
        bytes: carried(&file.content_type, &file.bytes).into(),
        ..file.clone()
    }
}

/// What a reader should find.
fn expected(draft: &Draft) -> Parsed {
    let bare = |list: &[Mailbox]| {
        list.iter()
            .map(|one| one.address.clone())
            .collect::<Vec<_>>()
    };
    let to = bare(&draft.to);
    let derived = draft.html.as_deref().map(text_of_html);
    Parsed {
        from: draft.from[0].to_string(),
        from_address: Some(draft.from[0].address.clone()),
        header_to: (!to.is_empty()).then(|| written(&draft.to)),
        to,
        cc: bare(&draft.cc),
        reply_to: bare(&draft.reply_to),
        subject: draft.subject.clone(),
        message_id: Some(draft.message_id.clone()),
        in_reply_to: draft.in_reply_to.clone(),
        references: draft.references.clone(),
        date: Some(draft.date),
        text: draft.text.clone().or(derived).unwrap_or_default(),
        html: draft.html.clone(),
        attachments: draft.attachments.iter().map(as_carried).collect(),
        category: Category::Personal,
        notes: Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_built_is_read_back(draft in drafts()) {
        let built = build(&draft);
        prop_assert_eq!(&built, &build(&draft));
        for line in built.split(|byte| *byte == b'\n') {
            prop_assert!(line.len() <= 999);
        }
        prop_assert_eq!(parse(&built), expected(&draft), "{}", String::from_utf8_lossy(&built));
    }

    #[test]
    fn whatever_is_drafted_is_read_back_as_one_message(text in ".{0,60}", more in any::<String>()) {
        let draft = Draft {
            message_id: text.clone() + "@x",
            from: vec![mailbox(&more, "ada@example.com")],
            to: vec![mailbox(&text, "b@example.com"), mailbox(&more, "c@example.com")],
            subject: more.clone(),
            references: vec![text.clone(), more.clone()],
            text: Some(text.clone()),
            html: Some(more.clone()),
            attachments: vec![file(&more, &text, more.as_bytes())],
            ..draft()
        };
        let parsed = parse(&build(&draft));
        prop_assert_eq!(parsed.from_address.as_deref(), Some("ada@example.com"));
        prop_assert_eq!(parsed.to, ["b@example.com", "c@example.com"]);
        prop_assert_eq!(parsed.date, Some(draft.date));
        prop_assert_eq!(parsed.attachments.len(), 1);
        prop_assert_eq!(&*parsed.attachments[0].bytes, more.as_bytes());
    }

    #[test]
    fn anything_can_be_read(bytes in vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn anything_like_mail_can_be_read(pieces in vec(0..PIECES.len(), 0..40)) {
        let message: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        let _ = parse(message.as_bytes());
    }
}

const PIECES: &[&str] = &[
    "From: ",
    "To: ",
    "Subject: ",
    "References: ",
    "Date: ",
    "Content-Type: ",
    "multipart/mixed",
    "multipart/alternative",
    "; boundary=b",
    "; boundary=\"c\"",
    "message/rfc822",
    "text/html",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: quoted-printable",
    "Content-Disposition: attachment; filename=",
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "--b\r\n",
    "--b--\r\n",
    "--c\n",
    "--c--",
    "=?utf-8?Q?=C3=A9?=",
    "=?utf-8?B?w6k",
    "?=",
    "<",
    ">",
    "(",
    ")",
    "\"",
    "\\",
    "a@b.c",
    ", ",
    ";",
    ":",
    " ",
    "\t",
    "\0",
    "=",
    "é",
    "x*0*=",
    "filename*=utf-8''%e9",
    "; charset=utf-16",
    "; charset=shift_jis",
    "; charset=utf-7",
    "+AOk-",
    "Mon, 2 Nov 2026 09:05",
];
