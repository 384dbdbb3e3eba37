//! Office documents that mean harm: each is answered with a reason, none is obeyed. What they ask
//! for is so much that obeying would not end.

use openmail_mock::mail::{MAX_CHARACTERS, Method, extract};
use proptest::prelude::*;

use super::{odt, package};
use crate::support::zip::{Entry, archive, archive_of, document, docx, zip};

const MIB: usize = 1024 * 1024;

fn read(bytes: &[u8]) -> (Method, Option<String>, String) {
    let read = extract("a.docx", "", bytes);
    assert_eq!(read.text.is_some(), read.method == Method::Office);
    (read.method, read.text, read.why)
}

#[track_caller]
fn refused(bytes: &[u8], method: Method, why: &str) {
    let read = read(bytes);
    assert_eq!((read.0, read.1), (method, None), "{}", read.2);
    assert!(read.2.contains(why), "{}", read.2);
}

#[track_caller]
fn broken(bytes: &[u8], why: &str) {
    refused(bytes, Method::Unsupported, why);
}

#[track_caller]
fn too_large(bytes: &[u8], why: &str) {
    refused(bytes, Method::SkippedTooLarge, why);
}

/// The text is cut where all texts are.
#[track_caller]
fn cut(bytes: &[u8]) -> String {
    let (method, text, why) = read(bytes);
    assert_eq!(method, Method::Office, "{why}");
    assert_eq!(why, "The text is cut after 50,000 characters.");
    let text = text.expect("text");
    assert_eq!(text.chars().count(), MAX_CHARACTERS);
    text
}

fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

/// The entries of a small document, to be spoilt.
fn entries() -> Vec<Entry> {
    let parts = document(&paragraph("Hello"));
    let entry = |(name, text): &(&str, String)| Entry::deflated(name, text.as_bytes());
    parts.iter().map(entry).collect()
}

#[track_caller]
fn spoilt(why: &str, spoil: impl FnOnce(&mut Vec<Entry>)) {
    let mut entries = entries();
    spoil(&mut entries);
    broken(&archive(&entries), why);
}

