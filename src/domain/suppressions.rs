//! The suppression list: addresses to which the account sends nothing any more (OpenMail docs,
//! Suppressions). The service fills it by itself; here the dashboard does.

use std::sync::Arc;

use super::clock::Timestamp;
use super::refusal::{Refusal, Resource};
use super::state::{State, Transaction};

/// An address on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The address, in lower case.
    pub address: Arc<str>,
    /// What put it there.
    pub kind: Kind,
    /// When that was.
    pub created_at: Timestamp,
}

/// What puts an address on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A mail came back for good.
    Bounce,
    /// The recipient complained of one.
    Complaint,
    /// The recipient wants none any more.
    Unsub,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Bounce, Self::Complaint, Self::Unsub];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Bounce => "bounce",
            Kind::Complaint => "complaint",
            Kind::Unsub => "unsub",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The entry of an address, which is lower-case.
#[must_use]
pub fn find<'s>(state: &'s State, address: &str) -> Option<&'s Arc<Suppression>> {
    state.suppressions.get(address)
}

/// Puts an address, which is lower-case, on the list, or changes what put it there.
pub fn put(tx: &mut Transaction<'_>, address: &str, kind: Kind, created_at: Option<Timestamp>) {
    let known = find(tx.state, address).map(|known| known.created_at);
    let suppression = Suppression {
        address: Arc::from(address),
        kind,
        created_at: created_at.or(known).unwrap_or(tx.now),
    };
    let key = suppression.address.clone();
    tx.state.suppressions.insert(key, Arc::new(suppression));
}

/// Takes an address, which is lower-case, off the list.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn delete(tx: &mut Transaction<'_>, address: &str) -> Result<(), Refusal> {
    match tx.state.suppressions.remove(address) {
        Some(_) => Ok(()),
        None => Err(Refusal::NotFound {
            what: Resource::Suppression,
            key: address.to_owned(),
        }),
    }
}

/// Refuses a mail of whose recipients one is on the list.
///
/// # Errors
///
/// [`Refusal::RecipientSuppressed`].
pub fn check<'r>(
    state: &State,
    mut recipients: impl Iterator<Item = &'r str>,
) -> Result<(), Refusal> {
    if state.suppressions.is_empty() {
        return Ok(());
    }
    let found = recipients
        .find_map(|address| find(state, &address.to_lowercase()).map(|known| (address, known)));
    match found {
        Some((address, known)) => Err(Refusal::RecipientSuppressed {
            address: address.to_owned(),
            kind: known.kind.word(),
        }),
        None => Ok(()),
    }
}
