//! Where in a JSON text pointers point: line and column, for messages that people follow.
//!
//! One walk finds all of them, however many, and ends with the last. It only counts: it gives up
//! quietly on text that is no JSON, and it does not recurse, since the text may be anybody's.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::contract::json::pointer::tokens;

/// A place in a text; both numbers start at 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// What is looked for in a text. Where it is not there, the value of the deepest ancestor that is
/// there stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot<'p> {
    /// The value that a JSON pointer names.
    Value(&'p str),
    /// The name of the member that a JSON pointer names; the value where no name stands, as for
    /// an element of a list.
    Name(&'p str),
    /// That name where it stands for the second time in its object; the first if there is no
    /// second.
    Repeated(&'p str),
}

/// The place of the value that `pointer` names, or of the deepest ancestor that exists.
#[must_use]
pub fn place(text: &str, pointer: &str) -> Place {
    place_of(text, Spot::Value(pointer))
}

/// The place of one spot.
pub(in crate::contract) fn place_of(text: &str, spot: Spot<'_>) -> Place {
    let found = places(text, &[spot]);
    found.first().copied().unwrap_or(START)
}

/// The places of all these spots, in their order, in one walk over the text.
#[must_use]
pub fn places(text: &str, spots: &[Spot<'_>]) -> Vec<Place> {
    let mut wanted = Wanted::of(spots);
    let walk = Walk {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    walk.find(&mut wanted);
    let offsets: Vec<usize> = spots.iter().map(|spot| wanted.offset(*spot)).collect();
    places_of(text, &offsets)
}

const START: Place = Place { line: 1, column: 1 };

/// Lines and columns of byte offsets, in one pass over the text.
fn places_of(text: &str, offsets: &[usize]) -> Vec<Place> {
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_unstable_by_key(|index| offsets[*index]);
    let mut places = vec![START; offsets.len()];
    let (mut here, mut counted) = (START, 0);
    for index in order {
        let offset = offsets[index].min(text.len());
        for byte in &text.as_bytes()[counted..offset] {
            match byte {
                b'\n' => {
                    here.line += 1;
                    here.column = 1;
                }
                // A character's first byte counts for all of them.
                0x80..=0xbf => {}
                _ => here.column += 1,
            }
        }
        counted = offset;
        places[index] = here;
    }
    places
}

/// Steps of pointers, branching where they part; the first node is the document.
struct Wanted<'p> {
    nodes: Vec<Node<'p>>,
    /// Offsets that the walk has not met yet.
    missing: usize,
}

/// A step that some pointer takes, and where in the text it was met.
#[derive(Default)]
struct Node<'p> {
    children: HashMap<Cow<'p, str>, usize>,
    value: Option<usize>,
    /// None for the document and for elements of lists.
    name: Option<usize>,
    /// The name where it stands again.
    again: Option<usize>,
    is_wanted_again: bool,
}

impl<'p> Wanted<'p> {
    fn of(spots: &[Spot<'p>]) -> Self {
        let mut wanted = Self {
            nodes: vec![Node::default()],
            missing: 1,
        };
        for spot in spots {
            let mut at = 0;
            for token in tokens(spot.pointer()) {
                let next = wanted.nodes.len();
                at = *wanted.nodes[at].children.entry(token).or_insert(next);
                if at == next {
                    wanted.nodes.push(Node::default());
                    wanted.missing += 1;
                }
            }
            if matches!(spot, Spot::Repeated(_)) && !wanted.nodes[at].is_wanted_again {
                wanted.nodes[at].is_wanted_again = true;
                wanted.missing += 1;
            }
        }
        wanted
    }

    /// Whether the walk goes into this value: the first of its name is the one that is meant.
    fn meet(&mut self, node: usize, name: Option<usize>, value: usize) -> bool {
        let node = &mut self.nodes[node];
        if node.value.is_none() {
            (node.name, node.value) = (name, Some(value));
            self.missing -= 1;
            return !node.children.is_empty();
        }
        if node.again.is_none() {
            node.again = name;
            self.missing -= usize::from(node.is_wanted_again);
        }
        false
    }

    fn child(&self, node: usize, name: &str) -> Option<usize> {
        self.nodes[node].children.get(name).copied()
    }

    /// The positions in a list that pointers name, the last one first.
    fn positions(&self, node: usize) -> Vec<(usize, usize)> {
        let children = self.nodes[node].children.iter();
        let numbered = children.filter_map(|(token, child)| {
            let position: usize = token.parse().ok()?;
            // `01` is no position.
            (position.to_string() == *token).then_some((position, *child))
        });
        let mut positions: Vec<(usize, usize)> = numbered.collect();
        positions.sort_unstable_by(|left, right| right.cmp(left));
        positions
    }

    /// What was met of a spot.
    fn offset(&self, spot: Spot<'_>) -> usize {
        let (mut at, mut is_there) = (0, true);
        for token in tokens(spot.pointer()) {
            let next = self.child(at, &token);
            let Some(next) = next.filter(|next| self.nodes[*next].value.is_some()) else {
                is_there = false;
                break;
            };
            at = next;
        }
        let node = &self.nodes[at];
        let exact = match spot {
            Spot::Value(_) => None,
            Spot::Name(_) => node.name,
            Spot::Repeated(_) => node.again.or(node.name),
        };
        let exact = exact.filter(|_| is_there);
        exact.or(node.value).unwrap_or(0)
    }
}

impl<'p> Spot<'p> {
    fn pointer(self) -> &'p str {
        match self {
            Spot::Value(pointer) | Spot::Name(pointer) | Spot::Repeated(pointer) => pointer,
        }
    }
}

/// A container that the walk is in.
enum Open {
    Object {
        node: usize,
    },
    Array {
        /// The position of the next element.
        position: usize,
        /// Positions that are wanted, the next one last, with their nodes.
        wanted: Vec<(usize, usize)>,
    },
}

struct Walk<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Walk<'t> {
    /// Goes through the text until everything wanted is met or the text ends.
    fn find(mut self, wanted: &mut Wanted<'_>) {
        let mut open = Vec::new();
        self.space();
        self.meet(wanted, &mut open, 0, None);
        while let Some(container) = open.last_mut() {
            if wanted.missing == 0 {
                return;
            }
            self.skip_past(b',');
            let is_end = match container {
                Open::Object { .. } => self.peek() != b'"',
                Open::Array { .. } => self.is_done() || self.peek() == b']',
            };
            if is_end {
                self.at += 1;
                open.pop();
                continue;
            }
            let (child, name) = match container {
                Open::Object { node } => {
                    let (name, start) = self.name();
                    let child = name.and_then(|name| wanted.child(*node, &name));
                    (child, Some(start))
                }
                Open::Array {
                    position,
                    wanted: positions,
                } => {
                    let is_next = |(next, _): &mut (usize, usize)| next == position;
                    let child = positions.pop_if(is_next).map(|(_, child)| child);
                    *position += 1;
                    (child, None)
                }
            };
            match child {
                Some(child) => self.meet(wanted, &mut open, child, name),
                None => self.value(),
            }
        }
    }

    /// Notes the value that starts here; goes into it if something in it is wanted.
    fn meet(
        &mut self,
        wanted: &mut Wanted<'_>,
        open: &mut Vec<Open>,
        node: usize,
        name: Option<usize>,
    ) {
        let goes_in = wanted.meet(node, name, self.at);
        match self.peek() {
            b'{' if goes_in => open.push(Open::Object { node }),
            b'[' if goes_in => open.push(Open::Array {
                position: 0,
                wanted: wanted.positions(node),
            }),
            _ => return self.value(),
        }
        self.at += 1;
    }

    fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    /// Steps over a separator and the space around it.
    fn skip_past(&mut self, separator: u8) {
        self.space();
        if self.peek() == separator {
            self.at += 1;
        }
        self.space();
    }

    /// Steps over a member's name; what it says, unless it is no text, and where it starts.
    fn name(&mut self) -> (Option<Cow<'t, str>>, usize) {
        let start = self.at;
        self.string();
        let quoted = start..self.at;
        self.skip_past(b':');
        let quoted = self.text.get(quoted).unwrap_or_default();
        let plain = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let name = match plain {
            Some(plain) if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
            Some(_) | None => serde_json::from_str(quoted).ok().map(Cow::Owned),
        };
        (name, start)
    }

    fn string(&mut self) {
        self.at += 1;
        while !self.is_done() && self.peek() != b'"' {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }

    /// Steps over one value, however deep.
    fn value(&mut self) {
        let mut depth = 0_usize;
        while !self.is_done() {
            match self.peek() {
                b'"' => self.string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {
                    self.at += 1;
                    continue;
                }
                _ => self.scalar(),
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Steps over one byte at least, so that no text holds the walk.
    fn scalar(&mut self) {
        self.at += 1;
        let ends = |byte: u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
        while !self.is_done() && !ends(self.peek()) {
            self.at += 1;
        }
    }
}
