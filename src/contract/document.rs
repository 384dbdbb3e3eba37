//! A document read into operations: what `openapi.json` says, ready to be asked.

use std::borrow::Cow;
use std::collections::HashMap;

use openapiv3::{OpenAPI, Operation as TypedOperation, ParameterData, ParameterSchemaOrContent};
use serde_json::Value;

use super::coerce::{Coercion, Style};
use super::locate::{Place, place};
use super::route::{Router, TemplateFault};
use super::schemas::{SchemaUse, Schemas};
use super::tape::Tape;
use super::violation::In;
use super::walk::{Finding, dereference, is_method, join, walk};

/// A loaded OpenAPI 3.0 document.
pub struct Contract {
    text: Cow<'static, str>,
    /// The document's own title.
    pub title: String,
    /// The API's version, as the document says.
    pub version: String,
    /// All operations in document order.
    pub operations: Vec<Operation>,
    /// What the document says without effect, for `check`.
    pub notes: Vec<Fault>,
    /// Whether this document is one of ours, which names every status that is answered.
    pub(super) built_in: bool,
    pub(super) router: Router,
    pub(super) schemas: Schemas,
    /// The `Error` component, which may stand in for undocumented failures.
    pub(super) error_schema: Option<SchemaUse>,
}

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// The `operationId`, or method and path where there is none.
    pub id: String,
    /// In upper case.
    pub method: String,
    /// The path template.
    pub template: String,
    /// Pointer of the operation in the document.
    pub pointer: String,
    /// The document's one-line summary; empty when it has none.
    pub summary: String,
    /// Where a request carries its key; empty when none is asked for.
    pub credentials: Vec<Credential>,
    /// Parameters of all places.
    pub parameters: Vec<Parameter>,
    /// Names of the path parameters, in template order.
    pub(super) path_names: Vec<String>,
    /// What the operation takes as a body, if it takes one.
    pub body: Option<Body>,
    /// The documented answers in document order.
    pub answers: Vec<Answer>,
}

/// Where a key travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// `Authorization: Bearer KEY`; OAuth 2 and OpenID Connect tokens travel the same way.
    Bearer,
    /// `Authorization: Basic …`, with the key as the user name.
    Basic,
    /// A header of that name.
    Header(String),
    /// A query parameter of that name.
    Query(String),
    /// A cookie of that name.
    Cookie(String),
}

/// One parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name; header names compare without case.
    pub name: String,
    /// Where it stands.
    pub place: In,
    /// Whether a request without it is refused.
    pub required: bool,
    /// What its absence means, as the schema's `default` says.
    pub default: Option<Value>,
    pub(super) pointer: String,
    pub(super) schema: Option<SchemaUse>,
    pub(super) coercion: Coercion,
    pub(super) style: Style,
}

impl Parameter {
    /// Name and place tell parameters apart; header names compare without case.
    fn is_same(&self, other: &Parameter) -> bool {
        let same_name = match self.place {
            In::Header => self.name.eq_ignore_ascii_case(&other.name),
            In::Path | In::Query | In::Cookie | In::Body | In::Status => self.name == other.name,
        };
        self.place == other.place && same_name
    }
}

/// A request body.
#[derive(Debug)]
pub struct Body {
    /// Whether a request without one is refused.
    pub required: bool,
    pub(super) pointer: String,
    /// The media types it may have.
    pub media: Vec<Media>,
}

/// One media type of a body.
#[derive(Debug)]
pub struct Media {
    /// The media type or range, in lower case and without parameters.
    pub range: String,
    pub(super) pointer: String,
    pub(super) schema: Option<SchemaUse>,
    pub(super) coercion: Coercion,
}

/// One documented answer.
#[derive(Debug)]
pub struct Answer {
    /// The status, a range, or all the rest.
    pub status: StatusKey,
    pub(super) pointer: String,
    /// The media types that the body may have; none means that there is no body.
    pub media: Vec<Media>,
    pub(super) headers: Vec<Parameter>,
}

