//! From method and raw path to the operation, by the document's templates.
//!
//! Segments are compared as they came and decoded only after a match, so an encoded `/`, `.` or
//! `..` inside a segment stays inside it. A literal segment beats a template.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// One segment of a path template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Piece {
    Literal(String),
    /// Text before, then a parameter, then the rest: `{id}` has no text, `{id}.json` a tail.
    Template(Vec<Part>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Text(String),
    /// The name is kept beside the router: `{id}` and `{podId}` are one and the same segment.
    Parameter,
}

#[derive(Debug, Default)]
struct Branch {
    literals: HashMap<String, Branch>,
    templates: Vec<(Vec<Part>, Branch)>,
    /// Methods that end here, in upper case, with the operation's index.
    methods: Vec<(String, usize)>,
}

/// The templates of one document.
#[derive(Debug, Default)]
pub struct Router {
    root: Branch,
}

/// What a method and a path led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Match<'p> {
    /// The operation's index and its raw path values in template order.
    Operation(usize, Vec<&'p str>),
    /// The path is known, the method is not; the methods that are, sorted.
    MethodNotAllowed(Vec<String>),
    /// No template fits the path.
    NotFound,
}

/// A template that cannot be served.
#[derive(Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// Another operation has this route; its index.
    Taken(usize),
    /// The text is no path template.
    Malformed(String),
}

impl Router {
    /// Adds an operation; answers the names of its path parameters in order.
    ///
    /// # Errors
    ///
    /// A malformed template, and a route that another operation has.
    pub fn insert(
        &mut self,
        method: &str,
        template: &str,
        index: usize,
    ) -> Result<Vec<String>, TemplateFault> {
        let (pieces, names) = parse(template)?;
        let mut branch = &mut self.root;
        for piece in pieces {
            branch = match piece {
                Piece::Literal(text) => branch.literals.entry(text).or_default(),
                Piece::Template(parts) => branch.template(parts),
            };
        }
        if let Some((_, other)) = branch.methods.iter().find(|(known, _)| known == method) {
            return Err(TemplateFault::Taken(*other));
        }
        branch.methods.push((method.to_owned(), index));
        branch.methods.sort();
        Ok(names)
    }

    /// Finds the operation for a method and a raw path.
    #[must_use]
    pub fn find<'p>(&self, method: &str, path: &'p str) -> Match<'p> {
        let Some(rest) = path.strip_prefix('/') else {
            return Match::NotFound;
        };
        let mut search = Search {
            method,
            values: Vec::new(),
            allowed: Vec::new(),
        };
        if let Some(index) = search.walk(&self.root, Some(rest)) {
            return Match::Operation(index, search.values);
        }
        if search.allowed.is_empty() {
            return Match::NotFound;
        }
        search.allowed.sort();
        search.allowed.dedup();
        Match::MethodNotAllowed(search.allowed)
    }
}

impl Branch {
    fn template(&mut self, parts: Vec<Part>) -> &mut Branch {
        let known = self.templates.iter().position(|(other, _)| *other == parts);
        let position = known.unwrap_or_else(|| {
            self.templates.push((parts, Branch::default()));
            // The template with most literal text is the most specific one.
            self.templates
                .sort_by_key(|(parts, _)| std::cmp::Reverse(literal_length(parts)));
            let newest = |(_, branch): &(Vec<Part>, Branch)| branch.is_empty();
            self.templates.iter().position(newest).unwrap_or(0)
        });
        &mut self.templates[position].1
    }

    fn is_empty(&self) -> bool {
        self.literals.is_empty() && self.templates.is_empty() && self.methods.is_empty()
    }
}

fn literal_length(parts: &[Part]) -> usize {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.len(),
            Part::Parameter => 0,
        })
        .sum()
}

struct Search<'m, 'p> {
    method: &'m str,
    values: Vec<&'p str>,
    /// Methods of paths that fit, for the answer 405.
    allowed: Vec<String>,
}

