//! The table of rules against the document: none is forgotten.

use openmail_mock::api::coverage::{Coverage, Standing, standing_of};
use openmail_mock::domain::refusal::Rule;
use openmail_mock::record::coverage::Seen;

use crate::support::shared;

#[test]
fn every_rule_counts_with_an_operation_or_says_why_not() {
    let coverage = Coverage::of(&shared().api, &Seen::default());
    for rule in Rule::ALL {
        let listed = coverage.operations.iter().flat_map(|it| &it.rules.unseen);
        let is_listed = listed.into_iter().any(|it| it.rule == rule.words());
        match standing_of(*rule) {
            Standing::Exempt(why) => {
                assert!(
                    !is_listed && !why.is_empty(),
                    "{rule:?} is exempt, and listed"
                );
            }
            Standing::Documented | Standing::Only(_) => {
                assert!(
                    is_listed,
                    "{rule:?} counts with no operation: document its code, or exempt it"
                );
            }
        }
    }
}

#[test]
fn every_operation_that_a_rule_is_bound_to_has_it() {
    let coverage = Coverage::of(&shared().api, &Seen::default());
    for rule in Rule::ALL {
        let Standing::Only(names) = standing_of(*rule) else {
            continue;
        };
        for name in names {
            let operation = coverage.operations.iter().find(|it| it.operation == *name);
            let rules = &operation
                .unwrap_or_else(|| panic!("no {name}"))
                .rules
                .unseen;
            assert!(
                rules.iter().any(|it| it.rule == rule.words()),
                "{name} lacks {rule:?}"
            );
        }
    }
}

#[test]
fn no_two_rules_say_the_same() {
    let mut words: Vec<&str> = Rule::ALL.iter().map(|rule| rule.words()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Rule::ALL.len());
}

#[test]
fn an_answer_that_is_listed_can_be_brought_about() {
    let coverage = Coverage::of(&shared().api, &Seen::default());
    let answers = coverage.operations.iter().flat_map(|it| &it.answers.unseen);
    for code in answers.filter_map(|answer| answer.error.as_deref()) {
        assert!(
            ![
                "internal_error",
                "contract_breach",
                "unsafe_content",
                "inbox_has_no_pod"
            ]
            .contains(&code),
            "{code}"
        );
    }
}
