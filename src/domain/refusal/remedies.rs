//! What somebody can do who was refused: in their own code, or to the world that they test in.

use std::borrow::Cow;

use super::{Boundary, DomainFault, NameFault, Refusal, Resource};

/// Something that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// To do this.
    Do(Cow<'static, str>),
    /// To lay this over the world's state: a fixture document.
    Lay(Cow<'static, str>),
    /// To let so many seconds of the world's clock pass.
    Wait(u64),
}

impl Refusal {
    /// What can be done about it; at least one thing, the likeliest first.
    #[must_use]
    pub fn remedies(&self) -> Vec<Remedy> {
        match self {
            Refusal::NotFound { what, .. } => vec![
                does(match what {
                    Resource::Pod => "take an id that `listPods` answers",
                    Resource::Inbox => "take an id that `listInboxes` answers",
                    Resource::Domain => "take an id that `listDomains` answers",
                    Resource::Message => "take an id that `listMessages` answers",
                    Resource::Thread => "take an id that `listThreads` answers",
                    Resource::Attachment => {
                        "take a name that the message's `attachments` have, exactly as it stands there"
                    }
                    Resource::Key => {
                        "take an id that `listPodApiKeys` or `listInboxApiKeys` answers"
                    }
                    Resource::Suppression => "take an address of the state's `suppressions`",
                    Resource::Event => "take the id of an event that is still kept",
                    Resource::Delivery => "take an id that the list of deliveries answers",
                    Resource::Rule => "take an id that `getPolicy` answers",
                    Resource::AuditEntry => "take an id that `listPolicyAudit` answers",
                }),
                does("make sure that the key opens the world in which it was created"),
            ],
            Refusal::ClientIdTaken { .. } => does_either(
                "use the pod that has it: `getPod` takes the clientId in the place of the id",
                "choose another `clientId`",
            ),
            Refusal::DefaultPod => vec![does("delete what stands in it instead, and leave it")],
            Refusal::PodNotEmpty { .. } => {
                vec![does("delete its inboxes with `deleteInbox` first")]
            }
            Refusal::PodHasDomains { .. } => does_either(
                "make its domains account-wide, or another pod's, with `updateDomain`",
                "delete them with `deleteDomain`",
            ),
            Refusal::InvalidPod { .. } => does_either(
                "create the pod with `createPod` first",
                "leave `podId` out for the default pod",
            ),
            Refusal::InvalidDomain { fault, .. } => fault.remedies(),
            Refusal::UnfitDomain { fault, .. } => fault.remedies(),
            Refusal::SpendCapPaused => {
                vec![lays(r#"{"account": {"spendCapPaused": false}}"#)]
            }
            Refusal::InboxLimitReached { .. } => vec![
                does("delete an inbox with `deleteInbox`"),
                lays(r#"{"account": {"plan": "pro"}}"#),
            ],
            Refusal::InvalidWebhookUrl { .. } => {
                vec![does(
                    "write an absolute URL, such as http://127.0.0.1:9000/hook",
                )]
            }
            Refusal::NoWebhookUrl => {
                vec![does("set `webhookUrl` with `updateInbox` first")]
            }
            Refusal::WebhookFailed { .. } => {
                vec![does("have the receiver listen at the URL, and answer 200")]
            }
            Refusal::DomainExists { .. } => {
                vec![does(
                    "use the domain that is there: `listDomains` answers it",
                )]
            }
            Refusal::PlanLimit => vec![lays(r#"{"account": {"plan": "pro"}}"#)],
            Refusal::DomainTaken { .. }
            | Refusal::IdentityExists { .. }
            | Refusal::DomainBlocked { .. } => vec![
                does("add another domain"),
                lays(r#"{"account": {"rejectedDomains": []}}"#),
            ],
            Refusal::ProviderError { .. } => vec![
                does("try again later"),
                does(
                    "take what makes it fail out of `account.rejectedDomains`, or out of the domain's `verification`",
                ),
            ],
            Refusal::DomainHasInboxes { .. } => {
                vec![does("delete those inboxes with `deleteInbox` first")]
            }
            Refusal::IdTaken { .. } => {
                does_either("leave the id out, and one is drawn", "give another id")
            }
            Refusal::SubjectMissing => does_either(
                "send a `subject`",
                "send the `threadId` of the thread that this answers",
            ),
            Refusal::IdempotencyKeyReused { .. } => vec![
                does(
                    "give each new mail a new key, and repeat a key with the very same request only",
                ),
                Remedy::Wait(24 * 60 * 60),
            ],
            Refusal::TextExtractionFailed { .. } => {
                vec![does("download the file itself with `getAttachment`")]
            }
            Refusal::AttachmentsTooLarge { .. } => {
                vec![does("send fewer or smaller attachments")]
            }
            Refusal::StorageLimitExceeded { limit } => match limit {
                Some(_) => vec![does("delete inboxes that are not needed")],
                None => vec![lays(r#"{"account": {"storageFull": false}}"#)],
            },
            Refusal::AddressTaken { .. } => does_either(
                "choose another `mailboxName`, or leave it out and one is drawn",
                "use the inbox that has it: `listInboxes` answers it",
            ),
            Refusal::Forbidden { boundary } => boundary.remedies(),
            Refusal::ApiKeyLimitReached { .. } => {
                vec![does("revoke a key that is not used any more")]
            }
            Refusal::LabelTaken { .. } => vec![does("give another label")],
            Refusal::TokenTaken => vec![does("give another token, or none and one is drawn")],
            Refusal::InboxHasNoPod => vec![does("create the key for an inbox in a pod")],
            Refusal::MissingIdempotencyKey => vec![
                does("send the header `Idempotency-Key` with a new value for each mail"),
                lays(r#"{"account": {"requireIdempotencyKey": false}}"#),
            ],
            Refusal::AccountBanned => vec![lays(r#"{"account": {"banned": false}}"#)],
            Refusal::ReputationSuspended { what, .. } => vec![lays(match *what == Resource::Pod {
                true => r#"{"pods": [{"id": "<the pod>", "suspended": null}]}"#,
                false => r#"{"inboxes": [{"id": "<the inbox>", "suspended": null}]}"#,
            })],
            Refusal::FeatureRequiresPaidPlan { .. } => vec![
                does("give `replyTo` the address of an inbox of this account"),
                lays(r#"{"account": {"plan": "pro"}}"#),
            ],
            Refusal::RecipientNotPermitted { .. } => does_either(
                "look at `listPolicyAudit` for the rule that refused, and delete it or add an allow rule",
                "leave the recipient out",
            ),
            Refusal::RuleExists { .. } => {
                vec![does("leave it: the rule that is there does the same")]
            }
            Refusal::InheritedRule { of, .. } => vec![does(match of {
                Some(_) => "delete it with `?podId=` of the pod that it belongs to",
                None => "delete it without `podId` and `inboxId`, with a key of the account",
            })],
            Refusal::NothingToInherit => {
                vec![does("set the account's mode to `none` or `allowlist`")]
            }
            Refusal::RecipientSuppressed { address, .. } => {
                let address = quotable(address);
                let fragment =
                    format!(r#"{{"suppressions": [{{"address": "{address}", "remove": true}}]}}"#);
                vec![
                    does("leave the recipient out"),
                    Remedy::Lay(Cow::Owned(fragment)),
                ]
            }
            Refusal::NoMxRecords { .. } => {
                vec![does("send to a domain other than this one")]
            }
            Refusal::UnsafeContent | Refusal::PhishingDetected => {
                vec![does("send other content")]
            }
            Refusal::RateLimitExceeded { retry_after, .. }
            | Refusal::ColdOutreachLimit { retry_after, .. } => vec![
                does("send less, and wait for as long as `Retry-After` says before the next try"),
                Remedy::Wait(*retry_after),
                lays(r#"{"account": {"limits": "off"}}"#),
            ],
            Refusal::UnknownProvocation { near, .. } => vec![match near {
                Some(near) => Remedy::Do(Cow::Owned(format!("send to `{near}@fail.test`"))),
                None => does("write a documented error code of sendEmail before the `@`"),
            }],
        }
    }
}

impl DomainFault {
    fn remedies(&self) -> Vec<Remedy> {
        match self {
            DomainFault::Unknown => does_either(
                "add it with `createDomain` and verify it with `verifyDomain`",
                "leave `domain` out for the account's default domain",
            ),
            DomainFault::Own => NameFault::Own.remedies(),
            DomainFault::NotVerified(_) => {
                vec![does("verify it with `verifyDomain` first")]
            }
            DomainFault::OtherPod(_) => does_either(
                "create the inbox in the pod that the domain is scoped to",
                "make the domain account-wide with `updateDomain`",
            ),
        }
    }
}

impl NameFault {
    fn remedies(self) -> Vec<Remedy> {
        vec![match self {
            NameFault::Malformed => does("write the name alone, such as meridian.io"),
            NameFault::Own => does("create inboxes on it without adding it"),
        }]
    }
}

impl Boundary {
    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Boundary::AccountKeysOnly
            | Boundary::Webhooks
            | Boundary::PolicyMode
            | Boundary::PolicyAllowlist => {
                vec![does(
                    "call with a key of the whole account, `om_test_<world>`",
                )]
            }
            Boundary::NoInboxKeys => {
                vec![does("call with a key of the inbox's pod or of the account")]
            }
            Boundary::AccountWide => does_either(
                "name the key's own pod as `podId`",
                "call with a key of the whole account",
            ),
            Boundary::Pod(_) | Boundary::Inbox(_) => does_either(
                "address what lies within the key's reach",
                "call with a key that reaches further",
            ),
        }
    }
}

fn does(what: &'static str) -> Remedy {
    Remedy::Do(Cow::Borrowed(what))
}

fn does_either(what: &'static str, or: &'static str) -> Vec<Remedy> {
    vec![does(what), does(or)]
}

fn lays(fragment: &'static str) -> Remedy {
    Remedy::Lay(Cow::Borrowed(fragment))
}

/// An address within a fragment: what would end the text there is left out.
fn quotable(address: &str) -> String {
    let is_plain = |c: &char| !matches!(c, '"' | '\\' | '\'') && !c.is_control();
    address.chars().filter(is_plain).collect()
}
