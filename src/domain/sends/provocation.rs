//! Errors on request: a recipient `<code>@fail.test` makes a send answer that error, at its place
//! among the others. Nothing else in an address or a text means more than it says.

use super::super::clock::Timestamp;
use super::super::refusal::{Boundary, PROVOKING_DOMAIN, Refusal};
use super::NewSend;

/// Every code that a send is documented to answer, in the order in which it is looked for. Those
/// before `not_found` are judged before a send reaches the account's rules, and the last two after.
pub const CODES: [&str; 24] = [
    "unauthorized",
    "too_many_worlds",
    "payload_too_large",
    "server_busy",
    "unsupported_media_type",
    "bad_request",
    "not_found",
    "forbidden",
    "missing_idempotency_key",
    "idempotency_key_reused",
    "account_banned",
    "spend_cap_paused",
    "reputation_suspended",
    "feature_requires_paid_plan",
    "storage_limit_exceeded",
    "recipient_not_permitted",
    "recipient_suppressed",
    "no_mx_records",
    "unsafe_content",
    "phishing_detected",
    "rate_limit_exceeded",
    "cold_outreach_limit",
    "internal_error",
    "contract_breach",
];

/// What the recipients of a send ask for.
#[derive(Debug, Clone)]
pub struct Provoked<'s> {
    new: &'s NewSend,
    /// Codes, and the recipients that name them.
    asked: Vec<(&'static str, &'s str)>,
}

impl<'s> Provoked<'s> {
    /// What is asked for in To, Cc and Bcc. `nearest` knows which code was meant by a misspelt one,
    /// because spelling is no business of these rules.
    ///
    /// # Errors
    ///
    /// [`Refusal::UnknownProvocation`].
    pub fn of(
        new: &'s NewSend,
        nearest: impl Fn(&str) -> Option<&'static str>,
    ) -> Result<Self, Refusal> {
        let mut asked = Vec::new();
        for address in std::iter::once(&new.to).chain(&new.cc).chain(&new.bcc) {
            let Some((name, domain)) = address.rsplit_once('@') else {
                continue;
            };
            if !domain.eq_ignore_ascii_case(PROVOKING_DOMAIN) {
                continue;
            }
            let named = |code: &&str| code.eq_ignore_ascii_case(name);
            let Some(code) = CODES.into_iter().find(named) else {
                return Err(Refusal::UnknownProvocation {
                    address: address.to_string(),
                    near: nearest(name).map(str::to_owned),
                });
            };
            asked.push((code, &**address));
        }
        Ok(Self { new, asked })
    }

    /// The recipient that asks for an error.
    #[must_use]
    pub fn by(&self, code: &str) -> Option<&'s str> {
        let mut asked = self.asked.iter();
        Some(asked.find(|(known, _)| *known == code)?.1)
    }

    /// Refuses with a code, if a recipient asks for it: as the real refusal would, of this send.
    pub(super) fn refuse(&self, code: &'static str, now: Timestamp) -> Result<(), Refusal> {
        debug_assert!(CODES.contains(&code), "no code of sendEmail");
        let Some(address) = self.by(code).map(str::to_owned) else {
            return Ok(());
        };
        let (new, example) = (self.new, Refusal::example(code, now));
        let own = match code {
            "not_found" => Some(super::inboxes::not_found(&new.inbox)),
            // A key that reaches no further than a pod is what a send meets.
            "forbidden" => Some(Refusal::Forbidden {
                boundary: Boundary::Pod("meridian".to_owned()),
            }),
            "idempotency_key_reused" => new.key.as_ref().map(|key| Refusal::IdempotencyKeyReused {
                key: key.text.clone(),
            }),
            "feature_requires_paid_plan" => {
                let reply_to = new.reply_to.as_ref();
                reply_to.map(|reply_to| Refusal::FeatureRequiresPaidPlan {
                    reply_to: reply_to.to_string(),
                })
            }
            "recipient_not_permitted" => Some(Refusal::RecipientNotPermitted {
                address,
                rule: None,
            }),
            "recipient_suppressed" => Some(Refusal::RecipientSuppressed {
                address,
                kind: "bounce",
            }),
            "no_mx_records" => Some(Refusal::NoMxRecords {
                domain: PROVOKING_DOMAIN.to_owned(),
            }),
            _ => None,
        };
        own.or(example).map_or(Ok(()), Err)
    }
}
