//! From a request's credentials to the world that its key opens.

use data_encoding::BASE64;
use hyper::header::AUTHORIZATION;

use super::call::Request;
use crate::contract::{Credential, cookie, query_pairs};

/// The prefix of account keys; the rest is the world's name.
const KEY_PREFIX: &str = "om_test_";

/// The world that a request's key opens, if it carries a key that this mock takes.
pub(super) fn world_of_key<'r>(
    request: &'r Request,
    credentials: &[Credential],
) -> Option<std::borrow::Cow<'r, str>> {
    use std::borrow::Cow;
    credentials.iter().find_map(|credential| match credential {
        Credential::Bearer => world_name(bearer(request)?).map(Cow::Borrowed),
        Credential::Basic => owned(&basic_user(request)?),
        Credential::Header(name) => world_name(request.header(name)?.trim()).map(Cow::Borrowed),
        Credential::Query(name) => owned(&query_value(request, name)?),
        Credential::Cookie(name) => owned(&cookie(&request.headers, name)?),
    })
}

fn owned(token: &str) -> Option<std::borrow::Cow<'static, str>> {
    world_name(token).map(|name| name.to_owned().into())
}

/// The token of `Authorization: Bearer …`.
pub(super) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = authorization(request)?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn authorization(request: &Request) -> Option<(&str, &str)> {
    let text = request.header(AUTHORIZATION.as_str())?.trim();
    let (scheme, rest) = text.split_once(' ')?;
    Some((scheme, rest.trim()))
}

/// The account key that opens the world of that name.
#[must_use]
pub fn key_of(world: &str) -> String {
    format!("{KEY_PREFIX}{world}")
}

/// The world's name in an account key.
#[must_use]
pub fn world_name(token: &str) -> Option<&str> {
    let name = token.strip_prefix(KEY_PREFIX)?;
    is_world_name(name).then_some(name)
}

/// Whether a text can name a world.
#[must_use]
pub fn is_world_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(is_allowed)
}

fn basic_user(request: &Request) -> Option<String> {
    let (scheme, token) = authorization(request)?;
    let decoded = BASE64.decode(token.as_bytes()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, _) = text.split_once(':')?;
    scheme
        .eq_ignore_ascii_case("basic")
        .then(|| user.to_owned())
}

fn query_value(request: &Request, name: &str) -> Option<String> {
    let pairs = query_pairs(request.uri.query()?).ok()?;
    let named = pairs.into_iter().find(|(known, _)| known == name);
    named.map(|(_, value)| value.into_owned())
}
