//! The table of rules: one for each kind of refusal, with the code that programs read and what the
//! rule says. A refusal that is not in it does not build.

use super::Refusal;

macro_rules! rules {
    ($($refusal:ident $code:literal $words:literal)*) => {
        /// A rule of the emulated service: what refuses, without the facts of one refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Rule {
            $(#[doc = $words] $refusal,)*
        }

        impl Rule {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$refusal),*];

            /// What programs read.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$refusal => $code,)*
                }
            }

            /// What it says, for somebody who reads it for the first time.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$refusal => $words,)*
                }
            }
        }

        impl Refusal {
            /// The rule that refused.
            #[must_use]
            pub fn rule(&self) -> Rule {
                match self {
                    $(Self::$refusal { .. } => Rule::$refusal,)*
                }
            }
        }
    };
}

rules! {
    NotFound "not_found" "A call addresses what its account has now, by id (a pod by its `clientId` too). What was deleted, or belongs to another account, is not found."
    ClientIdTaken "client_id_taken" "A `clientId` names one pod of its account."
    DefaultPod "default_pod" "Every account has one default pod, which lives as long as the account."
    PodNotEmpty "pod_not_empty" "A pod is deleted when no inbox stands in it any more."
    PodHasDomains "pod_has_domains" "A pod is deleted when it owns no custom domain any more."
    InvalidPod "invalid_pod" "`podId` is the id or the `clientId` of a pod of this account."
    InvalidDomain "invalid_domain" "An inbox stands on a verified domain that its pod may use."
    SpendCapPaused "spend_cap_paused" "An account whose monthly spend limit is reached, with auto-pause on, sends nothing and adds neither inboxes nor domains."
    InboxLimitReached "inbox_limit_reached" "Each plan has a highest number of inboxes."
    InvalidWebhookUrl "invalid_webhook_url" "A webhook is an absolute URL to which requests can be sent from here: https, or http on this machine."
    NoWebhookUrl "no_webhook_url" "The call is about the inbox's own webhook; the account's webhook does not count."
    WebhookFailed "webhook_failed" "A test event has arrived when the receiver answers 2xx within 15 seconds."
    DomainExists "domain_exists" "An account adds a domain once."
    PlanLimit "plan_limit" "Custom domains are for paid plans."
    UnfitDomain "invalid_domain" "Only a name that an account can own is added as a domain."
    DomainTaken "domain_taken" "A domain belongs to one account."
    IdentityExists "identity_exists" "A domain that the mail provider knows from before is connected again by a person."
    DomainBlocked "domain_blocked" "Domains that count as unsafe are not taken."
    ProviderError "provider_error" "The mail provider is asked about a domain, and may fail; then nothing changes."
    DomainHasInboxes "domain_has_inboxes" "A domain is not taken away from the inboxes that stand on it."
    IdTaken "id_taken" "An id names one thing."
    SubjectMissing "bad_request" "The first mail of a thread has a subject; a reply has its thread's."
    IdempotencyKeyReused "idempotency_key_reused" "For 24 hours an idempotency key belongs to the request that came with it first: the same request is answered again, another one is refused."
    TextExtractionFailed "text_extraction_failed" "The text of an attachment is told where its kind of file can be read, and the file is whole."
    AttachmentsTooLarge "payload_too_large" "The attachments of one mail have a highest size together."
    StorageLimitExceeded "storage_limit_exceeded" "An account has room for so much mail, its trash included."
    AddressTaken "address_taken" "An address belongs to one inbox."
    Forbidden "forbidden" "A key reaches no further than its pod or its inbox."
    ApiKeyLimitReached "api_key_limit_reached" "A pod and an inbox have a highest number of keys each."
    LabelTaken "label_taken" "A label names one key of a world."
    TokenTaken "token_taken" "A token belongs to one key."
    InboxHasNoPod "inbox_has_no_pod" "A key of an inbox is confined to the inbox's pod too."
    MissingIdempotencyKey "missing_idempotency_key" "An account can insist that every send carries the header `Idempotency-Key`."
    AccountBanned "account_banned" "Nothing is sent for an account that is banned."
    ReputationSuspended "reputation_suspended" "An inbox that is suspended, or whose pod is, does not send until it is reactivated."
    FeatureRequiresPaidPlan "feature_requires_paid_plan" "On the free plan replies go to inboxes of the account only."
    RecipientNotPermitted "recipient_not_permitted" "A mail goes to all its recipients or to none: the outbound policies of the inbox, its pod and the account must let each of them pass, `replyTo` included."
    RuleExists "rule_exists" "Of rules with the same direction, type and value a scope has one."
    InheritedRule "inherited_rule" "A rule is deleted in the scope that it belongs to."
    NothingToInherit "bad_request" "The mode `inherit` takes over what the scope around says; the account is the outermost."
    RecipientSuppressed "recipient_suppressed" "Nothing is sent to an address on the suppression list, nor to anybody else with the same mail."
    NoMxRecords "no_mx_records" "A recipient's domain must name servers that take its mail."
    UnsafeContent "unsafe_content" "Mail with harmful content is not sent."
    PhishingDetected "phishing_detected" "Mail that is taken for phishing is not sent."
    RateLimitExceeded "rate_limit_exceeded" "So much happens in so short a time, and no more."
    ColdOutreachLimit "cold_outreach_limit" "So many recipients who never wrote are written to in a day, and no more."
    UnknownProvocation "bad_request" "In this mock a recipient `<code>@fail.test` makes sendEmail answer that error, if it is one of its documented ones."
}
