//! Replies and addresses.

use openmail_mock::mail::{
    Mailbox, address_key, html_quote, is_bare_address, quote, reply_subject,
};

use super::mailbox;

#[test]
fn the_previous_message_is_quoted() {
    let quoted = quote(
        "Ada <ada@example.com>",
        1_793_610_307_000,
        "Hello\n\n> older\nBye\n",
    );
    let expected = "On Mon, 2 Nov 2026 at 09:05, Ada <ada@example.com> wrote:\n\
        > Hello\n> \n> > older\n> Bye";
    assert_eq!(quoted, expected);
    assert_eq!(
        quote("a@x.io", 0, ""),
        "On Thu, 1 Jan 1970 at 00:00, a@x.io wrote:"
    );
    let _ = (quote("a", i64::MIN, ""), quote("a", i64::MAX, ""));
}

#[test]
fn the_previous_message_is_quoted_in_html() {
    let quoted = html_quote(
        "Ada <ada@example.com>",
        1_793_610_307_000,
        "a < b & </blockquote>\n\n> older\nBye\n",
    );
    let expected = "<p>On Mon, 2 Nov 2026 at 09:05, Ada &lt;ada@example.com&gt; wrote:</p>\n\
        <blockquote>\n<p>a &lt; b &amp; &lt;/blockquote&gt;</p>\n\
        <p>&gt; older<br>\nBye</p>\n</blockquote>\n";
    assert_eq!(quoted, expected);
}

#[test]
fn re_stands_once() {
    assert_eq!(reply_subject("Hello"), "Re: Hello");
    assert_eq!(reply_subject("Re: Hello"), "Re: Hello");
    assert_eq!(reply_subject("RE:Hello"), "RE:Hello");
    assert_eq!(reply_subject("Regarding"), "Re: Regarding");
    assert_eq!(reply_subject(""), "Re:");
    assert_eq!(reply_subject("é"), "Re: é");
}

#[test]
fn bare_addresses_are_told() {
    for address in [
        "a@x.io",
        "first.last+tag@sub.example.co.uk",
        "o'neil@x.io",
        "a@localhost",
    ] {
        assert!(is_bare_address(address), "{address}");
    }
    let long = format!("{}@x.io", "a".repeat(65));
    for other in [
        "",
        "a",
        "@",
        "a@",
        "@x.io",
        "Ada <a@x.io>",
        "<a@x.io>",
        "a b@x.io",
        "a@x.io, b@x.io",
        "a@@x.io",
        ".a@x.io",
        "a..b@x.io",
        "a.@x.io",
        "a@-x.io",
        "a@x..io",
        "a@x.io.",
        "\"a\"@x.io",
        "a@[127.0.0.1]",
        "ü@x.io",
        "a@x.io\n",
        long.as_str(),
    ] {
        assert!(!is_bare_address(other), "{other:?}");
    }
    assert_eq!(address_key(" Ada@Example.COM"), "ada@example.com");
}

#[test]
fn mailboxes_are_written_as_people_write_them() {
    assert_eq!(mailbox("Ada", "a@x.io").to_string(), "Ada <a@x.io>");
    assert_eq!(
        mailbox("Meridian Inc.", "a@x.io").to_string(),
        "Meridian Inc. <a@x.io>"
    );
    assert_eq!(
        mailbox("Doe, \"J\"", "a@x.io").to_string(),
        "\"Doe, \\\"J\\\"\" <a@x.io>"
    );
    assert_eq!(
        mailbox("a\r\nBcc: x", "a@x.io").to_string(),
        "\"a  Bcc: x\" <a@x.io>"
    );
    assert_eq!(mailbox(" ", "a@x.io").to_string(), "a@x.io");
    assert_eq!(Mailbox::bare("a@x.io").to_string(), "a@x.io");
}
