//! `check`: documents and fixtures are loaded, nothing is started.

use std::io::Write;
use std::path::Path;

use crate::contract::{Contract, Operation, Tape};
use crate::domain::clock::real_now;
use crate::domain::state::State;
use crate::fixtures::{self, Fixture};
use crate::{StartError, api, load_document};

/// Checks documents and fixtures, and says what they hold; the exit code. A fixture is good if it
/// is so alone, or over those before it, as `--fixtures` would load them.
pub(super) fn run(names: &[String]) -> u8 {
    let mut before = Vec::new();
    let mut code = 0;
    for name in names {
        let checked = match kind_of(Path::new(name)) {
            Kind::Document => document(Path::new(name)),
            Kind::Schema => Ok(format!("{name}: a JSON Schema, which is not checked\n")),
            Kind::Fixture => fixture(name, &mut before),
        };
        match checked {
            Ok(told) => {
                let _ = std::io::stdout().write_all(told.as_bytes());
            }
            Err(error) => {
                // As compilers tell it, so that editors find the place.
                let _ = writeln!(std::io::stderr(), "{error}");
                code = error.exit_code();
            }
        }
    }
    code
}

/// What a file is, or means to be.
enum Kind {
    Document,
    /// `init` writes one beside its fixture.
    Schema,
    Fixture,
}

fn kind_of(path: &Path) -> Kind {
    const MARKS: [&str; 2] = ["openapi", "swagger"];
    let Ok(text) = std::fs::read(path) else {
        return Kind::Fixture;
    };
    let is_document = match Tape::read_trusted(&text) {
        Ok((tape, _)) if fixtures::is_schema(tape.root()) => return Kind::Schema,
        Ok((tape, _)) => MARKS.iter().any(|mark| tape.root().get(mark).is_some()),
        Err(_) => {
            let text = String::from_utf8_lossy(&text);
            MARKS.iter().any(|mark| text.contains(mark))
        }
    };
    match is_document {
        true => Kind::Document,
        false => Kind::Fixture,
    }
}

fn document(path: &Path) -> Result<String, StartError> {
    let contract = load_document(path)?;
    Ok(table(&path.display().to_string(), &contract))
}

fn fixture(name: &str, before: &mut Vec<Fixture>) -> Result<String, StartError> {
    let begun = |clock| State::empty(clock, real_now(), 0);
    let laid = |fixtures: &[Fixture]| fixtures::seed(fixtures, None, 0, begun);
    before.push(Fixture::from(name));
    let (alone, over) = (laid(&before[before.len() - 1..]), laid(before));
    if over.is_err() {
        before.pop();
    }
    match (alone, over) {
        (Ok(alone), Ok(_)) => Ok(format!("{name}: a fixture with {}\n", holdings(&alone))),
        (Ok(alone), Err(_)) => Ok(format!(
            "{name}: a fixture with {}, but not one over those before it\n",
            holdings(&alone)
        )),
        (Err(_), Ok(over)) => Ok(format!(
            "{name}: a fixture over those before it, together {}\n",
            holdings(&over)
        )),
        (Err(broken), Err(_)) => Err(StartError::Fixtures(broken)),
    }
}

fn holdings(state: &State) -> String {
    let (pods, inboxes, domains) = (state.pods.len(), state.inboxes.len(), state.domains.len());
    let counted = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    format!(
        "{}, {} and {}",
        counted(pods, "pod", "pods"),
        counted(inboxes, "inbox", "inboxes"),
        counted(domains, "domain", "domains")
    )
}

/// The operations of a document, and what it says without effect.
fn table(name: &str, contract: &Contract) -> String {
    let count = contract.operations.len();
    let (title, version) = (&contract.title, &contract.version);
    let operations = if count == 1 {
        "operation"
    } else {
        "operations"
    };
    let mut text = format!("{name}: {title} {version}, {count} {operations}\n\n");
    let width = |part: fn(&Operation) -> &str, least: usize| {
        let widths = contract
            .operations
            .iter()
            .map(|op| part(op).chars().count());
        widths.max().unwrap_or(0).max(least)
    };
    let (ids, paths) = (width(|op| &op.id, 9), width(|op| &op.template, 4));
    let mut row = |id: &str, method: &str, path: &str, behaviour: &str, answers: &str| {
        text.push_str(&format!(
            "{id:ids$}  {method:7} {path:paths$}  {behaviour:11}  {answers}\n"
        ));
    };
    row("OPERATION", "METHOD", "PATH", "BEHAVIOUR", "ANSWERS");
    let behaviours = api::behaviours(contract);
    for (operation, behaviour) in contract.operations.iter().zip(behaviours) {
        let behaviour = match behaviour {
            Some(_) => "built in",
            None => "synthesised",
        };
        let answers = operation
            .answers
            .iter()
            .map(|answer| answer.status.to_string());
        let answers: Vec<String> = answers.collect();
        let (id, method, path) = (&operation.id, &operation.method, &operation.template);
        row(id, method, path, behaviour, &answers.join(" "));
    }
    if !contract.notes.is_empty() {
        text.push_str("\nWhat this document says without effect:\n");
    }
    for note in &contract.notes {
        text.push_str(&format!("{name}:{note}\n"));
    }
    text
}
