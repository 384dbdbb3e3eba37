//! Keys that reach one pod or one inbox (OpenMail docs, API keys).

mod scope;

use std::sync::Arc;

use super::clock::Timestamp;
use super::ids::{Id, MARK, mark};
use super::refusal::{Refusal, Resource};
use super::state::{State, Transaction};
use super::table::{Order, Row};
pub use scope::Scope;

/// A pod or an inbox has at most this many keys that are not revoked.
pub const MAX_KEYS: usize = 20;
/// What tokens begin with.
const PREFIX: &str = "om_";
/// How many hexadecimal digits follow in a token that was drawn.
const DIGITS: usize = 48;
/// A use is noted this many milliseconds after the one that was noted last: each note is a write,
/// and most requests of a key only read.
const NOTED_AFTER: i64 = 1_000;
/// So much of a token is shown, at most: the prefix and eight digits.
const SHOWN: usize = PREFIX.len() + 8;

/// A key of a pod or of an inbox. Revoking it removes it: nobody gets in with its token any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id, which is no secret.
    pub id: Id,
    /// How far it reaches: a pod or an inbox.
    pub scope: Scope,
    /// A label for people.
    pub name: Option<String>,
    /// What a fixture calls it, by which every world knows it.
    pub label: Option<Arc<str>>,
    /// The secret.
    pub token: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a request last came with it.
    pub last_used_at: Option<Timestamp>,
    pub(super) order: Order,
}

impl Row for Key {
    fn id(&self) -> Id {
        self.id
    }

    fn order(&self) -> Order {
        self.order
    }
}

impl Key {
    /// The first characters of its token, never more than half of them.
    #[must_use]
    pub fn token_prefix(&self) -> String {
        prefix(&self.token)
    }

    /// The last four characters of its token.
    #[must_use]
    pub fn last4(&self) -> &str {
        let last = self.token.char_indices().rev().nth(3);
        last.map_or(&*self.token, |(start, _)| &self.token[start..])
    }
}

/// So much of a token as may be shown.
#[must_use]
pub fn prefix(token: &str) -> String {
    let shown = SHOWN.min(token.chars().count() / 2);
    token.chars().take(shown).collect()
}

/// Who came, by what they showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Whoever knows the world's name. That is never revoked.
    World,
    /// The holder of a further account key.
    AccountKey(Arc<str>),
    /// The holder of a key of a pod or an inbox.
    Key(Arc<Key>),
}

impl Holder {
    /// How far they reach.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Holder::World | Holder::AccountKey(_) => Scope::Account,
            Holder::Key(key) => key.scope,
        }
    }

    /// Whether this state still lets them in.
    #[must_use]
    pub fn is_let_in(&self, state: &State) -> bool {
        match self {
            Holder::World => true,
            Holder::AccountKey(token) => state.account.keys.iter().any(|key| **key == **token),
            Holder::Key(key) => {
                let known = state.keys.get(key.id);
                known.is_some_and(|known| known.token == key.token && known.scope == key.scope)
            }
        }
    }
}

/// Whom a token lets into the account.
#[must_use]
pub fn holder(state: &State, token: &str) -> Option<Holder> {
    if let Some(key) = find_by_token(state, token) {
        return Some(Holder::Key(key.clone()));
    }
    // Account keys are few: a walk over them costs less than an index would.
    let known = state.account.keys.iter().find(|key| *key == token)?;
    Some(Holder::AccountKey(Arc::from(known.as_str())))
}

/// What the name of the world has left in a token that was drawn there.
#[must_use]
pub fn mark_in(token: &str) -> Option<[u8; MARK]> {
    let digits = token.strip_prefix(PREFIX)?;
    let is_drawn = digits.len() == DIGITS;
    let bytes = data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()?;
    let mark = bytes.get(4..4 + MARK).filter(|_| is_drawn)?;
    mark.try_into().ok()
}

/// What a new key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Its id; drawn when absent.
    pub id: Option<Id>,
    /// How far it reaches: a pod or an inbox.
    pub scope: Scope,
    /// A label for people.
    pub name: Option<String>,
    /// What every world knows it by.
    pub label: Option<String>,
    /// The secret; drawn when absent.
    pub token: Option<String>,
    /// When it was made; now when absent.
    pub created_at: Option<Timestamp>,
    /// When a request last came with it.
    pub last_used_at: Option<Timestamp>,
}

impl NewKey {
    /// A key as the API makes them.
    #[must_use]
    pub fn named(scope: Scope, name: Option<String>) -> Self {
        Self {
            id: None,
            scope,
            name,
            label: None,
            token: None,
            created_at: None,
            last_used_at: None,
        }
    }
}

