//! Attachments: handlers and rows, and the signed link that a download is sent to.
//!
//! The link stands outside the document. It names its world, since whoever follows it sends no key,
//! and holds for a quarter of an hour of that world's clock.

use hyper::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, HeaderValue, LOCATION, RANGE,
};
use hyper::{Method, StatusCode};
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::call::{Call, Request};
use super::failures::Failure;
use super::reply::Reply;
use super::{Row, Shared, Who, is_world_name};
use crate::contract::query_pairs;
use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::messages;
use crate::domain::refusal::{Refusal, Resource};
use crate::push::payload::SEGMENT;

pub(super) const ROWS: &[Row] = &[
    Row::new("getAttachment", Who::Everyone, get_attachment)
        .about_at(Resource::Message, "messageId"),
    Row::new("getAttachmentText", Who::Everyone, get_attachment_text)
        .about_at(Resource::Message, "messageId"),
];

/// What signed links begin with.
const PREFIX: &str = "/attachments/";
/// How long one holds.
const LINK_MILLIS: i64 = 15 * 60 * 1_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TextView<'a> {
    inbox_id: Id,
    filename: &'a str,
    content_type: &'a str,
    extraction_method: &'a str,
    text: &'a str,
}

fn get_attachment(call: &Call<'_>) -> Result<Reply, Failure> {
    let (key, filename) = (call.path("messageId")?, call.path("filename")?);
    let message = call.world.read(|state| messages::get(state, key))?;
    messages::attachment(&message, filename)?;
    let until = call
        .world
        .now()
        .after(LINK_MILLIS)
        .unwrap_or(Timestamp::MAX);
    let link = Link {
        world: &call.world.name,
        message: key,
        filename,
        until: until.millis(),
    };
    let name = utf8_percent_encode(filename, SEGMENT);
    let location = format!(
        "{}{PREFIX}{}/{key}/{name}?until={}&signature={}",
        call.base(),
        link.world,
        link.until,
        link.signature(call.shared)
    );
    let mut reply = Reply::no_content();
    reply.status = StatusCode::FOUND;
    let location = HeaderValue::from_str(&location);
    let location = location.map_err(|_| Failure::bad_request("the Host header is no host"))?;
    reply.headers.insert(LOCATION, location);
    Ok(reply)
}

fn get_attachment_text(call: &Call<'_>) -> Result<Reply, Failure> {
    let (key, filename) = (call.path("messageId")?, call.path("filename")?);
    let message = call.world.read(|state| messages::get(state, key))?;
    let attachment = messages::attachment(&message, filename)?;
    let Some(text) = &attachment.text else {
        return Err(Refusal::TextExtractionFailed {
            filename: filename.to_owned(),
            method: attachment.extraction_method.to_string(),
        }
        .into());
    };
    let view = TextView {
        inbox_id: message.inbox,
        filename: &attachment.filename,
        content_type: &attachment.content_type,
        extraction_method: &attachment.extraction_method,
        text,
    };
    Ok(Reply::json(StatusCode::OK, &view))
}

/// What a signed link is about.
struct Link<'l> {
    world: &'l str,
    message: &'l str,
    filename: &'l str,
    until: i64,
}

impl Link<'_> {
    /// Nobody has reason to forge it on a machine of their own: it shows that clients take the link
    /// as they get it.
    fn signature(&self, shared: &Shared) -> String {
        let mut digest = Sha256::new();
        digest.update(shared.app.seed().to_le_bytes());
        digest.update(self.until.to_le_bytes());
        for part in [self.world, self.message, self.filename] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        let hash: [u8; 32] = digest.finalize().into();
        data_encoding::HEXLOWER.encode(&hash[..16])
    }
}

