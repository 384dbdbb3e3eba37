//! What an event tells of a message that came: as it was then, whatever becomes of the message.

use super::super::clock::Timestamp;
use super::super::ids::Id;
use super::super::mail::Class;
use super::super::messages::Message;

/// A message that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The message.
    pub message: Id,
    /// The inbox that it came into.
    pub inbox: Id,
    /// The thread that it joined or began.
    pub thread: Id,
    /// Its Message-ID, without brackets.
    pub message_id: Box<str>,
    /// Its From header.
    pub from: Box<str>,
    /// The address of the inbox.
    pub to: Box<str>,
    /// Whom it was copied to.
    pub cc: Box<[Box<str>]>,
    /// Its subject.
    pub subject: Box<str>,
    /// Its plain text.
    pub text: Box<str>,
    /// What it was taken for.
    pub class: Class,
    /// Its attachments, without their bytes.
    pub attachments: Box<[ReceivedFile]>,
    /// When it came.
    pub at: Timestamp,
}

/// An attachment that came, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedFile {
    /// Its name, unique in its message.
    pub filename: Box<str>,
    /// Its media type.
    pub content_type: Box<str>,
    /// How many bytes it has.
    pub size: usize,
    /// The text in it, if there is any.
    pub text: Option<Box<str>>,
    /// How the text was found, or why not.
    pub extraction_method: Box<str>,
}

impl Received {
    /// What is told of a message.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let mail = &message.mail;
        let attachments = mail.attachments.iter().map(|file| ReceivedFile {
            filename: file.filename.clone(),
            content_type: file.content_type.clone(),
            size: file.bytes.len(),
            text: file.text.clone(),
            extraction_method: file.extraction_method.clone(),
        });
        Self {
            message: message.id,
            inbox: message.inbox,
            thread: message.thread,
            message_id: Box::from(&*mail.message_id),
            from: mail.from.clone(),
            to: Box::from(&*message.to),
            cc: mail.cc.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            class: mail.class.clone(),
            attachments: attachments.collect(),
            at: message.created_at,
        }
    }

    /// What it holds in memory, beside what every event does.
    pub(super) fn bytes(&self) -> usize {
        let file = |file: &ReceivedFile| {
            let text = file.text.as_ref().map_or(0, |text| text.len());
            let names = file.filename.len() + file.content_type.len();
            size_of::<ReceivedFile>() + names + file.extraction_method.len() + text
        };
        let files: usize = self.attachments.iter().map(file).sum();
        let cc: usize = self.cc.iter().map(|address| address.len() + 16).sum();
        let names = self.message_id.len() + self.from.len() + self.to.len();
        let words = [&self.class.category, &self.class.verdict]
            .map(|word| word.as_ref().map_or(0, |it| it.len()));
        let texts = self.subject.len() + self.text.len() + words.iter().sum::<usize>();
        size_of::<Self>() + names + texts + cc + files
    }
}
