//! The nearest known spelling of a word that nobody knows.

/// The candidate most like `word`, if one is near enough to be meant.
///
/// Case, `-` and `_` do not count as differences, so `client_id` finds `clientId`.
#[must_use]
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // An attacker chooses the word; nobody means a name this long.
    if word.len() > 100 {
        return None;
    }
    let plain = fold(word);
    let near = |candidate: &str| strsim::jaro_winkler(&plain, &fold(candidate));
    candidates
        .into_iter()
        .map(|candidate| (near(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.82)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> String {
    word.chars()
        .filter(|character| !matches!(character, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}