#[test]
fn what_is_no_archive_says_so() {
    broken(b"", "no whole zip archive");
    broken(b"Hello", "no whole zip archive");
    broken(b"PK\x05\x06", "no whole zip archive");
    broken(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0", "older than");
    broken(&zip(&[]), "none of an office document");
    broken(&zip(&[("a.txt", "a")]), "none of an office document");
    let other = zip(&[("content.xml", "<d><body><spreadsheet/></body></d>")]);
    broken(&other, "only text documents");
    broken(
        &package(("a/b.xml", "<html/>"), &[], &[]),
        "no text document",
    );
    broken(&package(("a/b.bin", "\u{1}\u{2}"), &[], &[]), "empty");
}

#[test]
fn no_beginning_of_an_archive_is_an_archive() {
    let bytes = docx(&paragraph("Hello"));
    for length in 0..bytes.len() {
        assert_eq!(read(&bytes[..length]).0, Method::Unsupported, "{length}");
    }
}

#[test]
fn archives_are_read_however_they_are_written() {
    let mut entries = entries();
    entries[1].flags = 8;
    let hello = Some("Hello".to_owned());
    assert_eq!(read(&archive(&entries)).1, hello, "with a descriptor");
    // Sizes in the field of zip64.
    let mut wide = vec![1, 0, 16, 0];
    for number in [entries[1].length, entries[1].packed_length] {
        wide.extend(u64::from(number).to_le_bytes());
    }
    entries[1].extra = wide;
    let mut bytes = archive(&entries);
    let at = bytes.len() - 22 - (46 + "word/document.xml".len() + 20);
    bytes[at + 20..at + 28].fill(0xFF);
    assert_eq!(read(&bytes).1, hello, "with the sizes of zip64");
    // What is before the archive belongs to nobody.
    let before = [b"MZ junk".as_slice(), &docx(&paragraph("Hello"))].concat();
    assert_eq!(read(&before).1, hello, "behind other bytes");
}

#[test]
fn an_archive_that_lies_is_broken() {
    spoilt("not what its directory says", |it| it[1].crc ^= 1);
    spoilt("not what its directory says", |it| it[1].length += 1);
    spoilt("not what its directory says", |it| it[1].length -= 1);
    spoilt("not what its directory says", |it| it[1].length = 0);
    spoilt("not what its directory says", |it| {
        it[1].length = u32::MAX - 1
    });
    spoilt("directory of its archive", |it| {
        it[1].packed_length = u32::MAX - 1
    });
    spoilt("directory of its archive", |it| {
        it[1].offset = Some(u32::MAX - 1)
    });
    spoilt("directory of its archive", |it| {
        it[1].local_name = "other".to_owned()
    });
    spoilt("packed bytes", |it| {
        it[1].packed.truncate(20);
        it[1].packed_length = 20;
    });
    spoilt("packed bytes", |it| {
        it[1].packed.extend(b"behind");
        it[1].packed_length += 6;
    });
    spoilt("packed bytes", |it| it[1].packed.fill(0xFF));
    spoilt("overlap", |it| it[1].packed_length += 10);
    spoilt("same name", |it| {
        let again = Entry::stored("WORD/document.xml", b"<w:document/>");
        it.push(again);
    });
    broken(&archive_of(&entries(), 1), "directory of its archive");
    broken(&archive_of(&entries(), 3), "directory of its archive");
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    let mut entries = entries();
    let mut again = entries[1].clone();
    let offset = 30 + entries[0].name.len() + entries[0].packed.len();
    again.offset = Some(u32::try_from(offset).expect("small"));
    entries.push(again);
    // The same header under two names is a lie already; here it has the same name in both.
    entries[2].name = entries[1].name.clone();
    broken(&archive(&entries), "same name");
    let mut inside = Entry::stored("a", b"");
    let nested = archive(&[Entry::stored("b", b"xyz")]);
    inside.packed = nested.clone();
    inside.packed_length = u32::try_from(nested.len()).expect("small");
    inside.length = inside.packed_length;
    let mut shares = Entry::stored("b", b"xyz");
    shares.offset = Some(31);
    broken(&archive(&[inside, shares]), "overlap");
}

#[test]
fn only_plain_packing_is_read() {
    spoilt("encrypted", |it| it[1].flags = 1);
    spoilt("rare way", |it| it[1].method = 12);
    let manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>";
    let locked = zip(&[
        ("META-INF/manifest.xml", manifest),
        ("content.xml", "\u{7}noise"),
    ]);
    broken(&locked, "password");
}

#[test]
fn a_thousand_entries_are_read_and_no_more() {
    let mut entries = entries();
    let filler = |index| Entry::stored(&format!("media/{index}"), b"");
    entries.extend((0..998).map(filler));
    assert_eq!(read(&archive(&entries)).1.as_deref(), Some("Hello"));
    entries.push(filler(998));
    too_large(&archive(&entries), "1,000 entries");
}

#[test]
fn bombs_go_off_nowhere() {
    // Nothing but markup, so that no text ends the reading.
    let bomb = docx(&"<w:p></w:p>".repeat(20 * MIB / 11));
    assert!(bomb.len() < MIB / 8);
    too_large(&bomb, "hundred times its length");
    let one = docx(&format!("<!--{}-->", "-".repeat(20 * MIB)));
    too_large(&one, "longer than 1 MiB");
    let tag = docx(&format!("<w:p a=\"{}\"/>", "x".repeat(20 * MIB)));
    too_large(&tag, "longer than 1 MiB");
    let text = docx(&paragraph(&"x".repeat(20 * MIB)));
    too_large(&text, "longer than 1 MiB");
    cut(&docx(&paragraph("word").repeat(MIB)));
    cut(&docx(&paragraph(&" ".repeat(60_000))));
}

#[test]
fn what_is_not_refused_for_its_ratio_ends_at_64_mib() {
    // The noise is never read; it makes the file so long that its ratio is a fair one.
    let part = format!("<w:hdr>{}</w:hdr>", "<a>x</a>".repeat(MIB / 2));
    let targets: Vec<_> = (0..20)
        .map(|n| (format!("r{n}"), format!("{n}.xml")))
        .collect();
    let relations: Vec<_> = targets
        .iter()
        .map(|(id, target)| (id.as_str(), "header", target.as_str()))
        .collect();
    let names: Vec<_> = (0..20).map(|n| format!("word/{n}.xml")).collect();
    let mut parts: Vec<_> = names
        .iter()
        .map(|it| (it.as_str(), part.as_str()))
        .collect();
    let noise: String = (0..MIB)
        .map(|n| char::from(b'!' + (n * n / 7 % 90) as u8))
        .collect();
    parts.push(("noise", &noise));
    let bytes = package(("word/d.xml", "<w:document/>"), &relations, &parts);
    too_large(&bytes, "64 MiB");
}

#[test]
fn claims_of_size_cost_nothing() {
    // 2^34 cells, said in the dimension, in the place of a cell and by its gaps.
    let sheet = r#"<worksheet><dimension ref="A1:XFD1048576"/><cols><col min="1" max="16384"/></cols><sheetData><row r="1048576" spans="1:16384"><c r="XFD1048576"><v>1</v></c><c r="ZZZZZZZZZZZZZZZZZZZZ1"><v>2</v></c><c r="A1"><v>3</v></c></row></sheetData></worksheet>"#;
    let workbook = r#"<workbook><sheets><sheet name="S" r:id="r1"/></sheets></workbook>"#;
    let of = |sheet: &str, shared: &str| {
        let own = [
            ("r1", "worksheet", "s.xml"),
            ("r2", "sharedStrings", "t.xml"),
        ];
        let parts = [("xl/s.xml", sheet), ("xl/t.xml", shared)];
        package(("xl/workbook.xml", workbook), &own, &parts)
    };
    let none = r#"<sst count="4294967295" uniqueCount="4294967295"/>"#;
    let gap = "\t".repeat(64);
    let text = format!("S\n{gap}1\t{gap}2\t3");
    assert_eq!(read(&of(sheet, none)).1, Some(text));
    let wide = "<row><c r=\"XFD1\"><v>1</v></c></row>".repeat(2_000);
    cut(&of(&format!("<worksheet>{wide}</worksheet>"), none));

    // Strings by number: none that large, and more than are kept.
    let cells = |index: &str| {
        format!(
            "<worksheet><row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>{index}</v></c></row></worksheet>"
        )
    };
    let one = "<sst><si><t>one</t></si></sst>";
    for index in [
        "1",
        "-1",
        "18446744073709551615",
        "99999999999999999999999999",
        "x",
    ] {
        let text = read(&of(&cells(index), one)).1;
        assert_eq!(text.as_deref(), Some("S\none"), "{index}");
    }
    // More text than is kept; it is noise, so that its ratio is a fair one.
    let mut state = 1_u32;
    let mut noise = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("{state:08x}")
    };
    let long: String = (0..10_000).map(&mut noise).collect();
    let many = format!("<si><t>{long}</t></si>").repeat(60);
    let table = format!("<sst><si><t>one</t></si>{many}<si><t>last</t></si></sst>");
    let ended = read(&of(&cells("61"), &table));
    assert_eq!(ended.1.as_deref(), Some("S\none"));
    assert!(ended.2.contains("4 MiB"), "{}", ended.2);
}

