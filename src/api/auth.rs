//! From a request's credentials to the world that its key opens, and to whoever holds it.

use std::borrow::Cow;

use data_encoding::BASE64;
use hyper::header::AUTHORIZATION;

use super::call::Request;
use crate::app::{App, DEFAULT_WORLD};
use crate::contract::{Credential, cookie, query_pairs};
use crate::domain::keys::{self, Holder};

/// The prefix of keys that name their world.
const KEY_PREFIX: &str = "om_test_";

/// Where a key leads: the world, and as whom.
#[derive(Debug)]
pub struct Entrance<'t> {
    /// The world's name.
    pub world: Cow<'t, str>,
    /// What was shown.
    pub holder: Holder,
}

impl Entrance<'_> {
    /// Into the default world, by knowing its name.
    pub(super) const DEFAULT: Self = Self {
        world: Cow::Borrowed(DEFAULT_WORLD),
        holder: Holder::World,
    };

    fn owned(self) -> Entrance<'static> {
        Entrance {
            world: Cow::Owned(self.world.into_owned()),
            holder: self.holder,
        }
    }
}

/// Where a request's key leads, if it carries one that this mock takes.
pub(super) fn entrance_of<'r>(
    app: &App,
    request: &'r Request,
    credentials: &[Credential],
) -> Option<Entrance<'r>> {
    credentials.iter().find_map(|credential| match credential {
        Credential::Bearer => entrance(app, bearer(request)?),
        Credential::Basic => entrance(app, &basic_user(request)?).map(Entrance::owned),
        Credential::Header(name) => entrance(app, request.header(name)?.trim()),
        Credential::Query(name) => entrance(app, &query_value(request, name)?).map(Entrance::owned),
        Credential::Cookie(name) => {
            entrance(app, &cookie(&request.headers, name)?).map(Entrance::owned)
        }
    })
}

/// Where a token leads. A token that is nobody's opens no world.
///
/// `om_test_<name>` opens the world that it names, `om_test_<name>.<label>` is the key of that label
/// there. A token that was drawn in a world says which; one that somebody wrote in a fixture opens
/// the default world.
pub fn entrance<'t>(app: &App, token: &'t str) -> Option<Entrance<'t>> {
    if let Some(rest) = token.strip_prefix(KEY_PREFIX) {
        return named_entrance(app, rest);
    }
    let lets_in = |world: &str| app.glance(world, |state| keys::holder(state, token));
    if let Some(world) = keys::mark_in(token).and_then(|mark| app.marked(&mark))
        && let Some(holder) = lets_in(&world)
    {
        let world = Cow::Owned(world.to_string());
        return Some(Entrance { world, holder });
    }
    let holder = lets_in(DEFAULT_WORLD)?;
    let world = Cow::Borrowed(DEFAULT_WORLD);
    Some(Entrance { world, holder })
}

/// Where a key leads that names its world: as a whole, or by the label of a key there.
fn named_entrance<'t>(app: &App, rest: &'t str) -> Option<Entrance<'t>> {
    let (name, label) = match rest.split_once('.') {
        Some((name, label)) => (name, Some(label)),
        None => (rest, None),
    };
    if !is_world_name(name) {
        return None;
    }
    let holder = match label {
        None => Holder::World,
        Some(label) => app.glance(name, |state| {
            let key = keys::find_by_label(state, label)?;
            Some(Holder::Key(key.clone()))
        })?,
    };
    let world = Cow::Borrowed(name);
    Some(Entrance { world, holder })
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

/// The world that an account key names, if it is one.
#[must_use]
pub fn world_of(key: &str) -> Option<&str> {
    key.strip_prefix(KEY_PREFIX)
        .filter(|name| is_world_name(name))
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
