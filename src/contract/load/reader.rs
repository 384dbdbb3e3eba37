//! From a document's JSON to its operations: paths, parameters, bodies, answers and security.
//!
//! Every fault is kept and the reading goes on, so that all of them are reported at once. What
//! the walk has refused already is passed over in silence.

use std::collections::{HashMap, HashSet};

use openapiv3::Operation as TypedOperation;
use serde_json::Value;

use crate::contract::document::{
    Answer, Body, Credential, Media, Operation, StatusKey, drop_callbacks, is_checked, is_json,
    pointer_of_path,
};
use crate::contract::exchange::coerce::Coercion;
use crate::contract::json::pointer::value_at;
use crate::contract::load::kinds::is_method;
use crate::contract::load::walk::{Finding, Walked, dereference, join};
use crate::contract::route::{Router, TemplateFault};
use crate::contract::schema::schemas::{SchemaUse, Schemas};
use crate::contract::violation::Side;

/// Under this name an answer lists the error codes that it may carry.
const ERRORS: &str = "x-openmail-mock-errors";

/// A document's operations as far as they were read, and what is wrong with it.
pub(in crate::contract) struct Reading {
    pub schemas: Schemas,
    pub operations: Vec<Operation>,
    pub router: Router,
    pub faults: Vec<Finding>,
    /// What only the typed model found, told where nothing else is.
    pub form_faults: Vec<Finding>,
    /// Faults and notes of parts that several operations share are told once.
    told: HashSet<Finding>,
    pub notes: Vec<Finding>,
    /// Answers that were read, by their pointers: most are referred to by every operation.
    answers: HashMap<String, Answer>,
    /// Whether the typed model took the document as a whole; otherwise each part is judged.
    is_well_formed: bool,
}

/// Reads all operations of a document that was walked.
pub(in crate::contract) fn read_operations(
    root: Value,
    walked: Walked,
    is_well_formed: bool,
) -> Reading {
    let mut reading = Reading {
        schemas: Schemas::new(root, walked.schema_roots),
        operations: Vec::new(),
        router: Router::default(),
        told: walked.faults.iter().chain(&walked.notes).cloned().collect(),
        faults: walked.faults,
        form_faults: Vec::new(),
        notes: walked.notes,
        answers: HashMap::new(),
        is_well_formed,
    };
    reading.read_paths();
    reading
}

impl Reading {
    /// Two operations may find the same fault of the part that they share.
    pub(in crate::contract) fn fault(&mut self, pointer: &str, message: impl Into<String>) {
        let fault = Finding {
            pointer: pointer.to_owned(),
            message: message.into(),
        };
        if self.told.insert(fault.clone()) {
            self.faults.push(fault);
        }
    }

    pub(in crate::contract) fn note(&mut self, pointer: &str, message: impl Into<String>) {
        let note = Finding {
            pointer: pointer.to_owned(),
            message: message.into(),
        };
        if self.told.insert(note.clone()) {
            self.notes.push(note);
        }
    }

    fn read_paths(&mut self) {
        let root = self.schemas.root();
        let paths = root.get("paths").and_then(Value::as_object);
        let templates: Vec<String> = paths
            .into_iter()
            .flat_map(|paths| paths.keys().cloned())
            .collect();
        for template in templates {
            let pointer = join("/paths", &template);
            match template.chars().next() {
                Some('/') => self.read_path_item(&template, &pointer),
                _ if template.starts_with("x-") => {}
                _ => self.fault(&pointer, "a path starts with `/`"),
            }
        }
        self.refuse_repeated_ids();
    }

    fn refuse_repeated_ids(&mut self) {
        let mut first: HashMap<&str, &str> = HashMap::new();
        let mut faults = Vec::new();
        for Operation { id, pointer, .. } in &self.operations {
            match first.get(id.as_str()) {
                None => {
                    first.insert(id, pointer);
                }
                Some(known) => faults.push(Finding {
                    pointer: join(pointer, "operationId"),
                    message: format!("operationId `{id}` is used twice, first at {known}"),
                }),
            }
        }
        self.faults.extend(faults);
    }

    fn read_path_item(&mut self, template: &str, pointer: &str) {
        let root = self.schemas.shared_root();
        let (pointer, item) = found(&root, pointer);
        let members = item.as_object().into_iter().flatten();
        let methods: Vec<&str> = members
            .map(|(field, _)| field.as_str())
            .filter(|field| is_method(field))
            .collect();
        let shared = self.parameter_pointers(&pointer, item);
        for method in methods {
            let at = join(&pointer, method);
            self.read_operation(template, method, &at, &shared, &item[method]);
        }
    }

