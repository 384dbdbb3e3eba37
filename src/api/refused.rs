//! Requests that break the contract, as failures. Under `--strict`, violations that would be none
//! without it say so.

use super::Plane;
use super::failures::Failure;
use super::spine::Entry;
use crate::contract::{Contract, Incoming, Operation, Refused, Violation};
use crate::record::journal::Facts;

/// The failure that tells what a request broke.
pub(super) fn refuse(
    plane: &Plane,
    operation: &Operation,
    incoming: Incoming<'_>,
    refused: Refused,
    facts: &mut Facts,
) -> Failure {
    facts.invalid = true;
    let refused = match plane.entry {
        Entry::Key if plane.strict => {
            name_strictness(&plane.contract, operation, incoming, refused)
        }
        Entry::Key | Entry::Guarded(_) => refused,
    };
    match refused {
        Refused::UnsupportedMediaType(message) => Failure::unsupported_media_type(message),
        Refused::Violations(violations) => Failure::violated(violations),
    }
}

/// Adds to each violation that only a strict reading finds, which option asked for that.
fn name_strictness(
    contract: &Contract,
    operation: &Operation,
    incoming: Incoming<'_>,
    refused: Refused,
) -> Refused {
    let Refused::Violations(mut violations) = refused else {
        return refused;
    };
    let lenient = Incoming {
        strict: false,
        ..incoming
    };
    let anyway = match contract.check_request(operation, lenient) {
        Err(Refused::Violations(anyway)) => anyway,
        Err(Refused::UnsupportedMediaType(_)) | Ok(_) => Vec::new(),
    };
    for violation in &mut violations {
        let is_same =
            |other: &Violation| other.pointer == violation.pointer && other.rule == violation.rule;
        if violation.rule != "more" && !anyway.iter().any(is_same) {
            let hint = violation.hint.take().map(|hint| format!("{hint}; "));
            let hint = hint.unwrap_or_default();
            violation.hint = Some(format!("{hint}without `--strict` it would be ignored"));
        }
    }
    Refused::Violations(violations)
}
