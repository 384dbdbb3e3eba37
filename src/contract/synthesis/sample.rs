//! Small numbers and texts that keep the rules of a flat schema.
//!
//! `nth` asks for different values where items must differ; 0 is the plainest.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Number, Value};

/// No text grows longer than this, whatever a pattern or `minLength` asks for.
const MAX_TEXT: usize = 100_000;

/// A number near 0 within the schema's bounds.
pub(in crate::contract) fn number(schema: &Map<String, Value>, whole: bool, nth: usize) -> Value {
    let is_whole = |name: &str| {
        let value = schema.get(name).and_then(Value::as_f64);
        value.is_none_or(|value| value.fract() == 0.0)
    };
    if whole || (is_whole("minimum") && is_whole("maximum") && is_whole("multipleOf")) {
        let made = whole_number(schema, nth);
        let keeps = |value: &Value| within(schema, value.as_f64().unwrap_or(0.0));
        if whole || keeps(&made) {
            return made;
        }
    }
    fraction(schema, nth)
}

fn within(schema: &Map<String, Value>, value: f64) -> bool {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let is_exclusive = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let above = bound("minimum")
        .is_none_or(|least| value > least || (value == least && !is_exclusive("exclusiveMinimum")));
    let below = bound("maximum")
        .is_none_or(|most| value < most || (value == most && !is_exclusive("exclusiveMaximum")));
    above && below
}

/// Whole numbers are reckoned without fractions, which lose digits past 2^53.
fn whole_number(schema: &Map<String, Value>, nth: usize) -> Value {
    let exact = |name: &str, round: fn(f64) -> f64| {
        let value = schema.get(name)?;
        let whole = value.as_i64().map(i128::from);
        let whole = whole.or_else(|| value.as_u64().map(i128::from));
        // `as` saturates; a bound beyond is as good as none.
        whole.or_else(|| Some(round(value.as_f64()?) as i128))
    };
    let is_whole = |name: &str| {
        let value = schema.get(name).and_then(Value::as_f64);
        value.is_some_and(|value| value.fract() == 0.0)
    };
    let beyond = |flag: &str, bound: &str| {
        i128::from(schema.get(flag) == Some(&Value::Bool(true)) && is_whole(bound))
    };
    let least = exact("minimum", f64::ceil).map(|n| n + beyond("exclusiveMinimum", "minimum"));
    let most = exact("maximum", f64::floor).map(|n| n - beyond("exclusiveMaximum", "maximum"));
    let step = exact("multipleOf", f64::ceil).filter(|step| *step > 0);
    let step = step.unwrap_or(1);
    let nearest = match (least, most) {
        (Some(least), _) if least > 0 => least,
        (_, Some(most)) if most < 0 => most,
        (Some(_) | None, Some(_) | None) => 0,
    };
    // Towards the bound that keeps it from 0 no multiple is allowed.
    let aligned = match nearest {
        nearest if nearest > 0 => nearest + (step - nearest % step) % step,
        nearest => nearest - (step + nearest % step) % step,
    };
    let nth = nth as i128 * step;
    let up = aligned + nth;
    let value = match most {
        Some(most) if up > most => aligned - nth,
        Some(_) | None => up,
    };
    let small = i64::try_from(value).map(Value::from);
    small.unwrap_or_else(|_| u64::try_from(value).map_or(Value::Null, Value::from))
}

fn fraction(schema: &Map<String, Value>, nth: usize) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let (least, most) = (bound("minimum"), bound("maximum"));
    let low = least.unwrap_or(most.map_or(0.0, |most| most - 1.0));
    let high = most.unwrap_or(low + 1.0);
    let part = 1.0 / (nth as f64 + 2.0);
    let candidates = [low, high, low + (high - low) * part];
    let stepped = bound("multipleOf").filter(|step| *step > 0.0).map(|step| {
        // A multiple is rounded to what its decimal digits mean.
        let multiple = ((low / step).ceil() + nth as f64) * step;
        (multiple * 1e9).round() / 1e9
    });
    let skipped = if nth > 0 { 2 } else { 0 };
    let mut candidates = stepped
        .into_iter()
        .chain(candidates.into_iter().skip(skipped));
    let chosen = candidates.find(|value| within(schema, *value));
    Number::from_f64(chosen.unwrap_or(low)).map_or(Value::Null, Value::Number)
}

/// A text of the schema's pattern or format, long enough.
pub(in crate::contract) fn text(schema: &Map<String, Value>, nth: usize) -> Option<String> {
    let length = |name: &str| schema.get(name).and_then(Value::as_u64);
    let least = length("minLength").unwrap_or(0).min(MAX_TEXT as u64) as usize;
    let format = schema.get("format").and_then(Value::as_str);
    let mut text = match schema.get("pattern").and_then(Value::as_str) {
        Some(pattern) => matching(&regex_syntax::parse(pattern).ok()?, least, nth),
        None => of_format(format.unwrap_or_default(), least, nth),
    };
    let missing = least.saturating_sub(text.chars().count());
    text.extend(std::iter::repeat_n('a', missing));
    if let Some(most) = length("maxLength") {
        text = text.chars().take(most as usize).collect();
    }
    Some(text)
}