impl<'p> Search<'_, 'p> {
    /// `rest` is what follows the last `/`; none when the path is used up. The recursion is as
    /// deep as the deepest template, not as the path.
    fn walk(&mut self, branch: &Branch, rest: Option<&'p str>) -> Option<usize> {
        let Some(rest) = rest else {
            let found = branch
                .methods
                .iter()
                .find(|(method, _)| method == self.method);
            if found.is_none() {
                let methods = branch.methods.iter().map(|(method, _)| method.clone());
                self.allowed.extend(methods);
            }
            return found.map(|(_, index)| *index);
        };
        let (segment, rest) = match rest.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (rest, None),
        };
        if let Some(next) = branch.literals.get(segment)
            && let Some(index) = self.walk(next, rest)
        {
            return Some(index);
        }
        for (parts, next) in &branch.templates {
            let mark = self.values.len();
            if capture(parts, segment, &mut self.values)
                && let Some(index) = self.walk(next, rest)
            {
                return Some(index);
            }
            self.values.truncate(mark);
        }
        None
    }
}

/// Fits a segment to a template's parts; a parameter takes at least one character.
///
/// The texts at both ends stand fixed; those between are looked for from the right, so that
/// `a.b.json` fits `{name}.json`. Each is looked for once, so the work is linear.
fn capture<'p>(parts: &[Part], segment: &'p str, values: &mut Vec<&'p str>) -> bool {
    let (mut parts, mut rest) = (parts, segment);
    if let [Part::Text(text), others @ ..] = parts {
        let Some(tail) = rest.strip_prefix(text.as_str()) else {
            return false;
        };
        (parts, rest) = (others, tail);
    }
    if let [others @ .., Part::Text(text)] = parts {
        let Some(head) = rest.strip_suffix(text.as_str()) else {
            return false;
        };
        (parts, rest) = (others, head);
    }
    let mark = values.len();
    for part in parts.iter().rev() {
        let Part::Text(text) = part else {
            continue;
        };
        // The value after the text has one character at least.
        let last = rest
            .char_indices()
            .next_back()
            .map_or(0, |(index, _)| index);
        let Some(position) = rest[..last].rfind(text.as_str()) else {
            return false;
        };
        values.push(&rest[position + text.len()..]);
        rest = &rest[..position];
    }
    values.push(rest);
    values[mark..].reverse();
    !rest.is_empty()
}

fn parse(template: &str) -> Result<(Vec<Piece>, Vec<String>), TemplateFault> {
    let fault = |why: &str| TemplateFault::Malformed(format!("`{template}`: {why}"));
    let rest = template
        .strip_prefix('/')
        .ok_or_else(|| fault("a path template starts with `/`"))?;
    let mut names = Vec::new();
    let mut pieces = Vec::new();
    for segment in rest.split('/') {
        let mut parts = Vec::new();
        let mut text = segment;
        while let Some((before, after)) = text.split_once('{') {
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| fault("`{` without `}`"))?;
            if name.is_empty() {
                return Err(fault("a parameter without a name"));
            }
            if names.iter().any(|known| known == name) {
                return Err(fault("a parameter stands twice"));
            }
            if !before.is_empty() {
                parts.push(Part::Text(as_on_the_wire(before)));
            } else if matches!(parts.last(), Some(Part::Parameter)) {
                return Err(fault("two parameters with nothing between them"));
            }
            names.push(name.to_owned());
            parts.push(Part::Parameter);
            text = tail;
        }
        if parts.is_empty() {
            pieces.push(Piece::Literal(as_on_the_wire(text)));
            continue;
        }
        if !text.is_empty() {
            parts.push(Part::Text(as_on_the_wire(text)));
        }
        pieces.push(Piece::Template(parts));
    }
    Ok((pieces, names))
}

/// Raw paths never hold characters beyond ASCII or spaces, which templates may.
fn as_on_the_wire(text: &str) -> String {
    const UNSAFE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');
    utf8_percent_encode(text, UNSAFE).to_string()
}
