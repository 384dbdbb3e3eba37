//! From a request's method and path to its operation.

use super::auth::entrance_of;
use super::call::Request;
use super::failures::Failure;
use super::spine::{Entry, Trail};
use super::{Plane, Shared};
use crate::contract::{Credential, Match, nearest};

/// Finds the operation that a request is for, or says what might have been meant.
pub(super) fn route<'r>(
    shared: &Shared,
    plane: &Plane,
    request: &'r Request,
    trail: &mut Trail,
) -> Result<(usize, Vec<&'r str>), Failure> {
    let (method, path) = (request.method.as_str(), request.uri.path());
    let (failure, hint) = match plane.contract.route(method, path) {
        Match::Operation(index, values) => return Ok((index, values)),
        Match::MethodNotAllowed(_) if plane.is_withdrawn(method, path) => {
            (Failure::no_route(method, path, ""), String::new())
        }
        Match::MethodNotAllowed(allowed) => {
            let hint = format!("it has {}", allowed.join(", "));
            (Failure::method_not_allowed(method, path, &allowed), hint)
        }
        Match::NotFound => {
            let operations = plane.contract.operations.iter();
            let templates = operations.map(|operation| operation.template.as_str());
            let near = nearest_path(path, templates);
            let hint = near.map_or_else(String::new, |near| format!("did you mean {near}?"));
            (Failure::no_route(method, path, &hint), hint)
        }
    };
    shared.app.count_unknown(&called(request), &hint);
    // A worker finds its misspelt calls in its own journal, if the key says whose they are.
    if matches!(plane.entry, Entry::Key)
        && let Some(entrance) = entrance_of(&shared.app, request, &[Credential::Bearer])
    {
        trail.caller = Some(shared.app.enter(&entrance.world, entrance.holder)?);
    }
    Err(failure)
}

/// A call as it is counted; its query may hold secrets.
pub(super) fn called(request: &Request) -> String {
    format!("{} {}", request.method, request.uri.path())
}

/// The template that a misspelt path was meant for: one whose last literal is nearly the path's.
#[must_use]
pub fn nearest_path<'t>(path: &str, templates: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let last = |path: &'t str| path.rsplit('/').find(|segment| !segment.starts_with('{'));
    let templates: Vec<&str> = templates.collect();
    let names = templates.iter().filter_map(|template| last(template));
    let wanted = path
        .split('/')
        .rev()
        .find_map(|segment| nearest(segment, names.clone()))?;
    templates
        .into_iter()
        .find(|template| last(template) == Some(wanted))
}
