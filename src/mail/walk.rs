//! The structure of a message: one pass over its lines finds header fields, parts and where each
//! ends, whatever is missing or broken.
//!
//! Each line is compared with the boundaries that are open, of which there are [`MAX_DEPTH`] at
//! most, so time is linear and nothing recurses. It copies nothing and decodes nothing.

use memchr::memchr;

use super::decode::utf8_or_1252;
use super::field::{Content, LONG_PARAMETERS};

/// How deep multiparts may nest; what lies deeper stays one attachment.
pub const MAX_DEPTH: usize = 32;
/// Most parts of a message, multiparts included; the rest is cut.
pub const MAX_PARTS: usize = 1_000;
/// Most header fields of a message, those of its parts included; the rest is passed over.
pub const MAX_HEADERS: usize = 10_000;

const NO_HEADER: &str = "there is no header: all of it was read as the body";
const TOO_DEEP: &str = "multiparts nest deeper than 32: what lies deeper is kept as one attachment";
const TOO_MANY_PARTS: &str = "there are more than 1,000 parts: the rest was cut";
const TOO_MANY_HEADERS: &str = "there are more than 10,000 header fields: the rest was passed over";
const NO_BOUNDARY: &str = "a multipart names no boundary: it was read as text";
const UNSEEN_BOUNDARY: &str = "the boundary of a multipart never appears: it was read as text";
const UNCLOSED: &str = "a multipart does not end with its boundary: the end may be missing";
const BROKEN_HEADER: &str =
    "a line among the header fields is none: the body was taken to begin there";

/// What was cut or could not be read, each said once.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<&'static str>);

impl Notes {
    pub(super) fn say(&mut self, note: &'static str) {
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub(super) fn into_words(self) -> Vec<String> {
        self.0.into_iter().map(str::to_owned).collect()
    }
}

/// The header fields that mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    From,
    To,
    Cc,
    ReplyTo,
    Subject,
    Date,
    MessageId,
    InReplyTo,
    References,
    ContentType,
    ContentDisposition,
    ContentTransferEncoding,
    AutoSubmitted,
    Precedence,
    ListUnsubscribe,
    List,
}

const FIELDS: &[(&str, Field)] = &[
    ("from", Field::From),
    ("to", Field::To),
    ("cc", Field::Cc),
    ("reply-to", Field::ReplyTo),
    ("subject", Field::Subject),
    ("date", Field::Date),
    ("message-id", Field::MessageId),
    ("in-reply-to", Field::InReplyTo),
    ("references", Field::References),
    ("content-type", Field::ContentType),
    ("content-disposition", Field::ContentDisposition),
    ("content-transfer-encoding", Field::ContentTransferEncoding),
    ("auto-submitted", Field::AutoSubmitted),
    ("precedence", Field::Precedence),
    ("list-unsubscribe", Field::ListUnsubscribe),
    ("list-id", Field::List),
    ("list-post", Field::List),
    ("list-help", Field::List),
    ("list-subscribe", Field::List),
    ("list-owner", Field::List),
    ("list-archive", Field::List),
];

/// The fields of one header, folded as they came.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(Field, &'a [u8])>);

impl<'a> Fields<'a> {
    pub(super) fn all(&self, field: Field) -> impl Iterator<Item = &'a [u8]> {
        let found = self.0.iter().filter(move |(known, _)| *known == field);
        found.map(|(_, value)| *value)
    }

    pub(super) fn first(&self, field: Field) -> Option<&'a [u8]> {
        self.all(field).next()
    }

    /// The first field of a name in lower case; the fields of lists are one kind.
    pub(super) fn named(&self, name: &str) -> Option<&'a [u8]> {
        let mut known = FIELDS.iter();
        self.first(known.find(|(known, _)| *known == name)?.1)
    }
}

/// A part that holds content rather than parts.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    pub(super) content: Content,
    pub(super) disposition: Content,
    /// The transfer encoding in lower case.
    pub(super) encoding: String,
    /// Its content as it came.
    pub(super) body: &'a [u8],
    /// The innermost multipart/alternative around it, by number.
    pub(super) alternative: Option<usize>,
    /// Whether it belongs to another part, as an image belongs to its HTML.
    pub(super) is_related: bool,
}

/// A message taken apart.
#[derive(Debug, Default)]
pub(super) struct Walked<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) leaves: Vec<Leaf<'a>>,
    pub(super) notes: Notes,
}

