//! Presentations: slides in their order, each followed by its notes.

use super::Fault;
use super::archive::Archive;
use super::lines::Lines;
use super::package::{Named, relations_of};
use super::words::paragraphs;
use super::xml::{Piece, Xml};

/// Reads a presentation: the name of its main part, and that part, whose first element began.
pub(super) fn read(
    archive: &Archive<'_>,
    main: &str,
    xml: &mut Xml<'_>,
    lines: &mut Lines,
) -> Result<(), Fault> {
    let mut named = Named::of(archive, main)?;
    while let Some(piece) = xml.next()? {
        let id = match &piece {
            Piece::Begin(tag) if tag.name() == "sldId" => tag.relation(),
            Piece::Begin(_) | Piece::End(_) | Piece::Text(_) => None,
        };
        let Some(id) = id else {
            continue;
        };
        // The list of slides is the order; the numbers in their names are not.
        let Some(slide) = named.part(&id)? else {
            return Err(Fault::Unreadable("It names a slide that is missing."));
        };
        paragraphs(&mut archive.needed(slide)?, lines)?;
        lines.divide();
        // Their order in the archive says nothing: each slide refers to its own.
        let around = relations_of(archive, slide)?;
        for notes in around.iter().filter(|other| other.kind == "notesSlide") {
            paragraphs(&mut archive.needed(&notes.part)?, lines)?;
            lines.divide();
        }
        if lines.is_full() {
            return Ok(());
        }
    }
    Ok(())
}
