//! Faults of a world: what is to go wrong for which requests, judged when it is written.

mod deliveries;

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::forced::{Asker, choose, possible};
use crate::api::reply::Reply;
use crate::api::views::ListView;
use crate::contract::{
    Contract, In, MAX_VIOLATIONS, Operation, Side, Violation, bounded, nearest, push_token,
};
use crate::record::faults::{Cut, Fault, MAX_FAULTS, When};
use crate::record::pattern::fits;

pub(super) const ROWS: &[Row] = &[
    Row::guarded("listFaults", list_faults),
    Row::guarded("replaceFaults", replace_faults),
    Row::guarded("clearFaults", clear_faults),
];

/// Where an entry's schema stands in the control plane's document.
const SCHEMA: &str = "#/components/schemas/Fault";

/// Headers that frame an answer, and the one that names its exchange: an answer with another's
/// would be a broken mock rather than a broken API.
const FIXED_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
];

/// An entry as it is written; its form was checked by the document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    operation: String,
    #[serde(default)]
    when: Map<String, Value>,
    error: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    delay_ms: u64,
    drop: Option<String>,
    times: Option<u64>,
}

fn list_faults(call: &Call<'_>) -> Result<Reply, Failure> {
    let faults = call.world.faults();
    let faults = faults.as_deref().unwrap_or_default();
    let page = call.page();
    let shown = faults.iter().enumerate();
    let data = shown.skip(page.offset).take(page.limit).map(view).collect();
    let view = ListView::new(data, faults.len());
    Ok(Reply::json(StatusCode::OK, &view))
}

fn replace_faults(call: &Call<'_>) -> Result<Reply, Failure> {
    let entries = call
        .input
        .body
        .iter()
        .flat_map(|body| body.root().elements());
    let entries: Vec<Value> = entries.map(|entry| entry.to_json()).collect();
    if entries.len() > MAX_FAULTS {
        let message = format!(
            "these are {} faults, and a world has at most {MAX_FAULTS}",
            entries.len()
        );
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(Failure::new(status, "too_many_faults", message));
    }
    let mut judge = Judge {
        contract: &call.shared.api.contract,
        place: String::new(),
        wrong: Vec::new(),
    };
    let mut faults = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        judge.place = format!("/{index}");
        faults.extend(judge.fault(entry));
    }
    if !judge.wrong.is_empty() {
        return Err(refused(judge.wrong));
    }
    let data: Vec<Value> = faults.iter().enumerate().map(view).collect();
    call.world.put_faults(faults);
    let total = data.len();
    Ok(Reply::json(StatusCode::OK, &ListView::new(data, total)))
}

fn clear_faults(call: &Call<'_>) -> Result<Reply, Failure> {
    let removed = call.world.put_faults(Vec::new());
    Ok(Reply::json(StatusCode::OK, &json!({ "removed": removed })))
}

/// The entry as it was written, and what became of it.
fn view((index, fault): (usize, &Fault)) -> Value {
    let mut view: Value = serde_json::from_str(&fault.written).unwrap_or_default();
    view["on"] = match &fault.delivery {
        Some(_) => "delivery".into(),
        None => "request".into(),
    };
    view["index"] = index.into();
    view["hits"] = fault.hits().into();
    view
}

/// All that is wrong, in the manner of a body that breaks its schema.
fn refused(wrong: Vec<(String, String)>) -> Failure {
    let first = wrong
        .first()
        .map(|(place, words)| format!("{place}: {words}"));
    let unlisted = wrong.len().saturating_sub(MAX_VIOLATIONS);
    let violation = |(pointer, words): (String, String)| Violation {
        side: Side::Request,
        place: In::Body,
        rule: "fault".to_owned(),
        expected: None,
        actual: None,
        spec: SCHEMA.to_owned(),
        message: format!("{pointer}: {words}"),
        // No schema says it: the sentence is all there is to go by.
        hint: Some(words),
        code: None,
        pointer,
    };
    let listed = wrong.into_iter().take(MAX_VIOLATIONS).map(violation);
    let listed = bounded(listed.collect(), unlisted);
    Failure::bad_request(first.unwrap_or_default()).listing(listed)
}

/// Judges entries against the API's document.
struct Judge<'c> {
    contract: &'c Contract,
    /// JSON pointer of the entry.
    place: String,
    /// Places and what is wrong there.
    wrong: Vec<(String, String)>,
}

