//! What a policy says of one address, and what follows from that for mail.

use std::sync::Arc;

use super::audit::{Action, note};
use super::{Direction, Kind, Mode, chain, mode};
use crate::domain::ids::Id;
use crate::domain::inboxes::Inbox;
use crate::domain::keys::Scope;
use crate::domain::mail::{Mail, bare};
use crate::domain::refusal::Refusal;
use crate::domain::state::{State, Transaction};

/// A domain name has at most this many characters; what is longer is none, and no rule names it.
const MAX_DOMAIN: usize = 253;

/// Why an address may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// What is to be noted of it.
    pub action: Action,
    /// The rule that blocks it, if one does.
    pub rule: Option<Id>,
}

/// What the policies around an inbox say of somebody who writes to it, or to whom it writes; none
/// if they let the mail pass.
///
/// A block holds, wherever it stands. Of the modes the nearest holds that is not `inherit`, and an
/// allowlist is made of the allow rules from the inbox to the scope that began it. The rules that a
/// pod's key made count for the pod alone: whom they let pass, the account's allowlist still judges.
#[must_use]
pub fn judge(state: &State, scope: Scope, direction: Direction, address: &str) -> Option<Refused> {
    if state.policies.lets_all_pass() {
        return None;
    }
    let values = values_of(address);
    let named = |scope: Scope, kind: Kind| {
        let find = move |value: &Arc<str>| {
            let key = (scope, direction, kind, value.clone());
            state.policies.rules.get(*state.policies.values.get(&key)?)
        };
        values.iter().filter_map(find)
    };
    if let Some(rule) = chain(scope).find_map(|scope| named(scope, Kind::Block).next()) {
        return Some(Refused {
            action: Action::Blocked,
            rule: Some(rule.id),
        });
    }
    let mut is_let_in = false;
    for scope in chain(scope) {
        for rule in named(scope, Kind::Allow) {
            match rule.is_confined {
                true => is_let_in = true,
                false => return None,
            }
        }
        match mode(state, scope, direction) {
            Mode::Inherit => {}
            Mode::None => return None,
            Mode::Allowlist if is_let_in && scope != Scope::Account => {}
            Mode::Allowlist => {
                return Some(Refused {
                    action: Action::NotAllowed,
                    rule: None,
                });
            }
        }
    }
    None
}

/// The values by which a rule could name an address: itself, its domain, and `*.` and every domain
/// that its own is beneath.
fn values_of(address: &str) -> Vec<Arc<str>> {
    let address = address.to_lowercase();
    let Some((_, domain)) = address.rsplit_once('@') else {
        return vec![address.into()];
    };
    let mut values: Vec<Arc<str>> = Vec::new();
    if domain.len() <= MAX_DOMAIN {
        values.push(domain.into());
        let dots = domain.match_indices('.').map(|(at, _)| at);
        values.extend(dots.map(|at| Arc::from(format!("*{}", &domain[at..]))));
    }
    // The address first: of several rules the one is told that says most.
    values.insert(0, address.clone().into());
    values
}

/// Refuses a mail of whose recipients one may not be written to; where replies go counts as one.
///
/// # Errors
///
/// [`Refusal::RecipientNotPermitted`].
pub fn check_send(state: &State, inbox: &Inbox, mail: &Mail) -> Result<(), Refusal> {
    let scope = Scope::of_inbox(inbox);
    let all = mail.to.iter().chain(&mail.cc).chain(&mail.bcc);
    let mut all = all.chain(&mail.reply_to).map(|address| &**address);
    let refused = all.find_map(|address| {
        let refused = judge(state, scope, Direction::Outbound, address)?;
        Some((address, refused.rule))
    });
    match refused {
        Some((address, rule)) => Err(Refusal::RecipientNotPermitted {
            address: address.to_owned(),
            rule,
        }),
        None => Ok(()),
    }
}

/// Notes that a send was refused because of a recipient. The refusal itself leaves no trace, so
/// this is told afterwards; one that no policy brought about is none.
pub fn note_refused_send(tx: &mut Transaction<'_>, inbox: &Inbox, address: &str) {
    let scope = Scope::of_inbox(inbox);
    if let Some(refused) = judge(tx.state, scope, Direction::Outbound, address) {
        note(tx, inbox, Direction::Outbound, address, refused);
    }
}

/// Whether a mail comes into an inbox; if not, nothing but a note tells of it. Its From header
/// decides, not the envelope.
pub fn admit(tx: &mut Transaction<'_>, inbox: &Inbox, mail: &Mail) -> bool {
    let address = bare(&mail.from);
    let refused = judge(
        tx.state,
        Scope::of_inbox(inbox),
        Direction::Inbound,
        address,
    );
    match refused {
        None => true,
        Some(refused) => {
            note(tx, inbox, Direction::Inbound, address, refused);
            false
        }
    }
}
