//! Files that come with a request: as parts of a form, or in a JSON list with their bytes in base64.

use std::borrow::Cow;

use super::call::Call;
use super::failures::Failure;
use crate::contract::Item;
use crate::domain::refusal::Refusal;
use crate::domain::sends::MAX_ATTACHMENTS;
use crate::mail;

/// One of them.
pub struct Given<'c> {
    /// The name that it is given, which no other of them has.
    pub filename: String,
    /// Its media type in its normal form.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What JSON says of it.
    pub row: Option<Item<'c>>,
}

/// Everything under `attachments`.
///
/// # Errors
///
/// What is not base64, and more bytes than a mail may carry.
pub fn attachments<'c>(call: &'c Call<'_>) -> Result<Vec<Given<'c>>, Failure> {
    let parts = call.input.files.iter();
    let parts = parts.filter(|part| part.name == "attachments");
    let mut given: Vec<Given<'c>> = parts
        .map(|part| Given {
            filename: part.filename.clone().unwrap_or_default(),
            content_type: mail::media_type(part.content_type.unwrap_or_default()),
            bytes: part.bytes.to_vec(),
            row: None,
        })
        .collect();
    let body = call.input.body.as_ref().map(|body| body.root());
    let list = body.and_then(|body| body.get("attachments"));
    let rows = list.into_iter().flat_map(|list| list.elements());
    for (index, row) in rows.enumerate() {
        let text = |field| row.get(field).and_then(|it| it.as_str());
        let Some(filename) = text("filename") else {
            // A part of a form, which is there already.
            continue;
        };
        let data = text("data").unwrap_or_default();
        let bytes = mail::bytes_of_base64(data).map_err(|error| {
            Failure::bad_request(format!(
                "`/attachments/{index}/data` is not base64: {error}"
            ))
        })?;
        given.push(Given {
            filename: filename.to_owned(),
            content_type: mail::media_type(text("contentType").unwrap_or_default()),
            bytes,
            row: Some(row),
        });
    }
    let bytes: usize = given.iter().map(|file| file.bytes.len()).sum();
    if bytes > MAX_ATTACHMENTS {
        let limit = MAX_ATTACHMENTS;
        return Err(Refusal::AttachmentsTooLarge { bytes, limit }.into());
    }
    let names = mail::unique_names(given.iter().map(|file| file.filename.as_str()));
    for (file, name) in given.iter_mut().zip(names) {
        file.filename = name;
        // Kept as it is carried, so that the sender's copy is what its recipients have.
        if let Cow::Owned(mended) = mail::carried(&file.content_type, &file.bytes) {
            file.bytes = mended;
        }
    }
    Ok(given)
}
