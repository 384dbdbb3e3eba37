//! Text taken out of attachments, and the names they are listed by.

use openmail_mock::mail::{
    Extraction, MAX_CHARACTERS, MAX_EXTRACTED_BYTES, Method, extract, unique_names,
};

fn text(method: Method, text: &str) -> Extraction {
    Extraction {
        method,
        text: Some(text.to_owned()),
        why: String::new(),
    }
}

#[test]
fn text_is_taken_by_type_or_by_name() {
    assert_eq!(extract("a", "text/plain", b"hi"), text(Method::Text, "hi"));
    assert_eq!(
        extract("notes.md", "application/octet-stream", b"# hi"),
        text(Method::Text, "# hi")
    );
    assert_eq!(
        extract("a.json", "application/json", b"{}"),
        text(Method::Text, "{}")
    );
    assert_eq!(
        extract("a", "application/problem+json; v=1", b"{}"),
        text(Method::Text, "{}")
    );
    assert_eq!(
        extract("a.csv", "text/plain", b"a,b"),
        text(Method::Csv, "a,b")
    );
    assert_eq!(extract("a", "TEXT/CSV", b"a,b"), text(Method::Csv, "a,b"));
    assert_eq!(extract("A.TSV", "", b"a\tb"), text(Method::Csv, "a\tb"));
    assert_eq!(
        extract("a.html", "text/html", b"<p>a</p><p>b"),
        text(Method::Text, "a\n\nb")
    );
    assert_eq!(extract("", "", b"a").method, Method::Unsupported);
}

#[test]
fn charsets_are_told_by_mark_by_name_and_by_trying() {
    let read = |kind: &str, bytes: &[u8]| extract("a.txt", kind, bytes).text;
    assert_eq!(read("text/plain", b"\xEF\xBB\xBFa"), Some("a".to_owned()));
    assert_eq!(read("text/plain", b"\xFF\xFEa\0"), Some("a".to_owned()));
    assert_eq!(
        read("text/plain; charset=utf-8", b"\xFE\xFF\0a"),
        Some("a".to_owned())
    );
    assert_eq!(
        read("text/plain; charset=iso-8859-5", b"\xBF"),
        Some("П".to_owned())
    );
    assert_eq!(read("text/plain", "é".as_bytes()), Some("é".to_owned()));
    assert_eq!(read("text/plain", b"\x80\xE9"), Some("€é".to_owned()));
}

#[test]
fn failures_say_why() {
    for (name, kind, method) in [
        ("a.pdf", "application/pdf", Method::PdfError),
        ("a.pdf", "application/octet-stream", Method::PdfError),
        ("a.png", "image/png", Method::Unsupported),
        ("a.zip", "application/zip", Method::Unsupported),
        ("a.mp4", "video/mp4", Method::Unsupported),
        ("a.docx", "application/octet-stream", Method::Unsupported),
    ] {
        let failed = extract(name, kind, b"x");
        assert_eq!((failed.method, failed.text), (method, None), "{name}");
        assert!(!failed.why.is_empty());
    }
    assert_eq!(
        extract("a.txt", "text/plain", b"\x7FELF\0\0").method,
        Method::Unsupported
    );
    let large = vec![b'a'; MAX_EXTRACTED_BYTES + 1];
    assert_eq!(
        extract("a.txt", "text/plain", &large).method,
        Method::SkippedTooLarge
    );
    assert_eq!(
        extract("a.pdf", "application/pdf", &large).method,
        Method::SkippedTooLarge
    );
}

#[test]
fn long_texts_are_cut_between_characters() {
    let long = "é".repeat(MAX_CHARACTERS);
    let whole = extract("a.txt", "text/plain", long.as_bytes());
    assert_eq!(whole, text(Method::Text, &long));
    let cut = extract("a.txt", "text/plain", (long.clone() + "x").as_bytes());
    assert_eq!(cut.text, Some(long));
    assert!(!cut.why.is_empty());
}

#[test]
fn methods_are_spelt_as_in_the_api() {
    for method in Method::ALL {
        assert_eq!(Method::parse(method.as_str()), Some(method));
    }
    assert_eq!(Method::SkippedTooLarge.to_string(), "skipped_too_large");
    assert_eq!(Method::parse("docx"), None);
}

#[test]
fn names_are_usable_and_differ() {
    let names = |names: &[&str]| unique_names(names.iter().copied());
    assert_eq!(
        names(&["a.txt", "a.txt", "A.txt", "a.txt", ""]),
        ["a.txt", "a (2).txt", "A.txt", "a (3).txt", "attachment"]
    );
    assert_eq!(
        names(&["a.txt", "a (2).txt", "a.txt"]),
        ["a.txt", "a (2).txt", "a (3).txt"]
    );
    assert_eq!(
        names(&["", "", "."]),
        ["attachment", "attachment (2)", "attachment (3)"]
    );
    assert_eq!(
        names(&["../../etc/passwd", "a\\b\0c\r\n"]),
        [".._.._etc_passwd", "a_b_c"]
    );
    assert_eq!(
        names(&[".bashrc", ".bashrc", "x"]),
        [".bashrc", ".bashrc (2)", "x"]
    );
    let long = "ä".repeat(200) + ".pdf";
    let made = names(&[&long, &long]);
    assert!(
        made.iter()
            .all(|name| name.len() <= 255 && name.ends_with(".pdf")),
        "{made:?}"
    );
    assert_ne!(made[0], made[1]);
    assert_eq!(names(&[&made[0], &made[1]]), made);
}
