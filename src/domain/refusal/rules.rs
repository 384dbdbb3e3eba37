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

            /// What it says, as half a sentence.
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
    NotFound "not_found" "what is addressed must be there"
    ClientIdTaken "client_id_taken" "no two pods share a `clientId`"
    DefaultPod "default_pod" "the default pod is never deleted"
    PodNotEmpty "pod_not_empty" "a pod with inboxes is not deleted"
    PodHasDomains "pod_has_domains" "a pod that owns domains is not deleted"
    InvalidPod "invalid_pod" "`podId` must name a pod"
    InvalidDomain "invalid_domain" "an inbox stands on a verified domain that its pod may use"
    SpendCapPaused "spend_cap_paused" "past the monthly spend limit all that costs is paused"
    InboxLimitReached "inbox_limit_reached" "a plan allows so many inboxes"
    InvalidWebhookUrl "invalid_webhook_url" "a webhook's URL must be one that can receive"
    NoWebhookUrl "no_webhook_url" "an inbox without a webhook has nothing to test or to rotate"
    WebhookFailed "webhook_failed" "a test succeeds only if the receiver takes it"
    DomainExists "domain_exists" "an account adds a domain once"
    PlanLimit "plan_limit" "the free plan has no domains of its own"
    UnfitDomain "invalid_domain" "only a name that an account can own is added as a domain"
    DomainTaken "domain_taken" "a domain belongs to one account"
    IdentityExists "identity_exists" "a domain that the mail provider knows already is not added again"
    DomainBlocked "domain_blocked" "an unsafe domain is not added"
    ProviderError "provider_error" "without the mail provider domains are neither added nor verified"
    DomainHasInboxes "domain_has_inboxes" "a domain stays as long as inboxes need it"
    IdTaken "id_taken" "no two rows share an id"
    SubjectMissing "bad_request" "a new thread needs a subject"
    IdempotencyKeyReused "idempotency_key_reused" "an idempotency key belongs to one request"
    TextExtractionFailed "text_extraction_failed" "not every attachment has text that can be told"
    AttachmentsTooLarge "payload_too_large" "the attachments of a mail have a bound together"
    StorageLimitExceeded "storage_limit_exceeded" "an account that is full stores no mail"
    AddressTaken "address_taken" "no two inboxes share an address"
    Forbidden "forbidden" "a key reaches no further than its pod or its inbox"
    ApiKeyLimitReached "api_key_limit_reached" "a pod or an inbox has so many keys"
    LabelTaken "label_taken" "no two keys share a label"
    TokenTaken "token_taken" "no two keys share a token"
    InboxHasNoPod "inbox_has_no_pod" "an inbox outside all pods has no keys"
    MissingIdempotencyKey "missing_idempotency_key" "an account may insist on idempotency keys"
    AccountBanned "account_banned" "an account that is shut sends nothing"
    ReputationSuspended "reputation_suspended" "an inbox or a pod that is suspended sends nothing"
    FeatureRequiresPaidPlan "feature_requires_paid_plan" "on the free plan replies go to the account's own inboxes"
    RecipientNotPermitted "recipient_not_permitted" "the outbound policy decides whom an inbox writes to"
    RuleExists "rule_exists" "a scope has a rule once"
    InheritedRule "inherited_rule" "a rule is deleted in the scope that it belongs to"
    NothingToInherit "bad_request" "the account has nothing around it to inherit from"
    RecipientSuppressed "recipient_suppressed" "nobody writes to an address on the suppression list"
    NoMxRecords "no_mx_records" "a recipient's domain must take mail"
    UnsafeContent "unsafe_content" "harmful content is not sent"
    PhishingDetected "phishing_detected" "phishing is not sent"
    RateLimitExceeded "rate_limit_exceeded" "so much in so short a time, and no more"
    ColdOutreachLimit "cold_outreach_limit" "so many recipients who never wrote in a day, and no more"
    UnknownProvocation "bad_request" "a recipient at `fail.test` must name an error of a send"
}
