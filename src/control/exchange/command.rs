//! The command for a shell that repeats a recorded request, and what it cannot repeat.

use std::borrow::Cow;

use super::{Secrets, header};
use crate::api::world_of;
use crate::control::redaction::{REDACTED, names_a_secret, redacted, without_keys};
use crate::record::journal::{Exchange, Kept};

/// A command, and how it differs from the request that came.
pub(super) struct Repeat {
    pub command: String,
    /// None if it repeats the request, the key aside.
    pub differs: Option<String>,
}

impl Repeat {
    /// The command for an exchange at a URL without its secrets.
    pub fn of(
        exchange: &Exchange,
        url: &str,
        secrets: &Secrets<'_>,
        headers: &[(String, String)],
    ) -> Self {
        let (method, target) = exchange.first_line();
        Self {
            command: curl(method, url, secrets, headers, exchange.body()),
            differs: differs(exchange, secrets, target, headers),
        }
    }
}

/// What of the request the command lacks, as one sentence.
fn differs(
    exchange: &Exchange,
    secrets: &Secrets<'_>,
    target: &str,
    headers: &[(String, String)],
) -> Option<String> {
    let body = exchange.body();
    let mut lacks = Vec::new();
    if exchange.facts.body_is_missing {
        lacks.push("its body was not read to its end, and nothing of it is kept".to_owned());
    } else if body.is_cut() {
        let (kept, all) = (body.bytes.len(), body.length);
        lacks.push(format!(
            "of its body the first {kept} of {all} bytes are kept; save the whole as the file `body`"
        ));
    } else if shown(body, headers) != body.bytes {
        lacks.push(format!("secrets in its body are `{REDACTED}`"));
    }
    if secrets.redact_target(target) != target {
        lacks.push(format!("secrets in its URL are `{REDACTED}`"));
    }
    if header(headers, "upgrade").is_some() {
        lacks.push("it asked for another protocol, which curl does not speak".to_owned());
    }
    for (name, value) in headers {
        match name.as_str() {
            "cookie" | "proxy-authorization" => {
                lacks.push(format!("its header `{name}` is left out"))
            }
            "authorization" => {
                let scheme = value.split(' ').next().unwrap_or_default();
                if !scheme.eq_ignore_ascii_case("bearer") {
                    lacks.push("its header `authorization` was no `Bearer …`".to_owned());
                }
            }
            name if secrets.carries_key(name) => {
                lacks.push(format!("its header `{name}` is `$OPENMAIL_API_KEY`"));
            }
            name if names_a_secret(name) => {
                lacks.push(format!("its header `{name}` is `{REDACTED}`"));
            }
            _ => {}
        }
    }
    (!lacks.is_empty()).then(|| format!("not the request as it came: {}", lacks.join("; ")))
}

/// A command for a shell that repeats the request, with the key in the environment. What the
/// request held is data to the shell and to curl alike.
fn curl(
    method: &str,
    url: &str,
    secrets: &Secrets<'_>,
    headers: &[(String, String)],
    body: Kept<'_>,
) -> String {
    let method = match method {
        "HEAD" => "--head".to_owned(),
        method => format!("-X {}", quoted(method)),
    };
    let mut command = format!("curl --globoff --path-as-is {method} {}", quoted(url));
    for (name, value) in headers {
        match name.as_str() {
            "authorization" => match account_key(value) {
                // It says which world is meant, and is no secret.
                Some(key) => command.push_str(&format!(" -H 'Authorization: Bearer {key}'")),
                None => command.push_str(" -H \"Authorization: Bearer $OPENMAIL_API_KEY\""),
            },
            // curl writes these itself.
            "host" | "content-length" | "user-agent" | "accept" | "connection"
            | "accept-encoding" | "transfer-encoding" | "expect" => {}
            "cookie" | "proxy-authorization" => {}
            name if secrets.carries_key(name) => {
                command.push_str(&format!(" -H \"{name}: $OPENMAIL_API_KEY\""));
            }
            name if names_a_secret(name) => {
                command.push_str(&format!(" -H '{name}: {REDACTED}'"));
            }
            // With a colon behind it curl would send no such header.
            name if value.is_empty() => {
                command.push_str(&format!(" -H {}", quoted(&format!("{name};"))));
            }
            name => command.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}")))),
        }
    }
    let content_type = header(headers, "content-type");
    if content_type.is_none() && body.length > 0 {
        // Otherwise curl says of a body that it is a form.
        command.push_str(" -H 'content-type:'");
    }
    let bytes = shown(body, headers);
    match (&*bytes, pasted(&bytes)) {
        ([], _) => command,
        _ if body.is_cut() => format!(
            "{command} --data-binary @body # save the request's body as the file `body`; it is too long to be kept"
        ),
        (_, Some(text)) => format!("{command} --data-raw {}", quoted(text)),
        // A terminal takes a CR for the end of a command, and a command has no other bytes than text.
        (bytes, None) => format!(
            "printf -- {} | {command} --data-binary @-",
            quoted(&escaped(bytes))
        ),
    }
}

/// The account key of a world, if that is what came.
fn account_key(authorization: &str) -> Option<&str> {
    let (scheme, key) = authorization.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    world_of(key.trim())
        .filter(|_| is_bearer)
        .and(Some(key.trim()))
}

/// What is shown of a body.
fn shown(body: Kept<'_>, headers: &[(String, String)]) -> Vec<u8> {
    let bytes = redacted(body.bytes, header(headers, "content-type"));
    match std::str::from_utf8(&bytes).map(without_keys) {
        Ok(Cow::Owned(text)) => text.into_bytes(),
        Ok(Cow::Borrowed(_)) | Err(_) => bytes.into_owned(),
    }
}

/// A body that a terminal takes as it is.
fn pasted(bytes: &[u8]) -> Option<&str> {
    let is_strange = |character: char| character.is_control() && character != '\n';
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.contains(is_strange)).then_some(text)
}

/// Bytes as the format of a shell's `printf`, on one line.
fn escaped(bytes: &[u8]) -> String {
    let mut format = String::with_capacity(bytes.len() + bytes.len() / 8);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '%' => format.push_str("%%"),
                '\\' => format.push_str("\\\\"),
                '\r' => format.push_str("\\r"),
                '\n' => format.push_str("\\n"),
                control if control.is_control() => {
                    let mut bytes = [0; 4];
                    for byte in control.encode_utf8(&mut bytes).bytes() {
                        format.push_str(&format!("\\{byte:03o}"));
                    }
                }
                other => format.push(other),
            }
        }
        for byte in chunk.invalid() {
            format.push_str(&format!("\\{byte:03o}"));
        }
    }
    format
}

pub(in crate::control) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
