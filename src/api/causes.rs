//! Refusals as the journal explains them: rule, facts with the calls that show them, and remedies.

use std::borrow::Cow;

use crate::domain::refusal::reasons::{Reason, Seen};
use crate::domain::refusal::remedies::Remedy;
use crate::domain::refusal::{Refusal, Resource};
use crate::record::cause::{Cause, Fact};

/// Why a rule refused.
pub(super) fn cause_of(refusal: &Refusal) -> Cause {
    Cause {
        rule: Cow::Borrowed(refusal.rule_in_words()),
        facts: refusal.reasons().into_iter().map(fact).collect(),
        remedies: refusal.remedies().into_iter().map(remedy).collect(),
        asked_by: None,
    }
}

fn fact(reason: Reason) -> Fact {
    Fact {
        what: reason.what,
        value: reason.value.into(),
        call: call(reason.seen),
    }
}

/// The call that shows something.
fn call(seen: Seen) -> Option<Cow<'static, str>> {
    Some(match seen {
        Seen::Request => return None,
        Seen::Part(part) => Cow::Owned(format!("GET /_mock/state, `{part}`")),
        Seen::Row(what, id) => match what {
            Resource::Pod => Cow::Owned(format!("GET /v1/pods/{id}")),
            Resource::Inbox => Cow::Owned(format!("GET /v1/inboxes/{id}")),
            Resource::Domain => Cow::Owned(format!("GET /v1/domains/{id}")),
            Resource::Thread => Cow::Owned(format!("GET /v1/threads/{id}/messages")),
            Resource::Message
            | Resource::Attachment
            | Resource::Key
            | Resource::Suppression
            | Resource::Event
            | Resource::Delivery
            | Resource::Rule
            | Resource::AuditEntry => Cow::Borrowed(list(what)),
        },
        Seen::List(what) => Cow::Borrowed(list(what)),
        Seen::InboxesOf(pod) => Cow::Owned(format!("GET /v1/inboxes?podId={pod}")),
    })
}

/// The call that lists what there is of a kind.
fn list(what: Resource) -> &'static str {
    match what {
        Resource::Pod => "GET /v1/pods",
        Resource::Inbox => "GET /v1/inboxes",
        Resource::Domain => "GET /v1/domains",
        Resource::Message | Resource::Attachment => "GET /v1/inboxes/{id}/messages",
        Resource::Thread => "GET /v1/inboxes/{id}/threads",
        Resource::Key => "GET /_mock/state, `keys`",
        Resource::Suppression => "GET /_mock/state, `suppressions`",
        Resource::Event | Resource::Delivery => "GET /_mock/deliveries",
        Resource::Rule => "GET /v1/policy",
        Resource::AuditEntry => "GET /v1/policy/audit",
    }
}

fn remedy(remedy: Remedy) -> Cow<'static, str> {
    match remedy {
        Remedy::Do(what) => what,
        Remedy::Lay(fragment) => Cow::Owned(format!(
            "in a test, change the world's state: PATCH /_mock/state {fragment}"
        )),
        Remedy::Wait(seconds) => Cow::Owned(format!(
            "in a test, let time pass: POST /_mock/clock {{\"by\": \"{seconds}s\"}}"
        )),
    }
}
