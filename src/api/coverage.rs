//! What an exchange covers of the API: which documented answer it had, what its request and its
//! answer held, and which rule refused.
//!
//! What there is to be covered is listed once, from the document, from the table of rows and from
//! that of rules. An exchange looks only for what its world has not seen yet.

mod reach;
mod report;
mod told;

use super::reply::Reply;
use super::spine::{Entry, Trail};
use super::{Plane, Row, Shared};
use crate::app::DEFAULT_WORLD;
use crate::contract::{Checked, Contract, In, Item, Operation, Outline, StatusKey, Tape, cookie};
use crate::domain::refusal::Rule;
use crate::record::coverage::{Extent, Sheet};
use hyper::HeaderMap;
pub use reach::{Standing, standing_of};
use reach::{can_answer, rules_of, standing};
pub use report::{Answered, Coverage, Everywhere, Given, Share, Sighted, Struck, Visited};

/// All that there is to be covered, numbered.
pub(super) struct Plan {
    sections: Vec<Section>,
    extent: Extent,
    /// Failures that every operation has: they count once for all of them.
    everywhere: Vec<(StatusKey, Option<String>)>,
    /// Rules, likewise.
    rules_everywhere: Vec<Rule>,
}

/// What there is of one operation. Each list begins with a word of its own.
struct Section {
    answers: Vec<(StatusKey, Option<String>)>,
    /// Parameters, those of the path aside: nobody calls without them.
    parameters: Vec<(In, String)>,
    request: Outline,
    response: Outline,
    rules: Vec<Rule>,
    first: First,
    /// All bits of parameters and request, and of the response.
    whole_request: Vec<u64>,
    whole_response: Vec<u64>,
}

/// The first word of each list.
struct First {
    answers: usize,
    parameters: usize,
    request: usize,
    response: usize,
    rules: usize,
    end: usize,
}

fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}

/// So many bits, all set.
fn full(bits: usize) -> impl Iterator<Item = u64> {
    let word = move |index: usize| match bits - index * 64 {
        rest @ 0..64 => (1 << rest) - 1,
        _ => u64::MAX,
    };
    (0..words(bits)).map(word)
}

impl Plan {
    pub fn new(contract: &Contract, rows: &[Option<&'static Row>]) -> Self {
        let mut end = 0;
        let operations = contract.operations.iter().zip(rows);
        let sections: Vec<Section> = operations
            .map(|(operation, row)| {
                let section = Section::new(contract, operation, *row, end);
                end = section.first.end;
                section
            })
            .collect();
        let has_others = sections.len() > 1;
        let first = sections.first().filter(|_| has_others);
        let failures = first.iter().flat_map(|section| &section.answers);
        let everywhere = failures.filter(|(status, _)| is_failure(*status));
        let everywhere =
            everywhere.filter(|answer| sections.iter().all(|it| it.answers.contains(answer)));
        let rules = first.iter().flat_map(|section| &section.rules);
        let rules = rules.filter(|rule| sections.iter().all(|it| it.rules.contains(rule)));
        Self {
            everywhere: everywhere.cloned().collect(),
            rules_everywhere: rules.copied().collect(),
            extent: Extent {
                words: end,
                operations: sections.len(),
            },
            sections,
        }
    }
}

fn is_failure(status: StatusKey) -> bool {
    match status {
        StatusKey::Code(code) => code >= 400,
        StatusKey::Range(hundred) => hundred >= 4,
        StatusKey::Default => true,
    }
}

impl Section {
    fn new(
        contract: &Contract,
        operation: &Operation,
        row: Option<&'static Row>,
        start: usize,
    ) -> Self {
        let codes = operation.answers.iter().flat_map(|answer| {
            let bare = answer.errors.is_empty().then_some((answer.status, None));
            let coded = answer.errors.iter();
            bare.into_iter()
                .chain(coded.map(|code| (answer.status, Some(code.clone()))))
        });
        let answers: Vec<_> = codes
            .filter(|(status, code)| can_answer(operation, row, *status, code.as_deref()))
            .collect();
        let parameters = operation.parameters.iter();
        let parameters = parameters.filter(|parameter| parameter.place != In::Path);
        let parameters: Vec<_> = parameters
            .map(|parameter| (parameter.place, parameter.name.clone()))
            .collect();
        let request = contract.request_outline(operation);
        // What is made up from a schema proves nothing about the behaviour that it stands in for.
        let response = match row {
            Some(_) => contract.answer_outline(operation),
            None => Outline::default(),
        };
        let rules = row.map_or_else(Vec::new, |_| rules_of(operation));
        let first_parameters = start + words(answers.len());
        let first_request = first_parameters + words(parameters.len());
        let first_response = first_request + words(request.len());
        let first_rules = first_response + words(response.len());
        Self {
            first: First {
                answers: start,
                parameters: first_parameters,
                request: first_request,
                response: first_response,
                rules: first_rules,
                end: first_rules + words(rules.len()),
            },
            whole_request: full(parameters.len()).chain(full(request.len())).collect(),
            whole_response: full(response.len()).collect(),
            answers,
            parameters,
            request,
            response,
            rules,
        }
    }

