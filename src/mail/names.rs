//! Names by which the attachments of a message are listed and addressed.

use std::collections::{HashMap, HashSet};

/// Longest name in bytes, as file systems have it.
const MAX_NAME: usize = 255;
/// Longest ending that a name keeps when it is cut.
const MAX_ENDING: usize = 16;

/// One name for each attachment, in order, no two alike. Separators of paths and controls become
/// `_`, a missing name is `attachment`, the second and later of equal names are `name (2).ext`
/// and so on. Case counts, as it does in paths of URLs.
#[must_use]
pub fn unique_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut next: HashMap<String, usize> = HashMap::new();
    let unique = |name: &str| {
        let name = usable(name);
        let mut unique = name.clone();
        // Numbers go on where they stopped, or many equal names would cost their square.
        let number = next.entry(name.clone()).or_insert(2);
        while !taken.insert(unique.clone()) {
            unique = numbered(&name, *number);
            *number += 1;
        }
        unique
    };
    names.into_iter().map(unique).collect()
}

fn usable(name: &str) -> String {
    let is_unusable = |c: char| {
        c.is_control()
            || matches!(
                c,
                '/' | '\\' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
            )
    };
    let name = name.trim().replace(is_unusable, "_");
    match name.as_str() {
        "" | "." | ".." => "attachment".to_owned(),
        _ => with_room(&name, 0),
    }
}

fn numbered(name: &str, number: usize) -> String {
    let mark = format!(" ({number})");
    let name = with_room(name, mark.len());
    let (stem, ending) = halves(&name);
    format!("{stem}{mark}{ending}")
}

/// The name, its stem cut so that this many bytes more fit.
fn with_room(name: &str, room: usize) -> String {
    if name.len() + room <= MAX_NAME {
        return name.to_owned();
    }
    let (stem, ending) = match halves(name) {
        (stem, ending) if ending.len() <= MAX_ENDING => (stem, ending),
        _ => (name, ""),
    };
    let mut end = stem.len().min(MAX_NAME - room - ending.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &stem[..end])
}

/// The name before its ending, and the ending with its full stop.
fn halves(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    }
}

/// The media type that the ending of a name stands for.
#[must_use]
pub fn content_type_of(filename: &str) -> &'static str {
    let (_, ending) = filename.rsplit_once('.').unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "txt" | "log" | "md" => "text/plain",
        "csv" => "text/csv",
        "tsv" => "text/tab-separated-values",
        "html" | "htm" => "text/html",
        "xml" => "text/xml",
        "yaml" | "yml" => "text/yaml",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "eml" => "message/rfc822",
        "zip" => "application/zip",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        _ => "application/octet-stream",
    }
}
