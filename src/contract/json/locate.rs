//! Where in a JSON text a pointer points: line and column, for messages that people follow.
//!
//! The text has been read as JSON before; this walk only counts, and gives up quietly on text
//! that is none.

/// A place in a text; both numbers start at 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The place of the value that `pointer` names, or of the deepest ancestor that exists.
#[must_use]
pub fn place(text: &str, pointer: &str) -> Place {
    place_of(text, pointer, 0)
}

/// The place where the member that `pointer` names stands for the second time.
pub(in crate::contract) fn place_of_repetition(text: &str, pointer: &str) -> Place {
    place_of(text, pointer, 1)
}

/// `earlier` members of the last name are stepped over.
fn place_of(text: &str, pointer: &str, earlier: usize) -> Place {
    let mut walk = Walk {
        bytes: text.as_bytes(),
        at: 0,
    };
    walk.space();
    let mut tokens = pointer.split('/').skip(1).peekable();
    while let Some(token) = tokens.next() {
        let token = token.replace("~1", "/").replace("~0", "~");
        let here = walk.at;
        let earlier = if tokens.peek().is_none() { earlier } else { 0 };
        if !walk.enter(&token, earlier) {
            walk.at = here;
            break;
        }
    }
    let before = &text[..walk.at.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |index| index + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

struct Walk<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Walk<'_> {
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

    /// Moves to the child named `token`, past so many earlier ones; false when there is none.
    fn enter(&mut self, token: &str, earlier: usize) -> bool {
        match self.peek() {
            b'{' => self.enter_object(token, earlier),
            b'[' => self.enter_array(token),
            _ => false,
        }
    }

    fn enter_object(&mut self, token: &str, mut earlier: usize) -> bool {
        self.skip_past(b'{');
        while self.peek() == b'"' {
            let start = self.at;
            self.string();
            let name = serde_json::from_slice::<String>(&self.bytes[start..self.at]);
            self.skip_past(b':');
            if name.is_ok_and(|name| name == token) {
                if earlier == 0 {
                    return true;
                }
                earlier -= 1;
            }
            self.value();
            self.skip_past(b',');
        }
        false
    }

    fn enter_array(&mut self, token: &str) -> bool {
        let Ok(wanted) = token.parse::<usize>() else {
            return false;
        };
        self.skip_past(b'[');
        for _ in 0..wanted {
            self.value();
            self.space();
            if self.peek() != b',' {
                return false;
            }
            self.skip_past(b',');
        }
        !matches!(self.peek(), b']' | 0)
    }

    fn string(&mut self) {
        self.at += 1;
        while self.at < self.bytes.len() && self.peek() != b'"' {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }

    /// Steps over one value, however deep, without recursion.
    fn value(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
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

    fn scalar(&mut self) {
        while !matches!(
            self.peek(),
            b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | 0
        ) {
            self.at += 1;
        }
    }
}
