//! Workbooks: sheets in their order, a line for each row, tabs between cells. Values stand as
//! they are stored: numbers without their formats, and so dates as days since 1900.

use super::Fault;
use super::archive::Archive;
use super::lines::Lines;
use super::package::Named;
use super::xml::{Piece, Tag, Xml};

/// Most columns that are passed over at once. A sheet may say that its next cell stands 16,383
/// columns further right, and nobody reads so many tabs.
const MAX_GAP: usize = 64;
/// Most bytes of shared strings that are kept, what tells where they end included. Programs number
/// them as they occur, so that the first ones are those that are read first.
const MAX_SHARED: usize = 4 * 1024 * 1024;
/// Longest number of a shared string, or truth value.
const MAX_INDEX: usize = 20;

/// Reads a workbook: the name of its main part, and that part, whose first element began.
pub(super) fn read(
    archive: &Archive<'_>,
    main: &str,
    xml: &mut Xml<'_>,
    lines: &mut Lines,
) -> Result<(), Fault> {
    let mut named = Named::of(archive, main)?;
    // Cells that refer to strings which are not there are empty; the others still say something.
    let shared = named.of_kind("sharedStrings");
    let shared = match shared.filter(|part| archive.has(part)) {
        Some(part) => Shared::read(archive, part)?,
        None => Shared::default(),
    };
    while let Some(piece) = xml.next()? {
        let (id, name) = match &piece {
            Piece::Begin(tag) if tag.name() == "sheet" => (tag.relation(), tag.attribute("name")),
            Piece::Begin(_) | Piece::End(_) | Piece::Text(_) => continue,
        };
        // A chart may have a sheet to itself, which has no cells.
        let Some(part) = named.part(&id.unwrap_or_default())? else {
            continue;
        };
        lines.write(&name.unwrap_or_default());
        lines.end_line();
        rows(archive, part, &shared, lines)?;
        lines.divide();
        if lines.is_full() {
            return Ok(());
        }
    }
    Ok(())
}

/// The strings that cells refer to by number.
#[derive(Default)]
struct Shared {
    text: String,
    /// Where each of them ends.
    ends: Vec<u32>,
    /// Whether there are more.
    is_cut: bool,
}

impl Shared {
    fn read(archive: &Archive<'_>, part: &str) -> Result<Self, Fault> {
        let mut shared = Self::default();
        let mut texts = 0_usize;
        let mut xml = archive.needed(part)?;
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Begin(tag) => match tag.name() {
                    "t" => texts += 1,
                    // How the string is spoken, not a part of it.
                    "rPh" => xml.skip()?,
                    _ => {}
                },
                Piece::End(end) => match end.name() {
                    "t" => texts = texts.saturating_sub(1),
                    "si" => shared
                        .ends
                        .push(u32::try_from(shared.text.len()).unwrap_or(u32::MAX)),
                    _ => {}
                },
                Piece::Text(text) if texts > 0 => shared.text.push_str(&text),
                Piece::Text(_) => {}
            }
            if shared.text.len() + size_of_val(&*shared.ends) > MAX_SHARED {
                shared.is_cut = true;
                return Ok(shared);
            }
        }
        Ok(shared)
    }

    fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let before = index.checked_sub(1).and_then(|index| self.ends.get(index));
        let start = before.copied().unwrap_or_default();
        self.text.get(start as usize..end as usize)
    }
}

/// How the value of a cell is written down.
enum Stored {
    /// Numbers, dates, errors, what formulas gave, texts in the cell.
    AsItIs,
    /// The number of a shared string.
    Shared,
    /// 0 or 1.
    Truth,
}

/// A cell while it is read.
struct Cell {
    stored: Stored,
    /// What is no text itself.
    value: String,
    /// Open elements that hold the value.
    values: usize,
}

/// The rows of a sheet. Its dimension is not asked: sheets claim more cells than there are.
fn rows(
    archive: &Archive<'_>,
    part: &str,
    shared: &Shared,
    lines: &mut Lines,
) -> Result<(), Fault> {
    let mut xml = archive.needed(part)?;
    // Where the next cell stands unless it says otherwise. Rows that are left out are not shown.
    let mut column = 0;
    let mut cell: Option<Cell> = None;
    while let Some(piece) = xml.next()? {
        match (piece, &mut cell) {
            (Piece::Begin(tag), None) if tag.name() == "c" => {
                // A cell that says it stands before the last one stands behind it.
                let stands_at = column_of(&tag).unwrap_or(column).max(column);
                lines.pass_cells((stands_at - column).min(MAX_GAP));
                column = stands_at + 1;
                lines.begin_cell();
                cell = Some(begin(&tag));
            }
            (Piece::Begin(tag), Some(cell)) => match tag.name() {
                "v" | "t" => cell.values += 1,
                "rPh" => xml.skip()?,
                _ => {}
            },
            (Piece::End(end), Some(open)) => match end.name() {
                "v" | "t" => open.values = open.values.saturating_sub(1),
                "c" => {
                    finish(open, shared, lines);
                    lines.end_cell();
                    cell = None;
                }
                _ => {}
            },
            (Piece::End(end), None) if end.name() == "row" => {
                lines.end_row();
                column = 0;
            }
            (Piece::Text(text), Some(cell)) if cell.values > 0 => match cell.stored {
                Stored::AsItIs => lines.write(&text),
                Stored::Shared | Stored::Truth => {
                    let room = MAX_INDEX.saturating_sub(cell.value.len());
                    cell.value.extend(text.trim().chars().take(room));
                }
            },
            (Piece::Begin(_) | Piece::End(_), None) | (Piece::Text(_), _) => {}
        }
        if lines.is_full() {
            return Ok(());
        }
    }
    Ok(())
}

/// What a cell says of itself before its value.
fn begin(tag: &Tag<'_>) -> Cell {
    let stored = match tag.attribute("t").as_deref() {
        Some("s") => Stored::Shared,
        Some("b") => Stored::Truth,
        _ => Stored::AsItIs,
    };
    Cell {
        stored,
        value: String::new(),
        values: 0,
    }
}

/// Writes the value of a cell that was no text itself.
fn finish(cell: &Cell, shared: &Shared, lines: &mut Lines) {
    match cell.stored {
        Stored::AsItIs => {}
        Stored::Truth => lines.write(match cell.value.as_str() {
            "0" | "false" => "FALSE",
            _ => "TRUE",
        }),
        Stored::Shared => {
            let index = cell.value.parse().unwrap_or(usize::MAX);
            match shared.get(index) {
                Some(text) => lines.write(text),
                None if shared.is_cut => {
                    lines.cut("The text ends where its shared strings pass 4 MiB.");
                }
                // It refers to nothing, so there is nothing to show.
                None => {}
            }
        }
    }
}

/// The column that a cell says it stands in, counted from 0.
fn column_of(tag: &Tag<'_>) -> Option<usize> {
    let place = tag.attribute("r")?;
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.fold(0_usize, |number, letter| {
        let digit = usize::from(letter.to_ascii_uppercase() - b'A') + 1;
        number.saturating_mul(26).saturating_add(digit)
    });
    // Far below the largest number, so that a next column always exists.
    Some(number.checked_sub(1)?.min(1 << 20))
}
