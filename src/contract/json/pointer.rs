//! JSON pointers (RFC 6901): read, written, followed.

use std::borrow::Cow;

use memchr::memchr;
use serde_json::Value;

/// Appends one reference token to a JSON pointer, escaped.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    if !token.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        return pointer.push_str(token);
    }
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// The reference tokens of a JSON pointer, unescaped.
pub(in crate::contract) fn tokens(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = pointer;
    std::iter::from_fn(move || {
        let begun = &rest[memchr(b'/', rest.as_bytes())? + 1..];
        let end = memchr(b'/', begun.as_bytes()).unwrap_or(begun.len());
        let (token, after) = begun.split_at(end);
        rest = after;
        Some(match memchr(b'~', token.as_bytes()) {
            Some(_) => Cow::Owned(unescaped(token)),
            None => Cow::Borrowed(token),
        })
    })
}

/// Paths are full of slashes, so that this happens often.
fn unescaped(token: &str) -> String {
    let mut text = String::with_capacity(token.len());
    let mut pieces = token.split('~');
    text.extend(pieces.next());
    for piece in pieces {
        let (meant, rest) = match piece.as_bytes().first() {
            Some(b'0') => ("~", &piece[1..]),
            Some(b'1') => ("/", &piece[1..]),
            Some(_) | None => ("~", piece),
        };
        text.extend([meant, rest]);
    }
    text
}

/// What stands at a pointer. [`Value::pointer`] answers the same, but copies each token twice, and
/// a start follows some ten thousand.
pub(in crate::contract) fn value_at<'v>(root: &'v Value, pointer: &str) -> Option<&'v Value> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return None;
    }
    tokens(pointer).try_fold(root, |value, token| match value {
        Value::Object(members) => members.get(&*token),
        Value::Array(elements) => elements.get(position(&token)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// A position as RFC 6901 spells it: without a sign and without zeros before it.
fn position(token: &str) -> Option<usize> {
    let is_padded = token.starts_with('0') && token.len() > 1;
    let is_plain = !is_padded && !token.starts_with('+');
    token.parse().ok().filter(|_| is_plain)
}
