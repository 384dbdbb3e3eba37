//! The fields of a `multipart/form-data` body, read as the values that a schema speaks of.
//!
//! A part is a file where the schema means one (`format: binary`), whether it has a file's name or
//! not, and where nothing is said of its type and it has one or is no text. Everything else is
//! text, also if it came from a file. A file without name and bytes is none: nothing was chosen.

use std::collections::HashMap;
use std::ops::Range;

use crate::contract::exchange::coerce::Coercion;
use crate::contract::exchange::multipart::{Part, Parts, boundary};
use crate::contract::json::assemble::{Field, object};
use crate::contract::json::pointer::push_token;
use crate::contract::json::tape::{MAX_VALUES, Tape};

/// What helps whoever sets a form's Content-Type by hand.
const REMEDY: &str =
    "leave the Content-Type to the client that writes the form: it sets one with its boundary";

/// A file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File<'r> {
    /// The field's name.
    pub name: String,
    /// What the client calls the file: any text at all, paths and control characters included.
    /// None if it says nothing or the empty text.
    pub filename: Option<String>,
    /// The media type that the client says it has, parameters included; one line of text.
    pub content_type: Option<&'r str>,
    /// The bytes, as they stand in the body.
    pub bytes: &'r [u8],
}

/// A form as it was read.
pub(in crate::contract) struct Form<'b> {
    pub tape: Tape<'b>,
    pub files: Vec<File<'b>>,
}

/// Why a form, or one field of it, was not read.
pub(in crate::contract) struct Misread {
    pub place: Where,
    pub rule: &'static str,
    /// The whole sentence.
    pub message: String,
    pub hint: Option<&'static str>,
}

/// Where that is.
pub(in crate::contract) enum Where {
    ContentType,
    /// Pointer into the form; empty for the whole.
    Body(String),
}

/// Reads a form whose Content-Type is this.
///
/// # Errors
///
/// That it is none, or all its fields that were not read.
pub(in crate::contract) fn read_form<'b>(
    bytes: &'b [u8],
    content_type: &str,
    coercion: &Coercion,
) -> Result<Form<'b>, Vec<Misread>> {
    let boundary = boundary(content_type).map_err(|why| {
        let misread = Misread {
            place: Where::ContentType,
            rule: "boundary",
            message: format!("the Content-Type {why}; {REMEDY}"),
            hint: Some(REMEDY),
        };
        vec![misread]
    })?;
    let malformed = |why: String| {
        let misread = Misread {
            place: Where::Body(String::new()),
            rule: "multipart",
            message: format!("the body {why}"),
            hint: None,
        };
        vec![misread]
    };
    let mut reading = Reading::new(coercion);
    for part in Parts::of(bytes, &boundary).map_err(malformed)? {
        reading.take(part.map_err(malformed)?);
    }
    match reading.misread.is_empty() {
        true => Ok(Form {
            tape: object(reading.fields),
            files: reading.files,
        }),
        false => Err(reading.misread),
    }
}

/// The fields of a form that may be cut off somewhere, as far as they can be read.
pub(in crate::contract) fn read_fields<'b>(
    bytes: &'b [u8],
    content_type: &str,
    coercion: &Coercion,
) -> Option<Tape<'b>> {
    let boundary = boundary(content_type).ok()?;
    let mut reading = Reading::new(coercion);
    let mut parts = Parts::of(bytes, &boundary).ok()?;
    let whole = parts.by_ref().map_while(Result::ok);
    whole.for_each(|part| reading.take(part));
    // Files come last and are long: where a body is cut, most often one of them is.
    if let Some(part) = parts.cut_part() {
        reading.take(part);
    }
    Some(object(reading.fields))
}

/// Where in a form that may be cut off somewhere the bytes of the fields stand that are meant, in
/// its order.
#[must_use]
pub fn form_fields(
    bytes: &[u8],
    content_type: &str,
    is_meant: impl Fn(&str) -> bool,
) -> Vec<Range<usize>> {
    let parts = boundary(content_type).and_then(|boundary| Parts::of(bytes, &boundary));
    let Ok(mut parts) = parts else {
        return Vec::new();
    };
    // Behind one that cannot be read others follow.
    let mut read: Vec<Part<'_>> = parts.by_ref().flatten().collect();
    read.extend(parts.cut_part());
    read.retain(|part| is_meant(&part.name));
    let range = |part: Part<'_>| {
        // Parts are slices of the body.
        let start = part.bytes.as_ptr() as usize - bytes.as_ptr() as usize;
        start..start + part.bytes.len()
    };
    read.into_iter().map(range).collect()
}

