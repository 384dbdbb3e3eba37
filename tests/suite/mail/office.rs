//! Text out of office documents as programs write them.

mod hostile;

use openmail_mock::mail::{Extraction, Method, extract};

use crate::support::zip::{Entry, archive, docx, zip};

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const TYPES: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

#[track_caller]
fn reads(bytes: &[u8], expected: &str) {
    let read = extract("a.docx", "application/octet-stream", bytes);
    let expected = Extraction {
        method: Method::Office,
        text: Some(expected.to_owned()),
        why: String::new(),
    };
    assert_eq!(read, expected);
}

/// A part that names the relations of another: id, kind and target of each.
fn relations(relations: &[(&str, &str, &str)]) -> String {
    let relations = relations.iter().map(|(id, kind, target)| {
        format!(r#"<Relationship Id="{id}" Type="{TYPES}/{kind}" Target="{target}"/>"#)
    });
    format!(
        "<Relationships>{}</Relationships>",
        relations.collect::<String>()
    )
}

/// A package with this main part, its relations and further parts.
fn package(main: (&str, &str), own: &[(&str, &str, &str)], further: &[(&str, &str)]) -> Vec<u8> {
    let (folder, name) = main.0.rsplit_once('/').expect("a folder");
    let of_main = (format!("{folder}/_rels/{name}.rels"), relations(own));
    let of_package = relations(&[("r1", "officeDocument", main.0)]);
    let mut parts = vec![
        ("[Content_Types].xml", "<Types/>"),
        ("_rels/.rels", of_package.as_str()),
        (of_main.0.as_str(), of_main.1.as_str()),
        main,
    ];
    parts.extend(further);
    zip(&parts)
}

#[test]
fn what_it_is_is_told_by_type_or_by_name() {
    let bytes = docx("<w:p><w:r><w:t>Hello</w:t></w:r></w:p>");
    for (name, kind) in [
        ("a.docx", "application/octet-stream"),
        ("A.DOCX", ""),
        ("a", WORD),
        // The parts say what it is.
        ("a.xlsx", "application/octet-stream"),
        ("a.docx", "application/msword"),
    ] {
        let read = extract(name, kind, &bytes);
        assert_eq!(read.method, Method::Office, "{name} {kind}");
        assert_eq!(read.text.as_deref(), Some("Hello"));
    }
    let archive = extract("a.zip", "application/zip", &bytes);
    assert_eq!(archive.method, Method::Unsupported);
}

#[test]
fn paragraphs_are_lines() {
    let body = r#"
        <w:p><w:pPr><w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs></w:pPr>
          <w:r><w:rPr><w:b/></w:rPr><w:t>Dear </w:t></w:r><w:r><w:t xml:space="preserve">Ada,</w:t></w:r></w:p>
        <w:p/><w:p/><w:p/>
        <w:p><w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t><w:noBreakHyphen/><w:t>four</w:t></w:r></w:p>
        <w:p><w:r><w:t>R&amp;D &lt;&#228;&#x20AC;&gt; <![CDATA[<raw>]]></w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>
        <w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:tab/><w:delText>old</w:delText></w:r></w:del></w:p>
        <w:p><w:moveFrom><w:r><w:t>gone</w:t></w:r></w:moveFrom><w:hyperlink r:id="r9"><w:r><w:t>link</w:t></w:r></w:hyperlink></w:p>
        <w:p><mc:AlternateContent><mc:Choice><w:t>box</w:t></mc:Choice><mc:Fallback><w:t>box</w:t></mc:Fallback></mc:AlternateContent></w:p>
        <w:sectPr/>"#;
    let text = "Dear Ada,\n\none\ttwo\nthree-four\nR&D <ä€> <raw>\nnew\nlink\nbox";
    reads(&docx(body), text);
}

#[test]
fn rows_are_lines_with_tabs_between_cells() {
    let cell =
        |text: &str| format!("<w:tc><w:tcPr/><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>");
    let nested = format!(
        "<w:tc><w:p/><w:tbl><w:tr>{}{}</w:tr></w:tbl><w:p/></w:tc>",
        cell("in"),
        cell("side")
    );
    let two =
        "<w:tc><w:p><w:r><w:t>Chair</w:t></w:r></w:p><w:p><w:r><w:t>oak</w:t></w:r></w:p></w:tc>";
    let body = format!(
        "<w:p><w:r><w:t>Prices</w:t></w:r></w:p><w:tbl><w:tr>{}{}{}</w:tr><w:tr>{two}<w:tc><w:p/></w:tc>{}</w:tr><w:tr>{nested}{}</w:tr></w:tbl><w:p><w:r><w:t>End</w:t></w:r></w:p>",
        cell("Item"),
        cell("Count"),
        cell(""),
        cell("99.50"),
        cell("next"),
    );
    reads(
        &docx(&body),
        "Prices\nItem\tCount\nChair oak\t\t99.50\nin\tside\tnext\nEnd",
    );
}

#[test]
fn headers_come_first_and_footers_last() {
    let part = |text: &str| format!("<w:hdr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:hdr>");
    let (header, footer, note) = (part("Acme"), part("Page foot"), part("A note."));
    let empty = "<w:ftr><w:p/></w:ftr>";
    let bytes = package(
        (
            "word/document2.xml",
            "<w:document><w:body><w:p><w:r><w:t>Body</w:t></w:r></w:p></w:body></w:document>",
        ),
        &[
            ("r1", "footer", "footer1.xml"),
            ("r2", "footnotes", "/word/footnotes.xml"),
            ("r3", "header", "header1.xml"),
            // Each section may repeat it.
            ("r4", "header", "./../word/header2.xml"),
            ("r5", "footer", "footer2.xml"),
            ("r6", "styles", "styles.xml"),
        ],
        &[
            ("word/footer1.xml", footer.as_str()),
            ("word/footer2.xml", empty),
            ("word/footnotes.xml", note.as_str()),
            ("word/header1.xml", header.as_str()),
            ("word/HEADER2.xml", header.as_str()),
        ],
    );
    reads(&bytes, "Acme\n\nBody\n\nA note.\n\nPage foot");
}

#[test]
fn sheets_stand_in_the_order_of_the_workbook() {
    let workbook = r#"<workbook xmlns:r="x"><sheets><sheet name="B &amp; C" sheetId="2" r:id="r2"/><sheet name="A" sheetId="1" state="hidden" r:id="r1"/><sheet name="Chart" sheetId="3" r:id="r4"/></sheets></workbook>"#;
    let first = r#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData>
        <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>99</v></c></row>
        <row r="2"><c r="B2"><v>1.50</v></c><c r="D2" t="b"><v>1</v></c><c t="b"><v>0</v></c></row>
        <row r="3"><c r="A3" s="4"/></row>
        <row r="4"><c r="A4" t="str"><f>A1&amp;"x"</f><v>made</v></c><c r="B4" t="e"><v>#N/A</v></c><c r="C4"><v>45963</v></c></row>
        </sheetData><headerFooter><oddHeader>never</oddHeader></headerFooter></worksheet>"#;
    let second = r#"<worksheet><sheetData><row><c t="inlineStr"><is><r><t>in</t></r><r><t>line&#10;here</t></r><rPh><t>spoken</t></rPh></is></c><c t="d"><v>2026-11-02</v></c></row></sheetData></worksheet>"#;
    let shared = r#"<sst count="2"><si><t>Name</t></si><si><r><t xml:space="preserve">Rich </t></r><r><t>text</t></r><rPh sb="0"><t>spoken</t></rPh></si></sst>"#;
    let bytes = package(
        ("xl/workbook.xml", workbook),
        &[
            ("r1", "worksheet", "worksheets/sheet1.xml"),
            ("r2", "worksheet", "worksheets/sheet2.xml"),
            ("r3", "sharedStrings", "sharedStrings.xml"),
            ("r4", "chartsheet", "chartsheets/sheet1.xml"),
        ],
        &[
            ("xl/worksheets/sheet1.xml", second),
            ("xl/worksheets/sheet2.xml", first),
            ("xl/sharedStrings.xml", shared),
        ],
    );
    reads(
        &bytes,
        "B & C\nName\tRich text\n\t1.50\t\tTRUE\tFALSE\nmade\t#N/A\t45963\n\nA\ninline here\t2026-11-02",
    );
}

#[test]
fn slides_stand_in_their_order_with_their_notes() {
    let presentation = r#"<p:presentation xmlns:r="x"><p:sldMasterIdLst><p:sldMasterId id="9" r:id="r9"/></p:sldMasterIdLst><p:sldIdLst><p:sldId id="256" r:id="r2"/><p:sldId id="257" r:id="r1"/></p:sldIdLst></p:presentation>"#;
    let slide = |text: &str| {
        format!(
            "<p:sld><p:sp><p:txBody><a:p><a:pPr/><a:r><a:t>{text}</a:t></a:r><a:br/><a:r><a:t>below</a:t></a:r></a:p></p:txBody></p:sp><p:sp><a:p><a:fld type=\"slidenum\"><a:t>1</a:t></a:fld></a:p></p:sp></p:sld>"
        )
    };
    let table = "<p:sld><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Year</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>Users</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></p:sld>";
    let of_slide = relations(&[("r1", "notesSlide", "../notesSlides/notesSlide1.xml")]);
    let bytes = package(
        ("ppt/presentation.xml", presentation),
        &[
            ("r1", "slide", "slides/slide1.xml"),
            ("r2", "slide", "slides/slide2.xml"),
        ],
        &[
            ("ppt/slides/slide1.xml", table),
            ("ppt/slides/slide2.xml", &slide("Title")),
            ("ppt/slides/_rels/slide2.xml.rels", &of_slide),
            (
                "ppt/notesSlides/notesSlide1.xml",
                "<p:notes><a:p><a:r><a:t>Say it.</a:t></a:r></a:p></p:notes>",
            ),
        ],
    );
    reads(&bytes, "Title\nbelow\n\nSay it.\n\nYear\tUsers");
}

/// An .odt with that in its text.
fn odt(text: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:automatic-styles><number:text>never</number:text></office:automatic-styles><office:body><office:text>{text}</office:text></office:body></office:document-content>"
    );
    let mimetype = Entry::stored("mimetype", b"application/vnd.oasis.opendocument.text");
    let entries = [mimetype, Entry::deflated("content.xml", content.as_bytes())];
    archive(&entries)
}

