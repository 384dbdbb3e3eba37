//! The asking side: keep-alive connections over loopback, every answer read to its last byte and
//! its status compared.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Whoever waits longer for an answer has found a hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// A number of requests, told apart by their number.
pub struct Load {
    pub connections: usize,
    pub requests: usize,
    /// The status that the answer to a request must have.
    pub status: fn(usize) -> u16,
    /// Writes a request.
    pub write: fn(usize, &mut Vec<u8>),
}

impl Load {
    /// Sends them all: one to each connection, then each one's answer, then the next to each. One
    /// thread is enough to keep the server at work, and leaves it most of the machine.
    pub fn run(&self, address: SocketAddr) {
        let open = |_| Connection::open(address);
        let mut connections: Vec<Connection> = (0..self.connections).map(open).collect();
        let mut text = Vec::new();
        for first in (0..self.requests).step_by(self.connections) {
            let numbers = first..self.requests;
            for (number, connection) in numbers.clone().zip(&mut connections) {
                text.clear();
                (self.write)(number, &mut text);
                connection.ask(&text);
            }
            for (number, connection) in numbers.zip(&mut connections) {
                connection.answer((self.status)(number));
            }
        }
    }
}

/// Writes a request of a world's account.
pub fn request(text: &mut Vec<u8>, method: &str, path: &str, world: &str, body: &str) {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer om_test_{world}\r\n"
    );
    text.extend_from_slice(head.as_bytes());
    if !body.is_empty() {
        let head = format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        text.extend_from_slice(head.as_bytes());
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(body.as_bytes());
}

/// One connection.
pub struct Connection {
    stream: TcpStream,
    /// The last answer; its length is what has come of it.
    answer: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("the socket is connected");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("the time-out is not zero");
        Self {
            stream,
            answer: Vec::new(),
        }
    }

    /// Asks once; answers the whole answer, head and body.
    pub fn exchange(&mut self, request: &[u8], status: u16) -> &[u8] {
        self.ask(request);
        self.answer(status)
    }

    /// Asks, without waiting for the answer.
    pub fn ask(&mut self, request: &[u8]) {
        self.stream.write_all(request).expect("the server reads");
    }

    /// Reads the answer to what was asked; answers all of it, head and body.
    pub fn answer(&mut self, status: u16) -> &[u8] {
        self.answer.clear();
        let body = loop {
            self.read();
            if let Some(end) = find(&self.answer, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = &self.answer[..body];
        let given = head
            .get(9..12)
            .and_then(|code| std::str::from_utf8(code).ok());
        let given = given.and_then(|code| code.parse().ok());
        assert_eq!(Some(status), given, "{}", self.answer.escape_ascii());
        let length = match status {
            204 => 0,
            _ => content_length(head).expect("an answer with a body says how long it is"),
        };
        while self.answer.len() < body + length {
            self.read();
        }
        assert_eq!(self.answer.len(), body + length, "more than one answer");
        &self.answer
    }

    fn read(&mut self) {
        let mut chunk = [0; 16 * 1024];
        let read = self.stream.read(&mut chunk).expect("an answer in time");
        assert!(read > 0, "the server closed the connection");
        self.answer.extend_from_slice(&chunk[..read]);
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let name = b"content-length: ";
    let rest = &head[find(head, name)? + name.len()..];
    let digits = &rest[..find(rest, b"\r\n")?];
    std::str::from_utf8(digits).ok()?.parse().ok()
}

pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}
