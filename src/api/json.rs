//! Views written as JSON, byte for byte as serde_json writes them.
//!
//! serde_json looks at every byte of a text by itself, which for a page of mail was a sixth of its
//! cost. Here sixteen are judged at once, and names of fields, which are ours, not at all. What is
//! rare in an answer is left to serde_json.

use std::fmt::{self, Display, Write};

use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};
use serde_json::{Error, Result};

/// Appends a view.
///
/// # Errors
///
/// A map whose keys are no texts.
pub(super) fn append(body: &mut Vec<u8>, view: &impl Serialize) -> Result<()> {
    view.serialize(Json(body))
}

/// Bytes that are judged at once: as many as the usual processors compare in one step.
const STRIDE: usize = 16;

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// How many bytes stand before the first that is escaped.
fn plain(bytes: &[u8]) -> usize {
    let (strides, _) = bytes.as_chunks::<STRIDE>();
    // Without a way out of the inner loop the compiler compares the whole stride in one step.
    let is_plain = |stride: &&[u8; STRIDE]| {
        let found = stride.iter().map(|byte| u8::from(is_escaped(*byte)));
        found.fold(0, |any, one| any | one) == 0
    };
    let passed = STRIDE * strides.iter().take_while(is_plain).count();
    let rest = &bytes[passed..];
    let found = rest.iter().position(|byte| is_escaped(*byte));
    passed + found.unwrap_or(rest.len())
}

fn append_text(body: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    loop {
        let (before, from) = rest.split_at(plain(rest));
        body.extend_from_slice(before);
        let Some((escaped, behind)) = from.split_first() else {
            return;
        };
        append_escape(body, *escaped);
        rest = behind;
    }
}

fn append_escape(body: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        b'"' | b'\\' => byte,
        control => {
            let digit = |value: u8| DIGITS[usize::from(value & 0xf)];
            body.extend_from_slice(b"\\u00");
            return body.extend_from_slice(&[digit(control >> 4), digit(control)]);
        }
    };
    body.extend_from_slice(&[b'\\', short]);
}

/// Writes one value at the end of a body.
struct Json<'b>(&'b mut Vec<u8>);

impl<'b> Json<'b> {
    fn open(self, bracket: &[u8], close: &'static [u8]) -> Parts<'b> {
        self.0.extend_from_slice(bracket);
        Parts {
            body: self.0,
            is_first: true,
            close,
        }
    }

    /// A variant that carries something is an object with one member.
    fn variant(self, name: &str, bracket: u8, close: &'static [u8]) -> Parts<'b> {
        self.0.extend_from_slice(b"{\"");
        append_text(self.0, name);
        self.open(&[b'"', b':', bracket], close)
    }

    /// Leaves a value to serde_json.
    fn plainly(self, value: &impl Serialize) -> Result<()> {
        serde_json::to_writer(self.0, value)
    }
}

/// Text on its way through a formatter.
struct Escaping<'b>(&'b mut Vec<u8>);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        append_text(self.0, text);
        Ok(())
    }
}

impl<'b> Serializer for Json<'b> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'b>;
    type SerializeTuple = Parts<'b>;
    type SerializeTupleStruct = Parts<'b>;
    type SerializeTupleVariant = Parts<'b>;
    type SerializeMap = Parts<'b>;
    type SerializeStruct = Parts<'b>;
    type SerializeStructVariant = Parts<'b>;

    fn serialize_bool(self, value: bool) -> Result<()> {
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.0.extend_from_slice(word);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_i16(self, value: i16) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_i32(self, value: i32) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_i64(self, value: i64) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_i128(self, value: i128) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_u8(self, value: u8) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_u16(self, value: u16) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_u32(self, value: u32) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_u64(self, value: u64) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        self.0.push(b'"');
        append_text(self.0, value);
        self.0.push(b'"');
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.plainly(&value)
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<()> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        let mut parts = self.open(b"{", b"}");
        parts.member(name, value)?;
        parts.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'b>> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'b>> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'b>> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts<'b>> {
        Ok(self.variant(name, b'[', b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'b>> {
        Ok(self.open(b"{", b"}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'b>> {
        Ok(self.open(b"{", b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts<'b>> {
        Ok(self.variant(name, b'{', b"}}"))
    }

    fn collect_str<T: ?Sized + Display>(self, value: &T) -> Result<()> {
        self.0.push(b'"');
        write!(Escaping(self.0), "{value}").map_err(Error::custom)?;
        self.0.push(b'"');
        Ok(())
    }
}

/// A list or an object that is not closed yet.
struct Parts<'b> {
    body: &'b mut Vec<u8>,
    is_first: bool,
    close: &'static [u8],
}

impl Parts<'_> {
    fn separate(&mut self) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.body.push(b',');
        }
    }

    fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        self.separate();
        value.serialize(Json(self.body))
    }

    /// A field's name is an identifier, or what the code put in its place: nothing to escape.
    fn member<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.separate();
        self.body.push(b'"');
        self.body.extend_from_slice(name.as_bytes());
        self.body.extend_from_slice(b"\":");
        value.serialize(Json(self.body))
    }

    fn close(self) -> Result<()> {
        self.body.extend_from_slice(self.close);
        Ok(())
    }
}

/// The four forms of a list, and the two of an object with fields, differ in their names alone.
macro_rules! parts {
    ($($form:ident $add:ident $part:ident ($($name:ident)?);)*) => {$(
        impl $form for Parts<'_> {
            type Ok = ();
            type Error = Error;

            fn $add<T: ?Sized + Serialize>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<()> {
                self.$part($($name,)? value)
            }

            fn end(self) -> Result<()> {
                self.close()
            }
        }
    )*};
}

parts! {
    SerializeSeq serialize_element element ();
    SerializeTuple serialize_element element ();
    SerializeTupleStruct serialize_field element ();
    SerializeTupleVariant serialize_field element ();
    SerializeStruct serialize_field member (name);
    SerializeStructVariant serialize_field member (name);
}

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<()> {
        self.separate();
        let start = self.body.len();
        key.serialize(Json(self.body))?;
        match self.body.get(start) {
            Some(b'"') => Ok(()),
            _ => Err(Error::custom("a member's name is a text")),
        }
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        self.body.push(b':');
        value.serialize(Json(self.body))
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}
