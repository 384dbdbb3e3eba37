//! Bodies of `multipart/form-data`: how they are cut, read by the schema, and refused.
//!
//! What real clients write is held against a running mock in `forms.rs`; here the bytes are made
//! by hand, the hostile ones above all.

use std::time::{Duration, Instant};

use openmail_mock::contract::{Contract, Refused, Violation};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Sent, breaks, checked, document, faults, load, rules};

/// A document whose one operation takes a form of this media type object, or JSON.
fn takes(media: Value) -> Value {
    let operation = json!({
        "operationId": "send",
        "requestBody": { "required": true, "content": {
            "application/json": { "schema": { "type": "object" } },
            "multipart/form-data": media,
        } },
        "responses": { "200": { "description": "" } },
    });
    document(json!({ "/things": { "post": operation } }), json!({}))
}

fn form(schema: Value) -> Contract {
    load(&takes(json!({ "schema": schema })))
}

/// What a mail is sent with.
fn mail() -> Contract {
    form(json!({
        "type": "object",
        "required": ["to"],
        "properties": {
            "to": { "type": "string", "format": "email" },
            "urgent": { "type": "boolean" },
            "size": { "type": "integer", "minimum": 0 },
            "cc": { "type": "array", "items": { "type": "string", "format": "email" } },
            "scores": { "type": "array", "items": { "type": "integer" } },
            "meta": { "type": "object", "properties": { "a": { "type": "integer" } } },
            "rows": { "type": "array", "items": { "type": "object", "required": ["n"] } },
            "either": { "oneOf": [{ "type": "string" }, { "type": "object" }] },
            "logo": { "type": "string", "format": "binary" },
            "attachments": { "type": "array", "items": { "type": "string", "format": "binary" } },
        },
    }))
}

const TYPE: &str = "multipart/form-data; boundary=XX";

/// The parts between boundaries `XX`.
fn body(parts: &[&str]) -> Vec<u8> {
    let mut body = String::new();
    for part in parts {
        body.push_str(&format!("--XX\r\n{part}\r\n"));
    }
    (body + "--XX--\r\n").into_bytes()
}

fn field(name: &str, text: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}")
}

fn file(name: &str, filename: &str, text: &str) -> String {
    let disposition = format!("form-data; name=\"{name}\"; filename=\"{filename}\"");
    format!("Content-Disposition: {disposition}\r\nContent-Type: text/x-a; b=c\r\n\r\n{text}")
}

/// A file as it was read.
type Read = (String, Option<String>, Option<String>, Vec<u8>);

/// Fields and files of a request that keeps the contract.
fn read_as(
    contract: &Contract,
    content_type: &str,
    body: &[u8],
) -> Result<(Value, Vec<Read>), Refused> {
    let sent = Sent {
        method: "POST",
        headers: &[("content-type", content_type)],
        body,
        ..Sent::default()
    };
    checked(contract, &sent, |checked| {
        let files = checked.files.iter().map(|file| {
            let content_type = file.content_type.map(str::to_owned);
            (
                file.name.clone(),
                file.filename.clone(),
                content_type,
                file.bytes.to_vec(),
            )
        });
        let fields = checked.body.as_ref().expect("a form is read");
        (fields.root().to_json(), files.collect())
    })
}

#[track_caller]
fn read(contract: &Contract, parts: &[&str]) -> (Value, Vec<Read>) {
    read_as(contract, TYPE, &body(parts)).expect("a good form")
}

#[track_caller]
fn broken_bytes(contract: &Contract, content_type: &str, body: &[u8]) -> Vec<Violation> {
    let sent = Sent {
        method: "POST",
        headers: &[("content-type", content_type)],
        body,
        ..Sent::default()
    };
    breaks(contract, &sent)
}

#[track_caller]
fn broken(contract: &Contract, parts: &[&str]) -> Vec<Violation> {
    broken_bytes(contract, TYPE, &body(parts))
}

