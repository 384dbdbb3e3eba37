//! `GET /v1/ws`: the handshake of a socket (RFC 6455, 4.2), which no OpenAPI document can describe.
//! What is said over the socket is none of this room's business (`push/sockets.rs`).

use data_encoding::BASE64;
use hyper::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{HeaderMap, Method, StatusCode, Version};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Shared;
use super::auth::entrance_of;
use super::call::{Body, Request};
use super::failures::Failure;
use super::reply::Reply;
use super::routing::called;
use super::spine::Trail;
use crate::app::Caller;
use crate::contract::Credential;
use crate::push::sockets::{Admission, Refused};

/// Where sockets are.
const PATH: &str = "/v1/ws";
/// The only version there is.
const WEBSOCKET_VERSION: HeaderValue = HeaderValue::from_static("13");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Answers a request for a socket; none if it is for something else. Whom an upgrade lets in is put
/// into the trail.
pub(super) fn answer(
    shared: &Shared,
    request: &Request,
    trail: &mut Trail,
) -> Option<Result<Reply, Failure>> {
    (request.uri.path() == PATH).then(|| {
        if request.method != Method::GET {
            let failure =
                Failure::method_not_allowed(request.method.as_str(), PATH, &["GET".to_owned()]);
            shared.app.count_unknown(&called(request), "it has GET");
            return Err(failure);
        }
        // First of all, so that even a wrong handshake is recorded where its owner looks.
        let caller = enter(shared, request)?;
        let caller = caller.map(|caller| &*trail.caller.insert(caller));
        match &request.body {
            Body::Whole(_) => {}
            Body::TooLarge(bound) => return Err(Failure::payload_too_large(*bound)),
            Body::Unaffordable => return Err(Failure::server_busy()),
            Body::Broken(why) => return Err(Failure::bad_request(why.clone())),
        }
        let key = check_handshake(request)?;
        let admission = admit(caller, trail.number);
        // The upgrade succeeds all the same; the journal says what came of it.
        trail.facts.error = match &admission {
            Admission::Connected(_) => None,
            Admission::Refused(Refused::Unauthorized) => Some("unauthorized".to_owned()),
            Admission::Refused(Refused::TooMany) => Some("connection_limit_reached".to_owned()),
        };
        trail.admission = Some(admission);
        Ok(upgraded(key))
    })
}

/// Lets the request into its world, if it has a key. Programs that cannot set headers send it in the
/// query.
fn enter(shared: &Shared, request: &Request) -> Result<Option<Caller>, Failure> {
    let credentials = [Credential::Bearer, Credential::Query("token".to_owned())];
    match entrance_of(&shared.app, request, &credentials) {
        Some(entrance) => Ok(Some(shared.app.enter(&entrance.world, entrance.holder)?)),
        None => Ok(None),
    }
}

/// Finds a place for whoever has a key.
fn admit(caller: Option<&Caller>, number: u64) -> Admission {
    let Some(caller) = caller else {
        return Admission::Refused(Refused::Unauthorized);
    };
    // A key that was revoked a moment ago, or a world that was dropped, shows at the first look.
    let _ = caller.note_use();
    match caller.connect(number) {
        Ok(connection) => Admission::Connected(connection),
        Err(_) => Admission::Refused(Refused::TooMany),
    }
}

/// Whether this is a handshake; answers its key.
fn check_handshake(request: &Request) -> Result<&[u8], Failure> {
    let headers = &request.headers;
    // Servers ignore the header in requests of HTTP/1.0 (RFC 9110, 7.8).
    let is_upgrade =
        request.version == Version::HTTP_11 && has_token(headers, UPGRADE, "websocket");
    if !is_upgrade {
        let message = format!(
            "{PATH} speaks WebSocket only: ask with HTTP/1.1, `Upgrade: websocket` and `Connection: Upgrade`, as WebSocket clients do"
        );
        let failure = Failure::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message);
        return Err(failure
            .with(UPGRADE, WEBSOCKET)
            .with(CONNECTION, HeaderValue::from_static("upgrade")));
    }
    // hyper would switch all the same; a client that leaves it out would be surprised elsewhere.
    if !has_token(headers, CONNECTION, "upgrade") {
        return Err(Failure::bad_request(
            "the header `Upgrade` needs `Connection: Upgrade` beside it; a proxy on the way may have taken that out",
        ));
    }
    if headers.get(SEC_WEBSOCKET_VERSION) != Some(&WEBSOCKET_VERSION) {
        let failure = Failure::bad_request("the header `Sec-WebSocket-Version` must be 13");
        return Err(failure.with(SEC_WEBSOCKET_VERSION, WEBSOCKET_VERSION));
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let key = keys.next().filter(|_| keys.next().is_none());
    let is_nonce = |key: &&HeaderValue| {
        let nonce = BASE64.decode(key.as_bytes());
        nonce.is_ok_and(|nonce| nonce.len() == 16)
    };
    let key = key.filter(is_nonce).ok_or_else(|| {
        Failure::bad_request(
            "the header `Sec-WebSocket-Key` must be there once, 16 bytes in base64",
        )
    })?;
    Ok(key.as_bytes())
}

/// Whether a header that lists tokens has this one, in any case.
fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter();
    let mut tokens = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    tokens.any(|known| known.trim().eq_ignore_ascii_case(token))
}

/// The answer after which the connection speaks WebSocket. No extension and no subprotocol is taken
/// up, which clients read from their absence.
fn upgraded(key: &[u8]) -> Reply {
    let accept = HeaderValue::from_str(&derive_accept_key(key));
    let accept = accept.expect("base64 is a header value");
    Reply {
        status: StatusCode::SWITCHING_PROTOCOLS,
        ..Reply::no_content()
    }
    .with(UPGRADE, WEBSOCKET)
    .with(CONNECTION, HeaderValue::from_static("upgrade"))
    .with(SEC_WEBSOCKET_ACCEPT, accept)
}
