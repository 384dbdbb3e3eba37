//! A part as UTF-8, whatever it is written in: OpenDocument may be in any encoding, the others in
//! UTF-16 too.

use std::io::{self, BufRead, Read};
use std::ops::Range;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::Fault;
use super::part::Part;

/// A declaration of XML ends before, or says nothing that counts.
const MAX_DECLARATION: usize = 256;
/// How much is decoded at once.
const WINDOW: usize = 16 * 1024;

/// A part whose bytes are read as UTF-8.
pub(super) struct Text<'a> {
    part: Part<'a>,
    /// None until the first bytes are seen, which tell how the rest is written.
    way: Option<Way>,
}

/// How the bytes of a part become UTF-8.
enum Way {
    /// They are, which is so nearly always: nothing is copied.
    AsTheyAre,
    Decoded(Box<Decoded>),
}

struct Decoded {
    decoder: Decoder,
    window: Box<[u8]>,
    /// What of the window was not consumed yet.
    unread: Range<usize>,
    /// Whether the part and what the decoder held back of it were read.
    is_ended: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(part: Part<'a>) -> Self {
        Self { part, way: None }
    }

    /// A piece of XML begins.
    pub(super) fn begin_piece(&mut self) {
        self.part.begin_piece();
    }

    /// Why reading failed, if it was not for the XML.
    pub(super) fn take_fault(&mut self) -> Option<Fault> {
        self.part.take_fault()
    }
}

impl Way {
    fn of(beginning: &[u8]) -> Self {
        let encoding = encoding_of(beginning).unwrap_or(UTF_8);
        match encoding == UTF_8 {
            true => Way::AsTheyAre,
            false => Way::Decoded(Box::new(Decoded {
                decoder: encoding.new_decoder_with_bom_removal(),
                window: vec![0; WINDOW].into(),
                unread: 0..0,
                is_ended: false,
            })),
        }
    }
}

impl Decoded {
    /// Decodes until there is something to read, or nothing left.
    fn fill(&mut self, part: &mut Part<'_>) -> io::Result<()> {
        while self.unread.is_empty() && !self.is_ended {
            let bytes = part.fill_buf()?;
            let is_last = bytes.is_empty();
            let decoder = &mut self.decoder;
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(bytes, &mut self.window, is_last);
            part.consume(read);
            self.unread = 0..written;
            match result {
                DecoderResult::InputEmpty => self.is_ended = is_last,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Ok(())
    }
}

/// What a part is written in: its byte order mark tells, or two zeros at the right places, or
/// what it declares. A label that nobody knows is left to whoever reads UTF-8.
fn encoding_of(beginning: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(beginning) {
        return Some(encoding);
    }
    match beginning {
        [b'<', 0, b'?', 0, ..] => return Some(UTF_16LE),
        [0, b'<', 0, b'?', ..] => return Some(UTF_16BE),
        _ => {}
    }
    let declaration = beginning.get(..MAX_DECLARATION).unwrap_or(beginning);
    let declaration = declaration.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).position(|pair| pair == b"?>")?;
    let declaration = str::from_utf8(&declaration[..end]).ok()?;
    let (_, rest) = declaration.split_once("encoding")?;
    let label = rest.trim_start().strip_prefix('=')?.trim();
    let quote = label.chars().next().filter(|it| ['"', '\''].contains(it))?;
    let encoding = Encoding::for_label(label[1..].split(quote).next()?.as_bytes())?;
    // Whoever declares it in ASCII does not write UTF-16.
    encoding.is_ascii_compatible().then_some(encoding)
}

impl BufRead for Text<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.way.is_none() {
            self.way = Some(Way::of(self.part.fill_buf()?));
        }
        match &mut self.way {
            Some(Way::Decoded(decoded)) => {
                decoded.fill(&mut self.part)?;
                Ok(&decoded.window[decoded.unread.clone()])
            }
            Some(Way::AsTheyAre) | None => self.part.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.way {
            Some(Way::Decoded(decoded)) => decoded.unread.start += amount,
            Some(Way::AsTheyAre) | None => self.part.consume(amount),
        }
    }
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}
