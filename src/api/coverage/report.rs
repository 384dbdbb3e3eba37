//! What a run covered, told: figures, and for each operation what was seen and what was not.

use serde::Serialize;

use super::{Plan, Section, is_failure};
use crate::api::Plane;
use crate::contract::{In, Operation, StatusKey};
use crate::domain::refusal::Rule;
use crate::record::coverage::Seen;

/// What a run covered of the API.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// All there is, each thing counted once.
    #[serde(flatten)]
    pub total: Share,
    /// The same by kind.
    pub kinds: Kinds,
    /// What every operation has alike.
    pub everywhere: Everywhere,
    /// All operations, in the order of the document.
    pub operations: Vec<Visited>,
}

/// How much of something was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Share {
    /// In per cent, rounded down to a tenth: 100 means all of it. What there is nothing of is
    /// covered.
    pub percent: f64,
    /// What was seen.
    pub seen: usize,
    /// What there is.
    pub all: usize,
}

/// Shares by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Kinds {
    /// Documented answers: a status, and its error code where it is a failure's.
    pub answers: Share,
    /// What requests may hold: parameters of the query, headers, and properties of bodies.
    pub requests: Share,
    /// What answers may hold that are no failures.
    pub responses: Share,
    /// Rules that refuse.
    pub rules: Share,
}

/// Failures and rules that all operations have; each counts once for all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Everywhere {
    /// The failures.
    pub answers: Sighted<Answered>,
    /// The rules.
    pub rules: Sighted<Struck>,
}

/// What of one operation was covered.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Visited {
    /// Its operationId.
    pub operation: String,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The document's summary of it; empty if there is none.
    pub summary: String,
    /// How often it was called, in exchanges that prove something.
    pub calls: u64,
    /// How much of it was seen, without what every operation has.
    #[serde(flatten)]
    pub share: Share,
    /// Its answers.
    pub answers: Sighted<Answered>,
    /// What requests may hold.
    pub request: Sighted<Given>,
    /// Properties of its answers, such as `data[].id`.
    pub response: Sighted<String>,
    /// Rules that it may be refused by.
    pub rules: Sighted<Struck>,
}

/// Things that were seen, and things that were not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sighted<T> {
    /// Those that were.
    pub seen: Vec<T>,
    /// Those that were not.
    pub unseen: Vec<T>,
}

/// A documented answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// The status as the document names it.
    pub status: String,
    /// The error code, where the document lists codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether every operation has it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub everywhere: bool,
}

/// Something that a request may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    /// Where it stands.
    #[serde(rename = "in")]
    pub place: In,
    /// Its name; that of a property of a body such as `attachments[].filename`.
    pub name: String,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Struck {
    /// The error code that it refuses with.
    pub error: &'static str,
    /// What it says.
    pub rule: &'static str,
    /// Whether every operation has it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub everywhere: bool,
}

impl<T> Default for Sighted<T> {
    fn default() -> Self {
        Self {
            seen: Vec::new(),
            unseen: Vec::new(),
        }
    }
}

impl<T> Sighted<T> {
    fn of(all: impl Iterator<Item = (T, bool)>) -> Self {
        let mut sighted = Self::default();
        for (one, is_seen) in all {
            match is_seen {
                true => sighted.seen.push(one),
                false => sighted.unseen.push(one),
            }
        }
        sighted
    }

