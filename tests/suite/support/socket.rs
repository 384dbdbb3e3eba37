//! A client of sockets that waits for each frame, on a connection of its own.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use super::Account;

/// A test that waits this long has found a hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// One socket.
pub struct Socket {
    pub frames: WebSocket<TcpStream>,
    /// The answer to the handshake.
    pub upgraded: Response,
}

impl Socket {
    /// Opens one with a key in the header, or without.
    #[track_caller]
    pub fn open(address: SocketAddr, key: Option<&str>) -> Self {
        let url = format!("ws://{address}/v1/ws");
        let mut request = url.into_client_request().expect("a request");
        if let Some(key) = key {
            let value = format!("Bearer {key}").parse().expect("a header value");
            request.headers_mut().insert("authorization", value);
        }
        Self::open_with(address, request)
    }

    #[track_caller]
    pub fn open_with(address: SocketAddr, request: impl IntoClientRequest) -> Self {
        let stream = TcpStream::connect(address).expect("the mock listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a time-out can be set");
        let (frames, upgraded) = client(request, stream).expect("an upgrade");
        Self { frames, upgraded }
    }

    #[track_caller]
    pub fn tell(&mut self, frame: Value) {
        self.tell_text(&frame.to_string());
    }

    #[track_caller]
    pub fn tell_text(&mut self, text: &str) {
        self.frames.send(Message::text(text)).expect("it is open");
    }

    /// The next frame.
    #[track_caller]
    pub fn hear(&mut self) -> Value {
        loop {
            match self.frames.read() {
                Ok(Message::Text(text)) => {
                    return serde_json::from_str(&text).expect("frames are JSON");
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("no frame: {other:?}"),
            }
        }
    }

    /// The message of the next frame, which is an error.
    #[track_caller]
    pub fn hear_error(&mut self) -> String {
        let frame = self.hear();
        assert_eq!(frame["type"], "error", "{frame}");
        frame["message"].as_str().expect("a message").to_owned()
    }

    /// What is answered to a frame.
    #[track_caller]
    pub fn ask(&mut self, frame: Value) -> Value {
        self.tell(frame);
        self.hear()
    }

    /// The error that a frame is answered with.
    #[track_caller]
    pub fn ask_in_vain(&mut self, frame: Value) -> String {
        self.tell(frame);
        self.hear_error()
    }

    /// Subscribes to everything.
    #[track_caller]
    pub fn subscribe(&mut self) {
        let answer = self.ask(json!({ "type": "subscribe" }));
        assert_eq!(answer["type"], "subscribed", "{answer}");
    }

    /// All that is to be heard up to now: a ping is answered behind it.
    #[track_caller]
    pub fn hear_all(&mut self) -> Vec<Value> {
        self.tell(json!({ "type": "ping" }));
        let mut heard = Vec::new();
        loop {
            let frame = self.hear();
            if frame["type"] == "pong" {
                return heard;
            }
            heard.push(frame);
        }
    }

    /// The next event's subject.
    #[track_caller]
    pub fn hear_subject(&mut self) -> String {
        subject(&self.hear())
    }

    /// The subjects of all events up to now.
    #[track_caller]
    pub fn hear_subjects(&mut self) -> Vec<String> {
        self.hear_all().iter().map(subject).collect()
    }

    /// The code of the close frame that ends it; none if it ends without.
    #[track_caller]
    pub fn hear_end(&mut self) -> Option<u16> {
        loop {
            match self.frames.read() {
                Ok(Message::Close(close)) => return close.map(|close| close.code.into()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(other) => panic!("no end: {other:?}"),
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => panic!("no end"),
                Err(_) => return None,
            }
        }
    }
}

/// The subject of an event.
#[track_caller]
pub fn subject(event: &Value) -> String {
    let subject = event["message"]["subject"].as_str();
    subject
        .unwrap_or_else(|| panic!("no event: {event}"))
        .to_owned()
}

impl Account {
    /// A socket of whoever holds the key.
    #[track_caller]
    pub fn socket(&self) -> Socket {
        Socket::open(self.client.address, Some(&self.key))
    }

    /// Where the mock listens.
    pub fn address(&self) -> SocketAddr {
        self.client.address
    }
}
