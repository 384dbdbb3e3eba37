//! The text that a document becomes: lines, cells divided by tabs, blanks. What divides is owed
//! rather than written, so that none stands at the ends, and text ends where it is long enough.

use super::Read;
use crate::mail::MAX_CHARACTERS;

/// A text while it grows.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    /// Counted as they are written, because counting them later would cost the square.
    characters: usize,
    /// Line ends owed before the next text, then tabs, then a blank.
    ends: usize,
    tabs: usize,
    blank: bool,
    /// Open cells. In one a paragraph ends no line, because the row is one.
    cells: usize,
    /// Why the text ends early.
    cut: Option<&'static str>,
}

impl Lines {
    /// Whether no more text is wanted.
    pub(super) fn is_full(&self) -> bool {
        self.characters > MAX_CHARACTERS || self.cut.is_some()
    }

    /// Ends the text here, for a reason.
    pub(super) fn cut(&mut self, why: &'static str) {
        self.cut = Some(why);
    }

    /// Text as it stands. Whitespace other than blanks divides nothing in these formats.
    pub(super) fn write(&mut self, text: &str) {
        for c in text.chars() {
            if self.is_full() {
                return;
            }
            match c {
                '\t' | '\n' | '\r' => self.put(' '),
                // XML allows none of them, but references can name them.
                c if c.is_control() => {}
                c => self.put(c),
            }
        }
    }

    /// Text whose whitespace counts as one blank, and as none at the ends of a line.
    pub(super) fn write_words(&mut self, text: &str) {
        let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
        for (index, word) in text.split(is_space).enumerate() {
            if self.is_full() {
                return;
            }
            self.blank |= index > 0;
            self.write(word);
        }
    }

    /// So many blanks, which count.
    pub(super) fn blanks(&mut self, count: usize) {
        for _ in 0..count.min(MAX_CHARACTERS + 1) {
            self.put(' ');
        }
    }

    /// A tab between words. In a cell it would look like the end of the cell.
    pub(super) fn tab(&mut self) {
        match self.cells {
            0 => self.put('\t'),
            _ => self.blank = true,
        }
    }

    /// A line ends. Of many empty ones in a row, one is left.
    pub(super) fn end_line(&mut self) {
        match self.cells {
            0 => self.owe_ends(self.ends + 1),
            _ => self.blank = true,
        }
    }

    /// What follows has a blank line before it.
    pub(super) fn divide(&mut self) {
        self.owe_ends(2);
    }

    /// What is written up to its end stands on one line.
    pub(super) fn begin_cell(&mut self) {
        self.cells += 1;
    }

    pub(super) fn end_cell(&mut self) {
        self.cells = self.cells.saturating_sub(1);
        self.pass_cells(1);
    }

    /// So many cells without text.
    pub(super) fn pass_cells(&mut self, count: usize) {
        self.tabs = self.tabs.saturating_add(count);
        self.blank = false;
    }

    /// A row ends; one in a table that stands in a cell is a part of that cell's line.
    pub(super) fn end_row(&mut self) {
        match self.cells {
            0 => self.owe_ends(1.max(self.ends)),
            _ => (self.tabs, self.blank) = (0, true),
        }
    }

    /// Where the text ends by now.
    pub(super) fn mark(&self) -> usize {
        self.text.len()
    }

    /// The cell that began at the mark stands there so many times more. Whatever is claimed, the
    /// text is full before it has gone far, unless there is nothing to repeat.
    pub(super) fn repeat_cell(&mut self, mark: usize, times: usize) {
        let cell = self.since(mark).trim_matches(['\n', '\t', ' ']).to_owned();
        if cell.is_empty() {
            self.pass_cells(times);
            return;
        }
        for _ in 0..times {
            if self.is_full() {
                return;
            }
            self.write_line(&cell);
            self.pass_cells(1);
        }
    }

    /// The row that began at the mark stands there so many times more.
    pub(super) fn repeat_row(&mut self, mark: usize, times: usize) {
        let row = self.since(mark).trim_matches('\n').to_owned();
        for _ in 0..times {
            if row.is_empty() || self.is_full() {
                return;
            }
            self.write_line(&row);
            self.end_row();
        }
    }

    /// What stands in the other text follows, divided from this one.
    pub(super) fn append(&mut self, other: &Self) {
        self.divide();
        for line in other.text.split('\n') {
            self.write_line(line);
            self.ends += 1;
        }
        self.divide();
    }

    /// Whether both became the same text.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.text == other.text
    }

    pub(super) fn into_read(self) -> Read {
        // Whoever cuts the text further has to see that there was more.
        let is_cut = self.is_full();
        let mut text = self.text;
        if !is_cut {
            text.truncate(text.trim_end().len());
        }
        Read {
            text,
            why: self.cut.unwrap_or_default(),
        }
    }

    /// Cells and blanks before the end of a line are of no use.
    fn owe_ends(&mut self, ends: usize) {
        self.ends = ends.min(2).max(self.ends);
        (self.tabs, self.blank) = (0, false);
    }

    fn since(&self, mark: usize) -> &str {
        self.text.get(mark..).unwrap_or_default()
    }

    /// A line as it was made before, tabs included.
    fn write_line(&mut self, line: &str) {
        line.chars().for_each(|c| self.put(c));
    }

    /// A character, and before it what is owed. Tabs at the very beginning are paid too, because
    /// they say in which column the first text stands.
    fn put(&mut self, c: char) {
        if self.is_full() {
            return;
        }
        if self.text.is_empty() {
            (self.ends, self.blank) = (0, false);
        }
        let blank = self.blank && self.ends == 0 && self.tabs == 0;
        for (owed, count) in [
            ('\n', self.ends),
            ('\t', self.tabs),
            (' ', usize::from(blank)),
        ] {
            let room = (MAX_CHARACTERS + 1).saturating_sub(self.characters);
            let count = count.min(room);
            self.characters += count;
            self.text.extend(std::iter::repeat_n(owed, count));
        }
        (self.ends, self.tabs, self.blank) = (0, 0, false);
        self.characters += 1;
        self.text.push(c);
    }
}