    fn share(&self, counts: impl Fn(&T) -> bool) -> Share {
        let seen = self.seen.iter().filter(|one| counts(one)).count();
        let unseen = self.unseen.iter().filter(|one| counts(one)).count();
        Share::of(seen, seen + unseen)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len() + self.unseen.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Share {
    fn of(seen: usize, all: usize) -> Self {
        let tenths = (seen * 1_000).checked_div(all).unwrap_or(1_000);
        Self {
            percent: tenths as f64 / 10.0,
            seen,
            all,
        }
    }

    fn and(self, other: Self) -> Self {
        Self::of(self.seen + other.seen, self.all + other.all)
    }

    /// What was not seen.
    #[must_use]
    pub fn unseen(self) -> usize {
        self.all - self.seen
    }
}

impl Kinds {
    fn and(self, other: Self) -> Self {
        Self {
            answers: self.answers.and(other.answers),
            requests: self.requests.and(other.requests),
            responses: self.responses.and(other.responses),
            rules: self.rules.and(other.rules),
        }
    }

    fn total(self) -> Share {
        let Self {
            answers,
            requests,
            responses,
            rules,
        } = self;
        answers.and(requests).and(responses).and(rules)
    }
}

impl Coverage {
    /// What was seen of the API that the plane serves.
    #[must_use]
    pub fn of(plane: &Plane, seen: &Seen) -> Self {
        let nothing = Self {
            total: Share::of(0, 0),
            kinds: Kinds::default(),
            everywhere: Everywhere::default(),
            operations: Vec::new(),
        };
        let Some(plan) = plane.plan() else {
            return nothing;
        };
        let operations = plane.contract.operations.iter().zip(&plan.sections);
        let operations: Vec<Visited> = operations
            .enumerate()
            .map(|(index, (operation, section))| {
                section.visited(plan, operation, seen, seen.calls(index))
            })
            .collect();
        let everywhere = plan.everywhere(&operations);
        let once = Kinds {
            answers: everywhere.answers.share(|_| true),
            rules: everywhere.rules.share(|_| true),
            ..Kinds::default()
        };
        let kinds = operations.iter().map(Visited::kinds).fold(once, Kinds::and);
        Self {
            total: kinds.total(),
            kinds,
            everywhere,
            operations,
        }
    }

    /// Whether less was covered than so many per cent, as they are shown.
    #[must_use]
    pub fn is_under(&self, percent: f64) -> bool {
        self.total.percent < percent
    }
}

impl Visited {
    fn kinds(&self) -> Kinds {
        Kinds {
            answers: self.answers.share(|answer| !answer.everywhere),
            requests: self.request.share(|_| true),
            responses: self.response.share(|_| true),
            rules: self.rules.share(|rule| !rule.everywhere),
        }
    }
}

impl Plan {
    fn everywhere(&self, operations: &[Visited]) -> Everywhere {
        let answers = self.everywhere.iter().map(|(status, error)| {
            let answer = Answered {
                status: status.to_string(),
                error: error.clone(),
                everywhere: true,
            };
            let is_seen = operations
                .iter()
                .any(|it| it.answers.seen.contains(&answer));
            (answer, is_seen)
        });
        let rules = self.rules_everywhere.iter().map(|rule| {
            let rule = struck(*rule, true);
            let is_seen = operations.iter().any(|it| it.rules.seen.contains(&rule));
            (rule, is_seen)
        });
        Everywhere {
            answers: Sighted::of(answers),
            rules: Sighted::of(rules),
        }
    }

    fn is_everywhere(&self, status: StatusKey, error: Option<&str>) -> bool {
        let mut known = self.everywhere.iter();
        is_failure(status) && known.any(|(key, code)| *key == status && code.as_deref() == error)
    }
}

impl Section {
    fn visited(&self, plan: &Plan, operation: &Operation, seen: &Seen, calls: u64) -> Visited {
        let has = |first: usize, number: usize| seen.has(first * 64 + number);
        let answers = self.answers.iter().enumerate();
        let answers = answers.map(|(number, (status, error))| {
            let answer = Answered {
                status: status.to_string(),
                error: error.clone(),
                everywhere: plan.is_everywhere(*status, error.as_deref()),
            };
            (answer, has(self.first.answers, number))
        });
        let parameters = self.parameters.iter().enumerate();
        let parameters = parameters.map(|(number, (place, name))| {
            let given = Given {
                place: *place,
                name: name.clone(),
            };
            (given, has(self.first.parameters, number))
        });
        let properties = self.request.paths().into_iter().enumerate();
        let properties = properties.map(|(number, name)| {
            let place = In::Body;
            (Given { place, name }, has(self.first.request, number))
        });
        let response = self.response.paths().into_iter().enumerate();
        let response = response.map(|(number, path)| (path, has(self.first.response, number)));
        let rules = self.rules.iter().enumerate();
        let rules = rules.map(|(number, rule)| {
            let is_everywhere = plan.rules_everywhere.contains(rule);
            (struck(*rule, is_everywhere), has(self.first.rules, number))
        });
        let visited = Visited {
            operation: operation.id.clone(),
            method: operation.method.clone(),
            path: operation.template.clone(),
            summary: operation.summary.clone(),
            calls,
            share: Share::default(),
            answers: Sighted::of(answers),
            request: Sighted::of(parameters.chain(properties)),
            response: Sighted::of(response),
            rules: Sighted::of(rules),
        };
        Visited {
            share: visited.kinds().total(),
            ..visited
        }
    }
}

fn struck(rule: Rule, everywhere: bool) -> Struck {
    Struck {
        error: rule.code(),
        rule: rule.words(),
        everywhere,
    }
}
