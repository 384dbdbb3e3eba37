//! `multipart/form-data` cut into its parts: slices of the body, with what their headers say.
//!
//! It knows the grammar (RFC 2046, RFC 7578) and how browsers and HTTP clients really write it,
//! and goes over the body once. It knows nothing of schemas or fields.

use percent_encoding::percent_decode_str;

/// A form may have so many parts.
const MAX_PARTS: usize = 1_000;
/// A part may have so many headers,
const MAX_HEADERS: usize = 16;
/// and each of them so many bytes.
const MAX_HEADER: usize = 8 * 1024;
/// RFC 2046 allows so many characters.
const MAX_BOUNDARY: usize = 70;

/// One part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::contract) struct Part<'b> {
    pub name: String,
    /// What its file is called; may be empty, which is how browsers say that none was chosen.
    pub filename: Option<String>,
    pub content_type: Option<&'b str>,
    pub bytes: &'b [u8],
}

/// The parts of a body in its order. After the first refusal nothing that comes has a meaning.
pub(in crate::contract) struct Parts<'b> {
    body: &'b [u8],
    /// The line break before a boundary belongs to it, and so do its two hyphens.
    mark: String,
    /// Where the line of the boundary ends that opens the next part.
    opening: Option<usize>,
    count: usize,
    /// Where the part begins that the end of the body cuts.
    cut: Option<usize>,
}

/// A parameter's name and text.
type Parameter = (String, String);

/// A line that is a boundary.
struct Delimiter {
    /// Where the line break before it stands.
    start: usize,
    /// Where the line break after it stands.
    end: usize,
    is_last: bool,
}

impl<'b> Parts<'b> {
    /// Finds the first line that is a boundary.
    ///
    /// # Errors
    ///
    /// There is none; a sentence that goes on after "the body".
    pub fn of(body: &'b [u8], boundary: &str) -> Result<Self, String> {
        let mut parts = Self {
            body,
            mark: format!("\r\n--{boundary}"),
            opening: None,
            count: 0,
            cut: None,
        };
        let Some(first) = parts.delimiter(0) else {
            let mut lines = body.split(|byte| *byte == b'\n');
            let hint = match lines.any(|line| line == &parts.mark.as_bytes()[2..]) {
                true => "; the lines of a form end in CR LF, those of this one in LF alone",
                false => "",
            };
            return Err(format!(
                "has no line `--{boundary}`, with the boundary of its Content-Type{hint}"
            ));
        };
        parts.opening = (!first.is_last).then_some(first.end);
        Ok(parts)
    }

    /// The next line that is a boundary; the line break before it may stand at `from`.
    fn delimiter(&self, from: usize) -> Option<Delimiter> {
        // Nothing need stand before the first one, not even a line break.
        if from == 0
            && let Some(first) = self.delimiter_at(0, &self.mark[2..])
        {
            return Some(first);
        }
        // No boundary has a CR in it, so that no byte is looked at more than twice.
        let mut at = from;
        while let Some(step) = self.body[at..].iter().position(|byte| *byte == b'\r') {
            at += step;
            if let Some(found) = self.delimiter_at(at, &self.mark) {
                return Some(found);
            }
            at += 1;
        }
        None
    }

    /// A text that goes on otherwise than with the end of the line is no boundary: files may hold
    /// the like.
    fn delimiter_at(&self, start: usize, mark: &str) -> Option<Delimiter> {
        let rest = self.body[start..].strip_prefix(mark.as_bytes())?;
        let (rest, is_last) = match rest.strip_prefix(b"--") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let is_padding = |byte: &&u8| matches!(byte, b' ' | b'\t');
        let rest = &rest[rest.iter().take_while(is_padding).count()..];
        let is_whole = match is_last {
            // What follows the last one is nobody's.
            true => matches!(rest.first(), None | Some(b'\r' | b'\n')),
            false => rest.starts_with(b"\r\n"),
        };
        is_whole.then(|| Delimiter {
            start,
            end: self.body.len() - rest.len(),
            is_last,
        })
    }

