//! `Prefer: code=422`, `Prefer: error=recipient_suppressed`: a request that asks for its answer.
//!
//! RFC 7240 lets clients state any preferences in any number of lines; those that mean nothing here
//! are ignored, and of one that is stated twice the first counts.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

/// The header that states preferences.
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The header that says which of them were honoured.
pub(super) const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Preferred {
    pub code: Option<String>,
    pub error: Option<String>,
}

impl Preferred {
    /// What these headers ask for, if they ask for an answer.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(PREFER) {
            return None;
        }
        let mut preferred = Self {
            code: None,
            error: None,
        };
        for line in headers.get_all(PREFER) {
            let text = String::from_utf8_lossy(line.as_bytes());
            for preference in split(&text, ',') {
                let (name, value) = stated(preference);
                let known = match name.to_ascii_lowercase().as_str() {
                    "code" => &mut preferred.code,
                    "error" => &mut preferred.error,
                    _ => continue,
                };
                known.get_or_insert(value);
            }
        }
        let Self { code, error } = &preferred;
        (code.is_some() || error.is_some()).then_some(preferred)
    }

    /// The status that is asked for; 0, which is none, where the text is no number.
    pub fn status(&self) -> Option<u16> {
        let code = self.code.as_deref()?;
        let is_status = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
        Some(code.parse().ok().filter(|_| is_status).unwrap_or(0))
    }

    /// The preferences as they are stated.
    pub fn words(&self) -> String {
        let stated = [("code", &self.code), ("error", &self.error)];
        let stated = stated
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
        stated.collect::<Vec<_>>().join(", ")
    }

    /// The value of [`APPLIED`].
    pub fn applied(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.words()).ok()
    }
}

/// A preference's name and value; its parameters, behind a semicolon, say nothing here.
fn stated(preference: &str) -> (&str, String) {
    let stated = split(preference, ';').next().unwrap_or_default();
    let (name, value) = stated.split_once('=').unwrap_or((stated, ""));
    (name.trim(), unquoted(value.trim()))
}

/// The parts between separators that stand in no quoted text.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |character| {
        if is_escaped {
            is_escaped = false;
            return false;
        }
        match character {
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            other => return !is_quoted && other == separator,
        }
        false
    })
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').map(|rest| rest.strip_suffix('"'));
    let Some(Some(inner)) = inner else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}