    fn parameter_pointers(&self, pointer: &str, holder: &Value) -> Vec<String> {
        let list = holder.get("parameters").and_then(Value::as_array);
        let count = list.map_or(0, Vec::len);
        let list = join(pointer, "parameters");
        (0..count)
            .map(|index| join(&list, &index.to_string()))
            .collect()
    }

    fn read_operation(
        &mut self,
        template: &str,
        method: &str,
        pointer: &str,
        shared: &[String],
        raw: &Value,
    ) {
        let method = method.to_uppercase();
        let path_names = match self.router.insert(&method, template, self.operations.len()) {
            Ok(names) => names,
            Err(TemplateFault::Malformed(why)) => return self.fault(pointer, why),
            Err(TemplateFault::Taken(other)) => {
                let other = &self.operations[other];
                let message = format!(
                    "{method} {template} is the same route as {} {} at {}",
                    other.method, other.template, other.pointer
                );
                return self.fault(pointer, message);
            }
        };
        let faults = self.faults.len() + self.form_faults.len();
        let own = self.parameter_pointers(pointer, raw);
        let parameters = self.read_parameters(shared, &own);
        if let Some(parameters) = &parameters {
            self.match_path_names(pointer, template, &path_names, parameters);
        }
        let body = raw
            .get("requestBody")
            .and_then(|_| self.read_body(&join(pointer, "requestBody")));
        let answers = self.read_answers(pointer, raw);
        let credentials = self.credentials(pointer, raw);
        if !self.is_well_formed && self.faults.len() + self.form_faults.len() == faults {
            self.judge_form(pointer, raw);
        }
        let text = |name: &str| raw.get(name).and_then(Value::as_str).map(str::to_owned);
        self.operations.push(Operation {
            id: text("operationId").unwrap_or_else(|| format!("{method} {template}")),
            method,
            template: template.to_owned(),
            pointer: pointer.to_owned(),
            summary: text("summary").unwrap_or_default(),
            credentials,
            parameters: parameters.unwrap_or_default(),
            path_names,
            body,
            answers,
        });
    }

    /// What no closer look has refused, the typed model may still refuse.
    fn judge_form(&mut self, pointer: &str, raw: &Value) {
        let mut plain = raw.clone();
        drop_callbacks(&mut plain);
        let typed: Result<TypedOperation, _> = serde_path_to_error::deserialize(&plain);
        if let Err(error) = typed {
            let at = format!("{pointer}{}", pointer_of_path(raw, error.path()));
            let message = format!("not an OpenAPI 3.0 operation: {}", error.into_inner());
            self.form_fault(&at, message);
        }
    }

    pub(in crate::contract) fn form_fault(&mut self, pointer: &str, message: String) {
        let fault = Finding {
            pointer: pointer.to_owned(),
            message,
        };
        if self.told.insert(fault.clone()) {
            self.form_faults.push(fault);
        }
    }

    /// The schema at `pointer`, if there is one, and how text is read for it.
    pub(in crate::contract) fn declare(&mut self, pointer: &str) -> (Option<SchemaUse>, Coercion) {
        let used = self.schemas.declare(pointer);
        let coercion = used.as_ref().map(|used| {
            let schema = self.schemas.schema(used);
            Coercion::of(self.schemas.root(), schema)
        });
        (used, coercion.unwrap_or_default())
    }

    fn read_body(&mut self, pointer: &str) -> Option<Body> {
        let root = self.schemas.shared_root();
        let (pointer, value) = found(&root, pointer);
        Some(Body {
            required: value.get("required") == Some(&Value::Bool(true)),
            media: self.read_content(&pointer, value, Side::Request),
            pointer,
        })
    }

    fn read_content(&mut self, pointer: &str, holder: &Value, side: Side) -> Vec<Media> {
        let content = holder.get("content").and_then(Value::as_object);
        let mut media = Vec::new();
        for (range, object) in content.into_iter().flatten() {
            let at = join(&join(pointer, "content"), range);
            let essence = range.split(';').next().unwrap_or_default();
            let range = essence.trim().to_lowercase();
            // JSON says itself what its values are.
            let (schema, coercion) = match is_json(&range) {
                true => (
                    self.schemas.declare(&join(&at, "schema")),
                    Coercion::default(),
                ),
                false => self.declare(&join(&at, "schema")),
            };
            self.judge_form_media(&at, object, &range, side, schema.as_ref());
            if schema.is_some() && !is_checked(&range, side) {
                let message =
                    format!("bodies of `{range}` are taken as bytes; their schema is not checked");
                self.note(&at, message);
            }
            media.push(Media {
                range,
                pointer: at,
                schema,
                coercion,
            });
        }
        media
    }

