//! Answers made from a document, held against it before anybody asks for them.

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use crate::contract::document::{Contract, Operation};
use crate::contract::json::tape::Tape;
use crate::contract::load::report::{Fault, locate, placed};
use crate::contract::load::walk::Finding;
use crate::contract::schema::dialect::Variant;
use crate::contract::schema::schemas::SchemaUse;
use crate::contract::synthesis::example::{Given, Synthesized, best_answer, best_media};

impl Contract {
    /// Tries the answer that [`Contract::synthesize`] makes for an operation. What comes back are
    /// notes: the examples that do not satisfy their schema and are therefore not used.
    ///
    /// # Errors
    ///
    /// Why this operation cannot be answered, at its answer's place.
    pub fn rehearse(&self, operation: &Operation) -> Result<Vec<Fault>, Fault> {
        let finding = |pointer: &str, message: &str| Finding {
            pointer: pointer.to_owned(),
            message: message.to_owned(),
        };
        let fault = |pointer: &str, message: &str| locate(self.text(), finding(pointer, message));
        let Some(answer) = best_answer(&operation.answers) else {
            return Err(fault(&operation.pointer, "no answer is documented"));
        };
        if !self.keeps(operation, &self.synthesize(operation)) {
            let message =
                "no value of ours satisfies this answer's schema; add an `example` that does";
            return Err(fault(&answer.pointer, message));
        }
        let mut idle = Vec::new();
        if let Some(media) = best_media(answer) {
            self.idle_examples(&media.pointer, media.schema.as_ref(), &mut idle);
        }
        for header in answer.headers.iter().filter(|header| header.required) {
            self.idle_examples(&header.pointer, header.schema.as_ref(), &mut idle);
        }
        let message = "this example does not satisfy its schema and is not used";
        let notes = idle.iter().map(|pointer| finding(pointer, message));
        Ok(placed(self.text(), notes.collect()))
    }

    fn keeps(&self, operation: &Operation, made: &Synthesized) -> bool {
        let Some(headers) = header_map(made) else {
            return false;
        };
        let verdict = self.check_answer(operation, true, made.status, &headers, &made.body);
        verdict.violations.is_empty()
    }

    /// Pointers of the examples that the schema refuses.
    fn idle_examples(&self, pointer: &str, used: Option<&SchemaUse>, idle: &mut Vec<String>) {
        let Some(used) = used else {
            return;
        };
        for Given { pointer, value } in self.given_examples(pointer, Some(used)) {
            let tape = Tape::from_value(value);
            let fits = self.schemas.is_valid(used, Variant::Response, tape.root());
            if !fits {
                idle.push(pointer);
            }
        }
    }
}

/// The headers of an answer; none if one of them cannot be sent.
fn header_map(made: &Synthesized) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(content_type) = &made.content_type {
        let value = HeaderValue::from_str(content_type).ok()?;
        headers.insert(CONTENT_TYPE, value);
    }
    for (name, value) in &made.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        headers.insert(name, value);
    }
    Some(headers)
}
