//! Transfer encodings undone and charsets read, as far as the bytes allow.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use memchr::memchr;

use super::walk::line_at;

/// Bytes, and whether the encoding was broken: then they are what could be read of it.
pub(super) type Decoded = (Vec<u8>, bool);

/// Base64. What is no letter of it is passed over, an incomplete end gives the bytes it holds.
pub(super) fn base64(encoded: &[u8]) -> Decoded {
    if let Some(bytes) = base64_decode(encoded) {
        return (bytes, false);
    }
    let mut bytes = Vec::with_capacity(encoded.len() / 4 * 3);
    let (mut bits, mut letters) = (0_u32, 0_u8);
    let ends = encoded.iter().copied().chain([b'=']);
    for byte in ends {
        match letter(byte) {
            Some(value) => {
                bits = bits << 6 | u32::from(value);
                letters += 1;
                if letters == 4 {
                    bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
                    (bits, letters) = (0, 0);
                }
            }
            // Padding ends a run; some senders join padded runs.
            None if byte == b'=' => {
                let run = (bits << (24 - 6 * u32::from(letters))).to_be_bytes();
                let length = usize::from(letters).saturating_sub(1);
                bytes.extend_from_slice(&run[1..=length]);
                (bits, letters) = (0, 0);
            }
            None => {}
        }
    }
    (bytes, true)
}

fn letter(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Quoted-printable. An `=` that begins no escape stays.
pub(super) fn quoted_printable(encoded: &[u8]) -> Decoded {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut is_broken = false;
    let mut at = 0;
    while at < encoded.len() {
        let line = line_at(encoded, at);
        at += line.len();
        let end = match line {
            [.., b'\r', b'\n'] => 2,
            [.., b'\n'] => 1,
            _ => 0,
        };
        let (content, end) = line.split_at(line.len() - end);
        let content = content.trim_ascii_end();
        match content.strip_suffix(b"=") {
            Some(content) => is_broken |= escapes(content, &mut bytes),
            None => {
                is_broken |= escapes(content, &mut bytes);
                bytes.extend_from_slice(end);
            }
        }
    }
    (bytes, is_broken)
}

/// The payload of an encoded word in the encoding `Q`.
pub(super) fn q_word(payload: &str) -> Decoded {
    let spaced = payload.replace('_', " ");
    let mut bytes = Vec::with_capacity(spaced.len());
    let is_broken = escapes(spaced.as_bytes(), &mut bytes);
    (bytes, is_broken)
}

/// Undoes `=XX`; says whether some `=` was none.
fn escapes(content: &[u8], bytes: &mut Vec<u8>) -> bool {
    let mut is_broken = false;
    let mut rest = content;
    while let Some(at) = memchr(b'=', rest) {
        bytes.extend_from_slice(&rest[..at]);
        let pair = rest.get(at + 1).zip(rest.get(at + 2));
        let value = pair.and_then(|(high, low)| Some(hex(*high)? << 4 | hex(*low)?));
        match value {
            Some(value) => bytes.push(value),
            None => {
                bytes.push(b'=');
                is_broken = true;
            }
        }
        rest = &rest[at + if value.is_some() { 3 } else { 1 }..];
    }
    bytes.extend_from_slice(rest);
    is_broken
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Bytes as text: by their byte order mark, by the charset that is named, as UTF-8, as
/// windows-1252, whichever applies first.
pub(super) fn text(bytes: &[u8], charset: Option<&str>) -> String {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return utf8(rest),
        [0xFE, 0xFF, rest @ ..] => return by_name("utf-16be", rest),
        [0xFF, 0xFE, rest @ ..] => return by_name("utf-16le", rest),
        _ => {}
    }
    let charset = charset.map(str::trim).unwrap_or_default();
    if charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8") {
        return utf8(bytes);
    }
    // Mail that calls itself ASCII and is not is UTF-8 more often than anything else.
    if !is_plain(charset) && charset_decoder(charset.as_bytes()).is_some() {
        return by_name(charset, bytes);
    }
    utf8_or_1252(bytes).into_owned()
}

/// Whether a charset's name says no more than that there may be nothing but ASCII and UTF-8.
pub(super) fn is_plain(charset: &str) -> bool {
    let names = ["", "utf-8", "utf8", "us-ascii", "ascii", "unknown-8bit"];
    names.iter().any(|name| charset.eq_ignore_ascii_case(name))
}

/// UTF-8 if it is, else windows-1252, which every byte is.
pub(super) fn utf8_or_1252(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(by_name("windows-1252", bytes)),
    }
}

fn by_name(charset: &str, bytes: &[u8]) -> String {
    match charset_decoder(charset.as_bytes()) {
        Some(decoder) => decoder(bytes),
        None => utf8(bytes),
    }
}

/// UTF-8, with a mark in the place of what is none. Most of it is, which is seen sooner than where
/// it is not.
fn utf8(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
