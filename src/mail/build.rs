//! A message to bytes (RFC 5322, MIME): the same bytes for the same message, whoever builds it
//! and when.
//!
//! Whatever the fields hold, it ends up inside its own header: line breaks and controls become
//! spaces, addresses and ids lose what could end them. Bodies, parameters and free text are
//! written by `mail-builder`; addresses and ids here, because it quotes names that need no quotes
//! and leaves characters in addresses that end them.

use std::borrow::Cow;

use data_encoding::{BASE64, BASE64_MIME, HEXLOWER};
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::headers::{Header, HeaderType};
use mail_builder::mime::{BodyPart, MimePart};
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::Attachment;
use super::address::{Mailbox, ends_address, is_atom_character, one_line, quoted};
use super::lines::{lines, with_line_feeds};
use super::{further, media};

/// Where lines of addresses and ids are folded.
const LINE: usize = 76;
/// Longest name that is written as it is; a longer one becomes encoded words, which fold.
const MAX_NAME: usize = 60;
/// Longest address and id; a line may hold 998 bytes.
pub(super) const MAX_TOKEN: usize = 900;
/// The media type of a message in a message.
const NESTED: &str = "message/rfc822";
/// Longest name of a file.
const MAX_FILENAME: usize = 255;
/// Bytes that an encoded word of 75 characters holds in base64.
const WORD: usize = 45;

/// What a message is built of. Recipients of a blind copy are not among it: they never reach a
/// header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The Message-ID without its brackets; boundaries derive from it.
    pub message_id: String,
    /// When it was written, in milliseconds since 1970; mail knows seconds.
    pub date: i64,
    /// Who wrote it, several at times.
    pub from: Vec<Mailbox>,
    /// Whom it is for.
    pub to: Vec<Mailbox>,
    /// Who is to know.
    pub cc: Vec<Mailbox>,
    /// Where answers go, if not to `from`.
    pub reply_to: Vec<Mailbox>,
    /// The Message-IDs it answers, without their brackets.
    pub in_reply_to: Vec<String>,
    /// The Message-IDs of its thread, without their brackets.
    pub references: Vec<String>,
    /// Further fields by name. Those that the message has from elsewhere are passed over, and so
    /// is what is no name.
    pub headers: Vec<(String, String)>,
    /// The subject; empty when there is none.
    pub subject: String,
    /// The text. Lines end with a line feed; other line ends are taken for one.
    pub text: Option<String>,
    /// The HTML, likewise.
    pub html: Option<String>,
    /// Files.
    pub attachments: Vec<Attachment>,
}

/// Writes a message: `multipart/mixed` if there are attachments, in it `multipart/alternative` if
/// there are text and HTML. What is empty has no header.
#[must_use]
pub fn build(draft: &Draft) -> Vec<u8> {
    let mut output = Vec::with_capacity(2_048);
    tokens(&mut output, "From", mailboxes(&draft.from));
    tokens(&mut output, "To", mailboxes(&draft.to));
    tokens(&mut output, "Cc", mailboxes(&draft.cc));
    tokens(&mut output, "Reply-To", mailboxes(&draft.reply_to));
    subject(&mut output, &draft.subject);
    output.extend_from_slice(b"Date: ");
    Date::new(draft.date.div_euclid(1_000)).write_header(&mut output, 6);
    tokens(
        &mut output,
        "Message-ID",
        ids(std::slice::from_ref(&draft.message_id)),
    );
    tokens(&mut output, "In-Reply-To", ids(&draft.in_reply_to));
    tokens(&mut output, "References", ids(&draft.references));
    for (name, value) in &draft.headers {
        if further::is_header_name(name) && !further::is_own_header(name) {
            tokens(&mut output, name, further::words(value));
        }
    }
    output.extend_from_slice(b"MIME-Version: 1.0\r\n");
    body(draft).write_part(&mut output);
    output
}

/// One header of words, folded between them.
fn tokens(output: &mut Vec<u8>, name: &str, tokens: Vec<String>) {
    if tokens.is_empty() {
        return;
    }
    output.extend_from_slice(name.as_bytes());
    output.push(b':');
    let mut column = name.len() + 1;
    for (number, token) in tokens.iter().enumerate() {
        if number > 0 && column + 1 + token.len() > LINE {
            output.extend_from_slice(b"\r\n");
            column = 0;
        }
        output.push(b' ');
        output.extend_from_slice(token.as_bytes());
        column += 1 + token.len();
    }
    output.extend_from_slice(b"\r\n");
}

