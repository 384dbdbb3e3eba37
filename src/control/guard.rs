//! Who may reach the control plane, and which world a control call addresses.
//!
//! On loopback the danger is a page in the developer's browser: it is told apart by its Origin,
//! and a rebound name by the Host. Beyond loopback a token decides.

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HOST, ORIGIN};

use crate::api::call::Request;
use crate::api::failures::Failure;
use crate::api::{Shared, bearer_token, entrance, is_world_name};
use crate::app::DEFAULT_WORLD;
use crate::contract::{Credential, Operation, query_pairs};

/// The header that carries the token.
const TOKEN: &str = "openmail-mock-token";

/// What browsers say of the page behind a request.
const FETCH_SITE: &str = "sec-fetch-site";

/// Judges a control call; answers its world's name.
pub(super) fn admit(
    shared: &Shared,
    request: &Request,
    operation: &Operation,
) -> Result<String, Failure> {
    check_origin(shared, request)?;
    check_token(shared, request)?;
    let key_world = match request.headers.contains_key(AUTHORIZATION) {
        false => None,
        // Credentials of another kind name no world either, least of all `default`.
        true => {
            let entrance = bearer_token(request).and_then(|token| entrance(&shared.app, token));
            let entrance = entrance.ok_or_else(|| Failure::unauthorized(&[Credential::Bearer]))?;
            Some(entrance.world)
        }
    };
    // Calls about the process as a whole address no world.
    let addresses_world = operation
        .parameters
        .iter()
        .any(|known| known.name == "world");
    if !addresses_world {
        return Ok(DEFAULT_WORLD.to_owned());
    }
    match (asked_world(request), key_world) {
        (Some(asked), Some(key)) if asked != key => Err(Failure::bad_request(format!(
            "the key in `Authorization` opens the world `{key}`, but `?world=` names `{asked}`; send one of them"
        ))),
        // The contract refuses a name of another form in its own words, once it is asked.
        (Some(asked), _) if is_world_name(&asked) => Ok(asked),
        (Some(_), _) => Ok(DEFAULT_WORLD.to_owned()),
        (None, Some(key)) => Ok(key.into_owned()),
        (None, None) => Ok(DEFAULT_WORLD.to_owned()),
    }
}

/// Read as the contract will read it, so that both see the same world; it refuses what is none.
fn asked_world(request: &Request) -> Option<String> {
    let pairs = query_pairs(request.uri.query()?).ok()?;
    let asked = pairs.into_iter().find(|(name, _)| name == "world");
    asked.map(|(_, value)| value.into_owned())
}

fn check_origin(shared: &Shared, request: &Request) -> Result<(), Failure> {
    let Some(hosts) = &shared.guard.hosts else {
        return Ok(());
    };
    let forbidden = |message: String| {
        let status = StatusCode::FORBIDDEN;
        Err(Failure::new(status, "forbidden", message))
    };
    let uri_host = request.uri.authority().map(|authority| authority.as_str());
    let host = uri_host
        .or(request.header(HOST.as_str()))
        .unwrap_or_default();
    let name = host_name(host);
    if !hosts.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return forbidden(format!(
            "the control plane answers to the hosts {}, not to `{name}`; `--public-url` adds one",
            hosts.join(", ")
        ));
    }
    let is_own = match request.headers.get(ORIGIN).map(|origin| origin.to_str()) {
        // A page that only shows a picture of this address sends no Origin.
        None => !matches!(request.header(FETCH_SITE), Some("cross-site" | "same-site")),
        Some(Ok(origin)) => is_same_origin(origin, host),
        Some(Err(_)) => false,
    };
    match is_own {
        true => Ok(()),
        false => {
            forbidden("the control plane does not answer to pages of other origins".to_owned())
        }
    }
}

fn is_same_origin(origin: &str, host: &str) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// The host of `host:port`, brackets of an IPv6 address included.
fn host_name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => authority,
    }
}

fn check_token(shared: &Shared, request: &Request) -> Result<(), Failure> {
    let Some(token) = &shared.guard.token else {
        return Ok(());
    };
    if request.header(TOKEN) == Some(token) {
        return Ok(());
    }
    let message = "the control plane of this mock asks for its token in the header \
                   `OpenMail-Mock-Token`, as `--control-token` set it";
    let status = StatusCode::UNAUTHORIZED;
    Err(Failure::new(status, "unauthorized", message))
}
