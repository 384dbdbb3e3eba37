//! The JSON of frames (OpenMail docs, WebSockets): what clients may say, and what they are told.
//!
//! What clients say is held against schemas by the engine that checks requests, so a misspelt
//! field, which would silently mean "all", is refused in the same words.

use std::sync::LazyLock;

use serde::Serialize;

use crate::contract::{Format, Item, Tape, nearest};
use crate::domain::events::Kind;
use crate::domain::ids::Id;

static FORMAT: LazyLock<Format> = LazyLock::new(|| {
    Format::load_built_in(include_str!("frames.json"))
        .expect("a test loads the schemas of clients' frames")
});
/// What clients may say, which is also the name of its schema.
const TYPES: [&str; 3] = ["subscribe", "unsubscribe", "ping"];
/// Of what a client wrote, an error repeats this many characters.
const SHOWN: usize = 100;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClientFrame {
    Subscribe(Wish),
    Unsubscribe(Vec<String>),
    Ping,
}

/// What a client wants to hear of; nothing named means all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    pub inboxes: Vec<String>,
    pub kinds: Vec<Kind>,
    pub last_event: Option<String>,
}

/// What a client is told, but for events, which have no type.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum ServerFrame<'f> {
    Subscribed {
        inbox_ids: &'f [Id],
        event_types: Vec<&'static str>,
    },
    Unsubscribed {
        inbox_ids: &'f [Id],
    },
    Pong,
    Error {
        message: &'f str,
    },
}

impl ServerFrame<'_> {
    /// Its text.
    ///
    /// # Panics
    ///
    /// Never: frames hold nothing that JSON cannot say.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("frames have string keys and no numbers")
    }
}

/// Reads what a client says; if it may not say that, why.
pub(super) fn read(text: &str) -> Result<ClientFrame, String> {
    let tape = Tape::read(text.as_bytes()).map_err(|error| {
        format!(
            "this frame is no JSON: {error}; send one object such as {{\"type\":\"subscribe\"}}"
        )
    })?;
    let frame = tape.root();
    let said = frame.get("type").and_then(|said| said.as_str());
    let Some(said) = said else {
        return Err(format!(
            "a frame is an object with the text field `type`, which says what you want: {}",
            listed()
        ));
    };
    let Some(schema) = TYPES.into_iter().find(|known| *known == said) else {
        let near = nearest(said, TYPES).map(|near| format!("; did you mean `{near}`?"));
        return Err(format!(
            "`type` is `{}`, but clients may send {}{}",
            shown(said),
            listed(),
            near.unwrap_or_default()
        ));
    };
    if let Some(first) = FORMAT.check(schema, frame, 1).violations.into_iter().next() {
        return Err(format!(
            "this `{schema}` changes nothing: {}",
            first.message
        ));
    }
    Ok(match schema {
        "subscribe" => ClientFrame::Subscribe(Wish {
            inboxes: texts(frame, "inbox_ids"),
            kinds: kinds(frame),
            last_event: texts(frame, "last_event_id").pop(),
        }),
        "unsubscribe" => ClientFrame::Unsubscribe(texts(frame, "inbox_ids")),
        _ => ClientFrame::Ping,
    })
}

fn listed() -> String {
    TYPES.map(|name| format!("`{name}`")).join(", ")
}

/// The texts of a field that holds one or several; none if it is absent or null.
fn texts(frame: Item<'_>, name: &str) -> Vec<String> {
    let field = frame.get(name).map(|field| field.texts());
    let texts = field.unwrap_or_default().into_iter();
    texts.map(str::to_owned).collect()
}

/// The kinds that are named, in their own order and each once: equal wishes look equal.
fn kinds(frame: Item<'_>) -> Vec<Kind> {
    let named = texts(frame, "event_types");
    let is_named = |kind: &Kind| named.iter().any(|name| name == kind.word());
    Kind::ALL.into_iter().filter(is_named).collect()
}

/// What a client wrote, short enough to repeat.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Whether the schemas are sound and compile; a test asks.
///
/// # Errors
///
/// What is wrong with them.
pub fn check_schemas() -> Result<(), Vec<crate::contract::Fault>> {
    FORMAT.compile_all()
}
