//! One entry of an archive as a stream of bytes, held to what the directory claims of it and to
//! what may still be inflated.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};
use rawzip::Crc32;

use super::Fault;

/// How much is inflated at once.
const WINDOW: usize = 16 * 1024;
/// Longest tag, text or comment, because each is held whole. A text of that length is longer than
/// all text that is taken.
const MAX_PIECE: usize = 1024 * 1024;
/// What a piece of XML counts beyond its bytes, because short ones take more time than those do.
const PIECE: usize = 8;

const TOO_LARGE: Fault =
    Fault::TooLarge("What it holds is more than 64 MiB, or than a hundred times its length.");

/// What the directory says of an entry.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    /// How many bytes it is inflated to. Nothing is allocated by it.
    pub length: u64,
    /// Their checksum.
    pub crc: u32,
}

/// An entry while it is unpacked.
pub(super) struct Part<'a> {
    /// What was not unpacked yet.
    packed: &'a [u8],
    /// None where the bytes are stored as they are.
    inflater: Option<Box<InflateState>>,
    claim: Claim,
    /// Shared by all parts of an archive.
    allowance: &'a Cell<usize>,
    /// What was unpacked last.
    window: Box<[u8]>,
    /// What of the window was not consumed yet.
    unread: std::ops::Range<usize>,
    /// What was unpacked altogether, to be held against the claim.
    length: u64,
    crc: Crc32,
    is_ended: bool,
    /// Bytes consumed since the current piece began.
    piece: usize,
    /// Why reading failed: an `io::Error` cannot carry it through the XML reader.
    fault: Option<Fault>,
}

impl<'a> Part<'a> {
    pub(super) fn new(
        packed: &'a [u8],
        is_deflated: bool,
        claim: Claim,
        allowance: &'a Cell<usize>,
    ) -> Self {
        Self {
            packed,
            inflater: is_deflated.then(|| InflateState::new_boxed(DataFormat::Raw)),
            claim,
            allowance,
            window: vec![0; WINDOW].into(),
            unread: 0..0,
            length: 0,
            crc: Crc32::new(),
            is_ended: false,
            piece: 0,
            fault: None,
        }
    }

    /// A piece of XML begins.
    pub(super) fn begin_piece(&mut self) {
        self.piece = 0;
        if let Err(fault) = self.spend(PIECE) {
            self.fault = Some(fault);
        }
    }

    /// Why reading failed, if it was not for the XML.
    pub(super) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Unpacks a window full, or sees the end. It may unpack nothing and be no failure, where
    /// the packed bytes were only the beginning of a block.
    fn fill(&mut self) -> Result<(), Fault> {
        const BROKEN: Fault = Fault::Unreadable("The packed bytes of a part are broken.");
        let written = match &mut self.inflater {
            None => {
                let written = self.packed.len().min(WINDOW);
                let (now, later) = self.packed.split_at(written);
                self.window[..written].copy_from_slice(now);
                self.packed = later;
                self.is_ended = later.is_empty();
                written
            }
            Some(state) => {
                let step = inflate(state, self.packed, &mut self.window, MZFlush::None);
                self.packed = &self.packed[step.bytes_consumed..];
                self.is_ended = step.status == Ok(MZStatus::StreamEnd);
                let stands_still = step.bytes_consumed == 0 && step.bytes_written == 0;
                if !self.is_ended && (step.status.is_err() || stands_still) {
                    return Err(BROKEN);
                }
                // What follows the end of a stream is hidden from whoever believes the stream.
                if self.is_ended && !self.packed.is_empty() {
                    return Err(BROKEN);
                }
                step.bytes_written
            }
        };
        self.unread = 0..written;
        self.count(written)
    }

    /// Takes from what all parts together may cost.
    fn spend(&self, amount: usize) -> Result<(), Fault> {
        let rest = self.allowance.get().checked_sub(amount);
        self.allowance.set(rest.ok_or(TOO_LARGE)?);
        Ok(())
    }

    /// Counts what was unpacked, and compares it with the claim at the end. A part that is not
    /// read to its end is never held against its checksum, because its text was long enough.
    fn count(&mut self, written: usize) -> Result<(), Fault> {
        const LIES: Fault = Fault::Unreadable("A part is not what its directory says of it.");
        self.spend(written)?;
        self.length += written as u64;
        self.crc.update(&self.window[..written]);
        if self.length > self.claim.length {
            return Err(LIES);
        }
        let is_as_claimed =
            self.length == self.claim.length && self.crc.checksum() == self.claim.crc;
        match self.is_ended && !is_as_claimed {
            true => Err(LIES),
            false => Ok(()),
        }
    }
}

impl BufRead for Part<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.unread.is_empty() && !self.is_ended && self.fault.is_none() {
            self.fault = self.fill().err();
        }
        if self.piece > MAX_PIECE {
            let why = "A piece of its XML is longer than 1 MiB.";
            self.fault = Some(Fault::TooLarge(why));
        }
        match self.fault {
            Some(_) => Err(io::Error::other("see the fault")),
            None => Ok(&self.window[self.unread.clone()]),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.unread.start += amount;
        self.piece += amount;
    }
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}
