//! Where events go: a receiver of webhooks, and sockets.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

use super::client::PATIENCE;

/// The ids of messages that webhooks told, by the path that they were told at.
type Told = HashMap<String, HashSet<String>>;

/// A receiver of webhooks on loopback, which takes everything.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    told: Arc<(Mutex<Told>, Condvar)>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let receiver = Self {
            address: listener.local_addr().expect("it is bound"),
            told: Arc::default(),
        };
        let taker = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                taker.take(stream);
            }
        });
        receiver
    }

    /// One delivery; mocks close each connection.
    fn take(&self, stream: TcpStream) -> Option<()> {
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let mut stream = BufReader::new(stream);
        let (mut line, mut path, mut length) = (String::new(), String::new(), 0);
        loop {
            line.clear();
            stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let lower = line.to_lowercase();
            if let Some(rest) = line.strip_prefix("POST ") {
                path = rest.split(' ').next()?.to_owned();
            } else if let Some(told) = lower.strip_prefix("content-length: ") {
                length = told.trim_end().parse().ok()?;
            } else if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let event: Value = serde_json::from_slice(&body).expect("payloads are JSON");
        let message = event["message"]["id"].as_str().expect("an id").to_owned();
        let (told, heard) = &*self.told;
        let is_new = {
            let mut told = told.lock().expect("nobody panics with it");
            told.entry(path).or_default().insert(message)
        };
        heard.notify_all();
        assert!(is_new, "told twice: {event}");
        let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
        stream.get_mut().write_all(answer).ok()
    }

    /// Waits until a path was told of a message, and forgets that; false if it never was.
    pub fn await_message(&self, path: &str, message: &str) -> bool {
        let (told, heard) = &*self.told;
        let until = now() + PATIENCE;
        let mut told = told.lock().expect("nobody panics with it");
        loop {
            if told
                .get_mut(path)
                .is_some_and(|known| known.remove(message))
            {
                return true;
            }
            let left = until.saturating_duration_since(now());
            if left.is_zero() {
                return false;
            }
            let waited = heard.wait_timeout(told, left);
            told = waited.expect("nobody panics with it").0;
        }
    }

    /// Whether a path was told of nothing that nobody awaited.
    pub fn is_quiet(&self, path: &str) -> bool {
        let told = self.told.0.lock().expect("nobody panics with it");
        told.get(path).is_none_or(HashSet::is_empty)
    }
}

/// A socket that hears everything of a world.
pub struct Socket(WebSocket<TcpStream>);

impl Socket {
    pub fn open(address: SocketAddr, key: &str) -> Self {
        let url = format!("ws://{address}/v1/ws?token={key}");
        let stream = TcpStream::connect(address).expect("the mock listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("it is not zero");
        let request = url.into_client_request().expect("a request");
        let (frames, _) = client(request, stream).expect("an upgrade");
        let mut socket = Self(frames);
        let wish = json!({ "type": "subscribe" }).to_string();
        socket.0.send(Message::text(wish)).expect("it is open");
        assert_eq!(socket.hear()["type"], "subscribed");
        socket
    }

    /// The next frame of text.
    pub fn hear(&mut self) -> Value {
        loop {
            match self.0.read().expect("a frame in time") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) => self.0.flush().expect("it is open"),
                other => assert!(other.is_pong(), "{other:?}"),
            }
        }
    }
}

#[allow(clippy::disallowed_methods)] // What is outside the mock has real time.
pub fn now() -> Instant {
    Instant::now()
}

/// How long ago that was, in seconds.
pub fn since(then: Instant) -> f64 {
    now()
        .saturating_duration_since(then)
        .max(Duration::from_micros(1))
        .as_secs_f64()
}
