//! One exchange as people and tests read it, with secrets redacted.
//!
//! Everything that costs more than copying bytes is worked out here, when somebody reads.

use data_encoding::{BASE64, HEXLOWER};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::api::call::Call;
use crate::contract::Unread;
use crate::domain::clock::Timestamp;
use crate::record::journal::{Exchange, Kept};

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";
/// Headers whose values are credentials.
const SECRET_HEADERS: [&str; 4] = [
    "authorization",
    "cookie",
    "openmail-mock-token",
    "x-api-key",
];
/// Body fields whose values are credentials.
const SECRET_FIELDS: [&str; 2] = ["token", "webhookSecret"];

/// The view of an exchange.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExchangeView<'e> {
    id: String,
    at: Option<Timestamp>,
    world: &'e str,
    operation: Option<&'e str>,
    request: Value,
    answer: Value,
    error: Option<&'e str>,
    valid: bool,
    violations: Value,
    contract_breach: bool,
    undocumented_status: bool,
    synthesized: bool,
    unread: Vec<Unread>,
    curl: String,
}

impl<'e> ExchangeView<'e> {
    pub(super) fn of(call: &'e Call<'_>, exchange: &'e Exchange) -> Self {
        let contract = &call.shared.api.contract;
        let operation = exchange.operation;
        let operation = operation.and_then(|index| contract.operations.get(index));
        let facts = &exchange.facts;
        let (method, target) = exchange.first_line();
        let headers = headers(exchange.head());
        let mut request = json!({ "method": method, "path": redact_target(target) });
        describe(&mut request, &headers, exchange.body());
        let mut answer = json!({ "status": facts.status });
        let answer_headers = self::headers(exchange.answer_head());
        describe(&mut answer, &answer_headers, exchange.answer());
        let violations = facts.violations.as_deref().map(serde_json::from_str);
        let unread = operation.map(|operation| {
            let query = target.split_once('?').map(|(_, query)| query);
            let content_type = header(&headers, "content-type");
            contract.unread(operation, query, content_type, exchange.body().bytes)
        });
        Self {
            id: format!("req_{}", exchange.number),
            at: Timestamp::from_millis(exchange.at),
            world: &call.world.name,
            operation: operation.map(|operation| operation.id.as_str()),
            request,
            answer,
            error: facts.error.as_deref(),
            valid: !facts.invalid,
            violations: violations.and_then(Result::ok).unwrap_or(json!([])),
            contract_breach: facts.breach,
            undocumented_status: facts.undocumented,
            synthesized: facts.synthesized,
            unread: unread.unwrap_or_default(),
            curl: curl(call, method, target, &headers, exchange.body()),
        }
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// The `name: value` lines of a head; a name that repeats has its values joined.
fn headers(head: &[u8]) -> Vec<(String, String)> {
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
fn describe(side: &mut Value, headers: &[(String, String)], kept: Kept<'_>) {
    let shown = headers.iter().map(|(name, value)| {
        let value = match SECRET_HEADERS.contains(&name.as_str()) {
            true => REDACTED,
            false => value,
        };
        (name.clone(), Value::from(value))
    });
    side["headers"] = Value::Object(shown.collect::<Map<_, _>>());
    side["bodyBytes"] = kept.length.into();
    side["bodyTruncated"] = kept.hash.is_some().into();
    if let Some(hash) = kept.hash {
        side["bodySha256"] = HEXLOWER.encode(hash).into();
    }
    if kept.bytes.is_empty() {
        return;
    }
    match (
        serde_json::from_slice(kept.bytes),
        std::str::from_utf8(kept.bytes),
    ) {
        (Ok(json), _) => side["body"] = redact(json),
        (Err(_), Ok(text)) => side["body"] = text.into(),
        (Err(_), Err(_)) => side["bodyBase64"] = BASE64.encode(kept.bytes).into(),
    }
}

fn redact(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let value = match (SECRET_FIELDS.contains(&name.as_str()), value) {
                    (true, Value::String(_)) => REDACTED.into(),
                    (_, value) => redact(value),
                };
                (name, value)
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        Value::Array(items) => items.into_iter().map(redact).collect(),
        scalar => scalar,
    }
}

/// Keys travel in queries too, where a client cannot set headers.
fn redact_target(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name @ ("token" | "api_key" | "access_token"), _)) => format!("{name}={REDACTED}"),
        Some(_) | None => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// A command for a shell that repeats the request with the key in the environment.
fn curl(
    call: &Call<'_>,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Kept<'_>,
) -> String {
    let base = call.shared.base_url(header(headers, "host"));
    let mut command = format!(
        "curl -X {method} {}",
        quoted(&format!("{base}{}", redact_target(target)))
    );
    for (name, value) in headers {
        match name.as_str() {
            "authorization" => command.push_str(" -H \"Authorization: Bearer $OPENMAIL_API_KEY\""),
            // curl writes these itself.
            "host" | "content-length" | "user-agent" | "accept" | "connection"
            | "accept-encoding" | "transfer-encoding" => {}
            name if SECRET_HEADERS.contains(&name) => {}
            name => command.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}")))),
        }
    }
    match (body.bytes, std::str::from_utf8(body.bytes)) {
        ([], _) => {}
        (_, Ok(text)) if body.hash.is_none() => {
            command.push_str(&format!(" --data-binary {}", quoted(text)));
        }
        _ => command.push_str(" --data-binary @body"),
    }
    command
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
