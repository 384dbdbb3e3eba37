//! Mail as bytes and as values: messages built and parsed, HTML and text turned into each other,
//! text taken out of attachments, replies quoted.
//!
//! It knows no world, no HTTP and no schema, keeps nothing between calls and reads no clock. What
//! comes in may be hostile: everything here takes time and memory in proportion to its input, and
//! nothing recurses over it.

mod address;
mod build;
mod category;
mod decode;
mod extract;
mod field;
mod further;
mod html;
mod lines;
mod markup;
mod media;
mod names;
mod office;
mod parse;
mod quote;
mod walk;

use std::sync::Arc;

pub use address::{Mailbox, address_key, is_bare_address, mailboxes_of, written};
pub use build::{Draft, build, carried};
pub use category::Category;
pub use extract::{
    Extraction, MAX_CHARACTERS, MAX_EXTRACTED_BYTES, Method, extract, method_of_given,
};
pub use further::{is_header_name, is_own_header};
pub use html::text_of_html;
pub use lines::with_line_feeds;
pub use markup::{html_of_text, is_html};
pub use media::media_type;
pub use names::{content_type_of, unique_names};
pub use parse::{Parsed, parse};
pub use quote::{html_quote, quote, reply_subject};
pub use walk::{MAX_DEPTH, MAX_HEADERS, MAX_PARTS};

/// Most Message-IDs taken from the References of one message.
pub const MAX_REFERENCES: usize = 1_000;

/// The Message-IDs in a text, without their brackets, [`MAX_REFERENCES`] at most.
#[must_use]
pub fn message_ids(text: &str) -> Vec<String> {
    field::ids(text.as_bytes(), MAX_REFERENCES).0
}

/// A file that goes or came with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name as the sender wrote it; empty when there is none. [`unique_names`] makes names
    /// that can be addressed.
    pub filename: String,
    /// Its media type in the normal form of [`media_type`].
    pub content_type: String,
    /// What it holds, its transfer encoding undone. Shared, because state, mail and raw bytes of
    /// one message hold it at once.
    pub bytes: Arc<[u8]>,
}

/// The bytes that a text in base64 stands for, line breaks and blanks aside.
///
/// # Errors
///
/// What is no base64, and where.
pub fn bytes_of_base64(text: &str) -> Result<Vec<u8>, data_encoding::DecodeError> {
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let digits: Vec<u8> = digits.collect();
    data_encoding::BASE64.decode(&digits)
}
