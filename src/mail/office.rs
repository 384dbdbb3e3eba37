//! Text out of office documents: .docx, .xlsx, .pptx and .odt, which are archives of XML.
//!
//! What a file is, its parts say and not its name. Archive and XML are streamed: nothing is
//! allocated by a size that somebody claims, no entity but the predefined ones is expanded, and
//! the names in an archive are looked up and never opened. Reading stops where the text is long
//! enough. Memory stays below a constant and work below a multiple of the file's length, so that
//! nobody has to count how many documents are read at once.

mod archive;
mod encoding;
mod lines;
mod open;
mod package;
mod part;
mod sheets;
mod slides;
mod words;
mod xml;

use archive::Archive;
use lines::Lines;

/// Why there is no text. The words are for people who look into their own files: the API has
/// room for a method only.
#[derive(Debug)]
pub(super) enum Fault {
    /// More than the bounds allow, in words.
    TooLarge(&'static str),
    /// Broken, protected or of another kind, in words.
    Unreadable(&'static str),
}

/// What was read.
pub(super) struct Read {
    /// At least one character more than [`super::MAX_CHARACTERS`] where there is more.
    pub text: String,
    /// In words, why the text ends early for another reason than its length; mostly empty.
    pub why: &'static str,
}

/// What files begin with that office programs wrote before 2007, or protected with a password.
const OLE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// Reads an office document, whichever of them it is.
pub(super) fn read(bytes: &[u8]) -> Result<Read, Fault> {
    if bytes.starts_with(OLE) {
        let why = "It is older than the formats of 2007, or protected with a password.";
        return Err(Fault::Unreadable(why));
    }
    // Nothing was inflated when this is done: a directory that lies ends it here.
    let archive = Archive::open(bytes)?;
    let mut lines = Lines::default();
    // OpenDocument has fixed names; the others say in their relations what they are about.
    if archive.has("content.xml") {
        open::read(&archive, &mut lines)?;
        return Ok(lines.into_read());
    }
    let main = package::main_part(&archive)?;
    let mut xml = archive.needed(&main)?;
    match xml.root()?.as_str() {
        "document" => words::read(&archive, &main, &mut xml, &mut lines)?,
        "workbook" => sheets::read(&archive, &main, &mut xml, &mut lines)?,
        "presentation" => slides::read(&archive, &main, &mut xml, &mut lines)?,
        _ => {
            let why = "It holds no text document, workbook or presentation.";
            return Err(Fault::Unreadable(why));
        }
    }
    Ok(lines.into_read())
}
