//! The console: what the control plane's document says, and which worlds are open, as a page.
//!
//! Everything comes from the document that calls are checked against, so the page cannot lag behind
//! them. Of schemas it shows the fields that somebody would type, and leaves the rest to the document.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::exchange::quoted;
use crate::api::call::Call;
use crate::api::reply::Reply;
use crate::control::page::page;
use crate::domain::state::State;
use hyper::StatusCode;

const STYLE: &str = include_str!("console.css");
/// So many worlds are shown; the list of them has the rest.
const MAX_WORLDS: usize = 50;
/// A field's own fields are shown beside it if there are at most this many.
const FEW: usize = 12;
const VERBS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

pub(super) fn console(call: &Call<'_>) -> Reply {
    let document = serde_json::from_str(call.contract.text());
    let document = Document(document.unwrap_or_default());
    let base = call.base();
    let needs_token = call.shared.guard.token.is_some();
    let tags = document.0["tags"].as_array().map_or(&[][..], Vec::as_slice);
    let groups: Vec<_> = tags
        .iter()
        .map(|tag| (tag, document.calls(text(&tag["name"]))))
        .collect();
    let knows = |path: &str| document.0["paths"].get(path).is_some();
    let body = html! {
        header.top {
            strong { "openmail-mock" }
            nav {
                @for (tag, _) in &groups {
                    a href={ "#" (text(&tag["name"])) } { (text(&tag["name"])) }
                }
            }
            nav {
                a href="/_mock/openapi.json" { "openapi.json" }
                @if knows("/_mock/coverage") { a href="/_mock/coverage?format=html" { "what was seen" } }
            }
        }
        main {
            h1 { "Console" }
            p.soft { (prose(text(&document.0["info"]["description"]))) }
            h2 { "Open worlds" }
            (worlds(call))
            @for (tag, calls) in &groups {
                h2 id=(text(&tag["name"])) { (text(&tag["name"])) }
                p.soft { (prose(text(&tag["description"]))) }
                @for one in calls { (shown(&document, one, &base, needs_token)) }
            }
        }
    };
    page(StatusCode::OK, "Console", STYLE, &body)
}

/// What is alive, with ways to look at it.
fn worlds(call: &Call<'_>) -> Markup {
    let app = &call.shared.app;
    let names = app.names();
    // One world at a time: whoever holds a world keeps it from making room.
    let row = |name: &str| {
        let world = app.peek(name)?;
        let counts = world.read(State::counts);
        Some(html! {
            tr {
                td { code { (name) } }
                td.number { (counts.pods) }
                td.number { (counts.inboxes) }
                td.number { (counts.messages) }
                td.number { (world.exchanges()) }
                td { (world.now()) }
                td {
                    @for (what, path) in [("requests", "requests"), ("state", "state"), ("outbox", "outbox"),
                        ("deliveries", "deliveries"), ("sockets", "sockets"), ("faults", "faults")] {
                        a href={ "/_mock/" (path) "?world=" (name) } { (what) } " "
                    }
                }
            }
        })
    };
    html! {
        div.card.wide {
            table {
                thead {
                    tr {
                        th { "World" } th.number { "Pods" } th.number { "Inboxes" }
                        th.number { "Messages" } th.number { "Requests" } th { "Clock" } th { "Look at" }
                    }
                }
                tbody { @for name in names.iter().take(MAX_WORLDS) { @if let Some(row) = row(name.as_ref()) { (row) } } }
            }
        }
        @if names.is_empty() { p { "None yet: the first request with a key " code { "om_test_NAME" } " opens one." } }
        @if names.len() > MAX_WORLDS {
            p { a href="/_mock/worlds" { "All " (names.len()) " worlds" } }
        }
    }
}

/// A document whose references lead into itself.
struct Document(Value);

/// One call of it.
struct Listed<'d> {
    verb: &'d str,
    path: &'d str,
    operation: &'d Value,
}

impl Document {
    /// What a reference leads to, or the value itself.
    fn at<'d>(&'d self, value: &'d Value) -> &'d Value {
        let pointer = value["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        match pointer {
            Some(pointer) => self.0.pointer(pointer).unwrap_or(&Value::Null),
            None => value,
        }
    }

    fn calls(&self, tag: &str) -> Vec<Listed<'_>> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        let calls = paths.flat_map(|(path, verbs)| {
            let listed = VERBS.iter().filter_map(move |verb| {
                let operation = verbs.get(verb)?;
                Some(Listed {
                    verb,
                    path,
                    operation,
                })
            });
            listed.filter(|listed| text(&listed.operation["tags"][0]) == tag)
        });
        calls.collect()
    }

    /// What a schema asks for, in a few words.
    fn kind(&self, schema: &Value) -> String {
        if let Some(name) = schema["$ref"].as_str() {
            return name.rsplit('/').next().unwrap_or_default().to_owned();
        }
        let listed = |list: &Value| list.as_array().cloned().unwrap_or_default();
        let choices = listed(&schema["oneOf"]);
        let choices = choices.iter().map(|choice| self.kind(choice));
        let literals = listed(&schema["enum"]);
        let literals = literals.iter().map(Value::to_string);
        let words: Vec<String> = choices.chain(literals).collect();
        let kind = match (words.is_empty(), schema["type"].as_str()) {
            (false, _) => words.join(" or "),
            (true, Some("array")) => format!("list of {}", self.kind(&schema["items"])),
            (true, kind) => kind.unwrap_or("anything").to_owned(),
        };
        match schema["nullable"].as_bool() {
            Some(true) => format!("{kind} or null"),
            Some(false) | None => kind,
        }
    }

    /// The fields of a schema, and their own where those are few.
    fn fields<'d>(&'d self, schema: &'d Value) -> Vec<(String, bool, &'d Value)> {
        let mut fields = Vec::new();
        let schema = self.at(schema);
        let schema = match schema["type"].as_str() {
            Some("array") => self.at(&schema["items"]),
            Some(_) | None => schema,
        };
        for (name, is_required, value) in own_fields(schema) {
            let nested: Vec<_> = match value["oneOf"].as_array() {
                Some(choices) => own_fields(self.at(choices.first().unwrap_or(value))).collect(),
                None => own_fields(self.at(value)).collect(),
            };
            fields.push((name.clone(), is_required, value));
            if nested.len() <= FEW {
                let nested = nested.into_iter().map(|(inner, is_required, value)| {
                    (format!("{name}.{inner}"), is_required, value)
                });
                fields.extend(nested);
            }
        }
        fields
    }

    /// What a field says of itself, or what it refers to does.
    fn description<'d>(&'d self, value: &'d Value) -> &'d str {
        match value["description"].as_str() {
            Some(words) => words,
            None => text(&self.at(value)["description"]),
        }
    }
}

