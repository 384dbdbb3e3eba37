//! What is answered beside the document: sockets, readiness, the document itself, signed links, logins
//! of the command line client and CORS preflights.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::call::Request;
use super::failures::Failure;
use super::reply::Reply;
use super::routing::called;
use super::spine::Trail;
use super::{Plane, Shared, attachments, login, sockets};
use crate::contract::Match;

/// Answers a request that no document describes; none if it is not one of these.
pub(super) fn answer(
    shared: &Shared,
    plane: &Plane,
    request: &Request,
    trail: &mut Trail,
) -> Option<Result<Reply, Failure>> {
    // Opening a socket is an exchange with the API like any other; the rest is not recorded.
    if !is_preflight(request)
        && let Some(answer) = sockets::answer(shared, request, trail)
    {
        return Some(answer);
    }
    let answer = answer_unrecorded(shared, plane, request)?;
    // Whoever has a failure's id can read why it was one.
    trail.is_outside = answer.is_ok();
    if answer.is_err() {
        shared.app.count_unknown(&called(request), "");
    }
    Some(answer)
}

fn answer_unrecorded(
    shared: &Shared,
    plane: &Plane,
    request: &Request,
) -> Option<Result<Reply, Failure>> {
    if is_preflight(request) {
        return Some(Ok(preflight(plane, request)));
    }
    if let Some(followed) = attachments::follow(shared, request) {
        return Some(followed);
    }
    if let Some(step) = login::answer(shared, request) {
        return Some(step);
    }
    let reply = match request.uri.path() {
        "/health" => Reply::json(StatusCode::OK, &json!({ "status": "ok" })),
        "/openapi.json" => {
            let document = plane.contract.text().as_bytes().to_vec();
            Reply::bytes(StatusCode::OK, "application/json", document)
        }
        _ => return None,
    };
    // Tools that wait for readiness ask with HEAD as often as with GET.
    if request.method == Method::GET || request.method == Method::HEAD {
        return Some(Ok(reply));
    }
    let allowed = ["GET".to_owned(), "HEAD".to_owned()];
    let (method, path) = (request.method.as_str(), request.uri.path());
    Some(Err(Failure::method_not_allowed(method, path, &allowed)))
}

fn is_preflight(request: &Request) -> bool {
    request.method == Method::OPTIONS
        && request.headers.contains_key(ORIGIN)
        && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight(plane: &Plane, request: &Request) -> Reply {
    // No document has a method of this name, so the answer is the list of those it has.
    let methods = match plane.contract.route("", request.uri.path()) {
        Match::MethodNotAllowed(methods) => methods.join(", "),
        Match::Operation(..) | Match::NotFound => "GET, POST, PUT, PATCH, DELETE".to_owned(),
    };
    let mut reply = Reply::no_content();
    let headers = &mut reply.headers;
    if let Ok(methods) = HeaderValue::from_str(&methods) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    if let Some(wanted) = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        let vary = HeaderValue::from_static("access-control-request-headers");
        headers.insert(VARY, vary);
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    reply
}

/// Lets pages of any origin read an answer.
pub(super) fn share(headers: &mut HeaderMap) {
    let exposed = "x-request-id, openmail-mock-violations, openmail-mock-synthesized, preference-applied, retry-after";
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(exposed),
    );
}
