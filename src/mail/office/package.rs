//! The package of .docx, .xlsx and .pptx: which part refers to which.

use super::Fault;
use super::archive::Archive;
use super::xml::Piece;

/// Most relations of a part that are kept; an archive has no more entries that they could mean.
const MAX_RELATIONS: usize = 1_000;

/// The relations that lead to text, by the last segment of their types: what comes before it
/// differs between the editions of the standard.
const KINDS: &[&str] = &[
    "officeDocument",
    "header",
    "footer",
    "footnotes",
    "endnotes",
    "worksheet",
    "sharedStrings",
    "slide",
    "notesSlide",
];

/// One part's reference to another.
pub(super) struct Relation {
    /// By which the part refers to it.
    pub id: String,
    /// One of the words above.
    pub kind: &'static str,
    /// The other part's name.
    pub part: String,
}

/// The part that a package is about.
pub(super) fn main_part(archive: &Archive<'_>) -> Result<String, Fault> {
    let relations = relations_of(archive, "")?;
    let main = relations
        .into_iter()
        .find(|relation| relation.kind == "officeDocument");
    let why = "Its archive is none of an office document.";
    Ok(main.ok_or(Fault::Unreadable(why))?.part)
}

/// The relations of a part, in their order; of the package itself if the name is empty.
pub(super) fn relations_of(archive: &Archive<'_>, part: &str) -> Result<Vec<Relation>, Fault> {
    // A part has its relations beside it, in a part with a name that is made from its own.
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let own = resolve(folder, &format!("_rels/{name}.rels"));
    let mut relations = Vec::new();
    let Some(mut xml) = archive.xml(&own)? else {
        return Ok(relations);
    };
    while let Some(piece) = xml.next()? {
        let Piece::Begin(tag) = piece else {
            continue;
        };
        let kind = tag.attribute("Type").unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default();
        let Some(kind) = KINDS.iter().find(|known| **known == kind) else {
            continue;
        };
        let (id, target) = (tag.attribute("Id"), tag.attribute("Target"));
        let (Some(id), Some(target)) = (id, target) else {
            continue;
        };
        // What lies outside is not fetched.
        if tag.attribute("TargetMode").as_deref() == Some("External") {
            continue;
        }
        if relations.len() == MAX_RELATIONS {
            let why = "A part of it refers to more than 1,000 others.";
            return Err(Fault::TooLarge(why));
        }
        relations.push(Relation {
            id,
            kind,
            part: resolve(folder, &target),
        });
    }
    Ok(relations)
}

/// The sheets or slides that a part names by the ids of its relations.
pub(super) struct Named {
    relations: Vec<Relation>,
    /// How many were asked for. One may be named again and again, and each time is work.
    asked: usize,
}

impl Named {
    pub(super) fn of(archive: &Archive<'_>, part: &str) -> Result<Self, Fault> {
        let relations = relations_of(archive, part)?;
        Ok(Self {
            relations,
            asked: 0,
        })
    }

    /// The part of that id, if there is one.
    pub(super) fn part(&mut self, id: &str) -> Result<Option<&str>, Fault> {
        self.asked += 1;
        if self.asked > MAX_RELATIONS {
            let why = "It names more than 1,000 sheets or slides.";
            return Err(Fault::TooLarge(why));
        }
        let found = self.relations.iter().find(|relation| relation.id == id);
        Ok(found.map(|relation| relation.part.as_str()))
    }

    /// The first part of that kind.
    pub(super) fn of_kind(&self, kind: &str) -> Option<&str> {
        let found = self.relations.iter().find(|other| other.kind == kind)?;
        Some(&found.part)
    }
}

/// The name that a reference from a folder means. It is looked up among the names of the archive
/// and nowhere else, so that one which leads out of it means nothing.
fn resolve(folder: &str, target: &str) -> String {
    let (folder, target) = match target.strip_prefix('/') {
        Some(target) => ("", target),
        None => (folder, target),
    };
    let mut segments: Vec<&str> = Vec::new();
    for segment in folder.split('/').chain(target.split('/')) {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    segments.join("/")
}
