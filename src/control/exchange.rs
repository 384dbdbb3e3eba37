//! One exchange as people and tests read it, with secrets redacted.
//!
//! Everything that costs more than copying bytes is worked out here, when somebody reads.

mod command;

use data_encoding::{BASE64, HEXLOWER};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::effects::EffectsView;
use super::explained::{Explanation, Told};
use super::redaction::{REDACTED, hide_keys, is_secret, names_a_secret, redacted, without_keys};
pub(super) use command::quoted;

use crate::app::World;
use crate::contract::{Contract, Credential, Item, Operation, Tape, Unread};
use crate::domain::clock::Timestamp;
use crate::record::faults::Forced;
use crate::record::journal::{Exchange, Kept};

/// Headers whose values are credentials, whatever the document says.
const SECRET_HEADERS: [&str; 5] = [
    "authorization",
    "cookie",
    "openmail-mock-token",
    "proxy-authorization",
    "x-api-key",
];
/// A recorded body is shown as JSON if it nests at most this deep and has at most this many
/// values; a page of them must stay within what an answer may hold.
const SHOWN_DEPTH: usize = 48;
const SHOWN_VALUES: usize = 2_000;

/// The view of an exchange.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExchangeView<'e> {
    pub id: String,
    pub at: Option<Timestamp>,
    pub world: &'e str,
    pub operation: Option<&'e str>,
    pub request: Value,
    pub answer: Value,
    pub error: Option<&'e str>,
    pub valid: bool,
    pub violations: Value,
    pub contract_breach: bool,
    pub undocumented_status: bool,
    pub synthesized: bool,
    pub forced: bool,
    pub fault: Value,
    pub unread: Vec<Unread>,
    #[serde(flatten)]
    pub effects: EffectsView,
    pub explanation: Option<Explanation>,
    pub curl: String,
    /// How the command differs from the request.
    pub curl_differs: Option<String>,
}

impl<'e> ExchangeView<'e> {
    /// The API's contract, and the base of URLs at which this server listens.
    pub(super) fn of(
        (contract, base): (&'e Contract, &str),
        world: &'e World,
        exchange: &'e Exchange,
    ) -> Self {
        let operation = exchange.operation;
        let operation = operation.and_then(|index| contract.operations.get(index));
        let facts = &exchange.facts;
        let (method, target) = exchange.first_line();
        let headers = headers(exchange.head());
        let secrets = Secrets::of(operation);
        let mut request = json!({ "method": method, "path": secrets.redact_target(target) });
        describe(&mut request, &secrets, &headers, exchange.body());
        let mut answer = json!({ "status": facts.status });
        let answer_headers = self::headers(exchange.answer_head());
        describe(&mut answer, &secrets, &answer_headers, exchange.answer());
        let violations = facts.violations.as_deref().map(serde_json::from_str);
        let unread = operation.map(|operation| {
            let query = target.split_once('?').map(|(_, query)| query);
            let content_type = header(&headers, "content-type");
            contract.unread(operation, query, content_type, exchange.body().bytes)
        });
        let mut violations = violations.and_then(Result::ok).unwrap_or(json!([]));
        for told in [&mut request, &mut answer, &mut violations] {
            hide_keys(told);
        }
        let message = answer.pointer("/body/message").and_then(Value::as_str);
        let told = Told {
            headers: &headers,
            answer_headers: &answer_headers,
            violations: &violations,
            message,
        };
        let explanation = Explanation::of(contract, exchange, &told, &world.name);
        let url = format!("{base}{}", secrets.redact_target(target));
        let repeat = command::Repeat::of(exchange, &url, &secrets, &headers);
        Self {
            id: format!("req_{}", exchange.number),
            at: Timestamp::from_millis(exchange.at),
            world: &world.name,
            operation: operation.map(|operation| operation.id.as_str()),
            request,
            answer,
            error: facts.error.as_deref(),
            valid: !facts.invalid,
            violations,
            contract_breach: facts.breach,
            undocumented_status: facts.undocumented,
            synthesized: facts.synthesized,
            forced: facts.forced.is_some(),
            fault: facts.forced.map_or(Value::Null, Forced::json),
            unread: unread.unwrap_or_default(),
            effects: EffectsView::of(world, exchange.effects()),
            explanation,
            curl: repeat.command,
            curl_differs: repeat.differs,
        }
    }
}

/// Names under which an operation's requests carry credentials.
struct Secrets<'o> {
    headers: Vec<String>,
    parameters: Vec<&'o str>,
}