/// A multipart whose end has not come.
struct Open<'a> {
    leaf: Leaf<'a>,
    boundary: Vec<u8>,
    start: usize,
    children: usize,
    alternative: Option<usize>,
}

struct Walk<'a> {
    input: &'a [u8],
    open: Vec<Open<'a>>,
    /// The leaf whose end has not come, and where its content begins.
    current: Option<(Leaf<'a>, usize)>,
    parts: usize,
    headers: usize,
    alternatives: usize,
    walked: Walked<'a>,
}

/// Takes a message apart. Lines end with a line feed.
pub(super) fn walk(input: &[u8]) -> Walked<'_> {
    let mut walk = Walk {
        input,
        open: Vec::new(),
        current: None,
        parts: 0,
        headers: 0,
        alternatives: 0,
        walked: Walked::default(),
    };
    let (fields, mut at) = walk.read_fields(0);
    if walk.headers == 0 {
        walk.walked.notes.say(NO_HEADER);
    }
    walk.begin_part(&fields, at);
    walk.walked.fields = fields;
    while at < input.len() {
        let line = line_at(input, at);
        let Some((level, closes)) = walk.delimiter(line) else {
            at += line.len();
            continue;
        };
        walk.end_part(at);
        walk.close(if closes { level } else { level + 1 }, at, closes);
        at += line.len();
        if !closes {
            walk.open[level].children += 1;
            if walk.parts == MAX_PARTS {
                walk.walked.notes.say(TOO_MANY_PARTS);
                break;
            }
            let (fields, start) = walk.read_fields(at);
            walk.begin_part(&fields, start);
            at = start;
        }
    }
    if walk.open.iter().any(|open| open.children > 0) && at >= input.len() {
        walk.walked.notes.say(UNCLOSED);
    }
    walk.end_whole();
    walk.walked
}

/// The line that begins at a place, with its end.
pub(super) fn line_at(input: &[u8], at: usize) -> &[u8] {
    let rest = &input[at..];
    let end = memchr(b'\n', rest);
    &rest[..end.map_or(rest.len(), |end| end + 1)]
}

