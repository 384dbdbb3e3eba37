//! Text documents: headers, the body, notes, footers. And paragraphs and tables as such, which
//! slides have too.

use super::Fault;
use super::archive::Archive;
use super::lines::Lines;
use super::package::{Relation, relations_of};
use super::xml::{Piece, Xml};

/// Reads a text document: the name of its main part, and that part, whose first element began.
pub(super) fn read(
    archive: &Archive<'_>,
    main: &str,
    xml: &mut Xml<'_>,
    lines: &mut Lines,
) -> Result<(), Fault> {
    let relations = relations_of(archive, main)?;
    around(archive, &relations, "header", lines)?;
    paragraphs(xml, lines)?;
    around(archive, &relations, "footnotes", lines)?;
    around(archive, &relations, "endnotes", lines)?;
    around(archive, &relations, "footer", lines)
}

/// The parts of a kind, the same text once: each section may have the same header thrice.
fn around(
    archive: &Archive<'_>,
    relations: &[Relation],
    kind: &str,
    lines: &mut Lines,
) -> Result<(), Fault> {
    let mut texts: Vec<Lines> = Vec::new();
    for relation in relations.iter().filter(|relation| relation.kind == kind) {
        if lines.is_full() {
            return Ok(());
        }
        // Apart from the body, so that it can be compared before it is written.
        let mut text = Lines::default();
        paragraphs(&mut archive.needed(&relation.part)?, &mut text)?;
        if text.mark() > 0 && !texts.iter().any(|known| known.is_like(&text)) {
            lines.append(&text);
            texts.push(text);
        }
    }
    Ok(())
}

/// The paragraphs and tables of a part. Tables nest in cells; what stands in one becomes a line.
pub(super) fn paragraphs(xml: &mut Xml<'_>, lines: &mut Lines) -> Result<(), Fault> {
    // Text elements that are open; whatever stands elsewhere is no text.
    let mut texts = 0_usize;
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Begin(tag) => match tag.name() {
                // Text of paragraphs, of shapes and of formulas is called the same.
                "t" => texts += 1,
                "tab" | "ptab" => lines.tab(),
                "br" | "cr" => lines.end_line(),
                "noBreakHyphen" => lines.write("-"),
                "tc" => lines.begin_cell(),
                // Properties name tab stops. What was deleted or moved away is gone, and what older
                // programs show instead is there twice. The number of a slide is no text of it.
                "pPr" | "rPr" | "del" | "moveFrom" | "Fallback" => xml.skip()?,
                "fld" if tag.attribute("type").as_deref() == Some("slidenum") => xml.skip()?,
                _ => {}
            },
            Piece::End(end) => match end.name() {
                "t" => texts = texts.saturating_sub(1),
                "p" => lines.end_line(),
                "tc" => lines.end_cell(),
                "tr" => lines.end_row(),
                _ => {}
            },
            Piece::Text(text) if texts > 0 => lines.write(&text),
            Piece::Text(_) => {}
        }
        if lines.is_full() {
            return Ok(());
        }
    }
    Ok(())
}
