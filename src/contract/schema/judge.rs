//! Values held against schemas, and the validator's errors as violations.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::contract::json::pointer::push_token;
use crate::contract::json::tape::Item;
use crate::contract::schema::bounds::Bounds;
use crate::contract::schema::rules::{known_fields, named_branch, schema_pointer};
use crate::contract::schema::schemas::{BASE, SchemaUse, Schemas};
use crate::contract::schema::tell::{Branches, cut, tell};
use crate::contract::spelling::nearest;
use crate::contract::violation::{Subject, Violation, more};

/// What was found wrong with one message or document.
pub(in crate::contract) struct Findings {
    bounds: Bounds,
    described: Vec<Violation>,
    /// Bytes of all pointers and sentences.
    text: usize,
    /// Violations that are not described.
    beyond: usize,
}

impl Default for Findings {
    /// Of a message.
    fn default() -> Self {
        Self::within(Bounds::MESSAGE)
    }
}

impl Findings {
    /// Of a document that nobody sent, at most so many of them listed.
    pub fn trusted(listed: usize) -> Self {
        Self::within(Bounds::trusted(listed))
    }

    fn within(bounds: Bounds) -> Self {
        Self {
            bounds,
            described: Vec::new(),
            text: 0,
            beyond: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.described.is_empty()
    }

    /// What comes when the list is full is only counted.
    pub fn push(&mut self, violation: Violation) {
        if self.is_full() {
            self.beyond += 1;
            return;
        }
        self.text += violation.pointer.len() + violation.message.len();
        self.described.push(violation);
    }

    /// Counts what the caller need not describe, because the list is full.
    pub fn count(&mut self, violations: usize) {
        self.beyond += violations;
    }

    /// Tells with all wrong types found since there were `before` violations what helps.
    pub fn hint_at_types(&mut self, before: usize, hint: &str) {
        for violation in self.described.iter_mut().skip(before) {
            if violation.rule == "type" && violation.hint.is_none() {
                violation.message = format!("{}; {hint}", violation.message);
                violation.hint = Some(hint.to_owned());
            }
        }
    }

    pub fn len(&self) -> usize {
        self.described.len()
    }

    /// The first is always described, however long.
    pub fn is_full(&self) -> bool {
        self.described.len() >= self.bounds.described || self.text > self.bounds.text
    }

    /// Holds `item` against a schema. Valid input costs no allocation.
    pub fn judge(
        &mut self,
        schemas: &Schemas,
        used: &SchemaUse,
        subject: &Subject<'_>,
        item: Item<'_>,
    ) {
        let validator = schemas.validator(used, subject.variant);
        if validator.is_valid(item) {
            return;
        }
        let judging = Judging {
            schemas,
            used,
            subject,
            known: RefCell::default(),
        };
        if self.bounds.are_passed_by(item) {
            if let Err(error) = validator.validate(item) {
                self.note_only(&judging, &error);
            }
            return;
        }
        let before = self.described.len();
        let mut consequences = Vec::new();
        for error in validator.iter_errors(item) {
            if judging.is_consequence(&error) {
                if consequences.is_empty() {
                    consequences.push(error);
                }
                continue;
            }
            self.note(&judging, &error);
        }
        // A schema may be contradictory enough for a consequence to be all there is.
        if self.described.len() == before {
            for error in consequences {
                self.note(&judging, &error);
            }
        }
    }

    /// Notes the first violation of a message too large for a list of them.
    fn note_only(&mut self, judging: &Judging<'_>, error: &ValidationError<'_>) {
        let before = self.described.len();
        self.note(judging, error);
        if let Some(only) = self.described.get_mut(before) {
            let caution =
                "more may be wrong: of a body this large only the first violation is told";
            let hint = only.hint.take();
            only.hint = Some(match hint {
                Some(hint) => format!("{hint}; {caution}"),
                None => caution.to_owned(),
            });
        }
    }

    fn note(&mut self, judging: &Judging<'_>, error: &ValidationError<'_>) {
        if let Kind::AdditionalProperties { unexpected }
        | Kind::UnevaluatedProperties { unexpected } = error.kind()
        {
            return self.note_unknown(judging, error, unexpected);
        }
        if self.is_full() {
            self.beyond += 1;
            return;
        }
        let violation = judging.describe(error);
        let is_known = self.described.iter().any(|other| {
            other.pointer == violation.pointer
                && other.rule == violation.rule
                && other.expected == violation.expected
        });
        if !is_known {
            self.push(violation);
        }
    }

    /// One error of the validator names all unknown fields of an object.
    fn note_unknown(
        &mut self,
        judging: &Judging<'_>,
        error: &ValidationError<'_>,
        unexpected: &[String],
    ) {
        let spec = judging.locate(error);
        let known = judging.known_fields(&spec);
        let is_consequence = matches!(error.kind(), Kind::UnevaluatedProperties { .. })
            && !unexpected.iter().all(|name| known.contains(name));
        let is_told = |name: &&String| !is_consequence || !known.contains(*name);
        let names: Vec<&String> = unexpected.iter().filter(is_told).collect();
        for (index, name) in names.iter().enumerate() {
            if self.is_full() {
                self.beyond += names.len() - index;
                return;
            }
            self.push(judging.unknown_field(error, &spec, name, &known));
        }
    }

    /// Those that are listed, and how many are not.
    pub fn into_parts(mut self) -> (Vec<Violation>, usize) {
        let listed = self.bounds.listed;
        let rest = self.described.len().saturating_sub(listed) + self.beyond;
        self.described.truncate(listed);
        (self.described, rest)
    }

    /// Those that are listed; one more entry then says how many are not.
    pub fn into_violations(self) -> Vec<Violation> {
        let (mut listed, rest) = self.into_parts();
        if let (Some(first), true) = (listed.first(), rest > 0) {
            let entry = more(first, rest);
            listed.push(entry);
        }
        listed
    }
}

/// What a value is held against, and what it is part of.
struct Judging<'j> {
    schemas: &'j Schemas,
    used: &'j SchemaUse,
    subject: &'j Subject<'j>,
    /// Known fields by the place of the rule: a list may have the same trouble in each item.
    known: RefCell<HashMap<String, Rc<BTreeSet<String>>>>,
}

