//! `Prefer: code=422`, `Prefer: error=recipient_suppressed`: a request that asks for its answer.
//!
//! RFC 7240 lets clients state any preferences in any number of lines; those that mean nothing here
//! are ignored, and of one that is stated twice the first counts. One that is all but ours in its
//! spelling means us, and who wrote it would take the ordinary answer for the one they asked for.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use crate::contract::nearest;

/// The header that states preferences.
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The header that says which of them were honoured.
pub(super) const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The preferences that choose an answer.
const OURS: [&str; 2] = ["code", "error"];

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Preferred {
    pub code: Option<String>,
    pub error: Option<String>,
}

/// A preference that is none of ours, and was surely to be one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misspelt {
    name: String,
    value: String,
    /// Which one it was to be.
    meant: &'static str,
}

impl Preferred {
    /// What these headers ask for, if they ask for an answer.
    ///
    /// # Errors
    ///
    /// The first preference that is misspelt, whatever stands beside it.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Misspelt> {
        if !headers.contains_key(PREFER) {
            return Ok(None);
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
                    other => match meant(other, &value) {
                        None => continue,
                        Some(meant) => {
                            let name = name.to_owned();
                            return Err(Misspelt { name, value, meant });
                        }
                    },
                };
                known.get_or_insert(value);
            }
        }
        let Self { code, error } = &preferred;
        Ok((code.is_some() || error.is_some()).then_some(preferred))
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

impl Misspelt {
    /// What is wrong, and what would be right.
    pub fn words(&self) -> String {
        let Self { name, value, meant } = self;
        let short = |text: &str| text.chars().take(100).collect::<String>();
        let (name, value) = (short(name), short(value));
        let stated = match value.is_empty() {
            true => name.clone(),
            false => format!("{name}={value}"),
        };
        let right = match (value.is_empty(), *meant) {
            (false, meant) => format!("{meant}={value}"),
            (true, "error") => "error=not_found".to_owned(),
            (true, _) => "code=404".to_owned(),
        };
        format!(
            "`Prefer: {stated}` asks for nothing that is known here: an answer is chosen by `code` or `error`; did you mean `Prefer: {right}`?"
        )
    }
}

/// Which of ours a preference was to be. Those of the field (`return`, `wait`, `respond-async`,
/// `handling`, `example`, `dynamic` and what is registered with them) are far from both.
fn meant(name: &str, value: &str) -> Option<&'static str> {
    let plain = name.replace(['-', '_'], "");
    if ["status", "statuscode", "httpstatus"].contains(&plain.as_str()) {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        return Some(if is_number { "code" } else { "error" });
    }
    if plain == "errorcode" {
        return Some("error");
    }
    // Short words are like many others: one that begins otherwise is a word of its own.
    let near = nearest(&plain, OURS)?;
    let near = OURS.into_iter().find(|ours| *ours == near)?;
    (plain.bytes().next() == near.bytes().next()).then_some(near)
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
