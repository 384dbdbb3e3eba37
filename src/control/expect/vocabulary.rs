//! Words that a matcher can have where all of them are known: one that is none of them would wait in
//! vain, so it is refused when it is asked.

use super::kind::Kind;
use crate::api::DOCUMENT;
use crate::api::failures::Failure;
use crate::contract::{Contract, Item, nearest};
use crate::control::requests::unknown_operation;
use crate::domain::events;
use crate::domain::refusal::Rule;
use crate::record::pattern::fits;

/// How deliveries stand.
const STANDINGS: [&str; 3] = ["pending", "delivered", "failed"];
/// Codes that neither an operation of the document nor a rule has: of calls that were routed to none,
/// and of answers that the server makes by itself.
const CODES: [&str; 9] = [
    "connection_limit_reached",
    "method_not_allowed",
    "range_not_satisfiable",
    "request_header_fields_too_large",
    "server_stopping",
    "too_many_waiting",
    "upgrade_required",
    "url_expired",
    "world_changed",
];

/// Refuses a value of that field which nothing can ever have.
pub(super) fn check(
    contract: &Contract,
    kind: Kind,
    name: &str,
    value: Item<'_>,
) -> Result<(), Failure> {
    let text = value.as_str();
    match (kind, name, text) {
        (Kind::Requests, "operation", Some(pattern)) => {
            let mut ids = contract.operations.iter().map(|known| known.id.as_str());
            match ids.any(|id| fits(pattern, id)) {
                true => Ok(()),
                false => Err(unknown_operation(contract, pattern)),
            }
        }
        // Another document's codes may be made from its schemas: nobody knows them all.
        (Kind::Requests, "error", Some(pattern)) if contract.text() == DOCUMENT => {
            let answers = contract.operations.iter().flat_map(|it| &it.answers);
            let documented = answers.flat_map(|answer| answer.errors.iter());
            let rules = Rule::ALL.iter().map(|rule| rule.code());
            let codes = documented.map(String::as_str).chain(rules).chain(CODES);
            one_of("error", pattern, codes, "no answer has it")
        }
        (Kind::Requests, "status", _) => status_of_request(value),
        (Kind::Deliveries, "status", _) => {
            let is_known = text.is_some_and(|text| STANDINGS.contains(&text));
            let near = text.and_then(|text| nearest(text, STANDINGS));
            let form = "`pending`, `delivered` or `failed`";
            match is_known {
                true => Ok(()),
                false => Err(wrong_status(kind, value, form, near)),
            }
        }
        (Kind::Deliveries, "event", Some(pattern)) => {
            let words = events::Kind::ALL.map(events::Kind::word);
            let known = format!("events are `{}`", words.join("`, `"));
            one_of("event", pattern, words, &known)
        }
        (Kind::Requests | Kind::Messages | Kind::Deliveries, _, _) => Ok(()),
    }
}

/// Refuses a pattern that fits none of these words.
fn one_of<'w>(
    field: &str,
    pattern: &str,
    words: impl IntoIterator<Item = &'w str> + Clone,
    otherwise: &str,
) -> Result<(), Failure> {
    if words.clone().into_iter().any(|word| fits(pattern, word)) {
        return Ok(());
    }
    let hint = match nearest(&pattern.replace('*', ""), words) {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    };
    let shown: String = pattern.chars().take(100).collect();
    Err(Failure::bad_request(format!(
        "`match.{field}` is `{shown}`, which nothing can ever match; {hint}"
    )))
}

/// A status is a number of requests, and a word of deliveries.
fn status_of_request(value: Item<'_>) -> Result<(), Failure> {
    let is_known = value.as_str().is_none_or(|pattern| {
        // Those that an answer can have.
        (100..=599).any(|status: u16| fits(pattern, &status.to_string()))
    });
    let form = "the number of an HTTP status, 100 to 599, such as 201, or a pattern of it: \"4*\"";
    match is_known {
        true => Ok(()),
        false => Err(wrong_status(Kind::Requests, value, form, None)),
    }
}

fn wrong_status(kind: Kind, value: Item<'_>, form: &str, near: Option<&str>) -> Failure {
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Failure::bad_request(format!(
        "`match.status` is {}, but of {} it is {form}{hint}",
        value.to_json(),
        kind.words(0)
    ))
}
