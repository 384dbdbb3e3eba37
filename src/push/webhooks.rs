//! One attempt to deliver something to a webhook: signed, posted by plain HTTP, answered or not
//! (OpenMail docs, Webhooks, Signatures; Retries).
//!
//! It knows no world. Receivers are strangers: what they answer is bounded in time and in bytes.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use fluent_uri::Uri;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::net::{TcpStream, lookup_host};
use tokio::select;
use tokio::time::{Instant, timeout_at};

use crate::domain::clock::real_now;
use crate::domain::ids::Id;
use crate::domain::webhooks::{Reach, Webhook};
use crate::record::attempts::{Answer, Attempt, KEPT_ANSWER};
use crate::record::tampering::Corruption;

/// How long a receiver may take, by real time.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// What is to be delivered.
pub struct Parcel<'p> {
    /// Where to, and what signs it.
    pub webhook: &'p Webhook,
    /// The event that it tells.
    pub event: Id,
    /// The body.
    pub body: Vec<u8>,
    /// Which attempt it is, from 1.
    pub number: u32,
    /// When it is made by the world's clock, in milliseconds since 1970.
    pub at: i64,
    /// What goes wrong with it because somebody asked for it.
    pub interference: Option<Interference>,
}

/// What a fault makes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interference {
    /// The fault's index in its world's list.
    pub index: usize,
    /// What stands in for the receiver's answer; nobody is contacted then.
    pub status: Option<u16>,
    /// What the receiver finds wrong.
    pub corruption: Option<Corruption>,
}

/// How far back a corrupt timestamp lies, in seconds: twice what receivers put up with.
const STALE: i64 = 600;

/// How webhooks are delivered, whatever the world.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// How far.
    pub reach: Reach,
    /// How long a receiver may take.
    pub patience: Duration,
}

/// The signature of a body: lower-case hex of HMAC-SHA256 over `{timestamp}.{body}`, the secret's
/// text being the key.
#[must_use]
pub fn signature(secret: &str, timestamp: i64, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let code = mac.finalize().into_bytes();
    code.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes one attempt. `may_send` is asked when all is ready: whoever says no has nothing sent.
pub async fn attempt(parcel: Parcel<'_>, manner: Manner, may_send: impl Fn() -> bool) -> Attempt {
    let corruption = parcel.interference.and_then(|it| it.corruption);
    let now = real_now().millis().div_euclid(1_000);
    let timestamp = match corruption {
        Some(Corruption::Timestamp) => now - STALE,
        Some(Corruption::Signature | Corruption::Body) | None => now,
    };
    let secret = match corruption {
        Some(Corruption::Signature) => format!("not {}", parcel.webhook.secret),
        Some(Corruption::Timestamp | Corruption::Body) | None => parcel.webhook.secret.to_string(),
    };
    let signature = signature(&secret, timestamp, &parcel.body);
    let body = String::from_utf8_lossy(&parcel.body).into_owned();
    let (number, at, body_bytes) = (parcel.number, parcel.at, parcel.body.len());
    let fault = parcel.interference.map(|it| it.index);
    let mut parcel = parcel;
    if corruption == Some(Corruption::Body) {
        // Still JSON of the same meaning: only the signature tells.
        parcel.body.push(b' ');
    }
    let posted = match parcel.interference.and_then(|it| it.status) {
        Some(status) => Ok(Answer {
            status,
            body: Box::default(),
            is_cut: false,
        }),
        None => post(parcel, timestamp, &signature, manner, may_send).await,
    };
    let (answer, error) = match posted {
        Ok(answer) => {
            let error = refusal(answer.status);
            (Some(answer), error)
        }
        Err(error) => (None, Some(error.to_string())),
    };
    Attempt {
        number,
        at,
        timestamp,
        body: body.into(),
        body_bytes,
        signature: signature.into(),
        answer,
        error: error.map(Into::into),
        fault,
    }
}

/// Why an answer is none that takes what was sent; none if it does.
fn refusal(status: u16) -> Option<String> {
    match status {
        200..=299 => None,
        300..=399 => Some(format!(
            "the receiver answered {status}; redirects are not followed"
        )),
        _ => Some(format!("the receiver answered {status}")),
    }
}

/// Why there is no answer.
#[derive(Debug)]
enum Unposted {
    /// The URL came from a state that was described wrongly.
    NoUrl,
    /// TLS is not spoken here: a mock has no business with receivers that need it.
    Secure,
    /// The host is not this machine, and webhooks stay on it.
    Elsewhere(String),
    /// The host has no address.
    Unknown(String, std::io::Error),
    /// The last address that was tried takes no connection.
    Refused(SocketAddr, std::io::Error),
    /// What came back cannot be read.
    Broken(hyper::Error),
    /// The receiver had its time.
    TooSlow(Duration),
    /// The world is another one by now.
    Withheld,
}

impl fmt::Display for Unposted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unposted::NoUrl => out.write_str("the webhook's URL cannot be read"),
            Unposted::Secure => out.write_str(
                "receivers behind https are never contacted; what they would have got is recorded here",
            ),
            Unposted::Elsewhere(host) => write!(
                out,
                "`{host}` is not this machine, and webhooks stay here; `--allow-external-webhooks` lets them out"
            ),
            Unposted::Unknown(host, error) => write!(out, "`{host}` is not known: {error}"),
            Unposted::Refused(address, error) => match error.kind() {
                std::io::ErrorKind::ConnectionRefused => {
                    write!(out, "nothing listens on {address}")
                }
                _ => write!(out, "{address} cannot be connected to: {error}"),
            },
            Unposted::Broken(error) if error.is_incomplete_message() => {
                out.write_str("the receiver closed the connection without an answer")
            }
            Unposted::Broken(error) => write!(out, "what came back is no HTTP answer: {error}"),
            Unposted::TooSlow(patience) => {
                write!(out, "no answer within {} ms", patience.as_millis())
            }
            Unposted::Withheld => out.write_str("the world changed, so nothing was sent"),
        }
    }
}

