//! Bytes to a message: what its header says, which of its parts are its text and its HTML, and
//! which are attachments.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::address::{Mailbox, written};
use super::decode;
use super::field::{self, LONG_ADDRESSES};
use super::html::text_of_html;
use super::lines::lines;
use super::markup::html_of_text;
use super::media;
use super::walk::{Field, Fields, Leaf, Notes, walk};
use super::{Attachment, Category, MAX_REFERENCES};

const REPEATED: &str = "a header field that may stand once stands more often: the first counts";
const TOO_MANY_IDS: &str = "References names more than 1,000 messages: the rest was cut";
const BAD_DATE: &str = "Date could not be read";
const BAD_ADDRESS: &str = "an address list holds no address that could be read";
const BAD_ENCODING: &str = "a transfer encoding is broken: the part holds what could be decoded";
const UNKNOWN_ENCODING: &str = "a transfer encoding is unknown: the part was kept as it came";

/// So much of a field is looked at for what it says of the kind of mail, in bytes.
const MAX_SIGN: usize = 1_000;

/// A message as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The From header, decoded: `Ada <ada@example.com>` or the bare address, in one spelling
    /// whatever quotes the sender wrote, `, ` between several; what is no mailbox stays as it was
    /// written. Empty when there is none.
    pub from: String,
    /// The address of the From header, if one could be read.
    pub from_address: Option<String>,
    /// The bare addresses of the To header, as written, groups opened.
    pub to: Vec<String>,
    /// The same as one text with their names, `, ` between them; none without an address.
    pub header_to: Option<String>,
    /// The bare addresses of the Cc header.
    pub cc: Vec<String>,
    /// The bare addresses of the Reply-To header.
    pub reply_to: Vec<String>,
    /// The subject; empty when there is none.
    pub subject: String,
    /// The Message-ID without its brackets.
    pub message_id: Option<String>,
    /// The Message-IDs of In-Reply-To, without their brackets.
    pub in_reply_to: Vec<String>,
    /// The Message-IDs of References, [`MAX_REFERENCES`] at most.
    pub references: Vec<String>,
    /// The Date, in milliseconds since 1970.
    pub date: Option<i64>,
    /// The text, derived from the HTML where there is no other; empty when there is none. Lines
    /// end with a line feed.
    pub text: String,
    /// The HTML, if there is any.
    pub html: Option<String>,
    /// Everything else, in order: files, inline images, nested messages as they came.
    pub attachments: Vec<Attachment>,
    /// What kind of mail its header makes it.
    pub category: Category,
    /// What was cut or could not be read, in words.
    pub notes: Vec<String>,
}

/// Reads a message. Nothing is refused: what cannot be read is left out or kept as it came, and
/// said in [`Parsed::notes`]. Linear in time; holds what it read once and a small part more.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed {
    let bytes = with_line_feeds(bytes);
    let walked = walk(&bytes);
    let mut notes = walked.notes;
    let mut parsed = Parsed::default();
    read_fields(&walked.fields, &mut parsed, &mut notes);
    let mut bodies = Vec::new();
    for leaf in walked.leaves {
        let content = decoded(&leaf, &mut notes);
        match body_kind(&leaf) {
            Some(is_html) => bodies.push(Body {
                is_html,
                alternative: leaf.alternative,
                text: plain_lines(decode::text(&content, leaf.content.parameter("charset"))),
            }),
            None => parsed.attachments.push(attachment(&leaf, content)),
        }
    }
    (parsed.text, parsed.html) = text_and_html(bodies);
    parsed.notes = notes.into_words();
    parsed
}

/// Mail whose lines end with a carriage return alone, as lines are expected.
fn with_line_feeds(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.contains(&b'\n') || !bytes.contains(&b'\r') {
        return Cow::Borrowed(bytes);
    }
    let feed = |byte: &u8| if *byte == b'\r' { b'\n' } else { *byte };
    Cow::Owned(bytes.iter().map(feed).collect())
}

/// A text whose lines end with a line feed alone.
fn plain_lines(text: String) -> String {
    if !text.contains('\r') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    for line in lines(&text) {
        match line.strip_suffix("\r\n") {
            Some(line) => {
                plain.push_str(line);
                plain.push('\n');
            }
            None => plain.push_str(line),
        }
    }
    plain
}

fn read_fields(fields: &Fields<'_>, parsed: &mut Parsed, notes: &mut Notes) {
    let single = [
        Field::From,
        Field::Subject,
        Field::Date,
        Field::MessageId,
        Field::ContentType,
    ];
    if single
        .iter()
        .any(|field| fields.all(*field).nth(1).is_some())
    {
        notes.say(REPEATED);
    }
    if let Some(value) = fields.first(Field::From) {
        let (mailboxes, _) = field::mailboxes(value);
        parsed.from_address = mailboxes.first().map(|mailbox| mailbox.address.clone());
        parsed.from = match mailboxes.as_slice() {
            [] => field::unstructured(value),
            mailboxes => written(mailboxes),
        };
    }
    let to = mailboxes(fields, Field::To, notes);
    parsed.header_to = (!to.is_empty()).then(|| written(&to));
    parsed.to = addresses(to);
    parsed.cc = addresses(mailboxes(fields, Field::Cc, notes));
    parsed.reply_to = addresses(mailboxes(fields, Field::ReplyTo, notes));
    let subject = fields.first(Field::Subject);
    parsed.subject = subject.map(field::unstructured).unwrap_or_default();
    parsed.message_id = ids(fields, Field::MessageId, notes).into_iter().next();
    parsed.in_reply_to = ids(fields, Field::InReplyTo, notes);
    parsed.references = ids(fields, Field::References, notes);
    let from = parsed.from_address.as_deref().unwrap_or_default();
    parsed.category = Category::of(from, |name| {
        let value = fields.named(name)?;
        let value = value.get(..MAX_SIGN).unwrap_or(value);
        Some(String::from_utf8_lossy(value))
    });
    if let Some(value) = fields.first(Field::Date) {
        parsed.date = field::date(value);
        if parsed.date.is_none() {
            notes.say(BAD_DATE);
        }
    }
}

