//! Whole exchanges: whatever is asked of either plane, the answer keeps its contract and is no
//! failure of ours, and the state that is left can be exported.
//!
//! The input is up to eight requests as text, so that seeds are readable: `METHOD target`, header
//! lines, an empty line, the body; a line `====` stands between two.

use std::cell::RefCell;

use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode, Uri, Version};
use openmail_mock::api::call::{Body, Request};
use openmail_mock::api::spine::{self, Exchanged};
use openmail_mock::api::{Guard, Plane, Shared, built_in_contract};
use openmail_mock::control;
use openmail_mock::domain::webhooks::Reach;
use openmail_mock::push::Courier;
use tokio::runtime::{Builder, Runtime};

use super::world;

const URL: &str = "http://127.0.0.1:1";
const MOST: usize = 8;

/// Both planes and a runtime, whose time passes by itself: loading them takes long.
struct Bench {
    shared: Shared,
    control: Plane,
    runtime: Runtime,
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench::new());
}

/// Whether the input meant anything.
pub fn run(bytes: &[u8]) -> bool {
    BENCH.with_borrow_mut(|bench| {
        bench.renew();
        let parts = split(bytes, b"\n====\n");
        let mut requests = parts.into_iter().take(MOST).filter_map(request).peekable();
        let is_meant = requests.peek().is_some();
        for request in requests {
            let exchanged = bench.exchange(&request);
            hold(&request, &exchanged);
        }
        for name in bench.shared.app.names() {
            bench.shared.app.glance(&name, world::hold);
        }
        is_meant
    })
}

impl Bench {
    fn new() -> Self {
        let app = world::app();
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build();
        Self {
            shared: Shared {
                courier: Courier::new(app.tasks().clone(), URL, Reach::ThisMachine),
                app,
                api: Plane::api(built_in_contract().expect("no faults"), false),
                guard: Guard::default(),
                public_url: None,
                url: URL.to_owned(),
            },
            control: control::plane(),
            runtime: runtime.expect("a runtime"),
        }
    }

    /// Begins anew with worlds that are closing: nobody waits in them, and nothing leaves them.
    fn renew(&mut self) {
        let app = world::app();
        self.shared.courier = Courier::new(app.tasks().clone(), URL, Reach::ThisMachine);
        self.shared.app = app;
        spine::close(&self.shared);
    }

    fn exchange(&self, request: &Request) -> Exchanged {
        let is_control = request.uri.path().starts_with(control::PREFIX);
        let plane = match is_control {
            true => &self.control,
            false => &self.shared.api,
        };
        let exchange = spine::exchange(&self.shared, plane, request);
        self.runtime.block_on(exchange)
    }
}

fn hold(request: &Request, exchanged: &Exchanged) {
    let line = format!("{} {}", request.method, request.uri);
    assert!(exchanged.defect.is_none(), "{line}: {exchanged:?}");
    if exchanged.forced.is_none() {
        let status = exchanged.reply.status;
        assert!(status != StatusCode::INTERNAL_SERVER_ERROR, "{line}");
        if status.is_client_error() {
            let error = serde_json::from_slice::<serde_json::Value>(&exchanged.reply.body);
            let error = error.expect("an envelope");
            assert!(
                error["error"].is_string() && error["message"].is_string(),
                "{line}: {error}"
            );
        }
    }
}

/// A request; none if nothing of the kind could come over the wire.
fn request(bytes: &[u8]) -> Option<Request> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.lines();
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut headers: HeaderMap = lines.filter_map(header).collect();
    // Most inputs are about something else than whose key they lack.
    headers
        .entry("authorization")
        .or_insert(HeaderValue::from_static("Bearer om_test_w"));
    Some(Request {
        method: Method::from_bytes(method.as_bytes()).ok()?,
        uri: target.parse::<Uri>().ok()?,
        version: Version::HTTP_11,
        headers,
        body: Body::Whole(Bytes::copy_from_slice(&bytes[end + 2..])),
    })
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(": ")?;
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    Some((name, HeaderValue::from_str(value).ok()?))
}

fn split<'b>(mut bytes: &'b [u8], mark: &[u8]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = bytes.windows(mark.len()).position(|part| part == mark) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + mark.len()..];
    }
    parts.push(bytes);
    parts
}