/// The words of a list of mailboxes.
fn mailboxes(mailboxes: &[Mailbox]) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::with_capacity(mailboxes.len());
    for mailbox in mailboxes {
        let address = cut(&mailbox.address.replace(ends_address, ""), MAX_TOKEN).to_owned();
        if address.is_empty() {
            continue;
        }
        if let Some(last) = tokens.last_mut() {
            last.push(',');
        }
        let words = phrase(mailbox.name.as_deref().unwrap_or_default());
        tokens.push(match words.is_empty() {
            true => address,
            false => format!("<{address}>"),
        });
        let at = tokens.len() - 1;
        tokens.splice(at..at, words);
    }
    tokens
}

/// A name as words of a header.
fn phrase(name: &str) -> Vec<String> {
    let name = one_line(name);
    let is_simple = name.len() <= MAX_NAME && name.is_ascii() && !name.contains("=?");
    let is_word = |word: &str| !word.is_empty() && word.chars().all(is_atom_character);
    if name.is_empty() {
        Vec::new()
    } else if is_simple && name.split(' ').all(is_word) {
        vec![name]
    } else if is_simple {
        vec![quoted(&name)]
    } else {
        encoded_words(&name)
    }
}

/// Text as encoded words in base64, cut between characters.
pub(super) fn encoded_words(text: &str) -> Vec<String> {
    let mut words = Vec::with_capacity(text.len() / WORD + 1);
    let mut rest = text;
    while !rest.is_empty() {
        let word = cut(rest, WORD);
        words.push(format!("=?utf-8?B?{}?=", BASE64.encode(word.as_bytes())));
        rest = &rest[word.len()..];
    }
    words
}

fn ids(ids: &[String]) -> Vec<String> {
    let ends = |c: char| c.is_control() || c.is_whitespace() || "<>".contains(c);
    let ids = ids.iter().map(|id| id.replace(ends, ""));
    let ids = ids.filter(|id| !id.is_empty());
    ids.map(|id| format!("<{}>", cut(&id, MAX_TOKEN))).collect()
}

fn subject(output: &mut Vec<u8>, subject: &str) {
    let subject = one_line(subject);
    if subject.contains("=?") {
        // Written as it is, it would be read as an encoded word.
        tokens(output, "Subject", encoded_words(&subject));
    } else if !subject.is_empty() {
        output.extend_from_slice(b"Subject: ");
        Text::new(subject).write_header(output, 9);
    }
}

fn body(draft: &Draft) -> MimePart<'_> {
    let text = draft.text.as_deref().map(mail_lines);
    let html = draft.html.as_deref().map(mail_lines);
    let is_multipart = !draft.attachments.is_empty() || (text.is_some() && html.is_some());
    let boundary = match is_multipart {
        true => boundary(draft, &[&text, &html]),
        false => String::new(),
    };
    let multipart = |kind: &'static str, parts: Vec<MimePart<'static>>| {
        let boundary = format!(
            "{boundary}{}",
            if kind.ends_with("mixed") { "m" } else { "a" }
        );
        MimePart::new(
            ContentType::new(kind).attribute("boundary", boundary),
            parts,
        )
    };
    let content = match (text, html) {
        (Some(text), Some(html)) => {
            let parts = vec![text_part("text/plain", text), text_part("text/html", html)];
            Some(multipart("multipart/alternative", parts))
        }
        (Some(text), None) => Some(text_part("text/plain", text)),
        (None, Some(html)) => Some(text_part("text/html", html)),
        (None, None) => None,
    };
    if draft.attachments.is_empty() {
        return content.unwrap_or_else(|| text_part("text/plain", String::new()));
    }
    let files = draft.attachments.iter().map(file_part);
    multipart(
        "multipart/mixed",
        content.into_iter().chain(files).collect(),
    )
}

/// Text with the line ends of mail, which it has before any encoding (RFC 2045, 6.8): base64
/// would hide others from those who could mend them.
fn mail_lines(text: &str) -> String {
    let text = with_line_feeds(text);
    let mut ended = String::with_capacity(text.len() + text.len() / 16 + 2);
    for line in lines(&text) {
        match line.strip_suffix('\n') {
            Some(line) => {
                ended.push_str(line);
                ended.push_str("\r\n");
            }
            None => ended.push_str(line),
        }
    }
    ended
}

