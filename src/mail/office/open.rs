//! OpenDocument text: headers, the body, notes, footers.

use super::Fault;
use super::archive::Archive;
use super::lines::Lines;
use super::xml::{Piece, Xml};

/// Reads a text document in OpenDocument. Tables and presentations are none: the service names
/// neither of their endings.
pub(super) fn read(archive: &Archive<'_>, lines: &mut Lines) -> Result<(), Fault> {
    if is_encrypted(archive)? {
        return Err(Fault::Unreadable("It is protected with a password."));
    }
    let (mut headers, mut footers) = (Lines::default(), Lines::default());
    // They belong to page styles, and those to a part of their own.
    if let Some(mut xml) = archive.xml("styles.xml")? {
        around(&mut xml, &mut headers, &mut footers)?;
    }
    if headers.mark() > 0 {
        lines.append(&headers);
    }
    let mut xml = archive.needed("content.xml")?;
    let mut notes = Lines::default();
    if !is_at_text(&mut xml)? {
        let why = "Of OpenDocument, only text documents are read.";
        return Err(Fault::Unreadable(why));
    }
    text(&mut xml, lines, &mut notes)?;
    for further in [notes, footers] {
        if further.mark() > 0 {
            lines.append(&further);
        }
    }
    Ok(())
}

/// Goes to the element below the body, which tells what the document is.
fn is_at_text(xml: &mut Xml<'_>) -> Result<bool, Fault> {
    let mut is_in_body = false;
    // The styles before the body have elements called `text` too.
    while let Some(piece) = xml.next()? {
        if let Piece::Begin(tag) = piece {
            if is_in_body {
                return Ok(tag.name() == "text");
            }
            is_in_body = tag.name() == "body";
        }
    }
    Ok(false)
}

/// Whether the manifest names a key: the parts are no XML then.
fn is_encrypted(archive: &Archive<'_>) -> Result<bool, Fault> {
    let Some(mut xml) = archive.xml("META-INF/manifest.xml")? else {
        return Ok(false);
    };
    while let Some(piece) = xml.next()? {
        if let Piece::Begin(tag) = piece
            && tag.name() == "encryption-data"
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What stands above and below the pages of a document, by its page styles.
fn around(xml: &mut Xml<'_>, headers: &mut Lines, footers: &mut Lines) -> Result<(), Fault> {
    while let Some(piece) = xml.next()? {
        let Piece::Begin(tag) = piece else {
            continue;
        };
        let into = match tag.name() {
            "header" | "header-left" | "header-first" => &mut *headers,
            "footer" | "footer-left" | "footer-first" => &mut *footers,
            _ => continue,
        };
        text(xml, into, &mut Lines::default())?;
        into.divide();
    }
    Ok(())
}

/// A cell or row that may stand there more than once.
struct Open {
    /// Where its text begins.
    mark: usize,
    /// How often it stands there beyond the first time.
    more: usize,
}

/// The text in the element that began last.
fn text(xml: &mut Xml<'_>, body: &mut Lines, notes: &mut Lines) -> Result<(), Fault> {
    let outside = xml.depth() - 1;
    // Text counts in paragraphs only: elsewhere whitespace is what an editor laid out.
    let (mut paragraphs, mut in_notes) = (0_usize, 0_usize);
    // Cells and rows that are open, as deep as elements may nest.
    let mut tables: Vec<Open> = Vec::new();
    while xml.depth() > outside {
        let Some(piece) = xml.next()? else {
            return Ok(());
        };
        // A note stands where it is referred to, in the midst of a sentence.
        let lines = match in_notes {
            0 => &mut *body,
            _ => &mut *notes,
        };
        match piece {
            Piece::Begin(tag) => match tag.name() {
                "p" | "h" => paragraphs += 1,
                "s" => lines.blanks(tag.number("c").unwrap_or(1)),
                "tab" => lines.tab(),
                "line-break" => lines.end_line(),
                "note-body" => in_notes += 1,
                name @ ("table-row" | "table-cell" | "covered-table-cell") => {
                    if name != "table-row" {
                        lines.begin_cell();
                    }
                    let times = tag.number("number-columns-repeated");
                    let times = times.or_else(|| tag.number("number-rows-repeated"));
                    tables.push(Open {
                        mark: lines.mark(),
                        more: times.unwrap_or(1).saturating_sub(1),
                    });
                }
                // What was deleted, what is said about the text, and pictures.
                "tracked-changes" | "annotation" | "note-citation" | "binary-data" | "forms" => {
                    xml.skip()?;
                }
                "title" | "desc" if tag.has_prefix("svg") => xml.skip()?,
                _ => {}
            },
            Piece::End(end) => match end.name() {
                "p" | "h" => {
                    paragraphs = paragraphs.saturating_sub(1);
                    lines.end_line();
                }
                "note-body" => in_notes = in_notes.saturating_sub(1),
                "table-cell" | "covered-table-cell" => {
                    lines.end_cell();
                    if let Some(cell) = tables.pop() {
                        lines.repeat_cell(cell.mark, cell.more);
                    }
                }
                "table-row" => {
                    lines.end_row();
                    if let Some(row) = tables.pop() {
                        lines.repeat_row(row.mark, row.more);
                    }
                }
                _ => {}
            },
            Piece::Text(text) if paragraphs > 0 => lines.write_words(&text),
            Piece::Text(_) => {}
        }
        if body.is_full() {
            return Ok(());
        }
    }
    Ok(())
}