impl<'c> Judge<'c> {
    fn say(&mut self, place: &str, words: String) {
        self.wrong.push((format!("{}{place}", self.place), words));
    }

    /// Reads an entry and goes on past what is wrong, so that all of it is told.
    fn fault(&mut self, written: &Value) -> Option<Fault> {
        if written.get("on").and_then(Value::as_str) == Some("delivery") {
            return self.delivery_fault(written);
        }
        for name in ["corrupt", "duplicate"] {
            if written.get(name).is_some() {
                let words = format!("`{name}` is about deliveries: give `on` as `delivery`");
                self.say(&under("", name), words);
            }
        }
        if written.get("operation").is_none() {
            let words = "`operation` is missing: say which requests go wrong; `*` means all";
            self.say("", words.to_owned());
            return None;
        }
        let entry: Entry = match serde_json::from_value(written.clone()) {
            Ok(entry) => entry,
            Err(error) => {
                self.say("", error.to_string());
                return None;
            }
        };
        let operations = self.operations(&entry.operation);
        let cut = [Cut::Before, Cut::After, Cut::MidBody];
        let cut = cut
            .into_iter()
            .find(|cut| entry.drop.as_deref() == Some(cut.word()));
        self.judge_effect(&entry, cut);
        self.judge_answer(&entry, &operations);
        Some(Fault {
            when: self.when(&entry.when, &entry.operation, &operations),
            headers: self.headers(&entry.headers),
            operation: entry.operation,
            error: entry.error,
            status: entry.status,
            delay: Duration::from_millis(entry.delay_ms),
            cut,
            times: entry.times,
            written: written.to_string(),
            ..Fault::default()
        })
    }