/// Makes a key.
///
/// # Errors
///
/// [`Refusal::ApiKeyLimitReached`], [`Refusal::LabelTaken`], [`Refusal::TokenTaken`],
/// [`Refusal::IdTaken`].
pub fn create(tx: &mut Transaction<'_>, new: NewKey) -> Result<Arc<Key>, Refusal> {
    check_room(tx.state, new.scope)?;
    let label: Option<Arc<str>> = new.label.map(Arc::from);
    if let Some(label) = label
        .as_ref()
        .filter(|it| tx.state.key_labels.contains_key(&***it))
    {
        let label = label.to_string();
        return Err(Refusal::LabelTaken { label });
    }
    let token: Arc<str> = match new.token {
        Some(token) if is_token_taken(tx.state, &token) => return Err(Refusal::TokenTaken),
        Some(token) => Arc::from(token),
        None => draw_token(tx),
    };
    let is_taken = |state: &State, id| state.keys.get(id).is_some();
    let created_at = new.created_at.unwrap_or(tx.now);
    let key = Arc::new(Key {
        id: tx.take_id(Resource::Key, new.id, is_taken)?,
        scope: new.scope,
        name: new.name,
        label,
        token,
        created_at,
        last_used_at: new.last_used_at,
        order: tx.next_order(created_at),
    });
    let state = &mut *tx.state;
    match key.scope {
        Scope::Account => {}
        Scope::Pod(pod) => state.pod_keys.insert(pod, key.order),
        Scope::Inbox { inbox, .. } => state.inbox_keys.insert(inbox, key.order),
    }
    state.tokens.insert(key.token.clone(), key.id);
    if let Some(label) = &key.label {
        state.key_labels.insert(label.clone(), key.id);
    }
    state.keys.put(key.clone());
    Ok(key)
}

fn check_room(state: &State, scope: Scope) -> Result<(), Refusal> {
    let (owner, keys) = match scope {
        Scope::Account => return Ok(()),
        Scope::Pod(pod) => (Resource::Pod, state.pod_keys.count(pod)),
        Scope::Inbox { inbox, .. } => (Resource::Inbox, state.inbox_keys.count(inbox)),
    };
    match keys < MAX_KEYS {
        true => Ok(()),
        false => Err(Refusal::ApiKeyLimitReached {
            owner,
            limit: MAX_KEYS,
        }),
    }
}

/// Whether a key of any kind has this token.
#[must_use]
pub fn is_token_taken(state: &State, token: &str) -> bool {
    holder(state, token).is_some()
}

fn draw_token(tx: &mut Transaction<'_>) -> Arc<str> {
    loop {
        let mut bytes = tx.draw();
        bytes[4..4 + MARK].copy_from_slice(&mark(tx.source.world));
        let digits = data_encoding::HEXLOWER.encode(&bytes[..DIGITS / 2]);
        let token = format!("{PREFIX}{digits}");
        if !is_token_taken(tx.state, &token) {
            return Arc::from(token);
        }
    }
}

/// All keys of a pod or an inbox, the newest first. The account's own are no rows.
#[must_use]
pub fn list(state: &State, scope: Scope) -> Vec<Arc<Key>> {
    let mut keys = match scope {
        Scope::Account => Vec::new(),
        Scope::Pod(pod) => state.pod_keys.all(pod, &state.keys),
        Scope::Inbox { inbox, .. } => state.inbox_keys.all(inbox, &state.keys),
    };
    keys.reverse();
    keys
}

/// Revokes a key of that pod or inbox.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn delete(tx: &mut Transaction<'_>, scope: Scope, key: &str) -> Result<(), Refusal> {
    let known = Id::parse(key).and_then(|id| tx.state.keys.get(id));
    match known.filter(|known| known.scope == scope).cloned() {
        Some(known) => {
            remove(tx.state, &known);
            Ok(())
        }
        None => Err(Refusal::NotFound {
            what: Resource::Key,
            key: key.to_owned(),
        }),
    }
}

fn remove(state: &mut State, key: &Key) {
    match key.scope {
        Scope::Account => {}
        Scope::Pod(pod) => state.pod_keys.remove(pod, key.order),
        Scope::Inbox { inbox, .. } => state.inbox_keys.remove(inbox, key.order),
    }
    state.tokens.remove(&*key.token);
    if let Some(label) = &key.label {
        state.key_labels.remove(&**label);
    }
    state.keys.remove(key.id);
}

/// Revokes all keys of a pod or an inbox, which goes.
pub(super) fn forget(state: &mut State, scope: Scope) {
    for key in list(state, scope) {
        remove(state, &key);
    }
}

/// The key with that token.
#[must_use]
pub fn find_by_token<'s>(state: &'s State, token: &str) -> Option<&'s Arc<Key>> {
    state.keys.get(*state.tokens.get(token)?)
}

/// The key that fixtures call so.
#[must_use]
pub fn find_by_label<'s>(state: &'s State, label: &str) -> Option<&'s Arc<Key>> {
    state.keys.get(*state.key_labels.get(label)?)
}

/// Changes what people call a key, or when it was used.
pub fn change(
    tx: &mut Transaction<'_>,
    key: &Key,
    name: Option<Option<String>>,
    last_used_at: Option<Timestamp>,
) -> Arc<Key> {
    let changed = Arc::new(Key {
        name: name.unwrap_or_else(|| key.name.clone()),
        last_used_at: last_used_at.or(key.last_used_at),
        ..key.clone()
    });
    tx.state.keys.put(changed.clone());
    changed
}

/// Whether a use of the key now is to be noted.
#[must_use]
pub fn is_use_news(state: &State, holder: &Holder, now: Timestamp) -> bool {
    match holder {
        Holder::World | Holder::AccountKey(_) => false,
        Holder::Key(key) => {
            let known = state.keys.get(key.id);
            let is_old = |last: Timestamp| now.millis() - last.millis() >= NOTED_AFTER;
            known.is_some_and(|known| known.last_used_at.is_none_or(is_old))
        }
    }
}

/// Notes that a request came with a key.
pub fn note_use(tx: &mut Transaction<'_>, holder: &Holder) {
    let Holder::Key(key) = holder else {
        return;
    };
    if let Some(known) = tx.state.keys.get(key.id).cloned() {
        let now = tx.now;
        change(tx, &known, None, Some(now));
    }
}
