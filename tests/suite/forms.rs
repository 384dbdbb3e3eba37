//! Forms through a running mock, written by the clients that people have: what arrives is read by
//! the contract engine as the client meant it, and the journal's command repeats it.
//!
//! A client that is not on the machine is skipped, saying so. The grammar has its tests in
//! `contract/multipart.rs`.

use std::process::Command;

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use openmail_mock::contract::{Contract, Incoming};
use serde_json::{Value, json};

use crate::spec::Mock;

/// A document that takes what a mail is sent with.
fn document() -> Value {
    let file = json!({ "type": "string", "format": "binary" });
    let schema = json!({
        "type": "object",
        "required": ["to"],
        "properties": {
            "to": { "type": "string", "format": "email" },
            "body": { "type": "string" },
            "includeQuote": { "type": "boolean" },
            "cc": { "type": "array", "items": { "type": "string", "format": "email" } },
            "attachments": { "type": "array", "items": file },
        },
    });
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Post", "version": "1" },
        "paths": { "/send": { "post": {
            "operationId": "send",
            "requestBody": { "required": true, "content": {
                "application/json": { "schema": schema },
                "multipart/form-data": { "schema": schema },
            } },
            "responses": { "204": { "description": "sent" } },
        } } },
    })
}

fn bytes_of(side: &Value) -> Vec<u8> {
    match (&side["body"], &side["bodyBase64"]) {
        (Value::String(text), _) => text.clone().into_bytes(),
        (_, Value::String(text)) => data_encoding::BASE64
            .decode(text.as_bytes())
            .expect("the journal writes base64"),
        _ => panic!("no body: {side}"),
    }
}

/// A file as name, file name, media type and bytes.
type Read = (String, Option<String>, Option<String>, Vec<u8>);

/// Fields of the last form as the contract engine reads what the journal recorded, and its files.
#[track_caller]
fn last_read(mock: &Mock) -> (Value, Vec<Read>) {
    let entry = mock.journal("send");
    assert_eq!(entry["valid"], true, "{entry:#}");
    let contract = Contract::load(document().to_string()).expect("the document is sound");
    let content_type = entry["request"]["headers"]["content-type"].as_str();
    let mut headers = HeaderMap::new();
    let content_type = HeaderValue::from_str(content_type.expect("a Content-Type"));
    headers.insert(CONTENT_TYPE, content_type.expect("it came as a header"));
    let body = bytes_of(&entry["request"]);
    let incoming = Incoming {
        path: &[],
        query: None,
        headers: &headers,
        body: &body,
        strict: true,
    };
    let checked = contract.check_request(&contract.operations[0], incoming);
    let checked = checked.expect("the mock took it");
    let files = checked.files.iter().map(|file| {
        let content_type = file.content_type.map(str::to_owned);
        let name = (file.name.clone(), file.filename.clone());
        (name.0, name.1, content_type, file.bytes.to_vec())
    });
    let fields = checked
        .body
        .as_ref()
        .expect("a form is read")
        .root()
        .to_json();
    (fields, files.collect())
}

/// Runs a client; false if it is not on this machine.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> bool {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        println!("skipped: {program} is not on this machine");
        return false;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {said}");
    true
}

fn url(mock: &Mock) -> String {
    format!("{}/send", mock.running.url())
}

const BOUNDARY: [(&str, &str); 1] = [("content-type", "multipart/form-data; boundary=XX")];

fn form(parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| {
        let (name, text) = part.split_once('=').expect("name=text");
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    });
    parts.collect::<String>() + "--XX--\r\n"
}

#[test]
fn forms_are_checked_as_json_is() {
    let mock = Mock::of(&document());
    let send = |body: &str| mock.send_bytes("POST", "/send", &BOUNDARY, body.as_bytes());
    send(&form(&["to=a@b.example", "includeQuote=false"])).expect(204);
    let answer = send(&form(&["cc=a@b.example", "cc=no", "includeQuote=no"]));
    let answer = answer.refused(400, "bad_request").json();
    let violations = answer["violations"].as_array().expect("a list");
    let pointers: Vec<&str> = violations
        .iter()
        .filter_map(|one| one["pointer"].as_str())
        .collect();
    assert_eq!(pointers, ["/to", "/cc/1", "/includeQuote"]);
    mock.call("POST", "/send", Some(json!({ "to": "a@b.example" })))
        .expect(204);
    let mixed = [("content-type", "multipart/mixed; boundary=XX")];
    mock.send_bytes("POST", "/send", &mixed, b"--XX--")
        .refused(415, "unsupported_media_type");
    let bare = [("content-type", "multipart/form-data")];
    let answer = mock.send_bytes("POST", "/send", &bare, b"--XX--");
    let answer = answer.refused(400, "bad_request").json();
    assert_eq!(answer["violations"][0]["in"], "header");
    assert_eq!(answer["violations"][0]["pointer"], "/Content-Type");
}