    /// The part at which reading ended because the body did, with the bytes that there are of it.
    pub fn cut_part(&self) -> Option<Part<'b>> {
        part(self.body.get(self.cut?..)?).ok()
    }

    fn unclosed(&self, start: usize) -> String {
        let rest = self.body.get(start..).unwrap_or_default();
        let name = part(rest).map(|part| format!(", `{}`", cut(&part.name)));
        format!(
            "ends at byte {}, in part {}{}, before the closing boundary `{}--`",
            self.body.len(),
            self.count,
            name.unwrap_or_default(),
            &self.mark[2..]
        )
    }
}

impl<'b> Iterator for Parts<'b> {
    type Item = Result<Part<'b>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let opening = self.opening.take()?;
        self.count += 1;
        if self.count > MAX_PARTS {
            return Some(Err("has more than 1,000 parts".to_owned()));
        }
        let start = opening + 2;
        let Some(next) = self.delimiter(opening) else {
            self.cut = Some(start);
            return Some(Err(self.unclosed(start)));
        };
        self.opening = (!next.is_last).then_some(next.end);
        // The line break after a boundary may be the one before the next.
        let content = self.body.get(start..next.start).unwrap_or_default();
        let number = self.count;
        Some(part(content).map_err(|why| format!("has a part {number} that {why}")))
    }
}

/// The boundary that a Content-Type names.
///
/// # Errors
///
/// Why there is none; a sentence that goes on after the header's name.
pub(in crate::contract) fn boundary(content_type: &str) -> Result<String, String> {
    let (_, parameters) = parameters(content_type)?;
    let mut all = parameters.into_iter();
    let named = all.find(|(name, _)| name == "boundary");
    let (_, boundary) = named.ok_or("lacks the `boundary` of the form's parts")?;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let is_short = (1..=MAX_BOUNDARY).contains(&boundary.len());
    match is_short && boundary.bytes().all(is_allowed) && !boundary.ends_with(' ') {
        true => Ok(boundary),
        false => Err(format!(
            "has the boundary `{}`; a boundary is 1 to {MAX_BOUNDARY} letters, digits and \
             characters of `'()+_,-./:=?`",
            cut(&boundary)
        )),
    }
}

/// Reads what stands between two boundaries; a refusal goes on after "a part that".
fn part(content: &[u8]) -> Result<Part<'_>, String> {
    let mut rest = content;
    let (mut disposition, mut content_type) = (None, None);
    let mut count = 0;
    // The headers may be all there is: then the last one's line break is followed by nothing.
    while !rest.is_empty() {
        if let Some(bytes) = rest.strip_prefix(b"\r\n") {
            rest = bytes;
            break;
        }
        count += 1;
        if count > MAX_HEADERS {
            return Err(format!("has more than {MAX_HEADERS} headers"));
        }
        let (name, value, after) = header(rest)?;
        rest = after;
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if disposition.is_some() => {
                return Err("has two Content-Dispositions".to_owned());
            }
            "content-disposition" => disposition = Some(value),
            "content-type" => content_type = Some(value),
            "content-transfer-encoding" => refuse_encoding(value)?,
            _ => {}
        }
    }
    let disposition = disposition.ok_or("has no Content-Disposition")?;
    let (kind, parameters) =
        parameters(disposition).map_err(|why| format!("has a Content-Disposition that {why}"))?;
    if !kind.eq_ignore_ascii_case("form-data") {
        let kind = cut(kind);
        return Err(format!("is said to be `{kind}`, and not `form-data`"));
    }
    Ok(Part {
        name: named(&parameters, "name")?.ok_or("has no name")?,
        filename: named(&parameters, "filename")?,
        content_type: content_type.filter(|text| !text.is_empty()),
        bytes: rest,
    })
}

/// The header at the start of a part, and what follows its line.
fn header(rest: &[u8]) -> Result<(&str, &str, &[u8]), String> {
    let window = &rest[..rest.len().min(MAX_HEADER + 2)];
    let end = window.windows(2).position(|pair| pair == b"\r\n");
    let Some(end) = end else {
        return Err(match window.len() > MAX_HEADER {
            true => format!("has a header of more than {MAX_HEADER} bytes"),
            false => {
                "has headers that no empty line ends; the lines of a form end in CR LF".to_owned()
            }
        });
    };
    let line = std::str::from_utf8(&rest[..end]);
    let line = line.map_err(|_| "has a header that is not UTF-8")?;
    if line.starts_with([' ', '\t']) {
        return Err("has a header that goes on in a second line; write it in one".to_owned());
    }
    // A tab is white space; all others could break whatever a value is written into later.
    if line.contains(|character: char| character.is_control() && character != '\t') {
        return Err("has a header with a control character".to_owned());
    }
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| format!("has the header line `{}`, without a colon", cut(line)))?;
    Ok((name.trim(), value.trim(), &rest[end + 2..]))
}

