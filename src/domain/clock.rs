//! Instants, durations and the world's clock. The only file that reads the real clock.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::fmt::temporal::DateTimePrinter;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, from the year 0000 to the end of the
/// calendar that jiff knows, which is a day short of the year 10000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const EARLIEST: i64 = -62_167_219_200_000;
const LATEST: i64 = 253_402_207_200_000;

impl Timestamp {
    /// 9999-12-30T22:00:00.000Z.
    pub const MAX: Self = Self(LATEST);
    /// 0000-01-01T00:00:00.000Z.
    pub const MIN: Self = Self(EARLIEST);

    /// Milliseconds since 1970 as an instant, if the calendar has it.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        (EARLIEST..=LATEST)
            .contains(&millis)
            .then_some(Self(millis))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 date and time; digits beyond milliseconds are cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // jiff takes more than RFC 3339 does, such as a date alone.
        let is_dated = text.len() >= 20 && matches!(text.as_bytes().get(10), Some(b'T' | b't'));
        let instant: jiff::Timestamp = text.parse().ok().filter(|_| is_dated)?;
        Self::from_millis(instant.as_millisecond())
    }

    /// The instant that much later, if the calendar reaches so far.
    #[must_use]
    pub fn after(self, millis: i64) -> Option<Self> {
        self.0.checked_add(millis).and_then(Self::from_millis)
    }
}

impl Timestamp {
    /// RFC 3339 in UTC with milliseconds and `Z`.
    fn text(self) -> String {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        let mut text = String::with_capacity("2026-01-15T09:30:00.000Z".len());
        let instant = jiff::Timestamp::from_millisecond(self.0);
        let instant = instant.expect("every instant between the bounds above is one of jiff's");
        // A string takes whatever is written.
        let _ = PRINTER.print_timestamp(&instant, &mut text);
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text())
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

/// A day of the calendar in UTC: limits of a day begin again with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    const MILLIS: i64 = 24 * 60 * 60 * 1_000;

    /// The day on which an instant lies; midnight lies on the day that it begins.
    #[must_use]
    pub fn of(instant: Timestamp) -> Self {
        Self(instant.0.div_euclid(Self::MILLIS))
    }

    /// Reads a date such as 2026-01-15.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let midnight = Timestamp::parse(&format!("{text}T00:00:00Z"))?;
        Some(Self::of(midnight))
    }

    /// The midnight at which the next day begins, or the end of the calendar.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp::from_millis((self.0 + 1) * Self::MILLIS).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every day but the last ends within the calendar; every one begins there.
        let midnight = Timestamp(self.0 * Self::MILLIS).text();
        formatter.write_str(midnight.split('T').next().unwrap_or_default())
    }
}

/// Units of durations and their milliseconds, the largest first.
const UNITS: [(&str, i64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration such as `24h1s`: one or more `<integer>(ms|s|m|h|d)` in a row; milliseconds.
///
/// None for any other text, and for a duration that no clock could be moved by.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        // From the back: `ms` begins like `m`.
        let mut units = UNITS.iter().rev();
        let (unit, millis) = units.find(|(unit, _)| rest.starts_with(unit))?;
        total = total.checked_add(count.checked_mul(*millis)?)?;
        rest = &rest[unit.len()..];
    }
    (!text.is_empty()).then_some(total)
}

/// Reads a duration with a sign, such as `-3d` or `+24h`; milliseconds.
#[must_use]
pub fn parse_offset(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(back) => parse_duration(back).map(|millis| -millis),
        None => parse_duration(text.strip_prefix('+')?),
    }
}

/// The spelling of an offset that [`parse_offset`] reads, in the largest units that fit.
#[must_use]
pub fn offset_text(millis: i64) -> String {
    let mut text = String::from(if millis < 0 { "-" } else { "+" });
    let mut rest = millis.unsigned_abs();
    for (unit, size) in UNITS {
        let size = size.unsigned_abs();
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if text.len() == 1 {
        text.push_str("0s");
    }
    text
}

/// What the real clock says.
#[must_use]
#[allow(clippy::disallowed_methods)] // This is the clock's file.
pub fn real_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(LATEST)
    });
    Timestamp(millis.min(LATEST))
}

/// A world's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// It runs with the real clock, that many milliseconds ahead of it (behind, if negative).
    Real {
        /// Milliseconds ahead of the real clock.
        ahead: i64,
    },
    /// It stands.
    Frozen {
        /// Where it stands.
        at: Timestamp,
    },
}

/// How a clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// With the real clock.
    Real,
    /// Not at all.
    Frozen,
}

impl Mode {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Mode::Real => "real",
            Mode::Frozen => "frozen",
        }
    }
}

impl Clock {
    /// What this clock shows when the real one shows `real`.
    #[must_use]
    pub fn reading(self, real: Timestamp) -> Timestamp {
        match self {
            // Past the calendar's ends it stands there.
            Clock::Real { ahead } => real.after(ahead).unwrap_or(match ahead {
                ..0 => Timestamp::MIN,
                0.. => Timestamp::MAX,
            }),
            Clock::Frozen { at } => at,
        }
    }

    /// A clock that shows `at` now and goes on in `mode`.
    #[must_use]
    pub fn showing(at: Timestamp, mode: Mode, real: Timestamp) -> Self {
        match mode {
            Mode::Real => Clock::Real {
                ahead: at.0 - real.0,
            },
            Mode::Frozen => Clock::Frozen { at },
        }
    }

    /// How it goes.
    #[must_use]
    pub fn mode(self) -> Mode {
        match self {
            Clock::Real { .. } => Mode::Real,
            Clock::Frozen { .. } => Mode::Frozen,
        }
    }
}
