//! What stands in the way of a send, in the order in which it is looked for. That order is a part
//! of the behaviour: of several reasons a client sees the first. Each step gives way to whoever asks
//! for its error before it looks for a reason.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::account::Plan;
use super::super::clock::Timestamp;
use super::super::inboxes::{self, Inbox};
use super::super::keys::Scope;
use super::super::mail::{Direction, Mail, bare};
use super::super::refusal::Refusal;
use super::super::state::State;
use super::super::{limits, messages, policy, reputation, suppressions};
use super::{Context, NewSend, Provoked, context, recipients, replay};

/// What can be said of a send without looking at the account.
///
/// # Errors
///
/// [`Refusal::SubjectMissing`].
pub fn check_form(new: &NewSend) -> Result<(), Refusal> {
    match (&new.thread, &new.subject) {
        (None, None) => Err(Refusal::SubjectMissing),
        (Some(_), _) | (None, Some(_)) => Ok(()),
    }
}

/// The inbox that sends. Whether the key that came reaches it was judged by who knows keys.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn sender(
    state: &State,
    now: Timestamp,
    new: &NewSend,
    provoked: &Provoked<'_>,
) -> Result<Arc<Inbox>, Refusal> {
    provoked.refuse("not_found", now)?;
    let inbox = inboxes::get(state, &new.inbox)?;
    provoked.refuse("forbidden", now)?;
    Ok(inbox)
}

/// The answer to repeat, if this send was answered before.
///
/// # Errors
///
/// [`Refusal::MissingIdempotencyKey`], [`Refusal::IdempotencyKeyReused`].
pub fn first_answer(
    state: &State,
    now: Timestamp,
    inbox: &Inbox,
    new: &NewSend,
    provoked: &Provoked<'_>,
) -> Result<Option<Arc<[u8]>>, Refusal> {
    provoked.refuse("missing_idempotency_key", now)?;
    if state.account.require_idempotency_key && new.key.is_none() {
        return Err(Refusal::MissingIdempotencyKey);
    }
    provoked.refuse("idempotency_key_reused", now)?;
    match &new.key {
        Some(key) => replay(state, now, &key.text, inbox.id, &key.fingerprint),
        None => Ok(None),
    }
}

/// What a send needs, if its sender may send at all and has the thread and the plan for it.
///
/// # Errors
///
/// [`Refusal::AccountBanned`], [`Refusal::SpendCapPaused`], [`Refusal::ReputationSuspended`],
/// whatever [`context`] refuses, and [`Refusal::FeatureRequiresPaidPlan`], in this order.
pub fn check_sender(
    state: &State,
    now: Timestamp,
    inbox: Arc<Inbox>,
    new: &NewSend,
    provoked: &Provoked<'_>,
) -> Result<Context, Refusal> {
    provoked.refuse("account_banned", now)?;
    if state.account.banned {
        return Err(Refusal::AccountBanned);
    }
    provoked.refuse("spend_cap_paused", now)?;
    if state.account.spend_cap_paused {
        return Err(Refusal::SpendCapPaused);
    }
    provoked.refuse("reputation_suspended", now)?;
    reputation::check(state, &inbox)?;
    let context = context(state, inbox, new)?;
    provoked.refuse("feature_requires_paid_plan", now)?;
    check_plan(state, new)?;
    Ok(context)
}

/// On the free plan replies come to an inbox of the account or not at all.
fn check_plan(state: &State, new: &NewSend) -> Result<(), Refusal> {
    let is_outside = |address: &str| inboxes::find(state, &address.to_lowercase()).is_none();
    match (state.account.plan, new.reply_to.as_deref()) {
        (Plan::Free, Some(reply_to)) if is_outside(reply_to) => {
            let reply_to = reply_to.to_owned();
            Err(Refusal::FeatureRequiresPaidPlan { reply_to })
        }
        (Plan::Free | Plan::Pro | Plan::Enterprise, _) => Ok(()),
    }
}

/// Into how many inboxes of the account a mail would come.
fn copies(state: &State, mail: &Mail) -> usize {
    let addresses = recipients(mail).map(str::to_lowercase);
    let addresses: HashSet<String> = addresses.collect();
    let inboxes = addresses.iter().filter_map(|it| inboxes::find(state, it));
    let author = bare(&mail.from);
    let takes = |inbox: &&Arc<Inbox>| {
        let scope = Scope::of_inbox(inbox);
        policy::judge(state, scope, Direction::Inbound, author).is_none()
    };
    inboxes.filter(takes).count()
}

/// Whether a mail may go, once it is written.
///
/// # Errors
///
/// [`Refusal::StorageLimitExceeded`], [`Refusal::RecipientNotPermitted`],
/// [`Refusal::RecipientSuppressed`], [`Refusal::RateLimitExceeded`] and [`Refusal::ColdOutreachLimit`], in this order; between them
/// those that only a recipient at `fail.test` brings about.
pub fn check_mail(
    state: &State,
    now: Timestamp,
    inbox: &Inbox,
    mail: &Mail,
    provoked: &Provoked<'_>,
) -> Result<(), Refusal> {
    provoked.refuse("storage_limit_exceeded", now)?;
    if state.account.storage_full {
        return Err(Refusal::StorageLimitExceeded { limit: None });
    }
    // The sender keeps one, and so does every inbox that it comes into.
    messages::check_room(state, now, mail, 1 + copies(state, mail))?;
    provoked.refuse("recipient_not_permitted", now)?;
    policy::check_send(state, inbox, mail)?;
    provoked.refuse("recipient_suppressed", now)?;
    suppressions::check(state, recipients(mail))?;
    // Nobody looks up domains or judges what a mail says: these three are always asked for.
    for code in ["no_mx_records", "unsafe_content", "phishing_detected"] {
        provoked.refuse(code, now)?;
    }
    provoked.refuse("rate_limit_exceeded", now)?;
    limits::check_send(state, now, inbox.id)?;
    provoked.refuse("cold_outreach_limit", now)?;
    let cold = limits::count_cold(state, inbox, mail);
    limits::check_cold(state, now, inbox, cold)
}
