//! Attachments through the protocol: the signed link, its end, its ranges, names that are hard to
//! address, and the text of files (OpenMail docs, Attachments).

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::support::post::{Post, id, text};
use super::support::{Answer, anonymous};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const TEXT: &[u8] = b"0123456789";

fn file(filename: &str, content_type: &str, bytes: &[u8]) -> Value {
    json!({ "filename": filename, "contentType": content_type, "data": BASE64.encode(bytes) })
}

/// A world with one message, which carries these files.
fn with_files(world: &str, files: Value) -> (Post, Value) {
    let post = Post::new(world);
    let desk = post.inbox("desk");
    post.arrives(json!({
        "from": "ada@example.com",
        "to": "desk@openmail.sh",
        "attachments": files,
    }));
    let message = post.only(&desk);
    (post, message)
}

fn with_file(world: &str) -> (Post, Value) {
    with_files(world, json!([file("a.txt", "text/plain", TEXT)]))
}

/// The path behind the host of a URL.
fn path_of(url: &str) -> String {
    let (_, rest) = url.split_once("://").expect("a URL");
    let at = rest.find('/').expect("a path");
    rest[at..].to_owned()
}

/// The link that a download is sent to, without its host.
#[track_caller]
fn link(post: &Post, message: &Value, file: usize) -> String {
    let url = text(&message["attachments"][file], "url");
    let found = post.account.get(&path_of(url)).expect(302);
    assert_eq!(found.body, b"");
    path_of(found.header("location").expect("a Location"))
}

fn follow(link: &str) -> Answer {
    anonymous().send("GET", link, &[], b"")
}

fn follow_range(link: &str, range: &str) -> Answer {
    anonymous().send("GET", link, &[("range", range)], b"")
}

// The link.

#[test]
fn a_download_leads_to_a_link_that_needs_no_key() {
    let (post, message) = with_file("attachments-link");
    let file = follow(&link(&post, &message, 0)).expect(200);
    assert_eq!(file.body, TEXT);
    assert_eq!(file.header("content-type"), Some("text/plain"));
    assert_eq!(file.header("content-length"), Some("10"));
    assert_eq!(file.header("accept-ranges"), Some("bytes"));
    let disposition = file.header("content-disposition");
    assert_eq!(disposition, Some("attachment; filename*=UTF-8''a.txt"));
}

#[test]
fn the_way_to_the_link_needs_a_key() {
    let (_, message) = with_file("attachments-key");
    let path = path_of(text(&message["attachments"][0], "url"));
    let refused = anonymous().send("GET", &path, &[], b"");
    refused.refused(401, "unauthorized");
}

#[test]
fn the_link_is_on_the_host_that_was_called() {
    let (post, message) = with_file("attachments-host");
    let path = path_of(text(&message["attachments"][0], "url"));
    let host = [("host", "mail.example:8080")];
    let found = post.account.send_raw("GET", &path, &host, b"").expect(302);
    let location = found.header("location").expect("a Location");
    assert!(
        location.starts_with("http://mail.example:8080/attachments/"),
        "{location}"
    );
}

#[test]
fn a_link_ends_after_exactly_15_minutes() {
    let (post, message) = with_file("attachments-expiry");
    let link = link(&post, &message, 0);
    post.advance("14m59s999ms");
    follow(&link).expect(200);
    post.advance("1ms");
    follow(&link).refused(403, "url_expired");
}

#[test]
fn a_new_link_is_given_after_the_old_one_ended() {
    let (post, message) = with_file("attachments-renewed");
    post.advance("1d");
    follow(&link(&post, &message, 0)).expect(200);
}

#[test]
fn a_link_that_was_changed_is_refused() {
    let files = json!([
        file("a.txt", "text/plain", TEXT),
        file("b.txt", "text/plain", TEXT)
    ]);
    let (post, message) = with_files("attachments-tampered", files);
    let link = link(&post, &message, 0);
    let (path, query) = link.split_once('?').expect("a query");
    let (_, signature) = query.split_once("signature=").expect("a signature");
    let until = query.split('&').next().expect("an end");
    let changed = [
        link.replace("a.txt", "b.txt"),
        link.replace("attachments-tampered", "attachments-other"),
        link.replace(id(&message), NOBODY),
        link.replace("until=", "until=9"),
        format!("{path}?{until}"),
        format!("{path}?signature={signature}"),
        path.to_owned(),
        format!("{}0", &link[..link.len() - 1]),
        format!("{}1", &link[..link.len() - 1]),
    ];
    for changed in changed.iter().filter(|changed| **changed != link) {
        let answer = follow(changed).refused(403, "forbidden");
        assert!(!answer.body.windows(3).any(|it| it == b"012"), "{changed}");
    }
}

