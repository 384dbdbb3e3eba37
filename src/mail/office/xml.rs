//! XML as a stream of pieces: elements by their local names, text with its references resolved.
//!
//! Prefixes are not looked up: the formats use no local name for two things that matter here.
//! A document type is passed over, so there is no entity that it could declare.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, Event};

use super::Fault;
use super::encoding::Text;
use super::part::Part;

/// How deep elements nest; text boxes in tables in text boxes stay below sixty.
const MAX_DEPTH: usize = 256;

/// Longest name of an element; those that are open are held, all of them.
const MAX_NAME: usize = 256;
/// Longest value of an attribute that is taken; those that are wanted are words and numbers.
const MAX_VALUE: usize = 4 * 1024;

const BROKEN: Fault = Fault::Unreadable("The XML of a part is broken.");

/// A part while it is read.
pub(super) struct Xml<'a> {
    reader: Reader<Text<'a>>,
    /// Holds the current piece.
    buffer: Vec<u8>,
    /// Elements that are open.
    depth: usize,
}

/// What is read at once. It borrows from the buffer, so that nothing is copied that is not wanted.
pub(super) enum Piece<'x> {
    Begin(Tag<'x>),
    End(End<'x>),
    /// Also, and then empty, what is neither element nor text.
    Text(Cow<'x, str>),
}

/// The beginning of an element.
pub(super) struct Tag<'x>(BytesStart<'x>);

/// The end of one, which has the name that it began with.
pub(super) struct End<'x>(BytesEnd<'x>);

impl<'a> Xml<'a> {
    pub(super) fn new(part: Part<'a>) -> Self {
        let mut reader = Reader::from_reader(Text::new(part));
        // Then every element that begins also ends.
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            depth: 0,
        }
    }

    /// The next piece; none at the end of the part.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'_>>, Fault> {
        self.reader.get_mut().begin_piece();
        self.buffer.clear();
        let Ok(event) = self.reader.read_event_into(&mut self.buffer) else {
            // The XML is broken only where its bytes could be had.
            return Err(self.reader.get_mut().take_fault().unwrap_or(BROKEN));
        };
        Ok(Some(match event {
            Event::Start(tag) | Event::Empty(tag) => {
                self.depth += 1;
                if tag.name().as_ref().len() > MAX_NAME {
                    return Err(Fault::TooLarge(
                        "An element of its XML has a very long name.",
                    ));
                }
                if self.depth > MAX_DEPTH {
                    return Err(Fault::TooLarge("Its XML nests deeper than 256 levels."));
                }
                Piece::Begin(Tag(tag))
            }
            Event::End(end) => {
                self.depth = self.depth.saturating_sub(1);
                Piece::End(End(end))
            }
            Event::Text(text) => Piece::Text(text.xml10_content()),
            Event::CData(text) => Piece::Text(text.xml10_content()),
            Event::GeneralRef(reference) => Piece::Text(resolved(&reference)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {
                Piece::Text(Cow::Borrowed(""))
            }
            // The archive may be whole where the document in it is not.
            Event::Eof if self.depth > 0 => return Err(BROKEN),
            Event::Eof => return Ok(None),
        }))
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Begins the first element, which tells what a part is, and says its name.
    pub(super) fn root(&mut self) -> Result<String, Fault> {
        while let Some(piece) = self.next()? {
            if let Piece::Begin(tag) = piece {
                return Ok(tag.name().to_owned());
            }
        }
        Err(Fault::Unreadable("A part of it is empty."))
    }

    /// Passes over the element that began last.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside && self.next()?.is_some() {}
        Ok(())
    }
}

impl Tag<'_> {
    /// Its name without the prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of the first attribute of that local name.
    pub(super) fn attribute(&self, wanted: &str) -> Option<String> {
        self.find(|_, name| name == wanted)
    }

    /// The id of a relation, which is told from an element's own `id` by having a prefix.
    pub(super) fn relation(&self) -> Option<String> {
        self.find(|prefix, name| prefix.is_some() && name == "id")
    }

    /// The number in an attribute; what is no number, or too large for one, is none.
    pub(super) fn number(&self, wanted: &str) -> Option<usize> {
        self.attribute(wanted)?.trim().parse().ok()
    }

    /// Whether its name has that prefix, by which the formats' own programs write it.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        let found = self.0.name().prefix();
        found.is_some_and(|found| found.into_inner() == prefix)
    }

    fn find(&self, is_wanted: impl Fn(Option<&str>, &str) -> bool) -> Option<String> {
        let mut attributes = self.0.attributes();
        // The first one counts; that none follows of the same name is not asked for.
        let attributes = attributes.with_checks(false);
        let found = attributes.flatten().find(|attribute| {
            let (name, prefix) = attribute.key.decompose();
            is_wanted(prefix.map(|it| it.into_inner()), name.into_inner())
        })?;
        if found.value.len() > MAX_VALUE {
            return None;
        }
        let mut value = String::with_capacity(found.value.len());
        let mut rest = &*found.value;
        while let Some((before, after)) = rest.split_once('&') {
            value.push_str(before);
            match after.split_once(';') {
                Some((name, after)) => {
                    value.push_str(&resolved(&BytesRef::new(name)));
                    rest = after;
                }
                None => {
                    value.push('&');
                    rest = after;
                }
            }
        }
        value.push_str(rest);
        Some(value)
    }
}

impl End<'_> {
    /// Its name without the prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

/// What a reference stands for. One that the document would have to declare stays as it is.
fn resolved(reference: &BytesRef<'_>) -> Cow<'static, str> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Cow::Owned(character.to_string());
    }
    match resolve_predefined_entity(reference) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(format!("&{};", &**reference)),
    }
}