/// Answers a signed link; None if the path is none.
pub(super) fn follow(shared: &Shared, request: &Request) -> Option<Result<Reply, Failure>> {
    let path = request.uri.path().strip_prefix(PREFIX)?;
    Some(match request.method {
        Method::GET | Method::HEAD => download(shared, request, path),
        _ => Err(Failure::method_not_allowed(
            request.method.as_str(),
            request.uri.path(),
            &["GET".to_owned(), "HEAD".to_owned()],
        )),
    })
}

fn download(shared: &Shared, request: &Request, path: &str) -> Result<Reply, Failure> {
    let nothing = || Failure::new(StatusCode::NOT_FOUND, "not_found", "no attachment is here");
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .ok()
            .map(String::from)
    };
    let mut segments = path.splitn(3, '/').map(decoded);
    let (Some(Some(world)), Some(Some(message)), Some(Some(filename))) =
        (segments.next(), segments.next(), segments.next())
    else {
        return Err(nothing());
    };
    let pairs = query_pairs(request.uri.query().unwrap_or_default()).unwrap_or_default();
    let value = |name| {
        pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    };
    let until = value("until").and_then(|text| text.parse().ok());
    let link = Link {
        world: &world,
        message: &message,
        filename: &filename,
        until: until.unwrap_or(i64::MIN),
    };
    let is_ours = value("signature").is_some_and(|given| **given == link.signature(shared));
    if !is_ours || !is_world_name(&world) {
        let message = "this link was not signed here; ask for it with GET /v1/attachments/{messageId}/{filename}";
        return Err(Failure::new(StatusCode::FORBIDDEN, "forbidden", message));
    }
    let world = shared.app.open(&world)?;
    if world.now().millis() >= link.until {
        let message = "this link has expired, 15 minutes after it was given; ask for another one";
        return Err(Failure::new(StatusCode::FORBIDDEN, "url_expired", message));
    }
    let found = world.read(|state| messages::get(state, &message))?;
    let attachment = messages::attachment(&found, &filename)?;
    let whole = &attachment.bytes;
    let disposition = format!(
        "attachment; filename*=UTF-8''{}",
        utf8_percent_encode(&filename, SEGMENT)
    );
    let range = request
        .header(RANGE.as_str())
        .and_then(|text| range(text, whole.len()));
    let mut reply = match range {
        None => Reply::bytes(StatusCode::OK, &attachment.content_type, whole.to_vec()),
        Some(Err(())) => {
            let message = format!(
                "the attachment has {} bytes; that range begins past them",
                whole.len()
            );
            let failure = Failure::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range_not_satisfiable",
                message,
            );
            let all = format!("bytes */{}", whole.len());
            return Err(match HeaderValue::from_str(&all) {
                Ok(all) => failure.with(CONTENT_RANGE, all),
                Err(_) => failure,
            });
        }
        Some(Ok((first, last))) => {
            let part = whole[first..=last].to_vec();
            let mut reply =
                Reply::bytes(StatusCode::PARTIAL_CONTENT, &attachment.content_type, part);
            let shown = format!("bytes {first}-{last}/{}", whole.len());
            if let Ok(value) = HeaderValue::from_str(&shown) {
                reply.headers.insert(CONTENT_RANGE, value);
            }
            reply
        }
    };
    reply
        .headers
        .insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        reply.headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(reply)
}

/// The first and the last byte of a range (RFC 9110, 14.2). None asks for the whole: several
/// ranges, another unit, what is none. An error lies past the end.
fn range(text: &str, length: usize) -> Option<Result<(usize, usize), ()>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| -> Option<usize> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(usize::MAX))
    };
    let (first, last) = match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => (first, usize::MAX),
        (Some(first), Some(last)) if first <= last => (first, last),
        (None, Some(count)) if first.is_empty() => {
            if count == 0 || length == 0 {
                return Some(Err(()));
            }
            (length.saturating_sub(count), usize::MAX)
        }
        _ => return None,
    };
    match first < length {
        true => Some(Ok((first, last.min(length - 1)))),
        false => Some(Err(())),
    }
}
