//! Who was let into a world, and may therefore write into it.

use std::sync::Arc;

use super::effects::Notes;
use super::world::World;
use crate::domain::keys::{self, Holder, Scope};
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::domain::state::{State, Transaction};

/// The proof that somebody was let into a world, which authentication makes (`api/spine.rs`). A
/// world is written to through it alone, so nobody writes into another world than their own, nor
/// with a key that is revoked by then.
#[derive(Clone)]
pub struct Caller {
    world: Arc<World>,
    holder: Holder,
    /// The world's when they came in.
    generation: u64,
    /// Whether what they write is thrown away.
    is_trying: bool,
    /// Where what they write is noted, if somebody asks what that was.
    notes: Option<Notes>,
}

/// Why a write left no trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwritten<E> {
    /// The rule refused.
    Refused(E),
    /// The key that the caller came with is no key of this state.
    Revoked,
    /// The world was dropped: what is written into it now, nobody would ever see.
    Dropped,
}

/// How a rule ended whose result is not kept.
enum Ended<T, E> {
    Refused(E),
    Revoked,
    Tried(T),
}

impl Caller {
    pub(super) fn new(world: Arc<World>, holder: Holder) -> Self {
        Self {
            generation: world.generation(),
            world,
            holder,
            is_trying: false,
            notes: None,
        }
    }

    /// Somebody who sees what their writes answer, and whose writes leave no trace.
    #[must_use]
    pub fn trying(&self) -> Self {
        Self {
            is_trying: true,
            ..self.clone()
        }
    }

    /// The same caller; what they write from now on is noted.
    #[must_use]
    pub fn noting(self, notes: &Notes) -> Self {
        Self {
            notes: Some(notes.clone()),
            ..self
        }
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// What they showed.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// How far they reach.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.holder.scope()
    }

    /// Runs a rule on a copy of the state and keeps the copy if the rule succeeds. A refusal or a
    /// panic leaves no trace.
    ///
    /// # Errors
    ///
    /// [`Unwritten`].
    pub fn write<T, E>(
        &self,
        rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, Unwritten<E>> {
        let rule = |tx: &mut Transaction<'_>| {
            if !self.holder.is_let_in(tx.state) {
                return Err(Ended::Revoked);
            }
            let done = rule(tx).map_err(Ended::Refused)?;
            // What is refused leaves no trace: so does this one, once it is done.
            match self.is_trying {
                true => Err(Ended::Tried(done)),
                false => Ok(done),
            }
        };
        let written = match &self.notes {
            None => self.world.write(rule),
            Some(notes) => {
                let noting = |before: &State, after: &State, now| notes.note(before, after, now);
                self.world.write_and_tell(rule, noting)
            }
        };
        written.or_else(|unwritten| match unwritten {
            Unwritten::Refused(Ended::Refused(refusal)) => Err(Unwritten::Refused(refusal)),
            Unwritten::Refused(Ended::Tried(done)) => Ok(done),
            Unwritten::Refused(Ended::Revoked) | Unwritten::Revoked => Err(Unwritten::Revoked),
            Unwritten::Dropped => Err(Unwritten::Dropped),
        })
    }

    /// Notes that their key was used now. Most callers have none whose use is noted, and nothing
    /// is written for them.
    ///
    /// # Errors
    ///
    /// [`Unwritten::Revoked`] and [`Unwritten::Dropped`].
    pub fn note_use(&self) -> Result<(), Unwritten<Refusal>> {
        let now = self.world.now();
        let is_news = |state: &_| keys::is_use_news(state, &self.holder, now);
        if !self.world.read(is_news) {
            return Ok(());
        }
        self.write(|tx| {
            keys::note_use(tx, &self.holder);
            Ok(())
        })
    }

    /// Counts a request of theirs, if the account's limits hold; otherwise nothing is written.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimitExceeded`], and whatever [`Caller::write`] has besides.
    pub fn count_request(&self) -> Result<(), Unwritten<Refusal>> {
        match self.world.read(|state| state.account.limits) {
            true => self.write(limits::count_request),
            false => Ok(()),
        }
    }

    /// Whether the world's state was replaced as a whole, or the world dropped, since they came.
    #[must_use]
    pub fn is_outlived(&self) -> bool {
        self.world.generation() != self.generation
    }

    /// Lets go of the world; answers its name. Of a world that was dropped meanwhile, whoever is
    /// the last to hold it would free all of it.
    #[must_use]
    pub fn leave(self) -> Arc<str> {
        self.world.leave()
    }
}