    fn read_answers(&mut self, pointer: &str, raw: &Value) -> Vec<Answer> {
        let list = join(pointer, "responses");
        let mut answers = Vec::new();
        let keys = raw.get("responses").and_then(Value::as_object);
        let keys: Vec<String> = keys
            .into_iter()
            .flat_map(|keys| keys.keys().cloned())
            .collect();
        for key in keys.iter().filter(|key| !key.starts_with("x-")) {
            let at = join(&list, key);
            let Some(status) = status_key(key) else {
                self.fault(
                    &at,
                    format!("`{key}` is no status: write `200`, `4XX` or `default`"),
                );
                continue;
            };
            let root = self.schemas.shared_root();
            let (at, value) = dereference(&root, &at, &raw["responses"][key]);
            answers.push(match self.answers.get(&at).cloned() {
                // One that is shared may stand under another status elsewhere.
                Some(known) => Answer { status, ..known },
                None => self.read_answer(at, value, status),
            });
        }
        answers
    }

    fn read_answer(&mut self, pointer: String, value: &Value, status: StatusKey) -> Answer {
        let media = self.read_content(&pointer, value, Side::Response);
        let headers = self.read_headers(&pointer, value);
        let answer = Answer {
            status,
            errors: self.read_errors(&pointer, value).into(),
            media: media.into(),
            headers: headers.into(),
            pointer,
        };
        let named = answer.pointer.clone();
        self.answers.insert(named, answer.clone());
        answer
    }

    fn read_errors(&mut self, pointer: &str, answer: &Value) -> Vec<String> {
        let Some(listed) = answer.get(ERRORS) else {
            return Vec::new();
        };
        let text = |code: &Value| code.as_str().map(str::to_owned);
        let codes = listed.as_array().map(|codes| codes.iter().map(text));
        let codes: Option<Vec<String>> = codes.and_then(Iterator::collect);
        codes.unwrap_or_else(|| {
            let at = join(pointer, ERRORS);
            self.fault(&at, "a list of error codes, which are strings, is expected");
            Vec::new()
        })
    }

    fn credentials(&mut self, pointer: &str, raw: &Value) -> Vec<Credential> {
        let (list, requirements) = match raw.get("security") {
            Some(own) => (join(pointer, "security"), own.clone()),
            None => (
                "/security".to_owned(),
                self.schemas
                    .root()
                    .get("security")
                    .cloned()
                    .unwrap_or_default(),
            ),
        };
        let requirements = requirements.as_array().map_or(&[][..], Vec::as_slice);
        // An empty requirement object makes the key optional.
        if requirements.contains(&Value::Object(serde_json::Map::new())) {
            return Vec::new();
        }
        let mut credentials = Vec::new();
        for (index, requirement) in requirements.iter().enumerate() {
            let at = join(&list, &index.to_string());
            for name in requirement
                .as_object()
                .into_iter()
                .flat_map(|map| map.keys())
            {
                let Some(credential) = self.credential(name) else {
                    let message = format!("security scheme `{name}` is not declared");
                    self.fault(&join(&at, name), message);
                    continue;
                };
                if !credentials.contains(&credential) {
                    credentials.push(credential);
                }
            }
        }
        credentials
    }

    /// What a security scheme of that name asks for; none if there is no such scheme.
    fn credential(&self, name: &str) -> Option<Credential> {
        let (_, scheme) = found(
            self.schemas.root(),
            &join("/components/securitySchemes", name),
        );
        let field = |name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = (field("type"), field("scheme").to_lowercase(), field("in"));
        Some(match (kind.0, kind.1.as_str(), kind.2) {
            ("http", "basic", _) => Credential::Basic,
            ("http" | "oauth2" | "openIdConnect", _, _) => Credential::Bearer,
            ("apiKey", _, "header") => Credential::Header(field("name").to_owned()),
            ("apiKey", _, "query") => Credential::Query(field("name").to_owned()),
            ("apiKey", _, "cookie") => Credential::Cookie(field("name").to_owned()),
            _ => return None,
        })
    }
}

/// What stands at a pointer, references followed, and where that is.
pub(in crate::contract) fn found<'d>(root: &'d Value, pointer: &str) -> (String, &'d Value) {
    let value = value_at(root, pointer).unwrap_or(&Value::Null);
    dereference(root, pointer, value)
}

fn status_key(key: &str) -> Option<StatusKey> {
    let digits = key.strip_suffix("XX");
    match (key, digits) {
        ("default", _) => Some(StatusKey::Default),
        (_, Some(hundred)) => {
            let hundred = hundred.parse().ok().filter(|n| (1..=5).contains(n))?;
            Some(StatusKey::Range(hundred))
        }
        (code, None) => {
            let code = code.parse().ok().filter(|n| (100..=599).contains(n))?;
            Some(StatusKey::Code(code))
        }
    }
}