#[test]
fn open_documents_are_read_too() {
    let text = r#"<office:forms>no</office:forms><text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
        <text:h>Minutes   of
           today</text:h>
        <text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/><text:span> d </text:span> e<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>By phone.</text:p></text:note-body></text:note>.</text:p>
        <text:list><text:list-item><text:p>One</text:p><text:list><text:list-item><text:p>Two</text:p></text:list-item></text:list></text:list-item></text:list>
        <text:p><draw:frame><svg:title>alt</svg:title><svg:desc>alt</svg:desc><office:binary-data>AAAA</office:binary-data></draw:frame><office:annotation><text:p>remark</text:p></office:annotation>See <text:title>Title</text:title></text:p>
        <table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell><table:covered-table-cell/><table:table-cell><text:p>y</text:p><text:p>z</text:p></table:table-cell></table:table-row></table:table>"#;
    reads(
        &odt(text),
        "Minutes of today\na   b\tc\nd e.\nOne\nTwo\nSee Title\nx\t\ty z\n\nBy phone.",
    );
}

#[test]
fn repeated_cells_and_rows_stand_there_as_often() {
    let cell = |attributes: &str, text: &str| {
        format!("<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>")
    };
    let twice = r#"table:number-columns-repeated="2""#;
    let text = format!(
        r#"<text:p>T</text:p><table:table><table:table-row table:number-rows-repeated="2">{}{}{}</table:table-row></table:table><text:p>E</text:p>"#,
        cell(twice, "a"),
        cell(twice, ""),
        cell("", "b"),
    );
    reads(&odt(&text), "T\na\ta\t\t\tb\na\ta\t\t\tb\nE");
}

