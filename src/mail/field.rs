//! The values of header fields, read as far as they can be read.
//!
//! Structure is left to `mail-parser`, which is lenient where senders are sloppy. It tries each
//! `=?` to the end of the field, so that a field full of them would cost the square of its
//! length: only complete encoded words are shown to it, and parameters only up to a length.

use std::borrow::Cow;

use mail_parser::HeaderValue;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::parsers::MessageStream;

use super::address::{Mailbox, is_printable, one_line};
use super::decode::{self, is_plain, utf8_or_1252};

/// How much of a Content-Type or Content-Disposition is read; joining the pieces of a parameter
/// costs the square of their number.
const MAX_PARAMETERS: usize = 4 * 1024;
/// How much of the addresses of one header is read.
const MAX_ADDRESSES: usize = 1024 * 1024;
/// How much of a date is read.
const MAX_DATE: usize = 256;
/// Longest name of a charset.
const MAX_CHARSET: usize = 64;

/// What was cut, in words.
pub(super) const LONG_PARAMETERS: &str =
    "a Content-Type or Content-Disposition was longer than 4 KiB and was cut";
pub(super) const LONG_ADDRESSES: &str = "a list of addresses was longer than 1 MiB and was cut";

/// Free text: folding undone, encoded words decoded.
pub(super) fn unstructured(value: &[u8]) -> String {
    let value = unfolded(value);
    let mut text = String::with_capacity(value.len());
    // Neighbouring words may share a character between them, so bytes are joined first.
    let mut words: Option<(&str, Vec<u8>)> = None;
    let mut rest = &*value;
    while let Some(at) = rest.find("=?") {
        let (before, from_here) = rest.split_at(at);
        let Some(word) = encoded_word(from_here) else {
            flush(&mut words, &mut text);
            text.push_str(before);
            text.push_str("=?");
            rest = &from_here[2..];
            continue;
        };
        let follows = words.is_some() && before.trim().is_empty();
        if !follows {
            flush(&mut words, &mut text);
            text.push_str(before);
        }
        match &mut words {
            Some((charset, bytes)) if charset.eq_ignore_ascii_case(word.charset) => {
                bytes.extend(word.bytes());
            }
            _ => {
                flush(&mut words, &mut text);
                words = Some((word.charset, word.bytes()));
            }
        }
        rest = &from_here[word.length..];
    }
    flush(&mut words, &mut text);
    text.push_str(rest);
    one_line(&text)
}

fn flush(words: &mut Option<(&str, Vec<u8>)>, text: &mut String) {
    if let Some((charset, bytes)) = words.take() {
        text.push_str(&decode::text(&bytes, Some(charset)));
    }
}

/// One `=?charset?encoding?payload?=`.
struct EncodedWord<'a> {
    charset: &'a str,
    is_base64: bool,
    payload: &'a str,
    length: usize,
}

impl EncodedWord<'_> {
    fn bytes(&self) -> Vec<u8> {
        let (bytes, _) = match self.is_base64 {
            true => decode::base64(self.payload.as_bytes()),
            false => decode::q_word(self.payload),
        };
        bytes
    }
}

/// The encoded word at the start of a text. It looks past three question marks at most, so that
/// trying every `=?` of a text is linear.
fn encoded_word(text: &str) -> Option<EncodedWord<'_>> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (payload, rest) = rest.split_once('?')?;
    let after = rest.strip_prefix('=')?;
    // A language may follow the charset.
    let charset = charset.split('*').next()?;
    let is_base64 = match encoding {
        "B" | "b" => true,
        "Q" | "q" => false,
        _ => return None,
    };
    let is_named = (2..=MAX_CHARSET).contains(&charset.len())
        && charset.bytes().all(|byte| byte.is_ascii_graphic());
    let is_known = is_plain(charset) || charset_decoder(charset.as_bytes()).is_some();
    (is_named && is_known).then_some(EncodedWord {
        charset,
        is_base64,
        payload,
        length: text.len() - after.len(),
    })
}

/// The mailboxes of a list, groups opened; what has no address is left out. The flag says whether
/// the list was cut.
pub(super) fn mailboxes(value: &[u8]) -> (Vec<Mailbox>, bool) {
    let kept = value.get(..MAX_ADDRESSES).unwrap_or(value);
    let line = one_word_each(&unfolded(kept)) + "\n";
    let addresses = match MessageStream::new(line.as_bytes()).parse_address() {
        HeaderValue::Address(addresses) => addresses.into_list(),
        _ => Vec::new(),
    };
    let mailboxes = addresses.into_iter().filter_map(|read| {
        let address = without_blanks(&read.address?)?;
        let name = read.name.map(|name| one_line(&name));
        let is_address = address.len() > 2 && address.contains('@');
        is_address.then_some(Mailbox {
            name: name.filter(|name| !name.is_empty()),
            address,
        })
    });
    (mailboxes.collect(), kept.len() < value.len())
}