fn own_fields(schema: &Value) -> impl Iterator<Item = (String, bool, &Value)> {
    let required = &schema["required"];
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.map(move |(name, value)| {
        let mut required = required.as_array().into_iter().flatten();
        (name.clone(), required.any(|it| it == name), value)
    })
}

fn shown(document: &Document, listed: &Listed<'_>, base: &str, needs_token: bool) -> Markup {
    let operation = listed.operation;
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters: Vec<&Value> = parameters.map(|it| document.at(it)).collect();
    let content = operation["requestBody"]["content"].as_object();
    let content = content.unwrap_or(&Map::new()).clone();
    let command = curl(listed, &parameters, &content, base, needs_token);
    html! {
        details.card.call id=(text(&operation["operationId"])) {
            summary {
                span class={ "verb " (listed.verb) } { (listed.verb.to_uppercase()) }
                code { (listed.path) }
                span.soft { (text(&operation["summary"])) }
            }
            div.inner {
                p { (prose(text(&operation["description"]))) }
                @if !parameters.is_empty() {
                    h3 { "Parameters" }
                    (table(parameters.iter().map(|it| {
                        let place = format!("{}, {}", text(&it["in"]), document.kind(&it["schema"]));
                        (text(&it["name"]).to_owned(), it["required"] == true, place, text(&it["description"]))
                    })))
                }
                @for (media, body) in &content {
                    h3 { "Body, " (media) }
                    (table(document.fields(&body["schema"]).into_iter().map(|(name, is_required, value)| {
                        (name, is_required, document.kind(value), document.description(value))
                    })))
                    @if let Some(example) = body.get("example") { pre { (pretty(example)) } }
                }
                h3 { "With curl" }
                pre { (command) }
                h3 { "Answers" }
                (table(operation["responses"].as_object().into_iter().flatten().map(|(status, answer)| {
                    (status.clone(), false, String::new(), text(&document.at(answer)["description"]))
                })))
            }
        }
    }
}

/// Names, whether they must be there, what they are, and words about them.
fn table<'r>(rows: impl Iterator<Item = (String, bool, String, &'r str)>) -> Markup {
    html! {
        table {
            @for (name, is_required, kind, words) in rows {
                tr {
                    th scope="row" {
                        code { (name) }
                        @if is_required { " " span.tag { "required" } }
                    }
                    td { @if !kind.is_empty() { span.faint { (kind) } br; } (prose(words)) }
                }
            }
        }
    }
}

/// A command that makes the call; what has to be filled in is in capitals, and that is what nobody
/// knows before: the examples of the document fit one another from the first to the last.
fn curl(
    listed: &Listed<'_>,
    parameters: &[&Value],
    content: &Map<String, Value>,
    base: &str,
    needs_token: bool,
) -> String {
    let in_path = parameters.iter().filter(|it| it["in"] == "path");
    let path = in_path.fold(listed.path.to_owned(), |path, it| {
        let name = text(&it["name"]);
        let value = match it["example"].as_str() {
            Some(example) => example.to_owned(),
            None => name.to_uppercase(),
        };
        path.replace(&format!("{{{name}}}"), &value)
    });
    let needed = parameters
        .iter()
        .filter(|it| it["in"] == "query" && it["required"] == true);
    let query: Vec<String> = needed
        .map(|it| format!("{}={}", text(&it["name"]), text(&it["name"]).to_uppercase()))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let url = format!("{base}{path}{mark}{}", query.join("&"));
    let mut command = match listed.verb {
        "get" => format!("curl {}", quoted(&url)),
        verb => format!("curl -X {} {}", verb.to_uppercase(), quoted(&url)),
    };
    if needs_token {
        command.push_str(" \\\n  -H \"OpenMail-Mock-Token: $OPENMAIL_MOCK_CONTROL_TOKEN\"");
    }
    if let Some(example) = content
        .get("application/json")
        .and_then(|it| it.get("example"))
    {
        let body = quoted(&example.to_string());
        command.push_str(" \\\n  -H 'Content-Type: application/json' \\\n  --data-raw ");
        command.push_str(&body);
    }
    command
}

/// Words whose pieces between backticks are code.
fn prose(words: &str) -> Markup {
    html! {
        @for (index, piece) in words.split('`').enumerate() {
            @if index % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
