//! `check`: documents and fixtures are loaded, nothing is started.

use std::io::Write;
use std::path::Path;

use crate::contract::{Contract, Operation, Tape};
use crate::domain::clock::{Clock, real_now};
use crate::domain::ids::Source;
use crate::domain::state::{State, Transaction};
use crate::fixtures::{self, Fixture};
use crate::{StartError, api, load_document};

/// Checks documents and fixtures, and says what they hold; the exit code. A fixture is good if it
/// is so alone, or over those before it, as `--fixtures` would load them.
pub(super) fn run(names: &[String]) -> u8 {
    let real = real_now();
    let empty = State::empty(Clock::Real { ahead: 0 }, real, 0);
    let mut before = empty.clone();
    let mut code = 0;
    for name in names {
        let checked = match is_document(Path::new(name)) {
            true => document(Path::new(name)),
            false => fixture(name, &empty, &mut before),
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

/// Whether a file is an OpenAPI document, or means to be one.
fn is_document(path: &Path) -> bool {
    const MARKS: [&str; 2] = ["openapi", "swagger"];
    let Ok(text) = std::fs::read(path) else {
        return false;
    };
    match Tape::read_trusted(&text) {
        Ok((tape, _)) => MARKS.iter().any(|mark| tape.root().get(mark).is_some()),
        Err(_) => {
            let text = String::from_utf8_lossy(&text);
            MARKS.iter().any(|mark| text.contains(mark))
        }
    }
}

fn document(path: &Path) -> Result<String, StartError> {
    let contract = load_document(path)?;
    Ok(table(&path.display().to_string(), &contract))
}

fn fixture(name: &str, empty: &State, before: &mut State) -> Result<String, StartError> {
    let fixture = Fixture::from(name);
    let laid = |base: &State| {
        let mut state = base.clone();
        let loaded = fixtures::load(
            &fixture,
            None,
            &mut Transaction {
                now: state.clock.reading(real_now()),
                state: &mut state,
                source: Source { seed: 0, world: "" },
            },
        );
        loaded.map(|_| state)
    };
    let (alone, over) = (laid(empty), laid(before));
    let told = match (alone, &over) {
        (Ok(alone), _) => format!("{name}: a fixture with {}\n", holdings(&alone)),
        (Err(_), Ok(over)) => format!(
            "{name}: a fixture over those before it, together {}\n",
            holdings(over)
        ),
        (Err(broken), Err(_)) => return Err(StartError::Fixtures(vec![broken])),
    };
    if let Ok(over) = over {
        *before = over;
    }
    Ok(told)
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