impl<'a> Walk<'a> {
    /// Which open multipart a line delimits, and whether it closes it.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let line = line.strip_prefix(b"--")?.trim_ascii_end();
        let levels = self.open.iter().enumerate().rev();
        let mut found = levels.filter_map(|(level, open)| {
            match line.strip_prefix(open.boundary.as_slice())? {
                b"" => Some((level, false)),
                b"--" => Some((level, true)),
                _ => None,
            }
        });
        found.next()
    }

    /// The header that begins at a place, and where the body after it begins.
    fn read_fields(&mut self, start: usize) -> (Fields<'a>, usize) {
        let mut fields = Fields::default();
        let mut at = start;
        while at < self.input.len() {
            let line = line_at(self.input, at);
            if line.trim_ascii().is_empty() && !line.starts_with(b" ") && !line.starts_with(b"\t") {
                return (fields, at + line.len());
            }
            if self.delimiter(line).is_some() {
                return (fields, at);
            }
            let Some(name) = field_name(line) else {
                // The envelope of a mailbox file.
                if at == 0 && (line.starts_with(b"From ") || line.starts_with(b">From ")) {
                    at += line.len();
                    continue;
                }
                if at > start {
                    self.walked.notes.say(BROKEN_HEADER);
                }
                return (fields, at);
            };
            let end = self.end_of_field(at + line.len());
            self.headers += 1;
            if self.headers > MAX_HEADERS {
                self.walked.notes.say(TOO_MANY_HEADERS);
            } else {
                let known = FIELDS.iter();
                let mut known =
                    known.filter(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
                if let Some((_, field)) = known.next() {
                    // What the name leaves of the line, without its blanks and the colon.
                    let value = self.input[at + name.len()..end].trim_ascii();
                    let value = value.strip_prefix(b":").unwrap_or(value);
                    fields.0.push((*field, value.trim_ascii()));
                }
            }
            at = end;
        }
        (fields, at)
    }

    /// Where the field ends of which lines from here on may be a part.
    fn end_of_field(&self, start: usize) -> usize {
        let mut at = start;
        while let Some(b' ' | b'\t') = self.input.get(at) {
            at += line_at(self.input, at).len();
        }
        at
    }

    fn begin_part(&mut self, fields: &Fields<'a>, start: usize) {
        self.parts += 1;
        let around = self.open.last();
        let is_digest = around.is_some_and(|open| open.leaf.content.essence == "multipart/digest");
        let is_related = around.is_some_and(|open| {
            open.leaf.content.essence == "multipart/related" && open.children > 1
        });
        let alternative = around.and_then(|open| open.alternative);
        let read = |field: Field| fields.first(field).map(Content::parse).unwrap_or_default();
        let mut leaf = Leaf {
            content: read(Field::ContentType),
            disposition: read(Field::ContentDisposition),
            encoding: encoding(fields),
            body: b"",
            alternative,
            is_related,
        };
        if leaf.content.is_cut || leaf.disposition.is_cut {
            self.walked.notes.say(LONG_PARAMETERS);
        }
        if leaf.content.essence.is_empty() && is_digest {
            leaf.content.essence = "message/rfc822".to_owned();
        }
        if leaf.content.essence.starts_with("multipart/") {
            let boundary = leaf.content.parameter("boundary").map(str::trim_end);
            let boundary = boundary.filter(|boundary| !boundary.is_empty());
            match boundary {
                Some(_) if self.open.len() == MAX_DEPTH => self.walked.notes.say(TOO_DEEP),
                Some(boundary) => {
                    let boundary = boundary.as_bytes().to_vec();
                    self.begin_multipart(leaf, boundary, start);
                    return;
                }
                None => {
                    self.walked.notes.say(NO_BOUNDARY);
                    leaf.content = Content::default();
                }
            }
        }
        self.current = Some((leaf, start));
    }

    fn begin_multipart(&mut self, leaf: Leaf<'a>, boundary: Vec<u8>, start: usize) {
        let mut alternative = leaf.alternative;
        if leaf.content.essence == "multipart/alternative" {
            alternative = Some(self.alternatives);
            self.alternatives += 1;
        }
        self.open.push(Open {
            leaf,
            boundary,
            start,
            children: 0,
            alternative,
        });
    }

    /// Ends the leaf before a delimiter, whose line break belongs to the delimiter.
    fn end_part(&mut self, at: usize) {
        if let Some((leaf, start)) = self.current.take() {
            let body = &self.input[start..at.max(start)];
            let body = body.strip_suffix(b"\n").unwrap_or(body);
            self.keep(leaf, body.strip_suffix(b"\r").unwrap_or(body));
        }
    }

    /// Closes multiparts until so many are left.
    fn close(&mut self, left: usize, at: usize, closes: bool) {
        while self.open.len() > left {
            let Some(open) = self.open.pop() else { return };
            let is_named = closes && self.open.len() == left;
            if !is_named {
                self.walked.notes.say(UNCLOSED);
            }
            if !is_named && open.children == 0 {
                self.keep_as_text(open, at);
            }
        }
    }

    fn end_whole(&mut self) {
        let end = self.input.len();
        if let Some((leaf, start)) = self.current.take() {
            self.keep(leaf, &self.input[start..]);
        }
        while let Some(open) = self.open.pop() {
            if open.children == 0 {
                self.keep_as_text(open, end);
            }
        }
    }

    /// A multipart in which no part began.
    fn keep_as_text(&mut self, open: Open<'a>, end: usize) {
        self.walked.notes.say(UNSEEN_BOUNDARY);
        let mut leaf = open.leaf;
        leaf.content = Content::default();
        self.keep(leaf, &self.input[open.start..end.max(open.start)]);
    }

    fn keep(&mut self, leaf: Leaf<'a>, body: &'a [u8]) {
        self.walked.leaves.push(Leaf { body, ..leaf });
    }
}

/// The name of the field that a line begins, if it begins one.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = line
        .iter()
        .position(|byte| !(33..=126).contains(byte) || *byte == b':')?;
    let (name, rest) = line.split_at(colon);
    let is_field = !name.is_empty() && rest.trim_ascii_start().starts_with(b":");
    is_field.then_some(name)
}

fn encoding(fields: &Fields<'_>) -> String {
    let value = fields.first(Field::ContentTransferEncoding);
    let value = value.map(|value| value.get(..64).unwrap_or(value));
    let value = utf8_or_1252(value.unwrap_or_default()).to_ascii_lowercase();
    value.trim_end_matches(';').trim().to_owned()
}
