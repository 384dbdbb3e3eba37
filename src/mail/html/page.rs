//! The text that HTML becomes while it is read: what whitespace is owed, which lists and which
//! link are open.

/// How deep items are indented; deeper ones stand where these do.
const MAX_INDENT: usize = 8;

/// Text as it grows. Whitespace is owed rather than written, so that none stands at the ends.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    /// Line ends owed before the next text.
    lines: usize,
    /// Cells that ended since the last text.
    cells: usize,
    /// Whether a blank is owed.
    blank: bool,
    /// What the next item begins with.
    mark: Option<String>,
    /// The open lists: the number of the next item, none where items have no numbers.
    lists: Vec<Option<usize>>,
    /// Where the text of the open link begins, and its address.
    link: Option<(usize, String)>,
    /// Open `pre` elements.
    preformatted: usize,
    is_head: bool,
}

impl Page {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            ..Self::default()
        }
    }

    pub(super) fn set_head(&mut self, is_head: bool) {
        self.is_head = is_head;
    }

    pub(super) fn set_preformatted(&mut self, is_begin: bool) {
        self.preformatted = match is_begin {
            true => self.preformatted + 1,
            false => self.preformatted.saturating_sub(1),
        };
    }

    /// Text between tags, its entities decoded.
    pub(super) fn write(&mut self, text: &str) {
        if self.is_head {
            return;
        }
        if self.preformatted > 0 {
            self.write_as_it_is(text);
            return;
        }
        let mut words = text.split(is_space);
        // Before the first word and after the last there is no blank but what is owed.
        if let Some(word) = words.next() {
            self.word(word);
        }
        for word in words {
            self.blank = true;
            self.word(word);
        }
    }

    fn write_as_it_is(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            let line = piece.trim_end_matches(['\n', '\r']);
            if !line.is_empty() {
                self.pay();
                self.text.push_str(line);
            }
            if piece.ends_with('\n') {
                self.blank = false;
                self.lines += 1;
            }
        }
    }

    fn word(&mut self, word: &str) {
        if !word.is_empty() {
            self.pay();
            self.text.push_str(word);
        }
    }

    /// Writes what is owed.
    fn pay(&mut self) {
        let is_start = self.text.is_empty();
        if self.lines > 0 && !is_start {
            let lines = if self.preformatted > 0 {
                self.lines
            } else {
                self.lines.min(3)
            };
            self.text.extend(std::iter::repeat_n('\n', lines));
        } else if self.cells > 0 && !is_start {
            self.text.extend(std::iter::repeat_n('\t', self.cells));
        } else if self.blank && !is_start {
            self.text.push(' ');
        }
        (self.lines, self.cells, self.blank) = (0, 0, false);
        if let Some(mark) = self.mark.take() {
            self.text.push_str(&mark);
        }
    }

    /// A block begins or ends: so many line ends stand there at least.
    pub(super) fn block(&mut self, lines: usize) {
        self.lines = self.lines.max(lines);
        (self.cells, self.blank) = (0, false);
    }

    pub(super) fn line_break(&mut self) {
        self.lines += 1;
        self.blank = false;
    }

    pub(super) fn rule(&mut self) {
        self.block(1);
        self.word("---");
        self.block(1);
    }

    pub(super) fn end_cell(&mut self) {
        self.cells += 1;
        self.blank = false;
    }

    /// A list begins or ends; answers whether it stands in another one.
    pub(super) fn list(&mut self, is_begin: bool, is_numbered: bool) -> bool {
        if is_begin {
            self.lists.push(is_numbered.then_some(1));
            return self.lists.len() > 1;
        }
        self.lists.pop();
        !self.lists.is_empty()
    }

    pub(super) fn item(&mut self) {
        self.block(1);
        let indent = self.lists.len().saturating_sub(1).min(MAX_INDENT);
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            Some(None) | None => "- ".to_owned(),
        };
        self.mark = Some("  ".repeat(indent) + &mark);
    }

    pub(super) fn begin_link(&mut self, address: String) {
        self.link = Some((self.text.len(), address));
    }

    /// Ends the open link, if there is one: its address follows it where it says more.
    pub(super) fn end_link(&mut self) {
        let Some((start, address)) = self.link.take() else {
            return;
        };
        let address = address.trim();
        let shown = self.text.get(start..).unwrap_or_default().trim();
        let leads_out = ["http://", "https://", "mailto:", "tel:", "ftp://"];
        let leads_out = leads_out.iter().any(|scheme| starts_with(address, scheme));
        let is_shown = bare(shown).eq_ignore_ascii_case(bare(address));
        if !leads_out || is_shown || self.is_head {
            return;
        }
        let is_silent = shown.is_empty();
        let address: String = address.chars().filter(|c| !c.is_control()).collect();
        if is_silent {
            self.word(&address);
        } else {
            // The end of the element is no end of a word.
            let owed = std::mem::take(&mut self.blank);
            self.text.push_str(&format!(" ({address})"));
            self.blank = owed;
        }
    }

    pub(super) fn into_text(mut self) -> String {
        self.end_link();
        let end = self.text.trim_end().len();
        self.text.truncate(end);
        self.text
    }
}

/// An address without what people leave out of it.
fn bare(address: &str) -> &str {
    let schemes = ["http://", "https://", "mailto:", "tel:"];
    let found = schemes.iter().find(|scheme| starts_with(address, scheme));
    let address = &address[found.map_or(0, |scheme| scheme.len())..];
    address.trim_end_matches('/')
}

fn starts_with(text: &str, start: &str) -> bool {
    super::starts_with(text, start)
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{a0}'
}