/// An address without the blanks that may stand around its dots and its `@` (RFC 5322, 4.4). Others
/// are between words, of which dropping the blanks would make an address that nobody wrote.
fn without_blanks(text: &str) -> Option<String> {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    let mut words = text.split(is_blank).filter(|word| !word.is_empty());
    words.try_fold(String::new(), |address, word| {
        let is_joint = |c: char| matches!(c, '.' | '@');
        let joins = address.is_empty() || address.ends_with(is_joint) || word.starts_with(is_joint);
        joins.then(|| address + word)
    })
}

/// The text with every `=?` broken up that begins no encoded word.
fn one_word_each(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from_here) = rest.split_at(at);
        safe.push_str(before);
        let length = match encoded_word(from_here) {
            Some(word) => {
                safe.push_str(&from_here[..word.length]);
                word.length
            }
            None => {
                safe.push_str("= ?");
                2
            }
        };
        rest = &from_here[length..];
    }
    safe.push_str(rest);
    safe
}

/// Message-IDs without their brackets, `limit` of them at most. Where nothing stands in brackets,
/// words are taken.
pub(super) fn ids(value: &[u8], limit: usize) -> (Vec<String>, bool) {
    let value = unfolded(value);
    let mut ids: Vec<String> = Vec::new();
    let without_spaces = |id: &str| id.split_whitespace().collect::<String>();
    let found: Box<dyn Iterator<Item = String>> = match value.contains('<') {
        true => Box::new(
            value
                .split('<')
                .skip(1)
                .map(|piece| without_spaces(piece.split('>').next().unwrap_or_default())),
        ),
        false => Box::new(value.split([' ', ',']).map(without_spaces)),
    };
    for id in found.filter(|id| !id.is_empty()) {
        if ids.len() == limit {
            return (ids, true);
        }
        ids.push(id);
    }
    (ids, false)
}

/// The instant of a Date, in milliseconds since 1970.
pub(super) fn date(value: &[u8]) -> Option<i64> {
    let line = unfolded(value.get(..MAX_DATE).unwrap_or(value)).into_owned() + "\n";
    match MessageStream::new(line.as_bytes()).parse_date() {
        HeaderValue::DateTime(date) if date.is_valid() => Some(date.to_timestamp() * 1_000),
        _ => None,
    }
}

/// A Content-Type or Content-Disposition.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    /// The type in lower case, without parameters.
    pub(super) essence: String,
    /// The parameters by name in lower case, in order.
    pub(super) parameters: Vec<(String, String)>,
    /// Whether something was cut.
    pub(super) is_cut: bool,
}

impl Content {
    pub(super) fn parse(value: &[u8]) -> Self {
        let kept = value.get(..MAX_PARAMETERS).unwrap_or(value);
        let line = one_word_each(&unfolded(kept)) + "\n";
        let HeaderValue::ContentType(read) =
            MessageStream::new(line.as_bytes()).parse_content_type()
        else {
            return Self::default();
        };
        let mut essence = read.ctype().to_owned();
        if let Some(subtype) = read.subtype() {
            essence.push('/');
            essence.push_str(subtype);
        }
        essence.make_ascii_lowercase();
        let attributes = read.attributes.into_iter().flatten();
        Self {
            essence,
            parameters: attributes
                .map(|attribute| {
                    (
                        attribute.name.to_ascii_lowercase(),
                        attribute.value.into_owned(),
                    )
                })
                .collect(),
            is_cut: kept.len() < value.len(),
        }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let (_, value) = parameters.find(|(known, _)| known == name)?;
        Some(value)
    }
}

/// A field as one line of text: the breaks of folding are dropped, since it keeps the blank beside
/// them, and other controls become blanks.
fn unfolded(value: &[u8]) -> Cow<'_, str> {
    let text = utf8_or_1252(value);
    if is_printable(&text) {
        return text;
    }
    let mut line = String::with_capacity(text.len() + 1);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\n' => {}
            '\r' if characters.peek().is_none_or(|next| *next == '\n') => {}
            c if c.is_control() => line.push(' '),
            c => line.push(c),
        }
    }
    Cow::Owned(line)
}
