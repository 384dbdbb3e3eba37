//! Why an answer was a refusal, in words that whoever refused had at hand.

use std::borrow::Cow;

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The rule, as a sentence.
    pub rule: Cow<'static, str>,
    /// What was so at that moment, and decided.
    pub facts: Vec<Fact>,
    /// What can be done about it.
    pub remedies: Vec<Cow<'static, str>>,
    /// By what the refusal was asked for, if it was not the rule that brought it about.
    pub asked_by: Option<Box<str>>,
}

/// Something that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub what: &'static str,
    /// How it was.
    pub value: Box<str>,
    /// The call that shows it.
    pub call: Option<Cow<'static, str>>,
}

impl Cause {
    /// What it holds in memory.
    pub(super) fn size(&self) -> usize {
        let owned = |text: &Cow<'static, str>| match text {
            Cow::Borrowed(_) => 0,
            Cow::Owned(text) => text.len(),
        };
        let facts = self
            .facts
            .iter()
            .map(|fact| size_of::<Fact>() + fact.value.len() + fact.call.as_ref().map_or(0, owned));
        let remedies = self.remedies.iter();
        let remedies = remedies.map(|remedy| size_of::<Cow<'static, str>>() + owned(remedy));
        size_of::<Self>()
            + owned(&self.rule)
            + facts.sum::<usize>()
            + remedies.sum::<usize>()
            + self.asked_by.as_ref().map_or(0, |text| text.len())
    }
}