    /// The number of the documented answer that this one is.
    fn answer(&self, operation: &Operation, status: u16, error: Option<&str>) -> Option<usize> {
        let key = operation.answer(status)?.status;
        let is_it = |(known, code): &(StatusKey, Option<String>)| {
            *known == key && (code.is_none() || code.as_deref() == error)
        };
        self.answers.iter().position(is_it)
    }
}

/// What an exchange covers, gathered on its way.
#[derive(Default)]
pub(super) struct Exercise {
    /// Words from that of the parameters on; none if the world has seen it all.
    request: Vec<u64>,
    /// Words from that of the response on, likewise.
    response: Vec<u64>,
    /// The rule that refused.
    pub rule: Option<Rule>,
}

impl Exercise {
    /// What a request that keeps the contract holds and its world has not seen.
    pub fn see_request(
        &mut self,
        plane: &Plane,
        index: usize,
        sheet: &Sheet,
        input: &Checked<'_>,
        headers: &HeaderMap,
    ) {
        self.request.clear();
        let Some(Section {
            parameters,
            request,
            first,
            whole_request,
            ..
        }) = plane.section(index)
        else {
            return;
        };
        if sheet.is_seen(first.parameters, whole_request) {
            return;
        }
        let unseen = sheet.unseen(first.parameters..first.response);
        let mut left = unseen.clone();
        for (number, (place, name)) in parameters.iter().enumerate() {
            let is_given = match place {
                In::Query => input.is_given(name),
                In::Header => headers.contains_key(name),
                In::Cookie => cookie(headers, name).is_some(),
                In::Path | In::Body | In::Status => false,
            };
            if is_given {
                left[number / 64] &= !(1 << (number % 64));
            }
        }
        if let Some(body) = &input.body {
            let left = &mut left[words(parameters.len())..];
            request.mark(body.root(), |_| true, left);
        }
        self.request = taken(unseen, &left);
    }
}

impl Trail {
    /// What an answer that is no failure holds and its world has not seen: a value, and not only
    /// its place.
    pub fn see_answer(&mut self, plane: &Plane, index: usize, status: u16, body: Option<Tape<'_>>) {
        self.exercise.response.clear();
        let (Some(section), Some(caller), Some(body)) = (plane.section(index), &self.caller, body)
        else {
            return;
        };
        if status >= 400 {
            return;
        }
        let Section {
            response,
            first,
            whole_response,
            ..
        } = section;
        let sheet = &caller.world().sheet;
        if sheet.is_seen(first.response, whole_response) {
            return;
        }
        let unseen = sheet.unseen(first.response..first.rules);
        let mut left = unseen.clone();
        let is_value = |item: Item<'_>| !item.is_null();
        response.mark(body.root(), is_value, &mut left);
        self.exercise.response = taken(unseen, &left);
    }
}

/// The bits of the first words that the second ones lack; nothing if that is none.
fn taken(mut before: Vec<u64>, after: &[u64]) -> Vec<u64> {
    let pairs = before.iter_mut().zip(after);
    pairs.for_each(|(before, after)| *before &= !after);
    match before.iter().all(|word| *word == 0) {
        true => Vec::new(),
        false => before,
    }
}

/// Notes what an exchange covered. One that was made to go as it went covers nothing, and neither
/// does one that met a defect.
pub(super) fn note(shared: &Shared, plane: &Plane, trail: &Trail, reply: &Reply) {
    let Some(index) = trail.operation else {
        return;
    };
    let Some(plan) = plane.plan() else {
        return;
    };
    let facts = &trail.facts;
    let is_provoked = facts.cause.as_ref().is_some_and(|it| it.asked_by.is_some());
    if is_provoked || facts.forced.is_some() || facts.breach || trail.defect.is_some() {
        return;
    }
    let rule = trail.exercise.rule;
    // What no operation counts is the mock's own word.
    if rule.is_some_and(|rule| matches!(standing(rule), Standing::Exempt(_))) {
        return;
    }
    let opened = trail.caller.as_ref().map(|caller| caller.world().clone());
    let Some(world) = opened.or_else(|| shared.app.open(DEFAULT_WORLD).ok()) else {
        return;
    };
    let (section, sheet) = (&plan.sections[index], &world.sheet);
    let (exercise, extent) = (&trail.exercise, plan.extent);
    let mark = |first: usize, number: usize| {
        sheet.set(extent, first + number / 64, &[1 << (number % 64)]);
    };
    sheet.count(extent, index);
    sheet.set(extent, section.first.parameters, &exercise.request);
    sheet.set(extent, section.first.response, &exercise.response);
    let operation = &plane.contract.operations[index];
    let error = trail.facts.error.as_deref();
    if !trail.facts.undocumented
        && let Some(number) = section.answer(operation, reply.status.as_u16(), error)
    {
        mark(section.first.answers, number);
    }
    let struck = rule.and_then(|rule| section.rules.iter().position(|known| *known == rule));
    if let Some(number) = struck {
        mark(section.first.rules, number);
    }
}

impl Plane {
    /// What there is to be covered; of a guarded plane nothing is.
    fn plan(&self) -> Option<&Plan> {
        let is_covered = matches!(self.entry, Entry::Key);
        is_covered.then(|| {
            self.plan
                .get_or_init(|| Plan::new(&self.contract, &self.rows))
        })
    }

    fn section(&self, index: usize) -> Option<&Section> {
        self.plan().map(|plan| &plan.sections[index])
    }
}
