//! HTML as readable text, in one pass and without a tree: blocks become lines, cells are divided
//! by tabs, items get their marks, links keep their addresses.
//!
//! It is a reading of mail, not of all HTML: styles, and what they hide, count for nothing.

mod page;

use mail_parser::decoders::html::add_html_token;
use page::Page;

use super::markup::{starts_with, tag_name};

/// Longest entity, `&` and `;` included.
const MAX_ENTITY: usize = 34;

/// The readable text of HTML. Linear in time; nothing nests for it.
#[must_use]
pub fn text_of_html(html: &str) -> String {
    let mut page = Page::with_capacity(html.len() / 2);
    // Text that is not written yet begins at `start`; `at` is where markup is looked for.
    let (mut start, mut at) = (0, 0);
    while let Some(found) = html[at..].find('<') {
        at += found;
        let Some(markup) = markup(&html[at..]) else {
            at += 1;
            continue;
        };
        write_text(&mut page, &html[start..at]);
        let after = match markup {
            Markup::Tag { tag, after } => match apply(&mut page, &tag) {
                // What is no text ends with its own tag, whatever stands in it.
                Skips::Nothing => after,
                Skips::ToEnd(name) => after_end_of(name, after),
            },
            Markup::Other { after } => after,
        };
        at = html.len() - after.len();
        start = at;
    }
    write_text(&mut page, &html[start..]);
    page.into_text()
}

struct Tag<'a> {
    name: String,
    is_end: bool,
    attributes: &'a str,
}

enum Markup<'a> {
    Tag {
        tag: Tag<'a>,
        after: &'a str,
    },
    /// A comment, a declaration, an instruction.
    Other {
        after: &'a str,
    },
}

/// What markup begins a text that begins with `<`. Markup without an end goes to the end of the
/// text, as it does in browsers, so that no end is looked for twice.
fn markup(text: &str) -> Option<Markup<'_>> {
    let inside = &text[1..];
    if let Some(comment) = inside.strip_prefix("!--") {
        // `<!-->` is a whole comment.
        let end = comment.find("-->").map(|end| &comment[end + 3..]);
        let after = comment.strip_prefix('>').or(end);
        let after = after.unwrap_or_default();
        return Some(Markup::Other { after });
    }
    if inside.starts_with(['!', '?']) {
        let after = inside.split_once('>').map(|(_, after)| after);
        let after = after.unwrap_or_default();
        return Some(Markup::Other { after });
    }
    let (is_end, inside) = match inside.strip_prefix('/') {
        Some(inside) => (true, inside),
        None => (false, inside),
    };
    if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    // An address in angle brackets is text that somebody forgot to escape.
    let word = inside
        .split([' ', '>', '<', '"', '\n'])
        .next()
        .unwrap_or_default();
    if word.len() <= 254 && word.contains('@') && inside[word.len()..].starts_with('>') {
        return None;
    }
    let end = end_of_tag(inside);
    let (content, after) = inside.split_at(end.unwrap_or(inside.len()));
    let name_length = content
        .find(|c: char| c.is_ascii_whitespace() || c == '/')
        .unwrap_or(content.len());
    Some(Markup::Tag {
        tag: Tag {
            name: tag_name(&content[..name_length]).unwrap_or_default(),
            is_end,
            attributes: &content[name_length..],
        },
        after: after.get(1..).unwrap_or_default(),
    })
}

/// Where the `>` of a tag stands: not in a quoted value.
fn end_of_tag(inside: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = b' ';
    for (at, byte) in inside.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (None, _) => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    None
}

enum Skips {
    Nothing,
    ToEnd(&'static str),
}

/// Elements whose content is no text to be read.
const SKIPPED: &[&str] = &["script", "style", "title", "template", "noscript", "svg"];
/// Blocks with a blank line around them.
const PARAGRAPHS: &[&str] = &[
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "table",
    "dl",
    "pre",
    "ul",
    "ol",
];
/// Blocks on lines of their own.
const LINES: &[&str] = &[
    "div",
    "tr",
    "li",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "nav",
    "aside",
    "address",
    "form",
    "fieldset",
    "figure",
    "figcaption",
    "center",
    "dt",
    "dd",
    "caption",
    "body",
    "html",
    "thead",
    "tbody",
    "tfoot",
    "option",
];

fn apply(page: &mut Page, tag: &Tag<'_>) -> Skips {
    let name = tag.name.as_str();
    let is_begin = !tag.is_end;
    if let Some(skipped) = SKIPPED.iter().find(|skipped| **skipped == name) {
        let is_whole = tag.attributes.ends_with('/') && name == "svg";
        return match is_begin && !is_whole {
            true => Skips::ToEnd(skipped),
            false => Skips::Nothing,
        };
    }
    match name {
        "head" => page.set_head(is_begin),
        "meta" | "link" | "base" => {}
        _ => page.set_head(false),
    }
    match name {
        "br" => page.line_break(),
        "hr" => page.rule(),
        "img" => page.write(&attribute(tag.attributes, "alt").unwrap_or_default()),
        "td" | "th" if tag.is_end => page.end_cell(),
        "a" => {
            page.end_link();
            if let Some(address) = attribute(tag.attributes, "href").filter(|_| is_begin) {
                page.begin_link(address);
            }
        }
        "ul" | "ol" => {
            let is_nested = page.list(is_begin, name == "ol");
            page.block(if is_nested { 1 } else { 2 });
        }
        "li" if is_begin => page.item(),
        _ if PARAGRAPHS.contains(&name) => page.block(2),
        _ if LINES.contains(&name) => page.block(1),
        _ => {}
    }
    if name == "pre" {
        page.set_preformatted(is_begin);
    }
    Skips::Nothing
}

/// What follows the end tag of that name; nothing when there is none.
fn after_end_of<'a>(name: &str, text: &'a str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if starts_with(rest, name) {
            let after = rest.split_once('>').map(|(_, after)| after);
            return after.unwrap_or_default();
        }
    }
    ""
}

/// The value of an attribute, its entities decoded.
fn attribute(attributes: &str, wanted: &str) -> Option<String> {
    let mut rest = attributes.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
    while !rest.is_empty() {
        let length = rest.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/');
        let (name, after) = rest.split_at(length.unwrap_or(rest.len()));
        let after = after.trim_ascii_start();
        let (value, after) = match after.strip_prefix('=').map(str::trim_ascii_start) {
            Some(quoted) if quoted.starts_with(['"', '\'']) => {
                let (quote, inside) = quoted.split_at(1);
                inside.split_once(quote).unwrap_or((inside, ""))
            }
            Some(bare) => {
                let end = bare.find(|c: char| c.is_ascii_whitespace());
                bare.split_at(end.unwrap_or(bare.len()))
            }
            None => ("", after.strip_prefix('/').unwrap_or(after)),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(without_entities(value));
        }
        rest = after.trim_ascii_start();
    }
    None
}

fn write_text(page: &mut Page, text: &str) {
    match text.contains('&') {
        true => page.write(&without_entities(text)),
        false => page.write(text),
    }
}

/// Text with its entities decoded; what is none stays.
fn without_entities(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let near = rest.as_bytes().iter().take(MAX_ENTITY);
        let end = near.copied().skip(1).position(|byte| !is_entity(byte));
        let length = match end.map(|end| end + 1) {
            Some(end) if rest.as_bytes()[end] == b';' => end + 1,
            _ => 1,
        };
        add_html_token(&mut decoded, &rest.as_bytes()[..length], false);
        rest = &rest[length..];
    }
    decoded.push_str(rest);
    decoded
}

fn is_entity(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'#'
}