/// The one sentence that a body is refused with by a form that takes anything.
#[track_caller]
fn refused(content_type: &str, body: impl AsRef<[u8]>) -> String {
    let violations = broken_bytes(&form(json!({})), content_type, body.as_ref());
    let [violation] = violations.as_slice() else {
        panic!("{violations:?}");
    };
    violation.message.clone()
}

#[test]
fn texts_are_read_by_their_schema_and_repetitions_collected() {
    let parts = [
        field("to", "a@b.example"),
        field("urgent", "true"),
        field("size", "42"),
        field("cc", "c@d.example"),
        field("scores", "1"),
        field("scores", "2"),
        field("other", "7"),
    ];
    let (fields, files) = read(&mail(), &parts.each_ref().map(String::as_str));
    let expected = json!({
        "to": "a@b.example", "urgent": true, "size": 42, "cc": ["c@d.example"],
        "scores": [1, 2], "other": "7",
    });
    assert_eq!((fields, files), (expected, Vec::new()));
}

#[test]
fn files_are_slices_with_what_their_part_says() {
    let parts = [
        &field("to", "a@b.example"),
        &file("attachments", "a.txt", "one\r\n--XY\r\n"),
        &file("logo", "l.png", ""),
        "Content-Disposition: form-data; name=attachments\r\n\r\nplain",
    ];
    let (fields, files) = read(&mail(), &parts);
    assert_eq!(
        fields,
        json!({ "to": "a@b.example", "attachments": ["", ""], "logo": "" })
    );
    let kind = Some("text/x-a; b=c".to_owned());
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(
        files,
        [
            (
                "attachments".to_owned(),
                named("a.txt"),
                kind.clone(),
                b"one\r\n--XY\r\n".to_vec()
            ),
            ("logo".to_owned(), named("l.png"), kind, Vec::new()),
            ("attachments".to_owned(), None, None, b"plain".to_vec()),
        ]
    );
}

#[test]
fn a_file_without_name_and_bytes_is_none() {
    let (fields, files) = read(&mail(), &[&field("to", "a@b.example"), &field("logo", "")]);
    assert_eq!((fields, files.len()), (json!({ "to": "a@b.example" }), 0));
}

#[test]
fn no_chosen_file_is_no_field() {
    let parts = [
        &*field("to", "a@b.example"),
        &file("logo", "", ""),
        &file("attachments", "", "x"),
    ];
    let (fields, files) = read(&mail(), &parts);
    assert_eq!(fields, json!({ "to": "a@b.example", "attachments": [""] }));
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].1, None);
}

