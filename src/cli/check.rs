//! `check`: documents are loaded, nothing is started.

use std::io::Write;
use std::path::PathBuf;

use super::fail;
use crate::contract::{Contract, Operation};
use crate::{api, load_document};

/// Checks documents and lists their operations; the exit code.
pub(super) fn run(files: &[PathBuf]) -> u8 {
    let mut code = 0;
    for path in files {
        match load_document(path) {
            Ok(contract) => {
                let table = table(&path.display().to_string(), &contract);
                let _ = std::io::stdout().write_all(table.as_bytes());
            }
            Err(error) => code = fail(&error),
        }
    }
    code
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
