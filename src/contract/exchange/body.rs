//! The body of a request: whether it is one that the operation takes, and what is in it.

use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::json;

use crate::contract::document::{Media, is_form, is_multipart};
use crate::contract::exchange::check::{Refused, choose, essence, header_text, read_body};
use crate::contract::exchange::form::{File, Where, read_fields, read_form};
use crate::contract::exchange::request::Request;
use crate::contract::json::tape::{MAX_VALUES, Tape};
use crate::contract::violation::{In, Side, Subject, Violation};

/// What a body holds.
#[derive(Default)]
pub(in crate::contract) struct Contents<'b> {
    pub body: Option<Tape<'b>>,
    pub files: Vec<File<'b>>,
}

impl<'r> Request<'r> {
    /// An empty body counts as none, whatever its headers say; a body that the operation does
    /// not take is ignored.
    pub(in crate::contract) fn body(&mut self) -> Result<Contents<'r>, Refused> {
        let Some(body) = &self.operation.body else {
            return Ok(Contents::default());
        };
        let subject = Subject::body(Side::Request, self.variant());
        if self.incoming.body.is_empty() {
            if body.required {
                let message = "a body is required and missing";
                self.findings
                    .push(subject.violation("required", &body.pointer, message));
            }
            return Ok(Contents::default());
        }
        if let Some(coding) = foreign_coding(self.incoming.headers) {
            return Err(Refused::UnsupportedMediaType(format!(
                "a body with `Content-Encoding: {coding}` is not read here; send the body uncompressed"
            )));
        }
        let given = header_text(self.incoming.headers, CONTENT_TYPE.as_str()).unwrap_or_default();
        let essence = essence(&given);
        let Some(media) = choose(&body.media, &essence) else {
            return Err(Refused::UnsupportedMediaType(wrong_media_type(
                &essence,
                &body.media,
            )));
        };
        let is_parts = is_multipart(&media.range);
        let contents = match is_parts {
            true => self.form(media, &given),
            false => self.plain(media, &essence),
        };
        if let (Some(tape), Some(schema)) = (&contents.body, &media.schema) {
            let subject = Subject {
                is_form: is_form(&essence) || is_parts,
                ..subject
            };
            let schemas = &self.contract.schemas;
            self.findings.judge(schemas, schema, &subject, tape.root());
        }
        Ok(contents)
    }

    /// A body that is a document of its own.
    fn plain(&mut self, media: &Media, essence: &str) -> Contents<'r> {
        match read_body(self.incoming.body, essence, media, MAX_VALUES) {
            Ok(body) => Contents {
                body,
                files: Vec::new(),
            },
            Err(unreadable) => {
                let subject = Subject::body(Side::Request, self.variant());
                let message = format!("the body {}", unreadable.why);
                let violation = subject.violation(unreadable.rule, &media.pointer, message);
                self.findings.push(Violation {
                    expected: Some(json!(essence)),
                    hint: unreadable.hint,
                    ..violation
                });
                Contents::default()
            }
        }
    }

    /// A body of parts.
    fn form(&mut self, media: &Media, content_type: &str) -> Contents<'r> {
        let misread = match read_form(self.incoming.body, content_type, &media.coercion) {
            Ok(form) => {
                return Contents {
                    body: Some(form.tape),
                    files: form.files,
                };
            }
            Err(misread) => misread,
        };
        for one in misread {
            let (subject, pointer) = match one.place {
                Where::ContentType => (self.subject(In::Header, "Content-Type"), String::new()),
                Where::Body(pointer) => (Subject::body(Side::Request, self.variant()), pointer),
            };
            let pointer = subject.pointer(&pointer);
            let violation = subject.violation(one.rule, &media.pointer, one.message);
            self.findings.push(Violation {
                pointer,
                expected: Some(json!(media.range)),
                hint: one.hint.map(str::to_owned),
                ..violation
            });
        }
        Contents::default()
    }
}

/// A body that was recorded, perhaps not to its end, as far as its fields can be told.
pub(in crate::contract) fn recorded_body<'b>(
    bytes: &'b [u8],
    content_type: &str,
    media: &Media,
) -> Option<Tape<'b>> {
    match is_multipart(&media.range) {
        true => read_fields(bytes, content_type, &media.coercion),
        false => read_body(bytes, &essence(content_type), media, MAX_VALUES).ok()?,
    }
}

/// A content coding that changes the bytes, cut short.
fn foreign_coding(headers: &HeaderMap) -> Option<String> {
    let text = header_text(headers, CONTENT_ENCODING.as_str())?;
    let is_plain = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    let mut codings = text.split(',').map(str::trim);
    let foreign = codings.find(|coding| !is_plain(coding))?;
    Some(foreign.chars().take(100).collect())
}

fn wrong_media_type(given: &str, media: &[Media]) -> String {
    let ranges: Vec<String> = media
        .iter()
        .map(|media| format!("`Content-Type: {}`", media.range))
        .collect();
    let came = match given.is_empty() {
        true => "the body came without a Content-Type".to_owned(),
        false => format!("a body of the media type `{given}` is not taken here"),
    };
    format!("{came}; send {}", ranges.join(" or "))
}
