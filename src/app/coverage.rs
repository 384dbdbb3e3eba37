//! What worlds covered, by their names: it outlives them, since a run is judged as a whole.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use super::MAX_WORLDS;
use crate::record::coverage::{Seen, Sheet};

/// The sheets of all names that had a world. Locked for a moment only, when a world is opened and
/// when somebody asks; who marks a sheet holds it already.
#[derive(Default)]
pub(super) struct Sheets(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_name: HashMap<Arc<str>, Arc<Sheet>>,
    /// The names, those first that were met first.
    names: VecDeque<Arc<str>>,
    /// What names covered that are told apart no more.
    others: Seen,
}

impl Sheets {
    /// The sheet of a name. Past [`MAX_WORLDS`] names, one without a world is forgotten, and what it
    /// covered is known for the process alone.
    pub(super) fn of(&self, name: &str) -> Arc<Sheet> {
        let mut kept = self.0.lock();
        if let Some(sheet) = kept.by_name.get(name) {
            return sheet.clone();
        }
        kept.make_room();
        let (name, sheet) = (Arc::<str>::from(name), Arc::<Sheet>::default());
        kept.names.push_back(name.clone());
        kept.by_name.insert(name, sheet.clone());
        sheet
    }

    /// What one name covered, or all together.
    pub(super) fn seen(&self, name: Option<&str>) -> Seen {
        let kept = self.0.lock();
        let Some(name) = name else {
            let mut all = kept.others.clone();
            kept.by_name.values().for_each(|sheet| all.add(sheet));
            return all;
        };
        let mut seen = Seen::default();
        if let Some(sheet) = kept.by_name.get(name) {
            seen.add(sheet);
        }
        seen
    }
}

impl Kept {
    fn make_room(&mut self) {
        if self.names.len() < MAX_WORLDS {
            return;
        }
        // Whoever holds a sheet may still mark it.
        let is_idle = |name: &Arc<str>| {
            let sheet = self.by_name.get(name);
            sheet.is_none_or(|sheet| Arc::strong_count(sheet) == 1)
        };
        let Some(index) = self.names.iter().position(is_idle) else {
            return;
        };
        let name = self.names.remove(index);
        if let Some(sheet) = name.and_then(|name| self.by_name.remove(&name)) {
            self.others.add(&sheet);
        }
    }
}