#[test]
fn the_journal_tells_what_nobody_read_of_a_form() {
    let mock = Mock::of(&document());
    let body = form(&["to=a@b.example", "atachments=1"]);
    mock.send_bytes("POST", "/send", &BOUNDARY, body.as_bytes())
        .expect(204);
    let entry = mock.journal("send");
    assert_eq!(
        entry["unread"],
        json!([{ "in": "body", "pointer": "/atachments", "nearest": "attachments" }])
    );
    assert_eq!(entry["request"]["body"], body);
}

/// The journal's command, in a shell that knows no more than the standard asks for.
#[test]
fn the_journal_repeats_a_form_byte_by_byte() {
    let mock = Mock::of(&document());
    let strange: &[u8] = b"100% \\n 'x' $(y) `z` \t\x00\x01\x7f\xff\xfe \"q\" \n\r \\101 %s";
    let mut bodies = [
        form(&["to=a@b.example", "body=100% 'plain' \\t ä"]).into_bytes(),
        Vec::new(),
    ];
    let head = "--XX\r\nContent-Disposition: form-data; name=attachments; filename=f\r\n\r\n";
    bodies[1].extend(
        form(&["to=a@b.example"])
            .trim_end_matches("--XX--\r\n")
            .as_bytes(),
    );
    bodies[1].extend(head.as_bytes());
    bodies[1].extend(strange);
    bodies[1].extend(b"\r\n--XX--");
    for body in bodies {
        mock.send_bytes("POST", "/send", &BOUNDARY, &body)
            .expect(204);
        let entry = mock.journal("send");
        assert_eq!(bytes_of(&entry["request"]), body);
        let command = entry["curl"].as_str().expect("a command");
        assert!(!command.contains(char::is_control), "{command:?}");
        for shell in ["sh", "bash"] {
            // curl with --silent, so that a failure is all it says.
            let command = command.replace("| curl ", "| curl --silent --show-error --fail ");
            if !run("curl", &["--version"]) || !run(shell, &["-c", &command]) {
                continue;
            }
            let again = mock.journal("send");
            assert_ne!(again["id"], entry["id"], "{command}");
            assert_eq!(bytes_of(&again["request"]), body, "{command}");
            assert_eq!(again["request"]["headers"]["content-type"], BOUNDARY[0].1);
            assert_eq!(again["valid"], true);
        }
    }
}

#[test]
fn a_form_beyond_what_the_journal_keeps_says_so() {
    let mock = Mock::of(&document());
    let text = format!("body={}", "x".repeat(70_000));
    let body = form(&["to=a@b.example", "tto=1", &text]);
    mock.send_bytes("POST", "/send", &BOUNDARY, body.as_bytes())
        .expect(204);
    let entry = mock.journal("send");
    let command = entry["curl"].as_str().expect("a command");
    assert!(command.starts_with("curl "), "{command}");
    assert!(command.contains(" --data-binary @body # save the request's body"));
    assert_eq!(entry["unread"][0]["pointer"], "/tto");
}

