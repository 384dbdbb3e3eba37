//! The command line client's way to a key (OpenMail docs, CLI), which no document describes: it
//! starts a login, shows a page where somebody says yes, and asks until that happened. Here nobody
//! has to say so: the first question is answered with the key of the world `default`.
//!
//! Nothing is kept of a login. Its id shows that it was started here.

use hyper::header::{ACCEPT, HeaderValue, VARY};
use hyper::{Method, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Shared;
use super::call::{Request, base};
use super::failures::Failure;
use super::reply::Reply;
use crate::contract::query_pairs;
use crate::domain::ids::Id;

const START: &str = "/auth/cli/start";
const POLL: &str = "/auth/cli/poll";
/// The page where somebody would say yes.
const VERIFY: &str = "/auth/cli/verify";
/// What a browser shows of it. It repeats nothing that was sent.
const PAGE: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>openmail-mock</title>\n\
<h1>You are logged in</h1>\n<p>This is a mock: nobody has to confirm anything, and the command line client \
has its key, <code>om_test_default</code>, by now. You can close this page.</p></html>\n";
/// For how long the client is told to go on asking.
const EXPIRES_IN_SECONDS: u32 = 600;

/// Answers a step of a login; none if the request is none.
pub(super) fn answer(shared: &Shared, request: &Request) -> Option<Result<Reply, Failure>> {
    let method = match request.uri.path() {
        START => Method::POST,
        POLL | VERIFY => Method::GET,
        _ => return None,
    };
    if request.method != method {
        let (given, path) = (request.method.as_str(), request.uri.path());
        let allowed = [method.to_string()];
        return Some(Err(Failure::method_not_allowed(given, path, &allowed)));
    }
    Some(match request.uri.path() {
        START => Ok(start(shared, request)),
        VERIFY => Ok(verify(request)),
        _ => poll(shared, request),
    })
}

fn start(shared: &Shared, request: &Request) -> Reply {
    let id = login_id(shared, shared.app.next_exchange());
    let text = id.to_uppercase();
    let view = json!({
        "requestId": id,
        "userCode": format!("{}-{}", &text[..4], &text[4..8]),
        // A page that is there, for clients that open it.
        "verifyUrl": format!("{}{VERIFY}", base(shared, request)),
        "expiresInSeconds": EXPIRES_IN_SECONDS,
    });
    Reply::json(StatusCode::OK, &view)
}

/// Says that there is nothing to say yes to: to people as a page, to programs as JSON.
fn verify(request: &Request) -> Reply {
    let accepted = request.header(ACCEPT.as_str()).unwrap_or_default();
    let reply = match accepted.contains("text/html") {
        true => Reply::bytes(StatusCode::OK, "text/html; charset=utf-8", PAGE),
        false => Reply::json(StatusCode::OK, &json!({ "status": "ready" })),
    };
    reply.with(VARY, HeaderValue::from_static("accept"))
}

fn poll(shared: &Shared, request: &Request) -> Result<Reply, Failure> {
    let pairs = query_pairs(request.uri.query().unwrap_or_default()).unwrap_or_default();
    let given = pairs.iter().find(|(name, _)| name == "requestId");
    let is_ours = given.is_some_and(|(_, id)| {
        let number = id.rsplit_once('-').map(|(_, last)| last);
        let number = number.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.is_some_and(|number| login_id(shared, number) == **id)
    });
    if !is_ours {
        let message =
            "no login with this `requestId` was started here; begin with POST /auth/cli/start";
        return Err(Failure::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    let view = json!({ "status": "ready", "apiKey": super::key_of("default") });
    Ok(Reply::json(StatusCode::OK, &view))
}

/// The id of login number so many: a UUID whose last digits are that number, and whose others follow
/// from it.
fn login_id(shared: &Shared, number: u64) -> String {
    let mut digest = Sha256::new();
    digest.update("login");
    digest.update(shared.app.seed().to_le_bytes());
    digest.update(number.to_le_bytes());
    let hash: [u8; 32] = digest.finalize().into();
    let mut bytes = [0; 16];
    bytes[..10].copy_from_slice(&hash[..10]);
    bytes[10..].copy_from_slice(&number.to_be_bytes()[2..]);
    Id::from_random(bytes).to_string()
}
