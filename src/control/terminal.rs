//! One exchange as text for a terminal: what was asked and answered, why, what it did, and the
//! command that repeats it.
//!
//! Clients write much of what stands here. No character of theirs moves a cursor, and none of their
//! lines passes for one of ours: what they wrote is put on one line and cut.

use serde_json::Value;

use super::effects::EffectsView;
use super::exchange::ExchangeView;
use super::explained::{Explanation, PlaceView};
use crate::domain::ids::Id;

/// How wide lines are made; a word that is longer stands on a line of its own.
const WIDTH: usize = 80;
/// So much of a text is shown where it is not the command.
const SHOWN: usize = 600;

/// The text of an exchange.
pub(super) fn text(view: &ExchangeView<'_>) -> String {
    let mut page = Page::default();
    let method = view.request["method"].as_str().unwrap_or_default();
    let path = view.request["path"].as_str().unwrap_or_default();
    let status = match view.answer["status"].as_u64() {
        Some(status) => status.to_string(),
        None => "no answer".to_owned(),
    };
    let error = view.error.map_or_else(String::new, |it| format!(" {it}"));
    page.line(&format!("{}  {method} {path} → {status}{error}", view.id));
    let at = view.at.map_or_else(String::new, |at| format!(", {at}"));
    let operation = view.operation.unwrap_or("no operation");
    page.line(&format!("{operation} in the world {}{at}", view.world));
    if let Some(explanation) = &view.explanation {
        explain(&mut page, explanation);
    }
    if view.explanation.is_none() && !view.fault.is_null() {
        struck(&mut page, &view.fault, view.world);
    }
    body(&mut page, "REQUEST BODY", &view.request);
    body(&mut page, "ANSWER", &view.answer);
    effects(&mut page, &view.effects);
    page.list(
        "UNREAD",
        view.unread.iter().map(|unread| {
            let near = unread.nearest.as_ref();
            let near = near.map_or_else(String::new, |near| format!(" — did you mean `{near}`?"));
            format!("`{}`{near}", unread.pointer)
        }),
    );
    page.title("REPEAT IT");
    if let Some(differs) = &view.curl_differs {
        // A shell takes it for a comment.
        page.wrapped("# ", "# ", differs);
    }
    let mut text = page.text;
    text.push_str(&view.curl);
    text.push('\n');
    harmless(&text)
}

fn explain(page: &mut Page, explanation: &Explanation) {
    page.gap();
    page.line(&explanation.summary);
    page.title("WHY");
    page.indented(&explanation.why);
    page.title("RULE");
    page.indented(&explanation.rule);
    let place = &explanation.spec;
    let PlaceView {
        line,
        column,
        pointer,
    } = place;
    page.indented(&format!("openapi.json:{line}:{column} {pointer}"));
    page.list(
        "BROKEN",
        explanation.broken.iter().map(|broken| {
            let place = match broken.pointer.as_str() {
                "" => broken.part.clone(),
                pointer => format!("{} `{pointer}`", broken.part),
            };
            let spec = &broken.spec;
            format!(
                "{place} {} (openapi.json:{}:{})",
                broken.says, spec.line, spec.column
            )
        }),
    );
    page.list(
        "WHAT DECIDED",
        explanation.state.iter().map(|deciding| {
            let see = deciding.see.as_ref();
            let see = see.map_or_else(String::new, |see| format!(" ({see})"));
            format!("{}: {}{see}", deciding.what, deciding.value)
        }),
    );
    page.list("WHAT TO DO", explanation.remedy.iter().cloned());
}

/// What a fault did to an exchange that was no failure.
fn struck(page: &mut Page, fault: &Value, world: &str) {
    page.title("FAULT");
    let did = match fault["drop"].as_str() {
        Some("before") => "nothing was done, and the connection was closed without an answer",
        Some("after") => "the work was done, and the connection was closed without an answer",
        Some("mid-body") => "nothing was done, and the answer broke off in its body",
        Some(_) | None => "the answer was held back or changed",
    };
    page.indented(&format!(
        "Fault {} of the world {world} was meant for this: {did}. GET /_mock/faults?world={world} lists the faults, and DELETE takes them away.",
        fault["index"]
    ));
}

fn body(page: &mut Page, title: &str, side: &Value) {
    let shown = match side.get("body") {
        Some(Value::String(text)) => text.clone(),
        Some(json) => json.to_string(),
        None if side["bodyBytes"] == 0 => return,
        None => format!("{} bytes that are no text", side["bodyBytes"]),
    };
    page.title(title);
    page.verbatim(&shown);
}