/// A form on its way from parts to fields.
struct Reading<'c, 'b> {
    coercion: &'c Coercion,
    /// In the order in which their names first came.
    fields: Vec<Field<'b>>,
    /// Their positions by name.
    known: HashMap<String, usize>,
    files: Vec<File<'b>>,
    misread: Vec<Misread>,
    /// So many values may still come: each part is one, and one written as JSON may be many.
    room: usize,
}

impl<'c, 'b> Reading<'c, 'b> {
    fn new(coercion: &'c Coercion) -> Self {
        Self {
            coercion,
            fields: Vec::new(),
            known: HashMap::new(),
            files: Vec::new(),
            misread: Vec::new(),
            room: MAX_VALUES,
        }
    }

    fn take(&mut self, part: Part<'b>) {
        let field = self.coercion.field(&part.name);
        let (coercion, is_list) = match field.array {
            true => (field.item(), true),
            false => (field, false),
        };
        let is_file = is_file(coercion, &part);
        // What browsers send where no file was chosen; Node leaves the empty name out.
        let is_nameless = part.filename.as_deref().unwrap_or_default().is_empty();
        if part.bytes.is_empty() && is_nameless && (is_file || part.filename.is_some()) {
            return;
        }
        let next = self.fields.len();
        let index = *self.known.entry(part.name.clone()).or_insert(next);
        if index == next {
            self.fields.push(Field {
                name: part.name.clone(),
                is_list,
                values: Vec::new(),
            });
        }
        let value = match is_file {
            true => self.file(part),
            false => {
                let item = is_list.then(|| self.fields[index].values.len());
                self.text(coercion, &part, item)
            }
        };
        self.fields[index].values.push(value);
    }

    fn file(&mut self, part: Part<'b>) -> Tape<'b> {
        self.files.push(File {
            name: part.name,
            filename: part.filename.filter(|name| !name.is_empty()),
            content_type: part.content_type,
            bytes: part.bytes,
        });
        Tape::string("")
    }

    /// The value of a part, which is this item of a list or alone; the empty text for what could
    /// not be read.
    fn text(&mut self, coercion: &Coercion, part: &Part<'b>, item: Option<usize>) -> Tape<'b> {
        let text = std::str::from_utf8(part.bytes);
        let text = match text {
            Ok(text) if is_utf8(part.content_type) || text.is_ascii() => text,
            Ok(_) | Err(_) => {
                let why = match part.filename.is_some() {
                    true => "must be text, but came as a file that is not in UTF-8",
                    false => "must be text in UTF-8",
                };
                return self.refuse(&part.name, item, "encoding", why);
            }
        };
        if coercion.object {
            match Tape::read_within(part.bytes, self.room.max(1)) {
                Ok(tape) => {
                    self.room = self.room.saturating_sub(tape.root().document_size());
                    return tape;
                }
                Err(_) if coercion.string => {}
                Err(error) => {
                    let why = format!("must be an object as JSON text, but was not read: {error}");
                    return self.refuse(&part.name, item, "json", &why);
                }
            }
        }
        let literal = coercion.literal(text).map(Tape::from_value);
        literal.unwrap_or_else(|| Tape::string(text))
    }

    fn refuse(
        &mut self,
        name: &str,
        item: Option<usize>,
        rule: &'static str,
        why: &str,
    ) -> Tape<'b> {
        let mut pointer = String::new();
        push_token(&mut pointer, name);
        let shown: String = name.chars().take(100).collect();
        let who = match item {
            Some(index) => {
                push_token(&mut pointer, &index.to_string());
                format!("`{shown}`, item {}", index + 1)
            }
            None => format!("`{shown}`"),
        };
        self.misread.push(Misread {
            place: Where::Body(pointer),
            rule,
            message: format!("{who} {why}"),
            hint: None,
        });
        Tape::string("")
    }
}

fn is_file(coercion: &Coercion, part: &Part<'_>) -> bool {
    let has_filename = part.filename.is_some();
    match coercion.binary {
        true => has_filename || !coercion.string,
        false => {
            let is_text = || std::str::from_utf8(part.bytes).is_ok();
            coercion.is_untyped() && (has_filename || !is_text())
        }
    }
}

/// Whether text of this media type is UTF-8, as it is where nothing is said.
fn is_utf8(content_type: Option<&str>) -> bool {
    let parameters = content_type.unwrap_or_default().split(';').skip(1);
    let mut named = parameters.filter_map(|parameter| parameter.split_once('='));
    let charset = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    charset.is_none_or(|(_, charset)| {
        let charset = charset.trim().trim_matches('"');
        ["utf-8", "utf8"]
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known))
    })
}
