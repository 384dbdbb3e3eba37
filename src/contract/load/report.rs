//! Faults and notes as people read them: each with its line and column.

use std::collections::HashMap;

use crate::contract::json::locate::{Place, Spot, place, places};
use crate::contract::load::walk::Finding;

/// So many are told; nobody mends more in one go.
const MAX_TOLD: usize = 200;

/// A fault or a note of a document, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer into the document.
    pub pointer: String,
    /// Line and column of that pointer in the text.
    pub place: Place,
    /// What is wrong and what to do.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { line, column } = self.place;
        let pointer = match self.pointer.is_empty() {
            true => String::new(),
            false => format!("{}: ", self.pointer),
        };
        write!(formatter, "{line}:{column}: {pointer}{}", self.message)
    }
}

/// One finding with its place.
pub(in crate::contract) fn locate(text: &str, finding: Finding) -> Fault {
    Fault {
        place: place(text, &finding.pointer),
        pointer: finding.pointer,
        message: finding.message,
    }
}

/// All findings with their places, in their order.
pub(in crate::contract) fn placed(text: &str, findings: Vec<Finding>) -> Vec<Fault> {
    let spots = findings.iter().map(|finding| Spot::Value(&finding.pointer));
    let spots: Vec<Spot<'_>> = spots.collect();
    let places = places(text, &spots);
    let fault = |(finding, place): (Finding, Place)| Fault {
        pointer: finding.pointer,
        place,
        message: finding.message,
    };
    findings.into_iter().zip(places).map(fault).collect()
}

/// Faults in the order of the text. One more says how many are not told.
pub(in crate::contract) fn located(text: &str, mut findings: Vec<Finding>) -> Vec<Fault> {
    let rest = findings.len().saturating_sub(MAX_TOLD);
    findings.truncate(MAX_TOLD);
    let mut faults = placed(text, findings);
    faults.sort_by_key(|fault| fault.place);
    if rest > 0 {
        faults.push(Fault {
            pointer: String::new(),
            place: place(text, ""),
            message: format!("{} more of this kind are not listed", grouped_digits(rest)),
        });
    }
    faults
}

/// Notes in the order of the text, one for each message: many schemas say the same in vain.
pub(in crate::contract) fn grouped(text: &str, findings: Vec<Finding>) -> Vec<Fault> {
    let mut groups: Vec<(Finding, usize)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for finding in findings {
        match known.get(&finding.message) {
            Some(index) => groups[*index].1 += 1,
            None => {
                known.insert(finding.message.clone(), groups.len());
                groups.push((finding, 1));
            }
        }
    }
    let say = |(finding, places): (Finding, usize)| match places {
        1 => finding,
        places => Finding {
            message: format!("{} ({} places)", finding.message, grouped_digits(places)),
            ..finding
        },
    };
    located(text, groups.into_iter().map(say).collect())
}

/// `1203` as `1,203`.
fn grouped_digits(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