#[test]
fn repetitions_end_with_the_text() {
    let number = 1_u64 << 34;
    let rows = |cell: &str| {
        odt(&format!(
            r#"<table:table><table:table-row table:number-rows-repeated="{number}">{cell}</table:table-row></table:table><text:p>E<text:s text:c="5"/>E</text:p>"#
        ))
    };
    let cell = |text: &str| {
        format!(
            r#"<table:table-cell table:number-columns-repeated="{number}">{text}</table:table-cell>"#
        )
    };
    assert!(cut(&rows(&cell("<text:p>x</text:p>"))).starts_with("x\tx\tx"));
    assert!(
        cut(&rows(
            "<table:table-cell><text:p>x</text:p></table:table-cell>"
        ))
        .starts_with("x\nx\n")
    );
    assert_eq!(read(&rows(&cell(""))).1.as_deref(), Some("E     E"));
    cut(&rows(
        &(cell("") + &cell("") + "<table:table-cell><text:p>x</text:p></table:table-cell>"),
    ));
    cut(&odt(&format!(
        r#"<text:p>a<text:s text:c="{number}"/>b</text:p>"#
    )));
    let sheets = r#"<sheet name="S" r:id="r1"/>"#.repeat(2_000);
    let own = [("r1", "worksheet", "s.xml")];
    let workbook = format!("<workbook>{sheets}</workbook>");
    let parts = [("xl/s.xml", "<worksheet/>")];
    too_large(
        &package(("xl/w.xml", &workbook), &own, &parts),
        "1,000 sheets",
    );
    let targets = r#"<Relationship Id="a" Type="x/header" Target="b"/>"#.repeat(1_001);
    let parts = [("_rels/.rels", targets.as_str())];
    too_large(&zip(&parts), "1,000 others");
}

