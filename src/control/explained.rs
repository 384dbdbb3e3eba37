//! Why an exchange ended as a failure, in words for somebody who sees it for the first time: the
//! rule, where the document says so, the state that decided, and what to do.

mod codes;
mod within;

use serde::Serialize;
use serde_json::Value;

use super::exchange::header;
use crate::api::nearest_path;
use crate::contract::{Contract, Credential, Match, Operation, Place, Spot, places, push_token};
use crate::record::cause::Cause;
use crate::record::faults::Forced;
use crate::record::journal::{Exchange, Facts};
use codes::Known;

/// What decided that it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Decided {
    /// The document: the request breaks it, or calls what is not in it.
    Document,
    /// A rule of the service, and the world's state.
    Rule,
    /// The key.
    Key,
    /// The request's own header `Prefer`.
    Prefer,
    /// A fault of the world.
    Fault,
    /// A recipient at fail.test.
    Recipient,
    /// The server: its bounds, its end, or a defect.
    Server,
}

/// Why.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Explanation {
    pub decided: Decided,
    pub summary: String,
    pub why: String,
    pub rule: String,
    pub spec: PlaceView,
    pub broken: Vec<Broken>,
    pub state: Vec<Deciding>,
    pub remedy: Vec<String>,
}

/// A place in the document as it is served.
#[derive(Debug, Serialize)]
pub(super) struct PlaceView {
    pub pointer: String,
    pub line: usize,
    pub column: usize,
}

/// One violation, with the line of its rule.
#[derive(Debug, Serialize)]
pub(super) struct Broken {
    #[serde(rename = "in")]
    pub part: String,
    pub pointer: String,
    pub says: String,
    pub spec: PlaceView,
}

/// Something that decided.
#[derive(Debug, Serialize)]
pub(super) struct Deciding {
    pub what: String,
    pub value: String,
    pub see: Option<String>,
}

/// What was read of an exchange already.
#[derive(Clone, Copy)]
pub(super) struct Told<'t> {
    /// Names and values.
    pub headers: &'t [(String, String)],
    pub answer_headers: &'t [(String, String)],
    pub violations: &'t Value,
    /// The sentence of the answer.
    pub message: Option<&'t str>,
}

/// What there is to know of a failure before it is explained.
struct Failed<'f> {
    contract: &'f Contract,
    operation: Option<&'f Operation>,
    facts: &'f Facts,
    status: u16,
    code: &'f str,
    method: &'f str,
    path: &'f str,
    query: &'f str,
    told: Told<'f>,
    violations: &'f [Value],
}

impl Explanation {
    /// Why an exchange failed; none if it did not.
    pub fn of(
        contract: &Contract,
        exchange: &Exchange,
        told: &Told<'_>,
        world: &str,
    ) -> Option<Self> {
        let facts = &exchange.facts;
        let status = facts.status.filter(|status| *status >= 400)?;
        let (method, target) = exchange.first_line();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let operation = exchange.operation;
        let failed = Failed {
            contract,
            operation: operation.and_then(|index| contract.operations.get(index)),
            facts,
            status,
            code: facts.error.as_deref().unwrap_or("no code"),
            method,
            path,
            query,
            told: *told,
            violations: told.violations.as_array().map_or(&[], Vec::as_slice),
        };
        let message = told.message.unwrap_or_default();
        Some(failed.explain(message).within(world).without_keys())
    }
}

