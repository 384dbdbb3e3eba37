//! Bodies without the secrets in them, as the journal shows them and its commands repeat them.

use std::borrow::Cow;

use percent_encoding::{percent_decode, percent_decode_str};
use serde_json::Value;

use crate::contract::{Item, Tape, form_fields};

/// What stands in the place of a secret.
pub(super) const REDACTED: &str = "[redacted]";
/// Fields of bodies and parameters of queries whose values are credentials, whatever the document
/// says.
pub(super) const SECRET_NAMES: [&str; 4] = ["access_token", "api_key", "token", "webhookSecret"];
/// How names end, without case, `-` and `_`, that say of anything that it is a secret. A bare `key`
/// is none: idempotency keys are shown.
const SECRET_ENDS: [&str; 9] = [
    "accesskey",
    "apikey",
    "authorisation",
    "authorization",
    "cookie",
    "password",
    "secret",
    "session",
    "token",
];
/// Keys that the API draws are this and so many hexadecimal digits.
const KEY_START: &str = "om_";
const KEY_DIGITS: usize = 48;

/// Fields whose values are URLs of others, who may have put a secret of theirs there.
const URL_NAMES: [&str; 1] = ["webhookUrl"];
/// How names of parameters end that carry secrets in URLs of others, without case, `-` and `_`.
const URL_SECRETS: [&str; 9] = [
    "auth",
    "code",
    "credential",
    "key",
    "password",
    "secret",
    "sig",
    "signature",
    "token",
];

/// What of a field's text is shown: nothing of a secret, and all but the secrets of a URL.
pub(super) fn shown_text<'t>(name: &str, text: &'t str) -> Cow<'t, str> {
    match (is_secret(name), URL_NAMES.contains(&name)) {
        (true, _) => Cow::Borrowed(REDACTED),
        (false, true) => without_url_secrets(text),
        (false, false) => Cow::Borrowed(text),
    }
}

/// A URL without who is named before its host, and without the values of parameters that have the
/// names of secrets.
fn without_url_secrets(url: &str) -> Cow<'_, str> {
    // Without a scheme, whatever stands first may be meant as the host.
    let scheme = url.find("//").map_or(0, |slashes| slashes + 2);
    let authority = url[scheme..].find(['/', '?', '#', '\\']);
    let (front, rest) = url.split_at(authority.map_or(url.len(), |length| scheme + length));
    let mut shown = without_user(front, scheme);
    let is_mark = |character: char| matches!(character, '?' | '&' | ';' | '#');
    let (path, mut rest) = rest.split_at(rest.find(is_mark).unwrap_or(rest.len()));
    shown.push_str(path);
    while let Some(mark) = rest.chars().next() {
        let behind = &rest[mark.len_utf8()..];
        let (pair, further) = behind.split_at(behind.find(is_mark).unwrap_or(behind.len()));
        shown.push(mark);
        match pair.split_once('=') {
            Some((name, value)) if is_url_secret(name) && !value.is_empty() => {
                shown.push_str(&format!("{name}={REDACTED}"));
            }
            Some(_) | None => shown.push_str(pair),
        }
        rest = further;
    }
    match shown == url {
        true => Cow::Borrowed(url),
        false => Cow::Owned(shown),
    }
}

/// The front of a URL, of which so much is its scheme.
fn without_user(front: &str, scheme: usize) -> String {
    let (scheme, authority) = front.split_at(scheme);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{REDACTED}@{host}"),
        None => front.to_owned(),
    }
}

fn is_url_secret(name: &str) -> bool {
    let plain = percent_decode_str(name).decode_utf8_lossy().to_lowercase();
    let plain = plain.replace(['-', '_'], "");
    URL_SECRETS.iter().any(|end| plain.ends_with(end))
}

/// Whether a field or a parameter of that name is a credential.
pub(super) fn is_secret(name: &str) -> bool {
    SECRET_NAMES.contains(&name) || names_a_secret(name)
}

/// Whether a name says that what it names is a secret, whoever gave it.
pub(super) fn names_a_secret(name: &str) -> bool {
    let is_letter = |character: &char| !matches!(character, '-' | '_');
    let plain: String = name.chars().filter(is_letter).collect();
    let plain = plain.to_ascii_lowercase();
    SECRET_ENDS.iter().any(|end| plain.ends_with(end))
}