    /// The operations that a pattern fits; without a `*` it is the name of one.
    fn operations(&mut self, pattern: &str) -> Vec<&'c Operation> {
        let operations = &self.contract.operations;
        let fitting = operations.iter().filter(|known| fits(pattern, &known.id));
        let fitting: Vec<&Operation> = fitting.collect();
        if fitting.is_empty() {
            let ids = operations.iter().map(|known| known.id.as_str());
            let near = hint(nearest(&pattern.replace('*', ""), ids));
            let words = match pattern.contains('*') {
                true => format!("`{pattern}` fits no operation of the document{near}"),
                false => format!("the document has no operation `{pattern}`{near}"),
            };
            self.say("/operation", words);
        }
        fitting
    }

    /// Whether something happens, and whether it can.
    fn judge_effect(&mut self, entry: &Entry, cut: Option<Cut>) {
        let is_answer = entry.error.is_some() || entry.status.is_some();
        let has_headers = !entry.headers.is_empty();
        if !is_answer && !has_headers && entry.delay_ms == 0 && cut.is_none() {
            let words =
                "nothing would go wrong: give `error`, `status`, `headers`, `delayMs` or `drop`";
            self.say("", words.to_owned());
        }
        match cut {
            Some(cut @ (Cut::Before | Cut::After)) if is_answer || has_headers => {
                let words = format!(
                    "`drop: \"{}\"` loses the answer: `error`, `status` and `headers` would never arrive",
                    cut.word()
                );
                self.say("/drop", words);
            }
            Some(Cut::Before | Cut::After | Cut::MidBody) | None => {}
        }
    }

    /// Whether each of the operations may answer that, since any of them may be struck.
    fn judge_answer(&mut self, entry: &Entry, operations: &[&Operation]) {
        let (status, error) = (entry.status, entry.error.as_deref());
        if status.is_none() && error.is_none() {
            return;
        }
        let is_impossible =
            |known: &&&Operation| choose(known, status, error, Asker::Fault).is_none();
        let Some(operation) = operations.iter().find(is_impossible) else {
            return;
        };
        let possible = possible(operation, error, Asker::Fault);
        let (place, asked) = match (error, status) {
            (Some(error), None) => ("/error", format!("`{error}`")),
            (None, Some(status)) => ("/status", status.to_string()),
            (Some(error), Some(status)) => ("/error", format!("{status} with `{error}`")),
            (None, None) => return,
        };
        self.say(
            place,
            format!("{asked} is no failure of `{}`; {possible}", operation.id),
        );
    }

    /// What can be sent in an answer; names compare without case.
    fn headers(&mut self, written: &Map<String, Value>) -> Vec<(String, String)> {
        let mut headers = Vec::with_capacity(written.len());
        for (name, value) in written {
            let place = under("/headers", name);
            let value = text(value);
            match HeaderName::from_bytes(name.as_bytes()) {
                Err(_) => self.say(&place, format!("`{name}` is no header's name")),
                Ok(known) if FIXED_HEADERS.contains(&known.as_str()) => {
                    let words = format!(
                        "`{known}` is written by the mock; use `drop` to break an answer off"
                    );
                    self.say(&place, words);
                }
                Ok(_) if HeaderValue::from_str(&value).is_err() => {
                    self.say(&place, "no header has this value".to_owned());
                }
                Ok(known) => headers.push((known.as_str().to_owned(), value)),
            }
        }
        headers
    }

    /// Patterns, whatever they are held against; only names can be wrong in them.
    fn when(
        &mut self,
        written: &Map<String, Value>,
        pattern: &str,
        operations: &[&Operation],
    ) -> When {
        let patterns = |side: &str| -> Vec<(String, String)> {
            let members = written.get(side).and_then(Value::as_object);
            let members = members.into_iter().flatten();
            members
                .map(|(name, value)| (name.clone(), text(value)))
                .collect()
        };
        let when = When {
            path: patterns("path"),
            query: patterns("query"),
            headers: patterns("headers"),
            body: patterns("body"),
        };
        for name in ["event", "inbox", "attempt"] {
            if written.contains_key(name) {
                let words = format!("a request has no `{name}`: give `on` as `delivery`");
                self.say(&under("/when", name), words);
            }
        }
        if !operations.is_empty() {
            self.judge_names(&when.path, In::Path, pattern, operations);
            self.judge_names(&when.query, In::Query, pattern, operations);
        }
        self.judge_fields(&when.body, pattern, operations);
        for (name, _) in &when.headers {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                let place = under("/when/headers", name);
                self.say(&place, format!("`{name}` is no header's name"));
            }
        }
        when
    }

    /// A field that is misspelt could never fit; of a pointer the first step is judged.
    fn judge_fields(
        &mut self,
        fields: &[(String, String)],
        pattern: &str,
        operations: &[&Operation],
    ) {
        for (written, _) in fields {
            let first = written.strip_prefix('/').map(|rest| rest.split('/').next());
            let name = first.flatten().unwrap_or(written);
            let name = name.replace("~1", "/").replace("~0", "~");
            let unknown = operations
                .iter()
                .filter(|operation| operation.body.is_some())
                .map(|operation| self.contract.unknown_field(operation, &name));
            let unknown: Option<Vec<_>> = unknown.collect();
            // One that knows it is enough. Bodies that are open may have any field, so only what is
            // like a known one is taken for a misspelling.
            let mut unknown = unknown.into_iter().flatten();
            let Some(near) = unknown.find_map(|it| it.nearest) else {
                continue;
            };
            let near = hint(Some(&near));
            let words = format!("`{pattern}` has no field `{name}` in its body{near}");
            self.say(&under("/when/body", written), words);
        }
    }

    /// A parameter that none of the operations has could never fit.
    fn judge_names(
        &mut self,
        names: &[(String, String)],
        place: In,
        pattern: &str,
        operations: &[&Operation],
    ) {
        let known = operations
            .iter()
            .flat_map(|operation| &operation.parameters);
        let known = known.filter(|parameter| parameter.place == place);
        let known: Vec<&str> = known.map(|parameter| parameter.name.as_str()).collect();
        let (side, word) = match place {
            In::Path => ("/when/path", "path"),
            In::Query | In::Header | In::Cookie | In::Body | In::Status => ("/when/query", "query"),
        };
        for (name, _) in names {
            // In a query, `filter[name]` belongs to the parameter `filter`.
            let whole = name.split('[').next().unwrap_or_default();
            if !known.contains(&name.as_str()) && !known.contains(&whole) {
                let near = hint(nearest(name, known.iter().copied()));
                let words = format!("`{pattern}` has no parameter `{name}` in its {word}{near}");
                self.say(&under(side, name), words);
            }
        }
    }
}

fn hint(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

fn under(place: &str, name: &str) -> String {
    let mut pointer = place.to_owned();
    push_token(&mut pointer, name);
    pointer
}

/// A pattern or a header's value, which may be written as a number or a truth value.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