/// RFC 7578 does away with encodings of parts; what is not decoded must not be taken as it is.
fn refuse_encoding(value: &str) -> Result<(), String> {
    let is_plain = |known: &str| value.eq_ignore_ascii_case(known);
    match ["7bit", "8bit", "binary"].into_iter().any(is_plain) {
        true => Ok(()),
        false => Err(format!(
            "has the Content-Transfer-Encoding `{}`; send its bytes as they are",
            cut(value)
        )),
    }
}

/// A header's first word and its parameters, whose names are in lower case.
fn parameters(value: &str) -> Result<(&str, Vec<Parameter>), String> {
    let (kind, mut rest) = value.split_once(';').unwrap_or((value, ""));
    let mut parameters = Vec::new();
    while !rest.trim().is_empty() {
        let named = rest.split_once('=').filter(|(name, _)| !name.contains(';'));
        let Some((name, after)) = named else {
            let name = rest.split(';').next().unwrap_or_default().trim();
            return Err(format!("has the parameter `{}` without a value", cut(name)));
        };
        let name = name.trim().to_ascii_lowercase();
        let after = after.trim_start();
        let (text, tail) = match after.strip_prefix('"') {
            // Browsers write a backslash as it is, so a name may end in one.
            Some(text) => quoted(text, true)
                .or_else(|| quoted(text, false))
                .ok_or_else(|| format!("has a `{}` whose quotes do not end", cut(&name)))?,
            None => {
                let (token, tail) = after.split_once(';').unwrap_or((after, ""));
                (token.trim().to_owned(), tail)
            }
        };
        if parameters.iter().any(|(known, _)| *known == name) {
            return Err(format!("says `{}` twice", cut(&name)));
        }
        parameters.push((name, text));
        rest = tail;
    }
    Ok((kind.trim(), parameters))
}

/// The text up to the closing quotation mark, and what follows the next semicolon; none if
/// something else follows. Python and Go escape with backslashes what browsers, curl and Node
/// write as `%22`, `%0D` and `%0A`; none of these escapes `%` itself, so nothing else is decoded.
fn quoted(text: &str, has_escapes: bool) -> Option<(String, &str)> {
    let mut read = String::new();
    let mut rest = text;
    loop {
        let plain = rest.find(['"', '\\', '%'])?;
        read.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let (meant, length) = match rest.as_bytes() {
            [b'"', ..] => break,
            [b'\\', escaped @ (b'"' | b'\\'), ..] if has_escapes => (*escaped, 2),
            [b'%', b'2', b'2', ..] => (b'"', 3),
            [
                b'%',
                high @ (b'0' | b'1'),
                low @ (b'0'..=b'9' | b'A'..=b'F'),
                ..,
            ] => {
                let low = (*low as char).to_digit(16).unwrap_or_default() as u8;
                ((high - b'0') * 16 + low, 3)
            }
            [other, ..] => (*other, 1),
            [] => return None,
        };
        read.push(meant as char);
        rest = &rest[length..];
    }
    let tail = rest[1..].trim_start();
    match tail.is_empty() {
        true => Some((read, tail)),
        false => Some((read, tail.strip_prefix(';')?)),
    }
}

/// The parameter of that name; its extended form wins.
fn named(parameters: &[Parameter], name: &str) -> Result<Option<String>, String> {
    let find = |name: &str| parameters.iter().find(|(known, _)| known == name);
    match find(&format!("{name}*")) {
        Some((_, text)) => match extended(text) {
            Some(read) => Ok(Some(read)),
            None => Err(format!(
                "has the {name}* `{}`; write it as `UTF-8''…`, with escapes of valid UTF-8",
                cut(text)
            )),
        },
        None => Ok(find(name).map(|(_, text)| text.clone())),
    }
}

/// `charset'language'escapes` of RFC 5987, in the two character sets that it names.
fn extended(text: &str) -> Option<String> {
    let (charset, rest) = text.split_once('\'')?;
    let (_, escaped) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(escaped).collect();
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => None,
    }
}

/// A text as a sentence shows it.
fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
