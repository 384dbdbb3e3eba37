//! Faults of deliveries, judged when they are written.

use serde_json::{Map, Value};

use super::{Judge, hint, text, under};
use crate::contract::nearest;
use crate::domain::deliveries::OFFSETS;
use crate::record::faults::Fault;
use crate::record::tampering::{Corruption, Tampering};

impl Judge<'_> {
    /// A fault of attempts to deliver: which of them, and what a receiver gets.
    pub(super) fn delivery_fault(&mut self, written: &Value) -> Option<Fault> {
        for name in ["operation", "error", "headers", "delayMs", "drop"] {
            if written.get(name).is_some() {
                let words = format!("`{name}` is about requests: leave it out, or `on`");
                self.say(&under("", name), words);
            }
        }
        let when = written.get("when").and_then(Value::as_object);
        let known = ["event", "inbox", "attempt"];
        for name in when.into_iter().flat_map(Map::keys) {
            if !known.contains(&name.as_str()) {
                let near = hint(nearest(name, known));
                self.say(
                    &under("/when", name),
                    format!("a delivery has no `{name}`{near}"),
                );
            }
        }
        let pattern = |name: &str| Some(text(when?.get(name)?));
        let corrupt = written.get("corrupt").and_then(Value::as_str);
        let tampering = Tampering {
            event: pattern("event"),
            inbox: pattern("inbox"),
            attempt: when.and_then(|when| when.get("attempt")?.as_u64()),
            corruption: Corruption::ALL
                .into_iter()
                .find(|it| corrupt == Some(it.word())),
            duplicate: written.get("duplicate") == Some(&Value::Bool(true)),
        };
        let status = written.get("status").and_then(Value::as_u64);
        let is_sent = tampering.corruption.is_some() || tampering.duplicate;
        match (status, is_sent) {
            (None, false) => {
                let words = "nothing would go wrong: give `status`, `corrupt` or `duplicate`";
                self.say("", words.to_owned());
            }
            (Some(_), true) => {
                let words = "with `status` nothing is sent, so nothing can be corrupt or doubled";
                self.say("/status", words.to_owned());
            }
            (Some(status @ 100..=299), false) => {
                let words = format!(
                    "{status} fails no attempt: give 300 to 599; to keep events back, hold deliveries"
                );
                self.say("/status", words);
            }
            (None, true) | (Some(_), false) => {}
        }
        let most = OFFSETS.len();
        let is_made = |number: u64| usize::try_from(number).is_ok_and(|number| number <= most);
        if let Some(number) = tampering.attempt.filter(|number| !is_made(*number)) {
            let words = format!(
                "no attempt {number} falls due, there are {most}; leave `attempt` out to strike a redelivery beyond those"
            );
            self.say("/when/attempt", words);
        }
        Some(Fault {
            delivery: Some(tampering),
            status: status.and_then(|status| u16::try_from(status).ok()),
            times: written.get("times").and_then(Value::as_u64),
            written: written.to_string(),
            ..Fault::default()
        })
    }
}