fn named(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn curl_sends_a_form() {
    let mock = Mock::of(&document());
    let folder = std::env::temp_dir();
    let path = folder.join(format!("openmail-mock-form-{}.bin", std::process::id()));
    std::fs::write(&path, b"\r\n--\x00\xff").expect("the temporary folder takes a file");
    let file = path.to_str().expect("a path of text");
    let url = url(&mock);
    let done = run(
        "curl",
        &[
            "--silent",
            "--show-error",
            "--fail",
            "-F",
            "to=a@b.example",
            "-F",
            "includeQuote=true",
            "-F",
            "cc=c@d.example",
            "-F",
            "cc=e@f.example",
            "-F",
            &format!("attachments=@{file};filename=\"a \\\"b\\\" ä.bin\""),
            "-F",
            &format!("attachments=@{file};type=text/plain;filename=c;d.txt"),
            "-F",
            "attachments=text",
            &url,
        ],
    );
    let _ = std::fs::remove_file(&path);
    if !done {
        return;
    }
    let (fields, files) = last_read(&mock);
    assert_eq!(
        fields,
        json!({
            "to": "a@b.example", "includeQuote": true, "cc": ["c@d.example", "e@f.example"],
            "attachments": ["", "", ""],
        })
    );
    let bytes = b"\r\n--\x00\xff".to_vec();
    let octets = named("application/octet-stream");
    let field = || "attachments".to_owned();
    assert_eq!(
        files[0],
        (field(), named("a \"b\" ä.bin"), octets, bytes.clone())
    );
    assert_eq!(files[1].2, named("text/plain"));
    assert_eq!(files[1].3, bytes);
    assert_eq!(files[2], (field(), None, None, b"text".to_vec()));
}

#[test]
fn node_sends_a_form() {
    const SCRIPT: &str = r#"
        const form = new FormData();
        form.append("to", "a@b.example");
        form.append("body", "one\r\ntwo");
        form.append("cc", "c@d.example");
        form.append("attachments", new Blob([new Uint8Array([0, 255, 13, 10, 45, 45])], { type: "image/png" }), "a \"b\"\n\\ ä.png");
        form.append("attachments", new File(["x"], "x.txt"));
        form.append("attachments", new File([], ""));
        const answer = await fetch(process.argv[1], { method: "POST", body: form });
        if (answer.status !== 204) throw new Error(await answer.text());
    "#;
    let mock = Mock::of(&document());
    if !run("node", &["--input-type=module", "-e", SCRIPT, &url(&mock)]) {
        return;
    }
    let (fields, files) = last_read(&mock);
    assert_eq!(
        fields,
        json!({
            "to": "a@b.example", "body": "one\r\ntwo", "cc": ["c@d.example"],
            "attachments": ["", ""],
        })
    );
    let field = || "attachments".to_owned();
    let bytes = vec![0, 255, 13, 10, 45, 45];
    assert_eq!(
        files[0],
        (
            field(),
            named("a \"b\"\n\\ ä.png"),
            named("image/png"),
            bytes
        )
    );
    assert_eq!(
        files[1],
        (
            field(),
            named("x.txt"),
            named("application/octet-stream"),
            b"x".to_vec()
        )
    );
}

#[test]
fn python_sends_a_form_encoded_by_hand() {
    const SCRIPT: &str = r#"
import sys, urllib.request, uuid

boundary = uuid.uuid4().hex
lines = []
for name, value in [("to", "a@b.example"), ("cc", "c@d.example"), ("cc", "e@f.example")]:
    lines += ["--" + boundary, 'Content-Disposition: form-data; name="%s"' % name, "", value]
lines += ["--" + boundary,
          'Content-Disposition: form-data; name="attachments"; filename="a \\"b\\" ä.csv"; filename*=utf-8\'\'a%20%C3%A4.csv',
          "Content-Type: text/csv", "", "a,b\r\n1,2\r\n", "--" + boundary + "--", ""]
request = urllib.request.Request(sys.argv[1], data="\r\n".join(lines).encode(), method="POST")
request.add_header("Content-Type", "multipart/form-data; boundary=%s" % boundary)
with urllib.request.urlopen(request) as answer:
    assert answer.status == 204
"#;
    let mock = Mock::of(&document());
    if !run("python3", &["-c", SCRIPT, &url(&mock)]) {
        return;
    }
    let (fields, files) = last_read(&mock);
    assert_eq!(
        fields,
        json!({
            "to": "a@b.example", "cc": ["c@d.example", "e@f.example"], "attachments": [""],
        })
    );
    assert_eq!(
        files,
        [(
            "attachments".to_owned(),
            named("a ä.csv"),
            named("text/csv"),
            b"a,b\r\n1,2\r\n".to_vec()
        )]
    );
}

/// A form of a stranger's document may hold what a JSON body would have redacted.
#[test]
fn secrets_of_forms_are_redacted() {
    let mut document = document();
    let content = &mut document["paths"]["/send"]["post"]["requestBody"]["content"];
    let schema = content["application/json"]["schema"].clone();
    content["application/x-www-form-urlencoded"] = json!({ "schema": schema });
    let mock = Mock::of(&document);
    let parts = form(&["to=a@b.example", "token=hush-1", "body=kept"]);
    let cut = parts
        .replace("--XX--", "--XX")
        .replace("hush-1", &"hush-1".repeat(20_000));
    let unnamed = "--XX\r\n\r\nx\r\n".to_owned() + &parts;
    let pairs = "to=a@b.example&t%6Fken=hush-1&body=kept";
    let json = json!({ "to": "a@b.example", "body": "kept", "token": "hush-1" }).to_string();
    // Longer than what is kept, so that it is no JSON any more; and cut within a secret.
    let padding = "x".repeat(100_000);
    let cut_json =
        json!({ "a": { "token" : "hush-\"1" }, "body": "kept", "to": padding }).to_string();
    let cut_secret = format!(r#"{{"body": "kept", "token" : "hush-1{padding}"}}"#);
    let parts_type = BOUNDARY[0].1;
    for (content_type, body, is_kept) in [
        (parts_type, parts.as_str(), true),
        (parts_type, &cut, false),
        (parts_type, &unnamed, true),
        ("application/x-www-form-urlencoded", pairs, true),
        ("application/json", &json, true),
        ("application/json", &cut_json, true),
        ("application/json", &cut_secret, true),
    ] {
        let headers = [("content-type", content_type)];
        mock.send_bytes("POST", "/send", &headers, body.as_bytes());
        let entry = mock.journal("send");
        let told = entry.to_string();
        assert!(!told.contains("hush"), "{told}");
        let shown = entry["request"]["body"].to_string();
        assert!(shown.contains("[redacted]"), "{shown}");
        assert_eq!(shown.contains("kept"), is_kept, "{shown}");
        assert!(
            entry["curl"]
                .as_str()
                .is_some_and(|curl| !curl.contains("hush"))
        );
        assert_eq!(entry["request"]["bodyBytes"], body.len());
    }
}
