//! Office documents through the protocol: their text, and the answer where there is none (OpenMail
//! docs, Attachments, Text extraction).

use data_encoding::BASE64;
use serde_json::json;

use super::support::post::{Post, text};
use super::support::zip::{docx, zip};

const XLSX: &[u8] = include_bytes!("mail/office/orders.xlsx");
const ODT: &[u8] = include_bytes!("mail/office/minutes.odt");

#[test]
fn the_text_of_documents_is_told() {
    let post = Post::new("office-text");
    let desk = post.inbox("desk");
    let docx = docx("<w:p><w:r><w:t>Größe</w:t></w:r></w:p>");
    let file = |name: &str, bytes: &[u8]| json!({ "filename": name, "contentType": "application/octet-stream", "data": BASE64.encode(bytes) });
    post.arrives(json!({
        "from": "ada@example.com",
        "to": "desk@openmail.sh",
        "attachments": [file("a.docx", &docx), file("b.xlsx", XLSX), file("c.odt", ODT)],
    }));
    let message = post.only(&desk);
    for (index, begins) in ["Größe", "Orders\nName\tCount", "Acme\n\nMinutes"]
        .iter()
        .enumerate()
    {
        let attachment = &message["attachments"][index];
        assert_eq!(attachment["extractionMethod"], "office");
        let read = post
            .account
            .get(&path_of_text(attachment))
            .expect(200)
            .json();
        assert_eq!(read["extractionMethod"], "office");
        assert!(text(&read, "text").starts_with(begins), "{read}");
        assert_eq!(read["text"], attachment["parsedText"]);
    }
}

#[test]
fn documents_that_cannot_be_read_say_so() {
    let post = Post::new("office-broken");
    let desk = post.inbox("desk");
    let bomb = docx(&"<w:p></w:p>".repeat(1_000_000));
    let files: [(&str, &[u8], &str); 5] = [
        ("cut.xlsx", &XLSX[..4_000], "unsupported"),
        ("none.pptx", b"no archive", "unsupported"),
        (
            "old.doc",
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
            "unsupported",
        ),
        ("other.docx", &zip(&[("a.txt", "a")]), "unsupported"),
        ("bomb.docx", &bomb, "skipped_too_large"),
    ];
    let attachments = files.iter().map(|(name, bytes, _)| {
        json!({ "filename": name, "contentType": "application/octet-stream", "data": BASE64.encode(bytes) })
    });
    post.arrives(json!({
        "from": "ada@example.com",
        "to": "desk@openmail.sh",
        "attachments": attachments.collect::<Vec<_>>(),
    }));
    let message = post.only(&desk);
    for (index, (name, _, method)) in files.iter().enumerate() {
        let attachment = &message["attachments"][index];
        assert_eq!(attachment["extractionMethod"], *method, "{name}");
        assert!(attachment.get("parsedText").is_none(), "{name}");
        let refused = post.account.get(&path_of_text(attachment));
        let refused = refused.refused(422, "text_extraction_failed");
        assert!(refused.message().contains(method), "{}", refused.message());
    }
}

/// A sender's copy and what arrives tell the same text.
#[test]
fn a_document_is_read_on_both_sides() {
    let post = Post::new("office-sent");
    let (desk, ada) = (post.inbox("desk"), post.inbox("ada"));
    let file = json!({ "filename": "orders.xlsx", "contentType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "data": BASE64.encode(XLSX) });
    let sent = post.sent(
        &desk,
        json!({
            "to": "ada@openmail.sh",
            "subject": "Orders",
            "body": "See there.",
            "attachments": [file],
        }),
    );
    for message in [sent, post.only(&ada)] {
        let attachment = &message["attachments"][0];
        assert_eq!(attachment["extractionMethod"], "office");
        assert!(text(attachment, "parsedText").contains("Chair\t4\t99.5"));
    }
}

/// Where the text of an attachment is read, without the host.
fn path_of_text(attachment: &serde_json::Value) -> String {
    let (_, rest) = text(attachment, "url").split_once("://").expect("a URL");
    let at = rest.find('/').expect("a path");
    format!("{}/text", &rest[at..])
}
