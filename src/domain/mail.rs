//! Mail itself, whoever has it: what headers and bodies say, and the words for what became of it.

use std::fmt;
use std::sync::Arc;

use super::ids::Id;

/// A mail, whoever has it: the same for its sender and all who received it, but for what only the
/// sender knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// The From header.
    pub from: Box<str>,
    /// The To header's addresses.
    pub to: Box<[Box<str>]>,
    /// The To header with the names in it. Absent where it names nobody, since then the addresses
    /// say all of it, as they do for most mail.
    pub header_to: Option<Box<str>>,
    /// The Cc header's addresses.
    pub cc: Box<[Box<str>]>,
    /// Recipients that no header names; known to the sender alone.
    pub bcc: Box<[Box<str>]>,
    /// Where replies go, if not to the sender.
    pub reply_to: Option<Box<str>>,
    /// The Message-ID, without brackets.
    pub message_id: Arc<str>,
    /// The Message-ID that it answers.
    pub in_reply_to: Option<Box<str>>,
    /// The Message-IDs of the conversation before it.
    pub references: Box<[Box<str>]>,
    /// Header fields beside these. Most mail that did not come as bytes has none, so it pays for
    /// one pointer.
    pub headers: Option<Arc<Headers>>,
    /// The subject; empty when there is none.
    pub subject: Box<str>,
    /// The plain text; empty when there is none.
    pub text: Box<str>,
    /// The HTML, if there is one.
    pub html: Option<Box<str>>,
    /// The attachments, each with a name of its own.
    pub attachments: Box<[Attachment]>,
    /// What the service takes it for.
    pub class: Class,
    /// Its bytes, where they came as bytes.
    pub raw: Option<Arc<[u8]>>,
}

/// What the service takes a mail for. Nothing is said of what went out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Class {
    /// What kind of mail it is.
    pub category: Option<Box<str>>,
    /// Whether a program may answer it.
    pub auto_replyable: Option<bool>,
    /// What is thought of its intentions.
    pub verdict: Option<Box<str>>,
}

impl Class {
    /// A class in which the kind of mail and its intentions tell whether a program may answer.
    #[must_use]
    pub fn of(category: Option<Box<str>>, verdict: Option<Box<str>>) -> Self {
        Self {
            auto_replyable: auto_replyable(category.as_deref(), verdict.as_deref()),
            category,
            verdict,
        }
    }

    /// What is said of the answering that the rest does not tell.
    #[must_use]
    pub fn told(&self) -> Option<Option<bool>> {
        let follows = auto_replyable(self.category.as_deref(), self.verdict.as_deref());
        (follows != self.auto_replyable).then_some(self.auto_replyable)
    }
}

/// Whether a program may answer: what a person wrote, and no harm is seen in. None of a mail that was
/// not classified.
fn auto_replyable(category: Option<&str>, verdict: Option<&str>) -> Option<bool> {
    let is_harmless = verdict.is_none_or(|verdict| verdict == CLEAN);
    category.map(|category| category == "personal" && is_harmless)
}

/// What a mail is suspected of that nobody suspects.
pub const CLEAN: &str = "clean";

/// Header fields by name, as they were given and in that order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers(Box<[(Box<str>, Box<str>)]>);

impl Headers {
    /// These, if there are any.
    #[must_use]
    pub fn of(fields: Vec<(Box<str>, Box<str>)>) -> Option<Arc<Self>> {
        (!fields.is_empty()).then(|| Arc::new(Self(fields.into())))
    }

    /// The first value of that name, whatever its case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.iter();
        let (_, value) = fields.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl fmt::Display for Headers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let between = if index == 0 { "" } else { ", " };
            write!(out, "{between}{name}: {value}")?;
        }
        Ok(())
    }
}

/// A file that came or went with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, which no other attachment of the message has.
    pub filename: Box<str>,
    /// Its media type.
    pub content_type: Box<str>,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// How its text was found, or why there is none.
    pub extraction_method: Box<str>,
    /// Its text, if there is one.
    pub text: Option<Box<str>>,
}

/// The address in a From header.
#[must_use]
pub fn bare(from: &str) -> &str {
    match (from.rfind('<'), from.rfind('>')) {
        (Some(start), Some(end)) if start < end => from[start + 1..end].trim(),
        _ => from.trim(),
    }
}

/// The bare addresses of a From header as its normal form writes them: mailboxes with `, ` between
/// them, quotes around names that hold a comma. What is no address that mail could be sent to
/// (`MAILER-DAEMON`, an empty one, one beyond ASCII) is nobody.
#[must_use]
pub fn senders(from: &str) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = from.split(|c| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '"' if !was_escaped => is_quoted = !is_quoted,
            '\\' if !was_escaped => is_escaped = is_quoted,
            _ => {}
        }
        c == ',' && !is_quoted
    });
    parts.map(bare).filter(|it| is_address(it)).collect()
}

/// A Message-ID of a mail that brought none: in the domain of who wrote it, or in that of `otherwise`
/// where nobody can be told.
#[must_use]
pub fn made_message_id(drawn: Id, from: &str, otherwise: &str) -> Arc<str> {
    let author = senders(from).into_iter().next().unwrap_or(otherwise);
    let (_, domain) = author.rsplit_once('@').unwrap_or_default();
    Arc::from(format!("{drawn}@{domain}"))
}

/// Whether mail can be sent to this: what the parameters of a send may be (RFC 5321).
fn is_address(text: &str) -> bool {
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_atom);
    let is_label = |label: &str| {
        let is_inside = !label.starts_with('-') && !label.ends_with('-');
        (1..=63).contains(&label.len()) && is_inside && label.bytes().all(is_host)
    };
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        let is_short = local.len() <= 64 && text.len() <= 254;
        is_short && local.split('.').all(is_word) && domain.split('.').all(is_label)
    })
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the inbox.
    Inbound,
    /// From the inbox.
    Outbound,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Inbound, Self::Outbound];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        }
    }

    /// The direction of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// How far a message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It waits to be sent.
    Pending,
    /// It was sent.
    Sent,
    /// It was received.
    Received,
    /// It could not be sent.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sent, Self::Received, Self::Failed];

    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Sent => "sent",
            Status::Received => "received",
            Status::Failed => "failed",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// How an inbox was addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// In To.
    To,
    /// In Cc.
    Cc,
}

impl Role {
    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::To => "to",
            Role::Cc => "cc",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Role::To, Role::Cc]
            .into_iter()
            .find(|known| known.word() == word)
    }

    /// How a mail addresses an inbox; None if it came by envelope or Bcc.
    #[must_use]
    pub fn of(mail: &Mail, address: &str) -> Option<Self> {
        let names = |list: &[Box<str>]| list.iter().any(|it| it.eq_ignore_ascii_case(address));
        match (names(&mail.to), names(&mail.cc)) {
            (true, _) => Some(Role::To),
            (false, true) => Some(Role::Cc),
            (false, false) => None,
        }
    }
}

/// What a thread was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinedBy {
    /// The message that it answers.
    InReplyTo,
    /// A message of the conversation before it.
    References,
    /// Nothing: the thread is new.
    New,
}

impl JoinedBy {
    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            JoinedBy::InReplyTo => "in-reply-to",
            JoinedBy::References => "references",
            JoinedBy::New => "new",
        }
    }
}
