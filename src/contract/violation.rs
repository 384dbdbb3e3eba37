//! What an exchange broke in the contract, said so that a newcomer can mend it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::contract::json::pointer::push_token;
use crate::contract::schema::dialect::Variant;

/// At most this many violations are listed for one message.
pub const MAX_VIOLATIONS: usize = 20;
/// The rule of an entry that stands for others.
const MORE: &str = "more";

/// Who sent what broke the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The client.
    Request,
    /// The server: its own bug, or a document that it cannot honour.
    Response,
}

/// The part of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum In {
    /// A path parameter.
    Path,
    /// A query parameter.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// The body.
    Body,
    /// The status code of an answer.
    Status,
}

/// One breach of the contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Violation {
    /// Who broke it.
    pub side: Side,
    /// Where it is.
    #[serde(rename = "in")]
    pub place: In,
    /// JSON pointer into that part; a parameter's pointer begins with its name.
    pub pointer: String,
    /// The schema keyword that does not hold, or the HTTP rule.
    pub rule: String,
    /// What the rule asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What came: the measured quantity for lengths and counts, the value otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Value>,
    /// Pointer to the rule in the document, after `#`.
    pub spec: String,
    /// What helps: the nearest spelling, the closest branch, the option that relaxes the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The same in one plain sentence.
    #[serde(skip)]
    pub message: String,
    /// The error code that the document sets for this rule.
    #[serde(skip)]
    pub code: Option<String>,
}

/// The part of a message that a validator was asked about.
pub(in crate::contract) struct Subject<'s> {
    pub side: Side,
    pub place: In,
    /// The parameter's name; empty for a body.
    pub name: &'s str,
    pub variant: Variant,
    /// Whether it is no part of any message, such as a file.
    pub is_apart: bool,
    /// Whether it is a form, whose lists are fields that repeat.
    pub is_form: bool,
}

impl Subject<'static> {
    /// A whole body.
    pub fn body(side: Side, variant: Variant) -> Self {
        Self {
            side,
            place: In::Body,
            name: "",
            variant,
            is_apart: false,
            is_form: false,
        }
    }

    /// A document that is judged as a request's body is, and that nobody sent.
    pub fn document() -> Self {
        Self {
            is_apart: true,
            ..Self::body(Side::Request, Variant::Request)
        }
    }
}

impl Subject<'_> {
    /// A pointer into the validated value as one into the part of the message.
    pub fn pointer(&self, instance_path: &str) -> String {
        let mut pointer = String::new();
        if !self.name.is_empty() {
            push_token(&mut pointer, self.name);
        }
        pointer.push_str(instance_path);
        pointer
    }

    /// How a sentence names the place.
    pub fn words(&self, pointer: &str) -> String {
        let part = match self.place {
            In::Body if self.is_apart => "the document",
            In::Body if self.side == Side::Response => "the answer's body",
            In::Body => "the body",
            In::Path => "path parameter",
            In::Query => "query parameter",
            In::Header => "header",
            In::Cookie => "cookie",
            In::Status => "the status",
        };
        if let Some(item) = self.item_number(pointer) {
            return format!("{part} `{}`, item {item}", self.name);
        }
        if let Some((field, item)) = self.repeated_field(pointer) {
            return format!("`{field}`, item {item}");
        }
        let name = match pointer[1.min(pointer.len())..].contains(['/', '~']) {
            true => pointer,
            false => pointer.trim_start_matches('/'),
        };
        match (self.place, name) {
            (In::Body | In::Status, "") if pointer.is_empty() => part.to_owned(),
            (In::Body, "") => "the field ``".to_owned(),
            (In::Body, name) => format!("`{name}`"),
            (_, name) => format!("{part} `{name}`"),
        }
    }

    /// Which item of a parameter's list a pointer leads to, counted from 1.
    fn item_number(&self, pointer: &str) -> Option<usize> {
        let tail = pointer.strip_prefix(self.pointer("").as_str())?;
        let index = tail.strip_prefix('/')?.parse::<usize>().ok()?;
        (!self.name.is_empty()).then_some(index + 1)
    }

    /// Which of the fields of one name in a form a pointer leads to, counted from 1.
    fn repeated_field<'p>(&self, pointer: &'p str) -> Option<(&'p str, usize)> {
        let (field, index) = pointer.strip_prefix('/')?.split_once('/')?;
        let index = index.parse::<usize>().ok()?;
        (self.is_form && !field.contains('~')).then_some((field, index + 1))
    }

    /// A violation that no schema told of.
    pub fn violation(&self, rule: &str, spec: &str, message: impl Into<String>) -> Violation {
        Violation {
            side: self.side,
            place: self.place,
            pointer: self.pointer(""),
            rule: rule.to_owned(),
            expected: None,
            actual: None,
            spec: format!("#{spec}"),
            hint: None,
            message: message.into(),
            code: None,
        }
    }
}

/// An entry that stands for `rest` others.
pub(in crate::contract) fn more(like: &Violation, rest: usize) -> Violation {
    Violation {
        pointer: String::new(),
        rule: MORE.to_owned(),
        expected: None,
        actual: Some(rest.into()),
        hint: Some(format!("{rest} more violations are not listed")),
        message: format!("and {rest} more"),
        code: None,
        ..like.clone()
    }
}

/// At most [`MAX_VIOLATIONS`] of them, and an entry that says how many are not listed: those, and
/// `rest` others.
#[must_use]
pub fn bounded(mut violations: Vec<Violation>, rest: usize) -> Vec<Violation> {
    let rest = rest + violations.len().saturating_sub(MAX_VIOLATIONS);
    violations.truncate(MAX_VIOLATIONS);
    if let (Some(first), true) = (violations.first(), rest > 0) {
        let entry = more(first, rest);
        violations.push(entry);
    }
    violations
}

/// The violations as a header value: valid JSON in ASCII, under 4 kB, whole entries only.
#[must_use]
pub fn header_value(violations: &[Violation]) -> String {
    const ROOM: usize = 4_000;
    // The entry that counts the rest is small, but its `spec` is the document's.
    let text = |listed: &[Violation]| ascii(&json!(listed).to_string());
    let whole = text(violations);
    if whole.len() <= ROOM {
        return whole;
    }
    for kept in (0..violations.len()).rev() {
        let mut listed = violations[..kept].to_vec();
        let mut rest = more(
            &violations[0],
            violations[kept..].iter().map(stands_for).sum(),
        );
        if rest.spec.len() > 1_000 {
            rest.spec = "#".to_owned();
        }
        listed.push(rest);
        let cut = text(&listed);
        if cut.len() <= ROOM {
            return cut;
        }
    }
    "[]".to_owned()
}

/// How many violations an entry stands for.
fn stands_for(entry: &Violation) -> usize {
    let counted = entry.actual.as_ref().filter(|_| entry.rule == MORE);
    let counted = counted.and_then(Value::as_u64);
    counted.map_or(1, |count| count as usize)
}

/// JSON text has non-ASCII characters only inside strings, where an escape means the same.
fn ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    let mut units = [0; 2];
    for character in json.chars() {
        if matches!(character, ' '..='~') {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut units) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    }
    escaped
}