#[test]
fn a_link_takes_no_other_method() {
    let (post, message) = with_file("attachments-method");
    let link = link(&post, &message, 0);
    let refused = anonymous().send("POST", &link, &[], b"");
    let refused = refused.refused(405, "method_not_allowed");
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
}

#[test]
fn head_shows_what_get_would() {
    let (post, message) = with_file("attachments-head");
    let link = link(&post, &message, 0);
    let head = anonymous().send("HEAD", &link, &[], b"").expect(200);
    assert_eq!(head.body, b"");
    assert_eq!(head.header("content-length"), Some("10"));
    assert_eq!(head.header("content-type"), Some("text/plain"));
}

// Ranges.

#[test]
fn ranges_are_parts_of_the_file() {
    let (post, message) = with_file("attachments-ranges");
    let link = link(&post, &message, 0);
    let ranges: [(&str, &[u8], &str); 6] = [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=7-99", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", TEXT, "bytes 0-9/10"),
    ];
    for (range, bytes, shown) in ranges {
        let part = follow_range(&link, range).expect(206);
        assert_eq!(part.body, bytes, "{range}");
        assert_eq!(part.header("content-range"), Some(shown), "{range}");
    }
}

#[test]
fn a_range_past_the_end_cannot_be_had() {
    let (post, message) = with_file("attachments-past");
    let link = link(&post, &message, 0);
    for range in [
        "bytes=10-",
        "bytes=10-20",
        "bytes=-0",
        "bytes=99999999999999999999-",
    ] {
        let refused = follow_range(&link, range);
        let refused = refused.refused(416, "range_not_satisfiable");
        assert_eq!(
            refused.header("content-range"),
            Some("bytes */10"),
            "{range}"
        );
    }
}

#[test]
fn what_is_no_single_range_asks_for_the_whole() {
    let (post, message) = with_file("attachments-odd-ranges");
    let link = link(&post, &message, 0);
    for range in [
        "bytes=4-2",
        "bytes=0-1,3-4",
        "lines=1-2",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
    ] {
        assert_eq!(follow_range(&link, range).expect(200).body, TEXT, "{range}");
    }
}

#[test]
fn an_empty_file_is_downloaded_and_has_no_range() {
    let files = json!([file("empty.txt", "text/plain", b"")]);
    let (post, message) = with_files("attachments-empty", files);
    let link = link(&post, &message, 0);
    assert_eq!(follow(&link).expect(200).body, b"");
    follow_range(&link, "bytes=0-").refused(416, "range_not_satisfiable");
}

// Names.

#[test]
fn files_of_one_name_are_numbered() {
    let files = json!([
        file("a.txt", "text/plain", b"one"),
        file("a.txt", "text/plain", b"two"),
        file("a.txt", "text/plain", b"three"),
    ]);
    let (post, message) = with_files("attachments-duplicates", files);
    let contents: [(&str, &[u8]); 3] = [
        ("a.txt", b"one"),
        ("a (2).txt", b"two"),
        ("a (3).txt", b"three"),
    ];
    for (index, (name, content)) in contents.into_iter().enumerate() {
        assert_eq!(message["attachments"][index]["filename"], name);
        assert_eq!(
            follow(&link(&post, &message, index)).expect(200).body,
            content
        );
    }
}

#[test]
fn odd_names_are_addressed_by_the_url_that_is_listed() {
    let names = [
        "a b.txt",
        "größe.txt",
        "100%.txt",
        "100%25.txt",
        "a+b.txt",
        "a?b#c.txt",
        "a&b=c;d.txt",
        "..a..",
        ".hidden",
        "noending",
        "a\"b'.txt",
        "🎁.txt",
        "a:b.txt",
        "{x}.txt",
        "text",
    ];
    let files: Vec<_> = names
        .iter()
        .map(|name| file(name, "text/plain", name.as_bytes()))
        .collect();
    let (post, message) = with_files("attachments-odd", json!(files));
    for (index, name) in names.into_iter().enumerate() {
        assert_eq!(message["attachments"][index]["filename"], name);
        let found = follow(&link(&post, &message, index)).expect(200);
        assert_eq!(found.body, name.as_bytes(), "{name}");
        let url = path_of(text(&message["attachments"][index], "url"));
        let read = post.account.get(&format!("{url}/text")).expect(200).json();
        assert_eq!(read["filename"], name);
    }
}

#[test]
fn a_name_is_no_path() {
    let names = ["../../etc/passwd", "a\\b.txt", "..", ".", "", "a\r\nb"];
    let files: Vec<_> = names
        .iter()
        .map(|name| file(name, "text/plain", b"x"))
        .collect();
    let (post, message) = with_files("attachments-paths", json!(files));
    for index in 0..names.len() {
        let name = text(&message["attachments"][index], "filename");
        assert!(!name.contains(['/', '\\', '\r', '\n']), "{name}");
        assert!(!["", ".", ".."].contains(&name), "{name}");
        follow(&link(&post, &message, index)).expect(200);
    }
}