/// A text without the keys in it that the API drew, wherever they stand: who reads one has it.
pub(super) fn without_keys(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(KEY_START) {
        let digits = start + KEY_START.len();
        let is_digit = |byte: &u8| byte.is_ascii_hexdigit();
        let count = rest.as_bytes()[digits..]
            .iter()
            .take_while(|it| is_digit(it));
        let count = count.count();
        shown.push_str(&rest[..digits]);
        if count == KEY_DIGITS {
            shown.push_str(REDACTED);
        } else {
            shown.push_str(&rest[digits..digits + count]);
        }
        rest = &rest[digits + count..];
    }
    match shown.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(shown + rest),
    }
}

/// Takes keys out of all texts of a value.
pub(super) fn hide_keys(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = without_keys(text) {
                *text = shown;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_keys),
        Value::Object(members) => members.values_mut().for_each(hide_keys),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a form shows nothing of a field: of a URL it would show how it is escaped, too.
fn is_hidden_in_forms(name: &str) -> bool {
    is_secret(name) || URL_NAMES.contains(&name)
}

/// A body, which its end may be missing of, without its secrets: that of a form field by field,
/// any other as JSON, as far as it is that.
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
        Ok(tape) if has_secrets("", tape.root()) => {
            let value = without_secrets("", tape.root().to_json());
            Cow::Owned(value.to_string().into_bytes())
        }
        Ok(_) => Cow::Borrowed(bytes),
        Err(_) => cut(bytes),
    }
}

/// What was JSON before its end was lost, or never was any: texts behind the names of secrets go,
/// the last one too, whose end may be missing.
fn cut(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut shown = Vec::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(start) = next_quote(bytes, at) {
        let end = end_of_text(bytes, start + 1);
        let name = unescaped(bytes, start, end).unwrap_or_default();
        at = end + 1;
        let is_named = is_secret(&name) || URL_NAMES.contains(&&*name);
        let Some(value) = is_named.then(|| text_behind(bytes, at)).flatten() else {
            continue;
        };
        let end = end_of_text(bytes, value);
        // Of a text that is cut or no JSON nobody knows what it says.
        let text = unescaped(bytes, value - 1, end);
        let text = text.as_deref().map(|text| shown_text(&name, text));
        let text = text.unwrap_or(Cow::Borrowed(REDACTED));
        let written = Value::from(text).to_string();
        shown.extend_from_slice(&bytes[kept..value]);
        // Its own quotes stand there already.
        shown.extend_from_slice(&written.as_bytes()[1..written.len() - 1]);
        (kept, at) = (end, end + 1);
    }
    match kept {
        0 => Cow::Borrowed(bytes),
        kept => {
            shown.extend_from_slice(&bytes[kept..]);
            Cow::Owned(shown)
        }
    }
}

fn next_quote(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    Some(from + rest.iter().position(|byte| *byte == b'"')?)
}

/// Where a text ends that begins there: at its quote, or with the bytes.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < bytes.len() && bytes[at] != b'"' {
        at += match bytes[at] {
            b'\\' => 2,
            _ => 1,
        };
    }
    at.min(bytes.len())
}

/// What a text between these quotes says; none if it is cut, or no JSON.
fn unescaped(bytes: &[u8], quote: usize, end: usize) -> Option<String> {
    serde_json::from_slice(bytes.get(quote..=end)?).ok()
}

/// Where the text begins that a name's value is, if it is one.
fn text_behind(bytes: &[u8], name_end: usize) -> Option<usize> {
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    let after_space = |from: usize| {
        let rest = bytes.get(from..)?;
        Some(from + rest.iter().position(|byte| !is_space(byte))?)
    };
    let colon = after_space(name_end).filter(|at| bytes[*at] == b':')?;
    let quote = after_space(colon + 1).filter(|at| bytes[*at] == b'"')?;
    Some(quote + 1)
}

fn pairs(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_named = |pair: &[u8]| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        is_hidden_in_forms(&percent_decode(name).decode_utf8_lossy())
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
    let secrets = form_fields(bytes, content_type, is_hidden_in_forms);
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

/// Whether a value has secrets that is named so; what is no text may be one of the wrong type.
fn has_secrets(name: &str, item: Item<'_>) -> bool {
    match item.as_str() {
        Some(text) => shown_text(name, text) != text,
        None if is_secret(name) => !item.is_null(),
        None => {
            item.elements().any(|element| has_secrets(name, element))
                || item.members().any(|(name, value)| has_secrets(name, value))
        }
    }
}

fn without_secrets(name: &str, value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) => Value::from(shown_text(name, &text)),
        _ if is_secret(name) => Value::from(REDACTED),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let value = without_secrets(&name, value);
                (name, value)
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        Value::Array(items) => {
            let items = items.into_iter().map(|item| without_secrets(name, item));
            items.collect()
        }
        scalar @ (Value::Bool(_) | Value::Number(_)) => scalar,
    }
}
