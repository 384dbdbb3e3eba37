//! Writes archives, true ones and such as lie: every number in them can be set.

use miniz_oxide::deflate::compress_to_vec;

/// One entry, and what is claimed of it.
#[derive(Clone)]
pub struct Entry {
    pub name: String,
    /// The name in the header before the bytes.
    pub local_name: String,
    /// As they stand in the archive.
    pub packed: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub packed_length: u32,
    pub length: u32,
    /// Where it stands, if not where it is written.
    pub offset: Option<u32>,
    /// What follows in the directory behind its name.
    pub extra: Vec<u8>,
}

impl Entry {
    pub fn stored(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            local_name: name.to_owned(),
            packed: bytes.to_vec(),
            method: 0,
            flags: 0,
            crc: rawzip::crc32(bytes),
            packed_length: u32::try_from(bytes.len()).expect("small"),
            length: u32::try_from(bytes.len()).expect("small"),
            offset: None,
            extra: Vec::new(),
        }
    }

    pub fn deflated(name: &str, bytes: &[u8]) -> Self {
        let packed = compress_to_vec(bytes, 9);
        Self {
            packed_length: u32::try_from(packed.len()).expect("small"),
            packed,
            method: 8,
            ..Self::stored(name, bytes)
        }
    }
}

/// An archive with these parts, deflated.
pub fn zip(parts: &[(&str, &str)]) -> Vec<u8> {
    let entries = parts
        .iter()
        .map(|(name, text)| Entry::deflated(name, text.as_bytes()));
    archive(&entries.collect::<Vec<_>>())
}

/// An archive with these entries as they are.
pub fn archive(entries: &[Entry]) -> Vec<u8> {
    archive_of(entries, u16::try_from(entries.len()).unwrap_or(u16::MAX))
}

/// An archive that says that it has so many entries.
pub fn archive_of(entries: &[Entry], count: u16) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = entry.offset.unwrap_or_else(|| length(&bytes));
        let has_descriptor = entry.flags & 8 != 0;
        let told = |number: u32| if has_descriptor { 0 } else { number };
        let numbers = [entry.crc, entry.packed_length, entry.length];

        bytes.extend(0x0403_4B50_u32.to_le_bytes());
        short(&mut bytes, &[20, entry.flags, entry.method, 0, 0x21]);
        long(&mut bytes, &numbers.map(told));
        short(&mut bytes, &[short_length(&entry.local_name), 0]);
        bytes.extend(entry.local_name.as_bytes());
        bytes.extend(&entry.packed);
        if has_descriptor {
            long(&mut bytes, &[0x0807_4B50]);
            long(&mut bytes, &numbers);
        }

        long(&mut directory, &[0x0201_4B50]);
        short(
            &mut directory,
            &[20, 20, entry.flags, entry.method, 0, 0x21],
        );
        long(&mut directory, &numbers);
        let extra = u16::try_from(entry.extra.len()).expect("small");
        short(
            &mut directory,
            &[short_length(&entry.name), extra, 0, 0, 0, 0, 0],
        );
        long(&mut directory, &[offset]);
        directory.extend(entry.name.as_bytes());
        directory.extend(&entry.extra);
    }
    let start = length(&bytes);
    bytes.extend(&directory);
    long(&mut bytes, &[0x0605_4B50]);
    short(&mut bytes, &[0, 0, count, count]);
    long(&mut bytes, &[length(&directory), start]);
    short(&mut bytes, &[0]);
    bytes
}

/// The parts of a small .docx with that in its body.
pub fn document(body: &str) -> Vec<(&'static str, String)> {
    let relations = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>"#
    );
    vec![
        ("_rels/.rels", relations.to_owned()),
        ("word/document.xml", document),
    ]
}

/// A small .docx with that in its body.
pub fn docx(body: &str) -> Vec<u8> {
    let parts = document(body);
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    zip(&parts)
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("small")
}

fn short_length(name: &str) -> u16 {
    u16::try_from(name.len()).expect("short")
}

fn short(bytes: &mut Vec<u8>, numbers: &[u16]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn long(bytes: &mut Vec<u8>, numbers: &[u32]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}