#[test]
fn objects_are_json_text() {
    let parts = [
        field("to", "a@b.example"),
        field("meta", r#"{"a": 1, "b": [true, null]}"#),
        field("rows", r#"{"n": {"m": []}}"#),
        field("rows", r#"{"n": 2}"#),
        field("either", "{"),
    ];
    let (fields, _) = read(&mail(), &parts.each_ref().map(String::as_str));
    assert_eq!(
        fields,
        json!({
            "to": "a@b.example", "meta": { "a": 1, "b": [true, null] },
            "rows": [{ "n": { "m": [] } }, { "n": 2 }], "either": "{",
        })
    );
}

#[test]
fn places_and_sentences_name_the_field_and_its_number() {
    let violations = broken(
        &mail(),
        &[
            &field("to", "nobody"),
            &field("urgent", "yes"),
            &field("cc", "c@d.example"),
            &field("cc", "no"),
            &field("rows", "{}"),
            &file("logo", "a", "1"),
            &file("logo", "b", "2"),
        ],
    );
    assert_eq!(
        rules(&violations),
        [
            "format /to",
            "type /urgent",
            "format /cc/1",
            "required /rows/0/n",
            "type /logo"
        ]
    );
    assert_eq!(
        violations[2].message,
        "`cc`, item 2 must be of the format `email`, which \"no\" is not"
    );
    assert_eq!(
        violations[4].message,
        "`logo` must be a string, not an array"
    );
}

#[test]
fn what_is_no_text_or_no_json_is_refused_at_its_field() {
    let latin = b"Content-Disposition: form-data; name=\"cc\"\r\n\r\n\xe4\r\n--XX\r\n";
    let file = b"Content-Disposition: form-data; name=\"to\"; filename=\"f\"\r\n\r\n\xff\r\n--XX--";
    let mut bytes = body(&[&field("meta", "{\"a\":}"), &field("cc", "a@b.example")]);
    bytes.truncate(bytes.len() - 4);
    bytes.extend(b"\r\n");
    bytes.extend(latin);
    bytes.extend(file);
    let violations = broken_bytes(&mail(), TYPE, &bytes);
    assert_eq!(
        rules(&violations),
        ["json /meta", "encoding /cc/1", "encoding /to"]
    );
    let messages: Vec<&str> = violations.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`meta` must be an object as JSON text, but was not read: expected value at line 1 column 6",
            "`cc`, item 2 must be text in UTF-8",
            "`to` must be text, but came as a file that is not in UTF-8",
        ]
    );
}

#[test]
fn text_of_another_character_set_is_refused_unless_it_is_ascii() {
    let part = |text: &str| {
        format!(
            "Content-Disposition: form-data; name=to\r\nContent-Type: text/plain; Charset=\"ISO-8859-1\"\r\n\r\n{text}"
        )
    };
    assert_eq!(broken(&mail(), &[&part("a@b.example")]), []);
    assert_eq!(
        rules(&broken(&mail(), &[&part("ä@b.example")])),
        ["encoding /to"]
    );
}

#[test]
fn a_file_for_a_text_is_read_as_its_text() {
    let (fields, files) = read(&mail(), &[&file("to", "to.txt", "a@b.example")]);
    assert_eq!((fields, files.len()), (json!({ "to": "a@b.example" }), 0));
}

#[test]
fn where_nothing_is_said_of_a_type_files_are_files() {
    let (fields, files) = read(
        &form(json!({})),
        &[&file("x", "x.bin", "1"), &field("y", "2")],
    );
    assert_eq!((fields, files.len()), (json!({ "x": "", "y": "2" }), 1));
    let bytes = b"--XX\r\nContent-Disposition: form-data; name=x\r\n\r\n\xff\r\n--XX--";
    let (fields, files) = read_as(&form(json!({})), TYPE, bytes).expect("a good form");
    assert_eq!(
        (fields, files[0].3.as_slice()),
        (json!({ "x": "" }), &b"\xff"[..])
    );
}

#[test]
fn unknown_fields_are_judged_as_those_of_json_are() {
    let schema = |closed: bool| {
        json!({ "type": "object", "additionalProperties": !closed, "properties": {
            "attachments": { "type": "array", "items": { "type": "string", "format": "binary" } },
        } })
    };
    let wrong = file("attachment", "a", "1");
    assert_eq!(broken(&form(schema(false)), &[&wrong]), []);
    let violations = broken(&form(schema(true)), &[&wrong]);
    assert_eq!(rules(&violations), ["additionalProperties /attachment"]);
    assert_eq!(
        violations[0].hint.as_deref(),
        Some("did you mean `attachments`?")
    );
    let strict = Sent {
        method: "POST",
        headers: &[("content-type", TYPE)],
        body: &body(&[&wrong]),
        strict: true,
        ..Sent::default()
    };
    let violations = breaks(&form(schema(false)), &strict);
    assert_eq!(rules(&violations), ["additionalProperties /attachment"]);
}

#[test]
fn further_fields_are_read_by_their_schema() {
    let contract = form(json!({ "additionalProperties": { "type": "integer" } }));
    assert_eq!(read(&contract, &[&field("n", "1")]).0, json!({ "n": 1 }));
    assert_eq!(rules(&broken(&contract, &[&field("n", "x")])), ["type /n"]);
}

#[test]
fn unread_fields_are_told_even_of_a_body_that_was_cut_off() {
    let contract =
        form(json!({ "properties": { "logo": { "type": "string", "format": "binary" } } }));
    let mut bytes = body(&[&field("lgo", "x"), &file("logo", "a", "12345")]);
    for length in [bytes.len(), bytes.len() - 20] {
        bytes.truncate(length);
        let unread = contract.unread(&contract.operations[0], None, Some(TYPE), &bytes);
        assert_eq!(unread.len(), 1);
        assert_eq!(unread[0].pointer, "/lgo");
        assert_eq!(unread[0].nearest.as_deref(), Some("logo"));
    }
}

#[test]
fn preamble_epilogue_and_padding_are_ignored() {
    let bytes = b"MIME\r\n--XXX\r\n--XX \t\r\nA: b\r\ncontent-disposition:form-data ;NAME = a;\r\n\r\n1\r\n--XX-\r\n--XX--  \r\n--XX\r\nend";
    let (fields, _) = read_as(&form(json!({})), TYPE, bytes).expect("a good form");
    assert_eq!(fields, json!({ "a": "1\r\n--XX-" }));
}

#[test]
fn an_empty_form_is_one() {
    for bytes in [
        &b"--XX--"[..],
        b"--XX--\r\n",
        b"\r\n--XX--\r\n",
        b"--XX--\n",
    ] {
        let (fields, files) = read_as(&form(json!({})), TYPE, bytes).expect("a good form");
        assert_eq!((fields, files.len()), (json!({}), 0));
    }
}

#[test]
fn headers_may_be_all_there_is_of_a_part() {
    let bytes = b"--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n--XX--";
    let (fields, _) = read_as(&form(json!({})), TYPE, bytes).expect("a good form");
    assert_eq!(fields, json!({ "a": "" }));
}

#[test]
fn boundaries_are_quoted_or_not() {
    for (content_type, boundary) in [
        (
            "Multipart/Form-Data; charset=utf-8; Boundary=XX".to_owned(),
            "XX".to_owned(),
        ),
        (
            "multipart/form-data;boundary=\"a b'()+_,-./:=?;\"".replace(";\"", "\""),
            "a b'()+_,-./:=?".to_owned(),
        ),
        (
            "multipart/form-data; boundary=a=b:c/d ; x=y".to_owned(),
            "a=b:c/d".to_owned(),
        ),
        (
            format!("multipart/form-data; boundary={}", "-".repeat(70)),
            "-".repeat(70),
        ),
    ] {
        let bytes = format!("--{boundary}\r\n{}\r\n--{boundary}--", field("a", "1"));
        let read = read_as(&form(json!({})), &content_type, bytes.as_bytes());
        assert_eq!(
            read.expect("a good form").0,
            json!({ "a": "1" }),
            "{content_type}"
        );
    }
}

#[test]
fn a_boundary_that_is_none_is_named() {
    for given in ["\"\"", "\"a \"", "a#b", "é", &"x".repeat(71)] {
        let message = refused(&format!("multipart/form-data; boundary={given}"), "x");
        let shown = given.trim_matches('"');
        let start = format!("the Content-Type has the boundary `{shown}`; a boundary is 1 to 70");
        assert!(message.starts_with(&start), "{message}");
    }
}

#[test]
fn a_content_type_without_a_boundary_is_told_what_to_do() {
    let violations = broken_bytes(&mail(), "multipart/form-data", b"x");
    assert_eq!(rules(&violations), ["boundary /Content-Type"]);
    assert_eq!(
        violations[0].message,
        "the Content-Type lacks the `boundary` of the form's parts; leave the Content-Type to the client that writes the form: it sets one with its boundary"
    );
    for broken in [
        "; foo; boundary=XX",
        "; boundary=\"XX",
        "; boundary=\"X\"X",
        "; boundary=a; boundary=b",
    ] {
        let violations = broken_bytes(&mail(), &format!("multipart/form-data{broken}"), b"x");
        assert_eq!(rules(&violations), ["boundary /Content-Type"], "{broken}");
    }
}

#[test]
fn names_are_written_in_as_many_ways_as_there_are_clients() {
    for (written, meant) in [
        ("\"a%22b%0D%0Ac\"", "a\"b\r\nc"),
        ("\"a\\\"b\\\\c\"", "a\"b\\c"),
        ("\"C:\\dir\\f.txt\"", "C:\\dir\\f.txt"),
        ("\"100%25 %C3%A4 %2\"", "100%25 %C3%A4 %2"),
        ("\"a\\\"", "a\\"),
        ("\"a\\\"; x=\"b\"", "a\\"),
        ("\"naïve 日本\"", "naïve 日本"),
        ("\"a;b=c\" ; x=y", "a;b=c"),
        ("plain.txt", "plain.txt"),
        ("\"a\"; filename*=UTF-8''%e2%82%ac%20x", "€ x"),
        ("a; filename*=iso-8859-1'en'%A3", "£"),
    ] {
        let part =
            format!("Content-Disposition: form-data; name=logo; filename={written}\r\n\r\n1");
        let (_, files) = read(&form(json!({})), &[&part]);
        assert_eq!(files[0].1.as_deref(), Some(meant), "{written}");
    }
    let part = "Content-Disposition: form-data; name*=utf-8''%C3%A4\r\n\r\n1";
    assert_eq!(read(&form(json!({})), &[part]).0, json!({ "ä": "1" }));
}

#[test]
fn a_part_that_cannot_be_read_is_refused_with_its_number() {
    for (part, why) in [
        ("Content-Type: a/b\r\n\r\n1", "has no Content-Disposition"),
        ("\r\n1", "has no Content-Disposition"),
        ("Content-Disposition: form-data\r\n\r\n1", "has no name"),
        (
            "Content-Disposition: attachment; name=a\r\n\r\n1",
            "is said to be `attachment`, and not `form-data`",
        ),
        (
            "Content-Disposition: form-data; name\r\n\r\n1",
            "has a Content-Disposition that has the parameter `name` without a value",
        ),
        (
            "Content-Disposition: form-data; name=\"a\r\n\r\n1",
            "has a Content-Disposition that has a `name` whose quotes do not end",
        ),
        (
            "Content-Disposition: form-data; name=a; NAME=b\r\n\r\n1",
            "has a Content-Disposition that says `name` twice",
        ),
        (
            "Content-Disposition: form-data; name=a\r\nContent-Disposition: x\r\n\r\n1",
            "has two Content-Dispositions",
        ),
        (
            "Content-Disposition: form-data;\r\n name=a\r\n\r\n1",
            "has a header that goes on in a second line; write it in one",
        ),
        (
            "Content-Disposition: form-data; name=a; filename*=x\r\n\r\n1",
            "has the filename* `x`; write it as `UTF-8''…`, with escapes of valid UTF-8",
        ),
        (
            "Content-Disposition: form-data; name=a; filename*=UTF-8''%FF\r\n\r\n1",
            "has the filename* `UTF-8''%FF`; write it as `UTF-8''…`, with escapes of valid UTF-8",
        ),
        (
            "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n1",
            "has the Content-Transfer-Encoding `base64`; send its bytes as they are",
        ),
        (
            "no colon\r\n\r\n1",
            "has the header line `no colon`, without a colon",
        ),
        (
            "A: b\nContent-Disposition: form-data; name=a\r\n\r\n1",
            "has a header with a control character",
        ),
        (
            "Content-Disposition: form-data; name=a\n\n1",
            "has headers that no empty line ends; the lines of a form end in CR LF",
        ),
    ] {
        let message = refused(TYPE, body(&[&field("x", ""), part]));
        assert_eq!(
            message,
            format!("the body has a part 2 that {why}"),
            "{part}"
        );
    }
    let latin = b"--XX\r\nContent-Disposition: form-data; name=\xe4\r\n\r\n1\r\n--XX--";
    assert_eq!(
        refused(TYPE, latin),
        "the body has a part 1 that has a header that is not UTF-8"
    );
    let plain =
        "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: Binary\r\n\r\n1";
    assert_eq!(read(&form(json!({})), &[plain]).0, json!({ "a": "1" }));
}

#[test]
fn a_body_that_ends_early_is_told_where() {
    let whole = body(&[&field("x", "1"), &field("attachments", "12345")]);
    let cut = &whole[..whole.len() - 10];
    assert_eq!(
        refused(TYPE, cut),
        format!(
            "the body ends at byte {}, in part 2, `attachments`, before the closing boundary `--XX--`",
            cut.len()
        )
    );
    for length in 1..whole.len() - 2 {
        let message = refused(TYPE, &whole[..length]);
        let is_early = message.contains("before the closing boundary");
        assert!(
            is_early || message.starts_with("the body has no line `--XX`"),
            "{message}"
        );
    }
    assert_eq!(
        refused(
            TYPE,
            "--XX\nContent-Disposition: form-data; name=a\n\n1\n--XX--\n"
        ),
        "the body has no line `--XX`, with the boundary of its Content-Type; the lines of a form end in CR LF, those of this one in LF alone"
    );
}

#[test]
fn parts_and_headers_are_bounded() {
    let part = field("a", "");
    let many = |count: usize| body(&vec![part.as_str(); count]);
    let list =
        form(json!({ "properties": { "a": { "type": "array", "items": { "type": "string" } } } }));
    assert_eq!(broken_bytes(&list, TYPE, &many(1_000)), []);
    assert_eq!(
        refused(TYPE, many(1_001)),
        "the body has more than 1,000 parts"
    );
    let headers = |count: usize| format!("{}{part}", "A: b\r\n".repeat(count - 1));
    assert_eq!(broken(&list, &[&headers(16)]), []);
    assert_eq!(
        refused(TYPE, body(&[&headers(17)])),
        "the body has a part 1 that has more than 16 headers"
    );
    let long = |length: usize| format!("A: {}\r\n{part}", "b".repeat(length - 3));
    assert_eq!(broken(&list, &[&long(8_192)]), []);
    assert_eq!(
        refused(TYPE, body(&[&long(8_193)])),
        "the body has a part 1 that has a header of more than 8192 bytes"
    );
}

/// Everything that could be looked at again and again: each must be judged in linear time.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured here is real time"
)]
fn hostile_bodies_cost_no_more_than_their_length() {
    const SIZE: usize = 2 * 1024 * 1024;
    let hyphens = format!("multipart/form-data; boundary={}", "-".repeat(70));
    let fill = |text: &str| text.repeat(SIZE / text.len());
    let names: Vec<String> = (0..1_000)
        .map(|n| field(&format!("{}{n:04}", "n".repeat(2_000)), "1"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let quotes = format!(
        "Content-Disposition: form-data; name={}\r\n\r\n1",
        "\"\\\";a=".repeat(1_000)
    );
    let bodies: [(&str, Vec<u8>); 10] = [
        (&hyphens, fill("-").into_bytes()),
        (
            &hyphens,
            fill(&format!("\r\n{}", "-".repeat(71))).into_bytes(),
        ),
        (TYPE, fill("\r\n--X").into_bytes()),
        (TYPE, fill("\r").into_bytes()),
        (TYPE, format!("--XX\r\n{}", fill("\r\n--XX ")).into_bytes()),
        (TYPE, format!("--XX\r\n{}", fill("a")).into_bytes()),
        (
            TYPE,
            format!("--XX\r\n{}", fill("\r\n--XX\r\n")).into_bytes(),
        ),
        (TYPE, body(&names)),
        (TYPE, body(&vec![quotes.as_str(); 500])),
        (TYPE, body(&[&field("meta", &fill("["))])),
    ];
    for (index, (content_type, bytes)) in bodies.iter().enumerate() {
        let start = Instant::now();
        let _ = read_as(&mail(), content_type, bytes);
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "body {index}: {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn json_texts_of_one_form_share_the_bound_on_values() {
    let numbers = |count: usize| format!("{{\"n\":[{}0]}}", "0,".repeat(count - 1));
    let (one, half) = (numbers(999_990), numbers(500_100));
    let to = field("to", "a@b.example");
    assert_eq!(broken(&mail(), &[&to, &field("rows", &one)]), []);
    let violations = broken(
        &mail(),
        &[&to, &field("rows", &half), &field("rows", &half)],
    );
    assert_eq!(rules(&violations), ["json /rows/1"]);
}

#[test]
fn other_media_types_are_refused_as_ever() {
    for content_type in ["multipart/mixed; boundary=XX", "text/plain", ""] {
        let sent = Sent {
            method: "POST",
            headers: &[("content-type", content_type)],
            body: b"x",
            ..Sent::default()
        };
        let refused = checked(&mail(), &sent, |_| ());
        let Err(Refused::UnsupportedMediaType(message)) = refused else {
            panic!("{refused:?}");
        };
        let ending = "send `Content-Type: application/json` or `Content-Type: multipart/form-data`";
        assert!(message.ends_with(ending), "{message}");
    }
}

#[test]
fn where_any_body_is_taken_forms_are_taken_as_bytes() {
    let mut document = takes(json!({}));
    let content = &mut document["paths"]["/things"]["post"]["requestBody"]["content"];
    *content = json!({ "*/*": { "schema": { "type": "string", "format": "binary" } } });
    assert_eq!(broken_bytes(&load(&document), TYPE, b"no form"), []);
}

fn notes(media: Value) -> Vec<String> {
    let contract = load(&takes(media));
    let said = contract.notes.iter().map(|note| note.message.clone());
    said.collect()
}

#[test]
fn a_form_is_no_body_of_bytes_and_its_encodings_are_listed() {
    let schema =
        json!({ "properties": { "logo": { "type": "string", "format": "binary" }, "a": {} } });
    assert_eq!(notes(json!({ "schema": schema })), [""; 0]);
    let encoding = json!({
        "logo": { "contentType": "image/png", "headers": { "X-A": { "schema": {} } } },
        "a": { "explode": false, "contentTyp": "a/b" },
        "lgo": {},
    });
    let mut said = notes(json!({ "schema": schema, "encoding": encoding }));
    said.sort_unstable();
    assert_eq!(
        said,
        [
            "`contentTyp` means nothing here and is ignored; did you mean `contentType`?",
            "`contentType` of an `encoding` is an annotation, not checked",
            "`explode` of an `encoding` means nothing for `multipart/form-data` and is ignored, as OpenAPI 3.0 rules",
            "`headers` of an `encoding` are not checked",
            "`lgo` is no property of the form and is ignored; did you mean `logo`?",
        ]
    );
}

#[test]
fn encodings_of_other_forms_are_listed_too() {
    let mut document = takes(json!({}));
    let content = &mut document["paths"]["/things"]["post"]["requestBody"]["content"];
    let schema = json!({ "properties": { "a": { "type": "array", "items": {} }, "b": {} } });
    content["application/x-www-form-urlencoded"] = json!({ "schema": schema, "encoding": {
        "a": { "style": "spaceDelimited", "explode": false }, "b": { "style": "form", "explode": true },
    } });
    content["application/json"]["encoding"] = json!({ "a": {} });
    let contract = load(&document);
    let mut said: Vec<&str> = contract
        .notes
        .iter()
        .map(|note| note.message.as_str())
        .collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [
            "`encoding` means something in requests that are forms, and is ignored here",
            "`explode` of an `encoding` is not honoured: each value is read from a pair of its own",
            "`style` of an `encoding` is not honoured: each value is read from a pair of its own",
        ]
    );
}

#[test]
fn rules_about_files_that_nothing_enforces_stop_the_start() {
    let schema = json!({ "properties": {
        "logo": { "type": "string", "format": "binary", "maxLength": 10 },
        "files": { "type": "array", "maxItems": 3, "uniqueItems": true,
                   "items": { "type": "string", "format": "binary", "minLength": 1 } },
        "either": { "oneOf": [{ "type": "string", "maxLength": 3 }, { "type": "string", "format": "binary" }] },
    } });
    let told = faults(&takes(json!({ "schema": schema })).to_string());
    let ends = [
        "`maxLength` of `logo`",
        "`minLength` of `files`",
        "`uniqueItems` of `files`",
    ];
    assert_eq!(told.len(), ends.len(), "{told:?}");
    for (fault, end) in told.iter().zip(ends) {
        assert!(
            fault.ends_with(&format!("{end}, a file, is not enforced; remove it")),
            "{fault}"
        );
    }
}

/// One part as a writer is told of it.
type Told = (String, Option<String>, bool, Vec<u8>);

/// What a browser writes, or what Go and Python write.
fn escaped(text: &str, has_backslashes: bool) -> String {
    match has_backslashes {
        true => text.replace('\\', "\\\\").replace('"', "\\\""),
        false => text
            .replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A"),
    }
}

fn written(boundary: &str, parts: &[Told], has_backslashes: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, filename, has_type, content) in parts {
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            escaped(name, has_backslashes)
        );
        if let Some(filename) = filename {
            head.push_str(&format!(
                "; filename=\"{}\"",
                escaped(filename, has_backslashes)
            ));
        }
        if *has_type {
            head.push_str("\r\nContent-Type: a/b");
        }
        bytes.extend(head.as_bytes());
        bytes.extend(b"\r\n\r\n");
        bytes.extend(content);
        bytes.extend(b"\r\n");
    }
    bytes.extend(format!("--{boundary}--\r\n").as_bytes());
    bytes
}