#[test]
fn entities_are_not_expanded() {
    let lol = r#"<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://example.com/x">%p;]>"#;
    let content = format!(
        "{lol}<d><body><text><p a=\"&b;\">&b;&c;&amp;&#65;&#0;&#x110000;&nbsp;</p></text></body></d>"
    );
    let read = read(&zip(&[("content.xml", &content)]));
    assert_eq!(
        read.1.as_deref(),
        Some("&b;&c;&A&#0;&#x110000;&nbsp;"),
        "{}",
        read.2
    );
}

#[test]
fn broken_xml_is_answered() {
    let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert_eq!(read(&docx(&deep(200))).0, Method::Office);
    too_large(&docx(&deep(300)), "deeper than 256");
    too_large(&docx(&"<a>".repeat(MIB)), "deeper than 256");
    too_large(&docx(&format!("<{}/>", "n".repeat(5_000))), "long name");
    for body in [
        "<w:p>",
        "</w:p>",
        "<a></b>",
        "<a",
        "a & b",
        "<w:t>\u{1}</w:t><",
        "<!DOCTYPE a [",
    ] {
        broken(&docx(body), "XML");
    }
    let bytes = |text: &[u8]| {
        let content = [b"<d><body><text><p>", text, b"</p></text></body></d>"].concat();
        archive(&[Entry::deflated("content.xml", &content)])
    };
    broken(&bytes(b"\xFF\xFE"), "XML");
    broken(&bytes(&[0xC3]), "XML");
    assert_eq!(
        read(&bytes("a\u{1}\u{b}b".as_bytes())).1.as_deref(),
        Some("ab")
    );
    let attributes: String = (0..40_000).map(|n| format!(" a{n}='{n}'")).collect();
    let attributes = attributes.replace("a0=", "t=");
    assert_eq!(read(&docx(&format!("<c{attributes}/>"))).0, Method::Office);
}

#[test]
fn names_lead_nowhere() {
    for target in [
        "../../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://example.com/",
        "",
        ".",
    ] {
        let relations = format!(
            r#"<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="{target}"/></Relationships>"#
        );
        broken(&zip(&[("_rels/.rels", &relations)]), "missing");
    }
    let external = r#"<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="a" TargetMode="External"/></Relationships>"#;
    broken(
        &zip(&[("_rels/.rels", external)]),
        "none of an office document",
    );
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        read(&bytes);
        read(&[b"PK\x03\x04", &bytes[..]].concat());
    }

    /// Bytes changed anywhere in a whole archive.
    #[test]
    fn any_damage_is_answered(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        for sample in [include_bytes!("orders.xlsx").as_slice(), include_bytes!("minutes.odt")] {
            let mut bytes = sample.to_vec();
            for (at, byte) in &changes {
                bytes[at.index(sample.len())] = *byte;
            }
            read(&bytes);
        }
    }

    /// Any text in the place of a part's XML, its archive whole.
    #[test]
    fn any_xml_is_answered(body in "(<|>|/|w:p|w:t|w:tc|w:tr|=|\"|'|&|;|#|!--|\\[CDATA\\[|\\PC){0,60}") {
        read(&docx(&body));
        read(&odt(&body));
    }
}