/// How a document names statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusKey {
    /// One status.
    Code(u16),
    /// A hundred of them: 4 stands for `4XX`.
    Range(u16),
    /// `default`.
    Default,
}

impl std::fmt::Display for StatusKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StatusKey::Code(code) => write!(formatter, "{code}"),
            StatusKey::Range(hundred) => write!(formatter, "{hundred}XX"),
            StatusKey::Default => formatter.write_str("default"),
        }
    }
}

/// A fault or a note of a document, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer into the document.
    pub pointer: String,
    /// Line and column of that pointer in the text.
    pub place: Place,
    /// What is wrong and what to do.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { line, column } = self.place;
        let pointer = match self.pointer.is_empty() {
            true => String::new(),
            false => format!("{}: ", self.pointer),
        };
        write!(formatter, "{line}:{column}: {pointer}{}", self.message)
    }
}

impl Contract {
    /// Loads a document that tests have proved sound: its validators are compiled at first use.
    ///
    /// # Errors
    ///
    /// As [`Contract::load`], but for schemas that do not compile.
    pub fn load_built_in(text: &'static str) -> Result<Self, Vec<Fault>> {
        read(Cow::Borrowed(text), true)
    }

    /// Loads any OpenAPI 3.0 document and compiles all its schemas.
    ///
    /// # Errors
    ///
    /// Everything in the document that could not be served exactly, all of it at once.
    pub fn load(text: String) -> Result<Self, Vec<Fault>> {
        let contract = read(Cow::Owned(text), false)?;
        let faults = contract.schemas.compile_all();
        match faults.is_empty() {
            true => Ok(contract),
            false => Err(located(&contract.text, faults)),
        }
    }

    /// The document as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Compiles every schema; a test calls this for the built-in documents.
    ///
    /// # Errors
    ///
    /// Schemas that do not compile.
    pub fn compile_all(&self) -> Result<(), Vec<Fault>> {
        let faults = self.schemas.compile_all();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(located(&self.text, faults)),
        }
    }

    /// The operation with that id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }
}

fn located(text: &str, findings: Vec<Finding>) -> Vec<Fault> {
    let locate = |finding: Finding| Fault {
        place: place(text, &finding.pointer),
        pointer: finding.pointer,
        message: finding.message,
    };
    findings.into_iter().map(locate).collect()
}

fn read(text: Cow<'static, str>, built_in: bool) -> Result<Contract, Vec<Fault>> {
    let one = |pointer: &str, message: String| {
        let pointer = pointer.to_owned();
        vec![Finding { pointer, message }]
    };
    let tape = Tape::read(text.as_bytes()).map_err(|error| {
        let pointer = error.repeated.clone().unwrap_or_default();
        located(&text, one(&pointer, format!("not read as JSON: {error}")))
    })?;
    let root = tape.root().to_json();
    drop(tape);
    check_version(&root).map_err(|message| located(&text, one("/openapi", message)))?;
    let walked = walk(&root);
    if !walked.faults.is_empty() {
        return Err(located(&text, walked.faults));
    }
    let typed: OpenAPI = serde_path_to_error::deserialize(&root).map_err(|error| {
        let pointer = pointer_of_path(&root, error.path());
        let message = format!("not OpenAPI 3.0: {}", error.into_inner());
        located(&text, one(&pointer, message))
    })?;
    let mut reader = Reader {
        typed: &typed,
        schemas: Schemas::new(root, walked.schema_roots),
        operations: Vec::new(),
        router: Router::default(),
        faults: Vec::new(),
        notes: walked.notes,
    };
    reader.read_paths();
    if !reader.faults.is_empty() {
        return Err(located(&text, reader.faults));
    }
    let has_error = reader
        .schemas
        .root()
        .pointer("/components/schemas/Error")
        .is_some();
    let error_schema = has_error.then(|| reader.schemas.declare("/components/schemas/Error"));
    Ok(Contract {
        title: typed.info.title.clone(),
        version: typed.info.version.clone(),
        operations: reader.operations,
        notes: located(&text, reader.notes),
        built_in,
        router: reader.router,
        schemas: reader.schemas,
        error_schema,
        text,
    })
}