impl Judging<'_> {
    /// A branch that fails declares nothing to a strict reading, so its fields look unknown. They
    /// are not: the branch has told what is wrong.
    fn is_consequence(&self, error: &ValidationError<'_>) -> bool {
        let Kind::UnevaluatedProperties { unexpected } = error.kind() else {
            return false;
        };
        let known = self.known_fields(&self.locate(error));
        unexpected.iter().all(|name| known.contains(name))
    }

    fn known_fields(&self, spec: &str) -> Rc<BTreeSet<String>> {
        if let Some(known) = self.known.borrow().get(spec) {
            return Rc::clone(known);
        }
        let known = Rc::new(known_fields(self.schemas, spec));
        let mut all = self.known.borrow_mut();
        all.insert(spec.to_owned(), Rc::clone(&known));
        known
    }

    fn describe(&self, error: &ValidationError<'_>) -> Violation {
        let base = self.base(error, &self.locate(error));
        match error.kind() {
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                self.missing_field(base, name, error.instance())
            }
            _ => base,
        }
    }

    fn base(&self, error: &ValidationError<'_>, spec: &str) -> Violation {
        let at = self.subject.pointer(error.instance_path().as_str());
        let named = named_branch(self.schemas, spec, error.instance());
        let branches = Branches {
            named,
            words: &|error| self.words(error),
        };
        let told = tell(self.subject, &at, error, &branches);
        let mut violation = Violation {
            side: self.subject.side,
            place: self.subject.place,
            pointer: at,
            rule: told.rule.to_owned(),
            expected: told.expected,
            actual: told.actual,
            spec: format!("#{spec}"),
            hint: told.hint,
            message: told.message,
            code: None,
        };
        // They speak of the schema's own rule, which a value of another type does not even meet.
        if !matches!(error.kind(), Kind::Type { .. }) {
            violation.code = self.extension(spec, "x-openmail-mock-error");
            let words = self.extension(spec, "x-openmail-mock-message");
            violation.message = words.unwrap_or(violation.message);
        }
        violation
    }

    /// The sentence of an error inside a branch.
    fn words(&self, error: &ValidationError<'_>) -> String {
        match error.kind() {
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                let spec = self.locate(error);
                let (known, first) = (self.known_fields(&spec), unexpected.first());
                let name = first.map_or("", String::as_str);
                self.unknown_field(error, &spec, name, &known).message
            }
            _ => self.describe(error).message,
        }
    }

    /// The document may set the code and the words for a schema's violations.
    fn extension(&self, spec: &str, name: &str) -> Option<String> {
        let root = self.schemas.root();
        let schema = schema_pointer(self.schemas, spec);
        let text = root.pointer(&schema)?.get(name)?.as_str()?;
        Some(text.to_owned())
    }

    fn unknown_field(
        &self,
        error: &ValidationError<'_>,
        spec: &str,
        name: &str,
        known: &BTreeSet<String>,
    ) -> Violation {
        let mut pointer = self.subject.pointer(error.instance_path().as_str());
        push_token(&mut pointer, name);
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "no field is known here".to_owned(),
            None => format!("the fields known here: {}", names.join(", ")),
        };
        let who = self.subject.words(&pointer);
        let message = format!("{who} is no field that is known here; {hint}");
        Violation {
            side: self.subject.side,
            place: self.subject.place,
            pointer,
            rule: "additionalProperties".to_owned(),
            expected: Some(Value::Bool(false)),
            actual: Some(cut(&json!(name))),
            spec: format!("#{spec}"),
            hint: Some(hint),
            message: self
                .extension(spec, "x-openmail-mock-message")
                .unwrap_or(message),
            code: self.extension(spec, "x-openmail-mock-error"),
        }
    }

    fn missing_field(&self, base: Violation, name: &str, instance: &Value) -> Violation {
        let mut pointer = base.pointer.clone();
        push_token(&mut pointer, name);
        let members = instance.as_object().into_iter().flat_map(|map| map.keys());
        let hint = nearest(name, members.map(String::as_str))
            .filter(|near| *near != name)
            .map(|near| format!("`{near}` is there; did you mean `{name}`?"));
        let tail = hint.as_ref().map(|hint| format!("; {hint}"));
        let who = self.subject.words(&pointer);
        let own_words = self.extension(&base.spec[1..], "x-openmail-mock-message");
        let message = format!("{who} is required and missing{}", tail.unwrap_or_default());
        Violation {
            message: own_words.unwrap_or(message),
            pointer,
            hint,
            ..base
        }
    }

    /// The pointer of the rule in the document as it was given.
    fn locate(&self, error: &ValidationError<'_>) -> String {
        let location = error.absolute_keyword_location();
        let location = location.map(|uri| uri.as_str()).unwrap_or_default();
        // The entry to a schema is ours; what it says of the value, the schema says.
        let Some(fragment) = location
            .strip_prefix(BASE)
            .and_then(|rest| rest.strip_prefix('#'))
        else {
            return self.used.pointer.clone();
        };
        let pointer = percent_decode_str(fragment)
            .decode_utf8_lossy()
            .into_owned();
        // Equal schemas share a validator: the place is the one of this use.
        let compiled_at = self.schemas.compiled_at(self.used);
        let mut pointer = match pointer.strip_prefix(compiled_at) {
            Some(tail) if tail.is_empty() || tail.starts_with('/') => {
                format!("{}{tail}", self.used.pointer)
            }
            Some(_) | None => pointer,
        };
        // The translation has keywords that the document lacks: their schema is the place.
        while self.schemas.root().pointer(&pointer).is_none() {
            match pointer.rfind('/') {
                Some(end) => pointer.truncate(end),
                None => break,
            }
        }
        pointer
    }
}