async fn post(
    parcel: Parcel<'_>,
    timestamp: i64,
    signature: &str,
    manner: Manner,
    may_send: impl Fn() -> bool,
) -> Result<Answer, Unposted> {
    let target = Target::of(&parcel.webhook.url)?;
    // One connection for each attempt: receivers are restarted between them, that is what retries
    // are for.
    let request = Request::builder()
        .method(Method::POST)
        .uri(&target.path)
        .header(HOST, &target.authority)
        .header(CONTENT_TYPE, "application/json")
        .header("x-event-id", parcel.event.to_string())
        .header("x-timestamp", timestamp)
        .header("x-signature", signature)
        .header(
            USER_AGENT,
            concat!("openmail-mock/", env!("CARGO_PKG_VERSION")),
        )
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from(parcel.body)))
        .map_err(|_| Unposted::NoUrl)?;
    let end = deadline(manner.patience);
    let too_slow = |_| Unposted::TooSlow(manner.patience);
    let stream = timeout_at(end, connect(&target, manner.reach))
        .await
        .map_err(too_slow)??;
    // One small message: waiting to fill a packet only delays it.
    let _ = stream.set_nodelay(true);
    // Headers in the spelling that the documentation has.
    let mut client = http1::Builder::new();
    let handshake = client
        .title_case_headers(true)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(Unposted::Broken)?;
    if !may_send() {
        return Err(Unposted::Withheld);
    }
    let exchange = async {
        let response = timeout_at(end, sender.send_request(request)).await;
        let response = response.map_err(too_slow)?.map_err(Unposted::Broken)?;
        Ok(kept(response, end).await)
    };
    let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
    let mut is_connected = true;
    loop {
        select! {
            biased;
            answer = &mut exchange => return answer,
            // Its end is seen by the exchange, if it came too early.
            _ = &mut connection, if is_connected => is_connected = false,
        }
    }
}

#[allow(clippy::disallowed_methods)] // Receivers are given real time.
fn deadline(patience: Duration) -> Instant {
    Instant::now() + patience
}

/// An answer as far as it is kept. Its status is an answer, whatever becomes of its body.
async fn kept(response: Response<Incoming>, end: Instant) -> Answer {
    let status = response.status();
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    let mut is_cut = false;
    loop {
        let frame = match timeout_at(end, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => {
                is_cut = true;
                break;
            }
        };
        if let Some(part) = frame.data_ref() {
            let room = KEPT_ANSWER - bytes.len();
            bytes.extend_from_slice(&part[..part.len().min(room)]);
            if part.len() > room {
                is_cut = true;
                break;
            }
        }
    }
    Answer {
        status: StatusCode::as_u16(&status),
        body: String::from_utf8_lossy(&bytes).into(),
        is_cut,
    }
}

/// A URL as a connection and a request need it.
struct Target {
    host: String,
    port: u16,
    authority: String,
    path: String,
}

impl Target {
    fn of(url: &str) -> Result<Self, Unposted> {
        let url = Uri::parse(url).map_err(|_| Unposted::NoUrl)?;
        let authority = url.authority().ok_or(Unposted::NoUrl)?;
        if !url.scheme().as_str().eq_ignore_ascii_case("http") {
            return Err(Unposted::Secure);
        }
        let host = authority.host();
        let port = match authority.port() {
            None => 80,
            Some(port) if port.is_empty() => 80,
            Some(port) => port.as_str().parse().map_err(|_| Unposted::NoUrl)?,
        };
        let path = match url.path().as_str() {
            "" => "/",
            path => path,
        };
        let query = url.query().map(|query| format!("?{query}"));
        Ok(Self {
            authority: format!("{host}:{port}"),
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            path: format!("{path}{}", query.unwrap_or_default()),
        })
    }

    /// Where the host is. Nobody is asked for names while webhooks stay on this machine.
    async fn addresses(&self, reach: Reach) -> Result<Vec<SocketAddr>, Unposted> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, self.port)]);
        }
        if self.host.eq_ignore_ascii_case("localhost") {
            let own = [
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ];
            return Ok(own.map(|ip| SocketAddr::new(ip, self.port)).to_vec());
        }
        if reach == Reach::ThisMachine {
            return Err(Unposted::Elsewhere(self.host.clone()));
        }
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let found = found.map_err(|error| Unposted::Unknown(self.host.clone(), error))?;
        Ok(found.collect())
    }
}

/// Connects to the first address that answers. Addresses decide, not names.
async fn connect(target: &Target, reach: Reach) -> Result<TcpStream, Unposted> {
    let mut failure = Unposted::Elsewhere(target.host.clone());
    for address in target.addresses(reach).await? {
        let is_here = |address: SocketAddr| address.ip().to_canonical().is_loopback();
        if reach == Reach::ThisMachine && !is_here(address) {
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Unposted::Refused(address, error),
        }
    }
    Err(failure)
}