/// Samples of what other programs write: openpyxl and odfpy.
#[test]
fn documents_of_other_programs_are_read() {
    let far = "\t".repeat(64) + "far away";
    reads(
        include_bytes!("office/orders.xlsx"),
        &format!(
            "Orders\nName\tCount\tPrice\tPaid\tOn\nChair\t4\t99.5\tTRUE\t46328\nTable & lamp\t\t120\tFALSE\n\nNotes \"2\"\n\tsecond line\n{far}"
        ),
    );
    reads(
        include_bytes!("office/minutes.odt"),
        "Acme\n\nMinutes\nPresent:   Ada\tBo\nCy & Di.\nOne\nTwo\nWho\tWhat\tWhen\nAda\tReport\tFriday\n-\t-\n-\t-\nEnd\n\nBy phone.\n\nPage foot",
    );
}

#[test]
fn a_document_without_text_has_an_empty_one() {
    reads(&docx("<w:p><w:drawing/></w:p>"), "");
}

#[test]
fn parts_are_read_in_the_encoding_that_they_declare() {
    let text = "<w:document><w:body><w:p><w:r><w:t>Gr\u{fc}\u{df}e</w:t></w:r></w:p></w:body></w:document>";
    let utf16 = |bytes_of: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        let xml = format!("{mark}<?xml version=\"1.0\" encoding=\"UTF-16\"?>{text}");
        xml.encode_utf16().flat_map(bytes_of).collect()
    };
    let latin = format!("<?xml version=\"1.0\" encoding='ISO-8859-1'?>{text}");
    let latin: Vec<u8> = latin
        .chars()
        .map(|c| u8::try_from(c).expect("Latin-1"))
        .collect();
    for main in [
        utf16(u16::to_le_bytes, "\u{feff}"),
        utf16(u16::to_be_bytes, "\u{feff}"),
        utf16(u16::to_le_bytes, ""),
        utf16(u16::to_be_bytes, ""),
        latin,
    ] {
        let of_package = relations(&[("r1", "officeDocument", "word/document.xml")]);
        let entries = [
            Entry::deflated("_rels/.rels", of_package.as_bytes()),
            Entry::deflated("word/document.xml", &main),
        ];
        reads(&archive(&entries), "Gr\u{fc}\u{df}e");
    }
}

#[test]
fn a_workbook_whose_strings_are_missing_tells_the_rest() {
    let sheet = "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c><c><v>42</v></c></row></sheetData></worksheet>";
    let book = package(
        (
            "xl/workbook.xml",
            "<workbook><sheets><sheet name=\"One\" r:id=\"a\"/></sheets></workbook>",
        ),
        &[
            ("a", "worksheet", "s.xml"),
            ("b", "sharedStrings", "gone.xml"),
        ],
        &[("xl/s.xml", sheet)],
    );
    reads(&book, "One\n\t42");
}
