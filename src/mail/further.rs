//! Header fields that are carried without being understood: `List-Unsubscribe`, `X-Spam-Flag` and
//! whatever else agents look for in the bytes of a mail.

use super::address::one_line;
use super::build::{MAX_TOKEN, encoded_words};

/// Longest name of a field, so that some of its value fits on the same line.
const MAX_NAME: usize = 76;
/// Fields that a built message has from elsewhere, or must not have.
const OWN: &[&str] = &[
    "from",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
];

/// Whether a text may be the name of a header field (RFC 5322, 2.2).
#[must_use]
pub fn is_header_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_part)
}

/// Whether a built message writes this field itself, from what it is built of.
#[must_use]
pub fn is_own_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    OWN.contains(&name.as_str()) || name.starts_with("content-")
}

/// A value as words between which its line may be folded, none of them empty: a line of blanks
/// ends the header for some readers. ASCII is not encoded, since addresses and URLs may not be.
pub(super) fn words(value: &str) -> Vec<String> {
    let line = one_line(value);
    if line.is_empty() {
        return vec![line];
    }
    match line.is_ascii() && line.split(' ').all(|word| word.len() <= MAX_TOKEN) {
        true => line.split_whitespace().map(str::to_owned).collect(),
        false => encoded_words(&line),
    }
}
