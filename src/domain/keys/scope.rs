//! How far a key reaches (OpenMail docs, API keys, Scopes).

use crate::domain::ids::Id;
use crate::domain::inboxes::{self, Inbox};
use crate::domain::pods;
use crate::domain::refusal::{Boundary, Refusal};
use crate::domain::state::State;

/// How far a key reaches, and what a policy holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everything that the account has.
    Account,
    /// A pod and what stands in it.
    Pod(Id),
    /// An inbox and its mail.
    Inbox {
        /// The inbox.
        inbox: Id,
        /// The pod that it stands in.
        pod: Id,
    },
}

impl Scope {
    /// An inbox and its mail.
    #[must_use]
    pub fn of_inbox(inbox: &Inbox) -> Self {
        Scope::Inbox {
            inbox: inbox.id,
            pod: inbox.pod,
        }
    }

    /// What a pod (id or `clientId`) or an inbox names, or the account if neither does.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`].
    pub fn named(state: &State, pod: Option<&str>, inbox: Option<&str>) -> Result<Self, Refusal> {
        match (pod, inbox) {
            (_, Some(inbox)) => Ok(Self::of_inbox(&*inboxes::get(state, inbox)?)),
            (Some(pod), None) => Ok(Scope::Pod(pods::get(state, pod)?.id)),
            (None, None) => Ok(Scope::Account),
        }
    }

    /// Whether it reaches all of another one.
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`].
    pub fn check_scope(self, state: &State, other: Self) -> Result<(), Refusal> {
        match (self, other) {
            (Scope::Account, _) => Ok(()),
            (Scope::Pod(_) | Scope::Inbox { .. }, Scope::Account) => Err(Refusal::Forbidden {
                boundary: Boundary::AccountKeysOnly,
            }),
            (Scope::Pod(_), Scope::Pod(pod) | Scope::Inbox { pod, .. }) => {
                self.check_pod(state, pod)
            }
            (Scope::Inbox { .. }, Scope::Inbox { .. }) if self == other => Ok(()),
            (Scope::Inbox { .. }, Scope::Pod(_) | Scope::Inbox { .. }) => Err(self.crossed(state)),
        }
    }

    /// The pod that it is confined to, or in which its inbox stands.
    #[must_use]
    pub fn pod(self) -> Option<Id> {
        match self {
            Scope::Account => None,
            Scope::Pod(pod) | Scope::Inbox { pod, .. } => Some(pod),
        }
    }

    /// Whether it reaches that pod; an inbox key reaches the pod around its inbox.
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`].
    pub fn check_pod(self, state: &State, pod: Id) -> Result<(), Refusal> {
        match self.pod() {
            Some(own) if own != pod => Err(self.crossed(state)),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether it reaches that inbox.
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`].
    pub fn check_inbox(self, state: &State, inbox: &Inbox) -> Result<(), Refusal> {
        let reaches = match self {
            Scope::Account => true,
            Scope::Pod(pod) => pod == inbox.pod,
            Scope::Inbox { inbox: own, .. } => own == inbox.id,
        };
        match reaches {
            true => Ok(()),
            false => Err(self.crossed(state)),
        }
    }

    /// Whether it reaches all of the account.
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`].
    pub fn check_account(self) -> Result<(), Refusal> {
        match self {
            Scope::Account => Ok(()),
            Scope::Pod(_) | Scope::Inbox { .. } => Err(Refusal::Forbidden {
                boundary: Boundary::AccountWide,
            }),
        }
    }

    /// Whether it may touch webhooks.
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`].
    pub fn check_webhooks(self) -> Result<(), Refusal> {
        match self {
            Scope::Account => Ok(()),
            Scope::Pod(_) | Scope::Inbox { .. } => Err(Refusal::Forbidden {
                boundary: Boundary::Webhooks,
            }),
        }
    }

    fn crossed(self, state: &State) -> Refusal {
        let boundary = match self {
            Scope::Account => Boundary::AccountKeysOnly,
            Scope::Pod(pod) => Boundary::Pod(pods::label(state, pod)),
            Scope::Inbox { inbox, .. } => {
                let inbox = state.inboxes.get(inbox);
                Boundary::Inbox(inbox.map_or_else(String::new, |inbox| inbox.address.to_string()))
            }
        };
        Refusal::Forbidden { boundary }
    }
}
