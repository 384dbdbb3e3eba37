//! What an exchange did to its world: what it changed, what it took of limits, and the events that
//! it caused. Plain words and numbers, kept small and made to text by whoever reads.

/// At most this many changes of one exchange are told apart, and as many events.
pub const MAX_TOLD: usize = 100;
/// A send takes of so many limits, and little else takes of any.
const USUAL_LIMITS: usize = 5;

/// What an exchange did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// What it changed, in the order in which it did.
    pub changes: Vec<Change>,
    /// Changes that are not told apart.
    pub other_changes: u64,
    /// What it took of limits.
    pub limits: Vec<Taken>,
    /// The events that it caused, the oldest first.
    pub events: Vec<Caused>,
    /// Events that are not told apart.
    pub other_events: u64,
}

/// A thing, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The kind of thing.
    pub kind: &'static str,
    /// Which one.
    pub name: Name,
    /// What became of it.
    pub verb: &'static str,
    /// Of one that was there before, what changed about it.
    pub fields: Vec<&'static str>,
}

/// What a thing is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// There is one of its kind.
    Only,
    /// The number of its id.
    Number(u128),
    /// A text.
    Text(Box<str>),
}

/// What was taken of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The limit.
    pub limit: &'static str,
    /// The number of the id of what it is a limit of, unless that is the whole.
    pub owner: Option<u128>,
    /// How much was taken.
    pub taken: u64,
    /// How much is used, that included.
    pub used: u64,
    /// How much there is; none where there is no end.
    pub of: Option<u64>,
    /// When it begins again, in milliseconds since 1970.
    pub resets_at: Option<i64>,
    /// Whether it holds, or is counted only.
    pub is_enforced: bool,
}

/// An event that an exchange caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caused {
    /// The number of its id.
    pub id: u128,
    /// Its type.
    pub kind: &'static str,
    /// The way that it went.
    pub route: &'static str,
}

impl Effects {
    /// Whether it did nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.limits.is_empty() && self.events.is_empty()
    }

    /// Whether another change is counted only; asked before it is put into words.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.changes.len() >= MAX_TOLD
    }

    /// Adds a change.
    pub fn change(&mut self, change: Change) {
        match self.is_full() {
            true => self.other_changes += 1,
            false => self.changes.push(change),
        }
    }

    /// Adds what was taken of a limit to what was taken of it before.
    pub fn take(&mut self, taken: Taken) {
        let is_same = |known: &Taken| known.limit == taken.limit && known.owner == taken.owner;
        match self.limits.iter().position(is_same) {
            Some(known) => {
                let before = self.limits[known].taken;
                self.limits[known] = Taken {
                    taken: before + taken.taken,
                    ..taken
                };
            }
            None if self.limits.len() < MAX_TOLD => {
                if self.limits.is_empty() {
                    self.limits.reserve_exact(USUAL_LIMITS);
                }
                self.limits.push(taken);
            }
            None => {}
        }
    }

    /// Adds an event.
    pub fn cause(&mut self, event: Caused) {
        match self.events.len() < MAX_TOLD {
            true => self.events.push(event),
            false => self.other_events += 1,
        }
    }

    /// What it holds in memory.
    pub(super) fn size(&self) -> usize {
        let texts = self.changes.iter().map(|change| {
            let text = match &change.name {
                Name::Only | Name::Number(_) => 0,
                Name::Text(text) => text.len(),
            };
            text + change.fields.capacity() * size_of::<&str>()
        });
        size_of::<Self>()
            + texts.sum::<usize>()
            + self.changes.capacity() * size_of::<Change>()
            + self.limits.capacity() * size_of::<Taken>()
            + self.events.capacity() * size_of::<Caused>()
    }
}
