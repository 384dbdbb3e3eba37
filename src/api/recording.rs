//! From an exchange to its entry in a journal.

use hyper::HeaderMap;

use super::Shared;
use super::call::{Body, Request};
use super::reply::Reply;
use super::spine::Trail;
use crate::app::DEFAULT_WORLD;
use crate::record::journal::Entry;

/// Puts the exchange into the journal of its world, or of the default world if it opened none.
/// A request that could not be read is kept without its bytes: nobody can say where it began.
// A function of its own in the binary too, by which its cost is counted (`scripts/journal-cost`).
#[inline(never)]
pub(super) fn record(
    shared: &Shared,
    number: u64,
    request: Option<&Request>,
    reply: &Reply,
    trail: &mut Trail,
) {
    let world = match &trail.caller {
        Some(caller) => caller.world().clone(),
        None => match shared.app.open(DEFAULT_WORLD) {
            Ok(world) => world,
            // The default world is never refused; and a journal is no reason to fail a request.
            Err(_) => return,
        },
    };
    trail.facts.status = trail.is_answered().then(|| reply.status.as_u16());
    trail.facts.body_is_missing =
        request.is_some_and(|request| !matches!(request.body, Body::Whole(_)));
    let head = request.map_or_else(Vec::new, request_head);
    let mut answer_head = Vec::with_capacity(256);
    write_headers(&mut answer_head, &reply.headers);
    let entry = Entry {
        number,
        at: world.now().millis(),
        operation: trail.operation,
        head: &head,
        body: request.map_or(&[], Request::bytes),
        answer_head: &answer_head,
        answer: &reply.body,
        facts: &trail.facts,
        effects: trail.notes.take(),
    };
    shared.app.record(&world, entry);
}

/// Method and target, then one line for each header.
fn request_head(request: &Request) -> Vec<u8> {
    let mut head = Vec::with_capacity(512);
    head.extend_from_slice(request.method.as_str().as_bytes());
    head.push(b' ');
    let target = request.uri.path_and_query();
    let target = target.map_or(request.uri.path(), |target| target.as_str());
    head.extend_from_slice(target.as_bytes());
    head.push(b'\n');
    write_headers(&mut head, &request.headers);
    head
}

fn write_headers(text: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
}
