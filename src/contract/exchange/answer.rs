//! Answers held against their operation.

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use serde_json::json;

use crate::contract::document::{Answer, Contract, Operation, Parameter};
use crate::contract::exchange::check::{Verdict, choose, essence, header_text, read_body};
use crate::contract::json::tape::{MAX_INDEXED, Tape};
use crate::contract::load::walk::join;
use crate::contract::schema::dialect::Variant;
use crate::contract::schema::judge::Findings;
use crate::contract::violation::{In, Side, Subject, Violation};

impl Contract {
    /// Holds an answer against its operation. `synthesized` says that the behaviour is not built
    /// in, so that a failure in our own envelope is no breach of a stranger's document.
    #[must_use]
    pub fn check_answer<'b>(
        &self,
        operation: &Operation,
        synthesized: bool,
        status: u16,
        headers: &HeaderMap,
        body: &'b [u8],
    ) -> Verdict<'b> {
        let (violations, read) = match operation.answer(status) {
            Some(answer) => self.answer_violations(answer, headers, body),
            None => (vec![undocumented_status(operation, status)], None),
        };
        if violations.is_empty() {
            return Verdict {
                body: read,
                ..Verdict::default()
            };
        }
        let tolerated = !self.built_in && status >= 400 && self.fits_error(body, synthesized);
        if tolerated {
            return Verdict {
                undocumented: true,
                ..Verdict::default()
            };
        }
        Verdict {
            violations,
            ..Verdict::default()
        }
    }

    /// Holds an answer that somebody asked for against its operation. They may ask for a failure
    /// that the operation does not document, as proxies make them, if it is in the envelope.
    #[must_use]
    pub fn check_forced_answer<'b>(
        &self,
        operation: &Operation,
        status: u16,
        headers: &HeaderMap,
        body: &'b [u8],
    ) -> Verdict<'b> {
        let is_documented = operation.answer(status).is_some();
        if is_documented || status < 400 || !self.fits_error(body, !self.built_in) {
            return self.check_answer(operation, true, status, headers, body);
        }
        Verdict {
            undocumented: true,
            ..Verdict::default()
        }
    }

    fn answer_violations<'b>(
        &self,
        answer: &Answer,
        headers: &HeaderMap,
        body: &'b [u8],
    ) -> (Vec<Violation>, Option<Tape<'b>>) {
        let mut findings = Findings::default();
        for header in answer.headers.iter() {
            self.answer_header(header, headers, &mut findings);
        }
        let read = self.answer_body(answer, headers, body, &mut findings);
        (findings.into_violations(), read)
    }

    fn answer_body<'b>(
        &self,
        answer: &Answer,
        headers: &HeaderMap,
        body: &'b [u8],
        findings: &mut Findings,
    ) -> Option<Tape<'b>> {
        let subject = Subject::body(Side::Response, Variant::Response);
        if answer.media.is_empty() {
            if !body.is_empty() {
                let message = "this answer is documented without a body";
                findings.push(subject.violation("content", &answer.pointer, message));
            }
            return None;
        }
        let given = header_text(headers, CONTENT_TYPE.as_str());
        let essence = essence(&given.unwrap_or_default());
        let Some(media) = choose(&answer.media, &essence) else {
            let message = format!("the media type `{essence}` is not documented for this answer");
            let spec = join(&answer.pointer, "content");
            findings.push(subject.violation("content", &spec, message));
            return None;
        };
        let schema = media.schema.as_ref()?;
        // An answer is ours, and may be as large as the state that it tells.
        match read_body(body, &essence, media, MAX_INDEXED) {
            Ok(read) => {
                if let Some(tape) = &read {
                    findings.judge(&self.schemas, schema, &subject, tape.root());
                }
                read
            }
            Err(unreadable) => {
                let message = format!("the answer {}", unreadable.why);
                findings.push(subject.violation(unreadable.rule, &media.pointer, message));
                None
            }
        }
    }

    fn answer_header(&self, header: &Parameter, headers: &HeaderMap, findings: &mut Findings) {
        let subject = Subject {
            side: Side::Response,
            place: In::Header,
            name: &header.name,
            variant: Variant::Response,
            is_apart: false,
            is_form: false,
        };
        let Some(text) = header_text(headers, &header.name) else {
            if header.required {
                let message = format!("header `{}` is required and missing", header.name);
                findings.push(subject.violation("required", &header.pointer, message));
            }
            return;
        };
        let Some(schema) = &header.schema else {
            return;
        };
        match header.read(&text) {
            Ok(value) => {
                let tape = Tape::from_value(value);
                findings.judge(&self.schemas, schema, &subject, tape.root());
            }
            Err(error) => {
                let message = format!("header `{}` is not JSON: {error}", header.name);
                findings.push(subject.violation("json", &header.pointer, message));
            }
        }
    }

    /// Whether a body is the envelope that every failure has.
    fn fits_error(&self, body: &[u8], synthesized: bool) -> bool {
        let Ok(tape) = Tape::read_within(body, MAX_INDEXED) else {
            return false;
        };
        match &self.error_schema {
            Some(schema) if !synthesized => {
                self.schemas
                    .is_valid(schema, Variant::Response, tape.root())
            }
            Some(_) | None => {
                let is_text = |name| {
                    tape.root()
                        .get(name)
                        .is_some_and(|item| item.as_str().is_some())
                };
                is_text("error") && is_text("message")
            }
        }
    }
}

fn undocumented_status(operation: &Operation, status: u16) -> Violation {
    let known = operation
        .answers
        .iter()
        .map(|answer| answer.status.to_string());
    let known: Vec<String> = known.collect();
    let subject = Subject {
        side: Side::Response,
        place: In::Status,
        name: "",
        variant: Variant::Response,
        is_apart: false,
        is_form: false,
    };
    let spec = join(&operation.pointer, "responses");
    let message = format!("the status {status} is not documented for {}", operation.id);
    Violation {
        expected: Some(json!(known)),
        actual: Some(json!(status)),
        ..subject.violation("status", &spec, message)
    }
}
