//! The asking side: one connection that is kept as long as it lasts, answers read to their last byte,
//! and the ways of careless clients to break off.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Whoever waits longer for an answer has found a hang.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// One client; it connects when it has to.
pub struct Client {
    pub address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// Asks once. None if the connection ended before there was a whole answer.
    pub fn ask(&mut self, key: &str, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let request = request(key, method, path, body);
        let mut stream = self.stream.take().unwrap_or_else(|| self.connect());
        stream.get_mut().write_all(&request).ok()?;
        let answer = read(&mut stream)?;
        self.stream = Some(stream);
        Some(answer)
    }

    /// Asks for several things at once, and reads what comes.
    pub fn ask_all(&mut self, requests: &[Vec<u8>]) -> Option<Vec<Answer>> {
        let mut stream = self.stream.take().unwrap_or_else(|| self.connect());
        stream.get_mut().write_all(&requests.concat()).ok()?;
        let answers = requests.iter().map(|_| read(&mut stream)).collect();
        self.stream = Some(stream);
        answers
    }

    /// Sends all of a request but its last bytes, and leaves.
    pub fn leave_half_said(&self, request: &[u8], missing: usize) {
        let mut stream = self.connect();
        let end = request.len().saturating_sub(missing);
        let _ = stream.get_mut().write_all(&request[..end]);
        let _ = stream.get_mut().shutdown(Shutdown::Both);
    }

    /// Asks, reads that many bytes of the answer, and leaves.
    pub fn leave_half_read(&self, request: &[u8], read: usize) {
        let mut stream = self.connect();
        let _ = stream.get_mut().write_all(request);
        let mut scratch = vec![0; read];
        let _ = stream.read_exact(&mut scratch);
    }

    fn connect(&self) -> BufReader<TcpStream> {
        let stream = TcpStream::connect(self.address).expect("the mock listens");
        stream.set_nodelay(true).expect("it is connected");
        let patience = Some(PATIENCE);
        stream.set_read_timeout(patience).expect("it is not zero");
        BufReader::new(stream)
    }
}

/// A request as bytes; without a body if that is null.
pub fn request(key: &str, method: &str, path: &str, body: &Value) -> Vec<u8> {
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n");
    match body {
        Value::Null => text.push_str("\r\n"),
        body => {
            let body = body.to_string();
            let length = body.len();
            text.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            ));
        }
    }
    text.into_bytes()
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<Answer> {
    let mut line = String::new();
    if !is_read(stream.read_line(&mut line)) {
        return None;
    }
    let status = line.get(9..12).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status line: {line:?}"));
    let mut length = 0;
    loop {
        line.clear();
        if !is_read(stream.read_line(&mut line)) {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(told) = line.strip_prefix("content-length: ") {
            length = told.trim_end().parse().expect("a length is digits");
        }
    }
    let mut body = vec![0; length];
    if let Err(error) = stream.read_exact(&mut body) {
        assert!(!is_slow(&error), "no whole answer in time");
        return None;
    }
    // What is no JSON (a message as it came) is told by its length.
    let body = match body.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&body).unwrap_or_else(|_| length.into()),
    };
    Some(Answer { status, body })
}

fn is_read(count: std::io::Result<usize>) -> bool {
    match count {
        Ok(count) => count > 0,
        Err(error) => {
            assert!(!is_slow(&error), "no answer in time");
            false
        }
    }
}

fn is_slow(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock)
}
