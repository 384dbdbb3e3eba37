//! Which texts are HTML, text as HTML, and how tags are told from text.

use memchr::memchr;

use super::lines::lines;

/// Tags that say by themselves that a text is HTML.
const BLOCKS: &[&str] = &[
    "html",
    "br",
    "hr",
    "img",
    "p",
    "div",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
    "ul",
    "ol",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "blockquote",
    "center",
];

/// Tags that say so only together with their end: alone they may be placeholders, types in code
/// or comparisons.
const PAIRS: &[&str] = &[
    "a", "abbr", "address", "article", "b", "big", "body", "code", "em", "font", "footer", "head",
    "header", "i", "label", "main", "nav", "q", "s", "section", "small", "span", "strike",
    "strong", "style", "sub", "sup", "title", "tt", "u",
];

/// Whether a text is meant as HTML. `a < b`, `<user@example.com>` and `<name>` are not.
#[must_use]
pub fn is_html(body: &str) -> bool {
    let (mut begun, mut ended) = (0_u64, 0_u64);
    let mut rest = body;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        rest = &rest[at + 1..];
        if starts_with(rest, "!doctype html") {
            return true;
        }
        // A tag ends before the next one begins, so that each byte is looked at once.
        let end = rest
            .find(['<', '>'])
            .filter(|end| rest[*end..].starts_with('>'));
        let Some(end) = end else { continue };
        let (is_end, tag) = match rest[..end].strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, &rest[..end]),
        };
        let Some(name) = tag_name(tag) else { continue };
        if BLOCKS.contains(&name.as_str()) {
            return true;
        }
        if let Some(number) = PAIRS.iter().position(|pair| *pair == name) {
            let bits = if is_end { &mut ended } else { &mut begun };
            *bits |= 1 << number;
            if begun & ended != 0 {
                return true;
            }
        }
    }
    false
}

/// The name in lower case of the tag that begins a text, if what follows the name could.
pub(super) fn tag_name(tag: &str) -> Option<String> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric();
    let length = tag.bytes().take_while(is_name).count();
    let (name, after) = tag.split_at(length);
    let is_tag = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 16
        && (after.is_empty() || after.starts_with(|c: char| c.is_ascii_whitespace() || c == '/'));
    is_tag.then(|| name.to_ascii_lowercase())
}

/// Whether a text starts with this, case aside.
pub(super) fn starts_with(text: &str, start: &str) -> bool {
    let head = text.as_bytes().get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

/// Appends text of which nothing means anything to HTML.
fn push_escaped(html: &mut String, text: &str) {
    let mut rest = text;
    let is_special = |byte| matches!(byte, b'&' | b'<' | b'>' | b'"');
    // To the end, whatever is found: a loop without a way out looks at many bytes at once.
    let has_any = text.bytes().fold(false, |found, it| found | is_special(it));
    if !has_any {
        html.push_str(text);
        return;
    }
    // Each of them is a byte, so that a text may be cut on both its sides.
    while let Some(at) = rest.bytes().position(is_special) {
        html.push_str(&rest[..at]);
        html.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    html.push_str(rest);
}

/// Text as HTML: blank lines divide paragraphs, other line ends are `<br>`. Nothing is made a
/// link.
#[must_use]
pub fn html_of_text(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8 + 16);
    let mut is_open = false;
    for line in lines(text) {
        let line = match line.strip_suffix('\n') {
            Some(line) => line.strip_suffix('\r').unwrap_or(line),
            None => line,
        };
        if line.trim().is_empty() {
            if is_open {
                html.push_str("</p>\n");
            }
            is_open = false;
            continue;
        }
        html.push_str(if is_open { "<br>\n" } else { "<p>" });
        is_open = true;
        push_escaped(&mut html, line);
    }
    if is_open {
        html.push_str("</p>\n");
    }
    html
}