fn check_version(root: &Value) -> Result<(), String> {
    match root.get("openapi").and_then(Value::as_str) {
        Some(version) if version == "3.0" || version.starts_with("3.0.") => Ok(()),
        Some(version) => Err(format!(
            "this is OpenAPI {version}; documents of OpenAPI 3.0 are served"
        )),
        None => Err(
            "not an OpenAPI document: `openapi` with a version such as `3.0.3` is missing"
                .to_owned(),
        ),
    }
}

/// serde names members and positions alike; the document tells which is which.
fn pointer_of_path(root: &Value, path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path.iter() {
        let token = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        let longer = join(&pointer, &token);
        if root.pointer(&longer).is_none() {
            break;
        }
        pointer = longer;
    }
    pointer
}

struct Reader<'t> {
    typed: &'t OpenAPI,
    schemas: Schemas,
    operations: Vec<Operation>,
    router: Router,
    faults: Vec<Finding>,
    notes: Vec<Finding>,
}

impl Reader<'_> {
    fn fault(&mut self, pointer: &str, message: impl Into<String>) {
        self.faults.push(Finding {
            pointer: pointer.to_owned(),
            message: message.into(),
        });
    }

    fn value(&self, pointer: &str) -> (String, Value) {
        let value = self.schemas.root().pointer(pointer).unwrap_or(&Value::Null);
        let (pointer, value) = dereference(self.schemas.root(), pointer, value);
        (pointer, value.clone())
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
        let mut ids: HashMap<String, String> = HashMap::new();
        let mut faults = Vec::new();
        for operation in &self.operations {
            if let Some(first) = ids.insert(operation.id.clone(), operation.pointer.clone()) {
                faults.push(Finding {
                    pointer: join(&operation.pointer, "operationId"),
                    message: format!(
                        "operationId `{}` is used twice, first at {first}",
                        operation.id
                    ),
                });
            }
        }
        self.faults.extend(faults);
    }

    fn read_path_item(&mut self, template: &str, pointer: &str) {
        let (pointer, item) = self.value(pointer);
        let members = item.as_object().into_iter().flatten();
        let methods: Vec<&str> = members
            .map(|(field, _)| field.as_str())
            .filter(|field| is_method(field))
            .collect();
        let shared = self.parameter_pointers(&pointer, &item);
        for method in methods {
            let at = join(&pointer, method);
            let typed = serde_path_to_error::deserialize(&item[method]);
            match typed {
                Ok(typed) => self.read_operation(template, method, &at, &shared, &typed),
                Err(error) => self.fault(&at, format!("not an OpenAPI 3.0 operation: {error}")),
            }
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
        typed: &TypedOperation,
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
        let raw = self
            .schemas
            .root()
            .pointer(pointer)
            .cloned()
            .unwrap_or_default();
        let own = self.parameter_pointers(pointer, &raw);
        let parameters = self.read_parameters(shared, &own);
        self.match_path_names(pointer, template, &path_names, &parameters);
        let body = raw
            .get("requestBody")
            .and_then(|_| self.read_body(&join(pointer, "requestBody")));
        let answers = self.read_answers(pointer, &raw);
        let id = typed.operation_id.clone();
        let credentials = self.credentials(pointer, typed);
        self.operations.push(Operation {
            id: id.unwrap_or_else(|| format!("{method} {template}")),
            method,
            template: template.to_owned(),
            pointer: pointer.to_owned(),
            summary: typed.summary.clone().unwrap_or_default(),
            credentials,
            parameters,
            path_names,
            body,
            answers,
        });
    }

    /// An operation's own parameters override those of its path item.
    fn read_parameters(&mut self, shared: &[String], own: &[String]) -> Vec<Parameter> {
        let mut parameters = self.read_parameter_list(shared);
        let own = self.read_parameter_list(own);
        parameters.retain(|shared| !own.iter().any(|other| other.is_same(shared)));
        parameters.extend(own);
        parameters
    }

    fn read_parameter_list(&mut self, pointers: &[String]) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = Vec::new();
        for pointer in pointers {
            let (at, value) = self.value(pointer);
            let Some(parameter) = self.read_parameter(&at, &value) else {
                continue;
            };
            if parameters.iter().any(|other| other.is_same(&parameter)) {
                let message = format!("parameter `{}` is declared twice", parameter.name);
                self.fault(pointer, message);
            }
            parameters.push(parameter);
        }
        parameters
    }

    fn read_parameter(&mut self, pointer: &str, value: &Value) -> Option<Parameter> {
        use openapiv3::Parameter as Typed;
        let typed: Typed = match serde_path_to_error::deserialize(value) {
            Ok(typed) => typed,
            Err(error) => {
                let message = format!("not an OpenAPI 3.0 parameter: {}", error.into_inner());
                self.fault(pointer, message);
                return None;
            }
        };
        let (place, style) = match &typed {
            Typed::Query { style, .. } => (In::Query, Style::of_query(style)),
            Typed::Header { .. } => (In::Header, Some(Style::Comma)),
            Typed::Path { style, .. } => (In::Path, Style::of_path(style)),
            Typed::Cookie { .. } => (In::Cookie, Some(Style::Repeated)),
        };
        let data = typed.parameter_data_ref();
        let Some(style) = style else {
            self.fault(
                &join(pointer, "style"),
                "parameters of the styles `matrix` and `label` are not read by this engine",
            );
            return None;
        };
        // These three carry meaning of their own in HTTP; OpenAPI says to ignore them here.
        let reserved = ["accept", "content-type", "authorization"];
        if place == In::Header && reserved.contains(&data.name.to_lowercase().as_str()) {
            let message = format!(
                "header parameter `{}` is ignored, as OpenAPI rules",
                data.name
            );
            self.notes.push(Finding {
                pointer: pointer.to_owned(),
                message,
            });
            return None;
        }
        if place == In::Path && !data.required {
            self.fault(pointer, "a path parameter must have `required: true`");
        }
        let style = match (style, data.explode) {
            (Style::Repeated, Some(false)) => Style::Comma,
            (style, _) => style,
        };
        Some(self.parameter(pointer, data, place, style))
    }

    fn parameter(
        &mut self,
        pointer: &str,
        data: &ParameterData,
        place: In,
        style: Style,
    ) -> Parameter {
        let (schema_pointer, style) = match &data.format {
            ParameterSchemaOrContent::Schema(_) => (join(pointer, "schema"), style),
            ParameterSchemaOrContent::Content(content) => {
                let range = content.keys().next().cloned().unwrap_or_default();
                let media = join(&join(pointer, "content"), &range);
                (join(&media, "schema"), Style::Json)
            }
        };
        let (schema, coercion) = self.declare(&schema_pointer);
        let default = schema
            .as_ref()
            .and_then(|used| self.schemas.schema(used).get("default"));
        Parameter {
            name: data.name.clone(),
            place,
            required: data.required,
            default: default.cloned(),
            pointer: pointer.to_owned(),
            schema,
            coercion,
            style,
        }
    }

    fn declare(&mut self, pointer: &str) -> (Option<SchemaUse>, Coercion) {
        if self.schemas.root().pointer(pointer).is_none() {
            return (None, Coercion::default());
        }
        let used = self.schemas.declare(pointer);
        let coercion = Coercion::of(self.schemas.root(), self.schemas.schema(&used));
        (Some(used), coercion)
    }

    fn match_path_names(
        &mut self,
        pointer: &str,
        template: &str,
        names: &[String],
        parameters: &[Parameter],
    ) {
        let declared: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter.place == In::Path)
            .map(|parameter| parameter.name.as_str())
            .collect();
        for name in names
            .iter()
            .filter(|name| !declared.contains(&name.as_str()))
        {
            self.fault(
                pointer,
                format!("`{{{name}}}` in {template} has no path parameter that declares it"),
            );
        }
        for name in declared {
            if !names.iter().any(|known| known == name) {
                self.fault(
                    pointer,
                    format!("path parameter `{name}` does not stand in {template}"),
                );
            }
        }
    }

    fn read_body(&mut self, pointer: &str) -> Option<Body> {
        let (pointer, value) = self.value(pointer);
        Some(Body {
            required: value.get("required") == Some(&Value::Bool(true)),
            media: self.read_content(&pointer, &value),
            pointer,
        })
    }

    fn read_content(&mut self, pointer: &str, holder: &Value) -> Vec<Media> {
        let content = holder.get("content").and_then(Value::as_object);
        let mut media = Vec::new();
        for range in content.into_iter().flat_map(|content| content.keys()) {
            let at = join(&join(pointer, "content"), range);
            let (schema, coercion) = self.declare(&join(&at, "schema"));
            let essence = range.split(';').next().unwrap_or_default();
            let range = essence.trim().to_lowercase();
            if schema.is_some() && !is_checked(&range) {
                let message =
                    format!("bodies of `{range}` are taken as bytes; their schema is not checked");
                let pointer = at.clone();
                self.notes.push(Finding { pointer, message });
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
            let (at, value) = self.value(&at);
            let media = self.read_content(&at, &value);
            let headers = self.read_headers(&at, &value);
            answers.push(Answer {
                status,
                pointer: at,
                media,
                headers,
            });
        }
        answers
    }

    fn read_headers(&mut self, pointer: &str, answer: &Value) -> Vec<Parameter> {
        let list = join(pointer, "headers");
        let headers = answer.get("headers").and_then(Value::as_object);
        let mut read = Vec::new();
        for name in headers.into_iter().flat_map(|headers| headers.keys()) {
            // OpenAPI ignores a `Content-Type` header here: `content` says it.
            if name.eq_ignore_ascii_case("content-type") {
                continue;
            }
            let (at, value) = self.value(&join(&list, name));
            let (schema, coercion) = self.declare(&join(&at, "schema"));
            read.push(Parameter {
                name: name.clone(),
                place: In::Header,
                required: value.get("required") == Some(&Value::Bool(true)),
                default: None,
                pointer: at,
                schema,
                coercion,
                style: Style::Comma,
            });
        }
        read
    }

    fn credentials(&mut self, pointer: &str, typed: &TypedOperation) -> Vec<Credential> {
        let document = self.typed.security.clone().unwrap_or_default();
        let requirements = typed.security.clone().unwrap_or(document);
        // An empty requirement object makes the key optional.
        if requirements
            .iter()
            .any(|requirement| requirement.is_empty())
        {
            return Vec::new();
        }
        let mut credentials = Vec::new();
        for name in requirements
            .iter()
            .flat_map(|requirement| requirement.keys())
        {
            let at = join("/components/securitySchemes", name);
            let (_, scheme) = self.value(&at);
            let field = |name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or_default();
            let credential = match (
                field("type"),
                field("scheme").to_lowercase().as_str(),
                field("in"),
            ) {
                ("http", "basic", _) => Credential::Basic,
                ("http" | "oauth2" | "openIdConnect", _, _) => Credential::Bearer,
                ("apiKey", _, "header") => Credential::Header(field("name").to_owned()),
                ("apiKey", _, "query") => Credential::Query(field("name").to_owned()),
                ("apiKey", _, "cookie") => Credential::Cookie(field("name").to_owned()),
                _ => {
                    let at = join(pointer, "security");
                    self.fault(&at, format!("security scheme `{name}` is not declared"));
                    continue;
                }
            };
            if !credentials.contains(&credential) {
                credentials.push(credential);
            }
        }
        credentials
    }
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

/// Whether bodies of this media type are read and held against their schema.
pub(super) fn is_checked(range: &str) -> bool {
    is_json(range) || is_form(range) || range.starts_with("text/")
}

pub(super) fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence.ends_with("+json")
}

pub(super) fn is_form(essence: &str) -> bool {
    essence == "application/x-www-form-urlencoded"
}