/// What boundaries begin with: a digest of the Message-ID, another one if a line of the content
/// says the same. `=_` is nothing that quoted-printable or base64 can hold.
fn boundary(draft: &Draft, texts: &[&Option<String>]) -> String {
    let mut digest = Sha256::digest(draft.message_id.as_bytes());
    loop {
        let boundary = format!("=_{}", HEXLOWER.encode(&digest[..12]));
        let says = |bytes: &[u8]| memmem::find(bytes, boundary.as_bytes()).is_some();
        let in_text = |text: &&Option<String>| text.as_ref().is_some_and(|it| says(it.as_bytes()));
        let in_file = |file: &Attachment| is_nested(&file.content_type) && says(&file.bytes);
        if !texts.iter().any(in_text) && !draft.attachments.iter().any(in_file) {
            return boundary;
        }
        digest = Sha256::digest(digest);
    }
}

fn text_part(kind: &'static str, text: String) -> MimePart<'static> {
    let content_type = ContentType::new(kind).attribute("charset", "utf-8");
    // Every byte is looked at, since without a way out many are at once.
    let is_controlled = text.bytes().fold(false, |found, byte| {
        found | (byte.is_ascii_control() & !matches!(byte, b'\r' | b'\n' | b'\t'))
    });
    match is_controlled {
        true => base64_part(content_type, text.as_bytes()),
        false => MimePart::new(content_type, BodyPart::Text(Cow::Owned(text))),
    }
}

fn base64_part(content_type: ContentType<'static>, bytes: &[u8]) -> MimePart<'static> {
    let encoded = BASE64_MIME.encode(bytes).into_bytes();
    MimePart::new(content_type, encoded).transfer_encoding("base64")
}

fn file_part(file: &Attachment) -> MimePart<'static> {
    let content_type = content_type(&file.content_type);
    let bytes = carried(&file.content_type, &file.bytes);
    let plain = |encoding: &'static str| {
        MimePart::new(content_type.clone(), bytes.to_vec()).transfer_encoding(encoding)
    };
    let is_plain = is_nested(&file.content_type) && has_mail_lines(&bytes);
    let part = match (is_plain, bytes.is_ascii()) {
        (true, true) => plain("7bit"),
        (true, false) => plain("8bit"),
        (false, _) => base64_part(content_type, &bytes),
    };
    let name = one_line(&file.filename);
    let name = cut(&name, MAX_FILENAME).to_owned();
    if name.is_empty() {
        let disposition = HeaderType::ContentType(ContentType::new("attachment"));
        part.header("Content-Disposition", disposition)
    } else if name.contains("=?") {
        let name = utf8_percent_encode(&name, NON_ALPHANUMERIC);
        let disposition = Raw::new(format!("attachment; filename*=utf-8''{name}"));
        part.header("Content-Disposition", disposition)
    } else {
        part.attachment(name)
    }
}

/// The bytes of a file as mail carries them. A nested message must not be encoded (RFC 2046,
/// 5.2.1), so one whose lines end with a line feed alone gets the line ends of mail. One that no
/// line ends could mend (lines of more than 998 bytes, a NUL, a lone carriage return) keeps its
/// bytes and goes as base64 all the same: readers know that, and nothing of it is lost.
#[must_use]
pub fn carried<'b>(content_type: &str, bytes: &'b [u8]) -> Cow<'b, [u8]> {
    let is_bare = |at: usize| bytes[at] == b'\n' && (at == 0 || bytes[at - 1] != b'\r');
    if !is_nested(content_type) || !(0..bytes.len()).any(is_bare) {
        return Cow::Borrowed(bytes);
    }
    let mut mended = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for (at, byte) in bytes.iter().enumerate() {
        if is_bare(at) {
            mended.push(b'\r');
        }
        mended.push(*byte);
    }
    match has_mail_lines(&mended) {
        true => Cow::Owned(mended),
        false => Cow::Borrowed(bytes),
    }
}

fn is_nested(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(NESTED)
}

/// Whether bytes are lines that mail can carry without an encoding.
fn has_mail_lines(bytes: &[u8]) -> bool {
    let is_line =
        |line: &[u8]| line.len() <= 998 && !line.iter().any(|byte| b"\0\r".contains(byte));
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let last = lines.next_back().unwrap_or_default();
    let mut ended = lines.map(|line| line.strip_suffix(b"\r"));
    is_line(last) && ended.all(|line| line.is_some_and(is_line))
}

/// A media type in its normal form, as `mail-builder` takes it.
fn content_type(text: &str) -> ContentType<'static> {
    let read = media::read(text);
    let parameters = media::parameters(&read);
    let parameters: Vec<(String, String)> = parameters.collect();
    let content_type = ContentType::new(media::essence(&read).to_owned());
    parameters
        .into_iter()
        .fold(content_type, |content_type, (name, value)| {
            content_type.attribute(name, value)
        })
}

/// At most so many bytes of a text, cut between characters.
fn cut(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
