//! A document read into operations: what `openapi.json` says, ready to be asked.

use std::borrow::Cow;
use std::sync::Arc;

use openapiv3::OpenAPI;
use serde::Deserialize;
use serde_json::Value;

use crate::contract::exchange::coerce::{Coercion, Style};
use crate::contract::json::tape::{ReadError, Tape};
use crate::contract::load::parse::parse;
use crate::contract::load::reader::read_operations;
use crate::contract::load::report::{Fault, grouped, located};
use crate::contract::load::walk::{Finding, dereference, join, outline, walk};
use crate::contract::route::Router;
use crate::contract::schema::schemas::{SchemaUse, Schemas};
use crate::contract::violation::{In, Side};

/// Where the schema of the envelope stands that failures have.
const ERROR_SCHEMA: &str = "/components/schemas/Error";

/// A loaded OpenAPI 3.0 document.
pub struct Contract {
    text: Cow<'static, str>,
    /// The document's own title.
    pub title: String,
    /// The API's version, as the document says.
    pub version: String,
    /// All operations in document order.
    pub operations: Vec<Operation>,
    /// What the document says without effect, for `check`: one note for each message.
    pub notes: Vec<Fault>,
    /// Whether this document is one of ours, which names every status that is answered.
    pub built_in: bool,
    pub(in crate::contract) router: Router,
    pub(in crate::contract) schemas: Schemas,
    /// The `Error` component, which may stand in for undocumented failures.
    pub(in crate::contract) error_schema: Option<SchemaUse>,
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
    pub(in crate::contract) path_names: Vec<String>,
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
    pub(in crate::contract) pointer: String,
    pub(in crate::contract) schema: Option<SchemaUse>,
    pub(in crate::contract) coercion: Coercion,
    pub(in crate::contract) style: Style,
    /// Whether a query may leave the value out after the name.
    pub(in crate::contract) allows_empty: bool,
}

impl Parameter {
    /// One text that holds the whole value.
    ///
    /// # Errors
    ///
    /// Text that should be JSON and is not; why.
    pub(in crate::contract) fn read(&self, text: &str) -> Result<Value, ReadError> {
        Ok(match (self.style, self.place) {
            (Style::Json, _) => return Ok(Tape::read(text.as_bytes())?.root().to_json()),
            (Style::Comma, In::Header) => self.coercion.header(text),
            (Style::Space, _) => self.coercion.joined(text, ' '),
            (Style::Pipe, _) => self.coercion.joined(text, '|'),
            (Style::Comma | Style::Repeated | Style::DeepObject, _) => {
                self.coercion.joined(text, ',')
            }
        })
    }

    /// Name and place tell parameters apart; header names compare without case.
    pub(in crate::contract) fn is_same(&self, other: &Parameter) -> bool {
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
    pub(in crate::contract) pointer: String,
    /// The media types it may have.
    pub media: Vec<Media>,
}

/// One media type of a body.
#[derive(Debug)]
pub struct Media {
    /// The media type or range, in lower case and without parameters.
    pub range: String,
    pub(in crate::contract) pointer: String,
    pub(in crate::contract) schema: Option<SchemaUse>,
    pub(in crate::contract) coercion: Coercion,
}

/// One documented answer.
///
/// Operations that refer to one answer share what it holds.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status, a range, or all the rest.
    pub status: StatusKey,
    /// Where it stands in the document.
    pub pointer: String,
    /// The media types that the body may have; none means that there is no body.
    pub media: Arc<[Media]>,
    /// The error codes that it is documented to carry, as `x-openmail-mock-errors` lists them.
    pub errors: Arc<[String]>,
    pub(in crate::contract) headers: Arc<[Parameter]>,
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

    /// What the document says about the object at that pointer, or about the one it refers to.
    #[must_use]
    pub fn described(&self, pointer: &str) -> Option<&str> {
        let root = self.schemas.root();
        let (_, object) = dereference(root, pointer, root.pointer(pointer)?);
        object.get("description")?.as_str()
    }

    /// The operation with that id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }
}

fn read(text: Cow<'static, str>, built_in: bool) -> Result<Contract, Vec<Fault>> {
    let root = parse(&text)?;
    // A test takes our own documents as strangers' ones, so that a start need not.
    let (walked, form) = match built_in {
        true => (outline(&root), Ok(())),
        false => (walk(&root), typed(&root).map(drop)),
    };
    let mut reading = read_operations(root, walked, form.is_ok());
    // The typed model's words are the last resort: what has a place of its own was told there.
    if reading.faults.is_empty() {
        reading.faults = std::mem::take(&mut reading.form_faults);
    }
    if reading.faults.is_empty() {
        reading.faults.extend(form.err());
    }
    if !reading.faults.is_empty() {
        return Err(located(&text, reading.faults));
    }
    let info = |name: &str| {
        let info = reading.schemas.root().pointer(&join("/info", name));
        info.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (title, version) = (info("title"), info("version"));
    let error_schema = reading.schemas.declare(ERROR_SCHEMA);
    Ok(Contract {
        title,
        version,
        operations: reading.operations,
        // Nobody reads those of our own documents.
        notes: match built_in {
            true => Vec::new(),
            false => grouped(&text, reading.notes),
        },
        built_in,
        router: reading.router,
        schemas: reading.schemas,
        error_schema,
        text,
    })
}

/// The document as `openapiv3` understands it, which is the judge of its form.
fn typed(root: &Value) -> Result<OpenAPI, Finding> {
    // Where it stopped is asked for only if it stopped: telling doubles the cost.
    if let Ok(typed) = OpenAPI::deserialize(root) {
        return Ok(typed);
    }
    let mut plain = root.clone();
    let items = plain.get_mut("paths").and_then(Value::as_object_mut);
    for item in items.into_iter().flatten().map(|(_, item)| item) {
        let fields = item.as_object_mut().into_iter().flatten();
        fields.for_each(|(_, operation)| drop_callbacks(operation));
    }
    serde_path_to_error::deserialize(&plain).map_err(|error| Finding {
        pointer: pointer_of_path(root, error.path()),
        message: format!("not OpenAPI 3.0: {}", error.into_inner()),
    })
}

/// `openapiv3` knows no references among an operation's callbacks, which OpenAPI 3.0 allows. The
/// walk has judged them, and nothing here calls anybody back.
pub(in crate::contract) fn drop_callbacks(operation: &mut Value) {
    if let Some(members) = operation.as_object_mut() {
        members.remove("callbacks");
    }
}

/// serde names members and positions alike; the document tells which is which.
pub(in crate::contract) fn pointer_of_path(
    root: &Value,
    path: &serde_path_to_error::Path,
) -> String {
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

/// Whether bodies of this media type are read and held against their schema. No answer of an API
/// is a form of parts.
pub(in crate::contract) fn is_checked(range: &str, side: Side) -> bool {
    let is_parts = is_multipart(range) && side == Side::Request;
    is_json(range) || is_form(range) || is_parts || range.starts_with("text/")
}

pub(in crate::contract) fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence.ends_with("+json")
}

pub(in crate::contract) fn is_multipart(essence: &str) -> bool {
    essence == "multipart/form-data"
}

pub(in crate::contract) fn is_form(essence: &str) -> bool {
    essence == "application/x-www-form-urlencoded"
}
