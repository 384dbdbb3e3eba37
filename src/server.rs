//! Sockets: accept, bound, hand to the spine, stop gracefully.
//!
//! What a request means is decided elsewhere; this room decides how much of it is read, how long
//! that may take, and which plane it belongs to.

mod body;
mod log;
mod port_file;
mod torn;
mod wire;

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{SocketAddr, TcpListener};
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::api::call::Request;
use crate::api::failures::Failure;
use crate::api::faults::{Cut, Forced};
use crate::api::reply::Reply;
use crate::api::spine::{self, Exchanged};
use crate::api::{Plane, Shared};
use crate::control;
use crate::push::sockets::{self, Admission};
pub use body::{Bodies, MAX_HELD};
pub use log::{Log, LogFormat};
pub use port_file::PortFile;
use torn::{Sent, unanswered};
use wire::{Peer, Wire};

/// The request line and the headers.
const MAX_HEAD: usize = 64 * 1024;
/// hyper's own bound.
const MAX_HEADERS: usize = 100;
/// Clients that connected and wait to be accepted; systems have a bound of their own.
#[cfg(unix)]
const MAX_QUEUED: i32 = 4_096;
/// Until the head has come; it also ends idle keep-alive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);
/// Running exchanges get this long to end when the server stops.
const DRAIN: Duration = Duration::from_secs(2);
/// Of a path, the log repeats this many characters.
const MAX_TOLD_PATH: usize = 500;

/// Everything that answers requests.
pub struct Service {
    /// What all calls share, with the API's plane.
    pub shared: Shared,
    /// The control plane; loaded when somebody calls it.
    pub control: LazyLock<Plane>,
    /// What bodies are bounded by, and what they hold.
    pub bodies: Bodies,
    /// Where exchanges are told.
    pub log: Log,
}

/// Listens; connections wait until [`serve`] runs.
///
/// # Errors
///
/// Whatever the system says, a taken port most of all.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    // Every connection is a file: the usual soft limit of 1,024 would end at as many. A refusal
    // leaves the limit as it was, which is no reason not to serve.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let listener = TcpListener::bind(address)?;
    // Beyond the usual 128 that may come at once, each client would try again only after a second.
    #[cfg(unix)]
    let _ = rustix::net::listen(&listener, MAX_QUEUED);
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until `stop` changes, then lets running exchanges end.
///
/// # Errors
///
/// When the listener cannot be watched at all.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = connection(stream, service.clone(), stop.clone());
                    connections.spawn(connection);
                }
                // Out of files: those that close make room.
                Err(_) => sleep(Duration::from_millis(20)).await,
            },
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                if let Err(error) = ended {
                    service.log.defect(&format!("a connection's task ended: {error}"));
                }
            }
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    spine::close(&service.shared);
    let all = async { while connections.join_next().await.is_some() {} };
    // Whoever is not done by then is cut off when the set is dropped.
    let _ = timeout(DRAIN, all).await;
    // Nobody is left to whom it would matter, and none of them outlives the server.
    service.shared.app.tasks().end().await;
    Ok(())
}

/// What becomes of a connection once its last answer, a 101, has been written.
type Handed = OnceLock<Box<(OnUpgrade, Admission)>>;

/// A connection as it is kept while it is open, idle most of the time: what only some need for a
/// while is boxed, and hyper's share is placed once and not moved through the future. All but the
/// future runs on the thread that accepts.
fn connection(
    stream: TcpStream,
    service: Arc<Service>,
    mut stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> {
    // Answers are small and complete: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let unreadable = {
        let service = service.clone();
        move |status: StatusCode| unreadable(&service, status)
    };
    let peer = Arc::<Peer>::default();
    let settling = peer.clone();
    let wire = Wire::new(stream, peer.clone(), unreadable);
    let handed = Arc::<Handed>::default();
    let answer = {
        let (service, handed) = (service.clone(), handed.clone());
        service_fn(move |request| {
            let (service, peer, handed) = (service.clone(), peer.clone(), handed.clone());
            Box::pin(answer(service, peer, handed, request))
        })
    };
    let mut connection = Box::pin(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            // Setting hyper's own bound of 100 headers would only move them to the heap.
            .max_header_size(MAX_HEAD)
            .max_buf_size(MAX_HEAD)
            .half_close(true)
            .serve_connection(TokioIo::new(wire), answer)
            .with_upgrades(),
    );
    // hyper places its buffer when it first reads. Here, on the thread that only accepts, it lies
    // among other buffers; in the midst of what requests use and let go, all of its pages would stay
    // touched: 1 kB more for each connection that has asked once and is idle.
    settling.is_settling.store(true, Ordering::Relaxed);
    let settled = connection
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    settling.is_settling.store(false, Ordering::Relaxed);
    async move {
        // It cannot have ended: nothing was read.
        if settled.is_ready() {
            return;
        }
        // A peer that breaks off, or speaks something else, has been answered as far as possible.
        tokio::select! {
            _ = connection.as_mut() => {}
            _ = stop.changed() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.as_mut().await;
            }
        }
        // Before anybody waits for an upgrade: one that a peer broke off would never come.
        drop(connection);
        // Few connections become sockets: those that do not keep no room for it.
        if let Some((upgrade, admission)) = handed.get().map(|handed| &**handed) {
            Box::pin(converse(&service.shared, upgrade.clone(), admission)).await;
        }
    }
}