#[test]
fn a_name_is_addressed_in_any_spelling_of_its_bytes() {
    let files = json!([file("a b+c.txt", "text/plain", TEXT)]);
    let (post, message) = with_files("attachments-spelling", files);
    for spelling in ["a%20b+c.txt", "a%20b%2Bc.txt", "%61%20b%2bc%2Etxt"] {
        let path = format!("/v1/attachments/{}/{spelling}", id(&message));
        post.account.get(&path).expect(302);
    }
    let path = format!("/v1/attachments/{}/a+b+c.txt", id(&message));
    post.account.get(&path).refused(404, "not_found");
}

#[test]
fn unknown_files_and_messages_are_not_found() {
    let (post, message) = with_file("attachments-unknown");
    let message = id(&message);
    for path in [
        format!("{message}/b.txt"),
        format!("{message}/A.txt"),
        format!("{NOBODY}/a.txt"),
    ] {
        let path = format!("/v1/attachments/{path}");
        post.account.get(&path).refused(404, "not_found");
        post.account
            .get(&format!("{path}/text"))
            .refused(404, "not_found");
    }
}

// Text.

#[test]
fn text_is_taken_out_of_what_holds_text() {
    let cases: [(&str, &str, &[u8], &str, &str); 6] = [
        ("a.txt", "text/plain", "Größe".as_bytes(), "text", "Größe"),
        (
            "l.txt",
            "text/plain; charset=iso-8859-1",
            b"Gr\xf6\xdfe",
            "text",
            "Größe",
        ),
        ("a.csv", "text/csv", b"a,b\n1,2\n", "csv", "a,b\n1,2\n"),
        (
            "a.html",
            "text/html",
            b"<p>One &amp; two</p>",
            "text",
            "One & two",
        ),
        (
            "a.json",
            "application/json",
            b"{\"a\": 1}",
            "text",
            "{\"a\": 1}",
        ),
        ("b.csv", "application/octet-stream", b"c,d", "csv", "c,d"),
    ];
    let files: Vec<_> = cases.iter().map(|it| file(it.0, it.1, it.2)).collect();
    let (post, message) = with_files("attachments-text", json!(files));
    for (index, (name, content_type, _, method, expected)) in cases.into_iter().enumerate() {
        let url = path_of(text(&message["attachments"][index], "url"));
        let read = post.account.get(&format!("{url}/text")).expect(200).json();
        let expected = json!({
            "inboxId": message["inboxId"],
            "filename": name,
            "contentType": content_type,
            "extractionMethod": method,
            "text": expected,
        });
        assert_eq!(read, expected);
        assert_eq!(
            message["attachments"][index]["parsedText"],
            expected["text"]
        );
    }
}

#[test]
fn what_holds_no_text_says_so() {
    let files = json!([
        file("a.zip", "application/zip", b"PK\x03\x04"),
        file("a.png", "image/png", b"\x89PNG"),
        file("a.pdf", "application/pdf", b"%PDF-1.7"),
        file("a.bin", "application/octet-stream", b"\0\x01"),
        file("a.txt", "text/plain", b"a\0b"),
    ]);
    let (post, message) = with_files("attachments-no-text", files);
    for file in message["attachments"].as_array().expect("a list") {
        assert!(file.get("parsedText").is_none(), "{file}");
        let path = format!("{}/text", path_of(text(file, "url")));
        post.account
            .get(&path)
            .refused(422, "text_extraction_failed");
    }
}

#[test]
fn text_that_was_given_is_what_is_read() {
    let mut scan = file("scan.png", "image/png", b"\x89PNG");
    scan["parsedText"] = json!("What it shows");
    scan["extractionMethod"] = json!("ocr");
    let (post, message) = with_files("attachments-given", json!([scan]));
    let path = format!("{}/text", path_of(text(&message["attachments"][0], "url")));
    let read = post.account.get(&path).expect(200).json();
    assert_eq!(read["text"], "What it shows");
    assert_eq!(read["extractionMethod"], "ocr");
}

#[test]
fn a_sent_file_is_downloaded_on_both_sides() {
    let post = Post::new("attachments-sent");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let all: Vec<u8> = (0..=255).collect();
    let sent = post.sent(
        &desk,
        json!({
            "to": "ada@openmail.sh",
            "subject": "Files",
            "body": "Here.",
            "attachments": [file("a.bin", "application/x-thing", &all)],
        }),
    );
    for message in [sent, post.only(&ada)] {
        let found = follow(&link(&post, &message, 0)).expect(200);
        assert_eq!(found.body, all);
        assert_eq!(found.header("content-type"), Some("application/x-thing"));
    }
}