fn effects(page: &mut Page, effects: &EffectsView) {
    let rest = |count: u64| (count > 0).then(|| format!("and {count} more"));
    let changes = effects.changes.iter().map(|change| {
        let id = change
            .id
            .as_ref()
            .map_or_else(String::new, |id| format!(" {id}"));
        let fields = match change.fields.is_empty() {
            true => String::new(),
            false => format!(": {}", change.fields.join(", ")),
        };
        let direction = change
            .direction
            .map_or_else(String::new, |it| format!("{it} "));
        let inbox = of_inbox(change.inbox_id);
        format!(
            "{} {direction}{}{id}{inbox}{fields}",
            change.change, change.kind
        )
    });
    page.list("CHANGED", changes.chain(rest(effects.other_changes)));
    page.list(
        "LIMITS",
        effects.limits.iter().map(|limit| {
            let of = limit.of.map_or_else(String::new, |of| format!(" of {of}"));
            let resets = limit.resets_at;
            let resets = resets.map_or_else(String::new, |at| format!(", until {at}"));
            let counted = match limit.enforced || limit.of.is_none() {
                true => "",
                false => " (counted, not enforced)",
            };
            let whose = limit.id.map_or_else(String::new, |id| format!(" of {id}"));
            format!(
                "{}{whose}: {}{of} used, {} by this{resets}{counted}",
                limit.limit, limit.used, limit.taken
            )
        }),
    );
    let events = effects.events.iter().map(|event| {
        let deliveries = event.deliveries.iter();
        let deliveries: String = deliveries
            .map(|it| {
                let attempts = match it.attempts {
                    1 => "1 attempt".to_owned(),
                    attempts => format!("{attempts} attempts"),
                };
                format!("; delivery {} {}, {attempts}", it.id, it.status)
            })
            .collect();
        let way = match event.route {
            "none" => "told to nobody",
            route => route,
        };
        let inbox = of_inbox(event.inbox_id);
        format!("{} {}{inbox}: {way}{deliveries}", event.kind, event.id)
    });
    page.list("EVENTS", events.chain(rest(effects.other_events)));
}

fn of_inbox(inbox: Option<Id>) -> String {
    inbox.map_or_else(String::new, |id| format!(" in inbox {id}"))
}

/// Lines of text.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn gap(&mut self) {
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        self.gap();
        self.line(title);
    }

    fn line(&mut self, text: &str) {
        self.wrapped("", "", text);
    }

    fn indented(&mut self, text: &str) {
        self.wrapped("  ", "  ", text);
    }

    /// A text as it was sent, on one line: a terminal wraps it, and what is copied is whole.
    fn verbatim(&mut self, text: &str) {
        let text = text.replace('\r', "\\r").replace('\n', "\\n");
        self.text.push_str("  ");
        self.text.push_str(&one_line(&text));
        self.gap();
    }

    /// A title and its entries; nothing if there are none.
    fn list(&mut self, title: &str, entries: impl Iterator<Item = String>) {
        for (number, entry) in entries.enumerate() {
            if number == 0 {
                self.title(title);
            }
            self.wrapped("- ", "  ", &entry);
        }
    }

    /// A text between margins: words that fit beside each other stand beside each other.
    fn wrapped(&mut self, first: &str, further: &str, text: &str) {
        let text = one_line(text);
        let (mut margin, mut width) = (first, 0);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            for part in pieces(word) {
                let length = part.chars().count();
                if width > 0 && width + 1 + length > WIDTH {
                    self.gap();
                    width = 0;
                }
                match width {
                    0 => {
                        self.text.push_str(margin);
                        width = margin.len();
                        margin = further;
                    }
                    _ => {
                        self.text.push(' ');
                        width += 1;
                    }
                }
                self.text.push_str(part);
                width += length;
            }
        }
        self.gap();
    }
}

/// A word, or as many parts of it as it takes to fit a line.
fn pieces(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while let Some((end, _)) = rest.char_indices().nth(WIDTH - 4) {
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces.push(rest);
    pieces
}

/// A text without ends of lines, and no longer than somebody reads.
fn one_line(text: &str) -> String {
    let plain = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    let mut line: String = text.chars().take(SHOWN).map(plain).collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

/// A text that a terminal shows and does not obey: no control characters but ends of lines, and none
/// that turn the order of what is read around.
fn harmless(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' => '\n',
        control if control.is_control() => '\u{fffd}',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' => '\u{fffd}',
        '\u{2066}'..='\u{2069}' | '\u{061c}' | '\u{feff}' => '\u{fffd}',
        other => other,
    };
    text.chars().map(shown).collect()
}

/// Whether somebody would rather read text than JSON, as their header `Accept` says.
pub(super) fn is_wanted(accept: Option<&str>) -> bool {
    let quality = |wanted: &str| {
        let entries = accept.unwrap_or_default().split(',');
        let entries = entries.filter_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let is_it = parts.next()?.eq_ignore_ascii_case(wanted);
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            let quality = quality.map_or(Some(1.0), |quality| quality.parse::<f32>().ok());
            quality.filter(|_| is_it)
        });
        entries.fold(0.0, f32::max)
    };
    let text = quality("text/plain");
    text > 0.0 && text > quality("application/json")
}
