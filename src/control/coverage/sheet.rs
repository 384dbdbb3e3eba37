//! The page of coverage: the figure, where most is missing, and each operation to unfold.

use maud::{Markup, html};

use crate::api::coverage::{Answered, Coverage, Share, Sighted, Visited};

/// The page's body. `least` is the figure that was asked for and not reached.
pub(super) fn sheet(
    coverage: &Coverage,
    title: &str,
    world: Option<&str>,
    least: Option<f64>,
) -> Markup {
    let operations = coverage.least_first();
    let (called, idle): (Vec<&Visited>, Vec<&Visited>) = operations
        .into_iter()
        .partition(|operation| operation.calls > 0);
    let (whole, partial): (Vec<&Visited>, Vec<&Visited>) = called
        .into_iter()
        .partition(|operation| operation.share.unseen() == 0);
    html! {
        header.top {
            strong { "openmail-mock" }
            span { "coverage of " (title) }
        }
        main {
            (figure(coverage, world, least))
            (everywhere(coverage))
            (group("Called, and not all of it seen", &partial, true))
            (group("Never called", &idle, false))
            (group("All seen", &whole, false))
            p.note.soft {
                "Counted are documented answers, what requests and answers may hold, and the rules that refuse: each thing once, \
                 however often it was seen. What a fault, a " code { "Prefer" } " or a recipient at "
                code { "fail.test" } " brought about proves nothing and is not counted; errors of the mock itself are left out."
            }
        }
    }
}

fn figure(coverage: &Coverage, world: Option<&str>, least: Option<f64>) -> Markup {
    let Share { percent, seen, all } = coverage.total;
    let kinds = coverage.kinds;
    let called = coverage.operations.iter().filter(|it| it.calls > 0).count();
    html! {
        section.figure.card {
            div.headline {
                h1 { span.percent { (percent) } span.unit { " %" } }
                div {
                    p { strong { (seen) " of " (all) } " things of the API were seen, in "
                        (called) " of " (coverage.operations.len()) " operations." }
                    p.soft {
                        @match world {
                            Some(world) => { "In the world " code { (world) } "; " a href="?format=html" { "all worlds" } "." }
                            None => "In all worlds of this process, those included that were dropped.",
                        }
                    }
                    @if let Some(least) = least {
                        p { span.tag.bad { "below " (least) " %" } " This is less than was asked for." }
                    }
                }
            }
            div.kinds {
                (kind("Answers", kinds.answers))
                (kind("In requests", kinds.requests))
                (kind("In answers", kinds.responses))
                (kind("Rules", kinds.rules))
            }
        }
    }
}

fn kind(name: &str, share: Share) -> Markup {
    html! {
        div {
            div.row { span { (name) } span.number { (share.percent) " %" } }
            (bar(share))
            div.faint.number { (share.seen) " of " (share.all) }
        }
    }
}

/// Widths come from a style of our own making: numbers, and nothing else.
fn bar(share: Share) -> Markup {
    html! {
        div.bar role="img" aria-label=(format!("{} %", share.percent)) {
            span.is-whole[share.unseen() == 0] style=(format!("width:{}%", share.percent)) {}
        }
    }
}

fn everywhere(coverage: &Coverage) -> Markup {
    let answers = &coverage.everywhere.answers;
    html! {
        @if !answers.is_empty() {
            section {
                h2 { "Failures that every operation has" }
                p.soft { "Each counts once: one operation that shows it will do." }
                (answers_of(answers, |_| true))
            }
        }
    }
}

fn group(name: &str, operations: &[&Visited], is_open: bool) -> Markup {
    html! {
        @if !operations.is_empty() {
            section {
                h2 { (name) " " span.faint { (operations.len()) } }
                div.card.list {
                    @for (index, operation) in operations.iter().enumerate() {
                        (visited(operation, is_open && index == 0))
                    }
                }
            }
        }
    }
}

fn visited(operation: &Visited, is_open: bool) -> Markup {
    let Visited {
        share, response, ..
    } = operation;
    let calls = match operation.calls {
        0 => "never called".to_owned(),
        1 => "1 call".to_owned(),
        calls => format!("{calls} calls"),
    };
    html! {
        details open[is_open] {
            summary {
                span.name { strong { (operation.operation) } " " span.faint.mono { (operation.method) " " (operation.path) } }
                span.missing { @if share.unseen() > 0 { (share.unseen()) " missing" } @else { "all seen" } }
                (bar(*share))
                span.number.soft { (share.percent) " %" }
            }
            div.inside {
                p.soft { @if !operation.summary.is_empty() { (operation.summary) " · " } (calls) }
                @if !operation.answers.is_empty() {
                    h3 { "Answers" }
                    (answers_of(&operation.answers, |answer| !answer.everywhere))
                }
                @if !operation.rules.is_empty() {
                    h3 { "Rules" }
                    ul.rules {
                        @for rule in operation.rules.unseen.iter().filter(|it| !it.everywhere) {
                            li.unseen { (rule.rule) " " code.faint { (rule.error) } }
                        }
                        @for rule in operation.rules.seen.iter().filter(|it| !it.everywhere) {
                            li.seen { (rule.rule) " " code.faint { (rule.error) } }
                        }
                    }
                }
                @if !operation.request.is_empty() {
                    h3 { "In requests" }
                    p.things {
                        @for given in &operation.request.unseen { span.tag.bad title="not seen" { (given.words()) } " " }
                        @for given in &operation.request.seen { span.tag.good title="seen" { (given.words()) } " " }
                    }
                }
                @if !response.is_empty() {
                    h3 { "In answers" }
                    p.things {
                        @for path in &response.unseen { span.tag.bad title="not seen" { (path) } " " }
                        @for path in &response.seen { span.tag.good title="seen" { (path) } " " }
                    }
                }
            }
        }
    }
}

fn answers_of(answers: &Sighted<Answered>, counts: fn(&Answered) -> bool) -> Markup {
    html! {
        p.things {
            @for answer in answers.unseen.iter().filter(|it| counts(it)) {
                span.tag.bad title="not seen" { (answer.words()) } " "
            }
            @for answer in answers.seen.iter().filter(|it| counts(it)) {
                span.tag.good title="seen" { (answer.words()) } " "
            }
        }
    }
}
