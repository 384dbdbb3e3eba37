//! Member names that stand twice in one object, of which no two readers make the same.

use std::collections::HashSet;

use crate::contract::json::pointer::push_token;
use crate::contract::json::tape::{Entry, Item};

/// Whether an object holds a name twice. Every document is asked, so this is quick.
pub(in crate::contract) fn has_repeated_name(entries: &[Entry<'_>]) -> bool {
    let mut names: Vec<&str> = Vec::new();
    // The names of a few objects that have many, in their order.
    let mut told_apart: Vec<Vec<&str>> = Vec::new();
    for object in Item::all(entries) {
        let Entry::Object { len: 2.., .. } = object.entry() else {
            continue;
        };
        names.clear();
        names.extend(object.members().map(|(name, _)| name));
        // Rows of a list have the same names in the same order, or one of two or three such lists.
        if told_apart.contains(&names) {
            continue;
        }
        if names.len() > FEW && told_apart.len() < FEW {
            told_apart.push(names.clone());
        }
        if is_any_repeated(&mut names) {
            return true;
        }
    }
    false
}

/// Comparing all pairs of so many is cheaper than sorting them.
const FEW: usize = 8;

fn is_any_repeated(names: &mut [&str]) -> bool {
    if names.len() <= FEW {
        let mut places = names.iter().enumerate();
        return places.any(|(index, name)| names[index + 1..].contains(name));
    }
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// Pointers of the names that stand twice: outer objects first, each pointer once, at most so
/// many. Only documents that have some are walked this way.
pub(in crate::contract) fn repeated_names(root: Item<'_>, most: usize) -> Vec<String> {
    let mut walk = Walk {
        most,
        pointer: String::new(),
        found: Vec::new(),
        told: HashSet::new(),
    };
    walk.visit(root);
    walk.found
}

struct Walk {
    most: usize,
    /// Of the value that the walk is at.
    pointer: String,
    found: Vec<String>,
    /// What was found: objects whose own name stands twice share their pointers.
    told: HashSet<String>,
}

impl Walk {
    /// The recursion is as deep as the document, which its reading has bounded.
    fn visit(&mut self, item: Item<'_>) {
        if self.found.len() == self.most {
            return;
        }
        let here = self.pointer.len();
        let mut seen = HashSet::new();
        for (name, _) in item.members().filter(|(name, _)| !seen.insert(*name)) {
            if self.found.len() == self.most {
                return;
            }
            push_token(&mut self.pointer, name);
            if self.told.insert(self.pointer.clone()) {
                self.found.push(self.pointer.clone());
            }
            self.pointer.truncate(here);
        }
        for (name, member) in item.members() {
            push_token(&mut self.pointer, name);
            self.visit(member);
            self.pointer.truncate(here);
        }
        for (position, element) in item.elements().enumerate() {
            push_token(&mut self.pointer, &position.to_string());
            self.visit(element);
            self.pointer.truncate(here);
        }
    }
}