fn of_format(format: &str, least: usize, nth: usize) -> String {
    // What is missing goes where the format has room for it.
    let room = |sample: &str| "a".repeat(least.saturating_sub(sample.len()));
    match format {
        "date-time" => format!("2026-01-01T00:00:00.{:03}Z", nth % 1_000),
        "date" => format!("2026-01-{:02}", nth % 31 + 1),
        "time" => format!("00:00:{:02}Z", nth % 60),
        "email" => match nth {
            0 => format!("user@{}example.com", labels(least.saturating_sub(16))),
            nth => format!("user{nth}@{}example.com", labels(least.saturating_sub(16))),
        },
        "uri" => format!(
            "https://example.com/{}{}",
            variation(nth),
            room("https://example.com/")
        ),
        "uri-reference" => format!("/example{}{}", variation(nth), room("/example")),
        "uuid" => format!("00000000-0000-4000-8000-{nth:012x}"),
        "hostname" => match nth {
            0 => format!("{}example.com", labels(least.saturating_sub(11))),
            nth => format!("n{nth}.{}example.com", labels(least.saturating_sub(11))),
        },
        "ipv4" => format!("192.0.2.{}", nth % 254 + 1),
        "ipv6" => format!("2001:db8::{:x}", nth % 0xffff + 1),
        "byte" => match (nth, least) {
            (0, 0) => String::new(),
            (nth, least) => "AAAA".repeat(least.div_ceil(4).max(nth)),
        },
        _ => variation(nth),
    }
}

fn variation(nth: usize) -> String {
    match nth {
        0 => String::new(),
        nth => nth.to_string(),
    }
}

/// Labels of a host name, with their dots, of so many characters or one more.
fn labels(length: usize) -> String {
    let mut text = "a.".repeat(length % 40 / 2 + length % 2);
    text.push_str(&format!("{}.", "a".repeat(39)).repeat(length / 40));
    text
}

/// A match of at least that length, if repetitions in the pattern allow it.
fn matching(hir: &Hir, least: usize, nth: usize) -> String {
    let write = |spare: usize| {
        let mut writing = Writing {
            text: String::new(),
            spare,
            nth,
        };
        writing.write(hir);
        writing.text
    };
    let shortest = write(0);
    match least.saturating_sub(shortest.chars().count()) {
        0 => shortest,
        spare => write(spare),
    }
}

struct Writing {
    text: String,
    /// Characters that are missing, for the first repetition that can take them.
    spare: usize,
    nth: usize,
}

impl Writing {
    /// Writes a match, bounded so that a repetition in a repetition does not explode.
    fn write(&mut self, hir: &Hir) {
        if self.text.len() > MAX_TEXT {
            return;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(Class::Unicode(class)) => {
                let ranges = class.ranges().iter();
                let ranges = ranges.map(|range| (range.start(), range.end()));
                self.text.extend(pick(ranges, self.nth));
            }
            HirKind::Class(Class::Bytes(class)) => {
                let ranges = class.ranges().iter();
                let ranges =
                    ranges.map(|range| (char::from(range.start()), char::from(range.end())));
                self.text.extend(pick(ranges, self.nth));
            }
            HirKind::Repetition(repetition) => {
                let least = repetition.min.min(10_000) as usize;
                let most = repetition.max.map_or(MAX_TEXT, |most| most as usize);
                let length = repetition
                    .sub
                    .properties()
                    .minimum_len()
                    .unwrap_or(1)
                    .max(1);
                let more = self.spare.div_ceil(length).min(most.saturating_sub(least));
                self.spare = self.spare.saturating_sub(more * length);
                for _ in 0..least + more {
                    self.write(&repetition.sub);
                }
            }
            HirKind::Capture(capture) => self.write(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.write(part)),
            HirKind::Alternation(branches) => {
                if let Some(branch) = branches.get(self.nth % branches.len().max(1)) {
                    self.write(branch);
                }
            }
        }
    }
}

/// A character that reads well, if the class has one.
fn pick(ranges: impl Iterator<Item = (char, char)> + Clone, nth: usize) -> Option<char> {
    let holds = |wanted: char| {
        let mut ranges = ranges.clone();
        ranges.any(|(low, high)| (low..=high).contains(&wanted))
    };
    let readable = ('a'..='z').chain('A'..='Z').chain('0'..='9');
    let readable: Vec<char> = readable.chain(['-', ' ']).filter(|c| holds(*c)).collect();
    let chosen = readable.get(nth % readable.len().max(1)).copied();
    chosen.or_else(|| ranges.clone().next().map(|(low, _)| low))
}
