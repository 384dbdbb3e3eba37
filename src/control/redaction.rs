//! Bodies without the secrets in them, as the journal shows them and its commands repeat them.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde_json::Value;

use crate::contract::{Item, Tape, form_fields};

/// What stands in the place of a secret.
pub(super) const REDACTED: &str = "[redacted]";
/// Fields of bodies whose values are credentials, whatever the document says.
const SECRET_FIELDS: [&str; 4] = ["access_token", "api_key", "token", "webhookSecret"];

fn is_secret(name: &str) -> bool {
    SECRET_FIELDS.contains(&name)
}

/// A body, which its end may be missing of, without its secrets: that of a form field by field,
/// any other if it is JSON. What is neither holds none that could be told.
pub(super) fn redacted<'b>(bytes: &'b [u8], content_type: Option<&str>) -> Cow<'b, [u8]> {
    let content_type = content_type.unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return pairs(bytes);
    }
    if essence.eq_ignore_ascii_case("multipart/form-data") {
        return parts(bytes, content_type);
    }
    match Tape::read(bytes) {
        Ok(tape) if has_secrets(tape.root()) => {
            let value = without_secrets(tape.root().to_json());
            Cow::Owned(value.to_string().into_bytes())
        }
        Ok(_) | Err(_) => Cow::Borrowed(bytes),
    }
}

fn pairs(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_named = |pair: &[u8]| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        is_secret(&percent_decode(name).decode_utf8_lossy())
    };
    let pairs = || bytes.split(|byte| *byte == b'&');
    if !pairs().any(is_named) {
        return Cow::Borrowed(bytes);
    }
    let pairs = pairs().map(|pair| match pair.iter().position(|byte| *byte == b'=') {
        Some(end) if is_named(pair) => [&pair[..=end], REDACTED.as_bytes()].concat(),
        Some(_) | None => pair.to_vec(),
    });
    Cow::Owned(pairs.collect::<Vec<_>>().join(&b'&'))
}

fn parts<'b>(bytes: &'b [u8], content_type: &str) -> Cow<'b, [u8]> {
    let secrets = form_fields(bytes, content_type, is_secret);
    if secrets.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let mut shown = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for secret in secrets {
        shown.extend_from_slice(&bytes[at..secret.start]);
        shown.extend_from_slice(REDACTED.as_bytes());
        at = secret.end;
    }
    shown.extend_from_slice(&bytes[at..]);
    Cow::Owned(shown)
}

fn has_secrets(item: Item<'_>) -> bool {
    let is_one = |(name, value): (&str, Item<'_>)| match value.as_str() {
        Some(_) => is_secret(name),
        None => has_secrets(value),
    };
    item.elements().any(has_secrets) || item.members().any(is_one)
}

fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let value = match (is_secret(&name), value) {
                    (true, Value::String(_)) => REDACTED.into(),
                    (_, value) => without_secrets(value),
                };
                (name, value)
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        Value::Array(items) => items.into_iter().map(without_secrets).collect(),
        scalar => scalar,
    }
}
