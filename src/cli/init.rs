//! `init`: a starter fixture beside the JSON Schema of fixtures.

use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::fixtures;

const STARTER: &str = include_str!("starter.json");

/// Writes both files into a folder, which is made if it is not there; the exit code. A fixture
/// that is there stays: it is the user's. The schema is ours, and a newer one takes its place.
pub(super) fn run(folder: &Path) -> u8 {
    match write_into(folder) {
        Ok(told) => {
            let _ = std::io::stdout().write_all(told.as_bytes());
            0
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "openmail-mock: {why}");
            1
        }
    }
}

fn write_into(folder: &Path) -> Result<String, String> {
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let (fixture, schema) = (folder.join("fixture.json"), folder.join("schema.json"));
    let text = format!("{:#}\n", fixtures::json_schema());
    match std::fs::read_to_string(&schema) {
        Ok(known) if !is_ours(&known) => {
            return Err(format!(
                "{} is there and is no schema of fixtures; name another folder: `openmail-mock init DIR`",
                schema.display()
            ));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&schema, error)),
        Ok(_) | Err(_) => {}
    }
    let written = match std::fs::File::create_new(&fixture) {
        Ok(mut file) => {
            file.write_all(STARTER.as_bytes())
                .map_err(|error| failed(&fixture, error))?;
            "wrote"
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => "kept ",
        Err(error) => return Err(failed(&fixture, error)),
    };
    std::fs::write(&schema, text).map_err(|error| failed(&schema, error))?;
    let (fixture, schema) = (fixture.display(), schema.display());
    Ok(format!(
        "{written} {fixture}\nwrote {schema}\nnext: openmail-mock --fixtures {fixture}\n"
    ))
}

/// Whether a file is an earlier writing of the schema.
fn is_ours(text: &str) -> bool {
    let title = fixtures::json_schema();
    let known: Option<serde_json::Value> = serde_json::from_str(text).ok();
    known.is_some_and(|known| known.get("title") == title.get("title"))
}
