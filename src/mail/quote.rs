//! Replies: what stands under the answer, and what its subject is.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::markup::html_of_text;

/// The previous message under an answer: `On Mon, 2 Nov 2026 at 09:05, Ada <ada@example.com>
/// wrote:` (UTC) and each line of its text after `> `. No line break stands at the end.
#[must_use]
pub fn quote(sender: &str, date_millis: i64, text: &str) -> String {
    let mut quote = attribution(sender, date_millis);
    for line in text.lines() {
        quote.push_str("\n> ");
        quote.push_str(line);
    }
    quote
}

/// The same as HTML: the text in a `<blockquote>`, as mail programs write and fold it away. It is
/// made of the text even if the previous message had HTML, whose styles and scripts would become
/// those of the answer.
#[must_use]
pub fn html_quote(sender: &str, date_millis: i64, text: &str) -> String {
    let attribution = html_of_text(&attribution(sender, date_millis));
    let text = html_of_text(text);
    format!("{attribution}<blockquote>\n{text}</blockquote>\n")
}

/// Who wrote what follows, and when.
fn attribution(sender: &str, date_millis: i64) -> String {
    let instant = Timestamp::from_millisecond(date_millis).unwrap_or(match date_millis < 0 {
        true => Timestamp::MIN,
        false => Timestamp::MAX,
    });
    let instant = instant.to_zoned(TimeZone::UTC);
    let instant = instant.strftime("%a, %-d %b %Y at %H:%M");
    format!("On {instant}, {sender} wrote:")
}

/// The subject of an answer: `Re: ` before it, unless it stands there in some case already.
#[must_use]
pub fn reply_subject(subject: &str) -> String {
    let subject = subject.trim();
    match subject.get(..3) {
        Some(start) if start.eq_ignore_ascii_case("re:") => subject.to_owned(),
        _ => format!("Re: {subject}").trim_end().to_owned(),
    }
}
