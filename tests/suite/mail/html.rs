//! HTML told from text, and each turned into the other.

use openmail_mock::mail::{html_of_text, is_html, text_of_html};

#[test]
fn html_is_told_from_text() {
    for html in [
        "<p>Hello</p>",
        "Hello<br>there",
        "Hello<BR/>there",
        "<!DOCTYPE html><html></html>",
        "see <a href=\"https://x.io\">this</a>",
        "<b>bold</b> words",
        "text <strong class=x>bold</strong>",
        "<div\nclass=\"x\">",
    ] {
        assert!(is_html(html), "{html}");
    }
    for text in [
        "",
        "a < b and c > d",
        "if a <b and c> d",
        "<user@example.com>",
        "write to <b@example.com>",
        "Dear <name>, your <title>",
        "Vec<u8> and <T>",
        "x <- y -> z",
        "1 <p 2",
        "<3",
        "> quoted\n> text",
        "</",
    ] {
        assert!(!is_html(text), "{text}");
    }
}

#[test]
fn html_becomes_readable_text() {
    let html = "<!DOCTYPE html><html><head><title>T</title><style>p { x }</style></head><body>
        <!-- no <b>comment</b> -->
        <h1>Hello  &amp;\n welcome&nbsp;é</h1>
        <p>One<br>two &lt;three&gt; <b>bo</b>ld, &unknown; &copy; &#8364; &#x20AC;</p><p>Next</p>
        <ul><li>first</li><li>second<ol><li>a</li><li>b</li></ol></li></ul>
        <table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td></td><td>3</td></tr></table>
        <script>if (a < b) { \"</p>\" }</script>
        <pre>  kept
  as it is </pre>
        <div>end<img alt=\"logo\" src=x></div></body></html>";
    let text = "Hello & welcome é\n\nOne\ntwo <three> bold, &unknown; © € €\n\nNext\n\n\
        - first\n- second\n  1. a\n  2. b\n\nA\tB\n1\t\t3\n\n  kept\n  as it is \n\nendlogo";
    assert_eq!(text_of_html(html), text);
}

#[test]
fn links_keep_their_addresses_where_they_say_more() {
    let text = |html: &str| text_of_html(html);
    assert_eq!(
        text("<a href='https://x.io/a?b=1&amp;c=2'>the page</a>."),
        "the page (https://x.io/a?b=1&c=2)."
    );
    assert_eq!(
        text("<a href=\"https://x.io/\">https://x.io</a>"),
        "https://x.io"
    );
    assert_eq!(text("<a href=\"https://x.io\">X.io</a> next"), "X.io next");
    assert_eq!(text("<a href=mailto:a@x.io>a@x.io</a>"), "a@x.io");
    assert_eq!(
        text("<a href=\"#top\">up</a> <a href=\"javascript:x()\">do</a> <a>no</a>"),
        "up do no"
    );
    assert_eq!(text("<a href=https://x.io><img src=x></a>"), "https://x.io");
    assert_eq!(
        text("<a href=https://x.io>never closed"),
        "never closed (https://x.io)"
    );
}

#[test]
fn broken_html_keeps_its_text() {
    let text = |html: &str| text_of_html(html);
    assert_eq!(text("a < b & c > d"), "a < b & c > d");
    assert_eq!(text("write to <ada@x.io> now"), "write to <ada@x.io> now");
    assert_eq!(text("<p>one<p>two</div></b>"), "one\n\ntwo");
    assert_eq!(text("<head><p>no end of the head"), "no end of the head");
    assert_eq!(text("<p title=\"a > b\">x</p>"), "x");
    assert_eq!(text("<p \">x</p>"), "x");
    assert_eq!(text("one<!-->two"), "onetwo");
    assert_eq!(text("<o:p></o:p>office"), "office");
    assert_eq!(text(""), "");
}

#[test]
fn text_becomes_html() {
    let html = html_of_text("Hello <b>\nyou & \"me\"\n\n\nhttps://x.io\n");
    let expected = "<p>Hello &lt;b&gt;<br>\nyou &amp; &quot;me&quot;</p>\n<p>https://x.io</p>\n";
    assert_eq!(html, expected);
    assert_eq!(html_of_text(""), "");
    assert_eq!(
        text_of_html(&html),
        "Hello <b>\nyou & \"me\"\n\nhttps://x.io"
    );
}