impl Failed<'_> {
    fn explain(&self, message: &str) -> Explanation {
        let (decided, known) = self.known();
        let pointer = self.pointer();
        let mut spots = vec![pointer.as_str()];
        spots.extend(self.violations.iter().map(spec_of));
        let spots: Vec<Spot<'_>> = spots.into_iter().map(Spot::Value).collect();
        let lines = places(self.contract.text(), &spots);
        let broken = self.violations.iter().zip(&lines[1..]);
        let broken = broken.map(|(violation, place)| broken_at(violation, *place));
        let why = match (message, decided) {
            ("", _) => format!("The answer says `{}` and nothing more.", self.code),
            (message, _) => capitalised(message),
        };
        Explanation {
            decided,
            summary: self.summary(decided),
            why,
            rule: known.rule,
            broken: broken.collect(),
            state: known.state,
            remedy: known.remedy,
            spec: PlaceView {
                line: lines[0].line,
                column: lines[0].column,
                pointer: format!("#{pointer}"),
            },
        }
    }

    /// What decided, and what is known about that.
    fn known(&self) -> (Decided, Known) {
        let facts = self.facts;
        if facts.breach {
            return (Decided::Server, codes::breach());
        }
        match facts.forced.filter(|_| facts.asked_for) {
            Some(Forced::Preference) => {
                return (Decided::Prefer, codes::preferred(self.told.headers));
            }
            Some(Forced::Fault { index, .. }) => return (Decided::Fault, codes::struck(index)),
            None => {}
        }
        if let Some(cause) = &facts.cause {
            let (decided, mut known) = match cause.asked_by {
                Some(_) => (Decided::Recipient, caused(cause)),
                // A bound of the server, which no rule of the service saw.
                None if self.status == 413 && facts.body_is_missing => {
                    (Decided::Document, caused(cause))
                }
                None => (Decided::Rule, caused(cause)),
            };
            if decided == Decided::Document {
                known.state.push(codes::length_that_came(self.told.headers));
            }
            return (decided, known);
        }
        if !self.violations.is_empty() {
            return (Decided::Document, codes::violated(self.violations));
        }
        let (decided, mut known) = match (self.status, self.code) {
            (401, _) => match self.lacks_key() {
                true => (Decided::Key, codes::no_key(self.operation)),
                false => (Decided::Key, codes::wrong_key(self.told.headers)),
            },
            (404, _) if self.operation.is_none() => {
                (Decided::Document, codes::no_route(self.near()))
            }
            (405, _) => {
                let known = codes::wrong_method(self.method, self.told.answer_headers);
                (Decided::Document, known)
            }
            (415, _) => {
                let known = codes::wrong_media_type(self.operation, self.told.headers);
                (Decided::Document, known)
            }
            (_, code) => codes::known(code, self.status),
        };
        if known.rule.is_empty() {
            known.rule = self.documented();
        }
        (decided, known)
    }

    fn summary(&self, decided: Decided) -> String {
        let call = match self.operation {
            Some(operation) => format!("`{}`", operation.id),
            None if self.method.is_empty() => "A request that could not be read".to_owned(),
            None => "The call".to_owned(),
        };
        let by = match decided {
            Decided::Document => "the request does not keep to the document",
            Decided::Rule => "a rule of the service refused it",
            Decided::Key if self.lacks_key() => "no key came with it",
            Decided::Key => "its key opens nothing here",
            Decided::Prefer => "it asked for that itself, with its header `Prefer`",
            Decided::Fault => "a fault that stands in its world made that answer",
            Decided::Recipient => "a recipient at fail.test asked for that answer",
            Decided::Server => "the server could not do it",
        };
        format!("{call} was answered {} `{}`: {by}.", self.status, self.code)
    }

    /// Whether nothing came where the document asks for a key.
    fn lacks_key(&self) -> bool {
        let has_header = |name: &str| header(self.told.headers, name).is_some();
        codes::credentials(self.operation)
            .iter()
            .all(|credential| match credential {
                Credential::Bearer | Credential::Basic => !has_header("authorization"),
                Credential::Header(name) => !has_header(&name.to_lowercase()),
                Credential::Query(name) => {
                    let mut pairs = self.query.split('&');
                    !pairs.any(|pair| pair.split('=').next() == Some(name))
                }
                Credential::Cookie(_) => !has_header("cookie"),
            })
    }

    /// Where the document says so: the rule that was broken first, or the answer that was given.
    fn pointer(&self) -> String {
        if let Some(first) = self.violations.first() {
            return spec_of(first).to_owned();
        }
        if let Some(operation) = self.operation {
            let answer = operation.answer(self.status);
            return answer
                .map_or(&operation.pointer, |answer| &answer.pointer)
                .clone();
        }
        let template = match self.contract.route("", self.path) {
            // A path that has other methods.
            Match::MethodNotAllowed(methods) => {
                methods
                    .iter()
                    .find_map(|method| match self.contract.route(method, self.path) {
                        Match::Operation(index, _) => {
                            Some(self.contract.operations[index].template.as_str())
                        }
                        Match::MethodNotAllowed(_) | Match::NotFound => None,
                    })
            }
            Match::Operation(..) | Match::NotFound => self.near(),
        };
        let mut pointer = "/paths".to_owned();
        if let Some(template) = template {
            push_token(&mut pointer, template);
        }
        pointer
    }

    /// The path that may have been meant.
    fn near(&self) -> Option<&str> {
        let operations = self.contract.operations.iter();
        nearest_path(
            self.path,
            operations.map(|operation| operation.template.as_str()),
        )
    }

    /// What the document says of this answer.
    fn documented(&self) -> String {
        let answer = self
            .operation
            .and_then(|operation| operation.answer(self.status));
        let told = answer.and_then(|answer| self.contract.described(&answer.pointer));
        told.unwrap_or("The document says nothing about this answer.")
            .to_owned()
    }
}

/// What a rule told of itself.
fn caused(cause: &Cause) -> Known {
    let state = cause.facts.iter().map(|fact| Deciding {
        what: fact.what.to_owned(),
        value: fact.value.to_string(),
        see: fact.call.as_ref().map(|call| call.clone().into_owned()),
    });
    let mut known = Known {
        rule: cause.rule.clone().into_owned(),
        state: state.collect(),
        remedy: cause
            .remedies
            .iter()
            .map(|remedy| remedy.clone().into_owned())
            .collect(),
    };
    if let Some(asked_by) = &cause.asked_by {
        known.state.push(Deciding {
            what: "recipient that asked".to_owned(),
            value: asked_by.to_string(),
            see: None,
        });
    }
    known
}

/// The pointer of a violation's rule, without what stands before it in a URL.
fn spec_of(violation: &Value) -> &str {
    let spec = violation["spec"].as_str().unwrap_or_default();
    spec.trim_start_matches('#')
}

fn broken_at(violation: &Value, place: Place) -> Broken {
    let text = |name: &str| violation[name].as_str().unwrap_or_default().to_owned();
    let mut says = format!("breaks `{}`", text("rule"));
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Some(expected) = violation.get("expected") {
        says.push_str(&format!(", expected {}", plain(expected)));
    }
    if text("rule") == "required" {
        says.push_str(", and is not there");
    } else if let Some(actual) = violation.get("actual") {
        says.push_str(&format!(", came {}", plain(actual)));
    }
    if let Some(hint) = violation.get("hint").and_then(Value::as_str) {
        says.push_str(&format!("; {hint}"));
    }
    Broken {
        part: text("in"),
        pointer: text("pointer"),
        says,
        spec: PlaceView {
            pointer: text("spec"),
            line: place.line,
            column: place.column,
        },
    }
}

/// A sentence with a capital at its start, unless it begins with a name.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let mut sentence: String = first.into_iter().chain(characters).collect();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}
