//! Media types of attachments, in one normal form: what the sender's copy says, what the bytes say
//! and what their reader finds are the same.

use std::collections::BTreeSet;

use super::address::{is_atom_character, is_printable, quoted};
use super::decode::is_plain;
use super::field::Content;

/// What bytes are of which nobody knows more.
const UNKNOWN: &str = "application/octet-stream";
/// Longest media type without its parameters (RFC 6838).
const MAX_ESSENCE: usize = 127;
/// What the parameters may have together, so that their lines stay within those of a header.
const MAX_PARAMETERS: usize = 1_000;
/// Parameters that say something of a part and not of its bytes: a name stands in the
/// disposition, and a boundary belongs to what is a multipart.
const ELSEWHERE: [&str; 3] = ["name", "filename", "boundary"];

/// A media type in its normal form: `text/calendar; method=REQUEST`. The type and the names of
/// parameters are lower-case; a `charset` stands only where it says more than UTF-8 or ASCII. What
/// is no media type, or that of a multipart, is `application/octet-stream`.
#[must_use]
pub fn media_type(text: &str) -> String {
    normal(&read(text))
}

/// A media type as somebody wrote it. Controls are in none: to read on after them would let a value
/// bring headers of its own.
pub(super) fn read(text: &str) -> Content {
    match text.contains(|c: char| c.is_control() && c != '\t') {
        true => Content::default(),
        false => Content::parse(text.as_bytes()),
    }
}

/// One that was read, in its normal form.
pub(super) fn normal(read: &Content) -> String {
    let mut text = essence(read).to_owned();
    for (name, value) in parameters(read) {
        let value = match value.chars().all(is_token_character) && !value.is_empty() {
            true => value,
            false => quoted(&value),
        };
        text.push_str(&format!("; {name}={value}"));
    }
    text
}

/// The type without its parameters.
pub(super) fn essence(read: &Content) -> &str {
    let is_token = |word: &str| !word.is_empty() && word.chars().all(is_token_character);
    let halves = read.essence.split_once('/');
    let is_type = halves.is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        && read.essence.len() <= MAX_ESSENCE
        && !read.essence.starts_with("multipart/");
    match is_type {
        true => &read.essence,
        false => UNKNOWN,
    }
}

/// The parameters that bytes and reader keep, each once.
pub(super) fn parameters(read: &Content) -> impl Iterator<Item = (String, String)> {
    let essence = essence(read);
    let mut seen = BTreeSet::new();
    let mut room = match essence == read.essence {
        true => MAX_PARAMETERS,
        // What was no media type has no parameters either.
        false => 0,
    };
    read.parameters.iter().filter_map(move |(name, value)| {
        let value = value.trim();
        let is_charset = name == "charset";
        let value = match is_charset {
            true => value.to_ascii_lowercase(),
            false => value.to_owned(),
        };
        // Percent signs and asterisks belong to the encoding of parameters (RFC 2231).
        let is_name = |c: char| is_token_character(c) && !"*'%".contains(c);
        let is_kept = !name.is_empty()
            && name.chars().all(is_name)
            && !ELSEWHERE.contains(&name.as_str())
            && is_printable(&value)
            && !value.contains("=?")
            && (!is_charset || (essence.starts_with("text/") && !is_plain(&value)));
        let length = name.len() + value.len();
        if !is_kept || length > room || !seen.insert(name.as_str()) {
            return None;
        }
        room -= length;
        Some((name.clone(), value))
    })
}

/// A character that stands in media types and parameters without quotes.
fn is_token_character(c: char) -> bool {
    c == '.' || is_atom_character(c)
}