impl<'o> Secrets<'o> {
    fn of(operation: Option<&'o Operation>) -> Self {
        let mut secrets = Self {
            headers: SECRET_HEADERS.map(str::to_owned).to_vec(),
            parameters: Vec::new(),
        };
        let credentials = operation.map_or(&[][..], |operation| &operation.credentials);
        for credential in credentials {
            match credential {
                Credential::Header(name) => secrets.headers.push(name.to_lowercase()),
                Credential::Query(name) => secrets.parameters.push(name),
                Credential::Bearer | Credential::Basic | Credential::Cookie(_) => {}
            }
        }
        secrets
    }

    /// Whether a header carries the key, which whoever repeats the request has.
    fn carries_key(&self, name: &str) -> bool {
        self.headers.iter().any(|known| known == name)
    }

    fn is_secret_header(&self, name: &str) -> bool {
        self.carries_key(name) || names_a_secret(name)
    }

    fn redact_target(&self, target: &str) -> String {
        let target = &*without_keys(target);
        let Some((path, query)) = target.split_once('?') else {
            return target.to_owned();
        };
        let pairs = query.split('&').map(|pair| {
            let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = percent_decode_str(name).decode_utf8_lossy();
            match is_secret(&plain) || self.parameters.iter().any(|known| *known == plain) {
                true => format!("{name}={REDACTED}"),
                false => pair.to_owned(),
            }
        });
        format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
    }
}

pub(super) fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// The `name: value` lines of a head; a name that repeats has its values joined.
pub(super) fn headers(head: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(head);
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        match headers.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = format!("{known}, {value}"),
            None => headers.push((name.to_owned(), value.to_owned())),
        }
    }
    headers
}

/// Adds headers and body of one side.
fn describe(side: &mut Value, secrets: &Secrets<'_>, headers: &[(String, String)], kept: Kept<'_>) {
    let shown = headers.iter().map(|(name, value)| {
        let value = match secrets.is_secret_header(name) {
            true => REDACTED,
            false => value,
        };
        (name.clone(), Value::from(value))
    });
    side["headers"] = Value::Object(shown.collect::<Map<_, _>>());
    side["bodyBytes"] = kept.length.into();
    side["bodyTruncated"] = kept.is_cut().into();
    if let Some(hash) = kept.hash() {
        side["bodySha256"] = HEXLOWER.encode(&hash).into();
    }
    if kept.bytes.is_empty() {
        return;
    }
    let bytes = redacted(kept.bytes, header(headers, "content-type"));
    match (shown_json(&bytes), std::str::from_utf8(&bytes)) {
        (Some(json), _) => side["body"] = json,
        (None, Ok(text)) => side["body"] = text.into(),
        (None, Err(_)) => side["bodyBase64"] = BASE64.encode(&bytes).into(),
    }
}

/// A body as JSON, unless it is none or too large a part of an answer.
fn shown_json(bytes: &[u8]) -> Option<Value> {
    let tape = Tape::read(bytes).ok()?;
    let mut values = SHOWN_VALUES;
    fits(tape.root(), SHOWN_DEPTH, &mut values).then(|| tape.root().to_json())
}

/// Whether a value nests at most `depth` deep and uses up at most `values`.
fn fits(item: Item<'_>, depth: usize, values: &mut usize) -> bool {
    if *values == 0 || depth == 0 {
        return false;
    }
    *values -= 1;
    item.elements().all(|item| fits(item, depth - 1, values))
        && item
            .members()
            .all(|(_, item)| fits(item, depth - 1, values))
}
