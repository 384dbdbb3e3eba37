//! Addresses: what one looks like, when two are the same, how one is written with a name.

use std::fmt;

use super::field;

/// The longest local part and the longest address (RFC 5321).
const MAX_LOCAL: usize = 64;
const MAX_ADDRESS: usize = 254;

/// An address and the name of whom it belongs to. As text: `Ada <ada@example.com>`, with quotes
/// only around a name that needs them, or the bare address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name, if there is one.
    pub name: Option<String>,
    /// The address itself.
    pub address: String,
}

impl Mailbox {
    /// An address without a name.
    #[must_use]
    pub fn bare(address: impl Into<String>) -> Self {
        Self {
            name: None,
            address: address.into(),
        }
    }

    /// Reads what `Display` writes; what is no name and address is taken for an address.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let Some((name, address)) = text
            .trim()
            .strip_suffix('>')
            .and_then(|it| it.rsplit_once('<'))
        else {
            return Self::bare(text.trim());
        };
        let name = name.trim();
        let inner = name.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let name = match inner {
            Some(quoted) => unescaped(quoted),
            None => name.to_owned(),
        };
        Self {
            name: Some(name).filter(|name| !name.is_empty()),
            address: address.trim().to_owned(),
        }
    }
}

/// The inside of a quoted string.
fn unescaped(quoted: &str) -> String {
    let mut plain = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().map(one_line).unwrap_or_default();
        if name.is_empty() {
            return f.write_str(&self.address);
        }
        // A full stop needs quotes on the wire only: people read and write names without.
        if name.contains(|c: char| "()<>[]:;@\\,\"".contains(c)) {
            write!(f, "{} <{}>", quoted(&name), self.address)
        } else {
            write!(f, "{name} <{}>", self.address)
        }
    }
}

/// The mailboxes of a list as a header holds it, groups opened; what could not stand in a header
/// as an address is left out.
#[must_use]
pub fn mailboxes_of(text: &str) -> Vec<Mailbox> {
    let (mut mailboxes, _) = field::mailboxes(one_line(text).as_bytes());
    mailboxes.retain(|mailbox| !mailbox.address.contains(ends_address));
    mailboxes
}

/// Mailboxes as one header, `, ` between them.
#[must_use]
pub fn written(mailboxes: &[Mailbox]) -> String {
    let texts: Vec<String> = mailboxes.iter().map(Mailbox::to_string).collect();
    texts.join(", ")
}

/// What no address in a header may hold, because readers take it for the end of one.
pub(super) fn ends_address(c: char) -> bool {
    c.is_control() || c.is_whitespace() || "<>(),;:\"[]\\".contains(c)
}

/// Whether this is an address alone, without a name or brackets: `local@domain` in ASCII, the
/// local part without quotes, the domain a host name.
#[must_use]
pub fn is_bare_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_short = local.len() <= MAX_LOCAL && text.len() <= MAX_ADDRESS;
    let is_word = |word: &str| !word.is_empty() && word.chars().all(is_atom_character);
    is_short && local.split('.').all(is_word) && domain.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(is_host)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// What two addresses are compared by: case does not count, `+suffixes` do.
#[must_use]
pub fn address_key(address: &str) -> String {
    address.trim().to_lowercase()
}

/// A character that words outside quotes may hold (RFC 5322, `atext`).
pub(super) fn is_atom_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

/// As a quoted string.
pub(super) fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// Text for one line of a header: whatever breaks lines or controls becomes a space, the ends are
/// trimmed, and byte order marks go, since a reader takes one for no part of a text.
pub(super) fn one_line(text: &str) -> String {
    if is_printable(text) {
        return text.trim().to_owned();
    }
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.replace('\u{feff}', "")
        .trim_matches(|c: char| c == ' ' || breaks(c))
        .replace(breaks, " ")
}

/// Whether a text is ASCII without controls, as most lines of headers are.
pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
