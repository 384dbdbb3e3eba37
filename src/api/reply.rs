//! An answer, complete and not yet on the wire.

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;

use super::json;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, without those that HTTP itself adds.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Reply {
    /// An answer with a JSON body.
    ///
    /// # Panics
    ///
    /// Never for our views: they hold nothing that JSON cannot say.
    #[must_use]
    pub fn json(status: StatusCode, view: &impl Serialize) -> Self {
        // Most answers fit, so that the body is not moved while it grows.
        Self::json_of_about(1_024, status, view)
    }

    /// The same, of a body that will have about so many bytes.
    ///
    /// # Panics
    ///
    /// As [`Reply::json`].
    #[must_use]
    pub fn json_of_about(length: usize, status: StatusCode, view: &impl Serialize) -> Self {
        let mut body = Vec::with_capacity(length);
        json::append(&mut body, view).expect("views have string keys");
        Self::bytes(status, "application/json", body)
    }

    /// An answer with a body of any media type.
    #[must_use]
    pub fn bytes(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        let content_type = match content_type {
            "application/json" => HeaderValue::from_static("application/json"),
            other => HeaderValue::from_str(other)
                .unwrap_or(HeaderValue::from_static("application/octet-stream")),
        };
        headers.insert(CONTENT_TYPE, content_type);
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// 204, without a body.
    #[must_use]
    pub fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
