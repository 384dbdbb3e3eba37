//! Text out of attachments (OpenMail docs, Attachments, Text extraction): what can be had by
//! decoding, and out of office documents. Everything else names why there is none.

use std::fmt;

use super::decode;
use super::field::Content;
use super::html::text_of_html;
use super::office::{self, Fault};

/// Most bytes of a file that text is taken from.
pub const MAX_EXTRACTED_BYTES: usize = 10 * 1024 * 1024;
/// Most characters of text that are taken.
pub const MAX_CHARACTERS: usize = 50_000;

/// How text was taken out of a file, or why it was not: the values of `extractionMethod`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The text layer of a PDF.
    Pdf,
    /// Recognised in an image.
    Ocr,
    /// A document, a sheet, slides.
    Office,
    /// A table as text.
    Csv,
    /// Text, markup included.
    Text,
    /// Nothing that text is taken from.
    Unsupported,
    /// A PDF that could not be read.
    PdfError,
    /// More than [`MAX_EXTRACTED_BYTES`].
    SkippedTooLarge,
}

impl Method {
    /// All of them.
    pub const ALL: [Method; 8] = [
        Method::Pdf,
        Method::Ocr,
        Method::Office,
        Method::Csv,
        Method::Text,
        Method::Unsupported,
        Method::PdfError,
        Method::SkippedTooLarge,
    ];

    /// As the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Pdf => "pdf",
            Method::Ocr => "ocr",
            Method::Office => "office",
            Method::Csv => "csv",
            Method::Text => "text",
            Method::Unsupported => "unsupported",
            Method::PdfError => "pdf_error",
            Method::SkippedTooLarge => "skipped_too_large",
        }
    }

    /// The method of that spelling, if there is one.
    #[must_use]
    pub fn parse(spelling: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|method| method.as_str() == spelling)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was taken out of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// How, or why not.
    pub method: Method,
    /// The text; none when the method is a failure.
    pub text: Option<String>,
    /// In words, why there is no text or not all of it; empty when nothing is missing.
    pub why: String,
}

/// What a file is, as far as its text goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Csv,
    Html,
    Text,
    Pdf,
    Office,
    Image,
    Other,
}

/// How the text of a file was found that is given beside it, when nobody says.
#[must_use]
pub fn method_of_given(filename: &str, content_type: &str) -> Method {
    let content = Content::parse(content_type.as_bytes());
    let kind = kind_of_type(&content.essence).unwrap_or_else(|| kind_of_name(filename));
    match kind {
        Kind::Pdf => Method::Pdf,
        Kind::Image => Method::Ocr,
        Kind::Office => Method::Office,
        Kind::Csv => Method::Csv,
        Kind::Html | Kind::Text | Kind::Other => Method::Text,
    }
}

/// Takes the text out of a file. Its media type says what it is, its name where the type says
/// nothing.
#[must_use]
pub fn extract(filename: &str, content_type: &str, bytes: &[u8]) -> Extraction {
    let content = Content::parse(content_type.as_bytes());
    if bytes.len() > MAX_EXTRACTED_BYTES {
        let why = format!(
            "The file has {} bytes; at most 10 MB are read.",
            bytes.len()
        );
        return failure(Method::SkippedTooLarge, why);
    }
    let kind = match (kind_of_type(&content.essence), kind_of_name(filename)) {
        (Some(kind), _) => kind,
        // Said of every file that a sender's system calls text.
        (None, Kind::Other) if content.essence == "text/plain" => Kind::Text,
        (None, kind) => kind,
    };
    let method = match kind {
        Kind::Csv => Method::Csv,
        Kind::Html | Kind::Text => Method::Text,
        Kind::Pdf => {
            let why = "The mock reads no PDF; give parsedText and extractionMethod with the file.";
            return failure(Method::PdfError, why);
        }
        Kind::Office => return of_office(bytes),
        Kind::Image => {
            let why =
                "The mock reads no images; give parsedText and extractionMethod with the file.";
            return failure(Method::Unsupported, why);
        }
        Kind::Other => {
            let why = "There is no text in files of this type.";
            return failure(Method::Unsupported, why);
        }
    };
    let text = decode::text(bytes, content.parameter("charset"));
    if text.contains('\0') {
        return failure(
            Method::Unsupported,
            "The file calls itself text and is none.",
        );
    }
    let text = match kind {
        Kind::Html => text_of_html(&text),
        _ => text,
    };
    within_bound(method, text)
}

/// What an office document holds. The service has no word of its own for one that is broken, as
/// it has for a PDF.
fn of_office(bytes: &[u8]) -> Extraction {
    match office::read(bytes) {
        Ok(read) => {
            let mut extraction = within_bound(Method::Office, read.text);
            if extraction.why.is_empty() {
                extraction.why = read.why.to_owned();
            }
            extraction
        }
        Err(Fault::TooLarge(why)) => failure(Method::SkippedTooLarge, why),
        Err(Fault::Unreadable(why)) => failure(Method::Unsupported, why),
    }
}

fn failure(method: Method, why: impl Into<String>) -> Extraction {
    Extraction {
        method,
        text: None,
        why: why.into(),
    }
}

fn within_bound(method: Method, mut text: String) -> Extraction {
    let mut why = String::new();
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARACTERS) {
        text.truncate(end);
        text.shrink_to_fit();
        why = "The text is cut after 50,000 characters.".to_owned();
    }
    Extraction {
        method,
        text: Some(text),
        why,
    }
}

/// What a media type says; none when it says nothing.
fn kind_of_type(essence: &str) -> Option<Kind> {
    let (kind, subtype) = essence.split_once('/')?;
    Some(match (kind, subtype) {
        ("application", "octet-stream") | ("text", "plain") => return None,
        ("text" | "application", "csv") => Kind::Csv,
        ("text", "comma-separated-values" | "tab-separated-values") => Kind::Csv,
        ("text", "html") | ("application", "xhtml+xml") => Kind::Html,
        ("text", _) => Kind::Text,
        ("application", "json" | "xml" | "yaml" | "x-yaml" | "x-ndjson") => Kind::Text,
        (_, subtype) if subtype.ends_with("+json") => Kind::Text,
        ("application", subtype) if subtype.ends_with("+xml") => Kind::Text,
        ("application", "pdf" | "x-pdf") => Kind::Pdf,
        ("application", "msword") => Kind::Office,
        ("application", subtype)
            if subtype.starts_with("vnd.openxmlformats-officedocument.")
                || subtype.starts_with("vnd.oasis.opendocument.")
                || subtype.starts_with("vnd.ms-excel")
                || subtype.starts_with("vnd.ms-powerpoint") =>
        {
            Kind::Office
        }
        ("image", _) => Kind::Image,
        _ => Kind::Other,
    })
}

fn kind_of_name(filename: &str) -> Kind {
    let ending = filename.rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "csv" | "tsv" => Kind::Csv,
        "html" | "htm" | "xhtml" => Kind::Html,
        "txt" | "text" | "md" | "json" | "xml" | "yaml" | "yml" | "log" | "ndjson" => Kind::Text,
        "pdf" => Kind::Pdf,
        "docx" | "xlsx" | "pptx" | "odt" | "ods" | "odp" | "doc" | "xls" | "ppt" => Kind::Office,
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "bmp" | "tif" | "tiff" | "heic" => Kind::Image,
        _ => Kind::Other,
    }
}