fn told() -> impl Strategy<Value = Told> {
    // Bytes that boundaries are made of come often.
    let content = prop::collection::vec(
        prop_oneof![Just(b'-'), Just(b'\r'), Just(b'\n'), any::<u8>()],
        0..40,
    );
    let filename = prop::option::of("[a-zé日 ;=\"'.-]{1,12}");
    ("[a-z\"é; =]{0,8}", filename, any::<bool>(), content)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_written_is_read_back(
        parts in prop::collection::vec(told(), 0..8),
        boundary in "[0-9A-Za-z'()+_,./:=?-]{0,69}[0-9A-Za-z]",
        has_backslashes in any::<bool>(),
    ) {
        let mark = format!("\r\n--{boundary}");
        prop_assume!(!parts.iter().any(|(.., content)| {
            format!("\r\n{}", String::from_utf8_lossy(content)).contains(&mark)
        }));
        let files = json!({ "type": "array", "items": { "type": "string", "format": "binary" } });
        let contract = form(json!({ "additionalProperties": files }));
        let content_type = format!("multipart/form-data; boundary=\"{boundary}\"");
        let bytes = written(&boundary, &parts, has_backslashes);
        let (_, read) = read_as(&contract, &content_type, &bytes).expect("a good form");
        let expected: Vec<Read> = parts.into_iter().filter(|(_, filename, _, content)| {
            filename.is_some() || !content.is_empty()
        }).map(|(name, filename, has_type, content)| {
            (name, filename, has_type.then(|| "a/b".to_owned()), content)
        }).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn nothing_that_is_sent_is_a_panic(
        pieces in prop::collection::vec(prop_oneof![
            Just("--XX"), Just("--XX--"), Just("\r\n"), Just("\r\n\r\n"), Just("\r"), Just("\n"), Just(" "),
            Just("Content-Disposition: form-data; name="), Just("a"), Just("\""), Just("\\"), Just("; filename"),
            Just("="), Just("*=UTF-8''"), Just("%22"), Just("%1"), Just("é"), Just("Content-Type: "), Just("{"),
        ], 0..40),
    ) {
        let bytes = pieces.concat().into_bytes();
        if !bytes.is_empty() {
            let _ = read_as(&mail(), TYPE, &bytes);
            let content_type = format!("multipart/form-data; boundary={}", pieces.concat().replace(['\r', '\n'], ""));
            let _ = read_as(&mail(), &content_type, b"--XX--");
        }
    }
}
