//! An answer for an operation without behaviour: what its document gives as example, else the
//! smallest value that its schema takes.

use serde_json::Value;

use crate::contract::document::{
    Answer, Contract, Media, Operation, Parameter, StatusKey, is_json,
};
use crate::contract::exchange::coerce::Style;
use crate::contract::json::tape::Tape;
use crate::contract::load::walk::{dereference, join};
use crate::contract::schema::dialect::Variant;
use crate::contract::schema::schemas::SchemaUse;
use crate::contract::synthesis::minimal::Minimal;

/// An answer made from the document.
#[derive(Debug, PartialEq, Eq)]
pub struct Synthesized {
    /// The documented status, the lowest success first.
    pub status: u16,
    /// The media type; none for an answer without a body.
    pub content_type: Option<String>,
    /// Documented headers that are required, with a value each.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A value that the document gives, and where.
pub(in crate::contract) struct Given {
    pub pointer: String,
    pub value: Value,
}

impl Contract {
    /// Makes an answer. Whether it keeps the contract is for the check that follows: a document
    /// may ask for what no value satisfies.
    #[must_use]
    pub fn synthesize(&self, operation: &Operation) -> Synthesized {
        let answer = best_answer(&operation.answers);
        self.make(answer, operation.synthesized_status())
    }

    /// Makes the answer that is documented under a status; none if no answer is.
    #[must_use]
    pub fn synthesize_status(&self, operation: &Operation, status: u16) -> Option<Synthesized> {
        let answer = operation.answer(status)?;
        Some(self.make(Some(answer), status))
    }

    fn make(&self, answer: Option<&Answer>, status: u16) -> Synthesized {
        let media = answer.and_then(best_media);
        let body = media.map(|media| self.example(media));
        let content_type = media.map(|media| match media.range.as_str() {
            "*/*" | "application/*" => "application/json".to_owned(),
            "text/*" => "text/plain".to_owned(),
            range => range.to_owned(),
        });
        let is_json = content_type.as_deref().is_some_and(is_json);
        Synthesized {
            status,
            headers: answer.map_or_else(Vec::new, |answer| self.example_headers(answer)),
            body: match body {
                None => Vec::new(),
                Some(Value::String(text)) if !is_json => text.into_bytes(),
                Some(value) => value.to_string().into_bytes(),
            },
            content_type,
        }
    }

    fn example_headers(&self, answer: &Answer) -> Vec<(String, String)> {
        let required = answer.headers.iter().filter(|header| header.required);
        required
            .map(|header| (header.name.clone(), self.example_header(header)))
            .collect()
    }

    fn example_header(&self, header: &Parameter) -> String {
        let given = self.given_examples(&header.pointer, header.schema.as_ref());
        let value = self.first_that_fits(given, header.schema.as_ref());
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match &value {
            Value::Array(items) if header.style != Style::Json => {
                items.iter().map(text).collect::<Vec<_>>().join(",")
            }
            Value::Null => String::new(),
            value => text(value),
        }
    }

    fn example(&self, media: &Media) -> Value {
        let given = self.given_examples(&media.pointer, media.schema.as_ref());
        self.first_that_fits(given, media.schema.as_ref())
    }

    /// The first candidate that satisfies the schema; the last one made if none does.
    fn first_that_fits(&self, given: Vec<Given>, used: Option<&SchemaUse>) -> Value {
        let stated = used.into_iter().flat_map(|used| self.first_listed(used));
        let mut given = given.into_iter().map(|given| given.value).chain(stated);
        let Some(used) = used else {
            return given.next().unwrap_or_default();
        };
        let fits = |value: &Value| {
            let tape = Tape::from_value(value.clone());
            self.schemas.is_valid(used, Variant::Response, tape.root())
        };
        if let Some(given) = given.find(fits) {
            return given;
        }
        let mut last = Value::Null;
        for minimal in Minimal::attempts(self.schemas.root()) {
            if let Some(made) = minimal.of(&used.pointer) {
                if fits(&made) {
                    return made;
                }
                last = made;
            }
        }
        last
    }

    /// What stands in the document beside a schema, then in it.
    pub(in crate::contract) fn given_examples(
        &self,
        pointer: &str,
        used: Option<&SchemaUse>,
    ) -> Vec<Given> {
        let root = self.schemas.root();
        let member = |holder: &str, name: &str| {
            let pointer = join(holder, name);
            let value = root.pointer(&pointer)?.clone();
            Some(Given { pointer, value })
        };
        let mut given: Vec<Given> = member(pointer, "example").into_iter().collect();
        let named = join(pointer, "examples");
        let examples = root.pointer(&named).and_then(Value::as_object);
        for (name, example) in examples.into_iter().flatten() {
            let (pointer, _) = dereference(root, &join(&named, name), example);
            given.extend(member(&pointer, "value"));
        }
        let own = used.into_iter().flat_map(|used| {
            let names = ["example", "default"].into_iter();
            names.filter_map(|name| member(&used.pointer, name))
        });
        given.extend(own);
        given
    }

    fn first_listed(&self, used: &SchemaUse) -> Option<Value> {
        let listed = self.schemas.schema(used).get("enum")?;
        listed.as_array()?.first().cloned()
    }
}

impl Operation {
    /// The status of the answer that is made up for it.
    #[must_use]
    pub fn synthesized_status(&self) -> u16 {
        best_answer(&self.answers).map_or(200, |answer| match answer.status {
            StatusKey::Code(code) => code,
            StatusKey::Range(hundred) => hundred * 100,
            StatusKey::Default => 200,
        })
    }
}

/// Lowest success, then the success range, the default, and whatever else is documented.
pub(in crate::contract) fn best_answer(answers: &[Answer]) -> Option<&Answer> {
    answers.iter().min_by_key(|answer| match answer.status {
        StatusKey::Code(code) if (200..300).contains(&code) => code,
        StatusKey::Range(2) => 1_000,
        StatusKey::Default => 1_001,
        StatusKey::Code(code) => 2_000 + code,
        StatusKey::Range(hundred) => 3_000 + hundred,
    })
}

/// JSON, where an answer has it.
pub(in crate::contract) fn best_media(answer: &Answer) -> Option<&Media> {
    let json = answer.media.iter().find(|media| is_json(&media.range));
    json.or(answer.media.first())
}
