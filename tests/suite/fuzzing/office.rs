//! Office documents: any bytes are answered within the bounds, and so is any XML in an archive
//! that is whole, which random bytes never are.

use miniz_oxide::deflate::compress_to_vec;
use openmail_mock::mail::{MAX_CHARACTERS, Method, extract};

/// What a package is, and the name of its main part.
const PACKAGES: [(&str, &str); 4] = [
    ("word/document.xml", "header"),
    ("xl/workbook.xml", "worksheet"),
    ("ppt/presentation.xml", "slide"),
    ("content.xml", ""),
];

pub fn run(bytes: &[u8]) {
    read(bytes);
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    // Parts are told apart by a byte that XML does not have.
    let mut parts = rest.split(|byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (main, other) = PACKAGES[usize::from(*kind) % PACKAGES.len()];
    let (folder, name) = main.rsplit_once('/').unwrap_or(("", main));
    let relations = |list: &[(&str, &str, &str)]| {
        let list = list.iter().map(|(id, kind, target)| {
            format!(r#"<r Id="{id}" Type="x/{kind}" Target="{target}"/>"#)
        });
        format!("<rs>{}</rs>", list.collect::<String>()).into_bytes()
    };
    let of_package = relations(&[("r1", "officeDocument", main)]);
    let of_main = relations(&[("r1", other, "/other"), ("r2", "sharedStrings", "/third")]);
    read(&archive(&[
        ("_rels/.rels", &of_package),
        (&format!("{folder}/_rels/{name}.rels"), &of_main),
        (main, next()),
        ("other", next()),
        ("third", next()),
        ("styles.xml", next()),
    ]));
}

fn read(bytes: &[u8]) {
    let read = extract("a.docx", "", bytes);
    match read.method {
        Method::Office => {
            let text = read.text.expect("text");
            assert!(text.chars().count() <= MAX_CHARACTERS);
            assert!(!text.contains('\r'));
        }
        Method::Unsupported | Method::SkippedTooLarge => {
            assert!(read.text.is_none() && !read.why.is_empty());
        }
        Method::Pdf | Method::Ocr | Method::Csv | Method::Text | Method::PdfError => {
            panic!("{:?}", read.method);
        }
    }
}

/// An archive with these parts; every other one is stored.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (index, (name, content)) in parts.iter().enumerate() {
        let method = if index % 2 == 0 { 8_u16 } else { 0 };
        let packed = match method {
            8 => compress_to_vec(content, 1),
            _ => content.to_vec(),
        };
        let mut header = [20_u16, 0, method, 0, 0x21].map(u16::to_le_bytes).concat();
        for number in [rawzip::crc32(content), length(&packed), length(content)] {
            header.extend(number.to_le_bytes());
        }
        header.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&header);
        directory.extend([0; 10]);
        directory.extend(length(&bytes).to_le_bytes());
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&header);
        bytes.extend(name.as_bytes());
        bytes.extend(packed);
    }
    let (start, count) = (length(&bytes), (parts.len() as u16).to_le_bytes());
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].concat());
    bytes.extend(length(&directory).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn length(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}
