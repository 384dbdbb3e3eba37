//! From a request's credentials to the world that its key opens.

use std::borrow::Cow;

use data_encoding::BASE64;
use hyper::header::AUTHORIZATION;

use super::call::Request;
use crate::app::{App, DEFAULT_WORLD};
use crate::contract::{Credential, cookie, query_pairs};
use crate::domain::state::State;

/// The prefix of account keys; the rest is the world's name.
const KEY_PREFIX: &str = "om_test_";

/// The world that a request's key opens, if it carries a key that this mock takes.
pub(super) fn world_of_key<'r>(
    app: &App,
    request: &'r Request,
    credentials: &[Credential],
) -> Option<Cow<'r, str>> {
    credentials.iter().find_map(|credential| match credential {
        Credential::Bearer => world_of_token(app, bearer(request)?).map(Cow::Borrowed),
        Credential::Basic => owned(app, &basic_user(request)?),
        Credential::Header(name) => {
            world_of_token(app, request.header(name)?.trim()).map(Cow::Borrowed)
        }
        Credential::Query(name) => owned(app, &query_value(request, name)?),
        Credential::Cookie(name) => owned(app, &cookie(&request.headers, name)?),
    })
}

fn owned(app: &App, token: &str) -> Option<Cow<'static, str>> {
    world_of_token(app, token).map(|name| name.to_owned().into())
}

/// The world that an account key opens: the one that it names, or the default one if that one's
/// account has the key.
pub fn world_of_token<'t>(app: &App, token: &'t str) -> Option<&'t str> {
    if token.starts_with(KEY_PREFIX) {
        return world_name(token);
    }
    // Keys are few: a walk over them costs less than an index would.
    let is_known = |state: &State| state.account.keys.iter().any(|key| key == token);
    // A token that is nobody's opens nothing.
    app.glance(DEFAULT_WORLD, is_known).then_some(DEFAULT_WORLD)
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
fn world_name(token: &str) -> Option<&str> {
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
