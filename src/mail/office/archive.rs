//! A zip archive in memory, read with distrust: its directory is checked whole before anything is
//! inflated, and what is inflated is counted as it comes.

use std::cell::Cell;
use std::collections::HashMap;

use rawzip::{CompressionMethod, ZipArchive, ZipSliceArchive};

use super::Fault;
use super::part::{Claim, Part};
use super::xml::Xml;

/// Most entries of an archive.
const MAX_ENTRIES: usize = 1_000;
/// Most bytes that the parts of one file are inflated to, all together and with what
/// [`Part::begin_piece`] adds.
const MAX_INFLATED: usize = 64 * 1024 * 1024;
/// How many times its length a file may become; documents stay below fifty. Without it a mail
/// full of small bombs would cost far more than its length.
const MAX_RATIO: usize = 100;
/// What any file may become, so that very small ones with repetitive text are read.
const MIN_ALLOWANCE: usize = 256 * 1024;

/// The entries of an archive by name.
pub(super) struct Archive<'a> {
    /// Names are told apart without regard to case, as both package formats ask.
    entries: HashMap<String, Entry<'a>>,
    /// How many bytes may still be inflated. A cell, because parts share it while they are read.
    allowance: Cell<usize>,
}

/// One entry, of which nothing was unpacked yet.
struct Entry<'a> {
    packed: &'a [u8],
    method: CompressionMethod,
    is_encrypted: bool,
    claim: Claim,
}

impl<'a> Archive<'a> {
    /// Reads the directory of an archive.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Fault> {
        let zip = ZipArchive::from_slice(bytes);
        let zip = zip.map_err(|_| Fault::Unreadable("It is no whole zip archive."))?;
        let allowance = bytes.len().saturating_mul(MAX_RATIO);
        Ok(Self {
            entries: entries_of(&zip, bytes)?,
            allowance: Cell::new(allowance.clamp(MIN_ALLOWANCE, MAX_INFLATED)),
        })
    }

    /// Whether there is a part of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(&name.to_ascii_lowercase())
    }

    /// Begins to read a part as XML; none if there is no such part.
    pub(super) fn xml(&self, name: &str) -> Result<Option<Xml<'_>>, Fault> {
        let Some(entry) = self.entries.get(&name.to_ascii_lowercase()) else {
            return Ok(None);
        };
        if entry.is_encrypted {
            return Err(Fault::Unreadable("Its parts are encrypted."));
        }
        let is_deflated = match entry.method {
            CompressionMethod::STORE => false,
            CompressionMethod::DEFLATE => true,
            _ => return Err(Fault::Unreadable("Its parts are packed in a rare way.")),
        };
        let part = Part::new(entry.packed, is_deflated, entry.claim, &self.allowance);
        Ok(Some(Xml::new(part)))
    }

    /// Begins to read a part that has to be there.
    pub(super) fn needed(&self, name: &str) -> Result<Xml<'_>, Fault> {
        let found = self.xml(name)?;
        found.ok_or(Fault::Unreadable("A part that it refers to is missing."))
    }
}

/// Reads the directory. One that two programs could read in two ways is broken: a document must
/// not have one text here and another where it is opened.
fn entries_of<'a>(
    zip: &ZipSliceArchive<&'a [u8]>,
    bytes: &'a [u8],
) -> Result<HashMap<String, Entry<'a>>, Fault> {
    const BROKEN: Fault = Fault::Unreadable("The directory of its archive is broken.");
    let mut entries = HashMap::new();
    let mut ranges = Vec::new();
    let mut count = 0;
    for record in zip.entries() {
        let record = record.map_err(|_| BROKEN)?;
        count += 1;
        if count > MAX_ENTRIES {
            return Err(Fault::TooLarge("Its archive has more than 1,000 entries."));
        }
        let found = zip.get_entry(record.wayfinder()).map_err(|_| BROKEN)?;
        let (start, end) = found.compressed_data_range();
        ranges.push((record.local_header_offset(), end));
        let name = record.file_path();
        // Programs that believe the other name would read another document.
        let local = found.local_header();
        if local.file_path().as_bytes() != name.as_bytes() {
            return Err(BROKEN);
        }
        let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else {
            return Err(BROKEN);
        };
        let entry = Entry {
            packed: bytes.get(start..end).ok_or(BROKEN)?,
            method: record.compression_method(),
            is_encrypted: record.flags().is_encrypted() || record.flags().is_masked(),
            claim: Claim {
                length: record.uncompressed_size_hint(),
                crc: record.crc32(),
            },
        };
        let name = String::from_utf8_lossy(name.as_bytes()).to_ascii_lowercase();
        // Some programs read the first, some the last.
        if entries.insert(name, entry).is_some() {
            let why = "Two entries of its archive have the same name.";
            return Err(Fault::Unreadable(why));
        }
    }
    // Who reads by the count and who reads to the end would see different archives.
    if u64::try_from(count) != Ok(zip.entries_hint()) {
        return Err(BROKEN);
    }
    // Entries that share their bytes inflate to more than any ratio of one of them tells.
    ranges.push((zip.directory_offset(), u64::MAX));
    ranges.sort_unstable();
    let overlaps = |pair: &[(u64, u64)]| pair[0].1 > pair[1].0;
    if ranges.windows(2).any(overlaps) {
        return Err(Fault::Unreadable("Entries of its archive overlap."));
    }
    Ok(entries)
}
