//! What was not covered, in words for a terminal.

use super::report::{Answered, Coverage, Given, Share, Struck, Visited};
use crate::contract::In;

/// Of an operation, so much is named in one line.
const NAMED: usize = 6;
/// So many operations have a line.
const LINES: usize = 8;

impl Coverage {
    /// The operations, those first of which most was not seen.
    #[must_use]
    pub fn least_first(&self) -> Vec<&Visited> {
        let mut operations: Vec<&Visited> = self.operations.iter().collect();
        operations.sort_by_key(|operation| std::cmp::Reverse(operation.share.unseen()));
        operations
    }

    /// What was not covered, in the few lines that help most.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let (called, idle): (Vec<&Visited>, Vec<&Visited>) = self
            .least_first()
            .into_iter()
            .filter(|operation| operation.share.unseen() > 0)
            .partition(|operation| operation.calls > 0);
        if !idle.is_empty() {
            let names = idle.iter().map(|operation| operation.operation.clone());
            let names = named(names.collect(), 2 * NAMED);
            lines.push(format!(
                "{} of {} operations were never called: {names}",
                idle.len(),
                self.operations.len()
            ));
        }
        for operation in called.iter().take(LINES) {
            let Share { seen, all, .. } = operation.share;
            let unseen = named(operation.unseen(), NAMED);
            let name = &operation.operation;
            lines.push(format!("{name}: {seen} of {all} seen; not {unseen}"));
        }
        if let Some(rest) = called.len().checked_sub(LINES + 1) {
            lines.push(format!(
                "{} further operations were called and lack something",
                rest + 1
            ));
        }
        lines
    }
}

/// The first of these names, and how many more there are.
fn named(mut names: Vec<String>, most: usize) -> String {
    let rest = names.len().saturating_sub(most);
    names.truncate(most);
    let names = names.join(", ");
    match rest {
        0 => names,
        rest => format!("{names} and {rest} more"),
    }
}

impl Visited {
    /// What counts and was not seen, in words: answers first, which stand for rules too.
    #[must_use]
    pub fn unseen(&self) -> Vec<String> {
        let answers = self.answers.unseen.iter().filter(|it| !it.everywhere);
        let answers = answers.map(Answered::words);
        let of_answers = |rule: &&Struck| {
            let mut answers = self.answers.unseen.iter();
            rule.everywhere || answers.any(|answer| answer.error.as_deref() == Some(rule.error))
        };
        let rules = self.rules.unseen.iter().filter(|rule| !of_answers(rule));
        let rules = rules.map(|rule| format!("{} ({})", rule.error, rule.rule));
        let request = self.request.unseen.iter().map(Given::words);
        let response = self.response.unseen.iter();
        let response = response.map(|path| format!("answer.{path}"));
        answers
            .chain(rules)
            .chain(request)
            .chain(response)
            .collect()
    }
}

impl Answered {
    /// Status and code.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.error {
            Some(error) => format!("{} {error}", self.status),
            None => self.status.clone(),
        }
    }
}

impl Given {
    /// Place and name.
    #[must_use]
    pub fn words(&self) -> String {
        match self.place {
            In::Body => format!("body.{}", self.name),
            In::Query => format!("?{}", self.name),
            In::Header => format!("header {}", self.name),
            In::Cookie => format!("cookie {}", self.name),
            In::Path | In::Status => self.name.clone(),
        }
    }
}