/// Hands a connection on that HTTP is done with. It ends when the app closes, as waits do.
async fn converse(shared: &Shared, upgrade: OnUpgrade, admission: &Admission) {
    // A peer that left before its answer was written upgrades nothing.
    let Ok(upgraded) = upgrade.await else {
        return;
    };
    let base = shared.public_url.as_ref().unwrap_or(&shared.url);
    sockets::converse(TokioIo::new(upgraded), admission, &shared.app, base).await;
}

type HttpReply = Response<Sent>;

#[allow(clippy::disallowed_methods)] // How long an exchange took is real time.
async fn answer(
    service: Arc<Service>,
    peer: Arc<Peer>,
    handed: Arc<Handed>,
    mut request: hyper::Request<Incoming>,
) -> Result<HttpReply, Infallible> {
    let begun = Instant::now();
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, body) = request.into_parts();
    let takes_large_body =
        !service.bodies.suits_every_call(&body) && takes_large_body(&service, &head).await;
    let bound = service.bodies.bound(takes_large_body);
    let request = Request {
        body: service.bodies.read(body, bound, &peer.unread).await,
        method: head.method,
        uri: head.uri,
        version: head.version,
        headers: head.headers,
    };
    let path = request.uri.path().chars().take(MAX_TOLD_PATH);
    let is_head = request.method == Method::HEAD;
    let told = format!("{} {}", request.method, path.collect::<String>());
    // The control plane loads its document, shows journals, drops worlds: nobody else waits for it.
    let is_slow = is_control(&request.uri) || request.is_large();
    let mut exchanged = match is_slow {
        false => awaited(&peer, pin!(walk(service.clone(), request))).await,
        true => {
            let walk = Box::pin(walk(service.clone(), request));
            let walked = begun_aside(&peer, walk).await;
            // The spine catches panics itself; only a stopping runtime ends here.
            walked.unwrap_or_else(|| {
                spine::unreadable(&service.shared, Failure::internal("before it was answered"))
            })
        }
    };
    service
        .log
        .exchange(Some(&told), &exchanged, begun.elapsed());
    if let Some(admission) = exchanged.admission.take() {
        // Nothing follows an upgrade, so there is no second one.
        let _ = handed.set(Box::new((upgrade, admission)));
    }
    let is_empty = exchanged.reply.body.is_empty() || is_head;
    match exchanged.forced.and_then(Forced::cut) {
        None => Ok(into_http(exchanged.reply, Sent::whole)),
        // There is no middle of nothing.
        Some(Cut::MidBody) if !is_empty => {
            let torn = |body| Sent::torn(&body, peer);
            Ok(into_http(exchanged.reply, torn))
        }
        Some(Cut::Before | Cut::After | Cut::MidBody) => match unanswered(&peer).await {},
    }
}

async fn walk(service: Arc<Service>, request: Request) -> Exchanged {
    let plane = plane(&service, &request.uri);
    spine::exchange(&service.shared, plane, &request).await
}

/// Awaits an exchange; if it waits for something, its peer is watched meanwhile.
async fn awaited(peer: &Peer, mut walk: Pin<&mut impl Future<Output = Exchanged>>) -> Exchanged {
    poll_fn(|context| {
        let polled = walk.as_mut().poll(context);
        peer.waits.store(polled.is_pending(), Ordering::Relaxed);
        polled
    })
    .await
}

type Walk = Pin<Box<dyn Future<Output = Exchanged> + Send>>;

/// Walks an exchange on the blocking pool as far as it comes at once, and awaits the rest here: the
/// pool's threads are for work.
async fn begun_aside(peer: &Peer, mut walk: Walk) -> Option<Exchanged> {
    let begun = tokio::task::spawn_blocking(move || {
        // Whoever awaits the rest polls it again, and is woken from then on.
        let polled = walk.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        (polled, walk)
    });
    match begun.await.ok()? {
        (Poll::Ready(exchanged), _) => Some(exchanged),
        (Poll::Pending, mut walk) => Some(awaited(peer, Pin::new(&mut walk)).await),
    }
}

fn plane<'s>(service: &'s Service, uri: &Uri) -> &'s Plane {
    match is_control(uri) {
        true => &service.control,
        false => &service.shared.api,
    }
}

fn is_control(uri: &Uri) -> bool {
    let rest = uri.path().strip_prefix(control::PREFIX);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Asks the plane of a request whether its call takes a large body.
async fn takes_large_body(service: &Arc<Service>, head: &Parts) -> bool {
    let ask = |service: &Service, method: &Method, uri: &Uri| {
        plane(service, uri).takes_large_body(method.as_str(), uri.path())
    };
    if !is_control(&head.uri) {
        return ask(service, &head.method, &head.uri);
    }
    // This may be the call for which the control plane is loaded.
    let (service, method, uri) = (service.clone(), head.method.clone(), head.uri.clone());
    let asked = tokio::task::spawn_blocking(move || ask(&service, &method, &uri));
    asked.await.unwrap_or(false)
}

fn into_http(reply: Reply, sent: impl FnOnce(Bytes) -> Sent) -> HttpReply {
    let mut response = Response::new(sent(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

/// What to say to a request that is no HTTP/1.1 or is past its bounds.
fn unreadable(service: &Service, status: StatusCode) -> Reply {
    let failure = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::URI_TOO_LONG => Failure::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "request_header_fields_too_large",
            format!("request line and headers may have {MAX_HEAD} bytes and {MAX_HEADERS} headers"),
        ),
        _ => Failure::bad_request(
            "this is not an HTTP/1.1 request: look at the request line, the header lines and Content-Length",
        ),
    };
    let exchanged = spine::unreadable(&service.shared, failure);
    service.log.exchange(None, &exchanged, Duration::ZERO);
    exchanged.reply
}
