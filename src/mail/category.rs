//! What kind of mail a message is, told by its header alone: by what programs that send mail say of
//! themselves. The service looks at more, and nobody knows at what.

/// A kind of mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Category {
    /// A person wrote it.
    #[default]
    Personal,
    /// A program did, on its own.
    Automated,
    /// It went to many, who can leave the list.
    Marketing,
    /// It tells of another mail that did not arrive.
    Bounce,
}

impl Category {
    /// The service's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Category::Personal => "personal",
            Category::Automated => "automated",
            Category::Marketing => "marketing",
            Category::Bounce => "bounce",
        }
    }

    /// The kind of a mail with this sender and these fields, which are found by their name in lower
    /// case. What reports a failure is no list's, and what can be left is one.
    #[must_use]
    pub fn of<T: AsRef<str>>(from: &str, field: impl Fn(&str) -> Option<T>) -> Self {
        let (mailbox, _) = from.rsplit_once('@').unwrap_or((from, ""));
        let has = |name: &str| field(name).is_some();
        let says = |name: &str, words: &[&str]| {
            let value = field(name);
            // What follows a semicolon are parameters.
            let word = value.as_ref().and_then(|it| it.as_ref().split(';').next());
            word.is_some_and(|word| words.iter().any(|it| word.trim().eq_ignore_ascii_case(it)))
        };
        let content_type = field("content-type");
        let is_report = content_type.is_some_and(|value| {
            let value = value.as_ref().to_ascii_lowercase();
            let value = value.trim_start();
            value.starts_with("multipart/report") && value.contains("delivery-status")
        });
        if is_report || mailbox.eq_ignore_ascii_case("mailer-daemon") {
            return Category::Bounce;
        }
        if has("list-unsubscribe") {
            return Category::Marketing;
        }
        let is_automatic = has("auto-submitted") && !says("auto-submitted", &["no"]);
        let is_bulk = says("precedence", &["bulk", "list", "junk"]);
        match is_automatic || is_bulk || LIST_FIELDS.iter().any(|name| has(name)) {
            true => Category::Automated,
            false => Category::Personal,
        }
    }
}

/// What mailing lists write (RFC 2369, RFC 2919), the way to leave them aside.
const LIST_FIELDS: [&str; 6] = [
    "list-id",
    "list-post",
    "list-help",
    "list-subscribe",
    "list-owner",
    "list-archive",
];
