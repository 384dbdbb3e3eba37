//! What the pages of the control plane have in common: one style, one frame, and headers under
//! which a page loads nothing from anywhere and runs no script.
//!
//! Text reaches a page through `maud`, which escapes all that is not markup by its type.

use hyper::StatusCode;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::api::reply::Reply;

/// Colours, fonts and forms of all pages; dark or light as the reader's system is.
const STYLE: &str = include_str!("page.css");
/// A page is all that it says, and stands in nobody's frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// A page of that title. `style` stands behind the common one, and is ours: no text from outside
/// belongs there.
pub(super) fn page(status: StatusCode, title: &str, style: &'static str, body: &Markup) -> Reply {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · openmail-mock" }
                style { (PreEscaped(STYLE)) (PreEscaped(style)) }
            }
            body { (body) }
        }
    };
    Reply::bytes(status, "text/html; charset=utf-8", page.into_string())
        .with(CONTENT_SECURITY_POLICY, POLICY)
        .with(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
        .with(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
