//! The journal as people and tests read it: whole exchanges, with secrets redacted.
//!
//! Everything that costs more than copying bytes is worked out here, when somebody reads.

use data_encoding::{BASE64, HEXLOWER};
use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::contract::{Contract, Operation, Unread};
use crate::domain::clock::Timestamp;
use crate::record::journal::{Exchange, Kept};

pub(super) const ROWS: &[Row] = &[
    Row {
        operation: "listRequests",
        handler: list_requests,
    },
    Row {
        operation: "getRequest",
        handler: get_request,
    },
    Row {
        operation: "clearRequests",
        handler: clear_requests,
    },
];

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

fn list_requests(call: &Call<'_>) -> Result<Reply, Failure> {
    let filter = Filter::of(call)?;
    let extract = call
        .world
        .journal(call.page(), |exchange| filter.picks(exchange));
    let rows = extract.listing.rows.iter();
    let world = &call.world.name;
    let view = json!({
        "data": rows.map(|exchange| view(call, world, exchange)).collect::<Vec<_>>(),
        "total": extract.listing.total,
        "evicted": extract.evicted,
    });
    Ok(Reply::json(StatusCode::OK, &view))
}

fn get_request(call: &Call<'_>) -> Result<Reply, Failure> {
    let id = call.path("id")?;
    let exchange = number_of(id).and_then(|number| call.world.exchange(number));
    let exchange = exchange.ok_or_else(|| {
        let world = &call.world.name;
        let message = format!(
            "the journal of world `{world}` has no exchange `{id}`; name another world with `?world=`, and mind that old exchanges make room for new ones"
        );
        Failure::new(StatusCode::NOT_FOUND, "not_found", message)
    })?;
    let view = view(call, &call.world.name, &exchange);
    Ok(Reply::json(StatusCode::OK, &view))
}

fn clear_requests(call: &Call<'_>) -> Result<Reply, Failure> {
    call.world.clear_journal();
    Ok(Reply::no_content())
}

fn number_of(id: &str) -> Option<u64> {
    let digits = id.strip_prefix("req_")?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

/// What of a journal somebody wants to see.
struct Filter<'c> {
    operation: Option<usize>,
    method: Option<&'c str>,
    path: Option<&'c str>,
    status: Option<i64>,
    error: Option<&'c str>,
    valid: Option<bool>,
    since: Option<u64>,
}

impl<'c> Filter<'c> {
    fn of(call: &'c Call<'_>) -> Result<Self, Failure> {
        let contract = &call.shared.api.contract;
        let operation = match call.query_text("operation")? {
            None => None,
            Some(id) => {
                let mut ids = contract.operations.iter().map(|known| known.id.as_str());
                let index = ids.position(|known| known == id);
                Some(index.ok_or_else(|| unknown_operation(contract, id))?)
            }
        };
        let since = match call.query_text("since")? {
            None => None,
            Some(id) => Some(number_of(id).ok_or_else(|| {
                Failure::bad_request(format!(
                    "`since` is `{id}`, which is no exchange's id; ids look like `req_12`"
                ))
            })?),
        };
        Ok(Self {
            operation,
            method: call.query_text("method")?,
            path: call.query_text("path")?,
            status: call.query_integer("status"),
            error: call.query_text("error")?,
            valid: call.input.query("valid").and_then(Value::as_bool),
            since,
        })
    }

    fn picks(&self, exchange: &Exchange) -> bool {
        let (method, target) = first_line(exchange);
        let path = target.split('?').next().unwrap_or_default();
        let facts = &exchange.facts;
        self.since.is_none_or(|since| exchange.number > since)
            && self
                .status
                .is_none_or(|status| status == i64::from(facts.status))
            && self.valid.is_none_or(|valid| valid != facts.invalid)
            && self
                .operation
                .is_none_or(|index| exchange.operation == Some(index))
            && self
                .method
                .is_none_or(|wanted| method.eq_ignore_ascii_case(wanted))
            && self
                .error
                .is_none_or(|wanted| facts.error.as_deref() == Some(wanted))
            && self.path.is_none_or(|pattern| {
                let text = if pattern.contains('?') { target } else { path };
                fits(pattern, text)
            })
    }
}

fn unknown_operation(contract: &Contract, id: &str) -> Failure {
    let ids = contract.operations.iter().map(|known| known.id.as_str());
    let hint = crate::contract::nearest(id, ids)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    Failure::bad_request(format!("the document has no operation `{id}`{hint}"))
}

/// Equality, in which `*` stands for any run of characters. Linear: each piece is looked for once.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

fn first_line(exchange: &Exchange) -> (&str, &str) {
    let head = std::str::from_utf8(
        exchange
            .head()
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default(),
    );
    head.unwrap_or_default().split_once(' ').unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExchangeView<'e> {
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

fn view<'e>(call: &'e Call<'_>, world: &'e str, exchange: &'e Exchange) -> ExchangeView<'e> {
    let contract = &call.shared.api.contract;
    let operation = exchange
        .operation
        .and_then(|index| contract.operations.get(index));
    let facts = &exchange.facts;
    let (method, target) = first_line(exchange);
    let headers = headers(exchange.head().splitn(2, |byte| *byte == b'\n').nth(1));
    let mut request = json!({ "method": method, "path": redact_target(target) });
    describe(&mut request, &headers, exchange.body());
    let mut answer = json!({ "status": facts.status });
    describe(
        &mut answer,
        &self::headers(Some(exchange.answer_head())),
        exchange.answer(),
    );
    let violations = facts.violations.as_deref().map(serde_json::from_str);
    ExchangeView {
        id: format!("req_{}", exchange.number),
        at: Timestamp::from_millis(exchange.at),
        world,
        operation: operation.map(|operation| operation.id.as_str()),
        request,
        answer,
        error: facts.error.as_deref(),
        valid: !facts.invalid,
        violations: violations.and_then(Result::ok).unwrap_or(json!([])),
        contract_breach: facts.breach,
        undocumented_status: facts.undocumented,
        synthesized: facts.synthesized,
        unread: operation.map_or_else(Vec::new, |operation| {
            unread(contract, operation, target, &headers, exchange)
        }),
        curl: curl(method, target, &headers, exchange.body(), call),
    }
}

fn unread(
    contract: &Contract,
    operation: &Operation,
    target: &str,
    headers: &[(String, String)],
    exchange: &Exchange,
) -> Vec<Unread> {
    let query = target.split_once('?').map(|(_, query)| query);
    let content_type = headers.iter().find(|(name, _)| name == "content-type");
    let content_type = content_type.map(|(_, value)| value.as_str());
    contract.unread(operation, query, content_type, exchange.body().bytes)
}

/// One `name: value` pair for each line.
fn headers(lines: Option<&[u8]>) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(lines.unwrap_or_default());
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
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Kept<'_>,
    call: &Call<'_>,
) -> String {
    let base = call.shared.base_url(
        headers
            .iter()
            .find(|(name, _)| name == "host")
            .map(|(_, host)| host.as_str()),
    );
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
