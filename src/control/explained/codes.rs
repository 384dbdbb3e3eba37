//! What there is to say about failures that no rule of the service decided.

use serde_json::Value;

use super::Deciding;
use super::header;
use crate::contract::{Credential, Operation};

/// What is known about a failure.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The rule; where it is empty, the document's words stand for it.
    pub rule: String,
    pub state: Vec<Deciding>,
    pub remedy: Vec<String>,
}

impl Known {
    fn new<const N: usize>(rule: &str, remedy: [&str; N]) -> Self {
        Self {
            rule: rule.to_owned(),
            state: Vec::new(),
            remedy: remedy.map(str::to_owned).to_vec(),
        }
    }

    fn with(mut self, what: &str, value: impl Into<String>, see: Option<&str>) -> Self {
        self.state.push(Deciding {
            what: what.to_owned(),
            value: value.into(),
            see: see.map(str::to_owned),
        });
        self
    }
}

/// An answer of our own that broke the contract.
pub(super) fn breach() -> Known {
    Known::new(
        "Every answer is held against the document before it leaves; one that breaks it is withheld, because it would teach clients what the service never says.",
        [
            "report it, with this page: it is a defect of the mock, and the request is not to blame",
            "what the call wrote stays written; reset the world if that is in the way",
        ],
    )
}

/// An answer that the request's own header chose.
pub(super) fn preferred(headers: &[(String, String)]) -> Known {
    let known = Known::new(
        "`Prefer: code=…` and `Prefer: error=…` choose one of the documented answers; nothing is looked at and nothing changes.",
        ["leave the header `Prefer` out for the real answer"],
    );
    match headers.iter().find(|(name, _)| name == "prefer") {
        Some((_, value)) => known.with("Prefer", value.as_str(), None),
        None => known,
    }
}

/// An answer that a fault chose.
pub(super) fn struck(index: usize) -> Known {
    let rule = "A fault answers in the place of the service, to requests that fit it, as often as its `times` says; nothing changes.";
    let known = Known::new(
        rule,
        ["take the faults away: DELETE /_mock/faults, or PUT /_mock/faults without this one"],
    );
    known.with(
        "fault that struck, counted from 0",
        index.to_string(),
        Some("GET /_mock/faults"),
    )
}

/// A request that breaks the document.
pub(super) fn violated(violations: &[Value]) -> Known {
    let hints = violations
        .iter()
        .filter_map(|it| Some((it["pointer"].as_str()?, it.get("hint")?.as_str()?)));
    let mut remedy: Vec<String> = hints
        .take(5)
        .map(|(pointer, hint)| match pointer {
            "" => hint.to_owned(),
            pointer => format!("`{pointer}`: {hint}"),
        })
        .collect();
    if remedy.is_empty() {
        remedy
            .push("change what is listed as broken to what the document expects there".to_owned());
    }
    Known {
        rule: "Every request is held against the document before anything is done; all that breaks it is told at once.".to_owned(),
        state: Vec::new(),
        remedy,
    }
}

/// A path that the document has not.
pub(super) fn no_route(near: Option<&str>) -> Known {
    let mut known = Known::new(
        "The document lists every call that there is; a path is compared letter by letter.",
        ["look the call up in GET /openapi.json, and correct the path"],
    );
    if let Some(near) = near {
        known
            .remedy
            .insert(0, format!("call {near}, if that was meant"));
    }
    known
}

/// A path that has other methods.
pub(super) fn wrong_method(method: &str, answer_headers: &[(String, String)]) -> Known {
    let known = Known::new(
        "A path has the methods that the document lists for it; the answer's header `Allow` says which.",
        ["use one of the methods that the path has"],
    )
    .with("method that came", method, None);
    match header(answer_headers, "allow") {
        Some(allowed) => known.with("methods that the path has (`Allow`)", allowed, None),
        None => known,
    }
}

/// A body of another kind than the call takes.
pub(super) fn wrong_media_type(
    operation: Option<&Operation>,
    headers: &[(String, String)],
) -> Known {
    let came = |name| header(headers, name).unwrap_or("none");
    let body = operation.and_then(|operation| operation.body.as_ref());
    let ranges = body.map_or(&[][..], |body| &body.media).iter();
    let ranges: Vec<&str> = ranges.map(|media| media.range.as_str()).collect();
    let known = Known::new(
        "A body is read as its `Content-Type` says, never guessed at, and not unpacked; a call takes the media types that the document lists for its body.",
        ["send a body of a media type that the call takes, with that `Content-Type`"],
    )
    .with("Content-Type that came", came("content-type"), None);
    let known = match header(headers, "content-encoding") {
        Some(coding) => known.with("Content-Encoding that came", coding, None),
        None => known,
    };
    match ranges.is_empty() {
        true => known,
        false => known.with("media types that the call takes", ranges.join(", "), None),
    }
}

/// What a request said of the length of its body.
pub(super) fn length_that_came(headers: &[(String, String)]) -> Deciding {
    Deciding {
        what: "Content-Length that came".to_owned(),
        value: header(headers, "content-length")
            .unwrap_or("none: the body came in chunks")
            .to_owned(),
        see: None,
    }
}

/// How keys travel to an operation; the API's own way where it is about none.
pub(super) fn credentials(operation: Option<&Operation>) -> &[Credential] {
    let credentials = operation.map_or(&[][..], |operation| &operation.credentials);
    match credentials {
        [] => &[Credential::Bearer],
        credentials => credentials,
    }
}

