//! An explanation as whoever reads it may have it: about their world, and without keys.

use super::Explanation;
use crate::app::DEFAULT_WORLD;
use crate::control::redaction::without_keys;

/// What paths of the control plane begin with.
const CONTROL: &str = "/_mock/";

impl Explanation {
    /// The same without the keys that a request held.
    pub(super) fn without_keys(mut self) -> Self {
        let told = self
            .state
            .iter_mut()
            .flat_map(|it| [Some(&mut it.value), it.see.as_mut()]);
        let told = told
            .flatten()
            .chain(self.broken.iter_mut().map(|it| &mut it.says));
        for text in told.chain([&mut self.summary, &mut self.why]) {
            *text = without_keys(text).into_owned();
        }
        self
    }

    /// The same, with calls of the control plane that are about that world. Those without a name
    /// are about `default`.
    pub(super) fn within(mut self, world: &str) -> Self {
        if world != DEFAULT_WORLD {
            let seen = self.state.iter_mut().filter_map(|it| it.see.as_mut());
            for text in self.remedy.iter_mut().chain(seen) {
                *text = naming(text, world);
            }
        }
        self
    }
}

/// A text whose calls of the control plane name the world, but for those that know no world or name
/// it in their path.
fn naming(text: &str, world: &str) -> String {
    let mut named = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(begin) = rest.find(CONTROL) {
        let is_end = |c: char| !(c.is_ascii_alphanumeric() || "/_-{}".contains(c));
        let path = &rest[begin..];
        let length = path.find(is_end).unwrap_or(path.len());
        let is_within = !path.starts_with("/_mock/worlds") && !path[length..].starts_with('?');
        named.push_str(&rest[..begin + length]);
        if is_within {
            named.push_str(&format!("?world={world}"));
        }
        rest = &rest[begin + length..];
    }
    named + rest
}