/// The mailboxes of all fields of that name together.
fn mailboxes(fields: &Fields<'_>, field: Field, notes: &mut Notes) -> Vec<Mailbox> {
    let mut values: Vec<&[u8]> = fields.all(field).collect();
    let joined = match values.as_mut_slice() {
        [] => return Vec::new(),
        [value] => Cow::Borrowed(*value),
        values => Cow::Owned(values.join(&b", "[..])),
    };
    let (mailboxes, is_cut) = field::mailboxes(&joined);
    if is_cut {
        notes.say(LONG_ADDRESSES);
    }
    // A group without members is how senders hide recipients.
    if mailboxes.is_empty() && !joined.ends_with(b";") && !joined.is_empty() {
        notes.say(BAD_ADDRESS);
    }
    mailboxes
}

fn addresses(mailboxes: Vec<Mailbox>) -> Vec<String> {
    let address = |mailbox: Mailbox| mailbox.address;
    mailboxes.into_iter().map(address).collect()
}

fn ids(fields: &Fields<'_>, field: Field, notes: &mut Notes) -> Vec<String> {
    let mut found = Vec::new();
    for value in fields.all(field) {
        let (ids, is_cut) = field::ids(value, MAX_REFERENCES - found.len());
        found.extend(ids);
        if is_cut {
            notes.say(TOO_MANY_IDS);
            break;
        }
    }
    found
}

fn decoded<'a>(leaf: &Leaf<'a>, notes: &mut Notes) -> Cow<'a, [u8]> {
    let (bytes, is_broken) = match leaf.encoding.as_str() {
        "base64" => decode::base64(leaf.body),
        "quoted-printable" => decode::quoted_printable(leaf.body),
        "" | "7bit" | "8bit" | "binary" => return Cow::Borrowed(leaf.body),
        _ => {
            notes.say(UNKNOWN_ENCODING);
            return Cow::Borrowed(leaf.body);
        }
    };
    if is_broken {
        notes.say(BAD_ENCODING);
    }
    Cow::Owned(bytes)
}

/// A part of the body, which other parts may replace or follow.
struct Body {
    is_html: bool,
    alternative: Option<usize>,
    text: String,
}

/// Whether a leaf is HTML of the body, text of it, or no part of the body.
fn body_kind(leaf: &Leaf<'_>) -> Option<bool> {
    let is_html = match leaf.content.essence.as_str() {
        "" | "text" | "text/plain" => false,
        "text/html" => true,
        _ => return None,
    };
    let is_file =
        leaf.disposition.essence == "attachment" || filename(leaf).is_some() || leaf.is_related;
    (!is_file).then_some(is_html)
}

fn filename<'l>(leaf: &'l Leaf<'_>) -> Option<&'l str> {
    let name = leaf.disposition.parameter("filename");
    name.or_else(|| leaf.content.parameter("name"))
}

fn attachment(leaf: &Leaf<'_>, bytes: Cow<'_, [u8]>) -> Attachment {
    Attachment {
        filename: filename(leaf).unwrap_or_default().to_owned(),
        content_type: match leaf.content.essence.as_str() {
            "" => "text/plain".to_owned(),
            _ => media::normal(&leaf.content),
        },
        bytes: bytes.into(),
    }
}

/// All parts of the body in order, as text and as HTML. Of an alternative each takes its own kind,
/// or the only one there is.
fn text_and_html(bodies: Vec<Body>) -> (String, Option<String>) {
    let with = |is_html: bool| -> BTreeSet<usize> {
        let bodies = bodies.iter().filter(|body| body.is_html == is_html);
        bodies.filter_map(|body| body.alternative).collect()
    };
    let (with_html, with_text) = (with(true), with(false));
    let mut text = String::new();
    let mut html = bodies.iter().any(|body| body.is_html).then(String::new);
    for body in &bodies {
        let has = |kinds: &BTreeSet<usize>| body.alternative.is_some_and(|it| kinds.contains(&it));
        if !(body.is_html && has(&with_text)) {
            append(
                &mut text,
                &match body.is_html {
                    true => Cow::Owned(text_of_html(&body.text)),
                    false => Cow::Borrowed(body.text.as_str()),
                },
            );
        }
        if let Some(html) = &mut html
            && (body.is_html || !has(&with_html))
        {
            append(
                html,
                &match body.is_html {
                    true => Cow::Borrowed(body.text.as_str()),
                    false => Cow::Owned(html_of_text(&body.text)),
                },
            );
        }
    }
    (text, html)
}

fn append(all: &mut String, more: &str) {
    if !all.is_empty() && !all.ends_with('\n') && !more.is_empty() {
        all.push('\n');
    }
    all.push_str(more);
}