/// No key where one has to be.
pub(super) fn no_key(operation: Option<&Operation>) -> Known {
    let way = |credential: &Credential| match credential {
        Credential::Bearer | Credential::Basic => "the header `Authorization`".to_owned(),
        Credential::Header(name) => format!("the header `{name}`"),
        Credential::Query(name) => format!("the query parameter `{name}`"),
        Credential::Cookie(name) => format!("the cookie `{name}`"),
    };
    let mut ways: Vec<String> = credentials(operation).iter().map(way).collect();
    ways.dedup();
    let remedy = match credentials(operation).contains(&Credential::Bearer) {
        true => {
            "send `Authorization: Bearer om_test_default`, or a name of your own in the place of `default`"
        }
        false => {
            "send the key `om_test_default` there, or a name of your own in the place of `default`"
        }
    };
    Known::new(
        "A call comes with a key, which says in whose world it happens.",
        [remedy],
    )
    .with("what is missing", ways.join(", or "), None)
}

/// A key that opens nothing. The journal keeps keys redacted, and so do these words.
pub(super) fn wrong_key(headers: &[(String, String)]) -> Known {
    let known = Known::new(
        "A key is `om_test_<name>`, which opens the world of that name, or one that was created in a world, or one that a fixture declares.",
        [
            "send `Authorization: Bearer om_test_default`, or a name of your own in the place of `default`",
            "if the key was created here, make sure that it was not deleted, and its world not reset or dropped",
        ],
    );
    let told = match header(headers, "authorization") {
        None => "it is no key of this mock",
        Some(value) => wrong_with(value),
    };
    known.with("what is wrong with the key", told, None)
}

/// What is wrong with the value of `Authorization`.
fn wrong_with(value: &str) -> &'static str {
    let value = value.trim();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return match scheme.starts_with("om_") {
            true => "the word `Bearer` is missing before it",
            false => "its scheme is not `Bearer`",
        };
    }
    if token.is_empty() {
        return "nothing stands behind `Bearer`";
    }
    if let Some(rest) = token.strip_prefix("om_test_") {
        return match rest.split_once('.') {
            Some(_) => "it names a label that no key of that world has",
            None => {
                "what follows `om_test_` is no name of a world: 1 to 64 letters, digits, `_` or `-`"
            }
        };
    }
    match token.strip_prefix("om_") {
        Some(rest) if rest.len() == 48 && rest.bytes().all(|it| it.is_ascii_hexdigit()) => {
            "it has the form of a created key, and no open world has it: it was deleted, its world was reset or dropped, or another server created it"
        }
        Some(_) => {
            "it is no key of this mock: real keys of the service never work here, and no fixture declares it"
        }
        None => "it does not begin with `om_`, as every key does",
    }
}

/// What is known about a code by itself; the rule is left to the document where it knows best.
pub(super) fn known(code: &str, status: u16) -> (super::Decided, Known) {
    use super::Decided::{Document, Rule, Server};
    match code {
        "server_busy" => (
            Server,
            Known::new(
                "All bodies over 1 MiB that are under way share 256 MiB.",
                ["try again after `Retry-After`, with fewer large bodies at a time"],
            ),
        ),
        "too_many_worlds" => (
            Server,
            Known::new(
                "4,096 worlds live at a time; the longest idle one makes room, if any is idle.",
                [
                    "drop worlds that are done with: DELETE /_mock/worlds/{name}",
                    "use fewer names in keys",
                ],
            )
            .with(
                "open worlds",
                "as many as may be",
                Some("GET /_mock/worlds"),
            ),
        ),
        "too_many_waiting" | "server_stopping" => (
            Server,
            Known::new(
                "Calls that wait are bounded in number, and end when the server does.",
                ["try again when others are done, or the server runs again"],
            ),
        ),
        "world_changed" => (
            Rule,
            Known::new(
                "A call ends with the state that it was about: reset, restore, replacement and drop put another in its place.",
                ["call again, to ask about what is there now"],
            ),
        ),
        "internal_error" => (
            Server,
            Known::new(
                "A defect of the mock ends one request and nothing else; nothing of that request was kept.",
                ["report it, with the line that the log has under this id"],
            ),
        ),
        "upgrade_required" => (
            Document,
            Known::new(
                "The path speaks WebSocket only.",
                [
                    "ask with a WebSocket client: HTTP/1.1, `Upgrade: websocket`, `Connection: Upgrade`",
                ],
            ),
        ),
        "url_expired" => (
            Rule,
            Known::new(
                "A signed link holds for 15 minutes of the world's clock.",
                ["ask for the attachment again, and follow the new link"],
            ),
        ),
        _ => by_status(status),
    }
}

/// The last resort: the document, or what the answer says, tells the rest.
fn by_status(status: u16) -> (super::Decided, Known) {
    use super::Decided::{Document, Rule, Server};
    match status {
        400 => (
            Document,
            Known::new(
                "A request has the form that HTTP and the document give it, also where a schema cannot say so.",
                ["change the request as the sentence above says"],
            ),
        ),
        414 | 431 => (
            Server,
            Known::new(
                "The request line and the headers have at most 64 KiB together, and there are at most 100 headers.",
                ["send less of them"],
            ),
        ),
        500.. => (Server, Known::new("", ["try again; report it if it stays"])),
        _ => (
            Rule,
            Known::new(
                "",
                ["do as the sentence above says, or look the answer up in the document"],
            ),
        ),
    }
}
