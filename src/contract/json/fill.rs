//! Fills a tape from serde_json's own parser, within the bounds on depth and number.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr_iter;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use crate::contract::json::tape::{Entry, MAX_DEPTH, ReadError};

/// Reads one JSON document of at most so many values into a flat list.
pub(in crate::contract) fn read_entries(
    bytes: &[u8],
    most: usize,
) -> serde_json::Result<Vec<Entry<'_>>> {
    let mut reading = Reading {
        entries: Vec::with_capacity((bytes.len() / 16).clamp(1, most)),
        values: 0,
        most,
    };
    // Text that is UTF-8 as a whole need not be judged again string by string.
    match std::str::from_utf8(bytes) {
        Ok(text) => fill(&mut reading, serde_json::Deserializer::from_str(text))?,
        Err(_) => fill(&mut reading, serde_json::Deserializer::from_slice(bytes))?,
    }
    Ok(reading.entries)
}

/// Why bytes were not read. Columns count characters, as people do, where the parser counts bytes.
pub(in crate::contract) fn read_error(bytes: &[u8], error: &serde_json::Error) -> ReadError {
    let line = error.line();
    let begin = match line.checked_sub(2) {
        Some(before) => memchr_iter(b'\n', bytes)
            .nth(before)
            .map_or(0, |end| end + 1),
        None => 0,
    };
    let end = bytes.len().min(begin + error.column());
    let is_first = |byte: &&u8| !matches!(byte, 0x80..=0xbf);
    let column = bytes[begin..end].iter().filter(is_first).count();
    let message = error.to_string();
    let message = match message.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what} at line {line} column {column}"),
        None => message,
    };
    ReadError {
        message,
        stopped_at: (line, column),
        repeated: None,
    }
}

fn fill<'a, R: serde_json::de::Read<'a>>(
    reading: &mut Reading<'a>,
    mut deserializer: serde_json::Deserializer<R>,
) -> serde_json::Result<()> {
    let seed = Fill { reading, depth: 0 };
    seed.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// What has been read so far; names are entries but no values.
struct Reading<'a> {
    entries: Vec<Entry<'a>>,
    values: usize,
    /// How many values there may be, at most `MAX_INDEXED`.
    most: usize,
}

/// Fills the list from serde_json's own parser.
struct Fill<'f, 'a> {
    reading: &'f mut Reading<'a>,
    depth: usize,
}

impl<'a> Fill<'_, 'a> {
    fn push<E: serde::de::Error>(self, entry: Entry<'a>) -> Result<(), E> {
        self.reading.values += 1;
        let most = self.reading.most;
        if self.reading.values > most {
            return Err(E::custom(format_args!("more than {most} values")));
        }
        self.reading.entries.push(entry);
        Ok(())
    }

    /// Reserves the container's entry and says where it stands.
    fn open<E: serde::de::Error>(&mut self) -> Result<usize, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!(
                "nested more than {MAX_DEPTH} levels deep"
            )));
        }
        let start = self.reading.entries.len();
        self.inner().push(Entry::Null)?;
        Ok(start)
    }

    fn inner(&mut self) -> Fill<'_, 'a> {
        Fill {
            reading: self.reading,
            depth: self.depth + 1,
        }
    }

    fn close(self, start: usize, entry: impl FnOnce(u32) -> Entry<'a>) {
        // Every value has at most one name, and the bound leaves room for both: the index fits.
        let end = self.reading.entries.len() as u32;
        self.reading.entries[start] = entry(end);
    }
}

/// Reads a member's name.
struct Name<'f, 'a>(&'f mut Reading<'a>);

impl<'de> DeserializeSeed<'de> for Name<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, name: &'de str) -> Result<(), E> {
        self.0.entries.push(Entry::String(Cow::Borrowed(name)));
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<(), E> {
        let name = Cow::Owned(name.to_owned());
        self.0.entries.push(Entry::String(name));
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Fill<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.push(Entry::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.push(Entry::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.push(Entry::Number(value.into()))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.push(Entry::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        self.push(Entry::Number(number))
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, value: &'de str) -> Result<(), E> {
        self.push(Entry::String(Cow::Borrowed(value)))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.push(Entry::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        let start = self.open::<A::Error>()?;
        let mut len = 0;
        while sequence.next_element_seed(self.inner())?.is_some() {
            len += 1;
        }
        self.close(start, |end| Entry::Array { len, end });
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let start = self.open::<A::Error>()?;
        let mut len = 0;
        while map.next_key_seed(Name(self.reading))?.is_some() {
            map.next_value_seed(self.inner())?;
            len += 1;
        }
        self.close(start, |end| Entry::Object { len, end });
        Ok(())
    }
}
